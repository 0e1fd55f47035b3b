"""The disk cache of compiled code: its key holds all sources, and the type checks of the tests leave it alone."""

from __future__ import annotations

from neurovariety.homotopy import kernels, path_kernel
from neurovariety.homotopy.compiled import stamp


def test_the_stamp_changes_with_any_source(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("y = 1\n")
    first = stamp.__wrapped__(tmp_path)
    assert stamp.__wrapped__(tmp_path) == first
    (tmp_path / "b.py").write_text("y = 2\n")
    assert stamp.__wrapped__(tmp_path) != first


def test_cache_keys_hold_the_stamp():
    for dispatcher in (kernels.run, kernels.factor, path_kernel.track):
        signature = (1,)
        codegen = dispatcher.targetctx.codegen()
        assert dispatcher._cache._index_key(signature, codegen)[-1] == stamp()


def test_no_fast_math():
    """Contraction stands in the vector code itself; nothing may assume that numbers are finite."""
    for dispatcher in (kernels.run, kernels.factor, path_kernel.track):
        assert not dispatcher.targetoptions.get("fastmath")
