"""Counting functions over finite fields: parametrizations reduced by what is linear, and the kernels that enumerate."""
