"""Convolutional networks, one- and two-dimensional, linear and polynomial."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.reading.shifted_power import normal_form
from neurovariety.architectures.theorems.absorption import absorption
from neurovariety.architectures.theorems.degrees import linear_convolution_theorems, polynomial_convolution_theorems
from neurovariety.architectures.theorems.dimension_bounds import forms
from neurovariety.architectures.theorems.generic_fibers import convolution_fiber, polynomial_convolution_fiber
from neurovariety.arithmetic import convolve
from neurovariety.errors import NotationError
from neurovariety.image import Convolutions, Image, filters
from neurovariety.model import Shape
from neurovariety.parametrization import FilterLayers
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import FilterStack, HiddenUnits, Silence, Size, Units, counts

_MAX_SUPPORT = 1_000_000


@dataclass(frozen=True, repr=False)
class CNN(Architecture):
    """A stack of convolutions without padding, an activation between layers and none after the last.

    ``filters`` are the window sizes, a tuple of one or two lengths a layer; ``strides`` likewise; ``channels`` = (c_0, ..., c_L);
    ``size`` is the input's length in each direction. The kernel of layer l has shape (c_l, c_{l-1}, *window); inputs have shape
    ``size``, with the channel axis in front where c_0 > 1; outputs are flattened.
    """

    family: ClassVar[str] = "cnn"
    example: ClassVar[str] = "cnn(2,2; x^2)"
    filters: tuple[Shape, ...]
    activations: tuple[Activation, ...]
    strides: tuple[Shape, ...]
    channels: tuple[int, ...]
    size: Shape

    def __post_init__(self) -> None:
        if len(self.activations) != len(self.filters) - 1:
            raise NotationError(
                f"cnn with {len(self.filters)} layers needs 1 or {len(self.filters) - 1} activations, got {len(self.activations)}"
            )
        for name, values in (("filter", self.filters), ("stride", self.strides), ("input", (self.size,))):
            for v in values:
                if min(v) < 1:
                    raise NotationError(f"cnn: the {name} size {_by(v)} is not positive")
        if min(self.channels) < 1:
            raise NotationError(f"cnn: the number of channels {min(self.channels)} is not positive")
        self.spaces()
        check_size(self)
        if prod(self.size) * self.channels[0] > 10**7:
            raise NotationError(f"cnn: the input has {prod(self.size) * self.channels[0]:,} entries, at most 10,000,000 fit")

    @classmethod
    def shortest(
        cls,
        filters: tuple[Shape, ...],
        activations: tuple[Activation, ...],
        strides: tuple[Shape, ...] | None = None,
        channels: tuple[int, ...] | None = None,
        outputs: Shape | None = None,
    ) -> CNN:
        """The network on the shortest input that gives ``outputs`` output positions (one by default)."""
        d = len(filters[0])
        strides = strides or ((1,) * d,) * len(filters)
        size = outputs or (1,) * d
        for window, step in zip(reversed(filters), reversed(strides), strict=True):
            size = tuple((n - 1) * s + k for n, s, k in zip(size, step, window, strict=True))
        return cls(filters, activations, strides, channels or (1,) * (len(filters) + 1), size)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> CNN:
        """The architecture of the sections of a notation."""
        filters = tuple(sections.sizes(s, "filter sizes") for s in sections.items(sections.first, "filter sizes"))
        d = len(filters[0])
        if d > 2 or any(len(f) != d for f in filters):
            raise NotationError(f"cnn filters are all 1D (3,2) or all 2D (3x3,2x2), got {sections.first[:40]!r} in {sections.shown!r}")
        options, rest = sections.options({"strides", "channels", "outputs", "input"})
        activation = rest[0] if rest else None
        activations = sections.activations(activation, len(filters) - 1, "cnn")
        strides = None
        if "strides" in options:
            strides = tuple(sections.wide(sections.sizes(s, "strides"), d) for s in sections.items(options["strides"], "strides"))
            strides = sections.one_each(strides, len(filters), "strides")
        channels = sections.integers(options["channels"], "channels") if "channels" in options else None
        if channels is not None and len(channels) != len(filters) + 1:
            raise NotationError(
                f"channels= needs {len(filters) + 1} numbers (input, after each layer), got {len(channels)} in {sections.shown!r}"
            )
        if "outputs" in options and "input" in options:
            raise NotationError(f"give outputs= or input=, not both, in {sections.shown!r}")
        for window in (*filters, *(strides or ())):
            if min(window) < 1:
                raise NotationError(f"filter sizes and strides must be positive, got {min(window)} in {sections.shown!r}")
        if "input" in options:
            size = sections.wide(sections.sizes(options["input"], "input"), d)
            return cls(filters, activations, strides or ((1,) * d,) * len(filters), channels or (1,) * (len(filters) + 1), size)
        outputs = sections.wide(sections.sizes(options["outputs"], "outputs"), d) if "outputs" in options else None
        if outputs is not None and min(outputs) < 1:
            raise NotationError(f"outputs= must be positive, got {min(outputs)} in {sections.shown!r}")
        return cls.shortest(filters, activations, strides, channels, outputs)

    @property
    def layers(self) -> int:
        return len(self.filters)

    @property
    def dimensions(self) -> int:
        """1 for sequences, 2 for images."""
        return len(self.filters[0])

    def spaces(self) -> list[Shape]:
        """Sizes before the first layer, after it, ..., after the last. Raises `NotationError` for a filter longer than its input."""
        out = [self.size]
        for l, (window, step) in enumerate(zip(self.filters, self.strides, strict=True), start=1):
            if any(k > n for k, n in zip(window, out[-1], strict=True)):
                raise NotationError(
                    f"cnn: the filter {_by(window)} of layer {l} is longer than its input {_by(out[-1])}; use a longer input or "
                    "a shorter filter"
                )
            out.append(tuple((n - k) // s + 1 for n, k, s in zip(out[-1], window, step, strict=True)))
        return out

    def _name(self, layer: int) -> str:
        return numbered("W", layer, self.layers)

    def shapes(self) -> dict[str, Shape]:
        return {self._name(l): (self.channels[l], self.channels[l - 1], *self.filters[l - 1]) for l in range(1, self.layers + 1)}

    @property
    def input_shape(self) -> Shape:
        return self.size if self.channels[0] == 1 else (self.channels[0], *self.size)

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return tuple(c for a in self.activations for c in a.inexact_coefficients)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        h = x.reshape(1, self.channels[0], *self.size)
        at = 0
        for l in range(1, self.layers + 1):
            h = convolve(h, parameters[self._name(l)], self.strides[l - 1])
            if l < self.layers:
                activation = self.activations[l - 1]
                n = len(activation.inexact_coefficients)
                h = activation.apply(h, coefficients[at : at + n] if n else None)
                at += n
        return h.reshape(-1)

    def notation(self) -> str:
        shown = [str(a) for a in self.activations]
        if len(set(shown)) == 1:
            shown = shown[:1]
        parts = [",".join(map(_by, self.filters))]
        if shown:
            parts.append(", ".join(shown))
        if any(s != 1 for step in self.strides for s in step):
            parts.append("strides=" + ",".join(_by(s) if len(set(s)) > 1 else str(s[0]) for s in self.strides))
        if any(c != 1 for c in self.channels):
            parts.append("channels=" + ",".join(map(str, self.channels)))
        outputs = self.spaces()[-1]
        exact = CNN.shortest(self.filters, self.activations, self.strides, self.channels, outputs).size == self.size
        if not exact:
            parts.append(f"input={_by(self.size)}")
        elif any(n != 1 for n in outputs):
            parts.append(f"outputs={_by(outputs)}")
        return f"cnn({'; '.join(parts)})"

    def image(self) -> Image:
        chain = self.parametrization()
        if chain is not None and chain.composed:
            return filters(chain.sizes, chain.strides[-1], self.size[0], self.spaces()[-1][0])
        activations = tuple(normal_form(a, False) for a in self.activations)
        return Convolutions(self.filters, activations, self.strides, self.channels, self.size)

    def parametrization(self) -> FilterLayers | None:
        """For one channel on sequences."""
        if self.dimensions > 1 or max(self.channels) > 1:
            return None
        sizes, strides = tuple(k for (k,) in self.filters), tuple(s for (s,) in self.strides)
        return FilterLayers(sizes, strides, self.activations, tuple(map(self._name, range(1, self.layers + 1))))

    def units(self) -> tuple[HiddenUnits, ...]:
        """The channels; where there is one a layer, the filters as well, which can be shorter."""
        channels = tuple(
            Units(
                self.channels[l],
                made=((self._name(l), 0),),
                read=((self._name(l + 1), 1),),
                absorbs=absorption(activation),
                noun="channel",
                place=f" after layer {l}",
                label=f"layer {l}",
                basis=f"on the channels after layer {l}",
            )
            for l, activation in enumerate(self.activations, start=1)
        )
        if max(self.channels) > 1:
            return channels
        return (*channels, FilterStack(tuple(self.shapes()), self.filters, self.strides, all(a.is_linear for a in self.activations)))

    def silences(self) -> tuple[Silence, ...]:
        """Zero filters: of several channels, those of the last layer."""
        return tuple(
            Silence(f"layer {l}", (name,))
            for l, name in enumerate(self.shapes(), start=1)
            if l == self.layers or (max(self.channels) == 1 and all(a.vanishes_at_zero for a in self.activations[l - 1 :]))
        )

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> CNN:
        """With other channels; with shorter filters on the shortest input that gives as many outputs."""
        channels = (inputs or self.channels[0], *counts(sizes), outputs or self.channels[-1])
        for windows in sizes:
            if not isinstance(windows, int) and windows != self.filters:
                return CNN.shortest(windows, self.activations, self.strides, channels, self.spaces()[-1])
        return CNN(self.filters, self.activations, self.strides, channels, self.size)

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._name(1), 1),) if self.channels[0] > 1 else ()

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        """The output channels, where they have one position; several are one axis with the positions."""
        return ((self._name(self.layers), 0),) if prod(self.spaces()[-1]) == 1 else ()

    def theorems(self) -> tuple[Theorem, ...]:
        if not all(a.is_polynomial for a in self.activations):
            return ()
        single = all(c == 1 for c in self.channels)
        sequence = self.dimensions == 1
        linear = all(a.is_linear for a in self.activations)
        total = self.parameters - (self.layers - 1)
        monomial = all(a.is_monomial and a.degree >= 2 for a in self.activations)
        out = [
            Theorem(
                "polynomial convolutional networks",
                "dimension",
                total,
                "filters are determined up to scaling: the neurovariety is birational to a Segre-Veronese variety",
                "shahverdi2025",
                (
                    Hypothesis("one channel, sequences", single and sequence),
                    Hypothesis("every activation is a monomial of degree at least 2", monomial),
                ),
            ),
            Theorem(
                "linear convolutional networks",
                "dimension",
                total,
                "filters are the factors of the end-to-end polynomial, up to scaling and finitely many regroupings",
                "kohn2022",
                (
                    Hypothesis("one channel, sequences", single and sequence),
                    Hypothesis("every layer is linear", linear),
                ),
            ),
        ]
        out.extend(t for t in (self._ambient(linear), *self._counts(linear, monomial)) if t is not None)
        return tuple(t for t in out if t.applies)

    def _counts(self, linear: bool, monomial: bool) -> tuple[Theorem | None, ...]:
        """The points of the generic fiber, the degree and the ED degree of a network of one channel on sequences."""
        if self.dimensions > 1 or any(c > 1 for c in self.channels):
            return ()
        sizes, strides = tuple(k for (k,) in self.filters), tuple(s for (s,) in self.strides)
        if linear:
            fiber = convolution_fiber(sizes) if set(strides[:-1]) <= {1} else None
            return (fiber, *linear_convolution_theorems(sizes, strides))
        if not monomial:
            return ()
        exponents = tuple(a.degree for a in self.activations)
        return (polynomial_convolution_fiber(), *polynomial_convolution_theorems(sizes, exponents))

    def _ambient(self, linear: bool) -> Theorem | None:
        if linear:
            support = self._support()
            if support is None:
                return None
            return Theorem(
                "positions reached by composed filters",
                "ambient",
                self.channels[0] * self.channels[-1] * support,
                "filters with a single nonzero tap reach every position of the composed filter, one at a time",
                "kohn2022",
                (Hypothesis("every layer is linear", linear),),
            )
        one = CNN.shortest(self.filters, self.activations, self.strides, self.channels)
        degree = prod(a.degree for a in self.activations)
        inputs = prod(one.size) * one.channels[0]
        homogeneous = all(a.is_monomial for a in self.activations)
        return Theorem(
            "monomials that can occur",
            "ambient at most",
            self.channels[-1] * (forms(inputs, degree) if homogeneous else forms(inputs + 1, degree)),
            f"one output position determines the others; it is a polynomial of degree {degree} in {inputs} inputs",
            "shahverdi2025",
        )

    def _support(self) -> int | None:
        """Number of taps of the composed filter that can be nonzero."""
        sets = []
        for k in range(self.dimensions):
            found, step = {0}, 1
            for window, stride in zip(self.filters, self.strides, strict=True):
                if len(found) * window[k] > _MAX_SUPPORT:
                    return None
                found = {a + step * i for a, i in product(found, range(window[k]))}
                step *= stride[k]
            sets.append(len(found))
        return prod(sets)


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape))
