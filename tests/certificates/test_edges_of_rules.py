"""Small rules of the room, each at both sides of where it holds, or against numpy."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates import recheck as room
from neurovariety.certificates.issue import Forged, NotShown, Verdict, issue, recorded, weak
from neurovariety.certificates.learning_coefficients import check_product, coefficient_of_linear
from neurovariety.certificates.neurons_on_a_line import OddNetwork
from neurovariety.certificates.piecewise_forms import Unit, _staged
from neurovariety.certificates.piecewise_signs import SignForms
from neurovariety.certificates.plain_form import _fits
from neurovariety.certificates.point_counts import FieldOfElements
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import levelled_error
from neurovariety.claim import Claim
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients

SAID = Statement("a number", "", 1)


def test_verdicts_are_made_by_checks_alone():
    for token in (None, object(), "token"):
        with pytest.raises(Forged):
            Verdict(SAID, Claim.PROVED, token=token)
    made = weak(SAID, Claim.ESTIMATE, "")
    with pytest.raises(Forged):
        replace(made, claim=Claim.PROVED, token=None)
    for claim in Claim:
        if claim in (Claim.ESTIMATE, Claim.UNDECIDED):
            assert not weak(SAID, claim, "").shown
        else:
            with pytest.raises(Forged):
                weak(SAID, claim, "")
        assert not recorded(SAID, claim).shown


HINTS = [
    (1, int, True),
    (True, int, False),
    (True, float, False),
    (True, bool, True),
    (1, float, True),
    (1.5, int, False),
    ("x", str, True),
    (None, int | None, True),
    (None, int, False),
    ("a", Literal["a", "b"], True),
    ("c", Literal["a", "b"], False),
    ((1, "x"), tuple[int, str], True),
    ((1, 2), tuple[int, str], False),
    (("x", "x"), tuple[int, str], False),
    ((1, "x", "x"), tuple[int, str], False),
    ((1,), tuple[int, str], False),
    ((), tuple[int, ...], True),
    ((1, 2, 3), tuple[int, ...], True),
    ((1, "x"), tuple[int, ...], False),
    (("x", 1), tuple[int, ...], False),
    ([1], tuple[int, ...], False),
    ({"a": 1}, dict[str, int], True),
    ({"a": "b"}, dict[str, int], False),
    ({1: 1}, dict[str, int], False),
    ({"a": 1, "b": "x"}, dict[str, int], False),
    ([("a", 1)], dict[str, int], False),
    (np.zeros(2), np.ndarray, True),
    ((0, 0), np.ndarray, False),
    (Fraction(1, 2), Fraction, True),
    (object(), Any, True),
]


@pytest.mark.parametrize(("value", "hint", "fits"), HINTS)
def test_what_is_read_is_of_the_type_that_is_stated(value, hint, fits):
    assert _fits(value, hint) is fits


@pytest.mark.parametrize("q", range(-4, 40))
def test_fields_have_as_many_elements_as_powers_of_primes(q):
    powers = {p**k for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37) for k in range(1, 6)}
    subject = exact_coefficients(nv.as_model("linear(1,1,1)"))
    if q in powers:
        FieldOfElements(subject.hash, q).check(subject)
        with pytest.raises(NotShown):
            FieldOfElements("another", q).check(subject)
    else:
        with pytest.raises(NotShown):
            FieldOfElements(subject.hash, q).check(subject)


@pytest.mark.parametrize("seed", range(4))
def test_levelled_errors_are_those_of_the_linear_system(seed):
    """f(x_i) - p(x_i) = (-1)^i e at n + 2 points has one solution (p, e)."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 4))
    points = sorted(Fraction(int(v), 16) for v in rng.choice(np.arange(-40, 41), size=n + 2, replace=False))
    at = np.array([float(x) for x in points])
    columns = [at**k for k in range(n + 1)] + [(-1.0) ** np.arange(n + 2)]
    for name, function in (("tanh", np.tanh), ("relu", lambda v: np.maximum(v, 0))):
        expected = abs(np.linalg.solve(np.array(columns).T, function(at))[-1])
        certificate = nv.approximate(activation=name, interval=(-3, 3), degree=1).verdicts["error"].certificate
        known = (certificate.question if hasattr(certificate, "question") else certificate.least.certificate.question).known()
        assert float(levelled_error(known, points, 128).mid()) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("widths", [(1, 1, 1), (1, 3, 2), (2, 2, 1)])
def test_odd_networks_have_the_first_odd_degrees(widths):
    n, hidden, outputs = widths
    found = OddNetwork(widths, "tanh").coordinates
    assert sorted({sum(e) for (_, e), _ in found}) == [2 * k + 1 for k in range(hidden)]
    assert {o for (o, _), _ in found} == set(range(outputs))
    for (o, e), f in found:
        expected = {}
        for i in range(hidden):
            exponents = [0] * (hidden * (n + outputs))
            exponents[n * i : n * i + n] = e
            exponents[hidden * n + o * hidden + i] += 1
            expected[tuple(exponents)] = 1
        assert {tuple(map(int, k)): int(c.p) for k, c in f.to_dict().items()} == expected


def read(result):
    data = result.to_dict(certificates=True)
    return room._Read(data["certificates"], {}, data["architecture"])


def test_stored_data_may_be_copied():
    """They answer for names that they lack with a sentence, but not for those that Python asks."""
    for subject in read(nv.dimension("mlp(2,2,1; x^2)", route="computed")).subjects.values():
        for other in (copy.copy(subject), copy.deepcopy(subject), pickle.loads(pickle.dumps(subject))):
            assert other.hash == subject.hash


@pytest.mark.parametrize("columns", ["negative", "too large", "twice"])
def test_columns_of_a_box_are_weights(columns):
    found = [v for v in read(nv.membership("cp(2,2,2; rank=2)")).verdicts if type(v.certificate).__name__ == "RealizedInBox"]
    assert found
    for verdict in found:
        certificate, n = verdict.certificate, len(verdict.certificate.centre)
        own = certificate.columns
        other = {"negative": own[0] - n, "too large": n, "twice": own[1]}[columns]
        with pytest.raises(NotShown):
            issue(replace(certificate, columns=(other, *own[1:])), verdict.on)


@pytest.mark.parametrize(
    ("lines", "signs"),
    [
        (((0, 0), (1, 0)), (0, 1)),
        (((1, 0), (1, 0)), (-1, 1)),
        (((-1, 0), (1, 0)), (1, 1)),
        (((2, 0), (1, 0)), (-1, 1)),
        (((1, 0), (0, 0)), (-1, 0)),
    ],
)
@pytest.mark.parametrize("twice", [False, True])
def test_signs_behind_one_kink(lines, signs, twice):
    """Lines through 0, alone and beside a ReLU."""
    lines = tuple((Fraction(a), Fraction(b)) for a, b in lines)
    relu = ((Fraction(0), Fraction(0)), (Fraction(1), Fraction(0)))
    units = [Unit({1: Fraction(1)}, (Fraction(0),), own) for own in ([lines, relu] if twice else [lines])]
    forms = _staged(1, units, [{2: Fraction(1)}])
    _, outputs = SignForms(forms).signs([(1, -3), (1, 2), (1, 0)])
    assert outputs.reshape(-1).tolist() == [*signs, 0]


@pytest.mark.parametrize("inputs", range(1, 6))
@pytest.mark.parametrize("outputs", range(1, 6))
@pytest.mark.parametrize("hidden", range(1, 6))
def test_reduced_rank_regression(inputs, outputs, hidden):
    """The theorem on deep linear networks, for two matrices, against the one on these (Aoyagi, Watanabe 2005)."""
    m, n, h = inputs, outputs, hidden
    for r in range(min(m, n, h) + 1):
        times = 1
        if n + r <= m + h and m + r <= n + h and h + r <= m + n:
            eight = -((h + r) ** 2) - m**2 - n**2 + 2 * (h + r) * (m + n) + 2 * m * n
            odd = (m + n + h + r) % 2
            twice, times = Fraction(eight + odd, 4), 1 + odd
        elif m + h < n + r:
            twice = Fraction(h * m - h * r + n * r)
        elif n + h < m + r:
            twice = Fraction(h * n - h * r + m * r)
        else:
            twice = Fraction(m * n)
        assert coefficient_of_linear((m, h, n), r) == (twice, times), r


def test_functions_that_are_0_are_no_products_of_their_matrices():
    """A file may say so: it is refused, and ends in no traceback."""
    program = SimpleNamespace(sums=(), unknowns=0, equations=())
    nothing = SimpleNamespace(blocks=((1, 2), (2, 1)), inputs=2, outputs=2, coefficients=(), program=program, coordinates=())
    with pytest.raises(NotShown):
        check_product(nothing)
