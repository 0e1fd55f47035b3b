"""What a polyhedral distance is asked of: values of coefficients or at samples, their target, and the units and coordinates of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from neurovariety.dictionary.entry_options import Ground
from neurovariety.errors import DataError, InputError
from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.ideal.coefficients import monomial_name
from neurovariety.geometry.images.random_target import random_target
from neurovariety.geometry.images.target import read_target
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.model import Array, Model
from neurovariety.training.critical.cross_entropy import distribution_terms
from neurovariety.training.critical.face_stage import Evaluated, FacePoint, FaceStage
from neurovariety.training.losses.loss import SquaredError
from neurovariety.training.losses.own_units import OwnUnits, own_units
from neurovariety.training.losses.polyhedral_norm import PolyhedralNorm, polyhedral_norm
from neurovariety.training.losses.prepare import prepared
from neurovariety.training.losses.task_options import Preparation
from neurovariety.training.losses.training_task import check_size
from neurovariety.training.losses.transport import transport
from neurovariety.training.losses.whitened import Whitened, whitened

_MOST_DEGREE = 64


@dataclass(frozen=True, eq=False)
class InWhite:
    """Near-collinear inputs, in coordinates that are ``white``, and how values at the given ones depend on coordinates."""

    white: Whitened
    given: Evaluated

    def back(self, model: Model, stage: FaceStage, distance: PolyhedralNorm, point: FacePoint) -> FacePoint:
        """A point with weights for the given inputs, and the distance that these have there."""
        if point.weights is None or stage.whole is None or stage.affine is None:
            return point
        weights = np.asarray(self.white.weights_back(model, point.weights))
        off = self.given(stage.whole.terms) @ stage.whole.at(weights[None] + 0j)[0].real + stage.affine[1]
        size = distance.norm(distance.matrix @ off) / distance.divisor
        return replace(point, weights=weights, values=off + distance.target, distance=size)


@dataclass(frozen=True, eq=False)
class FaceProblem:
    """The distance, the matrix of the values that it measures on given terms, and what each of these belongs to, in ``units`` of the
    data's own; ``collinear`` where the search is in whitened coordinates."""

    distance: PolyhedralNorm
    evaluated: Evaluated
    labels: list[str]
    units: OwnUnits
    teacher: str | None = None
    notices: tuple[str, ...] = ()
    collinear: InWhite | None = field(default=None)

    @property
    def size(self) -> float:
        """The distance of the zero function, in the units of the data."""
        own = self.distance
        return float(self.units.outputs_back(np.asarray(own.norm(own.matrix @ np.asarray(own.target, dtype=np.float64)) / own.divisor)))

    def in_given_units(self, point: FacePoint) -> FacePoint:
        """A point in the units of the data."""
        units = self.units
        values, distance = units.outputs_back(np.asarray(point.values)), float(units.outputs_back(np.asarray(point.distance)))
        weights = None if point.weights is None else units.weights_back(np.asarray(point.weights))
        return replace(point, values=values, distance=distance, weights=weights)


def check_together(norm: str, ground: object, teacher: str | None, data: object, prepare: str) -> None:
    """Raise `InputError` for options that do not go together."""
    if data is not None and (teacher is not None or norm == "wasserstein"):
        raise InputError("data have targets, and errors at samples are no masses: give no teacher beside them, and norm l1 or linf")
    if norm != "wasserstein" and not (isinstance(ground, str) and ground == "line"):
        raise InputError(f"a ground metric belongs to norm wasserstein, not {norm}; leave it out")
    if prepare != "none" and data is None:
        raise InputError("preparation is for data; leave it out")


def of_teacher(model: Model, norm: str, ground: Ground, teacher: str | None, seed: int) -> FaceProblem:
    """The distance of coefficients from those of a teacher, a random one where none is given."""
    target = random_target(model, seed) if teacher is None else read_target(teacher, model.inputs, model.outputs)
    terms = distribution_terms(model, seed)
    places = {term: i for i, term in enumerate(terms)}
    for output, exponents in sorted(target.coefficients):
        if (output, exponents) not in places:
            raise InputError(
                f"the teacher has {monomial_name(exponents)} in output {output}, which no network {model.name} has: that error cannot "
                "be changed; leave it out"
            )
    exact = [target.coefficients.get(term, Fraction(0)) for term in terms]
    nearest_floats(exact, "a coefficient of the teacher")
    largest = max(map(abs, exact), default=Fraction(0))
    units = own_units(model, None, largest)
    numbers = np.array(nearest_floats([c / Fraction(2) ** units.outputs for c in exact], "a coefficient of the teacher"))
    if largest:
        check_size("the teacher's largest coefficient", largest / Fraction(2) ** units.outputs, "scale the teacher")

    def evaluated(chosen: Sequence[Term]) -> Array:
        out = np.zeros((len(terms), len(chosen)))
        for column, (o, e, scale) in enumerate(chosen):
            out[places[o, e], column] = 1 / scale
        return out

    labels = [f"{monomial_name(e)} in output {o}" if model.outputs > 1 else monomial_name(e) for o, e in terms]
    notices = ("no teacher was given: this one is a random integer function of the model's linear span",) if teacher is None else ()
    on_line = norm != "wasserstein" or (isinstance(ground, str) and ground == "line")
    distance = polyhedral_norm(norm, numbers, False) if on_line else transport(numbers, ground)
    return FaceProblem(distance, evaluated, labels, units, target.text(), notices)


def of_data(model: Model, norm: str, data: object, prepare: Preparation, seed: int) -> FaceProblem:
    """The distance of outputs from the targets of data."""
    found = prepared(model, data, prepare, 0.0, seed)
    rows, outputs = found.targets.shape
    units = own_units(model, found.inputs, Fraction(float(np.abs(found.targets).max())))
    inputs, targets = units.of_inputs(found.inputs), units.of_outputs(found.targets)
    _check_sizes(model, inputs, targets, seed)

    def at(chosen_inputs: Array) -> Evaluated:
        def evaluated(chosen: Sequence[Term]) -> Array:
            out = np.zeros((rows, outputs, len(chosen)))
            for column, (o, e, scale) in enumerate(chosen):
                out[:, o, column] = np.prod(chosen_inputs ** np.array(e), axis=1) / scale
            return out.reshape(rows * outputs, len(chosen))

        return evaluated

    labels = [f"{name} of row {row + 1}" for row in range(rows) for name in found.target_names]
    distance, degree = polyhedral_norm(norm, targets.reshape(-1), True), degree_bounds(model).inputs
    loss = SquaredError(inputs, targets)
    white = whitened(model, loss, int(degree)) if degree <= _MOST_DEGREE and model.input_axes else None
    if white is None:
        return FaceProblem(distance, at(inputs), labels, units)
    return FaceProblem(distance, at(white.loss.inputs), labels, units, collinear=InWhite(white, at(inputs)))


def _check_sizes(model: Model, inputs: Array, targets: Array, seed: int) -> None:
    """Raise `DataError` where the values of a monomial, against those of the targets, leave too few digits to the paths."""
    advice = "standardize the data (--prepare standardize) or choose other units"
    aim = float(np.abs(targets).max())
    if aim:
        check_size("the largest of the targets", Fraction(aim), advice)
    for exponents in sorted({e for _, e in distribution_terms(model, seed)}):
        name = f"the largest value of {monomial_name(exponents)} at the samples, against the targets,"
        with np.errstate(all="ignore"):
            size = float(np.abs(np.prod(inputs ** np.array(exponents), axis=1)).max()) / (aim or 1.0)
        if not np.isfinite(size) or (not size and inputs[:, np.array(exponents) > 0].all(axis=1).any()):
            raise DataError(f"{name} is beyond floating-point numbers: {advice}")
        if size:
            check_size(name, Fraction(size), advice)
