"""Macaulay2 and Singular run the exported scripts and agree with us, and with published degrees, where they are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import pytest

import neurovariety as nv
from neurovariety.export import export_script

COMMANDS = {"macaulay2": ("M2", "--script"), "singular": ("Singular", "-q")}
ARCHITECTURES = [
    "mlp(2,2,1; x^2)",
    "mlp(2,2,1; x^3 + x^2)",
    "mlp(2,3,2; x^3)",
    "mlp(2,2,2,1; x^2)",
    "mlp(2,2,1; x^2; bias)",
    "mlp(2,2,1; 1/3*x^2 - 2*x + 1)",
    "mlp(2,2,1; generic(3))",
    "linear(3,2,3)",
    "cnn(2,2; x^2)",
    "cnn(3,2; x; strides=2,1)",
    "attention(2,2; a=2; t=1)",
    "tt(2,3,2; ranks=2)",
    "cp(2,2,2; rank=3)",
    "residual(mlp(2,2,2; x^2))",
    "groupconv(cyclic(3); layers=2; x^2)",
    "gnn(path(2); 1,2,1; x^2)",
]
EQUATIONS = [
    ("linear(3,1,2)", "2:3"),  # the 2 x 2 minors
    ("linear(3,2,3)", "3:1"),  # the determinant
    ("mlp(2,2,1; x^3 + x^2)", "3:1"),
    ("mlp(3,2,1; x^2)", "3:1"),  # the determinant of a symmetric matrix
    ("cnn(2,2; x^2)", "2:1 3:3"),
    ("mlp(2,1,1; x^4)", "2:6"),  # the rational normal quartic
]
DEGREES = [
    ("linear(2,1,2)", 2),
    ("linear(3,1,2)", 3),
    ("mlp(2,2,1; x^3 + x^2)", 3),
    ("cnn(2,2; x^2)", 4),
    ("mlp(2,1,1; x^4)", 4),
    ("mlp(2,2,1; x^3)", 1),
    ("mlp(3,2,1; x^3)", 15),  # the secant variety of the Veronese surface of cubics
    ("cp(2,2,2; rank=1)", 6),
]
ED_DEGREES = [
    # generic ED degrees of matrices and tensors of rank 1, from their Chern classes (Draisma et al. 2016)
    ("linear(2,1,2)", 6),
    ("linear(3,1,2)", 10),
    ("linear(3,1,3)", 39),
    ("cp(2,2,2; rank=1)", 34),
    ("mlp(2,1,1; x^2)", 4),  # a general conic: 3d - 2
    ("mlp(2,1,1; x^3)", 7),
    ("mlp(3,1,1; x^2)", 13),  # the Veronese surface, Draisma et al. 2016
    ("cnn(2,2; x^2)", 14),  # arXiv:2410.00722
]


def answer(system: str, architecture: str, question: str) -> str | None:
    """What the other system says; None, with a warning by name, where it is not installed."""
    program, flag = COMMANDS[system]
    if shutil.which(program) is None:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(f"{program} is not installed: exported scripts ({question}) were not run in it", stacklevel=2)
        return None
    script = export_script(architecture, system=system, question=question)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script"
        file.write_text(script)
        done = subprocess.run(
            [program, flag, str(file)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True
        )
    found = re.search(rf"^{question} = ?(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout[-2000:]
    return found.group(1)


@pytest.mark.oracle
@pytest.mark.parametrize("system", COMMANDS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dimension_agrees(system, architecture):
    found = answer(system, architecture, "dimension")
    assert found is None or int(found) == nv.dimension(architecture).value


@pytest.mark.oracle
@pytest.mark.parametrize("system", COMMANDS)
@pytest.mark.parametrize(("architecture", "generators"), EQUATIONS)
def test_equations_agree(system, architecture, generators):
    found = answer(system, architecture, "equations")
    assert found is None or found == generators
    ours = nv.equations(architecture, degree=3).value["generators"]
    assert " ".join(f"{d}:{n}" for d, n in ours.items()) == generators


@pytest.mark.oracle
@pytest.mark.parametrize("system", COMMANDS)
@pytest.mark.parametrize(("architecture", "degree"), DEGREES)
def test_degrees_are_the_published_ones(system, architecture, degree):
    found = answer(system, architecture, "degree")
    assert found is None or int(found) == degree


@pytest.mark.oracle
@pytest.mark.parametrize("system", COMMANDS)
@pytest.mark.parametrize(("architecture", "degree"), ED_DEGREES)
def test_ed_degrees_are_the_published_ones(system, architecture, degree):
    found = answer(system, architecture, "ed-degree")
    assert found is None or int(found) == degree
