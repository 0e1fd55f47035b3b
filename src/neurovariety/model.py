"""A model: a family of functions w -> f_w with named parameter blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from html import escape
from math import prod
from typing import Any, Generic, TypeVar

import numpy as np

from neurovariety.arithmetic import Sheet, write
from neurovariety.errors import InputError, NeurovarietyError
from neurovariety.image import Image
from neurovariety.parametrization import Parametrization
from neurovariety.symmetry import AxisAction
from neurovariety.theorem import Theorem
from neurovariety.units import HiddenUnits, Silence, Size

Array = np.ndarray
Shape = tuple[int, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Block:
    """A named parameter block: its shape and where it starts in the flat vector."""

    name: str
    shape: Shape
    start: int

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Slot(Generic[T]):
    """A thing that is worked out of a model and kept with it; the module that makes it has the slot, and ``name`` is for readers."""

    name: str


class Kept:
    """What was worked out of a model, each thing once: a slot holds things of its type, one for each choice of numbers, if any."""

    def __init__(self) -> None:
        self._found: dict[tuple[Slot[Any], tuple[int, ...]], Any] = {}

    def once(self, slot: Slot[T], make: Callable[[], T], *numbers: int) -> T:
        """What the slot holds for these ``numbers`` (of samples, say); made now where it holds nothing."""
        key = (slot, numbers)
        if key not in self._found:
            self._found[key] = make()
        found: T = self._found[key]
        return found


@dataclass(frozen=True, eq=False)
class Model:
    """A parametric model whose outputs are polynomial or rational in parameters and inputs.

    ``function(parameters, x, coefficients)`` is written in JAX: ``parameters`` is a pytree with the leaf shapes of ``shapes``,
    ``x`` one input of shape ``input_shape``, ``coefficients`` a vector of the model's fixed coefficients (those of an activation,
    say), which enter programs as exact inputs; None in ``coefficients`` stands for a generic one, drawn anew at each trial.
    The value is an array of any shape; its entries are the model's outputs.

    ``symmetries``, ``theorems``, ``image`` and ``parametrization`` are what the family states of itself; nothing here trusts a
    symmetry before it is verified.
    """

    name: str
    function: Callable[[Any, Any, Any], Any]
    shapes: Any
    input_shape: Shape
    coefficients: tuple[Fraction | None, ...] = ()
    symmetries: tuple[AxisAction, ...] = ()
    theorems: tuple[Theorem, ...] = ()
    input_axes: tuple[tuple[str, int], ...] = ()
    """Blocks and axes on which a linear map of the inputs acts (`Architecture.input_axes`)."""
    output_axes: tuple[tuple[str, int], ...] = ()
    """Blocks and axes on which a linear map of the outputs acts (`Architecture.output_axes`)."""
    image: Image | None = None
    """Which set the functions form (`Architecture.image`)."""
    parametrization: Parametrization | None = None
    """How weights make them (`Architecture.parametrization`)."""

    units: tuple[HiddenUnits, ...] = ()
    """The hidden units (`Architecture.units`)."""
    silences: tuple[Silence, ...] = ()
    """Blocks of weights that make the function zero or constant (`Architecture.silences`)."""
    resized: Callable[[tuple[Size, ...]], Model | None] | None = field(default=None, repr=False)
    """The model of the same family with other sizes, one for each of ``units``, where there is one."""
    factored: Callable[[int, int], Model | None] | None = field(default=None, repr=False)
    """The model in which a layer of ``parametrization`` is a product through so many linear units, where there is one."""
    named: bool = False
    """Whether the name is the notation of an architecture, which `neurovariety.parse` reads back."""
    foreign: bool = False
    """Whether the function is a user's own, whose derivative rules (``custom_jvp``, ``stop_gradient``) are checked before use."""
    kept: Kept = field(default_factory=Kept, init=False, repr=False)
    """What was worked out of the model so far. A copy of the model (``dataclasses.replace``) has nothing of it: it may differ."""

    @cached_property
    def _flat_shapes(self) -> Mapping[str, Shape] | None:
        """The shapes where they are a dictionary of them, sorted as JAX sorts it; None for any other pytree."""
        if isinstance(self.shapes, dict) and all(isinstance(k, str) and is_shape(v) for k, v in self.shapes.items()):
            return dict(sorted(self.shapes.items()))
        return None

    def _named_shapes(self) -> list[tuple[str, Shape]]:
        if self._flat_shapes is not None:
            return list(self._flat_shapes.items())
        import jax

        found, _ = jax.tree_util.tree_flatten_with_path(self.shapes, is_leaf=is_shape)
        return [("".join(_key_name(k) for k in path).strip(".") or "w", shape) for path, shape in found]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The parameter blocks in pytree order, which is the order of the flat vector."""
        out, at = [], 0
        for name, shape in self._named_shapes():
            out.append(Block(name, tuple(int(n) for n in shape), at))
            at += prod(shape)
        return tuple(out)

    @property
    def parameters(self) -> int:
        """Number of parameters N."""
        return sum(b.size for b in self.blocks)

    @property
    def inputs(self) -> int:
        """Number of scalar inputs."""
        return prod(self.input_shape)

    @cached_property
    def sheet(self) -> Sheet | None:
        """The function written down, where it is plain arithmetic; JAX need not be loaded for it then. A user's own is left to JAX."""
        if self.foreign or self._flat_shapes is None:
            return None
        return write(self.function, self._flat_shapes, self.input_shape, (len(self.coefficients),))

    @cached_property
    def output_shape(self) -> Shape:
        """Shape of the value at one input."""
        if self.sheet is not None:
            return self.sheet.shape
        import jax

        specs = jax.tree_util.tree_map(
            lambda s: jax.ShapeDtypeStruct(s, np.float64),
            (self.shapes, self.input_shape, (len(self.coefficients),)),
            is_leaf=is_shape,
        )
        with jax.enable_x64(True), tracing_errors():
            out = jax.eval_shape(self.function, *specs)
        if not hasattr(out, "shape"):
            raise InputError(f"the model must return one array, got a {type(out).__name__}; stack its outputs into one")
        return tuple(out.shape)

    @property
    def outputs(self) -> int:
        """Number of scalar outputs."""
        return prod(self.output_shape)

    @cached_property
    def places(self) -> dict[str, Array]:
        """Block name -> positions of its entries in the flat vector."""
        return {b.name: np.arange(b.start, b.start + b.size).reshape(b.shape) for b in self.blocks}

    def known_coefficients(self) -> tuple[Fraction, ...]:
        """The fixed coefficients. Raises `InputError` where one is generic: then the functions have no values."""
        known = tuple(c for c in self.coefficients if c is not None)
        if len(known) < len(self.coefficients):
            raise InputError(
                f"{self.name} has generic coefficients, so its functions have no values; give the activation's coefficients"
            )
        return known

    def parameter_names(self) -> list[str]:
        """A name for each parameter in flat order: its block, and its place in it."""
        return [f"{b.name}[{','.join(map(str, index))}]" if index else b.name for b in self.blocks for index in np.ndindex(b.shape)]

    def unflatten(self, flat: Array) -> dict[str, Array]:
        """Flat vector of shape (..., N) -> block name -> array of shape (..., *block shape)."""
        if flat.shape[-1] != self.parameters:
            raise InputError(f"{self.name} has {self.parameters} parameters, got a vector of {flat.shape[-1]}")
        return {b.name: flat[..., b.start : b.start + b.size].reshape((*flat.shape[:-1], *b.shape)) for b in self.blocks}

    def flatten(self, blocks: Mapping[str, Array]) -> Array:
        """Block name -> array, to the flat vector of shape (N,)."""
        return np.concatenate([np.asarray(blocks[b.name]).reshape(-1) for b in self.blocks])

    def tree(self, leaves: list[Any]) -> Any:
        """The parameter pytree with the given leaves, in block order."""
        if self._flat_shapes is not None:
            return dict(zip(self._flat_shapes, leaves, strict=True))
        import jax

        structure = jax.tree_util.tree_structure(self.shapes, is_leaf=is_shape)
        return jax.tree_util.tree_unflatten(structure, leaves)

    def __str__(self) -> str:
        """The blocks of weights as a table: shape, number of parameters, and the symmetries that the family states of them."""
        rows = [(b.name, "x".join(map(str, b.shape)) or "1", f"{b.size:,}", self._acted_on(b.name)) for b in self.blocks]
        rows = [("block", "shape", "parameters", "symmetry"), *rows, ("all", "", f"{self.parameters:,}", "")]
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows]
        named = [f"({k}) {action.name}" for k, action in enumerate(self.symmetries, 1)]
        head = f"{self.name}: inputs {self.input_shape}, outputs {self.output_shape}"
        return "\n".join([head, *lines[:-1], "-" * max(map(len, lines)), lines[-1], *named])

    def _acted_on(self, block: str) -> str:
        """The numbers of the symmetries that act on a block."""
        return " ".join(f"({k})" for k, action in enumerate(self.symmetries, 1) if any(name == block for name, *_ in action.axes))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def __repr__(self) -> str:
        return f"Model({self.name}: {self.parameters} parameters, inputs {self.input_shape}, outputs {self.output_shape})"


@contextmanager
def tracing_errors() -> Iterator[None]:
    """Turn what goes wrong while JAX traces a user's function into an `InputError` of one sentence."""
    import jax

    try:
        yield
    except (
        jax.errors.ConcretizationTypeError,
        jax.errors.TracerArrayConversionError,
        jax.errors.TracerIntegerConversionError,
    ) as error:
        raise InputError(
            "the model branches on, or converts to a number, a value that depends on parameters or inputs, which no polynomial does; "
            f"write it with arithmetic only, or analyse each piece by itself ({_first_line(error)})"
        ) from error
    except NeurovarietyError:
        raise
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, NotImplementedError, ArithmeticError) as error:
        raise InputError(
            f"the model's function failed on arrays of the given shapes ({_first_line(error)}); check input_shape and the parameters"
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def is_shape(value: object) -> bool:
    """Whether a pytree node is a shape, a tuple of ints, rather than a container."""
    return isinstance(value, tuple) and all(isinstance(n, (int, np.integer)) for n in value)


def _key_name(key: object) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return f".{getattr(key, attribute)}"
    return f".{key}"
