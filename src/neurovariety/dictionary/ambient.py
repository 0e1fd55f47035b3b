"""Ambient dimension: the linear span of the neuromanifold.

The span of all functions f_w is the smallest linear space that holds the neuromanifold; it can be smaller than the space of all
polynomials of that degree. For learning it is what the model could reach if it were linear: targets outside it can never be fit.

What is proved. Below: the rank over F_p of values of random functions at random inputs. Above: a theorem of the family, the number of
all monomials, or the exact expansion of a small model over Q. Where they meet the value is `proved`, else it holds with `probability`
at least 1 - error_bound.

Source: Marchetti et al. 2025, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, ClassVar, NotRequired, TypedDict

import numpy as np

from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.sentences import FROM_BELOW, SURE, Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import ResourceError, VerificationError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.expanded_span import Monomial
from neurovariety.geometry.exact.points import (
    as_json_bound,
    degree_bounds,
    division_notice,
    draw_point,
    with_new_values,
)
from neurovariety.geometry.exact.span import find_span, span_bound, span_rank
from neurovariety.linear_algebra import echelon
from neurovariety.model import Model
from neurovariety.options import Route
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import draw_coefficients, leaves, values_program
from neurovariety.randomness import generator
from neurovariety.result import WHOLE, counted
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.rational import Rationals, to_fraction
from neurovariety.theorem import bound
from neurovariety.tolerances import DEFAULT_SEED

_MAX_SPAN = 4000
"""Spans up to this size are computed by rank; beyond it only a theorem gives the dimension."""

_MAX_RATIONAL_SPAN = 256
"""For rational models, whose span is often infinite; more samples than that squared would meet zeros of a denominator."""

_MAX_BASIS = 60
_MAX_LISTED = 60


class WrittenPolynomials(TypedDict):
    """The polynomials of a span, as far as they are short enough to say."""

    monomials: int | None
    missing: list[str] | str | None
    basis: list[str] | str | None


_UNWRITTEN: WrittenPolynomials = {"monomials": None, "missing": None, "basis": None}


class AmbientEvidence(WrittenPolynomials):
    """What an ambient dimension rests on."""

    route: Route
    trials: NotRequired[list[dict[str, int]]]
    theorems: list[Facts]
    error_bound: NotRequired[float | None]
    upper_bound: NotRequired[Facts]
    searched_up_to: NotRequired[int]


@dataclass(frozen=True, repr=False)
class AmbientResult(EntryResult):
    """The ambient dimension; ``value`` is an int.

    ``evidence`` holds ``monomials`` (how many polynomials of this degree there are, for all outputs), ``missing`` (monomials that no
    function of the model contains, listed for small models), and ``basis`` (of the span, for small models).
    """

    entry: ClassVar[str] = "ambient"
    evidence: AmbientEvidence


@entry
def ambient(model: Model, *, seed: int = DEFAULT_SEED, memory_limit: int | None = None) -> AmbientResult:
    """The dimension of the linear span of the neuromanifold of ``source``.

    Raises `InputError` for unusable input, `ResourceError` where the sample matrix would not fit in memory.

    >>> ambient("mlp(2,2,1; x^3 + x^2)")
    ambient(mlp(2,2,1; x^3 + x^2)) = 7 [proved, seed 0]
    >>> ambient("cnn(2,2; x^2)").evidence["missing"]
    ['x0 x2']
    """
    (verdict, evidence), draws = with_new_values(lambda k: _compute(model, seed, k, memory_limit))
    value = int(verdict.statement.value)
    evidence |= _monomials(model, value, seed)
    return AmbientResult(
        value=value,
        claims={WHOLE: verdict},
        glosses=_glosses(value, evidence),
        evidence=evidence,
        notices=division_notice(draws),
    )


def _compute(model: Model, seed: int, k: int, limit: int | None) -> tuple[Verdict, AmbientEvidence]:
    cap = bound(model.theorems, "ambient")
    theorems: list[Facts] = [t.to_dict() for t in model.theorems if t.applies and t.quantity.startswith("ambient")]
    if cap is not None and cap.value > _MAX_SPAN and cap.quantity == "ambient":
        exact = exact_functions(model)
        return issue(exact.by_theorem(cap), exact), {"route": "theorem", "theorems": theorems, **_UNWRITTEN}
    rng = generator(seed, "dictionary.ambient.span", k)
    at_most = min(cap.value, _MAX_SPAN) if cap is not None else _enough(model, rng, limit)
    found = find_span(model, rng, at_most, span_bound(model, model.theorems), limit)
    evidence: AmbientEvidence = {
        "route": "computed", "trials": list(found.trials), "theorems": theorems, "error_bound": None, **_UNWRITTEN,
    }  # fmt: skip
    if found.claim is Claim.PROVED:
        evidence["upper_bound"] = {"value": found.value, "reason": found.reason}
    elif found.value == at_most:
        evidence["searched_up_to"] = at_most
    else:
        evidence["error_bound"] = as_json_bound(found.error)
    if cap is not None and cap.quantity == "ambient" and found.claim is Claim.PROBABILITY:
        raise VerificationError(
            f"{model.name}: the span has dimension {found.value}, the theorem '{cap.name}' says {cap.value}; please report this as "
            "a bug"
        )
    return found.verdict, evidence


def _enough(model: Model, rng: np.random.Generator, limit: int | None) -> int:
    """A number that the span stays below, found by doubling, or the largest that is searched."""
    at_most = 64
    largest = _MAX_RATIONAL_SPAN if degree_bounds(model).rational else _MAX_SPAN
    while at_most < largest:
        p, point = draw_point(model, rng)
        if span_rank(model, p, point, at_most, limit) < at_most:
            return at_most
        at_most = min(2 * at_most, largest)
    return at_most


def _monomials(model: Model, value: int, seed: int) -> WrittenPolynomials:
    """How many monomials there are, which are missing, and a basis of the span, as far as they are short enough to say."""
    d = degree_bounds(model)
    if d.rational or not np.isfinite(d.inputs) or d.inputs > 2000:
        return _UNWRITTEN
    total = model.outputs * sum(comb(model.inputs + k - 1, k) for k in range(int(d.low), int(d.inputs) + 1))
    out: WrittenPolynomials = {"monomials": total, "missing": None, "basis": None}
    if total > _MAX_SPAN or value > _MAX_BASIS:
        return out
    try:
        columns, rows = _coefficient_rows(model, value, seed)
    except ResourceError:
        return out
    names = [_shown(c, model) for c in columns]
    if model.outputs * total <= 10**6:
        present = set(columns)
        missing = [
            _shown((o, e), model)
            for o in range(model.outputs)
            for k in range(int(d.low), int(d.inputs) + 1)
            for e in _exponents(model.inputs, k)
            if (o, e) not in present
        ]
        out["missing"] = missing if len(missing) <= _MAX_LISTED else f"{len(missing)} monomials"
    if len(columns) == value:
        out["basis"] = names
    else:
        p, _ = draw_point(model, generator(seed, "dictionary.ambient.point"))
        residues = np.array([[float(int(c.p) * pow(int(c.q), -1, p) % p) for c in row] for row in rows])
        pivots = echelon(residues, p).pivot_columns
        out["basis"] = f"{len(names)} monomials with {len(names) - value} linear relations; coordinates: " + ", ".join(
            names[int(i)] for i in pivots
        )
    return out


def _coefficient_rows(model: Model, value: int, seed: int) -> tuple[list[tuple[int, Monomial]], list[list[Any]]]:
    """Coefficients of value + 2 random functions of the model: the monomials that occur in them, and a row for each."""
    ring = Polynomials([f"x{i}" for i in range(model.inputs)])
    rng = generator(seed, "dictionary.ambient.values")
    drawn = Rationals()
    x = ring.generators().reshape(model.input_shape)
    found: list[dict[tuple[int, Monomial], Any]] = []
    for _ in range(value + 2):
        weights = ring.constant(rng.integers(-50, 51, size=model.parameters))
        coefficients = ring.constant(np.array([to_fraction(c) for c in draw_coefficients(model, drawn, rng)], dtype=object))
        (out,) = interpret(values_program(model), ring, [*leaves(model, weights), x, coefficients])
        found.append(
            {
                (o, tuple(int(k) for k in e)): c
                for o, element in enumerate(out.reshape(-1))
                for e, c in element.numerator.to_dict().items()
            }
        )
    columns = sorted({key for row in found for key in row})
    zero = drawn.zeros(())[()]
    return columns, [[row.get(c, zero) for c in columns] for row in found]


def _exponents(variables: int, degree: int) -> Sequence[Monomial]:
    if variables == 1:
        return [(degree,)]
    return [(k, *rest) for k in range(degree, -1, -1) for rest in _exponents(variables - 1, degree - k)]


def _shown(key: tuple[int, Monomial], model: Model) -> str:
    output, exponents = key
    monomial = " ".join(f"x{i}" if e == 1 else f"x{i}^{e}" for i, e in enumerate(exponents) if e) or "1"
    return monomial if model.outputs == 1 else f"{monomial} in output {output}"


def _glosses(value: int, evidence: AmbientEvidence) -> tuple[Gloss, ...]:
    total = evidence["monomials"]
    if not total:
        return ()
    have = f"polynomials of the degrees that occur have {counted(total, 'coefficient')}"
    if total == value:
        return (Gloss(f"{have}, and no linear equation holds among those of the functions", {WHOLE: FROM_BELOW}),)
    few = f"{counted(total - value, 'independent linear equation')} hold{'s' * (total - value == 1)} among those of the functions"
    return (Gloss(f"{have}, and {few}", {WHOLE: SURE}),)
