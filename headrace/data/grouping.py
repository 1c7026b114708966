"""Grouping elements by key and by length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.specs import TensorSpec
from headrace.ops import iterators as ops

from . import structure
from .tracing import Traced

if TYPE_CHECKING:
    from .dataset import Dataset

KEY = TensorSpec(TensorShape(()), dtypes.int64)


def group_by_window(
    dataset: Dataset,
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any,
    window_size_func: Callable[..., Any] | None,
    name: str | None = None,
) -> Dataset:
    if (window_size is None) == (window_size_func is None):
        raise ValueError(
            "Either the `window_size` argument or the `window_size_func` argument must be specified, and not both."
        )
    from .dataset import DatasetSpec

    own = dataset.element_spec
    key = Traced(as_int64(key_func, "key_func"), structure.as_arguments(own), "group_by_window")
    size = Traced(
        as_int64(window_size_func or (lambda _: window_size), "window_size_func"), (KEY,), "group_by_window"
    )
    reduced = dataset._of_datasets(reduce_func, "group_by_window", (KEY, DatasetSpec(own)))
    return dataset._derived(
        ops.GROUP_BY_WINDOW, key.captured, reduced.captured, size.captured, spec=reduced.structure.element_spec,
        key_func=key.graph, reduce_func=reduced.graph, window_size_func=size.graph, name=name,
    )  # fmt: skip


def as_int64(function: Callable[..., Any], what: str) -> Callable[..., Any]:
    """The function, with an integer result made int64."""
    from headrace.compiler.autograph import tf_convert

    converted = tf_convert(function)

    def call(*args: Any) -> Any:
        result = to_tensor(converted(*args))
        if not result._dtype.is_integer or result._raw_shape not in ((), None):
            raise ValueError(
                f"Invalid `{what}`. `{what}` must return a single `tf.int64` scalar tensor but its return type is "
                f"{result._dtype.name} of shape {result.shape}."
            )
        return result if result._dtype is dtypes.int64 else lookup("Cast")(result, DstT=dtypes.int64)

    return call


def bucket_by_sequence_length(
    dataset: Dataset, length_func: Callable[..., Any], boundaries: Sequence[int], batch_sizes: Sequence[int],
    padded_shapes: Any, padding_values: Any, to_boundary: bool, no_padding: bool, drop_remainder: bool,
) -> Dataset:  # fmt: skip
    if len(batch_sizes) != len(boundaries) + 1:
        raise ValueError(
            f"`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but `len(bucket_batch_sizes)={len(batch_sizes)}` "
            f"and `len(bucket_boundaries)={len(boundaries)}`."
        )
    upper = np.asarray(boundaries, np.int64)
    sizes = to_tensor(np.asarray(batch_sizes, np.int64))
    length = as_int64(length_func, "element_length_func")

    def key(*element: Any) -> Any:
        above = lookup("GreaterEqual")(length(*element), to_tensor(upper))
        return lookup("Sum")(lookup("Cast")(above, DstT=dtypes.int64), [0])

    def window(bucket: Any) -> Any:
        return lookup("GatherV2")(sizes, bucket, 0)

    def batch(bucket: Any, grouped: Any) -> Any:
        size = window(bucket)
        if no_padding:
            return grouped.batch(size, drop_remainder=drop_remainder)
        shapes = padded_shapes
        if shapes is None:
            shapes = nest.map_structure(lambda s: s.shape, grouped.element_spec)
        if to_boundary:
            error = "When pad_to_bucket_boundary=True, elements must have length < max(bucket_boundaries)."
            check = lookup("Less")(bucket, to_tensor(np.int64(len(boundaries))))
            lookup("Assert")(check, [error])
            limit = lookup("Sub")(
                lookup("GatherV2")(to_tensor(np.append(upper, upper[-1:])), bucket, 0), to_tensor(np.int64(1))
            )
            shapes = _with_boundary(grouped.element_spec, shapes, limit)
        return grouped.padded_batch(size, shapes, padding_values, drop_remainder=drop_remainder)

    return group_by_window(dataset, key, batch, None, window)


def _with_boundary(element_spec: Any, shapes: Any, limit: Any) -> Any:
    """The padded shapes with `limit` for unknown dims."""

    def one(shape: Any) -> Any:
        dims = [limit if d is None else to_tensor(np.int64(d)) for d in TensorShape(shape).as_list()]
        return lookup("Pack")(dims) if dims else to_tensor(np.zeros(0, np.int64))

    if not nest.is_nested(element_spec):
        return one(shapes)
    flat = nest.flatten_up_to(element_spec, shapes, check_types=False)
    return nest.pack_sequence_as(element_spec, [one(s) for s in flat])


__all__ = ["bucket_by_sequence_length", "group_by_window"]
