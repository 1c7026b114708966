"""Variables of graphs: `Variable`, `get_variable`, their collections, and ops on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.state import state
from headrace.core.tensor import ReferenceTensor
from headrace.session.keys import GraphKeys
from headrace.session.partitions import (
    fixed_size_partitioner,
    min_max_variable_partitioner,
    variable_axis_size_partitioner,
)
from headrace.session.scopes import get_local_variable, get_variable, variable_op_scope, variable_scope
from headrace.session.template import make_template
from headrace.session.variable_store import AUTO_REUSE, VariableScope, get_variable_scope

from .script import group, no_op
from .variables import Variable as _Variable
from .variables import VariableAggregation, VariableSynchronization, variable_creator_scope


class _VariableType(type):
    """`tf.compat.v1.Variable(…)` makes a variable of the graph; every variable is an instance."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _Variable)

    def __subclasscheck__(cls, other: Any) -> bool:
        return issubclass(other, _Variable)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _make(*args, **kwargs)


def _make(
    initial_value: Any = None, trainable: bool | None = None, collections: Iterable[str] | None = None,
    validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
    dtype: Any = None, expected_shape: Any = None, import_scope: Any = None,
    constraint: Callable[..., Any] | None = None, use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO, aggregation: Any = VariableAggregation.NONE, shape: Any = None,
) -> Any:  # fmt: skip
    options: dict[str, Any] = {
        "initial_value": initial_value, "trainable": trainable, "validate_shape": validate_shape, "caching_device": caching_device,
        "name": name, "variable_def": variable_def, "dtype": dtype, "constraint": constraint, "synchronization": synchronization,
        "aggregation": aggregation, "shape": shape,
    }  # fmt: skip
    if state.graph is not None:
        options |= {
            "collections": collections,
            "use_resource": use_resource,
            "expected_shape": expected_shape,
        }
    elif collections is not None:
        raise RuntimeError("Collections are of graphs: leave `collections` out in eager mode.")
    return _Variable(**options)


class Variable(metaclass=_VariableType):
    """A variable of the graph being built, with a value in each session that has run its initialiser.

    Args:
      initial_value: a tensor or value, or a function that gives one.
      trainable: whether optimizers train it: it is in the collection "trainable_variables".
      collections: where it is listed; "variables" by default.
      validate_shape: False lets the initial value have an unknown shape.
      constraint: a function that optimizers apply after an update.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     v = v1.Variable([1.0, 2.0])
    ...     sess.run(v.initializer)
    ...     sess.run(v.assign_add([1.0, 1.0])).tolist()
    [2.0, 3.0]
    """

    SaveSliceInfo = None

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
        """The variable whose operations in the default graph a `VariableDef` names."""
        from headrace.session.variables import GraphVariable

        return GraphVariable.from_proto(variable_def, import_scope)


# ------------------------------------------------------------------------------------------------------- collections
def global_variables(scope: str | None = None) -> list[Any]:
    """The variables that are shared, and saved."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


all_variables = global_variables


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables of the collection "local_variables"."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables of the collection "model_variables"."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers train."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables that have a moving average."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list: Any, name: str = "init") -> Any:
    """One operation that initialises the variables."""
    if var_list and state.graph is not None:
        return group(*[v.initializer for v in var_list], name=name)
    return group(name=name)


def global_variables_initializer() -> Any:
    """One operation that initialises all global variables."""
    return (
        no_op(name="global_variables_initializer")
        if state.graph is None
        else variables_initializer(global_variables())
    )


def local_variables_initializer() -> Any:
    """One operation that initialises all local variables."""
    return (
        no_op(name="local_variables_initializer")
        if state.graph is None
        else variables_initializer(local_variables())
    )


initialize_all_variables, initialize_local_variables = (
    global_variables_initializer,
    local_variables_initializer,
)
initialize_variables = variables_initializer


def tables_initializer(name: str = "init_all_tables") -> Any:
    """One operation that initialises all tables."""
    found = (
        get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS) if state.graph is not None else []
    )
    return group(*found, name=name)


initialize_all_tables = tables_initializer


def is_variable_initialized(variable: Any) -> Any:
    """A boolean tensor: whether the variable has a value."""
    memory = _reference(variable)
    if memory is not None:
        return lookup("IsVariableInitialized")(memory)
    return lookup("VarIsInitializedOp")(variable.handle)


def report_uninitialized_variables(var_list: Any = None, name: str = "report_uninitialized_variables") -> Any:
    """The names of the variables without a value, as a string vector; of all global and local ones by default."""
    from .gathering import boolean_mask

    if var_list is None:
        var_list = global_variables() + local_variables()
    graph = get_default_graph()
    with graph.name_scope(name):
        if not var_list:
            return to_tensor([], dtypes.string)
        flags = lookup("Pack")([lookup("LogicalNot")(is_variable_initialized(v)) for v in var_list])
        return boolean_mask(to_tensor([v.op.name for v in var_list]), flags)


def assert_variables_initialized(var_list: Any = None) -> Any:
    """A tensor that is an error to evaluate while a variable has no value; None where there are no variables."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    if not var_list:
        return None
    with get_default_graph().control_dependencies(None):
        ranks = [lookup("Rank")(v.value()) for v in var_list]
        return ranks[0] if len(ranks) == 1 else lookup("Pack")(ranks)


# ---------------------------------------------------------------------------------------------------------- changing
def _reference(ref: Any) -> Any:
    """The reference that an argument is, or that a variable of the graph being built is known by; None for resources. (Inside
    of functions variables are handles.)"""
    reference = ref if isinstance(ref, ReferenceTensor) else getattr(ref, "handle", None)
    here = isinstance(reference, ReferenceTensor) and reference.graph is state.graph
    return reference if here else None


def _inside(ref: Any) -> Any:
    """What stands for a reference of the graph around, inside of a function; any other variable itself."""
    if not isinstance(ref, ReferenceTensor):
        return ref
    from headrace.session.references import HeldReference

    return HeldReference(ref)


def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:
    """Replaces a variable's value; the result is its new value.

    Args:
      validate_shape: False lets a variable that is a reference take values of other shapes. (Of others, `shape` decides.)
    """
    memory = _reference(ref)
    if memory is not None:
        attrs = {"validate_shape": validate_shape is not False, "use_locking": use_locking is not False}
        return lookup("Assign")(memory, to_tensor(value, memory._dtype), **attrs, name=name)
    return _inside(ref).assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """Adds to a variable; the result is its new value."""
    memory = _reference(ref)
    if memory is not None:
        return lookup("AssignAdd")(memory, value, use_locking=bool(use_locking), name=name)
    return _inside(ref).assign_add(value, name=name)


def assign_sub(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """Subtracts from a variable; the result is its new value."""
    memory = _reference(ref)
    if memory is not None:
        return lookup("AssignSub")(memory, value, use_locking=bool(use_locking), name=name)
    return _inside(ref).assign_sub(value, name=name)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Any:
    """A variable's value before one is added to it; OutOfRangeError once it has reached `limit`."""
    memory = _reference(ref)
    if memory is not None:
        return lookup("CountUpTo")(memory, limit=limit, name=name)
    return ref.count_up_to(limit)


def _scatter(kind: str) -> Callable[..., Any]:
    def scatter(
        ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        memory = _reference(ref)
        if memory is not None:
            return lookup(f"Scatter{kind}")(memory, indices, updates, use_locking=use_locking, name=name)
        ref = _inside(ref)
        node = lookup(f"ResourceScatter{kind}")(ref.handle, indices, to_tensor(updates, ref.dtype), name=name)
        return ref._after(node, True)

    scatter.__name__ = scatter.__qualname__ = f"scatter_{kind.lower()}"
    scatter.__doc__ = (
        f"The {kind.lower()} of rows `indices` of a variable with `updates`; the result is its new value."
    )
    return scatter


scatter_add, scatter_sub, scatter_mul, scatter_div, scatter_min, scatter_max, scatter_update = [
    _scatter(kind) for kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update")
]


def scatter_nd_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Replaces the slices of a variable at the index vectors `indices`."""
    memory = _reference(ref)
    if memory is not None:
        return lookup("ScatterNdUpdate")(memory, indices, updates, use_locking=use_locking, name=name)
    return ref.scatter_nd_update(indices, updates, name)


def scatter_nd_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Adds to the slices of a variable at the index vectors `indices`."""
    memory = _reference(ref)
    if memory is not None:
        return lookup("ScatterNdAdd")(memory, indices, updates, use_locking=use_locking, name=name)
    return ref.scatter_nd_add(indices, updates, name)


def scatter_nd_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Any:
    """Subtracts from the slices of a variable at the index vectors `indices`."""
    memory = _reference(ref)
    if memory is not None:
        return lookup("ScatterNdSub")(memory, indices, updates, use_locking=use_locking, name=name)
    return ref.scatter_nd_sub(indices, updates, name)


def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Replaces rows of a variable, within each row of the leading dimensions of `indices`."""
    from headrace.core.slices import IndexedSlices

    return ref.batch_scatter_update(IndexedSlices(updates, to_tensor(indices)), name=name)


def create_partitioned_variables(
    shape: Any, slicing: Any, initializer: Any, dtype: Any = dtypes.float32, trainable: bool = True,
    collections: Any = None, name: str | None = None, reuse: Any = None,
) -> list[Any]:  # fmt: skip
    """Variables that are the parts of one, cut as `slicing` says (the number of parts in each dimension)."""
    if len(shape) != len(slicing):
        raise ValueError(
            f"The 'shape' and 'slicing' of a partitioned Variable must have the length: shape: {shape}, slicing: {slicing}"
        )
    if min(shape) < 1:
        raise ValueError(f"Partitioned Variables must have non-zero shape: {shape}.")
    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope:
        whole = get_variable(
            "part", TensorShape(shape), dtype, initializer, trainable=trainable, collections=collections,
            partitioner=lambda **_: slicing,
            custom_getter=lambda getter, name, **rest: getter(name=scope.name, **rest),  # the scope's name is the whole's
        )  # fmt: skip
    return list(whole) if hasattr(whole, "_parts") else [whole]


__all__ = ["fixed_size_partitioner", "min_max_variable_partitioner", "variable_axis_size_partitioner"]
ROOT = [
    "AUTO_REUSE", "Variable", "VariableAggregation", "VariableScope", "all_variables", "assert_variables_initialized",
    "assign", "assign_add", "assign_sub", "batch_scatter_update", "count_up_to", "create_partitioned_variables",
    "fixed_size_partitioner", "get_local_variable", "get_variable", "get_variable_scope", "global_variables",
    "global_variables_initializer", "initialize_all_tables", "initialize_all_variables",
    "initialize_local_variables", "initialize_variables", "is_variable_initialized", "local_variables",
    "local_variables_initializer", "make_template", "min_max_variable_partitioner", "model_variables", "moving_average_variables",
    "report_uninitialized_variables", "scatter_add", "scatter_div", "scatter_max", "scatter_min", "scatter_mul",
    "scatter_nd_add", "scatter_nd_sub", "scatter_nd_update", "scatter_sub", "scatter_update", "tables_initializer",
    "trainable_variables", "variable_axis_size_partitioner", "variable_creator_scope", "variable_op_scope",
    "variable_scope", "variables_initializer",
]  # fmt: skip
FUNCTIONS = {
    "initializers.global_variables": global_variables_initializer,
    "initializers.local_variables": local_variables_initializer,
    "initializers.tables_initializer": tables_initializer,
    "initializers.variables": variables_initializer,
}
NAMES = {"initializers": ["global_variables", "local_variables", "tables_initializer", "variables"]}
