"""How the weights of a network make its functions, as data: which blocks are multiplied, and in what order.

A family says so once, and what depends on it dispatches on the kind of record: weights that realize a function, and the components of
the fiber over it. Which set the functions form is another record (`image`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Self

from neurovariety.image import RationalFunction


class Parametrization(ABC):
    """How weights make functions; fields of names are names of blocks."""

    @abstractmethod
    def renamed(self, prefix: str) -> Self:
        """The same with a prefix before all names of blocks."""


def _renamed(prefix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(prefix + name for name in names)


def _leading(activations: tuple[RationalFunction, ...]) -> Fraction | None:
    found = [a.leading for a in activations]
    return None if None in found else prod((c for c in found if c is not None), start=Fraction(1))


@dataclass(frozen=True)
class Layers(Parametrization):
    """x -> ``skips`` x + W_L s_{L-1}(... s_1(W_1 x + b_1) ...) + b_L, with the blocks W_l of names ``weights`` and b_l of names
    ``biases`` (none, or one a layer), W_l of size d_l x d_{l-1} for ``widths`` = (d_0, ..., d_L)."""

    widths: tuple[int, ...]
    activations: tuple[RationalFunction, ...]
    weights: tuple[str, ...]
    biases: tuple[str, ...] = ()
    skips: int = 0

    def renamed(self, prefix: str) -> Self:
        return replace(self, weights=_renamed(prefix, self.weights), biases=_renamed(prefix, self.biases))

    @property
    def linear(self) -> bool:
        """Whether the weights are multiplied, with slopes between them and constants added that biases absorb."""
        return all(a.is_affine if self.biases else a.is_linear for a in self.activations)

    @property
    def slope(self) -> Fraction | None:
        """The product of the leading coefficients of the activations; None where one is generic."""
        return _leading(self.activations)


@dataclass(frozen=True)
class EntrywiseProduct(Parametrization):
    """x -> (u_1 * ... * u_L) . x with vectors u_l of ``width`` entries, the blocks of names ``vectors``."""

    width: int
    vectors: tuple[str, ...]

    def renamed(self, prefix: str) -> Self:
        return replace(self, vectors=_renamed(prefix, self.vectors))


@dataclass(frozen=True)
class FilterLayers(Parametrization):
    """A stack of convolutions of one channel on sequences: the blocks ``filters`` of ``sizes`` entries, with ``strides``."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    activations: tuple[RationalFunction, ...]
    filters: tuple[str, ...]

    def renamed(self, prefix: str) -> Self:
        return replace(self, filters=_renamed(prefix, self.filters))

    @property
    def composed(self) -> bool:
        """Whether a layer is a product of polynomials with the next: linear, and of stride 1 but for the last layer."""
        return all(a.is_linear for a in self.activations) and all(s == 1 for s in self.strides[:-1])

    @property
    def slope(self) -> Fraction | None:
        """The product of the leading coefficients of the activations; None where one is generic."""
        return _leading(self.activations)
