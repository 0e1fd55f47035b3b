"""Where J drops rank: families whose resting points are all on listed strata, and strata of other families as far as they have names.

Training rests at weights w with J(w)^T g = 0, g the gradient on functions. Where J(w) has full rank f_w is among the smooth critical
functions. Where it has not, f_w is on a listed stratum *and critical there* if the image of J(w) contains the tangent space of the
stratum at f_w. This is proved for the families of `RANK_DROP` alone, row by row; of any other family the list is a lower bound, also
where its functions fill their span: that says nothing of the weights at which J drops rank.

Chains of matrices. The image of J is the sum of im(W_L ... W_{l+1}) (x) row(W_{l-1} ... W_1). Its last summand is V (x) row(W') with
row(W') containing row(W) for the product W, its first one col(W'') (x) V with col(W'') containing col(W). Their sum contains the
tangent space of the matrices of rank e = rank(W) at W (Trager, Kohn, Bruna 2020). So W is critical among these, a network with e
hidden units or zero.

Functions linear in their weights (no hidden layer): J is the same at all weights, so its rank does not drop.

mlp(d, m, 1; x^2) without bias. For q = sum a_i v_i^2 the image of J contains v_i u for all u and all i with a_i not 0. The span of
these v_i contains the column space of q, so the image contains the tangent space {v u : v in col(q)} of the forms of rank e = rank(q)
at q.

One neuron and a monomial of degree k >= 2, without bias: f = a (v x)^k with a vector a. J drops rank only where a = 0 or v = 0, so
where f is zero, which is a stratum.

mlp(2, m, 1; x^k) without bias. Let q = sum a_i l_i^k after proportional l_i are joined, e of them with a_i not 0. The image of J
contains l_i^(k-1) u for these, all u. By Hermite interpolation the sum of these planes has dimension min(2 e, k + 1). It is then the
tangent space of the forms of e neurons at q, where J of that smaller network has full rank, so q is a smooth critical function of it.

cnn of one channel with monomials of degree >= 2 between two or more filters: away from f = 0 the parametrization is an immersion
modulo scalings of the filters (Shahverdi et al. 2025), so J drops rank only where f is zero. Other strata of filters do not rest by
themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Final

from neurovariety.model import Model
from neurovariety.parametrization import FilterLayers, Layers

RANK_DROP: Final[dict[str, str]] = {
    "linear": "the image of J at a product of rank e contains the tangent space of matrices of rank e (Trager, Kohn, Bruna 2020)",
    "no hidden layer": "functions are linear in the weights, so J is the same at all of them",
    "squares": "the image of J at a quadratic form of rank e contains the tangent space of forms of rank e",
    "one neuron": "J drops rank only where the function is zero",
    "binary forms": "the image of J at a sum of e powers is the tangent space of such sums (Hermite interpolation)",
    "one channel": "away from 0 the parametrization is an immersion modulo scalings (Shahverdi et al. 2025)",
}
"""Family -> why all weights where J drops rank and training rests are on its listed strata. Nothing else may be said to be all."""


def rank_drop(model: Model) -> str:
    """The reason by which all resting points of a model are on its strata; '' where no such list is known."""
    family = _family(model.parametrization)
    return RANK_DROP[family] if family else ""


@singledispatch
def _family(parametrization: object) -> str:
    return ""


@_family.register
def _(layers: Layers) -> str:
    return next((name for name, holds in _OF_LAYERS if holds(layers)), "") if not layers.skips else ""


@_family.register
def _(layers: FilterLayers) -> str:
    if len(layers.filters) == 1:
        return "no hidden layer"
    return "one channel" if all(a.is_monomial and a.degree >= 2 for a in layers.activations) else ""


def _powers(layers: Layers) -> bool:
    """One hidden layer of a monomial of degree at least 2, without biases."""
    plain = len(layers.widths) == 3 and not layers.biases
    return plain and layers.activations[0].is_monomial and layers.activations[0].degree >= 2


_OF_LAYERS: Final[tuple[tuple[str, Callable[[Layers], bool]], ...]] = (
    ("no hidden layer", lambda layers: len(layers.widths) == 2),
    ("linear", lambda layers: layers.linear and not layers.biases),
    ("one neuron", lambda layers: _powers(layers) and layers.widths[1] == 1),
    ("squares", lambda layers: _powers(layers) and layers.widths[2] == 1 and layers.activations[0].degree == 2),
    ("binary forms", lambda layers: _powers(layers) and layers.widths[0] == 2 and layers.widths[2] == 1),
)
