"""The interval that a sampled share lies in."""

from __future__ import annotations

import math

_Z = 1.96


def wilson(count: int, samples: int) -> tuple[float, float]:
    """The 95 % confidence interval of Wilson (1927) for a share of which ``count`` of ``samples`` were seen."""
    p, z = count / samples, _Z
    middle = (p + z * z / (2 * samples)) / (1 + z * z / samples)
    half = z * math.sqrt(p * (1 - p) / samples + z * z / (4 * samples * samples)) / (1 + z * z / samples)
    return max(0.0, middle - half), min(1.0, middle + half)
