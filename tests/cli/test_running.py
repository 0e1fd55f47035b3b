"""The line on standard error while a computation runs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from neurovariety.cli.running import line, watched


def test_lines():
    assert line({}, 3.4) == "3 s"
    assert line({"phase": "preparing"}, 10) == "preparing, 10 s"
    assert line({"phase": "", "value": 1234, "paths": 5678}, 12) == "1,234 so far, 5,678 paths, 12 s"
    assert line({"value": 7}, 0) == "7 so far, 0 s"


def test_the_cell_of_a_notebook_is_no_terminal(monkeypatch):
    """Jupyter runs `!` commands on a terminal of its own, and keeps all that is written over."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    assert watched()
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    assert not watched()


@pytest.mark.slow
def test_a_terminal_sees_the_running_count():
    """On a terminal the count appears and is wiped; standard output holds the answer alone."""
    command = [
        sys.executable,
        "-c",
        "from neurovariety.cli.main import main; main()",
        "degree",
        "linear(6,3,6)",
        "--route",
        "computed",
    ]
    parent, child = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child, text=True) as process:
        os.close(child)
        seen = b""
        while True:
            try:
                part = os.read(parent, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
        out = process.stdout.read()
    os.close(parent)
    assert process.returncode == 0
    assert b"paths, " in seen
    assert b" so far" in seen
    assert out.startswith("degree(linear(6,3,6)) = 980")
    assert "\r" not in out
