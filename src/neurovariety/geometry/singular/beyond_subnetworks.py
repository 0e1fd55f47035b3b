"""Parts of a singular locus that are on no subnetwork."""

from __future__ import annotations

from dataclasses import dataclass

from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficients import monomial_name
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.singular.image_facts import ImageFacts
from neurovariety.geometry.singular.images_apart import told_apart, vanishing_coordinates
from neurovariety.geometry.singular.known_ideal import KnownIdeal
from neurovariety.geometry.singular.locus import Locus, vanishing_pieces
from neurovariety.model import Model
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


@dataclass(frozen=True)
class DegreeOfImages:
    """The sum of the degrees of all images of a dimension, each counted once; None, and ``why``, where one of
    them is not known to be singular, its degree is not known, or two of them may be the same."""

    value: int | None
    why: str


def degree_of_images(model: Model, dimension: int, images: list[ImageFacts], seed: int) -> DegreeOfImages:
    """The degree of the union of the singular images of a dimension: they are irreducible, so one that lies in another is the same, and
    smaller ones add nothing."""
    largest = [i for i in images if i.dimension == dimension and i.status != "smooth"]
    total = 0

    def unknown(why: str) -> DegreeOfImages:
        return DegreeOfImages(None, why)

    for number, image in enumerate(largest):
        if image.status != "singular":
            return unknown(f"whether {image.name} is singular is not decided")
        for other in largest[:number]:
            if not told_apart(model, image, other, seed):
                return unknown(f"whether {image.name} and {other.name} have the same functions is not decided")
        if image.stratum is None:
            total += 1  # the zero function, or constants
            continue
        if image.small is None:
            return unknown(f"the degree of {image.name} is not known")
        if dimension > _COUNTED_DIMENSION and not any(t.applies and t.quantity == DEGREE for t in image.small.theorems):
            return unknown(f"the degree of {image.name} was not counted")
        try:
            found = quietly(degree_of, image.small, seed=seed)
        except (InputError, ResourceError) as refusal:
            return unknown(f"the degree of {image.name} is not known ({refusal})")
        if not found.sure:
            return unknown(f"the degree of {image.name} is at least {found.value}")
        total += found.value
    if not total:
        return unknown(f"no image of dimension {dimension} is known")
    return DegreeOfImages(total, "")


def beyond_subnetworks(
    model: Model, dimension: int | None, images: list[ImageFacts], locus: Locus | None, ideal: KnownIdeal | None, seed: int
) -> BeyondSubnetworks:
    """What is left of the locus of a complete ideal when the degrees of the singular subnetworks of its dimension are subtracted."""
    if dimension is None:
        return BeyondSubnetworks((), "")
    if locus is None or ideal is None or not ideal.complete or locus.degree is None or locus.dimension != dimension or dimension < 1:
        return BeyondSubnetworks((), "not compared")
    known = 0
    if any(i.dimension == dimension and i.status != "smooth" for i in images):
        found = degree_of_images(model, dimension, images, seed)
        if found.value is None:
            return BeyondSubnetworks((), found.why)
        known = found.value
    compared = f"degree {locus.degree}, of which subnetworks of dimension {dimension} have {known}"
    left = locus.degree - known
    if left <= 0:
        return BeyondSubnetworks((), compared)
    pieces = []
    several = ideal.system.coordinates.monomials[-1][0] > 0
    listed = [vanishing_coordinates(i, ideal, seed) for i in images if i.dimension == dimension and i.status == "singular"]
    for indices, size in vanishing_pieces(ideal, dimension, seed):
        # what vanishes there may be a subnetwork: its part is not told from that of others
        if size <= left and not any(zero.issuperset(indices) for zero in listed):
            named = [ideal.system.coordinates.monomials[j] for j in indices]
            names = tuple(monomial_name(e) + (f" in output {o}" if several else "") for o, e in named)
            pieces.append(LocusPiece(dimension, size, names))
            left -= size
    if left:
        pieces.append(LocusPiece(dimension, left, ()))
    return BeyondSubnetworks(tuple(pieces), compared)
