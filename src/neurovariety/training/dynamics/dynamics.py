"""Training as motion: gradient flow, gradient descent and its relatives, many runs at once, and Newton's iteration at their ends.

Everything is written for arrays of weights (runs, N). Flows, gradients and second derivatives are loops compiled by numba, whose
code is kept on disk: to compile an integrator in JAX took longer than all runs, and in a batch all runs wait for the slowest. Discrete
methods are compiled by JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from neurovariety.budget import spend, used_up
from neurovariety.errors import InputError
from neurovariety.model import Model
from neurovariety.program import expand
from neurovariety.progress import note
from neurovariety.training.dynamics.flow_kernel import FlowNumbers, FlowRuns, followed
from neurovariety.training.dynamics.polynomial_loss import (
    SparseLoss,
    coefficients_of,
    gradients,
    hessians,
    jacobians,
    sparse_loss,
)
from neurovariety.training.losses.loss import Loss, Monomial, SquaredError, quadratic

_EXPONENT = 3
"""The least exponent that is compiled, so that more losses share it."""
_BLOCK = 64
"""Runs that are followed without a break, in which work could be interrupted."""
_STAGES = (1e1, 1e2, 1e3, 1e4, 1e5)
"""Times at which runs that have come to rest leave the batch."""
_EXPLICIT = 1e1
"""Until then an explicit method needs fewer steps; later the problem is stiff near its minima, and an implicit one does."""
_RTOL, _ATOL = 1e-7, 1e-9
_MOST_STEPS, _USUAL_STEPS = 4000, 400
"""Of one stage: the most, and those by which work is counted before it is done."""
REST = 1e-6
"""Gradient norm, relative to that of a typical start, below which a run is at rest."""
_NEWTON_STEPS = 12
_RCOND = 1e-9
_SETTLED = 1e-9
_DIVERGED = 1e6
_NUMBERS = FlowNumbers(_RTOL, _ATOL, _MOST_STEPS, _DIVERGED)
_EPOCH, _EPOCHS = 2000, 25


Values = np.ndarray | jax.Array
"""What JAX takes, and what it gives."""


class Terms(NamedTuple):
    """A loss as arrays: coefficients c = ``matrix`` (monomials in the weights, with exponents ``table``), the loss c^T ``quadric`` c -
    2 ``image`` . c + ``constant``, and weight decay. Losses of one shape share what JAX compiled."""

    table: Int[Values, "M N"]
    matrix: Float[Values, "n M"]
    quadric: Float[Values, "n n"]
    image: Float[Values, " n"]
    constant: Float[Values, ""]
    decay: Float[Values, ""]


@dataclass(frozen=True, eq=False)
class Objective:
    """A loss of the flat weights (N,), and the outputs or coefficients (k,) that it sees, for the tangent kernel."""

    model: Model
    terms: Terms
    degree: int
    """The largest exponent of a weight, or more."""
    seen: Callable[[Values], jax.Array]
    part: Callable[[Values, Values], jax.Array] | None
    """The loss on some of the samples, by their numbers; None where there are no samples."""
    samples: int
    design: tuple[tuple[Int[np.ndarray, " m"], Float[np.ndarray, "samples m"]], ...] | None = None
    """Where there are samples, for each output the numbers of its coefficients, and the monomials in the inputs at all samples."""

    def value(self, flat: Float[Values, " N"]) -> Float[jax.Array, ""]:
        """The loss, in JAX."""
        return _value(flat, self.terms, self.degree)

    def losses(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, " runs"]:
        """Losses."""
        c = self.coefficients(weights)
        quadric, image = np.asarray(self.terms.quadric), np.asarray(self.terms.image)
        size = (np.asarray(weights) ** 2).sum(axis=1)
        found = np.einsum("pi,ij,pj->p", c, quadric, c) - 2 * c @ image + float(self.terms.constant) + float(self.terms.decay) * size
        return np.asarray(found)

    def coefficients(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, "runs n"]:
        """The coefficients of the functions, of which the loss is a quadratic function."""
        return self._filled(coefficients_of, weights, (len(self.terms.image),))

    def slopes(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, "runs N"]:
        """Gradients."""
        return self._filled(gradients, weights, (weights.shape[1],))

    def hessians(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, "runs N N"]:
        """Second derivatives."""
        return self._filled(hessians, weights, (weights.shape[1],) * 2)

    def jacobians(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, "runs k N"]:
        """Derivatives of what the loss sees: of coefficients, or of the outputs for all samples, output by output."""
        found = self._filled(jacobians, weights, (len(self.terms.image), weights.shape[1]))
        if self.design is None:
            return found
        return np.concatenate([np.einsum("sn,pnw->psw", values, found[:, rows]) for rows, values in self.design], axis=1)

    def _filled(
        self, kernel: Callable[[np.ndarray, SparseLoss, np.ndarray], None], weights: Float[Values, "runs N"], shape: tuple[int, ...]
    ) -> np.ndarray:
        points = np.array(weights, dtype=np.float64, order="C")
        out = np.zeros((len(points), *shape))
        kernel(points, self.sparse, out)
        return out

    @cached_property
    def sparse(self) -> SparseLoss:
        """The loss as the compiled kernels take it."""
        t = self.terms
        table, matrix, quadric, image = (np.asarray(a) for a in (t.table, t.matrix, t.quadric, t.image))
        return sparse_loss(table, matrix, quadric, image, float(t.decay))


def _coefficients(flat: Values, terms: Terms, degree: int) -> jax.Array:
    powers = [jnp.ones_like(flat)]
    for _ in range(degree):
        powers.append(powers[-1] * flat)
    chosen = jnp.take_along_axis(jnp.stack(powers), terms.table, axis=0)
    return jnp.matmul(terms.matrix, jnp.prod(chosen, axis=1))


def _value(flat: Values, terms: Terms, degree: int) -> jax.Array:
    c = _coefficients(flat, terms, degree)
    return c @ terms.quadric @ c - 2 * c @ terms.image + terms.constant + terms.decay * jnp.sum(flat**2)


_slopes = jax.jit(jax.vmap(jax.grad(_value), in_axes=(0, None, None)), static_argnums=2)


def objective(model: Model, loss: Loss, weight_decay: float = 0.0) -> Objective:
    """The loss of a task in JAX, plus ``weight_decay`` times the squared norm of the weights."""
    if not np.isfinite(weight_decay) or weight_decay < 0:
        raise InputError(f"weight decay is a number from 0 on, got {weight_decay!r}")
    table, matrix, monomials = _written_out(model)
    found = quadratic(loss, [(o, e, 1.0) for o, e in monomials])
    terms = Terms(table, matrix, found.matrix, found.image, np.array(found.constant), np.array(float(weight_decay)))
    degree = max(_EXPONENT, int(table.max(initial=0)))
    if not isinstance(loss, SquaredError):
        return Objective(model, terms, degree, lambda flat: _coefficients(flat, terms, degree), None, 0)
    inputs, targets, share = (np.asarray(t, dtype=np.float64) for t in (loss.inputs, loss.targets, loss.weights))

    def part(flat: Values, chosen: Values) -> jax.Array:
        errors = jnp.sum((_outputs(model, jnp.asarray(inputs)[chosen], flat) - jnp.asarray(targets)[chosen]) ** 2, axis=1)
        return jnp.mean(jnp.asarray(share)[chosen] * len(targets) * errors) + weight_decay * jnp.sum(flat**2)

    design = tuple(_design(monomials, o, inputs) for o in range(targets.shape[1]))
    return Objective(model, terms, degree, lambda flat: _outputs(model, inputs, flat).reshape(-1), part, len(targets), design)


def _design(
    monomials: Sequence[Monomial], output: int, inputs: Float[np.ndarray, "samples d"]
) -> tuple[Int[np.ndarray, " m"], Float[np.ndarray, "samples m"]]:
    rows = np.array([k for k, (o, _) in enumerate(monomials) if o == output], dtype=np.int64)
    powers = [np.prod(inputs ** np.array(monomials[k][1]), axis=1) for k in rows]
    return rows, np.column_stack(powers) if powers else np.zeros((len(inputs), 0))


def _outputs(model: Model, inputs: Values, flat: Values) -> jax.Array:
    leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
    fixed = jnp.asarray([float(c) for c in model.known_coefficients()])
    shaped = jnp.asarray(inputs).reshape(-1, *model.input_shape)
    return jax.vmap(lambda x: model.function(model.tree(leaves), x, fixed).reshape(-1))(shaped)


def _written_out(model: Model) -> tuple[Int[np.ndarray, "M N"], Float[np.ndarray, "n M"], list[Monomial]]:
    """Exponents of the monomials in the weights, the matrix that makes coefficients of them, and their places."""
    expansion = expand(model)
    n = expansion.parameters
    places: dict[Monomial, dict[tuple[int, ...], float]] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            places.setdefault((o, tuple(e[n:])), {})[tuple(e[:n])] = float(c)
    monomials = sorted(places)
    exponents = sorted({e for terms in places.values() for e in terms})
    matrix = np.array([[places[m].get(e, 0.0) for e in exponents] for m in monomials])
    return np.array(exponents, dtype=np.int64), matrix, monomials


@dataclass(frozen=True, eq=False)
class Runs:
    """Ends of runs, gradient norms there, the time that each was followed, and where it was a stage before."""

    ends: Float[np.ndarray, "runs N"]
    gradients: Float[np.ndarray, " runs"]
    times: Float[np.ndarray, " runs"]
    earlier: Float[np.ndarray, "runs N"]


def typical_gradient(goal: Objective, starts: Float[np.ndarray, "runs N"]) -> float:
    """The median gradient norm at weights, by which others are measured."""
    return max(float(np.median(np.linalg.norm(goal.slopes(starts), axis=1))), 1e-12)


def flow(goal: Objective, starts: Float[Values, "runs N"], typical: float) -> Runs:
    """Gradient flow dw/dt = -grad L from ``starts``, until each is at rest or the last stage ends.

    Gradient norms are relative to a ``typical`` one.
    """
    ends = np.array(starts, dtype=np.float64, order="C")
    times, steps, open_ = np.zeros(len(ends)), np.zeros(len(ends)), np.ones(len(ends), dtype=bool)
    earlier = ends.copy()
    for end in _STAGES:
        if not open_.any() or used_up():
            break
        rows = np.flatnonzero(open_)
        earlier[rows] = ends[rows]
        spend("runs", len(rows), _USUAL_STEPS * _operations(goal.terms, end <= _EXPLICIT))
        for first in range(0, len(rows), _BLOCK):
            block = rows[first : first + _BLOCK]
            part = FlowRuns(ends[block], times[block], steps[block])
            followed(goal.sparse, end, end <= _EXPLICIT, _NUMBERS, part)
            ends[block], times[block], steps[block] = part
        size = np.linalg.norm(goal.slopes(ends), axis=1)
        open_ &= (size > 0.1 * REST * typical) & np.isfinite(size) & (np.abs(ends).max(axis=1) < _DIVERGED)
        note(phase=f"gradient flow: {int((~open_).sum())} of {len(ends)} runs at rest", runs=len(ends))
    return Runs(ends, np.linalg.norm(goal.slopes(ends), axis=1) / typical, times, earlier)


def _operations(terms: Terms, explicit: bool) -> float:
    """Of one step of one run: gradients at the stages of the method, and Newton's iteration with a Jacobian where it is implicit."""
    parameters, monomials = terms.table.shape[1], terms.table.shape[0]
    gradient = 3 * (terms.matrix.size + terms.quadric.size + parameters * monomials)
    return float(6 * gradient if explicit else (parameters + 12) * gradient + parameters**3)


def trajectories(
    goal: Objective, starts: Float[np.ndarray, "runs N"], times: Sequence[float] | Float[np.ndarray, " times"]
) -> Float[np.ndarray, "runs times N"]:
    """Weights along gradient flow; what is no number where a run could not be followed so far."""
    there = np.array(starts, dtype=np.float64, order="C")
    runs, found = FlowRuns(there, np.zeros(len(there)), np.zeros(len(there))), []
    for time in times:
        followed(goal.sparse, float(time), True, _NUMBERS, runs)
        found.append(np.where((runs.times >= time)[:, None], there, np.nan))
    return np.stack(found, axis=1)


class _Descent(NamedTuple):
    """Weights of all runs, means of gradients and of their squares, and how many steps were made."""

    weights: jax.Array
    first: jax.Array
    second: jax.Array
    steps: jax.Array


def descend(goal: Objective, starts: Float[np.ndarray, "runs N"], method: str, step: float, seed: int) -> Float[np.ndarray, "runs N"]:
    """Weights after discrete training: ``gd``, ``sgd`` with batches of an eighth of the samples, ``adam``.

    At most 50,000 steps, fewer where all runs are at rest. Raises `InputError` for a step size that is not positive, and for ``sgd``
    without samples.
    """
    if not np.isfinite(step) or step <= 0:
        raise InputError(f"a step size is a positive number, got {step!r}")
    if method == "sgd" and goal.part is None:
        raise InputError("sgd needs samples; with a stated metric use gd or adam")
    batch = max(1, goal.samples // 8)
    with jax.enable_x64(True):
        part, terms, degree = goal.part, goal.terms, goal.degree

        def draw(w: jax.Array, key: jax.Array) -> jax.Array:
            assert part is not None
            chosen = jax.random.randint(key, (batch,), 0, goal.samples)
            return cast("jax.Array", jax.vmap(lambda one: jax.grad(part)(one, chosen))(w))

        def once(state: _Descent, key: jax.Array) -> tuple[_Descent, None]:
            w, first, second, k = state
            g = draw(w, key) if method == "sgd" else _slopes(w, terms, degree)
            if method == "adam":
                first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
                g = (first / (1 - 0.9 ** (k + 1))) / (jnp.sqrt(second / (1 - 0.999 ** (k + 1))) + 1e-8)
            return _Descent(w - step * g, first, second, k + 1), None

        epoch = jax.jit(lambda state, keys: jax.lax.scan(once, state, keys)[0])
        w = jnp.asarray(starts)
        state = _Descent(w, jnp.zeros_like(w), jnp.zeros_like(w), jnp.asarray(0))
        typical = float(np.median(np.linalg.norm(goal.slopes(w), axis=1)))
        for k in range(_EPOCHS):
            spend("runs", len(w), _EPOCH * _operations(goal.terms, True))
            state = epoch(state, jax.random.split(jax.random.PRNGKey(seed * 1000 + k), _EPOCH))
            size = np.linalg.norm(goal.slopes(state.weights), axis=1)
            if used_up() or (method != "sgd" and not (size > 0.1 * REST * typical).any()):
                break
        return np.asarray(state.weights)


@dataclass(frozen=True, eq=False)
class Settled:
    """``weights`` after Newton's iteration, and which of them it took to a critical point nearby."""

    weights: Float[np.ndarray, "runs N"]
    settled: Bool[np.ndarray, " runs"]


def newton_ends(goal: Objective, ends: Float[np.ndarray, "runs N"]) -> Settled:
    """Newton's iteration from ends of runs, with the pseudo-inverse of the Hessian: directions along the fiber stay as they are."""
    weights = np.nan_to_num(np.array(ends, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    moved = weights
    before = np.linalg.norm(goal.slopes(moved), axis=1)
    for _ in range(_NEWTON_STEPS):
        g, h = goal.slopes(moved), goal.hessians(moved)
        values, vectors = np.linalg.eigh(h)
        keep = np.abs(values) > _RCOND * np.abs(values).max(axis=1, keepdims=True, initial=1e-300)
        turned = np.einsum("pji,pj->pi", vectors, g)
        moved = moved - np.einsum("pij,pj->pi", vectors, np.where(keep, turned / np.where(keep, values, 1.0), 0.0))
    g = np.linalg.norm(goal.slopes(moved), axis=1)
    size = np.maximum(np.abs(moved).max(axis=1), 1.0)
    near = np.abs(moved - weights).max(axis=1) <= 1e-2 * size
    fine = g <= np.maximum(_SETTLED * size, 1e-3 * before)
    fine &= g <= 1e-7 * size
    return Settled(moved, near & fine & np.isfinite(ends).all(axis=1))


def settled_ends(goal: Objective, runs: Runs) -> Settled:
    """Where runs have converged, by Newton's iteration and the gradient at their ends; of others the weights at which they are."""
    found = newton_ends(goal, runs.ends)
    converged = found.settled & (runs.gradients <= REST)
    return Settled(np.where(converged[:, None], found.weights, runs.ends), converged)
