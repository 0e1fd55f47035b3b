"""A training task: a model, the loss that its data or its teacher give, and a record of both."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Unpack

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.errors import DataError, InputError
from neurovariety.exact_numbers import power_of_two, size_of
from neurovariety.geometry.images.random_target import random_target
from neurovariety.geometry.images.target import read_target, require_polynomial
from neurovariety.model import Model
from neurovariety.options import require_choice, shown
from neurovariety.training.losses.loss import METRICS, Distance, Form, Loss, SquaredError
from neurovariety.training.losses.prepare import Prepared, prepared
from neurovariety.training.losses.task_options import TaskOptions, filled

_LARGEST, _SMALLEST = 1e4, 1e-4
"""Data and teachers of another size leave too few digits to paths that are followed in float64."""
_FLOATS = 200
"""Exponents of two beyond which a teacher has no losses in floats, in whatever units."""


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """``loss`` on the functions of ``model``; ``data`` where it comes from samples; ``record`` describes it in plain data.

    ``options`` are the arguments of `training_task` that make the same task again.
    """

    model: Model
    loss: Loss
    data: Prepared | None
    record: dict[str, object]
    options: TaskOptions
    notices: tuple[str, ...] = ()


def training_task(source: Source, *, seed: int, any_size: bool = False, **task: Unpack[TaskOptions]) -> TrainingTask:
    """The task that the options state. ``any_size``: the caller looks at the sizes of numbers itself (`check_sizes`). Raises
    `InputError` for options that do not go together and for models that are not polynomial, `DataError` for unusable data.
    """
    model = as_model(source)
    require_polynomial(model)
    options = filled(task)
    metric, form = options["metric"], options["form"]
    require_choice("metric", metric, METRICS)
    if form is not None:
        if not isinstance(form, Form):
            raise InputError(f"a quadratic form is an object of class Form, got {shown(form)}")
        if options["data"] is not None or options["teacher"] is not None or metric != "data":
            raise InputError("a quadratic form says all of the loss: give no data, metric or teacher beside it")
        return TrainingTask(model, form, None, {"loss": form.name}, options)
    found = _of_data(model, options, seed) if metric == "data" else _of_teacher(model, options, seed)
    if not any_size:
        check_sizes(found)
    return found


def _of_teacher(model: Model, options: TaskOptions, seed: int) -> TrainingTask:
    metric, teacher = options["metric"], options["teacher"]
    notices: tuple[str, ...] = ()
    if options["data"] is not None or options["sample_weights"] is not None or options["prepare"] != "none" or options["held_out"]:
        raise InputError(f"metric {metric} takes a teacher, no data; leave out the data and what belongs to them")
    if teacher is None:
        target = random_target(model, seed)
        notices = ("no teacher was given: this one is a random integer function of the model's linear span",)
    else:
        target = read_target(teacher, model.inputs, model.outputs)
    largest = max((abs(c) for c in target.coefficients.values()), default=Fraction(0))
    if largest and abs(power_of_two(largest)) > _FLOATS:
        check_size("the teacher's largest coefficient", largest, "scale the teacher")
    loss = Distance(metric, target.coefficients)
    options["teacher"] = target.text()
    return TrainingTask(
        model, loss, None, {"loss": loss.name, "teacher": target.text()}, {**options, "teacher": target.text()}, notices
    )


def _of_data(model: Model, options: TaskOptions, seed: int) -> TrainingTask:
    if options["data"] is None:
        raise InputError(
            "training needs data (--data FILE --target COLUMN, or data=read_table(file, target) in Python), or a metric with a teacher "
            "(--metric gaussian --teacher ...)"
        )
    if options["teacher"] is not None:
        raise InputError("a teacher goes with a stated metric such as gaussian; with data the targets are a column of them")
    found = prepared(model, options["data"], options["prepare"], options["held_out"], seed)
    error = SquaredError(found.inputs, found.targets, options["sample_weights"])
    notices: tuple[str, ...] = ()
    if options["held_out"] and not len(found.held_inputs):
        notices = (f"a share of {options['held_out']:g} of {len(found.inputs)} rows is less than half a row: none is held out",)
    return TrainingTask(model, error, found, {"loss": error.name} | found.record, options, notices)


def check_sizes(task: TrainingTask) -> None:
    """Raise `DataError` where data or teacher of a task have a size at which float64 has too few digits for paths."""
    loss = task.loss
    if isinstance(loss, Distance):
        sizes = [abs(Fraction(c)) for c in loss.target.values()]
        check_size("the teacher's largest coefficient", max(sizes, default=Fraction(1)), "scale the teacher")
    tables = (("inputs", loss.inputs), ("targets", loss.targets)) if isinstance(loss, SquaredError) else ()
    for what, table in tables:
        size = Fraction(float(np.abs(table).max(initial=0.0)))
        if size:
            check_size(f"the largest of the {what}", size, "standardize the data (--prepare standardize) or choose other units")


def check_size(what: str, size: Fraction, advice: str) -> None:
    """Raise `DataError` where the largest of some numbers is too large or too small for paths that are followed in float64."""
    if not _SMALLEST <= size <= _LARGEST:
        raise DataError(f"{what} has size {size_of(size)}; expected {_SMALLEST:g} to {_LARGEST:g}, so that digits are left: {advice}")
