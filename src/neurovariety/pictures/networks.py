"""Pictures of trained networks: what their parameters amount to, how two are related, and what is linear on pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, MAIN, SECOND, THIRD
from neurovariety.pictures.counts import Bar, bars
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_UNITS, _MOST_OUTPUTS = 24, 1
"""Units of a layer, and outputs, that are drawn."""


def effective_parameters(axes: Axes, found: Result) -> Explained:
    """Parameters of a trained network, those that are left when it is pruned exactly, and the ranks of its Jacobian."""
    value = found.value
    rows: list[Bar] = [("parameters", float(value["parameters"]), f"{value['parameters']:,}", THIRD)]
    for name, key, colour in (
        ("after exact pruning", "smallest", THIRD),
        ("directions at other weights", "generic", SECOND),
        ("directions at these weights", "rank", MAIN),
    ):
        if value[key] is not None:
            rows.append((name, float(value[key]), f"{value[key]:,} ({found.verdicts[key].claim})", colour))
    bars(axes, rows, "parameters, or directions of functions")
    axes.set_xlim(right=axes.get_xlim()[1] * 1.2)
    return Explained(
        f"What the parameters of {found.subject} amount to",
        "Grey: the parameters, and those of the smaller network with the same function that exact pruning leaves. Blue: in how many "
        "directions the function can move at these weights; orange: the most that weights of this architecture have, as far as known.",
    )


def two_networks(axes: Axes, found: Result) -> Explained | None:
    """The losses on the line between two networks, or else how the units of one are those of the other."""
    nearest = found.evidence["nearest"]
    if nearest and "before" in nearest and "losses" in nearest["before"]:
        return _on_the_line(axes, found, nearest)
    layers = [s for s in found.evidence["symmetry"] if s.get("permutation") and len(s["permutation"]) <= _MOST_UNITS]
    return _carried(axes, found, layers) if layers else None


def _on_the_line(axes: Axes, found: Result, nearest: Mapping[str, Any]) -> Explained:
    for key, colour, style, label in (("before", SECOND, "--", "as they are"), ("after", MAIN, "-", "units of the first put in order")):
        losses = nearest[key]["losses"]
        axes.plot(np.linspace(0, 1, len(losses)), losses, style, color=colour, linewidth=1.8, label=label)
    axes.set_xlabel("place on the line: 0 the first network, 1 the second")
    axes.set_ylabel("loss")
    legend(axes)
    return Explained(
        f"The loss between two trainings: {found.subject}",
        "Weights move from those of the first network to those of the second in a straight line. Orange: as they are; blue: after the "
        "permutation of its units that brings the first nearest to the second. A hill between the ends is a barrier.",
    )


def _carried(axes: Axes, found: Result, layers: Sequence[Mapping[str, Any]]) -> Explained:
    names, scaled = [], False
    for place, layer in enumerate(layers):
        order = [int(str(k)) for k in layer["permutation"]]
        factors = [Fraction(str(s)) for s in layer["scalings"]] if layer.get("scalings") else [Fraction(1)] * len(order)
        for to, k in enumerate(order):
            plain = factors[to] == 1
            scaled |= not plain
            axes.plot([2 * place, 2 * place + 1], [k, to], "-" if plain else "--", color=THIRD if plain else SECOND, linewidth=1.4)
        for x in (0, 1):
            axes.plot([2 * place + x] * len(order), range(len(order)), "o", color=INK if x == 0 else MAIN, markersize=5)
        names += [(2 * place, f"{layer['layer']}\nfirst"), (2 * place + 1, f"{layer['layer']}\nsecond")]
    axes.set_xticks([x for x, _ in names], [name for _, name in names])
    axes.set_xlim(-0.5, 2 * len(layers) - 0.5)
    axes.locator_params(axis="y", integer=True)
    axes.invert_yaxis()
    axes.set_ylabel("unit")
    return Explained(
        f"Which unit is which: {found.subject}",
        "Black: units of the first network, blue: of the second. A line joins units that are the same"
        + (", a dashed orange one those that are so up to a factor." if scaled else "."),
    )


def monomials(axes: Axes, found: Result) -> Explained | None:
    """A tropical quotient: its two convex parts as graphs for one input, the slopes of their pieces for two."""
    value = found.value
    if len(value["numerator"]) != _MOST_OUTPUTS:
        return None
    parts = {key: np.array([[float(Fraction(x)) for x in row] for row in value[key][0]]) for key in ("numerator", "denominator")}
    inputs = parts["numerator"].shape[1] - 1
    if inputs == 1:
        return _convex_parts(axes, found, parts)
    return _slopes(axes, found, parts) if inputs == 2 else None


def _convex_parts(axes: Axes, found: Result, parts: dict[str, np.ndarray]) -> Explained:
    kinks = [x for rows in parts.values() for x in _kinks(rows)]
    low, high = (min(kinks), max(kinks)) if kinks else (-1.0, 1.0)
    margin = 0.4 * (high - low) or 1.0
    x = np.unique([low - margin, *kinks, high + margin])
    g, h = (np.max(rows[:, :1] + rows[:, 1:] * x, axis=0) for rows in parts.values())
    axes.plot(x, g, "-", color=MAIN, linewidth=1.4, label="g")
    axes.plot(x, h, "--", color=SECOND, linewidth=1.4, label="h")
    axes.plot(x, g - h, "-", color=INK, linewidth=2.0, label="f = g - h")
    axes.plot(kinks, np.interp(kinks, x, g - h), "o", color=INK, markersize=4, label="kink")
    axes.set_xlabel("input")
    axes.set_ylabel("output")
    legend(axes)
    return Explained(
        f"{found.subject} as a difference of two convex functions",
        "Blue and dashed orange: the two maxima of affine functions. Black: their difference, the function of the network; dots: where "
        "one of the two has a kink.",
    )


def _kinks(rows: np.ndarray) -> list[float]:
    """Where the maximum of lines (constant, slope), each the largest somewhere, changes from one to the next."""
    ordered = rows[np.argsort(rows[:, 1])]
    return [float((a[0] - b[0]) / (b[1] - a[1])) for a, b in pairwise(ordered) if b[1] > a[1]]


def _slopes(axes: Axes, found: Result, parts: dict[str, np.ndarray]) -> Explained:
    for (key, rows), colour, mark, size in zip(parts.items(), (MAIN, SECOND), ("o", "s"), (8, 4), strict=True):
        fill = "none" if key == "numerator" else colour
        label = f"{'g' if key == 'numerator' else 'h'}: {len(rows)} affine pieces"
        axes.plot(rows[:, 1], rows[:, 2], mark, color=colour, markerfacecolor=fill, markersize=size, linestyle="", label=label)
    axes.set_xlabel("slope along the first input")
    axes.set_ylabel("slope along the second input")
    legend(axes)
    return Explained(
        f"Slopes of the convex parts of {found.subject}",
        "The network is g - h, each the maximum of affine functions. A mark is one of them, at its gradient: rings of g, squares of h. "
        "The more squares, the farther the function is from convex.",
    )


def flipped_units(axes: Axes, found: Result) -> Explained | None:
    """Networks of one function as rows, with the units that are flipped in each."""
    flips, units = found.value["flips"], found.evidence.get("units")
    if not flips or units is None:
        return None
    for row in range(len(flips) + 1):
        chosen = set(flips[row - 1]) if row else set()
        for kind, mark, colour in ((False, "o", THIRD), (True, "D", MAIN)):
            at = [k for k in range(units) if (k in chosen) is kind]
            fill = colour if kind else "none"
            label = ("flipped" if kind else "as given") if row == 1 else None
            axes.plot(at, [row] * len(at), mark, color=colour, markerfacecolor=fill, markersize=7, linestyle="", label=label)
    axes.set_yticks(range(len(flips) + 1), ["the network given", *(f"another: {k}" for k in range(len(flips)))])
    axes.locator_params(axis="x", integer=True)
    axes.set_xlim(-0.7, units - 0.3)
    axes.set_ylim(len(flips) + 0.6, -0.6)
    axes.set_xlabel("hidden unit")
    legend(axes)
    more = found.value["orbits"] - len(flips) - 1
    return Explained(
        f"Networks with the function of {found.subject}",
        "A row a network with the same function, a column a hidden unit. Blue: units that are active on the other side of their "
        f"hyperplane.{f' {more:,} more are not drawn.' if more else ''}",
        height=max(1.4, 0.3 * len(flips) + 1.0),
    )
