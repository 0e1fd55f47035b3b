"""Theorems on the number of critical points of a quadratic distance to a neurovariety, for a general target.

Each returns theorems whose quantity is ``ed_degree`` and the name of the quadric: ``generic``, ``frobenius`` (squares of coefficients),
``bombieri``, ``gaussian`` (normal inputs), ``data`` (inputs at which the Jacobian has full rank). The last four treat all outputs
alike: with coefficients written as a matrix, one row a monomial, one column an output, they are A -> trace(A^T G A) for one G.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import comb

from neurovariety.architectures.theorems import polar_degrees
from neurovariety.architectures.theorems.dimension_bounds import forms
from neurovariety.theorem import Hypothesis, Theorem, ed_degree

OUTPUTS_ALIKE = ("frobenius", "bombieri", "gaussian", "data")
_MOST_DIGITS = 4_000
_MOST_CLASSES = 20_000


def _generic(polar: tuple[int, ...] | None, what: str, source: str, *hypotheses: str) -> list[Theorem]:
    if polar is None or sum(polar) >= 10**_MOST_DIGITS:
        return []
    held = tuple(Hypothesis(h, True) for h in hypotheses)
    statement = f"{what} have polar degrees {', '.join(map(str, polar))}, whose sum counts"
    return [Theorem("sum of the polar degrees", ed_degree("generic"), sum(polar), statement, source, held, polar)]


def _special(metrics: Iterable[str], name: str, value: int | None, statement: str, source: str, *hypotheses: str) -> list[Theorem]:
    if value is None or value >= 10**_MOST_DIGITS:
        return []
    held = tuple(Hypothesis(h, True) for h in hypotheses)
    return [Theorem(name, ed_degree(m), value, statement, source, held) for m in metrics]


def matrices_ed_degree(rows: int, columns: int, rank: int, *hypotheses: str) -> list[Theorem]:
    """The functions are all ``rows`` x ``columns`` matrices of rank at most ``rank``, columns belong to outputs, times a linear space.

    For a quadric that treats outputs alike a linear change of the rows makes it the Frobenius norm, and the critical points on
    matrices of that rank are the sums of ``rank`` of the terms of the target's singular value decomposition.
    """
    least = min(rows, columns)
    if rank >= least:
        return []
    statement = f"choices of {rank} among {least} singular values"
    what = f"{rows} x {columns} matrices of rank at most {rank}"
    return [
        *_generic(polar_degrees.of_matrices(rows, columns, rank), what, "draisma2016", *hypotheses),
        *_special(OUTPUTS_ALIKE, "Eckart-Young theorem", comb(least, rank), statement, "draisma2016", *hypotheses),
    ]


def shallow_monomial_ed_degree(inputs: int, width: int, outputs: int, exponent: int) -> list[Theorem]:
    """f = sum_i a_i l_i^d, l_i linear forms in ``inputs`` variables, a_i in C^outputs, i <= ``width``, without biases."""
    n, k, m, d = inputs, width, outputs, exponent
    if d < 2 or n < 2:
        return []
    hidden = "one hidden layer with a monomial activation of degree at least 2, no bias"
    if m == 1 and d == 2:
        if k >= n:
            return []
        what, choices = f"quadrics of rank at most {k} in {n} variables", f"choices of {k} among {n} eigenvalues"
        return [
            *_generic(polar_degrees.of_symmetric_matrices(n, k), what, "draisma2016", hidden, "one output"),
            *_special(("bombieri",), "Eckart-Young theorem", comb(n, k), choices, "draisma2016", hidden, "one output"),
            *_special(("gaussian",), "Gaussian Eckart-Young theorem", comb(n, k), choices, "arjevani2025", hidden, "one output"),
        ]
    if k == 1:
        what = f"products a (x) l^{d}, P^{n - 1} x P^{m - 1} in O({d}, 1),"
        return [
            *_generic(polar_degrees.of_product((n - 1, m - 1), (d, 1)), what, "draisma2016", hidden),
            *_rank_one(("bombieri",), (n, m), (d, 1), hidden),
        ]
    if n == 2 and m == 1 and 2 * k <= d:
        what = f"sums of {k} powers of degree {d} of linear forms in two variables"
        return _generic(polar_degrees.of_binary_forms(d, k), what, "draisma2016", hidden, "two inputs, one output")
    if k >= forms(n, d) - n + 1:
        reached = f"the width is at least {forms(n, d) - n + 1} = the codimension of the powers l^{d} plus one"
        return matrices_ed_degree(forms(n, d), m, k, hidden, f"{reached}, so that they span general subspaces of their number")
    return []


def products_of_vectors_ed_degree(modes: tuple[int, ...], rank: int) -> list[Theorem]:
    """Sums of ``rank`` products of vectors, one of each mode: for one product, and for two modes."""
    sizes = tuple(n for n in modes if n > 1)
    if rank == 1:
        what = f"products of vectors of sizes {', '.join(map(str, sizes))}"
        return [
            *_generic(polar_degrees.of_product([n - 1 for n in sizes], [1] * len(sizes)), what, "draisma2016"),
            *_rank_one(("frobenius", "bombieri"), sizes, [1] * len(sizes)),
        ]
    if len(sizes) != 2 or rank >= min(sizes):
        return []
    what = f"{sizes[0]} x {sizes[1]} matrices of rank at most {rank}"
    value, statement = comb(min(sizes), rank), f"choices of {rank} among {min(sizes)} singular values"
    return [
        *_generic(polar_degrees.of_matrices(*sizes, rank), what, "draisma2016"),
        *_special(("frobenius", "bombieri"), "Eckart-Young theorem", value, statement, "draisma2016"),
    ]


def segre_veronese_ed_degree(sizes: Sequence[int], twists: Sequence[int], source: str, *hypotheses: str) -> list[Theorem]:
    """Networks that are an immersed Segre-Veronese variety of the filters, of ``sizes``, in O(twists)."""
    what = f"networks, immersed as P^{' x P^'.join(str(k - 1) for k in sizes)} in O({', '.join(map(str, twists))}),"
    return _generic(polar_degrees.of_product([k - 1 for k in sizes], twists), what, source, *hypotheses)


def _rank_one(metrics: Iterable[str], sizes: Sequence[int], degrees: Sequence[int], *hypotheses: str) -> list[Theorem]:
    """Singular vector tuples of a tensor that is symmetric in groups of modes, for the product of Bombieri's forms."""
    value = _singular_vector_tuples(sizes, degrees)
    statement = f"singular vector tuples of tensors in {' x '.join(f'Sym^{d} C^{n}' for n, d in zip(sizes, degrees, strict=True))}"
    return _special(metrics, "Friedland-Ottaviani theorem", value, statement, "friedland2014", *hypotheses)


def _singular_vector_tuples(sizes: Sequence[int], degrees: Sequence[int]) -> int | None:
    """The coefficient of prod t_i^(n_i - 1) in prod_i sum_a s_i^a t_i^(n_i - 1 - a), where s_i = sum_j d_j t_j - t_i."""
    top = tuple(n - 1 for n in sizes)
    total: Counter[tuple[int, ...]] = Counter({(0,) * len(sizes): 1})
    for i, n in enumerate(sizes):
        form = {j: d - (j == i) for j, d in enumerate(degrees) if d > (j == i)}
        power, parts = Counter(total), []
        for _ in range(n):
            parts.append(power)
            power = _times_form(power, form, top)
        total = Counter()
        for a, part in enumerate(parts):
            for e, c in part.items():
                raised = (*e[:i], e[i] + n - 1 - a, *e[i + 1 :])
                if raised[i] <= top[i]:
                    total[raised] += c
        if len(total) > _MOST_CLASSES:
            return None
    return total[top]


def _times_form(series: Counter[tuple[int, ...]], form: dict[int, int], top: tuple[int, ...]) -> Counter[tuple[int, ...]]:
    out: Counter[tuple[int, ...]] = Counter()
    for e, c in series.items():
        for j, d in form.items():
            if e[j] < top[j]:
                out[(*e[:j], e[j] + 1, *e[j + 1 :])] += c * d
    return out
