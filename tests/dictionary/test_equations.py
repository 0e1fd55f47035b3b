"""Equations of neurovarieties: published ones, determinants, Hilbert functions, and what must hold of any."""

from __future__ import annotations

import shutil
from fractions import Fraction
from math import comb, prod

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import neurovariety as nv
from dictionary.strategies import FAMILIES
from dictionary.test_oracles import _absent, parametrization, run
from neurovariety.certificates.realized import written
from neurovariety.claim import Claim
from neurovariety.dictionary.equations import equations
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.vanishing import trial_places, vanish_at, vanishes_identically, vanishing_error

PROVED_BY_EQUATIONS = [
    # architecture, dimension: defective, and the missing upper bound is that of equations
    ("mlp(2,3,2; x^3 + x)", 11),
    ("mlp(3,2,1; x^2 + x)", 7),
    ("mlp(4,2,1; x^2 + x)", 9),
    ("mlp(4,3,1; x^2 + x)", 12),
    ("mlp(2,1,1; x^2 + x; bias)", 4),
]


def values(equation, coefficients):
    return sum(c * prod((coefficients[i] for i in term), start=Fraction(1)) for term, c in equation.terms)


def coefficients_at(coordinates, rng):
    """The coefficients of a random function of the model, exactly."""
    weights = [
        Fraction(int(v), int(d))
        for v, d in zip(rng.integers(-9, 10, coordinates.parameters), rng.integers(1, 5, coordinates.parameters), strict=True)
    ]
    out = []
    for polynomial in coordinates.polynomials:
        total = Fraction(0)
        for e, c in polynomial.to_dict().items():
            total += Fraction(int(c.p), int(c.q)) * prod((w ** int(k) for w, k in zip(weights, e, strict=True)), start=Fraction(1))
        out.append(total)
    return [*out, Fraction(1)]


class TestPublished:
    def test_the_cubic_of_two_neurons_with_a_cubic_activation(self):
        """-det [[q0,q1,q2],[t0,t1,t2],[t1,t2,t3]] for x^3 + x^2, in the entries of the symmetric tensors."""
        result = equations("mlp(2,2,1; x^3 + x^2)")
        assert result.value["generators"] == {"3": 1}
        assert result.value["complete"] is True
        assert result.claim is Claim.PROVED
        named = {m: int(c[1:]) for c, m in result.evidence["coordinates"].items()}
        rng = np.random.default_rng(0)
        ratios = set()
        for _ in range(5):
            q0, q1, q2, t0, t1, t2, t3 = (Fraction(int(v)) for v in rng.integers(-20, 21, 7))
            cubic = q2 * t1**2 - q2 * t0 * t2 - q1 * t1 * t2 + q0 * t2**2 + q1 * t0 * t3 - q0 * t1 * t3
            at = {"x0^2": q0, "x0 x1": 2 * q1, "x1^2": q2, "x0^3": t0, "x0^2 x1": 3 * t1, "x0 x1^2": 3 * t2, "x1^3": t3}
            ours = values(result.system.generators[0], {named[m]: v for m, v in at.items()})
            ratios.add(ours / cubic)
        assert len(ratios) == 1

    @pytest.mark.parametrize(("m", "n"), [(2, 2), (2, 3), (3, 3), (2, 5), (3, 4)])
    def test_rank_one_matrices(self, m, n):
        """2 x 2 minors, and the Hilbert function of a Segre variety."""
        result = equations(f"linear({m},1,{n})", degree=3)
        assert result.value["generators"] == {"2": comb(m, 2) * comb(n, 2)}
        assert result.value["hilbert"] == [comb(m + k - 1, k) * comb(n + k - 1, k) for k in range(4)]

    @pytest.mark.parametrize(("d0", "r", "dl"), [(3, 2, 3), (3, 2, 4), (4, 2, 3)])
    def test_determinants(self, d0, r, dl):
        result = equations(f"linear({d0},{r},{dl})", degree=r + 1)
        assert result.value["generators"] == {str(r + 1): comb(d0, r + 1) * comb(dl, r + 1)}
        assert all(len(e.terms) == 6 for e in result.system.generators)

    @pytest.mark.parametrize("degree", [3, 4, 5])
    def test_rational_normal_curve(self, degree):
        """mlp(2,1,1; x^d) is the cone over the rational normal curve: C(d, 2) quadrics, Hilbert function kd + 1."""
        result = equations(f"mlp(2,1,1; x^{degree})", degree=3)
        assert result.value["generators"] == {"2": comb(degree, 2)}
        assert result.value["hilbert"] == [k * degree + 1 for k in range(4)]

    def test_three_by_three_hankel_determinant(self):
        """The quartic binary forms of rank 2: reference README, 'example 3x3 Hankel determinant = V_(2,2,1), r=4'."""
        result = equations("mlp(2,2,1; x^4)")
        assert result.value["generators"] == {"3": 1}
        assert result.value["complete"]

    def test_models_that_fill_have_none(self):
        for notation in ("mlp(2,2,1; x^2)", "mlp(2,2,2; x^2)", "mlp(1,2,1; x^2; bias)", "linear(2,2,2)"):
            result = equations(notation)
            assert result.value["generators"] == {}
            assert result.value["complete"], notation


class TestNotACone:
    def test_an_affine_line(self):
        model = nv.as_model(lambda w, x: (x + w * x**2)[0] + 3 * x[0] ** 3, (1,), input_shape=1)
        result = equations(model)
        assert result.value["equations"] == ["c1 - 1", "c0 - 3"] or set(result.value["generators"].items()) == {("1", 2)}
        assert result.value["dimension_at_most"] == 1

    def test_a_parabola(self):
        model = nv.as_model(lambda w, x: (w * x + w**2 * x**2)[0], (1,), input_shape=1)
        result = equations(model)
        assert result.value["generators"] == {"2": 1}
        assert result.value["complete"]

    def test_a_shifted_cone_keeps_its_dimension(self):
        model = nv.as_model(lambda w, x: x + w["a"] * (w["b"] @ x), {"a": (3,), "b": (3,)}, input_shape=3)
        result = equations(model)
        assert not result.evidence["homogeneous"]
        assert result.value["generators"] == {"2": 9}
        assert result.value["dimension_at_most"] == 5


class TestProof:
    @pytest.mark.parametrize(("notation", "value"), PROVED_BY_EQUATIONS)
    def test_defective_dimensions_become_proved(self, notation, value):
        result = nv.dimension(notation)
        assert (result.value, result.claim) == (value, Claim.PROVED)
        assert result.evidence["defect"] > 0

    def test_an_equation_that_does_not_hold_is_not_verified(self):
        coordinates = Coordinates.of(nv.as_model("linear(2,1,2)"))
        (good,) = equations("linear(2,1,2)").system.generators
        bad = type(good)(2, ((good.terms[0][0], 2), good.terms[1]))
        assert vanishes_identically(good, coordinates) is True
        assert vanishes_identically(bad, coordinates) is False
        rng = np.random.default_rng(0)
        places = trial_places([good, bad], coordinates, rng)
        assert all(vanish_at(good, coordinates, place.prime, place.weights) for place in places)
        assert not any(vanish_at(bad, coordinates, place.prime, place.weights) for place in places)
        assert vanishing_error([good], coordinates, 20) ** len(places) <= 2.0**-20

    def test_the_same_under_every_seed(self):
        first = equations("cnn(2,2; x^2)", seed=0)
        for seed in range(1, 8):
            again = equations("cnn(2,2; x^2)", seed=seed)
            assert again.value == first.value
        assert first.rerun(seed=99).value == first.value

    @settings(max_examples=15)
    @given(data=st.data(), family=st.sampled_from(sorted(FAMILIES)))
    def test_random_architectures(self, data, family):
        notation = data.draw(FAMILIES[family])
        try:
            assume(nv.ambient(notation).value <= 40)  # 2,000 quadrics of one span take half a minute, and are no other case
            result = equations(notation, degree=2)
        except (nv.InputError, nv.ResourceError):
            assume(False)
        dimension = nv.dimension(notation)
        assert dimension.value <= result.value["dimension_at_most"]
        system = result.system
        rng = np.random.default_rng(3)
        for _ in range(2):
            at = coefficients_at(system.coordinates, rng)
            assert not any(values(g, at) for g in system.generators)
        assert result.value["hilbert"][1] == system.coordinates.count + (not system.coordinates.is_cone) - result.value[
            "generators"
        ].get("1", 0)

    def test_round_trip_and_evaluation(self):
        result = equations("linear(2,1,2)")
        again = type(result).from_dict(result.to_dict())
        identity = {(0, (1, 0)): Fraction(1), (1, (0, 1)): Fraction(1)}
        assert again.violated(identity) == "c0*c3 - c1*c2 = 0"
        assert again.violated({(0, (1, 0)): Fraction(1)}) is None
        assert again.violated({(0, (2, 0)): Fraction(1)}) == "the coefficient of x0^2 in output 0 is 0"
        assert written(result.system.generators[0], result.system.coordinates.count) == result.value["equations"][0]


class TestRefusals:
    @pytest.mark.parametrize("degree", [0, -1, 51])
    def test_degree(self, degree):
        with pytest.raises(nv.InputError, match="from 1 to 50"):
            equations("linear(2,1,2)", degree=degree)

    def test_generic_coefficients(self):
        with pytest.raises(nv.InputError, match="generic coefficients"):
            equations("mlp(2,2,1; generic(3))")

    def test_rational(self):
        with pytest.raises(nv.InputError, match="rational"):
            equations(nv.as_model(lambda w, x: w[0] / (w[1] + x), (2,), input_shape=1))

    def test_too_large(self):
        with pytest.raises(nv.ResourceError):
            equations("mlp(4,4,4,4; x^3)")
        with pytest.raises(nv.ResourceError, match="monomials of degree 9"):
            equations("linear(4,1,4)", degree=9)


KERNELS = ["mlp(2,2,1; x^3 + x^2)", "linear(3,1,2)", "cnn(2,2; x^2)", "mlp(2,1,1; x^4)", "mlp(3,2,1; x^2)", "mlp(1,1,2; x^2 + x)"]


@pytest.mark.oracle
def test_macaulay2_kernels_agree():
    """The ideals that Macaulay2 finds as kernels of ring maps: up to our degree they are generated by our equations."""
    if shutil.which("M2") is None:
        _absent("Macaulay2", "equations as kernels of ring maps")
        return
    script, bounds = "", []
    for notation in KERNELS:
        n, _ = parametrization(notation)
        result = equations(notation, degree=4)
        coordinates = result.system.coordinates
        names = ["(" + str(q).replace("w", "w_") + ")" for q in coordinates.polynomials]
        ours = ", ".join(written(g, coordinates.count).replace("c", "c_") for g in result.system.generators)
        script += f"R = QQ[w_0..w_{n - 1}]; S = QQ[c_0..c_{coordinates.count - 1}];\n"
        script += f"K = kernel map(R, S, {{{', '.join(names)}}}); I = ideal({ours});\n"
        # Generators of K of degree at most 4, which is as far as ours were asked for.
        script += "L = ideal select(flatten entries mingens K, g -> first degree g <= 4);\n"
        script += 'print("answer " | toString isSubset(I, K) | " " | toString isSubset(L, I));\n'
        bounds.append(notation)
    found = [line.split()[1:] for line in run(["M2", "--silent", "--stop"], script).splitlines() if line.startswith("answer ")]
    assert found == [["true", "true"]] * len(bounds)
