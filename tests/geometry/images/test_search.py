"""Membership without a theorem: functions of the model are never excluded, limits never called realizable, boxes hold solutions."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest

from neurovariety.architectures import as_model
from neurovariety.claim import Claim
from neurovariety.dictionary.membership import membership
from neurovariety.errors import ResourceError
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, PolynomialMap
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.real_zero import Ball, certified_ball, pivot_columns
from neurovariety.geometry.images.target import read_target


class TestAnyModel:
    @pytest.mark.parametrize(
        "notation",
        [
            "mlp(2,2,1; x^3)",
            "mlp(2,2,2; x^2)",
            "mlp(2,2,2; x^3 + x)",
            "mlp(3,2,1; x^2; bias)",
            "cnn(2,2; x^2)",
            "cnn(3,2,2; x; outputs=2)",
            "attention(2,1; a=1; t=2)",
            "linear(3,2,3)",
            "mlp(2,2,2,1; x^2)",
        ],
    )
    def test_a_function_of_the_model_is_never_excluded(self, notation):
        """The target comes from random weights, and is decided from its coefficients alone."""
        model = as_model(notation)
        rng = np.random.default_rng(5)
        for seed in range(2):
            weights = [Fraction(int(v), 2) for v in rng.integers(-4, 5, model.parameters)]
            found = membership(notation, network=notation, weights=weights, seed=seed)
            assert found.value["verdict"] in ("realizable", "undecided"), (notation, weights)
            assert (found.claim is Claim.UNDECIDED) == (found.value["verdict"] == "undecided")
            assert membership(notation, weights=weights).value == {
                "verdict": "realizable",
                "witness": weights,
                "violated": None,
                "route": "the given weights",
            }

    @pytest.mark.slow
    def test_cubics_of_two_neurons(self):
        """A real binary cubic with distinct roots is a sum of two cubes exactly if only one root is real (Sylvester)."""
        rng = np.random.default_rng(6)
        seen = set()
        for trial in range(16):
            c = rng.integers(-5, 6, 4)
            roots = np.roots(c.astype(float)) if c[0] else np.zeros(0)
            if len(roots) < 3 or min(abs(roots[i] - roots[j]) for i, j in ((0, 1), (0, 2), (1, 2))) < 0.05:
                continue
            text = f"({c[0]})*x0^3 + ({c[1]})*x0^2*x1 + ({c[2]})*x0*x1^2 + ({c[3]})*x1^3"
            found = membership("mlp(2,2,1; x^3)", target=text, seed=trial)
            real = int((np.abs(roots.imag) < 1e-9).sum())
            assert found.value["verdict"] == ("realizable" if real == 1 else "excluded"), text
            assert found.claim is Claim.PROVED
            seen.add(real)
        assert seen == {1, 3}

    def test_a_limit_is_not_called_realizable(self):
        """x^2 y has border rank 2 and rank 3: searches come as near as they like."""
        found = membership("mlp(2,2,1; x^3)", target="x0^2*x1")
        assert found.value["verdict"] == "closure only"
        found = membership("mlp(2,2,1; x^3 + x)", target="x0^2*x1")
        assert found.value["verdict"] == "undecided"
        assert 0 < found.evidence["best_residual"] < 1e-2

    def test_powers_in_two_variables(self):
        """The form that annihilates the target tells its real rank from its border rank, and from no rank at all."""
        for text, target, verdict in (
            ("mlp(2,3,1; x^5)", "x0^4*x1", "closure only"),
            ("mlp(2,3,1; x^5)", "(x0 + 2*x1)^5 - x0^5 + 3*x1^5", "realizable"),
            ("mlp(2,3,1; x^5)", "(x0 + 2*x1)^5 - x0^5", "realizable"),
            ("mlp(2,3,1; x^5)", "x0^5 - 10*x0^3*x1^2 + 5*x0*x1^4", "excluded"),
            ("mlp(2,2,1; x^4)", "x0^4 + x1^4 + x0^2*x1^2", "excluded"),
            ("mlp(2,1,1; x^3)", "x0^3 + x1^3", "excluded"),
            ("mlp(2,2,1; x^3)", "x0^2", "excluded"),
        ):
            found = membership(text, target=target)
            assert (found.value["verdict"], found.claim) == (verdict, Claim.PROVED), (text, target)

    def test_linear_exclusion(self):
        found = membership("mlp(2,1,2; x^3 + x)", target="x0; 3*x1^2")
        assert found.value["violated"] == "the coefficient of x1^2 in output 1 is 0, here 3"
        symmetric = membership("attention(2,1; a=1; t=1)", target="x0^3 + x0*x1")
        assert symmetric.value["verdict"] == "excluded"

    def test_equations_exclude(self):
        found = membership("mlp(2,2,1; x^3 + x^2)", target="x0^2 + x1^3 + 2*x0^2*x1 + x0^3 + 3*x0*x1")
        assert found.value["verdict"] == "excluded"
        assert found.value["route"] == "an equation of the neurovariety"
        assert found.claim is Claim.PROVED
        assert "coefficients: c0 of x0^3" in found.summary()

    def test_the_ball_holds_an_exact_solution(self):
        """Newton in 300 bits from the witness stays inside the certified box and ends on the target."""
        found = membership("mlp(2,2,1; x^3)", target="x0^3 + 3*x0*x1^2 + x1^3")
        box = found.evidence["certificate"]
        coordinates = Coordinates.of(as_model("mlp(2,2,1; x^3)"))
        span = LinearSpan.of(coordinates)
        map_ = PolynomialMap.of(coordinates, span.pivots)
        target = read_target(found.evidence["target"], 2, 1)
        goal = [target.coefficients.get(coordinates.monomials[j], Fraction(0)) for j in span.pivots]
        before = flint.ctx.prec
        flint.ctx.prec = 300
        try:
            at = [flint.arb(w) for w in found.value["witness"]]
            start = list(at)
            for _ in range(8):
                values, slopes = map_.balls(at, box["solved_for"])
                residual = flint.arb_mat(
                    [[v - flint.arb(flint.fmpq(t.numerator, t.denominator))] for v, t in zip(values, goal, strict=True)]
                )
                step = flint.arb_mat(slopes).solve(residual)
                for k, i in enumerate(box["solved_for"]):
                    at[i] = (at[i] - step[k, 0]).mid()
            assert max(abs(float(residual[k, 0].mid())) for k in range(len(goal))) < 1e-60
            assert max(abs(float((a - s).mid())) for a, s in zip(at, start, strict=True)) <= box["radius"]
        finally:
            flint.ctx.prec = before

    def test_no_ball_without_a_solution(self):
        """x^2 has no zero of x^2 = -1, and no certificate at its double zero; x^2 = 2 has one."""
        map_ = PolynomialMap(np.array([[2]]), (((0, Fraction(1)),),))
        assert certified_ball(map_, [Fraction(-1)], np.array([1e-3])) is None
        assert certified_ball(map_, [Fraction(0)], np.array([0.0])) is None
        assert certified_ball(map_, [Fraction(2)], np.array([1.41])) is None  # too far from the zero for these radii
        assert isinstance(certified_ball(map_, [Fraction(2)], np.array([2**0.5])), Ball)
        assert pivot_columns(np.array([[1.0, 2.0], [2.0, 4.0]])) == (1,)

    @pytest.mark.parametrize("notation", ["mlp(2,2,1; x^3 + x^2)", "linear(2,1,2)", "attention(2,1; a=1; t=1)", "cnn(2,2; x^2)"])
    def test_the_span_is_that_of_one_big_matrix(self, notation):
        """`LinearSpan` works piece by piece; here all at once, over random functions."""
        coordinates = Coordinates.of(as_model(notation))
        span = LinearSpan.of(coordinates)
        rng = np.random.default_rng(3)
        samples = coordinates.at(rng.integers(0, 4194301, (3 * coordinates.count, coordinates.parameters)), 4194301)
        matrix = flint.nmod_mat(len(samples), coordinates.count, [int(v) for v in samples.ravel()], 4194301)
        assert matrix.rank() == len(span.pivots)
        for row in samples[:3]:
            for j, relation in enumerate(span.relations):
                total = sum(r.numerator * pow(r.denominator, -1, 4194301) * int(row[p]) for p, r in relation)
                assert (total - int(row[j])) % 4194301 == 0

    def test_large_models_are_refused_at_once(self):
        with pytest.raises(ResourceError, match="weights"):
            membership("mlp(30,30,1; x^3)", target="x0^3 + x1^3")
        assert membership("linear(60,60,60)", target="; ".join(["x0"] * 60)).value["verdict"] == "realizable"

    def test_nearby_slopes_are_the_slopes(self):
        coordinates = Coordinates.of(as_model("mlp(2,2,2,1; x^2)"))
        map_ = PolynomialMap.of(coordinates, range(coordinates.count))
        weights = np.random.default_rng(2).standard_normal((5, coordinates.parameters))
        weights[0, 3] = weights[1, :2] = 0.0
        assert np.allclose(map_.slopes_nearby(weights), map_.jacobian(weights), atol=1e-6)
