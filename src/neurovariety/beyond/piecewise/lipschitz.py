"""The Lipschitz constants of a piecewise linear network, from all of its regions: how fast its outputs change, at most and somewhere.

Definition: the least L with N(f(x) - f(y)) <= L N(x - y) for all inputs, or those of a box, where N is the l1, the Euclidean or the
maximum norm of inputs and of outputs alike. With one output f it is the largest size of the gradient: in l1 its largest entry, in the
maximum norm the sum of its sizes.

What is proved: the constants of l1 and the maximum norm exactly, that of the Euclidean norm between two numbers that agree to many
digits, from the affine functions on all cells. A product of norms of the layers, or an interval bound, is only a bound from above.
Meaning for learning: how much an input that is off by so much can change what the network says.

Sources: Jordan, Dimakis 2020; Stargalla, Hertrich, Reichman 2025.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, TypedDict, Unpack

import numpy as np

from neurovariety.beyond.piecewise.all_regions import all_regions
from neurovariety.beyond.piecewise.region_options import RegionOptions
from neurovariety.certificates.affine_pieces import AffinePieces, affine_pieces, in_brief, root_between
from neurovariety.certificates.issue import Verdict, first_shown, issue
from neurovariety.certificates.lipschitz_constants import LipschitzConstant, gram, largest_sum, traces
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError
from neurovariety.result import Provenance, Result

_LOOSER = (Fraction(1, 10**13), Fraction(1, 10**10), Fraction(1, 10**6))
"""Parts by which an eigenvalue in floats is moved to either side, until the bounds hold."""


class LipschitzValue(TypedDict):
    """See `LipschitzResult`."""

    l1: str
    l2: list[str]
    linf: str


@dataclass(frozen=True, repr=False)
class LipschitzResult(Result):
    """The constants as exact numbers, which are texts: ``l1`` and ``linf`` are equal to them, ``l2`` lies between two (twice the same
    one
    where it is rational). ``evidence``: the number of ``regions``."""

    entry: ClassVar[str] = "lipschitz"
    sources: ClassVar[tuple[str, ...]] = ("jordan2020", "stargalla2025")

    def shown(self) -> str:
        """The constants in a few digits."""
        return ", ".join(f"{key} {in_brief(Fraction(v if isinstance(v, str) else v[1]))}" for key, v in self.value.items())


def lipschitz(network: object, **options: Unpack[RegionOptions]) -> LipschitzResult:
    """The Lipschitz constants of a network whose activations are linear on pieces, everywhere or in a ``box``.

    ``network`` and the options are those of `regions`, or its result. Raises `InputError` for other activations, and `ResourceError`
    where there are too many regions, or they have too many coefficients.

    >>> found = lipschitz({"w1": [[3, 4], [0, 1]], "w2": [[1, -1]]}, architecture="mlp(2,2,1; relu)")
    >>> found.value
    {'l1': '4', 'l2': ['5', '5'], 'linf': '7'}
    """
    start = time.perf_counter()
    found = all_regions(network, **options)
    try:
        pieces = affine_pieces(found.cells, found.network)
        sums = {norm: largest_sum(pieces, norm) for norm in ("l1", "linf")}
        exact = {norm: issue(LipschitzConstant(norm, v, v, found.verdict), found.network) for norm, v in sums.items()}
        claims = {"l1": exact["l1"], "l2": _euclidean(pieces, found.verdict, found.network), "linf": exact["linf"]}
    except NotShown as why:
        raise ResourceError(f"the Lipschitz constants are not found: {why}") from None
    return LipschitzResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        subject=found.network.source,
        evidence={"regions": found.verdict.statement.value, "theorems": []},
        provenance=Provenance.since(start, 0),
    )


def _euclidean(pieces: AffinePieces, cells: Verdict, network: NetworkData) -> Verdict:
    """The largest of the largest singular values: the sum of squares itself where there is one output, or one input."""
    sizes = traces(pieces)
    if 1 in (gram(pieces, 0).nrows(), gram(pieces, 0).ncols()):
        low, high = root_between(Fraction(int(max(sizes)), pieces.scale**2))
        return issue(LipschitzConstant("l2", low, high, cells), network)
    best = Fraction(0)
    for c in sorted(range(len(sizes)), key=lambda c: -sizes[c]):
        if Fraction(int(sizes[c]), pieces.scale**2) <= best:
            break
        best = max(best, _eigenvalue(pieces, c))
    ends = [(root_between(best * (1 - part))[0], root_between(best * (1 + part))[1]) for part in _LOOSER]
    return first_shown(network, *(LipschitzConstant("l2", low, high, cells) for low, high in ends))


def _eigenvalue(pieces: AffinePieces, cell: int) -> Fraction:
    """The largest eigenvalue on a cell, as far as floats know it."""
    table = gram(pieces, cell).tolist()
    most = max(int(row[i]) for i, row in enumerate(table)) or 1
    values = np.linalg.eigvalsh(np.array([[int(v) / most for v in row] for row in table]))
    return Fraction(float(values[-1])) * most / pieces.scale**2
