"""Counts of the generic fiber: published values, a second computation in Macaulay2, and what must hold of every architecture."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import warnings
from math import factorial, prod

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures.theorems.generic_fibers import shallow_monomial_fiber
from neurovariety.program import expand
from neurovariety.theorem import GENERIC_FIBER
from reference.notation import CASES, notation

COUNTED = [c for c in CASES if c["id"].startswith(("fib-perfect", "fib-id"))]


@pytest.mark.parametrize("case", COUNTED, ids=lambda c: c["id"])
def test_published_counts(case):
    found = nv.fibers(notation(case["spec"]))
    assert found.value["cardinality"] == case["value"]
    assert found.claim is nv.Claim.PROVED


@pytest.mark.parametrize("exponent", [2, 3, 4, 5])
def test_a_counted_fiber_is_finite(exponent):
    """A theorem that counts points says that the dimension is parameters minus rescalings: exact ranks must agree."""
    counted = 0
    for n, m, k, bias in itertools.product(range(1, 5), range(1, 7), range(1, 4), (False, True)):
        if shallow_monomial_fiber(n, m, k, exponent, bias) is None:
            continue
        counted += 1
        model = nv.as_model(f"mlp({n},{m},{k}; x^{exponent}{'; bias' * bias})")
        assert nv.dimension(model, route="computed").value == model.parameters - m, model.name
    assert counted > 40


def test_no_count_for_what_is_not_determined():
    """Sums of squares turn by orthogonal matrices; quartics (3,5,1) have a pencil of decompositions, binary quartics too."""
    for network in ("mlp(3,2,1; x^2)", "mlp(3,5,1; x^4)", "mlp(2,3,1; x^4)", "mlp(2,3,2; x^3)"):
        value = nv.fibers(network).value
        assert value["cardinality"] is None
        assert value["identifiable"] == "no"


@pytest.mark.slow
def test_rank_decompositions_that_are_counted_are_finite():
    """The same for sums of products of vectors, and for tensor trains: no hidden direction where a theorem counts the points."""
    counted = 0
    for modes in itertools.combinations_with_replacement(range(1, 4), 3):
        for rank in (1, 2, 4):
            found = nv.fibers(f"cp({','.join(map(str, modes))}; rank={rank}; outputs=2)")
            assert _told_by_a_theorem(found) <= (found.value["hidden"] == 0), found.subject
            counted += _told_by_a_theorem(found)
    assert counted > 10
    assert nv.fibers("tt(2,3,2; ranks=2,2)").value["cardinality"] == 1
    assert nv.fibers("tt(2,3,2; ranks=3,2)").value["cardinality"] is None
    assert nv.fibers("cp(2,2,2; rank=2)").value["cardinality"] == 1
    assert nv.fibers("cp(2,2,2; rank=3)").value["identifiable"] == "no"


def _told_by_a_theorem(found) -> bool:
    return any(t.quantity == GENERIC_FIBER for t in found.model.theorems)


def test_linear_networks_of_least_width_are_one_orbit():
    assert nv.fibers("linear(3,2,2,4)").value["cardinality"] == 1
    assert nv.fibers("linear(3,2,3,4)").value["cardinality"] is None


@pytest.mark.oracle
def test_macaulay2_counts_the_same():
    """Points of the fiber over a random function, one weight of each neuron or filter set to its value, over a prime field."""
    if shutil.which("M2") is None:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn("Macaulay2 is not installed: counts of generic fibers were not compared with it", stacklevel=1)
        return
    networks = {
        "mlp(2,2,1; x^3)": 2,
        "mlp(3,2,2; x^2)": 2,
        "mlp(2,3,2; x^4)": 6,
        "mlp(1,1,1; x^3; bias)": 1,
        "cnn(2,2; x)": 1,
        "cnn(2,3; x)": 1,
        "cnn(2,2,2; x)": 1,
        "cnn(2,2; x^2)": 1,
        "cnn(3,2; x^2)": 1,
        "cnn(2,2; x^3)": 1,
        "diagonal(2; layers=3)": 1,
        "cp(2,2,2; rank=2)": 2,
        "cp(3,2,2; rank=2)": 2,
    }
    script = "".join(_gauge_fixed(nv.as_model(a)) for a in networks)
    out = subprocess.run(["M2", "--silent", "--stop"], input=script, capture_output=True, text=True, timeout=120, check=True).stdout
    found = [int(line.split()[1]) for line in out.splitlines() if line.startswith("answer ")]
    assert found == [count * nv.fibers(a).value["cardinality"] for a, count in networks.items()], "points times permutations"


def _gauge_fixed(model) -> str:
    """A script that prints the number of points of the gauge-fixed fiber: every torus of the model loses one weight a factor."""
    expansion, p = expand(model), 32003
    n = expansion.parameters
    target = [(7 * i * i + 3 * i + 11) % 101 + 1 for i in range(n)]
    where, fixed = model.places, set()
    for action in model.symmetries:
        if not action.finite:
            name, axis, _ = action.axes[0]
            first = np.moveaxis(where[name], axis, 0).reshape(action.size, -1)[:, 0]
            fixed |= {int(i) for i in first}
    polynomials = []
    for o in range(len(expansion.outputs)):
        found: dict[tuple, list] = {}
        for e, c in expansion.coefficients(o).items():
            found.setdefault(e[n:], []).append((int(c), e[:n]))
        for terms in found.values():
            value = sum(c * prod(t**k for t, k in zip(target, e, strict=True)) for c, e in terms) % p
            shown = " + ".join(f"({c})*" + ("*".join(f"w_{i}^{k}" for i, k in enumerate(e) if k) or "1") for c, e in terms)
            polynomials.append(f"{shown} - {value}")
    polynomials += [f"w_{i} - {target[i]}" for i in sorted(fixed)]
    return f'R = ZZ/{p}[w_0..w_{n - 1}]; I = ideal({", ".join(polynomials)}); print("answer " | toString degree radical I);\n'


def test_roots_dealt_out_to_filters():
    for sizes in [(2, 2), (3, 2), (2, 2, 2), (1, 3), (4, 3, 2)]:
        degrees = [k - 1 for k in sizes]
        count = factorial(sum(degrees)) // prod(factorial(e) for e in degrees)
        found = nv.fibers(f"cnn({','.join(map(str, sizes))}; x)")
        assert found.value["cardinality"] == count
        assert any(t["quantity"] == GENERIC_FIBER for t in found.evidence["theorems"])
