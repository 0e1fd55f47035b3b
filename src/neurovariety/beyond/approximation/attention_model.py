"""Attention with softmax as a rational model: a polynomial, or a quotient, in place of exp, and all weights free."""

from __future__ import annotations

import re
from math import exp

import numpy as np

from neurovariety.architectures import parse
from neurovariety.beyond.approximation.one_activation import NearestPolynomial
from neurovariety.beyond.approximation.whole_graph import network_with
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.errors import NeurovarietyError, ResourceError
from neurovariety.image import AttentionMaps
from neurovariety.model import Model


def softmax_notation(network: object) -> SoftmaxAttention | None:
    """Attention with softmax that a notation denotes; None for what is none."""
    match = re.fullmatch(r"\s*attention\s*\((.*)\)\s*", network, re.DOTALL | re.IGNORECASE) if isinstance(network, str) else None
    sections = [] if match is None else [s.strip() for s in match[1].split(";")]
    rest = [s for s in sections if s.lower() != "softmax"]
    if len(rest) != len(sections) - 1:
        return None
    try:
        image = parse(f"attention({'; '.join(rest)})").image()
    except NeurovarietyError:
        return None
    return SoftmaxAttention(image.widths, image.inner, image.tokens, image.heads) if isinstance(image, AttentionMaps) else None


def attention_model(network: SoftmaxAttention, found: NearestPolynomial) -> Model:
    """The rational model. Raises `ResourceError` where what stands in place of exp may be 0 on the interval."""
    low = float(found.question.low)
    if not found.error < exp(max(low, -700.0)) * (1 - 1e-9):
        q = found.question
        raise ResourceError(
            f"what is nearest to exp on [{q.low}, {q.high}] by degree {q.degree} is not shown to stay above 0 there, and softmax "
            "divides by sums of it; ask a larger degree, or a shorter interval"
        )
    graph = _graph(network)
    return network_with(graph, [found] * sum(n.kind == "softmax" for n in graph.nodes)).as_model()


def _graph(network: SoftmaxAttention) -> Network:
    """The network on columns of features, one a token, with ones as its weights."""
    nodes = [Node("x", "input"), Node("tokens", "transpose", ("x",), {}, {"permutation": (1, 0)})]
    weights = dict[str, np.ndarray]()
    layers, heads = range(1, len(network.inner) + 1), range(1, network.heads + 1)
    for l in layers:
        read, total = nodes[-1].name, ""
        for h in heads:
            place = f"{l if len(network.inner) > 1 else ''}" + (f"h{h}" if network.heads > 1 else "")
            k, q, v, scores, soft, y = (f"{what}{place}" for what in ("K", "Q", "V", "scores", "softmax", "head"))
            for letter in "KQV":
                _, rows, columns = network.blocks[letter, l - 1, h - 1]
                weights[letter + place] = np.ones((rows, columns))
                nodes.append(Node(letter + place, "linear", (read,), {"weight": letter + place}))
            nodes.append(Node(scores, "matmul", (k, q), {}, {"transpose": (False, True)}))
            nodes.append(Node(soft, "softmax", (scores,), {}, {"axis": 0}))
            nodes.append(Node(y, "matmul", (soft, v), {}, {"transpose": (True, False)}))
            if total:
                nodes.append(Node(f"{y} added", "add", (total, y)))
            total = nodes[-1].name
    nodes.append(Node("y", "transpose", (nodes[-1].name,), {}, {"permutation": (1, 0)}))
    return Network((network.widths[0], network.tokens), tuple(nodes), "y", weights, network.notation)
