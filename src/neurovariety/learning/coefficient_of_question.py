"""The learning coefficient of a question, with what shows it: formulas where they hold, else a proof about the germ, else bounds.

The questions: polynomials at the origin; a model at given weights, for a general function, for the zero function, or a linear
network for a true matrix of some rank; a network with an odd analytic activation for the zero function. Estimates by sampling have
their place where `KnownCoefficient.exact` is false."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any

from neurovariety.certificates.germ_bounds import Pair
from neurovariety.certificates.germ_proofs import Proof
from neurovariety.certificates.germs import Germ, Polynomial, constant_of, shifted, support
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue, weak
from neurovariety.certificates.learning_coefficients import (
    COEFFICIENT,
    MULTIPLICITY,
    CoefficientAtWeights,
    CoefficientOfGerm,
    CoefficientOfLinear,
    HalfOfDimension,
    Part,
    coefficient_of_linear,
    widths_of,
)
from neurovariety.certificates.neurons_on_a_line import CoefficientOfNeurons, OddNetwork, coefficient_of_neurons
from neurovariety.certificates.ranks_at_weights import RankOverQ
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.learning.germ_search import OPERATIONS, BoundedGerm, search
from neurovariety.linear_algebra.rational_programme import maximum
from neurovariety.model import Model
from neurovariety.progress import quietly

FEW, _FEW_TERMS = 60, 12
"""Parameters of a model whose coefficient for the zero function is looked at beside another question, and terms of its coefficients
up to which that is by a search."""
Make = Callable[[Part, Pair], Certificate]
_PARTS: tuple[Part, ...] = ("learning_coefficient", "multiplicity")
_SIDES: tuple[Part, ...] = ("at_least", "at_most")


@dataclass(frozen=True)
class KnownCoefficient:
    """A value, a verdict for each of its keys, by which ``route`` it was found, and the ``steps`` of a proof about a germ."""

    value: Mapping[str, Any]
    verdicts: Mapping[str, Verdict]
    route: str
    steps: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether the coefficient is known."""
        return self.value["learning_coefficient"] is not None


def of_functions(germ: Germ) -> KnownCoefficient:
    """The coefficient of the sum of squares of functions at the origin."""
    line = _of_neurons(germ, germ.polynomials())
    if line is not None:
        return line
    found = search(germ.polynomials())
    return _of_bounds(found, germ, lambda part, pair: CoefficientOfGerm(germ.hash, pair, found.proof, part))


def of_general_function(model: Model, seed: int) -> KnownCoefficient:
    """The coefficient for a general function of a model, at all weights that give it: half of the dimension."""
    found = quietly(dimension_of, model, seed=seed)
    exact = exact_functions(model)
    try:
        return _exact((Fraction(found.value), 1), exact, lambda part, _: HalfOfDimension(found.verdict, None, part), "dimension")
    except NotShown:
        keys = {"learning_coefficient": COEFFICIENT, "multiplicity": MULTIPLICITY}
        why = "the dimension is not known exactly"
        verdicts = {key: weak(Statement(kind, exact.hash, None), Claim.UNDECIDED, why) for key, kind in keys.items()}
        return KnownCoefficient(dict.fromkeys(keys), verdicts, "dimension")


def at_weights(model: Model, weights: Sequence[Fraction], seed: int) -> KnownCoefficient:
    """The coefficient at exact weights, for the function that they give. Raises `InputError` for a rational model, `ResourceError`
    for a large one."""
    known, exact = quietly(dimension_of, model, seed=seed), exact_functions(model)
    rank = int(exact.jacobian_over_q(tuple(weights), None).rank())
    if rank == known.value:
        here = issue(RankOverQ(exact.hash, tuple(weights), None, rank), exact)
        try:
            return _exact((Fraction(rank), 1), exact, lambda part, _: HalfOfDimension(known.verdict, here, part), "constant rank")
        except NotShown:
            pass  # the dimension is not known exactly; the germ may tell
    return of_point(model, tuple(weights))


def of_zero_function(model: Model) -> KnownCoefficient:
    """The coefficient for the zero function, at all weights that give it where the coefficients are homogeneous, else at weights 0.

    Raises `InputError` for a model whose weights 0 give another function, `ResourceError` for a large one."""
    stored, functions = _zero_at_zero(model)
    return _by_formula(stored, functions) or of_point(model, (Fraction(0),) * model.parameters)


def beside(model: Model) -> KnownCoefficient | None:
    """The coefficient for the zero function where it is known at once; None where not."""
    if model.parameters > FEW:
        return None
    try:
        stored, functions = _zero_at_zero(model)
        found = _by_formula(stored, functions)
        if found is None and sum(map(len, functions)) <= max(_FEW_TERMS, len(functions)):
            found = of_point(model, (Fraction(0),) * model.parameters, OPERATIONS / 10)
    except (InputError, ResourceError):
        return None
    return found if found is not None and found.exact else None


def _zero_at_zero(model: Model) -> tuple[Any, list[Polynomial]]:
    """The coefficients of a model that are all 0 at weights 0."""
    stored, functions = _written(model)
    if any(constant_of(f) for f in functions):
        raise InputError(f"{model.name}: weights 0 do not give the zero function; ask for weights that do with at=")
    return stored, functions


def _by_formula(stored: Any, functions: Sequence[Polynomial]) -> KnownCoefficient | None:
    return _of_linear(stored, functions) or _of_neurons(stored, functions)


def of_rank(model: Model, rank: int) -> KnownCoefficient:
    """The coefficient of a deep linear network for a true matrix of that rank. Raises `InputError` for another network, or rank."""
    stored = stored_functions(model)
    if stored is None:
        raise ResourceError(f"{model.name} is too large for its functions to be written out")
    try:
        most = min(widths_of(stored))
        found = _of_linear(stored, (), min(rank, most))
    except NotShown:
        found = None
    if found is None:
        raise InputError(f"a true rank belongs to a deep linear network such as linear(3,2,3), which {model.name} is not")
    if rank > most:
        raise InputError(f"the matrices of {model.name} have rank at most {most}, got the true rank {rank}")
    return found


def of_analytic(network: OddNetwork) -> KnownCoefficient:
    """The coefficient of a network with an odd analytic activation for the zero function."""
    n, hidden, outputs = network.widths
    inner = tuple(range(hidden))
    outer = tuple(tuple(hidden + o * hidden + i for i in range(hidden)) for o in range(outputs))
    if n == 1:
        pair = coefficient_of_neurons(hidden, outputs, 1, 2, hidden)
        return _exact(
            pair, network, lambda part, p: CoefficientOfNeurons(network.hash, inner, outer, 1, 2, hidden, p, part), "neurons on a line"
        )
    weights = (Fraction(0),) * (hidden * (n + outputs))
    found = search([f for _, f in network.coordinates])
    ones = (1,) * len(weights)
    return _of_bounds(found, network, lambda part, pair: CoefficientAtWeights(network.hash, weights, ones, pair, found.proof, part))


def _written(model: Model) -> tuple[Any, list[Polynomial]]:
    stored = stored_functions(model)
    try:
        if stored is not None:
            return stored, [f for _, f in stored.coordinates]
    except NotStored:
        pass
    if None in model.coefficients:
        raise InputError(f"{model.name} has general coefficients, and the coefficient may depend on them; write numbers")
    raise ResourceError(f"{model.name} is rational, or too large for its coefficients to be written out")


def _of_linear(stored: Any, functions: Sequence[Polynomial], rank: int = 0) -> KnownCoefficient | None:
    try:
        pair = coefficient_of_linear(widths_of(stored), rank)
        return _exact(pair, stored, lambda part, p: CoefficientOfLinear(stored.hash, rank, p, part), "deep linear networks")
    except NotShown:
        return None


def _of_neurons(subject: Any, functions: Sequence[Polynomial]) -> KnownCoefficient | None:
    """Neurons with one input, where the functions are multiples of sums of a_i b_i^k, in whatever order."""
    found = _line([f for f in functions if len(f)])
    if found is None:
        return None
    inner, outer, degrees = found
    steps = {b - a for a, b in pairwise(degrees)}
    first, step, count = degrees[0], min(steps, default=1), min(len(degrees), len(inner))
    pair = coefficient_of_neurons(len(inner), len(outer), first, step, count)

    def make(part: Part, p: Pair) -> Certificate:
        return CoefficientOfNeurons(subject.hash, inner, outer, first, step, count, p, part, isinstance(subject, Germ))

    try:
        return _exact(pair, subject, make, "neurons on a line")
    except NotShown:
        return None


def _line(functions: Sequence[Polynomial]) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...], list[int]] | None:
    """The inner weights b_i, the outer ones a_i by output, and the degrees k; None where the functions are of another form."""
    used = [[[(i, k) for i, k in enumerate(e) if k] for e in support(f)] for f in functions]
    if not used or any(len(term) != 2 for terms in used for term in terms):
        return None
    inner = {i for terms in used for term in terms for i, k in term if k > 1}
    inner |= set() if inner else {term[-1][0] for term in used[0]}
    rows, degrees = dict[tuple[int, ...], None](), set()
    order = sorted(inner)
    for terms in used:
        pairs = {i: (j, k) for term in terms for i, k in term for j, one in term if i in inner and j not in inner and one == 1}
        if sorted(pairs) != order or len({k for _, k in pairs.values()}) > 1:
            return None
        rows[tuple(pairs[i][0] for i in order)] = None
        degrees |= {k for _, k in pairs.values()}
    return tuple(order), tuple(rows), sorted(degrees)


def of_point(model: Model, weights: tuple[Fraction, ...], operations: float = OPERATIONS) -> KnownCoefficient:
    """What a search knows of the coefficient at exact weights. Raises `InputError` for a rational model, `ResourceError` for a large
    one."""
    stored, functions = _written(model)
    grading = () if any(weights) else _grading(functions, len(weights))
    found = search([shifted(f, weights) for f in functions], operations)
    return _of_bounds(found, stored, lambda part, pair: CoefficientAtWeights(stored.hash, weights, grading, pair, found.proof, part))


def _grading(functions: Sequence[Polynomial], count: int) -> tuple[int, ...]:
    """Positive degrees of the weights for which every function is homogeneous; nothing where there are none."""
    rows: list[list[int]] = []
    for f in functions:
        first, *others = support(f)
        rows += [[x - y for x, y in zip(e, first, strict=True)] for e in others]
    rows = [list(r) for r in dict.fromkeys(map(tuple, rows))]
    if not any(map(sum, rows)):
        return (1,) * count
    rows = [[-x for x in r] if sum(r) > 0 else r for r in rows]  # degrees 1 + v with v >= 0: row . v = - sum of the row, from 0 on
    most = [-sum(r) for r in rows]
    found = maximum([sum(c) for c in zip(*rows, strict=True)], rows, most, inside=False)
    if found is None or found.value < sum(most):
        return ()
    scale = lcm(*(v.denominator for v in found.solution))
    return tuple(int((1 + v) * scale) for v in found.solution)


def _exact(pair: Pair, subject: Any, make: Make, route: str, steps: tuple[str, ...] = ()) -> KnownCoefficient:
    verdicts: dict[str, Verdict] = {part: issue(make(part, pair), subject) for part in _PARTS}
    return KnownCoefficient({part: v.statement.value for part, v in verdicts.items()}, verdicts, route, steps)


def _of_bounds(found: BoundedGerm, subject: Any, make: Make) -> KnownCoefficient:
    """What the bounds of a germ show."""
    low, high = found.bounds.low, found.bounds.high
    steps = tuple(dict.fromkeys(_steps(found.proof)))
    if found.exact and low is not None:
        return _exact(low, subject, make, "germ", steps)
    nothing = Statement(COEFFICIENT, subject.hash, None)
    verdicts = {
        "learning_coefficient": weak(nothing, Claim.UNDECIDED, "the bounds do not meet"),
        "multiplicity": weak(Statement(MULTIPLICITY, subject.hash, None), Claim.UNDECIDED, "the bounds do not meet"),
    }
    if low is not None and high is not None and low[0] == high[0]:
        verdicts["learning_coefficient"] = issue(make("learning_coefficient", low), subject)
    else:
        for part, bound in zip(_SIDES, (low, high), strict=True):
            if bound is not None:
                verdicts[part] = issue(make(part, bound), subject)
    return KnownCoefficient({key: v.statement.value for key, v in verdicts.items()}, verdicts, "germ", steps)


def _steps(proof: Proof | None) -> list[str]:
    """The names of the steps of a proof, from the outside in."""
    out: list[str] = []
    waiting: list[Any] = [proof]
    while waiting:
        step = waiting.pop(0)
        if isinstance(step, tuple):
            waiting += step
        elif is_dataclass(step) and type(step).__module__.endswith("germ_proofs"):
            out.append(type(step).__name__)
            waiting += [getattr(step, f.name) for f in fields(step)]
    return out
