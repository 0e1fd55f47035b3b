"""The room of certificates imports arithmetic alone, so that nothing that searches can take part in a check."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import neurovariety.certificates

FILES = sorted(Path(neurovariety.certificates.__path__[0]).glob("*.py"))
PACKAGE = {"neurovariety.claim", "neurovariety.errors"}


def imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_imports(file):
    extra = {"neurovariety.compiled"} if file.stem in ("float_balls", "double_double") else set()
    for name in imported(file):
        top = name.split(".")[0]
        fine = top in sys.stdlib_module_names or top in {"flint", "numpy"}
        assert fine or name.startswith("neurovariety.certificates.") or name in PACKAGE | extra, name


def test_the_token_is_named_in_one_file_alone():
    root = Path(neurovariety.__path__[0])
    named = {f.relative_to(root).as_posix() for f in root.rglob("*.py") if "_TOKEN" in f.read_text(encoding="utf-8")}
    assert named == {"certificates/issue.py"}
    for file in root.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "object.__new__(Verdict" not in text
        assert "Verdict(" not in text or file.name in {"issue.py"}, file
        assert "def concludes" not in text or file.parent.name == "certificates", file
