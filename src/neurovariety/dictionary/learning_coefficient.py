"""Learning coefficients: how many degrees of freedom does Bayesian learning see at a function?

Let K(w) be the mean squared difference of f_w and the true function. Near a zero of K the volume of {K <= e} is, up to constants,
e^c |log e|^(m-1) as e goes to 0: c is the learning coefficient (real log canonical threshold), m its multiplicity. With n samples
the Bayesian generalization error is c/n, and the free energy c log n - (m - 1) log log n, where a regular model of d parameters has
c = d/2. Over all weights that give the function the smallest c counts, with its largest m.

What is proved. For a general function c is half of the dimension. At weights where the Jacobian has its generic rank it is that
too. Deep linear networks have Aoyagi's formula for a true matrix of any rank, networks with one input a formula at the zero
function. Elsewhere coefficients minus those of the function are a germ, which is taken apart (coordinates solved for, separate
variables, powers, changes of coordinates) until its Newton polyhedra tell: from below by a linear programme in each cell of their
fan, with the real zeros of the leading forms, from above by a region of weights. Both are certificates over Q. Where they do not
meet, both bounds are the answer.

With ``method="estimate"`` a sampler answers where the bounds do not meet, with an interval, and stands beside an exact answer. What
the coefficient is not: dependent on the density of the inputs. Their support alone matters.

Sources: Watanabe 2009; Aoyagi 2024; Aoyagi, Watanabe 2005; Arnold, Gusein-Zade, Varchenko 1988; Geyer 1991.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, NotRequired, TypedDict

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.learning_coefficients import GENERAL_FUNCTION, CoefficientAtWeights, CoefficientOfLinear
from neurovariety.certificates.neurons_on_a_line import CoefficientOfNeurons
from neurovariety.certificates.sentences import SURE, Gloss
from neurovariety.certificates.smaller_coefficients import SmallerNetworkCoefficients
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry_of_source
from neurovariety.errors import InputError
from neurovariety.geometry.exact.special_fiber import exact_weights
from neurovariety.learning.analytic_notation import analytic_network
from neurovariety.learning.coefficient_of_question import (
    KnownCoefficient,
    at_weights,
    of_analytic,
    of_functions,
    of_general_function,
    of_rank,
    of_zero_function,
)
from neurovariety.learning.coefficients_inside import smaller_coefficients
from neurovariety.learning.estimate_of_question import (
    SampledQuestion,
    estimated,
    near_origin,
    near_weights,
    near_zero,
    of_odd_network,
    of_true_rank,
)
from neurovariety.learning.estimated_coefficient import EstimatedCoefficient
from neurovariety.learning.functions_text import read_functions
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED

_THEOREMS: dict[str, tuple[Facts, ...]] = {
    "dimension": ({"name": "constant rank", "statement": "half of the rank of the Jacobian", "source": "watanabe2009"},),
    "constant rank": ({"name": "constant rank", "statement": "half of the rank of the Jacobian", "source": "watanabe2009"},),
    "deep linear networks": (
        {"name": "deep linear networks", "statement": "a formula in the widths and the true rank", "source": "aoyagi2024"},
    ),
    "neurons on a line": (
        {"name": "neurons with one input", "statement": "a formula in widths and Taylor degrees", "source": "aoyagi2005"},
    ),
    "germ": ({"name": "Newton polyhedra", "statement": "leading forms with independent slopes", "source": "arnold1988"},),
    "sampling": ({"name": "replica exchange", "statement": "chains at many temperatures exchange states", "source": "geyer1991"},),
}


class LearningCoefficientEvidence(TypedDict):
    """By which ``route`` it was found, and the ``steps`` of a proof about a germ. For a model also ``parameters``. ``estimate``: the
    sampler's value, interval and diagnostics, with the calibration on a linear network."""

    route: str
    steps: list[str]
    theorems: list[Facts]
    parameters: NotRequired[int]
    estimate: NotRequired[Facts]


@dataclass(frozen=True, repr=False)
class LearningCoefficientResult(EntryResult):
    """``value``: ``learning_coefficient``, an exact fraction as text, and ``multiplicity``.

    For a general function also ``smaller_networks``, rows of what is known at functions of smaller networks: ``network`` (a notation,
    "zero", or the rank of a matrix), its ``learning_coefficient`` and ``multiplicity``, or ``at_most``, a bound; ``at``, the weights of
    the one function that the row speaks of, null where it speaks of all weights.

    Where the bounds do not meet both are null, and ``at_least`` and ``at_most`` hold what is proved from both sides; with
    ``method="estimate"`` both are estimates, the coefficient a decimal number with an ``interval`` by chains and fit, of which
    no coverage is promised.
    """

    entry: ClassVar[str] = "learning-coefficient"
    evidence: LearningCoefficientEvidence
    sources: ClassVar[tuple[str, ...]] = ("watanabe2009",)

    def speaks(self) -> Iterable[str]:
        """What is known."""
        return [key for key, part in self.value.items() if part is not None] or ["learning_coefficient"]

    def _repeatable(self) -> object:
        """An estimate may change with the seed."""
        return {key: part for key, part in self.value.items() if self.verdicts[key].claim is not Claim.ESTIMATE}


@entry_of_source
def learning_coefficient(
    source: Source | None = None,
    *,
    functions: Annotated[
        str | None,
        Option("in place of ARCH: polynomials such as 'x^2*y; y^3', the sum of whose squares is asked at the origin", kind="source"),
    ] = None,
    at: Annotated[
        ExactNumbers | None,
        Option("weights, comma-separated exact numbers (1,1/3,0.5,...), and the function that they give", kind="numbers"),
    ] = None,
    true_rank: Annotated[
        int | None, Option("the rank of the true matrix of a deep linear network"), Whole("a rank is a whole number from 0 on", 0)
    ] = None,
    truth: Annotated[
        Literal["general", "zero"], Option("the true function: a general one of the model, or zero (default: general)")
    ] = "general",
    method: Annotated[
        Literal["exact", "estimate"], Option("estimate: by sampling where nothing exact is known, and beside it (default: exact)")
    ] = "exact",
    seed: int = DEFAULT_SEED,
) -> LearningCoefficientResult:
    """The learning coefficient of ``source``, or of ``functions`` at the origin, with its multiplicity.

    For a general function of the model unless ``at``, ``true_rank`` or ``truth`` say otherwise. Networks of one hidden layer with
    the activation tanh, sin, arctan or erf have ``truth="zero"`` alone. Raises `InputError` for unusable input, `ResourceError` for
    a model too large to write out.

    >>> learning_coefficient("linear(3,2,3)", true_rank=1).value
    {'learning_coefficient': '7/2', 'multiplicity': 2}
    >>> learning_coefficient(functions="x^2 + y^2 - z^2").value
    {'learning_coefficient': '1/2', 'multiplicity': 1}
    """
    asked = [name for name, given in (("at", at), ("true_rank", true_rank)) if given is not None] + ["truth"] * (truth != "general")
    if len(asked) > 1:
        raise InputError(f"the true function is said once: give one of {' and '.join(asked)}")
    if functions is not None:
        if asked:
            raise InputError(f"functions are asked at the origin: leave out {asked[0]}")
        if source not in (None, functions):
            raise InputError("give an architecture or functions, not both")
        germ = read_functions(functions)
        return _result(of_functions(germ), functions, question=near_origin(germ) if method == "estimate" else None, seed=seed)
    if source is None:
        raise InputError("an architecture such as 'mlp(2,3,1; x^2)', or functions such as 'x^2*y; y^3', are expected")
    analytic = analytic_network(source) if isinstance(source, str) else None
    if analytic is not None:
        if truth != "zero":
            raise InputError(f"networks with {analytic.activation} are asked for the zero function: add truth='zero' (--truth zero)")
        odd = of_odd_network(analytic) if method == "estimate" else None
        return _result(of_analytic(analytic), " ".join(str(source).split()), question=odd, seed=seed)
    model = as_model(source)
    if method == "estimate" and not asked:
        raise InputError(
            "a general function has half of the dimension, exactly: say for which function to estimate, with at, true_rank or truth"
        )
    shown = _of_model(model, at, true_rank, truth, seed)
    smaller = smaller_coefficients(model, Fraction(shown.value["learning_coefficient"]), seed) if shown.exact and not asked else None
    question = _question(model, at, true_rank) if method == "estimate" else None
    return _result(shown, model.name, model, smaller, question, seed)


def _question(model: Model, at: ExactNumbers | None, true_rank: int | None) -> SampledQuestion:
    if at is not None:
        return near_weights(model, exact_weights(model, at))
    return near_zero(model) if true_rank is None else of_true_rank(model, true_rank)


def _of_model(model: Model, at: ExactNumbers | None, true_rank: int | None, truth: str, seed: int) -> KnownCoefficient:
    if at is not None:
        return at_weights(model, exact_weights(model, at), seed)
    if true_rank is not None:
        return of_rank(model, true_rank)
    return of_zero_function(model) if truth == "zero" else of_general_function(model, seed)


def _result(
    shown: KnownCoefficient,
    subject: str,
    model: Model | None = None,
    smaller: Verdict | None = None,
    question: SampledQuestion | None = None,
    seed: int = DEFAULT_SEED,
) -> LearningCoefficientResult:
    notices: list[str] = []
    if not shown.exact:
        notices.append("the bounds from both sides do not meet: the germ is degenerate in all coordinates that were tried")
    route, found = shown.route, None
    if question is not None:
        shown, found, against = estimated(shown, question, seed)
        notices += [against] * bool(against)
        if not found.mixed:
            notices.append(f"the chains of the estimate have not mixed: R-hat is {found.rhat:.2f} at some temperature")
    evidence: LearningCoefficientEvidence = {
        "route": shown.route,
        "steps": list(shown.steps),
        "theorems": [dict(t) for r in dict.fromkeys((route, *(["sampling"] if found else []))) for t in _THEOREMS[r]],
    }
    if model is not None:
        evidence["parameters"] = model.parameters
    value, claims = dict(shown.value), dict(shown.verdicts)
    if smaller is not None:
        value["smaller_networks"], claims["smaller_networks"] = smaller.statement.value, smaller
        evidence["theorems"] += [t for route in _routes(smaller) for t in _THEOREMS[route] if t not in evidence["theorems"]]
    if found is not None:
        evidence["estimate"] = _diagnostics(found)
    return LearningCoefficientResult(
        value=value,
        claims=claims,
        subject=subject,
        model=model,
        evidence=evidence,
        notices=tuple(notices),
        glosses=_glosses(shown, model),
    )


def _routes(smaller: Verdict) -> list[str]:
    """By what the rows of smaller networks were found."""
    rows = smaller.certificate.rows if isinstance(smaller.certificate, SmallerNetworkCoefficients) else ()
    return [_ROUTES[type(row.coefficient.certificate)] for row in rows]


_ROUTES = {CoefficientOfLinear: "deep linear networks", CoefficientOfNeurons: "neurons on a line", CoefficientAtWeights: "germ"}


def _diagnostics(found: EstimatedCoefficient) -> Facts:
    calibration = found.calibration
    assert calibration is not None
    return {
        **{key: round(float(getattr(found, key)), 4) for key in ("value", "low", "high", "rhat", "swaps", "misfit")},
        "multiplicity": found.multiplicity,
        "multiplicity_weight": round(found.weight, 3),
        "effective_draws": round(found.effective),
        "calibration": {
            "network": calibration.network,
            "exact": str(calibration.exact),
            "estimate": round(calibration.value, 4),
        },
    }


def _glosses(shown: KnownCoefficient, model: Model | None) -> tuple[Gloss, ...]:
    """What the number means for learning, for the functions of which it is said."""
    if not shown.exact or shown.route == "sampling":
        return ()
    c = Fraction(shown.value["learning_coefficient"])
    of = " of a general function" if GENERAL_FUNCTION in shown.verdicts["learning_coefficient"].statement.scope else ""
    text = f"with n samples the error of Bayesian learning{of} falls like {_over_n(c)}"
    if model is not None:
        usual = Fraction(model.parameters, 2)
        regular = f"{counted(model.parameters, 'regular parameter')} would cost"
        text += f", {'as much as' if usual == c else 'where'} {regular}{'' if usual == c else f' {_over_n(usual)}'}"
    return (Gloss(text, {"learning_coefficient": SURE}),)


def _over_n(c: Fraction) -> str:
    return f"{c.numerator}/n" if c.denominator == 1 else f"{c.numerator}/({c.denominator}n)"
