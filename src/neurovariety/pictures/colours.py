"""The colours of pictures: of a light page, and what replaces them on a dark one.

Each has a contrast of at least 3:1 against the paper of its page, and blue, orange and grey stay apart for every kind of colour
blindness; where a picture tells more than three things apart it writes them besides (https://www.w3.org/TR/WCAG22/#non-text-contrast).
"""

from __future__ import annotations

INK, MAIN, SECOND, THIRD = "#1d2330", "#2f6fde", "#c2541b", "#77839a"
"""Text and lines; what is asked for; what it is compared with; the rest."""

PAPER = "#fcfcfa"
"""Behind pictures in notebooks and files."""

ON_DARK = {INK: "#e6e9ef", MAIN: "#7aa7ff", SECOND: "#ff9d66", THIRD: "#8b97ad"}
"""The same on a dark page, whose paper is `DARK_PAPER`."""

DARK_PAPER = "#1b1f26"

NAMES = {INK: "var(--ink)", MAIN: "var(--main)", SECOND: "var(--second)", THIRD: "var(--third)", PAPER: "var(--card)"}
"""Their names in the page of a report."""

SHADES = ("#c6d8f5", "#8fb3f0", "#f3c9ae", "#e79a6d", "#d9dce3", "#aab3c4", "#b9d8c2", "#e8d9a0")
"""Areas, which have a number written in them and are the same on light and dark pages."""

ON_SHADES = "#1d2331"
"""What is written on them, with a contrast of at least 4.5:1."""
