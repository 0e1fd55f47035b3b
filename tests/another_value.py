"""Results that say something else than was found, as a file may: marked as recorded, for what has to notice."""

from __future__ import annotations

import dataclasses
from typing import Any

from neurovariety.certificates.issue import recorded
from neurovariety.certificates.statement import Statement
from neurovariety.dictionary.entry_result import EntryResult


def with_value(found: EntryResult, value: Any) -> Any:
    """``found`` with another value, under the same claim."""
    return dataclasses.replace(found, value=value, claims=lambda key, part: recorded(Statement(key, "", part), found.claim))
