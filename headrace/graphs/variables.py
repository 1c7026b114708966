"""Variables as `VariableDef` messages: the names of their operations."""

from __future__ import annotations

from typing import Any

from headrace.api.variables import VariableAggregation, VariableSynchronization
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.tensor import ReferenceTensor

_SYNCHRONIZATION = list(VariableSynchronization)
_AGGREGATION = list(VariableAggregation)


def inside(name: str, scope: str | None) -> str | None:
    """A name below a scope, without it; None for others."""
    if not scope:
        return name
    prefix = scope.rstrip("/") + "/"
    return name.removeprefix(prefix) if name.startswith(prefix) else None


def below(name: str, scope: str | None) -> str:
    """The name that something has below a scope that it was imported into."""
    return f"{scope.rstrip('/')}/{name}" if scope and name else name


def named_as_resource(variable: Any) -> bool:
    """Whether a reference is written as a resource."""
    from .resources import taken_by_functions

    return variable.handle.op.name in taken_by_functions(variable.graph)


def variable_message(variable: Any, export_scope: str | None) -> Any:
    """The `VariableDef` of a graph's variable; None if it is not in the scope."""
    from headrace.proto.meta_graph_pb2 import VariableDef

    named = variable.__dict__.get("_named")
    name = inside(variable.handle.name if named is None else f"{named.name}:0", export_scope)
    if name is None:
        return None
    message = VariableDef(
        variable_name=inside(variable.handle.name, export_scope) or "",
        initializer_name=inside(variable.initializer.name, export_scope) or "",
        snapshot_name=inside(variable._snapshot.name, export_scope) or "",
        is_resource=variable.handle._dtype.kind == "r" or named_as_resource(variable),
        trainable=bool(variable.trainable),
    )
    message.synchronization = _SYNCHRONIZATION.index(variable.synchronization)  # type: ignore[assignment]
    message.aggregation = _AGGREGATION.index(variable.aggregation)  # type: ignore[assignment]
    if variable._initial_value is not None:
        message.initial_value_name = inside(variable._initial_value.name, export_scope) or ""
    part = variable._save_slice_info
    if part is not None:
        message.save_slice_info_def.full_name = part.full_name or ""
        message.save_slice_info_def.full_shape.extend(part.full_shape)
        message.save_slice_info_def.var_offset.extend(part.var_offset)
        message.save_slice_info_def.var_shape.extend(part.var_shape)
    return message


def is_reference(message: Any, import_scope: str | None) -> bool:
    """Whether the variable that a `VariableDef` names is a reference in the default graph."""
    named = get_default_graph().as_graph_element(below(message.variable_name, import_scope))
    return isinstance(named, ReferenceTensor)


def restore(variable: Any, message: Any, import_scope: str | None) -> None:
    """Fills a new variable with what a `VariableDef` names in the default graph.

    Raises:
      KeyError: an operation that it names is not there.
      ValueError: what it names is no variable.
    """
    graph = get_default_graph()

    def element(name: str) -> Any:
        return graph.as_graph_element(below(name, import_scope))

    named = element(message.variable_name).op
    if named.type == "ReadVariableOp":  # what a variable of the older kind has become
        handle = named.inputs[0]
        variable._named = named
    elif named.type in ("VarHandleOp", "VariableV2", "Variable"):
        handle = named.outputs[0]
    else:
        raise ValueError(f"{message.variable_name!r} is the name of a {named.type}, not of a variable.")
    variable.handle, variable._graph = handle, graph
    variable._dtype, variable._raw_shape = handle.op.attrs["dtype"], handle.op.attrs["shape"]
    variable._name = variable._full_name = named.name
    if "_named" not in variable.__dict__ and handle.op.name.endswith("/handle"):
        variable._name = variable._full_name = handle.op.name.removesuffix("/handle")
    variable._initializer = element(message.initializer_name)
    variable._initial_value = element(message.initial_value_name) if message.initial_value_name else None
    variable._snapshot = element(message.snapshot_name) if message.snapshot_name else None
    with graph.as_default(), graph.control_dependencies(None):
        if variable._snapshot is None:
            variable._snapshot = lookup("ReadVariableOp")(handle, dtype=variable._dtype)
        if handle._dtype.kind == "r":
            with graph.name_scope(f"{named.name}/IsInitialized/"):
                variable._is_initialized = lookup("VarIsInitializedOp")(handle)
    variable._synchronization = _SYNCHRONIZATION[message.synchronization]
    variable._aggregation = _AGGREGATION[message.aggregation]
    variable._trainable = message.trainable
    variable._unique_id = f"{variable._full_name}_{id(variable)}"
    variable._constraint = variable._caching_device = variable._save_slice_info = None
    if message.HasField("save_slice_info_def"):
        from headrace.session.partitions import SliceInfo

        info = message.save_slice_info_def
        variable._save_slice_info = SliceInfo(
            below(info.full_name, import_scope),
            list(info.full_shape),
            list(info.var_offset),
            list(info.var_shape),
        )


__all__ = ["below", "inside", "is_reference", "restore", "variable_message"]
