"""Landscapes: published and derived lists of critical points, two routes to each, every seed, and input that cannot be used."""

from __future__ import annotations

import itertools
import json
from math import comb

import numpy as np
import pytest

from another_value import with_value
from campaign import size
from neurovariety import Claim, DataError, InputError, as_model, ed_degree, examples, landscape
from neurovariety.dictionary.registry import find
from neurovariety.errors import VerificationError
from neurovariety.geometry.strata.rank_drops import rank_drop
from neurovariety.report.figures import save_figure
from neurovariety.training.losses.loss import Form


def as_teacher(matrix):
    return "; ".join(" + ".join(f"({c})*x{j}" for j, c in enumerate(row)) for row in matrix)


def real_points(found, stratum=""):
    return [p for p in found.points if p.real and p.stratum == stratum]


@pytest.mark.parametrize(("shape", "rank"), [((3, 3), 1), ((3, 3), 2), ((2, 3), 1), ((4, 3), 2)])
def test_eckart_and_young(shape, rank):
    """Subsets of singular values: counts, losses, indices, one minimum, and the same on every lower rank."""
    matrix = np.random.default_rng(sum(shape) + rank).integers(-30, 31, shape)
    found = landscape(f"linear({shape[1]},{rank},{shape[0]})", metric="frobenius", teacher=as_teacher(matrix))
    sigma = np.linalg.svd(matrix)[1]
    n = min(shape)
    for r in range(rank, 0, -1):
        points = real_points(found, "" if r == rank else f"linear({shape[1]},{r},{shape[0]})")
        expected = sorted((sum(sigma[i] ** 2 for i in range(n) if i not in s), s) for s in itertools.combinations(range(n), r))
        assert len(points) == comb(n, r)
        for point, (loss, subset) in zip(sorted(points, key=lambda p: p.loss), expected, strict=True):
            assert point.loss == pytest.approx(loss, rel=1e-9)
            # larger singular values that are left out, each against one that is kept
            assert point.index == sum(i not in subset and i < k for k in subset for i in range(n))
            assert point.attained == "yes"
            assert point.certified
            assert point.kind == ("saddle at these weights" if r < rank else "saddle" if point.index else "minimum")
    assert found.value["complex"] == found.value["real"] == comb(n, rank)
    assert found.value["at_subnetworks"] == sum(comb(n, r) for r in range(rank))
    assert (found.claim, found.value["global_minimum"]) == (Claim.COMPLETE, "proved")
    assert "can be local minima too" not in found.meaning  # of linear networks they cannot


@pytest.mark.parametrize("eigenvalues", [(3, 2, -1), (5, 1, 2)])
@pytest.mark.parametrize("rank", [1, 2])
def test_quadratic_networks_on_normal_inputs(eigenvalues, rank):
    """Subsets of eigenvalues; the loss of a subset is a formula."""
    teacher = " + ".join(f"({t})*x{i}^2" for i, t in enumerate(eigenvalues))
    found = landscape(f"mlp(3,{rank},1; x^2)", metric="gaussian", teacher=teacher)
    expected = []
    for kept in itertools.combinations(range(3), rank):
        rest = [t for i, t in enumerate(eigenvalues) if i not in kept]
        expected.append(2 * sum(t * t for t in rest) + 2 / (rank + 2) * sum(rest) ** 2)
    assert sorted(p.loss for p in real_points(found)) == pytest.approx(sorted(expected), rel=1e-9)
    assert found.value["complex"] == comb(3, rank)
    assert found.value["least_loss"] == pytest.approx(min(expected), rel=1e-9)
    assert found.value["global_minimum"] == "complete"


@pytest.mark.parametrize(
    ("text", "options", "count"),
    [
        ("cnn(2,2; x^2)", {}, 14),
        ("mlp(3,2,1; x^2)", {}, 13),
        ("mlp(2,2,1; x^4)", {}, 13),
        ("linear(3,1,3)", {}, 3),
        pytest.param("cnn(3,2; x; strides=2,1)", {"metric": "frobenius"}, 10, marks=pytest.mark.slow),
        ("cnn(2,2; x; strides=2,1)", {"metric": "frobenius"}, 2),
        ("mlp(2,2,1; x^4)", {"metric": "bombieri"}, 7),
        ("mlp(2,2,1; x^3 + x^2)", {}, 39),
    ][: size(7, 8)],
)
def test_the_number_is_the_ed_degree(text, options, count):
    model = as_model(text)
    if not options:
        rng = np.random.default_rng(1)
        options = {"data": (rng.normal(size=(14, model.inputs)), rng.normal(size=(14, model.outputs)))}
    found = landscape(model, **options)
    assert (found.value["complex"], found.evidence["stages"][0]["complete"]) == (count, True)
    assert (found.claim is Claim.COMPLETE) == bool(rank_drop(model))
    assert sum(not p.stratum for p in found.points) == count
    assert found.value["real"] % 2 == count % 2


@pytest.mark.slow
def test_points_are_critical():
    """The gradient of the loss in the weights, by finite differences of the network itself, vanishes at every real point."""
    import jax
    import jax.numpy as jnp

    data = examples.penguins()
    found = landscape("mlp(3,2,1; x^2; bias)", data=data, prepare="standardize")
    assert found.value["complex"] == 83
    model, prepared = found.model, found.task.data
    with jax.enable_x64(True):

        def loss(flat):
            leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
            outputs = jax.vmap(lambda x: model.function(model.tree(leaves), x, jnp.zeros(0)))(prepared.inputs)
            return jnp.mean(jnp.sum((outputs - prepared.targets) ** 2, axis=1))

        slope, second = jax.jit(jax.value_and_grad(loss)), jax.jit(jax.hessian(loss))
        for point in found.points:
            if point.weights is not None:
                value, gradient = slope(jnp.asarray(point.weights))
                assert float(value) == pytest.approx(point.loss, rel=1e-9)
                assert np.abs(gradient).max() < 1e-7
                least = np.linalg.eigvalsh(second(jnp.asarray(point.weights)))[0]
                assert least > -1e-8 if point.kind == "minimum" else least < 0 or not point.index
    assert found.value["global_minimum"] == "complete"
    assert found.evidence["least"]["point"] == 1


def test_what_training_sees_at_smaller_networks():
    """A dead neuron that comes alive lowers the loss, in a direction that no gradient shows: a saddle. Others can be minima."""
    rng = np.random.default_rng(3)
    found = landscape("mlp(3,2,1; x^2)", data=(rng.normal(size=(20, 3)), rng.normal(size=(20, 1))))
    small = real_points(found, "mlp(3,1,1; x^2)")
    alone = landscape("mlp(3,1,1; x^2)", data=(found.task.data.inputs, found.task.data.targets))
    assert sorted(p.loss for p in small) == pytest.approx(sorted(p.loss for p in real_points(alone)))
    assert all(p.kind == "saddle at these weights" for p in small)
    assert "local minimum at smooth functions of real networks" in found.meaning
    assert "weights of smaller networks can be local minima too" in found.meaning
    assert all(np.count_nonzero(p.weights) <= 4 for p in small)


def test_a_target_that_fills_but_is_no_network():
    """mlp(2,2,1; x^3) fills over the complex numbers; a cubic with three real roots is no network of it, and none comes near."""
    found = landscape("mlp(2,2,1; x^3)", metric="frobenius", teacher="x0^3 - 3*x0*x1^2")
    first = real_points(found)[0]
    assert (first.attained, first.weights) == ("no", None)
    assert 0 <= first.loss < 1e-28
    assert found.value["minima"] == 0
    assert found.value["global_minimum"] in ("undecided", "upper_bound")
    assert found.value["least_loss"] > 0.9
    assert landscape("mlp(2,2,1; x^3)", metric="frobenius", teacher="x0^3 + 3*x0*x1^2").value["global_minimum"] == "proved"


@pytest.mark.parametrize(
    ("text", "teacher"),
    [
        pytest.param("mlp(2,1,1; x^2; bias)", "x0 + x1", marks=pytest.mark.slow),
        ("mlp(2,2,2; x^2)", "x0^2; x0*x1"),
        ("mlp(2,2,1; x^3)", "x0^2*x1"),
    ],
)
def test_an_infimum_that_is_not_attained(text, teacher):
    found = landscape(text, metric="uniform", teacher=teacher)
    assert found.value["global_minimum"] == "undecided"
    assert found.value["least_loss"] < 1e-3
    sequence = found.evidence["least"]["sequence"]
    assert [w for _, w in sequence] == sorted(w for _, w in sequence)


@pytest.mark.parametrize("text", ["linear(2,2,2)", "linear(3,2,2)"])
@pytest.mark.parametrize("unit", [1.0, 300.0])
def test_targets_that_are_all_zero(text, unit):
    """The function 0 has weights of full rank, those with one factor 0, beside those where J drops rank."""
    model, rng = as_model(text), np.random.default_rng(5)
    x = unit * rng.integers(-3, 4, (12, model.inputs))
    found = landscape(text, data=(x, np.zeros((12, model.outputs))))
    assert found.value["complex"] == found.value["real"] == found.value["minima"] == 1
    assert found.claims["complex"].claim == "complete"
    assert found.value["least_loss"] == 0


def test_sample_weights_are_repetitions():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=(9, 1))
    twice = landscape("mlp(2,1,1; x^2)", data=(np.vstack([x, x[:3]]), np.vstack([y, y[:3]])))
    weighted = landscape("mlp(2,1,1; x^2)", data=(x, y), sample_weights=[2.0] * 3 + [1.0] * 6)
    assert weighted.value["least_loss"] == pytest.approx(twice.value["least_loss"], rel=1e-9)
    assert weighted.value["complex"] == twice.value["complex"]


def test_a_form_is_what_it_says():
    """Data written as a quadratic form give the same list."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=(9, 1))
    data = landscape("mlp(2,1,1; x^2)", data=(x, y))
    monomials = data.monomials
    columns = np.array([np.prod(x ** np.array(e), axis=1) for _, e in monomials]).T
    matrix = columns.T @ columns / 9
    form = Form(monomials, (matrix + matrix.T) / 2, np.linalg.lstsq(columns, y[:, 0], rcond=None)[0])
    found = landscape("mlp(2,1,1; x^2)", form=form)
    assert found.value["complex"] == data.value["complex"] == ed_degree("mlp(2,1,1; x^2)").value
    offset = np.mean((y[:, 0] - columns @ form.target) ** 2)
    assert found.value["least_loss"] + offset == pytest.approx(data.value["least_loss"], rel=1e-9)


def test_every_seed():
    rng = np.random.default_rng(7)
    data = (rng.normal(size=(20, 3)), rng.normal(size=(20, 1)))
    losses = set()
    for seed in range(300, 300 + size(2, 10)):
        found = landscape("mlp(3,2,1; x^2)", data=data, seed=seed)
        assert (found.value["complex"], found.claim) == (13, Claim.COMPLETE)
        losses.add(round(found.value["least_loss"], 9))
    assert len(losses) == 1


class TestFewData:
    def test_below_the_threshold(self):
        found = landscape("mlp(2,2,1; x^2)", data=([[1, 2], [3, 4]], [[1], [2]]))
        assert found.claim is Claim.UNDECIDED
        assert found.evidence["interpolation"]["dimension"] == 1
        assert found.value["complex"] is None
        assert found.value["least_loss"] == pytest.approx(0, abs=1e-12)

    def test_one_sample(self):
        found = landscape("linear(2,1,2)", data=([[1, 2]], [[1, -1]]))
        assert found.evidence["interpolation"]["dimension"] == 1
        assert "not finitely many" in found.meaning

    def test_duplicated_points_with_different_targets(self):
        """The mean of the two targets is what can be fitted."""
        x = [[1, 0], [0, 1], [1, 1], [1, 2], [1, 2]]
        found = landscape("mlp(2,2,1; x^2)", data=(x, [[1], [2], [0], [1], [3]]))
        assert found.value["complex"] == 1
        assert found.value["least_loss"] > 0.2


def test_figure_has_the_histogram(tmp_path):
    """Losses of the critical points, and beside them, where random targets were asked for, how many are real."""
    for random, words in ((0, "Complex ones at smooth functions"), (50, "% of 50 random targets")):
        found = landscape("mlp(2,1,1; x^3)", metric="frobenius", teacher="x0^3 + 2*x0*x1^2", random=random)
        save_figure(find("landscape"), found, str(tmp_path / "drawn.svg"))
        assert words in (tmp_path / "drawn.svg").read_text()


class TestWhitened:
    """Whitened inputs are other coordinates of the same problem where the first layer is dense."""

    def test_same_landscape(self):
        rng = np.random.default_rng(5)
        x, y = rng.normal(size=(30, 2)) @ [[1.0, 0.5], [0.0, 0.7]], rng.normal(size=(30, 1))
        plain, white = (landscape("mlp(2,2,1; x^2)", data=(x, y), prepare=how) for how in ("none", "whiten"))
        ours, theirs = dict(plain.value), dict(white.value)
        assert ours.pop("least_loss") == pytest.approx(theirs.pop("least_loss"), rel=1e-9)
        assert ours == theirs
        change = np.array(white.evidence["task"]["input_map"])
        assert np.allclose((x @ change.T).T @ (x @ change.T) / len(x), np.eye(2))
        weights = white.evidence["least"]["weights"]
        first = np.array(weights[:4]).reshape(2, 2) @ change
        outputs = (x @ first.T) ** 2 @ np.array(weights[4:])
        assert ((outputs - y[:, 0]) ** 2).mean() == pytest.approx(plain.value["least_loss"], rel=1e-9)

    def test_nearly_dependent_columns(self):
        """Condition 1.6e9 in the columns as they are: paths are lost, and a better network with them."""
        cars = examples.cars()
        x, y = cars.inputs.astype(float), cars.targets.astype(float)
        x = np.hstack([x, x**2, np.sqrt(x)])
        data = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
        counts = [landscape("mlp(3,2,1; x^2)", data=data, prepare="whiten", seed=seed) for seed in range(3)]
        assert [(f.value["complex"], f.claim, f.value["global_minimum"]) for f in counts] == [(13, Claim.COMPLETE, "complete")] * 3
        assert max(f.value["least_loss"] for f in counts) == pytest.approx(0.478956416, rel=1e-8)

    def test_dependent_columns(self):
        with pytest.raises(DataError, match="column 'x1' depends linearly"):
            landscape("mlp(2,1,1; x^2)", data=([[1, 2], [2, 4], [3, 6]], [[1], [2], [3]]), prepare="whiten")
        with pytest.raises(DataError, match="there are 1 for 2 columns"):
            landscape("mlp(2,1,1; x^2)", data=([[1, 2]], [[1]]), prepare="whiten")


class TestBadInput:
    def test_data(self):
        with pytest.raises(DataError, match="takes 3 inputs, the data have 2 input columns"):
            landscape("linear(3,1,1)", data=([[1, 2]], [[1]]))
        with pytest.raises(DataError, match="has 1 output, the data have 2 target columns"):
            landscape("linear(2,1,1)", data=([[1, 2]], [[1, 2]]))
        with pytest.raises(DataError, match="is constant on the rows trained on"):
            landscape("linear(2,1,1)", data=([[1, 2], [1, 3], [1, 5]], [[1], [2], [3]]), prepare="standardize")
        with pytest.raises(DataError, match="not finite"):
            landscape("linear(2,1,1)", data=([[1, float("nan")], [1, 3]], [[1], [2]]))
        with pytest.raises(DataError, match="do not go together"):
            landscape("linear(2,1,1)", data=([[1, 2], [1, 3]], [[1]]))

    @pytest.mark.parametrize("size", [1e12, 1e-12])
    def test_sizes(self, size):
        rng = np.random.default_rng(8)
        x, y = rng.normal(size=(9, 2)), size * rng.normal(size=(9, 1))
        found = landscape("mlp(2,1,1; x^2)", data=(x, y))
        assert (found.value["complex"], found.claim) == (4, Claim.COMPLETE)
        with pytest.raises(DataError, match="standardize the data"):  # x + x^2 has no units of its own
            landscape("residual(mlp(2,1,2; x^2))", data=(x * size, np.hstack([y, y])))
        with pytest.raises(DataError, match="no floating-point numbers"):
            landscape("mlp(2,1,1; x^2)", data=(x, y * size**8))

    def test_options(self):
        with pytest.raises(InputError, match="training needs data"):
            landscape("linear(2,1,1)")
        with pytest.raises(InputError, match="takes a teacher, no data"):
            landscape("linear(2,1,1)", metric="gaussian", data=([[1, 2]], [[1]]))
        with pytest.raises(InputError, match="metric 'euclid' is unknown"):
            landscape("linear(2,1,1)", metric="euclid")
        with pytest.raises(InputError, match="is rational"):
            landscape("mlp(2,2,1; 1/x)", metric="gaussian")
        with pytest.raises(InputError, match="share of rows held out"):
            landscape("linear(2,1,1)", data=([[1, 2]], [[1]]), held_out=1.5)
        with pytest.raises(InputError, match="symmetric 1 x 1 matrix"):
            Form(((0, (1,)),), [[1, 2]], [1])


def test_held_out_rows():
    rng = np.random.default_rng(9)
    data = (rng.normal(size=(40, 2)), rng.normal(size=(40, 1)))
    found = landscape("mlp(2,1,1; x^2)", data=data, held_out=0.25)
    assert found.evidence["task"]["held_out"] == 10
    assert found.evidence["losses_held_out"]["least_loss_point"] > 0


def test_verify_and_json():
    found = landscape("mlp(2,1,1; x^2)", metric="gaussian", teacher="x0^2 - x0*x1")
    again = found.rerun()
    assert again.value["complex"] == found.value["complex"]
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["evidence"]["points"][0]["loss"] == found.points[0].loss
    read = type(found).from_dict(plain)
    assert read.options == found.options
    import dataclasses

    without_data = dataclasses.replace(read, options={k: v for k, v in read.options.items() if k != "data"})
    with pytest.raises(InputError, match="a landscape read back from JSON does not hold the data"):
        without_data.rerun()
    other = with_value(found, found.value | {"complex": 5})
    with pytest.raises(VerificationError):
        other.rerun()


@pytest.mark.slow
def test_histogram_of_random_targets():
    """Singular values are real: all three choices of one always are. In general conjugate pairs leave the complex number's parity."""
    asked = size(30, 300)
    linear = landscape("linear(3,1,3)", metric="frobenius", random=asked)
    assert linear.evidence["random_targets"] == {"asked": asked, "real": {3: asked}}
    asked = size(20, 60)
    cubic = landscape("mlp(2,1,1; x^3; bias)", metric="bombieri", teacher="x0^3 + 2*x1^3 - x0^2*x1 + x0^2 + 3*x0*x1", random=asked)
    counts = cubic.evidence["random_targets"]["real"]
    assert sum(counts.values()) >= asked - 3
    assert all(k % 2 == cubic.value["complex"] % 2 and 1 <= k <= cubic.value["complex"] for k in counts)
    with pytest.raises(InputError, match="random targets"):
        landscape("linear(3,1,3)", metric="frobenius", random=-1)
