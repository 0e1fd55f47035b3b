"""Regions of piecewise linear networks: published values, brute force, degenerate weights, and what must be refused."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.beyond.piecewise.region_bounds import region_bounds
from neurovariety.certificates.cell_complex import CellComplex, complex_of
from neurovariety.certificates.issue import issue
from neurovariety.certificates.region_counts import RegionCount
from neurovariety.certificates.zeros import NotShown

from .brute_force_regions import counted, decided


def network(layers, activation="relu"):
    widths = [len(layers[0][0][0]), *(len(b) for _, b in layers)]
    weights = {}
    for k, (w, b) in enumerate(layers, 1):
        weights |= {f"W{k}": np.array(w, dtype=object), f"b{k}": np.array([*b, None], dtype=object)[:-1]}
    return nv.load_network(weights, architecture=f"mlp({','.join(map(str, widths))}; {activation}; bias)")


def drawn(widths, rng, kind):
    """Layers of small rational numbers; degenerate ones have zeros, repeated rows, opposite rows, and biases that are 0."""

    def number():
        return Fraction(int(rng.integers(-6, 7)), int(rng.integers(1, 4)))

    layers = []
    for before, after in itertools.pairwise(widths):
        rows = [[number() for _ in range(before)] for _ in range(after)]
        biases = [number() if kind != "fan" else Fraction(0) for _ in range(after)]
        for i in range(1, after if kind == "degenerate" else 0):
            j, what = int(rng.integers(i)), int(rng.integers(6))
            if what < 3:
                factor = (Fraction(2), Fraction(-1), Fraction(0))[what]
                rows[i], biases[i] = [factor * v for v in rows[j]], factor * biases[j] + (what == 0) * int(rng.integers(2))
        layers.append((rows, biases))
    return layers


SIZES = [(1, 3, 1), (2, 4, 1), (2, 3, 2, 1), (3, 3, 1), (1, 3, 3, 1)]


@pytest.mark.parametrize("seed", range(size(15, 60)))
@pytest.mark.parametrize("kind", ["plain", "degenerate", "fan"])
def test_brute_force_counts_the_same(kind, seed):
    rng = np.random.default_rng([seed, len(kind)])
    widths = SIZES[seed % len(SIZES)]
    layers = drawn(widths, rng, kind)
    found = nv.regions(network(layers))
    expected = counted(layers, widths[0])
    assert {key: found.value[key] for key in expected} == expected
    assert found.claim is nv.Claim.PROVED


@pytest.mark.parametrize("factor", [1e200, 1e-200, 1e90, 2.0**-300])
def test_numbers_beyond_what_floats_can_sum(factor):
    """Units of measurement change nothing: where sums of floats overflow, or say nothing, whole numbers are taken."""
    rng = np.random.default_rng(2)
    w, b, v, u = rng.normal(size=(5, 2)), rng.normal(size=5), rng.normal(size=(4, 5)), rng.normal(size=(1, 4))
    plain = {"w1": w, "b1": b, "w2": v, "b2": rng.normal(size=4), "w3": u, "b3": np.zeros(1)}
    scaled = {**plain, "w1": factor * w, "b1": factor * b, "w2": v, "b2": factor * plain["b2"], "w3": u}
    asked = [nv.regions(n, architecture="mlp(2,5,4,1; relu; bias)") for n in (plain, scaled)]
    assert asked[0].value["activation_regions"] == asked[1].value["activation_regions"] > 20


def test_regions_that_were_found_serve_other_questions():
    """The result in place of the network, the same answers; not where it does not hold the network, or the network was changed."""
    source = network(drawn((2, 3, 1), np.random.default_rng(5), "plain"))
    found = nv.regions(source, box=(-2, 3))
    assert nv.regions(found).value == found.value
    assert nv.lipschitz(found).value == nv.lipschitz(source, box=(-2, 3)).value
    assert nv.tropical(found).value == nv.tropical(source, box=(-2, 3)).value
    assert nv.functional_dimension(found).value == nv.functional_dimension(source, box=(-2, 3)).value
    assert nv.robustness(found, [[0, 1]]).value == nv.robustness(source, [[0, 1]], box=(-2, 3)).value
    with pytest.raises(nv.InputError, match="leave the other options out"):
        nv.lipschitz(found, box=(-2, 3))
    with pytest.raises(nv.InputError, match="read back"):
        nv.lipschitz(nv.RegionsResult.from_dict(found.to_dict()))
    other = network(drawn((2, 3, 1), np.random.default_rng(6), "plain"))
    with pytest.raises(nv.InputError, match="weights were changed"):
        nv.lipschitz(replace(found, network=other))


def test_ties_that_floats_cannot_see():
    """Three lines that all but meet in a point: 2^-60 apart they enclose a triangle, and exactly through it they do not."""
    third = Fraction(1, 3)
    for off, bounded in ((Fraction(0), 0), (Fraction(1, 2**60), 1), (Fraction(-1, 10**40), 1)):
        lines = ([[1, 0], [0, 1], [1, 1]], [-third, -third, -2 * third + off])
        assert nv.regions(network([lines, ([[1, 1, 1]], [0])])).value["bounded_regions"] == bounded


@pytest.mark.parametrize("seed", range(size(6, 30)))
@pytest.mark.parametrize("kind", ["plain", "degenerate", "fan"])
def test_brute_force_finds_the_same_classes(kind, seed):
    rng = np.random.default_rng([seed, len(kind), 2])
    widths = [(2, 3, 2), (2, 3, 3), (1, 3, 2, 3)][seed % 3]
    layers = drawn(widths, rng, kind)
    found = nv.regions(network(layers))
    expected = decided(layers, widths[0])
    assert {key: found.value[key] for key in expected} == expected
    assert found.value["zero_set_components"] is None
    assert {k.outcome for k in found.verify().keys} == {"rechecked", "claims nothing"}


def test_classes_that_move_where_no_unit_looks_are_not_counted():
    """The difference of the outputs of a linear network is seen by no unit."""
    found = nv.regions({"w1": [[1.0, 0.0], [0.0, 1.0]]}, architecture="linear(2,2)")
    assert (found.value["activation_regions"], found.value["class_components"]) == (1, None)
    inside = nv.regions({"w1": [[1.0, 0.0], [0.0, 1.0]]}, architecture="linear(2,2)", box=(-1, 1))
    assert (inside.value["class_components"], inside.value["boundary_components"]) == ({"0": 1, "1": 1}, 1)


def test_false_numbers_of_classes_are_refused():
    source = network(drawn((2, 3, 3), np.random.default_rng(0), "plain"))
    found = nv.regions(source)
    for key in ("class_components", "boundary_components"):
        known = found.verdicts[key].certificate
        assert issue(known, source).statement.value == found.value[key]
        wrong = {**known.value, "0": known.value["0"] + 1} if isinstance(known.value, dict) else known.value + 1
        for other in (replace(known, value=wrong), replace(known, cells=found.verdicts["activation_regions"])):
            with pytest.raises(NotShown):
                issue(other, source)
    with pytest.raises(NotShown):  # the cells without the cuts between classes, called those with them
        issue(replace(found.cells, decisions=True), source)


def test_the_same_network_written_otherwise():
    """Permuted, scaled and doubled units, other units of measurement, and a dead unit change no linear region."""
    rng = np.random.default_rng(3)
    (w, b), (v, c) = drawn((2, 4, 1), rng, "plain")
    plain = nv.regions(network([(w, b), (v, c)])).value
    turned = [3, 1, 0, 2]
    other = [
        ([w[i] for i in turned], [b[i] for i in turned]),
        ([[v[0][i] for i in turned]], c),
    ]
    assert nv.regions(network(other)).value == plain
    scaled = [([[10**9 * x for x in r] for r in w], [10**9 * x for x in b]), ([[x / 10**6 for x in v[0]]], [1000 * c[0]])]
    assert nv.regions(network(scaled)).value == plain
    split = [([*w, w[0]], [*b, b[0]]), ([[v[0][0] / 3, *v[0][1:], 2 * v[0][0] / 3]], c)]
    assert nv.regions(network(split)).value == plain
    dead = [([*w, [Fraction(0)] * 2], [*b, Fraction(-1)]), ([[*v[0], Fraction(5)]], c)]
    assert nv.regions(network(dead)).value == plain
    more = [([*w, [Fraction(1), Fraction(1)]], [*b, Fraction(1, 7)]), ([[*v[0], Fraction(0)]], c)]
    found = nv.regions(network(more)).value
    assert found["activation_regions"] > plain["activation_regions"]
    same = ("linear_regions_open", "linear_regions_closed", "distinct_affine_functions", "zero_set_components", "positive_components")
    assert [found[key] for key in same] == [plain[key] for key in same]


SQUARE = [([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [-1])]


@pytest.mark.parametrize(
    ("layers", "activation", "expected"),
    [
        (SQUARE, "relu", {"activation_regions": 4, "bounded_regions": 0, "zero_set_components": 1, "negative_components": 1}),
        (SQUARE, "abs", {"activation_regions": 4, "distinct_affine_functions": 4, "positive_components": 1}),  # |x| + |y| = 1
        (SQUARE, "leaky_relu", {"activation_regions": 4, "distinct_affine_functions": 4}),
        (SQUARE, "hardtanh", {"activation_regions": 9, "bounded_regions": 1, "distinct_affine_functions": 8}),
        ([([[1]], [0]), ([[0]], [0])], "relu", {"activation_regions": 2, "linear_regions_open": 1, "zero_set_has_interior": True}),
        ([([[0, 0]], [1]), ([[1]], [-1])], "relu", {"activation_regions": 1, "bounded_regions": 0, "zero_set_has_interior": True}),
        ([([[1, 2, 3]], [0]), ([[1]], [0])], "relu", {"activation_regions": 2, "bounded_regions": 0, "facet_adjacencies": 1}),
    ],
    ids=["relu", "abs", "leaky", "hardtanh", "unread", "constant", "one direction of three"],
)
def test_small_networks_by_hand(layers, activation, expected):
    found = nv.regions(network(layers, activation)).value
    assert {key: found[key] for key in expected} == expected


def test_a_box():
    """Half planes of a box: |x| + |y| = 1 in [0, 2] x [0, 2] leaves one side of a corner; and a box that no kink meets."""
    found = nv.regions(network(SQUARE, "abs"), box=([Fraction(1, 2), -1], [2, 2]))
    assert found.value["activation_regions"] == found.value["bounded_regions"] == 2
    assert found.verdicts["activation_regions"].statement.scope == ("for inputs in the box 1/2 to 2, -1 to 2",)
    assert nv.regions(network(SQUARE, "abs"), box=(1, 2)).value["zero_set_components"] == 0
    wide, whole = nv.regions(network(SQUARE, "abs"), box=(-100, 100)).value, nv.regions(network(SQUARE, "abs")).value
    assert {k: v for k, v in wide.items() if k != "bounded_regions"} == {k: v for k, v in whole.items() if k != "bounded_regions"}


def test_regions_meet_a_box_as_brute_force_says():
    rng = np.random.default_rng(11)
    layers = drawn((2, 4, 1), rng, "plain")
    low, high = Fraction(-1, 3), Fraction(3, 2)
    walls = [([[1, 0], [-1, 0], [0, 1], [0, -1]], [-low, high, -low, high])]
    inside = sum(
        all(b and a for a, b in zip(pattern[:4], [True] * 4, strict=False))
        for pattern in _patterns([(walls[0][0] + layers[0][0], walls[0][1] + layers[0][1]), ([[0] * 8], [0])])
    )
    assert nv.regions(network(layers), box=(low, high)).value["activation_regions"] == inside


def _patterns(layers):
    from .brute_force_regions import regions

    return regions([([[Fraction(v) for v in r] for r in w], [Fraction(v) for v in b]) for w, b in layers], 2)


def test_a_function_that_moves_where_no_unit_looks():
    """relu(x) + y through a skip connection: every set of one sign is one piece, in two half planes."""
    from neurovariety.checkpoints.graph.network import Network
    from neurovariety.checkpoints.graph.node import Node

    nodes = (
        Node("input", "input"),
        Node("first", "linear", ("input",), {"weight": "a"}),
        Node("bend", "activation", ("first",), {}, {"function": "relu"}),
        Node("past", "linear", ("input",), {"weight": "c"}),
        Node("out", "add", ("bend", "past")),
    )
    weights = {"a": np.array([[1.0, 0.0]]), "c": np.array([[0.0, 1.0]])}
    found = nv.regions(Network((2,), nodes, "out", weights)).value
    assert (found["activation_regions"], found["bounded_regions"], found["distinct_affine_functions"]) == (2, 0, 2)
    assert (found["zero_set_components"], found["zero_set_has_interior"], found["positive_components"]) == (1, False, 1)
    inside = nv.regions(Network((2,), nodes, "out", weights), box=(-1, 1)).value
    assert (inside["activation_regions"], inside["zero_set_components"]) == (2, 1)


def test_convolutions_and_pooling_are_read():
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 4)), torch.nn.Conv1d(1, 2, 2), torch.nn.ReLU(), torch.nn.MaxPool1d(3), torch.nn.Flatten(),
        torch.nn.Linear(2, 1),
    )  # fmt: skip
    source = nv.load_network(module, example=(4,))
    found = nv.regions(source)
    assert found.claim is nv.Claim.PROVED
    rays, cells = cells_of(found.cells)
    inside = np.array([np.sum([np.array(rays[v]) / max(map(abs, rays[v])) for v in cell], axis=0) for cell in cells], dtype=float)
    x = inside[:, 1:] / inside[:, :1]
    slopes = _gradients(source, x)
    functions = {tuple(np.round([*g, v - g @ p], 5) + 0.0) for g, v, p in zip(slopes, source.evaluate(x)[:, 0], x, strict=True)}
    assert len(functions) == found.value["distinct_affine_functions"] > 10


def _gradients(source, x):
    step = 1e-5
    base = source.evaluate(x)
    return np.concatenate([(source.evaluate(x + step * e) - base) / step for e in np.eye(x.shape[1])], axis=1)


def test_bounds_by_widths():
    assert region_bounds(2, [2, 4]) == {
        "zaslavsky_first_layer": 4, "bounded_first_layer": 0, "montufar2014_lower": 11, "montufar2017_upper": 44,
        "serra2018_upper": 22, "patterns": 64,
    }  # fmt: skip
    assert region_bounds(784, [22, 1])["montufar2014_lower"] is None
    found = nv.regions(network(drawn((2, 4, 3, 1), np.random.default_rng(1), "plain")))
    assert found.value["activation_regions"] <= found.evidence["bounds"]["serra2018_upper"]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: nv.regions(network(SQUARE, "tanh")), "linear on pieces"),
        (lambda: nv.regions({"w1": [[1.0]], "w2": [[1.0]]}, architecture="mlp(1,1,1; x^2)"), "linear on pieces"),
        (lambda: nv.regions(network(SQUARE), box=(1, 1)), "interior"),
        (lambda: nv.regions(network(SQUARE), box=(2, 1)), "at most"),
        (lambda: nv.regions(network(SQUARE), box=5), "pair"),
        (lambda: nv.regions(network(SQUARE), limit=0), "limit="),
        (lambda: nv.regions(network(SQUARE), limit=3), "more than 3 regions"),
        (lambda: nv.regions(network([(np.eye(18, dtype=int).tolist(), [0] * 18), ([[1] * 18], [0])])), "18 directions"),
        (lambda: nv.regions(network([(np.eye(15, dtype=int).tolist(), [0] * 15), ([[1] * 15], [0])]), box=(-1, 1)), "2.15 corners"),
        (lambda: nv.regions("none.json"), "no file"),
    ],
)
def test_refusals(ask, words):
    with pytest.raises(nv.InputError, match=words):
        ask()


def test_networks_as_json(tmp_path):
    file = tmp_path / "network.json"
    file.write_text(json.dumps({"architecture": "mlp(1,2,1; relu; bias)", "weights": {
        "W1": [["1/3"], [-1]], "b1": [0, "2"], "W2": [[1.0, 0.5]], "b2": [1e-3]}}))  # fmt: skip
    source = nv.load_network(file)
    assert source.weights["W1"][0, 0] == Fraction(1, 3)
    assert source.weights["W2"].dtype == np.float64
    assert nv.regions(file).value["activation_regions"] == 3
    for text, words in (
        ("[", "cannot be read as JSON"),
        ("{}", "no weights by name"),
        ('{"weights": {"W1": [[1]]}}', "does not say its architecture"),
        ('{"architecture": "mlp(1,1; relu)", "weights": {"W1": [["a"]]}}', "not a table of numbers"),
        ('{"architecture": "mlp(1,1,1; relu)", "weights": {"W1": [[NaN]], "W2": [[1]]}}', "finite"),
    ):
        file.write_text(text)
        with pytest.raises(nv.InputError, match=words):
            nv.load_network(file)


@pytest.mark.parametrize("few", [0, 10**9])
def test_compiled_loops_and_others_do_the_same(few, monkeypatch):
    monkeypatch.setattr("neurovariety.beyond.piecewise.cut_kernel._FEW", few)
    found = nv.regions(network(drawn((3, 5, 4, 1), np.random.default_rng(3), "plain")))
    assert (found.value["activation_regions"], found.value["facet_adjacencies"]) == (141, 359)


@pytest.mark.parametrize("power", [290, 400])
def test_units_of_weights_change_nothing(power):
    """In float64 the values of later layers are too large, or the weights themselves; signs are then found with whole numbers."""
    layers = drawn((2, 3, 3, 3, 2, 1), np.random.default_rng(2), "plain")
    scaled, unit = [], Fraction(1)
    for weights, biases in layers:
        unit *= 2**power
        scaled.append(([[Fraction(v) * 2**power for v in r] for r in weights], [Fraction(v) * unit for v in biases]))
    one, two = nv.regions(network(layers)), nv.regions(network(scaled))
    assert one.value == two.value
    assert one.value["activation_regions"] > 10


# False twins: complexes that look right, and are not.


@pytest.fixture(scope="module")
def shown():
    found = nv.regions(network(drawn((2, 3, 2, 1), np.random.default_rng(0), "plain")))
    assert found.value["bounded_regions"]
    return found


def cells_of(complex_):
    rays = [tuple(r) for r in complex_.rays.tolist()]
    ends = complex_.starts.tolist()
    return rays, [complex_.members[a:b].tolist() for a, b in itertools.pairwise(ends)]


def refused(found, rays, cells, words):
    with pytest.raises(NotShown, match=words):
        issue(complex_of(found.cells.subject, found.cells.domain, rays, cells), found.network)


def test_a_missing_region_is_noticed(shown):
    rays, cells = cells_of(shown.cells)
    assert issue(complex_of(shown.cells.subject, shown.cells.domain, rays, cells), shown.network).statement.value == len(cells)
    for c in range(len(cells)):
        refused(shown, rays, cells[:c] + cells[c + 1 :], "missing")
    refused(shown, rays, cells[:1], "missing")


def test_a_region_twice_or_two_as_one_are_noticed(shown):
    rays, cells = cells_of(shown.cells)
    refused(shown, rays, [*cells, cells[0]], "same pattern")
    refused(shown, rays, [*cells[2:], sorted({*cells[0], *cells[1]})], "bends|missing|rank|facets")


def test_a_hole_around_a_vertex_is_noticed(shown):
    """Every cell at a vertex is cut off there, all alike, so that facets still match."""
    rays, cells = cells_of(shown.cells)
    inside = [v for v, r in enumerate(rays) if r[0]]
    for v in inside[:4]:
        at = [c for c in cells if v in c]
        if not all(len(c) > 2 for c in at):
            continue
        new, more = {}, list(rays)

        def near(w, v=v, new=new, more=more):
            if w not in new:
                point = [3 * a * max(rays[w][0], 1) + b * rays[v][0] for a, b in zip(rays[v], rays[w], strict=False)]
                g = int(np.gcd.reduce(point))
                new[w] = len(more)
                more.append(tuple(p // g for p in point))
            return new[w]

        edges = _edges(cells, v)
        holed = [sorted([w for w in c if w != v] + [near(w) for w in c if w in edges]) if v in c else c for c in cells]
        refused(shown, more, holed, "missing|rank|facets")


def _edges(cells, v):
    """The rays that share an edge with a vertex: those that are with it in two cells."""
    met = [w for c in cells if v in c for w in c if w != v]
    return {w for w in met if met.count(w) >= 2}


def test_rays_that_are_not_whole_primitive_and_different(shown):
    rays, cells = cells_of(shown.cells)
    refused(shown, [tuple(2 * v for v in rays[0]), *rays[1:]], cells, "primitive")
    refused(shown, [*rays, rays[0]], cells, "primitive")
    refused(shown, [tuple(-v for v in rays[0]), *rays[1:]], cells, "outside|bends|missing|rank")
    table = shown.cells.rays.copy()
    table[0, 1] += 1
    with pytest.raises(NotShown):
        issue(replace(shown.cells, rays=table), shown.network)
    with pytest.raises(NotShown):
        issue(replace(shown.cells, rays=table.astype(np.float64)), shown.network)


def test_cells_of_another_network_or_domain(shown):
    other = network(drawn((2, 3, 2, 1), np.random.default_rng(1), "plain"))
    with pytest.raises(NotShown, match="another network"):
        issue(shown.cells, other)
    domain = shown.cells.domain
    with pytest.raises(NotShown, match=r"tell inputs apart|expected"):
        issue(replace(shown.cells, domain=replace(domain, columns=(0,))), shown.network)
    box = replace(domain, low=(Fraction(-1),) * 2, high=(Fraction(1),) * 2)
    with pytest.raises(NotShown):
        issue(replace(shown.cells, domain=box), shown.network)
    flat = replace(domain, low=(Fraction(1),) * 2, high=(Fraction(1),) * 2)
    with pytest.raises(NotShown, match="interior"):
        issue(replace(shown.cells, domain=flat), shown.network)


@pytest.mark.parametrize("change", [-1, 1])
def test_other_numbers_are_refused(shown, change):
    known = shown.verdicts["activation_regions"]
    assert isinstance(known.certificate, CellComplex)
    for key, value in shown.value.items():
        if key == "activation_regions" or value is None:
            continue
        wrong = (not value) if isinstance(value, bool) else value + change
        with pytest.raises(NotShown):
            issue(RegionCount(key, wrong, known), shown.network)
        with pytest.raises(NotShown):
            issue(RegionCount(key, value, shown.verdicts[key] if key != "activation_regions" else known), shown.network)
    with pytest.raises(NotShown):
        issue(RegionCount("nothing", 1, known), shown.network)
    with pytest.raises(NotShown):
        issue(RegionCount("zero_set_has_interior", 0, known), shown.network)


def test_an_interior_ray_more_is_refused_in_three_dimensions():
    """A cell with a ray inside a facet, and one whose corner is cut off, do not have the facets that they show."""
    found = nv.regions(network([(np.eye(3, dtype=int).tolist(), [0, 0, 0]), ([[1, 1, 1]], [0])]), box=(-1, 1))
    rays, cells = cells_of(found.cells)
    c = next(k for k, cell in enumerate(cells) if len(cell) == 8)
    for v in cells[c]:
        refused(found, rays, [*cells[:c], [w for w in cells[c] if w != v], *cells[c + 1 :]], "facets|missing|rank")
    middle = tuple(
        int(v) for v in np.sum([rays[v] for v in cells[c]], axis=0) // np.gcd.reduce(np.sum([rays[v] for v in cells[c]], axis=0))
    )
    for v in cells[c]:
        moved = [w for w in cells[c] if w != v] + [len(rays)]
        refused(found, [*rays, middle], [*cells[:c], moved, *cells[c + 1 :]], "facets|missing|rank")


def test_results_are_rechecked_from_json(shown):
    again = nv.RegionsResult.from_dict(json.loads(json.dumps(shown.to_dict(certificates=True))))
    assert {key.outcome for key in again.verify().keys if again.value[key.key] is not None} == {"rechecked"}


def test_pictures(shown, tmp_path):
    for colours in ("active", "slope"):
        nv.draw_regions(shown, tmp_path / f"{colours}.png", colours=colours, data=[[0, 0], [1, 1]])
        assert (tmp_path / f"{colours}.png").stat().st_size > 5000
    with pytest.raises(nv.InputError, match="ends in"):
        nv.draw_regions(shown, tmp_path / "regions.txt")
    with pytest.raises(nv.InputError, match="two inputs"):
        nv.draw_regions(nv.regions(network([([[1]], [0]), ([[1]], [0])])), tmp_path / "line.png")
    with pytest.raises(nv.InputError, match="read back"):
        nv.draw_regions(nv.RegionsResult.from_dict(shown.to_dict()), tmp_path / "again.png")
