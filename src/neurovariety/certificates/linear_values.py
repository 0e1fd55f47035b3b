"""Values of functions at few inputs that are as simple as can be: all of a linear space, or one distribution alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm, log2, prod
from typing import Protocol, runtime_checkable

from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN, Functions, Place
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, LARGEST_ERROR, ModularRank, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import ML_DEGREE
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

VALUES_DEGREE = "degree of the values at general inputs"


@dataclass(frozen=True, eq=False)
class LinearValues:
    """The closure of the values at so many general inputs is an affine space.

    Its dimension is at least that of the ``rank`` of the Jacobian at that many. It lies in an affine space of that dimension: that of
    all values, or the span of values of functions, which is no larger at random inputs, ``spans``, but for their error.
    """

    rank: ModularRank
    spans: tuple[ModularRank, ...] = ()
    error: float = field(default=0.0, init=False)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the rank is smaller, or the span may be larger."""
        self.rank.check(subject)
        samples, r = self.rank.samples, self.rank.value
        if self.rank.kind != DIMENSION or self.rank.place.factors is not None or samples is None:
            raise NotShown("the rank of a Jacobian at inputs that are kept is expected")
        if samples * subject.outputs == r:
            return
        if len({span.place.drawn for span in self.spans}) < len(self.spans):
            raise NotShown("values at different places are expected")
        for span in self.spans:
            span.check_exactly(subject)
            weights = span.place.weights
            if span.kind != AFFINE or span.value != r or span.samples != samples or weights is None or len(weights) < r + 2:
                raise NotShown("the span of more functions, at as many inputs, is expected")
        errors = [subject.error(span.place, r + 1) for span in self.spans]
        object.__setattr__(self, "error", prod(errors) if errors else 1.0)
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """Degree one."""
        claim = Claim.PROBABILITY if self.error else Claim.PROVED
        return Statement(VALUES_DEGREE, self.rank.subject, 1, self.rank.scope, self.error), claim


@runtime_checkable
class FunctionsAtData(Functions, Protocol):
    """A model at inputs that are given."""

    def error_at_inputs(self, place: Place, at_most: int, bits: float) -> float:
        """The probability, at most, that random weights like those of a place miss a generic rank of at most ``at_most``, at inputs
        whose numerators and common denominator have at most so many bits."""
        ...


@dataclass(frozen=True, eq=False)
class OneDistribution:
    """The outputs at each of the ``inputs`` (all numbers of all of them, one after another) are proportional for any two weights, as
    they are for the two random ones of the ``place`` mod a random prime; none of them vanishes, nor does their sum. So they are one
    distribution, the only critical point of the likelihood."""

    subject: str
    inputs: tuple[Fraction, ...]
    place: Place
    general: bool = False
    error: float = field(default=1.0, init=False)

    def check(self, subject: FunctionsAtData) -> None:
        """Raises `NotShown` where outputs are not proportional, or one vanishes."""
        place, p = self.place, self.place.prime
        check_prime(p)
        if subject.hash != self.subject or subject.generic != self.general or place.kind != SPAN or place.factors is not None:
            raise NotShown("the certificate is one of another model")
        if place.weights is None or place.inputs is None or len(place.weights) != 2 or not self.inputs:
            raise NotShown("two functions at some inputs are expected")
        if any(x.denominator % p == 0 for x in self.inputs):
            raise NotShown("the prime divides a denominator")
        kept = [int(v) % p for v in place.inputs.reshape(-1)]
        if kept != [x.numerator * pow(x.denominator, -1, p) % p for x in self.inputs]:
            raise NotShown("the outputs are those at other inputs")
        first, second = ([int(v) % p for v in row] for row in subject.matrix(place))
        k = subject.outputs
        for at in range(0, len(first), k):
            u, v = first[at : at + k], second[at : at + k]
            if not all(u) or not sum(u) % p:
                raise NotShown("a value vanishes")
            if any((a * v[0] - b * u[0]) % p for a, b in zip(u, v, strict=True)):
                raise NotShown("the distributions differ")
        common = lcm(*(x.denominator for x in self.inputs))
        bits = log2(max(common, *(abs(x.numerator) * (common // x.denominator) for x in self.inputs)) + 1)
        object.__setattr__(self, "error", subject.error_at_inputs(place, 2, bits))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """One critical point."""
        scope = (GENERAL_COEFFICIENTS,) if self.general else ()
        return Statement(ML_DEGREE, self.subject, 1, scope, self.error), Claim.PROBABILITY
