"""A named piece of weight space, given as the image of a polynomial map, and what can be asked of it exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import numpy as np

from neurovariety.dictionary.trial import Point
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

Sizes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class WeightStratum:
    """The weights ``embed(s)`` of ``model``: an irreducible piece of its weight space R^N, the image of a polynomial map of R^s.

    ``name`` says which weights; ``kind`` is one of "inactive" (a neuron, channel or head with nothing going in or out), "incoming
    zero", "outgoing zero", "redundant" (neurons that are multiples of each other), "rank", "rank-one attention", "equal heads",
    "equal values", "padding", "shared root", "zero", and "mixed" where several meet. ``parameters`` is s. ``embed`` uses + - * on
    entries alone: it takes arrays of floats, and object arrays of ints, Fractions or any other commutative ring.

    ``small`` is a smaller model with these functions, None for the zero function. ``sizes`` says which functions: those over one
    stratum are limits of those over another if a tuple in the first is nowhere above a tuple in the second; it is empty for
    strata that are no smaller networks. ``copies`` is the number of strata that permutations of neurons, channels or heads make of
    this one.
    """

    name: str
    kind: str
    model: Model
    parameters: int
    embed: Callable[[Array], Array]
    small: Model | None
    sizes: Sizes = ()
    copies: int = 1

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

    def tangent(self, s: Array, p: int) -> Array:
        """The derivative of ``embed`` at integers ``s`` mod ``p``: residues in 0..p-1, shape (N, parameters)."""
        out = np.zeros((self.model.parameters, self.parameters))
        for k in range(self.parameters):
            dual = np.empty(self.parameters, dtype=object)
            for i, v in enumerate(s):  # polynomials in e: their coefficient of e is the derivative along parameter k
                dual[i] = flint.nmod_poly([int(v) % p, int(i == k)], p)
            for j, value in enumerate(self.embed(dual)):
                if isinstance(value, flint.nmod_poly):
                    out[j, k] = int(value[1])
        return out

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


def free_places(model: Model, gone: list[Array]) -> Array:
    """Flat places of the weights that are in none of the arrays ``gone`` of places."""
    left = np.ones(model.parameters, dtype=bool)
    for places in gone:
        left[places] = False
    return np.flatnonzero(left)


def own_model(name: str, model: Model, parameters: int, embed: Callable[[Array], Array]) -> Model:
    """The model s -> f_{embed(s)}."""
    import jax.numpy as jnp

    def function(tree: Any, x: Any, coefficients: Any) -> Any:
        entries = np.empty(parameters, dtype=object)
        for k in range(parameters):  # one scalar each: embed is plain arithmetic on an object array
            entries[k] = tree["s"][k]
        flat = jnp.stack([jnp.asarray(v, dtype=tree["s"].dtype) for v in embed(entries)])
        leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
        return model.function(model.tree(leaves), x, coefficients)

    return Model(
        name=f"{model.name} with {name}",
        function=function,
        shapes={"s": (parameters,)},
        input_shape=model.input_shape,
        coefficients=model.coefficients,
    )
