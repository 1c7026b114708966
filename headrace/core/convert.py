"""Turning Python values, arrays and tensor-like objects into tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes, memory
from .dtypes import DType
from .overrides import CompositeArgument
from .shapes import Dimension, TensorShape
from .specs import CompositeTensor
from .state import state
from .tensor import EagerTensor, Tensor, wrap

_CONVERTERS: list[tuple[int, Any, Callable[..., Any]]] = []
_INT32_MAX, _INT32_MIN = 2**31 - 1, -(2**31)


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Callable[..., Any], priority: int = 100
) -> None:
    """Registers `conversion_func(value, dtype=None, name=None, as_ref=False)` for values of `base_type`; lower priority runs first."""
    _CONVERTERS.append((priority, base_type, conversion_func))
    _CONVERTERS.sort(key=lambda row: row[0])


def to_tensor(
    value: Any, dtype: DType | None = None, name: str | None = None, hint: DType | None = None
) -> Any:
    """Converts `value` to a tensor of type `dtype`.

    Args:
      hint: the type used if it fits, where `dtype` is None.

    Raises:
      TypeError: the value has no such type (`1.5` as int32).
      ValueError: a tensor of another type was given, or nested lists are not rectangular.
    """
    if dtype is not None and type(dtype) is not DType:
        dtype = dtype.base_dtype
    if isinstance(value, Tensor):
        if dtype is not None and value._dtype is not dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {value._dtype.name}: {value!r}"
            )
        return value
    kind = type(value)
    if kind is float or kind is int or kind is bool:
        return _number(value, dtype, name, hint)
    for _, base, function in _CONVERTERS:
        if isinstance(value, base):
            result = function(value, dtype=dtype, name=name, as_ref=False)
            if result is not NotImplemented:
                return result
    convert = getattr(value, "__tf_tensor__", None)
    if convert is not None and not isinstance(value, type):
        return convert(dtype, name)
    if isinstance(value, (list, tuple)) and _has_tensor(value):
        return _pack(value, dtype, name, hint)
    if isinstance(value, CompositeTensor):
        raise CompositeArgument(
            f"Attempt to convert a value ({_brief(value)}) with an unsupported type ({type(value)}) to a Tensor: it consists of several."
        )
    return _value(value, dtype, name, hint)


def _number(value: Any, dtype: DType | None, name: str | None, hint: DType | None) -> Tensor:
    """A Python number; in a function's graph, equal ones share a constant."""
    graph = state.graph
    if graph is None or name is not None or not graph.building_function:
        return _value(value, dtype, name, hint)
    key = (repr(value), dtype, hint)
    found = graph.scalars.get(key) if graph._position is None else None  # type: ignore[attr-defined]
    if found is None:
        found = _value(value, dtype, name, hint)
        if graph._position is None:
            graph.scalars[key] = found  # type: ignore[attr-defined]
    return found


def type_of(value: Any) -> DType | None:
    """The type that an argument has already: that of a tensor, a variable or an array; None for Python values."""
    dtype = getattr(value, "dtype", None)
    return (
        dtypes.from_numpy(dtype)
        if isinstance(dtype, np.dtype)
        else dtype
        if isinstance(dtype, DType)
        else None
    )


def _value(value: Any, dtype: DType | None, name: str | None, hint: DType | None) -> Tensor:
    if dtype is None and hint is not None:
        try:
            return constant(to_array(value, hint), hint, name)
        except (TypeError, ValueError, OverflowError):
            pass
    array = to_array(value, dtype)
    return constant(array, dtype or dtypes.from_numpy(array.dtype), name)


def constant(array: np.ndarray, dtype: DType, name: str | None = None) -> Tensor:
    """A tensor of an array that nobody else writes to: a value when eager, a `Const` node in a graph."""
    graph = state.graph
    return wrap(array, dtype) if graph is None else graph.constant(array, dtype, name)


def to_array(value: Any, dtype: DType | None = None) -> np.ndarray:
    """A new NumPy array of a Python value under TensorFlow's rules: Python floats are float32, ints int32 (int64 when they
    do not fit), text is bytes; with `dtype`, only conversions that keep the kind of number are made."""
    kind = type(value)
    if kind is float:
        return np.array(value, _python_target(value, "f", dtype))
    if kind is int:
        if dtype is None:
            return np.array(value, np.int32 if _INT32_MIN <= value <= _INT32_MAX else np.int64)
        return _checked_int(value, _python_target(value, "i", dtype))
    if kind is bool:
        return np.array(value, _python_target(value, "b", dtype))
    integers = (kind is list or kind is tuple) and value and all(type(v) is int for v in value)
    if integers and (dtype is None or dtype.kind in "iu"):  # shapes, axes, indices
        fits = dtype is not None or (min(value) >= _INT32_MIN and max(value) <= _INT32_MAX)
        target = dtypes.int64 if not fits else dtype or dtypes.int32
        try:
            return np.array(value, target._np)
        except OverflowError:
            kind_of_error = ValueError if target.size == 8 else TypeError
            raise kind_of_error(
                f"Can't convert Python sequence with out-of-range integer to a Tensor of dtype {target.name}: {_brief(value)}"
            ) from None
    if kind is TensorShape:
        if not value.is_fully_defined():
            raise ValueError(f"Cannot convert a partially known TensorShape {value} to a Tensor.")
        value, kind = value.as_list(), list
        if not value:
            dtype = dtype or dtypes.int32
    if isinstance(value, (np.ndarray, np.generic)):
        return _from_numpy(value, dtype)
    if kind is Dimension or (isinstance(value, (list, tuple)) and any(type(v) is Dimension for v in value)):
        return to_array(int(value) if kind is Dimension else [int(v) for v in value], dtype)
    if isinstance(value, CompositeTensor):
        raise CompositeArgument(
            f"A {type(value).__name__} consists of several tensors; it cannot be made one tensor: {_brief(value)}"
        )
    if value is None:
        raise ValueError(_unsupported(value, value))
    if isinstance(value, (str, bytes)):
        _python_target(value, "s", dtype)
        return _strings(np.array(value, object))
    if isinstance(value, (list, tuple, range)) and not len(value):
        return np.zeros((0,), dtype._np if dtype else np.float32)
    try:
        array = np.array(value)
    except UnicodeDecodeError:  # text beside bytes: read as objects below
        array = np.array(value, object)
    except ValueError:
        raise ValueError(
            f"Can't convert non-rectangular Python sequence to Tensor: {_brief(value)}"
        ) from None
    if array.dtype.kind == "O":
        array = np.array(value, object)
        leaves = list(array.reshape(-1)) or [None]
        if not isinstance(leaves[0], (str, bytes)):
            if any(isinstance(x, (list, tuple)) for x in leaves):
                raise ValueError(f"Can't convert non-rectangular Python sequence to Tensor: {_brief(value)}")
            odd = [x for x in leaves if not isinstance(x, (str, bytes, int, float, complex, np.generic))]
            if not odd and isinstance(leaves[0], int) and dtype is not None:
                raise OverflowError(f"Python int too large to convert to {dtype.name}: {_brief(value)}")
            kind = ValueError if state.graph is None else TypeError
            raise kind(_unsupported(value, odd[0] if odd else leaves[0]))
    if array.dtype.kind in "SUO":
        # Fixed-width arrays lose trailing zero bytes: read the Python values again.
        if array.dtype.kind in "SU":
            array = np.array(value, object)
        if array.ndim and not all(isinstance(v, (str, bytes)) for v in array.reshape(-1)):
            raise ValueError(f"Can't convert Python sequence with mixed types to Tensor: {_brief(value)}")
        _python_target(value, "s", dtype)
        return _strings(array)
    if dtype is not None and not array.size:
        return np.zeros(array.shape, dtype._np)
    leaf = _first_leaf(value)
    if isinstance(leaf, (np.generic, np.ndarray)) or not isinstance(
        value, (list, tuple, range, int, float, complex)
    ):
        return _from_numpy(array, dtype)
    if dtype is None:
        if array.dtype == np.float64:
            return array.astype(np.float32)
        if array.dtype == np.int64:
            fits = array.size == 0 or (array.min() >= _INT32_MIN and array.max() <= _INT32_MAX)
            return array.astype(np.int32) if fits else array
        return array
    wanted = _python_target(value, array.dtype.kind, dtype)
    return (
        _checked_int(array, wanted)
        if array.dtype.kind in "iu" and wanted.kind in "iu"
        else array.astype(wanted)
    )


_ALLOWED = {"f": "fc", "i": "iufcq", "u": "iufcq", "b": "biufc", "c": "c", "s": "s"}


def _python_target(value: Any, kind: str, dtype: DType | None) -> np.dtype:
    if dtype is None:
        return {"f": np.dtype(np.float32), "b": np.dtype(np.bool_)}.get(kind, np.dtype(object))
    if dtype.kind not in _ALLOWED[kind]:
        raise TypeError(f"Cannot convert {_brief(value)} to EagerTensor of dtype {dtype.name}")
    return dtype._np


def _checked_int(value: Any, target: np.dtype) -> np.ndarray:
    if target.kind not in "iu" or target.itemsize == 8:
        return np.array(value, target)
    array = np.asarray(value)
    cast = array.astype(target)
    if array.dtype.kind == "O" or not np.array_equal(cast, array):
        raise TypeError(
            f"Cannot convert {_brief(value)} to EagerTensor of dtype {target}: the value does not fit."
        )
    return cast


def _from_numpy(value: Any, dtype: DType | None) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "SUO":
        if array.dtype.kind == "O" and array.size and not isinstance(array.reshape(-1)[0], (str, bytes)):
            if dtype is not None and dtype.kind in "rv":
                return array
            raise ValueError(
                f"Failed to convert a NumPy array to a Tensor (Unsupported object type {type(array.reshape(-1)[0]).__name__})."
            )
        _python_target(value, "s", dtype)
        return _strings(array.astype(object))
    if dtype is None:
        return memory.copy(array, dtypes.from_numpy(array.dtype)._np)
    if dtype.kind in "srv":
        raise TypeError(f"Cannot convert a NumPy array of {array.dtype} to a tensor of dtype {dtype.name}.")
    return memory.copy(array, dtype._np)


def _strings(array: np.ndarray) -> np.ndarray:
    """Object arrays of `bytes`; text is encoded as UTF-8."""
    out = np.empty(array.shape, object)
    flat, source = out.reshape(-1), array.reshape(-1)
    for i in range(flat.size):
        item = source[i]
        if isinstance(item, str):
            item = item.encode()
        elif not isinstance(item, bytes):
            raise TypeError(f"Cannot convert {_brief(item)} to a string tensor: expected str or bytes.")
        flat[i] = item
    return out


def _has_tensor(value: Any) -> bool:
    return any(
        isinstance(v, (Tensor, CompositeTensor))
        or hasattr(v, "__tf_tensor__")
        or (isinstance(v, (list, tuple)) and _has_tensor(v))
        for v in value
    )


def _pack(value: Any, dtype: DType | None, name: str | None, hint: DType | None) -> Tensor:
    """Lists that contain tensors are stacked. Tensors are cast to a `dtype` that is asked for; without one, the first
    tensor's type must be everyone's. (For a list of floating-point tensors where integers are expected, `hint` asks.)"""
    from .op import lookup

    graph = state.graph
    if name is None and graph is not None and not graph.building_function:
        return graph.for_next(lambda: _pack(value, dtype, "stack", hint), "stack")
    asked = dtype
    if dtype is None:
        dtype = _first_tensor_dtype(value) or hint
        if hint is not None and hint.is_integer and dtype is not None and dtype.is_floating:
            asked = dtype = hint
    parts = [
        _as_part(v, dtype, asked)
        if not (isinstance(v, (list, tuple)) and _has_tensor(v))
        else _pack(v, asked, None, hint)
        for v in value
    ]
    return lookup("Pack")(parts, axis=0, name=name)


def _as_part(value: Any, dtype: DType | None, asked: DType | None) -> Tensor:
    if asked is not None and (isinstance(value, Tensor) or hasattr(value, "__tf_tensor__")):
        from .op import lookup

        part = to_tensor(value)
        return part if part._dtype is asked else lookup("Cast")(part, DstT=asked)
    return to_tensor(value, dtype)


def _first_tensor_dtype(value: Any) -> DType | None:
    for v in value:
        if isinstance(v, (list, tuple)):
            found = _first_tensor_dtype(v)
        else:
            found = (
                getattr(v, "dtype", None) if isinstance(v, Tensor) or hasattr(v, "__tf_tensor__") else None
            )
        if found is not None:
            return found
    return None


def _first_leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)) and len(value):
        value = value[0]
    return value


def _unsupported(value: Any, leaf: Any) -> str:
    text = (
        f"Attempt to convert a value ({_brief(value)}) with an unsupported type ({type(leaf)}) to a Tensor."
    )
    if leaf is None and value is not None:
        text += " If None is a dimension of x.shape that is not known here, use tf.shape(x)[i]: it is known when the program runs."
    return text


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:200] + "…"


def as_numpy(value: Any) -> np.ndarray:
    """The NumPy array of an eager tensor or of any Python value."""
    return (
        value._host()
        if type(value) is EagerTensor
        else to_tensor(value)._host()
        if hasattr(value, "__tf_tensor__")
        else to_array(value)
    )
