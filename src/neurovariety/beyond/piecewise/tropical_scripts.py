"""Tropical forms as text that other systems read: polymake, OSCAR and TropicalNN.jl.

polymake and OSCAR take whole exponents, OSCAR none that are negative. So numerator and denominator are multiplied by the same whole
number, which makes slopes and constants whole, and by the same monomial, which makes exponents 0 or more: f = (g - h) / scale.
TropicalNN takes rational exponents, and gets the numbers as they are. Monomials of polymake are homogeneous: the first exponent makes
all degrees equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import lcm

from neurovariety.errors import ResourceError
from neurovariety.options import require_choice

SYSTEMS = ("polymake", "oscar", "tropicalnn")
_LARGEST = 2**62
"""Exponents of polymake and OSCAR are whole numbers of 64 bits."""
Monomials = list[tuple[Fraction, ...]]
"""Constants, then slopes."""


def tropical_script(value: Mapping[str, Sequence[Sequence[Sequence[str]]]], name: str, system: str) -> str:
    """The script of a system for the value of a `TropicalResult`. Raises `InputError` for another system, and `ResourceError` where
    exponents are larger than it takes."""
    require_choice("system", system, SYSTEMS)
    given = [[[tuple(map(Fraction, m)) for m in output] for output in value[part]] for part in ("numerator", "denominator")]
    pairs = list(zip(*given, strict=True))
    if system == "tropicalnn":
        return _script(_PUISEUX, name, 1, [_puiseux(k, g, h) for k, (g, h) in enumerate(pairs)])
    scale = lcm(*(v.denominator for pair in pairs for part in pair for m in part for v in m))
    whole = [_whole(g, h, scale, system) for g, h in pairs]
    if system == "oscar":
        inputs = ", ".join(f'"x{i}"' for i in range(len(pairs[0][0][0]) - 1))
        return _script([*_OSCAR, f"R, x = polynomial_ring(T, [{inputs}])"], name, scale, _each(whole, _oscar))
    return _script(_POLYMAKE, name, scale, _each(whole, _polymake))


_POLYMAKE = ['application "tropical";']
_OSCAR = ["using Oscar", "T = tropical_semiring(max)"]
_PUISEUX = ["using Oscar, TropicalNN", "T = tropical_semiring(max)"]
Whole = list[tuple[int, ...]]


def _each(whole: Sequence[tuple[Whole, Whole]], write: Callable[[int, Whole, Whole], list[str]]) -> list[list[str]]:
    return [write(k, g, h) for k, (g, h) in enumerate(whole)]


def _script(first: Sequence[str], name: str, scale: int, outputs: Sequence[Sequence[str]]) -> str:
    over = "g - h" if scale == 1 else f"(g - h) / {scale}"
    heading = f"# {' '.join(name.split())}: output k is {over} with g = g_k and h = h_k, each a maximum of affine functions."
    return "\n".join([heading, *first, *(line for output in outputs for line in output), ""])


def _whole(g: Monomials, h: Monomials, scale: int, system: str) -> tuple[Whole, Whole]:
    """Both parts times the scale, with the same monomial added, so that no exponent is negative."""
    parts = [[tuple(int(v * scale) for v in m) for m in part] for part in (g, h)]
    least = [min(0, *(m[i] for part in parts for m in part)) for i in range(1, len(g[0]))]
    moved = [[(m[0], *(v - a for v, a in zip(m[1:], least, strict=True))) for m in part] for part in parts]
    degree = max(sum(m[1:]) for part in moved for m in part)
    if degree >= _LARGEST:
        raise ResourceError(
            f"slopes over a common denominator have up to {len(str(degree))} digits, and {system} takes exponents of 64 bits; "
            "write tropicalnn, or give weights with fewer digits"
        )
    return moved[0], moved[1]


def _polymake(k: int, g: Whole, h: Whole) -> list[str]:
    degree = max(sum(m[1:]) for m in (*g, *h))
    lines = []
    for letter, part in (("g", g), ("h", h)):
        monomials = ",".join(f"[{','.join(map(str, (degree - sum(m[1:]), *m[1:])))}]" for m in part)
        constants = ",".join(str(m[0]) for m in part)
        lines.append(f"${letter}_{k} = new Hypersurface<Max>(MONOMIALS=>[{monomials}], COEFFICIENTS=>[{constants}]);")
    return [*lines, f"$f_{k} = new RationalFunction<Max>(NUMERATOR=>$g_{k}->POLYNOMIAL, DENOMINATOR=>$h_{k}->POLYNOMIAL);"]


def _oscar(k: int, g: Whole, h: Whole) -> list[str]:
    lines = []
    for letter, part in (("g", g), ("h", h)):
        terms = (" * ".join([f"T({m[0]})", *(f"x[{i}]^{e}" for i, e in enumerate(m[1:], 1))]) for m in part)
        lines.append(f"{letter}_{k} = {' + '.join(terms)}")
    return [*lines, f"border_{k} = tropical_hypersurface(g_{k} + h_{k})  # where f_{k} is 0, and where g_{k} or h_{k} bends above"]


def _puiseux(k: int, g: Monomials, h: Monomials) -> list[str]:
    lines = []
    for letter, part in (("g", g), ("h", h)):
        constants = ", ".join(f"T({_big(m[0])})" for m in part)
        exponents = ", ".join(f"[{', '.join(map(_big, m[1:]))}]" for m in part)
        lines.append(f"{letter}_{k} = TropicalPuiseuxPoly([{constants}], [{exponents}], false)")
    return [*lines, f"f_{k} = TropicalPuiseuxRational(g_{k}, h_{k})"]


def _big(value: Fraction) -> str:
    return f"big({value.numerator})//big({value.denominator})"
