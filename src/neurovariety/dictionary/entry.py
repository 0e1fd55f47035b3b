"""What an entry of the dictionary is: its name, where it lives, and what it is for; what it takes its function declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from neurovariety.dictionary.declaration import Declaration, declaration_in


@dataclass(frozen=True)
class Entry:
    """One entry: its ``name``, and in a few words what it is for in ``learning``.

    ``figure`` names the picture of its value (empty: none); ``in_reports``: whether reports ask it, which they do not where only the
    smallest models can be answered. ``path`` is module:function, imported when first used (default: the function of that name in the
    file of that name).
    """

    name: str
    learning: str
    figure: str = ""
    in_reports: bool = True
    path: str = ""

    @property
    def function(self) -> str:
        """The name of its function in Python."""
        return self._path.partition(":")[2]

    @property
    def _path(self) -> str:
        name = self.name.replace("-", "_")
        return self.path or f"neurovariety.dictionary.{name}:{name}"

    @property
    def module(self) -> str:
        """The module of the entry."""
        return self._path.partition(":")[0]

    def load(self) -> Callable[..., Any]:
        """The function of the entry."""
        found: Callable[..., Any] = getattr(import_module(self.module), self.function)
        return found

    @property
    def declares(self) -> Declaration:
        """The options of the entry, without importing what computes it."""
        return declaration_in(self._path)

    def result_class(self) -> type[Any]:
        """The entry's result class."""
        found: type[Any] = getattr(import_module(self.module), self.declares.result)
        return found

    @property
    def needs_data(self) -> bool:
        """Whether it takes the inputs of a data set."""
        return "inputs" in self.declares

    @property
    def trains(self) -> bool:
        """Whether it fits inputs to targets, and so is in reports with both only."""
        return self.declares.trains

    @property
    def takes_memory_limit(self) -> bool:
        return "memory_limit" in self.declares
