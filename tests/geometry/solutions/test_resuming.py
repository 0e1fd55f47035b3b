"""A file of a long count goes on with its own question, and a file of another is refused by what differs."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from damaged_archives import marked
from neurovariety.errors import InputError
from neurovariety.geometry.solutions.resuming import function_of
from neurovariety.homotopy import ResumeFile

SQUARE, FLAT = "mlp(2,1,1; x^2)", "linear(2,1,2)"
TEACHER = "x0^2 + 3*x0*x1 - x1^2"
PLACES = ((0, (2, 0)), (0, (1, 1)), (0, (0, 2)))


def own(power, factor=1.0):
    """A user's function, named as all of them may be."""
    return nv.as_model(lambda w, x: (w[0] * x[0] + factor * w[0] ** power * x[1])[None], (1,), input_shape=2)


def form(scale):
    return nv.Form(PLACES, np.diag([1.0, scale, 3.0]), [1.0, 3.0, -1.0])


TASK = {"metric": "gaussian", "teacher": TEACHER}
DATA = ([[1, 2], [0, 1], [3, 1], [2, -1]], [[1], [2], [0], [1]])
FEWER = (DATA[0][:3], DATA[1][:3])
COUNTED = {"route": "computed"}
OTHERS = [
    (nv.landscape, (SQUARE, TASK), (SQUARE, {**TASK, "metric": "uniform"}), "the loss there: metric gaussian, here: metric uniform"),
    (nv.landscape, (SQUARE, {"form": form(1.0)}), (SQUARE, {"form": form(2.0)}), "the loss there: quadratic form"),
    (nv.landscape, (SQUARE, TASK), (SQUARE, {"data": FEWER}), "the loss there: metric gaussian, here: squared error on data"),
    (nv.degree, (own(3), {}), (own(5), {}), "the function there"),
    (nv.degree, (own(3), {}), (own(3, 2.0), {}), "the function there"),
    (nv.ed_degree, (own(3), {}), (own(5), {}), "the function there"),
    (nv.degree, (own(3), {}), (own(3), {"seed": 1}), "the seed there: 0, here: 1"),
    (nv.ed_degree, ("cnn(2,2; x)", COUNTED), ("cnn(2,3; x)", COUNTED), "the architecture there: cnn(2,2; x), here: cnn(2,3; x)"),
    (nv.ml_degree, (FLAT, {"data": [[1, 2], [2, 1]]}), (FLAT, {"data": [[1, 2], [2, 3]]}), "the probabilities there"),
    (nv.maximum_likelihood, (FLAT, {"data": ([[1, 2]], [[1, 2]])}), (FLAT, {}), "here: those of coefficients"),
]


@pytest.mark.parametrize(("ask", "first", "second", "differs"), OTHERS)
def test_the_file_of_another_question(ask, first, second, differs, tmp_path):
    file = tmp_path / "run"
    found = ask(first[0], **first[1], resume=file)
    with pytest.raises(InputError, match="belongs to another question") as refused:
        ask(second[0], **second[1], resume=file)
    assert differs in str(refused.value)
    assert ask(first[0], **first[1], resume=file).value == pytest.approx(found.value)


@pytest.mark.parametrize("change", [(64, 0), (0, 99)])
def test_an_archive_that_does_not_open(change, tmp_path):
    file = tmp_path / "run"
    nv.degree(own(3), resume=file)
    file.write_bytes(marked(file.read_bytes(), *change))
    with pytest.raises(InputError, match="is no resume file"):
        nv.degree(own(3), resume=file)


def test_the_file_of_another_entry(tmp_path):
    nv.ed_degree(own(3), resume=tmp_path / "run")
    with pytest.raises(InputError, match="the question there: generic ED degree, here: degree"):
        nv.degree(own(3), resume=tmp_path / "run")


def test_what_the_points_do_not_depend_on_may_change(tmp_path):
    """Targets, data of one architecture and counts: their critical points are reached from the same general ones."""
    file = tmp_path / "run"
    for data in (DATA, FEWER):
        kept = nv.landscape(SQUARE, data=data, resume=file)
        assert kept.value["complex"] == nv.landscape(SQUARE, data=data).value["complex"]
    counts = tmp_path / "counts"
    for stated in ("3*x0 + 2*x1; x0 + 5*x1", "x0 + 2*x1; 4*x0 + 7*x1"):
        assert nv.maximum_likelihood(FLAT, counts=stated, resume=counts).value["complex"] == 1


def test_a_file_that_names_no_parts(tmp_path, monkeypatch):
    """Those of earlier versions, which named a question in words."""
    file = tmp_path / "run"
    module = "neurovariety.geometry.solutions.attempts"
    monkeypatch.setattr(f"{module}.QuestionFile", lambda path, _: ResumeFile(path, "degree of f, seed 0"))
    nv.degree(own(3), resume=file)
    monkeypatch.undo()
    with pytest.raises(InputError, match="the question there: 'degree of f, seed 0', here: degree"):
        nv.degree(own(3), resume=file)


def test_functions_are_told_apart_by_what_they_compute():
    assert function_of(own(3)) == function_of(own(3))
    assert len({function_of(m) for m in (own(3), own(5), own(3, 2.0), own(3, 3.0))}) == 4
    one, two = (nv.as_model(text) for text in ("mlp(2,2,1; 1/3*x^2)", "mlp(2,2,1; 2/3*x^2)"))
    assert function_of(one) != function_of(two)
