"""Tensors of a run as files: one per tensor, in directories that spell its op's name, next to the graph.

    ROOT/_tfdbg_core_metadata_…                              what was fetched and fed
    ROOT/_tfdbg_device_,job_localhost,…/_tfdbg_graph_…       the graph
    ROOT/_tfdbg_device_,job_localhost,…/scope/op_0_DebugIdentity_1700000000000000

Each file is one `Event` message. The layout is that of TensorFlow's debugger, whose tools read it."""

from __future__ import annotations

import collections
import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType

PREFIX = "_tfdbg_"
CORE = "core_metadata_"
GRAPH = "graph_"
DEVICE = "device_"
FETCHES = "fetches_info_"
FEEDS = "feed_keys_info_"
IDENTITY = "DebugIdentity"

CoreMetadata = collections.namedtuple(
    "CoreMetadata",
    [
        "global_step",
        "session_run_index",
        "executor_step_index",
        "input_names",
        "output_names",
        "target_nodes",
    ],
)


class NotConvertible:
    """Stands for a tensor that has no value as an array: a resource, or one that was never computed."""

    def __init__(self, tensor_proto: Any, initialized: bool = True) -> None:
        self._proto, self.initialized = tensor_proto, initialized

    def __str__(self) -> str:
        return str(self._proto) if self.initialized else "Uninitialized tensor"


def has_inf_or_nan(datum: Any, tensor: Any) -> bool:
    """Whether a tensor of numbers has a NaN or an infinity: a predicate for `DebugDumpDir.find`.

    >>> import numpy as np
    >>> from headrace.debugger import has_inf_or_nan
    >>> has_inf_or_nan(None, np.array([1.0, np.inf]))
    True
    """
    if not isinstance(tensor, (np.ndarray, np.generic)):
        return False
    if tensor.dtype.kind == "V":  # small floats
        tensor = tensor.astype(np.float32)
    return tensor.dtype.kind in "fc" and not bool(np.isfinite(tensor).all())


# ----------------------------------------------------------------------------------------------------------------- writing
class Writer:
    """Writes what a run computes below `root`."""

    def __init__(self, root: str, device: str) -> None:
        self.root, self.device = root, device
        self.directory = os.path.join(root, device_directory(device))
        os.makedirs(self.directory, exist_ok=True)
        self._last = 0

    def tensor(self, name: str, slot: int, array: np.ndarray, dtype: DType) -> None:
        """One output of the op `name`."""
        from headrace.proto import event_pb2

        event = event_pb2.Event(wall_time=self._now() / 1e6)
        value = event.summary.value.add(tag=name, node_name=f"{name}:{slot}:{IDENTITY}")
        _fill(value.tensor, array, dtype)
        folder = os.path.join(self.directory, *name.split("/")[:-1])
        os.makedirs(folder, exist_ok=True)
        _write(os.path.join(folder, f"{name.split('/')[-1]}_{slot}_{IDENTITY}_{self._last}"), event)

    def _now(self) -> int:
        """Microseconds, never the same twice: they say in which order ops ran."""
        import time

        self._last = max(time.time_ns() // 1000, self._last + 1)
        return self._last

    def graph(self, message: Any) -> None:
        from headrace.proto import event_pb2

        event = event_pb2.Event(wall_time=self._now() / 1e6, graph_def=message.SerializeToString())
        _write(os.path.join(self.directory, f"{PREFIX}{GRAPH}hash{self._last}"), event)

    def run(self, index: int, fetches: str, feeds: Sequence[str], targets: Sequence[str]) -> None:
        """What was fetched and fed."""
        core = {
            "global_step": -1,
            "session_run_index": index,
            "executor_step_index": index,
            "input_names": sorted(feeds),
            "output_names": [fetches],
            "target_nodes": list(targets),
        }
        self._log(f"{CORE}sessionrun{index:014d}", json.dumps(core))
        self._log(FETCHES, fetches)
        self._log(FEEDS, str(sorted(feeds)))

    def _log(self, name: str, text: str) -> None:
        from headrace.proto import event_pb2

        event = event_pb2.Event(wall_time=self._now() / 1e6)
        event.log_message.message = text
        _write(os.path.join(self.root, PREFIX + name), event)


def _fill(message: Any, array: np.ndarray, dtype: DType) -> None:
    message.dtype = dtype.as_datatype_enum
    for d in array.shape:
        message.tensor_shape.dim.add(size=d)
    if dtype is dtypes.string:
        message.string_val.extend([s if isinstance(s, bytes) else str(s).encode() for s in array.reshape(-1)])
    elif dtype.kind not in "rv":
        message.tensor_content = np.ascontiguousarray(array).tobytes()


def _write(path: str, event: Any) -> None:
    with open(path, "wb") as file:
        file.write(event.SerializeToString())


def operation_named(graph: Any, name: str) -> Any:
    """The operation of a name; of `outer/inner` one inside of a loop, a branch or a function.

    Raises:
      KeyError: there is none."""
    from headrace.ops.functional import inner_graphs

    found = graph._by_name.get(name)
    if found is not None:
        return found
    for outer in graph.operations:
        if name.startswith(outer.name + "/"):
            for inside in inner_graphs(outer):
                try:
                    return operation_named(inside, name[len(outer.name) + 1 :])
                except KeyError:
                    continue
    raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")


def device_directory(device: str) -> str:
    """`/job:localhost/device:CPU:0` as a directory's name."""
    return PREFIX + DEVICE + ",".join([part.replace(":", "_") for part in device.split("/")])


def _device_name(directory: str) -> str:
    parts = os.path.basename(directory)[len(PREFIX) + len(DEVICE) :].split(",")
    return "/".join([p.replace("device_", "device:").replace("_", ":", 1) for p in parts])


# ----------------------------------------------------------------------------------------------------------------- reading
def read_event(path: str) -> Any:
    """The `Event` of a file.

    Raises:
      NotFoundError: there is no such file.
      DataLossError: it holds no event."""
    from google.protobuf.message import DecodeError

    from headrace.core import errors
    from headrace.proto import event_pb2

    try:
        with open(path, "rb") as file:
            return event_pb2.Event.FromString(file.read())
    except FileNotFoundError:
        raise errors.NotFoundError(None, None, f"{path}: there is no such file.") from None
    except DecodeError as error:
        raise errors.DataLossError(None, None, f"{path} does not hold an event: {error}") from None


def load_tensor_from_event(event: Any) -> Any:
    """The array in an `Event`; an object that says so if it has none."""
    from headrace.io.tensor_proto import array_of

    message = event.summary.value[0].tensor
    n = int(np.prod([d.size for d in message.tensor_shape.dim], dtype=np.int64))
    if not message.tensor_content and not message.string_val and n:
        return NotConvertible(message, initialized=False)
    return array_of(message)


def load_tensor_from_event_file(event_file_path: str) -> Any:
    """The array in a file of a dump."""
    return load_tensor_from_event(read_event(event_file_path))


class DebugTensorDatum:
    """One tensor of a dump: whose it is, when it was computed, and the file with its value.

    Args:
      dump_root: the dump's directory.
      debug_dump_rel_path: the file, relative to it: `_tfdbg_device_…/scope/op_0_DebugIdentity_TIME`.

    Raises:
      ValueError: the file's name is no such name.
    """

    def __init__(self, dump_root: str, debug_dump_rel_path: str) -> None:
        parts = os.path.normpath(debug_dump_rel_path).split(os.sep)
        name, *rest = parts[-1].rsplit("_", 3)
        if len(rest) != 3:
            raise ValueError(f"{parts[-1]!r} is no name of a dumped tensor: NODE_SLOT_OP_TIME.")
        self.device_name = _device_name(parts[0])
        self.node_name = "/".join([*parts[1:-1], name])
        self.output_slot, self.debug_op = int(rest[0]), rest[1]
        self.extended_timestamp = rest[2]
        self.timestamp = int(rest[2].partition("-")[0])
        self.file_path = os.path.join(dump_root, debug_dump_rel_path)

    @property
    def tensor_name(self) -> str:
        return f"{self.node_name}:{self.output_slot}"

    @property
    def watch_key(self) -> str:
        return f"{self.tensor_name}:{self.debug_op}"

    @property
    def dump_size_bytes(self) -> int | None:
        return os.path.getsize(self.file_path) if os.path.exists(self.file_path) else None

    def get_tensor(self) -> Any:
        """The value."""
        return load_tensor_from_event_file(self.file_path)

    def __repr__(self) -> str:
        return f"{{DebugTensorDatum ({self.device_name}) {self.tensor_name} @ {self.debug_op} @ {self.timestamp}}}"


class DebugDumpDir:
    """The tensors of one run, in the order in which they were computed.

    Args:
      dump_root: the directory of the dump.
      partition_graphs: `GraphDef`s to use if the dump has none.
      validate: whether every tensor must be that of an op of the graph.

    Raises:
      OSError: there is no such directory.
      ValueError: a tensor is of no op in the graph.
    """

    def __init__(self, dump_root: str, partition_graphs: Any = None, validate: bool = True) -> None:
        if not os.path.isdir(dump_root):
            raise OSError(f"Dump root directory {dump_root} does not exist")
        self._root = dump_root
        self._graphs: dict[str, Any] = {}
        self._data: list[DebugTensorDatum] = []
        self._python_graph: Any = None
        self.core_metadata: Any = None
        self.run_fetches_info: Any = None
        self.run_feed_keys_info: Any = None
        for entry in sorted(os.listdir(dump_root)):
            path = os.path.join(dump_root, entry)
            if entry.startswith(PREFIX + DEVICE) and os.path.isdir(path):
                self._load_device(path)
            elif entry.startswith(PREFIX + CORE):
                self.core_metadata = CoreMetadata(**json.loads(read_event(path).log_message.message))
            elif entry.startswith(PREFIX + FETCHES):
                self.run_fetches_info = read_event(path).log_message.message
            elif entry.startswith(PREFIX + FEEDS):
                self.run_feed_keys_info = read_event(path).log_message.message
        if not self._graphs and partition_graphs:
            for device in {d.device_name for d in self._data}:
                self._graphs[device] = partition_graphs[0]
        self._data.sort(key=lambda d: (d.timestamp, d.extended_timestamp))
        self._nodes: dict[str, Any] = {n.name: n for g in self._graphs.values() for n in g.node}
        if validate and self._nodes:
            for datum in self._data:
                if datum.node_name not in self._nodes:
                    raise ValueError(f"Node name '{datum.node_name}' is not found in partition graphs.")

    def _load_device(self, path: str) -> None:
        from headrace.proto import graph_pb2

        for folder, _, files in os.walk(path):
            for name in files:
                file = os.path.join(folder, name)
                if name.startswith(PREFIX + GRAPH):
                    graph = graph_pb2.GraphDef.FromString(read_event(file).graph_def)
                    self._graphs[_device_name(path)] = graph
                else:
                    self._data.append(DebugTensorDatum(self._root, os.path.relpath(file, self._root)))

    # -------------------------------------------------------------------------------------------------------- the tensors
    @property
    def dumped_tensor_data(self) -> list[DebugTensorDatum]:
        """All tensors, in the order of their computation."""
        return list(self._data)

    @property
    def size(self) -> int:
        """How many tensors there are."""
        return len(self._data)

    @property
    def t0(self) -> int | None:
        """When the first tensor was computed, in microseconds."""
        return self._data[0].timestamp if self._data else None

    def find(
        self,
        predicate: Callable[[DebugTensorDatum, Any], bool],
        first_n: int = 0,
        device_name: str | None = None,
        exclude_node_names: str | None = None,
    ) -> list[DebugTensorDatum]:
        """The tensors of which `predicate(datum, array)` is true, the first computed first.

        Args:
          predicate: for example `has_inf_or_nan`.
          first_n: stops after so many; 0: finds all.
          device_name: looks only at that device's.
          exclude_node_names: a regular expression: leaves out ops whose names match.
        """
        import re

        self._check_device(device_name)
        excluded = re.compile(exclude_node_names) if exclude_node_names else None
        found: list[DebugTensorDatum] = []
        for datum in self._data:
            if device_name and datum.device_name != device_name:
                continue
            if excluded and excluded.match(datum.node_name):
                continue
            if predicate(datum, datum.get_tensor()):
                found.append(datum)
                if len(found) == first_n:
                    break
        return found

    def debug_watch_keys(self, node_name: str, device_name: str | None = None) -> list[str]:
        """`name:slot:op` of each watched output of an op."""
        return sorted({d.watch_key for d in self._of(device_name) if d.node_name == node_name})

    def _check_device(self, name: str | None) -> None:
        if name is not None and name not in self.devices():
            raise ValueError(f"Specified device_name '{name}' is not found. The dump has {self.devices()}.")

    def _of(self, device_name: str | None) -> list[DebugTensorDatum]:
        """The tensors of a device; of all, if None."""
        self._check_device(device_name)
        return [d for d in self._data if device_name in (None, d.device_name)]

    def watch_key_to_data(
        self, debug_watch_key: str, device_name: str | None = None
    ) -> list[DebugTensorDatum]:
        """The tensors of a watched output: several, if it is in a loop."""
        return [d for d in self._of(device_name) if d.watch_key == debug_watch_key]

    def _watched(
        self, node_name: str, output_slot: int, debug_op: str, device_name: str | None
    ) -> list[DebugTensorDatum]:
        key = f"{node_name}:{output_slot}:{debug_op}"
        found = self.watch_key_to_data(key, device_name)
        if not found:
            raise ValueError(f'Watch key "{key}" does not exist in the debug dump')
        return found

    def get_tensors(
        self, node_name: str, output_slot: int, debug_op: str = IDENTITY, device_name: str | None = None
    ) -> list[Any]:
        """The values of an output, one per time it was computed.

        Raises:
          ValueError: it was not watched."""
        return [d.get_tensor() for d in self._watched(node_name, output_slot, debug_op, device_name)]

    def get_tensor_file_paths(
        self, node_name: str, output_slot: int, debug_op: str = IDENTITY, device_name: str | None = None
    ) -> list[str]:
        """The files with the values of an output."""
        return [d.file_path for d in self._watched(node_name, output_slot, debug_op, device_name)]

    def get_rel_timestamps(
        self, node_name: str, output_slot: int, debug_op: str = IDENTITY, device_name: str | None = None
    ) -> list[int]:
        """Microseconds after `t0` at which an output was computed."""
        return [
            d.timestamp - (self.t0 or 0) for d in self._watched(node_name, output_slot, debug_op, device_name)
        ]

    def get_dump_sizes_bytes(
        self, node_name: str, output_slot: int, debug_op: str = IDENTITY, device_name: str | None = None
    ) -> list[int | None]:
        """The sizes of the files of an output."""
        return [d.dump_size_bytes for d in self._watched(node_name, output_slot, debug_op, device_name)]

    # ---------------------------------------------------------------------------------------------------------- the graph
    def devices(self) -> list[str]:
        """Names of the devices."""
        return sorted({*self._graphs, *[d.device_name for d in self._data]})

    def partition_graphs(self) -> list[Any]:
        """The graph, as `GraphDef`s."""
        return list(self._graphs.values())

    reconstructed_non_debug_partition_graphs = partition_graphs

    def loaded_partition_graphs(self) -> bool:
        """Whether the dump has its graph."""
        return bool(self._graphs)

    def nodes(self, device_name: str | None = None) -> list[str]:
        """Names of the ops."""
        return list(self._nodes_of(device_name))

    def _nodes_of(self, device_name: str | None) -> dict[str, Any]:
        """The ops of a device, by name; of all, if None."""
        if device_name is None:
            return self._nodes
        self._check_device(device_name)
        graph = self._graphs.get(device_name)
        return {} if graph is None else {n.name: n for n in graph.node}

    def node_exists(self, node_name: str, device_name: str | None = None) -> bool:
        """Whether there is an op of that name."""
        return node_name in self._nodes_of(device_name)

    def _node(self, name: str, device_name: str | None = None) -> Any:
        try:
            return self._nodes_of(device_name)[name]
        except KeyError:
            raise ValueError(f"Node '{name}' does not exist in partition graphs.") from None

    def node_op_type(self, node_name: str, device_name: str | None = None) -> str:
        """The type of an op."""
        return self._node(node_name, device_name).op

    def node_device(self, node_name: str) -> str:
        """The device of an op."""
        return self._node(node_name).device

    def node_attributes(self, node_name: str, device_name: str | None = None) -> dict[str, Any]:
        """The attributes of an op, as `AttrValue` messages."""
        return dict(self._node(node_name, device_name).attr)

    def node_inputs(
        self, node_name: str, is_control: bool = False, device_name: str | None = None
    ) -> list[str]:
        """Names of an op's inputs (`op`, or `op:1`), or of what it waits for."""
        inputs = list(self._node(node_name, device_name).input)
        return [n[1:] for n in inputs if n[0] == "^"] if is_control else [n for n in inputs if n[0] != "^"]

    def node_recipients(
        self, node_name: str, is_control: bool = False, device_name: str | None = None
    ) -> list[str]:
        """Names of the ops that take an op's outputs, or wait for it."""
        self._node(node_name, device_name)
        return [
            other
            for other in self._nodes_of(device_name)
            if node_name in [n.partition(":")[0] for n in self.node_inputs(other, is_control)]
        ]

    def transitive_inputs(
        self,
        node_name: str,
        include_control: bool = True,
        include_reversed_ref: bool = False,
        device_name: str | None = None,
    ) -> list[str]:
        """Names of all ops that an op depends on.

        Raises:
          UnimplementedError: `include_reversed_ref`: references are followed in their own direction only.
        """
        if include_reversed_ref:
            from headrace.core import errors

            raise errors.UnimplementedError(
                None, None, "include_reversed_ref=True is not supported: leave it out to follow inputs alone."
            )
        self._node(node_name, device_name)
        nodes = self._nodes_of(device_name)
        found: dict[str, None] = {}
        stack = [node_name]
        while stack:
            name = stack.pop()
            inputs = self.node_inputs(name) + (self.node_inputs(name, True) if include_control else [])
            for other in [n.partition(":")[0] for n in inputs]:
                if other not in found and other in nodes:
                    found[other] = None
                    stack.append(other)
        return list(found)

    def set_python_graph(self, python_graph: Any) -> None:
        """The program's graph, for `node_traceback`."""
        self._python_graph = python_graph

    @property
    def python_graph(self) -> Any:
        """What `set_python_graph` set."""
        return self._python_graph

    def node_traceback(self, element_name: str) -> list[tuple[str, int, str]]:
        """The user's line that made an op: `(file, line, function)`.

        Raises:
          LookupError: `set_python_graph` was not called.
          KeyError: there is no such op."""
        if self._python_graph is None:
            raise LookupError("Python graph is not available for traceback lookup: call set_python_graph.")
        return operation_named(self._python_graph, element_name.partition(":")[0]).traceback

    def site(self, node_name: str) -> str:
        """`file.py:12`, where the user's program made an op; empty if nobody knows."""
        node = self._nodes.get(node_name)
        return node.attr["_made_at"].s.decode() if node is not None and "_made_at" in node.attr else ""

    def __iter__(self) -> Iterator[DebugTensorDatum]:
        return iter(self._data)
