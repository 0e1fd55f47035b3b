"""Weights of an analytic network: along how many directions the function stays as it is, and which linear changes do nothing.

From the dimension r of the functions: the fiber over a general function has dimension parameters - r, since the rank is r at almost
all weights. The shifts of biases under exp explain as many of these as there are; where r is parameters minus shifts nothing is
left to explain, and no linear map A of the weights but 0 is an infinitesimal symmetry. For J(w) A w = 0 then says A w = sum_i
c_i(w) s_i(w), with s_i the field of unit i: 1 at its bias b_i, minus the weight itself at each weight v after it, each in no other
field. So c_i is the entry of A w at b_i, a linear form, and c_i v, the entry at v, is one as well: c_i = 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION, AnalyticPerceptron
from neurovariety.certificates.fiber import HIDDEN
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.linear_symmetries import STATED, symmetries_in
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

GENERAL = "at general weights"
_OF_FIBERS: Mapping[str, str] = {"dimension": "dimension of the fiber", "hidden": HIDDEN}
_OF_SYMMETRIES: Mapping[str, str] = {
    "dimension": symmetries_in("all"),
    "stated": STATED,
    "unstated": "unstated linear symmetries",
    "orbit_dimension": "general orbit",
    "ansatz": "ansatz",
}


@dataclass(frozen=True)
class AnalyticFiber:
    """``value`` is the dimension of the general fiber, or (``key`` hidden) what of it the shifts do not explain."""

    key: str
    value: int
    dimension: Verdict

    def check(self, subject: AnalyticPerceptron) -> None:
        """Raises `NotShown` where parameters, dimension and shifts leave another number."""
        if self.key not in _OF_FIBERS or type(self.value) is not int:
            raise NotShown("the dimension of the fiber, or the hidden directions of it, are expected")
        check_dimension(self.dimension, subject)
        left = subject.parameters - self.dimension.statement.value - (subject.shifts if self.key == "hidden" else 0)
        if left != self.value:
            raise NotShown(f"{left} directions are left")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many directions; at most as many, where the dimension is bounded from below alone."""
        said = self.dimension.statement
        claim = Claim.PROVED if self.dimension.claim is Claim.PROVED else Claim.UPPER_BOUND
        return Statement(_OF_FIBERS[self.key], said.subject, self.value, (GENERAL,)), claim


@dataclass(frozen=True)
class NoLinearSymmetry:
    """Among all linear maps of the weights only 0 is an infinitesimal symmetry; ``key``: what of the answer says so."""

    key: str
    dimension: Verdict

    def check(self, subject: AnalyticPerceptron) -> None:
        """Raises `NotShown` where the dimension is not shown to be parameters minus shifts."""
        if self.key not in _OF_SYMMETRIES or not isinstance(subject, AnalyticPerceptron) or subject.moves_are_constant:
            raise NotShown("a part of the answer on linear symmetries is expected")
        check_dimension(self.dimension, subject)
        if self.dimension.claim is not Claim.PROVED or self.dimension.statement.value != subject.parameters - subject.shifts:
            raise NotShown("directions of weights are left that no shift explains")

    def concludes(self) -> tuple[Statement, Claim]:
        """There are none, among all linear maps."""
        return Statement(_OF_SYMMETRIES[self.key], self.dimension.statement.subject, "all" if self.key == "ansatz" else 0), Claim.PROVED


def check_dimension(dimension: Verdict, subject: AnalyticPerceptron) -> None:
    said = dimension.statement
    if not dimension.shown or (said.kind, said.subject, said.scope) != (ANALYTIC_DIMENSION, subject.hash, subject.scope):
        raise NotShown("the dimension of the functions of this network is expected")
    if dimension.claim not in (Claim.PROVED, Claim.LOWER_BOUND):
        raise NotShown("a dimension that is known from below is expected")
