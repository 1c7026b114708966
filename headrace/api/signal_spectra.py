"""`tf.signal`: cosine transforms, short-time transforms, mel spectrograms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.shapes import size_of
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops.math import add, mul, neg, sqrt, sub

from .signal_fourier import complex_of, irfft, rfft
from .signal_frames import frame, overlap_and_add
from .signal_lengths import (
    at_least,
    ceil_div,
    cut,
    floor_div,
    last,
    minus,
    number,
    padded,
    scalar,
    scalar_of,
    shape_vector,
    steps,
    times,
    turned,
    vector,
)
from .signal_windows import hann_window, vorbis_window


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
        length = size_of(x, -1)
        if length is not None and length < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")


_LAST = {1: "Real", 2: "Real", 3: "strided_slice", 4: "strided_slice"}  # what a transform's last op is called


@scoped("dct", None)
def dct(
    input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """The discrete cosine transform of type 1, 2, 3 or 4 along the last dimension, as `scipy.fft.dct`.

    Args:
      n: the length to which the signal is cropped or padded with zeros first.
      axis: must be -1.
      norm: None or "ortho" (not for type 1).

    Raises:
      ValueError: another type or norm.

    >>> tf.signal.dct([1.0, 1.0]).numpy().tolist()
    [4.0, 0.0]
    """
    x = to_tensor(input)
    _check_dct(x, type, n, axis, norm)
    return called(_dct(x, type, n, norm), _LAST[type])


@scoped("dct", None)
def idct(
    input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """The inverse of `dct` of that type up to a factor: `idct(dct(x)) == 2 n x`, and `x` itself with norm
    "ortho".

    >>> tf.signal.idct(tf.signal.dct([1.0, 3.0])).numpy().round(4).tolist()
    [4.0, 12.0]
    """
    x = to_tensor(input)
    _check_dct(x, type, n, axis, norm)
    inverse = {1: 1, 2: 3, 3: 2, 4: 4}[type]
    return called(_dct(x, inverse, n, norm), _LAST[inverse])


def _dct(x: Any, type: int, n: Any, norm: str | None) -> Any:
    kind = x._dtype
    if n is not None:
        size = last(x)
        if isinstance(size, int) and isinstance(n, int):
            x = cut(x, 0, n) if n <= size else padded(x, 0, n - size)
        else:
            x = padded(cut(x, 0, n), 0, lookup("Maximum")(0, lookup("Sub")(n, size)))
    size = last(x)
    if type == 1:  # the signal and its mirror image are one period
        return lookup("Real")(rfft(lookup("ConcatV2")([x, cut(x, -2, 0, -1)], -1)), Tout=kind)
    if type == 4:  # every other coefficient of a type 2 transform of twice the length
        y = cut(_dct(x, 2, times(2, size), None), 1, None, 2)
        return (
            y
            if norm is None
            else mul(y, mul(lookup("Rsqrt")(scalar_of(size, kind)), np.asarray(math.sqrt(0.5), kind._np)))
        )
    length = lookup("Cast")(size, DstT=kind) if isinstance(size, Tensor) else np.asarray(size, kind._np)
    angles = mul(steps(size, kind), lookup("RealDiv")(np.asarray(math.pi / 2, kind._np), length))
    turn = lookup("Complex")(
        lookup("Cos")(angles), lookup("Sin")(neg(angles) if type == 2 else angles), Tout=complex_of(x)
    )
    twice = times(2, size)
    period = [twice] if isinstance(twice, int) else lookup("Pack")([twice], axis=0)
    two = np.asarray(2, kind._np)
    if type == 2:
        y = mul(lookup("Real")(mul(cut(rfft(x, period), 0, size), turn), Tout=kind), two)
        return (
            y
            if norm is None
            else mul(y, _ortho(size, kind, lambda n: lookup("Rsqrt")(n) * 0.5, math.sqrt(2)))
        )
    x = mul(x, length) if norm is None else mul(x, _ortho(size, kind, sqrt, math.sqrt(0.5)))
    spectrum = mul(turn, lookup("Complex")(mul(x, two), lookup("ZerosLike")(x), Tout=complex_of(x)))
    return cut(irfft(spectrum, period), 0, size)


def _ortho(size: Any, kind: DType, first: Callable[[Any], Any], ratio: float) -> Any:
    """Weights that make the transform orthogonal: w for the constant component, ratio · w for the others."""
    w = first(scalar_of(size, kind))
    return lookup("SelectV2")(
        lookup("Equal")(steps(size, kind), np.zeros((), kind._np)), w, mul(w, np.asarray(ratio, kind._np))
    )


def _power_of_two(n: Any) -> Any:
    """The least power of two that is not less than n."""
    if isinstance(n, int):
        return 2 ** math.ceil(math.log(n) / math.log(2.0))
    log = lookup("RealDiv")(lookup("Log")(lookup("Cast")(n, DstT=dtypes.float32)), np.float32(math.log(2)))
    return lookup("Cast")(lookup("Pow")(np.float32(2), lookup("Ceil")(log)), DstT=dtypes.int32)


@scoped("stft", "rfft")
def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Callable[..., Any] | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Any:
    """The short-time Fourier transform: `[..., samples]` real to `[..., frames, fft_length // 2 + 1]`
    complex.

    Args:
      frame_length, frame_step: as in `frame`.
      fft_length: the transform's length; default the next power of two.
      window_fn: `window_fn(frame_length, dtype=…)` gives the window each frame is multiplied with; None for
        none.

    >>> tf.signal.stft(tf.ones([100]), 20, 10).shape
    TensorShape([9, 17])
    """
    x = at_least(to_tensor(signals), 1)
    length, step = scalar(frame_length, "frame_length"), scalar(frame_step, "frame_step")
    size = _power_of_two(length) if fft_length is None else scalar(fft_length, "fft_length")
    frames = frame(x, length, step, pad_end=pad_end)
    if window_fn is not None:
        frames = mul(frames, window_fn(length, dtype=frames._dtype))
    return rfft(frames, vector(size))


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None
) -> Callable[..., Any]:
    """A window for `inverse_stft` that undoes a `stft` with `forward_window_fn` exactly (D. Griffin and J.
    Lim, "Signal estimation from modified short-time Fourier transform", 1984, equation 7).

    >>> tf.signal.inverse_stft_window_fn(2)(4, dtype=tf.float32).shape
    TensorShape([4])
    """

    def window(frame_length: Any, dtype: Any = dtypes.float32) -> Any:
        step, length = scalar(frame_step, "frame_step"), scalar(frame_length, "frame_length")
        forward = forward_window_fn(length, dtype=dtype)
        pieces = ceil_div(length, step)
        whole = times(pieces, step)
        squares = padded(mul(forward, forward), 0, minus(whole, length))
        energy = lookup("Sum")(
            lookup("Reshape")(squares, shape_vector([[pieces, step]])), [0], keep_dims=True
        )
        energy = lookup("Reshape")(
            lookup("Tile")(energy, shape_vector([[pieces, 1]])), shape_vector([[whole]])
        )
        energy = cut(energy, 0, length)
        empty = lookup("Equal")(energy, np.zeros((), energy._dtype._np))
        return lookup("SelectV2")(empty, lookup("ZerosLike")(forward), lookup("RealDiv")(forward, energy))

    return window


@scoped("inverse_stft", "overlap_and_add/strided_slice_1")
def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Callable[..., Any] | None = hann_window,
    name: str | None = None,
) -> Any:
    """The signal of a short-time Fourier transform: `[..., frames, fft_length // 2 + 1]` to `[..., samples]`.
    With `window_fn=tf.signal.inverse_stft_window_fn(frame_step)` it undoes `stft`.

    >>> spectra = tf.signal.stft(tf.ones([100]), 20, 10)
    >>> tf.signal.inverse_stft(spectra, 20, 10).shape
    TensorShape([100])
    """
    x = at_least(to_tensor(stfts), 2)
    length, step = scalar(frame_length, "frame_length"), scalar(frame_step, "frame_step")
    size = _power_of_two(length) if fft_length is None else scalar(fft_length, "fft_length")
    frames = irfft(x, vector(size))
    have = last(frames)
    if isinstance(have, int) and isinstance(length, int):
        frames = cut(frames, 0, length) if have > length else padded(frames, 0, length - have)
    else:
        frames = padded(cut(frames, 0, length), 0, lookup("Maximum")(0, lookup("Sub")(length, have)))
    if window_fn is not None:
        frames = mul(frames, window_fn(length, dtype=x._dtype.real_dtype))
    return overlap_and_add(frames, step)


@scoped("mdct", "dct/strided_slice")
def mdct(
    signals: Any,
    frame_length: Any,
    window_fn: Callable[..., Any] | None = vorbis_window,
    pad_end: bool = False,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The modified discrete cosine transform: `[..., samples]` to `[..., frames, frame_length // 2]`.

    Args:
      frame_length: a multiple of 4; frames overlap by half.
      window_fn: as in `stft`; None for a constant window of 1/√2.
      norm: None or "ortho", of the underlying `dct` of type 4.

    >>> tf.signal.mdct(tf.ones([16]), 8).shape
    TensorShape([3, 4])
    """
    x = at_least(to_tensor(signals), 1)
    length = scalar(frame_length, "frame_length")
    if isinstance(length, int) and length % 4:
        raise ValueError("The frame length must be a multiple of 4.")
    frames = frame(x, length, floor_div(length, 2), pad_end=pad_end)
    frames = mul(
        frames,
        np.asarray(1 / math.sqrt(2), x._dtype._np)
        if window_fn is None
        else window_fn(length, dtype=frames._dtype),
    )
    a, b, c, d = lookup("Split")(-1, frames, num_split=4)
    folded = lookup("ConcatV2")([sub(neg(turned(c)), d), sub(a, turned(b))], -1)
    return dct(folded, type=4, norm=norm)


@scoped("inverse_mdct", "overlap_and_add/strided_slice_1")
def inverse_mdct(
    mdcts: Any,
    window_fn: Callable[..., Any] | None = vorbis_window,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The signal of a modified discrete cosine transform: `[..., frames, n]` to `[..., (frames + 1) * n]`.
    Undoes `mdct` with the same window and norm, except for the first and last n samples.

    >>> tf.signal.inverse_mdct(tf.ones([3, 4])).shape
    TensorShape([16])
    """
    x = at_least(to_tensor(mdcts), 2)
    half = last(x)
    if norm is None:
        y = mul(dct(x, type=4), lookup("RealDiv")(np.asarray(0.5, x._dtype._np), number(half, x._dtype)))
    elif norm == "ortho":
        y = dct(x, type=4, norm="ortho")
    else:
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    first, second = lookup("Split")(-1, y, num_split=2)
    frames = lookup("ConcatV2")([second, neg(turned(second)), neg(turned(first)), neg(first)], -1)
    window = (
        np.asarray(1 / math.sqrt(2), x._dtype._np)
        if window_fn is None
        else window_fn(times(2, half), dtype=x._dtype)
    )
    return overlap_and_add(mul(frames, window), half)


_MEL_BREAK, _MEL_SCALE = 700.0, 1127.0  # mel(f) = 1127 ln(1 + f/700)


@scoped("linear_to_mel_weight_matrix")
def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Any:
    """The matrix `[num_spectrogram_bins, num_mel_bins]` that warps a linear spectrogram to the mel scale:
    triangles of height 1, equally wide on the mel scale, as the Hidden Markov Model Toolkit has them.

    Raises:
      ValueError: sizes that are not positive, edges out of order or above the Nyquist frequency.

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
        raise ValueError(
            f"lower_edge_hertz {lower_edge_hertz:.1f} >= upper_edge_hertz {upper_edge_hertz:.1f}"
        )
    if not isinstance(sample_rate, Tensor):
        if sample_rate <= 0.0:
            raise ValueError(f"sample_rate must be positive. Got: {sample_rate}")
        if upper_edge_hertz > sample_rate / 2:
            raise ValueError(
                "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). Got "
                f"{upper_edge_hertz} for sample_rate: {sample_rate}"
            )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype!r}")
    kind = dtype._np
    nyquist = mul(lookup("Cast")(to_tensor(sample_rate), DstT=dtype), np.asarray(0.5, kind))
    # Without the constant component.
    hertz = cut(lookup("LinSpace")(to_tensor(np.zeros((), kind)), nyquist, num_spectrogram_bins), 1, None)

    def mel(f: Any) -> Any:
        return mul(
            lookup("Log")(add(lookup("RealDiv")(f, np.asarray(_MEL_BREAK, kind)), np.ones((), kind))),
            np.asarray(_MEL_SCALE, kind),
        )

    bins = lookup("ExpandDims")(mel(hertz), 1)
    edges = lookup("LinSpace")(
        *(mel(to_tensor(np.asarray(f, kind))) for f in (lower_edge_hertz, upper_edge_hertz)), num_mel_bins + 2
    )
    lower, center, upper = (cut(edges, i, num_mel_bins + i) for i in range(3))
    rising = lookup("RealDiv")(sub(bins, lower), sub(center, lower))
    falling = lookup("RealDiv")(sub(upper, bins), sub(upper, center))
    weights = lookup("Maximum")(np.zeros((), kind), lookup("Minimum")(rising, falling))
    return lookup("Pad")(weights, [[1, 0], [0, 0]], name=name)


@scoped("mfccs_from_log_mel_spectrograms", "mul_1")
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """Mel-frequency cepstral coefficients: the scaled cosine transform of `[..., num_mel_bins]` log-magnitude
    mel spectrograms.

    >>> tf.signal.mfccs_from_log_mel_spectrograms(tf.zeros([2, 5])).shape
    TensorShape([2, 5])
    """
    x = to_tensor(log_mel_spectrograms)
    bins = last(x)
    if isinstance(bins, int) and bins == 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {x}")
    return mul(dct(x), lookup("Rsqrt")(mul(scalar_of(bins, x._dtype), np.asarray(2, x._dtype._np))))
