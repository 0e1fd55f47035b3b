"""Certificates of components, each with its false twin; the number of maximal ranks against a search of all ranks."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

import neurovariety as nv
from neurovariety.certificates.irreducible_components import BlockComponents, BlockMaps, ComponentOfModel, OneComponent, maximal_ranks
from neurovariety.certificates.issue import Certificate, NotShown, issue
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions


def refused(certificate: Certificate, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


@pytest.mark.parametrize(
    "blocks", [((2, True), (1, True)), ((1, True), (2, False)), ((2, True), (1, True), (2, False), (1, False)), ()]
)
def test_maximal_ranks_by_looking_at_all(blocks):
    weights = [1 if real else 2 for _, real in blocks]
    for bound in range(8):
        allowed = [
            r for r in product(*(range(size + 1) for size, _ in blocks)) if sum(w * k for w, k in zip(weights, r, strict=True)) <= bound
        ]
        maximal = [r for r in allowed if not any(r != s and all(a <= b for a, b in zip(r, s, strict=True)) for s in allowed)]
        assert maximal_ranks(blocks, bound) == len(maximal)


def test_components_of_block_matrices():
    maps = BlockMaps(((2, True), (2, False)), 3, (((1, 1), "one"), ((2, 0), "two"), ((2, 1), "large"), ((0, 1), "small")))
    shown = BlockComponents(maps.hash, maps.blocks, ((1, 1), (2, 0)), ("one", "two"), 2, "components")
    assert issue(shown, maps).claim is Claim.PROVED
    assert [(r["dimension"], r["degree"], r["ed_degree_frobenius"], r["largest"]) for r in shown.rows()] == [
        (3 + 6, 2 * 2**2, 2 * 2, True),
        (4, 1, 1, False),
    ]
    assert issue(replace(shown, ranks=((1, 1),), notations=("one",), part="count"), maps).statement.value == 2
    for forged in (
        replace(shown, count=3),
        replace(shown, count=1),
        replace(shown, ranks=((1, 1), (1, 1)), notations=("one", "one")),
        replace(shown, ranks=((1, 1), (0, 1)), notations=("one", "small")),
        replace(shown, ranks=((1, 1), (2, 1)), notations=("one", "large")),
        replace(shown, ranks=((1, 1), (3, 0)), notations=("one", "")),
        replace(shown, notations=("two", "one")),
        replace(shown, blocks=((2, True), (2, True))),
        replace(shown, part="everything"),
        replace(shown, subject=""),
    ):
        assert refused(forged, maps)
    one = BlockMaps(maps.blocks, (1, 1), maps.names)
    alone = BlockComponents(one.hash, one.blocks, ((1, 1),), ("one",), 1, "count")
    assert issue(alone, one).statement.value == 1
    assert refused(replace(alone, ranks=((2, 0),), notations=("two",)), one)
    assert refused(replace(alone, count=2), one)
    assert refused(replace(shown, subject=one.hash), one)


def test_the_component_of_a_model():
    model = nv.as_model("linear(2,1,2)")
    exact, other = exact_functions(model), exact_functions(nv.as_model("mlp(2,3,1; x^2)"))
    found = nv.components(model)
    assert {str(v.claim) for v in found.verdicts.values()} == {"proved"}
    shown = found.verdicts["components"].certificate
    assert isinstance(shown, ComponentOfModel)
    assert (shown.row()["dimension"], shown.row()["degree"], shown.row()["ed_degree_frobenius"]) == (3, 2, 2)
    filling = nv.components("mlp(2,3,1; x^2)").verdicts["components"].certificate
    assert isinstance(filling, ComponentOfModel)
    assert filling.row()["degree"] == 1
    for forged in (
        replace(shown, sizes=(2, 2, 2)),
        replace(shown, name="linear(2,2,2)"),
        replace(shown, dimension=found.verdicts["count"]),
        replace(shown, linear=filling.linear),
        replace(shown, linear=shown.dimension),
        OneComponent(other.hash),
    ):
        assert refused(forged, exact)
    assert refused(filling, exact)
