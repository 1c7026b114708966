"""Writing by index: ScatterNd and the TensorScatter family.

Indices out of range are treated as in gather.py: an error; with `jit_compile=True` such updates are dropped."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.errors import ShapeError
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import Raw
from headrace.ops.cast import ZEROS_LIKE
from headrace.ops.gather import GATHER_ND, INDEX_TYPES, flat_rows

INT32 = dtypes.int32


def combine_rows(out: Any, ids: Any, rows: Any, ufunc: Any) -> None:
    """`out[ids[i]] = ufunc(out[ids[i]], rows[i])` for every i, also where ids repeat; `out` is contiguous."""
    width = math.prod(out.shape[1:])
    if width != 1:  # NumPy's `ufunc.at` is fast on vectors only
        ids = (ids.astype(np.int64)[:, None] * width + np.arange(width)).reshape(-1)
    ufunc.at(out.reshape(-1), ids, rows.reshape(-1))


def check_updates(target: Raw, indices: Raw, updates: Raw) -> None:
    """ShapeError unless `updates` has the shape indices.shape[:-1] + target.shape[depth:]."""
    if indices is None or updates is None:
        return
    if not indices:
        raise ShapeError("Indices shape must have rank at least one. Found: []")
    depth = indices[-1]
    if target is None or depth is None:
        return
    if depth > len(target):
        raise ShapeError(
            f"The inner {depth} dimensions of indices must index into a tensor of rank "
            f"{len(target)}: indices.shape[-1] must be <= its rank"
        )
    expected = indices[:-1] + target[depth:]
    if not shapes.compatible(expected, updates):
        raise ShapeError(
            "The shape of updates must be indices.shape[:-1] + shape[indices.shape[-1]:] = "
            f"{list(expected)}, got {list(updates)}"
        )


def _scattered(out: Any, indices: Any, updates: Any, ufunc: Any, policy: str) -> Any:
    depth = indices.shape[-1]
    rows, valid = flat_rows(indices, out.shape, policy)
    table = out.reshape((math.prod(out.shape[:depth]), *out.shape[depth:]))
    new = updates.reshape((len(rows), *out.shape[depth:]))
    if valid is not None:
        rows, new = rows[valid], new[valid]
    if ufunc is None:
        table[rows] = new
    else:
        combine_rows(table, rows, new, ufunc)
    return table.reshape(out.shape)


def lower_scatter(b: Any, x: Any, indices: Any, updates: Any, kind: str | None, check: bool = True) -> Any:
    """StableHLO's scatter in TensorFlow's terms. With `check`, indices out of range are errors of the program; XLA
    drops such updates."""
    depth = indices.shape[-1]
    if 0 in updates.shape or 0 in x.shape:
        return x
    shape = x.shape
    if check:
        limits, zero = b.constant(np.asarray(shape[:depth], indices.dtype._np)), b.constant(0, indices.dtype)
        b.check(
            lambda: b.binary("and", b.compare("GE", indices, zero), b.compare("LT", indices, limits)),
            f"indices does not index into shape {list(shape)}",
        )
    if depth == 0:  # every update is for the whole tensor
        x, depth = b.reshape(x, (1, *shape)), 1
        indices = b.zeros((*indices.shape[:-1], 1), INT32)
    out = b.scatter(
        x,
        indices,
        updates,
        kind,
        window_dims=range(indices.rank - 1, updates.rank),
        inserted=range(depth),
        dims_map=range(depth),
        index_dim=indices.rank - 1,
    )
    return b.reshape(out, shape)


SCATTER_ND = OpDef(
    "ScatterNd",
    "indices: Tindices, updates: T, shape: Tindices -> output: T",
    attrs={"bad_indices_policy": ""},
    types={"Tindices": INDEX_TYPES},
    defaults={"Tindices": INT32},
    static=("shape",),
    lower=lambda b, indices, updates, shape, bad_indices_policy: lower_scatter(
        b,
        b.zeros(shape.tolist(), updates.dtype),
        indices,
        updates,
        "add",
        bad_indices_policy in ("", "ERROR"),
    ),
    grad=lambda op, g: [None, GATHER_ND(g, op.inputs[0]), None],
)


@SCATTER_ND.shape_rule
def _(c: Any) -> Raw:
    shape = c.partial(2)
    check_updates(shape, c[0], c[1])
    return shape


@SCATTER_ND.kernel_rule
def _(indices: Any, updates: Any, shape: Any, bad_indices_policy: str) -> Any:
    out = np.zeros(shape, updates.dtype) if updates.dtype.kind != "O" else np.full(shape, b"", object)
    return _scattered(out, indices, updates, np.add, bad_indices_policy)


def _tensor_scatter(type_name: str, ufunc: Any, kind: str | None, grad: Any, first: str = "tensor") -> OpDef:
    def shape(c: Any) -> Raw:
        check_updates(c[0], c[1], c[2])
        return c[0]

    def kernel(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str) -> Any:
        return _scattered(tensor.copy(), indices, updates, ufunc, bad_indices_policy)

    def lower(b: Any, tensor: Any, indices: Any, updates: Any, bad_indices_policy: str) -> Any:
        if kind == "subtract":
            return lower_scatter(b, tensor, indices, b.neg(updates), "add")
        return lower_scatter(b, tensor, indices, updates, kind)

    return OpDef(
        type_name,
        f"{first}: T, indices: Tindices, updates: T -> output: T",
        attrs={"bad_indices_policy": ""},
        types={"Tindices": INDEX_TYPES},
        defaults={"Tindices": INT32},
        shape=shape,
        kernel=kernel,
        lower=lower,
        grad=grad,
    )


def _extreme_gradient(op: Any, g: Any) -> list[Any]:
    """Shared equally by the elements, old or new, that are the extreme."""
    x, indices, updates = op.inputs
    y, dtype = op.outputs[0], op.inputs[0]._dtype
    equal, cast, mul = lookup("Equal"), lookup("Cast"), lookup("Mul")
    old = cast(equal(x, y), DstT=dtype)
    new = cast(equal(updates, GATHER_ND(y, indices)), DstT=dtype)
    share = lookup("RealDiv")(g, TENSOR_SCATTER_ADD(old, indices, new))
    return [mul(share, old), None, mul(GATHER_ND(share, indices), new)]


TENSOR_SCATTER_UPDATE: OpDef = _tensor_scatter(
    "TensorScatterUpdate",
    None,
    None,
    lambda op, g: [
        TENSOR_SCATTER_UPDATE(g, op.inputs[1], ZEROS_LIKE(op.inputs[2])),
        None,
        GATHER_ND(g, op.inputs[1]),
    ],
)
TENSOR_SCATTER_ADD = _tensor_scatter(
    "TensorScatterAdd", np.add, "add", lambda op, g: [g, None, GATHER_ND(g, op.inputs[1])]
)
TENSOR_SCATTER_SUB = _tensor_scatter(
    "TensorScatterSub",
    np.subtract,
    "subtract",
    lambda op, g: [g, None, lookup("Neg")(GATHER_ND(g, op.inputs[1]))],
)
TENSOR_SCATTER_MIN = _tensor_scatter("TensorScatterMin", np.minimum, "minimum", _extreme_gradient)
TENSOR_SCATTER_MAX = _tensor_scatter("TensorScatterMax", np.maximum, "maximum", _extreme_gradient)
SCATTER_ND_ADD = _tensor_scatter(
    "ScatterNdNonAliasingAdd", np.add, "add", lambda op, g: [g, None, GATHER_ND(g, op.inputs[1])], "input"
)


@TENSOR_SCATTER_SUB.kernel_rule
def _(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str) -> Any:
    return _scattered(tensor.copy(), indices, np.negative(updates), np.add, bad_indices_policy)


# --------------------- whole rows
def _rows(type_name: str, op: OpDef) -> OpDef:
    """Rows replaced or added to, by number."""
    return OpDef(
        type_name,
        "x: T, i: int32, v: T -> y: T",
        shape=lambda c: c[0],
        body=lambda x, i, v: op(x, lookup("ExpandDims")(i, -1), v),
    )


INPLACE_UPDATE = _rows("InplaceUpdate", TENSOR_SCATTER_UPDATE)
INPLACE_ADD = _rows("InplaceAdd", TENSOR_SCATTER_ADD)
INPLACE_SUB = _rows("InplaceSub", TENSOR_SCATTER_SUB)
