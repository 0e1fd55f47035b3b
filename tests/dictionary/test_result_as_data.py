"""Results as data: pickles, frames, points read back; a pickle claims no more than what was written."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.issue import recorded

FROBENIUS = {"metric": "frobenius", "teacher": "3*x0; x1"}


@pytest.fixture(scope="module")
def landscape():
    return nv.landscape("linear(2,1,2)", **FROBENIUS)


def test_a_pickle_is_verified_from_its_certificates(landscape):
    for found in (
        nv.membership("mlp(2,2,1; x^2)", target="1/3*x0^2"),
        nv.equations("linear(2,1,2)"),
        nv.critical_locus("linear(2,1,2)"),
        landscape,
    ):
        again = pickle.loads(pickle.dumps(found))
        assert again == found
        assert again.to_dict(certificates=True) == found.to_dict(certificates=True)
        assert not any(v.checked for v in again.verdicts.values())
        assert again.verify().rechecked
        assert pickle.loads(pickle.dumps(again)).to_dict(certificates=True) == found.to_dict(certificates=True)


def test_a_pickle_with_another_value_is_refused():
    found = nv.dimension("mlp(2,2,1; x^2)")
    kind, given = found.__reduce__()[1]
    said = found.verdicts["value"].statement
    other = type(said)(said.kind, said.subject, 4, said.scope, said.error)
    forged = kind(**{**given, "value": 4, "claims": {"value": recorded(other, found.claim)}})
    with pytest.raises(nv.VerificationError):
        forged.verify()


def test_a_copied_verdict_is_a_recorded_one():
    verdict = nv.dimension("linear(2,2)").verdicts["value"]
    for other in (copy.copy(verdict), copy.deepcopy(verdict), pickle.loads(pickle.dumps(verdict))):
        assert not other.checked
        assert not other.shown
        assert other.certificate is None


def test_points_are_read_back(landscape):
    again = nv.LandscapeResult.from_dict(json.loads(json.dumps(landscape.to_dict())))
    assert again.monomials == landscape.monomials
    for a, b in zip(again.points, landscape.points, strict=True):
        assert a.to_dict() == b.to_dict()
        assert np.array_equal(a.coefficients, b.coefficients)


def test_rows(landscape):
    rows = landscape.rows()
    assert rows == landscape.rows("points")
    assert [r["number"] for r in rows] == [p.number for p in landscape.points]
    with pytest.raises(nv.InputError, match="has no list 'pionts'; there are points"):
        landscape.rows("pionts")
    with pytest.raises(nv.InputError, match=r"no list to make rows of; there are .*its value|no list to make rows of"):
        nv.dimension("linear(2,2)").rows()
    assert nv.dimension("linear(2,2)").rows("trials")


def test_a_frame_needs_pandas(landscape, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(nv.InputError, match="pip install pandas; rows\\(\\) gives the same"):
        landscape.to_frame()


def test_a_frame_is_made_of_rows(landscape, monkeypatch):
    class Pandas:
        DataFrame = staticmethod(lambda rows: ("a frame of", rows))

    monkeypatch.setitem(sys.modules, "pandas", Pandas)
    assert landscape.to_frame("points") == ("a frame of", landscape.rows())


def test_json_has_no_numbers_that_are_none():
    from neurovariety.result import plain, without_gaps

    assert without_gaps(plain({"a": [float("inf"), np.float64("nan"), 1.5, Fraction(1, 3)]})) == {"a": [None, None, 1.5, "1/3"]}


def _dimension(architecture):
    return nv.dimension(architecture)


def test_results_come_back_from_other_processes():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(_dimension, "mlp(2,2,1; x^2)").result()
    assert found.value == 3
    assert found.verify().rechecked
