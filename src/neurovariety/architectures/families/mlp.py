"""Multilayer perceptrons with polynomial and rational activations."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, check_widths, numbered
from neurovariety.architectures.families.linear import determinantal_theorems
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.not_algebraic import refuse_any
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.reading.shifted_power import normal_form, shifted_power
from neurovariety.architectures.theorems.absorption import absorption
from neurovariety.architectures.theorems.degrees import shallow_monomial_degree
from neurovariety.architectures.theorems.dimension_bounds import alexander_hirschowitz, forms, monomial_network_bound
from neurovariety.architectures.theorems.ed_degrees import shallow_monomial_ed_degree
from neurovariety.architectures.theorems.generic_fibers import linear_fiber, shallow_monomial_fiber
from neurovariety.architectures.theorems.occurring_degrees import occurring_degrees
from neurovariety.architectures.theorems.poles import shallow_rational_dimension
from neurovariety.errors import NotationError
from neurovariety.image import Image, perceptrons, without_wide_layers
from neurovariety.model import Shape
from neurovariety.parametrization import Layers
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import Silence, Size, Units, counts


@dataclass(frozen=True, repr=False)
class MLP(Architecture):
    """f(x) = W_L s_{L-1}(... s_1(W_1 x + b_1) ...) + b_L with W_l of size d_l x d_{l-1} and a linear last layer.

    ``widths`` = (d_0, ..., d_L); ``activations`` holds one polynomial or rational function a hidden layer; biases b_l exist on
    every layer, the output layer too, where ``bias`` is true.
    """

    family: ClassVar[str] = "mlp"
    example: ClassVar[str] = "mlp(2,3,1; x^2)"
    widths: tuple[int, ...]
    activations: tuple[Activation, ...]
    bias: bool = False

    def __post_init__(self) -> None:
        check_widths(self.family, self.widths, self.example)
        hidden = len(self.widths) - 2
        if len(self.activations) != hidden:
            raise NotationError(f"mlp with {hidden} hidden layers needs 1 or {hidden} activations, got {len(self.activations)}")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> MLP:
        """The architecture of the sections of a notation."""
        widths = sections.integers(sections.first, "widths")
        bias = any(s.lower() == "bias" for s in sections.rest)
        rest = [s for s in sections.rest if s.lower() != "bias"]
        refuse_any(rest)
        if len(rest) > 1 or (len(sections) - 1 - len(rest)) > 1:
            raise NotationError(f"mlp takes widths, activations and bias, got {sections.shown!r}; e.g. mlp(2,3,1; x^2; bias)")
        return cls(widths, sections.activations(rest[0] if rest else None, len(widths) - 2, "mlp"), bias)

    @property
    def layers(self) -> int:
        return len(self.widths) - 1

    @property
    def degree(self) -> int:
        """Degree of the outputs in the inputs. Raises `NotationError` where an activation is not a polynomial."""
        out = 1
        for a in self.activations:
            out *= a.degree
        return out

    def _weight(self, layer: int) -> str:
        return numbered("W", layer, self.layers)

    def _bias(self, layer: int) -> str:
        return numbered("b", layer, self.layers)

    def shapes(self) -> dict[str, Shape]:
        layers = range(1, self.layers + 1)
        weights: dict[str, Shape] = {self._weight(l): (self.widths[l], self.widths[l - 1]) for l in layers}
        biases: dict[str, Shape] = {self._bias(l): (self.widths[l],) for l in layers} if self.bias else {}
        return weights | biases

    @property
    def input_shape(self) -> Shape:
        return (self.widths[0],)

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return tuple(c for a in self.activations for c in a.inexact_coefficients)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        at = 0
        for l in range(1, self.layers + 1):
            x = parameters[self._weight(l)] @ x
            if self.bias:
                x = x + parameters[self._bias(l)]
            if l < self.layers:
                activation = self.activations[l - 1]
                n = len(activation.inexact_coefficients)
                x = activation.apply(x, coefficients[at : at + n] if n else None)
                at += n
        return x

    def notation(self) -> str:
        shown = [str(a) for a in self.activations]
        if len(set(shown)) == 1:
            shown = shown[:1]
        parts = [",".join(map(str, self.widths)), ", ".join(shown)] if shown else [",".join(map(str, self.widths))]
        return f"mlp({'; '.join(parts + (['bias'] if self.bias else []))})"

    def image(self) -> Image:
        return perceptrons(self.widths, self._normal, self.bias)

    @property
    def _normal(self) -> tuple[Activation, ...]:
        return tuple(normal_form(a, self.bias) for a in self.activations)

    def _reduced(self) -> MLP:
        """The network with the same functions without factors, shifts and layers that others absorb."""
        widths, activations = without_wide_layers(self.widths, self._normal)
        return MLP(widths, activations, self.bias)

    def parametrization(self) -> Layers:
        layers = range(1, self.layers + 1)
        biases = tuple(map(self._bias, layers)) if self.bias else ()
        return Layers(self.widths, self.activations, tuple(map(self._weight, layers)), biases)

    def units(self) -> tuple[Units, ...]:
        return tuple(
            Units(
                self.widths[l],
                made=((self._weight(l), 0),),
                read=((self._weight(l + 1), 1),),
                absorbs=absorption(activation, self.bias),
                place=f" of hidden layer {l}",
                label=f"layer {l}",
                basis=f"on the linear hidden layer {l}",
                bias=((self._bias(l), 0),) if self.bias else (),
            )
            for l, activation in enumerate(self.activations, start=1)
        )

    def silences(self) -> tuple[Silence, ...]:
        """Layers whose zero weights leave no input: later activations vanish at 0, or biases stand for their values."""
        if not all(a.defined_at_zero for a in self.activations):
            return ()
        constant = self._bias(self.layers) if self.bias else None
        return tuple(
            Silence(f"layer {l}", (name,), constant)
            for l, name in enumerate(self.parametrization().weights, start=1)
            if self.bias or all(a.vanishes_at_zero for a in self.activations[l - 1 :])
        )

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Architecture:
        widths = (inputs or self.widths[0], *counts(sizes), outputs or self.widths[-1])
        return MLP(widths, self.activations, self.bias)

    def factored(self, layer: int, rank: int) -> MLP:
        widths = (*self.widths[: layer + 1], rank, *self.widths[layer + 1 :])
        return MLP(widths, (*self.activations[:layer], Activation.monomial(1), *self.activations[layer:]), self.bias)

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._weight(1), 1),)

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._weight(self.layers), 0), *([(self._bias(self.layers), 0)] if self.bias else []))

    def theorems(self) -> tuple[Theorem, ...]:
        """Those of the functions, which are stated of the reduced network, and of the fiber over them."""
        fiber = self._generic_fiber()
        return (*self._reduced()._of_functions(), *([fiber] if fiber is not None else []))

    def _generic_fiber(self) -> Theorem | None:
        if all(a.is_linear for a in self.activations):
            return None if self.bias else linear_fiber(self.widths)
        if self.layers != 2 or not self.activations[0].is_monomial:
            return None
        inputs, width, outputs = self.widths
        return shallow_monomial_fiber(inputs, width, outputs, self.activations[0].degree, self.bias)

    def _of_functions(self) -> tuple[Theorem, ...]:
        if all(a.is_linear for a in self.activations):
            return determinantal_theorems(self.widths, self.bias)
        if not all(a.is_polynomial for a in self.activations):
            return self._by_poles()
        out = [self._ambient()]
        exponents = self._exponents()
        if exponents is not None:
            value, how = monomial_network_bound(self.widths, exponents, self.bias)
            powers = "every activation is a monomial" + (", up to a shift and a constant that biases absorb" if self.bias else "")
            out.append(
                Theorem(
                    how,
                    "dimension at most",
                    value,
                    "closed bounds of the pieces of the network, combined where it can be cut",
                    "kileel2019",
                    (Hypothesis(powers, True),),
                )
            )
            if self.layers == 2 and self.widths[-1] == 1 and not self.bias and exponents[0] >= 2:
                out.append(self._alexander_hirschowitz(exponents[0]))
            if self.layers == 2 and not self.bias:
                inputs, width, outputs = self.widths
                degree = shallow_monomial_degree(inputs, width, outputs, exponents[0])
                out.extend([degree] if degree is not None else [])
                out.extend(shallow_monomial_ed_degree(inputs, width, outputs, exponents[0]))
        return tuple(out)

    def _exponents(self) -> tuple[int, ...] | None:
        """The r_l with the same functions as activations x^(r_l), where there are such; None otherwise."""
        found = [shifted_power(a) if self.bias or a.is_monomial else None for a in self.activations]
        return tuple(r for r in found if r is not None) if None not in found else None

    def _by_poles(self) -> tuple[Theorem, ...]:
        if self.layers != 2:
            return ()
        inputs, width, outputs = self.widths
        found = shallow_rational_dimension(inputs, width, outputs, self.activations[0], self.bias)
        if found is None:
            return ()
        return (
            Theorem(
                found[1],
                "dimension",
                found[0],
                f"a generic network with one hidden layer and the activation {self.activations[0]}, seen at the poles of its neurons",
                "grosdos2025",
                (
                    Hypothesis(
                        "one hidden layer, a rational activation with a pole that different neurons have at different places", True
                    ),
                ),
            ),
        )

    def _alexander_hirschowitz(self, exponent: int) -> Theorem:
        inputs, width, _ = self.widths
        return Theorem(
            "Alexander-Hirschowitz theorem",
            "dimension",
            alexander_hirschowitz(inputs, width, exponent),
            f"sums of {width} powers of degree {exponent} of linear forms in {inputs} variables",
            "alexander1995",
            (Hypothesis("one hidden layer, one output, no bias, monomial activation of degree at least 2", True),),
        )

    def _ambient(self) -> Theorem:
        inputs, outputs = self.widths[0], self.widths[-1]
        if self._exponents() is not None:
            n = inputs + 1 if self.bias else inputs
            kind = f"polynomials of degree at most {self.degree}" if self.bias else f"forms of degree {self.degree}"
            return Theorem(
                "powers of linear forms span",
                "ambient",
                outputs * forms(n, self.degree),
                f"with one active neuron a layer the network is any power of a linear form, and these span all {kind} in "
                f"{inputs} variables, for each of {outputs} outputs",
                "kileel2019",
                (Hypothesis("every activation is a monomial of degree at least 1, with biases up to a shift and a constant", True),),
            )
        degrees = self._degrees()
        count = sum(forms(inputs, d) for d in degrees) if degrees is not None else forms(inputs + 1, self.degree)
        return Theorem(
            "monomials that can occur",
            "ambient at most",
            outputs * count,
            f"only monomials of degrees {_listed(degrees, self.degree)} can occur in {inputs} variables",
            "marchetti2025",
        )

    def _degrees(self) -> frozenset[int] | None:
        """Degrees in which the outputs can have terms, or None (all up to the degree) where that is all one can say."""
        return None if self.bias else occurring_degrees(self.activations)


def _listed(degrees: frozenset[int] | None, top: int) -> str:
    if degrees is None or len(degrees) > 8:
        return f"up to {top}"
    return ", ".join(map(str, sorted(degrees)))
