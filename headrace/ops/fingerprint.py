"""Stable 64-bit fingerprints of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.errors import ShapeError, invalid
from headrace.core.op import OpDef
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.ops.hashing import by_length, fingerprint64


def _fingerprint(data: Any, method: Any) -> Any:
    if method[()] != b"farmhash64":
        raise invalid(f"Unsupported fingerprint method: {method[()]!r}; use 'farmhash64'")
    rows = data.shape[0]
    if data.dtype.kind == "O":
        hashes = by_length(data.reshape(-1).tolist(), fingerprint64)
        if data.ndim == 1:
            return hashes.astype("<u8").view(np.uint8).reshape(rows, 8)
        data = hashes.reshape(rows, -1)  # the fingerprint of a row's fingerprints
    row_bytes = np.ascontiguousarray(data).reshape(rows, -1).view(np.uint8)
    return (
        by_length([r.tobytes() for r in row_bytes], fingerprint64)
        .astype("<u8")
        .view(np.uint8)
        .reshape(rows, 8)
    )


FINGERPRINT = OpDef(
    "Fingerprint",
    "data: T, method: string -> fingerprint: uint8",
    kernel=_fingerprint,
    host=True,
    grad=not_differentiable,
)


@FINGERPRINT.shape_rule
def _(c: Any) -> Raw:
    if c[0] is not None and not c[0]:
        raise ShapeError("`data` should have rank >= 1")
    return (None if c[0] is None else c[0][0], 8)
