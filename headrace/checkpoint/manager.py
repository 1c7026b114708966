"""`tf.train.CheckpointManager`: keeps the last few checkpoints of a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from headrace.io import files

from . import directory
from .objects import Checkpoint, CheckpointOptions, _called


class CheckpointManager:
    """Saves checkpoints into a folder and removes old ones.

    Args:
      checkpoint: the `tf.train.Checkpoint` to save.
      directory: the folder.
      max_to_keep: how many are kept; None for all.
      keep_checkpoint_every_n_hours: one of every so many hours is kept for good.
      checkpoint_name: what the files' names begin with.
      step_counter: a variable; needed for `checkpoint_interval`.
      checkpoint_interval: `save` does nothing until the counter has gone on by so much.
      init_fn: called by `restore_or_initialize` if there is no checkpoint.
      last_checkpoint_step: the counter's value at the last checkpoint, if this goes on from one.

    Raises:
      ValueError: `max_to_keep` is not positive, or there is an interval without a counter.

    >>> import headrace as tf, os, tempfile
    >>> v = tf.Variable(0)
    >>> manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), tempfile.mkdtemp(), max_to_keep=2)
    >>> for _ in range(3):
    ...     _ = v.assign_add(1)
    ...     _ = manager.save()
    >>> [os.path.basename(path) for path in manager.checkpoints]
    ['ckpt-2', 'ckpt-3']
    """

    def __init__(
        self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None, checkpoint_name: str = "ckpt", step_counter: Any = None,
        checkpoint_interval: int | None = None, init_fn: Callable[[], Any] | None = None, last_checkpoint_step: int | None = None,
    ) -> None:  # fmt: skip
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}.")
        if checkpoint_interval is not None and step_counter is None:
            raise ValueError("`step_counter` should be passed if `checkpoint_interval` is not None.")
        self._checkpoint, self._directory = checkpoint, files.path_text(directory)
        self._max_to_keep, self._keep_every = max_to_keep, keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._step_counter, self._interval, self._init_fn = step_counter, checkpoint_interval, init_fn
        self._last_step = last_checkpoint_step
        self._latest: str | None = None
        self._kept: dict[str, float] = {}  # that may be removed one day, oldest first
        self._take_up()

    def _take_up(self) -> None:
        """Goes on with what an earlier run kept in the folder."""
        state = directory.get_checkpoint_state(self._directory)
        self._last_preserved = time.time()
        if state is None:
            return
        self._latest = state.model_checkpoint_path
        times = list(state.all_model_checkpoint_timestamps)
        if state.last_preserved_timestamp:
            self._last_preserved = state.last_preserved_timestamp
        if len(times) != len(state.all_model_checkpoint_paths):
            times = [time.time()] * len(state.all_model_checkpoint_paths)
        self._kept = {
            p: t for p, t in zip(state.all_model_checkpoint_paths, times) if directory.checkpoint_exists(p)
        }

    @property
    def directory(self) -> str:
        return self._directory

    @property
    def checkpoint(self) -> Checkpoint:
        return self._checkpoint

    @property
    def checkpoint_interval(self) -> int | None:
        return self._interval

    @property
    def latest_checkpoint(self) -> str | None:
        """The path of the latest checkpoint; None if there is none."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are kept, oldest first. (Those kept for good are not listed.)"""
        return list(self._kept)

    def save(
        self,
        checkpoint_number: Any = None,
        check_interval: bool = True,
        options: CheckpointOptions | None = None,
    ) -> str | None:
        """Writes a checkpoint, and removes those that are one too many.

        Args:
          checkpoint_number: in its name; counted if not given.
          check_interval: whether to look at `checkpoint_interval`.
          options: a `CheckpointOptions`.

        Returns:
          Its path; None if the interval is not over.
        """
        if self._interval is not None:
            step = int(self._step_counter)
            if check_interval and self._last_step is not None and step < self._last_step + self._interval:
                return None
            self._last_step = step
        if checkpoint_number is None:
            number = self._checkpoint._next()
        else:
            number = int(checkpoint_number)
        path = self._checkpoint.write(f"{self._prefix}-{number}")
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        self._latest = path
        # The state first: if this stops in between, files are left over, not missing.
        removed = self._overdue()
        directory.write_state(
            self._directory, path, list(self._kept), relative=True, timestamps=list(self._kept.values()),
            last_preserved=self._last_preserved,
        )  # fmt: skip
        for old in removed:
            directory.remove_checkpoint(old)
        if options is not None:
            _called(options.experimental_write_callbacks, path)
        return path

    def _overdue(self) -> list[str]:
        removed = []
        while self._max_to_keep is not None and len(self._kept) > self._max_to_keep:
            path = next(iter(self._kept))
            when = self._kept.pop(path)
            if self._keep_every and when - self._keep_every * 3600 >= self._last_preserved:
                self._last_preserved = when
            else:
                removed.append(path)
        return removed

    def restore_or_initialize(self) -> str | None:
        """Restores the latest checkpoint; without one, calls `init_fn`.

        Returns:
          The checkpoint's path; None if there is none.
        """
        if self._latest is not None:
            self._checkpoint.restore(self._latest)
            if self._step_counter is not None:
                self._last_step = int(self._step_counter)
            return self._latest
        if self._init_fn is not None:
            self._init_fn()
        return None
