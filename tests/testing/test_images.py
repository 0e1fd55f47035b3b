"""What the kit reads off an image, against computed dimensions."""

from __future__ import annotations

import pytest

from neurovariety import dimension, parse
from neurovariety.testing.images import facts

NOTATIONS = [
    "linear(3,2,4)",
    "mlp(3,1,2; x; bias)",
    "invariant(2,2,1; rank=2; outputs=3)",
    "equivariant(3,2; ranks=1,1,0)",
    "mlp(3,2,1; x^2)",
    "mlp(2,1,1; x^2; bias)",
    "mlp(3,2,1; x^2; bias)",
    "mlp(2,2,1; x^2 + x; bias)",
    "mlp(2,3,1; x^2; bias)",
    "mlp(2,5,1; x^2; bias)",
    "mlp(2,1,3; x^2)",
    "mlp(2,2,3; x^2)",
    "mlp(2,3,2; x^2)",
    "cnn(3,2; x)",
    "tt(2,3,2; ranks=2,2)",
    "tt(2,3; ranks=2; outputs=2)",
    "ssm(2,4,1; t=2)",
]
NO_FORMULA = [
    "mlp(2,2,1; x^3)",
    "mlp(2,2,2; x^2 + x)",
    "cnn(2x2,2x1; x^2; channels=1,2,1)",
    "attention(2,3; a=1; t=2)",
    "cp(2,2,2; rank=2)",
]


@pytest.mark.parametrize("notation", [*NOTATIONS, *NO_FORMULA])
def test_facts(notation):
    model = parse(notation).model
    said = facts(model.image)
    assert (said.inputs, said.outputs) == (model.inputs, model.outputs)
    expected = None if notation in NO_FORMULA else dimension(notation, route="computed").value
    assert said.dimension == expected
