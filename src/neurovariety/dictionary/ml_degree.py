"""Maximum likelihood degree: how many critical points does the likelihood have, over the complex numbers?

Nonnegative values of a model may be read as unnormalized probabilities: the coefficients as one distribution (the entries of a matrix
or tensor as a table of joint probabilities, as in latent class models and tensor networks), or the outputs at each input as the
probabilities of classes. The logarithm of the likelihood of counts u, sum_i u_i log(c_i / S) with S the sum of the distribution's
values, is minus the cross-entropy. For general counts its critical points on the smooth part of the variety of distributions, where
no c_i and no S vanishes, are finitely many; their number is the ML degree. It is to cross-entropy what the ED degree is to squared
loss.

What is proved. Counts that move on a general line give a curve of critical points. All points of a general hyperplane section of
the curve are found by monodromy, certified, and tested by the linear trace test; then the hyperplane moves to fixed counts, and the
ends that are regular are certified and counted: `complete` where all are, or where loops of general counts map those that are to
themselves, one to one; a loop that leads to a new point adds it. All rests on lines and counts drawn at random being general. What
fails a test is a `lower_bound`. A model that fills the space of all its coefficients has one critical point, the counts
themselves: `proved`. To fill its linear span is not enough: on a linear space that ties coefficients the likelihood is another one.
Where the Hessian is singular at random weights and counts for which they are critical, mod a random prime, general counts have no
critical point at all: 0, with `probability`. Where different weights give one distribution, weights are held fixed until they do not.

Sources: Catanese, Hosten, Khetan, Sturmfels 2006; Hauenstein, Rodriguez, Sturmfels 2014; Huh, Sturmfels 2014; Leykin, Rodriguez,
Sottile 2018 (trace tests of curves).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Required

import numpy as np

from neurovariety.certificates.compose import FREE, OF_LIKELIEST, POINT, Because
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.sentences import Gloss
from neurovariety.certificates.singular_hessian import SingularHessian
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import ML_DEGREE, AllMonomials, FillsCoefficients, FreeCoefficients
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Resume
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError
from neurovariety.exact_numbers import float_table
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.invariants.degree import of_the_dimension
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.invariants.rank_at_data import exact_inputs
from neurovariety.geometry.solutions.count_facts import LikelihoodFacts
from neurovariety.model import Array, Model
from neurovariety.options import Option
from neurovariety.progress import note, quietly
from neurovariety.result import WHOLE
from neurovariety.tolerances import DEFAULT_SEED, LARGE_PRIME_BITS

if TYPE_CHECKING:
    from neurovariety.geometry.solutions.likelihood import LikelihoodPoints
    from neurovariety.homotopy import ResumeFile

_STREAM = "dictionary.ml_degree"


class MlDegreeEvidence(LikelihoodFacts, total=False):
    """What an ML degree rests on. ``read``: coefficients or outputs, as probabilities."""

    read: Required[str]
    neurovariety_dimension: int
    dimension: int
    filling: bool
    attempts: int
    distributions: int
    values: int
    drawn: list[str]


@dataclass(frozen=True, repr=False)
class MlDegreeResult(EntryResult):
    """``value`` is the ML degree. ``evidence``: ``distributions`` (how many, and of what), ``dimension`` of their variety,
    ``curve_degree``, ``ends`` of the paths from a section of the curve, ``trace_test``, ``certified``."""

    entry: ClassVar[str] = "ml-degree"
    evidence: MlDegreeEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "hauenstein2014", "huh2014", "leykin2018")


@entry
def ml_degree(
    model: Model,
    *,
    data: Annotated[
        Any,
        Option(
            "file with a table: outputs at its rows as probabilities of classes (default: coefficients, one distribution)",
            kind="table",
            columns="columns of --data that are no inputs, separated by commas",
        ),
    ] = None,
    resume: Resume = None,
    seed: int = DEFAULT_SEED,
) -> MlDegreeResult:
    """The ML degree of the distributions of ``source``: of its coefficients, or with ``data`` of its outputs at each input.

    ``data``: inputs (samples, features). ``resume``: a file in which a long count is kept, and gone on with.

    Raises `InputError` for unusable input, a rational model, or a single output with ``data``, whose distributions are trivial;
    `DataError` for unusable data; `ResourceError` where the model is too large to write out, or the data are too many.

    >>> ml_degree("linear(3,2,3)")
    ml-degree(linear(3,2,3)) = 10 [complete, seed 0]
    """
    if data is None and degree_bounds(model).rational:
        raise InputError(
            f"{model.name} divides by a function of its inputs, so it has no coefficients to read as probabilities; give data"
        )
    found = quietly(dimension_of, model, seed=seed)
    table = None if data is None else _inputs(model, data)
    shown = _of_free_values(model, found) if table is None else None
    if shown is not None:
        answer = _MlDegree(shown, {"read": "coefficients", "filling": True, "dimension": found.value - 1})
    else:
        answer = _count(model, found, table, resume, seed)
    exact, notices = exact_functions(model), answer.notices
    statement = Statement(ML_DEGREE, exact.hash, answer.verdict.statement.value)
    own = answer.verdict.statement.subject == exact.hash  # of free values, or of one distribution
    verdict = answer.verdict if own else of_the_dimension(statement, OF_LIKELIEST, answer.verdict, found, exact)
    if not found.sure and shown is None:
        notices = (*notices, "the dimension is only a lower bound; if it is larger, this number means nothing")
    value = int(verdict.statement.value)
    return MlDegreeResult(
        value=value,
        claims={WHOLE: verdict},
        glosses=_glosses(answer.evidence),
        evidence={**answer.evidence, "neurovariety_dimension": found.value},
        notices=(*found.notices, *notices),
        options={"data": table},
    )


@dataclass(frozen=True)
class _MlDegree:
    """The number as it is shown, how it was found, and what to say of it."""

    verdict: Verdict
    evidence: MlDegreeEvidence
    notices: tuple[str, ...] = ()


def _of_free_values(model: Model, found: Dimension) -> Verdict | None:
    """The ML degree where the coefficients are, up to constant factors, as many independent values as the dimension says; else None.

    Where value j stands for coefficients f_i a_j, the likelihood is that of a_1, ..., a_r, with sum of b_j a_j and b_j the sum of the
    f_i: it has one critical point, or none where a b_j is 0, for then nothing bounds a_j.
    """
    exact = exact_functions(model)
    if exact.monomials == found.value:
        filled = issue(FillsCoefficients(found.verdict, issue(AllMonomials(exact.hash, found.value), exact)), exact)
        return issue(Because(Statement(ML_DEGREE, exact.hash, 1), FREE, (filled,)), exact)
    if not found.fills:
        return None
    try:
        return issue(FreeCoefficients(found.verdict, tuple(exact.proportional_sums())), exact)
    except (InputError, ResourceError, NotShown):
        return None


def _inputs(model: Model, data: object) -> Array:
    """The inputs at which outputs are probabilities of classes. Raises `InputError` or `ResourceError` where they cannot be."""
    from neurovariety.geometry.solutions.attempts import check_values

    if model.outputs == 1:
        raise InputError(f"{model.name} has one output: read as unnormalized probabilities of classes it takes at least two")
    table = exact_inputs(model, data)
    check_values(len(table), model.outputs)
    return table


def _count(model: Model, shape: Dimension, table: Array | None, resume: str | Path | None, seed: int) -> _MlDegree:
    """The critical points by following paths."""
    note(phase="preparing the path tracker (compiled once, half a minute)")
    from neurovariety.geometry.solutions.attempts import attempts, check_size, why_incomplete
    from neurovariety.geometry.solutions.likelihood import likelihood_points
    from neurovariety.geometry.solutions.resuming import printed

    r = shape.value
    points = None if table is None else float_table(table, "data").reshape(len(table), -1)
    check_size("ml-degree", r, shape.ambient_at_least)
    best: tuple[Verdict, LikelihoodFacts] | None = None
    read = "those of coefficients" if points is None else f"those of outputs at inputs {printed(points)}"
    for attempt, rng, kept in attempts(_STREAM, seed, resume, "ML degree", model, dimension=str(r), probabilities=read):
        problem = likelihood_points(model, r, points, seed + attempt, rng)
        here = _none(model, problem, shape, rng) or _attempt(model, problem, shape, table, rng, kept)
        best = here if best is None or _rank(here[0]) > _rank(best[0]) else best
        if _rank(best[0])[0]:
            break
    assert best is not None
    verdict, facts = best
    evidence: MlDegreeEvidence = {
        **facts,
        "attempts": attempt + 1,
        "dimension": problem.dimension,
        "read": "coefficients" if table is None else "outputs",
        "distributions": 1 if table is None else len(table),
        "values": problem.count,
        "drawn": [str(v) for v in problem.drawn],
    }
    notices: tuple[str, ...] = () if _rank(verdict)[0] else (why_incomplete(),)
    if problem.drawn:
        notices += ("generic coefficients of activations were drawn at random; the number is that of this instance",)
    return _MlDegree(verdict, evidence, notices)


def _rank(verdict: Verdict) -> tuple[bool, int]:
    """Whether a count is complete, and the count."""
    return verdict.claim is not Claim.LOWER_BOUND, int(verdict.statement.value)


def _none(
    model: Model, problem: LikelihoodPoints, shape: Dimension, rng: np.random.Generator
) -> tuple[Verdict, LikelihoodFacts] | None:
    """An attempt that shows that general counts have no critical point; None where they have some.

    Cleared of its denominators, the square of every value and of every sum, an entry of the Hessian has in the weights at most the
    degree below, and counts in the kernel of the slopes have r times that. Heights are bounded along with degrees, each bit a prime.
    """
    from neurovariety.geometry.solutions.likelihood import GradientAtCounts

    r = problem.dimension
    place = problem.singular_hessian(rng) if r else None
    if place is None:
        return None
    d = degree_bounds(model)
    degree = 2 * d.parameters * (problem.count + len(set(problem.groups)))
    error = r * (r + 2) * degree * (1 + d.log_norm) / 2.0 ** (LARGE_PRIME_BITS - 8)
    equations = GradientAtCounts(problem.at_counts, error)
    try:
        verdict = issue(SingularHessian(equations.hash, *place, error, premises=(shape.verdict,)), equations)
    except NotShown:
        return None
    return verdict, {"curve_degree": 0, "ends": {}, "error_bound": error}


def _attempt(
    model: Model,
    problem: LikelihoodPoints,
    shape: Dimension,
    table: Array | None,
    rng: np.random.Generator,
    kept: ResumeFile | None,
) -> tuple[Verdict, LikelihoodFacts]:
    """What is shown of the number of critical points, and the evidence."""
    from neurovariety.geometry.solutions.likelihood_ends import general_counts

    if not problem.dimension:
        return _one_distribution(model, shape, table, rng), {"curve_degree": 1, "ends": {}}
    found = general_counts(problem, rng, kept, (shape.verdict,) if shape.sure else ())
    assert found.verdict is not None
    return found.verdict, found.evidence


def _one_distribution(model: Model, shape: Dimension, table: Array | None, rng: np.random.Generator) -> Verdict:
    """That all weights give one distribution, which is the critical point."""
    exact = exact_functions(model)
    one = Statement(ML_DEGREE, exact.hash, 1)
    try:
        if table is not None:
            return issue(exact.proportional_values(table, rng), exact)
        return issue(Because(one, POINT, (shape.verdict,)), exact)
    except NotShown:
        return weak(one, Claim.ESTIMATE, "no slope of the probabilities was found in floating point")


def _glosses(evidence: MlDegreeEvidence) -> tuple[Gloss, ...]:
    if evidence["read"] == "coefficients":
        return (Gloss("the coefficients are read as unnormalized probabilities", {}),)
    return (Gloss(f"the loss is cross-entropy for classes at {evidence['distributions']} inputs", {}),)
