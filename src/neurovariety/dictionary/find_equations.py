"""The equations of a model up to a degree: interpolated, verified, and what they say of its dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from neurovariety.dictionary.coordinates import Coordinates
from neurovariety.dictionary.interpolation import Equation, Interpolation
from neurovariety.dictionary.progress import note
from neurovariety.dictionary.trial import generator
from neurovariety.dictionary.vanishing import gradient_rank, vanishes_identically, vanishing_error
from neurovariety.errors import ResourceError
from neurovariety.model import Model

_DEFAULT_DEGREE = 8


@dataclass(frozen=True)
class Limits:
    """How much work a search may be: terms of the expanded model, monomials of one degree, columns of one matrix."""

    terms: int
    monomials: int
    columns: int


ASKED: Final = Limits(20_000, 300_000, 6000)
"""For a degree that the user asks for: minutes."""

DEFAULT: Final = Limits(20_000, 20_000, 800)
"""Where the degree is left open: seconds."""

QUICK: Final = Limits(4000, 6000, 300)
"""On the way to something else: a fraction of a second."""


@dataclass(frozen=True, eq=False)
class System:
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
    error: float
    """0 where every generator is proved to vanish."""

    @property
    def searched(self) -> int:
        """The largest degree K of which all equations are known."""
        return len(self.equations)


def find_equations(
    model: Model,
    degree: int | None,
    seed: int,
    *,
    rank: int | None = None,
    limits: Limits | None = None,
) -> System:
    """Equations up to ``degree``; without one, until they prove what is known of the dimension or pass the limits.

    ``rank``, if given, is a proved lower bound of the dimension; the search ends where the equations show that it is the dimension.
    """
    rng = generator(seed, 13)
    limits = limits or (DEFAULT if degree is None else ASKED)
    coordinates = Coordinates.of(model, limits.terms)
    search = Interpolation(coordinates, rng)
    generators: list[Equation] = []
    hilbert, counts = [1], []
    bound, stopped = (
        coordinates.count,
        "the degree asked for" if degree is not None else f"degree {_DEFAULT_DEGREE}; --degree goes further",
    )
    for k in range(1, (degree or _DEFAULT_DEGREE) + 1):
        try:
            found = search.degree(k, limits.columns, limits.monomials)
        except ResourceError as refusal:
            if degree is not None:
                raise
            stopped = f"{refusal}; --degree goes further"
            break
        generators += found.generators
        hilbert.append(found.monomials - found.equations)
        counts.append(found.equations)
        note(up_to_degree=k, generators=len(generators))
        if found.generators:
            bound = coordinates.count - gradient_rank(generators, coordinates, search.prime, rng)
        if degree is None and rank is not None and bound <= rank:
            stopped = f"the equations show that the dimension is at most {bound}"
            break
    checks = [vanishes_identically(g, coordinates) for g in generators]
    unproved = [g for g, ok in zip(generators, checks, strict=True) if not ok]
    error = vanishing_error(unproved, coordinates, rng) if False not in checks else 1.0
    if error >= 1:
        raise ResourceError(f"the equations of {model.name} could not be verified; try another seed or a lower degree")
    return System(coordinates, tuple(generators), tuple(hilbert), tuple(counts), stopped, bound, error)
