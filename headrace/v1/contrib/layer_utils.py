"""What the layers of `tf.contrib.layers` share: collections of outputs and variables, conditions known or not."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core.graph import get_default_graph
from headrace.session.keys import GraphKeys
from headrace.v1.layers.core import chosen


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Adds outputs to collections, with another name to find them by."""
    if collections:
        append_tensor_alias(outputs, alias)
        get_default_graph().add_to_collections(collections, outputs)
    return outputs


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Gives a tensor one more name."""
    alias = alias.rstrip("/")
    tensor.__dict__.setdefault("aliases", []).append(alias)
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """The names of a tensor: those it was given, else its own."""
    found = tensor.__dict__.get("aliases")
    return found or [tensor.name.rpartition(":")[0] if tensor.name.endswith(":0") else tensor.name]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """All names of the tensors."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def convert_collection_to_dict(collection: Any, clear_collection: bool = False) -> dict[str, Any]:
    """The outputs of a collection by name, in order."""
    found = {
        alias: t for t in get_default_graph().get_collection(collection) for alias in get_tensor_aliases(t)
    }
    if clear_collection:
        get_default_graph().clear_collection(collection)
    return found


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """The value, if it is known; None for what is known only when it runs."""
    if value_or_tensor_or_var is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    value = value_or_tensor_or_var
    if isinstance(value, (tf.Tensor, tf.Variable)):
        if dtype and value.dtype != tf.as_dtype(dtype):
            raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
        value = None if isinstance(value, tf.Variable) else tf.get_static_value(value)
    return value


def smart_cond(pred: Any, fn1: Any, fn2: Any, name: str | None = None) -> Any:
    """`fn1()` or `fn2()`: now if the condition is known, else when it runs."""
    return chosen(pred, fn1, fn2)


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections of the variable of that name, where a dict gives them by name."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def add_to_variable_collections(variable: Any, collections: Any, name: str) -> None:
    """Adds a variable to the collections given for its name."""
    own = get_variable_collections(collections, name)
    for key in [own] if isinstance(own, str) else own or []:
        graph = get_default_graph()
        for v in variable if hasattr(variable, "_parts") else [variable]:
            if not any(v is w for w in graph.get_collection_ref(key)):
                graph.add_to_collection(key, v)


def model_variables_getter(rename: dict[str, str] | None = None) -> Any:
    """A custom getter whose variables are model variables, some under other names."""

    def custom(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        head, slash, last = name.rpartition("/")
        name = head + slash + (rename or {}).get(last, last)
        collections = kwargs.pop("collections", None) or [GraphKeys.GLOBAL_VARIABLES]
        kwargs["collections"] = list(dict.fromkeys([*collections, GraphKeys.MODEL_VARIABLES]))
        return getter(name, *args, **kwargs)

    return custom


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> int:
    """The size of the channels; ValueError where it is not known."""
    return _dimension(shape, 1 if data_format.startswith("NC") else -1, min_rank)


def last_dimension(shape: Any, min_rank: int = 1) -> int:
    """The last size; ValueError where it is not known."""
    return _dimension(shape, -1, min_rank)


def _dimension(shape: Any, axis: int, min_rank: int) -> int:
    sizes = None if shape.rank is None else shape.as_list()
    if sizes is None or len(sizes) < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank}, received {shape}")
    if sizes[axis] is None:
        raise ValueError(f"dimension {axis} of shape must be known, received {shape}")
    return sizes[axis]


def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """Two ints: the same one twice, or those of a sequence."""
    return n_positive_integers(2, int_or_tuple)  # type: ignore[return-value]


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """`n` positive ints: the same one, or those of a sequence.

    >>> n_positive_integers(3, 2)
    (2, 2, 2)
    """
    values = (value,) * n if hasattr(value, "__index__") else tuple(value)
    if len(values) != n or any(int(v) <= 0 for v in values):
        raise ValueError(f"Expected a list of {n} positive integers, but got {value}")
    return tuple(int(v) for v in values)
