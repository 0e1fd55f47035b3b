"""The critical points of a likelihood: from sections of the curve to general counts, and from these to stated ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Inexact

from neurovariety.certificates.completeness import Distinct
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.geometry.solutions.affine_slices import normal
from neurovariety.geometry.solutions.complete_fiber import complete_fiber
from neurovariety.geometry.solutions.count_facts import LikelihoodFacts
from neurovariety.geometry.solutions.likelihood import LikelihoodPoints
from neurovariety.geometry.solutions.moved_ends import ends_at_level, ends_at_parameters, on_line
from neurovariety.geometry.solutions.special_points import KIND, OneMember, continued, looped
from neurovariety.homotopy import Certificates, End, ResumeFile, certify
from neurovariety.homotopy.incidence import ExactIncidence, shown_part
from neurovariety.homotopy.real_centres import with_real_centres
from neurovariety.progress import found_on_the_way

_ROUNDED = 1e-12


@dataclass(frozen=True, eq=False)
class LikelihoodEnds:
    """Certified critical points in free weights for ``counts`` (N,).

    ``complete`` whether these are all; ``evidence`` as plain data; ``verdict``: what is shown of their number, as points of ``family``.
    """

    certificates: Certificates
    counts: Inexact[np.ndarray, " N"]
    complete: bool
    evidence: LikelihoodFacts
    verdict: Verdict | None = None
    family: ExactIncidence | None = None

    @property
    def points(self) -> Complex[np.ndarray, "points unknowns"]:
        """Centres of the certified boxes."""
        found: Complex[np.ndarray, "points unknowns"] = self.certificates.centres[self.certificates.certified]
        return found


def general_counts(
    problem: LikelihoodPoints, rng: np.random.Generator, kept: ResumeFile | None, premises: tuple[Verdict, ...] = ()
) -> LikelihoodEnds:
    """All critical points for general complex counts; none, not complete, where the curve they lie on was not completely cut.

    As many as the curve has on a general hyperplane are all (test C); fewer where loops of counts map them to themselves (test L).
    """
    curve = complete_fiber(problem, rng, kept, found_on_the_way, premises=premises)
    evidence: LikelihoodFacts = {"curve_degree": curve.count, **curve.to_dict()}
    base = curve.run.fibers[0]
    n, r = problem.count, problem.dimension
    u, v = base.parameters[:n], base.parameters[n : 2 * n]
    family = ExactIncidence(OneMember(problem.at_counts, problem.fewer, problem.probabilities))
    if not curve.complete:
        none = certify(problem.at_counts, np.zeros((0, r)), u, problem.fewer)
        return LikelihoodEnds(none, u, False, {**evidence, "ends": {}}, _at_least(family, np.zeros((0, r)), u, curve.verdict))
    level = complex(*rng.normal(size=2))
    ends = ends_at_level(problem, base, level, rng)
    counts, size = u + level * v, np.abs(u).mean()
    found = ends.points[ends.distinct(End.REGULAR)][:, :r]
    line = on_line((n, True))
    verdict = continued(family, found, counts, curve.verdict, line)
    if verdict is None and len(found):
        fresh = (lambda: size * normal(rng, (n,))), range(n)
        found, verdict = looped(family, found, counts, curve.verdict, fresh, rng, line)
    proof = certify(problem.at_counts, found, counts, problem.fewer)
    evidence = {**evidence, "ends": ends.counts(), "certified": proof.count}
    return LikelihoodEnds(proof, counts, verdict is not None, evidence, verdict or _at_least(family, found, counts, curve.verdict))


def _at_least(
    family: ExactIncidence, found: Inexact[np.ndarray, "S r"], counts: Inexact[np.ndarray, " N"], general: Verdict | None
) -> Verdict:
    about = () if general is None else (general,)
    return issue(Distinct(KIND, family.hash, shown_part(family, found, counts), about), family)


def stated_counts(
    problem: LikelihoodPoints, general: LikelihoodEnds, counts: Inexact[np.ndarray, " N"], rng: np.random.Generator
) -> LikelihoodEnds:
    """The critical points for ``counts``, which the paths from those for general counts lead to, with their probabilities.

    They are all where as many are regular and different as for general counts (test C), and the conjugate of each may be among them;
    else at least so many.
    """
    known = general.points
    ends, _ = ends_at_parameters(problem.at_counts, problem.between, (known, general.counts), counts, problem.fewer, rng)
    regular = with_real_centres(problem.at_counts, ends.points[ends.distinct(End.REGULAR)], counts)
    family = ExactIncidence(OneMember(problem.at_counts, problem.fewer, problem.probabilities))
    verdict = None if general.verdict is None else continued(family, regular, counts, general.verdict)
    proof = certify(problem.at_counts, regular, counts, problem.probabilities)
    complete = general.complete and verdict is not None and proof.complete and _conjugate(proof)
    if not complete:
        verdict = _at_least(family, regular, counts, general.verdict)
    return LikelihoodEnds(proof, counts, complete, {**general.evidence, "ends": ends.counts()}, verdict, family)


def _conjugate(proof: Certificates) -> bool:
    """Whether each of the certified points of a real problem may have its conjugate among them."""
    values, sizes = proof.values[proof.certified], proof.sizes[proof.certified]
    return all(
        (np.abs(values.conj() - value) <= sizes + size + _ROUNDED * np.abs(value)).all(axis=1).any()
        for value, size in zip(values, sizes, strict=True)
    )
