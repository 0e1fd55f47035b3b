"""What it costs to store exact weights in floating point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array, Numbers, floating, to_floats, to_fractions
from neurovariety.errors import InputError

DTYPES = ("bfloat16", "float16", "float32", "float64")
_SAMPLES = 64
"""Random inputs on which the change of the function is measured where the caller gives none."""


@dataclass(frozen=True)
class Rounding:
    """What was lost when the weights of a network were rounded to a floating-point type.

    ``weight_error`` is the largest difference between a weight and its rounded value, exact. ``function_change`` is
    the largest difference between outputs before and after, measured in float64 on ``inputs`` inputs: no bound for other inputs.
    The weights' is 0 where every weight already was a number of that type; a file may still have rounded a constant of an activation.
    """

    dtype: str
    rounded: int
    """How many weights changed."""
    weight_error: Fraction
    function_change: float
    inputs: int

    def summary(self) -> str:
        """One sentence."""
        if not self.rounded and self.function_change:
            return (
                f"every weight is a {self.dtype} number, but the file has rounded other constants: outputs changed by at most "
                f"{self.function_change:.2g} on {self.inputs} inputs"
            )
        if not self.rounded:
            return f"every weight is a {self.dtype} number: nothing was rounded"
        return (
            f"{self.rounded:,} weight{' was' if self.rounded == 1 else 's were'} rounded to {self.dtype}, by at most "
            f"{float(self.weight_error):.2g}; outputs changed by at most {self.function_change:.2g} on {self.inputs} inputs"
        )


def round_weights(
    network: Network, dtype: str | None = None, inputs: Numbers | None = None, *, seed: int = 0
) -> tuple[dict[str, Array], Rounding]:
    """The weights in a floating-point type, and the cost.

    ``dtype`` is bfloat16, float16, float32 or float64; by default the widest type in which weights of the network are stored, float32
    where all are exact fractions. ``inputs`` (batch, \\*input shape) are those on which the function is compared; without them ``seed``
    draws some.
    """
    chosen = dtype or widest(network.weights[k] for k in network.trained) or "float32"
    if chosen not in DTYPES:
        raise InputError(f"dtype= is one of {', '.join(DTYPES)}, got {chosen!r}")
    out: dict[str, Array] = {}
    changed, worst = 0, Fraction(0)
    for key, stored in network.weights.items():
        if stored.dtype.kind in "biu":
            out[key] = stored
            continue
        with np.errstate(over="ignore"):
            out[key] = rounded = to_floats(stored).astype(floating(chosen))
        if not np.all(np.isfinite(rounded.astype(np.float64))):
            raise InputError(f"the weight {key!r} holds a number that {chosen} cannot hold; choose a wider dtype=")
        errors = _errors(stored, rounded)
        changed += len(errors)
        worst = max([worst, *errors])
    x = compared_on(network, inputs, seed)
    change = float(np.max(np.abs(network.evaluate(x) - network.evaluate(x, out)), initial=0.0)) if changed else 0.0
    return out, Rounding(chosen, changed, worst, change, len(x))


def compared_on(network: Network, inputs: Numbers | None, seed: int) -> Array:
    """The inputs on which a change of the function is measured."""
    return np.random.default_rng(seed).normal(size=(_SAMPLES, *network.input_shape)) if inputs is None else np.asarray(inputs)


def _errors(stored: Array, rounded: Array) -> list[Fraction]:
    """The exact differences that are not 0."""
    if stored.dtype != object:  # a float64 minus the nearest shorter number is a float64 again
        difference = np.abs(to_floats(stored) - to_floats(rounded))
        return [Fraction(v) for v in difference[difference != 0].tolist()]
    pairs = zip(stored.reshape(-1).tolist(), to_fractions(rounded).reshape(-1).tolist(), strict=True)
    return [abs(Fraction(a) - b) for a, b in pairs if a != b]


def widest(weights: Iterable[Array]) -> str | None:
    """The widest floating-point type among arrays, one that holds the numbers of all; None where all are exact."""
    found = {str(w.dtype) for w in weights if str(w.dtype) in DTYPES}
    if found >= {"bfloat16", "float16"}:  # neither holds the numbers of the other
        found.add("float32")
    return max(found, key=DTYPES.index, default=None)
