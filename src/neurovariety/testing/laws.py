"""What the checks share: a law that holds or says what was got, what a refusal looks like, and exact values of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeVar

import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError, NeurovarietyError
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.rings.rational import Rationals, to_fraction
from neurovariety.rings.ring import Array

T = TypeVar("T")

LONGEST = 400
"""Characters of a sentence that refuses something."""
DRAWS = 200
"""Points drawn until one is general enough: no denominator vanishes, say. Over the field with two elements it does at 7 of 8 points."""


def hold(true: object, law: str) -> None:
    """Raise `AssertionError` with the ``law`` that is broken, unless it is ``true``."""
    if not true:
        raise AssertionError(law)


@contextmanager
def holding(law: str) -> Iterator[None]:
    """Turn what the package refuses inside into an `AssertionError` that names the law."""
    try:
        yield
    except NeurovarietyError as error:
        raise AssertionError(f"{law}: {error}") from error


def refuses(ask: Callable[[], object], what: str, kind: type[Exception] = InputError) -> None:
    """Hold that ``ask`` raises an error of that ``kind`` with one sentence."""
    try:
        found = ask()
    except kind as error:
        one_sentence(error, what)
    except Exception as error:
        raise AssertionError(f"{what} is refused by a {type(error).__name__}, not by a {kind.__name__}: {error}") from error
    else:
        raise AssertionError(f"{what} is not refused, and gives {found!r}")


def one_sentence(error: Exception, what: str) -> None:
    """Hold that an error is one line of words that fits a screen."""
    text = str(error)
    hold(text and "\n" not in text and "\r" not in text and len(text) <= LONGEST, f"{what} is not refused in one sentence: {text!r}")


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], most: int = 4) -> Array:
    """Random whole numbers other than 0, as Fractions."""
    signed = rng.integers(1, most + 1, size=shape) * rng.choice([-1, 1], size=shape)
    out = np.empty(shape, dtype=object)
    out.reshape(-1)[:] = [Fraction(int(n)) for n in signed.reshape(-1)]
    return out


def some_coefficients(model: Model, rng: np.random.Generator) -> Array:
    """The fixed coefficients, random ones in place of generic ones."""
    drawn = whole_numbers(rng, (len(model.coefficients),))
    for i, c in enumerate(model.coefficients):
        drawn[i] = drawn[i] / 3 if c is None else c
    return drawn


def exact_values(model: Model, weights: Array, inputs: Sequence[Array], coefficients: Array) -> Array:
    """Values over Q at flat rational weights: Fractions of shape (inputs, *output shape)."""
    ring = Rationals()
    blocks, fixed = leaves(model, ring.constant(weights)), ring.constant(coefficients)
    out = np.empty((len(inputs), model.outputs), dtype=object)
    for i, x in enumerate(inputs):
        (found,) = interpret(values_program(model), ring, [*blocks, ring.constant(x), fixed])
        out[i] = [to_fraction(v) for v in np.asarray(found, dtype=object).reshape(-1)]
    return out.reshape(len(inputs), *model.output_shape)


def drawn_until_defined(attempt: Callable[[], T], name: str) -> T:
    """What ``attempt`` returns once it draws a point where no denominator vanishes."""
    for _ in range(DRAWS):
        try:
            return attempt()
        except DivisionByZeroError:
            continue
    raise AssertionError(f"a denominator of {name} vanishes at each of {DRAWS} random points")
