"""Tangent spaces of a closure at the function of exact weights: bounds from both sides, and whether the function is singular.

From above: all equations that vanish on the closure have gradients that vanish on the tangent space. From below: it contains the image
of J at every weight over the function, and D^2 phi(v, c) for every c in the kernel of J there and any v (differentiate F(phi(w)) = 0
twice, in the directions v and c). A function is smooth where the tangent space has the dimension of the closure, singular where it has
more.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.functions import DIMENSION, Coefficients, Functions
from neurovariety.certificates.hilbert_function import generated_by
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.known_equations import KnownEquations, equations_in
from neurovariety.certificates.ranks import check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import residue
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Weights = tuple[Fraction, ...]
_ENTRY, _TANGENT, _AT = "singularities", "tangent space ", "at the function of the weights"
_BELOW = (Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND)
"""Claims of dimensions that are ranks at one point at least, which is a proof."""
_ABOVE = (Claim.PROVED, Claim.UPPER_BOUND)


@dataclass(frozen=True)
class SecondDerivative:
    """D^2 phi(v, c) at the weights number ``at``: a vector ``c`` of the kernel of J there, and a direction ``v``."""

    at: int
    c: Weights
    v: tuple[int, ...]


@runtime_checkable
class TangentVectorsOfModel(Coefficients, Protocol):
    """A model with the derivatives of its functions by the weights."""

    def jacobian_over_q(self, weights: Weights, inputs: None) -> Any:
        """The matrix (``flint.fmpq_mat``) whose rows are the derivatives by the weights of the coefficients of the functions."""
        ...

    def tangent_rank(
        self, prime: int, weights: list[list[int]], second: list[tuple[int, list[int], list[int]]], inputs: np.ndarray
    ) -> int:
        """The rank mod p of the values at inputs of all derivatives at some weights, and of second ones (at, c, v)."""
        ...


def _at(weights: Weights) -> str:
    return f"{_TANGENT}{_there(weights)}"


def _there(weights: Weights) -> str:
    return f"{_AT} {', '.join(map(str, weights))}"


def _status(value: str, tangent: Statement) -> Statement:
    return Statement(f"{_ENTRY}: status", tangent.subject, value, (tangent.kind.removeprefix(_TANGENT),), tangent.error)


def _dimension(verdict: Verdict, subject: Functions, claims: tuple[Claim, ...]) -> int:
    said = verdict.statement
    if not verdict.shown or (said.kind, said.subject) != (DIMENSION, subject.hash) or verdict.claim not in claims:
        raise NotShown("a bound of the dimension of the closure is expected")
    return int(said.value)


def _tangent(verdict: Verdict, subject: Functions, claim: Claim) -> int:
    said = verdict.statement
    if not verdict.shown or not said.kind.startswith(f"{_TANGENT}{_AT}") or said.subject != subject.hash or verdict.claim is not claim:
        raise NotShown("a bound of the tangent space is expected")
    return int(said.value)


@dataclass(frozen=True, eq=False)
class TangentAtMost:
    """The tangent space has at most as many dimensions as the gradients of ``known`` equations leave at the function of ``weights``."""

    known: Verdict
    weights: Weights
    value: int

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where an equation is not proved to vanish, or the gradients leave more."""
        found = equations_in(self.known, subject)
        if self.known.claim is not Claim.PROVED or len(self.weights) != subject.parameters:
            raise NotShown("equations that are proved to vanish are expected")
        if found.count - gradient_rank(found, subject, self.weights) > self.value:
            raise NotShown("the gradients leave more")

    def concludes(self) -> tuple[Statement, Claim]:
        """It has at most that dimension."""
        return Statement(_at(self.weights), self.known.statement.subject, self.value), Claim.UPPER_BOUND


def gradient_rank(known: KnownEquations, subject: Coefficients, weights: Weights) -> int:
    """The rank over Q of the gradients of equations at the function of exact weights."""
    function = subject.function_at(weights)
    values = [function.get(name, Fraction(0)) for name in subject.coefficient_names] + [Fraction(1)]
    rows = []
    for equation in known.equations:
        row = [Fraction(0)] * known.count
        for term, coefficient in equation.terms:
            for k, i in enumerate(term):
                if i < known.count:
                    row[i] += coefficient * prod((values[j] for j in (*term[:k], *term[k + 1 :])), start=Fraction(1))
        rows.append([flint.fmpq(v.numerator, v.denominator) for v in row])
    return int(flint.fmpq_mat(rows).rank()) if rows and known.count else 0


@dataclass(frozen=True, eq=False)
class TangentAtLeast:
    """The tangent space at the function of ``weights`` has at least the rank mod ``prime`` of the derivatives there and at ``others``,
    weights with the same function, and of ``second`` derivatives; ``inputs`` are residues."""

    subject: str
    weights: Weights
    others: tuple[Weights, ...]
    second: tuple[SecondDerivative, ...]
    prime: int
    inputs: np.ndarray
    value: int

    def check(self, subject: TangentVectorsOfModel) -> None:
        """Raises `NotShown` where weights have another function, a vector is not in the kernel, or the rank is smaller."""
        if subject.hash != self.subject or subject.generic:
            raise NotShown("the certificate is one of another model")
        check_prime(self.prime)
        places = (self.weights, *self.others)
        if any(len(w) != subject.parameters for w in places):
            raise NotShown("weights of the model are expected")
        function = subject.function_at(self.weights) if self.others else {}
        if any(subject.function_at(w) != function for w in self.others):
            raise NotShown("the weights have different functions")
        for s in self.second:
            if not 0 <= s.at < len(places) or len(s.c) != subject.parameters or len(s.v) != subject.parameters:
                raise NotShown("directions in the space of weights are expected")
            column = flint.fmpq_mat(len(s.c), 1, [flint.fmpq(x.numerator, x.denominator) for x in s.c])
            if (subject.jacobian_over_q(places[s.at], None) * column).rank():
                raise NotShown("a direction is not in the kernel of the Jacobian")
        p = self.prime
        second = [(s.at, [residue(x, p) for x in s.c], [x % p for x in s.v]) for s in self.second]
        found = subject.tangent_rank(p, [[residue(x, p) for x in w] for w in places], second, self.inputs)
        if found < self.value:
            raise NotShown(f"the rank is {found}")

    def concludes(self) -> tuple[Statement, Claim]:
        """It has at least that dimension."""
        return Statement(_at(self.weights), self.subject, self.value), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class SmoothByTangents:
    """The tangent space is no larger than the closure, which is known from below: the function is smooth."""

    tangent: Verdict
    dimension: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it may be larger."""
        if _tangent(self.tangent, subject, Claim.UPPER_BOUND) > _dimension(self.dimension, subject, _BELOW):
            raise NotShown("the tangent space may be larger than the closure")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is smooth."""
        return _status("smooth", self.tangent.statement), Claim.PROVED


@dataclass(frozen=True, eq=False)
class SingularByTangents:
    """The tangent space is larger than the closure, which is known from above: the function is singular."""

    tangent: Verdict
    dimension: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it may be no larger."""
        if _tangent(self.tangent, subject, Claim.LOWER_BOUND) <= _dimension(self.dimension, subject, _ABOVE):
            raise NotShown("the tangent space may be no larger than the closure")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is singular."""
        return _status("singular", self.tangent.statement), Claim.PROVED


@dataclass(frozen=True, eq=False)
class SingularByEquations:
    """The known equations generate all, and their gradients leave more than the dimension of the closure, which is known from above."""

    known: Verdict
    generate: Verdict
    weights: Weights
    dimension: Verdict

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where there may be more equations, or the gradients leave no more."""
        found = generated_by(self.generate, equations_in(self.known, subject))
        if len(self.weights) != subject.parameters:
            raise NotShown("weights of the model are expected")
        if found.count - gradient_rank(found, subject, self.weights) <= _dimension(self.dimension, subject, _ABOVE):
            raise NotShown("the gradients leave no more than the dimension")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is singular."""
        said = self.generate.statement
        return Statement(f"{_ENTRY}: status", said.subject, "singular", (_there(self.weights),), said.error), self.generate.claim


@dataclass(frozen=True, eq=False)
class TangentRange:
    """The least and the largest dimension that the tangent space can have: ``lower`` bounds it, or the dimension of the closure, from
    below, and ``upper`` from above, None where nothing does."""

    weights: Weights
    lower: Verdict
    upper: Verdict | None

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where these are no bounds, or of other weights."""
        if self.lower.statement.kind == DIMENSION:
            _dimension(self.lower, subject, _BELOW)
        else:
            _tangent(self.lower, subject, Claim.LOWER_BOUND)
        if self.upper is not None:
            _tangent(self.upper, subject, Claim.UPPER_BOUND)
        if any(v is not None and v.statement.kind not in (DIMENSION, _at(self.weights)) for v in (self.lower, self.upper)):
            raise NotShown("the bounds are those at other weights")

    def concludes(self) -> tuple[Statement, Claim]:
        """These bounds."""
        value = [self.lower.statement.value, None if self.upper is None else self.upper.statement.value]
        return Statement(f"{_ENTRY}: tangent_space", self.lower.statement.subject, value, (_there(self.weights),)), Claim.PROVED


@dataclass(frozen=True, eq=False)
class TangentOfSmooth:
    """At a smooth function the tangent space has the dimension of the closure; ``part``: so has the tangent cone, at any function."""

    whole: Verdict
    status: Verdict | None = None

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the function is not shown to be smooth."""
        _dimension(self.whole, subject, _BELOW)
        said = None if self.status is None else self.status.statement
        if said is not None and (said.kind, said.subject, said.value) != (f"{_ENTRY}: status", subject.hash, "smooth"):
            raise NotShown("a smooth function is expected")
        if self.status is not None and not self.status.shown:
            raise NotShown("the status was not checked")

    def concludes(self) -> tuple[Statement, Claim]:
        """That dimension: of the tangent cone, or with a status of the tangent space, from both sides."""
        said, used = self.whole.statement, [v for v in (self.whole, self.status) if v is not None]
        claim, error = Claim.weakest(v.claim for v in used), sum(v.statement.error for v in used)
        if self.status is None:
            return Statement(f"{_ENTRY}: tangent_cone", said.subject, said.value, said.scope, error), claim
        scope = tuple(dict.fromkeys((*said.scope, *self.status.statement.scope)))
        return Statement(f"{_ENTRY}: tangent_space", said.subject, [said.value, said.value], scope, error), claim
