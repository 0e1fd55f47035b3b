"""The layers of a network as a table: kind, shape, parameters, multiply-adds, free directions, redundancy found, why not looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from neurovariety.certificates.network_symmetries import attention_dimensions, gated_dimensions
from neurovariety.checkpoints.graph.multiplications import multiplications
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.partial_network import OpaqueOperator, PartialNetwork, Region
from neurovariety.checkpoints.layers.attention_heads import AttentionHeads
from neurovariety.checkpoints.layers.gated_units import GatedLayer
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, Untouched
from neurovariety.checkpoints.layers.layer_symmetries import LayerSymmetry

_WIDEST = 44
"""Characters of a place or a reason in the text; JSON has the whole."""
_MOST_ROWS = 200


class LayerData(TypedDict):
    """A `LayerRow` as plain data."""

    place: str
    kind: str
    shape: list[int]
    parameters: int
    multiply_adds: int | None
    free: int
    redundant: dict[str, int]
    why: str


@dataclass(frozen=True)
class LayerRow:
    """One layer. ``shape`` is that of its weight, ``multiply_adds`` are those of one sample, None where they are not known; ``free``
    is the dimension of the symmetries of its channels, ``redundant`` the neurons too many by reason, ``why`` what kept it from being
    looked at: empty where it was."""

    place: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int | None
    free: int
    redundant: Mapping[str, int]
    why: str = ""

    def to_dict(self) -> LayerData:
        """Plain data."""
        return {
            "place": self.place,
            "kind": self.kind,
            "shape": list(self.shape),
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "free": self.free,
            "redundant": dict(self.redundant),
            "why": self.why,
        }

    @classmethod
    def from_dict(cls, data: LayerData) -> LayerRow:
        """The row of plain data."""
        return cls(**{**data, "shape": tuple(data["shape"])})  # type: ignore[arg-type]


def layer_rows(
    network: Network,
    layers: Sequence[HiddenLayer],
    untouched: Sequence[Untouched],
    symmetries: Sequence[LayerSymmetry],
    redundant: Mapping[str, Mapping[str, int]],
    region: Region | None = None,
    several: Sequence[AttentionHeads | GatedLayer] = (),
) -> list[LayerRow]:
    """A row for each node with trained weights. ``redundant`` has the neurons too many by the name of the producer and the reason.

    Of an attention, and of gated units, all free directions stand in the row of the first map that makes them.
    """
    products = multiplications(network)
    why = {u.place: u.reason for u in untouched}
    free = {x.producer.name: s.dimension for x, s in zip(layers, symmetries, strict=True)}
    known = {b.reader.name: n for b, n in attention_dimensions(network)} if several else {}
    known |= {p.name: n for p, n in gated_dimensions(network)} if several else {}
    for s in several:
        end = s.reader if isinstance(s, AttentionHeads) else s.product.name
        free |= {name: known.get(end, 0) if name == s.makers[0] else 0 for name in s.makers}
    trained = set(network.trained)
    out = []
    for node in network.nodes:
        keys = [k for k in node.weights.values() if k in trained]
        if not keys:
            continue
        main = np.shape(network.weights[node.weights.get("weight", keys[0])])
        if operation(node).affine is None:
            reason = "it is changed with the layer before it"
        elif node.name in free:
            reason = ""
        else:
            reason = _beyond(network, node, region) or why.get(node.place, "it makes the output")
        out.append(
            LayerRow(
                node.path or node.name,
                node.kind,
                main,
                sum(int(np.size(network.weights[k])) for k in keys),
                products[node.name] if "weight" in node.weights else None,
                free.get(node.name, 0),
                dict(redundant.get(node.name, {})),
                reason,
            )
        )
    return out


def opaque_rows(opaque: Iterable[OpaqueOperator]) -> list[LayerRow]:
    """A row for each operator with trained numbers that is kept as it is."""
    return [LayerRow(o.place, o.operator, (), o.parameters, None, 0, {}, f"kept as it is: {o.reason}") for o in opaque if o.parameters]


def kept_words(network: PartialNetwork) -> list[str]:
    """The operators without trained numbers that are kept as they are, with how many there are and why."""
    counted = Counter((o.operator, o.reason) for o in network.opaque if not o.parameters)
    return [f"{operator}{f' ({n} of them)' if n > 1 else ''}: {reason}" for (operator, reason), n in sorted(counted.items())]


def _beyond(network: Network, node: Node, region: Region | None) -> str:
    """Who outside its region reads the channels that a node makes, as far as they reach."""
    if region is None:
        return ""
    reached = {node.name}
    for other in network.nodes:
        if reached & set(other.inputs) and operation(other).channelwise is not None:
            reached.add(other.name)
    if len(region.outputs) == 1:
        words = [region.outputs[0].beyond] if network.output in reached else []
    else:  # the last node joins what leaves
        words = [p.beyond for p, n in zip(region.outputs, network.nodes[-1].inputs, strict=True) if n in reached]
    return f"its channels are read by {', '.join(dict.fromkeys(words))}" if words else ""


def table_text(rows: Sequence[LayerRow], indent: str = "  ") -> list[str]:
    """The table as lines of text; numbers to the right."""
    head = ("layer", "kind", "shape", "parameters", "multiply-adds", "free", "redundant", "not looked at, because")
    cells = [
        (
            _cut(r.place),
            _cut(r.kind),
            " x ".join(map(str, r.shape)) or "-",
            f"{r.parameters:,}",
            "-" if r.multiply_adds is None else f"{r.multiply_adds:,}",
            f"{r.free:,}" if not r.why else "-",
            ", ".join(f"{n} {reason}" for reason, n in sorted(r.redundant.items())) or ("-" if r.why else "none"),
            _cut(r.why, 2 * _WIDEST),
        )
        for r in rows[:_MOST_ROWS]
    ]
    widths = [max(len(c[k]) for c in [head, *cells]) for k in range(len(head))]
    right = {3, 4, 5}
    lines = [
        indent + "  ".join(v.rjust(w) if k in right else v.ljust(w) for k, (v, w) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in [head, *cells]
    ]
    if len(rows) > _MOST_ROWS:
        lines.append(f"{indent}... and {len(rows) - _MOST_ROWS} more, which --json lists")
    return lines


def _cut(text: str, most: int = _WIDEST) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= most else f"{clean[: most // 3]}...{clean[len(clean) - (most - most // 3 - 3) :]}"
