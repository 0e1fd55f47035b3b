"""Mutants of a module: one operator, number, truth value, call or refusal changed at a time.

Left out, because no test can or should tell them: words of errors (what stands in a ``raise``), ``__repr__``, annotations, docstrings,
and what decorators are given (``frozen=True``).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
NAMED = {"all": "any", "any": "all", "min": "max", "max": "min"}
SILENT = ("__repr__", "__str__")


@dataclass(frozen=True)
class Mutant:
    """One change of a module: ``first`` to ``last`` are the lines that are run where it shows, ``line`` is what stands
    there, in ``function``, without its indentation, and ``column`` where in it."""

    file: str
    first: int
    last: int
    function: str
    line: str
    column: int
    change: str
    index: int
    """Its place among the mutants of the file."""

    @property
    def name(self) -> str:
        return f"{self.file}:{self.first} {self.change} at {self.column} of: {self.line}"

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        """What tells it from others though lines move."""
        return self.file, self.function, self.line, self.column, self.change


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All of a module, in order."""
    lines = source.splitlines()
    found = []
    for index, change in enumerate(_changes(ast.parse(source))):
        line, shown = lines[change.at.lineno - 1], change.shown
        column = change.at.col_offset - len(line) + len(line.lstrip())
        found.append(Mutant(file, shown.lineno, shown.end_lineno, change.function, line.strip(), column, change.words, index))
    return found


def mutated(mutant: Mutant, source: str) -> ast.Module:
    """The changed module, its lines where they were."""
    tree = ast.parse(source)
    next(islice(_changes(tree), mutant.index, None)).do()
    return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class _Place:
    """A node, its parent and its place there, the statement and the function that it stands in."""

    node: Any
    parent: Any
    field: str
    number: int | None
    statement: ast.stmt | None
    function: str

    def put(self, new: ast.AST) -> None:
        if self.number is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.number] = new


@dataclass(frozen=True)
class _Change:
    """``at`` is where it shows, ``shown`` all that is run with it, ``do`` makes the change."""

    words: str
    at: Any
    shown: Any
    function: str
    do: Callable[[], None]


def _changes(tree: ast.Module) -> Iterator[_Change]:
    for place in _places(tree, None, ""):
        simple = isinstance(
            place.statement, ast.Expr | ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Assert | ast.Delete
        )
        for words, at, do in _of_node(place):
            yield _Change(words, at, place.statement if simple else at, place.function, do)


def _places(node: ast.AST, statement: ast.stmt | None, function: str) -> Iterator[_Place]:
    """All nodes that may be changed, in order."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "decorator_list"):
            continue
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _silent(child):
                continue
            inner = child if isinstance(child, ast.stmt) else statement
            yield _Place(child, node, name, i if isinstance(value, list) else None, inner, function)
            named = isinstance(child, ast.FunctionDef | ast.ClassDef)
            yield from _places(child, inner, f"{function}.{child.name}".lstrip(".") if named else function)


def _silent(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    return isinstance(node, ast.FunctionDef) and node.name in SILENT


def _of_node(place: _Place) -> Iterator[tuple[str, ast.AST, Callable[[], None]]]:
    """Words, where it shows, and what makes the change."""
    node: Any = place.node
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            other = COMPARED[type(op)]
            yield f"{type(op).__name__} -> {other.__name__}", node.comparators[i], partial(node.ops.__setitem__, i, other())
    elif isinstance(node, ast.BoolOp):
        other_op = ast.And if isinstance(node.op, ast.Or) else ast.Or
        yield f"{type(node.op).__name__} -> {other_op.__name__}", node, partial(setattr, node, "op", other_op())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", node, partial(place.put, ast.Call(ast.Name("bool", ast.Load()), [node.operand], []))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "minus dropped", node, partial(place.put, node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not _words(node.left) and not _words(node.right):
        other_kind = COMPUTED[type(node.op)]
        yield f"{type(node.op).__name__} -> {other_kind.__name__}", node.right, partial(setattr, node, "op", other_kind())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", node, partial(setattr, node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield f"{node.value} -> {node.value + 1}", node, partial(setattr, node, "value", node.value + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMED:
        yield f"{node.func.id} -> {NAMED[node.func.id]}", node, partial(setattr, node.func, "id", NAMED[node.func.id])
    elif isinstance(node, ast.If) and all(isinstance(s, ast.Raise) for s in node.body):
        yield "a refusal dropped", node.test, partial(setattr, node, "body", [ast.Pass()])
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "a call dropped", node, partial(place.put, ast.Pass())


def _words(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
