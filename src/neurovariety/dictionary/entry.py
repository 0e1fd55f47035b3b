"""What an entry of the dictionary is: its name, where it lives, what it needs, and its options on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Option:
    """A command-line option of an entry: ``--name``, help, choices, and its kind: ``text``, ``integer``, ``number``, ``numbers`` (exact
    numbers, split at commas), ``table`` (a CSV file, without the columns that an option ``target`` names), ``dataset`` (a CSV file;
    its columns ``target`` are targets), or ``figure`` (a file to draw the entry's figure to)."""

    name: str
    kind: str
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One entry: ``path`` is module:function, imported when first used; ``result`` the name of its result class.

    ``learning`` says in a few words what it is for; ``needs_data`` whether it takes the inputs of a data set, ``trains`` whether it
    fits inputs to targets (and so is in reports with both only); ``figure`` names the picture of its value (empty: none);
    ``in_reports`` whether reports ask it, which they do not where only the smallest models can be answered.
    """

    name: str
    path: str
    result: str
    learning: str
    options: tuple[Option, ...] = ()
    needs_data: bool = False
    trains: bool = False
    figure: str = ""
    takes_memory_limit: bool = True
    in_reports: bool = True

    def load(self) -> Callable[..., Any]:
        """The function of the entry."""
        module, _, name = self.path.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found

    def result_class(self) -> type[Any]:
        """The entry's result class."""
        found: type[Any] = getattr(import_module(self.path.partition(":")[0]), self.result)
        return found
