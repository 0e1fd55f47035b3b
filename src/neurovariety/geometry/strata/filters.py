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

import numpy as np

from neurovariety.geometry.strata.layers import silent_layers
from neurovariety.geometry.strata.weight_stratum import Embedding, WeightStratum, own_model
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.units import FilterStack, size_of

_MOST_WINDOWS = 4000
"""Combinations of windows that are looked at; networks with more have theirs cut by one place in one layer only."""

Window = tuple[tuple[int, int], ...]
"""First and last place in each direction."""


def filter_strata(model: Model, filters: FilterStack, most: int) -> list[WeightStratum]:
    """Filters with common factors, filters padded by zeros (the longest first, as many as there is room for), zero filters."""
    shared, zero = shared_roots(model, filters), silent_layers(model)
    return [*shared, *padding_strata(model, filters)[: max(0, most - len(shared) - len(zero))], *zero]


def padding_strata(model: Model, filters: FilterStack) -> list[WeightStratum]:
    """One stratum for each choice of a window in every layer, at least one of them smaller than the filter."""
    steps = [tuple(prod(s[i] for s in filters.strides[:l]) for i in range(filters.dimensions)) for l in range(len(filters.blocks))]
    by_image: dict[tuple[tuple[tuple[int, ...], ...], tuple[int, ...]], list[tuple[Window, ...]]] = {}
    for chosen in _windows(filters):
        lengths = tuple(tuple(b - a + 1 for a, b in w) for w in chosen)
        shift = tuple(sum(w[i][0] * s[i] for w, s in zip(chosen, steps, strict=True)) for i in range(filters.dimensions))
        by_image.setdefault((lengths, shift), []).append(chosen)
    whole = tuple(filters.windows)
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


def smaller_network(stratum: WeightStratum) -> Model | None:
    """A network with a notation whose functions have the dimension of those over a stratum: that of ``small``, or, for padded filters,
    the network of their windows with as many outputs, whose functions are those of the padded one on a part of the input."""
    small, model = stratum.small, stratum.model
    if small is None or small.resized is not None:
        return small
    filters = next((u for u in model.units if isinstance(u, FilterStack)), None)
    if stratum.kind != "padding" or filters is None or model.resized is None:
        return None
    lengths = iter(a + b + 1 for a, b in zip(stratum.sizes[0][::2], stratum.sizes[0][1::2], strict=True))
    windows = tuple(tuple(next(lengths) for _ in window) for window in filters.windows)
    sizes = (windows if isinstance(u, FilterStack) else size_of(u) for u in model.units)
    return model.resized(tuple(sizes))


def all_windows(filters: FilterStack, most: int) -> bool:
    """Whether `padding_strata` lists all choices of windows, at most ``most`` (the whole filters are no such choice)."""
    return prod(map(len, _choices(filters))) <= min(most + 1, _MOST_WINDOWS)


def _choices(filters: FilterStack) -> list[list[Window]]:
    """The windows of each layer."""
    return [list(product(*([(a, b) for a in range(k) for b in range(a, k)] for k in f))) for f in filters.windows]


def _windows(filters: FilterStack) -> Iterator[tuple[Window, ...]]:
    each = _choices(filters)
    if prod(map(len, each)) <= _MOST_WINDOWS:
        yield from product(*each)
        return
    whole = tuple(tuple((0, k - 1) for k in f) for f in filters.windows)
    for l, f in enumerate(filters.windows):
        for i, k in enumerate(f):
            for cut in ((1, k - 1), (0, k - 2)) if k > 1 else ():
                yield (*whole[:l], (*whole[l][:i], cut, *whole[l][i + 1 :]), *whole[l + 1 :])


def _cut(model: Model, chosen: tuple[Window, ...]) -> tuple[int, Embedding]:
    kept = []
    for b, window in zip(model.blocks, chosen, strict=True):
        index: tuple[int | slice, ...] = (0, 0, *(slice(a, z + 1) for a, z in window))
        kept.append(model.places[b.name][index].reshape(-1))
    places = np.concatenate(kept)

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[places] = s
        return out

    return len(places), embed


def shared_roots(model: Model, filters: FilterStack) -> list[WeightStratum]:
    """Filters of linear convolutions that have a common factor: one of some degree for two layers, a linear one for several.

    With strides a factor g(x^s) of one filter meets g(x) of a later one, s the product of the strides between them.
    """
    if filters.dimensions != 1 or not filters.linear:
        return []
    out = []
    for count in range(2, len(filters.blocks) + 1):
        for layers in combinations(range(len(filters.blocks)), count):
            spread = [prod(s for (s,) in filters.strides[l : layers[-1]]) for l in layers]
            longest = min((filters.windows[l][0] - 1) // s for l, s in zip(layers, spread, strict=True))
            for degree in range(1, (longest if count == 2 else min(longest, 1)) + 1):
                out.append(_shared(model, filters, layers, spread, degree))
    return out


def exchanged_factors(model: Model, filters: FilterStack) -> list[WeightStratum]:
    """Pairs of strata of linear convolutions: a factor g(x^s) of one filter and h(x) of a later one, s > 1 the strides between them, or
    h(x^s) and g(x). The products are the same, so the parametrization meets itself there; for s = 1 it fills its space."""
    if filters.dimensions != 1 or not filters.linear:
        return []
    out = []
    for pair in combinations(range(len(filters.blocks)), 2):
        first, last = pair
        step = prod(s for (s,) in filters.strides[first:last])
        longest = min((filters.windows[first][0] - 1) // step, filters.windows[last][0] - 1)
        for degree in range(1, longest + 1) if step > 1 else ():
            for exchanged in (False, True):
                out.append(_exchanged(model, filters, pair, step, degree, exchanged))
    return out


def _exchanged(model: Model, filters: FilterStack, pair: tuple[int, int], step: int, degree: int, exchanged: bool) -> WeightStratum:
    lengths = [k for (k,) in filters.windows]
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


def _shared(model: Model, filters: FilterStack, layers: tuple[int, ...], spread: list[int], degree: int) -> WeightStratum:
    places = [model.places[b.name].reshape(-1) for b in model.blocks]
    lengths = [k for (k,) in filters.windows]
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
