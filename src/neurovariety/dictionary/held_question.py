"""What a stored result says was asked (a target, weights, linear maps) held against what its certificates speak of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import MAPS, TARGET, WEIGHTS
from neurovariety.errors import NeurovarietyError, VerificationError
from neurovariety.geometry.equivariance.linear_map import identity, pair_of, read_map
from neurovariety.geometry.exact.special_fiber import exact_weights
from neurovariety.geometry.images.target import read_target
from neurovariety.model import Model


def held_to_question(found: Recheck, model: Model) -> None:
    """Raises `VerificationError` where certificates speak of another target, other weights or other maps than the result says."""
    for name, values in _asked(found, model):
        spoken = found.speaks_of.get(name, ())
        if spoken and any(value not in spoken for value in values):
            raise VerificationError(f"the certificates speak of another {name} than the result says was asked")


def _asked(found: Recheck, model: Model) -> Iterator[tuple[str, list[Any]]]:
    """What was asked, in the form that certificates have it. What cannot be read is not what an entry writes, and so another."""
    given = found.asked
    yield TARGET, [_read_target(text, model) for text in given.get("target", ()) if text is not None]
    for name in ("at", "weights"):
        yield WEIGHTS, [_read_weights(values, model) for values in given.get(name, ()) if isinstance(values, list)]
    if "map" in given:
        outputs = given.get("output_map", (None,))
        yield MAPS, [_read_maps(t, s, model) for t, s in zip_longest(given["map"], outputs)]


def _read_target(text: Any, model: Model) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return read_target(text, model.inputs, model.outputs).coefficients
    except (NeurovarietyError, ValueError):
        return text


def _read_weights(values: list[Any], model: Model) -> Any:
    try:
        return exact_weights(model, values)
    except (NeurovarietyError, TypeError):
        return values


def _read_maps(inputs: Any, outputs: Any, model: Model) -> Any:
    try:
        t = read_map(inputs, model.input_shape[0], "inputs")
        size = model.output_shape[0] if model.output_shape else 1
        return pair_of(t, identity(size) if outputs is None else read_map(outputs, size, "outputs"))
    except (NeurovarietyError, TypeError, ValueError, LookupError, AttributeError):
        return (inputs, outputs)
