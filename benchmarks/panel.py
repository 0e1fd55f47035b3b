"""What is claimed, on a fixed panel of questions: is a strong claim ever false, and are right answers still strong?

``python -m benchmarks.panel NAME`` asks every question with three seeds and keeps a line each in benchmarks/results/panel-NAME.jsonl;
lines that are there are not repeated. ``python -m benchmarks.panel --compare BEFORE AFTER`` prints what became of the answers.

The questions: counts of `benchmarks.reliability`, systems of the PoSSo test suite with the number of their regular solutions, small
systems in special position, landscapes, best networks in polyhedral norms, and trained networks.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import neurovariety as nv
from benchmarks.reliability import QUESTIONS
from neurovariety.homotopy.solve import solve
from neurovariety.homotopy.system import System

FOLDER = Path(__file__).parent / "results"
POSSO: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "posso.json").read_text())["systems"]
SEEDS = (0, 1, 2)
SECONDS = 60
"""After which a question counts as unanswered."""
STRONG = ("proved", "probability", "complete")

SPECIAL: dict[str, tuple[list[str], int | None]] = {
    "a root of size 2^100": (["x0 + 2**100"], 1),
    "two roots of size 1e12": (["x0**2/10**12 - 10**12"], 2),
    "roots 1 to 9": (["".join(f"(x0-{k})*" for k in range(1, 10))[:-1]], 9),
    "roots 1 to 15": (["".join(f"(x0-{k})*" for k in range(1, 16))[:-1]], 15),
    "three close roots": (["(x0-1)*(x0-10001/10000)*(x0-10002/10000)*(x0-5)"], 4),
    "square of 1e-10": (["x0**2 - 1/10**10"], 2),
    "a double root": (["(x0-1)**2*(x0+2)", "x1 - x0"], 1),
    "a line": (["x0 + x1 - 1", "2*x0 + 2*x1 - 2"], 0),
    "a line and a point": (["x0*(x0-1)", "x0*(x1-2)"], 1),
    "cyclic-4": (["x0+x1+x2+x3", "x0*x1+x1*x2+x2*x3+x3*x0", "x0*x1*x2+x1*x2*x3+x2*x3*x0+x3*x0*x1", "x0*x1*x2*x3-1"], 0),
    "noon-3": ([f"x{i}*({' + '.join(f'x{j}**2' for j in range(3) if j != i)}) - 11/10*x{i} + 1" for i in range(3)], 21),
    "a tower of squares": (["x0**2", "x1**2 - x0", "x2**2 - x1"], 0),
    "a root at 0, far away another": (["x0*(x0 - 780000)"], 2),
    "a constant that cancels": (["x0**2 + 10**16 + 1 - 10**16"], 2),
    "two parabolas that touch": (["x1 - x0**2", "x1 + x0**2 - x0**3"], 1),
}
"""Systems in special position: equations, and how many solutions have an invertible Jacobian."""


class Answer(NamedTuple):
    """A claim, a number, and the right number where it is known."""

    claim: str
    value: Any
    truth: Any = None
    more: Any = None
    """What else of the answer is worth comparing, such as the claim of a global minimum."""


def system(equations: list[str], unknowns: int) -> System:
    """A square system from texts in x0, x1, ...; numbers are exact as far as Python's own are."""
    code = [compile(re.sub(r"x(\d+)", r"x[\1]", text), text, "eval") for text in equations]
    return System.build(lambda x, p: [eval(c, {"x": x}) for c in code], unknowns)


def solved(equations: list[str], unknowns: int, truth: int | None, seed: int) -> Answer:
    """How many regular solutions a system is said to have."""
    found = solve(system(equations, unknowns), seed=seed)
    return Answer(str(found.claim), len(found.regular), truth)


def landscapes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Architectures with their loss: stated metrics, and data."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 2))
    y = x[:, :1] ** 3 - x[:, 1:] * x[:, :1] + 0.3 * x[:, 1:]
    x3 = rng.normal(size=(40, 3))
    y3 = np.c_[x3[:, 0] * 2 - x3[:, 1], x3[:, 2] + 0.3 * x3[:, 0], x3[:, 1]] + 0.1 * rng.normal(size=(40, 3))
    for text in ("linear(3,1,3)", "linear(3,2,3)"):
        yield text, {"data": (x3, y3)}
    for text in ("2,2,1; x^2", "2,2,1; x^3", "2,2,1; x^3 + x^2", "2,2,1; x^2; bias", "2,2,1; x^2 + x"):
        yield f"mlp({text})", {"data": (x, y)}
    frobenius = "linear(2,1,2)", "linear(3,2,3)", "linear(2,2,2)", "mlp(2,1,1; x^2)", "cnn(2,2; x^2)", "cnn(2,2; x)", "cnn(2,2,2; x)"
    for metric, texts in {
        "frobenius": (*frobenius, "attention(2,1; a=1; t=2)"),
        "bombieri": ("mlp(2,2,1; x^3)", "mlp(2,2,2; x^2)"),
        "gaussian": ("mlp(3,2,1; x^2)", "mlp(2,2,1; x^4)", "mlp(2,2,2,1; x^2)"),
    }.items():
        for text in texts:
            yield text, {"metric": metric}


def landscape(text: str, options: dict[str, Any], seed: int) -> Answer:
    """The number of complex critical functions, and what is said of the global minimum."""
    found = nv.landscape(text, seed=seed, **options)
    return Answer(str(found.claim), found.value["complex"], None, [found.value["global_minimum"], found.value["least_loss"]])


POLYHEDRAL = [
    (text, norm, data)
    for text, data in (("linear(2,1,2)", 0), ("mlp(2,1,1; x^2)", 1), ("linear(1,1,1)", 2), ("mlp(1,1,1; x^2; bias)", 3))
    for norm in ("l1", "linf")
]


def polyhedral(text: str, norm: str, data: int, seed: int) -> Answer:
    """The least loss of a polyhedral norm on random data, and what is said of it."""
    model, rng = nv.as_model(text), np.random.default_rng(data)
    samples = 4 // model.outputs
    table = rng.normal(size=(samples, model.inputs)), rng.normal(size=(samples, model.outputs))
    found = nv.polyhedral(model, norm=norm, data=table, seed=seed)
    return Answer(str(found.claim), found.value["least"], None, found.value["global_minimum"])


def checkpoint(kind: str, seed: int) -> Answer:
    """What is said of a trained network with planted redundancy, or of two networks."""
    rng = np.random.default_rng(5)
    weights: dict[str, Any] = {"w1": rng.normal(size=(6, 3)), "w2": rng.normal(size=(2, 6))}
    if kind == "align":
        turned = {"w1": weights["w1"][::-1] * 2.0, "w2": weights["w2"][:, ::-1] / 4.0}
        first, second = (nv.load_network(w, architecture="mlp(3,6,2; x^2)") for w in (weights, turned))
        said = nv.align(first, second)
        return Answer(str(said.claim), said.value["same"], "yes")
    weights["w1"][2] = {"dead": 0.0, "equal": weights["w1"][1], "proportional": 3 * weights["w1"][1], "none": weights["w1"][2]}[kind]
    pruned = nv.prune(weights, architecture="mlp(3,6,2; x^2)", seed=seed)
    return Answer(str(pruned.claim), pruned.value["pruned"])


def questions() -> Iterator[tuple[str, str, Callable[[int], Answer]]]:
    """Every question: its group, its text, and what answers it for a seed."""
    for group, (problems, ask) in QUESTIONS.items():
        for text, known in problems.items():

            def counted(seed: int, ask: Any = ask, text: str = text, known: int = known) -> Answer:
                value, complete = ask(text, seed)
                return Answer("complete" if complete else "lower_bound", value, known)

            yield group, text, counted
    for name, given in POSSO.items():
        if len(given["equations"]) == given["unknowns"]:
            known = given.get("regular")
            yield "PoSSo", name, lambda seed, g=given, k=known: solved(g["equations"], g["unknowns"], k, seed)  # type: ignore[misc]
    for name, (equations, regular) in SPECIAL.items():
        yield "special", name, lambda seed, e=equations, k=regular: solved(e, len(e), k, seed)  # type: ignore[misc]
    for text, options in landscapes():
        shown = f"{text} {options.get('metric', 'data')}"
        yield "landscape", shown, lambda seed, t=text, o=options: landscape(t, o, seed)  # type: ignore[misc]
    for text, norm, data in POLYHEDRAL:
        yield "polyhedral", f"{text} {norm}", lambda seed, a=(text, norm, data): polyhedral(*a, seed)  # type: ignore[misc]
    for kind in ("dead", "equal", "proportional", "none", "align"):
        yield "networks", kind, lambda seed, k=kind: checkpoint(k, seed)  # type: ignore[misc]


def ask_all(file: Path) -> None:
    """Ask what the file does not hold yet; a line each."""
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    done = {(r["group"], r["question"], r["seed"]) for r in rows}
    signal.signal(signal.SIGALRM, _too_long)
    with file.open("a") as out:
        for group, text, ask in questions():
            for seed in SEEDS:
                if (group, text, seed) in done:
                    continue
                start = time.process_time()
                try:
                    signal.alarm(SECONDS)
                    answer = ask(seed)
                except (nv.NeurovarietyError, TimeoutError) as problem:
                    answer = Answer(type(problem).__name__, None)
                finally:
                    signal.alarm(0)
                row = {"group": group, "question": text, "seed": seed, **answer._asdict(), "cpu": round(time.process_time() - start, 3)}
                out.write(json.dumps(nv.result.plain(row)) + "\n")
                out.flush()
                print(group, text, seed, *answer[:3], flush=True)


def _too_long(*_: object) -> None:
    raise TimeoutError


def is_false(row: dict[str, Any]) -> bool:
    """Whether a claim contradicts what is known."""
    if row["truth"] is None or row["value"] is None:
        return False
    return row["value"] != row["truth"] if row["claim"] in STRONG else row["claim"] == "lower_bound" and row["value"] > row["truth"]


def compare(before: Path, after: Path) -> str:
    """What became of the answers, in a table: false ones, strong ones kept and gained, time."""
    old, new = (
        {(r["group"], r["question"], r["seed"]): r for r in map(json.loads, f.read_text().splitlines())} for f in (before, after)
    )
    lines = ["| group | answers | false before | false after | strong and not false before | of these strong after | stronger | CPU |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    groups = list(dict.fromkeys(g for g, _, _ in old))
    for group in groups:
        keys = [k for k in old if k[0] == group and k in new]
        right = [k for k in keys if old[k]["claim"] in STRONG and not is_false(old[k])]
        kept = [k for k in right if new[k]["claim"] in STRONG]
        stronger = [k for k in keys if _rank(new[k]) > _rank(old[k])]
        times = [new[k]["cpu"] / max(old[k]["cpu"], 0.01) for k in keys]
        false = Counter(name for k in keys for name, rows in (("old", old), ("new", new)) if is_false(rows[k]))
        row = [group, len(keys), false["old"], false["new"], len(right), len(kept), len(stronger), f"{float(np.median(times)):.2f}"]
        lines.append("| " + " | ".join(map(str, row)) + " |")
    lines += [
        f"- false: {k[0]} {k[1]}, seed {k[2]}: {r['value']}, not {r['truth']} [{r['claim']}]" for k, r in new.items() if is_false(r)
    ]
    return "\n".join(lines)


def _rank(row: dict[str, Any]) -> int:
    return ("complete", "probability", "proved").index(row["claim"]) if row["claim"] in STRONG else -1


def main() -> int:
    """Ask, or compare two files of answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--compare", action="store_true", help="two names: what became of the answers of the first")
    asked = parser.parse_args()
    files = [FOLDER / f"panel-{name}.jsonl" for name in asked.names]
    if asked.compare:
        print(compare(*files))
    else:
        ask_all(files[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
