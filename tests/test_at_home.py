"""The package in a program of its caller: threads, processes that fork or spawn, warnings as errors, settings as they were."""

from __future__ import annotations

import subprocess
import sys

_CALLER = """
import multiprocessing
import os
import threading

import jax
import numba
import numpy as np
from threadpoolctl import threadpool_info

import neurovariety as nv


def settings():
    flags = {name: getattr(jax.config, name) for name in ("jax_enable_x64", "jax_platforms", "jax_default_matmul_precision")}
    pools = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    return flags, numba.get_num_threads(), np.geterr(), dict(os.environ), pools


def dimensions(names):
    return [nv.fibers(name).value["dimension"] for name in names]


def asked(how, names):
    with multiprocessing.get_context(how).Pool(1) as pool:
        return pool.apply_async(dimensions, (names,)).get(240)


if __name__ == "__main__":
    names = ["mlp(2,2,1; x^2)", "linear(2,2,2)", "cnn(2,2; x^2)"]
    forked = asked("fork", names)  # before this process has threads of its own
    *before, pools = settings()
    found = nv.landscape("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1")
    assert "<svg" in found._repr_html_()
    answers = {}
    threads = [threading.Thread(target=lambda name=name: answers.update({name: dimensions([name])[0]})) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    in_threads = [answers[name] for name in names]
    *after, left = settings()
    assert after == before, (before, after)
    assert pools.items() <= left.items(), (pools, left)
    assert forked == in_threads == asked("spawn", names) == [3, 4, 1], (forked, in_threads)
    print("as it was")
"""


def test_in_threads_and_processes_with_warnings_as_errors(tmp_path):
    """One new Python, in which everything is tried: its pools of threads, flags of JAX, and environment stay as they are."""
    program = tmp_path / "caller.py"
    program.write_text(_CALLER)
    found = subprocess.run([sys.executable, "-W", "error", str(program)], capture_output=True, text=True, check=False, timeout=600)
    assert (found.stdout, found.returncode) == ("as it was\n", 0), found.stderr[-2000:]
