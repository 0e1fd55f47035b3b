"""Linear spaces of layerwise equivariant weights, w.T = g.(S.w), over a prime field with the roots of unity that g needs."""

from __future__ import annotations

import flint
import numpy as np

from neurovariety.certificates.elements_of_finite_order import LayerClass, primitive_root_of_unity
from neurovariety.errors import DivisionByZeroError, ResourceError
from neurovariety.geometry.equivariance.adjunction import BlockMap, OverField
from neurovariety.geometry.equivariance.layer_classes import commuting, hidden_groups
from neurovariety.geometry.equivariance.linear_map import LinearMap, pair_of
from neurovariety.geometry.exact.stated_symmetries import field_matrix
from neurovariety.linear_algebra import kernel, rank, reduce_mod
from neurovariety.model import Block, Model
from neurovariety.program.of_model import jacobian_rows
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction

_MAX_RATIONAL_BLOCK = 300


class EquivariantSpaces:
    """The spaces L_g of one model for the maps T and S of common order q, over the field of p elements, p = 1 mod q.

    ``actions`` are the proved symmetries, ``groups`` the same as factors of a group, each on axes of its own (``every_group``: none was
    left out for sharing one, and the order is finite). Raises `DivisionByZeroError` for an unlucky prime, `ResourceError` for large
    layers and maps of no finite order.
    """

    def __init__(
        self,
        model: Model,
        actions: tuple[AxisAction, ...],
        inputs: LinearMap,
        outputs: LinearMap,
        p: int,
        rng: np.random.Generator,
    ) -> None:
        self.model, self.rng, self.p = model, rng, p
        self.actions = tuple(a for a in actions if not a.finite)
        stated = hidden_groups(actions)
        self.groups = commuting(stated, (*model.input_axes, *model.output_axes))
        self.inputs_map, self.outputs_map, self.order = inputs, outputs, pair_of(inputs, outputs).order
        self.every_group = self.order is not None and self.groups == stated
        self._kernels: dict[object, Array] = {}
        self.field = OverField(model, inputs, outputs, p, rng)
        self.ring = self.field.ring
        self.root = primitive_root_of_unity(self.order or 1, p)
        if self.order is None:
            self._check_over_q()

    def basis(self, chosen: tuple[LayerClass, ...]) -> list[Array]:
        """A basis of L_g in each block, as columns."""
        return [self._block_kernel(b, tuple(c for c in chosen if b.name in c.group.blocks())) for b in self.model.blocks]

    def holds(self, chosen: tuple[LayerClass, ...], weights: Array) -> bool:
        """Whether the weights are in L_g: w.T = g.(S.w)."""
        turned = [*self.field.turned, *self._of_group(chosen)]
        first, second = (np.mod(self.field.applied(f, weights), self.p) for f in (self.field.moved, turned))
        return np.array_equal(first, second)

    def _of_group(self, chosen: tuple[LayerClass, ...]) -> BlockMap:
        factors = (f for c in chosen for f in c.factors(self.p, self.root))
        return [(block, axis, reduce_mod(matrix.astype(np.float64), self.p)) for block, axis, matrix in factors]

    def ranks(self, basis: list[Array], weights: Array, inputs: Array) -> tuple[int, int, int, int]:
        """Rank of J on the space and on all weights, and both with an input less."""
        j = jacobian_rows(self.model, self.ring, weights, inputs, self.field.coefficients)
        parts = [
            self.ring.matmul(np.ascontiguousarray(j[:, b.start : b.start + b.size]), k)
            for b, k in zip(self.model.blocks, basis, strict=True)
        ]
        inside = np.concatenate(parts, axis=1)
        less = slice(None, -self.model.outputs)
        return rank(inside, self.p), rank(j, self.p), rank(inside[less], self.p), rank(j[less], self.p)

    def swept(self, basis: list[Array], weights: Array) -> int:
        """The dimension of the space and the directions of the group together."""
        columns, at = np.zeros((self.model.parameters, sum(k.shape[1] for k in basis))), 0
        for block, k in zip(self.model.blocks, basis, strict=True):
            columns[block.start : block.start + block.size, at : at + k.shape[1]] = k
            at += k.shape[1]
        return rank(np.vstack([columns.T, field_matrix(self.model, self.actions, weights, self.p)]), self.p)

    def _block_kernel(self, block: Block, chosen: tuple[LayerClass, ...]) -> Array:
        key = (block.name, tuple((c.group.name, c.parts) for c in chosen))
        if key not in self._kernels:
            turned = [*self.field.turned, *self._of_group(chosen)]
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


def _rational(block: Block, along: dict[int, flint.fmpq_mat]) -> flint.fmpq_mat:
    """The Kronecker product of the matrices along the axes of a block, over Q."""
    out = [[flint.fmpq(1)]]
    for axis, size in enumerate(block.shape):
        factor = along.get(axis)
        here = [[factor[i, k] if factor is not None else flint.fmpq(int(i == k)) for k in range(size)] for i in range(size)]
        out = [[a * b for a in left for b in right] for left in out for right in here]
    return flint.fmpq_mat(len(out), len(out), [v for row in out for v in row])
