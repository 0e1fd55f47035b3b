"""Limits of networks whose weights diverge: functions of the closure that no weights have.

A neuron a (w x + b)^r with large b and small a tends to an affine function: a b^r + r a b^(r-1) w x + ... with r a b^(r-1) w kept. So
networks with k of their m neurons and an affine function of rank at most m - k beside them are limits. A neuron of an activation of
several terms tends to its highest power where w grows and a falls, and to its lowest one where w falls and a grows: a (w x)^3 and
a (w x)^2 for x^3 + x^2. Gradient flow can drift toward such functions for ever, and a loss can have its infimum there. There may be
other limits (of neurons that cancel each other), which are not listed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurovariety.architectures import MLP, Activation
from neurovariety.geometry.images.real_components import architecture_of
from neurovariety.model import Model
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction, Stage, monomials_of, smooth_stage
from neurovariety.training.losses.loss import Loss

_MOST = 9
"""Models of limits that are looked at: all for three neurons of two powers."""


def limit_models(model: Model) -> list[Model]:
    """The models of limits of networks with one hidden layer and a polynomial as activation: powers in place of some neurons, or an
    affine function beside fewer neurons where the activation is a power and there are biases."""
    mlp = architecture_of(model)
    if not isinstance(mlp, MLP) or mlp.layers != 2 or not mlp.activations[0].is_polynomial or mlp.activations[0].is_generic:
        return []
    activation = mlp.activations[0]
    inputs, m, outputs = mlp.widths
    if not activation.is_monomial:
        return _with_powers(mlp)[:_MOST]
    if not mlp.bias or activation.degree < 2:
        return []
    return [_beside_affine(mlp, k, min(m - k, inputs, outputs)) for k in range(m - 1, -1, -1)]


def _with_powers(mlp: MLP) -> list[Model]:
    """Some neurons as they are, some with the highest power of the activation alone, some with the lowest."""
    inputs, m, outputs = mlp.widths
    exponents = [e for e, _ in mlp.activations[0].terms]
    high, low = exponents[0], min(e for e in exponents if e)
    if (0 in exponents and not mlp.bias) or low == high:  # the constant would grow with the lowest power, or there is no other
        low = 0
    out = []
    for k in range(m - 1, -1, -1):
        for i in range(m - k, -1, -1):
            j = m - k - i
            useless = low == 1 and j > min(inputs, outputs)  # so many linear neurons are no more than fewer
            if not useless and (low or not j):
                out.append(
                    _sum_of_neurons(mlp, {mlp.activations[0]: k, Activation.monomial(high): i, Activation.monomial(low or 1): j})
                )
    return out


def _sum_of_neurons(mlp: MLP, numbers: dict[Activation, int]) -> Model:
    """A hidden layer whose neurons have different activations, so many of each."""
    inputs, _, outputs = mlp.widths
    parts = [(f"part{i}", activation, n) for i, (activation, n) in enumerate(numbers.items()) if n]
    shapes: dict[str, tuple[int, ...]] = {}
    for name, _, n in parts:
        shapes |= {f"{name}_W1": (n, inputs), f"{name}_W2": (outputs, n)} | ({f"{name}_b1": (n,)} if mlp.bias else {})
    shapes |= {"b2": (outputs,)} if mlp.bias else {}

    def function(parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        total = parameters["b2"] if mlp.bias else 0
        for name, activation, _ in parts:
            z = parameters[f"{name}_W1"] @ x
            z = z + parameters[f"{name}_b1"] if mlp.bias else z
            total = total + parameters[f"{name}_W2"] @ activation.apply(z, coefficients if activation.inexact_coefficients else None)
        return total

    shown = " and ".join(f"{n} of {activation}" for _, activation, n in parts)
    return Model(name=f"neurons: {shown}, limits of {mlp.notation()}", function=function, shapes=shapes, input_shape=mlp.input_shape,
                 coefficients=mlp.coefficients())  # fmt: skip


def _beside_affine(mlp: MLP, k: int, rank: int) -> Model:
    inputs, _, outputs = mlp.widths
    small = MLP((inputs, k, outputs), mlp.activations, True).model if k else None
    shapes: dict[str, tuple[int, ...]] = {"A": (rank, inputs)}
    shapes |= {"B": (outputs, rank)} if rank < min(inputs, outputs) or outputs > 1 else {}
    shapes |= {f"net_{b.name}": b.shape for b in small.blocks} if small is not None else {"c": (outputs,)}

    def function(parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
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


def _as_limit(point: CriticalFunction, name: str) -> CriticalFunction:
    attained = "limit" if point.weights is not None else point.attained
    return replace(point, stratum=name, weights=None, attained=attained, kind="limit" if point.real else "undecided", type="undecided")


def least_limit(stages: list[Stage]) -> CriticalFunction | None:
    """The real limit of real networks with the least loss."""
    points = [p for stage in stages for p in stage.points if p.real and p.attained == "limit" and np.isfinite(p.loss)]
    return min(points, key=lambda p: p.loss, default=None)
