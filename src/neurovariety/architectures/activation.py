"""Polynomial activations: their notation, degree and coefficients."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from neurovariety.errors import NotationError
from neurovariety.tolerances import MAX_EXPONENT

_MAX_EXPANDED_DEGREE = 1000
_MAX_DIGITS = 100
_MAX_LENGTH = 1000
_MAX_TERM_PRODUCTS = 10_000


@dataclass(frozen=True)
class Activation:
    """A univariate polynomial applied entrywise.

    ``terms`` lists (exponent, coefficient) with descending exponents and nonzero coefficients; a coefficient of None is generic
    (drawn anew for each exact trial). ``generic(r)`` has generic coefficients in degrees 1 to r and no constant term, so that
    inactive neurons exist.
    """

    terms: tuple[tuple[int, Fraction | None], ...]

    @classmethod
    def monomial(cls, exponent: int) -> Activation:
        return cls(((exponent, Fraction(1)),))

    @classmethod
    def generic(cls, degree: int) -> Activation:
        return cls(tuple((e, None) for e in range(degree, 0, -1)))

    @classmethod
    def parse(cls, text: str) -> Activation:
        """Read ``x^3 + x^2``, ``1/3*x^2 - 2x``, ``(x + 1)^2`` or ``generic(3)``. Raises `NotationError`."""
        return _parse(text)

    @property
    def degree(self) -> int:
        return self.terms[0][0]

    @property
    def is_generic(self) -> bool:
        return any(c is None for _, c in self.terms)

    @property
    def is_monomial(self) -> bool:
        """A single term: homogeneous, so neurons can be rescaled."""
        return len(self.terms) == 1

    @property
    def is_linear(self) -> bool:
        return self.is_monomial and self.degree == 1

    @property
    def inexact_coefficients(self) -> tuple[Fraction | None, ...]:
        """The coefficients that enter a program as inputs: those that are not 1."""
        return tuple(c for _, c in self.terms if c != 1)

    def apply(self, z: Any, coefficients: Any) -> Any:
        """The activation at a JAX array; ``coefficients`` holds `inexact_coefficients` in order."""
        total, at = None, 0
        for exponent, c in self.terms:
            power = z if exponent == 1 else z**exponent if exponent else z * 0 + 1
            if c != 1:
                power, at = power * coefficients[at], at + 1
            total = power if total is None else total + power
        return total

    def __str__(self) -> str:
        if self.is_generic:
            return f"generic({self.degree})"
        out = ""
        for exponent, c in self.terms:
            assert c is not None
            size = abs(c)
            monomial = "" if exponent == 0 else "x" if exponent == 1 else f"x^{exponent}"
            body = str(size) if not monomial else monomial if size == 1 else f"{size}*{monomial}"
            out += (f" {'-' if c < 0 else '+'} " if out else "-" if c < 0 else "") + body
        return out


def _parse(text: str) -> Activation:
    text = text.strip()
    match = re.fullmatch(r"generic\s*\(\s*(\d{1,9})\s*\)", text)
    if match:
        degree = int(match.group(1))
        if not 1 <= degree <= _MAX_EXPANDED_DEGREE:
            raise NotationError(f"generic({degree}) needs a degree from 1 to {_MAX_EXPANDED_DEGREE}")
        return Activation.generic(degree)
    if not text or len(text) > _MAX_LENGTH or not re.fullmatch(r"[\sx0-9+\-*/^().]*", text):
        raise NotationError(f"the activation {text[:60]!r} is not a polynomial in x: write x^2, x^3 + x^2, 1/3*x^2 or generic(3)")
    source = re.sub(r"(?<=[0-9.)x])\s*(?=[x(])", "*", text).replace("^", "**")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
        polynomial = _evaluate(tree, text, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, NotationError):
            raise
        raise NotationError(f"the activation {text[:60]!r} cannot be read: write x^2, x^3 + x^2 or 1/3*x^2") from error
    terms = tuple(sorted(((e, c) for e, c in polynomial.items() if c), reverse=True))
    if not terms or terms[0][0] == 0:
        raise NotationError(f"the activation {text[:60]!r} is constant: it needs a power of x, for example x^2")
    return _writable(Activation(terms), text)


def _writable(activation: Activation, text: str) -> Activation:
    """The activation, if its own notation can be read back. Raises `NotationError`."""
    longest = max(max(abs(c.numerator), c.denominator) for _, c in activation.terms if c is not None)
    if longest >= 10**_MAX_DIGITS or len(str(activation)) > _MAX_LENGTH:
        raise NotationError(
            f"the activation {text[:60]!r} is too long when expanded: at most {_MAX_DIGITS} digits a coefficient and {_MAX_LENGTH:,} "
            "characters in all"
        )
    return activation


def _evaluate(node: ast.AST, text: str, depth: int) -> dict[int, Fraction]:
    if depth > 60:
        raise NotationError(f"the activation {text[:60]!r} is nested too deeply")
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        digits = ast.unparse(node)
        if len(digits) > _MAX_DIGITS:
            raise NotationError(f"a coefficient of the activation {text[:60]!r} has more than {_MAX_DIGITS} digits")
        return {0: Fraction(digits)}
    if isinstance(node, ast.Name):
        return {1: Fraction(1)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _evaluate(node.operand, text, depth + 1)
        return {e: -c for e, c in inner.items()} if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, text, depth + 1), _evaluate(node.right, text, depth + 1)
        if isinstance(node.op, ast.Add):
            return _sum(left, right, 1)
        if isinstance(node.op, ast.Sub):
            return _sum(left, right, -1)
        if isinstance(node.op, ast.Mult):
            return _product(left, right, text)
        if isinstance(node.op, ast.Div):
            return _quotient(left, right, text)
        if isinstance(node.op, ast.Pow):
            return _power(left, right, text)
    raise NotationError(f"the activation {text[:60]!r} is not a polynomial in x: write x^2, x^3 + x^2 or generic(3)")


def _sum(a: dict[int, Fraction], b: dict[int, Fraction], sign: int) -> dict[int, Fraction]:
    return {e: a.get(e, Fraction(0)) + sign * b.get(e, Fraction(0)) for e in {*a, *b}}


def _product(a: dict[int, Fraction], b: dict[int, Fraction], text: str) -> dict[int, Fraction]:
    if max(a) + max(b) > MAX_EXPONENT:
        raise NotationError(f"an exponent of the activation {text[:60]!r} is above {MAX_EXPONENT}")
    if len(a) * len(b) > _MAX_TERM_PRODUCTS:
        raise NotationError(f"the activation {text[:60]!r} expands to too many terms")
    out: dict[int, Fraction] = {}
    for e, c in a.items():
        for f, d in b.items():
            out[e + f] = out.get(e + f, Fraction(0)) + c * d
    return out


def _quotient(a: dict[int, Fraction], b: dict[int, Fraction], text: str) -> dict[int, Fraction]:
    divisor = b.get(0, Fraction(0))
    if any(c for e, c in b.items() if e) or not divisor:
        raise NotationError(
            f"the activation {text[:60]!r} divides by {'0' if not any(b.values()) else 'x'}: only polynomials are known here"
        )
    return {e: c / divisor for e, c in a.items()}


def _power(a: dict[int, Fraction], b: dict[int, Fraction], text: str) -> dict[int, Fraction]:
    exponent = b.get(0, Fraction(0))
    if any(c for e, c in b.items() if e) or exponent.denominator != 1 or exponent < 0:
        raise NotationError(f"the exponent in the activation {text[:60]!r} is not a non-negative integer: write x^2 or x^3 + x^2")
    n = int(exponent)
    if n > MAX_EXPONENT:
        raise NotationError(f"an exponent of the activation {text[:60]!r} is above {MAX_EXPONENT}")
    terms = {e: c for e, c in a.items() if c}
    if len(terms) == 1:
        ((e, c),) = terms.items()
        if e * n > MAX_EXPONENT or (abs(c) != 1 and n > _MAX_EXPANDED_DEGREE):
            raise NotationError(f"an exponent of the activation {text[:60]!r} is above {MAX_EXPONENT}")
        return {e * n: c**n}
    if terms and max(terms) * n > _MAX_EXPANDED_DEGREE:
        raise NotationError(f"the activation {text[:60]!r} expands to a degree above {_MAX_EXPANDED_DEGREE}")
    digits = max((max(abs(c.numerator), c.denominator).bit_length() for c in terms.values()), default=1)
    if digits * n > 100 * _MAX_LENGTH:
        raise NotationError(f"the activation {text[:60]!r} has coefficients that are too long when expanded")
    if not terms or n == 0:
        return {0: Fraction(int(n == 0))}
    dense = flint.fmpq_poly(
        [flint.fmpq(c.numerator, c.denominator) for c in (terms.get(e, Fraction(0)) for e in range(max(terms) + 1))]
    )
    return {e: Fraction(int(c.p), int(c.q)) for e, c in enumerate((dense**n).coeffs()) if c}
