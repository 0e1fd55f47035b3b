"""The shape of the source in figures: ``python -m tools.shape`` or ``make shape``. Reads syntax trees only, imports nothing.

A figure is a count, the places that make it up, and the limit that the house is to stay under. `REASONS` names the functions that may
be long or take many arguments, with why; a place that has its reason does not count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "neurovariety"
NAME = PACKAGE.name
LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 8

KERNEL = "a loop compiled by numba: its arguments are arrays that the caller allocates, and a call inside costs a path its speed"
REASONS: dict[str, str] = {
    "homotopy/lanes.py:linear": KERNEL,
    "homotopy/lanes.py:real_linear": KERNEL,
    "linear_algebra/_kernels.py:panel": KERNEL,
    "geometry/ideal/finite_field_kernels.py:matrices_at": KERNEL,
    "cli/checkpoint_commands.py:prune_command": "one parameter an option of the command, as click passes them",
    "training/dynamics/flow_kernel.py:_implicit": KERNEL,
}
"""``file:function`` to why it is longer, or takes more, than others."""


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was counted, how much is allowed, and where the counted things are."""

    name: str
    value: float
    limit: float
    places: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.value <= self.limit


@cache
def files() -> tuple[str, ...]:
    """Every file, relative to the package."""
    return tuple(str(p.relative_to(PACKAGE)) for p in sorted(PACKAGE.rglob("*.py")))


@cache
def tree(name: str) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


@cache
def nodes(name: str) -> tuple[ast.AST, ...]:
    """Every node of a file."""
    return tuple(ast.walk(tree(name)))


@cache
def lengths() -> dict[str, int]:
    """Lines by file."""
    return {name: len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) for name in files()}


@cache
def figures() -> tuple[Figure, ...]:
    """All figures, in the order of the table."""
    return (
        Figure("Any in a thousand lines", round(1000 * sum(anys().values()) / sum(lengths().values()), 1), 15, most(anys())),
        counted(f"functions over {FUNCTION_LINES} lines", unexplained(long_functions())),
        counted(f"functions over {PARAMETERS} parameters", unexplained(wide_functions())),
        counted("files in import circles", circles()),
        counted("families asked for by class outside architectures/", family_questions()),
        counted(f"files over {LINES} lines", (f"{name}: {n}" for name, n in lengths().items() if n > LINES)),
        counted("file names that stand twice", doubles(basenames())),
        counted("class names that stand twice", doubles(classes())),
    )


def counted(name: str, places: Iterable[str]) -> Figure:
    found = tuple(places)
    return Figure(name, len(found), 0, found)


def basenames() -> Iterator[tuple[str, str]]:
    """File names with where they stand; the fact that an entry asks for, in ``geometry/invariants``, has the name of the entry."""
    for name in files():
        if Path(name).name != "__init__.py" and not name.startswith("geometry/invariants/"):
            yield Path(name).name, name


def anys() -> dict[str, int]:
    """How often each file uses the name ``Any``, its import aside."""
    return {
        name: sum(
            (isinstance(n, ast.Name) and n.id == "Any") or (isinstance(n, ast.Attribute) and n.attr == "Any") for n in nodes(name)
        )
        for name in files()
    }


def most(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The largest dozen."""
    return tuple(f"{name}: {n}" for name, n in sorted(counts.items(), key=lambda item: -item[1])[:12] if n)


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function and method, as ``file:name``."""
    for name in files():
        for node in nodes(name):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{name}:{node.name}", node


def long_functions() -> dict[str, int]:
    return {place: n for place, node in functions() if (n := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES}


def wide_functions() -> dict[str, int]:
    return {place: n for place, node in functions() if (n := parameters(node)) > PARAMETERS}


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many a caller may give; ``self`` and ``cls`` are not given."""
    a = node.args
    names = [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x))]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def unexplained(found: Mapping[str, int]) -> list[str]:
    return [f"{place}: {n}" for place, n in sorted(found.items(), key=lambda item: -item[1]) if place not in REASONS]


@cache
def modules() -> dict[str, str]:
    """Module name to file."""
    return {".".join((NAME, *Path(name).with_suffix("").parts)).removesuffix(".__init__"): name for name in files()}


def imports(name: str) -> set[str]:
    """The modules of the package that a file imports, wherever in the file it does. A relative import is an `AssertionError`."""
    known, found = modules(), set()
    for node in nodes(name):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.split(".")[0] == NAME}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            if (node.module or "").split(".")[0] == NAME:
                found |= {inner if (inner := f"{node.module}.{a.name}") in known else str(node.module) for a in node.names}
    return found & known.keys()


@cache
def circles() -> list[str]:
    """The files that no order puts behind all that they import, without those that only stand on a circle or carry one.

    The front door, which loads everything when asked, is left out.
    """
    left = {module: imports(name) - {module, NAME} for module, name in modules().items() if module != NAME}
    while ready := {m for m, needs in left.items() if not needs & left.keys()}:
        left = {m: needs for m, needs in left.items() if m not in ready}
    while free := {m for m in left if not any(m in needs for needs in left.values())}:  # stands on a circle, is in none
        left = {m: needs for m, needs in left.items() if m not in free}
    return sorted(left)


def families() -> set[str]:
    """Classes of the families: what derives, through however many, from ``Architecture``."""
    bases = {
        node.name: {b.id for b in node.bases if isinstance(b, ast.Name)}
        for name in files()
        if name.startswith("architectures/")
        for node in nodes(name)
        if isinstance(node, ast.ClassDef)
    }
    found = {"Architecture"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found - {"Architecture"}


def family_questions() -> list[str]:
    """Where a file outside ``architectures/`` asks for a family: isinstance, issubclass, a class pattern, a comparison with a class."""
    wanted, found = families(), []
    for name in files():
        if name.startswith("architectures/"):
            continue
        brought = {
            a.asname or a.name
            for node in nodes(name)
            if isinstance(node, ast.ImportFrom) and "neurovariety.architectures" in (node.module or "")
            for a in node.names
        }
        for node in nodes(name):
            asked: list[ast.AST] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
                asked = list(node.args[1:])
            elif isinstance(node, ast.MatchClass):
                asked = [node.cls]
            elif isinstance(node, ast.Compare) and any(isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.In)) for op in node.ops):
                asked = list(node.comparators)
            mentioned = {n.id for part in asked for n in ast.walk(part) if isinstance(n, ast.Name)}
            found += [f"{name}:{getattr(node, 'lineno', 0)} {family}" for family in sorted(mentioned & wanted & brought)]
    return found


def classes() -> Iterator[tuple[str, str]]:
    """Class names with their files; those within functions are nobody else's concern."""
    for name in files():
        for node in tree(name).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, name


def doubles(named: Iterable[tuple[str, str]]) -> list[str]:
    found: dict[str, list[str]] = {}
    for key, place in named:
        found.setdefault(key, []).append(place)
    return [f"{key}: {', '.join(places)}" for key, places in sorted(found.items()) if len(places) > 1]


def main() -> int:
    """Print the table, then the places of each figure that is over its limit, then the reasons."""
    table = figures()
    print(f"{len(files())} files, {sum(lengths().values()):,} lines, {sum(1 for _ in functions()):,} functions")
    for figure in table:
        print(f"  {figure.name:<52}{figure.value:>8g}   {'' if figure.holds else 'over '}limit {figure.limit:g}")
    for figure in table:
        if not figure.holds:
            print(f"\n{figure.name}:")
            print("\n".join(f"  {place}" for place in figure.places))
    if REASONS:
        print("\nlong or wide for a reason:")
        print("\n".join(f"  {place}: {why}" for place, why in sorted(REASONS.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
