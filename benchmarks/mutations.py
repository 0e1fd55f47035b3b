"""Mutation testing of the room of certificates: one operator, number or refusal changed at a time, and its tests run against it.

``python -m benchmarks.mutations --sample 40`` draws mutants, runs ``tests/certificates`` on a copy of the package with each, and prints
those that no test noticed, and the score. A mutant that runs for longer than the limit counts as noticed.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOM = Path("neurovariety") / "certificates"
COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, what is changed, and the changed module, for each change; the tree is changed in place and back again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for i, op in enumerate(node.ops):
                node.ops[i] = COMPARED[type(op)]()
                yield node.lineno, f"{type(op).__name__} -> {type(node.ops[i]).__name__}", tree
                node.ops[i] = op
        elif isinstance(node, ast.BoolOp):
            before = node.op
            node.op = ast.And() if isinstance(before, ast.Or) else ast.Or()
            yield node.lineno, "and <-> or", tree
            node.op = before
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            op, node.op = node.op, ast.UAdd()
            kept, node.operand = node.operand, ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
            yield node.lineno, "not dropped", ast.fix_missing_locations(tree)
            node.op, node.operand = op, kept
        elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not isinstance(node.left, ast.Constant | ast.JoinedStr):
            if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
                continue
            before_op = node.op
            node.op = COMPUTED[type(before_op)]()
            yield node.lineno, f"{type(before_op).__name__} -> {type(node.op).__name__}", tree
            node.op = before_op
        elif isinstance(node, ast.If) and all(isinstance(s, ast.Raise) for s in node.body):
            body, node.body = node.body, [ast.Pass()]
            yield node.lineno, "a refusal dropped", ast.fix_missing_locations(tree)
            node.body = body


def all_mutants(files: list[Path]) -> list[tuple[Path, int, str, str]]:
    """File, line, change and source of each."""
    found = []
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        original = ast.unparse(tree)
        for line, change, changed in mutants(tree):
            source = ast.unparse(changed)
            if source != original:
                found.append((file, line, change, source))
    return found


def noticed(copy: Path, file: Path, source: str, tests: list[str], limit: float) -> bool:
    """Whether a test fails where the file of the copy has that source."""
    target = copy / ROOM / file.name
    before = target.read_text(encoding="utf-8")
    target.write_text(source, encoding="utf-8")
    shown = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=ROOT, env=shown, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(before, encoding="utf-8")
    return done.returncode != 0


def main() -> None:
    """Draw mutants, run the tests, print what nobody noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", nargs="*", help="names of files in certificates/, all by default")
    parser.add_argument("--tests", nargs="*", default=["tests/certificates"])
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for a mutant")
    parser.add_argument("--budget", type=float, default=1e9, help="seconds after which no further mutant is drawn")
    given = parser.parse_args()
    files = sorted((ROOT / "src" / ROOM).glob("*.py"))
    files = [f for f in files if f.name != "__init__.py" and (not given.files or f.name in given.files)]
    chosen = all_mutants(files)
    random.Random(given.seed).shuffle(chosen)
    chosen, start, missed, done = chosen[: given.sample], time.time(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
        for file, line, change, source in chosen:
            if time.time() - start > given.budget:
                break
            done += 1
            if not noticed(copy, file, source, given.tests, given.limit):
                missed.append(f"{file.name}:{line} {change}")
                print("not noticed:", missed[-1], flush=True)
    print(f"{done - len(missed)} of {done} mutants noticed ({(done - len(missed)) / max(done, 1):.0%}), in {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
