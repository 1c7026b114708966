"""Copies of parts of graphs, with other tensors in the place of some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.core import nest
from headrace.core.graph import Graph, Operation
from headrace.core.tensor import Tensor
from headrace.session.keys import GraphKeys

from . import select
from .subgraph import SubGraphView, make_view

_KNOWN = {v for k, v in vars(GraphKeys).items() if k.isupper()}


def placeholder_name(t: Any = None, scope: str | None = None, prefix: str = "geph") -> str:
    """The name of the placeholder that stands for a tensor."""
    where = f"{scope.rstrip('/')}/" if scope else ""
    if t is None:
        return where + prefix
    folder, _, name = t.op.name.rpartition("/")
    if scope is None and folder:
        where = folder + "/"
    return f"{where}{prefix}__{name}_{t.value_index}"


def make_placeholder_from_tensor(t: Any, scope: str | None = None, prefix: str = "geph") -> Any:
    """A placeholder in the current graph, of a tensor's type and shape."""
    from headrace.core.graph import get_default_graph

    return get_default_graph().placeholder(t._dtype, t._raw_shape, placeholder_name(t, scope, prefix))


def make_placeholder_from_dtype_and_shape(
    dtype: Any, shape: Any = None, scope: str | None = None, prefix: str = "geph"
) -> Any:
    """A placeholder in the current graph."""
    from headrace.api.compat_v1_arrays import placeholder

    return placeholder(dtype, shape, placeholder_name(None, scope, prefix))


ph = make_placeholder_from_dtype_and_shape


class TransformerInfo:
    """What became of what in a copy."""

    def __init__(self, ops: dict[int, Any], tensors: dict[int, Any], originals: dict[int, Any]) -> None:
        self._ops, self._tensors, self._originals = ops, tensors, originals

    def transformed(self, original_top: Any, missing_fn: Callable[[Any], Any] | None = None) -> Any:
        """The copies of operations or tensors, or of a structure of them.

        Args:
          missing_fn: gives what stands for one that was not copied; None without it."""

        def copied(x: Any) -> Any:
            found = (self._ops if isinstance(x, Operation) else self._tensors).get(id(x))
            return (missing_fn(x) if missing_fn else None) if found is None else found

        return nest.map_structure(copied, original_top)

    def original(self, transformed_top: Any, missing_fn: Callable[[Any], Any] | None = None) -> Any:
        """What operations or tensors are copies of; see `transformed`."""

        def first(x: Any) -> Any:
            found = self._originals.get(id(x))
            return (missing_fn(x) if missing_fn else None) if found is None else found

        return nest.map_structure(first, transformed_top)


def _copied(
    view: SubGraphView,
    graph: Any,
    dst_scope: str,
    src_scope: str,
    reuse: bool,
    replacement: Callable[[Any, str], Any],
) -> tuple[SubGraphView, TransformerInfo]:
    source = view.graph
    scope, old = (s.rstrip("/") + "/" if s else "" for s in (dst_scope, src_scope))
    if scope and not reuse:
        scope = graph.unique_name(scope[:-1]) + "/"
    if any(not op.name.startswith(old) for op in view.ops):
        raise ValueError(f"An operation is not in the scope {src_scope!r}.")
    ops: dict[int, Any] = {}
    tensors: dict[int, Any] = {}
    originals: dict[int, Any] = {}
    inside = {id(op) for op in view.ops}
    order = [op for op in source.get_operations() if id(op) in inside] if source is not None else []

    def tensor(t: Any) -> Any:
        if id(t) not in tensors:
            tensors[id(t)] = replacement(t, scope)
        return tensors[id(t)]

    with graph.as_default(), graph.control_dependencies(None), graph.name_scope(None):
        for op in order:
            new = graph.add(op.op_def, [tensor(t) for t in op.inputs], op.attrs, scope + op.name[len(old) :])
            new.control_inputs = tuple(ops[id(c)] for c in op.control_inputs if id(c) in ops) + tuple(
                c for c in op.control_inputs if id(c) not in inside and graph is source
            )
            new._device, new.private = op._device, op.private
            ops[id(op)], originals[id(new)] = new, op
            for t, copy in zip(op.outputs, new.outputs, strict=True):
                for extra in ("_handle_data",):
                    if extra in t.__dict__:
                        copy.__dict__[extra] = t.__dict__[extra]
                tensors[id(t)], originals[id(copy)] = copy, t
    if source is not None:
        copies = {**ops, **{k: v for k, v in tensors.items() if id(v) in originals}}
        for key in source.get_all_collection_keys():
            name = key if key in _KNOWN or not isinstance(key, str) else scope + key
            for element in list(source.get_collection(key)):
                if isinstance(element, (Operation, Tensor)) and id(element) in copies:
                    graph.add_to_collection(name, copies[id(element)])
    made = SubGraphView([ops[id(op)] for op in order])
    made._inputs = [tensors[id(t)] for t in view.inputs]
    made._outputs = [tensors[id(t)] for t in view.outputs]
    return made, TransformerInfo(ops, tensors, originals)


def _destination(view: SubGraphView, dst_graph: Any) -> Any:
    graph = view.graph if dst_graph is None else dst_graph
    if not isinstance(graph, Graph):
        raise TypeError(f"Expected a tf.Graph, got: {type(graph).__name__}")
    return graph


def copy(
    sgv: Any, dst_graph: Any = None, dst_scope: str = "", src_scope: str = "", reuse_dst_scope: bool = False
) -> tuple[SubGraphView, TransformerInfo]:
    """Copies operations. For what comes in from outside there are placeholders.

    Args:
      sgv: a view, or operations.
      dst_graph: where the copies go: the same graph by default.
      dst_scope, src_scope: the scope that copies are in, in the place of that of the originals.
      reuse_dst_scope: whether copies may go to a scope that there is; it is given another name otherwise.

    Returns: the view of the copies, and what became of what.

    Raises:
      TypeError: `dst_graph` is no graph.
      ValueError: an operation is not in `src_scope`."""
    view = make_view(sgv)
    graph = _destination(view, dst_graph)
    return _copied(view, graph, dst_scope, src_scope, reuse_dst_scope, _placeholder)


def _placeholder(t: Any, scope: str) -> Any:
    return make_placeholder_from_tensor(t, scope)


def copy_with_input_replacements(
    sgv: Any, replacement_ts: Mapping[Any, Any], dst_graph: Any = None, dst_scope: str = "", src_scope: str = "",
    reuse_dst_scope: bool = False,
) -> tuple[SubGraphView, TransformerInfo]:  # fmt: skip
    """`copy`, with other tensors in the place of some that come in. The others are kept in the same graph, and are
    placeholders in another.

    Args:
      replacement_ts: from inputs to what stands for them."""
    view = make_view(sgv)
    graph = _destination(view, dst_graph)
    others = _by_identity(replacement_ts)

    def stand_in(t: Any, scope: str) -> Any:
        if id(t) in others:
            return others[id(t)]
        return t if graph is view.graph else _placeholder(t, scope)

    return _copied(view, graph, dst_scope, src_scope, reuse_dst_scope, stand_in)


def _by_identity(replacement_ts: Mapping[Any, Any]) -> dict[int, Any]:
    return {id(k.deref() if hasattr(k, "deref") else k): v for k, v in replacement_ts.items()}


def graph_replace(
    target_ts: Any, replacement_ts: Mapping[Any, Any], dst_scope: str = "", src_scope: str = "", reuse_dst_scope: bool = False
) -> Any:  # fmt: skip
    """Tensors as they would be with other tensors in the place of some that they depend on: what lies between is copied.

    Args:
      target_ts: tensors, or a structure of them.
      replacement_ts: from tensors to what stands for them. (Where tensors cannot be keys, their `ref()` can.)

    Raises:
      ValueError: the targets depend on none of them.

    >>> import headrace as tf
    >>> with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
    ...     x = tf.constant(2.0)
    ...     y = x * x + 1.0
    ...     sess.run(graph_replace(y, {x.ref(): tf.constant(3.0)}))
    np.float32(10.0)
    """
    replaced = [k.deref() if hasattr(k, "deref") else k for k in replacement_ts]
    targets = nest.flatten(target_ts)
    graph = select.make_list_of_t(targets)[0].graph
    ops = select.get_walks_intersection_ops(replaced, targets, control_ios=select.ControlOutputs(graph))
    if not ops:
        raise ValueError("Targets and replacements are not connected!")
    _, info = copy_with_input_replacements(ops, replacement_ts, None, dst_scope, src_scope, reuse_dst_scope)
    return info.transformed(target_ts, lambda t: t)
