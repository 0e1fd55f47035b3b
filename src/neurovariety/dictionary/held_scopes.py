"""The question of a stored result held against what its claims are said of.

A true function, a ball of functions, a task of learning, given weights, a metric, a field: each stands in the scope, the kind or the
value of a claim. So an option is written as the claim would say it, and compared. A file that leaves out its options is held to
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from neurovariety.certificates.covering_numbers import BallOfFunctions
from neurovariety.certificates.learning_coefficients import GENERAL_FUNCTION, ORIGIN, ZERO_FUNCTION, at_the_weights
from neurovariety.certificates.recheck import Recheck, RecheckedKey
from neurovariety.certificates.spoken_of import WEIGHTS
from neurovariety.certificates.uniform_learning import LearningTask
from neurovariety.errors import VerificationError
from neurovariety.exact_numbers import exact_numbers

Options = Mapping[str, Any]


def held_to_scopes(found: Recheck) -> None:
    """Raises `VerificationError` where a claim that was rechecked is said of something else than the options ask."""
    given = {name: values[0] for name, values in found.asked.items() if values}
    if found.entry not in _HELD or not given:
        return
    try:
        wrong = next(_HELD[found.entry][0](given, found), "")
    except (KeyError, TypeError, ValueError, ArithmeticError) as reason:
        raise VerificationError(f"the options of {found.entry} are none that it writes: {reason or type(reason).__name__}") from None
    if wrong:
        raise VerificationError(f"the claims are said of something else than the result says was asked: {wrong}")


def _true_function(given: Options, found: Recheck) -> Iterator[str]:
    """The places at which a learning coefficient may be said to be."""
    said = [name for name in ("functions", "at", "true_rank") if given[name] is not None] + ["truth"] * (given["truth"] == "zero")
    if len(said) > 1 or given["truth"] not in ("zero", "general"):
        yield f"options {', '.join(said)} and truth {given['truth']}"
    places = {
        "functions": lambda: (ORIGIN,),
        "at": lambda: _at(given["at"]),
        "true_rank": lambda: (_of_rank(given["true_rank"]),),
        "truth": lambda: (ZERO_FUNCTION, _of_rank(0)),
    }
    expected = places[said[0]]() if said else (GENERAL_FUNCTION,)
    for k in found.rechecked:
        if k.key == "smaller_networks" and not said:
            continue  # its rows say themselves of which functions they speak
        if not any(phrase in expected for phrase in k.statement.scope[:1]) and not (said == ["truth"] and _at_zero(k)):
            yield f"{k.key} {', '.join(k.statement.scope)}"


def _at(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise ValueError("weights are a list")
    weights = tuple(exact_numbers(values))
    return (at_the_weights(weights), *((ZERO_FUNCTION,) if not any(weights) else ()))


def _at_zero(k: RecheckedKey) -> bool:
    """Whether a claim is said of weights 0, where it is asked for the zero function and other weights may give that as well."""
    phrase = k.statement.scope[0] if k.statement.scope else ""
    return phrase == at_the_weights((Fraction(0),) * (phrase.count(",") + 1))


def _of_rank(rank: Any) -> str:
    if type(rank) is not int:
        raise ValueError("a rank is a whole number")
    return f"for a true matrix of rank {rank}"


def _ball(given: Options, found: Recheck) -> Iterator[str]:
    weights = given["weights"]
    ball = BallOfFunctions(given["norm"], Fraction(given["radius"]), Fraction(given["epsilon"]), weights and Fraction(weights))
    for k in found.rechecked:
        if k.statement.scope[:1] != ball.scope:
            yield f"{k.key}, {', '.join(k.statement.scope)}"


def _task(given: Options, found: Recheck) -> Iterator[str]:
    statistics = {k.key: k for k in found.rechecked if k.key in ("uniform", "exact_fit")}
    samples, epsilon = given["samples"], given["epsilon"]
    if not statistics:
        if any(given[name] is not None for name in ("epsilon", "delta", "radius", "samples")) or given["noise"] != 0:
            yield "no number of samples is claimed for a task"
        return
    if (samples is None) == (epsilon is None):
        yield "either epsilon or a number of samples is asked"
    for key, k in statistics.items():
        task = LearningTask(
            Fraction(given["radius"]), Fraction(given["noise"]), Fraction(1 if epsilon is None else epsilon), Fraction(given["delta"])
        )
        own = (task.uniform_scope if key == "uniform" else task.fit_scope)[0]
        phrase = (*k.statement.scope, "")[0]
        if epsilon is None:  # the epsilon follows from the number of samples
            own, phrase = (text.rpartition(" more than ")[0] for text in (own, phrase))
        if own != phrase or (key == "uniform" and samples is not None and k.statement.value > samples):
            yield f"{key} {', '.join(k.statement.scope)}"


def _metric(given: Options, found: Recheck) -> Iterator[str]:
    for k in found.rechecked:
        kind = k.statement.kind
        if kind.startswith("ed_degree ") and kind != f"ed_degree {given['metric']}":
            yield f"the {kind}"


def _field(given: Options, found: Recheck) -> Iterator[str]:
    for k in found.rechecked:
        if k.key == "field" and given["field"] is not None and k.statement.value != given["field"]:
            yield f"the field of {k.statement.value} elements"


def _given_weights(given: Options, found: Recheck, name: str = "at") -> Iterator[str]:
    if not isinstance(given[name], list | None):
        raise ValueError("weights are a list")
    if found.rechecked and (given[name] is None) != (WEIGHTS not in found.speaks_of):
        yield "weights that are given" if given[name] is None else "general weights"


def _given_target(given: Options, found: Recheck) -> Iterator[str]:
    """Asked of the function of a network, the target is that function, and the network is not written."""
    if any(given.get(name) is not None for name in ("network", "weights")):
        yield "a target, not a network"
    if (given["target"] is not None) != any(k.key in ("position", "verdict") for k in found.keys):
        yield "a target" if given["target"] is None else "no target"


_HELD: Mapping[str, tuple[Callable[[Options, Recheck], Iterator[str]], tuple[str, ...]]] = {
    "learning-coefficient": (_true_function, ("functions", "at", "true_rank", "truth")),
    "covering": (_ball, ("norm", "radius", "epsilon", "weights")),
    "sample-complexity": (_task, ("epsilon", "delta", "radius", "noise", "samples")),
    "fibers": (_given_weights, ("at",)),
    "singularities": (_given_weights, ("at",)),
    "tangent-kernel": (partial(_given_weights, name="weights"), ("weights",)),
    "membership": (_given_target, ("target", "network", "weights")),
    "boundary": (_given_target, ("target", "network", "weights")),
    "ed-degree": (_metric, ("metric",)),
    "point-count": (_field, ("field",)),
}
"""By entry: what compares, and the options that are compared, here and in `held_question`."""
_MAPS = ("map", "output_map")


def not_compared(found: Recheck) -> dict[str, Any]:
    """The options that a result says were asked, and that no certificate is held against: of a loss, say, or of a search."""
    held = {*(_HELD[found.entry][1] if found.entry in _HELD else _MAPS), *found.compared}
    return {name: values[0] for name, values in found.asked.items() if name not in held and values and values[0] is not None}
