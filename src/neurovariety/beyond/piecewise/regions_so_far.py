"""What is known of the regions of a network when their search is stopped: at least how many there are, proved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurovariety.beyond.piecewise.all_regions import cells_so_far
from neurovariety.beyond.piecewise.regions import RegionsResult, RegionsValue
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.piecewise_forms import piecewise_forms
from neurovariety.certificates.piecewise_signs import SignForms
from neurovariety.certificates.regions_from_below import RegionsAtLeast, inside_of_regions
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim

_MOST = 50_000
"""Pieces in which a point is looked for: some seconds."""


def regions_so_far() -> RegionsResult | None:
    """A network has at least as many regions as pieces in which a point lies on no border: those of the last search that an interrupt
    or a time limit stopped, up to 50,000 of them. None where no search was stopped, or no such point was found."""
    stopped = cells_so_far()
    if stopped is None:
        return None
    subject = network_hash(stopped.network)
    forms = stopped.domain.of(piecewise_forms(stopped.network))
    points = [_inside(rays) for rays in stopped.cells.some(_MOST)]
    signs, _ = SignForms(forms).signs(points)
    fits = inside_of_regions(forms, signs) & np.array([p[0] > 0 for p in points])
    kept = {row.tobytes(): k for k, (row, fit) in enumerate(zip(signs, fits.tolist(), strict=True)) if fit}
    if not kept:
        return None
    table = np.empty((len(kept), forms.inputs + 1), dtype=object)
    table[:] = [points[k] for k in kept.values()]
    known = issue(RegionsAtLeast(subject, stopped.domain, table), stopped.network)
    value = dict.fromkeys(RegionsValue.__annotations__) | {"activation_regions": known.statement.value}
    why = "the search was stopped before all regions were found"
    return RegionsResult(
        value=value,
        claims=lambda key, part: (
            known if key == "activation_regions" else weak(Statement(f"regions: {key}", subject, part), Claim.UNDECIDED, why)
        ),
        subject=stopped.network.source,
        evidence={"finished": False, "pieces": len(stopped.cells), "theorems": []},
        notices=(why,),
    )


def _inside(rays: Sequence[Sequence[int]]) -> list[int]:
    """The sum of rays, all made of about the same size."""
    sizes = [max(abs(v) for v in r).bit_length() for r in rays]
    most = max(sizes)
    return [sum(r[i] << most - size for r, size in zip(rays, sizes, strict=True)) for i in range(len(rays[0]))]
