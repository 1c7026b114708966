"""`tf.logging`: Python's logging under the names of TensorFlow 1.x."""

from __future__ import annotations

import logging
from logging import DEBUG, ERROR, FATAL, INFO, WARN
from typing import Any

_logger = logging.getLogger("headrace")
_counts: dict[Any, int] = {}
debug, error, fatal, info, warning = (
    _logger.debug,
    _logger.error,
    _logger.critical,
    _logger.info,
    _logger.warning,
)
warn, log = _logger.warning, _logger.log


def vlog(level: int, msg: str, *args: Any, **kwargs: Any) -> None:
    """Logs with one of Python's levels."""
    _logger.log(level, msg, *args, **kwargs)


def get_verbosity() -> int:
    """The level below which nothing is logged."""
    return _logger.getEffectiveLevel()


def set_verbosity(v: int) -> None:
    """Sets the level below which nothing is logged: `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`."""
    _logger.setLevel(v)
    if not _logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        _logger.addHandler(handler)


def flush() -> None:
    """Writes out what is still held back."""
    for handler in _logger.handlers:
        handler.flush()


def _count(token: Any) -> int:
    _counts[token] = _counts.get(token, -1) + 1
    return _counts[token]


def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Logs every n-th time this message is logged."""
    log_if(level, msg, not _count(msg) % n, *args)


def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Logs the first n times this message is logged."""
    log_if(level, msg, _count(msg) < n, *args)


def log_if(level: int, msg: str, condition: Any, *args: Any) -> None:
    """Logs if a condition holds."""
    if condition:
        _logger.log(level, msg, *args)


def TaskLevelStatusMessage(msg: str) -> None:
    """Logs a message about the task as an error."""
    error(msg)


__all__ = [
    "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "TaskLevelStatusMessage", "debug", "error", "fatal", "flush",
    "get_verbosity", "info", "log", "log_every_n", "log_first_n", "log_if", "set_verbosity", "vlog", "warn", "warning",
]  # fmt: skip
