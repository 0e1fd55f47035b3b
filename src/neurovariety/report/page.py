"""The report as one self-contained page: light and dark, evidence folded away, nothing fetched."""

from __future__ import annotations

import html
import json
from importlib.resources import files

from neurovariety import __version__
from neurovariety.report.build import Report, Row, size_of
from neurovariety.report.figures import figure
from neurovariety.result import in_one_line


def page(report: Report) -> str:
    """The HTML text of the report."""
    template = files("neurovariety.report").joinpath("page.html").read_text(encoding="utf-8")
    claims = dict.fromkeys(r.result.claim for r in report.rows if r.result is not None)
    parts = {
        "title": html.escape(report.subject),
        "facts": html.escape(_facts(report)),
        "rows": "".join(_row(r) for r in report.rows),
        "claims": "".join(f'<dt class="claim {c}">{c}</dt><dd>{html.escape(c.explanation)}</dd>' for c in claims),
        "json": html.escape(json.dumps(report.to_dict(), indent=1)),
        "version": html.escape(f"neurovariety {__version__}, seed {report.seed}"),
    }
    for name, text in parts.items():
        template = template.replace(f"<!--{name}-->", text)
    return template


def _facts(report: Report) -> str:
    text = size_of(report)
    if report.data:
        d = report.data
        text += f". Data: {d['name']}, {d['samples']} samples of {', '.join(d['features'])}"
        text += f"; target {', '.join(d['targets'])}" if d["targets"] else ""
    return text + ("." if report.finished else ". Not finished: the remaining entries were not computed.")


def _row(row: Row) -> str:
    head = f"<h2>{row.entry.name}<small>{html.escape(row.entry.learning)}</small></h2>"
    if row.result is None:
        return f"<article>{head}<p>{html.escape(row.problem)}</p></article>"
    result = row.result
    if isinstance(result.value, dict):
        value = "".join(
            f"<div><dt>{html.escape(k.replace('_', ' '))}</dt><dd>{html.escape(in_one_line(v))}</dd></div>"
            for k, v in result.value.items()
        )
        value = f'<dl class="values">{value}</dl>'
    else:
        value = f'<p class="value">{html.escape(result.shown())}</p>'
    meaning = html.escape(f"{result.meaning[:1].upper()}{result.meaning[1:]}.")
    notices = "".join(f"<p>{html.escape(n)}</p>" for n in result.notices)
    evidence = html.escape(json.dumps(result.to_dict()["evidence"], indent=1))
    return (
        f'<article>{head}<p class="claim {result.claim}">{result.claim}</p>{value}<p>{meaning}</p>{notices}{figure(row)}'
        f"<details><summary>evidence</summary><pre>{evidence}</pre></details>"
        f"<details><summary>sources</summary><pre>{html.escape(result.cite())}</pre></details></article>"
    )
