"""Regions of small ReLU networks by brute force: patterns unit by unit, systems of inequalities by Fourier and Motzkin, over Q.

Nothing here is shared with the package: no vertices, no rays, no cells cut in two. A pattern is kept if its strict system has a
solution; two regions are neighbours if stepping over a facet from one, infinitely little, one stands in the other.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

ZERO = Fraction(0)


def solution(system, n):
    """A point with a . x + b >= 0, or > 0 where the row is strict; None where there is none. Rows are (a, b, strict)."""
    if n == 0:
        return [] if all(b > 0 or (b == 0 and not strict) for _, b, strict in system) else None
    low, high, rest = [], [], set()
    for a, b, strict in system:
        c = a[-1]
        if c == 0:
            rest.add((a[:-1], b, strict))
        else:
            (low if c > 0 else high).append((tuple(-v / c for v in a[:-1]), -b / c, strict))
    for one, b, s in low:
        for two, d, t in high:
            rest.add((tuple(v - w for v, w in zip(two, one, strict=False)), d - b, s or t))
    found = solution(rest, n - 1)
    if found is None:
        return None

    def ends(rows):
        return [(sum((v * x for v, x in zip(a, found, strict=False)), ZERO) + b, strict) for a, b, strict in rows]

    lows, highs = ends(low), ends(high)
    if lows and highs:
        bottom, top = max(v for v, _ in lows), min(v for v, _ in highs)
        x = (bottom + top) / 2
    elif lows:
        x = max(v for v, _ in lows) + 1
    else:
        x = min((v for v, _ in highs), default=ZERO) - 1
    return [*found, x]


def through(layers, pattern, n):
    """The forms (a, b) of all units on a pattern, layer by layer, and those of the outputs."""
    values = [(tuple(Fraction(i == j) for j in range(n)), ZERO) for i in range(n)]
    forms, k = [], 0
    for l, (weights, biases) in enumerate(layers):
        read = [
            (
                tuple(sum((w * v[0][j] for w, v in zip(row, values, strict=False)), ZERO) for j in range(n)),
                sum((w * v[1] for w, v in zip(row, values, strict=False)), ZERO) + b,
            )
            for row, b in zip(weights, biases, strict=False)
        ]
        if l == len(layers) - 1:
            return forms, read
        nothing = ((ZERO,) * n, ZERO)
        values = []
        for form in read:
            if k == len(pattern):
                return [*forms, form], None
            values.append(form if pattern[k] else nothing)
            forms.append(form)
            k += 1
    raise AssertionError


def regions(layers, n):
    """Pattern -> its strict system."""
    hidden = sum(len(w) for w, _ in layers[:-1])
    found = {(): []}
    for k in range(hidden):
        longer = {}
        for pattern, system in found.items():
            a, b = through(layers, pattern, n)[0][k]
            if not any(a):
                longer[(*pattern, b > 0)] = system
                continue
            for active, row in ((True, (a, b, True)), (False, (tuple(-v for v in a), -b, True))):
                if solution([*system, row], n) is not None:
                    longer[(*pattern, active)] = [*system, row]
        found = longer
    return found


def beside(layers, point, step):
    """The pattern infinitely near to a point, in the direction of a step."""
    values, pattern = list(zip(point, step, strict=False)), []
    for weights, biases in layers[:-1]:
        read = [
            (
                sum((w * v for w, (v, _) in zip(row, values, strict=False)), ZERO) + b,
                sum((w * d for w, (_, d) in zip(row, values, strict=False)), ZERO),
            )
            for row, b in zip(weights, biases, strict=False)
        ]
        pattern += [v > (ZERO, ZERO) for v in read]
        values = [v if v > (ZERO, ZERO) else (ZERO, ZERO) for v in read]
    return tuple(pattern)


def on(row, system, n):
    """A point of a region's closure inside the facet on the hyperplane of a row; None where there is no facet."""
    a, b, _ = row
    k = next(j for j in range(n) if a[j])
    off = []
    for c, d, _ in system:
        t = c[k] / a[k]
        inner = tuple(v - t * w for v, w in zip(c, a, strict=False)), d - t * b
        if any(inner[0]) or inner[1]:
            off.append((inner[0][:k] + inner[0][k + 1 :], inner[1], True))
    found = solution(off, n - 1)
    if found is None:
        return None, off
    x = [*found[:k], ZERO, *found[k:]]
    x[k] = -(sum((v * w for v, w in zip(a, x, strict=False)), ZERO) + b) / a[k]
    return x, off


def components(nodes, pairs):
    groups = [{v} for v in nodes]
    for a, b in pairs:
        one, two = (next(g for g in groups if v in g) for v in (a, b))
        if one is not two:
            groups.remove(two)
            one |= two
    return len(groups)


def closed(system):
    return [(a, b, False) for a, b, _ in system]


def counted(layers, n):
    """All that `regions` counts of a network with one output."""
    found = regions(layers, n)
    function = {p: tuple(through(layers, p, n)[1]) for p in found}
    joined = {}
    for p, system in found.items():
        for row in set(system):
            x, off = on(row, system, n)
            if x is not None:
                q = beside(layers, x, [-v for v in row[0]])
                joined[frozenset((p, q))] = (row, off)
    pairs = [tuple(pair) for pair in joined]
    alike = [(p, q) for p, q in pairs if function[p] == function[q]]
    touching = [
        (p, q) for p, q in combinations(found, 2) if function[p] == function[q] and solution(closed(found[p] + found[q]), n) is not None
    ]

    def where(p, sign):
        (a, b) = function[p][0]
        return (tuple(sign * v for v in a), sign * b, True)

    def signed(sign):
        nodes = [p for p, system in found.items() if solution([*system, where(p, sign)], n) is not None]
        links = [(p, q) for p, q in pairs if solution([*closed(found[p]), *closed(found[q]), where(p, sign)], n) is not None]
        return components(nodes, links)

    def zero(p):
        return closed(found[p]) + [(*where(p, s)[:2], False) for s in (1, -1)]

    null = [p for p in found if solution(zero(p), n) is not None]
    return {
        "activation_regions": len(found),
        "bounded_regions": sum(
            all(
                solution([*((a, ZERO, False) for a, _, _ in system), (tuple(s * Fraction(i == j) for j in range(n)), -1, False)], n)
                is None
                for i in range(n)
                for s in (1, -1)
            )
            for system in found.values()
        ),
        "linear_regions_open": components(found, alike),
        "linear_regions_closed": components(found, touching),
        "distinct_affine_functions": len(set(function.values())),
        "facet_adjacencies": len(joined),
        "zero_set_components": components(
            null, [(p, q) for p, q in combinations(null, 2) if solution(zero(p) + zero(q), n) is not None]
        ),
        "zero_set_has_interior": any(not any(f[0][0]) and not f[0][1] for f in function.values()),
        "positive_components": signed(1),
        "negative_components": signed(-1),
    }


def decided(layers, n):
    """Of a network with several outputs: components of each class, and of the border between classes."""
    found = regions(layers, n)
    outputs = {p: through(layers, p, n)[1] for p in found}
    count = len(layers[-1][1])

    def less(p, i, j, strict):
        (a, b), (c, d) = outputs[p][i], outputs[p][j]
        return (tuple(v - w for v, w in zip(a, c, strict=True)), b - d, strict)

    def linked(sets):
        alive = {k: rows for k, rows in sets.items() if solution(rows, n) is not None}
        return components(alive, [(k, l) for k, l in combinations(alive, 2) if solution(alive[k] + alive[l], n) is not None])

    classes = {
        str(c): linked({p: closed(found[p]) + [less(p, c, j, True) for j in range(count) if j != c] for p in found})
        for c in range(count)
    }
    border = {
        (p, i, j): closed(found[p])
        + [less(p, i, j, False), less(p, j, i, False)]
        + [less(p, i, k, False) for k in range(count) if k not in (i, j)]
        for p in found
        for i, j in combinations(range(count), 2)
    }
    return {"class_components": classes, "boundary_components": linked(border)}
