"""The documentation's build: strict, offline, every example executed."""

from __future__ import annotations

import logging as standard_logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

import neurovariety
from neurovariety.dictionary.declaration import Declared
from neurovariety.dictionary.entry import Entry
from neurovariety.dictionary.registry import ENTRIES
from neurovariety.report.opening import GROUPS, OTHER, group_of

sys.path.insert(0, str(Path(__file__).parent))
import cells

project = "neurovariety"
author = "The neurovariety authors"
project_copyright = author
release = version = neurovariety.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "jupyter_execute", ".jupyter_cache"]
nitpicky = False

# Cells run before Sphinx reads the pages, and only where cells or code have changed (cells.py). Nothing is fetched from the network.
nb_execution_mode = "cache"
nb_execution_cache_path = str(cells.prepare())
nb_execution_timeout = cells.TIMEOUT
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_ipywidgets_js: dict[str, Any] = {}
standard_logging.getLogger("traitlets").setLevel(standard_logging.WARNING)

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
# Options that several entries share stand in the signature, not in the source: defaults are shown as values.
autodoc_preserve_defaults = False
add_module_names = False

html_theme = "furo"
html_title = f"neurovariety {release}"
html_static_path = ["_static"]
html_css_files = ["narrow.css", "colours.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"footer_icons": []}

_log = logging.getLogger(__name__)


def _fill_index(app: Sphinx, docname: str, source: list[str]) -> None:
    """Write tables of entries and of their options, and the table of contents of the dictionary, from the registry and the entries'
    signatures; a missing page is a warning, hence an error."""
    if docname == "command_line":
        source[0] = source[0].replace("<!-- options -->", _table_of_options())
    if docname == "index":
        source[0] = source[0].replace("<!-- questions -->", _questions())
    if docname != "dictionary/index":
        return
    for entry in ENTRIES:
        if not (Path(app.srcdir) / "dictionary" / f"{entry.name}.md").is_file():
            _log.warning("the entry %r of the dictionary has no page docs/dictionary/%s.md", entry.name, entry.name)
    lines = []
    for question, entries in _grouped():
        lines += [f"## {question}", "", "| entry | for learning | command |", "|---|---|---|", *map(_row_of_entry, entries), ""]
    tree = ["```{toctree}", ":hidden:", "", *(entry.name for _, entries in _grouped() for entry in entries), "```"]
    source[0] = source[0].replace("<!-- entries -->", "\n".join([*lines, *tree]))


def _grouped() -> list[tuple[str, list[Entry]]]:
    """Entries by the question that they help to answer, as in a report."""
    questions = [*(question for question, _ in GROUPS), OTHER]
    found = [(question, [entry for entry in ENTRIES if group_of(entry) == question]) for question in questions]
    return [(question, entries) for question, entries in found if entries]


def _row_of_entry(entry: Entry) -> str:
    data = " --data FILE.csv --target COLUMN" if entry.trains else " --data FILE.csv" if entry.needs_data else ""
    return f"| [{entry.name}]({entry.name}.md) | {entry.learning} | `neurovariety {entry.name} ARCH{data}` |"


def _questions() -> str:
    """One row a question, with the entries that answer it."""
    rows = [(question, ", ".join(f"[{e.name}](dictionary/{e.name}.md)" for e in entries)) for question, entries in _grouped()]
    return "\n".join(["| | |", "|---|---|", *(f"| **{question}** | {links} |" for question, links in rows)])


_OR = r"\|"
"""A bar within a table."""


def _table_of_options() -> str:
    """One row an option; those that all entries on training share once."""
    training = [entry for entry in ENTRIES if entry.trains]
    shared = [d for d in training[0].declares.arguments if all(d in entry.declares.arguments for entry in training)]
    rows = ["| entry | option | |", "|---|---|---|", *_rows_of_options(_names(training), shared)]
    for entry in ENTRIES:
        own = [d for d in entry.declares.arguments if not (entry.trains and d in shared)]
        rows += _rows_of_options(_names([entry]), own)
    drawn = _names([entry for entry in ENTRIES if entry.figure])
    return "\n".join([*rows, f"| {drawn} | `--figure FILE` | draw the result to this file (.svg, .png or .pdf) |"])


def _starred(text: str) -> str:
    return text.replace("*", r"\*")


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(f"`{entry.name}`" for entry in entries)


def _rows_of_options(entry: str, declared: Sequence[Declared]) -> list[str]:
    found = []
    for one in declared:
        if one.option is not None:
            name = one.option.name or one.name.replace("_", "-")
            kind = "FILE.csv" if one.is_table else "N" if one.holds(int) else "X" if one.holds(float) else "..."
            found.append((f"--{name} {_OR.join(one.choices) or kind}", one.option.help))
            if one.is_table:
                found.append(("--target COLUMN", one.option.columns))
    return [f"| {'' if k else entry} | `{option}` | {_starred(text)} |" for k, (option, text) in enumerate(found)]


def _plain_stars(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with code in backticks: their * and | are products and absolute values, never markup."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "* ", ":", "..")):
            pieces = re.split(r"(``.*?``|`.*?`)", line)
            lines[i] = "".join(p if k % 2 else re.sub(r"([*|])", r"\\\1", p) for k, p in enumerate(pieces))


def _check_surface(app: Sphinx) -> None:
    """Every public name has its place in the reference."""
    text = (Path(app.srcdir) / "api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\.\. auto(?:function|class|exception):: neurovariety\.(\w+)$", text, re.MULTILINE))
    for name in sorted(set(neurovariety.__all__) ^ documented):
        _log.warning("docs/api.md and neurovariety.__all__ disagree about %r", name)


def _execute_cells(app: Sphinx) -> None:
    """Outputs for every page, so that Sphinx itself starts no kernel. A cell that fails ends the build."""
    pages = sorted(Path(app.env.doc2path(name)) for name in app.project.discover(app.config.exclude_patterns))
    failures = cells.execute(pages, Path(nb_execution_cache_path), app.parallel, app.env.myst_config, app.env.mystnb_config)
    if failures:
        raise ExtensionError("\n\n".join(failures))


def _for_every_reader(app: Sphinx, page: str, template: str, context: dict[str, Any], document: Any) -> None:
    """What readers of screens and keyboards miss in the theme's pages: the level of headings in the sidebar, regions that scroll, and a
    button whose label is not what it shows."""
    if "furo_navigation_tree" in context:
        context["furo_navigation_tree"] = context["furo_navigation_tree"].replace('role="heading"', 'role="heading" aria-level="2"')
    if "body" in context:
        scrolls = re.compile(r'<div class="((?:table-wrapper|cell_output)\b[^"]*)">')
        body = scrolls.sub(r'<div class="\1" tabindex="0">', context["body"])
        context["body"] = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _for_every_reader, priority=900)
    app.connect("source-read", _fill_index)
    app.connect("autodoc-process-docstring", _plain_stars)
    app.connect("builder-inited", _check_surface)
    app.connect("builder-inited", _execute_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
