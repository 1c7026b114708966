"""Order and sets: top-k, n-th element, unique, set difference, binary search, permutations, edit distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX, REAL
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw, compatible
from headrace.core.tape import not_differentiable
from headrace.ops.array import RESHAPE, dims

INT32 = dtypes.int32
FEW = 64  # up to so many sorted elements, comparing with all of them is cheaper than a binary search


# ------------------------------------------------------------------------------------------------------ top-k
def descending(x: Any) -> Any:
    """Indices that sort the last axis downwards; equal elements stay in order."""
    x = x.astype(np.float32) if x.dtype.kind == "V" else x
    return x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]


def _top_k(input: Any, k: Any, sorted: bool, index_type: Any = INT32) -> Any:
    n = int(k)
    if n < 0 or input.ndim == 0 or n > input.shape[-1]:
        raise invalid(f"input must have at least k columns: k = {n}, input shape {list(input.shape)}")
    at = descending(input)[..., :n]
    return np.take_along_axis(input, at, -1), at.astype(index_type._np)


def _top_k_shape(c: Any, k: Any) -> list[Raw]:
    shape = c[0]
    if shape is None:
        return [None, None]
    if not shape:
        raise ShapeError("input must be >= 1-D, got a scalar")
    if k is not None and k < 0:
        raise ShapeError(f"Need k >= 0, got {k}")
    if k is not None and shape[-1] is not None and k > shape[-1]:
        raise ShapeError(f"input must have last dimension >= k = {k} but is {shape[-1]}")
    out = (*shape[:-1], k)
    return [out, out]


def _lower_top_k(b: Any, x: Any, k: Any, sorted: bool, index_type: Any = INT32) -> Any:
    n = int(k)
    shape = (*x.shape[:-1], n)
    if 0 in shape:
        return b.zeros(shape, x.dtype), b.zeros(shape, index_type)
    if n == x.shape[-1]:  # a sort: XLA's top-k would do the same with more steps
        less = lambda a, c, i, j: b.compare("GT", a, c)
        values, at = b.sort([x, b.iota(x.shape, x.rank - 1, INT32)], x.rank - 1, less)
    else:
        values, at = b.ops("chlo.top_k", (x,), [(shape, x.dtype), (shape, INT32)], f"k = {n} : i64")
    return values, b.convert(at, index_type)


def _top_k_gradient(op: Any, g: Any, _: Any = None) -> list[Any]:
    x, at = op.inputs[0], op.outputs[1]
    shape = dims(x)
    cast, mul, size = lookup("Cast"), lookup("Mul"), lookup("Size")
    last = shape[-1]
    rows = (
        RESHAPE(at, [-1, op.outputs[1]._raw_shape[-1]])
        if _fixed(at)
        else RESHAPE(
            at,
            lookup("Pack")(
                [
                    math.prod(shape[:-1])
                    if isinstance(shape, list)
                    else lookup("Prod")(shape[:-1], [0], keep_dims=False),
                    dims(at)[-1],
                ]
            ),
        )
    )
    rows = cast(rows, DstT=INT32)
    first = mul(lookup("Range")(0, dims(rows)[0], 1), last)
    ids = lookup("AddV2")(rows, lookup("ExpandDims")(first, 1))
    flat = lookup("UnsortedSegmentSum")(RESHAPE(g, [-1]), RESHAPE(ids, [-1]), size(x))
    return [RESHAPE(flat, shape)] + [None] * (len(op.inputs) - 1)


def _fixed(x: Any) -> bool:
    return x._raw_shape is not None and x._raw_shape[-1] not in (None, 0) and 0 not in x._raw_shape


TOP_K_V2 = OpDef(
    "TopKV2",
    "input: T, k: Tk -> values: T, indices: index_type",
    attrs={"sorted": True, "index_type": INT32},
    types={"T": REAL, "Tk": INDEX | {dtypes.int16}},
    defaults={"Tk": INT32},
    static=("k",),
    shape=lambda c: _top_k_shape(c, None if c.value(1) is None else int(c.value(1))),
    kernel=_top_k,
    lower=_lower_top_k,
    grad=_top_k_gradient,
)
TOP_K = OpDef(
    "TopK",
    "input: T -> values: T, indices: int32",
    attrs={"k": REQUIRED, "sorted": True},
    types={"T": REAL},
    shape=lambda c: _top_k_shape(c, c.attrs["k"]),
    kernel=_top_k,
    lower=_lower_top_k,
    grad=_top_k_gradient,
)

NTH_ELEMENT = OpDef(
    "NthElement",
    "input: T, n: int32 -> values: T",
    attrs={"reverse": False},
    types={"T": REAL},
    static=("n",),
    grad=lambda op, g: _nth_gradient(op, g),
)


@NTH_ELEMENT.shape_rule
def _(c: Any) -> Raw:
    n = c.value(1)
    if c[0] is None:
        return None
    if not c[0]:
        raise ShapeError("Input must be >= 1-D, got a scalar")
    if n is not None and (int(n) < 0 or (c[0][-1] is not None and int(n) >= c[0][-1])):
        raise ShapeError(f"Input must have last dimension > n = {int(n)} but is {c[0][-1]}")
    return c[0][:-1]


@NTH_ELEMENT.kernel_rule
def _(input: Any, n: Any, reverse: bool) -> Any:
    at = input.shape[-1] - 1 - int(n) if reverse else int(n)
    return np.sort(input, axis=-1)[..., at]


@NTH_ELEMENT.lowering
def _(b: Any, x: Any, n: Any, reverse: bool) -> Any:
    at = x.shape[-1] - 1 - int(n) if reverse else int(n)
    (ordered,) = b.sort([x], x.rank - 1, lambda a, c: b.compare("LT", a, c))
    lo, hi = [0] * x.rank, list(x.shape)
    lo[-1], hi[-1] = at, at + 1
    return b.reshape(b.slice(ordered, lo, hi), x.shape[:-1])


def _nth_gradient(op: Any, g: Any) -> list[Any]:
    """Shared equally by the elements of that value."""
    x, y = op.inputs[0], lookup("ExpandDims")(op.outputs[0], -1)
    hit = lookup("Cast")(lookup("Equal")(x, y), DstT=x._dtype)
    count = lookup("Sum")(hit, [-1], keep_dims=True)
    return [lookup("Mul")(hit, lookup("RealDiv")(lookup("ExpandDims")(g, -1), count)), None]


# ------------------------------------------------------------------------------------------------------- sets
def distinct(x: Any) -> tuple[Any, Any, Any]:
    """(first positions of the distinct rows in order of appearance, index of each row's value, counts)."""
    if x.ndim == 1 and x.dtype.kind != "V":
        _, first, inverse, counts = np.unique(
            x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
        )
    elif x.ndim == 1:
        return distinct(x.astype(np.float32))
    elif not x.size:  # rows of nothing are all alike
        kinds = min(len(x), 1)
        return np.zeros(kinds, np.int64), np.zeros(len(x), np.int64), np.full(kinds, len(x))
    else:
        _, first, inverse, counts = np.unique(
            x.reshape(len(x), -1), axis=0, return_index=True, return_inverse=True, return_counts=True
        )
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[inverse.reshape(-1)], counts[order]


def _unique(x: Any, axis: Any = None) -> tuple[Any, Any, Any]:
    at = int(axis.reshape(-1)[0]) if axis is not None and axis.size else 0
    rows = np.moveaxis(x, at, 0)
    first, index, counts = distinct(rows)
    return np.take(x, first, at), index, counts


def _unique_shape(c: Any) -> list[Raw]:
    if c[0] is not None and len(c[0]) != 1:
        raise ShapeError(f"unique expects a 1D vector. Received shape {list(c[0])}")
    return [(None,), (None,) if c[0] is None else c[0], (None,)]


def _unique_axis_shape(c: Any) -> list[Raw]:
    axis = c.value(1)
    if c[0] is None or axis is None:
        return [c[0] and (None,) * len(c[0]), (None,), (None,)]
    if not axis.size:
        return _unique_shape(c)
    at = int(axis.reshape(-1)[0])
    if not -len(c[0]) <= at < len(c[0]):
        raise ShapeError(f"axis expected to be in the range [{-len(c[0])}, {len(c[0])}), but got {at}")
    at %= len(c[0])
    return [(*c[0][:at], None, *c[0][at + 1 :]), (c[0][at],), (None,)]


_HOST: dict[str, Any] = {"attrs": {"out_idx": INT32}, "host": True, "grad": not_differentiable}
UNIQUE = OpDef(
    "Unique",
    "x: T -> y: T, idx: out_idx",
    shape=lambda c: _unique_shape(c)[:2],
    kernel=lambda x, out_idx: _unique(x)[:2],
    **_HOST,
)
UNIQUE_WITH_COUNTS = OpDef(
    "UniqueWithCounts",
    "x: T -> y: T, idx: out_idx, count: out_idx",
    shape=_unique_shape,
    kernel=lambda x, out_idx: _unique(x),
    **_HOST,
)
UNIQUE_V2 = OpDef(
    "UniqueV2",
    "x: T, axis: Taxis -> y: T, idx: out_idx",
    types={"Taxis": INDEX},
    defaults={"Taxis": dtypes.int64},
    shape=lambda c: _unique_axis_shape(c)[:2],
    kernel=lambda x, axis, out_idx: _unique(x, axis)[:2],
    **_HOST,
)
UNIQUE_WITH_COUNTS_V2 = OpDef(
    "UniqueWithCountsV2",
    "x: T, axis: Taxis -> y: T, idx: out_idx, count: out_idx",
    types={"Taxis": INDEX},
    defaults={"Taxis": dtypes.int64},
    shape=_unique_axis_shape,
    kernel=lambda x, axis, out_idx: _unique(x, axis),
    **_HOST,
)


def _difference(x: Any, y: Any, out_idx: Any) -> Any:
    gone = set(y.tolist())
    at = np.asarray([i for i, v in enumerate(x.tolist()) if v not in gone], np.int64)
    return x[at], at


LIST_DIFF = OpDef("ListDiff", "x: T, y: T -> out: T, idx: out_idx", kernel=_difference, **_HOST)


@LIST_DIFF.shape_rule
def _(c: Any) -> list[Raw]:
    for i, name in enumerate("xy"):
        if c[i] is not None and len(c[i]) != 1:
            raise ShapeError(f"{name} should be a 1D vector, got shape {list(c[i])}")
    return [(None,), (None,)]


# ---------------------------------------------------------------------------------------------- binary search
def _bound(name: str, side: Any, direction: str) -> OpDef:
    def kernel(sorted_inputs: Any, values: Any, out_type: Any) -> Any:
        out = np.empty(values.shape, out_type._np)
        for row, wanted, into in zip(sorted_inputs, values, out):
            into[:] = np.searchsorted(row, wanted, side)
        return out

    def lower(b: Any, table: Any, values: Any, out_type: Any) -> Any:
        """Counts the sorted elements that come before each value."""
        (rows, n), m = table.shape, values.shape[1]
        if 0 in (rows, n, m):
            return b.zeros(values.shape, out_type)
        if n <= FEW:
            shape = (rows, m, n)
            before = b.compare(
                direction, b.broadcast_in_dim(table, shape, [0, 2]), b.broadcast_in_dim(values, shape, [0, 1])
            )
            return b.reduce(b.convert(before, out_type), [2], "add", 0)
        low, one = b.zeros(values.shape, INT32), b.full(values.shape, 1, INT32)
        high, two = b.full(values.shape, n, INT32), b.full(values.shape, 2, INT32)
        for _ in range(n.bit_length()):
            middle = b.div(b.add(low, high), two)
            at = b.minimum(middle, b.full(values.shape, n - 1, INT32))
            here = b.gather(
                table,
                at,
                values.shape,
                offset_dims=(),
                collapsed=[1],
                start_map=[1],
                sizes=[1, 1],
                index_dim=2,
                batch=([0], [0]),
            )
            right = b.binary("and", b.compare(direction, here, values), b.compare("LT", low, high))
            low, high = (
                b.select(right, b.add(middle, one), low),
                b.select(right, high, b.maximum(low, middle)),
            )
        return b.convert(low, out_type)

    def shape(c: Any) -> Raw:
        for i in (0, 1):
            if c[i] is not None and len(c[i]) != 2:
                raise ShapeError(f"sorted_inputs and values must be matrices, got shape {list(c[i])}")
        if c[0] is not None and c[1] is not None and not compatible(c[0][:1], c[1][:1]):
            raise ShapeError(f"Leading dim_size of both tensors must match: {c[0][0]} and {c[1][0]}")
        return c[1]

    return OpDef(
        name,
        "sorted_inputs: T, values: T -> output: out_type",
        attrs={"out_type": INT32},
        shape=shape,
        kernel=kernel,
        lower=lower,
        grad=not_differentiable,
    )


LOWER_BOUND = _bound("LowerBound", "left", "LT")
UPPER_BOUND = _bound("UpperBound", "right", "LE")


# ----------------------------------------------------------------------------------------------- permutations
INVERT_PERMUTATION = OpDef(
    "InvertPermutation",
    "x: T -> y: T",
    types={"T": INDEX},
    defaults={"T": INT32},
    grad=not_differentiable,
)


@INVERT_PERMUTATION.lowering
def _(b: Any, x: Any) -> Any:
    if not x.shape[0]:
        return x
    places = b.iota(x.shape, 0, x.dtype)
    ordered, inverse = b.sort([x, places], 0, lambda a, c, i, j: b.compare("LT", a, c))
    b.check(
        lambda: b.compare("EQ", ordered, places),
        f"invert_permutation needs each of the numbers from 0 to {x.shape[0] - 1} once",
    )
    return inverse


@INVERT_PERMUTATION.shape_rule
def _(c: Any) -> Raw:
    if c[0] is not None and len(c[0]) != 1:
        raise ShapeError(f"invert_permutation expects a 1D vector, got shape {list(c[0])}")
    return c[0]


@INVERT_PERMUTATION.kernel_rule
def _(x: Any) -> Any:
    n = x.size
    if n and (x.min() < 0 or x.max() >= n):
        raise invalid(f"{x.tolist()} is not a permutation: an entry is not in [0, {n})")
    if len(set(x.tolist())) != n:
        raise invalid(f"{x.tolist()} is not a permutation: an entry is repeated")
    out = np.empty_like(x)
    out[x] = np.arange(n)
    return out


UNRAVEL_INDEX = OpDef(
    "UnravelIndex",
    "indices: Tidx, dims: Tidx -> output: Tidx",
    types={"Tidx": INDEX},
    defaults={"Tidx": INT32},
    static=("dims",),
    grad=not_differentiable,
)


@UNRAVEL_INDEX.shape_rule
def _(c: Any) -> Raw:
    if c[1] is not None and len(c[1]) != 1:
        raise ShapeError(f"The dims must be a 1-D tensor, got shape {list(c[1])}")
    return None if c[0] is None else (None if c[1] is None else c[1][0], *c[0])


@UNRAVEL_INDEX.kernel_rule
def _(indices: Any, dims: Any) -> Any:
    size = math.prod(dims.tolist())
    if 0 in dims:
        raise invalid(f"Input dims cannot contain a dim of zero, but dims contains zero: {dims.tolist()}")
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        raise invalid(f"index is out of bound as with dims: {indices.tolist()} in {dims.tolist()}")
    return (
        np.stack([np.asarray(i) for i in np.unravel_index(indices, tuple(dims.tolist()))])
        if dims.size
        else np.zeros((0, *indices.shape), indices.dtype)
    )


@UNRAVEL_INDEX.lowering
def _(b: Any, indices: Any, dims: Any) -> Any:
    out, sizes = [], dims.tolist()
    if not sizes:
        return b.zeros((0, *indices.shape), indices.dtype)
    for i, d in enumerate(sizes):
        stride = b.full(indices.shape, math.prod(sizes[i + 1 :]), indices.dtype)
        part = b.div(indices, stride)
        part = b.binary("remainder", part, b.full(indices.shape, d, indices.dtype)) if i else part
        out.append(b.reshape(part, (1, *indices.shape)))
    return b.concatenate(out, 0)


# ---------------------------------------------------------------------------------------------- edit distance
def _levenshtein(a: list[Any], c: list[Any]) -> int:
    row = list(range(len(c) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(c, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def _sequences(indices: Any, values: Any) -> dict[tuple[int, ...], list[Any]]:
    out: dict[tuple[int, ...], list[Any]] = {}
    for at, value in zip(indices.tolist(), values.tolist()):
        out.setdefault(tuple(at[:-1]), []).append(value)
    return out


def _edit_distance(
    hypothesis_indices: Any,
    hypothesis_values: Any,
    hypothesis_shape: Any,
    truth_indices: Any,
    truth_values: Any,
    truth_shape: Any,
    normalize: bool,
) -> Any:
    if hypothesis_shape.size != truth_shape.size:
        raise invalid(
            "truth_shape and hypothesis_shape must have the same rank, got "
            f"{truth_shape.tolist()} and {hypothesis_shape.tolist()}"
        )
    shape = np.maximum(hypothesis_shape, truth_shape)[:-1]
    ours, theirs = _sequences(hypothesis_indices, hypothesis_values), _sequences(truth_indices, truth_values)
    out = np.zeros(shape, np.float32)
    for at in {*ours, *theirs}:
        a, c = ours.get(at, []), theirs.get(at, [])
        if any(k >= d for k, d in zip(at, shape)):
            raise invalid(f"an index {list(at)} is outside of the shape {shape.tolist()}")
        distance: float = _levenshtein(a, c)
        out[at] = distance if not normalize else distance / len(c) if c else math.inf if a else 0.0
    return out


EDIT_DISTANCE = OpDef(
    "EditDistance",
    "hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, "
    "truth_indices: int64, truth_values: T, truth_shape: int64 -> output: float32",
    attrs={"normalize": True},
    kernel=_edit_distance,
    host=True,
    grad=not_differentiable,
)


@EDIT_DISTANCE.shape_rule
def _(c: Any) -> Raw:
    a, t = c.value(2), c.value(5)
    if a is not None and t is not None and a.size == t.size:
        return tuple(np.maximum(a, t)[:-1].tolist())
    return None if c[2] is None or c[2][0] is None else (None,) * (c[2][0] - 1)
