"""Sentences for what is not read, and the value that stands for it until an output needs it."""

from __future__ import annotations

from dataclasses import dataclass

from neurovariety.errors import InputError

_ADVICE = {
    "max": "a piecewise function is not polynomial: replace ReLU by a polynomial such as x^2, softmax by linear attention",
    "exp": "it is transcendental, tied to weights and inputs by no polynomial: replace it by a polynomial or a rational function, and "
    "softmax by linear attention",
    "cond": "branches on computed values are not polynomial: analyse each branch as a model of its own",
    "sqrt": "a root is algebraic but not rational, and half the elements of a prime field have none: drop the normalization, make it a "
    "constant, or divide by a polynomial",
    "sort": "an order of computed values is piecewise, not polynomial: sort constants only, or use sums of powers, which need no order",
    "lu": "a factorization with pivots chosen by size is piecewise: use solve, inv or det of jnp.linalg, which are rational",
}
_TAYLOR = "replace it by a polynomial, for example a Taylor or Chebyshev one"
_ALIASES = {
    **dict.fromkeys(("min", "abs", "sign", "select_n", "clamp", "gt", "ge", "lt", "le", "select_and_scatter_add"), "max"),
    **dict.fromkeys(("logistic", "tanh", "erf", "erfc", "erf_inv", "log", "log1p", "sin", "cos", "tan"), "exp"),
    **dict.fromkeys(("sinh", "cosh", "asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "logsumexp"), "exp"),
    **dict.fromkeys(("rsqrt", "cbrt", "cholesky", "qr", "householder", "eigh", "eig", "svd", "schur", "geqrf"), "sqrt"),
    **dict.fromkeys(("top_k", "approx_top_k"), "sort"),
    "while": "cond",
}
_WITHOUT_ADVICE = frozenset(
    (
        *(
            "pow",
            "gather",
            "scatter",
            "dynamic_slice",
            "dynamic_update_slice",
            "conversion",
            "rem",
            "floor",
            "ceil",
            "round",
            "eq",
            "ne",
        ),
        *("and", "or", "not", "xor", "is_finite", "bitcast_convert_type", "nextafter", "population_count", "clz", "shift_left"),
        *("shift_right_logical", "shift_right_arithmetic", "mulhi", "lgamma", "digamma", "polygamma", "zeta", "igamma", "igammac"),
        *("bessel_i0e", "bessel_i1e", "regularized_incomplete_beta", "random_bits", "window_max", "window_min", "scatter-max"),
        *("scatter-min", "select_and_gather_add"),
    )
)
"""Primitives that are no rational functions, besides those with advice of their own."""

_COMPLEX = "only real ones are read: write the real and the imaginary part as two real arrays"
_UNREAD = {
    **dict.fromkeys(("complex", "real", "imag", "conj"), _COMPLEX),
    "fft": "it is linear, with roots of unity for coefficients, which are complex and mostly irrational: write a convolution as sums "
    "of products (jnp.convolve), a transform as a product with constant real matrices",
    **dict.fromkeys(("pure_callback", "io_callback"), "a function outside JAX is not read: write it with jax.numpy"),
}
REFUSED_FUNCTIONS = {
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp", "logaddexp", "sigmoid", "gelu", "silu", "softplus"), "exp"),
    **dict.fromkeys(("relu", "relu6", "leaky_relu", "hard_tanh"), "max"),
    **dict.fromkeys(("norm", "standardize", "std"), "sqrt"),
}
"""Functions of libraries whose first refused primitive does not say why they are refused: softmax begins with a maximum."""


def refusal(name: str, line: str, within: str = "") -> str:
    """The sentence for a primitive that is not read; ``within`` is the library function that used it, if any.

    It says "not a polynomial or rational operation" only of what is none.
    """
    first = name.split(" ")[0]
    stem = first.removeprefix("reduce_").removeprefix("cum").removeprefix("arg")
    function = within.strip("_")
    place = (f" in {function}" if function and function != stem else "") + (f" at {line}" if line else "")
    if first in _UNREAD:
        return f"the model uses {name}{place}; {_UNREAD[first]}"
    key = REFUSED_FUNCTIONS.get(function, "") or next((k for k in _ADVICE if stem.startswith(k)), "") or _ALIASES.get(stem, "")
    if not key and stem not in _WITHOUT_ADVICE:
        return (
            f"the model uses {name}{place}, which is not among the operations of JAX that are read as polynomials; "
            "write it with sums, products, powers and indices"
        )
    return f"the model uses {name}{place}, which is not a polynomial or rational operation; {_ADVICE.get(key, _TAYLOR)}"


@dataclass(frozen=True)
class Refused:
    """A value that no ring has. Its ``error`` is raised where an output needs it: what is computed and dropped does no harm.

    ``finite``: it is a real number wherever its arguments are, so that it is neither infinite nor NaN. ``square``: the slot of its
    square, of a root or an absolute value.
    """

    error: InputError
    finite: bool = False
    square: int | None = None
