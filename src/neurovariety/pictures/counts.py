"""Pictures of numbers beside each other: dimensions, directions, learning coefficients, samples, polar degrees, paths, covers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, MAIN, SECOND, THIRD
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Bar = tuple[str, float, str, str]
"""What it is of, its length, what is written at its end, its colour."""


def bars(axes: Axes, rows: Sequence[Bar], unit: str) -> None:
    """Bars from the top down, the number written at the end of each."""
    for place, (_, size, text, colour) in enumerate(rows):
        axes.barh([place], [size], color=colour, height=0.62)
        axes.annotate(text, (size, place), xytext=(4, 0), textcoords="offset points", va="center", color=INK)
    least, most = min(size for _, size, *_ in rows), max(size for _, size, *_ in rows)
    if least > 0 and most > 50 * least:
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, most * 1.15 or 1)
        if all(float(size).is_integer() for _, size, *_ in rows):
            axes.locator_params(axis="x", integer=True)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axes.invert_yaxis()
    axes.set_xlabel(unit)


def degrees_of_freedom(axes: Axes, found: Result) -> Explained:
    """Parameters, expected dimension, dimension and ambient dimension, side by side."""
    evidence, value = found.evidence, int(found.value)
    sizes = {
        "parameters": evidence["parameters"],
        "expected dimension": evidence.get("expected"),
        "dimension": value,
        "dimension of the span": evidence["ambient"],
    }
    rows = [(n, float(v), f"{v:,}", MAIN if n == "dimension" else THIRD) for n, v in sizes.items() if v is not None]
    bars(axes, rows, "dimensions")
    return Explained(
        f"Degrees of freedom of {found.subject}",
        "Blue: the dimension of the set of functions. Grey, to compare: the number of weights, the dimension that symmetries "
        "alone would "
        "leave (expected), and that of the linear span of all functions, as far as each is known.",
    )


def learning_costs(axes: Axes, found: Result) -> Explained | None:
    """What n samples leave of the error, times n: regular parameters, the function asked for, and those of smaller networks."""
    evidence, value = found.evidence, found.value["learning_coefficient"]
    if value is None or "parameters" not in evidence:
        return None
    asked = (found.verdicts["learning_coefficient"].statement.scope[:1] or ("the true function",))[0].removesuffix(" of the model")
    rows = [("parameters / 2", Fraction(evidence["parameters"], 2), THIRD), (asked, Fraction(value), MAIN)]
    for row in found.value.get("smaller_networks", [])[:_MOST_COSTS]:
        name, exact = "for the zero function" if row["network"] == "zero" else _cut(row["network"]), row["learning_coefficient"]
        rows.append((name, Fraction(exact), SECOND) if exact is not None else (f"{name}: at most", Fraction(row["at_most"]), SECOND))
    bars(axes, [(name, float(size), str(size), colour) for name, size, colour in rows], "learning coefficient")
    return Explained(
        f"What learning costs in {found.subject}",
        "The error after n samples is about this number divided by n. Blue: for the function asked for. Grey: what it would be "
        "if every weight counted. Orange, where it is known: for the zero function, and for one function of each smaller network.",
    )


def directions(axes: Axes, found: Result) -> Explained | None:
    """The parameters split into what the function sees, what stated symmetries explain, and hidden directions."""
    evidence, hidden, stated = found.evidence, found.value["hidden"], found.evidence.get("stated")
    if hidden is None or stated is None or "at" in evidence:
        return None
    linear = min(evidence.get("moved_by_unstated_symmetries") or 0, hidden)
    parts = [
        ("seen by the function", evidence["model_dimension"], MAIN),
        ("stated symmetries", stated, THIRD),
        ("other linear symmetries", linear, INK),
        ("hidden", hidden - linear, SECOND),
    ]
    parts = [p for p in parts if p[1] or p[0] != "other linear symmetries"]
    left = 0
    for name, size, colour in parts:
        axes.barh([0], [size], left=left, color=colour, label=f"{name}: {size:,}", height=0.5, edgecolor="white", linewidth=0.8)
        left += size
    axes.set_yticks([])
    axes.set_ylim(-0.4, 0.4)
    axes.set_xlim(0, left)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("directions in the space of weights")
    legend(axes)
    return Explained(
        f"What a function of {found.subject} tells of its weights",
        "All directions in which weights can move. Blue: those that change the function. Grey: those along which stated symmetries "
        "move them, and the function stays. Orange: others along which it stays."
        + (" Black: those of other linear maps of the weights, which the symmetries entry finds." if linear else ""),
    )


def ranks_by_sample(axes: Axes, found: Result) -> Explained | None:
    """Degrees of freedom seen by the first n samples of a data set, against the dimension."""
    seen, dimension = found.evidence["rank_by_samples"], found.value["dimension"]
    if not seen:
        return None
    _steps(axes, [0, *seen], dimension)
    axes.set_xlabel("samples, in the order of the file")
    return Explained(
        f"What the data tell of {found.subject}",
        "Line: the rank of the Jacobian at general weights after so many samples, which is how many degrees of freedom these see. "
        f"Dashed: all {dimension:,} that the functions have.",
    )


def functions_left(axes: Axes, found: Result) -> Explained | None:
    """How many functions are left after so many general samples."""
    known = {int(n): int(left) for n, left in found.value["functions"].items()}
    if len(known) < 2:
        return None
    axes.bar(list(known), list(known.values()), color=MAIN, width=0.6)
    for samples, left in known.items():
        axes.annotate(f"{left:,}", (samples, left), ha="center", va="bottom", color=INK)
    axes.set_xticks(list(known))
    axes.set_xlabel("general samples")
    axes.set_ylabel("functions left")
    if max(known.values()) > 50:
        axes.set_yscale("log")
    axes.margins(y=0.2)
    return Explained(
        f"How many samples determine a function of {found.subject}",
        "A bar a number of general samples: how many functions, over the complex numbers, take the same values there. With "
        "fewer samples than "
        "drawn infinitely many do.",
    )


def _steps(axes: Axes, seen: Sequence[int], dimension: int) -> None:
    axes.step(range(len(seen)), seen, where="post", color=MAIN, linewidth=2, label="rank of the Jacobian")
    axes.axhline(dimension, color=INK, linestyle="--", linewidth=1, label=f"dimension: {dimension:,}")
    axes.locator_params(axis="x", integer=True)
    axes.set_ylabel("degrees of freedom")
    axes.set_xlim(0, len(seen) - 1)
    axes.set_ylim(0, dimension * 1.15 or 1)
    axes.locator_params(axis="y", integer=True)
    legend(axes)


def polar_degrees(axes: Axes, found: Result) -> Explained | None:
    """The polar degrees that add up to the number, or what became of the paths from which it was counted."""
    polar = found.evidence.get("polar_degrees")
    if not polar:
        return path_ends(axes, found)
    axes.bar(range(len(polar)), polar, color=MAIN)
    for place, number in enumerate(polar):
        axes.annotate(f"{number:,}", (place, number), ha="center", va="bottom", color=INK)
    axes.set_xticks(range(len(polar)))
    axes.set_xlabel("number of the polar degree")
    axes.set_ylabel("polar degree")
    axes.margins(y=0.15)
    return Explained(
        f"The ED degree of {found.subject} as a sum",
        f"The polar degrees, from the degree of the dual variety (left) to that of the variety itself (right). Their sum, "
        f"{sum(polar):,}, is "
        "the number of complex critical points of squared distance to a general target.",
    )


def path_ends(axes: Axes, found: Result) -> Explained | None:
    """What became of the paths from which the number was counted."""
    ends = {k: n for k, n in found.evidence.get("ends", {}).items() if n}
    if not ends:
        return None
    colours = {"regular": MAIN, "singular": SECOND, "at infinity": THIRD, "failed": INK}
    bars(axes, [(kind, float(n), f"{n:,}", colours[kind]) for kind, n in ends.items()], "paths")
    return Explained(
        f"Ends of the paths followed for {found.subject}",
        "Where the paths end that were followed from a general problem. Blue: at critical points that count. Others do not count: at "
        "singular points, at infinity, or nowhere that could be certified (failed).",
    )


def covering_bounds(axes: Axes, found: Result) -> Explained | None:
    """All bounds of the covering number from above, and the one from below."""
    bounds, best, least = found.evidence["bounds"], found.evidence["best"], found.value["at_least"]
    if not bounds:
        return None
    order = sorted(bounds, key=lambda name: -bounds[name])
    rows = [(f"at most: {name}", bounds[name], f"{bounds[name]:.4g}", MAIN if name == best else THIRD) for name in order]
    rows += [("at least", least, f"{least:.4g}", SECOND)] if least is not None and least > 0 else []
    bars(axes, rows, "log N, natural logarithm")
    return Explained(
        f"How many functions of {found.subject} there are",
        "Bounds of the logarithm of the number N of balls that cover the functions asked for. Blue: the best from above; grey: "
        "others from "
        "above; orange: from below. N lies between orange and blue.",
    )


def exposed_targets(axes: Axes, found: Result) -> Explained | None:
    """For each stratum the dimension of the targets at which training can rest there."""
    table, ambient = found.value["table"][:_MOST], int(found.value["ambient"])
    if not table:
        return None
    tones = {"yes": SECOND, "no": THIRD}
    rows = [
        (_cut(row["name"]), float(row["targets"]), f"{row['targets']:,}", tones.get(_yes(row["critically_exposed"]), MAIN))
        for row in table
    ]
    bars(axes, rows, "dimension of the targets whose training can rest there")
    axes.axvline(ambient, color=INK, linestyle="--", linewidth=1)
    axes.set_xlim(0, ambient * 1.12)
    return Explained(
        f"Where training of {found.subject} can rest",
        f"A bar a set of weights: how many dimensions of targets make a general point of it stationary. Dashed: all {ambient:,} "
        "dimensions; "
        "orange bars reach it (critically exposed), grey ones do not, blue ones are open.",
    )


_MOST_COSTS = 5
_MOST = 10
"""Sets of weights that are drawn, those that come first."""


def _yes(said: object) -> str:
    return {True: "yes", False: "no"}.get(said, str(said)) if isinstance(said, bool) else str(said)


def _cut(name: str, longest: int = 34) -> str:
    return name if len(name) <= longest else f"{name[: longest - 3]}..."
