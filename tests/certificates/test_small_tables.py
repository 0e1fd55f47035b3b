"""Small parts of the room against a second way: tables of signs, residues of forms, brackets of fields, a formula, orders of nodes."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, log2

import flint
import numpy as np
import pytest

from neurovariety.certificates import network_programs
from neurovariety.certificates.network_nodes import check_order
from neurovariety.certificates.network_programs import network_program
from neurovariety.certificates.network_slopes import SlopeTape, _Number
from neurovariety.certificates.neurons_on_a_line import coefficient_of_neurons
from neurovariety.certificates.piecewise_signs import _Ball, _FloatStage
from neurovariety.certificates.plain_form import _shown
from neurovariety.certificates.points_of_faces import FaceOfNorm
from neurovariety.certificates.ranks_at_inputs import size_in_bits
from neurovariety.certificates.region_counts import _StageMod
from neurovariety.certificates.sign_table import SignTable
from neurovariety.certificates.stored_networks import StoredNetwork, StoredNode
from neurovariety.certificates.stored_strata import fact_of
from neurovariety.certificates.vector_fields import FieldModP, context_of
from neurovariety.certificates.zeros import NotShown


class TestSigns:
    @pytest.mark.parametrize(("rows", "columns"), [(5, 1), (4, 8), (9, 9), (6, 17), (3, 0)])
    def test_tables_hold_what_they_were_given(self, rows, columns):
        signs = np.random.default_rng(rows).integers(-1, 2, size=(rows, columns)).astype(np.int8)
        table = SignTable.of(signs)
        assert len(table) == rows
        assert np.array_equal(table[:], signs)
        assert np.array_equal([*table], signs)
        at = np.indices(signs.shape).reshape(2, -1) if columns else (np.arange(rows), np.zeros(rows, dtype=int))
        assert np.array_equal(table.is_nonzero(*at), (signs != 0).reshape(-1) if columns else np.zeros(rows, dtype=bool))
        assert all(np.array_equal(a, b) for a, b in zip(table.zeros(), np.nonzero(signs == 0), strict=True))
        assert table.rows_differ() == (len({row.tobytes() for row in signs}) == rows)
        assert not SignTable.of(np.concatenate([signs, signs[:1]])).rows_differ()
        assert np.array_equal(SignTable.stacked([table, table], columns)[:], np.concatenate([signs, signs]))
        assert len(SignTable.stacked([], columns)) == 0

    def test_groups_of_rows(self):
        signs = np.array([[1, 0, -1], [1, 0, 0], [0, 0, 1], [0, -1, -1]], dtype=np.int8)
        table = SignTable.of(signs)
        for members, found, both in (([0, 1], [1, 0, -1], False), ([1, 3], [1, -1, -1], False), ([3], [0, -1, -1], False)):
            own, meets = table.on_groups(np.array([0, len(members)]), np.array(members))
            assert own[0].tolist() == found
            assert meets is both
        assert table.on_groups(np.array([0, 2, 4]), np.array([0, 1, 2, 3]))[1]


@pytest.mark.parametrize("p", [2, 5, 251])
def test_sums_of_products_modulo_a_prime(p):
    """Residues, among them 0, as integers give them."""
    drawn = np.random.default_rng(p)
    matrix, read = drawn.integers(0, p, size=(4, 7)), drawn.integers(0, p, size=(7, 3, 2))
    matrix[0] = 0
    matrix[1], read[:, 0, 0] = p - 1, p - 1
    direct = drawn.integers(0, p, size=(4, 1, 2))
    order = drawn.permutation(7).tolist()
    stage = _StageMod(p, (), list(range(7)), direct.astype(float), np.zeros(2), matrix.astype(float), 0, [], None)
    found = stage.combined(read[order].astype(float), order)
    assert np.array_equal(found, (direct + np.tensordot(matrix, read, axes=(1, 0))) % p)


def test_brackets_of_fields():
    """Their value, and the polynomials at the point, are the same; [x^2 d/dy, y d/dx] by hand."""
    p = 10007
    context = context_of(2, p)
    x, y, zero = context.gen(0), context.gen(1), context.constant(0)
    drawn = np.random.default_rng(1)

    def polynomial():
        return sum((int(c) * x**i * y**j for i, j, c in drawn.integers(0, 4, size=(4, 3)).tolist()), zero)

    for _ in range(6):
        point = drawn.integers(0, p, size=2).tolist()
        one, two = (FieldModP.of([polynomial(), polynomial()], point, p) for _ in range(2))
        assert one.bracket_value(two) == list(one.bracket(two, zero).value)
        assert [(a + b) % p for a, b in zip(one.bracket_value(two), two.bracket_value(one), strict=True)] == [0, 0]
    one, two = FieldModP.of([zero, x * x], (3, 5), p), FieldModP.of([y, zero], (3, 5), p)
    assert one.bracket_value(two) == [-9 % p, 30]


def test_the_formula_of_aoyagi_and_watanabe():
    """(H + i^2 + i)/(4 i + 2) with i the root of H, for units such as tanh."""
    for h in range(1, 40):
        i = isqrt(h)
        twice, order = coefficient_of_neurons(h, 1, 1, 2, h)
        assert twice == Fraction(h + i * i + i, 2 * i + 1)
        assert order == (2 if i * i == h else 1)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 2), (1, 2, 3), (3, 3, 1)])
def test_the_formula_by_its_minimum(shape):
    """The least of G(u) = H u + m max(k - s_k u) for u >= 0, at the places where two of the lines meet."""
    outputs, first, step = shape
    for h in range(1, 20):
        for count in (1, 2, h):
            s = [first * k + step * k * (k - 1) // 2 for k in range(count + 1)]
            meet = [Fraction(b - a, s[b] - s[a]) for a in range(count + 1) for b in range(a + 1, count + 1)]
            values = [h * u + outputs * max(k - s[k] * u for k in range(count + 1)) for u in (Fraction(0), *meet)]
            least = min(values)
            places = {u for u, v in zip((Fraction(0), *meet), values, strict=True) if v == least}
            assert coefficient_of_neurons(h, *shape, count) == (least, min(len(places), 2))


def test_sizes_of_tables():
    """Bits of numerators over the common denominator, and of that; 1 for 0 and 1."""
    for rows, largest in (
        (((0, 1),), 2),
        (((3, -9),), 9),
        (((Fraction(1, 7), Fraction(1, 14)),), 14),
        (((Fraction(5, 6),), (Fraction(7, 4),)), 21),
    ):
        assert size_in_bits(tuple(tuple(map(Fraction, row)) for row in rows)) == log2(largest)


def network(nodes, output="y"):
    made = tuple(StoredNode(name, kind, inputs, weights, {}, "") for name, kind, inputs, weights in nodes)
    numbers = {"w": np.ones((2, 2)), "b": np.ones(2), "one": np.ones(1)}
    return StoredNetwork((2,), made, output, numbers, ())


INPUT, LINEAR = ("x", "input", (), {}), ("y", "linear", ("x",), {"weight": "w", "bias": "b"})


def test_orders_of_nodes():
    check_order(network([INPUT, LINEAR]))
    check_order(network([INPUT, LINEAR], "x"))
    wrong = {
        "no order": [
            [LINEAR, INPUT],
            [INPUT, INPUT, LINEAR],
            [INPUT, ("y", "linear", ("x",), {"weight": "v"})],
            [INPUT, ("y", "linear", ("z",), {"weight": "w"})],
        ],
        "one entry a channel": [[INPUT, ("y", "linear", ("x",), {"weight": "w", "bias": "one"})]],
        "one input and an output": [[INPUT, ("z", "input", (), {}), LINEAR], [("y", "parameter", (), {"value": "w"})], [INPUT]],
    }
    for words, cases in wrong.items():
        for nodes in cases:
            with pytest.raises(NotShown, match=words):
                check_order(network(nodes))


def test_a_fact_that_is_not_stored():
    assert fact_of(int, ("a", 3, 4), "") == 3
    with pytest.raises(NotShown, match="no number"):
        fact_of(int, ("a",), "no number")


def test_data_are_shown_short():
    assert _shown("a" * 58) == "'" + "a" * 58 + "'"
    assert _shown("a" * 59) == "'" + "a" * 56 + "..."


def test_forms_on_a_face():
    """One sign for each error."""
    errors = ((Fraction(1), Fraction(2)), (Fraction(3), Fraction(5)), (Fraction(7), Fraction(11)))
    assert FaceOfNorm("l1", errors, (1, 0, -1), (), (), None, 1).linear == (-6, -9)
    for signs in ((1, 0), (1, 0, -1, 1)):
        with pytest.raises(ValueError, match="zip"):
            _ = FaceOfNorm("l1", errors, signs, (), (), None, 1).linear


def test_a_program_that_grows_too_large(monkeypatch):
    """Products of arrays of objects stop where one of them is refused."""
    linear = network([INPUT, LINEAR])
    assert len(network_program(linear).sums) == 8
    for most in range(8):
        monkeypatch.setattr(network_programs, "_MOST_SUMS", most)
        with pytest.raises(NotShown, match="too large"):
            network_program(linear)


class TestNumbersModuloAPrime:
    """A number of a tape with its exact value, where that is known."""

    P = 101

    def number(self, exactly, slot):
        return _Number(self.tape, 7, None if exactly is None else flint.fmpq(exactly), slot)

    def setup_method(self):
        self.tape = SlopeTape(self.P, 3)

    def test_the_larger_of_two(self):
        low, high, same = self.number(2, 0), self.number(5, 1), self.number(5, 2)
        assert low < high
        assert not high < low
        assert not high < same
        assert low.larger(high) is high
        assert high.larger(low) is high
        assert high.larger(high) is high
        assert self.tape.rests == []
        assert high.larger(same).slot == -1
        assert self.tape.rests == [1, 2]
        for one, two in ((None, 2), (2, None), (None, None)):
            with pytest.raises(NotShown, match="exact inputs"):
                self.number(one, 0).larger(self.number(two, 1))

    def test_lines_on_which_they_lie(self):
        """relu6, of slopes 0, 1, 0; at a kink no weight moves the value."""
        kinks = [self.number(k, -1) for k in (0, 6)]
        pieces = [tuple(self.number(v, -1) for v in line) for line in ((0, 0), (1, 0), (0, 6))]
        for at, found in ((-1, 0), (0, 0), (1, 1), (6, 6), (9, 6)):
            rests = len(self.tape.rests)
            made = self.tape.bend(self.number(at, 0), kinks, pieces)
            assert made.exactly == found
            assert (made.slot == -1) or at == 1 or at in (-1, 9)
            assert len(self.tape.rests) - rests == (at in (0, 6))
        with pytest.raises(NotShown, match="exact inputs"):
            self.tape.bend(self.number(None, 0), kinks, pieces)
        with pytest.raises(NotShown, match="exact inputs"):
            self.tape.bend(self.number(1, 0), [self.number(None, -1)], pieces)


def test_bent_units_in_doubles():
    """relu6 and |x|/2 - 1 of numbers in balls, at both ends of these, over a common factor."""
    stage = _FloatStage(
        np.arange(2),
        np.arange(2),
        np.eye(2),
        np.ones(2),
        np.array([0, 0, 1]),
        np.array([0.0, 6.0, 0.0]),
        np.array([[0.0, 6.0], [0.0, np.inf]]),
        np.array([[0.0, 1.0, 0.0], [-0.5, 0.5, 0.5]]),
        np.array([[0.0, 0.0, 6.0], [-1.0, -1.0, -1.0]]),
        False,
    )
    drawn = np.random.default_rng(0)
    z = _Ball(drawn.uniform(-20, 20, size=(2, 200)), drawn.choice([0.0, 0.25, 3.0], size=(2, 200)))
    t = _Ball(drawn.uniform(1, 3, size=200), drawn.choice([0.0, 0.125], size=200))
    found = stage.bent(z, t)
    for unit, function in enumerate((lambda x, s: min(max(x, 0), 6 * s), lambda x, s: abs(x) / 2 - s)):
        for k in range(200):
            middle, radius = Fraction(found.middle[unit, k]), Fraction(found.radius[unit, k])
            for a in (-1, 1):
                for b in (-1, 1):
                    x = Fraction(z.middle[unit, k]) + a * Fraction(z.radius[unit, k])
                    s = Fraction(t.middle[k]) + b * Fraction(t.radius[k])
                    assert abs(function(x, s) - middle) <= radius
            if not z.radius[unit, k] and not t.radius[k]:
                assert radius < Fraction(1, 2**40)
    cuts = stage.less_kinks(z, t)
    for cut, (unit, kink) in enumerate(((0, 0), (0, 6), (1, 0))):
        for k in range(200):
            exact = Fraction(z.middle[unit, k]) - kink * Fraction(t.middle[k])
            most = Fraction(z.radius[unit, k]) + kink * Fraction(t.radius[k])
            room = Fraction(cuts.radius[cut, k]) - abs(exact - Fraction(cuts.middle[cut, k]))
            assert most <= room <= most * Fraction(1002, 1000) + Fraction(1, 2**40)
