"""Type checks at run time for the whole package, and how property tests run."""

from __future__ import annotations

import dataclasses
import gc
import inspect
import os
import types
from collections import Counter
from collections.abc import Callable
from functools import partial, wraps
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


CHECKED, ONE_IN = 200, 50
"""Calls of a function that are all checked, and how many of the later ones: some functions are called many million times."""

ENFORCED = True
"""Whether types are checked: not where a test asks what the package does without, as users run it."""

CLOSURES, MADE = 3, Counter[types.CodeType]()
"""Of the functions that another one makes in each of its calls so many are checked; how many there were."""


def at_first(function: Callable[..., Any], twin: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """The function, by its checked ``twin`` in its first calls and now and then later. A twin is made when it is needed: to make those
    of the whole package takes ten seconds, and most workers call half of it."""
    calls, checked = 0, function

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls, checked
        if not ENFORCED:
            return function(*arguments, **named)
        if not calls:
            checked = twin()
        calls += 1
        return (checked if calls <= CHECKED or not calls % ONE_IN else function)(*arguments, **named)

    return called


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
    if not function.__annotations__ or hasattr(function, "__no_type_check__"):
        return function
    if "<locals>" in function.__qualname__:
        MADE[function.__code__] += 1
        if MADE[function.__code__] > CLOSURES:
            return function
    return at_first(function, partial(twin_of, function, typechecker))


def twin_of(function: Callable[..., Any], typechecker: Any) -> Callable[..., Any]:
    """The function with its annotations enforced."""
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
settings.register_profile("check", settings.get_profile("default"), max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") == "true" else os.environ.get("HYPOTHESIS", "default"))


SLOW = frozenset((Path(__file__).parent / "slow.txt").read_text(encoding="utf-8").splitlines())
"""Tests that take over a second, beside those that say so themselves: `make check` leaves both out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The README's commands come first: one of them, a whole report, takes longest, and the workers should end together."""
    items.sort(key=lambda item: "test_readme" not in item.nodeid)
    for item in items:
        if item.nodeid in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage need not walk through it again and again, two seconds each time."""
    gc.collect()
    gc.freeze()
