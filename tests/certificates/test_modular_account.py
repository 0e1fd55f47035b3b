"""Numbers of zeros modulo primes: exact products, traces that are replayed, and wrong traces, which never give too small a number."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.certificates.test_zeros_and_accounts import PATCH, points
from tests.homotopy.systems import cyclic, katsura

from neurovariety.certificates.account import FloatZeros
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.modular_account import ModularAccount, modular_bound, reduced
from neurovariety.certificates.modular_products import Residues
from neurovariety.certificates.standard_monomials import ModularRing, Trace, TraceStep, replayed, standard_monomials
from neurovariety.claim import Claim
from neurovariety.homotopy import System
from neurovariety.homotopy.exact_program import exact_system
from neurovariety.homotopy.groebner import trace_of
from neurovariety.homotopy.modular_counts import MOST_WORK, random_primes

PRIMES = random_primes(np.random.default_rng(0))
SMALL = 2**20 + 13
WORD = 2**31 - 99
"""Primes that are 1 modulo 4: of the search, and one that Singular takes as well."""


def caprasse(x, p):
    """24 simple zeros and 8 fourfold ones, at which the Jacobian has corank 2."""
    a, b, c, d = x
    return [
        2 * a * b * d - 2 * a + b**2 * c - c,
        -(a**3) * c + 4 * a**2 * b * d + 4 * a**2 + 4 * a * b**2 * c + 4 * a * c + 2 * b**3 * d - 10 * b**2 - 10 * b * d + 2,
        a * d**2 - a + 2 * b * c * d - 2 * c,
        -a * c**3 + 4 * a * c * d**2 + 4 * a * c + 4 * b * c**2 * d + 2 * b * d**3 - 10 * b * d + 4 * c**2 - 10 * d**2 + 2,
    ]


SYSTEMS = {
    "cyclic-5": (cyclic(5), 70, 70),
    "katsura-4": (katsura(4), 16, 16),
    "caprasse": (System.build(caprasse, 4), 56, 24),
    "a double root": (System.build(lambda x, p: [(x[0] - 1) ** 2 * (x[0] + 2), x[1] ** 2 - x[0]], 2), 6, 2),
    "a line and a point": (System.build(lambda x, p: [x[0] * (x[0] - 1), x[0] * (x[1] - 2)], 2), None, 1),
}
"""Systems, with the numbers of all finite zeros and of the simple ones; none where it is infinite."""


def trace_for(program: ExactSystem, simple: bool = False, enough: int = 0) -> Trace:
    polynomials, unknowns = reduced(program, SMALL, simple)
    return trace_of([f for f in polynomials if f], unknowns, SMALL, enough, MOST_WORK).trace


CAPRASSE = exact_system(SYSTEMS["caprasse"][0], [])
CAPRASSE_TRACE = trace_for(CAPRASSE)


def test_modular_account():
    """The intersection x y = 1, x^2 y = 2 has one finite zero of six in projective space."""
    system = System.build(lambda x, p: [x[0] * x[1] - 1, x[0] ** 2 * x[1] - 2], 2)
    program, zeros, _ = points(system, [[2, 0.5]], PATCH)
    trace = trace_for(program)
    verdict = issue(ModularAccount(program.hash, zeros, PRIMES, trace), program)
    assert verdict.claim is Claim.PROBABILITY
    assert verdict.statement.error < 1e-20
    none = replace(zeros, floats=FloatZeros(np.zeros((0, 3), dtype=complex), np.zeros((0, 3, 3), dtype=complex)))
    with pytest.raises(NotShown, match="0 of at most 1"):
        issue(ModularAccount(program.hash, none, PRIMES, trace), program)
    for primes in ((PRIMES[0], PRIMES[0]), (2**61 - 1, PRIMES[0]), (5, 13), (PRIMES[0] + 4, PRIMES[1])):
        with pytest.raises(NotShown, match="two different primes"):
            issue(ModularAccount(program.hash, zeros, primes, trace), program)
    for wrong in ((), trace[:-1], trace_for(exact_system(SYSTEMS["a double root"][0], []))):
        with pytest.raises(NotShown):
            issue(ModularAccount(program.hash, zeros, PRIMES, wrong), program)


@pytest.mark.parametrize(
    ("equations", "unknowns", "number"),
    [
        (lambda x, p: [(x[0] - 1) ** 2 * (x[0] + 2), x[1] - x[0]], 2, 3),
        (lambda x, p: [x[0] ** 2, x[1] ** 2 - x[0], x[2] ** 2 - x[1]], 3, 8),
        (lambda x, p: [x[0] + x[1] - 1, x[0] + x[1] - 2], 2, 0),
        (lambda x, p: [x[0] ** 2 + 1, x[1] ** 3 - 1j * x[0]], 2, 6),
        (lambda x, p: [x[1] - x[0] ** 2, x[1] + x[0] ** 2 - x[0] ** 3], 2, 3),
        (lambda x, p: [x[0] ** 3 + x[1] + 5, x[1] ** 4 - x[0]], 2, 12),
        (lambda x, p: [x[0] * x[1] - 1, x[0] * x[1] - 2], 2, 0),
        (lambda x, p: [x[0] - 1, x[1] + x[0]], 2, 1),
    ],
)
def test_numbers_modulo_a_prime(equations, unknowns, number):
    program = exact_system(System.build(equations, unknowns), [])
    assert modular_bound(program, PRIMES[0], False, trace_for(program)) == number


@pytest.mark.parametrize("name", SYSTEMS)
def test_numbers_of_known_systems(name):
    """A line has no number of zeros, but of simple ones."""
    system, number, regular = SYSTEMS[name]
    program = exact_system(system, [])
    for simple, known in ((False, number), (True, regular)):
        trace = trace_for(program, simple)
        if known is not None:
            assert modular_bound(program, PRIMES[1], simple, trace) == known
        else:
            with pytest.raises(NotShown, match="infinitely many"):
                modular_bound(program, PRIMES[1], simple, trace)


@pytest.mark.parametrize("simple", [False, True])
@pytest.mark.parametrize("name", SYSTEMS)
def test_singular_counts_the_same(name, simple):
    """Dimensions of quotients modulo a prime of a word."""
    if shutil.which("Singular") is None:
        warnings.warn("Singular is not installed: dimensions of quotients are not compared", stacklevel=1)
        return
    program = exact_system(SYSTEMS[name][0], [])
    polynomials, unknowns = reduced(program, WORD, simple)
    names = [f"v{i}" for i in range(unknowns)]
    texts = [
        "+".join("*".join([str(c), *(f"{v}^{e}" for v, e in zip(names, m, strict=True))]) for m, c in f.items()) for f in polynomials
    ]
    script = f"ring r={WORD},({','.join(names)}),dp; ideal i={','.join(texts)}; ideal j=std(i); print(vdim(j)); quit;\n"
    output = subprocess.run(["Singular", "-q", "--no-rc"], input=script, capture_output=True, text=True, timeout=60, check=True).stdout
    number = int(output.split()[0])
    own = trace_of(polynomials, unknowns, WORD, 0, MOST_WORK)
    assert own.final
    assert own.standard == (None if number < 0 else number)
    if number >= 0:
        assert modular_bound(program, PRIMES[0], simple, own.trace) == number


@pytest.mark.parametrize("p", [5, SMALL, WORD, *PRIMES, 2**61 - 1])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), inner=st.sampled_from([1, 3, 511, 513, 1500]))
def test_products_are_exact(p, seed, inner):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, p, (3, inner)), rng.integers(0, p, (inner, 2))
    a[rng.integers(0, 4, a.shape) == 0] = p - 1
    b[:, 0] = p - 1
    field = Residues(p)
    assert (field.product(a, b) == a.astype(object) @ b.astype(object) % p).all()
    assert (field.times(a, b[:, 0]) == a.astype(object) * b[:, 0].astype(object) % p).all()


def test_keys_are_ordered_by_degree_and_reverse_lexicographically():
    ring = ModularRing(3, PRIMES[0])
    monomials = np.array(list(product(range(4), repeat=3)))
    keys = ring.keys(monomials)
    assert (ring.exponents(keys) == monomials).all()
    order = sorted(range(len(keys)), key=lambda k: (monomials[k].sum(), *(-monomials[k][::-1])))
    assert (np.argsort(keys) == order).all()
    assert (keys[:, None] + keys[None, :] == ring.keys(monomials[:, None] + monomials[None, :])).all()
    for wrong in ([-1, 2, 0], [2**14, 2**14, 2**14]):
        with pytest.raises(NotShown, match="degrees"):
            ring.keys(np.array([wrong]))
    high = ring.polynomial({(2**14, 0, 0): 1})
    with pytest.raises(NotShown, match="degrees"):
        ring.multiples([high], np.array([[2**14, 0, 0]]))


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=0, max_size=5))
def test_standard_monomials(mixed):
    leading = np.array([(5, 0, 0), (0, 4, 0), (0, 0, 3), *mixed])
    brute = sum(not any((np.array(m) >= d).all() for d in leading) for m in product(range(5), range(4), range(3)))
    assert standard_monomials(leading, 60) == brute
    assert standard_monomials(leading[1:3], 60) is None
    assert standard_monomials(leading[:3], 59) is None


def test_polynomials_of_a_trace_vanish_where_the_generators_do():
    """At (1, 2, 3), a zero of all three."""
    system = System.build(lambda x, p: [x[0] * x[1] ** 2 - x[2] - 1, x[1] ** 3 - x[2] ** 2 + x[0], x[0] * x[2] ** 2 - x[1] - 7], 3)
    program = exact_system(system, [])
    polynomials, unknowns = reduced(program, PRIMES[0], False)
    ring = ModularRing(unknowns, PRIMES[0])
    found = replayed(ring, [ring.polynomial(f) for f in polynomials], trace_for(program))
    assert len(found) > 6
    for f in found:
        values = [int(np.prod(np.array([1, 2, 3], dtype=object) ** m)) for m in ring.exponents(f.keys)]
        assert sum(v * int(c) for v, c in zip(values, f.coefficients, strict=True)) % ring.p == 0
        assert f.coefficients[0] == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_trace_gives_too_small_a_number(data):
    """Whatever a trace says, nothing but the ideal comes out: mutated ones are refused, or leave as many standard monomials or more."""
    trace = [TraceStep(s.reducers, s.numbers.copy(), s.multipliers.copy()) for s in CAPRASSE_TRACE]
    for _ in range(data.draw(st.integers(1, 4))):
        k = data.draw(st.integers(0, len(trace) - 1))
        row = data.draw(st.integers(0, len(trace[k].numbers) - 1))
        match data.draw(st.sampled_from(["number", "multiplier", "reducers", "drop"])):
            case "number":
                trace[k].numbers[row] = data.draw(st.integers(-1, 40))
            case "multiplier":
                trace[k].multipliers[row, data.draw(st.integers(0, 3))] = data.draw(st.integers(-1, 5))
            case "reducers":
                trace[k] = replace(trace[k], reducers=data.draw(st.integers(0, len(trace[k].numbers))))
            case "drop" if len(trace) > 1:
                del trace[k]
    try:
        bound = modular_bound(CAPRASSE, PRIMES[0], False, tuple(trace))
    except NotShown:
        return
    assert bound >= 56


def test_a_trace_that_names_what_is_not_there_is_refused():
    first, *others = CAPRASSE_TRACE
    for wrong in (
        replace(first, numbers=first.numbers + 4),
        replace(first, numbers=first.numbers - 5),
        replace(first, multipliers=first.multipliers[:-1]),
        replace(first, numbers=first.numbers[:0], multipliers=first.multipliers[:0]),
        replace(first, multipliers=first.multipliers[:, :-1]),
        replace(first, multipliers=first.multipliers - 1),
        replace(first, multipliers=first.multipliers + 2**12),
    ):
        with pytest.raises(NotShown):
            modular_bound(CAPRASSE, PRIMES[0], False, (wrong, *others))


def test_a_search_that_is_too_long_ends():
    polynomials, unknowns = reduced(exact_system(cyclic(5), []), SMALL, False)
    found = trace_of(polynomials, unknowns, SMALL, 0, 1e7)
    assert not found.final
    assert found.standard is None or found.standard > 70
