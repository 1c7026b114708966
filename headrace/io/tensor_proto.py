"""Tensors as `TensorProto` messages and back."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.shapes import Raw, as_raw

# Where a message that does not use `tensor_content` keeps elements of a type: (field, parts per element).
_LISTS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "int64": "int64_val", "bool": "bool_val",
    "uint32": "uint32_val", "uint64": "uint64_val", "complex64": "scomplex_val", "complex128": "dcomplex_val",
    "int8": "int_val", "uint8": "int_val", "int16": "int_val", "uint16": "int_val", "qint8": "int_val",
    "quint8": "int_val", "qint16": "int_val", "quint16": "int_val", "qint32": "int_val", "int4": "int_val",
    "uint4": "int_val", "int2": "int_val", "uint2": "int_val", "float16": "half_val", "bfloat16": "half_val",
    "string": "string_val",
}  # fmt: skip

LARGEST_FILL = 1 << 30  # bytes: a few bytes of a message may ask for this much, by repeating its last element


def shape_proto(shape: Raw) -> Any:
    """A `TensorShapeProto` of a raw shape."""
    from headrace.proto import tensor_pb2

    if shape is None:
        return tensor_pb2.TensorShapeProto(unknown_rank=True)
    dim = tensor_pb2.TensorShapeProto.Dim
    return tensor_pb2.TensorShapeProto(dim=[dim(size=-1 if d is None else d) for d in as_raw(shape) or ()])


def raw_shape(proto: Any) -> Raw:
    """The raw shape of a `TensorShapeProto`."""
    return None if proto.unknown_rank else tuple([None if d.size < 0 else d.size for d in proto.dim])


def make_tensor_proto(array: np.ndarray, dtype: DType, shape: Sequence[int] | None = None) -> Any:
    """A `TensorProto` of an array: numbers as raw bytes, strings as a list. With a `shape` the elements go into a typed
    list, whose last entry readers repeat to fill the shape."""
    from headrace.proto import tensor_pb2

    if dtype.kind in "rv":
        raise errors.UnimplementedError(None, None, f"Tensors of type {dtype.name} have no message.")
    final = array.shape if shape is None else tuple(shape)
    proto = tensor_pb2.TensorProto(tensor_shape=shape_proto(final))
    proto.dtype = dtype.as_datatype_enum  # type: ignore[assignment]
    if dtype is dtypes.string:
        proto.string_val.extend(array.reshape(-1).tolist())
    elif shape is None or dtype.name not in _LISTS:
        proto.tensor_content = _little_endian(np.ascontiguousarray(array)).tobytes()
    else:
        getattr(proto, _LISTS[dtype.name]).extend(_listed(array.reshape(-1), dtype).tolist())
    return proto


def _little_endian(array: np.ndarray) -> np.ndarray:
    """The array with its bytes in the order of messages, or back."""
    return array if sys.byteorder == "little" else array.byteswap()


def _listed(flat: np.ndarray, dtype: DType) -> np.ndarray:
    """The numbers as the typed list of a message has them."""
    if dtype.name in ("float16", "bfloat16"):
        return flat.view(np.uint16)
    if dtype.kind == "c":
        return flat.view(flat.real.dtype)
    return flat.astype(np.int32) if _LISTS[dtype.name] == "int_val" else flat


def array_of(proto: Any) -> np.ndarray:
    """The array in a `TensorProto` (ours or anybody's).

    Raises:
      tf.errors.DataLossError: the message contradicts itself.
    """
    dtype = dtypes._BY_ENUM.get(proto.dtype)
    shape: Any = raw_shape(proto.tensor_shape)
    if dtype is None or dtype.kind in "rv" or shape is None or None in shape:
        name = proto.dtype if dtype is None else dtype.name
        raise _bad(f"a tensor of type {name} and shape {shape} holds no array")
    count = math.prod(shape)
    # NumPy cannot count it, even if another dimension is 0.
    if math.prod([max(d, 1) for d in shape]) >= 1 << 58:
        raise _bad(f"shape {shape} is too large")
    if dtype is dtypes.string:
        items: list[bytes] = list(proto.string_val)
        if len(items) > count or (count and not items and proto.tensor_content):
            raise _bad(f"{len(items)} strings do not fill shape {shape}")
        return _filled(items, count, b"").reshape(shape)
    width = dtype._np.itemsize
    content = proto.tensor_content
    if content:
        if len(content) != count * width:
            raise _bad(f"{len(content)} bytes do not fill shape {shape} of {dtype.name}")
        return (
            np.frombuffer(content, dtype._np.newbyteorder("<")).astype(dtype._np, copy=False).reshape(shape)
        )
    return _from_list(proto, dtype, count).reshape(shape)


def _from_list(proto: Any, dtype: DType, count: int) -> np.ndarray:
    if dtype.name.startswith("float8"):
        values = np.frombuffer(proto.float8_val, dtype._np)
    elif dtype.name in ("float16", "bfloat16"):
        values = np.asarray(proto.half_val, np.int64).astype(np.uint16).view(dtype._np)
    elif dtype.name in _LISTS:
        listed = getattr(proto, _LISTS[dtype.name])
        if dtype.kind == "c":
            if len(listed) % 2:
                raise _bad(f"{len(listed)} parts do not make {dtype.name} numbers")
            values = np.asarray(listed, dtype._np.type(0).real.dtype).view(dtype._np)
        elif dtype.kind in "iuq" and _LISTS[dtype.name] == "int_val":
            values = np.asarray(listed, np.int64).astype(dtype._np)
        else:
            values = np.asarray(listed, dtype._np)
    else:
        values = np.empty(0, dtype._np)
    if len(values) > count:
        raise _bad(f"{len(values)} elements for {count} places")
    if len(values) == count:
        return values
    if count * dtype._np.itemsize > LARGEST_FILL:
        raise _bad(f"{len(values)} elements for {count} places")
    last = values[-1:] if len(values) else np.zeros(1, dtype._np)
    return np.concatenate([values, np.broadcast_to(last, (count - len(values),))])


def _filled(items: list[bytes], count: int, default: bytes) -> np.ndarray:
    if count * 8 > LARGEST_FILL:
        raise _bad(f"{len(items)} strings for {count} places")
    out = np.empty(count, object)
    out[:] = items[-1] if items else default
    for i, item in enumerate(items):
        out[i] = item
    return out


def _bad(why: str) -> errors.DataLossError:
    return errors.DataLossError(None, None, f"Not a valid TensorProto: {why}.")
