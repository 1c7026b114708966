"""XLA's own ops that TensorFlow exposes: slices whose starts are known when the program runs. A window that would leave
the operand is moved back into it (StableHLO's specification, "dynamic_slice")."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.dtypes import INDEX
from headrace.core.op import OpDef
from headrace.ops.array import SHAPE
from headrace.ops.cast import ZEROS_LIKE
from headrace.ops.slicing import entries, scalar_at


def _window(shape: tuple[int, ...], sizes: Any, starts: np.ndarray) -> tuple[slice, ...]:
    at = np.clip(starts, 0, np.subtract(shape, sizes))
    return tuple(slice(int(k), int(k) + int(n)) for k, n in zip(at, sizes))


XLA_DYNAMIC_SLICE = OpDef(
    "XlaDynamicSlice",
    "input: T, start_indices: Tindices, size_indices: Tindices -> output: T",
    types={"Tindices": INDEX},
    static=("size_indices",),
    shape=lambda c: (
        tuple(sizes) if (sizes := entries(c.inputs[2])) is not None else c[0] and (None,) * len(c[0])
    ),
    kernel=lambda x, start_indices, size_indices: x[_window(x.shape, size_indices, start_indices)],
    lower=lambda b, x, starts, sizes: b.dynamic_slice(
        x, [scalar_at(b, starts, i) for i in range(x.rank)], [int(n) for n in sizes]
    ),
    grad=lambda op, g: [
        XLA_DYNAMIC_UPDATE_SLICE(ZEROS_LIKE(op.inputs[0]), g, op.inputs[1]),
        None,
        None,
    ],
)


def _updated(input: np.ndarray, update: np.ndarray, indices: np.ndarray) -> np.ndarray:
    out = input.copy()
    out[_window(input.shape, update.shape, indices)] = update
    return out


XLA_DYNAMIC_UPDATE_SLICE: OpDef = OpDef(
    "XlaDynamicUpdateSlice",
    "input: T, update: T, indices: Tindices -> output: T",
    types={"Tindices": INDEX},
    shape=lambda c: c[0],
    kernel=_updated,
    lower=lambda b, x, update, indices: b.dynamic_update_slice(
        x, update, [scalar_at(b, indices, i) for i in range(x.rank)]
    ),
)


@XLA_DYNAMIC_UPDATE_SLICE.gradient
def _(op: Any, g: Any) -> list[Any]:
    _, update, indices = op.inputs
    sizes = SHAPE(update, out_type=indices._dtype)
    zeros = ZEROS_LIKE(update)
    return [XLA_DYNAMIC_UPDATE_SLICE(g, zeros, indices), XLA_DYNAMIC_SLICE(g, indices, sizes), None]


def dynamic_slice(x: Any, start_indices: Any, size_indices: Any, name: str | None = None) -> Any:
    """The window of `x` that begins at `start_indices` and has sizes `size_indices`."""
    return XLA_DYNAMIC_SLICE(x, start_indices, size_indices, name=name)


def dynamic_update_slice(x: Any, update: Any, start_indices: Any, name: str | None = None) -> Any:
    """`x` with the window that begins at `start_indices` replaced by `update`.

    >>> import headrace as tf
    >>> dynamic_update_slice(tf.zeros([4]), tf.ones([2]), tf.constant([1])).numpy().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    return XLA_DYNAMIC_UPDATE_SLICE(x, update, start_indices, name=name)
