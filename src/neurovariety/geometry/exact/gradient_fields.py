"""The gradient fields of a model's coefficients, or of its values at data, as exact polynomials, and what gradient flow cannot leave.

Under gradient flow of any loss the weights move along combinations of the gradients of c_i(w), the coefficients of the outputs (the
values at the samples, for fixed data). The rank at a general w of the Lie algebra that these fields generate is the dimension of the
set that flows of varying losses can reach; weights minus this rank is how many independent quantities can be conserved at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, gcd, lcm
from typing import TypeVar

import flint
import numpy as np

from neurovariety.certificates.conserved import monomials_up_to
from neurovariety.certificates.vector_fields import FieldModP, context_of, mod_p
from neurovariety.errors import InputError, ResourceError
from neurovariety.model import Model
from neurovariety.program import expand

PRIME = 2**61 - 1
_MOST_TERMS = 2_000_000
_MOST_MONOMIALS = 1_500

Exponents = tuple[int, ...]
Place = tuple[int, int | Exponents]
Polynomial = dict[Exponents, Fraction]
_P = TypeVar("_P", tuple[int, Exponents], tuple[int, int | Exponents])
VectorField = tuple[Polynomial, ...]
"""A component for each weight."""


def coefficients_as_polynomials(model: Model) -> dict[tuple[int, Exponents], Polynomial]:
    """(output, exponents of the inputs) -> that coefficient as a polynomial of the weights, in order, without those that no weight
    changes. Raises `ResourceError` where the model is too large to write out, `InputError` for generic coefficients and for models
    that are rational."""
    expansion = expand(model)
    if not all(q.denominator.is_constant() for q in expansion.outputs):
        raise InputError(
            f"{model.name} is rational, so its functions have no finite list of coefficients; take one that is polynomial in "
            "weights and inputs"
        )
    n = expansion.parameters
    found: dict[tuple[int, Exponents], Polynomial] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            if c:
                found.setdefault((o, tuple(e[n:])), {})[tuple(e[:n])] = Fraction(c)
    return {m: found[m] for m in sorted(found) if any(any(e) for e in found[m])}


def sums_of_proportional_coefficients(model: Model) -> list[Fraction]:
    """For each class of coefficients that are constant multiples f_i a of one polynomial a in the weights, the sum of the f_i.

    Raises as `coefficients_as_polynomials`.
    """
    classes: dict[tuple[tuple[Exponents, Fraction], ...], Fraction] = {}
    for polynomial in coefficients_as_polynomials(model).values():
        terms = sorted((e, c) for e, c in polynomial.items() if c)
        if terms:
            first = terms[0][1]
            key = tuple((e, c / first) for e, c in terms)
            classes[key] = classes.get(key, Fraction(0)) + first
    return list(classes.values())


def outputs_as_polynomials(model: Model, inputs: Sequence[Sequence[Fraction]] | None) -> list[Polynomial]:
    """The coefficients of the outputs as polynomials of the weights, or (``inputs``) the values at these."""
    coefficients = coefficients_as_polynomials(model)
    if inputs is None:
        return list(coefficients.values())
    at = _at_inputs(coefficients, inputs)
    return [p for p in at.values() if any(any(e) for e in p)]


def _at_inputs(
    coefficients: Mapping[tuple[int, Exponents], Polynomial], inputs: Sequence[Sequence[Fraction]]
) -> dict[Place, Polynomial]:
    """(output, sample) -> the value there, from (output, exponents of the inputs) -> coefficient."""
    found: dict[Place, Polynomial] = {}
    for (o, exponents), polynomial in coefficients.items():
        for s, point in enumerate(inputs):
            power = Fraction(1)
            for coordinate, k in zip(point, exponents, strict=True):
                power *= coordinate**k
            form = found.setdefault((o, s), {})
            for w, c in polynomial.items():
                form[w] = form.get(w, Fraction(0)) + c * power
    return {place: {e: c for e, c in f.items() if c} for place, f in found.items()}


def gradient(polynomial: Polynomial, parameters: int) -> VectorField:
    """The derivatives of a polynomial by all weights."""
    out: list[Polynomial] = [{} for _ in range(parameters)]
    for e, c in polynomial.items():
        for i in range(parameters):
            if e[i]:
                out[i][tuple(k - (j == i) for j, k in enumerate(e))] = c * e[i]
    return tuple(out)


def slopes_over_q(polynomials: Sequence[Polynomial], weights: Sequence[Fraction]) -> flint.fmpq_mat:
    """The derivatives of polynomials by all weights, at exact weights: a row each, and one of zeros where there are none."""
    matrix = flint.fmpq_mat(max(len(polynomials), 1), len(weights))
    for row, polynomial in enumerate(polynomials):
        slopes = [Fraction(0)] * len(weights)
        for e, c in polynomial.items():
            used = [i for i, k in enumerate(e) if k]
            for i in used:
                slope = c * e[i]
                for k in used:
                    slope *= weights[k] ** (e[k] - (k == i))
                slopes[i] += slope
        for i, slope in enumerate(slopes):
            if slope:
                matrix[row, i] = flint.fmpq(slope.numerator, slope.denominator)
    return matrix


def gradient_fields(model: Model, inputs: Sequence[Sequence[Fraction]] | None) -> list[VectorField]:
    """Polynomial fields that span the gradients of all coefficients, or of the values at ``inputs``, at general weights.

    For a rational output N/D these are coefficients of D grad N - N grad D, the gradient of the value times D^2: at weights where D is
    no zero polynomial of the inputs both span the same. Raises as `coefficients_as_polynomials`, and `InputError` where D vanishes at
    one of the inputs whatever the weights.
    """
    n = model.parameters
    expansion = expand(model)
    if all(q.denominator.is_constant() for q in expansion.outputs):
        return [gradient(p, n) for p in outputs_as_polynomials(model, inputs)]
    found: list[VectorField] = []
    for quotient in expansion.outputs:
        top, below = quotient.numerator, quotient.denominator
        slopes = [below * top.derivative(i) - top * below.derivative(i) for i in range(n)]
        parts = [_by_inputs(f, n) for f in slopes]
        if inputs is None:
            found += _fields(parts)
            continue
        if any(not _at_inputs(_by_inputs(below, n), [point]).get((0, 0)) for point in inputs):
            raise InputError(f"{model.name} divides by zero at one of the inputs, whatever the weights; leave that sample out")
        found += _fields([_at_inputs(f, inputs) for f in parts])
    return found


def _fields(parts: Sequence[Mapping[_P, Polynomial]]) -> list[VectorField]:
    """From each weight's place -> slope: the fields of the places, without those that are 0."""
    places = sorted({place for part in parts for place in part})
    fields = [tuple(part.get(place, {}) for part in parts) for place in places]
    return [f for f in fields if any(f)]


def _by_inputs(polynomial: flint.fmpq_mpoly, n: int) -> dict[tuple[int, Exponents], Polynomial]:
    """(0, exponents of the inputs) -> coefficient, of a polynomial in n weights and the inputs."""
    found: dict[tuple[int, Exponents], Polynomial] = {}
    for e, c in polynomial.to_dict().items():
        exponents = tuple(int(k) for k in e)
        found.setdefault((0, exponents[n:]), {})[exponents[:n]] = Fraction(int(c.p), int(c.q))
    return found


@dataclass(frozen=True)
class FlowClosure:
    """The ``rank`` at a ``point`` mod `PRIME` of ``generators`` (numbers of fields) and ``brackets`` (one that comes before, and a
    generator); ``looked_at``: how many brackets were."""

    rank: int
    point: tuple[int, ...]
    generators: tuple[int, ...]
    brackets: tuple[tuple[int, int], ...]
    looked_at: int


def flow_closure(fields: Sequence[VectorField], parameters: int, enough: int, rng: np.random.Generator) -> FlowClosure:
    """The rank at a random point mod `PRIME` of the Lie algebra generated by the fields.

    A lower bound of the generic rank over Q; the search ends where it is ``enough``. A bracket whose value at the point depends on
    those of fields that are kept is dropped: it is a combination of them with rational functions as coefficients, up to the choice of
    the point, and so are its brackets. Raises `ResourceError` where brackets have too many terms.
    """
    context = context_of(parameters, PRIME)
    point = tuple(int(v) for v in rng.integers(1, PRIME, parameters))
    rows, generators, numbers = _Echelon(), [], []
    for number, components in enumerate(fields):
        field = FieldModP.of([mod_p(f, context, PRIME) for f in components], point, PRIME)
        _require_few_terms(field)
        if rows.add(list(field.value)):
            generators.append(field)
            numbers.append(number)
    kept, brackets, looked_at = list(generators), [], 0
    for a, field in enumerate(kept):  # grows while it is walked through
        for b, generator in enumerate(generators):
            if generator is field or len(rows) >= enough:
                continue
            looked_at += 1
            if rows.add(field.bracket_value(generator)):
                kept.append(field.bracket(generator, context.from_dict({})))
                _require_few_terms(kept[-1])
                brackets.append((a, b))
    return FlowClosure(len(rows), point, tuple(numbers), tuple(brackets), looked_at)


def _require_few_terms(field: FieldModP) -> None:
    if field.terms > _MOST_TERMS:
        raise ResourceError(f"brackets of the gradient fields have more than {_MOST_TERMS:,} terms")


class _Echelon:
    """Independent vectors mod `PRIME`, in echelon form."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, list[int]]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, vector: list[int]) -> bool:
        """Keep a vector if it is independent of those kept."""
        for pivot, row in self._rows:
            if vector[pivot]:
                factor = vector[pivot]
                vector = [(a - factor * b) % PRIME for a, b in zip(vector, row, strict=True)]
        at = next((i for i, a in enumerate(vector) if a), None)
        if at is None:
            return False
        inverse = pow(vector[at], -1, PRIME)
        self._rows.append((at, [a * inverse % PRIME for a in vector]))
        return True


def require_few_monomials(parameters: int, degree: int) -> None:
    """Raise `ResourceError` where there are more polynomials of at most that degree than can be solved for.

    Asked before a model is written out, which takes long for a large one.
    """
    count = comb(parameters + degree, degree) - 1
    if count > _MOST_MONOMIALS:
        raise ResourceError(
            f"polynomials of degree at most {degree} in {parameters} weights have {count:,} monomials, more than {_MOST_MONOMIALS:,}"
        )


def conserved_polynomials(fields: Sequence[VectorField], parameters: int, degree: int) -> list[Polynomial]:
    """A basis of the polynomials h of at most that degree, without constant term, with grad h . V = 0 identically for all fields V.

    The equations are those of the coefficients of the products, solved over Q: exact. Raises `ResourceError` for too many monomials.
    """
    require_few_monomials(parameters, degree)
    monomials = monomials_up_to(parameters, degree)
    equations: dict[tuple[int, Exponents], dict[int, Fraction]] = {}
    for number, field in enumerate(fields):
        for k, monomial in enumerate(monomials):
            for i, power in enumerate(monomial):
                for e, c in field[i].items() if power else ():
                    product = tuple(a + b - (j == i) for j, (a, b) in enumerate(zip(monomial, e, strict=True)))
                    row = equations.setdefault((number, product), {})
                    row[k] = row.get(k, Fraction(0)) + c * power
    matrix = _annihilated(list(equations.values()), len(monomials))
    return [{monomials[k]: c * scale for k, c in vector.items()} for vector, scale in ((v, _primitive(v)) for v in matrix)]


def _primitive(vector: dict[int, Fraction]) -> Fraction:
    """The factor that makes the entries integers without a common divisor, the first one positive."""
    scale = Fraction(lcm(*(c.denominator for c in vector.values())), gcd(*(c.numerator for c in vector.values())))
    return scale if vector[min(vector)] > 0 else -scale


def _annihilated(rows: list[dict[int, Fraction]], columns: int) -> list[dict[int, Fraction]]:
    """A basis over Q of the vectors that sparse rows annihilate, found with as many rows as have full rank mod a prime."""
    chosen = flint.nmod_mat(max(len(rows), 1), columns, PRIME)
    for i, row in enumerate(rows):
        for k, c in row.items():
            chosen[i, k] = c.numerator * pow(c.denominator, -1, PRIME) % PRIME
    transposed, _ = chosen.transpose().rref()
    independent = []
    for i in range(min(columns, len(rows))):
        pivot = next((k for k in range(len(rows)) if int(transposed[i, k])), None)
        if pivot is None:
            break
        independent.append(pivot)
    exact = flint.fmpq_mat(max(len(independent), 1), columns)
    for i, k in enumerate(independent):
        for column, c in rows[k].items():
            exact[i, column] = flint.fmpq(c.numerator, c.denominator)
    reduced, rank = exact.rref()
    pivots = [next(k for k in range(columns) if reduced[i, k]) for i in range(rank)]
    out = []
    for k in sorted(set(range(columns)) - set(pivots)):
        vector = {k: Fraction(1)}
        for i, pivot in enumerate(pivots):
            if reduced[i, k]:
                vector[pivot] = -Fraction(int(reduced[i, k].p), int(reduced[i, k].q))
        if all(sum((c * vector[j] for j, c in row.items() if j in vector), Fraction(0)) == 0 for row in rows):
            out.append(vector)
    return out
