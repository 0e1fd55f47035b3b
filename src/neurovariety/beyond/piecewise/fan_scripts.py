"""Newton polytopes and normal fans of tropical forms as text that polymake and OSCAR read.

polymake takes points with a first coordinate by which the others are divided, and rays counted from 0; OSCAR rational points, and rays
counted from 1. Rays are outer normals, as for maxima they are. The fan of a point has no rays, and is left out: it is everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from neurovariety.errors import InputError

Point = Sequence[Fraction]
_LARGEST = 2**62
"""Whole numbers that Perl and Julia take as they are."""
LETTERS = {"numerator": "g", "denominator": "h", "common": "gh"}


def fans_script(value: Mapping[str, Any], name: str, system: str) -> str:
    """The polytopes and fans of the value of a `TropicalResult`. Raises `InputError` where it has none, and for other systems."""
    if value["fans"] is None:
        raise InputError("this form has no normal fans; ask for tropical without a box, and of fewer regions")
    return "\n".join([f"# {' '.join(name.split())}: {_WHAT}", *first_lines(system), *_lines(value, system), ""])


_WHAT = "for output k the Newton polytopes of g_k and h_k and their sum, and the normal fans, with outer normals as rays."


def first_lines(system: str) -> list[str]:
    """What such a script begins with. Raises `InputError` for a system that has no polytopes."""
    if system not in ("polymake", "oscar"):
        raise InputError(f"polytopes and fans are written for polymake and oscar, not for {system}")
    return ['application "fan";'] if system == "polymake" else ["using Oscar"]


def _lines(value: Mapping[str, Any], system: str) -> Iterator[str]:
    for k in range(len(value["numerator"])):
        parts = [[[Fraction(v) for v in m[1:]] for m in value[part][k]] for part in ("numerator", "denominator")]
        for part, letter in LETTERS.items():
            fan = value["fans"][part][k]
            own = parts[:1] if part == "numerator" else parts[1:] if part == "denominator" else parts
            points = [[sum(vs) for vs in zip(*(p[i] for p, i in zip(own, v, strict=True)), strict=True)] for v in fan["vertices"]]
            yield polytope_line(f"newton_{letter}_{k}", [[Fraction(v) for v in p] for p in points], system)
            if not fan["rays"]:
                yield f"# newton_{letter}_{k} is a point, and its fan everything"
                continue
            yield _fan_line(f"fan_{letter}_{k}", fan, system)


def polytope_line(name: str, points: Sequence[Point], system: str) -> str:
    """The hull of points."""
    if system == "oscar":
        return f"{name} = convex_hull({_matrix(points)})"
    rows = []
    for p in points:
        over = lcm(*(v.denominator for v in p))
        rows.append([over, *(int(v * over) for v in p)])
    return f"${name} = new polytope::Polytope(POINTS=>{_table(rows)});"


def _fan_line(name: str, fan: Mapping[str, Any], system: str) -> str:
    if system == "oscar":
        cones = ", ".join(str([r + 1 for r in cone]) for cone in fan["cones"])
        given = [f"incidence_matrix([{cones}])", _matrix(fan["rays"]), *([_matrix(fan["lineality"])] if fan["lineality"] else [])]
        return f"{name} = polyhedral_fan({', '.join(given)})"
    said = {"INPUT_RAYS": fan["rays"], "INPUT_CONES": fan["cones"], "INPUT_LINEALITY": fan["lineality"]}
    return f"${name} = new PolyhedralFan({', '.join(f'{key}=>{_table(rows)}' for key, rows in said.items() if rows)});"


def _table(rows: Sequence[Sequence[int]]) -> str:
    return "[" + ",".join("[" + ",".join(map(_perl, row)) + "]" for row in rows) + "]"


def _perl(value: int) -> str:
    return str(value) if abs(value) < _LARGEST else f'new Integer("{value}")'


def _matrix(rows: Sequence[Sequence[Fraction | int]]) -> str:
    entries = ", ".join(_julia(Fraction(v)) for row in rows for v in row)
    return f"matrix(QQ, {len(rows)}, {len(rows[0])}, [{entries}])"


def _julia(value: Fraction) -> str:
    parts = [str(v) if abs(v) < _LARGEST else f'big"{v}"' for v in (value.numerator, value.denominator)]
    return parts[0] if value.denominator == 1 else "//".join(parts)
