"""Reading a ``.pt2`` archive without running anything that is in it.

A ``.pt2`` file is a zip archive: the program as JSON, the weights as raw bytes, and possibly pickles. ``torch.export.load`` unpickles
(``torch.load(weights_only=False)``, ``pickle.loads``) whatever the archive marks as pickled, so a file from a stranger could run any
code. Here the JSON and the raw bytes are read with the standard library and NumPy alone; an archive that needs a pickle is refused.
Torch itself is not needed.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array, floating
from neurovariety.checkpoints.readers.zip_sizes import check_sizes_of
from neurovariety.errors import InputError

SCHEMA_MAJOR = 8
"""The major version of torch's export schema that is read (torch 2.5 to 2.13 write 8); another one is refused, not guessed at."""

Json = dict[str, Any]
"""An object of JSON, whose entries are checked as they are read."""

_DTYPES = {1: "u1", 2: "i1", 3: "i2", 4: "i4", 5: "i8", 6: "f2", 7: "f4", 8: "f8", 12: "?"}
_BFLOAT16 = 13


@dataclass(frozen=True, eq=False)
class Archive:
    """The program of a ``.pt2`` archive, as JSON, with its tensors by their full names."""

    program: Json
    tensors: dict[str, Array]


def read_archive(file: str | Path | BytesIO, shown: str) -> Archive:
    """The program and tensors of a ``.pt2`` archive. Raises `InputError` for a damaged or foreign file, and for any pickle."""
    try:
        with zipfile.ZipFile(file) as z:
            check_sizes_of(z, file.getbuffer().nbytes if isinstance(file, BytesIO) else Path(file).stat().st_size, shown)
            return _read(z, shown)
    except InputError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # damaged archives and JSON of another form fail in many ways
        raise InputError(
            f"{shown} cannot be read as a .pt2 archive ({type(error).__name__}: {str(error)[:100]}); write it with torch.export.save"
        ) from error


def _read(z: zipfile.ZipFile, shown: str) -> Archive:
    names = {n.partition("/")[2]: n for n in z.namelist()}
    if "archive_format" not in names or z.read(names["archive_format"]) != b"pt2":
        raise InputError(
            f"{shown} is not a .pt2 archive; files of torch.save are pickles and can run code when opened: export the module with "
            "torch.export.save, or to ONNX"
        )
    models = [n for n in names if n.startswith("models/") and n.endswith(".json")]
    if len(models) != 1:
        raise InputError(f"{shown} holds {len(models)} exported programs, expected one: write it with torch.export.save(program, file)")
    model = models[0].removeprefix("models/").removesuffix(".json")
    program = json.loads(z.read(names[models[0]]))
    major = program["schema_version"]["major"]
    if major != SCHEMA_MAJOR:
        raise InputError(
            f"{shown} has version {major} of torch's export schema, read is version {SCHEMA_MAJOR}; export it again with torch 2.13"
        )
    order = z.read(names["byteorder"]).decode() if "byteorder" in names else "little"
    tensors: dict[str, Array] = {}
    for folder in ("weights", "constants"):
        if f"data/{folder}/{model}.pt" in names:
            raise InputError(
                f"{shown} keeps its {folder} as a pickle, which could run code; save it again with torch.export.save of torch 2.13"
            )
        config = json.loads(z.read(names[f"data/{folder}/{model}_{folder}_config.json"]))["config"]
        for key, entry in config.items():
            if entry["use_pickle"] or not entry["path_name"].startswith(("weight_", "tensor_")):
                raise InputError(f"{shown} keeps {key!r} as a pickle, which could run code; only plain tensors are read")
            tensors[key] = _tensor(z.read(names[f"data/{folder}/{entry['path_name']}"]), entry["tensor_meta"], order, key)
    return Archive(program, tensors)


def _tensor(data: bytes, meta: Json, order: str, key: str) -> Array:
    """A strided view of the bytes, copied; its bounds are checked, for the numbers come from the file."""
    sizes = [int(n["as_int"]) for n in meta["sizes"]]
    strides = [int(n["as_int"]) for n in meta["strides"]]
    offset = int(meta["storage_offset"]["as_int"])
    code = meta["dtype"]
    if code not in _DTYPES and code != _BFLOAT16:
        raise InputError(
            f"the tensor {key!r} has number {code} of torch's types; read are integers, float16, bfloat16, float32 and float64"
        )
    width = "u2" if code == _BFLOAT16 else _DTYPES[code]
    dtype = np.dtype(width).newbyteorder(">" if order == "big" else "<")
    flat = np.frombuffer(data, dtype=dtype, count=len(data) // dtype.itemsize)
    if min([*sizes, *strides, offset, 0]) < 0 or len(sizes) != len(strides):
        raise InputError(f"the tensor {key!r} has sizes {sizes} and strides {strides}, which no tensor has")
    if 0 in sizes:
        return np.zeros(sizes, dtype=floating("bfloat16") if code == _BFLOAT16 else np.dtype(width))
    last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    if last >= flat.size:
        raise InputError(f"the tensor {key!r} needs {last + 1} stored entries, the archive holds {flat.size}")
    if prod(sizes) > flat.size:
        raise InputError(f"the tensor {key!r} shows {prod(sizes)} entries of {flat.size} stored ones; save a contiguous copy")
    view = np.lib.stride_tricks.as_strided(flat[offset:], sizes, [s * dtype.itemsize for s in strides])
    if code == _BFLOAT16:
        return np.array(view, dtype=np.uint16).view(floating("bfloat16")).reshape(sizes)
    return np.array(view, dtype=np.dtype(width))
