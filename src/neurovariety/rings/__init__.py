"""The number systems that a program can be run over; one small file each."""

from neurovariety.rings.complexes import Complexes
from neurovariety.rings.degree_bounds import Degrees
from neurovariety.rings.dual import DualNumbers
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.jets import Jets
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.power import Power
from neurovariety.rings.rational import Rationals
from neurovariety.rings.ring import Ring
from neurovariety.rings.small_field import SmallField
from neurovariety.rings.word_field import WordField

__all__ = [
    "Complexes",
    "Degrees",
    "DualNumbers",
    "FiniteField",
    "Jets",
    "Polynomials",
    "Power",
    "Rationals",
    "Ring",
    "SmallField",
    "WordField",
]
