"""Diagonals and bands: reading them, writing them, building matrices of them.

All rules here rest on one fact: in a row-major matrix of `n` columns, a diagonal is an arithmetic progression
of step `n + 1`. So reading one is a strided slice, writing one an interior padding, and no gather or scatter
is ever needed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .table import same_as

ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")


class Line(NamedTuple):
    """One diagonal of a matrix: where it lies in the flat matrix, and where in its row of the packed form."""

    row: int  # of the packed form
    length: int
    start: int  # flat index of the first element
    pad: int  # how far its elements are shifted right in the packed row


def lines(rows: int, cols: int, low: int, high: int, align: str) -> tuple[list[Line], int]:
    """Diagonals `high` down to `low` of a `rows x cols` matrix, and the width of the packed form."""
    width = min(rows + min(high, 0), cols - max(low, 0))
    above, _, below = align.partition("_")
    out = []
    for row, k in enumerate(range(high, low - 1, -1)):
        length = max(0, min(rows + min(k, 0), cols - max(k, 0)))
        left = above == "LEFT" if k > 0 else below == "LEFT" if k < 0 else "LEFT" in (above, below)
        out.append(Line(row, length, (-k * cols if k < 0 else k), 0 if left else width - length))
    return out, max(0, width)


def bounds(k: np.ndarray, what: str = "diag_index") -> tuple[int, int]:
    """`k` as (lowest, highest) diagonal."""
    flat = k.reshape(-1).tolist()
    if k.ndim > 1 or len(flat) not in (1, 2):
        raise ShapeError(
            f"{what} must be a scalar or have one or two elements, received shape {list(k.shape)}"
        )
    low, high = flat[0], flat[-1]
    if low > high:
        raise ShapeError(f"lower_diag_index must not be larger than upper_diag_index: {low} > {high}")
    return low, high


def _check_range(low: int, high: int, rows: int, cols: int) -> None:
    for name, k in (("lower_diag_index", low), ("upper_diag_index", high)):
        if not (-rows < k < cols or k == 0):
            raise ShapeError(f"{name} is out of bound: {k}. It must be between {1 - rows} and {cols - 1}")


def _check_align(align: str) -> None:
    if align not in ALIGNMENTS:
        raise ShapeError(f"align must be one of {', '.join(ALIGNMENTS)}, received {align!r}")


def _mask(rows: int, cols: int, low: int, high: int) -> np.ndarray:
    offset = np.arange(cols)[None, :] - np.arange(rows)[:, None]
    return (offset >= low) & (offset <= high)


# ---------------------------------------------------------------------------------------------------- reading
def _part_shape(c: ShapeContext) -> Raw:
    shape, k = c[0], c.value(1) if len(c) > 1 else np.zeros((), np.int32)
    if "align" in c.attrs:
        _check_align(c.attrs["align"])
    if shape is None:
        return None
    if len(shape) < 2:
        raise ShapeError(f"input must be at least 2-dim, received shape {list(shape)}")
    if k is None:
        return None
    low, high = bounds(k)
    rows, cols = shape[-2:]
    if rows is not None and cols is not None:
        _check_range(low, high, rows, cols)
    m = None if rows is None else rows + min(high, 0)
    n = None if cols is None else cols - max(low, 0)
    width = None if m is None or n is None else max(0, min(m, n))
    return (*shape[:-2], *(() if low == high else (high - low + 1,)), width)


def _part_kernel(x: np.ndarray, k: Any = 0, padding: Any = None, align: str = "RIGHT_LEFT") -> np.ndarray:
    low, high = bounds(np.asarray(k))
    rows, cols = x.shape[-2:]
    if low == high == 0:
        return np.array(np.diagonal(x, axis1=-2, axis2=-1))
    found, width = lines(rows, cols, low, high, align)
    batch = x.shape[:-2]
    flat = x.reshape(*batch, rows * cols)
    out = np.empty((*batch, len(found), width), x.dtype)
    out[...] = 0 if padding is None else padding
    for line in found:
        stop = line.start + max(0, line.length - 1) * (cols + 1) + 1
        out[..., line.row, line.pad : line.pad + line.length] = flat[..., line.start : stop : cols + 1][
            ..., : line.length
        ]
    return out[..., 0, :] if low == high else out


def _part_lower(b: Any, x: Any, k: Any = 0, padding: Any = None, align: str = "RIGHT_LEFT") -> Any:
    low, high = bounds(np.asarray(k))
    rows, cols = x.shape[-2:]
    found, width = lines(rows, cols, low, high, align)
    batch = list(x.shape[:-2])
    flat = b.reshape(x, [*batch, rows * cols])
    lead = [0] * len(batch)
    fill = b.zeros((), x.dtype) if padding is None else padding
    packed = []
    for line in found:
        stop = line.start + max(0, line.length - 1) * (cols + 1) + 1 if line.length else line.start
        part = b.slice(flat, [*lead, line.start], [*batch, stop], [1] * len(batch) + [cols + 1])
        if line.length < width:
            part = b.pad(part, fill, [*lead, line.pad], [*lead, width - line.length - line.pad])
        packed.append(part if low == high else b.reshape(part, [*batch, 1, width]))
    return b.concatenate(packed, len(batch))


def _part_grad(op: Any, g: Any) -> list[Any]:
    x = op.inputs[0]
    k = op.inputs[1] if len(op.inputs) > 1 else 0
    align = op.attrs.get("align", "RIGHT_LEFT" if op.type == "MatrixDiagPartV3" else "LEFT_LEFT")
    gx = MATRIX_SET_DIAG(lookup("ZerosLike")(x), g, k, align=align)
    return [gx] + [None] * (len(op.inputs) - 1)


MATRIX_DIAG_PART = OpDef(
    "MatrixDiagPartV3",
    "input: T, k: int32, padding_value: T -> diagonal: T",
    attrs={"align": "RIGHT_LEFT"},
    static=["k"],
    shape=_part_shape,
    kernel=_part_kernel,
    lower=_part_lower,
    grad=_part_grad,
)
OpDef(
    "MatrixDiagPartV2",
    "input: T, k: int32, padding_value: T -> diagonal: T",
    static=["k"],
    shape=_part_shape,
    grad=_part_grad,
    kernel=lambda x, k, padding: _part_kernel(x, k, padding, "LEFT_LEFT"),
    lower=lambda b, x, k, padding: _part_lower(b, x, k, padding, "LEFT_LEFT"),
)
OpDef(
    "MatrixDiagPart",
    "input: T -> diagonal: T",
    shape=_part_shape,
    kernel=_part_kernel,
    lower=_part_lower,
    grad=_part_grad,
)


# ---------------------------------------------------------------------------------------------------- writing
def _packed_lines(packed: tuple[int, ...], low: int, high: int) -> int:
    """Checks the packed form's number of diagonals; returns how many trailing dimensions are not batch."""
    if low == high:
        return 1
    if len(packed) < 2 or packed[-2] not in (None, high - low + 1):
        raise ShapeError(
            f"the number of diagonals in `diagonal` (shape {list(packed)}) must be upper - lower + 1 = "
            f"{high - low + 1} of diagonal indices [{low}, {high}]"
        )
    return 2


def _set_shape(c: ShapeContext) -> Raw:
    shape, diagonal, k = c[0], c[1], c.value(2) if len(c) > 2 else np.zeros((), np.int32)
    if "align" in c.attrs:
        _check_align(c.attrs["align"])
    if shape is not None and len(shape) < 2:
        raise ShapeError(f"input must be at least 2-dim, received shape {list(shape)}")
    if diagonal is not None and not diagonal:
        raise ShapeError("diagonal must be at least 1-dim, received a scalar")
    if k is None:
        return shape
    low, high = bounds(k)
    if shape is not None and shape[-1] is not None and shape[-2] is not None:
        rows, cols = shape[-2:]
        _check_range(low, high, rows, cols)  # type: ignore[arg-type]
        if diagonal is not None:
            trailing = _packed_lines(diagonal, low, high)  # type: ignore[arg-type]
            width = max(0, min(rows + min(high, 0), cols - max(low, 0)))  # type: ignore[operator]
            if diagonal[-1] not in (None, width) or len(diagonal) - trailing != len(shape) - 2:
                wanted = [*shape[:-2], *([] if low == high else [high - low + 1]), width]
                raise ShapeError(
                    f"diagonal must have shape {wanted} to fit the input, received {list(diagonal)}"
                )
    return shape


def _set_kernel(x: np.ndarray, diagonal: np.ndarray, k: Any = 0, align: str = "RIGHT_LEFT") -> np.ndarray:
    low, high = bounds(np.asarray(k))
    rows, cols = x.shape[-2:]
    out = np.array(x, order="C")
    flat = out.reshape(*x.shape[:-2], rows * cols)
    for line in lines(rows, cols, low, high, align)[0]:
        source = diagonal if low == high else diagonal[..., line.row, :]
        stop = line.start + max(0, line.length - 1) * (cols + 1) + 1 if line.length else line.start
        flat[..., line.start : stop : cols + 1] = source[..., line.pad : line.pad + line.length]
    return out


def _set_lower(b: Any, x: Any, diagonal: Any, k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    low, high = bounds(np.asarray(k))
    return _spread(b, x, diagonal, x.shape[-2], x.shape[-1], low, high, align)


def _spread(b: Any, x: Any, diagonal: Any, rows: int, cols: int, low: int, high: int, align: str) -> Any:
    """x with the packed diagonals in place."""
    batch = list(x.shape[:-2])
    lead = [0] * len(batch)
    zero = b.zeros((), x.dtype)
    for line in lines(rows, cols, low, high, align)[0]:
        if not line.length:
            continue
        if low == high:
            values = diagonal
        else:
            values = b.slice(
                diagonal, [*lead, line.row, line.pad], [*batch, line.row + 1, line.pad + line.length]
            )
            values = b.reshape(values, [*batch, line.length])
        last = line.start + (line.length - 1) * (cols + 1)
        placed = b.pad(values, zero, [*lead, line.start], [*lead, rows * cols - 1 - last], [*lead, cols])
        mask = np.zeros(rows * cols, np.bool_)
        mask[line.start : last + 1 : cols + 1] = True
        where = b.broadcast_to(b.constant(mask.reshape(rows, cols), dtypes.bool_), x.shape)
        x = b.select(where, b.reshape(placed, x.shape), x)
    return x


def _set_grad(op: Any, g: Any) -> list[Any]:
    diagonal = op.inputs[1]
    k = op.inputs[2] if len(op.inputs) > 2 else 0
    align = op.attrs.get("align", "RIGHT_LEFT" if op.type == "MatrixSetDiagV3" else "LEFT_LEFT")
    zero = np.zeros((), g._dtype._np)
    g_x = MATRIX_SET_DIAG(g, lookup("ZerosLike")(diagonal), k, align=align)
    return [g_x, MATRIX_DIAG_PART(g, k, zero, align=align)] + [None] * (len(op.inputs) - 2)


MATRIX_SET_DIAG = OpDef(
    "MatrixSetDiagV3",
    "input: T, diagonal: T, k: int32 -> output: T",
    attrs={"align": "RIGHT_LEFT"},
    static=["k"],
    shape=_set_shape,
    kernel=_set_kernel,
    lower=_set_lower,
    grad=_set_grad,
)
OpDef(
    "MatrixSetDiagV2",
    "input: T, diagonal: T, k: int32 -> output: T",
    static=["k"],
    shape=_set_shape,
    grad=_set_grad,
    kernel=lambda x, diagonal, k: _set_kernel(x, diagonal, k, "LEFT_LEFT"),
    lower=lambda b, x, diagonal, k: _set_lower(b, x, diagonal, k, "LEFT_LEFT"),
)
OpDef(
    "MatrixSetDiag",
    "input: T, diagonal: T -> output: T",
    shape=_set_shape,
    kernel=_set_kernel,
    lower=_set_lower,
    grad=_set_grad,
)


# --------------------------------------------------------------------------------------------------- building
def _size(width: int, low: int, high: int, rows: int, cols: int) -> tuple[int, int]:
    """The matrix that packed diagonals of that width make; -1 means as small as possible."""
    least_rows, least_cols = width - min(high, 0), width + max(low, 0)
    if rows == -1 and cols == -1:
        rows = cols = max(least_rows, least_cols)
    elif rows == -1:
        rows = least_rows
    elif cols == -1:
        cols = least_cols
    if rows < least_rows:
        raise ShapeError(f"The number of rows {rows} is too small: at least {least_rows} are needed")
    if cols < least_cols:
        raise ShapeError(f"The number of columns {cols} is too small: at least {least_cols} are needed")
    if rows != least_rows and cols != least_cols:
        raise ShapeError(
            "The number of rows or columns is not consistent with the specified d_lower, d_upper, and "
            f"diagonal: {rows} x {cols} for diagonals of length {width}"
        )
    return rows, cols


def _build_shape(c: ShapeContext) -> Raw:
    shape = c[0]
    if "align" in c.attrs:
        _check_align(c.attrs["align"])
    if shape is None:
        return None
    if not shape:
        raise ShapeError("diagonal must be at least 1-dim, received a scalar")
    if len(c) == 1:
        return (*shape, shape[-1])
    k, rows, cols = (c.value(i) for i in (1, 2, 3))
    if k is None:
        return None
    low, high = bounds(k)
    batch = shape[: -_packed_lines(shape, low, high)]  # type: ignore[arg-type]
    if shape[-1] is None or rows is None or cols is None:
        return (*batch, *(None if n is None or int(n) < 0 else int(n) for n in (rows, cols)))
    return (*batch, *_size(shape[-1], low, high, int(rows), int(cols)))


def _build_kernel(
    diagonal: np.ndarray,
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding: Any = None,
    align: str = "RIGHT_LEFT",
) -> np.ndarray:
    low, high = bounds(np.asarray(k))
    rows, cols = _size(diagonal.shape[-1], low, high, int(num_rows), int(num_cols))
    batch = diagonal.shape[: -1 if low == high else -2]
    out = np.empty((*batch, rows, cols), diagonal.dtype)
    out[...] = (b"" if diagonal.dtype == object else 0) if padding is None else padding
    return _set_kernel(out, diagonal, k, align)


def _build_lower(
    b: Any,
    diagonal: Any,
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding: Any = None,
    align: str = "RIGHT_LEFT",
) -> Any:
    low, high = bounds(np.asarray(k))
    rows, cols = _size(diagonal.shape[-1], low, high, int(num_rows), int(num_cols))
    batch = diagonal.shape[: -1 if low == high else -2]
    fill = b.zeros((), diagonal.dtype) if padding is None else padding
    return _spread(b, b.broadcast_to(fill, (*batch, rows, cols)), diagonal, rows, cols, low, high, align)


def _build_grad(op: Any, g: Any) -> list[Any]:
    k = op.inputs[1] if len(op.inputs) > 1 else 0
    align = op.attrs.get("align", "RIGHT_LEFT" if op.type == "MatrixDiagV3" else "LEFT_LEFT")
    zero = np.zeros((), g._dtype._np)
    return [MATRIX_DIAG_PART(g, k, zero, align=align)] + [None] * (len(op.inputs) - 1)


_BUILD = "diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T"
MATRIX_DIAG = OpDef(
    "MatrixDiagV3",
    _BUILD,
    attrs={"align": "RIGHT_LEFT"},
    static=["k", "num_rows", "num_cols"],
    shape=_build_shape,
    kernel=_build_kernel,
    lower=_build_lower,
    grad=_build_grad,
)
OpDef(
    "MatrixDiagV2",
    _BUILD,
    static=["k", "num_rows", "num_cols"],
    shape=_build_shape,
    grad=_build_grad,
    kernel=lambda d, k, rows, cols, padding: _build_kernel(d, k, rows, cols, padding, "LEFT_LEFT"),
    lower=lambda b, d, k, rows, cols, padding: _build_lower(b, d, k, rows, cols, padding, "LEFT_LEFT"),
)
OpDef(
    "MatrixDiag",
    "diagonal: T -> output: T",
    shape=_build_shape,
    kernel=_build_kernel,
    lower=_build_lower,
    grad=_build_grad,
)


# ---------------------------------------------------------------------------------------- tensors of any rank
_TENSOR_DIAG = frozenset(
    {
        dtypes.bfloat16,
        dtypes.float16,
        dtypes.float32,
        dtypes.float64,
        dtypes.int32,
        dtypes.int64,
        dtypes.complex64,
        dtypes.complex128,
    }
)


def _tensor_part_shape(c: ShapeContext) -> Raw:
    shape = c[0]
    if shape is None:
        return None
    if len(shape) % 2 or not shape:
        raise ShapeError(f"input must have even and non-zero rank, received rank {len(shape)}")
    half = len(shape) // 2
    out = []
    for a, b in zip(shape[:half], shape[half:]):
        if a is not None and b is not None and a != b:
            raise ShapeError(
                "the first and second half of the input's dimensions must agree, received shape "
                f"{list(shape)}"
            )
        out.append(b if a is None else a)
    return tuple(out)


def _tensor_shape(c: ShapeContext) -> Raw:
    shape = c[0]
    if shape is not None and not shape:
        raise ShapeError("diagonal must be at least 1-dim, received a scalar")
    return None if shape is None else shape * 2


def _tensor_kernel(x: np.ndarray) -> np.ndarray:
    return np.diag(x.reshape(-1)).reshape(x.shape * 2)


def _tensor_lower(b: Any, x: Any) -> Any:
    n = int(np.prod(x.shape))
    return b.reshape(_build_lower(b, b.reshape(x, [n])), x.shape * 2)


def _tensor_part_kernel(x: np.ndarray) -> np.ndarray:
    shape = x.shape[: x.ndim // 2]
    n = int(np.prod(shape))
    return np.diagonal(x.reshape(n, n)).reshape(shape)


def _tensor_part_lower(b: Any, x: Any) -> Any:
    shape = x.shape[: x.rank // 2]
    n = int(np.prod(shape))
    return b.reshape(_part_lower(b, b.reshape(x, [n, n])), shape)


TENSOR_DIAG: OpDef = OpDef(
    "Diag",
    "diagonal: T -> output: T",
    types={"T": _TENSOR_DIAG},
    shape=_tensor_shape,
    kernel=_tensor_kernel,
    lower=_tensor_lower,
    grad=lambda op, g: [TENSOR_DIAG_PART(g)],
)
TENSOR_DIAG_PART: OpDef = OpDef(
    "DiagPart",
    "input: T -> diagonal: T",
    types={"T": _TENSOR_DIAG},
    shape=_tensor_part_shape,
    kernel=_tensor_part_kernel,
    lower=_tensor_part_lower,
    grad=lambda op, g: [TENSOR_DIAG(g)],
)


# ------------------------------------------------------------------------------------------------------ bands
def _band_shape(c: ShapeContext) -> Raw:
    shape = c[0]
    if shape is not None and len(shape) < 2:
        raise ShapeError(f"input must be at least 2-dim, received shape {list(shape)}")
    return shape


def _band_kernel(x: np.ndarray, num_lower: np.ndarray, num_upper: np.ndarray) -> np.ndarray:
    rows, cols = x.shape[-2:]
    low, high = int(num_lower), int(num_upper)
    if low > rows:
        raise invalid(f"num_lower must be negative or less or equal to number of rows ({rows}) got: {low}")
    if high > cols:
        raise invalid(
            f"num_upper must be negative or less or equal to number of columns ({cols}) got: {high}"
        )
    keep = _mask(rows, cols, -rows if low < 0 else -low, cols if high < 0 else high)
    return np.where(keep, x, np.zeros((), x.dtype))


def _band_lower(b: Any, x: Any, num_lower: Any, num_upper: Any) -> Any:
    rows, cols = x.shape[-2:]
    kind = num_lower.dtype
    below = b.sub(b.iota((rows, cols), 0, kind), b.iota((rows, cols), 1, kind))
    zero = b.zeros((), kind)

    def within(distance: Any, limit: Any) -> Any:
        free = b.broadcast_to(b.compare("LT", limit, zero), (rows, cols))
        return b.binary("or", free, b.compare("LE", distance, b.broadcast_to(limit, (rows, cols))))

    keep = b.binary("and", within(below, num_lower), within(b.neg(below), num_upper))
    return b.select(b.broadcast_to(keep, x.shape), x, b.zeros(x.shape, x.dtype))


BAND_PART: OpDef = OpDef(
    "MatrixBandPart",
    "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
    shape=_band_shape,
    kernel=_band_kernel,
    lower=_band_lower,
    types={"Tindex": (dtypes.int32, dtypes.int64)},
    defaults={"Tindex": dtypes.int64},
    grad=lambda op, g: [BAND_PART(g, op.inputs[1], op.inputs[2]), None, None],
)
OpDef(
    "BatchMatrixBandPart",
    "input: T, num_lower: int64, num_upper: int64 -> band: T",
    shape=same_as(0),
    kernel=_band_kernel,
    lower=_band_lower,
    grad=lambda op, g: [BAND_PART(g, op.inputs[1], op.inputs[2]), None, None],
)
