"""Regions of a network for handwritten digits on the plane through three pictures: `python -m benchmarks.digits_on_a_plane [PNG]`.

Needs scikit-learn for its digits (1,797 pictures of 8 x 8). A network 64 - 16 - 16 - 10 with ReLU is trained by minibatch gradient
descent; its regions on the plane through the first pictures of a 0, a 1 and a 2 are counted, each number proved, and drawn.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import neurovariety as nv
from benchmarks.two_trainings import digits, trained

CLASSES = (0, 1, 2)
_WIDTH = 16
_BOX = (-0.5, 1.5)


def main() -> None:
    """Print what is counted, and draw the picture where a file is named."""
    x, y = digits()
    network = nv.load_network(trained(_WIDTH, 0, x, y), architecture=f"mlp(64,{_WIDTH},{_WIDTH},10; relu; bias)")
    right = float(np.mean(network.evaluate(x).argmax(axis=1) == y))
    pictures = np.array([x[int(np.argmax(y == c))] for c in CLASSES])
    start = time.process_time()
    found = nv.regions(nv.plane_slice(network, pictures), box=_BOX)
    print(f"accuracy {right:.3f} on what it was trained on")
    print(found.summary())
    print(f"{time.process_time() - start:.1f} s of the processor")
    if len(sys.argv) > 1:
        _drawn(found, pictures, sys.argv[1])


def _drawn(found: nv.RegionsResult, pictures: np.ndarray, file: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(4, 4, 1.1))
    corners = np.array([[0, 0], [1, 0], [0, 1]])
    for axes, colours in ((left, "active"), (middle, "slope")):
        nv.draw_regions(found, axes, colours=colours, window=(*_BOX, *_BOX), data=corners)
        for c, (s, t) in zip(CLASSES, corners, strict=True):
            axes.annotate(str(c), (s, t), xytext=(4, 4), textcoords="offset points", fontsize=11, fontweight="bold")
    right.axis("off")
    right.imshow(np.concatenate([np.pad(p.reshape(8, 8), 1, constant_values=0.5) for p in pictures]), cmap="gray_r")
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
