"""Linear networks: products of matrices, whose neurovarieties are determinantal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, check_widths, numbered
from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.degrees import determinantal_degree
from neurovariety.architectures.theorems.ed_degrees import matrices_ed_degree
from neurovariety.architectures.theorems.generic_fibers import linear_fiber
from neurovariety.errors import NotationError
from neurovariety.image import Image, perceptrons
from neurovariety.model import Shape
from neurovariety.parametrization import Layers
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import LINEAR, Silence, Size, Units, counts


@dataclass(frozen=True, repr=False)
class Linear(Architecture):
    """f(x) = W_L ... W_1 x with W_l of size d_l x d_{l-1}; ``widths`` = (d_0, ..., d_L).

    The neurovariety is the variety of d_L x d_0 matrices of rank at most min(widths) (Trager, Kohn, Bruna 2020).
    """

    family: ClassVar[str] = "linear"
    example: ClassVar[str] = "linear(3,2,3)"
    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        check_widths(self.family, self.widths, self.example)
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Linear:
        """The architecture of the sections of a notation."""
        if len(sections) > 1:
            raise NotationError(
                f"linear takes widths only, got {sections.rest[0]!r} in {sections.shown!r}; biases: mlp(2,2,1; x; bias)"
            )
        return cls(sections.integers(sections.first, "widths"))

    @property
    def layers(self) -> int:
        return len(self.widths) - 1

    def _name(self, layer: int) -> str:
        return numbered("W", layer, self.layers)

    def shapes(self) -> dict[str, Shape]:
        return {self._name(l): (self.widths[l], self.widths[l - 1]) for l in range(1, self.layers + 1)}

    @property
    def input_shape(self) -> Shape:
        return (self.widths[0],)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        for l in range(1, self.layers + 1):
            x = parameters[self._name(l)] @ x
        return x

    def notation(self) -> str:
        return f"linear({','.join(map(str, self.widths))})"

    def image(self) -> Image:
        return perceptrons(self.widths, self._slopes, False)

    def parametrization(self) -> Layers:
        return Layers(self.widths, self._slopes, tuple(map(self._name, range(1, self.layers + 1))))

    @property
    def _slopes(self) -> tuple[Activation, ...]:
        return (Activation.monomial(1),) * (self.layers - 1)

    def units(self) -> tuple[Units, ...]:
        return tuple(
            Units(
                self.widths[l],
                made=((self._name(l), 0),),
                read=((self._name(l + 1), 1),),
                absorbs=LINEAR,
                place=f" of hidden layer {l}",
                label=f"layer {l}",
                basis=f"on hidden layer {l}: W{l} -> g W{l}, W{l + 1} -> W{l + 1} g^-1",
            )
            for l in range(1, self.layers)
        )

    def silences(self) -> tuple[Silence, ...]:
        return tuple(Silence(f"layer {l}", (name,)) for l, name in enumerate(self.shapes(), start=1))

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Linear:
        return Linear((inputs or self.widths[0], *counts(sizes), outputs or self.widths[-1]))

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._name(1), 1),)

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return ((self._name(self.layers), 0),)

    def theorems(self) -> tuple[Theorem, ...]:
        fiber = linear_fiber(self.widths)
        return (*determinantal_theorems(self.widths, bias=False), *([fiber] if fiber is not None else []))


def determinantal_theorems(widths: tuple[int, ...], bias: bool) -> tuple[Theorem, ...]:
    """Span, dimension, degree and ED degrees of the matrices of rank at most min(widths), with free biases added where ``bias``."""
    d0, dl, r = widths[0], widths[-1], min(widths)
    extra = dl if bias else 0
    affine = " and a free constant vector" if bias else ""
    linear = (Hypothesis("every layer is linear", True),)
    degree = determinantal_degree(dl, d0, r, "every layer is linear")
    return (
        Theorem(
            "dimension of a determinantal variety",
            "dimension",
            r * (d0 + dl - r) + extra,
            f"{dl} x {d0} matrices of rank at most {r}{affine} form a variety of dimension r(d_0 + d_L - r){' + d_L' if bias else ''}",
            "bruns1988",
            linear,
        ),
        Theorem(
            "span of a determinantal variety",
            "ambient",
            d0 * dl + extra,
            f"matrices of rank one span all {dl} x {d0} matrices{affine}",
            "trager2020",
            linear,
        ),
        *([degree] if degree is not None else []),
        *matrices_ed_degree(d0, dl, r, "every layer is linear"),
    )
