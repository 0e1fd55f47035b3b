"""A target function with exact coefficients: read from text, or the function of given weights."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from neurovariety.errors import InputError
from neurovariety.exact_numbers import is_short
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.ideal.coefficients import Coordinate, monomial_name
from neurovariety.geometry.ideal.expanded_functions import expanded_at
from neurovariety.model import Model

_MAX_LENGTH = 200_000
_MAX_DIGITS = 200
_MAX_DEGREE = 1000
_MAX_TERMS = 20_000
_MAX_DEPTH = 60

_Powers = tuple[tuple[int, int], ...]
"""The (variable, exponent) pairs of a monomial, ascending."""

_Sparse = dict[_Powers, Fraction]


@dataclass(frozen=True, eq=False)
class Target:
    """Polynomials in x0, x1, ..., one for each of ``outputs`` outputs: (output, exponents) -> nonzero coefficient."""

    inputs: int
    outputs: int
    coefficients: Mapping[Coordinate, Fraction]

    def text(self) -> str:
        """The notation that `read_target` reads back: ``x0^2 - 2*x0*x1; 1/3*x1^2``."""
        shown = []
        for output in range(self.outputs):
            line = ""
            terms = sorted(((e, c) for (o, e), c in self.coefficients.items() if o == output), reverse=True)
            for e, c in terms:
                monomial = monomial_name(e).replace(" ", "*") if any(e) else ""
                body = "*".join([*([str(abs(c))] if abs(c) != 1 or not monomial else []), *([monomial] if monomial else [])])
                line += (f" {'-' if c < 0 else '+'} " if line else "-" if c < 0 else "") + body
            shown.append(line or "0")
        return "; ".join(shown)

    def other_degree(self, degrees: set[int]) -> str | None:
        """The equation "the coefficient of ... is 0" for a monomial that occurs and whose degree is not among ``degrees``."""
        for (output, e), c in sorted(self.coefficients.items()):
            if sum(e) not in degrees:
                return f"the coefficient of {monomial_name(e)} in output {output} is 0, here {c}"
        return None


def read_target(text: str, inputs: int, outputs: int) -> Target:
    """Read polynomials in x0, x1, ..., one an output, separated by semicolons; decimals are exact.

    Raises `InputError` for another number of outputs, an unknown variable, or anything that is not a polynomial.
    """
    if len(text) > _MAX_LENGTH:
        raise InputError(f"the target has {len(text):,} characters, at most {_MAX_LENGTH:,} are read")
    parts = [part.strip() for part in text.strip().removesuffix(";").split(";")]
    if len(parts) != outputs:
        raise InputError(
            f"the target has {len(parts)} polynomial{'s' * (len(parts) != 1)}, the model {outputs} output{'s' * (outputs != 1)}: "
            "give one for each output, separated by semicolons"
        )
    found: dict[Coordinate, Fraction] = {}
    for output, part in enumerate(parts):
        for powers, c in _read(part, inputs).items():
            if c:
                exponents = [0] * inputs
                for variable, e in powers:
                    exponents[variable] = e
                if not is_short(c):
                    raise InputError(f"a coefficient of the target {part[:60]!r} is too long: at most 1,000 digits are taken")
                found[output, tuple(exponents)] = c
    return Target(inputs, outputs, found)


def function_at(model: Model, weights: tuple[Fraction, ...]) -> Target:
    """The function f_w at exact weights, written out in the inputs.

    Raises `InputError` for a model that is rational or has generic coefficients, `ResourceError` for one that is too large.
    """
    require_polynomial(model)
    return Target(model.inputs, model.outputs, expanded_at(model, weights))


def require_polynomial(model: Model) -> None:
    """Raise `InputError` unless the model's functions are polynomials with coefficients that have values."""
    model.known_coefficients()
    if degree_bounds(model).rational:
        raise InputError(
            f"{model.name} is rational; only models that are polynomial in their inputs are taken here, such as mlp(2,2,1; x^2)"
        )


def _read(text: str, inputs: int) -> _Sparse:
    shown = text[:60]
    if not text.strip() or not re.fullmatch(r"[\sx0-9+\-*/^().eE]*", text):
        raise InputError(f"the target {shown!r} is not a polynomial in x0, x1, ...: write for example x0^2 - 2*x0*x1")
    source = re.sub(r"x(?![0-9])", "x0", text) if inputs == 1 else text
    source = re.sub(r"(?<![x0-9.])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", _exact_decimal, source)
    source = re.sub(r"(?<=[0-9)])\s*(?=[x(])", "*", source).replace("^", "**")
    try:
        return _evaluate(ast.parse(source.strip(), mode="eval").body, shown, inputs, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the target {shown!r} cannot be read: write for example x0^2 - 2*x0*x1; 1/3*x1^2") from error


def _exact_decimal(match: re.Match[str]) -> str:
    """A number as a quotient of whole numbers: Python would round a long decimal to the nearest binary fraction."""
    digits = match.group(0)
    if digits.isdigit():
        return digits
    exponent = re.search(r"[eE]([+-]?[0-9]+)$", digits)
    if len(digits) > _MAX_DIGITS or (exponent and abs(int(exponent.group(1))) > _MAX_DIGITS):
        raise InputError(f"the number {digits[:30]!r} in the target has more than {_MAX_DIGITS} digits")
    value = Fraction(digits)
    return f"({value.numerator}/{value.denominator})"


def _evaluate(node: ast.AST, shown: str, inputs: int, depth: int) -> _Sparse:
    if depth > _MAX_DEPTH and not isinstance(node, (ast.Constant, ast.Name)) and not _is_sum(node):
        raise InputError(f"the target {shown!r} is nested too deeply")
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        if abs(node.value).bit_length() > 8 * _MAX_DIGITS:
            raise InputError(f"a coefficient of the target {shown!r} has more than {2 * _MAX_DIGITS} digits")
        return {(): Fraction(node.value)}
    if isinstance(node, ast.Name):
        match = re.fullmatch(r"x([0-9]{1,9})", node.id)
        if not match or int(match.group(1)) >= inputs:
            known = "x0" if inputs == 1 else f"x0 to x{inputs - 1}"
            raise InputError(f"unknown variable {node.id!r} in the target {shown!r}: the inputs are {known}")
        return {((int(match.group(1)), 1),): Fraction(1)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _evaluate(node.operand, shown, inputs, depth + 1)
        return {e: -c for e, c in inner.items()} if isinstance(node.op, ast.USub) else inner
    if _is_sum(node):
        return _sum_of(node, shown, inputs, depth)
    if isinstance(node, ast.BinOp):
        left = _evaluate(node.left, shown, inputs, depth + 1)
        right = _evaluate(node.right, shown, inputs, depth + 1)
        if isinstance(node.op, ast.Mult):
            return _product(left, right, shown)
        constant = right.get((), Fraction(0))
        if isinstance(node.op, ast.Div):
            if set(right) - {()} or not constant:
                raise InputError(
                    f"the target {shown!r} divides by {'a variable' if set(right) - {()} else '0'}: it must be a polynomial"
                )
            return {e: c / constant for e, c in left.items()}
        if isinstance(node.op, ast.Pow):
            if set(right) - {()} or constant.denominator != 1 or not 0 <= constant <= _MAX_DEGREE:
                raise InputError(f"an exponent in the target {shown!r} is not a whole number from 0 to {_MAX_DEGREE}")
            return _power(left, int(constant), shown)
    raise InputError(f"the target {shown!r} is not a polynomial: write for example x0^2 - 2*x0*x1")


def _is_sum(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))


def _sum_of(node: ast.AST, shown: str, inputs: int, depth: int) -> _Sparse:
    """A sum without recursion on its left side: a + b + c + ... nests as deep as it has terms."""
    terms: list[tuple[int, ast.AST]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        terms.append((1 if isinstance(node.op, ast.Add) else -1, node.right))
        node = node.left
    total: _Sparse = {}
    for sign, term in [(1, node), *reversed(terms)]:
        for e, c in _evaluate(term, shown, inputs, depth + 1).items():
            total[e] = total.get(e, Fraction(0)) + sign * c
    return total


def _product(a: _Sparse, b: _Sparse, shown: str) -> _Sparse:
    if len(a) * len(b) > 50 * _MAX_TERMS:
        raise InputError(f"the target {shown!r} expands to too many terms")
    out: _Sparse = {}
    for e, c in a.items():
        for f, d in b.items():
            powers = dict(e)
            for variable, k in f:
                powers[variable] = powers.get(variable, 0) + k
            if sum(powers.values()) > _MAX_DEGREE:
                raise InputError(f"the target {shown!r} has a degree above {_MAX_DEGREE}")
            key = tuple(sorted(powers.items()))
            out[key] = out.get(key, Fraction(0)) + c * d
    if len(out) > _MAX_TERMS:
        raise InputError(f"the target {shown!r} expands to more than {_MAX_TERMS:,} terms")
    return {e: c for e, c in out.items() if c}


def _power(base: _Sparse, exponent: int, shown: str) -> _Sparse:
    digits = max((max(abs(c.numerator), c.denominator).bit_length() for c in base.values()), default=1)
    if digits * exponent > 100_000:
        raise InputError(f"the target {shown!r} has coefficients that are too long when expanded")
    if len(base) == 1:
        ((e, c),) = base.items()
        if sum(k for _, k in e) * exponent > _MAX_DEGREE:
            raise InputError(f"the target {shown!r} has a degree above {_MAX_DEGREE}")
        return {tuple((v, k * exponent) for v, k in e if exponent): c**exponent}
    out: _Sparse = {(): Fraction(1)}
    for _ in range(exponent):
        out = _product(out, base, shown)
    return out
