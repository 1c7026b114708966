"""Convolutions and their gradients.

Every convolution here is one `Geometry` (`convolution.py`) at concrete shapes with three computations: forward, gradient of the
input, gradient of the filter. The op rows (2-D, 3-D, depthwise; forward and backprop) only differ in how they name their
arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.compiler.hlo import Builder, Value
from headrace.core.dtypes import FLOATS, INDEX, int32
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw, known

from .convolution import Geometry
from .windows import channel_axis, output_size, paddings, spatial_axes


def shape_of(x: Any) -> Any:
    """The shape as an argument for an op: numbers if they are all known, else `tf.shape(x)`."""
    return list(x._raw_shape) if known(x._raw_shape) else lookup("Shape")(x)


# ------------------------------------------------------------------------------------------------ shape rules
def _check_attrs(c: ShapeContext, rank: int) -> None:
    a = c.attrs
    channel = channel_axis(a["data_format"], rank) if "data_format" in a else rank - 1
    for what in ("strides", "dilations"):
        values = a[what]
        if len(values) != rank:
            raise ShapeError(
                f"{what} must have {rank} entries, one per dimension of the input, but is {list(values)}"
            )
        if any(v < 1 for v in values):
            raise ShapeError(f"{what} must be positive, but are {list(values)}")
        if values[0] != 1 or values[channel] != 1:
            raise ShapeError(f"{what} in the batch and channel dimensions must be 1, but are {list(values)}")


def _convolved(c: ShapeContext, x: Raw, w: Raw, rank: int, *, depthwise: bool) -> Raw:
    """The output's shape, from the input's and the filter's."""
    a = c.attrs
    assert x is not None and w is not None
    data_format = a.get("data_format", "NHWC")
    channel = channel_axis(data_format, rank)
    cin, fin, fout = x[channel], w[-2], w[-1]
    if depthwise:
        if cin is not None and fin is not None and cin != fin:
            raise ShapeError(
                f"The filter's third dimension must be the number of input channels {cin}, but is {fin}"
            )
        fin = cin if fin is None else fin
        outputs = None if fin is None or fout is None else fin * fout
    else:
        outputs = fout
        if cin is not None and fin is not None:
            if fin == 0 or cin % fin:
                raise ShapeError(f"Depth of input ({cin}) is not a multiple of input depth of filter ({fin})")
            if fout is not None and cin and fout % (cin // fin):
                raise ShapeError(
                    f"Depth of output ({fout}) is not a multiple of the number of groups ({cin // fin})"
                )
    pads = paddings(a["padding"], a.get("explicit_paddings"), rank)
    y: list[int | None] = list(x)
    y[channel] = outputs
    for i, axis in enumerate(spatial_axes(data_format, rank)):
        k = w[i]
        if k == 0:
            raise ShapeError(f"The filter must have no empty window dimension, but has shape {list(w)}")
        y[axis] = output_size(x[axis], k, a["strides"][axis], a["dilations"][axis], pads[axis])
    return tuple(y)


def _check_backprop(c: ShapeContext, rank: int, x: Raw, w: Raw, g: Raw, *, depthwise: bool) -> None:
    """The output's gradient must have the output's shape."""
    _check_attrs(c, rank)
    if x is None or w is None or g is None or len(x) != rank or len(w) != rank or len(g) != rank:
        raise ShapeError(
            f"input, filter and out_backprop must have rank {rank}, but have shapes {x}, {w} and {g}"
        )
    y = _convolved(c, x, w, rank, depthwise=depthwise)
    assert y is not None
    if any(p is not None and q is not None and p != q for p, q in zip(y, g)):
        raise ShapeError(
            f"out_backprop has shape {list(g)}, but this convolution of input {list(x)} with filter "
            f"{list(w)} has shape {list(y)}"
        )


# ------------------------------------------------------------------------------------------------------- rows
Rule = Callable[..., Any]


def _merge_sizes(sizes: Raw, rank: int, which: str) -> tuple[int | None, ...]:
    if sizes is None:
        return (None,) * rank
    if len(sizes) != rank:
        raise ShapeError(f"{which} must have {rank} entries, but has {len(sizes)}: {list(sizes)}")
    return sizes


def _family(
    name: str,
    rank: int,
    attrs: dict[str, Any],
    types: Any,
    *,
    depthwise: bool = False,
    sizes: str = "int32",
    suffix: str = "",
) -> tuple[OpDef, OpDef, OpDef]:
    """A convolution and its two gradients, each the others' derivative."""

    def geometry(x: Sequence[int], w: Sequence[int], a: dict[str, Any]) -> Geometry:
        if depthwise:  # [*window, channels, multiplier] is [*window, 1, outputs] in memory
            w = (*w[:-2], 1, w[-2] * w[-1])
        return Geometry(
            x, w, a["strides"], a["padding"], a.get("explicit_paddings", ()), a["data_format"], a["dilations"]
        )

    def shape(c: ShapeContext) -> Raw:
        _check_attrs(c, rank)
        return _convolved(c, c.same_rank(0, rank), c.same_rank(1, rank), rank, depthwise=depthwise)

    def input_shape(c: ShapeContext) -> Raw:
        x = _merge_sizes(c.partial(0), rank, "input_sizes")
        if depthwise and c[1] is not None and len(c[1]) == rank and c[2] is not None:
            channel = channel_axis(c.attrs["data_format"], rank)
            x = tuple(
                [
                    c[1][2] if d is None and i == channel else c[2][0] if d is None and i == 0 else d
                    for i, d in enumerate(x)
                ]
            )
        _check_backprop(c, rank, x, c.same_rank(1, rank), c.same_rank(2, rank), depthwise=depthwise)
        return x

    def filter_shape(c: ShapeContext) -> Raw:
        w = _merge_sizes(c.partial(1), rank, "filter_sizes")
        _check_backprop(c, rank, c.same_rank(0, rank), w, c.same_rank(2, rank), depthwise=depthwise)
        return w

    def lower(b: Builder, x: Value, w: Value, **a: Any) -> Value:
        plan = geometry(x.shape, w.shape, a)
        return plan.forward(b, x, b.reshape(w, plan.w))

    def lower_input(b: Builder, input_sizes: Any, w: Value, g: Value, **a: Any) -> Value:
        plan = geometry([int(d) for d in input_sizes], w.shape, a)
        return plan.input_gradient(b, b.reshape(w, plan.w), g)

    def lower_filter(b: Builder, x: Value, filter_sizes: Any, g: Value, **a: Any) -> Value:
        w = [int(d) for d in filter_sizes]
        return b.reshape(geometry(x.shape, w, a).filter_gradient(b, x, g), w)

    backprop_types = {k: v - {int32} if k == "T" else v for k, v in types.items()}
    forward = OpDef(
        name, "input: T, filter: T -> output: T", attrs=attrs, types=types, shape=shape, lower=lower
    )
    backward_input = OpDef(
        f"{name}BackpropInput{suffix}",
        f"input_sizes: {sizes}, filter: T, out_backprop: T -> output: T",
        attrs=attrs,
        types=types | ({sizes: INDEX} if sizes != "int32" else {}),
        shape=input_shape,
        lower=lower_input,
        static=["input_sizes"],
    )
    backward_filter = OpDef(
        f"{name}BackpropFilter{suffix}",
        "input: T, filter_sizes: int32, out_backprop: T -> output: T",
        attrs=attrs,
        types=backprop_types,
        shape=filter_shape,
        lower=lower_filter,
        static=["filter_sizes"],
    )

    @forward.gradient
    def _(op: Any, g: Any) -> Any:
        x, w = op.inputs
        return [backward_input(shape_of(x), w, g, **op.attrs), backward_filter(x, shape_of(w), g, **op.attrs)]

    @backward_input.gradient
    def _(op: Any, g: Any) -> Any:
        _, w, out = op.inputs
        return [None, backward_filter(g, shape_of(w), out, **op.attrs), forward(g, w, **op.attrs)]

    @backward_filter.gradient
    def _(op: Any, g: Any) -> Any:
        x, _, out = op.inputs
        return [backward_input(shape_of(x), g, out, **op.attrs), None, forward(x, g, **op.attrs)]

    return forward, backward_input, backward_filter


_EXPLICIT: dict[str, Any] = {
    "strides": REQUIRED,
    "padding": REQUIRED,
    "explicit_paddings": (),
    "data_format": "NHWC",
    "dilations": (1, 1, 1, 1),
}

CONV2D, CONV2D_INPUT, CONV2D_FILTER = _family(
    "Conv2D", 4, _EXPLICIT | {"use_cudnn_on_gpu": True}, {"T": FLOATS | {int32}}
)
CONV3D, CONV3D_INPUT, CONV3D_FILTER = _family(
    "Conv3D",
    5,
    {"strides": REQUIRED, "padding": REQUIRED, "data_format": "NDHWC", "dilations": (1, 1, 1, 1, 1)},
    {"T": FLOATS},
    sizes="Tshape",
    suffix="V2",
)
DEPTHWISE, DEPTHWISE_INPUT, DEPTHWISE_FILTER = _family(
    "DepthwiseConv2dNative", 4, _EXPLICIT, {"T": FLOATS}, depthwise=True
)
