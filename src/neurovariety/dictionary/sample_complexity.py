"""Recovery from samples: how many generic inputs determine a function of the model, finitely and uniquely?

Let f be a general function of the model and x_1, ..., x_N general inputs. The values f(x_1), ..., f(x_N) leave finitely many
functions of the closure X exactly where the Jacobian of the values by the weights has rank dim X, and one function where that
finite number is one. With fewer samples than for finiteness whole families of functions interpolate; between the two numbers,
finitely many wrong ones do.

What is proved. Finite: the rank at random inputs over F_p proves that N samples suffice; that fewer do not is proved where (N - 1)
times the outputs is below the dimension, else it is exact randomized arithmetic. Unique: all weights over one general value are
found by following paths, complete by a trace test on the graph of w -> (f_w(x_1), ..., f_w(x_N)), every one certified; their
functions are counted (claim `complete`). Where the model fills its linear span, finitely many functions are one. Where neither,
``unique`` is null.

What it is not: statistics. Values are exact, and uniqueness is over the complex numbers among generic functions.

Source: Marchetti et al. 2025, section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NotRequired, TypedDict

import numpy as np

from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.points import with_new_values
from neurovariety.geometry.exact.span import AffineVariety, affine_span_at_least
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.model import Array, Model
from neurovariety.program.of_model import draw_coefficients, jacobian_rows
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.tolerances import DEFAULT_SEED, PRIME_BITS

_STREAM = "dictionary.sample_complexity"
_SMALL_DIMENSION = 10
"""Largest dimension of a model for which functions are counted: seconds."""


class SampleComplexityEvidence(TypedDict):
    """What the numbers of samples rest on. ``last_count``: of the last count by paths; ``reason`` why there are no more of them."""

    dimension: int
    dimension_claim: str
    outputs: int
    rank_by_samples: dict[str, int]
    filling: bool
    theorems: list[Facts]
    last_count: NotRequired[Facts]
    reason: NotRequired[str]


@dataclass(frozen=True, repr=False)
class SampleComplexityResult(EntryResult):
    """``value`` is ``{"finite", "unique", "functions"}``: the smallest numbers of generic samples that leave finitely many
    functions and one (null where not known), and how many functions are left for each number of samples counted, from ``finite`` on."""

    entry: ClassVar[str] = "sample-complexity"
    evidence: SampleComplexityEvidence


@entry
def sample_complexity(model: Model, *, seed: int = DEFAULT_SEED) -> SampleComplexityResult:
    """How many generic inputs determine a general function of ``source``. Raises `InputError` for unusable input.

    >>> sample_complexity("mlp(2,2,1; x^4)").value
    {'finite': 4, 'unique': 5, 'functions': {'4': 3, '5': 1}}
    """
    found = quietly(dimension_of, model, seed=seed)
    r = found.value
    finite, ranks = _finite(model, r, seed)
    fills = found.fills
    counts: dict[int, int] = {finite: 1} if fills else {}  # a linear space: finitely many solutions of linear equations are one
    evidence: SampleComplexityEvidence = {
        "dimension": r,
        "dimension_claim": str(found.claim),
        "outputs": model.outputs,
        "rank_by_samples": ranks,
        "theorems": [],
        "filling": fills,
    }
    if not fills and found.sure:
        counts, reason, last = _functions(model, r, found.ambient_at_least, finite, seed)
        if last is not None:
            evidence["last_count"] = last
        if reason:
            evidence["reason"] = reason
    unique = next((n for n, count in counts.items() if count == 1), None)
    proved = found.claim is Claim.PROVED and (finite - 1) * model.outputs < r and found.filling is not Claim.PROBABILITY
    claim = found.claim if proved or found.claim is not Claim.PROVED else Claim.PROBABILITY
    if counts and not fills:
        claim = Claim.COMPLETE
    value = {"finite": finite, "unique": unique, "functions": {str(n): count for n, count in counts.items()}}
    return SampleComplexityResult(
        value=value,
        claim=claim,
        meaning=_meaning(finite, unique, counts),
        evidence=evidence,
        notices=found.notices,
    )


def _finite(model: Model, r: int, seed: int) -> tuple[int, dict[str, int]]:
    """The smallest number of random inputs at which the Jacobian of the values has rank r, and the ranks found."""

    def search(k: int) -> tuple[int, dict[str, int]]:
        rng = generator(seed, _STREAM, k)
        field = FiniteField(random_prime(PRIME_BITS, rng))
        most = max(1, r)
        inputs = field.random((most, *model.input_shape), rng)
        weights, coefficients = field.random((model.parameters,), rng), draw_coefficients(model, field, rng)
        rows = jacobian_rows(model, field, weights, inputs, coefficients)
        ranks: dict[str, int] = {}
        n = -(-r // model.outputs)
        while True:
            ranks[str(n)] = rank(np.ascontiguousarray(rows[: n * model.outputs]), field.p)
            if ranks[str(n)] >= r or n >= most:
                return n, ranks
            n += 1

    found, _ = with_new_values(search)
    return found


def _functions(model: Model, r: int, coordinates: int, finite: int, seed: int) -> tuple[dict[int, int], str, Facts | None]:
    """Functions left by the values at n samples, for n from ``finite`` on until one is left; why no more were counted; what the last
    count rests on."""
    if not r or r > _SMALL_DIMENSION:
        return {}, f"functions are counted up to dimension {_SMALL_DIMENSION}" if r else "", None
    from neurovariety.geometry.solutions.affine_slices import dyadic, slices
    from neurovariety.geometry.solutions.attempts import check_size
    from neurovariety.geometry.solutions.complete_fiber import complete_fiber
    from neurovariety.geometry.solutions.fiber_count import preimages

    counts: dict[int, int] = {}
    last: Facts | None = None
    n = finite
    while True:
        points = dyadic(generator(seed, _STREAM, 100 + n), (n, model.inputs))

        def degree(points: Array = points) -> int | None:
            if len(points) * model.outputs == r or affine_span_at_least(AffineVariety(model, len(points)), r + 1, seed) == r:
                return 1  # the values fill their space, or a linear one in it
            rng = generator(seed, _STREAM, 200 + len(points))
            found = complete_fiber(slices(model, r, seed, rng, points), rng)
            return found.count if found.complete else None

        try:
            check_size("sample-complexity", r, coordinates)
            found = preimages(model, r, degree, seed, points)
        except (InputError, ResourceError) as refusal:
            return counts, str(refusal), last
        if found.reason:
            return counts, f"with {n} samples: {found.reason}", last
        counts[n], last = len(set(found.functions)), found.evidence
        if counts[n] == 1:
            return counts, "", last
        n += 1


def _meaning(finite: int, unique: int | None, counts: dict[int, int]) -> str:
    text = f"{finite} general sample{'s' * (finite != 1)} leave finitely many functions of the model"
    if unique == finite:
        return f"{finite} general sample{'s' * (finite != 1)} determine a general function of the model"
    if finite in counts:
        text += f", {counts[finite]} over the complex numbers"
    return text + (f"; {unique} leave one" if unique is not None else "; how many leave one is not known")
