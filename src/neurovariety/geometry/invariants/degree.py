"""The degree of a neurovariety: a closed formula, the degree of a linear space, or the functions on one general slice, counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neurovariety.certificates.compose import OF_SLICES, ONE_POINT, POINT, Because
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.invariants.dimension import Dimension, dimension_beside, flat
from neurovariety.geometry.solutions.count_facts import CountFacts
from neurovariety.model import Model
from neurovariety.options import Route
from neurovariety.progress import found_more, note, quietly
from neurovariety.theorem import DEGREE, Theorem

_STREAM = "geometry.invariants.degree"


@dataclass(frozen=True)
class SliceCount:
    """The functions on a general slice: what is shown of them (``verdict``), whether the trace test was passed, after so many
    ``attempts``, in so many ``coordinates``; ``drawn`` generic coefficients; ``paths``: tests and paths, as plain data; ``apart``: why
    that test is not trusted, where it is not."""

    verdict: Verdict
    traced: bool
    attempts: int
    coordinates: int
    drawn: tuple[str, ...]
    paths: CountFacts
    apart: str

    @property
    def certified(self) -> int:
        return int(self.verdict.statement.value)

    @property
    def complete(self) -> bool:
        return self.verdict.claim is not Claim.LOWER_BOUND


@dataclass(frozen=True)
class Degree:
    """The degree of the closure of a model of a ``dimension``; ``theorem`` a closed formula that applies, used or not; ``count`` what
    was found on a slice, None where ``route`` is a theorem or the closure a point."""

    verdict: Verdict
    dimension: Dimension
    theorem: Theorem | None
    count: SliceCount | None
    notices: tuple[str, ...]
    route: Literal["computed", "theorem"]

    @property
    def value(self) -> int:
        return int(self.verdict.statement.value)

    @property
    def claim(self) -> Claim:
        return self.verdict.claim

    @property
    def sure(self) -> bool:
        """Whether the value is the degree, by a proof or a count that is complete."""
        return self.claim in (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE)


def degree_of(model: Model, *, seed: int, route: Route = "auto", resume: str | Path | None = None) -> Degree:
    """The degree of the closure of the neuromanifold of ``model``; a count is kept in the file ``resume``, and gone on with.

    ``route``: ``theorem`` takes a closed formula; ``computed`` counts functions on a slice and uses no formula; ``auto`` takes the
    formula where one applies, else counts. Raises `InputError` for a rational model, or for ``theorem`` where none applies;
    `ResourceError` where the model is too large to write out.
    """
    theorem = next((t for t in model.theorems if t.applies and t.quantity == DEGREE), None)
    found = quietly(dimension_beside, model, theorem if route != "computed" else None, seed=seed)
    exact = exact_functions(model)
    if route != "computed" and theorem:
        return Degree(issue(exact.by_theorem(theorem), exact), found, theorem, None, found.notices, "theorem")
    one = Statement(DEGREE, exact.hash, 1)
    level = flat(model, found, seed)
    if route != "computed" and found.filling and level is not None:
        return Degree(issue(Because(one, ONE_POINT, (level,)), exact), found, theorem, None, found.notices, "theorem")
    if route == "theorem":
        raise InputError(f"no closed formula for the degree of {model.name} is known here; use --route computed")
    if found.value == 0:
        return Degree(issue(Because(one, POINT, (found.verdict,)), exact), found, theorem, None, found.notices, "computed")
    count = _on_a_slice(model, found, level, resume, seed)
    verdict = of_the_dimension(Statement(DEGREE, exact.hash, count.certified), OF_SLICES, count.verdict, found, exact)
    return Degree(verdict, found, theorem, count, found.notices + _notices(count, found.sure), "computed")


def of_the_dimension(statement: Statement, rule: str, counted: Verdict, found: Dimension, exact: ExactFunctions) -> Verdict:
    """What a count says by a ``rule`` that presumes the dimension: the statement as the count is shown, or nothing where the
    dimension is not known, since with a larger one the number has no meaning."""
    if not found.sure:
        return weak(statement, Claim.ESTIMATE, "the dimension is only a lower bound")
    return issue(Because(statement, rule, (counted,)), exact) if counted.shown else weak(statement, counted.claim, counted.why)


def _on_a_slice(model: Model, found: Dimension, linear: Verdict | None, resume: str | Path | None, seed: int) -> SliceCount:
    """The functions of a model of positive dimension on a general slice, from the best of a few attempts."""
    note(phase="preparing the path tracker (compiled once, half a minute)")
    from neurovariety.geometry.solutions.affine_slices import slices
    from neurovariety.geometry.solutions.attempts import attempts
    from neurovariety.geometry.solutions.complete_fiber import CompleteFiber, complete_fiber
    from neurovariety.geometry.solutions.scales import too_far_apart

    best: CompleteFiber | None = None
    for attempt, rng, kept in attempts(_STREAM, seed, resume, "degree", model, dimension=str(found.value)):
        cut = slices(model, found.value, seed + attempt, rng)
        solved = complete_fiber(cut, rng, kept, found_more, premises=(found.verdict,) if found.sure else (), linear=linear)
        best = solved if best is None or solved.complete or solved.count > best.count else best
        if solved.complete:
            break
    assert best is not None
    drawn = tuple(str(v) for v in cut.drawn)
    return SliceCount(best.verdict, best.trace.passed, attempt + 1, cut.count, drawn, best.to_dict(), too_far_apart(model))


def _notices(count: SliceCount, sure: bool) -> tuple[str, ...]:
    """What to say of a count that is not all that was asked for, or of one instance."""
    from neurovariety.geometry.solutions.attempts import why_incomplete

    notices: tuple[str, ...] = ()
    if count.complete and not sure:
        notices = ("the dimension is only a lower bound; if it is larger, this number means nothing",)
    elif not count.traced:
        notices = (why_incomplete(),)
    elif not count.complete and count.apart:
        notices = (f"{count.apart}; the number counts what was found",)
    elif not count.complete:
        notices = ("not every solution could be certified; the number counts those that were",)
    if count.drawn:
        notices += ("generic coefficients of activations were drawn at random; the degree is that of this instance",)
    return notices
