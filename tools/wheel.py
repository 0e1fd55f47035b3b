"""The wheel on its own: built, installed without the repository, and used. ``python -m tools.wheel`` or ``make wheel``.

Each Python that is present gets an empty environment in a temporary folder with nothing but the wheel and what it asks for; there
``doctor``, ``selftest`` and a report on the example data must answer, from files of the environment alone. Pythons that are not present
are named. ``--python PATH`` (repeatable) takes these instead of searching.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
ARCHITECTURE = "linear(3,1)"
PROBE = """
import importlib.metadata, pathlib, sys
import neurovariety
from neurovariety import examples
here = pathlib.Path(sys.prefix).resolve()
for path in (neurovariety.__file__, *(examples.path(name) for name in examples.names()), examples.FOLDER / "README.md"):
    assert here in pathlib.Path(path).resolve().parents, f"{path} is not of this environment"
assert any("LICENSE" in str(f) for f in importlib.metadata.files("neurovariety")), "no licence in the wheel"
print(examples.path("penguins.csv"))
"""


def main() -> int:
    """Build, then install and use under every Python; 0 if all of them answered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", type=Path, help="use this interpreter; repeat for several")
    chosen = parser.parse_args().python
    pythons = {str(p): p for p in chosen} if chosen else found_pythons()
    with tempfile.TemporaryDirectory(prefix="neurovariety-wheel-") as folder:
        wheel = build(Path(folder))
        print(f"built {wheel.name}, {wheel.stat().st_size / 1024:.0f} KiB", flush=True)
        for name, python in pythons.items():
            if python is not None:
                use(python, wheel, Path(folder) / f"python-{name.replace('/', '_')}")
    absent = [name for name, python in pythons.items() if python is None]
    if absent:
        print(f"not tried, since not present: Python {', '.join(absent)}")
    return 0


def found_pythons() -> dict[str, Path | None]:
    """An interpreter of each version: the running one, one on the path, or one of pyenv's; None where there is none."""
    return {version: next((p for p in candidates(version) if answers(p, version)), None) for version in VERSIONS}


def candidates(version: str) -> list[Path]:
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return [Path(sys.executable), *([Path(on_path)] if on_path else []), *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]


def answers(python: Path, version: str) -> bool:
    """A name on the path may be a shim for a version that is not switched on."""
    asked = [str(python), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    return ran.returncode == 0 and ran.stdout.strip() == version


def build(folder: Path) -> Path:
    """The wheel, from a copy of what it is made of: setuptools leaves files beside the sources it builds from."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "-w", folder, source], folder)
    (wheel,) = folder.glob("neurovariety-*.whl")
    shutil.rmtree(source)
    return wheel


def use(python: Path, wheel: Path, environment: Path) -> None:
    """Install the wheel alone and let it answer; raises `subprocess.CalledProcessError` where it does not."""
    start = time.perf_counter()
    run([python, "-m", "venv", environment], environment.parent)
    inside = environment / "bin" / "python"
    run([inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", ROOT / "constraints.txt", wheel], environment)
    installed = time.perf_counter()
    data = run([inside, "-c", PROBE], environment).strip()
    command = environment / "bin" / "neurovariety"
    run([command, "doctor"], environment)
    run([command, "selftest"], environment)
    report = run([command, "report", ARCHITECTURE, "--data", data, "--target", "body_mass_g"], environment)
    assert "penguins.csv: 342 samples" in report, report
    version = run([inside, "-V"], environment).strip()
    end = time.perf_counter()
    print(f"{version}: installed in {installed - start:.0f} s; doctor, selftest and a report in {end - installed:.0f} s", flush=True)
    shutil.rmtree(environment)


def run(command: list[str | Path], folder: Path) -> str:
    """What the command prints, run in the folder without the variables that would lead back to the repository."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    ran = subprocess.run([str(c) for c in command], cwd=folder, env=clean, capture_output=True, text=True, check=False)
    if ran.returncode:
        print(ran.stdout + ran.stderr, file=sys.stderr)
        ran.check_returncode()
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
