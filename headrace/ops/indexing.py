"""What `tensor[...]` means, and boolean masks."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from headrace.core import convert, dtypes, shapes
from headrace.core.dispatch import execute
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.state import EAGER, building, elsewhere, state
from headrace.core.static import static_value
from headrace.core.tensor import EagerTensor, Tensor, wrap
from headrace.ops.array import RESHAPE, dims
from headrace.ops.joining import PACK
from headrace.ops.slicing import MASKS, STRIDED_SLICE

INT32 = dtypes.int32


_EXPECTED = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices, got "
)
_TYPES = frozenset({dtypes.int16, dtypes.int32, dtypes.int64})


def _is_mask(key: Any) -> bool:
    kind = type(key)
    if kind is int or kind is slice or kind is tuple:
        return False
    return (
        kind is bool
        or (isinstance(key, (np.ndarray, np.bool_)) and key.dtype == np.bool_)
        or (isinstance(key, Tensor) and key._dtype is dtypes.bool_)
    )


def _check_index(value: Any) -> Any:
    """An entry of a specification: an int, or a symbolic scalar tensor."""
    if type(value) is int:
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if not isinstance(value, Tensor):
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in "iu" or value.ndim:
                raise TypeError(f"{_EXPECTED}{value!r}")
            return int(value)
        if hasattr(value, "__index__") and not hasattr(value, "dtype"):
            return value.__index__()
        if not hasattr(value, "__tf_tensor__") and not hasattr(value, "handle"):
            raise TypeError(f"{_EXPECTED}{value!r}")
        value = convert.to_tensor(value)
    if value._dtype not in _TYPES or (value._raw_shape is not None and len(value._raw_shape) == 1):
        raise TypeError(f"{_EXPECTED}{value!r}")
    return int(value) if value._is_eager and not value._raw_shape else value


def specification(key: Any) -> tuple[list[Any], list[Any], list[Any], dict[str, Any]]:
    """A Python index as the (begin, end, strides, masks) of StridedSlice.

    Raises:
      TypeError: an entry is no integer, slice, ellipsis, newaxis or integer scalar.
    """
    entries_ = key if isinstance(key, (list, tuple)) else (key,)
    begin: list[Any] = []
    end: list[Any] = []
    strides: list[Any] = []
    masks = dict(MASKS)
    for i, s in enumerate(entries_):
        lo: Any = 0
        hi: Any = 0
        step: Any = 1
        bit = 1 << i
        if s is Ellipsis:
            masks["ellipsis_mask"] |= bit
        elif s is None:
            masks["new_axis_mask"] |= bit
        elif isinstance(s, slice):
            if s.start is None:
                masks["begin_mask"] |= bit
            else:
                lo = _check_index(s.start)
            if s.stop is None:
                masks["end_mask"] |= bit
            else:
                hi = _check_index(s.stop)
            if s.step is not None:
                step = _check_index(s.step)
        else:
            lo = _check_index(s)
            hi = lo + 1 if type(lo) is int else lo  # not looked at: an index selects exactly one
            masks["shrink_axis_mask"] |= bit
        begin.append(lo)
        end.append(hi)
        strides.append(step)
    return begin, end, strides, masks


def index_vectors(*vectors: list[Any]) -> list[Tensor]:
    """The vectors of a specification as tensors of one integer type."""
    kinds = {v._dtype for vector in vectors for v in vector if type(v) is not int}
    wide = dtypes.int64 in kinds or any(
        type(v) is int and not -(2**31) <= v < 2**31 for vector in vectors for v in vector
    )
    dtype = dtypes.int64 if wide else INT32
    out: list[Tensor] = []
    for vector in vectors:
        if kinds and not all(type(v) is int for v in vector):
            parts = [
                convert.to_tensor(v, dtype)
                if type(v) is int
                else v
                if v._dtype is dtype
                else lookup("Cast")(v, DstT=dtype)
                for v in vector
            ]
            out.append(PACK(parts))
        else:
            out.append(_constant(tuple(vector), dtype))
    return out


def _constant(vector: tuple[int, ...], dtype: dtypes.DType) -> Tensor:
    """An index vector; one function's graph makes each once, since the same few are used all over."""
    graph = state.graph
    if graph is None or not graph.building_function:
        return convert.constant(np.asarray(vector, dtype._np), dtype)
    made = graph.__dict__.setdefault("_index_vectors", {})
    found = made.get((vector, dtype))
    if found is None:
        found = made[vector, dtype] = convert.constant(np.asarray(vector, dtype._np), dtype)
    return found


_NUMBER_OR_NONE = frozenset({int, type(None)})


def _plain(key: Any) -> bool:
    """Whether NumPy takes `key` for exactly what TensorFlow does: ints, slices of ints, `...` and None."""
    for k in key if type(key) is tuple else (key,):
        if type(k) is slice:
            if not (
                type(k.start) in _NUMBER_OR_NONE
                and type(k.stop) in _NUMBER_OR_NONE
                and type(k.step) in _NUMBER_OR_NONE
            ):
                return False
        elif type(k) is not int and k is not None and k is not Ellipsis:
            return False
    return True


def slice_arguments(key: Any) -> tuple[Tensor, Tensor, Tensor, dict[str, Any]]:
    """A Python index as the inputs and attributes of StridedSlice and its relatives."""
    begin, end, strides, masks = specification(key)
    vectors = index_vectors(begin, end, strides)
    return vectors[0], vectors[1], vectors[2], masks


def getitem(x: Any, key: Any) -> Any:
    """`x[key]`: integers, slices, `...`, `tf.newaxis`, integer scalar tensors, or one boolean mask."""
    if state.mode == EAGER and type(x) is EagerTensor and x._np is not None and _plain(key):
        try:
            return wrap(x._np[key], x._dtype)
        except (IndexError, ValueError):
            pass  # the general path explains what is wrong
    if (home := elsewhere((x,))) is not None:
        with building(home):
            return getitem(x, key)
    if _is_mask(key):
        return boolean_mask(x, key)
    begin, end, strides, masks = slice_arguments(key)
    return execute(STRIDED_SLICE, [x, begin, end, strides], masks)


Tensor.__getitem__ = getitem  # type: ignore[method-assign]


@scoped("boolean_mask", "GatherV2")
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Any:
    """The elements of `tensor` where `mask` is true, in order.

    Args:
      tensor: of rank at least that of `mask`.
      mask: a boolean tensor of known rank, at least 1, matching `tensor`'s dimensions from `axis` on.
      axis: the first dimension that the mask applies to; 0 by default.

    Returns:
      A tensor with the masked dimensions replaced by one of the number of true elements.

    Raises:
      ValueError: the mask is a scalar, its rank is unknown, or it does not match the tensor.

    >>> import headrace as tf
    >>> tf.boolean_mask([[1, 2], [3, 4]], [[True, False], [False, True]]).numpy().tolist()
    [1, 4]
    """
    tensor, mask = convert.to_tensor(tensor), convert.to_tensor(mask)
    at = 0 if axis is None else static_value(convert.to_tensor(axis))
    if at is None:
        raise ValueError("boolean_mask needs an axis that is known while the graph is being built.")
    at = int(at)
    m, t = mask._raw_shape, tensor._raw_shape
    if m is None:
        raise ValueError(
            "Number of mask dimensions must be specified, even if some dimensions are None.  "
            "E.g. shape=[None] is ok, but shape=None is not."
        )
    if not m:
        raise ValueError("mask cannot be scalar.")
    if t is not None:
        at = at + len(t) if at < 0 else at
        if not shapes.compatible(t[at : at + len(m)], m):
            raise ValueError(
                f"Shapes {t[at : at + len(m)]} and {m} are incompatible: the mask must match the "
                f"tensor's dimensions from {at} on."
            )
    if len(m) > 1:
        shape = dims(tensor)
        if isinstance(shape, list):
            tensor = RESHAPE(tensor, [*shape[:at], -1, *shape[at + len(m) :]])
        else:
            tensor = RESHAPE(tensor, lookup("ConcatV2")([shape[:at], [-1], shape[at + len(m) :]], 0))
    where = lookup("Where")(RESHAPE(mask, [-1]))
    return lookup("GatherV2")(tensor, lookup("Squeeze")(where, squeeze_dims=[1]), at, name=name)
