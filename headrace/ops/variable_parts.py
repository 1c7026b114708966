"""Ops that change a part of a variable: slices at index vectors, a strided slice."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.op import OpDef, lookup
from headrace.core.tape import not_differentiable

from .state import ASSIGN, READ


def _scatter_nd(kind: str) -> OpDef:
    def body(ref: Any, indices: Any, updates: Any, use_locking: bool, bad_indices_policy: str) -> None:
        value = READ(ref, dtype=updates._dtype)
        changed = lookup(f"TensorScatter{kind}")(
            value, indices, updates, bad_indices_policy=bad_indices_policy
        )
        ASSIGN(ref, changed)

    return OpDef(
        f"ResourceScatterNd{kind}",
        "ref: resource, indices: Tindices, updates: T ->",
        attrs={"use_locking": True, "bad_indices_policy": ""},
        types={"Tindices": dtypes.INDEX},
        shape=lambda c: [],
        body=body,
        stateful=True,
        grad=not_differentiable,
    )


for _kind in ("Update", "Add", "Sub", "Min", "Max"):
    _scatter_nd(_kind)


def _assign_slice(ref: Any, begin: Any, end: Any, strides: Any, value: Any, **masks: Any) -> None:
    old = READ(ref, dtype=value._dtype)
    ASSIGN(ref, lookup("TensorStridedSliceUpdate")(old, begin, end, strides, value, **masks))


STRIDED_SLICE_ASSIGN = OpDef(
    "ResourceStridedSliceAssign",
    "ref: resource, begin: Index, end: Index, strides: Index, value: T ->",
    attrs={
        "begin_mask": 0,
        "end_mask": 0,
        "ellipsis_mask": 0,
        "new_axis_mask": 0,
        "shrink_axis_mask": 0,
    },
    types={"Index": dtypes.INDEX},
    shape=lambda c: [],
    body=_assign_slice,
    stateful=True,
    grad=not_differentiable,
)
