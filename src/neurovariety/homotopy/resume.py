"""A monodromy run on disk: what was found, which paths were followed, and the state of the random numbers.

A resume file names what it belongs to; another problem's file is refused.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from neurovariety.errors import InputError
from neurovariety.homotopy.monodromy import Arc, Monodromy
from neurovariety.whole_files import write_resume_file

_FORMAT = 1


class ResumeFile:
    """A file that a run is written to at most every ``interval`` seconds. ``problem`` says in words what is being solved."""

    def __init__(self, path: str | Path, problem: str, interval: float = 1.0) -> None:
        self.path = Path(path)
        self.problem = problem
        self.interval = interval
        self._last = time.monotonic()

    def offer(self, run: Monodromy, rng: np.random.Generator) -> None:
        """Write if the last writing is long enough ago."""
        if time.monotonic() - self._last >= self.interval:
            self.write(run, rng)

    def write(self, run: Monodromy, rng: np.random.Generator) -> None:
        """Write now. Raises `InputError` where the file cannot be written."""
        facts = {
            "format": _FORMAT,
            "problem": self.problem,
            "paths": run.paths,
            "lost": run.lost,
            "random": rng.bit_generator.state,
            "arcs": [{"fibers": a.fibers, "bend": (a.bend.real, a.bend.imag)} for a in run.arcs],
        }
        arrays: dict[str, np.ndarray] = {}
        for k, fiber in enumerate(run.fibers):
            arrays[f"parameters{k}"], arrays[f"solutions{k}"] = fiber.parameters, fiber.array()
        for k, arc in enumerate(run.arcs):
            for side in (0, 1):
                arrays[f"partners{k}.{side}"] = np.array(arc.partners[side], dtype=np.int64)
        write_resume_file(self.path, facts, arrays)
        self._last = time.monotonic()

    def read(self, run: Monodromy, rng: np.random.Generator) -> bool:
        """Put what the file holds into an empty run and the generator; False where there is no file.

        Raises `InputError` for a file that is no resume file, or one of another problem.
        """
        if not self.path.exists():
            return False
        try:
            with open(self.path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                facts = json.loads(bytes(arrays["facts"]).decode())
                if facts["format"] != _FORMAT:
                    raise KeyError("format")
                if facts["problem"] != self.problem:
                    raise InputError(
                        f"the resume file {str(self.path)!r} belongs to {facts['problem']!r}, not to {self.problem!r}; "
                        "name another file"
                    )
                k = 0
                while f"parameters{k}" in arrays:
                    run.restore_fiber(arrays[f"parameters{k}"], arrays[f"solutions{k}"])
                    k += 1
                for k, arc in enumerate(facts["arcs"]):
                    partners = tuple(arrays[f"partners{k}.{side}"].tolist() for side in (0, 1))
                    run.arcs.append(Arc(tuple(arc["fibers"]), complex(*arc["bend"]), (partners[0], partners[1])))
                run.paths, run.lost = facts["paths"], facts["lost"]
                rng.bit_generator.state = facts["random"]
        except InputError:
            raise
        except Exception:  # a damaged archive fails in many ways
            raise InputError(f"{str(self.path)!r} is no resume file of this version; name a new file to start again") from None
        return True
