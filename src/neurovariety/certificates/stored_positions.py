"""A stored program with what is known of the positions of its functions: what certificates on boundaries ask.

A position is taken from the coefficients of a function, for the set that a theorem says the functions are. The words that give the
reason are taken as stored. Families of limits are weights w(s, t) in which t may be divided by; that their functions have a limit for
t -> 0 is seen by expansion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.interior_of_images import has_no_boundary, position
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.positions import Function
from neurovariety.certificates.stored_coefficients import (
    LARGEST_EXPANSION,
    Coordinate,
    Expanding,
    NotAnswered,
    NotStored,
    as_fraction,
)
from neurovariety.certificates.stored_strata import fact_of
from neurovariety.certificates.stored_targets import StoredTargets
from neurovariety.certificates.vector_fields import context_of, mod_p, rank_of_rows
from neurovariety.certificates.zeros import NotShown

Polynomial = dict[tuple[int, ...], Fraction]


@dataclass(frozen=True, eq=False)
class StoredReason:
    """Why a function lies where it does, in words."""

    target: Function
    reason: str


@dataclass(frozen=True, eq=False)
class PositionFacts:
    """``families``: names, and weights as a program of parameters, t and 1/t. On trust: ``reasons``, and ``full``, why real weights
    attain every real function of the closure, in words."""

    families: tuple[tuple[str, ExactSystem], ...]
    reasons: tuple[StoredReason, ...]
    full: str

    @cached_property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)


class StoredPositions(StoredTargets):
    """A program with ``facts``, among which are those on positions."""

    facts: tuple[object, ...]

    @cached_property
    def _position_facts(self) -> PositionFacts:
        return fact_of(PositionFacts, self.facts, "nothing on positions of functions is stored")

    def placed(self, target: Function) -> tuple[str, str] | None:
        if self.image_facts is None:
            return None
        own = {k: c for k, c in target.items() if c}
        why = next((r.reason for r in self._position_facts.reasons if {k: c for k, c in r.target.items() if c} == own), "")
        return position(self.image_facts, own), why

    def no_boundary(self) -> str:
        return self._position_facts.full if self.image_facts is not None and has_no_boundary(self.image_facts) else ""

    def _family(self, name: str) -> dict[Coordinate, Polynomial]:
        """The limits for t -> 0 of the coefficients of a family, in its parameters. Raises `NotShown` where they have none."""
        weights = dict(self._position_facts.families).get(name)
        if weights is None:
            raise NotAnswered(f"no family that is called {name} is stored")
        n = weights.unknowns
        if len(weights.equations) != self.parameters or n < 2:
            raise NotShown("the family is one of another number of weights")
        context = flint.fmpq_mpoly_ctx.get([f"s{i}" for i in range(n)], flint.Ordering.degrevlex)
        run = Expanding(context)
        found = Over(weights, run.constant)([run.letter(i) for i in range(n)])
        moved, out = [f.value for f in found], dict[Coordinate, Polynomial]()
        for key, q in self.coordinates:
            if len(q) * max(map(len, moved), default=1) ** int(q.total_degree()) > 64 * LARGEST_EXPANSION:
                raise NotStored("the functions of the family are too large to expand here")
            limit = Polynomial()
            powers: dict[tuple[tuple[int, ...], int], Fraction] = {}
            for exponents, coefficient in q.compose(*moved, ctx=context).to_dict().items():
                *own, t, inverse = map(int, exponents)
                place = tuple(own), t - inverse
                powers[place] = powers.get(place, Fraction(0)) + as_fraction(coefficient)
            for (e, power), c in powers.items():
                if c and power < 0:
                    raise NotShown("the functions of the family have no limit")
                if c and power == 0:
                    limit[e] = c
            out[key] = limit
        return out

    def family_sample(self, family: str, sample: tuple[Fraction, ...]) -> dict[Coordinate, Fraction] | None:
        found: dict[Coordinate, Fraction] = {}
        for key, limit in self._family(family).items():
            total = Fraction(0)
            for e, c in limit.items():
                if len(e) != len(sample):
                    return None
                term = c
                for s, k in zip(sample, e, strict=True):
                    term *= s**k
                total += term
            if total:
                found[key] = total
        return found

    def family_rank(self, family: str, prime: int, sample: tuple[Fraction, ...]) -> int:
        if any(s.denominator % prime == 0 for s in sample):
            return 0
        at = [s.numerator * pow(s.denominator, -1, prime) % prime for s in sample]
        context, rows = context_of(len(sample), prime), []
        for limit in self._family(family).values():
            q = mod_p(limit, context, prime)
            rows.append([int(q.derivative(k)(*at)) for k in range(len(sample))])
        return rank_of_rows(rows, prime)

    def coefficients_rank(self, prime: int, weights: np.ndarray) -> int:
        context, at, rows = context_of(self.parameters, prime), [int(w) for w in weights], []
        for _, q in self.coordinates:
            own = mod_p({tuple(map(int, e)): as_fraction(c) for e, c in q.to_dict().items()}, context, prime)
            rows.append([int(own.derivative(k)(*at)) for k in range(self.parameters)])
        return rank_of_rows(rows, prime)

    def coefficient_keys(self) -> tuple[Coordinate, ...]:
        return self.coefficient_names

    @cached_property
    def _pivots(self) -> tuple[int, ...]:
        """The first coefficients that determine all others on the span."""
        places: dict[tuple[int, ...], int] = {}
        for _, q in self.coordinates:
            for e in q.to_dict():
                places.setdefault(tuple(map(int, e)), len(places))
        matrix = flint.fmpq_mat(len(places), len(self.coordinates))
        for j, (_, q) in enumerate(self.coordinates):
            for e, c in q.to_dict().items():
                matrix[places[tuple(map(int, e))], j] = c
        reduced, found = matrix.rref()
        return tuple(next(j for j in range(reduced.ncols()) if reduced[i, j]) for i in range(int(found)))

    def on_span(self, target: Function) -> list[Fraction] | None:
        if not self.spanned_by(self._pivots, target):
            return None
        names = self.coefficient_names
        return [Fraction(target.get(names[j], 0)) for j in self._pivots]

    def span_balls(self, weights: Sequence[flint.arb], columns: tuple[int, ...]) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        return self.coefficient_balls(self._pivots, weights, columns)
