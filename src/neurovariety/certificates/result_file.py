"""A result with its certificates as a file of JSON, and beside it, where they are large, an archive that the JSON knows by its hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.certificates.plain_form import array_digest, array_of_json
from neurovariety.errors import InputError

LARGEST_INSIDE = 2**20
"""Characters of certificates that are kept in the JSON itself."""


def write_result(path: str | Path, result: Mapping[str, Any]) -> list[Path]:
    """Write a result (a JSON object with ``certificates``) to ``path``. Certificates of more than 1 MB go to ``path.cert.npz``, their
    text and their arrays by sha256, and the JSON keeps the sha256 of the text. Returns the files that were written. Raises `InputError`
    where that is not possible."""
    path, data = Path(path), dict(result)
    written, kept = [path], result.get("certificates")
    text = json.dumps(kept, allow_nan=False) if kept else ""
    try:
        if kept and len(text) > LARGEST_INSIDE:
            arrays = {digest: array_of_json(digest, a, {}) for digest, a in kept["arrays"].items()}
            outside = {d: {"dtype": a["dtype"], "shape": a["shape"], "file": _beside(path).name} for d, a in kept["arrays"].items()}
            words = np.frombuffer(json.dumps({**kept, "arrays": outside}).encode(), dtype=np.uint8)
            digest = array_digest(words)
            with _beside(path).open("wb") as file:
                np.savez_compressed(file, **arrays, **{digest: words})  # type: ignore[arg-type]
            data["certificates"] = {"form": kept["form"], "file": _beside(path).name, "sha256": digest}
            written.append(_beside(path))
        path.write_text(json.dumps(data) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
    return written


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".cert.npz")


def read_result(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The result in a file, and the arrays beside it by sha256. Raises `InputError` for a file that is not there, or no JSON object."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is no file of JSON; a result is written by --certificates FILE, or with --json") from None
    if not isinstance(data, dict):
        raise InputError(f"{path} holds no JSON object; a result is one, with entry, architecture, value and claims")
    kept = data.get("certificates")
    if not isinstance(kept, dict) or "file" not in kept:
        return data, {}
    try:
        with np.load(_beside(path), allow_pickle=False) as archive:
            arrays = dict(archive)
        words = array_of_json(str(kept.get("sha256")), {"file": _beside(path).name}, arrays)
        return {**data, "certificates": json.loads(words.tobytes())}, arrays
    except InputError:
        raise
    except Exception:  # a damaged archive fails in many ways
        raise InputError(f"the certificates are kept in {_beside(path).name!r} beside the result, which cannot be read") from None
