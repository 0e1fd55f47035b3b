"""Which functions lie on boundaries: neurons that merge or become linear, networks with a dead neuron, filters that share a real root.

* Two neurons of a hidden layer *merge*: rows l - t v and l + t v, outgoing weights b - a/t and b + a/t. As t -> 0 they compute
  2 b s(l) + 2 a s'(l) v, the tangents of a neuron, with outgoing weights that diverge. The function is even in t: with i t in place
  of t two complex conjugate neurons merge to the same limit, and their functions are real.
* A neuron *becomes linear* (with biases): row t v, bias c, outgoing weights a/t, and the next bias takes -a s(c)/t: in the limit
  a s'(c) v.
* A neuron is *dead*, nothing goes out of it.
* *Outputs are proportional*: two quadratic neurons l, l' with outgoing weights u, -u compute u (l^2 - l'^2).
* Two filters of even size *share a real root* and all other roots are complex, but one for each further even filter.

Whether these lie on the boundary is decided elsewhere; that they are limits is plain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import singledispatch
from math import lcm, prod

import numpy as np
from numpy.typing import NDArray

from neurovariety.geometry.boundaries.limit_family import Element, LimitFamily, Values, integers
from neurovariety.image import RationalFunction
from neurovariety.model import Model
from neurovariety.parametrization import FilterLayers, Layers
from neurovariety.rings.ring import Array

Places = NDArray[np.int64]

_MOST_DEGREE = 24
"""In t; with more the exact interpolation is slow, and such networks are large in any case."""


@singledispatch
def limit_families(parametrization: object, model: Model) -> list[LimitFamily]:
    """The families of functions that may lie on the boundary, for the kind of parametrization of the model."""
    return []


@limit_families.register
def _(parametrization: FilterLayers, model: Model) -> list[LimitFamily]:
    """For filters that are composed, at least two of even size."""
    sizes = parametrization.sizes
    return [_shared_root(sizes)] if parametrization.composed and sum(k % 2 == 0 for k in sizes) >= 2 else []


@limit_families.register
def _(parametrization: Layers, model: Model) -> list[LimitFamily]:
    """For layers without skip connections."""
    widths, biases, out = parametrization.widths, parametrization.biases, []
    for layer, degree in _layers(parametrization):
        activation = parametrization.activations[layer - 1]
        where = f" of layer {layer}" if len(widths) > 3 else ""
        if widths[layer] >= 2:
            out.append(_merging(parametrization, model, layer, degree, where))
        if biases:
            out.append(_linear_neuron(parametrization, model, layer, activation, degree, where))
        if widths[layer] >= 2 or biases:
            out.append(_dead(parametrization, model, layer, where))
    shallow = len(widths) == 3 and widths[1] == 2 and not biases and not parametrization.skips
    if shallow and widths[2] >= 2 and parametrization.activations[0].is_monomial and parametrization.activations[0].degree == 2:
        out.append(_proportional_outputs(parametrization))
    return out


def splits(
    model: Model, weights: tuple[Fraction, ...], rng: np.random.Generator
) -> Iterator[tuple[LimitFamily, Callable[[Fraction], list[Fraction]]]]:
    """Merging neurons with the function of ``weights`` as their limit: for each layer in which a neuron is dead or two have the same
    incoming weights, the parameters for t. In a random direction, with a = t a', so that outgoing weights b -+ a' stay bounded."""
    layers = model.parametrization
    if not isinstance(layers, Layers):
        return
    w = np.array(weights, dtype=object)
    for layer, degree in _layers(layers):
        own, following, next_bias, others = _places(layers, model, layer)
        found = _pair(w[own], w[following])
        if found is None:
            continue
        i, j = found
        same = np.array_equal(w[own[i]], w[own[j]])
        b = [(w[k] + (w[l] if same else 0)) / 2 for k, l in zip(following[:, i], following[:, j], strict=True)]
        rest = [k for k in range(len(own)) if k not in (i, j)]
        places = [*own[rest].ravel(), *following[:, rest].ravel(), *next_bias, *others]
        before = [*w[own[i]], *integers(own.shape[1])(rng), *b]
        bounded, after = integers(len(following))(rng), [*w[places]]

        def parameters(t: Fraction, s: tuple[list[Fraction], ...] = (before, bounded, after)) -> list[Fraction]:
            return [*s[0], *(t * a for a in s[1]), *s[2]]

        yield _merging(layers, model, layer, degree, ""), parameters


def _pair(incoming: Array, outgoing: Array) -> tuple[int, int] | None:
    """Two neurons i, j with the same incoming weights, or of which j is dead."""
    width = len(incoming)
    for j in range(width):
        for i in range(width):
            if i != j and (not outgoing[:, j].any() or np.array_equal(incoming[i], incoming[j])):
                return i, j
    return None


def _layers(layers: Layers) -> Iterator[tuple[int, int]]:
    """Hidden layers with an activation that is not linear, and a bound of the degree in t of functions whose weights there are linear
    in t; none where there are skip connections."""
    if layers.skips or not all(a.is_polynomial and not a.is_generic for a in layers.activations):
        return
    for layer in range(1, len(layers.weights)):
        degree = prod(a.degree for a in layers.activations[layer - 1 :])
        if not layers.activations[layer - 1].is_linear and degree <= _MOST_DEGREE:
            yield layer, degree


def _places(layers: Layers, model: Model, layer: int) -> tuple[Places, Places, Places, Places]:
    """Flat places of W_l (with the bias of the layer as a last column, where there is one) and of W_{l+1}; of the next biases; and of
    all other weights."""
    own = model.places[layers.weights[layer - 1]]
    if layers.biases:
        own = np.hstack([own, model.places[layers.biases[layer - 1]][:, None]])
    following = model.places[layers.weights[layer]]
    next_bias = model.places[layers.biases[layer]] if layers.biases else np.zeros(0, dtype=int)
    used = np.concatenate([own.ravel(), following.ravel(), next_bias])
    return own, following, next_bias, np.setdiff1d(np.arange(model.parameters), used)


def _merging(layers: Layers, model: Model, layer: int, degree: int, where: str) -> LimitFamily:
    own, following, next_bias, others = _places(layers, model, layer)
    width, outgoing = own.shape[1], len(following)
    free = [*own[2:].ravel(), *following[:, 2:].ravel(), *next_bias, *others]
    n = 2 * width + 2 * outgoing + len(free)

    def weights(s: Values, t: Element, inverse: Element) -> list[Element]:
        out: list[Element] = [0] * model.parameters
        row, tangent = s[:width], s[width : 2 * width]
        b, a = s[2 * width : 2 * width + outgoing], s[2 * width + outgoing : 2 * width + 2 * outgoing]
        for k in range(width):
            out[own[0, k]], out[own[1, k]] = row[k] - tangent[k] * t, row[k] + tangent[k] * t
        for k in range(outgoing):
            out[following[k, 0]], out[following[k, 1]] = b[k] - a[k] * inverse, b[k] + a[k] * inverse
        for place, value in zip(free, s[2 * width + 2 * outgoing :], strict=True):
            out[place] = value
        return out

    return LimitFamily(f"two neurons{where} merge, outgoing weights diverge", n, weights, degree, integers(n), even=True)


def _linear_neuron(layers: Layers, model: Model, layer: int, activation: RationalFunction, degree: int, where: str) -> LimitFamily:
    own, following, next_bias, others = _places(layers, model, layer)
    inputs, outgoing = own.shape[1] - 1, len(following)
    free = [*own[1:].ravel(), *following[:, 1:].ravel(), *others]
    n = inputs + 1 + 2 * outgoing + len(free)
    terms = [(e, Fraction(c or 0)) for e, c in activation.terms]
    common = lcm(*(c.denominator for _, c in terms))  # outgoing weights are multiples of it, so that all is integral
    integral = [(e, int(common * c)) for e, c in terms]

    def weights(s: Values, t: Element, inverse: Element) -> list[Element]:
        out: list[Element] = [0] * model.parameters
        c, a, next_ = s[inputs], s[inputs + 1 : inputs + 1 + outgoing], s[inputs + 1 + outgoing : inputs + 1 + 2 * outgoing]
        for k in range(inputs):
            out[own[0, k]] = s[k] * t
        out[own[0, inputs]] = c
        at_c = sum((c**e * integer for e, integer in integral), 0)
        for k in range(outgoing):
            out[following[k, 0]] = a[k] * common * inverse
            out[next_bias[k]] = next_[k] - at_c * a[k] * inverse
        for place, value in zip(free, s[inputs + 1 + 2 * outgoing :], strict=True):
            out[place] = value
        return out

    return LimitFamily(f"a neuron{where} becomes linear, outgoing weights diverge", n, weights, degree, integers(n))


def _dead(layers: Layers, model: Model, layer: int, where: str) -> LimitFamily:
    own, following, _, _ = _places(layers, model, layer)
    free = np.setdiff1d(np.arange(model.parameters), np.concatenate([own[0], following[:, 0]]))

    def weights(s: Values, t: Element, inverse: Element) -> list[Element]:
        out: list[Element] = [0] * model.parameters
        for place, value in zip(free, s, strict=True):
            out[place] = value
        return out

    return LimitFamily(f"a neuron{where} is dead", len(free), weights, 0, integers(len(free)))


def _proportional_outputs(layers: Layers) -> LimitFamily:
    outputs = layers.widths[2]
    inputs = layers.widths[0]
    n = 2 * inputs + outputs

    def weights(s: Values, t: Element, inverse: Element) -> list[Element]:
        return [*s[: 2 * inputs], *(v for u in s[2 * inputs :] for v in (u, -u))]

    return LimitFamily("all outputs are multiples of an indefinite form", n, weights, 0, integers(n))


def _shared_root(sizes: tuple[int, ...]) -> LimitFamily:
    """Filters 1, 2 of even size are (a x + b) times forms of even degree, all filters else full."""
    even = [i for i, k in enumerate(sizes) if k % 2 == 0][:2]
    lengths = [k - 1 if i in even else k for i, k in enumerate(sizes)]
    starts = np.cumsum([2, *lengths])
    n = int(starts[-1])

    def weights(s: Values, t: Element, inverse: Element) -> list[Element]:
        out: list[Element] = []
        for i, length in enumerate(lengths):
            own = [s[j] for j in range(starts[i], starts[i] + length)]
            out += _times(own, [s[0], s[1]]) if i in even else own
        return out

    def drawn(rng: np.random.Generator) -> list[Fraction]:
        """Cofactors without real roots, so that the double root is one of as few real roots as there are even filters."""
        found = integers(2)(rng)
        for length in lengths:
            form = integers(2 - length % 2)(rng)
            for _ in range((length - 1) // 2):
                u, v = integers(2)(rng)
                form = _times(form, [u * u + v * v, -2 * u, Fraction(1)])
            found += form
        return found

    return LimitFamily("a double real root, and no more real roots than filters of even size", n, weights, 0, drawn)


def _times(a: Values, b: Values) -> list[Element]:
    out: list[Element] = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] = out[i + j] + x * y
    return out
