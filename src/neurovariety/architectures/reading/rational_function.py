"""Reading a univariate rational function with rational coefficients, in lowest terms, from text."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from fractions import Fraction

import flint

from neurovariety.architectures.reading.not_algebraic import refusal
from neurovariety.errors import NotationError
from neurovariety.tolerances import MAX_EXPONENT

Sparse = dict[int, Fraction]
"""A polynomial: exponent -> coefficient. Zero coefficients may occur until terms are put in lowest terms."""

Terms = tuple[tuple[int, Fraction], ...]
"""A polynomial in normal form: (exponent, coefficient), exponents descending, coefficients nonzero."""

MAX_EXPANDED_DEGREE = 1000
"""Largest degree to which a power of a sum is expanded."""

_MAX_DIVISOR_DEGREE = 200
_MAX_DIVISOR_BITS = 10_000
"""Largest degree, and size of coefficients, for which common factors of numerator and denominator are sought."""

_MAX_DIGITS = 100
_MAX_LENGTH = 1000
_MAX_TERM_PRODUCTS = 10_000
_ONE: Sparse = {0: Fraction(1)}


@dataclass(frozen=True)
class _Quotient:
    """numerator / denominator in lowest terms, the denominator monic."""

    numerator: Sparse
    denominator: Sparse

    @property
    def constant(self) -> Fraction | None:
        """The value where this is a number."""
        if self.denominator != _ONE or any(c for e, c in self.numerator.items() if e):
            return None
        return self.numerator.get(0, Fraction(0))


def read_rational(text: str) -> tuple[Terms, Terms]:
    """Numerator and denominator, coprime, the denominator monic. Raises `NotationError` with one sentence."""
    if not text or len(text) > _MAX_LENGTH or not re.fullmatch(r"[\sx0-9+\-*/^().]*", text):
        sentence = refusal(text) if len(text) <= _MAX_LENGTH else None
        raise NotationError(
            f"the activation {sentence}"
            if sentence
            else f"the activation {text[:60]!r} is not a polynomial or rational function of x: write x^2, x^3 + x^2, 1/3*x^2, 1/x, "
            "(x^2 + 1)/(x - 2) or generic(3)"
        )
    source = re.sub(r"(?<=[0-9.)x])\s*(?=[x(])", "*", text).replace("^", "**")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
        found = _evaluate(tree, text, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, NotationError):
            raise
        raise NotationError(f"the activation {text[:60]!r} cannot be read: write x^2, x^3 + x^2, 1/3*x^2 or 1/x") from error
    numerator, denominator = _terms(found.numerator), _terms(found.denominator)
    if found.constant is not None:
        raise NotationError(f"the activation {text[:60]!r} is constant: it needs a power of x, for example x^2")
    longest = max(max(abs(c.numerator), c.denominator) for _, c in numerator + denominator)
    if longest >= 10**_MAX_DIGITS or len(shown(numerator)) + len(shown(denominator)) > _MAX_LENGTH - 10:
        raise NotationError(
            f"the activation {text[:60]!r} is too long when expanded: at most {_MAX_DIGITS} digits a coefficient and {_MAX_LENGTH:,} "
            "characters in all"
        )
    return numerator, denominator


def shown(terms: Terms) -> str:
    """A polynomial as text that can be read back."""
    out = ""
    for exponent, c in terms:
        size = abs(c)
        monomial = "" if exponent == 0 else "x" if exponent == 1 else f"x^{exponent}"
        body = str(size) if not monomial else monomial if size == 1 else f"{size}*{monomial}"
        out += (f" {'-' if c < 0 else '+'} " if out else "-" if c < 0 else "") + body
    return out


def dense(terms: Terms) -> flint.fmpq_poly:
    """The polynomial in python-flint, for gcds and the like."""
    found = dict(terms)
    top = max(found, default=0)
    return flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in (found.get(e, Fraction(0)) for e in range(top + 1))])


def _terms(polynomial: Sparse) -> Terms:
    return tuple(sorted(((e, c) for e, c in polynomial.items() if c), reverse=True))


def _sparse(polynomial: flint.fmpq_poly) -> Sparse:
    return {e: Fraction(int(c.p), int(c.q)) for e, c in enumerate(polynomial.coeffs()) if c}


def _evaluate(node: ast.AST, text: str, depth: int) -> _Quotient:
    if depth > 60:
        raise NotationError(f"the activation {text[:60]!r} is nested too deeply")
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        digits = ast.unparse(node)
        if len(digits) > _MAX_DIGITS:
            raise NotationError(f"a coefficient of the activation {text[:60]!r} has more than {_MAX_DIGITS} digits")
        return _Quotient({0: Fraction(digits)}, _ONE)
    if isinstance(node, ast.Name):
        return _Quotient({1: Fraction(1)}, _ONE)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _evaluate(node.operand, text, depth + 1)
        sign = -1 if isinstance(node.op, ast.USub) else 1
        return _Quotient({e: sign * c for e, c in inner.numerator.items()}, inner.denominator)
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, text, depth + 1), _evaluate(node.right, text, depth + 1)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return _added(left, right, 1 if isinstance(node.op, ast.Add) else -1, text)
        if isinstance(node.op, ast.Mult):
            numerator = _product(left.numerator, right.numerator, text)
            return _lowest(numerator, _product(left.denominator, right.denominator, text), text)
        if isinstance(node.op, ast.Div):
            numerator = _product(left.numerator, right.denominator, text)
            return _lowest(numerator, _product(left.denominator, right.numerator, text), text)
        if isinstance(node.op, ast.Pow):
            return _raised(left, right, text)
    raise NotationError(f"the activation {text[:60]!r} is not a polynomial or rational function of x: write x^2, 1/x or generic(3)")


def _added(a: _Quotient, b: _Quotient, sign: int, text: str) -> _Quotient:
    if a.denominator == b.denominator:
        left, right, under = a.numerator, b.numerator, a.denominator
    else:
        left, right = _product(a.numerator, b.denominator, text), _product(b.numerator, a.denominator, text)
        under = _product(a.denominator, b.denominator, text)
    return _lowest({e: left.get(e, Fraction(0)) + sign * right.get(e, Fraction(0)) for e in {*left, *right}}, under, text)


def _product(a: Sparse, b: Sparse, text: str) -> Sparse:
    if b == _ONE:
        return a
    if max(a, default=0) + max(b, default=0) > MAX_EXPONENT:
        raise NotationError(f"an exponent of the activation {text[:60]!r} is above {MAX_EXPONENT}")
    if len(a) * len(b) > _MAX_TERM_PRODUCTS:
        raise NotationError(f"the activation {text[:60]!r} expands to too many terms")
    out: Sparse = {}
    for e, c in a.items():
        for f, d in b.items():
            out[e + f] = out.get(e + f, Fraction(0)) + c * d
    return out


def _lowest(numerator: Sparse, denominator: Sparse, text: str) -> _Quotient:
    """The quotient with common factors cancelled and the denominator monic."""
    if denominator == _ONE:
        return _Quotient(numerator, _ONE)
    over, under = {e: c for e, c in numerator.items() if c}, {e: c for e, c in denominator.items() if c}
    if not under:
        raise NotationError(f"the activation {text[:60]!r} divides by 0")
    if not over:
        return _Quotient({0: Fraction(0)}, _ONE)
    common = min(min(over), min(under))
    over, under = {e - common: c for e, c in over.items()}, {e - common: c for e, c in under.items()}
    if len(under) > 1 and max(over) > 0:
        bits = max(max(abs(c.numerator), c.denominator).bit_length() for c in (*over.values(), *under.values()))
        if max(*over, *under) > _MAX_DIVISOR_DEGREE or bits > _MAX_DIVISOR_BITS:
            raise NotationError(
                f"the activation {text[:60]!r} divides polynomials of degree above {_MAX_DIVISOR_DEGREE} or with very long "
                "coefficients; "
                "use a smaller degree"
            )
        top, bottom = dense(_terms(over)), dense(_terms(under))
        factor = top.gcd(bottom)
        over, under = _sparse(top // factor), _sparse(bottom // factor)
    leading = under[max(under)]
    return _Quotient({e: c / leading for e, c in over.items()}, {e: c / leading for e, c in under.items()})


def _raised(a: _Quotient, b: _Quotient, text: str) -> _Quotient:
    exponent = b.constant
    if exponent is None or exponent.denominator != 1:
        raise NotationError(f"an exponent in the activation {text[:60]!r} is not a whole number: write x^2, x^3 + x^2 or x^-2")
    n = int(exponent)
    if n < 0:
        a, n = _lowest(a.denominator, a.numerator, text), -n
    return _Quotient(_power(a.numerator, n, text), _power(a.denominator, n, text))


def _power(a: Sparse, n: int, text: str) -> Sparse:
    if n > MAX_EXPONENT:
        raise NotationError(f"an exponent of the activation {text[:60]!r} is above {MAX_EXPONENT}")
    if a == _ONE:
        return _ONE
    terms = {e: c for e, c in a.items() if c}
    if len(terms) == 1:
        ((e, c),) = terms.items()
        if e * n > MAX_EXPONENT or (abs(c) != 1 and n > MAX_EXPANDED_DEGREE):
            raise NotationError(f"an exponent of the activation {text[:60]!r} is above {MAX_EXPONENT}")
        return {e * n: c**n}
    if terms and max(terms) * n > MAX_EXPANDED_DEGREE:
        raise NotationError(f"the activation {text[:60]!r} expands to a degree above {MAX_EXPANDED_DEGREE}")
    digits = max((max(abs(c.numerator), c.denominator).bit_length() for c in terms.values()), default=1)
    if digits * n > 100 * _MAX_LENGTH:
        raise NotationError(f"the activation {text[:60]!r} has coefficients that are too long when expanded")
    if not terms or n == 0:
        return {0: Fraction(int(n == 0))}
    return _sparse(dense(_terms(terms)) ** n)
