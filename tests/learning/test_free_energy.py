"""Free energies by thermodynamic integration, against a Gaussian integral and a known coefficient."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.learning.free_energy import SIZES, FreeEnergies, free_energies
from neurovariety.learning.sampled_problem import of_products
from neurovariety.randomness import generator


def test_one_weight_has_a_gaussian_evidence():
    """f = w with a standard normal prior: E exp(-n (w - g)^2 / 2 + n g^2 / 2) with g = G / sqrt(n) is a Gaussian integral."""
    found = free_energies(of_products((1, 1), 0), 3, 0)
    for k, row in enumerate(found.values):
        noise = generator(0, "learning.free_energy", k).standard_normal(1)[0]
        exact = [np.log(1 + n) / 2 - noise**2 / 2 * n / (1 + n) for n in found.sizes]
        assert row == pytest.approx(exact, abs=0.1)
    value, low, high = found.slope(1)
    assert low <= 0.5 <= high
    assert high - low < 0.2
    assert value == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("coefficient", "multiplicity"), [(0.5, 2), (2 / 3, 1), (1.5, 3), (1.5, 5)])
def test_terms_beside_the_slope_are_taken_off(coefficient, multiplicity):
    """Powers of 1 / log n up to the multiplicity less 1, one at least and two at most with five sizes."""
    logs = np.log(SIZES)
    main, second = coefficient * logs - (multiplicity - 1) * np.log(logs), logs**-2 if multiplicity > 2 else 0 * logs
    rows = [main + c + d / logs + 5 * d * second for c, d in ((1.0, 3.0), (-2.0, 0.5), (0.0, -7.0))]
    found = FreeEnergies(SIZES, np.array(rows))
    assert found.slope(multiplicity) == pytest.approx((coefficient,) * 3)
    assert found.slope(multiplicity + 1)[0] != pytest.approx(coefficient, rel=0.01)


def test_a_singular_network():
    """A product of two weights: 1/2 with multiplicity 2; the slope alone would be 4 % less."""
    found = free_energies(of_products((1, 1, 1), 0), 4, 0)
    value, low, high = found.slope(2)
    assert low <= 0.5 <= high
    assert value == pytest.approx(0.5, abs=0.03)
    assert found.slope(1)[0] < 0.485
