"""Graphs run by sessions: TensorFlow 1.x programs.

A `Session` holds the values of a graph's variables. `run` cuts out what the fetches need (`plan.py`), compiles it as a
function of what is fed (`compiler/program.py`: the same programs `tf.function` makes, variables updated in place), and
keeps that plan for the next run. `variables.py` and `scopes.py` are `tf.compat.v1.Variable` and `get_variable`."""

from __future__ import annotations

from typing import Any

from .stack import default_session, get_default_session

__all__ = ["InteractiveSession", "Session", "default_session", "get_default_session"]


def __getattr__(name: str) -> Any:
    if name in ("InteractiveSession", "Session"):
        from . import session

        return getattr(session, name)
    raise AttributeError(f"module 'headrace.session' has no attribute {name!r}")
