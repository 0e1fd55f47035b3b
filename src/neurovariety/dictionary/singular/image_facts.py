"""The functions of each smaller network inside a network: are they singular functions of the large one, and how?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurovariety.claim import Claim
from neurovariety.dictionary.real_components import architecture_of
from neurovariety.dictionary.singular.known_ideal import KnownIdeal
from neurovariety.dictionary.singular.tangents import TangentSpan, tangent_span
from neurovariety.dictionary.strata.fiber_families import fiber_families
from neurovariety.dictionary.strata.weight_stratum import WeightStratum
from neurovariety.dictionary.trial import Point, generator
from neurovariety.errors import VerificationError
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

_STREAM = 76
_MOST_ROWS = 600
"""Functions are told apart by at most so many values: a span that is larger is cut, and stays a lower bound."""

_EACH = 2
"""Weights looked at on each stratum over a function that leaves weights free."""

_IMMERSED = "immersion modulo scalings"


@dataclass(frozen=True)
class ImageFacts:
    """A set of functions of ``dimension``; ``status`` of its general member with ``claim``; ``kind`` node, cusp or -; bounds of the
    dimension of the tangent space; ``branches`` seen; ``small`` the model of these functions (None: the zero function)."""

    name: str
    dimension: int
    status: str
    claim: Claim
    kind: str
    tangent_at_least: int
    tangent_at_most: int | None
    branches: int
    small: Model | None

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
    """Each image of the known strata, from large to small, the zero function last. ``dimension`` is a proved bound of that of the model,
    ``theorem`` what is known of all its singular functions. Images of full dimension are left out."""
    out: list[ImageFacts] = []
    for index, family in enumerate(fiber_families(model)):
        found = _image(model, family, dimension, ambient, ideal, theorem, seed, index)
        if found.dimension >= dimension:
            continue
        same = next((k for k, o in enumerate(out) if o.name == found.name), None)
        if same is None:
            out.append(found)
        elif _RANK[found.status] > _RANK[out[same].status] or found.tangent_at_least > out[same].tangent_at_least:
            out[same] = found
    out.sort(key=lambda i: -i.dimension)
    if ambient is not None and out:
        out.append(_zero(dimension, ambient))
    return out


_RANK = {"undecided": 0, "smooth": 1, "singular": 2}


def _zero(dimension: int, ambient: int) -> ImageFacts:
    """The zero function of a cone: its tangent space contains the whole cone, hence its span."""
    singular = ambient > dimension
    status = "singular" if singular else "smooth"
    return ImageFacts("zero", 0, status, Claim.PROVED, "cusp" if singular else "-", ambient, ambient, 1, None)


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
    points = []
    for s in family:
        assert s.free is not None
        for _ in range(_EACH if s.free else 1):
            full = np.concatenate([theta, rng.integers(0, p, size=s.free)])
            points.append(Point(field, s.at(full, p), coefficients, rng))
    rows = min(ambient if ambient is not None else _MOST_ROWS, _MOST_ROWS)
    inputs = points[0].inputs(model, math.ceil(rows / model.outputs) + EXTRA_SAMPLES)
    span = tangent_span(model, p, points, inputs)
    at_most = None if ideal is None else ideal.tangent_dimension(ideal.system.coordinates.at(_row(points[0]), p)[0], p)
    small = family[0].small
    size = _dimension(family[0], field, theta, rng, p, inputs, points[0])
    status, claim = _status(span, at_most, dimension, ideal, theorem, len(family))
    kind = "-" if status != "singular" else "cusp" if min(span.ranks) < dimension else "node"
    if at_most is not None and span.second > at_most:
        raise VerificationError(
            f"{model.name} at {family[0].name}: weights give {span.second} tangent directions, equations allow {at_most}; please report "
            "this as a bug"
        )
    low = max(span.second, dimension if status == "smooth" else span.second)
    named = small is not None and architecture_of(small) is not None
    name = small.name if named and small is not None else family[0].name.split(" (from")[0].removesuffix(", k and v exchanged")
    return ImageFacts(name, size, status, claim, kind, low, at_most, span.branches, small)


def _row(point: Point) -> Array:
    return np.asarray(point.weights, dtype=np.int64)[None, :]


def _status(
    span: TangentSpan, at_most: int | None, dimension: int, ideal: KnownIdeal | None, theorem: str, windows: int
) -> tuple[str, Claim]:
    if at_most is not None and at_most == dimension and span.second <= dimension:
        return "smooth", Claim.PROVED
    if span.first > dimension:
        return "singular", Claim.PROVED
    if span.second > dimension:
        return "singular", Claim.PROBABILITY
    if "rank is less" in theorem or "exactly where it is less" in theorem:
        return "singular", Claim.PROVED
    if _IMMERSED in theorem and min(span.ranks) == dimension:
        # One weight over the function, modulo scalings, at which J has full rank: the closure looks like weight space there.
        return ("smooth", Claim.PROVED) if windows == 1 else ("singular", Claim.PROVED)
    if at_most is not None and at_most > dimension and ideal is not None and ideal.complete:
        return "singular", Claim.PROBABILITY
    return "undecided", Claim.UNDECIDED


def _dimension(
    stratum: WeightStratum, field: FiniteField, theta: Array, rng: np.random.Generator, p: int, inputs: Array, point: Point
) -> int:
    """Dimension of the functions over a stratum: the rank of J times the derivative of its map."""
    from neurovariety.dictionary.generic_rank import jacobian_matrix
    from neurovariety.linear_algebra import matmul_mod, reduce_mod

    assert stratum.free is not None
    s = np.concatenate([theta, rng.integers(0, p, size=stratum.free)])
    here = Point(field, stratum.at(s, p), point.coefficients, rng)
    j = reduce_mod(jacobian_matrix(stratum.model, p, here, inputs)[0], p)
    return rank(matmul_mod(j, reduce_mod(stratum.tangent(s, p), p), p), p)
