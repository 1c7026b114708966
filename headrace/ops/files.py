"""Ops that read and write files."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable


def _scalar(c: ShapeContext, *indices: int) -> None:
    for i in indices:
        if c[i]:
            raise ShapeError(f"Input {i} must be a scalar, but has shape {list(c[i] or ())}")


def _scalars(c: ShapeContext) -> Raw:
    _scalar(c, *range(len(c)))
    return ()


def _boxed(text: bytes) -> np.ndarray:
    out = np.empty((), object)
    out[()] = text
    return out


def _read_file(filename: np.ndarray) -> np.ndarray:
    from headrace.io import files

    return _boxed(files.read_bytes(filename.item()))


def _write_file(filename: np.ndarray, contents: np.ndarray) -> list[Any]:
    from headrace.io import files

    files.write_bytes(filename.item(), contents.item())
    return []


def _no_outputs(c: ShapeContext) -> list[Raw]:
    _scalars(c)
    return []


def _matching_files(pattern: np.ndarray) -> np.ndarray:
    from headrace.io import files

    found = sorted([path for p in pattern.reshape(-1) for path in files.glob(p)])
    out = np.empty(len(found), object)
    out[:] = [path.encode() for path in found]
    return out


# Reading is stateful here: what a file holds may change between two runs of a program.
READ_FILE = OpDef(
    "ReadFile", "filename: string -> contents: string",
    shape=_scalars, kernel=_read_file, host=True, stateful=True, grad=not_differentiable,
)  # fmt: skip
WRITE_FILE = OpDef(
    "WriteFile", "filename: string, contents: string ->",
    shape=_no_outputs, kernel=_write_file, host=True, stateful=True, grad=not_differentiable,
)  # fmt: skip
MATCHING_FILES = OpDef(
    "MatchingFiles", "pattern: string -> filenames: string",
    shape=lambda c: (None,), kernel=_matching_files, host=True, stateful=True, grad=not_differentiable,
)  # fmt: skip
SHARDED_FILENAME = OpDef(
    "ShardedFilename", "basename: string, shard: int32, num_shards: int32 -> filename: string",
    shape=_scalars, host=True, grad=not_differentiable,
    kernel=lambda base, i, n: _boxed(b"%s-%05d-of-%05d" % (base.item(), i, n)),
)  # fmt: skip
