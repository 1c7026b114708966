"""Serialised examples as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .strings import each, filled
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


# ------------------------------------------------------------------------------------------------------------ Example
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


# ---------------------------------------------------------------------------------------------------- SequenceExample
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


# --------------------------------------------------------------------------------------------------- examples in JSON
def _decode_json(text: bytes) -> bytes:
    from google.protobuf import json_format

    from headrace.proto import example_pb2

    if not text.lstrip().startswith(b"{"):  # an empty list would pass for an empty message
        raise invalid(f"Error while parsing JSON: an object is expected, received {text[:40]!r}")
    try:
        return json_format.Parse(text, example_pb2.Example()).SerializeToString(deterministic=True)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise invalid(f"Error while parsing JSON: {error}") from None


DECODE_JSON_EXAMPLE = OpDef(
    "DecodeJSONExample", "json_examples: string -> binary_examples: string",
    shape=same_as(0), kernel=lambda x: each(_decode_json, x), **_OPTIONS,
)  # fmt: skip


# -------------------------------------------------------------------------------------------- the ops of older graphs
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
