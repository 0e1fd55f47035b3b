"""The boundary of the real functions of a model: limits that no weights attain, and functions at the edge.

M is the set of functions of real weights, X that of the real functions of the neurovariety, the Zariski closure of M. A function is in
the *interior* if it is in M with all functions of X nearby; on the *boundary* if it is in M and others of X, arbitrarily near, are not;
*closure only* if it is a limit of functions of M and not in M; else *outside*. Equations do not see the difference: the neurovariety
of ``mlp(2,2,2; x^2)`` is everything, M about three quarters of it, and between them are limits such as (x^2, x y).

What is proved. Linear and diagonal networks, shallow quadratic ones with one output or two inputs, sums of few powers in two
variables and linear convolutions of stride 1 are decided completely (`geometry.boundaries.exact_positions`). The boundary of a
semialgebraic set has smaller dimension than X, so a piece of one dimension less has the largest; its dimension is an exact rank.
Elsewhere a certified solution with a derivative onto X proves that a function is interior; that nothing was found proves nothing, and
what rests on it is an `estimate`. Shares are sampled, and stand in the evidence with their intervals.

Meaning: on the boundary training stalls, at folds where weights can still move but functions cannot, or with weights that diverge.

Sources: Marchetti et al. 2025; Kohn, Merkh, Montufar, Trager 2022; Kubjas, Li, Wiesmann 2024; Iarrobino, Kanev 1999.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from neurovariety.architectures.from_callable import Source
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.positions import BoundaryPieces, NoBoundary
from neurovariety.certificates.sentences import SHOWN, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.membership import membership
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.boundaries.description import Description, describe
from neurovariety.geometry.boundaries.exact_placement import exact_placement
from neurovariety.geometry.boundaries.locate import STREAM, both_sides, locate
from neurovariety.geometry.boundaries.position import Located, Position
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.images.target import Target, require_polynomial
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import plain
from neurovariety.tolerances import DEFAULT_SEED

_SAMPLES = 60


@dataclass(frozen=True, repr=False)
class BoundaryResult(EntryResult):
    """Where a function lies, or what the boundary is.

    With a function, ``value`` is ``{"position", "reason"}``: interior, boundary, closure only, outside or undecided, and why.
    ``evidence["target"]`` is the function, ``evidence["membership"]`` what `membership` says, ``evidence["approach"]`` (closure only)
    how large weights grow on the way.

    Without, ``value`` is ``{"variety", "boundary", "dimension", "pieces"}``: dimension of X; whether the boundary is empty, nonempty or
    undecided; its dimension (null where empty or unknown); families of functions on it, each with ``name``, ``position`` (of its
    samples) and ``dimension``. ``evidence["samples"]`` holds functions on them, ``evidence["shares"]`` how many of random functions of
    X are attained, ``evidence["crossings"]`` where segments between attained and other functions leave M.
    """

    entry: ClassVar[str] = "boundary"
    headline: ClassVar[tuple[str, ...]] = ("position", "reason", "boundary", "dimension")

    def _repeated(self, seed: int | None) -> BoundaryResult:
        """Again under another seed. Raises `VerificationError` where what was decided comes out otherwise, or what was proved is not.

        What was only estimated may become undecided.
        """
        again = self._again(seed)
        key = "position" if "position" in self.value else "boundary"
        ours, theirs = self.value[key], again.value[key]
        differ = ours != theirs and "undecided" not in (ours, theirs)
        weaker = self.claim is Claim.PROVED and (
            again.claim is not Claim.PROVED or (key == "boundary" and plain(self.value) != plain(again.value))
        )
        if differ or weaker:
            raise VerificationError(
                f"boundary of {self.subject}: recorded {self.shown()} ({self.claim}), recomputed {again.shown()} ({again.claim})"
            )
        return again

    def speaks(self) -> tuple[str, ...]:
        if "position" in self.value:
            return ("position",)
        return ("boundary",) if self.value["dimension"] is None else ("boundary", "dimension", "variety")

    def shown(self) -> str:
        return str(self.value["position"]) if "position" in self.value else super().shown()

    def summary(self) -> str:
        lines = [super().summary()]
        if "target" in self.evidence:
            shown = self.evidence["target"]
            return "\n".join([*lines, f"  function: {shown if len(shown) <= 120 else shown[:117] + '...'}"])
        lines += [f"  dimension {p['dimension']}: {p['name']} ({p['position']})" for p in self.value["pieces"]]
        return "\n".join(lines)


TargetOption = Annotated[
    str | None,
    Option("where this function lies: polynomials in x0, x1, ..., one an output (default: the whole boundary)"),
]

WeightsOption = Annotated[ExactNumbers | None, Option("its weights, or those of ARCH: comma-separated exact numbers", kind="numbers")]

SamplesOption = Annotated[
    int | None,
    Option("random functions drawn of each kind when no function is given (default: 60)"),
    Whole("the number of samples is a whole number from {least} to {most:,}", 0, 10_000),
]


@entry
def boundary(
    model: Model,
    *,
    target: TargetOption = None,
    network: Annotated[Source | None, Option("another architecture whose function at --weights is looked at")] = None,
    weights: WeightsOption = None,
    samples: SamplesOption = None,
    seed: int = DEFAULT_SEED,
) -> BoundaryResult:
    """Where a function lies relative to the functions of real weights of ``source``; without one, what their boundary is.

    ``source`` is polynomial in weights and inputs. The function is given as for `membership`: by ``target``, polynomials in x0, x1,
    ..., one an output, separated by semicolons; or by exact ``weights`` of the model or of another ``network``. ``samples``: random
    functions that are drawn of each kind when none is given (60). Raises `InputError` for input that does not fit, for rational models
    and for generic coefficients; `ResourceError` where a model whose real functions are not known is too large to be written out.

    >>> boundary("mlp(2,2,2; x^2)", target="x0^2; x0*x1").value["position"]
    'closure only'
    >>> boundary("cnn(2,2; x)", target="x0 + 2*x1 + x2").value["position"]
    'boundary'
    >>> boundary("cnn(2,2; x)", samples=0).value["dimension"]
    2
    """
    require_polynomial(model)
    if target is None and network is None and weights is None:
        return _whole(model, _SAMPLES if samples is None else samples, seed)
    if samples is not None:
        raise InputError("samples are drawn where no function is given; leave out --samples, or the function")
    member = quietly(membership, model, target=target, network=network, weights=weights, seed=seed)
    given, decision = member.given, member.decision
    assert given is not None
    assert decision is not None
    found = locate(model, given, decision, seed)
    evidence: dict[str, object] = {
        "target": given.text(),
        "weights": member.options["weights"],
        "membership": {
            "verdict": member.value["verdict"],
            "witness": member.value["witness"],
            "route": member.value["route"],
            "claim": str(member.claim),
        },
        "route": found.route,
        **found.evidence,
        "theorems": [dict(t) for t in found.theorems],
    }
    grown: list[dict[str, float]] = []
    if found.position is Position.CLOSURE_ONLY:
        evidence["approach"] = grown = _approach(model, given, seed)
    value = {"position": str(found.position), "reason": found.reason}
    claims = _claims_of_position(model, found, value)
    return BoundaryResult(
        value=value,
        claims=claims,
        evidence=evidence,
        glosses=_glosses(found, grown),
        options=member.options,
    )


def _approach(model: Model, target: Target, seed: int) -> list[dict[str, float]]:
    try:
        sides, _ = both_sides(model, written_out(model), seed)
    except ResourceError:
        return []
    return sides.approach(sides.floats(target), generator(seed, STREAM, 3))


def _claims_of_position(model: Model, found: Located, value: Mapping[str, str]) -> dict[str, Verdict]:
    """By the certificates of the position and its reason, where there are some that hold; else what searches show."""
    exact = exact_placement(model)
    try:
        if found.certificates is not None:
            return {key: issue(c, exact) for key, c in zip(("position", "reason"), found.certificates, strict=True)}
    except NotShown as reason:
        return {k: weak(Statement(f"boundary: {k}", exact.hash, v), Claim.ESTIMATE, str(reason)) for k, v in value.items()}
    return {k: weak(Statement(f"boundary: {k}", exact.hash, v), found.claim, "as far as searches show") for k, v in value.items()}


def _claims_of_whole(model: Model, variety: Dimension, found: Description, value: Mapping[str, Any]) -> dict[str, Verdict]:
    """The dimension of the closure; by the theorem for the kind of the model whether there is a boundary, and pieces of it."""
    exact = exact_placement(model)
    claims = {k: weak(Statement(f"boundary: {k}", exact.hash, v), found.claim, found.why) for k, v in value.items()}
    claims["variety"] = variety.verdict
    if found.boundary == "empty":
        claims["boundary"] = issue(NoBoundary(exact.hash, found.why), exact)
    elif found.shown:
        pieces = tuple(issue(piece, exact) for piece in found.shown)
        for part in ("boundary", "pieces", "dimension"):
            claims[part] = issue(BoundaryPieces(variety.verdict, pieces, part), exact)
    return claims


_MEANS = {
    Position.INTERIOR: "small changes of it within the neurovariety can be fit too",
    Position.BOUNDARY: "training for a neighbour can end on the edge",
    Position.CLOSURE_ONLY: "the loss tends to zero while weights diverge",
    Position.OUTSIDE: "the least loss for it is positive on enough data",
}


def _glosses(found: Located, grown: Sequence[Mapping[str, float]]) -> tuple[Gloss, ...]:
    """What the position means for learning, and how weights were seen to grow."""
    if found.position not in _MEANS:
        return (Gloss(found.reason, {}),)
    position: dict[str, Claim] = {"position": Claim.ESTIMATE}
    texts = [Gloss(_MEANS[found.position], position)]
    if len(grown) > 1:
        (first, large), (last, larger) = ((row["distance"], row["largest_weight"]) for row in (grown[0], grown[-1]))
        texts.append(Gloss(f"a relative distance of {first:g} took weights up to {large:.3g}, {last:g} up to {larger:.3g}", {}))
    return tuple(texts)


def _whole(model: Model, samples: int, seed: int) -> BoundaryResult:
    variety = quietly(dimension_of, model, seed=seed)
    found = describe(model, variety, samples, seed)
    value = {
        "variety": variety.value,
        "boundary": found.boundary,
        "dimension": found.dimension,
        "pieces": list(found.pieces),
    }
    claims = _claims_of_whole(model, variety, found, value)
    return BoundaryResult(
        value=value,
        claims=claims,
        evidence={
            "route": found.route, "why": found.why, "dimension_claim": str(variety.claim), "samples_drawn": samples,
            "shares": list(found.shares), "samples": list(found.samples), "crossings": list(found.crossings),
            "theorems": [dict(t) for t in found.theorems],
        },
        glosses=_glosses_of_whole(found, claims["boundary"].claim),
    )  # fmt: skip


def share_sentence(row: Mapping[str, Any]) -> str:
    """``of 60 functions with ... 45 are attained (95 %: 0.63 to 0.84)``."""
    interval = f"95 %: {row['low']:.2f} to {row['high']:.2f}"
    return f"of {row['functions']} functions with {row['drawn']}, {row['attained']} are attained ({interval})"


def _glosses_of_whole(found: Description, claim: Claim) -> tuple[Gloss, ...]:
    """Why there is a boundary, or none, and how many of random functions are attained."""
    shares = tuple(Gloss(share_sentence(row), {}) for row in found.shares)
    if found.boundary == "undecided":
        return (Gloss(found.why, {}), *shares)
    if found.boundary == "empty":
        return (
            Gloss(found.why, {"boundary": SHOWN}),
            Gloss("every limit of functions is one that weights compute", {"boundary": SHOWN}),
        )
    if claim is SHOWN:
        return (Gloss(f"pieces of it: {found.why}", {"boundary": SHOWN}), *shares)
    return (Gloss(found.why, {}), *shares)
