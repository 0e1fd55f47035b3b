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


def ed_degree_cases() -> list[tuple[str, str, str, int]]:
    """Name, notation, metric and value of the published ED degrees of networks."""
    rows: list[dict[str, Any]] = json.loads((HERE / "ed_degrees.json").read_text(encoding="utf-8"))
    out = []
    for row in rows:
        text, metric = _model_of(row["spec"]), _metric_of(row["id"], row["spec"])
        if text is not None and metric is not None:
            out.append((row["id"], text, metric, row["value"]))
    return out


def _model_of(spec: dict[str, Any]) -> str | None:
    if "matrices" in spec:
        rows, columns = spec["matrices"]
        return f"linear({columns},{spec['rank']},{rows})"
    if "filters" in spec:
        filters = ",".join(map(str, spec["filters"]))
        return f"cnn({filters}; x; strides={','.join(map(str, spec['strides']))})" if "strides" in spec else notation(spec)
    if "symmetric" in spec:
        return f"mlp({spec['symmetric']},{spec['rank']},1; x^2)"
    if "tensor_rank1" in spec:
        return f"cp({','.join(map(str, spec['tensor_rank1']))}; rank=1)"
    if "segre_veronese" in spec:
        (n, *others), (d, *linear) = spec["segre_veronese"]["dims"], spec["segre_veronese"]["degrees"]
        return f"mlp({n},1,{others[0]}; x^{d})" if linear == [1] else None
    if spec.get("model") == "one lightning attention head" and "stratum" not in spec:
        return f"attention({spec['d']},{spec['d_out']}; a={spec['a']}; t={spec['t']})"
    return notation(spec["as_net"]) if "as_net" in spec else None


def _metric_of(name: str, spec: dict[str, Any]) -> str | None:
    form = spec.get("quadratic_form", "generic")
    if name.startswith("gaussED"):
        return "gaussian"
    if form.startswith("generic"):
        return "generic"
    if "Bombieri" in form:
        return "bombieri"
    if (form.startswith("Frobenius") and "hankel" not in spec) or form.startswith("identity on filter"):
        return "frobenius"
    return None
