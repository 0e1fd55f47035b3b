"""Arrays that write down what is done to them, so that a function of + - * / ** @ and changes of shape is read without JAX.

JAX takes a second to load, longer than most small questions take to answer. What a function does beyond this arithmetic (a library
call, say) ends the writing, and JAX traces it instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]
Constant = np.ndarray


class Step(NamedTuple):
    """One primitive, by JAX's name of it and with JAX's parameters; an operand is the number of an earlier value or a constant."""

    primitive: str
    operands: tuple[int | Constant, ...]
    shape: Shape
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class Sheet:
    """A function written down: values are numbered from the inputs on, then one a step; ``output`` is the function's value."""

    inputs: tuple[Shape, ...]
    steps: tuple[Step, ...]
    output: int
    shape: Shape


class NotArithmetic(TypeError):
    """Something was done to a written array that is not arithmetic of this kind."""


def write(function: Callable[..., Any], shapes: Mapping[str, Shape], *more: Shape) -> Sheet | None:
    """The sheet of ``function(blocks, *more)``, whose inputs are the blocks by sorted name, then arrays of the shapes ``more``.

    None where the function does anything else, or fails: JAX then says what.
    """
    inputs = (*(tuple(shapes[name]) for name in sorted(shapes)), *more)
    steps: list[Step] = []
    arrays = [Written(steps, k, len(inputs), shape) for k, shape in enumerate(inputs)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a library that is called half-way, and will be again
            value = function(dict(zip(sorted(shapes), arrays, strict=False)), *arrays[len(shapes) :])
    except Exception:  # whatever it is, JAX meets it too and is asked about it
        return None
    if not isinstance(value, Written):
        return None
    return Sheet(inputs, tuple(steps), value.number, value.shape)


class Written:
    """An array known by its shape alone; an operation on it adds a step to the sheet."""

    __slots__ = ("inputs", "number", "shape", "steps")
    __array_ufunc__ = None  # an operator between a NumPy array and this is this one's
    dtype = np.dtype(np.float64)

    def __init__(self, steps: list[Step], number: int, inputs: int, shape: Shape) -> None:
        self.steps, self.number, self.inputs, self.shape = steps, number, inputs, shape

    def _new(self, primitive: str, operands: tuple[int | Constant, ...], shape: Shape, **parameters: object) -> Written:
        self.steps.append(Step(primitive, operands, shape, parameters))
        return Written(self.steps, self.inputs + len(self.steps) - 1, self.inputs, shape)

    def __array__(self, *_: object) -> Constant:
        raise NotArithmetic("a written array has no entries")

    def __iter__(self) -> Iterator[Written]:
        raise NotArithmetic("a written array is not run through")

    def __bool__(self) -> bool:
        raise NotArithmetic("a written array is neither true nor false")

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    def _entrywise(self, primitive: str, other: object, *, swapped: bool = False) -> Written:
        b = _operand(other)
        shape = np.broadcast_shapes(self.shape, b.shape)
        operands = (self._spread(self, shape), self._spread(b, shape))
        return self._new(primitive, operands[::-1] if swapped else operands, shape)

    def _spread(self, value: Written | Constant, shape: Shape) -> int | Constant:
        """The value at the shape of an entrywise operation; a constant scalar stays one."""
        if isinstance(value, np.ndarray):
            return value if value.ndim == 0 or value.shape == shape else np.broadcast_to(value, shape)
        if value.shape == shape:
            return value.number
        ahead = len(shape) - value.ndim
        kept = [k for k, n in enumerate(value.shape) if n == shape[ahead + k]]
        narrow = value.reshape([value.shape[k] for k in kept])
        return self._new("broadcast_in_dim", (narrow.number,), shape, broadcast_dimensions=tuple(ahead + k for k in kept)).number

    def __add__(self, other: object) -> Written:
        return self._entrywise("add", other)

    def __radd__(self, other: object) -> Written:
        return self._entrywise("add", other, swapped=True)

    def __sub__(self, other: object) -> Written:
        return self._entrywise("sub", other)

    def __rsub__(self, other: object) -> Written:
        return self._entrywise("sub", other, swapped=True)

    def __mul__(self, other: object) -> Written:
        return self._entrywise("mul", other)

    def __rmul__(self, other: object) -> Written:
        return self._entrywise("mul", other, swapped=True)

    def __truediv__(self, other: object) -> Written:
        return self._entrywise("div", other)

    def __rtruediv__(self, other: object) -> Written:
        return self._entrywise("div", other, swapped=True)

    def __neg__(self) -> Written:
        return self._new("neg", (self.number,), self.shape)

    def __pow__(self, exponent: object) -> Written:
        if not isinstance(exponent, (int, np.integer)):
            raise NotArithmetic("a power is written for an integer exponent")
        return self._new("integer_pow", (self.number,), self.shape, y=int(exponent))

    def __matmul__(self, other: object) -> Written:
        return _product(self, self, _operand(other))

    def __rmatmul__(self, other: object) -> Written:
        return _product(self, _operand(other), self)

    def reshape(self, *shape: Any) -> Written:
        wanted = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) else shape
        known = prod(n for n in wanted if n != -1)
        new = tuple(int(n) if n != -1 else self.size // max(known, 1) for n in wanted)
        if prod(new) != self.size:
            raise NotArithmetic(f"an array of shape {self.shape} cannot have the shape {wanted}")
        return self if new == self.shape else self._new("reshape", (self.number,), new, dimensions=None)

    def transpose(self, *axes: int) -> Written:
        order = axes or tuple(reversed(range(self.ndim)))
        return self._new("transpose", (self.number,), tuple(self.shape[k] for k in order), permutation=order)

    @property
    def T(self) -> Written:
        return self.transpose()

    def sum(self, axis: int | tuple[int, ...] | None = None) -> Written:
        chosen = range(self.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = tuple(sorted(k % self.ndim for k in chosen))
        return self._new("reduce_sum", (self.number,), tuple(n for k, n in enumerate(self.shape) if k not in axes), axes=axes)

    def __getitem__(self, index: object) -> Written:
        """Integers, slices with positive steps, and None for a new axis."""
        items = index if isinstance(index, tuple) else (index,)
        starts, limits, strides, shape = [], [], [], []
        axis = 0
        for item in items:
            if item is None:
                shape.append(1)
                continue
            if axis >= self.ndim:
                raise NotArithmetic("an index has more axes than the array")
            n = self.shape[axis]
            if isinstance(item, slice):
                start, stop, step = item.indices(n)
                if step < 1:
                    raise NotArithmetic("a slice is written for positive steps")
                stop = max(start, stop)
                shape.append(len(range(start, stop, step)))
            elif isinstance(item, (int, np.integer)) and not isinstance(item, bool) and -n <= item < n:
                start, step = int(item) % n, 1
                stop = start + 1
            else:
                raise NotArithmetic("an index is written for integers and slices")
            starts.append(start)
            limits.append(stop)
            strides.append(step)
            axis += 1
        shape += self.shape[axis:]
        starts += [0] * (self.ndim - axis)
        limits += self.shape[axis:]
        strides += [1] * (self.ndim - axis)
        cut = tuple(len(range(*c)) for c in zip(starts, limits, strides, strict=True))
        out = self
        if cut != self.shape:
            parameters = {"start_indices": tuple(starts), "limit_indices": tuple(limits), "strides": tuple(strides)}
            out = self._new("slice", (self.number,), cut, **parameters)
        return out.reshape(shape)


def _operand(value: object) -> Written | Constant:
    if isinstance(value, Written):
        return value
    if isinstance(value, (int, float, np.number, np.ndarray)):
        found = np.asarray(value)
        if found.dtype.kind in "biuf":
            return found
    raise NotArithmetic(f"a {type(value).__name__} is no operand of written arithmetic")


def _product(sheet: Written, a: Written | Constant, b: Written | Constant) -> Written:
    """The matrix product of vectors and matrices."""
    if not (1 <= a.ndim <= 2 and 1 <= b.ndim <= 2):
        raise NotArithmetic("a product is written for vectors and matrices")
    left, right = a.ndim - 1, max(b.ndim - 2, 0)
    if a.shape[left] != b.shape[right]:
        raise NotArithmetic(f"arrays of shapes {a.shape} and {b.shape} have no product")
    return _contraction(sheet, a, b, (left,), (right,))


def _contraction(sheet: Written, a: Written | Constant, b: Written | Constant, left: Shape, right: Shape) -> Written:
    shape = (*(n for k, n in enumerate(a.shape) if k not in left), *(n for k, n in enumerate(b.shape) if k not in right))
    operands = tuple(m if isinstance(m, np.ndarray) else m.number for m in (a, b))
    return sheet._new("dot_general", operands, shape, dimension_numbers=((left, right), ((), ())))


def tensordot(a: Any, b: Any, axes: tuple[Shape, Shape]) -> Any:
    """The sum of products over pairs of axes, of written arrays or of JAX's."""
    for sheet in (a, b):
        if isinstance(sheet, Written):
            return _contraction(sheet, _operand(a), _operand(b), *axes)
    import jax.numpy as jnp

    return jnp.tensordot(a, b, axes=axes)


def concatenate(parts: Sequence[Any]) -> Any:
    """Vectors end to end, of written arrays or of JAX's; NumPy's may be among them."""
    for sheet in parts:
        if isinstance(sheet, Written):
            found = [_operand(part) for part in parts]
            operands = tuple(m if isinstance(m, np.ndarray) else m.number for m in found)
            return sheet._new("concatenate", operands, (sum(m.shape[0] for m in found),), dimension=0)
    import jax.numpy as jnp

    return jnp.concatenate(parts)


class Layout(NamedTuple):
    """Axes of batch, features and space of a convolution's operands and result, as JAX names them."""

    lhs_spec: Shape
    rhs_spec: Shape
    out_spec: Shape


def convolve(x: Any, kernel: Any, strides: Shape) -> Any:
    """The convolution without padding of x (batch, features, space...) with kernel (features out, features in, window...), of written
    arrays or of JAX's."""
    if not isinstance(x, Written):
        import jax

        return jax.lax.conv_general_dilated(x, kernel, strides, "VALID")
    space = tuple((n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel.shape[2:], strides, strict=True))
    ones, axes = (1,) * len(space), tuple(range(x.ndim))
    return x._new(
        "conv_general_dilated",
        (x.number, kernel.number),
        (x.shape[0], kernel.shape[0], *space),
        window_strides=strides,
        padding=((0, 0),) * len(space),
        lhs_dilation=ones,
        rhs_dilation=ones,
        dimension_numbers=Layout(axes, axes, axes),
        feature_group_count=1,
        batch_group_count=1,
    )
