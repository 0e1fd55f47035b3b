"""Best fits of random targets: theorems, the same by descent, and exact cells of plane curves against quadrature and sampling."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, DataError, InputError, VoronoiResult, as_model, plane_curve_cell, voronoi
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.training.bias.best_fits import best_fits
from neurovariety.training.losses.loss import Distance


@pytest.mark.parametrize(
    ("text", "metric"), [("linear(3,2,3)", "frobenius"), ("mlp(3,2,1; x^2)", "gaussian"), ("cnn(2,2; x^2)", "bombieri")]
)
def test_no_singular_function_is_exposed(text, metric):
    """Eckart and Young, its variant for normal inputs, and nodes: best fits need the whole architecture."""
    targets = size(20, 60)
    found = voronoi(text, metric=metric, targets=targets)
    assert (found.value["on_network"], found.value["clear"]) == (1.0, targets)
    assert found.claim is Claim.ESTIMATE
    assert found.evidence["complete"]
    assert "not known" not in found.evidence["singular_functions"]
    first = found.value["table"][0]
    assert first["cell"] == found.evidence["ambient"] - first["dimension"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["mlp(2,1,1; x^3 + x^2)", "mlp(2,2,1; x^3)", "cnn(2,2; x^2)"])
def test_descent_finds_nothing_better(text):
    """The best of many descents in the weights is never below the least of the lists; it meets it where networks attain it."""
    model = as_model(text)
    found = best_fits(model, Distance("frobenius", {}), size(3, 12), 1.0, 1)
    coefficients = coefficients_as_polynomials(model)
    written = PolynomialValues([coefficients[m] for m in found.monomials], model.parameters)
    rng = np.random.default_rng(0)
    least = np.array([p.least for p in found.pieces]).min(axis=0)
    attained = np.array([p.least for p in found.pieces if p.kind != "limit"]).min(axis=0)
    for t, target in enumerate(found.targets):
        reached = np.inf
        for w in rng.normal(size=(24, model.parameters)):
            least_now, damping = np.inf, 1e-2
            for _ in range(200):
                off, slopes = written.values(w) - target, written.slopes(w)
                step = np.linalg.lstsq(slopes.T @ slopes + damping * np.eye(len(w)), slopes.T @ off)[0]
                now = float(np.sum((written.values(w - step) - target) ** 2))
                if now < least_now:
                    w, least_now, damping = w - step, now, damping / 3
                else:
                    damping *= 5
            reached = min(reached, least_now)
        if found.best[t] < 0:
            continue
        assert reached >= least[t] - 1e-7
        if found.pieces[found.best[t]].kind == "network":
            assert reached == pytest.approx(attained[t], rel=1e-4, abs=1e-6)


def test_one_neuron():
    """Its functions but 0 are smooth, and limits of networks lie apart from best fits; read back from JSON; another seed."""
    found = voronoi("mlp(2,1,1; x^3 + x^2)", targets=100)
    assert found.value["on_network"] == 1
    assert [row["kind"] for row in found.value["table"]] == ["network", "subnetwork", "limit", "limit"]
    again = VoronoiResult.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.value == found.to_dict()["value"]
    assert found.rerun(seed=5).value["table"][0]["critical"] == found.value["table"][0]["critical"]
    assert voronoi("mlp(2,1,1; x^3 + x^2)", targets=100).value == found.value


def test_the_boundary_of_real_networks_is_not_listed():
    """mlp(2,2,1; x^3) fills over the complex numbers; cubics with three real roots are no networks: what is nearest is left open."""
    found = voronoi("mlp(2,2,1; x^3)", targets=60)
    assert 0.1 < found.value["open"] < 0.9
    assert found.value["on_network"] + found.value["open"] + found.value["on_subnetworks"] == pytest.approx(1)


def test_data():
    rng = np.random.default_rng(2)
    assert voronoi("mlp(2,1,1; x^2)", metric="data", data=rng.normal(size=(9, 2)), targets=30).value["clear"] == 30
    with pytest.raises(DataError, match="do not see every coefficient"):
        voronoi("mlp(2,1,1; x^2)", metric="data", data=rng.normal(size=(2, 2)), targets=5)


class TestPlaneCurves:
    def test_the_cuspidal_cubic(self):
        """Published boundary; membership by it; and probability against quadrature on a grid and sampling."""
        cell = plane_curve_cell("x^2", "x^3")
        assert cell.dimension == 2
        assert cell.boundary == ("128*u^3 + 32*u^2 + 72*u*v^2 + 2*u + 27*v^4 + v^2",)
        rng = np.random.default_rng(0)
        for _ in range(200):
            u, v = (Fraction(int(n), 64) for n in rng.integers(-100, 101, 2))
            value = 27 * v**4 + 128 * u**3 + 72 * u * v**2 + 32 * u**2 + v**2 + 2 * u
            assert cell.contains(u, v) == (value <= 0)
        probability = cell.probability()
        side = np.linspace(-8, 8, 1601)
        u, v = np.meshgrid(side, side, indexing="ij")
        inside = 27 * v**4 + 128 * u**3 + 72 * u * v**2 + 32 * u**2 + v**2 + 2 * u <= 0
        density = np.exp(-(u**2 + v**2) / 2) / (2 * np.pi)
        assert probability == pytest.approx(float((inside * density).sum() * (side[1] - side[0]) ** 2), abs=1e-3)

    def test_other_points(self):
        assert plane_curve_cell("x^2", "x^3", at=1).dimension == 1
        assert plane_curve_cell("x^2 - 1", "x^3 - x", at=1).dimension == 0  # a node: two tangents
        assert plane_curve_cell("x", "x^2").probability() == 0.0

    @pytest.mark.parametrize(("v", "inside"), [("1/4", True), ("1/2", True), ("501/1000", False), (-7, True)])
    def test_the_vertex_of_a_parabola(self, v, inside):
        """Its cell ends at the centre of curvature (0, 1/2)."""
        assert plane_curve_cell("x", "x^2").contains(0, v) is inside
        assert not plane_curve_cell("x", "x^2").contains("1/1000", v)

    def test_cusps_of_higher_order_by_sampling(self):
        cell = plane_curve_cell("x^2", "x^5")
        rng = np.random.default_rng(1)
        t = np.linspace(-3, 3, 6001)
        near = 0
        for u, v in rng.normal(size=(2000, 2)):
            near += ((t**2 - u) ** 2 + (t**5 - v) ** 2).min() >= u * u + v * v - 1e-9
        assert cell.probability() == pytest.approx(near / 2000, abs=0.04)

    def test_bad_input(self):
        with pytest.raises(InputError, match="are constant"):
            plane_curve_cell("1", "2")
        with pytest.raises(InputError, match="is a polynomial in x"):
            plane_curve_cell("1/x", "x")
        with pytest.raises(InputError, match="degree at most 12"):
            plane_curve_cell("x^13", "x")
        with pytest.raises(InputError, match="rational number"):
            plane_curve_cell("x^2", "x^3", at="pi")


def test_bad_input():
    with pytest.raises(InputError, match="metric 'l2' is unknown"):
        voronoi("linear(2,1,2)", metric="l2")
    with pytest.raises(InputError, match="number of targets"):
        voronoi("linear(2,1,2)", targets=0)
    with pytest.raises(InputError, match="scale of the targets"):
        voronoi("linear(2,1,2)", scale=-1.0)
    with pytest.raises(InputError, match="needs inputs"):
        voronoi("linear(2,1,2)", metric="data")
    with pytest.raises(InputError, match="takes no data"):
        voronoi("linear(2,1,2)", data=[[1.0, 2.0]])
    with pytest.raises(InputError, match="is rational"):
        voronoi("mlp(2,2,1; 1/x)")
