"""Variables of the older kind, which ops share by reference, inside of functions: there they are handles.

A graph keeps them as they are (`ops/references.py`). The loops and conditionals that take references become functions, and
inside of these what takes a reference takes the handle; what takes a value takes a read made at that place, after everything
the node waits for. In graphs that are functions themselves `Variable` and `VariableV2` nodes become a handle (`v/handle`) and a
read of it that has the node's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headrace.core.dtypes import DType
from headrace.core.graph import Operation
from headrace.core.op import OpDef, lookup
from headrace.core.tensor import ReferenceTensor, SymbolicTensor

from .attributes import Malformed, dtype_of
from .nodes import Node

if TYPE_CHECKING:
    from .operations import Scope


class Reference:
    """A reference to a variable: its handle, and the operation whose effect a reader must see.

    What passes a reference on by value (`Identity`) passes on the memory itself: the value is the one that is there when it is
    used. `shared` is a read that serves everybody who does not run after some update of the variable. `variable` is the same
    object for all references to one variable, in whatever graph they are."""

    __slots__ = ("_dtype", "after", "handle", "shared", "variable")

    def __init__(
        self,
        handle: Any,
        dtype: DType,
        after: Operation | None = None,
        shared: Any = None,
        variable: Any = None,
    ) -> None:
        self.handle, self._dtype, self.after, self.shared = handle, dtype, after, shared
        self.variable = handle if variable is None else variable

    def since(self, after: Operation | None, shared: Any = None) -> Reference:
        """The same variable after an operation."""
        return Reference(self.handle, self._dtype, after, shared, self.variable)

    def within(self, graph: Any) -> Reference:
        """The same variable inside of a function's graph."""
        return Reference(graph.capture(self.handle), self._dtype, variable=self.variable)


def variable_behind(reference: Any) -> Operation:
    """The variable that a reference of a graph leads to."""
    node: Operation = reference.op
    while node.inputs:
        node = node.inputs[0].op
    return node


def passed(nodes: Mapping[str, Node]) -> set[tuple[str, int]]:
    """What loops and conditionals among a graph's nodes take by reference: variables, by the names of their nodes."""
    found: set[tuple[str, int]] = set()
    for node in nodes.values():
        if node.op in TAKE_REFERENCES and node.inputs:
            key, met = node.inputs[0], {node.name}
            while (source := nodes.get(key[0])) is not None and source.inputs and source.name not in met:
                met.add(source.name)
                key = source.inputs[0]
            found.add(key)
    return found


def held(scope: Scope, tensor: Any) -> Any:
    """What a function around which references are kept has of a tensor: the variable itself, where it is a reference, or
    passes one on by value, to a variable that the graph's loops and conditionals may change. (It has a value when somebody
    reads it, who may be in a branch that is not taken.)"""
    at = tensor
    while not isinstance(at, ReferenceTensor):
        if not isinstance(at, SymbolicTensor) or at.op.type != "Identity":
            return tensor
        at = at.op.inputs[0]
    variable = variable_behind(at)
    if at is not tensor and not scope.passes(variable):
        return tensor
    node = tensor.op
    unchanged = node is variable or (node.inputs[0].op is variable and not node.control_inputs)
    after = None if unchanged and node.type in ("Identity", variable.type) else node
    return Reference(scope.graph.handle_of(variable.outputs[0]), at._dtype, after, variable=variable)


TAKE_REFERENCES = {"RefSwitch", "RefMerge", "RefEnter", "RefExit", "RefNextIteration"}

# Ops on references by their counterparts for resources, where the names differ by more than a prefix.
UPDATES = {
    "Assign": "AssignVariableOp", "AssignAdd": "AssignAddVariableOp", "AssignSub": "AssignSubVariableOp",
}  # fmt: skip
PREFIXED = ("Apply", "SparseApply", "Scatter", "StridedSliceAssign")
KEEP = ("ScatterNd", "ScatterNdNonAliasingAdd")  # these take values


def counterpart(op: str) -> str | None:
    """The resource form of an op that updates a variable by reference."""
    if op in UPDATES:
        return UPDATES[op]
    return f"Resource{op}" if op.startswith(PREFIXED) and op not in KEEP else None


def variable(scope: Scope, node: Node) -> None:
    """A variable: its handle, and its value under the name of the node."""
    message = node.message
    dtype, shape = _attribute(message, "dtype", "type"), _attribute(message, "shape", "shape")
    shared = message.attr["shared_name"].s.decode() if "shared_name" in message.attr else ""
    container = message.attr["container"].s.decode() if "container" in message.attr else ""
    attrs = {
        **lookup("VarHandleOp").attrs, "dtype": dtype, "shape": shape, "container": container,
        "shared_name": shared or scope.prefix + node.name,
    }  # fmt: skip
    made = scope.add_op(lookup("VarHandleOp"), node, (), attrs, (), f"{node.name}/handle")
    handle = made.outputs[0]
    read = scope.add_op(lookup("ReadVariableOp"), node, [handle], {"dtype": dtype}, scope.controls(node))
    reference: Any = Reference(handle, dtype, shared=read.outputs[0])
    scope.tensors[node.name], scope.operations[node.name] = [reference], read
    scope.values[node.name, 0] = read.outputs[0]


def _attribute(message: Any, name: str, kind: str) -> Any:
    from headrace.io.tensor_proto import raw_shape

    if name not in message.attr:
        raise Malformed(
            f"NodeDef missing attr '{name}' from {message.op}; NodeDef: {{{{node {message.name}}}}}"
        )
    value = getattr(message.attr[name], kind)
    return dtype_of(value) if kind == "type" else raw_shape(value)


def read(scope: Scope, node: Node, reference: Reference, others: Sequence[Any], name: str) -> Any:
    """The value of a variable when a node runs."""
    if reference.shared is not None and id(reference.variable) not in scope.written_before(node.sources):
        return reference.shared
    first = [t.op for t in others if not isinstance(t, Reference) and t.op.graph is scope.graph]
    controls = [*scope.controls(node), *([reference.after] if reference.after is not None else []), *first]
    controls = [c for c in dict.fromkeys(controls) if c.type not in ("Const", "Placeholder")]
    return scope.add_op(
        lookup("ReadVariableOp"), node, [reference.handle], {"dtype": reference._dtype}, tuple(controls), name
    ).outputs[0]


def update(scope: Scope, node: Node) -> None:
    """An op that changes a variable: the op on its handle, and a reference that is read after it."""
    name = counterpart(node.op)
    assert name is not None
    op: OpDef = lookup(name)
    raw = [scope.raw(node, k) for k in range(len(node.inputs))]
    if not raw or not isinstance(raw[0], Reference):  # the variable itself is a resource
        raise Malformed(f"Input 0 of node {scope.prefix}{node.name} must be a reference to a variable")
    inputs: list[Any] = []
    controls = list(scope.controls(node))
    resource = [a.dtype is not None and a.dtype.kind == "r" for a in op.signature.inputs]
    for k, x in enumerate(raw):
        if k < len(resource) and resource[k]:
            if not isinstance(x, Reference):
                raise Malformed(
                    f"Input {k} of node {scope.prefix}{node.name} must be a reference to a variable"
                )
            if x.after is not None:
                controls.append(x.after)
            inputs.append(x.handle)
        else:
            inputs.append(scope.value(node, k))
    made = scope.add_as(
        op, node, inputs, tuple(dict.fromkeys(controls)), {"dtype": raw[0]._dtype, "T": raw[0]._dtype}
    )
    scope.tensors[node.name] = [raw[0].since(made)]
    scope.updated.append(id(raw[0].variable))


def identity(scope: Scope, node: Node) -> None:
    """`Identity` of a reference is a read; of anything else, itself."""
    x = scope.raw(node, 0)
    if not isinstance(x, Reference):
        scope.plain(node)
        return
    controls = [*scope.controls(node), *([x.after] if x.after is not None else [])]
    op = lookup("ReadVariableOp")
    made = scope.add_op(op, node, [x.handle], {"dtype": x._dtype}, tuple(dict.fromkeys(controls)))
    passed_on = x.since(made if controls else x.after, made.outputs[0])
    scope.tensors[node.name], scope.operations[node.name] = [passed_on], made
    scope.values[node.name, 0] = made.outputs[0]


def ref_identity(scope: Scope, node: Node) -> None:
    """`RefIdentity` stays a reference, which is read after what the node waits for."""
    x = scope.raw(node, 0)
    if not isinstance(x, Reference):
        scope.add_as(lookup("Identity"), node, [x], scope.controls(node))
        return
    refer(scope, node, x, [*scope.controls(node), *([x.after] if x.after is not None else [])])


def without(graph: Any, inside: Reference) -> Reference:
    """The variable around the function that captured it."""
    handle = next(outer for outer, inner in graph.captures.values() if inner is inside.handle)
    return Reference(handle, inside._dtype, variable=inside.variable)


def refer(scope: Scope, node: Node, reference: Reference, controls: Sequence[Operation]) -> None:
    """A node that gives a reference, which is read after other operations."""
    if scope.by_reference:
        variable = reference.variable.outputs[0]
        scope.add_as(lookup("RefIdentity"), node, [variable], tuple(controls))
        return
    made = scope.add_op(lookup("NoOp"), node, (), {}, tuple(controls))
    scope.tensors[node.name], scope.operations[node.name] = [reference.since(made)], made


def on_handle(name: str) -> Any:
    """Makes a rule for an op that asks something of a variable, not of its value."""

    def rule(scope: Scope, node: Node) -> None:
        x = scope.raw(node, 0)
        if not isinstance(x, Reference):
            raise Malformed(f"Input 0 of node {scope.prefix}{node.name} must be a reference to a variable")
        controls = [*scope.controls(node), *([x.after] if x.after is not None else [])]
        scope.add_as(lookup(name), node, [x.handle], tuple(controls), {"T": x._dtype})

    return rule


RULES: dict[str, Any] = {
    "Variable": variable, "VariableV2": variable, "Identity": identity, "RefIdentity": ref_identity,
    "IsVariableInitialized": on_handle("VarIsInitializedOp"), "CountUpTo": on_handle("ResourceCountUpTo"),
}  # fmt: skip

# Older names of ops whose newer form takes a resource where theirs takes a reference to a string.
RENAMED = {
    name: f"{name}V2"
    for name in (
        "HashTable", "InitializeTable", "InitializeTableFromTextFile", "LookupTableExport", "LookupTableFind",
        "LookupTableImport", "LookupTableInsert", "LookupTableSize", "MutableDenseHashTable", "MutableHashTable",
        "MutableHashTableOfTensors", "FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "RandomShuffleQueue",
        "QueueClose", "QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo", "QueueEnqueue", "QueueEnqueueMany",
        "QueueSize", "FixedLengthRecordReader", "IdentityReader", "ReaderNumRecordsProduced",
        "ReaderNumWorkUnitsCompleted", "ReaderRead", "ReaderReadUpTo", "ReaderReset", "ReaderRestoreState",
        "ReaderSerializeState", "TFRecordReader", "TextLineReader", "WholeFileReader",
    )
} | {"PlaceholderV2": "Placeholder", "ControlTrigger": "NoOp", "Iterator": "IteratorV2"}  # fmt: skip

__all__ = [
    "RENAMED",
    "RULES",
    "Reference",
    "counterpart",
    "held",
    "passed",
    "read",
    "refer",
    "update",
    "variable_behind",
    "without",
]
