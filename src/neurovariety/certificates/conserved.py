"""Quantities that gradient flow conserves: laws as identities, their number from both sides.

The flow of any loss moves the weights along combinations of the fields V_i, the gradients of the coefficients of the outputs. A
function h is conserved for every loss if and only if grad h . V_i = 0 identically for all i. Then h is constant along all brackets of
the V_i too (Sussmann 1973), so that weights less the rank of these at one point bounds the number of independent h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

import flint
import numpy as np

from neurovariety.certificates.functions import Inputs, Moving, at_inputs
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import FieldModP, Polynomial, context_of, mod_p, rank_of_rows, residue
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

CONSERVED, ALL_CONSERVED, LAWS = "conserved quantities", "all conserved quantities", "conserved polynomials"
Law = tuple[tuple[tuple[int, ...], Fraction], ...]
"""A polynomial of the weights: exponents and coefficients."""

_WORD = 2**31


def monomials_up_to(variables: int, degree: int) -> list[tuple[int, ...]]:
    """Exponents of the monomials of degree 1 to ``degree``."""
    places = [c for d in range(1, degree + 1) for c in combinations_with_replacement(range(variables), d)]
    return [tuple(place.count(i) for i in range(variables)) for place in places]


def law_text(law: Law, names: Sequence[str]) -> str:
    """``W1[0,0]^2 - 2*W2[0,0]^2``: a law with the names of the weights."""
    text = ""
    for exponents, c in sorted(law, reverse=True):
        letters = "*".join(f"{names[i]}^{k}" if k > 1 else names[i] for i, k in enumerate(exponents) if k)
        size = "" if abs(c) == 1 else f"{abs(c)}*"
        text += f" {'-' if c < 0 else '+'} {size}{letters}" if text else f"{'-' if c < 0 else ''}{size}{letters}"
    return text


def _check_laws(laws: Sequence[Law], subject: Moving, inputs: Inputs | None) -> None:
    """Raises `NotShown` unless grad h . V = 0 identically for every law h and every field V."""
    n = subject.parameters
    context = flint.fmpq_mpoly_ctx.get([f"w{i}" for i in range(n)] or ["_unused"])

    def over_q(polynomial: Polynomial) -> flint.fmpq_mpoly:
        return context.from_dict({e: flint.fmpq(c.numerator, c.denominator) for e, c in polynomial.items()})

    if any(len(e) != n or not any(e) for law in laws for e, _ in law):
        raise NotShown("laws are polynomials of the weights without a constant")
    fields = [[(i, over_q(f)) for i, f in enumerate(field) if f] for field in subject.gradient_fields(inputs)]
    for law in laws:
        h = over_q(dict(law))
        slopes = [h.derivative(i) for i in range(n)]
        for field in fields:
            total = context.constant(0)
            for i, f in field:
                total = total + slopes[i] * f
            if total:
                raise NotShown("a law is not conserved")


@dataclass(frozen=True)
class ConservedLaws:
    """These ``laws`` are conserved by every gradient flow (on the ``inputs``, where there are any), and are a basis of the polynomials
    up to a ``degree`` that are; the first ``most`` are written out.

    At the ``points`` mod ``prime`` the products grad h . V_i of all such polynomials h have a rank, and what it leaves is no more than
    the laws: there are no others, up to linear combinations. Without points there may be.
    """

    subject: str
    inputs: Inputs | None
    laws: tuple[Law, ...]
    degree: int
    most: int
    texts: tuple[str, ...]
    prime: int
    points: tuple[tuple[int, ...], ...]

    def check(self, subject: Moving) -> None:
        """Raises `NotShown` where a law is not conserved, where they depend on each other, or where there may be more."""
        _same_model(subject, self.subject)
        _check_prime_of_a_word(self.prime)
        names, n = subject.weight_names, subject.parameters
        if self.texts != tuple(law_text(law, names) for law in self.laws[: self.most]):
            raise NotShown("the laws read otherwise")
        monomials = monomials_up_to(n, self.degree)
        place = {e: k for k, e in enumerate(monomials)}
        if any(e not in place for law in self.laws for e, _ in law):
            raise NotShown(f"a law is no polynomial of degree at most {self.degree}")
        _check_laws(self.laws, subject, self.inputs)
        rows = [[0] * len(monomials) for _ in self.laws]
        for row, law in zip(rows, self.laws, strict=True):
            for e, c in law:
                row[place[e]] = residue(c, self.prime)
        if rank_of_rows(rows, self.prime) < len(self.laws):
            raise NotShown("the laws depend on each other")
        if self.points and self._rank(subject, monomials) < len(monomials) - len(self.laws):
            raise NotShown("there may be further laws")

    def _rank(self, subject: Moving, monomials: list[tuple[int, ...]]) -> int:
        """The rank mod p of h -> (grad h . V_i)(x), over all fields and points."""
        p, n = self.prime, subject.parameters
        context = context_of(n, p)
        fields = [[mod_p(f, context, p) for f in field] for field in subject.gradient_fields(self.inputs)]
        if not fields or not monomials:
            return 0
        exponents = np.array(monomials, dtype=np.int64)
        rows: list[list[int]] = []
        for point in self.points:
            if len(point) != n or any(v % p == 0 for v in point):
                raise NotShown("points without zeros are expected")
            values = np.ones(len(monomials), dtype=np.int64)
            for i, x in enumerate(point):
                powers = np.array([pow(x, k, p) for k in range(self.degree + 1)], dtype=np.int64)
                values = values * powers[exponents[:, i]] % p
            slopes = [[int(v) for v in exponents[:, i] * values % p * pow(x, -1, p) % p] for i, x in enumerate(point)]
            here = flint.nmod_mat([[int(f(*point)) for f in field] for field in fields], p)
            product = here * flint.nmod_mat(slopes, p)
            rows += [[int(v) for v in row] for row in product.table()]
        return rank_of_rows(rows, p)

    def concludes(self) -> tuple[Statement, Claim]:
        """These laws."""
        claim = Claim.PROVED if self.points else Claim.LOWER_BOUND
        return Statement(at_inputs(LAWS, self.inputs), self.subject, list(self.texts)), claim


@dataclass(frozen=True)
class IndependentLaws:
    """Differentials of conserved ``laws`` have at least the rank ``value`` at a ``point`` mod ``prime``: as many are independent."""

    laws: Verdict
    prime: int
    point: tuple[int, ...]
    value: int

    def check(self, subject: Moving) -> None:
        """Raises `NotShown` where the rank is smaller."""
        shown, n, p = self.laws.certificate, subject.parameters, self.prime
        if not isinstance(shown, ConservedLaws) or not self.laws.shown or shown.subject != subject.hash:
            raise NotShown("conserved laws of the model are expected")
        check_prime(p)
        if len(self.point) != n or rank_of_rows(differentials(shown.laws, self.point, p), p) < self.value:
            raise NotShown(f"the laws are not shown to have {self.value} independent differentials")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many independent quantities are conserved, at least."""
        shown = self.laws.certificate
        assert isinstance(shown, ConservedLaws)
        return Statement(at_inputs(CONSERVED, shown.inputs), shown.subject, self.value), Claim.LOWER_BOUND


def differentials(laws: Sequence[Law], point: tuple[int, ...], p: int) -> list[list[int]]:
    """The derivatives of laws by the weights at a point mod p, a row each."""
    context = context_of(len(point), p)
    return [[int(h.derivative(i)(*point)) for i in range(len(point))] for h in (mod_p(dict(law), context, p) for law in laws)]


@dataclass(frozen=True)
class FlowBrackets:
    """Gradient fields and brackets of them with the rank ``rank`` at a ``point`` mod ``prime``: no more quantities are conserved than
    weights are left.

    ``generators`` are numbers of fields; a bracket (a, b) is that of the a-th of all that come before it with the b-th generator.
    """

    subject: str
    inputs: Inputs | None
    prime: int
    point: tuple[int, ...]
    generators: tuple[int, ...]
    brackets: tuple[tuple[int, int], ...]
    parameters: int
    rank: int

    def check(self, subject: Moving) -> None:
        """Raises `NotShown` where the rank is smaller."""
        _same_model(subject, self.subject)
        check_prime(self.prime)
        n, p = subject.parameters, self.prime
        if self.parameters != n or len(self.point) != n:
            raise NotShown("the certificate is one of another model")
        context, fields = context_of(n, p), subject.gradient_fields(self.inputs)
        if any(not 0 <= g < len(fields) for g in self.generators):
            raise NotShown("there is no such field")
        found = dict(enumerate(FieldModP.of([mod_p(f, context, p) for f in fields[g]], self.point, p) for g in self.generators))
        used, rows = {a for a, _ in self.brackets}, [list(f.value) for f in found.values()]
        for k, (a, b) in enumerate(self.brackets, start=len(self.generators)):
            if not (0 <= a < k and 0 <= b < len(self.generators)):
                raise NotShown("a bracket of what is not there")
            rows.append(found[a].bracket_value(found[b]))
            if k in used:
                found[k] = found[a].bracket(found[b], context.from_dict({}))
        if rank_of_rows(rows, p) < self.rank:
            raise NotShown(f"the fields and brackets do not have the rank {self.rank}")

    def concludes(self) -> tuple[Statement, Claim]:
        """No more are conserved than that."""
        return Statement(at_inputs(CONSERVED, self.inputs), self.subject, self.parameters - self.rank), Claim.UPPER_BOUND


@dataclass(frozen=True)
class AllShown:
    """That a number of conserved quantities is all: a bound from below and one from above that meet. Where they do not, it is open."""

    lower: Verdict
    upper: Verdict

    def check(self, subject: Moving) -> None:
        """Raises `NotShown` unless they bound the same number from two sides."""
        low, high = self.lower.statement, self.upper.statement
        if not low.kind.startswith(CONSERVED) or (low.kind, low.subject) != (high.kind, high.subject):
            raise NotShown("bounds of the number of conserved quantities are expected")
        if not (self.lower.shown and self.upper.shown):
            raise NotShown("the bounds were not checked")
        if self.lower.claim is not Claim.LOWER_BOUND or self.upper.claim is not Claim.UPPER_BOUND:
            raise NotShown("a bound from below and one from above are expected")
        if low.value != high.value:
            raise NotShown("there may be others: the bounds do not meet")

    def concludes(self) -> tuple[Statement, Claim]:
        """There are no others."""
        return Statement(ALL_CONSERVED, self.lower.statement.subject, True), Claim.PROVED


def _same_model(subject: Moving, expected: str) -> None:
    if subject.hash != expected:
        raise NotShown("the certificate is one of another model")


def _check_prime_of_a_word(p: int) -> None:
    check_prime(p)
    if p >= _WORD:
        raise NotShown("a prime below 2^31 is expected")
