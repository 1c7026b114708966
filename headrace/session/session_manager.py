"""`SessionManager`: sessions whose model is restored, or initialised, and ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.core.graph import get_default_graph

from . import logs
from .keys import GraphKeys


class SessionManager:
    """Makes sessions and brings their variables into being: from a checkpoint if there is one.

    Args:
      local_init_op: run in each new session: local variables, tables.
      ready_op: gives the names of variables without a value; the model is ready when there are none. (The graph's
        collection "ready_op" by default; None for no check.)
      ready_for_local_init_op: the same, before `local_init_op`.
      graph: the graph; the default graph if not given.
      recovery_wait_secs: how long to wait between looks at whether the model is ready.
      local_init_run_options: `RunOptions` for `local_init_op`.
      local_init_feed_dict: what it is fed.

    Raises:
      ValueError: `ready_for_local_init_op` without `local_init_op`.
    """

    def __init__(
        self, local_init_op: Any = None, ready_op: Any = None, ready_for_local_init_op: Any = None, graph: Any = None,
        recovery_wait_secs: float = 30, local_init_run_options: Any = None, local_init_feed_dict: Any = None,
    ) -> None:  # fmt: skip
        self._local_init_op, self._ready_op = local_init_op, ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = graph or get_default_graph()
        self._pause = recovery_wait_secs
        self._local_init_run_options, self._local_init_feed_dict = (
            local_init_run_options,
            local_init_feed_dict,
        )
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )

    # --------------------------------------------------------------------------------------------------------- sessions
    def prepare_session(
        self, master: str, init_op: Any = None, saver: Any = None, checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None, wait_for_checkpoint: bool = False, max_wait_secs: float = 7200,
        config: Any = None, init_feed_dict: Any = None, init_fn: Callable[[Any], Any] | None = None,
    ) -> Any:  # fmt: skip
        """A session whose model is restored from a checkpoint or initialised.

        Args:
          master: must be "".
          init_op: an operation (or list of them) that initialises; run, like `init_fn(sess)`, if nothing was restored.
          saver, checkpoint_dir, checkpoint_filename_with_path: what restores, and from where: the latest checkpoint of a folder,
            or a certain one.
          wait_for_checkpoint, max_wait_secs: whether to wait for a checkpoint, and how long.
          config: the session's `ConfigProto`.
          init_feed_dict: what `init_op` is fed.

        Raises:
          RuntimeError: the model is not ready after that.
          ValueError: both `checkpoint_dir` and `checkpoint_filename_with_path` are given.
        """
        sess, restored = self._restored(
            master,
            saver,
            checkpoint_dir,
            checkpoint_filename_with_path,
            wait_for_checkpoint,
            max_wait_secs,
            config,
        )
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError(
                    "Model is not initialized and no init_op or init_fn or local_init_op was given"
                )
            if init_op is not None:
                sess.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(sess)
        done, why = self._run_local_init(sess)
        what = f"Init op: {_name(init_op)}, init fn: {init_fn}, local_init_op: {_name(self._local_init_op)}, error: "
        if not done:
            raise RuntimeError(f"Init operations did not make model ready for local_init.  {what}{why}")
        ready, why = _is_ready(self._ready_op, sess, "Model not ready")
        if not ready:
            raise RuntimeError(f"Init operations did not make model ready.  {what}{why}")
        return sess

    def recover_session(
        self, master: str, saver: Any = None, checkpoint_dir: Any = None, checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False, max_wait_secs: float = 7200, config: Any = None,
    ) -> tuple[Any, bool]:  # fmt: skip
        """A session, restored if there is a checkpoint; and whether its model is ready."""
        sess, restored = self._restored(
            master,
            saver,
            checkpoint_dir,
            checkpoint_filename_with_path,
            wait_for_checkpoint,
            max_wait_secs,
            config,
        )
        done, why = self._run_local_init(sess)
        source = checkpoint_dir or checkpoint_filename_with_path
        if not restored:
            return sess, False  # nothing to restore: an init_op has to do it
        if not done:
            logs.info("Restoring model from %s did not make model ready for local init: %s", source, why)
            return sess, False
        ready, why = _is_ready(self._ready_op, sess, "Model not ready")
        if not ready:
            logs.info("Restoring model from %s did not make model ready: %s", source, why)
            return sess, False
        logs.info("Restored model from %s", source)
        return sess, True

    def wait_for_session(self, master: str, config: Any = None, max_wait_secs: float = float("inf")) -> Any:
        """A session, once its model is ready: for those who wait while others initialise.

        Raises:
          DeadlineExceededError: it was not in time.
        """
        end = time.monotonic() + (float("inf") if max_wait_secs is None else max_wait_secs)
        while True:
            sess = self._session(master, config)
            done, why = self._run_local_init(sess)
            if done:
                ready, why = _is_ready(self._ready_op, sess, "Model not ready")
                if ready:
                    return sess
            sess.close()
            if time.monotonic() + self._pause >= end:
                raise errors.DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {max_wait_secs} secs: {why}"
                )
            logs.info("Waiting for model to be ready: %s", why)
            time.sleep(self._pause)

    # -------------------------------------------------------------------------------------------------------------- parts
    def _session(self, master: str, config: Any) -> Any:
        from .session import Session

        return Session(master, graph=self._graph, config=config)

    def _restored(
        self, master: str, saver: Any, folder: Any, path: Any, wait: bool, max_wait_secs: float, config: Any
    ) -> tuple[Any, bool]:
        from headrace.checkpoint.directory import get_checkpoint_state

        if folder and path:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        sess = self._session(master, config)
        if not saver or not (folder or path):
            return sess, False
        if path:
            saver.restore(sess, path)
            return sess, True
        waited = 0.0
        state = get_checkpoint_state(folder)
        while not state or not state.model_checkpoint_path:
            if not wait or waited >= max_wait_secs:
                return sess, False
            logs.info("Waiting for checkpoint to be available.")
            time.sleep(self._pause)
            waited += self._pause
            state = get_checkpoint_state(folder)
        saver.restore(sess, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return sess, True

    def _run_local_init(self, sess: Any) -> tuple[bool, str | None]:
        if self._local_init_op is None:
            return True, None
        ready, why = _is_ready(self._ready_for_local_init_op, sess, "Model not ready for local init")
        if not ready:
            return False, why
        logs.info("Running local_init_op.")
        sess.run(
            self._local_init_op, feed_dict=self._local_init_feed_dict, options=self._local_init_run_options
        )
        logs.info("Done running local_init_op.")
        return True, None


def _name(op: Any) -> str:
    return getattr(op, "name", str(op))


def _is_ready(op: Any, sess: Any, what: str) -> tuple[bool, str | None]:
    """Whether the operation finds the model ready, and why not."""
    if op is None:
        return True, None
    try:
        missing = sess.run(op)
    except errors.FailedPreconditionError as error:
        if "uninitialized" not in str(error):
            logs.warning("%s : error [%s]", what, error)
            raise
        return False, str(error)
    if missing is None or np.asarray(missing).dtype == np.int32 or np.asarray(missing).size == 0:
        return True, None
    names = ", ".join(
        [v.decode() if isinstance(v, bytes) else str(v) for v in np.asarray(missing).reshape(-1)]
    )
    return False, "Variables not initialized: " + names


def from_collection(key: str) -> Any:
    """The first member of a collection of the default graph; None if there is none."""
    found = get_default_graph().get_collection(key)
    return found[0] if found else None


__all__ = ["GraphKeys", "SessionManager", "from_collection"]
