"""`tf.xla`."""

from __future__ import annotations

from . import xla_experimental as experimental

__all__ = ["experimental"]
ROOT: list[str] = []
