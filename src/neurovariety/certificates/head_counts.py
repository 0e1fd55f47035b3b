"""How many channels of queries, keys and values went with heads of attentions, and why: counted from the networks before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from neurovariety.certificates.attention_blocks import AttentionBlock, attention_block, with_bias
from neurovariety.certificates.exact_arrays import product
from neurovariety.certificates.network_nodes import NetworkData, exact
from neurovariety.certificates.zeros import NotShown


def heads_gone(before: NetworkData, after: NetworkData, readers: Collection[str], names: Mapping[str, str]) -> Counter[str]:
    """Dead heads are those that add a constant at most; of the others that went the scores are another's; the rest went for ranks."""
    found: Counter[str] = Counter()
    nodes = ({n.name: n for n in before.nodes}, {n.name: n for n in after.nodes})
    for name in sorted(readers):
        one, two = attention_block(before, nodes[0][name]), attention_block(after, nodes[1][names.get(name, name)])
        size, other = _sizes(one)
        less, fewer = (a - b for a, b in zip((size, other), _sizes(two), strict=True))
        groups, left = _groups(one), _groups(two)
        asked, gone = len(groups[0]), len(groups) - len(left)
        dead = min(gone, sum(all(is_dead(before, one, b) for b in group) for group in groups)) if gone else 0
        each = (asked + 1) * size + other
        found += Counter(
            {"dead head": dead * each, "equal head": (gone - dead) * each, "rank of heads": len(left) * ((asked + 1) * less + fewer)}
        )
    return found


def _groups(block: AttentionBlock) -> list[list[int]]:
    """Heads that share their keys. Raises `NotShown` where these do not share their values, or groups have different sizes."""
    keys, values = block.parts
    out = [np.flatnonzero(keys == g).tolist() for g in sorted(set(keys.tolist()))]
    shared = all(len(set(values[group].tolist())) == 1 for group in out) and len(set(values.tolist())) == len(out)
    if not shared or len({len(group) for group in out}) != 1:
        raise NotShown("heads share keys in another way than values, or in groups of different sizes")
    return out


def _sizes(block: AttentionBlock) -> tuple[int, int]:
    return block.query.channel.shape[1], block.value.channel.shape[1]


def is_dead(network: NetworkData, block: AttentionBlock, head: int) -> bool:
    """Whether what reads a head gets a constant of it, whatever its probabilities are."""
    read = np.asarray(network.weights[block.reader.weights["weight"]])[:, block.columns[head]]
    made = product(exact(read), with_bias(network, block.value, head)[:, :-1])
    return all(made[i, j] == 0 for i in range(made.nrows()) for j in range(made.ncols()))
