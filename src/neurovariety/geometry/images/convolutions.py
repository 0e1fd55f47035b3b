"""Membership in linear convolutional networks of one channel: how many real roots a polynomial has.

A composition of filters of sizes k_1, ..., k_L with stride 1 (the last layer may have any stride) is the product of polynomials of
degrees k_l - 1, read as binary forms, so that leading zeros are roots at infinity. A form p of degree d = sum (k_l - 1) is such a
product over R exactly if it is zero or has at least e real roots in P^1, counted with multiplicity, e the number of even k_l:
a form of odd degree has a real root; conversely give one real root to each odd degree, pair the others, which are even in number,
and distribute these pairs and the pairs of conjugate roots over the even degrees that remain. The set is closed (Kohn, Merkh, Montufar,
Trager 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from neurovariety.geometry.images.decision import Decision, excluded, realizable, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.images.witness_weights import weights_of_matrix
from neurovariety.geometry.real.rational_matrices import Matrix
from neurovariety.geometry.real.real_roots import Factor, factors_over_q, factors_over_r
from neurovariety.image import Filters
from neurovariety.model import Model
from neurovariety.parametrization import FilterLayers

ROUTE = "real roots of the composed filter"
_MAX_DEGREE = 200
_MAX_STATES = 20_000
_ZERO, _ONE = Fraction(0), Fraction(1)
THEOREM = statement(
    "products of real filters",
    "a filter of size sum (k_l - 1) + 1 is a composition exactly if its binary form has at least as many real roots in P^1, with "
    "multiplicity, as there are filters of even size",
    "kohn2022",
)

Number = Fraction | float


def is_decided(image: Filters) -> bool:
    """Whether the composed filter has a degree whose roots are counted here."""
    return image.degree <= _MAX_DEGREE


def decide_filter(image: Filters, model: Model, target: Target) -> Decision | None:
    """The decision for compositions of real filters; None where they are too long."""
    if not is_decided(image):
        return None
    filter_, wrong = composed_filter(image, target)
    if wrong is not None:
        return excluded("convolutions are a linear space", wrong)
    needed = image.real_roots
    if not any(filter_):
        return realizable(ROUTE, [_ZERO] * model.parameters, THEOREM, filter=[0] * (image.degree + 1))
    infinite, _, factors = _factored(filter_)
    real = infinite + sum(f.real * f.multiplicity for f in factors)
    evidence = {"filter": [str(c) for c in filter_], "real_roots": real, "needed": needed, "roots_at_infinity": infinite}
    if real < needed:
        violated = (
            f"the composed filter has at least {needed} real roots in P^1, with multiplicity (one for each even size), here {real}"
        )
        return excluded(ROUTE, violated, THEOREM, **evidence)
    layers = model.parametrization
    witness = _weights(layers, filter_) if isinstance(layers, FilterLayers) else None
    return realizable(ROUTE, witness, THEOREM, **evidence)


@weights_of_matrix.register
def _(parametrization: FilterLayers, model: Model, matrix: Matrix, constants: Sequence[Fraction]) -> Sequence[Number] | None:
    """Filters whose composition is one row, where at most one has even size."""
    (row,) = matrix
    return _weights(parametrization, row) if any(row) else [_ZERO] * model.parameters


def _factored(filter_: Sequence[Fraction]) -> tuple[int, Fraction, list[Factor]]:
    """The number of roots at infinity, the leading coefficient and the factors over Q of a nonzero filter, constant term first."""
    top = max(i for i, c in enumerate(filter_) if c)
    leading, factors = factors_over_q(filter_[: top + 1])
    return len(filter_) - 1 - top, leading, factors


def _weights(layers: FilterLayers, filter_: Sequence[Fraction]) -> list[Number] | None:
    """Filters with this composition, which has enough real roots: rational ones if the factors over Q can be distributed."""
    slope = layers.slope
    if slope is None:
        return None
    infinite, leading, factors = _factored(filter_)
    first: Number = leading / slope
    filters: list[list[Number]] | None = _over_q(factors, infinite, layers.sizes)
    if filters is None:
        filters, first = _over_r(factors, infinite, layers.sizes), float(leading / slope)
    filters[0] = [c * first for c in filters[0]]
    return [c for each in filters for c in each]


def composed_filter(image: Filters, target: Target) -> tuple[list[Fraction], str | None]:
    """The composed filter, constant term first; or the linear equation that shows that the target is not a convolution."""
    return _filter(target, image.degree, image.stride)


def _filter(target: Target, degree: int, stride: int) -> tuple[list[Fraction], str | None]:
    """The composed filter, constant term first; or the linear equation that shows that the target is not a convolution."""
    found: list[Fraction] = [_ZERO] * (degree + 1)
    wrong = target.other_degree({1})
    if wrong is not None:
        return found, wrong
    for (output, e), c in target.coefficients.items():
        place = e.index(1) - output * stride
        if not 0 <= place <= degree:
            return found, f"the coefficient of x{e.index(1)} in output {output} is 0, here {c}"
    for tap in range(degree + 1):
        values = []
        for output in range(target.outputs):
            unit = tuple(int(i == output * stride + tap) for i in range(target.inputs))
            values.append(target.coefficients.get((output, unit), _ZERO))
        other = next((o for o, v in enumerate(values) if v != values[0]), None)
        if other is not None:
            return found, (
                f"the coefficients of x{tap} in output 0 and of x{other * stride + tap} in output {other} are equal, here {values[0]} "
                f"and {values[other]}"
            )
        found[tap] = values[0]
    return found, None


def _over_q(factors: Sequence[Factor], infinite: int, sizes: Sequence[int]) -> list[list[Number]] | None:
    """Filters with rational entries: the factors over Q and the roots at infinity distributed so that each filter is full, or None."""
    pool = [f.coefficients for f in factors for _ in range(f.multiplicity)]
    pool = sorted([*pool, *([(_ONE, _ZERO)] * infinite)], key=len, reverse=True)
    places = _packed([len(f) - 1 for f in pool], [k - 1 for k in sizes])
    if places is None:
        return None
    out: list[list[Number]] = [[_ONE] for _ in sizes]
    for factor, place in zip(pool, places, strict=True):
        out[place] = _times(out[place], factor)
    return out


def _packed(items: list[int], rooms: list[int]) -> list[int] | None:
    """A room for each item so that every room is filled exactly, by a search over the multisets of rooms left; None where there is none
    (or none found within a fixed number of states)."""
    dead: set[tuple[int, tuple[int, ...]]] = set()
    chosen: list[int] = []

    def place(i: int, left: list[int]) -> bool:
        if i == len(items):
            return True
        key = (i, tuple(sorted(left)))
        if key in dead or len(dead) > _MAX_STATES:
            return False
        tried = set()
        for room, space in enumerate(left):
            if space >= items[i] and space not in tried:
                tried.add(space)
                left[room] -= items[i]
                chosen.append(room)
                if place(i + 1, left):
                    return True
                chosen.pop()
                left[room] += items[i]
        dead.add(key)
        return False

    return chosen if place(0, list(rooms)) else None


def _over_r(factors: Sequence[Factor], infinite: int, sizes: Sequence[int]) -> list[list[Number]]:
    """Filters in decimals from the real factors; there are at least as many linear ones as filters of even size."""
    pool: list[tuple[float, ...]] = [p for f in factors for _ in range(f.multiplicity) for p in factors_over_r(f)]
    linear = [p for p in pool if len(p) == 2] + [(1.0, 0.0)] * infinite
    quadratic = [p for p in pool if len(p) == 3]
    out: list[list[Number]] = [[1.0] for _ in sizes]
    for i, k in enumerate(sizes):
        if k % 2 == 0:
            out[i] = _times(out[i], linear.pop())
    for i, k in enumerate(sizes):
        while len(out[i]) < k:
            if quadratic:
                out[i] = _times(out[i], quadratic.pop())
            else:
                out[i] = _times(_times(out[i], linear.pop()), linear.pop())
    return out


def _times(a: Sequence[Number], b: Sequence[Number]) -> list[Number]:
    out: list[Number] = [a[0] * 0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] = out[i + j] + x * y
    return out
