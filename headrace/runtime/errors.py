"""XLA's status errors as the documented `tf.errors` classes."""

from __future__ import annotations

import re

from headrace.core import errors

_STATUS = re.compile(r"([A-Z_]+): (.*)", re.DOTALL)
_TRACE = "\n=== Source Location Trace: ==="  # C++ file names, which tell a user nothing

DELETED = (
    "This buffer was deleted or donated: a compiled program that took it as a donated argument reused its memory for "
    "an output. Use the output that replaced it, or do not donate a buffer that is needed afterwards."
)


def translate(error: Exception) -> Exception:
    """The `tf.errors` exception that says what `error`, raised by XLA, says.

    >>> translate(RuntimeError("INVALID_ARGUMENT: no"))
    InvalidArgumentError(None, None, 'no')
    """
    text = str(error).split(_TRACE)[0].rstrip()
    match = _STATUS.match(text)
    code = getattr(errors, match[1], None) if match else None
    if match is None or not isinstance(code, int):
        return errors.UnknownError(None, None, text)
    message = match[2]
    if "has been deleted or donated" in message or "donated" in message and "already" in message:
        message = f"{message}\n{DELETED}"
    return errors.exception_type_from_error_code(code)(None, None, message)
