"""Reading analytic networks: the notation of mlp with the names of analytic activations, and that of attention with softmax."""

from __future__ import annotations

import re
from collections.abc import Mapping

from neurovariety.architectures import parse
from neurovariety.architectures.reading.sections import Sections, split
from neurovariety.beyond.analytic.rank_in_balls import Smooth
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.normalized_networks import NormalizedPerceptron
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.errors import NotationError, ResourceError
from neurovariety.image import AttentionMaps
from neurovariety.options import listed

NAMES: Mapping[str, str] = {
    **{name: name for name in ("tanh", "sigmoid", "gelu", "silu", "softplus", "exp", "sin", "cos", "erf")},
    "logistic": "sigmoid",
    "swish": "silu",
    "gelutanh": "gelu_tanh",
}
"""How analytic activations are written, without regard to case, hyphens and underscores, and what certificates call them."""

ANSWERED = ("dimension", "fibers", "symmetries", "critical-locus")
"""The entries that are asked of such networks."""
MOST_PARAMETERS = 600
"""Weights of a network whose rank is found in ball arithmetic: some ten seconds."""
NORMALIZED = "layernorm"
"""The word for layer normalization before each activation."""
_EXAMPLE = "mlp(2,3,1; tanh; bias)"
_EXAMPLE_OF_ATTENTION = "attention(3,2; a=2; t=4; softmax)"


def analytic_name(text: str) -> str | None:
    """What the analytic activation of this name is called; None for any other text."""
    return NAMES.get(re.sub(r"[_\-\s]", "", text).lower())


def read_analytic(source: object) -> Smooth | None:
    """The network that a notation such as ``mlp(2,3,1; tanh; bias)`` or ``attention(3,2; a=2; t=4; softmax)`` denotes; None for what is
    none with an analytic activation or softmax.

    Raises `NotationError` for widths that are none and for activations some of which are analytic and others not, and `ResourceError`
    for a network with more than `MOST_PARAMETERS` weights.
    """
    match = re.fullmatch(r"\s*(mlp|attention)\s*\((.*)\)\s*", source, re.DOTALL | re.IGNORECASE) if isinstance(source, str) else None
    if match is None or not isinstance(source, str):
        return None
    read = _perceptron if match[1].lower() == "mlp" else _attention
    network = read(match[2], source.strip()[:80])
    if network is not None and network.parameters > MOST_PARAMETERS:
        raise ResourceError(
            f"{network.notation} has {network.parameters:,} weights, and ranks in ball arithmetic are found up to {MOST_PARAMETERS}; "
            "ask a smaller network"
        )
    return network


def _perceptron(text: str, whole: str) -> AnalyticPerceptron | None:
    sections: Sections[AnalyticPerceptron] = Sections.of(text, whole, _EXAMPLE, _none_within)
    bias, normalized = (any(s.lower() == word for s in sections.rest) for word in ("bias", NORMALIZED))
    rest = [s for s in sections.rest if s.lower() not in ("bias", NORMALIZED)]
    names = split(rest[0], ",") if len(rest) == 1 and len(sections) - 1 - len(rest) <= bias + normalized else []
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
    return (NormalizedPerceptron if normalized else AnalyticPerceptron)(widths, activations, bias)


def _attention(text: str, whole: str) -> SoftmaxAttention | None:
    """Attention whose sections name softmax; its sizes are read as those of attention without it."""
    sections = split(text, ";")
    rest = [s for s in sections if s.strip().lower() != "softmax"]
    if len(rest) == len(sections):
        return None
    if len(rest) != len(sections) - 1:
        raise NotationError(f"softmax is said once, got {whole!r}; e.g. {_EXAMPLE_OF_ATTENTION}")
    image = parse(f"attention({'; '.join(rest)})").image()
    if not isinstance(image, AttentionMaps):  # pragma: no cover
        return None
    return SoftmaxAttention(image.widths, image.inner, image.tokens, image.heads)


def not_analytic(entry: str, network: Smooth) -> str:
    """The sentence in which an entry refuses such a network."""
    name = network.transcendental
    if isinstance(network, SoftmaxAttention) and network.tokens == 1:
        linear = f"linear({','.join(map(str, network.widths))})"
        return f"over one token softmax is 1, and the functions of {network.notation} are those of {linear}; ask that"
    instead = (
        f"put a polynomial in its place (approximate --activation {name})"
        if isinstance(network, AnalyticPerceptron)
        else "leave softmax out, which makes lightning attention"
    )
    return (
        f"{entry.replace('_', '-')} is asked of algebraic models, and {name} is transcendental: the functions of {network.notation} "
        f"span no space of finite dimension, so degree and equations have no meaning for them; ask {listed(ANSWERED)}, or {instead}"
    )


def _none_within(text: str) -> AnalyticPerceptron:
    raise NotationError(f"a network within an analytic one is not read, got {text[:40]!r}")
