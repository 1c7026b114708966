"""`tf.contrib.framework`: argument scopes, model variables and their names, values from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_saving as saving
from headrace.api import compat_v1_train as train
from headrace.api import nest
from headrace.api.compat_v1_control import assert_scalar, case, convert_to_tensor_or_sparse_tensor
from headrace.api.compat_v1_graph import device as device_scope
from headrace.api.compat_v1_variables import Variable, assign, is_variable_initialized
from headrace.core.graph import Graph, get_default_graph
from headrace.core.specs import BoundedTensorSpec as _BoundedTensorSpec
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable
from headrace.v1.internals.deprecation import deprecated, deprecated_arg_values, deprecated_args

from .arg_scopes import (
    add_arg_scope,
    arg_scope,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from .layer_utils import constant_value as smart_constant_value
from .layer_utils import smart_cond
from .orthogonal import (
    convolutional_delta_orthogonal,
    convolutional_orthogonal_1d,
    convolutional_orthogonal_2d,
    convolutional_orthogonal_3d,
)
from .placement import VariableDeviceChooser
from .tensor_checks import (
    assert_scalar_int,
    py_func,
    reduce_sum_n,
    remove_squeezable_dimensions,
    with_same_shape,
    with_shape,
)

_variable: Any = Variable  # its metaclass says what it takes
create_global_step = train.create_global_step
get_global_step = train.get_global_step
get_or_create_global_step = train.get_or_create_global_step
assert_global_step = train.assert_global_step
init_from_checkpoint = saving.init_from_checkpoint
argsort, sort, TensorSpec, BoundedTensorSpec = tf.argsort, tf.sort, tf.TensorSpec, _BoundedTensorSpec
assert_same_float_dtype = tf.debugging.assert_same_float_dtype


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """The global step given, checked, or that of the graph."""
    if global_step_tensor is None:
        return get_or_create_global_step(graph)
    assert_global_step(global_step_tensor)
    return global_step_tensor


# ---------------------------------------------------------------------------------------------------------- variables
@add_arg_scope
def variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: Any = None, caching_device: Any = None, device: Any = None,
    partitioner: Any = None, custom_getter: Any = None, use_resource: bool | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """`get_variable`, on a device, in collections (the global variables' by default)."""
    collections = list(dict.fromkeys(collections or [GraphKeys.GLOBAL_VARIABLES]))
    getter: Callable[..., Any] = custom_getter or get_variable
    with device_scope(device or ""):
        return getter(
            name, shape=shape, dtype=dtype or tf.float32, initializer=initializer, regularizer=regularizer,
            trainable=trainable, collections=collections, caching_device=caching_device, partitioner=partitioner,
            use_resource=use_resource, **kwargs,
        )  # fmt: skip


@add_arg_scope
def model_variable(
    name: str, shape: Any = None, dtype: Any = tf.float32, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: Any = None, caching_device: Any = None, device: Any = None,
    partitioner: Any = None, custom_getter: Any = None, use_resource: bool | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """`variable` that is a model variable: listed in the collections of global and of model variables."""
    own = [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
        collections=own, caching_device=caching_device, device=device, partitioner=partitioner,
        custom_getter=custom_getter, use_resource=use_resource, **kwargs,
    )  # fmt: skip


def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None
) -> Any:
    """A variable of the collection "local_variables", not trained."""
    return _variable(
        initial_value, trainable=False, collections=[GraphKeys.LOCAL_VARIABLES], validate_shape=validate_shape, name=name,
        use_resource=use_resource,
    )  # fmt: skip


def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: Any = None
) -> Any:
    """A variable of the collection "variables", not trained."""
    return _variable(
        initial_value, trainable=False, collections=[GraphKeys.GLOBAL_VARIABLES], validate_shape=validate_shape, name=name,
        use_resource=use_resource,
    )  # fmt: skip


def add_model_variable(var: Any) -> None:
    """Lists a variable among the model variables."""
    if not any(var is v for v in get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES)):
        get_default_graph().add_to_collection(GraphKeys.MODEL_VARIABLES, var)


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a collection below a scope (its name, a pattern, or the scope itself), with that end of their names."""
    if scope is not None and hasattr(scope, "name"):
        scope = scope.name
    if suffix is not None:
        scope = (scope or "") + ".*" + re.escape(suffix if ":" in suffix else suffix + ":")
    return get_default_graph().get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """`get_variables` of the model variables."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """`get_variables` of the local variables."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """`get_variables` of the trainable variables."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The variables whose names end so."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The variables whose names, scopes aside, are that one."""
    suffix = "/" + given_name + ":|^" + given_name + ":"
    return [v for v in get_variables(scope) if re.search(suffix, v.name)]


def get_unique_variable(var_op_name: str) -> Any:
    """The one variable of that name.

    Raises:
      ValueError: there is none, or more than one."""
    found = [v for v in get_variables(scope=var_op_name) if v.op.name == var_op_name]
    if not found:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    if len(found) > 1:
        raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")
    return found[0]


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables below the scopes of `include` (all, if None), without those below the scopes of `exclude`."""
    for what, value in (("include", include), ("exclude", exclude)):
        if value is not None and not isinstance(value, (list, tuple)):
            raise TypeError(f"{what} must be a list or tuple, received {value!r}.")
    wanted = get_variables() if include is None else [v for scope in include for v in get_variables(scope)]
    left_out = [v for scope in exclude or [] for v in get_variables(scope)]
    return [v for v in wanted if not any(v is w for w in left_out)]


def filter_variables(
    var_list: Any, include_patterns: Any = None, exclude_patterns: Any = None, reg_search: bool = True
) -> list[Any]:
    """The variables whose names match one of `include_patterns` (any, if none are given) and none of `exclude_patterns`."""
    match: Any = re.search if reg_search else re.match
    kept = list(var_list)
    if include_patterns:
        kept = [v for v in kept if any(match(p, v.name) for p in include_patterns)]
    return [v for v in kept if not any(match(p, v.name) for p in exclude_patterns or [])]


def get_variable_full_name(var: Any) -> str:
    """A variable's name; the whole's, for a part of one."""
    info = var._get_save_slice_info() if hasattr(var, "_get_save_slice_info") else None
    return info.full_name if info else var.op.name


# ------------------------------------------------------------------------------------------------- values from elsewhere
def assign_from_values(var_names_to_values: dict[str, Any]) -> Any:
    """`(operation, feed)`: running the one with the other gives variables these values.

    Raises:
      ValueError: there is no such variable, or its shape is another."""
    feeds, assigned = {}, []
    for name, value in var_names_to_values.items():
        var = get_unique_variable(name)
        value = np.asarray(value)
        if tuple(var.shape.as_list()) != value.shape:
            raise ValueError(f"The variable {name} has shape {var.shape}, the value {value.shape}.")
        from headrace.api.compat_v1_arrays import placeholder

        fed = placeholder(var.dtype, value.shape)
        feeds[fed] = value
        assigned.append(var.assign(fed))
    return tf.group(*assigned), feeds


def assign_from_values_fn(var_names_to_values: dict[str, Any]) -> Callable[[Any], None]:
    """A function of a session that gives variables these values."""
    op, feeds = assign_from_values(var_names_to_values)

    def run(session: Any) -> None:
        session.run(op, feeds)

    return run


def _checkpoint(path: str) -> Any:
    reader = getattr(tf.compat.v1.train, "NewCheckpointReader")  # noqa: B009 - found at run time
    return reader(path)


def _by_name(var_list: Any) -> dict[str, Any]:
    if isinstance(var_list, dict):
        return var_list
    out: dict[str, Any] = {}
    for var in var_list:
        out.setdefault(get_variable_full_name(var), []).append(var)
    return {k: v[0] if len(v) == 1 else v for k, v in out.items()}


def assign_from_checkpoint(model_path: str, var_list: Any, ignore_missing_vars: bool = False) -> Any:
    """`(operation, feed)`: running the one with the other gives variables their values in a checkpoint.

    Args:
      var_list: variables, or a dict of them by their names in the checkpoint.

    Raises:
      ValueError: the checkpoint lacks one (unless `ignore_missing_vars`), or has it in another shape.
    """
    from headrace.api.compat_v1_arrays import placeholder

    reader = _checkpoint(model_path)
    feeds, assigned = {}, []
    for name, variables in _by_name(var_list).items():
        if not reader.has_tensor(name):
            if ignore_missing_vars:
                continue
            raise ValueError(f"Checkpoint is missing variable [{name}]")
        whole = reader.get_tensor(name)
        for var in variables if isinstance(variables, (list, tuple)) else [variables]:
            info = var._get_save_slice_info() if hasattr(var, "_get_save_slice_info") else None
            value = whole
            if info is not None:
                value = whole[tuple(slice(o, o + s) for o, s in zip(info.var_offset, info.var_shape))]
            if tuple(var.shape.as_list()) != value.shape:
                raise ValueError(
                    f"Total size of new array must be unchanged for {name}: checkpoint {value.shape}, variable {var.shape}."
                )
            fed = placeholder(var.dtype, value.shape)
            feeds[fed] = value
            assigned.append(var.assign(fed))
    return tf.group(*assigned), feeds


def assign_from_checkpoint_fn(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False, reshape_variables: bool = False
) -> Any:
    """A function of a session that restores variables from a checkpoint; None where there is nothing to restore.

    Args:
      reshape_variables: whether values of another shape, but as many numbers, are taken.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    by_name = _by_name(var_list)
    reader = _checkpoint(model_path)
    if ignore_missing_vars:
        by_name = {name: v for name, v in by_name.items() if reader.has_tensor(name)}
    if not by_name:
        return None

    def run(session: Any) -> None:
        for name, variables in by_name.items():
            for var in variables if isinstance(variables, (list, tuple)) else [variables]:
                value = reader.get_tensor(name)
                shape = tuple(var.shape.as_list())
                if value.shape != shape and not (reshape_variables and value.size == np.prod(shape)):
                    raise ValueError(
                        f"Checkpoint has {name} with shape {value.shape}, the variable has {shape}."
                    )
                var.load(value.reshape(shape), session)

    return run


# ------------------------------------------------------------------------------------------------------------ small things
def is_tensor(x: Any) -> bool:
    """Whether it is a tensor, a sparse tensor or a variable."""
    return isinstance(x, (tf.Tensor, tf.SparseTensor, tf.RaggedTensor, tf.Variable))


def get_name_scope() -> str:
    """The name scope in force."""
    return get_default_graph().get_name_scope()


def get_graph_from_inputs(op_input_list: Any, graph: Any = None) -> Any:
    """The graph of the inputs."""
    for x in op_input_list:
        if getattr(x, "graph", None) is not None:
            return x.graph
    return graph or get_default_graph()


def get_placeholders(graph: Any) -> list[Any]:
    """The placeholders of a graph."""
    if not isinstance(graph, Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph!r}")
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def strip_name_scope(name: str, export_scope: str) -> str:
    """A name of an operation without the scope that it begins with.

    >>> strip_name_scope("net/layer/w", "net/"), strip_name_scope("^net/w", "net")
    ('layer/w', '^w')
    """
    if not export_scope:
        return name
    return re.sub(rf"([\^]|loc:@|^){export_scope.removesuffix('/')}[/]+(.*)", r"\1\2", name, count=1)


def prepend_name_scope(name: str, import_scope: str) -> str:
    """A name of an operation below a scope.

    >>> prepend_name_scope("layer/w", "net")
    'net/layer/w'
    """
    if not import_scope:
        return name
    return re.sub(r"([\^]|loc:@|^)(.*)", rf"\1{import_scope.removesuffix('/')}/\2", name, count=1)


def smart_case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, name: str = "smart_case"
) -> Any:
    """`tf.case`, whose predicates may be bools: where the first ones are known, the function is called now."""
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    known = [p if isinstance(p, bool) else smart_constant_value(p) for p, _ in pairs]
    if exclusive and sum(bool(k) for k in known if k is not None) > 1:
        raise ValueError("More than one condition evaluated as True but exclusive=True.")
    while pairs and known[0] is not None:
        (_, function), value = pairs.pop(0), known.pop(0)
        if value:
            return function()
    if pairs:
        return case([(tf.convert_to_tensor(p), f) for p, f in pairs], default, exclusive, name=name)
    if default is None:
        raise ValueError("No condition is true, and there is no default.")
    return default()


def zero_initializer(ref: Any, use_locking: bool = True, name: str = "zero_initializer") -> Any:
    """An operation that gives a variable zeros; an error when it has a value already.

    Args:
      use_locking: accepted: assignments are always whole."""
    with tf.name_scope(name):
        message = [f"{ref.op.name} has a value already: zero_initializer is for variables without."]
        fresh = tf.Assert(tf.logical_not(is_variable_initialized(ref)), message)
        with tf.control_dependencies([fresh]):
            return assign(ref, tf.zeros(ref.shape, ref.dtype.base_dtype))


def load_checkpoint(filepattern: str) -> Any:
    """A reader of a checkpoint."""
    return tf.train.load_checkpoint(filepattern)


def load_variable(checkpoint_dir: str, name: str) -> Any:
    """The value of a variable in a checkpoint."""
    return tf.train.load_variable(checkpoint_dir, name)


def list_variables(checkpoint_dir: str) -> Any:
    """Names and shapes of the variables in a checkpoint."""
    return tf.train.list_variables(checkpoint_dir)


__all__ = [
    "BoundedTensorSpec", "TensorSpec", "VariableDeviceChooser", "add_arg_scope", "add_model_variable", "arg_scope",
    "arg_scoped_arguments", "argsort", "assert_global_step", "assert_or_get_global_step", "assert_same_float_dtype",
    "assert_scalar", "assert_scalar_int", "assign_from_checkpoint", "assign_from_checkpoint_fn",
    "assign_from_values", "assign_from_values_fn", "convert_to_tensor_or_sparse_tensor",
    "convolutional_delta_orthogonal", "convolutional_orthogonal_1d", "convolutional_orthogonal_2d",
    "convolutional_orthogonal_3d", "create_global_step", "current_arg_scope", "deprecated", "deprecated_arg_values",
    "deprecated_args", "filter_variables", "get_global_step", "get_graph_from_inputs", "get_local_variables",
    "get_model_variables", "get_name_scope", "get_or_create_global_step", "get_placeholders",
    "get_trainable_variables", "get_unique_variable", "get_variable_full_name", "get_variables",
    "get_variables_by_name", "get_variables_by_suffix", "get_variables_to_restore", "global_variable",
    "has_arg_scope", "init_from_checkpoint", "is_tensor", "list_variables", "load_checkpoint", "load_variable",
    "local_variable", "model_variable", "nest", "prepend_name_scope", "py_func", "reduce_sum_n",
    "remove_squeezable_dimensions", "smart_case", "smart_cond", "smart_constant_value", "sort", "strip_name_scope",
    "variable", "with_same_shape", "with_shape", "zero_initializer",
]  # fmt: skip
