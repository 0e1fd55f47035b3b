"""Input files for Bertini, which solves polynomial systems: slices, critical equations, and the fiber through a point.

Numbers in names are padded with zeros: some of Bertini's parsers stumble where one name begins with another.
"""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.errors import InputError
from neurovariety.export.question import Question
from neurovariety.export.written_parametrization import derivative, written

_SMALL = 97
"""Random numbers of the systems are reduced to this size: Bertini computes with floating-point numbers."""

_COUNTED = ("Bertini finds the choices of weights by path tracking in floating-point numbers, which can lose one.",)


def write(asked: Question) -> str:
    """The input file. Raises `InputError` for equations, which Bertini does not compute."""
    if asked.question == "equations":
        raise InputError(
            "Bertini solves polynomial systems and computes no equations of an image; export equations to macaulay2, singular, sage or "
            "julia, or dimension, degree and ed-degree to bertini"
        )
    body = {"dimension": _dimension, "degree": _degree, "ed-degree": _ed_degree}[asked.question]
    return "\n".join([*asked.heading("%", _COUNTED, _numbered("c", asked.parametrization.count)), "%", *body(asked), ""])


def _names(asked: Question) -> list[str]:
    return [name.flat for name in asked.parametrization.names]


def _numbered(letter: str, count: int) -> list[str]:
    width = len(str(count - 1))
    return [f"{letter}_{j:0{width}d}" for j in range(count)]


def _file(
    notes: Sequence[str], track: int, variables: Sequence[str], definitions: Sequence[str], functions: Sequence[str]
) -> list[str]:
    """An input file: settings, variables, subfunctions by their definitions, and the functions f_0, f_1, ... ."""
    names = _numbered("f", len(functions))
    return [
        *(f"% {note}" for note in notes),
        "CONFIG",
        f"  TrackType: {track};",
        "END;",
        "INPUT",
        f"  variable_group {', '.join(variables)};",
        f"  function {', '.join(names)};",
        *(f"  {line}" for line in definitions),
        *(f"  {name} = {text};" for name, text in zip(names, functions, strict=True)),
        "END;",
    ]


def _small(rows: list[list[int]]) -> list[list[int]]:
    return [[v % (2 * _SMALL + 1) - _SMALL for v in row] for row in rows]


def _sum(coefficients: Sequence[int], terms: Sequence[str]) -> str:
    return " + ".join(f"({c})*{t}" for c, t in zip(coefficients, terms, strict=True))


def _dimension(asked: Question) -> list[str]:
    p, point = asked.parametrization, asked.small_point
    names, c = _names(asked), _numbered("c", p.count)
    values = p.values(point)
    varies = [any(any(e) for e, _ in terms) for terms in p.coordinates]
    notes = [
        f"The fiber through the point with weights {', '.join(map(str, point))}, where the Jacobian has its generic rank.",
        f"Bertini decomposes it (TrackType 1). The dimension is {p.parameters} minus that of the component through this point.",
    ]
    definitions = [f"{a} = {text};" for a, text, used in zip(c, p.written(names), varies, strict=True) if used]
    functions = [f"{a} - ({value})" for a, value, used in zip(c, values, varies, strict=True) if used]
    return _file(notes, 1, names, definitions, functions)


def _chart(asked: Question) -> tuple[list[str], list[str], list[str]]:
    """The free weights, the names of the coordinates, and their definitions on the chart."""
    names, c = _names(asked), _numbered("c", asked.parametrization.count)
    return [names[i] for i in asked.chart.free], c, [f"{a} = {text};" for a, text in zip(c, asked.restricted(names), strict=True)]


def _degree(asked: Question) -> list[str]:
    free, c, definitions = _chart(asked)
    (levels,) = _small([asked.levels])
    functions = [f"{_sum(row, c)} - ({level})" for row, level in zip(_small(asked.slices), levels, strict=True)]
    notes = [
        "Weights whose function lies on a general affine space of complementary dimension.",
        f"The degree is the number of different values of ({c[0]}, ..., {c[-1]}) at the finite solutions.",
    ]
    return _file(notes, 0, free, definitions, functions)


def _ed_degree(asked: Question) -> list[str]:
    free, c, definitions = _chart(asked)
    names = _names(asked)
    (target,) = _small([asked.target])
    slopes = _numbered("g", len(c))
    differences = [f"({a} - ({u}))" for a, u in zip(c, target, strict=True)]
    definitions += [f"{g} = {_sum(row, differences)};" for g, row in zip(slopes, _small(asked.quadric), strict=True)]
    functions = []
    for i in asked.chart.free:
        rates = [(derivative(terms, i), g) for terms, g in zip(asked.on_chart, slopes, strict=True)]
        functions.append(" + ".join(f"({written(rate, names)})*{g}" for rate, g in rates if rate))
    notes = [
        "Critical weights of Q(c - u): half the derivatives of Q(c - u) by the free weights; g is the vector Q (c - u).",
        f"The ED degree is the number of different values of ({c[0]}, ..., {c[-1]}) at the finite solutions at which the",
        f"Jacobian of the coordinates by the free weights has rank {asked.dimension}.",
    ]
    return _file(notes, 0, free, definitions, functions)
