"""What an activation lets the weights around it take up: scales, signs, shifts."""

from __future__ import annotations

from fractions import Fraction

from neurovariety.architectures.reading.activation import Activation
from neurovariety.architectures.reading.shifted_power import power_shift, shifted_power
from neurovariety.units import LINEAR, Absorption, Multiples, Scaling


def absorption(s: Activation, bias: bool = False) -> Absorption:
    """What the weights before and after the activation ``s`` take up, and the ``bias`` before it where there is one.

    Every unit of a linear activation is as good as any combination of units. A homogeneous s lets each unit be rescaled; with biases a
    shifted power lets two units be one where their weights are proportional. An even or odd s does so for weights that are opposite.
    """
    if s.is_linear:
        multiples, shift = LINEAR.multiples, Fraction(0)
    elif bias and not s.is_generic and shifted_power(s) is not None:
        multiples, shift = Multiples.PROPORTIONAL, power_shift(s)
    elif not bias and s.homogeneity is not None:
        multiples, shift = Multiples.PROPORTIONAL, Fraction(0)
    elif s.has_parity(constant=not bias):
        multiples, shift = Multiples.OPPOSITE, Fraction(0)
    else:
        multiples, shift = Multiples.EQUAL, Fraction(0)
    scaling, power = Scaling.PERMUTATION, None
    if s.is_linear:
        scaling, power = Scaling.GENERAL_LINEAR, 1
    elif s.homogeneity is not None:
        scaling, power = Scaling.TORUS, s.homogeneity
    elif s.has_parity(constant=True):
        scaling = Scaling.SIGNS
    return Absorption(scaling, power, multiples, shift, s.vanishes_at_zero or (bias and s.defined_at_zero), s.defined_at_zero)
