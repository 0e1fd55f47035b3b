"""Strata of hidden units: dead ones, redundant ones, and linear ones whose weights have lower rank.

In a layer of d units some have zero incoming weights, some zero outgoing ones, and the others fall into h groups of units that are
multiples of each other: the network is then one with h units there. What counts as a multiple depends on the activation s: equal rows
always; proportional ones if s(c x) is a multiple of s(x) for all c (a monomial, or with biases a shifted power); opposite ones if s is
even or odd. Units without an activation are zero in some basis; where no matrix stands alone between two layers, whose rank can be
lowered, the strata are taken in all bases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, product
from math import factorial, prod

import numpy as np

from neurovariety.geometry.strata.layers import factored_layers
from neurovariety.geometry.strata.rank_strata import multiplied, unipotent, unipotent_inverse
from neurovariety.geometry.strata.weight_stratum import Embedding, WeightStratum, own_model
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.units import Axes, Multiples, Size, Units, size_of


@dataclass(frozen=True, eq=False)
class UnitPlaces:
    """Flat places of the weights of each unit of a layer: incoming, outgoing, biases, those that are its own whatever its scale.

    ``turned``: strata are taken in all bases of the units.
    """

    units: Units
    incoming: tuple[Array, ...]
    outgoing: tuple[Array, ...]
    bias: tuple[Array, ...]
    own: tuple[Array, ...]
    turned: bool


@dataclass(frozen=True)
class UnitChoice:
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


def unit_strata(model: Model, most: int) -> list[WeightStratum]:
    """One stratum for each combination of choices in the layers of `Units`, with few units removed first, at most ``most``."""
    ranked = bool(factored_layers(model)) or multiplied(model) is not None
    layers = [_unit_places(model, u, u.linear and not ranked) for u in model.units if isinstance(u, Units)]
    options = [_choices(layer, most) for layer in layers]
    if prod(map(len, options)) > 50 * most:  # only one or two units fewer a layer: the rest would not be listed anyway
        options = [[c for c in o if c.removed <= 1] or o[:1] for o in options]
    if prod(map(len, options)) > 50 * most:
        one = [tuple(c if i == k else o[0] for i, o in enumerate(options)) for k, o in enumerate(options) for c in o[1:]]
    else:
        one = [c for c in product(*options) if any(x.removed for x in c)]
    one.sort(key=lambda c: (sum(x.removed for x in c), sum(bool(x.removed) for x in c)))
    return [_stratum(model, layers, chosen) for chosen in one[:most]]


def _unit_places(model: Model, u: Units, turned: bool) -> UnitPlaces:
    def along(axes: Axes) -> tuple[Array, ...]:
        slices = [np.moveaxis(model.places[block], axis, 0).reshape(u.count, -1) for block, axis in axes]
        joined = np.concatenate([np.zeros((u.count, 0), dtype=np.int64), *slices], axis=1)
        return tuple(joined)

    return UnitPlaces(u, along(u.made), along((*u.looped, *u.read)), along(u.bias), along(u.own), turned)


def _choices(layer: UnitPlaces, most: int) -> list[UnitChoice]:
    """Smaller shapes of a layer with at least one unit left, from large to small, about ``most``; the full layer first."""
    count, absorbs = layer.units.count, layer.units.absorbs
    out = [UnitChoice(groups=(1,) * count)]
    for left in range(count - 1, 0, -1):
        if len(out) > most:
            break
        if absorbs.defined_at_zero:
            out.append(UnitChoice(both=count - left, groups=(1,) * left))
        for used in range(left, left + 1 if layer.turned else count + 1):
            for a in range(count - used, -1, -1):
                if a and not absorbs.zero_is_inactive:
                    continue
                for groups in _partitions(used, left):
                    out.append(UnitChoice(a, count - used - a, 0, groups))
                    if absorbs.multiples is Multiples.OPPOSITE and groups[0] > 1:
                        out.append(UnitChoice(a, count - used - a, 0, groups, True))
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


@dataclass(frozen=True, eq=False)
class _Multiple:
    """Weights that are ``sign`` (1 + m e) times others, the last one n e more; e the parameter at ``scalar``, none where < 0."""

    source: Array
    target: Array
    sign: int = 1
    scalar: int = -1
    m: int = 1
    n: int = 0


@dataclass(eq=False)
class _Plan:
    """What a stratum asks of the weights, and how it is called."""

    zero: set[int]
    multiples: list[_Multiple]
    words: list[str]


def _stratum(model: Model, layers: list[UnitPlaces], chosen: tuple[UnitChoice, ...]) -> WeightStratum:
    plan = _Plan(set(), [], [])
    for layer, choice in zip(layers, chosen, strict=True):
        _plan(plan, layer, choice, f" of {layer.units.label}" if len(layers) > 1 else "")
    hidden = tuple(c.left for c in chosen)
    name = ", ".join(plan.words)
    corner = _corner(model, layers, hidden)
    turned = [layer for layer, c in zip(layers, chosen, strict=True) if layer.turned and c.removed]
    parameters, embed = _embedding(model, plan, np.zeros(0, dtype=np.int64) if plan.multiples else corner, turned)
    given = iter(hidden)
    sizes: tuple[Size, ...] = tuple(next(given) if isinstance(u, Units) else size_of(u) for u in model.units)
    small = model.resized(sizes) if model.resized is not None else None
    kinds = set().union(*(c.kinds for c in chosen))
    constant = any(c.incoming and layer.units.bias for c, layer in zip(chosen, layers, strict=True))
    arrangements = (1 if layer.turned else c.copies for layer, c in zip(layers, chosen, strict=True))
    return WeightStratum(
        name=name,
        kind=kinds.pop() if len(kinds) == 1 else "mixed",
        model=model,
        parameters=parameters,
        embed=embed,
        small=small if small is not None else _corner_model(name, model, corner),
        sizes=((*hidden, *(min(b.shape) for b in factored_layers(small))),) if small is not None else (hidden,),
        copies=prod(arrangements),
        free=None if plan.multiples or constant else parameters - len(corner),
    )


def _plan(plan: _Plan, layer: UnitPlaces, choice: UnitChoice, where: str) -> None:
    """Add what the choice for one layer asks."""
    noun, multiples = layer.units.noun, layer.units.absorbs.multiples
    basis = ", in some basis" if layer.turned else ""
    at = layer.units.count  # the last units lose their weights
    for count, what, gone_in, gone_out in (
        (choice.both, "dead", True, True),
        (choice.outgoing, "with outgoing weights 0", False, True),
        (choice.incoming, "with incoming weights 0", True, False),
    ):
        gone = range(at - count, at)
        # Units of a recurrence that only read each other may do so.
        among = _all(layer.incoming, gone) & _all(layer.outgoing, gone) if what != "dead" else set()
        plan.zero |= (_all(layer.incoming, gone) if gone_in else set()) - among
        plan.zero |= (_all(layer.outgoing, gone) if gone_out else set()) - among
        for i in gone:
            plan.zero |= {*layer.bias[i].tolist(), *layer.own[i].tolist()} if what == "dead" else set()
        plan.words += [f"{_listed(noun, gone)}{where} {what}{basis}"] if count else []
        at -= count
    first = 0
    for g in choice.groups:
        for j in range(first + 1, first + g):
            flipped = choice.opposite and j == first + g - 1
            plan.multiples.append(_multiple(layer, first, j, flipped, sum(m.scalar >= 0 for m in plan.multiples)))
            if len(layer.own[j]):
                plan.multiples.append(_Multiple(layer.own[first], layer.own[j]))
        how = multiples if multiples is Multiples.PROPORTIONAL else "equal up to sign" if choice.opposite else "equal"
        plan.words += [f"{_listed(noun, range(first, first + g))}{where} {how}"] if g > 1 else []
        first += g


def _all(places: tuple[Array, ...], units: range) -> set[int]:
    return {int(p) for i in units for p in places[i]}


def _multiple(layer: UnitPlaces, i: int, j: int, flipped: bool, scalars: int) -> _Multiple:
    """Unit j as a multiple of unit i."""
    source, target = np.concatenate([layer.incoming[i], layer.bias[i]]), np.concatenate([layer.incoming[j], layer.bias[j]])
    absorbs = layer.units.absorbs
    if absorbs.multiples is not Multiples.PROPORTIONAL:
        return _Multiple(source, target, -1 if flipped else 1)
    u = absorbs.shift
    return _Multiple(source, target, scalar=scalars, m=u.denominator, n=u.numerator if layer.units.bias else 0)


def _corner(model: Model, layers: list[UnitPlaces], hidden: tuple[int, ...]) -> Array:
    """Places of the weights of the network of the first units of each layer, which are its own in the same order."""
    kept = np.ones(model.parameters, dtype=bool)
    for layer, left in zip(layers, hidden, strict=True):
        for gone in chain(layer.incoming[left:], layer.outgoing[left:], layer.bias[left:], layer.own[left:]):
            kept[gone] = False
    return np.flatnonzero(kept)


def _corner_model(name: str, model: Model, corner: Array) -> Model:
    """The network of the first units, where its family has no notation for it."""

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[corner] = s
        return out

    return own_model(name, model, len(corner), embed)


def _embedding(model: Model, plan: _Plan, corner: Array, turned: list[UnitPlaces]) -> tuple[int, Embedding]:
    """The free weights first, those of the smaller network (the first units of each layer) before others, then the scalars, then
    changes of basis."""
    bound = {int(t) for m in plan.multiples for t in m.target}
    taken = plan.zero | bound | set(corner.tolist())
    free = np.concatenate([corner, np.array([i for i in range(model.parameters) if i not in taken], dtype=np.int64)])
    scalars = len(free) + sum(m.scalar >= 0 for m in plan.multiples)
    entries = sum(layer.units.count * (layer.units.count - 1) for layer in turned)

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s[: len(free)]
        for m in plan.multiples:
            row = out[m.source] * m.sign
            if m.scalar >= 0:
                e = s[len(free) + m.scalar : len(free) + m.scalar + 1]
                row = row + row * (e * m.m)
                if m.n:
                    row[-1:] = row[-1:] + e * m.n
            out[m.target] = row
        at = scalars
        for layer in turned:
            n = layer.units.count * (layer.units.count - 1)
            _turn(model, layer.units, out, s[at : at + n])
            at += n
        return out

    return scalars + entries, embed


def _turn(model: Model, units: Units, weights: Array, entries: Array) -> None:
    """Change the basis of linear units in place by g, lower times upper unipotent; what reads them is undone by its inverse."""
    half, n = len(entries) // 2, units.count
    lower, upper = unipotent(entries[:half], n), unipotent(entries[half:], n)
    for block, axis in (*units.made, *units.bias):
        places = np.moveaxis(model.places[block], axis, 0).reshape(n, -1)
        weights[places] = lower @ (upper.T @ weights[places])
    for block, axis in (*units.looped, *units.read):
        places = np.moveaxis(model.places[block], axis, 0).reshape(n, -1)
        weights[places] = unipotent_inverse(lower).T @ (unipotent_inverse(upper) @ weights[places])


def _listed(noun: str, units: range) -> str:
    """``neuron 2``, ``neurons 1 and 2``, ``neurons 1, 2 and 3``."""
    names = [str(i + 1) for i in units]
    return f"{noun} {names[0]}" if len(names) == 1 else f"{noun}s {', '.join(names[:-1])} and {names[-1]}"
