"""All solutions of a square polynomial system: found by a total degree homotopy, claimed by an account.

Paths (`total_degree`) lead to points; what is said of these does not rest on the paths. Zeros in boxes and tubes, each shown in ball
arithmetic, are added up in projective space. Where they reach the Bézout number, the list is proved to be all; where the finite ones
reach an exact upper bound modulo two random primes, it is so with a probability of error that is computed; else there are at least so
many. See `certificates.account` and `certificates.modular_account`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.gaussian import exact
from neurovariety.certificates.issue import Verdict
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.homotopy.arrays import Complexes, Integers, Numbers, Reals, complexes
from neurovariety.homotopy.certify import Certificates, certify
from neurovariety.homotopy.closing import MOST_CLUSTERS, Ledger, at_least, bezout
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.homotopy.exact_program import exact_system
from neurovariety.homotopy.modular_counts import MOST_WORK, ModularCounts
from neurovariety.homotopy.monodromy import REFINED, SAME
from neurovariety.homotopy.path_kernel import NOT_A_START
from neurovariety.homotopy.system import System, require_system
from neurovariety.homotopy.total_degree import End, Run, deeper, total_degree_run
from neurovariety.homotopy.tracker import DEFAULTS, Settings, conditions, refine, track
from neurovariety.randomness import generator

_RUNS, _MANY, _RUNS_OF_MANY = 3, 1_000, 2
"""Homotopies from other starts that look for what the account lacks; fewer where there are many paths."""
_MOST_PATHS_AGAIN = 20_000
_FEW = 12
"""So many ends that doubles do not show are looked at before the number modulo primes is asked for."""
_MOST_DEEPER = 200
_MOST_FAILED = 0.05
"""The part of all paths that may have failed for another homotopy to be tried where no upper bound is known."""
_LITTLE_WORK = 2e8
_BEYOND = 200.0
"""log2 of a size: zeros that are infinite, or larger than that, are not told apart in the sentence."""


@dataclass(frozen=True, eq=False)
class Solutions:
    """Solutions of a polynomial system.

    ``regular`` (S, n) are the finite simple ones, each in a box that holds no other. ``singular`` (T, n) are the centres of clusters,
    with ``multiplicity``, the number of solutions, with multiplicity, within ``radius`` (T,) of it in every coordinate; whether these
    are one multiple solution is not said. ``infinite`` counts zeros at infinity, or larger than a size that ``scope`` names, and
    ``unaccounted`` is what is missing to the Bézout number. ``verdict`` is the statement with its claim and certificate. ``claim`` is
    `proved`, `probability` or `lower_bound`; ``complete`` says that it is one of the first two and that no regular solution is missing
    within a cluster: where there are clusters, by the number of simple zeros modulo two primes.

    ``ends`` says for each path what the search made of it, ``winding`` how often it turns around its end, ``steps`` how many it took:
    advice, on which no claim rests. ``certificates`` and ``condition`` numbers (S,) of the Jacobian belong to ``regular``.
    """

    regular: Complexes
    singular: Complexes
    multiplicity: tuple[int, ...]
    radius: Reals
    ends: tuple[End, ...]
    winding: Integers
    steps: Integers
    certificates: Certificates
    condition: Reals
    seed: int
    verdict: Verdict | None = None
    infinite: int = 0
    unaccounted: int = 0
    at_most: int | None = None
    """An upper bound of the number of finite solutions with multiplicity, where only that is known, with probability."""
    all_simple: bool = True
    """Whether no cluster may hold a simple solution: there is none, or the number of simple ones was counted modulo primes as well."""

    @property
    def claim(self) -> Claim:
        if self.verdict is not None:
            return self.verdict.claim
        # Continued from given solutions: all of them, if those were all.
        return Claim.COMPLETE if End.FAILED not in self.ends and self.certificates.complete else Claim.LOWER_BOUND

    @property
    def complete(self) -> bool:
        return self.claim is not Claim.LOWER_BOUND and self.all_simple

    @property
    def scope(self) -> tuple[str, ...]:
        """What the claim is restricted to."""
        return self.verdict.statement.scope if self.verdict is not None else ("if the start solutions are all",)

    def __repr__(self) -> str:
        if self.verdict is None:
            counts = ", ".join(f"{self.ends.count(e):,} {e}" for e in End if e in self.ends)
            return f"Solutions({len(self.regular):,} regular; {len(self.ends):,} paths: {counts}) [{self.claim}, seed {self.seed}]"
        parts = [f"{len(self.regular):,} regular"]
        if self.multiplicity:
            parts.append(f"{sum(self.multiplicity):,} in {len(self.multiplicity):,} cluster{'s' * (len(self.multiplicity) > 1)}")
        if self.infinite:
            sure = self.verdict.statement.kind == "finite zeros" or not self.verdict.statement.value.get("at_infinity_or_larger")
            parts.append(f"{self.infinite:,} at infinity{'' if sure else ' or very large'}")
        if self.unaccounted and self.claim is Claim.LOWER_BOUND:
            parts.append(f"{self.unaccounted:,} paths unaccounted for")
        if self.at_most is not None:
            parts.append(f"at most {self.at_most:,} finite")
        words = "; ".join(parts)
        return f"Solutions({words}{''.join(f'; {s}' for s in self.scope)}) [{self.claim}, seed {self.seed}]"


def solve(
    system: System,
    parameters: Numbers = (),
    *,
    start: tuple[Numbers, Numbers] | None = None,
    seed: int = 0,
    settings: Settings = DEFAULTS,
    program: ExactSystem | None = None,
) -> Solutions:
    """The solutions of ``system`` at ``parameters``.

    Without ``start`` by total degree homotopies, with an account of everything that is found. With ``start``, all solutions (P, n) at
    other, general parameters and those parameters, by continuing them: every isolated solution is then the end of a path, and paths
    that do not arrive are ``failed``, wherever they went; the claim `complete` is then as good as the premise that ``start`` is all.
    ``program``: the same equations exactly, which an account speaks of (default: those of ``system``).

    Raises `InputError` for parameters of the wrong number, start points that are no solutions, or a division by unknowns in a total
    degree homotopy; `ResourceError` for more than two million paths.

    >>> solve(System.build(lambda x, p: [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2], 2))
    Solutions(4 regular) [proved, seed 0]
    """
    require_system(system)
    p = complexes(parameters, "parameters", system.parameters)
    if p.shape != (system.parameters,):
        raise InputError(f"the system has {system.parameters} parameters, got an array of shape {p.shape}")
    if start is not None:
        return _continued(system, p, start, seed, settings)
    rng = generator(seed, "homotopy.solve")
    run = total_degree_run(system, p, rng, settings)
    program = exact_system(system, [exact(complex(v)) for v in p]) if program is None else program
    ledger = Ledger.of(system, p, program, run.homotopy.patch)
    books = _Books(ledger, ModularCounts(ledger, rng))
    left = ledger.enter(run.points)
    if len(left) <= _FEW:
        ledger.look_closer(run.points[left])
    before = ledger.number
    if not books.closed() and len(left) > _FEW:
        ledger.look_closer(run.points[left], books.clusters)
    fruitful = ledger.number > before
    if not books.closed() and 0 < len(left) <= _MOST_DEEPER:
        points = deeper(run, left, settings)
        ledger.look_closer(points[ledger.enter(points)])
    for _ in range(_RUNS if len(run.ends) <= _MANY else _RUNS_OF_MANY):
        before = ledger.number
        if books.closed() or not books.lacking(run):
            break
        again = total_degree_run(system, p, rng, replace(settings, tolerance=settings.tolerance / 4))
        left = ledger.enter(again.points)
        ledger.look_closer(again.points[[k for k in left if books.wanted(again.ends[k], fruitful)]])
        if ledger.number == before:
            break
    books.closed(earnest=True)
    return _solutions(system, p, books, run, seed)


def account_of(system: System, program: ExactSystem, points: Complexes, seed: int) -> tuple[Verdict, Complexes] | None:
    """The account of a system without parameters, exactly the ``program``, where zeros near finite ``points`` (P, n), found in any way,
    are all, and the simple ones (S, n); None where none closes."""
    rng = generator(seed, "homotopy.solve.account")
    patch = rng.normal(size=system.unknowns + 1) + 1j * rng.normal(size=system.unknowns + 1)
    ledger = Ledger.of(system, np.zeros(0, dtype=np.complex128), program, patch)
    projective = np.hstack([np.ones((len(points), 1)), points])
    left = ledger.enter(projective)
    ledger.look_closer(projective[left])
    books = _Books(ledger, ModularCounts(ledger, rng))
    if not books.closed(earnest=True):
        return None
    assert books.verdict is not None
    shown = ledger.shown
    return books.verdict, shown.affine()[shown.finite & (np.array(shown.multiplicities) == 1)]


@dataclass(eq=False)
class _Books:
    """The accounts of a ledger: closed by Bézout, or by numbers modulo two primes."""

    ledger: Ledger
    counts: ModularCounts
    verdict: Verdict | None = None

    @cached_property
    def simple(self) -> bool:
        """Whether the simple zeros that are listed are all: where there are clusters, these may hold some."""
        if self.verdict is None or self.verdict.statement.kind == "simple zeros":
            return self.verdict is not None
        shown = self.ledger.shown
        if shown.finite_count() == shown.finite_count(simple=True):
            return True
        return self.counts.account(True) is not None

    def closed(self, earnest: bool = False) -> bool:
        """Whether nothing is missing. Where all zeros have a number, much work goes into that of the simple ones only in earnest."""
        ledger = self.ledger
        if self.verdict is not None:
            return True
        ledger.sharpen()
        proved = bezout(ledger)
        if proved is not None and not proved.statement.value["at_infinity_or_larger"]:
            self.verdict = proved
            return True
        self.verdict = self.counts.account(False)
        if self.verdict is None:
            little = not earnest and self.counts.number(False) is not None
            self.verdict = self.counts.account(True, _LITTLE_WORK if little else MOST_WORK)
        if self.verdict is None and proved is not None and proved.statement.value["log2_larger_than"] >= _BEYOND:
            self.verdict = proved
        return self.verdict is not None

    def lacking(self, run: Run) -> bool:
        """Whether more paths may find what is missing."""
        if len(run.ends) > _MOST_PATHS_AGAIN:
            return False
        numbers = {simple: number for simple in (False, True) if (number := self.counts.number(simple)) is not None}
        if numbers:
            shown = self.ledger.shown
            return any(shown.finite_count(simple=simple) < number for simple, number in numbers.items())
        return 0 < run.ends.count(End.FAILED) <= _MOST_FAILED * len(run.ends)

    @property
    def clusters(self) -> int:
        """How many groups of ends are tried as clusters: few where zeros are infinitely many and only the simple ones have a number."""
        return _FEW if self.counts.number(False) is None and self.counts.number(True) is not None else MOST_CLUSTERS

    def wanted(self, end: End, fruitful: bool) -> bool:
        """Whether clusters at such an end are worth a search, again, after one that was fruitful or not.

        Where a number is known, those at infinity are of no use, and those elsewhere neither if it is one of simple zeros.
        """
        if self.counts.number(False) is not None:
            return fruitful and end is not End.AT_INFINITY
        return self.counts.number(True) is None


def _solutions(system: System, p: Complexes, books: _Books, run: Run, seed: int) -> Solutions:
    ledger = books.ledger
    verdict = books.verdict or at_least(ledger)
    shown = ledger.shown
    finite, multiplicities = shown.finite, np.array(shown.multiplicities)
    centres = shown.affine()
    simple, clusters = finite & (multiplicities == 1), finite & (multiplicities > 1)
    regular = centres[simple]
    near = [int(m) for m in multiplicities[clusters]]
    return Solutions(
        regular,
        centres[clusters],
        tuple(near),
        shown.affine_radii()[clusters],
        run.ends,
        run.winding,
        run.steps,
        certify(system, regular, p),
        conditions(system, regular, p),
        seed,
        verdict,
        int(multiplicities[~finite].sum()),
        ledger.exact.bezout_number - ledger.number,
        books.counts.at_most() if verdict.claim is Claim.LOWER_BOUND else None,
        books.simple,
    )


def _continued(system: System, p: Complexes, start: object, seed: int, settings: Settings) -> Solutions:
    if not isinstance(start, tuple | list) or len(start) != 2:
        raise InputError("a start is a pair: solutions, a row each, and the parameters at which they are solutions")
    points = complexes(start[0], "start points", system.unknowns).reshape(-1, system.unknowns)
    p0 = complexes(start[1], "start parameters", system.parameters)
    if p0.ndim != 1:
        raise InputError(f"the system has {system.parameters} parameters, got an array of start values of shape {p0.shape}")
    found = track(system, points, p0, p, settings)
    if (found.status == NOT_A_START).any():
        wrong = int(np.argmax(found.status == NOT_A_START))
        raise InputError(
            f"start point {wrong} is no regular solution at the start parameters, Newton's iteration does not stay there: refine it, "
            "or check the order of unknowns and parameters"
        )
    refined, last = refine(system, np.where(found.good[:, None], found.ends, 1.0), p)
    fine = found.good & (last < REFINED)
    seen, kept = DistinctPoints(SAME), []
    for k in np.flatnonzero(fine):
        if seen.add(hashed(refined[k]))[1]:
            kept.append(k)
        else:
            fine[k] = False
    ends = tuple(End.REGULAR if ok else End.FAILED for ok in fine)
    nothing = np.zeros((0, system.unknowns), dtype=np.complex128)
    regular, winding = refined[kept], fine.astype(np.int64)
    certificates, condition = certify(system, regular, p), conditions(system, regular, p)
    return Solutions(regular, nothing, (), np.zeros(0), ends, winding, found.steps, certificates, condition, seed)
