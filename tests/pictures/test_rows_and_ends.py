"""Pictures with many rows or lines: names are whole, axes say of what they are, and a number stands at the line that it counts."""

from __future__ import annotations

import itertools
from inspect import unwrap

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neurovariety.pictures.canvas import picture_of
from neurovariety.pictures.shares import bias_shares
from neurovariety.pictures.spectra import _GAP, apart, kernel_spectra

LONG = "sequence(linear(2,1); residual(mlp(1,1,1; x^2))) and an affine function"


class Found:
    """What a picture reads of a result."""

    subject = "mlp(2,2,1; x^2)"

    def __init__(self, value, evidence):
        self.value, self.evidence = value, evidence


def row(kind, name, best, flow):
    def share(part):
        return (None, None, None) if part is None else (part, max(part - 0.1, 0), min(part + 0.1, 1))

    parts = zip(("best", "best_low", "best_high", "flow", "flow_low", "flow_high"), (*share(best), *share(flow)), strict=True)
    return {"kind": kind, "name": name, "critically_exposed": "yes", **dict(parts)}


@pytest.mark.parametrize(
    ("best", "flow", "said"),
    [
        (0.2, 0.1, "share of targets or of runs, in %"),
        (0.2, None, "share of targets, in %"),
        (None, 0.3, "share of runs, in %"),
        (None, None, None),
    ],
)
def test_shares_say_of_what(best, flow, said):
    table = [row("network", "", best, flow), row("stratum", LONG, best, flow), row("stratum", "zero", best, flow)]
    drawn = picture_of(lambda axes: unwrap(bias_shares)(axes, Found({"table": table}, {"clear": 5, "converged": 4})), 2.6)
    if said is None:
        assert drawn is None
        return
    axes = drawn.axes[0]
    assert axes.get_xlabel() == said
    names = [t.get_text() for t in axes.get_yticklabels()]
    assert " ".join(names[1].split()) == f"{LONG} *"
    assert max(len(line) for name in names for line in name.split("\n")) <= 36
    assert "*" not in " ".join(names[2].split()[:-1])
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    boxes = [t.get_window_extent() for t in axes.get_yticklabels()]
    assert all(a.y0 >= b.y1 or b.y0 >= a.y1 for k, a in enumerate(boxes) for b in boxes[:k])
    assert min(b.x0 for b in boxes) >= 0


@pytest.mark.parametrize("seed", range(20))
def test_apart(seed):
    """In order, within the axes, at least the gap apart; and nothing moves where there is room."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 15))
    heights = sorted(rng.random(count) ** 3, reverse=True)
    places = apart(heights, _GAP)
    assert len(places) == count
    assert all(a - b > _GAP - 1e-9 for a, b in itertools.pairwise(places))
    assert min(places) >= -1e-9
    assert max(places) <= 1 + 1e-9
    spread = [0.9 - 0.1 * k for k in range(8)]
    assert apart(spread, _GAP) == pytest.approx(spread)
    assert apart([0.5, 0.5], 0.1) == pytest.approx([0.55, 0.45])


@pytest.mark.parametrize("count", [3, 8, 40])
def test_numbers_stand_at_their_lines(count):
    ends = [10.0 ** (4 - 5 * k / count) for k in range(count)]
    evidence = {"training": {"times": [0, 1, 10], "spectra": [ends, ends, ends]}}
    drawn = picture_of(lambda axes: unwrap(kernel_spectra)(axes, Found({"rank": count}, evidence)), 2.6)
    assert isinstance(drawn, Figure)
    FigureCanvasAgg(drawn).draw()
    axes = drawn.axes[0]
    places = {int(t.get_text()): t for t in axes.texts}
    assert min(places) == 1
    assert len(places) == (count if count <= 1 / _GAP else 14)
    for number, text in places.items():
        assert text.xy == (10, ends[number - 1])  # where the thin line ends
        if count == 3:
            at = axes.transAxes.inverted().transform(axes.transData.transform(text.xy))[1]
            assert text.xyann[1] == pytest.approx(at, abs=1e-6)
    boxes = [t.get_window_extent() for t in places.values()]
    assert not any(a.y0 < b.y1 - 0.5 and b.y0 < a.y1 - 0.5 for k, a in enumerate(boxes) for b in boxes[:k])
