"""Limits of networks whose weights diverge: functions of the closure that no weights have.

A neuron a (w x + b)^r with large b and small a tends to an affine function: a b^r + r a b^(r-1) w x + ... with r a b^(r-1) w kept. So
networks with k of their m neurons and an affine function of rank at most m - k beside them are limits. A neuron of an activation of
several terms tends to its highest power where w grows and a falls, and to its lowest one where w falls and a grows: a (w x)^3 and
a (w x)^2 for x^3 + x^2. Gradient flow can drift toward such functions for ever, and a loss can have its infimum there. There may be
other limits (of neurons that cancel each other), which are not listed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np

from neurovariety.architectures import MLP, Activation
from neurovariety.image import Perceptrons, Quadrics
from neurovariety.model import Model
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction, Stage, monomials_of, smooth_stage
from neurovariety.training.losses.loss import Loss

Widths = tuple[int, int, int]
"""Inputs, neurons, outputs."""

_MOST = 9
"""Models of limits that are looked at: all for three neurons of two powers."""


def limit_models(model: Model) -> list[Model]:
    """The models of limits of networks with one hidden layer and a polynomial as activation: powers in place of some neurons, or an
    affine function beside fewer neurons where the activation is a power and there are biases."""
    return _limits(model.image, model)


@singledispatch
def _limits(image: object, model: Model) -> list[Model]:
    """The same by the kind of ``image``, that of the model: equal sets of functions have equal limits."""
    return []


@_limits.register
def _(image: Quadrics, model: Model) -> list[Model]:
    return _beside_affine_ones(model, (image.inputs, image.rank, 1), Activation.monomial(2)) if image.bias else []


@_limits.register
def _(image: Perceptrons, model: Model) -> list[Model]:
    if len(image.widths) != 3 or not image.activations[0].is_polynomial or image.activations[0].is_generic:
        return []
    inputs, m, outputs = image.widths
    activation = Activation(image.activations[0].terms)
    if not activation.is_monomial:
        return _with_powers(model, (inputs, m, outputs), activation, image.bias)[:_MOST]
    return _beside_affine_ones(model, (inputs, m, outputs), activation) if image.bias else []


def _beside_affine_ones(model: Model, widths: Widths, activation: Activation) -> list[Model]:
    inputs, m, outputs = widths
    return [_beside_affine(model, (inputs, k, outputs), activation, min(m - k, inputs, outputs)) for k in range(m - 1, -1, -1)]


def _with_powers(model: Model, widths: Widths, activation: Activation, bias: bool) -> list[Model]:
    """Some neurons as they are, some with the highest power of the activation alone, some with the lowest."""
    inputs, m, outputs = widths
    exponents = [e for e, _ in activation.terms]
    high, low = exponents[0], min(e for e in exponents if e)
    if (0 in exponents and not bias) or low == high:  # the constant would grow with the lowest power, or there is no other
        low = 0
    out = []
    for k in range(m - 1, -1, -1):
        for i in range(m - k, -1, -1):
            j = m - k - i
            useless = low == 1 and j > min(inputs, outputs)  # so many linear neurons are no more than fewer
            if not useless and (low or not j):
                numbers = {activation: k, Activation.monomial(high): i}
                numbers |= {Activation.monomial(low): j} if low else {}
                out.append(_sum_of_neurons(model, inputs, outputs, numbers, bias))
    return out


def _sum_of_neurons(model: Model, inputs: int, outputs: int, numbers: dict[Activation, int], bias: bool) -> Model:
    """A hidden layer whose neurons have different activations, so many of each."""
    parts = [(f"part{i}", activation, n) for i, (activation, n) in enumerate(numbers.items()) if n]
    shapes: dict[str, tuple[int, ...]] = {}
    for name, _, n in parts:
        shapes |= {f"{name}_W1": (n, inputs), f"{name}_W2": (outputs, n)} | ({f"{name}_b1": (n,)} if bias else {})
    shapes |= {"b2": (outputs,)} if bias else {}

    def function(parameters: Any, x: Any, coefficients: Any) -> Any:
        total = parameters["b2"] if bias else 0
        for name, activation, _ in parts:
            z = parameters[f"{name}_W1"] @ x
            z = z + parameters[f"{name}_b1"] if bias else z
            total = total + parameters[f"{name}_W2"] @ activation.apply(z, coefficients if activation.inexact_coefficients else None)
        return total

    shown = " and ".join(f"{n} of {activation}" for _, activation, n in parts)
    # Powers have the coefficient 1: only the activation itself has coefficients to pass on.
    coefficients = tuple(c for activation in numbers for c in activation.inexact_coefficients)
    return Model(name=f"neurons: {shown}, limits of {model.name}", function=function, shapes=shapes, input_shape=(inputs,),
                 coefficients=coefficients)  # fmt: skip


def _beside_affine(model: Model, widths: Widths, activation: Activation, rank: int) -> Model:
    inputs, k, outputs = widths
    small = MLP(widths, (activation,), True).model if k else None
    shapes: dict[str, tuple[int, ...]] = {"A": (rank, inputs)}
    shapes |= {"B": (outputs, rank)} if rank < min(inputs, outputs) or outputs > 1 else {}
    shapes |= {f"net_{b.name}": b.shape for b in small.blocks} if small is not None else {"c": (outputs,)}

    def function(parameters: Any, x: Any, coefficients: Any) -> Any:
        linear = parameters["A"] @ x
        linear = parameters["B"] @ linear if "B" in parameters else linear
        if small is None:
            return linear + parameters["c"]
        return linear + small.function({b.name: parameters[f"net_{b.name}"] for b in small.blocks}, x, coefficients)

    name = f"{small.name} and an affine function" if small is not None else "affine functions"
    return Model(name=f"{name}, limits of {model.name}", function=function, shapes=shapes, input_shape=(inputs,))


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
