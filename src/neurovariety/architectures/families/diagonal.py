"""Deep diagonal linear networks: a linear form whose coefficients are products of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.generic_fibers import diagonal_fiber
from neurovariety.errors import NotationError
from neurovariety.image import Image, Matrices
from neurovariety.model import Shape
from neurovariety.parametrization import EntrywiseProduct
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.theorem import Theorem

_MAX_LAYERS = 1000


@dataclass(frozen=True, repr=False)
class Diagonal(Architecture):
    """f(x) = (u_1 * u_2 * ... * u_L) . x with the entrywise product of ``layers`` = L vectors of shape (``width``,).

    The input has shape (width,), the output (1,). The functions are all linear forms in ``width`` variables; the family is of
    interest for its gradient flow, which prefers sparse forms (Woodworth et al. 2020), and for the fibers over forms with zero
    coefficients. ``input_axes`` is empty for two or more layers: f_w(T x) has the coefficients T^T (u_1 * ... * u_L), which are not an
    entrywise product of linear images of the u_l unless T permutes and rescales.
    """

    family: ClassVar[str] = "diagonal"
    example: ClassVar[str] = "diagonal(4; layers=3)"
    width: int
    layers: int

    def __post_init__(self) -> None:
        if self.width < 1:
            raise NotationError(f"diagonal: the width {self.width} is not positive")
        if not 1 <= self.layers <= _MAX_LAYERS:
            raise NotationError(f"diagonal: layers={self.layers} is outside 1 to {_MAX_LAYERS:,}")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Diagonal:
        """The architecture of the sections of a notation."""
        options, rest = sections.options({"layers"})
        if rest:
            raise NotationError(f"diagonal takes layers=, got {rest[0][:40]!r} in {sections.shown!r}; e.g. {cls.example}")
        if "layers" not in options:
            raise NotationError(f"diagonal needs layers= in {sections.shown!r}; e.g. {cls.example}")
        if "," in sections.first:
            raise NotationError(
                f"diagonal has one width, shared by all layers, got {sections.first[:40]!r} in {sections.shown!r}; e.g. {cls.example}"
            )
        return cls(sections.integer(sections.first, "width"), sections.integer(options["layers"], "layers"))

    def _name(self, layer: int) -> str:
        return numbered("u", layer, self.layers)

    def shapes(self) -> dict[str, Shape]:
        return {self._name(l): (self.width,) for l in range(1, self.layers + 1)}

    @property
    def input_shape(self) -> Shape:
        return (self.width,)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        for l in range(1, self.layers):
            x = parameters[self._name(l)] * x
        return (parameters[self._name(self.layers)] @ x).reshape(1)

    def notation(self) -> str:
        return f"diagonal({self.width}; layers={self.layers})"

    def image(self) -> Image:
        return Matrices(self.width, 1, 1)

    def parametrization(self) -> EntrywiseProduct:
        return EntrywiseProduct(self.width, tuple(map(self._name, range(1, self.layers + 1))))

    def symmetries(self) -> tuple[AxisAction, ...]:
        return tuple(
            AxisAction(
                Kind.TORUS,
                self.width,
                ((self._name(l), 0, 1), (self._name(l + 1), 0, -1)),
                f"rescaling each entry of layer {l} against that of layer {l + 1}",
            )
            for l in range(1, self.layers)
        )

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._name(1), 0),) if self.layers == 1 else ()

    def theorems(self) -> tuple[Theorem, ...]:
        n = self.width
        form = f"every linear form in {n} {'variable' if n == 1 else 'variables'} is a function: all layers but one equal to ones"
        return (
            Theorem("diagonal networks are all linear forms", "dimension", n, form, "woodworth2020"),
            Theorem("diagonal networks are all linear forms", "ambient", n, form, "woodworth2020"),
            diagonal_fiber(),
        )
