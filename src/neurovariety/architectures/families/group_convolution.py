"""Polynomial group convolutional networks: convolutions over a finite group with activations between them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.groups import Group
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.absorption import absorption
from neurovariety.architectures.theorems.dimension_bounds import forms
from neurovariety.architectures.theorems.occurring_degrees import occurring_monomials
from neurovariety.arithmetic import tensordot
from neurovariety.errors import NotationError
from neurovariety.model import Shape
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import Silence, Size, Units, counts

_MAX_LAYERS = 1000
_MAX_COUNTED = 2000
"""Number of variables or degree, the smaller of the two, beyond which monomials are not counted."""


@dataclass(frozen=True, repr=False)
class GroupConvolution(Architecture):
    """Layers h -> w * h with (w * h)(g) = sum over k of w(k) h(k^-1 g) on functions on a finite group G, an activation in between.

    ``channels`` = (c_0, ..., c_L). The filter of layer l has shape (c_l, c_{l-1}, |G|) and is added up over the channels of its
    input. Inputs have shape (|G|,), or (c_0, |G|) where c_0 > 1; outputs (|G|,), or (c_L, |G|) where c_L > 1. No activation
    follows the last layer. The functions commute with right translations h(g) -> h(gs) (Hendi, Persson, Larfors 2026).
    """

    family: ClassVar[str] = "groupconv"
    example: ClassVar[str] = "groupconv(cyclic(4); layers=2; x^2)"
    group: Group
    channels: tuple[int, ...]
    activations: tuple[Activation, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.layers <= _MAX_LAYERS:
            raise NotationError(f"groupconv: {self.layers} layers are outside 1 to {_MAX_LAYERS:,}")
        if min(self.channels) < 1:
            raise NotationError(f"groupconv: the number of channels {min(self.channels)} is not positive")
        if len(self.activations) != self.layers - 1:
            raise NotationError(
                f"groupconv with {self.layers} layers needs 1 or {self.layers - 1} activations, got {len(self.activations)}"
            )
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> GroupConvolution:
        """The architecture of the sections of a notation."""
        group = Group.read(sections)
        options, rest = sections.options({"layers", "channels"})
        if not options:
            raise NotationError(
                f"groupconv needs layers= (one channel) or channels=c_0,...,c_L in {sections.shown!r}; e.g. {cls.example}"
            )
        channels: tuple[int, ...] = ()
        if "channels" in options:
            channels = sections.integers(options["channels"], "channels")
            if len(channels) < 2:
                raise NotationError(
                    f"channels= needs at least 2 numbers (input, after each layer), got {len(channels)} in {sections.shown!r}"
                )
        if "layers" in options:
            layers = sections.integer(options["layers"], "layers")
            if not 1 <= layers <= _MAX_LAYERS:
                raise NotationError(f"groupconv: layers={layers} is outside 1 to {_MAX_LAYERS:,}")
            if channels and layers != len(channels) - 1:
                raise NotationError(
                    f"layers={layers} does not fit channels= with {len(channels)} numbers in {sections.shown!r}; give one of them"
                )
            channels = channels or (1,) * (layers + 1)
        activations = sections.activations(rest[0] if rest else None, len(channels) - 2, "groupconv")
        return cls(group, channels, activations)

    @property
    def layers(self) -> int:
        return len(self.channels) - 1

    @property
    def degree(self) -> int:
        """Degree of the outputs in the inputs. Raises `NotationError` where an activation is not a polynomial."""
        out = 1
        for a in self.activations:
            out *= a.degree
        return out

    def _name(self, layer: int) -> str:
        return numbered("w", layer, self.layers)

    def shapes(self) -> dict[str, Shape]:
        return {self._name(l): (self.channels[l], self.channels[l - 1], self.group.order) for l in range(1, self.layers + 1)}

    @property
    def input_shape(self) -> Shape:
        return (self.group.order,) if self.channels[0] == 1 else (self.channels[0], self.group.order)

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return tuple(c for a in self.activations for c in a.inexact_coefficients)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        h = x.reshape(self.channels[0], self.group.order)
        at = 0
        for l in range(1, self.layers + 1):
            # The values against the structure constants, then against the filters: translates[c, k, g] = h_c(k^-1 g). The other
            # way round every filter would become a matrix from functions on G to functions on G.
            translates = tensordot(h, self.group.structure, axes=((1,), (1,)))
            h = tensordot(parameters[self._name(l)], translates, axes=((1, 2), (0, 1)))
            if l < self.layers:
                activation = self.activations[l - 1]
                n = len(activation.inexact_coefficients)
                h = activation.apply(h, coefficients[at : at + n] if n else None)
                at += n
        return h.reshape(-1) if self.channels[-1] == 1 else h

    def notation(self) -> str:
        size = f"layers={self.layers}" if set(self.channels) == {1} else f"channels={','.join(map(str, self.channels))}"
        shown = [str(a) for a in self.activations]
        if len(set(shown)) == 1:
            shown = shown[:1]
        return f"groupconv({'; '.join([str(self.group), size, *([', '.join(shown)] if shown else [])])})"

    def units(self) -> tuple[Units, ...]:
        return tuple(
            Units(
                self.channels[l],
                made=((self._name(l), 0),),
                read=((self._name(l + 1), 1),),
                absorbs=absorption(activation),
                noun="channel",
                place=f" of hidden layer {l}",
                label=f"layer {l}",
                basis=f"on the channels of the linear hidden layer {l}",
            )
            for l, activation in enumerate(self.activations, start=1)
        )

    def silences(self) -> tuple[Silence, ...]:
        return tuple(
            Silence(f"layer {l}", (self._name(l),))
            for l in range(1, self.layers + 1)
            if all(a.vanishes_at_zero for a in self.activations[l - 1 :])
        )

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> GroupConvolution:
        channels = (inputs or self.channels[0], *counts(sizes), outputs or self.channels[-1])
        return GroupConvolution(self.group, channels, self.activations)

    def theorems(self) -> tuple[Theorem, ...]:
        if not all(a.is_polynomial for a in self.activations):
            return ()
        found = [self._ambient()] if min(self.degree, self.channels[0] * self.group.order) <= _MAX_COUNTED else []
        monomial = Hypothesis("every activation is a monomial of degree at least 1", all(a.is_monomial for a in self.activations))
        linear = Hypothesis("every layer is linear", all(a.is_linear for a in self.activations))
        single = Hypothesis("one channel in every layer", set(self.channels) == {1})
        n = self.group.order
        bends = 1 + sum(not a.is_linear for a in self.activations)
        deep = Theorem(
            "monomial group convolutions of one channel",
            "dimension",
            bends * (n - 1) + 1,
            f"{bends} layers, counting those joined by a linear activation once, of {n} weights each, less one scale between each two; "
            "at unit filters the derivatives in the other weights are different monomials, so the rank is no smaller",
            "hendi2026",
            (single, monomial),
        )
        c0, cl, r = self.channels[0], self.channels[-1], min(self.channels)
        algebra = Theorem(
            "matrices over a group algebra",
            "dimension",
            n * r * (c0 + cl - r),
            f"over C the group algebra is a product of full matrix rings M_d with the d^2 adding up to {n}, and the networks are the "
            f"tuples of {cl}d x {c0}d matrices of rank at most {r}d",
            "bruns1988",
            (linear,),
        )
        found += [deep] if deep.applies else [algebra] if algebra.applies else []
        return tuple(found)

    def _ambient(self) -> Theorem:
        variables, outputs = self.channels[0] * self.group.order, self.channels[-1]
        if all(a.is_monomial for a in self.activations):
            return Theorem(
                "powers of linear forms span",
                "ambient",
                outputs * forms(variables, self.degree),
                "a network is known from its outputs at the identity of the group; with unit filters after the first layer one of them "
                f"is any power of a linear form, and these span all forms of degree {self.degree} in {variables} variables, for each "
                f"of {outputs} output channels",
                "kileel2019",
                (Hypothesis("every activation is a monomial of degree at least 1", True),),
            )
        return Theorem(
            "monomials that can occur",
            "ambient at most",
            outputs * occurring_monomials(variables, self.activations),
            f"a network is known from its {outputs} output channels at the identity of the group, polynomials of degree at most "
            f"{self.degree} in {variables} variables",
            "hendi2026",
        )
