"""Networks composed of networks: one after the other, and around a skip connection."""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.families.attention import Attention
from neurovariety.architectures.families.linear import Linear
from neurovariety.architectures.families.mlp import MLP
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.sections import Sections
from neurovariety.errors import NotationError
from neurovariety.image import Image, Matrices
from neurovariety.model import Shape
from neurovariety.parametrization import Layers, Parametrization
from neurovariety.symmetry import AxisAction
from neurovariety.theorem import Theorem
from neurovariety.units import LINEAR, Axes, Axis, Silence, Size, Units, size_of

_MAX_PARTS = 100


@dataclass(frozen=True, repr=False)
class Residual(Architecture):
    """x -> x + A(x), a skip connection around a network A whose outputs have the shape of its inputs.

    Blocks are those of A. The set of functions is that of A moved by the identity: same dimension, same fibers. Axes for linear
    maps of inputs and outputs are empty: x + A(x) can only be conjugated, on both sides at once, by `stream_axes`.
    """

    family: ClassVar[str] = "residual"
    example: ClassVar[str] = "residual(mlp(2,4,2; x^2))"
    block: Architecture

    def __post_init__(self) -> None:
        takes, gives = self.block.input_shape, self.block.model.output_shape
        if takes != gives:
            raise NotationError(
                f"residual adds the input to the output, which need one shape: {_short(self.block)} takes {_by(takes)} and gives "
                f"{_by(gives)}"
            )

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Residual:
        """The architecture of the sections of a notation."""
        if len(sections) != 1:
            raise NotationError(f"residual takes one network, got {len(sections)} in {sections.shown!r}: write {cls.example}")
        return cls(sections.part(sections.first))

    def shapes(self) -> dict[str, Shape]:
        return self.block.shapes()

    @property
    def input_shape(self) -> Shape:
        return self.block.input_shape

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return self.block.coefficients()

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        return x + self.block.apply(parameters, x, coefficients)

    def notation(self) -> str:
        return f"residual({self.block.notation()})"

    def image(self) -> Image | None:
        """That of A where it is all linear maps, the identity among them; else a set that no record describes."""
        inner = self.block.image()
        return inner if isinstance(inner, Matrices) and inner.full else None

    def parametrization(self) -> Layers | None:
        inner = self.block.parametrization()
        return replace(inner, skips=inner.skips + 1) if isinstance(inner, Layers) else None

    def units(self) -> tuple[Units, ...]:
        """Those of A that are units with weights before and after them: without other parts A need not be a smaller network."""
        return tuple(u for u in self.block.units() if isinstance(u, Units))

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Residual | None:
        if inputs != outputs:
            return None
        block = self.block.resized(filled(self.block, sizes), inputs, outputs)
        return None if block is None else Residual(block)

    def factored(self, layer: int, rank: int) -> Residual | None:
        block = self.block.factored(layer, rank)
        return None if block is None else Residual(block)

    def symmetries(self) -> tuple[AxisAction, ...]:
        return self.block.symmetries()

    def stream_axes(self) -> tuple[Axes, Axes]:
        """Axes on which g, and those on which its inverse, act where the whole is conjugated by g; empty where A has none."""
        block = self.block
        left, right = block.stream_axes() if isinstance(block, Residual) else (block.output_axes(), block.input_axes())
        return (left, right) if left and right else ((), ())

    def theorems(self) -> tuple[Theorem, ...]:
        if self.image() is not None:
            return self.block.theorems()  # the identity is one of the functions, which are a linear space
        out = []
        for theorem in self.block.theorems():
            if theorem.quantity == "degree":
                continue  # stated of cones, and the functions x + A(x) are none
            if theorem.quantity.startswith("ambient"):
                more, why = 1, "the identity adds at most one dimension to the span of A"
                theorem = replace(theorem, quantity="ambient at most")
            else:
                more, why = 0, "x + A(x) determines A(x)"
            out.append(replace(theorem, value=theorem.value + more, statement=f"{theorem.statement}; {why}"))
        return tuple(out)


@dataclass(frozen=True, repr=False)
class Sequence(Architecture):
    """x -> p_L(... p_2(p_1(x))): networks whose shapes fit, one after the other, each with weights of its own.

    The blocks of part 2 begin with ``part2.``. Residual parts make a residual network, whose features between two other parts are one
    stream: a change of basis there turns all that is written to it and is undone wherever it is read.
    """

    family: ClassVar[str] = "sequence"
    example: ClassVar[str] = "sequence(linear(3,2); residual(mlp(2,4,2; x^2)); linear(2,1))"
    parts: tuple[Architecture, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.parts) <= _MAX_PARTS:
            raise NotationError(f"sequence takes 1 to {_MAX_PARTS} networks, got {len(self.parts)}; e.g. {self.example}")
        check_size(self)
        for l, (first, second) in enumerate(pairwise(self.parts), start=1):
            gives, takes = first.model.output_shape, second.input_shape
            if gives != takes:
                raise NotationError(
                    f"sequence: part {l}, {_short(first)}, gives {_by(gives)} and part {l + 1}, {_short(second)}, takes {_by(takes)}; "
                    "the two must agree"
                )

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Sequence:
        """The architecture of the sections of a notation."""
        if len(sections) > _MAX_PARTS:
            raise NotationError(f"sequence takes 1 to {_MAX_PARTS} networks, got {len(sections)}; e.g. {cls.example}")
        return cls(tuple(sections.part(s) for s in sections.texts))

    def _prefix(self, index: int) -> str:
        return numbered("part", index + 1, len(self.parts)) + "."

    def shapes(self) -> dict[str, Shape]:
        return {self._prefix(i) + name: shape for i, part in enumerate(self.parts) for name, shape in part.shapes().items()}

    @property
    def input_shape(self) -> Shape:
        return self.parts[0].input_shape

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return tuple(c for part in self.parts for c in part.coefficients())

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        at = 0
        for i, part in enumerate(self.parts):
            own = {name: parameters[self._prefix(i) + name] for name in part.shapes()}
            n = len(part.coefficients())
            x = part.apply(own, x, coefficients[at : at + n] if n else None)
            at += n
        return x

    def notation(self) -> str:
        return f"sequence({'; '.join(part.notation() for part in self.parts)})"

    def image(self) -> Image | None:
        """That of the one network of `merged`, whose functions are the same."""
        one = self.parts[0] if len(self.parts) == 1 else merged(self.parts)
        return None if one is None else one.image()

    def parametrization(self) -> Parametrization | None:
        """The layers of all parts, with a linear hidden layer where one part ends and the next begins; that of a single part."""
        found = [p.parametrization() for p in self.parts]
        parts = [None if p is None else p.renamed(self._prefix(i)) for i, p in enumerate(found)]
        if len(parts) == 1:
            return parts[0]
        one = merged(self.parts)
        layers, chains = None if one is None else one.parametrization(), [p for p in parts if isinstance(p, Layers)]
        if not isinstance(layers, Layers) or len(chains) < len(parts) or any(p.skips for p in chains):
            return None
        weights = tuple(name for p in chains for name in p.weights)
        return replace(layers, weights=weights, biases=tuple(name for p in chains for name in p.biases))

    def units(self) -> tuple[Units, ...]:
        """Those of the parts, then the features between parts."""
        own = [part_units(part, self._prefix(i), f"part {i + 1}") for i, part in enumerate(self.parts)]
        return (*(u for units in own for u in units), *(u for _, _, u in self._streams()))

    def silences(self) -> tuple[Silence, ...]:
        """Those of the last part."""
        last = len(self.parts) - 1
        return tuple(part_silence(s, self._prefix(last), f"part {last + 1}") for s in self.parts[last].silences())

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Sequence | None:
        takes: list[int | None] = [inputs, *(None for _ in self.parts[1:])]
        gives: list[int | None] = [*(None for _ in self.parts[1:]), outputs]
        streams = self._streams()
        cut = len(sizes) - len(streams)
        for (start, end, units), size in zip(streams, sizes[cut:], strict=True):
            if size == units.count or not isinstance(size, int):
                continue
            gives[start] = takes[end] = size
            for i in range(start + 1, end):
                takes[i] = gives[i] = size
        parts, at = [], 0
        for i, part in enumerate(self.parts):
            n = sum(isinstance(u, Units) for u in part.units())
            found = part.resized(filled(part, sizes[at : at + n]), takes[i], gives[i])
            if found is None:
                return None
            parts.append(found)
            at += n
        return Sequence(tuple(parts))

    def symmetries(self) -> tuple[AxisAction, ...]:
        own = [moved(a, self._prefix(i), f"part {i + 1}: ") for i, part in enumerate(self.parts) for a in part.symmetries()]
        return (*own, *(action for _, _, u in self._streams() for action in u.symmetries()))

    def _streams(self) -> list[tuple[int, int, Units]]:
        """The features between two parts that are not residual, through the residual ones: their places, and the linear units."""
        out = []
        start: int | None = None
        made: list[Axis] = []
        reading: list[Axis] = []
        for i, part in enumerate(self.parts):
            if isinstance(part, Residual):
                written, read = part.stream_axes()
                made, reading = made + self._placed(i, written), reading + self._placed(i, read)
                start = start if written else None
                continue
            read = part.input_axes()
            if start is not None and read:
                where = f"the stream from part {start + 1} to part {i + 1}"
                reading = reading + self._placed(i, read)
                size = part.input_shape[0]
                out.append((start, i, Units(size, tuple(made), tuple(reading), LINEAR, "feature", label=where, basis=f"on {where}")))
            written = part.output_axes()
            start, made, reading = (i if written else None), self._placed(i, written), []
        return out

    def _placed(self, index: int, axes: Axes) -> list[Axis]:
        return [(self._prefix(index) + block, axis) for block, axis in axes]

    def input_axes(self) -> Axes:
        return tuple((self._prefix(0) + block, axis) for block, axis in self.parts[0].input_axes())

    def output_axes(self) -> Axes:
        last = len(self.parts) - 1
        return tuple((self._prefix(last) + block, axis) for block, axis in self.parts[last].output_axes())

    def theorems(self) -> tuple[Theorem, ...]:
        """Those of the one network of `merged`, whose functions are the same."""
        one = merged(self.parts)
        if one is None:
            return ()
        same_weights = self.parametrization() is not None  # and the same groups that act on them
        return tuple(
            replace(t, statement=f"{t.statement}; the functions are those of {_short(one)}")
            for t in one.theorems()
            if t.quantity != "generic fiber" or same_weights
        )


def merged(parts: Ordered[Architecture]) -> Architecture | None:
    """A single network with the same functions, for linear networks and MLPs, all or none with biases, and for attention with one
    number of heads; None otherwise.

    Where one MLP ends and the next begins there is a linear hidden layer. Sequences count as their parts.
    """
    while any(isinstance(p, Sequence) for p in parts):
        parts = [q for p in parts for q in (p.parts if isinstance(p, Sequence) else (p,))]
    if all(isinstance(p, Attention) for p in parts):
        attention = [p for p in parts if isinstance(p, Attention)]
        if len({p.heads for p in attention}) > 1:
            return None
        widths = (attention[0].widths[0], *(w for p in attention for w in p.widths[1:]))
        return Attention(widths, tuple(a for p in attention for a in p.inner), attention[0].tokens, attention[0].heads)
    layers = [p for p in parts if isinstance(p, (Linear, MLP))]
    biases = {p.bias if isinstance(p, MLP) else False for p in layers}
    if len(layers) < len(parts) or len(biases) > 1:
        return None
    widths, activations = (layers[0].widths[0],), []
    for i, p in enumerate(layers):
        own = p.activations if isinstance(p, MLP) else (Activation.monomial(1),) * (len(p.widths) - 2)
        activations += [*([Activation.monomial(1)] if i else []), *own]
        widths = (*widths, *p.widths[1:])
    return MLP(widths, tuple(activations), biases.pop())


def part_units(part: Architecture, prefix: str, where: str) -> tuple[Units, ...]:
    """The units of a part of a network."""
    return tuple(u.moved(prefix, where) for u in part.units() if isinstance(u, Units))


def part_silence(silence: Silence, prefix: str, where: str) -> Silence:
    constant = None if silence.constant is None else prefix + silence.constant
    return Silence(f"{where}, {silence.label}", tuple(prefix + b for b in silence.blocks), constant)


def filled(part: Architecture, sizes: tuple[Size, ...]) -> tuple[Size, ...]:
    """The sizes of all hidden units of a part, of which those of its `Units` are given."""
    given = iter(sizes)
    return tuple(next(given) if isinstance(u, Units) else size_of(u) for u in part.units())


def moved(action: AxisAction, prefix: str, where: str) -> AxisAction:
    """The action on the same blocks under names with a prefix."""
    axes = tuple((prefix + block, axis, weight) for block, axis, weight in action.axes)
    return AxisAction(action.kind, action.size, axes, where + action.name)


def _short(architecture: Architecture) -> str:
    text = architecture.notation()
    return text if len(text) <= 60 else text[:57] + "..."


def _by(shape: Shape) -> str:
    if shape in ((), (1,)):
        return "1 number"
    return f"{shape[0]} numbers" if len(shape) == 1 else "x".join(map(str, shape))
