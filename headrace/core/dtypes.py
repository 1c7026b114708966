"""Element types. One interned `DType` per TensorFlow type; numbers are TensorFlow's `DataType` enum (types.proto)."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np


class DType:
    """The type of a tensor's elements.

    Interned: two equal dtypes are the same object, so hot paths compare with `is`.

    >>> from headrace.core import dtypes
    >>> dtypes.float32.name, dtypes.float32.size, dtypes.float32 == "float32"
    ('float32', 4, True)
    """

    __slots__ = ("_hash", "_np", "_type_enum", "kind", "name")

    def __init__(self, name: str, enum: int, np_dtype: Any, kind: str) -> None:
        self.name = name
        self._type_enum = enum
        self._np: np.dtype = np.dtype(np_dtype)
        # One of f(loat) i(nt) u(int) b(ool) c(omplex) s(tring) r(esource) v(ariant) q(uantised).
        self.kind = kind
        self._hash = enum

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar type (`object` for strings, resources and variants)."""
        return self._np.type

    @property
    def as_datatype_enum(self) -> int:
        return self._type_enum

    @property
    def base_dtype(self) -> DType:
        """The type of the values, where this is the type of a reference to a variable."""
        return self

    @property
    def _is_ref_dtype(self) -> bool:
        return False

    @property
    def _as_ref(self) -> DType:
        return reference_type(self)

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part: `float32` for `complex64`; the dtype itself when it is not complex."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    @property
    def is_floating(self) -> bool:
        return self.kind == "f"

    @property
    def is_complex(self) -> bool:
        return self.kind == "c"

    @property
    def is_integer(self) -> bool:
        return self.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        return self.kind == "u"

    @property
    def is_bool(self) -> bool:
        return self.kind == "b"

    @property
    def is_numeric(self) -> bool:
        return self.kind in "fiucq"

    @property
    def is_quantized(self) -> bool:
        return self.kind == "q"

    @property
    def is_numpy_compatible(self) -> bool:
        return self.kind not in "rv"

    @property
    def is_trainable(self) -> bool:
        """Whether gradients flow through values of this type."""
        return self.kind in "fcrv"

    @property
    def size(self) -> int:
        """Bytes per element (0 for strings, resources and variants, which have no fixed size)."""
        return 0 if self.kind in "srv" else self._np.itemsize

    @property
    def min(self) -> Any:
        """The smallest finite value."""
        return self._limit("min")

    @property
    def max(self) -> Any:
        """The largest finite value."""
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        return self.min, self.max

    def _limit(self, which: str) -> Any:
        if self.kind == "f":
            return self._np.type(getattr(ml_dtypes.finfo(self._np), which))  # type: ignore[no-untyped-call]
        if self.kind in "iuq":
            info = (
                ml_dtypes.iinfo(self._np)  # type: ignore[no-untyped-call]
                if self.name in ("int4", "uint4", "int2", "uint2")
                else np.iinfo(self._np)
            )
            return getattr(info, which)
        if self.kind == "b":
            return which == "max"
        raise TypeError(f"Cannot find {which}imum value of {self!r}: only real number types have one.")

    def is_compatible_with(self, other: Any) -> bool:
        return self is as_dtype(other)

    def experimental_type_proto(self) -> int:
        return self._type_enum

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None or isinstance(other, DType):
            return False
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> Any:
        return as_dtype, (self.name,)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __int__(self) -> int:
        return self._type_enum


class ReferenceType(DType):
    """The type of a reference to a variable of TensorFlow 1.x: `float32_ref`. It differs from the type of the values, which
    is its `base_dtype`; wherever values are made, it means that."""

    __slots__ = ("_base",)

    def __init__(self, base: DType) -> None:
        super().__init__(f"{base.name}_ref", base._type_enum + REFERENCE, base._np, base.kind)
        self._base = base

    @property
    def base_dtype(self) -> DType:
        return self._base

    @property
    def _is_ref_dtype(self) -> bool:
        return True

    def is_compatible_with(self, other: Any) -> bool:
        return self is public_type(other)

    @property
    def real_dtype(self) -> DType:
        real = self._base.real_dtype
        return self if real is self._base else real

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, (str, int)) and self is public_type(other))

    __hash__ = DType.__hash__

    def __reduce__(self) -> Any:
        return public_type, (self.name,)


REFERENCE = 100  # is added to a type's number to name references to it
_REFERENCES: dict[DType, ReferenceType] = {}
_BY_NAME: dict[str, DType] = {}
_BY_ENUM: dict[int, DType] = {}
_BY_NUMPY: dict[np.dtype, DType] = {}
_BY_ANY: dict[Any, DType] = {}  # everything as_dtype has already answered


def _define(name: str, enum: int, np_dtype: Any, kind: str, *, numpy_owner: bool = True) -> DType:
    dtype = DType(name, enum, np_dtype, kind)
    _BY_NAME[name] = _BY_ENUM[enum] = dtype
    if numpy_owner:
        _BY_NUMPY[dtype._np] = dtype
    return dtype


float32 = _define("float32", 1, np.float32, "f")
float64 = _define("float64", 2, np.float64, "f")
int32 = _define("int32", 3, np.int32, "i")
uint8 = _define("uint8", 4, np.uint8, "u")
int16 = _define("int16", 5, np.int16, "i")
int8 = _define("int8", 6, np.int8, "i")
string = _define("string", 7, np.object_, "s")
complex64 = _define("complex64", 8, np.complex64, "c")
int64 = _define("int64", 9, np.int64, "i")
bool_ = _define("bool", 10, np.bool_, "b")
qint8 = _define("qint8", 11, np.int8, "q", numpy_owner=False)
quint8 = _define("quint8", 12, np.uint8, "q", numpy_owner=False)
qint32 = _define("qint32", 13, np.int32, "q", numpy_owner=False)
bfloat16 = _define("bfloat16", 14, ml_dtypes.bfloat16, "f")
qint16 = _define("qint16", 15, np.int16, "q", numpy_owner=False)
quint16 = _define("quint16", 16, np.uint16, "q", numpy_owner=False)
uint16 = _define("uint16", 17, np.uint16, "u")
complex128 = _define("complex128", 18, np.complex128, "c")
float16 = _define("float16", 19, np.float16, "f")
resource = _define("resource", 20, np.object_, "r", numpy_owner=False)
variant = _define("variant", 21, np.object_, "v", numpy_owner=False)
uint32 = _define("uint32", 22, np.uint32, "u")
uint64 = _define("uint64", 23, np.uint64, "u")
float8_e5m2 = _define("float8_e5m2", 24, ml_dtypes.float8_e5m2, "f")
float8_e4m3fn = _define("float8_e4m3fn", 25, ml_dtypes.float8_e4m3fn, "f")
float8_e4m3fnuz = _define("float8_e4m3fnuz", 26, ml_dtypes.float8_e4m3fnuz, "f")
float8_e4m3b11fnuz = _define("float8_e4m3b11fnuz", 27, ml_dtypes.float8_e4m3b11fnuz, "f")
float8_e5m2fnuz = _define("float8_e5m2fnuz", 28, ml_dtypes.float8_e5m2fnuz, "f")
int4 = _define("int4", 29, ml_dtypes.int4, "i")
uint4 = _define("uint4", 30, ml_dtypes.uint4, "u")
int2 = _define("int2", 31, ml_dtypes.int2, "i")
uint2 = _define("uint2", 32, ml_dtypes.uint2, "u")
float4_e2m1fn = _define("float4_e2m1fn", 33, ml_dtypes.float4_e2m1fn, "f")

_BY_NAME.update(half=float16, double=float64, float=float32)


def reference_type(dtype: DType) -> DType:
    """The type of references to variables of a type.

    >>> from headrace.core.dtypes import float32, reference_type
    >>> reference_type(float32), reference_type(float32).base_dtype, reference_type(float32) == float32
    (tf.float32_ref, tf.float32, False)
    """
    if dtype._is_ref_dtype:
        return dtype
    found = _REFERENCES.get(dtype)
    if found is None:
        found = _REFERENCES[dtype] = ReferenceType(dtype)
        _BY_ANY[found] = dtype
    return found


def public_type(type_value: Any) -> DType:
    """Converts a DType, a name, an enum number, a NumPy dtype or a Python type to a DType.

    Raises:
      TypeError: `type_value` names no type.

    >>> import headrace as tf
    >>> tf.as_dtype("half"), tf.as_dtype(float), tf.as_dtype(3), tf.as_dtype("int32_ref")
    (tf.float16, tf.float32, tf.int32, tf.int32_ref)
    """
    if isinstance(type_value, ReferenceType):
        return type_value
    if isinstance(type_value, str) and type_value.endswith("_ref"):
        return reference_type(as_dtype(type_value.removesuffix("_ref")))
    if type(type_value) is int and type_value - REFERENCE in _BY_ENUM:
        return reference_type(_BY_ENUM[type_value - REFERENCE])
    return as_dtype(type_value)


# Sets of types that op signatures allow.
FLOATS = frozenset({bfloat16, float16, float32, float64})
COMPLEX = frozenset({complex64, complex128})
INTS = frozenset({int8, int16, int32, int64, uint8, uint16, uint32, uint64})
SIGNED = frozenset({int8, int16, int32, int64})
REAL = FLOATS | INTS
INEXACT = FLOATS | COMPLEX
NUMERIC = REAL | COMPLEX
NUMERIC_OR_BOOL = NUMERIC | {bool_}
INDEX = frozenset({int32, int64})
STRING = frozenset({string})
QUANTISED = frozenset({qint8, quint8, qint16, quint16, qint32})


def from_numpy(np_dtype: np.dtype) -> DType:
    """The DType of a NumPy dtype; `TypeError` when TensorFlow has none (e.g. datetimes)."""
    found = _BY_NUMPY.get(np_dtype)
    if found is None:
        if np_dtype.kind in "SUO":
            return string
        found = _BY_NUMPY.get(np_dtype.newbyteorder("="))
        if found is None:
            raise TypeError(
                f"NumPy type {np_dtype} has no tensor type. Convert the array to a number, bool or string type first."
            )
    return found


def as_dtype(type_value: Any) -> DType:
    """The type of values that a DType, a name, an enum number, a NumPy dtype or a Python type means; of references, the type
    of what they refer to. (`tf.as_dtype` keeps these apart: `public_type`.)

    Raises:
      TypeError: `type_value` names no type.

    >>> from headrace.core.dtypes import as_dtype
    >>> as_dtype("half"), as_dtype(float), as_dtype(3)
    (tf.float16, tf.float32, tf.int32)
    """
    if type(type_value) is DType:
        return type_value
    try:
        return _BY_ANY[type_value]
    except (KeyError, TypeError):
        pass
    found: DType | None = None
    if isinstance(type_value, str):
        found = _BY_NAME.get(type_value)
    elif isinstance(type_value, np.dtype):
        found = from_numpy(type_value)
    elif isinstance(type_value, int) and not isinstance(type_value, bool):
        found = _BY_ENUM.get(type_value)
    elif type_value is float:
        found = float32
    elif type_value is int:
        found = int64
    elif type_value is bool:
        found = bool_
    elif type_value is complex:
        found = complex128
    elif type_value is str or type_value is bytes:
        found = string
    elif isinstance(getattr(type_value, "dtype", None), DType):
        found = type_value.dtype.base_dtype
    if found is None:
        try:
            # NumPy takes None for float64.
            found = from_numpy(np.dtype(type_value)) if type_value is not None else None
        except TypeError:
            pass
    if found is None:
        raise TypeError(
            f"Cannot convert {type_value!r} to a tensor dtype. Use e.g. tf.float32, 'float32' or np.float32."
        )
    try:
        _BY_ANY[type_value] = found
    except TypeError:
        pass  # unhashable spellings are simply not remembered
    return found
