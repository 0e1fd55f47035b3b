"""Neurons with one input: the learning coefficient at the zero function, by a formula.

The functions are sum_i a_i s(b_i x), i up to H, with outputs a_i in R^m, and s has Taylor terms of the degrees r, r + t, r + 2t,
..., q of them (all count as H: Newton's recurrence for the powers b_i^t makes the others follow). So the ideal is that of the
moments sum_i a_i b_i^k for these k. Write s_k = r k + t k (k - 1)/2. Then twice the coefficient is the least of

    G(u) = H u + m max_{0 <= k <= q} (k - s_k u)    over u >= 0,

and the multiplicity is 2 where G is constant along an interval at its least value, else 1. For tanh (r = 1, t = 2, q = H, m = 1)
this is the formula of Aoyagi and Watanabe 2005.

Proof. Integrate the a_i out: up to constants exp(-n K) leaves det(1 + n V V')^(-m/2), V_ik = b_i^k, and the determinant is the sum
over sets S of at most q neurons of n^|S| times squared minors, of which those of the lowest degrees are largest: prod b_i^r prod
(b_i^t - b_j^t). For even t change signs until all b_i are positive. Up to constants the differences are the diameters of clusters
in the tree of single linkage of 0, b_1, ..., b_H: |b_i - b_j| is that of the smallest cluster of both, |b_i^t - b_j^t| that times
the (t - 1)th power of that of the smallest one of 0, i and j. The H merges of the tree are coordinates. Give the diameter of each
cluster around n^(-c/2) times that of the one around it, with c >= 0 for each cluster A: the exponent at c is

    E(c) = sum_A |merges inside A| c_A + m max_S (|S| - sum_A c_A v_A(S)),
    v_A(S) = pairs of S in A, and where A holds 0 also r |S in A| + (t - 1) pairs,

and 2 lambda is the least E, the multiplicity 1 more than the dimension of where it is attained. With c = u for the cluster of all
and 0 elsewhere E is G(u). From below take S at random: k at random, then a set of k neurons. An A with n neurons holds n k/H of
them and n (n - 1)/2 k (k - 1)/(H (H - 1)) pairs in the mean. At the least value of G a mixture of two neighbouring k (at u = 0: k =
q) has mean m s_k = H (or m s_q <= H), and so E(c) >= min G. For A other than all, |merges| exceeds m times the mean of v_A: where A
holds 0 since n < H, unless only k = 1 counts; where it does not since m E k (k - 1) < 2 (H - 1), which m s_k <= H gives. So c_A > 0
costs, and the place of the least value is an interval of u at most. Where only k = 1 counts with m r = H take for S the neuron that
is farthest from 0."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from neurovariety.certificates.germ_bounds import Pair
from neurovariety.certificates.germs import Exponents, Germ, Polynomial, ring, scaled
from neurovariety.certificates.learning_coefficients import ORIGIN, ZERO_FUNCTION, Part, WrittenCoefficients, said
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

ODD = ("tanh", "sin", "arctan", "erf")
"""Activations whose Taylor coefficients of odd degree are none of them 0, and all others are."""


def coefficient_of_neurons(neurons: int, outputs: int, first: int, step: int, count: int) -> Pair:
    """Twice the coefficient, and its multiplicity, of the formula above: H, m, r, t and q."""
    s = [first * k + step * k * (k - 1) // 2 for k in range(count + 1)]
    k = max(k for k in range(count + 1) if outputs * s[k] <= neurons)
    u = Fraction(0) if k == count else Fraction(1, first + step * k)
    return neurons * u + outputs * (k - s[k] * u), 2 if outputs * s[k] == neurons else 1


@dataclass(frozen=True)
class OddNetwork:
    """A network of one hidden layer without biases whose activation is an odd analytic function, as exact data."""

    widths: tuple[int, int, int]
    activation: str

    @property
    def hash(self) -> str:
        """sha256 of the data."""
        return hashlib.sha256(f"{self.widths}{self.activation}".encode()).hexdigest()

    @property
    def coordinates(self) -> tuple[tuple[tuple[int, Exponents], Polynomial], ...]:
        """Polynomials in the weights (first layer, row by row, then the last) that generate the same ideal as the coefficients of the
        functions: sum_i a_i b_i^e for the first H odd degrees |e|. All others follow by Newton's recurrence for the squares of the
        l . b_i, coefficient by coefficient of a general linear form l."""
        n, hidden, outputs = self.widths
        if self.activation not in ODD:
            raise NotShown(f"nothing is known of the Taylor coefficients of {self.activation}")
        context = ring(hidden * (n + outputs))
        return tuple(
            ((o, e), sum((_term(context, n, hidden, o, i, e) for i in range(hidden)), context.constant(0)))
            for o in range(outputs)
            for degree in range(1, 2 * hidden, 2)
            for e in _exponents(n, degree)
        )


def _term(context: Any, n: int, hidden: int, output: int, i: int, e: Exponents) -> Polynomial:
    return scaled(context, {**{n * i + k: x for k, x in enumerate(e)}, hidden * n + output * hidden + i: 1})


def _exponents(variables: int, degree: int) -> Iterator[Exponents]:
    if variables == 1:
        yield (degree,)
        return
    for first in range(degree, -1, -1):
        for rest in _exponents(variables - 1, degree - first):
            yield (first, *rest)


@dataclass(frozen=True)
class CoefficientOfNeurons:
    """The pair at the zero function of neurons with one input. ``inner`` are the numbers of the weights b_i, ``outer`` by output
    those of the a_i; degrees are ``first``, ``first`` + ``step``, ..., ``count`` of them. ``functions``: of a germ, in place of a
    model."""

    subject: str
    inner: tuple[int, ...]
    outer: tuple[tuple[int, ...], ...]
    first: int
    step: int
    count: int
    pair: Pair
    part: Part
    functions: bool = False

    def check(self, subject: WrittenCoefficients) -> None:
        """Raises `NotShown` where the functions are others, or the formula gives another pair."""
        if subject.hash != self.subject or isinstance(subject, Germ) != self.functions:
            raise NotShown("the certificate is one of another model")
        if self.part not in ("learning_coefficient", "multiplicity"):
            raise NotShown("the coefficient is known exactly")
        neurons = len(self.inner)
        if not 1 <= self.count <= neurons or self.first < 1 or self.step < 1:
            raise NotShown("degrees are from 1 on, and no more than there are neurons")
        if self.pair != coefficient_of_neurons(neurons, len(self.outer), self.first, self.step, self.count):
            raise NotShown("the formula gives another coefficient")
        self._check_functions([f for _, f in subject.coordinates if len(f)])

    def _check_functions(self, known: Sequence[Polynomial]) -> None:
        """The functions are multiples of the moments of these degrees, and, where these are as many as the neurons, of further ones."""
        every = [*self.inner, *(k for row in self.outer for k in row)]
        if not known or sorted(every) != list(range(known[0].context().nvars())) or any(len(r) != len(self.inner) for r in self.outer):
            raise NotShown("each weight is an inner or an outer one, once")
        found = [self._place(f / f.coefficient(0)) for f in known]
        degrees = {self.first + self.step * k for k in range(self.count)}
        if not {(o, k) for o in range(len(self.outer)) for k in degrees} <= set(found):
            raise NotShown("a moment is not there")
        further = {k for _, k in found} - degrees
        follows = all(k >= self.first and (k - self.first) % self.step == 0 for k in further)
        if further and (self.count < len(self.inner) or not follows):
            raise NotShown("a coefficient does not follow from the first ones")

    def _place(self, f: Polynomial) -> tuple[int, int]:
        """The output and the degree of a moment. Raises `NotShown` for what is none."""
        degree = max(int(e[b]) for e in f.monoms() for b in self.inner)
        context = f.context()
        for o, row in enumerate(self.outer):
            terms = (scaled(context, {a: 1, b: degree}) for a, b in zip(row, self.inner, strict=True))
            if f == sum(terms, context.constant(0)):
                return o, degree
        raise NotShown("a coefficient is no moment of the neurons")

    def concludes(self) -> tuple[Statement, Claim]:
        """The part of the pair."""
        return said(self.part, self.subject, self.pair, (ORIGIN if self.functions else ZERO_FUNCTION,))
