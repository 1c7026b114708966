"""`tf.compat.v1.train`: `Saver`, and the checkpoints of a folder."""

from __future__ import annotations

from headrace.checkpoint.directory import (
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    remove_checkpoint,
    update_checkpoint_state,
)
from headrace.checkpoint.reader import CheckpointReader
from headrace.checkpoint.saver import Saver
from headrace.checkpoint.warm import VocabInfo, init_from_checkpoint, warm_start
from headrace.proto.checkpoint_pb2 import SaverDef


def NewCheckpointReader(filepattern: str) -> CheckpointReader:
    """A reader of a checkpoint.

    Raises:
      tf.errors.NotFoundError: there is none.
    """
    return CheckpointReader(filepattern)


ROOT: list[str] = []
NAMES = {
    "train": [
        "NewCheckpointReader", "Saver", "SaverDef", "VocabInfo", "checkpoint_exists", "generate_checkpoint_state_proto",
        "get_checkpoint_mtimes", "init_from_checkpoint", "remove_checkpoint", "update_checkpoint_state", "warm_start",
    ],
}  # fmt: skip
__all__ = [n for names in NAMES.values() for n in names]
