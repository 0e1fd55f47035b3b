"""Certificates of counts over finite fields, each with its false twin."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.issue import Certificate, NotShown, issue
from neurovariety.certificates.point_counts import FieldOfElements, PointsOverField, PowerOfField, ShareOfSpan
from neurovariety.certificates.upper_bounds import Expanded
from neurovariety.claim import Claim
from neurovariety.geometry.ideal.exact_coefficients import ExactCoefficients


def refused(certificate: Certificate, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def test_counts_and_their_twins():
    model = nv.as_model("linear(2,1,2)")
    exact, other = ExactCoefficients(model), ExactCoefficients(nv.as_model("linear(2,1,3)"))
    points = PointsOverField(exact.hash, 2, 10)
    assert issue(points, exact).claim is Claim.PROVED
    for forged in (replace(points, value=9), replace(points, q=3), replace(points, subject=other.hash)):
        assert refused(forged, exact)
    assert issue(PointsOverField(exact.hash, 4, 76), exact).statement.value == 76
    assert issue(FieldOfElements(exact.hash, 9), exact).statement.value == 9
    for q in (1, 0, 6, 12, -2):
        assert refused(FieldOfElements(exact.hash, q), exact)
    dimension = nv.dimension(model).verdicts["value"]
    span = issue(Expanded(exact.hash, 4), exact)
    assert issue(PowerOfField(dimension, 3), exact).statement.value == 27
    assert refused(PowerOfField(dimension, 3), other)
    assert refused(PowerOfField(issue(points, exact), 2), exact)
    size = issue(PowerOfField(span, 2), exact)
    share = ShareOfSpan(issue(points, exact), size, 2)
    assert issue(share, exact).statement.value == "5/8"
    for wrong in (
        replace(share, q=3),
        replace(share, span=issue(PowerOfField(dimension, 2), exact)),
        replace(share, span=issue(PowerOfField(span, 4), exact)),
        replace(share, points=size),
    ):
        assert refused(wrong, exact)


@pytest.mark.parametrize(("text", "q"), [("linear(2,1,2)", 3), ("mlp(2,1,1; x^2)", 5), ("mlp(1,2,1; x^2 + x)", 3)])
def test_by_writing_all_functions_down(text, q):
    """The same number from the model's own values: polynomials of degree below q are functions on F_q."""
    model = nv.as_model(text)
    inputs = np.array(list(product(range(q), repeat=model.inputs)))
    seen = set()
    for w in product(range(q), repeat=model.parameters):
        leaves = [np.array(w[b.start : b.start + b.size]).reshape(b.shape) for b in model.blocks]
        fixed = np.array([int(c) for c in model.coefficients])
        values = [np.asarray(model.function(model.tree(leaves), x, fixed)).reshape(-1) % q for x in inputs]
        seen.add(tuple(np.concatenate(values).tolist()))
    exact = ExactCoefficients(model)
    assert issue(PointsOverField(exact.hash, q, len(seen)), exact).claim is Claim.PROVED
