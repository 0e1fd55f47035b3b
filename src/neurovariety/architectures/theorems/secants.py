"""Why sums of m powers can fill less than a parameter count says: curves through m points, and matrices that such sums make singular.

A network with one hidden layer of m neurons, n inputs, k outputs and activation x^d is a sum of m points a_i (x) w_i^d of the cone over
P^(k-1) x P^(n-1), embedded by O(1, d): its neurovariety is the m-th secant variety.
"""

from __future__ import annotations

from math import comb


def curve_bound(inputs: int, width: int, outputs: int, exponent: int) -> int:
    """An upper bound of the dimension of ``mlp(inputs, width, outputs; x^exponent)`` from rational curves through the neurons.

    Proof, for n inputs, m neurons, k outputs, exponent d. Let m <= n + 2. Then a rational normal curve c of degree n - 1 in P^(n-1)
    passes through the m general points w_i, at parameters t_i. For b >= (m - 1)(k - 1)/k there is a curve q of degree b in P^(k-1)
    with q(t_i) = a_i: the a_i, rescaled by unknown factors l_i, are values of polynomials of degree b if
    sum_i l_i a_i h(t_i) = 0 for m - b - 1 functionals h, which are k(m - b - 1) < m equations; for general a_i no l_i vanishes, since
    any k(m - b - 1) of the vectors a_i (x) h(t_i) are then independent. The curve q (x) c^d spans at most D + 1 dimensions,
    D = b + d(n - 1), so a sum of m points on its cone, which has 2m parameters, can be written as such in a family of dimension at
    least 2m - D - 1. The same with the roles of the two factors exchanged. (For k = 1 this is the classical reason for the exceptions
    (3, 4, 5) and (5, 3, 7) of Alexander and Hirschowitz.)
    """
    n, m, k, d = inputs, width, outputs, exponent
    degrees = []
    if m <= n + 2:
        degrees.append(-(-(m - 1) * (k - 1) // k) + d * (n - 1))
    if m <= k + 2:
        degrees.append((k - 1) + d * -(-(m - 1) * (n - 1) // n))
    spare = max((2 * m - degree - 1 for degree in degrees if degree), default=0)  # a curve of degree 0 is a point: no family
    return m * (n + k - 1) - max(spare, 0)


def pfaffian_bound(inputs: int, width: int, outputs: int, exponent: int) -> int | None:
    """An upper bound from a Pfaffian: three quadratic outputs in an even number n of inputs, fewer than 3n/2 neurons; else None.

    Proof. Write the outputs as symmetric n x n matrices A, B, C. The 3n x 3n matrix [[0, A, -B], [-A, 0, C], [B, -C, 0]] is skew, and
    it has rank 2 for one neuron (Strassen 1983; Ottaviani 2009 for symmetric matrices), hence at most 2m for m. For m < 3n/2 its
    Pfaffian vanishes. That is an equation: the Pfaffian is not zero identically, since for n = 2 it is the 3 x 3 determinant of the
    coefficients, up to a factor, and block-diagonal A, B, C give products of such.
    """
    if outputs == 3 and exponent == 2 and inputs % 2 == 0 and 2 * width < 3 * inputs:
        return 3 * comb(inputs + 1, 2) - 1
    return None
