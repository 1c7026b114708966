"""Variables that start from a checkpoint: `init_from_checkpoint`, and `warm_start` with new vocabularies."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from headrace.api.variables import Variable
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.io import files
from headrace.ops.state import ASSIGN
from headrace.session import logs
from headrace.session.keys import GraphKeys
from headrace.session.partitions import PartitionedVariable
from headrace.session.variable_store import store

from .directory import _file_of, load_checkpoint
from .saveable import name_of


# ---------------------------------------------------------------------------------------------------- init_from_checkpoint
def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Replaces the initialisers of variables of the graph: they take their values from a checkpoint.

    Args:
      ckpt_dir_or_file: a checkpoint, or a folder, whose latest is taken.
      assignment_map: a dict, or pairs, of what is in the checkpoint and what gets it: `"name": variable`,
        `"name": [parts of a variable]`, `"name": "scope/name"`, `"scope/": "other/"` (all below it that are there),
        `"/": "scope/"`.

    Raises:
      ValueError: a name is in neither, or shapes differ.

    >>> import headrace as tf, os, tempfile
    >>> v1 = tf.compat.v1
    >>> path = os.path.join(tempfile.mkdtemp(), "model")
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     old = v1.get_variable("old", initializer=[1.0, 2.0])
    ...     _ = sess.run(old.initializer)
    ...     _ = v1.train.Saver().save(sess, path)
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     new = v1.get_variable("new", [2])
    ...     v1.train.init_from_checkpoint(path, {"old": new})
    ...     _ = sess.run(new.initializer)
    ...     sess.run(new).tolist()
    [1.0, 2.0]
    """
    path = _file_of(ckpt_dir_or_file)
    reader = load_checkpoint(path)
    shapes = reader.get_variable_to_shape_map()
    pairs = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    for there, here in pairs:
        if isinstance(here, (Variable, PartitionedVariable, list, tuple)):
            _start_from(path, shapes, there, here)
        elif here.endswith("/"):
            _scope_from(path, shapes, there, here)
        else:
            found = _variables().get(here)
            if found is None:
                raise ValueError(
                    f"Variable {here} is not found in current graph. It has: {sorted(_variables())}"
                )
            _start_from(path, shapes, there, found)


def _variables() -> dict[str, Any]:
    """What `get_variable` made, by name."""
    return dict(store().variables)


def _scope_from(path: str, shapes: Mapping[str, Any], there: str, scope: str) -> None:
    if not there.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only {there}. Should be 'scope/': 'other_scope/'."
        )
    prefix = "" if scope == "/" else scope
    below = there.removeprefix("/") if there == "/" else there
    for name, variable in sorted(_variables().items()):
        if not name.startswith(prefix):
            continue
        full = below + name[len(prefix) :]
        if full not in shapes:
            raise ValueError(f"Tensor {full} ({name} in {scope}) is not found in {path} checkpoint")
        _start_from(path, shapes, full, variable)


def _start_from(path: str, shapes: Mapping[str, Any], name: str, variable: Any) -> None:
    parts = list(variable) if isinstance(variable, (list, tuple, PartitionedVariable)) else [variable]
    if name not in shapes:
        raise ValueError(f"Tensor {name} is not found in {path} checkpoint")
    info = getattr(parts[0], "_save_slice_info", None)
    whole = list(info.full_shape) if info is not None else parts[0].shape.as_list()
    if len(parts) == 1 and info is None and not parts[0].shape.is_compatible_with(shapes[name]):
        raise ValueError(
            f"Shape of variable {parts[0].name} ({whole}) doesn't match with shape of tensor {name} ({shapes[name]}) from "
            "checkpoint reader."
        )
    if info is not None and whole != list(shapes[name]):
        raise ValueError(
            f"Shape of variable {info.full_name} ({whole}) doesn't match with shape of tensor {name} ({shapes[name]}) from "
            "checkpoint reader."
        )
    for part in parts:
        own = getattr(part, "_save_slice_info", None)
        spec = "" if own is None else own.spec
        _set_initial(part, partial(_restored, path, name, spec, part.dtype.base_dtype))
    logs.debug("Initialize variable %s from checkpoint %s with %s", [p.name for p in parts], path, name)


def _restored(path: str, name: str, spec: str, dtype: Any) -> Any:
    return lookup("RestoreV2")(path, [name], [spec], dtypes=[dtype], name="checkpoint_initializer")[0]


def _set_initial(variable: Any, make: Callable[[], Any]) -> None:
    """Gives a variable of a graph another initial value."""
    graph = variable.graph
    with graph.as_default(), graph.control_dependencies(None), graph.name_scope("init_from_checkpoint"):
        value = make()
        value.set_shape(variable.shape)
        variable._initial_value = value
        assign = ASSIGN(variable.handle, value, name="Assign")
        variable._initializer = getattr(assign, "op", assign)  # of a reference it gives the reference


# ------------------------------------------------------------------------------------------------------------ warm_start
class VocabInfo(
    namedtuple(
        "VocabInfo",
        [
            "new_vocab",
            "new_vocab_size",
            "num_oov_buckets",
            "old_vocab",
            "old_vocab_size",
            "backup_initializer",
            "axis",
        ],
    )
):
    """The vocabulary that the rows (`axis` 0) or columns (1) of a variable stand for, and the one they stood for.

    Args:
      new_vocab, new_vocab_size: a file with an entry per line, and how many of them count.
      num_oov_buckets: rows for entries that are not in it.
      old_vocab, old_vocab_size: those of the checkpoint; -1 for all lines.
      backup_initializer: gives values to entries that are new (zeros by default).
      axis: 0 for embeddings, 1 for the weights of an output layer.
    """

    def __new__(
        cls, new_vocab: Any, new_vocab_size: int, num_oov_buckets: int, old_vocab: Any, old_vocab_size: int = -1,
        backup_initializer: Any = None, axis: int = 0,
    ) -> VocabInfo:  # fmt: skip
        if axis not in (0, 1):
            raise ValueError(
                f"The only supported values for the axis argument are 0 and 1.  Provided axis: {axis}"
            )
        return super().__new__(
            cls,
            new_vocab,
            new_vocab_size,
            num_oov_buckets,
            old_vocab,
            old_vocab_size,
            backup_initializer,
            axis,
        )


def warm_start(
    ckpt_to_initialize_from: Any, vars_to_warm_start: Any = ".*", var_name_to_vocab_info: Mapping[str, VocabInfo] | None = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Variables of the graph start from a checkpoint, also where their vocabularies have changed.

    Args:
      ckpt_to_initialize_from: a checkpoint, or a folder, whose latest is taken.
      vars_to_warm_start: a regular expression of names of trainable variables, a list of such (of all variables then) or of
        variables, or None: only those with vocabularies.
      var_name_to_vocab_info: a `VocabInfo` by name of a variable.
      var_name_to_prev_var_name: what variables are called in the checkpoint, where it is something else.

    Raises:
      ValueError: a name given is not that of a variable that is started so, or `vars_to_warm_start` is something else.
    """
    vocabularies = dict(var_name_to_vocab_info or {})
    earlier = dict(var_name_to_prev_var_name or {})
    path = _file_of(ckpt_to_initialize_from)
    shapes = load_checkpoint(path).get_variable_to_shape_map()
    grouped = _grouped(vars_to_warm_start)
    if vars_to_warm_start is None:
        every = _grouped([".*"])
        grouped = {name: every[name] for name in vocabularies if name in every}
    for name, parts in sorted(grouped.items()):
        old = earlier.pop(name, name)
        vocabulary = vocabularies.pop(name, None)
        if vocabulary is not None:
            _with_vocabulary(path, shapes, old, parts, vocabulary)
        else:
            _start_from(path, shapes, old, parts)
    unused = {**earlier, **vocabularies}
    if unused:
        raise ValueError(
            f"Warm-starting: you provided names of variables that are not warm-started: {sorted(unused)}. Variables are: "
            f"{sorted(grouped)}"
        )


def _grouped(wanted: Any) -> dict[str, list[Any]]:
    graph = get_default_graph()
    if isinstance(wanted, str) or wanted is None:
        pattern = re.compile(wanted or "$^")
        found = [v for v in graph.get_collection(GraphKeys.TRAINABLE_VARIABLES) if pattern.match(v.name)]
    elif isinstance(wanted, list) and all(isinstance(v, str) for v in wanted):
        patterns = [re.compile(v) for v in wanted]
        found = [
            v
            for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES)
            if any(p.match(v.name) for p in patterns)
        ]
    elif isinstance(wanted, list) and all(isinstance(v, (Variable, PartitionedVariable)) for v in wanted):
        found = [p for v in wanted for p in (v if isinstance(v, PartitionedVariable) else [v])]
    else:
        raise ValueError(
            "If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.  Given types are "
            f"{[type(v).__name__ for v in wanted] if isinstance(wanted, Sequence) else type(wanted).__name__}"
        )
    groups: dict[str, list[Any]] = {}
    for variable in found:
        groups.setdefault(name_of(variable), []).append(variable)
    return groups


def _lines(path: Any, size: int) -> list[bytes]:
    lines = files.read_bytes(path).split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    if size > len(lines):
        raise ValueError(f"The vocabulary {path} has {len(lines)} lines; its size was given as {size}.")
    return lines if size < 0 else lines[:size]


def _with_vocabulary(
    path: str, shapes: Mapping[str, Any], name: str, parts: Sequence[Any], vocabulary: VocabInfo
) -> None:
    """Rows go where their entries are now; entries that are new get what the backup initialiser gives."""
    if name not in shapes:
        raise ValueError(f"Tensor {name} is not found in {path} checkpoint")
    v = vocabulary
    known = {entry: i for i, entry in enumerate(_lines(v.old_vocab, v.old_vocab_size))}
    rows = [known.get(entry, -1) for entry in _lines(v.new_vocab, v.new_vocab_size)] + [
        -1
    ] * v.num_oov_buckets
    for part in parts:
        info = getattr(part, "_save_slice_info", None)
        start = 0 if info is None else info.var_offset[v.axis]
        shape = part.shape.as_list()
        mine = np.array(rows[start : start + shape[v.axis]], np.int64)
        if len(mine) != shape[v.axis] or (info is None and len(rows) != shape[v.axis]):
            raise ValueError(
                f"Variable {part.name} {shape} has another size than its vocabulary: {v.new_vocab_size} entries and "
                f"{v.num_oov_buckets} buckets for others."
            )
        _set_initial(part, partial(_moved, path, name, part.dtype.base_dtype, shape, mine, v))


def _moved(path: str, name: str, dtype: Any, shape: list[int], rows: np.ndarray, v: VocabInfo) -> Any:
    from headrace.api.making import zeros

    old = _restored(path, name, "", dtype)
    taken = lookup("GatherV2")(old, np.maximum(rows, 0), v.axis)
    backup = zeros(shape, dtype) if v.backup_initializer is None else v.backup_initializer(shape, dtype=dtype)
    keep = (rows >= 0).reshape([-1 if i == v.axis else 1 for i in range(len(shape))])
    return lookup("SelectV2")(keep, taken, backup)


__all__ = ["VocabInfo", "init_from_checkpoint", "warm_start"]
