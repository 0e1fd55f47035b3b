"""Transposed convolutions as what they are: values spread, with zeros between, and a convolution with turned filters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurovariety.checkpoints.graph.kinds.windows import turned_filters
from neurovariety.checkpoints.readers.building import Builder, Stored, Value, refuse
from neurovariety.checkpoints.readers.building_records import Slide


def transposed_convolution(
    builder: Builder, name: str, path: str, x: Value, weight: Stored, bias: Stored | None, slide: Slide, output_padding: Sequence[int]
) -> Value:
    """A transposed convolution, its weight stored as (in, out in a group, \\*window): values spread, then a convolution."""
    window = builder.weights[weight.key].shape[2:]
    reach = [d * (k - 1) for k, d in zip(window, slide.dilation, strict=True)]
    padding = tuple((r - p, r - q + o) for r, (p, q), o in zip(reach, slide.padding, output_padding, strict=True))
    if any(side < 0 for sides in padding for side in sides):
        refuse(path or name, "transposed convolution", "that cuts off more than its window reaches")
    if builder.weights[weight.key].shape[0] % slide.groups:
        refuse(path or name, "transposed convolution", f"in {slide.groups} groups, which do not divide the channels")
    if any(s > 1 for s in slide.stride):
        x = builder.node(f"{name} spread", path, "spread", [x], factors=slide.stride)
    plain = bias is None and _leaves_values(builder, weight, slide.groups) and not any(side for sides in padding for side in sides)
    if plain and builder.nodes[-1].kind == "spread":
        return x
    if builder.uses[weight.key] != 1:
        refuse(path or name, "transposed convolution", f"whose filter {weight.key!r} is used elsewhere too")
    builder.weights[weight.key] = turned_filters(builder.weights[weight.key], slide.groups)
    builder.turned ^= {weight.key}
    once = (1,) * len(window)
    attributes = {"stride": once, "padding": padding, "dilation": slide.dilation, "groups": slide.groups}
    return builder.node(name, path, "conv", [x], {"weight": weight, "bias": bias}, **attributes)


def _leaves_values(builder: Builder, weight: Stored, groups: int) -> bool:
    """Whether a filter, not trained, multiplies each channel by 1."""
    w = builder.weights[weight.key]
    return weight.key in builder.fixed and w.size == len(w) == groups and bool(np.all(w == 1))
