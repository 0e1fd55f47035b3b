"""Data as training takes them: read, checked, prepared as asked, with a record of what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast, get_args

import numpy as np
from jaxtyping import Float

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError, InputError
from neurovariety.exact_numbers import exact_table, float_table
from neurovariety.model import Model
from neurovariety.options import require_choice
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.rings.ring import Array
from neurovariety.training.losses.task_options import Preparation

_STREAM = "training.losses.prepare"
_SPREAD = 1e-12
"""Columns that vary by less than this part of their size are constant."""
_DEPENDENT = 1e-7
"""Columns whose part independent of the others is smaller than this are taken to depend on them."""


class Tables(NamedTuple):
    """Samples as exact numbers: ``inputs`` (samples, features) and ``targets`` (samples, outputs) hold Fractions."""

    name: str
    features: tuple[str, ...]
    target_names: tuple[str, ...]
    inputs: Array
    targets: Array


@dataclass(frozen=True, eq=False)
class Prepared:
    """``inputs`` and ``targets`` in float64, the rows held back likewise, names of the outputs, and what was done, in words."""

    inputs: Float[np.ndarray, "S features"]
    targets: Float[np.ndarray, "S outputs"]
    held_inputs: Float[np.ndarray, "H features"]
    held_targets: Float[np.ndarray, "H outputs"]
    target_names: tuple[str, ...]
    record: dict[str, object]


def prepared(model: Model, data: object, how: str, held_out: float, seed: int) -> Prepared:
    """The samples of ``data``, a `Dataset` or a pair (inputs, targets), for a model.

    ``how``: ``none``; ``standardize``: each column minus its mean, divided by its standard deviation; ``whiten``: input columns
    replaced by as many combinations of them whose second moments are the identity, targets as they are. All of it is taken from the
    rows that are trained on. A network whose first layer is dense computes the same functions of whitened inputs, so critical points
    and losses stay what they were, in coordinates that float64 bears better; its first matrix of weights is the one found times the
    recorded ``input_map`` (features, features), with which whitened inputs are ``input_map`` x. For other networks it is another
    problem. ``held_out``: the share of rows, drawn at random, that are not trained on. Raises `DataError` for data that do not fit the
    model, are not finite, or cannot be prepared so; `InputError` for unknown options.
    """
    require_choice("preparation", how, get_args(Preparation))
    if not 0 <= held_out < 1:
        raise InputError(f"the share of rows held out is a number from 0 up to 1, got {held_out!r}")
    name, features, names, exact_x, exact_y = exact_samples(model, data)
    x, y = float_table(exact_x, "inputs"), float_table(exact_y, "targets")
    held = np.zeros(len(x), dtype=bool)
    held[generator(seed, _STREAM).permutation(len(x))[: round(held_out * len(x))]] = True
    if held.all():
        raise DataError("no rows are left to train on; hold out fewer")
    shift, scale = np.zeros(x.shape[1] + y.shape[1]), np.ones(x.shape[1] + y.shape[1])
    if how == "standardize":
        rows = np.hstack([x, y])[~held]
        shift, scale = rows.mean(axis=0), rows.std(axis=0)
        flat = scale <= _SPREAD * np.abs(rows).max(axis=0, initial=0.0)
        if flat.any():
            shown = [*features, *names][int(np.flatnonzero(flat)[0])]
            raise DataError(f"column {shown!r} is constant on the rows trained on and cannot be standardized; leave it out")
    k = x.shape[1]
    x, y = (x - shift[:k]) / scale[:k], (y - shift[k:]) / scale[k:]
    change = whitening(x[~held], features) if how == "whiten" else None
    if change is not None:
        x = x @ change.T
    record = {
        "name": name,
        "samples": int((~held).sum()),
        "held_out": int(held.sum()),
        "features": list(features),
        "targets": list(names),
        "preparation": how,
        "target_shift": shift[k:].tolist(),
        "target_scale": scale[k:].tolist(),
    } | ({} if change is None else {"input_map": change.tolist()})
    return Prepared(x[~held], y[~held], x[held], y[held], names, record)


def exact_samples(model: Model, data: object) -> Tables:
    """The samples of ``data``, a `Dataset` or a pair (inputs, targets), exactly as they are. Raises `DataError` where they do not fit
    the model."""
    table = _columns(data)
    x, y = table.inputs, table.targets
    if len(x) != len(y):
        raise DataError(f"{counted(len(x), 'input')} and {counted(len(y), 'target')} do not go together: give one target a sample")
    if not len(x):
        raise DataError("there are no samples; give at least one row")
    x, y = x.reshape(len(x), -1), y.reshape(len(y), -1)
    if x.shape[1] != model.inputs:
        raise DataError(
            f"{model.name} takes {counted(model.inputs, 'input')}, the data have {counted(x.shape[1], 'input column')}; change the "
            "first width or the columns"
        )
    if y.shape[1] != model.outputs:
        raise DataError(
            f"{model.name} has {counted(model.outputs, 'output')}, the data have {counted(y.shape[1], 'target column')}; name as "
            "many target columns as there are outputs"
        )
    return table._replace(inputs=x, targets=y)


def whitening(
    inputs: Float[np.ndarray, "S features"], features: tuple[str, ...], dependent: float = _DEPENDENT
) -> Float[np.ndarray, "features features"]:
    """The lower triangular matrix M for which the rows of ``inputs`` M^T have the identity as second moments; a column of which others
    explain all but the part ``dependent`` is refused.

    From a QR decomposition of the columns, each divided by its size first: second moments themselves would square the condition.
    """
    count, k = inputs.shape
    sizes = np.sqrt((inputs**2).mean(axis=0))
    if count < k or not sizes.all():
        few = f"there are {count} for {k} columns" if count < k else f"column {features[int(np.argmin(sizes))]!r} is zero"
        raise DataError(f"inputs are whitened with at least as many rows as columns, none of them zero; {few}")
    upper = np.linalg.qr(inputs / sizes, mode="r") / np.sqrt(count)
    own = np.abs(np.diag(upper))
    if own.min() <= dependent:
        shown = features[int(np.argmin(own))]
        raise DataError(f"column {shown!r} depends linearly on those before it, so that inputs cannot be whitened; leave it out")
    found: Float[np.ndarray, "features features"] = np.linalg.inv(upper * np.sign(np.diag(upper))[:, None]).T / sizes
    return found


def _columns(data: object) -> Tables:
    if isinstance(data, Dataset):
        if not data.target_names:
            raise DataError(
                f"{data.name}: name the target column (--target COLUMN, or read_table(file, target) in Python); training needs inputs "
                "and targets"
            )
        return Tables(data.name, data.features, data.target_names, data.inputs, data.targets)
    try:
        inputs, targets = cast("tuple[object, object]", data)
    except (TypeError, ValueError):
        raise InputError("data are a Dataset (read_csv) or a pair of tables, inputs and targets") from None
    x, y = exact_table(inputs, "inputs"), exact_table(targets, "targets")
    columns = [int(np.prod(t.shape[1:])) if t.ndim else 0 for t in (x, y)]
    if not x.ndim or not y.ndim:
        raise DataError("inputs and targets are tables with one row a sample, got single numbers")
    return Tables("data", tuple(f"x{i}" for i in range(columns[0])), tuple(f"y{i}" for i in range(columns[1])), x, y)
