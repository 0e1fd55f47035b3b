"""Execution of the documentation's cells: a line a page, several pages at a time, and only what changed.

A page's outputs are kept under all that they depend on: the page's own cells, and a hash of the package's files and of the pinned
versions. So a changed page is executed alone, and a changed package executes every page. Sphinx finds all outputs in the cache.
"""

from __future__ import annotations

import hashlib
import os
import queue
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_client.manager import AsyncKernelManager
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient

DOCS = Path(__file__).parent
ROOT = DOCS.parent
OUTPUTS = DOCS / "_build" / "outputs"
Results = queue.SimpleQueue[tuple[Path, Any, float, Exception | None]]
"""Pages as they are done: the executed notebook, its seconds, and what went wrong."""
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
    os.environ["COLUMNS"] = "72"  # what fits a page; on a phone lines break once more
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
    waiting.sort(key=lambda item: sum(cell.cell_type == "code" for cell in item[1].cells))  # the longest is taken first, from the end
    total, failures, kernels = len(waiting), [], [Kernel() for _ in range(jobs)]
    results: Results = queue.SimpleQueue()
    for kernel in kernels:
        threading.Thread(target=_work, args=(kernel, waiting, results), daemon=True).start()
    try:
        for number in range(1, total + 1):
            page, notebook, seconds, error = results.get()
            name = f"[{number}/{total}] {page.relative_to(DOCS)}"
            if error is not None:
                failures.append(f"{page.relative_to(DOCS)}: {error}")
                print(f"{name}: failed", flush=True)
                continue
            bundle = CacheBundleIn(notebook, str(page), data={"execution_seconds": seconds})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            print(f"{name} {seconds:.1f} s", flush=True)
    finally:
        for kernel in kernels:
            kernel.end()
    return failures


def _work(
    kernel: Kernel, waiting: list[tuple[Path, Any]], results: queue.SimpleQueue[tuple[Path, Any, float, Exception | None]]
) -> None:
    """Take pages until none is left; a page that fails has its kernel replaced."""
    while True:
        try:
            page, notebook = waiting.pop()
        except IndexError:
            return
        start = time.perf_counter()
        try:
            kernel.run(notebook, page.parent)
            results.put((page, notebook, time.perf_counter() - start, None))
        except Exception as error:  # whatever it is, it is the page's and is reported with it
            kernel.end()
            results.put((page, notebook, time.perf_counter() - start, error))


class Kernel:
    """A Python process that runs one page after another, each as if it were the first to import the package.

    Starting one for each page would spend more on importing JAX than on most pages.
    """

    FRESH = """
import os, sys, warnings
# `!` forks, and JAX has threads by then
warnings.filterwarnings("ignore", message=r"os\\.fork\\(\\) was called", category=RuntimeWarning)
os.chdir({folder!r})
for name in [m for m in sys.modules if m.partition(".")[0] == "neurovariety"]:
    del sys.modules[name]
get_ipython().run_line_magic("reset", "-f")
"""

    def __init__(self) -> None:
        self.manager = AsyncKernelManager(kernel_name="python3")

    def run(self, notebook: Any, folder: Path) -> None:
        """Execute the cells in place; raises what nbclient raises for a cell that fails."""
        fresh = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(self.FRESH.format(folder=str(folder)))])
        for cells in (fresh, notebook):
            client = NotebookClient(cells, km=self.manager, timeout=TIMEOUT, record_timing=False)  # times would be part of the key
            try:
                client.execute()
            finally:
                if client.kc is not None:
                    client.kc.stop_channels()

    def end(self) -> None:
        """End the process at once, with what it has started: a kernel leads a process group of its own."""
        process = getattr(self.manager.provisioner, "process", None)
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        self.manager = AsyncKernelManager(kernel_name="python3")
