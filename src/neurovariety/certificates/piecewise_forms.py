"""A piecewise linear network as integer linear forms: for each unit what it reads, where it bends, and on which lines it lies.

Inputs are homogenized: t, x_1, ..., x_n, with t = 1 at a point and t = 0 in a direction. A unit reads a linear form in these and in the
values of units before it; a *cut* is one of its kinks, a form that is 0 there. The forms are those of `network_values.value`, carried
out on numbers that remember what they are made of, so whatever operation is linear there (convolutions, batch norm, sums along skip
connections) is read; max(p, q) is p + relu(q - p).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import lcm, prod
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.digit_sums import DigitRows
from neurovariety.certificates.network_nodes import NetworkData, check_order, exact, network_hash
from neurovariety.certificates.network_values import Field, value
from neurovariety.certificates.zeros import NotShown

Form = tuple[int, ...]
"""The coefficients of a form at t and the inputs."""


_NOTHING = Fraction(0)
_KNOWN: dict[str, PiecewiseForms] = {}
"""The forms of some networks, by the hash of all that they are."""
_MOST_KNOWN = 4
_AT_ONCE = 2**12
"""Coefficients of a stage up to which what reads it is added up for many patterns at once."""


class FeatureSum:
    """A number that is a combination of features: 0 is t, then the inputs, then the units."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[int, Fraction]) -> None:
        self.terms = terms

    def __add__(self, other: Any) -> FeatureSum:
        more = _of(other).terms
        if len(self.terms) < len(more):
            return _of(other) + self
        found = dict(self.terms)
        for k, c in more.items():
            total = found.get(k, 0) + c
            if total:
                found[k] = total
            else:
                del found[k]
        return FeatureSum(found)

    __radd__ = __add__

    def __neg__(self) -> FeatureSum:
        return FeatureSum({k: -c for k, c in self.terms.items()})

    def __sub__(self, other: Any) -> FeatureSum:
        return self + -_of(other)

    def __rsub__(self, other: Any) -> FeatureSum:
        return _of(other) - self

    def __mul__(self, other: Any) -> FeatureSum:
        one, two = self.terms, _of(other).terms
        if one.keys() <= {0}:
            one, two = two, one
        if not two.keys() <= {0}:
            raise NotShown("values are multiplied with each other: the network is not piecewise linear")
        factor = two.get(0, Fraction(0))
        return FeatureSum({k: c * factor for k, c in one.items()} if factor else {})

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> FeatureSum:
        under = _of(other).terms
        if under.keys() != {0}:
            raise NotShown("values are divided by each other: the network is not piecewise linear")
        return self * FeatureSum({0: 1 / under[0]})

    def constant(self) -> Fraction:
        """The number, of a combination that reads nothing."""
        if not self.terms.keys() <= {0}:
            raise NotShown("an activation that changes with its input is not piecewise linear")
        return self.terms.get(0, Fraction(0))


def _combined(terms: Sequence[dict[int, Fraction]], factors: Sequence[tuple[int, Fraction]]) -> dict[int, Fraction]:
    """The sum of factors times combinations at some places."""
    total: dict[int, Fraction] = {}
    for j, factor in factors:
        for feature, c in terms[j].items():
            more = factor if c == 1 else factor * c
            total[feature] = total[feature] + more if feature in total else more
    return {feature: c for feature, c in total.items() if c}


def _of(given: Any) -> FeatureSum:
    if isinstance(given, FeatureSum):
        return given
    number = Fraction(int(given.p), int(given.q)) if isinstance(given, flint.fmpq) else Fraction(given)
    return FeatureSum({0: number} if number else {})


@dataclass(frozen=True)
class Unit:
    """What a unit reads, its kinks, ascending, and its lines (slope, offset) from left to right."""

    reads: dict[int, Fraction]
    kinks: tuple[Fraction, ...]
    lines: tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True)
class _Bends(Field):
    """The field of combinations: `bend` writes a unit down and gives its feature."""

    inputs: int = 0
    units: list[Unit] = field(default_factory=list)

    def array(self, values: Any) -> np.ndarray:
        source = np.asarray(values)
        if source.dtype == object and source.size and isinstance(source.reshape(-1)[0], FeatureSum):
            return source
        return super().array(values)

    def product(self, x: Any, matrix: Any) -> np.ndarray:
        """Rows of combinations times the rows of a stored matrix; each sum is made once, since it is as long as all that it reads."""
        table = exact(matrix)
        if table.ndim != 2 or x.shape[-1] != table.shape[1]:
            raise ValueError("a layer takes another number of values")
        rows = [[(j, w) for j, w in enumerate(row) if w] for row in table.tolist()]
        below = [[_of(v).terms for v in line] for line in x.reshape(prod(x.shape[:-1]), x.shape[-1]).tolist()]
        out = np.empty((len(below), len(rows)), dtype=object)
        for i, line in enumerate(below):
            single = [next(iter(terms)) for terms in line if len(terms) == 1 and 1 in terms.values()]
            plain = len(set(single)) == len(line)  # features as they are, each once
            for k, row in enumerate(rows):
                out[i, k] = FeatureSum({single[j]: w for j, w in row} if plain else _combined(line, row))
        return out.reshape(*x.shape[:-1], len(rows))

    def bent(self, v: Any, kinks: list[Any], pieces: list[Any]) -> FeatureSum:
        lines = tuple((_of(s).constant(), _of(o).constant()) for s, o in pieces)
        self.units.append(Unit(dict(_of(v).terms), tuple(_of(k).constant() for k in kinks), lines))
        return FeatureSum({self.inputs + len(self.units): Fraction(1)})

    def larger(self, p: Any, q: Any) -> FeatureSum:
        zero, one = FeatureSum({}), _of(1)
        return _of(p) + self.bent(_of(q) - p, [zero], [(zero, zero), (one, zero)])


@dataclass(frozen=True)
class UnitStage:
    """Units that read what comes before them: ``matrix`` @ features[``reads``] is ``scale`` times what they take.

    ``cuts`` are (unit, a, b): a z - b t vanishes at the kink, for z the row of the unit. ``lines`` of a unit: (a, b) with a z + b t the
    value on a line, times ``grown``, which is the scale of the new features.
    """

    units: tuple[int, ...]
    reads: tuple[int, ...]
    matrix: tuple[tuple[int, ...], ...]
    cuts: tuple[tuple[int, int, int], ...]
    lines: tuple[tuple[tuple[int, int], ...], ...]
    grown: int

    @cached_property
    def kink_places(self) -> list[int]:
        """Where the cuts of each unit begin, and where those of the last one end."""
        return [0, *accumulate(len(lines) - 1 for lines in self.lines)]

    @cached_property
    def table(self) -> np.ndarray:
        """The matrix as an array of whole numbers."""
        made = np.empty((len(self.matrix), len(self.reads)), dtype=object)
        if made.size:
            made[:] = self.matrix
        return made

    @cached_property
    def rows(self) -> list[list[Any]]:
        """The matrix as whole numbers of flint."""
        return [[flint.fmpz(v) for v in row] for row in self.matrix]


@dataclass(frozen=True)
class PiecewiseForms:
    """Stages of units, and the outputs: ``matrix`` @ features[``reads``], all times ``scale``."""

    inputs: int
    units: tuple[Unit, ...]
    outputs: tuple[dict[int, Fraction], ...]
    stages: tuple[UnitStage, ...]
    last: UnitStage

    @property
    def cuts(self) -> int:
        """The number of kinks of all units."""
        return sum(len(s.cuts) for s in self.stages)

    @cached_property
    def cuts_by_unit(self) -> list[int]:
        """The places of the cuts, stage by stage, in the order of the units: one that reads little stands in an early stage."""
        units = [s.units[u] for s in self.stages for u, _, _ in s.cuts]
        return sorted(range(len(units)), key=lambda j: units[j])

    def input_rows(self, stages: Sequence[UnitStage] | None = None, outputs: bool = False) -> list[list[Fraction]]:
        """How units (of these stages, of all by default) and, if asked for, the outputs read the inputs directly."""
        chosen = self.stages if stages is None else stages
        read = [self.units[u - self.inputs - 1].reads for s in chosen for u in s.units] + (list(self.outputs) if outputs else [])
        return [[r.get(k, Fraction(0)) for k in range(1, self.inputs + 1)] for r in read]

    def restricted(self, columns: Sequence[int]) -> PiecewiseForms:
        """The network on inputs whose entries other than ``columns`` are 0."""
        kept = {0: 0} | {c + 1: i + 1 for i, c in enumerate(columns)}
        kept |= {k: k - self.inputs + len(columns) for k in range(self.inputs + 1, self.inputs + 1 + len(self.units))}
        turn = [{kept[k]: c for k, c in r.items() if k in kept} for r in (*(u.reads for u in self.units), *self.outputs)]
        units = [Unit(r, u.kinks, u.lines) for r, u in zip(turn, self.units, strict=False)]
        return _staged(len(columns), units, turn[len(units) :])

    def deciding(self) -> PiecewiseForms:
        """The network with a unit more for each pair i < j of outputs, which reads output i less output j; they are the last units."""
        pairs = [(one, two) for i, one in enumerate(self.outputs) for two in self.outputs[i + 1 :]]
        reads = [{k: c for k in one | two if (c := one.get(k, Fraction(0)) - two.get(k, Fraction(0)))} for one, two in pairs]
        relu = ((Fraction(0), Fraction(0)), (Fraction(1), Fraction(0)))
        return _staged(self.inputs, [*self.units, *(Unit(r, (Fraction(0),), relu) for r in reads)], self.outputs)

    def with_outputs(self, outputs: Sequence[dict[int, Fraction]]) -> PiecewiseForms:
        """The network with other combinations of its features as outputs."""
        return _staged(self.inputs, self.units, outputs)

    def pulled_back(self, k: int, chosen: Sequence[int], on: np.ndarray) -> list[Form]:
        """The forms of `forms_of`, one after another."""
        return list(map(tuple, self.forms_of(k, chosen, on).tolist()))

    def forms_of(self, k: int, chosen: Sequence[int], on: np.ndarray) -> np.ndarray:
        """Cuts of stage k as forms in t and the inputs; of the outputs, for k the number of stages: a table (forms, 1 + inputs) of
        whole numbers. Each is times a positive number that is the same for all forms of one cut.

        ``chosen`` are places of cuts in the stage, and row i of ``on`` says which cuts of the stages before are positive where cut
        chosen[i] is wanted. Where one is 0, both lines of its unit have the same value, so it may count as either.
        """
        last = k == len(self.stages)
        stage = self.last if last else self.stages[k]
        cuts = [(j, 1, 0) if last else stage.cuts[j] for j in chosen]
        ends = [0, *accumulate(len(s.cuts) for s in self.stages[:k])]
        at_once = bool(k) and len(self.stages[k - 1].units) * len(self.stages[k - 1].reads) <= _AT_ONCE
        made = set(self.stages[k - 1].units) if at_once else set()
        total: dict[int, np.ndarray] = {}
        rows = [u for u, _, _ in cuts]
        more = None if all(a == 1 for _, a, _ in cuts) else _whole(a for _, a, _ in cuts)
        for at, f in enumerate(stage.reads):
            if f not in made:
                total[f] = stage.table[rows, at] if more is None else more * stage.table[rows, at]
        if any(b for _, _, b in cuts):
            _add(total, 0, _whole(-b for _, _, b in cuts))
        if at_once:
            self._by_sums(k, chosen, on[:, ends[k - 1] :], total)
        for before in reversed(range(k - at_once)):
            self._through(self.stages[before], total, on[:, ends[before] : ends[before + 1]], len(cuts))
        found = np.zeros((len(cuts), self.inputs + 1), dtype=object)
        for i in range(self.inputs + 1):
            if i in total:
                found[:, i] = total[i] if k <= at_once else [int(v) for v in total[i]]
        return found

    def _by_sums(self, k: int, chosen: Sequence[int], on: np.ndarray, total: dict[int, np.ndarray]) -> None:
        """Add what cuts of stage k read by way of the stage before it: sums of the lines that its units are on."""
        places = self.stages[k - 1].kink_places
        counts = on[:, : places[-1]]
        if places != list(range(len(places))):  # some unit has not one kink
            before = np.concatenate([np.zeros((len(on), 1), dtype=np.int64), np.cumsum(counts, axis=1, dtype=np.int64)], axis=1)
            counts = np.diff(before[:, places], axis=1)
        lines = self._lines[k - 1]
        used = counts[:, [u for u, _ in lines]] == [w for _, w in lines]
        features = sorted({0, *self.stages[k - 1].reads})
        found = np.empty((len(chosen), len(features)), dtype=object)
        names = np.array(chosen, dtype=np.int64)
        for j in np.unique(names).tolist():
            mine = names == j
            found[mine] = self._line_table(k, j, features).sums(used[mine])
        for i, f in enumerate(features):
            _add(total, f, found[:, i])

    def _line_table(self, k: int, j: int, features: Sequence[int]) -> DigitRows:
        """What cut j of stage k reads through each line of a unit of the stage before it, at some features."""
        if (k, j) not in self._tables:
            stage, before = (self.last if k == len(self.stages) else self.stages[k]), self.stages[k - 1]
            u, a, _ = (j, 1, 0) if k == len(self.stages) else stage.cuts[j]
            read = dict(zip(stage.reads, stage.matrix[u], strict=True))
            lines = [(v, before.lines[v][w]) for v, w in self._lines[k - 1]]
            factors = [a * read.get(before.units[v], 0) for v, _ in lines]
            table = np.zeros((len(lines), len(features)), dtype=object)
            if lines:
                slopes = _whole(c if line[0] == 1 else c * line[0] for c, (_, line) in zip(factors, lines, strict=True))
                table[:, np.searchsorted(features, before.reads)] = slopes[:, None] * before.table[[v for v, _ in lines]]
                if any(line[1] for _, line in lines):
                    table[:, 0] += _whole(c * line[1] for c, (_, line) in zip(factors, lines, strict=True))
            self._tables[k, j] = DigitRows(table)
        return self._tables[k, j]

    @cached_property
    def _lines(self) -> list[list[tuple[int, int]]]:
        """Of each stage the lines (unit, number) that are not 0 everywhere."""
        return [[(u, w) for u, unit in enumerate(s.lines) for w, line in enumerate(unit) if line != (0, 0)] for s in self.stages]

    @cached_property
    def _tables(self) -> dict[tuple[int, int], DigitRows]:
        return {}

    def _through(self, stage: UnitStage, total: dict[int, np.ndarray], on: np.ndarray, count: int) -> None:
        """Write what is a combination of the units of a stage as one of what they read."""
        columns, rows, at = [], [], 0
        for u, place in enumerate(stage.units):
            lines = stage.lines[u]
            mine = on[:, at : at + len(lines) - 1]
            at += len(lines) - 1
            if place not in total:
                continue
            factors = total.pop(place).tolist()
            rows.append(stage.rows[u])
            if lines == ((0, 0), (1, 0)):
                zero = flint.fmpz(0)
                columns.append([c if o else zero for c, o in zip(factors, mine[:, 0].tolist(), strict=True)])
                continue
            which = mine.sum(axis=1).tolist()
            columns.append([c * lines[w][0] for c, w in zip(factors, which, strict=True)])
            _add(total, 0, _whole(c * lines[w][1] for c, w in zip(factors, which, strict=True)))
        if rows and stage.reads and count:
            made = (flint.fmpz_mat([list(c) for c in zip(*columns, strict=True)]) * flint.fmpz_mat(rows)).tolist()
            for f, column in zip(stage.reads, zip(*made, strict=True), strict=True):
                _add(total, f, _whole(column))


def _whole(values: Iterable[Any]) -> np.ndarray:
    return np.fromiter(values, dtype=object)


def _add(total: dict[int, np.ndarray], feature: int, more: np.ndarray) -> None:
    total[feature] = total[feature] + more if feature in total else more


def piecewise_forms(network: NetworkData) -> PiecewiseForms:
    """The forms of a network. Raises `NotShown` for one that is not piecewise linear."""
    name = network_hash(network)
    if name not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[name] = _forms(network)
    return _KNOWN[name]


def _forms(network: NetworkData) -> PiecewiseForms:
    check_order(network)
    inputs = prod(network.input_shape)
    units: list[Unit] = []
    own = _Bends(_of, balls=False, bend=lambda v, k, p: own.bent(v, k, p), inputs=inputs, units=units)
    x = np.empty(inputs, dtype=object)
    x[:] = [FeatureSum({i + 1: Fraction(1)}) for i in range(inputs)]
    made = value(network, x, own).reshape(-1).tolist()
    return _staged(inputs, units, [_of(v).terms for v in made])


def _staged(inputs: int, units: Sequence[Unit], outputs: Sequence[dict[int, Fraction]]) -> PiecewiseForms:
    depth = dict.fromkeys(range(inputs + 1), 0)
    for i, unit in enumerate(units, inputs + 1):
        depth[i] = 1 + max((depth[k] for k in unit.reads), default=0)
    scale = dict.fromkeys(range(inputs + 1), 1)
    stages = []
    for d in range(1, max(depth.values()) + 1):
        chosen = [i for i in range(inputs + 1, inputs + 1 + len(units)) if depth[i] == d]
        stage = _stage(chosen, [units[i - inputs - 1] for i in chosen], scale)
        scale |= dict.fromkeys(chosen, stage.grown)
        stages.append(stage)
    last = _stage([], [Unit(o, (), ((Fraction(1), Fraction(0)),)) for o in outputs], scale)
    return PiecewiseForms(inputs, tuple(units), tuple(outputs), tuple(stages), last)


def _stage(chosen: Sequence[int], units: Sequence[Unit], scale: Mapping[int, int]) -> UnitStage:
    """Common denominators: positive numbers change no sign."""
    reads = sorted({k for u in units for k in u.reads})
    below = [scale[k] for k in reads]
    rows = [[u.reads.get(k, _NOTHING) for k in reads] for u in units]
    d = lcm(*{v.denominator * s for r in rows for v, s in zip(r, below, strict=True) if v})
    e = lcm(*(v.denominator for u in units for line in u.lines for v in line))
    return UnitStage(
        units=tuple(chosen),
        reads=tuple(reads),
        matrix=tuple(tuple(v.numerator * (d // (v.denominator * s)) if v else 0 for v, s in zip(r, below, strict=True)) for r in rows),
        cuts=tuple((i, k.denominator, k.numerator * d) for i, u in enumerate(units) for k in u.kinks),
        lines=tuple(tuple((int(s * e), int(o * d * e)) for s, o in u.lines) for u in units),
        grown=d * e,
    )
