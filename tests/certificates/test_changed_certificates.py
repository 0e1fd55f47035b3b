"""Of every type of certificate, and of the exact data it speaks of: one digit of each field changed, and nothing else gets through."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.certificates.recheck import recheck

from .changes import at, changed, contradictions, leaves, outcome, said

RNG = np.random.default_rng(5)
WIDE = {"w1": RNG.normal(size=(6, 3)).astype(np.float32), "w2": RNG.normal(size=(2, 6)).astype(np.float32)}
WIDE["w1"][3] = 2 * WIDE["w1"][4]
ONE, TWO = {"w1": [[1, 2], [3, 1]], "w2": [[1, 4]]}, {"w1": [[6, 2], [-1, -2]], "w2": [[1, 1]]}
NEAR = {"w1": WIDE["w1"] * np.float32(1 + 2.0**-18), "w2": WIDE["w2"]}
SQUARES, RELU = "mlp(2,2,1; x^2)", "mlp(3,6,2; relu)"
BENT = {"w1": [[1, 2], [2, 4], [0, 1]], "b1": [0, 0, 1], "w2": [[1, 1, 0]], "b2": [-1]}
FLIPS = {"w1": [[1, 0], [0, 1], [1, 1]], "b1": [0, 1, 2], "w2": [[1, 1, -1]], "b2": [0]}
WALLS = {"w1": [[1, 2], [0, 1]], "w2": [[1, 1], [2, -1]]}
BIASED = "mlp(2,3,1; relu; bias)"
ASKED = {
    "strata": lambda: nv.subnetworks("mlp(2,1,1; x^2)"),
    "orbits": lambda: nv.critical_locus("linear(2,1,2)"),
    "critical filters": lambda: nv.critical_locus("cnn(2,2; x)"),
    "a singular family": lambda: nv.singularities("cnn(2,2; x^2)"),
    "singular matrices": lambda: nv.singularities("linear(2,1,2)"),
    "sections": lambda: nv.singularities("attention(2,2; a=1; t=1)"),
    "a vertex": lambda: nv.singularities("mlp(2,1,2; x^2)"),
    "a tangent space": lambda: nv.singularities("mlp(2,1,1; x^2)", at=[0, 0, 0]),
    "exposedness": lambda: nv.exposedness("mlp(2,1,1; x^2)", samples=0),
    "maps": lambda: nv.invariance(SQUARES),
    "maps of a linear network": lambda: nv.invariance("linear(2,1,2)"),
    "every function": lambda: nv.invariance("mlp(2,2,1; x^2/(x^2+1))", map=[[-1, 0], [0, -1]]),
    "no boundary": lambda: nv.boundary("mlp(2,1,1; x^2)"),
    "pieces of a boundary": lambda: nv.boundary("mlp(2,2,1; x^3)", samples=2),
    "a place": lambda: nv.boundary("mlp(2,2,1; x^3)", target="x0^3 + 2*x1^3"),
    "an interior": lambda: nv.boundary("mlp(1,1,1; x^2 + x)", target="x0^2 + x0"),
    "outside": lambda: nv.boundary("mlp(2,1,1; x^2 + x)", target="x0^3"),
    "a cover by cells": lambda: nv.covering("linear(2,1,2)", epsilon=0.001),
    "functions far apart": lambda: nv.covering("mlp(1,1,1; x^2)", norm="sup", epsilon=0.2, weights=1),
    "a field": lambda: nv.point_count("mlp(2,1,1; x^2)", field=4),
    "a germ": lambda: nv.learning_coefficient(functions="(x-y)^2*(x+y); x*z^3; z*u - u^2"),
    "a product of germs": lambda: nv.learning_coefficient(functions="(x^2-y^3)*(z^2-u^2)"),
    "smaller networks": lambda: nv.learning_coefficient("mlp(2,2,1; x^2)"),
    "a linear network": lambda: nv.learning_coefficient("linear(2,1,2)", true_rank=0),
    "neurons": lambda: nv.learning_coefficient("mlp(1,3,2; x^3 + x)", truth="zero"),
    "a germ of weights": lambda: nv.learning_coefficient("mlp(1,2,1; x^2)", at=[0, 0, 1, -1]),
    "blocks": lambda: nv.components("equivariant(3,3; rank=3)"),
    "power series": lambda: nv.fibers("linear(2,1,2)", at=[0, 0, 0, 0]),
    "nearest matrices": lambda: nv.landscape("mlp(2,1,1; x^2)", metric="bombieri", teacher="x0^2 - x0*x1"),
    "cross-entropy": lambda: nv.maximum_likelihood("linear(2,1,2)"),
    "faces": lambda: nv.polyhedral("mlp(1,1,1; x^2)", data=([[1], [2], [3]], [[1], [2], [2]])),
    "equal weights": lambda: nv.align(ONE, TWO, architecture=SQUARES),
    "another function": lambda: nv.align(ONE, {**TWO, "w2": [[1, 2]]}, architecture=SQUARES),
    "near weights": lambda: nv.align(WIDE, NEAR, architecture=RELU),
    "pruned": lambda: nv.prune(WIDE, architecture=RELU),
    "pruned nearly": lambda: nv.prune(WIDE, architecture=RELU, tolerance=0.2),
    "regions": lambda: nv.regions(BENT, architecture=BIASED),
    "regions of a box": lambda: nv.regions(BENT, architecture=BIASED, box=(0, 1)),
    "a tropical form": lambda: nv.tropical(BENT, architecture=BIASED),
    "Lipschitz constants": lambda: nv.lipschitz(BENT, architecture=BIASED),
    "regions that hold data": lambda: nv.regions(BENT, architecture=BIASED, data=[[0, 0], [2, 1], [-3, 2], [-3, 2.5]]),
    "networks with the same function": lambda: nv.relu_fiber(FLIPS, architecture="mlp(2,3,1; relu; bias)"),
    "a classification fan": lambda: nv.classification_fan([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], terms=(2, 1)),
    "radii": lambda: nv.robustness(BENT, [[0, 0], [2, 1], [-3, 2]], architecture=BIASED),
    "radii in a box": lambda: nv.robustness(WALLS, [[0, "1/2"], [2, "1/3"]], norm="linf", box=(-3, 3), architecture="mlp(2,2,2; relu)"),
    "classes": lambda: nv.regions(WALLS, architecture="mlp(2,2,2; relu)"),
    "functional dimension": lambda: nv.functional_dimension(BENT, architecture=BIASED),
    "functional dimensions of draws": lambda: nv.functional_dimension(BIASED, random=2),
    "an analytic rank": lambda: nv.dimension("mlp(1,1,1; exp; bias)"),
    "an analytic fiber": lambda: nv.fibers("mlp(1,1,1; exp; bias)"),
    "weights of a smooth network": lambda: nv.fibers("mlp(1,2,1; tanh; bias)", at=[1, 1, 0, 0, 2, 3, 0]),
    "critical weights of a smooth network": lambda: nv.critical_locus("mlp(1,1,1; exp; bias)"),
    "critical heads": lambda: nv.critical_locus("attention(1,1; a=1; t=2; softmax)"),
    "no linear symmetry": lambda: nv.symmetries("mlp(1,1,1; tanh)"),
    "a near polynomial": lambda: nv.approximate(activation="relu", interval=(-1, 1), degree=1),
    "a partial sum": lambda: nv.approximate(activation="relu", interval=(-1, 2), degree=1, kind="chebyshev"),
    "a near quotient": lambda: nv.approximate(activation="relu", interval=(-1, 1), degree=1, kind="rational"),
    "a near network": lambda: nv.approximate(ONE, architecture="mlp(2,2,1; tanh)", degree=2),
    "a critical point": lambda: nv.critical_point(
        {"W1": [[0.9]], "W2": [[0.8]]}, architecture="mlp(1,1,1; tanh)", inputs=[1, 2, 3], targets=["3/5", "3/4", "4/5"], degree=5
    ),
    "critical points near": lambda: nv.critical_point(
        {"W1": [[0.9]], "W2": [[0.8]]}, architecture="mlp(1,1,1; tanh)", inputs=[1, 2, 3], targets=["3/5", "3/4", "4/5"], within=2**-9
    ),
    "attention with softmax": lambda: nv.fibers("attention(1,1; a=1; t=2; softmax)"),
    "symmetries of attention with softmax": lambda: nv.symmetries("attention(1,1; a=1; t=2; softmax)"),
    "a rank": lambda: nv.diagnose(ONE, architecture=SQUARES),
    "a rank in regions": lambda: nv.diagnose(WIDE, architecture=RELU),
}
KEPT: dict = {}
SEEN: set[tuple[str, ...]] = set()
"""Parts of certificates that were changed, by type."""
TRUE = {
    "KnownEquations.equations.shorter": "fewer equations vanish as well",
    "SubnetworkTable.images.shorter": "a table is one of those that are known",
    "SmallerNetworkCoefficients.rows.shorter": "and so are these rows",
    "FieldOfElements.value.changed": "there is a field of 5 elements",
    "FieldOfElements.value.less": "and of 3",
    "DiffersAt.input.changed": "networks differ at more than one input",
    "DiffersAt.input.less": "networks differ at more than one input",
    "DistanceBound.most.changed": "a larger bound, which the value names",
    "DistanceBound.radius.changed": "a larger ball, which the value names",
    "RobustRadii.low.less": "a smaller number from below, which the value names",
    "RobustRadii.nearest.changed": "another point where the network goes otherwise, which the value names",
    "RobustRadii.nearest.less": "and one more",
    "RobustRadii.points.changed": "a point that is farther away, which the value names",
    "RobustRadii.points.less": "and another",
    "LipschitzConstant.low.less": "a smaller number from below, which the value names",
    "LipschitzConstant.high.changed": "a larger one from above, which the value names",
    "Traced.premises.of another subject": "which model the family is of is asked by what rests on it: `models_under`",
    "a linear space meets this slice in one point.premises.of another subject": "and so does this",
    "StrataTable.whole.weak": "an estimate of the dimension is not used: what it would be taken off is None",
    "Chained.second.of another subject": "the value names it",
    "DistanceBound.first.of another subject": "the statement is one of it",
    "DistanceBound.second.of another subject": "the value names it",
    "DimensionsOfDraws.known.of another subject": "the networks are drawn",
    "LossThere.high.changed": "an interval that holds it as well, which the value names",
    "PointsApart.degree.changed": "a larger degree than that of the polynomials, which the value names",
    "NearPolynomial.least.of another subject": "the scope is the question",
} | {
    f"{name}.{how}": why
    for how, why, names in (
        (
            "uncertain",
            "a dimension that is right with a probability is proved from below, or was known to be proved",
            "SingularFamily.size SingularByTheorem.whole LocusAtMost.dimension SingularVertex.span EquivariantAtMost.lower "
            "FillsSpan.dimension BoundaryPieces.variety Smaller.known Smaller.near NetworkWithin.layers",
        ),
        (
            "limited",
            "general coefficients, the only limit that there is, are asked of the model, or excluded by weights and fields",
            "SingularByTangents.tangent SingularByTangents.dimension TangentRange.lower TangentRange.upper TangentAtMost.known "
            "EquivariantAtLeast.component EquivariantComponent.upper BoundaryPieces.variety ShareOfSpan.points ShareOfSpan.span",
        ),
        (
            "limited",
            "statements on networks are all of the network as read",
            "Comparison.known Chained.first Chained.second Smaller.known Smaller.near DistanceBound.first DistanceBound.second "
            "NetworkWithin.layers RandomRanksAtWeights.upper GenericRank.dimension GenericFrom.known",
        ),
    )
    for name in names.split()
}
"""What a changed certificate may say."""
LARGE = ("nearest matrices", "cross-entropy", "faces", "sections", "a singular family", "a rank in regions", "smaller networks")
"""Documents of which a recheck takes longer, so that few of their fields are changed but in a campaign."""
_MOST, _MOST_OF_LARGE = size(40, 1000), size(10, 1000)
"""Changes of a document; each is a recheck."""


def document(name):
    """The JSON of a result with its certificates."""
    return json.loads(json.dumps(result(name).to_dict(certificates=True)))


def result(name):
    """Asked once."""
    if name not in KEPT:
        KEPT[name] = ASKED[name]()
    return KEPT[name]


def fields_of(data, within=("verdicts", "keys")):
    """One leaf for each field of each type: which of several in a list makes no difference."""
    found = {}
    for path in leaves(data):
        if path[0] not in within:
            continue
        kind, here = "", data
        for step in path:
            here = here[step]
            kind = here["type"] if isinstance(here, dict) and "type" in here else kind
        found.setdefault((kind, *(p for p in path[-4:] if isinstance(p, str))), path)
    return list(found.values())


@pytest.mark.parametrize("name", ASKED)
def test_a_change_of_one_digit_gets_nothing_else_through(name):
    """A certificate may be changed into another one of the same statement; never into one of something else."""
    whole = document(name)
    true = said(recheck(whole))
    assert true
    paths = fields_of(whole["certificates"])
    lost = 0
    for path in paths[:: len(paths) // (_MOST_OF_LARGE if name in LARGE else _MOST) + 1]:
        data = copy.deepcopy(whole)
        at(data["certificates"], path[:-1])[path[-1]] = changed(at(whole["certificates"], path))
        through = outcome(data)
        assert through.items() <= true.items(), path
        lost += through != true
    assert lost >= 5
    # Where the statement is changed along with the certificate, as a forger would: each part of each type once.
    assert {where: wrong for where, wrong in contradictions(result(name), SEEN, name not in LARGE) if where not in TRUE} == {}


@pytest.mark.parametrize("name", ASKED)
def test_exact_data_that_were_changed_are_refused(name):
    """A digit of what is stored makes it another one, which its hash tells: theorems and names that are taken on trust as well."""
    whole = document(name)
    for digest, subject in whole["certificates"]["subjects"].items():
        paths = fields_of({"subject": subject}, ("subject",))
        for path in paths[:: len(paths) // (_MOST_OF_LARGE if name in LARGE else _MOST // 2) + 1]:
            data = copy.deepcopy(whole)
            own = at({"subject": data["certificates"]["subjects"][digest]}, path[:-1])
            own[path[-1]] = changed(own[path[-1]])
            rests = [i for i, v in enumerate(whole["certificates"]["verdicts"]) if digest in json.dumps(v["on"])]
            keys = {k for k, i in whole["certificates"]["keys"].items() if i in rests}
            assert not keys & outcome(data).keys(), path


def numbers_of_premises(entry):
    """The numbers of the verdicts that a stored certificate rests on."""
    return {at(entry["certificate"], path) for path in leaves(entry["certificate"] or {}) if path[-1] == "verdict"}


@pytest.mark.parametrize("name", ["orbits", "pieces of a boundary", "singular matrices", "strata", "functional dimension"])
def test_estimates_prove_nothing(name):
    """A file may call any of its verdicts an estimate; what rests on one is refused."""
    whole = document(name)
    verdicts = whole["certificates"]["verdicts"]
    for i in range(len(verdicts)):
        resting = {i}
        for j in range(i + 1, len(verdicts)):
            if resting & numbers_of_premises(verdicts[j]):
                resting.add(j)
        data = copy.deepcopy(whole)
        data["certificates"]["verdicts"][i].update(claim="estimate", certificate=None)
        keys = {k for k, j in whole["certificates"]["keys"].items() if j in resting}
        assert not keys & outcome(data).keys(), (i, keys)
