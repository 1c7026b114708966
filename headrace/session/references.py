"""Variables that are references, as programs of TensorFlow 1.x have them."""

from __future__ import annotations

from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, reference_type
from headrace.core.graph import Graph, get_default_graph
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.core.tensor import ReferenceTensor, SymbolicTensor, Tensor
from headrace.ops import references as ops

from .variables import GraphVariable


class RefVariable(GraphVariable):
    """A variable in a graph whose operation, `VariableV2`, gives a reference to it, and which is read by an operation
    `read` that stands for the value at whatever time somebody takes it.

    Args: as `tf.compat.v1.Variable`.

    >>> import headrace as tf
    >>> with tf.Graph().as_default() as graph, tf.compat.v1.Session() as sess:
    ...     v = tf.compat.v1.Variable(1.0, name="v", use_resource=False)
    ...     sess.run(v.initializer)
    ...     v.dtype, v.value().name, sess.run([v.assign_add(1.0), "v:0"])
    (tf.float32_ref, 'v/read:0', [np.float32(2.0), np.float32(2.0)])
    """

    def _add_operations(self, graph: Graph, scope: str, value: Any, raw: Any, validate_shape: bool) -> None:
        self.handle = ops.VARIABLE(dtype=value._dtype, shape=raw, name=scope)
        with graph.colocate_with(self.handle):
            self._initializer = ops.ASSIGN(
                self.handle, value, validate_shape=validate_shape, name="Assign"
            ).op
            self._snapshot = lookup("Identity")(self.handle, name="read")
        for node in (self._initializer, self._snapshot.op):
            node.private = {**node.private, "_class": [f"loc:@{self._full_name}".encode()]}

    @property
    def dtype(self) -> DType:
        return reference_type(self._dtype)

    def _ref(self) -> Any:
        """The reference: the tensor that has the variable's name."""
        return self.handle

    _variable = property(_ref)

    def is_initialized(self, name: str | None = None) -> Any:
        return lookup("IsVariableInitialized")(self.handle, name=name)

    def _known(self) -> Any:
        return lookup("VarIsInitializedOp")(self.handle)

    def _here(self) -> bool:
        """Whether the graph being built is the variable's own. (Inside of functions variables are handles.)"""
        return state.graph is self._graph

    # --------------------------------------------------------------------------------------------------------- reading
    def value(self) -> Any:
        if self._here():
            return self._snapshot
        value = super().value()
        if isinstance(
            value, SymbolicTensor
        ):  # the graph around the function reads it, unless the function changes it
            value.op.unconditional = True
        return value

    def read_value(self) -> Any:
        if self._here():
            return lookup("Identity")(self.handle, name="read")
        return lookup("Identity")(GraphVariable.value(self))

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        if not self._here():
            return super().sparse_read(indices, name)
        return lookup("GatherV2")(self._snapshot, indices, 0, name=name)

    def _as_graph_element(self) -> Any:
        return self.handle

    def eval(self, session: Any = None) -> Any:
        from .stack import default_session

        return (session or default_session("evaluate a variable", self._graph)).run(self.handle)

    # --------------------------------------------------------------------------------------------------------- writing
    def _convert(self, value: Any) -> Any:
        if isinstance(value, Tensor) and value._dtype is not self._dtype:
            raise TypeError(
                f"The variable {self.name!r} is of type {self._dtype.name}, which the type of its new value, {value!r}, does "
                "not match. Use tf.cast."
            )
        return super()._convert(value)

    def _after(self, node: Any, read_value: bool) -> Any:
        if not isinstance(node, ReferenceTensor):
            return super()._after(node, read_value)
        return node if read_value else node.op

    def set_shape(self, shape: Any) -> None:
        self.handle.set_shape(shape)
        self._snapshot.set_shape(shape)
        self._raw_shape = self.handle._raw_shape

    def __bool__(self) -> bool:  # as an object: it has no value while the graph is built
        return True

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"


class HeldReference:
    """A reference of the graph around, inside of a function: the variable's handle, and what changes it."""

    def __init__(self, reference: ReferenceTensor) -> None:
        self.handle = get_default_graph().handle_of(reference)
        self.dtype = reference._dtype

    def assign(self, value: Any, name: str | None = None) -> Any:
        return self._change("AssignVariableOp", value, name)

    def assign_add(self, value: Any, name: str | None = None) -> Any:
        return self._change("AssignAddVariableOp", value, name)

    def assign_sub(self, value: Any, name: str | None = None) -> Any:
        return self._change("AssignSubVariableOp", value, name)

    def _change(self, op: str, value: Any, name: str | None) -> Any:
        return self._after(lookup(op)(self.handle, to_tensor(value, self.dtype), name=name), True)

    def _after(self, node: Any, read_value: bool) -> Any:
        with get_default_graph().control_dependencies([node]):
            return lookup("ReadVariableOp")(self.handle, dtype=self.dtype) if read_value else node


__all__ = ["HeldReference", "RefVariable"]
