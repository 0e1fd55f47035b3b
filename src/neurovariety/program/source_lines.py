"""Where in the user's own code a step of a jaxpr was written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from neurovariety.program.jaxpr import JaxprEquation
from neurovariety.program.refusals import REFUSED_FUNCTIONS


@cache
def libraries() -> tuple[str, ...]:
    """Folders whose frames are not the user's: JAX, NumPy, this room, and what wraps functions for them."""
    import jax

    return tuple(str(Path(f).parent) for f in (jax.__file__, np.__file__, __file__)) + tuple(
        str(Path(jax.__file__).parent.parent / name) for name in ("equinox", "jaxtyping", "beartype")
    )


def user_line(equation: JaxprEquation) -> str:
    """``file:line`` of the innermost frame of the user's own code that made an equation, or ''."""
    trace_back = equation.source_info.traceback
    for frame in trace_back.frames if trace_back is not None else ():
        name = frame.file_name
        if not name.startswith(libraries()):
            return f"{name}:{frame.line_num}"
    return ""


def library_functions(equation: JaxprEquation) -> Iterator[str]:
    """The functions of libraries through which the user's line made an equation, innermost first, without leading underscores."""
    trace_back = equation.source_info.traceback
    for frame in trace_back.frames if trace_back is not None else ():
        if not frame.file_name.startswith(libraries()):
            break
        yield frame.function_name.rsplit(".", 1)[-1].strip("_")


def library_function(equation: JaxprEquation) -> str:
    """The name of the function of JAX that the user called and that made an equation, where it is a known one, or ''."""
    found = ""
    for name in library_functions(equation):
        found = name if name in REFUSED_FUNCTIONS else found
    return found
