"""Coordinates in which a germ may be simpler: smooth factors, what a leading form depends on, and factors of its Hessian.

Each change is a chain: one function after another becomes a coordinate, in place of a variable that none before it has taken.
Nothing here proves; `certificates.germ_proofs` recomputes every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

import flint

from neurovariety.certificates.germ_bounds import derivative, minor
from neurovariety.certificates.germ_changes import moved
from neurovariety.certificates.germs import Polynomial, constant_of, part_of, plain_terms, support, variables_of
from neurovariety.certificates.stored_coefficients import as_fraction

_MOST_DEGREE, _MOST_VARIABLES = 8, 5
"""Of leading forms that are derived."""


class CoordinateStep(NamedTuple):
    """(x_i + by) / unit in place of x_i, the ``variable``."""

    variable: int
    by: Polynomial
    unit: Polynomial


def changed(germ: Sequence[Polynomial], steps: Sequence[CoordinateStep]) -> list[Polynomial]:
    """The functions in the new coordinates."""
    found = list(germ)
    for step in steps:
        found = moved(found, *step)
    return found


def changes(germ: Sequence[Polynomial], unclear: Sequence[Polynomial], all_factors: bool) -> Iterator[tuple[CoordinateStep, ...]]:
    """Changes of coordinates, none twice, the likeliest first: by factors of the functions and of their blocks, by what their leading
    forms depend on and where their slopes vanish, by repeated factors of the ``unclear`` forms, and where ``all_factors`` says so by
    all of their factors."""
    seen = set()
    for wanted in _wanted(germ, unclear, all_factors):
        steps = _chain(wanted)
        key = tuple((s.variable, plain_terms(s.by), plain_terms(s.unit)) for s in steps)
        if steps and key not in seen:
            seen.add(key)
            yield steps


def _wanted(germ: Sequence[Polynomial], unclear: Sequence[Polynomial], all_factors: bool) -> Iterator[list[Polynomial]]:
    """Lists of functions that should be coordinates together."""
    factors = [g for f in germ for own in (f, *_blocks(f)) for g in _smooth(own, 1)]
    if len(factors) > 1:
        yield factors
    initial = [_initial(f) for f in germ]
    essential = [g for f in initial for g in _essential(f)]
    if essential:
        yield essential
    for f, form in zip(germ, initial, strict=True):
        if sum(support(form)[0]) == 2:  # where a derivative vanishes, a square is completed
            yield from ([g] for k in sorted(variables_of(form)) for g in _smooth(f.derivative(k), 1))
    for least, forms in ((2, unclear), (1, germ), *(((1, unclear),) if all_factors else ())):
        for f in forms:
            own = _smooth(f, least)
            if len(own) > 1:
                yield own
            yield from ([g] for g in own)
    for f in initial:
        yield _smooth(_hessian(f), 1)


def _smooth(f: Polynomial, least: int) -> list[Polynomial]:
    """The factors with a slope at the origin, of at least that multiplicity."""
    return [g for g, e in f.factor()[1] if e >= least and not constant_of(g) and min(map(sum, support(g))) == 1] if len(f) else []


def _blocks(f: Polynomial) -> list[Polynomial]:
    """The summands in separate variables, where there are several."""
    groups: list[tuple[set[int], list[tuple[int, ...]]]] = []
    for e in support(f):
        used, own = {i for i, k in enumerate(e) if k}, [e]
        for group in [g for g in groups if g[0] & used]:
            groups.remove(group)
            used, own = used | group[0], own + group[1]
        groups.append((used, own))
    return [part_of(f, own) for _, own in groups] if len(groups) > 1 else []


def _initial(f: Polynomial) -> Polynomial:
    least = min(map(sum, support(f)))
    return part_of(f, [e for e in support(f) if sum(e) == least])


def _essential(form: Polynomial) -> list[Polynomial]:
    """Linear forms in which a form is written, where these are fewer than its variables: they span its derivatives of first degree."""
    degree, used = sum(support(form)[0]), sorted(variables_of(form))
    if not 1 < degree <= _MOST_DEGREE or len(used) > _MOST_VARIABLES:
        return []
    slopes = [d for columns in combinations_with_replacement(used, degree - 1) if len(d := derivative(form, columns))]
    context = form.context()
    matrix = flint.fmpq_mat([[d.derivative(k).coefficient(0) if len(d.derivative(k)) else 0 for k in used] for d in slopes])
    rows, rank = matrix.rref()
    if rank == len(used):
        return []
    zero = context.constant(0)
    return [sum((rows[i, j] * context.gen(k) for j, k in enumerate(used)), zero) for i in range(rank)]


def _hessian(form: Polynomial) -> Polynomial:
    """The determinant of second derivatives by the variables that occur: its factors belong to the form, whatever the coordinates."""
    used = sorted(variables_of(form))
    if not 2 < sum(support(form)[0]) <= _MOST_DEGREE or not 1 < len(used) <= _MOST_VARIABLES:
        return form.context().constant(0)
    slopes = [form.derivative(k) for k in used]
    return minor(slopes, used)


def _chain(wanted: Sequence[Polynomial]) -> tuple[CoordinateStep, ...]:
    """The functions as coordinates, one after another, as far as there is a variable for each that occurs in it linearly."""
    left, taken, steps = sorted(wanted, key=len), set[int](), list[CoordinateStep]()
    while left:
        g = left.pop(0)
        if not len(g):
            continue
        if len(g) == 1 and sum(support(g)[0]) == 1:
            taken |= variables_of(g)
            continue
        step = next((s for v in sorted(variables_of(g) - taken, reverse=True) if (s := _solved_for(g, v)) is not None), None)
        if step is not None:
            taken.add(step.variable)
            steps.append(step)
            left = changed(left, [step]) if left else []
    return tuple(steps)


def _solved_for(g: Polynomial, variable: int) -> CoordinateStep | None:
    """The step that makes g = u x_i + h the coordinate x_i; None where it has another form."""
    u = g.derivative(variable)
    if not constant_of(u) or variable in variables_of(u):
        return None
    rest = g - u * g.context().gen(variable)
    first = as_fraction(u.to_dict()[(0,) * g.context().nvars()])
    scale = flint.fmpq(first.denominator, first.numerator)
    return CoordinateStep(variable, -rest * scale, u * scale)
