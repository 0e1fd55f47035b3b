"""Which model a statement is about: what a verdict rests on, and which exact data are a problem of which model.

Lists of points speak of families of systems, losses and faces, whose hashes name no model. Two things tie them to one. A list rests on
what is known of the dimension of a model's functions (`models_under`). And `ProblemOfModel` names the data that are said to be a
problem of a model: nothing in this room shows that they are, but whoever says something of the model has to say so, once, in what is
stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any

from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.linear_values import VALUES_DEGREE
from neurovariety.certificates.upper_bounds import LINEAR
from neurovariety.certificates.zeros import NotShown

OF_MODELS = (DIMENSION, SPAN, AFFINE, LINEAR, "degree", VALUES_DEGREE)
"""Statements whose subject is a model."""


@dataclass(frozen=True)
class ProblemOfModel:
    """``problems`` are the hashes of exact data, each of a problem of the model with the hash ``model``: of the network itself, and of
    smaller ones inside it. ``every``: a theorem says that there are no others. Both are taken on trust."""

    model: str
    problems: tuple[str, ...]
    every: bool = False

    @cached_property
    def hash(self) -> str:
        """sha256 of all of it."""
        return hashlib.sha256(repr((self.model, self.problems, self.every)).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """The same: there is nothing else."""
        return self.hash

    def check_one(self, verdict: Verdict, model: str, itself: bool) -> None:
        """Raises `NotShown` where a verdict speaks of no problem of the model, or, being one of the network ``itself``, rests on other
        models."""
        if self.model != model or verdict.statement.subject not in self.problems:
            raise NotShown("the premise speaks of another problem")
        if itself and models_under(verdict) - {model}:
            raise NotShown("the premise speaks of another model")


def premises_of(verdict: Verdict) -> Iterator[Verdict]:
    """The verdicts in the certificate of another, and in certificates within it."""
    yield from _inside(verdict.certificate)


def _inside(value: Any) -> Iterator[Verdict]:
    if isinstance(value, Verdict):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _inside(part)
    elif is_dataclass(value) and type(value).__module__.startswith("neurovariety.certificates."):
        for f in fields(value):
            yield from _inside(getattr(value, f.name))


def models_under(verdict: Verdict) -> frozenset[str]:
    """The models whose functions, or whose dimension, a verdict speaks of or rests on."""
    own = {verdict.statement.subject} if verdict.statement.kind in OF_MODELS else set()
    return frozenset(own.union(*(models_under(p) for p in premises_of(verdict))))
