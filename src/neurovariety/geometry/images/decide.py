"""Whether a function is one of a model with real weights: by the procedure for the kind of its image, else by equations and search."""

from __future__ import annotations

from functools import singledispatch

from neurovariety.geometry.images.binary_forms import decide_binary_quadrics
from neurovariety.geometry.images.binary_powers import decide_power_sum
from neurovariety.geometry.images.convolutions import decide_filter
from neurovariety.geometry.images.decision import Decision, Finding
from neurovariety.geometry.images.linear_maps import decide_matrix
from neurovariety.geometry.images.quadratic_forms import decide_quadric
from neurovariety.geometry.images.search import decide_by_search
from neurovariety.geometry.images.target import Target
from neurovariety.image import BinaryQuadrics, Filters, Matrices, PowerSums, Quadrics
from neurovariety.model import Model


def decide(model: Model, target: Target, seed: int) -> Decision:
    """The decision for a model that is polynomial in weights and inputs. Raises `ResourceError` for one that is too large to be written
    out, where no procedure decides."""
    found = decide_by_kind(model.image, model, target)
    if found is None or (found.verdict is Finding.REALIZABLE and found.witness is None):
        return decide_by_search(model, target, seed)
    return found


@singledispatch
def decide_by_kind(image: object, model: Model, target: Target) -> Decision | None:
    """The decision of the exact procedure for the kind of ``image``; None where there is none, or where it leaves a target to the
    search."""
    return None


decide_by_kind.register(Matrices, decide_matrix)
decide_by_kind.register(Quadrics, decide_quadric)
decide_by_kind.register(BinaryQuadrics, decide_binary_quadrics)
decide_by_kind.register(PowerSums, decide_power_sum)
decide_by_kind.register(Filters, decide_filter)
