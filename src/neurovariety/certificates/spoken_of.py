"""What certificates speak of beside a model: the target, the weights, the linear maps, the polynomials that stand in them.

A result names these as well, in its evidence, and no claim is made there. So what a recheck says of them is read off the certificates
alone, and what the result names can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from neurovariety.certificates.classification_fans import CountedCones, DimensionOfActivation, PartitionsOfPoints
from neurovariety.certificates.completeness import Continued, Distinct, Looped
from neurovariety.certificates.compose import Because
from neurovariety.certificates.critical_points_within import CriticalPointsWithin
from neurovariety.certificates.equivariant_bounds import PairOfMaps
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_approximation import Near, NetworkWithin
from neurovariety.certificates.real_points import PositivePoints
from neurovariety.certificates.smooth_critical_points import OneCriticalPoint
from neurovariety.certificates.subnetwork_posets import KnownStrataListed
from neurovariety.certificates.tropical_forms import TropicalPart

TARGET, WEIGHTS, MAPS, POLYNOMIALS, POINTS = "target", "weights", "maps", "polynomials", "critical points"
INPUTS, COUNTS, LISTED, QUADRICS = "inputs", "counts", "strata listed", "quadrics"
FANS, FORMS, LISTS = "classification fan", "tropical form", "critical points listed"
_FIELDS = {"target": TARGET, "at": WEIGHTS, "weights": WEIGHTS, "maps": MAPS, "inputs": INPUTS}


def spoken_of(verdicts: Sequence[Verdict]) -> dict[str, tuple[Any, ...]]:
    """The different targets, (output, exponents) -> coefficient, weights, and pairs of maps in the certificates of verdicts and of
    their premises, the polynomials near activations, those of a network together, critical points of networks and lists of them,
    inputs, the counts of likelihoods, quadrics of nearest points, lists of known strata, and parts of fans and of tropical forms.
    Weights that make a target, or were drawn, are not what is asked about."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in _inside(verdicts):
        found.setdefault(name, {})[repr(value)] = value
    near = dict.fromkeys(polynomials for v in verdicts if (polynomials := _near(v.certificate)))
    return {name: tuple(values.values()) for name, values in found.items()} | ({POLYNOMIALS: tuple(near)} if near else {})


def _near(certificate: Any) -> tuple[Near, ...]:
    """The polynomials near the activations of each layer, or near one activation, of which an error is said."""
    if isinstance(certificate, NetworkWithin) and certificate.key == "error":
        return tuple(p for v in certificate.layers if isinstance(p := v.certificate, Near))
    return (certificate,) if isinstance(certificate, Near) and certificate.key == "error" else ()


def _inside(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Any]]:
    waiting: list[Any] = [v.certificate for v in verdicts]
    met: set[int] = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += [v for v in part if isinstance(v, tuple | Verdict) or is_dataclass(v)]
        elif isinstance(part, Verdict):
            waiting.append(part.certificate)
        elif is_dataclass(part) and id(part) not in met:
            met.add(id(part))
            if isinstance(part, OneCriticalPoint):
                yield POINTS, part
            if isinstance(part, CriticalPointsWithin):
                yield LISTS, part
                continue  # those of the list are not the one that is nearest
            if isinstance(part, Because) and part.statement.kind.startswith("ed_degree "):
                yield from ((QUADRICS, found) for p in part.premises if (found := _parameters(p.certificate)))
            if isinstance(part, PartitionsOfPoints | CountedCones | DimensionOfActivation):
                yield FANS, part
            if isinstance(part, TropicalPart):
                yield FORMS, part
            if isinstance(part, KnownStrataListed):
                yield LISTED, part
            if isinstance(part, PositivePoints):
                yield COUNTS, _parameters(part.listed.certificate)
            held = {f.name: getattr(part, f.name) for f in fields(part)}
            for field, value in held.items():
                if field in _FIELDS and _fits(_FIELDS[field], value) and not (_FIELDS[field] == WEIGHTS and "target" in held):
                    yield _FIELDS[field], value
            waiting += [v for v in held.values() if isinstance(v, tuple | Verdict) or is_dataclass(v)]


def _parameters(listed: Any) -> tuple[complex, ...]:
    """The parameters at which a list was taken: the counts of a likelihood, or the image of a target and a quadric."""
    return tuple(listed.points.parameters.tolist()) if isinstance(listed, Continued | Looped | Distinct) else ()


def _fits(name: str, value: Any) -> bool:
    if name == TARGET:
        return isinstance(value, Mapping) and all(isinstance(key, tuple) and len(key) == 2 for key in value)
    if name == WEIGHTS:
        return isinstance(value, tuple) and bool(value) and all(isinstance(v, Fraction) for v in value)
    if name == INPUTS:
        return isinstance(value, tuple) and bool(value) and all(_fits(WEIGHTS, row) for row in value)
    return isinstance(value, PairOfMaps)


def in_words(spoken: Mapping[str, Sequence[Any]]) -> list[str]:
    """A line for each target, weights, maps and polynomials."""
    lines = [f"target {_polynomials(value)}" for value in spoken.get(TARGET, ())]
    lines += [f"weights {', '.join(map(str, value))}" for value in spoken.get(WEIGHTS, ())]
    for maps in spoken.get(MAPS, ()):
        lines.append(f"maps {_rows(maps.inputs)} of the inputs and {_rows(maps.outputs)} of the outputs")
    for part in spoken.get(FANS, ()):
        if isinstance(part, PartitionsOfPoints):
            lines.append(f"points {_rows(part.points)}")
        if isinstance(part, CountedCones) and part.labels:
            lines.append(f"labels, how many negative and positive at each point: {'; '.join(f'{a},{b}' for a, b in part.labels)}")
    for near in spoken.get(POLYNOMIALS, ()):
        for p in near:
            q, (over, under) = p.question, (", ".join(map(str, c)) for c in p.quotient)
            divided = f", divided by that with {under}," if len(p.quotient[1]) > 1 else ""
            lines.append(f"polynomial with the coefficients {over}{divided} for {q.activation} on [{q.low}, {q.high}]")
    return [_cut(line) for line in lines]


def _polynomials(target: Mapping[tuple[int, tuple[int, ...]], Fraction]) -> str:
    outputs: dict[int, list[str]] = {}
    for (output, exponents), c in sorted(target.items(), reverse=True):
        letters = "*".join(f"x{i}^{e}" if e > 1 else f"x{i}" for i, e in enumerate(exponents) if e)
        outputs.setdefault(output, []).append(f"{c}*{letters}" if letters else str(c))
    return "; ".join(f"output {o}: {' + '.join(terms)}" for o, terms in sorted(outputs.items())) or "0"


def _rows(matrix: Sequence[Sequence[Fraction]]) -> str:
    return "; ".join(",".join(map(str, row)) for row in matrix)


_LONGEST = 300


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
