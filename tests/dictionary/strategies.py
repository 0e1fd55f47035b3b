"""Random architectures of each family, small enough that one exact rank takes milliseconds."""

from __future__ import annotations

from itertools import pairwise

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


@st.composite
def tt(draw):
    modes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    ranks = [draw(st.integers(1, 3)) for _ in modes[1:]]
    return f"tt({_joined(modes)}; ranks={_joined(ranks)}; outputs={draw(st.integers(1, 2))})"


@st.composite
def cp(draw):
    modes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    return f"cp({_joined(modes)}; rank={draw(st.integers(1, 4))}; outputs={draw(st.integers(1, 2))})"


@st.composite
def diagonal(draw):
    return f"diagonal({draw(st.integers(1, 5))}; layers={draw(st.integers(1, 4))})"


@st.composite
def ssm(draw):
    widths = draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
    readout = draw(st.sampled_from(["", "", "; x^2", "; x^2 + x", "; 1/3*x^3"]))
    return f"ssm({_joined(widths)}; t={draw(st.integers(1, 4))}{readout}{draw(st.sampled_from(['', '; diagonal']))})"


@st.composite
def gnn(draw):
    n = draw(st.integers(1, 3))
    graph = draw(st.sampled_from([f"path({n})", "cycle(3)", f"complete({n})", f"star({n + 1})", "edges(0-1,0-2,1-2,2-3)"]))
    widths = draw(st.lists(st.integers(1, 2), min_size=2, max_size=4))
    activations = ["x", "x^2", "x^2 + x", "1/3*x^2", "x^3"] if len(widths) == 3 else ["x", "x^2", "x^2 + x"]
    hidden = [draw(st.sampled_from(activations)) for _ in widths[2:]]
    parts = [graph, _joined(widths), *([", ".join(hidden)] if hidden else []), *draw(st.sampled_from([[], ["pool"]]))]
    return f"gnn({'; '.join(parts)})"


@st.composite
def groupconv(draw):
    groups = ["cyclic(1)", "cyclic(2)", "cyclic(3)", "cyclic(4)", "klein()", "dihedral(3)", "cyclic(2)xcyclic(2)", "symmetric(3)"]
    group = draw(st.sampled_from(groups))
    channels = draw(st.lists(st.integers(1, 2), min_size=2, max_size=3))
    hidden = [draw(st.sampled_from(["x", "x^2", "x^3", "x^2 + x", "1/3*x^2"])) for _ in channels[2:]]
    return f"groupconv({'; '.join([group, f'channels={_joined(channels)}', *hidden])})"


@st.composite
def equivariant(draw):
    cycles = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    orders = [q for q in range(1, 5) if any(c % q == 0 for c in cycles)]  # each has one pair of eigenvalues at most
    sizes = [sum(c % q == 0 for c in cycles) for q in orders]
    ranks = [draw(st.integers(0, size)) for size in sizes]
    return f"equivariant({_joined(cycles)}; ranks={_joined(ranks if any(ranks) else sizes)})"


@st.composite
def invariant(draw):
    orbits = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    rank = draw(st.sampled_from(["", "; rank=1", "; rank=2", "; rank=3"]))
    return f"invariant({_joined(orbits)}{rank}; outputs={draw(st.integers(1, 3))})"


_RATIONAL = ["1/x", "2/x", "1/x^2", "(x + 1)/x", "1/(x - 2)", "x/(x^2 + 1)", "(x^2 + 1)/(x - 2)"]


@st.composite
def rational(draw):
    """Networks with rational activations."""
    if draw(st.booleans()):
        kinds = ["cnn(3,2; {})", "cnn(2,2; {}; channels=1,2,1)", "ssm(1,2,1; t=3; {})", "gnn(path(2); 2,2,1; {})"]
        return draw(st.sampled_from([*kinds, "groupconv(cyclic(2); layers=2; {})"])).format(draw(st.sampled_from(_RATIONAL)))
    widths = draw(st.lists(st.integers(1, 3), min_size=3, max_size=4))
    chosen = [draw(st.sampled_from(_RATIONAL[:4])), *(draw(st.sampled_from(["x^2", "1/x"])) for _ in widths[3:])]
    return f"mlp({_joined(widths)}; {', '.join(chosen)}{draw(st.sampled_from(['', '; bias']))})"


def _part(draw, inputs, outputs):
    """A network with these widths."""
    hidden = draw(st.integers(1, 3))
    kinds = [f"linear({inputs},{outputs})", *(f"mlp({inputs},{hidden},{outputs}; {a})" for a in ("x^2", "x^2 + x", "x^2; bias"))]
    return draw(st.sampled_from(kinds))


@st.composite
def residual(draw):
    n = draw(st.integers(1, 3))
    network = draw(st.sampled_from([_part(draw, n, n), f"attention({n},{n}; a=1; t=2)"]))
    return f"residual({network})" if draw(st.booleans()) else f"residual(residual({network}))"


@st.composite
def sequence(draw):
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    parts = []
    for k, (a, b) in enumerate(pairwise(widths)):
        if draw(st.booleans()):
            parts.append(f"residual({_part(draw, a, a)})")
        parts.append(_part(draw, a, b) if k == 0 else f"linear({a},{b})")
    return f"sequence({'; '.join(parts)})"


@st.composite
def ratio(draw):
    n = draw(st.integers(1, 3))
    return f"ratio({_part(draw, n, draw(st.integers(1, 2)))}; {_part(draw, n, 1)})"


FAMILIES = {
    "linear": linear(),
    "mlp": mlp(),
    "cnn": cnn(),
    "attention": attention(),
    "tt": tt(),
    "cp": cp(),
    "diagonal": diagonal(),
    "ssm": ssm(),
    "gnn": gnn(),
    "groupconv": groupconv(),
    "equivariant": equivariant(),
    "invariant": invariant(),
    "rational": rational(),
    "residual": residual(),
    "sequence": sequence(),
    "ratio": ratio(),
}


def _joined(values):
    return ",".join(map(str, values))
