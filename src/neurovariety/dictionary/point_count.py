"""Point counts over finite fields: how many functions do weights in F_q give?

|M(F_q)| is the number of different polynomials f_w with w in F_q^N, for a prime power q. Reading the architecture over F_q is a
model of quantized weights; the count is an exact measure of expressivity, near q^(dim M) for large q, and its ratio to the number
of all polynomials in the linear span says which share of them is realizable: about one half for ``mlp(2,2,2; x^2)``, which is
dense over C.

What is proved. The count is exhaustive and exact. The coefficients of f are written out over Q, divided by the number that divides
them all where every multiple of a function is one (the slope of an activation, say), and reduced mod p. They are linear in
some weights (the last layer, say), so for each value of the others the functions are a row space over F_q; all row spaces are found,
and the points of their union are counted, up to scaling and with multiplicity one.

What it is not: where q is at most the degree, different polynomials may be one function on F_q^n; polynomials are counted. The
dimension is that over Q; for small p the closure over F_p may be smaller.

Sources: Marchetti et al. 2025; Kubjas, Li, Wiesmann 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, TypedDict

import numpy as np

from neurovariety.certificates.issue import legacy
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, written_out
from neurovariety.geometry.ideal.reduced_parametrization import ReducedParametrization
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.progress import quietly
from neurovariety.rings.ring import Array
from neurovariety.rings.small_field import SmallField
from neurovariety.tolerances import DEFAULT_SEED

_MAX_VECTORS = 5 * 10**7
_MAX_WORK = 2 * 10**10
"""Elementary steps, tables looked up: about a minute."""
_MAX_BITMAP = 2**28
_CHUNK = 2**16
_MERGE = 2**22


class PointCountEvidence(TypedDict):
    """What a count rests on: the spans over Q and over the field, and how much was enumerated."""

    points_over_q_to_dimension: str
    ambient: int
    span_over_the_field: int
    weights: int
    linear_in: list[str]
    enumerated: int
    row_spaces: int | None
    dimension_claim: str
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class PointCountResult(EntryResult):
    """The number of functions over F_q.

    ``value`` is ``{"points", "field", "dimension", "q_to_dimension", "q_to_ambient", "ratio"}``: points = |M(F_q)|; field = q;
    dimension that over Q; ambient the dimension of the span over Q; ratio = points / q^ambient as an exact fraction. ``evidence``
    holds the other ratio, ``points_over_q_to_dimension``, and ``span_over_the_field``, the dimension of the span mod p where that is
    smaller.
    """

    entry: ClassVar[str] = "point-count"
    evidence: PointCountEvidence


@entry
def point_count(
    model: Model,
    *,
    field: Annotated[int, Option("number of elements of the field, a prime power such as 2, 3, 4, 5, 7, 8, 9 (default: 3)")] = 3,
    seed: int = DEFAULT_SEED,
) -> PointCountResult:
    """The number of functions of ``source`` with weights in the field of ``field`` elements, a prime power.

    Raises `InputError` for another number, a rational model, or coefficients whose denominators the characteristic divides;
    `ResourceError` with the estimate where there are too many weights to enumerate.

    >>> point_count("mlp(2,2,2; x^2)", field=3).value["points"]
    393
    >>> point_count("linear(2,1,2)", field=2).value
    {'points': 10, 'field': 2, 'dimension': 3, 'q_to_dimension': 8, 'q_to_ambient': 16, 'ratio': '5/8'}
    """
    f = SmallField(field)
    coordinates = written_out(model).primitive()
    ambient = len(LinearSpan.of(coordinates).pivots)
    reduced = ReducedParametrization.of(model, coordinates, f)
    _require_feasible(model.name, reduced, f.q)
    points, spaces = _count(model.name, reduced, f)
    found = quietly(dimension_of, model, seed=seed)
    total = f.q**ambient
    value = {
        "points": points,
        "field": f.q,
        "dimension": found.value,
        "q_to_dimension": f.q**found.value,
        "q_to_ambient": total,
        "ratio": str(Fraction(points, total)),
    }
    evidence: PointCountEvidence = {
        "points_over_q_to_dimension": str(Fraction(points, f.q**found.value)),
        "ambient": ambient,
        "span_over_the_field": reduced.columns,
        "weights": model.parameters,
        "linear_in": list(reduced.blocks),
        "enumerated": f.q ** len(reduced.free),
        "row_spaces": spaces,
        "dimension_claim": str(found.claim),
        "theorems": [t.to_dict() for t in found.theorems],
    }
    degree = int(degree_bounds(model).inputs)
    notices: tuple[str, ...] = ()
    if f.p <= degree:
        notices = (
            f"the characteristic {f.p} is not above the degree {degree}: some coefficients may vanish mod {f.p}, and "
            f"polynomials are counted, not functions on F_{f.q}^{model.inputs}",
        )
    return PointCountResult(
        value=value,
        claims=legacy("point-count", Claim.PROVED if found.claim is Claim.PROVED else Claim.PROBABILITY),
        meaning=f"weights in F_{f.q} give {points:,} different functions, {_share(points, total)} of the {total:,} in the linear span",
        evidence=evidence,
        notices=notices,
    )


def _require_feasible(name: str, reduced: ReducedParametrization, q: int) -> None:
    """Raise `ResourceError` with the estimate before an enumeration that would take more than about a minute."""
    vectors = q ** len(reduced.free)
    step = len(reduced.entries) + reduced.exponents.size + reduced.rows**2 * reduced.columns
    if vectors > _MAX_VECTORS or vectors * step > _MAX_WORK:
        raise ResourceError(
            f"{name} over F_{q} has {_size(vectors)} weight vectors to enumerate ({len(reduced.free)} weights besides those in "
            f"which it is linear) at about {step} steps each, more than the limit of {_size(min(_MAX_VECTORS, _MAX_WORK // step))}; "
            "choose a smaller field or architecture"
        )


def _count(name: str, reduced: ReducedParametrization, f: SmallField) -> tuple[int, int | None]:
    """The number of points, and of different row spaces (None where the model is linear in no block)."""
    if not reduced.columns:
        return 1, None
    keys = _Keys(f.q, reduced.columns)
    if not reduced.linear:
        counted = _Distinct(keys)
        for chunk in _matrices(reduced, f, echelon=False):
            counted.add(keys.of(chunk))
        return counted.count(), None
    spaces = _Distinct(_Rows())
    for chunk in _matrices(reduced, f, echelon=True):
        spaces.add(chunk)
    bases = spaces.rows().reshape(-1, reduced.rows, reduced.columns)
    ranks = bases.any(axis=2).sum(axis=1)
    total = sum(int((ranks == r).sum()) * (f.q**r - 1) // (f.q - 1) for r in range(1, reduced.rows + 1))
    if total > _MAX_VECTORS or total * reduced.columns * reduced.rows > _MAX_WORK:
        raise ResourceError(
            f"{name} over F_{f.q} has {len(bases):,} row spaces with {_size(total)} points up to scaling, more than the limit of "
            f"{_size(_MAX_VECTORS)}; choose a smaller field or architecture"
        )
    counted = _Distinct(keys)
    from neurovariety.geometry.ideal.finite_field_kernels import points_of

    for r in range(1, reduced.rows + 1):
        chosen = np.ascontiguousarray(bases[ranks == r][:, :r])
        each = (f.q**r - 1) // (f.q - 1)
        step = max(1, _CHUNK * 8 // each)
        for i in range(0, len(chosen), step):
            counted.add(points_of(chosen[i : i + step], r, f.q, f.addition, f.multiplication, keys.word, keys.factor, keys.words))
    return 1 + (f.q - 1) * counted.count(), len(bases)


def _matrices(reduced: ReducedParametrization, f: SmallField, echelon: bool) -> Iterator[Array]:
    from neurovariety.geometry.ideal.finite_field_kernels import matrices_at

    total = f.q ** len(reduced.free)
    shape = (reduced.rows, reduced.columns)
    for first in range(0, total, _CHUNK):
        count = min(_CHUNK, total - first)
        yield matrices_at(first, count, f.q, reduced.exponents, reduced.entries, shape, f.addition, f.multiplication, echelon)


class _Rows:
    """Rows of bytes as they are."""

    bitmap = 0


class _Keys:
    """Points of F_q^n as integers to base q, in as many 64-bit words as needed; one word below 2^28 serves as a place in a bitmap."""

    def __init__(self, q: int, columns: int) -> None:
        per_word = 1
        while q ** (per_word + 1) < 2**63:
            per_word += 1
        self.word = np.arange(columns) // per_word
        self.factor = np.array([q ** (j % per_word) for j in range(columns)], dtype=np.uint64)
        self.words = int(self.word.max(initial=0)) + 1
        self.bitmap = q**columns if q**columns <= _MAX_BITMAP else 0

    def of(self, points: Array) -> Array:
        """Keys (points, words) of points (points, n)."""
        out = np.zeros((len(points), self.words), dtype=np.uint64)
        for j in range(points.shape[1]):
            out[:, self.word[j]] += points[:, j].astype(np.uint64) * self.factor[j]
        return out


class _Distinct:
    """The different rows among those added: a bitmap where keys are small, else sorted arrays that are merged now and then."""

    def __init__(self, keys: _Keys | _Rows) -> None:
        self._map = np.zeros(keys.bitmap, dtype=bool) if keys.bitmap else None
        self._parts: list[Array] = []
        self._waiting = 0

    def add(self, rows: Array) -> None:
        if self._map is not None:
            self._map[rows[:, 0]] = True
            return
        part = _unique(rows)
        self._parts.append(part)
        self._waiting += len(part)
        if self._waiting > max(_MERGE, 2 * len(self._parts[0])):
            self._merge()

    def rows(self) -> Array:
        """The different rows, sorted."""
        self._merge()
        return self._parts[0]

    def count(self) -> int:
        return int(np.count_nonzero(self._map)) if self._map is not None else len(self.rows()) if self._parts else 0

    def _merge(self) -> None:
        self._parts = [_unique(np.concatenate(self._parts))]
        self._waiting = len(self._parts[0])


def _unique(rows: Array) -> Array:
    if rows.shape[1] == 1:
        return np.unique(rows[:, 0])[:, None]
    rows = np.ascontiguousarray(rows)
    packed = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    return rows[np.unique(packed, return_index=True)[1]]


def _size(number: int) -> str:
    return f"{number:,}" if number < 10**9 else f"about 10^{len(str(number)) - 1}"


def _share(points: int, total: int) -> str:
    share = points / total
    return "all" if points == total else f"{100 * share:.3g} %" if share >= 1e-4 else f"a share of {share:.2g}"
