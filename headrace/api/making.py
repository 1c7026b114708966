"""Tensors from values: constants, conversion, zeros, ones, fill, one-hot, masks and grids."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from headrace.core import convert, dtypes, nest, shapes
from headrace.core.op import lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.shapes import TensorShape, known
from headrace.core.specs import CompositeTensor
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import EagerTensor, Tensor, TensorLike, wrap
from headrace.ops.array import FILL
from headrace.ops.cast import ONES_LIKE, ZEROS_LIKE
from headrace.ops.gather import ONE_HOT

SMALL = 1000  # elements: up to so many, a filled tensor in a graph is a constant that shapes may fold from


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """A tensor of a Python value or an array.

    Args:
      dtype: the element type; inferred if None (Python floats are float32, ints int32).
      shape: the shape to give it; a single value is repeated to fill it.

    Raises:
      TypeError: the value does not fit `dtype` or `shape`, or is a symbolic tensor.
      ValueError: nested lists are not rectangular.

    >>> import headrace as tf
    >>> tf.constant([1, 2, 3, 4], shape=[2, 2]).numpy().tolist()
    [[1, 2], [3, 4]]
    >>> tf.constant(0.5, shape=[2]).numpy().tolist()
    [0.5, 0.5]
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        if not isinstance(value, EagerTensor):
            raise TypeError(
                f"Expected any non-tensor type, but got a tensor instead: {value!r}. Use tf.identity "
                "or tf.cast on tensors."
            )
        if state.graph is None:
            if dtype is not None and dtype is not value._dtype:
                raise TypeError(
                    f"Expected tensor {value} with dtype {dtype!r}, but got dtype {value._dtype!r}. Use "
                    "tf.cast to convert it."
                )
            return (
                value
                if shape is None
                else wrap(_shaped(value._host(), shapes.as_raw(shape), value), value._dtype)
            )
        value = value._host()
    if (isinstance(value, (list, tuple)) and convert._has_tensor(value)) or hasattr(value, "__tf_tensor__"):
        made = convert.to_tensor(value, dtype, name)
        return made if shape is None else lookup("Reshape")(made, shape)
    array = convert.to_array(value, dtype)
    if shape is not None:
        array = _shaped(array, shapes.as_raw(shape), value)
    return convert.constant(array, dtype or dtypes.from_numpy(array.dtype), name)


def _shaped(array: np.ndarray, shape: Any, value: Any) -> np.ndarray:
    if array.shape == shape:
        return array
    if not known(shape):
        raise TypeError(f"tf.constant needs a fully known shape, got {TensorShape(shape)}.")
    size = shapes.count(shape)
    if array.size == size:
        return array.reshape(shape)
    if array.size == 1:
        return np.full(shape, array.reshape(())[()], array.dtype)
    raise TypeError(
        f"Eager execution of tf.constant with unsupported shape. Tensor {value} has "
        f"{array.size} elements, but got `shape` {shape} with {size} elements)."
    )


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """`value` as a tensor: a Python value, an array, a variable, anything with `__tf_tensor__`.

    Args:
      dtype: the type it must have.
      dtype_hint: the type it should have if it can and `dtype` is None.

    Raises:
      TypeError: the value cannot have that type.
      ValueError: a tensor of another type was given.

    >>> import headrace as tf
    >>> tf.convert_to_tensor(2, dtype_hint=tf.float32)
    <tf.Tensor: shape=(), dtype=float32, numpy=2.0>
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    hint = None if dtype_hint is None else dtypes.as_dtype(dtype_hint)
    made = convert.to_tensor(value, dtype, name, hint)
    if state.graph is not None:
        state.graph.keep_names()
    return made


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor, dense, ragged or sparse, or a variable (not a NumPy array or a Python value).

    >>> import headrace as tf
    >>> tf.is_tensor(tf.constant(1)), tf.is_tensor([1])
    (True, False)
    """
    return isinstance(x, TensorLike) or (isinstance(x, CompositeTensor) and x._is_one_tensor)


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The tensor's value as a NumPy array if it is known while the graph is being built, else None.

    Args:
      partial: entries of a stacked vector that are not known become None instead of making the whole unknown.

    >>> import headrace as tf
    >>> tf.get_static_value(tf.constant([1, 2])).tolist()
    [1, 2]
    """
    if not isinstance(tensor, Tensor):
        return tensor
    value = static_value(tensor)
    if value is not None:
        return value[()] if value.ndim == 0 and tensor._dtype.kind != "s" else value.copy()
    if partial and tensor.op.op_def.name == "Pack":
        parts = [static_value(t) for t in tensor.op.inputs]
        return np.array([None if p is None else p[()] for p in parts], object)
    return None


def no_layout(layout: Any) -> None:
    """DTensor layouts are not part of this platform."""
    if layout is not None:
        raise NotImplementedError(
            f"layout={layout!r}: DTensor layouts are not supported. Use tf.distribute to place tensors."
        )


def fixed_shape(shape: Any) -> tuple[int, ...] | None:
    """A shape argument as a tuple if all of it is known now, else None."""
    if isinstance(shape, Tensor):
        value = static_value(shape)
        return None if value is None else tuple([int(d) for d in value.reshape(-1)])
    if isinstance(shape, (list, tuple)) and any(isinstance(d, Tensor) for d in shape):
        values: list[Any] = [static_value(d) if isinstance(d, Tensor) else d for d in shape]
        return None if any(v is None for v in values) else tuple([int(v) for v in values])
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    if isinstance(shape, TensorShape):
        return shape._raw if known(shape._raw) else None  # type: ignore[return-value]
    if shape is None or isinstance(shape, CompositeTensor) or None in shape:
        return None
    return tuple([int(d) for d in shape])


def filled(shape: Any, value: Any, dtype: Any, name: str | None) -> Tensor:
    """A tensor of one value; `shape` may be anything that says a shape."""
    fixed = fixed_shape(shape)
    if fixed is not None:
        negative = builtins.min(fixed, default=0) < 0
        if not negative and (state.graph is None or (shapes.count(fixed) or 0) < SMALL):
            return convert.constant(np.full(fixed, value, dtype._np), dtype, name)
        shape = np.asarray(fixed, np.int32 if builtins.max(fixed, default=0) < 2**31 else np.int64)
    elif isinstance(shape, Tensor) and shape._raw_shape == ():
        shape = lookup("Reshape")(shape, [-1])  # a number of elements
    return FILL(shape, convert.constant(np.asarray(value, dtype._np), dtype), name=name)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of zeros (empty strings, False).

    Args:
      shape: a list of integers, a TensorShape, or a 1-D integer tensor.

    >>> import headrace as tf
    >>> tf.zeros([2, 1]).numpy().tolist()
    [[0.0], [0.0]]
    """
    no_layout(layout)
    dtype = dtypes.as_dtype(dtype)
    return filled(shape, b"" if dtype.kind == "s" else 0, dtype, name or "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of ones (True).

    Args:
      shape: a list of integers, a TensorShape, or a 1-D integer tensor.

    >>> import headrace as tf
    >>> tf.ones([2], tf.int32).numpy().tolist()
    [1, 1]
    """
    no_layout(layout)
    dtype = dtypes.as_dtype(dtype)
    if dtype.kind == "s":
        raise TypeError("tf.ones has no meaning for strings. Use tf.fill with the text you want.")
    return filled(shape, 1, dtype, name or "ones")


def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of zeros, of the shape (and, unless `dtype` says otherwise, the type) of `input`.

    >>> import headrace as tf
    >>> tf.zeros_like([[1, 2]]).numpy().tolist()
    [[0, 0]]
    """
    no_layout(layout)
    x = convert.to_tensor(input)
    dtype = x._dtype if dtype is None else dtypes.as_dtype(dtype)
    name = name or "zeros_like"
    return ZEROS_LIKE(x, name=name) if dtype is x._dtype else zeros(_shape_of(x), dtype, name)


def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of ones, of the shape (and, unless `dtype` says otherwise, the type) of `input`.

    >>> import headrace as tf
    >>> tf.ones_like([[1, 2]], tf.float32).numpy().tolist()
    [[1.0, 1.0]]
    """
    no_layout(layout)
    x = convert.to_tensor(input)
    dtype = x._dtype if dtype is None else dtypes.as_dtype(dtype)
    name = name or "ones_like"
    return ONES_LIKE(x, name=name) if dtype is x._dtype else ones(_shape_of(x), dtype, name)


def _shape_of(x: Tensor) -> Any:
    return x._raw_shape if known(x._raw_shape) else lookup("Shape")(x)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of shape `dims` in which every element is the scalar `value`.

    Raises:
      InvalidArgumentError: a dimension is negative, or `value` is no scalar.

    >>> import headrace as tf
    >>> tf.fill([2, 2], 7).numpy().tolist()
    [[7, 7], [7, 7]]
    """
    no_layout(layout)
    return FILL([dims] if isinstance(dims, (int, np.integer)) else dims, value, name=name)


@at_home
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """`on_value` where an index points to, `off_value` elsewhere; indices not in [0, depth) point nowhere.

    Args:
      indices: integers of any shape.
      depth: the size of the new dimension.
      axis: where the new dimension goes; last by default.
      dtype: of the result; that of the values, or float32.

    Raises:
      TypeError: the types of on_value, off_value and dtype differ.

    >>> import headrace as tf
    >>> tf.one_hot([0, 2], 3).numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    on = None if on_value is None else convert.to_tensor(on_value, hint=dtype)
    off = None if off_value is None else convert.to_tensor(off_value, hint=dtype)
    for which, value in (("on_value", on), ("off_value", off)):
        if value is not None and dtype is not None and value._dtype is not dtype:
            raise TypeError(f"dtype {value._dtype!s} of {which} does not match dtype parameter {dtype!s}")
    if on is not None and off is not None and on._dtype is not off._dtype:
        raise TypeError(f"dtype {on._dtype!s} of on_value does not match dtype {off._dtype!s} of off_value")
    if dtype is None:
        dtype = on._dtype if on is not None else off._dtype if off is not None else dtypes.float32
    on = convert.constant(np.asarray(1, dtype._np), dtype) if on is None else on
    off = convert.constant(np.asarray(0, dtype._np), dtype) if off is None else off
    return ONE_HOT(indices, depth, on, off, axis=-1 if axis is None else axis, name=name or "one_hot")


@scoped("SequenceMask", "Less")
def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool_, name: str | None = None
) -> Tensor:
    """For each length, a row that is true (1) for so many positions and false (0) from there on.

    Args:
      lengths: integers of any shape.
      maxlen: the length of the rows; the greatest length by default.

    >>> import headrace as tf
    >>> tf.sequence_mask([1, 3], 3).numpy().tolist()
    [[True, False, False], [True, True, True]]
    """
    lengths = convert.to_tensor(lengths)
    if maxlen is None:
        rank = lookup("Rank")(lengths) if lengths._raw_shape is None else None
        axes = list(range(len(lengths._raw_shape))) if rank is None else lookup("Range")(0, rank, 1)
        maxlen = lookup("Max")(lengths, axes, keep_dims=False)
        maxlen = lookup("Maximum")(maxlen, ZEROS_LIKE(maxlen))
    maxlen = convert.to_tensor(maxlen)
    if maxlen._raw_shape not in (None, ()):
        raise ValueError(f"Argument `maxlen` must be scalar, received maxlen = {maxlen!r}")
    number = lambda n: convert.constant(np.asarray(n, maxlen._dtype._np), maxlen._dtype)
    steps = lookup("Range")(number(0), maxlen, number(1))
    columns = lookup("ExpandDims")(lengths, -1)
    mask = lookup("Less")(
        steps, columns if columns._dtype is maxlen._dtype else lookup("Cast")(columns, DstT=maxlen._dtype)
    )
    dtype = dtypes.as_dtype(dtype)
    return mask if dtype is dtypes.bool_ else lookup("Cast")(mask, DstT=dtype, name=name)


@scoped("meshgrid", "mul", "mul_1", "mul_2", "mul_3")
def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Tensor]:
    """The coordinates of a grid: N tensors of rank N from N vectors.

    Args:
      indexing: "xy" (Cartesian: the first two dimensions are exchanged) or "ij" (matrix).

    Raises:
      ValueError: `indexing` is neither.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.meshgrid([1, 2], [3, 4, 5], indexing="ij")]
    [[[1, 1, 1], [2, 2, 2]], [[3, 4, 5], [3, 4, 5]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    n = len(args)
    axes = list(range(n))
    if indexing == "xy" and n > 1:
        axes[0], axes[1] = 1, 0
    flat = [lookup("Reshape")(convert.to_tensor(x), [-1]) for x in args]
    by_axis: list[Any] = [None] * n
    for x, axis in zip(flat, axes):
        by_axis[axis] = x._raw_shape[0] if x._raw_shape[0] is not None else lookup("Size")(x)
    out = []
    for x, axis in zip(flat, axes):
        column = lookup("Reshape")(x, [-1 if i == axis else 1 for i in range(n)])
        out.append(lookup("BroadcastTo")(column, by_axis))
    return out


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes broadcast to, as far as it is known.

    Raises:
      ValueError: they cannot be broadcast together.

    >>> import headrace as tf
    >>> tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3]))
    TensorShape([2, 3])
    """
    return TensorShape(shapes.broadcast(shapes.as_raw(shape_x), shapes.as_raw(shape_y)))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape that two shapes broadcast to, as an integer tensor.

    Raises:
      InvalidArgumentError: they cannot be broadcast together.

    >>> import headrace as tf
    >>> tf.broadcast_dynamic_shape([2, 1], [3]).numpy().tolist()
    [2, 3]
    """
    return lookup("BroadcastArgs")(shape_x, shape_y)


__all__ = [
    "broadcast_dynamic_shape",
    "broadcast_static_shape",
    "constant",
    "convert_to_tensor",
    "fill",
    "get_static_value",
    "is_tensor",
    "meshgrid",
    "one_hot",
    "ones",
    "ones_like",
    "sequence_mask",
    "zeros",
    "zeros_like",
]
