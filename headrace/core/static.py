"""Values known while a graph is being built: constants, and shape vectors of which only some entries are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from .shapes import Raw, broadcast, known

MAX_ELEMENTS = 4096  # larger values are data, not shapes: leave them to the compiler


def static_value(tensor: Any) -> np.ndarray | None:
    """The tensor's value if it does not depend on anything fed or computed later, else None."""
    if tensor._is_eager:
        return tensor._host()
    if "_static" in tensor.__dict__:
        return tensor.__dict__["_static"]
    value = _evaluate(tensor)
    tensor.__dict__["_static"] = value
    return value


def _evaluate(tensor: Any) -> np.ndarray | None:
    node = tensor.op
    op = node.op_def
    if op.name == "Const":
        return node.attrs["value"]
    if op.name in ("Shape", "Size", "Rank", "ShapeN"):
        source = node.inputs[tensor.value_index if op.name == "ShapeN" else 0]._raw_shape
        if op.name == "Rank":
            return None if source is None else np.asarray(len(source), np.int32)
        if not known(source):
            return None
        result = np.prod(source, dtype=np.int64) if op.name == "Size" else np.asarray(source, np.int64)
        return np.asarray(result, tensor._dtype._np)
    if (op.stateful or op.host or op.kernel is None or not node.inputs) and op.name != "Range":
        return None
    if op.name == "PlaceholderWithDefault":  # a run may feed another value
        return None
    size = tensor._raw_shape
    if size is None or None in size or int(np.prod(size)) > MAX_ELEMENTS:
        partial = _partial_scalar(tensor, node)
        return partial
    values = []
    for t in node.inputs:
        value = static_value(t)
        if value is None:
            return _partial_scalar(tensor, node)
        values.append(value)
    from .dispatch import run_kernel

    return run_kernel(op, values, node.inputs, node.attrs, [t._dtype for t in node.outputs])[
        tensor.value_index
    ]


def _partial_scalar(tensor: Any, node: Any) -> np.ndarray | None:
    """`tf.shape(x)[0]` is known when that one dimension is, whatever the others."""
    if (
        node.op_def.name in ("StridedSlice", "GatherV2")
        and tensor._dtype.is_integer
        and tensor._raw_shape in ((), (1,))
    ):
        dims = static_shape(node.inputs[0])
        if dims is not None and None in dims:
            index = static_value(node.inputs[1])
            if (
                index is not None
                and index.size == 1
                and (node.op_def.name == "GatherV2" or node.attrs.get("shrink_axis_mask") == 1)
            ):
                i = int(index.reshape(()))
                if -len(dims) <= i < len(dims) and dims[i] is not None:
                    return np.full(tensor._raw_shape, dims[i], tensor._dtype._np)
    return None


def static_shape(tensor: Any) -> Raw:
    """A 1-D integer tensor read as a shape: entries that are not known (or -1) are None; None when even its length is not known."""
    value = None if tensor._is_eager else tensor.__dict__.get("_static")
    if value is None:
        value = static_value(tensor)
    if value is not None:
        return tuple([int(d) if d >= 0 else None for d in value.reshape(-1).tolist()])
    node = tensor.op
    name = node.op_def.name
    if name == "Shape":
        return node.inputs[0]._raw_shape
    if name in ("Cast", "Identity", "StopGradient", "EnsureShape"):
        return static_shape(node.inputs[0])
    if name == "BroadcastArgs":
        first, second = (static_shape(t) for t in node.inputs)
        return broadcast(first, second)
    if name == "Pack":
        entries = [static_value(t) for t in node.inputs]
        return tuple([None if e is None or e < 0 else int(e) for e in entries])
    if name == "ConcatV2":
        out: tuple[int | None, ...] = ()
        for t in node.inputs[:-1]:
            part = static_shape(t)
            if part is None:
                return None
            out += part
        return out
    if name == "StridedSlice":
        source = static_shape(node.inputs[0])
        bounds = [static_value(t) for t in node.inputs[1:]]
        if (
            source is not None
            and all(b is not None and b.size == 1 for b in bounds)
            and not node.attrs.get("shrink_axis_mask")
        ):
            begin, end, step = (int(b.reshape(())) for b in bounds)  # type: ignore[union-attr]
            return source[
                slice(
                    None if node.attrs.get("begin_mask") else begin,
                    None if node.attrs.get("end_mask") else end,
                    step,
                )
            ]
    shape = tensor._raw_shape
    if shape is not None and len(shape) == 1 and shape[0] is not None:
        return (None,) * shape[0]
    return None
