"""`tf.experimental.numpy`: NumPy's functions on tensors, with NumPy's types."""

from __future__ import annotations

from . import experimental_numpy_random as random
from .experimental_numpy_choosing import nonzero, select, where
from .experimental_numpy_types import (
    array,
    asanyarray,
    asarray,
    ascontiguousarray,
    bool_,
    complex64,
    complex128,
    complex_,
    copy,
    finfo,
    float16,
    float32,
    float64,
    float_,
    iinfo,
    inexact,
    int8,
    int16,
    int32,
    int64,
    int_,
    issubdtype,
    ndarray,
    object_,
    promote_types,
    result_type,
    string_,
    uint8,
    uint16,
    uint32,
    uint64,
    unicode_,
)
