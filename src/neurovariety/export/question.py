"""What a script asks: the parametrization, the question, and the random numbers that it is asked with, all from one seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd
from textwrap import wrap

import numpy as np

from neurovariety.errors import InputError
from neurovariety.export.minor_chart import MinorChart, find_chart
from neurovariety.export.written_parametrization import Terms, WrittenParametrization, written
from neurovariety.randomness import generator

PRIME = 32003
"""The prime of the scripts that count mod p; Macaulay2 and Singular are fastest below 2^15."""

_STREAM = "export.question"
_TRIES = 60
_SMALL = 20
COUNTED = (
    "The script counts weights, counts those over one function, and divides.",
    f"Counted mod {PRIME} at random numbers: right with probability close to one, not proved.",
)
"""What the scripts that count mod p say of it."""

_LARGEST_MINOR = 8
"""Determinants of larger matrices of polynomials are no task for a script."""

QUESTIONS = {
    "dimension": "dimension of the neurovariety, the closure of the image of the parametrization",
    "equations": "polynomial equations between the coordinates that hold on the neurovariety, as the kernel of a ring map",
    "degree": "degree of the neurovariety: number of its points on a general affine space of complementary dimension",
    "ed-degree": "generic ED degree: number of critical points of Q(c - u) on the smooth part of the neurovariety, for a general "
    "quadratic form Q and a general point u",
}


@dataclass(frozen=True, eq=False)
class Question:
    """A question about a model whose neurovariety has dimension ``dimension``; ``at_most`` bounds the degree of equations."""

    parametrization: WrittenParametrization
    question: str
    dimension: int
    claim: str
    at_most: int | None
    seed: int

    def _random(self, stream: int) -> np.random.Generator:
        return generator(self.seed, _STREAM, stream)

    @cached_property
    def point(self) -> list[int]:
        """Weights at which the Jacobian mod `PRIME` has the generic rank. Raises `InputError` where none was found."""
        self._check_prime()
        rng = self._random(0)
        for _ in range(_TRIES):
            point = [int(v) for v in rng.integers(1, PRIME, self.parametrization.parameters)]
            if self.parametrization.jacobian_rank(point, PRIME) == self.dimension:
                return point
        raise InputError(
            f"the Jacobian of {self.parametrization.model.name} does not reach its rank mod {PRIME}, the prime of the scripts; "
            "our own entry dimension chooses larger primes"
        )

    @cached_property
    def small_point(self) -> list[int]:
        """Weights from 1 to `_SMALL` at which the Jacobian has the generic rank, as its rank mod `PRIME` proves. Then the fiber through
        that point is smooth there, of dimension N minus the rank. Raises `InputError` where none was found."""
        self._check_prime()
        rng = self._random(6)
        for _ in range(_TRIES):
            point = [int(v) for v in rng.integers(1, _SMALL + 1, self.parametrization.parameters)]
            if self.parametrization.jacobian_rank(point, PRIME) == self.dimension:
                return point
        raise InputError(
            f"no weights from 1 to {_SMALL} were found at which the Jacobian of {self.parametrization.model.name} has rank "
            f"{self.dimension} mod {PRIME}; try another seed"
        )

    @cached_property
    def chart(self) -> MinorChart:
        """The weights that stay free. Raises `InputError` where the dimension is zero, or too large for the minors in the scripts."""
        self._check_prime()
        if not self.dimension:
            raise InputError(
                f"{self.parametrization.model.name} is one function whatever its weights: its neurovariety is a point, of degree 1; "
                "export the dimension or the equations"
            )
        if self.dimension > _LARGEST_MINOR:
            raise InputError(
                f"the script contains a minor of size {self.dimension} of the Jacobian, and at most "
                f"{_LARGEST_MINOR} is written out; export the dimension, or take a smaller network"
            )
        return find_chart(self.parametrization, self.dimension, PRIME, self._random(1))

    def _check_prime(self) -> None:
        if gcd(self.parametrization.denominator, PRIME) != 1:
            raise InputError(f"a coefficient of the activation has a denominator divisible by {PRIME}, the prime of the scripts")

    @cached_property
    def target(self) -> list[int]:
        """A general point u of the coordinate space."""
        return [int(v) for v in self._random(2).integers(1, PRIME, self.parametrization.count)]

    @cached_property
    def quadric(self) -> list[list[int]]:
        """A general symmetric matrix Q."""
        n = self.parametrization.count
        upper = np.triu(self._random(3).integers(1, PRIME, (n, n)))
        return [[int(v) for v in row] for row in upper + np.triu(upper, 1).T]

    @cached_property
    def slices(self) -> list[list[int]]:
        """r general rows: the linear parts of the equations of an affine space that meets the neurovariety in points."""
        return [[int(v) for v in row] for row in self._random(4).integers(1, PRIME, (self.dimension, self.parametrization.count))]

    @cached_property
    def levels(self) -> list[int]:
        """The right-hand sides of these equations."""
        return [int(v) for v in self._random(5).integers(1, PRIME, self.dimension)]

    def heading(self, mark: str, counts: Sequence[str], coordinates: Sequence[str] = ()) -> list[str]:
        """The comment at the head of each script: what is asked, of what, what we say, and what each coordinate is.

        ``counts`` says in lines of text how the script counts points, where it does; ``coordinates`` are their names, if not c_0, ...
        """
        p = self.parametrization
        lines = [
            f"{' '.join(p.model.name.split())}: {self.question}",
            "",
            *wrap(QUESTIONS[self.question] + ".", 120),
            f"{p.parameters} weights, {p.count} coordinates.",
            f"Dimension {self.dimension} ({self.claim}) by neurovariety, seed {self.seed}.",
        ]
        if p.drawn:
            lines += ["The generic coefficients of the activations are fixed at " + ", ".join(map(str, p.drawn)) + "."]
        if self.question in ("degree", "ed-degree"):
            chart = self.chart
            fixed = ", ".join(f"{p.names[i].flat} = {v}" for i, v in chart.fixed.items())
            lines += [
                "All weights but as many as the dimension are fixed, so that finitely many choices of these give a general function.",
                *counts,
                f"Free weights: {', '.join(p.names[i].flat for i in chart.free)}",
                f"Fixed weights: {fixed or 'none'}",
            ]
        lines += ["", "The coordinates are the coefficients of the outputs:"]
        names = coordinates or [f"c_{j}" for j in range(p.count)]
        lines += [f"  {name}: {text}" for name, text in zip(names, p.legend, strict=True)]
        return [f"{mark} {line}".rstrip() for line in lines]

    @cached_property
    def on_chart(self) -> tuple[Terms, ...]:
        """The coordinates on the chart."""
        return self.parametrization.restricted(self.chart.fixed)

    def restricted(self, variables: Sequence[str], power: str = "^", number: Callable[[Fraction], str] | None = None) -> list[str]:
        """The coordinates on the chart, as text."""
        return [written(terms, variables, power, number) for terms in self.on_chart]
