"""Units make no difference: the same lists bit for bit for data times powers of two, and in any others the same up to rounding."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, DataError, as_model, landscape, polyhedral
from neurovariety.training.losses.canonical_units import canonical
from neurovariety.training.losses.loss import Distance, Form, SquaredError
from neurovariety.training.losses.loss_ball import loss_ball
from neurovariety.training.losses.training_task import training_task


def counts(found):
    value = {k: v for k, v in found.value.items() if k != "least_loss"}
    return value, found.claim, [(p.stratum, p.kind, p.type, p.index, p.attained) for p in found.points]


def draw(text, seed, rows=14):
    model, rng = as_model(text), np.random.default_rng(seed)
    return rng.normal(size=(rows, model.inputs)), rng.normal(size=(rows, model.outputs))


@pytest.mark.parametrize(
    "text",
    ["mlp(2,2,1; x^3)", "linear(3,2,3)", "cp(2,2; rank=2)", "mlp(2,1,1; x^2; bias)", "equivariant(3,3; ranks=1,1)", "cnn(2,2; x^2)"][
        : size(3, 6)
    ],
)
def test_powers_of_two_change_nothing(text):
    x, y = draw(text, 3)
    plain = landscape(text, data=(x, y))
    for a, b in ((2.0**8, 1.0), (2.0**-20, 2.0**30)):
        found = landscape(text, data=(x * a, y * b))
        assert counts(found) == counts(plain)
        assert found.value["least_loss"] == plain.value["least_loss"] * b * b
        assert [p.loss for p in found.points if p.real] == [p.loss * b * b for p in plain.points if p.real]


@pytest.mark.parametrize("text", ["linear(3,2,3)", "mlp(2,1,2; x^3)", "mlp(3,2,1; x^2)"][: size(2, 3)])
def test_other_units(text):
    x, y = draw(text, 4)
    plain = landscape(text, data=(x, y))
    found = landscape(text, data=(x * 300, y * 0.007))
    assert counts(found) == counts(plain)
    ours, theirs = ([p.loss for p in f.points if p.real] for f in (found, plain))
    assert ours == pytest.approx([loss * 0.007**2 for loss in theirs], rel=1e-9)


def test_columns_of_different_units():
    x, y = draw("mlp(2,2,1; x^3)", 5)
    plain = landscape("mlp(2,2,1; x^3)", data=(x, y))
    found = landscape("mlp(2,2,1; x^3)", data=(x * [2.0**10, 2.0**-10], y))
    assert counts(found) == counts(plain)
    assert found.value["least_loss"] == plain.value["least_loss"]


def test_teachers_and_forms():
    plain = landscape("mlp(2,1,1; x^2)", metric="gaussian", teacher="x0^2 - x0*x1")
    found = landscape("mlp(2,1,1; x^2)", metric="gaussian", teacher="1048576*x0^2 - 1048576*x0*x1")
    assert counts(found) == counts(plain)
    assert found.value["least_loss"] == plain.value["least_loss"] * 2.0**40


@pytest.mark.parametrize(
    "text",
    [
        "mlp(2,2,1; x^2 + 1; bias)",
        "cnn(2,2; x^2 + x)",
        "attention(2,2; a=1; t=2)",
        "tt(2,2; ranks=2)",
        "gnn(path(3); 1,2,1; x^2)",
        "groupconv(cyclic(3); layers=2; x^2)",
        "ssm(1,2,1; t=3)",
        "residual(mlp(2,1,2; x^2))",
    ],
)
def test_weights_and_coefficients_come_back(text):
    """A network in canonical units is the same function in the data's, exactly."""
    import jax
    import jax.numpy as jnp

    model, rng = as_model(text), np.random.default_rng(6)
    x, y = 37 * rng.normal(size=(9, model.inputs)), 99 * rng.normal(size=(9, model.outputs))
    own, units = canonical(training_task(model, seed=0, data=(x, y)))
    weights = rng.normal(size=model.parameters)
    with jax.enable_x64(True):

        def values(flat, rows):
            leaves = [jnp.asarray(flat)[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
            return np.array([model.function(model.tree(leaves), row.reshape(model.input_shape), jnp.zeros(0)) for row in rows])

        there, back = values(weights, own.loss.inputs), values(units.weights_back(weights), x)
    assert np.array_equal(np.ldexp(there, units.outputs), back)
    assert units.plain == ("residual" in text)  # x + x^2 has no units of its own


class TestNearCollinear:
    def test_the_same_as_whitened(self):
        x, y = [[2, 4.0006], [1, 2.001], [3, 6.001]], [[3], [-2], [-3]]
        found = landscape("mlp(2,1,1; x^2)", data=(x, y))
        white = landscape("mlp(2,1,1; x^2)", data=(x, y), prepare="whiten")
        assert (found.value["complex"], found.value["real"], found.value["minima"]) == (4, 4, 2)
        assert found.value["least_loss"] == pytest.approx(white.value["least_loss"], rel=1e-9)
        assert (found.claim, found.notices) == (Claim.COMPLETE, ())  # certified for the data as they are: nothing is to be said
        low, high = found.evidence["least"]["interval"]
        assert low <= found.value["least_loss"] <= high

    @pytest.mark.parametrize("text", ["mlp(2,1,2; x^2)", "linear(3,1,2)"])
    def test_points_are_those_of_the_given_data(self, text):
        rng = np.random.default_rng(7)
        x, y = draw(text, 7)
        x[:, 1] = 2 * x[:, 0] + 1e-5 * rng.normal(size=len(x))
        found = landscape(text, data=(x, y))
        for p in found.points:
            if p.weights is None or not p.real:
                continue
            monomials = {m: flint.arb(float(c.real)) for m, c in zip(found.monomials, p.coefficients, strict=True)}
            assert loss_ball(SquaredError(x, y), monomials)[0] == pytest.approx(p.loss, rel=1e-4)


class TestLosses:
    def test_of_samples(self):
        x, y = draw("mlp(2,1,1; x^2)", 8)
        loss = SquaredError(x, y)
        c = {(0, (2, 0)): 0.5, (0, (1, 1)): -1.25}
        plain = np.mean((0.5 * x[:, 0] ** 2 - 1.25 * x[:, 0] * x[:, 1] - y[:, 0]) ** 2)
        low, high = loss_ball(loss, {m: flint.arb(v) for m, v in c.items()})
        assert low <= high
        assert [low, high] == pytest.approx([plain, plain], rel=1e-14)

    @pytest.mark.parametrize("metric", ["frobenius", "bombieri", "gaussian", "uniform"])
    def test_zero_at_the_target(self, metric):
        target = {(0, (2, 0)): Fraction(1, 3), (0, (1, 1)): Fraction(-7, 5)}
        third, fifths = flint.arb(1) / 3, flint.arb(-7) / 5
        low, high = loss_ball(Distance(metric, target), {(0, (2, 0)): third, (0, (1, 1)): fifths})
        assert 0 <= low <= high < 1e-28

    def test_of_forms(self):
        form = Form(((0, (2,)), (0, (1,))), [[2, 1], [1, 3]], [1, -1])
        low, high = loss_ball(form, {(0, (2,)): flint.arb(2), (0, (1,)): flint.arb(1)})
        assert [low, high] == pytest.approx([2 + 4 + 12] * 2)

    def test_large_numbers_do_not_cancel(self):
        """c'Qc - 2v'c + constant has no digit left here."""
        x = np.random.default_rng(9).normal(size=(9, 2))
        found = landscape("linear(2,1)", data=(x, 1e6 * (x @ [1.0, -2.0])[:, None]))
        assert 0 <= found.value["least_loss"] < 1e-15


def test_weights_that_no_float_holds_are_refused():
    """One weight that takes up the units of inputs and of outputs, 2^-830 and 2^830."""
    data = ([[1e-250], [2e-250], [3e-250]], [[1e250], [3e250], [2e250]])
    with pytest.raises(DataError, match="choose other units"):
        polyhedral("linear(1,1)", data=data)
    assert polyhedral("linear(1,1,1)", data=data).value["complex"] is not None
