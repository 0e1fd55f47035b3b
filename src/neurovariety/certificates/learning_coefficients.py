"""Learning coefficients with their multiplicities: of germs, of models at weights, and of linear networks for a true matrix.

K(w) is the mean squared difference of f_w and the true function, over inputs with a density, say: then K is, up to constants, the
sum of the squares of the differences of coefficients, and the coefficient is one of a germ (`germ_proofs`). Near a set of weights
the smallest coefficient counts, and there the largest multiplicity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any, Literal, Protocol, runtime_checkable

import flint

from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.germ_bounds import Pair
from neurovariety.certificates.germ_proofs import Bounds, Proof, bounds
from neurovariety.certificates.germs import Germ, Polynomial, shifted, support
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks_at_weights import AT_WEIGHTS, RankOverQ
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

COEFFICIENT, MULTIPLICITY = "learning coefficient", "multiplicity of the learning coefficient"
Part = Literal["learning_coefficient", "multiplicity", "at_least", "at_most"]
"""What of a pair is said: a key of the value."""
GENERAL_FUNCTION, ZERO_FUNCTION, ORIGIN = "for a general function of the model", "for the zero function", "at the origin"


@runtime_checkable
class WrittenCoefficients(Protocol):
    """A model whose coefficients were written out as polynomials of the weights."""

    @property
    def hash(self) -> str:
        """sha256 of the program with its constants."""
        ...

    @property
    def coordinates(self) -> tuple[tuple[Any, Polynomial], ...]:
        """(name, coefficient). Raises `NotStored` where they are too large."""
        ...


def said(part: Part, subject: str, pair: Pair, scope: tuple[str, ...]) -> tuple[Statement, Claim]:
    """The statement of a part of a pair (twice the coefficient, multiplicity), and how far it is proved."""
    if part == "multiplicity":
        return Statement(MULTIPLICITY, subject, pair[1], scope), Claim.PROVED
    claim = {"at_least": Claim.LOWER_BOUND, "at_most": Claim.UPPER_BOUND}.get(part, Claim.PROVED)
    return Statement(COEFFICIENT, subject, str(pair[0] / 2), scope), claim


def check_pair(part: Part, pair: Pair, found: Bounds) -> None:
    """Raises `NotShown` where the bounds do not show this part of the pair."""
    low, high = found.low, found.high
    if part == "at_least":
        shown = low is not None and low[0] >= pair[0]
    elif part == "at_most":
        shown = high is not None and high[0] <= pair[0]
    elif part == "learning_coefficient":
        shown = low is not None and high is not None and low[0] == high[0] == pair[0]
    else:
        shown = low is not None and low == high == pair
    if not shown:
        raise NotShown(f"the bounds do not show the {part.replace('_', ' ')}")


def at_the_weights(weights: Sequence[Fraction]) -> str:
    """The phrase for given weights."""
    return f"at the weights {', '.join(map(str, weights))}"


@dataclass(frozen=True)
class CoefficientOfGerm:
    """The pair of polynomials at the origin."""

    subject: str
    pair: Pair
    proof: Proof | None
    part: Part

    def check(self, subject: Germ) -> None:
        """Raises `NotShown` where the proof does not show it."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of other functions")
        check_pair(self.part, self.pair, bounds(subject.polynomials(), self.proof))

    def concludes(self) -> tuple[Statement, Claim]:
        """The part of the pair."""
        return said(self.part, self.subject, self.pair, (ORIGIN,))


@dataclass(frozen=True)
class CoefficientAtWeights:
    """The pair of a model at exact weights, for the function that they give. With a ``grading`` the weights are all 0 and every
    coefficient is homogeneous for it: then no other weights of the zero function have a smaller coefficient, since scaling moves them
    to 0 and leaves theirs as it is, and a coefficient is at most those nearby."""

    subject: str
    weights: tuple[Fraction, ...]
    grading: tuple[int, ...]
    pair: Pair
    proof: Proof | None
    part: Part

    def check(self, subject: WrittenCoefficients) -> None:
        """Raises `NotShown` where the proof does not show it."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        known = [f for _, f in subject.coordinates]
        if known and len(self.weights) != known[0].context().nvars():
            raise NotShown("the model has another number of weights")
        if self.grading:
            self._check_grading(known)
        check_pair(self.part, self.pair, bounds([shifted(f, self.weights) for f in known], self.proof))

    def _check_grading(self, known: Sequence[Polynomial]) -> None:
        if any(self.weights) or len(self.grading) != len(self.weights) or min(self.grading) < 1:
            raise NotShown("a grading by positive numbers at weights 0 is expected")
        for f in known:
            if not is_graded(f, self.grading):
                raise NotShown("a coefficient is not homogeneous")

    def concludes(self) -> tuple[Statement, Claim]:
        """The part of the pair."""
        return said(self.part, self.subject, self.pair, (ZERO_FUNCTION if self.grading else at_the_weights(self.weights),))


def is_graded(f: Polynomial, grading: Sequence[int]) -> bool:
    """Whether a polynomial is homogeneous, of positive degree, where these are the degrees of its variables."""
    degrees = {sum(g * k for g, k in zip(grading, e, strict=True)) for e in support(f)}
    return len(degrees) <= 1 and min(degrees, default=1) > 0


@dataclass(frozen=True, eq=False)
class HalfOfDimension:
    """Where the Jacobian has its generic rank d, the coefficient is d/2 and its multiplicity 1: functions of d of the weights are
    coordinates there, and all others depend on them. Over a general function it has that rank at all weights (Sard). ``here`` is the
    rank at given weights; without it the function is a general one."""

    dimension: Verdict
    here: Verdict | None
    part: Part

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where the premises say something else."""
        said, claims = self.dimension.statement, (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE)
        if said.kind != DIMENSION or said.subject != subject.hash or not self.dimension.shown or self.dimension.claim not in claims:
            raise NotShown("the dimension of the model is expected, exactly")
        if self.part not in ("learning_coefficient", "multiplicity"):
            raise NotShown("the coefficient is known exactly")
        if self.here is not None:
            rank = self.here.statement
            right = isinstance(self.here.certificate, RankOverQ) and self.here.certificate.inputs is None
            if not right or not self.here.shown or not rank.kind.startswith(AT_WEIGHTS) or rank.subject != subject.hash:
                raise NotShown("the rank at weights is expected")
            if rank.value != said.value:
                raise NotShown("the rank at the weights is not the dimension")

    def concludes(self) -> tuple[Statement, Claim]:
        """Half of the dimension, once."""
        known = self.dimension.statement
        place = GENERAL_FUNCTION
        if self.here is not None and isinstance(self.here.certificate, RankOverQ):
            place = at_the_weights(self.here.certificate.weights)
        found, _ = said(self.part, known.subject, (Fraction(known.value), 1), (place, *known.scope))
        return Statement(found.kind, found.subject, found.value, found.scope, known.error), self.dimension.claim


def coefficient_of_linear(widths: Sequence[int], rank: int) -> Pair:
    """Twice the learning coefficient of a deep linear network, and its multiplicity, for a true matrix of that rank (Aoyagi 2024): the
    least over all weights that give the matrix."""
    excess = sorted(d - rank for d in widths)
    base = rank * (widths[0] + widths[-1] - rank)
    if not excess[0]:
        return Fraction(base), 1
    size = next(k for k in range(2, len(excess) + 1) if _is_active(excess, k))
    layers, total = size - 1, sum(excess[:size])
    c = -(-total // layers)
    a = total - (c - 1) * layers
    pairs = (total**2 - sum(x * x for x in excess[:size])) // 2
    twice = base + Fraction(a * (layers - a), 2 * layers) - Fraction(layers * (layers - 1), 2) * Fraction(total, layers) ** 2 + pairs
    return twice, a * (layers - a) + 1


def _is_active(excess: Sequence[int], size: int) -> bool:
    """Whether the ``size`` smallest excesses are those that count: l times the largest of them is below their sum, and l times each
    other one is not, for l = size - 1."""
    layers, total = size - 1, sum(excess[:size])
    return layers * excess[size - 1] < total and (size == len(excess) or total <= layers * excess[size])


@dataclass(frozen=True)
class CoefficientOfLinear:
    """The least coefficient over all weights of a deep linear network that give a matrix of a true rank, by Aoyagi's theorem. That the
    stored functions are the products of their matrices is read off their program, or checked by expansion."""

    subject: str
    rank: int
    pair: Pair
    part: Part

    def check(self, subject: Any) -> None:
        """Raises `NotShown` for functions that are no product of matrices, or a rank that they cannot have."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        if not 0 <= self.rank <= min(widths_of(subject)):
            raise NotShown("no matrix of the network has that rank")
        if self.pair != coefficient_of_linear(widths_of(subject), self.rank):
            raise NotShown("the formula gives another coefficient")
        if self.part not in ("learning_coefficient", "multiplicity"):
            raise NotShown("the coefficient is known exactly")
        check_product(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The part of the pair."""
        return said(self.part, self.subject, self.pair, (f"for a true matrix of rank {self.rank}",))


def widths_of(subject: Any) -> tuple[int, ...]:
    """The widths of a chain of matrices. Raises `NotShown` for other blocks of weights."""
    shapes = [tuple(s) for s in subject.blocks]
    if len(shapes) < 1 or any(len(s) != 2 for s in shapes) or any(a[0] != b[1] for a, b in pairwise(shapes)):
        raise NotShown("the weights are no chain of matrices")
    return (shapes[0][1], *(s[0] for s in shapes))


def check_product(subject: Any) -> None:
    """Raises `NotShown` where the functions are not seen to be the products of their blocks of weights, applied to the input: layer by
    layer, as their program is written, or term by term."""
    widths = widths_of(subject)
    if widths[0] != subject.inputs or widths[-1] != subject.outputs or any(c is None for c in subject.coefficients):
        raise NotShown("the functions are no linear maps of these widths")
    if _is_layered(subject.program, widths):
        return
    if prod(widths) > _MOST_PATHS:
        raise NotShown("the program is not written layer by layer, and too large to be expanded")
    try:
        _check_expanded(subject, widths)
    except NotStored:
        raise NotShown("the functions are too large to be expanded") from None


_MOST_PATHS = 40_000
"""Terms of all entries of a product, up to which it is compared term by term."""


def _is_layered(program: Any, widths: Sequence[int]) -> bool:
    """Whether a program consists of the sums of weights times units of the layer before, one for each unit, and gives those of the last
    layer. Its unknowns are the weights, layer by layer and row by row, then the inputs."""
    sums = {frozenset(terms): program.unknowns + k for k, terms in enumerate(program.sums) if len(set(terms)) == len(terms)}
    at = sum(a * b for a, b in pairwise(widths))
    if program.unknowns != at + widths[0]:
        return False
    units, at = list(range(at, at + widths[0])), 0
    for before, after in pairwise(widths):
        rows = [range(at + i * before, at + (i + 1) * before) for i in range(after)]
        found = [sums.get(frozenset((1, ((w, 1), (u, 1))) for w, u in zip(row, units, strict=True))) for row in rows]
        if None in found:
            return False
        units, at = [u for u in found if u is not None], at + before * after
    return list(program.equations) == units


def _check_expanded(subject: Any, widths: Sequence[int]) -> None:
    known = dict(subject.coordinates)
    if not known:
        raise NotShown("the functions are 0, and no products of their matrices")
    context = next(iter(known.values())).context()
    letters = context.gens()
    at = 0
    vector: list[dict[int, Any]] = [{i: context.constant(1)} for i in range(widths[0])]
    for before, after in pairwise(widths):
        rows = [letters[at + i * before : at + (i + 1) * before] for i in range(after)]
        vector = [_applied(row, vector) for row in rows]
        at += before * after
    expected = {
        (o, tuple(int(i == k) for k in range(widths[0]))): f for o, entries in enumerate(vector) for i, f in entries.items() if len(f)
    }
    if known.keys() != expected.keys() or any(known[key] != expected[key] for key in known):
        raise NotShown("the functions are no products of their matrices")


def _applied(row: Sequence[flint.fmpq_mpoly], vector: Sequence[dict[int, Any]]) -> dict[int, Any]:
    out: dict[int, Any] = {}
    for w, entries in zip(row, vector, strict=True):
        for i, f in entries.items():
            out[i] = out[i] + w * f if i in out else w * f
    return out
