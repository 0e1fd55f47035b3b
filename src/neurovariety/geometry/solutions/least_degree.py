"""How few points a slice of a variety can have: the degree is at least one more than the codimension in the affine span.

An irreducible variety of dimension r that lies in no hyperplane of an affine space of dimension s has degree at least s - r + 1
(Eisenbud, Harris 1987). For a cone the span is linear. The span is found from below, which is what a lower bound of the degree needs:
differences of random functions of the model are independent mod p, and so over Q.
"""

from __future__ import annotations

from neurovariety.geometry.exact.span import affine_span_at_least
from neurovariety.model import Model


def can_have_degree(
    points: int,
    model: Model,
    dimension: int,
    coordinates: int,
    seed: int,
    *,
    samples: int | None = None,
    fixed: dict[int, int] | None = None,
) -> bool:
    """Whether the closure of the functions of a model, of that dimension in so many coordinates, can have so few points on a slice.

    ``samples``: the closure of their values at so many general inputs; ``fixed`` (weight -> value): that of the graph over the other
    weights. One point is never enough: that a variety is linear is for others to prove.
    """
    if points < 2:
        return False
    enough = points + dimension
    return enough > coordinates or affine_span_at_least(model, enough, seed, samples=samples, fixed=fixed) < enough
