"""Tensors and sparse tensors as messages, and messages as tensors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import DataLossError, ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .strings import filled

_OPTIONS: dict[str, Any] = {"host": True, "grad": not_differentiable}


# ------------------------------------------------------------------------------------------------ tensors as messages
def _box(value: Any) -> np.ndarray:
    out = np.empty((), object)
    out[()] = value
    return out


def _serialized(array: np.ndarray) -> bytes:
    from headrace.io.tensor_proto import make_tensor_proto

    return make_tensor_proto(array, dtypes.from_numpy(array.dtype)).SerializeToString()


def parse_tensor_bytes(data: bytes, what: str) -> np.ndarray:
    """The array of a serialised `TensorProto`."""
    from google.protobuf.message import DecodeError

    from headrace.io.tensor_proto import array_of
    from headrace.proto import tensor_pb2

    try:
        return array_of(tensor_pb2.TensorProto.FromString(data))
    except (DecodeError, DataLossError) as error:
        raise invalid(f"Could not parse {what} as TensorProto: {error}") from None


def _parse_tensor(serialized: np.ndarray, out_type: DType) -> np.ndarray:
    array = parse_tensor_bytes(serialized.item(), "`serialized`")
    found = dtypes.from_numpy(array.dtype)
    if found._np != out_type._np:
        raise invalid(f"Type mismatch between parsed tensor ({found.name}) and dtype ({out_type.name})")
    return array


def _scalar_bytes(c: ShapeContext) -> Raw:
    if c[0]:
        raise ShapeError(f"Expected `serialized` to be a scalar, got shape: {list(c[0] or ())}")
    return None


SERIALIZE_TENSOR = OpDef(
    "SerializeTensor", "tensor: T -> serialized: string",
    shape=lambda c: (), kernel=lambda x: _box(_serialized(x)), **_OPTIONS,
)  # fmt: skip
PARSE_TENSOR = OpDef(
    "ParseTensor", "serialized: string -> output: out_type", attrs={"out_type": REQUIRED},
    shape=_scalar_bytes, kernel=_parse_tensor, **_OPTIONS,
)  # fmt: skip


# ----------------------------------------------------------------------------------------- sparse tensors as messages
def _only_strings(out_type: DType) -> None:
    if out_type is not dtypes.string:
        raise invalid(f"Sparse tensors are serialised as strings; out_type={out_type.name} is not supported.")


def _serialize_sparse(
    indices: np.ndarray, values: np.ndarray, shape: np.ndarray, out_type: DType
) -> np.ndarray:
    _only_strings(out_type)
    return filled([_serialized(part) for part in (indices, values, shape)], (3,))


def _serialize_many_sparse(
    indices: np.ndarray, values: np.ndarray, shape: np.ndarray, out_type: DType
) -> np.ndarray:
    _only_strings(out_type)
    if len(shape) < 2:
        raise invalid(f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}")
    rows = indices[:, 0]
    bounds = np.searchsorted(rows, np.arange(int(shape[0]) + 1))
    inner = _serialized(shape[1:])
    parts: list[bytes] = []
    for start, end in itertools.pairwise(bounds):
        parts += [_serialized(indices[start:end, 1:]), _serialized(values[start:end]), inner]
    return filled(parts, (int(shape[0]), 3))


def _deserialize_sparse(serialized: np.ndarray, dtype: DType) -> list[np.ndarray]:
    """Sparse tensors of one shape are stacked; the leading dimensions are those of `serialized`."""
    outer = serialized.shape[:-1]
    all_indices, all_values, largest = [], [], None
    for k, row in enumerate(serialized.reshape(-1, 3)):
        indices, values, shape = (parse_tensor_bytes(part, "a part of a SparseTensor") for part in row)
        if values.dtype != dtype._np:
            found = dtypes.from_numpy(values.dtype).name
            raise invalid(
                f"Requested SparseTensor of type {dtype.name} but SparseTensor[{k}].values.dtype() == {found}"
            )
        consistent = indices.ndim == 2 and values.ndim == shape.ndim == 1
        if (
            not consistent
            or indices.shape != (len(values), len(shape))
            or indices.dtype != shape.dtype != np.int64
        ):
            raise invalid(
                f"SparseTensor[{k}] is no sparse tensor: {indices.shape}, {values.shape}, {shape.shape}"
            )
        if largest is not None and len(largest) != len(shape):
            raise invalid(
                f"Rank of SparseTensor[{k}] ({len(shape)}) differs from that of the others ({len(largest)})"
            )
        largest = shape if largest is None else np.maximum(largest, shape)
        place = np.array(np.unravel_index(k, outer), np.int64) if outer else np.empty(0, np.int64)
        all_indices.append(np.concatenate([np.broadcast_to(place, (len(values), len(outer))), indices], 1))
        all_values.append(values)
    if largest is None:
        raise invalid("No SparseTensor to deserialise: the batch is empty.")
    return [
        np.concatenate(all_indices).astype(np.int64),
        np.concatenate(all_values),
        np.concatenate([np.array(outer, np.int64), largest]),
    ]


def _triples(c: ShapeContext) -> list[Raw]:
    shape = c[0]
    if shape is not None and (not shape or shape[-1] not in (3, None)):
        raise ShapeError(
            f"Each element of serialized_sparse should have 3 parts, but its shape is {list(shape)}"
        )
    return [(None, None), (None,), (None,)]


SERIALIZE_SPARSE = OpDef(
    "SerializeSparse", "sparse_indices: int64, sparse_values: T, sparse_shape: int64 -> serialized_sparse: out_type",
    attrs={"out_type": dtypes.string}, shape=lambda c: (3,), kernel=_serialize_sparse, **_OPTIONS,
)  # fmt: skip
SERIALIZE_MANY_SPARSE = OpDef(
    "SerializeManySparse", "sparse_indices: int64, sparse_values: T, sparse_shape: int64 -> serialized_sparse: out_type",
    attrs={"out_type": dtypes.string}, shape=lambda c: (None, 3), kernel=_serialize_many_sparse, **_OPTIONS,
)  # fmt: skip
DESERIALIZE_MANY_SPARSE = OpDef(
    "DeserializeManySparse",
    "serialized_sparse: string -> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
    attrs={"dtype": REQUIRED}, shape=_triples, kernel=_deserialize_sparse, **_OPTIONS,
)  # fmt: skip
DESERIALIZE_SPARSE = OpDef(
    "DeserializeSparse",
    "serialized_sparse: Tserialized -> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
    attrs={"dtype": REQUIRED}, types={"Tserialized": (dtypes.string,)}, shape=_triples, kernel=_deserialize_sparse,
    **_OPTIONS,
)  # fmt: skip
