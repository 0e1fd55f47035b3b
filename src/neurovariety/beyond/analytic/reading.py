"""Reading networks whose activations are analytic: the notation of mlp with their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from neurovariety.architectures.reading.sections import Sections, split
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.errors import NotationError, ResourceError

NAMES: Mapping[str, str] = {
    **{name: name for name in ("tanh", "sigmoid", "gelu", "silu", "softplus", "exp", "sin", "cos", "erf")},
    "logistic": "sigmoid",
    "swish": "silu",
    "gelutanh": "gelu_tanh",
}
"""How analytic activations are written, without regard to case, hyphens and underscores, and what certificates call them."""

MOST_PARAMETERS = 600
"""Weights of a network whose rank is found in ball arithmetic: some ten seconds."""
_EXAMPLE = "mlp(2,3,1; tanh; bias)"


def analytic_name(text: str) -> str | None:
    """What the analytic activation of this name is called; None for any other text."""
    return NAMES.get(re.sub(r"[_\-\s]", "", text).lower())


def read_analytic(source: object) -> AnalyticPerceptron | None:
    """The network that a notation such as ``mlp(2,3,1; tanh; bias)`` denotes; None for what is none with an analytic activation.

    Raises `NotationError` for widths that are none and for activations some of which are analytic and others not, and `ResourceError`
    for a network with more than `MOST_PARAMETERS` weights.
    """
    match = re.fullmatch(r"\s*mlp\s*\((.*)\)\s*", source, re.DOTALL | re.IGNORECASE) if isinstance(source, str) else None
    if match is None or not isinstance(source, str):
        return None
    sections: Sections[AnalyticPerceptron] = Sections.of(match.group(1), source.strip()[:80], _EXAMPLE, _none_within)
    bias = any(s.lower() == "bias" for s in sections.rest)
    rest = [s for s in sections.rest if s.lower() != "bias"]
    names = split(rest[0], ",") if len(rest) == 1 and len(sections) - 1 - len(rest) <= 1 else []
    known = [analytic_name(name) for name in names]
    if not any(known):
        return None
    if not all(known):
        other = next(name for name, found in zip(names, known, strict=True) if not found)
        raise NotationError(
            f"{other[:30]!r} stands beside an analytic activation in {sections.shown!r}: such networks are not read yet"
        )
    widths = sections.integers(sections.first, "widths")
    if len(widths) < 3 or min(widths) < 1:
        raise NotationError(f"mlp with an activation needs at least 3 positive widths, got {sections.shown!r}; e.g. {_EXAMPLE}")
    activations = sections.one_each(tuple(name for name in known if name), len(widths) - 2, "activations")
    network = AnalyticPerceptron(widths, activations, bias)
    if network.parameters > MOST_PARAMETERS:
        raise ResourceError(
            f"{network.notation} has {network.parameters:,} weights, and ranks in ball arithmetic are found up to {MOST_PARAMETERS}; "
            "ask a smaller network"
        )
    return network


def not_analytic(entry: str, network: AnalyticPerceptron) -> str:
    """The sentence in which an entry refuses such a network."""
    name = network.activations[0]
    return (
        f"{entry.replace('_', '-')} is asked of algebraic models, and {name} is transcendental: the functions of {network.notation} "
        "span no space of finite dimension, so degree and equations have no meaning for them; ask dimension, fibers or symmetries, or "
        f"put a polynomial in its place (approximate --activation {name})"
    )


def _none_within(text: str) -> AnalyticPerceptron:
    raise NotationError(f"a network within an analytic one is not read, got {text[:40]!r}")
