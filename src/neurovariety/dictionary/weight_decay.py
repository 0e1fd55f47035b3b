"""Weight decay: every critical point of training with weight decay, in the space of weights.

The objective is the loss plus sum_k s_k w_k^2 with a strength s_k >= 0 for each weight. Without decay the critical points of weights
come in families, for many weights give one function; with general strengths they are finitely many over the complex numbers, and none
is degenerate. They are counted in weights, not in functions: two networks that differ by a sign or a permutation are two points.

What is proved. All complex critical points at general strengths come from total degree homotopies (Bezout), two of which must agree;
those at the strengths asked for are the ends of paths from there, each certified by Krawczyk's operator in ball arithmetic, with
certified reality and index. Then the list is `complete`, else a `lower_bound`, as it is where equal strengths leave a symmetry under
which critical points come in whole orbits. With positive strengths the objective tends to infinity with the weights, so it has a
minimum: among the real points where the list is complete, else between the minima for strengths a little smaller and larger
(`training.weight_decay`). Data are rounded to float64 first: statements are on these.

Sources: Mehta, Chen, Tang, Hauenstein 2018; Bharadwaj, Hosten 2023; Krawczyk 1969.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, ClassVar, TypedDict, Unpack

import numpy as np

from neurovariety.certificates.issue import legacy
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import VerificationError
from neurovariety.exact_numbers import exact_numbers, nearest_floats
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.critical.decayed_points import DecayedPoints, decayed_points, least_with_decay
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
    real: int
    minima: int
    least: list[float] | None
    global_minimum: str


class WeightDecayEvidence(TypedDict):
    """What the list rests on."""

    task: Facts
    strengths: list[float]
    points: list[DecayedPoint]
    at_general_strengths: int
    root_bound: int
    ends: Facts
    morse_sum: int | None
    least_bounds: list[float] | None
    minimizers: list[int]
    degenerate: int


@dataclass(frozen=True, repr=False)
class WeightDecayResult(EntryResult):
    """``value``: ``complex`` isolated critical points in weight space, ``real`` ones, ``minima`` among them, ``least`` (bounds of the
    global minimum of the objective, None where nothing is shown) and ``global_minimum`` (what is claimed of it).

    ``points``: the list, as `DecayedPoints`. ``evidence``: ``points`` as plain data by the real part of the objective, ``strengths``,
    ``at_general_strengths`` (how many points there are), ``root_bound``, ``morse_sum``, ``ends`` of the paths, ``task``.
    """

    entry: ClassVar[str] = "weight-decay"
    value: WeightDecayValue
    evidence: WeightDecayEvidence
    sources: ClassVar[tuple[str, ...]] = ("mehta2018", "bharadwaj2023", "krawczyk1969")
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
    {'complex': 5, 'real': 3, 'minima': 2, 'least': [0.76, 0.76], 'global_minimum': 'complete'}
    """
    task = training_task(model, seed=seed, **options)
    notices = task.notices
    if strengths is None:
        drawn = generator(seed, _STREAM).uniform(0.5, 1.5, model.parameters) * _USUAL
        s, notices = drawn.round(4).tolist(), (*notices, f"no strengths were given: these are random ones near {_USUAL}")
    else:
        s = _numbers(strengths)
    found = decayed_points(model, task.loss, s, seed=seed)
    bounds, claimed = _least(found, task, seed)
    value: WeightDecayValue = {
        "complex": len(found.weights),
        "real": found.real.count("yes"),
        "minima": len(found.minima),
        "least": None if bounds is None else [float(f"{v:.9g}") for v in bounds],
        "global_minimum": claimed,
    }
    evidence: WeightDecayEvidence = {
        "task": task.record, "strengths": found.strengths.tolist(),
        "points": [_plain(found, k) for k in range(min(len(found.weights), _SHOWN))],
        "at_general_strengths": found.general, "root_bound": found.paths, "ends": found.ends, "morse_sum": found.morse_sum,
        "least_bounds": None if bounds is None else list(bounds),
        "minimizers": [k + 1 for k in found.minimizers], "degenerate": len(found.degenerate),
    }  # fmt: skip
    return WeightDecayResult(
        value=value,
        claims=legacy("weight-decay", Claim.COMPLETE if found.complete else Claim.LOWER_BOUND),
        meaning=_meaning(value, found),
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


def _least(found: DecayedPoints, task: TrainingTask, seed: int) -> tuple[tuple[float, float] | None, str]:
    """Bounds of the least value of the objective, and the claim made of them."""
    if found.least is not None:
        return found.least, "complete"
    if (np.asarray(found.strengths) > 0).all():
        between = least_with_decay(task.model, task.loss, found.strengths, seed=seed)
        if between is not None:
            return between, "complete"
    return None, "undecided"


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


def _meaning(value: WeightDecayValue, found: DecayedPoints) -> str:
    least = "" if found.complete else "at least "
    points = counted(value["complex"], "complex critical point")
    head = f"with weight decay training has {least}{points} in weight space, {value['real']} real"
    minima = counted(value["minima"], "local minimum").replace("minimums", "minima") + " among them"
    if value["least"] is None:
        end = "the least value of the objective is not shown"
    else:
        low, high = value["least"]
        near = f"{low:.6g}" if f"{low:.6g}" == f"{high:.6g}" else f"between {low:.6g} and {high:.6g}"
        times = len(found.minimizers)
        end = f"the global minimum of the objective is {near}" + (f", at {counted(times, 'point')}" if times else "")
    return f"{head}, {minima}; {end}"
