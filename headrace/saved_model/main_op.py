"""Operations that run when a model is loaded: kept in a collection, or named by a signature."""

from __future__ import annotations

from typing import Any

from headrace.api.compat_v1_variables import (
    global_variables_initializer,
    local_variables_initializer,
    tables_initializer,
)
from headrace.api.script import group
from headrace.core.graph import Operation, get_default_graph
from headrace.graphs.variables import below

from .constants import INIT_OP_SIGNATURE_KEY, LEGACY_INIT_OP_KEY, MAIN_OP_KEY


def main_op() -> Any:
    """An operation that initialises all variables and tables of the default graph, to be run on loading."""
    return group(global_variables_initializer(), local_variables_initializer(), tables_initializer())


def main_op_with_restore(restore_op_name: Any) -> Any:
    """An operation that initialises all variables and tables, then restores.

    Args:
      restore_op_name: the operation that restores.
    """
    with get_default_graph().control_dependencies([main_op()]):
        return group(restore_op_name)


def add_main_op(operation: Any) -> None:
    """Notes in the default graph that an operation is to run on loading.

    Raises:
      TypeError: it is no operation.
      ValueError: there is such an operation already.
    """
    if operation is None:
        return
    if not isinstance(operation, Operation):
        raise TypeError(f"Expected {operation} to be an Operation but got type {type(operation)} instead.")
    graph = get_default_graph()
    for key in (MAIN_OP_KEY, LEGACY_INIT_OP_KEY):
        if graph.get_collection(key):
            raise ValueError(f"Graph already contains one or more main ops under the collection {key}.")
    graph.add_to_collection(MAIN_OP_KEY, operation)


def main_op_name(meta_graph: Any) -> str | None:
    """The name of what a meta graph runs on loading.

    Raises:
      RuntimeError: it names several.
    """
    if INIT_OP_SIGNATURE_KEY in meta_graph.signature_def:
        return meta_graph.signature_def[INIT_OP_SIGNATURE_KEY].outputs[INIT_OP_SIGNATURE_KEY].name
    for key in (MAIN_OP_KEY, LEGACY_INIT_OP_KEY):
        if key in meta_graph.collection_def:
            names = meta_graph.collection_def[key].node_list.value
            if len(names) != 1:
                raise RuntimeError(
                    f"Expected exactly one SavedModel init op. Found {len(names)}: {list(names)}."
                )
            return names[0]
    return None


def find_main_op(meta_graph: Any, scope: str) -> Any:
    """What a meta graph runs on loading, in the default graph, which it was imported into below `scope`; None if there is
    nothing.

    Raises:
      RuntimeError: there are several.
      KeyError: the graph has no such operation.
    """
    name = main_op_name(meta_graph)
    return None if name is None else get_default_graph().as_graph_element(below(name, scope))


__all__ = ["add_main_op", "find_main_op", "main_op", "main_op_name", "main_op_with_restore"]
