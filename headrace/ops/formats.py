"""Formats of bytes and text as tensors: CSV, compressed data, messages whose type is known by a description."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .strings import each, filled, parse_number
from .table import same_as

_OPTIONS: dict[str, Any] = {"host": True, "grad": not_differentiable}


# ---------------------------------------------------------------------------------------------------------------- CSV
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


# ---------------------------------------------------------------------------------------------------- compressed data
def _decode_compressed(data: np.ndarray, compression_type: Any) -> np.ndarray:
    from headrace.io.tfrecord import WINDOW_BITS, InflatingFile

    name = compression_type if isinstance(compression_type, str) else compression_type.decode()
    if name in ("", "NONE"):
        return data
    if name not in WINDOW_BITS:
        raise invalid(f"Only ZLIB, GZIP or NONE are supported compressions, received {name!r}")
    return each(lambda s: InflatingFile(io.BytesIO(s), WINDOW_BITS[name]).readall() if s else b"", data)


DECODE_COMPRESSED = OpDef(
    "DecodeCompressed", "bytes: string -> output: string", attrs={"compression_type": ""},
    shape=same_as(0), kernel=_decode_compressed, **_OPTIONS,
)  # fmt: skip


# ------------------------------------------------------------------------------------ messages of a given description
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
