"""The four colours of figures: those of the light page, which replaces them by its theme's."""

from __future__ import annotations

INK, MAIN, SECOND, THIRD = "#1d2330", "#2f6fde", "#d9632a", "#a9b6cc"
