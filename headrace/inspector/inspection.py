"""Looking at graphs: of programs, of functions, from files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headrace.compiler.program import HostStep
from headrace.core.graph import FuncGraph, Graph, Operation
from headrace.graphs.tools import extract_sub_graph
from headrace.ops.functional import inner_graphs

from .files import graph_of, named_outputs, read_meta_graph, unknown_ops, with_dims, without
from .measures import Measures
from .planning import steps
from .report import Report
from .roots import READS, VARIABLES, roots


def inspect(
    what: Any,
    outputs: Sequence[Any] | None = None,
    dim: int = 1,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Report:
    """What is in a graph, and how it will run.

    Args:
      what: a `tf.Graph`, a concrete function, a `GraphDef`, or the path of a file (see `headrace graph`).
      outputs: tensors or operations (or names of them) to plan for. If not given: what the file names (the outputs of a
        SavedModel's signature for serving, the training steps of a meta graph), or else the graph's training steps and what nothing else
        uses, savers and initialisers left out.
      dim: what dims of inputs that are not known count as, for FLOPs and memory.
      shapes: of placeholders, by name, where `dim` is not enough.

    Raises:
      NotFoundError: there is no such file.
      DataLossError: the file holds something else.
      ValueError: an output is not in the graph, or it does not take inputs of these shapes.

    >>> import headrace as tf
    >>> from headrace import inspector
    >>> f = tf.function(lambda x: tf.nn.relu(tf.matmul(x, tf.ones([16, 32]))))
    >>> report = inspector.inspect(f.get_concrete_function(tf.TensorSpec([8, 16])))
    >>> report.flops
    8448
    >>> [kind for kind, _, _ in report.steps]
    ['compiled']
    """
    if dim < 1:
        raise ValueError(f"dim must be at least 1. Received {dim}.")
    graph, message, name, missing = what, None, "", []
    if hasattr(what, "get_concrete_function") and not hasattr(what, "graph"):
        raise TypeError("A tf.function has a graph per signature: pass f.get_concrete_function(...).")
    if hasattr(what, "graph") and not isinstance(what, Graph):
        graph = what.graph
    elif not isinstance(what, Graph):
        message = what
        if not hasattr(what, "node"):
            meta, name = read_meta_graph(what), str(what)
            message, outputs = meta.graph_def, outputs or named_outputs(meta) or None
        missing = unknown_ops(message)
        if missing and outputs is not None:
            _check_names(message, outputs)
            message = extract_sub_graph(message, [_op_name(o) for o in outputs])
            missing = unknown_ops(message)
        try:
            graph = graph_of(without(message, missing) if missing else message)
        except ValueError:
            if not missing:
                raise
            return _of_message(message, name or "graph", dim, missing)
        if missing and not graph.operations:
            return _of_message(message, name or "graph", dim, missing)
    report = Report(name or graph.name, dim)
    report.graph, report.missing = graph, missing
    wanted = roots(graph, outputs)
    nodes = _needed(graph, wanted)
    counted = nodes if outputs is not None or isinstance(graph, FuncGraph) else graph.operations
    _count(report, message if missing else None, counted)
    report.needed = sum(_types(nodes).values())
    report.unknown = sum(t._raw_shape is not None and None in t._raw_shape for n in nodes for t in n.outputs)
    _name(report, graph, nodes)
    _measure(report, graph, message, wanted, shapes)
    _plan(report, graph, wanted)
    return report


def _check_names(message: Any, outputs: Sequence[Any]) -> None:
    lacking = {_op_name(o) for o in outputs} - {n.name for n in message.node}
    if lacking:
        raise ValueError(f"There are no nodes named {sorted(lacking)}.")


def _needed(graph: Graph, wanted: Sequence[Any]) -> list[Operation]:
    if isinstance(graph, FuncGraph):
        return list(graph.operations)
    from headrace.session.plan import pruned

    return pruned(graph, [r if isinstance(r, Operation) else r.op for r in wanted], set())


def _unknown(nodes: Iterable[Operation]) -> int:
    return sum([t._raw_shape is not None and None in t._raw_shape for n in nodes for t in n.outputs])


def _op_name(name: Any) -> str:
    return str(name).partition(":")[0]


def _types(nodes: Iterable[Operation]) -> Counter[str]:
    """How many ops there are of each type, with those inside of others."""
    found: Counter[str] = Counter()
    for node in nodes:
        found[node.type] += 1
        for inner in inner_graphs(node):
            found += _types([n for n in inner.operations if n.type != "Placeholder"])  # these are arguments
    return found


def _count(report: Report, message: Any, nodes: Sequence[Operation]) -> None:
    if message is None:
        counts = _types(nodes)
    else:
        functions = [f.node_def for f in message.library.function]
        counts = Counter([n.op for part in (message.node, *functions) for n in part])
    report.types = sorted([(t, n, 0) for t, n in counts.items()], key=lambda row: (-row[1], row[0]))


def _of_message(message: Any, name: str, dim: int, missing: list[str]) -> Report:
    """The count of ops, where the graph cannot be built."""
    report = Report(name, dim)
    report.missing = missing
    _count(report, message, [])
    return report


def _name(report: Report, graph: Graph, nodes: Sequence[Operation]) -> None:
    """The inputs and variables of what is needed."""
    if isinstance(graph, FuncGraph):
        arguments = [t for t in graph.inputs if t._dtype.kind != "r"]
    else:
        arguments = [n.outputs[0] for n in nodes if n.type == "Placeholder"]
    report.inputs = [_tensor(t) for t in arguments]
    # An optimizer's op takes the variable first, and what it keeps beside it after that.
    slots = {id(_read(t)) for n in nodes if "Apply" in n.type for t in n.inputs[1:]}
    for node in nodes:
        if node.type not in VARIABLES:
            continue
        shape, dtype = node.attrs.get("shape"), node.attrs.get("dtype")
        kind = dtype.name if dtype is not None else "?"
        report.variables.append((node.name, kind, None if shape is None else list(shape)))
        if shape is None or dtype is None:
            continue
        n = math.prod([report.dim if d is None else d for d in shape])
        if id(node) in slots:
            report.slots += n
            report.slot_bytes += n * dtype.size
        else:
            report.parameters += n
            report.parameter_bytes += n * dtype.size


def _read(t: Any) -> Operation:
    """The variable that a tensor is the value of, or what else makes it."""
    while t.op.type in READS:
        t = t.op.inputs[0]
    return t.op


def _measure(report: Report, graph: Graph, message: Any, wanted: Sequence[Any], shapes: Any) -> None:
    names = [t.name for t in wanted]
    known = _with_known_inputs(graph, message, report, shapes)
    if known is not None:
        graph, wanted = known, roots(known, names)
    nodes = _needed(graph, wanted)
    fed = {name.partition(":")[0] for name, _, shape in report.inputs if shape is None or None in shape}
    report.assumed = bool(_unknown(nodes)) or not fed <= {_op_name(name) for name in shapes or ()}
    found = Measures(nodes, [t for t in wanted if not isinstance(t, Operation)], report.dim)
    report.types = [(t, n, found.flops[t]) for t, n, _ in report.types]
    report.flops = found.flops.total()
    report.activation_bytes, report.peak_bytes = found.activation_bytes, found.peak_bytes
    report.constant_bytes = found.constant_bytes
    report.endless, report.unranked = found.endless, found.unranked


def _with_known_inputs(graph: Graph, message: Any, report: Report, shapes: Any) -> Graph | None:
    """The graph with inputs of known shapes: those of the rest follow from them. None where that is of no use."""
    given = {_op_name(name): shape for name, shape in (shapes or {}).items()}
    if isinstance(graph, FuncGraph):
        if given:
            raise ValueError(
                "The shapes of a function's inputs are those of its signature: leave out `shapes`."
            )
        return None
    for name in given:
        if name not in graph._by_name or graph._by_name[name].type != "Placeholder":
            raise ValueError(f"shapes: {name!r} is not a placeholder of the graph.")
    if not report.unknown and not given:
        return None
    from headrace.io.graph_def import graph_def

    message = graph_def(graph, add_shapes=True) if message is None or report.missing else message
    try:
        return graph_of(with_dims(message, report.dim, given))
    except ValueError as error:  # a dim of this size does not fit: each op for itself, then
        if given:
            raise ValueError(f"The graph does not take inputs of these shapes: {error}") from None
        return None


def _plan(report: Report, graph: Graph, wanted: Sequence[Any]) -> None:
    tensors = [r for r in wanted if not isinstance(r, Operation) and r._dtype.kind not in "rv"]
    report.outputs = [_tensor(t) for t in tensors]
    report.outputs += [(n.name, "operation", None) for n in wanted if isinstance(n, Operation)]
    if not wanted:
        return
    for step, reasons in steps(graph, wanted, tensors, report.dim):
        kind = "host" if isinstance(step, HostStep) else "compiled"
        report.steps.append((kind, [n.name for n in step.nodes], reasons))


def _tensor(t: Any) -> tuple[str, str, Any]:
    return t.name, t._dtype.name, None if t._raw_shape is None else list(t._raw_shape)
