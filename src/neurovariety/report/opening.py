"""What a report opens with: five questions, each answered in one sentence of its entries, and the groups of the rows that follow.

A sentence here is made by the grammar from the verdicts of the entries, as in the rows: it says nothing that a row does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neurovariety.certificates.sentences import told
from neurovariety.claim import Claim
from neurovariety.dictionary.entry import Entry
from neurovariety.report.row import Row

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What can it express?", ("expressivity", "invariance")),
    ("What can be known of it?", ("identifiability", "sample complexity")),
    ("Where does training end?", ("optimization", "landscape", "dynamics", "training")),
    ("What is it drawn to?", ("implicit bias",)),
)
OTHER = "What else is there?"
"""The questions that entries answer, with the words that begin what an entry is for in learning."""


@dataclass(frozen=True)
class AnswerPart:
    """Sentences of ``keys`` of an entry (none: all that it means)."""

    entry: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpeningQuestion:
    """A question, and the parts of its answer; of each tuple the first entry that is there and has found something."""

    text: str
    parts: tuple[tuple[AnswerPart, ...], ...]


def _asks(text: str, *parts: tuple[AnswerPart, ...]) -> OpeningQuestion:
    return OpeningQuestion(text, parts)


_DATA = AnswerPart("data", ("samples", "jacobian_rank", "determined"))
QUESTIONS = (
    _asks(
        "degrees of freedom",
        (AnswerPart("dimension", ("value",)), AnswerPart("functional-dimension", ("value",)), AnswerPart("diagnose", ("rank",))),
    ),
    _asks("what data determine", (_DATA, AnswerPart("sample-complexity", ("finite", "unique")))),
    _asks("the global minimum", (AnswerPart("landscape", ("least_loss",)),)),
    _asks("where training goes", (AnswerPart("gradient-flow"),)),
    _asks(
        "redundant or singular",
        (AnswerPart("fibers", ("dimension", "hidden")), AnswerPart("diagnose")),
        (AnswerPart("singularities", ("dimension",)),),
    ),
)


@dataclass(frozen=True)
class OpeningAnswer:
    """The answer to one question: its sentence, the weakest claim in it (None where nothing was computed), and the entries asked."""

    question: str
    sentence: str
    claim: Claim | None
    entries: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "question": self.question,
            "sentence": self.sentence,
            "claim": None if self.claim is None else str(self.claim),
            "entries": list(self.entries),
        }


def opening(
    rows: Sequence[Row], parameters: int, asked: Sequence[str], why_not: str = "it needs data with a target"
) -> tuple[OpeningAnswer, ...]:
    """The five answers of a report on a model of that many ``parameters``, as far as the rows of the entries ``asked`` are there;
    ``why_not`` says why others were not."""
    known = {row.entry.name: row for row in rows}
    first, *others = (_answer(question, known, asked, why_not) for question in QUESTIONS)
    size = f"{parameters} parameter{'' if parameters == 1 else 's'}"
    return replace(first, sentence=f"{size}; {first.sentence}"), *others


def _answer(question: OpeningQuestion, rows: Mapping[str, Row], asked: Sequence[str], why_not: str) -> OpeningAnswer:
    sentences, claims, entries = [], [], []
    for choices in question.parts:
        there = next((p for p in choices if p.entry in rows and rows[p.entry].result is not None), None)
        if there is None:
            of_these = next((p for p in choices if p.entry in rows or p.entry in asked), choices[-1])
            sentences.append(_why_not(of_these.entry, rows, asked, why_not))
            continue
        sentence, claim = _of_row(there, rows[there.entry])
        sentences.append(sentence)
        claims.append(claim)
        entries.append(there.entry)
    return OpeningAnswer(question.text, "; ".join(sentences), Claim.weakest(claims) if claims else None, tuple(entries))


def _of_row(part: AnswerPart, row: Row) -> tuple[str, Claim]:
    assert row.result is not None
    keys = [k for k in part.keys if k in row.result.verdicts]
    if not keys:
        return row.result.meaning, row.result.claim
    return told(row.result.verdicts, keys, ()), Claim.weakest(row.result.verdicts[k].claim for k in keys)


def _why_not(entry: str, rows: Mapping[str, Row], asked: Sequence[str], otherwise: str) -> str:
    """Why an answer is not there, in one sentence."""
    if entry in rows:
        return f"{entry}: {rows[entry].placed(rows[entry].problem)}"
    return f"{entry} was not reached" if entry in asked else f"{entry} was not asked: {otherwise}"


def group_of(entry: Entry) -> str:
    """The question that an entry helps to answer."""
    about = entry.learning.partition(":")[0]
    return next((question for question, words in GROUPS if about in words), OTHER)


def grouped(rows: Sequence[Row]) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """The rows by the questions they answer, in the order of the registry within each; questions without rows are left out."""
    found = ((question, tuple(r for r in rows if group_of(r.entry) == question)) for question in (*dict(GROUPS), OTHER))
    return tuple((question, chosen) for question, chosen in found if chosen)
