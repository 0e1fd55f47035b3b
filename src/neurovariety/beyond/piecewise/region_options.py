"""Where the regions of a network are looked for, and how it is read: said once for everything that is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from neurovariety.checkpoints.load import Shapes
from neurovariety.errors import InputError
from neurovariety.options import FileName, Whole

MOST_REGIONS = 200_000
"""Regions beyond which a subdivision is given up, unless told: a minute."""


class RegionOptions(TypedDict, total=False):
    """Options of `regions`, and of `tropical`, `lipschitz`, `robustness` and `functional_dimension`.

    ``box``: a pair (low, high) of numbers or arrays of the shape of an input; without one all inputs are meant. ``limit``: regions at
    which to give up (200,000). ``resume``: a file in which a long search is kept; the same call goes on from it. ``architecture``,
    ``example`` and ``input_shape`` are what `load_network` takes.
    """

    box: object
    limit: int
    resume: str | Path | None
    architecture: object
    example: object
    input_shape: Sequence[int] | Shapes | None


def require_region_options(options: Mapping[str, object]) -> None:
    """Raises `InputError` for an option that is none, and for a ``limit`` that is no number of regions."""
    if unknown := set(options) - set(RegionOptions.__annotations__):
        raise InputError(f"regions have no option {min(unknown)!r}; their options are {', '.join(RegionOptions.__annotations__)}")
    limit = options.get("limit", MOST_REGIONS)
    if refusal := Whole("limit= is a whole number of regions from {least} on", 1).refusal(limit):
        raise InputError(refusal)
    resume = options.get("resume")
    if resume is not None and (refusal := FileName().refusal(resume)):
        raise InputError(refusal)
