"""Tests run one by one in copies of a process that has imported and collected all of them, for `benchmarks.mutations`.

A copy (``os.fork``) starts in milliseconds, computes its own caches, and can be given changed functions: the code of each function of
the changed module that differs is put in the place of what was imported. What differs in code that an import runs (constants of
modules, defaults) or that is compiled cannot be changed so, and needs a process of its own.
"""

from __future__ import annotations

import ast
import gc
import importlib
import os
import pkgutil
import resource
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

INSIDE = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
BROKEN = 3
CALLS = 300
"""Calls of a function in a test of which the lines are noted: refusals are seldom run, and would have all of them traced."""
Lines = dict[str, set[int]]
"""By ``file:function`` the lines that were run, counted from the first line of the function."""


class Collected:
    """Plugin: hands the collected tests to ``work`` instead of running them."""

    def __init__(self, work: Callable[[Collected, list[pytest.Item]], None]) -> None:
        self.work = work
        self.failed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """A property that fails is not made smaller: that it fails is all that is asked."""
        from hypothesis import Phase, settings

        settings.register_profile("once", deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate))
        os.environ["HYPOTHESIS"] = "once"

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        import neurovariety

        for module in pkgutil.walk_packages(neurovariety.__path__, "neurovariety."):
            if not module.name.endswith("__main__"):  # what is imported here need not be in each copy
                importlib.import_module(module.name)
        for name in ("jax", "scipy.optimize", "scipy.sparse.linalg", "numba", "sympy"):
            importlib.import_module(name)
        # Kernels are compiled, or read from disk, once. Questions that no test asks: what is remembered here would hide changes.
        neurovariety.degree("linear(3,1,4)", route="computed")
        neurovariety.landscape("linear(3,1,4)", data=([[1, 2, 0], [0, 1, 1], [2, 1, 1], [3, 1, 2]], np.eye(4).tolist()))
        gc.collect()
        gc.freeze()
        import jax

        assert threading.active_count() == 1, "threads are lost in copies"
        assert not jax._src.xla_bridge._backends, "a backend of JAX has threads, which copies lack"
        self.work(self, list(session.items))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def passes(self, items: Sequence[pytest.Item], then: pytest.Item | None = None) -> bool:
        """Whether all of them pass here; stops at the first that does not. ``then`` will be run next."""
        for item, following in zip(items, [*items[1:], then], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return True


def in_copy(work: Callable[[], Any], most: float) -> int:
    """What ``work`` returns, as exit status, in a copy of this process that may use ``most`` seconds of the processor; or -signal."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    code = BROKEN
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime + most) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 2))
        resource.setrlimit(resource.RLIMIT_AS, (12 * 2**30, 12 * 2**30))
        code = int(work())
    except BaseException:
        code = BROKEN
    finally:
        os._exit(code)


class Traced:
    """Which lines of the modules in a folder are run, and how long it took."""

    def __init__(self, folder: Path) -> None:
        self.prefix = str(folder) + os.sep
        self.lines: list[tuple[types.CodeType, set[int]]] = []
        self.left: dict[int, tuple[types.CodeType, set[int], set[int], list[None]]] = {}
        """By id of a code: the code, its lines not yet run and those that were, and an entry for each call; where no line is left, or
        after many calls, nothing is traced any more."""

    def __enter__(self) -> Traced:
        self.start = time.process_time()
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        self.seconds = time.process_time() - self.start

    def _called(self, frame: types.FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        known = self.left.get(id(code))
        if known is None:
            inside = code.co_filename.startswith(self.prefix)
            known = (code, {n for *_, n in code.co_lines() if n} if inside else set(), set(), [])
            self.left[id(code)] = known
            if inside:
                self.lines.append((code, known[2]))
        _, left, seen, calls = known
        if not left or len(calls) > CALLS:
            return None
        calls.append(None)

        def line(frame: types.FrameType, event: str, _: Any) -> Any:
            seen.add(frame.f_lineno)
            left.discard(frame.f_lineno)
            return line if left else None

        seen.add(frame.f_lineno)
        left.discard(frame.f_lineno)
        return line

    def found(self) -> Lines:
        out: Lines = {}
        for code, lines in self.lines:
            name = f"{code.co_filename[len(self.prefix) :]}:{code.co_qualname}"
            out.setdefault(name, set()).update(line - code.co_firstlineno for line in lines)
        return out


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and all inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def functions_of(code: types.CodeType) -> tuple[list[types.CodeType], list[types.CodeType]]:
    """Code that an import runs (the module, bodies of classes, comprehensions there), and code of functions that exist after it."""
    run, made = [code], []
    for constant in code.co_consts:
        if not isinstance(constant, types.CodeType):
            continue
        if constant.co_flags & 1 and constant.co_name not in INSIDE:
            made.append(constant)
        else:
            inner_run, inner_made = functions_of(constant)
            run += inner_run
            made += inner_made
    return run, made


def compiled_as_imported(tree: ast.Module, path: Path) -> types.CodeType:
    """The code of a module as the import hook of the tests makes it."""
    from jaxtyping._import_hook import JaxtypingTransformer, Typechecker

    tree = JaxtypingTransformer(typechecker=Typechecker("conftest.checked")).visit(tree)
    return compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)


def replacements(before: types.CodeType, after: types.CodeType) -> dict[types.CodeType, types.CodeType] | None:
    """Functions whose code differs; None where code that an import runs differs, or none does."""
    run, made = functions_of(before)
    other_run, other_made = functions_of(after)
    if len(made) != len(other_made) or any(not _same_import(a, b) for a, b in zip(run, other_run, strict=True)):
        return None
    return {a: b for a, b in zip(made, other_made, strict=True) if a != b} or None


def _same_import(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two codes are equal but for the functions that they make."""

    def plain(code: types.CodeType) -> list[Any]:
        return [c if not isinstance(c, types.CodeType) else c.co_name for c in code.co_consts]

    return a.co_code == b.co_code and plain(a) == plain(b) and a.co_names == b.co_names


def functions_from(folder: Path) -> list[types.FunctionType]:
    """The functions of this process whose source lies in a folder."""
    prefix = str(folder) + os.sep
    gc.unfreeze()  # what is frozen is not listed
    return [f for f in gc.get_objects() if type(f) is types.FunctionType and f.__code__.co_filename.startswith(prefix)]


def put_in_place(changed: dict[types.CodeType, types.CodeType], functions: list[types.FunctionType]) -> bool:
    """Give functions their changed code; false where one of them is not found."""
    missing, file = set(changed), next(iter(changed)).co_filename
    for function in functions:
        code = function.__code__
        if code.co_filename == file and code in changed:
            if code.co_freevars != changed[code].co_freevars:
                return False
            missing.discard(code)
            function.__code__ = changed[code]
    return not missing
