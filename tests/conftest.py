"""Type checks at run time for the whole package, and how property tests run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self, get_origin

import jaxtyping
from beartype import BeartypeConf, beartype

# What JAX compiles is kept: workers, and the commands that tests start, need not compile the same programs again.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

TYPES = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int is welcome where a float is asked for, as type checkers have it."""


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its annotations enforced, but for two kinds that stay as they are.

    beartype reads ``Self`` only on whole classes; a function with a choice of words (``Literal``) checks it itself,
    and its message is tested.
    """
    hints = function.__annotations__.values()
    return function if any(h is Self or get_origin(h) is Literal for h in hints) else TYPES(function)


# Before the first import of the package: every annotated function and dataclass of it is checked in the tests.
HOOK = jaxtyping.install_import_hook("neurovariety", "conftest.checked")

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile("default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")
