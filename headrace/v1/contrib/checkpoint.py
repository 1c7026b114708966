"""`tf.contrib.checkpoint`: trees of objects that are saved together."""

from headrace.api.train import CheckpointManager
from headrace.core.trackable import AutoTrackable as Checkpointable

__all__ = ["CheckpointManager", "Checkpointable"]
