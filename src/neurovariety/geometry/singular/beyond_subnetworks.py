"""Parts of a singular locus that are on no subnetwork."""

from __future__ import annotations

from dataclasses import dataclass

from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficients import monomial_name
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.singular.image_facts import ImageFacts
from neurovariety.geometry.singular.known_ideal import KnownIdeal
from neurovariety.geometry.singular.locus import Locus, vanishing_pieces
from neurovariety.progress import quietly
from neurovariety.theorem import DEGREE

_COUNTED_DIMENSION = 6
"""Largest dimension of a subnetwork whose degree is counted to compare: seconds."""


@dataclass(frozen=True)
class LocusPiece:
    """A part of the locus: its dimension, its degree, coefficients that vanish on it."""

    dimension: int
    degree: int
    vanishing: tuple[str, ...]


@dataclass(frozen=True)
class BeyondSubnetworks:
    """The parts on no subnetwork, and how the degrees of the locus and of subnetworks compare, in words."""

    pieces: tuple[LocusPiece, ...]
    compared: str


def degree_of_images(dimension: int, images: list[ImageFacts], seed: int) -> tuple[int | None, str]:
    """The sum of the degrees of the singular images of a dimension, or why it is not known."""
    total = 0
    for image in images:
        if image.status != "singular" or image.dimension != dimension or image.small is None:
            continue
        if dimension > _COUNTED_DIMENSION and not any(t.applies and t.quantity == DEGREE for t in image.small.theorems):
            return None, f"the degree of {image.name} was not counted"
        try:
            found = quietly(degree_of, image.small, seed=seed)
        except (InputError, ResourceError) as refusal:
            return None, f"the degree of {image.name} is not known ({refusal})"
        if not found.sure:
            return None, f"the degree of {image.name} is at least {found.value}"
        total += found.value
    return total, ""


def beyond_subnetworks(
    dimension: int | None, images: list[ImageFacts], locus: Locus | None, ideal: KnownIdeal | None, seed: int
) -> BeyondSubnetworks:
    """What is left of the locus of a complete ideal when the degrees of the singular subnetworks of its dimension are subtracted."""
    if dimension is None:
        return BeyondSubnetworks((), "")
    if locus is None or ideal is None or not ideal.complete or locus.degree is None or locus.dimension != dimension or dimension < 1:
        return BeyondSubnetworks((), "not compared")
    known, why = degree_of_images(dimension, images, seed)
    if known is None:
        return BeyondSubnetworks((), why)
    compared = f"degree {locus.degree}, of which subnetworks of dimension {dimension} have {known}"
    left = locus.degree - known
    if left <= 0:
        return BeyondSubnetworks((), compared)
    pieces = []
    several = ideal.system.coordinates.monomials[-1][0] > 0
    for indices, size in vanishing_pieces(ideal, dimension, seed):
        if size <= left:
            named = [ideal.system.coordinates.monomials[j] for j in indices]
            names = tuple(monomial_name(e) + (f" in output {o}" if several else "") for o, e in named)
            pieces.append(LocusPiece(dimension, size, names))
            left -= size
    if left:
        pieces.append(LocusPiece(dimension, left, ()))
    return BeyondSubnetworks(tuple(pieces), compared)
