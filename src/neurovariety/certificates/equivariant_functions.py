"""Dimensions of the functions of a model with f(T x) = S f(x), and of the weights that have one.

For g in the stated group the weights with w.T = g.(S.w) are a linear space L_g, and f_w(T x) = f_{w.T}(x) = f_{S.w}(x) = S f_w(x) for
them, where the first and the last are identities in T, S, w and x. Where T^q = S^q = g^q = 1 and p = 1 mod q, L_g is the image of an
idempotent, the mean over the cyclic group, whose rank is the same mod p and over the real field of the q-th roots of unity, and each
point of it mod p lifts. So ranks at one point are lower bounds over R.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from math import prod
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.equivariant_bounds import PairOfMaps, linear_sizes, polynomial_maps
from neurovariety.certificates.functions import DIMENSION, Functions, draw_of
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, LARGEST_ERROR, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_ENTRY = "invariance"
Part = Literal["function_dimension", "weight_dimension"]
Parts = tuple[tuple[tuple[int, int], ...], ...]
_BELOW = (Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND)


@dataclass(frozen=True, eq=False)
class ComponentPlace:
    """A point of the space L_g: ``classes``, the blocks (size, kind) of g in each of the commuting groups, in the order in which the
    model states them; residues mod ``prime`` of the ``weights`` (N,), of the model's ``coefficients``, and of ``inputs``."""

    classes: Parts
    prime: int
    weights: np.ndarray
    coefficients: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True)
class ComponentRanks:
    """``space``: dim L_g; ``swept``: that of the space and the directions of the group at the point; ``functions``: the rank of J on
    the space; ``rank``: that of J."""

    space: int
    swept: int
    functions: int
    rank: int


@dataclass(frozen=True, eq=False)
class EquivariancePlace:
    """Residues mod ``prime`` of ``weights`` (N,), of the model's ``coefficients`` and of ``inputs``."""

    prime: int
    weights: np.ndarray
    coefficients: np.ndarray
    inputs: np.ndarray


@runtime_checkable
class MovableFunctions(Functions, Protocol):
    """A model that says how linear maps of its inputs and outputs act on its weights."""

    @property
    def axes(self) -> tuple[int, int, int, int]:
        """Numbers of inputs and of outputs, and how many of each lie along the first axis, on which maps act."""
        ...

    def moves(self, outputs: bool) -> bool:
        """Whether f_w(T x) = f_{w.T}(x) is verified as an identity in T, w and x, and with ``outputs`` S f_w = f_{S.w} too."""
        ...

    def linear_layers(self) -> tuple[tuple[int, ...], bool] | None:
        """The widths of a linear network x -> W_L ... W_1 x, and whether it has biases; None of other models."""
        ...

    def input_degrees(self) -> tuple[int, int] | None:
        """The least and the largest degree of outputs in the inputs; None for rational models and very high degrees."""
        ...

    def zero_weights(self) -> int | None:
        """The dimension of a linear space of weights whose function is 0, by these identities; None where none is known."""
        ...

    def component_taken(self, maps: PairOfMaps, place: ComponentPlace) -> ComponentRanks:
        """The ranks at a point of L_g, with the symmetries that are verified. Raises `NotShown` where g is no element of their group
        with g^q = 1, or the point is not in L_g."""
        ...

    def component_words(self, maps: PairOfMaps, classes: Parts) -> list[str]:
        """What g does, in words."""
        ...

    def is_equivariant(self, maps: PairOfMaps, place: EquivariancePlace) -> bool:
        """Whether f(T x) = S f(x) mod p at the weights and inputs."""
        ...

    def equivariance_error(self, maps: PairOfMaps, prime: int) -> float:
        """The probability, at most, that this holds at a random place of a random prime as long as that, and not identically."""
        ...


def kind_of(part: str, maps: PairOfMaps) -> str:
    """The kind of a statement about functions with f(T x) = S f(x), to which the maps belong."""
    return f"{_ENTRY}: {part} of the maps {hashlib.sha256(repr((maps.inputs, maps.outputs)).encode()).hexdigest()[:32]}"


def _require(subject: MovableFunctions, expected: str, maps: PairOfMaps) -> None:
    if subject.hash != expected:
        raise NotShown("the certificate is one of another model")
    if (len(maps.inputs), len(maps.outputs)) != subject.axes[2:]:
        raise NotShown("the maps are those of other inputs or outputs")


def _scope(subject_is_generic: bool) -> tuple[str, ...]:
    return (GENERAL_COEFFICIENTS,) if subject_is_generic else ()


@dataclass(frozen=True)
class OrderOfMaps:
    """The least q up to `MAX_ORDER` with T^q = S^q = 1, None where there is none."""

    subject: str
    maps: PairOfMaps
    value: int | None

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` for another order."""
        _require(subject, self.subject, self.maps)
        if self.maps.order != self.value:
            raise NotShown(f"the order is {self.maps.order}")

    def concludes(self) -> tuple[Statement, Claim]:
        """That is their order."""
        return Statement(kind_of("order", self.maps), self.subject, self.value), Claim.PROVED


@dataclass(frozen=True)
class LinearEquivariance:
    """The dimension for a linear network, by the theorem on equivariant matrices of bounded rank."""

    subject: str
    maps: PairOfMaps
    part: Part
    value: int

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` where the network is not linear, the theorem says nothing of the maps, or says another number."""
        _require(subject, self.subject, self.maps)
        layers = subject.linear_layers()
        found = None if layers is None or (layers[0][0], layers[0][-1]) != subject.axes[:2] else linear_sizes(*layers, self.maps)
        if found is None or subject.axes[:2] != subject.axes[2:]:
            raise NotShown("the theorem does not apply")
        if self.value != (found.functions if self.part == "function_dimension" else found.weights):
            raise NotShown("the theorem says another number")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is that."""
        return Statement(kind_of(self.part, self.maps), self.subject, self.value), Claim.PROVED


@dataclass(frozen=True, eq=False)
class EquivariantComponent:
    """Weights with w.T = g.(S.w): ranks at one point. ``upper`` bounds the rank of J anywhere: where it is reached, functions have
    fibers of parameters - rank dimensions near the point."""

    subject: str
    maps: PairOfMaps
    place: ComponentPlace
    numbers: ComponentRanks
    upper: Verdict
    parameters: int
    general: bool = False

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` where the identities are not verified, the point is elsewhere, or the ranks are others."""
        _require(subject, self.subject, self.maps)
        check_prime(self.place.prime)
        if not subject.moves(not self.maps.outputs_stay):
            raise NotShown("how the maps act on weights is not verified")
        order = self.maps.order
        if order is not None and order > 1 and self.place.prime % order != 1:
            raise NotShown("the prime has no roots of unity of that order")
        if (subject.parameters, subject.generic) != (self.parameters, self.general):
            raise NotShown("the model is another")
        said = self.upper.statement
        known = self.upper.shown and said.kind == DIMENSION and said.subject == subject.hash
        if not known or self.upper.claim not in (Claim.PROVED, Claim.UPPER_BOUND):
            raise NotShown("the rank of the Jacobian is not bounded")
        found = subject.component_taken(self.maps, self.place)
        if found != self.numbers:
            raise NotShown(f"the ranks are {found}")

    @property
    def functions(self) -> int:
        """The dimension of the functions, at least."""
        return self.numbers.functions

    @property
    def weights(self) -> int:
        """The dimension of the weights with functions that are equivariant in this way, at least: where J has the largest rank that it
        can have, that of the functions and of a fiber; elsewhere that of the orbits of the group."""
        regular = self.numbers.rank == self.upper.statement.value
        return max(self.numbers.swept, self.numbers.functions + self.parameters - self.numbers.rank if regular else 0)

    def concludes(self) -> tuple[Statement, Claim]:
        """There are at least so many dimensions of functions, and of weights."""
        value = (self.place.classes, self.weights, self.functions)
        return Statement(kind_of("component", self.maps), self.subject, value, _scope(self.general)), Claim.LOWER_BOUND


def _component(verdict: Verdict, subject: MovableFunctions, maps: PairOfMaps) -> EquivariantComponent:
    found = verdict.certificate
    if not verdict.shown or not isinstance(found, EquivariantComponent) or (found.subject, found.maps) != (subject.hash, maps):
        raise NotShown("weights that follow the maps are expected")
    return found


@dataclass(frozen=True, eq=False)
class ComponentsListed:
    """The components with a row each: what g does in words, and both dimensions."""

    maps: PairOfMaps
    subject: str
    components: tuple[Verdict, ...]
    words: tuple[tuple[str, ...], ...]

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` where one of them is not shown, or is told in other words."""
        _require(subject, self.subject, self.maps)
        found = [_component(v, subject, self.maps) for v in self.components]
        if [subject.component_words(self.maps, c.place.classes) for c in found] != [list(w) for w in self.words]:
            raise NotShown("the components have other names")

    def concludes(self) -> tuple[Statement, Claim]:
        """Each of them exists, with at least these dimensions."""
        rows = []
        for verdict, words in zip(self.components, self.words, strict=True):
            _, weights, functions = verdict.statement.value
            rows.append({"classes": list(words), "weights": weights, "functions": functions})
        return Statement(kind_of("components", self.maps), self.subject, rows, scopes((), *self.components)), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class EquivariantAtLeast:
    """The dimension is at least that of a ``component``; without one, that of the function 0, which is equivariant, and of weights that
    have it."""

    subject: str
    maps: PairOfMaps
    part: Part
    value: int
    component: Verdict | None = None
    general: bool = False

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` where it is not shown to be as large."""
        _require(subject, self.subject, self.maps)
        if subject.generic != self.general:
            raise NotShown("general coefficients belong to the statement")
        if self.component is not None:
            found = _component(self.component, subject, self.maps)
            shown = found.functions if self.part == "function_dimension" else found.weights
        else:
            zero = subject.zero_weights()
            if zero is None:
                raise NotShown("no weights of the function 0 are known")
            shown = zero if self.part == "weight_dimension" else 0
        if shown < self.value:
            raise NotShown(f"no more than {shown} dimensions are shown")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is at least that."""
        return Statement(kind_of(self.part, self.maps), self.subject, self.value, _scope(self.general)), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class EquivariantAtMost:
    """A bound of the dimension from above. Functions: that of all functions (``upper``), or of all equivariant polynomial maps of the
    degrees that occur. Weights: their number, one less where ``lower``, a bound of the dimension from below, says that not every
    function is equivariant."""

    subject: str
    maps: PairOfMaps
    part: Part
    value: int
    upper: Verdict
    lower: Verdict

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` where another number follows."""
        _require(subject, self.subject, self.maps)
        for verdict, claims in ((self.upper, (Claim.PROVED, Claim.UPPER_BOUND)), (self.lower, _BELOW)):
            said = verdict.statement
            if not verdict.shown or (said.kind, said.subject) != (DIMENSION, subject.hash) or verdict.claim not in claims:
                raise NotShown("bounds of the dimension are expected")
        top, degrees, order = int(self.upper.statement.value), subject.input_degrees(), self.maps.order
        if degrees is not None and order is not None:
            top = min(top, polynomial_maps(self.maps, order, *subject.axes[:2], degrees))
        shown = top if self.part == "function_dimension" else subject.parameters - (top < self.lower.statement.value)
        if shown > self.value:
            raise NotShown(f"no less than {shown} is shown")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is at most that."""
        scope = scopes((), self.upper, self.lower)
        return Statement(kind_of(self.part, self.maps), self.subject, self.value, scope), Claim.UPPER_BOUND


@dataclass(frozen=True, eq=False)
class EveryFunctionEquivariant:
    """All functions are equivariant, as seen at random ``places``: both dimensions are those of the whole model, of the ``dimension``
    given and so many ``parameters``. With the error of the places."""

    maps: PairOfMaps
    part: Part
    dimension: Verdict
    parameters: int
    places: tuple[EquivariancePlace, ...]
    error: float = field(default=1.0, init=False)

    def check(self, subject: MovableFunctions) -> None:
        """Raises `NotShown` where a function is not equivariant, or the error says little."""
        said = self.dimension.statement
        _require(subject, said.subject, self.maps)
        if not self.dimension.shown or said.kind != DIMENSION or self.dimension.claim not in _BELOW:
            raise NotShown("the dimension is not that of the model")
        if subject.parameters != self.parameters or not self.places:
            raise NotShown("places of the model are expected")
        if len({draw_of(p.prime, p.weights, p.inputs) for p in self.places}) < len(self.places):
            raise NotShown("different places are expected")
        for place in self.places:
            check_prime(place.prime)
            if not subject.is_equivariant(self.maps, place):
                raise NotShown("a function is not equivariant")
        object.__setattr__(self, "error", prod(min(1.0, subject.equivariance_error(self.maps, p.prime)) for p in self.places))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """As many as there are."""
        said, functions = self.dimension.statement, self.part == "function_dimension"
        value = said.value if functions else self.parameters
        claim = Claim.weakest([Claim.PROBABILITY, *([self.dimension.claim] if functions else [])])
        error = self.error + (said.error if functions else 0.0)
        return Statement(kind_of(self.part, self.maps), said.subject, value, said.scope, error), claim
