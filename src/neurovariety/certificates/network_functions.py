"""Whether two trained networks are one function: certificates that they are, that they are not, and by how much they may differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, prod
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_distance import bound
from neurovariety.certificates.network_nodes import NetworkData, check_order, network_hash, parameters
from neurovariety.certificates.network_rewrites import SAME_FUNCTION
from neurovariety.certificates.network_values import BALLS, RATIONALS, degree, value
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

DIFFERENT = "different functions"
WITHIN = "functions within"
_READ = ("for the networks as read",)
_BITS = (128, 512)
_ON_BALL = ("same", "bound")
Pair = tuple[NetworkData, NetworkData]


def _are(subject: Pair, first: str, second: str) -> None:
    for network, known in zip(subject, (first, second), strict=True):
        if network_hash(network) != known:
            raise NotShown("the certificate is one of other networks")
        check_order(network)


@dataclass(frozen=True)
class DiffersAt:
    """The networks have different values at one ``input`` of rational numbers: over Q, or in balls that are disjoint."""

    first: str
    second: str
    input: tuple[Fraction, ...]

    def check(self, subject: Pair) -> None:
        """Raises `NotShown` where the values are not shown to differ."""
        _are(subject, self.first, self.second)
        x = np.array([*self.input, None], dtype=object)[:-1]
        if x.size != prod(subject[0].input_shape) or tuple(subject[0].input_shape) != tuple(subject[1].input_shape):
            raise NotShown("the input has another shape")
        try:
            one, two = (value(network, x, RATIONALS) for network in subject)
            if one.shape != two.shape:
                raise NotShown("the outputs have other shapes")
            if bool(np.any(one != two)):
                return
            raise NotShown("the values at the input are equal")
        except NotShown as failed:
            if not self._apart(subject, x):
                raise NotShown(f"the values at the input are not shown to differ ({failed})") from failed

    @staticmethod
    def _apart(subject: Pair, x: np.ndarray) -> bool:
        for bits in _BITS:
            with flint.ctx.workprec(bits):
                one, two = (value(network, x, BALLS) for network in subject)
                if one.shape == two.shape and any(p > q or p < q for p, q in zip(one.reshape(-1), two.reshape(-1), strict=True)):
                    return True
        return False

    def concludes(self) -> tuple[Statement, Claim]:
        """The functions are different: they differ there."""
        return Statement(DIFFERENT, self.first, (self.second, [str(v) for v in self.input]), _READ), Claim.PROVED


@dataclass(frozen=True)
class EnoughPoints:
    """Polynomials of degree d in n inputs that agree at all points of nonnegative whole coordinates with sum at most d are equal."""

    first: str
    second: str

    def check(self, subject: Pair) -> None:
        """Raises `NotShown` for functions that are no polynomials, and where two values differ."""
        _are(subject, self.first, self.second)
        degrees = [degree(network) for network in subject]
        n = prod(subject[0].input_shape)
        if tuple(subject[0].input_shape) != tuple(subject[1].input_shape) or None in degrees:
            raise NotShown("polynomials in the same inputs are expected")
        top = max(d for d in degrees if d is not None)
        points = 0
        for chosen in combinations_with_replacement(range(n + 1), top):
            x = np.zeros(n, dtype=np.int64)
            for c in chosen:
                if c < n:
                    x[c] += 1
            one, two = (value(network, x, RATIONALS) for network in subject)
            if one.shape != two.shape or bool(np.any(one != two)):
                raise NotShown("the values differ")
            points += 1
        if points != comb(n + top, top):
            raise NotShown("points are missing")

    def concludes(self) -> tuple[Statement, Claim]:
        """Both networks have one function."""
        return Statement(SAME_FUNCTION, self.first, self.second, _READ), Claim.PROVED


@dataclass(frozen=True)
class Chained:
    """Two networks that are the same function as a third are the same function."""

    first: Verdict
    second: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the third is not one and the same."""
        for verdict in (self.first, self.second):
            if verdict.statement.kind != SAME_FUNCTION or not verdict.shown or verdict.claim is not Claim.PROVED:
                raise NotShown("networks of the same function are expected")
        if self.first.statement.value != self.second.statement.value or network_hash(subject) != self.first.statement.subject:
            raise NotShown("the networks are the same function as different ones")

    def concludes(self) -> tuple[Statement, Claim]:
        """Both networks have one function."""
        return Statement(SAME_FUNCTION, self.first.statement.subject, self.second.statement.subject, _READ), Claim.PROVED


@dataclass(frozen=True)
class DistanceBound:
    """The functions differ by at most ``most`` (Euclidean norm of the outputs) at inputs of norm at most ``radius``.

    ``first`` and ``second`` say that the networks are the same functions as two of one graph, whose weights are compared.
    """

    first: Verdict
    second: Verdict
    most: float
    radius: float

    def check(self, subject: Pair) -> None:
        """Raises `NotShown` where the two of one graph are other networks, or no such bound is found."""
        for verdict, network in zip((self.first, self.second), subject, strict=True):
            said = verdict.statement
            if said.kind != SAME_FUNCTION or not verdict.shown or verdict.claim is not Claim.PROVED:
                raise NotShown("networks of the same function are expected")
            if said.value != network_hash(network):
                raise NotShown("the certificate is one of other networks")
            check_order(network)
        if not 0 <= self.radius < np.inf or not bound(*subject, self.radius) <= self.most < np.inf:
            raise NotShown("the functions are not shown to differ by so little")

    def concludes(self) -> tuple[Statement, Claim]:
        """No two outputs differ by more."""
        value = (self.second.statement.subject, self.most, self.radius)
        return Statement(WITHIN, self.first.statement.subject, value, _READ), Claim.PROVED


@dataclass(frozen=True)
class Counted:
    """What is counted of a network, once: its hash, trained weights, and the width of each layer, with the name by which it is told."""

    hash: str
    parameters: int
    widths: Mapping[str, int]
    told: Mapping[str, str]
    network: NetworkData = field(compare=False, repr=False)

    @staticmethod
    def of(network: NetworkData | Counted) -> Counted:
        """Counted from the network."""
        if isinstance(network, Counted):
            return network
        layers = [n for n in network.nodes if n.kind in ("linear", "conv")]
        widths = {n.name: len(network.weights[n.weights["weight"]]) for n in layers}
        told = {n.name: str(getattr(n, "path", "") or n.name) for n in layers}
        return Counted(network_hash(network), parameters(network), widths, told, network)


@dataclass(frozen=True)
class Comparison:
    """One key of what is said of two networks: it follows from a verdict on their functions."""

    key: str
    value: Any
    known: Verdict
    by_symmetry: bool = False

    def check(self, subject: tuple[NetworkData | Counted, NetworkData | Counted]) -> None:
        """Raises `NotShown` where the value does not follow."""
        first, second = map(Counted.of, subject)
        said = self.known.statement
        other = said.value if said.kind == SAME_FUNCTION else said.value[0]
        if not self.known.shown or self.known.claim is not Claim.PROVED:
            raise NotShown("a verdict on the functions is expected")
        if (first.hash, second.hash) != (said.subject, other):
            raise NotShown("the verdict is one on other networks")
        if self.by_symmetry and not isinstance(self.known.certificate, Chained | DistanceBound):
            raise NotShown("no symmetry is known")
        allowed = self._allowed()
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        if self.key not in allowed or allowed[self.key] != value or type(allowed[self.key]) is not type(value):
            raise NotShown(f"{self.key} does not follow")

    def _allowed(self) -> Mapping[str, Any]:
        said = self.known.statement
        if said.kind == SAME_FUNCTION:
            related = {"related": "yes"} if self.by_symmetry else {}
            return {"same": "yes", "bound": 0.0, "box": None, "input": None, **related}
        if said.kind == DIFFERENT:
            return {"same": "no", "related": "no", "bound": None, "box": None, "exact": False, "input": said.value[1]}
        return {"same": "within", "related": "within", "bound": said.value[1], "box": said.value[2], "input": None}

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said; a distance is one on a ball of inputs."""
        said = self.known.statement
        ball = (f"for inputs of Euclidean norm at most {said.value[2]!r}",) if said.kind == WITHIN and self.key in _ON_BALL else ()
        return Statement(f"align: {self.key}", said.subject, self.value, (*_READ, *ball)), Claim.PROVED
