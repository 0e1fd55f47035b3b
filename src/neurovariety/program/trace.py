"""From a JAX function to a `Program`: trace, unroll, evaluate what is constant, refuse what is not algebraic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

import numpy as np

from neurovariety.arithmetic import Sheet
from neurovariety.errors import InputError, NotAlgebraicError
from neurovariety.model import is_shape, tracing_errors
from neurovariety.program.constants import constant_of, evaluate
from neurovariety.program.decided import decided, even_power, is_finite
from neurovariety.program.indexing import PICKS
from neurovariety.program.jaxpr import Jaxpr, JaxprEquation, Keys, Traced, Variable, is_real
from neurovariety.program.jaxpr_calls import calls, is_determinant, opened
from neurovariety.program.linear_systems import determinant_of, solved
from neurovariety.program.primitives import RING_OPERATIONS, index_map
from neurovariety.program.program import Instruction, Program, Slot
from neurovariety.program.refusals import Refused, refusal
from neurovariety.program.rewriting import MAX_UNROLLED, Value, rewritten
from neurovariety.program.source_lines import libraries, library_function, user_line
from neurovariety.rings.ring import Array

_STATED = {
    *("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr", "custom_lin", "stop_gradient"),
    *("custom_linear_solve", "linear_call", "custom_vmap_call"),
}


def trace(function: Callable[..., Traced], *shapes: object) -> Program:
    """The straight-line program of a JAX function.

    ``shapes`` are the function's arguments, each a pytree whose leaves are shapes (tuples of ints); they are traced as float64
    inside ``jax.enable_x64(True)``, a context that leaves the caller's own settings alone. The inputs of the program are the
    leaves in pytree order, its outputs the leaves of the function's value.

    Raises `NotAlgebraicError` for a primitive that is not a ring operation, naming it, the user's source line and what to do
    instead, and `InputError` where the function cannot be traced at all.
    """
    import jax

    specs = jax.tree_util.tree_map(lambda s: jax.ShapeDtypeStruct(s, np.float64), shapes, is_leaf=is_shape)
    with jax.enable_x64(True):
        with tracing_errors():
            closed = jax.make_jaxpr(function)(*specs)
        builder = _Builder()
        arguments = [builder.new_slot() for _ in closed.jaxpr.invars]
        builder.inputs = tuple(tuple(v.aval.shape) for v in closed.jaxpr.invars)
        outputs = builder.run(closed.jaxpr, closed.consts, arguments)
    return builder.program(outputs, tuple(tuple(v.aval.shape) for v in closed.jaxpr.outvars))


def program_of(sheet: Sheet) -> Program:
    """The straight-line program of a function that is written down: as `trace` gives it, without JAX."""
    builder = _Builder()
    builder.inputs = sheet.inputs
    slots = [builder.new_slot() for _ in sheet.inputs]
    for step in sheet.steps:
        operands = [slots[o] if isinstance(o, int) else o for o in step.operands]
        slots.append(builder.write(step.primitive, operands, step.shape, step.parameters))
    return builder.program([slots[sheet.output]], (sheet.shape,))


class _Builder:
    """Walks a jaxpr and writes instructions; values are slots (depend on inputs), NumPy arrays (do not), or what is refused."""

    def __init__(self) -> None:
        self.inputs: tuple[tuple[int, ...], ...] = ()
        self.constants: dict[Slot, Array] = {}
        self.instructions: list[Instruction] = []
        self.rounded: list[str] = []
        self.stated: list[str] = []
        self._slots = 0
        self._call_line = ""
        self._call_name = ""
        self._sought = False

    @contextmanager
    def _called_from(self, equation: JaxprEquation, jaxpr: Jaxpr) -> Iterator[None]:
        """While a library function is entered, its equations belong to the line that called it.

        JAX keeps the body of ``relu`` and its like from the first call in the process, with that call's line.
        """
        before = self._call_line, self._call_name
        file = getattr(getattr(jaxpr, "debug_info", None), "func_filename", None)
        if file is None or file.startswith(libraries()):
            self._call_line = self._call_line or user_line(equation)
            self._call_name = self._call_name or str(equation.params.get("name", ""))
        try:
            yield
        finally:
            self._call_line, self._call_name = before

    def _line(self, equation: JaxprEquation) -> str:
        return self._call_line or user_line(equation)

    def new_slot(self) -> Slot:
        self._slots += 1
        return self._slots - 1

    def run(self, jaxpr: Jaxpr, consts: Sequence[object], arguments: Sequence[Value]) -> list[Value]:
        values: dict[Variable, Value] = {}
        values.update(zip(jaxpr.constvars, map(constant_of, consts), strict=True))
        values.update(zip(jaxpr.invars, arguments, strict=True))

        def read(variable: Variable) -> Value:
            return constant_of(variable.val) if hasattr(variable, "val") else values[variable]

        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            results = self._apply(equation, operands)
            values.update(zip(equation.outvars, results, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def program(self, outputs: Sequence[Value], shapes: tuple[tuple[int, ...], ...]) -> Program:
        slots = tuple(self._slot(v) for v in outputs)
        return _without_dead_code(
            Program(
                inputs=self.inputs,
                constants=self.constants,
                instructions=tuple(self.instructions),
                outputs=slots,
                output_shapes=shapes,
                rounded=tuple(dict.fromkeys(self.rounded)),
                stated=tuple(dict.fromkeys(self.stated)),
            )
        )

    def _slot(self, value: Value, line: str = "") -> Slot:
        if isinstance(value, int):
            return value
        if isinstance(value, Refused):
            raise value.error
        if isinstance(value, Keys):
            raise InputError("the model returns keys of random numbers; return arrays of numbers")
        if value.dtype.kind == "V":  # fewer bits than NumPy has a name for
            value = value.astype(np.float64)
        _check_constant(value, line)
        slot = self.new_slot()
        self.constants[slot] = value
        return slot

    def _apply(self, equation: JaxprEquation, operands: list[Value]) -> list[Value]:
        name = equation.primitive.name
        if not equation.outvars:  # printing and the like
            return []
        if name in _STATED:
            self.stated.append(name)
        if calls(equation):
            jaxpr, consts, arguments = opened(equation, operands)
            with self._called_from(equation, jaxpr):
                found = self._determinant(equation, jaxpr, consts, arguments) if is_determinant(equation, libraries()) else None
                return found or self.run(jaxpr, consts, arguments)
        if name == "scan":
            return self._scan(equation, operands)
        if name == "while":
            return self._while(equation, operands)
        if name == "cond":
            return self._cond(equation, operands)
        if self._sought and name == "lu":
            raise _Decomposed(operands[0], tuple(equation.invars[0].aval.shape))
        answer = decided(equation, operands)
        if answer is not None:
            return [answer]
        if not any(isinstance(v, (int, Refused)) for v in operands):
            return self._constant(equation, operands)
        return self._instruction(equation, operands)

    def _constant(self, equation: JaxprEquation, operands: list[Value]) -> list[Value]:
        arrays = [v for v in operands if not isinstance(v, (int, Refused))]
        results, exact = evaluate(equation, arrays)
        if not exact:
            self.rounded.append(equation.primitive.name)
        return [r if isinstance(r, Keys) else np.asarray(r) for r in results]

    def _instruction(self, equation: JaxprEquation, operands: list[Value]) -> list[Value]:
        """Results of an equation that depends on an input; where it is refused, that is what they are."""
        name = equation.primitive.name
        refused = next((v for v in operands if isinstance(v, Refused)), None)
        power = even_power(name, operands, equation.params)
        if power is not None:
            shape, line = tuple(equation.outvars[0].aval.shape), self._line(equation)
            return [power.of if power.half == 1 else self.emit("integer_pow", [power.of], shape, {"y": power.half}, line)]
        try:
            if refused is None or name in PICKS:
                return self._written(equation, operands, self._line(equation))
            error = refused.error
        except InputError as found:
            error = found
        return [Refused(error, is_finite(name, operands), self._square(equation, operands)) for _ in equation.outvars]

    def _square(self, equation: JaxprEquation, operands: list[Value]) -> Slot | None:
        """The square of a root or of an absolute value, which is a polynomial where they are none."""
        name, operand = equation.primitive.name, operands[0] if operands else None
        if name not in ("sqrt", "abs") or not isinstance(operand, int):
            return None
        shape = tuple(equation.outvars[0].aval.shape)
        return operand if name == "sqrt" else self.emit("mul", [operand, operand], shape, {}, self._line(equation))

    def _written(self, equation: JaxprEquation, operands: list[Value], line: str) -> list[Value]:
        name = equation.primitive.name
        shapes = [tuple(v.aval.shape) for v in equation.outvars]
        if name == "optimization_barrier":
            return list(operands)
        if name == "split":
            return [
                self.emit("slice", operands, shape, parameters, line)
                for shape, parameters in zip(shapes, _split_slices(equation), strict=True)
            ]
        simpler = rewritten(equation, operands, line)
        if simpler is not None:
            before, self._call_line = self._call_line, line
            try:
                return self.run(*simpler)
            finally:
                self._call_line = before
        if name in ("lu", "triangular_solve"):
            return solved(self, equation, operands, line)
        if name in PICKS:
            selector = index_map(equation, operands, line)
            sources = _without_unused(equation, operands, selector)
            return [self.emit("take", sources, shapes[0], {"indices": selector}, line)]
        if name not in RING_OPERATIONS:
            raise NotAlgebraicError(refusal(name, line, self._call_name or library_function(equation)))
        parameters = RING_OPERATIONS[name].prepare(equation, operands, line)
        return [self.write(name, operands, shapes[0], parameters, line)]

    def _determinant(
        self, equation: JaxprEquation, jaxpr: Jaxpr, consts: Sequence[object], arguments: Sequence[Value]
    ) -> list[Value] | None:
        """The determinant that a call of JAX takes by factors, logarithms and signs, as the polynomial that it is."""
        before, self._sought = self._sought, True
        try:
            self.run(jaxpr, consts, arguments)
        except _Decomposed as found:
            return determinant_of(self, found.matrix, found.shape, self._line(equation))
        finally:
            self._sought = before
        return None

    def write(
        self, name: str, operands: Sequence[Value], shape: tuple[int, ...], parameters: Mapping[str, object], line: str = ""
    ) -> Slot:
        """One ring operation; dividing by a constant is multiplying by its exact reciprocal: no denominators for the degree bounds."""
        if name == "div" and isinstance(operands[1], np.ndarray):
            if not np.all(operands[1]):
                raise InputError(f"the model divides by the constant 0 ({line or 'line unknown'})")
            name, operands = "mul", [operands[0], _reciprocal(operands[1])]
        return self.emit(name, operands, shape, parameters, line)

    def emit(self, name: str, operands: Sequence[Value], shape: tuple[int, ...], parameters: Mapping[str, object], line: str) -> Slot:
        slots = tuple(self._slot(v, line) for v in operands)
        result = self.new_slot()
        self.instructions.append(Instruction(name, slots, result, shape, parameters, line))
        return result

    def _scan(self, equation: JaxprEquation, operands: list[Value]) -> list[Value]:
        p = equation.params
        _check_length(p["length"], "scan", equation)
        n_consts, n_carry = p["num_consts"], p["num_carry"]
        fixed, carry, xs = operands[:n_consts], operands[n_consts : n_consts + n_carry], operands[n_consts + n_carry :]
        avals = [v.aval for v in equation.invars[n_consts + n_carry :]]
        stacked: list[list[Value]] = []
        steps = range(p["length"])
        for i in reversed(steps) if p["reverse"] else steps:
            piece = [self._step_of(x, i, tuple(a.shape)) for x, a in zip(xs, avals, strict=True)]
            results = self.run(p["jaxpr"].jaxpr, p["jaxpr"].consts, [*fixed, *carry, *piece])
            carry = results[:n_carry]
            stacked.append(results[n_carry:])
        if p["reverse"]:
            stacked.reverse()
        out: list[Value] = list(carry)
        for k, variable in enumerate(equation.outvars[n_carry:]):
            out.append(self._stack([row[k] for row in stacked], tuple(variable.aval.shape), variable.aval.dtype))
        return out

    def _step_of(self, value: Value, i: int, shape: tuple[int, ...]) -> Value:
        if isinstance(value, Refused):
            return value
        if not isinstance(value, int):
            return constant_of(value.array[i] if isinstance(value, Keys) else value[i])
        start, limit = (i, *(0 for _ in shape[1:])), (i + 1, *shape[1:])
        parameters = {"start_indices": start, "limit_indices": limit, "strides": None}
        sliced = self.emit("slice", [value], (1, *shape[1:]), parameters, "")
        return self.emit("reshape", [sliced], shape[1:], {}, "")

    def _stack(self, rows: list[Value], shape: tuple[int, ...], dtype: np.dtype) -> Value:
        refused = next((r for r in rows if isinstance(r, Refused)), None)
        if refused is not None:
            return refused
        arrays = [r for r in rows if isinstance(r, np.ndarray)]
        if len(arrays) == len(rows):
            return np.stack(arrays) if arrays else np.zeros(shape, dtype)
        lifted = [self.emit("reshape", [r], (1, *shape[1:]), {}, "") for r in rows]
        return self.emit("concatenate", lifted, shape, {"dimension": 0}, "")

    def _while(self, equation: JaxprEquation, operands: list[Value]) -> list[Value]:
        p = equation.params
        n_cond, n_body = p["cond_nconsts"], p["body_nconsts"]
        cond_consts, body_consts = operands[:n_cond], operands[n_cond : n_cond + n_body]
        carry = operands[n_cond + n_body :]
        for count in range(MAX_UNROLLED + 1):
            _check_length(count, "while", equation)
            (proceed,) = self.run(p["cond_jaxpr"].jaxpr, p["cond_jaxpr"].consts, [*cond_consts, *carry])
            if not isinstance(proceed, np.ndarray):
                raise NotAlgebraicError(refusal("while", self._line(equation)))
            if not bool(proceed):
                break
            carry = self.run(p["body_jaxpr"].jaxpr, p["body_jaxpr"].consts, [*body_consts, *carry])
        return carry

    def _cond(self, equation: JaxprEquation, operands: list[Value]) -> list[Value]:
        index = operands[0]
        if not isinstance(index, np.ndarray):
            raise NotAlgebraicError(refusal("cond", self._line(equation)))
        branches = equation.params["branches"]
        branch = branches[int(np.clip(int(index), 0, len(branches) - 1))]
        return self.run(branch.jaxpr, branch.consts, operands[1:])


def _without_unused(equation: JaxprEquation, operands: list[Value], selector: Array) -> list[Value]:
    """The float operands of an indexing primitive, with 0 for what it never picks of a constant (NaN of an untaken branch, say)."""
    out: list[Value] = []
    at = 1
    for value, variable in zip(operands, equation.invars, strict=True):
        if not is_real(variable.aval.dtype):
            continue
        size = int(np.prod(variable.aval.shape, dtype=np.int64))
        if isinstance(value, Refused) and not np.any((selector >= at) & (selector < at + size)):
            value = np.zeros(variable.aval.shape)
        if isinstance(value, np.ndarray) and not np.all(np.isfinite(value.astype(np.float64))):
            used = np.zeros(size, dtype=bool)
            used[selector[(selector >= at) & (selector < at + size)] - at] = True
            value = np.where(used.reshape(value.shape), value, 0.0)
        out.append(value)
        at += size
    return out


class _Decomposed(Exception):
    """The matrix of which a determinant is taken."""

    def __init__(self, matrix: Value, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.matrix, self.shape = matrix, shape


def _check_constant(values: Array, line: str) -> None:
    """Raise `InputError` for a constant that no exact ring knows."""
    where = f" ({line})" if line else ""
    if values.dtype.kind == "c":
        raise InputError(f"the model contains a complex constant{where}; split it into real and imaginary parts")
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise InputError(f"the model contains a constant that is not finite, NaN or infinity{where}; remove it")


def _split_slices(equation: JaxprEquation) -> list[dict[str, object]]:
    axis, shape = equation.params["axis"], tuple(equation.invars[0].aval.shape)
    out: list[dict[str, object]] = []
    at = 0
    for size in equation.params["sizes"]:
        start = tuple(at if k == axis else 0 for k in range(len(shape)))
        limit = tuple(at + int(size) if k == axis else n for k, n in enumerate(shape))
        out.append({"start_indices": start, "limit_indices": limit, "strides": None})
        at += int(size)
    return out


def _reciprocal(values: Array) -> Array:
    out = np.empty(values.shape, dtype=object)
    flat = out.reshape(-1)
    for i, v in enumerate(values.reshape(-1).tolist()):
        flat[i] = 1 / Fraction(v)
    return out


def _check_length(length: int, primitive: str, equation: JaxprEquation) -> None:
    if length > MAX_UNROLLED:
        raise InputError(
            f"a {primitive} loop of more than {MAX_UNROLLED} steps cannot be unrolled "
            f"({user_line(equation) or 'line unknown'}); shorten it"
        )


def _without_dead_code(program: Program) -> Program:
    needed = set(program.outputs)
    kept: list[Instruction] = []
    for instruction in reversed(program.instructions):
        if instruction.result in needed:
            kept.append(instruction)
            needed.update(instruction.operands)
    constants = {slot: values for slot, values in program.constants.items() if slot in needed}
    return replace(program, constants=constants, instructions=tuple(reversed(kept)))
