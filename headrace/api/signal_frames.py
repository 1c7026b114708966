"""`tf.signal`: cutting signals into overlapping frames, and adding them up again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.math import add, mul, neg, sqrt, sub

from .signal_lengths import (
    at_least,
    ceil_div,
    cut,
    floor_div,
    larger,
    last,
    minus,
    outer_dims,
    padded,
    plus,
    scalar,
    shape_vector,
    times,
)

_MOST_SLICES = 32  # beyond so many pieces per frame a gather is smaller


@scoped("frame", "Reshape_3")
def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Any:
    """Overlapping frames of a signal: dimension `axis` becomes two, `[frames, frame_length]`.

    Args:
      frame_length, frame_step: samples per frame, and from one frame's start to the next one's.
      pad_end: whether frames that reach past the end are kept, filled up with `pad_value`.

    >>> tf.signal.frame([1, 2, 3, 4, 5], 3, 2).numpy().tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    x = at_least(to_tensor(signal), 1)
    length, step = scalar(frame_length, "frame_length"), scalar(frame_step, "frame_step")
    axis = scalar(axis, "axis")
    if not isinstance(axis, int) or x.ndim is None:
        if axis != -1:
            raise ValueError(
                "frame needs `axis`, and the rank of the signal, to be known while building the graph."
            )
    elif axis % x.ndim != x.ndim - 1:
        axis %= x.ndim
        rest = [i for i in range(x.ndim) if i != axis]
        frames = frame(lookup("Transpose")(x, [*rest, axis]), length, step, pad_end, pad_value)
        end = x.ndim  # the frames' position
        return lookup("Transpose")(frames, [*range(axis), end - 1, end, *range(axis, end - 1)])
    size = last(x)
    one = np.asarray(1, np.int32)
    if pad_end:
        count = ceil_div(size, step)
        span = plus(length, times(step, minus(count, 1)))
        more = larger(0, minus(span, size))
        x = _filled(x, more, pad_value)
    else:
        free = floor_div(minus(size, length), step)
        count = larger(0, plus(1, free))
    size = last(x)
    if (
        all(isinstance(n, int) for n in (length, step, count, size))
        and length <= _MOST_SLICES * step
        and step > 0
    ):
        return _sliced_frames(x, length, step, count)
    starts = mul(lookup("Range")(0, count, 1), lookup("Mul")(step, one))
    index = add(lookup("ExpandDims")(starts, 1), lookup("Range")(0, length, 1))
    return lookup("GatherV2")(x, index, -1)


def _filled(x: Any, more: Any, value: Any) -> Any:
    """`more` samples of `value` appended."""
    value = to_tensor(value, x._dtype)
    if isinstance(more, int) and x.ndim is not None:
        return lookup("PadV2")(x, [[0, 0]] * (x.ndim - 1) + [[0, more]], value) if more else x
    rank = lookup("Sub")(lookup("Rank")(x), 1)
    none = lookup("Fill")(lookup("Pack")([rank, 2], axis=0), 0)
    row = lookup("Pack")([lookup("Pack")([0, more], axis=0)], axis=0)
    return lookup("PadV2")(x, lookup("ConcatV2")([none, row], 0), value)


def _sliced_frames(x: Any, length: int, step: int, count: int) -> Any:
    """Frames as pieces of `step` samples: piece k of all frames is one contiguous run of the signal. Slices
    and their gradient (padding) are much cheaper than a gather and its (a scatter)."""
    if not count:
        return lookup("Fill")(shape_vector([outer_dims(x, 1), [0, length]]), np.zeros((), x._dtype._np))
    pieces, needed = -(-length // step), (count - 1 + -(-length // step)) * step
    x = padded(x, 0, max(0, needed - x.shape[-1]))
    parts = []
    for k in range(pieces):
        run = cut(x, k * step, (k + count) * step)
        piece = lookup("Reshape")(run, shape_vector([outer_dims(run, 1), [count, step]]))
        width = min(step, length - k * step)
        parts.append(piece if width == step else cut(piece, 0, width))
    return parts[0] if len(parts) == 1 else lookup("ConcatV2")(parts, -1)


@scoped("overlap_and_add", "strided_slice_1")
def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Any:
    """Adds frames `[..., frames, frame_length]`, each `frame_step` samples after the one before, into one
    signal of `(frames - 1) * frame_step + frame_length` samples.

    >>> tf.signal.overlap_and_add([[1, 2, 3], [10, 20, 30]], 2).numpy().tolist()
    [1, 2, 13, 20, 30]
    """
    x = at_least(to_tensor(signal), 2)
    step = scalar(frame_step, "frame_step")
    shape = x._raw_shape
    length = last(x)
    count = (
        shape[-2]
        if shape is not None and shape[-2] is not None
        else last(lookup("StridedSlice")(x, [0, 0], [0, 1], [1, 1], ellipsis_mask=1, shrink_axis_mask=2))
    )
    outer = outer_dims(x, 2)
    total = plus(length, times(step, minus(count, 1)))
    if isinstance(step, int) and isinstance(length, int) and step == length:
        return lookup("Reshape")(x, shape_vector([outer, [total]]))
    pieces = ceil_div(length, step)
    # Cut every frame into pieces of `step` samples. Piece k of frame i belongs at position i + k. Laid out
    # piece by piece with
    # `pieces` empty frames behind each, and read again with rows one shorter, every piece moves by its own k.
    x = _pad_last_two(x, pieces, minus(times(pieces, step), length))
    rows = plus(count, pieces)
    x = lookup("Reshape")(x, shape_vector([outer, [rows, pieces, step]]))
    x = _swapped(x, 3, 2)
    x = lookup("Reshape")(x, shape_vector([outer, [times(times(rows, pieces), step)]]))
    x = cut(x, 0, times(times(minus(rows, 1), pieces), step))
    x = lookup("Reshape")(x, shape_vector([outer, [pieces, times(minus(rows, 1), step)]]))
    return cut(lookup("Sum")(x, [-2], keep_dims=False), 0, total)


def _pad_last_two(x: Any, rows: Any, columns: Any) -> Any:
    if isinstance(rows, int) and isinstance(columns, int) and x.ndim is not None:
        return lookup("Pad")(x, [[0, 0]] * (x.ndim - 2) + [[0, rows], [0, columns]])
    rank = lookup("Sub")(lookup("Rank")(x), 2)
    none = lookup("Fill")(lookup("Pack")([rank, 2], axis=0), 0)
    ends = lookup("Pack")([lookup("Pack")([0, rows], axis=0), lookup("Pack")([0, columns], axis=0)], axis=0)
    return lookup("Pad")(x, lookup("ConcatV2")([none, ends], 0))


def _swapped(x: Any, a: int, b: int) -> Any:
    """Dimensions -a and -b exchanged."""
    if x.ndim is not None:
        order = list(range(x.ndim))
        order[-a], order[-b] = order[-b], order[-a]
        return lookup("Transpose")(x, order)
    rank = lookup("Rank")(x)
    ends = [lookup("Sub")(rank, i) for i in (3, 2, 1)]
    ends[3 - a], ends[3 - b] = ends[3 - b], ends[3 - a]
    return lookup("Transpose")(
        x,
        lookup("ConcatV2")([lookup("Range")(0, lookup("Sub")(rank, 3), 1), lookup("Pack")(ends, axis=0)], 0),
    )
