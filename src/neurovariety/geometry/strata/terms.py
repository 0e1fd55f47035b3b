"""Strata of sums of products: terms with a zero factor, and terms that differ in one factor only and are one."""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.strata.weight_stratum import WeightStratum, free_places
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.units import ProductTerms


def term_strata(model: Model, terms: ProductTerms) -> list[WeightStratum]:
    """Sums of fewer terms, few removed first: the last terms dead or with one factor zero, the first ones alike but in one factor."""
    names = [block for block, _ in terms.factors]
    columns = [np.moveaxis(model.places[block], axis, 0).reshape(terms.count, -1) for block, axis in terms.factors]
    out = []
    for left in range(terms.count - 1, 0, -1):
        small = model.resized((left,)) if model.resized is not None else None
        if small is None:
            break
        gone = f"term {terms.count}" if left == terms.count - 1 else f"terms {left + 1} to {terms.count}"
        dead = [c[left:] for c in columns]
        out.append(_without(model, small, left, f"{gone} dead", "inactive", columns, dead))
        for name, zero in zip(names, dead, strict=True):
            out.append(_without(model, small, left, f"{gone} with {name} zero", "zero factor", columns, [zero]))
        alike = terms.count - left + 1
        named = "terms 1 and 2" if alike == 2 else f"terms 1 to {alike}"
        for k, name in enumerate(names):
            others = [c for i, c in enumerate(columns) if i != k]
            out.append(_alike(model, small, left, f"{named} proportional but in {name}", alike, others))
    return out


def _without(model: Model, small: Model, left: int, name: str, kind: str, columns: list[Array], zero: list[Array]) -> WeightStratum:
    first = np.zeros(model.parameters, dtype=bool)
    for c in columns:
        first[c[:left]] = True
    corner = np.flatnonzero(first)
    free = np.concatenate([corner, np.setdiff1d(free_places(model, zero), corner)])

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s
        return out

    return WeightStratum(name, kind, model, len(free), embed, small, ((left,),), free=len(free) - len(corner))


def _alike(model: Model, small: Model, left: int, name: str, alike: int, columns: list[Array]) -> WeightStratum:
    """The first terms have factors in ``columns`` that are multiples of those of the first one."""
    free = free_places(model, [c[1:alike] for c in columns])

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s[: len(free)]
        at = len(free)
        for c in columns:
            for j in range(1, alike):
                out[c[j]] = out[c[0]] * s[at : at + 1]
                at += 1
        return out

    parameters = len(free) + len(columns) * (alike - 1)
    return WeightStratum(name, "redundant", model, parameters, embed, small, ((left,),))
