"""Arrays out of ``.safetensors`` files: a JSON header with the place of each array, and raw bytes. Nothing in them can run."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array, floating
from neurovariety.errors import InputError

_MOST_HEADER = 2**26
"""Bytes of the longest header that is read: that of a model of thousands of arrays is far shorter."""
_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_WHOLE = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}


def read_safetensors(file: Path) -> dict[str, Array]:
    """The arrays of a ``.safetensors`` file by name, in their own types.

    Raises `InputError` for a damaged file, a type that is not read, and an array that lies outside the file.
    """
    try:
        with file.open("rb") as f:
            length = int.from_bytes(f.read(8), "little")
            if not 2 <= length <= min(_MOST_HEADER, file.stat().st_size):
                raise ValueError(f"its header claims {length:,} bytes")
            header = json.loads(f.read(length), object_pairs_hook=_unique)
            data = f.read()
        if not isinstance(header, dict):
            raise TypeError("its header is no object")
        return {k: _array(k, entry, data) for k, entry in header.items() if k != "__metadata__"}
    except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError, OverflowError) as error:
        raise InputError(f"{file.name} cannot be read as safetensors ({str(error)[:120]})") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("two arrays have one name")
    return found


def _array(name: str, entry: dict[str, object], data: bytes) -> Array:
    code, sizes, ends = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in {**_TYPES, **_WHOLE}:
        raise ValueError(f"the array {name!r} is of the type {code!r}, and read are {', '.join([*_TYPES, *_WHOLE])}")
    kind = floating(_TYPES[code]) if code in _TYPES else np.dtype(_WHOLE[code])
    if not isinstance(sizes, list) or not isinstance(ends, list) or not all(type(n) is int and n >= 0 for n in (*sizes, *ends)):
        raise ValueError(f"the array {name!r} has no shape and place")
    start, stop = ends
    if not start <= stop <= len(data) or stop - start != prod(sizes) * kind.itemsize:
        raise ValueError(f"the array {name!r} of shape {tuple(sizes)} does not fill its place of {stop - start} bytes of {len(data)}")
    return np.frombuffer(data[start:stop], dtype=kind).reshape(sizes)
