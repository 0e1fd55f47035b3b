"""Theorems on the degree of neurovarieties: the number of points in which a general affine space of complementary dimension meets them.

Each returns a `Theorem` whose quantity is ``degree``, or None where no theorem decides. A neurovariety is meant as the Zariski closure
over the complex numbers, in the space of the coefficients of its functions; linear changes of these do not alter the degree.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import comb, prod

from neurovariety.architectures.theorems.dimension_bounds import alexander_hirschowitz, forms
from neurovariety.architectures.theorems.double_points import degree_of_product, double_points, secant_planes_of_surface
from neurovariety.architectures.theorems.ed_degrees import segre_veronese_ed_degree
from neurovariety.architectures.theorems.generic_fibers import rank_decomposition_fiber, shallow_monomial_fiber
from neurovariety.theorem import DEGREE, Hypothesis, Theorem

_LARGEST_MATRIX = 200
_MOST_DIGITS = 4_000
"""Python refuses to print integers of more than 4300 digits."""


def _theorem(name: str, value: int | None, statement: str, source: str, *hypotheses: str) -> Theorem | None:
    if value is None or value >= 10**_MOST_DIGITS:
        return None
    return Theorem(name, DEGREE, value, statement, source, tuple(Hypothesis(h, True) for h in hypotheses))


def matrices_of_bounded_rank(rows: int, columns: int, rank: int) -> int | None:
    """The degree of the variety of matrices of rank at most ``rank``; None where the matrices are very large."""
    n, m = sorted((rows, columns))
    if rank >= n:
        return 1
    if m > _LARGEST_MATRIX:
        return None
    steps = range(n - rank)
    return prod(comb(m + i, rank) for i in steps) // prod(comb(rank + i, rank) for i in steps)


def symmetric_matrices_of_bounded_rank(size: int, rank: int) -> int | None:
    """The degree of the variety of symmetric matrices of rank at most ``rank``; None where the matrices are very large."""
    if rank >= size:
        return 1
    if size > _LARGEST_MATRIX:
        return None
    steps = range(size - rank)
    return prod(comb(size + i, size - rank - i) for i in steps) // prod(comb(2 * i + 1, i) for i in steps)


def determinantal_degree(rows: int, columns: int, rank: int, *hypotheses: str) -> Theorem | None:
    """The functions are all ``rows`` x ``columns`` matrices of rank at most ``rank``, times a linear space."""
    return _theorem(
        "degree of a determinantal variety",
        matrices_of_bounded_rank(rows, columns, rank),
        f"{rows} x {columns} matrices of rank at most {rank}",
        "fulton1998",
        *hypotheses,
    )


def shallow_monomial_degree(inputs: int, width: int, outputs: int, exponent: int) -> Theorem | None:
    """The degree of f = sum_i a_i l_i^d, l_i linear forms in ``inputs`` variables, a_i in C^outputs, i <= ``width``, without biases.

    This is the cone over a secant variety of the Segre-Veronese variety X = P^(inputs - 1) x P^(outputs - 1) in O(d, 1).
    """
    n, k, m, d = inputs, width, outputs, exponent
    if d < 2:
        return None
    hidden = "one hidden layer with a monomial activation of degree at least 2, no bias"
    one_output = f"{hidden}, one output"
    if k == 1:
        value = degree_of_product((n - 1, m - 1), (d, 1))
        return _theorem(
            "degree of a Segre-Veronese variety",
            value,
            f"products a (x) l^{d}: P^{n - 1} x P^{m - 1} in O({d}, 1)",
            "fulton1998",
            hidden,
        )
    if m == 1 and d == 2:
        value = symmetric_matrices_of_bounded_rank(n, k)
        return _theorem(
            "degree of symmetric determinantal varieties",
            value,
            f"quadrics of rank at most {k} in {n} variables",
            "harris1984",
            one_output,
        )
    if n == 2:
        return _scroll(k, m, d, hidden, "two inputs")
    if k >= forms(n, d) - n + 1:
        reached = f"the width is at least {forms(n, d) - n + 1} = the codimension of the powers l^{d} plus one"
        return determinantal_degree(forms(n, d), m, k, hidden, f"{reached}, so that they span general subspaces of their number")
    hypersurface = _hypersurface(n, k, d, one_output) if m == 1 else None
    if hypersurface is not None:
        return hypersurface
    fiber = shallow_monomial_fiber(n, k, m, d, False)
    if fiber is None:
        return None
    alone = f"{fiber.name}: {fiber.statement}"
    if k == 2:
        return _secant_lines((n - 1, m - 1), (d, 1), forms(n, d) * m, fiber.value, hidden, alone)
    if m == 1 and n == 3 and d >= k - 1:
        return _secant_planes(k, d, fiber.value, one_output, alone)
    return None


def _scroll(width: int, outputs: int, exponent: int, *hypotheses: str) -> Theorem | None:
    """Sums of k powers of linear forms in two variables: secant varieties of rational normal scrolls, of curves for one output.

    The m binary forms of degree d are killed by a common form q of degree k <= d if and only if a matrix of k + 1 rows and m(d - k + 1)
    columns has rank at most k. Such forms are a vector bundle over the P^k of the q, and those whose q has different roots are
    the sums of k powers: they are dense. The matrix is a multiplication of sections of line bundles, so no entry of it can be made zero
    by row and column operations, and then its maximal minors are a prime ideal of generic codimension (Eisenbud). With as few columns
    as k or less there is always a q, and more than d powers span all forms.
    """
    k, m, d = width, outputs, exponent
    columns = m * (d - k + 1)
    if k > d or columns <= k:
        return _theorem("decompositions of binary forms", 1, f"all {m} forms of degree {d} have them", "iarrobino1999", *hypotheses)
    if min(k, columns - k) * columns.bit_length() > _MOST_DIGITS:
        return None
    statement = f"{k + 1} x {columns} block Hankel matrices of rank at most {k}"
    return _theorem("secant varieties of rational normal scrolls", comb(columns, k), statement, "eisenbud1988", *hypotheses)


def _hypersurface(inputs: int, width: int, exponent: int, *hypotheses: str) -> Theorem | None:
    """Sums of powers that form a hypersurface whose equation is known.

    For exponent 2s and one power less than there are forms of degree s, the determinant of the catalecticant matrix, which pairs these
    forms with themselves, vanishes. Its zeros are the forms F killed by some form of degree s. They are an irreducible hypersurface,
    since the F killed by one form are a linear space of the same dimension for every form. The determinant vanishes to first order
    only: where its kernel is spanned by q, its derivative is the value of F at q^2 up to a factor. So if the sums of powers form a
    hypersurface, this is the one.
    """
    n, k, d = inputs, width, exponent
    if alexander_hirschowitz(n, k, d) != forms(n, d) - 1:
        return None
    half = forms(n, d // 2)
    codimension = "the Alexander-Hirschowitz theorem gives codimension one"
    if d % 2 == 0 and k == half - 1:
        determinant = f"zeros of the determinant of the {half} x {half} catalecticant matrix"
        return _theorem("catalecticant hypersurface", half, determinant, "iarrobino1999", codimension, *hypotheses)
    if (n, d, k) == (5, 3, 7):
        statement = "the equation of sums of seven cubes in five variables is an invariant of degree 15"
        return _theorem("Ottaviani's invariant", 15, statement, "ottaviani2009", codimension, *hypotheses)
    return None


def _secant_lines(dimensions: Sequence[int], twists: Sequence[int], ambient: int, count: int, *hypotheses: str) -> Theorem | None:
    """Sums of two points of a smooth variety X of dimension q, where ``count`` secant lines pass through a general one.

    A general projection to P^(2q) has as many double points as there are secant lines that meet its centre, a general linear space of
    complementary dimension to the secant variety. It misses the tangent lines, which form a variety of dimension at most 2q.
    """
    q = sum(dimensions)
    pairs = double_points(dimensions, twists) if 2 * q + 1 <= ambient - 1 else None
    return _theorem(
        "double point formula",
        pairs // count if pairs else None,
        f"{pairs} secant lines meet a general linear space of dimension {ambient - 2 * q - 2}",
        "fulton1998",
        f"the secant variety, of dimension {2 * q + 1}, is not defective and a general point lies on {count} secant line",
        *hypotheses,
    )


def _secant_planes(width: int, exponent: int, count: int, *hypotheses: str) -> Theorem | None:
    """Sums of k powers of linear forms in three variables, of which a general one is such a sum in ``count`` ways.

    The spans of the subschemes of length k of a Veronese surface are a bundle over the Hilbert scheme, if any k points (infinitely near
    ones too) impose independent conditions on forms of the exponent. The bundle covers the secant variety ``count`` times, and its
    degree over it is an integral of a Segre class.
    """
    planes = secant_planes_of_surface(exponent, width)
    return _theorem(
        "Lehn's formula",
        planes // count if planes else None,
        f"{planes} spans of {width} points of the Veronese surface of order {exponent} meet a general linear space",
        "marian2017",
        f"{width} points of the plane impose independent conditions on forms of degree {exponent} >= {width - 1}",
        *hypotheses,
    )


def rank_decomposition_degree(modes: tuple[int, ...], rank: int) -> Theorem | None:
    """The degree of the closure of the sums of ``rank`` products of vectors, one of each mode."""
    m = tuple(sorted(n for n in modes if n > 1))
    if len(m) < 3:
        rows, columns = (*m, 1, 1)[:2]
        return determinantal_degree(rows, columns, rank, "at most two modes are larger than one")
    dimensions, twists = tuple(n - 1 for n in m), (1,) * len(m)
    if rank == 1:
        value = degree_of_product(dimensions, twists)
        return _theorem("degree of a Segre variety", value, f"products of vectors of sizes {', '.join(map(str, m))}", "fulton1998")
    for i in range(len(m)):
        others = m[:i] + m[i + 1 :]
        least = prod(others) - sum(n - 1 for n in others)
        if rank >= least:
            reached = f"the rank is at least {least} = the codimension of the other modes' Segre variety plus one"
            spanned = "general subspaces of this dimension are spanned by tensors of rank one"
            return determinantal_degree(prod(others), m[i], rank, f"{reached}: {spanned}")
    fiber = rank_decomposition_fiber(m, rank) if rank == 2 else None
    if fiber is None:
        return None
    return _secant_lines(dimensions, twists, prod(m), fiber.value, f"{fiber.name}: {fiber.statement}")


def linear_convolution_theorems(sizes: tuple[int, ...], strides: tuple[int, ...]) -> list[Theorem]:
    """The degree and ED degree of linear convolutions of one channel on sequences: products p_1(x) p_2(x^(s_1)) p_3(x^(s_1 s_2)) ...

    Layers with no stride above one between them make up a general polynomial q_g(x^(S_g)) together. The product of all of these is
    never zero, so it is a finite projection of the product of projective spaces of the q_g. It determines them: a general q_1 has no
    two roots whose quotient is a root of unity, so that the others' roots, which come in orbits of the roots of unity of
    order S_2, are known; and so on for q_2. Where the degrees are below the strides no coefficient is a sum, and it is an embedding.
    """
    degrees, over = [sizes[0] - 1], []
    for k, stride in zip(sizes[1:], strides[:-1], strict=True):
        if stride > 1:
            degrees.append(0)
            over.append(stride)
        degrees[-1] += k - 1
    held = "one channel, sequences, every layer linear"
    degree = _theorem(
        "degree of linear convolutional networks",
        degree_of_product(degrees, (1,) * len(degrees)),
        f"products of polynomials of degrees {', '.join(map(str, degrees))}, one between strides: a birational projection of the Segre "
        "variety of their coefficients",
        "shahverdi2024",
        held,
    )
    found = [degree] if degree is not None else []
    if all(q < s for q, s in zip(degrees[:-1], over, strict=True)):
        apart = "polynomials between strides have degrees below the next stride"
        found += segre_veronese_ed_degree([q + 1 for q in degrees], (1,) * len(degrees), "shahverdi2024", held, apart)
    return found


def polynomial_convolution_theorems(sizes: tuple[int, ...], exponents: tuple[int, ...]) -> list[Theorem]:
    """The degree and ED degree of convolutions of one channel on sequences with monomial activations x^(r_l), of any strides.

    The coefficients of an output are forms of degree e_j = r_j ... r_(L-1) in the filter w_j and never all zero, so that the network is
    a finite projection of the Segre-Veronese variety of the filters in O(e_1, ..., e_L). It determines the filters: the derivative by
    the last input is a product of powers y_l^(r_l - 1) of the last outputs of all hidden layers, whose factors are told apart by
    the first input on which they depend (after layers with filters of size one have been merged with their neighbours).
    Output positions are shifts of one another. The projection is an immersion (Shahverdi, Marchetti, Kohn 2025).
    """
    if any(r < 2 for r in exponents):
        return []
    twists = [1]
    for r in reversed(exponents):
        twists.append(twists[-1] * r)
        if twists[-1].bit_length() > _MOST_DIGITS:
            return []
    twists.reverse()
    held = "one channel, sequences, every activation a monomial of degree at least 2"
    degree = _theorem(
        "degree of polynomial convolutional networks",
        degree_of_product([k - 1 for k in sizes], twists),
        f"a birational projection of the Segre-Veronese variety of the filters, of sizes {', '.join(map(str, sizes))}",
        "shahverdi2025",
        held,
    )
    return [*([degree] if degree is not None else []), *segre_veronese_ed_degree(sizes, twists, "shahverdi2025", held)]


def tensor_train_degree(modes: tuple[int, ...], outputs: int, ranks: tuple[int, ...]) -> Theorem | None:
    """The degree of tensor trains of which only one bond is a condition, or of which all are 1; ``ranks`` are the separation ranks of a
    general one.

    The tensors with these separation ranks or less are an irreducible variety. Where a general tensor whose flattening along one bond
    has this rank has the other separation ranks too, it is the variety of all such flattenings.
    """
    sizes = (*modes[:-1], modes[-1] * outputs) if len(modes) == len(ranks) + 1 else ()
    for k, r in enumerate(ranks, start=1):
        left, right = prod(sizes[:k]), prod(sizes[k:])
        free = [min(prod(sizes[:j]), prod(sizes[j:])) for j in range(1, len(sizes))]
        free[k - 1] = r
        for i, j in (*pairwise(range(k - 1, len(free))), *pairwise(range(k - 1, -1, -1))):
            free[j] = min(free[j], free[i] * sizes[max(i, j)])
        if sizes and tuple(free) == ranks:
            return determinantal_degree(left, right, r, f"no bond but the one after mode {k} is a condition")
    return rank_decomposition_degree(sizes, 1) if sizes and max(ranks, default=1) == 1 else None
