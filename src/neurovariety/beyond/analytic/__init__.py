"""Networks with analytic activations themselves: what of their geometry is left without algebra."""
