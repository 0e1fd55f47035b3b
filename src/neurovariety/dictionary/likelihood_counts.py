"""Counts that a likelihood is asked for: of coefficients, written as polynomials, or of classes at the rows of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

import numpy as np
from jaxtyping import Float

from neurovariety.errors import DataError, InputError
from neurovariety.exact_numbers import float_table, nearest_floats, power_of_two, size_of
from neurovariety.geometry.ideal.coefficients import monomial_name
from neurovariety.geometry.images.target import Target, read_target
from neurovariety.geometry.solutions.attempts import check_values
from neurovariety.model import Array, Model
from neurovariety.randomness import generator
from neurovariety.training.losses.prepare import exact_samples

_STREAM = "dictionary.maximum_likelihood"
_MOST_COUNTS = 20


@dataclass(frozen=True, eq=False)
class LikelihoodCounts:
    """Counts and what each belongs to: to coefficients, then they have a ``text``, or to outputs at ``samples`` (S, inputs)."""

    exact: list[Fraction]
    labels: list[str]
    samples: Array | None = None
    text: str | None = None
    notices: tuple[str, ...] = ()


def counts_of_data(model: Model, data: object, seed: int) -> LikelihoodCounts:
    if model.outputs == 1:
        raise InputError(f"{model.name} has one output: read as unnormalized probabilities of classes it takes at least two")
    found = exact_samples(model, data)
    check_values(len(found.inputs), model.outputs)
    labels = [f"{name} of row {row + 1}" for row in range(len(found.inputs)) for name in found.target_names]
    return LikelihoodCounts(found.targets.reshape(-1).tolist(), labels, float_table(found.inputs, "inputs"))


def counts_of_text(model: Model, text: str | None, terms: Sequence[tuple[int, tuple[int, ...]]], seed: int) -> LikelihoodCounts:
    """The counts in the order of ``terms``; random ones where there is no text."""
    labels = [f"{monomial_name(e)} in output {o}" if model.outputs > 1 else monomial_name(e) for o, e in terms]
    if text is None:
        drawn = [Fraction(n) for n in generator(seed, _STREAM).integers(1, _MOST_COUNTS, len(terms)).tolist()]
        target = Target(model.inputs, model.outputs, dict(zip(terms, drawn, strict=True)))
        return LikelihoodCounts(drawn, labels, text=target.text(), notices=("no counts were given: these are random ones",))
    known = dict(read_target(text, model.inputs, model.outputs).coefficients)
    numbers = [known.pop(term, Fraction(0)) for term in terms]
    if known:
        output, exponents = min(known)
        raise InputError(
            f"{monomial_name(exponents)} in output {output} has a count, but no network {model.name} has that coefficient; leave it out"
        )
    return LikelihoodCounts(numbers, labels, text=text)


def check_positive(counts: Sequence[Fraction], labels: Sequence[str]) -> None:
    for count, label in zip(counts, labels, strict=True):
        if count <= 0:
            raise DataError(
                f"the count of {label} is {'-' if count < 0 else ''}{size_of(count)}; expected a positive number for each, or "
                "smoothing that makes them positive (--smoothing 0.5)"
            )


def in_their_own_unit(counts: Sequence[Fraction]) -> Float[np.ndarray, " values"]:
    """Multiples of the counts near 1, the same ones for all counts in these proportions: critical points have no unit.

    Whole numbers without a common divisor, divided by a power of two: floats hold these exactly, unless they have too many digits.
    """
    common = Fraction(gcd(*(c.numerator for c in counts)), lcm(*(c.denominator for c in counts)))
    whole = [c / common for c in counts]
    unit = Fraction(2) ** power_of_two(sum(whole, Fraction(0)) / len(whole))
    return np.array(nearest_floats([c / unit for c in whole], "a count, against the mean of all,"))
