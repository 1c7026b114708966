"""Fourier transforms of one to three last dimensions, and of any dimensions (the ND family).

Every op is one of four transforms (forward or inverse, of complex data or of real data with only the
non-redundant half of its spectrum) over some axes at some lengths; shape rule, kernel, lowering and gradient
are written once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw

from .math import mul
from .table import normal_axis

_COMPLEX = (dtypes.complex64, dtypes.complex128)
_REAL = (dtypes.float32, dtypes.float64)
_KERNELS: dict[str, Callable[..., np.ndarray]] = {
    "FFT": np.fft.fftn,
    "IFFT": np.fft.ifftn,
    "RFFT": np.fft.rfftn,
    "IRFFT": np.fft.irfftn,
}


# --------------------------------------------------------------------------------------- geometry of one call
def _half(kind: str, lengths: Sequence[Any]) -> list[Any]:
    """The sizes of the complex side of a transform of these lengths: real data have half a spectrum."""
    out = list(lengths)
    if kind in ("RFFT", "IRFFT") and out and out[-1]:
        out[-1] = out[-1] // 2 + 1
    return out


def _normal(axes: Sequence[int], rank: int) -> list[int]:
    return [normal_axis(int(a), rank, "axes") for a in axes]


def _trailing(rank: int, n: int) -> list[int]:
    if rank < n:
        raise ShapeError(f"Input must have rank of at least {n} but got: {rank}")
    return list(range(rank - n, rank))


def _lengths(c: ShapeContext, n: int) -> Sequence[Any]:
    """The fft_length of a call, input 1: n numbers, or None where they are not known yet."""
    known, partial = c.value(1), c.partial(1)
    lengths: Any = partial if known is None else known.reshape(-1).tolist()
    if lengths is None:
        return (None,) * n
    if len(lengths) != n:
        raise ShapeError(
            f"fft_length must have {n} elements, one per transformed dimension, received {len(lengths)}"
        )
    for i, length in enumerate(lengths):
        if length is not None and length < 0:
            raise ShapeError(f"fft_length[{i}] must be >= 0, but got: {length}")
    return lengths


def _result_shape(shape: Raw, kind: str, axes: Sequence[int], lengths: Sequence[Any]) -> Raw:
    assert shape is not None
    out = list(shape)
    for axis, size in zip(axes, _half(kind, lengths) if kind == "RFFT" else lengths):
        out[axis] = size
    return tuple(out)


# ----------------------------------------------------------------------------------------------------- kernel
def _resized(x: np.ndarray, axes: Sequence[int], sizes: Sequence[int]) -> np.ndarray:
    """Cropped, or padded with zeros, at the end of each axis."""
    for axis, size in zip(axes, sizes):
        n = x.shape[axis]
        if size < n:
            x = x[(slice(None),) * axis + (slice(size),)]
        elif size > n:
            x = np.pad(x, [(0, size - n) if i == axis else (0, 0) for i in range(x.ndim)])
    return x


def _run(kind: str, x: np.ndarray, axes: Sequence[int], lengths: Sequence[int]) -> np.ndarray:
    shape = _result_shape(x.shape, kind, axes, lengths)
    out = dtypes.from_numpy(x.dtype)
    wanted = out.real_dtype._np if kind == "IRFFT" else np.result_type(x.dtype, np.complex64)
    if not x.size or 0 in shape:  # type: ignore[operator]
        return np.zeros(shape, wanted)  # type: ignore[arg-type]
    if not axes:
        return x.astype(wanted)
    if kind == "IRFFT":
        return np.fft.irfftn(x, list(lengths), axes=list(axes))
    return _KERNELS[kind](_resized(x, axes, lengths), axes=list(axes))


# --------------------------------------------------------------------------------------------------- lowering
def _lower(b: Any, kind: str, x: Any, axes: Sequence[int], lengths: Sequence[int]) -> Any:
    out_type = x.dtype
    if kind == "RFFT":
        out_type = dtypes.complex64 if x.dtype is dtypes.float32 else dtypes.complex128
    elif kind == "IRFFT":
        out_type = x.dtype.real_dtype
    shape = _result_shape(x.shape, kind, axes, lengths)
    if not all(x.shape) or not all(shape):  # type: ignore[arg-type]
        return b.zeros(shape, out_type)
    if not axes:
        return b.convert(x, out_type)
    sizes = _half(kind, lengths) if kind == "IRFFT" else list(lengths)
    grown = [max(0, size - x.shape[axis]) for axis, size in zip(axes, sizes)]
    limit = list(x.shape)
    high = [0] * x.rank
    for axis, size, more in zip(axes, sizes, grown):
        limit[axis], high[axis] = min(size, limit[axis]), more
    x = b.slice(x, [0] * x.rank, limit)
    if any(high):
        x = b.pad(x, b.zeros((), x.dtype), [0] * x.rank, high)
    rest = [i for i in range(x.rank) if i not in axes]
    order = [*rest, *axes]
    x = b.transpose(x, order)
    x = _lower_trailing(b, kind, x, list(lengths), out_type)
    return b.transpose(x, [order.index(i) for i in range(x.rank)])


def _lower_trailing(b: Any, kind: str, x: Any, lengths: list[int], out_type: Any) -> Any:
    """Over the last dimensions. One StableHLO op takes three of them, so more are done one group after the
    other; what halves the spectrum comes first going forward and last coming back."""
    n = len(lengths)
    if n <= 3:
        shape = [*x.shape[: x.rank - n], *(_half(kind, lengths) if kind == "RFFT" else lengths)]
        return b.fft(x, kind, lengths, shape, out_type)
    lead, tail = lengths[:-3], lengths[-3:]
    forward = [*range(x.rank - n), *range(x.rank - 3, x.rank), *range(x.rank - n, x.rank - 3)]
    back = [forward.index(i) for i in range(x.rank)]
    if kind == "RFFT":
        x = _lower_trailing(b, kind, x, tail, out_type)
        return b.transpose(_lower_trailing(b, "FFT", b.transpose(x, forward), lead, out_type), back)
    plain = "IFFT" if kind in ("IFFT", "IRFFT") else "FFT"
    x = b.transpose(_lower_trailing(b, plain, b.transpose(x, forward), lead, x.dtype), back)
    return _lower_trailing(b, kind, x, tail, out_type)


# --------------------------------------------------------------------------------------------------- gradient
def _product(lengths: Any, dtype: Any) -> Any:
    return lookup("Cast")(lookup("Prod")(lengths, [0], keep_dims=False), DstT=dtype)


def _reciprocal(x: Any) -> Any:
    return lookup("Reciprocal")(x)


def _multiplicity(length: Any, dtype: Any, middle: float) -> Any:
    """Along the half spectrum of a transform of that length: 1 for frequencies that are their own mirror
    image, `middle` for those that stand for two."""
    half = lookup("AddV2")(lookup("FloorDiv")(length, 2), 1)
    k = lookup("Range")(0, half, 1)
    own = lookup("LogicalOr")(lookup("Equal")(k, 0), lookup("Equal")(lookup("Mul")(k, 2), length))
    return lookup("SelectV2")(own, np.ones((), dtype._np), np.asarray(middle, dtype._np))


def _along(weights: Any, x: Any, axis: int) -> Any:
    """x times weights that run along one axis (counted from the end)."""
    for _ in range(-1 - axis):
        weights = lookup("ExpandDims")(weights, -1)
    return mul(x, weights)


def _like(g: Any, x: Any) -> Any:
    """g cropped or padded with zeros to the shape of x."""
    if g._raw_shape is not None and None not in g._raw_shape and g._raw_shape == x._raw_shape:
        return g
    shape = lookup("Shape")(x)
    g = lookup("Slice")(g, lookup("ZerosLike")(shape), lookup("Minimum")(lookup("Shape")(g), shape))
    missing = lookup("Sub")(shape, lookup("Shape")(g))
    return lookup("Pad")(g, lookup("Pack")([lookup("ZerosLike")(missing), missing], axis=1))


def _gradient(kind: str, op: Any, g: Any, lengths: Any, last: int, again: Callable[[str, Any], Any]) -> Any:
    """The transforms are linear: the gradient is the adjoint, which is the inverse up to a factor and to the
    weight of the frequencies that half a spectrum leaves out. `again(kind, x)` transforms over the same
    axes."""
    x = op.inputs[0]
    if kind == "FFT":
        return _like(mul(again("IFFT", g), _product(lengths, g._dtype)), x)
    if kind == "IFFT":
        return _like(mul(again("FFT", g), _reciprocal(_product(lengths, g._dtype))), x)
    length = lookup("StridedSlice")(lengths, [-1], [0], [1], end_mask=1, shrink_axis_mask=1)
    if kind == "RFFT":
        y = again("IRFFT", _along(_multiplicity(length, g._dtype, 0.5), g, last))
        return _like(mul(y, _product(lengths, y._dtype)), x)
    y = again("RFFT", g)
    y = mul(y, _reciprocal(_product(lengths, y._dtype)))
    return _like(_along(_multiplicity(length, y._dtype, 2.0), y, last), x)


# ------------------------------------------------------------------------------------------------------- rows
def _complex_row(kind: str, rank: int) -> OpDef:
    """FFT, IFFT2D …: of the last `rank` dimensions, at their own lengths."""
    name = kind + ("" if rank == 1 else f"{rank}D")

    def shape(c: ShapeContext) -> Raw:
        if c[0] is not None:
            _trailing(len(c[0]), rank)
        return c[0]

    def kernel(x: np.ndarray) -> np.ndarray:
        axes = _trailing(x.ndim, rank)
        return _run(kind, x, axes, [x.shape[a] for a in axes])

    def lower(b: Any, x: Any) -> Any:
        axes = _trailing(x.rank, rank)
        return _lower(b, kind, x, axes, [x.shape[a] for a in axes])

    def grad(op: Any, g: Any) -> list[Any]:
        lengths = lookup("StridedSlice")(lookup("Shape")(g), [-rank], [0], [1], end_mask=1)
        return [
            _gradient(kind, op, g, lengths, -1, lambda k, y: lookup(k + ("" if rank == 1 else f"{rank}D"))(y))
        ]

    return OpDef(
        name,
        "input: Tcomplex -> output: Tcomplex",
        types={"Tcomplex": _COMPLEX},
        defaults={"Tcomplex": dtypes.complex64},
        shape=shape,
        kernel=kernel,
        lower=lower,
        grad=grad,
    )


def _real_row(kind: str, rank: int) -> OpDef:
    """RFFT, IRFFT2D …: of the last `rank` dimensions, cropped or padded to `fft_length`."""
    suffix = "" if rank == 1 else f"{rank}D"
    source, target = ("Treal", "Tcomplex") if kind == "RFFT" else ("Tcomplex", "Treal")

    def shape(c: ShapeContext) -> Raw:
        lengths = _lengths(c, rank)
        return None if c[0] is None else _result_shape(c[0], kind, _trailing(len(c[0]), rank), lengths)

    def grad(op: Any, g: Any) -> list[Any]:
        lengths = op.inputs[1]
        return [
            _gradient(
                kind, op, g, lengths, -1, lambda k, y: lookup(k + suffix)(y, lengths, **_out_type(k, y))
            ),
            None,
        ]

    return OpDef(
        kind + suffix,
        f"input: {source}, fft_length: int32 -> output: {target}",
        attrs={target: dtypes.complex64 if kind == "RFFT" else dtypes.float32},
        types={"Treal": _REAL, "Tcomplex": _COMPLEX},
        static=["fft_length"],
        shape=shape,
        defaults={"Treal": dtypes.float32, "Tcomplex": dtypes.complex64},
        grad=grad,
        kernel=lambda x, n, **_: _run(kind, x, _trailing(x.ndim, rank), n.tolist()),
        lower=lambda b, x, n, **_: _lower(b, kind, x, _trailing(x.rank, rank), n.tolist()),
    )


def _out_type(kind: str, x: Any) -> dict[str, Any]:
    """The attribute that states the output's type, where it differs from the input's."""
    if kind == "RFFT":
        return {"Tcomplex": dtypes.complex64 if x._dtype is dtypes.float32 else dtypes.complex128}
    return {"Treal": x._dtype.real_dtype} if kind == "IRFFT" else {}


def _nd_row(kind: str) -> OpDef:
    """FFTND …: of any `axes`, cropped or padded to `fft_length`."""
    real = kind in ("RFFT", "IRFFT")
    source, target = (
        ("Treal", "Tcomplex")
        if kind == "RFFT"
        else ("Tcomplex", "Treal")
        if real
        else ("Tcomplex", "Tcomplex")
    )
    attrs = {target: dtypes.complex64 if kind == "RFFT" else dtypes.float32} if real else {}

    def shape(c: ShapeContext) -> Raw:
        axes = c.value(2)
        if c[0] is None or axes is None:
            return None if c[0] is None else (None,) * len(c[0])
        lengths = _lengths(c, axes.size)
        axes = _normal(axes.tolist(), len(c[0]))
        if len(set(axes)) != len(axes):
            raise ShapeError(f"axes must be distinct, received {axes}")
        return _result_shape(c[0], kind, axes, lengths)

    def grad(op: Any, g: Any) -> list[Any]:
        from headrace.core.static import static_value

        lengths, axes = op.inputs[1:]
        known = static_value(axes)
        rank = op.inputs[0].ndim
        if real and (known is None or rank is None):
            raise NotImplementedError(
                f"The gradient of {kind}ND needs axes and the input's rank to be known while building the "
                "graph."
            )
        last = _normal(known.tolist(), rank)[-1] - rank if real else -1  # type: ignore[union-attr]
        return [
            _gradient(
                kind, op, g, lengths, last, lambda k, y: lookup(k + "ND")(y, lengths, axes, **_out_type(k, y))
            ),
            None,
            None,
        ]

    return OpDef(
        f"{kind}ND",
        f"input: {source}, fft_length: int32, axes: int32 -> output: {target}",
        attrs=attrs,
        types={"Treal": _REAL, "Tcomplex": _COMPLEX},
        static=["fft_length", "axes"],
        shape=shape,
        defaults={"Treal": dtypes.float32, "Tcomplex": dtypes.complex64},
        grad=grad,
        kernel=lambda x, n, axes, **_: _run(kind, x, _normal(axes.tolist(), x.ndim), n.tolist()),
        lower=lambda b, x, n, axes, **_: _lower(b, kind, x, _normal(axes.tolist(), x.rank), n.tolist()),
    )


FFT, FFT2D, FFT3D = (_complex_row("FFT", n) for n in (1, 2, 3))
IFFT, IFFT2D, IFFT3D = (_complex_row("IFFT", n) for n in (1, 2, 3))
RFFT, RFFT2D, RFFT3D = (_real_row("RFFT", n) for n in (1, 2, 3))
IRFFT, IRFFT2D, IRFFT3D = (_real_row("IRFFT", n) for n in (1, 2, 3))
FFTND, IFFTND, RFFTND, IRFFTND = (_nd_row(kind) for kind in ("FFT", "IFFT", "RFFT", "IRFFT"))
