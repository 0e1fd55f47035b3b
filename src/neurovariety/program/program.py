"""The straight-line program of a model: ring operations on arrays, nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np

from neurovariety.program.jaxpr import Parameters
from neurovariety.rings.ring import Array, Ring

Slot = int
"""Number of a value in a program: inputs first, then constants and results in the order of their making."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One primitive applied to earlier values. ``line`` is the user's source line that made it, where known."""

    primitive: str
    operands: tuple[Slot, ...]
    result: Slot
    shape: tuple[int, ...]
    parameters: Parameters
    line: str = ""


@dataclass(frozen=True, eq=False)
class Program:
    """A straight-line program over an arbitrary commutative ring.

    ``inputs`` are the shapes of its arguments, in order; ``constants`` maps slots to exact arrays (integers, booleans,
    floats read as their exact binary values); ``outputs`` are the slots of its results. Control flow has been unrolled and
    everything that depends on no input has been evaluated, so that each instruction is a ring operation or a change of shape.
    ``rounded`` names float64 operations on constants that were not exact (``sqrt`` of a constant, say), ``stated`` the calls for
    which somebody states a derivative of his own (``custom_jvp``, ``stop_gradient``), which may not be that of the values.
    """

    inputs: tuple[tuple[int, ...], ...]
    constants: Mapping[Slot, Array]
    instructions: tuple[Instruction, ...]
    outputs: tuple[Slot, ...]
    output_shapes: tuple[tuple[int, ...], ...]
    rounded: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    _images: dict[int, tuple[Ring, dict[Slot, Array]]] = field(default_factory=dict, repr=False)
    _last_use: dict[Slot, int] = field(default_factory=dict, repr=False)

    def constants_in(self, ring: Ring) -> dict[Slot, Array]:
        """The constants as elements of ``ring``; the last ring's images are kept."""
        kept = self._images.get(0)
        if kept is None or kept[0] is not ring:
            kept = (ring, {slot: ring.constant(values) for slot, values in self.constants.items()})
            self._images[0] = kept
        return kept[1]

    def last_use(self) -> dict[Slot, int]:
        """Slot -> index of the last instruction that reads it, so that memory is given back as early as possible."""
        if not self._last_use:
            for i, instruction in enumerate(self.instructions):
                for slot in instruction.operands:
                    self._last_use[slot] = i
            for slot in self.outputs:
                self._last_use[slot] = len(self.instructions)
        return self._last_use

    @cached_property
    def work(self) -> int:
        """About how many products of entries one run takes: for an estimate of time, not a count."""
        sizes = {slot: prod(shape) for slot, shape in enumerate(self.inputs)}
        sizes.update((slot, values.size) for slot, values in self.constants.items())
        total = 0
        for i in self.instructions:
            sizes[i.result] = prod(i.shape)
            operands = [sizes[slot] for slot in i.operands]
            if i.primitive == "dot_general":  # (m k) (k n) (m n) is the square of m k n
                total += math.isqrt(sizes[i.result] * prod(operands))
            elif i.primitive == "conv_general_dilated":
                total += sizes[i.result] * operands[1]
            elif i.primitive == "det":  # n products of matrices
                total += operands[0] * operands[0]
            elif i.primitive in ("lu", "triangular_solve"):
                total += max(operands) * math.isqrt(operands[0])
            else:
                total += max(sizes[i.result], *operands)
        return total

    @property
    def cells(self) -> int:
        """How many entries all its results have together."""
        return sum(prod(i.shape) for i in self.instructions)

    def __repr__(self) -> str:
        names = sorted({i.primitive for i in self.instructions})
        return f"Program({len(self.instructions)} instructions: {', '.join(names)})"


def float_constants(program: Program) -> int:
    """How many constants are floats that are not integers, each meaning its exact binary value."""
    return sum(int(np.count_nonzero(values != np.rint(values))) for values in program.constants.values() if values.dtype.kind == "f")
