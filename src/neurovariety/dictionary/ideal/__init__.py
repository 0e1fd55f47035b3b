"""The ideal of a neurovariety, as far as exact interpolation finds it: coordinates, equations by degree, proofs that they vanish."""
