"""Strings one by one: numbers as text, parts, matching, hashing. Tensors of strings hold
`bytes` objects and live on the host."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import hashing
from . import regex as rx
from .table import same_as

UNITS = ("BYTE", "UTF8_CHAR")


def string_op(
    type_name: str, signature: str, kernel: Callable[..., Any], shape: Any = None, **options: Any
) -> OpDef:
    return OpDef(
        type_name,
        signature,
        shape=shape or same_as(0),
        kernel=kernel,
        host=True,
        grad=not_differentiable,
        **options,
    )


def filled(items: Sequence[Any], shape: Sequence[int], dtype: Any = object) -> np.ndarray:
    """An array of the given elements. (NumPy itself would cut trailing zero bytes off `bytes`.)"""
    out = np.empty(len(items), dtype)
    out[:] = items
    return out.reshape(shape)


def each(function: Callable[[bytes], Any], x: np.ndarray, dtype: Any = object) -> np.ndarray:
    return filled([function(s) for s in x.reshape(-1)], x.shape, dtype)


def choice(value: str, allowed: Sequence[str], what: str) -> None:
    """Checks an attribute that is one of some words."""
    if value not in allowed:
        raise ShapeError(
            f"Value for attr '{what}' of \"{value}\" is not in the list of allowed values: "
            f"{', '.join(allowed)}"
        )


# ----------------------------------------------------------------------------------------- numbers as strings
def _as_string(
    x: np.ndarray, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> np.ndarray:
    kind = "f" if x.dtype.kind == "V" or x.dtype.name == "bfloat16" else x.dtype.kind
    if len(fill) > 1:
        raise invalid("Fill string must be one or fewer characters")
    if fill and fill not in " +-0#":
        raise invalid(f'Fill argument not supported: "{fill}"')
    if scientific and shortest:
        raise invalid("Cannot select both scientific and shortest notation")
    if kind not in "fc":
        if scientific or shortest:
            raise invalid(f"scientific and shortest format not supported for datatype {x.dtype.name}")
        if precision >= 0 and kind != "O":
            raise invalid(f"precision not supported for datatype {x.dtype.name}")
    if kind == "b":
        return each(lambda v: b"true" if v else b"false", x)
    size = str(width) if width >= 0 else ""
    flag = fill if width >= 0 else ""
    if kind == "O":
        return each(lambda s: s.ljust(max(width, 0)) if flag == "-" else s.rjust(max(width, 0)), x)
    if kind in "iu":
        pattern = f"%{flag}{size}d"
        return each(lambda v: (pattern % int(v)).encode(), x)
    letter = "e" if scientific else "g" if shortest else "f"
    pattern = f"%{flag}{size}{f'.{precision}' if precision >= 0 else ''}{letter}"
    plain = f"%{flag.replace('0', '')}{size}{letter}"  # C fills up NaN and infinity with blanks

    def number(v: Any) -> str:
        v = float(v)
        return (pattern if np.isfinite(v) else plain) % v

    if kind == "c":
        return filled([f"({number(v.real)},{number(v.imag)})".encode() for v in x.reshape(-1)], x.shape)
    return each(lambda v: number(v).encode(), x)


AS_STRING = string_op(
    "AsString",
    "input: T -> output: string",
    _as_string,
    attrs={"precision": -1, "scientific": False, "shortest": False, "width": -1, "fill": ""},
    types={"T": dtypes.NUMERIC | {dtypes.bool_, dtypes.string, dtypes.variant}},
)

_INTEGER = re.compile(rb"\s*[+-]?[0-9]+\s*")
_FLOAT = re.compile(
    rb"\s*[+-]?([0-9]+\.?[0-9]*(e[+-]?[0-9]+)?|\.[0-9]+(e[+-]?[0-9]+)?|inf(inity)?)\s*", re.IGNORECASE
)
_NAN = re.compile(rb"\s*[+-]?nan(\([0-9a-z_]*\))?\s*", re.IGNORECASE)
_HEX = re.compile(rb"\s*[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?[0-9]+)?\s*", re.IGNORECASE)


def parse_number(text: bytes, dtype: Any) -> Any:
    """The number a string spells in C's notation, or None."""
    if dtype.is_integer:
        if not _INTEGER.fullmatch(text) or (dtype.is_unsigned and b"-" in text):
            return None
        value = int(text)
        return value if dtype.min <= value <= dtype.max else None
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NAN.fullmatch(text):
        return float("nan")
    return float.fromhex(text.decode()) if _HEX.fullmatch(text) else None


def _to_number(x: np.ndarray, out_type: Any) -> np.ndarray:
    def one(text: bytes) -> Any:
        value = parse_number(text, out_type)
        if value is None:
            raise invalid(
                f"StringToNumberOp could not correctly convert string: {text.decode(errors='replace')} (to "
                f"{out_type.name})"
            )
        return value

    return each(one, x, out_type._np)


TO_NUMBER = string_op(
    "StringToNumber",
    "string_tensor: string -> output: out_type",
    _to_number,
    attrs={"out_type": dtypes.float32},
)


# --------------------------------------------------------------------------------------- one string at a time
def utf8_length(text: bytes) -> int:
    """How many characters: the bytes that do not continue one."""
    return sum([1 for c in text if c & 0xC0 != 0x80])


def _unit_shape(c: ShapeContext) -> Raw:
    choice(c.attrs["unit"], UNITS, "unit")
    return c[0]


LENGTH = string_op(
    "StringLength",
    "input: string -> output: int32",
    lambda x, unit: each(len if unit == "BYTE" else utf8_length, x, np.int32),
    _unit_shape,
    attrs={"unit": "BYTE"},
)


def _cased(method: str) -> Callable[..., Any]:
    def kernel(x: np.ndarray, encoding: str) -> np.ndarray:
        if encoding == "":
            return each(lambda s: getattr(s, method)(), x)  # bytes: ASCII only
        if encoding.lower() == "utf-8":
            return each(lambda s: getattr(s.decode(errors="replace"), method)().encode(), x)
        raise invalid(f"only utf-8 or '' (no encoding) is supported, received {encoding}")

    return kernel


LOWER = string_op("StringLower", "input: string -> output: string", _cased("lower"), attrs={"encoding": ""})
UPPER = string_op("StringUpper", "input: string -> output: string", _cased("upper"), attrs={"encoding": ""})
STRIP = string_op("StringStrip", "input: string -> output: string", lambda x: each(bytes.strip, x))


def character_starts(text: bytes) -> list[int]:
    """Where each UTF-8 character begins, and the length of the text."""
    return [i for i, c in enumerate(text) if c & 0xC0 != 0x80] + [len(text)]


def _substr_shape(c: ShapeContext) -> Raw:
    from headrace.core import shapes

    choice(c.attrs["unit"], UNITS, "unit")
    pos, length = c[1], c[2]
    try:
        if (
            pos is not None
            and length is not None
            and (len(pos) != len(length) or (None not in (*pos, *length) and pos != length))
        ):
            raise ShapeError(f"pos and len should have the same shape, got: {list(pos)} vs. {list(length)}")
        return shapes.broadcast(c[0], shapes.merge(pos, length))
    except ValueError as error:
        raise ShapeError(str(error)) from None


def _substr(x: np.ndarray, pos: np.ndarray, length: np.ndarray, unit: str) -> np.ndarray:
    x, pos, length = np.broadcast_arrays(x, pos, length)
    out = []
    for i, (text, p, n) in enumerate(
        zip(x.reshape(-1), pos.reshape(-1).tolist(), length.reshape(-1).tolist(), strict=True)
    ):
        starts = None if unit == "BYTE" else character_starts(text)
        size = len(text) if starts is None else len(starts) - 1
        start = p + size if p < 0 else p
        if not 0 <= start <= size:
            raise invalid(f"pos {p} out of range for string b'{text.decode(errors='replace')}' at index {i}")
        if starts is None:
            out.append(text[start:] if n < 0 else text[start : start + n])
        else:
            out.append(text[starts[start] : starts[min(size, start + max(n, 0))]])
    return filled(out, x.shape)


SUBSTR = string_op(
    "Substr",
    "input: string, pos: T, len: T -> output: string",
    _substr,
    _substr_shape,
    attrs={"unit": "BYTE"},
    types={"T": (dtypes.int32, dtypes.int64)},
    defaults={"T": dtypes.int32},
)


# ---------------------------------------------------------------------------------------- regular expressions
def as_bytes(value: Any) -> bytes:
    """A scalar input, or an attribute, as bytes."""
    item: Any = value.item() if isinstance(value, np.ndarray) else value
    return item.encode() if isinstance(item, str) else item


def _pattern(pattern: Any) -> Any:
    return rx.compile_pattern(as_bytes(pattern))


def _regex_full_match(x: np.ndarray, pattern: Any) -> np.ndarray:
    compiled = _pattern(pattern)
    return each(lambda s: rx.full_match(compiled, s), x, np.bool_)


def _regex_replace(x: np.ndarray, pattern: Any, rewrite: Any, replace_global: bool = True) -> np.ndarray:
    compiled = _pattern(pattern)
    parts = rx.check_rewrite(compiled, as_bytes(rewrite))
    return each(lambda s: rx.replace(compiled, s, parts, replace_global), x)


def _scalar_pattern(c: ShapeContext) -> Raw:
    for i in range(1, len(c)):
        if c[i]:
            raise ShapeError(
                f"{'Pattern' if i == 1 else 'Rewrite'} must be scalar, but received shape {list(c[i] or ())}"
            )
    return c[0]


REGEX_FULL_MATCH = string_op(
    "RegexFullMatch", "input: string, pattern: string -> output: bool", _regex_full_match, _scalar_pattern
)
STATIC_REGEX_FULL_MATCH = string_op(
    "StaticRegexFullMatch", "input: string -> output: bool", _regex_full_match, attrs={"pattern": REQUIRED}
)
REGEX_REPLACE = string_op(
    "RegexReplace",
    "input: string, pattern: string, rewrite: string -> output: string",
    _regex_replace,
    _scalar_pattern,
    attrs={"replace_global": True},
)
STATIC_REGEX_REPLACE = string_op(
    "StaticRegexReplace",
    "input: string -> output: string",
    _regex_replace,
    attrs={"pattern": REQUIRED, "rewrite": REQUIRED, "replace_global": True},
)


# ---------------------------------------------------------------------------------------------------- hashing
def _buckets(hashes: Callable[[list[bytes], Any], np.ndarray]) -> Callable[..., Any]:
    def kernel(x: np.ndarray, num_buckets: int, key: Any = None) -> np.ndarray:
        found = hashes(x.reshape(-1).tolist(), key)
        return (found % np.uint64(num_buckets)).astype(np.int64).reshape(x.shape)

    return kernel


def _bucket_shape(c: ShapeContext) -> Raw:
    if c.attrs["num_buckets"] < 1:
        raise ShapeError(
            f"Value for attr 'num_buckets' of {c.attrs['num_buckets']} must be at least minimum 1"
        )
    key = c.attrs.get("key", (0, 0))
    if len(key) != 2:
        raise ShapeError(f"Key must have 2 elements, received {len(key)}")
    return c[0]


HASH_BUCKET = string_op(
    "StringToHashBucket",
    "string_tensor: string -> output: int64",
    _buckets(lambda strings, _: hashing.by_length(strings, hashing.hash64)),
    _bucket_shape,
    attrs={"num_buckets": REQUIRED},
)
HASH_BUCKET_FAST = string_op(
    "StringToHashBucketFast",
    "input: string -> output: int64",
    _buckets(lambda strings, _: hashing.fingerprints(strings)),
    _bucket_shape,
    attrs={"num_buckets": REQUIRED},
)
HASH_BUCKET_STRONG = string_op(
    "StringToHashBucketStrong",
    "input: string -> output: int64",
    _buckets(lambda strings, key: hashing.by_length(strings, hashing.siphash(key))),
    _bucket_shape,
    attrs={"num_buckets": REQUIRED, "key": REQUIRED},
)
