"""The report as one self-contained page: light and dark, evidence folded away, nothing fetched."""

from __future__ import annotations

import html
import json
from importlib.resources import files
from typing import Any

from neurovariety._version import __version__
from neurovariety.report.build import UNITS, Report, size_of
from neurovariety.report.figures import figure
from neurovariety.report.opening import grouped
from neurovariety.report.row import Row
from neurovariety.report.to_cite import bibliography, commands_of, latex_table
from neurovariety.result import in_one_line

_MOST_ROWS = 12
_MOST_LISTED = 6
"""Things of a long list in the evidence that a page shows."""
_MOST_JSON = 120_000
"""Characters of the report as JSON up to which the page holds it: it is to stay small enough to be sent."""


def page(report: Report) -> str:
    """The HTML text of the report."""
    template = files("neurovariety.report").joinpath("page.html").read_text(encoding="utf-8")
    claims = dict.fromkeys(r.result.claim for r in report.rows if r.result is not None)
    parts = {
        "title": html.escape(report.subject),
        "facts": html.escape(_facts(report)),
        "opening": _opening(report),
        "contents": _contents(report),
        "rows": "".join(
            f"<section><h2>{html.escape(question)}</h2>{''.join(_row(r, report) for r in rows)}</section>"
            for question, rows in grouped(report.rows)
        ),
        "latex": _text(latex_table(report.subject, report.rows)),
        "bibtex": _text(bibliography(report.rows)),
        "claims": "".join(f'<dt class="claim {c}">{c}</dt><dd>{html.escape(c.explanation)}</dd>' for c in claims),
        "json": _whole(report),
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
        text += f"; target{'s' * (len(d['targets']) > 1)} {', '.join(d['targets'])}" if d["targets"] else ""
        text += f" ({'; '.join(d['read'])})" if "read" in d else ""
        text += f"; {UNITS}" if d["targets"] else ""
    text += f". {report.left_out[:1].upper()}{report.left_out[1:]}" if report.left_out else ""
    return text + ("." if report.finished else f". Not finished: {report.cut_short}.")


def _opening(report: Report) -> str:
    """The five answers, each with its claim, leading to its rows."""
    out = ""
    for said in report.opening:
        claim = "" if said.claim is None else f' <span class="claim {said.claim}">{said.claim}</span>'
        links = "".join(f' <a href="#entry-{name}">{name}</a>' for name in said.entries)
        sentence = html.escape(_sentence(said.sentence))
        out += f"<div><dt>{html.escape(said.question)}</dt><dd>{sentence}{claim}{links}</dd></div>"
    return out


def _contents(report: Report) -> str:
    """Links to all rows, by question."""
    return (
        "".join(
            f"<li>{html.escape(question)} " + " ".join(f'<a href="#entry-{r.entry.name}">{r.entry.name}</a>' for r in rows) + "</li>"
            for question, rows in grouped(report.rows)
        )
        + '<li>And <a href="#claims">how far claims can be trusted</a> <a href="#cite">cite it, check it</a></li>'
    )


def _row(row: Row, report: Report) -> str:
    """An entry: its claim, the value in words, the picture, the value in numbers, and folded away what it rests on."""
    anchor = f'<a class="anchor" href="#entry-{row.entry.name}" aria-label="link to {row.entry.name}">#</a>'
    head = f"<h3>{row.entry.name}{anchor}<small>{html.escape(row.entry.learning)}</small></h3>"
    start = f'<article id="entry-{row.entry.name}">'
    if row.result is None:
        return f"{start}{head}<p>{html.escape(row.placed(row.problem))}</p></article>"
    result = row.result
    if isinstance(result.value, dict):
        parts = {k: _as_rows(v) for k, v in result.value.items()}
        tables = [_table(v, f"{k.replace('_', ' ')}{result.weaker(k)}", row.entry.name) for k, v in parts.items() if _is_table(v)]
        value = "".join(
            f"<div><dt>{html.escape(k.replace('_', ' '))}</dt><dd>{html.escape(result.part(k, v))}</dd></div>"
            for k, v in parts.items()
            if not _is_table(v)
        )
        value = f'<dl class="values">{value}</dl>{"".join(tables)}'
    else:
        value = f'<p class="value">{html.escape(result.shown())}</p>'
    meaning = html.escape(_sentence(result.meaning))
    notices = "".join(f"<p>{html.escape(_sentence(row.placed(n)))}</p>" for n in result.notices)
    evidence = _text(json.dumps(_cut(result.to_dict()["evidence"]), indent=1))
    check = _text("\n".join(commands_of(row, report.subject, report.data)))
    return (
        f'{start}{head}<p class="claim {result.claim}">{result.claim}</p><p>{meaning}</p>{figure(row)}{notices}{value}'
        f"<details><summary>evidence</summary>{_scrolled(evidence, f'evidence of {row.entry.name}')}</details>"
        f"<details><summary>check it again</summary>{_scrolled(check, f'commands for {row.entry.name}')}</details>"
        f"<details><summary>sources</summary>{_scrolled(_text(result.cite()), f'sources of {row.entry.name}')}</details></article>"
    )


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', ':', '?')) else '.'}"


def _as_rows(value: Any) -> Any:
    """A mapping of names to equal records as rows, which a table shows; pairs of sets as "one in another"; anything else as it is."""
    if isinstance(value, dict) and value and all(isinstance(part, dict) and part for part in value.values()):
        return [{"name": name, **part} for name, part in value.items()]
    if isinstance(value, list) and value and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        return [f"{a} in {b}" for a, b in value] if all(isinstance(x, str) for pair in value for x in pair) else value
    return value


def _text(text: str) -> str:
    """Text as HTML."""
    return html.escape(text, quote=False)


def _scrolled(text: str, name: str) -> str:
    """Text that scrolls, for keyboards as well."""
    return f'<pre tabindex="0" role="region" aria-label="{html.escape(name)}">{text}</pre>'


def _cut(data: Any) -> Any:
    """The same evidence with the first things of its long lists, and how many more there are."""
    if isinstance(data, dict):
        return {key: _cut(part) for key, part in data.items()}
    if not isinstance(data, list):
        return data
    flat = all(not isinstance(part, list | dict) for part in data)
    most = 4 * _MOST_LISTED if flat else _MOST_LISTED
    more = [f"... and {len(data) - most:,} more, in the JSON of the report"] if len(data) > most else []
    return [_cut(part) for part in data[:most]] + more


def _whole(report: Report) -> str:
    """The report as JSON, or how to get it where it is long."""
    text = json.dumps(report.to_dict(), separators=(",", ":"))
    if len(text) <= _MOST_JSON:
        return _text(text)
    return f"{len(text):,} characters: neurovariety report {_text(report.subject)} --json prints them, --save FILE keeps them"


def _is_table(value: Any) -> bool:
    """Whether a value is a list of rows with the same plain columns."""
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
        return False
    plain_cells = all(not isinstance(v, (dict, list)) for row in value for v in row.values())
    return plain_cells and all(row.keys() == value[0].keys() for row in value)


def _table(rows: list[dict[str, Any]], caption: str, entry: str) -> str:
    """The first rows of a table under its name; ends of intervals are left to the evidence and the figure."""
    columns = [k for k in rows[0] if k not in ("low", "high") and not k.endswith(("_low", "_high"))]
    head = "".join(f'<th scope="col">{html.escape(k.replace("_", " "))}</th>' for k in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(in_one_line(row[k]))}</td>" for k in columns) + "</tr>" for row in rows[:_MOST_ROWS]
    )
    more = f"<p>and {len(rows) - _MOST_ROWS} more, in the JSON below</p>" if len(rows) > _MOST_ROWS else ""
    name = f"<caption>{html.escape(caption)}</caption>"
    table = f'<table class="rows">{name}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scrolled" tabindex="0" role="region" aria-label="{entry}: {html.escape(caption)}">{table}</div>{more}'
