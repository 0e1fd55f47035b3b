"""Straight-line programs: traced from JAX functions, run over any ring."""

from neurovariety.program.expand import Expansion, expand
from neurovariety.program.group_actions import is_invariant
from neurovariety.program.interpret import interpret
from neurovariety.program.program import Instruction, Program
from neurovariety.program.trace import trace

__all__ = ["Expansion", "Instruction", "Program", "expand", "interpret", "is_invariant", "trace"]
