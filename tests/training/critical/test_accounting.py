"""When a list is called complete: every path accounted for, loops that close, and descents that contradict nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety import Claim, landscape
from neurovariety.dictionary.landscape_lists import LandscapeLists, landscape_lists
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.training.critical.falsifier import DESCENTS, beaten, falsified
from neurovariety.training.critical.least import least_loss
from neurovariety.training.losses.canonical_units import canonical
from neurovariety.training.losses.training_task import training_task

NONE = np.zeros((0, 6))


class TestDegenerateFunctions:
    @pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 1), (3, 6), (-1, -2)])
    def test_one_point_is_no_curve(self, a, b):
        """For a x0^2 + 2 a x1^2 in Frobenius's product a x0^2 is a critical function of multiplicity three, by itself."""
        found = landscape("mlp(2,1,1; x^2)", metric="frobenius", teacher=f"({a})*x0^2 + ({b})*x1^2")
        assert not any(stage.get("critical_sets") for stage in found.evidence["stages"])
        assert found.claim is Claim.LOWER_BOUND
        assert "positive dimension" not in found.meaning
        assert "some paths end at functions" in found.notices[-1]

    def test_a_curve_is_one(self):
        found = landscape("linear(2,1,2)", metric="frobenius", teacher="x0; x1")
        assert found.evidence["stages"][0]["critical_sets"]
        assert found.claim is Claim.LOWER_BOUND
        assert found.value["global_minimum"] == "proved"  # by Eckart and Young


def test_no_loss_at_all_is_proved_least():
    """Weights of the function zero have loss 0 at targets that are all zero, whatever else is listed up to rounding."""
    inputs = np.random.default_rng(0).normal(size=(10, 2))
    for text, outputs in (("linear(2,3,2)", 2), ("mlp(2,1,1; x^2)", 1)):
        found = landscape(text, data=(inputs, np.zeros((10, outputs))))
        assert (found.value["least_loss"], found.value["global_minimum"]) == (0.0, "proved")


class TestLoops:
    @pytest.mark.parametrize(("text", "metric", "count"), [("mlp(2,1,1; x^4)", "bombieri", 4), ("mlp(2,2,1; x^4)", "bombieri", 7)])
    def test_fewer_points_than_of_general_quadrics(self, text, metric, count):
        found = landscape(text, metric=metric, teacher="x0^4 - 3*x0^3*x1 + 2*x0*x1^3 + 5*x1^4")
        first = found.evidence["stages"][0]
        assert (first["complex"], first["complete"], first["ends"]["at infinity"]) == (count, True, 0)
        assert first["general"] > count
        assert found.claim is Claim.COMPLETE


@pytest.fixture(scope="module")
def known():
    """The lists of a problem."""
    rng = np.random.default_rng(1)
    task = training_task("mlp(3,2,1; x^2)", seed=0, data=(rng.normal(size=(15, 3)), rng.normal(size=(15, 1))))
    own, units = canonical(task)
    return landscape_lists(own, units, dimension_of(task.model, seed=0), None, 0)


class TestFalsifier:
    def test_nothing_contradicts_a_right_list(self, known: LandscapeLists):
        assert (known.falsified.contradiction, known.falsified.descents) == ("", DESCENTS)
        assert known.smooth_complete
        assert known.resting_complete

    def test_a_missing_point_is_found(self, known: LandscapeLists):
        least = min(p.loss for p in known.points if p.real and not p.stratum)
        rest = [p for p in known.points if p.loss != least]
        found = falsified(known.problem, known.loss, rest, known.strata.strata, known.least, np.random.default_rng(0), NONE)
        assert found.smooth
        assert "on no list" in found.contradiction

    def test_a_false_minimum_is_beaten(self, known: LandscapeLists):
        wrong = replace(known.least, loss=known.least.loss * 1.5)
        found = falsified(known.problem, known.loss, known.points, known.strata.strata, wrong, np.random.default_rng(0), NONE)
        better = beaten(wrong, found, 1.0)
        assert (better.claim, better.loss) == ("upper_bound", pytest.approx(known.least.loss))
        assert "less loss" in found.contradiction

    def test_least_loss_without_a_list(self, known: LandscapeLists):
        """Without complete lists the best network is an upper bound."""
        stages = [replace(stage, sure=False) for stage in known.stages]
        least = least_loss(known.problem, known.loss, stages, known.strata.theorem, True, np.random.default_rng(0))
        assert least.claim == "upper_bound"
