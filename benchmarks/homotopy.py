"""Degrees and total degree homotopies beside Macaulay2, PHCpack and Bertini 2, in one run.

Run: ``python -m benchmarks.homotopy``. Seconds are CPU seconds of the computation alone: ours include the dimension, the trace test
and the certificates, and exclude imports and the one compilation of the tracker; Macaulay2's are its own cpuTime around the call;
PHCpack's those of its process; Bertini 2's around its solver, in double precision. Peers answer without a completeness test.
Bertini 2 is looked for in the environment ``.venv-peers``, which ``make benchmark`` fills with pip.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from math import prod
from pathlib import Path

import neurovariety as nv
from benchmarks.dimension import Row, show
from neurovariety.homotopy import System, solve
from neurovariety.program import expand

DEGREES = {
    "mlp(3,2,1; x^4)": 75,
    "mlp(4,2,1; x^3)": 175,
    "linear(5,3,5)": 50,
    "linear(5,2,5)": 175,
    "mlp(2,2,2,1; x^3)": 70,
    "mlp(3,2,2,1; x^2)": 45,
    "mlp(3,3,3; x^2)": 30,
    "linear(6,4,6)": 105,
}
_LIMIT = 60


def katsura(n: int) -> list[str]:
    """2^n solutions in n + 1 unknowns."""

    def u(i: int) -> str:
        return f"x{abs(i)}"

    quadrics = [" + ".join(f"{u(i)}*{u(k - i)}" for i in range(-n, n + 1) if abs(k - i) <= n) + f" - {u(k)}" for k in range(n)]
    return [*quadrics, "x0 + " + " + ".join(f"2*x{i}" for i in range(1, n + 1)) + " - 1"]


def cyclic(n: int) -> list[str]:
    """Cyclic n-roots."""
    sums = [" + ".join("*".join(f"x{(i + j) % n}" for j in range(k)) for i in range(n)) for k in range(1, n)]
    return [*sums, "*".join(f"x{i}" for i in range(n)) + " - 1"]


def noon(n: int) -> list[str]:
    """Noonburg's neural network model."""
    return [" + ".join(f"x{i}*x{j}^2" for j in range(n) if j != i) + f" - 1.1*x{i} + 1" for i in range(n)]


SYSTEMS: dict[str, tuple[list[str], int]] = {
    "cyclic-5": (cyclic(5), 70),
    "cyclic-6": (cyclic(6), 156),
    "cyclic-7": (cyclic(7), 924),
    "katsura-8": (katsura(8), 256),
    "katsura-9": (katsura(9), 512),
    "katsura-10": (katsura(10), 1024),
    "noon-5": (noon(5), 233),
}


def our_degree(notation: str) -> Row:
    """Our CPU seconds for a degree."""
    model = nv.as_model(notation)
    start = time.process_time()
    found = nv.degree(model, route="computed")
    seconds = time.process_time() - start
    return row("neurovariety", f"degree of {notation}", found.value, DEGREES[notation], seconds) | {"claim": str(found.claim)}


def coefficients(model: nv.Model, weights: list[str]) -> dict[tuple[int, tuple[int, ...]], str]:
    """The coefficients of the outputs, by output and exponents of the inputs, in Macaulay2's notation."""
    expansion = expand(model)
    n = expansion.parameters
    forms: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            powers = "*".join(f"({weights[i]})^{k}" for i, k in enumerate(e[:n]) if k) or "1"
            forms.setdefault((o, e[n:]), []).append(f"({c})*{powers}")
    return {place: " + ".join(form) for place, form in forms.items()}


def macaulay2_degree(notation: str) -> Row:
    """NumericalImplicitization's numericalImageDegree over the complex numbers."""
    model = nv.as_model(notation)
    n = model.parameters
    text = ", ".join(coefficients(model, [f"w_{i}" for i in range(n)]).values())
    script = f"""needsPackage "NumericalImplicitization"; setRandomSeed 1; R = CC[w_0..w_{n - 1}]; F = {{{text}}}; t = cpuTime();
d = numericalImageDegree(F, ideal 0_R, MaxThreads=>1, Verbose=>false);
print("found " | toString d | " seconds " | toString(cpuTime() - t)); exit 0"""
    return macaulay2(f"degree of {notation}", script, DEGREES[notation])


def our_paths(name: str) -> Row:
    """Our CPU seconds for all paths, certificates included."""
    texts, known = SYSTEMS[name]
    code = [compile(re.sub(r"x(\d+)", r"x[\1]", t).replace("^", "**"), name, "eval") for t in texts]
    system = System.build(lambda x, p: [eval(c, {"x": x}) for c in code], len(texts))
    start = time.process_time()
    found = solve(system)
    seconds = time.process_time() - start
    claim = "complete" if found.complete else "lower_bound"
    return row("neurovariety", name, len(found.regular), known, seconds, len(found.ends)) | {"claim": claim}


def macaulay2_paths(name: str) -> Row:
    """NumericalAlgebraicGeometry's track from its total degree start system."""
    texts, known = SYSTEMS[name]
    forms = ", ".join(re.sub(r"x(\d+)", r"x_\1", t) for t in texts)
    script = f"""needsPackage "NumericalAlgebraicGeometry"; setRandomSeed 1; R = CC[x_0..x_{len(texts) - 1}]; F = {{{forms}}};
(G, S) = totalDegreeStartSystem F; t = cpuTime(); s = track(G, F, S, gamma => exp(ii*2.0)); t = cpuTime() - t;
good = select(s, p -> status p === Regular);
print("found " | toString(#good) | " seconds " | toString t); exit 0"""
    degrees = [max(len(re.findall(r"x\d+", m)) + m.count("^") for m in re.split(r" [+-] ", t)) for t in texts]
    return macaulay2(name, script, known, prod(degrees))


def phcpack_paths(name: str) -> Row:
    """PHCpack's blackbox solver, which follows as many paths as the mixed volume; CPU of its process."""
    texts, known = SYSTEMS[name]
    if shutil.which("phc") is None:
        return {"tool": "PHCpack", "problem": name, "found": "not installed"}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in", Path(folder) / "out"
        renamed = [re.sub(r"x(\d+)", lambda m: f"x{int(m[1]):02d}", t) for t in texts]
        source.write_text(f"{len(texts)}\n" + "\n".join(f"{t};" for t in renamed) + "\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            subprocess.run(["phc", "-b", str(source), str(target)], capture_output=True, timeout=_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return {"tool": "PHCpack", "problem": name, "found": f"none in {_LIMIT} s"}
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        text = target.read_text() if target.exists() else ""
    found = re.findall(r"Number of regular solutions\s*:\s*(\d+)", text) or re.findall(r"regular\s*:\s*(\d+)", text)
    count = int(found[-1]) if found else len(re.findall(r"== err :.*= rco :\s*[\d.E+-]+\s*= res :.*=", text))
    return row("PHCpack", name, count, known, seconds)


def bertini_paths(name: str) -> Row:
    """Bertini 2's total degree homotopy in double precision, nonsingular solutions."""
    texts, known = SYSTEMS[name]
    python = Path(".venv-peers/bin/python").absolute()
    if not python.exists():
        return {"tool": "Bertini 2", "problem": name, "found": "not installed"}
    renamed = [re.sub(r"x(\d+)", lambda m: f"x{int(m[1]):02d}", t) for t in texts]
    text = "variable_group " + ",".join(f"x{i:02d}" for i in range(len(texts))) + "; function "
    text += ",".join(f"f{i}" for i in range(len(texts))) + "; " + " ".join(f"f{i} = {t};" for i, t in enumerate(renamed))
    script = f"""import bertini, time
system = bertini.parse.system({text!r}); t = time.process_time()
solver = bertini.ZeroDimSolver(system, mptype="double", startsystem="binomial"); solver.solve()
ends = [m for m in solver.solution_metadata() if m.endgame_success_code == bertini.SuccessCode.Success]
print("found", sum(m.is_finite and not m.is_singular for m in ends), "seconds", time.process_time() - t)"""
    degrees = [max(len(re.findall(r"x\d+", m)) + m.count("^") for m in re.split(r" [+-] ", t)) for t in texts]
    with tempfile.TemporaryDirectory() as folder:
        return _answer("Bertini 2", [str(python), "-c", script], name, known, prod(degrees), folder)


def macaulay2(problem: str, script: str, known: int, paths: int | None = None, limit: int = _LIMIT) -> Row:
    """The row of a Macaulay2 script that prints ``found <number> seconds <CPU seconds>``."""
    if shutil.which("M2") is None:
        return {"tool": "Macaulay2", "problem": problem, "found": "not installed"}
    with tempfile.NamedTemporaryFile("w", suffix=".m2") as file:
        file.write(script)
        file.flush()
        return _answer("Macaulay2", ["M2", "--script", file.name], problem, known, paths, limit=limit)


def _answer(
    tool: str, command: list[str], problem: str, known: int, paths: int | None, folder: str | None = None, limit: int = _LIMIT
) -> Row:
    """The row of a peer whose process prints ``found <number> seconds <CPU seconds>``."""
    single = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False, cwd=folder, env=single)
    except subprocess.TimeoutExpired:
        return {"tool": tool, "problem": problem, "found": f"none in {limit} s"}
    answer = re.search(r"found (\d+) seconds ([\d.e-]+)", done.stdout)
    if answer is None:
        return {"tool": tool, "problem": problem, "found": "failed"}
    return row(tool, problem, int(answer[1]), known, float(answer[2]), paths)


def row(tool: str, problem: str, found: int, known: int, seconds: float, paths: int | None = None) -> Row:
    """A line of the table."""
    out: Row = {"tool": tool, "problem": problem, "found": found, "correct": found == known, "CPU seconds": round(seconds, 3)}
    return out | ({"paths a second": round(paths / seconds)} if paths else {})


def rows(quick: bool = False) -> list[Row]:
    """All rows, ours first for each problem; ``quick`` leaves the peers out."""
    nv.degree("linear(2,1,2)", route="computed")  # compiles, or loads what was compiled
    solve(System.build(lambda x, p: [x[0] ** 2 - 2], 1))
    found: list[Row] = []
    degree_tools: list[Callable[[str], Row]] = [our_degree] if quick else [our_degree, macaulay2_degree]
    path_tools: list[Callable[[str], Row]] = [our_paths] if quick else [our_paths, macaulay2_paths, phcpack_paths, bertini_paths]
    found += [tool(name) for name in DEGREES for tool in degree_tools]
    found += [tool(name) for name in SYSTEMS for tool in path_tools]
    return found


if __name__ == "__main__":
    show(rows())
