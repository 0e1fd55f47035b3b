"""The loss that a stored result names, held against the loss that its certificates speak of.

The loss is made anew from the options (metric and teacher, or the data, which stand beside certificates; sample weights, preparation,
strengths of decay, counts, norm) and from the architecture, and compared with the exact data: coordinates of the functions as functions
of all weights, and the loss on these. Data that were prepared in floating point, by means and standard deviations or by a matrix that
whitens, are compared up to rounding, for another machine may round in another way. What is not there to be compared (data that were too
large to be written, a loss of a user's own) is not: `held_scopes.not_compared` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from neurovariety.certificates.decayed_loss import DecayedLoss
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.modular_runs import ModularRun
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.stored_charts import StoredCharts, StoredQuadric
from neurovariety.certificates.stored_landscape import StoredLandscape
from neurovariety.certificates.zeros import NotShown
from neurovariety.dictionary.held_counts import held_to_counts
from neurovariety.dictionary.held_distance import held_to_distance
from neurovariety.dictionary.held_inputs import held_to_inputs, held_to_metric, held_to_quadric, held_to_samples
from neurovariety.dictionary.held_strata import held_to_strata
from neurovariety.dictionary.stored_tables import table_read_back
from neurovariety.errors import NeurovarietyError, VerificationError
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.training.critical.stated_loss import FunctionCoordinates, StatedLoss
from neurovariety.training.losses.canonical_units import CanonicalUnits, canonical
from neurovariety.training.losses.task_options import TaskOptions
from neurovariety.training.losses.training_task import TrainingTask, training_task

_PRIME_BITS = 61
_ROUNDED = 1e-9
"""Part of the largest entry by which a quadric of prepared data may differ: some hundred roundings, and the condition of means."""
_WHITENED = 1e-4
"""The same where nearly collinear columns were whitened, by a matrix whose condition is that of the columns."""
_UNWRITTEN = {"data", "form"}
"""Options that may be given and not be written."""
TASK = ("data", "metric", "teacher", "form", "sample_weights", "prepare", "held_out")

Options = Mapping[str, Any]


def held_to_losses(found: Recheck, model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck where the loss that is asked for was compared. Raises `VerificationError` where certificates speak of another."""
    given = {name: values[0] for name, values in found.asked.items() if values}
    holds = _HELD.get(found.entry)
    if holds is None or not given or not found.rechecked or any(c is None for c in model.coefficients):
        return found
    try:
        return holds(found, given, model, rng)
    except VerificationError:
        raise
    except (NeurovarietyError, NotShown, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as reason:
        raise VerificationError(f"the loss that the result names cannot be read: {str(reason) or type(reason).__name__}") from None


def _of_task(found: Recheck, given: Options, model: Model, rng: np.random.Generator) -> Recheck:
    """The same for the lists of `landscape`, the points of `weight-decay`, and the ranks of `tangent-kernel`."""
    task = _task(given, model, found.seed)
    if task is None:
        return found
    if found.entry == "tangent-kernel":
        return held_to_samples(found, task)
    if found.entry == "weight-decay":
        return _decayed(found, given, task, rng)
    own, units = canonical(task)
    slack = _slack(task, units)
    on = FunctionCoordinates.of(model, found.seed)
    here, there = StatedLoss(on, own.loss, slack), StatedLoss(on, task.loss, _slack(task, None))
    shown: set[str] = set()
    posed = {problem for p in found.subjects.values() if isinstance(p, ProblemOfModel) for problem in p.problems}
    landscapes = [s for s in found.subjects.values() if isinstance(s, StoredLandscape)]
    charts = {s.hash: s for s in found.subjects.values() if isinstance(s, StoredCharts)}
    mine = posed | {s.lists[0] for s in landscapes}
    for key in mine & charts.keys():
        if not on.are(charts[key].values, rng):
            raise VerificationError("the list is one of functions of another network")
        if not here.are_charts(charts[key]):
            raise VerificationError("the list is one of critical functions of another loss than the result names")
        shown.add(key)
    for stored in landscapes:
        if stored.name != model.name or not on.are(stored.values, rng):
            raise VerificationError("the loss is one of functions of another network")
        alone = stored.lists == ("",)  # without lists losses are in the units of the data
        searched, power = (there, 0) if alone else (here, units.outputs)
        if stored.power != power or not (searched.is_quadric(stored.quadric) and there.is_quadric(stored.given)):
            raise VerificationError("the certificates speak of another loss than the result names")
        if not _along_strata(stored, rng):
            raise VerificationError("the loss on a smaller network is another one")
        if stored.given is not None and charts.keys() <= {*stored.lists, *mine}:
            shown.add(stored.hash)
    return replace(found.with_problems_shown(frozenset(shown)), compared=found.compared.union(TASK) if shown else found.compared)


def _slack(task: TrainingTask, units: CanonicalUnits | None) -> float:
    if units is not None and units.white is not None:
        return _WHITENED
    return 0.0 if task.options["prepare"] == "none" else _ROUNDED


def _task(given: Options, model: Model, seed: int) -> TrainingTask | None:
    """The task that the options state; None where data that were too large, or a form of the user's, were not written."""
    options = {name: given[name] for name in TASK if name in given or name not in _UNWRITTEN}
    if type(options["held_out"]) not in (int, float):
        raise VerificationError("the share of rows held out is a number")
    if options["metric"] == "data" and options.get("data") is None and not options.keys() >= _UNWRITTEN:
        return None
    options["data"] = table_read_back(options.get("data"))
    return training_task(model, seed=seed, any_size=True, **cast("TaskOptions", options))


def _along_strata(stored: StoredLandscape, rng: np.random.Generator) -> bool:
    """Whether the loss of each smaller network is that of the network along its stratum, at a random point modulo a random prime."""
    for stratum, stage in zip(stored.strata, stored.stages[1:], strict=True):
        if stratum.embed is None or stage is None or stage.quadric is None or stored.quadric is None:
            continue
        p = random_prime(_PRIME_BITS, rng)
        at = np.array([int(v) for v in rng.integers(0, p, stratum.embed.unknowns)], dtype=object)
        inside = np.array(_values(stratum.embed, at, p), dtype=object)
        if _loss(stage.quadric, _values(stage.values, at, p), p) != _loss(stored.quadric, _values(stored.values, inside, p), p):
            return False
    return True


def _values(program: ExactSystem, at: np.ndarray, p: int) -> list[int]:
    return [int(v) for v in ModularRun(program, p).values(at, np.zeros((1, 0), dtype=object), [])[0]]


def _loss(quadric: StoredQuadric, c: list[int], p: int) -> int:
    """A loss modulo a prime."""

    def residue(value: Any) -> int:
        return int(value.numerator) * pow(int(value.denominator), -1, p) % p

    total = residue(quadric.constant)
    for value, row, b in zip(c, quadric.pairs, quadric.against, strict=True):
        total += value * (sum(residue(v) * other for v, other in zip(row, c, strict=True)) - 2 * residue(b))
    return total % p


def _decayed(found: Recheck, given: Options, task: TrainingTask, rng: np.random.Generator) -> Recheck:
    asked = given["strengths"]
    n = task.model.parameters
    strengths = [float(v) for v in (asked if isinstance(asked, list) else [asked] * n)]
    loss = StatedLoss(FunctionCoordinates.of(task.model, found.seed), task.loss, _slack(task, None))
    posed = {problem for p in found.subjects.values() if isinstance(p, ProblemOfModel) for problem in p.problems}
    shown = set()
    for stored in found.subjects.values():
        if isinstance(stored, DecayedLoss) and stored.hash in posed:
            same = loss.is_decayed(stored, strengths, rng)
            if same is None:
                return found
            if not same:
                raise VerificationError("the objective is another one than that of the loss and the strengths that the result names")
            shown.add(stored.hash)
    return replace(found.with_problems_shown(frozenset(shown)), compared=found.compared.union((*TASK, "strengths")))


_HELD: Mapping[str, Callable[[Recheck, Options, Model, np.random.Generator], Recheck]] = {
    "landscape": _of_task,
    "weight-decay": _of_task,
    "maximum-likelihood": held_to_counts,
    "polyhedral": held_to_distance,
    "tangent-kernel": _of_task,
    "data": held_to_inputs,
    "conservation": held_to_inputs,
    "exposedness": held_to_metric,
    "ed-degree": held_to_quadric,
    "subnetworks": held_to_strata,
}
"""By entry what compares."""
