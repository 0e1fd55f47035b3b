"""Critical exposedness: published dimensions, the same by moving targets, what is a minimum, and input that cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurovariety import Claim, ExposednessResult, InputError, as_model, exposedness
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.training.bias.inner_product import exact_quadric


def rows(found):
    return {row["name"]: row for row in found.value["table"]}


@pytest.mark.parametrize("metric", ["frobenius", "bombieri", "gaussian", "generic"])
def test_subnetworks_of_a_perceptron_are_exposed(metric):
    """Shahverdi, Marchetti, Kohn: a dead neuron, dim S = 3, rank J = 3, normal spaces of dimension 4, dim U_S = 7, all of V."""
    dead = rows(exposedness("mlp(2,2,1; x^3 + x^2)", metric=metric, samples=0))["neuron 2 dead"]
    assert (dead["dimension"], dead["rank"], dead["targets"], dead["critically_exposed"]) == (3, 3, 7, True)
    assert dead["function"] == "mlp(2,1,1; x^3 + x^2)"


@pytest.mark.parametrize("text", ["cnn(2,2; x^2)", "cnn(3,2; x^2)", "cnn(2,2; x^3)", "cnn(2,2; x^2 + x)"])
def test_convolutions_are_not(text):
    """They are immersed away from 0 (Shahverdi et al. 2025): U_S loses a dimension for each that S has less, but those of fibers."""
    found = exposedness(text, metric="generic", samples=0)
    assert "critically exposed, at the function zero; on those of other functions none is: " in found.meaning
    whole, n = found.evidence["whole"], as_model(text).parameters
    fiber = n - whole["rank"]
    for row in found.value["table"]:
        if row["function"] != "zero":
            assert not row["critically_exposed"]
            assert row["targets"] == found.value["ambient"] - whole["rank"] + row["dimension"] - fiber


@pytest.mark.parametrize("widths", [(3, 2, 3), (2, 2, 3), (3, 2, 2)])
def test_matrices_of_lower_rank_are_exposed_but_never_minima(widths):
    """Eckart and Young: every target has critical points of each rank, and those of lower rank are saddles."""
    text = f"linear({','.join(map(str, widths))})"
    found = exposedness(text, samples=25)
    row = rows(found)["rank 1"]
    assert row["critically_exposed"]
    assert row["targets"] == widths[0] * widths[-1]
    assert found.value["minima"]["rank 1"]["share"] == 0


@pytest.mark.parametrize("text", ["mlp(2,2,1; x^3 + x^2)", "cnn(2,2; x^2)", "mlp(2,2,1; x^3)", "linear(3,2,2)"])
def test_targets_by_finite_differences(text):
    """The dimension of U_S by another route: solve for stationary weights at nearby points of S, and see how targets move."""
    model, rng = as_model(text), np.random.default_rng(3)
    polynomials = list(coefficients_as_polynomials(model).values())
    written = PolynomialValues(polynomials, model.parameters)
    found = rows(exposedness(text, samples=0))
    for stratum in weight_strata(model)[:4]:
        s = rng.normal(size=stratum.parameters)
        j = written.slopes(np.asarray(stratum.embed(s), dtype=float)).T
        singular, kernel = np.linalg.svd(j)[1:]
        rank = int((singular > 1e-9).sum())
        normal = kernel[rank:].T @ rng.normal(size=len(kernel) - rank)
        moves = [kernel[rank:]]
        for direction in np.eye(stratum.parameters):
            ends = []
            for step in (1e-5, -1e-5):
                w = np.asarray(stratum.embed(s + step * direction), dtype=float)
                rows_ = np.linalg.svd(written.slopes(w).T)[2][rank:]
                ends.append(written.values(w) + rows_.T @ (rows_ @ normal))  # the normal, projected to the normal space there
            moves.append(((ends[0] - ends[1]) / 2e-5)[None])
        assert np.linalg.matrix_rank(np.vstack(moves), tol=1e-5) == found[stratum.name]["targets"], stratum.name


def test_minima_by_descent():
    """Dead neurons are saddles. With incoming weights 0 there are minima, where the outgoing weight has the wrong sign."""
    found = exposedness("mlp(3,2,1; x^2)", metric="bombieri", samples=60).value["minima"]
    assert found["neuron 2 dead"]["share"] == 0
    assert found["neuron 2 with outgoing weights 0"]["share"] == 0
    incoming = found["neuron 2 with incoming weights 0"]
    # f + n with n orthogonal to x^2-type tangents: a 2 x 2 block of independent normal entries must be definite of one sign
    assert 0.02 < incoming["share"] < 0.5
    assert incoming["low"] < incoming["share"] < incoming["high"]


def test_overall():
    found = exposedness("mlp(2,2,1; x^3 + x^2)", samples=3)
    assert found.claim is Claim.PROBABILITY
    assert found.evidence["error_bound"] < 2**-20
    claims = {key: verdict.claim for key, verdict in found.verdicts.items()}
    assert (claims["ambient"], claims["table"], claims["minima"]) == (Claim.PROVED, Claim.PROBABILITY, Claim.ESTIMATE)
    assert (
        found.rerun().value["critically_exposed"]
        == found.value["critically_exposed"]
        == sum(row["critically_exposed"] for row in found.value["table"])
        == 6
    )
    assert found.meaning.startswith("6 of the 7 strata listed are critically exposed, 2 of them at the function zero: ")
    again = ExposednessResult.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.value["table"] == found.to_dict()["value"]["table"]
    assert exposedness("mlp(2,2,1; x^3 + x^2)", samples=3).value == found.value


def test_the_whole_model_is_no_smaller_network():
    """linear(2,2,1,2): matrices of rank 1 are all of its functions, and most stationary points there are minima."""
    found = exposedness("linear(2,2,1,2)", samples=8)
    assert found.value["minima"]["rank 1"]["share"] == 1
    assert "most often at rank 1" not in found.meaning
    assert "100 %" not in found.meaning
    assert "look like local minima most often at" in exposedness("mlp(2,2,1; x^2)", samples=20).meaning


def test_data_that_see_little():
    """Two samples: J^T Q has a smaller rank, and there are more targets that look alike."""
    few = exposedness("mlp(2,2,1; x^2)", metric="data", data=[[1.0, 2.0], [3.0, 1.0]], samples=0)
    many = exposedness("mlp(2,2,1; x^2)", metric="data", data=np.random.default_rng(0).normal(size=(9, 2)), samples=0)
    assert rows(few)["neuron 2 dead"]["targets"] == rows(many)["neuron 2 dead"]["targets"] == 3


def test_exact_quadrics_are_the_rounded_ones():
    from neurovariety.geometry.solutions.quadrics import stated

    places = [(0, (2, 0)), (0, (1, 1)), (0, (0, 2)), (1, (2, 2))]
    for metric in ("frobenius", "bombieri", "gaussian", "uniform"):
        exact = exact_quadric(metric, places, None, np.random.default_rng(0)).astype(float)
        assert np.allclose(exact, stated([(o, e, 1.0) for o, e in places], metric))


def test_bad_input():
    with pytest.raises(InputError, match="metric 'l2' is unknown"):
        exposedness("linear(2,1,2)", metric="l2")
    with pytest.raises(InputError, match="needs inputs"):
        exposedness("linear(2,1,2)", metric="data")
    with pytest.raises(InputError, match="takes no data"):
        exposedness("linear(2,1,2)", data=[[1.0, 2.0]])
    with pytest.raises(InputError, match="number of samples"):
        exposedness("linear(2,1,2)", samples=-1)
    with pytest.raises(InputError, match="no strata of smaller networks are known"):
        exposedness("diagonal(3; layers=2)")
    with pytest.raises(InputError, match="is rational"):
        exposedness("mlp(2,2,1; 1/x)")
