"""The dictionary of one architecture: every entry of the registry, with the data where there are some."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.budget import within
from neurovariety.checkpoints.graph.network import Network
from neurovariety.dataset import Dataset
from neurovariety.dictionary.entry import Entry
from neurovariety.dictionary.registry import ENTRIES
from neurovariety.dictionary.shared_answers import sharing
from neurovariety.errors import DataError, InputError, NeurovarietyError
from neurovariety.model import Model
from neurovariety.report.analytic_subject import AnalyticSubject, analytic_subject
from neurovariety.report.effort import EFFORTS, Effort, EffortName
from neurovariety.report.graph_subject import GraphSubject
from neurovariety.report.opening import OpeningAnswer, opening
from neurovariety.report.piecewise_subject import PiecewiseSubject
from neurovariety.report.row import Row
from neurovariety.result import SCHEMA, Result, counted
from neurovariety.tables.read_table import read_table

Subject = Model | AnalyticSubject | PiecewiseSubject | GraphSubject
"""What a report is made of."""


@dataclass(repr=False)
class Report:
    """The rows of a report in the order of the registry, and what was analysed. ``asked``: all entries that were to be computed;
    ``left_out``: why others were not to be, in one sentence; ``finished``: no entry was cut short; ``stopped_by``: what did so, such as
    "the time limit"; ``effort``: how long each entry was let search."""

    subject: str
    parameters: int
    inputs: int
    outputs: int
    seed: int
    data: dict[str, Any] | None
    asked: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    finished: bool = True
    stopped_by: str = ""
    left_out: str = ""
    effort: EffortName = "normal"

    @property
    def cut_short(self) -> str:
        """In words what was not computed; empty where everything was."""
        if self.finished:
            return ""
        left = self.asked[len(self.rows) :]
        by = f" by {self.stopped_by}" if self.stopped_by else ""
        return f"cut short{by} after {len(self.rows)} of {len(self.asked)} entries; {', '.join(left)} not computed"

    @property
    def opening(self) -> tuple[OpeningAnswer, ...]:
        """The five answers that come first, as far as the rows are there."""
        if self.left_out:
            return opening(self.rows, self.parameters, self.asked, "it is asked of algebraic networks alone")
        return opening(self.rows, self.parameters, self.asked)

    def __repr__(self) -> str:
        return f"Report({self.subject}: {', '.join(r.entry.name for r in self.rows)})"

    def _repr_html_(self) -> str:
        answers = "".join(f"<li>{html.escape(said.question)}: {html.escape(said.sentence)}</li>" for said in self.opening)
        return f"<ul>{answers}</ul>" + "".join(
            r.result._repr_html_() if r.result is not None else f"<p>{html.escape(r.problem)}</p>" for r in self.rows
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data: the results as on the command line, and the sentences of the entries without one."""
        entries = [r.result.to_dict() if r.result is not None else {"entry": r.entry.name, "error": r.problem} for r in self.rows]
        return {
            "architecture": self.subject,
            "parameters": self.parameters,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "seed": self.seed,
            "effort": self.effort,
            "data": self.data,
            "opening": [said.to_dict() for said in self.opening],
            "entries": entries,
            "finished": self.finished,
            "cut_short": self.cut_short or None,
            "left_out": self.left_out or None,
            "schema": SCHEMA,
        }


def build_report(
    source: Source | Path | Network,
    dataset: object = None,
    *,
    effort: EffortName = "normal",
    seed: int = 0,
    memory_limit: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Run every entry of the dictionary on ``source``; entries that need data are run where ``dataset`` is given: a `Dataset`, a
    frame or a file without targets, or a pair (inputs, targets).

    For a notation with a smooth activation or softmax these are the entries that have a meaning for such networks; the file of a
    trained network with dense layers and smooth activations has rows on `approximate` besides, and that of one that is linear on
    pieces on its regions, and on how far the inputs of ``dataset`` may move; that of any other has rows on its redundant neurons, and
    on `approximate`.

    ``progress`` is called with the name of each entry before it is asked.

    ``effort``: ``small``, ``normal`` or ``large``, how long entries search and how much they sample (`EFFORTS`): work is counted, not
    time, so that a report says the same on every machine.

    An entry that cannot be computed (too large, say) is reported with its sentence and does not stop the others. Raises
    `InputError` for an unusable architecture and `DataError` where the data do not fit it.

    >>> build_report("mlp(2,2,1; x^2)").rows[2].result
    dimension(mlp(2,2,1; x^2)) = 3 [proved, seed 0]
    """
    model = report_subject(source)
    if dataset is not None and not isinstance(dataset, Dataset):
        dataset = read_table(dataset)
    if dataset is not None:
        check_fit(model, dataset)
    out = empty_report(model, dataset, seed, effort)
    fill(out, model, dataset, seed, memory_limit, progress)
    return out


def report_subject(source: Source | Path | Network) -> Subject:
    """What a report is made of: a model, a network with smooth activations or linear on pieces, or any other trained network.

    Raises `InputError` for anything else.
    """
    found = analytic_subject(source)
    if found is not None:
        return found
    if isinstance(source, Path | Network):
        raise InputError(f"a report is made of an architecture, or the file of a trained network, got {str(source)[:60]}")
    return as_model(source)


def empty_report(model: Subject, dataset: Dataset | None, seed: int, effort: EffortName = "normal") -> Report:
    """A report without rows yet; `fill` appends them."""
    if effort not in EFFORTS:
        raise InputError(f"the effort of a report is {', '.join(EFFORTS)}, got {effort!r}")
    if not isinstance(model, Model):
        asked = tuple(entry.name for entry, _ in model.steps(seed, dataset))
        sizes, data = (model.parameters, model.inputs, model.outputs), _described(dataset, trains=False)
        return Report(model.name, *sizes, seed, data, asked, left_out=model.left_out, effort=effort)
    asked = tuple(e.name for e in asked_of(dataset))
    return Report(model.name, model.parameters, model.inputs, model.outputs, seed, _described(dataset), asked, effort=effort)


def asked_of(dataset: Dataset | None) -> list[Entry]:
    """The entries of a report: those that need data only where there are some."""
    trains = dataset is not None and bool(dataset.target_names)
    return [e for e in ENTRIES if e.in_reports and (dataset is not None or not e.needs_data) and (trains or not e.trains)]


def fill(
    out: Report,
    model: Subject,
    dataset: Dataset | None,
    seed: int,
    memory_limit: int | None,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Append the rows one by one, so that whoever stops the work keeps those that are done."""
    steps = steps_of(model, dataset, seed, memory_limit) if isinstance(model, Model) else model.steps(seed, dataset)
    with sharing():
        for entry, answer in steps:
            if progress is not None:
                progress(entry.name)
            out.rows.append(row_of(entry, answer, EFFORTS[out.effort]))


def row_of(entry: Entry, answer: Callable[[], Result], effort: Effort = EFFORTS["normal"]) -> Row:
    """What an entry answers in a report, or the sentence that says why it does not."""
    try:
        with within(*effort):
            return Row(entry, answer())
    except NeurovarietyError as error:
        return Row(entry, None, str(error))


def steps_of(
    model: Model, dataset: Dataset | None, seed: int = 0, memory_limit: int | None = None
) -> Iterator[tuple[Entry, Callable[[], Result]]]:
    """Each row's entry, and what computes it."""
    for entry in asked_of(dataset):
        options: dict[str, Any] = {"seed": seed}
        if entry.takes_memory_limit:
            options["memory_limit"] = memory_limit
        if entry.needs_data and dataset is not None:
            options["inputs"] = dataset.inputs
        if entry.trains:
            options |= {"data": dataset, "prepare": "standardize"}
        yield entry, partial(entry.load(), model, **options)


def check_fit(model: Subject, dataset: Dataset) -> None:
    """Raise `DataError` where the data have another number of inputs or targets than the model, or no row would ask for them."""
    if isinstance(model, AnalyticSubject | GraphSubject):
        raise DataError(f"no row of a report of {model.name} asks for data; leave out --data")
    features, targets = dataset.inputs.shape[1], dataset.targets.shape[1]
    if features != model.inputs:
        raise DataError(
            f"{model.name} takes {counted(model.inputs, 'input')}, {dataset.name} has {counted(features, 'input column')} "
            f"({', '.join(dataset.features[:8])}); change the first width or the columns"
        )
    if targets and isinstance(model, Model) and targets != model.outputs:
        raise DataError(
            f"{model.name} has {counted(model.outputs, 'output')}, {dataset.name} has {counted(targets, 'target column')} "
            f"({', '.join(dataset.target_names)})"
        )


def _described(dataset: Dataset | None, trains: bool = True) -> dict[str, Any] | None:
    if dataset is None:
        return None
    return {
        "name": dataset.name,
        "samples": len(dataset.inputs),
        "features": list(dataset.features),
        "targets": list(dataset.target_names),
        "preparation": f"every number exactly as written in the file{'; standardized for training' if trains else ''}",
    } | ({"read": list(dataset.done)} if dataset.done else {})


UNITS = "for training every column is standardized (minus its mean, over its standard deviation), so that losses have no unit"
"""What is said where entries on training are given data."""


def size_of(report: Report) -> str:
    """The model's size in words."""
    counts = ((report.parameters, "parameter"), (report.inputs, "input"), (report.outputs, "output"))
    return ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for n, name in counts)
