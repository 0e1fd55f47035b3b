"""Limits of networks whose weights diverge: they are approached, not attained, and runs that drift go there."""

from __future__ import annotations

import numpy as np
import pytest

from campaign import size
from neurovariety import as_model, gradient_flow, landscape
from neurovariety.dictionary.dimension import dimension
from neurovariety.training.critical.least import Least, not_above
from neurovariety.training.critical.limits import limit_models
from neurovariety.training.critical.stages import CriticalFunction


@pytest.mark.parametrize(
    ("text", "dimensions"),
    [
        ("mlp(2,1,1; x^3 + x^2)", [2, 2]),
        ("mlp(2,2,1; x^3 + x^2)", [5, 5, 4, 4, 3]),
        ("mlp(2,1,1; x^3 + x)", [2, 2]),
        ("mlp(2,1,1; x^2 + 1)", [2]),  # the constant would grow with the weight of the lowest power
        ("mlp(2,1,1; x^2; bias)", [3]),
        ("mlp(2,1,1; x^2)", []),
        ("linear(2,1,2)", []),
    ],
)
def test_dimensions(text, dimensions):
    """Limits are smaller than the network: one direction is lost for each neuron that diverges."""
    found = limit_models(as_model(text))
    assert [dimension(m).value for m in found] == dimensions
    assert all(d < dimension(text).value for d in dimensions)


@pytest.mark.slow
@pytest.mark.parametrize("teacher", ["2*x0^3 + 3*x0^2*x1 + 3/2*x0*x1^2 + 1/4*x1^3", "x0^2", "x0^3"][: size(1, 3)])
def test_a_power_alone_is_a_limit(teacher):
    """(x0)^3 without (x0)^2, and the other way round, and a cube of a linear form: loss 0, but for no weights."""
    found = landscape("mlp(2,1,1; x^3 + x^2)", metric="frobenius", teacher=teacher)
    assert found.value["global_minimum"] == "undecided"
    assert found.value["least_loss"] == pytest.approx(0, abs=1e-9)
    losses, sizes = zip(*found.evidence["least"]["sequence"], strict=True)
    assert list(losses) == sorted(losses, reverse=True)
    assert list(sizes) == sorted(sizes)


@pytest.mark.slow
def test_runs_that_drift_are_explained():
    rng, runs = np.random.default_rng(1), size(10, 24)
    found = gradient_flow("mlp(2,1,1; x^3 + x^2)", data=(rng.normal(size=(30, 2)), rng.normal(size=(30, 1))), runs=runs)
    limits = {str(p.number) for p in found.landscape.points if p.kind == "limit"}
    assert found.value["unmatched"] == 0
    assert set(found.evidence["drifting"]) <= limits
    assert sum(found.evidence["not_converged"].values()) == runs - found.value["converged"]
    assert "weights still grow" not in found.evidence["not_converged"]


def test_no_infimum_above_a_listed_network():
    """What no network attains lies below all networks that are listed; where one of these has that loss, or less, it is attained."""

    def listed(number, loss, weights=True):
        w = np.zeros(2) if weights else None
        return CriticalFunction(number, "", np.zeros(1), 0.0, True, w, "yes", loss, None, False, "minimum", "pure")

    edge = Least("undecided", 3.0, np.ones(2), None, 2.0, ((2.5, 10.0), (2.1, 100.0)), "weights diverge")
    assert not_above(edge, [listed(1, 2.5), listed(2, 1.0, weights=False)], 1.0) is edge
    for loss in (1.5, 2.0):
        found = not_above(edge, [listed(1, 2.5), listed(2, loss)], 1.0)
        assert (found.claim, found.infimum, found.loss, found.point.number) == ("upper_bound", None, loss, 2)
    least = Least("complete", 2.0, np.ones(2), None, None, (), "least in complete lists")
    assert not_above(least, [listed(1, 2.0)], 1.0) is least
    assert not_above(least, [listed(1, 1.9)], 1.0).claim == "upper_bound"


def test_an_affine_activation_has_linear_functions_as_limits():
    """w2 (w1 x/2 + 1/3): all affine functions but the linear ones, and these in the limit; the least loss is that of a regression."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 1)), rng.normal(size=(8, 1))
    found = landscape("mlp(1,1,1; 1/2*x + 1/3)", data=(x, y))
    columns = np.hstack([x, np.ones_like(x)])
    least = float(np.mean((y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]) ** 2))
    assert found.value["least_loss"] == pytest.approx(least)
    assert found.value["at_limits"] == 1
