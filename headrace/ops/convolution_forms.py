"""Convolutions under further op types: over two or three dimensions with any number of batch dimensions, and gradients that take
the whole filter or input where others take its shape."""

from __future__ import annotations

from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.dtypes import FLOATS, int32
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, lookup

from .conv import CONV2D, CONV2D_FILTER, CONV2D_INPUT, CONV3D, CONV3D_FILTER, CONV3D_INPUT, shape_of

_LAYOUTS = {
    ("CHANNELS_LAST", 4): "NHWC", ("CHANNELS_FIRST", 4): "NCHW", ("CHANNELS_LAST", 5): "NDHWC", ("CHANNELS_FIRST", 5): "NCDHW",
}  # fmt: skip


def _conv(
    input: Any, filter: Any, strides: Any, padding: str, explicit_paddings: Any, data_format: str, dilations: Any,
    batch_dims: int, groups: int,
) -> Any:  # fmt: skip
    x = to_tensor(input)
    rank = len(strides)
    if rank not in (4, 5):
        raise invalid(
            f"The input must have 2 or 3 spatial dimensions but got {rank - 2}: strides has {rank} entries."
        )
    if x._raw_shape is None or filter._raw_shape is None:
        raise ValueError("Conv needs an input and a filter of known rank.")
    if len(x._raw_shape) != rank - 1 + batch_dims:
        raise invalid(f"The input must have {rank - 1 + batch_dims} dimensions ({batch_dims} of the batch), but has {len(x._raw_shape)}.")  # fmt: skip
    layout = _LAYOUTS[data_format, rank]
    depth, wanted = x._raw_shape[-1 if data_format == "CHANNELS_LAST" else batch_dims], filter._raw_shape[-2]
    if depth is not None and wanted is not None and depth != wanted * groups:
        raise invalid(f"Input depth must be equal to filter depth times groups: {depth} vs {wanted} and {groups} groups.")  # fmt: skip
    options: dict[str, Any] = {
        "strides": strides, "padding": padding, "data_format": layout, "dilations": list(dilations) or [1] * rank,
    }  # fmt: skip
    if rank == 4:
        options["explicit_paddings"] = explicit_paddings
    elif padding == "EXPLICIT":
        pairs = list(explicit_paddings)
        x = lookup("Pad")(x, [[0, 0]] * (batch_dims - 1) + [pairs[i : i + 2] for i in range(0, 2 * rank, 2)])
        options["padding"] = "VALID"
    run = CONV2D if rank == 4 else CONV3D
    if batch_dims == 1:
        return run(x, filter, **options)
    shape = lookup("Shape")(x)
    batch, inner = lookup("Slice")(shape, [0], [batch_dims]), lookup("Slice")(shape, [batch_dims], [-1])
    join = lookup("ConcatV2")
    y = run(lookup("Reshape")(x, join([[-1], inner], 0)), filter, **options)
    return lookup("Reshape")(y, join([batch, lookup("Slice")(lookup("Shape")(y), [1], [-1])], 0))


CONV = OpDef(
    "Conv",
    "input: T, filter: T -> output: T",
    attrs={
        "strides": REQUIRED, "padding": REQUIRED, "explicit_paddings": (), "data_format": "CHANNELS_LAST", "dilations": (),
        "batch_dims": 1, "groups": 1,
    },
    types={"T": FLOATS | {int32}},
    body=_conv,
)  # fmt: skip

_TWO: dict[str, Any] = {
    "strides": REQUIRED, "use_cudnn_on_gpu": True, "padding": REQUIRED, "explicit_paddings": (), "data_format": "NHWC",
    "dilations": (1, 1, 1, 1),
}  # fmt: skip
_THREE: dict[str, Any] = {"strides": REQUIRED, "padding": REQUIRED, "dilations": (1, 1, 1, 1, 1)}
_WHOLE = "input: T, filter: T, out_backprop: T -> output: T"

CONV2D_FILTER_V2 = OpDef(
    "Conv2DBackpropFilterV2", _WHOLE, attrs=_TWO, types={"T": FLOATS},
    body=lambda x, w, g, **a: CONV2D_FILTER(x, shape_of(w), g, **a),
)  # fmt: skip
CONV2D_INPUT_V2 = OpDef(
    "Conv2DBackpropInputV2", _WHOLE, attrs=_TWO, types={"T": FLOATS | {int32}},
    body=lambda x, w, g, **a: CONV2D_INPUT(shape_of(x), w, g, **a),
)  # fmt: skip
CONV3D_FILTER_V1 = OpDef(
    "Conv3DBackpropFilter", _WHOLE, attrs=_THREE, types={"T": FLOATS},
    body=lambda x, w, g, **a: CONV3D_FILTER(x, shape_of(w), g, **a),
)  # fmt: skip
CONV3D_INPUT_V1 = OpDef(
    "Conv3DBackpropInput", _WHOLE, attrs=_THREE, types={"T": FLOATS},
    body=lambda x, w, g, **a: CONV3D_INPUT(shape_of(x), w, g, **a),
)  # fmt: skip
