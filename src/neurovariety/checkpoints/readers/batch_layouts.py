"""Where the batch axis of a value lies while a graph moves it: in front, between other axes, or joined with some of them.

A `Network` has the batch in front. Exporters of attention put it second, and join it with the heads. A layout says what each axis of
the graph's value is made of: numbers of axes of one sample, and `BATCH_AXIS`. The axes of the sample come in the order in which they
appear, so that turning a value is a permutation of a sample, and moving the batch alone is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

BATCH_AXIS = -1
Layout = tuple[tuple[int, ...], ...]
"""Axis of the graph -> axes of one sample that it is made of, `BATCH_AXIS` for the batch; none for a length of 1."""


class NoLayout(Exception):
    """Why an axis cannot be followed."""


def in_front(rank: int) -> Layout:
    """The batch first, then the axes of a sample as they are."""
    return ((BATCH_AXIS,), *((k,) for k in range(rank)))


def sizes(layout: Layout, shape: Sequence[int], batch: int) -> list[int]:
    """The lengths of the axes of the graph."""
    return [prod(batch if k == BATCH_AXIS else shape[k] for k in axis) for axis in layout]


def turned(layout: Layout, order: Sequence[int]) -> tuple[Layout, tuple[int, ...]]:
    """The layout after a permutation of the graph's axes, and the permutation of a sample's."""
    moved = [layout[k] for k in order]
    axes = [k for axis in moved for k in axis if k != BATCH_AXIS]
    place = {k: i for i, k in enumerate(axes)} | {BATCH_AXIS: BATCH_AXIS}
    return tuple(tuple(place[k] for k in axis) for axis in moved), tuple(axes)


def regrouped(layout: Layout, shape: Sequence[int], batch: int, target: Sequence[int]) -> tuple[Layout, tuple[int, ...]]:
    """The layout after a reshape of the graph's value, and the shape of a sample. Raises `NoLayout` where the batch is cut.

    Both lists of lengths are refined to one; axes of the graph without the batch then become one axis of a sample again.
    """
    atoms = [(batch, True) if k == BATCH_AXIS else (shape[k], False) for axis in layout for k in axis]
    wanted: list[list[tuple[int, bool]]] = []
    rest = list(reversed(atoms))
    for n in target:
        group: list[tuple[int, bool]] = []
        while n > 1 or (rest and rest[-1][0] == 1 and rest[-1][1] and n == 1 and not group):
            if not rest:
                raise NoLayout("sizes do not fit")
            size, is_batch = rest.pop()
            if size == 1 and not is_batch:
                continue
            if n % size == 0:
                group.append((size, is_batch))
                n //= size
            elif not is_batch and size % n == 0:
                group.append((n, False))
                rest.append((size // n, False))
                n = 1
            else:
                raise NoLayout("the batch is cut" if is_batch else "sizes do not fit")
            if n == 1:
                break
        if _with_the_rows(rest, target[len(wanted) + 1 :]):
            group.append(rest.pop())
        wanted.append(group)
    if any(size != 1 or is_batch for size, is_batch in rest):
        last = [a for a in rest if a[0] != 1 or a[1]]
        if last != [(1, True)] or not wanted:
            raise NoLayout("sizes do not fit")
        wanted[-1].append((1, True))
    return _written(wanted)


def _with_the_rows(rest: Sequence[tuple[int, bool]], target: Sequence[int]) -> bool:
    """Whether a batch of one, which fits anywhere, belongs to the axis before it: where one axis is left, which the others fill."""
    return bool(rest) and rest[-1] == (1, True) and len(target) == 1 and target[0] != 1 and prod(n for n, _ in rest) == target[0]


def _written(groups: Sequence[Sequence[tuple[int, bool]]]) -> tuple[Layout, tuple[int, ...]]:
    """Neighbours within an axis of the graph are one axis of a sample; an axis without the batch is one, whatever its length."""
    layout: list[tuple[int, ...]] = []
    shape: list[int] = []
    for group in groups:
        axis: list[int] = []
        run = 0
        for size, is_batch in group:
            if is_batch:
                axis.append(BATCH_AXIS)
                run = 0
            elif run:
                shape[-1] *= size
            else:
                axis.append(len(shape))
                shape.append(size)
                run = 1
        if not any(is_batch for _, is_batch in group) and not axis:
            axis.append(len(shape))
            shape.append(1)
        layout.append(tuple(axis))
    return tuple(layout), tuple(shape)


def inserted(layout: Layout, shape: Sequence[int], axis: int) -> tuple[Layout, tuple[int, ...]]:
    """The layout with an axis of length 1 more, and the shape of a sample."""
    place = sum(k != BATCH_AXIS for before in layout[:axis] for k in before)
    moved = [tuple(k + (k >= place) if k != BATCH_AXIS else k for k in old) for old in layout]
    return (*moved[:axis], (place,), *moved[axis:]), (*shape[:place], 1, *shape[place:])


def dropped(layout: Layout, shape: Sequence[int], axis: int) -> tuple[Layout, tuple[int, ...]]:
    """The layout without an axis of length 1. Raises `NoLayout` for the batch."""
    place = single(layout, axis)
    moved = [tuple(k - (k > place) if k != BATCH_AXIS else k for k in old) for old in layout]
    return (*moved[:axis], *moved[axis + 1 :]), (*shape[:place], *shape[place + 1 :])


def single(layout: Layout, axis: int) -> int:
    """The one axis of a sample that an axis of the graph is. Raises `NoLayout` for the batch, and what is joined with it."""
    if len(layout[axis]) != 1 or layout[axis][0] == BATCH_AXIS:
        raise NoLayout("it works along the axis of the batch")
    return layout[axis][0]


def of_product(one: Layout, two: Layout) -> Layout:
    """The layout of a batched product of matrices: all axes but the last two are the same. Raises `NoLayout` where they are not."""
    if one[:-2] != two[:-2] or not any(BATCH_AXIS in axis for axis in one[:-2]) or len(one) != len(two):
        raise NoLayout("the batches of its factors lie at other places")
    return one
