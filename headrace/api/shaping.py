"""Shapes asked for and changed: reshape, transpose, join, split, repeat, pad, reverse, roll, blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import convert, dtypes, nest, shapes
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import known
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.array import (
    BROADCAST_TO,
    CONJUGATE_TRANSPOSE,
    ENSURE_SHAPE,
    EXPAND_DIMS,
    GUARANTEE_CONST,
    IDENTITY,
    IDENTITY_N,
    RANK,
    RESHAPE,
    SHAPE,
    SHAPE_N,
    SIZE,
    SQUEEZE,
    STOP_GRADIENT,
    TRANSPOSE,
)
from headrace.ops.joining import CONCAT_V2, PACK, PARALLEL_CONCAT, SPLIT, SPLIT_V, TILE, UNPACK
from headrace.ops.rearrange import (
    BATCH_TO_SPACE_ND,
    MIRROR_PAD,
    PAD,
    PAD_V2,
    REVERSE_SEQUENCE,
    REVERSE_V2,
    ROLL,
    SPACE_TO_BATCH_ND,
)

INT32 = dtypes.int32


# --------------------------------------------------------------------------------------------------- identity
def _each(op: OpDef, input: Any, name: str | None) -> Any:
    if nest.is_composite(input):
        return nest.map_structure(lambda t: op(t), input, expand_composites=True)
    return op(input, name=name)


def identity(input: Any, name: str | None = None) -> Any:
    """A tensor (or composite tensor) with the value of `input`; a variable's value as it is now.

    >>> import headrace as tf
    >>> tf.identity([1, 2]).numpy().tolist()
    [1, 2]
    """
    return _each(IDENTITY, input, name)


def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """A list of tensors with the values of those in the list `input`.

    >>> import headrace as tf
    >>> [t.numpy().item() for t in tf.identity_n([1, 2.5])]
    [1, 2.5]
    """
    return IDENTITY_N(list(input), name=name)


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """`input`, through which no gradient flows.

    >>> import headrace as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * tf.stop_gradient(x)
    >>> float(tape.gradient(y, x))
    3.0
    """
    return _each(STOP_GRADIENT, input, name)


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """`input`, which the caller says never changes. The compiler finds out by itself: this is `tf.identity`.

    >>> import headrace as tf
    >>> int(tf.guarantee_const(1))
    1
    """
    return GUARANTEE_CONST(input, name=name)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """`x`, with `shape` known from here on; checked when it runs.

    Args:
      shape: a TensorShape or what converts to one; None entries fit anything.

    Raises:
      InvalidArgumentError: the value has another shape. ValueError: that is known while building the graph.

    >>> import headrace as tf
    >>> tf.ensure_shape([[1, 2]], [None, 2]).shape
    TensorShape([1, 2])
    """
    return ENSURE_SHAPE(x, shape=shapes.as_raw(shape), name=name)


# ---------------------------------------------------------------------------------------------- shape queries
def _out_type(out_type: Any) -> Any:
    return INT32 if out_type is None else dtypes.as_dtype(out_type)


def shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """The shape of a tensor as a 1-D integer tensor.

    Args:
      out_type: tf.int32 (default) or tf.int64.

    >>> import headrace as tf
    >>> tf.shape([[1, 2, 3]]).numpy().tolist()
    [1, 3]
    """
    out_type = _out_type(out_type)
    if hasattr(input, "dense_shape") and hasattr(input, "indices") and input.dense_shape is not None:
        return lookup("Cast")(input.dense_shape, DstT=out_type)
    x = convert.to_tensor(input)
    raw = x._raw_shape
    if raw is not None and None not in raw:  # known now: a constant, from which other shapes can be computed
        return convert.constant(np.asarray(raw, out_type._np), out_type, name or "Shape")
    return SHAPE(x, out_type=out_type, name=name)


def shape_n(input: Any, out_type: Any = INT32, name: str | None = None) -> list[Tensor]:
    """The shapes of several tensors of one type.

    >>> import headrace as tf
    >>> [s.numpy().tolist() for s in tf.shape_n([tf.ones([2]), tf.ones([3, 1])])]
    [[2], [3, 1]]
    """
    return SHAPE_N(list(input), out_type=dtypes.as_dtype(out_type), name=name)


def size(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """The number of elements, as a scalar tensor.

    >>> import headrace as tf
    >>> int(tf.size([[1, 2, 3]]))
    3
    """
    out_type = _out_type(out_type)
    if hasattr(input, "dense_shape") and hasattr(input, "indices") and input.dense_shape is not None:
        return lookup("Prod")(lookup("Cast")(input.dense_shape, DstT=out_type), [0], keep_dims=False)
    x = convert.to_tensor(input)
    n = shapes.count(x._raw_shape) if known(x._raw_shape) else None
    return (
        SIZE(x, out_type=out_type, name=name)
        if n is None
        else convert.constant(np.asarray(n, out_type._np), out_type, name or "Size")
    )


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of dimensions, as a scalar tensor.

    >>> import headrace as tf
    >>> int(tf.rank([[1, 2, 3]]))
    2
    """
    if hasattr(input, "dense_shape") and hasattr(input, "indices") and input.dense_shape is not None:
        return size(input.dense_shape, INT32, name)
    x = convert.to_tensor(input)
    return (
        RANK(x, name=name)
        if x._raw_shape is None
        else convert.constant(np.asarray(len(x._raw_shape), np.int32), INT32, name or "Rank")
    )


# ---------------------------------------------------------------------------------------------------- reshape
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements of `tensor`, in order, in another shape.

    Args:
      shape: integers; one may be -1: whatever makes the sizes match.

    Raises:
      InvalidArgumentError: the number of elements differs.

    >>> import headrace as tf
    >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy().tolist()
    [[1, 2], [3, 4]]
    """
    return RESHAPE(tensor, shape, name=name)


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """`input` with a dimension of size 1 put in at `axis` (negative: counted from the end of the result).

    Raises:
      InvalidArgumentError: axis is not in [-rank-1, rank].

    >>> import headrace as tf
    >>> tf.expand_dims([1, 2], -1).shape
    TensorShape([2, 1])
    """
    return EXPAND_DIMS(input, axis, name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """`input` without its dimensions of size 1, or without those named.

    Args:
      axis: an integer or a list of them.

    Raises:
      InvalidArgumentError: a named dimension is not 1.

    >>> import headrace as tf
    >>> tf.squeeze([[[1], [2]]], 0).shape
    TensorShape([2, 1])
    """
    axes = () if axis is None else tuple([int(a) for a in np.atleast_1d(convert.as_numpy(axis))])
    return SQUEEZE(input, squeeze_dims=axes, name=name)


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Tensor:
    """Dimensions in another order, by default reversed: dimension i of the result is `a`'s dimension perm[i].

    Args:
      conjugate: whether complex elements are conjugated as well.

    >>> import headrace as tf
    >>> tf.transpose([[1, 2], [3, 4]]).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    a = convert.to_tensor(a)
    op = CONJUGATE_TRANSPOSE if conjugate and a._dtype.is_complex else TRANSPOSE
    if perm is None:
        if a._raw_shape is not None:
            perm = np.arange(len(a._raw_shape) - 1, -1, -1, dtype=np.int32)
        else:
            perm = lookup("Range")(lookup("Sub")(RANK(a), 1), -1, -1)
    return op(a, perm, name=name)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """`input` repeated along new dimensions and those of size 1, to `shape`.

    Raises:
      InvalidArgumentError: it cannot be broadcast to that.

    >>> import headrace as tf
    >>> tf.broadcast_to([1, 2], [2, 2]).numpy().tolist()
    [[1, 2], [1, 2]]
    """
    return BROADCAST_TO(input, shape, name=name)


# --------------------------------------------------------------------------------------------- join and split
def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors joined along an existing dimension.

    Args:
      values: a list of tensors of one type and, but for dimension `axis`, one shape.

    Raises:
      InvalidArgumentError: shapes or types do not fit together, or they are scalars.

    >>> import headrace as tf
    >>> tf.concat([[[1], [2]], [[3], [4]]], 1).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    if not isinstance(values, (list, tuple)):
        values = [values]
    if not values:
        raise contradiction("tf.concat needs at least one tensor, received an empty list.")
    if len(values) == 1:
        convert.to_tensor(axis, INT32 if not isinstance(axis, Tensor) else None)
        return identity(values[0], name)
    return CONCAT_V2(list(values), axis, name=name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape side by side along a new dimension.

    Raises:
      ValueError: `axis` is out of range. InvalidArgumentError: shapes differ.

    >>> import headrace as tf
    >>> tf.stack([[1, 2], [3, 4]], axis=1).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    parts = (
        list(values)
        if isinstance(values, (list, tuple))
        else list(unstack(values) if isinstance(values, Tensor) else values)
    )
    if not parts:
        return convert.to_tensor([])
    dtype = next((v._dtype for v in parts if isinstance(v, Tensor)), None)
    first = convert.to_tensor(parts[0], hint=dtype)
    if first._raw_shape is not None:
        n = len(first._raw_shape) + 1
        if not -n <= axis < n:
            raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
    return PACK([first, *parts[1:]], axis=axis, name=name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The slices of a tensor along one dimension, which is dropped.

    Args:
      num: how many there are; needed only where that is not known.

    Raises:
      ValueError: `axis` is out of range, or `num` is neither given nor known.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.unstack([[1, 2], [3, 4]], axis=1)]
    [[1, 3], [2, 4]]
    """
    value = convert.to_tensor(value)
    if num is None:
        raw = value._raw_shape
        if raw is not None:
            n = len(raw)
            if not -n <= axis < n:
                raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
            num = raw[axis]
        if num is None:
            raise ValueError(
                f"Cannot infer argument `num` from shape {value.shape}: say how many slices there are "
                f"along axis {axis}."
            )
    return UNPACK(value, num=num, axis=axis, name=name)


def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """`tf.stack(values)` for tensors of known shape, in graphs only.

    Raises:
      RuntimeError: executing eagerly.

    >>> import headrace as tf
    >>> tf.function(lambda: tf.parallel_stack([[1, 2], [3, 4]]))().numpy().tolist()
    [[1, 2], [3, 4]]
    """
    if state.graph is None:
        raise RuntimeError("tf.parallel_stack() is not compatible with eager execution. Use tf.stack.")
    parts = [convert.to_tensor(v) for v in values]
    if not known(parts[0]._raw_shape):
        raise ValueError(f"tf.parallel_stack needs tensors of known shape, got {parts[0]!r}. Use tf.stack.")
    whole = (len(parts), *parts[0]._raw_shape)  # type: ignore[misc]
    return PARALLEL_CONCAT([EXPAND_DIMS(p, 0) for p in parts], shape=whole, name=name)


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """Consecutive pieces of a tensor along `axis`.

    Args:
      num_or_size_splits: a number of equal pieces, or their sizes (one may be -1: the rest).
      num: how many sizes there are, where that is not known.

    Raises:
      InvalidArgumentError: the dimension does not divide evenly, or the sizes do not add up.
      ValueError: how many pieces there are is not known.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.split([1, 2, 3, 4], [1, -1])]
    [[1], [2, 3, 4]]
    """
    if isinstance(num_or_size_splits, (int, np.integer)):
        return SPLIT(axis, value, num_split=int(num_or_size_splits), name=name)
    sizes = convert.to_tensor(num_or_size_splits, hint=INT32)
    if sizes._raw_shape == ():
        count = static_value(sizes)
        if count is None:
            raise ValueError("The number of pieces of a split must be known while the graph is being built.")
        return SPLIT(axis, value, num_split=int(count), name=name)
    if num is None:
        num = None if sizes._raw_shape is None else sizes._raw_shape[0]
        if num is None:
            raise ValueError(
                f"Cannot infer argument `num` from shape {sizes.shape}: say how many sizes there are."
            )
    return SPLIT_V(value, sizes, axis, num_split=num, name=name)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """`input` repeated `multiples[i]` times along each dimension i.

    Raises:
      InvalidArgumentError: there is not one multiple per dimension, or one is negative.

    >>> import headrace as tf
    >>> tf.tile([[1, 2]], [2, 2]).numpy().tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    return TILE(input, multiples, name=name)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element (or slice along `axis`) repeated in place.

    Args:
      repeats: one number for all, or one for each.
      axis: flattened first if None.

    Raises:
      ValueError: there is not one number per slice, or axis is out of range.

    >>> import headrace as tf
    >>> tf.repeat([[1, 2], [3, 4]], [1, 2], axis=0).numpy().tolist()
    [[1, 2], [3, 4], [3, 4]]
    """
    x = convert.to_tensor(input)
    times = convert.to_tensor(repeats, hint=INT32)
    if axis is None:
        x, axis = RESHAPE(x, [-1]), 0
    raw = x._raw_shape
    if raw is None or times._raw_shape is None:
        raise ValueError(
            f"tf.repeat needs the ranks of its arguments, got {x!r} and {times!r}. Set them with "
            "tf.ensure_shape."
        )
    if not raw:
        x, raw = RESHAPE(x, [1]), (1,)
    n = len(raw)
    if not -n <= axis < n:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
    axis %= n
    if len(times._raw_shape) > 1:
        raise ValueError(f"repeats must be a scalar or a vector, got shape {list(times._raw_shape)}")
    value = static_value(times)
    if value is not None and value.size == 1:
        value = value.reshape(())
    if value is not None and value.ndim == 1:
        if raw[axis] not in (None, value.size):
            raise ValueError(f"repeats has {value.size} entries for a dimension of size {raw[axis]}")
        x = ENSURE_SHAPE(x, shape=(*raw[:axis], value.size, *raw[axis + 1 :])) if raw[axis] is None else x
        return lookup("GatherV2")(x, np.repeat(np.arange(value.size, dtype=np.int32), value), axis, name=name)
    if len(times._raw_shape) == 0 or times._raw_shape == (1,):
        times = RESHAPE(times, []) if times._raw_shape else times
        wide = EXPAND_DIMS(x, axis + 1)
        tiled = TILE(wide, [times if i == axis + 1 else 1 for i in range(n + 1)])
        dims = list(raw) if known(raw) else [SHAPE(x)[i] if d is None else d for i, d in enumerate(raw)]
        dims[axis] = -1 if not (known(raw) and 0 in raw) else lookup("Mul")(raw[axis], times)
        return RESHAPE(tiled, dims, name=name)
    # how long the result is depends on the numbers: repeat each slice the greatest number of times, then mask
    from headrace.ops.indexing import boolean_mask

    from .making import sequence_mask

    most = lookup("Max")(times, [0], keep_dims=False)
    tiled = TILE(EXPAND_DIMS(x, axis + 1), [most if i == axis + 1 else 1 for i in range(n + 1)])
    return boolean_mask(tiled, sequence_mask(times, most), axis=axis)


def contradiction(message: str) -> Exception:
    """The error for arguments that do not fit: InvalidArgumentError, or ValueError in a graph."""
    from headrace.core.errors import InvalidArgumentError

    return InvalidArgumentError(None, None, message) if state.graph is None else ValueError(message)


# ----------------------------------------------------------------------------------------- pad, reverse, roll
def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """`tensor` with margins.

    Args:
      paddings: integers of shape [rank, 2]: how much before and after each dimension.
      mode: "CONSTANT", "REFLECT" (mirrored without the edge) or "SYMMETRIC" (with it).
      constant_values: the scalar that fills in constant mode.

    Raises:
      ValueError: an unknown mode.
      InvalidArgumentError: paddings are negative, of the wrong shape, or too large to mirror.

    >>> import headrace as tf
    >>> tf.pad([1, 2, 3], [[1, 2]], "REFLECT").numpy().tolist()
    [2, 1, 2, 3, 2, 1]
    """
    kind = mode.upper()
    if kind in ("REFLECT", "SYMMETRIC"):
        return MIRROR_PAD(tensor, paddings, mode=kind, name=name)
    if kind != "CONSTANT":
        raise ValueError(
            'Value of argument `mode` expected to be one of "CONSTANT", "REFLECT", or '
            f'"SYMMETRIC". Received `mode` = {mode}'
        )
    if (
        not isinstance(constant_values, Tensor)
        and np.isscalar(constant_values)
        and not isinstance(constant_values, (str, bytes))
        and constant_values == 0
    ):
        return PAD(tensor, paddings, name=name)
    tensor = convert.to_tensor(tensor)
    return PAD_V2(tensor, paddings, constant_values, name=name)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """`tensor` with the order reversed along each dimension in the list `axis`.

    Raises:
      InvalidArgumentError: a dimension is out of range or named twice.

    >>> import headrace as tf
    >>> tf.reverse([1, 2, 3], [0]).numpy().tolist()
    [3, 2, 1]
    """
    return REVERSE_V2(tensor, axis, name=name)


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Each slice i along `batch_axis` with its first `seq_lengths[i]` elements along `seq_axis` reversed.

    Raises:
      InvalidArgumentError: a length exceeds the dimension, or there is not one length per slice.

    >>> import headrace as tf
    >>> tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1).numpy().tolist()
    [[2, 1, 3], [6, 5, 4]]
    """
    if seq_axis is None:
        raise TypeError("tf.reverse_sequence needs seq_axis: the dimension to reverse along.")
    return REVERSE_SEQUENCE(
        input, seq_lengths, seq_dim=seq_axis, batch_dim=0 if batch_axis is None else batch_axis, name=name
    )


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """`input` moved along `axis` by `shift`; what leaves at the end comes back at the start.

    Args:
      shift, axis: integers, or lists of equal length.

    >>> import headrace as tf
    >>> tf.roll([1, 2, 3, 4], 1, 0).numpy().tolist()
    [4, 1, 2, 3]
    """
    return ROLL(input, shift, axis, name=name)


# -------------------------------------------------------------------------------------------- batch and space
def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Cuts the padded dimensions after the batch into blocks and moves each position in a block to the batch.

    Args:
      block_shape: one block size per spatial dimension.
      paddings: shape [len(block_shape), 2]; the padded sizes must be multiples of the block sizes.

    >>> import headrace as tf
    >>> tf.space_to_batch_nd([[[1], [2], [3], [4]]], [2], [[0, 0]]).numpy().tolist()
    [[[1], [3]], [[2], [4]]]
    """
    return SPACE_TO_BATCH_ND(input, block_shape, paddings, name=name)


def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """`tf.space_to_batch_nd`.

    >>> import headrace as tf
    >>> tf.space_to_batch([[[1], [2]]], [2], [[0, 0]]).shape
    TensorShape([2, 1, 1])
    """
    return SPACE_TO_BATCH_ND(input, block_shape, paddings, name=name)


def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The inverse of `tf.space_to_batch`, with `crops` cut off.

    >>> import headrace as tf
    >>> tf.batch_to_space([[[1], [3]], [[2], [4]]], [2], [[0, 0]]).numpy().tolist()
    [[[1], [2], [3], [4]]]
    """
    if isinstance(block_shape, (int, np.integer)):
        block_shape = [block_shape, block_shape]
    return BATCH_TO_SPACE_ND(input, block_shape, crops, name=name)


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The paddings that make dimensions divisible by block sizes, and the crops that undo what they add.

    Args:
      input_shape, block_shape: integers of shape [N].
      base_paddings: shape [N, 2], the least paddings; zeros by default.

    Returns:
      (paddings, crops), both of shape [N, 2].

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.required_space_to_batch_paddings([5], [2])]
    [[[0, 1]], [[0, 1]]]
    """
    sizes, block = convert.to_tensor(input_shape, hint=INT32), convert.to_tensor(block_shape, hint=INT32)
    n = block._raw_shape[0] if known(block._raw_shape) and block._raw_shape else None  # type: ignore[index]
    if n is None:
        raise ValueError(f"block_shape must be a vector of known length, got {block!r}")
    base = convert.to_tensor(
        np.zeros((n, 2), sizes._dtype._np) if base_paddings is None else base_paddings, hint=INT32
    )
    add, sub, mod = lookup("AddV2"), lookup("Sub"), lookup("FloorMod")
    start, end = UNPACK(base, num=2, axis=1)
    extra = mod(sub(block, mod(add(add(sizes, start), end), block)), block)
    paddings = PACK([PACK([start[i], add(end, extra)[i]]) for i in range(n)])
    crops = PACK([PACK([0, extra[i]]) for i in range(n)])
    return paddings, crops


__all__ = [
    "batch_to_space",
    "broadcast_to",
    "concat",
    "ensure_shape",
    "expand_dims",
    "guarantee_const",
    "identity",
    "identity_n",
    "pad",
    "parallel_stack",
    "rank",
    "repeat",
    "required_space_to_batch_paddings",
    "reshape",
    "reverse",
    "reverse_sequence",
    "roll",
    "shape",
    "shape_n",
    "size",
    "space_to_batch",
    "space_to_batch_nd",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "tile",
    "transpose",
    "unstack",
]
