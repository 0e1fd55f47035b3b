"""Trained networks as data that can be stored: nodes, and the numbers of the weights that they use, each as it was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isfinite, log2, prod
from typing import Any

import numpy as np

from neurovariety.certificates.functions import Place
from neurovariety.certificates.network_nodes import NetworkData, exact, misplaced_axis, network_hash
from neurovariety.certificates.network_programs import network_program
from neurovariety.certificates.network_slopes import SlopesModP, trained
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of, program_bounds
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, NotStored
from neurovariety.certificates.vector_fields import rank_of_rows, residue
from neurovariety.certificates.zeros import NotShown

_MOST_STEPS = 2 * 10**7
"""Of plain arithmetic, for one rank: some ten seconds."""


@dataclass(frozen=True, eq=False)
class RationalArray:
    """Rational numbers of that ``shape``: ``text`` are the bytes of their decimals, with spaces between."""

    shape: tuple[int, ...]
    text: np.ndarray

    @cached_property
    def values(self) -> np.ndarray:
        """The numbers, an object array of Fractions. Raises `ValueError` where they are not as many."""
        numbers = [Fraction(word) for word in self.text.astype(np.uint8).tobytes().decode("ascii").split()]
        if len(numbers) != prod(self.shape) or min(self.shape, default=0) < 0:
            raise ValueError("an array of rational numbers has another shape")
        out = np.empty(len(numbers), dtype=object)
        out[:] = numbers
        return out.reshape(self.shape)


@dataclass(frozen=True, eq=False)
class StoredNode:
    """What `network_nodes.NodeData` asks; ``path`` is what a layer is called in the file that it was read from."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    weights: Mapping[str, str]
    attributes: Mapping[str, Any]
    path: str


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """What `network_nodes.NetworkData` asks, and `network_ranks.TrainedJacobian`. ``numbers``: the weights that nodes use;
    ``fixed``: those of them that are not trained. ``functions``: the hash of the functions of all weights, where a certificate
    speaks of these; on trust."""

    input_shape: tuple[int, ...]
    nodes: tuple[StoredNode, ...]
    output: str
    numbers: Mapping[str, np.ndarray | RationalArray]
    fixed: tuple[str, ...]
    functions: str = ""

    def __post_init__(self) -> None:
        """Raises `ValueError` where an axis is not counted from the first one of a sample."""
        for node in self.nodes:
            if misplaced_axis(node):
                raise ValueError(f"an axis of {node.name!r} is no whole number from 0 on")

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights as arrays."""
        return {key: v.values if isinstance(v, RationalArray) else v for key, v in self.numbers.items()}

    @cached_property
    def hash(self) -> str:
        return network_hash(self)

    @property
    def digest(self) -> str:
        """The hash, and what layers are called."""
        return f"{self.hash} {[n.path for n in self.nodes]} {self.functions}"

    @property
    def parameters(self) -> int:
        return sum(int(np.size(self.weights[key])) for key in trained(self))

    def rank(self, place: Place, at: np.ndarray | None) -> int:
        if place.inputs is None or place.weights is None or len(place.inputs) == 0:
            raise NotStored("the point was too large to be kept")
        p = place.prime
        given = place.inputs if at is None else at
        inputs = given.reshape(len(given), -1).tolist()
        if at is not None and not _same_residues(at, place.inputs, p):
            raise NotShown("the inputs are not those of the place")
        found = SlopesModP(self, p, at is not None)
        if found.count != place.weights.size or any(
            int(w) % p != r for w, r in zip(place.weights.reshape(-1), found.residues, strict=True)
        ):
            raise NotShown("the weights are not those of the network")
        rows, left = list[list[int]](), set[int]()
        for k, x in enumerate(inputs):
            try:
                own, resting = found.rows([int(v) if at is None else Fraction(v) for v in x])
            except NotShown as reason:  # operations that are not derived here, or no value modulo the prime
                raise NotStored(f"the Jacobian is not taken anew here: {reason}") from None
            if (len(own) + 1) * found.made * len(inputs) > _MOST_STEPS or len(own) * len(inputs) * found.count > MOST_ENTRIES:
                raise NotStored("the Jacobian is too large to be taken anew here")
            if place.factors is not None:
                own = _combined(place.factors[k], own, p)
            rows += own
            left |= resting
        for row in rows if left else ():
            for i in left:
                row[i] = 0
        return rank_of_rows(rows, p)

    def error(self, place: Place, at_most: int) -> float:
        if place.prime.bit_length() != SMALL_BITS:
            return 1.0
        try:
            program, n = network_program(self), self.parameters
        except NotShown as reason:
            raise NotStored(f"the error is not bounded anew here: {reason}") from None
        d = program_bounds(program, range(n, program.unknowns))
        numbers = (v for key in trained(self) for v in exact(self.weights[key]).reshape(-1).tolist())
        bits = max((log2(max(abs(v.numerator), v.denominator, 2)) for v in numbers), default=1.0)
        degree, height = d.inputs, d.log_norm + log2(max(d.weights, 1)) + 2 * d.weights * bits
        if d.below:
            degree, height = 2 * degree + 2 * d.below, 2 * height + 1
        degree += place.factors is not None or place.inputs is None
        error = at_most * degree / 2.0 ** (SMALL_BITS - 1) + at_most * height / (SMALL_BITS - 1) / primes_of(SMALL_BITS)
        return min(1.0, error) if isfinite(error) else 1.0


def _same_residues(at: np.ndarray, residues: np.ndarray, p: int) -> bool:
    own = [residue(Fraction(v), p) for v in at.reshape(-1).tolist()]
    return at.size == residues.size and all(int(r) % p == v for r, v in zip(residues.reshape(-1), own, strict=True))


def _combined(factors: np.ndarray, rows: list[list[int]], p: int) -> list[list[int]]:
    """Combinations of the rows of an input."""
    if factors.ndim != 2 or factors.shape[1] != len(rows):
        raise NotShown("combinations of other outputs are given")
    own = np.array(rows, dtype=object)
    return (np.array([[int(c) for c in row] for row in factors], dtype=object) @ own % p).tolist()


def is_network(value: Any) -> bool:
    """Whether something is a network, of whatever class."""
    return not isinstance(value, type) and all(hasattr(value, name) for name in ("input_shape", "nodes", "output", "weights", "fixed"))


def stored_network(network: NetworkData, functions: str = "") -> StoredNetwork:
    """A network as data that can be written; ``functions`` as there."""
    if isinstance(network, StoredNetwork):
        return network
    nodes = tuple(
        StoredNode(n.name, n.kind, tuple(n.inputs), dict(n.weights), dict(n.attributes), str(getattr(n, "path", "")))
        for n in network.nodes
    )
    used = sorted({key for n in network.nodes for key in n.weights.values()})
    return StoredNetwork(
        input_shape=tuple(map(int, network.input_shape)),
        nodes=nodes,
        output=network.output,
        numbers={key: _stored_numbers(np.asarray(network.weights[key])) for key in used},
        fixed=tuple(key for key in used if key in network.fixed),
        functions=functions,
    )


def _stored_numbers(values: np.ndarray) -> np.ndarray | RationalArray:
    if values.dtype == object:
        text = " ".join(str(Fraction(v)) for v in values.reshape(-1).tolist())
        return RationalArray(values.shape, np.frombuffer(text.encode("ascii"), dtype=np.uint8))
    if values.dtype.kind not in "biuf":
        return values.astype(np.float32)  # bfloat16 and its like, which float32 holds
    return values
