"""Membership: each decision by a second route, witnesses put back into the model, and nothing claimed where nothing was shown."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations

import flint
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures import as_model, parse
from neurovariety.claim import Claim
from neurovariety.dictionary.membership import MembershipResult, membership
from neurovariety.errors import InputError, VerificationError
from neurovariety.geometry.images.binary_forms import decide_binary_quadrics, discriminant
from neurovariety.geometry.images.decision import Finding
from neurovariety.geometry.images.linear_maps import decide_matrix
from neurovariety.geometry.images.target import Target, function_at, read_target
from neurovariety.geometry.real.real_roots import count_real_roots

MONOMIALS = ((2, 0), (1, 1), (0, 2))


def rational(value) -> Fraction:
    return Fraction(float(value))


def linear_target(matrix) -> Target:
    rows, columns = matrix.shape
    found = {
        (o, tuple(int(k == i) for k in range(columns))): Fraction(int(matrix[o, i]))
        for o in range(rows)
        for i in range(columns)
        if matrix[o, i]
    }
    return Target(columns, rows, found)


def binary_target(matrix) -> Target:
    found = {(o, e): rational(c) for o, row in enumerate(matrix) for e, c in zip(MONOMIALS, row, strict=True) if c}
    return Target(2, len(matrix), found)


def determinant(a) -> Fraction:
    """By Leibniz' formula."""
    n = len(a)
    total = Fraction(0)
    for p in permutations(range(n)):
        sign = (-1) ** sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        term = Fraction(sign)
        for i in range(n):
            term *= a[i][p[i]]
        total += term
    return total


def solved(targets, starts, iterations):
    """Residuals of Levenberg-Marquardt for f = W2 (W1 x)^2, widths 2, 2, 2, written out by hand: (targets, 2, 3), (targets, 8)."""
    w = starts.copy()
    eye = np.eye(6)
    damping = np.full(len(w), 1e-2)

    def squares(w):
        p, q = w[:, 0:4:2], w[:, 1:4:2]
        return p, q, np.stack([p * p, 2 * p * q, q * q], axis=2)  # (b, neuron, monomial)

    def values(w):
        return w[:, 4:].reshape(-1, 2, 2) @ squares(w)[2]

    r = values(w) - targets
    size = np.linalg.norm(r, axis=(1, 2))
    for _ in range(iterations):
        p, q, s = squares(w)
        outer = w[:, 4:].reshape(-1, 2, 2)
        zero = np.zeros_like(p)
        slopes = {0: np.stack([2 * p, 2 * q, zero], axis=2), 1: np.stack([zero, 2 * p, 2 * q], axis=2)}
        j = np.zeros((len(w), 2, 3, 8))
        for i in range(2):
            for c in range(2):
                j[:, :, :, 2 * i + c] = outer[:, :, i, None] * slopes[c][:, None, i]
            for o in range(2):
                j[:, o, :, 4 + 2 * o + i] = s[:, i]
        j = j.reshape(-1, 6, 8)
        gram = j @ j.transpose(0, 2, 1) + damping[:, None, None] * eye
        step = (j.transpose(0, 2, 1) @ np.linalg.solve(gram, r.reshape(-1, 6, 1)))[:, :, 0]
        fresh = values(w - step) - targets
        now = np.linalg.norm(fresh, axis=(1, 2))
        better = now < size
        w[better] -= step[better]
        r[better], size[better] = fresh[better], now[better]
        damping = np.clip(np.where(better, damping / 5, damping * 3), 1e-14, 1e8)
    return size


class TestTwoQuadraticNeurons:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_agrees_with_real_solving_on_2000_targets(self, seed):
        """A target is realizable exactly if least squares from some start reaches zero (seed in the parameter)."""
        rng = np.random.default_rng(seed)
        targets = rng.standard_normal((2000, 2, 3))
        targets /= np.linalg.norm(targets, axis=(1, 2))[:, None, None]
        model = as_model("mlp(2,2,2; x^2)")
        decisions = [decide_binary_quadrics(model.image, model, binary_target(t)) for t in targets]
        verdicts = np.array([d.verdict is Finding.REALIZABLE for d in decisions])
        best = np.full(2000, np.inf)
        for attempt in range(18):
            left = np.flatnonzero(best > 1e-9)
            if attempt >= 10:  # more, and longer, only where weights are large: near the boundary
                gaps = [abs(float(discriminant(*[[rational(v) for v in row] for row in targets[i]])[0])) for i in left]
                left = left[np.array(gaps) < 0.01]
            starts = rng.standard_normal((len(left), 8)) * rng.choice([0.5, 1.0, 2.0, 4.0], size=(len(left), 1))
            best[left] = np.minimum(best[left], solved(targets[left], starts, 40 if attempt < 10 else 400))
        assert np.array_equal(verdicts, best <= 1e-9), f"seed {seed}: {np.flatnonzero(verdicts != (best <= 1e-9))}"
        assert 0.7 < verdicts.mean() < 0.85

    @pytest.mark.parametrize("target", ["x0^2; x0*x1", "x0*x1; 2x0^2 - x0*x1", "x0^2 + 2x0*x1 + x1^2; x0^2 - x1^2"])
    def test_the_boundary_is_a_limit_only(self, target):
        """THEORY of (2,2,k): (x^2, x y) is a limit, ((x + e y)^2 - x^2) / 2e -> x y, and never attained (Kubjas, Li, Wiesmann 2024)."""
        found = membership("mlp(2,2,2; x^2)", target=target)
        assert found.value["verdict"] == "closure only"
        assert found.value["witness"] is None
        assert found.claim is Claim.PROVED

    @pytest.mark.parametrize("outputs", [2, 3, 4])
    def test_more_outputs_and_the_witness_of_roots(self, outputs):
        rng = np.random.default_rng(outputs)
        seen = set()
        for _ in range(40):
            basis = rng.integers(-3, 4, (2, 3))
            mix = rng.integers(-2, 3, (outputs, 2))
            text = "; ".join(
                " + ".join(f"({c})*{m}" for c, m in zip(row, ("x0^2", "x0*x1", "x1^2"), strict=True)) for row in mix @ basis
            )
            found = membership(f"mlp(2,2,{outputs}; x^2)", target=text)
            seen.add(found.value["verdict"])
            if np.linalg.matrix_rank(mix @ basis) == 2:
                disc = float(discriminant(*[[Fraction(int(v)) for v in row] for row in basis])[0])
                assert found.value["verdict"] == ("realizable" if disc > 0 else "closure only" if disc == 0 else "excluded")
            else:
                assert found.value["verdict"] == "realizable"
            if found.value["verdict"] == "realizable":
                assert "the target" in found.evidence["witness_is"]
                assert np.allclose(at_floats(found), (mix @ basis).ravel(), atol=1e-9 * (1 + np.abs(mix @ basis).max()))
        assert seen >= {"realizable", "excluded"}

    def test_widths_one_and_three(self):
        assert membership("mlp(2,1,2; x^2)", target="-2x0^2 - 4x0*x1 - 2x1^2; 0").value["verdict"] == "realizable"
        assert membership("mlp(2,1,2; x^2)", target="x0^2 + x0*x1 + x1^2; 0").value["verdict"] == "excluded"
        assert membership("mlp(2,1,2; x^2)", target="x0^2; x1^2").value["verdict"] == "excluded"
        assert membership("mlp(2,2,3; x^2)", target="x0^2; x0*x1; x1^2").value["verdict"] == "excluded"
        assert membership("mlp(2,3,3; x^2)", target="x0^2; x0*x1; x1^2").value["verdict"] == "realizable"
        assert membership("mlp(2,3,2; 1/2*x^2)", target="x0^2 - x1^2; x0*x1").value["verdict"] == "realizable"
        assert membership("mlp(2,2,2; x^2)", target="0; 0").value["verdict"] == "realizable"
        assert membership("mlp(2,2,2; x^2)", target="x0; x1^2").value["violated"] == "the coefficient of x0 in output 0 is 0, here 1"


def at_floats(found) -> np.ndarray:
    """The coefficients of the witness's function in floating point, by hand: W2 times the squares of the rows of W1."""
    w = np.array([float(v) for v in found.value["witness"]])
    _, m, k = parse(found.subject).widths
    p, q = w[0 : 2 * m : 2], w[1 : 2 * m : 2]
    return (w[2 * m :].reshape(k, m) @ np.stack([p * p, 2 * p * q, q * q], axis=1)).ravel()


class TestRanks:
    @pytest.mark.parametrize(
        ("notation", "r"), [("linear(3,2,4)", 2), ("linear(4,3,1,3)", 1), ("linear(3,3)", 3), ("linear(2,5,3)", 2)]
    )
    def test_matrices(self, notation, r):
        architecture = parse(notation)
        model = as_model(notation)
        n, k = architecture.widths[0], architecture.widths[-1]
        rng = np.random.default_rng(r)
        for rank in range(min(n, k) + 1):
            matrix = rng.integers(-3, 4, (k, rank)) @ rng.integers(-3, 4, (rank, n))
            target = linear_target(matrix)
            found = decide_matrix(model.image, model, target)
            true_rank = np.linalg.matrix_rank(matrix) if rank else 0
            assert (found.verdict is Finding.REALIZABLE) == (true_rank <= r)
            if found.exact_witness is not None:
                assert dict(function_at(model, found.exact_witness).coefficients) == dict(target.coefficients)
            else:
                rows, columns, value = minor(found.violated)
                assert value == determinant([[Fraction(int(matrix[i, j])) for j in columns] for i in rows]) != 0

    def test_slopes_and_biases(self):
        found = membership("mlp(2,1,2; 1/2*x; bias)", target="x0 + 2*x1 + 3; 2*x0 + 4*x1 - 1/7")
        assert found.value["verdict"] == "realizable"
        assert "exact" in found.evidence["witness_is"]
        assert membership("mlp(2,1,2; 1/2*x; bias)", target="x0; x1").value["verdict"] == "excluded"
        assert membership("mlp(2,1,2; x)", target="x0 + 1; x0").value["verdict"] == "excluded"
        assert membership("diagonal(3; layers=2)", target="x0 - 0.1*x2").value["witness"][2] == Fraction(-1, 10)

    @pytest.mark.parametrize("n", [2, 3, 4])
    def test_quadratic_forms(self, n):
        rng = np.random.default_rng(n)
        for m in range(1, n + 1):
            for rank in range(n + 1):
                half = rng.integers(-2, 3, (n, rank))
                a = half @ np.diag(rng.choice([-1, 1], rank)) @ half.T
                text = " + ".join(f"({a[i, j]})*x{i}*x{j}" for i in range(n) for j in range(n))
                found = membership(f"mlp({n},{m},1; x^2)", target=text)
                true_rank = np.linalg.matrix_rank(a)
                assert (found.value["verdict"] == "realizable") == (true_rank <= m), (n, m, a)
                if true_rank <= m:
                    assert found.evidence["witness_is"].startswith("exact")
                    eigenvalues = np.linalg.eigvalsh(a)
                    assert found.evidence["signature"] == [int((eigenvalues > 1e-9).sum()), int((eigenvalues < -1e-9).sum())]
                else:
                    rows, columns, value = minor(found.value["violated"])
                    assert value == determinant([[Fraction(int(a[i, j])) for j in columns] for i in rows]) != 0

    def test_biases_make_the_set_not_closed(self):
        """x is a limit of squares, (e x + 1)^2 / 2e - 1/2e, and needs two neurons to be attained."""
        assert membership("mlp(2,1,1; x^2; bias)", target="x0").value["verdict"] == "closure only"
        assert membership("mlp(2,2,1; x^2; bias)", target="x0").value["verdict"] == "realizable"
        assert membership("mlp(2,1,1; x^2; bias)", target="x0^2 + x1").value["verdict"] == "excluded"
        assert membership("mlp(2,2,1; x^2; bias)", target="x0^2 + x1 + 5").value["verdict"] == "closure only"
        assert membership("mlp(2,3,1; x^2; bias)", target="x0^2 + x1 + 5").value["verdict"] == "realizable"
        assert membership("mlp(2,1,1; x^2; bias)", target="(x0 + 2*x1 - 1/3)^2*5 + 8").value["verdict"] == "realizable"


def minor(sentence) -> tuple[list[int], list[int], Fraction]:
    rows = sentence.split("in rows ")[1].split(" and columns")[0]
    columns = sentence.split("and columns ")[1].split(" is 0")[0]
    return [int(i) for i in rows.split(",")], [int(i) for i in columns.split(",")], Fraction(sentence.split("here ")[1])


class TestConvolutions:
    def test_two_filters_of_size_two_are_a_discriminant(self):
        """b^2 - 4 a c >= 0 (Kohn, Merkh, Montufar, Trager 2022)."""
        for a in range(-2, 3):
            for b in range(-3, 4):
                for c in range(-2, 3):
                    found = membership("cnn(2,2; x)", target=f"({a})*x0 + ({b})*x1 + ({c})*x2")
                    assert (found.value["verdict"] == "realizable") == (b * b - 4 * a * c >= 0), (a, b, c)

    @pytest.mark.parametrize("sizes", [(3, 2), (2, 2, 2), (3, 3), (2, 2, 3), (4, 2), (2, 2, 2, 2)])
    def test_real_roots(self, sizes):
        """Against roots in floating point, for products of random factors whose roots are apart."""
        rng = np.random.default_rng(sum(sizes))
        degree, even = sum(k - 1 for k in sizes), sum(k % 2 == 0 for k in sizes)
        verdicts = set()
        for trial in range(30):
            c = rng.integers(-6, 7, degree + 1)
            if trial % 2:  # enough real roots
                c = np.array([1])
                for a in rng.choice(np.arange(-6, 7), degree, replace=False):
                    c = np.convolve(c, [int(a), int(rng.integers(1, 3))])
            if not c[-1]:
                continue
            roots = np.roots(c[::-1].astype(float))
            if len(roots) > 1 and min(abs(a - b) for i, a in enumerate(roots) for b in roots[:i]) < 1e-3:
                continue
            text = " + ".join(f"({v})*x{i}" for i, v in enumerate(c))
            found = membership(f"cnn({','.join(map(str, sizes))}; x)", target=text)
            verdicts.add(found.value["verdict"])
            assert (found.value["verdict"] == "realizable") == ((np.abs(roots.imag) < 1e-8).sum() >= even), c
            if found.value["witness"] is not None:
                filters = np.split(np.array([float(v) for v in found.value["witness"]]), np.cumsum(sizes)[:-1])
                product = filters[0]
                for f in filters[1:]:
                    product = np.convolve(product, f)
                assert np.allclose(product, c, atol=1e-8 * (1 + np.abs(c).max()))
        assert verdicts == ({"realizable"} if even <= 1 else {"realizable", "excluded"})

    def test_roots_at_infinity_and_multiple_roots_count(self):
        assert membership("cnn(2,2; x)", target="x0").value["verdict"] == "realizable"  # both roots at infinity
        assert membership("cnn(2,2; x)", target="x0 + 2*x1 + x2").value["verdict"] == "realizable"  # (1 + t)^2
        found = membership("cnn(2,2,2,2; x)", target="x0 + x2")  # t^2 + 1: two roots at infinity, two complex
        assert (found.value["verdict"], found.evidence["real_roots"]) == ("excluded", 2)
        assert membership("cnn(2,2,3; x)", target="x0 + x2").value["verdict"] == "realizable"

    def test_not_a_convolution(self):
        found = membership("cnn(2,2; x; outputs=2)", target="x0 + 2*x1 + x2; x1 + 2*x2 + 2*x3")
        assert found.value["verdict"] == "excluded"
        assert "are equal, here 1 and 2" in found.value["violated"]
        assert "x3 in output 0 is 0" in membership("cnn(2,2; x; outputs=2)", target="x3; 0").value["violated"]
        shifted = membership("cnn(2,2; x; strides=1,2; outputs=2)", target="x0 - x2; x2 - x4")
        assert shifted.value["verdict"] == "realizable"

    def test_sturm_against_isolated_roots(self):
        rng = np.random.default_rng(4)
        for _ in range(60):
            p = flint.fmpz_poly([int(v) for v in rng.integers(-9, 10, 8)] + [1])
            if p.gcd(p.derivative()).degree():
                continue
            real = sum(r.imag.is_zero() for r, _ in p.complex_roots())
            assert count_real_roots([Fraction(int(c)) for c in p.coeffs()]) == real


class TestInput:
    @pytest.mark.parametrize(
        ("notation", "options", "message"),
        [
            ("mlp(2,2,1; 1/x)", {"target": "x0"}, "is rational"),
            ("mlp(2,2,1; generic(2))", {"target": "x0"}, "generic coefficients"),
            ("mlp(2,2,1; x^2)", {"target": "x0; x1"}, "2 polynomials, the model 1 output"),
            ("mlp(2,2,1; x^2)", {"target": "x2"}, "unknown variable 'x2'"),
            ("mlp(2,2,1; x^2)", {"target": "sin(x0)"}, "is not a polynomial"),
            ("mlp(2,2,1; x^2)", {"target": "x0/x1"}, "divides by a variable"),
            ("mlp(2,2,1; x^2)", {"target": "x0/0"}, "divides by 0"),
            ("mlp(2,2,1; x^2)", {"target": "x0^x1"}, "exponent"),
            ("mlp(2,2,1; x^2)", {"target": "x0 +"}, "cannot be read"),
            ("mlp(2,2,1; x^2)", {"target": "9^9^9^9"}, "exponent|long|digits"),
            ("mlp(2,2,1; x^2)", {"target": "(x0 + 1)^150*(x1 + 1)^150"}, "terms|long"),
            ("mlp(2,2,1; x^2)", {"target": "-" * 200 + "x0"}, "nested"),
            ("mlp(2,2,1; x^2)", {"target": ""}, "is not a polynomial"),
            ("mlp(2,2,1; x^2)", {"weights": [1, 2]}, "6 parameters, got 2"),
            ("mlp(2,2,1; x^2)", {"network": "linear(2,1)"}, "give the 2 weights"),
            ("mlp(2,2,1; x^2)", {"network": "linear(3,1)", "weights": [1, 2, 3]}, "same sizes"),
            ("mlp(2,2,1; x^2)", {"target": "x0", "weights": [1, 2, 3, 4, 5, 6]}, "not both"),
        ],
    )
    def test_refused_in_one_sentence(self, notation, options, message):
        with pytest.raises(InputError, match=message) as caught:
            membership(notation, **options)
        assert "\n" not in str(caught.value)

    def test_numbers_are_exact(self):
        target = read_target("0.1*x0 + 1e-3*x1 + 1/3x0^2 - 2(x0 + x1)*x1", 2, 1)
        assert target.coefficients[0, (1, 0)] == Fraction(1, 10)
        assert target.coefficients[0, (0, 1)] == Fraction(1, 1000)
        assert target.coefficients[0, (2, 0)] == Fraction(1, 3)
        assert target.coefficients[0, (0, 2)] == -2
        assert read_target(target.text(), 2, 1).coefficients == target.coefficients

    def test_the_result_survives_json_and_is_rechecked(self):
        for options in ({"target": "x0^2; x0*x1"}, {"weights": [1, 0, 0, 1, "1/3", 0, 0, 1]}, {}):
            found = membership("mlp(2,2,2; x^2)", **options)
            again = MembershipResult.from_dict(json.loads(json.dumps(found.to_dict())))
            assert again.value["verdict"] == found.value["verdict"]
            assert again.rerun().value["verdict"] == found.value["verdict"]
        wrong = found.to_dict()
        wrong["value"]["verdict"], wrong["value"]["route"] = "closure only", ""
        with pytest.raises(VerificationError):
            MembershipResult.from_dict(json.loads(json.dumps(wrong))).rerun()

    def test_public(self):
        assert nv.membership("linear(2,1,2)", target="x0; x1").value["verdict"] == "excluded"
