"""The ideal of a neurovariety as far as exact interpolation finds it, and counts of functions over finite fields."""
