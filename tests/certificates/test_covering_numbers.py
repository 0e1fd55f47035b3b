"""Bounds of covering numbers: never below the true number of sets for which it is known, and refused where data are another's."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, log, pi, sqrt

import flint
import numpy as np
import pytest

from neurovariety.architectures import as_model
from neurovariety.certificates.balls import precision
from neurovariety.certificates.covering_from_below import CubeOfWeights, FarApart, FillsVolume, log_of_volume, thousandths_below
from neurovariety.certificates.covering_numbers import (
    NORMS,
    BallOfFunctions,
    CoveredByCells,
    CoveredBySpan,
    CoveredByWeights,
    arb_of,
    as_number,
    log_of_cells,
    log_of_span,
    log_of_weights,
    norm_at_most,
    pieces_of_slices,
    thousandths_above,
    volumes_of_balls,
)
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.learning.bounds_of_covers import SizesOfModel

CURVE, LINE = (1, 2), (1, 1)
"""Pieces of sections: a conic, cut by a line in two points, and a segment."""
TRUE = [
    # set, a bound of log N, the true number (the least number of closed balls, centres anywhere)
    ("segment of length 1, 1/10", log_of_cells(LINE, 1, Fraction(5)), 5),
    ("segment of length 2, 1/4", log_of_cells(LINE, 1, Fraction(4)), 4),
    ("circle, 0.5", log_of_cells(CURVE, 2, Fraction(2)), 6),
    ("circle, 0.3", log_of_cells(CURVE, 2, Fraction(10, 3)), 11),
    ("circle, 0.1", log_of_cells(CURVE, 2, Fraction(10)), 32),
    ("circle, 0.01", log_of_cells(CURVE, 2, Fraction(100)), 315),
    ("square in the sup norm, 1/6", log_of_span(2, Fraction(3)), 9),
    ("square in the sup norm, 1/6, by cells", log_of_cells((1, 1, 1), 2, Fraction(3), euclidean=False), 9),
    ("cube of dimension 4 in the sup norm, 1/4", log_of_span(4, Fraction(2)), 16),
    ("parabola (t, t^2), |t| <= 1, 1/2", log_of_cells(CURVE, 2, Fraction(15, 10) / Fraction(1, 2)), 3),
    ("parabola (t, t^2), |t| <= 1, 3/10", log_of_cells(CURVE, 2, Fraction(15, 10) / Fraction(3, 10)), 5),
]


@pytest.mark.parametrize(("bound", "number"), [row[1:] for row in TRUE], ids=[row[0] for row in TRUE])
def test_a_bound_is_never_below_the_true_number(bound, number):
    assert log(number) <= float(bound)
    assert float(bound) <= log(number) + 4.5, "and no more than a constant above it"


@pytest.mark.parametrize("epsilon", [0.3, 0.1, 0.01, 1e-6])
def test_circles_have_the_number_of_the_formula(epsilon):
    """ceil(pi / arcsin(epsilon)) closed balls cover the unit circle; ceil(pi / (2 arcsin(epsilon / 2))) with centres on it."""
    bound = float(log_of_cells(CURVE, 2, 1 / Fraction(epsilon)))
    assert log(ceil(pi / np.arcsin(epsilon))) <= log(ceil(pi / (2 * np.arcsin(epsilon / 2)))) <= bound
    assert epsilon > 1e-3 or bound <= 3 * log(1 / epsilon)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-4, 1e-6])
def test_matrices_of_rank_one_and_norm_one(epsilon):
    """A flat torus of area 2 pi^2: N epsilon^2 tends to that over pi, times the covering density of the plane: 7.5976."""
    sizes = SizesOfModel.of(as_model("linear(2,1,2)"), 0)
    bound = sizes.covers(BallOfFunctions("frobenius", Fraction(1), Fraction(epsilon))).best.statement.value
    assert bound >= log(7.5976 / epsilon**2)
    torus = float(
        log_of_cells((1, 54, 8), 4, 1 / Fraction(epsilon))
    )  # two equations more: degree 2 * 2 in R^4, so no more than 8 points
    assert log(7.5976 / epsilon**2) <= torus <= 3 * 2 * log(1 / epsilon)


def test_points_of_sections_are_no_more_than_the_pieces():
    """Curves t -> (t^a, t^b, ...) cut by random lines and planes: real solutions against the bounds of pieces."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        degree = int(rng.integers(1, 7))
        coefficients = rng.normal(size=degree + 1)
        roots = np.roots(coefficients)
        real = int((np.abs(roots.imag) < 1e-9).sum())
        assert real <= pieces_of_slices(1, 1, degree)[-1]
    assert pieces_of_slices(3, 5, 2) == (1, 2 * 3**4, 2 * 3**4, 8)
    assert pieces_of_slices(3, 5, 2, degree=4)[-1] == 4
    assert pieces_of_slices(0, 5, 2) == (1,)
    assert pieces_of_slices(2, 2, 3) == (1, 15, 9)


def test_a_grid_cuts_a_curve_into_no_more_cells():
    """The argument itself, by brute force: cells of an offset grid that a quartic curve in the plane meets, against its crossings."""
    rng, side = np.random.default_rng(1), 0.05
    t = np.linspace(-1.2, 1.2, 200_001)
    for _ in range(3):
        x, y = (np.polyval(rng.normal(size=5), t) for _ in range(2))
        inside = x**2 + y**2 <= 1
        if not inside.any():
            continue
        offset = rng.random(2) * side
        cells = len(
            {*zip(np.floor((x - offset[0]) / side)[inside].tolist(), np.floor((y - offset[1]) / side)[inside].tolist(), strict=True)}
        )
        # each cell that is met has a crossing with a line of the grid at its edge, and each crossing lies on two cells
        assert log(cells) <= log(2) + float(log_of_cells((1, 4), 2, Fraction(1) / Fraction(side * sqrt(2))))


def test_numbers_are_told_rounded_away():
    for value in (0, 1, 3, 7):
        bound = log_of_span(value, Fraction(1, 3))
        assert Fraction(thousandths_above(bound)) >= Fraction(0)
        assert thousandths_below(bound) <= float(bound) <= thousandths_above(bound) <= float(bound) + 0.0011
    assert [as_number(Fraction(v)) for v in (3, 10**6, 0.5, 1e-6, 1e20)] == ["3", "1000000", "0.5", "1e-06", "1e+20"]
    assert as_number(Fraction(1, 3)) == "1/3"


# certificates and their false twins

BALL = BallOfFunctions("frobenius", Fraction(1), Fraction(1, 100))


@pytest.fixture(scope="module")
def matrices():
    return SizesOfModel.of(as_model("linear(2,1,2)"), 0)


def refused(certificate, subject, match):
    with pytest.raises(NotShown, match=match):
        issue(certificate, subject)


def test_cells_of_another_model_or_with_less_are_refused(matrices):
    exact = exact_functions(matrices.model)
    true = matrices.covers(BALL).bounds["cells"]
    assert (true.claim, true.statement.scope) == (Claim.UPPER_BOUND, BALL.scope)
    right = true.certificate
    assert isinstance(right, CoveredByCells)
    other = SizesOfModel.of(as_model("linear(2,2)"), 0)
    refused(replace(right, value=right.value - 0.002), exact, "above the value")
    refused(replace(right, value=float("inf")), exact, "above the value")
    refused(replace(right, value=float("nan")), exact, "above the value")
    refused(replace(right, ball=replace(BALL, epsilon=Fraction(1, 101))), exact, "above the value")
    refused(replace(right, ball=replace(BALL, norm="sup")), exact, "above the value")
    refused(replace(right, dimension=other.dimension), exact, "not known from above")
    refused(replace(right, span=other.span), exact, "not known from above")
    refused(replace(right, dimension=right.span, span=right.dimension), exact, "not known from above")
    refused(replace(right, degree=right.span), exact, "not known from above")
    refused(right, exact_functions(other.model), "another model")
    below = weak(Statement("dimension", exact.hash, 1), Claim.ESTIMATE, "guessed")
    refused(replace(right, dimension=below), exact, "not known from above")
    without = replace(right, degree=None)  # D^n in its place: a larger number, and so another bound
    refused(without, exact, "above the value")
    assert issue(replace(without, value=right.value + log(4) + 0.01), exact).claim is Claim.UPPER_BOUND


@pytest.mark.slow
def test_a_degree_that_is_only_counted_is_not_taken():
    """A count that passed a test of completeness is no proof from above."""
    import neurovariety as nv

    model = as_model("mlp(2,2,1; x^4)")
    sizes, counted = SizesOfModel.of(model, 0), nv.degree(model, route="computed").claims["value"]
    assert counted.claim is Claim.COMPLETE
    right = sizes.covers(BALL).bounds["cells"].certificate
    refused(replace(right, degree=counted), exact_functions(model), "not known from above")


def test_the_span_is_known_from_above(matrices):
    exact = exact_functions(matrices.model)
    right = matrices.covers(BALL).bounds["span"].certificate
    assert isinstance(right, CoveredBySpan)
    refused(replace(right, value=right.value - 0.002), exact, "above the value")
    refused(replace(right, span=matrices.dimension), exact, "not known from above")
    refused(replace(right, ball=replace(BALL, radius=Fraction(2))), exact, "above the value")


def test_weights_are_bounded_or_nothing_follows(matrices):
    exact = exact_coefficients(matrices.model)
    refused(CoveredByWeights(exact.hash, BALL, 100.0), exact, "not bounded")
    ball = replace(BALL, weights=Fraction(1, 2))
    right = matrices.covers(ball).bounds["weights"].certificate
    refused(replace(right, value=right.value - 0.01), exact, "above the value")
    refused(replace(right, ball=replace(ball, weights=Fraction(1))), exact, "above the value")
    refused(replace(right, ball=replace(ball, norm="inputs")), exact, "not bounded")


@pytest.mark.parametrize("norm", ["uniform", "gaussian", "sup"])
def test_steps_of_weights_are_small_enough(norm):
    """The norm of a difference of functions of near weights, on many inputs, against the lengths that the bound is made of."""
    model, rng = as_model("mlp(2,2,1; x^2 + x)"), np.random.default_rng(0)
    subject, width, p = exact_coefficients(model), 0.75, model.parameters
    names = subject.coefficient_names
    _, slopes = subject.coefficient_balls(tuple(range(len(names))), [flint.arb(0, width)] * p, tuple(range(p)))
    lengths = np.array([float(norm_at_most(norm, names, [row[j] for row in slopes])) for j in range(p)])
    ball = BallOfFunctions(norm, Fraction(10), Fraction(1, 20), Fraction(width))
    assert float(log_of_weights(subject, ball)) == pytest.approx(np.log(np.ceil(p * lengths * width * 20)).sum())
    inputs = rng.normal(size=(4000, 2)) if norm == "gaussian" else rng.uniform(-1, 1, size=(4000, 2))
    monomials = np.stack([np.prod(inputs ** np.array(e), axis=1) for _, e in names])
    f = PolynomialMap.of(subject.coordinates, range(len(names)))
    for _ in range(50):
        w = rng.uniform(-width, width, (2, p))
        gap = np.abs((f.values(w[:1]) - f.values(w[1:])) @ monomials)[0]
        size = gap.max() if norm == "sup" else sqrt((gap**2).mean())
        assert size <= 1.05 * lengths @ np.abs(w[0] - w[1])


SQUARES = "mlp(1,1,1; x^2)"  # w1 (w0 x)^2: the coefficient w1 w0^2 of x^2


def _apart(weights, ball=None, points=(), value=None):
    exact = exact_coefficients(as_model(SQUARES))
    own = tuple(tuple(map(Fraction, w)) for w in weights)
    return FarApart(
        exact.hash,
        ball or BallOfFunctions("frobenius", Fraction(1), Fraction(1, 10)),
        own,
        points,
        log(len(own)) if value is None else value,
    ), exact


def test_functions_that_are_far_apart():
    values = [-1, Fraction(-3, 4), Fraction(-1, 2), 0, Fraction(1, 2), 1]
    certificate, exact = _apart([(1, v) for v in values], value=1.79)
    assert issue(certificate, exact).claim is Claim.LOWER_BOUND
    refused(replace(certificate, value=1.80), exact, "below the value")
    refused(replace(certificate, value=float("nan")), exact, "below the value")
    refused(replace(certificate, ball=replace(certificate.ball, epsilon=Fraction(1, 8))), exact, "too near")
    refused(replace(certificate, ball=replace(certificate.ball, radius=Fraction(9, 10))), exact, "too large")
    refused(replace(certificate, ball=replace(certificate.ball, weights=Fraction(1, 2))), exact, "too large")
    refused(_apart([(1, v) for v in (-1, -1)], value=0.0)[0], exact, "too near")
    refused(_apart([(1, 1), (-1, 1)], value=0.0)[0], exact, "too near")  # other weights, the same function
    refused(replace(certificate, weights=()), exact, "one or more")
    refused(replace(certificate, weights=((Fraction(1),),)), exact, "one or more")
    refused(replace(certificate, subject="another"), exact, "of the model")
    refused(replace(certificate, ball=replace(certificate.ball, norm="inputs")), exact, "not known")


def test_functions_that_are_far_apart_somewhere_in_the_cube():
    ball = BallOfFunctions("sup", Fraction(1), Fraction(1, 10))
    certificate, exact = _apart([(1, 1), (1, 0), (1, -1)], ball, ((Fraction(1, 2),), (Fraction(1),)), 1.09)
    assert issue(certificate, exact).claim is Claim.LOWER_BOUND
    refused(replace(certificate, points=((Fraction(1, 5),),)), exact, "too near")
    refused(replace(certificate, points=((Fraction(2),),)), exact, "not in the cube")
    refused(replace(certificate, points=((Fraction(1), Fraction(1)),)), exact, "not in the cube")
    refused(replace(certificate, points=()), exact, "too near")
    refused(replace(certificate, ball=replace(ball, radius=Fraction(99, 100))), exact, "small enough")


def _cube(**parts):
    """w0 = 1, w1 in [1/4, 3/4]: the coefficient runs over that interval."""
    whole = {
        "centre": (Fraction(1), Fraction(1, 2)),
        "columns": (1,),
        "radii": (Fraction(1, 4),),
        "tests": ((1.0,),),
        "inverse": ((1.0,),),
    }
    return CubeOfWeights(**{**whole, **parts})


def test_a_volume_of_an_interval_is_its_length():
    exact, ball = exact_coefficients(as_model(SQUARES)), BallOfFunctions("frobenius", Fraction(1), Fraction(1, 100))
    assert float(log_of_volume(exact, ball, _cube())) == pytest.approx(log(0.5 / 0.02))  # length over that of a ball
    assert float(log_of_volume(exact, ball, _cube(tests=((7.0,),), inverse=((1 / 7,),)))) == pytest.approx(log(0.5 / 0.02))
    right = FillsVolume(exact.hash, ball, _cube(), 3.218)
    assert issue(right, exact).claim is Claim.LOWER_BOUND
    refused(replace(right, value=3.219), exact, "below the value")
    refused(replace(right, subject="another"), exact, "another model")
    refused(replace(right, ball=replace(ball, epsilon=Fraction(1, 99))), exact, "below the value")
    refused(replace(right, ball=replace(ball, radius=Fraction(7, 10))), exact, "may be too large")
    refused(replace(right, ball=replace(ball, weights=Fraction(7, 10))), exact, "a weight is too large")
    refused(replace(right, ball=replace(ball, norm="inputs")), exact, "not known")
    refused(replace(right, cube=_cube(columns=(0,))), exact, "below the value|fill a volume|too large")
    refused(replace(right, cube=_cube(columns=(2,))), exact, "no directions")
    refused(replace(right, cube=_cube(columns=(-1,))), exact, "no directions")
    refused(replace(right, cube=_cube(columns=(), radii=(), tests=(), inverse=())), exact, "no directions")
    refused(replace(right, cube=_cube(tests=((0.0,),))), exact, "fill a volume")
    refused(replace(right, cube=_cube(inverse=((2.5,),))), exact, "fill a volume")
    refused(replace(right, cube=_cube(inverse=((1.5,),))), exact, "below the value")
    refused(replace(right, cube=_cube(radii=(Fraction(-1, 4),))), exact, "another model")
    refused(replace(right, cube=_cube(centre=(Fraction(1),))), exact, "another model")
    two = _cube(columns=(0, 1), radii=(Fraction(1, 4),) * 2, tests=((1.0,), (1.0,)), inverse=((1.0, 0.0), (0.0, 1.0)))
    refused(replace(right, ball=replace(ball, radius=Fraction(2)), cube=two), exact, "fill a volume")  # the functions form a line
    refused(
        replace(
            right, cube=_cube(columns=(1, 1), radii=(Fraction(1, 4),) * 2, tests=((1.0,), (1.0,)), inverse=((1.0, 0.0), (0.0, 1.0)))
        ),
        exact,
        "another model",
    )


def test_balls_are_of_known_norms_and_sizes():
    for wrong in ({"norm": "l1"}, {"radius": Fraction(0)}, {"epsilon": Fraction(-1)}, {"weights": Fraction(0)}):
        with pytest.raises(ValueError, match="expected"):
            replace(BALL, **wrong)
    assert {"frobenius", "bombieri", "gaussian", "uniform", "sup", "inputs"} == set(NORMS)


def test_volumes():
    found = volumes_of_balls(5)
    expected = [1, 2, pi, 4 * pi / 3, pi**2 / 2, 8 * pi**2 / 15]
    assert [float(v) for v in found] == pytest.approx(expected)
    assert len(volumes_of_balls(0)) == 1


@pytest.mark.parametrize("sizes", [(1, 1, 0), (1, 2, 3), (0, 1, 1), (0, 0, 0)])
@pytest.mark.parametrize("norm", ["frobenius", "gaussian", "uniform", "bombieri", "sup"])
def test_norms_of_balls(norm, sizes):
    """Of positive coefficients, where the products of monomials that are not negative add up: x^2, y^2 and another output."""
    names = [(0, (2, 0)), (0, (0, 2)), (1, (2, 0))]
    found = norm_at_most(norm, names, [flint.arb(v) for v in sizes])
    a, b, c = sizes
    square = {
        "frobenius": a * a + b * b + c * c,
        "bombieri": a * a + b * b + c * c,
        "gaussian": 3 * (a * a + b * b + c * c) + 2 * a * b,
        "uniform": (a * a + b * b + c * c) / 5 + 2 * a * b / 9,
        "sup": (a + b) ** 2 + c * c,
    }[norm]
    assert float(found) == pytest.approx(sqrt(square))


@pytest.mark.parametrize("number", [Fraction(1, 10), Fraction(3, 10), Fraction(123, 1000), Fraction(999, 1000), Fraction(2)])
def test_thousandths_on_both_sides(number):
    """What is told is a bound as a decimal and as a double: at the number, and a little to each side of it."""
    for move in (Fraction(0), Fraction(1, 2**58), -Fraction(1, 2**58), Fraction(1, 2**100), -Fraction(1, 2**100)):
        with precision(256):
            exact, ball = number + move, arb_of(number + move)
            below, above = thousandths_below(ball), thousandths_above(ball)
        for told, sign in ((below, 1), (above, -1)):
            decimal = Fraction(round(told * 1000), 1000)
            assert all(sign * (exact - v) >= -Fraction(1, 2**200) for v in (decimal, Fraction(told)))
            assert abs(exact - decimal) < Fraction(1, 1000) + Fraction(1, 2**50)


def test_weights_of_other_models_are_refused():
    good, short = (Fraction(1), Fraction(2)), (Fraction(1),)
    subject = exact_coefficients(as_model("mlp(1,1,1; x^2)"))
    for weights in ((good, short), (short, good), ()):
        with pytest.raises(NotShown, match="functions of the model"):
            FarApart(subject.hash, BallOfFunctions("frobenius", Fraction(1), Fraction(1, 2)), weights, (), 0.0).check(subject)
