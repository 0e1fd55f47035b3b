"""Files that searches are kept in, whole at any moment: each is written under another name, which then takes the place of the old one.

Facts are kept as JSON among the arrays, under the name ``facts``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.errors import InputError
from neurovariety.options import shown


def write_resume_file(path: Path, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write facts and arrays. Raises `InputError` where the file cannot be written."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    written: dict[str, Any] = {"facts": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8), **arrays}
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **written)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"the resume file {shown(str(path))} cannot be written: {error.strerror}") from None
