"""The functions of each smaller network inside a network: are they singular functions of the large one, and how?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurovariety.architectures import CNN, MLP, Attention, Linear
from neurovariety.claim import Claim
from neurovariety.dictionary.dimension import dimension as dimension_of
from neurovariety.dictionary.progress import quietly
from neurovariety.dictionary.real_components import architecture_of
from neurovariety.dictionary.singular.known_ideal import KnownIdeal
from neurovariety.dictionary.singular.tangents import TangentSpan, tangent_span
from neurovariety.dictionary.strata.facts import stratum_facts
from neurovariety.dictionary.strata.fiber_families import fiber_families
from neurovariety.dictionary.strata.padding import smaller_network
from neurovariety.dictionary.strata.weight_stratum import Sizes, WeightStratum
from neurovariety.dictionary.trial import Point, generator
from neurovariety.errors import VerificationError
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

_STREAM = 76
_MOST_ROWS = 600
"""Functions are told apart by at most so many values: a span that is larger is cut, and stays a lower bound."""

_EACH = (2, 8)
"""Weights looked at on each stratum over a function that leaves weights free: few at first, more where they decide nothing."""

_IMMERSED = "immersion modulo scalings"


@dataclass(frozen=True)
class ImageFacts:
    """A set of functions of ``dimension`` (as ``sure`` as that); ``status`` of its general member with ``claim``; ``kind`` node, cusp,
    mixed or -; bounds of the dimension of the tangent space; ``branches`` seen; ``small`` the model of these functions (None: the zero
    function); ``sizes`` as of its strata."""

    name: str
    dimension: int
    sure: Claim
    status: str
    claim: Claim
    kind: str
    tangent_at_least: int
    tangent_at_most: int | None
    branches: int
    small: Model | None
    sizes: Sizes

    def to_dict(self, whole: int) -> dict[str, Any]:
        """For the value of the entry; ``whole`` is the dimension of the closure, and of every tangent cone."""
        return {
            "name": self.name,
            "dimension": self.dimension,
            "status": self.status,
            "claim": str(self.claim),
            "type": self.kind,
            "tangent_space": [self.tangent_at_least, self.tangent_at_most],
            "tangent_cone": whole,
            "branches": self.branches,
        }


def image_facts(
    model: Model, dimension: int, ambient: int | None, ideal: KnownIdeal | None, theorem: str, seed: int
) -> list[ImageFacts]:
    """Each image of the known strata, from large to small, the zero function last. ``dimension`` is a proved bound of that of the
    model, ``theorem`` what is known of all its singular functions. Images of full dimension are left out."""
    out: list[ImageFacts] = []
    for index, family in enumerate(fiber_families(model)):
        found = _image(model, family, dimension, ambient, ideal, theorem, seed, index)
        if found.dimension >= dimension:
            continue
        same = next((k for k, o in enumerate(out) if o.sizes == found.sizes), None)
        if same is None:
            out.append(found)
        else:
            out[same] = _better(out[same], found)
    out.sort(key=lambda i: -i.dimension)
    constant = _smallest(model, dimension, ambient, ideal is not None and ideal.system.coordinates.is_cone)
    return [*out, *([constant] if constant else [])]


_STATUS = ("undecided", "smooth", "singular")


def _better(a: ImageFacts, b: ImageFacts) -> ImageFacts:
    """What two families of weights show of the same functions."""
    first, second = (a, b) if _STATUS.index(a.status) >= _STATUS.index(b.status) else (b, a)
    named = min((a, b), key=lambda i: (i.small is None or architecture_of(i.small) is None, i.name))
    kind = "node" if "node" in (a.kind, b.kind) else first.kind
    return replace(
        first,
        name=named.name,
        small=named.small,
        dimension=max(a.dimension, b.dimension),
        sure=named.sure if named.dimension >= max(a.dimension, b.dimension) else first.sure,
        claim=Claim.PROVED if first.status == second.status and second.claim is Claim.PROVED else first.claim,
        kind=kind,
        tangent_at_least=max(a.tangent_at_least, b.tangent_at_least),
        branches=max(a.branches, b.branches),
    )


def _smallest(model: Model, dimension: int, ambient: int | None, cone: bool) -> ImageFacts | None:
    """The zero function, or constants where there are biases: the closure is a cone, and invariant under adding constants, so its
    tangent space there contains the whole closure, hence its span."""
    architecture = architecture_of(model)
    if ambient is None or not (cone or isinstance(architecture, MLP | Linear | CNN | Attention)):
        return None
    bias = isinstance(architecture, MLP) and architecture.bias
    singular = ambient > dimension
    return ImageFacts(
        name="constants" if bias else "zero",
        dimension=model.outputs if bias else 0,
        sure=Claim.PROVED,
        status="singular" if singular else "smooth",
        claim=Claim.PROVED,
        kind="cusp" if singular else "-",
        tangent_at_least=ambient,
        tangent_at_most=ambient,
        branches=1,
        small=None,
        sizes=(),
    )


def _image(
    model: Model,
    family: tuple[WeightStratum, ...],
    dimension: int,
    ambient: int | None,
    ideal: KnownIdeal | None,
    theorem: str,
    seed: int,
    index: int,
) -> ImageFacts:
    rng = generator(seed, _STREAM, index)
    p = random_prime(PRIME_BITS, rng)
    field = FiniteField(p)
    free = family[0].free
    assert free is not None
    theta = rng.integers(0, p, size=family[0].parameters - free)
    coefficients = draw_coefficients(model, field, rng)
    rows = min(ambient if ambient is not None else _MOST_ROWS, _MOST_ROWS)
    inputs = field.random((math.ceil(rows / model.outputs) + EXTRA_SAMPLES, *model.input_shape), rng)
    for each in _EACH:
        points = []
        for s in family:
            assert s.free is not None
            for _ in range(each if s.free else 1):
                points.append(Point(field, s.at(np.concatenate([theta, rng.integers(0, p, size=s.free)]), p), coefficients, rng))
        span = tangent_span(model, p, points, inputs)
        if span.first > dimension or len(points) == len(family):
            break
    at_most = None
    if ideal is not None:
        weights = np.asarray(points[0].weights, dtype=np.int64)[None, :]
        at_most = ideal.tangent_dimension(ideal.system.coordinates.at(weights, p)[0], p)
    if at_most is not None and span.second > at_most:
        raise VerificationError(
            f"{model.name} at {family[0].name}: weights give {span.second} tangent directions, equations allow {at_most}; please "
            "report this as a bug"
        )
    size, sure = _dimension(model, family[0], dimension, seed, index)
    status, claim = _status(span, at_most, dimension, ideal, theorem, len(family))
    small = family[0].small
    named = small is not None and architecture_of(small) is not None
    return ImageFacts(
        name=small.name if named and small is not None else family[0].name.split(" (from")[0],
        dimension=size,
        sure=sure,
        status=status,
        claim=claim,
        kind=node_or_cusp(span, dimension) if status == "singular" else "-",
        tangent_at_least=max(span.second, dimension if status == "smooth" else 0),
        tangent_at_most=dimension if status == "smooth" else at_most,
        branches=span.branches,
        small=small,
        sizes=family[0].sizes,
    )


def node_or_cusp(span: TangentSpan, dimension: int) -> str:
    """Node: weights of full rank over the function have different tangent spaces; cusp: none looked at have full rank; else mixed."""
    if max(span.ranks) < dimension:
        return "cusp"
    return "node" if span.branches > 1 else "mixed"


def _status(
    span: TangentSpan, at_most: int | None, dimension: int, ideal: KnownIdeal | None, theorem: str, windows: int
) -> tuple[str, Claim]:
    if at_most is not None and at_most == dimension and span.second <= dimension:
        return "smooth", Claim.PROVED
    if span.first > dimension:
        return "singular", Claim.PROVED
    if "rank is less" in theorem or "exactly where it is less" in theorem:
        return "singular", Claim.PROVED
    if span.second > dimension:
        return "singular", Claim.PROBABILITY
    if _IMMERSED in theorem and min(span.ranks) == dimension:
        # One weight over the function, modulo scalings, at which J has full rank: the closure looks like weight space there.
        return ("smooth", Claim.PROVED) if windows == 1 else ("singular", Claim.PROVED)
    if at_most is not None and at_most > dimension and ideal is not None and ideal.complete:
        return "singular", Claim.PROBABILITY
    return "undecided", Claim.UNDECIDED


def _dimension(model: Model, stratum: WeightStratum, bound: int, seed: int, index: int) -> tuple[int, Claim]:
    """Dimension of the functions over a stratum: of the smaller network, or a rank along the stratum."""
    small = smaller_network(stratum)
    if small is not None:
        found = quietly(dimension_of, small, seed=seed)
        return int(found.value), found.claim
    facts = stratum_facts(stratum, seed, index, bound)
    return facts.functions, facts.claim
