"""That a likelihood has no critical point for general counts: its Hessian is singular at random weights and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.exact_system import Over
from neurovariety.certificates.general_members import CRITICAL_POINTS
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.modular_account import carried_into
from neurovariety.certificates.ranks import LARGEST_ERROR, check_prime
from neurovariety.certificates.shown_points import Systems
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import ML_DEGREE
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim


@runtime_checkable
class LikelihoodEquations(Systems, Protocol):
    """The gradient of a logarithmic likelihood in ``unknowns`` free weights and then the counts, and the probability, at most, that its
    Hessian is singular at a random place mod a random prime although it is not in general."""

    @property
    def hessian_error(self) -> float: ...


@dataclass(frozen=True, eq=False)
class SingularHessian:
    """Pairs of weights and counts for which they are critical are a vector bundle as large as the space of counts: general counts have
    critical points if and only if the projection to it is dominant, which is where the Hessian is regular. ``point``: random weights
    and then counts mod ``prime`` for which they are critical. It is the same for linear functions on faces, with the levels of their
    conditions, in place of the counts. ``premises`` say of which model the equations are, and no more than that."""

    family: str
    prime: int
    point: tuple[int, ...]
    error: float
    kind: str = ML_DEGREE
    premises: tuple[Verdict, ...] = ()

    def check(self, subject: LikelihoodEquations) -> None:
        """Raises `NotShown` where the weights are not critical, or the Hessian is regular."""
        if self.kind not in (ML_DEGREE, CRITICAL_POINTS) or not all(p.shown for p in self.premises):
            raise NotShown("the number of critical points is expected")
        if subject.hash != self.family or subject.hessian_error > self.error or not self.error <= LARGEST_ERROR:
            raise NotShown("the certificate is one of another likelihood, or its error says little")
        check_prime(self.prime)
        p, n = self.prime, subject.unknowns
        into = carried_into(p)
        found = Over(subject.system.with_jacobian(n), lambda c: flint.nmod(into(c), p))([flint.nmod(v, p) for v in self.point])
        if any(int(v) for v in found[:n]):
            raise NotShown("the weights are not critical for the counts")
        if flint.nmod_mat(n, n, [int(v) for v in found[n:]], p).rank() == n:
            raise NotShown("the Hessian is regular")

    def concludes(self) -> tuple[Statement, Claim]:
        """No critical point."""
        return Statement(self.kind, self.family, 0, error=self.error), Claim.PROBABILITY
