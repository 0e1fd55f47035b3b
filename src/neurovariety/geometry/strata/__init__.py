"""Pieces of weight space on which a model is a smaller one, or its parametrization degenerates; and the functions over them."""
