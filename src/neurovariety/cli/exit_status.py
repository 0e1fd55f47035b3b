"""Exit statuses of the command line."""

from __future__ import annotations

from typing import Final

ANSWERED: Final = 0
REFUSED: Final = 1
BAD_INPUT: Final = 2
NOT_FINISHED: Final = 3
INTERRUPTED: Final = 130
