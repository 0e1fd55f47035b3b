"""What the nodes of a network make on a box of inputs, and by how much that can have moved: linear maps, products and quotients.

Two arrays of affine forms: what entries are, in the inputs, and by how much they can have moved, in the errors of polynomials. Where a
map f reads x' in place of x, f(x') - f(x) = D (x' - x) with D in the convex hull of the derivatives between them; for 1/x it is
-1/(x x') itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.affine_forms import AffineForms, Values, added, each, product_of_forms, upper, zeros
from neurovariety.certificates.functions_of_rows import meet
from neurovariety.certificates.network_nodes import NodeData
from neurovariety.certificates.zeros import NotShown

_MOST = 400_000
"""Entries of all forms of a node: some seconds. What are more cannot cancel along two ways."""
_MOST_PRODUCTS = 60_000_000
"""Products of numbers at one node: some ten seconds."""


class NotRead(NotShown):
    """A node is not bounded here, whatever the box and the polynomials are."""


@dataclass(frozen=True, eq=False)
class MovedValues:
    """What entries ``are`` on the box, with ``balls`` that hold them, and by how much they can have ``moved`` (None: by nothing)."""

    are: AffineForms
    balls: Values
    moved: AffineForms | None

    @property
    def around(self) -> Values:
        """Balls that hold them, and the centre."""
        return each(lambda b, c: b.union(c), self.balls, self.are.centre)

    @property
    def steps(self) -> AffineForms:
        """How far they are from the centre."""
        return AffineForms(zeros(self.balls.shape), self.are.parts, self.are.rest)

    @property
    def both(self) -> AffineForms:
        """Forms of what entries are, moved or not, and of all between."""
        return self.are if self.moved is None else self.are.beside(self.moved)

    @property
    def reached(self) -> Values:
        """Balls that hold them."""
        return self.balls if self.moved is None else each(lambda b, m: b + flint.arb(0, m), self.balls, self.moved.sizes)


def gathered(forms: AffineForms) -> AffineForms:
    """Forms, or where there are too many entries, all that they can be in the rest."""
    return forms if len(forms.parts) * forms.rest.size <= _MOST else AffineForms(forms.centre, (), forms.sizes)


def widened(forms: AffineForms, errors: Sequence[flint.arb], first: int) -> AffineForms:
    """With an e_s more for each entry, from number ``first`` on, of at most these sizes; or these in the rest, where there would be too
    many entries."""
    if (first + len(errors)) * len(errors) > _MOST:
        more = np.empty(forms.rest.shape, dtype=object)
        more.reshape(-1)[:] = list(errors)
        return AffineForms(forms.centre, forms.parts, upper(forms.rest + more))
    flat = [part.reshape(-1) for part in forms.of_length(first).parts]
    for i, error in enumerate(errors):
        own = zeros((len(errors),))
        own[i] = error
        flat.append(own)
    return AffineForms(forms.centre, tuple(part.reshape(forms.centre.shape) for part in flat), forms.rest)


def moving(are: AffineForms, moved: AffineForms | None, balls: Values | None = None) -> MovedValues:
    """The same with balls that hold what forms and known balls say. Raises `NotShown` where these are not bounded."""
    are, moved = gathered(are), None if moved is None else gathered(moved)
    found = are.balls
    if balls is not None:
        found = each(meet, found, balls)
    if not all(b.is_finite() for b in found.reshape(-1)):
        raise NotShown("what a unit reads is not bounded")
    return MovedValues(are, found, moved)


@dataclass(frozen=True)
class AlongAxes:
    """Arrays of a ``shape`` as rows of what lies along some ``axes``."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    def of(self, values: Values) -> Values:
        """The rows."""
        return self._moved(values).reshape(-1, prod(self.shape[k] for k in self.axes))

    def back(self, rows: Values) -> Values:
        """The array of which rows are."""
        places = np.arange(prod(self.shape)).reshape(self.shape)
        out = np.empty(rows.size, dtype=object)
        out[self._moved(places).reshape(-1)] = rows.reshape(-1)
        return out.reshape(self.shape)

    def _moved(self, values: np.ndarray) -> np.ndarray:
        return np.moveaxis(values, self.axes, range(values.ndim - len(self.axes), values.ndim))


def linear_of(x: MovedValues, linear: Callable[[Values], Values], absolute: Callable[[Values], Values] | None = None) -> MovedValues:
    """What a linear map makes; ``absolute``: the same with the sizes of its coefficients."""
    moved = None if x.moved is None else x.moved.mapped(linear, absolute)
    return moving(x.are.mapped(linear, absolute), moved, np.asarray(linear(x.balls), dtype=object))


def check_work(place: str, products: int) -> None:
    """Raises `NotShown` where a node takes so many products of numbers that nothing is shown of it here."""
    if products > _MOST_PRODUCTS:
        raise NotShown(f"{place!r} is too large: some {products:.1e} products of numbers")


def scaled(x: MovedValues, c: Any) -> MovedValues:
    """Multiples by known numbers."""
    return linear_of(x, lambda v: np.asarray(v * c, dtype=object), lambda v: np.asarray(v * abs(c), dtype=object))


def shifted(x: MovedValues, c: Values) -> MovedValues:
    """Known numbers added."""
    are = x.are.shifted(c)
    return moving(are, None if x.moved is None else x.moved.shifted(zeros(are.centre.shape)), x.balls + c)


def turned(x: MovedValues) -> MovedValues:
    """Matrices transposed."""
    return linear_of(x, lambda v: v.swapaxes(-1, -2))


def placed(made: Callable[[Sequence[Values]], Values | None], below: Sequence[MovedValues], node: NodeData) -> MovedValues:
    """A map that puts entries of what nodes make elsewhere, or adds them up."""
    if made([v.balls for v in below]) is None or node.kind == "max_pool":
        raise NotRead(f"{node.name!r} ({node.kind}) is not read here")

    def of(forms: Sequence[AffineForms]) -> AffineForms:
        length = max(len(f.parts) for f in forms)
        same = [f.of_length(length) for f in forms]
        parts = (np.asarray(made([f.parts[s] for f in same]), dtype=object) for s in range(length))
        centre, rest = (np.asarray(made([getattr(f, name) for f in same]), dtype=object) for name in ("centre", "rest"))
        return AffineForms(centre, tuple(parts), upper(rest))

    none = [AffineForms(zeros(v.balls.shape), (), zeros(v.balls.shape)) for v in below]
    moved = None if all(v.moved is None for v in below) else of([v.moved or n for v, n in zip(below, none, strict=True)])
    return moving(of([v.are for v in below]), moved, np.asarray(made([v.balls for v in below]), dtype=object))


def product(bilinear: Callable[[Values, Values], Values], p: MovedValues, q: MovedValues) -> MovedValues:
    """p' q' - p q is what each can have moved times the other, and the product of both moves."""
    are = product_of_forms(bilinear, p.are, q.are)
    moved: AffineForms | None = None
    if p.moved is not None:
        moved = p.moved.mapped(lambda v: bilinear(v, q.balls), lambda v: bilinear(v, abs(q.balls)))
    if q.moved is not None:
        own = q.moved.mapped(lambda v: bilinear(p.balls, v), lambda v: bilinear(abs(p.balls), v))
        moved = own if moved is None else added(moved, own)
    if p.moved is not None and q.moved is not None and moved is not None:
        moved = AffineForms(moved.centre, moved.parts, upper(moved.rest + bilinear(p.moved.sizes, q.moved.sizes)))
    return moving(are, moved, np.asarray(bilinear(p.balls, q.balls), dtype=object))


def quotient(p: MovedValues, q: MovedValues, place: str) -> MovedValues:
    """p times 1/q. Raises `NotShown` where q, moved or not, may be 0 at a ``place``."""
    return product(np.multiply, p, reciprocal(q, place))


def reciprocal(x: MovedValues, place: str) -> MovedValues:
    """1/x: from the centre c it differs by -(x - c)/(x c), and 1/x' from it by -(x' - x)/(x x'). Raises `NotShown` where x may be 0."""
    if any(b.contains(0) for values in (x.reached, x.around) for b in values.reshape(-1)):
        raise NotShown(f"what {place!r} divides by may be 0")
    slopes = each(lambda b, c: -1 / (b * c), x.balls, x.are.centre)
    made = x.steps.mapped(lambda v: v * slopes, lambda v: v * abs(slopes)).shifted(each(lambda c: 1 / c, x.are.centre))
    moved = x.moved
    if moved is not None:
        between = each(lambda b, r: -1 / (b * r), x.balls, x.reached)
        moved = moved.mapped(lambda v: v * between, lambda v: v * abs(between))
    return moving(made, moved, each(lambda b: 1 / b, x.balls))
