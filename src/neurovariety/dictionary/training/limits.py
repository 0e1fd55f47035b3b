"""Limits of networks whose weights diverge: functions of the closure that no weights have.

A neuron a (w x + b)^r with large b and small a tends to an affine function: a b^r + r a b^(r-1) w x + ... with r a b^(r-1) w kept. So
networks with k of their m neurons and an affine function of rank at most m - k beside them are limits. Gradient flow can drift toward
such functions for ever, and a loss can have its infimum there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurovariety.architectures import MLP
from neurovariety.dictionary.real_components import architecture_of
from neurovariety.dictionary.training.listing import Point, Stage, monomials_of, smooth_stage
from neurovariety.dictionary.training.loss import Loss
from neurovariety.dictionary.training.problem import TrainingProblem
from neurovariety.model import Model


def limit_models(model: Model) -> list[Model]:
    """The models of limits with fewer neurons and an affine function, for one hidden layer with biases and a power as activation."""
    mlp = architecture_of(model)
    if not isinstance(mlp, MLP) or not mlp.bias or mlp.layers != 2:
        return []
    if not mlp.activations[0].is_monomial or mlp.activations[0].degree < 2:
        return []
    inputs, m, outputs = mlp.widths
    return [_beside_affine(mlp, k, min(m - k, inputs, outputs)) for k in range(m - 1, -1, -1)]


def _beside_affine(mlp: MLP, k: int, rank: int) -> Model:
    inputs, _, outputs = mlp.widths
    small = MLP((inputs, k, outputs), mlp.activations, True).model if k else None
    shapes: dict[str, Any] = {"A": (rank, inputs)}
    shapes |= {"B": (outputs, rank)} if rank < min(inputs, outputs) or outputs > 1 else {}
    shapes |= {f"net_{b.name}": b.shape for b in small.blocks} if small is not None else {"c": (outputs,)}

    def function(parameters: Any, x: Any, coefficients: Any) -> Any:
        linear = parameters["A"] @ x
        linear = parameters["B"] @ linear if "B" in parameters else linear
        if small is None:
            return linear + parameters["c"]
        return linear + small.function({b.name: parameters[f"net_{b.name}"] for b in small.blocks}, x, coefficients)

    name = f"{small.name} and an affine function" if small is not None else "affine functions"
    return Model(name=f"{name}, limits of {mlp.notation()}", function=function, shapes=shapes, input_shape=mlp.input_shape,
                 coefficients=mlp.coefficients())  # fmt: skip


def limit_stages(whole: TrainingProblem, loss: Loss, seed: int) -> list[Stage]:
    """The critical functions among limits, as points without weights."""
    out = []
    for model in limit_models(whole.model):
        stage = smooth_stage(model, loss, monomials_of(whole), seed)
        name = model.name.partition(", limits")[0]
        points = tuple(_as_limit(p, f"limits: {name}") for p in stage.points)
        out.append(replace(stage, name=f"limits: {name}", points=points))
    return out


def _as_limit(point: Point, name: str) -> Point:
    attained = "limit" if point.weights is not None else point.attained
    return replace(point, stratum=name, weights=None, attained=attained, kind="limit" if point.real else "undecided", type="undecided")


def least_limit(stages: list[Stage]) -> Point | None:
    """The real limit of real networks with the least loss."""
    points = [p for stage in stages for p in stage.points if p.real and p.attained == "limit" and np.isfinite(p.loss)]
    return min(points, key=lambda p: p.loss, default=None)
