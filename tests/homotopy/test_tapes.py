"""Expressions, their derivatives, and tapes against plain complex arithmetic, in NumPy and in the compiled kernels."""

from __future__ import annotations

from fractions import Fraction

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurovariety.errors import DivisionByZeroError
from neurovariety.homotopy import Tape, kernels, record, values_at
from neurovariety.homotopy.expressions import Expression, Graph, jacobian
from neurovariety.homotopy.lanes import LANES, WIDTH
from neurovariety.homotopy.tape import evaluate

INPUTS = 4


@numba.njit
def _run_order(w, tape, k, orders):
    """Here and below: what compiled functions call, called by one."""
    kernels.run_order(w, tape, k, orders)


@numba.njit
def _factor(w, m, n, pivots):
    return kernels.factor(w, m, n, pivots)


@numba.njit
def _solve(w, m, n, pivots, swapped, b):
    kernels.solve(w, m, n, pivots, swapped, b)


@st.composite
def programs(draw):
    """A random sequence of operations: a function of a list that works on numbers and on expressions alike."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from("+-*^/c"), st.integers(0, 30), st.integers(0, 30), st.sampled_from([2, 3, -1, 0.5, 1.5 - 2j])),
            min_size=1,
            max_size=14,
        )
    )

    def run(inputs):
        values = list(inputs)
        for kind, i, j, c in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            match kind:
                case "+":
                    values.append(a + b)
                case "-":
                    values.append(a - c * b)
                case "*":
                    values.append(a * b)
                case "^":
                    values.append(a ** (2 + j % 3))
                case "/":
                    values.append(a / (b * b + (3 + 1j)))
                case "c":
                    values.append(c * a + 1)
        return values[len(inputs) :][-3:]

    return run


def as_expressions(graph, values):
    return [v if isinstance(v, Expression) else graph.constant(v) for v in values]


def reasonable(values):
    return np.isfinite(values).all() and np.abs(values).max(initial=0.0) < 1e6


@given(programs(), st.integers(0, 10**6))
def test_tapes_compute_the_function(program, seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(LANES + 3, INPUTS)) + 1j * rng.normal(size=(LANES + 3, INPUTS))
    expected = np.array([program(list(p)) for p in points])
    if not reasonable(expected):
        return
    graph = Graph(INPUTS)
    found = as_expressions(graph, program([graph.input(i) for i in range(INPUTS)]))
    for reuse in (True, False):
        tape = record(graph, found, reuse=reuse)
        scale = np.abs(expected).max() + 1
        assert np.abs(evaluate(tape, points) - expected).max() < 1e-9 * scale
        assert np.abs(values_at(tape, points) - expected).max() < 1e-9 * scale
        again = Tape.load(tape.save())
        assert np.array_equal(values_at(again, points), values_at(tape, points))


@given(programs(), st.integers(0, 10**6))
def test_jacobians_are_derivatives(program, seed):
    """Against complex-step differences of the function itself."""
    rng = np.random.default_rng(seed)
    point = rng.normal(size=INPUTS) + 1j * rng.normal(size=INPUTS)
    graph = Graph(INPUTS)
    found = as_expressions(graph, program([graph.input(i) for i in range(INPUTS)]))
    rows = jacobian(graph, found, range(INPUTS))
    computed = values_at(record(graph, [e for row in rows for e in row]), point[None])[0].reshape(len(found), INPUTS)
    step = 1e-5
    for i in range(INPUTS):
        shifts = [step * np.exp(0.5j * np.pi * k) for k in range(4)]
        values = [np.array(program([*point[:i], point[i] + s, *point[i + 1 :]])) for s in shifts]
        if not all(reasonable(v) for v in values):
            return
        difference = sum(v / s for v, s in zip(values, shifts, strict=True)) / 4
        assert np.abs(computed[:, i] - difference).max() < 1e-5 * (1 + max(np.abs(v).max() for v in values))


@given(programs(), st.integers(0, 10**6))
def test_series_are_taylor_coefficients(program, seed):
    """The kernel's power series against a Cauchy integral around 0; its high orders tell when a pole is too near for 64 points."""
    orders, count, rng = 4, 64, np.random.default_rng(seed)
    curve = rng.normal(size=(INPUTS, orders)) + 1j * rng.normal(size=(INPUTS, orders))
    around = 1e-2 * np.exp(2j * np.pi * np.arange(count) / count)
    values = [np.array(program(list(curve @ s ** np.arange(orders)))) for s in around]
    if not all(reasonable(v) for v in values) or np.abs(values).max() > 1e3:
        return
    scaled = np.fft.fft(np.array(values), axis=0) / count
    if np.abs(scaled[count // 2 :]).max() > 1e-10 * np.abs(scaled).max():
        return
    expected = scaled[:orders] / 1e-2 ** np.arange(orders)[:, None]
    graph = Graph(INPUTS)
    tape = record(graph, as_expressions(graph, program([graph.input(i) for i in range(INPUTS)])), reuse=False)
    block = np.zeros((tape.slots, orders, 2, LANES))
    block[0, 0, 0] = 1
    block[1 : 1 + INPUTS, :, 0], block[1 : 1 + INPUTS, :, 1] = curve.real[:, :, None], curve.imag[:, :, None]
    flat = block.reshape(-1)
    for k in range(orders):
        _run_order(flat, tape.arrays, k, orders)
    found = flat.reshape(block.shape)[tape.outputs]
    found = (found[:, :, 0] + 1j * found[:, :, 1])[:, :, 0].T
    assert np.abs(found - expected).max() < 1e-4 * (1 + np.abs(expected).max())


def test_parts_are_shared_and_constants_folded():
    graph = Graph(3)
    x, y, z = (graph.input(i) for i in range(3))
    tape = record(graph, [(x + y) ** 2 * z, (y + x) ** 2 * z + 1])
    assert len(tape.code) <= 6  # one sum, one square, one product, two outputs
    assert ((x + y) - (y + x)).is_constant
    assert (x * 0 + 3).value == 3
    assert record(graph, [x * 2.5]).exact
    assert record(graph, [x * (1 / 3)]).exact  # the double next to a third
    assert not record(graph, [x * Fraction(1, 3)]).exact
    assert not (x + 1e16 + 1 - 1e16 - x - 1).terms


def test_slots_are_used_again():
    graph = Graph(2)
    x, y = graph.input(0), graph.input(1)
    power = x
    for _ in range(30):
        power = (power * y + 1) * (x + 2)
    assert record(graph, [power]).slots < 12
    assert record(graph, [power], reuse=False).slots > 30


def test_division_by_zero_is_said():
    graph = Graph(1)
    with pytest.raises(DivisionByZeroError, match="vanishes identically"):
        1 / (graph.input(0) - graph.input(0))


def pack(values):
    """(k, LANES) complex as the flat array of a block."""
    out = np.empty((len(values), 2, LANES))
    out[:, 0], out[:, 1] = values.real, values.imag
    return out.reshape(-1)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16])
def test_linear_systems(n):
    """Also with zeros on the diagonal in some lanes, which must change places in those alone."""
    rng = np.random.default_rng(n)
    a = rng.normal(size=(n, n, LANES)) + 1j * rng.normal(size=(n, n, LANES))
    if n > 1:
        a[0, 0, : LANES // 2] = 0
        a[n - 1, n - 1, 1] = 1e-14
    b = rng.normal(size=(n, LANES)) + 1j * rng.normal(size=(n, LANES))
    w = np.concatenate([pack(a.reshape(-1, LANES)), pack(b)])
    pivots = np.zeros((n, LANES), dtype=np.int64)
    swapped = _factor(w, 0, n, pivots)
    _solve(w, 0, n, pivots, swapped, n * n * WIDTH)
    x = w[n * n * WIDTH :].reshape(n, 2, LANES)
    for l in range(LANES):
        expected = np.linalg.solve(a[:, :, l], b[:, l])
        assert np.abs(x[:, 0, l] + 1j * x[:, 1, l] - expected).max() < 1e-10 * np.abs(expected).max()


def test_what_is_no_number_stays_so():
    """A lane with NaN, infinity or a singular matrix harms no other lane, and is not turned into a number."""
    n, rng = 3, np.random.default_rng(0)
    a = rng.normal(size=(n, n, LANES)) + 1j * rng.normal(size=(n, n, LANES))
    clean = a.copy()
    a[1, 1, 0], a[0, 2, 1] = np.nan, np.inf
    a[:, :, 2] = 0
    b = np.ones((n, LANES), dtype=complex)
    w = np.concatenate([pack(a.reshape(-1, LANES)), pack(b)])
    pivots = np.zeros((n, LANES), dtype=np.int64)
    _solve(w, 0, n, pivots, _factor(w, 0, n, pivots), n * n * WIDTH)
    x = w[n * n * WIDTH :].reshape(n, 2, LANES)
    for l in range(3):
        assert not np.isfinite(x[:, :, l]).all()
    for l in range(3, LANES):
        assert np.abs(clean[:, :, l] @ (x[:, 0, l] + 1j * x[:, 1, l]) - 1).max() < 1e-12


def test_overflow_is_seen():
    graph = Graph(1)
    values = values_at(record(graph, [graph.input(0) ** 4]), np.array([[1e100], [2.0]]))
    assert not np.isfinite(values[0, 0])
    assert values[1, 0] == 16
