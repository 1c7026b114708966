"""What `Session.run` is given: arrays in the place of tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from headrace.core import dtypes, errors, nest
from headrace.core.convert import to_array
from headrace.core.graph import Graph
from headrace.core.shapes import compatible
from headrace.core.tensor import EagerTensor, Tensor, wrap


def flat_feeds(feed_dict: Mapping[Any, Any]) -> dict[Any, Any]:
    """A feed_dict whose keys may be nests of tensors (states of recurrent nets), with a key for each tensor.

    Raises:
      ValueError: a value has another number of parts than its key."""
    out: dict[Any, Any] = {}
    for key, value in feed_dict.items():
        if not isinstance(key, tuple):
            out[key] = value
            continue
        keys, values = nest.flatten(key), nest.flatten(value)
        if len(keys) != len(values):
            raise ValueError(
                f"A key of {len(keys)} tensors was fed {len(values)} values. Key: {key}, value: {value}."
            )
        out.update(zip(keys, values))
    return out


def feed_tensors(graph: Graph, key: Any) -> list[Any]:
    """The tensors that one key of a feed_dict stands for: one, or those of a composite."""
    from .fetches import composite_value

    components = composite_value(key) if not isinstance(key, (Tensor, str)) else None
    if components is not None:
        return [t for part in components[0] for t in feed_tensors(graph, part)]
    try:
        tensor = graph.as_graph_element(key, allow_tensor=True, allow_operation=False)
    except (TypeError, ValueError, KeyError) as error:
        text = error.args[0] if error.args else error
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {text}") from None
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor.name} may not be fed.")
    return [tensor]


def feed_values(value: Any, n: int) -> Iterable[Any]:
    """The values for the n tensors of one key."""
    from .values import RaggedTensorValue

    if n == 1 and not isinstance(value, RaggedTensorValue):
        return (value,)
    if isinstance(value, RaggedTensorValue):
        return (value.flat_values, *reversed(value.nested_row_splits))
    return value


def convert(tensor: Any, value: Any) -> EagerTensor:
    """A fed value as a tensor.

    Raises:
      TypeError: a tensor is fed, or a Python number of a kind the type does not hold.
      ValueError: the shape does not fit the tensor's, or the value cannot be converted.
    """
    if isinstance(value, Tensor) or hasattr(value, "_as_graph_element"):
        if isinstance(value, EagerTensor):
            value = value.numpy()
        else:
            raise TypeError(
                "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, strings, "
                f"lists, numpy ndarrays, or TensorHandles. For reference, the tensor object was {value!r} which was passed "
                f"to the argument `feed_dict` with key {tensor!r}."
            )
    dtype = tensor._dtype
    np_dtype = dtype._np
    if type(value) is np.ndarray and value.dtype is np_dtype and np_dtype.kind != "O":
        array = value
    elif hasattr(value, "get_raw_handle"):  # a TensorHandle stands for its tensor
        array = np.asarray(value._value()._host(), np_dtype)
    elif dtype is dtypes.string:
        if isinstance(value, (int, float)):
            raise TypeError(f"{_cannot(tensor, value)}: it is no string.")
        array = _array(tensor, value if isinstance(value, (str, bytes)) else np.asarray(value, object))
    elif dtype.kind in "rv":
        raise ValueError(f"Tensor {tensor.name} may not be fed.")
    else:
        if isinstance(value, int) and dtype.kind in "iufb" and _differs(np_dtype, value):
            raise TypeError(
                f"Type of feed value {value!r} with type {type(value)} is not compatible with Tensor type {np_dtype.type} of "
                f"{tensor.name} (created at {tensor.op.site}). Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
            )
        array = _array(tensor, value)
    raw = tensor._raw_shape
    if array.shape != raw and not compatible(raw, array.shape):
        raise ValueError(
            f"Cannot feed value of shape {array.shape} for Tensor {tensor.name}, which has shape {tensor.shape} "
            f"(created at {tensor.op.site})"
        )
    return wrap(array, dtype)


def _array(tensor: Any, value: Any) -> np.ndarray:
    dtype = tensor._dtype
    try:
        return to_array(value, dtype) if dtype is dtypes.string else np.asarray(value, dtype._np)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{_cannot(tensor, value)}: {error}") from None


def _cannot(tensor: Any, value: Any) -> str:
    text = repr(value)
    return (
        f"Cannot feed {text if len(text) < 80 else text[:77] + '...'} for Tensor {tensor.name} of type {tensor._dtype.name} "
        f"(created at {tensor.op.site})"
    )


def _differs(np_dtype: Any, value: int) -> bool:
    try:
        return bool(np.asarray(value, np_dtype) != value)
    except OverflowError:
        return True


def unfed(placeholder: Any) -> errors.InvalidArgumentError:
    """The error for a placeholder that a run needs and nobody feeds."""
    t = placeholder.outputs[0]
    shape = (
        ""
        if t._raw_shape is None
        else f" and shape [{','.join(['?' if d is None else str(d) for d in t._raw_shape])}]"
    )
    message = (
        f"You must feed a value for placeholder tensor '{placeholder.name}' with dtype {t._dtype.name}{shape}"
    )
    return errors.located(errors.InvalidArgumentError(None, None, message), placeholder)
