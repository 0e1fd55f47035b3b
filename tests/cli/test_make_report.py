"""`make report`: words arrive as they were typed, and a refusal is one sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The Makefile beside a program that writes its words down, and refuses what is called `bad`."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt", ".venv/bin/neurovariety", ".venv/.installed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    program = tmp_path / ".venv" / "bin" / "neurovariety"
    program.write_text(
        "#!/usr/bin/env python3\nimport json, sys\n"
        "if 'bad' in sys.argv:\n    print('neurovariety: no', file=sys.stderr)\n    sys.exit(2)\nprint(json.dumps(sys.argv[1:]))\n"
    )
    program.chmod(0o755)
    return tmp_path


def made(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `make report` prints; the options and variables of the make that runs the tests are not its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", "report", *words], cwd=folder, env=own, capture_output=True, text=True, check=False)


def test_a_refusal_is_the_programs_sentence_alone(beside: Path) -> None:
    found = made(beside, "ARCH=bad")
    assert (found.returncode != 0, found.stderr, found.stdout) == (True, "neurovariety: no\n", "")


def test_quotes_spaces_and_dollars_stand_for_themselves(beside: Path) -> None:
    odd = 'it\'s "a" $HOME $(shell date) `date` #x'
    found = made(beside, f"ARCH={odd}", f"TARGET={odd}", f"DATA={odd}", f"HTML={odd}", "OPTIONS=--drop 'a b'")
    assert (found.returncode, found.stderr) == (0, "")
    asked = ["report", odd, "--data", odd, "--target", odd, "--seed", "0", "--html", odd, "--drop", "a b"]
    assert json.loads(found.stdout) == asked


def test_only_shown_is_not_run(beside: Path) -> None:
    found = subprocess.run(["make", "-n", "report", "ARCH=bad"], cwd=beside, capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert "'bad'" in found.stdout
