"""Membership in ``mlp(2,m,1; c*x^d)``, m at most (d + 1) / 2: sums of powers of real linear forms in two variables.

Sylvester: f, of degree d, is a combination of d-th powers of m different linear forms exactly if a form of degree m with these as
different roots annihilates f as a differential operator. Forms of degree m that annihilate f are all multiples of one form g of the
smallest degree k, as long as k <= m <= d + 1 - k. So f is realizable exactly if g has k different real roots.

If some root of g is not real the same holds for all forms that annihilate functions nearby: f is no limit. If all are real and some
are multiple, g moves to one with different real roots and f with it, since the space that a form of degree m annihilates has the same
dimension for each: f is a limit. A realizable f is left to the search, which finds its weights.

Sources: Sylvester 1851; Iarrobino and Kanev 1999, 1.3; Comas and Seiguer 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb

from neurovariety.geometry.ideal.decided_sets import is_sylvester
from neurovariety.geometry.images.decision import Decision, Finding, excluded, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.real.rational_matrices import echelon_form
from neurovariety.geometry.real.real_roots import factors_over_q
from neurovariety.image import PowerSums
from neurovariety.model import Model
from neurovariety.result import counted

ROUTE = "powers of real linear forms in two variables"
THEOREM = statement(
    "Sylvester's theorem on binary forms",
    "a binary form is a sum of powers of m different real linear forms exactly if a form of degree m with different real roots "
    "annihilates it",
    "iarrobino1999",
)


@dataclass(frozen=True)
class Annihilator:
    """The form of smallest degree that annihilates a binary form, coefficients from d/dx^k to d/dy^k: how many of its ``degree`` roots
    in P^1 are different real ones, how many are not real, and the largest multiplicity."""

    coefficients: tuple[Fraction, ...]
    real: int
    not_real: int
    multiplicity: int

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1

    def __str__(self) -> str:
        k = self.degree
        names = [f"dx^{k - j} dy^{j}" for j in range(k + 1)]
        return "the operator " + " + ".join(f"({c}) {n}" for c, n in zip(self.coefficients, names, strict=True) if c)


def least_annihilator(target: Target, m: int, d: int) -> Annihilator | None:
    """The annihilator of smallest degree of a nonzero form of degree d; None where it has degree above m <= (d + 1)/2."""
    a = [target.coefficients.get((0, (d - k, k)), Fraction(0)) / comb(d, k) for k in range(d + 1)]
    found = next(((k, g) for k in range(1, m + 1) for g in _annihilators(a, k)), None)
    if found is None:
        return None
    k, g = found
    at_infinity = k - max(j for j, c in enumerate(g) if c)
    multiplicities, real, not_real = ([at_infinity] if at_infinity else []), min(at_infinity, 1), 0
    if at_infinity < k:
        for factor in factors_over_q(g[: k + 1 - at_infinity])[1]:
            multiplicities.append(factor.multiplicity)
            real += factor.real
            not_real += factor.degree - factor.real
    return Annihilator(tuple(g), real, not_real, max(multiplicities))


def decide_power_sum(image: PowerSums, model: Model, target: Target) -> Decision | None:
    """Excluded or closure only, where Sylvester's theorem shows it; None elsewhere, and where f is realizable."""
    if not is_sylvester(image):
        return None
    m, d = image.terms, image.degree
    wrong = target.other_degree({d})
    if wrong is not None:
        return excluded(ROUTE, wrong)
    if not target.coefficients:
        return None
    g = least_annihilator(target, m, d)
    if g is None:
        return excluded(ROUTE, f"no form of degree {m} annihilates the target: it is a sum of no {m} powers, nor a limit", THEOREM)
    shown = [str(c) for c in g.coefficients]
    if g.not_real:
        sentence = f"{g}, which annihilates the target, has {counted(g.degree, 'real root')}, here {g.real}"
        return excluded(ROUTE, sentence, THEOREM, annihilator=shown)
    if g.multiplicity > 1:
        sentence = f"{g}, which annihilates the target, has different roots; here one is multiple"
        return Decision(Finding.CLOSURE_ONLY, ROUTE, None, sentence, (THEOREM,), {"annihilator": shown})
    return None


def _annihilators(a: list[Fraction], k: int) -> list[list[Fraction]]:
    """The forms of degree k, coefficients from d/dx^k to d/dy^k, that annihilate the form with coefficients C(d, i) a_i: none or one
    where no smaller degree has any, or a basis."""
    rows, pivots = echelon_form([a[i : i + k + 1] for i in range(len(a) - k)], k + 1)
    out = []
    for free in (j for j in range(k + 1) if j not in pivots):
        g = [Fraction(0)] * (k + 1)
        g[free] = Fraction(1)
        for row, pivot in zip(rows, pivots, strict=True):
            g[pivot] = -row[free]
        out.append(g)
    return out
