"""The sets of functions on which theorems say where a target lies, as kinds and numbers (`certificates.image_membership.POSITIONS`)."""

from __future__ import annotations

from neurovariety.image import BinaryQuadrics, Filters, Matrices, PowerSums, Quadrics


def facts_of_image(image: object) -> tuple[str, tuple[int, ...]] | None:
    """The kind of a set and its numbers; None for another kind."""
    match image:
        case Matrices():
            return "matrices", (image.inputs, image.outputs, image.rank, int(image.bias))
        case Quadrics():
            return "quadrics", (image.inputs, image.rank, int(image.bias))
        case BinaryQuadrics():
            return "binary quadrics", (image.squares, image.outputs)
        case PowerSums() if is_sylvester(image):
            return "power sums", (image.terms, image.degree)
        case Filters():
            return "filters", (image.degree, image.real_roots, image.stride, image.inputs, image.outputs)
    return None


def is_sylvester(image: PowerSums) -> bool:
    """Whether Sylvester's theorem decides: one output, two variables, degree d >= 3, and at most (d + 1)/2 powers."""
    return image.inputs == 2 and image.outputs == 1 and image.degree >= 3 and 2 * image.terms <= image.degree + 1
