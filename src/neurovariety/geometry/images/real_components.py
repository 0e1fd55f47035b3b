"""Connected components of the real fiber, where a theorem counts them.

Linear networks of widths d_0, ..., d_L with r = min(d_l) (Trager, Kohn, Bruna 2020): over a matrix of rank r the real fiber has 2^b
path components, b the number of hidden layers of width exactly r, since the end-to-end product forces an invertible r x r part at
each of them, whose determinant is positive or negative; over a matrix of smaller rank it is path connected. Slopes of linear
activations only rescale. Biases of hidden layers are free and determine that of the output, so they add a factor R^k and change no
count. A diagonal network is a product of networks of widths 1, ..., 1. For learning: gradient flow stays in one component, so the
sign pattern of the initial weights is never unlearned.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from typing import TypedDict

from neurovariety.architectures.architecture import Architecture
from neurovariety.geometry.real.rational_matrices import flint_matrix
from neurovariety.model import Model
from neurovariety.parametrization import EntrywiseProduct, Layers

_SOURCE = "trager2020"


def architecture_of(model: Model) -> Architecture | None:
    """The architecture whose function the model is, or None for a user's own function."""
    owner = getattr(model.function, "__self__", None)
    return owner if isinstance(owner, Architecture) and not model.foreign else None


class RealComponents(TypedDict):
    """The number of path components of a real fiber, the ``theorem`` that counts them, its hypotheses and the key of its source."""

    value: int
    theorem: str
    hypotheses: list[str]
    source: str


def real_components(model: Model, weights: tuple[Fraction, ...] | None) -> RealComponents | None:
    """Number of path components of the real fiber over a generic function, or over the function of ``weights``.

    None where no theorem applies.
    """
    return components_of_fiber(model.parametrization, model, weights)


@singledispatch
def components_of_fiber(parametrization: object, model: Model, weights: tuple[Fraction, ...] | None) -> RealComponents | None:
    """The same by the kind of ``parametrization``, that of the model."""
    return None


@components_of_fiber.register
def _(parametrization: Layers, model: Model, weights: tuple[Fraction, ...] | None) -> RealComponents | None:
    if not parametrization.linear:
        return None
    widths = parametrization.widths
    r = min(widths)
    tight = sum(w == r for w in widths[1:-1])
    rank = r if weights is None else _rank(parametrization, model, weights)
    if rank < r:
        value, theorem = 1, "over a matrix of rank below the least width the real fiber of a linear network is path connected"
    else:
        value = 2**tight
        theorem = (
            "over a matrix whose rank is the least width r the real fiber of a linear network has 2^b path components, b the "
            "number of hidden layers of width r"
        )
    hypotheses = [
        "every layer is linear",
        f"the least width is r = {r}, that of b = {tight} hidden layer{'s' * (tight != 1)}",
        "the function is generic: its matrix has rank r" if weights is None else f"the matrix of the function has rank {rank}",
    ]
    return {"value": value, "theorem": theorem, "hypotheses": hypotheses, "source": _SOURCE}


@components_of_fiber.register
def _(parametrization: EntrywiseProduct, model: Model, weights: tuple[Fraction, ...] | None) -> RealComponents:
    n, layers = parametrization.width, len(parametrization.vectors)
    nonzero = n
    if weights is not None:
        nonzero = sum(1 for i in range(n) if all(weights[l * n + i] for l in range(layers)))
    return {
        "value": 2 ** ((layers - 1) * nonzero),
        "theorem": "the real fiber is the product of the fibers of n linear networks of widths 1, ..., 1, one for each entry; each has "
        "2^(L-1) path components over a nonzero number and is path connected over 0",
        "hypotheses": [
            f"a diagonal network of L = {layers} layers",
            f"{nonzero} of the n = {n} entries of the product are not 0" + (" (generic)" if weights is None else ""),
        ],
        "source": _SOURCE,
    }


def _rank(layers: Layers, model: Model, weights: tuple[Fraction, ...]) -> int:
    """Rank over Q of the product of the weight matrices."""
    matrices = [[[weights[k] for k in row] for row in model.places[name].tolist()] for name in layers.weights]
    product = flint_matrix(matrices[0], layers.widths[0])
    for matrix, columns in zip(matrices[1:], layers.widths[1:], strict=False):
        product = flint_matrix(matrix, columns) * product
    return int(product.rank())


def components_sentence(found: RealComponents | None) -> str:
    """What the count says, to follow another sentence; empty where nothing is known or nothing is divided."""
    if found is None:
        return ""
    n = found["value"]
    what = "is path connected" if n == 1 else f"falls into {n} path components"
    return f"; over the reals the fiber {what}, by a theorem"
