"""The one grammar in which statements are said, by their kind, value, claim, scope and error: no sentence outruns its claim.

A number is "exactly N" where it is proved, "N (wrong with probability at most e)", "N ...; so many are proved, and a test for missing
ones found none", "at least N", "at most N", "about N, an estimate", and otherwise it is not shown. Scope phrases follow; they cannot be
left out. A `Gloss`, what a value means for learning, is said only where the verdicts reach what it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.measured_phrases import BOUNDS, Measured, as_said
from neurovariety.certificates.named_tests import completeness_tests
from neurovariety.certificates.phrases import EXACT, Choice, Listed, Number, Phrase, along, amount, bare, short
from neurovariety.certificates.sentences_of_geometry import SAID_OF_GEOMETRY
from neurovariety.certificates.sentences_of_learning import SAID_OF_LEARNING
from neurovariety.certificates.sentences_of_networks import SAID_OF_NETWORKS
from neurovariety.certificates.sentences_of_pieces import SAID_OF_PIECES
from neurovariety.certificates.sentences_of_smooth_networks import SAID_OF_SMOOTH
from neurovariety.certificates.sentences_of_training import TRAINING
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import FILLS_COEFFICIENTS, LINEAR, ML_DEGREE
from neurovariety.claim import Claim

STRONG_WORDS: Mapping[str, tuple[Claim, ...]] = {
    "exactly": (Claim.PROVED,),
    **dict.fromkeys(
        (
            *("all", "every", "only", "no other", "fills", "determined", "determine", "determines", "in one way", "is the"),
            *("never", "always", "unique", "uniquely", "cannot", "certainly"),
        ),
        EXACT,
    ),
    "the global minimum": EXACT,
}
"""Words that leave no doubt, and the claims at which they may be said of a value."""

REACHES: Mapping[Claim, tuple[Claim, ...]] = {
    Claim.PROVED: (Claim.PROVED,),
    Claim.PROBABILITY: EXACT,
    Claim.COMPLETE: (*EXACT, Claim.COMPLETE),
    Claim.LOWER_BOUND: (*EXACT, Claim.COMPLETE, Claim.LOWER_BOUND),
    Claim.UPPER_BOUND: (*EXACT, Claim.COMPLETE, Claim.UPPER_BOUND),
    Claim.ESTIMATE: tuple(c for c in Claim if c is not Claim.UNDECIDED),
    Claim.UNDECIDED: tuple(Claim),
}
"""For each claim that something needs, the claims that are enough."""

SHOWN, SURE, TESTED, FROM_BELOW, FROM_ABOVE = Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE, Claim.LOWER_BOUND, Claim.UPPER_BOUND
"""What a gloss may need: names that claim nothing by themselves."""


_MISSES = (Claim.COMPLETE, Claim.UPPER_BOUND)
"""What a gloss may need that something missing in a list would upset."""


@dataclass(frozen=True)
class Gloss:
    """What a value means for learning: said where each key of ``needs`` has a claim that reaches the one named, and a value.

    ``ahead``: before the sentences, as what they speak of would be mistaken without it.
    """

    text: str
    needs: Mapping[str, Claim]
    ahead: bool = False

    def holds(self, verdicts: Mapping[str, Verdict]) -> bool:
        """Whether the verdicts are there, and reach what it needs."""
        return all(
            key in verdicts and _says(verdicts[key]) and verdicts[key].claim in REACHES[least] for key, least in self.needs.items()
        )

    def said(self, verdicts: Mapping[str, Verdict], before: Sequence[str] = ()) -> str:
        """The gloss, with what it rests on where that is not proved; the errors of the keys said ``before`` are known."""
        text, claims = self.text, {key: verdicts[key].claim for key in self.needs}
        if any(claims[key] is Claim.COMPLETE and least in _MISSES for key, least in self.needs.items()):
            text += ", if none was missed"
        if Claim.ESTIMATE in claims.values():
            text += ", if that holds"
        drawn = [key for key, claim in claims.items() if claim in BOUNDS and verdicts[key].statement.error]
        likely = [key for key, claim in claims.items() if claim is Claim.PROBABILITY or key in drawn]
        if likely:
            error = sum(verdicts[key].statement.error for key in likely)
            text += f" ({'with the same probability of error' if set(likely) <= set(before) else _wrong(error)})"
        return text


def told(verdicts: Mapping[str, Verdict], keys: Iterable[str], glosses: Sequence[Gloss]) -> str:
    """The sentences of the keys that say something, and the glosses that hold, in one line."""
    keys = list(keys)
    first = [g.said(verdicts) for g in glosses if g.ahead and g.holds(verdicts)]
    breaths = _breaths([verdicts[key] for key in keys])
    ahead = _shared_scope(breaths)
    named: set[tuple[str, ...]] = set()
    said = [_in_one_breath(group, ahead, named) for group in breaths]
    if ahead:
        said[0] = f"{', '.join(ahead)}: {said[0]}"
    return "; ".join(dict.fromkeys([*first, *said, *(g.said(verdicts, keys) for g in glosses if not g.ahead and g.holds(verdicts))]))


_LIMITS = ("for ", "among ", "at ", "where ", "over ")
"""How a scope begins that may stand before all that it limits."""


def _shared_scope(breaths: Sequence[Sequence[Verdict]]) -> tuple[str, ...]:
    """What limits every one of several breaths, and is said once before them."""
    scopes = [group[0].statement.scope for group in breaths if _says(group[0])]
    if len(scopes) < 2:
        return ()
    return tuple(
        phrase for phrase in scopes[0] if phrase.startswith(_LIMITS) and ";" not in phrase and all(phrase in s for s in scopes)
    )


def sentence_of(verdict: Verdict) -> str:
    """A verdict in words, with the tests of completeness that it rests on."""
    return sentence(verdict.statement, verdict.claim, completeness_tests(verdict))


def sentence(statement: Statement, claim: Claim, tests: Sequence[str] = ()) -> str:
    """A statement, as far as it is claimed."""
    if not _says_value(statement) or claim is Claim.UNDECIDED:
        return f"{_asks(statement.kind)}: not shown"
    return ", ".join([_words(statement, claim), *as_said(statement.scope, _bounded(statement, claim))]) + _after(
        statement, claim, tests
    )


def _bounded(statement: Statement, claim: Claim) -> bool:
    """Whether a bound is said in which all is that its number may be off."""
    row = SAID.get(bare(statement.kind))
    return claim in BOUNDS and row is not None and isinstance(row.says, Measured)


def _words(statement: Statement, claim: Claim, whole: Any = None) -> str:
    """A statement in its words: alone, or in one breath behind another of the value ``whole``."""
    row = SAID.get(bare(statement.kind))
    if row is None:
        return _plainly(statement, claim)
    says = row.alone or row.says if whole is None else row.says
    if row.of_one is not None and _single(whole, claim):
        says = row.of_one
    return says.within(statement.value, claim, statement.scope) if isinstance(says, Measured) else says(statement.value, claim)


def _breaths(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Verdicts one after another, those together that are said in one breath: claimed alike, in the same scope."""
    out: list[list[Verdict]] = []
    for verdict in verdicts:
        row = SAID.get(bare(verdict.statement.kind))
        if out and row is not None and row.joined and _manner(verdict) == _manner(out[-1][0]):
            out[-1].append(verdict)
        else:
            out.append([verdict])
    return out


def _manner(verdict: Verdict) -> tuple[Claim, tuple[str, ...]] | None:
    return (verdict.claim, verdict.statement.scope) if _says(verdict) else None


def _in_one_breath(group: Sequence[Verdict], ahead: Sequence[str], named: set[tuple[str, ...]]) -> str:
    """Verdicts that are claimed alike; of each what is claimed of all.

    ``ahead``: what limits them and was said before. ``named``: the tests that were named before, to which theirs are added.
    """
    first = group[0]
    if not _says(first):
        return f"{_and([_asks(v.statement.kind) for v in group])}: not shown"
    statement = replace(first.statement, error=max(v.statement.error for v in group))
    tests = tuple(dict.fromkeys(test for v in group for test in completeness_tests(v)))
    begun = first.statement.value
    begins, rest, end = _words(first.statement, first.claim), group[1:], 1
    while end < len(group) and _of_one(group[end], begun):
        begins, rest, end = f"{begins}, {_words(group[end].statement, first.claim, begun)}", group[end + 1 :], end + 1
    text = _and([begins, *(_words(v.statement, v.claim, begun) for v in rest)])
    limited = ", ".join(
        [text, *as_said([phrase for phrase in statement.scope if phrase not in ahead], _bounded(statement, first.claim))]
    )
    if first.claim is Claim.COMPLETE and tests in named:
        return f"{limited}; this rests on proved points and on the same test"
    if first.claim is Claim.COMPLETE:
        named.add(tests)
    return limited + _after(statement, first.claim, tests, of_each=len(group) > 1)


def _single(whole: Any, claim: Claim) -> bool:
    """Whether a breath began with one thing, beside which there may be no other."""
    return whole == 1 and whole is not True and claim is not Claim.LOWER_BOUND


def _of_one(verdict: Verdict, whole: Any) -> bool:
    """Whether a part is said in apposition to the one thing with which the breath began."""
    row = SAID.get(bare(verdict.statement.kind))
    return row is not None and row.of_one is not None and _single(whole, verdict.claim)


def _and(pieces: Sequence[str]) -> str:
    return f"{', '.join(pieces[:-1])} and {pieces[-1]}" if len(pieces) > 1 else pieces[0]


def _says(verdict: Verdict) -> bool:
    return _says_value(verdict.statement) and verdict.claim is not Claim.UNDECIDED


def _says_value(statement: Statement) -> bool:
    return statement.value is not None and statement.value != "undecided"


def _wrong(error: float) -> str:
    return f"wrong with probability at most {error:.1e}" if error else "up to an unlucky draw"


def _after(statement: Statement, claim: Claim, tests: Sequence[str], of_each: bool = False) -> str:
    """What follows a value that is not proved, or several such."""
    if claim is Claim.PROBABILITY:
        return f" ({'each ' if of_each and statement.error else ''}{_wrong(statement.error)})"
    if claim is Claim.COMPLETE:
        named = f" ({', '.join(tests)})" if tests else ""
        return f"; {_proved_points(statement, of_each)}a test for missing ones{named} found none"
    if claim in BOUNDS and statement.error:  # a bound that rests on a draw
        return f" ({'each ' if of_each else ''}{_wrong(statement.error)})"
    return f" ({'estimates' if of_each else 'an estimate'})" if claim is Claim.ESTIMATE else ""


def _proved_points(statement: Statement, of_each: bool) -> str:
    """What is proved of a value that rests on a test for missing points; nothing where there is none of them."""
    row, value = SAID.get(bare(statement.kind)), statement.value
    if not isinstance(value, int) or isinstance(value, bool) or (row is not None and not row.counts):
        return "what is said rests on points that are proved, and "
    if of_each:
        return "so many of each are proved, and "
    points = f" {row.points}" if row is not None and row.points else ""
    return f"{'it is' if value == 1 and not points else f'so many{points} are'} proved, and " if value else ""


def _asks(kind: str) -> str:
    row = SAID.get(bare(kind))
    return row.asks if row else kind.split(": ")[-1].replace("_", " ")


def _plainly(statement: Statement, claim: Claim) -> str:
    """A kind that has no row: its name and its value."""
    name = statement.kind.split(": ")[-1].replace("_", " ")
    value = statement.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Number(f"{name}: {{n}}")(value, claim)
    return f"{name}: {short(value)}"


def _left(value: Mapping[str, int]) -> str:
    several = {n: c for n, c in value.items() if c != 1} or value
    pieces = [
        f"{n} general sample{'s' * (n != '1')} leave{'s' * (n == '1')} {c:,} function{'s' * (c != 1)}" for n, c in several.items()
    ]
    return ", ".join(pieces) + " over the complex numbers"


def _hidden(value: int, claim: Claim) -> str:
    if not value and claim in (*EXACT, Claim.UPPER_BOUND):
        return "the stated symmetries leave no direction unexplained"
    return f"the stated symmetries leave {amount(value, claim)} direction{'s' * (value != 1)} unexplained"


def _equations(value: Sequence[str]) -> str:
    count = len(value)
    return f"the functions satisfy {count} listed equation{'s' * (count != 1)}" if count else "no equation was found"


def _linear(value: int, claim: Claim) -> str:
    space = "linear space" if value else "point"
    return f"{_VALUES} has the dimension of its span, {amount(value, claim)}: it is a {space}"


def _zeros(value: Mapping[str, Any]) -> str:
    """Zeros as an account has them."""
    pieces = [f"{value.get('simple', 0):,} simple finite zero{'s' * (value.get('simple', 0) != 1)}"]
    clusters = value.get("clusters") or ()
    if clusters:
        pieces.append(f"{len(clusters)} cluster{'s' * (len(clusters) != 1)} of {', '.join(map(str, clusters))} zeros with multiplicity")
    if value.get("at_infinity"):
        pieces.append(f"{value['at_infinity']} at infinity")
    if value.get("at_infinity_or_larger"):
        pieces.append(f"{value['at_infinity_or_larger']} at infinity or larger than 2^{value.get('log2_larger_than')}")
    return ", ".join(pieces)


_VALUES = "the closure of the model's functions"
SAID: dict[str, Phrase] = {
    DIMENSION: Phrase("the dimension", Number("the functions form a set of dimension {n}")),
    "bound of the dimension": Phrase("a bound of the dimension", Listed(lambda value: f"the dimension is at most {value}")),
    SPAN: Phrase("the linear span", Number("the functions span a linear space of dimension {n}")),
    AFFINE: Phrase("the affine span", Number("the functions span an affine space of dimension {n}")),
    LINEAR: Phrase("whether the closure is linear", _linear),
    FILLS_COEFFICIENTS: Phrase(
        "whether coefficients are free", Number("the functions have {n}", "free coefficient", "free coefficients")
    ),
    "degree": Phrase("the degree", Number(f"{_VALUES} has degree {{n}}"), points="points of a general linear section"),
    ML_DEGREE: Phrase(
        "the ML degree", Number("the likelihood of general counts has {n}", "complex critical point", "complex critical points")
    ),
    "points on a general slice": Phrase(
        "the points on a general slice", Number("a general linear slice of them has {n}", "point", "points")
    ),
    "critical points": Phrase("the critical points", Number("generically there are {n}", "critical point", "critical points")),
    "samples": Phrase(
        "the samples that leave finitely many functions",
        Number("it takes {n} until finitely many functions are left", "general sample", "general samples"),
    ),
    "samples that leave one function": Phrase(
        "the samples that leave one function",
        Number("it takes {n} until one function is left", "general sample", "general samples"),
        counts=False,
    ),
    "functions left by samples": Phrase("the functions left by samples", Listed(_left), joined=True),
    "generic fiber": Phrase("the number of orbits of weights", Number("a general function has {n} of weights", "orbit", "orbits")),
    "hidden directions": Phrase("hidden directions", _hidden),
    "dimension of the fiber": Phrase(
        "the dimension of the fiber",
        along("of general weights"),
    ),
    "weights over a general value": Phrase(
        "the weights over a general value", Number("a general value is that of {n}", "weight vector", "weight vectors")
    ),
    "identifiable": Phrase(
        "whether weights are identifiable",
        Choice(
            {
                "yes": "no two weights with one function were seen but those that stated symmetries relate",
                "generic": "one orbit of weights lies over a general function",
                "no": "weights are not identifiable, even up to the stated symmetries",
            },
            {"yes": "weights are determined by their function, up to the stated symmetries"},
        ),
        joined=True,
    ),
    "dimension of the fiber at given weights": Phrase(
        "dimension of the fiber",
        along("around these weights"),
    ),
    "hidden directions at given weights": Phrase(
        "hidden directions",
        Number("symmetries leave {n} around these weights unexplained", "direction", "directions", "no direction"),
    ),
    "given weights are identifiable": Phrase(
        "whether these weights are identifiable",
        Choice({"no": "these weights are not identifiable, even up to the stated symmetries", "yes": "these weights are one orbit"}),
    ),
    "equations": Phrase("the equations", Listed(_equations)),
    "zeros": Phrase("the zeros", Listed(_zeros)),
    "finite zeros": Phrase("the finite zeros", Listed(_zeros)),
    "simple zeros": Phrase("the simple zeros", Listed(_zeros)),
    **SAID_OF_GEOMETRY,
    **SAID_OF_LEARNING,
    **SAID_OF_NETWORKS,
    **SAID_OF_SMOOTH,
    **SAID_OF_PIECES,
}
"""By kind how it is said. A kind that is not here is named, with its value."""

SAID |= TRAINING
LOSSES: Mapping[str, str] = {
    "generic": "a general quadratic loss",
    "frobenius": "the sum of the squares of the coefficients",
    "bombieri": "Bombieri's product",
    "gaussian": "squared loss on standard normal inputs",
    "uniform": "squared loss on uniform inputs in [-1, 1]",
    "data": "squared loss on these data",
}
"""Quadratic losses by the names of their metrics."""
for _metric, _loss in LOSSES.items():
    _critical = Number(
        f"{_loss} has {{n}} at smooth functions, for a general target", "complex critical point", "complex critical points"
    )
    SAID[f"ed_degree {_metric}"] = Phrase(f"the ED degree for {_loss}", _critical)
