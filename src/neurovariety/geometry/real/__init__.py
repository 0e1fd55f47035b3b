"""Exact real arithmetic: rational matrices, surds, real roots of polynomials."""
