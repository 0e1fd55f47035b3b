"""Every family of the package is held to the laws of the kit, and the kit notices what breaks them."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from neurovariety.architectures import MLP, Diagonal, Linear, parse
from neurovariety.architectures.notation import EXAMPLES
from neurovariety.image import Filters, Image, Matrices, Quadrics
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.testing import check_family
from neurovariety.testing.families import _symmetry, _units
from neurovariety.testing.smaller_networks import check_strata
from neurovariety.theorem import Theorem
from neurovariety.units import Silence

LARGER = [
    "linear(3,2,2,3)",
    "mlp(2,3,2,1; x^3 + x, x^2; bias)",
    "mlp(2,3,1; (x + 1)/x)",
    "mlp(2,3,1; generic(3))",
    "mlp(2,2,2,1; x^2 + 1)",
    "cnn(3,2; x^2; strides=2,1)",
    "cnn(2x2,2x1; x^2; channels=1,2,1)",
    "cnn(2,2; x; channels=1,2,1)",
    "attention(2,2,1; a=2,1; t=2; heads=2)",
    "gnn(path(3); 1,3,1; x^2)",
    "gnn(cycle(3); 1,2,2,1; x^3 + x; pool)",
    "gnn(path(2); 1,2,1; x)",
    "groupconv(cyclic(3); channels=1,2,1; x^2)",
    "groupconv(klein(); channels=1,2,2; x^2 + x)",
    "groupconv(cyclic(2); channels=1,2,1; x)",
    "ssm(1,2,1; t=3; x^2)",
    "ssm(1,3,2; t=3; x^2 + x)",
    "ssm(2,2,1; t=3; x^3 + x)",
    "ssm(1,3,1; t=4)",
    "ssm(1,3,1; t=3; x^2; diagonal)",
    "ssm(2,2,1; t=3; diagonal)",
    "tt(2,2,2; ranks=2,2)",
    "tt(2,3; ranks=2)",
    "cp(2,2,2; rank=3)",
    "cp(2,2; rank=2)",
    "equivariant(3,3; ranks=2,2)",
    "invariant(2,2,1; rank=2; outputs=3)",
    "residual(mlp(2,3,2; x^2))",
    "residual(attention(2,2; a=2; t=2; heads=2))",
    "sequence(linear(2,2); residual(mlp(2,2,2; x^2)); linear(2,1))",
    "sequence(mlp(2,2,2; x^2); mlp(2,2,1; x^3 + x))",
    "ratio(mlp(2,2,1; x^2); mlp(2,2,1; x^3))",
]
"""With what examples do not have: several layers, biases, channels, strides, heads, units that are odd or even or linear."""
REFUSED = {
    "mlp(2,3,1; x^2)": ["mlp(2)", "mlp(2,0,1; x^2)", "mlp(2,3,1)", "mlp(2,3,1; exp(x))"],
    "diagonal(4; layers=3)": ["diagonal(0; layers=2)", "diagonal(2)", "diagonal(2,3; layers=2)"],
    "residual(mlp(2,4,2; x^2))": ["residual(mlp(2,4,1; x^2))", "residual(resnet(2,2))"],
}


@pytest.mark.parametrize("text", EXAMPLES.values())
def test_examples(text):
    check_family(text, refused=REFUSED.get(text, ()))


@pytest.mark.slow
@pytest.mark.parametrize("text", LARGER)
def test_larger_ones(text):
    check_family(text, seed=1)


@pytest.mark.parametrize("text", ["cp(1,1,1; rank=2)", "mlp(1,2,1; x^2)"])
def test_no_draw_is_too_special_for_a_symmetry(text):
    """Scales 1 and -1, or two neurons drawn alike, once failed a family that is right."""
    model, rng = parse(text).model, np.random.default_rng(1)
    for action in model.symmetries * 40:
        _symmetry(model, action, rng)


def test_no_draw_is_too_special_for_units():
    """Outgoing weights of equal neurons may add up to 0, and leave the next layer neurons without incoming weights."""
    model, rng = parse("mlp(1,2,2,1; x^2 + 1)").model, np.random.default_rng(1)
    for _ in range(2):
        check_strata(model, rng, 24)


def test_no_pole_ends_the_check_of_silences():
    made, rng = parse("ratio(mlp(1,1,1; x^2); mlp(1,2,1; x^2))"), np.random.default_rng(0)
    for _ in range(5):
        _units(made, rng)


def test_every_family_is_here_twice():
    assert {parse(text).family for text in LARGER} | {"diagonal"} == set(EXAMPLES)


class Other(Image):
    """A kind that nobody knows."""


class WrongAction(Diagonal):
    """Both vectors are multiplied."""

    def symmetries(self):
        return (AxisAction(Kind.TORUS, self.width, (("u1", 0, 1), ("u2", 0, 1)), "scaling both"),)


class WrongTheorem(Diagonal):
    def theorems(self):
        return (Theorem("too large", "dimension", self.width + 1, "it is not", "woodworth2020"),)


class WrongBound(Diagonal):
    def theorems(self):
        return (Theorem("too small", "dimension at most", self.width - 1, "it is not", "woodworth2020"),)


class WrongSource(Diagonal):
    def theorems(self):
        return (Theorem("nobody's", "dimension", self.width, "it is", "nobody2020"),)


class WrongAxes(Diagonal):
    def input_axes(self):
        return (("u1", 0),)


class WrongNotation(Diagonal):
    def notation(self):
        return f"diagonal({self.width}; layers={self.layers + 1})"


class WrongOrder(Linear):
    """W10 would come before W2."""

    def shapes(self):
        return dict(reversed(super().shapes().items()))


class WrongUnits(MLP):
    """Zero incoming weights of the layer after."""

    def units(self):
        (u,) = super().units()
        return (replace(u, made=u.read, read=u.made),)

    def symmetries(self):
        return ()


class WrongSilence(MLP):
    def silences(self):
        return (Silence("layer 1 zero", ("W1",)),)


class WrongImage(Diagonal):
    def image(self):
        return self.said

    @classmethod
    def saying(cls, said):
        return type("WrongImage", (cls,), {"said": said, "__module__": __name__})(3, 2)


class MisspeltTheorem(Diagonal):
    def theorems(self):
        return (Theorem("of nothing", "dimenson", 4, "it is", "woodworth2020"),)


class SwappedSizes(Linear):
    """Written the wrong way round, which two equal sizes do not show."""

    def notation(self):
        return f"linear({','.join(map(str, self.widths[::-1]))})"


class BinaryFraction(Diagonal):
    def apply(self, parameters, x, coefficients):
        return 0.1 * super().apply(parameters, x, coefficients)


class Transcendental(Diagonal):
    def apply(self, parameters, x, coefficients):
        return jnp.tanh(super().apply(parameters, x, coefficients))


class Fails(Diagonal):
    def units(self):
        return self.hidden


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (WrongAction(2, 2), "scaling both leaves .* unchanged"),
        (WrongTheorem(2, 2), "dimension of .* is 2, and 'too large' says 3"),
        (WrongBound(2, 2), "'too small' bounds it by 1"),
        (WrongSource(2, 2), "cites 'nobody2020'"),
        (WrongAxes(2, 2), "is not f_"),
        (WrongNotation(2, 2), "read back as another network"),
        (WrongOrder((2, 2, 2)), "JAX sorts them"),
        (WrongUnits((2, 3, 1), parse("mlp(2,3,1; x^2 + x)").activations), r"is not mlp\(|superfluous|units too many"),
        (MisspeltTheorem(2, 2), "InputError: the theorem 'of nothing' is about 'dimenson'"),
        (SwappedSizes((2, 2)), r"'linear\(2,3\)' is read back as"),
        (BinaryFraction(2, 2), r"apply holds 0\.1, a binary fraction"),
        (Transcendental(2, 2), "NotAlgebraicError: .*tanh"),
        (Fails(2, 2), "AttributeError"),
        (WrongImage.saying(Matrices(3, 1, 0)), "3 dimensions, and the image .* has 0"),
        (WrongImage.saying(Matrices(2, 1, 1)), "3 inputs, and the image .* has 2"),
        (WrongImage.saying(Matrices(3, 2, 1)), "1 outputs, and the image .* has 2"),
        (WrongImage.saying(Matrices(3, 1, 1, bias=True)), "3 dimensions, and the image .* has 4"),
        (WrongImage.saying(Quadrics(3, 1, bias=True)), "3 dimensions, and the image .* has 5"),
        (WrongImage.saying(Filters(1, 0, 1, 3, 2)), "1 outputs, and the image .* has 2"),
        (WrongImage.saying(Filters(1, 0, 1, 3, 1)), "3 dimensions, and the image .* has 2"),
        (WrongImage.saying(Other()), "the kit does not know the image Other"),
        (WrongSilence((2, 2, 1), parse("mlp(2,2,1; x^2 + 1)").activations), "is the zero function"),
    ],
    ids=lambda w: type(w).__name__ if not isinstance(w, str) else "",
)
def test_what_breaks_a_law_is_named(wrong, law):
    with pytest.raises(AssertionError, match=law):
        check_family(wrong)


def test_sets_that_are_equal_and_sets_that_are_not():
    check_family("cp(2,2; rank=2)", equal_to=["tt(2,2; ranks=2)"])
    with pytest.raises(AssertionError, match="have the images"):
        check_family(WrongImage.saying(Filters(2, 0, 1, 3, 1)), equal_to=["linear(3,1)"])
    with pytest.raises(AssertionError, match="foo is read: cannot read the architecture"):
        check_family("diagonal(2; layers=1)", equal_to=["foo"])
    with pytest.raises(AssertionError, match=r"resnet.* is read"):
        check_family("resnet(2,2)")
    with pytest.raises(AssertionError, match=r"'diagonal\(2; layers=2\)' is not refused"):
        check_family("diagonal(2; layers=1)", refused=["diagonal(2; layers=2)"])
