"""How much work a report does: a budget for the searches of each entry, counted in operations, and how much is sampled.

Where a budget is used up an entry says what it has found, with the claim that this carries. Called alone each entry searches to the
end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

EffortName = Literal["small", "normal", "large"]


class Effort(NamedTuple):
    """At most so many ``operations`` for an entry's searches, and ``numbers`` in place of the usual ones of entries that sample."""

    operations: float
    numbers: Mapping[str, int]


EFFORTS: Mapping[EffortName, Effort] = {
    "small": Effort(
        5e9,
        {"targets": 20, "targets with flows": 10, "flow targets": 1, "runs": 12, "grid": 8, "random targets": 20, "bisections": 1},
    ),
    "normal": Effort(
        5e10,
        {"targets": 50, "targets with flows": 20, "flow targets": 2, "runs": 24, "grid": 16, "random targets": 50, "bisections": 1},
    ),
    "large": Effort(2e12, {}),
}
"""Some 2, 20 and 1,000 seconds on two cores at most. Runs are as many everywhere: one batch shares what is compiled."""
