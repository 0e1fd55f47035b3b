"""Strata of neurons and channels: inactive ones, redundant ones, layers of lower rank.

In a layer of d units some have zero incoming weights, some zero outgoing ones, and the others fall into h groups of units that are
multiples of each other: the network is then one of width h. What counts as a multiple depends on the activation s: equal rows always;
proportional ones if s(c x) is a multiple of s(x) for all c (a monomial, or with biases a shifted power); opposite ones if s is even
or odd.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import factorial, prod
from typing import Any

import numpy as np

from neurovariety.architectures import CNN, MLP
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.shifted_power import shifted_power
from neurovariety.geometry.strata.layers import defined_at_zero, lower_ranks, silent_layers, vanishes, zeroed
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.image import Layers
from neurovariety.model import Model
from neurovariety.rings.ring import Array


@dataclass(frozen=True)
class _Layer:
    """Hidden units of one layer: flat places of the incoming and outgoing weights and of the bias of each, and what s allows."""

    incoming: tuple[Array, ...]
    outgoing: tuple[Array, ...]
    bias: tuple[int, ...]
    multiples: str
    """How redundant units are related: "equal", "proportional", or "opposite" (equal up to sign)."""
    shift: Fraction
    """s is a multiple of (x + shift)^r plus a constant, where multiples are proportional."""
    zero_is_inactive: bool
    defined_at_zero: bool

    @property
    def units(self) -> int:
        return len(self.incoming)


@dataclass(frozen=True)
class _Choice:
    """What becomes of the units of a layer: so many with zero incoming, outgoing, or all weights; groups of multiples; signs."""

    incoming: int = 0
    outgoing: int = 0
    both: int = 0
    groups: tuple[int, ...] = ()
    opposite: bool = False

    @property
    def left(self) -> int:
        """Units of the smaller network."""
        return len(self.groups)

    @property
    def removed(self) -> int:
        return self.incoming + self.outgoing + self.both + sum(self.groups) - len(self.groups)

    @property
    def kinds(self) -> set[str]:
        found = {"incoming zero": self.incoming, "outgoing zero": self.outgoing, "inactive": self.both}
        kinds = {kind for kind, count in found.items() if count}
        return kinds | ({"redundant"} if any(g > 1 for g in self.groups) else set())

    @property
    def copies(self) -> int:
        """Arrangements of the units with the same shape."""
        total = self.incoming + self.outgoing + self.both + sum(self.groups)
        alike = prod(factorial(n) for n in Counter(self.groups).values()) * prod(factorial(g) for g in self.groups)
        signs = prod(g for g in self.groups if g > 2) if self.opposite else 1  # which of the group is the opposite one
        return factorial(total) // (alike * factorial(self.incoming) * factorial(self.outgoing) * factorial(self.both)) * signs


def neuron_strata(model: Model, mlp: MLP, most: int) -> list[WeightStratum]:
    """Strata of a multilayer perceptron: fewer neurons, layers of lower rank, and no function or only constants."""
    made = model.parametrization
    assert isinstance(made, Layers)
    weights, biases = list(made.weights), list(made.biases)
    layers = [_layer(model, weights, biases, l, a, mlp.bias) for l, a in enumerate(mlp.activations)]

    def smaller(widths: tuple[int, ...]) -> Model:
        return MLP((mlp.widths[0], *widths, mlp.widths[-1]), mlp.activations, mlp.bias).model

    others = [*lower_ranks(model, mlp, weights)[: most // 3], *silent_layers(model, mlp, weights)[: most // 3]]
    return [*_unit_strata(model, layers, smaller, mlp.widths, most - len(others), "neuron"), *others]


def channel_strata(model: Model, cnn: CNN, most: int) -> list[WeightStratum]:
    """Strata of a convolutional network of several channels: fewer channels, and the zero function."""
    names = [b.name for b in model.blocks]
    layers = [_layer(model, names, [], l, a, False) for l, a in enumerate(cnn.activations)]

    def smaller(channels: tuple[int, ...]) -> Model:
        inner = (cnn.channels[0], *channels, cnn.channels[-1])
        return CNN(cnn.filters, cnn.activations, cnn.strides, inner, cnn.size).model

    return [*_unit_strata(model, layers, smaller, cnn.channels, most - 1, "channel"), zeroed(model, names[-1], len(names))]


def _layer(model: Model, weights: list[str], biases: list[str], l: int, s: Activation, bias: bool) -> _Layer:
    own, following = model.places[weights[l]], model.places[weights[l + 1]]
    multiples, shift = "equal", Fraction(0)
    if bias and shifted_power(s) is not None and not s.is_generic:
        multiples, shift = "proportional", _shift(s)
    elif not bias and s.homogeneity is not None:
        multiples = "proportional"
    elif s.is_polynomial and len({e % 2 for e, _ in s.terms if e or not bias}) == 1:
        multiples = "opposite"
    return _Layer(
        tuple(own[i].reshape(-1) for i in range(own.shape[0])),
        tuple(following[:, i].reshape(-1) for i in range(own.shape[0])),
        tuple(int(p) for p in model.places[biases[l]]) if bias else (),
        multiples,
        shift,
        vanishes(s) or (bias and defined_at_zero(s)),
        defined_at_zero(s),
    )


def _shift(s: Activation) -> Fraction:
    """The u of s(x) = c (x + u)^r + k."""
    terms = dict(s.terms)
    top, second = terms[s.degree], terms.get(s.degree - 1, Fraction(0))
    return Fraction(0) if top is None or second is None else Fraction(second) / (s.degree * top)


def _choices(layer: _Layer, most: int) -> list[_Choice]:
    """Smaller shapes of a layer with at least one unit left, from large to small, about ``most``; the full layer first."""
    out = [_Choice(groups=(1,) * layer.units)]
    for left in range(layer.units - 1, 0, -1):
        if len(out) > most:
            break
        if layer.defined_at_zero:
            out.append(_Choice(both=layer.units - left, groups=(1,) * left))
        for used in range(left, layer.units + 1):
            for a in range(layer.units - used, -1, -1):
                if a and not layer.zero_is_inactive:
                    continue
                for groups in _partitions(used, left):
                    out.append(_Choice(a, layer.units - used - a, 0, groups))
                    if layer.multiples == "opposite" and groups[0] > 1:
                        out.append(_Choice(a, layer.units - used - a, 0, groups, True))
    return out


def _partitions(n: int, parts: int, largest: int | None = None) -> Iterator[tuple[int, ...]]:
    """n as a descending sum of ``parts`` positive numbers."""
    if parts == 0:
        if n == 0:
            yield ()
        return
    for first in range(min(n - parts + 1, largest or n), 0, -1):
        for rest in _partitions(n - first, parts - 1, first):
            yield (first, *rest)


def _unit_strata(
    model: Model, layers: list[_Layer], smaller: Any, widths: tuple[int, ...], most: int, noun: str
) -> list[WeightStratum]:
    """One stratum for each combination of choices in the layers, with few units removed first, at most ``most``."""
    options = [_choices(layer, most) for layer in layers]
    if prod(map(len, options)) > 50 * most:  # only one or two units fewer a layer: the rest would not be listed anyway
        options = [[c for c in o if c.removed <= 1] or o[:1] for o in options]
    if prod(map(len, options)) > 50 * most:
        one = [tuple(c if i == k else o[0] for i, o in enumerate(options)) for k, o in enumerate(options) for c in o[1:]]
    else:
        one = [c for c in product(*options) if any(x.removed for x in c)]
    one.sort(key=lambda c: (sum(x.removed for x in c), sum(bool(x.removed) for x in c)))
    return [_stratum(model, layers, chosen, smaller, widths, noun) for chosen in one[:most]]


@dataclass(frozen=True)
class _Multiple:
    """Incoming weights that are ``sign`` (1 + m e) times others, the bias n e more; e the parameter at ``scalar``, none where < 0."""

    source: Array
    target: Array
    sign: int
    scalar: int
    m: int
    n: int


def _stratum(
    model: Model, layers: list[_Layer], chosen: tuple[_Choice, ...], smaller: Any, widths: tuple[int, ...], noun: str
) -> WeightStratum:
    zero: set[int] = set()
    multiples: list[_Multiple] = []
    words: list[str] = []
    for l, (layer, choice) in enumerate(zip(layers, chosen, strict=True), start=1):
        where = f" of layer {l}" if len(layers) > 1 else ""
        at = layer.units  # the last units lose their weights
        for count, what in (
            (choice.both, "dead"),
            (choice.outgoing, "with outgoing weights 0"),
            (choice.incoming, "with incoming weights 0"),
        ):
            gone = range(at - count, at)
            for i in gone:
                zero |= set(layer.incoming[i].tolist()) if what != "with outgoing weights 0" else set()
                zero |= set(layer.outgoing[i].tolist()) if what != "with incoming weights 0" else set()
                zero |= {layer.bias[i]} if what == "dead" and layer.bias else set()
            words += [f"{_listed(noun, gone)}{where} {what}"] if count else []
            at -= count
        first = 0
        for g in choice.groups:
            for j in range(first + 1, first + g):
                flipped = choice.opposite and j == first + g - 1
                multiples.append(_multiple(layer, first, j, flipped, sum(m.scalar >= 0 for m in multiples)))
            how = layer.multiples if layer.multiples == "proportional" else "equal up to sign" if choice.opposite else "equal"
            words += [f"{_listed(noun, range(first, first + g))}{where} {how}"] if g > 1 else []
            first += g
    hidden = tuple(c.left for c in chosen)
    small = smaller(hidden)
    parameters, embed = _embedding(model, zero, multiples, small)
    kinds = set().union(*(c.kinds for c in chosen))
    inner = (widths[0], *hidden, widths[-1])
    constant = any(c.incoming and layer.bias for c, layer in zip(chosen, layers, strict=True))
    return WeightStratum(
        name=", ".join(words),
        kind=kinds.pop() if len(kinds) == 1 else "mixed",
        model=model,
        parameters=parameters,
        embed=embed,
        small=small,
        sizes=((*hidden, *(min(pair) for pair in pairwise(inner))),),
        copies=prod(c.copies for c in chosen),
        free=None if multiples or constant else parameters - small.parameters,
    )


def _multiple(layer: _Layer, i: int, j: int, flipped: bool, scalars: int) -> _Multiple:
    bias = ([layer.bias[i]], [layer.bias[j]]) if layer.bias else ([], [])
    source = np.concatenate([layer.incoming[i], np.array(bias[0], dtype=np.int64)])
    target = np.concatenate([layer.incoming[j], np.array(bias[1], dtype=np.int64)])
    proportional = layer.multiples == "proportional"
    u = layer.shift if proportional and layer.bias else Fraction(0)
    return _Multiple(source, target, -1 if flipped else 1, scalars if proportional else -1, u.denominator, u.numerator)


def _embedding(model: Model, zero: set[int], multiples: list[_Multiple], small: Model) -> tuple[int, Any]:
    """The free weights first, those of the smaller network (the first units of each layer) before others, then the scalars."""
    bound = {int(t) for m in multiples for t in m.target}
    corner = np.zeros(0, dtype=np.int64)
    if not multiples:
        # A block of the smaller network is a corner of the block in the same place.
        pairs = zip(model.blocks, small.blocks, strict=True)
        corner = np.concatenate([model.places[a.name][tuple(slice(n) for n in b.shape)].reshape(-1) for a, b in pairs])
    taken = zero | bound | set(corner.tolist())
    free = np.concatenate([corner, np.array([i for i in range(model.parameters) if i not in taken], dtype=np.int64)])
    scalars = sum(m.scalar >= 0 for m in multiples)

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s[: len(free)]
        for m in multiples:
            row = out[m.source] * m.sign
            if m.scalar >= 0:
                e = s[len(free) + m.scalar : len(free) + m.scalar + 1]
                row = row + row * (e * m.m)
                if m.n:
                    row[-1:] = row[-1:] + e * m.n
            out[m.target] = row
        return out

    return len(free) + scalars, embed


def _listed(noun: str, units: range) -> str:
    """``neuron 2``, ``neurons 1 and 2``, ``neurons 1, 2 and 3``."""
    names = [str(i + 1) for i in units]
    return f"{noun} {names[0]}" if len(names) == 1 else f"{noun}s {', '.join(names[:-1])} and {names[-1]}"
