"""Networks with one hidden layer that is linear on pieces: a normal form of the function, and a certificate that two are one function.

A unit is p(z) for an affine function z of the inputs and a continuous p that is linear on pieces, so a line plus multiples of the
positive parts (z - k)^+ at its kinks. Where z - k is s u, with u scaled so that its first weight is 1, (s u)^+ is s u^+ for s > 0 and
-s u^+ + s u for s < 0. So the function is an affine one plus a sum of C_u u^+ over different hyperplanes u = 0: units of one
hyperplane are added up, whatever their order, scale and direction; slopes of their own and factors in between change nothing of that.
Two networks of one normal form have one function, and, since positive parts of different hyperplanes and affine functions are linearly
independent, only these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.network_functions import Pair
from neurovariety.certificates.network_nodes import NetworkData, NodeData, check_order, exact, lines, network_hash, ratio
from neurovariety.certificates.network_rewrites import SAME_FUNCTION
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_MOST = 10**6
"""Products of numbers that one matrix may take."""
_TOO_LARGE = "the network is too large for its normal form"
_READ = ("for the networks as read",)
Hyperplane = tuple[Fraction, ...]
"""Weights and bias of an affine function of the inputs, the first weight that is not 0 being 1."""


@dataclass(frozen=True, eq=False)
class BentFunction:
    """Affine functions of the inputs (outputs, inputs + 1), constants last, and for each output the factors of positive parts."""

    affine: np.ndarray
    bends: tuple[Mapping[Hyperplane, Fraction], ...]

    def mapped(self, stored: np.ndarray) -> BentFunction:
        """The images under a matrix (out, in). It is asked how large it is before its numbers become Fractions, a second a million."""
        if stored.ndim != 2 or stored.shape[1] != len(self.affine):
            raise NotShown("a matrix has another shape than what it is applied to")
        if stored.shape[0] * self.affine.size > _MOST or stored.size * max(map(len, self.bends), default=0) > _MOST:
            raise NotShown(_TOO_LARGE)
        matrix = exact(stored)
        made = []
        for row in matrix:
            total: dict[Hyperplane, Fraction] = {}
            for factor, bends in zip(row, self.bends, strict=True):
                if factor:
                    for key, c in bends.items():
                        total[key] = total.get(key, Fraction(0)) + factor * c
            made.append(total)
        return BentFunction(_product(matrix, self.affine), tuple(made))

    def scaled(self, factors: np.ndarray) -> BentFunction:
        """Each output times a factor."""
        bends = tuple({k: f * c for k, c in b.items()} for f, b in zip(factors, self.bends, strict=True))
        return BentFunction(self.affine * factors[:, None], bends)

    def shifted(self, constants: np.ndarray) -> BentFunction:
        """Each output plus a constant."""
        affine = self.affine.copy()
        affine[:, -1] += constants
        return BentFunction(affine, self.bends)

    def plus(self, other: BentFunction) -> BentFunction:
        """The sums, entry by entry."""
        if other.affine.shape != self.affine.shape:
            raise NotShown("values of other shapes are added")
        made = [
            {k: a.get(k, Fraction(0)) + b.get(k, Fraction(0)) for k in {**a, **b}} for a, b in zip(self.bends, other.bends, strict=True)
        ]
        return BentFunction(self.affine + other.affine, tuple(made))

    def through(self, node: NodeData) -> BentFunction:
        """An activation applied to each output: a line, or one with kinks where the outputs are affine."""
        quotient = ratio(node.attributes)
        if quotient is not None:
            over, under = quotient
            if under != 1 or over.degree() > 1:
                raise NotShown(f"{node.name!r} is not linear on pieces")
            constant, slope = (Fraction(int(over[k].p), int(over[k].q)) for k in (0, 1))
            every = _filled(len(self.affine))
            return self.scaled(every * slope).shifted(every * constant)
        found = lines(node.attributes)
        if found is None or any(any(b.values()) for b in self.bends):
            raise NotShown(f"{node.name!r} is not linear on pieces of an affine function: one hidden layer is expected")
        kinks, pieces = found
        affine, bends = self.affine.copy(), []
        for k, z in enumerate(self.affine):
            (slope, offset), *_ = pieces
            total, made = z * slope, dict[Hyperplane, Fraction]()
            total[-1] += offset
            for kink, before, after in zip(kinks, pieces, pieces[1:], strict=False):
                if before[0] * kink + before[1] != after[0] * kink + after[1]:
                    raise NotShown(f"{node.name!r} jumps")
                moved, jump = z.copy(), after[0] - before[0]
                moved[-1] -= kink
                first = next((v for v in moved[:-1] if v), None)
                if first is None:
                    total[-1] += jump * max(moved[-1], Fraction(0))
                    continue
                key = tuple((moved / first).tolist())
                made[key] = made.get(key, Fraction(0)) + jump * abs(first)
                if first < 0:
                    total = total + jump * moved
            affine[k] = total
            bends.append(made)
        return BentFunction(affine, tuple(bends))

    def form(self) -> tuple[list[Fraction], list[dict[Hyperplane, Fraction]]]:
        """What is the same for equal functions."""
        return self.affine.reshape(-1).tolist(), [{k: c for k, c in b.items() if c} for b in self.bends]


def _filled(count: int) -> np.ndarray:
    return exact(np.ones(count, dtype=np.int64))


def _product(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    made = np.empty((matrix.shape[0], values.shape[1]), dtype=object)
    made[...] = np.asarray(matrix @ values, dtype=object) if matrix.shape[1] else Fraction(0)
    return made


def bent_function(network: NetworkData) -> BentFunction:
    """The normal form of a network. Raises `NotShown` for one that is not made of one hidden layer between affine operations."""
    check_order(network)
    if len(network.input_shape) != 1:
        raise NotShown("a network that reads a vector is expected")
    n = network.input_shape[0]
    if n * (n + 1) > _MOST:
        raise NotShown(_TOO_LARGE)
    values: dict[str, BentFunction] = {}
    for node in network.nodes:
        below = [values[name] for name in node.inputs]
        if node.kind == "input":
            rows = exact(np.eye(n, n + 1, dtype=np.int64))
            values[node.name] = BentFunction(rows, tuple({} for _ in range(n)))
        elif node.kind == "linear" and len(below) == 1:
            made = below[0].mapped(np.asarray(network.weights[node.weights["weight"]]))
            values[node.name] = made.shifted(exact(network.weights[node.weights["bias"]])) if "bias" in node.weights else made
        elif node.kind == "activation" and len(below) == 1:
            values[node.name] = below[0].through(node)
        else:
            values[node.name] = _joined(node, below, network)
    return values[network.output]


def _joined(node: NodeData, below: list[BentFunction], network: NetworkData) -> BentFunction:
    """A sum or difference of two values, or of a value and numbers, or a value times numbers."""
    if node.kind not in ("add", "subtract", "multiply"):
        raise NotShown(f"{node.name!r} ({node.kind}) is not followed")
    if len(below) == 2:
        first, second = below
        if node.kind == "multiply":
            raise NotShown(f"{node.name!r} multiplies two values")
        minus = exact(np.full(len(second.affine), -1 if node.kind == "subtract" else 1))
        return first.plus(second.scaled(minus))
    (value,) = below
    every = _filled(len(value.affine))
    if "weight" in node.weights:
        stored = np.asarray(network.weights[node.weights["weight"]])
        if stored.size not in (1, len(every)) or stored.ndim > 2 or (stored.ndim == 2 and stored.shape[0] != 1):
            raise NotShown(f"{node.name!r} takes weights of another shape")
        other = every * exact(stored).reshape(-1)
    else:
        other = every * Fraction(node.attributes["constant"])
    if node.kind == "multiply":
        return value.scaled(other)
    if node.kind == "subtract":
        return value.scaled(-every).shifted(other) if node.attributes.get("reversed") else value.shifted(-other)
    return value.shifted(other)


@dataclass(frozen=True)
class SameBends:
    """Two networks with one hidden layer that is linear on pieces have the same normal form."""

    first: str
    second: str

    def check(self, subject: Pair) -> None:
        """Raises `NotShown` where the forms differ, or a network has none."""
        if tuple(map(network_hash, subject)) != (self.first, self.second):
            raise NotShown("the certificate is one of other networks")
        if tuple(subject[0].input_shape) != tuple(subject[1].input_shape):
            raise NotShown("the networks read other inputs")
        one, two = (bent_function(network).form() for network in subject)
        if one != two:
            raise NotShown("the functions have other normal forms")

    def concludes(self) -> tuple[Statement, Claim]:
        """Both networks have one function."""
        return Statement(SAME_FUNCTION, self.first, self.second, _READ), Claim.PROVED
