"""Exported scripts as text: names, coordinates, derivatives, refusals. `test_systems` runs them."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from math import comb

import flint
import pytest

import neurovariety as nv
from neurovariety.architectures.notation import EXAMPLES
from neurovariety.cli.main import main
from neurovariety.export import QUESTIONS, SYSTEMS, export_script
from neurovariety.export.names import weight_names
from neurovariety.export.question import PRIME, Question
from neurovariety.export.written_parametrization import WrittenParametrization


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
    other = export_script(architecture, system=system, question=question, seed=4).replace("seed 4.", "seed 3.")
    assert (script == other) == (question == "equations"), "equations need no random numbers, the other questions do"
    assert architecture in script
    assert question in script
    assert script.endswith("\n")
    assert not re.search(r"(^|[\s\"'])/[a-z]", script), "the name of a folder"
    assert all(script.count(a) == script.count(b) for a, b in ("()", "[]", "{}"))
    count = nv.equations(architecture, degree=1).system.coordinates.count
    width = len(str(count - 1)) if system == "bertini" else 1
    assert all(f"c_{j:0{width}d}: " in script for j in range(count))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_coordinates_are_those_of_the_network(system, question):
    """The coordinates in the script, put together with their monomials, are W2 s(W1 x) computed by hand, exactly."""
    if (system, question) == ("bertini", "equations"):
        return
    script = export_script("mlp(2,2,2; 1/3*x^2 - 2*x)", system=system, question=question, seed=5)
    legend = re.findall(r"c_(\d+): (.*) in output (\d)$", script, re.MULTILINE)
    assert len(legend) == 10
    polynomials = coordinates_of(script, system)
    weights = {f"W{b}_{i}_{j}": Fraction(7 * b + 3 * i - 5 * j) for b in (1, 2) for i in (0, 1) for j in (0, 1)}
    if fixed := re.search(r"Fixed weights: (.*)", script):
        weights |= {name: Fraction(int(v)) for name, v in re.findall(r"(\w+) = (\d+)", fixed.group(1))}
    x = [Fraction(2), Fraction(-5, 3)]
    hidden = [sum(weights[f"W1_{i}_{j}"] * x[j] for j in (0, 1)) for i in (0, 1)]
    hidden = [h * h / 3 - 2 * h for h in hidden]
    expected = [sum(weights[f"W2_{o}_{i}"] * hidden[i] for i in (0, 1)) for o in (0, 1)]
    found = [Fraction(0), Fraction(0)]
    for (number, monomial, output), text in zip(legend, polynomials, strict=True):
        assert int(number) < 10
        power = eval("*".join(monomial.split()).replace("^", "**"), {"x0": x[0], "x1": x[1]})
        found[int(output)] += eval(python(text), {"F": Fraction, "field": Fraction}, dict(weights)) * power
    assert found == expected


def coordinates_of(script: str, system: str) -> list[str]:
    """The polynomials c_0, c_1, ... of a script, as its own text."""
    if system == "bertini":
        return re.findall(r"^  c_\d+ = (.*);$", script, re.MULTILINE)
    if system == "singular" and "graphIdeal" in script:
        return re.findall(r"^  c_\d+ - \((.*)\)[,;]$", script, re.MULTILINE)
    start, end = {"singular": (r"ideal phi =\n", ";"), "macaulay2": (r"phi = matrix\(weightRing, \{\{\n", r"\n    \}\}")}.get(
        system, (r"phi = \w*\[\n", r"\n\]")
    )
    lines = re.search(f"{start}(.*?){end}", script, re.DOTALL).group(1).splitlines()
    return [re.sub(r"^weight_ring\((.*)\)$", r"\1", line.strip().rstrip(",")) for line in lines]


def python(text: str) -> str:
    """A polynomial as an exact Python expression: W1_(0,1)^2 becomes W1_0_1**2, whole numbers become fractions."""
    text = re.sub(r"_\((\d+),(\d+)\)", r"_\1_\2", text).replace("^", "**").replace("//", "/")
    return re.sub(r"(?<![\w*])(\d+)(?!\w)", r"F(\1)", text)


@pytest.mark.parametrize("question", QUESTIONS)
def test_sage_scripts_are_python(question):
    """Their syntax is Python's, and no number is one that Python would round."""
    script = export_script("mlp(2,2,1; 1/3*x^2 - 2*x)", system="sage", question=question)
    compile(script, "script", "exec")
    code = "\n".join(line for line in script.splitlines() if not line.startswith("#"))
    assert "field(1)/3" in code
    assert not re.search(r"[^\w)]\d+ */ *\d", code)


@pytest.mark.parametrize("architecture", [*EXAMPLES.values(), "mlp(2,2,1; x^2; bias)", "diagonal(2; layers=11)", "ssm(1,1,1; t=2)"])
def test_names_are_legal(architecture):
    """Letters, digits and underscores; all different; none the beginning of another; none that the scripts use themselves."""
    check_names(nv.as_model(architecture))


def test_names_of_functions():
    shapes = {"c": (2,), "f": (12,), "ein wert": (), "a": {"b": (2,)}, "ab": (2,), "o1": (1,), "": (2, 11)}
    check_names(nv.as_model(lambda w, x: w["c"][0] * x[0], shapes, input_shape=1))


def check_names(model):
    names = weight_names(model)
    flat = [name.flat for name in names]
    assert len(flat) == model.parameters
    assert len({name.indexed for name in names}) == len(set(flat)) == len(flat)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in flat)
    assert not any(a != b and b.startswith(a) for a in flat for b in flat)
    assert not any(re.fullmatch(r"[cfg]_\d+|[io]\d+(_.*)?", name) for name in flat)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_(\d+|\([\d,]+\)))?", name.indexed) for name in names)


@pytest.mark.parametrize("architecture", ["mlp(2,2,1; x^3 + x^2)", "attention(2,1; a=1; t=2)", "cnn(2,2; x^2)", "linear(3,1,2)"])
@pytest.mark.parametrize("seed", range(4))
def test_points_are_regular(architecture, seed):
    """Over Q too, the Jacobian has its rank at the small point, and the minor of the chart is not zero at its point."""
    model = nv.as_model(architecture)
    p = WrittenParametrization.of(model, seed)
    r = nv.dimension(model).value
    task = Question(p, "degree", r, "proved", None, seed)
    assert min(task.small_point) > 0
    assert exact_jacobian(p, task.small_point).rank() == r
    chart = task.chart
    at = dict(zip(chart.free, chart.point, strict=True)) | chart.fixed
    jacobian = exact_jacobian(p, [at[i] for i in range(p.parameters)])
    minor = flint.fmpq_mat([[jacobian[j, i] for i in chart.free] for j in chart.rows]).det()
    assert len(chart.free) == len(chart.rows) == r
    assert minor.p % PRIME != 0


def exact_jacobian(p: WrittenParametrization, point: list[int]) -> flint.fmpq_mat:
    """From differences: a polynomial of degree d in one weight is known from d + 1 values."""
    columns = []
    for i in range(p.parameters):
        around = [p.values([*point[:i], point[i] + s, *point[i + 1 :]]) for s in range(12)]
        slopes = [slope([values[j] for values in around]) for j in range(p.count)]
        columns.append([flint.fmpq(v.numerator, v.denominator) for v in slopes])
    return flint.fmpq_mat([list(row) for row in zip(*columns, strict=True)])


def slope(values: list[Fraction]) -> Fraction:
    """The derivative at 0 of the polynomial with these values at 0, 1, 2, ...: the logarithm of the shift, in differences."""
    total, differences = Fraction(0), list(values)
    for k in range(1, len(values)):
        differences = [b - a for a, b in pairwise(differences)]
        total += Fraction((-1) ** (k + 1), k) * differences[0]
    return total


def test_one_function_has_no_degree():
    constant = nv.as_model(lambda w, x: (w["a"] - w["a"]).sum() * x[0] + 3 * x[0] ** 2, {"a": (2,)}, input_shape=1, name="constant")
    assert "(proved)" in export_script(constant, system="macaulay2")
    for question in ("degree", "ed-degree"):
        with pytest.raises(nv.InputError, match="one function whatever its weights"):
            export_script(constant, system="singular", question=question)


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
        (["mlp(2,2,1; x^2)", "--to", "sage", "--degree-at-most", "3"], "bounds the degree of equations"),
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
        main(["export", "cnn(2,2; x^2)", "--to", "macaulay2", "--question", "equations", "--degree-at-most", "2"])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert printed == export_script("cnn(2,2; x^2)", system="macaulay2", question="equations", degree=2)
    target = tmp_path / "script.m2"
    with pytest.raises(SystemExit):
        main(["export", "cnn(2,2; x^2)", "--to", "Macaulay2", "--output", str(target)])
    assert target.read_text() == export_script("cnn(2,2; x^2)", system="macaulay2")
