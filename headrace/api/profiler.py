"""`tf.profiler`."""

from __future__ import annotations

from . import profiler_experimental as experimental

ROOT: list[str] = []
__all__ = ["experimental"]
