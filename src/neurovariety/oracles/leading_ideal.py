"""The number of zeros from the leading monomials of a Gröbner basis, as msolve prints them.

The monomials that no leading monomial divides are a basis of the ring modulo the ideal; there are finitely many if and only if a power
of each unknown is a leading monomial, and then their number is that of the zeros with multiplicity (Cox, Little, O'Shea, *Ideals,
Varieties, and Algorithms*, section 5.3).
"""

from __future__ import annotations

from collections.abc import Sequence

Exponents = tuple[int, ...]


def standard_count(leading: Sequence[Exponents], unknowns: int) -> int | None:
    """How many monomials in so many ``unknowns`` no monomial of ``leading`` divides; None where they are infinitely many."""
    if any(not any(e) for e in leading):
        return 0
    pure = {next(i for i, k in enumerate(e) if k) for e in leading if sum(map(bool, e)) == 1}
    if len(pure) < unknowns:
        return None
    return _below(list(leading), unknowns)


def _below(leading: list[Exponents], unknowns: int) -> int:
    """Slices by the exponent of the last unknown: the leading monomials of a slice are those with at most that exponent."""
    if not unknowns:
        return 0 if leading else 1
    last = unknowns - 1
    steps = sorted({e[last] for e in leading})
    total, before, below = 0, 0, int(not last)
    for step in steps:
        total += below * (step - before)
        before = step
        below = _below(_minimal([e[:last] for e in leading if e[last] <= step]), last)
        if not below:
            break
    return total


def _minimal(monomials: list[Exponents]) -> list[Exponents]:
    """Those that no other one divides."""
    kept: list[Exponents] = []
    for e in sorted(set(monomials), key=sum):
        if not any(all(a <= b for a, b in zip(f, e, strict=True)) for f in kept):
            kept.append(e)
    return kept
