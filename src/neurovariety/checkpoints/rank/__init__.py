"""Ranks of the Jacobian of a trained network, exact equality of networks, bounds on perturbations."""
