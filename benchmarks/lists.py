"""Lists of critical points against opponents that share no code: is a strong claim ever false?

``python -m benchmarks.lists ENTRY [--number N] [--start K]`` asks N random small problems of polyhedral, maximum-likelihood,
weight-decay, discriminant or voronoi and prints a line for each that fails, then the rate false / strong with the 95 % bound 3 / n.

Opponents: descents of scipy from many starts, on residuals written by hand; and the same problem written otherwise: data times a power
of two (the same counts and claims, least values scaled exactly or within rounding), rows permuted, another seed.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

import neurovariety as nv

STRONG = ("proved", "probability", "complete")
_STARTS, _BEATEN, _SAME = 12, 1e-6, 1e-6
Forward = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _square(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray((w[2] * (x @ w[:2]) ** 2)[:, None])


def _line(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(w[0] * w[1] * x)


def _two(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray((w[0] * w[2] + w[1] * w[3]) * x)


def _bias(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(w[2] * (w[0] * x + w[1]) ** 2 + w[3])


def _rank_one(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(x @ w[:2, None] @ w[None, 2:])


FAMILIES: dict[str, tuple[int, int, int, Forward]] = {
    "linear(1,1,1)": (2, 1, 1, _line),
    "linear(1,2,1)": (4, 1, 1, _two),
    "mlp(2,1,1; x^2)": (3, 2, 1, _square),
    "linear(2,1,2)": (4, 2, 2, _rank_one),
    "mlp(1,1,1; x^2; bias)": (4, 1, 1, _bias),
}
"""Number of weights, inputs, outputs, and the function; of a bias model weights are those of any order, as losses do not see it."""

KINDS = ("normal", "integers", "duplicated", "outlier", "small", "large")


def data(kind: str, rows: int, inputs: int, outputs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a kind."""
    x, y = rng.normal(size=(rows, inputs)), rng.normal(size=(rows, outputs))
    if kind == "integers":
        x, y = rng.integers(-3, 4, x.shape).astype(float), rng.integers(-3, 4, y.shape).astype(float)
    if kind == "duplicated":
        x[1], y[1] = x[0], y[0]
    if kind == "outlier":
        y[0] *= 100
    return x * {"small": 1e-3, "large": 1e3}.get(kind, 1.0), y


def descents(value: Callable[[np.ndarray], float], weights: int, rng: np.random.Generator, size: float) -> float:
    """The least value that descents find."""
    best = np.inf
    for _ in range(_STARTS):
        with np.errstate(all="ignore"):
            found = minimize(value, rng.normal(size=weights) * size, method="BFGS")
            if not np.isfinite(found.fun):
                continue
            best = min(best, float(found.fun), float(minimize(value, found.x, method="Nelder-Mead").fun))
    return best


def strong(result: Any, key: str) -> bool:
    """Whether what is said under a key is a strong claim."""
    return str(result.verdicts[key].claim) in STRONG


def differences(a: Any, b: Any, factor: float, keys: tuple[str, ...], least: str) -> list[str]:
    """What strong claims of two results say differently; least values of ``b`` are ``factor`` times those of ``a``."""
    found = [f"{k}: {a.value[k]} and {b.value[k]}" for k in keys if strong(a, k) and strong(b, k) and a.value[k] != b.value[k]]
    if strong(a, least) and strong(b, least):
        u, v = (np.atleast_1d(r.value[least]).astype(float) for r in (a, b))
        if u.min() * factor > v.max() + _SAME * abs(v.max()) + 1e-12 or v.min() > u.max() * factor * (1 + _SAME) + 1e-12:
            found.append(f"{least}: {u.tolist()} and {v.tolist()}")
    return found


def weight_decay(seed: int) -> tuple[int, list[str]]:
    """A problem: how many strong claims, and what speaks against them."""
    rng = np.random.default_rng([seed, 1])
    text = list(FAMILIES)[seed % len(FAMILIES)]
    n, inputs, outputs, forward = FAMILIES[text]
    x, y = data(KINDS[seed // 5 % len(KINDS)], int(rng.integers(2, 7)), inputs, outputs, rng)
    s = rng.uniform(0.1, 1.0, n) * 10.0 ** rng.integers(-4, 2)
    if text.startswith("mlp(1"):
        s[:] = s[0]  # equal, for the order of the weights is not that of the function above
    elif seed % 3 == 0:
        s[:] = s[0]
    found = nv.weight_decay(text, data=(x, y), strengths=s.tolist())
    claims, wrong = sum(strong(found, k) for k in found.value), list[str]()

    def value(w: np.ndarray) -> float:
        return float(((forward(w, x) - y) ** 2).sum() / len(x) + s @ w**2)

    if strong(found, "least"):
        low = found.value["least"][0]
        best = descents(value, n, rng, 1.0)
        if best < low - _BEATEN * max(abs(low), 1e-300):
            wrong.append(f"a descent reaches {best}, below {low}")
    order = rng.permutation(len(x))
    again = nv.weight_decay(text, data=(x[order], y[order]), strengths=s.tolist(), seed=seed + 1)
    wrong += differences(found, again, 1.0, ("complex", "real", "minima"), "least")
    return claims, wrong


def polyhedral(seed: int) -> tuple[int, list[str]]:
    """The same for a polyhedral distance."""
    rng = np.random.default_rng([seed, 2])
    text = ("linear(1,1,1)", "mlp(2,1,1; x^2)", "mlp(1,1,1; x^2; bias)")[seed % 3]
    n, inputs, outputs, forward = FAMILIES[text]
    norm = ("l1", "linf")[seed // 3 % 2]
    rows = int(rng.integers(2, 5)) + (text != "linear(1,1,1)")
    x, y = data(KINDS[seed // 6 % len(KINDS)], rows, inputs, outputs, rng)
    try:
        found = nv.polyhedral(text, norm=norm, data=(x, y))
    except (nv.InputError, nv.DataError):
        return 0, []
    claims, wrong = sum(strong(found, k) for k in found.value), list[str]()

    def value(w: np.ndarray) -> float:
        off = np.abs(forward(w, x) - y)
        return float(off.mean() if norm == "l1" else off.max())

    if strong(found, "least"):
        low = found.value["least"]
        best = descents(value, n, rng, 1.0)
        if best < low - _BEATEN * max(abs(low), 1e-300):
            wrong.append(f"a descent reaches {best}, below {low}")
    factor = 2.0 ** int(rng.integers(-8, 9))
    again = nv.polyhedral(text, norm=norm, data=(x, y * factor))
    counts = ("complex", "real", "on_faces", "stationary", "minima", "global_minimum")
    return claims, wrong + differences(found, again, factor, counts, "least")


def maximum_likelihood(seed: int) -> tuple[int, list[str]]:
    """The same for a likelihood."""
    rng = np.random.default_rng([seed, 3])
    rows, columns = (2, 2) if seed % 3 else (3, 3)
    u = (
        rng.integers(1, 30, (rows, columns))
        if seed % 4
        else np.full((rows, columns), 2) + np.eye(rows, dtype=int) * int(rng.integers(1, 9))
    )
    text = f"linear({columns},1,{rows})" if seed % 2 else f"linear({columns},2,{rows})"
    if rows == 3 and seed % 2 == 0:
        text = "linear(3,2,3)"

    def asked(counts: np.ndarray, own: int) -> Any:
        words = "; ".join(" + ".join(f"{c}*x{j}" for j, c in enumerate(row)) for row in counts.tolist())
        return nv.maximum_likelihood(text, counts=words, seed=own)

    try:
        found = asked(u, 0)
    except nv.InputError:
        return 0, []
    claims, wrong = sum(strong(found, k) for k in found.value), list[str]()
    rank = int(text.split(",")[1])

    def value(w: np.ndarray) -> float:
        p = np.exp(w[: rows * rank]).reshape(rows, rank) @ np.exp(w[rows * rank :]).reshape(rank, columns)
        return float(-(u * np.log(p / p.sum())).sum() / u.sum())

    if strong(found, "least"):
        best = descents(value, rank * (rows + columns), rng, 1.0)
        if best < found.value["least"] - _BEATEN:
            wrong.append(f"a descent reaches {best}, below {found.value['least']}")
    again = asked(u[rng.permutation(rows)] * 3, seed + 1)
    return claims, wrong + differences(found, again, 1.0, ("complex", "real", "positive", "minima", "at_subnetworks"), "least")


def discriminant(seed: int) -> tuple[int, list[str]]:
    """Walls between two data sets, against the numbers of real critical points at both ends."""
    rng = np.random.default_rng([seed, 4])
    text = ("mlp(2,1,1; x^2)", "linear(2,1,2)")[seed % 2]
    _, inputs, outputs, _ = FAMILIES[text]
    first, other = (data("normal", 6, inputs, outputs, rng) for _ in range(2))
    if seed % 3 == 0:
        other = first[0], other[1]
    walls = nv.wall_crossings(text, first, other, steps=60)
    ends = [nv.landscape(text, data=d) for d in (first, other)]
    if not all(strong(r, "real") for r in ends):
        return 0, []
    here, there = (r.value["real"] for r in ends)
    known = [w["real"] for w in walls if w["decided"]]
    if len(known) < len(walls):
        return 0, []
    chain = [here, *(r for w in known for r in w), there]
    broken = any(a != b for a, b in zip(chain[::2], chain[1::2], strict=True))
    return 1, [f"walls {known} between {here} and {there} real critical points"] if broken else []


def voronoi(seed: int) -> tuple[int, list[str]]:
    """Shares are estimates: they add up, and smaller seeds and larger agree."""
    rng = np.random.default_rng([seed, 5])
    text = ("linear(2,1,2)", "mlp(2,1,1; x^2)")[seed % 2]
    found = nv.voronoi(text, targets=20, seed=int(rng.integers(1000)))
    wrong = [f"{k} is {c.claim}" for k, c in found.verdicts.items() if str(c.claim) in STRONG]
    parts = [found.value[k] or 0.0 for k in ("on_network", "on_subnetworks", "on_limits", "open")]
    return 0, wrong + ([f"shares {parts}"] if found.value["clear"] and abs(sum(parts) - 1) > 1e-9 else [])


ENTRIES = {f.__name__.replace("_", "-"): f for f in (polyhedral, maximum_likelihood, weight_decay, discriminant, voronoi)}


def main() -> int:
    """Ask problems of one entry; the status is 1 where a strong claim is contradicted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("entry", choices=sorted(ENTRIES))
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    begun, claims, problems, failures = time.monotonic(), 0, 0, 0
    for seed in range(asked.start, asked.start + asked.number):
        if time.monotonic() - begun > asked.seconds:
            break
        number, wrong = ENTRIES[asked.entry](seed)
        claims, problems, failures = claims + number, problems + 1, failures + bool(wrong)
        for words in wrong:
            print(f"{asked.entry} {seed}: {words}", flush=True)
    bound = f", below {3 / claims:.2g} with 95 % certainty" if claims and not failures else ""
    print(f"{asked.entry}: {problems} problems, {claims} strong claims, {failures} problems with a contradiction{bound}", flush=True)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
