"""Lists of critical functions in charts where too few weights are free, or too many: what is critical among some functions only."""

from __future__ import annotations

from dataclasses import replace

import flint
import numpy as np
import pytest

from neurovariety.certificates.account import FloatZeros
from neurovariety.certificates.balls import ball
from neurovariety.certificates.critical_functions import AllInCharts, InChart, SomeInCharts
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.general_members import OnChart
from neurovariety.certificates.issue import _TOKEN, Verdict, issue
from neurovariety.certificates.shown_points import Points, Programs
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_families import StoredFamily
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

from .sheets import kept_document, read_back


@pytest.fixture(scope="module")
def known():
    """The two critical functions c (a x0 + b x1)^2 of a loss, a = 1 held: a list of all."""
    return next(v for v in read_back(kept_document("landscape 0")) if isinstance(v.certificate, AllInCharts))


def best_on_rays(charts, count):
    """Where c alone is free the loss is a quadric of it: its least on the ray of (x0 + t x1)^2, for each t."""
    places = []
    for t in range(count):
        at = np.array([1, t, *charts.loss], dtype=complex)
        run = Over(charts.chart((2,)).system, ball)
        start, end = (complex(run([flint.acb(c), *map(ball, at.tolist())])[0]) for c in (0, 1))
        zeros = FloatZeros(np.array([[-start / (end - start)]]), np.array([[[1 / (end - start)]]]))
        places.append(InChart((2,), Points(at, zeros)))
    return tuple(places)


def test_the_best_on_rays_are_not_critical(known):
    """Each is a zero of the gradient by its free weight at which the coordinates have full rank in it, and all are different."""
    listed, charts = known.certificate, known.on
    assert charts.rank == 2
    assert issue(listed, charts).statement.value == 2
    places = best_on_rays(charts, 4)
    for place in places:
        place.points.shown(Programs.of(charts.chart(place.free)))
    for twin in (SomeInCharts(listed.charts_of, places), replace(listed, places=places[1:3])):
        with pytest.raises(NotShown, match="1 weights are free in a chart, where J has rank 2"):
            issue(twin, charts)


def held_at(program, slot, value):
    """The program with a number in the place of an input."""
    n = program.unknowns - 1
    place = {k: n if k == slot else k - (k > slot) if k <= n else k for k in range(n + 1 + len(program.sums))}
    sums = tuple(tuple((c, tuple((place[s], e) for s, e in m)) for c, m in terms) for terms in program.sums)
    return ExactSystem(n, (((value, ()),), *sums), tuple(place[s] for s in program.equations))


@pytest.mark.parametrize(("b", "dense"), [(0, False), (1, True)])
def test_a_chart_with_a_smaller_image_has_not_all(known, b, dense):
    """As if the number of critical functions were known in the chart of a and c: with b = 0 its functions are multiples of x0^2."""
    listed, charts = known.certificate, known.on
    chart = charts.chart((0, 2))
    system, values = held_at(chart.system, 2, b), held_at(chart.coordinates, 2, b)
    family = StoredFamily(system, values, values, 2, np.arange(len(charts.loss)))
    number = Verdict(Statement("critical points", family.hash, 2), Claim.COMPLETE, None, on=family, token=_TOKEN)
    other = replace(listed, general=number, by=OnChart((0, 2), (b,), False))
    if dense:
        assert issue(other, charts).statement.value == 2
    else:
        with pytest.raises(NotShown, match="the image of the chart may be smaller"):
            issue(other, charts)
