"""Primitives of JAX that call another jaxpr (``jit``, ``custom_jvp``, ...), and how the called one is opened."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.program.jaxpr import Jaxpr, JaxprEquation

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
}
"""Name of the primitive -> the parameter that holds the jaxpr."""


def calls(equation: JaxprEquation) -> bool:
    """Whether the equation does nothing but call another jaxpr."""
    return equation.primitive.name in _HOLDERS


def opened(equation: JaxprEquation) -> tuple[Jaxpr, Sequence[object]]:
    """The jaxpr that the equation calls and its constants; only for an equation of which `calls` holds."""
    inner = equation.params[_HOLDERS[equation.primitive.name]]
    return (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
