"""Running a `Program` over a ring."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.errors import InputError
from neurovariety.program.primitives import RING_OPERATIONS
from neurovariety.program.program import Program
from neurovariety.rings.ring import Array, Ring


def interpret(program: Program, ring: Ring, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of ``program`` over ``ring`` at ``inputs`` (arrays of ring elements, in the shapes ``program.inputs``).

    Raises `DivisionByZeroError` where a denominator is not invertible at these values, `InputError` for wrong shapes.
    """
    shapes = tuple(a.shape for a in inputs)
    if shapes != program.inputs:
        raise InputError(f"the program takes arrays of shapes {program.inputs}, got {shapes}")
    values: dict[int, Array] = dict(enumerate(inputs))
    values.update(program.constants_in(ring))
    last_use = program.last_use()
    for i, instruction in enumerate(program.instructions):
        operands = [values[s] for s in instruction.operands]
        operation = RING_OPERATIONS[instruction.primitive]
        values[instruction.result] = operation.apply(ring, operands, instruction.parameters, instruction.shape)
        for slot in instruction.operands:
            if last_use[slot] == i:
                values.pop(slot, None)
    return [values[s] for s in program.outputs]
