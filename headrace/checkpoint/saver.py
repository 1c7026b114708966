"""`tf.compat.v1.train.Saver`: saves variables of a graph by name, and keeps the last few checkpoints."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from typing import Any

from headrace.core import errors
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.io import files
from headrace.proto.checkpoint_pb2 import SaverDef
from headrace.session import logs
from headrace.session.keys import GraphKeys

from . import directory
from .saveable import SaveableObject, SaveSpec, by_name, known_shape, saveables


# ---------------------------------------------------------------------------------------------------- a graph's operations
def _group(nodes: Sequence[Any], name: str) -> Any:
    with get_default_graph().control_dependencies(nodes):
        return lookup("NoOp")(name=name)


def _after(nodes: Sequence[Any], value: Any) -> Any:
    with get_default_graph().control_dependencies(nodes):
        return lookup("Identity")(value, name="control_dependency")


def _save(filename: Any, items: Sequence[SaveableObject], version: int) -> Any:
    specs = [spec for item in items for spec in item.specs]
    kind = "SaveV2" if version == SaverDef.V2 else "SaveSlices"
    names, slices = _named(specs, kind)
    return lookup(kind)(filename, names, slices, [s.tensor for s in specs], name=kind)


def _named(specs: Sequence[SaveSpec], kind: str) -> tuple[Any, Any]:
    names = to_tensor([s.name for s in specs], name=f"{kind}/tensor_names")
    return names, to_tensor([s.slice_spec for s in specs], name=f"{kind}/shape_and_slices")


def _read(filename: Any, specs: Sequence[SaveSpec]) -> list[Any]:
    return list(lookup("RestoreV2")(
        filename, *_named(specs, "RestoreV2"), dtypes=[s.dtype for s in specs], name="RestoreV2"
    ))  # fmt: skip


def _by_device(items: Sequence[SaveableObject]) -> list[tuple[str, list[SaveableObject]]]:
    """What is on each device: a sharded checkpoint has a file for each."""
    groups: dict[str, list[SaveableObject]] = {}
    for item in items:
        groups.setdefault(item.device or "", []).append(item)
    return sorted(groups.items())


def _sharded_save(filename: Any, items: Sequence[SaveableObject], version: int) -> Any:
    groups = _by_device(items)
    count = to_tensor(len(groups), name="num_shards")
    base = filename
    if version == SaverDef.V2:  # into a folder of their own first; merging moves them from there
        base = lookup("StringJoin")([filename, f"_temp_{uuid.uuid4().hex}/part"])
    names, nodes = [], []
    for i, (device, group) in enumerate(groups):
        with get_default_graph().device(device or None):
            names.append(lookup("ShardedFilename")(base, i, count, name="ShardedFilename"))
            nodes.append(_save(names[-1], group, version))
    with get_default_graph().control_dependencies(nodes):
        if version != SaverDef.V2:
            return lookup("ShardedFilespec")(filename, count)
        merged = lookup("MergeV2Checkpoints")(
            lookup("Pack")(names), filename, delete_old_dirs=True, name="MergeV2Checkpoints"
        )
    return _after([merged], filename)


def _restore(
    filename: Any, items: Sequence[SaveableObject], reshape: bool, sequentially: bool, name: str
) -> Any:
    specs = [spec for item in items for spec in item.specs]
    graph = get_default_graph()
    tensors: list[Any] = []
    if not sequentially:
        tensors = _read(filename, specs)
    nodes: list[Any] = []
    for item in items:
        before = nodes[-1:] if sequentially else []
        with graph.control_dependencies(before):
            if sequentially:
                values = _read(filename, item.specs)
            else:
                values, tensors = tensors[: len(item.specs)], tensors[len(item.specs) :]
            shapes = [known_shape(s.tensor) for s in item.specs] if reshape else None
            nodes.append(item.restore(values, shapes))
    return _group(nodes, name)


def _build(
    items: Sequence[SaveableObject], reshape: bool, sharded: bool, max_to_keep: int, every: float, name: str | None,
    sequentially: bool, filename: str, version: int, build_save: bool = True, build_restore: bool = True,
) -> Any:  # fmt: skip
    """Adds the operations to the graph; returns the `SaverDef` that names them."""
    graph = get_default_graph()
    with graph.name_scope(name or "save"):
        # Two, of which the second is fed: TensorFlow's graphs have it so.
        given = lookup("PlaceholderWithDefault")(
            to_tensor(filename, name="filename/input"), shape=(), name="filename"
        )
        path = lookup("PlaceholderWithDefault")(given, shape=(), name="Const")
        saved: Any = None
        restored: Any = None
        if build_save:
            saved = (
                _sharded_save(path, items, version)
                if sharded
                else _after([_save(path, items, version)], path)
            )
        if build_restore:
            if sharded:
                shards = []
                for device, group in _by_device(items):
                    with graph.device(device or None):
                        shards.append(_restore(path, group, reshape, sequentially, "restore_shard"))
                restored = _group(shards, "restore_all")
            else:
                restored = _restore(path, items, reshape, sequentially, "restore_all")
    return SaverDef(
        filename_tensor_name=path.name, save_tensor_name="" if saved is None else saved.name,
        restore_op_name="" if restored is None else restored.name, max_to_keep=max_to_keep, sharded=sharded,
        keep_checkpoint_every_n_hours=every, version=version,  # type: ignore[arg-type]
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ the class
class Saver:
    """Saves and restores variables. In a graph its operations are added when it is made, and sessions run them.

    Args:
      var_list: the variables, or a dict of them by the name to save them under; all of the graph by default.
      reshape: gives restored values the variables' shapes, where they have as many elements in another shape.
      sharded: writes a file for each device.
      max_to_keep: how many checkpoints are kept; None or 0 for all.
      keep_checkpoint_every_n_hours: one of every so many hours is kept for good.
      name: a prefix for the operations.
      restore_sequentially: one variable after the other, which takes less memory.
      saver_def: instead of building operations, those that it names.
      builder: not supported.
      defer_build: `build()` will be called when the graph is complete.
      allow_empty: no error if there are no variables; saving and restoring do nothing then.
      write_version: `SaverDef.V2` (the default) or `SaverDef.V1`. Both can be restored.
      pad_step_number: writes the step with eight digits.
      save_relative_paths: the folder's `checkpoint` file has relative paths, so that the folder can be moved.
      filename: the path that `saver_def.filename_tensor_name` has if nothing is fed.

    Raises:
      ValueError: there is nothing to save, or names collide.
      TypeError: something cannot be saved.

    >>> import headrace as tf, os, tempfile
    >>> v1 = tf.compat.v1
    >>> folder = tempfile.mkdtemp()
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     w = v1.get_variable("w", initializer=[1.0, 2.0])
    ...     saver = v1.train.Saver()
    ...     _ = sess.run(w.initializer)
    ...     path = saver.save(sess, os.path.join(folder, "model"), global_step=3, write_meta_graph=False)
    ...     _ = sess.run(w.assign([0.0, 0.0]))
    ...     saver.restore(sess, path)
    ...     os.path.basename(path), sess.run(w).tolist()
    ('model-3', [1.0, 2.0])
    """

    def __init__(
        self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False,
        saver_def: Any = None, builder: Any = None, defer_build: bool = False, allow_empty: bool = False,
        write_version: int = SaverDef.V2, pad_step_number: bool = False, save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:  # fmt: skip
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None."
            )
        if builder is not None:
            raise NotImplementedError(
                "Saver takes no `builder`: make SaveableObjects of what is to be saved in another way."
            )
        if state.graph is None and var_list is None:
            raise RuntimeError(
                "When eager execution is enabled, `var_list` must specify a list or dict of variables to save"
            )
        if saver_def is not None:
            _check(saver_def)
            write_version = saver_def.version
        self._var_list, self._reshape, self._sharded = var_list, reshape, sharded
        self._max_to_keep, self._keep_every = max_to_keep, keep_checkpoint_every_n_hours
        self._name, self._sequentially, self._filename = name, restore_sequentially, filename
        self.saver_def, self._allow_empty, self._write_version = saver_def, allow_empty, write_version
        self._pad, self._relative = pad_step_number, save_relative_paths
        self._is_built = self._is_empty = False
        self._last_checkpoints: list[tuple[str, float]] = []
        self._to_delete: list[tuple[str, float]] = []
        self._next_kept: float | None = None
        if state.graph is None:
            if sharded and write_version != SaverDef.V2:
                raise NotImplementedError("Sharded checkpoints of version 1 are written by sessions only.")
            self._next_kept = time.time() + keep_checkpoint_every_n_hours * 3600
            self._is_built = True
        elif not defer_build:
            self.build()
        if self.saver_def is not None:
            _check(self.saver_def)
            self._write_version = self.saver_def.version

    def build(self) -> None:
        """Adds the operations to the graph, if that was deferred."""
        if state.graph is None:
            raise RuntimeError("Use save/restore instead of build in eager mode.")
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            items = self._items()
            if items is None:
                return
            self.saver_def = _build(
                items, self._reshape, self._sharded, self._max_to_keep or 0, self._keep_every, self._name,
                self._sequentially, self._filename or "model", self._write_version,
            )  # fmt: skip
        elif self.saver_def and self._name:
            for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
                setattr(self.saver_def, field, f"{self._name}/{getattr(self.saver_def, field)}")
        _check(self.saver_def)
        self._next_kept = time.time() + self.saver_def.keep_checkpoint_every_n_hours * 3600

    def _items(self) -> list[SaveableObject] | None:
        if self._var_list is None:
            graph = get_default_graph()
            self._var_list = graph.get_collection(GraphKeys.GLOBAL_VARIABLES) + graph.get_collection(
                GraphKeys.SAVEABLE_OBJECTS
            )
        if not self._var_list:
            if not self._allow_empty:
                raise ValueError("No variables to save")
            self._is_empty = True
            return None
        self._is_empty = False
        return saveables(by_name(self._var_list))

    # ------------------------------------------------------------------------------------------------------------- saving
    def save(
        self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None,
        meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True,
        strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> str | None:  # fmt: skip
        """Writes a checkpoint, and the meta graph beside it.

        Args:
          sess: the session whose values are saved (None in eager mode).
          save_path: what the files' names begin with.
          global_step: a number, or a tensor of one, that is added to the name.
          latest_filename: the name of the folder's state file; "checkpoint" by default.
          meta_graph_suffix, strip_default_attrs, save_debug_info: of the meta graph.
          write_meta_graph, write_state: whether the meta graph and the state file are written.

        Returns:
          The checkpoint's path, for `restore`; None if there is nothing to save.

        Raises:
          TypeError: `sess` is no session.
          ValueError: the folder does not exist, or the names collide.
          RuntimeError: `build` was not called.
          FailedPreconditionError: a variable has no value.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = latest_filename or "checkpoint"
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        save_path = files.path_text(save_path)
        eager = state.graph is None and sess is None
        if not eager and not _is_session(sess):
            raise TypeError(f"'sess' must be a Session; {sess}")
        if global_step is not None:
            if not isinstance(global_step, int):
                global_step = int(sess.run(global_step)) if sess is not None else int(global_step)
            step = f"{global_step:08d}" if self._pad else str(global_step)
            target = f"{save_path}-{step}"
        else:
            target = save_path
            if os.path.basename(save_path) == latest_filename and not self._sharded:
                raise ValueError(
                    f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{save_path}'"
                )
        folder = os.path.dirname(save_path)
        path: str | None = None
        if not self._is_empty:
            try:
                path = self._save_eagerly(target) if eager else self._save_in(sess, target)
            except (errors.FailedPreconditionError, errors.NotFoundError) as error:
                if folder and not files.is_directory(folder):
                    raise ValueError(f"Parent directory of {save_path} doesn't exist, can't save.") from error
                raise
            if path is not None and write_state:
                self._record(path)
                directory.write_state(
                    folder, path, self.last_checkpoints, latest_filename, self._relative,
                    [t for _, t in self._last_checkpoints], self._next_kept,
                )  # fmt: skip
                self._delete_old(meta_graph_suffix)
        if write_meta_graph and not eager:
            with sess.graph.as_default():
                self.export_meta_graph(
                    directory.meta_graph_filename(target, meta_graph_suffix),
                    strip_default_attrs=strip_default_attrs, save_debug_info=save_debug_info,
                )  # fmt: skip
        return path

    def _save_in(self, sess: Any, target: str) -> str:
        return str(self._run(sess, "save_tensor_name", target).decode())

    def _run(self, sess: Any, what: str, path: str) -> Any:
        """Runs what the definition names; ValueError if that is not in the graph, as in damaged meta graphs."""
        found = []
        for field in ("filename_tensor_name", what):
            name = getattr(self.saver_def, field)
            try:
                found.append(sess.graph.as_graph_element(name))
            except (KeyError, ValueError) as error:
                raise ValueError(f"The saver's {field} is {name!r}: {error.args[0]}") from None
        filename, fetch = found
        return sess.run(fetch, {filename: path})

    def _save_eagerly(self, target: str) -> str | None:
        items = self._items()
        if items is None:
            return None
        _save(target, items, self._write_version)
        return target

    def _record(self, path: str) -> None:
        if not self._max_to_keep_now():
            return
        self._last_checkpoints = [entry for entry in self._last_checkpoints if entry[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self._max_to_keep_now():
            self._to_delete.append(self._last_checkpoints.pop(0))

    def _max_to_keep_now(self) -> int:
        return (self.saver_def.max_to_keep if self.saver_def is not None else self._max_to_keep) or 0

    def _delete_old(self, meta_graph_suffix: str) -> None:
        if not self._to_delete:
            return
        path, when = self._to_delete.pop(0)
        every = (
            self.saver_def.keep_checkpoint_every_n_hours if self.saver_def is not None else self._keep_every
        )
        if self._next_kept is not None and when > self._next_kept:
            self._next_kept += every * 3600
            return
        try:
            directory.remove_checkpoint(path, self._write_version, meta_graph_suffix)
        except errors.OpError as error:  # what cannot be removed must not stop the training
            logs.warning("Ignoring: %s", error)

    # ---------------------------------------------------------------------------------------------------------- restoring
    def restore(self, sess: Any, save_path: Any) -> None:
        """Gives the variables the values of a checkpoint; they need not be initialised.

        Args:
          sess: the session (None in eager mode).
          save_path: what `save` or `latest_checkpoint` returned.

        Raises:
          ValueError: there is no such checkpoint.
          NotFoundError: a variable is not in it.
          InvalidArgumentError: a variable has another shape or type there.
          DataLossError: it is damaged.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        path = files.path_text(save_path)
        if not directory.checkpoint_exists(path):
            raise ValueError("The passed save_path is not a valid checkpoint: " + path)
        logs.info("Restoring parameters from %s", path)
        try:
            if state.graph is None and sess is None:
                _restore_eagerly(path, self._items() or [], self._reshape)
            else:
                self._run(sess, "restore_op_name", path)
        except errors.NotFoundError as error:
            if not self._restore_objects(sess, path):
                raise _explained(error, "a Variable name or other graph key that is missing") from error
        except errors.InvalidArgumentError as error:
            raise _explained(error, "a mismatch between the current graph and the graph") from error

    def _restore_objects(self, sess: Any, path: str) -> bool:
        """From a checkpoint of a tree of objects, which has the names that variables were given beside its own keys."""
        from .object_graph import keys_by_full_name
        from .reader import open_checkpoint

        if self._var_list is None:
            return False
        with open_checkpoint(path) as reader:
            keys = keys_by_full_name(reader)
            items = saveables(by_name(self._var_list))
            wanted = {s.name for item in items for s in item.specs}
            if keys is None or not wanted <= set(keys):
                return False
            logs.warning(
                "Restoring an object-based checkpoint using a name-based saver. This may be somewhat fragile; use "
                "tf.train.Checkpoint for checkpoints that it wrote."
            )
            for item in items:
                for spec in item.specs:
                    item.op.load(reader.tensor(keys[spec.name]), sess)
        return True

    # -------------------------------------------------------------------------------------------------- what there is
    @property
    def last_checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are kept, oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Says which checkpoints there are; they count as old. (`set_last_checkpoints_with_time` knows better.)"""
        if not isinstance(last_checkpoints, list):
            raise TypeError(f"last_checkpoints must be a list, received {type(last_checkpoints).__name__}.")
        self._last_checkpoints = [(path, float("inf")) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Sequence[tuple[str, float]]) -> None:
        """Says which checkpoints there are, and when they were written."""
        if not isinstance(last_checkpoints_with_time, list):
            raise TypeError(
                f"last_checkpoints must be a list, received {type(last_checkpoints_with_time).__name__}."
            )
        self._last_checkpoints = list(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Takes up the keeping of checkpoints after a restart: those of the paths that are still there."""
        there = [p for p in checkpoint_paths if directory.checkpoint_exists(p)]
        self.set_last_checkpoints_with_time(list(zip(there, directory.get_checkpoint_mtimes(there))))

    # ------------------------------------------------------------------------------------------------------------ protos
    def as_saver_def(self) -> Any:
        """The `SaverDef` that names this saver's operations."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The `SaverDef`, its names without the scope; None if they are not in it."""
        if export_scope is None:
            return self.saver_def
        prefix = f"{export_scope}/"
        if not (self.saver_def.filename_tensor_name.startswith(prefix) and self.saver_def.save_tensor_name.startswith(prefix)
                and self.saver_def.restore_op_name.startswith(prefix)):  # fmt: skip
            return None
        out = SaverDef()
        out.CopyFrom(self.saver_def)
        for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
            setattr(out, field, getattr(out, field).removeprefix(prefix))
        return out

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """A saver of the operations that a `SaverDef` names, below a scope they were imported into."""
        own = SaverDef()
        own.CopyFrom(saver_def)
        return Saver(saver_def=own, name=import_scope)

    def export_meta_graph(
        self, filename: str | None = None, collection_list: Any = None, as_text: bool = False,
        export_scope: str | None = None, clear_devices: bool = False, clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> Any:  # fmt: skip
        """Writes the graph with its collections and this saver; returns the `MetaGraphDef`."""
        from headrace.graphs.meta import export_meta_graph

        return export_meta_graph(
            filename=filename, saver_def=self.saver_def, collection_list=collection_list, as_text=as_text,
            export_scope=export_scope, clear_devices=clear_devices, clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs, save_debug_info=save_debug_info,
        )  # fmt: skip


def _is_session(sess: Any) -> bool:
    return hasattr(sess, "run") and hasattr(sess, "graph")


def _check(saver_def: Any) -> None:
    if not isinstance(saver_def, SaverDef):
        raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {saver_def}")
    if not saver_def.save_tensor_name:
        raise ValueError(f"saver_def must specify the save_tensor_name: {saver_def}")
    if not saver_def.restore_op_name:
        raise ValueError(f"saver_def must specify the restore_op_name: {saver_def}")


def _explained(error: errors.OpError, cause: str) -> errors.OpError:
    return type(error)(
        error.node_def,
        error.op,
        f"Restoring from checkpoint failed. This is most likely due to {cause} from the checkpoint. Please ensure that you "
        f"have not altered the graph expected based on the checkpoint. Original error:\n\n{error}",
    )


# ---------------------------------------------------------------------------------------------------------- eagerly
def _restore_eagerly(path: str, items: Sequence[SaveableObject], reshape: bool) -> None:
    for item in items:
        values = _read(path, item.specs)
        item.restore(values, [known_shape(s.tensor) for s in item.specs] if reshape else None)
