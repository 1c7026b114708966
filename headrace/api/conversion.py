"""Functions of `tf.math` and `tf` that change an element's type, and the parts of complex numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tape import is_slices
from headrace.core.tensor import Tensor
from headrace.ops import cast as cast_ops
from headrace.ops import math as m
from headrace.ops.compare import less

from .clipping import clip_by_value


# ------------------------------------------------------------------------------------------------- conversion
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts the elements of a tensor, IndexedSlices or SparseTensor to another type.

    Floats are cut towards zero; integers that do not fit wrap; complex numbers lose their imaginary part.

    >>> tf.cast([1.8, -1.8], tf.int32).numpy().tolist()
    [1, -1]
    """
    dtype = dtypes.as_dtype(dtype)
    if not isinstance(x, Tensor) and hasattr(x, "values") and hasattr(x, "indices"):
        return (
            type(x)(x.indices, cast(x.values, dtype, name), x.dense_shape)
            if not is_slices(x)
            else type(x)(cast(x.values, dtype, name), x.indices, x.dense_shape)
        )
    x = to_tensor(x)
    return x if x._dtype is dtype else cast_ops.CAST(x, DstT=dtype, name=name)


@scoped("saturate_cast")
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts to `dtype`; what does not fit becomes its lowest or highest number.

    >>> tf.saturate_cast([300.0, -5.0], tf.uint8).numpy().tolist()
    [255, 0]
    """
    value, dtype = to_tensor(value), dtypes.as_dtype(dtype)
    source, target = value._dtype, dtype.real_dtype
    if source.kind == "c" and dtype.kind == "c":
        if target.max < source.real_dtype.max:
            parts = [
                clip_by_value(
                    part(value), m.number(target.min, part(value)), m.number(target.max, part(value))
                )
                for part in (real, imag)
            ]
            value = complex(*parts)
        return cast(value, dtype, name)
    if source.kind == "c":
        value, source = real(value), source.real_dtype
    low = _representable(max(_exact(source.min), _exact(target.min)), source, up=True)
    high = _representable(min(_exact(source.max), _exact(target.max)), source, up=False)
    return cast(clip_by_value(value, m.number(low, value), m.number(high, value)), dtype, name)


def _exact(value: Any) -> Any:
    """As a Python number, which compares exactly with any other."""
    return int(value) if isinstance(value, (int, np.integer)) else float(value)


def _representable(limit: Any, dtype: dtypes.DType, up: bool) -> Any:
    """The number of `dtype` next to `limit`, on the inner side of it."""
    rounded = dtype._np.type(limit)
    exact = _exact(rounded)
    if exact < limit if up else exact > limit:
        rounded = np.nextafter(rounded, dtype._np.type(0))
    return rounded


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bits as another type. Narrower types add a dimension at the end, wider ones take it away.

    Raises:
      InvalidArgumentError: the last dimension does not make up whole elements.

    >>> tf.bitcast(tf.constant(1.0), tf.int32).numpy()
    np.int32(1065353216)
    """
    return cast_ops.BITCAST(input, type=dtypes.as_dtype(type), name=name)


# -------------------------------------------------------------------------------------------- complex numbers
def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """real + i·imag: complex64 of float32 tensors, complex128 of float64 ones.

    Raises:
      TypeError: the parts are of other, or of different, types.

    >>> tf.complex([1.0], [2.0]).numpy().tolist()
    [(1+2j)]
    """
    real, imag = to_tensor(real), to_tensor(imag)
    targets = {dtypes.float32: dtypes.complex64, dtypes.float64: dtypes.complex128}
    if real._dtype is not imag._dtype or real._dtype not in targets:
        raise TypeError(
            f"The `real` and `imag` components have incorrect types: {real._dtype.name} {imag._dtype.name}. "
            "They must be consistent, and float32 or float64."
        )
    return m.COMPLEX_OP(real, imag, Tout=targets[real._dtype], name=name)


def real(input: Any, name: str | None = None) -> Any:
    """The real part; a real tensor is its own.

    >>> tf.math.real([1 + 2j]).numpy().tolist()
    [1.0]
    """
    x = _numeric(input)
    return m.REAL_PART(x, Tout=x._dtype.real_dtype, name=name) if x._dtype.kind == "c" else x


def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary part; of a real tensor zeros.

    >>> tf.math.imag([1 + 2j]).numpy().tolist()
    [2.0]
    """
    x = to_tensor(input)
    return (
        m.IMAG_PART(x, Tout=x._dtype.real_dtype, name=name)
        if x._dtype.kind == "c"
        else lookup("ZerosLike")(x)
    )


def conj(x: Any, name: str | None = None) -> Any:
    """The complex conjugate; a real tensor is its own.

    >>> tf.math.conj([1 + 2j]).numpy().tolist()
    [(1-2j)]
    """
    x = to_tensor(x)
    if x._dtype.kind not in "fiuc":
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x._dtype!r}.")
    return m.CONJ(x, name=name) if x._dtype.kind == "c" else x


def angle(input: Any, name: str | None = None) -> Any:
    """The argument of complex numbers, in (-π, π]; of negative real numbers π, of others 0.

    >>> print(tf.math.angle([1j, -1 + 0j]).numpy().round(4))
    [1.5708 3.1416]
    """
    x = to_tensor(input)
    if x._dtype.kind == "c":
        return m.ANGLE(x, Tout=x._dtype.real_dtype, name=name)
    return _angle_of_real(x, name=name)


@scoped("Angle", "Select")
def _angle_of_real(x: Any, name: str | None = None) -> Any:
    return lookup("SelectV2")(less(x, m.number(0, x)), m.number(math.pi, x), m.number(0, x), name=name)


def _numeric(value: Any) -> Any:
    x = to_tensor(value)
    if not x._dtype.is_numeric:
        raise TypeError(f"input must be a numeric tensor, but got tensor with dtype {x._dtype}")
    return x
