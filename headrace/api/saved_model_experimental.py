"""`tf.saved_model.experimental`."""

from __future__ import annotations

from headrace.core.trackable import TrackableResource

ROOT: list[str] = []
__all__ = ["TrackableResource"]
