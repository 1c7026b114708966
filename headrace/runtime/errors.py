"""XLA's status errors as the documented `tf.errors` classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from headrace.core import errors
from headrace.core.errors import invalid
from headrace.runtime import callbacks

if TYPE_CHECKING:
    from headrace.runtime.xla import Buffer

_STATUS = re.compile(r"([A-Z_]+): (.*)", re.DOTALL)
_TRACE = "\n=== Source Location Trace: ==="  # C++ file names, which tell a user nothing

DELETED = (
    "was deleted or donated: a compiled program that took it as a donated argument reused its memory for "
    "an output. Use the output that replaced it, or do not donate a buffer that is needed afterwards."
)

# What a Python exception in a callback becomes, as documented for tf.py_function.
_CALLBACK = (
    ((TypeError, ValueError), errors.InvalidArgumentError),
    (StopIteration, errors.OutOfRangeError),
    (MemoryError, errors.ResourceExhaustedError),
    (NotImplementedError, errors.UnimplementedError),
)


def translate(error: Exception) -> Exception:
    """The `tf.errors` exception that says what `error`, raised by XLA, says.

    >>> translate(RuntimeError("INVALID_ARGUMENT: no"))
    InvalidArgumentError(None, None, 'no')
    """
    text = str(error).split(_TRACE)[0].rstrip()
    if (cause := callbacks.original(text)) is not None:
        if isinstance(cause, errors.OpError):
            return cause
        kind = next((kind for classes, kind in _CALLBACK if isinstance(cause, classes)), errors.UnknownError)
        return kind(None, None, f"{type(cause).__name__}: {cause}")
    match = _STATUS.match(text)
    code = getattr(errors, match[1], None) if match else None
    if match is None or not isinstance(code, int) or code == errors.UNKNOWN:
        return errors.UnknownError(None, None, match[2] if match else text)
    return errors.exception_type_from_error_code(code)(None, None, match[2])


def reraise(error: Exception, buffers: Sequence[Buffer] = ()) -> NoReturn:
    """Raise `error`, which XLA raised for a program on `buffers`, as its `tf.errors` class."""
    for number, buffer in enumerate(buffers):
        if buffer.is_deleted():
            raise invalid(f"Argument {number} of the program {DELETED}") from error
    translated = translate(error)
    cause = callbacks.original(str(error)) or error
    raise translated from (None if cause is translated else cause)
