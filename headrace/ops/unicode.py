"""Strings as Unicode: decoding, encoding, transcoding, the script of a character."""

from __future__ import annotations

import codecs
import threading
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from .strings import choice, each, filled
from .table import same_as

OUTPUT_ENCODINGS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}
ERRORS = ("strict", "replace", "ignore")
_BIG_ENDIAN = {
    "utf-16": "utf-16-be",
    "utf-32": "utf-32-be",
}  # without a byte-order mark that is what ICU assumes
_BAD = 0xD800  # stands for what cannot be decoded: no codec produces a lone surrogate


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        raise invalid(f"Could not create converter for input encoding: {name}") from None
    return _BIG_ENDIAN.get(found, found)


class _Malformed(threading.local):
    """What the codec being run could not decode: the numbers of bytes."""

    def __init__(self) -> None:
        self.spans: list[int] = []

    def __call__(self, error: Any) -> tuple[str, int]:
        self.spans.append(error.end - error.start)
        return chr(_BAD), error.end


_malformed = _Malformed()
_HANDLER = "headrace-malformed"
codecs.register_error(_HANDLER, _malformed)


class Decoder:
    """Decodes strings of one encoding into code points, under TensorFlow's rules for what is malformed."""

    def __init__(
        self, encoding: str, errors: str, replacement_char: int, replace_control_characters: bool
    ) -> None:
        self.codec, self.errors = _codec(encoding), errors
        self.replacement, self.control = replacement_char, replace_control_characters

    def decode(self, text: bytes, offsets: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """Code points, and at which byte each begins."""
        _malformed.spans = []
        decoded = text.decode(self.codec, _HANDLER)
        codes = np.frombuffer(decoded.encode("utf-32-le", "surrogatepass"), "<i4").astype(np.int32)
        starts = self._starts(decoded) if offsets else None
        bad = codes == _BAD
        if self.errors == "strict" and bad.any():
            raise invalid("Invalid formatting on input string: it is not valid in the given encoding.")
        if self.control:
            bad = bad | (codes <= 0x1F)
        if bad.any():
            if self.errors == "ignore":
                codes = codes[~bad]
                starts = None if starts is None else starts[~bad]
            else:
                codes = np.where(bad, np.int32(self.replacement), codes)
        return codes, starts

    def _starts(self, decoded: str) -> np.ndarray:
        widths, spans = [], iter(_malformed.spans)
        known: dict[str, int] = {}
        for c in decoded:
            if ord(c) == _BAD:
                widths.append(next(spans))
                continue
            width = known.get(c)
            if width is None:
                width = known[c] = len(c.encode(self.codec))
            widths.append(width)
        return (
            np.concatenate([[0], np.cumsum(widths[:-1])]).astype(np.int64)
            if widths
            else np.zeros(0, np.int64)
        )


def _check_errors(c: ShapeContext) -> None:
    choice(c.attrs["errors"], ERRORS, "errors")


def _decode_shape(outputs: int) -> Any:
    def rule(c: ShapeContext) -> list[Raw]:
        _check_errors(c)
        shape = c[0]
        n = None if shape is None or None in shape else int(np.prod(shape, dtype=np.int64)) + 1  # type: ignore[arg-type]
        return [(n,), *[(None,)] * (outputs - 1)]

    return rule


def _decode(
    x: np.ndarray,
    input_encoding: str,
    errors: str,
    replacement_char: int,
    replace_control_characters: bool,
    Tsplits: Any,
    offsets: bool = False,
) -> list[np.ndarray]:
    decoder = Decoder(input_encoding, errors, replacement_char, replace_control_characters)
    parts = [decoder.decode(s, offsets) for s in x.reshape(-1)]
    splits = np.concatenate([[0], np.cumsum([len(codes) for codes, _ in parts])]).astype(Tsplits._np)
    codes = np.concatenate([codes for codes, _ in parts]) if parts else np.zeros(0, np.int32)
    if not offsets:
        return [splits, codes]
    return [splits, codes, np.concatenate([s for _, s in parts]) if parts else np.zeros(0, np.int64)]


_DECODE_ATTRS = {
    "input_encoding": REQUIRED,
    "errors": "replace",
    "replacement_char": 65533,
    "replace_control_characters": False,
    "Tsplits": dtypes.int64,
}
UNICODE_DECODE = OpDef(
    "UnicodeDecode",
    "input: string -> row_splits: Tsplits, char_values: int32",
    attrs=_DECODE_ATTRS,
    shape=_decode_shape(2),
    kernel=_decode,
    host=True,
    grad=not_differentiable,
)
UNICODE_DECODE_WITH_OFFSETS = OpDef(
    "UnicodeDecodeWithOffsets",
    "input: string -> row_splits: Tsplits, char_values: int32, char_to_byte_starts: int64",
    attrs=_DECODE_ATTRS,
    shape=_decode_shape(3),
    kernel=lambda x, **attrs: _decode(x, **attrs, offsets=True),
    host=True,
    grad=not_differentiable,
)


def _encoded(codes: np.ndarray, encoding: str) -> bytes:
    return (
        codes.astype("<u4")
        .tobytes()
        .decode("utf-32-le", "surrogatepass")
        .encode(OUTPUT_ENCODINGS[encoding], "surrogatepass")
    )


def _valid(codes: np.ndarray) -> np.ndarray:
    """Neither surrogates nor out of range."""
    return (codes >= 0) & (codes <= 0x10FFFF) & ~((codes >= 0xD800) & (codes <= 0xDFFF))


def _encode_shape(c: ShapeContext) -> Raw:
    _check_errors(c)
    choice(c.attrs["output_encoding"], tuple(OUTPUT_ENCODINGS), "output_encoding")
    splits = c[1]
    return (None,) if splits is None or splits[0] is None else (splits[0] - 1,)


def _encode(
    codes: np.ndarray, splits: np.ndarray, output_encoding: str, errors: str, replacement_char: int
) -> np.ndarray:
    if len(splits) == 0 or splits[0] != 0 or splits[-1] != len(codes) or (np.diff(splits) < 0).any():
        raise invalid(
            "input_splits must start with 0, not decrease and end with the number of code points "
            f"({len(codes)}), received {splits.tolist()}"
        )
    good = _valid(codes)
    if not good.all():
        if errors == "strict":
            raise invalid("Code point is out of range for Unicode, or a surrogate.")
        if errors == "replace":
            codes, good = np.where(good, codes, np.int32(replacement_char)), np.ones_like(good)
    out = [
        _encoded(codes[a:b][good[a:b]], output_encoding)
        for a, b in zip(splits[:-1].tolist(), splits[1:].tolist(), strict=True)
    ]
    return filled(out, (len(out),))


UNICODE_ENCODE = OpDef(
    "UnicodeEncode",
    "input_values: int32, input_splits: Tsplits -> output: string",
    attrs={"errors": "replace", "output_encoding": REQUIRED, "replacement_char": 65533},
    types={"Tsplits": (dtypes.int32, dtypes.int64)},
    defaults={"Tsplits": dtypes.int64},
    shape=_encode_shape,
    kernel=_encode,
    host=True,
    grad=not_differentiable,
)


def _transcode_shape(c: ShapeContext) -> Raw:
    _check_errors(c)
    choice(c.attrs["output_encoding"], tuple(OUTPUT_ENCODINGS), "output_encoding")
    return c[0]


def _transcode(
    x: np.ndarray,
    input_encoding: str,
    output_encoding: str,
    errors: str,
    replacement_char: int,
    replace_control_characters: bool,
) -> np.ndarray:
    decoder = Decoder(input_encoding, errors, replacement_char, replace_control_characters)
    return each(lambda s: _encoded(decoder.decode(s)[0], output_encoding), x)


UNICODE_TRANSCODE = OpDef(
    "UnicodeTranscode",
    "input: string -> output: string",
    attrs={
        "input_encoding": REQUIRED,
        "output_encoding": REQUIRED,
        "errors": "replace",
        "replacement_char": 65533,
        "replace_control_characters": False,
    },
    shape=_transcode_shape,
    kernel=_transcode,
    host=True,
    grad=not_differentiable,
)


def _script(codes: np.ndarray) -> np.ndarray:
    from .unicode_scripts import table

    inside = (codes >= 0) & (codes <= 0x10FFFF)
    return np.where(inside, table()[np.where(inside, codes, 0)], -1).astype(np.int32)


UNICODE_SCRIPT = OpDef(
    "UnicodeScript",
    "input: int32 -> output: int32",
    shape=same_as(0),
    kernel=_script,
    host=True,
    grad=not_differentiable,
)
