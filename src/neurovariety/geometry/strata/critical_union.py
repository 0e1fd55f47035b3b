"""Theorems that the Jacobian drops rank nowhere but on listed strata of weights."""

from __future__ import annotations

from collections.abc import Collection
from functools import singledispatch

from neurovariety.geometry.strata.filters import shared_roots
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.layers import silent_layers
from neurovariety.geometry.strata.rank_profiles import all_types
from neurovariety.model import Model
from neurovariety.parametrization import FilterLayers, Layers
from neurovariety.theorem import CRITICAL_LOCUS, Hypothesis, Theorem
from neurovariety.units import FilterStack


def critical_union(model: Model, listed: Collection[str]) -> Theorem | None:
    """The theorem that the critical locus is the union of those strata of these names that are critical; None where none says so."""
    return _union_of(model.parametrization, model, listed)


@singledispatch
def _union_of(parametrization: object, model: Model, listed: Collection[str]) -> Theorem | None:
    """The theorem, by the kind of parametrization."""
    return None


@_union_of.register
def _(parametrization: Layers, model: Model, listed: Collection[str]) -> Theorem | None:
    plain = parametrization.linear and not parametrization.biases and not parametrization.skips
    if not plain or not all_types(parametrization.widths) or not _all_of(model, listed):
        return None
    name = "weights of a linear network fall into finitely many orbits, on each of which the rank is constant"
    return _theorem(name, "abeasis1980", "all orbits are listed")


@_union_of.register
def _(parametrization: FilterLayers, model: Model, listed: Collection[str]) -> Theorem | None:
    activations = parametrization.activations
    if activations and all(a.is_monomial and a.degree >= 2 for a in activations):
        if not _all_of(model, listed):
            return None
        name = "away from the zero function the parametrization is an immersion modulo scalings"
        return _theorem(name, "shahverdi2025", "one channel, monomial activations of degree at least 2")
    filters = next((u for u in model.units if isinstance(u, FilterStack)), None)
    if not parametrization.composed or filters is None:
        return None
    # On padded filters the rank drops only with a common root, so that these need not all be listed.
    needed = {s.name for s in (*shared_roots(model, filters), *silent_layers(model))}
    if not needed <= set(listed):
        return None
    name = "the rank drops exactly where two filters have a common root, or one is zero"
    return _theorem(name, "kohn2022", "one channel, linear, strides 1")


def _all_of(model: Model, listed: Collection[str]) -> bool:
    found = {s.name for s in weight_strata(model, most=len(listed) + 1)}
    return found == set(listed)


def _theorem(name: str, source: str, hypothesis: str) -> Theorem:
    statement = "the critical locus is the union of the strata listed"
    return Theorem(name, CRITICAL_LOCUS, 0, statement, source, (Hypothesis(hypothesis, True),))
