"""State-space layers: the recurrence against its closed form, notation, symmetries, and every theorem against exact ranks."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures import Activation, StateSpace, parse
from neurovariety.architectures.families.state_space import markov_dimension
from neurovariety.citations import cite
from neurovariety.geometry.exact.generic_rank import rank_at
from neurovariety.geometry.exact.points import draw_point
from neurovariety.geometry.exact.span import find_span
from neurovariety.linear_algebra import rank
from neurovariety.program.group_actions import is_invariant
from neurovariety.randomness import generator
from neurovariety.symmetry import Kind

P = 2_097_143
"""A prime of 21 bits."""

NOTATIONS = [
    "ssm(1,2,1; t=5)",
    "ssm(2,3,2; t=1)",
    "ssm(3,1,2; t=4)",
    "ssm(1,2,1; t=5; diagonal)",
    "ssm(2,2,3; t=3; diagonal)",
    "ssm(1,2,1; t=4; x^2)",
    "ssm(2,2,1; t=3; x^3 + 1/3*x; diagonal)",
    "ssm(2,2,2; t=2; generic(2))",
    "ssm(1,2,1; t=3; 2*x)",
    "ssm(1,1,1; t=1; x^2 + 1)",
]


def weights(a, rng):
    return {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}


def random_markov_parameters(a, rng):
    """C A^j B for j = 0, ..., steps - 1 with random A, B, C over the field of P elements."""
    w = {name: rng.integers(0, P, shape).astype(object) for name, shape in a.shapes().items()}
    transition, state, out = np.diag(w["a"]) if "a" in w else w.get("A", np.zeros((a.widths[1],) * 2)), w["B"], []
    for _ in range(a.steps):
        out.append((w["C"] @ state % P).astype(float))
        state = transition @ state % P
    return out


@pytest.mark.parametrize("text", NOTATIONS)
def test_function(text):
    """The recurrence against C s(sum of A^(t-k) B u_k)."""
    a = parse(text)
    rng = np.random.default_rng(0)
    w, u = weights(a, rng), rng.standard_normal(a.input_shape)
    fixed = np.array([rng.standard_normal() if c is None else float(c) for c in a.coefficients()])
    with jax.enable_x64(True):
        found = np.asarray(a.apply(w, u, fixed))
    matrix = np.diag(w["a"]) if "a" in w else w.get("A", np.zeros((a.widths[1],) * 2))  # one step has none
    state = sum(np.linalg.matrix_power(matrix, a.steps - 1 - k) @ w["B"] @ u[k] for k in range(a.steps))
    if a.activation is not None:
        given = iter(fixed)
        state = sum((1.0 if c == 1 else next(given)) * state**e for e, c in a.activation.terms)
    np.testing.assert_allclose(found, w["C"] @ state, rtol=1e-9)
    assert found.shape == a.model.output_shape
    assert [b.name for b in a.model.blocks] == list(a.shapes())


@pytest.mark.parametrize("text", NOTATIONS)
def test_notation_and_symmetries(text):
    a = parse(text)
    assert repr(a) == text
    assert parse(repr(a)) == a
    assert all(is_invariant(a.model, s) for s in a.symmetries())
    assert cite(*(t.source for t in a.theorems()))
    assert a.input_axes() == ()
    assert a.output_axes() == (("C", 0),)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("SSM( 1,2,1 ;t = 4; x )", "ssm(1,2,1; t=4)"),
        ("ssm(1,2,1; Diagonal; x**2; t=4)", "ssm(1,2,1; t=4; x^2; diagonal)"),
    ],
)
def test_equivalent_notations(text, canonical):
    assert repr(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ssm()", "3 widths"),
        ("ssm(1,2; t=3)", "3 widths .*got 2"),
        ("ssm(1,2,1)", "needs t="),
        ("ssm(1,0,1; t=2)", "states 0"),
        ("ssm(0,1,1; t=2)", "inputs 0"),
        ("ssm(1,1,-1; t=2)", "outputs -1"),
        ("ssm(1,2,1; t=0)", "t=0"),
        ("ssm(1,2,1; t=1001)", "t=1001"),
        ("ssm(1,2,1; t=2,3)", "whole number"),
        ("ssm(1,2,1; t=2; t=2)", "given twice"),
        ("ssm(1,2,1; steps=2)", "unknown"),
        ("ssm(1,2,1; t=2; x^2, x^2)", "activations"),
        ("ssm(1,2,1; t=2; x^2; x^3)", "each once"),
        ("ssm(1,2,1; t=2; diagonal; diagonal)", "each once"),
        ("ssm(1,2,1; t=2; relu)", "not a polynomial"),
        ("ssm(1,99999,1; t=2)", "more than the limit"),
    ],
)
def test_refusals(text, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def exact_rank(a, seed=1):
    """The rank of the Jacobian at a random point over a random prime field, at more inputs than parameters."""
    p, point = draw_point(a.model, generator(seed, "test"))
    return rank_at(a.model, p, point, point.inputs(a.model, a.parameters // a.model.outputs + 3))[0]


def holds(a):
    """The exact rank, after every theorem has been held against it."""
    found = exact_rank(a)
    for t in a.theorems():
        assert t.applies
        if t.quantity == "dimension":
            assert t.value == found, (str(a), t.name, t.value, found)
        elif t.quantity == "dimension at most":
            assert t.value >= found, (str(a), t.name, t.value, found)
    return found


class TestLinearReadout:
    def test_dimension(self):
        """Sum of min(t, k_i + v_j), for full and for diagonal A, on 150 sizes."""
        sizes = [
            *itertools.product((1, 2, 3), (1, 2, 3, 4), (1, 2), (1, 2, 3, 4)),
            (3, 4, 3, 3),
            (4, 5, 3, 3),
            (2, 5, 2, 5),
            (4, 5, 4, 3),
        ]
        for m, n, p, t in sizes:
            found = holds(StateSpace((m, n, p), t, None, True))
            if m * n * p * t <= 18:
                assert holds(StateSpace((m, n, p), t)) == found

    def test_special_cases_of_the_formula(self):
        """One input and one output: min(2n, t). Long times: n(m + p). One step: matrices of bounded rank."""
        for m, n, p in itertools.product(range(1, 6), range(1, 9), range(1, 6)):
            assert markov_dimension(1, n, 1, m * p) == min(2 * n, m * p)
            enough = -(-n // m) - (-n // p)
            assert markov_dimension(m, n, p, enough) == markov_dimension(m, n, p, enough + 3) == n * (m + p)
            r = min(m, n, p)
            assert markov_dimension(m, n, p, 1) == r * (m + p - r)
            assert markov_dimension(1, n, p, m) == min(n * (p + 1), p * m)

    def test_against_codimensions_of_hankel_matrices(self):
        """Another formula: with F(s) = sum over a + b = s of (pa - n)^+ (mb - n)^+, codimensions of block Hankel matrices of rank n,
        the codimension of the first t parameters is the second difference F(t+1) - 2 F(t) + F(t-1)."""

        def total(m, n, p, s):
            return sum(max(p * a - n, 0) * max(m * (s - a) - n, 0) for a in range(1, s))

        for m, n, p, t in itertools.product(range(1, 6), range(1, 10), range(1, 6), range(1, 10)):
            difference = total(m, n, p, t + 1) - 2 * total(m, n, p, t) + total(m, n, p, t - 1)
            assert markov_dimension(m, n, p, t) == p * m * t - difference, (m, n, p, t)

    @pytest.mark.parametrize(
        ("text", "value", "ambient"),
        [
            # Ho, Kalman 1966: 2n parameters determine a system of order n with one input and one output.
            ("ssm(1,3,1; t=6)", 6, 6),
            ("ssm(1,3,1; t=7)", 6, 7),
            # Catalisano, Geramita, Gimigliano 2008: P1 x P1 x P1 in degrees (1,1,2) is defective at 3 terms, by one.
            ("ssm(2,3,2; t=3; diagonal)", 11, 12),
            ("ssm(2,3,2; t=3)", 11, 12),
            ("ssm(2,5,2; t=5)", 19, 20),
        ],
    )
    def test_known_dimensions(self, text, value, ambient):
        found = nv.dimension(text)
        assert (found.value, nv.ambient(text).value) == (value, ambient)
        assert found.evidence["ambient"] == ambient

    def test_ranks_of_hankel_matrices(self):
        """Block Hankel matrices of a random system have rank n as soon as they can (Ho, Kalman 1966)."""
        rng = np.random.default_rng(6)
        for (m, n, p), diagonal in itertools.product([(1, 3, 1), (2, 3, 1), (2, 4, 3)], (False, True)):
            h = random_markov_parameters(StateSpace((m, n, p), 7, None, diagonal), rng)
            for a, b in itertools.product(range(1, 5), repeat=2):
                hankel = np.block([[h[i + j] for j in range(b)] for i in range(a)])
                assert rank(hankel, P) == min(n, p * a, m * b)

    def test_two_steps_are_tensors(self):
        """CB and CAB with diagonal A: the tensors p x m x 2 of rank at most n."""
        for m, n, p in itertools.product((2, 3), (1, 2, 3, 4), (2, 3)):
            assert markov_dimension(m, n, p, 2) == nv.dimension(f"cp({p},{m},2; rank={n})", route="computed").value

    def test_fibers_are_orbits_when_there_are_enough_steps(self):
        """Minimal realizations are unique up to GL(n) (Ho, Kalman 1966); with too few steps they are not."""
        for text, hidden in (("ssm(1,2,1; t=4)", 0), ("ssm(2,2,2; t=2)", 0), ("ssm(1,2,1; t=4; diagonal)", 0), ("ssm(1,2,1; t=3)", 1)):
            assert nv.fibers(text).value["hidden"] == hidden


class TestPolynomialReadout:
    READOUTS = ("x^2", "x^3", "x^2 + x", "x^3 + 1", "generic(2)")

    def test_dimension(self):
        """Upper bounds hold; a diagonal recurrence of one input with a monomial readout has the dimension stated, and so have
        perceptrons, which one step is."""
        equalities = 0
        for m, n, p, t in itertools.product((1, 2), (1, 2, 3), (1, 2), (1, 2, 4)):
            for diagonal in (True, False):
                a = StateSpace((m, n, p), t, Activation.parse("x^2" if t != 2 else "x^3"), diagonal)
                holds(a)
                equalities += any(s.quantity == "dimension" for s in a.theorems())
        assert equalities == 24

    def test_known_by_hand(self):
        """Two states, one output, x^2: quadratic forms of rank 2 on the span of the rows, 2 parameters for (A, B), 3 for the form."""
        found = nv.dimension("ssm(1,2,1; t=4; x^2)")
        assert (found.value, str(found.claim)) == (5, "proved")
        assert nv.dimension("ssm(1,3,1; t=2; x^2; diagonal)").value == 3

    def test_span(self):
        """The spans stated, against spans of sampled functions; with n below the degree the bound need not be reached."""
        strict = []
        for m, n, p, t in itertools.product((1, 2), (1, 2, 3), (1, 2), (1, 2, 3, 4)):
            for text, diagonal in itertools.product(self.READOUTS, (True, False)):
                a = StateSpace((m, n, p), t, Activation.parse(text), diagonal)
                stated = next(s for s in a.theorems() if s.quantity.startswith("ambient"))
                if stated.value > 45 or (p == 2 and t != 3):
                    continue
                found = find_span(a.model, generator(1, "test"), stated.value + 5, None).value
                assert found <= stated.value, str(a)
                if found < stated.value:
                    strict.append(str(a))
                    assert stated.quantity == "ambient at most"
        assert all("x^3" in text for text in strict)

    def test_bound_is_not_always_reached(self):
        """Cubes of sequences of order 2 in 2 x 4 variables: minors of order 3 vanish on them, and 116 of 120 cubic forms remain."""
        a = parse("ssm(2,2,1; t=4; x^3)")
        stated = next(s for s in a.theorems() if s.quantity.startswith("ambient"))
        assert (stated.quantity, stated.value) == ("ambient at most", 120)
        assert find_span(a.model, generator(1, "test"), 121, None).value == 116


def test_kinds_of_symmetries():
    """GL(n) for linear readouts; with a monomial readout the torus, with any other the permutations, and so for diagonal A."""
    kinds = {text: [s.kind for s in parse(text).symmetries()] for text in NOTATIONS}
    assert kinds["ssm(1,2,1; t=5)"] == kinds["ssm(1,2,1; t=3; 2*x)"] == [Kind.GENERAL_LINEAR]
    assert kinds["ssm(1,2,1; t=5; diagonal)"] == kinds["ssm(1,2,1; t=4; x^2)"] == [Kind.TORUS, Kind.PERMUTATION]
    assert kinds["ssm(2,2,2; t=2; generic(2))"] == [Kind.PERMUTATION]
    assert kinds["ssm(1,1,1; t=1; x^2 + 1)"] == []


def test_linear_maps_of_the_outputs():
    a = parse("ssm(2,2,3; t=3; diagonal)")
    rng = np.random.default_rng(1)
    w, s, u = weights(a, rng), rng.standard_normal((3, 3)), rng.standard_normal(a.input_shape)
    with jax.enable_x64(True):
        before, after = (np.asarray(a.apply(v, u, np.zeros(0))) for v in (w, w | {"C": s @ w["C"]}))
    np.testing.assert_allclose(after, s @ before, rtol=1e-9)
