"""What a script asks: the parametrization, the question, and the random numbers that it is asked with, all from one seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd

import numpy as np

from neurovariety.dictionary.trial import generator
from neurovariety.errors import InputError
from neurovariety.export.chart import Chart, find_chart
from neurovariety.export.parametrization import Parametrization

PRIME = 32003
"""The prime of the scripts that count mod p; Macaulay2 and Singular are fastest below 2^15."""

_STREAM = 2102
_TRIES = 60
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
class Task:
    """A question about a model whose neurovariety has dimension ``dimension``; ``at_most`` bounds the degree of equations."""

    parametrization: Parametrization
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
    def chart(self) -> Chart:
        """The weights that stay free. Raises `InputError` where the dimension is too large for the minors in the scripts."""
        self._check_prime()
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

    def heading(self, mark: str) -> list[str]:
        """The comment at the head of each script: what is asked, of what, and what we say."""
        p = self.parametrization
        lines = [
            f"{p.model.name}: {self.question}",
            "",
            QUESTIONS[self.question] + ".",
            f"{p.parameters} weights, {p.count} coordinates.",
            f"Dimension {self.dimension} ({self.claim}) by neurovariety, seed {self.seed}.",
        ]
        if p.drawn:
            lines += ["The generic coefficients of the activations are fixed at " + ", ".join(map(str, p.drawn)) + "."]
        if self.question in ("degree", "ed-degree"):
            chart = self.chart
            lines += [
                f"All weights but {self.dimension} are fixed, so that finitely many choices of these give a general function;",
                "the script counts weights, counts those over one function, and divides.",
                f"Counted mod {PRIME}, with probability close to one." if mark != "#" else "",
                f"Free weights: {', '.join(p.names[i].flat for i in chart.free)}",
            ]
        lines += ["", "The coordinates are the coefficients of the outputs:"]
        lines += [f"  c_{j}: {text}" for j, text in enumerate(p.legend)]
        return [f"{mark} {line}".rstrip() for line in lines]

    def restricted(self, variables: Sequence[str], power: str = "^") -> list[str]:
        """The coordinates on the chart, as text."""
        fixed = self.chart.fixed
        names = [str(fixed[i]) if i in fixed else v for i, v in enumerate(variables)]
        return self.parametrization.written(names, power)
