"""Primitives of JAX that call another jaxpr (``jit``, ``custom_jvp``, ...), and how the called one is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from neurovariety.program.jaxpr import Jaxpr, JaxprEquation

Operand = TypeVar("Operand")

_HOLDERS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "remat": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_lin": "call_jaxpr",
    "custom_vmap_call": "call",
    "composite": "jaxpr",
    "linear_call": "callee",
    "custom_linear_solve": "jaxprs",
}
"""Name of the primitive -> the parameter that holds the jaxpr."""


def calls(equation: JaxprEquation) -> bool:
    """Whether the equation does nothing but call another jaxpr."""
    return equation.primitive.name in _HOLDERS


def opened(equation: JaxprEquation, operands: Sequence[Operand]) -> tuple[Jaxpr, Sequence[object], Sequence[Operand]]:
    """The jaxpr that the equation calls, its constants, and its arguments among ``operands``; only where `calls` holds.

    Of a system of equations with a solution of its own (``custom_linear_solve``) it is the solution.
    """
    inner = equation.params[_HOLDERS[equation.primitive.name]]
    if equation.primitive.name == "custom_linear_solve":
        lengths = equation.params["const_lengths"]
        before, inner = lengths.matvec + lengths.vecmat, inner.solve
        operands = [*operands[before : before + lengths.solve], *operands[sum(lengths) :]]
    jaxpr, consts = (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
    return jaxpr, consts, operands[: len(jaxpr.invars)]


def is_determinant(equation: JaxprEquation, libraries: tuple[str, ...]) -> bool:
    """Whether the equation is the call by which JAX takes the determinant of four rows or more."""
    if equation.primitive.name != "custom_jvp_call":
        return False
    inner = equation.params["call_jaxpr"]
    about = getattr(inner.jaxpr if hasattr(inner, "jaxpr") else inner, "debug_info", None)
    return getattr(about, "func_name", "") == "_det" and str(getattr(about, "func_filename", "")).startswith(libraries)
