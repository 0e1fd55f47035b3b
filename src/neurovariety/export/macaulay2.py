"""Scripts for Macaulay2."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.export.task import COUNTED, PRIME, Task


def write(task: Task) -> str:
    """The script; its last line prints ``question = answer``."""
    body = {"dimension": _dimension, "equations": _equations, "degree": _degree, "ed-degree": _ed_degree}[task.question]
    return "\n".join([*task.heading("--", COUNTED), "", *body(task), ""])


def _names(task: Task) -> list[str]:
    return [name.indexed for name in task.parametrization.names]


def _ring(name: str, field: str, variables: list[str]) -> str:
    return f"{name} = {field}[{', '.join(variables)}];"


def _row(name: str, entries: list[str]) -> list[str]:
    return [
        f"{name} = matrix(weightRing, {{{{",
        *(f"    {e}{',' if j + 1 < len(entries) else ''}" for j, e in enumerate(entries)),
        "    }});",
    ]


def _numbers(rows: Sequence[Sequence[int]]) -> str:
    return "{" + ", ".join("{" + ", ".join(map(str, row)) + "}" for row in rows) + "}"


def _dimension(task: Task) -> list[str]:
    names = _names(task)
    return [
        _ring("weightRing", f"ZZ/{PRIME}", names),
        *_row("phi", task.parametrization.written(names)),
        "-- The rank of the Jacobian at a random point is the dimension, unless the point is special.",
        "jacobianOfPhi = jacobian phi;",
        f"point = matrix {_numbers([task.point])};",
        f'print("dimension = " | toString rank sub(jacobianOfPhi, sub(point, ZZ/{PRIME})));',
    ]


def _equations(task: Task) -> list[str]:
    names, p = _names(task), task.parametrization
    coordinates = [f"c_{j}" for j in range(p.count)]
    lines = [
        _ring("weightRing", "QQ", names),
        *_row("phi", p.written(names)),
        _ring("coordinateRing", "QQ", coordinates),
        "-- Every polynomial in the coordinates that vanishes identically in the weights.",
        "equationIdeal = kernel map(weightRing, coordinateRing, flatten entries phi);",
        "generatorList = flatten entries mingens equationIdeal;",
    ]
    if task.at_most:
        lines += [
            f"-- Those of degree at most {task.at_most}.",
            f"generatorList = select(generatorList, g -> first degree g <= {task.at_most});",
        ]
    return [
        *lines,
        "scan(generatorList, print);",
        "degreeTable = sort pairs tally apply(generatorList, g -> first degree g);",
        'print("equations = " | concatenate between(" ", apply(degreeTable, d -> toString d#0 | ":" | toString d#1)));',
    ]


def _chart(task: Task) -> list[str]:
    names = _names(task)
    free = [names[i] for i in task.chart.free]
    return [_ring("weightRing", f"ZZ/{PRIME}", free), *_row("phi", task.restricted(names))]


def _fiber(task: Task) -> list[str]:
    return [
        "-- Weights over one general function of the chart, where the Jacobian does not drop rank.",
        "jacobianOfPhi = jacobian phi;",
        f"bigMinor = det submatrix(jacobianOfPhi, , {{{', '.join(map(str, task.chart.rows))}}});",
        f"atPoint = sub(phi, matrix {_numbers([task.chart.point])});",
        "fiberCount = degree saturate(ideal(phi - sub(atPoint, weightRing)), bigMinor);",
    ]


def _degree(task: Task) -> list[str]:
    levels = _numbers([[b] for b in task.levels])
    return [
        *_chart(task),
        "-- Weights whose function lies on a general affine space of complementary dimension.",
        f"slices = matrix(weightRing, {_numbers(task.slices)});",
        f"sliceCount = degree ideal(slices * transpose phi - matrix(weightRing, {levels}));",
        *_fiber(task),
        'print("degree = " | toString(sliceCount / fiberCount));',
    ]


def _ed_degree(task: Task) -> list[str]:
    return [
        *_chart(task),
        *_fiber(task),
        "-- Critical weights of Q(phi - u) on the chart, where the Jacobian does not drop rank.",
        f"quadric = matrix(weightRing, {_numbers(task.quadric)});",
        f"dataPoint = matrix(weightRing, {_numbers([task.target])});",
        "critical = ideal(jacobianOfPhi * quadric * transpose(phi - dataPoint));",
        "criticalCount = degree saturate(critical, bigMinor);",
        'print("ed-degree = " | toString(criticalCount / fiberCount));',
    ]
