"""Ops between bytes and tensors: serialised examples, tensors, sparse tensors, CSV, JSON, compressed data."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import DataLossError, InvalidArgumentError, ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .strings import each, filled, invalid, parse_number
from .table import same_as

_OPTIONS: dict[str, Any] = {"host": True, "grad": not_differentiable}
EXAMPLE_TYPES = (dtypes.float32, dtypes.int64, dtypes.string)


def _texts(keys: np.ndarray) -> list[str]:
    return [key.decode() for key in keys.reshape(-1)]


def _check_types(*types: Sequence[DType]) -> None:
    for dtype in (d for group in types for d in group):
        if dtype not in EXAMPLE_TYPES:
            raise ShapeError(
                f"Value for attr of {dtype.name} is not in the list of allowed values: float32, int64, string"
            )


def _batch(c: ShapeContext) -> tuple[int | None, ...] | None:
    """The batch dimensions: one or none; None if that is not known."""
    if c[0] is not None and len(c[0]) > 1:
        raise ShapeError(f"Expected serialized to be a scalar or vector, got shape: {list(c[0])}")
    return c[0]


# --------------------------------------------------------------------------------------------------------------- Example
def _example_shape(c: ShapeContext) -> list[Raw]:
    a, batch = c.attrs, _batch(c)
    _check_types(a["sparse_types"], a["ragged_value_types"], [t._dtype for t in c.inputs[5:]])
    rank = None if batch is None else len(batch) + 1
    out: list[Raw] = (
        [(None, rank)] * a["num_sparse"] + [(None,)] * a["num_sparse"] + [(rank,)] * a["num_sparse"]
    )
    out += [None if batch is None else (*batch, *shape) for shape in a["dense_shapes"]]
    splits: Raw = (None,) if not batch else (None if batch[0] is None else batch[0] + 1,)
    return out + [(None,)] * len(a["ragged_value_types"]) + [splits] * len(a["ragged_split_types"])


def _parse_example(
    serialized: np.ndarray, names: np.ndarray, sparse_keys: np.ndarray, dense_keys: np.ndarray,
    ragged_keys: np.ndarray, dense_defaults: Sequence[np.ndarray], num_sparse: int, sparse_types: Sequence[DType],
    ragged_value_types: Sequence[DType], ragged_split_types: Sequence[DType], dense_shapes: Sequence[Any],
) -> list[Any]:  # fmt: skip
    from headrace.io import examples as ex

    single = serialized.ndim == 0
    batch = ex.parse_examples(serialized.reshape(-1), names.reshape(-1))
    labels = [name for name, _ in batch]
    sparse = [ex.sparse(ex.column(batch, k, d), d) for k, d in zip(_texts(sparse_keys), sparse_types)]
    dense = []
    for key, default, shape in zip(_texts(dense_keys), dense_defaults, dense_shapes):
        dtype = dtypes.from_numpy(default.dtype)
        cells = ex.column(batch, key, dtype)
        dense.append(ex.dense(cells, labels, key, dtype, tuple(shape), default))
    ragged = [
        ex.ragged(ex.column(batch, k, d), d, s)
        for k, d, s in zip(_texts(ragged_keys), ragged_value_types, ragged_split_types)
    ]
    if single:
        sparse = [(indices[:, 1:], values, shape[1:]) for indices, values, shape in sparse]
        dense = [d[0] for d in dense]
        ragged = [(values, splits[:0]) for values, splits in ragged]
    return [*_columns(sparse, 3), dense, *_columns(ragged, 2)]


def _columns(rows: Sequence[Sequence[Any]], n: int) -> list[list[Any]]:
    return [[row[i] for row in rows] for i in range(n)]


PARSE_EXAMPLE = OpDef(
    "ParseExampleV2",
    "serialized: string, names: string, sparse_keys: string, dense_keys: string, ragged_keys: string, "
    "dense_defaults: [Tdense] -> sparse_indices: num_sparse*int64, sparse_values: [sparse_types], "
    "sparse_shapes: num_sparse*int64, dense_values: [Tdense], ragged_values: [ragged_value_types], "
    "ragged_row_splits: [ragged_split_types]",
    attrs={
        "num_sparse": REQUIRED, "sparse_types": REQUIRED, "ragged_value_types": REQUIRED,
        "ragged_split_types": REQUIRED, "dense_shapes": REQUIRED,
    },
    shape=_example_shape, kernel=_parse_example, **_OPTIONS,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------- SequenceExample
_SEQUENCE_TYPES = (
    "context_sparse_types", "context_ragged_value_types", "context_ragged_split_types", "feature_list_dense_types",
    "feature_list_sparse_types", "feature_list_ragged_value_types", "feature_list_ragged_split_types",
)  # fmt: skip


def _sequence_shape(c: ShapeContext) -> list[Raw]:
    a, batch = c.attrs, _batch(c)
    _check_types(
        *[a[name] for name in _SEQUENCE_TYPES if "split" not in name], [t._dtype for t in c.inputs[9:]]
    )
    rank = None if batch is None else len(batch)
    vector: Raw = (None,)

    def ranked(extra: int) -> int | None:
        return None if rank is None else rank + extra

    def sparse(n: int, extra: int) -> list[Raw]:
        return [(None, ranked(extra))] * n + [vector] * n + [(ranked(extra),)] * n

    splits: Raw = (None,) if not batch else (None if batch[0] is None else batch[0] + 1,)
    out = sparse(a["Ncontext_sparse"], 1)
    out += [None if batch is None else (*batch, *shape) for shape in a["context_dense_shapes"]]
    out += [vector] * len(a["context_ragged_value_types"]) + [splits] * len(a["context_ragged_split_types"])
    out += sparse(a["Nfeature_list_sparse"], 2)
    out += [None if batch is None else (*batch, None, *shape) for shape in a["feature_list_dense_shapes"]]
    out += [batch] * a["Nfeature_list_dense"]
    n = len(a["feature_list_ragged_value_types"])
    return out + [vector] * n + [splits] * n + [vector] * n


def _parse_sequence(
    serialized: np.ndarray, debug_name: np.ndarray, context_sparse_keys: np.ndarray, context_dense_keys: np.ndarray,
    context_ragged_keys: np.ndarray, feature_list_sparse_keys: np.ndarray, feature_list_dense_keys: np.ndarray,
    feature_list_ragged_keys: np.ndarray, feature_list_dense_missing_assumed_empty: np.ndarray,
    context_dense_defaults: Sequence[np.ndarray], **a: Any,
) -> list[Any]:  # fmt: skip
    from headrace.io import examples as ex

    single = serialized.ndim == 0
    batch = ex.parse_sequences(serialized.reshape(-1), debug_name.reshape(-1))
    contexts = [(name, context) for name, context, _ in batch]
    labels = [name for name, _ in contexts]
    cut = 1 if single else 0

    def shortened(rows: list[Any]) -> list[Any]:
        return [(indices[:, cut:], values, shape[cut:]) for indices, values, shape in rows]

    sparse = [
        ex.sparse(ex.column(contexts, k, d), d)
        for k, d in zip(_texts(context_sparse_keys), a["context_sparse_types"])
    ]
    dense = []
    for key, default, shape in zip(
        _texts(context_dense_keys), context_dense_defaults, a["context_dense_shapes"]
    ):
        dtype = dtypes.from_numpy(default.dtype)
        dense.append(ex.dense(ex.column(contexts, key, dtype), labels, key, dtype, tuple(shape), default))
    ragged = [
        ex.ragged(ex.column(contexts, k, d), d, s)
        for k, d, s in zip(
            _texts(context_ragged_keys), a["context_ragged_value_types"], a["context_ragged_split_types"]
        )
    ]
    lists = [
        ex.sparse_lists(batch, k, d)
        for k, d in zip(_texts(feature_list_sparse_keys), a["feature_list_sparse_types"])
    ]
    dense_keys = _texts(feature_list_dense_keys)
    may_miss = dict(zip(dense_keys, feature_list_dense_missing_assumed_empty.tolist()))
    dense_lists = [
        ex.dense_lists(batch, k, d, shape, may_miss.__getitem__)
        for k, d, shape in zip(dense_keys, a["feature_list_dense_types"], a["feature_list_dense_shapes"])
    ]
    ragged_lists = [
        ex.ragged_lists(batch, k, d, s)
        for k, d, s in zip(
            _texts(feature_list_ragged_keys),
            a["feature_list_ragged_value_types"],
            a["feature_list_ragged_split_types"],
        )
    ]
    if single:
        dense = [d[0] for d in dense]
        ragged = [(values, splits[:0]) for values, splits in ragged]
        dense_lists = [(values[0], lengths[0]) for values, lengths in dense_lists]
        ragged_lists = [(values, outer[:0], inner) for values, outer, inner in ragged_lists]
    return [
        *_columns(shortened(sparse), 3), dense, *_columns(ragged, 2), *_columns(shortened(lists), 3),
        *_columns(dense_lists, 2), *_columns(ragged_lists, 3),
    ]  # fmt: skip


PARSE_SEQUENCE_EXAMPLE = OpDef(
    "ParseSequenceExampleV2",
    "serialized: string, debug_name: string, context_sparse_keys: string, context_dense_keys: string, "
    "context_ragged_keys: string, feature_list_sparse_keys: string, feature_list_dense_keys: string, "
    "feature_list_ragged_keys: string, feature_list_dense_missing_assumed_empty: bool, "
    "context_dense_defaults: [Tcontext_dense] -> context_sparse_indices: Ncontext_sparse*int64, "
    "context_sparse_values: [context_sparse_types], context_sparse_shapes: Ncontext_sparse*int64, "
    "context_dense_values: [Tcontext_dense], context_ragged_values: [context_ragged_value_types], "
    "context_ragged_row_splits: [context_ragged_split_types], "
    "feature_list_sparse_indices: Nfeature_list_sparse*int64, "
    "feature_list_sparse_values: [feature_list_sparse_types], "
    "feature_list_sparse_shapes: Nfeature_list_sparse*int64, "
    "feature_list_dense_values: [feature_list_dense_types], "
    "feature_list_dense_lengths: Nfeature_list_dense*int64, "
    "feature_list_ragged_values: [feature_list_ragged_value_types], "
    "feature_list_ragged_outer_splits: [feature_list_ragged_split_types], "
    "feature_list_ragged_inner_splits: [feature_list_ragged_split_types]",
    attrs={
        "Ncontext_sparse": 0, "Nfeature_list_sparse": 0, "Nfeature_list_dense": 0, "context_dense_shapes": (),
        "feature_list_dense_shapes": (), **dict.fromkeys(_SEQUENCE_TYPES, ()),
    },
    shape=_sequence_shape, kernel=_parse_sequence, **_OPTIONS,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------------------- CSV
def _fields(record: bytes, delimiter: int, quotes: bool, stop: int | None) -> list[bytes]:
    """The fields of a line, as RFC 4180 has them, up to the one of index `stop`."""
    out: list[bytes] = []
    i, n = 0, len(record)
    while i < n and (stop is None or len(out) <= stop):
        if not quotes or record[i] != 0x22:
            end = record.find(delimiter, i)
            field = record[i : n if end < 0 else end]
            if quotes and any(c in field for c in b'"\r\n'):
                raise invalid("Unquoted fields cannot have quotes/CRLFs inside")
            i = n + 1 if end < 0 else end + 1
        else:
            field, i = _quoted(record, i + 1, delimiter)
        out.append(field)
    if n and i == n and (stop is None or len(out) <= stop):  # the record ends in a delimiter
        out.append(b"")
    return out


def _quoted(record: bytes, i: int, delimiter: int) -> tuple[bytes, int]:
    """A field from behind its opening quote on, and where the next one begins."""
    field = b""
    while True:
        end = record.find(b'"', i)
        if end < 0:
            raise invalid("Quoted field has to end with quote followed by delim or end")
        field += record[i:end]
        if end + 1 == len(record):
            return field, end + 2
        if record[end + 1] == delimiter:
            return field, end + 2
        if record[end + 1] != 0x22:
            raise invalid("Quote inside a string has to be escaped by another quote")
        field += b'"'
        i = end + 2


def _decode_csv(
    records: np.ndarray, defaults: Sequence[np.ndarray], field_delim: Any, use_quote_delim: bool, na_value: Any,
    select_cols: Sequence[int],
) -> list[np.ndarray]:  # fmt: skip
    delimiter = field_delim.encode() if isinstance(field_delim, str) else field_delim
    missing = na_value.encode() if isinstance(na_value, str) else na_value
    if len(delimiter) != 1:
        raise invalid("field_delim should be only 1 char")
    for i, default in enumerate(defaults):
        if default.size > 1:
            raise invalid(f"There should only be 1 default per field but field {i} has {default.size}")
    kinds = [dtypes.from_numpy(d.dtype) for d in defaults]
    columns: list[list[Any]] = [[] for _ in defaults]
    stop = select_cols[-1] if select_cols else None
    for r, record in enumerate(records.reshape(-1)):
        fields = _fields(record, delimiter[0], use_quote_delim, stop)
        if select_cols:
            fields = [fields[c] for c in select_cols if c < len(fields)]
        if len(fields) != len(defaults):
            raise invalid(f"Expect {len(defaults)} fields but have {len(fields)} in record {r}")
        for i, (field, default, dtype) in enumerate(zip(fields, defaults, kinds)):
            if not field or field == missing:
                if not default.size:
                    raise invalid(f"Field {i} is required but missing in record {r}!")
                columns[i].append(default.reshape(-1)[0])
                continue
            value = field if dtype is dtypes.string else parse_number(field, dtype)
            if value is None:
                text = field.decode("utf-8", "replace")
                raise invalid(f"Field {i} in record {r} is not a valid {dtype.name}: {text}")
            columns[i].append(value)
    return [filled(column, records.shape, dtype._np) for column, dtype in zip(columns, kinds)]


def _csv_shape(c: ShapeContext) -> list[Raw]:
    allowed = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)
    for i in range(1, len(c)):
        if c.inputs[i]._dtype not in allowed:
            raise ShapeError(
                f"Value for attr 'OUT_TYPE' of {c.inputs[i]._dtype.name} is not in the list of allowed values: "
                + ", ".join(d.name for d in allowed)
            )
    return [c[0]] * (len(c) - 1)


DECODE_CSV = OpDef(
    "DecodeCSV",
    "records: string, record_defaults: [OUT_TYPE] -> output: [OUT_TYPE]",
    attrs={"field_delim": ",", "use_quote_delim": True, "na_value": "", "select_cols": ()},
    shape=_csv_shape, kernel=_decode_csv, **_OPTIONS,
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------- tensors as messages
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


# --------------------------------------------------------------------------------------------- sparse tensors as messages
def _only_strings(out_type: DType) -> None:
    if out_type is not dtypes.string:
        raise InvalidArgumentError(
            None,
            None,
            f"Sparse tensors are serialised as strings; out_type={out_type.name} is not supported.",
        )


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


# ------------------------------------------------------------------------------------------------ compressed data, JSON
def _decode_compressed(data: np.ndarray, compression_type: Any) -> np.ndarray:
    from headrace.io.tfrecord import WINDOW_BITS, InflatingFile

    name = compression_type if isinstance(compression_type, str) else compression_type.decode()
    if name in ("", "NONE"):
        return data
    if name not in WINDOW_BITS:
        raise invalid(f"Only ZLIB, GZIP or NONE are supported compressions, received {name!r}")
    return each(lambda s: InflatingFile(io.BytesIO(s), WINDOW_BITS[name]).readall() if s else b"", data)


def _decode_json(text: bytes) -> bytes:
    from google.protobuf import json_format

    from headrace.proto import example_pb2

    if not text.lstrip().startswith(b"{"):  # an empty list would pass for an empty message
        raise invalid(f"Error while parsing JSON: an object is expected, received {text[:40]!r}")
    try:
        return json_format.Parse(text, example_pb2.Example()).SerializeToString(deterministic=True)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise invalid(f"Error while parsing JSON: {error}") from None


DECODE_COMPRESSED = OpDef(
    "DecodeCompressed", "bytes: string -> output: string", attrs={"compression_type": ""},
    shape=same_as(0), kernel=_decode_compressed, **_OPTIONS,
)  # fmt: skip
DECODE_JSON_EXAMPLE = OpDef(
    "DecodeJSONExample", "json_examples: string -> binary_examples: string",
    shape=same_as(0), kernel=lambda x: each(_decode_json, x), **_OPTIONS,
)  # fmt: skip


# -------------------------------------------------------------------------------------- messages of a given description
def _decode_proto(
    data: np.ndarray, message_type: Any, field_names: Sequence[Any], output_types: Sequence[DType],
    descriptor_source: Any, message_format: Any, sanitize: bool,
) -> list[Any]:  # fmt: skip
    from headrace.io import described

    # Unknown fields are not looked at, whether a message is cleaned of them or not: `sanitize` changes nothing.
    sizes, values = described.decode(
        data, _word(message_type), [_word(n) for n in field_names], output_types, descriptor_source, _word(message_format)
    )  # fmt: skip
    return [sizes, values]


def _word(text: Any) -> str:
    return text if isinstance(text, str) else text.decode()


def _decode_proto_shape(c: ShapeContext) -> list[Raw]:
    n = len(c.attrs["output_types"])
    if c[0] is None:
        return [None] * (n + 1)
    return [(*c[0], len(c.attrs["field_names"])), *[(*c[0], None)] * n]


def _encode_proto(
    sizes: np.ndarray, values: Sequence[np.ndarray], field_names: Sequence[Any], message_type: Any,
    descriptor_source: Any,
) -> np.ndarray:  # fmt: skip
    from headrace.io import described

    return described.encode(
        sizes, values, [_word(n) for n in field_names], _word(message_type), descriptor_source
    )


DECODE_PROTO = OpDef(
    "DecodeProtoV2",
    "bytes: string -> sizes: int32, values: [output_types]",
    attrs={
        "message_type": REQUIRED, "field_names": REQUIRED, "output_types": REQUIRED, "descriptor_source": "local://",
        "message_format": "binary", "sanitize": False,
    },
    shape=_decode_proto_shape, kernel=_decode_proto, **_OPTIONS,
)  # fmt: skip
ENCODE_PROTO = OpDef(
    "EncodeProto",
    "sizes: int32, values: [Tinput_types] -> bytes: string",
    attrs={"field_names": REQUIRED, "message_type": REQUIRED, "descriptor_source": "local://"},
    shape=lambda c: None if c[0] is None else c[0][:-1], kernel=_encode_proto, **_OPTIONS,
)  # fmt: skip


# ------------------------------------------------------------------------------------------- the ops of older graphs
def _older_parse(
    serialized: Any, names: Any, sparse_keys: Any, dense_keys: Any, dense_defaults: Any, **types: Any
) -> list[Any]:
    keys = [_vector(k) for k in (sparse_keys, dense_keys)]
    parts = PARSE_EXAMPLE(
        serialized, names, *keys, np.empty(0, object), dense_defaults, num_sparse=len(types["sparse_types"]),
        ragged_value_types=[], ragged_split_types=[], **types,
    )  # fmt: skip
    return parts[:4]


def _vector(keys: Sequence[Any]) -> Any:
    """Keys given as attributes, or as scalar tensors."""
    from .joining import PACK

    if not keys or not isinstance(keys[0], (str, bytes)):
        return PACK(list(keys)) if keys else np.empty(0, object)
    return filled([k.encode() if isinstance(k, str) else k for k in keys], (len(keys),))


_VALUES = "sparse_indices: {n}*int64, sparse_values: [sparse_types], sparse_shapes: {n}*int64, dense_values: [Tdense]"
PARSE_EXAMPLE_V1 = OpDef(
    "ParseExample",
    "serialized: string, names: string, sparse_keys: Nsparse*string, dense_keys: Ndense*string, "
    "dense_defaults: [Tdense] -> " + _VALUES.format(n="Nsparse"),
    attrs={"Nsparse": REQUIRED, "Ndense": REQUIRED, "sparse_types": REQUIRED, "dense_shapes": REQUIRED},
    body=lambda *args, Nsparse, Ndense, **types: _older_parse(*args, **types), **_OPTIONS,
)  # fmt: skip
PARSE_SINGLE_EXAMPLE = OpDef(
    "ParseSingleExample",
    "serialized: string, dense_defaults: [Tdense] -> " + _VALUES.format(n="num_sparse"),
    attrs={
        "num_sparse": REQUIRED, "sparse_keys": REQUIRED, "dense_keys": REQUIRED, "sparse_types": REQUIRED,
        "dense_shapes": REQUIRED,
    },
    body=lambda serialized, dense_defaults, num_sparse, sparse_keys, dense_keys, **types: _older_parse(
        serialized, np.empty(0, object), sparse_keys, dense_keys, dense_defaults, **types
    ),
    **_OPTIONS,
)  # fmt: skip
