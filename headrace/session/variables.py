"""Variables of a graph: a handle node that each session gives a value of its own, and ops that initialise, read and change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from headrace.api.variables import Variable, VariableAggregation, VariableSynchronization, after_creation
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.graph import Graph, Operation
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape, as_raw, text
from headrace.core.state import init_scope, state
from headrace.core.tensor import Tensor
from headrace.ops import state as ops

from .keys import GraphKeys
from .modes import Switches
from .stack import default_session

READS = ("ReadVariableOp", "Identity")  # of handles, and of references


def new_variable(*args: Any, **options: Any) -> Any:
    """A variable of a graph, of the kind that `use_resource`, the variable scope or the program asks for."""
    from .variable_store import get_variable_scope

    if options.get("variable_def") is not None:
        if args or options.get("initial_value") is not None:
            raise ValueError("variable_def and initial_value are mutually exclusive.")
        return of_message(options.pop("variable_def"), **options)
    wanted = options.get("use_resource")
    if wanted is None:
        wanted = get_variable_scope()._use_resource
    if wanted is None:
        wanted = Switches.resource_variables
    return (GraphVariable if wanted else _references())(*args, **options)


def of_message(message: Any, import_scope: Any = None, **options: Any) -> Any:
    """The variable whose operations in the default graph a `VariableDef` names."""
    from headrace.graphs.variables import is_reference

    kind = _references() if is_reference(message, import_scope) else GraphVariable
    return kind(variable_def=message, import_scope=import_scope, **options)


def _references() -> type[GraphVariable]:
    from .references import RefVariable

    return RefVariable


class GraphVariable(Variable):
    """A variable in a graph. It has a value once a session has run its `initializer`, in that session.

    Args: as `tf.compat.v1.Variable`."""

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None, collections: Iterable[str] | None = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
        dtype: Any = None, expected_shape: Any = None, import_scope: Any = None,
        constraint: Callable[..., Any] | None = None, use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE, shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:  # fmt: skip
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            from headrace.graphs.variables import restore

            restore(self, variable_def, import_scope)
            self._constraint, self._caching_device = constraint, caching_device
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified. Received: initial_value=None")
        if constraint is not None and not callable(constraint):
            raise ValueError(f"The `constraint` argument must be a callable, received {constraint!r}.")
        if expected_shape is not None and shape is None:
            shape = expected_shape
        if trainable is None:
            trainable = synchronization is not VariableSynchronization.ON_READ
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError(
                f"collections argument to Variable constructor must be a list, tuple, or set. Got {collections!r} of type {type(collections)}"
            )
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        self._trainable, self._constraint = trainable, constraint
        self._synchronization, self._aggregation = synchronization, aggregation
        self._caching_device, self._save_slice_info = caching_device, None
        with init_scope():
            graph: Any = state.graph
            with graph.control_dependencies(None), graph.name_scope(name or "Variable") as scope:
                self._build(graph, scope, initial_value, dtype, shape, validate_shape)
            graph.add_to_collections(collections, self)
        after_creation(self)

    def _build(
        self, graph: Graph, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        wanted: DType | None = as_dtype(dtype) if dtype is not None else None
        value = _initial_value(graph, initial_value, wanted)
        raw = as_raw(shape) if shape is not None else value._raw_shape if validate_shape else None
        if shape is not None and not TensorShape(raw).is_compatible_with(value.shape):
            raise ValueError(
                f"The initial value's shape {text(value._raw_shape)} is not compatible with the explicitly supplied `shape` "
                f"argument {text(raw)}."
            )
        if validate_shape and raw is None and shape is None:
            raise ValueError(
                f"initial_value must have a shape specified: {value!r}. Give one that has, or pass validate_shape=False."
            )
        self._name = self._full_name = scope[:-1]
        self._dtype, self._raw_shape = value._dtype, raw
        self._unique_id = f"{self._full_name}_{id(self)}"
        self._graph, self._initial_value = graph, value
        self._add_operations(graph, scope, _independent(value), raw, validate_shape)

    _initializer: Operation

    def _add_operations(self, graph: Graph, scope: str, value: Any, raw: Any, validate_shape: bool) -> None:
        """The variable in the graph: its handle, what initialises it, and what a session runs when it is fetched."""
        self.handle = ops.VAR_HANDLE(dtype=value._dtype, shape=raw, shared_name=self._full_name, name=scope)
        self.handle.__dict__["_handle_data"] = (value._dtype, raw)
        with graph.name_scope("IsInitialized"):
            self._is_initialized = lookup("VarIsInitializedOp")(self.handle)
        with graph.colocate_with(self.handle):
            self._initializer = ops.ASSIGN(self.handle, value, name="Assign")
            with graph.name_scope("Read"):
                self._snapshot = ops.READ(self.handle, dtype=value._dtype)

    def __del__(self) -> None:  # the value belongs to sessions
        pass

    # ------------------------------------------------------------------------------------------------------ properties
    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def op(self) -> Operation:
        """The operation of the variable's handle (in graphs of the older kind: the one that has the variable's name)."""
        return self.__dict__.get("_named") or self.handle.op

    @property
    def device(self) -> str:
        return self.handle.op.device

    @property
    def initializer(self) -> Operation:
        """The operation that gives the variable its initial value."""
        return self._initializer

    @property
    def initial_value(self) -> Any:
        return self._initial_value

    @property
    def create(self) -> Operation:
        return self._initializer

    def initialized_value(self) -> Tensor:
        """The value, or the initial value while it has none: for variables initialised from others."""
        from headrace.api.control import cond

        with init_scope():
            return cond(self._known(), self.read_value, lambda: self._initial_value)

    def _known(self) -> Any:
        """Whether there is a value."""
        return self._is_initialized

    def is_initialized(self, name: str | None = None) -> Any:
        return lookup("VarIsInitializedOp")(self.handle, name=name)

    def set_shape(self, shape: Any) -> None:
        self._raw_shape = self.shape.merge_with(shape)._raw
        self.handle.__dict__["_handle_data"] = (self._dtype, self._raw_shape)

    # --------------------------------------------------------------------------------------------------------- reading
    def value(self) -> Any:
        self._accessed()
        return ops.READ(self.handle, dtype=self._dtype, name="ReadVariableOp")

    def read_value(self) -> Any:
        """The value at the moment the operation runs."""
        self._accessed()
        return lookup("Identity")(ops.READ(self.handle, dtype=self._dtype, name="read"))

    def _as_graph_element(self) -> Any:
        return self._snapshot

    def eval(self, session: Any = None) -> Any:
        """The value in a session (the default one, if none is given)."""
        return (session or default_session("evaluate a variable", self._graph)).run(self._snapshot)

    def numpy(self) -> Any:
        raise NotImplementedError("numpy() is only available when eager execution is enabled.")

    def load(self, value: Any, session: Any = None) -> None:
        """Gives the variable a value in a session, without adding anything to the graph."""
        session = session or default_session("load a variable", self._graph)
        session.run(self._initializer, {self._initializer.inputs[1]: value})

    def count_up_to(self, limit: int) -> Tensor:
        """The value before one is added; OutOfRangeError once it has reached `limit`."""
        return lookup("ResourceCountUpTo")(self.handle, limit=limit, T=self._dtype)

    # --------------------------------------------------------------------------------------------------------- writing
    def _after(self, node: Any, read_value: bool) -> Any:
        if not read_value:
            super()._after(node, False)
            return node
        graph: Any = state.graph
        if graph.building_function:
            return super()._after(node, True)
        return Assigned(self, node)

    def _scatter_nd(self, op_name: str, indices: Any, updates: Any, name: str | None) -> Any:
        op = lookup(f"ResourceScatterNd{op_name.removeprefix('TensorScatter')}")
        return self._after(op(self.handle, indices, to_tensor(updates, self._dtype), name=name), True)

    def _assign_slice(self, where: Any, value: Any, read_value: bool) -> Any:
        begin, end, strides, masks = where
        op, value = lookup("ResourceStridedSliceAssign"), to_tensor(value, self._dtype)
        return self._after(op(self.handle, begin, end, strides, value, **masks), read_value)

    # ---------------------------------------------------------------------------------------------------------- saving
    @property
    def _shared_name(self) -> str:
        return self._full_name

    def _set_save_slice_info(self, info: Any) -> None:
        self._save_slice_info = info

    def _get_save_slice_info(self) -> Any:
        return self._save_slice_info

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The `VariableDef` of the variable: the names of its operations; None if they are not in `export_scope`."""
        from headrace.graphs.variables import variable_message

        return variable_message(self, export_scope)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> GraphVariable:
        """The variable whose operations in the default graph a `VariableDef` names."""
        return of_message(variable_def, import_scope)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:  # plain graphs compare identity
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __iter__(self) -> Any:
        raise TypeError(f"'{type(self).__name__}' object is not iterable.")

    def __deepcopy__(self, memo: Any) -> Any:
        raise NotImplementedError("__deepcopy__() is only available when eager execution is enabled.")

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self._dtype.name}>"


class Assigned(GraphVariable):
    """A variable after an assignment: whatever reads it waits for that."""

    def __init__(self, variable: GraphVariable, node: Operation) -> None:
        self.__dict__.update(variable.__dict__)
        self._variable, self._assignment = variable, node
        self._read: Any = None

    @property
    def op(self) -> Operation:
        """The operation that assigns."""
        return self._assignment

    def value(self) -> Any:
        with state.graph.control_dependencies([self._assignment]):  # type: ignore[union-attr]
            return super().value()

    def read_value(self) -> Any:
        with state.graph.control_dependencies([self._assignment]):  # type: ignore[union-attr]
            return super().read_value()

    def _as_graph_element(self) -> Any:
        if self._read is None:
            graph = self._graph
            finalized, graph.finalized = graph.finalized, False  # the read belongs to the assignment
            try:
                with (
                    graph.as_default(),
                    graph.control_dependencies(None),
                    graph.control_dependencies([self._assignment]),
                ):
                    self._read = lookup("Identity")(ops.READ(self.handle, dtype=self._dtype))
            finally:
                graph.finalized = finalized
        return self._read

    def eval(self, session: Any = None) -> Any:
        return (session or default_session("evaluate a variable", self._graph)).run(self)

    def _after(self, node: Any, read_value: bool) -> Any:
        node._add_control_input(self._assignment)
        return super()._after(node, read_value)


def _initial_value(graph: Graph, value: Any, dtype: DType | None) -> Any:
    if callable(value) and not isinstance(value, (Tensor, Variable)) and not hasattr(value, "__tf_tensor__"):
        with graph.name_scope("Initializer"):
            value = value()
    if isinstance(value, Variable):
        value = value.initialized_value() if isinstance(value, GraphVariable) else value.value()
    if isinstance(value, Tensor):
        if dtype is not None and value._dtype is not dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {value._dtype.name}: {value!r}"
            )
        if value._is_eager:
            value = graph.capture(value)
        return value
    return to_tensor(value, dtype, name="initial_value")


def _independent(value: Any) -> Any:
    """The initial value, with reads of other variables replaced by what these are initialised to where they have no value
    yet: initialisers run in any order."""
    rebuilt: dict[int, Any] = {}
    variables = {
        id(v.handle): v
        for v in value.graph.get_collection(GraphKeys.GLOBAL_VARIABLES)
        if hasattr(v, "handle")
    }
    if not variables:
        return value

    def reads(t: Any, seen: set[int]) -> bool:
        stack = [t.op]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if node.type in READS and id(node.inputs[0]) in variables:
                return True
            stack.extend([x.op for x in node.inputs])
        return False

    def visit(t: Any) -> Any:
        node = t.op
        if node.type in READS and id(node.inputs[0]) in variables:
            key = id(node.inputs[0])
            if key not in rebuilt:
                rebuilt[key] = variables[key].initialized_value()
            return rebuilt[key]
        if node.op_def.stateful or not reads(t, set()):
            return t
        key = id(node)
        if key not in rebuilt:
            inputs = [visit(x) for x in node.inputs]
            rebuilt[key] = node.graph.add(node.op_def, inputs, node.attrs, node.name.rpartition("/")[2])
        return rebuilt[key].outputs[t.value_index]

    return visit(value)


__all__ = ["Assigned", "GraphVariable", "dtypes"]
