"""Linear maps that do not change when a permutation group acts on their input, of bounded rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from neurovariety.architectures.architecture import Architecture, check_size
from neurovariety.architectures.families.linear import Linear
from neurovariety.architectures.reading.sections import Sections
from neurovariety.errors import NotationError
from neurovariety.image import Image, OrbitMatrices
from neurovariety.model import Shape
from neurovariety.parametrization import Layers
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import Silence, Size, Units, counts

_MAX_LENGTH = 100_000
_MAX_ENTRIES = 10**7


@dataclass(frozen=True, repr=False)
class Invariant(Architecture):
    """f(x) = W_2 W_1 P x, where P adds up the coordinates of each orbit of a permutation group on R^n.

    ``orbits`` holds the orbit sizes, n is their sum, and the coordinates stand orbit by orbit in the input. A linear map is invariant
    if and only if its columns agree along orbits, so the matrices are W P with W of size outputs x (number of orbits), and every
    invariant map of rank at most ``rank`` is one of the functions (Kohn, Sattelberger, Shahverdi 2023). Without ``rank`` there is one
    matrix W.
    """

    family: ClassVar[str] = "invariant"
    example: ClassVar[str] = "invariant(2,2,1; rank=1; outputs=3)"
    orbits: tuple[int, ...]
    outputs: int = 1
    rank: int | None = None

    def __post_init__(self) -> None:
        if not self.orbits or min(self.orbits) < 1:
            raise NotationError(
                f"invariant: the orbit sizes {','.join(map(str, self.orbits))[:60]} are not all positive; e.g. {self.example}"
            )
        if sum(self.orbits) > _MAX_LENGTH or sum(self.orbits) * len(self.orbits) > _MAX_ENTRIES:
            raise NotationError(
                f"invariant: {len(self.orbits):,} orbits with {sum(self.orbits):,} elements are too many; at most {_MAX_LENGTH:,} "
                f"elements, and {_MAX_ENTRIES:,} for orbits times elements, fit"
            )
        for name, value in (("outputs", self.outputs), ("rank", self.rank)):
            if value is not None and value < 1:
                raise NotationError(f"invariant: {name}={value} is not positive")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Invariant:
        """The architecture of the sections of a notation."""
        orbits = sections.integers(sections.first, "orbit sizes")
        options, rest = sections.options({"rank", "outputs"})
        if rest:
            raise NotationError(f"invariant takes rank= and outputs=, got {rest[0][:40]!r} in {sections.shown!r}; e.g. {cls.example}")
        rank = sections.integer(options["rank"], "rank") if "rank" in options else None
        return cls(orbits, sections.integer(options.get("outputs", "1"), "outputs"), rank)

    @property
    def pooled(self) -> Linear:
        """The linear network that follows the sums over the orbits."""
        return Linear((len(self.orbits), *(() if self.rank is None else (self.rank,)), self.outputs))

    def shapes(self) -> dict[str, Shape]:
        return self.pooled.shapes()

    @property
    def input_shape(self) -> Shape:
        return (sum(self.orbits),)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        if max(self.orbits) == 1:
            return self.pooled.apply(parameters, x, coefficients)
        sums = np.repeat(np.eye(len(self.orbits)), self.orbits, axis=1)
        return self.pooled.apply(parameters, sums @ x, coefficients)

    def notation(self) -> str:
        parts = [",".join(map(str, self.orbits)), *([f"rank={self.rank}"] if self.rank is not None else [])]
        return f"invariant({'; '.join(parts + ([f'outputs={self.outputs}'] if self.outputs > 1 else []))})"

    def parametrization(self) -> Layers | None:
        """For orbits of one element, whose sums are the inputs."""
        return self.pooled.parametrization() if max(self.orbits) == 1 else None

    def image(self) -> Image | None:
        if max(self.orbits) == 1:
            return self.pooled.image()
        return OrbitMatrices(self.orbits, self.outputs, min(self.pooled.widths))

    def units(self) -> tuple[Units, ...]:
        return self.pooled.units()

    def silences(self) -> tuple[Silence, ...]:
        return self.pooled.silences()

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Invariant | None:
        if inputs is not None and max(self.orbits) > 1:
            return None
        return Invariant(self.orbits if inputs is None else (1,) * inputs, outputs or self.outputs, counts(sizes)[0] if sizes else None)

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        """For orbits of one element; a linear map of the inputs mixes the elements of larger ones."""
        return self.pooled.input_axes() if max(self.orbits) == 1 else ()

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return self.pooled.output_axes()

    def theorems(self) -> tuple[Theorem, ...]:
        k = len(self.orbits)
        return tuple(
            Theorem(
                t.name,
                t.quantity,
                t.value,
                f"invariant maps are the {self.outputs} x {k} matrices of rank at most {min(self.pooled.widths)} after the sums over "
                f"the {k} orbits, which are independent",
                "kohn2023",
                (Hypothesis("the columns are identified along the orbits, and every layer is linear", True),),
            )
            for t in self.pooled.theorems()
        )
