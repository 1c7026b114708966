"""What is in a graph: its ops, shapes, cost and memory, and how it will run.

`inspect` makes a `Report` of a graph, a function or a file; `headrace graph FILE` prints one. `costs.py` is the table of
FLOPs, `profile.py` is `tf.compat.v1.profiler`, `drawing.py` pictures a graph."""

from __future__ import annotations

from .inspection import inspect
from .report import Report

__all__ = ["Report", "inspect"]
