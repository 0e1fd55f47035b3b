"""Random ONNX graphs: read as what onnxruntime computes or refused in a sentence, and pruned to files that compute the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.certificates.network_shapes import shapes
from neurovariety.checkpoints.graph.network import Network

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from .random_graphs import random_graph, session  # noqa: E402

NEAR, NOISES = 1e-3, 64
"""What may be rounding: a part of the largest output, units in its last place, multiples of what such a unit of the inputs changes."""
MISREAD = ("computes something else", "cannot be read", "another shape")
"""What the reader says of an operator of which it made something wrong: none may be so, though all would be kept as they are."""


def fresh(feeds, length, seed):
    rng = np.random.default_rng([seed, length])
    return {k: rng.normal(size=(length, *v.shape[1:])).astype(v.dtype) for k, v in feeds.items()}


def nudged(feeds):
    rng = np.random.default_rng(1)
    return {
        k: np.asarray(v * (1 + np.finfo(v.dtype).eps * rng.integers(-1, 2, size=v.shape))).astype(v.dtype) for k, v in feeds.items()
    }


def close(expected, found, moved):
    """Equal up to rounding; infinities and NaN in the same places."""
    if expected.shape != found.shape:
        return False
    a, b, c = (np.asarray(v, dtype=np.float64) for v in (expected, found, moved))
    finite = np.isfinite(a)
    near = max(NEAR, NOISES * float(np.finfo(expected.dtype).eps))
    allowed = max(near * np.abs(a[finite]).max(initial=0), NOISES * np.abs(a - c)[finite & np.isfinite(c)].max(initial=0), 1e-30)
    return bool((finite == np.isfinite(b)).all() and np.abs(a - b)[finite].max(initial=0) <= allowed)


def agree(one, other, feeds, seed, lengths):
    """``other`` gives the outputs of the session ``one`` at fresh inputs of these lengths."""
    for length in lengths:
        x = fresh(feeds, length, seed)
        try:
            expected, near = one.run(None, x), one.run(None, nudged(x))
        except Exception:  # a size in the file is that of its own batch
            assert length != 3
            continue
        for a, b, c in zip(expected, other(x), near, strict=True):
            assert close(a, b, c), (seed, length)


def loaded(path):
    try:
        return nv.load_network(path), ""
    except nv.InputError as error:
        return None, str(error)


def tried(seed, folder):
    """One graph; what became of it, in words that are counted."""
    model, feeds = random_graph(seed)
    path, small = folder / "a.onnx", folder / "b.onnx"
    onnx.save(model, str(path))
    lengths = (3, 1, 5) if model.graph.input[0].type.tensor_type.shape.dim[0].dim_param else (3,)
    runtime = session(model)
    found, why = loaded(path)
    if found is None:
        assert 10 < len(why) < 500, (seed, why)
        assert "\n" not in why, (seed, why)
        return "refused"
    networks = [found] if isinstance(found, Network) else [r.network for r in found.regions]
    for network in networks:
        assert shapes(network) == network.shapes(), seed
    if isinstance(found, Network):
        agree(runtime, lambda x: [found.evaluate(next(iter(x.values())))], feeds, seed, lengths)
    else:
        assert not any(words in text for words in MISREAD for text in (found.why, *(o.reason for o in found.opaque))), seed
        assert not found.unread, seed
    smaller = nv.prune(path)
    smaller.write(small)
    written = onnx.load(str(small))
    onnx.checker.check_model(written)
    agree(runtime, lambda x: session(written).run(None, x), feeds, seed, lengths)
    removed = sum(smaller.value["removed"].values())
    assert (smaller.value["pruned"] < smaller.value["parameters"]) == bool(removed), seed
    assert not any("differs from the original" in n for n in smaller.notices), seed
    whole = "whole" if isinstance(found, Network) else "in parts" if networks else "kept"
    return f"{whole}, pruned" if removed else whole


@pytest.mark.parametrize("block", range(12))
def test_random_graphs(block, tmp_path):
    """Twenty-five graphs a block, three hundred in all; a campaign tries ten times as many."""
    count = size(25, 250)
    seen = Counter(tried(block * count + k, tmp_path) for k in range(count))
    assert sum(n for words, n in seen.items() if words.startswith("whole")) > count / 10
    assert sum(n for words, n in seen.items() if words.endswith("pruned")) > count / 10
    assert seen["refused"] < count / 20
