"""The Wasserstein distance for any finite ground metric: the cost of moving one distribution of mass to another.

By Kantorovich's duality it is the largest f e over functions f with f_i - f_j <= d_ij, for errors e that sum to 0. These f, up to
constants, are a polytope; on the errors for which f e is largest on one of its faces F the distance is linear, f e for any f in F, and
those errors are orthogonal to the directions of F. So faces of the ball with k conditions are faces of dimension k of that polytope.

Sources: Celik, Jamneshan, Montufar, Sturmfels, Venturello 2021; Kantorovich's duality is textbook.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Num
from scipy.spatial import HalfspaceIntersection

from neurovariety.errors import InputError, ResourceError
from neurovariety.exact_numbers import exact_table, float_table
from neurovariety.rings.ring import Array
from neurovariety.training.losses.polyhedral_norm import Face, PolyhedralNorm, all_positive, either, signs_of

GROUNDS = ("line", "discrete", "circle")
_MOST_PLACES = 8
_TIGHT = 1e-9


@dataclass(frozen=True, eq=False)
class Transport(PolyhedralNorm):
    """The distance for ground distances ``lengths`` (m, m) of m places, the largest from 1/2 up to 1; times their unit they are those
    asked for, and ``divisor`` is 1 over that unit."""

    lengths: Float[np.ndarray, "m m"] = field(kw_only=True)

    def norm(self, errors: Num[np.ndarray, " m"]) -> float:
        """The cost of moving errors that sum to 0."""
        return float((self._potentials @ errors).max())

    def dual(self, functional: Num[np.ndarray, " m"]) -> float:
        """The Lipschitz constant of a function of the places."""
        i, j = np.nonzero(~np.eye(len(self.lengths), dtype=bool))
        return float((np.abs(functional[i] - functional[j]) / self.lengths[i, j]).max())

    def on_face(self, face: Face, errors: Float[np.ndarray, " m"], radii: Float[np.ndarray, " m"]) -> bool | None:
        """As of `PolyhedralNorm`; the face has all potentials whose difference from its own the conditions span."""
        answers: list[bool | None] = []
        for sign in signs_of(float(face.functional @ errors), np.abs(face.functional) * radii):
            own = sign * face.functional
            away = own - self._potentials[~self._on(Face(face.conditions, own))]
            answers.append(all_positive(away @ errors, np.abs(away) @ radii))
        return either(answers)

    def inside(self, face: Face, multipliers: Float[np.ndarray, " k"], radii: Float[np.ndarray, " k"]) -> bool | None:
        """As of `PolyhedralNorm`: pairs of places that are as far apart as they can be in all potentials of the face stay so."""
        found = face.functional - face.conditions.T @ multipliers
        reach = np.abs(face.conditions).T @ radii
        on = self._potentials[self._on(face)]
        i, j = np.nonzero(~np.eye(len(self.lengths), dtype=bool))
        slack = self.lengths[i, j] - (on[:, i] - on[:, j])
        loose = slack.max(axis=0) > _TIGHT * float(self.lengths.max())
        i, j = i[loose], j[loose]
        return all_positive(self.lengths[i, j] - (found[i] - found[j]), reach[i] + reach[j])

    def support(self) -> Float[np.ndarray, "vertices m"]:
        return self._potentials

    def _on(self, face: Face) -> Bool[np.ndarray, " vertices"]:
        """Which potentials are those of a face: they differ from its own by what the conditions span."""
        away = self._potentials - face.functional
        left = away - away @ face.conditions.T @ face.conditions  # the conditions are orthonormal
        return np.asarray(np.abs(left).max(axis=1) <= 1e-7 * float(self.lengths.max()))

    def faces(self, conditions: int) -> Iterator[Face]:
        """The faces with so many conditions, one of each pair of opposite ones."""
        for vertices in self._lattice.get(conditions, ()):
            found = self._potentials[list(vertices)]
            directions = np.linalg.svd(found[1:] - found[0])[2][:conditions] if conditions else np.zeros((0, found.shape[1]))
            yield Face(directions, found[0])

    def number_of_faces(self, most: int) -> int:
        return sum(len(self._lattice.get(k, ())) for k in range(most + 1))

    @cached_property
    def _potentials(self) -> Float[np.ndarray, "vertices m"]:
        """The vertices of the polytope of functions f with f_0 = 0 and f_i - f_j <= d_ij."""
        m = len(self.lengths)
        if m == 2:
            return np.array([[0.0, self.lengths[0, 1]], [0.0, -self.lengths[0, 1]]])
        eye = np.eye(m)[:, 1:]
        sides = [np.append(eye[i] - eye[j], -self.lengths[i, j]) for i in range(m) for j in range(m) if i != j]
        found = HalfspaceIntersection(np.array(sides), np.zeros(m - 1)).intersections
        scale = float(self.lengths.max())
        kept: list[Array] = []
        for f in found:
            if not any(np.abs(f - other).max() <= _TIGHT * scale for other in kept):
                kept.append(f)
        return np.hstack([np.zeros((len(kept), 1)), np.array(kept)])

    @cached_property
    def _lattice(self) -> dict[int, list[tuple[int, ...]]]:
        """The proper faces of that polytope as sets of vertices, by dimension, one of each pair of opposite ones."""
        f, m = self._potentials, len(self.lengths)
        scale = _TIGHT * float(self.lengths.max())
        sides = {
            frozenset(np.flatnonzero(f[:, i] - f[:, j] >= self.lengths[i, j] - scale).tolist())
            for i in range(m)
            for j in range(m)
            if i != j
        }
        sides.discard(frozenset())
        known, fresh = set(sides), set(sides)
        while fresh:
            fresh = {a & b for a in fresh for b in sides} - known - {frozenset()}
            known |= fresh
        opposite = [int(np.abs(f + row).max(axis=1).argmin()) for row in f]
        out: dict[int, list[tuple[int, ...]]] = {}
        for face in sorted(map(sorted, known)):
            if sorted(opposite[v] for v in face) < face:
                continue
            rank = int(np.linalg.matrix_rank(f[face[1:]] - f[face[0]], tol=scale)) if len(face) > 1 else 0
            out.setdefault(rank, []).append(tuple(face))
        return out


def transport(target: Num[np.ndarray, " m"], ground: object) -> Transport:
    """The distance of masses from ``target``.

    ``ground``: ``line`` (places 0, 1, ...), ``discrete`` (all distances 1), ``circle`` (steps round it), or a table (m, m).
    Raises `InputError` for another name and for a table that is no metric, `ResourceError` for more than 8 places.
    """
    m = len(target)
    lengths = _lengths(m, ground)
    unit = np.frexp(lengths.max())[1] if m > 1 else 0  # masses are moved over distances near 1, whatever their unit
    if m > _MOST_PLACES:
        raise ResourceError(
            f"a general ground metric is taken on for at most {_MOST_PLACES} masses, got {m}; use the ground metric line"
        )
    return Transport(
        "transport", np.eye(m), np.ones((1, m)), target, divisor=float(np.ldexp(1.0, -unit)), lengths=np.ldexp(lengths, -unit)
    )


def _lengths(m: int, ground: object) -> Float[np.ndarray, "m m"]:
    steps = np.abs(np.subtract.outer(np.arange(m), np.arange(m))).astype(np.float64)
    if isinstance(ground, str):
        if ground not in GROUNDS:
            raise InputError(f"ground metric {ground!r} is unknown: choose {', '.join(GROUNDS)}, or give a table of distances")
        return {"line": steps, "discrete": np.minimum(steps, 1), "circle": np.minimum(steps, m - steps)}[ground]
    d = float_table(exact_table(ground, "distances of a ground metric"), "distances of a ground metric")
    if d.shape != (m, m):
        raise InputError(f"the ground metric is a table of {m} x {m} distances, one row and column a mass; got shape {d.shape}")
    off = ~np.eye(m, dtype=bool)
    wrong = (d != d.T).any() or np.diag(d).any() or (d[off] <= 0).any()
    if wrong or (d[:, None, :] > (d[:, :, None] + d[None, :, :]) * (1 + 1e-12)).any():
        raise InputError(
            "the ground metric is no metric: distances are symmetric, positive, 0 from a place to itself, and no detour is shorter"
        )
    return d
