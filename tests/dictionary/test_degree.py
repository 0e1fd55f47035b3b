"""Degrees: two routes to one number, every seed, and what happens when a run is interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, InputError, degree
from neurovariety.architectures import as_model
from neurovariety.dictionary.dimension import dimension
from neurovariety.geometry.exact.span import AffineVariety, affine_span_at_least
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.affine_slices import slices
from neurovariety.geometry.solutions.chart import find_chart
from neurovariety.geometry.solutions.complete_fiber import complete_fiber
from neurovariety.geometry.solutions.least_degree import LARGEST_RANGE
from neurovariety.geometry.solutions.scales import scales_of
from neurovariety.homotopy import trace_test

BOTH = [
    ("mlp(2,2,1; x^4)", 3),
    ("mlp(2,2,1; x^5)", 6),
    ("mlp(2,3,1; x^7)", 10),
    ("mlp(2,3,2; x^4)", 4),
    ("mlp(2,3,4; x^3)", 4),
    ("mlp(2,3,3; x^4)", 20),
    ("mlp(2,1,3; x^3)", 9),
    ("mlp(3,2,1; x^2)", 3),
    ("mlp(4,2,1; x^2)", 10),
    ("mlp(3,2,1; x^3)", 15),
    ("mlp(3,2,1; x^4)", 75),
    ("mlp(3,3,1; x^3)", 4),
    ("mlp(3,3,1; x^4)", 112),
    ("mlp(3,4,1; x^4)", 35),
    ("mlp(3,5,1; x^4)", 6),
    ("mlp(4,2,1; x^3)", 175),
    ("mlp(5,7,1; x^3)", 15),
    ("mlp(3,2,3; x^2)", 81),
    ("mlp(2,2,2; x^5)", 28),
    ("linear(2,1,2)", 2),
    ("linear(3,1,4)", 10),
    ("linear(3,2,4,5)", 10),
    ("linear(5,2,5)", 175),
    ("linear(5,3,5)", 50),
    ("cnn(2,2; x^2)", 4),
    ("cnn(2,3; x^3; outputs=2)", 9),
    ("cnn(2,2,2; x^2)", 48),
    ("cnn(2,2,2; x^2,x^3)", 108),
    ("cnn(3,3; x^2)", 24),
    ("cnn(3,3,2; x; strides=1,2,1)", 5),
    ("cnn(2,2,2,2; x; strides=2,2,2,1)", 24),
    ("cp(2,2,2,2; rank=2)", 64),
    ("tt(2,2,2,2; ranks=2,2,2)", 20),
]


@pytest.mark.parametrize(("text", "value"), BOTH)
def test_theorem_and_computation_agree(text, value):
    theorem, computed = degree(text), degree(text, route="computed")
    assert (theorem.value, theorem.claim, theorem.evidence["route"]) == (value, Claim.PROVED, "theorem")
    assert (computed.value, computed.claim, computed.evidence["route"]) == (value, Claim.COMPLETE, "computed")
    assert computed.evidence["certified"] == value


COMPUTED = [
    ("mlp(2,2,1; x^3 + x^2)", 3),
    ("mlp(2,2,2,2; x^2)", 15),
    ("mlp(2,2,2,1; x^3)", 70),
    ("mlp(3,3,3; x^2)", 30),
    ("mlp(3,2,2,1; x^2)", 45),
    ("attention(2,1; a=2; t=2)", 4),
]


@pytest.mark.parametrize(("text", "value"), COMPUTED)
def test_computed_degrees(text, value):
    """Hundreds of seeds: `python -m benchmarks.reliability`."""
    for seed in range(size(2, 5)):
        found = degree(text, seed=seed)
        assert (found.value, found.claim) == (value, Claim.COMPLETE), seed
        assert found.evidence["trace_test"]["margin"] > 1e4


RELIABLE = [("linear(3,2,3)", 3), ("mlp(3,2,1; x^3)", 15), ("cnn(3,2; x^2)", 12)]


@pytest.mark.parametrize(("text", "value"), RELIABLE)
def test_every_seed(text, value):
    """A small part of `python -m benchmarks.reliability`, which takes hundreds of seeds."""
    for seed in range(100, 100 + size(2, 10)):
        found = degree(text, route="computed", seed=seed)
        assert found.value == value
        assert found.claim is Claim.COMPLETE


def power(*terms):
    """The model with these coefficients, functions of its weights, of x_0, x_1, ..."""
    weights = max(n for n, _ in terms)
    return as_model(lambda w, x: sum(c(w) * x[i] for i, (_, c) in enumerate(terms))[None], (weights,), input_shape=len(terms))


FAR = [  # branches that paths from small weights do not see in float64
    (power((1, lambda w: w[0]), (1, lambda w: w[0] ** 150)), 150),
    (power((1, lambda w: w[0]), (1, lambda w: w[0] ** 2 + w[0] ** 90)), 90),
    (power((1, lambda w: w[0]), (1, lambda w: (3 * w[0]) ** 80)), 80),
    (power((1, lambda w: w[0]), (1, lambda w: 1e-8 * w[0] ** 3)), 3),
    (power((2, lambda w: w[0]), (2, lambda w: w[0] ** 2), (2, lambda w: w[1]), (2, lambda w: w[1] ** 40)), 80),
]


@pytest.mark.parametrize(("model", "value"), FAR, ids=[str(k) for k in range(len(FAR))])
def test_branches_far_apart(model, value):
    """By hand: a curve (t, t^n) meets a general line in n points, and a product of curves has twice the product of their degrees, a
    surface of mixed area 2 * 40."""
    for seed in range(size(2, 20)):
        found = degree(model, seed=seed)
        assert found.value == value or found.claim is Claim.LOWER_BOUND, seed
        if seed < 2:
            felt = scales_of(model).apart <= LARGEST_RANGE  # no trace in doubles is trusted with sheets that far away
            assert (found.value, found.claim) == (value, Claim.COMPLETE if felt else Claim.LOWER_BOUND), seed


def test_fewer_points_than_the_span_allows_are_refused():
    """The 2 points of the conic that (t, t^2, t^40) looks like for small t pass any test in float64. A curve in space has degree 3, and
    no plane curve of degree below 40 holds a projection of this one."""
    model = power((1, lambda w: w[0]), (1, lambda w: w[0] ** 2), (1, lambda w: w[0] ** 40))
    cut = slices(model, 1, 0, np.random.default_rng(0))
    assert affine_span_at_least(AffineVariety(model), 9, 0) == 3
    assert [cut.can_have(k) for k in (0, 1, 2, 3, 39, 40)] == [False] * 5 + [True]


def test_branches_that_float64_does_not_feel():
    """For |t| < 3 the last term of (t, 2^28 t^6 + 2^-23 t^39) is rounding: 6 points move as if there were no more."""
    model = power((1, lambda w: w[0]), (1, lambda w: 2.0**28 * w[0] ** 6 + 2.0**-23 * w[0] ** 39))
    for seed in range(size(1, 20)):
        found = degree(model, seed=seed)
        assert found.value == 39 or found.claim is Claim.LOWER_BOUND


def test_why_a_degree_is_only_bounded_is_said():
    found = degree("mlp(2,1,1; x^3 + 1000*x^2 + x)", seed=0)
    assert found.claim is Claim.LOWER_BOUND
    assert any("more than a factor 100 apart in any units" in notice for notice in found.notices)


def test_affine_spaces_have_degree_one():
    """Of dimension 1 in a span of dimension 2: x_0 + w x_1."""
    model = power((1, lambda w: 1.0), (1, lambda w: w[0]))
    assert (degree(model).value, degree(model).claim) == (1, Claim.PROVED)
    assert degree("residual(linear(2,1,2))").value == 2


def test_filling_models_have_degree_one():
    assert degree("mlp(2,2,1; x^2)").claim is Claim.PROVED
    assert degree("mlp(2,2,1; x^2)").value == degree("mlp(2,2,1; x^2)", route="computed").value == 1


def test_a_set_with_one_left_out_fails():
    model = as_model("linear(3,2,3)")
    rng = np.random.default_rng(0)
    shape = dimension_of(model, seed=0)
    cut = slices(model, shape.value, 0, rng)
    found = complete_fiber(cut, rng, premises=(shape.verdict,))
    assert found.complete
    base = found.run.fibers[0]
    for k in range(3):
        part = np.delete(base.array(), k, axis=0)
        assert not trace_test(cut.system, cut.prints, part, base.parameters, cut.parallel(base.parameters, rng)).passed


@pytest.mark.parametrize("text", ["mlp(2,2,1; x^3)", "linear(4,2,4)", "cnn(3,2; x^2)", "attention(3,2; a=2; t=2)", "mlp(2,2,2,1; x^2)"])
def test_charts_keep_the_dimension(text):
    """Two charts of other seeds have as many free weights, and the weights held fixed are integers."""
    model = as_model(text)
    r = dimension(model).value
    for seed in (0, 1):
        chart = find_chart(model, r, seed)
        assert len(chart.free) == r
        assert set(chart.fixed) | set(chart.free) == set(range(model.parameters))
        assert not set(chart.fixed) & set(chart.free)


def test_bad_input():
    with pytest.raises(InputError, match="route 'guess' is unknown"):
        degree("mlp(2,2,1; x^2)", route="guess")
    with pytest.raises(InputError, match="no closed formula for the degree"):
        degree("mlp(2,2,2,1; x^3)", route="theorem")
    with pytest.raises(InputError, match="divides by a function of its inputs"):
        degree("mlp(2,2,1; 1/x)")


def test_the_same_seed_gives_the_same_answer():
    one, two = (degree("mlp(3,2,1; x^3)", route="computed", seed=5) for _ in range(2))
    assert one.evidence["trace_test"] == two.evidence["trace_test"]
    assert one.evidence["paths"] == two.evidence["paths"]


def test_verify():
    assert degree("mlp(3,2,1; x^3)", route="computed").rerun().value == 15


COMMAND = [
    sys.executable,
    "-c",
    "from neurovariety.cli.main import main; main()",
    "degree",
    "linear(6,3,6)",
    "--route",
    "computed",
    "--json",
]


@pytest.mark.slow
def test_killed_runs_go_on(tmp_path):
    """SIGKILL whenever a count of 980 has written what it has; then the same command finishes, with the same answer.

    At random moments, and more often: `python -m benchmarks.kills`.
    """
    file = tmp_path / "run.npz"
    command = [*COMMAND, "--resume", str(file)]
    for _ in range(2):
        before = file.stat().st_mtime_ns if file.exists() else 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while process.poll() is None and (file.stat().st_mtime_ns if file.exists() else 0) == before:
                time.sleep(0.05)
            process.kill()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    found = json.loads(done.stdout)
    assert (found["value"], found["claim"]) == (980, "complete")
    assert [f.name for f in tmp_path.iterdir() if f.name == "run.npz"]


def test_a_formula_needs_no_dimension():
    """A rank of 40,000 parameters would take minutes; nothing of it is needed."""
    found = degree("linear(200,100,200)", route="theorem")
    assert (found.claim, found.evidence["dimension"]) == (Claim.PROVED, 100 * (400 - 100))


def test_a_high_power():
    """a x0 + a^100 x1 meets a general line in 100 points."""
    found = degree(as_model(lambda w, x: (w[0] * x[0] + w[0] ** 100 * x[1])[None], (1,), input_shape=2))
    assert found.value == 100 or found.claim in (Claim.LOWER_BOUND, Claim.ESTIMATE)
