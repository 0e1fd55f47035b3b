"""Closed formulas of degrees: published values, each formula against another and against Macaulay2, and where none may apply."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from itertools import product
from math import comb, factorial, prod

import pytest

import neurovariety as nv
from neurovariety.architectures.theorems.degrees import (
    linear_convolution_theorems,
    matrices_of_bounded_rank,
    rank_decomposition_degree,
    shallow_monomial_degree,
    symmetric_matrices_of_bounded_rank,
)
from neurovariety.architectures.theorems.double_points import degree_of_product, double_points, secant_planes_of_surface
from neurovariety.citations import SOURCES
from neurovariety.program import expand
from neurovariety.theorem import DEGREE, Theorem

PUBLISHED = {
    # matrices and symmetric matrices of bounded rank
    "linear(2,1,2)": 2,
    "linear(3,1,2)": 3,
    "linear(3,1,3)": 6,
    "linear(3,2,3)": 3,
    "linear(4,1,3)": 10,
    "linear(4,2,3)": 6,
    "linear(4,1,4)": 20,
    "linear(4,2,4)": 20,
    "linear(4,3,4)": 4,
    "linear(5,2,4)": 50,
    "linear(5,2,5)": 175,
    "linear(5,3,5)": 50,
    "linear(6,3,6)": 980,
    "linear(6,2,4)": 105,
    "linear(6,5,2,6,4)": 105,
    "mlp(6,2,4; x)": 105,
    "mlp(6,2,4; x; bias)": 105,
    "mlp(3,1,1; x^2)": 4,
    "mlp(3,2,1; x^2)": 3,
    "mlp(4,1,1; x^2)": 8,
    "mlp(4,2,1; x^2)": 10,
    "mlp(4,3,1; x^2)": 4,
    "mlp(5,1,1; x^2)": 16,
    "mlp(5,2,1; x^2)": 35,
    "mlp(5,3,1; x^2)": 20,
    "mlp(5,4,1; x^2)": 5,
    # secants of rational normal curves and scrolls
    "mlp(2,2,1; x^4)": 3,
    "mlp(2,2,1; x^5)": 6,
    "mlp(2,2,1; x^8)": 21,
    "mlp(2,3,1; x^6)": 4,
    "mlp(2,3,1; x^7)": 10,
    "mlp(2,4,1; x^8)": 5,
    "mlp(2,4,1; x^10)": 35,
    "mlp(2,5,1; x^12)": 56,
    "mlp(2,2,2; x^3)": 6,
    "mlp(2,2,2; x^4)": 15,
    "mlp(2,2,2; x^5)": 28,
    "mlp(2,2,3; x^3)": 15,
    "mlp(2,2,3; x^2)": 3,
    "mlp(2,2,3; -1/3*x^2)": 3,
    "mlp(2,3,2; x^4)": 4,
    "mlp(2,3,4; x^3)": 4,
    # secant lines of Veronese and Segre-Veronese varieties
    "mlp(3,2,1; x^3)": 15,
    "mlp(3,2,1; x^4)": 75,
    "mlp(3,2,1; x^5)": 222,
    "mlp(3,2,1; x^6)": 510,
    "mlp(4,2,1; x^3)": 175,
    "mlp(4,2,1; x^4)": 1470,
    "mlp(5,2,1; x^3)": 1855,
    "mlp(3,2,2; x^2)": 15,
    "mlp(3,2,3; x^2)": 81,
    # hypersurfaces, and secant planes of Veronese surfaces
    "mlp(3,3,1; x^3)": 4,
    "mlp(3,3,1; x^4)": 112,
    "mlp(3,4,1; x^4)": 35,
    "mlp(3,5,1; x^4)": 6,
    "mlp(4,9,1; x^4)": 10,
    "mlp(5,14,1; x^4)": 15,
    "mlp(3,9,1; x^6)": 10,
    "mlp(5,7,1; x^3)": 15,
    # convolutions
    "cnn(2,2; x^2)": 4,
    "cnn(2,2; x^3)": 6,
    "cnn(3,2; x^2)": 12,
    "cnn(2,3; x^2)": 6,
    "cnn(2,2,2; x^2)": 48,
    "cnn(3,3; x^2)": 24,
    "cnn(3,3,3; x^2)": 5760,
    "cnn(3,3,3; x^3)": 65610,
    "cnn(2,2; x; strides=2,1)": 2,
    "cnn(3,2; x; strides=2,1)": 3,
    "cnn(2,3; x; strides=2,1)": 3,
    "cnn(3,3; x; strides=2,1)": 6,
    "cnn(2,2,2; x; strides=2,2,1)": 6,
    "cnn(3,3,3; x; strides=2,2,1)": 90,
    "cnn(4,4; x; strides=3,1)": 20,
    "cnn(2,2,2,2; x; strides=2,2,2,1)": 24,
    # tensors
    "cp(2,2,2; rank=1)": 6,
    "cp(3,3,3; rank=2)": 783,
}


def stated(notation: str) -> Theorem | None:
    found = [t for t in nv.as_model(notation).theorems if t.quantity == DEGREE]
    assert len(found) <= 1
    assert all(t.applies and t.value > 0 and t.source in SOURCES for t in found)
    return found[0] if found else None


@pytest.mark.parametrize("notation", PUBLISHED)
def test_published_degrees(notation):
    assert stated(notation).value == PUBLISHED[notation]


@pytest.mark.parametrize(
    ("notation", "degree"),
    [
        ("cnn(2,3; x)", 1),
        ("cnn(2,2,2; x; strides=1,2,1)", 3),
        ("cnn(2,2,2; x; strides=2,1,1)", 3),
        ("cnn(2,1,2; x; strides=2,2,1)", 2),
        ("cnn(2,2; x; strides=1,2)", 1),
        ("cnn(2,2; x; strides=2,1; outputs=3)", 2),
        ("cnn(2,2; x^2; outputs=2)", 4),
        ("cnn(2,2; x^2; strides=2,1)", 4),
        ("cnn(2,2; 5*x^2; input=7)", 4),
        ("cnn(1,3; x^2)", 1),
        ("cnn(3,1; x^2)", 4),
        ("cnn(2,1,2; x^2, x^3)", 12),
        ("cnn(2,2,2; x^2, x^3)", 3 * 2 * 6 * 3),
        ("tt(2,2,2,2; ranks=2,2,2)", 20),
        ("tt(3,3,3; ranks=1,3)", 45),
        ("tt(2,3,2; ranks=2,2)", 1),
        ("tt(3,3,3; ranks=1,1)", factorial(6) // 8),
        ("tt(2,3; ranks=1; outputs=2)", 6),
        ("tt(2,2,2; ranks=1,1; outputs=2)", factorial(5) // factorial(3)),
        ("sequence(linear(3,2); linear(2,3))", 3),
        ("sequence(linear(3,2); mlp(2,2,1; x^3))", 15),
        ("cp(2,3; rank=1; outputs=2)", factorial(4) // 2),
    ],
)
def test_variations(notation, degree):
    assert stated(notation).value == degree


@pytest.mark.parametrize(
    "notation",
    [
        "mlp(2,2,1; x^4; bias)",
        "mlp(3,1,1; x^2; bias)",
        "mlp(2,2,1; x^3 + x^2)",
        "mlp(2,2,2,1; x^2)",
        "mlp(3,2,1; 1/x)",
        "mlp(3,3,2; x^2)",
        "mlp(4,3,1; x^3)",
        "cnn(2,2; x^2 + x)",
        "cnn(2,2; x^2; channels=1,2,1)",
        "cnn(2,2; x; channels=1,2,1; strides=2,1)",
        "cnn(2x2,2x2; x^2)",
        "cnn(2,2,2; x, x^2)",
        "cp(2,2,2,2; rank=3)",
        "tt(3,3,3; ranks=1,2)",
        "residual(mlp(2,1,2; x^2))",
        "residual(linear(3,2,3))",
        "attention(2,1; a=2; t=2)",
    ],
)
def test_no_theorem_where_hypotheses_fail(notation):
    assert stated(notation) is None


@pytest.mark.parametrize("notation", ["mlp(400,200,400; x)", "mlp(300,150,1; x^2)", "mlp(600,2,600; x^2)", "cnn(2,2; x^1000000)"])
def test_large_architectures_are_answered_at_once_or_not(notation):
    found = stated(notation)
    assert found is None or len(str(found.value)) <= 4000


def test_formulas_agree_where_they_meet():
    for n, m, k in product(range(2, 7), range(1, 5), range(1, 6)):
        assert matrices_of_bounded_rank(n, m, k) == matrices_of_bounded_rank(m, n, k)
        assert degree_of_product((n - 1, m - 1), (1, 1)) == matrices_of_bounded_rank(n, m, 1)
        if k < n:
            assert degree_of_product((n - 1,), (2,)) == symmetric_matrices_of_bounded_rank(n, 1)
        assert rank_decomposition_degree((n, m), k).value == matrices_of_bounded_rank(n, m, k)
    for d in range(2, 8):
        # two terms: projections of X, against minors of block Hankel matrices and against integrals on the Hilbert scheme
        assert double_points((2,), (d,)) == secant_planes_of_surface(d, 2)
        for m in range(1, 5):
            if m * (d - 1) > 2:
                assert double_points((1, m - 1), (d, 1)) == comb(m * (d - 1), 2) == shallow_monomial_degree(2, 2, m, d).value
        for m in range(2, 8):  # as many terms as the degree: matrices
            assert shallow_monomial_degree(2, d, m, d).value == matrices_of_bounded_rank(d + 1, m, d)
    for m in range(2, 6):
        assert rank_decomposition_degree((2, 2, m), 3).value == matrices_of_bounded_rank(4, m, 3)


def test_defective_secants_are_met_by_nothing():
    """Quadrics of rank two and matrices of rank two have a secant variety of too small dimension; so do five fourth powers."""
    assert all(double_points((n,), (2,)) == 0 for n in range(2, 6))
    assert all(double_points((n, m), (1, 1)) == 0 for n in range(1, 5) for m in range(1, 5))
    assert secant_planes_of_surface(4, 5) == 0


@pytest.mark.parametrize("points", [3, 4])
def test_planes_of_ellingsrud_and_stromme(points):
    """Their polynomials in the degree for three and four points, found with Bott's formula."""
    for d in range(points - 1, 12):
        published = {
            3: (d**6 - 30 * d**4 + 45 * d**3 + 206 * d**2 - 576 * d + 384) // 6,
            4: (d**8 - 60 * d**6 + 90 * d**5 + 1160 * d**4 - 3204 * d**3 - 5349 * d**2 + 26586 * d - 23760) // 24,
        }
        assert secant_planes_of_surface(d, points) == published[points]


def test_roots_divide_the_degree_of_the_filters():
    """Degree of the Segre variety of the filters = degree of the image times the ways to deal out the roots between strides."""
    for sizes, strides in [((3, 2, 4), (1, 1, 1)), ((3, 2, 4), (2, 1, 1)), ((3, 2, 4), (1, 3, 1)), ((3, 2, 4), (2, 3, 1))]:
        parts, degrees = [[sizes[0] - 1]], [k - 1 for k in sizes]
        for k, s in zip(sizes[1:], strides, strict=False):
            parts = [*parts, [k - 1]] if s > 1 else [*parts[:-1], [*parts[-1], k - 1]]
        ways = prod(factorial(sum(g)) // prod(factorial(e) for e in g) for g in parts)
        assert linear_convolution_theorems(sizes, strides)[0].value * ways == degree_of_product(degrees, (1, 1, 1))


@pytest.mark.oracle
def test_macaulay2_finds_the_same():
    """The ideal of the coefficients, eliminated over a prime field, has the degree stated."""
    if shutil.which("M2") is None:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn("Macaulay2 is not installed: degrees were not compared with it", stacklevel=1)
        return
    networks = [
        "linear(3,1,2)",
        "linear(3,2,3)",
        "mlp(3,1,1; x^3)",
        "mlp(2,1,3; x^2)",
        "mlp(3,2,1; x^2)",
        "mlp(2,2,1; x^4)",
        "mlp(2,2,1; x^5)",
        "mlp(2,2,3; x^2)",
        "mlp(2,2,2; x^3)",
        "mlp(2,2,2; x^4)",
        "mlp(3,2,1; x^3)",
        "mlp(3,2,2; x^2)",
        "cnn(2,2; x^2)",
        "cnn(2,2; x^3)",
        "cnn(2,3; x^2)",
        "cnn(2,2; x^2; strides=2,1)",
        "cnn(3,1; x^2)",
        "cnn(2,1,2; x^2)",
        "cnn(3,2; x^2)",
        "cnn(3,2; x^2; strides=3,1)",
        "cnn(2,2; x; strides=2,1)",
        "cnn(2,2,2; x; strides=2,1,1)",
        "cnn(2,2,2; x; strides=1,2,1)",
        "cp(2,2,2; rank=1)",
        "tt(2,2,2; ranks=1,2)",
        "tt(2,2,2; ranks=2,1; outputs=2)",
        "cp(2,2,3; rank=2)",
    ]
    script = "".join(_implicit(a) for a in networks)
    out = subprocess.run(["M2", "--silent", "--stop"], input=script, capture_output=True, text=True, timeout=300, check=True).stdout
    found = [int(line.split()[1]) for line in out.splitlines() if line.startswith("answer ")]
    assert found == [stated(a).value for a in networks]


def _implicit(notation: str) -> str:
    expansion = expand(nv.as_model(notation))
    n = expansion.parameters
    found: dict[tuple, list[str]] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            shown = "*".join(f"w_{i}^{k}" for i, k in enumerate(e[:n]) if k) or "1"
            found.setdefault((o, e[n:]), []).append(f"({c})*{shown}")
    images = ", ".join(" + ".join(terms) for terms in found.values())
    rings = f"R = ZZ/32003[w_0..w_{n - 1}]; S = ZZ/32003[c_0..c_{len(found) - 1}];\n"
    return rings + f'print("answer " | toString degree kernel map(R, S, {{{images}}}));\n'
