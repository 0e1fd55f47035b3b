"""A ReLU network as a tropical rational function: f = g - h, each the maximum of finitely many affine functions.

Definition: in the tropical semiring addition is the maximum and multiplication is addition, so an affine function is a monomial (its
slopes are the exponents, its constant the coefficient) and the maximum of some is a polynomial. Every ReLU network is a quotient of two
(Zhang, Naitzat, Lim 2018). The decomposition here is the one that follows the layers; monomials that are nowhere the largest are left
out. Another decomposition may have fewer. The decision border {f = 0} is {g = h}, part of the tropical hypersurface of max(g, h).

What is proved: that f = g - h with these monomials, and that none of them can be left out.
Meaning for learning: how convex the function is; a network whose h has one monomial is convex.

Sources: Zhang, Naitzat, Lim 2018; Brandenburg, Loho, Montufar 2024.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar, Unpack

from neurovariety.beyond.piecewise.all_regions import all_regions
from neurovariety.beyond.piecewise.region_options import RegionOptions
from neurovariety.beyond.piecewise.tropical_scripts import tropical_script
from neurovariety.certificates.issue import issue
from neurovariety.certificates.tropical_forms import TropicalPart, tropical_parts
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import InputError
from neurovariety.pictures.drawn_result import DrawnResult
from neurovariety.result import Provenance


@dataclass(frozen=True, repr=False)
class TropicalResult(DrawnResult):
    """A network as g - h. ``value``: ``numerator`` (g) and ``denominator`` (h), for each output its monomials, each as the constant and
    then the slopes along the inputs, exact numbers as text. ``evidence``: their numbers, and that of the regions of the network."""

    entry: ClassVar[str] = "tropical"
    figure: ClassVar[str] = "monomials"
    sources: ClassVar[tuple[str, ...]] = ("zhang2018", "brandenburg2024")

    def shown(self) -> str:
        """How many monomials there are."""
        return f"numerator {self.evidence['numerator']}, denominator {self.evidence['denominator']} monomials"

    def script(self, system: str) -> str:
        """The same as text that "polymake", "oscar" or "tropicalnn" reads.

        polymake and OSCAR take whole exponents: there f is (g - h) / scale, as the first line says. Raises `InputError` for another
        system, and `ResourceError` where exponents are larger than it takes, as they are for most weights in floats.
        """
        return tropical_script(self.value, self.subject, system)


def tropical(network: object, **options: Unpack[RegionOptions]) -> TropicalResult:
    """Write a network of ReLUs (and max pooling) as a difference of maxima of affine functions.

    ``network`` and the options are those of `regions`, or its result; in a ``box`` only what is the largest somewhere in it is listed.
    Raises `InputError` for other activations, and `ResourceError` where there are too many regions.

    >>> found = tropical({"w1": [[1], [1]], "b1": [0, -1], "w2": [[1, -2]], "b2": [3]}, architecture="mlp(1,2,1; relu; bias)")
    >>> found.value["numerator"], found.value["denominator"]
    ([[['3', '0'], ['3', '1']]], [[['-2', '2'], ['0', '0']]])
    """
    start = time.perf_counter()
    found = all_regions(network, **options)
    source, regions = found.network, found.verdict
    try:
        parts = tropical_parts(found.known)
    except NotShown as why:
        raise InputError(f"tropical forms are written of networks of ReLUs: {why}") from None
    claims = {
        "numerator": issue(TropicalPart("numerator", parts["numerator"], regions), source),
        "denominator": issue(TropicalPart("denominator", parts["denominator"], regions), source),
    }
    return TropicalResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        subject=source.source,
        evidence={**{key: [len(m) for m in parts[key]] for key in claims}, "regions": regions.statement.value, "theorems": []},
        provenance=Provenance.since(start, 0),
    )
