"""Point counts: closed formulas, and plain enumeration of all weights."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures import as_model
from neurovariety.claim import Claim
from neurovariety.dictionary.point_count import PointCountResult, point_count
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.rings.small_field import SmallField


def q_binomial(n, k, q):
    value = prod((Fraction(q ** (n - i) - 1, q ** (k - i) - 1) for i in range(k)), start=Fraction(1))
    assert value.denominator == 1
    return int(value)


def matrices_of_rank_at_most(a, b, r, q):
    """A row space of dimension k, and a b x k matrix of rank k: sum of [a choose k]_q (q^b - 1)(q^b - q)...(q^b - q^(k-1))."""
    return sum(q_binomial(a, k, q) * prod(q**b - q**i for i in range(k)) for k in range(r + 1))


def spaces_spanned_by_squares(outputs, q):
    """Functions of mlp(2,2,k; x^2) over F_q, q odd.

    Rank 0: one. Rank 1: any binary quadratic form is a combination of two squares, so all (q^k - 1)(q^3 - 1)/(q - 1) matrices of rank
    1. Rank 2: the row space must be spanned by two squares of linear forms; the squares are q + 1 points of P^2, no three on a line,
    so there are (q + 1) q / 2 such spaces, and (q^k - 1)(q^k - q) matrices with a given one.
    """
    ones = (q**outputs - 1) * (q**3 - 1) // (q - 1)
    return 1 + ones + q * (q + 1) // 2 * (q**outputs - 1) * (q**outputs - q)


def enumerated(source, p):
    """The number of coefficient vectors over F_p, from all weights one by one."""
    coordinates = Coordinates.of(as_model(source))
    weights = np.array(list(product(range(p), repeat=coordinates.parameters)), dtype=np.int64)
    columns = []
    for polynomial in coordinates.polynomials:
        total = np.zeros(len(weights), dtype=np.int64)
        for e, c in polynomial.to_dict().items():
            term = np.full(len(weights), int(c.p) * pow(int(c.q), -1, p) % p)
            for i, k in enumerate(e):
                for _ in range(int(k)):
                    term = term * weights[:, i] % p
            total = (total + term) % p
        columns.append(total)
    return len(np.unique(np.stack(columns, axis=1), axis=0))


class TestFormulas:
    @pytest.mark.parametrize("q", [2, 3, 4, 5])
    @pytest.mark.parametrize(("a", "r", "b"), [(2, 1, 2), (3, 1, 2), (3, 2, 3), (2, 2, 3), (4, 1, 4)])
    def test_matrices_of_bounded_rank(self, a, r, b, q):
        found = point_count(f"linear({a},{r},{b})", field=q)
        assert found.value["points"] == matrices_of_rank_at_most(a, b, r, q)
        assert found.value["q_to_dimension"] == q ** (r * (a + b - r))
        assert found.value["q_to_ambient"] == q ** (a * b)
        assert Fraction(found.value["ratio"]) == Fraction(found.value["points"], q ** (a * b))
        assert found.claim is Claim.PROVED

    @pytest.mark.parametrize("q", [8, 9])
    def test_larger_prime_powers(self, q):
        assert point_count("linear(2,1,3)", field=q).value["points"] == matrices_of_rank_at_most(2, 3, 1, q)

    @pytest.mark.parametrize(("outputs", "q"), [(2, 3), (2, 5), (2, 7), (2, 9), (2, 11), (3, 3), (3, 5), (4, 3)])
    def test_two_quadratic_neurons(self, outputs, q):
        """For two outputs about one half of q^6: the discriminant must be a nonzero square."""
        found = point_count(f"mlp(2,2,{outputs}; x^2)", field=q)
        assert found.value["points"] == spaces_spanned_by_squares(outputs, q)
        if outputs == 2:
            assert abs(Fraction(found.value["ratio"]) - Fraction(1, 2)) < Fraction(1, 2 * q)

    @pytest.mark.parametrize("q", [3, 5])
    def test_the_discriminant_counts_them(self, q):
        """Over F_q, q odd, rank 2 is realizable exactly where M13^2 - M12 M23 is a nonzero square."""
        squares = {v * v % q for v in range(1, q)}
        t = np.array(list(product(range(q), repeat=6)), dtype=np.int64)
        m12, m13, m23 = ((t[:, i] * t[:, 3 + j] - t[:, j] * t[:, 3 + i]) % q for i, j in ((0, 1), (0, 2), (1, 2)))
        low = (m12 == 0) & (m13 == 0) & (m23 == 0)
        disc = (m13 * m13 - m12 * m23) % q
        assert point_count("mlp(2,2,2; x^2)", field=q).value["points"] == int((low | np.isin(disc, list(squares))).sum())

    @pytest.mark.parametrize("q", [2, 4, 8])
    def test_squares_in_characteristic_two(self, q):
        """(p x + r y)^2 = p^2 x^2 + r^2 y^2, and every element is a square: two neurons give all 2 x 2 matrices in x^2, y^2."""
        found = point_count("mlp(2,2,2; x^2)", field=q)
        assert found.value["points"] == q**4
        assert found.evidence["span_over_the_field"] == 4
        assert found.notices[0] == "mod 2 the functions span a space of dimension 4, over Q one of dimension 6"

    @pytest.mark.parametrize("q", [2, 3, 4, 5, 7, 8, 9])
    def test_one_neuron(self, q):
        """a w^2 runs through F_q; with two outputs (a w^2, b w^2) through F_q^2; w^3 with the outer weight 1 through the cubes."""
        assert point_count("mlp(1,1,1; x^2)", field=q).value["points"] == q
        assert point_count("mlp(1,1,2; x^2)", field=q).value["points"] == q**2
        cube = as_model(lambda w, x: (w * x[0]) ** 3, (), input_shape=1, name="a cube")
        cubes = 1 + (q - 1) // np.gcd(3, q - 1)
        assert point_count(cube, field=q).value["points"] == cubes

    def test_a_common_factor_of_a_cone_is_divided_out(self):
        """The set of functions is that of x^2, also over the field in which 3 is 0."""
        found, plain = (point_count(f"mlp(1,1,1; {s})", field=3) for s in ("3*x^2", "x^2"))
        assert (found.value["points"], found.evidence["span_over_the_field"]) == (3, 1)
        assert found.value == plain.value


class TestEnumeration:
    @pytest.mark.parametrize(
        ("notation", "p"),
        [
            ("mlp(2,2,1; x^2 + x)", 3),
            ("mlp(2,2,1; x^3)", 5),
            ("mlp(1,2,1; x^2; bias)", 3),
            ("mlp(1,2,2,1; x^2)", 3),
            ("cnn(2,2; x^2)", 5),
            ("cnn(2,3; x; outputs=2)", 5),
            ("cnn(2,2,2; x^2)", 3),
            ("attention(2,1; a=1; t=2)", 3),
            ("diagonal(2; layers=3)", 3),
            ("mlp(2,2,1; 1/2*x^2)", 5),
        ],
    )
    def test_against_all_weights(self, notation, p):
        assert point_count(notation, field=p).value["points"] == enumerated(notation, p)

    def test_a_model_that_is_linear_in_no_block(self):
        def tied(w, x):
            return w["a"] @ x * (w["a"][0] * x[1]) + w["b"] ** 2 * x[0]

        model = as_model(tied, {"a": (2,), "b": ()}, input_shape=2, name="tied")
        found = point_count(model, field=5)
        assert found.evidence["linear_in"] == []
        assert found.value["points"] == enumerated(model, 5)

    def test_the_weights_in_which_a_model_is_linear(self):
        assert point_count("mlp(2,2,2; x^2)").evidence["linear_in"] == ["W2"]
        assert point_count("linear(3,1,1)").evidence["linear_in"] == ["W1"]
        assert point_count("mlp(1,2,1; x^2; bias)").evidence["linear_in"] == ["W2", "b2"]


class TestFields:
    @pytest.mark.parametrize("q", [2, 3, 4, 5, 8, 9, 16, 25, 27])
    def test_axioms(self, q):
        f = SmallField(q)
        add, times = f.addition.astype(int), f.multiplication.astype(int)
        a, b, c = np.meshgrid(*[np.arange(q)] * 3, indexing="ij")
        for table in (add, times):
            assert np.array_equal(table, table.T)
            assert np.array_equal(table[table[a, b], c], table[a, table[b, c]])
        assert np.array_equal(times[a, add[b, c]], add[times[a, b], times[a, c]])
        elements = np.arange(q)
        assert np.array_equal(add[0], elements)
        assert np.array_equal(times[1], elements)
        assert not add[elements, f.negation].any()
        assert (times[elements[1:], f.inversion[1:]] == 1).all()
        total = 0
        for _ in range(f.p):
            total = add[total, 1]
        assert total == 0

    def test_rationals(self):
        assert SmallField(9).scalar(Fraction(1, 2)) == 2
        assert SmallField(5).scalar(Fraction(-3, 4)) == 3


class TestInput:
    @pytest.mark.parametrize("q", [0, 1, 6, 12, 257, 1024, -3])
    def test_not_a_field(self, q):
        with pytest.raises(InputError, match="prime power"):
            point_count("linear(2,1,2)", field=q)

    @pytest.mark.parametrize(
        ("notation", "q", "error", "message"),
        [
            ("residual(mlp(2,1,2; 1/3*x^2))", 9, InputError, "denominator is divisible by 3"),
            ("mlp(2,2,1; 1/x)", 3, InputError, "is rational"),
            ("mlp(2,2,1; generic(2))", 3, InputError, "generic"),
            ("mlp(3,3,3; x^3)", 7, ResourceError, "40,353,607 weight vectors"),
            ("linear(60,60,60)", 3, ResourceError, "has 7,200 weights"),
        ],
    )
    def test_refused(self, notation, q, error, message):
        with pytest.raises(error, match=message) as caught:
            point_count(notation, field=q)
        assert "\n" not in str(caught.value)

    def test_round_trip(self):
        found = point_count("mlp(2,2,2; x^2)", field=5)
        again = PointCountResult.from_dict(json.loads(json.dumps(found.to_dict())))
        assert again.rerun().value == found.value
        assert nv.point_count("mlp(2,2,2; x^2)", field=5).value == found.value
