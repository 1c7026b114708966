"""`tf.compat.v1.profiler`: parameters, FLOPs and times of a graph, by name scope or by op type."""

from __future__ import annotations

import copy
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headrace.core import errors
from headrace.core.errors import invalid
from headrace.core.graph import Graph, Operation, get_default_graph

from .costs import UnknownShape, flops
from .per_op import DEVICE
from .report import _number
from .roots import VARIABLES

ROOT_NAME = "_TFProfRoot"
TRAINABLE = "_trainable_variables"
_DEFAULTS: dict[str, Any] = {
    "max_depth": 100, "min_bytes": 0, "min_micros": 0, "min_params": 0, "min_float_ops": 0, "min_occurrence": 0,
    "order_by": "name", "account_type_regexes": [".*"], "start_name_regexes": [".*"], "trim_name_regexes": [],
    "show_name_regexes": [".*"], "hide_name_regexes": [], "account_displayed_op_only": False, "select": ["micros"],
    "step": -1, "output": "stdout",
}  # fmt: skip
# What can be selected -> the field of the message, and what a report calls it. The total is `total_` and the field.
_FIELDS = {
    "params": ("parameters", "parameters"),
    "float_ops": ("float_ops", "float_ops"),
    "micros": ("exec_micros", "microseconds"),
    "bytes": ("requested_bytes", "bytes"),
    "occurrence": ("", "occurrences"),
}
_LIMITS = {"min_params": "parameters", "min_float_ops": "float_ops", "min_micros": "exec_micros", "min_bytes": "requested_bytes"}  # fmt: skip


class ProfileOptionBuilder:
    """Builds the options of `profile`; the class methods give the usual ones.

    >>> import headrace as tf
    >>> options = tf.compat.v1.profiler.ProfileOptionBuilder(
    ...     tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    >>> options["select"], options["output"]
    (['float_ops'], 'none')
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._options = copy.deepcopy(dict(options)) if options is not None else copy.deepcopy(_DEFAULTS)

    @staticmethod
    def trainable_variables_parameter() -> dict[str, Any]:
        """Options that count the parameters of trainable variables."""
        return {
            **copy.deepcopy(_DEFAULTS), "max_depth": 10000, "account_type_regexes": [TRAINABLE],
            "account_displayed_op_only": True, "select": ["params"],
        }  # fmt: skip

    @staticmethod
    def float_operation() -> dict[str, Any]:
        """Options that count floating-point operations."""
        return {
            **copy.deepcopy(_DEFAULTS), "max_depth": 10000, "min_float_ops": 1, "order_by": "float_ops",
            "account_displayed_op_only": True, "select": ["float_ops"],
        }  # fmt: skip

    @staticmethod
    def time_and_memory(
        min_micros: int = 1, min_bytes: int = 1, min_accelerator_micros: int = 0, min_cpu_micros: int = 0,
        min_peak_bytes: int = 0, min_residual_bytes: int = 0, min_output_bytes: int = 0,
    ) -> dict[str, Any]:  # fmt: skip
        """Options that show the times of a traced run. Compiled programs have no memory per op: `min_bytes` must be 0 or 1."""
        other = (min_accelerator_micros, min_cpu_micros, min_peak_bytes, min_residual_bytes, min_output_bytes)
        if any(other) or min_bytes > 1:
            raise errors.UnimplementedError(
                None,
                None,
                "Only min_micros can be chosen: a compiled run has one time per step, and no memory per op.",
            )
        return {
            **copy.deepcopy(_DEFAULTS), "max_depth": 10000, "min_micros": min_micros, "order_by": "micros",
            "account_displayed_op_only": True, "select": ["micros"],
        }  # fmt: skip

    def build(self) -> dict[str, Any]:
        """The options, to be passed to `profile`."""
        return copy.deepcopy(self._options)

    def _with(self, **options: Any) -> ProfileOptionBuilder:
        self._options.update(options)
        return self

    def with_max_depth(self, max_depth: int) -> ProfileOptionBuilder:
        """Shows at most so many levels."""
        return self._with(max_depth=max_depth)

    def with_min_parameters(self, min_params: int) -> ProfileOptionBuilder:
        """Shows only what has at least so many parameters."""
        return self._with(min_params=min_params)

    def with_min_float_operations(self, min_float_ops: int) -> ProfileOptionBuilder:
        """Shows only what needs at least so many operations."""
        return self._with(min_float_ops=min_float_ops)

    def with_min_execution_time(
        self, min_micros: int = 0, min_accelerator_micros: int = 0, min_cpu_micros: int = 0
    ) -> ProfileOptionBuilder:
        """Shows only what took at least so long."""
        if min_accelerator_micros or min_cpu_micros:
            raise errors.UnimplementedError(
                None, None, "Steps have one time: use min_micros, for all devices together."
            )
        return self._with(min_micros=min_micros)

    def with_min_occurrence(self, min_occurrence: int) -> ProfileOptionBuilder:
        """Shows only op types that occur at least so often."""
        return self._with(min_occurrence=min_occurrence)

    def with_accounted_types(self, account_type_regexes: Sequence[str]) -> ProfileOptionBuilder:
        """Counts only ops of types that match one of these."""
        return self._with(account_type_regexes=list(account_type_regexes))

    def with_node_names(
        self, start_name_regexes: Sequence[str] | None = None, show_name_regexes: Sequence[str] | None = None,
        hide_name_regexes: Sequence[str] | None = None, trim_name_regexes: Sequence[str] | None = None,
    ) -> ProfileOptionBuilder:  # fmt: skip
        """Begins at nodes that match, shows those that match, hides some, or leaves out some with all below them."""
        given = {
            "start_name_regexes": start_name_regexes, "show_name_regexes": show_name_regexes,
            "hide_name_regexes": hide_name_regexes, "trim_name_regexes": trim_name_regexes,
        }  # fmt: skip
        return self._with(**{k: list(v) for k, v in given.items() if v is not None})

    def account_displayed_op_only(self, is_true: bool) -> ProfileOptionBuilder:
        """Whether totals are those of shown ops only."""
        return self._with(account_displayed_op_only=is_true)

    def with_empty_output(self) -> ProfileOptionBuilder:
        """Prints nothing."""
        return self._with(output="none")

    def with_stdout_output(self) -> ProfileOptionBuilder:
        """Prints the report."""
        return self._with(output="stdout")

    def with_file_output(self, outfile: str) -> ProfileOptionBuilder:
        """Writes the report to a file."""
        return self._with(output=f"file:outfile={outfile}")

    def order_by(self, attribute: str) -> ProfileOptionBuilder:
        """Sorts by "name", "params", "float_ops", "micros" or "occurrence"."""
        return self._with(order_by=attribute)

    def select(self, attributes: Sequence[str]) -> ProfileOptionBuilder:
        """Shows these: "params", "float_ops", "micros", "occurrence"."""
        return self._with(select=list(attributes))


def profile(
    graph: Graph | None = None,
    run_meta: Any = None,
    op_log: Any = None,
    cmd: str = "scope",
    options: Any = None,
) -> Any:
    """Counts parameters and floating-point operations of a graph's ops.

    Args:
      graph: the default graph, if not given.
      run_meta: the `RunMetadata` of a traced run: its steps are shown with their times.
      op_log: an `OpLogProto` with FLOPs and types to add to those known.
      cmd: "scope" (a tree of name scopes) or "op" (by op type).
      options: what `ProfileOptionBuilder` builds; times, if not given.

    Returns:
      A `GraphNodeProto` (for "op" a `MultiGraphNodeProto`) with `.total_float_ops`, `.total_parameters`, `.children`.

    Raises:
      ValueError: an option that does not exist.
      InvalidArgumentError: a `cmd` that does not exist.
      UnimplementedError: `cmd` is "graph" or "code".

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.matmul(tf.zeros([8, 16]), tf.zeros([16, 32]))
    >>> options = v1.profiler.ProfileOptionBuilder(v1.profiler.ProfileOptionBuilder.float_operation())
    >>> v1.profiler.profile(graph, options=options.with_empty_output().build()).total_float_ops
    8192
    """
    graph = get_default_graph() if graph is None else graph
    chosen = {**_DEFAULTS, **(options if options is not None else {})}
    _check(chosen, cmd)
    nodes = list(_nodes(graph, run_meta, op_log))
    message = _by_type(nodes, chosen) if cmd == "op" else _by_scope(nodes, chosen)
    output = chosen["output"]
    if output == "none":
        return message
    text = _text(message, chosen, cmd)
    if output == "stdout":
        sys.stdout.write(text)
    else:
        with open(output.partition("outfile=")[2], "w", encoding="utf-8") as file:
            file.write(text)
    return message


def _check(options: Mapping[str, Any], cmd: str) -> None:
    if cmd in ("graph", "code"):
        raise errors.UnimplementedError(
            None, None, f"cmd={cmd!r} is not supported: use 'scope' (by name scopes) or 'op' (by op types)."
        )
    if cmd not in ("op", "scope"):
        raise invalid(f"unknown cmd: {cmd}; use 'scope' or 'op'.")
    unknown = [s for s in options["select"] if s not in _FIELDS]
    if unknown or options["order_by"] not in ("name", *_FIELDS):
        raise ValueError(
            f"select={list(options['select'])}, order_by={options['order_by']!r}: choose among {sorted(_FIELDS)}, and "
            "'name' to order by."
        )
    output = options["output"]
    if output not in ("none", "stdout") and not output.startswith("file:outfile="):
        raise ValueError(f"output={output!r}: use 'none', 'stdout' or 'file:outfile=PATH'.")


class _Entry:
    """One op of the graph (or one step of a traced run), and what is known of it."""

    def __init__(self, name: str, types: Iterable[str], node: Operation | None = None) -> None:
        self.name, self.types, self.node = name, set(types), node
        self.values = dict.fromkeys(("parameters", "float_ops", "exec_micros", "requested_bytes"), 0)


def _nodes(graph: Graph, run_meta: Any, op_log: Any) -> Iterable[_Entry]:
    trainable = {getattr(v, "op", v).name for v in graph.get_collection("trainable_variables")}
    logged = {e.name: e for e in op_log.log_entries} if op_log is not None else {}
    times: dict[str, int] = {}
    devices = list(run_meta.step_stats.dev_stats) if run_meta is not None else []
    estimates = [d for d in devices if d.device.endswith(DEVICE)]  # the same time again, op by op
    for device in estimates or devices:
        for step in device.node_stats:
            times[step.node_name] = times.get(step.node_name, 0) + step.all_end_rel_micros
    for node in graph.operations:
        entry = _Entry(node.name, [node.type, *([node.device] if node.device else [])], node)
        if node.name in trainable:
            entry.types.add(TRAINABLE)
        if node.type in VARIABLES:
            shape = node.attrs.get("shape")
            entry.values["parameters"] = math.prod(shape) if shape is not None and None not in shape else 0
        try:
            entry.values["float_ops"] = flops(node, others=False) or 0
        except UnknownShape:
            pass  # as TensorFlow does: what is not known counts nothing
        if node.name in logged:
            entry.types.update(logged[node.name].types)
            entry.values["float_ops"] = logged[node.name].float_ops or entry.values["float_ops"]
        entry.values["exec_micros"] = times.pop(node.name, 0)
        yield entry
    for name, micros in times.items():  # steps of several ops
        entry = _Entry(name, ["Compiled" if name.startswith("compiled") else "Host"])
        entry.values["exec_micros"] = micros
        yield entry


def _matches(patterns: Sequence[str], names: Iterable[str]) -> bool:
    return any(re.fullmatch(p, n) for p in patterns for n in names)


def _shown(entry: _Entry, options: Mapping[str, Any]) -> bool:
    return (
        _matches(options["account_type_regexes"], entry.types)
        and _matches(options["show_name_regexes"], [entry.name])
        and not _matches(options["hide_name_regexes"], [entry.name])
        and all(entry.values[key] >= options[limit] for limit, key in _LIMITS.items())
    )


def _sorted(messages: list[Any], options: Mapping[str, Any]) -> list[Any]:
    by = options["order_by"]
    if by == "name":
        return sorted(messages, key=lambda m: m.name)
    field = _FIELDS[by][0]
    return sorted(messages, key=lambda m: (-getattr(m, f"total_{field}") if field else -m.total_definition_count, m.name))  # fmt: skip


def _by_scope(entries: list[_Entry], options: Mapping[str, Any]) -> Any:
    from headrace.proto import profile_pb2

    below: dict[str, list[str]] = {}
    own = {e.name: e for e in entries}
    for name in own:
        while name:  # every scope around it is a node, too
            parent = name.rpartition("/")[0]
            children = below.setdefault(parent, [])
            if name in children:
                break
            children.append(name)
            name = parent

    def visit(name: str, depth: int, started: bool) -> tuple[list[Any], dict[str, int]]:
        """The messages for a node (those of its children, if it is not shown itself), and what it counts for."""
        started = started or _matches(options["start_name_regexes"], [name])
        entry = own.get(name) or _Entry(name, [])
        found = [visit(child, depth + 1, started) for child in below.get(name, ())]
        trimmed = name != "" and _matches(options["trim_name_regexes"], [name])
        children = [] if trimmed else [m for messages, _ in found for m in messages]
        shown = started and name != "" and not trimmed and _shown(entry, options)
        counted = (
            dict(entry.values) if shown or (not options["account_displayed_op_only"] and started) else {}
        )
        if not _matches(options["account_type_regexes"], entry.types):
            counted = {}
        sums = dict.fromkeys(entry.values, 0)
        for part in [counted, *[s for _, s in found]]:
            for key, value in part.items():
                sums[key] += value
        if not shown:
            return children, sums
        message = _message(entry)
        _total(message, sums, children, options, depth)
        return [message], sums

    children, sums = visit("", 0, False)
    root = profile_pb2.GraphNodeProto(name=ROOT_NAME)
    _total(root, sums, children, options, 0)
    return root


def _total(
    message: Any, sums: Mapping[str, int], children: list[Any], options: Mapping[str, Any], depth: int
) -> None:
    for key, value in sums.items():
        setattr(message, f"total_{key}", value)
    message.total_definition_count = 1 + sum(m.total_definition_count for m in children)
    if depth < options["max_depth"]:
        message.children.extend(_sorted(children, options))


def _message(entry: _Entry) -> Any:
    from headrace.io.tensor_proto import shape_proto
    from headrace.proto import profile_pb2

    message = profile_pb2.GraphNodeProto(name=entry.name)
    for key, value in entry.values.items():
        setattr(message, key, value)
    if entry.node is not None:
        if entry.node.type in VARIABLES and entry.node.attrs.get("shape") is not None:
            message.shapes.append(shape_proto(entry.node.attrs["shape"]))
        for i, t in enumerate(entry.node.inputs):
            if t._raw_shape is not None:
                message.input_shapes[i].CopyFrom(shape_proto(t._raw_shape))
    return message


def _by_type(entries: list[_Entry], options: Mapping[str, Any]) -> Any:
    from headrace.proto import profile_pb2

    rows: dict[str, Any] = {}
    for entry in entries:
        for kind in sorted(entry.types):
            if entry.node is not None and kind not in (entry.node.type, TRAINABLE):
                continue
            if not _matches(options["account_type_regexes"], [kind]):
                continue
            row = rows.setdefault(kind, profile_pb2.MultiGraphNodeProto(name=kind))
            for key, value in entry.values.items():
                setattr(row, key, getattr(row, key) + value)
            one = row.graph_nodes.add()
            one.CopyFrom(_message(entry))
            one.total_definition_count = 1
            for key, value in entry.values.items():
                setattr(one, f"total_{key}", value)
    kept = [
        r for r in rows.values() if len(r.graph_nodes) >= options["min_occurrence"] and _shown_row(r, options)
    ]
    by = options["order_by"]
    kept.sort(key=lambda r: r.name)
    if by != "name":
        field = _FIELDS[by][0]
        kept.sort(key=lambda r: -getattr(r, field) if field else -len(r.graph_nodes))
    root = profile_pb2.MultiGraphNodeProto(name=ROOT_NAME)
    inner: Any = None
    sums = dict.fromkeys(("parameters", "float_ops", "exec_micros", "requested_bytes"), 0)
    for row in reversed(kept):  # each row holds the next one
        for name in sums:
            sums[name] += getattr(row, name)
            setattr(row, f"total_{name}", sums[name])
        if inner is not None:
            row.children.append(inner)
        inner = row
    for name in sums:
        setattr(root, f"total_{name}", sums[name])
    if inner is not None:
        root.children.append(inner)
    return root


def _shown_row(row: Any, options: Mapping[str, Any]) -> bool:
    return (
        _matches(options["show_name_regexes"], [row.name])
        and not _matches(options["hide_name_regexes"], [row.name])
        and all(getattr(row, key) >= options[limit] for limit, key in _LIMITS.items())
    )


def _text(message: Any, options: Mapping[str, Any], cmd: str) -> str:
    selected = [s for s in options["select"] if s != "occurrence" or cmd == "op"]
    lines = [" | ".join(["name", *[_FIELDS[s][1] for s in selected]])]

    def cells(m: Any) -> list[str]:
        out = []
        for s in selected:
            field = _FIELDS[s][0]
            if not field:
                out.append(str(len(m.graph_nodes)))
            elif cmd == "op":
                out.append(_number(getattr(m, field)))
            else:
                out.append(f"{_number(getattr(m, field))} of {_number(getattr(m, f'total_{field}'))}")
        return out

    def visit(m: Any, depth: int) -> None:
        lines.append(" | ".join([("  " * depth if cmd == "scope" else "") + m.name, *cells(m)]))
        for child in m.children:
            visit(child, depth + 1)

    if cmd == "scope":
        visit(message, 0)
    else:
        for child in message.children:
            visit(child, 0)
    return "\n".join(lines) + "\n"


class Profiler:
    """Profiles of several steps of one graph.

    Args:
      graph: the default graph, if not given.
      op_log: an `OpLogProto` with FLOPs and types to add.
    """

    def __init__(self, graph: Graph | None = None, op_log: Any = None) -> None:
        self._graph = get_default_graph() if graph is None else graph
        self._op_log = op_log
        self._steps: dict[int, Any] = {}

    def add_step(self, step: int, run_meta: Any) -> None:
        """Adds what was seen of a step."""
        self._steps[step] = run_meta

    def _profile(self, cmd: str, options: Mapping[str, Any]) -> Any:
        step = options.get("step", -1)
        if step >= 0 and step not in self._steps:
            raise ValueError(f"There is no step {step}; there are {sorted(self._steps)}.")
        run_meta = self._steps.get(step if step >= 0 else max(self._steps, default=-1))
        return profile(self._graph, run_meta, self._op_log, cmd, options)

    def profile_operations(self, options: Mapping[str, Any]) -> Any:
        """By op type: a `MultiGraphNodeProto`."""
        return self._profile("op", options)

    def profile_name_scope(self, options: Mapping[str, Any]) -> Any:
        """By name scope: a `GraphNodeProto`."""
        return self._profile("scope", options)

    def profile_graph(self, options: Mapping[str, Any]) -> Any:
        """Not supported: raises UnimplementedError."""
        return self._profile("graph", options)

    def profile_python(self, options: Mapping[str, Any]) -> Any:
        """Not supported: raises UnimplementedError."""
        return self._profile("code", options)

    def advise(self, options: Mapping[str, Any]) -> Any:
        """Not supported: raises UnimplementedError."""
        return advise(self._graph)


def advise(graph: Graph | None = None, run_meta: Any = None, options: Any = None) -> Any:
    """Not supported.

    Raises:
      UnimplementedError: always; `headrace graph` shows what runs on the host and why.
    """
    raise errors.UnimplementedError(
        None, None, "There is no adviser. `headrace graph FILE` shows which ops run on the host and why."
    )


def write_op_log(
    graph: Graph, log_dir: str, op_log: Any = None, run_meta: Any = None, add_trace: bool = True
) -> None:
    """Writes `tfprof_log`, an `OpLogProto` with the FLOPs and types of a graph's ops, to a directory.

    Args:
      graph: the graph.
      log_dir: an existing directory.
      op_log: entries to add to.
      run_meta: must be None: shapes that are not known cannot be learned from a compiled run.
      add_trace: whether the line that made each op is written.
    """
    if run_meta is not None:
        raise errors.UnimplementedError(
            None, None, "run_meta: a compiled run does not tell shapes. Leave it out."
        )
    from headrace.proto import profile_pb2

    log = profile_pb2.OpLogProto()
    if op_log is not None:
        log.ParseFromString(op_log.SerializeToString())
    entries = {e.name: e for e in log.log_entries}
    numbers: dict[str, int] = {}

    def number(text: str) -> int:
        if text not in numbers:
            numbers[text] = len(log.id_to_string) + 1
            log.id_to_string[numbers[text]] = text
        return numbers[text]

    for node in _nodes(graph, None, None):
        traced = add_trace and node.node is not None and node.node.traceback
        if not (node.values["float_ops"] or TRAINABLE in node.types or traced):
            continue
        entry = entries.get(node.name) or log.log_entries.add(name=node.name)
        entry.float_ops = entry.float_ops or node.values["float_ops"]
        entry.types.extend(sorted(node.types & {TRAINABLE} - set(entry.types)))
        for path, line, function in node.node.traceback if traced and node.node is not None else ():
            entry.code_def.traces.add(file_id=number(path), lineno=line, function_id=number(function))
    with open(os.path.join(log_dir, "tfprof_log"), "wb") as file:
        file.write(log.SerializeToString())
