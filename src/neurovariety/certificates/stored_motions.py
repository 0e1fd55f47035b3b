"""A stored program with linear maps of its inputs and outputs: what certificates on equivariant functions ask.

How such maps act on the weights, and elements of finite order of the group, are held against the program at two places, which the hash
of what is stored names, modulo primes of 61 bits. That a network is linear, of some widths, is taken on trust.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import isfinite, lcm, log2, prod

import flint
import numpy as np

from neurovariety.certificates.elements_of_finite_order import (
    BlockAction,
    HiddenGroup,
    LayerClass,
    is_class,
    primitive_root_of_unity,
)
from neurovariety.certificates.equivariant_bounds import PairOfMaps, Rows
from neurovariety.certificates.equivariant_functions import ComponentPlace, ComponentRanks, EquivariancePlace, Parts
from neurovariety.certificates.modular_runs import ModularRun, as_rows, field_rows
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.stored_strata import StoredStrata, fact_of
from neurovariety.certificates.vector_fields import rank_of_rows, residue
from neurovariety.certificates.zeros import NotShown

Axes = tuple[tuple[str, int], ...]
_MOST_DEGREE = 400
_LARGEST_BLOCK = 400
_PLACE_BITS = 61


@dataclass(frozen=True, eq=False)
class MotionFacts:
    """``blocks``: their names. ``sizes``: numbers of inputs and outputs, and how many lie along the first axis of each. Maps of
    these axes act on ``input_axes`` and ``output_axes``, as far as ``verified`` (inputs, outputs). ``groups`` act on axes of their own.
    ``layers``: widths of a linear network, and whether it has biases; None of other models."""

    blocks: tuple[str, ...]
    sizes: tuple[int, int, int, int]
    input_axes: Axes
    output_axes: Axes
    verified: tuple[bool, bool]
    groups: tuple[HiddenGroup, ...]
    layers: tuple[tuple[int, ...], bool] | None

    @cached_property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)


class StoredMotions(StoredStrata):
    """A program with ``facts``, among which those on maps of inputs and outputs may be."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """sha256 of what is stored."""

    @cached_property
    def _motion_facts(self) -> MotionFacts:
        found = fact_of(MotionFacts, self.facts, "how linear maps of inputs act on the weights is not stored")
        n, m, first, last = found.sizes
        whole = min(first, last) > 0 and (n % first, m % last) == (0, 0)
        axes = [*found.input_axes, *found.output_axes, *(place for g in found.groups for place, _ in g.weights)]
        shapes = dict(zip(found.blocks, self.blocks, strict=True))
        inside = all(b in shapes and (a is None or 0 <= a < len(shapes[b])) for b, a in axes)
        if (n, m) != (self.inputs, self.outputs) or not whole or not inside:
            raise NotShown("the axes are those of another model")
        return found

    @property
    def axes(self) -> tuple[int, int, int, int]:
        return self._motion_facts.sizes

    def linear_layers(self) -> tuple[tuple[int, ...], bool] | None:
        return self._motion_facts.layers

    def input_degrees(self) -> tuple[int, int] | None:
        d = self.bounds
        if d.below or not isfinite(d.inputs) or d.inputs > _MOST_DEGREE:
            return None
        return int(d.low), int(d.inputs)

    def zero_weights(self) -> int | None:
        known = self._motion_facts
        if self.bounds.below:
            return None
        killed = [known.output_axes] if known.output_axes and self._moves_outputs else []
        if self.bounds.low > 0 and known.input_axes and self._moves_inputs:
            killed.append(known.input_axes)
        shapes = dict(zip(known.blocks, self.blocks, strict=True))
        return max((self.parameters - sum(prod(shapes[b]) for b in {name for name, _ in axes}) for axes in killed), default=None)

    def moves(self, outputs: bool) -> bool:
        return self._moves_inputs and (not outputs or self._moves_outputs)

    @cached_property
    def _moves_inputs(self) -> bool:
        """Whether f_w(T x) = f_{w.T}(x) at two places, each with a T of its own."""
        known, first = self._motion_facts, self._motion_facts.sizes[2]
        if not known.verified[0] or not known.input_axes:
            return False
        for at in self._places("inputs"):
            t = at.matrix(first)
            moved = self._applied([(b, a, t.T) for b, a in known.input_axes], at.weights, at.p)
            if not np.array_equal(at.values(at.weights, _along(t, at.inputs, at.p)), at.values(moved, at.inputs)):
                return False
        return True

    @cached_property
    def _moves_outputs(self) -> bool:
        """Whether S f_w = f_{S.w} at two places, each with an S of its own."""
        known, last = self._motion_facts, self._motion_facts.sizes[3]
        if not known.verified[1] or not known.output_axes:
            return False
        for at in self._places("outputs"):
            s = at.matrix(last)
            moved = self._applied([(b, a, s) for b, a in known.output_axes], at.weights, at.p)
            if not np.array_equal(_along(s, at.values(at.weights, at.inputs), at.p), at.values(moved, at.inputs)):
                return False
        return True

    def _changes_nothing(self, chosen: tuple[LayerClass, ...], order: int) -> bool:
        """Whether the element of the group leaves the function as it is at two places."""
        for at in self._places(f"{[c.parts for c in chosen]}{order}", order):
            root = primitive_root_of_unity(order, at.p)
            moved = self._applied([f for c in chosen for f in c.factors(at.p, root)], at.weights, at.p)
            if not np.array_equal(at.values(at.weights, at.inputs), at.values(moved, at.inputs)):
                return False
        return True

    def _places(self, name: str, order: int = 1) -> Iterator[_RandomPlace]:
        for k in range(2):
            at = _RandomPlace(f"{self.digest} {name} {k}", self.parameters, self.inputs, order)
            general = [at.drawn() for c in self.coefficients if c is None]
            at.run, at.general = ModularRun(self.program, at.p), general
            yield at

    def _applied(self, factors: BlockAction, weights: np.ndarray, p: int) -> np.ndarray:
        """Weights (N, ...) after the factors, mod p."""
        known = self._motion_facts
        starts = np.cumsum([0, *(prod(shape) for shape in self.blocks)]).tolist()
        out = []
        for name, shape, (a, b) in zip(known.blocks, self.blocks, pairwise(starts), strict=True):
            block = weights[a:b].astype(object).reshape(*shape, *weights.shape[1:])
            for own, axis, matrix in factors:
                if own == name:
                    block = _on_axis(matrix, block, axis, p)
            out.append(block.reshape(b - a, *weights.shape[1:]))
        return np.concatenate(out)

    def component_words(self, maps: PairOfMaps, classes: Parts) -> list[str]:
        return [c.words for c in self._classes(maps, classes)]

    def _classes(self, maps: PairOfMaps, classes: Parts) -> tuple[LayerClass, ...]:
        groups, order = self._motion_facts.groups, maps.order or 1
        if len(groups) != len(classes) or not all(is_class(g, parts, order) for g, parts in zip(groups, classes, strict=True)):
            raise NotShown("these are no elements of that order of the stated groups")
        return tuple(LayerClass(g, parts, order) for g, parts in zip(groups, classes, strict=True))

    def component_taken(self, maps: PairOfMaps, place: ComponentPlace) -> ComponentRanks:
        chosen, p, order = self._classes(maps, place.classes), place.prime, maps.order or 1
        if not self.fields_hold or not self._changes_nothing(chosen, order):
            raise NotShown("a stated symmetry changes the functions")
        if place.weights.shape != (self.parameters,):
            raise NotShown("the place has another number of weights")
        w = ModularRun(self.program, p).residues(place.weights)
        moved, turned = self._two_sides(maps, chosen, p, primitive_root_of_unity(order, p))
        if not np.array_equal(self._applied(moved, w, p), self._applied(turned, w, p)):
            raise NotShown("the point does not follow the maps")
        columns = self._space(moved, turned, p, exactly=maps if maps.order is None else None)
        j = self.jacobian_at(p, w, place.inputs, place.coefficients).astype(object)
        fields = field_rows(self.fields, self.field_generators, w.tolist(), p)
        inside = rank_of_rows((j @ columns % p).tolist(), p) if columns.shape[1] else 0
        swept = rank_of_rows([*columns.T.tolist(), *fields], p)
        return ComponentRanks(columns.shape[1], swept, inside, rank_of_rows(j.tolist(), p))

    def _two_sides(self, maps: PairOfMaps, chosen: tuple[LayerClass, ...], p: int, root: int) -> tuple[BlockAction, BlockAction]:
        known, t, s = self._motion_facts, _modulo(maps.inputs, p), _modulo(maps.outputs, p)
        moved: BlockAction = [(b, a, t.T) for b, a in known.input_axes]
        turned: BlockAction = [] if maps.outputs_stay else [(b, a, s) for b, a in known.output_axes]
        return moved, [*turned, *(f for c in chosen for f in c.factors(p, root))]

    def _space(self, moved: BlockAction, turned: BlockAction, p: int, exactly: PairOfMaps | None) -> np.ndarray:
        """A basis of the weights that both sides move alike, as columns (N, dimension), block by block. Maps of no finite order
        (``exactly``) are held against the space over Q, which must not be smaller."""
        known, out, start = self._motion_facts, [], 0
        for name, shape in zip(known.blocks, self.blocks, strict=True):
            size = prod(shape)
            if size > _LARGEST_BLOCK:
                raise NotStored(f"a block of {size} weights is too large for the linear system to be solved anew here")
            one = np.zeros((self.parameters, size), dtype=object)
            one[start : start + size] = np.eye(size, dtype=np.int64)
            difference = (self._applied(moved, one, p) - self._applied(turned, one, p))[start : start + size] % p
            kernel, dimension = flint.nmod_mat(size, size, [int(v) for v in difference.reshape(-1)], p).nullspace()
            if exactly is not None and dimension != self._over_q(exactly, name, shape):
                raise NotShown("the prime divides a minor of the linear system")
            columns = np.zeros((self.parameters, int(dimension)), dtype=object)
            for i in range(size):
                for k in range(int(dimension)):
                    columns[start + i, k] = int(kernel[i, k])
            out.append(columns)
            start += size
        return np.concatenate(out, axis=1)

    def _over_q(self, maps: PairOfMaps, name: str, shape: tuple[int, ...]) -> int:
        """The dimension over Q of the entries of a block that T and S move alike."""
        known, size = self._motion_facts, prod(shape)
        t, s = (np.array([list(row) for row in rows], dtype=object) for rows in (maps.inputs, maps.outputs))
        one = np.array([[Fraction(int(i == k)) for k in range(size)] for i in range(size)], dtype=object).reshape(*shape, size)
        left, right = one, one
        for b, a in known.input_axes:
            left = _on_axis(t.T, left, a, None) if b == name else left
        for b, a in known.output_axes if not maps.outputs_stay else ():
            right = _on_axis(s, right, a, None) if b == name else right
        entries = [flint.fmpq(v.numerator, v.denominator) for v in (left - right).reshape(-1)]
        return size - int(flint.fmpq_mat(size, size, entries).rank())

    def is_equivariant(self, maps: PairOfMaps, place: EquivariancePlace) -> bool:
        p = place.prime
        run, general = ModularRun(self.program, p), self.general_at(place.coefficients, p)
        x = run.residues(as_rows(place.inputs))
        if x.shape[1] != self.inputs or place.weights.shape != (self.parameters,):
            raise NotShown("the place has another number of weights or inputs")
        there = run.values(place.weights, _along(_modulo(maps.inputs, p), x, p), general)
        return bool(np.array_equal(there, _along(_modulo(maps.outputs, p), run.values(place.weights, x, general), p)))

    def equivariance_error(self, maps: PairOfMaps, prime: int) -> float:
        d = self.bounds
        if prime.bit_length() != SMALL_BITS or d.below or not isfinite(d.inputs + d.weights + d.log_norm):
            return 1.0
        degree = d.inputs + d.weights
        height = d.log_norm + 1 + (degree + 1) * (_log_size(maps.inputs) + _log_size(maps.outputs))
        return min(1.0, degree / 2.0 ** (SMALL_BITS - 1) + height / (SMALL_BITS - 1) / primes_of(SMALL_BITS))


class _RandomPlace:
    """Weights and an input modulo a prime of 61 bits that is 1 modulo ``order``, all of which a text names."""

    run: ModularRun
    general: list[int]

    def __init__(self, text: str, parameters: int, inputs: int, order: int) -> None:
        self._text, self._count = text, 0
        self.p = 0
        low = 2 ** (_PLACE_BITS - 1)
        first = low + self._hash() % (low // 2)
        first += 1 - first % order
        self.p = next(n for n in range(first, 2 * low, order) if flint.fmpz(n).is_prime())
        self.weights = np.array([self.drawn() for _ in range(parameters)], dtype=object)
        self.inputs = np.array([[self.drawn() for _ in range(inputs)]], dtype=object).reshape(1, inputs)

    def _hash(self) -> int:
        self._count += 1
        return int.from_bytes(hashlib.sha256(f"{self._text} {self._count}".encode()).digest(), "big")

    def drawn(self) -> int:
        """The next residue."""
        return self._hash() % self.p

    def matrix(self, size: int) -> np.ndarray:
        """A square matrix of residues."""
        return np.array([[self.drawn() for _ in range(size)] for _ in range(size)], dtype=object)

    def values(self, weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """The outputs."""
        return self.run.values(weights, inputs, self.general)


def _modulo(rows: Rows, p: int) -> np.ndarray:
    return np.array([[residue(v, p) for v in row] for row in rows], dtype=object)


def _along(matrix: np.ndarray, batch: np.ndarray, p: int) -> np.ndarray:
    """The matrix on the first axis of each member of a batch, whose entries lie in a row."""
    flat = batch.astype(object).reshape(len(batch), len(matrix), -1)
    return np.stack([matrix.astype(object) @ member % p for member in flat]).reshape(batch.shape)


def _on_axis(matrix: np.ndarray, block: np.ndarray, axis: int | None, p: int | None) -> np.ndarray:
    if axis is None:
        found = block * matrix.reshape(())[()]
    else:
        if matrix.shape[1] != block.shape[axis]:
            raise NotShown("the maps are those of other inputs or outputs")
        found = np.moveaxis(np.tensordot(matrix.astype(object), block, axes=(1, axis)), 0, axis)
    return found if p is None else found % p


def _log_size(rows: Rows) -> float:
    common = lcm(*(v.denominator for row in rows for v in row))
    return log2(max(common, *(int(sum(map(abs, row), Fraction(0)) * common) for row in rows), 1))
