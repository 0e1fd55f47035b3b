"""Training as motion: gradient flow, gradient descent and its relatives, many runs at once, and Newton's iteration at their ends.

Everything is written for arrays of weights (runs, N) and compiled by JAX; a GPU takes the same code. Call these functions inside
`jax.enable_x64(True)`, or through the functions of this module, which do so themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurovariety.dictionary.progress import note, time_is_up
from neurovariety.dictionary.training.loss import Loss, SquaredError, quadratic
from neurovariety.errors import InputError
from neurovariety.model import Model
from neurovariety.program import expand

_STAGES = (1e1, 1e2, 1e3, 1e4, 1e5)
"""Times at which runs that have come to rest leave the batch."""
_EXPLICIT = 1e2
"""Until then an explicit method needs fewer steps; later the problem is stiff near its minima, and an implicit one does."""
_RTOL, _ATOL = 1e-7, 1e-9
_MOST_STEPS = 4000
REST = 1e-6
"""Gradient norm, relative to that of a typical start, below which a run is at rest."""
_SMALL = 100
"""So many runs are followed together to the end: compiling for fewer takes longer."""
_NEWTON_STEPS = 12
_RCOND = 1e-9
_SETTLED = 1e-9
_DIVERGED = 1e6
_EPOCH, _EPOCHS = 2000, 25


@dataclass(frozen=True, eq=False)
class Objective:
    """A loss as a function of the flat weights (N,), and the outputs or coefficients that it sees, (k,), for the tangent kernel."""

    model: Model
    value: Callable[[Any], Any]
    seen: Callable[[Any], Any]
    part: Callable[[Any, Any], Any] | None
    """The loss on some of the samples, by their numbers; None where there are no samples."""
    samples: int


def objective(model: Model, loss: Loss, weight_decay: float = 0.0) -> Objective:
    """The loss of a task in JAX, plus ``weight_decay`` times the squared norm of the weights."""
    if not np.isfinite(weight_decay) or weight_decay < 0:
        raise InputError(f"weight decay is a number from 0 on, got {weight_decay!r}")
    coefficients, monomials = _coefficients(model)
    found = quadratic(loss, [(o, e, 1.0) for o, e in monomials])

    def value(flat: Any) -> Any:
        c = coefficients(flat)
        return c @ found.matrix @ c - 2 * c @ found.image + found.constant + weight_decay * jnp.sum(flat**2)

    if not isinstance(loss, SquaredError):
        return Objective(model, value, coefficients, None, 0)
    inputs, targets, share = (np.asarray(t, dtype=np.float64) for t in (loss.inputs, loss.targets, loss.weights))
    outputs = partial(_outputs, model, inputs)

    def part(flat: Any, chosen: Any) -> Any:
        errors = jnp.sum((_outputs(model, jnp.asarray(inputs)[chosen], flat) - jnp.asarray(targets)[chosen]) ** 2, axis=1)
        return jnp.mean(jnp.asarray(share)[chosen] * len(targets) * errors) + weight_decay * jnp.sum(flat**2)

    return Objective(model, value, lambda flat: outputs(flat).reshape(-1), part, len(targets))


def _outputs(model: Model, inputs: Any, flat: Any) -> Any:
    leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
    fixed = jnp.asarray([float(c or 0) for c in model.coefficients])
    shaped = jnp.asarray(inputs).reshape(-1, *model.input_shape)
    return jax.vmap(lambda x: model.function(model.tree(leaves), x, fixed).reshape(-1))(shaped)


def _coefficients(model: Model) -> tuple[Callable[[Any], Any], list[tuple[int, tuple[int, ...]]]]:
    """The coefficients of the outputs as a function of the flat weights, with their monomials."""
    expansion = expand(model)
    n = expansion.parameters
    places: dict[tuple[int, tuple[int, ...]], dict[tuple[int, ...], float]] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            places.setdefault((o, tuple(e[n:])), {})[tuple(e[:n])] = float(c)
    monomials = sorted(places)
    exponents = sorted({e for terms in places.values() for e in terms})
    matrix = np.array([[places[m].get(e, 0.0) for e in exponents] for m in monomials])
    table, top = np.array(exponents), max((max(e) for e in exponents), default=0)

    def coefficients(flat: Any) -> Any:
        powers = [jnp.ones_like(flat)]
        for _ in range(top):
            powers.append(powers[-1] * flat)
        return jnp.asarray(matrix) @ jnp.prod(jnp.stack(powers)[table, np.arange(n)], axis=1)

    return coefficients, monomials


@dataclass(frozen=True, eq=False)
class Runs:
    """Ends (runs, N) of runs, gradient norms there, the time that each was followed, and where it was a stage before."""

    ends: Any
    gradients: Any
    times: Any
    earlier: Any


def typical_gradient(goal: Objective, starts: Any) -> float:
    """The median gradient norm at weights (runs, N), by which others are measured."""
    with jax.enable_x64(True):
        return max(float(np.median(np.linalg.norm(np.asarray(jax.vmap(jax.grad(goal.value))(np.asarray(starts))), axis=1))), 1e-12)


def flow(goal: Objective, starts: Any, typical: float) -> Runs:
    """Gradient flow dw/dt = -grad L from ``starts`` (runs, N), until each is at rest or the last stage ends.

    Gradient norms are relative to a ``typical`` one.
    """
    import diffrax

    with jax.enable_x64(True):
        slope = jax.jit(jax.vmap(jax.grad(goal.value)))
        term = diffrax.ODETerm(lambda t, w, _: -jax.grad(goal.value)(w))
        controller = diffrax.PIDController(rtol=_RTOL, atol=_ATOL)

        @partial(jax.jit, static_argnums=3)
        def advance(w: Any, begin: Any, end: Any, solver: Any) -> Any:
            return jax.vmap(
                lambda one: diffrax.diffeqsolve(
                    term, solver, begin, end, None, one, stepsize_controller=controller, max_steps=_MOST_STEPS, throw=False
                ).ys[0]
            )(w)

        ends = np.array(starts, dtype=np.float64)
        times, open_ = np.zeros(len(ends)), np.ones(len(ends), dtype=bool)
        begin, earlier = 0.0, ends.copy()
        for end in _STAGES:
            if not open_.any() or time_is_up():
                break
            rows = np.flatnonzero(open_)
            earlier[rows] = ends[rows]
            solver = diffrax.Tsit5() if end <= _EXPLICIT else diffrax.Kvaerno3()
            batch = len(ends) if 4 * len(rows) > len(ends) or len(ends) <= _SMALL else _rounded(len(rows))  # few compilations
            ends[rows] = np.asarray(advance(ends[np.resize(rows, batch)], begin, end, solver))[: len(rows)]
            times[rows], begin = end, end
            size = np.linalg.norm(np.asarray(slope(ends)), axis=1)
            open_ &= (size > 0.1 * REST * typical) & np.isfinite(size) & (np.abs(ends).max(axis=1) < _DIVERGED)
            note(phase=f"gradient flow: {int((~open_).sum())} of {len(ends)} runs at rest", runs=len(ends))
        return Runs(ends, np.linalg.norm(np.asarray(slope(ends)), axis=1) / typical, times, earlier)


def _rounded(n: int) -> int:
    return 1 << max(3, (n - 1).bit_length())


def trajectories(goal: Objective, starts: Any, times: Any) -> Any:
    """Weights (runs, times, N) along gradient flow."""
    import diffrax

    with jax.enable_x64(True):
        term = diffrax.ODETerm(lambda t, w, _: -jax.grad(goal.value)(w))

        def one(w: Any) -> Any:
            return diffrax.diffeqsolve(
                term, diffrax.Tsit5(), 0.0, float(times[-1]), None, w, saveat=diffrax.SaveAt(ts=jnp.asarray(times)),
                stepsize_controller=diffrax.PIDController(rtol=_RTOL, atol=_ATOL), max_steps=4 * _MOST_STEPS, throw=False,
            ).ys  # fmt: skip

        return np.asarray(jax.jit(jax.vmap(one))(np.asarray(starts, dtype=np.float64)))


METHODS = ("flow", "gd", "sgd", "adam")


def descend(goal: Objective, starts: Any, method: str, step: float, seed: int) -> Any:
    """Weights (runs, N) after discrete training: ``gd``, ``sgd`` with batches of an eighth of the samples, ``adam``.

    At most 50,000 steps, fewer where all runs are at rest. Raises `InputError` for a step size that is not positive, and for ``sgd``
    without samples.
    """
    if not np.isfinite(step) or step <= 0:
        raise InputError(f"a step size is a positive number, got {step!r}")
    if method == "sgd" and goal.part is None:
        raise InputError("sgd needs samples; with a stated metric use gd or adam")
    batch = max(1, goal.samples // 8)
    with jax.enable_x64(True):
        slope = jax.vmap(jax.grad(goal.value))
        part = goal.part

        def draw(w: Any, key: Any) -> Any:
            assert part is not None
            chosen = jax.random.randint(key, (batch,), 0, goal.samples)
            return jax.vmap(lambda one: jax.grad(part)(one, chosen))(w)

        def once(state: Any, key: Any) -> tuple[Any, None]:
            w, first, second, k = state
            g = draw(w, key) if method == "sgd" else slope(w)
            if method == "adam":
                first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
                g = (first / (1 - 0.9 ** (k + 1))) / (jnp.sqrt(second / (1 - 0.999 ** (k + 1))) + 1e-8)
            return (w - step * g, first, second, k + 1), None

        epoch = jax.jit(lambda state, keys: jax.lax.scan(once, state, keys)[0])
        w = jnp.asarray(starts)
        state = (w, jnp.zeros_like(w), jnp.zeros_like(w), 0)
        typical = float(np.median(np.linalg.norm(np.asarray(slope(w)), axis=1)))
        for k in range(_EPOCHS):
            state = epoch(state, jax.random.split(jax.random.PRNGKey(seed * 1000 + k), _EPOCH))
            size = np.linalg.norm(np.asarray(slope(state[0])), axis=1)
            if time_is_up() or (method != "sgd" and not (size > 0.1 * REST * typical).any()):
                break
        return np.asarray(state[0])


@dataclass(frozen=True, eq=False)
class Settled:
    """``weights`` (runs, N) after Newton's iteration, and which of them it took to a critical point nearby."""

    weights: Any
    settled: Any


def newton_ends(goal: Objective, ends: Any) -> Settled:
    """Newton's iteration from ends of runs, with the pseudo-inverse of the Hessian: directions along the fiber stay as they are."""
    with jax.enable_x64(True):
        slope, hessian = jax.jit(jax.vmap(jax.grad(goal.value))), jax.jit(jax.vmap(jax.hessian(goal.value)))
        weights = np.nan_to_num(np.array(ends, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        padded = np.vstack([weights, np.repeat(weights[:1], _rounded(len(weights)) - len(weights), axis=0)])
        before = np.linalg.norm(np.asarray(slope(padded)), axis=1)
        for _ in range(_NEWTON_STEPS):
            g, h = np.asarray(slope(padded)), np.asarray(hessian(padded))
            values, vectors = np.linalg.eigh(h)
            keep = np.abs(values) > _RCOND * np.abs(values).max(axis=1, keepdims=True, initial=1e-300)
            turned = np.einsum("pji,pj->pi", vectors, g)
            padded = padded - np.einsum("pij,pj->pi", vectors, np.where(keep, turned / np.where(keep, values, 1.0), 0.0))
        g = np.linalg.norm(np.asarray(slope(padded)), axis=1)
        size = np.maximum(np.abs(padded).max(axis=1), 1.0)
        near = np.abs(padded[: len(weights)] - weights).max(axis=1) <= 1e-2 * size[: len(weights)]
        fine = (g <= np.maximum(_SETTLED * size, 1e-3 * before))[: len(weights)]
        fine &= g[: len(weights)] <= 1e-7 * size[: len(weights)]
        return Settled(padded[: len(weights)], near & fine & np.isfinite(ends).all(axis=1))
