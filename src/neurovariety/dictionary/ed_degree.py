"""Euclidean distance degree: how many critical points does training have, over the complex numbers?

Squared loss is a quadric Q(f - u) on the space of functions. For a general target u its critical points on the smooth part of the
neurovariety X are finitely many; their number is the ED degree of X for Q. It is the algebraic complexity of exact training and a
bound on the number of its local minima at smooth points of X. It depends on Q: for a general quadric it is the largest, the *generic*
ED degree.

``metric`` says which Q. ``generic``; ``frobenius``: squares of the coefficients; ``bombieri``: Bombieri's product; ``gaussian``:
mean square over standard normal inputs; ``uniform``: over inputs uniform in [-1, 1]^d; ``data``: mean square over the rows of a table.
With several outputs the last three are the same form for each output, which is special: `linear(3,1,3)` has 39 critical points for a
general quadric, and 3 for data.

What is proved. Closed formulas with checked hypotheses are `proved`. Otherwise the critical points for one general quadric and
target are found by monodromy, certified, and tested: their sum is an affine-linear function of the target, the sum over any part of
them is not (`homotopy.trace_test`): `complete`. So are those of a stated quadric itself, where none becomes infinite at special
targets; else it is reached from the general one by continuation: as many regular ends, certified and different, as general quadrics
have critical points leave no room for another; fewer are all where loops of general targets map them to themselves, one to one, for
a quadric that is definite over C, or general of a rank above the dimension. Data see a part of the space only, over which the pairs
of functions and targets may have several components: there no loop tells. `evidence["ends"]` adds up to the generic number. All
rests on targets drawn at random being general, and on coefficients of about one size: where they differ by more than a factor of a
hundred, and wherever else a test fails, the number is a `lower_bound`.

A quadric of rank below the dimension of X, or data at which the Jacobian of the values has a smaller rank, leaves a whole locus of
critical points, those that interpolate; then there is no number and the answer is `undecided`, with the reason.

Sources: Draisma, Horobet, Ottaviani, Sturmfels, Thomas 2016; Ottaviani, Spaenlehauer, Sturmfels 2014; Marchetti et al. 2025, 4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypedDict

import numpy as np

from neurovariety.certificates.compose import CRITICAL, OF_NEAREST, POINT, Because
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.sentences import FROM_ABOVE, SHOWN, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Inputs, Resume
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError
from neurovariety.exact_numbers import float_table
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.invariants.degree import of_the_dimension
from neurovariety.geometry.invariants.dimension import Dimension, dimension_beside, flat
from neurovariety.geometry.invariants.rank_at_data import RankAtData, rank_at_data
from neurovariety.geometry.solutions.count_facts import CountFacts
from neurovariety.model import Array, Model
from neurovariety.options import Option, Route
from neurovariety.progress import found_more, found_on_the_way, note, quietly
from neurovariety.randomness import generator
from neurovariety.result import WHOLE, counted
from neurovariety.theorem import Theorem
from neurovariety.theorem import ed_degree as quantity
from neurovariety.tolerances import DEFAULT_SEED

if TYPE_CHECKING:
    from neurovariety.geometry.solutions.complete_fiber import CompleteFiber
    from neurovariety.geometry.solutions.critical_points import CriticalPoints
    from neurovariety.geometry.solutions.quadrics import Term

Metric = Literal["generic", "frobenius", "bombieri", "gaussian", "uniform", "data"]
_STREAM = "dictionary.ed_degree"
_RANK = 1e-9
"""Singular values below this part of the largest are zero, for the rank of a stated quadric on a tangent space."""


_EdDegreeFacts = TypedDict("_EdDegreeFacts", {"from": str}, total=False)


class EdDegreeEvidence(CountFacts, _EdDegreeFacts, total=False):
    """What an ED degree rests on; ``generic`` and ``ends`` where it was reached from a general quadric."""

    asked_route: Route
    metric: Metric
    dimension: int
    dimension_claim: str
    rank: int | None
    theorems: list[Facts]
    route: str
    reason: str
    filling: bool
    error_bound: float
    polar_degrees: list[int]
    jacobian_rank_at_data: int
    generic: int
    ends: dict[str, int]
    merged: int
    largest_winding_number: int
    quadric_rank: int
    attempts: int
    coordinates: int
    drawn: list[str]


@dataclass(frozen=True, repr=False)
class EdDegreeResult(EntryResult):
    """``value`` is the ED degree, None where there are infinitely many critical points.

    ``evidence``: ``metric``, ``route``, ``polar_degrees`` (where a formula has them), ``trace_test``, ``certified``, ``paths``; for a
    stated quadric ``from`` where it was counted by itself, else ``generic`` (the generic number) and ``ends`` of the paths from there.
    """

    entry: ClassVar[str] = "ed-degree"
    evidence: EdDegreeEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "draisma2016", "holme1988")


MetricOption = Annotated[
    Metric,
    Option("the quadratic form: of a general loss, of coefficients, of normal or uniform inputs, or of the inputs in --data"),
]

RouteOption = Annotated[
    Route,
    Option(
        "computed: monodromy and trace test only; theorem: closed formula only; auto: the formula where there is one",
        recorded="asked_route",
    ),
]


@entry
def ed_degree(
    model: Model,
    *,
    metric: MetricOption = "generic",
    data: Inputs = None,
    rank: Annotated[int | None, Option("with --metric generic: a general quadric of this rank (default: full rank)")] = None,
    route: RouteOption = "auto",
    resume: Resume = None,
    seed: int = DEFAULT_SEED,
) -> EdDegreeResult:
    """The ED degree of the closure of the neuromanifold of ``source`` for the quadric of ``metric``.

    ``data``: inputs (samples, features) for metric ``data``. ``rank``: a general quadric of that rank instead of full rank, with
    metric ``generic``. ``route``: ``theorem`` takes a closed formula, ``computed`` counts, ``auto`` takes the formula where there is
    one. ``resume``: a file in which a long count of the generic number is kept, and gone on with.

    Raises `InputError` for unusable input, options that do not go together, a rational model, or ``theorem`` where none applies;
    `DataError` for unusable data; `ResourceError` where the model is too large to write out.

    >>> ed_degree("linear(3,1,3)", route="computed").value, ed_degree("linear(3,1,3)", metric="frobenius").value
    (39, 3)
    """
    _check(metric, data, rank)
    if rank is not None and rank > (most := written_out(model).count):
        raise InputError(f"a quadric on {counted(most, 'coefficient')} has at most that rank, got rank {rank}")
    theorem = next((t for t in model.theorems if t.applies and t.quantity == quantity(metric)), None) if rank is None else None
    found = quietly(dimension_beside, model, theorem if route != "computed" else None, seed=seed)
    at_data = quietly(rank_at_data, model, data, seed=seed) if metric == "data" else None
    quadric = _Quadric(metric, None if at_data is None else at_data.inputs, rank)
    seen, asked = _seen(quadric, at_data, found.value), quantity(metric)
    answer = _infinite(asked, seen) if seen else _known(model, found, theorem, asked, route, seed)
    if answer is None:
        if route == "theorem":
            raise InputError(
                f"no closed formula for the ED degree of {model.name} in the metric {metric} is known here; use --route computed"
            )
        answer = _counted(model, found, quadric, resume, seed)
    evidence: EdDegreeEvidence = {
        "metric": metric,
        "dimension": found.value,
        "dimension_claim": str(found.claim),
        "rank": rank,
        "theorems": [theorem.to_dict()] if theorem else [],
        **answer.evidence,
    }
    if at_data is not None:
        evidence["jacobian_rank_at_data"] = at_data.jacobian_rank
    return EdDegreeResult(
        value=answer.value,
        claims={WHOLE: answer.verdict},
        glosses=_glosses(answer, quadric, theorem),
        evidence=evidence,
        notices=found.notices + answer.notices,
        options={"data": quadric.table},
    )


@dataclass(frozen=True, eq=False)
class _Quadric:
    """The quadric asked for: a stated one, that of a ``table`` of inputs, or a general one of a ``rank`` (None: full)."""

    metric: Metric
    table: Array | None
    rank: int | None

    @property
    def special(self) -> bool:
        """Whether it is not a general one."""
        return self.metric != "generic" or self.rank is not None

    def matrix(self, terms: Sequence[Term], rng: np.random.Generator | None = None) -> Array:
        """On these terms; a general one is drawn."""
        from neurovariety.geometry.solutions import quadrics

        if self.metric == "generic" and rng is not None:
            return quadrics.general(terms, self.rank or len(terms), rng)
        if self.table is not None:
            return quadrics.of_data(terms, float_table(self.table, "data").reshape(len(self.table), -1))
        return quadrics.stated(terms, self.metric)


@dataclass(frozen=True)
class _EdDegree:
    """The number as it is shown, how it was found, and what to say of it."""

    verdict: Verdict
    evidence: EdDegreeEvidence
    notices: tuple[str, ...] = ()

    @property
    def value(self) -> int | None:
        found = self.verdict.statement.value
        return None if found is None else int(found)


def _seen(quadric: _Quadric, at_data: RankAtData | None, r: int) -> str:
    """Why a quadric does not see all of a neurovariety of dimension r, '' where it does."""
    if quadric.rank is not None and quadric.rank < r:
        return f"the quadric has rank {quadric.rank}, the neurovariety dimension {r}"
    if at_data is not None and at_data.jacobian_rank < r:
        return f"the Jacobian at the data has rank {at_data.jacobian_rank}, the neurovariety dimension {r}"
    return ""


def _infinite(kind: str, reason: str) -> _EdDegree:
    return _EdDegree(weak(Statement(kind, "", None), Claim.UNDECIDED, reason), {"reason": reason})


def _known(model: Model, found: Dimension, theorem: Theorem | None, kind: str, route: Route, seed: int) -> _EdDegree | None:
    """What a closed formula says, or that a linear space, or a point, has one critical point."""
    exact = exact_functions(model)
    if route != "computed" and theorem:
        polar: EdDegreeEvidence = {"polar_degrees": list(theorem.summands)} if theorem.summands else {}
        return _EdDegree(issue(exact.by_theorem(theorem), exact), {"route": "theorem", **polar})
    one = Statement(kind, exact.hash, 1)
    if degree_bounds(model).rational:
        raise InputError(f"{model.name} divides by a function of its inputs, so its functions have no coefficients for a quadric")
    level = flat(model, found, seed) if route != "computed" and found.filling else None
    if level is not None:
        sure: EdDegreeEvidence = {} if level.claim is Claim.PROVED else {"error_bound": level.statement.error}
        return _EdDegree(issue(Because(one, CRITICAL, (level,)), exact), {"route": "theorem", "filling": True, **sure})
    if route != "theorem" and found.value == 0:
        return _EdDegree(issue(Because(one, POINT, (found.verdict,)), exact), {"route": "computed"})
    return None


def _counted(model: Model, found: Dimension, quadric: _Quadric, resume: str | Path | None, seed: int) -> _EdDegree:
    answer = _count(model, found, quadric, resume, seed)
    exact = exact_functions(model)
    statement = Statement(quantity(quadric.metric), exact.hash, answer.value)
    notices = answer.notices
    if not found.sure:
        notices = (*notices, "the dimension is only a lower bound; if it is larger, this number means nothing")
    return replace(answer, verdict=of_the_dimension(statement, OF_NEAREST, answer.verdict, found, exact), notices=notices)


def _check(metric: str, data: Any, rank: int | None) -> None:
    if (metric == "data") != (data is not None):
        raise InputError("metric data and a table of data go together: give both (--metric data --data FILE) or neither")
    if rank is not None and (metric != "generic" or isinstance(rank, bool) or not isinstance(rank, int) or rank < 1):
        raise InputError(f"a rank is a positive integer and goes with metric generic; got rank {rank!r} with metric {metric}")


def _count(model: Model, shape: Dimension, quadric: _Quadric, resume: str | Path | None, seed: int) -> _EdDegree:
    """The critical points for the quadric by following paths."""
    note(phase="preparing the path tracker (compiled once, half a minute)")
    from neurovariety.geometry.solutions.attempts import attempts, check_size, why_incomplete
    from neurovariety.geometry.solutions.complete_fiber import complete_fiber
    from neurovariety.geometry.solutions.critical_points import critical_points

    r = shape.value
    check_size("ed-degree", r, shape.ambient_at_least)
    level, premises = flat(model, shape, seed), (shape.verdict,) if shape.sure else ()
    if quadric.special and quadric.rank is None and resume is None:
        direct = _direct(model, shape, quadric, seed)
        if direct is not None:
            return direct
    best: tuple[Verdict, EdDegreeEvidence] | None = None
    for attempt, rng, kept in attempts(_STREAM, seed, resume, "generic ED degree", model, dimension=str(r)):
        problem = critical_points(model, r, seed + attempt, rng)
        watch = found_on_the_way if quadric.special else found_more
        generic = complete_fiber(problem, rng, kept, watch, premises=premises, linear=level)
        facts: EdDegreeEvidence = {"route": "computed", "generic": generic.count, **generic.to_dict()}
        here = generic.verdict, facts
        if quadric.special:
            here = _special(problem, generic, quadric, rng, facts) if generic.complete else (_none(quadric), {**facts, "ends": {}})
        best = here if best is None or _rank_of(here[0]) > _rank_of(best[0]) else best
        if _rank_of(best[0])[0]:
            break
    assert best is not None
    verdict, evidence = best
    evidence |= {"attempts": attempt + 1, "coordinates": problem.count, "drawn": [str(v) for v in problem.found.drawn]}
    notices = () if _rank_of(verdict)[0] else (why_incomplete(),)
    return _EdDegree(verdict, evidence, notices + _drawn(problem))


def _none(quadric: _Quadric) -> Verdict:
    return weak(Statement(quantity(quadric.metric), "", 0), Claim.ESTIMATE, "the general problem was not solved")


def _rank_of(verdict: Verdict) -> tuple[bool, bool, int]:
    """Whether a count is complete, whether it is anything, and the count."""
    claim = verdict.claim
    return claim not in (Claim.LOWER_BOUND, Claim.ESTIMATE), claim is not Claim.ESTIMATE, int(verdict.statement.value)


def _drawn(problem: CriticalPoints) -> tuple[str, ...]:
    if problem.found.drawn:
        return ("generic coefficients of activations were drawn at random; the number is that of this instance",)
    return ()


def _direct(model: Model, shape: Dimension, quadric: _Quadric, seed: int) -> _EdDegree | None:
    """The count for the stated quadric alone, where its critical points pass the trace test; None where they do not.

    Pairs of a smooth function and a target for which it is critical are an affine bundle whatever the quadric, so loops of targets
    reach all. Their sum is an affine-linear function of the target unless some become infinite at special targets: then the general
    quadric has to help.
    """
    from neurovariety.geometry.solutions.complete_fiber import complete_fiber
    from neurovariety.geometry.solutions.critical_points import critical_points
    from neurovariety.geometry.solutions.quadrics import only

    rng = generator(seed, _STREAM, 0, 1)
    if quadric.table is not None:  # the linear terms of a quadric that sees not all are no general ones
        return None
    problem = critical_points(model, shape.value, seed, rng, lambda terms: only(terms, quadric.matrix(terms)))
    premises = (shape.verdict,) if shape.sure else ()
    found = complete_fiber(problem, rng, None, found_on_the_way, premises=premises, linear=flat(model, shape, seed))
    if not found.complete:
        return None
    evidence: EdDegreeEvidence = {
        "route": "computed",
        "from": "the stated quadric itself",
        "quadric_rank": _rank(quadric.matrix(problem.found.terms)),
        "attempts": 1,
        "coordinates": problem.count,
        "drawn": [str(v) for v in problem.found.drawn],
        **found.to_dict(),
    }
    return _EdDegree(found.verdict, evidence, _drawn(problem))


def _rank(matrix: Array) -> int:
    return int(np.linalg.matrix_rank(matrix, tol=_RANK * np.abs(matrix).max()))


def _special(
    problem: CriticalPoints, generic: CompleteFiber, quadric: _Quadric, rng: np.random.Generator, evidence: EdDegreeEvidence
) -> tuple[Verdict, EdDegreeEvidence]:
    """Critical points for a stated quadric and a random target, from all for a general one: what is shown of their number, evidence."""
    from neurovariety.geometry.solutions.affine_slices import normal
    from neurovariety.geometry.solutions.special_points import Start, special_points
    from neurovariety.homotopy import End

    terms = problem.found.terms
    matrix = quadric.matrix(terms, rng)
    base = generic.run.fibers[0]
    note(phase=f"{len(base)} paths to the quadric")
    image = matrix @ normal(rng, (len(terms),))
    start = Start(base.array(), base.parameters, generic.verdict)
    found = special_points(problem, start, matrix, image, rng, general_target=True, general_quadric=quadric.rank is not None)
    ends, regular = found.ends, found.ends.distinct(End.REGULAR)
    finite = [*ends.of(End.REGULAR), *ends.of(End.SINGULAR)]
    evidence |= {
        "ends": ends.counts(),
        "merged": len(finite) - len(regular) - len(ends.distinct(End.SINGULAR)),
        "largest_winding_number": int(ends.winding.max(initial=0)),
        "certified": found.certificates.count,
        "quadric_rank": _rank(matrix),
    }
    return found.verdict, evidence


def _glosses(answer: _EdDegree, quadric: _Quadric, theorem: Theorem | None) -> tuple[Gloss, ...]:
    if answer.value is None:
        locus = "critical points for a general target form a whole locus, that of interpolation, and have no number"
        return (Gloss(f"{answer.evidence['reason']}: {locus}", {}),)
    texts = [] if quadric.rank is None else [Gloss(f"the loss has rank {quadric.rank}", {})]
    if theorem and answer.evidence["route"] == "theorem":
        texts.append(Gloss(f"by a theorem ({theorem.name})", {WHOLE: SHOWN}))
    return (*texts, Gloss("no more local minima than that lie at smooth functions", {WHOLE: FROM_ABOVE}))
