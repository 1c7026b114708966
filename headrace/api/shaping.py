"""Shapes asked for and changed: reshape, transpose, pad, reverse, roll, blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import convert, dtypes, nest, shapes
from headrace.core.op import OpDef, lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.shapes import known
from headrace.core.specs import CompositeTensor
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
from headrace.ops.blocks import BATCH_TO_SPACE_ND, SPACE_TO_BATCH_ND
from headrace.ops.joining import PACK, UNPACK
from headrace.ops.padding import MIRROR_PAD, PAD, PAD_V2
from headrace.ops.rearrange import REVERSE_SEQUENCE, REVERSE_V2, ROLL

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
    """The shape of a tensor as a 1-D integer tensor (of a RaggedTensor: a `tf.experimental.DynamicRaggedShape`).

    Args:
      out_type: tf.int32 (default) or tf.int64.

    >>> import headrace as tf
    >>> tf.shape([[1, 2, 3]]).numpy().tolist()
    [1, 3]
    """
    out_type = _out_type(out_type)
    if hasattr(input, "dense_shape") and hasattr(input, "indices") and input.dense_shape is not None:
        return lookup("Cast")(input.dense_shape, DstT=out_type)
    if isinstance(input, CompositeTensor):
        return SHAPE(input, out_type=out_type, name=name)  # a rule knows, or there is none
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


@at_home
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


@scoped("required_space_to_batch_paddings", "paddings", "crops")
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
    n = block._raw_shape[0] if known(block._raw_shape) and block._raw_shape else None
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
    "ensure_shape",
    "expand_dims",
    "guarantee_const",
    "identity",
    "identity_n",
    "pad",
    "rank",
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
    "squeeze",
    "stop_gradient",
    "transpose",
]
