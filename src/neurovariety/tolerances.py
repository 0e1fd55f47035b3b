"""Every numerical tolerance, prime range and default of the library, each with its reason."""

from __future__ import annotations

from typing import Final

EXACT_INTEGER_LIMIT: Final = 2**53
"""float64 represents every integer up to 2**53 in absolute value; exact products stay below it."""

PRIME_BITS: Final = 22
"""Primes for exact ranks on float64 BLAS have at most this many bits: centred residues are below 2**21, so that
2**11 products can be added before a reduction, which is what a blocked elimination needs to run at BLAS speed."""

LARGE_PRIME_BITS: Final = 62
"""Primes of python-flint's word-size fields, for error bounds that 22-bit primes cannot give."""

ERROR_BOUND: Final = 2.0**-20
"""A claim `probability` states an error bound of at most this; more trials or a larger field are used until it holds."""

MAX_TRIALS: Final = 12
"""Independent trials over small primes before a larger field is used instead."""

LARGE_FIELD_MAX_COLUMNS: Final = 1200
"""Largest rank problem worth doing over a 62-bit prime: python-flint needs about a second for it."""

EXTRA_SAMPLES: Final = 2
"""Inputs drawn beyond the number that the upper bound asks for; a rank that still grows on them asks for more."""

MAX_DIVISION_RETRIES: Final = 16
"""Draws of new random values after a vanishing denominator before the model is declared undefined."""

MAX_EXPONENT: Final = 10**6
"""Largest exponent in the notation; beyond it degrees overflow every useful bound."""

MAX_PARAMETERS: Final = 10**9
"""Largest number of parameters that the notation accepts."""

MAX_TERMS: Final = 200_000
"""Largest number of terms of an exact sparse polynomial before an expansion is given up."""

MEMORY_FRACTION: Final = 0.6
"""Share of the machine's memory that one exact computation may ask for, unless the caller says otherwise."""

SYMMETRY_MAX_UNKNOWNS: Final = 6400
"""Largest number of unknowns N**2 for which all linear reparametrizations are computed; above it a layer-block ansatz."""

INTEGER_SAMPLE_BITS: Final = 20
"""Size of random integers drawn over Q, when an exact rational evaluation is asked for."""

WIDE_PRIME_BITS: Final = 52
"""Primes for small matrices of Python's integers: residues are still exact in float64, and one trial has a small error bound."""

USELESS_ERROR: Final = 0.25
"""A trial that may fail with at least this probability is not repeated: its bound says too little at these degrees."""

MAX_EXPANDED_TERMS: Final = 20_000
"""Models with more terms than this are not written out: exact work with their coefficients would take too long anyway."""

SAME_FUNCTION: Final = 1e-6
"""Functions found on different paths are one where they differ by less than this part of their size; certificates tell them
apart where it matters."""

SAME_WEIGHTS: Final = 1e-7
"""Weights that are isolated critical points, found on different paths, are one where they differ by less than this part of their
size."""

SAME_LOSS: Final = 1e-7
"""Losses that differ by less than this part of the loss of the zero function are one: a descent ends with about so many digits."""

ZERO_LOSS: Final = 1e-12
"""A loss below this part of the loss of the zero function is zero, as far as float64 can tell."""

IMAGINARY_PART: Final = 1e-7
"""A solution whose imaginary parts are at most this part of its size may be real; a certificate or its conjugate decides."""

LIMIT_DIGITS: Final = 1e-4
"""Limits of paths that end where they are singular, or where weights diverge, are known to about this part of their size."""

NUMERICAL_RANK: Final = 1e-8
"""Singular values, or what is left of a row in an elimination, below this part of the largest one count as zero."""

ATTAINED: Final = 1e-9
"""Weights compute a function, in floating point, where theirs differs from it by at most this part of its size."""

FIRST_DAMPING: Final = 1e-2
"""Damping that Levenberg-Marquardt starts with, as part of the largest entry on the diagonal."""

DEFAULT_SEED: Final = 0
"""Seed used where the caller gives none: the same call gives the same answer."""
