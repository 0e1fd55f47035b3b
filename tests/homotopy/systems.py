"""Systems with known numbers of solutions."""

from __future__ import annotations

from math import prod

from neurovariety.homotopy import System


def katsura(n):
    """n + 1 unknowns, 2^n solutions, all finite."""

    def equations(x, p):
        def u(i):
            return x[abs(i)] if abs(i) <= n else 0

        quadrics = [sum(u(i) * u(k - i) for i in range(-n, n + 1) if abs(k - i) <= n) - u(k) for k in range(n)]
        return [*quadrics, x[0] + 2 * sum(x[1:]) - 1]

    return System.build(equations, n + 1)


def cyclic(n):
    """Cyclic n-roots: 70 for n = 5, 156 for 6, 924 for 7; most of the n! paths of a total degree homotopy diverge."""

    def equations(x, p):
        sums = [sum(prod(x[(i + j) % n] for j in range(k)) for i in range(n)) for k in range(1, n)]
        return [*sums, prod(x) - 1]

    return System.build(equations, n)


def noon(n):
    """Noonburg's neural network model: 3^n - 2 n finite solutions."""
    return System.build(lambda x, p: [x[i] * sum(x[j] ** 2 for j in range(n) if j != i) - 1.1 * x[i] + 1 for i in range(n)], n)
