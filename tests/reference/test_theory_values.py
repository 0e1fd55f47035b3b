"""Dimensions of the literature, family by family, with the defective cases as negative controls."""

from __future__ import annotations

import pytest

from neurovariety import Claim, dimension

# Alexander, Hirschowitz 1995: sums of powers of linear forms; the last column is what a parameter count would give.
ALEXANDER_HIRSCHOWITZ = [
    ("mlp(3,5,1; x^4)", 14, 15),
    ("mlp(4,9,1; x^4)", 34, 35),
    ("mlp(5,14,1; x^4)", 69, 70),
    ("mlp(5,7,1; x^3)", 34, 35),
]

# Kileel, Trager, Bruna, arXiv:1905.12207, and Dao, Rodriguez, arXiv:2605.09609: defective deep networks, exponent 2.
DEFECTIVE = [
    ("mlp(5,5,3,1; x^2)", 32, 35),
    ("mlp(5,4,3,1; x^2)", 25, 28),
    ("mlp(4,5,5,3,1; x^2)", 47, 50),
    ("mlp(3,5,6,4,3,1; x^2)", 58, 66),
    ("mlp(3,5,6,9,3,1; x^2)", 89, 106),
    ("mlp(2,3,4,5; x^2)", 24, 25),
    ("mlp(12,10,8,6,1; x^2)", 215, 230),
]

# Usevich et al., arXiv:2506.17093: pyramidal networks are nondefective.
NONDEFECTIVE = [
    ("mlp(4,3,2,2; x^2)", 17),
    ("mlp(4,4,3,2; x^2)", 27),
    ("mlp(3,3,3,3; x^2)", 21),
    ("mlp(5,4,3,2,2; x^2)", 33),
    ("mlp(3,2,2,2,3; x^2)", 14),
    ("mlp(3,3,2,1; x^2, x^3)", 12),
    ("mlp(4,3,3,2,1; x^2, x^2, x^3)", 21),
    ("mlp(1,3,1; x^3)", 1),
]

# Razor's Edge, arXiv:2505.11846, theorem 4.1 and examples: a generic activation leaves no symmetry but permutations.
GENERIC_ACTIVATION = [
    ("mlp(2,2,1; generic(3))", 6),
    ("mlp(2,3,2,1; generic(4))", 14),
    ("mlp(3,2,2,2; generic(3))", 14),
    ("mlp(2,2,2,2,1; generic(3))", 14),
    ("mlp(1,3,3,1; generic(5))", 15),
    ("mlp(2,2,1; x^2 + x)", 5),
    ("mlp(1,2,1; generic(3))", 3),
    ("mlp(2,2,1; x^3 + x^2)", 6),
]

# Henry, Marchetti, Kohn, arXiv:2408.17221, and exact ranks over two primes for the cases where its formula fails.
ATTENTION = [
    ("attention(2,1; a=1; t=2)", 4),
    ("attention(3,2; a=2; t=2)", 13),
    ("attention(3,3; a=1; t=2)", 13),
    ("attention(2,2; a=2; t=1)", 6),
    ("attention(3,2; a=2; t=1)", 11),
    ("attention(2,2,2; a=2,2; t=2)", 10),
    ("attention(3,2,2; a=2,1; t=2)", 15),
    ("attention(3,3,2; a=2,2; t=2)", 20),
    ("attention(2,2,2,2; a=2; t=2)", 13),
    ("attention(3,2,3; a=2,2; t=2)", 18),
    ("attention(2,2,2; a=1,2; t=2)", 8),
    ("attention(3,3,3; a=1,2; t=2)", 18),
    ("attention(2,3,2; a=2,2; t=2)", 10),
    ("attention(3,3; a=1; t=2; heads=2)", 26),
    ("attention(3,3; a=2; t=2; heads=2)", 32),
]

# arXiv:2108.01538 and arXiv:2410.00722: sum of filter sizes minus layers plus one; with a generic activation all of them.
CONVOLUTION = [
    (f"cnn({k}; {act}{strides})", sum(map(int, k.split(","))) - k.count(","))
    for k in ("2,2", "3,2", "2,2,2", "3,2,2", "3,3,2")
    for act in ("x", "x^2", "x^3")
    for strides in ("", "; strides=2,1" if k.count(",") == 1 else "; strides=2,2,1")
] + [("cnn(2,2; x^2 + x)", 4), ("cnn(3,2; generic(3))", 5), ("cnn(2,2,2; x^2 + x)", 6), ("cnn(2,2,2; generic(3))", 6)]


@pytest.mark.parametrize(("notation", "value", "naive"), ALEXANDER_HIRSCHOWITZ + DEFECTIVE)
def test_defective(notation, value, naive):
    result = dimension(notation)
    assert (result.value, result.evidence["expected"], result.evidence["defect"]) == (value, naive, naive - value)
    assert dimension(notation, route="computed", seed=5).value == value


@pytest.mark.parametrize(("notation", "value"), NONDEFECTIVE + GENERIC_ACTIVATION + CONVOLUTION)
def test_dimension(notation, value):
    assert dimension(notation).value == value


@pytest.mark.parametrize(("notation", "value"), ATTENTION)
def test_attention(notation, value):
    assert dimension(notation).value == value


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_heads_add_up(heads):
    """arXiv:2408.17221 for one head; several generic heads of (d, d') = (4, 4) with a = 1 give that many times the dimension."""
    assert dimension(f"attention(4,4; a=1; t=3; heads={heads})").value == 22 * heads


@pytest.mark.parametrize("d0", [1, 2, 3, 4])
@pytest.mark.parametrize("d1", [1, 2, 3, 5])
@pytest.mark.parametrize("d2", [1, 2, 4])
def test_linear_networks_are_determinantal(d0, d1, d2):
    r = min(d0, d1, d2)
    result = dimension(f"linear({d0},{d1},{d2})", route="computed")
    assert result.value == r * (d0 + d2 - r)
    assert result.claim is Claim.PROVED


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_quadrics_are_symmetric_matrices(n, k):
    """Sums of squares of linear forms: symmetric n x n matrices of rank at most k."""
    m = min(n, k)
    assert dimension(f"mlp({n},{k},1; x^2)", route="computed").value == m * (2 * n - m + 1) // 2


@pytest.mark.parametrize(("widths", "exponent"), [((3, 4, 4), 3), ((3, 3, 3), 2), ((2, 2, 2, 2), 3), ((4, 2, 3, 2), 3), ((2, 3, 2), 5)])
def test_threshold_of_two_width_minus_one(widths, exponent):
    """Usevich et al.: exponents from 2 d - 1 on leave only the rescalings, unless the span is smaller."""
    exponent = max(exponent, 2 * max(widths[1:-1]) - 1)
    result = dimension(f"mlp({','.join(map(str, widths))}; x^{exponent})")
    assert result.value == result.evidence["expected"]
