"""Scripts for Macaulay2."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.export.question import COUNTED, PRIME, Question


def write(asked: Question) -> str:
    """The script; its last line prints ``question = answer``."""
    body = {"dimension": _dimension, "equations": _equations, "degree": _degree, "ed-degree": _ed_degree}[asked.question]
    return "\n".join([*asked.heading("--", COUNTED), "", *body(asked), ""])


def _names(asked: Question) -> list[str]:
    return [name.indexed for name in asked.parametrization.names]


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


def _dimension(asked: Question) -> list[str]:
    names = _names(asked)
    return [
        _ring("weightRing", f"ZZ/{PRIME}", names),
        *_row("phi", asked.parametrization.written(names)),
        "-- The rank of the Jacobian at a random point is the dimension, unless the point is special.",
        "jacobianOfPhi = jacobian phi;",
        f"point = matrix {_numbers([asked.point])};",
        f'print("dimension = " | toString rank sub(jacobianOfPhi, sub(point, ZZ/{PRIME})));',
    ]


def _equations(asked: Question) -> list[str]:
    names, p = _names(asked), asked.parametrization
    coordinates = [f"c_{j}" for j in range(p.count)]
    lines = [
        _ring("weightRing", "QQ", names),
        *_row("phi", p.written(names)),
        _ring("coordinateRing", "QQ", coordinates),
        "-- Every polynomial in the coordinates that vanishes identically in the weights.",
        "equationIdeal = kernel map(weightRing, coordinateRing, flatten entries phi);",
        "generatorList = flatten entries mingens equationIdeal;",
    ]
    if asked.at_most:
        lines += [
            f"-- Those of degree at most {asked.at_most}.",
            f"generatorList = select(generatorList, g -> first degree g <= {asked.at_most});",
        ]
    return [
        *lines,
        "scan(generatorList, print);",
        "degreeTable = sort pairs tally apply(generatorList, g -> first degree g);",
        'print("equations = " | concatenate between(" ", apply(degreeTable, d -> toString d#0 | ":" | toString d#1)));',
    ]


def _chart(asked: Question) -> list[str]:
    names = _names(asked)
    free = [names[i] for i in asked.chart.free]
    return [_ring("weightRing", f"ZZ/{PRIME}", free), *_row("phi", asked.restricted(names))]


def _fiber(asked: Question) -> list[str]:
    return [
        "-- Weights over one general function of the chart, where the Jacobian does not drop rank.",
        "jacobianOfPhi = jacobian phi;",
        f"bigMinor = det submatrix(jacobianOfPhi, , {{{', '.join(map(str, asked.chart.rows))}}});",
        f"atPoint = sub(phi, matrix {_numbers([asked.chart.point])});",
        "fiberCount = degree saturate(ideal(phi - sub(atPoint, weightRing)), bigMinor);",
    ]


def _degree(asked: Question) -> list[str]:
    levels = _numbers([[b] for b in asked.levels])
    return [
        *_chart(asked),
        "-- Weights whose function lies on a general affine space of complementary dimension.",
        f"slices = matrix(weightRing, {_numbers(asked.slices)});",
        f"sliceCount = degree ideal(slices * transpose phi - matrix(weightRing, {levels}));",
        *_fiber(asked),
        'print("degree = " | toString(sliceCount / fiberCount));',
    ]


def _ed_degree(asked: Question) -> list[str]:
    return [
        *_chart(asked),
        *_fiber(asked),
        "-- Critical weights of Q(phi - u) on the chart, where the Jacobian does not drop rank.",
        f"quadric = matrix(weightRing, {_numbers(asked.quadric)});",
        f"dataPoint = matrix(weightRing, {_numbers([asked.target])});",
        "critical = ideal(jacobianOfPhi * quadric * transpose(phi - dataPoint));",
        "criticalCount = degree saturate(critical, bigMinor);",
        'print("ed-degree = " | toString(criticalCount / fiberCount));',
    ]
