"""How the affine functions of cells are told apart: at few places modulo a prime, and exactly where they meet there."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates import region_counts

from .test_regions import drawn, network

KEYS = ("distinct_affine_functions", "linear_regions_open", "linear_regions_closed")


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "hardtanh"])
@pytest.mark.parametrize("widths", [(2, 4, 3, 1), (3, 3, 2, 2), (1, 4, 3, 1)])
def test_places_and_primes_change_no_count(activation, widths, monkeypatch):
    """All coefficients, two places, and one place modulo 5, where most functions meet."""
    source = network(drawn(widths, np.random.default_rng(len(widths)), "degenerate"), activation)
    found = []
    for few, prime in ((region_counts._FEW, region_counts._PRIME), (0, region_counts._PRIME), (0, 5), (100, 5)):
        monkeypatch.setattr(region_counts, "_FEW", few)
        monkeypatch.setattr(region_counts, "_PRIME", prime)
        region_counts._counts.cache_clear()
        found.append([nv.regions(source, box=(-3, 2)).value[k] for k in KEYS])
    monkeypatch.setattr(region_counts, "_places", lambda width, cells: np.eye(width))
    region_counts._counts.cache_clear()
    found.append([nv.regions(source, box=(-3, 2)).value[k] for k in KEYS])
    assert all(row == found[0] for row in found)
