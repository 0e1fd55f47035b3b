"""Balls in float64 enclose what python-flint's balls find at high precision."""

from __future__ import annotations

import flint
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.homotopy.test_tapes import INPUTS, as_expressions, programs, reasonable

from neurovariety.homotopy import record
from neurovariety.homotopy.certify import enclosures, run_balls
from neurovariety.homotopy.expressions import Graph


@given(programs(), st.integers(0, 10**6), st.sampled_from([0.0, 1e-12, 1e-3]))
def test_enclosures(program, seed, radius):
    """The image of any point of the input balls lies in the output balls."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=INPUTS) + 1j * rng.normal(size=INPUTS)
    graph = Graph(INPUTS)
    tape = record(graph, as_expressions(graph, program([graph.input(i) for i in range(INPUTS)])))
    if not reasonable(np.array(program(list(centre)))) or not tape.exact:
        return
    values, sizes, good = enclosures(tape, centre[None], np.full((1, INPUTS), radius))
    if not good[0]:
        return
    previous, flint.ctx.prec = flint.ctx.prec, 300
    try:
        for _ in range(3):
            turn = radius * rng.random(INPUTS) * np.exp(2j * np.pi * rng.random(INPUTS))
            point = [flint.acb(c.real, c.imag) + flint.acb(t.real, t.imag) * 0.999 for c, t in zip(centre, turn, strict=True)]
            for k, exact in enumerate(run_balls(tape, point)):
                distance = abs(exact - flint.acb(values[0, k].real, values[0, k].imag))
                assert distance < flint.arb(float(sizes[0, k])) or distance.upper() == 0
    finally:
        flint.ctx.prec = previous


def test_division_by_a_ball_around_zero_is_refused():
    graph = Graph(1)
    tape = record(graph, [1 / graph.input(0)])
    values, sizes, good = enclosures(tape, np.array([[0.5 + 0j], [0.5 + 0j]]), np.array([[0.4], [0.6]]))
    assert good.tolist() == [True, False]
    assert abs(values[0, 0] - 2) + 0 < sizes[0, 0]
    assert sizes[0, 0] >= 1 / 0.1 - 2 - 1e-9
