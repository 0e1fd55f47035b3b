"""What this room reads of a jaxpr, JAX's record of a function: its own classes are not public, so their parts are named here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

Parameters = Mapping[str, Any]
"""A primitive's parameters, by JAX's names: what they are depends on the primitive."""

Traced = Any
"""What JAX traces: an array of its own, or a pytree of them."""


@runtime_checkable
class Aval(Protocol):
    """What is known of a value: ``shape`` and ``dtype``."""

    shape: tuple[int, ...]
    dtype: np.dtype


@runtime_checkable
class Variable(Protocol):
    """A value of a jaxpr; a literal has ``val`` besides."""

    aval: Aval


@runtime_checkable
class Primitive(Protocol):
    """An operation of JAX; ``bind`` applies it to arrays."""

    name: str
    multiple_results: bool

    def bind(self, *operands: object, **parameters: object) -> Any: ...


@runtime_checkable
class JaxprEquation(Protocol):
    """One step: ``outvars`` = ``primitive`` of ``invars`` with ``params``; ``source_info`` says where the user wrote it."""

    primitive: Primitive
    params: Parameters
    invars: Sequence[Variable]
    outvars: Sequence[Variable]
    source_info: Any


@runtime_checkable
class Jaxpr(Protocol):
    """Steps from ``invars`` and ``constvars`` to ``outvars``."""

    constvars: Sequence[Variable]
    invars: Sequence[Variable]
    outvars: Sequence[Variable]
    eqns: Sequence[JaxprEquation]


@dataclass(frozen=True, eq=False)
class Keys:
    """JAX's keys of random numbers, which no NumPy array holds."""

    array: Any


def is_real(dtype: object) -> bool:
    """Whether a dtype is one of real floating-point numbers; those of fewer bits that NumPy lacks (bfloat16) count."""
    return isinstance(dtype, np.dtype) and dtype.kind in "fV"
