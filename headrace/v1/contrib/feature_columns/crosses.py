"""Crosses of columns of ids, of buckets and of crosses."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.composites.sparse.functions import cross_hashed
from headrace.composites.sparse.tensor import is_sparse
from headrace.core.op import lookup

from .base import Ids
from .ids import _SparseColumn
from .numbers import _BucketizedColumn


class _Crossed(NamedTuple):
    columns: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: int | None
    combiner: str
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None


class _CrossedColumn(Ids, _Crossed):
    @property
    def name(self) -> str:
        return "_X_".join(sorted(column.name for column in self.columns))

    @property
    def length(self) -> int:
        return self.hash_bucket_size

    @property
    def config(self) -> dict[str, Any]:
        return {key: spec for column in self.columns for key, spec in column.config.items()}

    def _leaves(self) -> list[Any]:
        return [
            leaf for c in self.columns for leaf in (c._leaves() if isinstance(c, _CrossedColumn) else [c])
        ]

    def _transform_feature(self, inputs: Any) -> Any:
        tensors = []
        for leaf in self._leaves():
            if isinstance(leaf, _BucketizedColumn):
                tensors.append(leaf._get_sparse_tensors(inputs).id_tensor)
            else:
                tensors.append(inputs.get(leaf.column_name))
        if self.hash_key:
            return cross_hashed(tensors, self.hash_bucket_size, self.hash_key)
        whole = lambda t: t if t.dtype is tf.string else tf.cast(t, tf.int64)
        tensors = [whole(t) for t in tensors]
        sparse, dense = [t for t in tensors if is_sparse(t)], [t for t in tensors if not is_sparse(t)]
        crossed = lookup("SparseFeatureCross")(
            [s.indices for s in sparse], [s.values for s in sparse], [s.dense_shape for s in sparse], dense,
            hashed_output=True, num_buckets=self.hash_bucket_size, out_type=tf.int64,
            internal_type=tf.string if all(t.dtype is tf.string for t in tensors) else tf.int64,
        )  # fmt: skip
        return tf.SparseTensor(*crossed)


def crossed_column(
    columns: Any, hash_bucket_size: int, combiner: str = "sum", ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None, hash_key: int | None = None,
) -> Any:  # fmt: skip
    """For each example every combination of a value of each column (sparse, bucketized or crossed); the id is its hash.

    Args:
      hash_key: makes ids of better hashes (those of `tf.feature_column.crossed_column`); without, they are those of 2016.

    Raises:
      TypeError: a column is of another kind.
      ValueError: there are fewer than two columns or buckets.
    """
    for column in columns:
        if not isinstance(column, (_SparseColumn, _CrossedColumn, _BucketizedColumn)):
            raise TypeError(
                f"columns must be a set of _SparseColumn, _CrossedColumn, or _BucketizedColumn instances. (column {column} is a {type(column).__name__})"
            )
    if len(columns) < 2:
        raise ValueError(f"columns must contain at least 2 elements. columns: {columns}")
    if hash_bucket_size < 2:
        raise ValueError(f"hash_bucket_size must be at least 2. hash_bucket_size: {hash_bucket_size}")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    ordered = tuple(sorted(columns, key=lambda c: c.name))
    return _CrossedColumn(
        ordered, hash_bucket_size, hash_key, combiner, ckpt_to_load_from, tensor_name_in_ckpt
    )
