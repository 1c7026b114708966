"""Graphs with references to variables as they run: on the variables' handles, with reads where values are taken.

A reference is a variable's memory, and so is what only names it (`Identity`). Who takes it has the value that is there when
he runs: at his place among the nodes. What is fetched has the value at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes, errors
from headrace.core.graph import Operation
from headrace.core.op import OpDef
from headrace.core.tensor import SymbolicTensor
from headrace.ops.functional import READS
from headrace.ops.state import READ

NAMING = ("Identity", "RefIdentity", "VariableHandle")


def makes_variable(node: Operation) -> bool:
    """Whether a node is a variable that is known by reference."""
    return node.op_def.refers and not node.inputs


def handle_of(node: Operation) -> Any:
    """The handle of a node's resource; a new one for a variable that is known by reference."""
    if not makes_variable(node):
        return node.outputs[0]
    handle = SymbolicTensor(node, 0, dtypes.resource, ())
    handle.__dict__["_handle_data"] = node.attrs["dtype"], node.attrs["shape"]
    return handle


def stand_in(
    node: Operation, op: OpDef, inputs: Sequence[Any], attrs: Any, controls: Sequence[Operation], n_outputs: int
) -> Operation:  # fmt: skip
    """What runs in the place of a node. It has the first outputs of the node, as tensors of its own."""
    other = Operation(node.graph, op, node.name, inputs, attrs, controls)
    other._site, other._device = node._site, node._device
    other.__dict__["_in_place_of"] = node.__dict__.get("_in_place_of", node)
    for t in node.outputs[:n_outputs]:
        own = SymbolicTensor(other, t.value_index, t._dtype, t._raw_shape)
        own.__dict__.update(t.__dict__)
        other.outputs.append(own)
    return other


class Dereferenced:
    """The nodes of a run, in their order, without references.

    Args:
      nodes: pairs of a node, and whether it ran in an earlier part of the run: then only what it refers to matters.
      variables: pairs of a variable's node and its handle.
      shape_of: the shape that all values of a handle's variable have, as far as it is known.
      set_free: is told of handles whose variables may change their shapes.
    """

    def __init__(
        self, nodes: Sequence[tuple[Operation, bool]], variables: Sequence[tuple[Operation, Any]],
        shape_of: Callable[[Any], Any], set_free: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self.operations: list[Operation] = []
        self._shape_of, self._set_free = shape_of, set_free
        self._memory = {
            id(node.outputs[0]): handle for node, handle in variables
        }  # the handles behind tensors
        self._values: dict[int, Any] = {}  # reads after which nothing was written, by the ids of handles
        self._tensors: dict[int, Any] = {}  # what takes the place of tensors, by their ids
        self._instead: dict[int, tuple[Operation, ...]] = {}  # what others wait for in the place of a node
        for node, done in nodes:
            self._visit(node, done)

    def value(self, tensor: Any, at: Operation | None = None) -> Any:
        """A tensor, or what a reference's variable has at this point."""
        handle = self._memory.get(id(tensor))
        if handle is None:
            return self._tensors.get(id(tensor), tensor)
        found = self._values.get(id(handle))
        if found is None:
            dtype, shape = handle.__dict__["_handle_data"][0], self._shape_of(handle)
            read = stand_in(at or tensor.op, READ, (handle,), {"dtype": dtype}, (), 0)
            read.name = f"{handle.op.name}/read"
            found = self._values[id(handle)] = SymbolicTensor(read, 0, dtype, shape)
            read.outputs = [found]
            self.operations.append(read)
        return found

    def _visit(self, node: Operation, done: bool) -> None:
        op, memory = node.op_def, self._memory
        if node.type in NAMING and id(node.inputs[0]) in memory:
            memory[id(node.outputs[0])] = memory[id(node.inputs[0])]
            self._instead[id(node)] = (*self._controls(node), *self._instead.get(id(node.inputs[0].op), ()))
        elif op.on_handle is not None:
            self._change(node, op.on_handle, done)
        elif not done:
            inputs = [self._input(node, t) for t in node.inputs]
            controls = self._controls(node)
            if len(controls) != len(node.control_inputs) or any(
                a is not b for a, b in zip((*inputs, *controls), (*node.inputs, *node.control_inputs))
            ):
                node = self._replaced(node, op, inputs, node.attrs, controls)
            self.operations.append(node)

    def _replaced(
        self, node: Operation, op: OpDef, inputs: Sequence[Any], attrs: Any, controls: Sequence[Operation]
    ) -> Operation:  # fmt: skip
        n_outputs = 0 if node.op_def.refers else len(node.outputs)
        other = stand_in(node, op, inputs, attrs, controls, n_outputs)
        if node.private:
            other.private = node.private
        self._tensors.update({id(t): own for t, own in zip(node.outputs, other.outputs)})
        self._instead[id(node)] = (other,)
        return other

    def _controls(self, node: Operation) -> tuple[Operation, ...]:
        if not node.control_inputs or not self._instead:
            return node.control_inputs
        return tuple([c for n in node.control_inputs for c in self._instead.get(id(n), (n,))])

    def _input(self, node: Operation, tensor: Any) -> Any:
        handle = self._memory.get(id(tensor))
        if handle is None or tensor._dtype.kind != "r":
            return self.value(tensor, node)
        if node.type not in READS:
            self._values.pop(id(handle), None)
        return handle

    def _change(self, node: Operation, op: OpDef, done: bool) -> None:
        """The op that does to the handle what a node does to a reference."""
        inputs = []
        for i, (tensor, arg) in enumerate(zip(node.inputs, op.signature.inputs)):
            if arg.dtype is not dtypes.resource:
                inputs.append(tensor if done else self.value(tensor, node))
                continue
            handle = self._memory.get(id(tensor))
            if handle is None:
                name, dtype = tensor.name, tensor._dtype.name
                raise errors.InvalidArgumentError(
                    None, node, f"Input {i} of node {node.name} was passed {dtype} from {name} incompatible with expected {dtype}_ref:"
                    " a variable that is fed a value cannot be changed in the same run.",
                )  # fmt: skip
            inputs.append(handle)
        handle = inputs[0]
        if node.attrs.get("validate_shape") is False and inputs[1]._raw_shape != self._shape_of(handle):
            self._set_free(handle)
        if node.op_def.refers:
            self._memory[id(node.outputs[0])] = handle
        if done:
            return
        dtype = handle.__dict__["_handle_data"][0]
        attrs = {
            name: node.attrs.get(name, dtype if name in ("T", "dtype") else v) for name, v in op.attrs.items()
        }
        self.operations.append(self._replaced(node, op, inputs, attrs, self._controls(node)))
        if op.name not in READS:
            for x in inputs:
                self._values.pop(id(x), None)


__all__ = ["Dereferenced", "handle_of", "makes_variable", "stand_in"]
