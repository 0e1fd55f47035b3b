"""The certificates of a stored result checked anew: from JSON alone, without a search, and without what reads models.

What a result says is compared with what follows: the statement, its value and scope, the claim, and the probability of error. What was
taken on trust is said as well: theorems, that a draw was random, and what a test of completeness is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from math import isclose
from typing import Any

import numpy as np

from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.document import FORM
from neurovariety.certificates.issue import WEAK, Verdict, issue, recorded, weak
from neurovariety.certificates.kinds_of_keys import is_asked
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.plain_form import NotStorable, PlainReader, PlainWriter, array_of_json, no_verdict
from neurovariety.certificates.sentences import sentence_of
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.spoken_of import spoken_of
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.stored_functions import StoredFunctions
from neurovariety.certificates.trusted import PROBLEM, trusted
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.errors import InputError, VerificationError

RECHECKED, TRUSTED, RECORDED, WEAKLY, REFUSED = "rechecked", "rechecked, on trust", "not rechecked", "claims nothing", "refused"
_CLAIMED = {"claim", "error", "scope"}
"""What a result says of a key beside its value."""
_SLACK = 1 + 1e-6
"""Probabilities are sums and products of doubles, in another order here."""


@dataclass(frozen=True)
class RecheckedKey:
    """What became of the claim of one key: ``outcome`` is one of the five above, ``why`` says what was missing or wrong, ``trust`` what
    it rests on that no certificate shows."""

    key: str
    statement: Statement
    claim: Claim
    outcome: str
    why: str = ""
    trust: tuple[str, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, repr=False)
class Recheck:
    """What a recheck found, key by key.

    ``subjects`` are the exact data that were stored, by the hash that certificates use, ``systems`` a phrase for each that says how far
    they are known to be those of the architecture. ``speaks_of`` is what the certificates of the claimed keys speak of beside these
    (`spoken_of`), ``asked`` what the result says was asked: its options, and what its evidence has under the same names;
    ``compared`` are those of them that certificates were held against; ``seed`` is the seed that the result names.
    """

    entry: str
    architecture: str
    keys: tuple[RecheckedKey, ...]
    subjects: Mapping[str, Any] = field(repr=False)
    systems: Mapping[str, str] = field(default_factory=dict, repr=False)
    speaks_of: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, repr=False)
    asked: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, repr=False)
    compared: frozenset[str] = field(default=frozenset(), repr=False)
    seed: int = field(default=0, repr=False)

    @property
    def refused(self) -> tuple[RecheckedKey, ...]:
        """Keys whose certificates do not check, or say something else."""
        return tuple(k for k in self.keys if k.outcome == REFUSED)

    def taken_on_trust(self, what: str) -> Recheck:
        """The same where one more thing is on trust for all that was rechecked."""
        keys = (replace(k, outcome=TRUSTED, trust=(*k.trust, what)) if k in self.rechecked else k for k in self.keys)
        return replace(self, keys=tuple(keys))

    def with_problems_shown(self, shown: frozenset[str]) -> Recheck:
        """The same where exact data with these hashes were made anew from the architecture and the question: that they are problems of
        it is on trust no longer."""
        posed = {key: p for key, p in self.subjects.items() if isinstance(p, ProblemOfModel)}
        sure = {key for key, p in posed.items() if not p.every and shown.issuperset(p.problems)}
        phrases = {key: "that of the question" for key, data in self.subjects.items() if key in sure or data.hash in shown}
        found = replace(self, systems={**self.systems, **phrases})
        return found.no_longer_on_trust(PROBLEM) if sure == posed.keys() else found

    def no_longer_on_trust(self, what: str) -> Recheck:
        """The same where one thing that was on trust was shown."""
        keys = (replace(k, trust=tuple(t for t in k.trust if t != what)) for k in self.keys)
        return replace(self, keys=tuple(replace(k, outcome=RECHECKED) if k.outcome == TRUSTED and not k.trust else k for k in keys))

    @property
    def rechecked(self) -> tuple[RecheckedKey, ...]:
        """Keys whose certificates were checked."""
        return tuple(k for k in self.keys if k.outcome in (RECHECKED, TRUSTED))

    @property
    def tally(self) -> str:
        """How many of the claims were rechecked and refused, in words."""
        asked = sum(k.outcome != WEAKLY for k in self.keys)
        return f"{len(self.rechecked)} of {asked} claims rechecked, {len(self.refused)} refused"

    def __repr__(self) -> str:
        rows = (f"  {k.key}: {k.outcome}{f': {k.why}' if k.why else ''} [{k.claim}]" for k in self.keys)
        return "\n".join((f"{self.entry}({self.architecture}): {self.tally}", *rows))

    def _repr_html_(self) -> str:
        """A table for notebooks: what each key says, its claim, what became of it, and what is on trust."""
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in ("key", "says", "claim", "recheck", "on trust"))
        rows = "".join(
            "<tr>" + "".join(f'<td style="text-align:left;vertical-align:top">{escape(text)}</td>' for text in row) + "</tr>"
            for k in self.keys
            for row in [(k.key, k.sentence, str(k.claim), f"{k.outcome}{f': {k.why}' if k.why else ''}", "; ".join(k.trust))]
        )
        title = escape(f"{self.entry}({self.architecture}): {self.tally}")
        return f"<div><strong>{title}</strong><table><tr>{head}</tr>{rows}</table></div>"


def recheck(result: Mapping[str, Any], beside: Mapping[str, np.ndarray] | None = None) -> Recheck:
    """Check the certificates of a result, the JSON object that ``to_dict(certificates=True)`` gives, and compare what they show with
    what the result says.

    ``beside``: arrays by sha256 that are kept in another file. What does not check is `REFUSED` in the answer. Raises
    `VerificationError` for a result without certificates, `InputError` for one that is not of this form.
    """
    missing = [k for k in ("entry", "architecture", "value", "claims") if k not in result] if isinstance(result, Mapping) else ["entry"]
    if missing:
        raise InputError(f"a result is a JSON object with entry, architecture, value and claims, and {missing[0]} is missing")
    if not isinstance(result["entry"], str) or not isinstance(result["architecture"], str):
        raise InputError("the entry and the architecture of a result are texts")
    kept = result.get("certificates")
    if not kept:
        raise VerificationError(
            "no certificate: this result was written without its certificates; write it with --certificates FILE, or with "
            "to_dict(certificates=True)"
        )
    if isinstance(kept, Mapping) and "file" in kept:
        raise InputError(f"the certificates are kept in {kept['file']!r} beside the result; `neurovariety recheck FILE` reads both")
    read = _Read(kept, beside or {}, result["architecture"])
    claims, value = result["claims"], result["value"]
    if not isinstance(claims, Mapping):
        raise InputError("the claims of a result are an object, a claim for each key of its value")
    parts = value if isinstance(value, Mapping) and claims.keys() == value.keys() else {"value": value}
    if claims.keys() != parts.keys() or claims.keys() - read.keys.keys():
        raise InputError("the claims, the value and the certificates do not have the same keys")
    keys = tuple(read.of_key(key, parts[key], claims[key], result["entry"]) for key in claims)
    spoken = spoken_of([read.verdicts[read.keys[k.key]] for k in keys if k.outcome in (RECHECKED, TRUSTED)])
    return Recheck(
        result["entry"], result["architecture"], keys, read.subjects, speaks_of=spoken, asked=_asked(result), seed=_seed(result)
    )


_QUESTIONS = ("target", "at", "map")
"""Names under which evidence repeats an option; a file that leaves out its options is held to these."""


def _asked(result: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What was asked, by the names of options, wherever the result says it."""
    evidence = result.get("evidence")
    if not isinstance(evidence, Mapping):
        return {}
    options = evidence.get("options")
    options = options if isinstance(options, Mapping) else {}
    names = dict.fromkeys([*options, *(name for name in _QUESTIONS if name in evidence)])
    return {name: tuple(part[name] for part in (options, evidence) if name in part) for name in names}


def _seed(result: Mapping[str, Any]) -> int:
    """The seed that a result names, 0 where it names none."""
    provenance = result.get("provenance")
    seed = provenance.get("seed") if isinstance(provenance, Mapping) else None
    return seed if type(seed) is int and seed >= 0 else 0


class _Read:
    """The document, its verdicts checked one after another."""

    def __init__(self, data: Any, beside: Mapping[str, np.ndarray], architecture: Any) -> None:
        self.architecture = architecture
        expected = {"form": int, "keys": dict, "verdicts": list, "subjects": dict, "arrays": dict}
        if not isinstance(data, Mapping) or data.keys() != expected.keys():
            raise InputError(f"certificates are an object with {', '.join(sorted(expected))}")
        wrong = [name for name, kind in expected.items() if not isinstance(data[name], kind)]
        if wrong:
            raise InputError(f"{wrong[0]} of certificates holds a {type(data[wrong[0]]).__name__}, not what this form has there")
        if data["form"] != FORM:
            raise InputError(f"these certificates have the form {data['form']!r}; this version reads the form {FORM}")
        arrays = {digest: array_of_json(digest, kept, beside) for digest, kept in data["arrays"].items()}
        self.reader = PlainReader(self._premise, arrays)
        self.keys: Mapping[str, Any] = data["keys"]
        self.subjects: dict[str, Any] = {}
        self._unfit: dict[str, str] = {}
        for key, stored in data["subjects"].items():
            self._subject(key, stored)
        self.entries: Sequence[Any] = data["verdicts"]
        self.verdicts: list[Verdict] = []
        self.outcomes: list[tuple[str, str, tuple[str, ...]]] = []
        self._met: set[int] = set()
        for entry in self.entries:
            self._check(entry)

    def _subject(self, key: str, stored: Any) -> None:
        if not isinstance(stored, dict) or "sha256" not in stored:
            raise InputError("the exact data are objects with a type and a sha256")
        found = self.reader.read({k: v for k, v in stored.items() if k != "sha256"}, Any, "the exact data")
        if _hashes(found) != (stored["sha256"], key):
            self._unfit[key] = "the exact data do not have the hash under which they are kept: the file was changed"
        elif isinstance(found, StoredFunctions) and not found.fields_hold:
            self._unfit[key] = "a stored symmetry changes the functions"
        elif isinstance(found, AnalyticPerceptron | SoftmaxAttention) and found.notation != self.architecture:
            self._unfit[key] = f"the exact data are those of {found.notation}, not of the architecture that is named"
        else:
            self.subjects[key] = found

    def _premise(self, number: Any) -> Verdict:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(self.verdicts):
            raise InputError("a certificate rests on a verdict that does not come before it")
        self._met.add(number)
        return self.verdicts[number]

    def _check(self, entry: Any) -> None:
        if not isinstance(entry, dict) or not {"statement", "claim", "on", "certificate"} <= entry.keys():
            raise InputError("a verdict is an object with statement, claim, on and certificate")
        if not _names_data(entry["on"]):
            raise InputError("a verdict names the data that it is checked on by their hash")
        said = self.reader.read(entry["statement"], Statement, "a statement")
        claim = self.reader.read(entry["claim"], Claim, "a claim")
        self._met = set()
        if entry["certificate"] is None:
            found = weak(said, claim, "recorded") if claim in WEAK else recorded(said, claim)
            why = str(entry.get("missing", "no certificate"))
            outcome: tuple[str, str, tuple[str, ...]] = (WEAKLY if claim in WEAK else RECORDED, why, ())
        else:
            found, outcome = self._issued(entry, said, claim)
        self.verdicts.append(found)
        self.outcomes.append(outcome)

    def _issued(self, entry: dict[str, Any], said: Statement, claim: Claim) -> tuple[Verdict, tuple[str, str, tuple[str, ...]]]:
        nothing = recorded(said, claim)
        certificate = self.reader.read(entry["certificate"], Any, "a certificate")
        rests = [self.outcomes[k] for k in sorted(self._met)]
        refused = [why for outcome, why, _ in rests if outcome == REFUSED]
        if refused:
            return nothing, (REFUSED, f"what it rests on is refused: {refused[0]}", ())
        named = list(_named_in(entry["on"]))
        unfit = next((self._unfit[key] for key in named if key in self._unfit), None)
        if unfit is not None:
            return nothing, (REFUSED, unfit, ())
        if not all(key in self.subjects for key in named):
            return nothing, (REFUSED, "the exact data that it speaks of are not there", ())
        recorded_premises = [why for outcome, why, _ in rests if outcome == RECORDED]
        if recorded_premises:
            return nothing, (RECORDED, f"what it rests on was not rechecked: {recorded_premises[0]}", ())
        try:
            found = issue(certificate, self._on(entry["on"]))
        except NotStored as reason:
            return nothing, (RECORDED, str(reason), ())
        except (NotShown, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as reason:
            return nothing, (REFUSED, str(reason) or type(reason).__name__, ())
        differs = _difference(said, claim, found)
        if differs:
            return nothing, (REFUSED, differs, ())
        trust = dict.fromkeys(t for *_, inherited in rests for t in inherited)
        parts = getattr(certificate, "fields", ())  # certificates within a certificate
        for part in (certificate, *(parts if isinstance(parts, tuple) else ())):
            trust |= dict.fromkeys(trusted(part, found, bool(trust)))
        return found, (TRUSTED if trust else RECHECKED, "", tuple(trust))

    def _on(self, named: Any) -> Any:
        """The exact data of these names."""
        if isinstance(named, list):
            return tuple(self._on(part) for part in named)
        return self.subjects[named] if isinstance(named, str) else named

    def of_key(self, key: str, value: Any, claimed: Any, entry: str) -> RecheckedKey:
        """What became of a key, whose claim, error and scope the result names as well."""
        number = self.keys[key]
        verdict = self._premise(number)
        said = verdict.statement
        outcome, why, trust = self.outcomes[number]
        found = RecheckedKey(key, said, verdict.claim, outcome, why, trust, _sentence(verdict))
        wrong = "" if outcome == REFUSED else self._contradiction(found, value, claimed, entry)
        return replace(found, outcome=REFUSED, why=wrong, trust=()) if wrong else found

    def _contradiction(self, found: RecheckedKey, value: Any, claimed: Any, entry: str) -> str:
        """What the result says of a key beyond its verdict."""
        said = found.statement
        if not isinstance(claimed, Mapping) or claimed.keys() != _CLAIMED:
            return f"of a key a result says {', '.join(sorted(_CLAIMED))}, and nothing else"
        if claimed["claim"] != str(found.claim):
            return f"the result claims {claimed}, the certificate shows {found.claim}"
        if claimed["scope"] != list(said.scope):
            return "the result leaves out, or adds to, what the statement is limited to"
        if not _is_the_error(claimed["error"], said.error):
            return f"the probability of error is {said.error:.3g}, the result says {claimed['error']}"
        if _comparable(said.value) != _comparable(value):
            return f"the result says {value}, the certificate {_comparable(said.value)}"
        if found.outcome in (RECHECKED, TRUSTED) and not is_asked(entry, found.key, said.kind):
            return f"the certificate speaks of the {said.kind}, not of what {entry} asks"
        return ""


def _is_the_error(claimed: Any, error: float) -> bool:
    """Whether a result says that probability of error; it says null for 0."""
    if claimed is None:
        return error == 0
    return type(claimed) in (int, float) and claimed > 0 and isclose(claimed, error, rel_tol=_SLACK - 1)


def _sentence(verdict: Verdict) -> str:
    """What a verdict says in words; nothing where it is recorded with a value that nothing can be said of."""
    try:
        return sentence_of(verdict)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        return ""


def _hashes(found: Any) -> tuple[Any, Any]:
    """What is stored of exact data as their sha256, and the hash by which certificates speak of them."""
    try:
        own = getattr(found, "hash", None)
        return getattr(found, "digest", own), own
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):  # data that fit together nowhere
        return None, None


def _names_data(on: Any) -> bool:
    """Whether it is a hash, nothing, or a list of hashes and numbers."""
    return on is None or isinstance(on, str) or (isinstance(on, list) and all(isinstance(v, int) or _names_data(v) for v in on))


def _named_in(on: Any) -> Iterator[str]:
    if isinstance(on, list):
        for part in on:
            yield from _named_in(part)
    elif isinstance(on, str):
        yield on


def _difference(said: Statement, claim: Claim, found: Verdict) -> str:
    """What a stored statement says beyond what follows; nothing where it follows."""
    shown = found.statement
    for name in ("kind", "subject", "scope"):
        if getattr(said, name) != getattr(shown, name):
            return f"the {name} is recorded as {getattr(said, name)!r}, and {getattr(shown, name)!r} follows"
    if _comparable(said.value) != _comparable(shown.value):
        return f"{said.kind} is recorded as {_comparable(said.value)}, and {_comparable(shown.value)} follows"
    if claim is not found.claim:
        return f"the claim is recorded as {claim}, and {found.claim} follows"
    if not isclose(said.error, shown.error, rel_tol=_SLACK - 1):
        return f"the probability of error is recorded as {said.error:.3g}, and {shown.error:.3g} follows"
    return ""


def _comparable(value: Any) -> Any:
    """A value without the difference between lists and tuples, or between exact numbers and how a result writes them."""
    if isinstance(value, Mapping):
        return {str(k): _comparable(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_comparable(v) for v in value]
    if isinstance(value, np.ndarray):
        return _comparable(value.tolist())
    if value is None or isinstance(value, bool | int | float | str):
        return str(value) if isinstance(value, str) else value
    try:
        written = PlainWriter(no_verdict).write(value)
    except NotStorable as reason:
        raise InputError(f"a statement has a value that is no plain data: {reason}") from None
    if isinstance(written, dict) and set(written) == {"rational"}:
        text = written["rational"]
        return int(text) if "/" not in text else text
    return written
