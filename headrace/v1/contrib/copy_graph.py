"""`tf.contrib.copy_graph`: variables and operations of one graph, again in another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import headrace as tf
from headrace.core.graph import Graph, Operation
from headrace.core.tensor import SymbolicTensor
from headrace.session.keys import GraphKeys
from headrace.session.variables import GraphVariable, new_variable


def _named(name: str, scope: str) -> str:
    return f"{scope}/{name}" if scope else name


def copy_variable_to_graph(org_instance: Any, to_graph: Graph, scope: str = "") -> Any:
    """A copy of a variable in another graph, in the same collections there, which starts with the value that the original
    starts with.

    Args:
      scope: is put before its name, and before those of its collections but global and trainable variables.

    Raises:
      TypeError: it is no variable of a graph.
    """
    if not isinstance(org_instance, GraphVariable):
        raise TypeError(f"{org_instance} is not a Variable")
    graph = org_instance.graph
    own = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES)
    collections = [
        key if key in own or not scope else _named(key, scope)
        for key in graph.get_all_collection_keys()
        if any(v is org_instance for v in graph.get_collection(key))
    ]
    with graph.as_default(), tf.compat.v1.Session() as session:
        value = session.run(org_instance.initialized_value())
    with to_graph.as_default():
        return new_variable(
            value,
            any(v is org_instance for v in graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)),
            name=_named(org_instance.op.name, scope),
            collections=collections,
            validate_shape=False,
            use_resource=org_instance.handle.dtype == tf.resource,
        )


def copy_op_to_graph(org_instance: Any, to_graph: Graph, variables: Iterable[Any], scope: str = "") -> Any:
    """A copy of an operation or tensor in another graph, with all that it needs and that is not there yet. Tensors are added to
    the collections that the originals are in.

    Args:
      variables: copies of the variables that it needs, made by `copy_variable_to_graph`.
      scope: is put before all names.

    Raises:
      TypeError: it is neither an operation nor a tensor.
    """
    if not isinstance(org_instance, (Operation, SymbolicTensor)):
        raise TypeError(f"Could not copy instance: {org_instance}")
    source = org_instance.graph
    given = {v.name: v for v in variables}
    top = org_instance if isinstance(org_instance, Operation) else org_instance.op

    def found(op: Operation) -> Any:
        name = _named(op.name, scope)
        variable = given.get(f"{name}:0")
        return to_graph.get_operation_by_name(name) if variable is None else variable.op

    def missing(op: Operation) -> bool:
        name = _named(op.name, scope)
        return f"{name}:0" not in given and name not in to_graph._by_name

    needed: set[int] = set()
    taken = {id(org_instance)}
    stack = [top]
    while stack:
        op = stack.pop()
        if id(op) not in needed and missing(op):
            needed.add(id(op))
            taken.update([id(t) for t in op.inputs])
            stack.extend([*(t.op for t in op.inputs), *op.control_inputs])
    with to_graph.as_default(), to_graph.control_dependencies(None), to_graph.name_scope(None):
        for op in source.operations:
            if id(op) in needed:
                inputs = [found(t.op).outputs[t.value_index] for t in op.inputs]
                new = to_graph.add(op.op_def, inputs, op.attrs, _named(op.name, scope))
                new.control_inputs = tuple([found(c) for c in op.control_inputs])
                new._device, new.private = op._device, {k: v for k, v in op.private.items() if k != "_class"}
                for t, copy in zip(op.outputs, new.outputs, strict=True):
                    copy.__dict__.update({k: v for k, v in t.__dict__.items() if k == "_handle_data"})
                    for key in source.get_all_collection_keys() if id(t) in taken else ():
                        if any(t is member for member in source.get_collection(key)):
                            to_graph.add_to_collection(_named(key, scope), copy)
    made = found(top)
    return (
        made
        if made is None or isinstance(org_instance, Operation)
        else made.outputs[org_instance.value_index]
    )


def get_copied_op(org_instance: Any, graph: Graph, scope: str = "") -> Any:
    """The copy of an operation or tensor that a graph has below a scope.

    Raises:
      KeyError: there is none.
    """
    return graph.as_graph_element(_named(org_instance.name, scope))


__all__ = ["copy_op_to_graph", "copy_variable_to_graph", "get_copied_op"]
