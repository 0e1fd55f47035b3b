"""Exact dense linear algebra mod p at BLAS speed, and the way back to the rational numbers.

This package knows nothing of networks: matrices in, ranks, echelon forms and kernels out.
"""

from neurovariety.linear_algebra.accelerator import accelerator_rank, find_accelerator
from neurovariety.linear_algebra.elimination import Echelon, echelon, kernel, rank
from neurovariety.linear_algebra.large_prime import kernel_large, rank_large
from neurovariety.linear_algebra.modular_product import centred_bound, matmul_mod, max_length, reduce_mod
from neurovariety.linear_algebra.primes import count_primes_lower_bound, is_prime, random_prime
from neurovariety.linear_algebra.rational_reconstruction import (
    chinese_remainder,
    rational_kernel,
    rational_reconstruction,
)
from neurovariety.linear_algebra.row_space import RowSpace

__all__ = [
    "Echelon",
    "RowSpace",
    "accelerator_rank",
    "centred_bound",
    "chinese_remainder",
    "count_primes_lower_bound",
    "echelon",
    "find_accelerator",
    "is_prime",
    "kernel",
    "kernel_large",
    "matmul_mod",
    "max_length",
    "random_prime",
    "rank",
    "rank_large",
    "rational_kernel",
    "rational_reconstruction",
    "reduce_mod",
]
