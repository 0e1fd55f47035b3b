"""What every family of architectures offers: its model, its notation, and what it states of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, ClassVar

from neurovariety.architectures.reading.sections import Sections
from neurovariety.errors import NotationError
from neurovariety.image import Image
from neurovariety.model import Model, Shape
from neurovariety.parametrization import Parametrization
from neurovariety.symmetry import AxisAction
from neurovariety.theorem import Theorem
from neurovariety.tolerances import MAX_PARAMETERS
from neurovariety.units import HiddenUnits, Silence, Size, symmetries_of


class Architecture(ABC):
    """An architecture of a family; subclasses are frozen dataclasses whose ``repr`` is the notation that makes them.

    A family states its symmetries and theorems as data. It knows nothing of how invariants are computed.
    """

    family: ClassVar[str]
    example: ClassVar[str]
    """One notation of the family."""

    @classmethod
    @abstractmethod
    def read(cls, sections: Sections[Architecture]) -> Architecture:
        """The architecture of the sections of a notation, which stand between semicolons.

        Raises `NotationError` with one sentence on what was given and what was expected.
        """

    @abstractmethod
    def shapes(self) -> dict[str, Shape]:
        """Parameter block name -> shape, in the order of the flat vector."""

    @property
    @abstractmethod
    def input_shape(self) -> Shape:
        """Shape of one input."""

    @abstractmethod
    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        """The function in JAX: parameter blocks, one input, the inexact coefficients -> outputs."""

    @abstractmethod
    def notation(self) -> str:
        """The notation of this architecture; ``neurovariety.parse`` reads it back."""

    def coefficients(self) -> tuple[Fraction | None, ...]:
        """Fixed coefficients that enter programs as exact inputs (None: generic)."""
        return ()

    def units(self) -> tuple[HiddenUnits, ...]:
        """The hidden units, layer by layer: symmetries and smaller networks derive from them."""
        return ()

    def silences(self) -> tuple[Silence, ...]:
        """Blocks of weights that make the function zero, or constant, where they are zero: those that are known."""
        return ()

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Architecture | None:
        """The network of this family with other ``sizes``, one for each of `units`, and other numbers of ``inputs`` and ``outputs``,
        which are the lengths of `input_axes` and `output_axes`. None where the family has no such network."""
        return None

    def factored(self, layer: int, rank: int) -> Architecture | None:
        """The network in which the weights of one of the layers of `parametrization` (from 0) are a product through ``rank`` linear
        units; None where the family has no such network."""
        return None

    def symmetries(self) -> tuple[AxisAction, ...]:
        """Groups that leave every function unchanged."""
        return symmetries_of(self.units())

    def theorems(self) -> tuple[Theorem, ...]:
        """Statements about this architecture, with their hypotheses checked."""
        return ()

    def image(self) -> Image | None:
        """The set of functions, where its kind has a record: the same for equal sets in other notations. None where it has none."""
        return None

    def parametrization(self) -> Parametrization | None:
        """How weights make the functions, where that is of a known kind; None otherwise."""
        return None

    def components(self) -> Iterator[Architecture]:
        """The networks whose functions together are those of the architecture, none of them a limit of another's: itself, unless
        it describes a union."""
        yield self

    def count_components(self) -> int:
        """How many `components` there are, counted without listing them."""
        return 1

    def input_axes(self) -> tuple[tuple[str, int], ...]:
        """The (block, axis) pairs contracted with the first axis of the input: f_w(T x) = f_{w.T}(x), where T multiplies x along
        its first axis and w.T has each of these blocks multiplied by T along the axis named. Empty where the family has no such
        adjunction (a convolution of one channel, say)."""
        return ()

    def output_axes(self) -> tuple[tuple[str, int], ...]:
        """The (block, axis) pairs making the first axis of the output: S f_w = f_{S.w}, where S.w has each of these blocks multiplied
        by S along the axis named."""
        return ()

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(prod(s) for s in self.shapes().values())

    @cached_property
    def model(self) -> Model:
        """The model; tracing happens when a program of it is first asked for."""
        return Model(
            name=self.notation(),
            named=True,
            function=self.apply,
            shapes=self.shapes(),
            input_shape=self.input_shape,
            coefficients=self.coefficients(),
            symmetries=self.symmetries(),
            theorems=self.theorems(),
            input_axes=self.input_axes(),
            output_axes=self.output_axes(),
            image=self.image(),
            parametrization=self.parametrization(),
            units=self.units(),
            silences=self.silences(),
            resized=self._resized,
            factored=self._factored,
        )

    def _resized(self, sizes: tuple[Size, ...]) -> Model | None:
        found = self.resized(sizes)
        return None if found is None else found.model

    def _factored(self, layer: int, rank: int) -> Model | None:
        found = self.factored(layer, rank)
        return None if found is None else found.model

    def __repr__(self) -> str:
        return self.notation()


def check_widths(family: str, widths: tuple[int, ...], example: str) -> None:
    """Raise `NotationError` unless there are two widths or more and all are positive."""
    if len(widths) < 2:
        raise NotationError(f"{family} needs at least 2 widths (inputs, ..., outputs), got {len(widths)}: write for example {example}")
    for w in widths:
        if w < 1:
            raise NotationError(f"{family}: the width {w} is not positive; every layer needs at least one neuron")


def check_size(architecture: Architecture) -> None:
    """Raise `NotationError` where the architecture has more parameters than the library accepts."""
    if architecture.parameters > MAX_PARAMETERS:
        raise NotationError(
            f"{architecture.family}: {architecture.parameters:,} parameters are more than the limit of {MAX_PARAMETERS:,}"
        )


def numbered(name: str, index: int, total: int) -> str:
    """A block name whose number is zero-padded, so that pytree order (sorted keys) is layer order."""
    return f"{name}{index:0{len(str(total))}d}"
