"""Hidden units as data: which weights make them, which weights read them, and what their scaling is taken up by.

A family says once which hidden units it has. Symmetries, strata of weights (dead and redundant units) and merging of units follow
from that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from neurovariety.symmetry import AxisAction, Kind

Axis = tuple[str, int]
"""A block of weights and one of its axes."""

Axes = tuple[Axis, ...]


class Scaling(StrEnum):
    """What can be done to the units of a layer and undone by the weights that read them.

    Linear units take any change of basis; a homogeneous activation lets each unit be rescaled, an even or odd one lets its sign change,
    any other leaves permutations.
    """

    GENERAL_LINEAR = "general linear"
    TORUS = "torus"
    SIGNS = "signs"
    PERMUTATION = "permutation"


class Multiples(StrEnum):
    """Units that one can stand for: those whose incoming weights are equal, proportional, or equal up to sign."""

    EQUAL = "equal"
    PROPORTIONAL = "proportional"
    OPPOSITE = "opposite"


@dataclass(frozen=True)
class Absorption:
    """What an activation s, or the absence of one, allows.

    ``power`` is the r with s(c x) = c^r s(x), which the weights that read a unit take up (None where ``scaling`` is no torus and no
    general linear group). Where ``multiples`` are proportional s is a multiple of (x + ``shift``)^r plus a constant.
    ``zero_is_inactive``: a unit without incoming weights adds nothing that a bias cannot add; ``defined_at_zero``: s has no pole at 0.
    """

    scaling: Scaling
    power: int | None
    multiples: Multiples
    shift: Fraction = Fraction(0)
    zero_is_inactive: bool = True
    defined_at_zero: bool = True


LINEAR = Absorption(Scaling.GENERAL_LINEAR, 1, Multiples.PROPORTIONAL)
"""Units without an activation."""


@dataclass(frozen=True)
class Units:
    """The ``count`` hidden units of one layer: unit i has entry i along each of the axes.

    A unit is s of a linear function of its incoming weights, which are those of ``made`` and of ``bias`` (added last, not multiplied by
    anything); what follows is linear in the units, with the weights of ``read``. ``looped`` weights read the unit before s, and
    ``own`` weights belong to a unit whatever its scale. An axis of ``made`` may be an axis of the same block as one of ``looped``: the
    units of a recurrence.

    ``noun`` and ``place`` say in words what they are ("neuron", " of hidden layer 1"), ``label`` names the layer ("layer 1"), and
    ``basis`` says where a change of basis acts ("on the linear hidden layer 1").
    """

    count: int
    made: Axes
    read: Axes
    absorbs: Absorption
    noun: str = "neuron"
    place: str = ""
    label: str = ""
    basis: str = ""
    bias: Axes = ()
    looped: Axes = ()
    own: Axes = ()

    @property
    def linear(self) -> bool:
        """Whether every change of basis of the units is undone by the weights that read them."""
        return self.absorbs.scaling is Scaling.GENERAL_LINEAR

    @property
    def axes(self) -> Axes:
        """All axes along which the units are counted."""
        return tuple(dict.fromkeys((*self.made, *self.bias, *self.own, *self.looped, *self.read)))

    def symmetries(self) -> tuple[AxisAction, ...]:
        """The groups that act on the units and leave every function unchanged.

        Signs that an even or odd activation allows are not among them: they are no group that an `AxisAction` states.
        """
        where = f"each of {self.count} {self.noun}s{self.place}"
        power = self.absorbs.power
        if self.linear:
            return (AxisAction(Kind.GENERAL_LINEAR, self.count, self._weighted(1), f"GL({self.count}) {self.basis}"),)
        out = []
        if self.absorbs.scaling is Scaling.TORUS and power is not None:
            name = f"rescaling {where}: in by c, out by c^{-power}"
            out.append(AxisAction(Kind.TORUS, self.count, self._weighted(power), name))
        if self.count > 1:
            which = f"the {self.noun}s{self.place}" if self.place else f"the {self.count} {self.noun}s"
            together = tuple((block, axis, 1) for block, axis in self.axes)
            out.append(AxisAction(Kind.PERMUTATION, self.count, together, f"permuting {which}"))
        return tuple(out)

    def _weighted(self, power: int) -> tuple[tuple[str, int | None, int], ...]:
        made = [(block, axis, 1) for block, axis in (*self.made, *self.bias)]
        looped = [(block, axis, -1) for block, axis in self.looped]
        return (*made, *looped, *((block, axis, -power) for block, axis in self.read))

    def moved(self, prefix: str, label: str) -> Units:
        """The same units where their network is a part of another, whose blocks have names that begin with ``prefix``."""

        def named(axes: Axes) -> Axes:
            return tuple((prefix + block, axis) for block, axis in axes)

        return replace(
            self,
            made=named(self.made),
            read=named(self.read),
            bias=named(self.bias),
            looped=named(self.looped),
            own=named(self.own),
            label=f"{label}, {self.label}" if self.label else label,
        )


@dataclass(frozen=True)
class Heads:
    """The attention heads of one layer: ``blocks`` are K, Q, V of each. A head adds V X X^T K^T Q X; without any of the three it is
    dead, and heads with proportional K^T Q are one head."""

    blocks: tuple[tuple[str, str, str], ...]
    label: str = ""


@dataclass(frozen=True)
class ProductTerms:
    """The ``count`` terms of a sum of products: entry i along each of ``factors`` makes factor k of term i, three factors or more.

    Factors of a term are rescaled against each other; a term is zero with any of its factors.
    """

    count: int
    factors: Axes

    def symmetries(self) -> tuple[AxisAction, ...]:
        """The groups that act on the terms and leave every function unchanged."""
        pairs = zip(self.factors, self.factors[1:], strict=False)
        out = [
            AxisAction(Kind.TORUS, self.count, ((*a, 1), (*b, -1)), f"rescaling each of {self.count} terms in {a[0]} against {b[0]}")
            for a, b in pairs
        ]
        if self.count > 1:
            together = tuple((block, axis, 1) for block, axis in self.factors)
            out.append(AxisAction(Kind.PERMUTATION, self.count, together, f"permuting the {self.count} terms"))
        return tuple(out)


@dataclass(frozen=True)
class FilterStack:
    """Filters of one channel, one block a layer, of shape (1, 1, *window), with ``strides`` in each direction: a filter is the
    coefficients of a polynomial. ``linear``: there are no activations, and the function is the product of these polynomials."""

    blocks: tuple[str, ...]
    windows: tuple[tuple[int, ...], ...]
    strides: tuple[tuple[int, ...], ...]
    linear: bool

    @property
    def dimensions(self) -> int:
        """1 for sequences, 2 for images."""
        return len(self.windows[0])


HiddenUnits = Units | Heads | ProductTerms | FilterStack
"""What a network has that a smaller one has less of."""

Size = int | tuple[tuple[int, ...], ...]
"""How much there is of hidden units: their number, or the windows of filters."""


def size_of(units: HiddenUnits) -> Size:
    """How much there is of these hidden units."""
    if isinstance(units, FilterStack):
        return units.windows
    return len(units.blocks) if isinstance(units, Heads) else units.count


def counts(sizes: Iterable[Size]) -> tuple[int, ...]:
    """The sizes that are numbers."""
    return tuple(s for s in sizes if isinstance(s, int))


@dataclass(frozen=True)
class Silence:
    """``blocks`` of weights that make the function zero where they are all zero, or constant: the value of the block ``constant``."""

    label: str
    blocks: tuple[str, ...]
    constant: str | None = None


def symmetries_of(units: Iterable[HiddenUnits]) -> tuple[AxisAction, ...]:
    """The groups that act on hidden units, layer by layer."""
    return tuple(action for u in units if isinstance(u, (Units, ProductTerms)) for action in u.symmetries())
