"""Which public functions take ragged tensors, and what then computes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import headrace as tf
from headrace.api import elementwise as names
from headrace.api.reductions import bincount_of_rows
from headrace.core import overrides
from headrace.core.overrides import ELEMENTWISE, Rule, add_rule, composites
from headrace.core.shapes import size_of
from headrace.core.specs import CompositeTensor

from . import arrays, dimensions, gathering, reductions
from .elementwise import apply
from .flat import map_flat_values
from .ragged_tensor import RaggedTensor, is_ragged


def _has_ragged(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether ragged tensors are the only composites, and there is one."""
    found = list(composites(args, kwargs))
    return bool(found) and all(is_ragged(v) for v in found)


def _rule(handler: Callable[..., Any]) -> Rule:
    return lambda args, kwargs: handler(*args, **kwargs) if _has_ragged(args, kwargs) else NotImplemented


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` on ragged arguments; lists of them (of `tf.strings.join`) count as arguments each."""

    def handler(*args: Any, **kwargs: Any) -> Any:
        if (
            args
            and isinstance(args[0], (list, tuple))
            and any(isinstance(v, CompositeTensor) for v in args[0])
        ):
            return apply(lambda *parts: function(list(parts), *args[1:], **kwargs), *args[0])
        named = {k: kwargs.pop(k) for k in list(kwargs) if isinstance(kwargs[k], RaggedTensor)}
        if not named:
            return apply(function, *args, **kwargs)
        positional = len(args)
        return apply(
            lambda *parts: function(*parts[:positional], **dict(zip(named, parts[positional:])), **kwargs),
            *args,
            *named.values(),
        )

    return handler


def unary(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for functions of one tensor: what follows it are options, which may be lists, and are not broadcast."""
    general = elementwise(function)

    def handler(*args: Any, **kwargs: Any) -> Any:
        if not args or not is_ragged(args[0]):
            return general(*args, **kwargs)
        return apply(lambda values: function(values, *args[1:], **kwargs), args[0])

    return handler


def _on_op(op: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if not op.elementwise or not _has_ragged(args, {}):
        return NotImplemented
    return apply(lambda *values: op(*values, **kwargs), *args)


def _add_n(inputs: Any, name: str | None = None) -> Any:
    return apply(lambda *parts: tf.add_n(list(parts)), *inputs)


def _matmul(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    """Rows of vectors by one matrix."""
    if (
        is_ragged(b)
        or not (a.flat_values.shape.rank or 0) > 1
        or any(args)
        or any(kwargs.values())
        or tf.convert_to_tensor(b).shape.rank != 2
    ):
        raise ValueError(
            "tf.matmul of a RaggedTensor multiplies its inner dimension, which must not be ragged, by one matrix. Use to_tensor() for other products."
        )
    return a.with_flat_values(tf.matmul(a.flat_values, b))


def _segments(name: str) -> Callable[..., Any]:
    aggregate = getattr(tf.math, f"unsorted_segment_{name}")
    aggregate = getattr(aggregate, "_without_overrides", aggregate)

    def unsorted(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        if is_ragged(segment_ids):
            data = dimensions.as_ragged(data, segment_ids.ragged_rank, segment_ids.row_splits.dtype)
            return unsorted(data.values, segment_ids.values, num_segments)
        return reductions.segment(aggregate, data, segment_ids, num_segments)

    return unsorted


def _sorted_segments(name: str) -> Callable[..., Any]:
    unsorted = _segments(name)

    def by_segment(data: Any, segment_ids: Any, name: str | None = None) -> Any:
        flat = segment_ids.flat_values if is_ragged(segment_ids) else tf.convert_to_tensor(segment_ids)
        return unsorted(data, segment_ids, tf.concat([[-1], tf.cast(flat, tf.int32)], 0)[-1] + 1)

    return by_segment


def _dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Any]:
    stacked = arrays.stack_dynamic_partitions(data, partitions, num_partitions)
    return [stacked[i] for i in range(num_partitions)]


def _split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: str | None = None
) -> list[Any]:
    axis = dimensions.positive_axis(axis, value.shape.rank)
    inside = (slice(None),) * axis
    if isinstance(num_or_size_splits, int):
        size = size_of(value, axis)
        if size is None:
            raise ValueError(
                "tf.split of a RaggedTensor into equal parts needs a uniform dimension of known size."
            )
        if size % num_or_size_splits:
            raise ValueError(
                f"Dimension {axis} of size {size} does not divide into {num_or_size_splits} equal parts."
            )
        sizes: list[Any] = [size // num_or_size_splits] * num_or_size_splits
    else:
        sizes = (
            tf.unstack(tf.convert_to_tensor(num_or_size_splits))
            if not isinstance(num_or_size_splits, (list, tuple))
            else list(num_or_size_splits)
        )
    out, start = [], 0
    for size in sizes:
        out.append(value[(*inside, slice(start, start + size))])
        start = start + size
    return out


def _embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Any:
    return map_flat_values(lambda flat: tf.nn.embedding_lookup(params, flat, max_norm), ids)


def _bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = tf.int32,
    name: str | None = None, axis: Any = None, binary_output: bool = False,
) -> Any:  # fmt: skip
    values, weights = arr.flat_values, weights.flat_values if is_ragged(weights) else weights
    if axis != -1:
        return tf.math.bincount(values, weights, minlength, maxlength, dtype, name, axis, binary_output)
    if arr.ragged_rank != 1:
        raise ValueError(
            f"tf.math.bincount of rows takes a ragged matrix, got ragged_rank={arr.ragged_rank}."
        )
    rows, n = arr.value_rowids(), arr.nrows()
    return bincount_of_rows(values, rows, n, weights, minlength, maxlength, dtype, binary_output)


def _reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "", name: str | None = None
) -> Any:
    """Strings of each innermost row, joined."""
    rank = inputs.shape.rank
    if (
        dimensions.positive_axis(-1 if axis is None else axis, rank) != rank - 1
        or is_ragged(inputs.values)
        or keepdims
    ):
        raise ValueError(
            "tf.strings.reduce_join of a RaggedTensor joins the rows of a matrix: axis must be -1 and keepdims False."
        )
    return tf.strings.unsorted_segment_join(inputs.values, inputs.value_rowids(), inputs.nrows(), separator)


def _resize(images: Any, size: Any, *args: Any, **kwargs: Any) -> Any:
    """Images of several sizes, resized to one."""
    if images.shape.rank != 4:
        raise ValueError(
            f"tf.image.resize: images.shape.rank must be 4 if images is ragged, received {images.shape}."
        )
    size = tf.convert_to_tensor(size, tf.int32)
    known = tf.get_static_value(size)
    method = args[0] if args else kwargs.get("method")
    one = lambda x: tf.image.resize(x.to_tensor() if is_ragged(x) else x, size, *args, **kwargs)
    shape = [*([None, None] if known is None else known.tolist()), size_of(images, -1)]
    return tf.map_fn(
        one,
        images,
        fn_output_signature=tf.TensorSpec(shape, images.dtype if method == "nearest" else tf.float32),
    )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": arrays.concat,
    "stack": arrays.stack,
    "expand_dims": dimensions.expand_dims,
    "squeeze": dimensions.squeeze,
    "gather": gathering.gather,
    "gather_nd": gathering.gather_nd,
    "where": gathering.where,
    "tile": arrays.tile,
    "reverse": arrays.reverse,
    "size": arrays.size,
    "rank": arrays.rank,
    "one_hot": arrays.one_hot,
    "boolean_mask": gathering.boolean_mask,
    "split": _split,
    "dynamic_partition": _dynamic_partition,
    "add_n": _add_n,
    "math.add_n": _add_n,
    "matmul": _matmul,
    "linalg.matmul": _matmul,
    "math.bincount": _bincount,
    "image.resize": _resize,
    "nn.softmax": reductions.softmax,
    "nn.embedding_lookup": _embedding_lookup,
    "strings.reduce_join": _reduce_join,
    **{
        f"{path}reduce_{n}": getattr(reductions, f"reduce_{n}")
        for n in ("sum", "prod", "min", "max", "mean", "any", "all", "variance", "std", "logsumexp")
        for path in ("", "math.")
    },
}


def install() -> None:
    """Registers the rules of all functions that exist."""
    for function in names.functions(names.UNARY):
        add_rule(function, _rule(unary(function)))
    for table in (names.BINARY, names.OTHER):
        for function in names.functions(table):
            add_rule(function, _rule(elementwise(function)))
    for path, handler in _FUNCTIONS.items():
        function = names.find(*path.rpartition(".")[::2])
        if callable(function):
            add_rule(function, _rule(handler))
    for name in ("sum", "prod", "min", "max", "mean", "sqrt_n"):
        function = names.find("math", f"unsorted_segment_{name}")
        if callable(function):
            add_rule(function, _rule(_segments(name)))
        function = names.find("math", f"segment_{name}")
        if callable(function):
            add_rule(function, _rule(_sorted_segments(name)))
    ELEMENTWISE.append(_on_op)
    overrides.install()
