"""The functions of each smaller network inside a network: are they singular functions of the large one, and how?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TypedDict

import numpy as np

from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.singular_loci import FamilyPlace, SingularFamily, SingularVertex
from neurovariety.claim import Claim
from neurovariety.errors import VerificationError
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.singular.exact_loci import exact_families
from neurovariety.geometry.singular.known_ideal import KnownIdeal
from neurovariety.geometry.singular.tangents import TangentSpan, tangent_span
from neurovariety.geometry.strata.facts import shown_facts, stratum_facts
from neurovariety.geometry.strata.fiber_families import fiber_families
from neurovariety.geometry.strata.filters import smaller_network
from neurovariety.geometry.strata.smaller_models import Strata, strata_of
from neurovariety.geometry.strata.weight_stratum import Sizes, WeightStratum
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

_STREAM = "geometry.singular.image_facts"
MOST_ROWS = 600
"""Functions are told apart by at most so many values: a span that is larger is cut, and stays a lower bound."""

_EACH = (2, 8)
"""Weights looked at on each stratum over a function that leaves weights free: few at first, more where they decide nothing."""


class SingularImageRow(TypedDict):
    """The facts of an image as plain data, for the value of the entry `singularities`."""

    name: str
    dimension: int
    status: str
    claim: str
    type: str
    tangent_space: list[int | None]
    tangent_cone: int
    branches: int


@dataclass(frozen=True)
class ImageFacts:
    """A set of functions of ``dimension``, of which ``size`` is the verdict (None: a linear space); ``status`` of its general member,
    and what ``shown`` of it, a verdict of the locus, where it is shown to be singular; ``kind`` node, cusp, mixed or -; bounds of the
    dimension of the tangent space; ``branches`` seen; ``small`` a model of these functions, up to linear coordinates (None: the zero
    function, or constants); ``sizes`` as of its strata; ``stratum`` one of these, None where the functions are a linear space, of
    degree 1."""

    name: str
    dimension: int
    size: Verdict | None
    status: str
    shown: Verdict | None
    kind: str
    tangent_at_least: int
    tangent_at_most: int | None
    branches: int
    small: Model | None
    sizes: Sizes
    family: tuple[str, ...] = ()
    stratum: WeightStratum | None = field(default=None, compare=False, repr=False)

    def to_dict(self, whole: int) -> SingularImageRow:
        """For the value of the entry; ``whole`` is the dimension of the closure, and of every tangent cone."""
        return {
            "name": self.name,
            "dimension": self.dimension,
            "status": self.status,
            "claim": self.words,
            "type": self.kind,
            "tangent_space": [self.tangent_at_least, self.tangent_at_most],
            "tangent_cone": whole,
            "branches": self.branches,
        }

    @property
    def words(self) -> str:
        """How far the status may be trusted."""
        if self.shown is not None:
            return "proved"  # a bound of the locus: general functions are singular
        return str(Claim.UNDECIDED if self.status == "undecided" else Claim.ESTIMATE)


@dataclass(frozen=True)
class Closure:
    """What is known of a closure X: its dimension, its equations, and its strata with what a theorem says of them."""

    whole: Dimension
    upper: Verdict
    ideal: KnownIdeal | None
    strata: Strata

    @classmethod
    def of(cls, model: Model, whole: Dimension, ideal: KnownIdeal | None) -> Closure:
        """The closure of the functions of a model of that dimension."""
        upper = issue(whole.upper.certificate, exact_coefficients(model))
        return cls(whole, upper, ideal, strata_of(model, whole.fills))

    @property
    def at_least(self) -> int:
        """A proved bound of the dimension."""
        return self.whole.value

    @property
    def at_most(self) -> int:
        """A proved bound of the dimension."""
        return self.whole.at_most

    @property
    def ambient(self) -> int | None:
        """The dimension of the span."""
        return self.whole.ambient


def image_facts(model: Model, closure: Closure, seed: int) -> list[ImageFacts]:
    """Each image of the known strata, from large to small, the zero function last. Images of full dimension are left out."""
    out: list[ImageFacts] = []
    sizes: dict[str, Dimension] = {}
    for index, family in enumerate(fiber_families(model)):
        found = _image(model, family, closure, sizes, seed, index)
        if found.dimension >= closure.at_least:
            continue
        same = next((k for k, o in enumerate(out) if o.sizes == found.sizes), None)
        if same is None:
            out.append(found)
        else:
            out[same] = _better(out[same], found)
    out.sort(key=lambda i: -i.dimension)
    constant = _smallest(model, closure)
    return [*out, *([constant] if constant else [])]


_STATUS = ("undecided", "smooth", "singular")


def _better(a: ImageFacts, b: ImageFacts) -> ImageFacts:
    """What two families of weights show of the same functions."""
    first, second = (a, b) if _STATUS.index(a.status) >= _STATUS.index(b.status) else (b, a)
    named = min((a, b), key=lambda i: (i.small is None or not i.small.named, i.name))
    kind = "node" if "node" in (a.kind, b.kind) else first.kind
    return replace(
        first,
        name=named.name,
        small=named.small,
        dimension=max(a.dimension, b.dimension),
        size=max((a, b), key=lambda i: (i.dimension, i is named)).size,
        shown=first.shown or (second.shown if first.status == second.status else None),
        kind=kind,
        tangent_at_least=max(a.tangent_at_least, b.tangent_at_least),
        branches=max(a.branches, b.branches),
    )


def _smallest(model: Model, closure: Closure) -> ImageFacts | None:
    """The zero function, or constants where there are biases: the closure is a cone, and invariant under adding constants, so its
    tangent space there contains the whole closure, hence its span. None where the closure may be as large as that."""
    exact = exact_families(model)
    value = exact.vertex()
    if value is None or closure.ambient is None:
        return None
    try:
        shown = issue(SingularVertex(closure.whole.span.verdict, closure.upper, value), exact)
    except NotShown:
        return None
    return ImageFacts(
        name="constants" if model.image is not None and model.image.constants else "zero",
        dimension=value,
        size=None,
        status="singular",
        shown=shown,
        kind="cusp",
        tangent_at_least=closure.ambient,
        tangent_at_most=closure.ambient,
        branches=0,
        small=None,
        sizes=(),
    )


def _image(
    model: Model, family: tuple[WeightStratum, ...], closure: Closure, sizes: dict[str, Dimension], seed: int, index: int
) -> ImageFacts:
    rng = generator(seed, _STREAM, index)
    p = random_prime(PRIME_BITS, rng)
    residues = FiniteField(p)
    free = family[0].free
    assert free is not None
    theta = rng.integers(0, p, size=family[0].parameters - free)
    coefficients = draw_coefficients(model, residues, rng)
    rows = min(closure.ambient if closure.ambient is not None else MOST_ROWS, MOST_ROWS)
    inputs = residues.random((math.ceil(rows / model.outputs) + EXTRA_SAMPLES, *model.input_shape), rng)
    for each in _EACH:
        on, points = [], []
        for number, s in enumerate(family):
            assert s.free is not None
            for _ in range(each if s.free else 1):
                on.append((number, rng.integers(0, p, size=s.free)))
                points.append(Point(residues, s.at(np.concatenate([theta, on[-1][1]]), p), coefficients, rng))
        span = tangent_span(model, p, points, inputs, closure.at_least)
        if span.first > closure.at_most or len(points) == len(family):
            break
    at_most, ideal = None, closure.ideal
    if ideal is not None:
        weights = np.asarray(points[0].weights, dtype=np.int64)[None, :]
        at_most = ideal.tangent_dimension(ideal.system.coordinates.at(weights, p)[0], p)
    if at_most is not None and span.second > at_most:
        raise VerificationError(
            f"{model.name} at {family[0].name}: weights give {span.second} tangent directions, equations allow {at_most}; please "
            "report this as a bug"
        )
    size = _dimension(family[0], closure, sizes, seed, index)
    dimension = int(size.statement.value if size.statement.kind == DIMENSION else size.statement.value[2])
    status = _status(span, at_most, closure, len(family))
    names, shown = tuple(s.name for s in family), None
    if span.first > closure.at_most:
        place = FamilyPlace(names, p, theta, tuple(on), coefficients, inputs)
        shown = issue(SingularFamily(place, closure.upper, size, dimension), exact_families(model))
    small = family[0].small
    named = small is not None and small.named
    return ImageFacts(
        name=small.name if named and small is not None else family[0].name.split(" (from")[0],
        dimension=dimension,
        size=size,
        status=status,
        shown=shown,
        kind=node_or_cusp(span, closure.at_least) if status == "singular" else "-",
        tangent_at_least=max(span.second, closure.at_least if status == "smooth" else 0),
        tangent_at_most=closure.at_least if status == "smooth" else at_most,
        branches=span.branches,
        small=smaller_network(family[0]) or small,
        sizes=family[0].sizes,
        family=names,
        stratum=family[0],
    )


def node_or_cusp(span: TangentSpan, dimension: int) -> str:
    """Node: weights of full rank over the function have different tangent spaces; cusp: none looked at have full rank; else mixed."""
    if max(span.ranks) < dimension:
        return "cusp"
    return "node" if span.branches > 1 else "mixed"


def _status(span: TangentSpan, at_most: int | None, closure: Closure, members: int) -> str:
    if at_most == closure.at_least:
        return "smooth"  # the tangent space has at least the dimension of X, and that is at least this
    if span.second > closure.at_most or closure.strata.exact:
        return "singular"
    if closure.strata.immersed and min(span.ranks) == closure.at_least:
        # With one weight over the function, modulo scalings, the closure looks like weight space there.
        return "smooth" if members == 1 else "singular"
    if at_most is not None and at_most > closure.at_most and closure.ideal is not None and closure.ideal.complete:
        return "singular"
    return "undecided"


def _dimension(stratum: WeightStratum, closure: Closure, sizes: dict[str, Dimension], seed: int, index: int) -> Verdict:
    """The verdict of the dimension of the functions over a stratum: of the smaller network, or a rank along the stratum."""
    small = smaller_network(stratum)
    if small is not None:
        if small.name not in sizes:
            sizes[small.name] = quietly(dimension_of, small, seed=seed)
        return sizes[small.name].verdict
    return shown_facts(stratum_facts(stratum, seed, index, closure.at_most), closure.upper)
