"""Python functions called from compiled programs: how their exceptions come back.

XLA carries an exception only as text. So the exception is kept here under a number that the text mentions,
and `original` gives it back, with its class and traceback, to whoever reads the text.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Any

_MARK = re.compile(r"\[headrace callback error (\d+)\]")
_KEPT = 64  # the same error is read once per result, so it stays until this many newer ones came

_numbers = count()
_errors: OrderedDict[int, BaseException] = OrderedDict()


class CallbackError(RuntimeError):
    """Stands for the exception of a callback on its way through XLA."""


def remember_errors(callback: Callable[..., Any]) -> Callable[..., Any]:
    """`callback`, with its exceptions kept for `original`."""

    def call(*arguments: Any) -> Any:
        try:
            return callback(*arguments)
        except BaseException as error:
            number = next(_numbers)
            _errors[number] = error
            while len(_errors) > _KEPT:
                _errors.popitem(last=False)
            raise CallbackError(
                f"[headrace callback error {number}] {type(error).__name__}: {error}"
            ) from error

    return call


def original(text: str) -> BaseException | None:
    """The exception that an XLA error text speaks of."""
    match = _MARK.search(text)
    return _errors.get(int(match[1])) if match else None
