"""Every kind of operation and every activation of the package is held to the laws of the kit; and the kit notices what breaks them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.activations import ACTIVATIONS
from neurovariety.checkpoints.graph.kinds.windows import pads
from neurovariety.checkpoints.graph.operation import Enclosure
from neurovariety.checkpoints.graph.operations import OPERATIONS
from neurovariety.testing import check_operator

pytest.importorskip("torch")
pytest.importorskip("onnx")

HALF = Fraction(1, 2)
AROUND = {"stride": (2, 1), "padding": ((1, 1), (0, 0)), "dilation": (1, 2)}
PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
NORM = {"mean": (3,), "variance": (3,), "scale": (3,), "shift": (3,)}

ONE_ACTIVATION = [
    {"function": "polynomial", "coefficients": (Fraction(1), Fraction(0), Fraction(-3, 2))},
    {"function": "polynomial", "coefficients": (Fraction(0), Fraction(2), Fraction(0), HALF)},
    {"function": "polynomial", "coefficients": (Fraction(3), Fraction(1), Fraction(1, 3))},
    {"function": "rational", "numerator": (Fraction(0), Fraction(1)), "denominator": (Fraction(2), Fraction(0), Fraction(1))},
    {"function": "relu"},
    {"function": "leaky_relu", "slope": Fraction(1, 4)},
    {"function": "leaky_relu", "slope": Fraction(-3)},
    {"function": "relu6"},
    {"function": "hardtanh", "low": Fraction(-1), "high": Fraction(1)},
    {"function": "hardtanh", "low": Fraction(-1), "high": Fraction(1, 4)},
    {"function": "abs"},
    {"function": "elu", "alpha": HALF},
    {"function": "softplus", "beta": Fraction(1)},
    {"function": "softplus", "beta": Fraction(2)},
    {"function": "tanh"},
    {"function": "sigmoid"},
    {"function": "gelu", "approximate": "none"},
    {"function": "gelu", "approximate": "tanh"},
    {"function": "silu"},
    {"function": "hardswish"},
    {"function": "erf"},
    {"function": "sin"},
    {"function": "exp"},
]

CASES = {
    "linear": ("linear", [(3,)], {"weight": (2, 3), "bias": (2,)}, {}),
    "linear on tokens": ("linear", [(2, 3)], {"weight": (2, 3), "bias": (2,)}, {}),
    "conv": ("conv", [(4, 5, 4)], {"weight": (2, 2, 2, 2), "bias": (2,)}, {**AROUND, "groups": 2}),
    "conv in one dimension": (
        "conv",
        [(2, 5)],
        {"weight": (3, 2, 2)},
        {"stride": (1,), "padding": ((0, 1),), "dilation": (2,), "groups": 1},
    ),
    "normalize": ("normalize", [(3, 2, 2)], NORM, {"epsilon": 0.5}),
    "normalize by numbers": ("normalize", [(3,)], {"mean": (3,), "variance": (3,)}, {"epsilon": 0.5}),
    "add": ("add", [(2, 3), (2, 3)], {}, {}),
    "add of different ranks": ("add", [(3,), (2, 3)], {}, {}),
    "add of a weight": ("add", [(2, 3)], {"weight": (3,)}, {}),
    "subtract": ("subtract", [(3,), (3,)], {}, {}),
    "subtract from a number": ("subtract", [(3,)], {}, {"constant": Fraction(2), "reversed": True}),
    "multiply": ("multiply", [(3,), (3,)], {}, {}),
    "multiply by a weight": ("multiply", [(3,)], {"weight": (3,)}, {}),
    "divide by a number": ("divide", [(3,)], {}, {"constant": Fraction(3)}),
    "matmul": ("matmul", [(2, 3), (2, 3)], {}, {"transpose": (False, True)}),
    "parameter": ("parameter", [], {"value": (2, 3)}, {}),
    "transpose": ("transpose", [(2, 3, 2)], {}, {"permutation": (2, 0, 1)}),
    "reshape": ("reshape", [(2, 3)], {}, {"shape": (6,)}),
    "slice": ("slice", [(2, 5)], {}, {"axis": 1, "start": 1, "stop": 5, "step": 2}),
    "pad": ("pad", [(2, 3)], {}, {"padding": ((0, 0), (1, 2))}),
    "concatenate": ("concatenate", [(2, 3), (1, 3)], {}, {"axis": 0}),
    "sum": ("sum", [(2, 3)], {}, {"axes": (1,), "keepdims": False}),
    "mean": ("mean", [(2, 3, 2)], {}, {"axes": (1, 2), "keepdims": True}),
    "softmax": ("softmax", [(2, 3)], {}, {"axis": 1}),
    "standardize": ("standardize", [(2, 3)], {}, {"axes": (1,), "epsilon": 0.5, "centred": True}),
    "standardize by squares": ("standardize", [(2, 2, 3)], {}, {"axes": (1, 2), "epsilon": 0.5, "centred": False}),
    "average_pool": ("average_pool", [(2, 4, 4)], {}, {**PLAIN, "padding": ((1, 1), (0, 0)), "window": (2, 3)}),
    "upsample": ("upsample", [(2, 3, 2)], {}, {"factors": (2, 3)}),
    "spread": ("spread", [(2, 3, 2)], {}, {"factors": (2, 3)}),
    "spread in one dimension": ("spread", [(2, 4)], {}, {"factors": (3,)}),
    "max_pool": ("max_pool", [(2, 4, 5)], {}, {**AROUND, "window": (2, 2)}),
}


@pytest.mark.parametrize("name", CASES)
def test_kinds(name):
    kind, shapes, weights, attributes = CASES[name]
    check_operator(kind, *shapes, weights=weights, attributes=attributes)


@pytest.mark.parametrize("attributes", ONE_ACTIVATION, ids=lambda a: a["function"])
def test_activations(attributes):
    check_operator("activation", (4,), attributes=attributes)


def test_every_kind_and_activation_is_here():
    assert {kind for kind, *_ in CASES.values()} == set(OPERATIONS) - {"input", "activation"}
    assert {a["function"] for a in ONE_ACTIVATION} == set(ACTIVATIONS) - {"sqrt"}  # which has no real values at negative numbers


def test_the_page_names_every_activation():
    page = (Path(__file__).parents[2] / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    listed = page.partition("Activations: ")[2].partition("Not read")[0]
    assert [name for name in ACTIVATIONS if name not in listed] == []


BROKEN = {
    "a bound that is too small": ("linear", {"bound": lambda p: Enclosure(p.below[0].size, p.below[0].error)}, "the bound says"),
    "a degree that is too small": ("multiply", {"degree": lambda node, below: 1}, "the degree is larger"),
    "channels that are mixed": ("slice", {"channelwise": OPERATIONS["activation"].channelwise}, "another shape"),
    "a value that joins samples": ("add", {"value": lambda c: c.values[0] + c.values[1].sum()}, "a batch is not its samples"),
    "a maximum with signs": (
        "max_pool",
        {"channelwise": replace(OPERATIONS["max_pool"].channelwise, relation=lambda n, w, i, j, r: r)},
        "a negative factor",
    ),
    "a sum that is called linear": (
        "normalize",
        {"channelwise": replace(OPERATIONS["normalize"].channelwise, linear=True)},
        "it is not linear",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_record_is_found(name, monkeypatch):
    kind, changes, law = BROKEN[name]
    monkeypatch.setitem(OPERATIONS, kind, replace(OPERATIONS[kind], **changes))
    _, shapes, weights, attributes = CASES[kind]
    with pytest.raises(AssertionError, match=law):
        check_operator(kind, *shapes, weights=weights, attributes=attributes, files=[".npz"])


BENT = {
    "slope": ("tanh", {"slopes": lambda x, a: 1 - x}, "the stated slope"),
    "steepness": ("sigmoid", {"lipschitz": lambda a: 0.2}, "the bound says|a slope is"),
    "centre": ("sigmoid", {"centre": Fraction(0)}, "does not become|is not"),
    "zero": ("tanh", {"zero": Fraction(1)}, "does not become|value at 0"),
    "parity": ("silu", {"centre": Fraction(0)}, "does not become|is not"),
}


@pytest.mark.parametrize("name", BENT)
def test_a_broken_activation_is_found(name, monkeypatch):
    function, changes, law = BENT[name]
    monkeypatch.setitem(ACTIVATIONS, function, replace(ACTIVATIONS[function], **changes))
    with pytest.raises(AssertionError, match=law):
        check_operator("activation", (4,), attributes={"function": function}, files=[".npz"])


def test_attributes_of_a_wrong_sort_are_refused():
    for attributes in ({"function": "leaky_relu", "slope": "steep"}, {"function": "polynomial", "coefficients": 3}):
        node = nv.Node("y", "activation", ("x",), {}, attributes)
        with pytest.raises(nv.InputError, match="attribute"):
            nv.Network((2,), (nv.Node("x", "input"), node), "y", {}).evaluate([[1, 2]])


def test_padding_is_seen():
    assert pads(nv.Node("p", "average_pool", (), {}, {"padding": ((0, 0), (1, 0))}))
    assert not pads(nv.Node("p", "average_pool", (), {}, {"padding": ((0, 0),)}))
