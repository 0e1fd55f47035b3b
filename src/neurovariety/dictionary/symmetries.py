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
from fractions import Fraction
from typing import ClassVar, TypedDict

import numpy as np

from neurovariety.certificates.issue import legacy, weakly
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.generic_rank import generic_rank
from neurovariety.geometry.exact.points import (
    degree_bounds,
    division_notice,
    draw_point,
    with_new_values,
)
from neurovariety.geometry.exact.reparametrizations import Ansatz, Scope, choose_ansatz, solve, tested_error
from neurovariety.geometry.exact.stated_symmetries import StatedSymmetries, stated_symmetries
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.model import Model
from neurovariety.program.of_model import directional
from neurovariety.randomness import generator
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.ring import Array
from neurovariety.tolerances import DEFAULT_SEED, ERROR_BOUND, MAX_EXPANDED_TERMS, PRIME_BITS

_MAX_SHOWN = 40
_MAX_COMPONENTS = 16


class SymmetriesValue(TypedDict):
    """Dimensions of Lie algebras, and of a generic orbit, within an ansatz: which linear maps were searched."""

    dimension: int | None
    stated: int | None
    unstated: int | None
    orbit_dimension: int | None
    ansatz: Scope | None


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


@entry
def symmetries(model: Model, *, seed: int = DEFAULT_SEED) -> SymmetriesResult:
    """The Lie algebra of linear reparametrizations of ``source`` that leave every function unchanged.

    Raises `InputError` for unusable input.

    >>> symmetries("mlp(2,2,1; x^2)").value["dimension"]
    2
    >>> symmetries("linear(2,2,2)").value
    {'dimension': 4, 'stated': 4, 'unstated': 0, 'orbit_dimension': 4, 'ansatz': 'all'}
    """
    ansatz = choose_ansatz(model)
    (stated, found), draws = with_new_values(lambda k: _solved(model, ansatz, generator(seed, "dictionary.symmetries", k)))
    evidence: SymmetriesEvidence = {
        "symmetries": stated.to_dict(),
        "finite": [{"name": a.name, "verified": a in stated.proved} for a in model.symmetries if a.finite],
        "identity_component_only": True,
        "theorems": [],
    }
    if ansatz is None or found is None:
        return _too_large(model, stated, evidence)
    basis, p, rational, stated_span, orbit, orbit_proved = found
    dimension = basis.shape[1]
    verified, error = 0, 0.0
    if dimension > stated_span and rational is not None:
        verified = sum(_is_identity(model, ansatz.matrix(v)) for v in rational)
    claim = Claim.PROVED if dimension in (stated_span, verified) else Claim.UPPER_BOUND
    if claim is Claim.UPPER_BOUND and rational is not None:
        error = tested_error(model, ansatz, rational, generator(seed, "dictionary.symmetries.test"))
        claim = Claim.PROBABILITY if error <= ERROR_BOUND else Claim.UPPER_BOUND
    evidence |= {
        "ansatz": ansatz.name,
        "orbit_dimension_at_least": orbit,
        "prime": p,
        "upper_bound": {"value": dimension, "reason": "kernel of the equations at random points over F_p"},
        "lower_bound": {"stated and verified": stated_span, "expanded exactly": verified},
        "error_bound": error if claim is Claim.PROBABILITY else None,
        "basis": None if rational is None else _readable(model, ansatz, rational),
    }
    value: SymmetriesValue = {
        "dimension": dimension,
        "stated": stated_span,
        "unstated": dimension - stated_span,
        "orbit_dimension": orbit if orbit_proved else None,
        "ansatz": ansatz.scope,
    }
    return SymmetriesResult(
        value=value,
        claims=legacy("symmetries", claim),
        meaning=_meaning(value, ansatz),
        evidence=evidence,
        notices=division_notice(draws),
    )


def _solved(
    model: Model, ansatz: Ansatz | None, rng: np.random.Generator
) -> tuple[StatedSymmetries, tuple[Array, int, list[list[Fraction]] | None, int, int, bool] | None]:
    p, point = draw_point(model, rng)
    stated = stated_symmetries(model, p, point)
    if ansatz is None:
        return stated, None
    j_rank = generic_rank(model, p, point, model.parameters).rank
    basis, q, rational = solve(model, ansatz, lambda: random_prime(PRIME_BITS, rng), rng, max(j_rank, 1))
    span = rank(_flattened(model, ansatz, stated), q) if stated.proved else 0
    orbit = _orbit(model, ansatz, basis, point.weights, p, q)
    if orbit < min(basis.shape[1], model.parameters - j_rank):  # not as large as it can be: ask another point
        other, fresh = draw_point(model, rng)
        orbit = max(orbit, _orbit(model, ansatz, basis, fresh.weights, other, q))
    orbit_proved = orbit == min(basis.shape[1], model.parameters - j_rank)
    return stated, (basis, q, rational, span, orbit, orbit_proved)


def _flattened(model: Model, ansatz: Ansatz, stated: StatedSymmetries) -> Array:
    """The stated generators as vectors of matrix entries, restricted to positions that the ansatz knows."""
    n = model.parameters
    positions = np.unique(ansatz.target.astype(np.int64) * n + ansatz.source)
    actions = [a for a in stated.proved if not a.finite]
    out = np.zeros((sum(a.generators for a in actions), len(positions)))
    at = 0
    for a in actions:
        g, t, s, v = a.entries(model.places)
        key = t.astype(np.int64) * n + s
        where = np.minimum(np.searchsorted(positions, key), len(positions) - 1)
        known = positions[where] == key
        np.add.at(out, (at + g[known], where[known]), v[known])
        at += a.generators
    return out


def _orbit(model: Model, ansatz: Ansatz, basis: Array, weights: Array, p: int, q: int) -> int:
    """Dimension of a generic orbit: rank of the fields A w at random weights over F_q."""
    fields = np.zeros((basis.shape[1], model.parameters))
    lifted = np.mod(weights, p)
    for i in range(basis.shape[1]):
        terms = np.mod(basis[ansatz.unknown, i] * lifted[ansatz.source], q) * ansatz.value
        fields[i] = np.mod(np.bincount(ansatz.target, weights=terms, minlength=model.parameters), q)
    return rank(fields, q)


def _is_identity(model: Model, matrix: dict[tuple[int, int], Fraction]) -> bool:
    """Whether J(w) A w = 0 identically, by exact expansion; False also where the expansion is too large."""
    if any(c is None for c in model.coefficients) or degree_bounds(model).parameters > 60:
        return False
    n, m = model.parameters, model.inputs
    ring = Polynomials([f"w{i}" for i in range(n)] + [f"x{i}" for i in range(m)], MAX_EXPANDED_TERMS)
    variables = ring.generators()
    weights, x = variables[:n], variables[n:].reshape(model.input_shape)
    direction = ring.zeros((n,))
    for (target, source), value in matrix.items():
        scaled = ring.multiply(ring.constant(np.array([value], dtype=object)), weights[source : source + 1])
        direction[target] = ring.add(direction[target : target + 1], scaled)[0]
    coefficients = ring.constant(np.array(model.coefficients, dtype=object))
    try:
        out = directional(model, ring, weights, direction, x, coefficients)
    except ResourceError:
        return False
    return not any(bool(v) for v in out.reshape(-1))


def _readable(model: Model, ansatz: Ansatz, vectors: list[list[Fraction]]) -> list[str]:
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


def _too_large(model: Model, stated: StatedSymmetries, evidence: SymmetriesEvidence) -> SymmetriesResult:
    value: SymmetriesValue = {
        "dimension": None, "stated": None, "unstated": None, "orbit_dimension": stated.rank, "ansatz": None,
    }  # fmt: skip
    return SymmetriesResult(
        value=value,
        claims=weakly("symmetries", Claim.UNDECIDED, "too many equations"),
        meaning=f"the equations for all linear reparametrizations of {model.parameters} parameters are too many to solve; the "
        f"stated symmetries move generic weights in {stated.rank} dimensions",
        evidence=evidence | {"ansatz": None},
    )


def _meaning(value: SymmetriesValue, ansatz: Ansatz) -> str:
    if not value["dimension"]:
        return f"no continuous linear symmetry among {ansatz.name}: weights are determined up to finite choices of this kind"
    group = f"a {value['dimension']}-dimensional group of linear changes of the weights leaves every function unchanged"
    unstated, of_all = value["unstated"], "it" if ansatz.scope == "all" else "these"
    more = f"{unstated} of its dimensions are not among the stated symmetries"
    text = f"{group}; {more if unstated else f'the stated symmetries are all of {of_all}'}"
    if ansatz.scope == "all":
        return text
    return f"among {ansatz.name.removesuffix(' (not all linear maps)')} {text}, and other linear maps were not searched"
