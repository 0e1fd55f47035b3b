"""Membership in ``mlp(2,m,k; x^2)``: which spaces of binary quadratic forms are spanned by squares of real linear forms.

The outputs are k quadratic forms in (x, y); let T be the k x 3 matrix of their coefficients in the basis (x^2, x y, y^2), and R its row
space. T is realizable with m neurons exactly if R lies in the span of m squares of real linear forms.

* Three independent squares span all forms: m >= 3 realizes every T. Rank 0 is always realizable.
* m = 1: rank at most 1, and the form a square up to sign: b^2 - 4 a c = 0. A closed set.
* m = 2, rank 1: a real quadratic form in two variables is a combination of two squares. Rank 3: never.
* m = 2, rank 2: R has the normal n = (M23, -M13, M12), the minors of two independent rows, and (p x + q y)^2 lies in R where
  M23 p^2 - 2 M13 p q + M12 q^2 = 0. So R is spanned by two squares exactly if this binary form has two distinct real roots, that is
  Disc = M13^2 - M12 M23 > 0. Another choice of rows multiplies Disc by a square. Near a matrix of rank 2 with Disc < 0 all matrices of
  rank at most 2 have rank 2 and Disc < 0: such a target is not even a limit. With Disc = 0 it is one, but not realizable.

The inequality is that of Kubjas, Li and Wiesmann 2024, derived here again.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from neurovariety.certificates.realized import RealizedBySurds
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.images.decision import Decision, Finding, excluded, realizable, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.images.witness_weights import weights_of_powers
from neurovariety.geometry.real.rational_matrices import Matrix, echelon_form, minor_sentence, nonzero_minor, sum_of_squares
from neurovariety.geometry.real.surds import Surd, rational_root
from neurovariety.image import BinaryQuadrics
from neurovariety.model import Model

ROUTE = "squares in a space of binary quadratic forms"
_MONOMIALS = ((2, 0), (1, 1), (0, 2))
_ZERO, _ONE = Fraction(0), Fraction(1)
_NAME = "the coefficient matrix of the target, columns x0^2, x0 x1, x1^2,"
THEOREM = statement(
    "spaces of binary quadratic forms spanned by squares",
    "two independent quadratic forms in two variables are combinations of two squares of real linear forms exactly where "
    "M13^2 - M12 M23 > 0, M the 2 x 2 minors of their coefficients",
    "kubjas2024",
)


def decide_binary_quadrics(image: BinaryQuadrics, model: Model, target: Target) -> Decision:
    """The decision for several quadratic forms in two variables that are combinations of the same squares."""
    wrong = target.other_degree({2})
    if wrong is not None:
        return excluded(ROUTE, wrong)
    m, k = image.squares, image.outputs
    matrix = coefficient_rows(target)
    rows, _ = echelon_form(matrix, 3)
    rank = len(rows)
    if rank > m:
        sentence = minor_sentence(nonzero_minor(matrix, 3, m + 1), _NAME)
        return excluded(ROUTE, sentence, THEOREM, rank=rank)
    forms: list[list[Fraction]]
    if rank <= 1:
        forms = _one_form(rows)
        if len(forms) > m:
            value = rows[0][1] ** 2 - 4 * rows[0][0] * rows[0][2]
            violated = f"one neuron gives only squares: b^2 - 4 a c = 0 for a row (a, b, c), here {value} for {_shown(rows[0])}"
            return excluded(ROUTE, violated, THEOREM, rank=rank)
    elif m == 2:
        i, j = next(p for p in combinations(range(k), 2) if len(echelon_form([matrix[p[0]], matrix[p[1]]], 3)[0]) == 2)
        return _two_rows(model, target, matrix, i, j)
    else:
        forms = [[_ONE, _ZERO], [_ZERO, _ONE], [_ONE, _ONE]]
    return realizable(ROUTE, _weights(model, matrix, forms), THEOREM, rank=rank)


def coefficient_rows(target: Target) -> Matrix:
    """The coefficients of x^2, x y, y^2, a row for each output."""
    return [[target.coefficients.get((o, e), _ZERO) for e in _MONOMIALS] for o in range(target.outputs)]


def discriminant(first: list[Fraction], second: list[Fraction]) -> tuple[Fraction, tuple[Fraction, Fraction, Fraction]]:
    """M13^2 - M12 M23 and the minors (M12, M13, M23) of two rows of coefficients of x^2, x y, y^2."""
    m12, m13, m23 = (first[a] * second[b] - first[b] * second[a] for a, b in ((0, 1), (0, 2), (1, 2)))
    return m13**2 - m12 * m23, (m12, m13, m23)


def _two_rows(model: Model, target: Target, matrix: Matrix, i: int, j: int) -> Decision:
    """Rank 2 and two neurons; rows i and j are independent."""
    disc, (m12, m13, m23) = discriminant(matrix[i], matrix[j])
    evidence = {"rank": 2, "rows": [i, j], "minors": {"M12": str(m12), "M13": str(m13), "M23": str(m23)}, "discriminant": str(disc)}
    if disc <= 0:
        where = f"M13^2 - M12*M23 > 0 for the 2 x 2 minors of outputs {i} and {j}, here {disc}"
        if disc < 0:
            return excluded(ROUTE, where + "; limits satisfy >= 0", THEOREM, **evidence)
        return Decision(Finding.CLOSURE_ONLY, ROUTE, None, where, (THEOREM,), evidence)
    root = rational_root(disc)
    if root is not None:
        if m23:
            forms = [[(m13 + root) / m23, _ONE], [(m13 - root) / m23, _ONE]]
        else:  # the form is q (M12 q - 2 M13 p) with M13 != 0: roots q = 0 and p : q = M12 : 2 M13
            forms = [[_ONE, _ZERO], [m12 / (2 * m13), _ONE]]
        return realizable(ROUTE, _weights(model, matrix, forms), THEOREM, **evidence)
    surds = _surd_weights(model, matrix, (m13 / m23, 1 / m23), disc)
    evidence["witness_exact"] = [str(w) for w in surds]
    near = tuple(float(w) for w in surds)
    exact = tuple(w.a for w in surds), tuple(w.b for w in surds), disc
    place = exact_coefficients(model).hash, *exact, near, target.coefficients
    shown = tuple(RealizedBySurds(*place, part) for part in ("verdict", "witness"))
    return Decision(Finding.REALIZABLE, ROUTE, near, None, (THEOREM,), evidence, shown, tuple(surds))


def _one_form(rows: Matrix) -> list[list[Fraction]]:
    """Linear forms whose squares span a space with the one form of the echelon matrix ``rows`` (or none)."""
    if not rows:
        return []
    a, b, c = rows[0]
    return [form for _, form in sum_of_squares([[a, b / 2], [b / 2, c]])]


def _weights(model: Model, matrix: Matrix, forms: list[list[Fraction]]) -> list[Fraction]:
    """Neurons with these forms; the outer matrix C solves T = C S, S the matrix of the squares of the forms."""
    squares = [[p * p, 2 * p * q, q * q] for p, q in forms]
    outer = []
    for row in matrix:
        # Solve sum_i c_i squares_i = row: eliminate on the transposed system, whose last column is the row.
        system = [[s[t] for s in squares] + [row[t]] for t in range(3)]
        reduced, pivots = echelon_form(system, len(squares) + 1)
        values = [_ZERO] * len(squares)
        for line, pivot in zip(reduced, pivots, strict=True):
            values[pivot] = line[-1]
        outer.append(values)
    return weights_of_powers(model, forms, outer, Fraction)


def _surd_weights(model: Model, matrix: Matrix, root: tuple[Fraction, Fraction], disc: Fraction) -> list[Surd]:
    """The witness in Q(sqrt(disc)): forms p_i x + y with p_i = root[0] +- root[1] sqrt(disc)."""

    def number(value: Fraction) -> Surd:
        return Surd(value, _ZERO, disc)

    p = [Surd(root[0], sign * root[1], disc) for sign in (1, -1)]
    outer = []
    for row in matrix:
        _, xy, y2 = map(number, row)
        # c_1 + c_2 = y^2 coefficient, 2 (p_1 c_1 + p_2 c_2) = x y coefficient; the x^2 coefficient then fits.
        first = (xy / number(Fraction(2)) - p[1] * y2) / (p[0] - p[1])
        outer.append([first, y2 - first])
    return weights_of_powers(model, [[p[0], number(_ONE)], [p[1], number(_ONE)]], outer, number)


def _shown(row: list[Fraction]) -> str:
    return f"({', '.join(map(str, row))})"
