"""The disk cache of compiled code: its key holds all sources, and the type checks of the tests leave it alone."""

from __future__ import annotations

from pathlib import Path

import numba

from neurovariety.certificates import float_balls
from neurovariety.compiled import stamp
from neurovariety.homotopy import kernels, path_kernel


def test_the_stamp_changes_with_any_source(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("y = 1\n")
    first = stamp.__wrapped__(tmp_path)
    assert stamp.__wrapped__(tmp_path) == first
    (tmp_path / "b.py").write_text("y = 2\n")
    assert stamp.__wrapped__(tmp_path) != first


def test_names_of_cache_files_hold_the_stamp():
    for module, dispatcher in (
        (kernels, kernels._newton_in),
        (path_kernel, path_kernel._track_in),
        (float_balls, float_balls._krawczyk_in),
    ):
        assert stamp(Path(module.__file__).parent)[:16] in dispatcher._cache._cache_file._index_name


def test_no_fast_math():
    """Contraction stands in the vector code itself; nothing may assume that numbers are finite."""
    for dispatcher in (kernels._evaluate_in, kernels._newton_in, path_kernel._track_in, float_balls._krawczyk_in):
        assert not dispatcher.targetoptions.get("fastmath")


def test_what_compiled_functions_call_is_no_compiled_function_of_its_own():
    """Python interprets it, so that tests of rounding may; wrappers and files are of entries alone."""
    for inner in (kernels.run, kernels.factor, path_kernel._judge, float_balls.modulus):
        assert not hasattr(inner, "py_func")
    assert float_balls.modulus(3.0, 4.0) == numba.njit(lambda x, y: float_balls.modulus(x, y))(3.0, 4.0)
