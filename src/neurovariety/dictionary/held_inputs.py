"""The inputs at which a stored result says something, held against those in its certificates, and the quadric of a metric on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import INPUTS
from neurovariety.certificates.stored_functions import StoredFunctions
from neurovariety.dictionary.stored_tables import table_read_back
from neurovariety.errors import VerificationError
from neurovariety.exact_numbers import exact_table, float_table
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.invariants.rank_at_data import exact_inputs, rows_of
from neurovariety.model import Model
from neurovariety.training.bias.inner_product import exact_quadric, words_of_metric
from neurovariety.training.losses.prepare import prepared

_ROUNDED = Fraction(1, 10**9)
"""Part of the largest input by which prepared ones may differ on another machine."""

Rows = tuple[tuple[Fraction, ...], ...]


def held_to_inputs(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck where the data that are asked for were compared. Raises `VerificationError` where certificates speak of others."""
    name = "inputs" if found.entry == "data" else "data"
    if name not in given:  # too large to be written
        return found
    spoken = found.speaks_of.get(INPUTS, ())
    if given[name] is None:
        of_form = found.entry == "tangent-kernel" and "form" not in given
        if spoken and not of_form:
            raise VerificationError("the certificates speak of data, and the result says that none were asked for")
        return found
    rows, slack, options = _rows(given, name, model, found)
    if not spoken or not all(_same(rows, other, slack) for other in spoken):
        raise VerificationError("the certificates speak of other data than the result says were asked for")
    return replace(found, compared=found.compared.union(options))


def _rows(given: Mapping[str, Any], name: str, model: Model, found: Recheck) -> tuple[Rows, Fraction, tuple[str, ...]]:
    """The rows of inputs that are asked for, how far they may be off, and the options that say so."""
    table = table_read_back(given[name])
    if found.entry != "tangent-kernel":
        return rows_of(exact_inputs(model, table)), Fraction(0), (name,)
    taken = prepared(model, table, given["prepare"], given["held_out"], found.seed)
    slack = Fraction(0) if given["prepare"] == "none" else _ROUNDED
    return rows_of(exact_table(taken.inputs, "inputs")), slack, (name, "metric", "prepare", "held_out")


def _same(rows: Rows, other: Rows, slack: Fraction) -> bool:
    if [len(row) for row in rows] != [len(row) for row in other]:
        return False
    pairs = [(a, b) for row, there in zip(rows, other, strict=True) for a, b in zip(row, there, strict=True)]
    return all(abs(a - b) <= slack * max(abs(b), 1) for a, b in pairs)


def held_to_metric(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The same for the quadric under which strata are critically exposed."""
    metric, table = given["metric"], table_read_back(given.get("data"))
    stored = next((s for s in found.subjects.values() if isinstance(s, StoredFunctions)), None)
    if stored is None or not any(k.key in ("table", "critically_exposed") for k in found.rechecked):
        return found
    if stored.quadric_words != words_of_metric(metric):
        raise VerificationError(f"the certificates speak of another quadric than that of the metric {metric}")
    if metric == "generic" or (metric == "data" and "data" not in given):
        return found
    monomials = list(coefficients_as_polynomials(model))
    own = exact_quadric(metric, monomials, None if table is None else exact_inputs(model, table), rng)
    if stored.quadric_entries != tuple(map(tuple, own.tolist())):
        raise VerificationError("the certificates speak of another quadric than that of the metric and the data that were asked for")
    return replace(found, compared=found.compared.union(("metric", "data")))
