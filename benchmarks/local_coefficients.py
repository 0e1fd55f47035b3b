"""Local learning coefficient of a network on handwritten digits: `python -m benchmarks.local_coefficients [DRAWS]`.

Needs scikit-learn for its digits. A ReLU network 64-70-70-10 (10,230 weights) is trained by Adam on 1,797 pictures, and asked with two
seeds; a line of JSON each, with CPU seconds."""

from __future__ import annotations

import json
import sys
import time

import torch
from torch.nn import functional

from benchmarks.two_trainings import digits
from neurovariety.learning.local_coefficient import local_learning_coefficient, torch_loss


def trained() -> tuple[torch.nn.Module, list[tuple[torch.Tensor, torch.Tensor]]]:
    """The network, and the data in batches."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x, y = (torch.as_tensor(a) for a in digits())
    x, y = x.float(), y.long()
    layers = torch.nn
    module = layers.Sequential(layers.Linear(64, 70), layers.ReLU(), layers.Linear(70, 70), layers.ReLU(), layers.Linear(70, 10))
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3, weight_decay=1e-4)
    for _ in range(300):
        optimizer.zero_grad()
        functional.cross_entropy(module(x), y).backward()
        optimizer.step()
    return module, [(x[i : i + 600], y[i : i + 600]) for i in range(0, len(x), 600)]


def main(draws: int) -> None:
    """Both seeds."""
    module, batches = trained()
    for seed in (0, 1):
        begin, wall = time.process_time(), time.perf_counter()
        found = local_learning_coefficient(torch_loss(module, batches, functional.cross_entropy), draws=draws, seed=seed)
        cost = {"cpu_seconds": round(time.process_time() - begin, 1), "seconds": round(time.perf_counter() - wall, 1)}
        print(json.dumps(vars(found) | cost), flush=True)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["40"])[0]))
