"""The graphs of functions' bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core import errors
from headrace.core.dispatch import _public, flatten_outputs
from headrace.core.dtypes import DType
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import Raw
from headrace.core.state import building, state
from headrace.core.static import static_value
from headrace.core.tensor import ReferenceTensor, SymbolicTensor, Tensor

from .graph import CONST, PLACEHOLDER, Graph

SMALL_CONSTANT = 16  # integers in eager tensors of up to so many elements become constants of a function, so that shapes fold


class FuncGraph(Graph):
    """The graph of a function's body.

    `.inputs` are its arguments followed by its captures; `.outputs` its results. `.captures` maps the id of an outside
    tensor to `(outside tensor, placeholder)`."""

    building_function = True
    by_demand = False  # whether only what its results depend on is run, as in sessions; else also all that has effects

    def __init__(self, name: str, outer: Graph | None = None) -> None:
        super().__init__(name)
        self.outer = outer if outer is not None else state.graph
        if self.outer is not None:
            self._gradient_names = self.outer._gradient_names
        self.inputs: list[SymbolicTensor] = []
        self.outputs: list[Any] = []
        self.captures: dict[int, tuple[Any, Any]] = {}
        self.structured_outputs: Any = None
        self.variables: dict[int, Any] = {}  # weak references, in order of first use
        self.scalars: dict[Any, SymbolicTensor] = {}  # constants made of Python numbers, by value and type
        self.fed: dict[int, Any] = {}  # the arguments of the call it is traced for, by the placeholder's id
        self.memo: dict[str, Any] = {}  # what was derived from this graph: its derivative, its program …
        self.folds = True  # whether constants and sizes of the graph around are known in here

    def argument(self, dtype: DType, shape: Raw, name: str = "x") -> SymbolicTensor:
        placeholder = self.placeholder(dtype, shape, name)
        self.inputs.append(placeholder)
        return placeholder

    def argument_like(self, tensor: Any) -> SymbolicTensor:
        """An argument of the type and shape of `tensor` (a variable's handle stays one)."""
        inner = self.argument(tensor._dtype, tensor._raw_shape)
        if "_handle_data" in tensor.__dict__:
            inner.__dict__["_handle_data"] = tensor.__dict__["_handle_data"]
        return inner

    def capture(self, tensor: Any, name: str | None = None) -> Any:
        """A placeholder for an outside tensor. What no gradient can flow to, and may be a shape, becomes a constant."""
        if isinstance(tensor, ReferenceTensor):  # the variable is captured; its value is read at every use
            read = self.add(lookup("ReadVariableOp"), [self.handle_of(tensor)], {"dtype": tensor._dtype})
            read.unconditional = True
            return read.outputs[0]
        found = self.captures.get(id(tensor))
        if found is not None:
            return found[1]
        if tensor._is_eager:
            if (
                not tensor._dtype.is_trainable
                and tensor._np is not None
                and tensor._np.size <= SMALL_CONSTANT
            ):
                inner: Any = self.constant(tensor._np, tensor._dtype)
                self.captures[id(tensor)] = tensor, inner
                return inner
        elif not self._reaches(tensor.op.graph):
            raise errors.InaccessibleTensorError(
                f"{tensor!r} is out of scope and cannot be used here: it was made in the graph {tensor.op.graph.name!r} "
                f"(at {tensor.op.site}), which this graph "
                f"({self.name!r}) is not inside of. Pass it as an argument, return it from its function, or keep its value in a tf.Variable."
            )
        elif self.folds and tensor.op.op_def is CONST and not tensor._dtype.is_trainable:
            # Integers stay constants, so that shapes fold.
            inner = self.constant(tensor.op.attrs["value"], tensor._dtype)
            self.captures[id(tensor)] = tensor, inner
            return inner
        saved, self._scope, control, self._control = self._scope, "", self._control, ()
        shape = tensor._raw_shape
        if not self.folds and shape is not None:
            shape = (None,) * len(shape)
        inner = self.placeholder(tensor._dtype, shape, name or "captured")
        self._scope, self._control = saved, control
        if "_handle_data" in tensor.__dict__:
            inner.__dict__["_handle_data"] = tensor.__dict__["_handle_data"]
        self.captures[id(tensor)] = tensor, inner
        self.inputs.append(inner)
        return inner

    def handle_of(self, reference: Any) -> Any:
        if self.outer is None:
            raise ValueError(
                f"{reference!r} is out of scope here: it belongs to the graph {reference.graph.name!r}."
            )
        return self.capture(self.outer.handle_of(reference))

    def _reaches(self, graph: Graph) -> bool:
        outer = self.outer
        while outer is not None:
            if outer is graph:
                return True
            outer = outer.outer
        return False

    @property
    def external_captures(self) -> list[Any]:
        """The outside tensors that must be passed after the arguments, in the order of `.inputs`."""
        by_inner = {
            id(inner): outer for outer, inner in self.captures.values() if inner.op.op_def is PLACEHOLDER
        }
        return [by_inner[id(t)] for t in self.inputs if id(t) in by_inner]


def trace_body(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> FuncGraph:
    """A composite op's body as a graph for inputs of these types and shapes. Inputs whose values the body may need while
    building (small constants) keep them."""
    graph = FuncGraph(op.name)
    graph.outer = None
    with building(graph, tapes=()):
        stand_ins = []
        for x in inputs:
            small = not x._is_eager or x._host().size <= SMALL_CONSTANT
            value = static_value(x) if x._dtype.is_integer and small else None
            stand_ins.append(graph.argument(x._dtype, x._raw_shape))
            if value is not None:
                stand_ins[-1].__dict__["_static"] = value
        assert op.body is not None
        results = flatten_outputs(op.body(*op.regroup(stand_ins, inputs, attrs), **_public(attrs)))
        graph.outputs = [graph_output(graph, t) for t in results]
    return graph


def graph_output(graph: FuncGraph, tensor: Any) -> SymbolicTensor:
    """The tensor as a result of the function: itself, or what stands for it inside."""
    return tensor if not tensor._is_eager and tensor.op.graph is graph else graph.capture(tensor)
