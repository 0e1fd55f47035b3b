"""The classification fan of data: which labels the sign of a difference of two maxima of affine functions can give them, and how.

Definition: let f = max(a_1, ..., a_n) - max(b_1, ..., b_m) with affine functions, its terms. The classification fan of some points
lives in the space of their coefficients: in a maximal cone one term is larger than all others at each point, always the same. It is
the normal fan of the activation polytope, the sum over the points p of the simplices with a vertex (1, p) in the place of each term.
The sign of f at a point is that of the side whose term is the largest, so a labelling, and its number of mistakes, belongs to a cone;
the parameters with at most so many mistakes are a union of cones.

What is proved: the number of maximal cones, the dimension of the polytope, how many ways there are to divide the points by the sign
of f, and of given labels how many cones make how many mistakes. ReLU networks are among these functions (`tropical` writes one so),
so what no f can do no network of so many terms can.
Meaning for learning: whether labels can be learned without mistakes by so many pieces, and how much of the space of parameters,
counted in cones, does so. With one term each it is the perceptron, and the number of divisions that of Cover.

Sources: Brandenburg, Loho, Montufar 2024; Cover 1965.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set, Sized
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any, ClassVar

from neurovariety.beyond.piecewise.largest_terms import partitions_by_terms
from neurovariety.certificates.classification_fans import (
    CountedCones,
    DimensionOfActivation,
    PartitionsOfPoints,
    of_terms,
    sides_of,
)
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.errors import DataError, InputError, ResourceError
from neurovariety.exact_numbers import exact_number, exact_table
from neurovariety.options import Whole, shown
from neurovariety.result import Provenance, Result, counted

_TERM = Whole("terms= is a pair of whole numbers of at least {least}, such as 2,1, the terms of numerator and denominator", 1)
_MOST_POINTS = 2000
_MOST_WAYS = 2 * 10**6
"""Ways to give the sets of all partitions to numerator or denominator: some seconds."""
_NATURAL = ({0, 1}, {-1, 1})
"""Labels of which a single one has a meaning."""


@dataclass(frozen=True, repr=False)
class ClassificationFanResult(Result):
    """The maximal cones of the fan, counted.

    ``value``: ``cones``, the number of maximal cones, which is that of the vertices of the activation polytope; ``dimension`` of the
    polytope; ``partitions``, by number of sets how many ways there are to divide the points by which term is the largest, whatever it
    is called; ``dichotomies``, how many to divide them by the sign of f; and with labels ``mistakes``: by number of mistakes how many
    cones make so many, where samples at one point count each. ``evidence``: how many points are different, the two classes, and, with
    labels, ``best``: the coefficients, constants first, of the terms of one f with the fewest mistakes; terms that are missing can be
    any that are far below, and a side without any is one constant that is far below. With one term each ``general_position`` is
    Cover's number, the dichotomies of as many points in general position.
    """

    entry: ClassVar[str] = "classification-fan"
    sources: ClassVar[tuple[str, ...]] = ("brandenburg2024", "cover1965")
    spoken: ClassVar[tuple[str, ...]] = ("cones", "dimension", "dichotomies", "mistakes")

    def shown(self) -> str:
        """How many cones there are, and how many of these make the fewest mistakes."""
        text = f"{self.value['cones']:,} cones, {self.value['dichotomies']:,} dichotomies"
        mistakes = self.value.get("mistakes")
        if not mistakes:
            return text
        fewest, cones = next(iter(mistakes)), next(iter(mistakes.values()))
        least = "no mistake" if fewest == "0" else f"{counted(int(fewest), 'mistake')} at the fewest,"
        return f"{text}, {least} in {cones:,} {'cone' if cones == 1 else 'cones'}"


def classification_fan(data: object, labels: object = None, *, terms: object = (1, 1)) -> ClassificationFanResult:
    """Count the maximal cones of the classification fan of inputs, and of labels those without a mistake.

    ``data`` (samples, inputs) are exact as they are given; ``labels``, one a sample, are 0 and 1, -1 and 1, or any two numbers or
    words, the larger one where f is positive (texts that are numbers are numbers). ``terms``: how many affine functions numerator and
    denominator are the maximum of. Equal inputs are one point. Raises `DataError` for what is no table of numbers, `InputError` for
    labels of more than two classes, and `ResourceError` where there are too many cones.

    >>> xor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> classification_fan(xor, [0, 1, 1, 0], terms=(1, 1)).value["mistakes"]
    {'1': 4, '2': 6, '3': 4}
    >>> classification_fan(xor, [0, 1, 1, 0], terms=(2, 1)).value["mistakes"]["0"]
    2
    """
    start = time.perf_counter()
    given = _terms(terms)
    samples = _samples(data)
    classes, positive = (None, ()) if labels is None else _classes(labels, len(samples))
    points = tuple(dict.fromkeys(samples))
    if len(points) > _MOST_POINTS:
        raise ResourceError(
            f"{len(points):,} different inputs have too many partitions; give fewer, as far as a thousand for one input"
        )
    known = partitions_by_terms(points, sum(given))
    if sum(2 ** (max(sets) + 1) for sets in known.sets) > _MOST_WAYS:
        raise ResourceError(f"{counted(len(known.sets), 'partition')} have too many signs; give fewer inputs or terms")
    partitions = issue(known, None)
    claims = {
        "cones": issue(CountedCones("cones", given, (), partitions), None),
        "dimension": issue(DimensionOfActivation(points, given), None),
        "partitions": partitions,
        "dichotomies": issue(CountedCones("dichotomies", given, (), partitions), None),
    }
    counts = None if classes is None else _labels_at(points, samples, positive)
    if counts is not None:
        claims["mistakes"] = issue(CountedCones("mistakes", given, counts, partitions), None)
    evidence = evidence_of(known, given, len(samples), counts) | ({} if classes is None else {"classes": classes})
    return ClassificationFanResult(
        value={key: _plain(verdict) for key, verdict in claims.items()},
        claims=claims,
        subject=heading(len(samples), given),
        evidence={**evidence, "theorems": []},
        provenance=Provenance.since(start, 0),
    )


def heading(samples: int, terms: tuple[int, int]) -> str:
    """What a result calls the question."""
    return f"{counted(samples, 'sample')}, {of_terms(terms).removeprefix('for ')}"


def evidence_of(
    known: PartitionsOfPoints, terms: tuple[int, int], samples: int, labels: Sequence[tuple[int, int]] | None
) -> dict[str, Any]:
    """What a result gives beside its claims, but for the names of the classes."""
    points = known.points
    evidence: dict[str, Any] = {"terms": list(terms), "samples": samples, "points": len(points)}
    if terms == (1, 1):
        evidence["general_position"] = 2 * sum(comb(len(points) - 1, k) for k in range(len(points[0]) + 1))
    return evidence | ({} if labels is None else {"best": _best(known, terms, labels)})


def _plain(verdict: Verdict) -> Any:
    value = verdict.statement.value
    return value if isinstance(value, int) else dict(value)


def _terms(terms: object) -> tuple[int, int]:
    """Two whole numbers, of a pair or a text."""
    parts: object = None if isinstance(terms, bytes) else terms
    if isinstance(terms, str):
        parts = [int(v) if v.strip().isdecimal() else v for v in terms.split(",")]
    if not isinstance(parts, Sequence) or len(parts) != 2 or any(_TERM.refusal(v) for v in parts):
        raise InputError(f"{_TERM.says.format(least=_TERM.least)}, got {shown(terms)}")
    above, below = (int(v) for v in parts)
    return above, below


def _samples(data: object) -> tuple[tuple[Fraction, ...], ...]:
    """The rows of a table, exactly."""
    if isinstance(data, Sized) and len(data) > 10 * _MOST_POINTS:
        raise ResourceError(f"{len(data):,} samples are more than can be partitioned here; give fewer")
    table = exact_table(data, "inputs")
    if table.ndim == 1 and len(table):
        table = table.reshape(-1, 1)
    if table.ndim != 2 or not table.size:
        raise DataError(f"inputs are a table with a sample a row, got one of shape {table.shape}")
    return tuple(tuple(Fraction(v) for v in row) for row in table.tolist())


def _classes(labels: object, samples: int) -> tuple[dict[str, str], tuple[bool, ...]]:
    """The names of both classes, and whether each sample is in the positive one."""
    given: list[Any] = [v.item() if hasattr(v, "item") else v for v in _listed(labels)]
    words = all(isinstance(v, str) for v in given) and not all(map(_is_number, given))
    values: list[Any] = given if words else _numbers(given)
    if len(values) != samples:
        raise InputError(f"there are {counted(samples, 'sample')}, and {counted(len(values), 'label')}; give one label a sample")
    found = sorted(set(values))
    if len(found) == 1 and not words:
        found = next((sorted(pair) for pair in _NATURAL if found[0] in pair), found)
    if len(found) != 2:
        some = ", ".join(map(str, found[:4])) + (", ..." if len(found) > 4 else "")
        asked = "leave out, or join, the others" if len(found) > 2 else "of a single class only 0, 1 and -1 say which"
        raise InputError(f"labels are of two classes, and these are {some}; {asked}")
    return {"negative": str(found[0]), "positive": str(found[1])}, tuple(v == found[1] for v in values)


def _is_number(text: str) -> bool:
    try:
        exact_number(text)
    except (TypeError, ValueError):
        return False
    return True


def _numbers(given: list[Any]) -> list[Any]:
    table = exact_table(given, "labels")
    if table.ndim != 1:
        raise DataError(f"labels are one a sample, got a table of shape {table.shape}")
    return list(table)


def _listed(labels: object) -> list[Any]:
    """One label a sample; a table with one column is a list."""
    if isinstance(labels, str | bytes | Mapping | Set) or not hasattr(labels, "__iter__"):
        raise InputError(f"labels are a list with one a sample, got {shown(labels)}")
    found = [v[0] if isinstance(v, Sized) and not isinstance(v, str | bytes) and len(v) == 1 else v for v in labels]  # type: ignore[index]
    if any(isinstance(v, bytes) for v in found):
        raise InputError("labels are numbers or texts, got bytes; decode them first")
    return found


def _labels_at(
    points: Sequence[tuple[Fraction, ...]], samples: Sequence[tuple[Fraction, ...]], positive: Sequence[bool]
) -> tuple[tuple[int, int], ...]:
    """How many samples at each point are negative, and positive."""
    counts = {p: [0, 0] for p in points}
    for point, above in zip(samples, positive, strict=True):
        counts[point][above] += 1
    return tuple((one, two) for one, two in counts.values())


def _best(known: PartitionsOfPoints, terms: tuple[int, int], labels: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The terms of a function with the fewest mistakes."""
    ways = (
        (sum(row[0] if positive >> i & 1 else row[1] for i, row in enumerate(labels)), number, positive)
        for number, sets in enumerate(known.sets)
        for _, positive in sides_of(sets, terms)
    )
    wrong, number, positive = min(ways)
    forms, sets = known.witnesses[number], known.sets[number]
    sides: dict[bool, list[list[str]]] = {True: [], False: []}
    for k, form in enumerate(forms):
        sides[bool(positive >> sets.index(k) & 1)].append([str(v) for v in form])
    return {"mistakes": wrong, "numerator": sides[True], "denominator": sides[False]}
