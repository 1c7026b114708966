"""`tf.saved_model.experimental`."""

from __future__ import annotations

from headrace.core.trackable import TrackableResource
from headrace.saved_model.options import VariablePolicy

ROOT: list[str] = []
__all__ = ["TrackableResource", "VariablePolicy"]
