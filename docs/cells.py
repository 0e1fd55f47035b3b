"""Execution of the documentation's cells: a line a page, several pages at a time, and only what changed.

A page's outputs are kept under all that they depend on: the page's own cells, and a hash of the package's files and of the pinned
versions. So a changed page is executed alone, and a changed package executes every page. Sphinx finds all outputs in the cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

DOCS = Path(__file__).parent
ROOT = DOCS.parent
OUTPUTS = DOCS / "_build" / "outputs"
TIMEOUT = 1800
"""Seconds after which a cell counts as hanging: far above what any takes, also on a busy machine."""


def key() -> str:
    """A hash of whatever outputs can depend on besides a page's own cells."""
    found = hashlib.sha256(sys.version.encode())
    files = [p for p in (ROOT / "src").rglob("*") if p.is_file() and "__pycache__" not in p.parts and ".egg-info" not in str(p)]
    for path in sorted([*files, ROOT / "constraints.txt", DOCS / "conf.py", Path(__file__)]):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def prepare() -> Path:
    """The folder that holds the outputs for the package as it is, and the environment that cells run in.

    Kernels have a profile of their own, so that the reader's plays no part, and one thread each: pages run side by side.
    """
    folder = OUTPUTS / key()
    if OUTPUTS.is_dir():
        for other in OUTPUTS.iterdir():
            if other != folder:
                shutil.rmtree(other)
    profile = DOCS / "_build" / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 40\n", encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # `!neurovariety` in the cells
    os.environ["COLUMNS"] = "120"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".pytest_cache" / "jax"))  # shared with the tests
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
    return folder


def execute(pages: list[Path], folder: Path, jobs: int, myst_config: Any, notebook_config: Any) -> list[str]:
    """Run the pages that have no outputs in ``folder``, ``jobs`` at a time, and keep their outputs; returns what went wrong.

    Ctrl-C ends the kernels at once and is passed on.
    """
    cache = get_cache(str(folder))
    cache.change_cache_limit(max(len(pages), 1))
    waiting: list[tuple[Path, Any]] = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        reader = create_nb_reader(str(page), myst_config, notebook_config, text)
        notebook = reader.read(text) if reader else None
        if notebook is None or not any(cell.cell_type == "code" for cell in notebook.cells):
            continue
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((page, notebook))
    waiting.sort(key=lambda item: -sum(cell.cell_type == "code" for cell in item[1].cells))
    clients = {page: NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3") for page, notebook in waiting}
    failures: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            running = {pool.submit(_seconds, clients[page], page.parent): (page, notebook) for page, notebook in waiting}
            for number, done in enumerate(as_completed(running), start=1):
                page, notebook = running[done]
                name = str(page.relative_to(DOCS))
                try:
                    seconds = done.result()
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    failures.append(f"{name}: {error}")
                    print(f"[{number}/{len(waiting)}] {name}: failed", flush=True)
                    continue
                cache.cache_notebook_bundle(
                    CacheBundleIn(notebook, str(page), data={"execution_seconds": seconds}), check_validity=False, overwrite=True
                )
                print(f"[{number}/{len(waiting)}] {name} {seconds:.1f} s", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            _end(clients.values())
            raise
    return failures


def _seconds(client: NotebookClient, folder: Path) -> float:
    start = time.perf_counter()
    client.execute(cwd=str(folder))
    return time.perf_counter() - start


def _end(clients: Any) -> None:
    """End the kernels that run, each with what it has started: a kernel leads a process group of its own."""
    for client in clients:
        process = getattr(getattr(client.km, "provisioner", None), "process", None)
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
