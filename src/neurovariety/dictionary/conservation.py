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
them; else `lower_bound`.

Sources: Marcotte, Gribonval, Peyre 2023; Marchetti et al. 2025, 4.4; Sussmann 1973.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, TypedDict

from neurovariety.certificates.issue import legacy
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError
from neurovariety.geometry.exact.gradient_fields import (
    Polynomial,
    closure_rank,
    conserved_polynomials,
    independent,
    outputs_as_polynomials,
    require_few_monomials,
)
from neurovariety.geometry.invariants.rank_at_data import exact_inputs
from neurovariety.model import Array, Model
from neurovariety.options import Option, Whole
from neurovariety.randomness import generator
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.dynamics.balanced_leaf import Leaf, balanced_leaf

_STREAM = "dictionary.conservation"
_MOST_SHOWN = 40
_MOST_SAMPLES = 60


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
    """``value`` is ``{"independent", "complete", "laws"}``: the number of independent conserved quantities, whether it is shown that
    there are no others, and a basis of the polynomial ones up to the degree asked for (the first 40), as text.

    ``evidence``: ``degree``, ``basis_size``, ``upper_bound``, ``lie_closure_rank``, ``for_data`` (how many samples, or null), and
    ``balanced``: the leaf of weights at which all laws found are zero (`balanced_leaf`; an estimate), null where there are no laws.
    """

    entry: ClassVar[str] = "conservation"
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
            "CSV file: what is conserved for losses on its rows only",
            kind="table",
            columns="columns of --data that are no inputs, separated by commas",
        ),
    ] = None,
    seed: int = DEFAULT_SEED,
) -> ConservationResult:
    """The quantities that gradient flow of ``source`` conserves, for every loss and all data, or for the inputs ``data``.

    ``degree``: laws are polynomials of at most this degree. ``data``: inputs (samples, features), as they are. Raises `InputError`
    for unusable input or a rational model, `DataError` for unusable data, `ResourceError` where the model is too large to write out or
    has too many weights for the degree.

    >>> conservation("linear(2,2,2)").value["independent"]
    3
    >>> conservation("mlp(1,1,1; x^2)").value["laws"]
    ['W1[0,0]^2 - 2*W2[0,0]^2']
    """
    n, rng = model.parameters, generator(seed, _STREAM)
    require_few_monomials(n, degree)
    table = None if data is None else exact_inputs(model, data)
    samples = None if table is None else len(table)
    polynomials = outputs_as_polynomials(model, None if table is None else _points(table))
    laws = conserved_polynomials(polynomials, n, degree)
    least = independent(laws, n, rng)
    rank, brackets = closure_rank(polynomials, n, n - least, rng)
    complete = least == n - rank
    evidence: ConservationEvidence = {
        "degree": degree,
        "for_data": samples,
        "parameters": n,
        "gradient_fields": len(polynomials),
        "lie_closure_rank": rank,
        "brackets": brackets,
        "upper_bound": n - rank,
        "basis_size": len(laws),
        "balanced": _plain(balanced_leaf(laws, polynomials, n, rng)) if laws else None,
    }
    value = {"independent": least, "complete": complete, "laws": [_shown(law, model) for law in laws[:_MOST_SHOWN]]}
    return ConservationResult(
        value=value,
        claims=legacy("conservation", Claim.PROVED if complete else Claim.LOWER_BOUND),
        meaning=_meaning(least, n - rank, n, degree, samples),
        evidence=evidence,
        options={"data": table},
    )


def _points(table: Array) -> list[list[Fraction]]:
    """The samples as rows of numbers. Raises `InputError` where they are many."""
    if len(table) > _MOST_SAMPLES:
        raise InputError(
            f"{len(table)} samples: laws for fixed data are of interest where there are few; expected at most {_MOST_SAMPLES}; "
            "without data the laws for all data are found"
        )
    return table.reshape(len(table), -1).tolist()


def _shown(law: Polynomial, model: Model) -> str:
    names = model.parameter_names()
    text = ""
    for exponents, c in sorted(law.items(), reverse=True):
        letters = "*".join(f"{names[i]}^{k}" if k > 1 else names[i] for i, k in enumerate(exponents) if k)
        size = "" if abs(c) == 1 else f"{abs(c)}*"
        text += f" {'-' if c < 0 else '+'} {size}{letters}" if text else f"{'-' if c < 0 else ''}{size}{letters}"
    return text


def _plain(leaf: Leaf | None) -> dict[str, Any]:
    return {"found": False} if leaf is None else {"found": True} | leaf._asdict()


def _meaning(least: int, most: int, n: int, degree: int, samples: int | None) -> str:
    of = "for every loss and all data" if samples is None else f"for every loss on these {samples} inputs"
    count = f"{least} independent quantit{'y' if least == 1 else 'ies'}"
    if least == most:
        end = f"training moves on leaves of dimension {n - least} in {n} weights" if least else "nothing ties training to its start"
        return f"gradient flow conserves exactly {count} {of}: {end}"
    return f"gradient flow conserves at least {count} {of}, polynomials of degree at most {degree}; at most {most} exist"
