"""The programs as such: what they count, and what is said where one is absent, fails, takes too long or contradicts."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.homotopy import System, solve
from neurovariety.oracles import ORACLES, SystemModP, compare_zeros, find_oracle
from neurovariety.oracles.leading_ideal import standard_count
from neurovariety.oracles.system_mod_p import unknowns
from opponents.present import present

NAMES = tuple(ORACLES)


def test_standard_monomials_by_trying_all():
    rng = np.random.default_rng(0)
    for unknown in (1, 2, 3):
        for _ in range(30):
            pure = [tuple(int(i == k) * int(rng.integers(1, 5)) for i in range(unknown)) for k in range(unknown)]
            heads = pure + [tuple(int(v) for v in rng.integers(0, 4, unknown)) for _ in range(4)]
            box = itertools.product(range(6), repeat=unknown)
            expected = sum(not any(all(a <= b for a, b in zip(h, e, strict=True)) for h in heads) for e in box)
            assert standard_count(heads, unknown) == expected
    assert standard_count([(1, 1), (2, 0)], 2) is None
    assert standard_count([(0, 0)], 2) == 0


SYSTEMS = [
    # by hand: zeros with multiplicity, and each once
    (lambda x, y: ([x**2 + y**2 - 5, x * y - 2], []), 4, 4),
    (lambda x, y: ([x**3, y**2], []), 6, 1),
    (lambda x, y: ([x**2 * (x - 1), y * (y - 2)], []), 6, 4),
    (lambda x, y: ([x**2 * (x - 1), y * (y - 2)], [x]), 2, 2),
    (lambda x, y: ([x * y, (x - 1) * (x - 2) * y], [x, y]), 0, 0),
    (lambda x, y: ([x * y, x * y - 1], []), 0, 0),
    (lambda x, y: ([x * y], []), None, None),
    (lambda x, y: ([x, y, x * 0 + 1], []), 0, 0),
]


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_counts_by_hand(name):
    program = present(name, "zeros of small systems")
    if program is None:
        return
    ring, p = unknowns(2, 32003), 32003
    for made, counted, once in SYSTEMS:
        equations, nonzero = made(*ring.gens())
        system = SystemModP.of(ring, p, equations, nonzero)
        assert program.count(system) == counted
        if name == "msolve":
            with pytest.raises(nv.InputError, match="with multiplicity only"):
                program.count(system, distinct=True)
        elif counted is not None:
            assert program.count(system, distinct=True) == once


def _named(name):
    return f"NEUROVARIETY_{name.upper()}"


@pytest.mark.parametrize("name", NAMES)
def test_absent(name, monkeypatch):
    monkeypatch.setenv(_named(name), "/nowhere/at/all")
    assert find_oracle(name).path is None
    with pytest.raises(nv.OracleError, match=f"{find_oracle(name).title} is not installed: "):
        nv.degree("linear(2,1,2)").rerun(oracle=name)


@pytest.mark.slow
def test_failure_and_time(monkeypatch, tmp_path):
    """Programs that say nothing sensible, that never end, and that are wrong."""
    result = nv.degree("linear(2,1,2)", route="theorem")

    def stand_in(line):
        file = tmp_path / "stand_in"
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(0o755)
        monkeypatch.setenv("NEUROVARIETY_SINGULAR", str(file))

    stand_in("echo out of memory; exit 3")
    with pytest.raises(nv.OracleError, match="Singular failed on 3 unknowns; it said: out of memory"):
        result.rerun(oracle="singular")
    stand_in("sleep 60")
    with pytest.raises(nv.OracleError, match=r"did not answer within 0\.2 seconds"):
        result.rerun(oracle="singular", time_limit=0.2)
    stand_in('case "$*" in *version*) echo 9.9.9;; *) echo "count = 7";; esac')
    with pytest.raises(nv.VerificationError, match=r"degree of linear\(2,1,2\): recorded 2 \(proved\), and Singular counts 1 mod \d+"):
        result.rerun(oracle="singular")
    stand_in('echo "count = -1"')
    with pytest.raises(nv.OracleError, match="infinitely many weights on a slice"):
        result.rerun(oracle="singular")


def test_what_is_not_asked():
    with pytest.raises(nv.InputError, match="unknown oracle 'maple'"):
        nv.degree("linear(2,1,2)").rerun(oracle="maple")
    with pytest.raises(nv.InputError, match=r"dimension is not asked of other programs; those that can be are degree, ed-degree"):
        nv.dimension("linear(2,1,2)").rerun(oracle="msolve")
    with pytest.raises(nv.InputError, match="has no number that another program could count"):
        nv.fibers("mlp(3,2,1; x^2)").rerun(oracle="msolve")
    again = nv.degree("linear(2,1,2)").rerun(seed=5)
    assert (again.value, again.provenance.seed) == (2, 5)


def _recorded(found, *, value, claim="complete"):
    """A file that says something else: a result itself cannot be given another value."""
    said = {"value": {"claim": claim, "error": None, "scope": []}}
    return nv.DegreeResult.from_dict(found.to_dict() | {"value": value, "claim": claim, "claims": said})


@pytest.mark.slow
@pytest.mark.oracle
def test_contradictions_and_bounds():
    for name in NAMES:
        if (program := present(name, "wrong numbers")) is None:
            continue
        found = nv.degree("mlp(2,2,1; x^4)", route="computed")
        with pytest.raises(nv.VerificationError, match=f"recorded 4 .*{program.title} counts 3 mod"):
            _recorded(found, value=4).rerun(oracle=name)
        fewer = _recorded(found, value=2, claim="lower_bound").rerun(oracle=name)
        assert (fewer.recorded, fewer.value, fewer.claim) == (2, 3, "lower_bound")
        assert "claimed lower_bound 2; counted 3" in str(fewer)
        wrong = replace(found, evidence=dict(found.evidence) | {"dimension": 3})
        with pytest.raises(nv.VerificationError, match="has rank 4 mod"):
            wrong.rerun(oracle=name)


@pytest.mark.slow
@pytest.mark.oracle
def test_read_back_and_data():
    """A result from JSON is compared as it stands, unless its data were not written; stated quadrics are taken exactly."""
    for name in NAMES:
        if present(name, "results read back") is None:
            continue
        found = nv.ed_degree("mlp(2,2,1; x^4)", metric="bombieri")
        read = type(found).from_dict(json.loads(json.dumps(found.to_dict())))
        agreement = read.rerun(oracle=name)
        assert (agreement.value, agreement.question, agreement.subject) == (7, "ed-degree", "mlp(2,2,1; x^4)")
        assert agreement.seconds > 0
        assert agreement.prime % 4 == 1
        table = [[1, 2, 0], [0.5, 1, 3], [2, -1, 1], [0, 0, 1], [1, 1, 1], [3, 1, -2]]
        data = nv.ed_degree("mlp(3,2,1; x^2)", metric="data", data=table)
        assert data.rerun(oracle=name).value == data.value
        with pytest.raises(nv.InputError, match="does not hold the data"):
            type(data).from_dict(json.loads(json.dumps(data.to_dict()))).rerun(oracle=name)
        return


ZEROS = [
    (lambda x, p: [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2], (), 4, 4),
    (lambda x, p: [x[0] ** 3 - p[0] * x[0] ** 2, x[1] ** 2 - 1], (2.5,), 6, 2),
    (lambda x, p: [x[0] ** 2 + 1j * x[1], x[1] ** 2 - 0.75 * x[0]], (), 4, 4),
    (lambda x, p: [(x[0] - 1) * (x[0] - 2) * x[1], x[0] + x[1] ** 2 - 3], (), 5, 5),
]


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_solutions_of_systems(name):
    if present(name, "solutions of systems") is None:
        return
    for function, parameters, number, simple in ZEROS:
        system = System.build(function, 2, len(parameters))
        found = solve(system, parameters)
        assert compare_zeros(found, system, parameters, oracle=name).value == number
        assert compare_zeros(found, system, parameters, oracle=name, simple=True).value == simple
    with pytest.raises(nv.VerificationError, match="zeros of 2 equations: recorded 1"):
        compare_zeros(replace(found, regular=found.regular[:1], multiplicity=()), system, parameters, oracle=name)
    divides = System.build(lambda x, p: [1 / x[0] - 2], 1)
    with pytest.raises(nv.InputError, match="divides by unknowns"):
        compare_zeros(found, divides, oracle=name)


def test_nothing_else_enters_the_room():
    """The library, its command line and its reports come without it."""
    program = (
        "import sys, neurovariety as nv, neurovariety.cli.main, neurovariety.report\n"
        "nv.degree('linear(2,1,2)').rerun()\nprint([m for m in sys.modules if 'oracles' in m])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
    package = Path(nv.__file__).parent
    inside = {
        f.relative_to(package).as_posix() for f in package.rglob("*.py") if "neurovariety.oracles" in f.read_text(encoding="utf-8")
    }
    assert {f for f in inside if not f.startswith("oracles/")} == {"dictionary/entry_result.py"}
