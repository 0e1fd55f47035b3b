"""Invariance: each dimension by a second route, and claims that are earned."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest

import neurovariety as nv
from neurovariety import Claim, InputError
from neurovariety.cli.main import main
from neurovariety.dictionary.invariance import InvarianceResult, invariance
from neurovariety.geometry.equivariance.adjunction import input_adjunction, output_adjunction
from neurovariety.geometry.equivariance.linear_map import read_map
from neurovariety.linear_algebra import rank
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, samples_program
from neurovariety.rings.finite_field import FiniteField

P = 4194301


def values(found: InvarianceResult) -> tuple[int, int]:
    return found.value["function_dimension"], found.value["weight_dimension"]


def everything(found: InvarianceResult) -> list[dict]:
    return found.value["components"] + found.evidence["subnetworks"]


def modular(text: str, size: int, p: int) -> np.ndarray:
    return np.array(
        [[v.numerator * pow(v.denominator, -1, p) % p for v in row] for row in read_map(text, size, "inputs").rows], dtype=float
    )


def integer_power(matrix: np.ndarray, k: int, p: int) -> np.ndarray:
    out = np.eye(len(matrix), dtype=np.int64)
    for _ in range(k):
        out = out @ matrix.astype(np.int64) % p
    return out


def moved(matrix: np.ndarray, batch: np.ndarray, p: int) -> np.ndarray:
    return np.mod(np.einsum("ij,bj...->bi...", matrix, batch), p)


def sampled(model: nv.Model, weights: np.ndarray, inputs: np.ndarray, p: int) -> np.ndarray:
    """f_w(x) over F_p for each of many weights and inputs, shape (weights, inputs, *output shape)."""
    program = samples_program(model, len(weights), len(inputs))
    fixed = np.array([float(c.numerator * pow(c.denominator, -1, p) % p) for c in model.coefficients])
    (out,) = interpret(program, FiniteField(p), [*leaves(model, weights), inputs, fixed])
    return np.mod(out, p)


def symmetrized_span(notation: str, t: str, s: str | None, order: int, seed: int = 5) -> int:
    """Dimension of the equivariant part of the linear span: rank of the means of S^-j f_w(T^j x) over random weights."""
    model = nv.as_model(notation)
    rng = np.random.default_rng(seed)
    count = 30
    weights = rng.integers(0, P, (count, model.parameters)).astype(float)
    x = rng.integers(0, P, (count, *model.input_shape)).astype(float)
    matrix = modular(t, model.input_shape[0], P)
    size = model.output_shape[0]
    back = modular(s, size, P) if s else np.eye(size)
    back = integer_power(back, order - 1, P).astype(float)  # S^-1
    total, turn = np.zeros((count, count, *model.output_shape)), np.eye(size)
    for _ in range(order):
        here = sampled(model, weights, x, P)
        total = np.mod(total + np.mod(np.einsum("ij,wbj...->wbi...", turn, here), P), P)
        x, turn = moved(matrix, x, P), np.mod(turn @ back, P)
    return rank(total.reshape(count, -1), P)


def counted(notation: str, t: str, s: str | None, q: int) -> int:
    """How many weights over F_q have an equivariant function, by trying them all at all inputs."""
    model = nv.as_model(notation)
    n, m = model.parameters, model.inputs
    x = np.array(list(product(range(q), repeat=m)), dtype=float)
    tx = moved(modular(t, m, q), x, q)
    matrix = modular(s, model.outputs, q) if s else np.eye(model.outputs)
    found, chunk = 0, 20_000
    every = np.stack(np.unravel_index(np.arange(q**n), (q,) * n), axis=1).astype(float)
    for at in range(0, len(every), chunk):
        some = every[at : at + chunk]
        there, here = sampled(model, some, tx, q), sampled(model, some, x, q)
        turned = np.mod(np.einsum("ij,wbj->wbi", matrix, here), q)
        found += int(np.all(there == turned, axis=(1, 2)).sum())
    return found


class TestAdjunction:
    @pytest.mark.parametrize(
        "notation",
        ["linear(3,2,2)", "mlp(3,2,2; x^2)", "mlp(1,2,1; x^3)", "mlp(2,3,2,2; x^3 + x; bias)", "attention(2,2; a=2; t=3)",
         "attention(2,3,2; a=1; t=2; heads=2)"],
    )  # fmt: skip
    def test_proved_for_the_families(self, notation):
        model = nv.as_model(notation)
        assert input_adjunction(model)
        assert output_adjunction(model)

    def test_a_false_statement_is_refused(self):
        """The second layer does not meet the input, so the statement is wrong and nothing may rest on it."""
        model = replace(nv.as_model("mlp(2,2,1; x^2)"), input_axes=(("W2", 1),))
        assert not input_adjunction(model)
        with pytest.raises(InputError, match="neither proved nor tested"):
            invariance(model, map="1,0")

    def test_models_without_the_statement(self):
        foreign = nv.as_model(lambda w, x: w @ x, (2, 2), input_shape=2)
        for source in (foreign, "cnn(2,2; x^2)"):
            with pytest.raises(InputError, match="does not say on which weights"):
                invariance(source, map="identity")

    def test_bad_input_of_the_entry(self):
        found = invariance("mlp(2,2,1; x^2)")
        assert found.evidence["map"] == "1,0"
        assert any("no map was given" in n for n in found.notices)
        with pytest.raises(InputError, match="no map of 1 outputs"):
            invariance("mlp(2,2,1; x^2)", map="1,0", output_map="1,0")
        with pytest.raises(InputError, match="up to 3,000"):
            invariance("mlp(90,90,1; x^2)", map="shift")


def random_map(rng: random.Random, n: int) -> str:
    if n == 1:
        return rng.choice(["1", "-1"])
    if n == 2:  # of orders 2, 4, 3, 6, 1, 2
        return rng.choice(["1,0;0,-1", "0,-1;1,0", "0,-1;1,-1", "0,-1;1,1", "1,0;0,1", "0,1;1,0"])
    return ",".join(map(str, rng.sample(range(n), n)))


class TestLinearNetworks:
    def test_theorem_against_search(self):
        """Random widths and maps: the best component has exactly the dimension that the isotypic blocks give."""
        rng = random.Random(11)
        for k in range(25):
            widths = [rng.randint(1, 4) for _ in range(rng.randint(2, 4))]
            t, s = (random_map(rng, n) for n in (widths[0], widths[-1]))
            found = invariance(f"linear({','.join(map(str, widths))})", map=t, output_map=s if rng.random() < 0.6 else None)
            assert found.claim is Claim.PROVED
            assert max(c["functions"] for c in everything(found)) == found.value["function_dimension"], (k, widths, t, s)
            assert max(c["weights"] for c in everything(found)) <= found.value["weight_dimension"], (k, widths, t, s)

    @pytest.mark.parametrize(("inputs", "outputs", "rank_"), [(3, 2, 1), (4, 3, 2), (5, 5, 3)])
    def test_invariant_maps_are_determinantal(self, inputs, outputs, rank_):
        """f(T x) = f(x) iff f vanishes on im(T - 1): matrices of size outputs x cycles (Kohn, Sattelberger, Shahverdi 2023)."""
        for cycle in range(1, inputs + 1):
            text = "(" + " ".join(map(str, range(cycle))) + ")"
            c = inputs - cycle + 1
            r = min(rank_, c, outputs)
            found = invariance(f"linear({inputs},{rank_},{outputs})", map=text)
            assert found.value["function_dimension"] == r * (c + outputs - r)

    def test_equivariant_maps_have_several_components(self):
        """3 x 3 circulants of rank at most 2: the trivial block is dropped (2 dimensions), or the plane is (1 dimension)."""
        found = invariance("linear(3,2,3)", map="shift", output_map="shift")
        assert (found.value["function_dimension"], found.claim) == (2, Claim.PROVED)
        assert invariance("linear(3,1,3)", map="shift", output_map="shift").value["function_dimension"] == 1
        assert invariance("linear(3,3,3)", map="shift", output_map="shift").value["function_dimension"] == 3

    def test_maps_of_infinite_order(self):
        """im(T - 1) is a line for a shear, everything for 2."""
        assert values(invariance("linear(2,2,1)", map="1,1;0,1"))[0] == 1
        found = invariance("linear(2,1,2)", map="2,0;0,2")
        assert values(found) == (0, 2)  # W_1 = 0, or W_2 = 0
        assert (found.claim, found.value["order"]) == (Claim.PROVED, None)
        assert invariance("linear(2,2,2)", map="1,1;0,1", output_map="1,1;0,1").claim is Claim.LOWER_BOUND

    @pytest.mark.parametrize(
        ("notation", "t", "s"),
        [("linear(2,1,2)", "1,0", None), ("linear(2,1,2)", "1,0", "1,0"), ("linear(1,2,1)", "-1", None),
         ("linear(2,1,1,1)", "negation", None),
         ("linear(2,2,1)", "1,0", None), ("linear(2,2,1)", "negation", "-1"), ("linear(1,1,1,1,1)", "-1", None),
         ("linear(3,1,1)", "(0 1)", None),
         ("mlp(1,1,1; x; bias)", "-1", None), ("mlp(1,1,1; x; bias)", "-1", "-1"), ("linear(2,2,1)", "1,1;0,1", None)],
    )  # fmt: skip
    def test_weights_against_all_weights_over_small_fields(self, notation, t, s):
        found = invariance(notation, map=t, output_map=s)
        assert found.claim is Claim.PROVED
        growth(found, notation, t, s, (3, 7))


def growth(found: InvarianceResult, notation: str, t: str, s: str | None, primes: tuple[int, int]) -> None:
    """The number of equivariant weights over F_q grows like q to the dimension, times the number of components."""
    small, large = (counted(notation, t, s, q) for q in primes)
    exponent = math.log(large / small) / math.log(primes[1] / primes[0])
    assert round(exponent) == found.value["weight_dimension"], (small, large, exponent)


class TestPolynomialNetworks:
    def test_symmetric_quadratic_forms(self):
        """a (x^2 + y^2) + b x y: two dimensions, by neurons that are exchanged; the weights satisfy one equation."""
        found = invariance("mlp(2,2,1; x^2)", map="1,0")
        assert values(found) == (2, 5)
        assert found.claim is Claim.PROVED
        assert ["permuting the neurons of hidden layer 1: 1 cycle of 2"] in [c["classes"] for c in found.value["components"]]

    @pytest.mark.parametrize(
        ("notation", "t", "s"),
        [("mlp(2,2,1; x^2)", "1,0", None), ("mlp(2,1,1; x^2)", "negation", None), ("mlp(2,1,2; x^2)", "1,0", "1,0"),
         ("mlp(1,2,1; x^3)", "-1", "-1"), ("mlp(1,2,1; x^3)", "-1", None), ("mlp(2,1,1; x^3)", "1,0", None)],
    )  # fmt: skip
    def test_weights_against_all_weights_over_small_fields(self, notation, t, s):
        growth(invariance(notation, map=t, output_map=s), notation, t, s, (5, 7))

    @pytest.mark.parametrize(
        ("notation", "t", "s"),
        [("mlp(2,2,1; x^2)", "1,0", None), ("mlp(3,3,1; x^2)", "shift", None), ("mlp(2,2,1; x^3)", "1,0", None),
         ("mlp(2,2,2; x^2)", "1,0", "1,0"),
         ("mlp(2,3,1; x^4)", "1,0", None), ("mlp(2,2,1; x^2; bias)", "1,0", None), ("mlp(2,3,1; x^2)", "0,-1;1,0", None),
         ("mlp(3,6,1; x^2)", "shift", None), ("mlp(2,4,2; x^3)", "0,-1;1,0", "0,-1;1,0")],
    )  # fmt: skip
    def test_filling_models_reach_the_invariants_of_their_span(self, notation, t, s):
        assert nv.dimension(notation).evidence["filling"]
        found = invariance(notation, map=t, output_map=s)
        assert found.value["function_dimension"] == symmetrized_span(notation, t, s, found.value["order"])
        assert found.evidence["function_dimension_at_most"] == found.value["function_dimension"]

    @pytest.mark.parametrize(
        ("notation", "t", "s"),
        [("mlp(3,2,1; x^2)", "shift", None), ("mlp(3,3,1; x^3)", "shift", None), ("mlp(3,2,2,1; x^2)", "(0 1)", None),
         ("mlp(2,2,1; x^3 + x^2; bias)", "1,0", None), ("mlp(4,3,2; x^2)", "shift", "1,0"), ("mlp(3,4,2; x^3 + x)", "(0 1)", None),
         ("attention(2,2; a=2; t=3)", "1,0", "1,0"), ("attention(2,2; a=1; t=2)", "1,0", None),
         ("attention(3,2; a=2; t=2)", "shift", None)],
    )  # fmt: skip
    def test_never_more_than_the_invariants_of_the_span(self, notation, t, s):
        found = invariance(notation, map=t, output_map=s)
        top = symmetrized_span(notation, t, s, found.value["order"])
        assert found.value["function_dimension"] <= min(top, nv.dimension(notation).value)
        assert found.value["function_dimension"] > 0

    @pytest.mark.parametrize("seed", range(3))
    def test_ternary_cubics_of_rank_three(self, seed):
        """Sums of three cubes in three variables are a hypersurface (Aronhold's invariant S vanishes), of degree 4. The cubics that a
        cyclic shift fixes are 4-dimensional, x^3 + y^3 + z^3 + ... + xyz, and S is not zero on them: 3 dimensions remain."""
        found = invariance("mlp(3,3,1; x^3)", map="shift", seed=seed)
        assert found.value["function_dimension"] == 3
        assert found.evidence["function_dimension_at_most"] == 4
        assert found.claim is Claim.LOWER_BOUND

    def test_quadratic_fibers_hide_invariants(self):
        """Forms of rank two on three variables that a shift fixes: the Laplacian form has rank two and no layerwise weights, since its
        fiber is an orbit of O(2), not of the stated group. So nothing may be claimed proved."""
        found = invariance("mlp(3,2,1; x^2)", map="shift")
        assert found.value["components"] == []
        assert found.claim is Claim.LOWER_BOUND
        assert values(found)[0] == 1

    @pytest.mark.parametrize("notation", ["mlp(3,4,2; x^2)", "mlp(2,3,2,1; x^2, x^3)", "attention(2,2; a=1; t=2)"])
    def test_even_and_odd_functions(self, notation):
        """-1 leaves even functions; odd ones (attention is cubic) change sign, and only the zero function is left."""
        odd = notation.startswith("attention")
        model, whole = nv.as_model(notation), nv.dimension(notation).value
        found = invariance(notation, map="negation", output_map="negation" if odd else None)
        assert values(found) == (whole, model.parameters)
        assert found.claim in (Claim.PROVED, Claim.PROBABILITY)
        none = invariance(notation, map="negation", output_map=None if odd else "negation")
        assert none.value["function_dimension"] == none.evidence["function_dimension_at_most"] == 0

    def test_signs_that_no_stated_symmetry_tells(self):
        """x^3 + x is odd and x^4 + x^2 even, but turning a neuron to its negative is no stated symmetry: functions are asked."""
        found = invariance("mlp(2,2,1; x^3 + x)", map="negation", output_map="-1")
        assert values(found) == (nv.dimension("mlp(2,2,1; x^3 + x)").value, 6)
        assert found.claim is Claim.PROBABILITY
        assert found.evidence["error_bound"] <= 2**-20
        assert values(invariance("mlp(2,3,1; x^4 + x^2)", map="negation")) == (nv.dimension("mlp(2,3,1; x^4 + x^2)").value, 9)
        assert invariance("mlp(2,3,1; x^4 + x^2)", map="negation", output_map="-1").value["function_dimension"] == 0

    def test_one_neuron_by_hand(self):
        """a (u x + v y)^r is fixed by the swap iff u = v, or r is even and u = -v: two dimensions of weights, one of functions. The
        zero functions have a = 0 and u, v free."""
        for r, kinds in ((2, 2), (3, 1)):
            found = invariance(f"mlp(2,1,1; x^{r})", map="1,0")
            assert values(found) == (1, 2)
            assert len(found.value["components"]) == kinds
            assert all((c["weights"], c["functions"]) == (2, 1) for c in found.value["components"])

    def test_attention_by_hand(self):
        """f(T X) = T f(X) iff (V, A) commutes with the swap, or anticommutes in both: 2 + 2 - 1 dimensions each, A = K^T Q."""
        found = invariance("attention(2,2; a=2; t=3)", map="1,0", output_map="1,0")
        assert values(found) == (3, 8)
        assert [c["functions"] for c in found.value["components"]] == [3, 3]

    def test_deep_signs_follow_the_exponents(self):
        """A quarter turn is -1 after two steps. With x^3 the sign passes through a layer, with x^2 it does not: the first layer needs
        cycles with a sign either way, the second one only in the cubic network."""
        turn = "0,-1;1,0"
        cubic = invariance("mlp(2,2,2,2; x^3)", map=turn, output_map=turn)
        assert all("with a sign" in c for c in cubic.value["components"][0]["classes"])
        square = invariance("mlp(2,2,2,1; x^2)", map=turn)
        assert square.value["components"]
        for c in square.value["components"]:
            first, second = c["classes"]
            assert "with a sign" in first
            assert "with a sign" not in second

    def test_bias_networks(self):
        """Symmetric polynomials of degree at most two in two variables: 1, x + y, x^2 + y^2, x y."""
        found = invariance("mlp(2,3,1; x^2; bias)", map="1,0")
        assert found.value["function_dimension"] == 4
        assert found.evidence["function_dimension_at_most"] == 4

    def test_the_zero_function_is_equivariant(self):
        """x^2 + 1 is even and no neuron with an input is odd: what is left is W2 = 0, for the function is zero there."""
        found = invariance("mlp(1,1,1; x^2 + 1)", map="-1", output_map="-1")
        assert values(found) == (0, 1)
        growth(found, "mlp(1,1,1; x^2 + 1)", "-1", "-1", (5, 11))
        odd = invariance("mlp(3,4,2; x^2)", map="negation", output_map="negation")  # W1 = 0 or W2 = 0
        assert values(odd) == (0, 12)
        with_bias = invariance("mlp(3,4,2; x^2; bias)", map="negation", output_map="negation")  # W2 = 0, b2 = 0
        assert with_bias.evidence["weights_of_the_zero_function_at_least"] == 16

    @pytest.mark.parametrize(
        ("notation", "t", "s"),
        [("gnn(path(3); 2,2,1; x^2)", "reverse", None), ("gnn(path(3); 2,3,2; x^2)", "1,0", "1,0"),
         ("sequence(linear(3,2); residual(mlp(2,4,2; x^2)); linear(2,1))", "shift", None)],
    )  # fmt: skip
    def test_other_families(self, notation, t, s):
        """Every family that states its axes; the sampled span bounds what was found, and functions were found."""
        found = invariance(notation, map=t, output_map=s)
        assert 0 < found.value["function_dimension"] <= symmetrized_span(notation, t, s, found.value["order"])

    def test_even_ratios(self):
        """Homogeneous ratios of linear forms and of quadrics do not see the sign of the input."""
        for notation, functions, weights in (("ratio(linear(2,1); linear(2,1))", 3, 4), ("mlp(2,2,1; x^-2)", 4, 6)):
            found = invariance(notation, map="negation")
            assert (values(found), found.claim) == ((functions, weights), Claim.PROVED)

    def test_identity_leaves_everything(self):
        for notation in ("mlp(2,2,1; x^2)", "linear(3,2,3)", "attention(2,2; a=2; t=3)"):
            found = invariance(notation, map="identity")
            assert values(found) == (nv.dimension(notation).value, nv.as_model(notation).parameters)
            assert found.claim is Claim.PROVED

    def test_random_small_networks(self):
        """Bounds hold, seeds agree, and conjugate maps give the same dimensions."""
        rng = random.Random(3)
        for _ in range(5):
            n = rng.randint(2, 3)
            widths = [n, *(rng.randint(1, 3) for _ in range(rng.randint(1, 2))), rng.randint(1, 2)]
            bias = rng.choice(["", "; bias"])
            notation = f"mlp({','.join(map(str, widths))}; {rng.choice(['x^2', 'x^3'])}{bias})"
            p, g = rng.sample(range(n), n), rng.sample(range(n), n)
            conjugate = [0] * n
            for i in range(n):
                conjugate[g[i]] = g[p[i]]
            found = invariance(notation, map=p)
            assert values(found) == values(invariance(notation, map=conjugate, seed=8)), (notation, p, g)
            if found.value["order"] > 1:
                top = symmetrized_span(notation, ",".join(map(str, p)), None, found.value["order"])
                assert found.value["function_dimension"] <= top, (notation, p)


def test_result():
    found = invariance("mlp(2,2,2; x^2)", map="1,0", output_map="0,1;1,0", seed=2)
    again = found.rerun()
    assert again.provenance.seed != 2
    read = InvarianceResult.from_dict(json.loads(json.dumps(found.to_dict())))
    assert read.value == found.value
    assert read.rerun().value == found.value
    assert "Layerwise Equivariant" in found.cite()
    assert found.meaning.startswith("the symmetry is f(T x) = S f(x) with T x = (x1, x0) and S y = (y1, y0); ")
    assert "arXiv:2309.13736" in invariance("linear(2,2)", map="1,0").cite()


def test_a_cap_is_said(monkeypatch):
    monkeypatch.setattr("neurovariety.geometry.equivariance.equivariant_weights.MAX_CLASSES", 3)
    monkeypatch.setattr("neurovariety.dictionary.invariance.MAX_CLASSES", 3)
    found = invariance("mlp(4,4,1; x^3)", map="shift")
    assert found.evidence["all_classes"] is False
    assert found.evidence["classes_looked_at"] == 3
    assert any("only the first 3" in n for n in found.notices)


def test_a_long_list_is_cut(monkeypatch):
    monkeypatch.setattr("neurovariety.dictionary.invariance._MAX_SHOWN", 1)
    found = invariance("mlp(2,1,1; x^2)", map="1,0")
    assert (len(found.value["components"]), found.evidence["components_found"]) == (1, 2)
    assert any("1 of 2 components" in n for n in found.notices)


def test_command_line(capsys):
    with pytest.raises(SystemExit) as status:
        main(["invariance", "mlp(2,2,2; x^2)", "--map", "(0 1)", "--output-map", "1,0", "--json"])
    assert status.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["entry"], found["value"]["function_dimension"], found["claim"]) == ("invariance", 3, "lower_bound")
    with pytest.raises(SystemExit) as status:
        main(["invariance", "mlp(2,2,2; x^2)", "--map", "1,2"])
    assert status.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_models_of_a_user_with_scalar_output():
    """A user's model may state its axes, too; here x -> (u . x)^2 with a scalar value."""
    model = replace(nv.as_model(lambda w, x: jnp.dot(w, x) ** 2, (2,), input_shape=2), input_axes=(("w", 0),))
    found = invariance(model, map="negation")
    assert values(found) == (2, 2)
