"""Graph → StableHLO, at concrete shapes.

Walking a graph in program order, every tensor is one of
- a NumPy array: known while compiling (constants, `tf.shape`, and what is computed from such). Arrays cost nothing at run time;
- a `Value`: computed by the program;
- a `Cell`: a variable, whose value the program reads and replaces;
- any other object a lowering rule made for its kind of variant (a TensorList's buffer …)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core.dispatch import _public, flatten_outputs, run_kernel
from headrace.core.dtypes import DType
from headrace.core.graph import FuncGraph, Operation
from headrace.core.op import OpDef
from headrace.core.shapes import known
from headrace.core.state import building

from .hlo import Builder, Value

FOLD_LIMIT = 4096  # elements; larger known values become constants of the program only when used


class CannotLower(Exception):
    """This operation cannot be part of a compiled program (here): it must run on the host."""

    def __init__(self, node: Any, why: str) -> None:
        super().__init__(f"{getattr(node, 'type', node)} ({getattr(node, 'name', '')}): {why}")
        self.node, self.why = node, why


class NeedsValue(CannotLower):
    """A rule needs the value of a tensor that only the running program knows."""

    def __init__(self, node: Any, index: int) -> None:
        super().__init__(node, f"the value of input {index} ({node.inputs[index].name}) decides shapes, so it must be known before compiling")
        self.index = index


class Cell:
    """A variable while lowering: `value` is its current Value."""

    __slots__ = ("dtype", "handle", "shape", "value", "written")

    def __init__(self, handle: Any, value: Any, shape: tuple[int, ...], dtype: DType) -> None:
        self.handle, self.value, self.shape, self.dtype, self.written = handle, value, shape, dtype, False


def lower_graph(b: Builder, graph: FuncGraph, arguments: Sequence[Any], nodes: Sequence[Operation] | None = None, outputs: Sequence[Any] | None = None) -> list[Any]:
    """Lowers a graph's nodes with its inputs bound to `arguments`; returns what its outputs became."""
    env: dict[int, Any] = {id(t): a for t, a in zip(graph.inputs, arguments)}
    outputs = graph.outputs if outputs is None else outputs
    for node in needed(graph, outputs) if nodes is None else nodes:
        lower_node(b, node, env)
    return [env[id(t)] for t in outputs]


def needed(graph: FuncGraph, outputs: Sequence[Any]) -> list[Operation]:
    """The nodes that matter, in program order: what the outputs depend on, and everything with side effects."""
    wanted: set[int] = set()
    stack = [t.op for t in outputs if t is not None] + [n for n in graph.operations if n.op_def.stateful and n.op_def.name != "Placeholder"]
    while stack:
        node = stack.pop()
        if id(node) in wanted or node.graph is not graph:
            continue
        wanted.add(id(node))
        stack.extend([t.op for t in node.inputs])
        stack.extend(node.control_inputs)
    return [n for n in graph.operations if id(n) in wanted]


def lower_node(b: Builder, node: Operation, env: dict[int, Any]) -> None:
    if node.op_def.name == "Placeholder":
        if id(node.outputs[0]) not in env:
            raise CannotLower(node, "a placeholder that nothing is fed to")
        return
    arguments = [env[id(t)] for t in node.inputs]
    results = lower_op(b, node.op_def, arguments, node.attrs, node)
    for tensor, result in zip(node.outputs, results):
        env[id(tensor)] = result


def lower_op(b: Builder, op: OpDef, arguments: Sequence[Any], attrs: Mapping[str, Any], node: Any) -> list[Any]:
    """One op on values. `node` (anything with `.inputs` and `.outputs`) gives types, and the name for errors."""
    if op.host:
        raise CannotLower(node, "it runs on the host")
    if op.kernel is not None and not op.stateful and not op.reenters and all([type(a) is np.ndarray for a in arguments]):
        size = sum([a.size for a in arguments])
        if size <= FOLD_LIMIT or op.lower is None and op.body is None:
            out_dtypes = [t._dtype for t in node.outputs]
            if all(d.kind not in "rv" for d in out_dtypes):
                return list(run_kernel(op, arguments, node.inputs, attrs, out_dtypes))
    if op.lower is not None:
        ready = []
        static, hints = _static_positions(op, node, attrs), _positions(op, op.hints, node, attrs)
        for i, a in enumerate(arguments):
            if i in static:
                if type(a) is not np.ndarray:
                    raise NeedsValue(node, i)
            elif type(a) is np.ndarray and i not in hints and node.inputs[i]._dtype.kind not in "srv":
                a = b.constant(a, node.inputs[i]._dtype)
            ready.append(a)
        b.node = node  # type: ignore[attr-defined]
        result = op.lower(b, *op.regroup(ready, node.inputs, attrs), **_public(attrs))
        return flatten_outputs(result)
    if op.body is not None:
        inner = body_graph(op, arguments, attrs, node)
        return lower_graph(b, inner, arguments)
    raise CannotLower(node, "it has no lowering")


def _static_positions(op: OpDef, node: Any, attrs: Mapping[str, Any]) -> set[int]:
    return _positions(op, op.static, node, attrs)


def _positions(op: OpDef, names: Sequence[str], node: Any, attrs: Mapping[str, Any]) -> set[int]:
    """The flat inputs that belong to the named arguments."""
    if not names:
        return set()
    positions: set[int] = set()
    i = 0
    for arg, n in op.groups(node.inputs, attrs):
        if arg.name in names:
            positions.update(range(i, i + n))
        i += n
    return positions


def body_graph(op: OpDef, arguments: Sequence[Any], attrs: Mapping[str, Any], node: Any) -> FuncGraph:
    """A composite op's body traced at the shapes (and with the known values) of `arguments`."""
    graph = FuncGraph(op.name)
    graph.outer = None
    with building(graph, tapes=()):
        stand_ins = []
        for a, t in zip(arguments, node.inputs):
            shape = a.shape if isinstance(a, (np.ndarray, Value, Cell)) else t._raw_shape
            stand_in = graph.argument(t._dtype, shape)
            if type(a) is np.ndarray:
                stand_in.__dict__["_static"] = a
            stand_ins.append(stand_in)
        results = flatten_outputs(op.body(*op.regroup(stand_ins, node.inputs, attrs), **_public(attrs)))  # type: ignore[misc]
        graph.outputs = [t if not t._is_eager and t.op.graph is graph else graph.capture(t) for t in results]
    if graph.captures and len(graph.inputs) > len(arguments):
        raise CannotLower(node, "its body uses tensors from outside of it")
    return graph


def as_value(b: Builder, x: Any, dtype: DType) -> Value:
    """A known array becomes a constant of the program."""
    return b.constant(x, dtype) if type(x) is np.ndarray else x


def concrete(shape: Any) -> bool:
    return known(shape)
