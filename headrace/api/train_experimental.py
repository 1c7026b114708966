"""`tf.train.experimental`: Python state in checkpoints."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.trackable import Trackable


class PythonState(Trackable):
    """Base of objects whose state is text of their own making, which checkpoints keep.

    A subclass has `serialize()`, which returns a string, and `deserialize(bytes)`, which takes it back.

    >>> import headrace as tf, os, tempfile
    >>> class Words(tf.train.experimental.PythonState):
    ...     def __init__(self, *words):
    ...         self.words = list(words)
    ...
    ...     def serialize(self):
    ...         return " ".join(self.words)
    ...
    ...     def deserialize(self, string_value):
    ...         self.words = string_value.decode().split()
    >>> path = tf.train.Checkpoint(words=Words("a", "b")).save(os.path.join(tempfile.mkdtemp(), "model"))
    >>> words = Words()
    >>> _ = tf.train.Checkpoint(words=words).restore(path)
    >>> words.words
    ['a', 'b']
    """

    def serialize(self) -> Any:
        """The state as a string."""
        raise NotImplementedError(f"{type(self).__name__}.serialize")

    def deserialize(self, string_value: Any) -> None:
        """Takes the state from the string, as `bytes`."""
        raise NotImplementedError(f"{type(self).__name__}.deserialize")

    def _serialize_to_tensors(self) -> dict[str, Any]:
        text = self.serialize()
        box = np.empty((), object)
        box[()] = text.encode() if isinstance(text, str) else text
        return {"py_state": box}

    def _restore_from_tensors(self, restored_tensors: dict[str, Any]) -> None:
        self.deserialize(restored_tensors["py_state"].numpy())


__all__ = ["PythonState"]
