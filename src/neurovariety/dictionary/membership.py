"""Membership: is a target one of the functions of a model with real weights?

M is the set of all f_w with real weights w. A target is *realizable* if it lies in M; in the *closure only* if it is a limit of
functions of M but none of them, so that training approaches it with weights that diverge; *excluded* if it keeps a positive
distance; and *undecided* where nothing was shown. That the neurovariety is the whole space does not decide: ``mlp(2,2,2; x^2)`` is
Zariski dense, yet an inequality excludes about a quarter of all targets with normally distributed coefficients.

What is proved. Linear networks, shallow quadratic networks with one output or two inputs, and linear convolutional networks with
stride 1 are decided completely, by ranks, discriminants and real roots in exact arithmetic, and sums of few powers in two variables by
the form that annihilates them; exact witnesses are put into the model
and checked. Elsewhere a violated equation of the neurovariety excludes, and an exact or certified real solution realizes; the rest is
undecided, never guessed. The claim is `proved` where a verdict is reached, `probability` where it rests on an equation that was
tested rather than expanded.

Sources: Marchetti et al. 2025, section 4.1; Trager, Kohn, Bruna 2020; Kohn, Merkh, Montufar, Trager 2022; Kubjas, Li, Wiesmann 2024.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, ClassVar, TypedDict

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.certificates.image_membership import PlacedByImage
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue, weak
from neurovariety.certificates.realized import Realized
from neurovariety.certificates.sentences import Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.exact.special_fiber import exact_weights
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.images.decide import decide
from neurovariety.geometry.images.decision import Decision, Finding, realizable
from neurovariety.geometry.images.random_target import random_target
from neurovariety.geometry.images.target import Target, function_at, read_target, require_polynomial
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.tolerances import DEFAULT_SEED

_MAX_CHECKED = 5000
"""Parameters up to which a witness is put into the model once more."""

_OWN = "the given weights"
_DRAWN = "no target was given, so one was drawn at random from the linear span"
_MEANS = {
    Finding.REALIZABLE: "the least loss for it is zero and is attained",
    Finding.CLOSURE_ONLY: "the loss tends to zero while weights diverge",
    Finding.EXCLUDED: "the least loss for it is positive on enough data",
}


class MembershipValue(TypedDict):
    verdict: str
    witness: list[Fraction | float] | None
    violated: str | None
    route: str


@dataclass(frozen=True, repr=False)
class MembershipResult(EntryResult):
    """Whether a target is realizable.

    ``value`` is ``{"verdict", "witness", "violated", "route"}``: verdict is realizable, closure only, excluded or undecided; witness
    holds weights in the order of ``Model.blocks`` (Fractions where exact, else decimals near an exact witness, see ``evidence``),
    violated the equation or inequality that the target fails; each null where there is none. ``evidence["target"]`` is the target in
    normal form; what else the evidence holds depends on the route. ``given`` and ``decision`` (in Python, on a fresh result) are the
    target and what was decided as records.
    """

    entry: ClassVar[str] = "membership"
    headline: ClassVar[tuple[str, ...]] = ("verdict",)
    value: MembershipValue
    given: Target | None = field(default=None, repr=False, compare=False)
    decision: Decision | None = field(default=None, repr=False, compare=False)

    def _repeated(self, seed: int | None) -> MembershipResult:
        """Decide again under another seed. Witnesses may differ from seed to seed; two verdicts that were reached must agree.

        Raises `VerificationError` where they differ, or where a verdict was reached and the new attempt stays undecided.
        """
        again = self._again(seed)
        ours, theirs = self.value["verdict"], again.value["verdict"]
        weaker = self.claim is Claim.PROVED and again.claim is not Claim.PROVED
        if (ours != theirs and ours != Finding.UNDECIDED) or weaker:
            raise VerificationError(
                f"membership of {self.evidence['target'][:80]} in {self.subject}: recorded {ours} ({self.claim}), recomputed {theirs} "
                f"({again.claim})"
            )
        return again

    def shown(self) -> str:
        return str(self.value["verdict"])

    def summary(self) -> str:
        lines = [super().summary(), f"  target: {_cut(self.evidence['target'])}"]
        if self.value["violated"]:
            words = "" if self.verdicts["violated"].claim is not Claim.UNDECIDED else " (in words, which claim nothing by themselves)"
            lines.append(f"  violated{words}: {self.value['violated']}")
            named = self.evidence.get("coordinates", {})
            used = [f"{c} of {m}" for c, m in named.items() if re.search(rf"\b{c}\b", self.value["violated"])]
            lines += [f"  coefficients: {', '.join(used)}"] if used else []
        if self.value["witness"] is not None:
            near = "" if all(isinstance(w, Fraction | int | str) for w in self.value["witness"]) else " (decimals near exact weights)"
            lines.append(f"  witness{near}: {_cut(', '.join(str(w) for w in self.value['witness']))}")
        return "\n".join(lines)


@entry
def membership(
    model: Model,
    *,
    target: Annotated[
        str | None,
        Option("polynomials in x0, x1, ..., one an output: 'x0^2 - 2*x0*x1; 1/3*x1^2' (default: a random one)"),
    ] = None,
    network: Annotated[Source | None, Option("another architecture whose function at --weights is the target")] = None,
    weights: Annotated[
        ExactNumbers | None, Option("its weights, or those of ARCH: comma-separated exact numbers", kind="numbers")
    ] = None,
    seed: int = DEFAULT_SEED,
) -> MembershipResult:
    """Whether a function is one of ``source``, a model that is polynomial in weights and inputs, with real weights.

    The function is given by ``target``, polynomials in x0, x1, ... with exact coefficients, one an output, separated by semicolons;
    or by ``weights`` (exact numbers) of another ``network``, or of the model itself. Without any, a random integer function of the
    model's linear span is drawn from the seed: a typical target. Raises `InputError` for input that does not fit, for rational models
    and for generic coefficients, `ResourceError` where a model without its own decision procedure is too large to be written out.

    >>> membership("mlp(2,2,2; x^2)", target="x0^2; x0*x1").value["verdict"]
    'closure only'
    >>> membership("cnn(2,2; x)", target="x0 + x1 + x2").value["violated"]
    'the composed filter has at least 2 real roots in P^1, with multiplicity (one for each even size), here 0'
    >>> membership("mlp(2,2,1; x^2)", target="x0*x1").value["witness"]
    [Fraction(1, 2), Fraction(1, 2), Fraction(-1, 4), Fraction(1, 4), Fraction(1, 1), Fraction(-4, 1)]
    """
    require_polynomial(model)
    given, own, notices = _target(model, target, network, weights, seed)
    drawn = target is None and network is None and weights is None
    decision = decide(model, given, seed) if own is None else realizable(_OWN, own)
    evidence: dict[str, object] = {"target": given.text(), **decision.evidence, **_checked(model, decision, given)}
    evidence |= {"seeds": [seed], "theorems": [dict(t) for t in decision.theorems]}
    value: MembershipValue = {
        "verdict": str(decision.verdict),
        "witness": None if decision.witness is None else list(decision.witness),
        "violated": decision.violated,
        "route": decision.route,
    }
    return MembershipResult(
        value=value,
        claims=_claims(model, decision, given, value),
        evidence=evidence,
        notices=notices,
        glosses=_glosses(decision, drawn),
        options={"target": given.text(), "network": None, "weights": None} if own is None else {"weights": list(own)},
        given=given,
        decision=decision,
    )


def _claims(model: Model, decision: Decision, given: Target, value: MembershipValue) -> dict[str, Verdict]:
    """What is shown: weights whose function, expanded, is the target; what the search holds against it; a theorem on the set of all
    functions. The words for it, and the name of the route, claim nothing."""
    exact, found, target = exact_coefficients(model), value["verdict"], given.coefficients
    kinds = {key: Statement(f"membership: {key}", exact.hash, part) for key, part in value.items()}
    claims = {key: weak(said, Claim.UNDECIDED, "words for what shows the verdict") for key, said in kinds.items()}
    witness = decision.exact_witness if model.parameters <= _MAX_CHECKED else None
    if witness is not None:
        shown: tuple[Certificate, ...] = tuple(Realized(exact.hash, witness, target, part) for part in ("verdict", "witness"))
    else:
        shown = (*decision.shown, PlacedByImage(exact.hash, target, found))
    if decision.verdict is Finding.UNDECIDED:
        return claims
    claims["verdict"] = weak(kinds["verdict"], Claim.ESTIMATE, "too large for exact arithmetic to check it")
    if decision.witness is not None:
        claims["witness"] = weak(kinds["witness"], Claim.ESTIMATE, "in floating point")
    for certificate in reversed(shown):
        said = certificate.concludes()[0].kind.removeprefix("membership: ")
        try:
            claims[said] = issue(certificate, exact)
        except (NotShown, ResourceError):
            continue
    return claims


def _target(
    model: Model, text: str | None, network: Source | None, weights: ExactNumbers | None, seed: int
) -> tuple[Target, tuple[Fraction, ...] | None, tuple[str, ...]]:
    """The target; the model's own weights where it is given by them; notices."""
    if text is not None:
        if network is not None or weights is not None:
            raise InputError(
                "a target is given by its polynomials or by weights, not both; leave out --target, or --network and --weights"
            )
        return read_target(text, model.inputs, model.outputs), None, ()
    if network is not None:
        other = as_model(network)
        if weights is None:
            raise InputError(f"give the {other.parameters} weights of {other.name} that make the target (--weights)")
        if (other.inputs, other.outputs) != (model.inputs, model.outputs):
            raise InputError(
                f"{other.name} maps {other.inputs} inputs to {other.outputs} outputs, {model.name} {model.inputs} to {model.outputs}: "
                "a target needs the same sizes"
            )
        return function_at(other, exact_weights(other, weights)), None, ()
    if weights is not None:
        own = exact_weights(model, weights)
        return function_at(model, own), own, ()
    notice = (
        "no target was given: this one is a random integer function of the model's linear span; give one with --target or --weights"
    )
    return random_target(model, seed), None, (notice,)


def _checked(model: Model, decision: Decision, target: Target) -> dict[str, object]:
    """What putting the witness into the model shows. Raises `VerificationError` where an exact one does not give the target."""
    if decision.witness is None:
        return {"witness_is": None}
    if model.parameters > _MAX_CHECKED:
        return {"witness_is": "constructed; too large to be put into the model once more"}
    exact = decision.exact_witness
    at = exact or tuple(Fraction(w) for w in decision.witness)
    found = function_at(model, at).coefficients
    if exact is not None:
        if dict(found) != dict(target.coefficients):
            raise VerificationError(f"the weights found for {model.name} do not give the target; please report this target")
        return {"witness_is": "exact: its function, expanded, is the target"}
    if decision.surds is not None:
        return {"witness_is": "decimals of the exact witness_exact, whose function, expanded in Q(sqrt(d)), is the target"}
    keys = {*found, *target.coefficients}
    gap = max((abs(found.get(k, Fraction(0)) - target.coefficients.get(k, Fraction(0))) for k in keys), default=Fraction(0))
    near = "in decimals, near exact real weights that are proved to exist"
    return {"witness_is": near, "largest_coefficient_error": float(np.float64(gap))}


def _glosses(decision: Decision, drawn: bool) -> tuple[Gloss, ...]:
    """Which target it is, where none was given, and what the verdict means for learning."""
    which = (Gloss(_DRAWN, {}, ahead=True),) if drawn else ()
    if decision.verdict in _MEANS:
        return (*which, Gloss(_MEANS[decision.verdict], {"verdict": Claim.ESTIMATE}))
    residual = decision.evidence.get("best_residual")
    if residual is None:
        return (*which, Gloss("the model is too large for the search", {}))
    searches = f"the best of {decision.evidence['starts']} searches ended with residual {residual:.3g}"
    return (*which, Gloss(f"no equation found excludes the target, and {searches}, which no certificate turned into a solution", {}))


def _cut(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."
