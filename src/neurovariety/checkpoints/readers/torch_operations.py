"""One table: aten operation -> nodes. What is not in it is refused by name."""

from __future__ import annotations

from collections.abc import Callable

from neurovariety.checkpoints.readers import masks
from neurovariety.checkpoints.readers.building import Operand, Stored, Value, refuse
from neurovariety.checkpoints.readers.building_records import Slide
from neurovariety.checkpoints.readers.contraction import contract
from neurovariety.checkpoints.readers.masks import Masked
from neurovariety.checkpoints.readers.numbers_of_graphs import whole_factors, wider_sides
from neurovariety.checkpoints.readers.torch_activations import ACTIVATIONS
from neurovariety.checkpoints.readers.torch_axes import AXES
from neurovariety.checkpoints.readers.torch_call import AtenCall, each, stored
from neurovariety.checkpoints.readers.torch_normalizing import NORMALIZING
from neurovariety.checkpoints.readers.transposed_convolution import transposed_convolution


def _linear(c: AtenCall) -> Value:
    return c.builder.linear(c.name, c.path, c.operand("input", "self"), c.operand("weight"), c.arguments.get("bias"))


def _addmm(c: AtenCall) -> Value:
    c.only("beta", 1)
    c.only("alpha", 1)
    return c.builder.linear(c.name, c.path, c.arguments["mat1"], c.arguments["mat2"], c.arguments["self"], stored_as="in,out")


def _matmul(c: AtenCall) -> Value:
    return c.builder.matmul(c.name, c.path, c.operand("self"), c.operand("other", "mat2"))


def _transposed(c: AtenCall) -> Value:
    weight = stored(c, "weight")
    d = int(c.operator[-2])
    if weight is None or len(c.builder.shape(c.x)) != d + 1:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    sides = tuple((p, p) for p in each(c.get("padding", 0), d))
    slide = Slide(each(c.get("stride", 1), d), sides, each(c.get("dilation", 1), d), int(c.get("groups", 1)))
    more = each(c.get("output_padding", 0), d)
    return transposed_convolution(c.builder, c.name, c.path, c.x, weight, stored(c, "bias"), slide, more)


def _convolution(c: AtenCall) -> Value:
    weight = c.arguments["weight"]
    if not isinstance(weight, Stored):
        refuse(c.place, c.operator, "its filter is computed")
    d = c.builder.weights[weight.key].ndim - 2
    if len(c.builder.shape(c.x)) != d + 1:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    padding = c.get("padding", [0])
    stride, dilation = each(c.get("stride", 1), d), each(c.get("dilation", 1), d)
    if isinstance(padding, str):
        window = c.builder.weights[weight.key].shape[2:]
        total = [k * (n - 1) if padding == "same" else 0 for k, n in zip(dilation, window, strict=True)]
        sides = tuple((t // 2, t - t // 2) for t in total)
    else:
        sides = tuple((p, p) for p in each(padding, d))
    c.only("transposed", False)
    return c.make(
        "conv",
        c.x,
        weights={"weight": weight, "bias": stored(c, "bias")},
        stride=stride,
        padding=sides,
        dilation=dilation,
        groups=int(c.get("groups", 1)),
    )


def _batch_norm(c: AtenCall) -> Value:
    c.only("training", False)
    weights = {"mean": stored(c, "running_mean"), "variance": stored(c, "running_var")}
    if None in weights.values():
        refuse(c.place, c.operator, "it has no running mean and variance, so it depends on the whole batch")
    weights |= {"scale": stored(c, "weight"), "shift": stored(c, "bias")}
    return c.make("normalize", c.x, weights=weights, epsilon=float(c.get("eps", 1e-5)))


def _entrywise(kind: str) -> Callable[[AtenCall], Operand | Masked]:
    def make(c: AtenCall) -> Operand | Masked:
        a, b = c.arguments["self"], c.arguments["other"]
        if kind == "divide":
            c.only("rounding_mode")
        scale = c.get("alpha", 1)
        masked = masks.added(c.builder, c.name, c.path, a, b) if kind == "add" and scale == 1 else None
        if masked is not None:
            return masked
        if c.operator == "rsub":
            a, b = b, a
        if scale != 1:
            b = c.builder.elementwise(f"{c.name} scaled", c.path, "multiply", b, scale)
        return c.builder.elementwise(c.name, c.path, kind, a, b)

    return make


def _pool(c: AtenCall) -> Value:
    kind = "max_pool" if c.operator.startswith("max") else "average_pool"
    d = int(c.operator[-2])
    if len(c.builder.shape(c.x)) != d + 1:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    window = each(c.arguments["kernel_size"], d)
    padding = each(c.get("padding", 0), d)
    if any(padding):
        c.only("count_include_pad", True)
    c.only("divisor_override")
    stride, dilation = each(c.get("stride") or list(window), d), each(c.get("dilation", 1), d)
    sides = tuple((p, p) for p in padding)
    if c.get("ceil_mode", False):
        wider = wider_sides(c.builder.shape(c.x)[1:], window, stride, dilation, sides)
        if wider != sides and kind != "max_pool":
            refuse(c.place, c.operator, "ceil_mode=True, by which it divides by other numbers at the end")
        sides = wider
    return c.make(kind, c.x, window=window, stride=stride, padding=sides, dilation=dilation)


def _upsample(c: AtenCall) -> Value:
    d = int(c.operator[-2])
    size = c.builder.shape(c.x)[1:]
    wanted = c.get("output_size") or [n * s for n, s in zip(size, c.get("scale_factors", []), strict=False)]
    factors = whole_factors(c.place, c.operator, size, wanted)
    if len(size) != d:
        refuse(c.place, c.operator, "it is applied to one sample without a batch axis")
    return c.make("upsample", c.x, factors=factors)


def _adaptive(c: AtenCall) -> Value:
    d = int(c.operator[-2])
    if any(n != 1 for n in each(c.arguments["output_size"], d)):
        refuse(c.place, c.operator, "only the average over everything, size 1, is understood")
    rank = len(c.builder.shape(c.x))
    return c.make("mean", c.x, axes=tuple(range(rank - d, rank)), keepdims=True)


def _hidden(c: AtenCall) -> Operand | Masked:
    """Numbers in place of some entries."""
    array = masks.known(c.builder, c.arguments["mask"])
    number = _single_number(c, c.arguments["value"])
    if array is None or number is None:
        refuse(c.place, c.operator, "its mask depends on the input")
    return masks.replaced(c.builder, c.name, c.path, c.arguments["self"], array.astype(bool), number)


def _chosen(c: AtenCall) -> Operand | Masked:
    """Entries of a value where an array is true, a number elsewhere, or the other way round."""
    array = masks.known(c.builder, c.arguments["condition"])
    pair = [_single_number(c, c.arguments[k]) for k in ("self", "other")]
    if array is None or (pair[0] is None) == (pair[1] is None):
        refuse(c.place, c.operator, "a value and a number by a stored array are understood")
    value, number = (c.arguments["other"], pair[0]) if pair[1] is None else (c.arguments["self"], pair[1])
    hidden = array.astype(bool) if pair[1] is None else ~array.astype(bool)
    return masks.replaced(c.builder, c.name, c.path, value, hidden, float(number or 0.0))


def _single_number(c: AtenCall, operand: object) -> float | None:
    if isinstance(operand, (int, float)):
        return float(operand)
    array = masks.known(c.builder, operand)
    return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None


def _batched(c: AtenCall) -> Operand | Masked:
    """A product of two batches of matrices, plus a third value."""
    c.only("beta", 1)
    c.only("alpha", 1)
    product = c.builder.matmul(f"{c.name} product", c.path, c.operand("batch1"), c.operand("batch2"))
    masked = masks.added(c.builder, c.name, c.path, product, c.operand("self"))
    return c.builder.elementwise(c.name, c.path, "add", product, c.operand("self")) if masked is None else masked


def _same(c: AtenCall) -> Operand:
    c.only("train", False)
    c.only("training", False)
    return next(c.arguments[k] for k in ("self", "input") if k in c.arguments)


_UNCHANGING = ("dropout", "feature_dropout", "alpha_dropout", "contiguous", "clone", "detach", "detach_", "alias", "lift_fresh_copy")
UNDERSTOOD_OF_MASKED = ("softmax", "_softmax", "_safe_softmax", "add", "masked_fill", "where", *_UNCHANGING)
"""Operations that may be applied to masked scores."""
OPERATIONS: dict[str, Callable[[AtenCall], object]] = {
    "linear": _linear,
    "addmm": _addmm,
    "baddbmm": _batched,
    "masked_fill": _hidden,
    "where": _chosen,
    **dict.fromkeys(("matmul", "mm", "bmm"), _matmul),
    "einsum": lambda c: contract(c.builder, c.name, c.path, c.arguments["equation"], c.arguments["tensors"]),
    **dict.fromkeys(("conv1d", "conv2d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d"), _transposed),
    "batch_norm": _batch_norm,
    **dict.fromkeys(("add", "add_"), _entrywise("add")),
    **dict.fromkeys(("sub", "sub_", "rsub"), _entrywise("subtract")),
    **dict.fromkeys(("mul", "mul_"), _entrywise("multiply")),
    **dict.fromkeys(("div", "div_"), _entrywise("divide")),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"), _pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d"), _adaptive),
    **dict.fromkeys(("upsample_nearest1d", "upsample_nearest2d"), _upsample),
    **dict.fromkeys(_UNCHANGING, _same),
    **ACTIVATIONS,
    **AXES,
    **NORMALIZING,
}
"""Name -> what reads it."""
