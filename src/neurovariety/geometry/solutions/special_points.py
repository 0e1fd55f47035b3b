"""Critical points for a stated quadric and target, from all those for general ones.

As many regular ones as for general quadrics are all (test C). Fewer are all of a general target where loops of targets map them to
themselves (test L); then for the stated target, where as many are regular again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Inexact, Int

from neurovariety.budget import used_up
from neurovariety.certificates.completeness import Continued, Distinct, Looped
from neurovariety.certificates.general_members import CRITICAL_POINTS as KIND
from neurovariety.certificates.general_members import OtherQuadric, Relation
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue
from neurovariety.certificates.shown_points import Points
from neurovariety.claim import Claim
from neurovariety.geometry.solutions.affine_slices import normal
from neurovariety.geometry.solutions.critical_points import CriticalPoints
from neurovariety.homotopy import Certificates, End, SpecialEnds, System, Tape, certify, special_ends
from neurovariety.homotopy.incidence import ExactIncidence, shown, shown_part
from neurovariety.homotopy.loops import closed_under_loops


@dataclass(frozen=True, eq=False)
class OneMember:
    """The systems of a family of which single members are asked for."""

    system: System
    prints: Tape
    coordinates: Tape

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        """No slices are moved."""
        return np.zeros(0, dtype=np.int64)

    def can_have(self, points: int) -> bool:
        """Nothing is known."""
        return True


@dataclass(frozen=True, eq=False)
class SpecialPoints:
    """The critical points at smooth functions: a ``system`` whose solutions they are at ``parameters``, their certificates, what
    became of each path, what is shown of their number, and of the number where the paths began (``general``)."""

    system: System
    parameters: Inexact[np.ndarray, " m"]
    certificates: Certificates
    ends: SpecialEnds
    verdict: Verdict
    general: Verdict

    @property
    def complete(self) -> bool:
        """Whether these are all, by test C or L."""
        return self.verdict.claim is Claim.COMPLETE


@dataclass(frozen=True, eq=False)
class Start:
    """All solutions (S, n) of the general problem at ``parameters``, and what is shown of their number."""

    solutions: Complex[np.ndarray, "S n"]
    parameters: Inexact[np.ndarray, " m"]
    verdict: Verdict


def special_points(
    points: CriticalPoints,
    start: Start,
    matrix: Float[np.ndarray, "N N"],
    image: Inexact[np.ndarray, " N"],
    rng: np.random.Generator,
    images: Tape | None = None,
    *,
    general_target: bool = False,
    general_quadric: bool = False,
) -> SpecialPoints:
    """Critical points for the quadric ``matrix`` and the target with image ``image``, from the general ones.

    ``images``: what ends are to have limits of (default: the prints). ``general_target`` and ``general_quadric``: they were
    drawn at random, the quadric among those of its rank.
    """
    special, entries, places = points.special(matrix)
    by = None if places is None else OtherQuadric(places)
    parameters = np.concatenate([image, entries])

    towards = points.towards(start.parameters, matrix, image)
    ends = special_ends(towards, start.solutions, images or points.prints, rng, (special, parameters))
    known = start.verdict.on
    if not (places is None and isinstance(known, ExactIncidence) and known.members is points):
        known = ExactIncidence(OneMember(special, points.prints, points.values))
    family: ExactIncidence = known  # the programs of the general problem where its systems are asked again
    regular = ends.points[ends.distinct(End.REGULAR)]
    verdict = continued(family, regular, parameters, start.verdict, by)
    sure, general = irreducible(matrix, points.dimension, general_quadric), start.verdict
    if verdict is None and sure and (len(regular) or not general_target) and not used_up():
        stated = _Stated(special, matrix, family, parameters, ends, regular, images or points.prints, by)
        regular, verdict, ends, general = _by_loops(points, start, stated, rng, general_target)
    found = certify(special, regular, parameters, points.values)
    if verdict is None:
        verdict = issue(Distinct(KIND, family.hash, shown_part(family, regular, parameters), (start.verdict,)), family)
    return SpecialPoints(special, parameters, found, ends, verdict, general)


def irreducible(matrix: Float[np.ndarray, "N N"], dimension: int, general: bool) -> bool:
    """Whether pairs of a smooth function and a target for which it is critical are irreducible, which test L presumes.

    They are an affine bundle over the functions at whose tangent space the quadric is not degenerate. What lies over the others is no
    larger where these have codimension two: where there are none, as the quadric is definite over C or general of a rank above the
    dimension. Of a quadric of rank equal to the dimension they are a hypersurface, and interpolation is a component of its own; of
    data whose rank is larger nothing is known.
    """
    rank = int(np.linalg.matrix_rank(matrix))
    return rank == len(matrix) or (general and rank > dimension)


def continued(
    family: ExactIncidence,
    solutions: Inexact[np.ndarray, "S n"],
    parameters: Inexact[np.ndarray, " m"],
    general: Verdict,
    by: Relation = None,
) -> Verdict | None:
    """Test C: that the solutions are all, since they are as many as at general parameters, which ``by`` relates to these; None where it
    does not pass."""
    if general.claim is Claim.LOWER_BOUND or len(solutions) != general.statement.value:
        return None
    return _shown(lambda points: Continued(KIND, family.hash, points[0], general, by), family, solutions, parameters)


def looped(
    family: ExactIncidence,
    solutions: Inexact[np.ndarray, "S n"],
    parameters: Inexact[np.ndarray, " m"],
    general: Verdict,
    fresh: tuple[Callable[[], Inexact[np.ndarray, " m"]], Sequence[int]],
    rng: np.random.Generator,
    by: Relation = None,
) -> tuple[Complex[np.ndarray, "found n"], Verdict | None]:
    """Test L: the solutions that loops through ``fresh`` members, in which the parameters of these numbers move, lead to, and that they
    are all; None where it does not pass."""
    drawn, moving = fresh
    members = family.members
    found, loops = closed_under_loops(members.system, members.prints, solutions, parameters, drawn, rng, used_up)
    if general.claim is Claim.LOWER_BOUND:
        return found, None
    moved = tuple(map(int, moving))
    return found, _shown(lambda points: Looped(KIND, family.hash, points[0], general, loops, moved, by), family, found, parameters)


def _shown(
    certificate: Callable[[tuple[Points, ...]], Certificate],
    family: ExactIncidence,
    solutions: Inexact[np.ndarray, "S n"],
    parameters: Inexact[np.ndarray, " m"],
) -> Verdict | None:
    try:
        return shown(certificate, family, (solutions, parameters))
    except NotShown:
        return None


@dataclass(frozen=True, eq=False)
class _Stated:
    """A stated quadric with the target asked for, what became of the paths from general ones, and the ``regular`` points among them."""

    system: System
    matrix: Float[np.ndarray, "N N"]
    family: ExactIncidence
    parameters: Inexact[np.ndarray, " m"]
    ends: SpecialEnds
    regular: Complex[np.ndarray, "R n"]
    images: Tape
    by: Relation


def _by_loops(
    points: CriticalPoints, start: Start, stated: _Stated, rng: np.random.Generator, general_target: bool
) -> tuple[Complex[np.ndarray, "R n"], Verdict | None, SpecialEnds, Verdict]:
    """Test L at a general target of the quadric, and from there test C at the stated one: points, what is shown, what became of the
    paths, and the number where these began."""
    system, matrix, parameters, regular = stated.system, stated.matrix, stated.parameters, stated.regular
    n = points.count
    size = np.abs(parameters[:n]).mean() or 1.0

    def fresh() -> Inexact[np.ndarray, " m"]:
        image = matrix @ normal(rng, (len(matrix),))
        return np.concatenate([image * size / (np.abs(image).mean() or 1.0), parameters[n:]])

    if general_target:
        found, verdict = looped(stated.family, regular, parameters, start.verdict, (fresh, range(n)), rng, stated.by)
        return found, verdict, stated.ends, start.verdict
    there = special_points(points, start, matrix, fresh()[:n], rng, general_target=True)
    if not there.complete:
        return regular, None, stated.ends, start.verdict
    known = there.certificates.centres

    towards = points.target_towards(there.parameters[:n], matrix, parameters[:n])
    ends = special_ends(towards, known, stated.images, rng, (system, parameters))
    found = ends.points[ends.distinct(End.REGULAR)]
    if len(found) < len(regular):
        return regular, None, stated.ends, start.verdict
    return found, continued(stated.family, found, parameters, there.verdict), ends, there.verdict
