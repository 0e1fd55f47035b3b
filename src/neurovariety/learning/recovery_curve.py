"""Teacher and student: when do fits without error to values of a network give the network back?

Teachers have weights of random signs and sizes between 1/2 and 3/2, so that none of their parts hardly counts; inputs are normal. To
the exact values at n of them students of the same architecture are fitted by Levenberg-Marquardt from random starts; those that fit are
compared with the teacher on normal inputs. Below the number of samples that leaves finitely many functions no fit should give the
teacher back; from the number on that leaves one, each should.

Between the two a fit may be one of the other functions, as far as these are real and made by real weights: that depends on the teacher
and the samples, and is counted for each (`FunctionsLeft`). There students are fitted until some tens of them in a row are no new
function, whatever the count says, and what they are is held to it. Everything here is floating point: an experiment, no proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.covering_from_below import gram
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap, written_out
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.least_squares import levenberg_marquardt
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.learning.functions_left import FunctionsLeft, TeachersRivals
from neurovariety.model import Model
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

_STREAM = "learning.recovery_curve"
_ITERATIONS = 400
_FITS, _SAME = 1e-11, 1e-5
"""Relative residual of a fit without error, and relative distance of functions that count as one: far apart, as a fit moves a function
by its residual times the condition of the samples."""
_FEW = 0.05
"""A share of fits that is left to bad luck: samples of a bad condition."""
_IN_A_ROW, _MOST = 48, 720
"""Fits in a row that are no new function, after which no more students follow where several functions are possible; and students of a
teacher in all."""
_ROUND, _MOST_FOR_ONE = 48, 240
"""Students that are fitted together after the first; and all of them where one fit is enough."""
_WIDER = 5.0
"""Half of the later students start from weights that are larger by up to this power of 2: functions that need weights of size 20 are
hardly met from weights of size 1."""


@dataclass(frozen=True)
class Thresholds:
    """What is predicted: the samples that leave finitely many functions, and one (None where not known), and how to count the functions
    between (None where there is nothing to count, or no way)."""

    finite: int
    unique: int | None
    left: FunctionsLeft | None = None

    @classmethod
    def of(cls, model: Model, finite: int, unique: int | None, seed: int) -> Thresholds:
        """Two numbers that `sample-complexity` tells, and how to count between them, where these functions can be found."""
        if unique is None or unique == finite:
            return cls(finite, unique)
        try:
            return cls(finite, unique, FunctionsLeft.of(model, finite, seed))
        except (InputError, ResourceError):
            return cls(finite, unique)

    def fits_wanted(self, samples: int) -> int:
        """Fits in a row that are to be no new function before enough students were fitted."""
        if samples < self.finite:
            return 0
        return 1 if self.unique is None or samples >= self.unique else _IN_A_ROW


@dataclass(frozen=True)
class TeachersAlone:
    """Teachers at a number of samples: how many of how many ``counted`` are ``alone``, the only function of real weights with their
    values; of how many students found another such function (``seen_others``), and of how many no student fits (``unknown``); all
    ``functions`` of the teachers together, those that students found (``seen``), and how many fits are none of them (``strangers``)."""

    counted: int
    alone: int
    seen_others: int
    unknown: int
    functions: int
    seen: int
    strangers: int


@dataclass(frozen=True)
class FitsToSamples:
    """Students that fit so many ``samples``: how many of how many ``tried``, the share of them that is the teacher (``recovered``), and
    the median of their relative errors on normal inputs; both None where none fits. ``teachers``: what was counted beside; None below
    the number that leaves finitely many functions, and where nothing was counted."""

    samples: int
    tried: int
    fits: int
    recovered: float | None
    error: float | None
    teachers: TeachersAlone | None = None


@dataclass(frozen=True)
class RecoveryCurve:
    """What fits to more and more samples give back."""

    architecture: str
    teachers: int
    points: tuple[FitsToSamples, ...]

    @property
    def none_below(self) -> int:
        """The least number of samples of which more than a twentieth of the fits are the teacher; one more than were tried where there
        is none."""
        return next((p.samples for p in self.points if p.recovered is not None and p.recovered > _FEW), len(self.points) + 1)

    @property
    def all_from(self) -> int:
        """The least number from which on no more than a twentieth of the fits are another function, and none is one of those that were
        counted; one more than were tried where there is none."""
        return max((p.samples for p in self.points if not _given_back(p)), default=0) + 1

    @property
    def expected_from(self) -> int | None:
        """The least number from which on all these teachers are alone, by the count; None where that was not made for all of them."""
        known = [(p.samples, p.teachers) for p in self.points if p.teachers is not None]
        if not known or any(t.counted < self.teachers for _, t in known):
            return None
        return max((n for n, t in known if t.alone < t.counted), default=known[0][0] - 1) + 1


@dataclass(frozen=True)
class ShareAlone:
    """Of so many random ``teachers``, how many are the only function of real weights with their values at so many ``samples``."""

    samples: int
    teachers: int
    alone: int

    @property
    def interval(self) -> tuple[float, float]:
        """A 95 % interval of the share (Wilson 1927)."""
        n, z = self.teachers, 1.96
        middle = (self.alone + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * float(np.sqrt(self.alone * (n - self.alone) / n + z * z / 4))
        return middle - half, middle + half


def shares_alone(model: Model, predicted: Thresholds, teachers: int, seed: int) -> tuple[ShareAlone, ...]:
    """The shares of random teachers that are alone, at each number of samples between the two that are predicted; empty where these
    are one, or nothing can be counted."""
    if predicted.left is None or predicted.unique is None:
        return ()
    numbers = range(predicted.finite, predicted.unique)
    counted, alone = 0, dict.fromkeys(numbers, 0)
    for k in range(teachers):
        teacher, inputs, rng = _drawn(model, predicted.unique, seed, teachers, k)
        rivals = predicted.left.rivals(teacher[0], inputs, rng)
        if rivals is not None:
            counted += 1
            for n in numbers:
                alone[n] += len(predicted.left.agreeing(rivals, inputs[:n])) == 1
    return tuple(ShareAlone(n, counted, alone[n]) for n in numbers) if counted else ()


def recovery_curve(
    model: Model, samples: int, *, predicted: Thresholds | None = None, teachers: int = 6, starts: int = 6, seed: int = 0
) -> RecoveryCurve:
    """The curve up to so many ``samples``, with ``starts`` students for each of so many ``teachers``, or more where several functions
    are ``predicted``.

    Raises `InputError` for a rational model, or one with general coefficients, `ResourceError` for one that is too large to write out.
    """
    coordinates = written_out(model)
    whole = PolynomialMap.of(coordinates, range(coordinates.count))
    products = gram("gaussian", coordinates.monomials)
    n = coordinates.count
    metric = np.array([[int(products[i, j].p) / int(products[i, j].q) for j in range(n)] for i in range(n)])
    blocks = tuple(slice(b.start, b.start + b.size) for b in model.blocks)
    found: list[list[_FitsOfOne]] = [[] for _ in range(samples)]
    for k in range(teachers):
        teacher, inputs, rng = _drawn(model, samples, seed, k)
        target = whole.values(teacher)
        norm = float(np.sqrt((target @ metric @ target.T)[0, 0])) or 1.0
        rivals = _rivals(predicted, teacher[0], inputs, generator(seed, _STREAM, k, 1))
        for number in range(1, samples + 1):
            values = _values_at(whole, coordinates, inputs[:number])
            wanted = predicted.fits_wanted(number) if predicted is not None else 0
            tried, weights = _students(values, values.values(teacher), starts, wanted, whole, blocks, rng)
            functions = whole.values(weights)
            gaps = functions - target
            errors = np.sqrt(np.maximum(np.einsum("bi,ij,bj->b", gaps, metric, gaps), 0.0)) / norm
            listed = _listed(predicted, rivals, target, inputs[:number])
            found[number - 1].append(_FitsOfOne(tried, errors, None if listed is None else _sorted(functions, listed)))
    return RecoveryCurve(model.name, teachers, tuple(_summed(k, rows) for k, rows in enumerate(found, 1)))


@dataclass(frozen=True)
class _SortedFits:
    """Of how many functions there are, which students found, and whether another than the teacher's; how many fits are none of
    them."""

    functions: int
    seen: frozenset[int]
    others: bool
    strangers: int


@dataclass(frozen=True, eq=False)
class _FitsOfOne:
    """The students of one teacher: how many, the errors of those that fit, and what functions these are."""

    tried: int
    errors: Array
    found: _SortedFits | None


def _drawn(model: Model, samples: int, seed: int, *key: int) -> tuple[Array, Array, np.random.Generator]:
    """A teacher (1, N), inputs, and the generator that drew them."""
    rng = generator(seed, _STREAM, *key)
    teacher = rng.choice([-1.0, 1.0], (1, model.parameters)) * rng.uniform(0.5, 1.5, (1, model.parameters))
    return teacher, np.round(rng.standard_normal((samples, model.inputs)) * 2**20) / 2**20, rng


def _students(
    values: PolynomialMap,
    goal: Array,
    starts: int,
    in_a_row: int,
    whole: PolynomialMap,
    blocks: tuple[slice, ...],
    rng: np.random.Generator,
) -> tuple[int, Array]:
    """How many were tried, and the weights of those that fit: ``starts`` of them, and more until ``in_a_row`` that fit are no new
    function."""
    enough = _FITS * (float(np.linalg.norm(goal[0])) or 1.0)
    tried, idle, fits, seen = 0, 0, [np.zeros((0, values.parameters))], DistinctPoints(_SAME)
    while True:
        together = max(starts, _ROUND) if tried else starts
        begin = rng.standard_normal((together, values.parameters))
        wider = begin[starts::2]
        for block in blocks:  # of sizes of their own: a large last layer may go with a small first one
            wider[:, block] *= 2 ** rng.uniform(-_WIDER / 2, _WIDER, (len(wider), 1))
        weights, residuals = levenberg_marquardt(values, np.repeat(goal, together, axis=0), begin, _ITERATIONS, 1e-2 * enough)
        tried += together
        fits.append(weights[residuals <= enough])
        for function in whole.values(fits[-1]).astype(complex):
            idle = 0 if seen.add(hashed(function))[1] and len(seen) > 1 else idle + 1
        if idle >= in_a_row or tried >= (_MOST if in_a_row > 1 else _MOST_FOR_ONE):
            return tried, np.concatenate(fits)


def _rivals(predicted: Thresholds | None, teacher: Array, inputs: Array, rng: np.random.Generator) -> TeachersRivals | None:
    if predicted is None or predicted.left is None or len(inputs) < predicted.finite:
        return None
    return predicted.left.rivals(teacher, inputs, rng)


def _listed(predicted: Thresholds | None, rivals: TeachersRivals | None, target: Array, inputs: Array) -> Array | None:
    """All functions of real weights with the teacher's values at the inputs, the teacher's first; None where there are infinitely many,
    or it is not known."""
    if predicted is None or len(inputs) < predicted.finite:
        return None
    if predicted.unique is not None and len(inputs) >= predicted.unique:
        return target
    if predicted.left is None or rivals is None:
        return None
    agreeing = sorted(predicted.left.agreeing(rivals, inputs), key=lambda i: i != rivals.teacher)
    return rivals.coefficients[agreeing].real


def _sorted(functions: Array, listed: Array) -> _SortedFits:
    gaps = np.linalg.norm(functions[:, None] - listed[None], axis=2) / np.linalg.norm(listed, axis=1)
    same = gaps.min(axis=1) <= _SAME
    seen = frozenset(gaps.argmin(axis=1)[same].tolist())
    return _SortedFits(len(listed), seen, bool(seen - {0}), int((~same).sum()))


def _given_back(point: FitsToSamples) -> bool:
    hardly = point.recovered is not None and point.recovered >= 1 - _FEW
    return hardly and (point.teachers is None or not point.teachers.seen_others)


def _values_at(whole: PolynomialMap, coordinates: Coordinates, inputs: Array) -> PolynomialMap:
    """The outputs at inputs (samples, inputs) as a map of the weights: sums of coefficients times monomials."""
    rows: list[tuple[tuple[int, Fraction], ...]] = []
    for x in inputs.tolist():
        totals: dict[int, dict[int, Fraction]] = {}
        for (output, e), terms in zip(coordinates.monomials, whole.coefficients, strict=True):
            monomial = Fraction(float(np.prod([v**k for v, k in zip(x, e, strict=True)])))
            own = totals.setdefault(output, {})
            for t, c in terms:
                own[t] = own.get(t, Fraction(0)) + monomial * c
        rows += [tuple(own.items()) for own in totals.values()]
    return PolynomialMap(whole.exponents, tuple(rows))


def _summed(samples: int, rows: list[_FitsOfOne]) -> FitsToSamples:
    errors = np.concatenate([row.errors for row in rows])
    tried, known = sum(row.tried for row in rows), [row.found for row in rows if row.found is not None]
    beside = None
    if known:
        beside = TeachersAlone(
            len(known),
            sum(f.functions == 1 for f in known),
            sum(f.others for f in known),
            sum(not f.seen and not f.strangers for f in known),
            sum(f.functions for f in known),
            sum(len(f.seen) for f in known),
            sum(f.strangers for f in known),
        )
    if not len(errors):
        return FitsToSamples(samples, tried, 0, None, None, beside)
    same = float((errors <= _SAME).mean())
    return FitsToSamples(samples, tried, len(errors), same, float(np.median(errors)), beside)
