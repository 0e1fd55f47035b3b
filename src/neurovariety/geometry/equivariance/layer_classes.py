"""Conjugacy classes of elements of finite order in the groups that a model states: what each layer does when the input is moved.

Three kinds of groups occur. Signed permutations: neurons of a layer may be exchanged and, where they may be rescaled, turned to their
negatives (the elements of finite order of the real torus). A torus without exchanges: signs. A general linear group: over R an element
g with g^q = 1 is a representation of the cyclic group of order q, a direct sum of trivial ones, signs, and rotations of planes.

The classes are complete: a signed permutation is determined up to conjugacy by the lengths of its cycles and the product of the signs
in each, and c^(q / length) = 1 for that product c; a real representation of a cyclic group by its multiplicities. An element acts on an
axis of weight e by its permutation times the e-th power of its signs; on an axis of weight -1 of a general linear group by its inverse
transpose.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from neurovariety.certificates.elements_of_finite_order import AxisOfBlock, HiddenGroup, LayerClass
from neurovariety.symmetry import AxisAction, Kind


def hidden_groups(actions: tuple[AxisAction, ...]) -> tuple[HiddenGroup, ...]:
    """The factors of the group that the actions generate; permutations and a torus on the same axes are one factor."""
    found: dict[object, HiddenGroup] = {}
    for action in actions:
        weights: dict[AxisOfBlock, int] = {}
        for block, axis, weight in action.axes:
            weights[(block, axis)] = weights.get((block, axis), 0) + weight
        linear = action.kind is Kind.GENERAL_LINEAR
        if linear and any(abs(w) != 1 for w in weights.values()):
            continue
        ordered = tuple(weights.items())
        key: object = (action.size, frozenset(weights)) if not linear else (action.size, ordered, "linear")
        made = HiddenGroup(action.name, action.size, ordered, action.finite, action.kind is Kind.TORUS, linear)
        if key in found and not linear:
            made = _merged(found[key], made)
        found[key] = made
    return tuple(found.values())


def commuting(groups: tuple[HiddenGroup, ...], taken: Iterable[AxisOfBlock]) -> tuple[HiddenGroup, ...]:
    """Those of the groups that act on axes of their own, not on ``taken`` or on those of an earlier one; scalars always qualify.

    Elements of order q of two groups that share an axis need not have a product of order q, and then nothing here is proved.
    """
    used, kept = set(taken), []
    for group in groups:
        axes = {place for place, _ in group.weights} if group.size > 1 else set()
        if not axes & used:
            used |= axes
            kept.append(group)
    return tuple(kept)


def _merged(a: HiddenGroup, b: HiddenGroup) -> HiddenGroup:
    torus = a if a.signs else b
    name = a.name if a.exchanges else b.name
    return HiddenGroup(name, a.size, torus.weights, a.exchanges or b.exchanges, a.signs or b.signs, False)


def classes(group: HiddenGroup, order: int | None) -> Iterator[LayerClass]:
    """The conjugacy classes of elements g of the group with g^order = 1; the trivial one alone where the order is None.

    The trivial one comes first, then those with long cycles, whose neurons are free to be anything.
    """
    q = order or 1
    if group.linear:
        kinds = [(1, 0), *([(1, q // 2)] if q % 2 == 0 else []), *((2, k) for k in range(1, (q + 1) // 2))]
    else:
        lengths = [n for n in range(q, 0, -1) if q % n == 0 and (n == 1 or group.exchanges)]
        kinds = [(n, c) for n in lengths for c in ((1, -1) if group.signs and (q // n) % 2 == 0 else (1,))]
        if not group.exchanges:  # signs of neurons that cannot be exchanged are told apart
            for signs in itertools.product([c for _, c in kinds], repeat=group.size):
                yield LayerClass(group, tuple((1, c) for c in signs), q)
            return
    trivial = LayerClass(group, ((1, 0 if group.linear else 1),) * group.size, q)
    yield trivial
    for parts in _multisets(tuple(kinds), group.size):
        if parts != trivial.parts:
            yield LayerClass(group, parts, q)


def _multisets(kinds: tuple[tuple[int, int], ...], size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Multisets of the kinds whose sizes add up to ``size``, those with most of the first kind first."""
    if not kinds:
        if size == 0:
            yield ()
        return
    step = kinds[0][0]
    for n in range(size // step, -1, -1):
        for rest in _multisets(kinds[1:], size - n * step):
            yield (kinds[0],) * n + rest
