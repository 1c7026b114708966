"""Errors raised while converted code runs, told in terms of the user's code."""

from __future__ import annotations

import linecache
import os
import traceback
from types import TracebackType
from typing import Any

from headrace.core.errors import OpError

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
_STATEMENT = ".<statement>"  # see source.py
_SHOWN = 15  # frames from each end of a long story
_HEADING = "in user code:"


def tell_in_user_terms(error: Exception) -> None:
    """Puts the user's files and lines that led to `error` into its message, and leaves the package's frames
    out of its traceback. The error stays the object it is; one whose message cannot be changed gets a
    note."""
    from headrace.api.debugging import is_traceback_filtering_enabled

    cause = error.__dict__.get("_autograph_cause")  # an inner function has told its part already
    if cause is None:
        cause = (
            "".join(traceback.format_exception_only(type(error), error))
            .rstrip()
            .removeprefix(f"{type(error).__module__}.")
        )
        error.__dict__["_autograph_cause"] = cause
    frames = _user_frames(error.__traceback__)
    if not frames:
        return
    lines = [_HEADING, ""]
    if len(frames) > 2 * _SHOWN:
        frames[_SHOWN:-_SHOWN] = [("…", len(frames) - 2 * _SHOWN, "")]  # endless recursion, mostly
    for filename, line, name in frames:
        if filename == "…":
            lines.append(f"    … {line} more …")
            continue
        lines += [
            f'    File "{filename}", line {line}, in {name}',
            f"        {linecache.getline(filename, line).strip()}",
        ]
    lines += ["", *("    " + text for text in cause.split("\n")), ""]
    _set_message(error, "\n".join(lines))
    if is_traceback_filtering_enabled():
        error.__traceback__ = _filtered(error.__traceback__)


def _set_message(error: Exception, message: str) -> None:
    if isinstance(error, OpError):
        error._message = message
        return
    said = error.args
    if len(said) == 1 and isinstance(said[0], str) and str(error) == said[0]:
        error.args = (message,)
        if str(error) == message:
            return
        error.args = said
    notes = [n for n in getattr(error, "__notes__", ()) if not n.startswith(_HEADING)]
    error.__notes__ = [*notes, message]


def _user_frames(tb: TracebackType | None) -> list[tuple[str, int, str]]:
    """(file, line, function) of the frames outside this package. Of a converted function, whose blocks are
    functions of their own, only the innermost place."""
    frames: list[tuple[str, int, str]] = []
    while tb is not None:
        code = tb.tb_frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            if code.co_qualname.endswith(_STATEMENT) and frames:
                frames.pop()
            frames.append((code.co_filename, tb.tb_lineno, code.co_name))
        tb = tb.tb_next
    return frames


def _filtered(tb: TracebackType | None) -> Any:
    kept = []
    while tb is not None:
        if not tb.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            kept.append(tb)
        tb = tb.tb_next
    out = None
    for tb in reversed(kept):
        out = TracebackType(out, tb.tb_frame, tb.tb_lasti, tb.tb_lineno)
    return out
