"""All critical points within a distance of trained weights: Newton's method from many starts as another route, and false twins."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import root

import neurovariety as nv
from neurovariety.beyond.approximation import critical_points_near
from neurovariety.certificates.activation_series import rational_ball, taylor
from neurovariety.certificates.critical_points_within import FAR, NONE, POINT, SHRINK, TurnedWeights, halves, widened
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.cli.main import main

X, Y = np.array([1.0, 2.0, -1.0]), np.array([0.5, -1 / 3, 0.2])
DATA = {"inputs": [1, 2, -1], "targets": ["1/2", "-1/3", "1/5"]}
SLOPES = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "silu": (lambda z: z / (1 + np.exp(-z)), lambda z: (1 + np.exp(-z) * (1 + z)) / (1 + np.exp(-z)) ** 2),
}


def asked(activation, weights, within, **options):
    w, a = map(Fraction, weights)
    given = {"W1": [[w]], "W2": [[a]]}
    return nv.critical_point(given, architecture=f"mlp(1,1,1; {activation})", within=within, **DATA, **options)


def gradient(activation, w):
    f, slope = SLOPES[activation]
    rest = w[1] * f(w[0] * X) - Y
    return np.array([np.sum(2 * rest * w[1] * slope(w[0] * X) * X), np.sum(2 * rest * f(w[0] * X))])


def found_by_newton(activation, centre, radius):
    """The number of negative eigenvalues at each critical point that is reached."""
    points = []
    for start in np.random.default_rng(0).uniform(-radius, radius, (300, 2)) + centre:
        w = root(lambda v: gradient(activation, v), start, tol=1e-14).x
        near = np.max(abs(w - centre)) < radius and np.max(abs(gradient(activation, w))) < 1e-10
        if near and not any(np.max(abs(w - p)) < 1e-5 for p in points):
            points.append(w)
    steps = 1e-6 * np.eye(2)
    hessians = [[(gradient(activation, w + e) - gradient(activation, w - e)) / 2e-6 for e in steps] for w in points]
    return sorted(int(np.sum(np.linalg.eigvalsh((np.array(h) + np.array(h).T) / 2) < 0)) for h in hessians)


@pytest.mark.parametrize(
    ("activation", "weights", "within"), [("sin", (0, 0), 1.0), ("exp", (0, 0), 2.0), ("silu", (0, 0), 0.5), ("silu", (1, 1), 0.25)]
)
def test_newton_from_many_starts_finds_as_many(activation, weights, within):
    """The trained weights of two are critical themselves, where boxes meet."""
    found = asked(activation, weights, within)
    radius, indices = found.value["points_within"]
    assert radius == within
    assert found.claims["points_within"].claim is Claim.PROVED
    assert indices == found_by_newton(activation, [float(Fraction(w)) for w in weights], within)
    listed = found.evidence["points_within"]
    assert [p["index"] for p in sorted(listed, key=lambda p: p["index"])] == indices
    for i, p in enumerate(listed, 1):
        assert np.max(abs(gradient(activation, np.array(p["weights"])))) < 1e-12
        assert [float(v) for v in found.points[f"within {i}"]] == p["weights"]


@pytest.fixture(scope="module")
def both():
    return asked("silu", ("1/10", "-1/5"), 0.25, degree=6)


def test_polynomials_have_a_list_of_their_own(both):
    assert both.value["points_within"] == [0.25, [1]]
    assert both.value["polynomial_points_within"] == [0.25, [1]]
    assert "has exactly 1 critical point, of index 1" in both.meaning
    both.verify()
    data = both.to_dict(certificates=True)
    assert not recheck(data).refused
    assert type(both).from_dict(data).meaning == both.meaning
    assert len(both.rows("points_within")) == 1
    for key in ("points_within", "polynomial_points_within"):
        with pytest.raises(nv.VerificationError, match="evidence"):
            replace(both, evidence={**both.evidence, key: []}).verify()


def test_the_distance_shrinks_to_what_the_work_suffices_for(monkeypatch):
    monkeypatch.setattr(critical_points_near, "_MOST_WORK", 20_000)
    radius, indices = asked("silu", (0, 0), 2.0).value["points_within"]
    assert radius in [2.0 / 2**k for k in range(1, 13)]
    assert indices == [1]
    monkeypatch.setattr(critical_points_near, "_MOST_WORK", 0)
    found = asked("silu", (0, 0), 2.0)
    assert found.value["points_within"] is None
    assert found.evidence["why_not_all"].startswith("more boxes than are tried")


def test_critical_points_that_are_not_isolated(monkeypatch):
    """With fewer samples than directions no list is whole, and none is given."""
    given = {"W1": [[1], [2]], "W2": [[1, 1]]}
    monkeypatch.setattr(critical_points_near, "_MOST_WORK", 100_000)
    found = nv.critical_point(given, architecture="mlp(1,2,1; tanh)", inputs=[1], targets=[float(np.tanh(1) + np.tanh(2))], within=0.1)
    assert found.value["points_within"] is None


def test_what_is_refused():
    for wrong in (0, -1, float("nan"), "1", 1000, True):
        with pytest.raises(nv.InputError, match="within="):
            asked("silu", (0, 0), wrong)


def test_the_command(tmp_path, capsys):
    (tmp_path / "data.csv").write_text("x,y\n1,0.5\n2,-0.25\n-1,0.2\n")
    network = {"architecture": "mlp(1,1,1; silu)", "weights": {"W1": [["1/10"]], "W2": [["-1/5"]]}}
    (tmp_path / "network.json").write_text(json.dumps(network))
    options = ("--data", str(tmp_path / "data.csv"), "--target", "y", "--within", "0.25", "--json")
    with pytest.raises(SystemExit) as ended:
        main(["critical-point", str(tmp_path / "network.json"), *options])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["value"]["points_within"] == [0.25, [0, 1]]


def refused(certificate, subject):
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def test_false_twins(both):
    verdict, other = both.claims["points_within"], both.claims["polynomial_points_within"]
    true, own = verdict.certificate, verdict.on
    (index,) = true.points
    small = replace(true, tree=(FAR,), points=(), value=(true.radius, ()))
    twins = {
        "a smaller list": replace(true, points=(), value=(true.radius, ())),
        "a point twice": replace(true, points=(index, index), value=(true.radius, (1, 1))),
        "another index": replace(true, value=(true.radius, (0,))),
        "more in the value": replace(true, value=(true.radius, (1, 1))),
        "another distance": replace(true, value=(true.radius / 2, (1,))),
        "a larger distance": replace(true, radius=2 * true.radius, value=(2 * true.radius, (1,))),
        "no distance": replace(true, radius=0.0, value=(0.0, ())),
        "below 0": replace(true, radius=-1.0, value=(-1.0, ())),
        "no number": replace(true, radius=float("nan")),
        "all weights": replace(true, radius=float("inf"), value=(float("inf"), (1,))),
        "too large for floats": replace(true, radius=1e308, value=(1e308, (1,))),
        "a whole number": replace(true, radius=1, value=(1, (1,))),
        "no tree": replace(true, tree=()),
        "a box is left": replace(true, tree=true.tree[:-1]),
        "a step too many": replace(true, tree=(*true.tree, FAR)),
        "a step of no kind": replace(true, tree=(SHRINK - 1,)),
        "an axis too many": replace(true, tree=(2,)),
        "no whole number": replace(true, tree=(float(true.tree[0]), *true.tree[1:])),
        "all is far": small,
        "nothing is there": replace(small, tree=(NONE,)),
        "one is there": replace(small, tree=(POINT,)),
        "one of the list": replace(true, tree=(POINT,)),
        "no point shown": replace(true, points=(weak(index.statement, Claim.ESTIMATE, ""),)),
        "a place for an index": replace(true, points=(both.claims["distance"],)),
        "points of polynomials": replace(true, points=other.certificate.points),
        "of polynomials": replace(true, polynomial=True),
        "of other data": replace(true, subject=other.certificate.subject),
        "no bits": replace(true, bits=0),
        "no basis": replace(true, turn=((Fraction(1), Fraction(1)), (Fraction(1), Fraction(1)))),
        "a row": replace(true, turn=true.turn[:1]),
        "a short row": replace(true, turn=(true.turn[0], true.turn[1][:1])),
    }
    issue(true, own)
    for name, twin in twins.items():
        assert refused(twin, own), name


def test_boxes():
    """Halves cover a box, wider ones hold it, and coordinates go back and forth."""
    box = ((-1.0, 2.0), (0.5, 0.75))
    assert halves(box, 0) == (((-1.0, 0.5), (0.5, 0.75)), ((0.5, 2.0), (0.5, 0.75)))
    assert widened(box) == ((-4.0, 5.0), (0.25, 1.0))
    huge = ((-1.7e308, 1.7e308),)
    assert halves(huge, 0) == (((-1.7e308, 0.0),), ((0.0, 1.7e308),))
    tiny = ((5e-324, 1e-323),)
    assert halves(tiny, 0)[0][0][1] == halves(tiny, 0)[1][0][0]


def test_the_start_holds_all_weights_so_near(both):
    verdict = both.claims["points_within"]
    with taylor(64, 3):
        turned = TurnedWeights(verdict.on, ((Fraction(3, 5), Fraction(-4)), (Fraction(4, 5), Fraction(3))))
        start = turned.start(0.5)
        for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            corner = [rational_ball(w + Fraction(s, 2)) for w, s in zip(verdict.on.weights, signs, strict=True)]
            for (a, b), u in zip(start, turned.of_weights(corner), strict=True):
                assert a <= float(u.mid()) <= b
        assert max(b for _, b in start) == pytest.approx(0.7)
        assert not turned.far(start, 0.5)
        assert turned.far(((0.9, 1.0), (0.0, 0.1)), 0.5)


def test_a_point_elsewhere_is_not_listed(both, monkeypatch):
    """Newton's method may leave the box that it starts in, for a point that is on the list."""
    verdict = both.claims["points_within"]
    centre = both.points["within 1"]
    with taylor(64, 3):
        tree = critical_points_near._BoxTree(verdict.on, verdict.certificate.turn)
        at = [float(u.mid()) for u in tree.turned.of_weights([rational_ball(c) for c in centre])]
        box = tuple((u - 1e-6, u + 1e-6) for u in at)
        monkeypatch.setattr(critical_points_near, "holds", lambda wide, place: False)
        assert not tree._is_point(tree.turned.seen(box), box)
        assert not tree.points
        assert not tree.places
        monkeypatch.undo()
        assert tree._is_point(tree.turned.seen(box), box)
        assert tree._is_point(tree.turned.seen(box), box)
        assert [v.statement.value for v in tree.points] == [1]
