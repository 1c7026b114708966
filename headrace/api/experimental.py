"""`tf.experimental`: what may still change."""

from __future__ import annotations

from headrace.ragged.partition import RowPartition

from . import experimental_dlpack as dlpack

__all__ = ["RowPartition", "dlpack"]
