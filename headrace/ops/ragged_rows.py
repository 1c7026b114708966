"""Rows of ragged values that are empty get a value: how many come out depends on data, so this runs on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.errors import invalid
from headrace.core.op import OpDef

from .sparse_structure import SPARSE_FILL_GRAD


def _fill(value_rowids: Any, values: Any, nrows: Any, default_value: Any) -> list[np.ndarray]:
    n = int(nrows)
    if len(values) != len(value_rowids):
        raise invalid(
            f"The length of `values` ({len(values)}) must match the first dimension of `value_rowids` ({len(value_rowids)})."
        )
    outside = (value_rowids < 0) | (value_rowids >= n)
    if outside.any():
        i = int(np.argmax(outside))
        raise invalid(f"indices({i}, 0) is invalid: {value_rowids[i]} >= {n}")
    empty = np.ones(n, np.bool_)
    empty[value_rowids] = False
    rows = np.concatenate([value_rowids, np.flatnonzero(empty)]).astype(np.int64)
    filled = np.concatenate([values, np.full(len(rows) - len(values), default_value[()], values.dtype)])
    order = np.argsort(rows, kind="stable")
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows))
    return [rows[order], filled[order], empty, place[: len(values)]]


def _gradient(op: Any, _: Any, g: Any, *rest: Any) -> list[Any]:
    d_values, d_default = RAGGED_FILL_GRAD(op.outputs[3], g)
    return [None, d_values, None, d_default]


RAGGED_FILL = OpDef(
    "RaggedFillEmptyRows",
    "value_rowids: int64, values: T, nrows: int64, default_value: T -> "
    "output_value_rowids: int64, output_values: T, empty_row_indicator: bool, reverse_index_map: int64",
    shape=lambda c: [(None,), (None,), (None if c.value(2) is None else int(c.value(2)),), c[0]],
    kernel=_fill,
    grad=_gradient,
    host=True,
)
RAGGED_FILL_GRAD = OpDef(
    "RaggedFillEmptyRowsGrad",
    "reverse_index_map: int64, grad_values: T -> d_values: T, d_default_value: T",
    shape=lambda c: [c[0], ()],
    kernel=SPARSE_FILL_GRAD.kernel,
    host=True,
)
