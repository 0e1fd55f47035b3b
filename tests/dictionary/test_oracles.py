"""Dimensions and spans beside Macaulay2 and Singular, where they are installed; elsewhere the test says so by name and passes on.

The networks are written out for the other system from the exact polynomial expansion of our own program, so a mistake in a
family's function would show as well in `tests/architectures`, which checks functions against plain NumPy.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings

import pytest

import neurovariety as nv
from neurovariety.program import expand

NETWORKS = [
    "mlp(2,2,1; x^2)",
    "mlp(2,2,1; x^3 + x^2)",
    "mlp(2,3,2; x^3)",
    "mlp(2,2,2,1; x^2)",
    "mlp(3,3,1; x^2)",
    "mlp(2,2,1; x^2; bias)",
    "mlp(2,3,3; x^2)",
    "linear(3,2,3)",
    "linear(2,3,1)",
    "cnn(2,2; x^2)",
    "cnn(3,2; x; strides=2,1)",
    "attention(2,2; a=2; t=1)",
    "attention(2,1; a=1; t=2)",
]


def parametrization(notation: str) -> tuple[int, list[str]]:
    """Number of weights, and the coefficients of the outputs as polynomials in w_0, w_1, ... in the syntax of both systems."""
    expansion = expand(nv.as_model(notation))
    n = expansion.parameters
    found: dict[tuple, list[str]] = {}
    for o in range(len(expansion.outputs)):
        for e, c in expansion.coefficients(o).items():
            powers = "*".join(f"w_{i}^{k}" for i, k in enumerate(e[:n]) if k) or "1"
            found.setdefault((o, e[n:]), []).append(f"({c})*{powers}")
    return n, [" + ".join(terms) for terms in found.values()]


def run(command: list[str], script: str) -> str:
    return subprocess.run(command, input=script, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.mark.oracle
def test_macaulay2_agrees():
    if shutil.which("M2") is None:
        _absent("Macaulay2", "dimensions and spans")
        return
    script = ""
    for notation in NETWORKS:
        n, polynomials = parametrization(notation)
        script += f"R = QQ[w_0..w_{n - 1}]; F = matrix{{{{{', '.join(polynomials)}}}}};\n"
        script += "S = ZZ/32003[gens R]; J = jacobian sub(F, S);\n"
        script += 'print("answer " | toString rank sub(sub(J, random(S^1, S^(numgens S))), ZZ/32003) | " " | '
        script += "toString rank (coefficients F)#1);\n"
    found = [
        tuple(int(v) for v in line.split() if v.isdigit())
        for line in run(["M2", "--silent", "--stop"], script).splitlines()
        if line.startswith("answer ")
    ]
    ours = [(nv.dimension(a).value, nv.ambient(a).value) for a in NETWORKS]
    assert found == ours


@pytest.mark.oracle
def test_singular_agrees():
    if shutil.which("Singular") is None:
        _absent("Singular", "dimensions as dimensions of eliminated ideals")
        return
    small = ["mlp(2,2,1; x^2)", "mlp(2,2,1; x^3 + x^2)", "linear(2,1,2)", "cnn(2,2; x^2)", "attention(2,1; a=1; t=2)"]
    script = ""
    for notation in small:
        n, polynomials = parametrization(notation)
        ys = ",".join(f"y({i})" for i in range(len(polynomials)))
        ws = ",".join(f"w({i})" for i in range(n))
        terms = [re.sub(r"w_(\d+)", r"w(\1)", p) for p in polynomials]
        script += f"ring R{len(script)} = 32003,({ws},{ys}),(dp({n}),dp({len(polynomials)}));\n"
        ideal = ",".join(f"y({i})-({t})" for i, t in enumerate(terms))
        script += f"ideal I = {ideal}; ideal K = eliminate(I, {'*'.join(f'w({i})' for i in range(n))});\n"
        script += f'print("answer " + string(dim(std(K)) - {n}));\n'
    found = [int(line.split()[1]) for line in run(["Singular", "-q"], script + "quit;\n").splitlines() if line.startswith("answer ")]
    assert found == [nv.dimension(a).value for a in small]


def _absent(name: str, what: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn(f"{name} is not installed: {what} were not compared with it", stacklevel=2)
