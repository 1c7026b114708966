"""`tf.signal`: Fourier and cosine transforms, framing, windows, spectrograms. Signals run along the last dimension."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import headrace.ops.fft  # (its ops are looked up by name)
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.math import add, mul, neg, sqrt, sub


# --------------------------------------------------------------------------------------------------------------- helpers
def _last(x: Any) -> Any:
    """The last dimension: a number where it is known while building, else a scalar tensor."""
    shape = x._raw_shape
    if shape is not None and shape[-1] is not None:
        return shape[-1]
    return lookup("StridedSlice")(lookup("Shape")(x), [-1], [0], [1], end_mask=1, shrink_axis_mask=1)


def _cut(x: Any, start: Any, stop: Any, step: int = 1) -> Any:
    """`x[..., start:stop:step]`; None means the end on that side."""
    begin = lookup("Pack")([0, start], axis=0) if isinstance(start, Tensor) else [0, start or 0]
    end = lookup("Pack")([0, stop], axis=0) if isinstance(stop, Tensor) else [0, stop or 0]
    return lookup("StridedSlice")(x, begin, end, [1, step], ellipsis_mask=1, begin_mask=2 * (start is None), end_mask=2 * (stop is None))


def _padded(x: Any, before: Any, after: Any) -> Any:
    """Zeros added along the last dimension."""
    if isinstance(before, int) and isinstance(after, int) and x.ndim is not None:
        return lookup("Pad")(x, [[0, 0]] * (x.ndim - 1) + [[before, after]]) if before or after else x
    rank = lookup("Sub")(lookup("Rank")(x), 1)
    none = lookup("Fill")(lookup("Pack")([rank, 2], axis=0), 0)
    row = lookup("Pack")([lookup("Pack")([before, after], axis=0)], axis=0)
    return lookup("Pad")(x, lookup("ConcatV2")([none, row], 0))


def _reversed(x: Any) -> Any:
    """Turned around along the last dimension."""
    return _cut(x, None, None, -1)


def _scalar(value: Any, what: str) -> Any:
    """An integer argument: a Python number where it is known while building, else an int32 scalar tensor."""
    tensor = to_tensor(value)
    if tensor.ndim not in (None, 0):
        raise ValueError(f"{what} must be a scalar, received shape {tensor.shape}.")
    if not tensor._dtype.is_integer:
        raise ValueError(f"{what} must be an integer. Got {tensor._dtype!r}")
    known = static_value(tensor)
    return int(known) if known is not None else lookup("Cast")(tensor, DstT=dtypes.int32)


def _number(value: Any, dtype: DType) -> Any:
    return lookup("Cast")(value, DstT=dtype) if isinstance(value, Tensor) else np.asarray(value, dtype._np)


def _int(a: Any, op: str, b: Any, fold: Callable[[int, int], int]) -> Any:
    """Integer arithmetic on numbers, or on tensors where one is not known yet."""
    return fold(a, b) if isinstance(a, int) and isinstance(b, int) else lookup(op)(a, b)


def _shape(parts: list[Any]) -> Any:
    """A shape vector of the given pieces: lists, or tensors."""
    if all(isinstance(p, list) and all(isinstance(n, int) for n in p) for p in parts):
        return [n for p in parts for n in p]
    return lookup("ConcatV2")([p if isinstance(p, Tensor) else lookup("Pack")(p, axis=0) for p in parts if not isinstance(p, list) or p], 0)


def _outer(x: Any, drop: int) -> Any:
    """All dimensions but the last `drop`: a list where they are known, else a tensor."""
    shape = x._raw_shape
    if shape is not None and None not in shape[: len(shape) - drop]:
        return list(shape[: len(shape) - drop])
    return lookup("StridedSlice")(lookup("Shape")(x), [0], [-drop], [1], begin_mask=1)


def _at_least(x: Any, rank: int) -> Any:
    if x.ndim is not None and x.ndim < rank:
        raise ValueError(f"Shape {x.shape} must have rank at least {rank}")
    return x


# ---------------------------------------------------------------------------------------------------- Fourier transforms
def fft(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform of a complex signal along the last dimension.

    >>> import headrace as tf
    >>> tf.signal.fft([1 + 0j, 0, 0, 0]).numpy().tolist()
    [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return lookup("FFT")(input, name=name)


def ifft(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft`.

    >>> import headrace as tf
    >>> tf.signal.ifft([4 + 0j, 0, 0, 0]).numpy().tolist()
    [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return lookup("IFFT")(input, name=name)


def fft2d(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform over the last two dimensions.

    >>> import headrace as tf
    >>> tf.signal.fft2d([[1 + 0j, 1]]).numpy().tolist()
    [[(2+0j), 0j]]
    """
    return lookup("FFT2D")(input, name=name)


def ifft2d(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft2d`.

    >>> import headrace as tf
    >>> tf.signal.ifft2d([[2 + 0j, 0]]).numpy().tolist()
    [[(1+0j), (1+0j)]]
    """
    return lookup("IFFT2D")(input, name=name)


def fft3d(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform over the last three dimensions.

    >>> import headrace as tf
    >>> tf.signal.fft3d([[[1 + 0j, 1]]]).numpy().tolist()
    [[[(2+0j), 0j]]]
    """
    return lookup("FFT3D")(input, name=name)


def ifft3d(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft3d`.

    >>> import headrace as tf
    >>> tf.signal.ifft3d([[[2 + 0j, 0]]]).numpy().tolist()
    [[[(1+0j), (1+0j)]]]
    """
    return lookup("IFFT3D")(input, name=name)


def _real_input(x: Any) -> Any:
    x = to_tensor(x, hint=dtypes.float32)
    if x._dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"RFFT requires tf.float32 or tf.float64 inputs, got: {x}")
    return x


def _complex_input(x: Any) -> Any:
    x = to_tensor(x, hint=dtypes.complex64)
    if x._dtype not in (dtypes.complex64, dtypes.complex128):
        raise ValueError(f"IRFFT requires tf.complex64 or tf.complex128 inputs, got: {x}")
    return x


def _complex_of(x: Any) -> DType:
    return dtypes.complex64 if x._dtype is dtypes.float32 else dtypes.complex128


def _rfft(op: str, rank: int, x: Any, fft_length: Any, name: str | None) -> Any:
    x = _at_least(_real_input(x), rank)
    if fft_length is None:
        shape = x._raw_shape
        known = shape is not None and None not in shape[-rank:]
        fft_length = list(shape[-rank:]) if known else lookup("StridedSlice")(lookup("Shape")(x), [-rank], [0], [1], end_mask=1)
    return lookup(op)(x, fft_length, Tcomplex=_complex_of(x), name=name)


def _irfft(op: str, rank: int, x: Any, fft_length: Any, name: str | None) -> Any:
    x = _at_least(_complex_input(x), rank)
    if fft_length is None:
        shape = x._raw_shape
        if shape is not None and None not in shape[-rank:]:
            fft_length = [*shape[-rank:-1], max(0, 2 * (shape[-1] - 1))]
        else:
            sizes = lookup("Unpack")(lookup("StridedSlice")(lookup("Shape")(x), [-rank], [0], [1], end_mask=1), num=rank, axis=0)
            last = lookup("Maximum")(0, lookup("Mul")(lookup("Sub")(sizes[-1], 1), 2))
            fft_length = lookup("Pack")([*sizes[:-1], last], axis=0)
    return lookup(op)(x, fft_length, Treal=x._dtype.real_dtype, name=name)


def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The Fourier transform of real signals: the `fft_length // 2 + 1` coefficients that are not redundant.

    Args:
      input_tensor: float32 or float64, `[..., samples]`.
      fft_length: `[n]`: the signal is cropped, or padded with zeros, to n samples. Default: its own length.

    >>> import headrace as tf
    >>> tf.signal.rfft([1.0, 1.0, 1.0, 1.0]).numpy().tolist()
    [(4+0j), 0j, 0j]
    """
    return _rfft("RFFT", 1, input_tensor, fft_length, name)


def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft`: a real signal of `fft_length` samples (default `2 * (coefficients - 1)`).

    >>> import headrace as tf
    >>> tf.signal.irfft([4 + 0j, 0, 0]).numpy().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    return _irfft("IRFFT", 1, input_tensor, fft_length, name)


def rfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """`rfft` over the last two dimensions; the last one is halved.

    >>> import headrace as tf
    >>> tf.signal.rfft2d([[1.0, 1.0], [1.0, 1.0]]).numpy().tolist()
    [[(4+0j), 0j], [0j, 0j]]
    """
    return _rfft("RFFT2D", 2, input_tensor, fft_length, name)


def irfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft2d`.

    >>> import headrace as tf
    >>> tf.signal.irfft2d([[4 + 0j, 0], [0, 0]]).numpy().tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _irfft("IRFFT2D", 2, input_tensor, fft_length, name)


def rfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """`rfft` over the last three dimensions; the last one is halved.

    >>> import headrace as tf
    >>> tf.signal.rfft3d([[[1.0, 1.0]]]).numpy().tolist()
    [[[(2+0j), 0j]]]
    """
    return _rfft("RFFT3D", 3, input_tensor, fft_length, name)


def irfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft3d`.

    >>> import headrace as tf
    >>> tf.signal.irfft3d([[[2 + 0j, 0]]]).numpy().tolist()
    [[[1.0, 1.0]]]
    """
    return _irfft("IRFFT3D", 3, input_tensor, fft_length, name)


def _nd(op: str, x: Any, fft_length: Any, axes: Any, norm: str | None, name: str | None, **attrs: Any) -> Any:
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f"norm must be None, 'backward', 'ortho' or 'forward', received {norm!r}.")
    if x.ndim is None:
        raise ValueError(f"{op} needs the rank of its input to be known while building the graph.")
    axes = to_tensor(list(range(x.ndim)) if axes is None else axes, dtypes.int32)
    if fft_length is None:
        sizes = lookup("GatherV2")(lookup("Shape")(x), lookup("FloorMod")(axes, x.ndim), 0)
        if op == "IRFFTND":
            last = lookup("Maximum")(0, lookup("Mul")(lookup("Sub")(_cut(sizes, -1, None), 1), 2))
            sizes = lookup("ConcatV2")([_cut(sizes, 0, -1), last], 0)
        fft_length = sizes
    fft_length = to_tensor(fft_length, dtypes.int32)
    y = lookup(op)(x, fft_length, axes, name=name, **attrs)
    if norm in (None, "backward"):
        return y
    real = y._dtype.real_dtype
    total = lookup("Cast")(lookup("Prod")(fft_length, [0], keep_dims=False), DstT=real)
    factor = sqrt(total) if norm == "ortho" else total
    factor = factor if op.startswith("I") else lookup("Reciprocal")(factor)
    return mul(y, lookup("Cast")(factor, DstT=y._dtype))


def fftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None) -> Any:
    """The discrete Fourier transform over any dimensions.

    Args:
      fft_length: one length per axis, to which the input is cropped or padded with zeros.
      axes: the dimensions; default all.
      norm: "backward" (the default: the inverse is scaled by 1/n), "ortho" (both by 1/√n) or "forward".

    >>> import headrace as tf
    >>> tf.signal.fftnd([[1 + 0j], [1]], axes=[0]).numpy().tolist()
    [[(2+0j)], [0j]]
    """
    return _nd("FFTND", to_tensor(input_tensor, hint=dtypes.complex64), fft_length, axes, norm, name)


def ifftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None) -> Any:
    """The inverse of `fftnd`.

    >>> import headrace as tf
    >>> tf.signal.ifftnd([[2 + 0j], [0]], axes=[0]).numpy().tolist()
    [[(1+0j)], [(1+0j)]]
    """
    return _nd("IFFTND", to_tensor(input_tensor, hint=dtypes.complex64), fft_length, axes, norm, name)


def rfftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None) -> Any:
    """The Fourier transform of real data over any dimensions; the last of `axes` is halved. Arguments as in `fftnd`.

    >>> import headrace as tf
    >>> tf.signal.rfftnd([[1.0, 1.0]]).numpy().tolist()
    [[(2+0j), 0j]]
    """
    x = _real_input(input_tensor)
    return _nd("RFFTND", x, fft_length, axes, norm, name, Tcomplex=_complex_of(x))


def irfftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None) -> Any:
    """The inverse of `rfftnd`.

    >>> import headrace as tf
    >>> tf.signal.irfftnd([[2 + 0j, 0]]).numpy().tolist()
    [[1.0, 1.0]]
    """
    x = _complex_input(input_tensor)
    return _nd("IRFFTND", x, fft_length, axes, norm, name, Treal=x._dtype.real_dtype)


def _shift(x: Any, axes: Any, name: str | None, amount: Callable[[Any], Any], fold: Callable[[int], int]) -> Any:
    x = to_tensor(x)
    if axes is None:
        if x.ndim is None:
            raise ValueError("fftshift over all axes needs the rank of its input to be known while building the graph.")
        axes = list(range(x.ndim))
    if isinstance(axes, Tensor):
        shift = amount(lookup("GatherV2")(lookup("Shape")(x), axes, 0))
    else:
        listed = [axes] if isinstance(axes, int) else list(axes)
        if not listed:
            return x
        shape = x._raw_shape
        if shape is not None and all(shape[a] is not None for a in listed):
            shift = [fold(shape[a]) for a in listed]  # type: ignore[arg-type]
        else:
            rank = x.ndim
            at = [a % rank for a in listed] if rank is not None else listed
            shift = amount(lookup("GatherV2")(lookup("Shape")(x), at, 0))
        axes = listed
    return lookup("Roll")(x, shift, axes, name=name)


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """Moves the zero-frequency component to the middle of the given axes (default: all).

    >>> import headrace as tf
    >>> tf.signal.fftshift([0, 1, 2, -2, -1]).numpy().tolist()
    [-2, -1, 0, 1, 2]
    """
    return _shift(x, axes, name, lambda n: lookup("FloorDiv")(n, 2), lambda n: n // 2)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The inverse of `fftshift`.

    >>> import headrace as tf
    >>> tf.signal.ifftshift([-2, -1, 0, 1, 2]).numpy().tolist()
    [0, 1, 2, -2, -1]
    """
    return _shift(x, axes, name, lambda n: lookup("Neg")(lookup("FloorDiv")(n, 2)), lambda n: -(n // 2))


# ----------------------------------------------------------------------------------------------------- cosine transforms
def _check_dct(x: Any, type: int, n: Any, axis: int, norm: str | None) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in (1, 2, 3, 4):
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    if type == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        if x.ndim is not None and x.shape[-1] is not None and x.shape[-1] < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")


def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: str | None = None) -> Any:
    """The discrete cosine transform of type 1, 2, 3 or 4 along the last dimension, as `scipy.fft.dct`.

    Args:
      n: the length to which the signal is cropped or padded with zeros first.
      axis: must be -1.
      norm: None or "ortho" (not for type 1).

    Raises:
      ValueError: another type or norm.

    >>> import headrace as tf
    >>> tf.signal.dct([1.0, 1.0]).numpy().tolist()
    [4.0, 0.0]
    """
    x = to_tensor(input)
    _check_dct(x, type, n, axis, norm)
    return _dct(x, type, n, norm)


def idct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: str | None = None) -> Any:
    """The inverse of `dct` of that type up to a factor: `idct(dct(x)) == 2 n x`, and `x` itself with norm "ortho".

    >>> import headrace as tf
    >>> tf.signal.idct(tf.signal.dct([1.0, 3.0])).numpy().round(4).tolist()
    [4.0, 12.0]
    """
    x = to_tensor(input)
    _check_dct(x, type, n, axis, norm)
    return _dct(x, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, norm)


def _dct(x: Any, type: int, n: Any, norm: str | None) -> Any:
    kind = x._dtype
    if n is not None:
        size = _last(x)
        if isinstance(size, int) and isinstance(n, int):
            x = _cut(x, 0, n) if n <= size else _padded(x, 0, n - size)
        else:
            x = _padded(_cut(x, 0, n), 0, lookup("Maximum")(0, lookup("Sub")(n, size)))
    size = _last(x)
    if type == 1:  # the signal and its mirror image are one period
        return lookup("Real")(rfft(lookup("ConcatV2")([x, _cut(x, -2, 0, -1)], -1)), Tout=kind)
    if type == 4:  # every other coefficient of a type 2 transform of twice the length
        y = _cut(_dct(x, 2, _int(size, "Mul", 2, lambda a, b: a * b), None), 1, None, 2)
        return y if norm is None else mul(y, mul(lookup("Rsqrt")(_scalar_of(size, kind)), np.asarray(math.sqrt(0.5), kind._np)))
    length = lookup("Cast")(size, DstT=kind) if isinstance(size, Tensor) else np.asarray(size, kind._np)
    angles = mul(_steps(size, kind), lookup("RealDiv")(np.asarray(math.pi / 2, kind._np), length))
    turn = lookup("Complex")(lookup("Cos")(angles), lookup("Sin")(neg(angles) if type == 2 else angles), Tout=_complex_of(x))
    twice = _int(size, "Mul", 2, lambda a, b: a * b)
    period = [twice] if isinstance(twice, int) else lookup("Pack")([twice], axis=0)
    two = np.asarray(2, kind._np)
    if type == 2:
        y = mul(lookup("Real")(mul(_cut(rfft(x, period), 0, size), turn), Tout=kind), two)
        return y if norm is None else mul(y, _ortho(size, kind, lambda n: lookup("Rsqrt")(n) * 0.5, math.sqrt(2)))
    x = mul(x, length) if norm is None else mul(x, _ortho(size, kind, sqrt, math.sqrt(0.5)))
    spectrum = mul(turn, lookup("Complex")(mul(x, two), lookup("ZerosLike")(x), Tout=_complex_of(x)))
    return _cut(irfft(spectrum, period), 0, size)


def _scalar_of(size: Any, kind: DType) -> Any:
    return lookup("Cast")(size, DstT=kind) if isinstance(size, Tensor) else to_tensor(np.asarray(size, kind._np))


def _steps(size: Any, kind: DType) -> Any:
    """0, 1, 2 … as numbers of that type."""
    return lookup("Cast")(lookup("Range")(0, size, 1), DstT=kind)


def _ortho(size: Any, kind: DType, first: Callable[[Any], Any], ratio: float) -> Any:
    """Weights that make the transform orthogonal: w for the constant component, ratio · w for the others."""
    w = first(_scalar_of(size, kind))
    return lookup("SelectV2")(lookup("Equal")(_steps(size, kind), np.zeros((), kind._np)), w, mul(w, np.asarray(ratio, kind._np)))


# --------------------------------------------------------------------------------------------------------------- windows
def _window(window_length: Any, dtype: Any) -> tuple[Any, DType]:
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype!r}")
    return _scalar(window_length, "window_length"), dtype


def _raised_cosine(window_length: Any, periodic: Any, dtype: Any, a: float, b: float) -> Any:
    n, dtype = _window(window_length, dtype)
    if n == 1 and isinstance(n, int):
        return lookup("Fill")([1], np.ones((), dtype._np))
    even = _int(1, "Sub", _int(n, "FloorMod", 2, lambda x, y: x % y), lambda x, y: x - y)
    if isinstance(periodic, Tensor):
        even = lookup("Mul")(lookup("Cast")(periodic, DstT=dtypes.int32), even)
    elif not periodic:
        even = 0
    # A window of one sample is 1: the denominator, which would be 0, does not matter then.
    span = _int(_int(n, "AddV2", even, lambda x, y: x + y), "Sub", 1, lambda x, y: x - y)
    divisor = _number(span, dtype)
    angle = lookup("RealDiv")(mul(_steps(n, dtype), np.asarray(2 * math.pi, dtype._np)), divisor)
    window = sub(np.asarray(a, dtype._np), mul(lookup("Cos")(angle), np.asarray(b, dtype._np)))
    return window if isinstance(n, int) else lookup("SelectV2")(lookup("Equal")(n, 1), np.ones((), dtype._np), window)


def hann_window(window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The Hann window: a raised cosine that starts at 0.

    Args:
      periodic: whether the window is one period of the cosine (for spectra), or symmetric (for filters).

    >>> import headrace as tf
    >>> tf.signal.hann_window(4).numpy().round(3).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    return _raised_cosine(window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The Hamming window: a raised cosine that starts at 0.08. Arguments as in `hann_window`.

    >>> import headrace as tf
    >>> float(tf.signal.hamming_window(4)[2])
    1.0
    """
    return _raised_cosine(window_length, periodic, dtype, 0.54, 0.46)


def kaiser_window(window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The Kaiser window: near-optimal concentration around frequency 0; larger `beta`, wider main lobe and lower side lobes.

    >>> import headrace as tf
    >>> float(tf.signal.kaiser_window(3)[1])
    1.0
    """
    n, dtype = _window(window_length, dtype)
    if n == 1 and isinstance(n, int):
        return lookup("Fill")([1], np.ones((), dtype._np))
    wide = dtypes.float32 if dtype.size < 4 else dtype
    half = lookup("RealDiv")(sub(_number(n, wide), np.ones((), wide._np)), np.asarray(2, wide._np))
    position = lookup("RealDiv")(sub(_steps(n, wide), half), half)
    inside = lookup("Maximum")(sub(np.ones((), wide._np), mul(position, position)), np.zeros((), wide._np))
    beta = lookup("Cast")(to_tensor(beta), DstT=wide)
    arch = mul(beta, sqrt(inside))
    bessel = lookup("BesselI0e")
    window = mul(lookup("Exp")(sub(arch, beta)), lookup("RealDiv")(bessel(arch), bessel(beta)))
    return lookup("Cast")(window, DstT=dtype)


def kaiser_bessel_derived_window(window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The Kaiser-Bessel derived window, whose overlapping squares add up to 1 (for `mdct`). `window_length` must be even.

    >>> import headrace as tf
    >>> tf.signal.kaiser_bessel_derived_window(2).numpy().round(3).tolist()
    [0.707, 0.707]
    """
    n, dtype = _window(window_length, dtype)
    kaiser = kaiser_window(_int(_int(n, "FloorDiv", 2, lambda a, b: a // b), "AddV2", 1, lambda a, b: a + b), beta, dtype)
    total = lookup("Cumsum")(kaiser, -1)
    half = sqrt(lookup("RealDiv")(_cut(total, 0, -1), _cut(total, -1, None)))
    return lookup("ConcatV2")([half, _reversed(half)], 0)


def vorbis_window(window_length: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The power-complementary window of the Vorbis codec (for `mdct`).

    >>> import headrace as tf
    >>> tf.signal.vorbis_window(2).numpy().round(3).tolist()
    [0.707, 0.707]
    """
    n, dtype = _window(window_length, dtype)
    half = np.asarray(0.5, dtype._np)
    angle = mul(add(_steps(n, dtype), half), lookup("RealDiv")(np.asarray(math.pi, dtype._np), _number(n, dtype)))
    sine = lookup("Sin")(angle)
    return lookup("Sin")(mul(mul(sine, sine), np.asarray(math.pi / 2, dtype._np)))


# --------------------------------------------------------------------------------------------------------------- framing
_MOST_SLICES = 32  # beyond so many pieces per frame a gather is smaller


def frame(signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0, axis: Any = -1, name: str | None = None) -> Any:
    """Overlapping frames of a signal: dimension `axis` becomes two, `[frames, frame_length]`.

    Args:
      frame_length, frame_step: samples per frame, and from one frame's start to the next one's.
      pad_end: whether frames that reach past the end are kept, filled up with `pad_value`.

    >>> import headrace as tf
    >>> tf.signal.frame([1, 2, 3, 4, 5], 3, 2).numpy().tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    x = _at_least(to_tensor(signal), 1)
    length, step = _scalar(frame_length, "frame_length"), _scalar(frame_step, "frame_step")
    axis = _scalar(axis, "axis")
    if not isinstance(axis, int) or x.ndim is None:
        if axis != -1:
            raise ValueError("frame needs `axis`, and the rank of the signal, to be known while building the graph.")
    elif axis % x.ndim != x.ndim - 1:
        axis %= x.ndim
        rest = [i for i in range(x.ndim) if i != axis]
        frames = frame(lookup("Transpose")(x, [*rest, axis]), length, step, pad_end, pad_value)
        last = x.ndim  # the frames' position
        return lookup("Transpose")(frames, [*range(axis), last - 1, last, *range(axis, last - 1)])
    size = _last(x)
    one = np.asarray(1, np.int32)
    if pad_end:
        count = _int(_int(_int(size, "AddV2", step, lambda a, b: a + b), "Sub", 1, lambda a, b: a - b), "FloorDiv", step, lambda a, b: a // b)
        span = _int(length, "AddV2", _int(step, "Mul", _int(count, "Sub", 1, lambda a, b: a - b), lambda a, b: a * b), lambda a, b: a + b)
        more = _int(0, "Maximum", _int(span, "Sub", size, lambda a, b: a - b), max)
        x = _filled(x, more, pad_value)
    else:
        free = _int(_int(size, "Sub", length, lambda a, b: a - b), "FloorDiv", step, lambda a, b: a // b)
        count = _int(0, "Maximum", _int(1, "AddV2", free, lambda a, b: a + b), max)
    size = _last(x)
    if all(isinstance(n, int) for n in (length, step, count, size)) and length <= _MOST_SLICES * step and step > 0:
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
    """Frames as pieces of `step` samples: piece k of all frames is one contiguous run of the signal. Slices and their gradient
    (padding) are much cheaper than a gather and its (a scatter)."""
    if not count:
        return lookup("Fill")(_shape([_outer(x, 1), [0, length]]), np.zeros((), x._dtype._np))
    pieces, needed = -(-length // step), (count - 1 + -(-length // step)) * step
    x = _padded(x, 0, max(0, needed - x.shape[-1]))
    parts = []
    for k in range(pieces):
        run = _cut(x, k * step, (k + count) * step)
        piece = lookup("Reshape")(run, _shape([_outer(run, 1), [count, step]]))
        width = min(step, length - k * step)
        parts.append(piece if width == step else _cut(piece, 0, width))
    return parts[0] if len(parts) == 1 else lookup("ConcatV2")(parts, -1)


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Any:
    """Adds frames `[..., frames, frame_length]`, each `frame_step` samples after the one before, into one signal of
    `(frames - 1) * frame_step + frame_length` samples.

    >>> import headrace as tf
    >>> tf.signal.overlap_and_add([[1, 2, 3], [10, 20, 30]], 2).numpy().tolist()
    [1, 2, 13, 20, 30]
    """
    x = _at_least(to_tensor(signal), 2)
    step = _scalar(frame_step, "frame_step")
    shape = x._raw_shape
    length = _last(x)
    count = shape[-2] if shape is not None and shape[-2] is not None else _last(lookup("StridedSlice")(x, [0, 0], [0, 1], [1, 1], ellipsis_mask=1, shrink_axis_mask=2))
    outer = _outer(x, 2)
    plus, minus, times = (lambda a, b: _int(a, "AddV2", b, lambda p, q: p + q)), (lambda a, b: _int(a, "Sub", b, lambda p, q: p - q)), (lambda a, b: _int(a, "Mul", b, lambda p, q: p * q))
    total = plus(length, times(step, minus(count, 1)))
    if isinstance(step, int) and step == length:
        return lookup("Reshape")(x, _shape([outer, [total]]))
    pieces = _int(minus(plus(length, step), 1), "FloorDiv", step, lambda a, b: a // b)
    # Cut every frame into pieces of `step` samples. Piece k of frame i belongs at position i + k. Laid out piece by piece with
    # `pieces` empty frames behind each, and read again with rows one shorter, every piece moves by its own k.
    x = _pad_last_two(x, pieces, minus(times(pieces, step), length))
    rows = plus(count, pieces)
    x = lookup("Reshape")(x, _shape([outer, [rows, pieces, step]]))
    x = _swapped(x, 3, 2)
    x = lookup("Reshape")(x, _shape([outer, [times(times(rows, pieces), step)]]))
    x = _cut(x, 0, times(times(minus(rows, 1), pieces), step))
    x = lookup("Reshape")(x, _shape([outer, [pieces, times(minus(rows, 1), step)]]))
    return _cut(lookup("Sum")(x, [-2], keep_dims=False), 0, total)


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
    return lookup("Transpose")(x, lookup("ConcatV2")([lookup("Range")(0, lookup("Sub")(rank, 3), 1), lookup("Pack")(ends, axis=0)], 0))


# ----------------------------------------------------------------------------------------------------------- spectrograms
def _power_of_two(n: Any) -> Any:
    """The least power of two that is not less than n."""
    if isinstance(n, int):
        return 2 ** math.ceil(math.log(n) / math.log(2.0))
    log = lookup("RealDiv")(lookup("Log")(lookup("Cast")(n, DstT=dtypes.float32)), np.float32(math.log(2)))
    return lookup("Cast")(lookup("Pow")(np.float32(2), lookup("Ceil")(log)), DstT=dtypes.int32)


def _vector(n: Any) -> Any:
    return [n] if isinstance(n, int) else lookup("Pack")([n], axis=0)


def stft(
    signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Callable[..., Any] | None = hann_window, pad_end: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The short-time Fourier transform: `[..., samples]` real to `[..., frames, fft_length // 2 + 1]` complex.

    Args:
      frame_length, frame_step: as in `frame`.
      fft_length: the transform's length; default the next power of two.
      window_fn: `window_fn(frame_length, dtype=…)` gives the window each frame is multiplied with; None for none.

    >>> import headrace as tf
    >>> tf.signal.stft(tf.ones([100]), 20, 10).shape
    TensorShape([9, 17])
    """
    x = _at_least(to_tensor(signals), 1)
    length, step = _scalar(frame_length, "frame_length"), _scalar(frame_step, "frame_step")
    size = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
    frames = frame(x, length, step, pad_end=pad_end)
    if window_fn is not None:
        frames = mul(frames, window_fn(length, dtype=frames._dtype))
    return rfft(frames, _vector(size))


def inverse_stft_window_fn(frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None) -> Callable[..., Any]:
    """A window for `inverse_stft` that undoes a `stft` with `forward_window_fn` exactly (D. Griffin and J. Lim, "Signal
    estimation from modified short-time Fourier transform", 1984, equation 7).

    >>> import headrace as tf
    >>> tf.signal.inverse_stft_window_fn(2)(4, dtype=tf.float32).shape
    TensorShape([4])
    """

    def window(frame_length: Any, dtype: Any = dtypes.float32) -> Any:
        step, length = _scalar(frame_step, "frame_step"), _scalar(frame_length, "frame_length")
        forward = forward_window_fn(length, dtype=dtype)
        pieces = _int(_int(_int(length, "AddV2", step, lambda a, b: a + b), "Sub", 1, lambda a, b: a - b), "FloorDiv", step, lambda a, b: a // b)
        whole = _int(pieces, "Mul", step, lambda a, b: a * b)
        squares = _padded(mul(forward, forward), 0, _int(whole, "Sub", length, lambda a, b: a - b))
        energy = lookup("Sum")(lookup("Reshape")(squares, _shape([[pieces, step]])), [0], keep_dims=True)
        energy = lookup("Reshape")(lookup("Tile")(energy, _shape([[pieces, 1]])), _shape([[whole]]))
        energy = _cut(energy, 0, length)
        empty = lookup("Equal")(energy, np.zeros((), energy._dtype._np))
        return lookup("SelectV2")(empty, lookup("ZerosLike")(forward), lookup("RealDiv")(forward, energy))

    return window


def inverse_stft(stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Callable[..., Any] | None = hann_window, name: str | None = None) -> Any:
    """The signal of a short-time Fourier transform: `[..., frames, fft_length // 2 + 1]` to `[..., samples]`. With
    `window_fn=tf.signal.inverse_stft_window_fn(frame_step)` it undoes `stft`.

    >>> import headrace as tf
    >>> spectra = tf.signal.stft(tf.ones([100]), 20, 10)
    >>> tf.signal.inverse_stft(spectra, 20, 10).shape
    TensorShape([100])
    """
    x = _at_least(to_tensor(stfts), 2)
    length, step = _scalar(frame_length, "frame_length"), _scalar(frame_step, "frame_step")
    size = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
    frames = irfft(x, _vector(size))
    have = _last(frames)
    if isinstance(have, int) and isinstance(length, int):
        frames = _cut(frames, 0, length) if have > length else _padded(frames, 0, length - have)
    else:
        frames = _padded(_cut(frames, 0, length), 0, lookup("Maximum")(0, lookup("Sub")(length, have)))
    if window_fn is not None:
        frames = mul(frames, window_fn(length, dtype=x._dtype.real_dtype))
    return overlap_and_add(frames, step)


def mdct(signals: Any, frame_length: Any, window_fn: Callable[..., Any] | None = vorbis_window, pad_end: bool = False, norm: str | None = None, name: str | None = None) -> Any:
    """The modified discrete cosine transform: `[..., samples]` to `[..., frames, frame_length // 2]`.

    Args:
      frame_length: a multiple of 4; frames overlap by half.
      window_fn: as in `stft`; None for a constant window of 1/√2.
      norm: None or "ortho", of the underlying `dct` of type 4.

    >>> import headrace as tf
    >>> tf.signal.mdct(tf.ones([16]), 8).shape
    TensorShape([3, 4])
    """
    x = _at_least(to_tensor(signals), 1)
    length = _scalar(frame_length, "frame_length")
    if isinstance(length, int) and length % 4:
        raise ValueError("The frame length must be a multiple of 4.")
    frames = frame(x, length, _int(length, "FloorDiv", 2, lambda a, b: a // b), pad_end=pad_end)
    frames = mul(frames, np.asarray(1 / math.sqrt(2), x._dtype._np) if window_fn is None else window_fn(length, dtype=frames._dtype))
    a, b, c, d = lookup("Split")(-1, frames, num_split=4)
    folded = lookup("ConcatV2")([sub(neg(_reversed(c)), d), sub(a, _reversed(b))], -1)
    return dct(folded, type=4, norm=norm)


def inverse_mdct(mdcts: Any, window_fn: Callable[..., Any] | None = vorbis_window, norm: str | None = None, name: str | None = None) -> Any:
    """The signal of a modified discrete cosine transform: `[..., frames, n]` to `[..., (frames + 1) * n]`. Undoes `mdct` with the
    same window and norm, except for the first and last n samples.

    >>> import headrace as tf
    >>> tf.signal.inverse_mdct(tf.ones([3, 4])).shape
    TensorShape([16])
    """
    x = _at_least(to_tensor(mdcts), 2)
    half = _last(x)
    if norm is None:
        y = mul(dct(x, type=4), lookup("RealDiv")(np.asarray(0.5, x._dtype._np), _number(half, x._dtype)))
    elif norm == "ortho":
        y = dct(x, type=4, norm="ortho")
    else:
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    first, second = lookup("Split")(-1, y, num_split=2)
    frames = lookup("ConcatV2")([second, neg(_reversed(second)), neg(_reversed(first)), neg(first)], -1)
    window = np.asarray(1 / math.sqrt(2), x._dtype._np) if window_fn is None else window_fn(_int(half, "Mul", 2, lambda a, b: a * b), dtype=x._dtype)
    return overlap_and_add(mul(frames, window), half)


_MEL_BREAK, _MEL_SCALE = 700.0, 1127.0  # mel(f) = 1127 ln(1 + f/700)


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20, num_spectrogram_bins: Any = 129, sample_rate: Any = 8000, lower_edge_hertz: float = 125.0, upper_edge_hertz: float = 3800.0,
    dtype: Any = dtypes.float32, name: str | None = None,
) -> Any:  # fmt: skip
    """The matrix `[num_spectrogram_bins, num_mel_bins]` that warps a linear spectrogram to the mel scale: triangles of height 1,
    equally wide on the mel scale, as the Hidden Markov Model Toolkit has them.

    Raises:
      ValueError: sizes that are not positive, edges out of order or above the Nyquist frequency.

    >>> import headrace as tf
    >>> tf.signal.linear_to_mel_weight_matrix(4, 9).shape
    TensorShape([9, 4])
    """
    dtype = dtypes.as_dtype(dtype)
    if isinstance(sample_rate, Tensor):
        known = static_value(sample_rate)
        sample_rate = sample_rate if known is None else known[()]
    if num_mel_bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {num_mel_bins}")
    if lower_edge_hertz < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower_edge_hertz}")
    if lower_edge_hertz >= upper_edge_hertz:
        raise ValueError(f"lower_edge_hertz {lower_edge_hertz:.1f} >= upper_edge_hertz {upper_edge_hertz:.1f}")
    if not isinstance(sample_rate, Tensor):
        if sample_rate <= 0.0:
            raise ValueError(f"sample_rate must be positive. Got: {sample_rate}")
        if upper_edge_hertz > sample_rate / 2:
            raise ValueError(f"upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). Got {upper_edge_hertz} for sample_rate: {sample_rate}")
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype!r}")
    kind = dtype._np
    nyquist = mul(lookup("Cast")(to_tensor(sample_rate), DstT=dtype), np.asarray(0.5, kind))
    hertz = _cut(lookup("LinSpace")(to_tensor(np.zeros((), kind)), nyquist, num_spectrogram_bins), 1, None)  # without the constant component

    def mel(f: Any) -> Any:
        return mul(lookup("Log")(add(lookup("RealDiv")(f, np.asarray(_MEL_BREAK, kind)), np.ones((), kind))), np.asarray(_MEL_SCALE, kind))

    bins = lookup("ExpandDims")(mel(hertz), 1)
    edges = lookup("LinSpace")(*(mel(to_tensor(np.asarray(f, kind))) for f in (lower_edge_hertz, upper_edge_hertz)), num_mel_bins + 2)
    lower, center, upper = (_cut(edges, i, num_mel_bins + i) for i in range(3))
    rising = lookup("RealDiv")(sub(bins, lower), sub(center, lower))
    falling = lookup("RealDiv")(sub(upper, bins), sub(upper, center))
    weights = lookup("Maximum")(np.zeros((), kind), lookup("Minimum")(rising, falling))
    return lookup("Pad")(weights, [[1, 0], [0, 0]], name=name)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """Mel-frequency cepstral coefficients: the scaled cosine transform of `[..., num_mel_bins]` log-magnitude mel spectrograms.

    >>> import headrace as tf
    >>> tf.signal.mfccs_from_log_mel_spectrograms(tf.zeros([2, 5])).shape
    TensorShape([2, 5])
    """
    x = to_tensor(log_mel_spectrograms)
    bins = _last(x)
    if bins == 0 and isinstance(bins, int):
        raise ValueError(f"num_mel_bins must be positive. Got: {x}")
    return mul(dct(x), lookup("Rsqrt")(mul(_scalar_of(bins, x._dtype), np.asarray(2, x._dtype._np))))


__all__ = [
    "fft", "ifft", "fft2d", "ifft2d", "fft3d", "ifft3d", "rfft", "irfft", "rfft2d", "irfft2d", "rfft3d", "irfft3d",
    "fftnd", "ifftnd", "rfftnd", "irfftnd", "fftshift", "ifftshift", "dct", "idct", "mdct", "inverse_mdct",
    "hann_window", "hamming_window", "kaiser_window", "kaiser_bessel_derived_window", "vorbis_window",
    "frame", "overlap_and_add", "stft", "inverse_stft", "inverse_stft_window_fn",
    "linear_to_mel_weight_matrix", "mfccs_from_log_mel_spectrograms",
]  # fmt: skip
ROOT: list[str] = []
