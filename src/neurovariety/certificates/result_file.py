"""A result with its certificates as a file of JSON, and beside it, where arrays are large, one of arrays by their sha256."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.errors import InputError

LARGEST_INSIDE = 2**20
"""Bytes of arrays that are kept in the JSON itself, as base64."""


def write_result(path: str | Path, result: Mapping[str, Any]) -> list[Path]:
    """Write a result (a JSON object with ``certificates``) to ``path``; arrays of more than 1 MB together go to ``path.cert.npz``, and
    the JSON keeps their sha256. Returns the files that were written. Raises `InputError` where that is not possible."""
    path = Path(path)
    kept = result.get("certificates") or {"arrays": {}}
    written, data = [path], dict(result)
    try:
        if sum(len(a["base64"]) for a in kept["arrays"].values()) * 3 // 4 > LARGEST_INSIDE:
            from neurovariety.certificates.plain_form import array_of_json

            beside = path.with_name(path.name + ".cert.npz")
            arrays = {digest: array_of_json(digest, a, {}) for digest, a in kept["arrays"].items()}
            with beside.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            outside = {d: {"dtype": a["dtype"], "shape": a["shape"], "file": beside.name} for d, a in kept["arrays"].items()}
            data["certificates"] = {**kept, "arrays": outside}
            written.append(beside)
        path.write_text(json.dumps(data, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
    return written


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
    beside = path.with_name(path.name + ".cert.npz")
    if not beside.is_file():
        return data, {}
    try:
        with np.load(beside, allow_pickle=False) as arrays:
            return data, dict(arrays)
    except (OSError, ValueError, zipfile.BadZipFile):
        raise InputError(f"{beside} cannot be read as an archive of arrays") from None
