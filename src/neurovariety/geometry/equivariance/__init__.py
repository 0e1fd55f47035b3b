"""Layerwise equivariant weights: linear maps of inputs, the adjunction, classes of hidden layers, bounds from above."""
