"""Singular loci: published dimensions, degrees by another route, nodes and cusps, and what must stay undecided."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest

from neurovariety import Claim, InputError, as_model, degree, dimension, equations, singularities
from neurovariety.certificates.linear_sections import FormsModPrime, independent_forms
from neurovariety.errors import VerificationError
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.singular.beyond_subnetworks import degree_of_images
from neurovariety.geometry.singular.image_facts import Closure, image_facts
from neurovariety.geometry.singular.images_apart import told_apart, vanishing_coordinates
from neurovariety.geometry.singular.known_ideal import known_ideal
from neurovariety.geometry.singular.locus import singular_locus, vanishing_pieces
from neurovariety.geometry.singular.section import count_zeros, has_zero
from neurovariety.geometry.singular.tangents import tangent_span
from neurovariety.rings.finite_field import FiniteField

PUBLISHED = [
    ("linear(3,2,3)", 5, "determinant, classical"),
    ("mlp(3,2,1; x^2)", 3, "symmetric determinant, classical"),
    ("mlp(2,2,1; x^4)", 2, "Hankel determinant, classical"),
    ("attention(2,1; a=2; t=2)", 4, "resultant quartic, Macaulay2 script"),
    ("mlp(2,2,3; x^2)", 5, "Kubjas, Li, Wiesmann: 3 x 3 determinant"),
    ("linear(5,2,4)", 8, "rank at most 1"),
    ("linear(5,3,5)", 16, "rank at most 2"),
]


@pytest.mark.parametrize(("text", "size", "source"), PUBLISHED)
def test_dimensions_of_singular_loci(text, size, source):
    found = singularities(text)
    assert found.value["dimension"] == size, source
    assert found.claims["dimension"].claim in (Claim.PROVED, Claim.PROBABILITY)


def test_the_complete_small_example():
    """mlp(2,2,1; x^3 + x^2): {t = 0}, of degree 1, and the scroll of degree 5, both of dimension 3 (Razor's Edge; Groebner bases)."""
    found = singularities("mlp(2,2,1; x^3 + x^2)")
    value = found.value
    assert (value["dimension"], value["degree"], value["codimension"]) == (3, 6, 3)
    assert found.evidence["degree_with_multiplicity"] == 6
    assert value["others"] == [{"dimension": 3, "degree": 1, "vanishing": ["x0^3", "x0^2 x1", "x0 x1^2", "x1^3"]}]
    assert degree("mlp(2,1,1; x^3 + x^2)").value == 5
    one, zero = value["strata"]
    assert (one["status"], one["type"], one["tangent_space"], one["tangent_cone"]) == ("singular", "cusp", [7, 7], 6)
    assert zero["tangent_space"] == [7, 7]
    assert (found.claims["dimension"].claim, found.claims["degree"].claim) == (Claim.PROVED, Claim.ESTIMATE)


def test_the_closure_artefacts_are_singular_by_hand():
    """F = -det [[q0,q1,q2],[t0,t1,t2],[t1,t2,t3]]: all partial derivatives vanish where t does, and F is the equation found."""
    (equation,) = equations("mlp(2,2,1; x^3 + x^2)").system.generators
    coordinates = equations("mlp(2,2,1; x^3 + x^2)").system.coordinates
    cubic = [j for j, (_, e) in enumerate(coordinates.monomials) if sum(e) == 3]
    assert all(sum(i in cubic for i in term) == 2 for term, _ in equation.terms)  # quadratic in t: singular along t = 0


@pytest.mark.parametrize("seed", range(3))
def test_nodes_of_a_polynomial_convolution(seed):
    """cnn(2,2; x^2): one line of nodes, all other subnetworks smooth points (Shahverdi et al. 2025; Macaulay2)."""
    found = singularities("cnn(2,2; x^2)", seed=seed)
    assert (found.value["dimension"], found.value["degree"], found.claim) == (1, 1, Claim.PROVED)
    singular = [s for s in found.value["strata"] if s["status"] == "singular" and s["dimension"]]
    assert [(s["name"], s["type"], s["branches"]) for s in singular] == [("filters of sizes 1, 1 shifted by 1", "node", 2)]
    assert all(s["status"] == "smooth" for s in found.value["strata"] if s["dimension"] and s not in singular)


def test_degrees_of_determinantal_loci_by_two_routes():
    """Points on random linear spaces mod p against the closed formula of the degree of matrices of rank 1."""
    for text, smaller in (("linear(3,2,3)", "linear(3,1,3)"), ("mlp(3,2,1; x^2)", "mlp(3,1,1; x^2)")):
        model = as_model(text)
        ideal = known_ideal(model, dimension(text).value, 0)
        locus = singular_locus(ideal, dimension(smaller).value - 1, 1)  # what has one dimension less is shown to be too small
        assert locus.dimension == dimension(smaller).value
        assert locus.error < 1e-6
        assert locus.degree == degree(smaller).value
        assert singularities(text).value["degree"] == locus.degree


@pytest.mark.parametrize("text", ["mlp(2,2,1; x^3)", "linear(2,2,2)", "cnn(3,2; x)", "mlp(2,2,2,1; x^2)"])
def test_filling_models_are_smooth(text):
    found = singularities(text)
    assert (found.value["dimension"], found.claim) == (-1, Claim.PROVED)
    assert found.value["others"] == []


def test_a_cone_is_singular_at_zero():
    for text in ("linear(2,1,2)", "mlp(2,1,1; x^3)", "cp(2,2,2; rank=1)"):
        assert singularities(text).value["dimension"] == 0


def test_learning_variety_is_singular_off_its_subnetworks():
    """3 x 3 matrices of rank 2: one neuron gives 4 dimensions, rank one has 5; the locus has the degree of rank-one matrices."""
    found = singularities("mlp(2,2,3; x^2)")
    assert found.value["others"] == [{"dimension": 5, "degree": 6, "vanishing": []}]
    assert found.claim is Claim.PROBABILITY  # no stratum of weights proves it from below
    assert found.evidence["error_bound"] < 2**-20


def test_a_strided_convolution_meets_itself_along_even_polynomials():
    """p(x) q(x^2) with even p: the two factors can be exchanged, so X has two branches along the even quartics, a linear space of
    dimension 3. Equations find it without weights; weights prove it a node."""
    found = singularities("cnn(3,2; x; strides=2,1)")
    assert (found.value["dimension"], found.value["degree"], found.claims["dimension"].claim) == (3, 1, Claim.PROVED)
    (node,) = [s for s in found.value["strata"] if s["dimension"] == 3 and s["status"] == "singular"]
    assert (node["name"], node["type"], node["branches"]) == ("filters 1 and 2 with exchangeable factors of degree 1", "node", 2)
    ideal = known_ideal(as_model("cnn(3,2; x; strides=2,1)"), 4, 0)
    assert [ideal.system.coordinates.monomials[j][1] for j in vanishing_pieces(ideal, 3, 0)[0][0]] == [(0, 1, 0, 0, 0), (0, 0, 0, 1, 0)]


@pytest.mark.parametrize("text", ["mlp(2,2,1; x^4)", "cnn(2,2; x^2)", "mlp(2,2,1; generic(3))"])
def test_repeated_under_another_seed(text):
    found = singularities(text)
    assert found.rerun().value == found.value


def test_what_is_not_known_is_a_lower_bound():
    found = singularities("mlp(2,2,1; generic(3))")
    assert found.claim is Claim.LOWER_BOUND
    assert found.value["dimension"] == 3
    assert found.value["strata"][0]["tangent_space"][1] is None  # no equations for generic coefficients


def test_attention_meets_itself():
    """Rank-one attention: K and V exchanged are a second branch (Henry, Marchetti, Kohn 2025)."""
    (first, _) = singularities("attention(2,1; a=2; t=2)").value["strata"]
    assert (first["status"], first["type"], first["branches"]) == ("singular", "node", 2)
    wide = singularities("attention(2,2; a=2; t=3)")
    statuses = {s["name"]: s["status"] for s in wide.value["strata"]}
    assert statuses["attention and V of rank 1"] == "singular"
    assert statuses["attention(2,2; a=1; t=3)"] == "undecided"


@pytest.mark.parametrize(
    ("text", "outputs"),
    [("mlp(2,1,1; x^2; bias)", 1), ("mlp(3,1,1; x^2; bias)", 1), ("mlp(2,1,2; x; bias)", 2), ("mlp(3,1,2; x; bias)", 2)],
)
def test_constants_are_a_linear_space(text, outputs):
    """A l^2 + c is singular where l is constant, W x + b of rank one where W is 0: constants alone, a linear space, of degree 1."""
    found = singularities(text)
    assert (found.value["dimension"], found.value["degree"]) == (outputs, 1)
    assert found.claim in (Claim.PROVED, Claim.PROBABILITY)


def test_a_scroll_of_rank_one():
    """[Q l] of rank one are (t v v^T, s v): over the plane of v the bundle O(2) + O(1), of degree 4 + 2 + 1."""
    found = singularities("mlp(3,2,1; x^2; bias)")
    assert (found.value["dimension"], found.value["degree"]) == (5, 7)


class TestDegreesOfUnions:
    def images(self, text, seed=0):
        model = as_model(text)
        whole = dimension_of(model, seed=seed)
        closure = Closure.of(model, whole, None)
        return model, image_facts(model, closure, seed)

    def test_the_same_image_twice_is_not_added(self):
        model, images = self.images("cnn(2,2; x^2)")
        (line,) = [i for i in images if i.dimension == 1 and i.status == "singular"]
        assert degree_of_images(model, 1, images, 0).value == 1
        assert degree_of_images(model, 1, [*images, replace(line, name="the same again", sizes=((9, 9),))], 0).value is None

    def test_different_images_are_added(self):
        model, images = self.images("cnn(2,2,2; x^2)")
        planes = [i for i in images if i.dimension == 2 and i.status == "singular"]
        assert all(told_apart(model, a, b, 0) for a, b in itertools.combinations(planes, 2))
        assert degree_of_images(model, 2, images, 0).value == sum(degree(i.small).value for i in planes)

    def test_an_image_that_may_be_smooth_leaves_the_degree_open(self):
        model, images = self.images("cnn(2,2; x^2)")
        (line,) = [i for i in images if i.dimension == 1 and i.status == "singular"]
        found = degree_of_images(model, 1, [line, replace(line, name="open", status="undecided")], 0)
        assert (found.value, found.why) == (None, "whether open is singular is not decided")

    def test_constants_are_told_from_curves(self):
        model, images = self.images("mlp(3,2,1; x^2; bias)")
        constants = images[-1]
        assert constants.stratum is None
        ideal = known_ideal(as_model("mlp(2,1,1; x^2; bias)"), 4, 0)
        left = set(range(6)) - vanishing_coordinates(constants, ideal, 0)
        assert [ideal.system.coordinates.monomials[j][1] for j in left] == [(0, 0)]
        other = replace(images[0], dimension=1)
        assert told_apart(model, constants, other, 0)
        assert not told_apart(model, constants, constants, 0)


class TestAtWeights:
    def test_a_dead_neuron(self):
        found = singularities("mlp(2,2,1; x^3 + x^2)", at=[1, 2, 0, 0, 1, 0])
        assert (found.value["status"], found.value["type"], found.value["rank"]) == ("singular", "cusp", 3)
        assert found.value["tangent_space"] == [7, 7]
        assert found.claim is Claim.PROVED

    def test_equal_neurons_by_equations(self):
        found = singularities("mlp(2,2,1; x^3 + x^2)", at=[1, 2, 1, 2, 1, 5])
        assert (found.value["status"], found.claim) == ("singular", Claim.PROVED)
        assert found.value["tangent_space"][1] == 7

    @pytest.mark.parametrize("seed", range(3))
    def test_general_weights(self, seed):
        rng = np.random.default_rng(seed)
        weights = [Fraction(int(n), 7) for n in rng.integers(1, 50, size=6)]
        found = singularities("mlp(2,2,1; x^3 + x^2)", at=weights, seed=seed)
        assert (found.value["status"], found.claim, found.value["tangent_space"]) == ("smooth", Claim.PROVED, [6, 6])

    def test_a_node_and_a_smooth_point_of_a_convolution(self):
        node = singularities("cnn(2,2; x^2)", at=[0, 1, 1, 0])
        assert (node.value["status"], node.value["type"], node.value["branches"]) == ("singular", "node", 2)
        assert node.claim is Claim.PROVED
        smooth = singularities("cnn(2,2; x^2)", at=[1, 0, 1, 0])
        assert (smooth.value["status"], smooth.claim) == ("smooth", Claim.PROVED)

    def test_undecided_without_equations(self):
        found = singularities("mlp(2,2,1; generic(3))", at=[1, 2, 3, -2, 1, 5])
        assert (found.value["status"], found.claim) == ("undecided", Claim.UNDECIDED)

    def test_repeats(self):
        found = singularities("cnn(2,2; x^2)", at=["1/2", 1, 0, 0])
        assert found.rerun().value == found.value

    def test_wrong_length(self):
        with pytest.raises(InputError, match="6"):
            singularities("mlp(2,2,1; x^3)", at=[1, 2])


def forms(texts, variables, p):
    context = flint.nmod_mpoly_ctx.get(tuple(f"y{i}" for i in range(variables)), p, flint.Ordering.degrevlex)
    gens = dict(zip((f"y{i}" for i in range(variables)), context.gens(), strict=True))
    return independent_forms([eval(t, {}, gens) for t in texts], variables, p)


@pytest.mark.parametrize("p", [2_097_169, 3_000_017])
class TestSections:
    def test_no_zero(self, p):
        assert has_zero(forms(["y0**2", "y1**2 + y0*y2", "y2**3"], 3, p)) is False
        assert has_zero(forms(["y0 - y1", "y0 + y1"], 2, p)) is False

    def test_a_zero(self, p):
        assert has_zero(forms(["y0*y1", "y1*y2", "y0*y2"], 3, p)) is True
        assert has_zero(FormsModPrime((), 2, p)) is True

    def test_counts(self, p):
        rng = np.random.default_rng(0)
        assert count_zeros(forms(["y0*y1", "y1*y2", "y0*y2"], 3, p), rng) == (3, 3)  # the three coordinate points
        assert count_zeros(forms(["y0**2 - 2*y1**2"], 2, p), rng) == (2, 2)  # conjugate, perhaps
        assert count_zeros(forms(["y0**2*y1"], 2, p), rng) == (3, 2)  # one of them double
        assert count_zeros(forms(["y0**2", "y1"], 2, p), rng) == (0, 0)

    def test_bezout(self, p):
        """Random quadrics and a cubic in 4 variables: 2 * 2 * 3 points."""
        rng = np.random.default_rng(1)
        context = flint.nmod_mpoly_ctx.get(("y0", "y1", "y2", "y3"), p, flint.Ordering.degrevlex)
        gens = context.gens()

        def random_form(d):
            total = context.constant(0)
            for i in range(4):
                for j in range(i, 4):
                    term = int(rng.integers(1, p)) * gens[i] * gens[j]
                    total += term * sum(int(rng.integers(1, p)) * g for g in gens) if d == 3 else term
            return total

        found = count_zeros(independent_forms([random_form(2), random_form(2), random_form(3)], 4, p), rng)
        assert found == (12, 12)


def test_weights_of_different_functions_are_refused():
    model = as_model("mlp(2,2,1; x^2)")
    field, rng = FiniteField(2_097_169), np.random.default_rng(0)
    points = [Point(field, field.constant(np.array(w)), np.zeros(0), rng) for w in ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7])]
    with pytest.raises(VerificationError, match="same function"):
        tangent_span(model, field.p, points, field.random((5, 2), rng), 3)


def test_a_complete_intersection_is_recognized():
    """Segre 2 x 2 x 1 in disguise: tt(2,2; ranks=1) is a hypersurface; cnn(2,2; x^2) is no complete intersection (degree 4, cubics)."""
    assert known_ideal(as_model("linear(2,1,2)"), 3, 0).complete
    ideal = known_ideal(as_model("cnn(2,2; x^2)"), 3, 0)
    assert not ideal.complete
    assert math.prod(g.degree for g in ideal.system.generators) != 4
