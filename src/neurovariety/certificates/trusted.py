"""What certificates rest on that their checks cannot show, in words.

Theorems, that a draw was random, tests of completeness, and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurovariety.certificates.analytic_networks import DEFINABLE, LessShifts
from neurovariety.certificates.compared_parts import SameParts
from neurovariety.certificates.completeness import Continued, Looped, Traced
from neurovariety.certificates.covering_numbers import CoveredByCells
from neurovariety.certificates.critical_exposure import ExposureTable
from neurovariety.certificates.critical_functions import AllInCharts
from neurovariety.certificates.equivariant_functions import EquivariantAtLeast, EquivariantComponent, LinearEquivariance
from neurovariety.certificates.fiber import EvenlyCovered, Sorted
from neurovariety.certificates.image_membership import PlacedByImage
from neurovariety.certificates.irreducible_components import ComponentOfModel
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.learning_coefficients import CoefficientOfLinear
from neurovariety.certificates.least_loss import LeastInLists, NoneBelow
from neurovariety.certificates.least_of_lists import LeastOfLists
from neurovariety.certificates.linear_symmetries import StatedMaps, StatedSpan
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.network_ranks import GenericRank
from neurovariety.certificates.neurons_on_a_line import OddNetwork
from neurovariety.certificates.positions import BoundaryPiece, NoBoundary, Placed
from neurovariety.certificates.resting import AllResting
from neurovariety.certificates.singular_functions import SingularByTheorem
from neurovariety.certificates.singular_hessian import SingularHessian
from neurovariety.certificates.singular_loci import DegreeOfVertex, SingularFamily, SingularInFamilies, SingularVertex
from neurovariety.certificates.softmax_attention import LessOrbits
from neurovariety.certificates.stratum_ranks import CriticalUnion, OrbitRanks, StratumRanks
from neurovariety.certificates.subnetwork_posets import KnownStrataListed, SubnetworkTable
from neurovariety.certificates.uniform_learning import UniformByCover, UniformBySpan
from neurovariety.certificates.upper_bounds import ByTheorem, FieldsVanish
from neurovariety.claim import Claim

PROBLEM = "that the stored problem is one of the architecture"
KNOWN_STRATA = "that no other strata are known"
_SYMMETRIES = "that the stated symmetries hold identically, which was seen at two places modulo primes of 61 bits"
_MOTIONS = "that maps of inputs and outputs act on the weights as stated, which was seen at two places modulo primes of 61 bits"
_STRATA = "that the stored maps of weights are the strata of these names"
_IMAGE = "the theorem that the functions are all of the set by which the target is placed"
_LISTS = "the theorem that weights or functions which the lists leave out are those of the stated smaller networks"
_LOOPS = "test L (loops), and that they were followed as stated"
_ENDS = "test C (as many ends as at general parameters)"
_PIECES = "the theorems on components of real algebraic sets (milnor1964) and on points of sections (Bezout)"
_DEFINABLE = "the theorem that the functions are definable in an o-minimal structure (speissegger1999)"
_CONE = "that the closure is a cone with that vertex"

ALWAYS: Mapping[type, str] = {
    FieldsVanish: _SYMMETRIES,
    StatedMaps: _SYMMETRIES,
    StatedSpan: _SYMMETRIES,
    EquivariantComponent: _MOTIONS,
    EquivariantAtLeast: _MOTIONS,
    LinearEquivariance: "that the network is linear, of the stated widths, and the theorem on its equivariant matrices (kohn2023)",
    Traced: "test T (the trace), and that slices were drawn at random",
    Looped: _LOOPS,
    EvenlyCovered: f"{_LOOPS}, and which points lie over one value",
    Sorted: "that weights over a value were sorted into orbits, or functions, as stated",
    Continued: _ENDS,
    AllInCharts: _ENDS,
    PlacedByImage: _IMAGE,
    BoundaryPiece: _IMAGE,
    NoBoundary: _IMAGE,
    AllResting: _LISTS,
    LeastInLists: _LISTS,
    LeastOfLists: _LISTS,
    StratumRanks: _STRATA,
    ExposureTable: _STRATA,
    OrbitRanks: "that the strata of these names are the orbits of the stated intervals (abeasis1980)",
    SubnetworkTable: "that the functions over the strata are those of the smaller networks named, and their sizes",
    CoefficientOfLinear: "the theorem on learning coefficients of deep linear networks (aoyagi2024)",
    KnownStrataListed: KNOWN_STRATA,
    SingularFamily: "that the strata of a family have common functions",
    SingularVertex: _CONE,
    DegreeOfVertex: _CONE,
    SameParts: "that operators beside the parts, and what is stored for them, were compared as stated",
    GenericRank: "that the stored functions are those of the network, with all of its weights free",
    CoveredByCells: f"{_PIECES}, and that norms without an inner product have one near them (john1948)",
    UniformByCover: "Hoeffding's inequality (hoeffding1963)",
    UniformBySpan: "John's theorem (john1948), contraction (maurer2016) and bounded differences (mcdiarmid1989)",
    SingularHessian: "that primes and points were drawn at random, and the stated bound of the error",
}
"""By type of certificate what every one of them rests on."""


def trusted(certificate: Any, found: Verdict, inherited: bool) -> list[str]:
    """What a certificate rests on that its check cannot show; ``inherited``: something that it rests on does."""
    own = [ALWAYS[kind] for kind in ALWAYS if isinstance(certificate, kind)]
    if isinstance(found.on, ProblemOfModel):
        own.append(PROBLEM)
    if isinstance(found.on, OddNetwork):
        own.append(f"that the Taylor coefficients of {found.on.activation} are 0 in even degrees and not 0 in odd ones")
    own += [words for kind, say in _SAYING.items() if isinstance(certificate, kind) and (words := say(certificate, found))]
    if found.claim is Claim.COMPLETE and not own and not inherited:
        own.append("a test of completeness")
    if found.statement.error and not isinstance(certificate, SingularHessian):
        own.append("that primes and points were drawn at random")
    return own


_SAYING: Mapping[type, Callable[[Any, Verdict], str]] = {
    ByTheorem: lambda c, _: f"the theorem {c.name!r} ({c.source}), and that its hypotheses hold",
    CriticalUnion: lambda c, _: f"the theorem {c.name!r} ({c.source}), and that its hypotheses hold",
    SingularByTheorem: lambda c, _: f"the theorem that {c.theorem}, and that its hypotheses hold",
    SingularInFamilies: lambda c, _: f"the theorem that {c.theorem}, and that its hypotheses hold",
    ComponentOfModel: lambda c, _: (
        "" if c.sizes is None else "that the functions are all matrices of bounded rank, of the stated sizes"
    ),
    LessShifts: lambda c, _: _DEFINABLE if DEFINABLE in c.scope else "",
    LessOrbits: lambda c, _: _DEFINABLE,
    Placed: lambda c, _: _IMAGE if c.part == "position" else f"{_IMAGE}, and the words for it",
    NoneBelow: lambda c, found: (
        ""
        if getattr(found.on, "nearest", None) is None
        else "the theorem of Eckart and Young, and that the matrices of all functions have that rank"
    ),
}
"""The same in words that depend on the certificate; nothing where it rests on nothing more."""
