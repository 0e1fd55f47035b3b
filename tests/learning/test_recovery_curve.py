"""Teacher and student: fits give the network back from as many samples on as were predicted."""

from __future__ import annotations

import pytest

import neurovariety as nv
from neurovariety.learning.recovery_curve import recovery_curve


@pytest.mark.parametrize(
    ("architecture", "finite", "unique"),
    [
        ("linear(3,2,3)", 3, 3),
        ("mlp(3,2,1; x^2)", 5, 6),
        ("mlp(2,2,1; x^4)", 4, 5),
        ("cnn(2,2; x^2)", 3, 4),
        ("attention(2,1; a=1; t=2)", 3, 3),
        ("mlp(2,2,1; x^2)", 3, 3),
    ],
)
def test_the_drop_is_where_it_is_predicted(architecture, finite, unique):
    """The numbers are those of `sample-complexity`, whose own tests hold them to proofs and to other programs."""
    curve = recovery_curve(nv.as_model(architecture), unique + 1)
    assert (curve.none_below, curve.all_from) == (finite, unique)
    errors = [p.error for p in curve.points]
    assert min(errors[: finite - 1]) > 1e-2
    assert max(errors[unique - 1 :]) < 1e-6


@pytest.mark.parametrize("seed", range(1, 4))
def test_other_seeds(seed):
    curve = recovery_curve(nv.as_model("cnn(2,2; x^2)"), 5, seed=seed)
    assert (curve.none_below, curve.all_from) == (3, 4)


def test_other_solutions_that_no_real_weights_have_are_not_met():
    """A cube of a linear form at two samples: three functions over the complex numbers, one of them real."""
    curve = recovery_curve(nv.as_model("mlp(2,1,1; x^3)"), 3)
    assert (curve.none_below, curve.all_from) == (2, 2)


def test_the_same_seed_gives_the_same_curve():
    first, again, other = (recovery_curve(nv.as_model("linear(2,1,2)"), 3, teachers=2, starts=2, seed=s) for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(nv.InputError, match="rational"):
        recovery_curve(nv.as_model("mlp(2,2,1; 1/x)"), 3)
    with pytest.raises(nv.InputError, match="generic coefficients"):
        recovery_curve(nv.as_model("mlp(2,2,1; generic(2))"), 3)
