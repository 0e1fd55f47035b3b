"""The architecture notation of a reference case."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))


def activation(coefficients: list[Any]) -> str:
    """A polynomial from its coefficients, lowest degree first."""
    terms = [f"{Fraction(c)}*x^{e}" for e, c in enumerate(coefficients) if c]
    return " + ".join(reversed(terms))


def notation(spec: dict[str, Any], exponent: int | None = None) -> str | None:
    """The notation of a case, or None where it is not a single network."""
    if "filters" in spec:
        return f"cnn({','.join(map(str, spec['filters']))}; x^{spec['degree']})"
    if "dims" in spec:
        d, heads = spec["dims"], spec.get("heads", 1)
        more = f"; heads={heads}" if heads > 1 else ""
        return f"attention({','.join(map(str, d))}; a={spec['inner']}; t={spec['tokens']}{more})"
    if "widths" not in spec:
        return None
    widths = ",".join(map(str, spec["widths"]))
    if "activation_coeffs_low_to_high" in spec:
        shown = activation(spec["activation_coeffs_low_to_high"])
    else:
        degree = spec.get("degree", exponent)
        if degree is None:
            return None
        shown = ", ".join(f"x^{e}" for e in degree) if isinstance(degree, list) else f"x^{degree}"
    return f"mlp({widths}; {shown}{'; bias' if spec.get('bias') else ''})"
