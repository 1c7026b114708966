"""What the bytes of strings stand for: base 64, and numbers as they lie in memory."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import numpy as np

from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, ShapeContext
from headrace.core.shapes import Raw

from .strings import each, string_op


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


DECODE_BASE64 = string_op(
    "DecodeBase64", "input: string -> output: string", lambda x: each(_decode_base64, x)
)
ENCODE_BASE64 = string_op(
    "EncodeBase64", "input: string -> output: string", _encode_base64, attrs={"pad": False}
)


def _numbers(data: bytes, out_type: Any, little_endian: bool, count: int) -> np.ndarray:
    kind = out_type._np
    # Parts of complex numbers are swapped separately.
    half = kind.itemsize // 2 if kind.kind == "c" else kind.itemsize
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


DECODE_RAW = string_op(
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


DECODE_PADDED_RAW = string_op(
    "DecodePaddedRaw",
    "input_bytes: string, fixed_length: int32 -> output: out_type",
    _decode_padded_raw,
    _padded_raw_shape,
    attrs={"out_type": REQUIRED, "little_endian": True},
)
