"""What certificates ask of a model: exact arithmetic with its functions f_w, modulo primes and over Q, and nothing that searches."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from neurovariety.certificates.bounds import ByTheorem, EquationsVanish, FieldsVanish
    from neurovariety.certificates.ranks import ModularRank


@runtime_checkable
class Functions(Protocol):
    """A model as a program over any commutative ring. Whoever implements this is trusted, as the reader of the model is."""

    @property
    def hash(self) -> str:
        """sha256 of the program with its constants."""
        ...

    @property
    def parameters(self) -> int:
        """Number N of weights."""
        ...

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        ...

    @property
    def monomials(self) -> int | None:
        """How many monomials of the outputs' degrees there are; None for a rational model, or where the degrees are too large."""
        ...

    def matrix(self, trial: ModularRank) -> np.ndarray:
        """The matrix mod p whose rank a trial speaks of. Raises `NotShown` where its arrays were too large to keep."""
        ...

    def took(self, trial: ModularRank) -> bool:
        """Whether this process has taken the rank of the trial's matrix, by exact elimination, and found the trial's value."""
        ...

    def error(self, trial: ModularRank, at_most: int) -> float:
        """The probability, at most, that a random trial like this misses a generic rank of at most ``at_most``."""
        ...

    def applies(self, theorem: ByTheorem) -> bool:
        """Whether a theorem of that name, conclusion and source is stated of the model, and code finds that its hypotheses hold."""
        ...

    def fields_rank(self, fields: FieldsVanish) -> int:
        """The rank mod p, at the weights given, of the stated symmetry fields that are verified as identities."""
        ...

    @property
    def fields_error(self) -> float:
        """The probability, at most, that the rank of the stated fields at a random point mod a random prime is below their generic
        one."""
        ...

    def expanded_span(self, affine: bool) -> int | None:
        """The dimension of the linear (or affine) span by exact expansion over Q; None where the model is too large to expand."""
        ...

    def proportional_sums(self) -> list[Fraction]:
        """For each class of proportional coefficients of the outputs, the sum of the factors, by exact expansion."""
        ...

    def equations_rank(self, equations: EquationsVanish) -> int:
        """The rank mod p of the gradients at a function of the model of those equations that vanish identically over Q on all."""
        ...
