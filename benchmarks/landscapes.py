"""Landscapes of random small problems against opponents that share no code: is a strong claim ever false?

``python -m benchmarks.landscapes NAME [--number N] [--start K]`` asks N problems and keeps a line each in
benchmarks/results/landscapes-NAME.jsonl; problems that are there are not repeated. ``--rate NAME`` prints what came of them.

A problem is a family, a kind of data and a seed. Opponents: descents from many starts on the residuals as they are written by hand; the
same data times a power of two (the same counts and claims, and the least loss scaled exactly), times 300 (counts, and the least loss up
to rounding), with rows permuted, and with rows twice and half the weight. What contradicts a strong claim is a failure.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neurovariety as nv

FOLDER = Path(__file__).parent / "results"
STRONG = ("proved", "probability", "complete")
_SAME, _BEATEN, _LISTED = 1e-6, 1e-6, 1e-4
_STEPS = 300
_SUBNORMAL = 1e-300
"""Below, doubles have no digits left to be equal in."""
Forward = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Outputs (..., rows, outputs) of weights (..., W) and rows of inputs."""


@dataclass(frozen=True)
class Family:
    """An architecture, the number of its weights, inputs and outputs, and its function of weights and rows, written by hand."""

    text: str
    weights: int
    inputs: int
    outputs: int
    forward: Forward


def _turned(w: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return np.swapaxes(w.reshape(*w.shape[:-1], rows, columns), -1, -2)


def _matrices(*widths: int) -> Family:
    def forward(w: np.ndarray, x: np.ndarray) -> np.ndarray:
        at = 0
        for a, b in itertools.pairwise(widths):
            x, at = x @ _turned(w[..., at : at + a * b], b, a), at + a * b
        return x

    return Family(
        f"linear({','.join(map(str, widths))})",
        sum(a * b for a, b in itertools.pairwise(widths)),
        widths[0],
        widths[-1],
        forward,
    )


def _perceptron(d: int, m: int, k: int, activation: str, function: Callable[[np.ndarray], np.ndarray]) -> Family:
    def forward(w: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.asarray(function(x @ _turned(w[..., : d * m], m, d)) @ _turned(w[..., d * m :], k, m))

    return Family(f"mlp({d},{m},{k}; {activation})", d * m + m * k, d, k, forward)


def _filters(activation: str, function: Callable[[np.ndarray], np.ndarray]) -> Family:
    def forward(w: np.ndarray, x: np.ndarray) -> np.ndarray:
        first = w[..., :2, None]
        hidden = function(np.concatenate([x[:, :2] @ first, x[:, 1:] @ first], axis=-1))
        return np.asarray(hidden @ w[..., 2:, None])

    return Family(f"cnn(2,2; {activation})", 4, 3, 1, forward)


FAMILIES = (
    _matrices(2, 1, 2),
    _matrices(2, 2, 2),
    _matrices(3, 1, 2),
    _matrices(2, 1, 1, 2),
    _perceptron(2, 1, 1, "x^2", np.square),
    _perceptron(2, 2, 1, "x^2", np.square),
    _perceptron(3, 1, 1, "x^2", np.square),
    _perceptron(2, 1, 2, "x^2", np.square),
    _perceptron(2, 1, 1, "x^3", lambda z: z**3),
    _perceptron(2, 2, 1, "x^3", lambda z: z**3),
    _perceptron(2, 1, 1, "x^2 + x", lambda z: z**2 + z),
    _filters("x", lambda z: z),
    _filters("x^2", np.square),
)
"""Families that are small enough for descents to see everything."""


def _plain(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows = int(rng.integers(8, 16))
    return rng.normal(size=(rows, family.inputs)), rng.normal(size=(rows, family.outputs))


def _collinear(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, y = _plain(family, rng)
    x[:, -1] = 2 * x[:, 0] + 10.0 ** -rng.integers(1, 9) * x[:, -1]
    return x, y


def _duplicated(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, y = _plain(family, rng)
    return np.vstack([x, x[:4]]), np.vstack([y, y[:4] if rng.random() < 0.5 else -y[:4]])


def _few(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows = int(rng.integers(1, 5))
    return rng.integers(-3, 4, (rows, family.inputs)).astype(float), rng.integers(-3, 4, (rows, family.outputs)).astype(float)


def _units(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, y = _plain(family, rng)
    return x * 10.0 ** rng.uniform(-6, 6, family.inputs), y * 10.0 ** rng.uniform(-6, 6)


def _realizable(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.integers(-3, 4, (12, family.inputs)).astype(float)
    w = rng.integers(-2, 3, family.weights).astype(float)
    w[rng.random(family.weights) < 0.4] = 0
    return x, family.forward(w, x)


def _symmetric(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.integers(-3, 4, (6, family.inputs)).astype(float)
    y = rng.integers(-3, 4, (6, family.outputs)).astype(float)
    return np.vstack([x, x[:, ::-1]]), np.vstack([y, y[:, ::-1]])


def _constant(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, y = _plain(family, rng)
    if rng.random() < 0.5:
        x[:, -1] = 1.0
    y[:] = float(rng.integers(0, 3))
    return x, y


def _outliers(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x, y = _plain(family, rng)
    x[0] *= 50
    y[1] *= 1000
    return x, y


def _integers(family: Family, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows = int(rng.integers(6, 12))
    return rng.integers(-3, 4, (rows, family.inputs)).astype(float), rng.integers(-4, 5, (rows, family.outputs)).astype(float)


KINDS: dict[str, Callable[[Family, np.random.Generator], tuple[np.ndarray, np.ndarray]]] = {
    "plain": _plain,
    "collinear": _collinear,
    "duplicated": _duplicated,
    "few rows": _few,
    "units": _units,
    "realizable": _realizable,
    "symmetric": _symmetric,
    "constant": _constant,
    "outliers": _outliers,
    "integers": _integers,
}


def problem(number: int) -> tuple[Family, str, np.ndarray, np.ndarray]:
    """The problem of that number: all pairs of a family and a kind of data in turn, each time with other data."""
    kinds, again = list(KINDS), len(FAMILIES) * len(KINDS) // math.gcd(len(FAMILIES) + 1, len(KINDS))
    # one kind further where pairs would come again
    family, kind = FAMILIES[number % len(FAMILIES)], kinds[(number // len(FAMILIES) + number + number // again) % len(kinds)]
    x, y = KINDS[kind](family, np.random.default_rng([7, number]))
    return family, kind, x, y


def asked(family: Family, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> Any:
    """What the entry says; its refusal in words where it refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return nv.landscape(family.text, data=(x, y), **({} if weights is None else {"sample_weights": weights}))
    except nv.NeurovarietyError as error:
        return f"{type(error).__name__}: {error}"


def descents(
    family: Family, x: np.ndarray, y: np.ndarray, number: int, rng: np.random.Generator
) -> list[tuple[float, np.ndarray, float]]:
    """Ends of descents: the loss, the weights, and the largest part of the gradient. Columns are scaled to size 1 first."""
    sizes = np.maximum(np.abs(x).max(axis=0), 1e-300)
    if family.text.startswith("cnn"):
        sizes = np.full_like(sizes, sizes.max())
    unit = max(float(np.abs(y).max()), 1e-300)
    u, v = x / sizes, y / unit
    starts = rng.normal(size=(number, family.weights)) * rng.choice([0.3, 1.0, 3.0], size=(number, 1))
    with np.errstate(all="ignore"):
        ends, losses, slopes = _descended(lambda w: (family.forward(w, u) - v).reshape(len(w), -1), starts)
    kept = np.isfinite(losses) & (np.abs(ends).max(axis=1) < 1e3)
    return [
        (float(loss / len(x) * unit**2), end, float(slope))
        for loss, end, slope in zip(losses[kept], ends[kept], slopes[kept], strict=True)
    ]


def _descended(residuals: Callable[[np.ndarray], np.ndarray], w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of Levenberg and Marquardt's method from weights (B, W), all at once: they, their sums of squares, and the largest parts of
    their gradients. Derivatives by a complex step, exact for polynomials up to rounding."""
    count, size = w.shape
    damping, waiting = np.full(count, 1e-3), np.arange(count)
    w, loss, slope = w.copy(), np.full(count, np.inf), np.full(count, np.inf)
    unit = 1e-30j * np.eye(size)
    for _ in range(_STEPS):
        here = w[waiting]
        r = residuals(here)
        jacobian = np.stack([residuals(here + unit[k]).imag for k in range(size)], axis=-1) * 1e30
        gradient, square = np.einsum("bri,br->bi", jacobian, r), np.einsum("bri,brj->bij", jacobian, jacobian)
        loss[waiting], slope[waiting] = (r**2).sum(axis=1), np.abs(gradient).max(axis=1)
        weights = np.einsum("bii->bi", square)
        weights = np.maximum(weights, 1e-9 * weights.max(axis=1, keepdims=True) + 1e-200)
        square[:, range(size), range(size)] += damping[waiting, None] * weights
        there = here - np.linalg.solve(square, gradient[:, :, None])[:, :, 0]
        better = (residuals(there) ** 2).sum(axis=1) <= loss[waiting] * (1 + 1e-15)  # near rest the loss no longer tells
        w[waiting[better]] = there[better]
        damping[waiting] = np.maximum(damping[waiting] * np.where(better, 0.2, 5.0), 1e-7)
        waiting = waiting[(slope[waiting] > 1e-12) & (damping[waiting] < 1e12) & np.isfinite(loss[waiting])]
        if not len(waiting):
            break
    return w, loss, slope


def wrong_with(found: Any, family: Family, x: np.ndarray, y: np.ndarray, ends: list[tuple[float, np.ndarray, float]]) -> list[str]:
    """In words what descents say against a result."""
    claims, value = {k: str(v.claim) for k, v in found.verdicts.items()}, found.value
    zero = float((y**2).sum(axis=1).mean()) or 1.0
    out = []
    least = value["least_loss"]
    best = min((loss for loss, _, _ in ends), default=np.inf)
    if claims["global_minimum"] in STRONG and best < least - _BEATEN * zero:
        out.append(f"a descent has loss {best:.9g}, the least is said to be {least:.9g}")
    if claims["global_minimum"] in (*STRONG, "upper_bound") and least < -1e-12 * zero:
        out.append(f"a negative loss {least:.3g}")
    weights = found.evidence.get("least", {}).get("weights")
    if weights is not None and claims["global_minimum"] in (*STRONG, "upper_bound"):
        own = float(((family.forward(np.array(weights), x) - y) ** 2).sum(axis=1).mean())
        if abs(own - least) > _SAME * zero:
            out.append(f"the weights have loss {own:.9g}, {least:.9g} is said")
    if all(claims[k] in STRONG for k in ("complex", "real", "at_subnetworks")):
        losses = np.array([p.loss for p in found.points if p.real and p.loss is not None])
        for loss, _, slope in ends:
            if slope < 1e-10 and len(losses) and np.abs(losses - loss).min() > _LISTED * zero and not _sets(found):
                out.append(f"a network at rest of loss {loss:.9g} is on no list")
                break
        if claims["minima"] in STRONG and value["minima"] > sum(p.real for p in found.points):
            out.append("more minima than real functions")
    return out


def _sets(found: Any) -> bool:
    return any(s.get("critical_sets") for s in found.evidence.get("stages", ()))


def differs(a: Any, b: Any, scale: float, exact: bool) -> list[str]:
    """In words what two results of one problem, the losses of the second ``scale`` times as large, disagree in."""
    if isinstance(a, str) or isinstance(b, str):
        return [] if isinstance(a, str) and isinstance(b, str) else ["one is refused, the other is not"]
    out = []
    for key in ("complex", "real", "at_subnetworks", "minima"):
        first, second = a.verdicts[key], b.verdicts[key]
        strong = str(first.claim) in STRONG and str(second.claim) in STRONG
        if (strong or exact) and a.value[key] != b.value[key]:
            out.append(f"{key}: {a.value[key]} and {b.value[key]}")
        if exact and first.claim is not second.claim:
            out.append(f"{key}: {first.claim} and {second.claim}")
    first, second = (str(r.verdicts["global_minimum"].claim) for r in (a, b))
    near = abs(a.value["least_loss"] * scale - b.value["least_loss"])
    size = max(abs(a.value["least_loss"] * scale), abs(b.value["least_loss"]))
    zero = float(np.abs(a.task.data.targets).max() ** 2 if a.task.data is not None else 1.0) * scale
    if exact and near > _SUBNORMAL:
        out.append(f"least loss {a.value['least_loss']!r} and {b.value['least_loss']!r}")
    if first in STRONG and second in STRONG and near > _SAME * size + 1e-9 * zero:
        out.append(f"least loss {a.value['least_loss']:.12g} and {b.value['least_loss']:.12g}")
    return out


def tried(number: int, starts: int) -> dict[str, Any]:
    """One problem: what is claimed, how long it took, and what is wrong with it."""
    family, kind, x, y = problem(number)
    rng = np.random.default_rng([11, number])
    start = time.process_time()
    found = asked(family, x, y)
    seconds = time.process_time() - start
    line: dict[str, Any] = {"number": number, "family": family.text, "kind": kind, "seconds": round(seconds, 2)}
    if isinstance(found, str):
        return line | {"refused": found[:200], "wrong": []}
    wrong = wrong_with(found, family, x, y, descents(family, x, y, starts, rng))
    order = rng.permutation(len(x))
    for name, other, scale, exact in (
        ("times 2^5 and 2^-3", asked(family, x * 32, y / 8), 2.0**-6, True),
        ("times 300", asked(family, x * 300, y * 300), 9e4, False),
        ("permuted", asked(family, x[order], y[order]), 1.0, False),
        ("twice, half the weight", asked(family, np.vstack([x, x]), np.vstack([y, y]), np.full(2 * len(x), 0.5)), 1.0, False),
    ):
        wrong += [f"{name}: {d}" for d in differs(found, other, scale, exact)]
    return line | {"value": dict(found.value), "claims": {k: str(v.claim) for k, v in found.verdicts.items()}, "wrong": wrong}


def main() -> int:
    """Ask problems, or print the rate of one file; the status is 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--number", type=int, default=150)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--starts", type=int, default=60, help="descents a problem")
    parser.add_argument("--rate", action="store_true", help="print what came of the problems that are there")
    given = parser.parse_args()
    path = FOLDER / f"landscapes-{given.name}.jsonl"
    lines = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
    if given.rate:
        print(rate(lines))
        return int(any(line["wrong"] for line in lines))
    done = {line["number"] for line in lines}
    for number in range(given.start, given.start + given.number):
        if number not in done:
            line = tried(number, given.starts)
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            if line["wrong"]:
                print(number, line["family"], line["kind"], line["wrong"], flush=True)
    return 0


def rate(lines: list[dict[str, Any]]) -> str:
    """How many problems, strong claims, and contradictions."""
    strong = {
        key: sum(line.get("claims", {}).get(key) in STRONG for line in lines)
        for key in ("complex", "real", "at_subnetworks", "global_minimum")
    }
    wrong = sum(bool(line["wrong"]) for line in lines)
    shown = ", ".join(f"{key} {count}" for key, count in strong.items())
    bound = f"; at most {3 / len(lines):.2%} with 95 % confidence" if lines and not wrong else ""
    return f"{len(lines)} problems, {sum('refused' in line for line in lines)} refused; strong: {shown}; contradicted: {wrong}{bound}"


if __name__ == "__main__":
    sys.exit(main())
