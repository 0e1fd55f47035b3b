"""Compile what numba compiles, once, before a first report or worker processes would each do it: ``python -m tools.kernels``.

Takes about 40 seconds where nothing is compiled yet, and 4 where all of it is; the Makefile runs it as the last part of the
installation, and beside the type checker where sources have changed.
"""

from __future__ import annotations

import numpy as np

import neurovariety as nv


def main() -> None:
    """Ask small questions that between them pass through every kernel of ranks, paths, certificates and counting."""
    nv.degree("mlp(2,2,1; x^4)", route="computed")
    nv.ed_degree("linear(2,1,2)", metric="frobenius", route="computed")
    nv.landscape("linear(2,1,2)", metric="frobenius")
    nv.equations("mlp(3,2,1; x^2)", degree=3)
    nv.gradient_flow("linear(2,1,2)", metric="frobenius", runs=2)
    nv.point_count("mlp(2,1,1; x^2)")
    rng = np.random.default_rng(0)
    weights = {"W1": rng.normal(size=(12, 4)), "b1": rng.normal(size=12), "W2": rng.normal(size=(1, 12)), "b2": [0.0]}
    nv.regions(weights, architecture="mlp(4,12,1; relu; bias)")


if __name__ == "__main__":
    main()
