"""Strings joined, and taken apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.errors import OutOfRangeError, ShapeError, invalid
from headrace.core.op import REQUIRED, ShapeContext
from headrace.core.shapes import Raw

from .strings import as_bytes, filled, string_op


# ---------------------------------------------------------------------------------------------------- joining
def _join_shape(c: ShapeContext) -> Raw:
    out: Raw = ()
    for i in range(len(c)):
        if c[i] is None or c[i] == ():
            out = None if c[i] is None and not out else out
            continue
        if out:
            try:
                out = shapes.merge(out, c[i])
            except ValueError:
                raise ShapeError(
                    f"Input shapes do not match: {list(out or ())} vs. {list(c[i] or ())}"
                ) from None
        else:
            out = c[i]
    return out


def _join(inputs: list[np.ndarray], separator: str) -> np.ndarray:
    joint = separator.encode()
    whole = np.broadcast_arrays(*inputs) if inputs else []
    if not whole:
        return np.array(b"", object)
    return filled(
        [joint.join(parts) for parts in zip(*[w.reshape(-1) for w in whole], strict=True)], whole[0].shape
    )


JOIN = string_op(
    "StringJoin", "inputs: N*string -> output: string", _join, _join_shape, attrs={"separator": ""}
)


def _reduce_axes(axes: np.ndarray, rank: int) -> list[int]:
    out = []
    for axis in axes.reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise OutOfRangeError(
                None, None, f"Invalid reduction dimension {axis} for input with {rank} dimension(s)"
            )
        if axis % rank in out:
            raise invalid(f"Duplicate reduction dimension {axis}")
        out.append(axis % rank)
    return out


def _reduce_join_shape(c: ShapeContext) -> Raw:
    shape, axes = c[0], c.value(1)
    if shape is None or axes is None:
        return None
    reduced = _reduce_axes(axes, len(shape))
    return tuple(
        [1 if i in reduced else d for i, d in enumerate(shape) if i not in reduced or c.attrs["keep_dims"]]
    )


def _reduce_join(x: np.ndarray, axes: np.ndarray, keep_dims: bool, separator: str) -> np.ndarray:
    reduced = _reduce_axes(axes, x.ndim)
    if not reduced:
        return x
    kept = [i for i in range(x.ndim) if i not in reduced]
    joint = separator.encode()
    count = int(np.prod([x.shape[i] for i in kept]))
    lines = (
        x.transpose([*kept, *reversed(reduced)]).reshape(count, -1)
        if x.size
        else np.empty((count, 0), object)
    )
    shape = [1 if i in reduced else d for i, d in enumerate(x.shape) if i not in reduced or keep_dims]
    return filled([joint.join(line) for line in lines], shape)


REDUCE_JOIN = string_op(
    "ReduceJoin",
    "inputs: string, reduction_indices: int32 -> output: string",
    _reduce_join,
    _reduce_join_shape,
    attrs={"keep_dims": False, "separator": ""},
)


def _segment_join_shape(c: ShapeContext) -> Raw:
    inputs, ids, n = c[0], c[1], c.value(2)
    if inputs is None or ids is None:
        return None
    for i, (a, b) in enumerate(zip(inputs, ids)):
        if a is not None and b is not None and a != b:
            raise ShapeError(f"Segment dimension is {b} while input dimension is {a} in rank {i}")
    return (None if n is None or n < 0 else int(n), *inputs[len(ids) :])


def _segment_join(x: np.ndarray, ids: np.ndarray, num_segments: np.ndarray, separator: str) -> np.ndarray:
    n = int(num_segments)
    if n < 0:
        raise invalid(f"Number of segments must be non-negative but got {n}")
    if ids.size and (ids.min() < 0 or ids.max() >= n):
        raise invalid("segment_ids are not allowed to exceed num_segments or to have negative values.")
    inner = x.shape[ids.ndim :]
    rows = x.reshape(ids.size, int(np.prod(inner)))
    groups: list[list[int]] = [[] for _ in range(n)]
    for i, segment in enumerate(ids.reshape(-1).tolist()):
        groups[segment].append(i)
    joint = separator.encode()
    return filled([joint.join(rows[g, k]) for g in groups for k in range(rows.shape[1])], (n, *inner))


SEGMENT_JOIN = string_op(
    "UnsortedSegmentJoin",
    "inputs: string, segment_ids: Tindices, num_segments: Tnumsegments -> output: string",
    _segment_join,
    _segment_join_shape,
    attrs={"separator": ""},
    types={"Tindices": (dtypes.int32, dtypes.int64), "Tnumsegments": (dtypes.int32, dtypes.int64)},
)


# -------------------------------------------------------------------------------------------------- splitting
def _split_one(text: bytes, sep: bytes, limit: int) -> list[bytes]:
    if sep:
        return text.split(sep, limit)
    if limit < 0:
        return text.split()
    if limit == 0:
        return [text]
    out: list[bytes] = []
    rest = text.lstrip()
    while rest:
        word = rest.split(None, 1)[0]
        out.append(word)
        rest = rest[len(word) :].lstrip()
        if len(out) == limit:  # the remainder is there even when it is empty
            return [*out, rest]
    return out


def _sparse(rows: list[list[bytes]]) -> list[np.ndarray]:
    """Rows of different lengths as indices, values and shape of a sparse matrix."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    values = list(itertools.chain.from_iterable(rows))
    indices = np.empty((len(values), 2), np.int64)
    indices[:, 0] = np.repeat(np.arange(len(rows)), lengths)
    indices[:, 1] = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    shape = np.array([len(rows), lengths.max(initial=0)], np.int64)
    return [indices, filled(values, (len(values),)), shape]


def _split_shape(c: ShapeContext) -> list[Raw]:
    c.same_rank(0, 1)
    if c[1]:
        raise ShapeError(f"the delimiter must be a scalar, received shape {list(c[1])}")
    return [(None, 2), (None,), (2,)]


def _split(x: np.ndarray, sep: np.ndarray, maxsplit: int) -> list[np.ndarray]:
    return _sparse([_split_one(s, as_bytes(sep), maxsplit) for s in x])


SPLIT = string_op(
    "StringSplitV2",
    "input: string, sep: string -> indices: int64, values: string, shape: int64",
    _split,
    _split_shape,
    attrs={"maxsplit": -1},
)


def _legacy_split(x: np.ndarray, delimiter: np.ndarray, skip_empty: bool) -> list[np.ndarray]:
    """Every byte of `delimiter` separates; an empty one separates all bytes."""
    separators = as_bytes(delimiter)

    def one(text: bytes) -> list[bytes]:
        if not separators:
            return [text[i : i + 1] for i in range(len(text))]
        if not text:
            return []
        parts = re.split(b"[" + re.escape(separators) + b"]", text)
        return [p for p in parts if p] if skip_empty else parts

    return _sparse([one(s) for s in x])


string_op(
    "StringSplit",
    "input: string, delimiter: string -> indices: int64, values: string, shape: int64",
    _legacy_split,
    _split_shape,
    attrs={"skip_empty": True},
)


def _ngrams(
    data: np.ndarray,
    splits: np.ndarray,
    separator: str,
    ngram_widths: Sequence[int],
    left_pad: str,
    right_pad: str,
    pad_width: int,
    preserve_short_sequences: bool,
) -> list[np.ndarray]:
    joint, left, right = separator.encode(), left_pad.encode(), right_pad.encode()
    if len(splits) and (splits[0] != 0 or splits[-1] != len(data) or (np.diff(splits) < 0).any()):
        raise invalid(
            "Invalid split values: they must start with 0, not decrease and end with the number of strings "
            f"({len(data)}), received {splits.tolist()}"
        )
    out: list[bytes] = []
    ends = [0]
    for start, stop in zip(splits[:-1].tolist(), splits[1:].tolist(), strict=True):
        row = list(data[start:stop])
        before = len(out)
        for width in ngram_widths:
            pad = width - 1 if pad_width < 0 else min(pad_width, width - 1)
            line = [left] * pad + row + [right] * pad
            out.extend([joint.join(line[i : i + width]) for i in range(len(line) - width + 1)])
        if preserve_short_sequences and len(out) == before and row:
            pad = 0 if pad_width == 0 else max(0, pad_width)
            out.append(joint.join([left] * pad + row + [right] * pad))
        ends.append(len(out))
    return [filled(out, (len(out),)), np.asarray(ends[: len(splits)] if len(splits) else [], splits.dtype)]


NGRAMS = string_op(
    "StringNGrams",
    "data: string, data_splits: Tsplits -> ngrams: string, ngrams_splits: Tsplits",
    _ngrams,
    lambda c: [(None,), c[1]],
    attrs={
        "separator": REQUIRED,
        "ngram_widths": REQUIRED,
        "left_pad": REQUIRED,
        "right_pad": REQUIRED,
        "pad_width": REQUIRED,
        "preserve_short_sequences": REQUIRED,
    },
    types={"Tsplits": (dtypes.int32, dtypes.int64)},
    defaults={"Tsplits": dtypes.int64},
)
