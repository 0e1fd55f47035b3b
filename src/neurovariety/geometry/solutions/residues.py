"""Tapes over prime fields: their coefficients are dyadic, so a tape is a program over F_p as well as over the complex numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from neurovariety.errors import DivisionByZeroError
from neurovariety.homotopy import Tape
from neurovariety.homotopy.tape import DOT, INV


def residues(tape: Tape, inputs: Sequence[int], p: int) -> list[int]:
    """The outputs over F_p of a tape whose coefficients are real, p odd. Raises `DivisionByZeroError` where one is divided by 0."""
    w = [0] * tape.slots
    w[0] = 1
    w[1 : 1 + len(inputs)] = inputs
    coefficients = [_residue(re, p) for re in tape.coefficients[:, 0].tolist()]
    terms = tape.terms.tolist()
    for kind, target, start, stop, add in tape.code.tolist():
        total = w[target] if add else 0
        for (a, b), c in zip(terms[start:stop], coefficients[start:stop], strict=True):
            if kind == DOT:
                total += w[a] * w[b]
            elif kind == INV:
                if not w[a]:
                    raise DivisionByZeroError("a value vanished mod p at a random point")
                total += pow(w[a], -1, p)
            else:
                total += c * w[a]
        w[target] = total % p
    return [w[o] for o in tape.outputs.tolist()]


def _residue(value: float, p: int) -> int:
    exact = Fraction(value)
    return exact.numerator * pow(exact.denominator, -1, p) % p
