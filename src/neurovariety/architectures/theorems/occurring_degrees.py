"""The degrees in which the outputs of a network without biases can have terms."""

from __future__ import annotations

from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.theorems.dimension_bounds import forms

_MAX_WORK = 100_000
_MAX_DEGREE = 2000


def occurring_degrees(activations: tuple[Activation, ...]) -> frozenset[int] | None:
    """Degrees of the terms that can occur where layers are linear and the activations stand between them.

    None where there are too many to list; then all one says is that they are at most the product of the activations' degrees.
    """
    degree = 1
    for a in activations:
        degree *= a.degree
        if degree > _MAX_DEGREE:
            return None
    found = frozenset({1})
    for a in activations:
        exponents = {e for e, _ in a.terms}
        powers, kept = frozenset({0}), set({0} & exponents)
        for e in range(1, a.degree + 1):
            powers = frozenset(x + y for x in powers for y in found)
            if len(powers) * len(found) > _MAX_WORK:
                return None
            if e in exponents:
                kept |= powers
        found = frozenset(kept)
    return found


def occurring_monomials(variables: int, activations: tuple[Activation, ...]) -> int:
    """An upper bound for the number of monomials in ``variables`` that one output can contain."""
    degrees = occurring_degrees(activations)
    if degrees is None:
        top = 1
        for a in activations:
            top *= a.degree
        return forms(variables + 1, top)
    return sum(forms(variables, d) for d in degrees)
