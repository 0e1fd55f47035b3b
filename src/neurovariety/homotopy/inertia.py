"""The inertia of a real symmetric Jacobian at a certified real solution: how many negative eigenvalues a Hessian has, proved.

Krawczyk's operator shows that the Jacobian is invertible all over the box, so its inertia is the same at the solution and at the
box's real centre. There it is enclosed in balls, turned by the approximate eigenvectors, and Gershgorin's discs that do not meet 0
give the signs; by Sylvester's law they are those of the Jacobian itself.
"""

from __future__ import annotations

import flint
import numpy as np

from neurovariety.homotopy.arrays import Numbers, Reals
from neurovariety.homotopy.certify import Certificates, run_balls
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tracker import values_at

_PRECISION = 128


def certified_index(system: System, certificates: Certificates, row: int, parameters: Numbers) -> int | None:
    """The number of negative eigenvalues of the Jacobian of a ``system`` with a symmetric one, at a solution certified to be real.

    None where the solution is not certified to be real, or where the discs do not separate from 0. ``parameters`` (m,) are real.
    """
    if certificates.real(row) != "yes":
        return None
    n = system.unknowns
    point, p = certificates.centres[row].real, np.asarray(parameters, dtype=np.complex128).real
    near = values_at(system.with_jacobian, np.concatenate([point, p])[None] + 0j)[0, n:].reshape(n, n).real
    turned = near_turn(near)
    if turned is None:
        return None
    previous = flint.ctx.prec
    try:
        flint.ctx.prec = _PRECISION
        balls = run_balls(system.with_jacobian, [flint.acb(float(v)) for v in (*point, *p)])
        hessian = flint.arb_mat(n, n, [(balls[n + i * n + k].real + balls[n + k * n + i].real) / 2 for i in range(n) for k in range(n)])
        v = flint.arb_mat(n, n, [flint.arb(float(e)) for e in turned.reshape(-1)])
        found = v.transpose() * hessian * v
        negative = 0
        for i in range(n):
            off = sum((abs(found[i, k]).upper() for k in range(n) if k != i), flint.arb(0))
            if not (found[i, i] > off or found[i, i] < -off):
                return None
            negative += bool(found[i, i] < 0)
        return negative
    finally:
        flint.ctx.prec = previous


def near_turn(near: Reals) -> Reals | None:
    """Vectors (n, n), as columns, that turn a real symmetric matrix near ``near`` into nearly 1 and -1 on a diagonal; None where it is
    singular."""
    near = (near + near.T) / 2
    # Unknowns may have very different sizes; Sylvester's law allows any scales.
    sizes = np.sqrt(np.maximum(np.abs(near).max(axis=0, initial=0.0), 1e-300))
    scales = 2.0 ** -np.round(np.log2(sizes))
    values, vectors = np.linalg.eigh(scales[:, None] * near * scales)
    if not np.abs(values).min(initial=np.inf) > 0:
        return None
    found: Reals = scales[:, None] * vectors / np.sqrt(np.abs(values))
    return found
