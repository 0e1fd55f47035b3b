"""Linear maps as they are written, and the conjugacy classes of elements of finite order."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from neurovariety import InputError
from neurovariety.geometry.equivariance.layer_classes import classes, commuting, hidden_groups
from neurovariety.geometry.equivariance.linear_map import pair_of, read_map
from neurovariety.symmetry import AxisAction, Kind


def power(matrix: np.ndarray, k: int, p: int) -> np.ndarray:
    out = np.eye(len(matrix), dtype=np.int64)
    for _ in range(k):
        out = out @ matrix.astype(np.int64) % p
    return out


class TestMaps:
    def test_forms_of_one_map(self):
        swap = read_map("1,0,2", 3, "inputs")
        for same in ("(0 1)", "(0,1)(2)", "0,1,0;1,0,0;0,0,1", [1, 0, 2], np.array([1, 0, 2]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]]):
            assert read_map(same, 3, "inputs") == swap
        assert read_map(str(swap), 3, "inputs") == swap
        half = read_map("1/2,0.5;1,-1", 2, "inputs")
        assert half.rows == ((Fraction(1, 2), Fraction(1, 2)), (1, -1))
        assert read_map(str(half), 2, "inputs") == half
        assert read_map("-1", 1, "inputs").rows == ((-1,),)
        assert read_map("shift", 3, "inputs") == read_map("1,2,0", 3, "inputs") == read_map("(0 1 2)", 3, "inputs")
        assert read_map("negation", 2, "inputs") == read_map("-1,0;0,-1", 2, "inputs")
        assert read_map("reverse", 3, "inputs") == read_map("(0 2)", 3, "inputs")

    @pytest.mark.parametrize(
        ("text", "size", "order"),
        [("0,1,2", 3, 1), ("shift", 7, 7), ("(0 1)(2 3 4)", 5, 6), ("0,-1;1,0", 2, 4), ("0,-1;1,-1", 2, 3), ("negation", 3, 2),
         ("1,1;0,1", 2, None), ("2,0;0,1/2", 2, None), ("0,0;0,0", 2, None), ("3/5,-4/5;4/5,3/5", 2, None), ("shift", 61, None)],
    )  # fmt: skip
    def test_order(self, text, size, order):
        assert read_map(text, size, "inputs").order == order

    def test_common_order(self):
        assert pair_of(read_map("shift", 3, "inputs"), read_map("negation", 2, "outputs")).order == 6
        assert pair_of(read_map("shift", 8, "inputs"), read_map("shift", 9, "outputs")).order is None  # 72 is above 60

    @pytest.mark.parametrize(
        "bad",
        ["", "1,1", "0,1", "1,0,2,3", "0;1", "1,0;0", "a,b,c", "(0 1", "(0 3)", "(0 1)(1 2)", "()", "1e9,0,0;0,1,0;0,0,1",
         "1/0,0,0;0,1,0;0,0,1", "nan,0,0;0,1,0;0,0,1",
         7, [], [1, 0], [[1, 0], [0, 1]], [0, [1], 2], [0.5, 1, 2], object()],
    )  # fmt: skip
    def test_bad_maps(self, bad):
        with pytest.raises(InputError) as error:
            read_map(bad, 3, "inputs")
        assert len(str(error.value)) < 400


class TestClasses:
    def group(self, kind, size, *weights):
        return hidden_groups((AxisAction(kind, size, tuple((f"W{i}", i % 2, w) for i, w in enumerate(weights)), "it"),))[0]

    @pytest.mark.parametrize("q", [1, 2, 3, 4, 6])
    @pytest.mark.parametrize("size", [1, 2, 3, 4])
    def test_permutations_up_to_conjugation(self, size, q):
        """Cycle types of the permutations with g^q = 1, counted among all permutations."""
        types = set()
        for g in map(list, permutations(range(size))):
            power, lengths, left = list(range(size)), [], set(range(size))
            for _ in range(q):
                power = [g[i] for i in power]
            while left:
                i, n = min(left), 0
                while i in left:
                    left.remove(i)
                    i, n = g[i], n + 1
                lengths.append(n)
            if power == list(range(size)):
                types.add(tuple(sorted(lengths)))
        found = list(classes(self.group(Kind.PERMUTATION, size, 1, 1), q))
        assert {tuple(sorted(n for n, _ in c.parts)) for c in found} == types
        assert len(found) == len(types)
        assert found[0].trivial

    @pytest.mark.parametrize("q", [1, 2, 3, 4, 5, 6, 8])
    @pytest.mark.parametrize(("kind", "weights"), [(Kind.TORUS, (1, -3)), (Kind.TORUS, (1, -2)), (Kind.GENERAL_LINEAR, (1, -1))])
    def test_elements_have_their_order(self, kind, weights, q):
        """g^q = 1 on every axis; in a general linear group weight -1 is the inverse transpose, and all characters differ."""
        actions = (AxisAction(kind, 4, tuple((f"W{i}", i % 2, w) for i, w in enumerate(weights)), "it"),)
        if kind is Kind.TORUS:
            actions += (AxisAction(Kind.PERMUTATION, 4, (("W0", 0, 1), ("W1", 1, 1)), "exchange"),)
        (group,) = hidden_groups(actions)
        p = next(k for k in range(4_000_000 // q * q + 1, 2**22, q) if is_prime(k))
        root = next(r for a in range(2, 99) if len({pow(r := pow(a, (p - 1) // q, p), k, p) for k in range(q)}) == q)
        traces = set()
        for c in classes(group, q):
            (_, _, first), (_, _, second) = c.factors(p, root)
            for m in (first, second):
                assert np.array_equal(power(m, q, p), np.eye(4))
            if kind is Kind.GENERAL_LINEAR:
                assert np.array_equal(np.mod(first.T.astype(np.int64) @ second.astype(np.int64), p), np.eye(4))
            traces.add(tuple(int(np.trace(power(first, k, p))) % p for k in range(q)))
        if kind is Kind.GENERAL_LINEAR:
            assert len(traces) == len(list(classes(group, q)))


def is_prime(n: int) -> bool:
    return all(n % k for k in range(2, math.isqrt(n) + 1))


def test_groups_that_share_an_axis():
    """A product of elements of two groups on one axis need not have their order, so one of them is left out."""
    first = AxisAction(Kind.GENERAL_LINEAR, 2, (("W1", 0, 1), ("W2", 1, -1)), "a")
    second = AxisAction(Kind.TORUS, 2, (("W1", 0, 1), ("W3", 0, -1)), "b")
    scalar = AxisAction(Kind.TORUS, 1, (("W1", 0, 1), ("W2", None, -1)), "c")
    groups = hidden_groups((first, second, scalar))
    assert [g.name for g in commuting(groups, ())] == ["a", "c"]
    assert [g.name for g in commuting(groups, [("W2", 1)])] == ["b", "c"]
