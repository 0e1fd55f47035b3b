"""The entries of the dictionary: name, where it lives, what it needs, how a figure of it looks.

Report, command line and documentation read this list; a new entry is a new row here and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Option:
    """A command-line option of an entry: ``--name``, its Python type, help, and whether the value is exact numbers, split at commas."""

    name: str
    kind: str
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One entry: ``path`` is module:function, imported when first used; ``result`` the name of its result class.

    ``learning`` says in a few words what it is for; ``needs_data`` whether it takes a data set; ``figure`` names the picture that
    the report draws of its value (empty: none).
    """

    name: str
    path: str
    result: str
    learning: str
    options: tuple[Option, ...] = ()
    needs_data: bool = False
    figure: str = ""
    takes_memory_limit: bool = True

    def load(self) -> Callable[..., Any]:
        """The function of the entry."""
        module, _, name = self.path.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found

    def result_class(self) -> type[Any]:
        """The entry's result class."""
        found: type[Any] = getattr(import_module(self.path.partition(":")[0]), self.result)
        return found


ENTRIES: tuple[Entry, ...] = (
    Entry("ambient", "neurovariety.dictionary.ambient:ambient", "AmbientResult", "expressivity: the linear span"),
    Entry(
        "dimension",
        "neurovariety.dictionary.dimension:dimension",
        "DimensionResult",
        "expressivity: degrees of freedom",
        options=(
            Option(
                "route",
                "text",
                "computed: exact rank only; theorem: closed formula only; auto: both",
                ("auto", "computed", "theorem"),
            ),
        ),
        figure="bars",
    ),
    Entry(
        "fibers",
        "neurovariety.dictionary.fibers:fibers",
        "FibersResult",
        "identifiability: weights with the same function",
        options=(Option("at", "numbers", "weights of a special fiber, comma-separated exact numbers (1,1/3,0.5,...)"),),
        figure="split",
    ),
    Entry(
        "symmetries",
        "neurovariety.dictionary.symmetries:symmetries",
        "SymmetriesResult",
        "identifiability: changes of weights that change nothing",
        takes_memory_limit=False,
    ),
    Entry(
        "data",
        "neurovariety.dictionary.data:data",
        "DataResult",
        "sample complexity: what a data set determines",
        needs_data=True,
        figure="threshold",
    ),
)


def find(name: str) -> Entry | None:
    """The entry of that name; hyphens and underscores are alike."""
    return next((e for e in ENTRIES if e.name == name.replace("_", "-")), None)
