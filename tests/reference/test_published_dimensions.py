"""Every published dimension, expected dimension, filling, attention, CNN and hidden-fiber value."""

from __future__ import annotations

import csv
import itertools
import random
import re

import pytest

from campaign import size
from neurovariety import Claim, ambient, dimension, fibers
from reference.notation import CASES, HERE, notation

VALUES = [c for c in CASES if c["family"] in ("dimension", "attention") and "dim" in c["id"].split("-")[0] and notation(c["spec"])]
THRESHOLDS = [c for c in CASES if c["id"].startswith("actthr")]
HIDDEN = [c for c in CASES if c["id"].startswith("fibdim")]


def _ids(case: dict) -> str:
    return case["id"]


def test_all_rows_are_there():
    assert len(VALUES) >= 150
    assert len(THRESHOLDS) >= 20
    assert len(HIDDEN) >= 6


@pytest.mark.parametrize("case", VALUES, ids=_ids)
def test_dimension(case):
    result = dimension(notation(case["spec"]), seed=len(case["id"]))
    assert result.value == case["value"]
    assert result.claim in (Claim.PROVED, Claim.PROBABILITY)
    for name in ("expected", "ambient", "defect"):
        stated = re.search(rf"\b{name} (\d+)", case["notes"])
        if stated and case["family"] == "dimension":
            if case["spec"].get("degree") == 1 and name != "ambient":
                continue  # the notes count rescalings only; a linear network has GL on each hidden layer
            assert result.evidence[name] == int(stated.group(1)), name
    filling = re.search(r"filling=(True|False)", case["notes"])
    if filling:
        assert result.evidence["filling"] is (filling.group(1) == "True")


@pytest.mark.parametrize("case", THRESHOLDS, ids=_ids)
def test_activation_threshold(case):
    """The largest exponent up to 9 at which the dimension is below weights minus hidden neurons; exponent 1 is linear."""
    widths = case["spec"]["widths"]
    full = sum(a * b for a, b in itertools.pairwise(widths)) - sum(widths[1:-1])
    bias = "; bias" if case["spec"].get("bias") else ""
    below = [r for r in range(1, 10) if dimension(f"mlp({','.join(map(str, widths))}; x^{r}{bias})").value < full]
    assert max(below, default=0) == case["value"]


@pytest.mark.parametrize("case", HIDDEN, ids=_ids)
def test_hidden_fiber_dimension(case):
    assert fibers(notation(case["spec"])).value["hidden"] == case["value"]


def _rows() -> list[dict[str, str]]:
    with (HERE / "monomial_mlp_dimensions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", random.Random(7).sample(_rows(), size(40, 250)), ids=lambda r: r["widths"])
def test_sample_of_the_minimal_filling_search(row):
    found = dimension(f"mlp({row['widths'].replace('-', ',')}; x^{row['exponent']})")
    assert found.value == int(row["dimension"])
    assert found.evidence["ambient"] == int(row["ambient_dimension"])
    assert found.evidence["parameters"] == int(row["parameters"])


@pytest.mark.slow
def test_many_parameters():
    """More parameters than functions by far, so that the parameters are projected: hundreds of thousands, in a campaign 2,006,008."""
    most = size(600_000, 3_000_000)
    widest = max((r for r in _rows() if int(r["parameters"]) < most), key=lambda r: int(r["parameters"]))
    found = dimension(f"mlp({widest['widths'].replace('-', ',')}; x^2)")
    assert found.evidence["parameters"] == int(widest["parameters"]) > 100_000
    assert found.value == int(widest["dimension"])


def test_the_minimal_filling_architecture_of_depth_six_is_unique():
    """(3,3,4,4,2) fills. Filling is monotone in each width, so it is the only minimal one if no network with one width below these,
    the others as large as one likes, fills: there the bounds prove it, with widths far beyond the span."""
    from neurovariety.architectures.theorems.dimension_bounds import monomial_network_bound

    best, span = (3, 3, 4, 4, 2), 33
    assert dimension(f"mlp(2,{','.join(map(str, best))},1; x^2)").value == span
    for k, width in enumerate(best):
        wide = [1000] * 5
        wide[k] = width - 1
        bound, _ = monomial_network_bound((2, *wide, 1), (2,) * 5, False)
        if bound >= span:  # where no closed bound says so, the exact rank at widths beyond every threshold does
            narrow = [min(w, 40) for w in wide]
            found = dimension(f"mlp(2,{','.join(map(str, narrow))},1; x^2)")
            bound = found.value
        assert bound < span, (k, bound)


@pytest.mark.slow
def test_thirteen_minimal_filling_architectures_of_depth_seven():
    """The minimal ones among the filling rows of the search are thirteen, and each loses filling with any width reduced by one."""
    rows = [tuple(map(int, r["widths"].split("-"))) for r in _rows() if r["dimension"] == r["ambient_dimension"]]
    deep = {w for w in rows if len(w) == 8}
    minimal = [w for w in deep if not any(v != w and all(a <= b for a, b in zip(v, w, strict=True)) for v in deep)]
    assert len(minimal) == 13
    for w in minimal:
        assert dimension(f"mlp({','.join(map(str, w))}; x^2)").evidence["filling"]
        for k in range(1, 7):
            if w[k] > 1:
                fewer = [*w[:k], w[k] - 1, *w[k + 1 :]]
                assert not dimension(f"mlp({','.join(map(str, fewer))}; x^2)").evidence["filling"]


def test_span_of_the_smallest_polynomial_cnn():
    """arXiv:2410.00722: two filters of size two with exponent 2 live in a space of dimension 5, not 6."""
    assert ambient("cnn(2,2; x^2)").value == 5
