"""Dimension, degree, equations and ranks at data of a neurovariety, as typed records; the entries of the dictionary tell them."""
