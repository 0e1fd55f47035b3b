"""What the browser's checks of pages rest on: the pages are there, and a page of faults is refused for each of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import pages

ROOT = Path(__file__).parents[1]


def test_pages_of_the_documentation_are_there(tmp_path):
    assert len(set(pages.DOCUMENTATION)) == 10
    assert all((ROOT / "docs" / f"{name}.md").is_file() for name in pages.DOCUMENTATION)
    report = tmp_path / "report.html"
    report.write_text("<title>r</title>")
    with pytest.raises(SystemExit, match=r"no such page: .*index\.html.*make pages"):
        pages.pages_of(report, tmp_path)
    for name in pages.DOCUMENTATION:
        path = tmp_path / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text("<title>d</title>")
    found = pages.pages_of(report, tmp_path)
    assert [page.name for page in found] == ["report", *pages.DOCUMENTATION]
    assert found[0].below == report  # asks for nothing but itself
    assert all(page.address.startswith("file:///") for page in found)


def test_a_check_that_sees_nothing_is_no_check():
    assert pages.not_found([]) == list(pages.EXPECTED)
    seen = [
        "script: undefinedFunction is not defined",
        "requests https://example.invalid/picture.png",
        "the page is 2008 pixels wide",
        "cut off: this text does not fit into its box",
        "cut off in a figure: beyond the edge",
        "serious: color-contrast (1 times, first <p>)",
    ]
    assert pages.not_found(seen) == []
    for k in range(len(seen)):
        assert len(pages.not_found(seen[:k] + seen[k + 1 :])) == 1


class _Browser:
    """A browser in which a page asks for files, and says what it is told to say."""

    def __init__(self, asked, cut, violations):
        self.asked, self.answers, self.heard = asked, [cut, None, violations], {}

    def new_context(self, **options):
        self.options = options
        return self

    def new_page(self):
        return self

    def on(self, event, handler):
        self.heard[event] = handler

    def goto(self, address, wait_until):
        for url in (address, *self.asked):
            self.heard["request"](type("Request", (), {"url": url}))

    def wait_for_timeout(self, milliseconds):
        pass

    def evaluate(self, script):
        return self.answers.pop(0)

    def close(self):
        self.closed = True


def test_requests_and_violations(tmp_path):
    """A page of the documentation may ask for files of its folder, a report for nothing; light violations are let through."""
    path = tmp_path / "a.html"
    style, other = (tmp_path / "style.css").as_uri(), Path("/etc/hostname").as_uri()
    grave = {"impact": "serious", "id": "label", "nodes": [{"html": "<input>"}]}
    light = {"impact": "minor", "id": "region", "nodes": [{"html": "<p>"}]}
    asked = ["data:image/png;base64,", style, other, "https://example.invalid/x"]
    for below, allowed in ((tmp_path, [style]), (path, [])):
        browser = _Browser(asked, ["cut off: x"], [grave, light])
        found = list(pages.faults(browser, "axe", pages.Page("a", path, below), 420, "dark"))
        refused = [url for url in asked[1:] if url not in allowed]
        assert found == [*(f"requests {url}" for url in refused), "cut off: x", "serious: label (1 times, first <input>)"]
        assert browser.closed
        assert browser.options == {"viewport": {"width": 420, "height": 900}, "color_scheme": "dark"}
