"""Sums of products of linear forms: sum-product networks of depth two, CP decompositions of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.families.tensor_train import separation_rank_theorems
from neurovariety.architectures.reading.modes import check_modes, pieces
from neurovariety.architectures.reading.sections import Sections
from neurovariety.architectures.theorems.degrees import rank_decomposition_degree
from neurovariety.architectures.theorems.ed_degrees import products_of_vectors_ed_degree
from neurovariety.architectures.theorems.generic_fibers import rank_decomposition_fiber
from neurovariety.architectures.theorems.segre import secant_theorems
from neurovariety.errors import NotationError
from neurovariety.image import Image, SeparationRanks, tensors_of_rank
from neurovariety.model import Shape
from neurovariety.theorem import Theorem
from neurovariety.units import LINEAR, ProductTerms, Silence, Size, Units, counts


@dataclass(frozen=True, repr=False)
class CP(Architecture):
    """f(x_1, ..., x_d) = sum over r <= R of the products <a_{1,r}, x_1> ... <a_{d,r}, x_d>.

    ``modes`` = (n_1, ..., n_d) and ``rank`` = R; column r of the block A_k, of shape (n_k, R), is a_{k,r}. With several ``outputs``
    term r is multiplied by column r of the block B of shape (outputs, R), which makes the output one more mode. The input is the
    concatenation of the mode vectors; the output has shape (outputs,). The functions are the tensors of rank at most R: the
    neurovariety is the affine cone of the R-th secant variety of a Segre variety, and f a convolutional arithmetic circuit with one
    hidden layer (Cohen, Sharir, Shashua 2016). ``input_axes`` is empty: a linear map of the whole input mixes the modes, and f is then
    no longer linear in each.
    """

    family: ClassVar[str] = "cp"
    example: ClassVar[str] = "cp(2,3,2; rank=4)"
    modes: tuple[int, ...]
    rank: int
    outputs: int = 1

    def __post_init__(self) -> None:
        check_modes(self.family, self.modes, self.outputs, self.example)
        if self.rank < 1:
            raise NotationError(f"cp: the rank {self.rank} is not positive")
        check_size(self)

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> CP:
        """The architecture of the sections of a notation."""
        modes = sections.modes(cls.family)
        options, rest = sections.options({"rank", "outputs"})
        if rest:
            raise NotationError(f"cp takes rank= and outputs=, got {rest[0][:40]!r} in {sections.shown!r}; e.g. {cls.example}")
        if "rank" not in options:
            raise NotationError(f"cp needs rank= (the number of terms) in {sections.shown!r}; e.g. {cls.example}")
        return cls(modes, sections.integer(options["rank"], "rank"), sections.integer(options.get("outputs", "1"), "outputs"))

    @property
    def tensor(self) -> tuple[int, ...]:
        """The format of the tensors: the modes, and the outputs where there are several."""
        return (*self.modes, *([self.outputs] if self.outputs > 1 else []))

    def _names(self) -> list[str]:
        named = [numbered("A", k, len(self.modes)) for k in range(1, len(self.modes) + 1)]
        return [*named, *(["B"] if self.outputs > 1 else [])]

    def shapes(self) -> dict[str, Shape]:
        return {name: (n, self.rank) for name, n in zip(self._names(), self.tensor, strict=True)}

    @property
    def input_shape(self) -> Shape:
        return (sum(self.modes),)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        names, parts = self._names(), pieces(x, self.modes)
        forms = [entries @ parameters[name] for name, entries in zip(names, parts, strict=False)]
        last = forms.pop() if self.outputs == 1 else parameters["B"].T
        terms = forms[0]
        for form in forms[1:]:
            terms = terms * form
        # A sum of products is written as a contraction, in which the general linear group of two modes can be seen.
        return (terms @ last).reshape(self.outputs)

    def notation(self) -> str:
        parts = [",".join(map(str, self.modes)), f"rank={self.rank}"]
        return f"cp({'; '.join(parts + ([f'outputs={self.outputs}'] if self.outputs > 1 else []))})"

    def image(self) -> Image:
        return tensors_of_rank(self.modes, self.rank, self.outputs)

    def units(self) -> tuple[Units | ProductTerms, ...]:
        """The terms; of a matrix, the linear units between its two factors."""
        names = self._names()
        if len(names) > 2:
            return (ProductTerms(self.rank, tuple((name, 1) for name in names)),)
        basis = "between the two factors of a matrix"
        return (Units(self.rank, made=((names[0], 1),), read=((names[1], 1),), absorbs=LINEAR, noun="term", basis=basis),)

    def silences(self) -> tuple[Silence, ...]:
        return tuple(Silence(name, (name,)) for name in self._names())

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> CP | None:
        (rank,) = counts(sizes)
        return CP(self.modes, rank, outputs or self.outputs) if (outputs or 2) > 1 else None

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        return (("B", 0),) if self.outputs > 1 else ()

    def theorems(self) -> tuple[Theorem, ...]:
        image, fiber = self.image(), rank_decomposition_fiber(self.tensor, self.rank)
        if isinstance(image, SeparationRanks):
            return (*separation_rank_theorems(image), *([fiber] if fiber is not None else []))
        span = Theorem(
            "products of linear forms span",
            "ambient",
            prod(self.tensor),
            "tensors of rank one span all tensors",
            "cohen2016",
        )
        degree = rank_decomposition_degree(self.tensor, self.rank)
        counts = (*(t for t in (fiber, degree) if t is not None), *products_of_vectors_ed_degree(self.tensor, self.rank))
        return (span, *secant_theorems(self.tensor, self.rank), *counts)
