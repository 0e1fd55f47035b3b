"""Input files for Bertini, which solves polynomial systems: slices, critical equations, and the fiber through a point."""

from __future__ import annotations

from neurovariety.errors import InputError
from neurovariety.export.task import Task

_SMALL = 97
"""Numbers of the systems are reduced to this size: Bertini computes with floating-point numbers."""


def write(task: Task) -> str:
    """The input file. Raises `InputError` for equations, which Bertini does not compute."""
    if task.question == "equations":
        raise InputError(
            "Bertini solves polynomial systems and computes no equations of an image; export equations to macaulay2, singular, sage or "
            "julia, or dimension, degree and ed-degree to bertini"
        )
    body = {"dimension": _dimension, "degree": _degree, "ed-degree": _ed_degree}[task.question]
    return "\n".join([*task.heading("%"), "%", *body(task), ""])


def _names(task: Task) -> list[str]:
    return [name.flat for name in task.parametrization.names]


def _file(notes: list[str], track: int, variables: list[str], lines: list[str], functions: int) -> list[str]:
    """An input file: settings, variables, subfunctions and functions f_0, f_1, ... ."""
    declared = ", ".join(f"f_{j}" for j in range(functions))
    head = ["CONFIG", f"  TrackType: {track};", "END;", "INPUT", f"  variable_group {', '.join(variables)};", f"  function {declared};"]
    return [*(f"% {note}" for note in notes), *head, *(f"  {line}" for line in lines), "END;"]


def _small(rows: list[list[int]]) -> list[list[int]]:
    return [[v % (2 * _SMALL + 1) - _SMALL for v in row] for row in rows]


def _sum(coefficients: list[int], terms: list[str]) -> str:
    return " + ".join(f"({c})*{t}" for c, t in zip(coefficients, terms, strict=True))


def _dimension(task: Task) -> list[str]:
    p = task.parametrization
    names = _names(task)
    (point,) = _small([task.point])
    lines = [f"c_{j} = {text};" for j, text in enumerate(p.written(names))]
    lines += [f"f_{j} = c_{j} - ({value});" for j, value in enumerate(p.values(point))]
    notes = [
        f"The fiber through a general point: weights {', '.join(map(str, point))}.",
        f"Bertini decomposes it (TrackType 1). The dimension is {p.parameters} minus that of the component through the point.",
    ]
    return _file(notes, 1, names, lines, p.count)


def _phi(task: Task) -> tuple[list[str], list[str]]:
    names = _names(task)
    return [names[i] for i in task.chart.free], [f"c_{j} = {text};" for j, text in enumerate(task.restricted(names))]


def _degree(task: Task) -> list[str]:
    free, lines = _phi(task)
    coordinates = [f"c_{j}" for j in range(task.parametrization.count)]
    for i, (row, (level,)) in enumerate(zip(_small(task.slices), _small([[b] for b in task.levels]), strict=True)):
        lines.append(f"f_{i} = {_sum(row, coordinates)} - ({level});")
    notes = [
        "Weights whose function lies on a general affine space of complementary dimension.",
        "The degree is the number of different values of (c_0, c_1, ...) at the finite solutions.",
    ]
    return _file(notes, 0, free, lines, task.dimension)


def _ed_degree(task: Task) -> list[str]:
    free, lines = _phi(task)
    n = task.parametrization.count
    (target,) = _small([task.target])
    quadric = _small(task.quadric)
    lines += [f"g_{j} = {_sum(row, [f'(c_{k} - ({target[k]}))' for k in range(n)])};" for j, row in enumerate(quadric)]
    slopes = task.parametrization.derivatives(task.chart.free, task.chart.fixed, _names(task))
    lines += [f"f_{i} = {' + '.join(f'({slope})*g_{j}' for j, slope in enumerate(row))};" for i, row in enumerate(slopes)]
    notes = [
        "Critical weights of Q(c - u): the derivatives of Q(c - u) by the free weights.",
        "The ED degree is the number of different values of (c_0, c_1, ...) at the finite solutions at which the Jacobian of the",
        f"coordinates has rank {task.dimension}.",
    ]
    return _file(notes, 0, free, lines, task.dimension)
