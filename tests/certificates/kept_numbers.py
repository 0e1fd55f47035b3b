"""Numbers and words to the last digit, as an earlier day found them, in `kept_numbers.json`: what is another has to be read.

With NEUROVARIETY_ACCEPTED=anew they are kept anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

KEPT = Path(__file__).with_suffix(".json")


def check_kept(name: str, found: dict[str, str]) -> None:
    """Nothing that is found of a name, under any question, is other than it was."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    if os.environ.get("NEUROVARIETY_ACCEPTED"):
        KEPT.write_text(json.dumps(dict(sorted({**kept, name: found}.items())), indent=0) + "\n", encoding="utf-8")
    assert found == json.loads(KEPT.read_text(encoding="utf-8"))[name]


def digits(*arrays: object) -> str:
    """A hash of the exact numbers of arrays, and of their shapes."""
    found: list[object] = []
    for a in map(np.asarray, arrays):
        parts = (a.real, a.imag) if a.dtype.kind == "c" else (a,)
        found += [a.shape, *(v.hex() if isinstance(v, float) else str(v) for p in parts for v in p.reshape(-1).tolist())]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:12]


def spread(*shape: int, start: int = 0) -> np.ndarray:
    """Numbers between -1/2 and 1/2 of the golden ratio, the same on every machine."""
    k = np.arange(start + 1, start + 1 + int(np.prod(shape)), dtype=float)
    return ((k * 0.6180339887498949 % 1) - 0.5).reshape(shape)


def eighths(*shape: int, start: int = 0, least: float = 0.0) -> np.ndarray:
    """The same as multiples of 1/8 up to 2, so that sums of products are exact in whatever order."""
    found = np.round(spread(*shape, start=start) * 32) / 8
    return np.where(np.abs(found) < least, least, found)


def words_of(outcomes: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(outcomes)).encode()).hexdigest()[:12]
