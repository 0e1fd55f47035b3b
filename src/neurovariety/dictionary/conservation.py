"""Conserved quantities of gradient flow (D13 of the dictionary): what training cannot change, whatever the loss and the data?

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

import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.data import data as data_entry
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import InputError
from neurovariety.geometry.exact.gradient_fields import (
    Polynomial,
    closure_rank,
    conserved_polynomials,
    independent,
    outputs_as_polynomials,
)
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import Provenance
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.dynamics.balanced_leaf import Leaf, balanced_leaf

_STREAM = "dictionary.conservation"
_MOST_SHOWN = 40
_MOST_SAMPLES = 60


@dataclass(frozen=True, repr=False)
class ConservationResult(EntryResult):
    """``value`` is ``{"independent", "complete", "laws"}``: the number of independent conserved quantities, whether it is shown that
    there are no others, and a basis of the polynomial ones up to the degree asked for (the first 40), as text.

    ``evidence``: ``degree``, ``basis_size``, ``upper_bound``, ``lie_closure_rank``, ``for_data`` (how many samples, or null), and
    ``balanced``: the leaf of weights at which all laws found are zero (`balanced_leaf`; an estimate), null where there are no laws.
    """

    entry: ClassVar[str] = "conservation"
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "marcotte2023", "sussmann1973")
    inputs: Any = field(default=None, compare=False)

    def _options(self) -> dict[str, Any]:
        if self.evidence["for_data"] is not None and self.inputs is None:
            raise InputError("laws for data, read back from JSON, do not hold the data; call conservation() on them again")
        return {"degree": self.evidence["degree"], "data": self.inputs}


def conservation(source: Source, *, degree: int = 2, data: Any = None, seed: int = DEFAULT_SEED) -> ConservationResult:
    """The quantities that gradient flow of ``source`` conserves, for every loss and all data, or for the inputs ``data``.

    ``degree``: laws are polynomials of at most this degree. ``data``: inputs (samples, features), as they are. Raises `InputError`
    for unusable input or a rational model, `DataError` for unusable data, `ResourceError` where the model is too large to write out or
    has too many weights for the degree.

    >>> conservation("linear(2,2,2)").value["independent"]
    3
    >>> conservation("mlp(1,1,1; x^2)").value["laws"]
    ['W1[0,0]^2 - 2*W2[0,0]^2']
    """
    start = time.perf_counter()
    model = as_model(source)
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise InputError(f"a degree is a positive integer, got {degree!r}")
    table: Any = None
    points: list[list[Fraction]] | None = None
    if data is not None:
        table = quietly(data_entry, model, data, seed=seed).inputs
        if len(table) > _MOST_SAMPLES:
            raise InputError(
                f"{len(table)} samples: laws for fixed data are of interest where there are few; expected at most {_MOST_SAMPLES}; "
                "without data the laws for all data are found"
            )
        points = [[Fraction(v) for v in _flat(row)] for row in table]
    n, rng = model.parameters, generator(seed, _STREAM)
    polynomials = outputs_as_polynomials(model, points)
    laws = conserved_polynomials(polynomials, n, degree)
    least = independent(laws, n, rng)
    rank, brackets = closure_rank(polynomials, n, n - least, rng)
    complete = least == n - rank
    evidence = {
        "degree": degree,
        "for_data": None if table is None else len(table),
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
        claim=Claim.PROVED if complete else Claim.LOWER_BOUND,
        subject=model.name,
        meaning=_meaning(least, n - rank, n, degree, None if table is None else len(table)),
        evidence=evidence,
        provenance=Provenance.since(start, seed),
        model=model,
        inputs=table,
    )


def _flat(row: Any) -> list[Any]:
    return list(row.reshape(-1)) if hasattr(row, "reshape") else list(row)


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
