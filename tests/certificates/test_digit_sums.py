"""Sums of rows by digits against sums of whole numbers, and forms of networks by both routes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates import piecewise_forms
from neurovariety.certificates.digit_sums import DigitRows


@pytest.mark.parametrize("bits", [1, 51, 52, 53, 300])
def test_sums_are_those_of_whole_numbers(bits):
    """Numbers of both signs and of all sizes; all rows, none, and such in which digits are as large as they can be."""
    rng = np.random.default_rng(bits)
    table = np.empty((64, 3), dtype=object)
    for place in np.ndindex(*table.shape):
        table[place] = int(rng.integers(-1, 2)) * int.from_bytes(rng.bytes(-(-bits // 8)), "little") >> int(rng.integers(0, bits))
    table[:, 2] = 2**bits - 1
    chosen = rng.integers(0, 2, size=(20, 64)).astype(bool)
    chosen[0], chosen[1] = True, False
    found = DigitRows(table).sums(chosen)
    assert all(type(v) is int for v in found.reshape(-1).tolist())
    expected = [[sum(v for v, take in zip(column, row, strict=True) if take) for column in table.T.tolist()] for row in chosen.tolist()]
    assert found.tolist() == expected


@pytest.mark.parametrize("architecture", ["mlp(2,4,3,2; relu; bias)", "mlp(2,3,3,3,1; leaky_relu)", "mlp(2,3,2,1; hardtanh; bias)"])
def test_forms_are_the_same_by_both_routes(architecture, monkeypatch):
    rng = np.random.default_rng(0)
    widths = [int(v) for v in architecture[4:].split(";")[0].split(",")]
    weights = {f"W{k}": rng.normal(size=(b, a)) for k, (a, b) in enumerate(pairwise(widths), 1)}
    if "bias" in architecture:
        weights |= {f"b{k}": rng.normal(size=n) for k, n in enumerate(widths[1:], 1)}
    forms = piecewise_forms.piecewise_forms(nv.load_network(weights, architecture=architecture))
    on = rng.integers(0, 2, size=(30, forms.cuts)).astype(bool)
    if "hardtanh" in architecture:  # above the second kink is above the first
        on[:, ::2] |= on[:, 1::2]
    for k in range(len(forms.stages) + 1):
        many = len(forms.outputs) if k == len(forms.stages) else len(forms.stages[k].cuts)
        chosen = rng.integers(0, many, size=30).tolist()
        own = forms.pulled_back(k, chosen, on)
        with monkeypatch.context() as patch:
            patch.setattr(piecewise_forms, "_AT_ONCE", -1)
            assert forms.pulled_back(k, chosen, on) == own
