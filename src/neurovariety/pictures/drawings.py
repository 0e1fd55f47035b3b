"""Which picture an entry has: what draws it, and its height in inches; and the picture of a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from neurovariety.pictures import counts, critical_graph, networks, shares
from neurovariety.pictures.canvas import Explained
from neurovariety.pictures.inclusions import inclusions
from neurovariety.pictures.slice_of_targets import chambers
from neurovariety.pictures.spectra import kernel_spectra
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWINGS: dict[str, tuple[Callable[[Axes, Result], Explained | None], float]] = {
    "bars": (counts.degrees_of_freedom, 1.7),
    "costs": (counts.learning_costs, 1.5),
    "split": (counts.directions, 1.3),
    "threshold": (counts.ranks_by_sample, 2.0),
    "samples": (counts.functions_left, 2.0),
    "polar": (counts.polar_degrees, 2.0),
    "ends": (counts.path_ends, 1.5),
    "covers": (counts.covering_bounds, 1.9),
    "exposed": (counts.exposed_targets, 2.4),
    "poset": (inclusions, 3.0),
    "landscape": (critical_graph.landscape, 3.0),
    "decayed": (critical_graph.decayed, 2.8),
    "likelihoods": (critical_graph.likelihoods, 2.8),
    "distances": (critical_graph.distances, 2.8),
    "flows": (critical_graph.ends_of_flow, 3.2),
    "spectrum": (kernel_spectra, 2.6),
    "chambers": (chambers, 4.6),
    "bias": (shares.bias_shares, 2.6),
    "fits": (shares.best_fit_shares, 2.2),
    "effective": (networks.effective_parameters, 1.7),
    "aligned": (networks.two_networks, 2.6),
    "monomials": (networks.monomials, 3.4),
    "flips": (networks.flipped_units, 2.4),
}
"""By the name that the registry of entries, or the class of a result, gives them."""
