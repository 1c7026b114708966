"""`tf.dtypes`: element types. Those of every day are also `tf.float32`, `tf.int32` …"""

from __future__ import annotations

from headrace.core.dtypes import (
    DType,
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from headrace.core.dtypes import bool_ as bool
from headrace.core.dtypes import public_type as as_dtype

from . import dtypes_experimental as experimental
from .math import cast, complex, saturate_cast

half, double = float16, float64
QUANTIZED_DTYPES = frozenset({qint8, quint8, qint16, quint16, qint32})

ROOT = [
    "DType",
    "as_dtype",
    "bfloat16",
    "bool",
    "cast",
    "complex",
    "complex64",
    "complex128",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "qint8",
    "qint16",
    "qint32",
    "quint8",
    "quint16",
    "resource",
    "saturate_cast",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "variant",
]
__all__ = [*ROOT, "QUANTIZED_DTYPES", "experimental"]  # noqa: PLE0604 - ROOT is a list of names
