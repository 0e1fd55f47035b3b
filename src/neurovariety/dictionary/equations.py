"""Equations of the neurovariety, degree by degree.

The neurovariety, the Zariski closure of the neuromanifold, is the zero set of the polynomials in the coefficients of f that
vanish on every f_w. Those of degree k form a finite-dimensional space I_k, found by exact interpolation. For learning they are
what every function of the model satisfies, whatever its weights: a target that violates one can never be fit without error, nor
approximated arbitrarily well.

What is proved. Each generator listed is expanded with the parametrization put in and vanishes identically over Q. The dimension
of I_k is at most the nullity of the sample matrix mod p, and at least the number of independent multiples of the generators:
where these agree, as they are checked to, the Hilbert function is exact. Equations of higher degree are not excluded, except
where the model fills its span (then there are none) or its neurovariety is a hypersurface in it (then all are multiples of the
one of lowest degree). The gradients of the equations at a function of the model bound its dimension from above; `dimension` uses
that. Where an expansion would take too long the generators are checked at random points instead, and the claim is `probability`.

Source: Marchetti et al. 2025, section 4.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, ClassVar, NotRequired, TypedDict

from neurovariety.certificates.hilbert_function import (
    BoundByEquations,
    GenerateAll,
    HilbertFunction,
    MinimalGenerators,
    SearchedUpTo,
)
from neurovariety.certificates.issue import NotShown, Verdict, first_shown, issue, weakly
from neurovariety.certificates.known_equations import WrittenEquations
from neurovariety.certificates.realized import written
from neurovariety.certificates.sentences import SURE, Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.ideal.coefficients import Coordinate
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.ideal.find_equations import FoundEquations
from neurovariety.geometry.invariants.equations import Equations, equations_of, violation
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED

_MAX_LISTED = 40
_MAX_SHOWN_TERMS = 400


class EquationsEvidence(TypedDict):
    """What the equations rest on, and the names of their coordinates."""

    asked_degree: NotRequired[int | None]
    coordinates: dict[str, str]
    homogeneous: bool
    gradings: int
    equations_by_degree: list[int]
    stopped: str
    complete: str
    verified: str
    error_bound: float | None
    seeds: list[int]
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class EquationsResult(EntryResult):
    """Equations of a neurovariety.

    ``value`` holds ``up_to_degree`` (the degree searched); ``generators``, the minimal ones counted by degree; ``hilbert``, the
    dimension of the forms of degree 0, 1, ... modulo the equations; ``equations``, the generators written out (the first 40);
    ``complete``, whether they generate all equations of every degree; ``dimension_at_most``, the bound that they prove. Coordinates
    c0, c1, ... are the coefficients named in ``evidence["coordinates"]``; where the model is not a cone, equations are inhomogeneous
    and the Hilbert function is that of the projective closure. ``system`` (in Python, on a fresh result) holds the generators as
    data.
    """

    entry: ClassVar[str] = "equations"
    spoken: ClassVar[tuple[str, ...]] = ("equations", "dimension_at_most")
    evidence: EquationsEvidence
    left_behind: ClassVar[tuple[str, ...]] = (*EntryResult.left_behind, "system")
    system: FoundEquations | None = field(default=None, repr=False, compare=False)

    def speaks(self) -> tuple[str, ...]:
        """Where a gloss says that there are none, nothing else is said."""
        return self.spoken if self.value["generators"] or not self.glosses[0].holds(self.verdicts) else ()

    def violated(self, target: Mapping[Coordinate, Fraction]) -> str | None:
        """The first equation that a function violates, in words, or None. ``target`` maps (output, exponents) to coefficients."""
        system = self.system if self.system is not None else self._again(self.provenance.seed).system
        assert system is not None
        return violation(system, target)

    def shown(self) -> str:
        found = ", ".join(f"{n} of degree {k}" for k, n in self.value["generators"].items()) or "none"
        if found == "none" and self.value["complete"] and not self.weaker("complete"):
            return found
        return f"{found} (up to degree {self.value['up_to_degree']})"

    def summary(self) -> str:
        named = self.evidence["coordinates"]
        legend = ", ".join(f"{c} of {m}" for c, m in list(named.items())[:12]) + (", ..." if len(named) > 12 else "")
        lines = [super().summary(), f"  coefficients: {legend}"]
        lines += [f"  {e} = 0" for e in self.value["equations"][:6]]
        left = sum(self.value["generators"].values()) - len(self.value["equations"][:6])
        return "\n".join(lines + ([f"  and {left} more"] if left > 0 else []))


@entry
def equations(
    model: Model,
    *,
    degree: Annotated[
        int | None,
        Option("all equations of at most this degree (default: as far as a few seconds allow)", recorded="asked_degree"),
        Whole("a degree is a whole number from {least} to {most}", 1, 50),
    ] = None,
    seed: int = DEFAULT_SEED,
) -> EquationsResult:
    """All equations of degree at most ``degree`` of the neurovariety of ``source``, a model that is polynomial in weights and inputs.

    Without ``degree`` the search stops where all equations are known, else where matrices pass a few hundred columns. Raises
    `InputError` for a rational model or one with generic coefficients, `ResourceError` where the degree asked for is out of reach.

    >>> equations("linear(2,1,2)").value["equations"]
    ['c0*c3 - c1*c2']
    >>> equations("mlp(2,2,1; x^3 + x^2)").value["generators"]
    {'3': 1}
    """
    found = equations_of(model, seed=seed, degree=degree)
    system, coordinates = found.system, found.system.coordinates
    short = tuple(i for i, g in enumerate(system.generators) if len(g.terms) <= _MAX_SHOWN_TERMS)[:_MAX_LISTED]
    value = {
        "up_to_degree": system.searched,
        "generators": {str(k): n for k, n in Counter(g.degree for g in system.generators).items()},
        "hilbert": list(system.hilbert),
        "equations": [written(system.generators[i], coordinates.count) for i in short],
        "complete": found.complete,
        "dimension_at_most": system.bound,
    }
    evidence: EquationsEvidence = {
        "coordinates": coordinates.described(model.inputs),
        "homogeneous": coordinates.is_cone,
        "gradings": coordinates.grading.shape[1],
        "equations_by_degree": list(system.equations),
        "stopped": system.stopped,
        "complete": found.why,
        "verified": "expanded with the parametrization put in, over Q" if not system.error else "at random points mod random primes",
        "error_bound": found.error_bound,
        "seeds": [seed],
        "theorems": [],
    }
    return EquationsResult(
        value=value,
        claims=_claims(model, found, value, short),
        glosses=_glosses(found, len(short)),
        evidence=evidence,
        system=system,
    )


def _claims(model: Model, found: Equations, value: Mapping[str, object], listed: tuple[int, ...]) -> dict[str, Verdict]:
    """Certificates of the equations, of their numbers by degree, and of what follows."""
    exact, system = exact_coefficients(model), found.system
    known, (p, weights) = system.known, system.place
    assert known is not None
    bound = BoundByEquations(known, p, weights, system.coordinates.count - system.bound)
    claims = {"equations": issue(WrittenEquations(known, listed), exact), "dimension_at_most": issue(bound, exact)}
    try:
        hilbert = issue(HilbertFunction(known, system.hilbert, system.places, system.places[0].prime), exact)
    except NotShown as why:
        rest = weakly("equations", Claim.ESTIMATE, f"the numbers by degree are those mod one prime: {why}")
        return {key: claims[key] if key in claims else rest(key, part) for key, part in value.items()}
    claims["hilbert"], claims["up_to_degree"] = hilbert, issue(SearchedUpTo(hilbert), exact)
    claims["generators"] = first_shown(exact, MinimalGenerators(hilbert), MinimalGenerators(hilbert, exactly=False))
    claims["complete"] = issue(GenerateAll(hilbert, found.rank, found.complete), exact)
    return claims


def _glosses(found: Equations, few: int) -> tuple[Gloss, ...]:
    """What is known of the equations, of which ``few`` are listed."""
    total, coordinates = len(found.system.generators), found.system.coordinates.count
    among = f"the {counted(coordinates, 'coefficient')} that occur{'s' * (coordinates == 1)}"
    generators = {"generators": SURE}
    if not total:
        if found.complete:
            none = f"no equation of any degree holds among {among}: almost every choice of them occurs, over C"
            return (Gloss(none, {"complete": SURE}),)
        return (
            Gloss(f"no equation of degree up to {found.system.searched} holds among {among}", generators),
            Gloss("equations of higher degrees are not excluded", {}),
        )
    degree = "" if found.complete else f" of degree up to {found.system.searched}"
    which = f"{counted(total, 'equation')} among {among} generate{'s' * (total == 1)} all equations{degree}"
    if total > few:  # the numbers of equations, of those listed and of coefficients may be mistaken for one another
        which = f"{_listed_and_others(few, total - few)} generate all equations{degree} among {among}"
    return (
        Gloss(which, {"generators": SURE, "complete": SURE})
        if found.complete
        else Gloss(f"{which}; equations of higher degrees are not excluded", generators),
        Gloss("a target that violates one is not fit without error on enough data", {"equations": SURE}),
    )


def _listed_and_others(listed: int, others: int) -> str:
    if not listed:
        return f"{counted(others, 'equation')}, none of them listed,"
    return f"the {'equation' if listed == 1 else f'{listed} equations'} listed and {counted(others, 'other')}"
