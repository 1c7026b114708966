"""Strings: formatting, parsing, joining, splitting, matching, hashing, raw bytes. Tensors of strings hold
`bytes` objects and live on the host."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import InvalidArgumentError, OutOfRangeError, ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import hashing
from . import regex as rx
from .table import same_as

UNITS = ("BYTE", "UTF8_CHAR")


def _row(
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


def invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


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


AS_STRING = _row(
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


TO_NUMBER = _row(
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


LENGTH = _row(
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


LOWER = _row("StringLower", "input: string -> output: string", _cased("lower"), attrs={"encoding": ""})
UPPER = _row("StringUpper", "input: string -> output: string", _cased("upper"), attrs={"encoding": ""})
STRIP = _row("StringStrip", "input: string -> output: string", lambda x: each(bytes.strip, x))


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


SUBSTR = _row(
    "Substr",
    "input: string, pos: T, len: T -> output: string",
    _substr,
    _substr_shape,
    attrs={"unit": "BYTE"},
    types={"T": (dtypes.int32, dtypes.int64)},
    defaults={"T": dtypes.int32},
)


# ---------------------------------------------------------------------------------------- regular expressions
def _bytes(value: Any) -> bytes:
    """A scalar input, or an attribute, as bytes."""
    item: Any = value.item() if isinstance(value, np.ndarray) else value
    return item.encode() if isinstance(item, str) else item


def _pattern(pattern: Any) -> Any:
    return rx.compile_pattern(_bytes(pattern))


def _regex_full_match(x: np.ndarray, pattern: Any) -> np.ndarray:
    compiled = _pattern(pattern)
    return each(lambda s: rx.full_match(compiled, s), x, np.bool_)


def _regex_replace(x: np.ndarray, pattern: Any, rewrite: Any, replace_global: bool = True) -> np.ndarray:
    compiled = _pattern(pattern)
    parts = rx.check_rewrite(compiled, _bytes(rewrite))
    return each(lambda s: rx.replace(compiled, s, parts, replace_global), x)


def _scalar_pattern(c: ShapeContext) -> Raw:
    for i in range(1, len(c)):
        if c[i]:
            raise ShapeError(
                f"{'Pattern' if i == 1 else 'Rewrite'} must be scalar, but received shape {list(c[i] or ())}"
            )
    return c[0]


REGEX_FULL_MATCH = _row(
    "RegexFullMatch", "input: string, pattern: string -> output: bool", _regex_full_match, _scalar_pattern
)
STATIC_REGEX_FULL_MATCH = _row(
    "StaticRegexFullMatch", "input: string -> output: bool", _regex_full_match, attrs={"pattern": REQUIRED}
)
REGEX_REPLACE = _row(
    "RegexReplace",
    "input: string, pattern: string, rewrite: string -> output: string",
    _regex_replace,
    _scalar_pattern,
    attrs={"replace_global": True},
)
STATIC_REGEX_REPLACE = _row(
    "StaticRegexReplace",
    "input: string -> output: string",
    _regex_replace,
    attrs={"pattern": REQUIRED, "rewrite": REQUIRED, "replace_global": True},
)


# ---------------------------------------------------------------------------------------------------- joining
def _join_shape(c: ShapeContext) -> Raw:
    from headrace.core import shapes

    out: Raw = ()
    for i in range(len(c)):
        if c[i] is None or c[i] == ():
            out = None if c[i] is None and not out else out
            continue
        if out:
            try:
                out = shapes.merge(out, c[i])
            except ValueError:
                raise ShapeError(
                    f"Input shapes do not match: {list(out or ())} vs. {list(c[i] or ())}"
                ) from None
        else:
            out = c[i]
    return out


def _join(inputs: list[np.ndarray], separator: str) -> np.ndarray:
    joint = separator.encode()
    whole = np.broadcast_arrays(*inputs) if inputs else []
    if not whole:
        return np.array(b"", object)
    return filled(
        [joint.join(parts) for parts in zip(*[w.reshape(-1) for w in whole], strict=True)], whole[0].shape
    )


JOIN = _row("StringJoin", "inputs: N*string -> output: string", _join, _join_shape, attrs={"separator": ""})


def _reduce_axes(axes: np.ndarray, rank: int) -> list[int]:
    out = []
    for axis in axes.reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise OutOfRangeError(
                None, None, f"Invalid reduction dimension {axis} for input with {rank} dimension(s)"
            )
        if axis % rank in out:
            raise invalid(f"Duplicate reduction dimension {axis}")
        out.append(axis % rank)
    return out


def _reduce_join_shape(c: ShapeContext) -> Raw:
    shape, axes = c[0], c.value(1)
    if shape is None or axes is None:
        return None
    reduced = _reduce_axes(axes, len(shape))
    return tuple(
        [1 if i in reduced else d for i, d in enumerate(shape) if i not in reduced or c.attrs["keep_dims"]]
    )


def _reduce_join(x: np.ndarray, axes: np.ndarray, keep_dims: bool, separator: str) -> np.ndarray:
    reduced = _reduce_axes(axes, x.ndim)
    if not reduced:
        return x
    kept = [i for i in range(x.ndim) if i not in reduced]
    joint = separator.encode()
    count = int(np.prod([x.shape[i] for i in kept]))
    lines = (
        x.transpose([*kept, *reversed(reduced)]).reshape(count, -1)
        if x.size
        else np.empty((count, 0), object)
    )
    shape = [1 if i in reduced else d for i, d in enumerate(x.shape) if i not in reduced or keep_dims]
    return filled([joint.join(line) for line in lines], shape)


REDUCE_JOIN = _row(
    "ReduceJoin",
    "inputs: string, reduction_indices: int32 -> output: string",
    _reduce_join,
    _reduce_join_shape,
    attrs={"keep_dims": False, "separator": ""},
)


def _segment_join_shape(c: ShapeContext) -> Raw:
    inputs, ids, n = c[0], c[1], c.value(2)
    if inputs is None or ids is None:
        return None
    for i, (a, b) in enumerate(zip(inputs, ids)):
        if a is not None and b is not None and a != b:
            raise ShapeError(f"Segment dimension is {b} while input dimension is {a} in rank {i}")
    return (None if n is None or n < 0 else int(n), *inputs[len(ids) :])


def _segment_join(x: np.ndarray, ids: np.ndarray, num_segments: np.ndarray, separator: str) -> np.ndarray:
    n = int(num_segments)
    if n < 0:
        raise invalid(f"Number of segments must be non-negative but got {n}")
    if ids.size and (ids.min() < 0 or ids.max() >= n):
        raise invalid("segment_ids are not allowed to exceed num_segments or to have negative values.")
    inner = x.shape[ids.ndim :]
    rows = x.reshape(ids.size, int(np.prod(inner)))
    groups: list[list[int]] = [[] for _ in range(n)]
    for i, segment in enumerate(ids.reshape(-1).tolist()):
        groups[segment].append(i)
    joint = separator.encode()
    return filled([joint.join(rows[g, k]) for g in groups for k in range(rows.shape[1])], (n, *inner))


SEGMENT_JOIN = _row(
    "UnsortedSegmentJoin",
    "inputs: string, segment_ids: Tindices, num_segments: Tnumsegments -> output: string",
    _segment_join,
    _segment_join_shape,
    attrs={"separator": ""},
    types={"Tindices": (dtypes.int32, dtypes.int64), "Tnumsegments": (dtypes.int32, dtypes.int64)},
)


# -------------------------------------------------------------------------------------------------- splitting
def _split_one(text: bytes, sep: bytes, limit: int) -> list[bytes]:
    if sep:
        return text.split(sep, limit)
    if limit < 0:
        return text.split()
    if limit == 0:
        return [text]
    out: list[bytes] = []
    rest = text.lstrip()
    while rest:
        word = rest.split(None, 1)[0]
        out.append(word)
        rest = rest[len(word) :].lstrip()
        if len(out) == limit:  # the remainder is there even when it is empty
            return [*out, rest]
    return out


def _sparse(rows: list[list[bytes]]) -> list[np.ndarray]:
    """Rows of different lengths as indices, values and shape of a sparse matrix."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    values = list(itertools.chain.from_iterable(rows))
    indices = np.empty((len(values), 2), np.int64)
    indices[:, 0] = np.repeat(np.arange(len(rows)), lengths)
    indices[:, 1] = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    shape = np.array([len(rows), lengths.max(initial=0)], np.int64)
    return [indices, filled(values, (len(values),)), shape]


def _split_shape(c: ShapeContext) -> list[Raw]:
    c.same_rank(0, 1)
    if c[1]:
        raise ShapeError(f"the delimiter must be a scalar, received shape {list(c[1])}")
    return [(None, 2), (None,), (2,)]


def _split(x: np.ndarray, sep: np.ndarray, maxsplit: int) -> list[np.ndarray]:
    return _sparse([_split_one(s, _bytes(sep), maxsplit) for s in x])


SPLIT = _row(
    "StringSplitV2",
    "input: string, sep: string -> indices: int64, values: string, shape: int64",
    _split,
    _split_shape,
    attrs={"maxsplit": -1},
)


def _legacy_split(x: np.ndarray, delimiter: np.ndarray, skip_empty: bool) -> list[np.ndarray]:
    """Every byte of `delimiter` separates; an empty one separates all bytes."""
    separators = _bytes(delimiter)

    def one(text: bytes) -> list[bytes]:
        if not separators:
            return [text[i : i + 1] for i in range(len(text))]
        if not text:
            return []
        parts = re.split(b"[" + re.escape(separators) + b"]", text)
        return [p for p in parts if p] if skip_empty else parts

    return _sparse([one(s) for s in x])


_row(
    "StringSplit",
    "input: string, delimiter: string -> indices: int64, values: string, shape: int64",
    _legacy_split,
    _split_shape,
    attrs={"skip_empty": True},
)


def _ngrams(
    data: np.ndarray,
    splits: np.ndarray,
    separator: str,
    ngram_widths: Sequence[int],
    left_pad: str,
    right_pad: str,
    pad_width: int,
    preserve_short_sequences: bool,
) -> list[np.ndarray]:
    joint, left, right = separator.encode(), left_pad.encode(), right_pad.encode()
    if len(splits) and (splits[0] != 0 or splits[-1] != len(data) or (np.diff(splits) < 0).any()):
        raise invalid(
            "Invalid split values: they must start with 0, not decrease and end with the number of strings "
            f"({len(data)}), received {splits.tolist()}"
        )
    out: list[bytes] = []
    ends = [0]
    for start, stop in zip(splits[:-1].tolist(), splits[1:].tolist(), strict=True):
        row = list(data[start:stop])
        before = len(out)
        for width in ngram_widths:
            pad = width - 1 if pad_width < 0 else min(pad_width, width - 1)
            line = [left] * pad + row + [right] * pad
            out.extend([joint.join(line[i : i + width]) for i in range(len(line) - width + 1)])
        if preserve_short_sequences and len(out) == before and row:
            pad = 0 if pad_width == 0 else max(0, pad_width)
            out.append(joint.join([left] * pad + row + [right] * pad))
        ends.append(len(out))
    return [filled(out, (len(out),)), np.asarray(ends[: len(splits)] if len(splits) else [], splits.dtype)]


NGRAMS = _row(
    "StringNGrams",
    "data: string, data_splits: Tsplits -> ngrams: string, ngrams_splits: Tsplits",
    _ngrams,
    lambda c: [(None,), c[1]],
    attrs={
        "separator": REQUIRED,
        "ngram_widths": REQUIRED,
        "left_pad": REQUIRED,
        "right_pad": REQUIRED,
        "pad_width": REQUIRED,
        "preserve_short_sequences": REQUIRED,
    },
    types={"Tsplits": (dtypes.int32, dtypes.int64)},
    defaults={"Tsplits": dtypes.int64},
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


HASH_BUCKET = _row(
    "StringToHashBucket",
    "string_tensor: string -> output: int64",
    _buckets(lambda strings, _: hashing.by_length(strings, hashing.hash64)),
    _bucket_shape,
    attrs={"num_buckets": REQUIRED},
)
HASH_BUCKET_FAST = _row(
    "StringToHashBucketFast",
    "input: string -> output: int64",
    _buckets(lambda strings, _: hashing.fingerprints(strings)),
    _bucket_shape,
    attrs={"num_buckets": REQUIRED},
)
HASH_BUCKET_STRONG = _row(
    "StringToHashBucketStrong",
    "input: string -> output: int64",
    _buckets(lambda strings, key: hashing.by_length(strings, hashing.siphash(key))),
    _bucket_shape,
    attrs={"num_buckets": REQUIRED, "key": REQUIRED},
)


# ------------------------------------------------------------------------------------------ bytes and base 64
def _decode_base64(text: bytes) -> bytes:
    if re.fullmatch(rb"[A-Za-z0-9_-]*={0,2}", text):
        body = text.rstrip(b"=")
        if len(body) % 4 != 1 and (len(body) == len(text) or len(text) % 4 == 0):
            try:
                return base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
            except binascii.Error:
                pass  # reported below
    raise invalid(
        "Invalid character found in base64: the web-safe alphabet (A-Z, a-z, 0-9, - and _) is expected, "
        "with padding at the end only."
    )


def _encode_base64(x: np.ndarray, pad: bool) -> np.ndarray:
    return each(lambda s: base64.urlsafe_b64encode(s) if pad else base64.urlsafe_b64encode(s).rstrip(b"="), x)


DECODE_BASE64 = _row("DecodeBase64", "input: string -> output: string", lambda x: each(_decode_base64, x))
ENCODE_BASE64 = _row("EncodeBase64", "input: string -> output: string", _encode_base64, attrs={"pad": False})


def _numbers(data: bytes, out_type: Any, little_endian: bool, count: int) -> np.ndarray:
    kind = out_type._np
    half = (
        kind.itemsize // 2 if kind.kind == "c" else kind.itemsize
    )  # parts of complex numbers are swapped separately
    raw = np.frombuffer(data, np.uint8)
    if not little_endian and half > 1:
        raw = raw.reshape(-1, half)[:, ::-1]
    return np.ascontiguousarray(raw).reshape(-1).view(kind)[:count]


def _decode_raw(x: np.ndarray, out_type: Any, little_endian: bool) -> np.ndarray:
    texts = list(x.reshape(-1))
    size = len(texts[0]) if texts else 0
    for text in texts:
        if len(text) != size:
            raise invalid(
                "DecodeRaw requires input strings to all be the same size, but element has size "
                f"{len(text)} != {size}"
            )
    if size % out_type.size:
        raise invalid(
            f"Input to DecodeRaw has length {size} that is not a multiple of {out_type.size}, the size of "
            f"{out_type.name}"
        )
    n = size // out_type.size
    return _numbers(b"".join(texts), out_type, little_endian, n * len(texts)).reshape(*x.shape, n)


DECODE_RAW = _row(
    "DecodeRaw",
    "bytes: string -> output: out_type",
    _decode_raw,
    lambda c: None if c[0] is None else (*c[0], None),
    attrs={"out_type": REQUIRED, "little_endian": True},
)


def _decode_padded_raw(
    x: np.ndarray, fixed_length: np.ndarray, out_type: Any, little_endian: bool
) -> np.ndarray:
    size = int(fixed_length)
    if size <= 0 or size % out_type.size:
        raise invalid(
            f"fixed_length ({size}) must be greater than zero and a multiple of the size of out_type "
            f"({out_type.size})"
        )
    texts = [s[:size].ljust(size, b"\0") for s in x.reshape(-1)]
    n = size // out_type.size
    return _numbers(b"".join(texts), out_type, little_endian, n * len(texts)).reshape(*x.shape, n)


def _padded_raw_shape(c: ShapeContext) -> Raw:
    n = c.value(1)
    size = c.attrs["out_type"].size
    return None if c[0] is None else (*c[0], None if n is None or n < 0 else int(n) // size)


DECODE_PADDED_RAW = _row(
    "DecodePaddedRaw",
    "input_bytes: string, fixed_length: int32 -> output: out_type",
    _decode_padded_raw,
    _padded_raw_shape,
    attrs={"out_type": REQUIRED, "little_endian": True},
)
