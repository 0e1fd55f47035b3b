"""Critical points next to trained weights: floats as another route, and false twins that are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import erf

import neurovariety as nv
from neurovariety.certificates.activation_series import rational_ball, taylor
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.smooth_critical_points import (
    AloneThere,
    IndexThere,
    LossThere,
    OneCriticalPoint,
    PointsApart,
    TrainedPerceptron,
)
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.cli.main import main

FLOATS = {"tanh": np.tanh, "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2}
X1 = np.round(np.linspace(-2, 2, 12), 3)[:, None]
X2 = np.round(np.random.default_rng(5).uniform(-1, 1, (15, 2)), 2)
TASKS = {
    "mlp(1,2,1; tanh)": (X1, np.round(np.sin(X1) + 0.1 * np.random.default_rng(0).normal(size=X1.shape), 3), 11),
    "mlp(2,2,1; gelu)": (
        X2,
        np.round(FLOATS["gelu"](X2 @ [[1.5, 0.5], [-1, 2]]) @ [[1.0], [-1.5]] + 0.05 * np.cos(9 * X2[:, :1]), 3),
        6,
    ),
}


def squared(notation, w, x, y):
    widths = [int(n) for n in notation[4 : notation.index(";")].split(",")]
    first = w[: widths[0] * widths[1]].reshape(widths[1], widths[0])
    out = FLOATS[notation[notation.index(";") + 2 : -1]](x @ first.T) @ w[widths[0] * widths[1] :].reshape(1, widths[1]).T
    return np.sum((out - y) ** 2)


@pytest.fixture(scope="module", params=TASKS)
def trained(request):
    """A network fitted by BFGS, its weights rounded."""
    x, y, degree = TASKS[request.param]
    rng = np.random.default_rng(0)
    size = {"mlp(1,2,1; tanh)": 4, "mlp(2,2,1; gelu)": 6}[request.param]
    fits = [minimize(lambda w: squared(request.param, w, x, y), rng.normal(size=size), options={"gtol": 1e-9}) for _ in range(5)]
    w = np.round(min(fits, key=lambda fit: fit.fun).x, 5)
    half = size - 2
    weights = {"W1": w[:half].reshape(2, -1), "W2": w[half:].reshape(1, 2)}
    return request.param, w, nv.critical_point(weights, architecture=request.param, inputs=x, targets=y, degree=degree)


def test_a_trained_network_lies_next_to_a_minimum(trained):
    """Floats agree on place, loss and kind."""
    notation, w, found = trained
    x, y, degree = TASKS[notation]
    point = np.array([float(v) for v in found.points["point"]])
    assert np.max(abs(point - w)) <= found.value["distance"] + 1e-12 < 1e-3
    low, high = found.value["loss"]
    assert low - 1e-12 <= squared(notation, point, x, y) <= high + 1e-12
    step = 1e-5 * np.eye(len(w))
    gradient = [(squared(notation, point + e, x, y) - squared(notation, point - e, x, y)) / 2e-5 for e in step]
    assert np.max(np.abs(gradient)) < 1e-8
    assert found.value["index"] == 0
    assert found.value["alone_within"] > 0
    assert found.value["degree"] == degree
    gap = max(abs(a - b) for a, b in zip(found.points["point"], found.points["polynomial_point"], strict=True))
    assert float(gap) <= found.value["between"] < float(gap) + 1e-12
    claims = {key: verdict.claim for key, verdict in found.claims.items()}
    for key in ("alone_within", "index", "loss", "polynomial_alone_within", "polynomial_index"):
        assert claims[key] is Claim.PROVED
    for key in ("distance", "polynomial_distance", "between"):
        assert claims[key] is Claim.UPPER_BOUND


def test_answers_are_rechecked(trained):
    found = trained[2]
    found.verify()
    data = found.to_dict(certificates=True)
    assert not recheck(data).refused
    assert type(found).from_dict(data).meaning == found.meaning


def test_the_evidence_is_held_to_the_certificates(trained):
    found = trained[2]
    for change in ({"samples": 3}, {"point": [0.0]}, {"polynomials": [["1"]]}, {"weights": []}, {"polynomial_point": []}):
        with pytest.raises(nv.VerificationError, match="evidence"):
            replace(found, evidence={**found.evidence, **change}).verify()


def test_hessians_are_difference_quotients():
    own = TrainedPerceptron(
        (2, 2, 2, 1),
        ("tanh", (Fraction(1), Fraction(1, 2), Fraction(1, 3))),
        True,
        ((Fraction(1), Fraction(1, 2)), (Fraction(-1), Fraction(2))),
        ((Fraction(1),), (Fraction(0),)),
        tuple(Fraction(int(n), 8) for n in np.random.default_rng(2).integers(-8, 9, 15)),
    )
    step = Fraction(1, 2**40)
    with taylor(200, 3):
        at = [rational_ball(w) for w in own.weights]
        loss, gradient, hessian = own.derivatives(at)
        for j in range(15):
            moved = [w + (step if k == j else 0) for k, w in enumerate(own.weights)]
            other, slopes, _ = own.derivatives([rational_ball(w) for w in moved])
            assert abs(float(((other - loss) / rational_ball(step) - gradient[j, 0]).mid())) < 1e-9
            for k in range(15):
                assert abs(float(((slopes[k, 0] - gradient[k, 0]) / rational_ball(step) - hessian[k, j]).mid())) < 1e-9


def test_where_nothing_is_shown():
    """No critical point is near, directions are free, or the points are fitted exactly in more ways than one."""
    x, y = [1, 2], [1, 0]
    for weights, architecture in (
        ({"W1": [[5]], "W2": [[5]]}, "mlp(1,1,1; tanh)"),
        ({"W1": [[1], [1]], "W2": [[1, 1]]}, "mlp(1,2,1; tanh)"),
        ({"W1": [[1], [2]], "b1": [0, 1], "W2": [[1, 1]], "b2": [0]}, "mlp(1,2,1; silu; bias)"),
    ):
        found = nv.critical_point(weights, architecture=architecture, inputs=x, targets=y)
        assert found.claim is Claim.UNDECIDED
        assert set(found.value.values()) == {None}
        assert found.evidence["why"]
        assert "polynomial" not in found.meaning


def test_a_saddle():
    """All weights 0: with an odd activation the gradient is 0 and the Hessian is indefinite where data correlate."""
    found = nv.critical_point({"W1": [[0.001]], "W2": [[0.0]]}, architecture="mlp(1,1,1; tanh)", inputs=[1, 2], targets=[1, 1])
    assert found.value["index"] == 1
    assert "no minimum" in found.meaning


def test_what_is_refused():
    weights = {"W1": [[1]], "W2": [[1]]}
    ask = {"architecture": "mlp(1,1,1; tanh)", "inputs": [1, 2], "targets": [1, 2]}
    for change, words in (
        ({"targets": [1]}, "as many targets"),
        ({"inputs": [[1, 2], [3, 4]]}, "2 and 1 columns"),
        ({"inputs": ["a", 1]}, "not a table"),
        ({"degree": 0}, "degree="),
        ({"architecture": "mlp(1,1,1; relu)"}, "relu"),
        ({"architecture": "mlp(1,1,1; cos)"}, "networks with cos are not read"),
        ({"inputs": list(range(600_000)), "targets": list(range(600_000))}, "fewer samples"),
    ):
        with pytest.raises(nv.NeurovarietyError, match=words):
            nv.critical_point(weights, **{**ask, **change})


def test_the_command(tmp_path, capsys):
    (tmp_path / "data.csv").write_text("x,y\n1,0.6\n2,0.75\n3,0.8\n")
    network = {"architecture": "mlp(1,1,1; tanh)", "weights": {"W1": [["9/10"]], "W2": [["4/5"]]}}
    (tmp_path / "network.json").write_text(json.dumps(network))
    with pytest.raises(SystemExit) as ended:
        main(["critical-point", str(tmp_path / "network.json"), "--data", str(tmp_path / "data.csv"), "--target", "y", "--json"])
    assert ended.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["entry"] == "critical-point"
    assert answer["value"]["index"] == 0
    (tmp_path / "more.csv").write_text("n;x;y\n1;1;0,6\n2;2;0,75\n3;3;0,8\n4;9;\n")
    options = ("--data", str(tmp_path / "more.csv"), "--target", "y", "--drop", "n", "--missing", "drop", "--json")
    with pytest.raises(SystemExit) as ended:
        main(["critical-point", str(tmp_path / "network.json"), *options])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["value"]["loss"] == answer["value"]["loss"]


def test_false_twins():
    found = nv.critical_point(
        {"W1": [[0.9]], "W2": [[0.8]]}, architecture="mlp(1,1,1; tanh)", inputs=[1, 2, 3], targets=["3/5", "3/4", "4/5"], degree=5
    )
    shown = {key: verdict.certificate for key, verdict in found.claims.items()}
    place, other = found.claims["distance"], found.claims["polynomial_distance"]
    own, next_to = place.on, other.on
    one, alone, index, loss, apart = (shown[key] for key in ("distance", "alone_within", "index", "loss", "between"))
    assert isinstance(one, OneCriticalPoint)
    assert isinstance(alone, AloneThere)
    assert isinstance(index, IndexThere)
    assert isinstance(loss, LossThere)
    assert isinstance(apart, PointsApart)
    unshown = weak(place.statement, Claim.ESTIMATE, "")
    twins = (
        replace(one, centre=own.weights),
        replace(one, centre=one.centre[:1]),
        replace(one, radius=4.0, value=9.0),
        replace(one, radius=0.0),
        replace(one, radius=-one.radius),
        replace(one, radius=2.0**-400),
        replace(one, value=one.value / 2),
        replace(one, value=float("nan")),
        replace(one, polynomial=True),
        replace(one, subject=next_to.hash),
        replace(one, bits=0),
        replace(alone, value=alone.radius),
        replace(alone, value=4.0, radius=5.0),
        replace(alone, point=unshown),
        replace(alone, point=other),
        replace(index, value=1),
        replace(index, value=False),
        replace(index, turn=((Fraction(1), Fraction(1)), (Fraction(1), Fraction(1)))),
        replace(index, turn=index.turn[:1]),
        replace(index, point=other),
        replace(loss, high=loss.low),
        replace(loss, low=loss.high * 1.01, high=1.0),
        replace(loss, point=other),
        replace(apart, value=apart.value / 2),
        replace(apart, degree=4),
        replace(apart, other=place),
        replace(apart, point=other),
        replace(apart, key="index"),
    )
    for true in (one, alone, index, loss, apart):
        issue(true, own)
        with pytest.raises(NotShown):
            issue(true, next_to)
    for twin in twins:
        with pytest.raises(NotShown):
            issue(twin, own)
    moved = replace(own, targets=(*own.targets[:-1], (Fraction(1),)))
    with pytest.raises(NotShown):
        issue(replace(one, subject=moved.hash), moved)
