"""`tf.compat.v1.train`: `Saver`, and the checkpoints of a folder."""

from __future__ import annotations

from typing import Any

from headrace.checkpoint.directory import (
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    remove_checkpoint,
    update_checkpoint_state,
)
from headrace.checkpoint.objects import Checkpoint as _Checkpoint
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


class Checkpoint(_Checkpoint):
    """`tf.train.Checkpoint` as 1.x has it: objects by name only, and a session where `save` and `write` have options."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(None, **kwargs)

    def write(self, file_prefix: Any, session: Any = None, options: Any = None) -> str:  # type: ignore[override]
        """Writes a checkpoint of exactly that name; `session` has the values of variables of a graph (the default one)."""
        return super().write(file_prefix, options, session)

    def save(self, file_prefix: Any, session: Any = None, options: Any = None) -> str:  # type: ignore[override]
        """Writes a numbered checkpoint; `session` has the values of variables of a graph (the default one)."""
        return super().save(file_prefix, options, session)


ROOT: list[str] = []
NAMES = {
    "train": [
        "Checkpoint", "NewCheckpointReader", "Saver", "SaverDef", "VocabInfo", "checkpoint_exists", "generate_checkpoint_state_proto",
        "get_checkpoint_mtimes", "init_from_checkpoint", "remove_checkpoint", "update_checkpoint_state", "warm_start",
    ],
}  # fmt: skip
__all__ = [n for names in NAMES.values() for n in names]
