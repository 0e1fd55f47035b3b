"""Proved errors of networks with polynomials in place of activations, beside the error seen.

`python -m benchmarks.errors_of_approximations [SEED]`: thirty networks with random weights, one or two hidden layers of width at most
16 on [-1, 1]^d; 10^6 random inputs, and the corners of the box. One line a network; the last says how often the bound was exceeded, and
the largest quotient of bound and error seen."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator

import numpy as np
from scipy.special import erf

import neurovariety as nv
from neurovariety.rings.ring import Array

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.logaddexp(z, 0),
    "relu": lambda z: np.maximum(z, 0),
}
INPUTS, PART = 10**6, 10**5
ROUNDING = 1e-12
"""Of the largest output: what float64 may add to the error seen."""


def drawn(k: int, rng: np.random.Generator) -> tuple[list[int], int]:
    """Widths and a degree."""
    inner = rng.integers(2, 17, size=1 + k % 2)
    return [int(rng.integers(1, 5)), *map(int, inner), int(rng.integers(1, 3))], int(rng.integers(2, 10))


def outputs(weights: dict[str, Array], functions: list, x: Array) -> Array:
    """Of a perceptron with biases, and one function a hidden layer."""
    for layer, f in enumerate([*functions, lambda z: z], start=1):
        x = f(x @ weights[f"W{layer}"].T + weights[f"b{layer}"])
    return x


def networks(rng: np.random.Generator) -> Iterator[tuple[str, dict[str, Array], str, list[int], int]]:
    """Thirty networks: activation, weights, notation, widths and a degree; whoever takes them may draw from ``rng`` in between."""
    for k in range(30):
        name = list(FUNCTIONS)[k % len(FUNCTIONS)]
        widths, degree = drawn(k // len(FUNCTIONS), rng)
        weights = {}
        for layer, (n, m) in enumerate(itertools.pairwise(widths), start=1):
            weights |= {f"W{layer}": rng.normal(size=(m, n)) / np.sqrt(n), f"b{layer}": rng.normal(size=m) / 2}
        yield name, weights, f"mlp({','.join(map(str, widths))}; {name}; bias)", widths, degree


def main(seed: int) -> None:
    """All networks."""
    rng = np.random.default_rng(seed)
    exceeded, quotients = 0, []
    for name, weights, notation, widths, degree in networks(rng):
        start = time.process_time()
        found = nv.approximate(weights, architecture=notation, degree=degree)
        seconds = time.process_time() - start
        polynomials = [np.polynomial.Polynomial([float(c) for c in p.polynomial]) for p in found.nearest]
        corners = np.array(list(itertools.product((-1.0, 1.0), repeat=widths[0])))
        seen, size = 0.0, 1.0
        for part in range(INPUTS // PART + 1):
            x = rng.uniform(-1, 1, size=(PART, widths[0]))
            x = corners if part == 0 else x
            own = outputs(weights, [FUNCTIONS[name]] * len(polynomials), x)
            seen, size = max(seen, float(np.abs(own - outputs(weights, polynomials, x)).max())), max(size, float(np.abs(own).max()))
        exceeded += seen > found.value["error"] + ROUNDING * size
        quotients.append(found.value["error"] / seen)
        print(
            f"{notation:32} degree {degree}: at most {found.value['error']:.3g}, at least {found.value['error_at_least']:.3g}, "
            f"seen {seen:.3g}, quotient {quotients[-1]:.3g}, {seconds:.1f} CPU s",
            flush=True,
        )
    within = sum(q <= 10 for q in quotients)
    print(f"exceeded {exceeded} of {len(quotients)} times; quotients at most {max(quotients):.3g}, {within} within 10")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
