"""numba's compiler with a disk cache that notices changes.

numba's own cache watches the file of the compiled function only: after a change of a function that it calls in another file, old code
would silently run. Here the key of the cache holds a hash of all files of this folder and numba's version. Where the installation is
read-only, numba keeps its cache in the user's cache folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba


@cache
def stamp(folder: Path = Path(__file__).parent) -> str:
    """A hash of the sources in a folder and of numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def compiled(function: Callable[..., Any]) -> Any:
    """``function`` compiled when first called, without the interpreter's lock; division by zero gives what is not a number."""
    dispatcher: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    store = dispatcher._cache
    key = store._index_key
    store._index_key = lambda signature, codegen: (*key(signature, codegen), stamp())
    return dispatcher
