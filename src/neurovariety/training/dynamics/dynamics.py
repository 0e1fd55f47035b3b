"""Training as motion: gradient flow, gradient descent and its relatives, many runs at once, and Newton's iteration at their ends.

Everything is written for arrays of weights (runs, N) and compiled by JAX; a GPU takes the same code. Call these functions inside
`jax.enable_x64(True)`, or through the functions of this module, which do so themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
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
from neurovariety.training.losses.loss import Loss, Monomial, SquaredError, quadratic

_MONOMIALS, _COEFFICIENTS, _WEIGHTS, _EXPONENT = 16, 8, 12, 3
"""The least sizes that are compiled for few runs: to compile takes some 20 seconds, longer than to compute with zeros."""
_RUNS = 8
"""The numbers of runs that are compiled are multiples of it."""
_STAGES = (1e1, 1e2, 1e3, 1e4, 1e5)
"""Times at which runs that have come to rest leave the batch."""
_EXPLICIT = 1e2
"""Until then an explicit method needs fewer steps; later the problem is stiff near its minima, and an implicit one does."""
_RTOL, _ATOL = 1e-7, 1e-9
_MOST_STEPS, _USUAL_STEPS = 4000, 400
"""Of one stage: the most, and those by which work is counted before it is done."""
REST = 1e-6
"""Gradient norm, relative to that of a typical start, below which a run is at rest."""
_SMALL = 100
"""So many runs are few; they are followed together to the end: compiling for fewer takes longer."""
_NEWTON_STEPS = 12
_RCOND = 1e-9
_SETTLED = 1e-9
_DIVERGED = 1e6
_EPOCH, _EPOCHS = 2000, 25


Values = np.ndarray | jax.Array
"""What JAX takes, and what it gives."""


class Terms(NamedTuple):
    """A loss as arrays: coefficients c = ``matrix`` (monomials in the weights, with exponents ``table``), the loss c^T ``quadric`` c -
    2 ``image`` . c + ``constant``, and weight decay. Losses of one shape share what was compiled, so those of small models can be
    filled up: weights, monomials and coefficients beyond those of the model are zero and stay zero."""

    table: Int[Values, "M N"]
    matrix: Float[Values, "n M"]
    quadric: Float[Values, "n n"]
    image: Float[Values, " n"]
    constant: Float[Values, ""]
    decay: Float[Values, ""]

    def filled(self) -> Terms:
        """The same loss in arrays of at least the sizes that are compiled for few runs."""
        (monomials, parameters), n = self.table.shape, len(self.image)
        more, less, width = (max(0, k) for k in (_MONOMIALS - monomials, _COEFFICIENTS - n, _WEIGHTS - parameters))
        return self._replace(
            table=np.pad(self.table, ((0, more), (0, width))), matrix=np.pad(self.matrix, ((0, less), (0, more))),
            quadric=np.pad(self.quadric, (0, less)), image=np.pad(self.image, (0, less)),
        )  # fmt: skip


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

    def value(self, flat: Float[Values, " N"]) -> Float[jax.Array, ""]:
        """The loss."""
        return _value(flat, self.terms, self.degree)

    def slopes(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, "runs N"]:
        """Gradients."""
        with jax.enable_x64(True):
            batch, terms = self.batch(weights)
            return np.asarray(_slopes(batch, terms, self.degree))[: len(weights), : weights.shape[1]]

    def hessians(self, weights: Float[Values, "runs N"]) -> Float[np.ndarray, "runs N N"]:
        """Second derivatives."""
        with jax.enable_x64(True):
            n, (batch, terms) = weights.shape[1], self.batch(weights)
            return np.asarray(_hessians(batch, terms, self.degree))[: len(weights), :n, :n]

    def batch(self, weights: Float[Values, "runs N"], runs: int = 0) -> tuple[jax.Array, Terms]:
        """The weights, some of them again, with zeros after them, in numbers for which many problems share what is compiled; and the
        loss of such weights. ``runs``: at least so many."""
        runs, n = _rounded(max(len(weights), runs)), weights.shape[1]
        terms = self._filled if runs <= _SMALL else self.terms
        several = np.resize(np.asarray(weights, dtype=np.float64), (runs, n))
        return jnp.asarray(np.pad(several, ((0, 0), (0, terms.table.shape[1] - n)))), terms

    @cached_property
    def _filled(self) -> Terms:
        return self.terms.filled()


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
_hessians = jax.jit(jax.vmap(jax.hessian(_value), in_axes=(0, None, None)), static_argnums=2)


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

    return Objective(model, terms, degree, lambda flat: _outputs(model, inputs, flat).reshape(-1), part, len(targets))


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


@partial(jax.jit, static_argnums=(4, 5))
def _advance(w: jax.Array, begin: jax.Array | float, end: jax.Array | float, terms: Terms, degree: int, explicit: bool) -> jax.Array:
    import diffrax

    controller = diffrax.PIDController(rtol=_RTOL, atol=_ATOL)
    term = diffrax.ODETerm(lambda _, one, terms: -jax.grad(_value)(one, terms, degree))
    solver = diffrax.Tsit5() if explicit else diffrax.Kvaerno3()

    def follow(one: jax.Array) -> jax.Array:
        found = diffrax.diffeqsolve(
            term, solver, begin, end, None, one, args=terms, stepsize_controller=controller, max_steps=_MOST_STEPS, throw=False
        )
        ends: jax.Array = found.ys[0]
        return ends

    return jax.vmap(follow)(w)


@partial(jax.jit, static_argnums=3)
def _along(w: jax.Array, times: jax.Array, terms: Terms, degree: int) -> jax.Array:
    import diffrax

    controller = diffrax.PIDController(rtol=_RTOL, atol=_ATOL)
    term = diffrax.ODETerm(lambda _, one, terms: -jax.grad(_value)(one, terms, degree))

    def follow(one: jax.Array) -> jax.Array:
        path: jax.Array = diffrax.diffeqsolve(
            term, diffrax.Tsit5(), 0.0, times[-1], None, one, args=terms, saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=controller, max_steps=4 * _MOST_STEPS, throw=False,
        ).ys  # fmt: skip
        return path

    return jax.vmap(follow)(w)


def flow(goal: Objective, starts: Float[Values, "runs N"], typical: float) -> Runs:
    """Gradient flow dw/dt = -grad L from ``starts``, until each is at rest or the last stage ends.

    Gradient norms are relative to a ``typical`` one.
    """
    with jax.enable_x64(True):
        ends = np.array(starts, dtype=np.float64)
        times, open_ = np.zeros(len(ends)), np.ones(len(ends), dtype=bool)
        begin, earlier = 0.0, ends.copy()
        for end in _STAGES:
            if not open_.any() or used_up():
                break
            rows = np.flatnonzero(open_)
            earlier[rows] = ends[rows]
            spend("runs", len(rows), _USUAL_STEPS * _operations(goal.terms, end <= _EXPLICIT))
            whole = 4 * len(rows) > len(ends) or len(ends) <= _SMALL
            there, terms = goal.batch(ends[rows], len(ends) if whole else len(rows))
            arrived = np.asarray(_advance(there, begin, end, terms, goal.degree, end <= _EXPLICIT))
            ends[rows] = arrived[: len(rows), : ends.shape[1]]
            times[rows], begin = end, end
            size = np.linalg.norm(goal.slopes(ends), axis=1)
            open_ &= (size > 0.1 * REST * typical) & np.isfinite(size) & (np.abs(ends).max(axis=1) < _DIVERGED)
            note(phase=f"gradient flow: {int((~open_).sum())} of {len(ends)} runs at rest", runs=len(ends))
        return Runs(ends, np.linalg.norm(goal.slopes(ends), axis=1) / typical, times, earlier)


def _operations(terms: Terms, explicit: bool) -> float:
    """Of one step of one run: gradients at the stages of the method, and Newton's iteration with a Jacobian where it is implicit."""
    parameters, monomials = terms.table.shape[1], terms.table.shape[0]
    gradient = 3 * (terms.matrix.size + terms.quadric.size + parameters * monomials)
    return float(6 * gradient if explicit else (parameters + 12) * gradient + parameters**3)


def _rounded(runs: int) -> int:
    """A number of runs that is compiled, at least ``runs``: a multiple of `_RUNS`, a power of two where there are many."""
    return max(_RUNS, -(-runs // _RUNS) * _RUNS) if runs <= _SMALL else 1 << (runs - 1).bit_length()


def trajectories(
    goal: Objective, starts: Float[np.ndarray, "runs N"], times: Sequence[float] | Float[np.ndarray, " times"]
) -> Float[np.ndarray, "runs times N"]:
    """Weights along gradient flow."""
    with jax.enable_x64(True):
        batch, terms = goal.batch(starts)
        return np.asarray(_along(batch, jnp.asarray(times), terms, goal.degree))[: len(starts), :, : starts.shape[1]]


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
    with jax.enable_x64(True):
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
