"""A ReLU network as a tropical rational function: f = g - h, each the maximum of finitely many affine functions.

Definition: in the tropical semiring addition is the maximum and multiplication is addition, so an affine function is a monomial (its
slopes are the exponents, its constant the coefficient) and the maximum of some is a polynomial. Every ReLU network is a quotient of two
(Zhang, Naitzat, Lim 2018). The decomposition here is the one that follows the layers; monomials that are nowhere the largest are left
out. Another decomposition may have fewer. The decision border {f = 0} is {g = h}, part of the tropical hypersurface of max(g, h).

The Newton polytope of a part is the convex hull of its slopes. Its normal fan says which monomial is the largest far out in which
direction: the maximal cone of a vertex holds the directions in which that slope wins. The common refinement of both fans, that of the
sum of the polytopes, so cuts the directions into cones in which the function is affine in the end; without biases these are its pieces,
of which some may be one affine function.

What is proved: that f = g - h with these monomials, that none of them can be left out, and the fans.
Meaning for learning: how convex the function is; a network whose h has one monomial is convex. And how it extrapolates.

Sources: Zhang, Naitzat, Lim 2018; Brandenburg, Loho, Montufar 2024.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Unpack

from neurovariety.beyond.piecewise.all_regions import all_regions
from neurovariety.beyond.piecewise.fan_scripts import fans_script
from neurovariety.beyond.piecewise.newton_facets import normal_fans
from neurovariety.beyond.piecewise.region_options import RegionOptions
from neurovariety.beyond.piecewise.tropical_scripts import tropical_script
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.tropical_forms import TropicalPart, tropical_parts
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.options import require_choice
from neurovariety.pictures.drawn_result import DrawnResult
from neurovariety.result import Provenance

PARTS_WRITTEN = ("form", "fans")
"""What `TropicalResult.script` writes."""


@dataclass(frozen=True, repr=False)
class TropicalResult(DrawnResult):
    """A network as g - h. ``value``: ``numerator`` (g) and ``denominator`` (h), for each output its monomials, each as the constant and
    then the slopes along the inputs, exact numbers as text; ``fans``, null in a box or where there are too many monomials: for the
    ``numerator``, the ``denominator`` and their ``common`` refinement, for each output the normal fan of the Newton polytope.

    A fan has the ``dimension`` of its polytope and the numbers of faces of that (``f_vector``, from vertices to facets), the
    ``vertices`` as numbers of monomials (a pair in the common one), the ``rays`` as primitive whole vectors, outer normals of the
    facets, modulo the ``lineality`` space, and for each vertex the places of the rays of its maximal cone (``cones``).
    ``evidence``: how many monomials there are, and how many regions the network has.
    """

    entry: ClassVar[str] = "tropical"
    figure: ClassVar[str] = "monomials"
    sources: ClassVar[tuple[str, ...]] = ("zhang2018", "brandenburg2024")
    headline: ClassVar[tuple[str, ...]] = ("numerator", "denominator")

    def speaks(self) -> Sequence[str]:
        """The keys that say something."""
        return [key for key, part in self.value.items() if part is not None]

    def shown(self) -> str:
        """How many monomials there are."""
        return f"numerator {self.evidence['numerator']}, denominator {self.evidence['denominator']} monomials"

    def script(self, system: str, part: str = "form") -> str:
        """The same as text that "polymake", "oscar" or "tropicalnn" reads; as ``part`` "fans" the Newton polytopes and normal fans, for
        the first two.

        polymake and OSCAR take whole exponents: there f is (g - h) / scale, as the first line says. Raises `InputError` for another
        system or part, and `ResourceError` where exponents are larger than it takes, as they are for most weights in floats.
        """
        require_choice("part", part, PARTS_WRITTEN)
        if part == "fans":
            return fans_script(self.value, self.subject, system)
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
    notices = []
    try:
        claims["fans"] = normal_fans(claims["numerator"], claims["denominator"], source)
    except NotShown as why:
        claims["fans"] = weak(Statement("tropical: fans", "", None), Claim.UNDECIDED, str(why))
        notices.append(f"normal fans are left out: {why}")
    return TropicalResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        subject=source.source,
        evidence={**{key: [len(m) for m in parts[key]] for key in parts}, "regions": regions.statement.value, "theorems": []},
        provenance=Provenance.since(start, 0),
        notices=tuple(notices),
    )
