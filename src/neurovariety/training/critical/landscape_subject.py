"""What the certificates of a landscape speak of: strata of a loss, and the loss of networks and of listed functions, all in balls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.critical_functions import InCharts, ShownInChart, together, truths
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.certificates.stored_landscape import StoredLandscape, StoredStratum, landscape_hash
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.geometry.strata.smaller_models import Stratum
from neurovariety.homotopy.certify import run_balls
from neurovariety.homotopy.exact_program import exact_map, exact_outputs
from neurovariety.training.critical.charted import ListedFunctions
from neurovariety.training.critical.exclusion import Box, excluded
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.quadric_balls import bounds_at, coefficients_at, is_definite, least_of_span
from neurovariety.training.critical.rational_quadric import stored_quadric
from neurovariety.training.critical.spectral import nearest_matrices, spectral_bound
from neurovariety.training.critical.stages import Stage
from neurovariety.training.losses.loss import Distance, Loss, Quadratic, SquaredError
from neurovariety.training.losses.loss_ball import loss_ball
from neurovariety.training.losses.whitened import BITS


@dataclass(frozen=True, eq=False)
class LandscapeSubject:
    """A network with the lists of its smooth functions and of its ``strata`` (``stages``, in this order), for a ``loss`` on inputs in
    canonical units; ``given`` is the loss in those of the data, larger by 2 to the ``power``.

    ``listed`` and ``singular``: why all weights where J drops rank, and all singular functions, are on strata; '' where that is not
    known.
    """

    problem: TrainingProblem
    loss: Loss
    given: Loss
    power: int
    stages: tuple[Stage, ...]
    strata: tuple[Stratum, ...]
    listed: str
    singular: str

    @cached_property
    def hash(self) -> str:
        """sha256 of the network, the lists and the loss."""
        return landscape_hash(self.problem.model.name, self._hashes, self.listed, self.singular, self._given, self._loss)

    @cached_property
    def _given(self) -> StoredQuadric | None:
        return stored_quadric(self.problem, self.given)

    @cached_property
    def _loss(self) -> str:
        """sha256 of the loss where it is not rational, or large."""
        if self._given is not None:
            return ""
        found = self.problem.quadratic(self.given)
        parts = (found.matrix.tobytes(), found.image.tobytes(), repr(found.constant).encode(), self.given.name.encode())
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def stored(self) -> StoredLandscape:
        """The network, its strata and the loss as data that can be written."""
        return StoredLandscape(
            name=self.problem.model.name,
            listed=self.listed,
            singular=self.singular,
            nearest=nearest_matrices(self.problem.model.image, self.given, self.problem.terms),
            power=self.power,
            values=exact_outputs(self.problem.map.values),
            quadric=stored_quadric(self.problem, self.loss),
            given=self._given,
            loss=self._loss,
            stages=tuple(None if s.listed is None else s.listed.charts.stored() for s in self.stages),
            strata=tuple(map(_stored_stratum, self.strata)),
        )

    @cached_property
    def _hashes(self) -> tuple[str, ...]:
        return tuple("" if s.listed is None else s.listed.charts.hash for s in self.stages)

    @property
    def lists(self) -> tuple[str, ...]:
        """The hashes of the lists of critical functions, the first that of smooth ones; '' for the zero function."""
        return self._hashes

    def _list(self, number: int) -> ListedFunctions:
        listed = self.stages[number].listed
        assert listed is not None
        return listed

    def _shown(self, number: int, known: Verdict) -> list[ShownInChart]:
        """What a list shows, from its certificate."""
        if not isinstance(known.certificate, InCharts):
            raise NotShown("a list of critical functions is expected")
        return known.certificate.shown(self._list(number).charts)

    def moves(self, number: int, function: int, known: Verdict | None) -> bool:
        """Whether the gradient at a function of a list is shown not to be 0."""
        return excluded(self.problem.map, self._quadratic, self._box(number, function, known))

    def rests(self, number: int, function: int, known: Verdict | None) -> bool:
        """Whether a stratum only sets weights to 0, and derivatives by these vanish at the function."""
        n = self.problem.model.parameters
        dead = _set_to_zero(self.strata[number - 1], n)
        if dead is None:
            return False
        with precision(BITS):
            slopes = run_balls(self.problem.map.slopes, self._box(number, function, known))
        return all(slopes[row + k] == 0 for row in range(0, len(slopes), n) for k in dead)

    @cached_property
    def _quadratic(self) -> Quadratic:
        return self.problem.quadratic(self.loss)

    def _box(self, number: int, function: int, known: Verdict | None) -> Box:
        """Weights of the network that a stratum has for a function of its list."""
        small = self.strata[number - 1]
        if small.model is None or known is None:
            return [flint.acb(0)] * self.problem.model.parameters
        at = function
        for shown in self._shown(number, known):
            if at < len(shown):
                break
            at -= len(shown)
        entries = np.empty(small.model.parameters, dtype=object)
        entries[list(shown.place.free)] = shown.box(at)
        rest = [i for i in range(len(entries)) if i not in shown.place.free]
        for i, z in zip(rest, shown.place.points.parameters.tolist(), strict=False):
            entries[i] = flint.acb(z.real, z.imag)
        with precision(BITS):
            return [flint.acb(v) for v in np.asarray(small.embed(entries)).tolist()]

    @property
    def squares(self) -> bool:
        """Whether the loss is a sum of squares."""
        return isinstance(self.given, SquaredError | Distance)

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        """Bounds of the loss of real weights, in the units of the data."""
        return bounds_at(self.problem, self.given, weights)

    def below_all(self) -> flint.arb | None:
        """A lower bound of all losses: by Eckart and Young, or that of the linear span where the loss is definite."""
        spectral = spectral_bound(self.problem.model.image, self.given)
        if spectral is not None:
            return spectral
        found = least_of_span(self.problem, self.loss)
        return None if found is None else found * flint.arb(2) ** (2 * self.power)

    def definite(self) -> bool:
        """Whether the quadric on the coefficients is shown to be definite."""
        return is_definite(self.problem, self.loss)

    def real_losses(self, number: int, known: Verdict | None) -> list[flint.arb]:
        """Lower bounds of the losses of the functions of a list that may be real, in the units of the data."""
        scale = flint.arb(2) ** (2 * self.power)
        if known is None:
            return [flint.arb(bounds_at(self.problem, self.loss, (0.0,) * self.problem.model.parameters)[0]) * scale]
        found = self._shown(number, known)
        if not found:
            return []
        problem = self._list(number).problem
        balls, out = together([s.functions for s in found]), []
        for value, size, real in zip(balls.values, balls.sizes, truths(found, known.claim is Claim.COMPLETE), strict=True):
            if real is not False:
                here = [flint.arb(float(v.real), float(r)) for v, r in zip(value, size, strict=True)]
                out.append(flint.arb(loss_ball(self.loss, coefficients_at(problem, here))[0]) * scale)
        return out


def _stored_stratum(stratum: Stratum) -> StoredStratum:
    """A stratum as the program of its weights."""
    if stratum.model is None:
        return StoredStratum(None, stratum.ambiguous)
    return StoredStratum(exact_map(stratum.model.parameters, lambda s: np.asarray(stratum.embed(s)).tolist()), stratum.ambiguous)


def _set_to_zero(stratum: Stratum, parameters: int) -> list[int] | None:
    """The weights that a stratum sets to 0, where it puts those of its model into places and does nothing else."""
    if stratum.model is None:
        return list(range(parameters))
    own = np.arange(1, stratum.model.parameters + 1)
    placed = np.asarray(stratum.embed(own))
    dead = np.flatnonzero(placed == 0).tolist()
    return dead if sorted(placed[placed != 0].tolist()) == own.tolist() and not stratum.ambiguous else None
