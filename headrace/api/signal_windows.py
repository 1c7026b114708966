"""`tf.signal`: windows."""

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

from .signal_lengths import cut, floor_div, minus, modulo, number, plus, scalar, steps, turned


def _window(window_length: Any, dtype: Any) -> tuple[Any, DType]:
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype!r}")
    return scalar(window_length, "window_length"), dtype


def _raised_cosine(window_length: Any, periodic: Any, dtype: Any, a: float, b: float) -> Any:
    n, dtype = _window(window_length, dtype)
    if isinstance(n, int) and n == 1:
        return lookup("Fill")([1], np.ones((), dtype._np))
    even = minus(1, modulo(n, 2))
    if isinstance(periodic, Tensor):
        even = lookup("Mul")(lookup("Cast")(periodic, DstT=dtypes.int32), even)
    elif not periodic:
        even = 0
    # A window of one sample is 1: the denominator, which would be 0, does not matter then.
    span = minus(plus(n, even), 1)
    divisor = number(span, dtype)
    angle = lookup("RealDiv")(mul(steps(n, dtype), np.asarray(2 * math.pi, dtype._np)), divisor)
    window = sub(np.asarray(a, dtype._np), mul(lookup("Cos")(angle), np.asarray(b, dtype._np)))
    return (
        window
        if isinstance(n, int)
        else lookup("SelectV2")(lookup("Equal")(n, 1), np.ones((), dtype._np), window)
    )


@scoped("hann_window", "sub_2")
def hann_window(
    window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """The Hann window: a raised cosine that starts at 0.

    Args:
      periodic: whether the window is one period of the cosine (for spectra), or symmetric (for filters).

    >>> tf.signal.hann_window(4).numpy().round(3).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    return _raised_cosine(window_length, periodic, dtype, 0.5, 0.5)


@scoped("hamming_window", "sub_2")
def hamming_window(
    window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """The Hamming window: a raised cosine that starts at 0.08. Arguments as in `hann_window`.

    >>> float(tf.signal.hamming_window(4)[2])
    1.0
    """
    return _raised_cosine(window_length, periodic, dtype, 0.54, 0.46)


@scoped("kaiser_window", "mul_1")
def kaiser_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """The Kaiser window: near-optimal concentration around frequency 0; larger `beta`, wider main lobe and
    lower side lobes.

    >>> float(tf.signal.kaiser_window(3)[1])
    1.0
    """
    n, dtype = _window(window_length, dtype)
    if isinstance(n, int) and n == 1:
        return lookup("Fill")([1], np.ones((), dtype._np))
    wide = dtypes.float32 if dtype.size < 4 else dtype
    half = lookup("RealDiv")(sub(number(n, wide), np.ones((), wide._np)), np.asarray(2, wide._np))
    position = lookup("RealDiv")(sub(steps(n, wide), half), half)
    inside = lookup("Maximum")(sub(np.ones((), wide._np), mul(position, position)), np.zeros((), wide._np))
    beta = lookup("Cast")(to_tensor(beta), DstT=wide)
    arch = mul(beta, sqrt(inside))
    bessel = lookup("BesselI0e")
    window = mul(lookup("Exp")(sub(arch, beta)), lookup("RealDiv")(bessel(arch), bessel(beta)))
    return lookup("Cast")(window, DstT=dtype)


@scoped("kaiser_bessel_derived_window", "concat")
def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """The Kaiser-Bessel derived window, whose overlapping squares add up to 1 (for `mdct`). `window_length`
    must be even.

    >>> tf.signal.kaiser_bessel_derived_window(2).numpy().round(3).tolist()
    [0.707, 0.707]
    """
    n, dtype = _window(window_length, dtype)
    kaiser = kaiser_window(plus(floor_div(n, 2), 1), beta, dtype)
    total = lookup("Cumsum")(kaiser, -1)
    half = sqrt(lookup("RealDiv")(cut(total, 0, -1), cut(total, -1, None)))
    return lookup("ConcatV2")([half, turned(half)], 0)


@scoped("vorbis_window", "Sin_1")
def vorbis_window(window_length: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The power-complementary window of the Vorbis codec (for `mdct`).

    >>> tf.signal.vorbis_window(2).numpy().round(3).tolist()
    [0.707, 0.707]
    """
    n, dtype = _window(window_length, dtype)
    half = np.asarray(0.5, dtype._np)
    angle = mul(
        add(steps(n, dtype), half), lookup("RealDiv")(np.asarray(math.pi, dtype._np), number(n, dtype))
    )
    sine = lookup("Sin")(angle)
    return lookup("Sin")(mul(mul(sine, sine), np.asarray(math.pi / 2, dtype._np)))
