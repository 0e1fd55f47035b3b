"""One program over many rings: whatever Q says, the other rings say as far as they can."""

from __future__ import annotations

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import neurovariety as nv
from dictionary.strategies import FAMILIES
from neurovariety.architectures import as_model, parse
from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.program import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.rings import Complexes, Degrees, FiniteField, Polynomials, Rationals, WordField
from neurovariety.rings.polynomial import coefficients, latex
from neurovariety.rings.rational import to_fraction
from neurovariety.rings.ring import as_fraction, distinct_denominators

SMALL, LARGE = 4194301, 2**61 - 1

POLYNOMIAL = {
    "a user's polynomial": (lambda w, x: (w[:2] @ x) ** 3 - w[2] * x[0] + 7, 3, 2),
    "constants": (lambda w, x: jnp.stack([w[0] * x[0] / 3 + x[1] / 7, 0 * w[1] * x[0], 0.75 * w[1] ** 2 - 1]), 2, 2),
    "cancellation": (lambda w, x: (w[0] * x[0] + w[1]) ** 2 - (w[0] * x[0]) ** 2 - w[1] ** 2, 2, 1),
    "a value that is zero": (lambda w, x: jnp.stack([w[0] - w[0], x[0] * (w[1] - w[1]) + w[0]]), 2, 1),
    "mixed denominators": (lambda w, x: (w[0] / 2 + x[0] / 3 + 1) ** 2 * (w[1] + 1 / jnp.array(3.0)), 2, 1),
    "products and sums": (lambda w, x: jnp.cumprod(w * x) + jnp.cumsum(w) / 5, 3, 3),
}
RATIONAL = {
    "a quotient": (lambda w, x: w[0] * x[0] / (w[1] * x[0] + w[2]), 3, 1),
    "denominators without coefficients": (lambda w, x: x[0] / w[0] + x[0] / w[1], 2, 1),
    "a sum of inverses": (lambda w, x: (x / w).sum(), 3, 3),
    "powers of inverses": (lambda w, x: (w[0] / x[0] + x[0] / w[0]) ** 3, 1, 1),
    "a continued fraction": (lambda w, x: w[0] / (x[0] + w[1] / (x[0] - w[2] / 3)), 3, 1),
    "a quotient that cancels": (lambda w, x: (w[0] ** 2 - x[0] ** 2) / (w[0] - x[0]), 1, 1),
    "constants over a constant": (lambda w, x: 2 / (w[0] * 3) + 1 / (x[0] * 6), 1, 1),
    "a rational function of an inverse": (lambda w, x: (1 / w[0] + x[0]) ** -2 + w[1] ** -1, 2, 1),
}
USERS = {**POLYNOMIAL, **RATIONAL}


def user_model(name):
    function, parameters, inputs = USERS[name]
    return as_model(function, (parameters,), input_shape=inputs)


NAMES = st.one_of(*FAMILIES.values(), st.sampled_from(sorted(USERS)))


def named(name):
    """The model of a notation, or of a user's function above."""
    return user_model(name) if name in USERS else parse(name).model


SEEDS = st.integers(0, 2**32 - 1)


def small(model, terms=3000):
    """Whether an expansion is certainly small: by counting all monomials of its degrees."""
    d = degree_bounds(model)
    if not math.isfinite(d.inputs + d.parameters):
        return False
    return (
        math.comb(model.parameters + int(d.parameters), int(d.parameters)) * math.comb(model.inputs + int(d.inputs), int(d.inputs))
        < terms
    )


def run(model, ring, weights, x, fixed):
    (out,) = interpret(values_program(model), ring, [*leaves(model, ring.constant(weights)), ring.constant(x), ring.constant(fixed)])
    return out


def point(model, seed, bound=9):
    """Integer weights, rational inputs, rational coefficients in place of generic ones."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-bound, bound + 1, size=model.parameters)
    x = np.empty(model.input_shape, dtype=object)
    x.reshape(-1)[:] = [
        Fraction(int(a), int(b))
        for a, b in zip(rng.integers(-bound, bound + 1, model.inputs), rng.integers(1, 5, model.inputs), strict=True)
    ]
    fixed = np.empty(len(model.coefficients), dtype=object)
    fixed[:] = [Fraction(int(rng.integers(1, 9)), 3) if c is None else c for c in model.coefficients]
    return weights, x, fixed


def over_rationals(model, at):
    try:
        return [to_fraction(v) for v in run(model, Rationals(), *at).reshape(-1)]
    except DivisionByZeroError:
        return None


@settings(max_examples=120)
@given(NAMES, SEEDS)
def test_reduction_mod_p(name, seed):
    """Evaluation over Q, then mod p, is evaluation over F_p, for both representations of F_p."""
    model = named(name)
    at = point(model, seed)
    exact = over_rationals(model, at)
    assume(exact is not None)
    for p, ring in ((SMALL, FiniteField(SMALL)), (LARGE, WordField(LARGE)), (SMALL, WordField(SMALL))):
        found = run(model, ring, *at)
        assert [int(v) % p for v in found.reshape(-1)] == [v.numerator * pow(v.denominator, -1, p) % p for v in exact]


@settings(max_examples=80)
@given(NAMES, SEEDS)
def test_complex_numbers(name, seed):
    """C agrees with Q up to a rounding error measured against the sum of the sizes of all terms, the condition of the sum."""
    model = named(name)
    at = point(model, seed)
    exact = over_rationals(model, at)
    assume(exact is not None)
    assume(not degree_bounds(model).rational)
    found = run(model, Complexes(), *at).reshape(-1)
    # Every coefficient and value made positive cannot cancel: an upper bound of what rounding errors are relative to.
    reach = degree_bounds(model).parameters + degree_bounds(model).inputs
    size = 2.0 ** degree_bounds(model).log_norm * 9.0**reach
    assume(size < 1e280)
    for a, b in zip(found, exact, strict=True):
        assert abs(a - float(b)) <= 1e-13 * max(size, 1.0) * (1 + reach)


@pytest.mark.parametrize("name", sorted(RATIONAL))
def test_complex_numbers_where_a_model_divides(name):
    model = user_model(name)
    for seed in range(8):
        at = point(model, seed)
        exact = over_rationals(model, at)
        if exact is not None:
            np.testing.assert_allclose(run(model, Complexes(), *at).reshape(-1), [float(v) for v in exact], rtol=1e-9, atol=1e-12)


def expanded(model, fixed):
    ring = Polynomials([f"w_{i}" for i in range(model.parameters)] + [f"x_{i}" for i in range(model.inputs)])
    variables = ring.generators()
    weights, x = variables[: model.parameters], variables[model.parameters :].reshape(model.input_shape)
    (out,) = interpret(values_program(model), ring, [*leaves(model, weights), x, ring.constant(fixed)])
    return list(out.reshape(-1))


def value_of(polynomial, at):
    """The value of a flint polynomial, by its list of terms."""
    return sum(
        (
            to_fraction(c) * math.prod((v**e for v, e in zip(at, map(int, k), strict=True) if e), start=Fraction(1))
            for k, c in polynomial.to_dict().items()
        ),
        start=Fraction(0),
    )


@settings(max_examples=60)
@given(NAMES, SEEDS)
def test_expanded_polynomials(name, seed):
    """The expansion, evaluated at a point, is the value at that point."""
    model = named(name)
    assume(small(model))
    at = point(model, seed)
    exact = over_rationals(model, at)
    assume(exact is not None)
    numbers = [Fraction(int(v)) for v in at[0]] + list(at[1].reshape(-1))
    for element, value in zip(expanded(model, at[2]), exact, strict=True):
        assert value_of(element.numerator, numbers) == value * value_of(element.denominator, numbers)


@settings(max_examples=80)
@given(NAMES, SEEDS)
@example("denominators without coefficients", 0)
@example("a sum of inverses", 0)
def test_degree_bounds(name, seed):
    """Degrees, lowest degrees and coefficient sizes of the expansion stay within what the degree ring says, entry by entry."""
    model = named(name)
    assume(small(model))
    fixed = point(model, seed)[2]
    program = values_program(model)
    common = math.lcm(*distinct_denominators([*program.constants.values(), fixed]))
    ring = Degrees(common)
    arguments = [*(ring.parameters(b.shape) for b in model.blocks), ring.inputs(model.input_shape), ring.constant(fixed)]
    (bounds,) = interpret(program, ring, arguments)
    n = model.parameters
    for element, bound in zip(expanded(model, fixed), bounds.reshape(-1), strict=True):
        terms = {tuple(map(int, k)): to_fraction(c) for k, c in element.numerator.to_dict().items()}
        under = [tuple(map(int, k)) for k in element.denominator.to_dict()]
        assert max((sum(k) for k in under), default=0) <= bound["under"]
        if not terms:
            continue
        assert max(sum(k[n:]) for k in terms) <= bound["inputs"]
        assert max(sum(k[:n]) for k in terms) <= bound["parameters"]
        assert min(sum(k[n:]) for k in terms) >= bound["low"]
        if bound["under"] == 0 and bound["under_norm"] == 0:
            cleared = [c * common ** int(bound["scale"]) for c in terms.values()]
            assert all(c.denominator == 1 for c in cleared)
            assert math.log2(sum(abs(c) for c in cleared)) <= bound["norm"] + 1e-9


def test_degrees_of_known_models():
    d = degree_bounds(parse("mlp(2,3,1; x^2)").model)
    assert (d.inputs, d.low, d.parameters, d.denominator) == (2, 2, 3, 0)
    d = degree_bounds(parse("mlp(2,3,3,1; x^3 + x)").model)
    assert (d.inputs, d.low, d.parameters) == (9, 1, 13)
    d = degree_bounds(parse("attention(3,2,2; a=2; t=2)").model)
    assert (d.inputs, d.low, d.parameters) == (9, 9, 12)
    d = degree_bounds(user_model("denominators without coefficients"))
    assert (d.denominator, d.rational) == (2, True)


def test_degrees_saturate_instead_of_overflowing():
    d = degree_bounds(parse("mlp(2," + "2," * 90 + "1; x^1000000)").model)
    assert d.inputs >= 1e300 or math.isinf(d.inputs)
    assert not math.isnan(d.log_norm)


class TestZeroDenominators:
    @pytest.mark.parametrize("ring", [Polynomials(["w"]), Degrees()])
    def test_identically(self, ring):
        with pytest.raises(DivisionByZeroError, match="identically"):
            ring.divide(ring.constant(np.array([1])), ring.zeros((1,)))

    @pytest.mark.parametrize("ring", [FiniteField(7), WordField(7)])
    def test_constants_without_an_image(self, ring):
        with pytest.raises(DivisionByZeroError, match="another prime"):
            ring.scalar(Fraction(1, 14))

    def test_new_values_are_drawn_and_said(self, monkeypatch):
        """The first draws are made to hit a zero denominator: the answer is the same and the redraw is recorded."""
        model = user_model("a quotient")
        expected = nv.dimension(model).value
        count = iter(range(100))
        divide = FiniteField.divide

        def unlucky(self, a, b):
            if next(count) < 2:
                raise DivisionByZeroError("a denominator vanished")
            return divide(self, a, b)

        monkeypatch.setattr(FiniteField, "divide", unlucky)
        result = nv.dimension(model)
        assert result.value == expected == 2
        assert any("new values were drawn" in n for n in result.notices)

    def test_a_denominator_that_always_vanishes(self):
        model = as_model(lambda w, x: w[0] / (x[0] - x[0]), (1,), input_shape=1)
        with pytest.raises(nv.NeurovarietyError, match="vanish") as caught:
            nv.dimension(model)
        assert "\n" not in str(caught.value)


class TestPolynomials:
    def test_coefficients(self):
        model = parse("mlp(1,2,1; 1/3*x^2 - x)").model
        fixed = np.array(model.coefficients, dtype=object)
        (f,) = expanded(model, fixed)
        # variables: W1[0], W1[1], W2[0], W2[1], x
        assert coefficients(f) == {
            (2, 0, 1, 0, 2): Fraction(1, 3),
            (0, 2, 0, 1, 2): Fraction(1, 3),
            (1, 0, 1, 0, 1): Fraction(-1),
            (0, 1, 0, 1, 1): Fraction(-1),
        }

    def test_latex(self):
        ring = Polynomials(["w_1_2", "x"])
        w, x = ring.generators().reshape(2, 1)
        third = ring.constant(np.array([Fraction(1, 3)], dtype=object))
        (f,) = ring.subtract(ring.multiply(third, ring.power(x, 2)), ring.multiply(w, x))
        assert latex(f) == r"-w_{1,2} x + \frac{1}{3} x^{2}"
        assert latex(ring.zeros((1,))[0]) == "0"
        (g,) = ring.divide(w, ring.add(x, ring.constant(np.array([1]))))
        assert latex(g) == r"\frac{w_{1,2}}{x + 1}"
        assert latex(ring.constant(np.array([-2]))[0]) == "-2"

    def test_a_quotient_has_no_coefficients(self):
        ring = Polynomials(["x"])
        x = ring.generators()
        with pytest.raises(ValueError, match="rational function"):
            coefficients(ring.power(x, -1)[0])

    def test_common_factors_cancel(self):
        (f,) = expanded(user_model("a quotient that cancels"), np.empty(0, dtype=object))
        assert coefficients(f) == {(1, 0): 1, (0, 1): 1}

    def test_too_many_terms(self):
        ring = Polynomials([f"x{i}" for i in range(12)], max_terms=500)
        total = ring.sum(ring.generators(), (0,))
        with pytest.raises(nv.ResourceError, match="500 terms") as caught:
            ring.power(total.reshape(1), 8)
        assert "\n" not in str(caught.value)

    def test_two_long_factors_are_refused_before_they_are_multiplied(self):
        ring = Polynomials([f"x{i}" for i in range(8)], max_terms=3000)
        total = ring.power(ring.sum(ring.generators(), (0,)).reshape(1), 5)
        with pytest.raises(nv.ResourceError):
            ring.multiply(total, total)

    def test_no_variables(self):
        ring = Polynomials([])
        assert coefficients(ring.constant(np.array([5]))[0]) == {(0,): 5}


@given(st.fractions(), st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_exact_images_of_numbers(fraction, number, integer):
    for value in (fraction, number, integer):
        assert to_fraction(Rationals().constant(np.array([value], dtype=object))[0]) == Fraction(value) == as_fraction(value)


def test_constants_of_mixed_kinds_that_are_equal_or_one_object():
    half, third = Fraction(1, 2), Fraction(1, 3)
    entries = np.array([half, half, third, 0.5, Fraction(1, 2), 2, True, third, 1.0, -2], dtype=object)
    found = FiniteField(101).constant(entries)
    assert [int(v) % 101 for v in found] == [51, 51, 34, 51, 51, 2, 1, 34, 1, 99]
    assert [to_fraction(v) for v in Rationals().constant(entries)] == [Fraction(v) for v in entries]
