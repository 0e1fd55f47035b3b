"""Where the batch lies while a graph moves it: against NumPy, by following every entry."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.checkpoints.readers.batch_layouts import NoLayout, dropped, in_front, inserted, regrouped, sizes, turned

BATCH = 7


def graph_value(sample_values, layout):
    """The graph's value from those of all samples (batch, \\*sample) and a layout."""
    order = [k + 1 for axis in layout for k in axis]
    shape = sample_values.shape
    return sample_values.transpose(order).reshape([int(np.prod([shape[k + 1] for k in axis])) for axis in layout])


def follow(steps, shape=(5, 12), batch=BATCH):
    """A random walk of a value and of its layout: both say the same at every step."""
    value = np.arange(batch * int(np.prod(shape))).reshape(batch, *shape)
    layout, samples = in_front(len(shape)), value
    for kind, argument in steps:
        if kind == "turn":
            value = value.transpose(argument)
            layout, axes = turned(layout, argument)
            samples = samples.transpose(0, *(k + 1 for k in axes))
        elif kind == "reshape":
            layout, new = regrouped(layout, samples.shape[1:], batch, argument)
            value, samples = value.reshape(argument), samples.reshape(batch, *new)
        elif kind == "insert":
            layout, new = inserted(layout, samples.shape[1:], argument)
            value, samples = np.expand_dims(value, argument), samples.reshape(batch, *new)
        else:
            layout, new = dropped(layout, samples.shape[1:], argument)
            value, samples = value.squeeze(argument), samples.reshape(batch, *new)
        assert sizes(layout, samples.shape[1:], batch) == list(value.shape)
        assert np.array_equal(graph_value(samples, layout), value)
    return layout


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_as_torch_writes_attention(batch):
    """The batch second, joined with three heads, taken apart, and joined with the places for the last matrix."""
    steps = [
        ("turn", (1, 0, 2)),
        ("reshape", (5, batch, 3, 4)),
        ("insert", 0),
        ("turn", (3, 1, 2, 0, 4)),
        ("drop", 3),
        ("turn", (1, 2, 0, 3)),
        ("reshape", (5, batch, 12)),
        ("reshape", (5, batch * 3, 4)),
        ("turn", (1, 0, 2)),
        ("reshape", (batch, 3, 5, 4)),
        ("turn", (2, 0, 1, 3)),
        ("reshape", (5 * batch, 12)),
        ("reshape", (5, batch, 12)),
        ("turn", (1, 0, 2)),
    ]
    assert follow(steps, batch=batch) == in_front(2)


def test_random_walks():
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = tuple(rng.choice([2, 3, 4], size=3).tolist())
        steps, lengths = [], [BATCH, *shape]
        for _ in range(6):
            if rng.random() < 0.5:
                order = rng.permutation(len(lengths)).tolist()
                steps.append(("turn", tuple(order)))
                lengths = [lengths[k] for k in order]
            elif len(lengths) > 2:
                k = int(rng.integers(len(lengths) - 1))
                lengths = [*lengths[:k], lengths[k] * lengths[k + 1], *lengths[k + 2 :]]
                steps.append(("reshape", tuple(lengths)))
        follow(steps, shape)


def test_what_cuts_the_batch_is_refused():
    for target in ((35, 12), (5, 7, 12), (14, 30), (7, 5, 13)):
        try:
            layout, shape = regrouped(in_front(2), (5, 12), BATCH, target)
        except NoLayout:
            assert target != (35, 12)
        else:  # the batch in front of the places: joined, not cut
            assert (target, layout, shape) == ((35, 12), ((-1, 0), (1,)), (5, 12))
    with pytest.raises(NoLayout):
        dropped(in_front(2), (5, 12), 0)
