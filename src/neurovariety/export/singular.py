"""Scripts for Singular."""

from __future__ import annotations

from neurovariety.export.question import COUNTED, PRIME, Question


def write(asked: Question) -> str:
    """The script; its last line prints ``question = answer``."""
    body = {"dimension": _dimension, "equations": _equations, "degree": _degree, "ed-degree": _ed_degree}[asked.question]
    return "\n".join([*asked.heading("//", COUNTED), "", *body(asked), "quit;", ""])


def _names(asked: Question) -> list[str]:
    return [name.flat for name in asked.parametrization.names]


def _ideal(name: str, entries: list[str]) -> list[str]:
    return [f"ideal {name} =", *(f"  {e}{',' if j + 1 < len(entries) else ';'}" for j, e in enumerate(entries))]


def _matrix(name: str, rows: list[list[int]]) -> str:
    return f"matrix {name}[{len(rows)}][{len(rows[0])}] = {', '.join(str(v) for row in rows for v in row)};"


def _dimension(asked: Question) -> list[str]:
    names = _names(asked)
    return [
        f"ring weightRing = {PRIME}, ({', '.join(names)}), dp;",
        *_ideal("phi", asked.parametrization.written(names)),
        "// The rank of the Jacobian at a random point is the dimension, unless the point is special.",
        "matrix jacobianOfPhi = jacob(phi);",
        f"map atPoint = weightRing, {', '.join(map(str, asked.point))};",
        "module columnsAtPoint = module(matrix(atPoint(jacobianOfPhi)));",
        'print("dimension = " + string(size(std(columnsAtPoint))));',
    ]


def _equations(asked: Question) -> list[str]:
    names, p = _names(asked), asked.parametrization
    coordinates = [f"c_{j}" for j in range(p.count)]
    graph = [f"c_{j} - ({text})" for j, text in enumerate(p.written(names))]
    lines = [
        f"ring bothRings = 0, ({', '.join([*names, *coordinates])}), dp;",
        *_ideal("graphIdeal", graph),
        "// Every polynomial in the coordinates that vanishes identically in the weights.",
        f"ideal equationIdeal = eliminate(graphIdeal, {'*'.join(names)});",
        f"ring coordinateRing = 0, ({', '.join(coordinates)}), dp;",
        "ideal equationIdeal = imap(bothRings, equationIdeal);",
        "// Minimal generators, if the ideal is homogeneous; else a Groebner basis stays as it is.",
        "if (homog(equationIdeal)) { equationIdeal = minbase(equationIdeal); }",
    ]
    top = str(asked.at_most) if asked.at_most else "0"
    largest = "for (k = 1; k <= size(equationIdeal); k++) { if (deg(equationIdeal[k]) > top) { top = deg(equationIdeal[k]); } }"
    return [
        *lines,
        "equationIdeal;",
        f"string degreeTable; int d, k, count; int top = {top};",
        *([] if asked.at_most else [largest]),
        "for (d = 1; d <= top; d++) {",
        "  count = 0;",
        "  for (k = 1; k <= size(equationIdeal); k++) { if (deg(equationIdeal[k]) == d) { count++; } }",
        '  if (count > 0) { degreeTable = degreeTable + " " + string(d) + ":" + string(count); }',
        "}",
        'print("equations =" + degreeTable);',
    ]


def _chart(asked: Question) -> list[str]:
    names = _names(asked)
    free = [names[i] for i in asked.chart.free]
    return [
        'LIB "matrix.lib";',
        "// The last variable is the inverse of a minor of the Jacobian, which must not vanish.",
        f"ring weightRing = {PRIME}, ({', '.join([*free, 'inverseOfMinor'])}), dp;",
        *_ideal("phi", asked.restricted(names)),
    ]


def _fiber(asked: Question) -> list[str]:
    r, n = asked.dimension, asked.parametrization.count
    at = ", ".join(map(str, [*asked.chart.point, 0]))
    rows = ", ".join(str(j + 1) for j in asked.chart.rows)
    return [
        "// Weights over one general function of the chart, where the Jacobian does not drop rank.",
        f"matrix jacobianOfPhi = submat(jacob(phi), 1..{n}, 1..{r});",
        f"intvec chosenRows = {rows};",
        f"poly bigMinor = det(submat(jacobianOfPhi, chosenRows, 1..{r}));",
        f"map atPoint = weightRing, {at};",
        "ideal valuesAtPoint = atPoint(phi);",
        "ideal fiberIdeal = inverseOfMinor * bigMinor - 1;",
        f"int k; for (k = 1; k <= {n}; k++) {{ fiberIdeal = fiberIdeal, phi[k] - valuesAtPoint[k]; }}",
        "int fiberCount = vdim(std(fiberIdeal));",
    ]


def _quotient(question: str, count: str) -> list[str]:
    return [
        f'if ({count} % fiberCount == 0) {{ print("{question} = " + string({count} div fiberCount)); }}',
        f'else {{ print("{question} = undecided: the numbers were special, export with another seed"); }}',
    ]


def _degree(asked: Question) -> list[str]:
    n = asked.parametrization.count
    return [
        *_chart(asked),
        *_fiber(asked),
        "// Weights whose function lies on a general affine space of complementary dimension.",
        _matrix("slices", asked.slices),
        _matrix("levels", [[b] for b in asked.levels]),
        f"matrix values[{n}][1] = phi;",
        "ideal sliceIdeal = ideal(slices * values - levels), inverseOfMinor * bigMinor - 1;",
        "int sliceCount = vdim(std(sliceIdeal));",
        *_quotient("degree", "sliceCount"),
    ]


def _ed_degree(asked: Question) -> list[str]:
    n = asked.parametrization.count
    return [
        *_chart(asked),
        *_fiber(asked),
        "// Critical weights of Q(phi - u) on the chart, where the Jacobian does not drop rank.",
        _matrix("quadric", asked.quadric),
        _matrix("dataPoint", [[v] for v in asked.target]),
        f"matrix values[{n}][1] = phi;",
        "ideal criticalIdeal = ideal(transpose(jacobianOfPhi) * quadric * (values - dataPoint)), inverseOfMinor * bigMinor - 1;",
        "int criticalCount = vdim(std(criticalIdeal));",
        *_quotient("ed-degree", "criticalCount"),
    ]
