"""``neurovariety doctor``: what this installation runs on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
from typing import Any

import click

from neurovariety._version import __version__
from neurovariety.cli.exit_status import ANSWERED

_BENEATH = "jaxlib"
"""Comes with jax, in a version of its own."""
_ORACLES = {"M2": "Macaulay2", "Singular": "Singular", "phc": "PHCpack"}


def doctor_command(as_json: bool) -> int:
    """Print the facts, and what could be better."""
    facts = gather()
    if as_json:
        click.echo(json.dumps(facts))
        return ANSWERED
    for section, rows in facts.items():
        click.echo(f"{section}:")
        for name, value in rows.items():
            click.echo(f"  {name:<18}{value}")
    return ANSWERED


def gather() -> dict[str, dict[str, Any]]:
    """Versions, machine, BLAS and threads, accelerators, computer algebra systems used only as oracles."""
    import psutil
    from threadpoolctl import threadpool_info

    import neurovariety.linear_algebra  # noqa: F401  loads BLAS and numba's threading layer, so that they are listed

    blas = [f"{i['internal_api']} {i['version']} with {i['num_threads']} threads" for i in threadpool_info()]
    memory = psutil.virtual_memory()
    required, optional = _dependencies()
    return {
        "neurovariety": {"version": __version__, "python": platform.python_version()},
        "packages": {name: _version(name) or "missing" for name in sorted({*required, _BENEATH})},
        "optional": {name: _version(name) or f"not installed (extra {extra})" for name, extra in optional.items()},
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "memory": f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} available",
        },
        "linear algebra": {f"library {i}": text for i, text in enumerate(blas, start=1)},
        "accelerators": {"jax devices": _devices()},
        "oracles": {title: _oracle(command) for command, title in _ORACLES.items()},
    }


def _dependencies() -> tuple[list[str], dict[str, str]]:
    """The packages that the installation asks for, and the optional ones with the extra that brings them."""
    required: list[str] = []
    optional: dict[str, str] = {}
    for line in importlib.metadata.requires("neurovariety") or ():
        name, extra = (re.match(r"[\w.-]+", line), re.search(r"extra == [\"'](\w+)", line))
        assert name is not None, line
        if extra is None:
            required.append(name[0])
        else:
            optional.setdefault(name[0], extra[1])
    return required, optional


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _devices() -> str:
    import jax

    return ", ".join(sorted({f"{d.platform} ({d.device_kind})" for d in jax.devices()}))


def _oracle(command: str) -> str:
    path = shutil.which(command)
    if path is None:
        return "not installed (used in tests and benchmarks only)"
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "installed"
    return (shown.stdout or shown.stderr).strip().splitlines()[0][:60] if (shown.stdout or shown.stderr).strip() else "installed"
