"""The laws of a ring that programs run over, checked by computing: `check_ring`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import product
from traceback import walk_tb

import numpy as np

from neurovariety.architectures.notation import parse
from neurovariety.errors import DivisionByZeroError
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.rings.ring import Array, Ring
from neurovariety.testing.laws import drawn_until_defined, exact_values, hold, one_sentence, some_coefficients, whole_numbers

PROGRAMS = ("mlp(2,2,1; 1/3*x^2 - x)", "cnn(2,2; x^2; channels=1,2,1)", "attention(2,1; a=1; t=2)", "mlp(1,2,1; (x + 1)/(x^2 + 2))")
"""Programs that are run over every ring: rational coefficients, convolutions, products of weights with weights, quotients."""
_NUMBERS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(5), Fraction(1, 2), Fraction(-2, 3), Fraction(7, 5), Fraction(2**70 + 1))
_DRAWN = 64
"""Elements drawn to see that they differ: enough for the field of two."""
_MULTIPLIED = 18
"""Exponents up to which a power is multiplied out; each of `_EXPONENTS` is a sum of two that are known by then."""
_EXPONENTS = ((14, 17), (16, 16), (17, 16), (31, 33), (32, 32), (64, 33), (64, 64))
_LONG = 300
"""Length of an inner product: long enough to leave a range in which numbers are exact, if there is one."""


def check_ring(ring: object, *, within: float = 0.0, seed: int = 0) -> None:
    """Hold a ring to its laws. Raises `AssertionError`: which law is broken, and by what.

    ``within`` is the relative difference that a ring which rounds may make (0: it is exact). Random elements are drawn with ``seed``.
    The laws:

    * ``random`` gives the shape and dtype, from the generator alone, and elements that are not all equal, nor have only products 0;
      1 is not 0;
    * addition and multiplication are commutative and associative, with 0 and 1, and distributive; ``subtract`` and ``negative`` undo
      addition;
    * ``scalar`` maps sums to sums and products to products, and raises `DivisionByZeroError` for denominators without inverse alone;
      ``constant`` does entry by entry what ``scalar`` does, for whole numbers, booleans, floats and Fractions;
    * entrywise operations broadcast; ``sum`` adds along the axes named; ``matmul`` is sums of products, with batches, and zeros where
      the inner length is 0;
    * ``power`` is repeated multiplication, for exponents beyond a hundred as well, and division for negative exponents;
    * ``divide`` undoes multiplication or raises `DivisionByZeroError` in one sentence, as it does for a divisor 0;
    * nothing else is raised;
    * programs (a perceptron with rational coefficients, a convolution, attention, a rational function) have at rational weights the
      image of their values over Q, and at random elements what loops over the definition give.

    >>> from neurovariety.rings import FiniteField
    >>> check_ring(FiniteField(101))
    """
    if not isinstance(ring, Ring):
        raise AssertionError(f"a ring is an object of a class derived from Ring, got {ring!r}")
    laws = _Laws(ring, within, np.random.default_rng(seed))
    with _answering(ring):
        laws.draws(seed)
        laws.axioms()
        laws.numbers()
        laws.shapes()
        laws.products()
        laws.powers()
        laws.quotients()
        for notation in PROGRAMS:
            laws.program(parse(notation).model)
        laws.loops()


@contextmanager
def _answering(ring: Ring) -> Iterator[None]:
    """Turn what a ring raises, where it has to answer, into an `AssertionError` that names its method."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        methods = [frame.f_code.co_name for frame, _ in walk_tb(error.__traceback__) if frame.f_locals.get("self") is ring]
        where = f" in {methods[-1]}" if methods else ""
        raise AssertionError(f"{ring.name}: a {type(error).__name__}{where}: {error}") from error


class _Laws:
    """The laws of one ring; each method draws its own elements."""

    def __init__(self, ring: Ring, within: float, rng: np.random.Generator) -> None:
        self.ring, self.within, self.rng = ring, within, rng

    def random(self, *shape: int) -> Array:
        return self.ring.random(shape, self.rng)

    def equal(self, a: Array, b: Array, law: str) -> None:
        """Hold that two arrays are equal; elements are compared by their difference, as they may be written in several ways."""
        hold(np.shape(a) == np.shape(b), f"{self.ring.name}: {law}: the shapes are {np.shape(a)} and {np.shape(b)}")
        difference = self.ring.subtract(a, b)
        hold(self._is_zero(difference, a), f"{self.ring.name}: {law}: {_shown(a)} and {_shown(b)}")

    def number(self, value: int | Fraction) -> Array:
        return self.ring.constant(np.array([Fraction(value)], dtype=object))

    def draws(self, seed: int) -> None:
        a, b = (self.ring.random((3, 2), np.random.default_rng(seed)) for _ in range(2))
        hold(a.shape == (3, 2), f"{self.ring.name}: random elements of shape (3, 2) have the shape {a.shape}")
        self.equal(a, b, "random elements come from the generator alone")
        for made in (a, self.ring.zeros((2,)), self.ring.constant(np.arange(2)), self.ring.add(a, b)):
            hold(
                made.dtype == np.dtype(self.ring.dtype), f"{self.ring.name}: the dtype is {made.dtype}, not {np.dtype(self.ring.dtype)}"
            )

        one, other = self.random(_DRAWN), self.random(_DRAWN)
        hold(
            not self._is_zero(self.ring.subtract(one, other), one), f"{self.ring.name}: {_DRAWN} pairs of random elements are all equal"
        )
        hold(not self._is_zero(self.ring.subtract(one[1:], one[:-1]), one), f"{self.ring.name}: {_DRAWN} random elements are all equal")
        hold(
            not self._is_zero(self.ring.multiply(one, other), one), f"{self.ring.name}: {_DRAWN} products of random elements are all 0"
        )

    def _is_zero(self, a: Array, like: Array) -> bool:
        return _vanishes(a, like, self.within)

    def axioms(self) -> None:
        r = self.ring
        a, b, c = (self.random(6) for _ in range(3))
        zero, one = r.zeros((6,)), r.constant(np.ones(6, dtype=np.int64))
        hold(not self._is_zero(one, one), f"{r.name}: 1 is 0")
        self.equal(r.add(a, b), r.add(b, a), "a + b = b + a")
        self.equal(r.add(r.add(a, b), c), r.add(a, r.add(b, c)), "(a + b) + c = a + (b + c)")
        self.equal(r.add(a, zero), a, "a + 0 = a")
        self.equal(r.add(a, r.negative(a)), zero, "a + (-a) = 0")
        self.equal(r.subtract(r.add(a, b), b), a, "(a + b) - b = a")
        self.equal(r.multiply(a, b), r.multiply(b, a), "a b = b a")
        self.equal(r.multiply(r.multiply(a, b), c), r.multiply(a, r.multiply(b, c)), "(a b) c = a (b c)")
        self.equal(r.multiply(a, one), a, "a 1 = a")
        self.equal(r.multiply(a, zero), zero, "a 0 = 0")
        self.equal(r.multiply(a, r.add(b, c)), r.add(r.multiply(a, b), r.multiply(a, c)), "a (b + c) = a b + a c")

    def numbers(self) -> None:
        r = self.ring
        known = [v for v in _NUMBERS if self._has(v)]
        hold(all(v in known for v in _NUMBERS if v.denominator == 1), f"{r.name}: a whole number has no image")
        for a, b in product(known, known):
            for name, value, operation in ((f"{a} + {b}", a + b, r.add), (f"({a}) ({b})", a * b, r.multiply)):
                self.equal(self.number(value), operation(self.number(a), self.number(b)), f"scalar of {name}")
        for values in (np.array([0, 1, -3]), np.array([True, False]), np.array(known, dtype=object), np.array([0.5, -2.25])):
            exact = [Fraction(v) for v in values.tolist()]
            if all(map(self._has, exact)):
                each = np.concatenate([self.number(v) for v in exact])
                self.equal(r.constant(values), each, f"constant of {values.tolist()}")
        hold(r.constant(np.zeros((0, 4))).shape == (0, 4), f"{r.name}: constant of an empty array has another shape")

    def _has(self, value: Fraction) -> bool:
        try:
            self.ring.scalar(value)
        except DivisionByZeroError as error:
            one_sentence(error, f"{value} in {self.ring.name}")
            return False
        return True

    def shapes(self) -> None:
        r = self.ring
        a, b = self.random(2, 1, 3), self.random(2, 1)
        operations: tuple[tuple[str, Callable[[Array, Array], Array]], ...]
        operations = (("add", r.add), ("subtract", r.subtract), ("multiply", r.multiply))
        for name, operation in operations:
            wide = operation(*(np.array(np.broadcast_to(v, (2, 2, 3))) for v in (a, b)))
            self.equal(operation(a, b), wide, f"{name} broadcasts")
        s = self.random(2, 3, 2)
        for axis in ((0,), (1,), (0, 2), (0, 1, 2)):
            added = self._added(s, axis)
            self.equal(r.sum(s, axis), added, f"sum along {axis}")
        self.equal(r.sum(self.random(2, 0, 3), (1,)), r.zeros((2, 3)), "sum along an axis of length 0")

    def _added(self, a: Array, axis: tuple[int, ...]) -> Array:
        for k in sorted(axis, reverse=True):
            total = self.ring.zeros(a.shape[:k] + a.shape[k + 1 :])
            for i in range(a.shape[k]):
                total = self.ring.add(total, np.asarray(np.take(a, [i], axis=k)).reshape(total.shape))
            a = total
        return a

    def products(self) -> None:
        r = self.ring
        for left, right in (((2, 3), (3, 2)), ((2, 1), (1, 3)), ((2, 1, 2, 3), (3, 3, 1)), ((1, _LONG), (_LONG, 1)), ((2, 0), (0, 3))):
            a, b = self.random(*left), self.random(*right)
            terms = r.multiply(a[..., :, :, None], b[..., None, :, :])
            self.equal(r.matmul(a, b), self._added(terms, (terms.ndim - 2,)), f"matmul of {left} and {right}")

    def powers(self) -> None:
        r, a = self.ring, self.random(4)
        expected = r.constant(np.ones(4, dtype=np.int64))
        for exponent in range(_MULTIPLIED):
            self.equal(r.power(a, exponent), expected, f"a^{exponent}")
            expected = r.multiply(expected, a)
        for first, second in _EXPONENTS:
            self.equal(r.power(a, first + second), r.multiply(r.power(a, first), r.power(a, second)), f"a^{first + second}")
        b = self._invertible()
        if b is not None:
            for exponent in (1, 2, 3, _MULTIPLIED):
                product = r.multiply(r.power(b, -exponent), r.power(b, exponent))
                self.equal(product, r.constant(np.ones(b.shape, dtype=np.int64)), f"a^-{exponent} a^{exponent} = 1")

    def _invertible(self) -> Array | None:
        """Random elements that can be divided by; None where there are hardly any."""
        for _ in range(20):
            b = self.random(3)
            try:
                self.ring.divide(b, b)
            except DivisionByZeroError as error:
                one_sentence(error, f"division in {self.ring.name}")
            else:
                return b
        return None

    def quotients(self) -> None:
        r, a, b = self.ring, self.random(3), self._invertible()
        if b is not None:
            self.equal(r.multiply(r.divide(a, b), b), a, "(a / b) b = a")
            self.equal(r.divide(r.multiply(a, b), b), a, "(a b) / b = a")
        try:
            found = r.divide(a, r.constant(np.array([1, 0, 1])))
        except DivisionByZeroError as error:
            one_sentence(error, f"division by 0 in {r.name}")
        else:
            raise AssertionError(f"{r.name}: division by 0 gives {_shown(found)}; raise DivisionByZeroError")

    def program(self, model: Model) -> None:
        """At rational weights a value is the image of that over Q, where the coefficients have one."""
        if not all(map(self._has, model.known_coefficients())):
            return

        def attempt() -> tuple[Array, Array]:
            weights, x, fixed = (
                whole_numbers(self.rng, (model.parameters,)),
                whole_numbers(self.rng, model.input_shape),
                some_coefficients(model, self.rng),
            )
            (exact,) = exact_values(model, weights, [x], fixed)
            return self.ring.constant(exact), self._run(model, *map(self.ring.constant, (weights, x, fixed)))

        expected, found = drawn_until_defined(attempt, f"{model.name} over {self.ring.name}")
        self.equal(found, expected, f"{model.name} is the image of its value over Q")

    def _run(self, model: Model, weights: Array, x: Array, fixed: Array) -> Array:
        (out,) = interpret(values_program(model), self.ring, [*leaves(model, weights), x, fixed])
        return np.asarray(out)

    def loops(self) -> None:
        """A perceptron at random elements, entry by entry."""
        r = self.ring
        model = parse("mlp(2,3,2; x^3 + 2*x^2)").model
        weights, x = self.random(model.parameters), self.random(2)
        first, second = (weights[model.places[name]] for name in ("W1", "W2"))
        two = self.number(2)
        hidden = []
        for row in first:
            z = self._dotted(row, x)
            square = r.multiply(z, z)
            hidden.append(r.add(r.multiply(square, z), r.multiply(two, square)))
        expected = np.concatenate([self._dotted(row, np.concatenate(hidden)) for row in second])
        fixed = r.constant(np.array(model.known_coefficients(), dtype=object))
        self.equal(self._run(model, weights, x, fixed), expected, f"{model.name} is what loops give")

    def _dotted(self, a: Array, b: Array) -> Array:
        total = self.ring.zeros((1,))
        for i in range(len(a)):
            total = self.ring.add(total, self.ring.multiply(a[i : i + 1], b[i : i + 1]))
        return total


def _vanishes(difference: Array, like: Array, within: float) -> bool:
    """Whether all entries are 0, or small beside those of ``like``."""
    names = difference.dtype.names
    if names is not None:
        return all(_vanishes(difference[n], like[n], within) for n in names)
    if difference.dtype.kind == "O":
        return not any(bool(v) if hasattr(type(v), "__bool__") else v != 0 for v in difference.reshape(-1))
    largest = float(np.abs(like).max(initial=0.0))
    return bool(np.all(np.abs(difference) <= within * max(1.0, largest)))


def _shown(a: Array) -> str:
    return str(a.reshape(-1)[:4].tolist())
