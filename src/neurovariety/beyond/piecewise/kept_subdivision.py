"""A subdivision that is kept on disk while it is made.

The file names the network and where its regions are looked for; a file of another question is refused. What comes out is checked as if
nothing had been read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurovariety.beyond.piecewise.cut_cells import CutCells
from neurovariety.errors import InputError
from neurovariety.options import shown
from neurovariety.whole_files import write_resume_file

_FORMAT = 1
"""To be raised also where cuts come in another order."""
_INTERVAL = 2.0
"""Seconds between two writings, at least; and of all time writing takes a tenth at most."""
_PART = 10


@dataclass(frozen=True)
class Begun:
    """Where a subdivision was left: before which cut of which stage, what is positive on the cells that the stage began with (``on``),
    and the signs of its cuts at the rays (``table``)."""

    stage: int
    place: int
    on: np.ndarray
    table: np.ndarray


class KeptSubdivision:
    """A file that a subdivision is written to now and then. ``question``: names of what it depends on, and what each is.
    ``was_read``: a search goes on from what it held."""

    def __init__(self, path: str | Path, question: Mapping[str, str]) -> None:
        self._path, self._question = Path(path), dict(question)
        self._last, self._wait = time.monotonic(), _INTERVAL
        self.was_read = False

    @property
    def is_due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return time.monotonic() - self._last >= self._wait

    def write(self, cells: CutCells, begun: Begun) -> None:
        """Write now. Raises `InputError` where the file cannot be written."""
        start = time.monotonic()
        facts = {"format": _FORMAT, "question": self._question, "stage": begun.stage, "place": begun.place}
        arrays = cells.state() | {"on": begun.on, "table": begun.table, "rays": _as_bytes(cells.rays.tolist())}
        write_resume_file(self._path, facts, arrays)
        self._last = time.monotonic()
        self._wait = max(_INTERVAL, _PART * (self._last - start))

    def read(self, cells: CutCells) -> Begun | None:
        """Put what the file holds into cells that were not cut yet; None where there is no file.

        Raises `InputError` for a file that is no resume file, or one of another question.
        """
        if not self._path.exists():
            return None
        try:
            with open(self._path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                facts = json.loads(bytes(arrays["facts"]).decode())
                if facts["format"] != _FORMAT:
                    raise KeyError("format")
                known = {str(part): str(said) for part, said in facts["question"].items()}
                state = {name: arrays[name] for name in cells.state()}
                rays = _of_bytes(arrays["rays"])
                begun = Begun(int(facts["stage"]), int(facts["place"]), arrays["on"], arrays["table"])
            self._compare(known)
            cells.go_on(rays, state)
            if len(begun.table) != len(rays) or cells.parents.rows.max() >= len(begun.on) or begun.on.dtype != bool:
                raise ValueError("table")
        except InputError:
            raise
        except Exception:  # a damaged archive fails in many ways
            raise self.foreign() from None
        self.was_read = True
        return begun

    def foreign(self) -> InputError:
        """That the file is none of a search of these regions."""
        return InputError(f"{shown(str(self._path))} is no resume file of regions of this version; name a new file to start again")

    def _compare(self, known: Mapping[str, str]) -> None:
        for part in dict.fromkeys([*self._question, *known]):
            here, there = self._question.get(part, "not stated"), known.get(part, "not stated")
            if here != there:
                raise InputError(
                    f"the resume file {shown(str(self._path))} belongs to another question: the {part} there: {there}, here: {here}; "
                    "name another file"
                )


def _as_bytes(rays: list[list[int]]) -> np.ndarray:
    """(rays, coordinates, bytes) of whole numbers."""
    width = 1 + max(v.bit_length() for r in rays for v in r) // 8
    text = b"".join(v.to_bytes(width, "little", signed=True) for r in rays for v in r)
    return np.frombuffer(text, dtype=np.uint8).reshape(len(rays), len(rays[0]), width)


def _of_bytes(table: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(int.from_bytes(v.tobytes(), "little", signed=True) for v in row) for row in table]
