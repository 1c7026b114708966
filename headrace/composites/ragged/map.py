"""`tf.map_fn` over the rows of ragged and sparse tensors, or with results of these kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core import dtypes, nest
from headrace.core.dtypes import as_dtype
from headrace.core.specs import BatchableTypeSpec, CompositeTensor, TensorSpec, TypeSpec

from .partition import RowPartition
from .ragged_tensor import RaggedTensor, is_ragged, ragged_or_tensor
from .spec import RaggedTensorSpec


class _Rows:
    """Collects what the function returns for each row, in one TensorArray per component."""

    def __init__(self, spec: Any, n: Any) -> None:
        self.spec = spec if isinstance(spec, TypeSpec) else TensorSpec(None, as_dtype(spec))
        parts: list[TensorSpec] = self.spec._flat_tensor_specs
        # The values, the lengths at each level, and the length of the row.
        if isinstance(self.spec, RaggedTensorSpec):
            parts = [*parts, TensorSpec([], self.spec.row_splits_dtype)]
        self.arrays = [tf.TensorArray(p.dtype, size=n, infer_shape=False) for p in parts]

    def parts(self, value: Any) -> list[Any]:
        if isinstance(self.spec, RaggedTensorSpec):
            value = ragged_or_tensor(value)
            found = value.ragged_rank if is_ragged(value) else 0
            if found != self.spec.ragged_rank or value.dtype is not self.spec.dtype:
                raise ValueError(
                    f"fn returned {value!r}, which is not of the type {self.spec} that fn_output_signature tells."
                )
            if not is_ragged(value):
                return [value, tf.shape(value, out_type=self.spec.row_splits_dtype)[0]]
            value = value.with_row_splits_dtype(self.spec.row_splits_dtype)
            return [value.flat_values, *value.nested_row_lengths(), value.nrows()]
        if isinstance(self.spec, TensorSpec):
            return [tf.convert_to_tensor(value, self.spec.dtype)]
        if not isinstance(value, self.spec.value_type):
            raise ValueError(
                f"fn returned {value!r}, which is not of the type {self.spec} that fn_output_signature tells."
            )
        return nest.flatten(value, expand_composites=True)

    def result(self, arrays: list[Any], n: Any) -> Any:
        if isinstance(self.spec, TensorSpec):
            return arrays[0].stack()
        if isinstance(self.spec, RaggedTensorSpec):
            result: Any = arrays[0].concat()
            for lengths in reversed(arrays[1:-1]):
                result = RaggedTensor._from_row_partition(
                    result, RowPartition.from_row_lengths(lengths.concat(), validate=False), validate=False
                )
            return RaggedTensor._from_row_partition(
                result, RowPartition.from_row_lengths(arrays[-1].stack(), validate=False), validate=False
            )
        if hasattr(self.spec.value_type, "dense_shape"):
            counts = tf.TensorArray(dtypes.int64, size=n)
            _, counts = tf.while_loop(
                lambda i, c: i < n,
                lambda i, c: (i + 1, c.write(i, tf.shape(arrays[1].read(i), out_type=dtypes.int64)[0])),
                (tf.constant(0), counts),
            )
            rows = RowPartition.from_row_lengths(counts.stack(), validate=False).value_rowids()
            shape = tf.reduce_max(arrays[2].stack(), axis=0)
            return tf.SparseTensor(
                tf.concat([rows[:, None], arrays[0].concat()], 1),
                arrays[1].concat(),
                tf.concat([tf.cast([n], dtypes.int64), shape], 0),
            )
        if isinstance(self.spec, BatchableTypeSpec):
            return self.spec._batch(None)._from_compatible_tensor_list([a.stack() for a in arrays])
        raise ValueError(f"tf.map_fn cannot stack values of type {self.spec}.")


def _row_spec(value: CompositeTensor) -> Any:
    spec = value._type_spec
    if not isinstance(spec, BatchableTypeSpec):
        raise TypeError(
            f"{type(value).__name__} has no rows: make it a tf.experimental.BatchableExtensionType."
        )
    return spec._unbatch()


def _row(value: Any, i: Any) -> Any:
    if isinstance(value, CompositeTensor) and hasattr(value, "dense_shape"):
        shape = value.dense_shape
        begin = tf.concat([tf.cast([i], dtypes.int64), tf.zeros_like(shape[1:])], 0)
        part = tf.sparse.slice(value, begin, tf.concat([tf.ones([1], dtypes.int64), shape[1:]], 0))
        return tf.SparseTensor(part.indices[:, 1:], part.values, shape[1:])
    if isinstance(value, CompositeTensor) and not is_ragged(value):
        return _row_spec(value)._from_components(
            [_row(part, i) for part in value._type_spec._to_components(value)]
        )
    return value[i]


def _size(value: Any) -> Any:
    if is_ragged(value):
        return value.nrows(dtypes.int32)
    if isinstance(value, CompositeTensor) and not hasattr(value, "dense_shape"):
        return _size(value._type_spec._to_components(value)[0])
    return (
        tf.cast(value.dense_shape[0], dtypes.int32) if hasattr(value, "dense_shape") else tf.shape(value)[0]
    )


def map_composites(fn: Callable[..., Any], elems: Any, signature: Any, name: str | None = None) -> Any:
    """`fn` applied to the i-th rows of all `elems`, for every i; the results, of the types in `signature`, are stacked."""
    elems = nest.map_structure(
        lambda v: v if isinstance(v, CompositeTensor) else tf.convert_to_tensor(v), elems
    )
    flat = nest.flatten(elems)
    if signature is None:
        signature = nest.map_structure(
            lambda v: _row_spec(v) if isinstance(v, CompositeTensor) else v.dtype, elems
        )
    n = _size(flat[0])
    rows = [_Rows(s, n) for s in nest.flatten(signature)]

    def step(i: Any, arrays: Any) -> Any:
        result = fn(nest.pack_sequence_as(elems, [_row(v, i) for v in flat]))
        nest.assert_same_structure(signature, result)
        written = [
            [a.write(i, p) for a, p in zip(column, r.parts(value))]
            for r, column, value in zip(rows, arrays, nest.flatten(result))
        ]
        return i + 1, written

    with tf.name_scope(name or "map"):
        _, arrays = tf.while_loop(lambda i, _: i < n, step, (tf.constant(0), [r.arrays for r in rows]))
        return nest.pack_sequence_as(signature, [r.result(column, n) for r, column in zip(rows, arrays)])
