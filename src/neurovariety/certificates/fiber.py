"""The fiber of a parametrization over a general function: what symmetries leave of it, and the number of its points on a chart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import prod

from neurovariety.certificates.completeness import LOOPS, SURE
from neurovariety.certificates.functions import DIMENSION, Functions, draw_of
from neurovariety.certificates.general_members import SLICE
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.linear_values import VALUES_DEGREE
from neurovariety.certificates.model_of_premises import models_under
from neurovariety.certificates.ranks import LARGEST_ERROR
from neurovariety.certificates.shown_points import Points, Programs, SystemFamily
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import FieldsVanish
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

HIDDEN, GENERIC_FIBER = "hidden directions", "generic fiber"
LEFT_BY = "functions left by * samples"
PREIMAGES = "weights over a general value"


def left_by(samples: int) -> str:
    """The kind of a number of functions with the same values at so many general inputs."""
    return LEFT_BY.replace("*", str(samples))


_DEGREES = ("degree", SLICE, VALUES_DEGREE)


@dataclass(frozen=True, eq=False)
class HiddenDirections:
    """Dimensions of the general fiber that the stated symmetries do not explain: parameters - dimension - rank of their fields.

    The rank at one point bounds the generic one from below. It is that where all fields are independent, or where nothing is left; else
    with the error of fields at as many random points as are given.
    """

    dimension: Verdict
    fields: tuple[FieldsVanish, ...]
    error: float = field(default=0.0, init=False)

    @property
    def _rank(self) -> int:
        return max(f.rank for f in self.fields)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where a rank is smaller, or the error says little."""
        if self.dimension.statement.kind != DIMENSION or self.dimension.statement.subject != subject.hash or not self.dimension.shown:
            raise NotShown("the dimension is not that of the model")
        if len({draw_of(f.prime, f.weights) for f in self.fields}) < len(self.fields):
            raise NotShown("fields at different places are expected")
        for f in self.fields:
            f.check(subject)
            if subject.fields_rank(f.prime, f.weights) != f.rank:
                raise NotShown("the fields have a larger rank")
        if self._left() and self._rank < subject.field_generators:
            object.__setattr__(self, "error", prod(subject.fields_error(f.prime) for f in self.fields))
        if self.error > LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def _left(self) -> int:
        return int(self.fields[0].parameters - self.dimension.statement.value - self._rank)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many dimensions."""
        claim = Claim.weakest([self.dimension.claim, *([Claim.PROBABILITY] if self.error else [])])
        claim = Claim.UPPER_BOUND if claim is Claim.LOWER_BOUND else claim  # fewer dimensions of functions, more of the fiber
        known = self.dimension.statement
        return Statement(HIDDEN, known.subject, self._left(), known.scope, known.error + self.error), claim


@dataclass(frozen=True, eq=False)
class EvenlyCovered:
    """All weights on a chart over one general value.

    The graph of w -> f_w over the chart has so many points on a general slice (``graph``, complete); moved to a slice of the values
    alone they lead to every isolated weight over these. The ``points`` that were found lie over as many values as the ``degree`` says,
    and as many over each, as monodromy demands: where one was lost, some value would have fewer. ``values``: the number of
    each's. ``loops`` through slices of other values map the points to themselves, one to one.
    """

    family: str
    graph: Verdict
    degree: Verdict
    points: Points
    values: tuple[int, ...]
    loops: tuple[tuple[int, ...], ...]

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` where the points are not closed under loops, where a point is not shown, or the values are not
        evenly covered, or are not all."""
        if subject.hash != self.family or not all(v.shown and v.claim in (*SURE, Claim.COMPLETE) for v in (self.graph, self.degree)):
            raise NotShown("the graph and the degree of the values are not known")
        models = models_under(self.graph)
        if models and models_under(self.degree) != models:
            raise NotShown("the degree is that of another model")
        if self.graph.statement.subject != subject.hash or len(self.points) > self.graph.statement.value:
            raise NotShown("the number of points of the graph is one of another graph, or smaller")
        if self.graph.statement.kind != SLICE or self.degree.statement.kind not in _DEGREES:
            raise NotShown("a number of points of the graph and a degree are expected")
        sizes = Counter(self.values)
        if len(self.values) != len(self.points) or len(sizes) != self.degree.statement.value or len(set(sizes.values())) != 1:
            raise NotShown("the values are not evenly covered")
        if len(self.loops) < LOOPS or any(sorted(loop) != list(range(len(self.points))) for loop in self.loops):
            raise NotShown("the points are not closed under eight loops")
        self.points.shown(Programs.of(subject)).check_different()

    def concludes(self) -> tuple[Statement, Claim]:
        """So many weights over a value."""
        known = self.graph.statement, self.degree.statement
        scope = tuple(dict.fromkeys((*known[0].scope, *known[1].scope)))
        number = Counter(self.values).most_common(1)[0][1]
        return Statement(PREIMAGES, self.family, number, scope, known[0].error + known[1].error), Claim.COMPLETE


@dataclass(frozen=True, eq=False)
class Sorted:
    """``weights`` over a value sorted into classes, of which ``labels`` are the names: the number of these."""

    kind: str
    subject: str
    weights: Verdict
    labels: tuple[int, ...]

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` unless every weight has a class, and the weights are those of the model."""
        if subject.hash != self.subject or models_under(self.weights) != {self.subject}:
            raise NotShown("the weights are those of another model")
        if self.kind != GENERIC_FIBER and not fnmatchcase(self.kind, LEFT_BY):
            raise NotShown("a number of orbits, or of functions, is expected")
        if self.weights.statement.kind != PREIMAGES or not self.weights.checked or len(self.labels) != self.weights.statement.value:
            raise NotShown("not every weight has a class")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many classes."""
        known = self.weights.statement
        return Statement(self.kind, self.subject, len(set(self.labels)), known.scope, known.error), self.weights.claim


@dataclass(frozen=True, eq=False)
class LinearGraph:
    """The coordinates of a graph are linear in the unknowns: a general slice meets it in one point."""

    kind: str
    family: str

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` where a coordinate has a larger degree."""
        coordinates = subject.coordinates
        try:
            degrees = coordinates.degrees()
        except ValueError:
            raise NotShown("the coordinates divide") from None
        if subject.hash != self.family or self.kind != SLICE or max((degrees[s] for s in coordinates.equations), default=0) > 1:
            raise NotShown("the coordinates are not linear")

    def concludes(self) -> tuple[Statement, Claim]:
        """One point."""
        return Statement(self.kind, self.family, 1), Claim.PROVED
