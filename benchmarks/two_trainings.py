"""Two trainings of one network on handwritten digits: what the nearest permutation does to the barrier between them.

usage: python -m benchmarks.two_trainings [PICTURE.png]

Needs scikit-learn for its digits (1,797 pictures of 8 x 8). Networks of two hidden layers are trained from different seeds by minibatch
gradient descent with momentum; `align` brings the first to the second. Printed: loss barriers on the line between, before and after, by
width; beside Ainsworth, Hayase, Srinivasa 2023, who find that the barrier falls as networks grow wide.
"""

from __future__ import annotations

import sys

import numpy as np

import neurovariety as nv

WIDTHS = (16, 64, 256)
_EPOCHS, _BATCH, _RATE, _MOMENTUM = 60, 64, 0.1, 0.9

Weights = dict[str, np.ndarray]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pictures with entries from 0 to 1, and their classes."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x / 16, y.astype(int)


def trained(width: int, seed: int, x: np.ndarray, y: np.ndarray) -> Weights:
    """Weights of a network 64 - width - width - 10 with ReLU."""
    rng = np.random.default_rng(seed)
    sizes = (x.shape[1], width, width, 10)
    w: Weights = {}
    for k in range(3):
        w[f"w{k}"] = rng.normal(size=(sizes[k + 1], sizes[k])) * np.sqrt(2 / sizes[k])
        w[f"b{k}"] = np.zeros(sizes[k + 1])
    speed = {k: np.zeros_like(v) for k, v in w.items()}
    for _ in range(_EPOCHS):
        order = rng.permutation(len(x))
        for at in range(0, len(x), _BATCH):
            chosen = order[at : at + _BATCH]
            for key, step in _gradient(w, x[chosen], y[chosen]).items():
                speed[key] = _MOMENTUM * speed[key] - _RATE * step
                w[key] = w[key] + speed[key]
    return {k: v.astype(np.float32) for k, v in w.items()}


def _gradient(w: Weights, x: np.ndarray, y: np.ndarray) -> Weights:
    values = [x]
    for k in range(2):
        values.append(np.maximum(values[-1] @ w[f"w{k}"].T + w[f"b{k}"], 0))
    out = values[-1] @ w["w2"].T + w["b2"]
    p = np.exp(out - out.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    g, found = p / len(y), Weights()
    for k in (2, 1, 0):
        found[f"w{k}"], found[f"b{k}"] = g.T @ values[k], g.sum(axis=0)
        g = (g @ w[f"w{k}"]) * (values[k] > 0)
    return found


def main() -> None:
    """Print the table, and draw the picture where a file is named."""
    x, y = digits()
    kept = []
    print("| width | distance before | after | barrier before | after |\n|---|---|---|---|---|")
    for width in WIDTHS:
        pair = [nv.load_network(trained(width, seed, x, y), architecture=f"mlp(64,{width},{width},10; relu; bias)") for seed in (0, 1)]
        near = nv.align(*pair, data=x, target=y).evidence["nearest"]
        kept.append((width, near["before"]["losses"], near["after"]["losses"]))
        before, after = near["before"]["barrier"], near["after"]["barrier"]
        print(f"| {width} | {near['distance_before']:.3g} | {near['distance_after']:.3g} | {before:.3g} | {after:.3g} |", flush=True)
    if len(sys.argv) > 1:
        _drawn(kept, sys.argv[1])


def _drawn(kept: list[tuple[int, list[float], list[float]]], file: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.8), layout="constrained")
    for axes, (width, before, after) in zip(figure.subplots(1, len(kept), sharey=True), kept, strict=True):
        along = np.linspace(0, 1, len(before))
        axes.plot(along, before, color="0.6", label="as trained")
        axes.plot(along, after, color="C0", label="permuted")
        axes.set(title=f"width {width}", xlabel="from the first to the second")
    figure.axes[0].set_ylabel("loss")
    figure.axes[0].legend(frameon=False)
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
