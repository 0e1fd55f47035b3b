"""Activations by polynomials, of least uniform error or partial sums of series, with the error certified.

Definition: of all polynomials p of degree at most n, the nearest to an activation f on [a, b] is the one for which the largest
|f(x) - p(x)| is least; it is known by its error, which takes its largest size with alternating signs at n + 2 points (Chebyshev).
Two others are nearest in mean square: the partial sum of the Chebyshev series on the interval, with the weight 1/sqrt(1 - t^2), and
that of the Hermite series, where x is normal and the interval is that of three deviations.

What is proved: that the polynomial found is within `error`, by Taylor series in ball arithmetic on short intervals; and that no
polynomial of that degree is nearer than `error_at_least`, by the bound of de la Vallee Poussin on n + 2 points. Where that, or the
distance at one place, agrees with the error to six digits, the error is `proved`, otherwise an `upper_bound`. That a polynomial is
the partial sum of a series is computed, and not proved. Of a whole network, balls hold what each unit reads on the box and
errors are carried from layer to layer: an `upper_bound` of what the outputs change, beside the change at an input. Meaning for
learning: the networks with the polynomial in place of the activation are algebraic, and all entries of the dictionary take them.
What they say is about these networks: covering numbers survive the limit of growing degrees, dimension, degree, ED degree and
singularities need not.

Sources: Chebyshev 1854; de la Vallee Poussin 1910; Remez 1934; Pachon, Trefethen 2009; Mason, Handscomb 2003.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, Literal, TypedDict, get_args

import numpy as np

from neurovariety.architectures import MLP
from neurovariety.beyond.approximation.attention_model import attention_model, softmax_notation
from neurovariety.beyond.approximation.expansions import DEVIATIONS
from neurovariety.beyond.approximation.one_activation import RATIONAL, UNIFORM, NearestPolynomial, nearest_polynomial
from neurovariety.beyond.approximation.whole_network import algebraic, algebraic_network, trained_network
from neurovariety.certificates.activation_series import ACTIVATIONS, POSITIVE, POWER
from neurovariety.certificates.graphs_with_polynomials import function_of
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.input_box import ends_of, input_box
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_number
from neurovariety.model import Model
from neurovariety.options import Whole, listed, shown
from neurovariety.randomness import require_seed
from neurovariety.result import Provenance, Result
from neurovariety.tolerances import DEFAULT_SEED

Kind = Literal["uniform", "chebyshev", "hermite", "rational"]
"""Which polynomial is put in place of an activation."""
_DEGREE = Whole("degree= is a whole number from {least} to {most}", 0, 200)
_OF_LAYERS = Whole("degree= of the polynomials of a network is a whole number from {least} to {most}", 1, 60)
_WIDEST = 10**9
"""Ends of intervals may be so large: beyond, activations are 0, constant or linear to any digits, or overflow."""
_NOTATION = re.compile(r"\s*[a-z]+\s*\(.*\)\s*", re.DOTALL)
_OTHER_NAMES = {"swish": "silu", "logistic": "sigmoid", "leakyrelu": "leaky_relu"}


class ApproximateValue(TypedDict):
    """See `ApproximateResult`."""

    error: float
    error_at_least: float
    degree: int


@dataclass(frozen=True, repr=False)
class ApproximateResult(Result):
    """A polynomial in place of an activation, or of all activations of a network.

    ``value``: ``error``, the largest distance of the polynomial found from the activation on the interval; ``error_at_least``, below
    which no polynomial of that ``degree`` has it. Of a network, ``error`` bounds how much an output changes in the box, and by
    ``error_at_least`` some output changes somewhere.

    ``evidence``: the ``polynomial`` (its coefficients from the constant up, exact), ``notation``, the same as text that architectures
    take, the ``points`` at which the error alternates, and of how many ``intervals`` the proof is made; of a network a list of
    ``layers`` with these, and ``forms``, in which softmax and layer normalization are written. ``architecture`` is the algebraic
    network, which every entry of the dictionary takes (a `Model` where it is no chain of dense layers), and ``weights`` are its weights
    by name, those of the network; ``network`` is then the network with both. ``nearest`` holds the polynomials as exact numbers, one a
    layer.
    """

    entry: ClassVar[str] = "approximate"
    sources: ClassVar[tuple[str, ...]] = ("remez1934", "pachon2009")
    headline: ClassVar[tuple[str, ...]] = ("error",)
    spoken: ClassVar[tuple[str, ...]] = ("error", "error_at_least")
    nearest: tuple[NearestPolynomial, ...] = field(default=(), repr=False, compare=False)
    architecture: MLP | Model | None = field(default=None, repr=False, compare=False)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    network: Network | None = field(default=None, repr=False, compare=False)


def approximate(
    network: object = None,
    *,
    degree: object,
    kind: Kind = "uniform",
    activation: object = None,
    interval: object = None,
    box: object = None,
    architecture: object = None,
    seed: int = DEFAULT_SEED,
) -> ApproximateResult:
    """The polynomial of a degree that is nearest to an activation on an interval, with its error; or a network made of such.

    ``activation``: tanh, sigmoid, gelu, gelu_tanh, silu, softplus, exp, sin, cos, erf, relu, abs, leaky_relu (slope 1/100), relu6,
    hardtanh, elu, or rsqrt, which is 1/sqrt(x) for x > 0. ``interval``: a pair of numbers, exact as they are (texts such as "1/3" and
    "0.1" too), or a text "-5,5".

    ``kind``: "uniform", the polynomial whose largest error is least; "chebyshev" or "hermite", the partial sum of that series (of
    Hermite's for a normal distribution of which the interval is three standard deviations about the mean); "rational", the quotient of
    polynomials of at most the degree whose largest error is least.

    ``network`` instead of ``activation``: what `load_network` takes, with ``architecture`` where it needs one: dense layers with
    activations between them, or a graph of these with sums, products, softmax (which becomes p(x_i) / sum p(x_j), p near exp) and layer
    normalization (x less its mean, times p(variance + epsilon), p near rsqrt). ``box`` is a pair (low, high) of numbers, or arrays of
    the shape of an input, in which inputs lie (default: -1 to 1). Each layer gets an interval that holds what its units read. Or a
    notation such as ``mlp(2,3,1; tanh)``, or ``attention(2,2; a=1; t=2; softmax)``, with the ``interval`` of what units read, or of
    scores. Raises `InputError` for anything else, and `ResourceError` where an error
    cannot be shown with intervals of a reasonable number, ranges of units grow beyond a million, or no change of outputs is bounded.

    >>> found = approximate(activation="tanh", interval=(-5, 5), degree=9)
    >>> round(found.value["error"], 8), found.claim.value
    (0.03589383, 'proved')
    """
    start = time.perf_counter()
    if kind not in get_args(Kind):
        raise InputError(f"kind= is one of {listed(list(get_args(Kind)))}, got {shown(kind)}")
    if (network is None) == (activation is None):
        raise InputError("approximate takes activation=, with interval=, or a network; give one of the two")
    known = None if activation is not None else smooth_notation(network)
    attention = None if known or activation is not None else softmax_notation(network)
    if activation is None and known is None and attention is None:
        if interval is not None or (architecture is None and isinstance(network, str) and _NOTATION.fullmatch(network)):
            raise InputError(
                "interval= belongs to activation=, to mlp with one activation by name, such as mlp(2,3,1; tanh), or to attention with "
                f"softmax; for other networks, which have weights, give box=, got {shown(network)}"
            )
        return _of_network(trained_network(network, architecture), box, degree, kind, seed, start)
    if box is not None or architecture is not None or interval is None:
        raise InputError("an activation, or an architecture without weights, is approximated on interval=(low, high), not in a box")
    if attention is not None:
        found = nearest_polynomial(asked(POWER, interval, degree), kind)
        return _of_activation(found, attention.notation, attention_model(attention, found), start)
    if known is None:
        found = nearest_polynomial(asked(activation, interval, degree), kind)
        return _of_activation(found, heading(found.question), None, start)
    name, widths, bias = known
    found = nearest_polynomial(asked(name, interval, degree), kind)
    return _of_activation(found, str(network).strip(), algebraic(widths, (found,) * (len(widths) - 2), bias), start)


def _of_activation(found: NearestPolynomial, subject: str, architecture: MLP | Model | None, start: float) -> ApproximateResult:
    value: ApproximateValue = {
        "error": found.error,
        "error_at_least": found.claims["error_at_least"].statement.value,
        "degree": found.question.degree,
    }
    return ApproximateResult(
        value=value,
        claims=found.claims,
        subject=subject,
        evidence=described(found)
        | ({} if architecture is None or isinstance(architecture, Model) else {"architecture": str(architecture)}),
        provenance=Provenance.since(start, 0),
        nearest=(found,),
        architecture=architecture,
    )


def _of_network(source: Network, box: object, degree: object, kind: str, seed: int, start: float) -> ApproximateResult:
    if refusal := _OF_LAYERS.refusal(degree):
        raise InputError(refusal)
    require_seed(seed)
    inside = input_box((-1, 1) if box is None else box, source.input_shape)
    low, high = (list(v.reshape(-1)) for v in ends_of(inside, source.input_shape))
    found = algebraic_network(source, (low, high), int(degree), seed, kind)  # type: ignore[call-overload]
    return ApproximateResult(
        value={key: verdict.statement.value for key, verdict in found.claims.items()},
        claims=found.claims,
        subject=source.source,
        evidence={
            "layers": [described_layer(p) for p in found.layers],
            **({"architecture": str(found.architecture)} if found.network is None else {"forms": forms_of(source)}),
        },
        provenance=Provenance.since(start, seed),
        nearest=found.layers,
        architecture=found.architecture,
        weights=found.weights,
        network=found.network,
    )


def heading(question: UniformQuestion) -> str:
    """What a result calls an activation on an interval."""
    return f"{question.activation} on [{question.low}, {question.high}]"


def forms_of(source: NetworkData) -> list[str]:
    """How the nodes for which polynomials are put are written with these, in the order of ``layers``."""
    forms = {
        "softmax": "{}: p(x_i) / sum_j p(x_j) with p near exp",
        "standardize": "{}: (x - mean) p(variance + epsilon) with p near rsqrt",
    }
    return [forms.get(n.kind, "{}: p in place of the activation").format(n.name) for n in source.nodes if function_of(n) is not None]


def described_layer(found: NearestPolynomial) -> dict[str, object]:
    """What a result of a network says of the polynomial of a layer."""
    q = found.question
    return {"activation": q.activation, "interval": [str(q.low), str(q.high)], "error": found.error} | described(found)


def described(found: NearestPolynomial) -> dict[str, object]:
    """What a result says of a polynomial."""
    return (
        {
            "polynomial": [str(c) for c in found.polynomial],
            "notation": str(found.activation) or "0",
            "points": [float(x) for x in found.points],
            "intervals": found.intervals,
        }
        | ({} if found.kind == UNIFORM else {"kind": found.kind})
        | ({"denominator": [str(c) for c in found.denominator]} if found.kind == RATIONAL else {})
    )


def smooth_notation(network: object) -> tuple[str, tuple[int, ...], bool] | None:
    """Activation, widths and bias of a notation without weights; None for what is none."""
    match = re.fullmatch(r"\s*mlp\s*\(([\d,\s]+);\s*(\w+)\s*(;\s*bias\s*)?\)\s*", network) if isinstance(network, str) else None
    if match is None:
        return None
    widths = tuple(int(n) for n in match[1].split(",") if n.strip())
    if len(widths) < 3 or min(widths) < 1:
        raise InputError(f"mlp with an activation needs at least 3 positive widths, got {shown(network)}")
    name = match[2].lower()
    return _OTHER_NAMES.get(name, name), widths, match[3] is not None


def asked(activation: object, interval: object, degree: object) -> UniformQuestion:
    """The question, its numbers exact. Raises `InputError` for what is none."""
    name = _OTHER_NAMES.get(activation, activation) if isinstance(activation, str) else activation
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise InputError(f"activation {shown(activation)} is unknown: choose {listed(sorted(ACTIVATIONS))}")
    if refusal := _DEGREE.refusal(degree):
        raise InputError(refusal)
    low, high = ends(interval)
    if name in POSITIVE and low <= 0:
        raise InputError(f"{name} is a function of positive numbers; ask an interval of these, got {low}, {high}")
    return UniformQuestion(name, low, high, int(degree))  # type: ignore[call-overload]


def ends(interval: object) -> tuple[Fraction, Fraction]:
    """The ends of an interval. Raises `InputError` where they are no two numbers, the first below the second."""
    low, high = _pair(interval, "interval= is a pair of numbers (low, high), such as -5,5")
    if not low < high:
        raise InputError(f"interval= is a pair (low, high) with low below high, got {shown(interval)}")
    if max(-low, high) > _WIDEST or high - low < Fraction(1, _WIDEST):
        raise InputError(f"interval= has ends of at most {_WIDEST:,} and a length of at least 1/{_WIDEST:,}, got {shown(interval)}")
    return low, high


def of_deviations(normal: object) -> tuple[Fraction, Fraction]:
    """The interval of three standard deviations about a mean. Raises `InputError` where ``normal`` is no mean and deviation."""
    mean, deviation = _pair(normal, "normal= is a pair (mean, standard deviation) of numbers, such as 0,1")
    if deviation <= 0:
        raise InputError(f"normal= is a pair (mean, standard deviation) with a deviation above 0, got {shown(normal)}")
    return mean - DEVIATIONS * deviation, mean + DEVIATIONS * deviation


def _pair(given: object, expected: str) -> tuple[Fraction, Fraction]:
    """Two exact numbers, of a pair or of a text. Raises `InputError` with what is ``expected`` for anything else."""
    parts = given.split(",") if isinstance(given, str) else given
    try:
        if not hasattr(parts, "__iter__"):
            raise ValueError
        one, two = (exact_number(v.strip() if isinstance(v, str) else v) for v in parts)
    except (TypeError, ValueError):
        raise InputError(f"{expected}, got {shown(given)}") from None
    return one, two
