"""Input pipelines of TensorFlow 1.x: coordinators, queue runners, readers, and what else waits for others."""

from __future__ import annotations

from headrace.session.coordinator import Coordinator, LooperThread

from .queue import PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue

_TRAIN = ["Coordinator", "LooperThread"]
_IO = ["PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]
ROOT: list[str] = []
__all__ = [
    "Coordinator",
    "LooperThread",
    "PaddingFIFOQueue",
    "PriorityQueue",
    "QueueBase",
    "RandomShuffleQueue",
]
NAMES = {"io": _IO, "train": _TRAIN}
