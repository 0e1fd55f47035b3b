"""Singular functions: tangent spaces from equations and from all weights over a function, and the singular locus of an ideal."""
