"""Upper bounds for the dimension of polynomial networks, proved by closed formulas and by cutting the network in two."""

from __future__ import annotations

import itertools
from functools import lru_cache
from math import comb, prod

from neurovariety.architectures.theorems.secants import curve_bound, pfaffian_bound

_AH_EXCEPTIONS = {(3, 4, 5), (4, 4, 9), (5, 4, 14), (5, 3, 7)}
"""(inputs, exponent, width): the defective cases of the Alexander-Hirschowitz theorem beyond quadrics."""


def forms(variables: int, degree: int) -> int:
    """Number of monomials of exactly this degree."""
    return comb(degree + variables - 1, degree)


def alexander_hirschowitz(inputs: int, width: int, exponent: int) -> int:
    """Dimension of sums of ``width`` powers of linear forms: `mlp(inputs, width, 1; x^exponent)`, exponent >= 2."""
    ambient = forms(inputs, exponent)
    if exponent == 2:
        k = min(width, inputs)
        return k * (2 * inputs - k + 1) // 2
    expected = min(width * inputs, ambient)
    return expected - 1 if (inputs, exponent, width) in _AH_EXCEPTIONS else expected


def rank_bounded(rows: int, columns: int, rank: int) -> int:
    """Dimension of the matrices of rank at most ``rank``."""
    r = min(rows, columns, rank)
    return r * (rows + columns - r)


@lru_cache(maxsize=100_000)
def monomial_network_bound(widths: tuple[int, ...], exponents: tuple[int, ...], bias: bool) -> tuple[int, str]:
    """An upper bound of the dimension of the network with these widths and exponents, and how it was found.

    With d the widths, the bound is the smallest of

    * the ambient dimension;
    * parameters minus hidden neurons (each can be rescaled);
    * for networks with one hidden layer and one output, the theorem of Alexander and Hirschowitz;
    * all linear: the dimension of a determinantal variety;
    * narrow last hidden layer: outputs are d_L combinations of d_{L-1} functions, a matrix of rank at most d_{L-1};
    * narrow first hidden layer: functions of d_1 linear forms, a point of a Grassmannian and a network on d_1 inputs;
    * exponent 2 in the last hidden layer and one output: f = g^T A g for a tuple g of functions on which O(A) acts without changing f;
    * one hidden layer: curves through its neurons, and a Pfaffian (`secants`);
    * the recursive bound of Kileel, Trager and Bruna: dim(d_0..d_L) <= dim(d_0..d_k) + dim(d_k..d_L) - d_k;
    * the same with the second network restricted to the image of the first, where that satisfies equations (`_restricted_forms`).
    """
    d0, dl = widths[0], widths[-1]
    layers = len(widths) - 1
    degree = prod(exponents)
    variables = d0 + 1 if bias else d0
    span = forms(variables, degree)
    count = sum(a * b for a, b in itertools.pairwise(widths)) + (sum(widths[1:]) if bias else 0)
    best = (dl * span, "ambient space")
    found = [(count - sum(widths[1:-1]), "parameters minus rescalings of hidden neurons")]
    if layers == 1:
        return min(best, found[0])
    linear = all(e == 1 for e in exponents)
    if linear:
        found.append((rank_bounded(d0, dl, min(widths)) + (dl if bias else 0), "matrices of bounded rank"))
    if layers == 2 and dl == 1 and not bias and exponents[0] >= 2:
        found.append((alexander_hirschowitz(d0, widths[1], exponents[0]), "Alexander-Hirschowitz theorem"))
    if layers == 2 and not bias and exponents[0] >= 2:
        shallow = (d0, widths[1], dl, exponents[0])
        found.append((curve_bound(*shallow), "rational curves through the neurons"))
        pfaffian = pfaffian_bound(*shallow)
        if pfaffian is not None:
            found.append((pfaffian, "Pfaffian of three quadratic outputs"))
    if widths[-2] < dl:
        # W_L is d_L x d_{L-1}; the last hidden layer has d_{L-1} functions in the span. A bias adds a free constant, which
        # the span already contains, so the matrix of outputs has rank at most d_{L-1} up to constants.
        columns = span - 1 if bias else span
        found.append((rank_bounded(dl, columns, widths[-2]) + (dl if bias else 0), "narrow last hidden layer"))
    if widths[1] < d0:
        inner, _ = monomial_network_bound((widths[1], *widths[1:]), exponents, bias)
        found.append((widths[1] * (d0 - widths[1]) + inner, "narrow first hidden layer"))
    if dl == 1 and exponents[-1] == 2:
        before, _ = monomial_network_bound(widths[:-1], exponents[:-1], bias)
        turned = _rotations(widths[-2], _independent(widths[:-1], exponents[:-1]))
        found.append((before + (1 if bias else 0) - turned, "rotations of the last hidden layer"))
    for k in range(1, layers):
        left, _ = monomial_network_bound(widths[: k + 1], exponents[: k - 1], bias)
        right, _ = monomial_network_bound(widths[k:], exponents[k:], bias)
        found.append((left + right - widths[k], f"recursive bound, cut at layer {k}"))
        if not bias and widths[k] > d0:
            restricted = _restricted_forms(d0, widths[k], prod(exponents[:k]), prod(exponents[k:]))
            found.append((left - widths[k] + dl * restricted, f"restriction to the image of layer {k}"))
    return min([best, *found], key=lambda pair: pair[0])


def _restricted_forms(inputs: int, width: int, inner: int, outer: int) -> int:
    """At most how many dimensions the forms of degree ``outer`` in ``width`` variables leave on the image of ``width`` forms u_i of
    degree ``inner`` in ``inputs`` < ``width`` variables.

    With the activations of layer k as the u_i, a network is G(u) with G a tuple of such forms; for given u its functions lie in a space
    of at most d_L times this number of dimensions, and the d_k rescalings of the neurons act freely on the u.

    They are forms of degree inner * outer. For one variable more than inputs the image lies on a hypersurface of degree at most
    inner^(inputs - 1) (Bezout), whose multiples vanish on it.
    """
    left = forms(width, outer)
    surface = inner ** (inputs - 1)
    if width == inputs + 1 and outer >= surface:
        left -= forms(width, outer - surface)
    return min(left, forms(inputs, inner * outer))


def _rotations(size: int, independent: int) -> int:
    """Dimension of the orbit of O(size) on ``size`` functions of which ``independent`` are linearly independent."""
    return comb(size, 2) - comb(size - independent, 2)


def _independent(widths: tuple[int, ...], exponents: tuple[int, ...]) -> int:
    """A number of linearly independent outputs that the network certainly reaches for some, hence for generic, weights.

    Its last hidden layer holds r-th powers of functions that can be general linear combinations of c algebraically independent ones
    (powers of coordinates carried through the layers), c the smallest width before it and at most the number of inputs; general r-th
    powers of linear forms in c variables are independent as long as there are forms.
    """
    if len(widths) == 2:
        return min(widths)
    carried = min(widths[:-2])
    return min(widths[-1], widths[-2], forms(carried, exponents[-1]))
