"""Tensors as text, letter for letter as TensorFlow's runtime writes them (`tf.print`, `tf.strings.format`,
`tf.Assert`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_ESCAPES = {
    ord("\n"): b"\\n",
    ord("\r"): b"\\r",
    ord("\t"): b"\\t",
    ord('"'): b'\\"',
    ord("'"): b"\\'",
    ord("\\"): b"\\\\",
}


def escape(text: bytes) -> bytes:
    """C's escapes for what cannot be printed; UTF-8 stays as it is."""
    if text.isalnum():
        return text
    return b"".join(
        [_ESCAPES.get(c) or (bytes([c]) if 32 <= c < 127 or c >= 128 else b"\\%03o" % c) for c in text]
    )


def _float(value: Any, kind: type, short: int, long: int) -> str:
    text = f"{float(value):.{short}g}"
    return text if kind(text) == kind(value) or value != value else f"{float(value):.{long}g}"


def formatter(array: np.ndarray, quote: bool) -> Callable[[Any], bytes]:
    """What writes one element of an array of this type. `quote`: strings in double quotes."""
    kind = array.dtype.kind
    if kind == "O":
        return (lambda v: b'"' + escape(_bytes(v)) + b'"') if quote else (lambda v: escape(_bytes(v)))
    if kind == "b":
        return lambda v: b"1" if v else b"0"
    if kind in "iu":
        return lambda v: str(int(v)).encode()
    if kind == "c":
        return lambda v: (
            f"({_float(v.real, np.float64, 15, 17)},{_float(v.imag, np.float64, 15, 17)})".encode()
        )
    if array.dtype == np.float64:
        return lambda v: _float(v, np.float64, 15, 17).encode()
    if array.dtype.name in ("int4", "uint4"):
        return lambda v: str(int(v)).encode()
    return lambda v: _float(np.float32(v), np.float32, 6, 9).encode()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else f"<{type(value).__name__}>".encode()


def ends(array: np.ndarray, summarize: int) -> bytes:
    """The first and last `summarize` entries of every dimension (all if negative): `[1 2 3 ... 8 9 10]`."""
    write = formatter(array, quote=True)
    if not summarize and not array.ndim:
        return b"..."
    n = array.size if summarize < 0 else min(summarize, array.size)
    rank = array.ndim

    def gap(dim: int) -> bytes:
        return b" " if dim == rank - 1 else b"\n" * (rank - 1 - dim) + b" " * (dim + 1)

    def visit(part: Any, dim: int) -> bytes:
        if dim == rank:
            return write(part)
        count = len(part)
        out = [visit(part[i], dim + 1) for i in range(min(n, count))]
        if count > 2 * n:
            text = gap(dim).join(out) + gap(dim) + b"..."
        else:
            text = gap(dim).join(out)
        tail = b"".join([gap(dim) + visit(part[i], dim + 1) for i in range(max(n, count - n), count)])
        return b"[" + text + tail + b"]"

    return visit(array[()] if rank == 0 else array, 0)


def first(array: np.ndarray, limit: int) -> bytes:
    """The first `limit` elements (all if negative): `1 2 3...`, rows in brackets."""
    write = formatter(array, quote=False)
    limit = array.size if limit < 0 else min(limit, array.size)
    if array.ndim == 0:
        return write(array[()]) if limit else b"..."
    done = 0

    def visit(part: Any, dim: int) -> bytes:
        nonlocal done
        if done >= limit:
            return b""
        if dim == array.ndim - 1:
            row = part[: limit - done]
            done += len(row)
            text = b" ".join([write(v) for v in row])
            return text + b"..." if len(row) < len(part) and dim else text
        out = b""
        for inner in part:
            if done < limit:
                out += b"[" + visit(inner, dim + 1) + b"]"
        return out

    text = visit(array, 0)
    return text + b"..." if array.size > limit else text
