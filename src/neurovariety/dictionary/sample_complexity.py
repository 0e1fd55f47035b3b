"""Recovery from samples: how many generic inputs determine a function of the model, finitely and uniquely?

Let f be a general function of the model and x_1, ..., x_N general inputs. The values f(x_1), ..., f(x_N) leave finitely many
functions of the closure X exactly where the Jacobian of the values by the weights has rank dim X, and one function where that
finite number is one. With fewer samples than for finiteness whole families of functions interpolate; between the two numbers,
finitely many wrong ones do.

What is proved. Finite: the rank at random inputs over F_p proves that N samples suffice; that fewer do not is proved where (N - 1)
times the outputs is below the dimension, else it is exact randomized arithmetic. Unique: all weights over one general value are
found by following paths, complete by a trace test on the graph of w -> (f_w(x_1), ..., f_w(x_N)), every one certified; their
functions are counted (claim `complete`). Where the model fills its linear span, finitely many functions are one. Where neither,
``unique`` is null.

What these two are not: statistics. Values are exact, and uniqueness is over the complex numbers among generic functions.

With ``epsilon``, ``delta`` and ``radius`` statistics are asked for as well: samples that are enough for uniform statements on the
functions of size at most ``radius`` on the inputs, whose distribution may be any, proved with every constant (`upper_bound`). These
numbers are loose; exact values of a general function need the first two alone.

Sources: Marchetti et al. 2025, section 4.1; Zhang, Kileel 2023; Hoeffding 1963; McDiarmid 1989; Maurer 2016; John 1948.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Annotated, ClassVar, NotRequired, TypedDict

import numpy as np

from neurovariety.certificates.compose import LISTED, ONE_POINT, UNIQUE, Because
from neurovariety.certificates.fiber import Sorted, left_by
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.ranks import FewestSamples, ModularRank
from neurovariety.certificates.sentences import FROM_ABOVE, SURE, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_learning import EXACT_FIT, LearningTask
from neurovariety.certificates.upper_bounds import FillsSpan
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import shown_rank
from neurovariety.geometry.exact.points import draw_point, with_new_values
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.learning.bounds_of_covers import SizesOfModel
from neurovariety.learning.enough_samples import EnoughSamples, accuracy_of, enough_samples
from neurovariety.model import Model
from neurovariety.options import Option, Real, Whole
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED

_STREAM = "dictionary.sample_complexity"
_SMALL_DIMENSION = 10
"""Largest dimension of a model for which functions are counted: seconds."""
_TRIALS = 3
"""Random points at which a sample fewer is tried, where their number alone does not say that it is too few."""
LEFT_OVER = "functions left by samples"
_STATISTICS = ("uniform", "exact_fit")
_NO_FIT = Statement(EXACT_FIT, "", None)
_INEQUALITIES: tuple[Facts, ...] = (
    {"name": "covers and uniform laws of large numbers", "source": "zhang2023"},
    {"name": "Hoeffding's inequality", "source": "hoeffding1963"},
    {"name": "the inequality of bounded differences", "source": "mcdiarmid1989"},
    {"name": "contraction of Rademacher averages", "source": "maurer2016"},
    {"name": "John's ellipsoid", "source": "john1948"},
)
"""What the bounds of samples rest on, beside what bounds covers."""
EpsilonOption = Annotated[
    float | None,
    Option("error in mean squares, for samples that are enough (with --delta and --radius)"),
    Real("epsilon is a positive number"),
]
DeltaOption = Annotated[float | None, Option("probability of more than that error"), Real("delta is a number between 0 and 1", below=1)]
RadiusOption = Annotated[float | None, Option("largest size of the functions on the inputs"), Real("a radius is a positive number")]
SamplesOption = Annotated[
    int | None,
    Option("samples that there are, in place of --epsilon: which error they allow"),
    Whole("there is at least one sample", 1),
]
NoiseOption = Annotated[float, Option("how much larger targets may be (default: 0)"), Real("noise is a number from 0 on", zero=True)]


class SampleComplexityEvidence(TypedDict):
    """What the numbers of samples rest on. ``last_count``: of the last count by paths; ``reason`` why there are no more of them.
    ``bounds``: samples that are enough, by the way of proof; ``covers``: the covers behind these, with their constants."""

    dimension: int
    dimension_claim: str
    outputs: int
    rank_by_samples: dict[str, int]
    filling: bool
    theorems: list[Facts]
    last_count: NotRequired[Facts]
    reason: NotRequired[str]
    epsilon: NotRequired[float]
    parameters: NotRequired[int]
    bounds: NotRequired[dict[str, int]]
    covers: NotRequired[dict[str, Facts]]


@dataclass(frozen=True, repr=False)
class SampleComplexityResult(EntryResult):
    """``value`` is ``{"finite", "unique", "functions"}``: the smallest numbers of generic samples that leave finitely many
    functions and one (null where not known), and how many functions are left for each number of samples counted, from ``finite`` on.

    Asked with ``epsilon``, ``delta`` and ``radius`` also ``uniform`` and ``exact_fit`` (null with noise): numbers of samples that are
    enough for the mean squared errors of the functions to be within ``epsilon`` of what they are on the samples, and for a fit without
    error to be within ``epsilon`` of the function that the values are of."""

    entry: ClassVar[str] = "sample-complexity"
    evidence: SampleComplexityEvidence

    def speaks(self) -> Iterable[str]:
        """Both numbers, and how many functions are left between them."""
        known = self.value["functions"]
        counted = ("functions",) if known and max(known.values()) > 1 else ()
        return ("finite", "unique", *counted, *(key for key in _STATISTICS if self.value.get(key) is not None))


@entry
def sample_complexity(
    model: Model,
    *,
    epsilon: EpsilonOption = None,
    delta: DeltaOption = None,
    radius: RadiusOption = None,
    noise: NoiseOption = 0.0,
    samples: SamplesOption = None,
    seed: int = DEFAULT_SEED,
) -> SampleComplexityResult:
    """How many generic inputs determine a general function of ``source``.

    ``epsilon``, ``delta`` and ``radius`` ask how many samples of any distribution are enough as well: so that, with probability at
    least 1 - ``delta``, the mean squared error of each function that has size at most ``radius`` on the inputs is within ``epsilon`` of
    its mean over the samples. Targets have size at most ``radius`` + ``noise``. With ``samples`` in place of ``epsilon`` the least
    epsilon is taken for which so many are enough. Raises `InputError` for unusable input, where some of these are missing, and where
    there are too few samples for any epsilon.

    >>> sample_complexity("mlp(2,2,1; x^4)").value
    {'finite': 4, 'unique': 5, 'functions': {'4': 3, '5': 1}}
    """
    task = _task(epsilon, delta, radius, noise, samples)
    if task is None:
        return _recovery(model, seed)
    sizes = quietly(SizesOfModel.of, model, seed=seed)
    task = task if samples is None else accuracy_of(sizes, task, samples)
    return _with_statistics(_recovery(model, seed), sizes, task)


def _recovery(model: Model, seed: int) -> SampleComplexityResult:
    """What exact values at general inputs determine."""
    found = quietly(dimension_of, model, seed=seed)
    r = found.value
    samples, ranks = _finite(model, found, seed)
    finite = int(samples.statement.value)
    fills = found.fills
    exact = exact_functions(model)
    evidence: SampleComplexityEvidence = {
        "dimension": r,
        "dimension_claim": str(found.claim),
        "outputs": model.outputs,
        "rank_by_samples": ranks,
        "theorems": [],
        "filling": fills,
    }
    left: dict[int, Verdict] = {}
    if fills:  # a linear space: finitely many solutions of linear equations are one
        filled = issue(FillsSpan(found.verdict, found.span.verdict), exact)
        left = {finite: issue(Because(Statement(left_by(finite), exact.hash, 1), ONE_POINT, (filled, samples)), exact)}
    elif found.sure:
        left, reason, last = _functions(model, found, finite, seed)
        if last is not None:
            evidence["last_count"] = last
        if reason:
            evidence["reason"] = reason
    counts = {n: int(v.statement.value) for n, v in left.items()}
    unique = next((n for n, count in counts.items() if count == 1), None)
    value = {"finite": finite, "unique": unique, "functions": {str(n): count for n, count in counts.items()}}
    one, functions = (
        Statement("samples that leave one function", exact.hash, unique),
        Statement(LEFT_OVER, exact.hash, value["functions"]),
    )
    claims = {
        "finite": samples,
        "unique": weak(one, Claim.UNDECIDED, "not counted")
        if unique is None
        else issue(Because(one, UNIQUE, (samples, *(left[n] for n in range(finite, unique + 1)))), exact),
        "functions": issue(Because(functions, LISTED, (samples, *left.values())), exact)
        if left
        else weak(functions, Claim.UNDECIDED, "not counted"),
    }
    return SampleComplexityResult(
        value=value,
        claims=claims,
        glosses=_glosses(finite, unique),
        evidence=evidence,
        notices=(*found.notices, *_not_counted(unique, evidence.get("reason"))),
    )


def _with_statistics(known: SampleComplexityResult, sizes: SizesOfModel, task: LearningTask) -> SampleComplexityResult:
    """The same with samples that are enough for a task."""
    found = enough_samples(sizes, task)
    more = {"uniform": found.uniform, "exact_fit": found.exact_fit or weak(_NO_FIT, Claim.UNDECIDED, "there is noise")}
    evidence: SampleComplexityEvidence = {
        **known.evidence,
        "theorems": [*(t.to_dict() for t in sizes.theorems), *_INEQUALITIES],
        "epsilon": float(task.epsilon),
        "parameters": sizes.model.parameters,
        "bounds": found.bounds,
        "covers": _covers(found),
    }
    r, finite = known.evidence["dimension"], known.value["finite"]
    beside = f"{counted(sizes.model.parameters, 'parameter')}, dimension {r}, and finitely many functions left by "
    exact = f"{counted(finite, 'general sample')} without error"
    loose = f"these numbers hold for the worst distribution, and are loose: compare {beside}{exact}"
    return replace(
        known,
        value=known.value | {key: v.statement.value for key, v in more.items()},
        claims={**known.verdicts, **more},
        glosses=(*known.glosses, Gloss(loose, {"uniform": FROM_ABOVE})),
        evidence=evidence,
    )


def _task(epsilon: float | None, delta: float | None, radius: float | None, noise: float, samples: int | None) -> LearningTask | None:
    """What is asked of statistics; None where nothing is. Raises `InputError` where that is half a question, or two."""
    given = {"epsilon" if samples is None else "samples": samples or epsilon, "delta": delta, "radius": radius}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == len(given):
        if noise:
            raise InputError("noise is one of targets with a radius; give epsilon, delta and radius too")
        return None
    if samples is not None and epsilon is not None:
        raise InputError("epsilon follows from the number of samples, or that from epsilon: give one of them")
    if missing or delta is None or radius is None:
        raise InputError(
            f"samples that are enough are asked for with delta, radius and epsilon or samples; give {' and '.join(missing)} as well"
        )
    return LearningTask(Fraction(radius), Fraction(noise), Fraction(1 if epsilon is None else epsilon), Fraction(delta))


def _covers(found: EnoughSamples) -> dict[str, Facts]:
    """The covers behind numbers of samples, with their constants."""
    return {
        name: {
            "radius_of_balls": float(c.ball.epsilon),
            "log_number": c.best.statement.value,
            "by": c.best_name,
            "constants": c.constants,
        }
        for name, c in found.covers.items()
    }


def _finite(model: Model, known: Dimension, seed: int) -> tuple[Verdict, dict[str, int]]:
    """The smallest number of random inputs at which the Jacobian of the values has rank r, and the ranks found."""
    r, exact = known.value, exact_functions(model)

    def search(k: int) -> tuple[Verdict, dict[str, int]]:
        rng = generator(seed, _STREAM, k)
        most = max(1, r)
        p, point = draw_point(model, rng)
        inputs = point.inputs(model, most)
        ranks: dict[str, int] = {}
        n = -(-r // model.outputs)
        while True:
            enough, _ = shown_rank(model, p, point, inputs[:n])
            ranks[str(n)] = enough.value
            if enough.value >= r or n >= most:
                break
            n += 1
        for trials in (0, _TRIALS if n > 1 else 0):
            try:
                return issue(FewestSamples(known.verdict, enough, _fewer(model, n - 1, trials, rng), n), exact), ranks
            except NotShown:
                continue
        return weak(Statement("samples", exact.hash, n), Claim.ESTIMATE, "fewer samples are not excluded"), ranks

    found, _ = with_new_values(search)
    return found


def _fewer(model: Model, samples: int, trials: int, rng: np.random.Generator) -> tuple[ModularRank, ...]:
    """Ranks at so many inputs, at random points over random primes."""
    found = []
    for _ in range(trials):
        p, point = draw_point(model, rng)
        found.append(shown_rank(model, p, point, point.inputs(model, samples))[0])
    return tuple(found)


def _functions(model: Model, known: Dimension, finite: int, seed: int) -> tuple[dict[int, Verdict], str, Facts | None]:
    """Functions left by the values at n samples, for n from ``finite`` on until one is left; why no more were counted; what the last
    count rests on."""
    r, coordinates = known.value, known.ambient_at_least
    if not r or r > _SMALL_DIMENSION:
        return {}, f"functions are counted up to dimension {_SMALL_DIMENSION}" if r else "", None
    from neurovariety.geometry.solutions.affine_slices import dyadic
    from neurovariety.geometry.solutions.attempts import check_size
    from neurovariety.geometry.solutions.fiber_count import preimages_over_values

    counts: dict[int, Verdict] = {}
    exact = exact_functions(model)
    last: Facts | None = None
    n = finite
    while True:
        points = dyadic(generator(seed, _STREAM, 100 + n), (n, model.inputs))

        try:
            check_size("sample-complexity", r, coordinates)
            draws = partial(generator, seed, _STREAM, 200 + n)
            found = preimages_over_values(model, r, seed, points, draws, premises=(known.verdict,))
        except (InputError, ResourceError) as refusal:
            return counts, str(refusal), last
        if found.verdict is None:
            return counts, f"with {n} samples: {found.reason}", last
        counts[n], last = issue(Sorted(left_by(n), exact.hash, found.verdict, found.functions), exact), found.evidence
        if counts[n].statement.value == 1:
            return counts, "", last
        n += 1


def _not_counted(unique: int | None, reason: str | None) -> tuple[str, ...]:
    return () if unique is not None or not reason else (f"samples that leave one function are not told: {reason}",)


def _glosses(finite: int, unique: int | None) -> tuple[Gloss, ...]:
    if unique != finite:
        return ()
    determine = f"{counted(finite, 'general sample')} determine{'s' * (finite == 1)} a general function of the model"
    return (Gloss(determine, {"finite": SURE, "unique": SURE}),)
