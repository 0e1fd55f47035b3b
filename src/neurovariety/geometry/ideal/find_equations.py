"""The equations of a model up to a degree: interpolated, verified, and what they say of its dimension."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from neurovariety.certificates.functions import Equation
from neurovariety.certificates.hilbert_function import FormsPlace
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.known_equations import KnownEquations
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.equations_by_degree import EquationSearch
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.ideal.vanishing import independent_gradients, trial_places
from neurovariety.model import Model
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_EXPANDED_TERMS

_DEFAULT_DEGREE = 8


@dataclass(frozen=True)
class Limits:
    """How much work a search may be: terms of the expanded model, monomials of one degree, columns of one matrix."""

    terms: int
    monomials: int
    columns: int


ASKED: Final = Limits(MAX_EXPANDED_TERMS, 300_000, 6000)
"""For a degree that the user asks for: minutes."""

DEFAULT: Final = Limits(MAX_EXPANDED_TERMS, 20_000, 800)
"""Where the degree is left open: seconds."""

QUICK: Final = Limits(4000, 6000, 300)
"""On the way to something else: a fraction of a second."""


@dataclass(frozen=True, eq=False)
class FoundEquations:
    """Generators of the equations of a model up to a degree, in its `coordinates`."""

    coordinates: Coordinates
    generators: tuple[Equation, ...]
    hilbert: tuple[int, ...]
    """Dimension of the polynomials of degree 0, 1, ..., K modulo the equations."""
    equations: tuple[int, ...]
    """Dimension of the equations of degree 1, ..., K."""
    stopped: str
    """Why the search ended at degree K."""
    bound: int
    """The dimension is at most this: coordinates minus the rank of the gradients."""
    places: tuple[FormsPlace, ...]
    """Where the ranks of forms of degree 1, ..., K were taken."""
    place: tuple[int, Array]
    """A prime, and weights mod it, at whose function the gradients have that rank."""
    known: Verdict | None = None
    """That the generators vanish, where this was asked."""

    @property
    def error(self) -> float:
        """The probability that one of the generators does not vanish, at most."""
        return 0.0 if self.known is None else self.known.statement.error

    @property
    def searched(self) -> int:
        """The largest degree K of which all equations are known."""
        return len(self.equations)


def find_equations(model: Model, degree: int | None, seed: int, *, rank: int) -> FoundEquations:
    """Equations up to ``degree``; without one, until they prove what is known of the dimension or pass the limits.

    ``rank`` is a proved lower bound of the dimension; without a degree the search ends where the equations show that it is the
    dimension. Raises `ResourceError` where the degree asked for is out of reach.
    """
    rng = generator(seed, "geometry.ideal.find_equations")
    limits = DEFAULT if degree is None else ASKED
    search = EquationSearch(Coordinates.of(model, limits.terms), rng)
    found = _search(search, degree, rank, limits, rng)
    exact = exact_coefficients(model)
    for place, independent in zip(found.places, found.hilbert[1:], strict=True):
        exact.saw_forms(place, independent)
    long = [g for g in found.generators if exact.vanishes(g) is None]
    places = trial_places(long, search.coordinates, rng)
    try:
        known = issue(KnownEquations(exact.hash, found.generators, search.coordinates.count, places), exact)
    except NotShown:
        raise ResourceError(f"the equations of {model.name} could not be verified; try another seed or a lower degree") from None
    return replace(found, known=known)


def equations_bound(model: Model, rank: int, seed: int) -> FoundEquations | None:
    """Equations that prove the dimension to be ``rank``, a proved lower bound, if a quick search finds some; else None.

    Only as many are kept as have independent gradients, and each is verified identically.
    """
    rng = generator(seed, "geometry.ideal.find_equations")
    try:
        search = EquationSearch(Coordinates.of(model, QUICK.terms), rng)
        found = _search(search, None, rank, QUICK, rng)
    except (InputError, ResourceError):
        return None
    if found.bound > rank:
        return None
    weights = rng.integers(0, search.prime, size=search.coordinates.parameters)
    independent = independent_gradients(found.generators, search.coordinates, search.prime, weights)
    chosen = tuple(found.generators[i] for i in independent)
    if search.coordinates.count - len(chosen) > rank or not all(map(exact_coefficients(model).vanishes, chosen)):
        return None
    return replace(found, generators=chosen, place=(search.prime, weights))


def _search(search: EquationSearch, degree: int | None, rank: int, limits: Limits, rng: np.random.Generator) -> FoundEquations:
    """Degree by degree; the generators are not yet verified."""
    coordinates = search.coordinates
    generators: list[Equation] = []
    places: list[FormsPlace] = []
    hilbert, counts = [1], []
    bound, place = coordinates.count, (search.prime, np.zeros(coordinates.parameters, dtype=np.int64))
    stopped = "the degree asked for" if degree is not None else f"degree {_DEFAULT_DEGREE}; --degree goes further"
    for k in range(1, (degree or _DEFAULT_DEGREE) + 1):
        try:
            if k > 1 and degree is not None:
                search.require(degree, limits.monomials)
            found = search.degree(k, limits.columns, limits.monomials)
        except ResourceError as refusal:
            if degree is not None:
                raise
            stopped = f"{refusal}; --degree goes further"
            break
        generators += found.generators
        places.append(found.place)
        hilbert.append(found.monomials - found.equations)
        counts.append(found.equations)
        note(up_to_degree=k, generators=len(generators))
        if found.generators:
            weights = rng.integers(0, search.prime, size=coordinates.parameters)
            place = search.prime, weights
            bound = coordinates.count - len(independent_gradients(generators, coordinates, search.prime, weights))
        if degree is None and bound <= rank:
            stopped = f"the equations show that the dimension is at most {bound}"
            break
    return FoundEquations(coordinates, tuple(generators), tuple(hilbert), tuple(counts), stopped, bound, tuple(places), place)
