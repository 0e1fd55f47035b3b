"""Symmetries of a parametrization: linear maps of the weights that change no function.

An infinitesimal linear symmetry is a matrix A on parameter space with J(w) A w = 0 for all w; these form a Lie algebra, the one of
the group of linear reparametrizations that leave every function unchanged. It is computed here, not looked up, and then compared
with what the architecture states. For learning each symmetry is a direction that data cannot determine; symmetric matrices among
them give conserved quantities of gradient flow.

What is proved. Above: the solution space of the equations at finitely many points over F_p, which contains the reduction of the true
one. Below: the stated symmetries that are verified as identities, and solutions over Q whose identity J(w) A w = 0 is expanded
exactly. `proved` where they meet; `probability` where the solutions over Q pass random tests whose error bound is small enough; else
`upper_bound`. Only the identity component is computed; finite symmetries that the family
states are checked one by one.

Source: Marchetti et al. 2025, section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypedDict

import numpy as np

from neurovariety.beyond.analytic.rank_in_balls import COLUMNS, SHIFTS, Smooth, analytic_dimension, definability, integers
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.analytic_weights import NoLinearSymmetry
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak, weakly
from neurovariety.certificates.linear_symmetries import AnsatzScope, SparseVector
from neurovariety.certificates.normalized_networks import NormalizedPerceptron, TranslatingMaps, values_of_symmetries
from neurovariety.certificates.phrases import EXACT
from neurovariety.certificates.sentences import FROM_ABOVE, SURE, Gloss
from neurovariety.certificates.softmax_attention import BaseChanges, SoftmaxAttention
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import FieldsVanish
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry_of_both
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.points import division_notice, draw_point, with_new_values
from neurovariety.geometry.exact.reparametrizations import Ansatz, choose_ansatz
from neurovariety.geometry.exact.shown_symmetries import ShownSymmetries, shown_symmetries
from neurovariety.geometry.exact.stated_symmetries import StatedSymmetries, stated_symmetries
from neurovariety.model import Model, Slot
from neurovariety.randomness import generator
from neurovariety.tolerances import DEFAULT_SEED

_MAX_SHOWN = 40
_MAX_COMPONENTS = 16


class SymmetriesValue(TypedDict):
    """Dimensions of Lie algebras, and of a generic orbit, within an ansatz: which linear maps were searched."""

    dimension: int | None
    stated: int | None
    unstated: int | None
    orbit_dimension: int | None
    ansatz: AnsatzScope | None


class SymmetriesEvidence(TypedDict, total=False):
    """What the dimensions rest on; of a model that is too large for the equations, the stated symmetries alone (``ansatz`` is None)."""

    symmetries: Facts
    finite: list[Facts]
    identity_component_only: bool
    theorems: list[Facts]
    ansatz: str | None
    orbit_dimension_at_least: int
    prime: int
    upper_bound: Facts
    lower_bound: dict[str, int]
    error_bound: float | None
    basis: list[str] | None


@dataclass(frozen=True, repr=False)
class SymmetriesResult(EntryResult):
    """The Lie algebra of linear reparametrizations.

    ``value`` is ``{"dimension", "stated", "unstated", "orbit_dimension", "ansatz"}``: the dimension of the Lie algebra among the linear
    maps of the ansatz, of the part spanned by the stated symmetries, of what remains, and of a generic orbit (null where only a lower
    bound of it is shown; the evidence holds that); which linear maps were searched, ``all``, ``block-diagonal`` or ``axes`` (null
    where the model is too large for any). ``evidence`` holds the ``ansatz`` in words, a readable ``basis``, and the checked ``finite``
    symmetries.
    """

    entry: ClassVar[str] = "symmetries"
    evidence: SymmetriesEvidence

    def speaks(self) -> tuple[str, ...]:
        if not self.value["dimension"]:
            return ("dimension",)
        known = not self.value["unstated"] and self.verdicts["unstated"].claim in EXACT
        return ("dimension",) if known else ("dimension", "unstated")


def _of_analytic(network: Smooth, *, seed: int) -> SymmetriesResult:
    return _of_perceptron(network, seed) if isinstance(network, AnalyticPerceptron) else _of_attention(network, seed)


def _of_attention(network: SoftmaxAttention, seed: int) -> SymmetriesResult:
    """The linear symmetries of attention with softmax: base changes, with others not excluded."""
    drawn = integers(network, seed)
    stated, rank = network.base_changes, network.orbit_rank(drawn)
    known = {"dimension": max(stated, rank), "stated": stated, "orbit_dimension": rank}
    claims = {key: issue(BaseChanges(key, network.hash, value, drawn), network) for key, value in known.items()} | {
        key: weak(Statement(f"symmetries: {key}", network.hash, None), Claim.UNDECIDED, "no bound from above is computed for softmax")
        for key in ("unstated", "ansatz")
    }
    return SymmetriesResult(
        value=dict.fromkeys(SymmetriesValue.__annotations__) | known,
        claims=claims,
        evidence={
            "finite": [],
            "identity_component_only": True,
            "theorems": definability(network),
            "ansatz": "base changes between K and Q of each head and between layers",
            "lower_bound": {"stated and verified": network.base_changes},
            "error_bound": None,
            "basis": [],
        },
    )


def _of_perceptron(network: AnalyticPerceptron, seed: int) -> SymmetriesResult:
    """The linear symmetries of a network with analytic activations: none, where its dimension is that of its weights but for shifts."""
    found = analytic_dimension(network, seed)
    try:
        claims = _claims(network, found.verdict)
    except NotShown as why:
        value: dict[str, object] = dict.fromkeys(SymmetriesValue.__annotations__)
        reason = str(why)
        return SymmetriesResult(value=value, claims=weakly("symmetries", Claim.UNDECIDED, reason), evidence={"theorems": []})
    if isinstance(network, NormalizedPerceptron):
        return _of_columns(network, claims)
    moved = f"the biases of {network.shifts} units of exp can grow if the weights after them shrink, which is no linear map"
    return SymmetriesResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        glosses=(
            *((Gloss(moved, {}),) if network.shifts else ()),
            Gloss(_NO_FAMILY, {"dimension": FROM_ABOVE}),
        ),
        evidence={
            "finite": [],
            "identity_component_only": True,
            "theorems": definability(network),
            "ansatz": "all linear maps of the weights",
            "upper_bound": {"value": 0, "reason": f"the dimension is {found.value}, {SHIFTS}"},
            "lower_bound": {},
            "error_bound": None,
            "basis": [],
        },
    )


def _claims(network: AnalyticPerceptron, dimension: Verdict) -> dict[str, Verdict]:
    """Raises `NotShown` where directions are left that are not explained."""
    if isinstance(network, NormalizedPerceptron):
        values = values_of_symmetries(network).items()
        return {key: issue(TranslatingMaps(key, value, dimension), network) for key, value in values}
    return {key: issue(NoLinearSymmetry(key, dimension), network) for key in SymmetriesValue.__annotations__}


def _of_columns(network: NormalizedPerceptron, claims: dict[str, Verdict]) -> SymmetriesResult:
    columns, all_moves = len(network.columns()), network.shifts
    moved = f"numbers are added to {columns} columns of weights before layer normalization, any linear forms of all weights"
    if columns != all_moves:
        moved = f"weights move along {all_moves} directions that layer normalization does not see, by any linear forms of all weights"
    return SymmetriesResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        glosses=(Gloss(moved, {}),),
        evidence={
            "finite": [],
            "identity_component_only": True,
            "theorems": definability(network),
            "ansatz": "all linear maps of the weights",
            "upper_bound": {"value": claims["dimension"].statement.value, "reason": COLUMNS},
            "lower_bound": {"stated and verified": int(claims["stated"].statement.value)},
            "error_bound": None,
            "basis": [],
        },
    )


@entry_of_both(_of_analytic)
def symmetries(model: Model, *, seed: int = DEFAULT_SEED) -> SymmetriesResult:
    """The Lie algebra of linear reparametrizations of ``source`` that leave every function unchanged.

    Raises `InputError` for unusable input.

    >>> symmetries("mlp(2,2,1; x^2)").value["dimension"]
    2
    >>> symmetries("linear(2,2,2)").value
    {'dimension': 4, 'stated': 4, 'unstated': 0, 'orbit_dimension': 4, 'ansatz': 'all'}
    """
    known = linear_symmetries(model, seed)
    if known is None:
        stated, draws = with_new_values(lambda k: _stated(model, generator(seed, "dictionary.symmetries", k)))
        return _too_large(model, stated, _evidence(model, stated), draws)
    ansatz, found, draws = known
    claims = found.verdicts
    value: SymmetriesValue = {
        "dimension": claims["dimension"].statement.value,
        "stated": claims["stated"].statement.value,
        "unstated": claims["unstated"].statement.value,
        "orbit_dimension": claims["orbit_dimension"].statement.value,
        "ansatz": ansatz.scope,
    }
    evidence = _evidence(model, found.stated) | {
        "ansatz": ansatz.name,
        "orbit_dimension_at_least": found.orbit,
        "prime": found.prime,
        "upper_bound": {"value": value["dimension"], "reason": "kernel of the equations at random points over F_p"},
        "lower_bound": {"stated and verified": value["stated"] or 0, "expanded exactly": found.expanded},
        "error_bound": claims["dimension"].statement.error or None,
        "basis": None if found.rational is None else _readable(model, ansatz, found.rational),
    }
    return SymmetriesResult(
        value=value,
        claims=claims,
        evidence=evidence,
        glosses=_glosses(value, ansatz),
        notices=division_notice(draws),
    )


_FOUND: Slot[tuple[Ansatz, ShownSymmetries, int] | None] = Slot("linear symmetries")


def linear_symmetries(model: Model, seed: int) -> tuple[Ansatz, ShownSymmetries, int] | None:
    """The linear maps searched, what is shown of those that change no function, and how often values were drawn; None where the
    equations are too many. Kept with the model."""

    def find() -> tuple[Ansatz, ShownSymmetries, int] | None:
        ansatz = choose_ansatz(model)
        if ansatz is None:
            return None
        found, draws = with_new_values(lambda k: shown_symmetries(model, ansatz, generator(seed, "dictionary.symmetries", k)))
        return ansatz, found, draws

    return model.kept.once(_FOUND, find, seed)


def moved_by_others(model: Model, stated: int | None, seed: int) -> tuple[int | None, Verdict | None]:
    """In how many dimensions more than the ``stated`` symmetries linear ones move general weights, and what is shown of their orbit;
    None where the equations are too many."""
    known = linear_symmetries(model, seed)
    if known is None or stated is None:
        return None, None
    orbit = known[1].verdicts["orbit_dimension"]
    return max(int(orbit.statement.value) - stated, 0), orbit


def _stated(model: Model, rng: np.random.Generator) -> StatedSymmetries:
    p, point = draw_point(model, rng)
    return stated_symmetries(model, p, point)


def _evidence(model: Model, stated: StatedSymmetries) -> SymmetriesEvidence:
    return {
        "symmetries": stated.to_dict(),
        "finite": [{"name": a.name, "verified": a in stated.proved} for a in model.symmetries if a.finite],
        "identity_component_only": True,
        "theorems": [],
    }


def _readable(model: Model, ansatz: Ansatz, vectors: tuple[SparseVector, ...]) -> list[str]:
    names = model.parameter_names()
    shown = []
    for vector in vectors[:_MAX_SHOWN]:
        rows: dict[int, list[str]] = {}
        for (target, source), value in sorted(ansatz.matrix(vector).items()):
            size = "" if abs(value) == 1 else f"{abs(value)}*"
            rows.setdefault(target, []).append(f"{'-' if value < 0 else '+'} {size}{names[source]}")
        parts = [f"d{names[t]} = {' '.join(r).removeprefix('+ ')}" for t, r in rows.items()]
        more = [f"... and {len(parts) - _MAX_COMPONENTS} more"] if len(parts) > _MAX_COMPONENTS else []
        shown.append("; ".join(parts[:_MAX_COMPONENTS] + more))
    if len(vectors) > _MAX_SHOWN:
        shown.append(f"... and {len(vectors) - _MAX_SHOWN} more")
    return shown


def _too_large(model: Model, stated: StatedSymmetries, evidence: SymmetriesEvidence, draws: int) -> SymmetriesResult:
    value: SymmetriesValue = {
        "dimension": None, "stated": None, "unstated": None, "orbit_dimension": stated.rank, "ansatz": None,
    }  # fmt: skip
    texts, also = [Gloss(f"the equations for linear changes of {model.parameters} parameters are too many to solve", {})], {}
    if stated.rank is not None:
        exact = exact_functions(model)
        also["left"] = issue(FieldsVanish(exact.hash, stated.prime, stated.weights, model.parameters, stated.rank), exact)
        texts.append(Gloss(f"the stated symmetries move general weights in at least {stated.rank} dimensions", {"left": FROM_ABOVE}))
    return SymmetriesResult(
        value=value,
        claims=weakly("symmetries", Claim.UNDECIDED, "too many equations"),
        evidence=evidence | {"ansatz": None},
        glosses=tuple(texts),
        also=also,
        notices=division_notice(draws),
    )


_NO_FAMILY = "no continuous family of such changes leaves the functions as they are"


def _glosses(value: SymmetriesValue, ansatz: Ansatz) -> tuple[Gloss, ...]:
    """What the dimensions mean for the weights, and which maps were not searched."""
    others = () if ansatz.scope == "all" else (Gloss("other linear maps were not searched", {}),)
    if not value["dimension"]:
        return (Gloss(_NO_FAMILY, {"dimension": FROM_ABOVE}), *others)
    those = "them" if ansatz.scope == "all" else "these"
    whole = f"all of {those} are stated symmetries, up to finitely many discrete ones"
    return others if value["unstated"] else (Gloss(whole, {"dimension": SURE, "unstated": SURE}), *others)
