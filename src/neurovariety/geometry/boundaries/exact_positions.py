"""Interior, boundary, closure only or outside, by exact arithmetic, for the families whose real functions are known.

M: functions of real weights; X: real functions of the neurovariety. Where M is known by a condition, the boundary is where it can be
violated arbitrarily near, within X.

* Linear and diagonal networks, quadratic forms of one output, one quadratic neuron, sums of one power: M = X, no boundary.
* ``mlp(n,m,1; x^2; bias)``, x^T A x + 2 b.x + t. X: rank (A | b) <= m. Limits that are no members have rank A = m - 1 and b not in the
  image of A, so every member with rank A < m is a limit of these (move A to rank m - 1 and b out of its image), and no other is, since
  ranks do not fall nearby. For m > n all is realizable.
* ``mlp(2,2,k; x^2)``, k >= 2. X: matrices of rank <= 2. Rank 2: Disc > 0 is open. Rank 1, all outputs multiples of a form q: nearby row
  spaces contain a form near q, and are apolar to a form n. A definite q is apolar to no semidefinite n, so nearby Disc > 0: interior.
  An indefinite q is apolar to a definite n, whose functions have Disc < 0; a square is a limit of indefinite q; 0 of everything.
* ``mlp(2,m,1; x^d)``, m <= (d + 1)/2. X: forms annihilated by a form of degree m. Annihilator g of degree m with different real roots:
  so nearby, interior. Of lower degree k: g h with any h of degree m - k annihilates too; let g h have a double root and move that into
  the complex: functions of X that are no limits of M arbitrarily near, if m >= 2.
* Linear convolutions of stride 1: at least e real roots with multiplicity. A real root of odd multiplicity stays, one of even
  multiplicity can leave the real line. So interior: at least e real roots of odd multiplicity.

Sources: Kohn, Merkh, Montufar, Trager 2022; Kubjas, Li, Wiesmann 2024; Iarrobino, Kanev 1999; Kileel, Trager, Bruna 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from neurovariety.geometry.boundaries.position import Located, Position
from neurovariety.geometry.ideal.decided_sets import is_sylvester
from neurovariety.geometry.images import binary_forms, binary_powers, convolutions
from neurovariety.geometry.images.decide import decide_by_kind
from neurovariety.geometry.images.decision import Decision, Finding
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.real.real_roots import factors_over_q
from neurovariety.image import BinaryQuadrics, Filters, Matrices, PowerSums, Quadrics
from neurovariety.model import Model
from neurovariety.result import counted

_ZERO = Fraction(0)


@dataclass(frozen=True, eq=False)
class KnownImage:
    """A model whose real functions are known: ``locate`` decides; ``full`` says why there is no boundary, empty where there is one."""

    locate: Callable[[Target], Located]
    full: str


@singledispatch
def known_image(image: object, model: Model) -> KnownImage | None:
    """The exact procedure for the kind of ``image``, that of the model; None where the real functions are not known."""
    return None


def _from(decision: Decision, position: Position, reason: str) -> Located:
    return Located(position, reason, decision.route, theorems=decision.theorems, evidence=decision.evidence)


def _not_a_member(decision: Decision) -> Located | None:
    """The placement of a function outside of M; None for a member."""
    if decision.verdict is Finding.EXCLUDED:
        return _from(decision, Position.OUTSIDE, f"violated: {decision.violated}")
    if decision.verdict is Finding.CLOSURE_ONLY:
        return _from(decision, Position.CLOSURE_ONLY, f"a limit, but violated: {decision.violated}")
    return None


def _decided(model: Model, target: Target) -> Decision:
    decision = decide_by_kind(model.image, model, target)
    assert decision is not None
    return decision


def _rank(decision: Decision) -> int:
    found = decision.evidence["rank"]
    assert isinstance(found, int)
    return found


def _all_attained(model: Model, why: str) -> KnownImage:
    def locate(target: Target) -> Located:
        decision = _decided(model, target)
        return _not_a_member(decision) or _from(decision, Position.INTERIOR, why)

    return KnownImage(locate, why)


@known_image.register
def _(image: Matrices, model: Model) -> KnownImage:
    return _all_attained(model, "real weights attain every real matrix of the neurovariety")


@known_image.register
def _(image: Quadrics, model: Model) -> KnownImage:
    if not image.bias:
        return _all_attained(model, "real weights attain every real quadratic form of bounded rank")
    m = image.rank
    if m > image.inputs:
        return _all_attained(model, "real weights attain every real quadratic polynomial")

    def locate(target: Target) -> Located:
        decision = _decided(model, target)
        missing = _not_a_member(decision)
        if missing is not None:
            return missing
        rank = _rank(decision)
        if rank < m:
            reason = (
                f"the quadratic part has rank {rank}, less than {m}: arbitrarily near are functions with rank {m - 1} whose linear "
                "part is not in the image, which no weights attain"
            )
            return _from(decision, Position.BOUNDARY, reason)
        return _from(
            decision, Position.INTERIOR, f"the quadratic part has rank {m}, and so nearby, where the image holds the linear part"
        )

    return KnownImage(locate, "")


@known_image.register
def _(image: BinaryQuadrics, model: Model) -> KnownImage:
    if image.squares != 2:
        return _all_attained(model, "real weights attain every real function of the neurovariety")

    def locate(target: Target) -> Located:
        decision = _decided(model, target)
        missing = _not_a_member(decision)
        if missing is not None:
            return missing
        rank = _rank(decision)
        if rank == 2:
            return _from(decision, Position.INTERIOR, "M13^2 - M12*M23 > 0, and so nearby")
        row = next((r for r in binary_forms.coefficient_rows(target) if any(r)), [_ZERO] * 3)
        value = row[1] ** 2 - 4 * row[0] * row[2]
        if rank == 1 and value < 0:
            return _from(decision, Position.INTERIOR, "all outputs are multiples of a definite form: nearby M13^2 - M12*M23 > 0")
        what = "0" if rank == 0 else "multiples of a form that is not definite"
        reason = f"all outputs are {what}: arbitrarily near are functions with M13^2 - M12*M23 < 0"
        return _from(decision, Position.BOUNDARY, reason)

    return KnownImage(locate, "")


@known_image.register
def _(image: PowerSums, model: Model) -> KnownImage | None:
    if not is_sylvester(image):
        return None
    m, d = image.terms, image.degree
    why = "real weights attain every real multiple of a power" if m == 1 else ""

    def locate(target: Target) -> Located:
        decision = decide_by_kind(image, model, target)
        missing = None if decision is None else _not_a_member(decision)
        if missing is not None:
            return missing
        g = least_annihilator(target)
        k = 0 if g is None else g.degree
        evidence = {"powers": k, **({} if g is None else {"annihilator": [str(c) for c in g.coefficients]})}
        if m == 1:
            position, reason = Position.INTERIOR, why
        elif k == m:
            position, reason = Position.INTERIOR, f"{g}, which annihilates the target, has {m} different real roots, and so nearby"
        else:
            position = Position.BOUNDARY
            reason = (
                f"the target is a sum of {counted(k, 'power')}, fewer than {m}: arbitrarily near are functions annihilated by forms of "
                f"degree {m} with roots that are not real"
            )
        return Located(position, reason, binary_powers.ROUTE, theorems=(binary_powers.THEOREM,), evidence=evidence)

    def least_annihilator(target: Target) -> binary_powers.Annihilator | None:
        return binary_powers.least_annihilator(target, m, d) if target.coefficients else None

    return KnownImage(locate, why)


@known_image.register
def _(image: Filters, model: Model) -> KnownImage | None:
    if not convolutions.is_decided(image):
        return None
    needed = image.real_roots
    if needed <= 1:
        return _all_attained(model, "at most one filter has even size: real weights attain every filter")

    def locate(target: Target) -> Located:
        decision = _decided(model, target)
        missing = _not_a_member(decision)
        if missing is not None:
            return missing
        filter_, _ = convolutions.composed_filter(image, target)
        odd = _odd_real_roots(filter_)
        has = f"the composed filter has {counted(odd, 'real root')} of odd multiplicity in P^1"
        if odd >= needed:
            return _from(decision, Position.INTERIOR, f"{has}, which stay real nearby, and {needed} are needed")
        reason = f"{has}, {needed} real roots are needed, and those of even multiplicity leave the real line nearby"
        return _from(decision, Position.BOUNDARY, reason if any(filter_) else "the composed filter is 0, near everything")

    return KnownImage(locate, "")


def _odd_real_roots(filter_: list[Fraction]) -> int:
    """Real roots of odd multiplicity in P^1 of a form, constant term first; 0 for the form 0."""
    if not any(filter_):
        return 0
    top = max(i for i, c in enumerate(filter_) if c)
    factors = factors_over_q(filter_[: top + 1])[1] if top else []
    return (len(filter_) - 1 - top) % 2 + sum(f.real for f in factors if f.multiplicity % 2)
