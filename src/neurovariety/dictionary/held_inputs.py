"""The inputs at which a stored result says something, held against those in its certificates, and the quadric of a metric on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import INPUTS, QUADRICS
from neurovariety.certificates.stored_functions import StoredFunctions
from neurovariety.dictionary.stored_tables import table_read_back
from neurovariety.errors import VerificationError
from neurovariety.exact_numbers import exact_table, float_table
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.invariants.rank_at_data import exact_inputs, rows_of
from neurovariety.geometry.solutions.quadrics import of_data, stated
from neurovariety.model import Model
from neurovariety.training.bias.inner_product import exact_quadric, words_of_metric
from neurovariety.training.critical.stated_loss import FunctionCoordinates
from neurovariety.training.losses.loss import SquaredError
from neurovariety.training.losses.training_task import TrainingTask

_ROUNDED = Fraction(1, 10**9)
"""Part of the largest input by which prepared ones may differ on another machine."""

Rows = tuple[tuple[Fraction, ...], ...]


def held_to_inputs(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck where the inputs that are asked for were compared. Raises `VerificationError` where certificates speak of others."""
    name = "inputs" if found.entry == "data" else "data"
    if name not in given:  # too large to be written
        return found
    if given[name] is None:
        return _held_to_none(found)
    return _held_to_rows(found, rows_of(exact_inputs(model, table_read_back(given[name]))), Fraction(0), (name,))


def held_to_samples(found: Recheck, task: TrainingTask) -> Recheck:
    """The same for the samples of a training task; ranks of Jacobians depend neither on the targets nor on how samples weigh."""
    if not isinstance(task.loss, SquaredError):
        return _held_to_none(found)
    slack = Fraction(0) if task.options["prepare"] == "none" else _ROUNDED
    rows = rows_of(exact_table(task.loss.inputs, "inputs"))
    return _held_to_rows(found, rows, slack, ("data", "metric", "prepare", "held_out"))


def _held_to_none(found: Recheck) -> Recheck:
    if found.speaks_of.get(INPUTS):
        raise VerificationError("the certificates speak of data, and the result says that none were asked for")
    return found


def _held_to_rows(found: Recheck, rows: Rows, slack: Fraction, options: tuple[str, ...]) -> Recheck:
    spoken = found.speaks_of.get(INPUTS, ())
    if not spoken or not all(_same(rows, other, slack) for other in spoken):
        raise VerificationError("the certificates speak of other data than the result says were asked for")
    return replace(found, compared=found.compared.union(options))


def _same(rows: Rows, other: Rows, slack: Fraction) -> bool:
    if [len(row) for row in rows] != [len(row) for row in other]:
        return False
    pairs = [(a, b) for row, there in zip(rows, other, strict=True) for a, b in zip(row, there, strict=True)]
    return all(abs(a - b) <= slack * max(abs(b), Fraction(1)) for a, b in pairs)


def held_to_metric(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The same for the quadric under which strata are critically exposed."""
    metric, table = given["metric"], table_read_back(given.get("data"))
    stored = next((s for s in found.subjects.values() if isinstance(s, StoredFunctions)), None)
    if stored is None or not any(k.key in ("table", "critically_exposed") for k in found.rechecked):
        return found
    if stored.quadric_words != words_of_metric(metric):
        raise VerificationError(f"the certificates speak of another quadric than that of the metric {metric}")
    if metric != "data" and given["data"] is not None:
        raise VerificationError(f"the result says that data were asked for, beside the metric {metric}")
    if metric == "generic" or (metric == "data" and "data" not in given):
        return found
    monomials = list(coefficients_as_polynomials(model))
    own = exact_quadric(metric, monomials, None if table is None else exact_inputs(model, table), rng)
    if stored.quadric_entries != tuple(map(tuple, own.tolist())):
        raise VerificationError("the certificates speak of another quadric than that of the metric and the data that were asked for")
    return replace(found, compared=found.compared.union(("metric", "data")))


def held_to_quadric(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The same for the quadric of an ED degree, where it was counted for that of the metric itself: its entries are the last parameters
    of the list of critical points, those that are not 0, or the diagonal where all others are."""
    metric, table = given["metric"], table_read_back(given.get("data"))
    spoken = found.speaks_of.get(QUADRICS, ())
    if metric != "data" and given["data"] is not None:
        raise VerificationError(f"the result says that data were asked for, beside the metric {metric}")
    if metric == "generic" or (metric == "data" and "data" not in given) or not spoken:
        return found
    terms = FunctionCoordinates.of(model, found.seed).terms
    if metric == "data":
        own = of_data(terms, float_table(exact_inputs(model, table), "data").reshape(len(table), -1))
    else:
        own = stated(terms, metric)
    n = len(terms)
    lower = [float(own[i, k]) for i in range(n) for k in range(i + 1) if own[i, k]]
    for parameters in spoken:
        entries = [v.real for v in parameters[n:]]
        if len(entries) != len(lower):
            return found  # of another family, whose parameters are others
        if any(v.imag for v in parameters[n:]) or not _proportional(entries, lower):
            raise VerificationError("the nearest points are those for another quadric than that of the metric that was asked for")
    return replace(found, compared=found.compared.union(("metric", "data")))


def _proportional(entries: list[float], own: list[float]) -> bool:
    """Whether doubles are a positive multiple of others, up to rounding."""
    largest = max(range(len(own)), key=lambda k: abs(own[k]), default=None)
    if largest is None:
        return True
    unit = entries[largest] / own[largest]
    return unit > 0 and all(abs(v - unit * o) <= float(_ROUNDED) * abs(entries[largest]) for v, o in zip(entries, own, strict=True))
