"""The file of a long count, and the question that its points answer, part by part: a file of another question is refused.

Stored points solve the equations of one function, in the chart and on the slices that one seed draws. A name alone does not tell
functions apart, for all users' own may be called ``<lambda>``; the program with its constants does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neurovariety.errors import InputError
from neurovariety.homotopy import ResumeFile
from neurovariety.homotopy.monodromy import Monodromy
from neurovariety.model import Model
from neurovariety.options import shown
from neurovariety.program.of_model import values_program
from neurovariety.rings.ring import Array

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""What Python shows of an object without a name: it changes from run to run."""


def function_of(model: Model) -> str:
    """A short text that two models share if they compute the same in the same way: the hash of program, constants and coefficients."""
    program = values_program(model)
    made = [(i.primitive, i.operands, i.result, i.shape, sorted(i.parameters.items())) for i in program.instructions]
    constants = [(slot, printed(values)) for slot, values in sorted(program.constants.items())]
    whole = (program.inputs, constants, made, program.outputs, [str(c) for c in model.coefficients])
    return _hashed(_ADDRESS.sub("", repr(whole)).encode())


def printed(*arrays: Array) -> str:
    """A short text that arrays share if they are equal."""
    parts = [(a.shape, str(a.dtype), repr(a.tolist())) for a in map(np.asarray, arrays)]
    return _hashed(repr(parts).encode())


def _hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


class QuestionFile(ResumeFile):
    """A resume file that belongs to a ``question``: names of its parts, and what each is."""

    def __init__(self, path: str | Path, question: Mapping[str, str]) -> None:
        super().__init__(path, json.dumps(dict(question)))
        self.question = question

    def read(self, run: Monodromy, rng: np.random.Generator) -> bool:
        """As `ResumeFile.read`; the sentence about a file of another question says what differs."""
        known = self._known()
        for part in dict.fromkeys([*self.question, *known]):
            here, there = self.question.get(part, "not stated"), known.get(part, "not stated")
            if known and here != there:
                raise InputError(
                    f"the resume file {shown(str(self.path))} belongs to another question: the {part} there: {there}, here: {here}; "
                    "name another file"
                )
        return super().read(run, rng)

    def _known(self) -> dict[str, str]:
        """The question of the file that is there; empty where there is none, or one that is no resume file."""
        try:
            with open(self.path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                stated = json.loads(bytes(arrays["facts"]).decode())["problem"]
        except Exception:  # a damaged archive fails in many ways
            return {}
        try:
            parts = json.loads(stated)
        except (ValueError, TypeError):
            parts = None
        return {str(k): str(v) for k, v in parts.items()} if isinstance(parts, dict) else {"question": shown(stated)}
