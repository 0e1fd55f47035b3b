"""One entry of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neurovariety.dictionary.entry import Entry
from neurovariety.result import Result

_OPTIONS = {"--seed", "--time-limit", "--memory-limit"}
"""Options of a report that mean the same for an entry alone; ``--target`` and ``--data`` do not."""


@dataclass(frozen=True)
class Row:
    """One entry of the report: its result, or the sentence that says why there is none."""

    entry: Entry
    result: Result | None
    problem: str = ""

    def placed(self, sentence: str) -> str:
        """A notice or a problem of the entry; where it names options that a report lacks, with the command that has them."""
        if set(re.findall(r"--[a-z][a-z-]*", sentence)) <= _OPTIONS:
            return sentence
        return f"{sentence} (options of neurovariety {self.entry.name}, not of a report)"
