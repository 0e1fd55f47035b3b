"""Trains the two example networks of the package: `penguins.onnx`, and `penguins_redundant.onnx` with redundancy planted in it.

    python examples/train_networks.py            (needs torch and onnx: pip install "neurovariety[checkpoints]")

From bill length and depth of a penguin, standardized, the networks predict its flipper length and body mass, standardized:

    fc1 (2 to 5), x^2, fc2 (5 to 2), fc3 (2 to 6), x^2, fc4 (6 to 2), biases in fc1, fc3 and fc4.

Trained weights are rounded to multiples of 1/1024 and the rounded network is the trained one. The second network computes exactly
the same function with 8 neurons after fc1 (one is a copy of another, one is twice another, one is dead) and 3 after fc2, where the
rank is 2; all its weights are float32 numbers, so that the two functions are equal as polynomials over the rational numbers.
"""

from __future__ import annotations

import numpy as np
import torch

import neurovariety as nv
from neurovariety import examples

STEPS = 3000
GRID = 1024


class Square(torch.nn.Module):
    def forward(self, x):
        return x * x


def network(first: int, bottleneck: int) -> torch.nn.Module:
    layers = {
        "fc1": torch.nn.Linear(2, first),
        "square1": Square(),
        "fc2": torch.nn.Linear(first, bottleneck, bias=False),
        "fc3": torch.nn.Linear(bottleneck, 6),
        "square2": Square(),
        "fc4": torch.nn.Linear(6, 2),
    }
    found = torch.nn.Sequential()
    for name, layer in layers.items():
        found.add_module(name, layer)
    return found


def train(x: torch.Tensor, y: torch.Tensor) -> torch.nn.Module:
    torch.manual_seed(0)
    found = network(5, 2)
    with torch.no_grad():
        for p in found.parameters():
            p.mul_(0.5)  # squares of squares explode from the usual start
    optimizer = torch.optim.Adam(found.parameters(), lr=3e-3)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = ((found(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for p in found.parameters():
            p.copy_(torch.round(p * GRID) / GRID)
    return found


def plant(trained: torch.nn.Module) -> torch.nn.Module:
    """The same function in a larger network: neurons 0 to 4 of fc1 are the trained ones, the order is mixed at the end."""
    w = {k: v.double().numpy() for k, v in trained.state_dict().items()}
    first = np.vstack([w["fc1.weight"], w["fc1.weight"][0], 2 * w["fc1.weight"][1], w["fc1.weight"][2] - w["fc1.weight"][3]])
    bias = np.concatenate([w["fc1.bias"], [w["fc1.bias"][0], 2 * w["fc1.bias"][1], 0.5]])
    second = np.hstack([w["fc2.weight"], np.zeros((2, 3))])
    second[:, 5] = second[:, 0] / 2  # the copy takes half of what neuron 0 passes on
    second[:, 0] /= 2
    second[:, 6] = second[:, 1] / 8  # (2z)^2 = 4 z^2: the proportional neuron takes half as well
    second[:, 1] /= 2  # neuron 7 passes nothing on: it is dead
    order = np.random.default_rng(0).permutation(8)
    narrow = np.vstack([second, second[0] + second[1]])  # three rows of rank 2
    third = np.hstack([w["fc3.weight"] / 2, np.zeros((6, 1))])
    third[:, 2] = w["fc3.weight"][:, 0] / 2
    third[:, 1] = w["fc3.weight"][:, 1] - w["fc3.weight"][:, 0] / 2  # c0 h0 + c1 h1 = c0/2 h0 + (c1 - c0/2) h1 + c0/2 (h0 + h1)
    planted = {**w, "fc1.weight": first[order], "fc1.bias": bias[order], "fc2.weight": narrow[:, order], "fc3.weight": third}
    found = network(8, 3)
    found.load_state_dict({k: torch.tensor(v, dtype=torch.float32) for k, v in planted.items()})
    return found


def main() -> None:
    table = np.genfromtxt(examples.path("penguins.csv"), delimiter=",", skip_header=1)
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    x, y = (torch.tensor(part, dtype=torch.float32) for part in (table[:, :2], table[:, 2:]))
    plain = train(x, y)
    redundant = plant(plain)
    for name, module in (("penguins", plain), ("penguins_redundant", redundant)):
        read = nv.load_network(module)
        nv.write_network(read, examples.FOLDER / f"{name}.onnx")
        loss = ((module(x) - y) ** 2).mean().item()
        print(f"{name}: {read.parameters} parameters, mean squared error {loss:.3f} (the mean of the data: 1)")
    a, b = (nv.load_network(examples.FOLDER / f"{name}.onnx") for name in ("penguins", "penguins_redundant"))
    points = np.random.default_rng(0).integers(-9, 10, size=(20, 2))
    print("equal over the rational numbers at 20 points:", bool(np.all(a.evaluate_exact(points) == b.evaluate_exact(points))))


if __name__ == "__main__":
    main()
