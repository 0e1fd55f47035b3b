"""Upper bounds for the dimension of lightning self-attention: which part of the weights the functions can see.

Notation, for a layer with d features in, d' out, head size a: X -> sum_h V_h S A_h X with S = X X^T, A = K^T Q of rank at most a.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import comb

from neurovariety.architectures.theorems.dimension_bounds import forms, rank_bounded

_MAX_LAYERS_EXPANDED = 6
"""Degrees 3^L beyond this depth give numbers that are no use as bounds."""


@dataclass(frozen=True)
class SeenSizes:
    """Sizes to which a network can be reduced without changing its set of functions; see `seen_sizes`."""

    widths: tuple[int, ...]
    inner: tuple[int, ...]
    parallel: tuple[bool, ...]
    """For each layer, whether the tokens that enter it are always parallel."""


def seen_sizes(widths: tuple[int, ...], inner: tuple[int, ...], tokens: int, heads: int) -> SeenSizes:
    """The sizes that matter. Each reduction leaves the set of functions as it is:

    * a <= d, since A = K^T Q is d x d;
    * hidden features after a layer lie in the sum of the images of the V_h, of dimension at most H d, and are combinations of the
      functions S_ij X_k, of which d C(d+1,2) are different (C(d+2,3) where tokens are parallel); the next layer sees its matrices
      only on that space;
    * a layer sees its input only through the rows of V_h, K_h and Q_h, H (d' + 2a) in all.

    Tokens are parallel (X = u v^T) where there is one token, after a layer of one feature, and after a layer of one head of size
    1, where X becomes (V S k)(X^T q)^T; then a layer with matrices V_h, A_h gives (u^T A_h u) V_h u (v^T v) v^T, parallel again.
    """
    m, a = list(widths), list(inner)
    layers = len(a)
    while True:
        before = (tuple(m), tuple(a))
        parallel = [tokens == 1]
        for l in range(layers):
            a[l] = min(a[l], m[l])
            parallel[l] = parallel[l] or m[l] == 1
            if l + 1 < layers:
                m[l + 1] = min(m[l + 1], heads * m[l], _products(m[l], parallel[l]))
                parallel.append(parallel[l] or (heads == 1 and a[l] == 1))
        for l in range(layers - 1, 0, -1):
            m[l] = min(m[l], heads * (m[l + 1] + 2 * a[l]))
        if (tuple(m), tuple(a)) == before:
            return SeenSizes(*before, tuple(parallel))


def attention_bound(widths: tuple[int, ...], inner: tuple[int, ...], tokens: int, heads: int) -> tuple[int, str]:
    """An upper bound of the dimension, and how it was found.

    With the sizes m_0, ..., m_L and a_l of `seen_sizes`, let s(a, d) be the dimension of what a layer sees of one A: d x d matrices of
    rank at most a, a(2d - a); where tokens are parallel only the quadratic form u^T A u, of rank at most r = min(2a, d),
    r(2d - r + 1)/2. The bound is the smaller of

    * sum_l T_l - sum_{0<l<L} m_l^2, where T_l bounds the dimension of the tensors sum_h V_h (x) A_h (`_tensors`). The GL(m_l) with
      0 < l < L act on these by V_h -> g V_h g'^-1, A_h -> g'^-T A_h g'^-1 without changing functions. At generic points stabilizers are
      trivial, layer by layer: where g' = 1, g is the identity on the image of the tensor, the sum of the images of the V_h for
      independent A_h, which is everything as m_l <= H m_{l-1}. For H so large that the A_h are dependent the pairs (V_h, A_h) are
      counted instead, on which the H rescalings of V_h against A_h act as well: a trivial g' fixes the A_h and so the factors.
    * sum_l D_l - sum_{0<l<L} m_l i_l, where D_l bounds the dimension of the functions of layer l alone (`_functions`). M consists of
      compositions f_L o ... o f_1, on which GL(m_l) acts by f_l -> g f_l, f_{l+1} -> f_{l+1} g^-1. If f_l has i_l independent outputs
      (`_independent`), its stabilizer in GL(m_l), where the groups before it are fixed, has dimension m_l (m_l - i_l), so the orbits
      have at least dimension sum m_l i_l.
    * one token: the forms of degree 3^L, in each output.
    """
    seen = seen_sizes(widths, inner, tokens, heads)
    m, layers = seen.widths, len(inner)
    by_tensors = by_functions = 0
    for (d, out), a, parallel in zip(pairwise(m), seen.inner, seen.parallel, strict=True):
        by_tensors += _tensors(d, out, a, parallel, heads)
        by_functions += _functions(d, out, a, parallel, heads)
    for l in range(1, layers):
        by_tensors -= m[l] ** 2
        by_functions -= m[l] * min(m[l], _independent(m[l - 1], heads))
    reduced = (m, seen.inner) != (tuple(widths), tuple(min(a, d) for a, d in zip(inner, widths, strict=False)))
    why = "what a layer sees of its features" if reduced else "what a layer sees of K^T Q" if any(seen.parallel) else "V and K^T Q"
    found = [(by_tensors, f"{why}, less their symmetries"), (by_functions, "spaces of functions of single layers")]
    if tokens == 1 and layers <= _MAX_LAYERS_EXPANDED:
        found.append((widths[-1] * forms(widths[0], 3**layers), "ambient space"))
    return min(found, key=lambda pair: pair[0])


def single_token_dimension(widths: tuple[int, ...], inner: tuple[int, ...]) -> int:
    """The dimension of one head a layer on one token: equality in `attention_bound`.

    Proof. f(x) = q_1(x)^(3^(L-1)) q_2(W_1 x)^(3^(L-2)) ... q_L(W_{L-1} x) W_L x with W_l = V_l ... V_1 and quadratic forms q_l. By
    unique factorization f determines q_l o W_{l-1} and W_L up to finitely many choices and L scales. In the sizes of `seen_sizes` the
    row space U_l of W_l is the span of q_{l+1} o W_l and U_{l+1}, so these determine the flag of the U_l, which has dimension sum of
    m_l (m_{l-1} - m_l); q_l is any form of its rank on U_{l-1}, and W_L any matrix with rows in U_{L-1}. The sum is the bound.
    """
    return attention_bound(widths, inner, 1, 1)[0]


def attention_span(widths: tuple[int, ...], tokens: int) -> int | None:
    """The dimension of the span of the functions, for one layer or one token; else None.

    One layer: heads of rank one span the functions of all tensors V (x) A, which are the combinations of the S_ij X_k in each output.
    One token: with A = w w^T and V = e w^T in the first layer, e a unit vector, and the like after it, a network is (w x)^(3^L) in
    any output, and the powers of linear forms span all forms.
    """
    layers = len(widths) - 1
    if layers == 1:
        return widths[1] * _products(widths[0], tokens == 1)
    if tokens == 1 and layers <= _MAX_LAYERS_EXPANDED:
        return widths[-1] * forms(widths[0], 3**layers)
    return None


def _products(d: int, parallel: bool) -> int:
    """Number of different functions S_ij X_k."""
    return forms(d, 3) if parallel else d * comb(d + 1, 2)


def _forms_seen(a: int, d: int, parallel: bool) -> int:
    """Dimension s(a, d) of what a layer sees of one A."""
    r = min(2 * a, d)
    return r * (2 * d - r + 1) // 2 if parallel else a * (2 * d - a)


def _tensors(d: int, out: int, a: int, parallel: bool, heads: int) -> int:
    """An upper bound of the dimension of the tensors sum_h V_h (x) A_h, or of the pairs (V_h, A_h) up to scaling where H is so
    large that the A_h are dependent.

    The A_h span a projective space of dimension H - 1. Those of the rank in question have codimension c = dim of all A - s(a, d) in the
    space of all A, hence at most c in that projective space near each A_h, and any H of them that span it serve as well: the same
    tensor is a sum in a family of H (H - 1 - c) further ways. (For a = d this is GL(H).)
    """
    seen, space = _forms_seen(a, d, parallel), comb(d + 1, 2) if parallel else d * d
    spare = heads * max(0, heads - 1 - (space - seen)) if heads <= space else 0
    return heads * (seen + d * out - 1) - spare


def _functions(d: int, out: int, a: int, parallel: bool, heads: int) -> int:
    """An upper bound of the dimension of the functions of one layer.

    They are linear in the tensors; they lie in a span; where A is arbitrary the tensors are the matrices of rank at most H; and where
    the u = H d' rows of all V_h do not span the features, all entries are products with one of them: they vanish on a subspace of
    codimension u, and for a given one lie in a smaller span.
    """
    seen, space = _forms_seen(a, d, parallel), comb(d + 1, 2) if parallel else d * d
    products = _products(d, parallel)
    bounds = [_tensors(d, out, a, parallel, heads), out * products]
    if seen == space:
        bounds.append(rank_bounded(d * out, space, heads))
    u = heads * out
    if u < d:
        vanishing = forms(d - u, 3) if parallel else d * comb(d - u + 1, 2)
        bounds.append(u * (d - u) + out * (products - vanishing))
    return min(bounds)


def _independent(features: int, heads: int) -> int:
    """A number of linearly independent outputs that a layer with so many inputs certainly reaches, on parallel tokens u v^T already.

    With A_h the quadratic form u_h^2 its outputs are combinations of the different monomials u_i u_h^2, times the same v.
    """
    return features * min(heads, features)
