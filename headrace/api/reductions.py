"""Reductions over axes, running sums, counting."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from headrace.core import convert, dtypes
from headrace.core.convert import to_tensor
from headrace.core.dispatch import execute
from headrace.core.errors import InvalidArgumentError
from headrace.core.op import OpDef, lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import TensorShape, merge
from headrace.core.state import elsewhere, state
from headrace.core.tape import is_slices
from headrace.core.tensor import EagerTensor, Tensor, wrap
from headrace.ops import count, rounding, scan
from headrace.ops import math as m
from headrace.ops import reduce as r
from headrace.ops.cast import CAST


# ------------------------------------------------------------------------------------------------- reductions
@functools.lru_cache
def _constant_axes(axes: int | tuple[int, ...]) -> EagerTensor:
    """Kept, so that eager calls need not make them and a function holds each only once."""
    return wrap(np.asarray(axes, np.int32), dtypes.int32)


def _axes(x: Any, axis: Any) -> Any:
    if axis is None:
        if x._raw_shape is None:
            return lookup("Range")(0, lookup("Rank")(x), 1)
        axes = _constant_axes(tuple(range(len(x._raw_shape))))
        graph = state.graph
        if graph is None or graph.building_function:
            return axes
        home = elsewhere((x,)) or graph
        return home.constant(axes._host(), dtypes.int32, "Const")  # a number that later constants count on
    if type(axis) is int:
        return _constant_axes(axis)
    if isinstance(axis, (list, tuple)) and all(type(a) is int for a in axis):
        return _constant_axes(tuple(axis))
    return axis if isinstance(axis, Tensor) else np.asarray(to_tensor(axis), np.int32)


def _reduce(op: OpDef, x: Any, axis: Any, keepdims: bool, name: str | None) -> Any:
    x = to_tensor(x)
    axes = _axes(x, axis)
    attrs = {"keep_dims": bool(keepdims)}
    if type(axes) is EagerTensor and x._dtype in op.types["T"]:
        out = execute(op, (x, axes), attrs, name)  # nothing left to convert or to check
    else:
        out = op(x, axes, name=name, **attrs)
    if axis is None and not keepdims and out._raw_shape is None:
        out.set_shape(())
    return out


_REDUCTION_DOC = """{summary}

Args:
  input_tensor: {kinds}.
  axis: a dimension, a list or a 1-D tensor of dimensions,
  counted from the end if negative; None (the default) reduces all.
  keepdims: whether reduced dimensions stay, with size 1.
  name: a name.

Raises:
  InvalidArgumentError: a dimension does not exist, or is given twice (ValueError while building a graph).

>>> {example}
"""


def _reduction(op: OpDef, public: str, summary: str, kinds: str, example: str) -> Any:
    def reduce(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
        return _reduce(op, input_tensor, axis, keepdims, name)

    reduce.__name__ = reduce.__qualname__ = public
    reduce.__doc__ = _REDUCTION_DOC.format(summary=summary, kinds=kinds, example=example)
    return reduce


_NUMBERS, _REALS, _BOOLS = "a tensor of numbers", "a tensor of real numbers", "a bool tensor"
reduce_sum = _reduction(
    r.SUM,
    "reduce_sum",
    "The sum over dimensions.",
    _NUMBERS,
    "tf.reduce_sum([[1, 2], [3, 4]], axis=0).numpy().tolist()\n[4, 6]",
)
reduce_mean = _reduction(
    r.MEAN,
    "reduce_mean",
    "The mean over dimensions; of integers, cut to an integer.",
    _NUMBERS,
    "float(tf.reduce_mean([1.0, 2.0]))\n1.5",
)
reduce_prod = _reduction(
    r.PROD, "reduce_prod", "The product over dimensions.", _NUMBERS, "int(tf.reduce_prod([2, 3, 4]))\n24"
)
reduce_max = _reduction(
    r.MAX,
    "reduce_max",
    "The greatest element over dimensions; NaN if there is one.",
    _REALS,
    "int(tf.reduce_max([2, 5, 4]))\n5",
)
reduce_min = _reduction(
    r.MIN,
    "reduce_min",
    "The smallest element over dimensions; NaN if there is one.",
    _REALS,
    "int(tf.reduce_min([2, 5, 4]))\n2",
)
reduce_all = _reduction(
    r.ALL, "reduce_all", "Whether all elements are true.", _BOOLS, "bool(tf.reduce_all([True, False]))\nFalse"
)
reduce_any = _reduction(
    r.ANY, "reduce_any", "Whether any element is true.", _BOOLS, "bool(tf.reduce_any([True, False]))\nTrue"
)
reduce_euclidean_norm = _reduction(
    r.EUCLIDEAN_NORM, "reduce_euclidean_norm", "The square root of the sum of squares.", _NUMBERS,
    "float(tf.math.reduce_euclidean_norm([3.0, 4.0]))\n5.0",
)  # fmt: skip


@scoped("ReduceLogSumExp")
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """log(sum(exp(x))) over dimensions, without overflow. Arguments as of `tf.reduce_sum`.

    >>> float(tf.reduce_logsumexp([0.0, 0.0])) == float(tf.math.log(2.0))
    True
    """
    x = to_tensor(input_tensor)
    peak = _reduce(r.MAX, x, axis, True, None)
    peak = lookup("StopGradient")(lookup("SelectV2")(rounding.is_finite(peak), peak, m.number(0, peak)))
    total = _reduce(r.SUM, m.exp(m.sub(x, peak)), axis, True, None)
    out = m.add(m.log(total), peak)
    if keepdims:
        return lookup("Identity")(out, name=name) if name else out
    return _reduce(r.SUM, out, axis, False, name)  # over dimensions of size 1: takes them away


@scoped("reduce_variance", "Mean_1")
def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The mean of |x - mean(x)|² over dimensions, a real tensor. Arguments as of `tf.reduce_sum`.

    Raises:
      TypeError: the tensor is of integers.

    >>> float(tf.math.reduce_variance([1.0, 3.0]))
    1.0
    """
    x = to_tensor(input_tensor)
    if x._dtype.is_integer:
        raise TypeError(f"Input must be either real or complex. Received integer type {x._dtype}.")
    distance = m.sub(x, _reduce(r.MEAN, x, axis, True, None))
    squares = m.square(distance)
    if x._dtype.kind == "c":
        squares = m.REAL_PART(m.mul(m.CONJ(distance), distance), Tout=x._dtype.real_dtype)
    return _reduce(r.MEAN, squares, axis, keepdims, name)


@scoped("reduce_std", "Sqrt")
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The standard deviation over dimensions: the square root of `tf.math.reduce_variance`.

    >>> float(tf.math.reduce_std([1.0, 3.0]))
    1.0
    """
    return m.sqrt(reduce_variance(input_tensor, axis, keepdims), name)


@scoped("count_nonzero", "Sum")
def count_nonzero(
    input: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Any:
    """How many elements are not zero (true, not the empty string). Arguments as of `tf.reduce_sum`.

    >>> int(tf.math.count_nonzero([0, 3, 0, 1]))
    2
    """
    x = to_tensor(input)
    if x._dtype is not dtypes.bool_:
        zero = (
            convert.constant(np.asarray(b"", object), x._dtype)
            if x._dtype is dtypes.string
            else m.number(0, x)
        )
        x = lookup("NotEqual")(x, zero)
    total = _reduce(r.SUM, CAST(x, DstT=dtypes.int64), axis, bool(keepdims), None)
    return CAST(total, DstT=dtypes.as_dtype(dtype), name=name)


@scoped("zero_fraction", "fraction")
def zero_fraction(value: Any, name: str | None = None) -> Any:
    """The share of zeros among the elements, float32.

    >>> float(tf.math.zero_fraction([0.0, 1.0, 0.0, 2.0]))
    0.5
    """
    x = to_tensor(value)
    size = lookup("Size")(x, out_type=dtypes.int64)
    zeros = m.sub(size, count_nonzero(x))
    return m.realdiv(CAST(zeros, DstT=dtypes.float32), CAST(size, DstT=dtypes.float32), name)


# ----------------------------------------------------------------------------------- positions, sums of lists
_POSITIONS = {dtypes.int16, dtypes.uint16, dtypes.int32, dtypes.int64}


def _position(op: OpDef, input: Any, axis: Any, output_type: Any, name: str | None) -> Any:
    if axis is None:
        axis = 0
    if isinstance(axis, Tensor):
        if axis._dtype.kind not in "iu":
            raise TypeError(f"axis tensor dtypes {axis._dtype} is not supported")
        axis = CAST(axis, DstT=dtypes.int32) if axis._dtype.size < 4 else axis
    elif not isinstance(axis, (int, np.integer)):
        raise TypeError("axis must be int or Tensor with integer datatype")
    else:
        axis = _constant_axes(int(axis))
    target = dtypes.as_dtype(output_type)
    if target not in _POSITIONS:
        raise InvalidArgumentError(
            None,
            None,
            f"Value for attr 'output_type' of {target.name} is not in the list of allowed values: "
            "int16, uint16, int32, int64",
        )
    return op(input, axis, output_type=target, name=name)


def argmax(input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """Where the greatest element along `axis` (0 if None) is; the first of equals, never a NaN.

    >>> tf.argmax([[1, 5, 5]], axis=1).numpy().tolist()
    [1]
    """
    return _position(r.ARG_MAX, input, axis, output_type, name)


def argmin(input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """Where the smallest element along `axis` (0 if None) is; the first of equals, never a NaN.

    >>> tf.argmin([[7, 5, 5]], axis=1).numpy().tolist()
    [1]
    """
    return _position(r.ARG_MIN, input, axis, output_type, name)


def add_n(inputs: Iterable[Any], name: str | None = None) -> Any:
    """The sum of tensors (or IndexedSlices) of one shape and type.

    Raises:
      ValueError: there are none.

    >>> int(tf.add_n([1, 2, 3]))
    6
    """
    if isinstance(inputs, Tensor) or not isinstance(inputs, Iterable):
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    tensors = [to_tensor(x) for x in inputs]
    if not tensors:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    if len(tensors) == 1:
        return lookup("Identity")(tensors[0], name=name) if name else tensors[0]
    return r.ADD_N(tensors, name=name)


def accumulate_n(
    inputs: list[Any], shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """The sum of a list of tensors of one shape and type.

    Args:
      shape, tensor_dtype: what they are expected to be.

    >>> tf.math.accumulate_n([[1, 2], [3, 4]]).numpy().tolist()
    [4, 6]
    """
    if not isinstance(inputs, (list, tuple)) or not inputs or any(is_slices(x) for x in inputs):
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")
    tensors = [to_tensor(x) for x in inputs]
    if any(t._dtype is not tensors[0]._dtype for t in tensors):
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")
    raw = TensorShape(shape)._raw
    for t in tensors:
        raw = merge(raw, t._raw_shape)
    if tensor_dtype is not None and dtypes.as_dtype(tensor_dtype) is not tensors[0]._dtype:
        raise TypeError(
            f"The `tensor_dtype` argument is {tensor_dtype}, but `input` is of type {tensors[0]._dtype}. "
            "These must be equal. Convert with tf.cast."
        )
    return add_n(tensors, name)


# ----------------------------------------------------------------------------------------------- running sums
def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """The running sum along `axis`.

    Args:
      exclusive: whether each element's own value is left out.
      reverse: whether to start at the end.

    >>> tf.cumsum([1, 2, 3]).numpy().tolist(), tf.cumsum([1, 2, 3], exclusive=True).numpy().tolist()
    ([1, 3, 6], [0, 1, 3])
    """
    return scan.CUMSUM(x, axis, exclusive=exclusive, reverse=reverse, name=name)


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """The running product along `axis`; arguments as of `tf.cumsum`.

    >>> tf.math.cumprod([1, 2, 3]).numpy().tolist()
    [1, 2, 6]
    """
    return scan.CUMPROD(x, axis, exclusive=exclusive, reverse=reverse, name=name)


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """The running log(sum(exp(x))) along `axis`, without overflow; arguments as of `tf.cumsum`.

    >>> print(tf.math.cumulative_logsumexp([0.0, 0.0]).numpy().round(4))
    [0.     0.6931]
    """
    return scan.CUMULATIVE_LOGSUMEXP(x, axis, exclusive=exclusive, reverse=reverse, name=name)


# --------------------------------------------------------------------------------------------------- counting
@scoped("bincount", "DenseBincount")
def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = dtypes.int32,
    name: str | None = None, axis: int | None = None,
    binary_output: bool = False,
) -> Any:  # fmt: skip
    """How often each of 0, 1, 2, … occurs.

    Args:
      arr: an integer tensor without negative values.
      weights: what an occurrence counts, of the shape of `arr`; 1 each, if None.
      minlength, maxlength: bounds on the length of the result; values beyond maxlength are not counted.
      dtype: the result's type, where there are no weights.
      axis: 0 or None counts all of `arr` together, -1 each row by itself.
      binary_output: 1 for what occurs, 0 for what does not.

    Raises:
      InvalidArgumentError: a value is negative.
      ValueError: `weights` together with `binary_output`, or another axis.

    >>> tf.math.bincount([1, 1, 3]).numpy().tolist()
    [0, 2, 0, 1]
    """
    if weights is not None and binary_output:
        raise ValueError(
            "Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one."
        )
    if axis not in (None, 0, -1):
        raise ValueError(
            f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported."
        )
    arr = to_tensor(arr)
    if arr._dtype not in dtypes.INDEX:
        arr = CAST(arr, DstT=dtypes.int32)
    nonempty = CAST(lookup("Greater")(lookup("Size")(arr), 0), DstT=arr._dtype)
    size = m.mul(nonempty, m.add(reduce_max(arr), m.number(1, arr)))
    if minlength is not None:
        size = m.maximum(to_tensor(minlength, arr._dtype), size)
    if maxlength is not None:
        size = m.minimum(to_tensor(maxlength, arr._dtype), size)
    reshape = lookup("Reshape")
    if axis != -1:
        arr = reshape(arr, [-1])
    if weights is None:
        values: Any = np.zeros((0,), dtypes.as_dtype(dtype)._np)
    else:
        values = to_tensor(weights)
        values = values if axis == -1 else reshape(values, [-1])
    return count.DENSE_BINCOUNT(arr, size, values, binary_output=binary_output, name=name)


def bincount_of_rows(
    values: Any, rows: Any, n: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None,
    dtype: Any = dtypes.int32, binary_output: bool = False,
) -> Any:  # fmt: skip
    """`bincount` of each of n rows, whose numbers `rows` has for each of `values`: `[n, length]`."""
    values, n = CAST(values, DstT=dtypes.int64), CAST(n, DstT=dtypes.int64)
    length = lookup("Shape")(bincount(values, None, minlength, maxlength), out_type=dtypes.int64)
    length = lookup("Reshape")(length, [])
    cell = m.add(m.mul(CAST(rows, DstT=dtypes.int64), length), values)
    cells = m.mul(n, length)
    select, less = lookup("SelectV2"), lookup("Less")
    cell = select(less(values, length), cell, cells)  # one more, for those beyond maxlength
    cell = select(less(values, m.number(0, values)), values, cell)  # negative values stay so: an error
    end = m.add(cells, m.number(1, cells))
    found = bincount(cell, weights, end, end, dtype, binary_output=binary_output)
    return lookup("Reshape")(found[:-1], lookup("Pack")([n, length]))


@scoped("histogram_fixed_width")
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """How many values lie in each of `nbins` equal parts of `value_range`; those outside count to its ends.

    Raises:
      InvalidArgumentError: the range is empty, or nbins is not positive.

    >>> tf.histogram_fixed_width([0.1, 0.2, 2.5], [0.0, 3.0], nbins=3).numpy().tolist()
    [2, 0, 1]
    """
    values = to_tensor(values)
    return count.HISTOGRAM(
        values, to_tensor(value_range, values._dtype), nbins, dtype=dtypes.as_dtype(dtype), name=name
    )


@scoped("histogram_fixed_width_bins", "Reshape_1")
def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """The part of `value_range` (see `tf.histogram_fixed_width`) that each value lies in, as `dtype`.

    >>> tf.histogram_fixed_width_bins([0.1, 1.2, 9.0], [0.0, 3.0], nbins=3).numpy().tolist()
    [0, 1, 2]
    """
    values = to_tensor(values)
    ends: Any = to_tensor(value_range, values._dtype)
    nbins = to_tensor(nbins, dtypes.int32)
    low, high = ends[0], ends[1]
    parts = CAST(nbins, DstT=values._dtype)
    at = rounding.floor(CAST(parts, DstT=(fraction := (values - low) / (high - low))._dtype) * fraction)
    clipped = m.maximum(m.minimum(at, CAST(nbins - 1, DstT=at._dtype)), m.number(0, at))
    return CAST(clipped, DstT=dtypes.as_dtype(dtype), name=name)


@scoped("confusion_matrix", "ScatterNd")
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Any:
    """Entry [i, j] counts (or sums the weights of) what is labelled i and predicted j.

    Args:
      labels, predictions: 1-D tensors of class numbers.
      num_classes: how many classes; one more than the greatest number, if None.
      weights: one per prediction.

    Raises:
      InvalidArgumentError: a class number is negative, or not below `num_classes`.

    >>> tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]).numpy().tolist()
    [[1, 0], [1, 1]]
    """
    from .debugging import assert_less, assert_non_negative

    dtype = dtypes.as_dtype(dtype)
    labels, predictions = _squeezed(to_tensor(labels), to_tensor(predictions))
    labels, predictions = CAST(labels, DstT=dtypes.int64), CAST(predictions, DstT=dtypes.int64)
    checks = [
        assert_non_negative(t, message=f"`{what}` contains negative values")
        for what, t in (("labels", labels), ("predictions", predictions))
    ]
    if num_classes is None:
        classes = m.maximum(reduce_max(predictions), reduce_max(labels)) + 1
    else:
        classes = CAST(to_tensor(num_classes), DstT=dtypes.int64)
        checks += [
            assert_less(t, classes, message=f"`{what}` out of bound")
            for what, t in (("labels", labels), ("predictions", predictions))
        ]
    labels, predictions = _after(checks, labels), _after(checks, predictions)
    if weights is None:
        values = lookup("OnesLike")(CAST(predictions, DstT=dtype))
    else:
        values = to_tensor(weights)
        predictions.shape.assert_is_compatible_with(values.shape)
        values = CAST(values, DstT=dtype)
    pack = lookup("Pack")
    return lookup("ScatterNd")(
        pack([labels, predictions], axis=1), values, pack([classes, classes], axis=0), name=name
    )


def _after(checks: list[Any], x: Any) -> Any:
    """x, once the checks have passed."""
    nodes = [c for c in checks if c is not None]
    if state.graph is None or not nodes:
        return x
    with state.graph.control_dependencies(nodes):
        return lookup("Identity")(x)


def _squeezed(labels: Any, predictions: Any) -> tuple[Any, Any]:
    """Drops a last dimension of size 1 that only one of the two has."""
    a, b = labels._raw_shape, predictions._raw_shape
    if a is not None and b is not None and len(a) != len(b):
        if len(a) == len(b) + 1 and a[-1] in (1, None):
            labels = lookup("Squeeze")(labels, squeeze_dims=[-1])
        elif len(b) == len(a) + 1 and b[-1] in (1, None):
            predictions = lookup("Squeeze")(predictions, squeeze_dims=[-1])
    return labels, predictions


@scoped("in_top_k", None, again=True)
def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Any:
    """Whether each row's target class is among the k greatest predictions (ties count for the target).

    Args:
      targets: `[batch]` class numbers.
      predictions: `[batch, classes]` float32; a row with infinite or NaN entries is never right.

    >>> tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], k=1).numpy().tolist()
    [True, False]
    """
    targets = to_tensor(targets)
    return count.IN_TOP_K_V2(predictions, targets, to_tensor(k, targets._dtype), name=name)


__all__ = [
    "accumulate_n", "add_n", "argmax", "argmin", "bincount", "confusion_matrix", "count_nonzero", "cumprod",
    "cumsum", "cumulative_logsumexp",
    "histogram_fixed_width", "histogram_fixed_width_bins", "in_top_k", "reduce_all", "reduce_any",
    "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max",
    "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance",
    "zero_fraction",
]  # fmt: skip
