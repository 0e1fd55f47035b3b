"""The boundary of the real functions: exact positions against searches and perturbations, discriminants, dimensions, shares."""

from __future__ import annotations

import json
from fractions import Fraction
from math import pi

import numpy as np
import pytest

from campaign import size
from neurovariety import BoundaryResult, Claim, InputError, VerificationError, as_model, boundary
from neurovariety.geometry.boundaries.bisection import mixed
from neurovariety.geometry.boundaries.exact_positions import known_image
from neurovariety.geometry.boundaries.limit_families import limit_families
from neurovariety.geometry.boundaries.locate import both_sides, by_search
from neurovariety.geometry.boundaries.position import Position
from neurovariety.geometry.boundaries.real_functions import conjugate_targets, normal_targets
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.images.target import Target, function_at, read_target
from neurovariety.geometry.real.real_roots import count_real_roots

SEEDS = range(size(1, 3))


def position(text, target):
    found = boundary(text, target=target)
    assert found.claim is Claim.PROVED
    return found.value["position"]


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        # Kubjas, Li, Wiesmann 2024: M13^2 - M12 M23 decides; (x^2, x y) is a limit that is never attained.
        ("mlp(2,2,2; x^2)", "x0^2; x1^2", "interior"),
        ("mlp(2,2,2; x^2)", "x0^2; x0*x1", "closure only"),
        ("mlp(2,2,2; x^2)", "x0^2 - x1^2; x0*x1", "outside"),
        ("mlp(2,2,2; x^2)", "x0^2 + x1^2; 0", "interior"),
        ("mlp(2,2,2; x^2)", "x0*x1; x0*x1", "boundary"),
        ("mlp(2,2,2; x^2)", "0; x0^2", "boundary"),
        ("mlp(2,2,2; x^2)", "0; 0", "boundary"),
        ("mlp(2,2,3; x^2)", "x0^2; x1^2; x0*x1", "outside"),
        ("mlp(2,3,2; x^2)", "x0^2; x0*x1", "interior"),
        # Kohn, Merkh, Montufar, Trager 2022: as many real roots as filters of even size.
        ("cnn(2,2; x)", "x0 + 3*x1 + 2*x2", "interior"),
        ("cnn(2,2; x)", "x0 + 2*x1 + x2", "boundary"),
        ("cnn(2,2; x)", "x0 + x1 + x2", "outside"),
        ("cnn(2,2; x)", "x1", "interior"),
        ("cnn(2,2; x)", "x0", "boundary"),
        ("cnn(2,2; x)", "0", "boundary"),
        ("cnn(2,2,2; x)", "x0 + 3*x1 + 3*x2 + x3", "boundary"),  # a triple root: nearby one real root
        ("cnn(3,2; x)", "x0 + 3*x1 + 3*x2 + x3", "interior"),
        ("cnn(2,2,3; x)", "x0 - x2 + x3*0", "interior"),
        # Sylvester 1851: the annihilator has different real roots.
        ("mlp(2,2,1; x^3)", "x0^3 + x1^3", "interior"),
        ("mlp(2,2,1; x^3)", "x0^2*x1", "closure only"),
        ("mlp(2,2,1; x^3)", "x0^3 - 3*x0*x1^2", "outside"),
        ("mlp(2,2,1; x^3)", "x0^3", "boundary"),
        ("mlp(2,1,1; x^3)", "x0^3", "interior"),
        ("mlp(2,3,1; x^5)", "x0^5 + x1^5", "boundary"),
        ("mlp(2,3,1; x^5)", "0", "boundary"),
        # Rank of the quadratic part, and the linear part in its image or not.
        ("mlp(1,1,1; x^2; bias)", "x0", "closure only"),
        ("mlp(1,1,1; x^2; bias)", "3", "boundary"),
        ("mlp(1,1,1; x^2; bias)", "x0^2 + x0", "interior"),
        ("mlp(2,2,1; x^2; bias)", "x0^2 + x0", "boundary"),
        ("mlp(2,3,1; x^2; bias)", "x0", "interior"),
        ("mlp(3,2,1; x^2)", "x0^2 - x1^2", "interior"),
        ("linear(2,1,2)", "x0; 2*x0", "interior"),
        ("linear(2,1,2)", "x0; x1", "outside"),
        ("diagonal(2; layers=2)", "x0", "interior"),
    ],
)
def test_positions_known_by_hand(text, target, expected):
    assert position(text, target) == expected


@pytest.mark.parametrize(
    ("text", "target", "allowed"),
    [
        # a (b^2 x^2 + b x): all but the axes is attained, so these are limits although no function near them is found at random
        ("mlp(1,1,1; x^2 + x)", "x0", ("closure only", "undecided")),
        ("mlp(1,1,1; x^2 + x)", "x0^2", ("closure only", "undecided")),
        ("mlp(1,1,1; x^3 + x)", "x0^3", ("closure only", "undecided")),
        # a (b^3 x^3 + b x): the two coefficients have one sign, so this is none, although the nearest one has infinite weights
        ("mlp(1,1,1; x^3 + x)", "x0 - x0^3", ("outside",)),
    ],
)
def test_a_limit_is_never_outside(text, target, allowed):
    found = boundary(text, target=target)
    assert found.value["position"] in allowed
    assert found.claim in (Claim.ESTIMATE, Claim.UNDECIDED)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("text", ["cnn(2,2; x)", "mlp(2,2,2; x^2)", "mlp(2,2,1; x^3)", "mlp(1,1,1; x^2; bias)"])
def test_exact_decisions_against_searches(text, seed):
    """Two routes: the exact procedure, and whether Levenberg-Marquardt finds real weights."""
    model, rng = as_model(text), np.random.default_rng(seed)
    coordinates = written_out(model)
    sides, fills = both_sides(model, coordinates, seed)
    assert fills
    targets = normal_targets(model, list(coordinates.monomials), sides.span, 30, rng).targets
    found = sides.search(np.array([sides.floats(f) for f in targets]), rng)
    place = known_image(model.image, model).locate
    for f, attained, w in zip(targets, found.attained, found.weights, strict=True):
        exact = place(f).position
        assert attained == (exact is Position.INTERIOR), f"seed {seed}: {f.text()}"
        assert not attained or sides.certified(f, w)


def hyperdeterminant(a):
    """Cayley's: positive exactly for real 2 x 2 x 2 tensors of rank 2 in general position."""
    first, second = a[0], a[1]
    mixed_ = np.linalg.det(first + second) - np.linalg.det(first) - np.linalg.det(second)
    return mixed_**2 - 4 * np.linalg.det(first) * np.linalg.det(second)


@pytest.mark.slow
def test_tensors_by_the_hyperdeterminant():
    """Searches that know nothing of it agree with its sign. Bergqvist 2013: rank 2 with probability pi/4 for normal tensors."""
    model, rng = as_model("cp(2,2,2; rank=2)"), np.random.default_rng(5)
    coordinates = written_out(model)
    sides, _ = both_sides(model, coordinates, 0)
    targets = normal_targets(model, list(coordinates.monomials), sides.span, size(50, 120), rng).targets
    points = np.array([sides.floats(f) for f in targets])
    found = sides.search(points, rng)
    # Coordinates are products of one input of each mode: the exponents say which entry of the tensor.
    signs = []
    for f in targets:
        tensor = np.zeros((2, 2, 2))
        for (_, e), c in f.coefficients.items():
            tensor[e[1], e[3], e[5]] = float(c)
        signs.append(hyperdeterminant(tensor) > 0)
    assert found.attained.tolist() == signs
    assert abs(np.mean(signs) - pi / 4) < 4 * np.sqrt(pi / 4 * (1 - pi / 4) / len(signs))
    inside, outside = points[found.attained], points[~found.attained]
    for crossing in sides.crossings(inside[:3], found.weights[found.attained][:3], outside[:3], rng):
        assert crossing.kind == "limit"
        # 1/t over three factors, and the distance is t^2: 1/6, but that searches end in weights that are more or less balanced.
        assert 1 / 12 < crossing.growth < 1 / 4
        assert crossing.preimages[1] == 0
        tensor = np.zeros((2, 2, 2))
        for (_, e), c in sides.target(crossing.function).coefficients.items():
            tensor[e[1], e[3], e[5]] = float(c)
        assert abs(hyperdeterminant(tensor)) < 1e-4


def test_quartics_of_real_rank_three():
    """Causa and Re 2011: a real quartic with different roots is a sum of three powers unless all its roots are real."""
    model, rng = as_model("mlp(2,3,1; x^4)"), np.random.default_rng(3)
    sides, _ = both_sides(model, written_out(model), 0)
    targets, four = [], []
    for k in range(12):
        roots = [Fraction(int(v)) for v in rng.choice(np.arange(-9, 10), 4, replace=False)]
        second = [-roots[2], 1] if k % 2 else [roots[2] ** 2 + roots[3] ** 2 + 1, -2 * roots[2], 1]
        factors = [[-roots[0], 1], [-roots[1], 1], second] + ([[-roots[3], 1]] if k % 2 else [])
        form = [Fraction(1)]
        for factor in factors:
            form = [Fraction(v) for v in np.convolve(np.array(form, dtype=object), np.array(factor, dtype=object))]
        four.append(count_real_roots(form) == 4)
        targets.append(Target(2, 1, {(0, (4 - i, i)): c for i, c in enumerate(form) if c}))
    found = sides.search(np.array([sides.floats(f) for f in targets]), rng)
    assert found.attained.tolist() == [not f for f in four]
    assert sum(four) == 6


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("cnn(2,2; x)", "x0 - 6*x1 + 9*x2", "boundary"),
        ("cnn(2,2; x)", "x0", "boundary"),
        ("cnn(2,2; x)", "x0 + 3*x1 + 2*x2", "interior"),
        ("cnn(2,2; x)", "x0 + x1 + x2", "outside"),
        ("cnn(2,2,2; x)", "x0 - x1 - x2 + x3", "boundary"),
        ("mlp(2,2,1; x^3)", "x0^3 - 3*x0*x1^2", "outside"),
        ("mlp(2,2,1; x^3)", "(x0 + x1)^2*(x0 - 2*x1)", "closure only"),
        ("mlp(2,2,1; x^3)", "x0^3", "undecided"),  # on a cusp of the boundary, and only few functions nearby are not attained
        ("mlp(2,2,2; x^2)", "x0^2 + x1^2; 0", "undecided"),  # interior, but J drops rank at all weights
        ("mlp(2,2,2; x^2)", "x0*x1; x0*x1", "boundary"),
    ],
)
def test_positions_by_searches_and_exactly(text, target, expected):
    """Two routes: searches that know nothing of the family say the same as the exact procedure, or nothing."""
    model = as_model(text)
    f = read_target(target, model.inputs, model.outputs)
    found = by_search(model, written_out(model), f, False, None, 0)
    assert found.position == expected
    assert (found.certificates is not None) is (expected == "interior")
    assert found.claim is (Claim.UNDECIDED if expected == "undecided" else Claim.ESTIMATE)
    if expected != "undecided":
        assert known_image(model.image, model).locate(f).position == expected
    if "cnn(2,2; x)" in text and expected == "boundary":  # two orders of the factors on one side, none on the other
        assert all(row["real_preimages"] == [0, 2] for row in found.evidence["nearby"])


def test_a_fold():
    """b^2 - 4 a c = 0: weights stay, the rank drops, two orders of the factors become one."""
    model, rng = as_model("cnn(2,2; x)"), np.random.default_rng(0)
    sides, _ = both_sides(model, written_out(model), 0)
    inside, outside = np.array([[1.0, 3.0, 1.0], [2.0, -5.0, 1.0]]), np.array([[1.0, 0.5, 1.0], [1.0, 1.0, 3.0]])
    found = sides.search(inside, rng)
    assert found.preimages == (2, 2)
    for crossing in sides.crossings(inside, found.weights, outside, rng):
        a, b, c = crossing.function
        assert abs(b * b - 4 * a * c) < 1e-5
        assert (crossing.kind, crossing.preimages) == ("fold", (2, 0))
        assert abs(crossing.drop - 0.5) < 0.05
        assert np.allclose(sides.map.values(crossing.weights[None])[0], crossing.function, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("text", ["cnn(2,2,2; x)", "cnn(4,3,2; x)", "mlp(2,2,2; x^2)", "mlp(2,2,1; x^3)", "mlp(2,3,1; x^5)"])
def test_both_sides_of_sampled_boundary_points(text, seed):
    """A sample of a largest piece has functions inside and outside arbitrarily near, one just inside has neither outside near."""
    model, rng = as_model(text), np.random.default_rng(seed)
    place = known_image(model.image, model).locate
    coordinates = written_out(model)
    sides, _ = both_sides(model, coordinates, 0)
    piece = limit_families(model.parametrization, model)[0]
    f = piece.function(model, piece.drawn(rng))
    assert place(f).position.on_boundary
    moves = normal_targets(model, list(coordinates.monomials), sides.span, 24, rng).targets
    near = [place(mixed(f, g, Fraction(1, 10**9))) for g in moves]
    assert {p.position for p in near} == {Position.INTERIOR, Position.OUTSIDE}
    inside = next(g for g, p in zip(moves, near, strict=True) if p.position is Position.INTERIOR)
    inner = mixed(f, inside, Fraction(1, 10**4))
    assert all(place(mixed(inner, g, Fraction(1, 10**12))).position is Position.INTERIOR for g in moves)


def test_quadratic_with_bias_near_its_limits():
    """Members of less rank are limits of functions that are limits only; those of full rank are not."""
    model = as_model("mlp(2,2,1; x^2; bias)")
    place = known_image(model.image, model).locate
    for e in (Fraction(1, 10), Fraction(1, 10**6)):
        assert place(read_target(f"x0^2 + x0 + {e}*x1", 2, 1)).position is Position.CLOSURE_ONLY
        assert place(read_target(f"x0^2 + {e}*x1^2 + x0 + x1", 2, 1)).position is Position.INTERIOR


@pytest.mark.parametrize("k", [2, 3])
def test_rank_one_by_perturbation(k):
    """The finer statement on proportional outputs: near multiples of a definite form nothing is outside, near others something is."""
    model = as_model(f"mlp(2,2,{k}; x^2)")
    place = known_image(model.image, model).locate
    rng = np.random.default_rng(k)
    for q in ([1, 0, 1], [2, 1, 1], [1, 0, -1], [1, 2, 1], [0, 1, 0]):
        rows = np.outer(np.arange(1, k + 1), q).astype(float)
        seen = set()
        for _ in range(300):
            # Functions of rank 2 near: multiples of a form near q, and a small one beside it.
            other = np.outer(rng.normal(size=k), rng.normal(size=3)) * 1e-3
            shaken = np.outer(np.arange(1, k + 1), np.array(q) + 1e-3 * rng.normal(size=3)) + other
            f = {
                (o, e): Fraction(round(v * 2**30), 2**30)
                for o in range(k)
                for e, v in zip([(2, 0), (1, 1), (0, 2)], shaken[o], strict=True)
            }
            first, second = (np.array([float(f[o, e]) for e in [(2, 0), (1, 1), (0, 2)]]) for o in (0, 1))
            m12, m13, m23 = np.cross(first, second)[[2, 1, 0]] * [1, -1, 1]
            seen.add(bool(m13**2 - m12 * m23 > 0))
        exact = place(
            Target(
                2, k, {(o, e): Fraction(int(v)) for o in range(k) for e, v in zip([(2, 0), (1, 1), (0, 2)], rows[o], strict=True) if v}
            )
        )
        assert exact.position is (Position.BOUNDARY if False in seen else Position.INTERIOR), q


@pytest.mark.parametrize(
    ("text", "variety", "dimension", "smaller"),
    [
        ("cnn(2,2; x)", 3, 2, []),
        ("cnn(2,2,2; x)", 4, 3, []),
        ("cnn(4,3,2; x)", 7, 6, []),
        ("cnn(2,2; x; outputs=3)", 3, 2, []),
        ("mlp(2,2,2; x^2)", 6, 5, [3, 4]),  # rank one: squares, and indefinite forms
        ("mlp(2,2,3; x^2)", 8, 7, [4, 5]),
        ("mlp(2,2,1; x^3)", 4, 3, [2]),
        ("mlp(2,3,1; x^5)", 6, 5, [4]),
        ("mlp(2,3,1; x^6)", 6, 5, [4]),
        ("mlp(2,2,1; 1/2*x^3)", 4, 3, [2]),
        ("mlp(1,1,1; x^2; bias)", 3, 2, [1]),
        ("mlp(2,2,1; x^2; bias)", 6, 5, [4]),
        ("mlp(3,2,1; 3/2*x^2; bias)", 8, 7, [5]),
    ],
)
def test_dimensions_of_the_pieces(text, variety, dimension, smaller):
    found = boundary(text, samples=0)
    assert (found.value["variety"], found.value["boundary"], found.value["dimension"]) == (variety, "nonempty", dimension)
    assert found.claim is Claim.PROVED
    assert sorted(p["dimension"] for p in found.value["pieces"]) == sorted([dimension, *smaller])
    model = as_model(text)
    for row in found.evidence["samples"]:
        f = read_target(row["function"], model.inputs, model.outputs)
        if row["weights"] is not None:
            assert dict(function_at(model, tuple(row["weights"])).coefficients) == dict(f.coefficients)
        else:
            gaps = [step["largest_difference"] for step in row["on_the_way"]]
            assert gaps[1] < 0.2 * gaps[0]
            assert gaps[2] < 0.2 * gaps[1]
            assert row["on_the_way"][2]["largest_weight"] > 5 * row["on_the_way"][1]["largest_weight"]


@pytest.mark.parametrize(
    "text", ["linear(3,2,3)", "mlp(3,2,1; x^2)", "mlp(2,1,3; x^2)", "cnn(3,2; x)", "mlp(2,1,1; x^4)", "mlp(1,2,1; x^2; bias)"]
)
def test_models_without_a_boundary(text):
    found = boundary(text)
    assert found.value["boundary"] == "empty"
    assert found.value["dimension"] is None
    assert found.claim is Claim.PROVED
    assert not found.value["pieces"]


def test_shares_by_quadrature():
    """The share of normal targets that are attained, against integrals."""
    z = np.random.default_rng(0).normal(size=(400_000, 3))
    roots = float(np.mean(z[:, 1] ** 2 > 4 * z[:, 0] * z[:, 2]))
    minors = float(np.mean(z[:, 1] ** 2 > z[:, 0] * z[:, 2]))  # the cross product of two normal vectors has a uniform direction
    for text, expected in (("cnn(2,2; x)", roots), ("mlp(2,2,2; x^2)", minors)):
        (row,) = boundary(text, samples=500, seed=4).evidence["shares"]
        assert abs(row["attained"] / 500 - expected) < 4 * np.sqrt(expected * (1 - expected) / 500)
        assert row["low"] < row["attained"] / 500 < row["high"]


@pytest.mark.parametrize("seed", SEEDS)
def test_discriminants_vanish_at_crossings(seed):
    for row in boundary("cnn(2,2; x)", samples=20, seed=seed).evidence["crossings"]:
        a, b, c = row["function"].values()
        assert abs(b * b - 4 * a * c) < 1e-12
        assert row.get("local_dimension", 2) == 2
    for row in boundary("mlp(2,2,1; x^3)", samples=20, seed=seed).evidence["crossings"]:
        a, b, c, d = row["function"].values()
        assert abs(b * b * c * c - 4 * a * c**3 - 4 * b**3 * d - 27 * a * a * d * d + 18 * a * b * c * d) < 1e-10
        assert row.get("local_dimension", 3) == 3
    found = boundary("mlp(2,2,2; x^2)", samples=30, seed=seed).evidence["crossings"]
    assert found
    for row in found:
        values = np.array(list(row["function"].values())).reshape(2, 3)
        m23, m13, m12 = np.cross(values[0], values[1]) * [1, -1, 1]
        assert abs(m13**2 - m12 * m23) < 1e-12
        assert row.get("local_dimension", 5) == 5


def test_conjugate_neurons_are_real_functions_of_the_variety():
    """They satisfy the equations, and the exact procedure finds them outside: one of the two real forms."""
    model = as_model("mlp(2,2,3; x^2)")
    (draw,) = conjugate_targets(model, coefficients_as_polynomials(model), 40, np.random.default_rng(2))
    place = known_image(model.image, model).locate
    positions = [place(f) for f in draw.targets]
    assert sum(p.position is Position.OUTSIDE for p in positions) >= 35
    assert not any("3 x 3 minor" in p.reason for p in positions)
    for f in draw.targets:
        matrix = np.array([[float(f.coefficients.get((o, e), 0)) for e in [(2, 0), (1, 1), (0, 2)]] for o in range(3)])
        assert abs(np.linalg.det(matrix)) < 1e-9 * np.abs(matrix).max() ** 3


@pytest.mark.parametrize("text", ["mlp(3,2,1; x^3)", "mlp(2,2,1; x^3 + x^2)"])
def test_identifiable_perceptrons_stop_at_merging_neurons(text):
    """Their weights are unique up to order, so real functions of two conjugate neurons are not attained; in between neurons merge."""
    found = boundary(text, samples=30)
    assert found.claim is Claim.ESTIMATE
    assert (found.value["boundary"], found.value["dimension"]) == ("nonempty", 5)
    assert found.value["variety"] == 6
    assert found.value["pieces"][0]["position"] == "closure only"
    (row,) = found.evidence["shares"]
    assert row["attained"] <= 1
    assert "as far as they go" in found.meaning


def test_interior_by_equations_and_not_otherwise():
    text = "mlp(3,2,1; x^3)"
    found = boundary(text, weights=[1, 2, 3, 4, 1, 1, 2, 3])
    assert (found.value["position"], found.claim) == ("interior", Claim.PROVED)
    assert found.evidence["rank_at_weights"] + found.evidence["rank_of_equations"] == found.evidence["coefficients"] == 10
    found = boundary(text, target="x0^2*x1")  # merged neurons, and no weights are known
    assert (found.value["position"], found.claim) == ("undecided", Claim.UNDECIDED)
    assert found.meaning.startswith("where the function lies: not shown; ")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("text", ["mlp(2,3,1; x^6)", "mlp(2,2,3; x^2)"])
def test_dead_neurons_by_searches_and_exactly(text, seed):
    """Two routes to the same: the exact procedure, and a search for functions of two complex conjugate neurons in place of one."""
    model, rng = as_model(text), np.random.default_rng(seed)
    _, m, k = model.parametrization.widths
    w = [Fraction(int(v)) for v in rng.integers(1, 9, size=model.parameters)]
    full = tuple(w)
    for output in range(k):
        w[2 * m + output * m + m - 1] = Fraction(0)
    if k > 1:  # two neurons: one that is left makes outputs multiples of a square
        w[2], w[3] = w[0], w[1]
    f = function_at(model, tuple(w))
    found = by_search(model, written_out(model), f, True, tuple(w), seed)
    assert (found.position, found.claim) == (Position.BOUNDARY, Claim.ESTIMATE)
    place = known_image(model.image, model).locate
    assert place(f).position is Position.BOUNDARY
    other = by_search(model, written_out(model), function_at(model, full), True, full, seed)
    assert other.position is Position.UNDECIDED  # X is not the whole span, and no neuron is dead or double
    assert place(function_at(model, full)).position is Position.INTERIOR
    equal = boundary("mlp(3,2,1; x^3)", weights=[1, 2, seed, 1, 2, seed, 2, 4])
    assert (equal.value["position"], equal.claim) == ("boundary", Claim.ESTIMATE)


@pytest.mark.slow
def test_estimates_on_both_sides():
    """x^2 y^2 has four real roots, two and two equal: quartics nearby have all roots real, or not."""
    found = boundary("mlp(2,3,1; x^4)", target="x0^2*x1^2")
    assert (found.value["position"], found.claim) == ("closure only", Claim.ESTIMATE)
    assert any(row["lines_with_one_side"] for row in found.evidence["nearby"])
    found = boundary("mlp(2,3,1; x^4)", target="x0^4 - 6*x0^2*x1^2 + x1^4")
    assert (found.value["position"], found.claim) == ("outside", Claim.ESTIMATE)
    found = boundary("mlp(2,3,1; x^4)", target="x0^4 + x0^2*x1^2 + x1^4")
    assert (found.value["position"], found.claim) == ("interior", Claim.PROVED)
    assert found.rerun().value == found.value


def test_nothing_seen_is_undecided():
    found = boundary("mlp(2,3,1; x^3)", samples=20)
    assert (found.value["boundary"], found.claim) == ("undecided", Claim.UNDECIDED)
    assert "nothing was seen" in found.meaning
    (row,) = found.evidence["shares"]
    assert row["certified"] == row["attained"] == 20
    assert row["low"] > 0.8
    found = boundary("cnn(2,2; x; strides=2,1)", samples=5)
    assert "not drawn" in found.meaning


def test_growth_of_weights_on_the_way():
    grown = boundary("mlp(2,2,1; x^3)", target="x0^2*x1").evidence["approach"]
    weights = [row["largest_weight"] for row in grown]
    assert len(grown) == 4
    assert weights == sorted(weights)
    assert weights[-1] > 1.5 * weights[0]


def test_verify_and_json():
    for found in (
        boundary("mlp(2,2,1; x^3)", samples=10),
        boundary("mlp(2,2,1; x^3)", target="x0^2*x1"),
        boundary("mlp(2,2,1; x^3)", weights=[1, 2, 3, 4, 1, 1]),
        boundary("mlp(2,2,2; x^2)", network="mlp(2,1,2; x^2)", weights=[1, 1, 1, 2]),
    ):
        again = found.rerun(seed=7)
        assert again.shown() == found.shown()
        read = BoundaryResult.from_dict(json.loads(json.dumps(found.to_dict())))
        assert read.rerun().shown() == found.shown()
        assert found.summary()
    wrong = BoundaryResult.from_dict(found.to_dict() | {"value": {"position": "outside", "reason": ""}})
    with pytest.raises(VerificationError, match="recorded outside"):
        wrong.rerun()


def test_same_seed_same_answer():
    first, second = (boundary("mlp(2,2,2; x^2)", samples=10, seed=3) for _ in range(2))
    assert first.to_dict()["evidence"] == second.to_dict()["evidence"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("cnn(2,2; x)", {"samples": -1}, "number of samples"),
        ("cnn(2,2; x)", {"samples": True}, "number of samples"),
        ("cnn(2,2; x)", {"samples": 5, "target": "x0"}, "leave out --samples"),
        ("cnn(2,2; x)", {"target": "x0; x1"}, "2 polynomials"),
        ("cnn(2,2; x)", {"target": "x7"}, "unknown variable"),
        ("cnn(2,2; x)", {"weights": [1, 2]}, "4 parameters"),
        ("mlp(2,2,1; generic(3))", {}, "generic coefficients"),
        ("mlp(2,2,1; 1/x)", {}, "rational"),
        ("cnn(2,2; x)", {"seed": -1}, "seed"),
    ],
)
def test_bad_input(text, options, message):
    with pytest.raises(InputError, match=message):
        boundary(text, **options)
