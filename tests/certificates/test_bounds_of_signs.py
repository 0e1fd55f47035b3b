"""The float64 bounds behind signs at rays hold the exact values, in chains, along skip connections and with several kinks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from neurovariety.certificates.piecewise_forms import Unit, _staged
from neurovariety.certificates.piecewise_signs import SignForms, _Features

RELU = ((Fraction(0),), ((Fraction(0), Fraction(0)), (Fraction(1), Fraction(0))))
CLIP = ((Fraction(-1), Fraction(1)), ((Fraction(0), Fraction(-1)), (Fraction(1), Fraction(0)), (Fraction(0), Fraction(1))))
INPUTS, WIDTH, DEPTH = 2, 6, 4


def drawn(seed, kinds, scale):
    """A network whose layers read the one before, and every other one the inputs too; the scales of layers differ by ``scale``."""
    rng = np.random.default_rng(seed)
    units, before = [], list(range(1 + INPUTS))
    for layer in range(DEPTH):
        read = sorted({*before, *(range(1 + INPUTS) if layer % 2 else [0])})
        factor = scale ** (layer % 2)
        units += [Unit({k: Fraction(float(rng.normal() * factor)) for k in read}, *kinds[layer % len(kinds)]) for _ in range(WIDTH)]
        before = [1 + INPUTS + len(units) - WIDTH + k for k in range(WIDTH)]
    return _staged(INPUTS, units, [{k: Fraction(float(rng.normal())) for k in before}])


def exactly(forms, ray):
    """What each unit takes, and the output."""
    values, taken = list(ray), []
    for unit in forms.units:
        z = sum((c * values[k] for k, c in unit.reads.items()), Fraction(0))
        slope, offset = unit.lines[sum(z > k * ray[0] for k in unit.kinks)]
        taken.append(z)
        values.append(slope * z + offset * ray[0])
    return taken, [sum((c * values[k] for k, c in o.items()), Fraction(0)) for o in forms.outputs]


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e30])
@pytest.mark.parametrize("kinds", [[RELU], [CLIP], [RELU, CLIP]], ids=["relu", "clipped", "both"])
def test_balls_hold_exact_values(kinds, scale):
    forms = drawn(len(kinds), kinds, scale)
    rng = np.random.default_rng(5)
    rays = np.array([[int(v) for v in (rng.integers(0, 2**40), *rng.integers(-(2**40), 2**40, 2))] for _ in range(12)], dtype=object)
    ready = SignForms(forms)
    features = _Features(rays, INPUTS, len(forms.units))
    balls = [stage.passed(features) for stage in (*ready._stages, ready._last)]
    for r, ray in enumerate(rays.tolist()):
        unit = Fraction(2) ** max(v.bit_length() for v in ray)
        taken, ends = exactly(forms, [Fraction(v) / unit for v in ray])
        for k, ball in enumerate(balls):
            last = k == len(forms.stages)
            chosen = [(e, Fraction(0)) for e in ends]
            if not last:
                places = [u - INPUTS - 1 for u in forms.stages[k].units]
                chosen = [(taken[u], kink) for u in places for kink in forms.units[u].kinks]
            for j, (value, kink) in enumerate(chosen):
                off = abs(value - kink * Fraction(ray[0]) / unit - Fraction(ball.middle[r, j]))
                assert off <= Fraction(ball.radius[r, j])
            assert scale != 1 or ball.radius[r].max() < 1e-9  # and are of use


def test_values_beyond_floats_have_no_sign():
    """10^90 times itself four times over is no float: the signs are found with whole numbers."""
    large = Fraction(10) ** 90
    units = [Unit({1 + k: large}, *RELU) for k in range(4)]
    forms = _staged(1, units, [{5: large, 1: -Fraction(1)}])
    ready = SignForms.ready(forms)
    assert ready is SignForms.ready(forms)
    assert ready is not SignForms.ready(_staged(1, units, [{5: large}]))
    signs, unsure = ready.of_stage(np.array([[1, 1], [1, -1]], dtype=object), len(forms.stages))
    assert signs[0, 0] == 0
    assert unsure[0, 0]
    cuts, outputs = ready.signs([(1, 1), (1, -1)])
    assert cuts[:].tolist() == [[1, 1, 1, 1], [-1, 0, 0, 0]]
    assert outputs.tolist() == [[1], [1]]
