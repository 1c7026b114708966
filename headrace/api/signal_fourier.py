"""`tf.signal`: Fourier transforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import headrace.ops.fft
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.math import add, mul, neg, sqrt, sub

from .signal_lengths import at_least, cut, last


def fft(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform of a complex signal along the last dimension.

    >>> tf.signal.fft([1 + 0j, 0, 0, 0]).numpy().tolist()
    [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return lookup("FFT")(input, name=name)


def ifft(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft`.

    >>> tf.signal.ifft([4 + 0j, 0, 0, 0]).numpy().tolist()
    [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return lookup("IFFT")(input, name=name)


def fft2d(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform over the last two dimensions.

    >>> tf.signal.fft2d([[1 + 0j, 1]]).numpy().tolist()
    [[(2+0j), 0j]]
    """
    return lookup("FFT2D")(input, name=name)


def ifft2d(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft2d`.

    >>> tf.signal.ifft2d([[2 + 0j, 0]]).numpy().tolist()
    [[(1+0j), (1+0j)]]
    """
    return lookup("IFFT2D")(input, name=name)


def fft3d(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform over the last three dimensions.

    >>> tf.signal.fft3d([[[1 + 0j, 1]]]).numpy().tolist()
    [[[(2+0j), 0j]]]
    """
    return lookup("FFT3D")(input, name=name)


def ifft3d(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft3d`.

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


def complex_of(x: Any) -> DType:
    return dtypes.complex64 if x._dtype is dtypes.float32 else dtypes.complex128


def _rfft(op: str, rank: int, x: Any, fft_length: Any, name: str | None) -> Any:
    x = at_least(_real_input(x), rank)
    if fft_length is None:
        shape = x._raw_shape
        known = shape is not None and None not in shape[-rank:]
        fft_length = (
            list(shape[-rank:])
            if known
            else lookup("StridedSlice")(lookup("Shape")(x), [-rank], [0], [1], end_mask=1)
        )
    return lookup(op)(x, fft_length, Tcomplex=complex_of(x), name=name)


def _irfft(op: str, rank: int, x: Any, fft_length: Any, name: str | None) -> Any:
    x = at_least(_complex_input(x), rank)
    if fft_length is None:
        shape = x._raw_shape
        if shape is not None and None not in shape[-rank:]:
            fft_length = [*shape[-rank:-1], max(0, 2 * (shape[-1] - 1))]
        else:
            sizes = lookup("Unpack")(
                lookup("StridedSlice")(lookup("Shape")(x), [-rank], [0], [1], end_mask=1), num=rank, axis=0
            )
            last = lookup("Maximum")(0, lookup("Mul")(lookup("Sub")(sizes[-1], 1), 2))
            fft_length = lookup("Pack")([*sizes[:-1], last], axis=0)
    return lookup(op)(x, fft_length, Treal=x._dtype.real_dtype, name=name)


@scoped("rfft")
def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The Fourier transform of real signals: the `fft_length // 2 + 1` coefficients that are not redundant.

    Args:
      input_tensor: float32 or float64, `[..., samples]`.
      fft_length: `[n]`: the signal is cropped, or padded with zeros, to n samples. Default: its own length.

    >>> tf.signal.rfft([1.0, 1.0, 1.0, 1.0]).numpy().tolist()
    [(4+0j), 0j, 0j]
    """
    return _rfft("RFFT", 1, input_tensor, fft_length, name)


@scoped("irfft")
def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft`: a real signal of `fft_length` samples (default `2 * (coefficients - 1)`).

    >>> tf.signal.irfft([4 + 0j, 0, 0]).numpy().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    return _irfft("IRFFT", 1, input_tensor, fft_length, name)


@scoped("rfft2d")
def rfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """`rfft` over the last two dimensions; the last one is halved.

    >>> tf.signal.rfft2d([[1.0, 1.0], [1.0, 1.0]]).numpy().tolist()
    [[(4+0j), 0j], [0j, 0j]]
    """
    return _rfft("RFFT2D", 2, input_tensor, fft_length, name)


@scoped("irfft2d")
def irfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft2d`.

    >>> tf.signal.irfft2d([[4 + 0j, 0], [0, 0]]).numpy().tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _irfft("IRFFT2D", 2, input_tensor, fft_length, name)


@scoped("rfft3d")
def rfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """`rfft` over the last three dimensions; the last one is halved.

    >>> tf.signal.rfft3d([[[1.0, 1.0]]]).numpy().tolist()
    [[[(2+0j), 0j]]]
    """
    return _rfft("RFFT3D", 3, input_tensor, fft_length, name)


@scoped("irfft3d")
def irfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft3d`.

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
            last = lookup("Maximum")(0, lookup("Mul")(lookup("Sub")(cut(sizes, -1, None), 1), 2))
            sizes = lookup("ConcatV2")([cut(sizes, 0, -1), last], 0)
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


def fftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The discrete Fourier transform over any dimensions.

    Args:
      fft_length: one length per axis, to which the input is cropped or padded with zeros.
      axes: the dimensions; default all.
      norm: "backward" (the default: the inverse is scaled by 1/n), "ortho" (both by 1/√n) or "forward".

    >>> tf.signal.fftnd([[1 + 0j], [1]], axes=[0]).numpy().tolist()
    [[(2+0j)], [0j]]
    """
    return _nd("FFTND", to_tensor(input_tensor, hint=dtypes.complex64), fft_length, axes, norm, name)


def ifftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The inverse of `fftnd`.

    >>> tf.signal.ifftnd([[2 + 0j], [0]], axes=[0]).numpy().tolist()
    [[(1+0j)], [(1+0j)]]
    """
    return _nd("IFFTND", to_tensor(input_tensor, hint=dtypes.complex64), fft_length, axes, norm, name)


def rfftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The Fourier transform of real data over any dimensions; the last of `axes` is halved. Arguments as in
    `fftnd`.

    >>> tf.signal.rfftnd([[1.0, 1.0]]).numpy().tolist()
    [[(2+0j), 0j]]
    """
    x = _real_input(input_tensor)
    return _nd("RFFTND", x, fft_length, axes, norm, name, Tcomplex=complex_of(x))


def irfftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The inverse of `rfftnd`.

    >>> tf.signal.irfftnd([[2 + 0j, 0]]).numpy().tolist()
    [[1.0, 1.0]]
    """
    x = _complex_input(input_tensor)
    return _nd("IRFFTND", x, fft_length, axes, norm, name, Treal=x._dtype.real_dtype)


def _shift(
    x: Any, axes: Any, name: str | None, amount: Callable[[Any], Any], fold: Callable[[int], int]
) -> Any:
    x = to_tensor(x)
    if axes is None:
        if x.ndim is None:
            raise ValueError(
                "fftshift over all axes needs the rank of its input to be known while building the graph."
            )
        axes = list(range(x.ndim))
    if isinstance(axes, Tensor):
        shift = amount(lookup("GatherV2")(lookup("Shape")(x), axes, 0))
    else:
        listed = [axes] if isinstance(axes, int) else list(axes)
        if not listed:
            return x
        shape = x._raw_shape
        if shape is not None and all(shape[a] is not None for a in listed):
            shift = [fold(shape[a]) for a in listed]
        else:
            rank = x.ndim
            at = [a % rank for a in listed] if rank is not None else listed
            shift = amount(lookup("GatherV2")(lookup("Shape")(x), at, 0))
        axes = listed
    return lookup("Roll")(x, shift, axes, name=name)


@scoped("fftshift")
def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """Moves the zero-frequency component to the middle of the given axes (default: all).

    >>> tf.signal.fftshift([0, 1, 2, -2, -1]).numpy().tolist()
    [-2, -1, 0, 1, 2]
    """
    return _shift(x, axes, name, lambda n: lookup("FloorDiv")(n, 2), lambda n: n // 2)


@scoped("ifftshift")
def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The inverse of `fftshift`.

    >>> tf.signal.ifftshift([-2, -1, 0, 1, 2]).numpy().tolist()
    [0, 1, 2, -2, -1]
    """
    return _shift(x, axes, name, lambda n: lookup("Neg")(lookup("FloorDiv")(n, 2)), lambda n: -(n // 2))
