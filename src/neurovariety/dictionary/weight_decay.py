"""Weight decay: every critical point of training with weight decay, in the space of weights.

The objective is the loss plus sum_k s_k w_k^2 with a strength s_k >= 0 for each weight. Without decay the critical points of weights
come in families, for many weights give one function; with general strengths they are finitely many over the complex numbers, and none
is degenerate. They are counted in weights, not in functions: two networks that differ by a sign or a permutation are two points.

What is proved. Data are taken as float64 holds them, and the objective is a sum of squares with exact coefficients. Critical points
are shown in boxes, with certified reality and index, and an account says that there are no others: the number is `proved` where zeros
add up to the Bézout number, else it is a number modulo two random primes, wrong with a probability that is computed. Where no account
closes, which happens for more than some eight weights, the list is a `lower_bound`. Where equal strengths leave a symmetry under which
critical points come in whole orbits, those with an invertible Hessian are counted. With positive strengths the objective tends to
infinity with the weights, so it has a minimum: among the real points of the list, or bounded from below by the list for strengths a
little smaller, so that the least value lies in a stated interval (`training.critical.decayed_points`). That also bounds the loss itself
without decay, over all networks in a ball (``evidence["in_ball"]``), whatever singular functions there are.

Sources: Mehta, Chen, Tang, Hauenstein 2018; Bharadwaj, Hosten 2023; Krawczyk 1969.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, ClassVar, TypedDict, Unpack

import numpy as np

from neurovariety.certificates.critical_list import ListWithDecay
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.parts_of_lists import Narrow, Part
from neurovariety.certificates.sentences import SURE, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import VerificationError
from neurovariety.exact_numbers import exact_numbers, nearest_floats
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.critical.decayed_account import best_in_ball
from neurovariety.training.critical.decayed_points import DecayedPoints, decayed_points, verdict_with_decay
from neurovariety.training.losses.task_options import TaskOptions
from neurovariety.training.losses.training_task import TrainingTask, training_task

_STREAM = "dictionary.weight_decay"
_USUAL = 0.1
"""Size of the strengths where none are given."""
_SHOWN = 200
_SAME = 1e-6


class DecayedPoint(TypedDict):
    """A critical point of weights; complex numbers as pairs."""

    number: int
    real: str
    objective: float | list[float]
    index: int | None
    kind: str
    weights: list[float] | list[list[float]]


class WeightDecayValue(TypedDict):
    complex: int
    real: int | None
    minima: int | None
    least: list[float] | None
    global_minimum: str


class WeightDecayEvidence(TypedDict):
    """What the list rests on."""

    task: Facts
    strengths: list[float]
    points: list[DecayedPoint]
    account: str
    root_bound: int
    morse_sum: int | None
    least_bounds: list[float] | None
    minimizers: list[int]
    degenerate: int
    in_ball: Facts | None


@dataclass(frozen=True, repr=False)
class WeightDecayResult(EntryResult):
    """``value``: ``complex`` critical points in weight space with an invertible Hessian, ``real`` ones, ``minima`` among them (None
    where that stays open), ``least`` (an interval that holds the global minimum of the objective, None where nothing is shown) and
    ``global_minimum`` (what is claimed of it).

    ``points``: the list, as `DecayedPoints`. ``evidence``: ``points`` as plain data by the real part of the objective, ``strengths``,
    ``account`` (what says that there are no others), ``root_bound``, ``morse_sum``, ``in_ball`` (an interval for the least loss without
    decay of networks whose weights are all at most ``radius``), ``task``.
    """

    entry: ClassVar[str] = "weight-decay"
    headline: ClassVar[tuple[str, ...]] = ("complex", "real", "least")
    spoken: ClassVar[tuple[str, ...]] = ("complex", "real", "minima", "least")
    value: WeightDecayValue
    evidence: WeightDecayEvidence
    sources: ClassVar[tuple[str, ...]] = ("mehta2018", "bharadwaj2023", "krawczyk1969")
    left_behind: ClassVar[tuple[str, ...]] = (*EntryResult.left_behind, "points")
    points: DecayedPoints | None = field(default=None, compare=False)
    task: TrainingTask | None = field(default=None, compare=False)

    def _repeated(self, seed: int | None) -> WeightDecayResult:
        """Find everything again under another seed. Raises `VerificationError` where a count differs, or bounds of the least value
        exclude each other."""
        again = self._again(seed)
        a, b = self.value["least"], again.value["least"]
        ours, theirs = ({k: v for k, v in r.value.items() if k != "least"} for r in (self, again))
        apart = a is not None and b is not None and max(a[0], b[0]) > min(a[1], b[1]) + _SAME * max(abs(a[0]), 1e-300)
        if ours != theirs or apart:
            raise VerificationError(f"weight decay of {self.subject}: recorded {self.shown()}, recomputed {again.shown()}")
        return again


@entry
def weight_decay(
    model: Model,
    *,
    strengths: Annotated[
        ExactNumbers | str | float | Fraction | None,
        Option("strength of weight decay: one, or one a weight, comma-separated (default: random ones near 0.1)", kind="numbers"),
    ] = None,
    seed: int = DEFAULT_SEED,
    **options: Unpack[TaskOptions],
) -> WeightDecayResult:
    """Every critical point of the loss plus sum_k s_k w_k^2, with ``strengths`` s_k: one number, or a list of one for each weight in
    flat order (default: random ones near 0.1, which are general). A text such as "1/10" is one number, here as in lists.

    The other options are those of `landscape`. Raises `InputError` for unusable strengths, options or models, `DataError` for unusable
    data, `ResourceError` where the root bound is above 60,000 paths.

    >>> weight_decay("linear(1,1,1)", data=([[1.0]], [[2.0]]), strengths=[0.1, 0.4]).value
    {'complex': 5, 'real': 3, 'minima': 2, 'least': [0.76, 0.7600000000000001], 'global_minimum': 'probability'}
    """
    task = training_task(model, seed=seed, **options)
    notices = task.notices
    if strengths is None:
        drawn = generator(seed, _STREAM).uniform(0.5, 1.5, model.parameters) * _USUAL
        s, notices = drawn.round(4).tolist(), (*notices, f"no strengths were given: these are random ones near {_USUAL}")
    else:
        s = _numbers(strengths)
    found = decayed_points(model, task.loss, s, seed=seed)
    least = _least(found, task, seed)
    counts, bounds = found.verdict.statement.value, None if least is None else list(least.statement.value)
    value: WeightDecayValue = {
        "complex": counts["complex"], "real": counts["real"], "minima": counts["minima"], "least": bounds,
        "global_minimum": _claimed(found, least).statement.value,
    }  # fmt: skip
    evidence: WeightDecayEvidence = {
        "task": task.record, "strengths": found.strengths.tolist(),
        "points": [_plain(found, k) for k in range(min(len(found.weights), _SHOWN))],
        "account": _account(found), "root_bound": found.paths, "morse_sum": found.morse_sum,
        "least_bounds": bounds,
        "minimizers": [k + 1 for k in found.minimizers], "degenerate": len(found.degenerate), "in_ball": _in_ball(found, least),
    }  # fmt: skip
    return WeightDecayResult(
        value=value,
        claims=_claims(value, found, least),
        glosses=_glosses(found),
        evidence=evidence,
        notices=notices if found.complete else (*notices, found.reason),
        options={**task.options, "strengths": found.strengths.tolist()},
        points=found,
        task=task,
    )


def _numbers(strengths: ExactNumbers | str | float | Fraction) -> list[float] | float:
    """Strengths as floats; a single one stands for all weights."""
    found = nearest_floats(exact_numbers(strengths if isinstance(strengths, list) else [strengths]), "a strength of weight decay")
    return found[0] if len(found) == 1 else found


def _claims(value: WeightDecayValue, found: DecayedPoints, least: Verdict | None) -> dict[str, Verdict]:
    """What is shown of the list, and of the least value; a number that stays open is undecided."""
    own = exact_functions(found.model).hash
    posed = ProblemOfModel(own, tuple(v.statement.subject for v in (found.verdict, least) if v is not None))
    known = {
        key: _undecided(key, None) if number is None else issue(Part(f"weight-decay: {key}", own, found.verdict), posed)
        for key, number in (("complex", value["complex"]), ("real", value["real"]), ("minima", value["minima"]))
    }
    known["least"] = _undecided("least", None) if least is None else issue(Part("weight-decay: least", own, least), posed)
    known["global_minimum"] = _claimed(found, least)
    return known


def _undecided(key: str, value: object) -> Verdict:
    return weak(Statement(f"weight-decay: {key}", "", value), Claim.UNDECIDED, "nothing shows it")


def _claimed(found: DecayedPoints, least: Verdict | None) -> Verdict:
    """What is claimed of the global minimum: it is known where the interval is narrow."""
    if least is None:
        return _undecided("global_minimum", str(Claim.UNDECIDED))
    own = exact_functions(found.model).hash
    return issue(Narrow("weight-decay: global_minimum", own, least), ProblemOfModel(own, (least.statement.subject,)))


def _account(found: DecayedPoints) -> str:
    own = found.verdict
    if own.statement.error:
        return f"as many as modulo two random primes; wrong with a probability below {own.statement.error:.0e}"
    return "none" if own.claim is Claim.LOWER_BOUND else "the zeros of the gradient add up to the Bézout number"


def _in_ball(found: DecayedPoints, least: Verdict | None) -> Facts | None:
    """An interval for the least loss without decay, of networks with weights up to twice the size of those that are known."""
    known = None if least is None else best_in_ball(least, found.exact.subject)
    if known is None:
        return None
    low, high = known.verdict.statement.value
    return {"low": low, "high": high, "radius": known.radius, "claim": str(known.verdict.claim)}


def _least(found: DecayedPoints, task: TrainingTask, seed: int) -> Verdict | None:
    """What is shown of the least value of the objective."""
    if found.least_verdict is not None or not (np.asarray(found.strengths) > 0).all():
        return found.least_verdict
    return verdict_with_decay(task.model, task.loss, found.strengths, seed=seed)


def _plain(found: DecayedPoints, k: int) -> DecayedPoint:
    real = found.real[k] == "yes"
    weights, loss = found.weights[k], found.losses[k]
    return {
        "number": k + 1,
        "real": found.real[k],
        "objective": float(loss.real) if real else [float(loss.real), float(loss.imag)],
        "index": found.index[k],
        "kind": _kind(found.index[k], found.model) if real else "complex",
        "weights": weights.real.tolist() if real else [[float(v.real), float(v.imag)] for v in weights],
    }


def _kind(index: int | None, model: Model) -> str:
    if index is None:
        return "undecided"
    return "minimum" if index == 0 else "maximum" if index == model.parameters else "saddle"


def _glosses(found: DecayedPoints) -> tuple[Gloss, ...]:
    """Whether there are other critical points, degenerate ones, and at how many of the list the least value may be taken."""
    glosses, own, times = [], found.verdict.certificate, len(found.minimizers)
    if isinstance(own, ListWithDecay) and own.no_others:
        glosses.append(Gloss("there are no other critical points, and none has a singular Hessian", {"complex": SURE}))
    if times:
        glosses.append(Gloss(f"{counted(times, 'listed point')} may take that value", {"least": SURE}))
    return tuple(glosses)
