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
from math import inf, isfinite, nextafter
from typing import Any, ClassVar

import flint
import numpy as np

from neurovariety.beyond.approximation.held_critical_point import held_critical_point
from neurovariety.beyond.approximation.whole_network import algebraic_network, trained_network
from neurovariety.certificates.activation_series import SMOOTH, rational_ball, taylor
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.network_approximation import SmoothLayers, smooth_layers
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.smooth_critical_points import (
    KEYS,
    AloneThere,
    IndexThere,
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
from neurovariety.options import Whole
from neurovariety.result import Provenance, Result
from neurovariety.tolerances import DEFAULT_SEED

_DEGREE = Whole("degree= of the polynomials is a whole number from {least} to {most}", 1, 60)
_BITS, _PLACE = 256, 2.0**-60
"""Bits of Newton's method and of proofs, and the radius of the box that locates a point."""
_STEPS, _FARTHEST = 60, 1.0
_MOST_WEIGHTS, _MOST_WORK = 60, 2_000_000
"""Weights of a network, and samples times squares of them: some ten seconds."""
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
        return tuple(key for key in KEYS if asked or not (key in ("degree", "between") or key.startswith("polynomial_")))

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
    architecture: object = None,
    seed: int = DEFAULT_SEED,
) -> CriticalPointResult:
    """The critical point of the squared error next to the weights of a trained network, shown by Krawczyk's test.

    ``network``: what `load_network` takes, with ``architecture`` where it needs one: dense layers with smooth activations. ``inputs``
    (samples, features) and ``targets`` (samples, outputs) are exact as they are given. ``degree``: of polynomials in place of the
    activations, best on what units read on the box of the inputs (default: none are put there). Raises `InputError` for anything else,
    `ResourceError` for more weights or samples than some ten seconds take.
    """
    start = time.perf_counter()
    if degree is not None and (refusal := _DEGREE.refusal(degree)):
        raise InputError(refusal)
    source = trained_network(network, architecture)
    try:
        layers = smooth_layers(source)
    except NotShown as why:
        raise InputError(f"critical points are shown for dense layers with smooth activations: {why}") from None
    own = _trained(layers, *_tables(inputs, targets, source), source)
    claims, points, evidence = _near(own)
    if degree is not None:
        others, other_points, notes = _with_polynomials(own, source, int(degree), claims, seed)  # type: ignore[call-overload]
        claims |= others
        points |= other_points
        evidence |= notes
    reasons = {"polynomial_": evidence.get("polynomial_why", "no degree was asked"), "": evidence.get("why", "not shown")}
    for key in KEYS:
        reason = reasons["polynomial_" if key.startswith("polynomial_") or key in ("between", "degree") else ""]
        claims.setdefault(key, weak(Statement(f"critical point: {key}", own.hash, None), Claim.UNDECIDED, reason))
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
    bias = any(b for row in layers.biases for b in row)
    weights: list[Fraction] = []
    for matrix, row in zip(layers.matrices, layers.biases, strict=True):
        weights += [Fraction(v) for line in matrix for v in line] + ([Fraction(v) for v in row] if bias else [])
    if len(weights) > _MOST_WEIGHTS or len(x) * len(weights) ** 2 > _MOST_WORK:
        raise ResourceError(
            f"{len(weights)} weights and {len(x)} samples are more than Krawczyk's test takes here (at most {_MOST_WEIGHTS} weights, "
            f"and {_MOST_WORK:,} samples times squares of weights); ask a smaller network or fewer samples"
        )
    return TrainedPerceptron(
        widths, layers.activations, bias, tuple(map(tuple, x.tolist())), tuple(map(tuple, y.tolist())), tuple(weights)
    )


def _near(own: TrainedPerceptron) -> tuple[dict[str, Verdict], dict[str, Any], dict[str, Any]]:
    """What is shown of the critical point next to the weights."""
    polynomial = any(not isinstance(p, str) for p in own.pieces)
    before = "polynomial_" if polynomial else ""
    found = _newton(own)
    if isinstance(found, str):
        return {}, {}, {f"{before}why": found}
    away = max(abs(a - b) for a, b in zip(found, own.weights, strict=True))
    try:
        place = issue(OneCriticalPoint(own.hash, found, _PLACE, _above(away + Fraction(_PLACE)), polynomial, _BITS), own)
    except NotShown as why:
        return {}, {}, {f"{before}why": str(why)}
    claims = {f"{before}distance": place, f"{before}alone_within": _alone(own, place), f"{before}index": _index(own, found, place)}
    if not polynomial:
        claims["loss"] = _loss(own, place)
    return claims, {f"{before}point": found}, {f"{before}point": [float(v) for v in found]}


def _alone(own: TrainedPerceptron, place: Verdict) -> Verdict:
    """The largest power of two within which the test shows no other critical point."""
    value = 1.0
    while value > _PLACE:
        try:
            return issue(AloneThere(place, value + 2 * _PLACE, value, _BITS), own)
        except NotShown:
            value /= 2
    return issue(AloneThere(place, _PLACE, 0.0, _BITS), own)


def _index(own: TrainedPerceptron, found: tuple[Fraction, ...], place: Verdict) -> Verdict:
    with taylor(_BITS, 3):
        hessian = own.derivatives([rational_ball(v) for v in found])[2]
    values, turn = np.linalg.eigh(np.array([[float(v.mid()) for v in row] for row in hessian.tolist()]))
    exact = tuple(tuple(Fraction(float(v)) for v in row) for row in turn)
    try:
        return issue(IndexThere(place, int(np.sum(values < 0)), exact, _BITS), own)
    except NotShown as why:
        return weak(Statement("critical point: index", own.hash, None), Claim.UNDECIDED, str(why))


def _loss(own: TrainedPerceptron, place: Verdict) -> Verdict:
    point = place.certificate
    assert isinstance(point, OneCriticalPoint)
    with taylor(_BITS, 3):
        loss = own.derivatives(point.box())[0]
        low, high = float(loss.lower()), float(loss.upper())
        while not flint.arb(low) <= loss.lower():
            low = nextafter(low, -inf)
        while not loss.upper() <= flint.arb(high):
            high = nextafter(high, inf)
    return issue(LossThere(place, low, high, _BITS), own)


def _with_polynomials(
    own: TrainedPerceptron, source: Network, degree: int, claims: Mapping[str, Verdict], seed: int
) -> tuple[dict[str, Verdict], dict[str, Any], dict[str, Any]]:
    columns = list(zip(*own.inputs, strict=True))
    near = algebraic_network(source, ([min(c) for c in columns], [max(c) for c in columns]), degree, seed)
    other = replace(own, pieces=tuple(tuple(p.polynomial) for p in near.layers))
    found, points, evidence = _near(other)
    one, two = claims.get("distance"), found.get("polynomial_distance")
    evidence["polynomials"] = [[str(c) for c in p.polynomial] for p in near.layers]
    if one is None or two is None:
        return found, points, evidence
    a, b = one.certificate, two.certificate
    assert isinstance(a, OneCriticalPoint)
    assert isinstance(b, OneCriticalPoint)
    apart = _above(max(abs(v - w) for v, w in zip(a.centre, b.centre, strict=True)) + Fraction(a.radius) + Fraction(b.radius))
    found |= {key: issue(PointsApart(key, one, two, degree, apart), own) for key in ("between", "degree")}
    return found, points, evidence


def _newton(own: TrainedPerceptron) -> tuple[Fraction, ...] | str:
    """Newton's method from the weights; a sentence where it leads nowhere near."""
    n, at = own.parameters, [Fraction(w) for w in own.weights]
    with taylor(_BITS, 3):
        for _ in range(_STEPS):
            _, gradient, hessian = own.derivatives([rational_ball(v) for v in at])
            middle = flint.arb_mat(n, n, [v.mid() for v in hessian.entries()])
            try:
                step = middle.solve(flint.arb_mat(n, 1, [v.mid() for v in gradient.entries()]))
            except ZeroDivisionError:
                return "the Hessian is singular, or nearly so"
            moves = [float(v.mid()) for v in step.entries()]
            if not all(map(isfinite, moves)):
                return "Newton's method leaves all bounds"
            at = [_short(v, move) for v, move in zip(at, step.entries(), strict=True)]
            if max(abs(a - b) for a, b in zip(at, own.weights, strict=True)) > _FARTHEST:
                return f"Newton's method from the trained weights leads more than {_FARTHEST:g} away: they lie near no critical point"
            if max(map(abs, moves), default=0.0) < _PLACE * 2.0**-40:
                return tuple(at)
    return "Newton's method from the trained weights does not settle"


def _short(value: Fraction, move: flint.arb) -> Fraction:
    """A number less a step, in multiples of 2**-160."""
    mantissa, exponent = move.mid().man_exp()
    moved = value - Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Fraction(round(moved * 2**160), 2**160)


def _above(value: Fraction) -> float:
    """A float that is not below a number."""
    found = float(value)
    while Fraction(found) < value:
        found = nextafter(found, inf)
    return found
