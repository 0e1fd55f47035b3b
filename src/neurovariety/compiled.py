"""numba's compiler with a disk cache that notices changes.

numba's own cache watches the file of the compiled function only: after a change of a function that it calls in another file, old code
would silently run. Here the names of the cache's files hold a hash of all files of the function's folder and numba's version, so that
nothing of other sources is even opened: what is pickled in it may name modules that are gone. Where the installation is read-only,
numba keeps its cache in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile
from numba.extending import overload


@cache
def stamp(folder: Path) -> str:
    """A hash of the sources in a folder and of numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def compiled(function: Callable[..., Any]) -> Any:
    """``function`` compiled when first called, without the interpreter's lock; division by zero gives what is not a number."""
    compiler: Any = numba.njit
    dispatcher = compiler(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)
    store = dispatcher._cache
    folder, base = Path(store._cache_path), store._impl.filename_base
    name = f"{base}-{stamp(Path(inspect.getfile(function)).parent)[:16]}"
    if not (folder / f"{name}.nbi").exists():
        for old in folder.glob(f"{base}-*.nb?"):  # of other sources
            old.unlink(missing_ok=True)
    store._cache_file = IndexDataCacheFile(store._cache_path, name, store._impl.locator.get_source_stamp())
    return dispatcher


def compiled_within(function: Callable[..., Any]) -> Any:
    """``function``, which Python interprets, and which the compiled functions that call it have compiled as parts of themselves: it has
    no wrappers for Python and no files of its own, which would take as long to compile as it does. It allocates nothing, so that no
    references are counted; where numbers stand for arguments it is compiled for these."""
    options: Any = {"error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}

    @overload(function, jit_options=options, strict=False, prefer_literal=True)
    def written(*arguments: Any, **named: Any) -> Callable[..., Any]:
        return function

    return function
