"""The least loss where data see fewer directions than functions have: the least of the linear span, in rational numbers."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from neurovariety import landscape
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.least_loss import LossAtWeights, NoneBelow
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.claim import Claim


def fractions(rows):
    return tuple(tuple(map(Fraction, row)) for row in rows)


def quadric(pairs, against, constant):
    return StoredQuadric(fractions(pairs), tuple(map(Fraction, against)), Fraction(constant))


@pytest.mark.parametrize(
    ("architecture", "inputs", "targets", "least"),
    [
        ("mlp(2,1,1; x^2)", [[0, 0], [0, 0]], [[1], [3]], 5),  # all functions are 0 there
        ("linear(2,1)", [[1, 2], [1, 2]], [[1], [2]], Fraction(1, 4)),
        ("mlp(2,1,1; x^2; bias)", [[1, 2], [1, 2], [0, 1]], [[1], [2], [4]], Fraction(1, 6)),
        ("mlp(2,2,1; x^2)", [[1, 2], [2, 1]], [[1], [2]], 0),
    ],
)
def test_the_least_loss_is_proved(architecture, inputs, targets, least):
    found = landscape(architecture, data=(inputs, targets))
    assert found.value["complex"] is None
    assert found.claims["least_loss"].claim is Claim.PROVED
    assert found.value["least_loss"] == pytest.approx(float(least), abs=1e-12)


def test_the_least_of_a_quadric():
    """Against least squares in floating point; none where there is none."""
    rng = np.random.default_rng(0)
    for rank in (0, 1, 2, 3):
        a = rng.integers(-3, 4, (rank, 3))
        y = rng.integers(-3, 4, rank)
        found = quadric((a.T @ a).tolist(), (a.T @ y).tolist(), int(y @ y) + 1).least
        residual = a @ np.linalg.lstsq(a.astype(float), y.astype(float), rcond=None)[0] - y
        assert float(found) == pytest.approx(float(residual @ residual) + 1)
    assert quadric([[1, 0], [0, 0]], [1, 1], 5).least is None  # it falls for ever
    assert quadric([[1, 0], [0, -1]], [1, 0], 5).least is None
    assert quadric([[0, 1], [1, 0]], [0, 0], 5).least is None


@pytest.mark.parametrize("change", [-1e-9, 1e-9, 1.0])
def test_another_loss_of_the_weights_is_refused(change):
    """Understated it is not the loss of the weights, overstated not the least."""
    own = landscape("linear(2,1)", data=([[1, 2], [1, 2]], [[1], [2]])).claims["least_loss"].certificate.premises[0]
    at, subject = own.certificate.at, own.on
    assert isinstance(own.certificate, NoneBelow)
    assert issue(own.certificate, subject).claim is Claim.PROVED
    wrong = dataclasses.replace(at, value=at.value + change)
    with pytest.raises(NotShown):
        issue(NoneBelow(wrong), subject)
    assert isinstance(wrong, LossAtWeights)


def test_a_bound_of_another_loss_is_refused():
    """The loss at weights is that of one quadric and the bound that of another, which no hash beside the file's own knows."""
    own = landscape("linear(2,1)", data=([[1, 2], [1, 2]], [[1], [2]])).claims["least_loss"].certificate.premises[0]
    stored = own.on.stored()
    larger = dataclasses.replace(stored.quadric, constant=stored.quadric.constant + 40)
    with pytest.raises(ValueError, match="one loss"):
        dataclasses.replace(stored, quadric=larger)
    with pytest.raises(ValueError, match="one loss"):
        dataclasses.replace(stored, power=1)
