"""Learning coefficients at functions of the smaller networks inside a network: what simplicity costs, beside a general function.

Of deep linear networks those for every rank, by formula. Else those for the zero function, and at one point of each known set of
functions of smaller networks: its weights are small whole numbers, and where units are dead all of theirs are 0, for there the
coefficient is least. Only what is found soon: a search of some tenths of a second for each."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from neurovariety.budget import used_up, within
from neurovariety.certificates.germs import shifted
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.learning_coefficients import ZERO_FUNCTION, CoefficientOfLinear, widths_of
from neurovariety.certificates.smaller_coefficients import ZERO, SmallerCoefficient, SmallerNetworkCoefficients, named_rank
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.geometry.strata.exact_strata import exact_strata, name_over
from neurovariety.geometry.strata.facts import stratum_facts
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.learning.coefficient_of_question import FEW, KnownCoefficient, beside, of_point
from neurovariety.learning.coefficient_of_question import of_rank as coefficient_of_rank
from neurovariety.learning.germ_search import OPERATIONS
from neurovariety.model import Model
from neurovariety.progress import quietly

_MOST_ROWS, _MOST_POINTS = 6, 3
"""Smaller networks that are listed, and points that are tried for each."""
_WHOLE, _EACH = OPERATIONS / 10, OPERATIONS / 40
"""Operations for all, and for one point."""
_MOST_TERMS = 120
"""Of the coefficients near a point, which grow as they are taken apart."""
_ENTRIES = (1, 2, -1, 3, -2, 1, 4, -3, 2, -1, 5, 3)
"""Weights of a function that is as good as any other."""


def smaller_coefficients(model: Model, general: Fraction, seed: int) -> Verdict | None:
    """The verdict of the rows; None where no smaller networks are known, nothing of theirs is known at once, or all functions cost the
    same, as those of a single matrix do. A bound says something where it is at most ``general``, the coefficient of a general
    function."""
    exact = exact_strata(model)
    rows = _of_ranks(model) or [*_on_strata(model, general, seed), *_of_zero(model)]
    if all(row.exact and row.value == general and row.multiplicity and row.multiplicity.statement.value == 1 for row in rows):
        return None
    return issue(SmallerNetworkCoefficients(exact.hash, tuple(rows)), exact)


def _row(name: str, found: KnownCoefficient, stratum: str | None = None, s: tuple[Fraction, ...] = ()) -> SmallerCoefficient | None:
    if found.exact:
        known = found.verdicts["multiplicity"]
        multiplicity = None if known.statement.value is None else known
        return SmallerCoefficient(name, found.verdicts["learning_coefficient"], multiplicity, stratum, s)
    bound = found.verdicts.get("at_most")
    return None if bound is None else SmallerCoefficient(name, bound, None, stratum, s)


def _of_ranks(model: Model) -> list[SmallerCoefficient]:
    """Those of a deep linear network, for at most so many ranks below the largest; none of another network."""
    try:
        widths = widths_of(stored_functions(model))
        below = min(widths)
        ranks = sorted({round(k * (below - 1) / max(_MOST_ROWS - 1, 1)) for k in range(_MOST_ROWS)}, reverse=True)
        found = [_row(named_rank(r), coefficient_of_rank(model, r)) for r in ranks]
    except (InputError, ResourceError, NotShown):
        return []
    return [row for row in found if row is not None]


def _of_zero(model: Model) -> list[SmallerCoefficient]:
    """That of the zero function at all weights that give it; what is known at weights 0 alone is none."""
    found = beside(model)
    row = None if found is None else _row(ZERO, found)
    if row is None or not (
        isinstance(row.coefficient.certificate, CoefficientOfLinear) or row.coefficient.statement.scope == (ZERO_FUNCTION,)
    ):
        return []
    return [row]


def _on_strata(model: Model, general: Fraction, seed: int) -> list[SmallerCoefficient]:
    if model.parameters > FEW or stored_functions(model) is None:
        return []
    rows: list[SmallerCoefficient] = []
    with within(_WHOLE):
        for group in _functions(model, seed)[:_MOST_ROWS]:
            known = [row for row in _at_points(model, group) if row.exact or row.value <= general]
            if known:
                rows.append(min(known, key=lambda row: (row.value, not row.exact)))
    return sorted(rows, key=lambda row: -row.value)


def _functions(model: Model, seed: int) -> list[list[WeightStratum]]:
    """The strata over the same functions together, from large to small; those left out that have the dimension of the whole, or of
    functions among which sizes show them to be: then the closures are the same."""
    whole = quietly(dimension_of, model, seed=seed)
    groups: dict[str, list[WeightStratum]] = {}
    for stratum in weight_strata(model):
        if stratum.is_subnetwork and stratum.small is not None:
            groups.setdefault(name_over(stratum), []).append(stratum)
    sizes = [stratum_facts(group[0], seed, k, whole.at_most).functions for k, group in enumerate(groups.values())]
    kept: list[tuple[int, list[WeightStratum]]] = []
    for size, group in sorted(zip(sizes, groups.values(), strict=True), key=lambda known: _weights_of(known[1][0])):
        same = [other for n, other in kept if n == size and (group[0].within(other[0]) or other[0].within(group[0]))]
        if size < whole.value and not same:
            kept.append((size, group))
    return [group for _, group in sorted(kept, key=lambda known: -known[0])]


def _weights_of(stratum: WeightStratum) -> int:
    return 0 if stratum.small is None else stratum.small.parameters


def _at_points(model: Model, group: list[WeightStratum]) -> Iterator[SmallerCoefficient]:
    """What is known at a point of each of a few strata: those first whose own weights can be told from others, which are then 0."""
    stored = stored_functions(model)
    for stratum in sorted(group, key=lambda s: s.free is None)[:_MOST_POINTS]:
        if used_up() or stored is None:
            return
        own = stratum.parameters - (stratum.free or 0)
        s = tuple(Fraction(_ENTRIES[i % len(_ENTRIES)] if i < own else 0) for i in range(stratum.parameters))
        weights = stratum.exact_weights(s)
        try:
            if sum(len(shifted(f, weights)) for _, f in stored.coordinates) > _MOST_TERMS:
                continue
            row = _row(name_over(stratum), of_point(model, weights, _EACH), stratum.name, s)
        except (InputError, ResourceError, NotStored):
            return
        if row is not None:
            yield row
