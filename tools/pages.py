"""Pages in a browser: a report and pages of the documentation are opened as a reader would, and what is wrong with them is named.

``make pages``, or ``python -m tools.pages REPORT.html HTML_FOLDER`` in an environment with playwright. Each page is opened at 420, 800
and 1400 pixels, light and dark, and refused for: a violation of accessibility that axe-core calls serious or critical; a request for
anything that is not of the page itself or, in the documentation, of its folder; an error of a script; text that is cut off, in boxes,
in figures and at the window's edge. First a page with each of these faults is opened, which has to be refused for all of them.

The browser is Chromium as the system has it (``--chromium``), axe-core a package of npm (``--axe``, the file axe.min.js).
"""

from __future__ import annotations

import argparse
import html
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

WIDTHS = (420, 800, 1400)
SCHEMES = ("light", "dark")
HEIGHT = 900
DOCUMENTATION = (
    "index", "first_ten_minutes", "your_table", "gallery", "command_line", "how_to_read_a_claim", "glossary", "api", "dictionary/index",
    "dictionary/landscape",
)  # fmt: skip
GRAVE = ("serious", "critical")
AXE = Path(".venv-browser/node_modules/axe-core/axe.min.js")

CUT_OFF = """() => {
  const found = [];
  const words = (text) => text.trim().replace(/\\s+/g, " ").slice(0, 60);
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth + 1) found.push(`the page is ${wide} pixels wide`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (!node.textContent.trim() || !node.parentElement.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) continue;
    const drawing = node.parentElement.closest("svg");
    if (drawing) {
      const edge = drawing.getBoundingClientRect();
      if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 1 || box.bottom > edge.bottom + 1)
        found.push(`cut off in a figure: ${words(node.textContent)}`);
      continue;
    }
    for (let e = node.parentElement; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e), edge = e.getBoundingClientRect();
      if (style.position === "fixed" || edge.width <= 1 || edge.height <= 1) break;  // for screen readers alone, or drawn in from aside
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) break;  // reached by scrolling
      const hides = (overflow) => /hidden|clip/.test(overflow);
      if ((hides(style.overflowX) && (box.right > edge.right + 1 || box.left < edge.left - 1)) ||
          (hides(style.overflowY) && (box.bottom > edge.bottom + 2 || box.top < edge.top - 2))) {
        found.push(`cut off: ${words(node.textContent)}`);
        break;
      }
    }
  }
  return found;
}"""
"""Text that a reader cannot see and cannot scroll to."""

BAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>faults</title></head><body><main><h1>faults</h1>
<p style="color:#cccccc;background:#ffffff">this text is too pale</p>
<div style="width:6rem;overflow:hidden;white-space:nowrap">this text does not fit into its box</div>
<svg width="50" height="20" viewBox="0 0 50 20" role="img" aria-label="f"><text x="20" y="15">beyond the edge</text></svg>
<p style="width:2000px">wide</p><img alt="nothing" src="https://example.invalid/picture.png">
<script>undefinedFunction()</script></main></body></html>"""
EXPECTED = ("color-contrast", "cut off: this text", "cut off in a figure", "pixels wide", "requests https:", "script:")
"""What the page of faults has to be refused for."""


class Page(NamedTuple):
    """A page to be opened, and the place below which it may ask for files."""

    name: str
    path: Path
    below: Path

    @property
    def address(self) -> str:
        """Where the browser finds it."""
        return self.path.resolve().as_uri()


def faults(browser: Any, axe: str, page: Page, width: int, scheme: str) -> Iterator[str]:
    """What is wrong with a page at a width, in light or dark."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
    asked: list[str] = []
    broken: list[str] = []
    try:
        opened = context.new_page()
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("pageerror", lambda error: broken.append(str(error)))
        opened.goto(page.address, wait_until="load")
        opened.wait_for_timeout(200)
        yield from (f"script: {error.splitlines()[0]}" for error in broken)
        own = (page.address, page.below.resolve().as_uri() + "/") if page.below != page.path else (page.address,)
        yield from (f"requests {url[:100]}" for url in asked if not url.startswith((*own, "data:", "blob:", "about:")))
        yield from opened.evaluate(CUT_OFF)
        opened.evaluate(axe)
        for violation in opened.evaluate("async () => (await axe.run(document)).violations"):
            if violation["impact"] in GRAVE:
                where = violation["nodes"][0]
                yield f"{violation['impact']}: {violation['id']} ({len(violation['nodes'])} times, first {where['html'][:80]})"
    finally:
        context.close()


def pages_of(report: Path, documentation: Path) -> list[Page]:
    """The report and ten pages of the documentation. Raises `SystemExit` where one is not there."""
    found = [Page("report", report, report)]
    found += [Page(name, documentation / f"{name}.html", documentation) for name in DOCUMENTATION]
    missing = [str(page.path) for page in found if not page.path.is_file()]
    if missing:
        raise SystemExit(f"no such page: {', '.join(missing)}; `make pages` builds them")
    return found


def not_found(said: Sequence[str]) -> list[str]:
    """The faults of the page of faults that were not noticed."""
    return [words for words in EXPECTED if not any(words in fault for fault in said)]


def main() -> int:
    """Open all pages; 0 if nothing is wrong with them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="a report, as `neurovariety report --html` writes it")
    parser.add_argument("documentation", type=Path, help="the folder of the documentation as HTML")
    parser.add_argument(
        "--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"), help="the browser's program"
    )
    parser.add_argument("--axe", type=Path, default=AXE, help="axe.min.js of the package axe-core")
    asked = parser.parse_args()
    if asked.chromium is None:
        raise SystemExit("no Chromium is here; install the package chromium of the system, or name one with --chromium")
    from playwright.sync_api import sync_playwright  # in an environment of its own: no test and no build needs a browser

    axe, wrong, seen = asked.axe.read_text(encoding="utf-8"), 0, 0
    with sync_playwright() as started, tempfile.TemporaryDirectory(prefix="neurovariety-pages-") as folder:
        browser = started.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        bad = Path(folder) / "faults.html"
        bad.write_text(BAD, encoding="utf-8")
        unnoticed = not_found(list(faults(browser, axe, Page("faults", bad, bad), WIDTHS[1], "light")))
        if unnoticed:
            raise SystemExit(f"the checks do not see these faults: {', '.join(unnoticed)}")
        for page in pages_of(asked.report, asked.documentation):
            for width in WIDTHS:
                for scheme in SCHEMES:
                    seen += 1
                    for fault in dict.fromkeys(faults(browser, axe, page, width, scheme)):
                        wrong += 1
                        print(f"{page.name} at {width}, {scheme}: {html.unescape(fault)}", flush=True)
        browser.close()
    print(f"{seen} views of pages, {wrong or 'no'} fault{'' if wrong == 1 else 's'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
