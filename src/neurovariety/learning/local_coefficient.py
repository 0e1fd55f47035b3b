"""Local learning coefficients at trained weights, of any loss: Hamiltonian replicas at several temperatures around the weights.

With n samples of mean loss L the local coefficient at w* and inverse temperature b is n b E[L(w) - L(w*)], w drawn from exp(-n b L(w) -
g/2 |w - w*|^2); b = 1/log n is usual (Watanabe 2013; Lau et al. 2023). As b grows it goes to the coefficient where w* is a minimum,
but at one b alone it is another number, and with real data nobody sees the limit: the answer here is the mean at b = 1/log n, with what
the neighbouring temperatures say of its trend. Every step takes all samples, so that there is no bias of batches to account for, and
steps are accepted or not. The same sampler is held to a linear network of like size at weights where the coefficient is known.

Draws are held to the weights by a normal prior. Others with as small a loss and a smaller coefficient may lie where it reaches, and
then the draws are of those. Holding them closer makes the mean smaller where there are none: its derivative in g is minus the
covariance of n b L and |w - w*|^2 / 2, and losses are larger further off. So a prior of an eighth of the width is run too. If it gives
more, by the intervals or while chains of the wider one disagree, losses are as small further off, and its number is the one told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from neurovariety.errors import InputError
from neurovariety.learning.estimated_coefficient import effective, rhat
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

if TYPE_CHECKING:  # torch is an extra
    from torch import Tensor
    from torch.nn import Module

_STREAM = "learning.local_coefficient"
_RATIOS = np.array([0.6, 0.8, 1.0, 1.25])
"""Inverse temperatures, in units of 1/log n."""
_NARROWER = 8.0
"""How many times less far the second prior reaches."""
_MIXED = 1.1
"""A potential scale reduction (R-hat) above which chains are at different places."""
_GOOD, _RATE = 0.8, 0.15
"""The share of accepted steps that is aimed at while warm, and how fast."""
Evaluate = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True)
class LocalLoss:
    """A mean loss over ``samples`` near flat weights ``centre`` (N): ``evaluate`` takes weights (R, N) to losses (R) and gradients (R,
    N)."""

    evaluate: Evaluate
    centre: Array
    samples: int


@dataclass(frozen=True)
class LocalCoefficient:
    """The local learning coefficient at b = 1/log n, with a 95 % interval from the spread between chains. An estimate.

    ``trend``: by how much it changes when b grows by a factor e, with the half width of its interval; near 0 where b log n is large
    enough. ``by_temperature``: inverse temperatures b and means. ``rhat``, ``effective`` (draws), ``accepted`` and ``swaps`` are the
    worst of the temperatures. ``below``: the share of draws with a smaller loss than the weights, which are then no minimum.
    ``calibration``: what the same sampler finds on a linear network, divided by what is true.

    ``localization`` is the one that all of this was found with, and ``other`` what one found beside it, which reaches an eighth as far,
    or eight times: its localization, its value and its interval. The interval holds the value of the narrower one where that is
    larger. ``nearby``: whether the narrower prior is the one that is told, since with the wider one the mean is smaller, or it is and
    chains disagree: draws have as small a loss further from the weights.
    """

    value: float
    low: float
    high: float
    trend: tuple[float, float]
    by_temperature: tuple[tuple[float, float], ...]
    rhat: float
    effective: float
    accepted: float
    swaps: float
    below: float
    calibration: float
    parameters: int
    samples: int
    seed: int
    localization: float
    other: tuple[float, float, float, float]
    nearby: bool

    def __str__(self) -> str:
        localization, value, low, high = self.other
        further = (
            f"; by a prior that reaches eight times as far, of localization {localization:g}, {value:.4g} ({low:.4g} to {high:.4g}): "
            "other weights with as small a loss lie within that"
        )
        return (
            f"the local learning coefficient is about {self.value:.4g} ({self.low:.4g} to {self.high:.4g}), an estimate at "
            f"{self.samples} samples; half of the parameters would be {self.parameters / 2:g}{further if self.nearby else ''}"
        )


def jax_loss(loss: Callable[..., ArrayLike], weights: object, samples: int) -> LocalLoss:
    """A JAX function of a tree of weights, the mean loss over ``samples``; computed in double precision."""
    import jax
    from jax.flatten_util import ravel_pytree

    with jax.enable_x64(True):
        flat, unravel = ravel_pytree(jax.tree.map(lambda x: jax.numpy.asarray(x, dtype=float), weights))
        run = jax.jit(jax.vmap(jax.value_and_grad(lambda w: loss(unravel(w)))))

    def evaluate(positions: Array) -> tuple[Array, Array]:
        with jax.enable_x64(True):
            values, slopes = run(positions)
        return np.asarray(values), np.asarray(slopes)

    return LocalLoss(evaluate, np.asarray(flat), samples)


def torch_loss(module: Module, batches: Iterable[tuple[Tensor, Tensor]], loss: Callable[[Tensor, Tensor], Tensor]) -> LocalLoss:
    """A torch module with a data loader: ``loss`` of outputs and targets is the mean over a batch. The batches are read once, and each
    evaluation takes all of them. The module is put into evaluation mode for what is computed here, and is left as it was.

    Raises `InputError` for a loader without batches, or a module without weights."""
    import torch

    data = [(x, y) for x, y in batches]
    named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    if not data or not named:
        raise InputError("a module with weights and a loader with at least one batch of (inputs, targets) are expected")
    samples = sum(len(x) for x, _ in data)
    sizes = [p.numel() for _, p in named]

    def evaluate(positions: Array) -> tuple[Array, Array]:
        values, slopes = np.zeros(len(positions)), np.zeros(positions.shape)
        training = module.training
        module.eval()
        for r, row in enumerate(positions):
            parts = torch.split(torch.as_tensor(row, dtype=named[0][1].dtype), sizes)
            weights = {name: part.reshape(p.shape).clone().requires_grad_() for (name, p), part in zip(named, parts, strict=True)}
            for x, y in data:
                share = loss(torch.func.functional_call(module, weights, (x,)), y) * (len(x) / samples)
                found = torch.autograd.grad(share, list(weights.values()))
                values[r] += float(share.detach())
                slopes[r] += torch.cat([g.reshape(-1) for g in found]).numpy()
        module.train(training)
        return values, slopes

    return LocalLoss(evaluate, np.concatenate([p.detach().numpy().astype(float).reshape(-1) for _, p in named]), samples)


def linear_network(size: int) -> LocalLoss:
    """Two square layers near orthogonal matrices: half of the squared distance of their product. Its coefficient is size^2 / 2."""
    turn = np.linalg.qr(generator(0, _STREAM, size).standard_normal((size, size)))[0]
    centre = np.concatenate([np.eye(size).reshape(-1), turn.reshape(-1)])

    def evaluate(positions: Array) -> tuple[Array, Array]:
        first, second = np.moveaxis(positions.reshape(-1, 2, size, size), 1, 0)
        gap = second @ first - turn
        slopes = np.stack([np.swapaxes(second, 1, 2) @ gap, gap @ np.swapaxes(first, 1, 2)], axis=1)
        return 0.5 * (gap**2).sum((1, 2)), slopes.reshape(positions.shape)

    return LocalLoss(evaluate, centre, 0)


def local_learning_coefficient(
    loss: LocalLoss,
    *,
    localization: float = 100.0,
    chains: int = 4,
    warm: int = 30,
    draws: int = 60,
    steps: int = 10,
    seed: int = 0,
) -> LocalCoefficient:
    """The local learning coefficient of a loss at its weights: an estimate, with an interval and diagnostics.

    ``localization`` is g: how tightly the draws are held to the weights, 1 over the square of a typical distance in each of them. Each
    of the ``chains`` makes ``warm`` + ``draws`` trajectories of ``steps`` steps at four temperatures. All of it is done again with
    draws held eight times as tightly: where that gives more, weights with as small a loss lie nearby, and it is told. The same seed
    gives the same answer on the same machine. Raises `InputError` for fewer than 3 samples, chains or draws, and for a loss that is no
    number there.
    """
    if min(loss.samples, chains, draws) < 3 or localization <= 0:
        raise InputError("at least 3 samples, 3 chains and 3 draws are expected, and a localization above 0")
    first, _ = loss.evaluate(loss.centre[None])
    if not np.isfinite(first[0]):
        raise InputError(f"the loss at the weights is {first[0]}: a finite number is expected")
    settings = _Settings(localization, chains, warm, draws, steps)
    wide = _held(loss, settings, float(first[0]), seed, 0)
    near = _held(loss, replace(settings, localization=localization * _NARROWER**2), float(first[0]), seed, 2)
    torn = wide.rhat > max(_MIXED, near.rhat)  # some of its chains are elsewhere
    if near.low > wide.high or (torn and near.value > wide.value):
        return replace(near, other=_beside(wide), nearby=True)
    return replace(wide, high=max(wide.high, near.value), other=_beside(near))


def _held(loss: LocalLoss, settings: _Settings, least: float, seed: int, part: int) -> LocalCoefficient:
    """What one localization gives, for a loss that is ``least`` at the weights; ``other`` is itself."""
    inverse = _RATIOS * loss.samples / log(loss.samples)
    found = _replicas(loss, inverse, settings, generator(seed, _STREAM, *([part] if part else [])))
    size = max(2, round((len(loss.centre) / 2) ** 0.5))
    known = _replicas(linear_network(size), inverse, settings, generator(seed, _STREAM, part + 1))
    here = int(np.argmax(_RATIOS == 1))
    scaled = inverse[:, None] * (found.losses - least)
    means = scaled.mean(2)
    moves = np.polyfit(np.log(_RATIOS), means.T, 1)[0]
    value, half = _interval(means[:, here])
    return LocalCoefficient(
        *(value, value - half, value + half),
        trend=_interval(moves),
        by_temperature=tuple((float(r / log(loss.samples)), float(m)) for r, m in zip(_RATIOS, means.mean(0), strict=True)),
        rhat=float(rhat(scaled).max()),
        effective=float(effective(scaled).min()),
        accepted=float(found.accepted.min()),
        swaps=float(found.swaps.min()),
        below=float((found.losses[:, here] < least).mean()),
        calibration=float((inverse[here] * known.losses[:, here]).mean() / (size * size / 2)),
        parameters=len(loss.centre),
        samples=loss.samples,
        seed=seed,
        localization=settings.localization,
        other=(settings.localization, value, value - half, value + half),
        nearby=False,
    )


def _beside(found: LocalCoefficient) -> tuple[float, float, float, float]:
    return found.localization, found.value, found.low, found.high


def _interval(values: Array) -> tuple[float, float]:
    """Mean and half width of the 95 % interval of independent values."""
    chains = len(values)
    return float(values.mean()), float(student.ppf(0.975, chains - 1) * values.std(ddof=1) / np.sqrt(chains))


@dataclass(frozen=True)
class _Settings:
    localization: float
    chains: int
    warm: int
    draws: int
    steps: int


@dataclass(frozen=True)
class _Run:
    """Losses (chains, temperatures, draws), shares of accepted trajectories and of exchanges (temperatures)."""

    losses: Array
    accepted: Array
    swaps: Array


def _replicas(loss: LocalLoss, inverse: Array, settings: _Settings, rng: np.random.Generator) -> _Run:
    chains, count, n = settings.chains, len(inverse), len(loss.centre)
    b = np.tile(inverse, chains)
    held = settings.localization
    apart = np.repeat(np.arange(chains) % 2, count) * 0.5 / np.sqrt(held)  # every second chain starts off the weights
    at = loss.centre + apart[:, None] * rng.standard_normal((chains * count, n))
    step = np.full(chains * count, 0.3 / np.sqrt(held + inverse.max()))

    def energy(values: Array, positions: Array) -> Array:
        return np.asarray(b * values + held / 2 * ((positions - loss.centre) ** 2).sum(1))

    def force(slopes: Array, positions: Array) -> Array:
        return np.asarray(b[:, None] * slopes + held * (positions - loss.centre))

    value, slopes = loss.evaluate(at)
    losses = np.zeros((chains, count, settings.draws))
    accepted, swaps = np.zeros(count), np.zeros(count - 1)
    for k in range(settings.warm + settings.draws):
        speed = rng.standard_normal(at.shape)
        total = energy(value, at) + (speed**2).sum(1) / 2
        length = step * rng.uniform(0.8, 1.2, len(step))
        to, new_slopes = at, slopes
        with np.errstate(over="ignore", invalid="ignore"):  # too long a step ends anywhere, and is refused
            for _ in range(settings.steps):
                speed = speed - length[:, None] / 2 * force(new_slopes, to)
                to = to + length[:, None] * speed
                new_value, new_slopes = loss.evaluate(to)
                speed = speed - length[:, None] / 2 * force(new_slopes, to)
            gain = total - energy(new_value, to) - (speed**2).sum(1) / 2
        chance = np.where(np.isfinite(gain), np.exp(np.minimum(np.nan_to_num(gain, nan=-np.inf), 0)), 0.0)
        moved = rng.random(len(chance)) < chance
        at, slopes = (np.where(moved[:, None], new, old) for new, old in ((to, at), (new_slopes, slopes)))
        value = np.where(moved, new_value, value)
        if k < settings.warm:  # one step length a temperature
            pooled = chance.reshape(chains, count).mean(0)
            step = step * np.tile(np.exp(_RATE * (pooled - _GOOD) * (4 if k < settings.warm // 2 else 1)), chains)
        else:
            accepted += moved.reshape(chains, count).mean(0) / settings.draws
        order = _exchanged(value.reshape(chains, count), inverse, k % 2, rng)
        if k >= settings.warm:
            swaps += (order != np.arange(count))[:, :-1].mean(0) / settings.draws
        rows = (order + count * np.arange(chains)[:, None]).reshape(-1)
        at, slopes, value = at[rows], slopes[rows], value[rows]
        if k >= settings.warm:
            losses[:, :, k - settings.warm] = value.reshape(chains, count)
    return _Run(losses, accepted, swaps)


def _exchanged(values: Array, inverse: Array, start: int, rng: np.random.Generator) -> Array:
    """Which temperature's state each temperature takes, by chain: neighbours exchange theirs as the Metropolis rule has it."""
    order = np.tile(np.arange(len(inverse)), (len(values), 1))
    for c, row in enumerate(values):
        for t in range(start, len(inverse) - 1, 2):
            if log(rng.random()) < (inverse[t] - inverse[t + 1]) * (row[t] - row[t + 1]):
                order[c, [t, t + 1]] = order[c, [t + 1, t]]
    return order
