"""Conserved quantities of gradient flow: what training cannot change, whatever the loss and the data?

Under gradient flow the weights move along gradients of the c_i(w), the coefficients of the outputs. A function h of the weights is
conserved for every loss and all data if and only if grad h . grad c_i = 0 for all i; for fixed data the c_i are the outputs at their
inputs. Balancedness of linear networks is the best known example. Quadratic conserved quantities w^T S w are the symmetric matrices S
among the infinitesimal symmetries. For learning: the initial values of the conserved quantities choose the leaf on which training
stays, and with it the solution that is found.

What is proved. Laws up to the degree asked for are found by exact linear algebra over Q, and are identities. The rank of their
differentials at a point mod a prime is a lower bound of the number of independent laws. The weights minus the rank of the Lie algebra
that the gradient fields generate, at a point mod a prime, is an upper bound for functions of any kind, for what is constant on the
orbits of a family of flows is annihilated by the Lie algebra. Equal bounds: `proved`, and the laws found are all, up to functions of
them; else `lower_bound`. That there are no further laws of the degree asked for is proved too: by the rank of grad h . grad c_i,
for all h of that degree, at points mod a prime. For a rational output N/D the fields are the coefficients of D grad N - N grad D,
which span the gradients at general weights.

Sources: Marcotte, Gribonval, Peyre 2023; Marchetti et al. 2025, 4.4; Sussmann 1973.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, TypedDict

import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.conserved import (
    ALL_CONSERVED,
    AllShown,
    ConservedLaws,
    FlowBrackets,
    IndependentLaws,
    Law,
    differentials,
    law_text,
    monomials_up_to,
)
from neurovariety.certificates.functions import Inputs
from neurovariety.certificates.issue import Verdict, first_shown, issue, weak
from neurovariety.certificates.sentences import FROM_ABOVE, SHOWN, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import rank_of_rows
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.gradient_fields import (
    PRIME,
    FlowClosure,
    conserved_polynomials,
    flow_closure,
    require_few_monomials,
)
from neurovariety.geometry.invariants.rank_at_data import exact_inputs
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Array, Model
from neurovariety.options import Option, Whole
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.dynamics.balanced_leaf import Leaf, balanced_leaf

_STREAM = "dictionary.conservation"
_MOST_SHOWN = 40
_MOST_SAMPLES = 60
_BITS = 30
"""Of the prime at which polynomials are held against the fields: products of residues fit a word."""
_SPARE, _DOUBLED = 2, 4
"""Points to spare, and how often their number is doubled, where the fields have a lower rank than weights allow."""


class ConservationEvidence(TypedDict):
    """What conserved quantities rest on. ``for_data``: the number of samples, None for all data."""

    degree: int
    for_data: int | None
    parameters: int
    gradient_fields: int
    lie_closure_rank: int
    brackets: int
    upper_bound: int
    basis_size: int
    balanced: Facts | None


@dataclass(frozen=True, repr=False)
class ConservationResult(EntryResult):
    """``value`` is ``{"independent", "complete", "laws"}``: the number of independent conserved quantities, true where it is shown
    that there are no others (else null), and a basis of the polynomial ones up to the degree asked for (the first 40), as text.

    ``evidence``: ``degree``, ``basis_size``, ``upper_bound``, ``lie_closure_rank``, ``for_data`` (how many samples, or null), and
    ``balanced``: the leaf of weights at which all laws found are zero (`balanced_leaf`; an estimate), null where there are no laws.
    """

    entry: ClassVar[str] = "conservation"
    spoken: ClassVar[tuple[str, ...]] = ("independent",)
    evidence: ConservationEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "marcotte2023", "sussmann1973")


@entry
def conservation(
    model: Model,
    *,
    degree: Annotated[
        int,
        Option("look for polynomials of at most this degree (default: 2)"),
        Whole("a degree is a positive integer", 1),
    ] = 2,
    data: Annotated[
        Any,
        Option(
            "file with a table: what is conserved for losses on its rows only",
            kind="table",
            columns="columns of --data that are no inputs, separated by commas",
        ),
    ] = None,
    seed: int = DEFAULT_SEED,
) -> ConservationResult:
    """The quantities that gradient flow of ``source`` conserves, for every loss and all data, or for the inputs ``data``.

    ``degree``: laws are polynomials of at most this degree. ``data``: inputs (samples, features), as they are. Raises `InputError`
    for unusable input, `DataError` for unusable data, `ResourceError` where the model is too large to write out or has too many
    weights for the degree.

    >>> conservation("linear(2,2,2)").value["independent"]
    3
    >>> conservation("mlp(1,1,1; x^2)").value["laws"]
    ['W1[0,0]^2 - 2*W2[0,0]^2']
    """
    n, rng = model.parameters, generator(seed, _STREAM)
    require_few_monomials(n, degree)
    table = None if data is None else exact_inputs(model, data)
    inputs = None if table is None else _points(table)
    fields = exact_functions(model).gradient_fields(inputs)
    laws = conserved_polynomials(fields, n, degree)
    shown = _laws_shown(model, inputs, tuple(tuple(sorted(law.items())) for law in laws), degree, rng)
    number, claims, upper, closure = _number_shown(model, inputs, shown, rng)
    least, most = int(number.statement.value), n - closure.rank
    value = {"independent": least, "complete": claims.statement.value, "laws": shown.statement.value}
    evidence: ConservationEvidence = {
        "degree": degree,
        "for_data": None if inputs is None else len(inputs),
        "parameters": n,
        "gradient_fields": len(fields),
        "lie_closure_rank": closure.rank,
        "brackets": closure.looked_at,
        "upper_bound": most,
        "basis_size": len(laws),
        "balanced": _plain(balanced_leaf(laws, fields, n, rng)) if laws else None,
    }
    return ConservationResult(
        value=value,
        claims={"independent": number, "complete": claims, "laws": shown},
        evidence=evidence,
        glosses=_glosses(least, evidence),
        also={"most": upper},
        options={"data": table},
    )


def _laws_shown(model: Model, inputs: Inputs | None, laws: tuple[Law, ...], degree: int, rng: np.random.Generator) -> Verdict:
    """That the laws are conserved, and all of their degree."""
    exact, p = exact_functions(model), random_prime(_BITS, rng)
    texts = tuple(law_text(law, exact.weight_names) for law in laws[:_MOST_SHOWN])
    fields = len(exact.gradient_fields(inputs))
    least = ConservedLaws(exact.hash, inputs, laws, degree, _MOST_SHOWN, texts, p, ())
    if not fields:
        return issue(replace(least, points=((1,) * model.parameters,)), exact)
    count = -(-len(monomials_up_to(model.parameters, degree)) // min(fields, model.parameters)) + _SPARE
    points = tuple(tuple(int(v) for v in rng.integers(1, p, model.parameters)) for _ in range(count * 2**_DOUBLED))
    tried = (replace(least, points=points[: count * 2**k]) for k in range(_DOUBLED + 1))
    return first_shown(exact, *tried, least)


def _number_shown(
    model: Model, inputs: Inputs | None, laws: Verdict, rng: np.random.Generator
) -> tuple[Verdict, Verdict, Verdict, FlowClosure]:
    """The number of independent conserved quantities, whether that is all, its bound from above, and the brackets for that."""
    exact, n = exact_functions(model), model.parameters
    shown, point = laws.certificate, tuple(int(v) for v in rng.integers(1, PRIME, n))
    assert isinstance(shown, ConservedLaws)
    lower = issue(IndependentLaws(laws, PRIME, point, rank_of_rows(differentials(shown.laws, point, PRIME), PRIME)), exact)
    least = int(lower.statement.value)
    closure = flow_closure(exact.gradient_fields(inputs), n, n - least, rng)
    brackets = FlowBrackets(exact.hash, inputs, PRIME, closure.point, closure.generators, closure.brackets, n, closure.rank)
    upper = issue(brackets, exact)
    number = issue(Meets(lower, upper), exact) if upper.statement.value == least else lower
    every = Statement(ALL_CONSERVED, exact.hash, None)
    try:
        return number, issue(AllShown(lower, upper), exact), upper, closure
    except NotShown as why:
        return number, weak(every, Claim.UNDECIDED, str(why)), upper, closure


def _points(table: Array) -> Inputs:
    """The samples as rows of numbers. Raises `InputError` where they are many."""
    if len(table) > _MOST_SAMPLES:
        raise InputError(
            f"{len(table)} samples: laws for fixed data are of interest where there are few; expected at most {_MOST_SAMPLES}; "
            "without data the laws for all data are found"
        )
    return tuple(map(tuple, table.reshape(len(table), -1).tolist()))


def _plain(leaf: Leaf | None) -> dict[str, Any]:
    return {"found": False} if leaf is None else {"found": True} | leaf._asdict()


def _glosses(least: int, evidence: ConservationEvidence) -> tuple[Gloss, ...]:
    """What the number means for training, or how far others were looked for."""
    n, degree, most, samples = evidence["parameters"], evidence["degree"], evidence["upper_bound"], evidence["for_data"]
    about = (Gloss(f"{counted(samples, 'input')} {'is' if samples == 1 else 'are'} given", {}),) if samples is not None else ()
    if least == most:
        leaves = f"this keeps training on a set of dimension {n - least} in the space of {counted(n, 'weight')}"
        return (*about, Gloss(leaves if least else "no such quantity ties training to its start", {"independent": SHOWN}))
    looked = Gloss(f"they were looked for among polynomials of degree up to {degree}", {})
    return (*about, looked, Gloss(f"there are at most {most}", {"most": FROM_ABOVE}))
