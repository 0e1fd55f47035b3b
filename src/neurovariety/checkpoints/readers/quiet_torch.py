"""What torch would write to standard error while it exports, and then raises anyway."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Keep torch from writing to standard error what it then raises, and warnings."""
    loggers = [found for name, found in logging.root.manager.loggerDict.items() if name.partition(".")[0] == "torch"]
    handlers = [h for logger in loggers if isinstance(logger, logging.Logger) for h in logger.handlers]

    def drop(record: logging.LogRecord) -> bool:
        return False

    for handler in handlers:
        handler.addFilter(drop)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for handler in handlers:
            handler.removeFilter(drop)
