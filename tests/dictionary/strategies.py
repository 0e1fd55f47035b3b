"""Random architectures of each family, small enough that one exact rank takes milliseconds."""

from __future__ import annotations

from hypothesis import strategies as st

_ACTIVATIONS = ["x^2", "x^3", "x^2 + x", "x^3 + x^2", "generic(3)", "1/3*x^2 - x"]


@st.composite
def linear(draw):
    return f"linear({_joined(draw(st.lists(st.integers(1, 5), min_size=2, max_size=4)))})"


@st.composite
def mlp(draw):
    widths = draw(st.lists(st.integers(1, 4), min_size=3, max_size=4))
    hidden = len(widths) - 2
    chosen = draw(st.lists(st.sampled_from(_ACTIVATIONS), min_size=hidden, max_size=hidden))
    return f"mlp({_joined(widths)}; {', '.join(chosen)}{draw(st.sampled_from(['', '; bias']))})"


@st.composite
def cnn(draw):
    layers = draw(st.integers(2, 3))
    filters = draw(st.lists(st.integers(1, 3), min_size=layers, max_size=layers))
    strides = draw(st.lists(st.integers(1, 2), min_size=layers, max_size=layers))
    channels = [1, *draw(st.lists(st.integers(1, 2), min_size=layers - 1, max_size=layers - 1)), draw(st.integers(1, 2))]
    act = draw(st.sampled_from(["x", *_ACTIVATIONS]))
    outputs = draw(st.integers(1, 2))
    return f"cnn({_joined(filters)}; {act}; strides={_joined(strides)}; channels={_joined(channels)}; outputs={outputs})"


@st.composite
def attention(draw):
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    inner = draw(st.lists(st.integers(1, 2), min_size=len(widths) - 1, max_size=len(widths) - 1))
    heads = draw(st.integers(1, 2))
    return f"attention({_joined(widths)}; a={_joined(inner)}; t={draw(st.integers(1, 3))}; heads={heads})"


FAMILIES = {"linear": linear(), "mlp": mlp(), "cnn": cnn(), "attention": attention()}


def _joined(values):
    return ",".join(map(str, values))
