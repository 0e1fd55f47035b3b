"""The tests check types at run time: what the hook of `conftest` is to refuse, it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float, TypeCheckError

import neurovariety as nv
from conftest import ONE_IN, checked, decorated

Matrix = Float[np.ndarray, "rows columns"]


@decorated(typechecker=checked)
def halved(n: int) -> float:
    return n / 2 if n else "none"


@decorated(typechecker=checked)
def product(a: Float[np.ndarray, "n k"], b: Float[np.ndarray, "k m"]) -> Float[np.ndarray, "n m"]:
    return a @ b


@decorated(typechecker=checked)
def said(word: Literal["yes", "no"]) -> str:
    return word


@decorated(typechecker=checked)
@dataclass(frozen=True)
class Pair:
    left: int
    right: Matrix | None = None


def test_arguments_and_values():
    assert halved(3) == 1.5
    with pytest.raises(BeartypeCallHintViolation):
        halved("3")
    with pytest.raises(BeartypeCallHintViolation):
        halved(0)


def test_sizes_that_arguments_share():
    assert product(np.ones((2, 3)), np.ones((3, 1))).shape == (2, 1)
    with pytest.raises(TypeCheckError):
        product(np.ones((2, 3)), np.ones((2, 1)))


def test_fields():
    assert Pair(1, np.ones((2, 2))).left == 1
    for wrong in (lambda: Pair("1"), lambda: Pair(1, np.ones(2))):
        with pytest.raises((BeartypeCallHintViolation, TypeCheckError)):
            wrong()


def test_a_choice_of_words_is_left_to_the_function():
    assert said("perhaps") == "perhaps"


def often(*arguments):
    """Of a function that was called often one call in so many is checked."""
    for _ in range(ONE_IN):
        nv.Provenance(*arguments)


def test_the_package_is_checked():
    assert nv.Provenance("1", 0, 1).seconds == 1
    with pytest.raises(BeartypeCallHintViolation):
        often("1", "zero", 1.0)
