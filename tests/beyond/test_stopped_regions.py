"""Searches of regions that are stopped: what is known then, and going on from a file."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import neurovariety as nv
from damaged_archives import marked
from neurovariety.beyond.piecewise import kept_subdivision
from neurovariety.beyond.piecewise.all_regions import cells_so_far
from neurovariety.beyond.piecewise.regions import RegionsResult
from neurovariety.beyond.piecewise.regions_so_far import regions_so_far
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.regions_from_below import RegionsAtLeast
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.load import load_network
from neurovariety.cli.main import main
from neurovariety.errors import InputError

WRITE = kept_subdivision.KeptSubdivision.write
NETWORKS = {
    "random": ("mlp(2,5,4,1; relu; bias)", 0),
    "leaky": ("mlp(2,4,3,2; leaky_relu; bias)", 1),
    "no bias": ("mlp(3,4,3,1; relu)", 2),
}


def weights(architecture, seed):
    rng = np.random.default_rng(seed)
    widths = [int(v) for v in architecture[4:].split(";")[0].split(",")]
    named = {f"W{k}": rng.integers(-3, 4, size=(b, a)) for k, (a, b) in enumerate(pairwise(widths), 1)}
    if "bias" in architecture:
        named |= {f"b{k}": rng.integers(-3, 4, size=b) for k, b in enumerate(widths[1:], 1)}
    return named


@pytest.fixture
def stopped_after(monkeypatch):
    """A search that is written down before every cut, and stopped after that many."""

    def stop(cuts):
        left = [cuts]

        def write(self, cells, begun):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            WRITE(self, cells, begun)

        monkeypatch.setattr(kept_subdivision.KeptSubdivision, "is_due", True)
        monkeypatch.setattr(kept_subdivision.KeptSubdivision, "write", write)

    return stop


@pytest.mark.parametrize("box", [None, (-2, 3)])
@pytest.mark.parametrize("case", NETWORKS)
def test_a_stopped_search_goes_on(case, box, stopped_after, tmp_path):
    architecture, seed = NETWORKS[case]
    given = weights(architecture, seed)
    whole = nv.regions(given, architecture=architecture, box=box)
    file, before = tmp_path / "kept", 0
    for cuts in (2, 3, 100):
        stopped_after(cuts)
        if cuts == 100:
            found = nv.regions(given, architecture=architecture, box=box, resume=file)
            break
        with pytest.raises(KeyboardInterrupt):
            nv.regions(given, architecture=architecture, box=box, resume=file)
        partly = regions_so_far()
        assert partly.claim.value == "lower_bound"
        assert before <= partly.value["activation_regions"] <= whole.value["activation_regions"]
        before = partly.value["activation_regions"]
    assert found.value == whole.value
    assert np.array_equal(found.cells.rays, whole.cells.rays)
    assert np.array_equal(found.cells.members, whole.cells.members)


def test_what_is_known_of_a_stopped_search_is_said_and_can_be_rechecked(stopped_after, tmp_path):
    given = weights("mlp(2,5,4,1; relu; bias)", 0)
    stopped_after(6)
    with pytest.raises(KeyboardInterrupt):
        nv.regions(given, architecture="mlp(2,5,4,1; relu; bias)", resume=tmp_path / "kept")
    found = regions_so_far()
    assert found.value["activation_regions"] > 4
    assert found.meaning == f"the network has at least {found.value['activation_regions']} activation regions"
    assert "stopped before all regions were found" in found.summary()
    again = RegionsResult.from_dict(json.loads(json.dumps(found.to_dict(certificates=True))))
    assert again.verify().refused == ()
    with pytest.raises(InputError, match="does not hold the network"):
        found.held_regions()


def test_nothing_is_left_of_a_search_that_ended():
    nv.regions({"w1": [[1, 0], [0, 1]], "w2": [[1, 1]]}, architecture="mlp(2,2,1; relu)")
    assert cells_so_far() is None
    assert regions_so_far() is None


def test_a_file_of_another_question_is_refused(stopped_after, tmp_path):
    file, given = tmp_path / "kept", weights("mlp(2,5,4,1; relu; bias)", 0)
    stopped_after(3)
    with pytest.raises(KeyboardInterrupt):
        nv.regions(given, architecture="mlp(2,5,4,1; relu; bias)", box=(-1, 1), resume=file)
    with pytest.raises(InputError, match="belongs to another question: the inputs there: -1 to 1, -1 to 1, here: all inputs"):
        nv.regions(given, architecture="mlp(2,5,4,1; relu; bias)", resume=file)
    given["b1"] = given["b1"] + 1
    with pytest.raises(InputError, match="belongs to another question: the network there"):
        nv.lipschitz(given, architecture="mlp(2,5,4,1; relu; bias)", box=(-1, 1), resume=file)
    file.write_bytes(b"something else")
    with pytest.raises(InputError, match="no resume file of regions"):
        nv.regions(given, architecture="mlp(2,5,4,1; relu; bias)", resume=file)
    with pytest.raises(InputError, match="a file is given by its name"):
        nv.regions(given, architecture="mlp(2,5,4,1; relu; bias)", resume=3)


def test_the_command_line_goes_on(tmp_path, capsys, stopped_after):
    network, file = tmp_path / "network.json", tmp_path / "kept"
    plain = {key: v.tolist() for key, v in weights("mlp(2,5,4,1; relu; bias)", 0).items()}
    network.write_text(json.dumps({"architecture": "mlp(2,5,4,1; relu; bias)", "weights": plain}))
    stopped_after(6)
    with pytest.raises(SystemExit) as end:
        main(["regions", str(network), "--resume", str(file), "--json"])
    printed = capsys.readouterr()
    partly = json.loads(printed.out)
    assert (end.value.code, partly["claim"], partly["evidence"]["finished"]) == (130, "lower_bound", False)
    assert "interrupted (reached: " in printed.err
    stopped_after(100)
    with pytest.raises(SystemExit) as end:
        main(["regions", str(network), "--resume", str(file), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (end.value.code, found["claim"]) == (0, "proved")
    assert found["value"]["activation_regions"] >= partly["value"]["activation_regions"]


@pytest.fixture(scope="module")
def known():
    """Two units and one that reads nothing, with a point in each of the four regions."""
    given = {"w1": [[1, 0], [0, 1], [0, 0]], "b1": [0, 0, 0], "w2": [[1, 1, 1]], "b2": [-1]}
    network = load_network(given, architecture="mlp(2,3,1; relu; bias)")
    points = np.array([[1, 1, 1], [2, 1, -1], [1, -1, 5], [3, -1, -1]], dtype=object)
    return network, RegionsAtLeast(network_hash(network), CellDomain((0, 1)), points)


def test_points_of_different_regions_bound_their_number(known):
    network, certificate = known
    verdict = issue(certificate, network)
    assert (verdict.statement.value, verdict.claim.value) == (4, "lower_bound")
    assert nv.regions(network).value["activation_regions"] == 4


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([[1, 1, 1], [1, 2, 3]], "the same pattern"),
        ([[1, 1, 1], [1, 0, 1]], "on a border"),
        ([[0, 1, 1]], "above 0"),
        ([[-1, 1, 1]], "above 0"),
        ([[1, 1]], "whole numbers are expected"),
        ([[1, 1, 0.5]], "points are whole numbers"),
        ([], "whole numbers are expected"),
    ],
)
def test_other_points_bound_nothing(known, points, why):
    network, certificate = known
    table = np.array(points, dtype=object)
    with pytest.raises(NotShown, match=why):
        issue(replace(certificate, points=table), network)


def test_points_outside_of_a_box_and_of_other_networks_bound_nothing(known):
    network, certificate = known
    with pytest.raises(NotShown, match="outside of the domain"):
        issue(replace(certificate, domain=CellDomain((0, 1), (Fraction(-2),) * 2, (Fraction(2),) * 2)), network)
    with pytest.raises(NotShown, match="another network"):
        issue(replace(certificate, subject="0"), network)
    with pytest.raises(NotShown, match="coordinates"):
        issue(replace(certificate, domain=CellDomain((0,)), points=certificate.points[:, :2]), network)


def test_a_lower_bound_is_no_list_of_all_regions(known):
    from neurovariety.certificates.region_counts import RegionCount

    network, certificate = known
    with pytest.raises(NotShown, match="known to be all regions"):
        issue(RegionCount("distinct_affine_functions", 4, issue(certificate, network)), network)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_refused_in_one_sentence(seed, stopped_after, tmp_path):
    """Bytes that changed, and arrays that do not fit together: the right number comes out, or a sentence."""
    architecture, file = "mlp(2,4,2,1; relu; bias)", tmp_path / "kept"
    given, rng = weights("mlp(2,4,2,1; relu; bias)", 3), np.random.default_rng(seed)
    whole = nv.regions(given, architecture=architecture).value
    stopped_after(5)
    with pytest.raises(KeyboardInterrupt):
        nv.regions(given, architecture=architecture, resume=file)
    stopped_after(100)
    data, arrays = file.read_bytes(), dict(np.load(file))
    refused = held = 0
    for turn in range(40):
        if turn % 2:
            name = rng.choice([n for n in arrays if n != "facts"])
            changed = arrays[name].copy()
            changed.reshape(-1)[rng.integers(changed.size)] ^= changed.dtype.type(1)
            with open(file, "wb") as kept:
                np.savez(kept, **{**arrays, name: changed if turn % 8 < 7 else changed[:-1]})
        else:
            at = int(rng.integers(len(data) - 900 if turn % 4 else 0, len(data)))
            file.write_bytes(data[:at] + bytes([int(rng.integers(256))]) + data[at + 1 :])
        try:
            found = nv.regions(given, architecture=architecture, resume=file).value
        except InputError as error:
            refused += "no resume file of regions of this version; name a new file" in str(error)
        else:
            held += found == whole
    assert refused > 10
    assert refused + held == 40


@pytest.mark.parametrize(("flag", "method"), [(64, 0), (1, 0), (0, 99)])
def test_archives_that_python_does_not_open_are_refused(flag, method, stopped_after, tmp_path):
    architecture, file = "mlp(2,4,2,1; relu; bias)", tmp_path / "kept"
    given = weights(architecture, 3)
    stopped_after(2)
    with pytest.raises(KeyboardInterrupt):
        nv.regions(given, architecture=architecture, resume=file)
    file.write_bytes(marked(file.read_bytes(), flag, method))
    with pytest.raises(InputError, match="no resume file of regions"):
        nv.regions(given, architecture=architecture, resume=file)
