"""Equations by exact interpolation beside kernels of ring maps in Macaulay2, both up to the same degree and in one run.

Run: ``python -m benchmarks.equations`` (about two minutes on 2 cores with Macaulay2).
"""

from __future__ import annotations

import shutil
import subprocess
import time

import neurovariety as nv
from benchmarks.dimension import Row, show
from neurovariety.program import expand

PROBLEMS = {
    # architecture: (degree asked for, minimal generators by degree); Macaulay2 finds the same numbers where it ends
    "mlp(2,2,1; x^3 + x^2)": (3, {"3": 1}),
    "linear(4,2,4)": (3, {"3": 16}),
    "linear(5,3,5)": (4, {"4": 25}),
    "mlp(3,2,1; x^3)": (3, {"3": 20}),  # the 3 x 3 minors of the 3 x 6 catalecticant
    "mlp(2,3,1; x^7)": (4, {"4": 5}),  # the 4 x 4 minors of the 4 x 5 catalecticant
    "mlp(2,3,1; x^9)": (4, {"4": 35}),  # those of the 4 x 7 catalecticant
    "cnn(2,2; x^2)": (3, {"2": 1, "3": 3}),
    "cnn(2,3; x^2)": (3, {"2": 1, "3": 11}),
}
_LIMIT = 60


def ours(notation: str) -> Row:
    """Our seconds and generators; every generator is verified to vanish identically."""
    degree, expected = PROBLEMS[notation]
    start = time.perf_counter()
    result = nv.equations(notation, degree=degree)
    seconds = time.perf_counter() - start
    found = result.value["generators"]
    return {
        "tool": "neurovariety",
        "problem": f"{notation}, degree {degree}",
        "generators": found,
        "claim": str(result.claim),
        "seconds": round(seconds, 3),
        "correct": found == expected,
    }


def macaulay2(notation: str) -> Row:
    """The kernel of the ring map over QQ with its degree limit, which stops the Groebner basis there; CPU of that alone."""
    degree, expected = PROBLEMS[notation]
    row: Row = {"tool": "Macaulay2", "problem": f"{notation}, degree {degree}"}
    if shutil.which("M2") is None:
        return row | {"generators": "not installed"}
    expansion = expand(nv.as_model(notation))
    n = expansion.parameters
    forms: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            powers = "*".join(f"w_{i}^{k}" for i, k in enumerate(e[:n]) if k) or "1"
            forms.setdefault((o, e[n:]), []).append(f"({c})*{powers}")
    map_ = ", ".join(" + ".join(f) for f in forms.values())
    # All coefficients of one homogeneous model have one degree: with the target's variables in that degree the map is graded.
    script = f"R = QQ[w_0..w_{n - 1}]; F = {{{map_}}}; S = QQ[c_0..c_{len(forms) - 1}, Degrees => apply(F, f -> degree f)];\n"
    script += "t = cpuTime(); d = first max apply(F, degree); K = kernel(map(R, S, F), SubringLimit => 10000);\n"
    script += f"L = select(flatten entries mingens K, g -> sum first exponents g <= {degree});\n"
    script += 'print("answer " | toString tally apply(L, g -> sum first exponents g) | " " | toString(cpuTime() - t));\n'
    try:
        done = subprocess.run(["M2", "--silent", "--stop"], input=script, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return row | {"generators": f"none in {_LIMIT} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("answer ")]
    if not lines:
        return row | {"generators": "failed"}
    shown, cpu = lines[0].removeprefix("answer ").rsplit(" ", 1)
    pairs = [pair.split("=>") for pair in shown.removeprefix("new Tally from {").rstrip("}").split(",") if "=>" in pair]
    found = {k.strip(): int(v) for k, v in sorted(pairs)}
    return row | {"generators": found, "seconds": round(float(cpu), 3), "correct": found == expected}


def rows(quick: bool = False) -> list[Row]:
    """Ours and Macaulay2's, problem by problem."""
    nv.equations("linear(2,1,2)")  # start-up and compilation of kernels are not counted, here as elsewhere
    out = []
    for notation in list(PROBLEMS)[:3] if quick else PROBLEMS:
        out += [ours(notation), macaulay2(notation)]
    return out


if __name__ == "__main__":
    show(rows())
