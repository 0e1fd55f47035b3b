"""Type checks at run time for the whole package, and how property tests run."""

from __future__ import annotations

import dataclasses
import inspect
import os
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import jaxtyping
from beartype import BeartypeConf, beartype

# What JAX compiles is kept: workers, and the commands that tests start, need not compile the same programs again.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

TYPES = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int is welcome where a float is asked for, as type checkers have it."""
SHAPES = jaxtyping.jaxtyped
"""jaxtyping's own decorator: compares the sizes that several arguments name, in about 30 microseconds a call."""


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its annotations enforced, but for two kinds that stay as they are.

    beartype reads ``Self`` only on whole classes; a function with a choice of words (``Literal``) checks it itself,
    and its message is tested.
    """
    hints = function.__annotations__.values()
    return function if any(h is Self or words(h) for h in hints) else TYPES(function)


def words(hint: Any) -> bool:
    """Whether a hint is a choice of words, or has one among others: words or a table of numbers."""
    if get_origin(hint) in (Union, types.UnionType, Annotated):
        return any(map(words, get_args(hint)))
    return get_origin(hint) is Literal


def decorated(function: Any = None, *, typechecker: Any = None) -> Any:
    """What jaxtyping's import hook puts on every function and class, in its place: `SHAPES` only where shapes are written.

    Elsewhere beartype alone checks types, at a tenth of the cost: the tests call such functions many million times.
    """
    if function is None:
        return partial(decorated, typechecker=typechecker)
    if inspect.isclass(function):
        if dataclasses.is_dataclass(function) and "__init__" in vars(function):
            function.__init__ = decorated(function.__init__, typechecker=typechecker)
        return function
    if not inspect.isfunction(function):
        return SHAPES(function, typechecker=typechecker)
    written = function.__annotations__
    hints = {name: evaluated(hint, function.__globals__) for name, hint in written.items()}
    if any(has_shape(hint) for hint in hints.values()):
        return SHAPES(function, typechecker=typechecker)
    function.__annotations__ = hints
    found = checked(function)
    function.__annotations__ = found.__annotations__ = written
    return found


def evaluated(hint: Any, names: dict[str, Any]) -> Any:
    """The type that a written annotation means; ``Any`` where it uses a name that only type checkers import."""
    try:
        return eval(hint, names) if isinstance(hint, str) else hint
    except (NameError, AttributeError, TypeError):
        return Any


def has_shape(hint: Any) -> bool:
    return (inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray)) or any(has_shape(part) for part in get_args(hint))


# Before the first import of the package: every annotated function and dataclass of it is checked in the tests.
jaxtyping.jaxtyped = decorated
HOOK = jaxtyping.install_import_hook("neurovariety", "conftest.checked")

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile("default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The README's commands come first: one of them, a whole report, takes longest, and the workers should end together."""
    items.sort(key=lambda item: "test_readme" not in item.nodeid)
