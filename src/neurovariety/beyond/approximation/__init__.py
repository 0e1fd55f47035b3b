"""Activations and networks by polynomials, with certified errors."""
