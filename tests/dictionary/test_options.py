"""Junk of every kind at every option of every entry is refused in one sentence, and what an option allows is taken as it is meant."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.dictionary import kinds
from neurovariety.dictionary.declaration import declaration_of
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.errors import InputError, NeurovarietyError
from neurovariety.testing.laws import one_sentence

SQUARE, FLAT = "mlp(2,1,1; x^2)", "linear(2,1,2)"


class Unshowable:
    def __repr__(self):
        raise RuntimeError


JUNK = [
    None, True, 0, 3, -1, 10**19, 10**400, 10**6000, 1.5, 2.0, math.nan, math.inf, -math.inf, 1e-320, 1j, Fraction(1, 3),
    np.float64(0.5), np.int64(2), np.datetime64("2020-01-01"), "", "ж", "3", "1/3", "x0", "nan", "1e999999999", "\0", "/", "\ud800",
    "9" * 6000, b"x", bytearray(b"x"), [], [[]], [None], [math.nan], [1, 2], ["a"], [10**400], [[10**400]], [[1, 2], [3]],
    ["1e999999999"], (), (1, 2), (None, None), ([[1, 2]], [[10**400]]), ([[1]],), {}, {1: 2}, set(), frozenset([1]), range(3),
    np.array(3), np.zeros((2, 2)), np.array([None]), np.array(["a"]), object(), Unshowable(), int, len, Path("/"), Ellipsis,
]  # fmt: skip


def refusal(ask, *given, **options):
    """The sentence with which a question is refused, '' where it is answered; anything else that is raised is an error of the test."""
    try:
        ask(*given, **options)
    except NeurovarietyError as error:
        one_sentence(error, f"{ask.__name__} with {[*options]}")
        return str(error)
    return ""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_junk_at_every_option(entry):
    """The source is one that is refused after the options: so each option is looked at and nothing is computed."""
    ask, unreadable = entry.load(), "mlp(2,2"
    needed = {d.name: [[1, 2]] for d in entry.declares.arguments if d.required}
    at_source = refusal(ask, unreadable, **needed)
    assert "mlp(2,2" in at_source
    for one in declaration_of(ask).arguments:
        if one.name in entry.declares.replaces:
            continue  # it stands in the place of the source, and is refused beside one
        for value in JUNK:
            said = refusal(ask, unreadable, **{**needed, one.name: value})
            try:
                taken = kinds.read(value, one.type, one.is_exact)
            except kinds.NoValueError:
                assert said != at_source, (one.name, type(value))
            else:
                fits = taken is None or not any(check.refusal(taken) for check in one.checks)
                read_first = one.name in ("data", "inputs") and said  # a table is read before the source is
                assert (said == at_source) is fits or read_first, (one.name, type(value), said)


ONLY_TABLES = [
    ("landscape", {}, "data"),
    ("landscape", {"data": ([[1, 2], [0, 1]], [[1], [2]])}, "sample_weights"),
    ("landscape", {}, "form"),
    ("tangent-kernel", {"metric": "gaussian"}, "weights"),
    ("weight-decay", {"metric": "gaussian"}, "form"),
    ("discriminant", {"metric": "gaussian"}, "sample_weights"),
    ("polyhedral", {}, "data"),
    ("polyhedral", {"norm": "wasserstein"}, "ground"),
    ("maximum-likelihood", {}, "data"),
    ("ed-degree", {"metric": "data"}, "data"),
    ("exposedness", {"metric": "data"}, "data"),
    ("voronoi", {"metric": "data"}, "data"),
    ("conservation", {}, "data"),
    ("data", {}, "inputs"),
    ("membership", {"weights": [1, 2, 3]}, "network"),
    ("invariance", {}, "map"),
    ("invariance", {}, "output_map"),
    ("fibers", {}, "at"),
    ("singularities", {}, "at"),
]


def meant(option, value):
    """Whether a value is what such an option is for."""
    if isinstance(value, np.ndarray):
        return value.shape == (2, 2)
    if option == "output_map":
        return value is None or (isinstance(value, str) and value in ("3", "1/3"))
    return value is None or isinstance(value, range) or (option == "sample_weights" and isinstance(value, list | tuple) and 2 in value)


@pytest.mark.parametrize(("name", "others", "option"), ONLY_TABLES, ids=lambda v: v if isinstance(v, str) else "")
def test_junk_for_tables(name, others, option):
    """What an entry reads for itself."""
    ask = find(name).load()
    for value in JUNK:
        if not meant(option, value):
            assert refusal(ask, SQUARE, **{**others, option: value}), type(value)


HUGE, TINY = 10**400, Fraction(1, 10**400)
TASKS = ("landscape", "discriminant", "gradient-flow", "tangent-kernel", "weight-decay")


@pytest.mark.parametrize("number", [HUGE, TINY], ids=["huge", "tiny"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, lambda n: {"metric": "gaussian", "teacher": f"{n}*x0^2"}) for name in TASKS),
        *((name, lambda n: {"data": ([[n, 1]], [[1]])}) for name in (*TASKS, "polyhedral")),
        ("polyhedral", lambda n: {"data": ([[1, 1]], [[n]])}),
        ("landscape", lambda n: {"data": ([[1, 1]], [[1]]), "sample_weights": [n]}),
        ("weight-decay", lambda n: {"metric": "gaussian", "strengths": n}),
        ("ed-degree", lambda n: {"metric": "data", "data": [[n, 1], [1, 2], [3, 1]]}),
        ("voronoi", lambda n: {"metric": "data", "data": [[n, 1], [1, 2], [3, 1]]}),
    ],
)
def test_numbers_without_a_float(name, options, number):
    """Exact numbers that floats do not reach are refused where floats are followed."""
    said = refusal(find(name).load(), SQUARE, **options(number))
    assert "has size about 10^" in said or "interpolates" in said


def test_counts_without_a_float():
    counts = f"{HUGE}*x0 + {HUGE}*x1; {HUGE}*x0"
    assert "a count has size about 10^400" in refusal(nv.maximum_likelihood, FLAT, counts=f"{counts} + {HUGE}*x1")
    assert "a count, against the mean of all, has size about 10^-400" in refusal(nv.maximum_likelihood, FLAT, counts=f"{counts} + x1")


def test_long_numbers_in_a_target():
    assert "at most 1,000 digits" in refusal(nv.membership, SQUARE, target="(10^999*10^999)*x0^2")
    assert "a coefficient of the target has size about 10^400" in refusal(
        nv.membership, "mlp(2,2,2,1; x^2)", target=f"{HUGE}*x0^4 + x1^4"
    )


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: nv.degree(FLAT, seed=1.5), "a seed is a whole number from 0 on, got 1.5"),
        (lambda: nv.dimension(FLAT, memory_limit="2"), "a memory limit is a positive whole number of bytes, got '2'"),
        (lambda: nv.point_count(FLAT, field=2.0), "field: expected a whole number of at most 30 digits, got 2.0"),
        (lambda: nv.fibers(FLAT, at="1,2"), "at: expected a list of finite numbers such as 2, 1/3 or 0.5, got '1,2'"),
        (lambda: nv.membership(FLAT, target=3), "target: expected a text, got 3"),
        (lambda: nv.degree(FLAT, resume=object), "a file is given by its name, got <class 'object'>"),
        (lambda: nv.ed_degree(FLAT, resume="/"), "a file is given by its name, got '/'"),
        (lambda: nv.ed_degree(FLAT, rank=10**19, route="computed"), "a quadric on 4 coefficients has at most that rank, got rank 1"),
        (lambda: nv.gradient_flow(FLAT, weight_decay="ж"), "weight decay is a number from 0 on, got 'ж'"),
        (lambda: nv.gradient_flow(FLAT, step="abc"), "a step size is a positive number, got 'abc'"),
        (lambda: nv.landscape(FLAT, held_out=[]), "the share of rows held out is a number from 0 up to 1, got []"),
        (lambda: nv.weight_decay(FLAT, strengths=b"x"),
         "strengths: expected a finite number such as 2, 1/3 or 0.5, or a list of these, got b'x'"),
        (lambda: nv.dimension(FLAT, nonsense=1), "dimension has no option 'nonsense'; its options are seed, route, memory_limit"),
        (lambda: nv.data(FLAT), "data takes an architecture and the options inputs, seed, memory_limit: missing a required argument"),
    ],
)  # fmt: skip
def test_sentences(ask, sentence):
    with pytest.raises(InputError) as refused:
        ask()
    assert str(refused.value).startswith(sentence)


def test_numbers_of_other_libraries_are_taken():
    found = nv.fibers(FLAT, at=np.arange(1.0, 5.0), seed=np.int64(2))
    assert (found.provenance.seed, found.options["at"]) == (2, [1.0, 2.0, 3.0, 4.0])
    assert nv.weight_decay("linear(1,1,1)", metric="gaussian", strengths="1/8").evidence["strengths"] == [0.125, 0.125]


@pytest.mark.slow
def test_a_step_size_of_the_flow_is_told():
    task = {"metric": "frobenius", "teacher": "x0"}
    flow = nv.gradient_flow("linear(1,1)", **task, runs=1, step=0.5)
    assert flow.evidence["step"] is None
    assert "gradient flow has no steps: the step size given is not used" in flow.notices
    assert not nv.gradient_flow("linear(1,1)", **task, runs=1).notices


def test_a_share_of_no_row_is_told():
    data = ([[1], [2], [4]], [[1], [2], [3]])
    assert "none is held out" in nv.landscape("linear(1,1)", data=data, held_out=1e-9).notices[0]
    assert not nv.landscape("linear(1,1)", data=data, held_out=0.3).notices


def test_sample_weights_have_no_unit():
    data = ([[1], [2], [4]], [[1], [2], [3]])
    least = {nv.landscape("linear(1,1)", data=data, sample_weights=[s, 2 * s, s]).value["least_loss"] for s in (1.0, 1e308 / 2, 1e-300)}
    assert len(least) == 1


def test_a_form_says_all_of_the_loss():
    with pytest.raises(InputError, match="says nothing of the coefficient of x1 in output 0"):
        nv.landscape("linear(2,1)", form=nv.Form(((0, (1, 0)),), [[1.0]], [1.0]))
