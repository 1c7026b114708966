"""Sums, means, extremes and products over segments (rows of one id)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, INDEX, NUMERIC, REAL
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import Raw, compatible
from headrace.core.slices import IndexedSlices
from headrace.ops.array import RESHAPE, SHAPE
from headrace.ops.cast import ZEROS_LIKE
from headrace.ops.gather import GATHER_V2, check_range
from headrace.ops.math import number
from headrace.ops.scatter import combine_rows, lower_scatter

INT32 = dtypes.int32


def _flow(g: Any, ids: Any) -> Any:
    """Each row's share of its segment's gradient; rows with a negative id get none."""
    zero = number(0, ids)
    kept = lookup("GreaterEqual")(ids, zero)
    rows = GATHER_V2(g, lookup("Maximum")(ids, zero), 0)
    return lookup("SelectV2")(_as_rank(kept, rows), rows, ZEROS_LIKE(rows))


def _as_rank(mask: Any, rows: Any) -> Any:
    """`mask` with unit dimensions appended until it broadcasts against `rows` from the front."""
    if mask._raw_shape is not None and rows._raw_shape is not None:
        for _ in range(len(rows._raw_shape) - len(mask._raw_shape)):
            mask = lookup("ExpandDims")(mask, -1)
        return mask
    extra = lookup("Sub")(lookup("Rank")(rows), lookup("Rank")(mask))
    return RESHAPE(
        mask, lookup("ConcatV2")([SHAPE(mask), lookup("Fill")(lookup("ExpandDims")(extra, 0), 1)], 0)
    )


def _reduce_rows(data: Any, ids: Any, n: int, ufunc: Any, start: Any) -> Any:
    """`ufunc` over the rows of each id in [0, n), `start` where there are none. Negative ids are left out."""
    rows = (
        data.reshape((ids.size, *data.shape[ids.ndim :]))
        if ids.size
        else np.empty((0, *data.shape[ids.ndim :]), data.dtype)
    )
    flat = ids.reshape(-1)
    if flat.size and flat.max() >= n:
        k = np.argwhere(ids >= n)[0]
        raise invalid(f"segment_ids{k.tolist()} = {int(ids[tuple(k)])} is out of range [0, {n})")
    if flat.size and flat.min() < 0:
        rows, flat = rows[flat >= 0], flat[flat >= 0]
    wide = np.float32 if data.dtype.itemsize <= 2 and data.dtype.kind in "fV" else data.dtype
    out = np.full((n, *data.shape[ids.ndim :]), start, wide)
    combine_rows(out, flat, rows.astype(wide, copy=False), ufunc)
    return out


def _lowest(dtype: Any) -> Any:
    return dtype.min


def _highest(dtype: Any) -> Any:
    return dtype.max


# --------------------- unsorted
def _unsorted_shape(c: Any) -> Raw:
    data, ids, n = c[0], c[1], c.value(2)
    if n is not None and int(n) < 0:
        raise ShapeError(f"Input num_segments == {int(n)} must not be negative.")
    if data is None or ids is None:
        return None
    if len(ids) > len(data) or not compatible(data[: len(ids)], ids):
        raise ShapeError(f"data.shape = {list(data)} does not start with segment_ids.shape = {list(ids)}")
    return (None if n is None else int(n), *data[len(ids) :])


def _unsorted(name: str, ufunc: Any, kind: str, start: Callable[[Any], Any], types: Any, grad: Any) -> OpDef:
    def kernel(data: Any, segment_ids: Any, num_segments: Any) -> Any:
        return _reduce_rows(data, segment_ids, int(num_segments), ufunc, start(dtypes.from_numpy(data.dtype)))

    def lower(b: Any, data: Any, ids: Any, num_segments: Any) -> Any:
        rest = data.shape[ids.rank :]
        empty = b.full((int(num_segments), *rest), start(data.dtype), data.dtype)
        if 0 in data.shape or 0 in empty.shape:
            return empty
        limit = b.constant(int(num_segments), ids.dtype)
        b.check(lambda: b.compare("LT", ids, limit), f"segment_ids is out of range [0, {int(num_segments)})")
        # Rows with a negative id are dropped, which is what XLA's scatter does with them.
        return lower_scatter(b, empty, b.reshape(ids, (*ids.shape, 1)), data, kind, check=False)

    return OpDef(
        f"UnsortedSegment{name}",
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        types={"T": types, "Tindices": INDEX | {dtypes.int16}, "Tnumsegments": INDEX},
        defaults={"Tindices": INT32, "Tnumsegments": INT32},
        static=("num_segments",),
        shape=_unsorted_shape,
        kernel=kernel,
        lower=lower,
        grad=grad,
    )


def _share_extreme(op: Any, g: Any) -> Any:
    """The gradient of a segment's extreme, shared equally by the rows that attain it."""
    data, ids = op.inputs[:2]
    cast, mul = lookup("Cast"), lookup("Mul")
    zero = number(0, ids)
    rows = GATHER_V2(op.outputs[0], lookup("Maximum")(ids, zero), 0)
    hit = lookup("LogicalAnd")(lookup("Equal")(data, rows), _as_rank(lookup("GreaterEqual")(ids, zero), rows))
    weight = cast(hit, DstT=data._dtype)
    count = UNSORTED_SEGMENT_SUM(weight, ids, _length(op.outputs[0]))
    return mul(weight, _flow(lookup("DivNoNan")(g, count), ids))


def _unsorted_prod_gradient(op: Any, g: Any) -> list[Any]:
    """d prod / d x_i is the product of the others: prod / x_i, unless there are zeros. One zero in a segment:
    only that row has a gradient, the product of the rest; more zeros: none has."""
    data, ids, num = op.inputs
    cast, equal, mul, select = lookup("Cast"), lookup("Equal"), lookup("Mul"), lookup("SelectV2")
    zero = ZEROS_LIKE(data)
    is_zero = equal(data, zero)
    zeros = UNSORTED_SEGMENT_SUM(cast(is_zero, DstT=INT32), ids, num)
    one = lookup("OnesLike")(data)
    rest = UNSORTED_SEGMENT_PROD(select(is_zero, one, data), ids, num)
    zeros_here, rest_here = _flow(zeros, ids), _flow(rest, ids)
    whole = lookup("RealDiv")(rest_here, select(is_zero, one, data))
    alone = lookup("LogicalAnd")(is_zero, equal(zeros_here, number(1, zeros_here)))
    others = select(equal(zeros_here, ZEROS_LIKE(zeros_here)), whole, select(alone, rest_here, zero))
    return [mul(_flow(g, ids), others), None, None]


UNSORTED_SEGMENT_SUM = _unsorted(
    "Sum", np.add, "add", lambda d: 0, NUMERIC, lambda op, g: [_flow(g, op.inputs[1]), None, None]
)
UNSORTED_SEGMENT_PROD = _unsorted(
    "Prod", np.multiply, "multiply", lambda d: 1, NUMERIC, _unsorted_prod_gradient
)
UNSORTED_SEGMENT_MIN = _unsorted(
    "Min", np.minimum, "minimum", _highest, REAL, lambda op, g: [_share_extreme(op, g), None, None]
)
UNSORTED_SEGMENT_MAX = _unsorted(
    "Max", np.maximum, "maximum", _lowest, REAL, lambda op, g: [_share_extreme(op, g), None, None]
)


# --------------------- sorted
def _sorted_ids(ids: Any, rows: int) -> int:
    """The number of segments of sorted ids, which are checked."""
    if ids.ndim != 1 or ids.size != rows:
        raise invalid(
            "segment_ids should be a vector of the same length as data's first dimension "
            f"({rows}), got shape {list(ids.shape)}"
        )
    if not ids.size:
        return 0
    if ids[0] < 0:
        raise invalid("segment ids must be >= 0")
    if (ids[1:] < ids[:-1]).any():
        raise invalid("segment ids are not increasing")
    return int(ids[-1]) + 1


def _sorted_shape(c: Any) -> Raw:
    data, ids = c[0], c[1]
    if ids is not None and len(ids) != 1:
        raise ShapeError(f"segment_ids should be a vector, got shape {list(ids)}")
    if data is None:
        return None
    if not data:
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    if ids is not None and ids[0] is not None and data[0] is not None and ids[0] != data[0]:
        raise ShapeError(
            f"segment_ids should be the same size as dimension 0 of input: {ids[0]} and {data[0]}"
        )
    value = c.value(1)
    return (None if value is None else int(value[-1]) + 1 if value.size else 0, *data[1:])


def _mean_rows(data: Any, ids: Any, n: int, power: float = 1.0) -> Any:
    total = _reduce_rows(data, ids, n, np.add, 0)
    count = np.maximum(np.bincount(ids[ids >= 0], minlength=n), 1).reshape((n,) + (1,) * (data.ndim - 1))
    if data.dtype.kind in "iu":
        return total // count.astype(total.dtype)
    return total / (count**power).astype(total.dtype)


def _sorted(name: str, reduce: Callable[[Any, Any, int], Any], types: Any, grad: Any) -> OpDef:
    def kernel(data: Any, segment_ids: Any) -> Any:
        return reduce(data, segment_ids, _sorted_ids(segment_ids, data.shape[0]))

    # how many segments there are is the last id's business: compiled, the ids must be known
    return OpDef(
        f"Segment{name}",
        "data: T, segment_ids: Tindices -> output: T",
        types={"T": types, "Tindices": INDEX},
        defaults={"Tindices": INT32},
        static=("segment_ids",),
        shape=_sorted_shape,
        kernel=kernel,
        lower=_lower_sorted(name),
        grad=grad,
    )


def _lower_sorted(name: str) -> Callable[..., Any]:
    def lower(b: Any, data: Any, ids: Any) -> Any:
        n = _sorted_ids(ids, data.shape[0])
        if name != "Mean":
            unsorted = lookup(f"UnsortedSegment{name}").lower
            assert unsorted is not None
            out = unsorted(b, data, b.constant(ids), n)
            if name in ("Min", "Max", "Prod"):  # segments that no id names are zero
                return _blank(b, out, ids, n, 1 if name == "Prod" else 0)
            return out
        unsorted = UNSORTED_SEGMENT_SUM.lower
        assert unsorted is not None
        total = unsorted(b, data, b.constant(ids), n)
        count = b.constant(np.maximum(np.bincount(ids, minlength=n), 1).astype(data.dtype._np))
        return b.div(total, b.broadcast_in_dim(count, total.shape, [0])) if n else total

    return lower


def _blank(b: Any, x: Any, ids: Any, n: int, value: Any) -> Any:
    used = np.bincount(ids, minlength=n) > 0
    if used.all():
        return x
    return b.select(b.broadcast_in_dim(b.constant(used), x.shape, [0]), x, b.full(x.shape, value, x.dtype))


def _blank_rows(ufunc: Any, start: Callable[[Any], Any], value: Any) -> Callable[[Any, Any, int], Any]:
    def reduce(data: Any, ids: Any, n: int) -> Any:
        out = _reduce_rows(data, ids, n, ufunc, start(dtypes.from_numpy(data.dtype)))
        out[np.bincount(ids, minlength=n) == 0] = value
        return out

    return reduce


def _mean_gradient(op: Any, g: Any) -> list[Any]:
    ids = op.inputs[1]
    ones = lookup("Cast")(lookup("OnesLike")(ids), DstT=g._dtype)
    count = SEGMENT_SUM(ones, ids)
    per = lookup("Maximum")(count, lookup("OnesLike")(count)) if g._dtype.kind == "f" else count
    return [GATHER_V2(lookup("RealDiv")(g, _as_rank(per, g)), ids, 0), None]


def _sorted_prod_gradient(op: Any, g: Any) -> list[Any]:
    data, ids = op.inputs
    rows = _length(g)
    return [_unsorted_prod_gradient(_As((data, ids, rows)), g)[0], None]


class _As:
    """Other inputs for a gradient rule."""

    def __init__(self, inputs: tuple[Any, ...], outputs: Any = None) -> None:
        self.inputs, self.outputs = inputs, outputs


SEGMENT_SUM = _sorted(
    "Sum",
    lambda d, i, n: _reduce_rows(d, i, n, np.add, 0),
    NUMERIC,
    lambda op, g: [GATHER_V2(g, op.inputs[1], 0), None],
)
SEGMENT_MEAN = _sorted("Mean", _mean_rows, NUMERIC, _mean_gradient)
SEGMENT_PROD = _sorted(
    "Prod", lambda d, i, n: _reduce_rows(d, i, n, np.multiply, 1), NUMERIC, _sorted_prod_gradient
)
SEGMENT_MIN = _sorted(
    "Min", _blank_rows(np.minimum, _highest, 0), REAL, lambda op, g: [_share_extreme(op, g), None]
)
SEGMENT_MAX = _sorted(
    "Max", _blank_rows(np.maximum, _lowest, 0), REAL, lambda op, g: [_share_extreme(op, g), None]
)


# --------------------- sparse
def _sparse_reduce(kind: str) -> Callable[[Any, Any, Any, int], Any]:
    power = {"Mean": 1.0, "SqrtN": 0.5}

    def reduce(data: Any, indices: Any, ids: Any, n: int) -> Any:
        check_range(indices, data.shape[0])
        rows = data[indices]
        return (
            _reduce_rows(rows, ids, n, np.add, 0) if kind == "Sum" else _mean_rows(rows, ids, n, power[kind])
        )

    return reduce


def _sparse_lower(b: Any, kind: str, data: Any, indices: Any, ids: Any, n: int) -> Any:
    gather, total = GATHER_V2.lower, UNSORTED_SEGMENT_SUM.lower
    assert gather is not None and total is not None
    rows = gather(b, data, indices, np.asarray(0), 0)
    out = total(b, rows, ids, n)
    if kind == "Sum" or 0 in out.shape:
        return out
    count = b.maximum(total(b, b.full(ids.shape, 1, data.dtype), ids, n), b.full((n,), 1, data.dtype))
    count = b.unary("sqrt", count) if kind == "SqrtN" else count
    return b.div(out, b.broadcast_in_dim(count, out.shape, [0]))


def _sparse_shape(c: Any) -> Raw:
    data = c[0]
    if c[1] is not None and c[2] is not None and not compatible(c[1], c[2]):
        raise ShapeError(f"segment_ids and indices should have same size: {list(c[2])} and {list(c[1])}")
    if data is None:
        return None
    if len(c) == 4:
        n = c.value(3)
        return (None if n is None else int(n), *data[1:])
    value = c.value(2)
    return (None if value is None else int(value[-1]) + 1 if value.size else 0, *data[1:])


def _sparse(kind: str) -> tuple[OpDef, OpDef]:
    """The op without and with `num_segments`, and the op that is its gradient in TensorFlow's graphs."""
    types: dict[str, Any] = {"T": REAL if kind == "Sum" else FLOATS, "Tidx": INDEX, "Tsegmentids": INDEX}
    defaults = {"Tidx": INT32, "Tsegmentids": INT32, "Tnumsegments": INT32}
    signature = "data: T, indices: Tidx, segment_ids: Tsegmentids"
    reduce = _sparse_reduce(kind)

    def rows_of(g: Any, ids: Any) -> Any:
        """Each row's share of the gradient."""
        if kind != "Sum":
            ones = lookup("Cast")(lookup("OnesLike")(ids), DstT=g._dtype)
            count = UNSORTED_SEGMENT_SUM(ones, ids, _length(g))
            count = lookup("Maximum")(count, lookup("OnesLike")(count))
            g = lookup("RealDiv")(g, _as_rank(lookup("Sqrt")(count) if kind == "SqrtN" else count, g))
        return GATHER_V2(g, ids, 0)

    def grad(op: Any, g: Any) -> list[Any]:
        data, indices, ids = op.inputs[:3]
        rows = rows_of(g, ids)
        if op.attrs["sparse_gradient"]:
            back: Any = IndexedSlices(rows, indices, SHAPE(data))
        else:
            back = UNSORTED_SEGMENT_SUM(rows, indices, _length(data))
        return [back] + [None] * (len(op.inputs) - 1)

    def kernel(data: Any, indices: Any, segment_ids: Any, sparse_gradient: bool) -> Any:
        return reduce(data, indices, segment_ids, _sorted_ids(segment_ids, indices.size))

    def lower(b: Any, data: Any, indices: Any, ids: Any, sparse_gradient: bool) -> Any:
        return _sparse_lower(b, kind, data, indices, b.constant(ids), _sorted_ids(ids, indices.shape[0]))

    def kernel_sized(
        data: Any, indices: Any, segment_ids: Any, num_segments: Any, sparse_gradient: bool
    ) -> Any:
        return reduce(data, indices, segment_ids, int(num_segments))

    def lower_sized(
        b: Any, data: Any, indices: Any, ids: Any, num_segments: Any, sparse_gradient: bool
    ) -> Any:
        return _sparse_lower(b, kind, data, indices, ids, int(num_segments))

    plain = OpDef(
        f"SparseSegment{kind}",
        f"{signature} -> output: T",
        attrs={"sparse_gradient": False},
        types=types,
        defaults=defaults,
        static=("segment_ids",),
        shape=_sparse_shape,
        kernel=kernel,
        lower=lower,
        grad=grad,
    )
    sized = OpDef(
        f"SparseSegment{kind}WithNumSegments",
        f"{signature}, num_segments: Tnumsegments -> output: T",
        attrs={"sparse_gradient": False},
        types={**types, "Tnumsegments": INDEX},
        defaults=defaults,
        static=("num_segments",),
        shape=_sparse_shape,
        kernel=kernel_sized,
        lower=lower_sized,
        grad=grad,
    )
    OpDef(
        f"SparseSegment{kind}Grad",
        "grad: T, indices: Tidx, segment_ids: Tsegmentids, output_dim0: int32 -> output: T",
        types={**types, "T": FLOATS},
        defaults=defaults,
        static=("output_dim0",),
        body=lambda grad, indices, ids, output_dim0: UNSORTED_SEGMENT_SUM(
            rows_of(grad, ids), indices, output_dim0
        ),
    )
    return plain, sized


def _length(x: Any) -> Any:
    """The size of the first dimension."""
    return GATHER_V2(SHAPE(x), 0, 0)


SPARSE_SEGMENT_SUM, SPARSE_SEGMENT_SUM_SIZED = _sparse("Sum")
SPARSE_SEGMENT_MEAN, SPARSE_SEGMENT_MEAN_SIZED = _sparse("Mean")
SPARSE_SEGMENT_SQRT_N, SPARSE_SEGMENT_SQRT_N_SIZED = _sparse("SqrtN")


# --------------------- spelled as by XLA's users
def _sized(kind: str, unsorted: OpDef) -> OpDef:
    """Sorted segments of which the number is given: what the unsorted op does with sorted ids."""
    return OpDef(
        f"Segment{kind}V2",
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        types={**unsorted.types, "Tindices": INDEX},
        defaults=unsorted.defaults,
        static=("num_segments",),
        shape=unsorted.shape,
        body=lambda data, segment_ids, num_segments: unsorted(data, segment_ids, num_segments),
    )


SEGMENT_SUM_V2 = _sized("Sum", UNSORTED_SEGMENT_SUM)
SEGMENT_PROD_V2 = _sized("Prod", UNSORTED_SEGMENT_PROD)
SEGMENT_MIN_V2 = _sized("Min", UNSORTED_SEGMENT_MIN)
SEGMENT_MAX_V2 = _sized("Max", UNSORTED_SEGMENT_MAX)
