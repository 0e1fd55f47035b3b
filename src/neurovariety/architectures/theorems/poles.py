"""Dimensions of networks with one hidden layer and a rational activation, read off the poles."""

from __future__ import annotations

from math import comb

from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.rational_function import dense

_MAX_DEGREE = 1000


def shallow_rational_dimension(inputs: int, width: int, outputs: int, activation: Activation, bias: bool) -> tuple[int, str] | None:
    """The dimension of ``mlp(inputs, width, outputs; activation)`` and why, for a rational activation s that is no polynomial.

    Proof, for n inputs, m neurons, k outputs, f = sum_i a_i s(l_i) with linear forms l_i (affine ones and a constant vector where there
    are biases). At generic weights a relation between the derivatives reads sum_i (c_i s(l_i) + a_i q_i s'(l_i)) = 0, a constant added
    where there are biases, with vectors c_i and forms q_i like l_i. The poles l_i = p of different neurons are different hyperplanes
    (without biases, for n >= 2 or p not 0), so the polar part at each vanishes:

    * q_i vanishes on l_i = p for each pole p of s. Where p is not 0 and there are no biases, or where there are two poles, q_i = 0,
      then c_i = 0, and every parameter counts.
    * One pole p (and p = 0 or biases): q_i = t_i (l_i - p). With s = sum_j A_j (z - p)^-j + P(z - p) the polar part says
      (c_i - j t_i a_i) A_j = 0 for each j: for two different orders j again t_i = 0 and every parameter counts.
    * One pole of a single order e: c_i = e t_i a_i, and what is left is sum_i t_i a_i R(l_i - p) = 0 (a constant, with biases) where
      R = e P + z P'. The vectors a_i (x) R are generic points of a variety that spans k times the polynomials that R(l) spans, D
      dimensions in all (modulo constants, with biases); so the t_i have m - min(m, D) degrees of freedom. R has the exponents of P.
      For s = c/x^e, D = 0: the dimension is m(n + k - 1), the number of parameters less m rescalings.

    None where the hypotheses fail (n = 1, no biases, and no pole but 0; except for s = c/x^e, where all functions are of that form),
    and for degrees above 1000.
    """
    parameters = width * (inputs + outputs) + (width + outputs if bias else 0)
    at_zero = len(activation.denominator) == 1
    if not bias and not at_zero:
        return parameters, "a pole away from 0 determines each neuron"
    if not bias and inputs == 1:
        return (outputs, "one function for each output") if activation.homogeneity is not None else None
    if not bias and activation.homogeneity is not None:
        return parameters - width, "poles of different neurons are independent"
    if max(activation.terms[0][0], activation.denominator[0][0]) > _MAX_DEGREE:
        return None
    denominator = dense(activation.denominator)
    if denominator.degree() > denominator.gcd(denominator.derivative()).degree() + 1:
        return parameters, "two poles determine each neuron"
    numerator = dense(tuple((e, c) for e, c in activation.terms if c is not None))
    if (numerator % denominator).degree() > 0:
        return parameters, "a pole of several orders determines each neuron"
    whole = numerator // denominator  # P, up to the shift by p, which keeps its degree
    if bias:
        spanned = outputs * (comb(whole.degree() + inputs, inputs) - 1) if whole.degree() > 0 else 0
    else:
        spanned = outputs * sum(comb(e + inputs - 1, e) for e in range(whole.degree() + 1) if whole[e] != 0)
    return parameters - width + min(width, spanned), "poles of different neurons are independent"
