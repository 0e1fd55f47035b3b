"""Scripts for other systems: Macaulay2 and Singular run them and agree with us; the others are checked as text."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import warnings
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

import neurovariety as nv
from neurovariety.cli.main import main
from neurovariety.export import QUESTIONS, SYSTEMS, export_script

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
]
ED_DEGREES = [
    ("linear(2,1,2)", 6),  # generic ED degree of 2 x 2 matrices of rank 1
    ("mlp(2,1,1; x^2)", 4),  # a general conic: 3d - 2
    ("mlp(2,1,1; x^3)", 7),
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


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "architecture", ["mlp(2,2,1; x^3 + x^2)", "attention(2,1; a=1; t=2)", "mlp(1,1,1; 1/3*x^2)", "diagonal(2; layers=2)"]
)
def test_text(system, question, architecture):
    """The same for the same seed; every coordinate explained; no name of a folder; brackets balanced."""
    if (system, question) == ("bertini", "equations"):
        with pytest.raises(nv.InputError, match="computes no equations"):
            export_script(architecture, system=system, question=question)
        return
    script = export_script(architecture, system=system, question=question, seed=3)
    assert script == export_script(architecture, system=system, question=question, seed=3)
    assert (
        script != export_script(architecture, system=system, question=question, seed=4) or question == "equations" or system == "julia"
    )
    assert architecture in script
    assert question in script
    assert script.endswith("\n")
    assert "/home" not in script
    assert all(script.count(a) == script.count(b) for a, b in ("()", "[]", "{}"))
    count = nv.equations(architecture, degree=1).system.coordinates.count
    assert all(f"c_{j}: " in script for j in range(count))


@pytest.mark.parametrize("question", QUESTIONS)
def test_sage_scripts_are_python(question):
    """Their syntax is Python's; the polynomials in them have our values."""
    architecture = "mlp(2,2,1; 1/3*x^2 - 2*x)"
    script = export_script(architecture, system="sage", question=question)
    compile(script, "script", "exec")
    polynomials = re.search(r"phi = \[(.*?)\n\]", script, re.DOTALL).group(1)
    names = sorted(set(re.findall(r"W\d_\d_\d", polynomials)))
    values = {name: k + 2 for k, name in enumerate(names)}
    found = eval(f"[{polynomials}]", {"weight_ring": Fraction, "QQ": lambda pair: Fraction(*pair)}, values)
    assert len(found) == 5
    assert all(isinstance(v, Fraction) for v in found)


def test_bertini_equations_are_critical():
    """Its derivatives of Q(c - u) against difference quotients of the coordinates of the script itself."""
    script = export_script("mlp(2,2,1; x^2)", system="bertini", question="ed-degree")
    variables = re.search(r"variable_group (.*);", script).group(1).split(", ")
    lines = re.findall(r"^  ((?:c|g|f)_\d+) = (.*);$", script, re.MULTILINE)

    def values(point):
        known = dict(zip(variables, point, strict=True))
        for name, text in lines:
            known[name] = eval(text.replace("^", "**"), {}, known)
        return known

    point = [0.7, -1.3, 0.4][: len(variables)]
    at = values(point)
    step = 1e-6
    for i in range(len(variables)):
        moved = [[*point[:i], point[i] + s * step, *point[i + 1 :]] for s in (1, -1)]
        above, below = (values(m) for m in moved)
        slope = sum((above[f"c_{j}"] - below[f"c_{j}"]) / (2 * step) * at[f"g_{j}"] for j in range(3))
        assert at[f"f_{i}"] == pytest.approx(slope, rel=1e-5)


def test_number_of_lines_grows_with_the_parametrization():
    """One line a coordinate: as many as monomials."""
    script = export_script("mlp(3,3,1; x^4)", system="macaulay2")
    assert len(re.findall(r"^--   c_\d+: ", script, re.MULTILINE)) == comb(6, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mlp(2,2,1; x^2)"], "--to"),
        (["mlp(2,2,1; x^2)", "--to", "maple"], "unknown system"),
        (["mlp(2,2,1; x^2)", "--to", "sage", "--question", "genus"], "unknown question"),
        (["mlp(2,2,1; x^2)", "--to", "bertini", "--question", "equations"], "computes no equations"),
        (["mlp(2,2,1; x^2)", "--to", "sage", "--degree", "3"], "bounds the degree of equations"),
        (["mlp(2,2,1; 1/x)", "--to", "sage"], "rational"),
        (["mlp(2,2,1; what)", "--to", "sage"], "what"),
        (["mlp(5,9,9,3; x^3)", "--to", "sage"], "terms"),
        (["mlp(3,4,2; x^3)", "--to", "singular", "--question", "ed-degree"], "minor"),
        (["mlp(2,2,1; x^2)", "--to", "sage", "--output", "nowhere/at/all.sage"], "could not be written"),
    ],
)
def test_bad_input_is_one_sentence(arguments, words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["export", *arguments])
    assert caught.value.code == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert words in out.err
    assert len(out.err.strip().splitlines()) == 1


def test_command_line(capsys, tmp_path):
    with pytest.raises(SystemExit) as caught:
        main(["export", "cnn(2,2; x^2)", "--to", "macaulay2", "--question", "equations", "--degree", "2"])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert printed == export_script("cnn(2,2; x^2)", system="macaulay2", question="equations", degree=2)
    target = tmp_path / "script.m2"
    with pytest.raises(SystemExit):
        main(["export", "cnn(2,2; x^2)", "--to", "Macaulay2", "--output", str(target)])
    assert target.read_text() == export_script("cnn(2,2; x^2)", system="macaulay2")
