"""Figures of the entries on training: landscape, basins, spectrum, chambers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DRAWINGS: dict[str, tuple[Callable[[Any, Any, Any], bool], float]] = {}
"""What draws a figure (on axes, from value and evidence; False where there is nothing to draw), and its height in inches."""
