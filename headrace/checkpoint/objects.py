"""`tf.train.Checkpoint`: saves and restores a tree of objects, by the names of attributes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.state import init_scope, state
from headrace.core.tensor import EagerTensor
from headrace.core.trackable import AutoTrackable, Trackable
from headrace.io import files
from headrace.proto.checkpoint_pb2 import TrackableObjectGraph
from headrace.session.stack import get_default_session

from . import directory
from .bundle import BundleWriter
from .object_graph import GRAPH_KEY, read_graph
from .reader import open_checkpoint
from .restoration import InitializationOnlyStatus, LoadStatus, NamedStatus, Restoration, not_there
from .tree import Tree, attribute_of, full_name, is_container, object_key, values_of


class CheckpointOptions:
    """How checkpoints are written.

    Args:
      experimental_write_callbacks: functions to call when a checkpoint has been written, of its path or of nothing.
      experimental_skip_slot_variables: whether optimizers' slots are left out; there are none among objects here.

    The others are for other devices and threads; they must be left as they are.
    """

    def __init__(
        self, experimental_io_device: Any = None, experimental_enable_async_checkpoint: bool = False,
        experimental_write_callbacks: Any = None, enable_async: bool = False,
        experimental_skip_slot_variables: bool = False, experimental_sharding_callback: Any = None,
    ) -> None:  # fmt: skip
        refused = {
            "experimental_io_device": experimental_io_device,
            "experimental_enable_async_checkpoint": experimental_enable_async_checkpoint,
            "enable_async": enable_async,
            "experimental_sharding_callback": experimental_sharding_callback,
        }
        for name, value in refused.items():
            if value:
                raise NotImplementedError(
                    f"CheckpointOptions({name}={value!r}) is not supported: checkpoints are written by the thread that saves, "
                    "into one file."
                )
        self.experimental_io_device, self.experimental_sharding_callback = None, None
        self.experimental_enable_async_checkpoint = self.enable_async = False
        self.experimental_write_callbacks = list(experimental_write_callbacks or ())
        self.experimental_skip_slot_variables = experimental_skip_slot_variables


def _refuse_tracing(what: str) -> None:
    graph = state.graph
    if graph is not None and graph.building_function:
        raise NotImplementedError(
            f"Checkpoint.{what} was called while a tf.function is traced: it would happen once, not in each call. Call it "
            "outside of the tf.function."
        )


def _called(callbacks: list[Callable[..., Any]], path: str) -> None:
    import inspect

    for callback in callbacks:
        takes = len(inspect.signature(callback).parameters)
        callback(path) if takes else callback()


def write_tree(prefix: str, root: Any, attached: dict[str, Any], session: Any = None) -> None:
    """Writes the values of all objects below `root`, and the tree they make."""
    tree = Tree(root, attached)
    graph = TrackableObjectGraph()
    tensors: dict[str, Any] = {}
    for obj, path, children in zip(tree.objects, tree.paths, tree.children):
        node = graph.nodes.add()
        for name, index in children.items():
            node.children.add(node_id=index, local_name=name)
        base, seen = object_key(path), set()
        for name, tensor in values_of(obj).items():
            attribute, suffix = attribute_of(obj, name)
            key = f"{base}/{attribute}"
            if attribute not in seen:
                seen.add(attribute)
                node.attributes.add(name=attribute, full_name=full_name(obj), checkpoint_key=key)
            tensors[key + suffix] = tensor
    _mark(graph)
    symbolic = {k: t for k, t in tensors.items() if not isinstance(t, EagerTensor) and _of_graph(t)}
    if symbolic:
        session = session or get_default_session()
        if session is None:
            raise RuntimeError("Variables of a graph are saved in a session: pass `session`, or enter one.")
        tensors |= session.run(symbolic)
    with BundleWriter(prefix) as writer:
        for key in sorted([GRAPH_KEY, *tensors]):
            if key == GRAPH_KEY:
                box = np.empty((), object)
                box[()] = graph.SerializeToString()
                writer.add(key, box)
            else:
                writer.add(key, *_array(tensors[key]))


def _mark(graph: Any) -> None:
    """Says of each node whether there are values in it or below."""
    parents: dict[int, list[int]] = {}
    for i, node in enumerate(graph.nodes):
        for child in node.children:
            parents.setdefault(child.node_id, []).append(i)
    stack = [i for i, node in enumerate(graph.nodes) if node.attributes]
    valued = set(stack)
    while stack:
        for parent in parents.get(stack.pop(), ()):
            if parent not in valued:
                valued.add(parent)
                stack.append(parent)
    for i, node in enumerate(graph.nodes):
        node.has_checkpoint_values.SetInParent()
        if i in valued:
            node.has_checkpoint_values.value = True


def _of_graph(value: Any) -> bool:
    return getattr(value, "_graph", None) is not None or (
        hasattr(value, "graph") and not hasattr(value, "_state")
    )


def _array(value: Any) -> tuple[np.ndarray, Any]:
    if hasattr(value, "value") and not isinstance(value, (EagerTensor, np.ndarray)):
        value = value.value()
    if isinstance(value, EagerTensor):
        return value._host(), value._dtype
    array = np.asarray(value)
    if array.dtype.kind in "SUO":
        array = np.frompyfunc(lambda v: v.encode() if isinstance(v, str) else v, 1, 1)(array.astype(object))
        array = np.asarray(array, object)
    return array, dtypes.from_numpy(array.dtype)


class Checkpoint(AutoTrackable):
    """Groups objects to save them together and to restore them.

    Args:
      root: an object whose attributes are saved under their own names.
      **kwargs: objects, lists or dicts of them by name.

    Raises:
      ValueError: an argument holds no state that could be saved.

    Names come from attributes: a program that restores makes objects of the same structure. An object that does not exist
    yet gets its values as it is assigned.

    >>> import headrace as tf, os, tempfile
    >>> w = tf.Variable([1.0, 2.0])
    >>> checkpoint = tf.train.Checkpoint(w=w, layers=[tf.Variable(3.0)])
    >>> path = checkpoint.save(os.path.join(tempfile.mkdtemp(), "model"))
    >>> os.path.basename(path)
    'model-1'
    >>> _ = w.assign([0.0, 0.0])
    >>> _ = checkpoint.restore(path).assert_consumed()
    >>> w.numpy().tolist()
    [1.0, 2.0]
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self._save_counter: Any = None
        self._self_untracked = frozenset({"_save_counter", "_root", "_attached"})
        self._attached = {}
        for name, value in {"root": root, **kwargs}.items():
            if (value is None and name == "root") or isinstance(value, Trackable) or is_container(value):
                continue
            raise ValueError(
                f"`Checkpoint` was expecting {name} to be a trackable object (an object derived from `Trackable`), got {value}. "
                "Pass tf.Variables, tf.Modules, Keras models and optimizers, or lists and dicts of these."
            )
        self._root = root
        for name, value in kwargs.items():
            setattr(self, name, value)
            if root is not None:
                there = root._trackable_children("checkpoint").get(name, value)
                if there is not value:
                    raise ValueError(
                        f"Cannot create a Checkpoint with keyword argument {name} if root.{name} already exists as another "
                        "object."
                    )
                self._attached[name] = value

    @property
    def _saved_root(self) -> Any:
        return self if self._root is None else self._root

    def _extra(self) -> dict[str, Any]:
        """Children of the saved root that are not its attributes."""
        counter = {} if self._save_counter is None else {"save_counter": self._save_counter}
        return (dict(self._attached) if self._root is not None else {}) | counter

    @property
    def save_counter(self) -> Any:
        """How often `save` was called: a variable, saved with the rest."""
        if self._save_counter is None:
            from headrace.api.variables import Variable

            with init_scope():
                self._save_counter = Variable(0, name="save_counter", dtype=dtypes.int64, trainable=False)
            self._saved_root._resolve("save_counter", self._save_counter)
        return self._save_counter

    # ------------------------------------------------------------------------------------------------------------- saving
    def write(self, file_prefix: Any, options: CheckpointOptions | None = None, session: Any = None) -> str:
        """Writes a checkpoint of exactly that name, for `read`. Neither the counter nor the folder's state file changes.

        Returns:
          The path.

        Raises:
          FailedPreconditionError: a variable has no value.
        """
        _refuse_tracing("write")
        prefix = files.path_text(file_prefix)
        folder = os.path.dirname(prefix)
        if folder:
            files.make_directories(folder)
        with init_scope():
            write_tree(prefix, self._saved_root, self._extra(), session)
        if options is not None:
            _called(options.experimental_write_callbacks, prefix)
        return prefix

    def save(self, file_prefix: Any, options: CheckpointOptions | None = None, session: Any = None) -> str:
        """Writes a checkpoint, numbered, for `restore`; the folder's `checkpoint` file says it is the latest.

        Args:
          file_prefix: what the files' names begin with; "-1", "-2" … is added.
          options: a `CheckpointOptions`.
          session: of variables of a graph; the default one, if not given.

        Returns:
          The path, with the number.
        """
        _refuse_tracing("save")
        number = self._next(session)
        path = Checkpoint.write(self, f"{files.path_text(file_prefix)}-{number}", None, session)
        directory.write_state(os.path.dirname(path), path, [path], relative=True)
        if options is not None:
            _called(options.experimental_write_callbacks, path)
        return path

    def _next(self, session: Any = None) -> int:
        """Counts a save."""
        counter = self.save_counter
        if getattr(counter, "_graph", None) is None:
            return int(counter.assign_add(1).numpy())
        session = session or get_default_session()
        if session is None:
            raise RuntimeError("Variables of a graph are saved in a session: pass `session`, or enter one.")
        if not session.run(counter.is_initialized()):
            counter.load(0, session)
        counter.load(session.run(counter.read_value()) + 1, session)
        return int(session.run(counter.read_value()))

    # ---------------------------------------------------------------------------------------------------------- restoring
    def read(self, save_path: Any, options: CheckpointOptions | None = None) -> Any:
        """Restores what `write` wrote. As `restore`, but for the counter."""
        _refuse_tracing("read")
        path = _checkpoint_of(files.path_text(save_path))
        try:
            with open_checkpoint(path) as reader:
                graph = read_graph(reader)
        except errors.NotFoundError as error:
            raise not_there(files.path_text(save_path), error) from None
        if graph is None:
            return NamedStatus(path, self._saved_root, self._extra())
        restoration = Restoration(path, graph)
        restoration.bind(self._saved_root, 0, self._extra())
        return LoadStatus(restoration, self._saved_root, self._extra())

    def restore(self, save_path: Any, options: CheckpointOptions | None = None) -> Any:
        """Brings the objects to the state of a checkpoint; those that come later get theirs then.

        Args:
          save_path: what `save` or `tf.train.latest_checkpoint` returned; also a checkpoint that a
            `tf.compat.v1.train.Saver` wrote, whose variables are found by their names. None restores nothing.
          options: a `CheckpointOptions`.

        Returns:
          A status with `assert_consumed()`, `assert_existing_objects_matched()`, `expect_partial()` ….

        Raises:
          NotFoundError: there is no such checkpoint.
          ValueError: a variable has another shape there.
          InvalidArgumentError: a variable has another type there.
          DataLossError: it is damaged.
        """
        _refuse_tracing("restore")
        if save_path is None:
            return InitializationOnlyStatus(self._saved_root, self._extra())
        counter = self.save_counter  # so that it is restored with the rest
        status = self.read(save_path, options)
        if isinstance(status, NamedStatus):
            status.optional.add(id(counter))
        else:
            status._attached = self._extra()
        return status


def _checkpoint_of(path: str) -> str:
    """The variables of a SavedModel, if the path is one."""
    inside = os.path.join(path, "variables", "variables")
    return inside if files.is_directory(path) and directory.checkpoint_exists(inside) else path


class CheckpointView:
    """The tree of objects that a checkpoint was written from.

    >>> import headrace as tf, os, tempfile
    >>> path = tf.train.Checkpoint(v=tf.Variable(1.0)).save(os.path.join(tempfile.mkdtemp(), "model"))
    >>> tf.train.CheckpointView(path).children(0)
    {'v': 1, 'save_counter': 2}
    """

    def __init__(self, save_path: Any) -> None:
        with open_checkpoint(save_path) as reader:
            self._graph = read_graph(reader)
        if self._graph is None:
            raise ValueError(f"{save_path} has no object graph: it was not written by tf.train.Checkpoint.")

    def children(self, node_id: int) -> dict[str, int]:
        """The ids of a node's children, by name."""
        return {c.local_name: c.node_id for c in self._graph.nodes[node_id].children}

    def descendants(self) -> list[int]:
        """The ids of all nodes, breadth first from the root."""
        found = [0]
        for node in found:  # which grows meanwhile
            found += [i for i in dict.fromkeys(self.children(node).values()) if i not in found]
        return found

    def match(self, obj: Any) -> dict[int, Any]:
        """Which object below `obj` each node would be restored to."""
        from .tree import children_of

        root = obj._saved_root if isinstance(obj, Checkpoint) else obj
        matched: dict[int, Any] = {0: root}
        queue = [0]
        for node in queue:  # which grows meanwhile
            below = children_of(matched[node])
            for name, child in self.children(node).items():
                if name in below and child not in matched:
                    matched[child] = below[name]
                    queue.append(child)
        return matched

    def diff(self, obj: Any) -> tuple[list[Any], list[int], dict[int, Any]]:
        """Objects that no node matches, nodes that no object matches, and what matches."""
        root = obj._saved_root if isinstance(obj, Checkpoint) else obj
        matched = self.match(obj)
        known = {id(o) for o in matched.values()}
        objects = [o for o in Tree(root, {}).objects if id(o) not in known]
        return objects, [i for i in self.descendants() if i not in matched], matched


__all__ = ["Checkpoint", "CheckpointOptions", "CheckpointView"]
