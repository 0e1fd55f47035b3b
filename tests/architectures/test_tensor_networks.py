"""Tensor trains, sums of products, diagonal networks: functions, notation, symmetries, and every theorem against exact ranks."""

from __future__ import annotations

import itertools
import random
from functools import reduce
from math import prod

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures import CP, Diagonal, TensorTrain, parse
from neurovariety.architectures.theorems import segre
from neurovariety.citations import cite
from neurovariety.geometry.exact.generic_rank import rank_at
from neurovariety.geometry.exact.points import draw_point
from neurovariety.linear_algebra import rank
from neurovariety.program.expand import expand
from neurovariety.program.group_actions import is_invariant
from neurovariety.program.of_model import jacobian_program
from neurovariety.randomness import generator
from neurovariety.symmetry import Kind

P = 2_097_143
"""A prime of 21 bits."""

NOTATIONS = [
    "tt(2,3,2; ranks=2)",
    "tt(2,3,2; ranks=2,1)",
    "tt(2,2; ranks=3; outputs=2)",
    "tt(1,3,1,2; ranks=1,2,2)",
    "tt(3,3,3,3; ranks=2,4,3; outputs=3)",
    "tt(2,2,2,2,2,2,2,2,2,2,2; ranks=2)",
    "cp(2,3,2; rank=4)",
    "cp(3,4; rank=2)",
    "cp(3,4; rank=2; outputs=2)",
    "cp(1,3,2; rank=3)",
    "cp(2,2,2,2; rank=3; outputs=4)",
    "cp(2,3,2; rank=1)",
    "diagonal(4; layers=3)",
    "diagonal(1; layers=1)",
    "diagonal(3; layers=12)",
]


def tensor(a, w):
    """The coefficients (n_1, ..., n_d, outputs) of a tensor network, contracted entry by entry."""
    out = np.zeros((*a.modes, a.outputs))
    for place in np.ndindex(*a.modes):
        if isinstance(a, TensorTrain):
            matrices = [w[name][:, i, :] for name, i in zip(a.shapes(), place, strict=True)]
            out[place] = reduce(np.matmul, matrices)[0]
        else:
            terms = np.prod([w[name][i] for name, i in zip(a.shapes(), place, strict=False)], axis=0)
            out[place] = w["B"] @ terms if a.outputs > 1 else np.sum(terms)
    return out


@pytest.mark.parametrize("text", NOTATIONS)
def test_function(text):
    """Against the tensor of coefficients contracted with the mode vectors one by one."""
    a = parse(text)
    rng = np.random.default_rng(0)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    x = rng.standard_normal(a.input_shape)
    with jax.enable_x64(True):
        found = np.asarray(a.apply(w, x, np.zeros(0)))
    if isinstance(a, Diagonal):
        expected = np.array([np.sum(np.prod(list(w.values()), axis=0) * x)])
    else:
        expected = tensor(a, w)
        for part in np.split(x, np.cumsum(a.modes)[:-1]):
            expected = np.tensordot(part, expected, axes=(0, 0))
    assert found.shape == expected.shape == a.model.output_shape
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert [b.name for b in a.model.blocks] == list(a.shapes())


@pytest.mark.parametrize("text", NOTATIONS)
def test_notation_and_symmetries(text):
    a = parse(text)
    assert repr(a) == text
    assert parse(repr(a)) == a
    assert all(is_invariant(a.model, s) for s in a.symmetries())
    assert all(t.applies for t in a.theorems())
    assert cite(*(t.source for t in a.theorems()))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("TT( 2,3 ,2; outputs = 1; ranks=2,2 )", "tt(2,3,2; ranks=2)"),
        ("cp(2,3; outputs=2; rank=1)", "cp(2,3; rank=1; outputs=2)"),
        ("cp(2,3; rank=1; outputs=1)", "cp(2,3; rank=1)"),
        ("diagonal( 4 ;layers = 3)", "diagonal(4; layers=3)"),
    ],
)
def test_equivalent_notations(text, canonical):
    assert repr(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tt()", "modes.*tt\\(2,3,2"),
        ("tt(2,3,2)", "needs ranks="),
        ("tt(2; ranks=2)", "at least 2 modes"),
        ("tt(2,0; ranks=2)", "mode 0"),
        ("tt(2,-1; ranks=2)", "mode -1"),
        ("tt(2,x; ranks=2)", "whole number"),
        ("tt(2,3,2; ranks=2,2,2)", "1 or 2 ranks expected for the 2 bonds.*got 3"),
        ("tt(2,3; ranks=2,2)", "1 rank expected for the 1 bond"),
        ("tt(2,3; ranks=)", "missing"),
        ("tt(2,3; ranks=0)", "rank 0"),
        ("tt(2,3; ranks=2; outputs=0)", "outputs=0"),
        ("tt(2,3; rank=2)", "unknown"),
        ("tt(2,3; ranks=2; x^2)", "tt takes ranks= and outputs="),
        ("tt(99999,9999; ranks=99999)", "more than the limit"),
        (f"tt({','.join(['999'] * 400)}; ranks=1)", "entries"),
        ("cp()", "modes"),
        ("cp(2,3,2)", "needs rank="),
        ("cp(3; rank=2)", "at least 2 modes"),
        ("cp(2,3; rank=0)", "rank 0"),
        ("cp(2,3; rank=2,2)", "whole number"),
        ("cp(2,3; ranks=2)", "unknown"),
        ("cp(2,3; rank=2; outputs=-1)", "outputs=-1"),
        ("cp(2,3; rank=2; x^2)", "cp takes rank="),
        ("cp(99999,99999; rank=99999)", "more than the limit"),
        ("diagonal(4)", "needs layers="),
        ("diagonal(0; layers=2)", "width 0"),
        ("diagonal(4,4; layers=2)", "one width"),
        ("diagonal(4; layers=0)", "layers=0"),
        ("diagonal(4; layers=99999)", "layers=99999"),
        ("diagonal(4; depth=2)", "unknown"),
        ("diagonal(4; layers=2; x^2)", "diagonal takes layers="),
        ("diagonal(; layers=2)", "whole number"),
    ],
)
def test_refusals(text, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def exact_rank(a, seed=1):
    """The rank of the Jacobian at a random point over a random prime field, at more inputs than parameters."""
    p, point = draw_point(a.model, generator(seed, "test"))
    return rank_at(a.model, p, point, point.inputs(a.model, a.parameters // a.model.outputs + 3))[0]


def holds(a):
    """The computed dimension, after every theorem has been held against it."""
    found = nv.dimension(a, route="computed")
    for t in a.theorems():
        if t.quantity == "dimension":
            assert t.value == found.value, (str(a), t.name, t.value, found.value)
        elif t.quantity == "dimension at most":
            assert t.value >= found.value, (str(a), t.name, t.value, found.value)
    return found


def random_trains(count, seed):
    r = random.Random(seed)
    while count:
        d = r.randint(2, 5)
        a = TensorTrain(tuple(r.randint(1, 4) for _ in range(d)), tuple(r.randint(1, 5) for _ in range(d - 1)), r.randint(1, 3))
        if a.parameters <= 120:
            count -= 1
            yield a


class TestTensorTrain:
    def test_dimension(self):
        """Holtz, Rohwedder, Schneider 2012 with ranks cut down to attainable ones; 60 random trains."""
        trains = list(random_trains(60, seed=7))
        assert sum(a.attainable() != a.ranks for a in trains) > 8, "the reduction must be tested"
        for a in trains:
            assert exact_rank(a) == a.theorems()[0].value, str(a)

    def test_ranks_of_separations(self):
        """The k-th separation of a random tensor of the family has the k-th attainable rank."""
        rng = np.random.default_rng(3)
        for a in random_trains(25, seed=8):
            w = {name: rng.integers(1, 30, shape).astype(float) for name, shape in a.shapes().items()}
            t = tensor(a, w)
            found = [rank(np.fmod(t, P).reshape(prod(a.modes[:k]), -1), P) for k in range(1, len(a.modes))]
            assert all(f <= r for f, r in zip(found, a.attainable(), strict=True))
            again = tensor(a, {name: rng.integers(1, 30, shape).astype(float) for name, shape in a.shapes().items()})
            other = [rank(np.fmod(again, P).reshape(prod(a.modes[:k]), -1), P) for k in range(1, len(a.modes))]
            assert tuple(map(max, found, other)) == a.attainable(), str(a)

    def test_fibers_are_orbits(self):
        """Attainable ranks: the generic fiber is the orbit of the groups on the bonds (Holtz, Rohwedder, Schneider 2012)."""
        for text in ("tt(2,3,2; ranks=2)", "tt(2,2,2,2; ranks=2,3,2)", "tt(3,3; ranks=2; outputs=2)"):
            found = nv.fibers(text)
            assert (found.value["hidden"], str(found.claim)) == (0, "proved")

    def test_span(self):
        for text, value in (("tt(2,3,2; ranks=1)", 12), ("tt(2,2; ranks=1; outputs=3)", 12), ("tt(3,1,2; ranks=2)", 6)):
            found = nv.ambient(text)
            assert (found.value, str(found.claim)) == (value, "proved")

    def test_matrices(self):
        """Two modes are matrices of bounded rank: the same dimensions as linear networks."""
        for n, r, k in itertools.product((1, 2, 4), (1, 2, 3), (1, 3)):
            assert holds(TensorTrain((n, 3), (r,), k)).value == nv.dimension(f"linear({n},{r},{3 * k})").value

    def test_jacobian_costs_what_a_perceptron_costs(self):
        """The number of ring operations of the Jacobian grows with its entries: one contraction and one product a core."""
        model = parse("tt(5,5,5,5,5,5,5,5; ranks=8)").model
        sizes = [prod(i.shape) for i in jacobian_program(model, 50).instructions]
        assert sum(sizes) <= 4 * 50 * model.parameters


class TestCP:
    def test_dimension(self):
        """Every theorem at every rank up to two above the generic one, for 50 formats; bounds alone prove all of these dimensions."""
        formats = [m for d in (2, 3, 4, 5) for m in itertools.combinations_with_replacement((2, 3, 4), d) if prod(m) <= 54]
        cases = equalities = 0
        for m in formats:
            for r in range(1, prod(m) // (1 + sum(n - 1 for n in m)) + 3):
                found = holds(CP(m, r))
                assert str(found.claim) == "proved", (m, r, found.evidence["upper_bound"])
                cases += 1
                several = [t for t in (*segre._one_large_mode(m, r), *segre._equal_modes(m, r)) if t.applies and len(m) > 2]
                assert {t.value for t in several} <= {found.value}, (m, r)
                equalities += bool(several)
        assert cases > 100
        assert equalities > 60

    @pytest.mark.parametrize(
        ("modes", "rank", "value", "ambient"),
        [
            # Strassen 1983: 3 x n x n, n odd, rank (3n - 1)/2 is a hypersurface.
            ((3, 3, 3), 4, 26, 27),
            ((3, 5, 5), 7, 74, 75),
            ((3, 7, 7), 10, 146, 147),
            # Catalisano, Geramita, Gimigliano 2011: (P1)^4 at rank 3 is the only defective case of (P1)^k, k >= 3.
            ((2, 2, 2, 2), 3, 14, 16),
            ((2, 2, 2, 2), 2, 10, 16),
            ((2, 2, 2, 2, 2), 5, 30, 32),
            ((2, 2, 2, 2, 2, 2), 9, 63, 64),
            # Abo, Ottaviani, Peterson 2009: P1 x P1 x Pn x Pn at rank 2n + 1, P2 x P3 x P3 at rank 5.
            ((2, 2, 3, 3), 5, 34, 36),
            ((2, 2, 4, 4), 7, 62, 64),
            ((2, 2, 5, 5), 9, 98, 100),
            ((3, 4, 4), 5, 44, 48),
            ((3, 4, 4), 4, 36, 48),
            # Unbalanced (Catalisano, Geramita, Gimigliano 2008): 2 x 2 x 4 at rank 3 is a determinant.
            ((2, 2, 4), 3, 15, 16),
            ((2, 3, 6), 5, 35, 36),
            ((2, 3, 5), 4, 28, 30),
            # Lickteig 1985: 4 x 4 x 4 fills at rank 7 = ceil(64/10), not at 6.
            ((4, 4, 4), 6, 60, 64),
            ((4, 4, 4), 7, 64, 64),
        ],
    )
    def test_published_dimensions(self, modes, rank, value, ambient):
        found = holds(CP(modes, rank))
        assert (found.value, str(found.claim)) == (value, "proved")
        assert nv.ambient(CP(modes, rank)).value == ambient

    def test_outputs_are_one_more_mode(self):
        for modes, r, k in itertools.product([(2, 2), (2, 3), (1, 2, 2), (1, 3)], (1, 2, 3), (2, 3)):
            assert holds(CP(modes, r, k)).value == holds(CP((*modes, k), r)).value

    def test_modes_of_size_one_change_nothing(self):
        for modes, r in itertools.product([(2, 2, 2), (3, 2), (3,)], (1, 2, 3)):
            with_ones = holds(CP((1, *modes, 1), r))
            assert with_ones.value == (holds(CP(modes, r)).value if len(modes) > 1 else modes[0])

    def test_two_flattenings_confine_more_than_one(self):
        names = {t.name: t.value for t in CP((2, 2, 3, 3), 5).theorems()}
        assert names["rank of a flattening"] == 35
        assert names["ranks of two flattenings"] == 34

    def test_bounds_of_flattenings_hold_for_every_flattening(self):
        """A sum of 4 products along the flattening (2,3 | 2,3) has larger ranks along others: neither locus contains the other."""
        rng = np.random.default_rng(5)
        modes, r = (2, 3, 2, 3), 4
        t = sum(np.multiply.outer(rng.integers(1, 50, (2, 3)), rng.integers(1, 50, (2, 3))).astype(float) for _ in range(r))
        assert rank(np.fmod(t, P).reshape(6, 6), P) == r
        assert rank(np.fmod(t.transpose(0, 2, 1, 3), P).reshape(4, 9), P) == 4
        assert rank(np.fmod(t.transpose(0, 3, 1, 2), P).reshape(6, 6), P) > r
        assert len(CP(modes, r).theorems()) > 1

    def test_fibers(self):
        """Identifiable below: terms are unique up to scale and order; defective: decompositions come in families."""
        for text, hidden in (("cp(3,3,3; rank=2)", 0), ("cp(2,3,3; rank=3)", 0), ("cp(3,4; rank=2)", 0), ("cp(2,2,2,2; rank=3)", 1)):
            assert nv.fibers(text).value["hidden"] == hidden
        assert nv.fibers("cp(3,4,4; rank=5)").value["hidden"] == 1

    def test_determinant_of_the_flattening(self):
        """An equation that the bound for 2 x 2 x 4 at rank 3 rests on: the 4 x 4 determinant vanishes, over the integers."""
        a = CP((2, 2, 4), 3)
        rng = np.random.default_rng(1)
        for r, singular in ((3, True), (4, False)):
            b = CP(a.modes, r)
            t = tensor(b, {name: rng.integers(-9, 10, shape).astype(float) for name, shape in b.shapes().items()})
            assert (rank(np.mod(t.reshape(4, 4), P), P) < 4) == singular

    def test_strassens_determinant(self):
        """The 3n x 3n matrix has rank at most 2R on R terms, and full rank on more."""
        rng = np.random.default_rng(2)
        for n, r in ((3, 4), (3, 5), (5, 7), (5, 8)):
            a = CP((3, n, n), r)
            x, y, z = np.mod(tensor(a, {name: rng.integers(-5, 6, s).astype(float) for name, s in a.shapes().items()})[..., 0], P)
            o = np.zeros((n, n))
            m = np.mod(np.block([[o, z, -y], [-z, o, x], [y, -x, o]]), P)
            assert rank(m, P) == min(2 * r, 3 * n)


class TestDiagonal:
    def test_dimension_and_span(self):
        for n, layers in itertools.product((1, 2, 3, 6), (1, 2, 3, 7)):
            assert holds(Diagonal(n, layers)).value == nv.ambient(f"diagonal({n}; layers={layers})").value == n

    def test_expanded(self):
        """u_1 u_2 u_3 x entry by entry: the variables are w0, w1 of layer 1, w2, w3 of layer 2, w4, w5 of layer 3, x0, x1."""
        found = expand(parse("diagonal(2; layers=3)").model)
        assert found.coefficients() == {(1, 0, 1, 0, 1, 0, 1, 0): 1, (0, 1, 0, 1, 0, 1, 0, 1): 1}

    def test_fibers(self):
        for text in ("diagonal(4; layers=3)", "diagonal(1; layers=2)"):
            assert nv.fibers(text).value["hidden"] == 0

    def test_linear_maps_of_the_input(self):
        assert Diagonal(3, 1).input_axes() == (("u1", 0),)
        assert Diagonal(3, 2).input_axes() == ()


def test_kinds_of_symmetries():
    """Groups by family: GL on bonds and between two modes, tori and permutations of terms with three modes or more."""
    assert [(s.kind, s.size) for s in parse("tt(2,3,2; ranks=2,3)").symmetries()] == [
        (Kind.GENERAL_LINEAR, 2),
        (Kind.GENERAL_LINEAR, 3),
    ]
    assert [s.kind for s in parse("cp(3,4; rank=2)").symmetries()] == [Kind.GENERAL_LINEAR]
    assert [s.kind for s in parse("cp(3,4; rank=2; outputs=2)").symmetries()] == [Kind.TORUS, Kind.TORUS, Kind.PERMUTATION]
    assert [s.kind for s in parse("diagonal(3; layers=3)").symmetries()] == [Kind.TORUS, Kind.TORUS]


def test_linear_maps_of_the_outputs():
    """S f_w = f_{S.w} with S acting on the blocks and axes that `output_axes` names."""
    rng = np.random.default_rng(4)
    for text in ("tt(2,3; ranks=2; outputs=3)", "cp(2,3,2; rank=4; outputs=2)"):
        a = parse(text)
        w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
        s = rng.standard_normal((a.outputs, a.outputs))
        moved = dict(w)
        for block, axis in a.output_axes():
            moved[block] = np.moveaxis(np.tensordot(s, w[block], axes=(1, axis)), 0, axis)
        np.testing.assert_allclose(tensor(a, moved), tensor(a, w) @ s.T, rtol=1e-9)
