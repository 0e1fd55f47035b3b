"""The critical point of the squared error next to the weights of a trained network, and that of the network with polynomials.

Definition: the loss is the sum over samples and outputs of (f_w(x) - y)^2; a critical point is a choice of all weights at which its
gradient is 0. Newton's method from the trained weights proposes one, for the network itself and for the one with polynomials in
place of its activations.

What is proved: that there is one (Krawczyk's test in ball arithmetic), how far it is from the trained weights at most, within which
distance of it there is no other, how many eigenvalues of the Hessian are negative there, and the loss; the same of the network with
polynomials, and how far the two points are apart. Where the Hessian is singular, as where symmetries or few samples leave directions
free, nothing is shown.
Meaning for learning: whether training has ended at a critical point, of which kind, and whether what is known of the algebraic network
holds there for the one that was trained.

Sources: Krawczyk 1969; Moore 1966.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf, nextafter
from typing import Any, ClassVar

import flint
import numpy as np

from neurovariety.beyond.approximation.critical_points_near import all_points_within
from neurovariety.beyond.approximation.held_critical_point import held_critical_point, points_near
from neurovariety.beyond.approximation.newton_in_balls import BITS, PLACE, float_above, index_of, is_polynomial, newton, place_of
from neurovariety.beyond.approximation.whole_network import algebraic_network, free_layers, trained_network
from neurovariety.certificates.activation_series import SMOOTH, taylor
from neurovariety.certificates.critical_points_within import CriticalPointsWithin
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.network_approximation import SmoothLayers
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.smooth_critical_points import (
    KEYS,
    AloneThere,
    Exact,
    LossThere,
    OneCriticalPoint,
    PointsApart,
    TrainedPerceptron,
)
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError
from neurovariety.exact_numbers import exact_table
from neurovariety.options import Real, Whole
from neurovariety.result import Provenance, Result
from neurovariety.tolerances import DEFAULT_SEED

_DEGREE = Whole("degree= of the polynomials is a whole number from {least} to {most}", 1, 60)
_FARTHEST = 1.0
_MOST_WEIGHTS, _MOST_WORK = 60, 2_000_000
"""Weights of a network, and samples times squares of them: some ten seconds."""
_WITHIN = Real("within= is the distance from the trained weights, in each weight, above 0 and less than 1000", below=1000)
Vector = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, repr=False)
class CriticalPointResult(Result):
    """The critical point next to trained weights.

    ``value``: a critical point lies at most ``distance`` from the trained weights (in each weight), and no other within
    ``alone_within`` of it; ``index`` eigenvalues of the Hessian are negative there (0: a minimum), and the ``loss`` lies between two
    numbers. With polynomials of ``degree`` in place of activations the same is said by ``polynomial_distance``,
    ``polynomial_alone_within`` and ``polynomial_index``, and the two points differ by at most ``between``. Null where nothing is
    shown. ``evidence`` holds both points in floats, and the polynomials; ``points`` both as exact numbers, within 2^-60 of the
    critical points.
    """

    entry: ClassVar[str] = "critical-point"
    sources: ClassVar[tuple[str, ...]] = ("krawczyk1969",)
    headline: ClassVar[tuple[str, ...]] = ("alone_within", "index")
    points: Mapping[str, tuple[Fraction, ...]] = field(default_factory=dict, repr=False, compare=False)

    def speaks(self) -> tuple[str, ...]:
        """What was asked: polynomials only where there is something of them to say, or where they were asked in vain."""
        asked = "polynomials" in self.evidence
        near = "within" in self.evidence
        return tuple(
            key
            for key in KEYS
            if (asked or not (key in ("degree", "between") or key.startswith("polynomial_"))) and (near or "points_within" not in key)
        )

    def verify(self) -> Recheck:
        """See `neurovariety.result.Result.verify`; the evidence is held to the certificates as well."""
        found = super().verify()
        held_critical_point(found, self.to_dict()["evidence"])
        return found


def critical_point(
    network: object,
    *,
    inputs: object,
    targets: object,
    degree: object = None,
    within: object = None,
    architecture: object = None,
    seed: int = DEFAULT_SEED,
) -> CriticalPointResult:
    """The critical point of the squared error next to the weights of a trained network, shown by Krawczyk's test.

    ``network``: what `load_network` takes, with ``architecture`` where it needs one: dense layers with smooth activations. ``inputs``
    (samples, features) and ``targets`` (samples, outputs) are exact as they are given. ``degree``: of polynomials in place of the
    activations, best on what units read on the box of the inputs (default: none are put there). ``within``: the distance from the
    trained weights, in each weight, up to which all critical points are listed; where that takes too many boxes (some twenty seconds),
    half of it, and so on (default: none are listed). Raises `InputError` for anything else, `ResourceError` for more weights or samples
    than some ten seconds take.
    """
    start = time.perf_counter()
    for rule, given in ((_DEGREE, degree), (_WITHIN, within)):
        if given is not None and (refusal := rule.refusal(given)):
            raise InputError(refusal)
    source = trained_network(network, architecture)
    try:
        layers = free_layers(source)
    except NotShown as why:
        raise InputError(f"critical points are shown for dense layers with smooth activations: {why}") from None
    own = _trained(layers, *_tables(inputs, targets, source), source)
    claims, points, evidence = _near(own, within)
    if degree is not None:
        given = _with_polynomials(own, source, int(degree), seed)  # type: ignore[call-overload]
        others, other_points, notes = _near(given, within)
        others |= _apart(own, int(degree), claims, others)  # type: ignore[call-overload]
        notes["polynomials"] = [[str(c) for c in p] for p in given.pieces]
        claims |= others
        points |= other_points
        evidence |= notes
    reasons = {"polynomial_": evidence.get("polynomial_why", "no degree was asked"), "": evidence.get("why", "not shown")}
    for key in KEYS:
        before = "polynomial_" if key.startswith("polynomial_") or key in ("between", "degree") else ""
        reason = evidence.get(f"{before}why_not_all", "no distance was asked") if "points_within" in key else reasons[before]
        claims.setdefault(key, weak(Statement(f"critical point: {key}", own.hash, None), Claim.UNDECIDED, reason))
    if within is not None:
        evidence["within"] = float(within)  # type: ignore[arg-type]
    evidence |= {"weights": [float(w) for w in own.weights], "samples": len(own.inputs)}
    return CriticalPointResult(
        value={key: claims[key].statement.value for key in KEYS},
        claims={key: claims[key] for key in KEYS},
        subject=source.source,
        evidence=evidence,
        provenance=Provenance.since(start, seed),
        points=points,
    )


def _tables(inputs: object, targets: object, source: Network) -> tuple[Any, Any]:
    x, y = exact_table(inputs, "inputs"), exact_table(targets, "targets")
    x, y = (table.reshape(-1, 1) if table.ndim == 1 else table for table in (x, y))
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x):
        raise InputError(f"inputs (samples, features) and as many targets are expected, got shapes {x.shape} and {y.shape}")
    return x, y


def _trained(layers: SmoothLayers, x: Any, y: Any, source: Network) -> TrainedPerceptron:
    rough = next((name for name in layers.activations if name not in SMOOTH), None)
    if rough is not None or not layers.activations:
        raise InputError(f"critical points are shown for smooth activations, and {source.source} has {rough or 'none'}")
    widths = (len(layers.matrices[0][0]), *(len(m) for m in layers.matrices))
    if (x.shape[1], y.shape[1]) != (widths[0], widths[-1]):
        raise InputError(
            f"{source.source} takes {widths[0]} inputs and gives {widths[-1]} outputs, got data with {x.shape[1]} and {y.shape[1]} "
            "columns"
        )
    bias = layers.biased[0] if len(set(layers.biased)) == 1 else layers.biased
    weights: list[Fraction] = []
    for matrix, row, biased in zip(layers.matrices, layers.biases, layers.biased, strict=True):
        weights += [Fraction(v) for line in matrix for v in line] + ([Fraction(v) for v in row] if biased else [])
    if len(weights) > _MOST_WEIGHTS or len(x) * len(weights) ** 2 > _MOST_WORK:
        raise ResourceError(
            f"{len(weights)} weights and {len(x)} samples are more than Krawczyk's test takes here (at most {_MOST_WEIGHTS} weights, "
            f"and {_MOST_WORK:,} samples times squares of weights); ask a smaller network or fewer samples"
        )
    return TrainedPerceptron(
        widths, layers.activations, bias, tuple(map(tuple, x.tolist())), tuple(map(tuple, y.tolist())), tuple(weights)
    )


def _near(own: TrainedPerceptron, within: object) -> tuple[dict[str, Verdict], dict[str, Exact], dict[str, Any]]:
    """What is shown of the critical point next to the weights, and of all that are so near."""
    claims: dict[str, Verdict] = {}
    points: dict[str, Exact] = {}
    evidence: dict[str, Any] = {}
    before = "polynomial_" if is_polynomial(own) else ""
    try:
        found = newton(own, own.weights, _FARTHEST)
        place = place_of(own, found)
    except NotShown as why:
        evidence[f"{before}why"] = str(why)
    else:
        claims |= {f"{before}distance": place, f"{before}alone_within": _alone(own, place), f"{before}index": _index(own, place)}
        if not before:
            claims["loss"] = _loss(own, place)
        points[f"{before}point"] = found
        evidence[f"{before}point"] = [float(v) for v in found]
    if within is not None:
        try:
            everyone = all_points_within(own, float(within))  # type: ignore[arg-type]
        except NotShown as why:
            evidence[f"{before}why_not_all"] = str(why)
        else:
            claims[f"{before}points_within"] = everyone
            listed = everyone.certificate
            assert isinstance(listed, CriticalPointsWithin)
            points |= {f"{before}within {i}": place.centre for i, (_, place) in enumerate(listed.near(own), 1)}
            evidence[f"{before}points_within"] = points_near(listed, own)
    return claims, points, evidence


def _alone(own: TrainedPerceptron, place: Verdict) -> Verdict:
    """The largest power of two within which the test shows no other critical point."""
    value = 1.0
    while value > PLACE:
        try:
            return issue(AloneThere(place, value + 2 * PLACE, value, BITS), own)
        except NotShown:
            value /= 2
    return issue(AloneThere(place, PLACE, 0.0, BITS), own)


def _index(own: TrainedPerceptron, place: Verdict) -> Verdict:
    try:
        return index_of(own, place)
    except NotShown as why:
        return weak(Statement("critical point: index", own.hash, None), Claim.UNDECIDED, str(why))


def _loss(own: TrainedPerceptron, place: Verdict) -> Verdict:
    point = place.certificate
    assert isinstance(point, OneCriticalPoint)
    with taylor(BITS, 3):
        loss = own.derivatives(point.box())[0]
        low, high = float(loss.lower()), float(loss.upper())
        while not flint.arb(low) <= loss.lower():
            low = nextafter(low, -inf)
        while not loss.upper() <= flint.arb(high):
            high = nextafter(high, inf)
    return issue(LossThere(place, low, high, BITS), own)


def _with_polynomials(own: TrainedPerceptron, source: Network, degree: int, seed: int) -> TrainedPerceptron:
    """The network with polynomials of that degree in place of its activations, at the same weights."""
    columns = list(zip(*own.inputs, strict=True))
    near = algebraic_network(source, ([min(c) for c in columns], [max(c) for c in columns]), degree, seed)
    return replace(own, pieces=tuple(tuple(p.polynomial) for p in near.layers))


def _apart(own: TrainedPerceptron, degree: int, claims: Mapping[str, Verdict], others: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """How far the critical points of both are apart at most, where both are shown."""
    one, two = claims.get("distance"), others.get("polynomial_distance")
    if one is None or two is None:
        return {}
    a, b = one.certificate, two.certificate
    assert isinstance(a, OneCriticalPoint)
    assert isinstance(b, OneCriticalPoint)
    apart = float_above(max(abs(v - w) for v, w in zip(a.centre, b.centre, strict=True)) + Fraction(a.radius) + Fraction(b.radius))
    return {key: issue(PointsApart(key, one, two, degree, apart), own) for key in ("between", "degree")}
