"""The words that options of training take."""

from __future__ import annotations

PREPARATIONS = ("none", "standardize", "whiten")
"""What can be done to data before training (`training.losses.prepare`)."""
