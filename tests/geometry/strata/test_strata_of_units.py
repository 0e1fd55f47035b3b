"""Strata of families beyond perceptrons: on each, the function is that of the smaller network, exactly, at random weights."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from neurovariety import as_model, critical_locus, dimension, singularities, subnetworks
from neurovariety.geometry.strata.facts import stratum_facts
from neurovariety.geometry.strata.fiber_families import fiber_families
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.units import ProductTerms, Units

from .exact_values import values

MODELS = [
    "gnn(path(3); 1,3,1; x^2)",
    "gnn(cycle(3); 1,2,2,1; x^3 + x; pool)",
    "gnn(path(2); 1,2,1; x)",
    "groupconv(cyclic(3); channels=1,2,1; x^2)",
    "groupconv(klein(); channels=1,2,2; x^2 + x)",
    "groupconv(cyclic(2); channels=1,2,1; x)",
    "ssm(1,2,1; t=3; x^2)",
    "ssm(1,3,2; t=3; x^2 + x)",
    "ssm(2,2,1; t=3; x^3 + x)",
    "ssm(1,3,1; t=4)",
    "ssm(1,3,1; t=3; x^2; diagonal)",
    "ssm(2,2,1; t=3; diagonal)",
    "tt(2,2,2; ranks=2,2)",
    "tt(2,3; ranks=2)",
    "cp(2,2,2; rank=3)",
    "cp(2,2; rank=2)",
    "equivariant(3,3; ranks=2,2)",
    "invariant(2,2,1; rank=2; outputs=3)",
    "residual(mlp(2,3,2; x^2))",
    "residual(attention(2,2; a=2; t=2; heads=2))",
    "sequence(linear(2,2); residual(mlp(2,2,2; x^2)); linear(2,1))",
    "sequence(mlp(2,2,2; x^2); mlp(2,2,1; x^3 + x))",
    "ratio(mlp(2,2,1; x^2); mlp(2,2,1; x^3))",
    "cnn(2,2; x; channels=1,2,1)",
]


def weights_of(stratum, rng):
    numbers = [int(n) for n in rng.integers(1, 6, size=stratum.parameters) * rng.choice([-1, 1], size=stratum.parameters)]
    return numbers, stratum.embed(np.array([Fraction(n) for n in numbers], dtype=object))


def merged(model, weights):
    """The network without dead units and with one unit for those that are multiples of each other, and its weights.

    Found from the weights alone: a unit without incoming or outgoing weights is left out; where c times the incoming weights of one are
    those of another, its outgoing weights are added, times what the activation makes of c.
    """
    blocks = {b.name: np.array(list(weights[b.start : b.start + b.size]), dtype=object).reshape(b.shape) for b in model.blocks}
    for u in model.units:
        if isinstance(u, (Units, ProductTerms)):
            kept = kept_units(u, blocks) if isinstance(u, Units) else kept_terms(u, blocks)
            for block, axis in u.axes if isinstance(u, Units) else u.factors:
                blocks[block] = np.take(blocks[block], kept, axis=axis)
    sizes = tuple(blocks[u.axes[0][0]].shape[u.axes[0][1]] if isinstance(u, Units) else len(kept) for u in model.units)
    return model.resized(sizes), [Fraction(w) for b in model.blocks for w in blocks[b.name].reshape(-1)]


def along(axes, blocks, i):
    return [w for block, axis in axes for w in np.take(blocks[block], [i], axis=axis).reshape(-1)]


def ratio(a, b):
    """The c with c a = b, where there is one and a is not 0."""
    first = next((k for k, x in enumerate(a) if x), None)
    if first is None:
        return None
    c = Fraction(b[first]) / Fraction(a[first])
    return c if c and all(c * x == y for x, y in zip(a, b, strict=True)) else None


def add(blocks, block, axis, i, j, factor):
    ahead = np.moveaxis(blocks[block], axis, 0)  # a view
    ahead[i] = ahead[i] + ahead[j] * factor


def reached(u, axes, blocks, side):
    """The units that have weights along these axes, or, in a recurrence, hang on such units; 1 for incoming weights, 0 for outgoing."""
    loops = {block for block, _ in u.looped}
    found = {i for i in range(u.count) if any(along([a for a in axes if a[0] not in loops], blocks, i))}
    for _ in range(u.count if loops else 0):
        found |= {
            j for b in loops for j in range(u.count) if any(w for k, w in enumerate(np.take(blocks[b], j, axis=1 - side)) if k in found)
        }
    return found


def kept_units(u, blocks):
    kept = []
    power = u.absorbs.power
    for j in range(u.count):
        if j not in reached(u, u.made, blocks, 1) or j not in reached(u, u.read, blocks, 0):
            continue
        for i in kept:
            c = ratio(along(u.made, blocks, i), along(u.made, blocks, j))
            if c is None or along(u.own, blocks, i) != along(u.own, blocks, j):
                continue
            if c == 1 or power is not None or (c == -1 and u.absorbs.multiples == "opposite"):
                odd = c == -1 and power is None
                factor = c**power if power is not None else parity(u) if odd else Fraction(1)
                for block, axis in u.looped:
                    add(blocks, block, axis, i, j, c)
                for block, axis in u.read:
                    add(blocks, block, axis, i, j, factor)
                break
        else:
            kept.append(j)
    return kept


def parity(u):
    return Fraction(-1)  # the even or odd activations among `MODELS` are odd


def kept_terms(u, blocks):
    kept = []
    for j in range(u.count):
        if not all(any(along((f,), blocks, j)) for f in u.factors):
            continue
        for i in kept:
            ratios = [ratio(along((f,), blocks, i), along((f,), blocks, j)) for f in u.factors]
            if ratios.count(None) <= 1:
                k = ratios.index(None) if None in ratios else 0
                factor = np.prod([Fraction(1), *(c for m, c in enumerate(ratios) if m != k)])
                add(blocks, *u.factors[k], i, j, factor)
                break
        else:
            kept.append(j)
    return kept


@pytest.mark.parametrize("text", MODELS)
def test_the_function_is_that_of_the_smaller_network(text):
    """Strata whose first parameters are weights of the smaller network, the zero function, and units that are multiples."""
    model = as_model(text)
    rng = np.random.default_rng(7)
    inputs = rng.integers(2, 7, size=(3, *model.input_shape))
    listed = weight_strata(model)
    assert listed
    for s in listed:
        numbers, weights = weights_of(s, rng)
        found = values(model, weights, inputs)
        if s.small is None:
            assert not any(found), s.name
        elif s.free is not None:
            assert values(s.small, numbers[: s.parameters - s.free], inputs) == found, s.name
        elif s.sizes and s.kind != "rank" and "some basis" not in s.name:  # of which each part is looked at by itself
            network, left = merged(model, weights)
            assert network.parameters <= s.small.parameters, s.name
            assert values(network, left, inputs) == found, s.name
        assert s.small is None or s.small.parameters < model.parameters or s.sizes == (), s.name


@pytest.mark.parametrize("text", ["gnn(path(3); 1,3,1; x^2)", "ssm(1,3,1; t=4)", "tt(2,2,2; ranks=2,2)", "cp(2,2,2; rank=3)"])
def test_dimensions_over_a_stratum_are_those_of_the_smaller_network(text):
    model = as_model(text)
    whole = dimension(model).value
    for index, s in enumerate(weight_strata(model)):
        found = stratum_facts(s, 0, index, whole)
        assert found.functions == (0 if s.small is None else dimension(s.small).value), s.name


def test_linear_units_are_dead_in_any_basis():
    """Systems of one input and output with three states that are not minimal: the pairs (A, B) that do not reach all states are a
    hypersurface, det(B, AB, A^2 B) = 0, and so are those not seen from C."""
    model = as_model("ssm(1,3,1; t=6)")
    sizes = {s.name: stratum_facts(s, 0, i, 6).dimension for i, s in enumerate(weight_strata(model))}
    assert sizes["state 3 with incoming weights 0, in some basis"] == model.parameters - 1
    assert sizes["state 3 with outgoing weights 0, in some basis"] == model.parameters - 1
    assert sizes["state 3 dead, in some basis"] < model.parameters - 1


def test_terms_that_differ_in_one_factor_are_one():
    found = {s.name: s.kind for s in weight_strata(as_model("cp(2,2,2; rank=2)"))}
    assert found["terms 1 and 2 proportional but in A3"] == "redundant"
    assert found["term 2 with A1 zero"] == "zero factor"
    assert found["term 2 dead"] == "inactive"


@pytest.mark.parametrize("text", ["gnn(path(3); 1,2,1; x^3)", "cp(2,3,3; rank=2)", "ssm(1,2,2; t=4; x^2)"])
def test_no_list_of_these_is_called_whole(text):
    """Their strata are those that are known: nothing says that there are no others."""
    model = as_model(text)
    known = strata_of(model, False)
    assert known.strata
    assert known.theorem == ""
    assert known.all_listed is False
    assert critical_locus(model).value["complete"] is False
    assert "; others are not excluded" in critical_locus(model).meaning


def test_singular_functions_of_smaller_networks_are_found():
    """A state that does nothing: the functions of one state are limits in many ways."""
    found = singularities("cp(3,3,3; rank=2)")
    (one, *_) = found.value["strata"]
    assert (one["name"], one["dimension"], one["status"]) == ("cp(3,3,3; rank=1)", 7, "singular")


def test_families_of_one_function():
    model = as_model("ssm(1,2,1; t=4)")
    for family in fiber_families(model):
        assert len({(s.sizes, s.parameters - s.free) for s in family}) == 1


def test_a_poset_of_a_graph_network():
    found = subnetworks("gnn(path(3); 1,2,1; x^2)")
    names = [i["name"] for i in found.value["images"]]
    assert names == ["gnn(path(3); 1,1,1; x^2)", "zero"]
    assert found.value["inclusions"] == [[names[0], found.subject], ["zero", names[0]]]
