"""Python functions called from compiled programs: how their exceptions come back.

XLA carries an exception only as text. So the exception is kept here under a number that the text mentions,
and `original` gives it back, with its class and traceback, to whoever reads the text.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

_MARK = re.compile(r"\[headrace callback error (\d+)\]")
_KEPT = 64  # the same error is read once per result, so it stays until this many newer ones came

_numbers = count()
_errors: OrderedDict[int, BaseException] = OrderedDict()


class CallbackError(RuntimeError):
    """Stands for the exception of a callback on its way through XLA."""


def guard(
    callback: Callable[..., Any], expected: Sequence[tuple[tuple[int, ...], np.dtype[Any]]]
) -> Callable[..., tuple[np.ndarray[Any, Any], ...]]:
    """`callback`, with its exceptions kept for `original` and its results compared with the `expected` ones.

    XLA copies as many bytes as it expects from wherever a result lies, so a wrong one must not get that far.
    """

    def call(*arguments: Any) -> tuple[np.ndarray[Any, Any], ...]:
        try:
            return _checked(callback(*arguments), expected)
        except BaseException as error:
            number = next(_numbers)
            _errors[number] = error
            while len(_errors) > _KEPT:
                _errors.popitem(last=False)
            raise CallbackError(
                f"[headrace callback error {number}] {type(error).__name__}: {error}"
            ) from error

    return call


def _checked(
    results: Any, expected: Sequence[tuple[tuple[int, ...], np.dtype[Any]]]
) -> tuple[np.ndarray[Any, Any], ...]:
    if not isinstance(results, (tuple, list)) or len(results) != len(expected):
        raise TypeError(f"A callback must return a tuple of {len(expected)} arrays; received {results!r}.")
    arrays = tuple(np.asarray(result) for result in results)
    for number, (array, (shape, dtype)) in enumerate(zip(arrays, expected, strict=True)):
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(
                f"Result {number} of a callback must have dtype {dtype} and shape {shape}; received dtype "
                f"{array.dtype} and shape {array.shape}."
            )
    return arrays


def original(text: str) -> BaseException | None:
    """The exception that an XLA error text speaks of."""
    match = _MARK.search(text)
    return _errors.get(int(match[1])) if match else None
