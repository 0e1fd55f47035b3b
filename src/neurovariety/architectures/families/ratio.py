"""Quotients of two networks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size
from neurovariety.architectures.families.composition import filled, moved, part_silence, part_units
from neurovariety.architectures.reading.sections import Sections
from neurovariety.errors import NotationError
from neurovariety.model import Shape
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.theorem import Hypothesis, Theorem, bound
from neurovariety.units import Silence, Size, Units

_OVER, _UNDER = "part1.", "part2."


@dataclass(frozen=True, repr=False)
class Ratio(Architecture):
    """x -> A(x) / B(x) for two networks on the same inputs, B with one output; the value has the shape of A(x).

    Blocks of the numerator A begin with ``part1.``, those of the denominator B with ``part2.``; weights are separate. A quotient of
    polynomials is undefined where B vanishes, which exact trials avoid by drawing new values.
    """

    family: ClassVar[str] = "ratio"
    example: ClassVar[str] = "ratio(mlp(2,3,1; x^2); mlp(2,2,1; x^2))"
    numerator: Architecture
    denominator: Architecture

    def __post_init__(self) -> None:
        check_size(self)
        if self.numerator.input_shape != self.denominator.input_shape:
            sizes = " and ".join("x".join(map(str, s)) for s in (self.numerator.input_shape, self.denominator.input_shape))
            raise NotationError(f"ratio: both networks read the same inputs, got inputs of {sizes} numbers; the two must agree")
        outputs = prod(self.denominator.model.output_shape)
        if outputs != 1:
            raise NotationError(f"ratio: the denominator needs one output, {self.denominator.notation()[:60]} has {outputs}")

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Ratio:
        """The architecture of the sections of a notation."""
        if len(sections) != 2:
            raise NotationError(f"ratio takes two networks, got {len(sections)} in {sections.shown!r}; e.g. {cls.example}")
        return cls(sections.part(sections.first), sections.part(sections.rest[0]))

    def shapes(self) -> dict[str, Shape]:
        over = {_OVER + name: shape for name, shape in self.numerator.shapes().items()}
        return over | {_UNDER + name: shape for name, shape in self.denominator.shapes().items()}

    @property
    def parts(self) -> tuple[Architecture, Architecture]:
        """Numerator and denominator."""
        return self.numerator, self.denominator

    @property
    def input_shape(self) -> Shape:
        return self.numerator.input_shape

    def coefficients(self) -> tuple[Fraction | None, ...]:
        return self.numerator.coefficients() + self.denominator.coefficients()

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        cut, values = len(self.numerator.coefficients()), []
        for prefix, network, own in (
            (_OVER, self.numerator, slice(0, cut)),
            (_UNDER, self.denominator, slice(cut, None)),
        ):
            blocks = {name: parameters[prefix + name] for name in network.shapes()}
            values.append(network.apply(blocks, x, coefficients[own] if network.coefficients() else None))
        return values[0] / values[1].reshape(-1)

    def notation(self) -> str:
        return f"ratio({self.numerator.notation()}; {self.denominator.notation()})"

    def units(self) -> tuple[Units, ...]:
        over, under = self.numerator, self.denominator
        return (*part_units(over, _OVER, "the numerator"), *part_units(under, _UNDER, "the denominator"))

    def silences(self) -> tuple[Silence, ...]:
        """Those of the numerator: where the denominator is zero there is no function."""
        return tuple(part_silence(s, _OVER, "the numerator") for s in self.numerator.silences() if s.constant is None)

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Ratio | None:
        n = len(part_units(self.numerator, _OVER, ""))
        over = self.numerator.resized(filled(self.numerator, sizes[:n]), inputs, outputs)
        under = self.denominator.resized(filled(self.denominator, sizes[n:]), inputs)
        return None if over is None or under is None else Ratio(over, under)

    def symmetries(self) -> tuple[AxisAction, ...]:
        out = [moved(a, _OVER, "numerator: ") for a in self.numerator.symmetries()]
        out += [moved(a, _UNDER, "denominator: ") for a in self.denominator.symmetries()]
        if self._both_scale():
            over = [(_OVER + block, None, 1) for block, _ in self.numerator.output_axes()]
            under = [(_UNDER + block, None, 1) for block, _ in self.denominator.output_axes()]
            out.append(AxisAction(Kind.TORUS, 1, (*over, *under), "scaling numerator and denominator alike"))
        return tuple(out)

    def _both_scale(self) -> bool:
        """Whether multiplying the output by a number is known to be a change of weights, for both networks."""
        return bool(self.numerator.output_axes() and self.denominator.output_axes())

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        over, under = self.numerator.input_axes(), self.denominator.input_axes()
        return (*((_OVER + b, k) for b, k in over), *((_UNDER + b, k) for b, k in under)) if over and under else ()

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return tuple((_OVER + block, axis) for block, axis in self.numerator.output_axes())

    def theorems(self) -> tuple[Theorem, ...]:
        """dim A + dim B - 1 from above: (c A, c B) has the quotient of (A, B), for every number c that is not 0."""
        over, under = (bound(n.theorems(), "dimension") for n in (self.numerator, self.denominator))
        if over is None or under is None:
            return ()
        return (
            Theorem(
                "dimensions of numerator and denominator, less their common scaling",
                "dimension at most",
                over.value + under.value - 1,
                f"numerators: {over.statement}; denominators: {under.statement}; scaled alike they have the same quotient",
                over.source,
                (
                    *over.hypotheses,
                    *under.hypotheses,
                    Hypothesis("both sets of functions are closed under scaling", self._both_scale()),
                ),
            ),
        ) * self._both_scale()
