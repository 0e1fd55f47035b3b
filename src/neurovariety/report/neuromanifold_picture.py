"""The picture of a neuromanifold: the functions of a network in three dimensions, with what training meets there.

Functions are drawn in coordinates in which distance is the square root of the loss (up to a constant), projected orthogonally to three
dimensions: those that keep most of the target, the critical points and the functions drawn. Points that lie over each other may be far
apart in what is left out; the caption says how much that is. The set is drawn by samples and flows are followed in floating point: a
picture shows, and proves nothing.

Source: Marchetti et al. 2025, section 2 (neuromanifolds), Trager et al. 2020 (landscapes as distances to them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from jaxtyping import Float

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.dictionary.landscape import LandscapeResult, landscape
from neurovariety.errors import InputError, NeurovarietyError
from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.model import Model
from neurovariety.options import shown
from neurovariety.pictures.canvas import Explained, Picture, legend, picture_of
from neurovariety.pictures.colours import INK, MAIN, SECOND, THIRD
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.report.turning_picture import Layer, TurningPicture
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.dynamics.dynamics import Objective, objective, trajectories
from neurovariety.training.losses.task_options import TaskOptions
from neurovariety.training.losses.training_task import training_task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STREAM = "report.neuromanifold_picture"
_CURVES, _ALONG, _SURFACE = 90, 73, 2
"""Closed curves of functions, points on each, and the dimension from which on the set is drawn by points instead."""
_POINTS, _SMALLER, _FLOWS = 2500, 700, 8
_FRAME = 1.6
"""Times the farthest of target and critical points: what lies farther out is left out."""
_TIMES = tuple(np.geomspace(1e-3, 1e2, 40))
_HEIGHT = 4.6
_SOLID = 3
"""Dimensions of a picture that turns, and of an array of curves."""

Points = Float[np.ndarray, "_ n"]


class NeuromanifoldPicture(Picture):
    """A matplotlib figure of the functions of a network; `turning` is the same as a page in which they turn."""

    seen: _Seen

    def turning(self) -> TurningPicture:
        """The picture as a page to be turned by hand or by itself. Raises `InputError` for one of two dimensions."""
        if self.seen.target.shape[-1] != _SOLID:
            raise InputError("only a picture of three dimensions can be turned; make it with dimension=3")
        return TurningPicture(self.title, self.caption, tuple(_layers(self.seen)), _half(self.seen))


def picture(source: Source, *, dimension: int = 3, seed: int = DEFAULT_SEED, **options: Unpack[TaskOptions]) -> NeuromanifoldPicture:
    """The set of functions of ``source`` in three dimensions (or two: ``dimension``), with those of smaller networks, the target,
    the critical points of training, and flow lines, as a matplotlib figure with a caption, whose ``turning()`` is a page in which it
    turns.

    The options are those of `landscape`; without any the target is a random polynomial and the distance that of coefficients. Where
    critical points cannot be listed the picture has none, and says so. Raises `InputError` for what is no polynomial network, and
    `ResourceError` where one is too large to write out.

    >>> picture("linear(2,1,2)").title
    'The functions of linear(2,1,2)'
    """
    if dimension not in (2, 3):
        raise InputError(f"a picture has 2 or 3 dimensions, got {shown(dimension)}")
    model = as_model(source)
    if "data" not in options and "metric" not in options and "form" not in options:
        options["metric"] = "frobenius"
    task = training_task(model, seed=seed, **options)
    goal = objective(model, task.loss)
    found: LandscapeResult | None = None
    try:
        found = quietly(landscape, model, **task.options, seed=seed)
    except NeurovarietyError:
        found = None
    seen = _seen(model, goal, found, dimension, seed)
    drawn = NeuromanifoldPicture()
    drawn.seen = seen
    picture_of(lambda axes: _draw(axes, model.name, seen), _HEIGHT, solid=dimension == _SOLID, into=drawn)
    return drawn


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is drawn, projected: ``cloud`` of functions (curves, or points), ``smaller`` by name, ``target``, ``minima``, ``others``,
    ``flows``, the part of the squared distances that the projection keeps, and the numbers of weights and of coordinates."""

    cloud: np.ndarray
    smaller: dict[str, Points]
    target: Points
    minima: Points
    others: Points
    flows: Float[np.ndarray, "_ _ n"]
    kept: float
    coordinates: int
    listed: bool


def _seen(model: Model, goal: Objective, found: LandscapeResult | None, dimension: int, seed: int) -> _Seen:
    rng = generator(seed, _STREAM)
    root = _root(np.asarray(goal.terms.quadric))

    def functions(weights: np.ndarray) -> np.ndarray:
        return np.asarray(goal.coefficients(weights.reshape(-1, model.parameters)) @ root.T).reshape(*weights.shape[:-1], -1)

    target = (np.linalg.pinv(np.asarray(goal.terms.quadric)) @ np.asarray(goal.terms.image) @ root.T)[None]
    points = [p for p in (found.points if found is not None else ()) if p.real and p.weights is not None]
    empty = np.zeros((0, model.parameters))
    minima = functions(np.array([p.weights for p in points if p.kind == "minimum" and not p.stratum]) if points else empty)
    minima = minima.reshape(-1, root.shape[0])
    others = [p.weights for p in points if p.kind != "minimum" or p.stratum]
    rest = functions(np.array(others) if others else empty).reshape(-1, root.shape[0])
    size = _FRAME * max(float(np.linalg.norm(np.vstack([target, minima, rest]), axis=1).max()), 1e-9)
    surface = found is not None and "quadric" in found.evidence and found.evidence["quadric"]["dimension"] <= _SURFACE
    cloud = _cloud(model, functions, size, surface, rng)
    smaller = {name: _inside(functions(drawn), size) for name, drawn in _smaller(model, rng)}
    flows = functions(trajectories(goal, 0.5 * rng.normal(size=(_FLOWS, model.parameters)), _TIMES))
    spread = np.vstack(
        [*(3 * np.vstack([target, minima, rest]),), cloud.reshape(-1, root.shape[0]) / np.sqrt(cloud.size / root.shape[0])]
    )
    spread = spread[np.isfinite(spread).all(axis=1)]
    _, sizes, axes = np.linalg.svd(spread, full_matrices=False)
    turn = np.zeros((root.shape[0], dimension))
    kept = min(dimension, len(axes))
    turn[:, :kept] = axes[:kept].T
    share = float((sizes[:kept] ** 2).sum() / (sizes**2).sum())
    return _Seen(
        cloud @ turn, {n: f @ turn for n, f in smaller.items() if len(f)}, target @ turn, minima @ turn, rest @ turn, flows @ turn,
        share, int(np.linalg.matrix_rank(root)), bool(points),
    )  # fmt: skip


def _root(quadric: np.ndarray) -> np.ndarray:
    """A symmetric square root, in which distances are roots of losses."""
    sizes, axes = np.linalg.eigh((quadric + quadric.T) / 2)
    return np.asarray(axes @ np.diag(np.sqrt(np.maximum(sizes, 0))) @ axes.T)


def _cloud(model: Model, functions: Any, size: float, surface: bool, rng: np.random.Generator) -> np.ndarray:
    """Functions of size up to ``size``: closed curves on a surface, else points; each drawn in a direction of its own and brought to a
    size by growing the weights."""
    if surface:
        ends = rng.normal(size=(2, _CURVES, 1, model.parameters))
        turn = np.linspace(0, 2 * np.pi, _ALONG)[None, :, None]
        weights = np.cos(turn) * ends[0] + np.sin(turn) * ends[1]
    else:
        weights = rng.normal(size=(_POINTS, model.parameters))
    sizes = size * rng.uniform(0.15, 1, size=len(weights)) ** 0.5
    for _ in range(24):  # functions are no linear functions of the weights: approach the size from where they are
        now = np.linalg.norm(functions(weights), axis=-1)
        now = now.max(axis=1) if surface else now
        factor = np.clip(sizes / np.maximum(now, 1e-12), 0.5, 2) ** 0.5
        weights = weights * factor.reshape(-1, *(1,) * (weights.ndim - 1))
    found = functions(weights)
    return np.asarray(found if surface else _inside(found, size))


def _inside(found: Points, size: float) -> Points:
    return np.asarray(found[np.linalg.norm(found, axis=1) <= size])


def _smaller(model: Model, rng: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    """Weights of the largest smaller networks, at several sizes, and of the zero function."""
    strata = [s for s in strata_of(model, False).strata if s.model is not None]
    most = max((s.model.parameters for s in strata if s.model is not None), default=0)
    out = []
    for stratum in [s for s in strata if s.model is not None and s.model.parameters == most][:2]:
        assert stratum.model is not None
        drawn = rng.normal(size=(_SMALLER, stratum.model.parameters)) * rng.uniform(0.2, 2.0, size=(_SMALLER, 1))
        out.append((stratum.name, np.array([stratum.embed(w) for w in drawn], dtype=np.float64)))
    return out


def _draw(axes: Axes, name: str, seen: _Seen) -> Explained:
    def put(points: np.ndarray, *style: str, **more: Any) -> None:
        if len(points):
            axes.plot(*points.T, *style, **more)

    def dots(points: np.ndarray, colour: str, label: str) -> None:
        put(points, "o", color=colour, markersize=1.7, markeredgewidth=0, alpha=0.6)
        axes.plot(*np.zeros((points.shape[-1], 0)), "o", color=colour, markersize=4, label=label)

    if seen.cloud.ndim == 3:
        for curve in seen.cloud:
            put(curve, "-", color=THIRD, linewidth=0.5, alpha=0.55)
        axes.plot(*np.zeros((seen.cloud.shape[-1], 0)), "-", color=THIRD, label="functions of the network")
    else:
        dots(seen.cloud, THIRD, "functions of the network")
    for k, (smaller, points) in enumerate(seen.smaller.items()):
        dots(points, SECOND if k == 0 else INK, f"of {smaller}")
    for k, path in enumerate(seen.flows):
        path = path[np.isfinite(path).all(axis=1)]
        put(path, "-", color=INK, linewidth=1.1, label="gradient flow" if k == 0 else None)
        put(path[-1:], ".", color=INK, markersize=5)
    put(seen.target, "*", color="#ffffff", markeredgecolor=INK, markersize=13, label="target")
    put(seen.others, "s", color=SECOND, markeredgecolor=INK, markersize=6, label="critical point")
    put(seen.minima, "o", color=MAIN, markeredgecolor=INK, markersize=7, label="minimum")
    _frame(axes, seen)
    legend(axes)
    left = "" if seen.kept > 0.9995 else f" They keep {100 * seen.kept:.0f} % of the squared distances drawn."
    no = "" if seen.listed else " Critical points are not listed."
    return Explained(
        f"The functions of {name}",
        f"Functions as points, where distance is the root of the loss: {seen.coordinates} coordinates, projected to "
        f"{len(seen.target[0])}.{left} Lines with a dot at their end: gradient flow from random weights.{no} What is drawn of "
        "the set are samples.",
    )


def _half(seen: _Seen) -> float:
    """Half the side of the cube around 0 in which all lies but flow lines."""
    everything = np.vstack([seen.cloud.reshape(-1, seen.cloud.shape[-1]), seen.target, seen.minima, seen.others])
    return float(np.abs(everything).max()) or 1.0


def _layers(seen: _Seen) -> Iterator[Layer]:
    """What a page draws, from the back to the front."""
    if seen.cloud.ndim == _SOLID:
        yield Layer("functions of the network", "line", "third", tuple(seen.cloud), thin=True)
    else:
        yield Layer("functions of the network", "dots", "third", seen.cloud)
    for k, (smaller, points) in enumerate(seen.smaller.items()):
        yield Layer(f"of {smaller}", "dots", "second" if k == 0 else "ink", points)
    yield Layer("gradient flow", "line", "ink", tuple(path[np.isfinite(path).all(axis=1)] for path in seen.flows))
    yield Layer("critical point", "square", "second", seen.others)
    yield Layer("minimum", "circle", "main", seen.minima)
    yield Layer("target", "star", "ink", seen.target)


def _frame(axes: Axes, seen: _Seen) -> None:
    """The same scale on all axes, around what is drawn."""
    half = _half(seen)
    words = ("first direction", "second direction", "third direction")
    for place, letter in enumerate("xyz"[: seen.cloud.shape[-1]]):
        getattr(axes, f"set_{letter}lim")(-half, half)
        getattr(axes, f"set_{letter}label")(words[place])
        getattr(axes, f"{letter}axis").set_tick_params(labelsize=7, colors=INK)
    axes.set_box_aspect((1, 1, 1) if seen.cloud.shape[-1] == 3 else 1)  # type: ignore[arg-type]
