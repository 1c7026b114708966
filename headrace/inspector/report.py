"""A graph's ops, shapes, FLOPs and memory, and the plan of running it, as numbers and as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from headrace.core.graph import CONST, FuncGraph, Graph, Operation
from headrace.ops.functional import inner_graphs

from .costs import UnknownShape, flops

VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})
_PLUMBING = ("VarHandleOp", "VarIsInitializedOp", "ReadVariableOp", "NoOp", "Const")
_WRITES = (
    "AssignVariableOp",
    "AssignAddVariableOp",
    "AssignSubVariableOp",
    "ResourceApply",
    "ResourceScatter",
)


class Report:
    """What `inspect` found.

    Attributes:
      name: the graph's, or the file's.
      types: `(op type, how many, FLOPs)`, the most frequent first.
      inputs, outputs, variables: `(name, dtype, shape)`.
      parameters, parameter_bytes: of the variables; `constant_bytes`: of the constants.
      flops: of computing everything once (with `outputs`: them, and all they need), without the bodies of loops more than once.
      activation_bytes: of all results; `peak_bytes`: of those that are needed at the same time, op by op.
      steps: the plan: `(kind, op names, reasons)` with kind "compiled" or "host"; reasons says why of each on the host.
      unknown: how many shapes had dims that are not known, each of which counted as `dim`.
      missing: op types that are not known here; there is no plan then.
    """

    def __init__(self, name: str, dim: int) -> None:
        self.name, self.dim = name, dim
        self.types: list[tuple[str, int, int]] = []
        self.inputs: list[tuple[str, str, Any]] = []
        self.outputs: list[tuple[str, str, Any]] = []
        self.variables: list[tuple[str, str, Any]] = []
        self.parameters = self.parameter_bytes = self.constant_bytes = 0
        self.flops = self.activation_bytes = self.peak_bytes = self.unknown = 0
        self.steps: list[tuple[str, list[str], dict[str, str]]] = []
        self.missing: list[str] = []
        self.graph: Graph | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as lists, dictionaries, strings and numbers, for `json.dumps`."""
        tensors = {
            key: [{"name": n, "dtype": d, "shape": s} for n, d, s in getattr(self, key)]
            for key in ("inputs", "outputs", "variables")
        }
        return {
            "name": self.name,
            "ops": [{"type": t, "count": n, "flops": f} for t, n, f in self.types],
            **tensors,
            "parameters": self.parameters,
            "parameter_bytes": self.parameter_bytes,
            "constant_bytes": self.constant_bytes,
            "flops": self.flops,
            "activation_bytes": self.activation_bytes,
            "peak_bytes": self.peak_bytes,
            "unknown_shapes": self.unknown,
            "unknown_dim_counts_as": self.dim,
            "steps": [{"kind": k, "ops": names, "reasons": reasons} for k, names, reasons in self.steps],
            "missing_ops": self.missing,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        n = sum(count for _, count, _ in self.types)
        yield f"{self.name}: {n} ops of {len(self.types)} types"
        for label in ("inputs", "outputs", "variables"):
            yield from _tensors(label, getattr(self, label))
        yield ""
        width = max([4, *[len(t) for t, _, _ in self.types]])
        yield f"  {'type':<{width}}  count  FLOPs"
        for kind, count, cost in self.types:
            yield f"  {kind:<{width}}  {count:>5}  {_number(cost) if cost else '-':>6}"
        yield ""
        note = f", with {self.dim} for each dim that is not known" if self.unknown else ""
        yield f"  FLOPs        {_number(self.flops)}{note}"
        yield f"  parameters   {_number(self.parameters)} ({_bytes(self.parameter_bytes)})"
        yield f"  constants    {_bytes(self.constant_bytes)}"
        yield f"  activations  {_bytes(self.activation_bytes)}, {_bytes(self.peak_bytes)} at a time"
        yield ""
        if self.missing:
            yield f"  no plan: these ops are not known here: {', '.join(self.missing)}"
            return
        hosted = sum(len(names) for kind, names, _ in self.steps if kind == "host")
        yield f"  plan: {len(self.steps)} step(s){'' if hosted else ', all compiled'}"
        for i, (kind, names, reasons) in enumerate(self.steps):
            yield f"  {i}. {kind}: {len(names)} op(s)"
            for name, why in reasons.items():
                yield f"       {name}: {why}"

    def __repr__(self) -> str:
        return f"<Report {self.name}: {sum(n for _, n, _ in self.types)} ops, {self.flops} FLOPs>"

    def html(self) -> str:
        """A page with the numbers and a picture of the graph, scope by scope."""
        from .drawing import page

        return page(self)

    def svg(self, depth: int = 1) -> str:
        """A picture of the graph, with scopes opened down to `depth`."""
        from .drawing import picture

        if self.graph is None:
            raise ValueError(f"There is no graph to draw: {', '.join(self.missing)} are not known here.")
        return picture(self.graph, depth)


def inspect(what: Any, outputs: Sequence[Any] | None = None, dim: int = 1) -> Report:
    """What is in a graph, and how it will run.

    Args:
      what: a `tf.Graph`, a concrete function, a `GraphDef`, or the path of a file (see `headrace graph`).
      outputs: tensors or operations (or names of them) to plan for; what nothing else uses, if not given.
      dim: what dims that are not known count as, for FLOPs and memory.

    Raises:
      NotFoundError: there is no such file.
      DataLossError: the file holds something else.
      ValueError: an output is not in the graph.

    >>> import headrace as tf
    >>> from headrace import inspector
    >>> f = tf.function(lambda x: tf.nn.relu(tf.matmul(x, tf.ones([16, 32]))))
    >>> report = inspector.inspect(f.get_concrete_function(tf.TensorSpec([8, 16])))
    >>> report.flops
    8448
    >>> [kind for kind, _, _ in report.steps]
    ['compiled']
    """
    graph, name = what, ""
    if hasattr(what, "get_concrete_function") and not hasattr(what, "graph"):
        raise TypeError("A tf.function has a graph per signature: pass f.get_concrete_function(...).")
    if hasattr(what, "graph") and not isinstance(what, Graph):
        graph = what.graph
    elif not isinstance(what, Graph):
        from .files import graph_of, read_message, unknown_ops

        message = what
        if not hasattr(what, "node"):
            message, name = read_message(what), str(what)
        missing = unknown_ops(message)
        if missing:
            return _of_message(message, name or "graph", dim, missing)
        graph = graph_of(message)
    report = Report(name or graph.name, dim)
    report.graph = graph
    roots = _roots(graph, outputs)
    nodes = graph.operations if outputs is None else _needed(graph, roots)
    _Measured(report, graph, nodes, dim)
    _plan(report, graph, roots)
    return report


class _Measured:
    """Counts ops, with those inside of the functions, branches and loops that they run."""

    def __init__(self, report: Report, graph: Graph, nodes: Sequence[Operation], dim: int) -> None:
        self.report, self.dim = report, dim
        self.counts: dict[str, list[int]] = {}
        self.walk(nodes)
        report.types = sorted(
            [(t, n, f) for t, (n, f) in self.counts.items()], key=lambda row: (-row[1], row[0])
        )
        report.flops = sum(f for _, _, f in report.types)
        report.peak_bytes = self.peak(nodes)
        if isinstance(graph, FuncGraph):
            arguments = [t for t in graph.inputs if t._dtype.kind != "r"]
        else:
            arguments = [n.outputs[0] for n in nodes if n.type == "Placeholder"]
        report.inputs = [_tensor(t) for t in arguments]

    def walk(self, nodes: Sequence[Operation]) -> None:
        report = self.report
        for node in nodes:
            row = self.counts.setdefault(node.type, [0, 0])
            row[0] += 1
            try:
                row[1] += flops(node, self.dim) or 0
            except UnknownShape:
                pass  # counted in `unknown`, below
            if node.type in VARIABLES:
                self.variable(node)
            elif node.op_def is CONST:
                report.constant_bytes += self.bytes(node.outputs[0])
            elif node.type not in ("Placeholder", "ReadVariableOp", "Identity"):
                report.activation_bytes += sum(map(self.bytes, node.outputs))
            report.unknown += sum(t._raw_shape is None or None in t._raw_shape for t in node.outputs)
            for inner in inner_graphs(node):
                self.walk(inner.operations)

    def variable(self, node: Operation) -> None:
        shape, dtype = node.attrs.get("shape"), node.attrs.get("dtype")
        self.report.variables.append(
            (node.name, dtype.name if dtype is not None else "?", None if shape is None else list(shape))
        )
        if shape is not None and dtype is not None:
            n = math.prod([self.dim if d is None else d for d in shape])
            self.report.parameters += n
            self.report.parameter_bytes += n * dtype.size

    def bytes(self, t: Any) -> int:
        shape = t._raw_shape
        if shape is None or t._dtype.kind in "rvs":
            return 0
        return math.prod([self.dim if d is None else d for d in shape]) * t._dtype.size

    def peak(self, nodes: Sequence[Operation]) -> int:
        """The most bytes of results that some later op still needs, in program order."""
        last: dict[int, int] = {}
        for i, node in enumerate(nodes):
            for t in node.inputs:
                last[id(t)] = i
        now = most = 0
        freed: dict[int, int] = {}
        for i, node in enumerate(nodes):
            if node.op_def is not CONST and node.type not in ("Placeholder", "ReadVariableOp"):
                for t in node.outputs:
                    n = self.bytes(t)
                    now += n
                    end = last.get(id(t), i)
                    freed[end] = freed.get(end, 0) + n
            most = max(most, now)
            now -= freed.get(i, 0)
        return most


def _of_message(message: Any, name: str, dim: int, missing: list[str]) -> Report:
    """The count of ops, where the graph cannot be built."""
    report = Report(name, dim)
    counts: dict[str, int] = {}
    for node in [*message.node, *[n for f in message.library.function for n in f.node_def]]:
        counts[node.op] = counts.get(node.op, 0) + 1
    report.types = sorted([(t, n, 0) for t, n in counts.items()], key=lambda row: (-row[1], row[0]))
    report.missing = missing
    return report


def _roots(graph: Graph, outputs: Sequence[Any] | None) -> list[Any]:
    """What is to be computed: the tensors and operations asked for, or everything that nothing else uses."""
    if outputs is not None:
        try:
            return [graph.as_graph_element(o) for o in outputs]
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
    if isinstance(graph, FuncGraph):
        effects = [n for n in graph.operations if n.op_def.stateful and n.type != "Placeholder"]
        return [t for t in graph.outputs if t is not None and not t._is_eager] + effects
    used = {id(t.op) for n in graph.operations for t in n.inputs}
    used |= {id(c) for n in graph.operations for c in n.control_inputs}
    sinks = [n for n in graph.operations if id(n) not in used and n.type != "Placeholder"]
    computing = [n for n in sinks if not n.type.startswith(_WRITES) and n.type not in _PLUMBING]
    return [n.outputs[0] if len(n.outputs) == 1 else n for n in computing or sinks]


def _needed(graph: Graph, roots: Sequence[Any]) -> list[Operation]:
    from headrace.session.plan import pruned

    return pruned(graph, [r if isinstance(r, Operation) else r.op for r in roots], set())


def _plan(report: Report, graph: Graph, roots: Sequence[Any]) -> None:
    from headrace.compiler.program import HostStep, Program
    from headrace.session.plan import Plan, make_resource, pruned

    tensors = [r for r in roots if not isinstance(r, Operation) and r._dtype.kind not in "rv"]
    nodes = [r if isinstance(r, Operation) else r.op for r in roots]
    report.outputs = [_tensor(t) for t in tensors]
    if not nodes:
        return
    if isinstance(graph, FuncGraph):
        steps = Program(graph).steps
    else:
        placeholders = [n.outputs[0] for n in pruned(graph, nodes, set()) if n.type == "Placeholder"]
        plan = Plan(
            graph, tensors, [n for n in nodes if n.type != "Placeholder"], placeholders, make_resource, {}
        )
        steps = Program(plan.view).steps
    for step in steps:
        host = isinstance(step, HostStep)
        reasons = {n.name: why(n) for n in step.nodes if n.op_def is not CONST} if host else {}
        if host and not reasons:
            continue  # constants, ready for what takes them
        report.steps.append(("host" if host else "compiled", [n.name for n in step.nodes], reasons))


def why(node: Operation) -> str:
    """Why an op runs on the host."""
    op = node.op_def
    if any(t._dtype.kind == "s" for t in (*node.inputs, *node.outputs)):
        return f"{op.name} holds strings"
    if op.reenters:
        return f"{op.name} calls Python"
    if op.host and op.stateful:
        return f"{op.name} has an effect outside of the program"
    if op.host and any(t._raw_shape is None or None in t._raw_shape for t in node.outputs):
        return f"the shape of {op.name}'s result depends on values"
    if op.host:
        return f"{op.name} has a host kernel only"
    if op.lower is None and op.body is None:
        return f"{op.name} has no lowering"
    if inner_graphs(node):
        return f"{op.name} runs a graph with ops on the host"
    return "small, and next to ops on the host"


def _tensor(t: Any) -> tuple[str, str, Any]:
    return t.name, t._dtype.name, None if t._raw_shape is None else list(t._raw_shape)


def _tensors(label: str, rows: Sequence[tuple[str, str, Any]], most: int = 12) -> Iterable[str]:
    for i, (name, dtype, shape) in enumerate(rows[:most]):
        dims = "?" if shape is None else f"[{', '.join(['?' if d is None else str(d) for d in shape])}]"
        yield f"  {label if not i else '':<10} {name}  {dtype} {dims}"
    if len(rows) > most:
        yield f"  {'':<10} and {len(rows) - most} more"


def _number(n: float) -> str:
    """1234567 as 1.23M."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{unit}"
    return str(int(n))


def _bytes(n: float) -> str:
    for size, unit in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{int(n)} B"
