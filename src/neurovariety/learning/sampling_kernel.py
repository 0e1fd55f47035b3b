"""Compiled steps of the sampler: exact conditionals of weights in which the functions are affine, slices along all others.

The density is exp(-b |r(w)|^2 - |w - w0|^2 / 2 s^2). A block of weights of which no
two stand in one term is drawn at once: by an orthogonal factorization of sqrt(2 b) M above the identity / s, where r is affine with the
matrix M in them, since normal equations would lose the prior at b = 1e18. Any other weight is moved along slices of the density with
one such block integrated out, and the same for differences of two other chains at the same temperature: scales need no tuning, and
they range over many powers of ten near a singular point.

Terms are flat arrays: term t is ``coefficient[t]`` times its factors ``start[t]`` to ``start[t + 1]``, and a factor is a power of a
weight, or where ``power`` is 0 the activation of ``scale`` times it. Those of output o are ``output_start[o]`` to ``[o + 1]``.
"""

from __future__ import annotations

import math
from typing import NamedTuple, no_type_check

import numpy as np

from neurovariety.compiled import compiled
from neurovariety.rings.ring import Array


class FlatTerms(NamedTuple):
    """Functions of weights minus the true values, as flat arrays; see the module."""

    output_start: Array
    start: Array
    coefficient: Array
    weight: Array
    power: Array
    scale: Array
    target: Array
    activation: int


class Blocks(NamedTuple):
    """Blocks of weights in which the functions are affine. Block k consists of the parts ``part_start[k]`` to ``part_start[k + 1]``,
    that share no output: the weights of part p are ``weights[weight_start[p] : weight_start[p + 1]]``, its outputs likewise, and every
    output is in one part. ``column[k]`` is, by weight, its place in its part, or -1;
    ``curved`` are all weights in no block. ``normals`` (k, N): by which powers of one number weights are scaled together."""

    part_start: Array
    weight_start: Array
    weights: Array
    output_start: Array
    outputs: Array
    column: Array
    curved: Array
    normals: Array


class Around(NamedTuple):
    """The prior: normal, with this centre and standard deviation."""

    centre: Array
    spread: float


class ChainRecord(NamedTuple):
    """What a run leaves: energies (chains, temperatures, sweeps), and shares of exchanges (temperatures)."""

    energies: Array
    swaps: Array


@compiled
@no_type_check
def _factor(terms: FlatTerms, k: int, w: Array) -> float:
    x = w[terms.weight[k]]
    p = terms.power[k]
    if p == 1:
        return x
    if p > 1:
        out = x
        for _ in range(p - 1):
            out *= x
        return out
    x *= terms.scale[k]
    if terms.activation == 0:
        return math.tanh(x)
    if terms.activation == 1:
        return math.sin(x)
    if terms.activation == 2:
        return math.atan(x)
    return math.erf(x)


@compiled
@no_type_check
def energy(terms: FlatTerms, w: Array) -> float:
    """|r(w)|^2."""
    total = 0.0
    for o in range(len(terms.target)):
        r = -terms.target[o]
        for t in range(terms.output_start[o], terms.output_start[o + 1]):
            v = terms.coefficient[t]
            for k in range(terms.start[t], terms.start[t + 1]):
                v *= _factor(terms, k, w)
            r += v
        total += r * r
    return total


@compiled
@no_type_check
def _fill(terms: FlatTerms, blocks: Blocks, block: int, part: int, w: Array, root: float, around: Around, out: Array) -> int:
    """The rows of the least squares problem of a part of a block, right side last; returns their number."""
    n = blocks.weight_start[part + 1] - blocks.weight_start[part]
    rows = 0
    for i in range(blocks.output_start[part], blocks.output_start[part + 1]):
        o = blocks.outputs[i]
        out[rows, : n + 1] = 0.0
        right = terms.target[o]
        for t in range(terms.output_start[o], terms.output_start[o + 1]):
            v, at = terms.coefficient[t], -1
            for k in range(terms.start[t], terms.start[t + 1]):
                if blocks.column[block, terms.weight[k]] >= 0:
                    at = blocks.column[block, terms.weight[k]]
                else:
                    v *= _factor(terms, k, w)
            if at >= 0:
                out[rows, at] += root * v
            else:
                right -= v
        out[rows, n] = root * right
        rows += 1
    for j in range(n):
        out[rows, : n + 1] = 0.0
        out[rows, j] = 1.0 / around.spread
        out[rows, n] = around.centre[blocks.weights[blocks.weight_start[part] + j]] / around.spread
        rows += 1
    return rows


@compiled
@no_type_check
def _triangle(s: Array, rows: int, n: int) -> float:
    """Householder's factorization in place; returns the squared residual."""
    for j in range(n):
        norm = 0.0
        for i in range(j, rows):
            norm += s[i, j] * s[i, j]
        norm = math.sqrt(norm)
        if norm == 0.0:
            continue
        first = s[j, j]
        alpha = -norm if first > 0 else norm
        v0 = first - alpha
        scale = -alpha * v0  # half of |v|^2
        s[j, j] = v0
        for c in range(j + 1, n + 1):
            dot = 0.0
            for i in range(j, rows):
                dot += s[i, j] * s[i, c]
            dot /= scale
            for i in range(j, rows):
                s[i, c] -= dot * s[i, j]
        s[j, j] = alpha
    left = 0.0
    for i in range(n, rows):
        left += s[i, n] * s[i, n]
    return left


@compiled
@no_type_check
def integrated(terms: FlatTerms, blocks: Blocks, block: int, w: Array, b: float, around: Around, s: Array) -> float:
    """The log density of all other weights with the block integrated out, up to a constant, without their prior."""
    root = math.sqrt(2 * b)
    total = 0.0
    for part in range(blocks.part_start[block], blocks.part_start[block + 1]):
        n = blocks.weight_start[part + 1] - blocks.weight_start[part]
        rows = _fill(terms, blocks, block, part, w, root, around, s)
        total -= 0.5 * _triangle(s, rows, n)
        for j in range(n):
            total -= math.log(abs(s[j, j]))
    return total


@compiled
@no_type_check
def draw_block(terms: FlatTerms, blocks: Blocks, block: int, w: Array, b: float, around: Around, s: Array, small: Array) -> float:
    """Draw a block given all other weights; returns the mean of b |r|^2 over what could have been drawn."""
    root = math.sqrt(2 * b)
    mean = 0.0
    for part in range(blocks.part_start[block], blocks.part_start[block + 1]):
        at = blocks.weight_start[part]
        n = blocks.weight_start[part + 1] - at
        rows = _fill(terms, blocks, block, part, w, root, around, s)
        left = _triangle(s, rows, n)
        drift = 0.0
        for j in range(n - 1, -1, -1):  # the mean in column n + 1, a draw in ``small``
            m, x = s[j, n], s[j, n] + np.random.normal()
            for c in range(j + 1, n):
                m -= s[j, c] * s[c, n + 1]
                x -= s[j, c] * small[c]
            s[j, n + 1] = m / s[j, j]
            small[j] = x / s[j, j]
            drift += (s[j, n + 1] - around.centre[blocks.weights[at + j]]) ** 2
        inverse = 0.0
        for k in range(n):  # |R^-1|^2, column by column
            s[k, n + 2] = 1.0 / s[k, k]
            inverse += s[k, n + 2] ** 2
            for j in range(k - 1, -1, -1):
                v = 0.0
                for c in range(j + 1, k + 1):
                    v -= s[j, c] * s[c, n + 2]
                s[j, n + 2] = v / s[j, j]
                inverse += s[j, n + 2] ** 2
        mean += 0.5 * max(left - drift / around.spread**2 + n - inverse / around.spread**2, 0.0)
        for j in range(n):
            w[blocks.weights[at + j]] = small[j]
    return mean


@compiled
@no_type_check
def _log_density(terms: FlatTerms, blocks: Blocks, w: Array, b: float, around: Around, s: Array) -> float:
    if len(blocks.weights):
        total = integrated(terms, blocks, 0, w, b, around, s)
    else:
        total = -b * energy(terms, w)
    for i in range(len(w)):
        if blocks.column[0, i] < 0:
            total -= (w[i] - around.centre[i]) ** 2 / (2 * around.spread**2)
    return total


_TRIES = 200


@compiled
@no_type_check
def slice_along(terms: FlatTerms, blocks: Blocks, w: Array, line: Array, b: float, around: Around, s: Array) -> None:
    """One slice of the density on w + t ``line``, by shrinking from ten standard deviations of the prior around the centre, outside of
    which nothing will ever lie (Neal 2003)."""
    reach = 10 * around.spread
    low, high = -np.inf, np.inf
    for i in range(len(w)):
        if line[i] != 0.0:
            a, c = (around.centre[i] - reach - w[i]) / line[i], (around.centre[i] + reach - w[i]) / line[i]
            low, high = max(low, min(a, c)), min(high, max(a, c))
    if not (low < 0.0 < high) or not np.isfinite(high - low):
        return
    start = w.copy()
    level = _log_density(terms, blocks, w, b, around, s) + math.log(np.random.random())
    for _ in range(_TRIES):
        t = low + (high - low) * np.random.random()
        for i in range(len(w)):
            w[i] = start[i] + t * line[i]
        if _log_density(terms, blocks, w, b, around, s) >= level:
            return
        if t < 0:
            low = t
        else:
            high = t
    w[:] = start


_SCALINGS, _SIZES = 12, 1.5
"""Scalings of several weights together a sweep, cheap beside one slice; and the range of the logarithm of their size."""


@compiled
@no_type_check
def scale_about(terms: FlatTerms, w: Array, weights: Array, b: float, around: Around, new: Array) -> None:
    """One Metropolis step that scales weight i, about the centre, by exp(``weights``[i] t): along a curve such as x^2 = y^3 zeros stay
    zeros, where no straight line and no conditional leads from its smooth part to the singular one."""
    t = np.random.normal() * math.exp(np.random.uniform(-_SIZES, _SIZES))
    gain = b * energy(terms, w)
    for i in range(len(w)):
        gap = w[i] - around.centre[i]
        new[i] = around.centre[i] + gap * math.exp(weights[i] * t)
        gain += weights[i] * t + (gap**2 - (new[i] - around.centre[i]) ** 2) / (2 * around.spread**2)
    gain -= b * energy(terms, new)
    if gain >= 0 or np.random.random() < math.exp(gain):
        w[:] = new


@compiled
@no_type_check
def _sweep(
    terms: FlatTerms,
    blocks: Blocks,
    w: Array,
    line: Array,
    b: float,
    around: Around,
    s: Array,
    small: Array,
) -> float:
    """Move all weights once; returns b |r|^2, as a mean over what was drawn."""
    for _ in range(_SCALINGS if len(blocks.normals) else 0):
        scale_about(terms, w, blocks.normals[np.random.randint(len(blocks.normals))], b, around, small)
    for i in blocks.curved:
        unit = np.zeros(len(w))
        unit[i] = 1.0
        slice_along(terms, blocks, w, unit, b, around, s)
    if len(blocks.curved) and line.any():
        slice_along(terms, blocks, w, line, b, around, s)
    count = len(blocks.part_start) - 1
    if not len(blocks.weights):
        return b * energy(terms, w)
    mean = 0.0
    for k in range(count):
        mean += draw_block(terms, blocks, k, w, b, around, s, small)
    return mean / count


@compiled
@no_type_check
def temper(
    terms: FlatTerms,
    blocks: Blocks,
    weights: Array,
    inverse: Array,
    around: Around,
    warm: int,
    seed: int,
    record: ChainRecord,
) -> None:
    """Replica exchange: ``weights`` (chains, temperatures, N) hold each chain's start at the first temperature, from which it is
    cooled by ``warm`` sweeps a step; then ``record.energies`` of b |r|^2 are filled, with exchanges between
    neighbours, whose shares of success go to ``record.swaps``."""
    np.random.seed(seed)
    chains, temperatures, n = weights.shape
    sweeps = record.energies.shape[2]
    rows = len(terms.target) + n
    s, small, line = np.empty((rows, n + 3)), np.empty(n), np.zeros(n)
    for c in range(chains):
        for t in range(temperatures):
            if t:
                weights[c, t] = weights[c, t - 1]
            for _ in range(warm):
                _sweep(terms, blocks, weights[c, t], line, inverse[t], around, s, small)
    here = np.empty(temperatures)
    for k in range(sweeps):
        for c in range(chains):
            for t in range(temperatures):
                if chains > 2 and len(blocks.curved):
                    i = (c + 1 + np.random.randint(chains - 1)) % chains
                    j = (c + 1 + np.random.randint(chains - 1)) % chains
                    line = weights[i, t] - weights[j, t]
                    for m in range(n):
                        if len(blocks.weights) and blocks.column[0, m] >= 0:
                            line[m] = 0.0
                w = weights[c, t]
                record.energies[c, t, k] = _sweep(terms, blocks, w, line, inverse[t], around, s, small)
                here[t] = energy(terms, w)
            for t in range(k % 2, temperatures - 1, 2):
                gain = (inverse[t] - inverse[t + 1]) * (here[t] - here[t + 1])
                if gain >= 0 or np.random.random() < math.exp(gain):
                    record.swaps[t] += 2.0 / (sweeps * chains)
                    for m in range(n):
                        weights[c, t, m], weights[c, t + 1, m] = weights[c, t + 1, m], weights[c, t, m]
