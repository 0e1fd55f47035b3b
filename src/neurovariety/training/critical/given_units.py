"""What was found in canonical units, in the units that data and teacher came in: all by powers of two, so that nothing is rounded."""

from __future__ import annotations

from dataclasses import replace

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.homotopy.certify import run_balls
from neurovariety.training.critical.interpolated import Interpolation
from neurovariety.training.critical.least import Least
from neurovariety.training.critical.perturbation import Infimum
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction
from neurovariety.training.losses.canonical_units import CanonicalUnits
from neurovariety.training.losses.loss import Loss, Monomial, SquaredError
from neurovariety.training.losses.loss_ball import loss_ball

_BITS = 160
_DIGITS = 1e-13
_MOST_PRODUCTS = 200_000
"""Products of balls that are taken for one loss: a fraction of a second."""
Sequence = tuple[tuple[float, float], ...]


def point_back(units: CanonicalUnits, point: CriticalFunction, monomials: tuple[Monomial, ...]) -> CriticalFunction:
    """A critical function; its radius holds for the coefficient whose unit is largest."""
    if units.plain:
        return point
    largest = max((units.exponent(m) for m in monomials), default=0)
    wider = 1.0 if units.white is None else float(np.abs(units.white.substitution(monomials)).sum(axis=1).max())
    return replace(
        point,
        coefficients=units.coefficients_back(point.coefficients, monomials),
        radius=float(np.ldexp(point.radius * wider, largest)),
        weights=None if point.weights is None else units.weights_back(point.weights),
        loss=units.loss_back(point.loss),
    )


def least_back(units: CanonicalUnits, least: Least) -> Least:
    """What is known of the least loss; largest weights along a sequence of networks stay those in canonical units."""
    if units.plain:
        return least
    return replace(
        least,
        loss=units.loss_back(least.loss),
        weights=None if least.weights is None else units.weights_back(np.asarray(least.weights)),
        infimum=None if least.infimum is None else units.loss_back(least.infimum),
        sequence=_back(units, least.sequence),
    )


def infimum_back(units: CanonicalUnits, found: Infimum | None) -> Infimum | None:
    """What perturbation found; its objectives are scaled ones anyway."""
    if found is None or units.plain:
        return found
    return replace(
        found,
        infimum=None if found.infimum is None else units.loss_back(found.infimum),
        weights=None if found.weights is None else units.weights_back(np.asarray(found.weights)),
        loss=None if found.loss is None else units.loss_back(found.loss),
        sequence=_back(units, found.sequence),
        in_ball=None if found.in_ball is None else _ball_back(units, found.in_ball),
    )


def _ball_back(units: CanonicalUnits, known: dict[str, object]) -> dict[str, object]:
    """Bounds of losses in a ball of weights, whose radius is in the units that perturbation worked in."""
    low, high = (units.loss_back(float(str(known[side]))) for side in ("low", "high"))
    return known | {"low": low, "high": high, "units": "those of canonical data"}


def interpolation_back(units: CanonicalUnits, found: Interpolation) -> Interpolation:
    """What is known of a locus of interpolating functions."""
    return replace(
        found,
        lower_bound=units.loss_back(found.lower_bound),
        best=units.loss_back(found.best),
        least=least_back(units, found.least),
        perturbed=infimum_back(units, found.perturbed),
    )


def facts_back(units: CanonicalUnits, evidence: dict[str, object]) -> dict[str, object]:
    """What is told of a stratum: losses of critical sets are the only ones there."""
    sets = evidence.get("critical_sets")
    if units.plain or not isinstance(sets, list):
        return evidence
    return evidence | {"critical_sets": [s | {"loss": np.ldexp(s["loss"], 2 * units.outputs).tolist()} for s in sets]}


def _back(units: CanonicalUnits, sequence: Sequence) -> Sequence:
    return tuple((units.loss_back(loss), size) for loss, size in sequence)


def enclosed(least: Least, bounds: list[float] | None) -> Least:
    """The same with a loss inside of what encloses it: of ill-conditioned data floats alone lose digits."""
    if bounds is None or least.infimum is not None or abs(least.loss - bounds[1]) <= _DIGITS * bounds[1]:
        return least
    return replace(least, loss=bounds[1])


def interval(problem: TrainingProblem, loss: Loss, least: Least) -> list[float] | None:
    """Bounds of the loss of the best network at its weights as they are stored; None where none is stored, or samples are many."""
    if least.weights is None or not np.isfinite(least.weights).all():
        return None
    if isinstance(loss, SquaredError) and len(loss.inputs) * len(problem.terms) > _MOST_PRODUCTS:
        return None
    with precision(_BITS):
        values = run_balls(problem.map.values, [flint.acb(float(w)) for w in least.weights])
        coefficients = {(o, e): v.real / s for (o, e, s), v in zip(problem.terms, values, strict=True)}
        coefficients |= {(o, e): flint.arb(v) / s for (o, e, s), v in problem.fixed}
        return list(loss_ball(loss, coefficients))
