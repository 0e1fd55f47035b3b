"""Mutation testing of the room of certificates: one operator, number or refusal changed at a time, and its tests run against it.

``python -m benchmarks.mutations record`` notes once which tests run which lines of ``certificates/``; then
``python -m benchmarks.mutations run --sample 150`` draws mutants and asks the tests that reach each, the fastest first, until one
fails (``record run``: both). It prints those that no test noticed, and the score by file. A mutant that needs five times the usual
time counts as noticed.
Mutants that were read and cannot be told from what is written are in ``benchmarks/data/equivalent_mutants.json``, with a reason.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.forked_tests import (
    Collected,
    Traced,
    codes,
    compiled_as_imported,
    functions_from,
    in_copy,
    put_in_place,
    replacements,
)
from benchmarks.mutants import Mutant, mutants_of, mutated

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "src" / "neurovariety" / "certificates"
EQUIVALENT = ROOT / "benchmarks" / "data" / "equivalent_mutants.json"
SPARE = 10.0
"""Seconds of the processor beyond five times what tests took."""


def main() -> None:
    """Record, or draw mutants and run tests."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("what", nargs="+", choices=("record", "run"))
    parser.add_argument("--tests", nargs="*", default=["tests/certificates"])
    parser.add_argument("--only", default="", help="the tests whose names an expression of pytest -k chooses")
    parser.add_argument("--reached", type=Path, default=ROOT / ".pytest_cache" / "reached.json", help="where it is noted")
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", nargs="*", default=[], help="names of files in certificates/, all by default")
    parser.add_argument("--outcomes", type=Path, help="lines of JSON, what became of each mutant; what was noticed is not asked again")
    parser.add_argument("--in-place", action="store_true", help="leave out what needs a process of its own, half a minute each")
    parser.add_argument("--most", type=float, default=1e9, help="seconds of tests that are asked of a mutant at most")
    parser.add_argument("--budget", type=float, default=1e9, help="seconds after which nothing new is begun")
    given = parser.parse_args()
    if not str(Path(importlib.util.find_spec("neurovariety").origin)).startswith(str(ROOT)):
        raise SystemExit(f"the package is imported from elsewhere: set PYTHONPATH={ROOT / 'src'}")
    works = [_Recording(given) if what == "record" else _Running(given) for what in given.what]
    plugin = Collected(lambda own, items: [work(own, items) for work in works] and None)
    options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "-k", given.only]
    pytest.main([*options, *given.tests], plugins=[plugin])


class _Recording:
    """Notes the lines that each test runs; tests in files that did not change are kept as they were noted.

    The tests of a file run in one copy, so that what one of them keeps (a document, a fixture) is made once: lines that made it are
    noted of the test that ran first. Slow tests come last, each in a copy of its own.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given

    def __call__(self, plugin: Collected, items: list[pytest.Item]) -> None:
        path, start = self.given.reached, time.time()
        noted = json.loads(path.read_text()) if path.exists() else {}
        path.parent.mkdir(exist_ok=True)
        for group in self._groups(items, noted):
            if time.time() - start > self.given.budget:
                break
            with tempfile.NamedTemporaryFile() as out:

                def together(group: list[pytest.Item] = group, name: str = out.name) -> int:
                    with Path(name).open("a") as file:
                        for item, following in zip(group, [*group[1:], None], strict=True):
                            plugin.failed = False
                            with Traced(ROOM) as traced:
                                passed = plugin.passes([item], following)
                            lines = {k: sorted(v) for k, v in traced.found().items()}
                            own = {"test": item.nodeid, "seconds": traced.seconds, "passed": passed, "lines": lines}
                            file.write(json.dumps(own) + "\n")
                            file.flush()
                    return 0

                in_copy(together, min(self.given.most, 600.0))
                found = [json.loads(line) for line in Path(out.name).read_text().splitlines() if line.endswith("}")]
            passed = {n["test"]: n for n in found if n.pop("passed")}
            for item in group:
                if item.nodeid in passed:
                    noted[item.nodeid] = {"of": _digest(item), **passed[item.nodeid]}
                else:
                    print(f"does not pass when it is traced, or not in time: {item.nodeid}", flush=True)
            path.write_text(json.dumps(noted))
        collected = {item.nodeid for item in items}
        gone = {k for k in noted if k not in collected and k.startswith(tuple(self.given.tests)) and not self.given.only}
        path.write_text(json.dumps({k: v for k, v in noted.items() if k not in gone}))
        print(f"{len(noted)} tests, {sum(n['seconds'] for n in noted.values()):.0f} s of the processor in all")

    def _groups(self, items: list[pytest.Item], noted: dict[str, Any]) -> list[list[pytest.Item]]:
        """The tests that are not noted yet, file by file, slow ones alone."""
        new = [item for item in items if noted.get(item.nodeid, {}).get("of") != _digest(item)]
        slow = [item for item in new if item.get_closest_marker("slow") is not None]
        of_files: dict[Path, list[pytest.Item]] = defaultdict(list)
        for item in new:
            if item not in slow:
                of_files[item.path].append(item)
        return [*of_files.values(), *([item] for item in slow)]


def _digest(item: pytest.Item) -> str:
    return hashlib.sha256(item.path.read_bytes()).hexdigest()[:16]


class _Running:
    """Draws mutants and asks the tests that reach each."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given

    def _prepare(self) -> None:
        noted = json.loads(self.given.reached.read_text())
        self.seconds = {test: n["seconds"] for test, n in noted.items()}
        self.reaching: dict[tuple[str, int], set[str]] = defaultdict(set)
        """By file and line: the tests that run it."""
        self.touching: dict[str, set[str]] = defaultdict(set)
        self.before = {f.name: compiled_as_imported(ast.parse(f.read_text()), f) for f in _files(self.given.files)}
        first = {f"{f}:{c.co_qualname}": (f, c.co_firstlineno) for f, code in self.before.items() for c in codes(code)}
        for test, n in noted.items():
            for name, lines in n["lines"].items():
                if name in first:
                    file, start = first[name]
                    self.touching[file].add(test)
                    for line in lines:
                        self.reaching[file, start + line].add(test)

    def __call__(self, plugin: Collected, items: list[pytest.Item]) -> None:
        self._prepare()
        self.plugin, self.items, self.functions = plugin, {item.nodeid: item for item in items}, functions_from(ROOM)
        start, counts, kept = time.time(), defaultdict(Counter), self.given.outcomes
        rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept and kept.exists() else []
        noticed = {_key(row) for row in rows if row["outcome"] == "noticed"}
        for mutant in self._drawn():
            if time.time() - start > self.given.budget:
                break
            begun = time.time()
            outcome, tests = ("noticed", 0) if mutant.key in noticed else self._outcome(mutant)
            counts[mutant.file][outcome] += 1
            if outcome in ("missed", "not run"):
                print(f"{outcome}: {mutant.name}", flush=True)
            if kept and mutant.key not in noticed:
                row = {"outcome": outcome, "tests": tests, "seconds": round(time.time() - begun, 2), **vars(mutant)}
                with kept.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        _print_scores(counts, time.time() - start)

    def _drawn(self) -> list[Mutant]:
        """By a hash, so that the same are drawn where other lines have changed."""
        every = [m for f in _files(self.given.files) for m in mutants_of(f.name, f.read_text(encoding="utf-8"))]
        return sorted(every, key=lambda m: hashlib.sha256(f"{self.given.seed} {m.key}".encode()).digest())[: self.given.sample]

    def _outcome(self, mutant: Mutant) -> tuple[str, int]:
        """``noticed``, ``equivalent``, ``missed``, or ``not run`` where no test reaches it; and how many tests were asked."""
        if mutant.key in _judged():
            return "equivalent", 0
        tree = mutated(mutant, (ROOM / mutant.file).read_text(encoding="utf-8"))
        source = ast.unparse(tree)
        changed = replacements(self.before[mutant.file], compiled_as_imported(tree, ROOM / mutant.file))
        reached = set().union(*(self.reaching[mutant.file, n] for n in range(mutant.first, mutant.last + 1)))
        if changed is None or "compiled(" in source:
            if self.given.in_place:
                return "left out", 0
            changed = None
            reached = reached or self.touching[mutant.file]
        tests, spent = [], 0.0
        for test in sorted(reached & self.items.keys(), key=self.seconds.__getitem__):
            spent += self.seconds[test]
            if tests and spent > self.given.most:
                break
            tests.append(test)
        if not tests:
            return "not run", 0
        most = 5 * sum(self.seconds[t] for t in tests) + SPARE
        if changed is not None:

            def asked() -> int:
                return 2 if not put_in_place(changed, self.functions) else not self.plugin.passes([self.items[t] for t in tests])

            status = in_copy(asked, most)
            if status != 2 or self.given.in_place:
                return "noticed" if status else "missed", len(tests)
        return "noticed" if _fails_elsewhere(mutant, source, tests, most) else "missed", len(tests)


def _files(names: list[str]) -> list[Path]:
    return [f for f in sorted(ROOM.glob("*.py")) if f.name != "__init__.py" and (not names or f.name in names)]


def _judged() -> set[tuple[str, str, str, int, str]]:
    return {_key(row) for row in json.loads(EQUIVALENT.read_text())}


def _key(row: dict[str, Any]) -> tuple[str, str, str, int, str]:
    return row["file"], row["function"], row["line"], row["column"], row["change"]


def _fails_elsewhere(mutant: Mutant, source: str, tests: list[str], limit: float) -> bool:
    """Whether a test fails in a new process that imports a copy of the package with that source."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "neurovariety" / "certificates" / mutant.file).write_text(source, encoding="utf-8")
        shown = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS": "check"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(command, cwd=ROOT, env=shown, capture_output=True, timeout=limit + 120, check=False)
        except subprocess.TimeoutExpired:
            return True
    return done.returncode != 0


def _print_scores(counts: dict[str, Counter[str]], seconds: float) -> None:
    total: Counter[str] = sum(counts.values(), Counter())
    for file, of in sorted(counts.items()):
        print(f"{file:32} {dict(of)}")
    told = total["noticed"] + total["missed"] + total["not run"]
    score = total["noticed"] / max(told, 1)
    print(f"{total['noticed']} of {told} noticed ({score:.1%}), {total['equivalent']} equivalent, in {seconds:.0f} s")


if __name__ == "__main__":
    main()
