"""Input pipelines of TensorFlow 1.x: coordinators, queue runners, readers, and what else waits for others."""

from __future__ import annotations

from headrace.session.accumulators import (
    ConditionalAccumulator,
    ConditionalAccumulatorBase,
    SparseConditionalAccumulator,
)
from headrace.session.coordinator import Coordinator, LooperThread
from headrace.session.handles import delete_session_tensor, get_session_handle, get_session_tensor
from headrace.session.pipelines import (
    batch,
    batch_join,
    input_producer,
    limit_epochs,
    match_filenames_once,
    maybe_batch,
    maybe_batch_join,
    maybe_shuffle_batch,
    maybe_shuffle_batch_join,
    range_input_producer,
    shuffle_batch,
    shuffle_batch_join,
    slice_input_producer,
    string_input_producer,
)
from headrace.session.queue_runner import QueueRunner, add_queue_runner, start_queue_runners
from headrace.session.readers import (
    FixedLengthRecordReader,
    IdentityReader,
    LMDBReader,
    ReaderBase,
    TextLineReader,
    TFRecordReader,
    WholeFileReader,
)
from headrace.session.sync_replicas import SyncReplicasOptimizer

from .queue import PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue

_TRAIN = [
    "Coordinator", "LooperThread", "QueueRunner", "SyncReplicasOptimizer", "add_queue_runner", "batch", "batch_join", "input_producer",
    "limit_epochs", "match_filenames_once", "maybe_batch", "maybe_batch_join", "maybe_shuffle_batch",
    "maybe_shuffle_batch_join", "range_input_producer", "shuffle_batch", "shuffle_batch_join", "slice_input_producer",
    "start_queue_runners", "string_input_producer",
]  # fmt: skip
_IO = ["PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]
ROOT = [
    "ConditionalAccumulator", "ConditionalAccumulatorBase", "FixedLengthRecordReader", "IdentityReader", "LMDBReader",
    "ReaderBase", "SparseConditionalAccumulator", "TFRecordReader", "TextLineReader", "WholeFileReader",
    "delete_session_tensor", "get_session_handle", "get_session_tensor",
]  # fmt: skip
__all__ = [*_TRAIN, *_IO, *ROOT]  # noqa: PLE0604 - lists of names
NAMES = {"io": [*_IO, "match_filenames_once"], "train": _TRAIN}
