"""How many channels of queries, keys and values went with heads of attentions, and why: counted from the networks before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from neurovariety.certificates.attention_blocks import AttentionBlock, attention_block, with_bias
from neurovariety.certificates.exact_arrays import product
from neurovariety.certificates.network_nodes import NetworkData, exact


def heads_gone(before: NetworkData, after: NetworkData, readers: Collection[str], names: Mapping[str, str]) -> Counter[str]:
    """Dead heads are those that add a constant at most; of the others that went the scores are another's; the rest went for ranks."""
    found: Counter[str] = Counter()
    nodes = ({n.name: n for n in before.nodes}, {n.name: n for n in after.nodes})
    for name in sorted(readers):
        one, two = attention_block(before, nodes[0][name]), attention_block(after, nodes[1][names.get(name, name)])
        size, other = _sizes(one)
        less, fewer = (a - b for a, b in zip((size, other), _sizes(two), strict=True))
        gone = one.heads - two.heads
        dead = min(gone, sum(is_dead(before, one, b) for b in range(one.heads))) if gone else 0
        each = 2 * size + other
        found += Counter(
            {"dead head": dead * each, "equal head": (gone - dead) * each, "rank of heads": two.heads * (2 * less + fewer)}
        )
    return found


def _sizes(block: AttentionBlock) -> tuple[int, int]:
    return block.query.channel.shape[1], block.value.channel.shape[1]


def is_dead(network: NetworkData, block: AttentionBlock, head: int) -> bool:
    """Whether what reads a head gets a constant of it, whatever its probabilities are."""
    read = np.asarray(network.weights[block.reader.weights["weight"]])[:, block.columns[head]]
    made = product(exact(read), with_bias(network, block.value, head)[:, :-1])
    return all(made[i, j] == 0 for i in range(made.nrows()) for j in range(made.ncols()))
