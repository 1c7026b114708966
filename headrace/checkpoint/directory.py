"""A folder of checkpoints: the `checkpoint` file that says which there are and which is the latest."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from google.protobuf import text_format

from headrace.core import errors
from headrace.io import files
from headrace.proto.checkpoint_pb2 import CheckpointState, SaverDef

from . import bundle
from .files import NewFile
from .reader import CheckpointReader

_log = logging.getLogger("headrace")
Times = Sequence[float] | None


def state_file(checkpoint_dir: Any, latest_filename: str | None = None) -> str:
    return os.path.join(files.path_text(checkpoint_dir), latest_filename or "checkpoint")


def generate_checkpoint_state_proto(
    save_dir: Any, model_checkpoint_path: Any, all_model_checkpoint_paths: Sequence[Any] | None = None,
    all_model_checkpoint_timestamps: Times = None, last_preserved_timestamp: float | None = None,
) -> Any:  # fmt: skip
    """A `CheckpointState`; paths below a relative `save_dir` are made relative to it.

    Raises:
      ValueError: there are not as many timestamps as paths.
    """
    folder, latest = files.path_text(save_dir), files.path_text(model_checkpoint_path)
    paths = [files.path_text(p) for p in all_model_checkpoint_paths or ()]
    if latest not in paths:
        paths.append(latest)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths (got paths "
            f"{paths} and timestamps {all_model_checkpoint_timestamps})"
        )
    # Relative to the folder, so that it can be moved.
    if not os.path.isabs(folder):
        paths = [p if os.path.isabs(p) else os.path.relpath(p, folder) for p in paths]
        latest = latest if os.path.isabs(latest) else os.path.relpath(latest, folder)
    return CheckpointState(
        model_checkpoint_path=latest,
        all_model_checkpoint_paths=paths,
        all_model_checkpoint_timestamps=all_model_checkpoint_timestamps or (),
        last_preserved_timestamp=last_preserved_timestamp or 0.0,
    )


def update_checkpoint_state(
    save_dir: Any, model_checkpoint_path: Any, all_model_checkpoint_paths: Sequence[Any] | None = None,
    latest_filename: str | None = None, all_model_checkpoint_timestamps: Times = None,
    last_preserved_timestamp: float | None = None,
) -> None:  # fmt: skip
    """Writes the `checkpoint` file of a folder.

    Raises:
      RuntimeError: a checkpoint would have the name of that file.
    """
    write_state(
        save_dir, model_checkpoint_path, all_model_checkpoint_paths, latest_filename, False,
        all_model_checkpoint_timestamps, last_preserved_timestamp,
    )  # fmt: skip


def write_state(
    save_dir: Any, latest: Any, paths: Sequence[Any] | None = None, latest_filename: str | None = None,
    relative: bool = False, timestamps: Times = None, last_preserved: float | None = None,
) -> None:  # fmt: skip
    """`update_checkpoint_state`; absolute paths become relative to the folder if `relative`."""
    folder = files.path_text(save_dir)
    target = state_file(folder, latest_filename)
    if relative:
        latest, *paths = [
            os.path.relpath(p, folder) if os.path.isabs(p) else p
            for p in map(files.path_text, (latest, *(paths or ())))
        ]
    state = generate_checkpoint_state_proto(folder, latest, paths, timestamps, last_preserved)
    if target == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{latest}' conflicts with path used for checkpoint state. Please use a different save path."
        )
    with NewFile(target) as file:
        file.write(text_format.MessageToString(state).encode())


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> Any:
    """The `CheckpointState` of a folder, its paths completed; None if there is none that can be read.

    Raises:
      ValueError: it names no latest checkpoint.
    """
    if isinstance(checkpoint_dir, os.PathLike):
        checkpoint_dir = os.fspath(checkpoint_dir)
    target = state_file(checkpoint_dir, latest_filename)
    try:
        if not files.exists(target):
            return None
        state = text_format.Parse(files.read_bytes(target).decode(), CheckpointState())
    except (errors.OpError, text_format.ParseError, UnicodeDecodeError) as error:
        _log.warning("%s: %s: %s. Checkpoint ignored.", type(error).__name__, target, error)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {checkpoint_dir}")
    folder = files.path_text(checkpoint_dir)

    def complete(path: str) -> str:
        return path if os.path.isabs(path) or "://" in path else os.path.join(folder, path)

    state.model_checkpoint_path = complete(state.model_checkpoint_path)
    for i, path in enumerate(state.all_model_checkpoint_paths):
        state.all_model_checkpoint_paths[i] = complete(path)
    return state


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The path of a folder's latest checkpoint, for `restore`; None if there is none.

    >>> import headrace as tf, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> tf.train.latest_checkpoint(folder) is None
    True
    >>> path = tf.train.Checkpoint(v=tf.Variable(1.0)).save(os.path.join(folder, "model"))
    >>> os.path.basename(tf.train.latest_checkpoint(folder))
    'model-1'
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if checkpoint_exists(state.model_checkpoint_path):
        return str(state.model_checkpoint_path)
    _log.error(
        "Couldn't match files for checkpoint %s: the state file names it, but it is not there.",
        state.model_checkpoint_path,
    )
    return None


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of that path, of either version."""
    prefix = files.path_text(checkpoint_prefix)
    return bundle.exists(prefix) or bool(files.glob(prefix))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[Any]) -> list[float]:
    """When each of the checkpoints was written, in seconds; those that are not there are left out."""
    times = []
    for prefix in map(files.path_text, checkpoint_prefixes):
        found = [bundle.index_name(prefix)] if bundle.exists(prefix) else files.glob(prefix)
        if found:
            times.append(files.stat(found[0]).mtime_nsec / 1e9)
    return times


def remove_checkpoint(
    checkpoint_prefix: Any, checkpoint_format_version: int = SaverDef.V2, meta_graph_suffix: str = "meta"
) -> None:
    """Removes a checkpoint and its meta graph."""
    prefix = files.path_text(checkpoint_prefix)
    _remove(meta_graph_filename(prefix, meta_graph_suffix))
    if checkpoint_format_version == SaverDef.V2:
        # The index first: without it what is left of an interrupted removal is no checkpoint.
        _remove(bundle.index_name(prefix))
        _remove(prefix + ".data-?????-of-?????")
    else:
        _remove(prefix)


def _remove(pattern: str) -> None:
    for path in files.glob(pattern):
        files.remove(path)


def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """The name of a checkpoint's meta graph: that of all shards is the same."""
    base = re.sub(r"-[\d?]+-of-\d+$", "", checkpoint_filename)
    return f"{base}.{meta_graph_suffix}"


# ---------------------------------------------------------------------------------------------------------- reading them
def _file_of(ckpt_dir_or_file: Any) -> str:
    path = files.path_text(ckpt_dir_or_file)
    if files.is_directory(path):
        found = latest_checkpoint(path)
        if found is None:
            raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {path}")
        return found
    return path


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of a checkpoint, or of the latest in a folder.

    Raises:
      ValueError: the folder has none.
      tf.errors.NotFoundError: there is no such file.
    """
    return CheckpointReader(_file_of(ckpt_dir_or_file))


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The value of a variable of a checkpoint, as an array."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Name and shape of each variable of a checkpoint, sorted by name.

    >>> import headrace as tf, os, tempfile
    >>> path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(os.path.join(tempfile.mkdtemp(), "model"))
    >>> tf.train.list_variables(path)[1]
    ('v/.ATTRIBUTES/VARIABLE_VALUE', [2])
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def checkpoints_iterator(
    checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None,
    timeout_fn: Callable[[], Any] | None = None,
) -> Iterator[str]:  # fmt: skip
    """The checkpoints of a folder as they appear there, the latest each time.

    Args:
      checkpoint_dir: the folder.
      min_interval_secs: at least so long from one to the next.
      timeout: how long to wait for a new one; for ever if None.
      timeout_fn: asked when the time is over: True ends the iteration. Without it, it ends then.
    """
    path: str | None = None
    while True:
        new = _wait_for_new(checkpoint_dir, path, timeout)
        if new is None:
            if not timeout_fn or timeout_fn():
                return
            continue
        start = time.time()
        path = new
        yield path
        rest = start + min_interval_secs - time.time()
        if rest > 0:
            time.sleep(rest)


def _wait_for_new(
    checkpoint_dir: Any, last: str | None, timeout: float | None, pause: float = 1.0
) -> str | None:
    stop = None if timeout is None else time.time() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last:
            return found
        rest = pause if stop is None else stop - time.time()
        if rest <= 0:
            return None
        time.sleep(min(pause, rest))
