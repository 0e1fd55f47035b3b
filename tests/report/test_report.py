"""The report: rows, JSON, the self-contained page, the table."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from html import unescape
from html.parser import HTMLParser

import pytest
from rich.console import Console

import neurovariety as nv
from neurovariety import examples
from neurovariety.dictionary import registry
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.errors import InputError
from neurovariety.report import build
from neurovariety.report.effort import EFFORTS
from neurovariety.report.figures import figure
from neurovariety.report.opening import GROUPS, group_of
from neurovariety.report.page import page
from neurovariety.report.terminal import show

EXAMPLE = examples.path("penguins.csv")
VOID = {"meta", "br", "img", "input", "hr", "link", "path", "use", "rect", "line", "circle", "polygon", "polyline", "stop"}
ARCHITECTURE = "mlp(2,1,1; x^2)"


def whole_report(test):
    """A test that looks at the report with all its entries: one worker computes it once, for all of them."""
    return pytest.mark.slow(pytest.mark.xdist_group("report")(test))


@pytest.fixture(scope="session")
def report():
    return nv.build_report(ARCHITECTURE, examples.trees(), seed=4)


@pytest.fixture(scope="session")
def html(report):
    return page(report)


class Outline(HTMLParser):
    """Tags in balance, what refers outside, ids, and text inside each tag."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.problems, self.references, self.ids, self.text, self.count = [], [], [], [], {}, {}

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "action", "data", "srcset"):
                self.references.append(value)
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-3:]} at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, text):
        for tag in set(self.open):
            self.text[tag] = self.text.get(tag, "") + text


def names_of_pictures(text):
    return [name.removesuffix("-title") for name in re.findall(r'<title id="([^"]*)"', text)]


def outline(text):
    found = Outline()
    found.feed(text)
    found.close()
    assert found.open == []
    assert found.problems == []
    return found


@whole_report
def test_rows_are_the_registry(report):
    assert [r.entry for r in report.rows] == [e for e in ENTRIES if e.in_reports]
    assert all(r.result is not None and r.problem == "" for r in report.rows)
    assert all(r.result.provenance.seed == 4 for r in report.rows)
    assert report.finished


@whole_report
def test_values_are_those_of_the_entries(report):
    """But for estimates, which take fewer samples in a report."""
    for row in report.rows:
        if not row.entry.needs_data and not row.entry.trains and row.result.claim is not nv.Claim.ESTIMATE:
            assert row.result.value == row.entry.load()(ARCHITECTURE, seed=4).value


@whole_report
def test_the_data_are_described(report):
    assert report.data["samples"] == 31
    assert report.data["targets"] == ["volume_ft3"]
    assert report.data["features"] == ["girth_in", "height_ft"]


def test_without_data():
    report = nv.build_report("linear(2,2)")
    assert [r.entry.name for r in report.rows] == [e.name for e in ENTRIES if e.in_reports and not e.needs_data and not e.trains]
    assert report.data is None


@whole_report
def test_json(report):
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert found == report.to_dict()
    assert found["architecture"] == ARCHITECTURE
    assert [e["entry"] for e in found["entries"]] == [e.name for e in ENTRIES if e.in_reports]


@whole_report
def test_results_read_back(report):
    for row in report.rows:
        data = json.loads(json.dumps(row.result.to_dict()))
        again = row.entry.result_class().from_dict(data)
        assert again.to_dict() == data
        assert type(again) is type(row.result)


class TestPage:
    @whole_report
    def test_is_well_formed(self, html):
        outline(html)

    @whole_report
    def test_fetches_nothing(self, html):
        found = outline(html)
        assert all(r.startswith("#") for r in found.references)
        assert not {"link", "script", "iframe", "img", "object", "embed"} & set(found.count)
        assert "@import" not in html
        assert not re.search(r"url\((?!#)", html)
        # Names of XML namespaces are no addresses that anything fetches.
        assert not re.search(r"https?://", re.sub(r'xmlns(:\w+)?="[^"]*"', "", html))

    @whole_report
    def test_holds_every_entry_with_its_evidence_folded_away(self, html, report):
        found = outline(html)
        for row in report.rows:
            assert row.entry.name in found.text["h3"]
            assert row.entry.learning in found.text["small"]
            assert row.result.meaning[1:] in found.text["article"]
        assert found.count["details"] == 3 * len(report.rows) + 3
        assert found.text["summary"].count("evidence") == len(report.rows)
        assert '"trials"' in found.text["details"]
        assert "trials" not in found.text["h3"]

    @whole_report
    def test_figures(self, html, report):
        drawn = [r.entry.name for r in report.rows if figure(r)]
        assert {"dimension", "fibers", "data"} <= set(drawn)
        found = outline(html)
        assert found.count["svg"] == len(drawn)
        assert len(set(found.ids)) == len(found.ids), "ids of two figures clash"

    @whole_report
    def test_is_small_and_has_captions(self, html):
        assert len(html.encode()) < 500_000
        found = outline(html)
        assert found.count["figcaption"] == found.count["figure"] == found.count["svg"]
        assert found.count["title"] == found.count["svg"] + 1
        assert set(re.findall(r'aria-labelledby="([^" ]*) ([^"]*)"', html)) <= {
            (f"{n}-title", f"{n}-desc") for n in names_of_pictures(html)
        }

    @whole_report
    def test_scrolling_text_takes_the_keyboard(self, html):
        assert not re.search(r"<pre(?! tabindex)", html)

    @whole_report
    def test_each_row_can_be_checked_again(self, html, report):
        text = unescape(html)
        for row in report.rows:
            assert f"neurovariety {row.entry.name} '{ARCHITECTURE}'" in text
            assert f"neurovariety recheck {row.entry.name}.json" in text
        assert re.search(
            r"neurovariety landscape 'mlp\(2,1,1; x\^2\)' --data trees.csv --target volume_ft3 --prepare standardize --seed 4", text
        )
        assert "@misc{marchetti2025," in text
        assert r"\begin{tabular}" in text

    @whole_report
    def test_light_and_dark(self, html):
        assert "prefers-color-scheme: dark" in html
        assert "#010101" not in html

    @whole_report
    def test_is_the_same_for_the_same_report(self, html, report):
        assert page(report) == html

    @whole_report
    def test_no_placeholder_is_left(self, html):
        assert "<!--" not in html.replace("<!doctype", "")

    def test_hostile_names_are_escaped(self, tmp_path, monkeypatch):
        shown = ("dimension", "landscape", "data")  # these write names of columns and files
        monkeypatch.setattr(build, "ENTRIES", [e for e in ENTRIES if e.name in shown])
        path = tmp_path / "<b>&amp;.csv"
        path.write_text('"<script>alert(1)</script>",b,"<!--rows-->"\n1,2,3\n4,5,6\n')
        report = nv.build_report("mlp(2,1,1; x^2)", nv.read_csv(path, "<!--rows-->"))
        text = page(report)
        found = outline(text)
        assert "script" not in found.count
        assert "b" not in found.count
        assert found.count["article"] == len(report.rows) + 2


def test_an_entry_that_fails_is_a_row_with_its_sentence(monkeypatch):
    def failing(model, **options):
        raise nv.ResourceError("this needs 9 GiB & more <than> there is")

    broken = registry.Entry("broken", "an entry that fails", path=ENTRIES[0].module + ":ambient")
    monkeypatch.setattr(registry.Entry, "load", lambda self, load=registry.Entry.load: failing if self is broken else load(self))
    monkeypatch.setattr(build, "ENTRIES", (ENTRIES[0], broken, ENTRIES[1]))
    report = nv.build_report("mlp(2,2,1; x^2)")
    assert [r.result is None for r in report.rows] == [False, True, False]
    assert report.to_dict()["entries"][1] == {"entry": "broken", "error": "this needs 9 GiB & more <than> there is"}
    text = page(report)
    assert "9 GiB &amp; more &lt;than&gt; there is" in text
    outline(text)
    assert "9 GiB & more <than>" in re.sub(r"\s+", " ", shown(report))
    assert "9 GiB" in report._repr_html_()


def test_an_entry_that_fails_by_a_bug_is_not_hidden(monkeypatch):
    def failing(model, **options):
        raise RuntimeError("a bug")

    monkeypatch.setattr(registry.Entry, "load", lambda self: failing)
    with pytest.raises(RuntimeError):
        nv.build_report("linear(1,1)")


@whole_report
def test_effort_is_work_and_samples():
    discriminant = partial(nv.discriminant, "linear(2,1,2)", metric="frobenius")
    sides = [build.row_of(find("discriminant"), discriminant, e).result.evidence["grid"] for e in EFFORTS.values()]
    assert sides == [8, 16, 60]
    operations = [e.operations for e in EFFORTS.values()]
    assert operations == sorted(operations)
    with pytest.raises(InputError, match="small, normal, large, got 'huge'"):
        nv.build_report("linear(2,1,2)", effort="huge")


def test_an_unfinished_report_says_so(report):
    import dataclasses

    cut = dataclasses.replace(report, rows=report.rows[:2], finished=False, stopped_by="the time limit")
    assert "Not finished" in page(cut)
    assert f"cut short by the time limit after 2 of {len(report.asked)} entries" in page(cut)
    assert "not finished" in shown(cut)
    assert cut.to_dict()["finished"] is False


def shown(report, width=120):
    stream = io.StringIO()
    show(report, Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


@whole_report
def test_five_answers_come_first(report, html):
    """Each says no more than its row: its words are those of the verdicts, its claim the weakest among them."""
    assert len(report.opening) == 5
    text, page_text = re.sub(r"\s+", " ", shown(report, 160)), outline(html).text["dd"]
    rows = {row.entry.name: row for row in report.rows}
    for said in report.opening:
        assert said.question in text
        assert said.sentence[1:60] in text
        assert said.sentence[1:] in page_text
        assert said.claim in [v.claim for name in said.entries for v in rows[name].result.verdicts.values()]
    assert text.index("degrees of freedom") < text.index("What can it express?")
    assert [s.entries for s in report.opening] == [
        ("dimension",),
        ("data",),
        ("landscape",),
        ("gradient-flow",),
        ("fibers", "singularities"),
    ]
    assert report.to_dict()["opening"] == [said.to_dict() for said in report.opening]


@whole_report
def test_answers_lead_to_their_rows(html):
    found = outline(html)
    assert {r[1:] for r in found.references if r.startswith("#entry-")} <= set(found.ids)


def test_an_answer_that_is_not_there_says_why(monkeypatch):
    monkeypatch.setattr(build, "ENTRIES", [e for e in ENTRIES if e.name in ("dimension", "landscape", "fibers", "singularities")])
    report = nv.build_report("linear(2,2)")
    sentences = [said.sentence for said in report.opening]
    assert sentences[0].startswith("4 parameters; ")
    assert sentences[2] == "landscape was not asked: it needs data with a target"
    assert report.opening[2].claim is None
    report.rows.pop()
    assert report.opening[4].sentence.endswith("singularities was not reached")


def test_every_entry_answers_a_question():
    assert all(group_of(e) in dict(GROUPS) for e in ENTRIES)


@pytest.mark.parametrize("width", [79, 99])
def test_narrow_terminals_stack(monkeypatch, width):
    monkeypatch.setattr(build, "ENTRIES", [e for e in ENTRIES if e.name in ("dimension", "components")])
    lines = shown(nv.build_report("linear(2,2)"), width).split("\n")
    place = lines.index("dimension  proved")
    numbers = lines.index("  4", place)
    said = " ".join(line.strip() for line in lines[place + 1 : numbers])
    assert said.startswith("the functions form a set of dimension exactly 4")


@pytest.mark.parametrize("width", [80, 120])
def test_words_come_before_numbers(monkeypatch, width):
    """In the terminal, narrow and wide, and on the page, where the picture stands between them and the evidence is folded below."""
    monkeypatch.setattr(build, "ENTRIES", [e for e in ENTRIES if e.name == "dimension"])
    report = nv.build_report("linear(2,2)")
    words = "the functions form a set"
    row = shown(report, width).split("What can it express?")[1]
    assert re.search(rf"{words}.*\n(.*\n)*  4\n" if width < 100 else rf"proved +{words}.* 4\n", row)
    article = page(report).split('<article id="entry-dimension">')[1].split("</article>")[0]
    places = [article.index(part) for part in (words[1:], "<figure", '<p class="value">4', "<details>")]
    assert places == sorted(places)


@whole_report
@pytest.mark.parametrize("width", [60, 100, 160])
def test_table(report, width):
    text = shown(report, width)
    assert all(len(line) <= width for line in text.splitlines())
    for row in report.rows:
        assert row.entry.name in text
        assert row.result.claim in text


def test_a_table_in_a_file_has_no_blanks_around(monkeypatch):
    monkeypatch.setattr(build, "ENTRIES", [e for e in ENTRIES if e.name in ("dimension", "components")])
    text = shown(nv.build_report("linear(2,2)"))
    assert text.startswith("linear(2,2)  4 parameters")
    assert text.endswith("recheck the evidence\n")
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_options_in_notices_have_their_command(monkeypatch):
    """``--target`` of a report is a column, and reports have no ``--map``."""
    monkeypatch.setattr(build, "ENTRIES", [e for e in ENTRIES if e.name in ("membership", "invariance")])
    report = nv.build_report("linear(2,2)")
    for text in (shown(report), page(report)):
        for entry, option in (("membership", "--weights"), ("invariance", "--map")):
            assert f"{option} (options of neurovariety {entry}, not of a report)" in re.sub(r"\s+", " ", text)
    (row, *_) = report.rows
    assert row.placed("8 GiB are free; see --memory-limit") == "8 GiB are free; see --memory-limit"


def test_names_with_brackets_are_text_in_the_table(tmp_path):
    path = tmp_path / "[bold]x.csv"
    path.write_text("[red]a,b,[/]\n1,2,3\n")
    text = shown(nv.build_report("linear(2,1)", nv.read_csv(path, "[/]")))
    assert "[red]a" in text
    assert "[bold]x.csv" in text


@pytest.mark.parametrize(
    ("notation", "target", "words"),
    [
        ("mlp(2,2,1; x^2)", "body_mass_g", "2 inputs"),
        ("mlp(3,2,2; x^2)", "body_mass_g", "2 outputs"),
        ("mlp(3,2,1; x^2)", None, "3 inputs"),
    ],
)
def test_data_that_do_not_fit(notation, target, words):
    with pytest.raises(nv.DataError, match=words):
        nv.build_report(notation, nv.read_csv(EXAMPLE, target))


@whole_report
def test_repr_is_short(report):
    assert len(repr(report)) < 60 + 20 * len(report.rows)
    assert ARCHITECTURE in repr(report)
    outline(report._repr_html_())
