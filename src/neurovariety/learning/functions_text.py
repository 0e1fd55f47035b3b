"""Polynomials written as text, separated by semicolons, as a germ at the origin: ``x^2*y; y^3``."""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from typing import Any

from neurovariety.certificates.germs import Germ, Polynomial, constant_of, plain_terms, ring
from neurovariety.certificates.stored_coefficients import fmpq_of
from neurovariety.errors import InputError
from neurovariety.options import shown

_MOST_POWER, _MOST_TERMS = 1000, 5000
_ADVICE = "write polynomials with + - * ^ and parentheses, and semicolons between, such as 'x^2*y; y^3'"


def read_functions(text: str) -> Germ:
    """The germ of the functions. Raises `InputError` for what is no polynomial, and for functions that are not 0 at the origin."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise InputError(f"functions: {_ADVICE}, got {shown(text)}")
    trees = [_tree(part) for part in parts]
    names = sorted({n.id for t in trees for n in ast.walk(t) if isinstance(n, ast.Name)}, key=_natural)
    context = ring(len(names))
    letters = dict(zip(names, context.gens(), strict=False))
    found = []
    for part, tree in zip(parts, trees, strict=True):
        f = _value(tree, context, letters, part)
        if constant_of(f):
            raise InputError(
                f"functions: {shown(part)} is {constant_of(f)} at the origin; the coefficient is asked where all functions are 0, so "
                "move a common zero to the origin"
            )
        found.append(plain_terms(f))
    return Germ(tuple(names), tuple(found))


def _natural(name: str) -> tuple[Any, ...]:
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))


def _tree(part: str) -> ast.expr:
    try:
        return ast.parse(part.replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"functions: {shown(part)} cannot be read; {_ADVICE}") from None


def _value(tree: ast.expr, context: Any, letters: dict[str, Polynomial], part: str) -> Polynomial:
    def read(node: ast.expr) -> Polynomial:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return context.constant(fmpq_of(_number(node, part)))
        if isinstance(node, ast.Name):
            return letters[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            return -read(node.operand) if isinstance(node.op, ast.USub) else read(node.operand)
        if isinstance(node, ast.BinOp):
            return of_two(node)
        raise InputError(f"functions: {shown(part)} is no polynomial; {_ADVICE}")

    def of_two(node: ast.BinOp) -> Polynomial:
        if isinstance(node.op, ast.Pow):
            return power(node)
        a, b = read(node.left), read(node.right)
        if isinstance(node.op, ast.Div) and b.is_constant() and len(b):
            return a / b.coefficient(0)
        if isinstance(node.op, ast.Mult) and len(a) * len(b) > _MOST_TERMS:
            raise InputError(f"functions: {shown(part)} has too many terms; at most {_MOST_TERMS} are multiplied out")
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            return a + b if isinstance(node.op, ast.Add) else a - b if isinstance(node.op, ast.Sub) else a * b
        raise InputError(f"functions: {shown(part)} is no polynomial; {_ADVICE}")

    def power(node: ast.BinOp) -> Polynomial:
        base, e = read(node.left), node.right
        if not isinstance(e, ast.Constant) or not isinstance(e.value, int) or not 0 <= e.value <= _MOST_POWER:
            raise InputError(f"functions: an exponent is a whole number from 0 to {_MOST_POWER}, in {shown(part)}")
        if len(base) > 1 and e.value * len(base) > _MOST_POWER:
            raise InputError(f"functions: {shown(part)} has too many terms; at most {_MOST_TERMS} are multiplied out")
        return base**e.value

    return read(tree)


def _number(node: ast.Constant, part: str) -> Fraction:
    """A number as it is written: 0.1 is one tenth."""
    text = part.replace("^", "**")[node.col_offset : node.end_col_offset]
    try:
        return Fraction(text.replace("_", ""))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"functions: {shown(part)} has a number that cannot be read; {_ADVICE}") from None
