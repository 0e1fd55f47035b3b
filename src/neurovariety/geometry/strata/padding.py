"""Strata of convolutional networks of one channel: filters padded by zeros, and filters with a common factor.

A filter is a polynomial; one that is supported on a window is shorter and shifted. Shifts of several layers add up (each counted in
steps of the input), so that different windows with the same lengths and the same total shift give the same functions: the
parametrization then meets itself. Without activations functions are products of polynomials, and J drops rank where two have a common
factor (Kohn et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np

from neurovariety.architectures import CNN
from neurovariety.geometry.images.real_components import architecture_of
from neurovariety.geometry.strata.layers import vanishes, zeroed
from neurovariety.geometry.strata.weight_stratum import WeightStratum, own_model
from neurovariety.model import Model
from neurovariety.rings.ring import Array

_MOST_WINDOWS = 4000
"""Combinations of windows that are looked at; networks with more have theirs cut by one place in one layer only."""

Window = tuple[tuple[int, int], ...]
"""First and last place in each direction."""


def filter_strata(model: Model, cnn: CNN, most: int) -> list[WeightStratum]:
    """Filters with common factors, filters padded by zeros (the longest first, as many as there is room for), zero filters."""
    shared, zero = shared_roots(model, cnn), _zero_filters(model, cnn)
    return [*shared, *padding_strata(model, cnn)[: max(0, most - len(shared) - len(zero))], *zero]


def padding_strata(model: Model, cnn: CNN) -> list[WeightStratum]:
    """One stratum for each choice of a window in every layer, at least one of them smaller than the filter."""
    steps = [tuple(prod(s[i] for s in cnn.strides[:l]) for i in range(cnn.dimensions)) for l in range(cnn.layers)]
    by_image: dict[Any, list[tuple[Window, ...]]] = {}
    for chosen in _windows(cnn):
        lengths = tuple(tuple(b - a + 1 for a, b in w) for w in chosen)
        shift = tuple(sum(w[i][0] * s[i] for w, s in zip(chosen, steps, strict=True)) for i in range(cnn.dimensions))
        by_image.setdefault((lengths, shift), []).append(chosen)
    whole = tuple(cnn.filters)
    out: list[WeightStratum] = []
    for (lengths, shift), places in sorted(by_image.items(), key=lambda item: (-sum(map(sum, item[0][0])), item[0])):
        if lengths == whole:
            continue
        sizes = tuple(tuple(n for w in chosen for a, b in w for n in (-a, b)) for chosen in places)
        shown = "filters of sizes " + ", ".join("x".join(map(str, k)) for k in lengths) + f" shifted by {', '.join(map(str, shift))}"
        small = None
        for chosen in places:
            parameters, embed = _cut(model, chosen)
            small = small or own_model(shown, model, parameters, embed)
            at = f" (from {', '.join('x'.join(str(a) for a, _ in w) for w in chosen)})" if len(places) > 1 else ""
            out.append(WeightStratum(shown + at, "padding", model, parameters, embed, small, sizes, free=0))
    return out


def without_padding(cnn: CNN, sizes: tuple[int, ...]) -> CNN:
    """The network of the windows ``sizes`` (minus the first and the last place in each direction, layer by layer) with as many outputs:
    its functions are those of the padded one, on a part of the input."""
    d = cnn.dimensions
    lengths = [sizes[i] + sizes[i + 1] + 1 for i in range(0, len(sizes), 2)]
    filters = tuple(tuple(lengths[l * d : (l + 1) * d]) for l in range(cnn.layers))
    return CNN.shortest(filters, cnn.activations, cnn.strides, cnn.channels, cnn.spaces()[-1])


def smaller_network(stratum: WeightStratum) -> Model | None:
    """An architecture whose functions have the dimension of those over a stratum: that of ``small``, or the network of its windows."""
    if stratum.small is None or architecture_of(stratum.small) is not None:
        return stratum.small
    cnn = architecture_of(stratum.model)
    if stratum.kind == "padding" and isinstance(cnn, CNN):
        return without_padding(cnn, stratum.sizes[0]).model
    return None


def all_windows(cnn: CNN, most: int) -> bool:
    """Whether `padding_strata` lists all choices of windows, at most ``most`` (the whole filters are no such choice)."""
    return prod(map(len, _choices(cnn))) <= min(most + 1, _MOST_WINDOWS)


def _choices(cnn: CNN) -> list[list[Window]]:
    """The windows of each layer."""
    return [list(product(*([(a, b) for a in range(k) for b in range(a, k)] for k in f))) for f in cnn.filters]


def _windows(cnn: CNN) -> Iterator[tuple[Window, ...]]:
    each = _choices(cnn)
    if prod(map(len, each)) <= _MOST_WINDOWS:
        yield from product(*each)
        return
    whole = tuple(tuple((0, k - 1) for k in f) for f in cnn.filters)
    for l, f in enumerate(cnn.filters):
        for i, k in enumerate(f):
            for cut in ((1, k - 1), (0, k - 2)) if k > 1 else ():
                yield (*whole[:l], (*whole[l][:i], cut, *whole[l][i + 1 :]), *whole[l + 1 :])


def _cut(model: Model, chosen: tuple[Window, ...]) -> tuple[int, Any]:
    kept = []
    for b, window in zip(model.blocks, chosen, strict=True):
        index: tuple[Any, ...] = (0, 0, *(slice(a, z + 1) for a, z in window))
        kept.append(model.places[b.name][index].reshape(-1))
    places = np.concatenate(kept)

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[places] = s
        return out

    return len(places), embed


def _zero_filters(model: Model, cnn: CNN) -> list[WeightStratum]:
    return [zeroed(model, b.name, l + 1) for l, b in enumerate(model.blocks) if all(vanishes(a) for a in cnn.activations[l:])]


def shared_roots(model: Model, cnn: CNN) -> list[WeightStratum]:
    """Filters of linear convolutions that have a common factor: one of some degree for two layers, a linear one for several.

    With strides a factor g(x^s) of one filter meets g(x) of a later one, s the product of the strides between them.
    """
    if cnn.dimensions != 1 or not all(a.is_linear for a in cnn.activations):
        return []
    out = []
    for count in range(2, cnn.layers + 1):
        for layers in combinations(range(cnn.layers), count):
            spread = [prod(s for (s,) in cnn.strides[l : layers[-1]]) for l in layers]
            longest = min((cnn.filters[l][0] - 1) // s for l, s in zip(layers, spread, strict=True))
            for degree in range(1, (longest if count == 2 else min(longest, 1)) + 1):
                out.append(_shared(model, cnn, layers, spread, degree))
    return out


def exchanged_factors(model: Model, cnn: CNN) -> list[WeightStratum]:
    """Pairs of strata of linear convolutions: a factor g(x^s) of one filter and h(x) of a later one, s > 1 the strides between them, or
    h(x^s) and g(x). The products are the same, so the parametrization meets itself there; for s = 1 it fills its space."""
    if cnn.dimensions != 1 or not all(a.is_linear for a in cnn.activations):
        return []
    out = []
    for pair in combinations(range(cnn.layers), 2):
        first, last = pair
        step = prod(s for (s,) in cnn.strides[first:last])
        longest = min((cnn.filters[first][0] - 1) // step, cnn.filters[last][0] - 1)
        for degree in range(1, longest + 1) if step > 1 else ():
            for exchanged in (False, True):
                out.append(_exchanged(model, cnn, pair, step, degree, exchanged))
    return out


def _exchanged(model: Model, cnn: CNN, pair: tuple[int, int], step: int, degree: int, exchanged: bool) -> WeightStratum:
    lengths = [k for (k,) in cnn.filters]
    spread = {pair[0]: step, pair[1]: 1}
    places = [model.places[b.name].reshape(-1) for b in model.blocks]
    free = [k - degree * spread.get(l, 0) for l, k in enumerate(lengths)]

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        factors = [s[: degree + 1], s[degree + 1 : 2 * degree + 2]]
        chosen = dict(zip(pair, factors[::-1] if exchanged else factors, strict=True))
        at = 2 * degree + 2
        for l, k in enumerate(free):
            filter_ = s[at : at + k]
            at += k
            out[places[l]] = _times(filter_, chosen[l], spread[l], lengths[l]) if l in chosen else filter_
        return out

    parameters = 2 * degree + 2 + sum(free)
    name = f"filters {pair[0] + 1} and {pair[1] + 1} with exchangeable factors of degree {degree}"
    small = own_model(name, model, parameters, embed)
    sizes = ((*pair, degree),)
    return WeightStratum(name, "exchangeable factors", model, parameters, embed, small, sizes, free=0)


def _times(filter_: Array, factor: Array, step: int, length: int) -> Array:
    """The product of a filter, as a polynomial, with factor(x^step)."""
    full = np.zeros(length, dtype=filter_.dtype)
    for i in range(len(factor)):
        window = slice(i * step, i * step + len(filter_))
        full[window] = full[window] + filter_ * factor[i : i + 1]
    return full


def _shared(model: Model, cnn: CNN, layers: tuple[int, ...], spread: list[int], degree: int) -> WeightStratum:
    places = [model.places[b.name].reshape(-1) for b in model.blocks]
    lengths = [k for (k,) in cnn.filters]
    free = [k - degree * spread[layers.index(l)] if l in layers else k for l, k in enumerate(lengths)]

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        common, at = s[: degree + 1], degree + 1
        for l, k in enumerate(free):
            filter_ = s[at : at + k]
            at += k
            if l in layers:
                filter_ = _times(filter_, common, spread[layers.index(l)], lengths[l])
            out[places[l]] = filter_
        return out

    named = ", ".join(str(l + 1) for l in layers[:-1]) + f" and {layers[-1] + 1}"
    what = "a common root" if degree == 1 else f"{degree} common roots"
    parameters = degree + 1 + sum(free)
    name = f"filters {named} with {what}"
    return WeightStratum(name, "shared root", model, parameters, embed, own_model(name, model, parameters, embed))
