"""The critical points of a likelihood: from sections of the curve to general counts, and from these to stated ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Inexact

from neurovariety.geometry.solutions.complete_fiber import complete_fiber
from neurovariety.geometry.solutions.count_facts import LikelihoodFacts
from neurovariety.geometry.solutions.likelihood import LikelihoodPoints
from neurovariety.geometry.solutions.moved_ends import ends_at_level, ends_at_parameters
from neurovariety.homotopy import Certificates, End, ResumeFile, certify
from neurovariety.progress import found_on_the_way


@dataclass(frozen=True, eq=False)
class LikelihoodEnds:
    """Certified critical points for ``counts`` (N,): in free weights with, for general counts, s as the last unknown.

    ``complete`` whether these are all; ``evidence`` as plain data.
    """

    certificates: Certificates
    counts: Inexact[np.ndarray, " N"]
    complete: bool
    evidence: LikelihoodFacts

    @property
    def points(self) -> Complex[np.ndarray, "points unknowns"]:
        """Centres of the certified boxes."""
        found: Complex[np.ndarray, "points unknowns"] = self.certificates.centres[self.certificates.certified]
        return found


def general_counts(problem: LikelihoodPoints, rng: np.random.Generator, kept: ResumeFile | None) -> LikelihoodEnds:
    """All critical points for general complex counts; none, not complete, where the curve they lie on was not completely cut."""
    curve = complete_fiber(problem, rng, kept, found_on_the_way)
    evidence: LikelihoodFacts = {"curve_degree": curve.count, **curve.to_dict()}
    base = curve.run.fibers[0]
    n = problem.count
    u, v = base.parameters[:n], base.parameters[n : 2 * n]
    if not curve.complete:
        none = certify(problem.system, np.zeros((0, problem.system.unknowns)), base.parameters, problem.functions)
        return LikelihoodEnds(none, u, False, {**evidence, "ends": {}})
    level = complex(*rng.normal(size=2))
    ends, confirmed = ends_at_level(problem, base, level, rng)
    at_level = np.concatenate([u, v, [1.0, 0.0, level]])
    proof = certify(problem.system, ends.points[ends.distinct(End.REGULAR)], at_level, problem.functions)
    evidence = {**evidence, "ends": ends.counts(), "certified": proof.count}
    return LikelihoodEnds(proof, u + level * v, confirmed and proof.complete, evidence)


def stated_counts(
    problem: LikelihoodPoints, general: LikelihoodEnds, counts: Inexact[np.ndarray, " N"], rng: np.random.Generator
) -> LikelihoodEnds:
    """The critical points for ``counts``, which the paths from those for general counts lead to, with their probabilities."""
    known = general.points[:, : problem.dimension]
    ends, confirmed = ends_at_parameters(problem.at_counts, problem.between, (known, general.counts), counts, problem.fewer, rng)
    proof = certify(problem.at_counts, ends.points[ends.distinct(End.REGULAR)], counts, problem.probabilities)
    hidden = bool(ends.distinct(End.SINGULAR))  # a distribution on which weights of this chart diverge may be critical all the same
    complete = general.complete and confirmed and proof.complete and not hidden
    return LikelihoodEnds(proof, counts, complete, {**general.evidence, "ends": ends.counts()})
