"""Weights with w.T = g.(S.w): linear spaces of layerwise equivariant weights, and the functions that they give.

For g in the stated group G every such w has f_w(T x) = f_{w.T}(x) = f_{S.w}(x) = S f_w(x). The space L_g is the kernel of a linear
system in each block. Here it is found over F_p together with three ranks at a random point w of it: of the differential of w -> f_w
on L_g (the dimension of its functions), of L_g and the directions of G together (that of G.L_g), and of the whole Jacobian.

What is proved. Where T, S and g satisfy T^q = S^q = g^q = 1 and p does not divide q, L_g is the image of an idempotent (the mean over
the cyclic group), whose rank is the same over F_p and over the real field of the q-th roots of unity, and each point of L_g over F_p
lifts. So the dimension of L_g is exact, and the ranks are lower bounds over R. For other maps only g = 1 is used, whose space is
computed over Q as well and compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import flint
import numpy as np

from neurovariety.errors import DivisionByZeroError, ResourceError, VerificationError
from neurovariety.geometry.equivariance.adjunction import BlockMap, OverField
from neurovariety.geometry.equivariance.layer_classes import HiddenGroup, LayerClass, classes, commuting, hidden_groups
from neurovariety.geometry.equivariance.linear_map import LinearMap, common_order
from neurovariety.geometry.exact.stated_symmetries import field_matrix
from neurovariety.linear_algebra import kernel, random_prime, rank, reduce_mod
from neurovariety.model import Block, Model
from neurovariety.program.of_model import jacobian_rows
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

MAX_CLASSES = 5000
"""Combinations of classes, one a layer, after which the search stops and says so."""

_MAX_BLOCK = 1500
_MAX_RATIONAL_BLOCK = 300
_MAX_PARAMETERS = 3000


@dataclass(frozen=True)
class Component:
    """A combination of classes: ``space`` is dim L_g, ``swept`` that of G.L_g, ``functions`` that of its functions, ``rank`` that of J
    at a generic point of L_g; ``subnetwork``: generic weights of it have an inactive or a redundant neuron."""

    classes: tuple[LayerClass, ...]
    space: int
    swept: int
    functions: int
    rank: int
    subnetwork: bool

    @property
    def words(self) -> list[str]:
        return [c.words for c in self.classes]


def require_size(model: Model) -> None:
    """Raise `ResourceError` for a model too large for dense linear algebra of this kind."""
    if model.parameters > _MAX_PARAMETERS or max(b.size for b in model.blocks) > _MAX_BLOCK:
        raise ResourceError(
            f"{model.name} has {model.parameters:,} parameters; invariance is computed up to {_MAX_PARAMETERS:,} of them and "
            f"{_MAX_BLOCK:,} in one layer: take a narrower architecture of the same kind"
        )


class EquivariantWeights:
    """The spaces L_g of one model for the maps T and S of common order q, over one prime field with p = 1 mod q.

    ``actions`` are the proved symmetries, ``groups`` the same as factors of a group, each on axes of its own (``every_group``: none was
    left out for sharing one, and the order is finite); ``enough`` is the dimension of the model. Raises
    `DivisionByZeroError` for an unlucky prime, `ResourceError` for large layers and maps of no finite order.
    """

    def __init__(
        self,
        model: Model,
        actions: tuple[AxisAction, ...],
        inputs: LinearMap,
        outputs: LinearMap,
        enough: int,
        rng: np.random.Generator,
    ) -> None:
        self.model, self.rng = model, rng
        self.actions = tuple(a for a in actions if not a.finite)
        stated = hidden_groups(actions)
        self.groups = commuting(stated, (*model.input_axes, *model.output_axes))
        self.inputs_map, self.outputs_map, self.order = inputs, outputs, common_order(inputs, outputs)
        self.every_group = self.order is not None and self.groups == stated
        self._kernels: dict[object, Array] = {}
        q = self.order or 1
        self.p = random_prime(PRIME_BITS, rng)
        while self.p % q != 1 and q > 1:
            self.p = random_prime(PRIME_BITS, rng)
        self.field = OverField(model, inputs, outputs, self.p, rng)
        self.ring = self.field.ring
        self.root = _primitive_root_of_unity(q, self.p)
        self.samples = self.field.inputs(math.ceil(enough / model.outputs) + EXTRA_SAMPLES)
        self.orbit = self._orbit(self.field.weights())
        if self.order is None:
            self._check_over_q()

    def search(self) -> Iterator[tuple[LayerClass, ...]]:
        """Combinations of classes, one of each group, the trivial one first; at most `MAX_CLASSES` + 1."""
        choices = [list(islice(classes(g, self.order), MAX_CLASSES + 1)) for g in self.groups]
        for found in choices:
            if found[0].group.linear:  # hidden units that move like the inputs first: they keep most of them
                found[1:] = sorted(found[1:], key=self._distance_from_inputs)
        return islice(_diagonal(choices), MAX_CLASSES + 1)

    def _distance_from_inputs(self, c: LayerClass) -> Fraction:
        """How far the shares of the angles in a representation are from those in T."""
        q = self.order or 1
        count = {k: Fraction(sum(kind == k for _, kind in c.parts), c.group.size) for k in range(q // 2 + 1)}
        share = {k: Fraction(self.inputs_map.multiplicity(q // math.gcd(k, q)), self.inputs_map.size) for k in count}
        return sum((abs(count[k] - share[k]) for k in count), Fraction(0))

    def basis(self, chosen: tuple[LayerClass, ...]) -> list[Array]:
        """A basis of L_g in each block, as columns."""
        return [self._block_kernel(b, tuple(c for c in chosen if b.name in c.group.blocks())) for b in self.model.blocks]

    def generic(self, basis: list[Array]) -> Array:
        """A random point of the space over F_p, shape (N,)."""
        parts = [self.ring.matmul(k, self.ring.random((k.shape[1], 1), self.rng))[:, 0] for k in basis]
        return np.concatenate(parts)

    def is_subnetwork(self, weights: Array, chosen: tuple[LayerClass, ...]) -> bool:
        """Whether the weights have a smaller orbit than generic ones, or a neuron without input or output, or two neurons whose inputs
        are equal (proportional, where neurons can be rescaled)."""
        blocks = self.model.unflatten(weights)
        for c in chosen:
            if not c.group.linear and _degenerate(c.group, blocks, self.p):
                return True
        return self._orbit(weights) < self.orbit

    def component(self, chosen: tuple[LayerClass, ...], basis: list[Array], weights: Array, subnetwork: bool) -> Component:
        """The ranks at ``weights``, a point of the space, and the check that f_w(T x) = S f_w(x) there.

        Raises `VerificationError` where the check fails, which would be a mistake of this library.
        """
        self.check(weights)
        space = sum(k.shape[1] for k in basis)
        functions, whole = self._ranks(basis, weights)
        fields = field_matrix(self.model, self.actions, weights, self.p)
        columns = self._assembled(basis)
        swept = rank(np.vstack([columns.T, fields]), self.p)
        return Component(chosen, space, swept, functions, whole, subnetwork)

    def check(self, weights: Array) -> None:
        """Hold f_w(T x) against S f_w(x) at random inputs."""
        if not self.field.is_equivariant(weights, self.samples):
            raise VerificationError(f"weights of {self.model.name} that should be equivariant are not; please report this as a bug")

    def _orbit(self, weights: Array) -> int:
        return rank(field_matrix(self.model, self.actions, weights, self.p), self.p) if self.actions else 0

    def _assembled(self, basis: list[Array]) -> Array:
        out, at = np.zeros((self.model.parameters, sum(k.shape[1] for k in basis))), 0
        for block, k in zip(self.model.blocks, basis, strict=True):
            out[block.start : block.start + block.size, at : at + k.shape[1]] = k
            at += k.shape[1]
        return out

    def _ranks(self, basis: list[Array], weights: Array) -> tuple[int, int]:
        """Rank of J on the space and on all weights; more inputs are taken until one more adds to neither."""
        outputs = self.model.outputs
        while True:
            j = jacobian_rows(self.model, self.ring, weights, self.samples, self.field.coefficients)
            parts = [
                self.ring.matmul(np.ascontiguousarray(j[:, b.start : b.start + b.size]), k)
                for b, k in zip(self.model.blocks, basis, strict=True)
            ]
            inside = np.concatenate(parts, axis=1)
            found = rank(inside, self.p), rank(j, self.p)
            fewer = rank(inside[:-outputs], self.p), rank(j[:-outputs], self.p)
            if fewer == found or len(self.samples) > self.model.parameters + EXTRA_SAMPLES:
                return found
            self.samples = np.concatenate([self.samples, self.field.inputs(len(self.samples))])

    def _block_kernel(self, block: Block, chosen: tuple[LayerClass, ...]) -> Array:
        key = (block.name, tuple((c.group.name, c.parts) for c in chosen))
        if key not in self._kernels:
            turned = [*self.field.turned, *(f for c in chosen for f in c.factors(self.p, self.root))]
            difference = self._operator(block, self.field.moved) - self._operator(block, turned)
            self._kernels[key] = kernel(reduce_mod(difference, self.p), self.p)
        return self._kernels[key]

    def _operator(self, block: Block, factors: BlockMap) -> Array:
        """The factors that touch the block as one matrix of its entries."""
        along: dict[int, Array] = {}
        scale = np.ones((1, 1))
        for name, axis, matrix in factors:
            if name != block.name:
                continue
            if axis is None:
                scale = self.ring.multiply(scale, matrix)
            else:
                along[axis] = self.ring.matmul(matrix, along[axis]) if axis in along else matrix
        out = scale
        for axis, size in enumerate(block.shape):
            out = reduce_mod(np.kron(out, along.get(axis, np.eye(size))), self.p)
        return out

    def _check_over_q(self) -> None:
        """For g = 1: the kernel mod p must be as large as that over Q, which is computed too. Raises `DivisionByZeroError` if not."""
        t, s = self.inputs_map.matrix.transpose(), self.outputs_map.matrix
        for block in self.model.blocks:
            places = {axis: t for name, axis in self.model.input_axes if name == block.name}
            outs = {axis: s for name, axis in self.model.output_axes if name == block.name}
            if not places and not outs:
                continue
            if block.size > _MAX_RATIONAL_BLOCK:
                raise ResourceError(
                    f"{self.model.name} has a layer of {block.size} weights; for a map of no finite order at most "
                    f"{_MAX_RATIONAL_BLOCK} are treated, over the rational numbers"
                )
            exact = _rational(block, places) - _rational(block, outs)
            if block.size - exact.rank() != self._block_kernel(block, ()).shape[1]:
                raise DivisionByZeroError(f"the prime {self.p} divides a minor of the linear system; another is needed")


def _diagonal(choices: list[list[LayerClass]]) -> Iterator[tuple[LayerClass, ...]]:
    """All combinations of one choice each, by the sum of their positions, so that no layer is stuck with its first ones."""

    def with_sum(at: int, total: int) -> Iterator[tuple[LayerClass, ...]]:
        if at == len(choices):
            if total == 0:
                yield ()
            return
        for k in range(max(0, total - sum(len(c) - 1 for c in choices[at + 1 :])), min(total, len(choices[at]) - 1) + 1):
            for rest in with_sum(at + 1, total - k):
                yield (choices[at][k], *rest)

    for total in range(sum(len(c) - 1 for c in choices) + 1):
        yield from with_sum(0, total)


def _degenerate(group: HiddenGroup, blocks: dict[str, Array], p: int) -> bool:
    matrices = [(b, a) for (b, a), _ in group.weights if a is not None and blocks[b].ndim > 1]
    for name, axis in matrices:
        if not np.all(np.any(_slices(blocks[name], axis), axis=1)):
            return True
    if not group.exchanges:
        return False
    incoming = np.concatenate([_slices(blocks[b], a) for b, a in group.incoming()], axis=1)
    if group.signs:  # proportional rows become equal when scaled to a first entry of 1
        first = incoming[np.arange(len(incoming)), np.argmax(incoming != 0, axis=1)]
        if not np.all(first):
            return True
        inverse = np.array([pow(int(v) % p, -1, p) for v in first], dtype=np.float64)
        incoming = reduce_mod(incoming * reduce_mod(inverse, p)[:, None], p)
    return len(np.unique(incoming, axis=0)) < len(incoming)


def _slices(block: Array, axis: int) -> Array:
    return np.moveaxis(block, axis, 0).reshape(block.shape[axis], -1)


def _rational(block: Block, along: dict[int, flint.fmpq_mat]) -> flint.fmpq_mat:
    """The Kronecker product of the matrices along the axes of a block, over Q."""
    out = [[flint.fmpq(1)]]
    for axis, size in enumerate(block.shape):
        factor = along.get(axis)
        here = [[factor[i, k] if factor is not None else flint.fmpq(int(i == k)) for k in range(size)] for i in range(size)]
        out = [[a * b for a in left for b in right] for left in out for right in here]
    return flint.fmpq_mat(len(out), len(out), [v for row in out for v in row])


def _primitive_root_of_unity(q: int, p: int) -> int:
    """An element of F_p of order exactly q, a divisor of p - 1."""
    if q == 1:
        return 1
    divisors = [d for d in range(1, q) if q % d == 0]
    return next(r for a in range(2, p) if all(pow(r := pow(a, (p - 1) // q, p), d, p) != 1 for d in divisors))
