"""Functional dimension: float ranks at many inputs, weights that were looked at by hand, bounds, and what must be refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.certificates.functional_rank import DimensionsOfDraws, LessUnits, RankOfPieces
from neurovariety.certificates.issue import issue
from neurovariety.certificates.zeros import NotShown

from .test_regions import drawn, network


def jacobian(layers, x):
    """(inputs, weights) of a ReLU network with one output in float64, by hand; and the patterns that were met."""
    matrices = [np.array(w, dtype=float) for w, _ in layers]
    biases = [np.array(b, dtype=float) for _, b in layers]
    values, patterns = [x], []
    for w, b in list(zip(matrices, biases, strict=True))[:-1]:
        z = values[-1] @ w.T + b
        patterns.append(z > 0)
        values.append(np.where(z > 0, z, 0.0))
    above = np.ones((len(x), 1))
    blocks = []
    for l in range(len(matrices) - 1, -1, -1):
        blocks += [above, (above[:, :, None] * values[l][:, None, :]).reshape(len(x), -1)]
        if l:
            above = (above @ matrices[l]) * patterns[l - 1]
    return np.concatenate(blocks, axis=1), {row.tobytes() for row in np.concatenate(patterns, axis=1)}


def float_rank(rows):
    s = np.linalg.svd(rows / np.maximum(np.abs(rows).max(axis=0), 1e-300), compute_uv=False)
    return int((s > 1e-10 * s[0]).sum())


SIZES = [(2, 3, 1), (2, 3, 2, 1), (1, 3, 2, 1), (3, 3, 1), (2, 2, 2, 2, 1)]


@pytest.mark.parametrize("seed", range(size(20, 200)))
def test_float_rank_at_many_inputs(seed):
    """Inputs that are drawn miss small regions, so their rank is no larger, and the same where all regions were met."""
    rng = np.random.default_rng([seed, 7])
    widths = SIZES[seed % len(SIZES)]
    layers = drawn(widths, rng, "plain")
    found = nv.functional_dimension(network(layers))
    x = np.concatenate([s * rng.normal(size=(2000, widths[0])) for s in (0.3, 1, 3, 10, 100)])
    rows, patterns = jacobian(layers, x)
    rank = float_rank(rows)
    assert found.claim is nv.Claim.PROVED
    assert rank <= found.value <= found.evidence["bound"]
    if len(patterns) == found.evidence["regions"]:
        assert rank == found.value


ONE = [([[1]], [0]), ([[1]], [0])]


@pytest.mark.parametrize(
    ("layers", "options", "expected"),
    [
        (ONE, {"biases": True}, 3),  # a kink at 0, a slope, a constant: w1 and w2 scale
        (ONE, {}, 1),  # without biases the slope alone
        ([([[0]], [-1]), ([[1]], [2])], {}, 1),  # a dead unit: the last bias
        ([([[1], [1]], [0, 0]), ([[1, 1]], [1])], {}, 3),  # equal units: one of them, and nothing that tells them apart
        ([([[0]], [0]), ([[1], [1]], [0, -1]), ([[1, 2]], [1])], {}, 1),  # zero weights in the middle, whose units stand alone
    ],
    ids=["one unit", "no biases", "dead", "equal", "units that read nothing"],
)
def test_weights_by_hand(layers, options, expected):
    found = nv.functional_dimension(network(layers), **options)
    assert found.value == expected
    assert found.claim is nv.Claim.PROVED


def test_biases_that_are_zero_are_said_to_be_left_out():
    found = nv.functional_dimension(network(ONE))
    assert found.verdicts["value"].statement.scope == ("along directions that keep the biases at 0",)
    assert "along directions that keep the biases at 0" in found.meaning
    assert not nv.functional_dimension(network(ONE), biases=True).verdicts["value"].statement.scope


def test_a_denominator_that_the_first_primes_divide():
    p, q, r = 67108859, 67108837, 67108819
    assert nv.functional_dimension(network([([[Fraction(1, p)]], [1]), ([[Fraction(2, q)]], [3])])).value == 3
    with pytest.raises(nv.ResourceError, match="divides a denominator"):
        nv.functional_dimension(network([([[Fraction(1, p * q * r)]], [1]), ([[2]], [3])]))


def test_a_box_has_fewer_regions():
    layers = [([[1, 0], [0, 1]], [0, -1]), ([[1, 1]], [3])]
    whole, inside = nv.functional_dimension(network(layers)), nv.functional_dimension(network(layers), box=(2, 3))
    assert (whole.value, inside.value) == (7, 3)  # all of mlp(2,2,1) but two scalings; an affine function alone


def test_other_activations():
    """|w x + b| has half the regions of two ReLUs; a hard tanh does not scale."""
    assert nv.functional_dimension(network([([[1]], [1]), ([[1]], [1])], "abs")).value == 3
    found = nv.functional_dimension(network([([[2]], [1]), ([[3]], [1])], "hardtanh"))
    assert (found.value, found.evidence["bound"]) == (4, 4)


def test_drawn_weights():
    """Published: mlp(2,3,1; relu) attains 6 and 10; (2,3,3,1) lies at 12 without biases, and below for some weights."""
    found = nv.functional_dimension("mlp(2,3,1; relu; bias)", random=4)
    assert found.value == {"counts": {"10": 4}, "bound": 10}
    assert nv.functional_dimension("mlp(2,3,1; relu)", random=2).value == {"counts": {"6": 2}, "bound": 6}
    deep = nv.functional_dimension("mlp(2,3,3,1; relu)", random=12)
    assert deep.value["bound"] == 12
    assert len(deep.value["counts"]) > 1
    assert max(map(int, deep.value["counts"])) <= 12
    assert sum(deep.value["counts"].values()) == 12
    again = nv.functional_dimension("mlp(2,3,3,1; relu)", random=12)
    assert again.value == deep.value
    assert {key.outcome for key in found.verify().keys} == {"rechecked"}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: nv.functional_dimension(network(ONE, "tanh")), "piecewise linear"),
        (lambda: nv.functional_dimension("mlp(2,3,1; x^2)", random=2), "linear on pieces"),
        (lambda: nv.functional_dimension("cnn(2,2; x)", random=2), "an architecture such as"),
        (lambda: nv.functional_dimension("mlp(2,3,1; relu)", random=0), "random="),
        (lambda: nv.functional_dimension(network(ONE), limit=0), "limit="),
        (lambda: nv.functional_dimension(network([([[1]], [1]), ([[1]], [1])]), biases=False), "biases other than 0"),
    ],
)
def test_refusals(ask, words):
    with pytest.raises(nv.InputError, match=words):
        ask()


@pytest.fixture(scope="module")
def shown():
    """Weights with hidden directions beside the scalings, so that the certificate holds some."""
    source = network([([[1, 0], [0, 1], [1, 1]], [0, 0, 0]), ([[1, 2, 0]], [1])])
    found = nv.functional_dimension(source)
    assert found.evidence["hidden"] > 0
    return found, source


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_false_twins_are_refused(shown):
    found, source = shown
    known = found.verdicts["value"].certificate
    assert issue(known, source).statement.value == found.value
    for value in (found.value - 1, found.value + 1):
        refused(replace(known, value=value), source)
    refused(replace(known, directions=known.directions[1:]), source)
    refused(replace(known, directions=np.zeros_like(known.directions)), source)
    for k in range(known.directions.shape[1]):
        moved = known.directions.copy()
        moved[0, k] += 1
        try:  # another direction may be one that changes nothing as well; the number stays then
            assert issue(replace(known, directions=moved), source).statement.value == found.value
        except NotShown:
            continue
    refused(replace(known, directions=known.directions.astype(np.float64)), source)
    refused(replace(known, prime=15), source)
    refused(replace(known, prime=2**61 - 1), source)
    refused(replace(known, biases=False), source)
    refused(replace(known, cells=found.verdicts["value"]), source)
    refused(known, network([([[1, 0], [0, 1], [1, 1]], [0, 0, 0]), ([[1, 2, 1]], [1])]))
    low = issue(replace(known, directions=None, value=found.value - 1), source)
    assert (low.claim, low.statement.value) == (nv.Claim.LOWER_BOUND, found.value - 1)
    refused(DimensionsOfDraws((low,)), None)
    bound = found.evidence["bound"]
    assert issue(LessUnits(known.cells.statement.subject, bound), source).statement.value == bound
    for wrong in (bound - 1, bound + 1):
        refused(LessUnits(known.cells.statement.subject, wrong), source)
    refused(LessUnits("another", bound), source)


def test_a_direction_of_another_pattern_is_refused():
    """What changes nothing where a unit is off changes the function where it is on."""
    source = network([([[1]], [1]), ([[1]], [1])])
    known = nv.functional_dimension(source).verdicts["value"].certificate
    assert isinstance(known, RankOfPieces)
    first = np.array([[1, 0, 0, 0]], dtype=object)  # the weight that the unit reads with
    refused(replace(known, value=2, directions=first), source)


def test_scalings_are_found_again():
    """Positive scaling and permutation of units change nothing, and what is left is said to be hidden."""
    rng = np.random.default_rng(5)
    layers = drawn((2, 3, 2, 1), rng, "plain")
    (w, b), (v, c), last = layers
    factor = [Fraction(3), Fraction(1, 7), Fraction(2)]
    scaled = [
        ([[f * x for x in r] for f, r in zip(factor, w, strict=True)], [f * x for f, x in zip(factor, b, strict=True)]),
        ([[x / f for f, x in zip(factor, r, strict=True)] for r in v], c),
        last,
    ]
    turned = [(w[::-1], b[::-1]), ([r[::-1] for r in v], c), last]
    values = {nv.functional_dimension(network(n)).value for n in (layers, scaled, turned)}
    assert len(values) == 1
    assert sum(a * b + b for a, b in pairwise((2, 3, 2, 1))) == nv.functional_dimension(network(layers)).evidence["parameters"]


@pytest.mark.parametrize(
    ("architecture", "weights"),
    [
        ("mlp(2,1,2,1; relu)", ([[0, 0]], [[-1], [1]], [[1, 1]])),
        ("mlp(2,1,2,3,1; relu)", ([[-1, 1]], [[3], [-1]], [[-8, -3], [-2, -9], [-8, -1]], [[1, -2, -2]])),
        ("mlp(2,2,1,2; relu6)", ([[1, 1], [1, 1]], [[0, 0]], [[0], [0]])),
    ],
)
def test_a_function_that_does_not_move(architecture, weights):
    found = nv.functional_dimension({f"W{k}": w for k, w in enumerate(weights, 1)}, architecture=architecture)
    assert (found.value, found.claim) == (0, nv.Claim.PROVED)


def test_a_unit_that_stays_at_a_kink_is_said():
    """The fourth unit reads 0 everywhere: |w x + b| has no derivative by w and b there."""
    weights = {"W1": [[1], [1], [1], [0]], "b1": [1, 0, -1, 0], "W2": [[0, 1, 0, 2]], "b2": [0]}
    source = nv.load_network(weights, architecture="mlp(1,4,1; abs; bias)")
    found = nv.functional_dimension(source)
    assert "the slope of the line below" in found.meaning
    refused(replace(found.verdicts["value"].certificate, stays=False), source)
    moving = network([([[1]], [1]), ([[1]], [1])])
    plain = nv.functional_dimension(moving)
    assert "the line below" not in plain.meaning
    refused(replace(plain.verdicts["value"].certificate, stays=True), moving)


def test_results_are_rechecked_from_json(shown):
    again = nv.FunctionalDimensionResult.from_dict(json.loads(json.dumps(shown[0].to_dict(certificates=True))))
    assert [key.outcome for key in again.verify().keys] == ["rechecked"]


@pytest.mark.parametrize("kind", ["degenerate", "plain"])
def test_no_value_changes_along_hidden_moves(kind):
    """A step h along a move, at inputs that are drawn: values change by a multiple of h squared."""
    step, tried = Fraction(1, 10**9), 0
    for seed in range(8):
        rng = np.random.default_rng([seed, 17])
        layers = drawn((2, 3, 2, 1), rng, kind)
        source = network(layers)
        found = nv.functional_dimension(source, biases=True)
        if any("kink" in phrase for phrase in found.verdicts["value"].statement.scope):
            continue  # a unit that stays at a kink moves off it, with the slope of one line or the other
        x = np.array([[Fraction(int(v), 7) for v in row] for row in rng.integers(-40, 41, size=(15, 2))], dtype=object)
        before = source.evaluate_exact(x)
        assert len(found.evidence["moves"]) == min(found.evidence["hidden"], 20)
        for move in found.evidence["moves"]:
            moved = [([list(row) for row in w], list(b)) for w, b in layers]
            for name, by in move.items():
                letter, layer, i, *rest = re.fullmatch(r"([Wb])(\d+)\[(\d+)(?:,(\d+))?\]", name).groups()
                w, b = moved[int(layer) - 1]
                if letter == "W":
                    w[int(i)][int(rest[0])] += step * by
                else:
                    b[int(i)] += step * by
            off = network(moved).evaluate_exact(x) - before
            size = sum(v * v for v in move.values())
            # where an input lies as near to a kink as the step is long, it may pass it: such inputs are rare, and not looked at
            assert np.median(np.abs(off).astype(float)) <= 1e6 * size * float(step) ** 2
            tried += 1
    assert tried > (3 if kind == "degenerate" else -1)
