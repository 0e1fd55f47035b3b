"""Exact ranks mod p: seconds, rate and share of dgemm, beside python-flint and FFPACK. Every row records correctness.

Run: ``python benchmarks/linear_algebra.py`` (about 5 minutes on 2 cores; ``--quick`` a few seconds).
Gop/s counts (2/3) n^3 operations for an n x n matrix, whatever the method does. Conversions are not counted.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from neurovariety.linear_algebra import matmul_mod, rank

PRIME_22 = 4194301
PRIME_15 = 32003
Row = dict[str, Any]


def dgemm_rate(n: int = 4000, repeats: int = 3) -> float:
    """The best float64 matrix product rate in Gop/s, with the threads that BLAS has now."""
    a = np.random.default_rng(0).standard_normal((n, n))
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best / 1e9


def matrix_of_rank(n: int, r: int, p: int, seed: int = 0) -> np.ndarray:
    """An n x n matrix of rank exactly r: unit lower triangle times r rows of a unit upper one, columns mixed."""
    rng = np.random.default_rng(seed)
    half = p // 2
    lower = np.tril(rng.integers(-half, half + 1, (n, r)).astype(np.float64), -1)
    upper = np.triu(rng.integers(-half, half + 1, (r, n)).astype(np.float64), 1)
    lower[np.arange(r), np.arange(r)] = 1.0
    upper[np.arange(r), np.arange(r)] = 1.0
    return np.ascontiguousarray(matmul_mod(lower, upper, p)[:, rng.permutation(n)])


def _row(tool: str, n: int, p: int, expected: int, seconds: float, found: int, **more: Any) -> Row:
    rate = 2 / 3 * n**3 / seconds / 1e9
    return {
        "tool": tool, "n": n, "p": p, "rank": expected, "seconds": round(seconds, 3), "Gop/s": round(rate, 1),
        "correct": found == expected, **more,
    }  # fmt: skip


def blas_rank(n: int, p: int, r: int, threads: int) -> Row:
    """This library in a process of its own, so that the peak memory is its own; seconds: the best of three."""
    return _in_new_process(_blas_rank, n, p, r, threads)


def _in_new_process(function: Callable[..., Row], *arguments: Any) -> Row:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _limit(threads: int) -> None:
    import numba

    threadpool_limits(threads)
    numba.set_num_threads(threads)


def _blas_rank(n: int, p: int, r: int, threads: int) -> Row:
    _limit(threads)
    rank(matrix_of_rank(300, 200, p), p)  # compiled code and BLAS threads are loaded
    original = matrix_of_rank(n, r, p)
    dgemm = dgemm_rate()
    best, found = np.inf, set()
    for _ in range(3):
        a = original.copy()
        start = time.perf_counter()
        found.add(rank(a, p, overwrite=True))
        best = min(best, time.perf_counter() - start)
    result = found.pop() if len(found) == 1 else -1
    row = _row(f"neurovariety, {threads} threads", n, p, r, best, result)
    row["% of dgemm"] = round(100 * row["Gop/s"] / dgemm, 1)
    row["dgemm Gop/s"] = round(dgemm, 1)
    return row


def memory_row(n: int, p: int) -> Row:
    """Peak memory of one rank with ``overwrite=True`` above the process with its imports, in units of the matrix."""
    return _in_new_process(_memory, n, p)


def _peak_bytes() -> int:
    """VmHWM of Linux: unlike ru_maxrss it does not inherit the peak of the parent process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not report VmHWM")


def _memory(n: int, p: int) -> Row:
    rng = np.random.default_rng(0)
    rank(rng.integers(0, p, (300, 300)).astype(np.float64), p)
    base = _peak_bytes()
    a = rng.random((n, n))
    a *= p
    np.floor(a, out=a)
    a[:, -1] = a[:, 0]
    start = time.perf_counter()
    found = rank(a, p, overwrite=True)
    seconds = time.perf_counter() - start
    peak = _peak_bytes() - base
    more = {"peak GB": round(peak / 1e9, 2), "peak / matrix": round(peak / a.nbytes, 2)}
    return _row("neurovariety, memory", n, p, n - 1, seconds, found, **more)


def flint_rank(n: int, p: int, r: int) -> Row:
    """python-flint's nmod_mat.rank on the same matrix; flint runs it on one thread."""
    import flint

    a = matrix_of_rank(n, r, p)
    converted = flint.nmod_mat(n, n, (a.astype(np.int64) % p).ravel().tolist(), p)
    start = time.perf_counter()
    found = converted.rank()
    return _row("python-flint, 1 thread", n, p, r, time.perf_counter() - start, int(found))


def ffpack_rank(n: int, p: int, r: int) -> Row:
    """FFPACK's Rank on the same matrix with one thread, or a row that says it is not installed."""
    name = "FFPACK Rank, 1 thread"
    missing = {"tool": name, "n": n, "p": p, "rank": r, "note": "not installed"}
    compiler = shutil.which("g++")
    if compiler is None:
        return missing
    source = Path(__file__).with_name("ffpack_rank.cpp")
    with tempfile.TemporaryDirectory() as folder:
        program, data = Path(folder, "ffpack_rank"), Path(folder, "matrix.bin")
        flags = ["-O3", "-march=native", "-w", "-fopenmp", str(source), "-o", str(program)]
        libraries = ["-lgivaro", "-lgmpxx", "-lgmp", "-lopenblas"]
        if subprocess.run([compiler, *flags, *libraries], capture_output=True, check=False).returncode:
            return missing
        (matrix_of_rank(n, r, p) % p).tofile(data)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [str(program), str(n), str(p), str(data)]
        output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()
    row = _row(name, n, p, r, float(output[1]), int(output[0]))
    row["% of dgemm"] = round(100 * row["Gop/s"] / float(output[2]), 1)
    row["dgemm Gop/s"] = round(float(output[2]), 1)  # of the BLAS that FFPACK is linked with
    return row


def small_ranks(n: int, p: int) -> Row:
    """The mean time of a rank of a small matrix, of which a campaign computes tens of thousands."""
    a = np.random.default_rng(0).integers(0, p, (n, n)).astype(np.float64)
    rank(a, p)
    repeats = max(3, 3 * 10**6 // n**2)
    start = time.perf_counter()
    found = {rank(a, p) for _ in range(repeats)}
    seconds = (time.perf_counter() - start) / repeats
    row = _row("neurovariety, small", n, p, n, seconds, found.pop())
    row["seconds"] = round(seconds, 6)
    return row


def rows(quick: bool = False) -> list[Row]:
    """All the rows of the table; ``quick`` shrinks every size."""
    shrink = 8 if quick else 1
    threads = os.cpu_count() or 1
    jobs: list[Callable[[], Row]] = [
        lambda: blas_rank(8000 // shrink, PRIME_22, 7990 // shrink, threads),
        lambda: blas_rank(8000 // shrink, PRIME_22, 4000 // shrink, threads),
        lambda: blas_rank(4000 // shrink, PRIME_22, 3990 // shrink, threads),
        lambda: blas_rank(4000 // shrink, PRIME_22, 3990 // shrink, 1),
        lambda: flint_rank(4000 // shrink, PRIME_22, 3990 // shrink),
        lambda: flint_rank(8000 // shrink, PRIME_22, 7990 // shrink),
        lambda: blas_rank(4000 // shrink, PRIME_15, 3990 // shrink, 1),
        lambda: ffpack_rank(4000 // shrink, PRIME_15, 3990 // shrink),
        lambda: memory_row(8000 // shrink, PRIME_22),
        lambda: memory_row(20000 // shrink, PRIME_22),
        lambda: small_ranks(60, PRIME_22),
        lambda: small_ranks(732, PRIME_22),
    ]
    return [job() for job in jobs]


def main() -> None:
    table = rows(quick="--quick" in sys.argv[1:])
    for row in table:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
