"""One table: JAX primitive -> nodes. What is not in it is refused by name. Values are those of one sample, so axes need no change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, NoReturn

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats
from neurovariety.checkpoints.readers.building import Builder, Operand, Roles, Stored, Turned, Value, exact, refuse
from neurovariety.checkpoints.readers.contraction import contract
from neurovariety.checkpoints.readers.numbers_of_graphs import power


@dataclass(frozen=True, eq=False)
class PrimitiveCall:
    """One equation of a jaxpr with its operands."""

    builder: Builder
    name: str
    primitive: str
    operands: list[Operand]
    equation: Any
    constant: Callable[[Array], Stored]

    @property
    def x(self) -> Value:
        return self.builder.promoted(self.operands[0])

    @property
    def parameters(self) -> dict[str, Any]:
        return self.equation.params

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.equation.outvars[0].aval.shape)

    def make(self, kind: str, *inputs: Operand, weights: Roles | None = None, **attributes: object) -> Value:
        return self.builder.node(self.name, "", kind, list(inputs), weights, **attributes)

    def step(self, part: str, kind: str, *inputs: Operand, weights: Roles | None = None, **attributes: object) -> Value:
        """A node on the way to the one that has the name of the equation."""
        return self.builder.node(f"{self.name} {part}", "", kind, list(inputs), weights, **attributes)

    def activation(self, function: str, **attributes: object) -> Value:
        return self.make("activation", self.x, weights=None, function=function, **attributes)

    def refuse(self, why: str) -> NoReturn:
        refuse("the function", self.primitive, why)

    def folded(self) -> Operand | None:
        """The value where it depends on numbers and fixed arrays alone, computed in float64."""
        arrays = []
        for operand in self.operands:
            if isinstance(operand, Stored) and operand.key in self.builder.fixed:
                arrays.append(to_floats(self.builder.weights[operand.key]))
            elif isinstance(operand, (int, float, Fraction)):
                arrays.append(np.asarray(float(operand)))
            else:
                return None
        if self.primitive == "convert_element_type":
            made = arrays[0].astype(self.parameters["new_dtype"])
            return made.item() if made.ndim == 0 else self.constant(made)
        if self.primitive in ("reshape", "broadcast_in_dim", "squeeze") and arrays[0].size == prod(self.shape):
            return self.operands[0] if not self.shape else self.constant(arrays[0].reshape(self.shape))
        if self.primitive not in _FOLDED or all(a.ndim == 0 for a in arrays):
            return None
        return self.constant(np.asarray(_FOLDED[self.primitive](*arrays)))


_FOLDED: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "max": np.maximum,
    "sqrt": np.sqrt,
    "rsqrt": lambda a: 1 / np.sqrt(a),
}


def named_activation(c: PrimitiveCall, name: str, jaxpr: Any) -> Value | None:
    """The activations of ``jax.nn`` that are made of comparisons; the network is compared with the function afterwards."""
    if not c.operands or not isinstance(c.operands[0], Value) or len(c.operands) > 2:
        return None
    if name == "softplus" and len(c.operands) == 1:
        return c.activation("softplus", beta=Fraction(1))
    if name == "hard_tanh" and len(c.operands) == 1:
        return c.activation("hardtanh", low=Fraction(-1), high=Fraction(1))
    if name in ("elu", "leaky_relu"):
        factors = [v.val for e in jaxpr.eqns if e.primitive.name == "mul" for v in e.invars if hasattr(v, "val")]
        given: Any = c.operands[1] if len(c.operands) == 2 else factors[0] if len(factors) == 1 else None
        if given is not None and not isinstance(given, (Value, Stored, Turned)) and np.ndim(given) == 0:
            return c.activation(name, **{"alpha" if name == "elu" else "slope": exact("the function", name, float(given))})
    return None


def _entrywise(kind: str) -> Callable[[PrimitiveCall], Operand]:
    return lambda c: c.builder.elementwise(c.name, "", kind, *c.operands)


def _power(exponent: int | None = None) -> Callable[[PrimitiveCall], Value]:
    def make(c: PrimitiveCall) -> Value:
        y = exponent if exponent is not None else c.parameters.get("y", c.operands[1] if len(c.operands) > 1 else None)
        if isinstance(y, (Value, Stored)):
            c.refuse("a variable exponent")
        return c.make("activation", c.x, weights=None, **power("the function", c.primitive, y))

    return make


def _largest(c: PrimitiveCall) -> Value:
    values = sorted(c.operands, key=lambda v: not isinstance(v, Value))
    if not isinstance(values[0], Value) or c.builder.number(values[1]) != 0:
        c.refuse("max(x, 0) is understood")
    return c.make("activation", values[0], function="relu")


def _smallest(c: PrimitiveCall) -> Value:
    values = sorted(c.operands, key=lambda v: not isinstance(v, Value))
    if c.builder.function(values[0]) != "relu" or c.builder.number(values[1]) != 6:
        c.refuse("min(max(x, 0), 6) is understood")
    return c.make("activation", c.builder.before(values[0]), function="relu6")


def _complementary_error(c: PrimitiveCall) -> Value:
    """erfc(x) = 1 + erf(-x)."""
    minus = c.step("minus", "activation", c.x, function="polynomial", coefficients=(Fraction(0), Fraction(-1)))
    return c.make("add", c.step("erf", "activation", minus, function="erf"), constant=Fraction(1))


def _dot(c: PrimitiveCall) -> Value:
    a, b = c.operands
    ((ca,), (cb,)), (ba, bb) = _axes(c)
    ranks = [len(v.aval.shape) for v in c.equation.invars]
    if isinstance(a, Stored) and isinstance(b, Value) and ranks[0] == 2 and not ba:  # W x, along any axis of x
        last = ranks[1] - 1
        x = _permuted(c, "last", b, (*(k for k in range(ranks[1]) if k != cb), cb))
        made = c.builder.linear(c.name, "", x, a, stored_as="out,in" if ca == 1 else "in,out")
        return _permuted(c, "first", made, (last, *range(last)))
    if isinstance(b, Stored) and isinstance(a, Value) and ranks[1] == 2 and not ba and ca == ranks[0] - 1:  # x W
        return c.builder.linear(c.name, "", a, b, stored_as="in,out" if cb == 0 else "out,in")
    letters = iter("abcdefghijklmnopqrstuvw")
    left, right = ([""] * r for r in ranks)
    for i, j in [*zip(ba, bb, strict=True), (ca, cb)]:
        left[i] = right[j] = next(letters)
    left, right = ([k or next(letters) for k in side] for side in (left, right))
    free = [[k for n, k in enumerate(side) if n not in (*batch, summed)] for side, batch, summed in ((left, ba, ca), (right, bb, cb))]
    out = "".join([*(left[i] for i in ba), *free[0], *free[1]])
    return contract(c.builder, c.name, "", f"z{''.join(left)},z{''.join(right)}->z{out}", [a, b])


def _axes(c: PrimitiveCall) -> Any:
    (ca, cb), batch = c.parameters["dimension_numbers"]
    if len(ca) != 1:
        c.refuse(f"it sums over {len(ca)} axes; one is understood")
    return ((ca, cb), batch)


def _convolution(c: PrimitiveCall) -> Value:
    p, weight = c.parameters, c.operands[1]
    lhs, rhs, out = (tuple(s) for s in p["dimension_numbers"])
    d = len(lhs) - 2
    if not isinstance(weight, Stored) or d not in (1, 2) or p["batch_group_count"] != 1:
        c.refuse("convolutions of a value with a stored filter in one or two dimensions are understood")
    if c.builder.shape(c.x)[lhs[0]] != 1:
        c.refuse("it convolves several samples at once")
    array = c.builder.weights[weight.key]
    if rhs != tuple(range(d + 2)):
        if c.builder.uses[weight.key] != 1:
            c.refuse("its filter is used more than once")
        c.builder.weights[weight.key] = np.ascontiguousarray(array.transpose(rhs))
    x = _permuted(c, "channels first", c.x, lhs)
    x = c.step("sample", "reshape", x, shape=c.builder.shape(x)[1:])
    if any(n != 1 for n in p["lhs_dilation"]):  # a transposed convolution
        x = c.step("spread", "spread", x, factors=tuple(int(n) for n in p["lhs_dilation"]))
    if any(side < 0 for sides in p["padding"] for side in sides):
        c.refuse("its padding is negative")
    made = c.step(
        "conv",
        "conv",
        x,
        weights={"weight": weight},
        stride=tuple(p["window_strides"]),
        padding=tuple((int(a), int(b)) for a, b in p["padding"]),
        dilation=tuple(p["rhs_dilation"]),
        groups=int(p["feature_group_count"]),
    )
    made = c.step("batch of one", "reshape", made, shape=(1, *c.builder.shape(made)))
    return _permuted(c, "order", made, tuple(int(k) for k in np.argsort(out)))


def _permuted(c: PrimitiveCall, part: str, x: Value, order: tuple[int, ...]) -> Value:
    return x if order == tuple(range(len(order))) else c.step(part, "transpose", x, permutation=tuple(int(k) for k in order))


def _window(c: PrimitiveCall) -> Value:
    """Sums or maxima over windows along at most two axes; the other axes together are the channels."""
    p, shape = c.parameters, c.builder.shape(c.x)
    moving = [k for k, n in enumerate(p["window_dimensions"]) if n != 1 or p["window_strides"][k] != 1 or any(p["padding"][k])]
    if not 1 <= len(moving) <= 2 or any(n != 1 for n in p["base_dilation"]):
        c.refuse("windows along one or two axes are understood")
    others = [k for k in range(len(shape)) if k not in moving]
    order = (*others, *moving)
    x = _permuted(c, "windows last", c.x, order)
    x = c.step("channels", "reshape", x, shape=(prod(shape[k] for k in others), *(shape[k] for k in moving)))
    window = tuple(int(p["window_dimensions"][k]) for k in moving)
    attributes: dict[str, object] = {
        "stride": tuple(int(p["window_strides"][k]) for k in moving),
        "padding": tuple((int(p["padding"][k][0]), int(p["padding"][k][1])) for k in moving),
        "dilation": tuple(int(p["window_dilation"][k]) for k in moving),
    }
    largest = c.primitive == "reduce_window_max"
    made = c.step("pool", "max_pool" if largest else "average_pool", x, weights=None, window=window, **attributes)
    if not largest:
        made = c.step("sum", "multiply", made, constant=Fraction(prod(window)))
    made = c.step("axes", "reshape", made, shape=tuple(c.shape[k] for k in order))
    return _permuted(c, "order", made, tuple(int(k) for k in np.argsort(order)))


def _reshape(c: PrimitiveCall) -> Operand:
    """Reshaping; a stored array that only gains leading axes of length 1 stays as it is, for it broadcasts alike."""
    operand = c.operands[0]
    if isinstance(operand, Stored):
        shape = c.builder.weights[operand.key].shape
        if c.shape == (1,) * (len(c.shape) - len(shape)) + shape:
            return operand
    if c.parameters.get("dimensions") is not None and c.primitive == "reshape":
        c.refuse("it permutes axes as well")
    return c.make("reshape", c.x, shape=c.shape)


def _broadcast(c: PrimitiveCall) -> Operand:
    operand = c.operands[0]
    if not isinstance(operand, (Value, Stored, Turned)):
        return operand if not c.shape else c.constant(np.full(c.shape, float(operand)))
    places = c.parameters["broadcast_dimensions"]
    if isinstance(operand, Turned):
        operand = c.builder.promoted(operand)
    own = c.builder.weights[operand.key].shape if isinstance(operand, Stored) else c.builder.shape(operand)
    spread = tuple(own[places.index(k)] if k in places else 1 for k in range(len(c.shape)))
    if isinstance(operand, Stored) and spread == (1,) * (len(c.shape) - len(own)) + own and spread == c.shape:
        return operand
    value = c.step("axes", "reshape", operand, shape=spread) if spread != own else c.builder.promoted(operand)
    return value if spread == c.shape else c.make("add", value, weights={"weight": c.constant(np.zeros(c.shape))})


def _slice(c: PrimitiveCall) -> Value:
    p, value = c.parameters, c.x
    steps = p["strides"] or [1] * len(c.builder.shape(value))
    for k, (start, stop, step) in enumerate(zip(p["start_indices"], p["limit_indices"], steps, strict=True)):
        if (start, stop, step) != (0, c.builder.shape(value)[k], 1):
            value = c.step(str(k), "slice", value, axis=k, start=int(start), stop=int(stop), step=int(step))
    return value


def _pad(c: PrimitiveCall) -> Value:
    sides = c.parameters["padding_config"]
    if c.builder.number(c.operands[1]) != 0 or any(lo < 0 or hi < 0 or inner for lo, hi, inner in sides):
        c.refuse("zeros around an array are understood")
    return c.make("pad", c.x, padding=tuple((int(lo), int(hi)) for lo, hi, _ in sides))


def _split(c: PrimitiveCall) -> list[Value]:
    axis, ends = int(c.parameters["axis"]), np.cumsum(c.parameters["sizes"])
    starts = [0, *ends[:-1]]
    return [
        c.step(str(k), "slice", c.x, axis=axis, start=int(a), stop=int(b), step=1)
        for k, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]


def _converted(c: PrimitiveCall) -> Operand:
    """Another type, which changes no value where it is float32 or wider, or that of some weights; others round."""
    kind = np.dtype(c.parameters["new_dtype"])
    wide = kind.kind == "f" and kind.itemsize >= 4
    if not wide and (kind.kind not in "fV" or kind not in {w.dtype for w in c.builder.weights.values()}):
        c.refuse(f"it rounds to {kind}")
    return c.operands[0]


def _same(c: PrimitiveCall) -> Operand:
    return c.operands[0]


def _plain(function: str) -> Callable[[PrimitiveCall], Value]:
    return lambda c: c.activation(function)


OPERATIONS: dict[str, Callable[[PrimitiveCall], Any]] = {
    "dot_general": _dot,
    "conv_general_dilated": _convolution,
    **dict.fromkeys(("add", "add_any"), _entrywise("add")),
    "sub": _entrywise("subtract"),
    "mul": _entrywise("multiply"),
    "div": _entrywise("divide"),
    "neg": lambda c: c.activation("polynomial", coefficients=(Fraction(0), Fraction(-1))),
    "integer_pow": _power(),
    "pow": _power(),
    "square": _power(2),
    "max": _largest,
    "min": _smallest,
    "abs": _plain("abs"),
    "tanh": _plain("tanh"),
    "logistic": _plain("sigmoid"),
    "erf": _plain("erf"),
    "exp": _plain("exp"),
    "sin": _plain("sin"),
    "erfc": _complementary_error,
    **dict.fromkeys(("reshape", "squeeze", "expand_dims"), _reshape),
    "broadcast_in_dim": _broadcast,
    "transpose": lambda c: c.make("transpose", c.x, permutation=tuple(int(k) for k in c.parameters["permutation"])),
    "slice": _slice,
    "pad": _pad,
    "split": _split,
    "concatenate": lambda c: c.make("concatenate", *c.operands, axis=int(c.parameters["dimension"])),
    "reduce_sum": lambda c: c.make("sum", c.x, axes=tuple(int(k) for k in c.parameters["axes"]), keepdims=False),
    **dict.fromkeys(("reduce_window_sum", "reduce_window_max"), _window),
    "convert_element_type": _converted,
    **dict.fromkeys(("copy", "copy_p", "stop_gradient", "device_put", "name", "optimization_barrier"), _same),
}
