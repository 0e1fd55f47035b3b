"""`.pt2` files of a list of torch modules: read as what torch computes, or refused in a sentence."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network

torch = pytest.importorskip("torch")

from .many_modules import many_modules  # noqa: E402

BLOCKS, SINGLE = 16, 1e-4


def loaded(file):
    try:
        return nv.load_network(file), ""
    except nv.InputError as error:
        return None, str(error)


def tried(module, shape, file, batch):
    """What becomes of a module that is exported with an open batch, or one of a length."""
    dynamic = ({0: torch.export.Dim("n", min=2)},) if batch else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.export.save(torch.export.export(module, (torch.zeros(5, *shape),), dynamic_shapes=dynamic, strict=False), file)
    except Exception:  # some modules fix the length of their batch
        return "not exported"
    found, why = loaded(file)
    if found is None:
        assert 10 < len(why) < 500, why
        assert "\n" not in why
        assert "form that is not understood" not in why, why
        return "refused"
    for length in (5, 2) if batch else (5,):
        x = torch.randn(length, *shape, generator=torch.Generator().manual_seed(length))
        with torch.no_grad():
            expected = np.asarray(module(x.clone()).double())
        value = np.asarray(found.evaluate(x.numpy()))
        finite = np.isfinite(expected)
        assert value.shape == expected.shape, why
        assert np.array_equal(finite, np.isfinite(value))
        assert np.abs(value - expected)[finite].max(initial=0) <= SINGLE * np.abs(expected[finite]).max(initial=1e-3)
    return "whole" if isinstance(found, Network) else "in parts"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_modules_as_files(block, tmp_path):
    torch.set_num_threads(1)
    seen = Counter()
    for k, (shape, module) in enumerate(many_modules()):
        if k % BLOCKS == block:
            for batch in (False, True):
                found = tried(module, shape, tmp_path / "a.pt2", batch)
                seen[found] += 1
    assert seen["whole"] > sum(seen.values()) / 4, seen
