"""One table: aten operation -> nodes. What is not in it is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.readers.building import (
    SOFTPLUS_THRESHOLD,
    Builder,
    Operand,
    Stored,
    Turned,
    Value,
    clipped,
    power,
    refuse,
    whole_factors,
)
from neurovariety.checkpoints.readers.contraction import contract
from neurovariety.errors import InputError

_NO_END = 2**62


@dataclass(frozen=True, eq=False)
class Call:
    """One operation of an exported graph with its arguments by name."""

    builder: Builder
    name: str
    path: str
    operator: str
    arguments: dict[str, Any]
    node: dict[str, Any]

    @property
    def place(self) -> str:
        return self.path or self.builder.source

    @property
    def x(self) -> Value:
        return self.builder.promoted(next(self.arguments[k] for k in ("self", "input") if k in self.arguments))

    def get(self, name: str, default: Any = None) -> Any:
        found = self.arguments.get(name)
        return default if found is None else found

    def make(self, kind: str, *inputs: Operand, weights: Any = None, **attributes: Any) -> Value:
        return self.builder.node(self.name, self.path, kind, list(inputs), weights, **attributes)

    def activation(self, function: str, **attributes: Any) -> Value:
        return self.make("activation", self.x, function=function, **attributes)

    def number(self, name: str, default: float) -> Fraction:
        return Fraction(self.get(name, default))

    def only(self, name: str, *allowed: Any) -> None:
        """Refuse the operation where an argument has another value than the ones that are understood."""
        found = self.arguments.get(name)
        if found is not None and found not in allowed:
            refuse(self.place, self.operator, f"{name}={found}")


def _linear(c: Call) -> Value:
    a = c.arguments
    return c.builder.linear(c.name, c.path, a.get("input", a.get("self")), a["weight"], a.get("bias"))


def _addmm(c: Call) -> Value:
    c.only("beta", 1)
    c.only("alpha", 1)
    return c.builder.linear(c.name, c.path, c.arguments["mat1"], c.arguments["mat2"], c.arguments["self"], stored_as="in,out")


def _matmul(c: Call) -> Value:
    a, b = c.arguments["self"], c.arguments.get("other", c.arguments.get("mat2"))
    return c.builder.matmul(c.name, c.path, a, b)


def _convolution(c: Call) -> Value:
    weight = c.arguments["weight"]
    if not isinstance(weight, Stored):
        refuse(c.place, c.operator, "its filter is computed")
    d = c.builder.weights[weight.key].ndim - 2
    if len(c.builder.shape(c.x)) != d + 1:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    padding = c.get("padding", [0])
    stride, dilation = _each(c.get("stride", 1), d), _each(c.get("dilation", 1), d)
    if isinstance(padding, str):
        window = c.builder.weights[weight.key].shape[2:]
        total = [k * (n - 1) if padding == "same" else 0 for k, n in zip(dilation, window, strict=True)]
        sides = tuple((t // 2, t - t // 2) for t in total)
    else:
        sides = tuple((p, p) for p in _each(padding, d))
    c.only("transposed", False)
    return c.make(
        "conv",
        c.x,
        weights={"weight": weight, "bias": _stored(c, "bias")},
        stride=stride,
        padding=sides,
        dilation=dilation,
        groups=int(c.get("groups", 1)),
    )


def _stored(c: Call, name: str) -> Stored | None:
    found = c.arguments.get(name)
    if found is not None and not isinstance(found, Stored):
        refuse(c.place, c.operator, f"its {name} is computed")
    return found


def _batch_norm(c: Call) -> Value:
    c.only("training", False)
    weights = {"mean": _stored(c, "running_mean"), "variance": _stored(c, "running_var")}
    if None in weights.values():
        refuse(c.place, c.operator, "it has no running mean and variance, so it depends on the whole batch")
    weights |= {"scale": _stored(c, "weight"), "shift": _stored(c, "bias")}
    return c.make("normalize", c.x, weights=weights, epsilon=float(c.get("eps", 1e-5)))


def _entrywise(kind: str) -> Callable[[Call], Operand]:
    def make(c: Call) -> Operand:
        a, b = c.arguments["self"], c.arguments["other"]
        if kind == "divide":
            c.only("rounding_mode")
        scale = c.get("alpha", 1)
        if c.operator == "rsub":
            a, b = b, a
        if scale != 1:
            b = c.builder.elementwise(f"{c.name} scaled", c.path, "multiply", b, scale)
        return c.builder.elementwise(c.name, c.path, kind, a, b)

    return make


def _power(exponent: Any = None) -> Callable[[Call], Value]:
    def make(c: Call) -> Value:
        n = c.builder.number(c.arguments["exponent"]) if exponent is None else exponent
        return c.make("activation", c.x, **power(c.place, c.operator, n))

    return make


def _clamp(c: Call) -> Value:
    default = 1 if c.operator.startswith("hardtanh") else None
    low, high = c.get("min", c.get("min_val", default and -default)), c.get("max", c.get("max_val", default))
    return c.make("activation", c.x, **clipped(c.place, c.operator, low, high))


def _elu(c: Call) -> Value:
    c.only("scale", 1)
    c.only("input_scale", 1)
    return c.activation("elu", alpha=c.number("alpha", 1))


def _softplus(c: Call) -> Value:
    # above threshold/beta torch returns x itself, which for the usual threshold of 20 differs from softplus by less than exp(-20)
    if c.get("threshold", 20) < SOFTPLUS_THRESHOLD:
        refuse(c.place, c.operator, f"threshold={c.get('threshold')}, which makes it jump")
    return c.activation("softplus", beta=c.number("beta", 1))


def _flatten(c: Call) -> Value:
    shape = c.builder.shape(c.x)
    rank = len(shape) + 1
    start, end = c.get("start_dim", 0) % rank, c.get("end_dim", -1) % rank
    if start == 0 and end > 0:
        raise InputError(f"{c.place} flattens the batch axis into the samples; use flatten(1)")
    full = [c.builder.batch, *shape]
    return c.builder.reshape(c.name, c.path, c.x, [*full[:start], int(np.prod(full[start : end + 1])), *full[end + 1 :]])


def _view(c: Call) -> Value:
    return c.builder.reshape(c.name, c.path, c.x, [int(n) for n in c.get("size", c.get("shape"))])


def _unflatten(c: Call) -> Value:
    shape, axis = c.builder.shape(c.x), c.builder.axis(c.x, int(c.arguments["dim"]), c.place)
    return c.builder.reshape(c.name, c.path, c.x, [c.builder.batch, *shape[:axis], *map(int, c.arguments["sizes"]), *shape[axis + 1 :]])


def _squeeze(c: Call) -> Value:
    axis = c.builder.axis(c.x, int(c.arguments["dim"]), c.place)
    shape = c.builder.shape(c.x)
    kept = shape[:axis] + shape[axis + 1 :] if shape[axis] == 1 else shape
    return c.make("reshape", c.x, shape=kept)


def _unsqueeze(c: Call) -> Value:
    if isinstance(c.arguments["self"], Stored) and c.arguments["dim"] == 0:  # a weight that becomes a value of a batch of one
        return c.x
    shape = c.builder.shape(c.x)
    axis = int(c.arguments["dim"]) % (len(shape) + 2)
    if axis == 0:
        raise InputError(f"{c.place} puts an axis before the batch; only the axes of one sample can be used")
    return c.make("reshape", c.x, shape=(*shape[: axis - 1], 1, *shape[axis - 1 :]))


def _transpose(c: Call) -> Operand:
    stored = c.arguments["self"]
    if isinstance(stored, Stored) and c.builder.weights[stored.key].ndim == 2:
        same = c.operator == "permute" and [int(k) % 2 for k in c.arguments["dims"]] == [0, 1]
        return stored if same else Turned(stored.key)
    if c.operator in ("t", "numpy_T"):
        raise InputError(f"{c.place} transposes the batch; only the axes of one sample can be used")
    rank = len(c.builder.shape(c.x))
    if c.operator == "permute":
        dims = [int(k) % (rank + 1) for k in c.arguments["dims"]]
        if dims[0] != 0:
            raise InputError(f"{c.place} moves the batch axis; only the axes of one sample can be used")
        return c.make("transpose", c.x, permutation=tuple(k - 1 for k in dims[1:]))
    pair = (-1, -2) if c.operator == "mT" else (c.arguments["dim0"], c.arguments["dim1"])
    i, j = c.builder.axes(c.x, pair, c.place)
    order = list(range(rank))
    order[i], order[j] = j, i
    return c.make("transpose", c.x, permutation=tuple(order))


def _slice(c: Call) -> Value:
    start, stop, step = int(c.get("start", 0)), int(c.get("end", _NO_END)), int(c.get("step", 1))
    if int(c.get("dim", 0)) == 0:
        if start == 0 and stop >= c.builder.batch and step == 1:
            return c.x
        raise InputError(f"{c.place} cuts the batch; a network maps each sample by itself")
    axis = c.builder.axis(c.x, int(c.get("dim", 0)), c.place)
    begin, end, _ = slice(start, stop).indices(c.builder.shape(c.x)[axis])
    return c.make("slice", c.x, axis=axis, start=begin, stop=end, step=step)


def _pad(c: Call) -> Value:
    c.only("mode", "constant")
    c.only("value", 0, 0.0)
    flat = [int(n) for n in c.arguments["pad"]]
    rank = len(c.builder.shape(c.x))
    pairs = [(flat[k], flat[k + 1]) for k in range(0, len(flat), 2)][::-1]  # torch begins with the last axis
    if len(pairs) > rank or any(n < 0 for n in flat):
        refuse(c.place, c.operator, f"pad={flat}")
    return c.make("pad", c.x, padding=((0, 0),) * (rank - len(pairs)) + tuple(pairs))


def _select(c: Call) -> Value:
    axis = c.builder.axis(c.x, int(c.arguments["dim"]), c.place)
    shape = c.builder.shape(c.x)
    at = int(c.arguments["index"]) % shape[axis]
    cut = c.builder.node(f"{c.name} cut", c.path, "slice", [c.x], axis=axis, start=at, stop=at + 1, step=1)
    return c.make("reshape", cut, shape=shape[:axis] + shape[axis + 1 :])


def _pieces(c: Call) -> list[Value]:
    axis = c.builder.axis(c.x, int(c.get("dim", 0)), c.place)
    total = c.builder.shape(c.x)[axis]
    if c.operator == "chunk":
        size: Any = -(-total // int(c.arguments["chunks"]))
    else:
        size = c.get("split_size", c.get("split_sizes"))
    sizes = list(map(int, size)) if isinstance(size, list) else [min(int(size), total - k) for k in range(0, total, int(size))]
    ends = np.cumsum(sizes)
    return [
        c.builder.node(f"{c.name} {k}", c.path, "slice", [c.x], axis=axis, start=int(end - n), stop=int(end), step=1)
        for k, (n, end) in enumerate(zip(sizes, ends, strict=True))
    ]


def _concatenate(c: Call) -> Value:
    values = [c.builder.promoted(v) for v in c.arguments["tensors"]]
    return c.make("concatenate", *values, axis=c.builder.axis(values[0], int(c.get("dim", 0)), c.place))


def _reduced(kind: str) -> Callable[[Call], Value]:
    def make(c: Call) -> Value:
        dims = c.get("dim")
        if dims is None or dims == []:
            raise InputError(f"{c.place} takes the {kind} over the whole batch; give the axes of one sample")
        axes = c.builder.axes(c.x, dims if isinstance(dims, list) else [dims], c.place)
        return c.make(kind, c.x, axes=axes, keepdims=bool(c.get("keepdim", False)))

    return make


def _pool(c: Call) -> Value:
    kind = "max_pool" if c.operator.startswith("max") else "average_pool"
    d = int(c.operator[-2])
    if len(c.builder.shape(c.x)) != d + 1:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    c.only("ceil_mode", False)
    window = _each(c.arguments["kernel_size"], d)
    padding = _each(c.get("padding", 0), d)
    if any(padding):
        c.only("count_include_pad", True)
    c.only("divisor_override")
    return c.make(
        kind,
        c.x,
        window=window,
        stride=_each(c.get("stride") or list(window), d),
        padding=tuple((p, p) for p in padding),
        dilation=_each(c.get("dilation", 1), d),
    )


def _upsample(c: Call) -> Value:
    d = int(c.operator[-2])
    size = c.builder.shape(c.x)[1:]
    wanted = c.get("output_size") or [n * s for n, s in zip(size, c.get("scale_factors", []), strict=False)]
    factors = whole_factors(c.place, c.operator, size, wanted)
    if len(size) != d:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    return c.make("upsample", c.x, factors=factors)


def _adaptive(c: Call) -> Value:
    d = int(c.operator[-2])
    if any(n != 1 for n in _each(c.arguments["output_size"], d)):
        refuse(c.place, c.operator, "only the average over everything, size 1, is understood")
    rank = len(c.builder.shape(c.x))
    return c.make("mean", c.x, axes=tuple(range(rank - d, rank)), keepdims=True)


def _filled(c: Call) -> Stored:
    """A constant tensor of ones or zeros, made in the graph."""
    values = {"ones": 1.0, "zeros": 0.0}.get(c.operator, c.get("fill_value"))
    key = f"{c.name} (constant)"
    c.builder.weights[key] = np.full([int(n) for n in c.arguments["size"]], float(values), dtype=np.float32)
    if np.any(c.builder.weights[key] != float(values)):
        c.builder.weights[key] = np.full(c.builder.weights[key].shape, float(values))
    c.builder.fixed.add(key)
    c.builder.uses[key] += 1
    return Stored(key)


def _same(c: Call) -> Operand:
    c.only("train", False)
    c.only("training", False)
    return next(c.arguments[k] for k in ("self", "input") if k in c.arguments)


def _each(value: Any, d: int) -> tuple[int, ...]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return tuple(int(v) for v in (values * d if len(values) == 1 else values))


def _plain(function: str) -> Callable[[Call], Value]:
    return lambda c: c.activation(function)


OPERATIONS: dict[str, Callable[[Call], Any]] = {
    "linear": _linear,
    "addmm": _addmm,
    **dict.fromkeys(("matmul", "mm", "bmm"), _matmul),
    "einsum": lambda c: contract(c.builder, c.name, c.path, c.arguments["equation"], c.arguments["tensors"]),
    **dict.fromkeys(("conv1d", "conv2d"), _convolution),
    "batch_norm": _batch_norm,
    **dict.fromkeys(("add", "add_"), _entrywise("add")),
    **dict.fromkeys(("sub", "sub_", "rsub"), _entrywise("subtract")),
    **dict.fromkeys(("mul", "mul_"), _entrywise("multiply")),
    **dict.fromkeys(("div", "div_"), _entrywise("divide")),
    "pow": _power(),
    "square": _power(2),
    "reciprocal": _power(-1),
    "neg": lambda c: c.make("activation", c.x, function="polynomial", coefficients=(Fraction(0), Fraction(-1))),
    **{
        name: _plain(name.strip("_"))
        for name in ("relu", "relu_", "relu6", "relu6_", "abs", "tanh", "tanh_", "sigmoid", "sigmoid_", "erf")
    },
    **dict.fromkeys(("silu", "silu_"), _plain("silu")),
    **dict.fromkeys(("clamp", "hardtanh", "hardtanh_"), _clamp),
    "clamp_min": _clamp,
    "exp": _plain("exp"),
    **dict.fromkeys(("leaky_relu", "leaky_relu_"), lambda c: c.activation("leaky_relu", slope=c.number("negative_slope", 0.01))),
    **dict.fromkeys(("elu", "elu_"), _elu),
    "softplus": _softplus,
    "gelu": lambda c: c.activation("gelu", approximate=c.get("approximate", "none")),
    "flatten": _flatten,
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), _view),
    "unflatten": _unflatten,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    **dict.fromkeys(("transpose", "permute", "mT", "t", "numpy_T"), _transpose),
    "slice": _slice,
    "select": _select,
    **dict.fromkeys(("pad", "constant_pad_nd"), _pad),
    **dict.fromkeys(("chunk", "split", "split_with_sizes"), _pieces),
    "cat": _concatenate,
    "sum": _reduced("sum"),
    "mean": _reduced("mean"),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"), _pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d"), _adaptive),
    **dict.fromkeys(("upsample_nearest1d", "upsample_nearest2d"), _upsample),
    **dict.fromkeys(("ones", "zeros", "full"), _filled),
    **dict.fromkeys(
        ("dropout", "feature_dropout", "alpha_dropout", "contiguous", "clone", "detach", "detach_", "alias", "lift_fresh_copy"), _same
    ),
}
