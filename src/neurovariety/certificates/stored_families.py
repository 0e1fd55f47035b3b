"""Families of systems as data that can be stored: exact programs, and nothing that follows paths."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.plain_form import plain_digest


def family_hash(system: ExactSystem, prints: ExactSystem, coordinates: ExactSystem, unknowns: int, moving: np.ndarray) -> str:
    """The hash by which certificates speak of a family: of its programs, and of which unknowns and parameters are which."""
    own = f"{system.hash}{prints.hash}{coordinates.hash}{unknowns}{[int(i) for i in moving]}"
    return hashlib.sha256(own.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class StoredFamily:
    """What `shown_points.SystemFamily` asks, as data. ``moving``: the parameters that move a slice to parallel ones.

    That so few points are possible on a member, which only speaks against a certificate, is not asked again.
    """

    system: ExactSystem
    prints: ExactSystem
    coordinates: ExactSystem
    unknowns: int
    moving: np.ndarray

    def __post_init__(self) -> None:
        parameters = self.system.unknowns - self.unknowns
        if self.unknowns < 0 or parameters < 0 or self.moving.ndim != 1 or self.moving.dtype.kind not in "iu":
            raise ValueError("the family has another number of unknowns and parameters")
        if any(not 0 <= i < parameters for i in self.moving.tolist()):
            raise ValueError("a parameter that moves is not there")
        if {self.prints.unknowns, self.coordinates.unknowns} - {self.unknowns}:
            raise ValueError("points are told apart by functions of other unknowns")

    @property
    def hash(self) -> str:
        return family_hash(self.system, self.prints, self.coordinates, self.unknowns, self.moving)

    digest = hash

    def parallel(self, here: np.ndarray, there: np.ndarray) -> bool:
        return np.array_equal(np.delete(here, self.moving), np.delete(there, self.moving))

    def can_have(self, points: int) -> bool:
        return points > 1


@dataclass(frozen=True, eq=False)
class StoredLikelihood:
    """What `singular_hessian.LikelihoodEquations` asks, as data; the error bound is taken on trust."""

    system: ExactSystem
    unknowns: int
    hessian_error: float

    def __post_init__(self) -> None:
        if not 0 <= self.unknowns <= self.system.unknowns or not 0 <= self.hessian_error <= 1:
            raise ValueError("the likelihood has another number of unknowns, or an error that is no probability")

    @property
    def hash(self) -> str:
        return self.system.hash

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)
