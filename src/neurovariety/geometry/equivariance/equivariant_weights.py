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

import numpy as np

from neurovariety.certificates.elements_of_finite_order import HiddenGroup, LayerClass
from neurovariety.certificates.equivariant_functions import ComponentPlace, ComponentRanks
from neurovariety.errors import ResourceError, VerificationError
from neurovariety.geometry.equivariance.equivariant_spaces import EquivariantSpaces
from neurovariety.geometry.equivariance.layer_classes import classes
from neurovariety.geometry.equivariance.linear_map import LinearMap, pair_of
from neurovariety.geometry.exact.stated_symmetries import field_matrix
from neurovariety.linear_algebra import random_prime, rank, reduce_mod
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

MAX_CLASSES = 5000
"""Combinations of classes, one a layer, after which the search stops and says so."""

_MAX_BLOCK = 1500
_MAX_PARAMETERS = 3000


@dataclass(frozen=True, eq=False)
class Component:
    """A combination of classes with the ``numbers`` at a ``place``, a generic point of the space L_g; ``subnetwork``: generic weights
    of it have an inactive or a redundant neuron."""

    classes: tuple[LayerClass, ...]
    numbers: ComponentRanks
    subnetwork: bool
    place: ComponentPlace

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


class EquivariantWeights(EquivariantSpaces):
    """Which spaces L_g there are, and ranks at random points of them, over a random prime field; ``enough`` is the dimension of the
    model."""

    def __init__(
        self,
        model: Model,
        actions: tuple[AxisAction, ...],
        inputs: LinearMap,
        outputs: LinearMap,
        enough: int,
        rng: np.random.Generator,
    ) -> None:
        q = pair_of(inputs, outputs).order or 1
        p = random_prime(PRIME_BITS, rng)
        while p % q != 1 and q > 1:
            p = random_prime(PRIME_BITS, rng)
        super().__init__(model, actions, inputs, outputs, p, rng)
        self.samples = self.field.inputs(math.ceil(enough / model.outputs) + EXTRA_SAMPLES)
        self.orbit = self._orbit(self.field.weights())

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
        functions, whole = self._ranks(basis, weights)
        numbers = ComponentRanks(sum(k.shape[1] for k in basis), self.swept(basis, weights), functions, whole)
        place = ComponentPlace(tuple(c.parts for c in chosen), self.p, weights, self.field.coefficients, self.samples)
        return Component(chosen, numbers, subnetwork, place)

    def check(self, weights: Array) -> None:
        """Hold f_w(T x) against S f_w(x) at random inputs."""
        if not self.field.is_equivariant(weights, self.samples):
            raise VerificationError(f"weights of {self.model.name} that should be equivariant are not; please report this as a bug")

    def _orbit(self, weights: Array) -> int:
        return rank(field_matrix(self.model, self.actions, weights, self.p), self.p) if self.actions else 0

    def _ranks(self, basis: list[Array], weights: Array) -> tuple[int, int]:
        """Rank of J on the space and on all weights; more inputs are taken until one more adds to neither."""
        while True:
            inside, whole, *fewer = self.ranks(basis, weights, self.samples)
            if fewer == [inside, whole] or len(self.samples) > self.model.parameters + EXTRA_SAMPLES:
                return inside, whole
            self.samples = np.concatenate([self.samples, self.field.inputs(len(self.samples))])


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
