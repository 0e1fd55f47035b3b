"""How statements on networks that are linear on pieces are said: regions, signs of the output, functional dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from neurovariety.certificates.measured_phrases import rounded
from neurovariety.certificates.phrases import Choice, Listed, Number, Phrase


def _times(value: Mapping[str, int]) -> str:
    """``9 (once), 11 (3 times)``"""
    return ", ".join(f"{d} ({'once' if n == 1 else f'{n} times'})" for d, n in value.items())


def _each(value: Mapping[str, int]) -> str:
    """``1 (class 0), 3 (class 1)``"""
    return ", ".join(f"{n} (class {k})" for k, n in value.items())


def _sizes(value: Sequence[Sequence[object]]) -> str:
    """How many there are for each output."""
    return ", ".join(f"{len(m):,}" for m in value)


def _fans(value: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> str:
    """How many vertices the polytopes have, and how many cones their fans have together, for each output."""
    up, down, both = (", ".join(f"{len(f['vertices']):,}" for f in (value or {}).get(key, [])) for key in _PARTS)
    return (
        f"the Newton polytope of the numerator has {up} {'vertex' if up == '1' else 'vertices'}, that of the denominator {down}, and "
        f"their normal fans cut the directions into {both} {'cone' if both == '1' else 'cones'}, along which the function is affine in "
        "the end"
    )


_PARTS = ("numerator", "denominator", "common")


def _decimal(value: Fraction, rounding: str) -> Decimal:
    """A decimal that is not below a number, or not above it."""
    return Context(prec=40, rounding=rounding).divide(Decimal(value.numerator), Decimal(value.denominator))


def _factor(value: str | Sequence[str]) -> str:
    """``4``, ``4.567435 (rounded up)``"""
    text = value if isinstance(value, str) else value[1]
    number = Fraction(text)
    return f"{number}" if len(str(number)) < _SHORT else f"{rounded(_decimal(number, ROUND_CEILING), up=True)} (rounded up)"


def _within(rows: Sequence[Mapping[str, Any]], alike: str, here: str) -> str:
    """``within 0.125 of each of 3 inputs the decision stays``, for the least of what the radii are at least."""
    least = min((Fraction(r["radius"][0]) for r in rows if r["radius"] is not None), default=None)
    of = f"each of {len(rows):,} inputs" if len(rows) > 1 else "the input"
    if least is None:
        return f"at no distance from {of} {alike} otherwise"
    text = f"{least}" if len(str(least)) < _SHORT else f"{rounded(_decimal(least, ROUND_FLOOR), up=False)} (rounded down)"
    if least:
        return f"less than {text} away from {of} {alike} as there"
    # a radius of 0 is one that ends there, and "at least 0" says nothing
    met = any(r["radius"] is not None and not Fraction(r["radius"][1]) for r in rows)
    return f"at some input {here}" if met else f"how far from some input {alike} as there is not known"


def _flips(value: Sequence[Sequence[int]]) -> str:
    """``in others units 0, 1 and 2 are flipped``, for the first of them"""
    if not value:
        return "no units can be flipped"
    first = ", ".join(map(str, value[0]))
    return f"{'unit' if len(value[0]) == 1 else 'units'} {first} can be flipped{'' if len(value) == 1 else ', or others'}"


def _held(value: Mapping[str, Any]) -> str:
    """``3 of 200 inputs lie on a border, the others in 31 regions, up to 24 in one``"""
    inside = f"{value['regions']:,} {'region' if value['regions'] == 1 else 'regions'}"
    most = f", up to {max(value['counts'].values()):,} in one" if value["regions"] > 1 else ""
    alone = value["inputs"] == 1
    if not value["on_borders"]:
        return f"the input lies in {inside}" if alone else f"the {value['inputs']:,} inputs lie in {inside}{most}"
    if not value["regions"]:
        return "the input lies on a border" if alone else f"the {value['inputs']:,} inputs lie on borders between regions"
    some = (
        f"{value['on_borders']:,} of {value['inputs']:,} inputs {'lies on a border' if value['on_borders'] == 1 else 'lie on borders'}"
    )
    return f"{some} between regions, the others in {inside}{most}"


_SHORT = 12
"""Characters of a number that is written as it is."""
_COMPONENT = ("component", "components")

SAID_OF_PIECES: dict[str, Phrase] = {
    "regions: activation_regions": Phrase(
        "the activation regions", Number("the network has {n}", "activation region", "activation regions")
    ),
    "regions: bounded_regions": Phrase(
        "the bounded regions", Number("{n}", "of them is bounded", "of them are bounded", "none of them is bounded"), joined=True
    ),
    "regions: linear_regions_open": Phrase(
        "the linear regions (joined by facets)",
        Number("those joined by facets at which the gradient does not change make {n}", "linear region", "linear regions"),
        joined=True,
    ),
    "regions: linear_regions_closed": Phrase(
        "the closed linear regions (joined by points)",
        Number("those joined by points as well make {n}", "linear region", "linear regions"),
        joined=True,
    ),
    "regions: distinct_affine_functions": Phrase(
        "the affine functions", Number("the network is made of {n}", "affine function", "affine functions"), joined=True
    ),
    "regions: facet_adjacencies": Phrase(
        "the facets between regions", Number("{n} between two regions", "facet lies", "facets lie"), joined=True
    ),
    "regions: degenerate_zero_preactivation_on_open_set": Phrase(
        "whether a unit reads 0 on an open set",
        Choice({True: "some unit reads 0 on an open set", False: "no unit reads 0 on an open set"}),
        joined=True,
    ),
    "regions: zero_set_components": Phrase(
        "the set where the output is 0", Number("the set where the output is 0 has {n}", *_COMPONENT), joined=True
    ),
    "regions: zero_set_has_interior": Phrase(
        "whether the output is 0 on an open set",
        Choice({True: "the output is 0 on an open set", False: "the output is 0 on no open set"}),
        joined=True,
    ),
    "regions: positive_components": Phrase(
        "the set where the output is positive", Number("that where it is positive {n}", *_COMPONENT), joined=True
    ),
    "regions: negative_components": Phrase(
        "the set where the output is negative", Number("that where it is negative {n}", *_COMPONENT), joined=True
    ),
    "regions: class_components": Phrase(
        "the components of the classes", Listed(lambda value: f"the classes have {_each(value)} components"), joined=True
    ),
    "regions: boundary_components": Phrase(
        "the border between the classes", Number("the border between classes has {n}", *_COMPONENT), joined=True
    ),
    "regions: data at the inputs": Phrase("the regions that hold data", Listed(_held)),
    "tropical: numerator": Phrase(
        "the numerator", Listed(lambda value: f"its numerator is a maximum of {_sizes(value)} affine functions")
    ),
    "tropical: denominator": Phrase(
        "the denominator", Listed(lambda value: f"its denominator is a maximum of {_sizes(value)}"), joined=True
    ),
    "tropical: fans": Phrase("the normal fans", Listed(_fans)),
    "lipschitz: l1": Phrase(
        "the Lipschitz constant of the l1 norm",
        Listed(lambda value: f"outputs change up to {_factor(value)} times as much as inputs in the l1 norm"),
    ),
    "lipschitz: l2": Phrase(
        "the Lipschitz constant of the Euclidean norm",
        Listed(lambda value: f"up to {_factor(value)} times in the Euclidean norm"),
        joined=True,
    ),
    "lipschitz: linf": Phrase(
        "the Lipschitz constant of the maximum norm",
        Listed(lambda value: f"up to {_factor(value)} times in the maximum norm"),
        joined=True,
    ),
    "robustness: decision": Phrase(
        "the radii within which the decision stays", Listed(lambda value: _within(value, "the network decides", "there is a tie"))
    ),
    "robustness: affine": Phrase(
        "the radii within which the network is affine",
        Listed(lambda value: _within(value, "its gradient is", "its gradient jumps")),
        joined=True,
    ),
    "relu-fiber: orbits": Phrase(
        "the networks with the same function",
        Number("{n}", "network has this function", "networks have this function", "no network has this function"),
    ),
    "relu-fiber: flips": Phrase("the units that can be flipped", Listed(_flips), joined=True),
    "functional-dimension: value": Phrase(
        "the functional dimension", Number("at these weights the function can move in {n}", "direction", "directions")
    ),
    "functional-dimension: counts": Phrase(
        "the functional dimensions",
        Listed(lambda value: f"the functional dimension{' is' if len(value) == 1 else 's are'} {_times(value)}"),
    ),
    "functional-dimension: bound": Phrase(
        "the bound of the functional dimension",
        Listed(lambda value: f"no weights have a functional dimension above {value:,}"),
        joined=True,
    ),
}
"""By kind how it is said; `certificates.sentences` has the others."""
