"""Slices: Slice, StridedSlice with all its masks, and its inverses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.dtypes import INDEX
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import Raw, known
from headrace.core.static import static_value
from headrace.ops.array import SHAPE
from headrace.ops.cast import ZEROS_LIKE
from headrace.ops.joining import PACK, entries_of
from headrace.ops.table import unbroadcast

INT32 = dtypes.int32


def needs_value(b: Any, i: int) -> NoReturn:
    """Tells the compiler that input i of the op being lowered must be computed first."""
    from headrace.compiler.lower import NeedsValue

    raise NeedsValue(b.node, i)


def entries(t: Any) -> list[int | None] | None:
    """The numbers of an index vector as far as they are known while building; None when its length is not."""
    value = static_value(t)
    if value is not None:
        return value.reshape(-1).tolist()
    if t.op.op_def is PACK:
        parts = [static_value(p) for p in t.op.inputs]
        return [None if p is None else int(p) for p in parts]
    return [None] * t._raw_shape[0] if known(t._raw_shape) else None


# ------------------------------------------------------------------------------------------------------ Slice
SLICE = OpDef(
    "Slice",
    "input: T, begin: Index, size: Index -> output: T",
    types={"Index": INDEX},
    defaults={"Index": INT32},
    static=("size",),
    hints=("begin",),
)


def _extent(begin: int, size: int, d: int, i: int) -> int:
    if not 0 <= begin <= d:
        raise ShapeError(f"Expected begin[{i}] in [0, {d}], but got {begin}")
    if size == -1:
        return d - begin
    if size < 0 or begin + size > d:
        raise ShapeError(f"Expected size[{i}] in [0, {d - begin}], but got {size}")
    return size


@SLICE.shape_rule
def _(c: Any) -> Raw:
    begin, size = entries(c.inputs[1]), entries(c.inputs[2])
    rank = next((len(v) for v in (c[0], begin, size) if v is not None), None)
    if rank is None:
        return None
    if any(v is not None and len(v) != rank for v in (begin, size)):
        raise ShapeError(
            f"Expected begin and size arguments to be 1-D tensors of size {rank}, but got shapes "
            f"{list(c[1] or ())} and {list(c[2] or ())} instead."
        )
    out = []
    for i, (d, b, s) in enumerate(zip(c[0] or (None,) * rank, begin or [None] * rank, size or [None] * rank)):
        if s is None or d is None or b is None:
            out.append(s if s is not None and s >= 0 else None)
        else:
            out.append(_extent(b, s, d, i))
    return tuple(out)


@SLICE.kernel_rule
def _(input: Any, begin: Any, size: Any) -> Any:
    return input[
        (*[slice(b, None if s == -1 else b + s) for b, s in zip(begin.tolist(), size.tolist())], ...)
    ]


@SLICE.lowering
def _(b: Any, x: Any, begin: Any, size: Any) -> Any:
    starts = entries_of(b, begin)
    if None not in starts:
        sizes = [_extent(lo, int(s), d, i) for i, (lo, s, d) in enumerate(zip(starts, size, x.shape))]  # type: ignore[arg-type]
        return b.slice(x, starts, [lo + s for lo, s in zip(starts, sizes)])  # type: ignore[operator]
    if any(s == -1 and lo is None for s, lo in zip(size, starts)):
        needs_value(b, 1)
    at = [scalar_at(b, begin, i) for i in range(x.rank)]
    sizes = []
    for i, (lo, s, d) in enumerate(zip(starts, size, x.shape)):
        sizes.append(int(s) if lo is None else _extent(lo, int(s), d, i))
        if lo is None:
            _extent(0, int(s), d, i)  # which no begin would allow
            b.check_indices(at[i], d - int(s) + 1, f"begin[{i}] of a slice of {int(s)} elements")
    return b.dynamic_slice(x, at, sizes)


def scalar_at(b: Any, vector: Any, i: int) -> Any:
    """Entry i of an index vector as a scalar Value."""
    if type(vector) is np.ndarray:
        return b.constant(vector[i])
    packed = b.entries.get(vector.name)
    if packed is not None:
        return b.constant(packed[i], vector.dtype) if type(packed[i]) is np.ndarray else packed[i]
    return b.reshape(b.slice(vector, [i], [i + 1]), ())


@SLICE.gradient
def _(op: Any, g: Any) -> list[Any]:
    x, begin, _ = op.inputs
    at, shape = entries(begin), x._raw_shape
    if at is not None and None not in at and known(shape) and known(g._raw_shape):
        after = [d - lo - s for d, lo, s in zip(shape, at, g._raw_shape)]
        return [lookup("Pad")(g, np.asarray([at, after], np.int32).T.reshape(-1, 2)), None, None]
    ones = lookup("OnesLike")(begin)
    end = lookup("AddV2")(begin, SHAPE(g, out_type=begin._dtype))
    return [STRIDED_SLICE_GRAD(SHAPE(x, out_type=begin._dtype), begin, end, ones, g), None, None]


# ----------------------------------------------------------------------------------------------- StridedSlice
MASKS = {"begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}
NEW, FULL, INDEX_AT, RANGE = "new", "full", "index", "range"


def layout(
    rank: int, n: int, ellipsis_mask: int, new_axis_mask: int, shrink_axis_mask: int
) -> list[tuple[str, int, int]]:
    """What n entries do to a tensor of that rank: `(kind, entry, dimension)` in the order of the result."""
    if ellipsis_mask & (ellipsis_mask - 1):
        raise ShapeError("Multiple ellipses in slice spec not allowed")
    out: list[tuple[str, int, int]] = []
    d = 0
    for i in range(n):
        bit = 1 << i
        if bit & ellipsis_mask:
            after = sum(1 for k in range(i + 1, n) if not new_axis_mask >> k & 1)
            out += [(FULL, i, k) for k in range(d, rank - after)]
            d = max(d, rank - after)
        elif bit & new_axis_mask:
            out.append((NEW, i, -1))
        else:
            if d >= rank:
                raise ShapeError(f"Index out of range using input dim {d}; input has only {rank} dims")
            out.append((INDEX_AT if bit & shrink_axis_mask else RANGE, i, d))
            d += 1
    return out + [(FULL, n, k) for k in range(d, rank)]


def bounds(i: int, begin: Any, end: Any, strides: Any, begin_mask: int, end_mask: int) -> slice:
    """Entry i as a Python slice."""
    return slice(None if begin_mask >> i & 1 else begin[i], None if end_mask >> i & 1 else end[i], strides[i])


def numpy_index(
    rank: int,
    begin: Any,
    end: Any,
    strides: Any,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> tuple[Any, ...]:
    """The NumPy index that a specification amounts to; it always gives an array (a view)."""
    begin, end, strides = begin.tolist(), end.tolist(), strides.tolist()
    out: list[Any] = []
    for kind, i, _ in layout(rank, len(begin), ellipsis_mask, new_axis_mask, shrink_axis_mask):
        if kind == RANGE:
            out.append(bounds(i, begin, end, strides, begin_mask, end_mask))
        else:
            out.append(None if kind == NEW else begin[i] if kind == INDEX_AT else slice(None))
    return (*out, ...)


def check_entry(kind: str, i: int, at: int | None, stride: int | None, d: int | None, dim: int) -> None:
    if stride == 0:
        raise ShapeError(f"strides[{i}] must be non-zero")
    if kind == INDEX_AT:
        if stride is not None and stride < 0:
            raise ShapeError("only stride 1 allowed on non-range indexing.")
        if at is not None and d is not None and not -d <= at < d:
            raise ShapeError(f"slice index {at} of dimension {dim} out of bounds.")


def sliced_shape(
    shape: Raw,
    vectors: list[Any],
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> Raw:
    """The shape that a specification selects from `shape`; entries of the vectors may be unknown (None)."""
    n = next((len(v) for v in vectors if v is not None), None)
    if any(v is not None and len(v) != n for v in vectors):
        raise ShapeError("Expected begin, end, and strides to be 1D equal size tensors")
    if shape is None or n is None:
        return None
    begin, end, strides = (v if v is not None else [None] * n for v in vectors)
    out: list[int | None] = []
    for kind, i, k in layout(len(shape), n, ellipsis_mask, new_axis_mask, shrink_axis_mask):
        if kind == NEW:
            out.append(1)
        elif kind == FULL:
            out.append(shape[k])
        else:
            d = shape[k]
            check_entry(kind, i, begin[i], strides[i], d, k)
            if kind == INDEX_AT:
                continue
            open_start, open_end, step = begin_mask >> i & 1, end_mask >> i & 1, strides[i]
            if step is None or (begin[i] is None and not open_start) or (end[i] is None and not open_end):
                out.append(None)
                continue
            lo, hi = None if open_start else begin[i], None if open_end else end[i]
            if d is not None:
                out.append(len(range(*slice(lo, hi, step).indices(d))))
            else:
                out.append(_length_in_unknown(lo, hi, step))
    return tuple(out)


def _length_in_unknown(lo: int | None, hi: int | None, step: int) -> int | None:
    """How many elements `lo:hi:step` selects whatever the dimension: only nothing is certain."""
    if lo is not None and hi is not None and (lo < 0) == (hi < 0) and (hi - lo) * step <= 0:
        return 0
    return None


STRIDED_SLICE = OpDef(
    "StridedSlice",
    "input: T, begin: Index, end: Index, strides: Index -> output: T",
    attrs=MASKS,
    types={"Index": INDEX | {dtypes.int16}},
    defaults={"Index": INT32},
    shape=lambda c: sliced_shape(c[0], [entries(t) for t in c.inputs[1:]], **c.attrs),
    kernel=lambda input, begin, end, strides, **masks: input[
        numpy_index(input.ndim, begin, end, strides, **masks)
    ],
    static=("strides",),
    hints=("begin", "end"),
    checked=True,
)


@STRIDED_SLICE.gradient
def _(op: Any, g: Any) -> list[Any]:
    x, begin, end, strides = op.inputs
    shape = (
        lookup("Cast")(SHAPE(x), DstT=begin._dtype)
        if begin._dtype is dtypes.int16
        else SHAPE(x, out_type=begin._dtype)
    )
    return [STRIDED_SLICE_GRAD(shape, begin, end, strides, g, **op.attrs), None, None, None]


class Plan:
    """A specification resolved against a concrete shape, while lowering: for each dimension its start,
    count and step, the runtime indices, and the shape after dropping and adding unit dimensions."""

    def __init__(
        self,
        b: Any,
        shape: Sequence[int],
        begin: Any,
        end: Any,
        strides: Any,
        masks: dict[str, int],
        first: int = 1,
    ) -> None:
        lo, hi, steps = entries_of(b, begin), entries_of(b, end), strides.tolist()
        self.shape = tuple(shape)
        self.starts, self.counts, self.steps = [0] * len(shape), list(shape), [1] * len(shape)
        self.dynamic: dict[int, Any] = {}
        self.result: list[int] = []
        for kind, i, k in layout(
            len(shape), len(steps), masks["ellipsis_mask"], masks["new_axis_mask"], masks["shrink_axis_mask"]
        ):
            if kind == NEW:
                self.result.append(1)
                continue
            if kind == RANGE:
                s = bounds(i, lo, hi, steps, masks["begin_mask"], masks["end_mask"])
                if (s.start is None and not masks["begin_mask"] >> i & 1) or (
                    s.stop is None and not masks["end_mask"] >> i & 1
                ):
                    needs_value(
                        b, first if s.start is None and not masks["begin_mask"] >> i & 1 else first + 1
                    )
                check_entry(kind, i, None, steps[i], None, k)
                picked = range(*s.indices(shape[k]))
                self.starts[k], self.counts[k], self.steps[k] = picked.start, len(picked), picked.step
            elif kind == INDEX_AT:
                check_entry(kind, i, lo[i], steps[i], shape[k], k)
                self.counts[k] = 1
                if lo[i] is None:
                    at = scalar_at(b, begin, i)
                    zero = b.constant(0, at.dtype)
                    wrapped = b.add(at, b.constant(shape[k], at.dtype))
                    self.dynamic[k] = b.select(b.compare("LT", at, zero), wrapped, at)
                    b.check_indices(self.dynamic[k], shape[k], "slice index")
                else:
                    self.starts[k] = lo[i] % shape[k]  # type: ignore[operator]
                continue
            self.result.append(self.counts[k])

    def take(self, b: Any, x: Any) -> Any:
        """The selected elements. A runtime index outside of its dimension is an error (clamped with `jit_compile=True`)."""
        starts, shape = list(self.starts), x.shape
        if 0 in self.counts:
            return b.zeros(self.result, x.dtype)
        if self.dynamic:
            dtype = next(iter(self.dynamic.values())).dtype
            at = [self.dynamic.get(k) or b.constant(0, dtype) for k in range(x.rank)]
            x = b.dynamic_slice(x, at, [1 if k in self.dynamic else d for k, d in enumerate(shape)])
        low = [lo if st > 0 else lo + (n - 1) * st for lo, n, st in zip(starts, self.counts, self.steps)]
        high = [lo + (n - 1) * abs(st) + 1 for lo, n, st in zip(low, self.counts, self.steps)]
        x = b.slice(x, low, high, [abs(st) for st in self.steps])
        return b.reshape(self.flip(b, x), self.result)

    def flip(self, b: Any, x: Any) -> Any:
        return b.reverse(x, [k for k, st in enumerate(self.steps) if st < 0])

    def put(self, b: Any, piece: Any) -> Any:
        """Zeros of the input's shape, with `piece` where `take` would find it."""
        if 0 in self.counts:
            return b.zeros(self.shape, piece.dtype)
        piece = self.flip(b, b.reshape(piece, self.counts))
        low = [lo if st > 0 else lo + (n - 1) * st for lo, n, st in zip(self.starts, self.counts, self.steps)]
        edge = [
            d - lo - (n - 1) * abs(st) - 1 for d, lo, n, st in zip(self.shape, low, self.counts, self.steps)
        ]
        for k in self.dynamic:
            edge[k] = low[k] = 0
        x = b.pad(piece, b.zeros((), piece.dtype), low, edge, [abs(st) - 1 for st in self.steps])
        if not self.dynamic:
            return x
        dtype = next(iter(self.dynamic.values())).dtype
        at = [self.dynamic.get(k) or b.constant(0, dtype) for k in range(len(self.shape))]
        return b.dynamic_update_slice(b.zeros(self.shape, piece.dtype), x, at)

    def replace(self, b: Any, x: Any, piece: Any) -> Any:
        """`x` with the selected elements replaced."""
        if 0 in self.counts:
            return x
        if all(abs(st) == 1 for st in self.steps):
            dtype = next(iter(self.dynamic.values())).dtype if self.dynamic else INT32
            low = [
                lo if st > 0 else lo + (n - 1) * st for lo, n, st in zip(self.starts, self.counts, self.steps)
            ]
            at = [self.dynamic.get(k) or b.constant(low[k], dtype) for k in range(x.rank)]
            return b.dynamic_update_slice(x, self.flip(b, b.reshape(piece, self.counts)), at)
        ones = b.full(piece.shape, True, dtypes.bool_)
        return b.select(self.put(b, ones), self.put(b, piece), x)


@STRIDED_SLICE.lowering
def _(b: Any, x: Any, begin: Any, end: Any, strides: Any, **masks: int) -> Any:
    return Plan(b, x.shape, begin, end, strides, masks).take(b, x)


STRIDED_SLICE_GRAD = OpDef(
    "StridedSliceGrad",
    "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T",
    attrs=MASKS,
    types={"Index": INDEX},
    defaults={"Index": INT32},
    shape=lambda c: c.partial(0),
    static=("shape", "strides"),
    hints=("begin", "end"),
    grad=lambda op, g: [None, None, None, None, STRIDED_SLICE(g, *op.inputs[1:4], **op.attrs)],
)


@STRIDED_SLICE_GRAD.kernel_rule
def _(shape: Any, begin: Any, end: Any, strides: Any, dy: Any, **masks: int) -> Any:
    out = np.zeros(shape, dy.dtype)
    out[numpy_index(out.ndim, begin, end, strides, **masks)] = dy
    return out


@STRIDED_SLICE_GRAD.lowering
def _(b: Any, shape: Any, begin: Any, end: Any, strides: Any, dy: Any, **masks: int) -> Any:
    return Plan(b, tuple(shape.tolist()), begin, end, strides, masks).put(b, dy)


TENSOR_STRIDED_SLICE_UPDATE = OpDef(
    "TensorStridedSliceUpdate",
    "input: T, begin: Index, end: Index, strides: Index, value: T -> output: T",
    attrs=MASKS,
    types={"Index": INDEX},
    defaults={"Index": INT32},
    static=("strides",),
    hints=("begin", "end"),
)


@TENSOR_STRIDED_SLICE_UPDATE.shape_rule
def _(c: Any) -> Raw:
    target = sliced_shape(c[0], [entries(t) for t in c.inputs[1:4]], **c.attrs)
    try:
        fits = shapes.compatible(shapes.broadcast(target, c[4]), target)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"Cannot assign a value of shape {list(c[4] or ())} to the slice of shape {list(target or ())}"
        )
    return c[0]


@TENSOR_STRIDED_SLICE_UPDATE.kernel_rule
def _(input: Any, begin: Any, end: Any, strides: Any, value: Any, **masks: int) -> Any:
    out = input.copy()
    out[numpy_index(out.ndim, begin, end, strides, **masks)] = value
    return out


@TENSOR_STRIDED_SLICE_UPDATE.lowering
def _(b: Any, x: Any, begin: Any, end: Any, strides: Any, value: Any, **masks: int) -> Any:
    plan = Plan(b, x.shape, begin, end, strides, masks)
    return plan.replace(b, x, b.broadcast_to(value, plan.result))


@TENSOR_STRIDED_SLICE_UPDATE.gradient
def _(op: Any, g: Any) -> list[Any]:
    *_, value = op.inputs
    spec = op.inputs[1:4]
    piece = STRIDED_SLICE(g, *spec, **op.attrs)
    return [
        TENSOR_STRIDED_SLICE_UPDATE(g, *spec, ZEROS_LIKE(value), **op.attrs),
        None,
        None,
        None,
        unbroadcast(piece, value, piece),
    ]
