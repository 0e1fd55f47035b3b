"""The picture of free energies: of each simulated data set against the number of samples, and the curve that is predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurovariety.learning.free_energy import FreeEnergies
from neurovariety.pictures.canvas import Explained, Picture, legend, picture_of
from neurovariety.pictures.colours import MAIN, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def free_energy_canvas(found: FreeEnergies, network: str, coefficient: float | None, multiplicity: int) -> Picture:
    """Free energies of ``found``, and where the ``coefficient`` is known lambda log n - (m - 1) log log n through their last mean."""

    def draw(axes: Axes) -> Explained:
        sizes = np.array(found.sizes)
        for k, row in enumerate(found.values):
            axes.plot(sizes, row, "o-", color=MAIN, alpha=0.5, label=None if k else "a data set")
        if coefficient is not None:
            grid = np.geomspace(sizes[0], sizes[-1], 60)
            curve = coefficient * np.log(grid) - (multiplicity - 1) * np.log(np.log(grid))
            axes.plot(grid, curve + found.values[:, -1].mean() - curve[-1], "--", color=SECOND, label=_named(coefficient, multiplicity))
        axes.set_xscale("log")
        axes.set_xlabel("samples n")
        axes.set_ylabel("free energy")
        legend(axes)
        return Explained(
            f"Free energies of {network}",
            "Minus the log evidence of simulated data, relative to that of the true function. The dashed curve is moved up or down to "
            "meet the mean of the data sets at the right; its shape is what the learning coefficient predicts.",
        )

    picture = picture_of(draw, 3.4)
    assert picture is not None
    return picture


def _named(coefficient: float, multiplicity: int) -> str:
    times = "" if multiplicity == 2 else f"{multiplicity - 1} "
    return f"{coefficient:.4g} log n" + ("" if multiplicity == 1 else f" - {times}log log n")
