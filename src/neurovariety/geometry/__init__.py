"""What can be asked of a model without a loss: exact ranks, ideals, images, solutions, strata, boundaries, singular functions."""
