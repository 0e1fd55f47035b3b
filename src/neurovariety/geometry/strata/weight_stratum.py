"""A named piece of weight space, given as the image of a polynomial map, and what can be asked of it exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, SupportsInt

import numpy as np

from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.strata.rank_profiles import RankProfile
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

Embedding = Callable[[Array], Array]
"""A polynomial map of parameters s to weights."""

Sizes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class WeightStratum:
    """The weights ``embed(s)`` of ``model``: an irreducible piece of its weight space R^N, the image of a polynomial map of R^s.

    ``name`` says which weights; ``kind`` is one of "inactive" (a neuron, channel or head with nothing going in or out), "incoming
    zero", "outgoing zero", "redundant" (neurons that are multiples of each other), "rank", "rank-one attention", "equal heads",
    "equal values", "zero factor", "padding", "shared root", "zero", and "mixed" where several meet. ``parameters`` is s. ``embed``
    uses + - * on entries alone: it takes arrays of floats, and object arrays of ints, Fractions or any other commutative ring.

    ``small`` is a smaller model with these functions, None for the zero function. ``sizes`` says which functions: those over one
    stratum are limits of those over another if a tuple in the first is nowhere above a tuple in the second; it is empty for
    strata that are no smaller networks. ``copies`` is the number of strata that permutations of neurons, channels or heads make of
    this one. Where ``free`` is not None the last so many parameters change no function: the others are the weights of the smaller
    model, in the same order for all strata with the same ``sizes``.
    """

    name: str
    kind: str
    model: Model
    parameters: int
    embed: Embedding
    small: Model | None
    sizes: Sizes = ()
    copies: int = 1
    free: int | None = None
    profile: RankProfile | None = None
    """The ranks of partial products, for a stratum of a linear network."""

    @property
    def is_subnetwork(self) -> bool:
        """Whether the functions over the stratum are those of a smaller network (the zero function among them)."""
        return self.small is None or bool(self.sizes)

    def within(self, other: WeightStratum) -> bool:
        """Whether sizes show that the functions over this stratum are limits of those over ``other``."""
        if self.small is None:
            return True
        return any(len(a) == len(b) and all(x <= y for x, y in zip(a, b, strict=True)) for a in self.sizes for b in other.sizes)

    def at(self, s: Array, p: int) -> Array:
        """The weights mod ``p`` at integers ``s`` of shape (parameters,): centred float64 residues of shape (N,)."""
        field = FiniteField(p)
        found = self.embed(np.array([int(v) for v in s], dtype=object))
        return np.array([field.scalar(Fraction(v)) for v in found]).reshape(self.model.parameters)

    def exact_weights(self, s: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The weights at rational parameters ``s``."""
        entries = np.empty(self.parameters, dtype=object)
        entries[:] = list(s)
        return tuple(Fraction(v) for v in self.embed(entries))

    def tangent(self, s: Array, p: int) -> Array:
        """The derivative of ``embed`` at integers ``s`` mod ``p`` of at most 53 bits: residues in 0..p-1, shape (N, parameters)."""
        dual = np.empty(self.parameters, dtype=object)
        for i, v in enumerate(s):
            slope = np.zeros(self.parameters, dtype=np.int64 if p < 2**31 else object)  # int64 holds products of small residues
            slope[i] = 1
            dual[i] = _Dual(int(v) % p, slope, p)
        out = np.zeros((self.model.parameters, self.parameters))
        for j, value in enumerate(self.embed(dual)):
            if isinstance(value, _Dual):
                out[j] = value.slope
        return out

    @cached_property
    def size(self) -> tuple[float, float]:
        """Bounds for the degree of ``embed`` and for log2 of the sum of the absolute values of its coefficients."""
        one = np.empty(self.parameters, dtype=object)
        for i in range(self.parameters):
            one[i] = _Size(1, 1)
        found = [_Size.of(v) for v in self.embed(one)]
        return float(max((v.degree for v in found), default=0)), math.log2(max([v.norm for v in found] + [1]))

    def draw(self, rng: np.random.Generator, bits: int = PRIME_BITS) -> tuple[int, Array, Point]:
        """A random prime p, random parameters s mod p, and the point of weight space there."""
        p = random_prime(bits, rng)
        field = FiniteField(p)
        s = rng.integers(0, p, size=self.parameters)
        return p, s, Point(field, self.at(s, p), draw_coefficients(self.model, field, rng), rng)

    @cached_property
    def own_model(self) -> Model:
        """The functions over the stratum, as a model in the parameters s."""
        return own_model(self.name, self.model, self.parameters, self.embed)


@dataclass(frozen=True, eq=False)
class _Dual:
    """A number mod p with its derivatives by all parameters."""

    value: int
    slope: Array
    p: int

    def _of(self, value: _Dual | SupportsInt) -> _Dual:
        return value if isinstance(value, _Dual) else _Dual(int(value) % self.p, np.zeros_like(self.slope), self.p)

    def __add__(self, other: _Dual | SupportsInt) -> _Dual:
        b = self._of(other)
        return _Dual((self.value + b.value) % self.p, (self.slope + b.slope) % self.p, self.p)

    def __mul__(self, other: _Dual | SupportsInt) -> _Dual:
        if not isinstance(other, _Dual):
            n = int(other) % self.p
            return _Dual(self.value * n % self.p, self.slope * n % self.p, self.p)
        return _Dual(self.value * other.value % self.p, (self.slope * other.value + other.slope * self.value) % self.p, self.p)

    def __neg__(self) -> _Dual:
        return self * -1

    __radd__ = __add__
    __rmul__ = __mul__


@dataclass(frozen=True)
class _Size:
    """Bounds for the degree of a polynomial and for the sum of the absolute values of its coefficients."""

    degree: int
    norm: int

    @classmethod
    def of(cls, value: _Size | SupportsInt) -> _Size:
        return value if isinstance(value, _Size) else cls(0, abs(int(value)))

    def __add__(self, other: _Size | SupportsInt) -> _Size:
        b = _Size.of(other)
        return _Size(max(self.degree, b.degree), self.norm + b.norm)

    def __mul__(self, other: _Size | SupportsInt) -> _Size:
        b = _Size.of(other)
        return _Size(self.degree + b.degree, self.norm * b.norm) if self.norm and b.norm else _Size(0, 0)

    def __neg__(self) -> _Size:
        return self

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __mul__


def free_places(model: Model, gone: list[Array]) -> Array:
    """Flat places of the weights that are in none of the arrays ``gone`` of places."""
    left = np.ones(model.parameters, dtype=bool)
    for places in gone:
        left[places] = False
    return np.flatnonzero(left)


def own_model(name: str, model: Model, parameters: int, embed: Embedding) -> Model:
    """The model s -> f_{embed(s)}."""
    import jax.numpy as jnp

    def function(tree: Any, x: Any, coefficients: Any) -> Any:
        entries = np.empty(parameters, dtype=object)
        for k in range(parameters):  # one scalar each: embed is plain arithmetic on an object array
            entries[k] = tree["s"][k]
        flat = jnp.concatenate([jnp.asarray(v, dtype=tree["s"].dtype).reshape(1) for v in embed(entries)])
        leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
        return model.function(model.tree(leaves), x, coefficients)

    return Model(
        name=f"{model.name} with {name}",
        function=function,
        shapes={"s": (parameters,)},
        input_shape=model.input_shape,
        coefficients=model.coefficients,
    )
