"""The rank of the Jacobian of a trained network at its weights: minors mod p from below, symmetries from above.

A minor at the stored weights that is nonzero mod p is nonzero, whatever the inputs. General weights have no smaller rank, and no larger
one than symmetries leave, which bounds that at the weights too: rank only falls at special ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.functions import DIMENSION, Place, draw_of
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData, check_order, lines, network_hash, parameters
from neurovariety.certificates.network_symmetries import symmetry_dimension
from neurovariety.certificates.ranks import LARGEST_ERROR, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

RANK, GENERIC = "rank at the weights", "rank at general weights"
SOME_WEIGHTS = "shown at some weights: with kinks, general ones may allow fewer"
_WITH_KINKS = ("elu", "selu", "celu", "hardswish", "hardsigmoid")


@runtime_checkable
class TrainedJacobian(Protocol):
    """The Jacobian of a network's outputs by its trained weights, at them. Whoever implements this is trusted, as the reader is."""

    @property
    def hash(self) -> str:
        """The hash of the network."""
        ...

    @property
    def parameters(self) -> int:
        """Number of trained weights."""
        ...

    @property
    def functions(self) -> str:
        """The hash of the functions of all weights, of a network that is algebraic."""
        ...

    def rank(self, place: Place, at: np.ndarray | None) -> int:
        """The rank mod p at a place, whose weights are the stored ones, and whose inputs are residues of ``at`` where exact ones are
        given, which kinks need. Raises `NotShown` for other weights, for inputs at which the network is not differentiable, and where
        arrays were too large to keep."""
        ...

    def error(self, place: Place, at_most: int) -> float:
        """The probability, at most, that random inputs and a random prime miss a rank of at most ``at_most``."""
        ...


@dataclass(frozen=True, eq=False)
class RankAtWeights:
    """The rank at the weights is at least ``value``: it is that mod p, at the inputs of a place, exactly those of ``at`` where these
    are given."""

    subject: str
    place: Place
    value: int
    at: np.ndarray | None = None

    def check(self, subject: TrainedJacobian) -> None:
        """Raises `NotShown` where the rank is smaller, or another network's."""
        if self.found(subject) < self.value:
            raise NotShown("the rank is smaller")

    def found(self, subject: TrainedJacobian) -> int:
        """The rank of the matrix."""
        if subject.hash != self.subject or self.place.kind != DIMENSION:
            raise NotShown("the certificate is one of another network")
        check_prime(self.place.prime)
        return subject.rank(self.place, self.at)

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is at least that."""
        return Statement(RANK, self.subject, self.value), Claim.LOWER_BOUND


@dataclass(frozen=True)
class AtMostOrbits:
    """The rank is at most what the symmetries of general weights leave, at the weights or (``general``) at general ones."""

    subject: str
    value: int
    general: bool = False

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` for another number."""
        if network_hash(subject) != self.subject:
            raise NotShown("the certificate is one of another network")
        check_order(subject)
        found = parameters(subject) - symmetry_dimension(subject)
        if found != self.value:
            raise NotShown(f"the symmetries leave {found} directions")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is at most that."""
        return Statement(GENERIC if self.general else RANK, self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True, eq=False)
class RandomRanksAtWeights:
    """The rank at the weights is that of ``trials`` at random inputs over random primes, each beside that with an input fewer.

    ``upper`` bounds the rank. The error is computed: twice that of each trial, for its rank and for what an input could add.
    """

    trials: tuple[tuple[RankAtWeights, RankAtWeights | None], ...]
    upper: Verdict
    error: float = field(default=0.0, init=False)

    def check(self, subject: TrainedJacobian) -> None:
        """Raises `NotShown` where a rank is another, where a further input adds to it, or where the error says little."""
        known = self.upper.statement
        bounded = self.upper.shown and self.upper.claim in (Claim.UPPER_BOUND, Claim.PROVED)
        if not bounded or known.kind != RANK or known.subject != subject.hash:
            raise NotShown("a bound of the rank is expected")
        if not self.trials or len({_drawn(full.place) for full, _ in self.trials}) < len(self.trials):
            raise NotShown("trials at different places are expected")
        value = self._value()
        for full, fewer in self.trials:
            if full.found(subject) != full.value:
                raise NotShown("the rank is another")
            if full.value < value:
                continue
            if fewer is not None and fewer.found(subject) != fewer.value:
                raise NotShown("the rank is another")
            inputs = full.place.samples or 0
            one_less = fewer is not None and fewer.place.samples == inputs - 1 and fewer.place.prime == full.place.prime
            if not (one_less and fewer is not None and fewer.value == value) and inputs <= subject.parameters:
                raise NotShown("a further input may add to the rank")
        error = prod(min(1.0, 2 * subject.error(full.place, known.value)) for full, _ in self.trials)
        object.__setattr__(self, "error", error)
        if not error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {error:.3g}, which says little")

    def _value(self) -> int:
        return max(full.value for full, _ in self.trials)

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is that number, but for the error."""
        return Statement(RANK, self.upper.statement.subject, self._value(), (), self.error), Claim.PROBABILITY


def _drawn(place: Place) -> tuple[int, ...]:
    """What makes a trial independent of others: the prime, and the inputs; the place itself where they were too large to keep."""
    return (id(place),) if place.inputs is None else draw_of(place.prime, place.inputs)


@dataclass(frozen=True, eq=False)
class GenericFrom:
    """The largest rank at any weights is at least that at some: those of ``other``, a network of the same graph.

    It is the rank at general weights where the functions are analytic in the weights; with kinks the scope says that it need not be.
    """

    known: Verdict
    other: NetworkData

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the graph is another, or no rank is known from below."""
        said = self.known.statement
        low = self.known.shown and self.known.claim in (Claim.LOWER_BOUND, Claim.PROVED)
        if said.kind != RANK or not low or said.subject != network_hash(self.other):
            raise NotShown("a rank at some weights is expected")
        for network in (subject, self.other):
            check_order(network)
        if _graph(subject) != _graph(self.other):
            raise NotShown("the networks have other graphs")
        object.__setattr__(self, "hash", network_hash(subject))

    hash = ""

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank at general weights is at least that."""
        scope = (SOME_WEIGHTS,) if _has_kinks(self.other) else ()
        return Statement(GENERIC, self.hash, self.known.statement.value, scope), Claim.LOWER_BOUND


@dataclass(frozen=True)
class GenericRank:
    """The rank at general weights of an algebraic network is at least the dimension of its model, which is known from below."""

    subject: str
    dimension: Verdict

    def check(self, subject: TrainedJacobian) -> None:
        """Raises `NotShown` where the dimension is another model's, or not known from below."""
        low = self.dimension.shown and self.dimension.claim in (Claim.LOWER_BOUND, Claim.PROVED)
        if subject.hash != self.subject or self.dimension.statement.kind != DIMENSION or not low:
            raise NotShown("a dimension of the model is expected")
        if self.dimension.statement.subject != subject.functions:
            raise NotShown("the dimension is one of another model")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank at general weights is at least that."""
        return Statement(GENERIC, self.subject, self.dimension.statement.value), Claim.LOWER_BOUND


def _has_kinks(network: NetworkData) -> bool:
    """Whether an operation is not known to be analytic."""
    return any(
        lines(n.attributes) is not None or n.attributes.get("function") in _WITH_KINKS or n.kind.startswith(("max", "min"))
        for n in network.nodes
    )


def _graph(network: NetworkData) -> Any:
    """The operations, the shapes of the trained weights, and the fixed ones."""
    used = {k for node in network.nodes for k in node.weights.values()}
    fixed = {k: _written(network, k) for k in used if k in network.fixed}
    nodes = [(n.name, n.kind, tuple(n.inputs), dict(n.weights), dict(n.attributes)) for n in network.nodes]
    shapes = {k: tuple(network.weights[k].shape) for k in used}
    return tuple(network.input_shape), network.output, nodes, shapes, fixed


def _written(network: NetworkData, key: str) -> list[str]:
    """The numbers of a fixed weight, written out."""
    return [str(v) for v in network.weights[key].reshape(-1).tolist()]


@dataclass(frozen=True)
class Diagnosed:
    """One key of a diagnosis: it is what a verdict says, or a number that is counted."""

    key: str
    value: Any
    known: Verdict | None = None

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the value does not follow."""
        if self.known is None:
            counts = {"parameters": parameters(subject), "symmetry": symmetry_dimension(subject)}
            if self.key not in counts or counts[self.key] != self.value:
                raise NotShown(f"{self.key} is another number")
            object.__setattr__(self, "hash", network_hash(subject))
            return
        said = self.known.statement
        kinds = {"rank": (RANK,), "generic": (GENERIC,)}
        if said.kind not in kinds.get(self.key, ()) or said.value != self.value or not self.known.checked:
            raise NotShown(f"{self.key} does not follow")
        if said.subject != network_hash(subject):
            raise NotShown("the verdict is one on another network")

    hash = ""

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said; a number of symmetries is one from below."""
        if self.known is None:
            claim = Claim.LOWER_BOUND if self.key == "symmetry" else Claim.PROVED
            return Statement(f"diagnose: {self.key}", self.hash, self.value), claim
        said = self.known.statement
        return Statement(f"diagnose: {self.key}", said.subject, self.value, said.scope, said.error), self.known.claim
