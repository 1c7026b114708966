"""Quantisation: floats as small integers and back, and the "fake" quantisation of training, which rounds
floats to what the integers could hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import FLOATS, QUANTISED
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw, compatible
from headrace.core.tape import not_differentiable
from headrace.ops.math import number
from headrace.ops.table import same_as, scalar

_BITS = {"num_bits": 8, "narrow_range": False}


# ------------------------------------------------------------------------------------------ fake quantisation
def _nudged(low: Any, high: Any, num_bits: int, narrow_range: bool) -> tuple[Any, Any, Any]:
    """The range moved a little so that zero is one of its steps: (min, max, step)."""
    sub, mul, div, least, most = (lookup(n) for n in ("Sub", "Mul", "RealDiv", "Minimum", "Maximum"))
    first, last = number(1 if narrow_range else 0, low), number(2**num_bits - 1, low)
    step = div(sub(high, low), sub(last, first))
    zero = lookup("Floor")(lookup("AddV2")(sub(first, div(low, step)), number(0.5, low)))
    zero = most(first, least(last, zero))
    return mul(sub(first, zero), step), mul(sub(last, zero), step), step


def _nothing(low: Any, high: Any) -> Any:
    """Whether the range is [0, 0]: then everything is zero, and gradients pass."""
    equal = lookup("Equal")
    return lookup("LogicalAnd")(equal(low, number(0, low)), equal(high, number(0, high)))


def _fake_quant(inputs: Any, low: Any, high: Any, num_bits: int, narrow_range: bool) -> Any:
    sub, mul, add = lookup("Sub"), lookup("Mul"), lookup("AddV2")
    start, end, step = _nudged(low, high, num_bits, narrow_range)
    inside = lookup("Maximum")(start, lookup("Minimum")(end, inputs))
    per_step = lookup("RealDiv")(number(1, step), step)
    half, floor = number(0.5, step), lookup("Floor")
    zero = floor(add(mul(lookup("Neg")(start), per_step), half))
    out = mul(floor(add(sub(mul(sub(inside, start), per_step), zero), half)), step)
    return lookup("SelectV2")(_nothing(low, high), lookup("ZerosLike")(inputs), out)


def _fake_quant_gradient(
    g: Any, x: Any, low: Any, high: Any, num_bits: int, narrow_range: bool
) -> tuple[Any, Any, Any]:
    """In the range the gradient passes; what is below (above) it goes to the range's minimum (maximum)."""
    select = lookup("SelectV2")
    start, end, _ = _nudged(low, high, num_bits, narrow_range)
    nothing, zeros = _nothing(low, high), lookup("ZerosLike")(g)
    below, above = lookup("Less")(x, start), lookup("Greater")(x, end)
    outside = lookup("LogicalAnd")(lookup("LogicalOr")(below, above), lookup("LogicalNot")(nothing))
    channels = 0 if low._raw_shape == () else 1
    axes = lookup("Range")(0, lookup("Sub")(lookup("Rank")(g), channels), 1)

    def total(where: Any) -> Any:
        summed = lookup("Sum")(select(where, g, zeros), axes, keep_dims=False)
        return select(nothing, lookup("ZerosLike")(summed), summed)

    return select(outside, zeros, g), total(below), total(above)


def _per_channel_shape(c: Any) -> Raw:
    for i in (1, 2):
        if c[0] is not None and c[i] is not None and not compatible(c[0][-1:], c[i]):
            raise ShapeError(
                f"min and max must be vectors of the last dimension's size, got {list(c[i])} for {list(c[0])}"
            )
    return c[0]


def _fake_quant_vars(suffix: str, shape: Callable[[Any], Any]) -> tuple[OpDef, OpDef]:
    back = OpDef(
        f"FakeQuantWithMinMaxVars{suffix}Gradient",
        "gradients: float32, inputs: float32, min: float32, max: float32 -> "
        "backprops_wrt_input: float32, backprop_wrt_min: float32, backprop_wrt_max: float32",
        attrs=_BITS,
        shape=lambda c: [c[0], c[2], c[3]],
        body=lambda gradients, inputs, min, max, **bits: _fake_quant_gradient(
            gradients, inputs, min, max, **bits
        ),
    )
    forward = OpDef(
        f"FakeQuantWithMinMaxVars{suffix}",
        "inputs: float32, min: float32, max: float32 -> outputs: float32",
        attrs=_BITS,
        shape=shape,
        body=lambda inputs, min, max, **bits: _fake_quant(inputs, min, max, **bits),
        grad=lambda op, g: back(g, *op.inputs, **op.attrs),
    )
    return forward, back


FAKE_QUANT_VARS, FAKE_QUANT_VARS_GRADIENT = _fake_quant_vars("", same_as(0))
FAKE_QUANT_PER_CHANNEL, FAKE_QUANT_PER_CHANNEL_GRADIENT = _fake_quant_vars("PerChannel", _per_channel_shape)

_RANGE = {"min": -6.0, "max": 6.0, **_BITS}
FAKE_QUANT_ARGS = OpDef(
    "FakeQuantWithMinMaxArgs",
    "inputs: float32 -> outputs: float32",
    attrs=_RANGE,
    shape=same_as(0),
    body=lambda inputs, min, max, **bits: _fake_quant(
        inputs, number(min, inputs), number(max, inputs), **bits
    ),
    grad=lambda op, g: [FAKE_QUANT_ARGS_GRADIENT(g, op.inputs[0], **op.attrs)],
)
FAKE_QUANT_ARGS_GRADIENT: OpDef = OpDef(
    "FakeQuantWithMinMaxArgsGradient",
    "gradients: float32, inputs: float32 -> backprops: float32",
    attrs=_RANGE,
    shape=same_as(0),
    body=lambda gradients, inputs, min, max, **bits: _fake_quant_gradient(
        gradients, inputs, number(min, inputs), number(max, inputs), **bits
    )[0],
)


# ------------------------------------------------------------------------------------ quantise and dequantise
def _along(values: Any, x: Any, axis: int) -> Any:
    """Per-channel values as a tensor that broadcasts against `x`."""
    if axis == -1:
        return values
    return lookup("Reshape")(values, [-1 if i == axis else 1 for i in range(len(x._raw_shape))])


def _round_trip(
    x: Any,
    low: Any,
    high: Any,
    signed_input: bool,
    num_bits: Any,
    range_given: bool,
    round_mode: str,
    narrow_range: bool,
    axis: int,
) -> Any:
    mul, div, select, least, most = (lookup(n) for n in ("Mul", "RealDiv", "SelectV2", "Minimum", "Maximum"))
    if axis != -1 and x._raw_shape is None:
        raise ValueError(
            f"Quantising along axis {axis} needs the rank of {x!r}. Set it with tf.ensure_shape."
        )
    if not range_given:
        rank = lookup("Range")(0, lookup("Rank")(x), 1) if axis == -1 else None
        axes = rank if rank is not None else [i for i in range(len(x._raw_shape)) if i != axis]
        low, high = lookup("Min")(x, axes, keep_dims=False), lookup("Max")(x, axes, keep_dims=False)
    one = number(1, x)
    if isinstance(num_bits, int):
        power = number(2.0 ** (num_bits - (1 if signed_input else 0)), x)
    else:
        bits = lookup("Cast")(num_bits, DstT=x._dtype)
        power = lookup("Pow")(number(2, x), lookup("Sub")(bits, one) if signed_input else bits)
    last = lookup("Sub")(power, one)
    first = lookup("Neg")(last if narrow_range else power) if signed_input else number(0, x)
    huge, zero = number(float(x._dtype.max), x), number(0, x)
    side = lambda q, r: select(lookup("Greater")(mul(q, r), zero), div(q, r), huge)  # how many steps per unit
    from_low, from_high = side(first, low), side(last, high)
    by_low = lookup("Less")(from_low, from_high)
    per_unit = _along(least(from_low, from_high), x, axis)
    step = select(by_low, div(low, first), div(high, last))
    start = _along(select(by_low, low, mul(first, step)), x, axis)
    end = _along(select(by_low, mul(last, step), high), x, axis)
    step = _along(step, x, axis)
    rounded = (
        lookup("Rint")
        if round_mode == "HALF_TO_EVEN"
        else lambda t: lookup("Floor")(lookup("AddV2")(t, number(0.5, t)))
    )
    if range_given:
        return mul(rounded(mul(most(start, least(end, x)), per_unit)), step)
    return mul(least(rounded(mul(x, per_unit)), last), step)


_TRIP = {
    "signed_input": True,
    "num_bits": 8,
    "range_given": False,
    "round_mode": "HALF_TO_EVEN",
    "narrow_range": False,
    "axis": -1,
}
QUANTIZE_AND_DEQUANTIZE_V2 = OpDef(
    "QuantizeAndDequantizeV2",
    "input: T, input_min: T, input_max: T -> output: T",
    attrs=_TRIP,
    types={"T": FLOATS},
    shape=same_as(0),
    body=_round_trip,
    grad=lambda op, g: [g, None, None],  # straight through
)
QUANTIZE_AND_DEQUANTIZE_V4 = OpDef(
    "QuantizeAndDequantizeV4",
    "input: T, input_min: T, input_max: T -> output: T",
    attrs=_TRIP,
    types={"T": FLOATS},
    shape=same_as(0),
    body=_round_trip,
    grad=lambda op, g: QUANTIZE_AND_DEQUANTIZE_V4_GRAD(g, *op.inputs, axis=op.attrs["axis"]),
)
QUANTIZE_AND_DEQUANTIZE = OpDef(
    "QuantizeAndDequantize",
    "input: T -> output: T",
    attrs={"signed_input": True, "num_bits": 8, "range_given": False, "input_min": 0.0, "input_max": 0.0},
    types={"T": FLOATS},
    shape=same_as(0),
    body=lambda x, signed_input, num_bits, range_given, input_min, input_max: _round_trip(
        x,
        number(input_min, x),
        number(input_max, x),
        signed_input,
        num_bits,
        range_given,
        "HALF_TO_EVEN",
        False,
        -1,
    ),
    grad=lambda op, g: [g],
)
QUANTIZE_AND_DEQUANTIZE_V3 = OpDef(
    "QuantizeAndDequantizeV3",
    "input: T, input_min: T, input_max: T, num_bits: int32 -> output: T",
    attrs={"signed_input": True, "range_given": True, "narrow_range": False, "axis": -1},
    types={"T": FLOATS},
    shape=same_as(0),
    body=lambda x, low, high, num_bits, signed_input, range_given, narrow_range, axis: _round_trip(
        x, low, high, signed_input, num_bits, range_given, "HALF_TO_EVEN", narrow_range, axis
    ),
    grad=lambda op, g: [g, None, None, None],
)


def _inside_gradient(
    gradients: Any, input: Any, input_min: Any, input_max: Any, axis: int
) -> tuple[Any, Any, Any]:
    low, high = _along(input_min, input, axis), _along(input_max, input, axis)
    inside = lookup("LogicalAnd")(lookup("GreaterEqual")(input, low), lookup("LessEqual")(input, high))
    zeros = lookup("ZerosLike")
    return lookup("SelectV2")(inside, gradients, zeros(gradients)), zeros(input_min), zeros(input_max)


QUANTIZE_AND_DEQUANTIZE_V4_GRAD: OpDef = OpDef(
    "QuantizeAndDequantizeV4Grad",
    "gradients: T, input: T, input_min: T, input_max: T -> input_backprop: T, "
    "input_min_backprop: T, input_max_backprop: T",
    attrs={"axis": -1},
    types={"T": FLOATS},
    shape=lambda c: [c[0], c[2], c[3]],
    body=_inside_gradient,
)


# --------------------------------------------------------------------------------------- to integers and back
def half_away(x: Any) -> Any:
    """Rounded to the nearest whole number, halves away from zero."""
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


def _broadcast(values: Any, rank: int, axis: int) -> Any:
    return values if axis == -1 else values.reshape([-1 if i == axis else 1 for i in range(rank)])


def _first_steps(low: Any, high: Any, info: Any) -> tuple[Any, Any]:
    """MIN_FIRST: (steps per unit, units per step) such that the range's ends are representable."""
    steps = float(int(info.max) - int(info.min) + 1)
    width = (np.asarray(high, np.float64) - low) * (steps / (steps - 1.0))
    return np.float32(steps / width), width / steps


def limited(steps: Any, info: Any, first: int | None = None) -> Any:
    """Whole numbers as integers of the type, whose limits float32 may not hold."""
    return np.clip(steps.astype(np.float64), int(info.min) if first is None else first, int(info.max)).astype(
        info.dtype
    )


def to_first(x: Any, low: Any, high: Any, info: Any) -> Any:
    per_unit, _ = _first_steps(low, high, info)
    steps = half_away(x * per_unit) - half_away(low * per_unit) + int(info.min)
    return limited(steps, info)


def from_first(x: Any, low: Any, high: Any, info: Any) -> Any:
    _, step = _first_steps(low, high, info)
    return half_away(low / step) * step + (x.astype(np.float64) - int(info.min)) * step


def _quantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,
    mode: str,
    round_mode: str,
    narrow_range: bool,
    axis: int,
    ensure_minimum_range: float,
) -> tuple[Any, Any, Any]:
    info = np.iinfo(T._np)
    low = np.minimum(0.0, min_range)
    widest = np.maximum(1.0, np.maximum(np.abs(min_range), np.abs(max_range)))
    high = np.maximum(0.0, np.maximum(max_range, low + widest * ensure_minimum_range))
    if (high < low).any() or (np.asarray(min_range) > np.asarray(max_range)).any():
        raise invalid(f"Quantization max_range ({max_range}) must be larger than min_range ({min_range}).")
    x = input  # in float32 throughout: ties must fall as they do elsewhere
    if mode == "SCALED":
        first, last = int(info.min) + int(narrow_range), int(info.max)
        with np.errstate(divide="ignore", invalid="ignore"):
            from_low = np.where(first * low > 0, first / low, np.inf)
            from_high = np.where(last * high > 0, last / high, np.inf)
        per_unit = np.minimum(from_low, from_high)
        low, high = first / per_unit, last / per_unit
        lo, hi, scale = (_broadcast(np.asarray(v), x.ndim, axis) for v in (low, high, per_unit))
        scaled = np.clip(x, lo, hi) * scale
        steps = np.rint(scaled) if round_mode == "HALF_TO_EVEN" else half_away(scaled)
        return limited(steps, info, first), low, high
    lo, hi = (_broadcast(np.asarray(v), x.ndim, axis) for v in (low, high))
    if mode == "MIN_FIRST":
        return to_first(x, lo, hi, info), low, high
    scale = (float(info.max) - float(info.min)) / (hi - lo)
    steps = half_away((np.clip(x, lo, hi) - lo) * scale + (float(info.min) if info.min < 0 else 0.0))
    return limited(steps, info), low, high


def _dequantize(
    input: Any, min_range: Any, max_range: Any, mode: str, narrow_range: bool, axis: int, dtype: Any
) -> Any:
    info = np.iinfo(input.dtype)
    low, high = (_broadcast(v.astype(np.float64), input.ndim, axis) for v in (min_range, max_range))
    if mode == "SCALED":
        first, last = int(info.min) + int(narrow_range), int(info.max)
        step = high / last if first == 0 else np.maximum(low / first, high / last)
        return input * step
    if mode == "MIN_FIRST":
        return from_first(input, low, high, info)
    step = (high - low) / (float(info.max) - float(info.min))
    return (input.astype(np.float64) - float(info.min)) * step + low


_MODE = {"mode": "MIN_COMBINED", "narrow_range": False, "axis": -1}
QUANTIZE_V2 = OpDef(
    "QuantizeV2",
    "input: float32, min_range: float32, max_range: float32 -> output: T, output_min: "
    "float32, output_max: float32",
    attrs={"T": REQUIRED, **_MODE, "round_mode": "HALF_AWAY_FROM_ZERO", "ensure_minimum_range": 0.01},
    shape=lambda c: [c[0], c[1], c[2]],
    kernel=_quantize,
    host=True,
    grad=not_differentiable,
)
DEQUANTIZE = OpDef(
    "Dequantize",
    "input: T, min_range: float32, max_range: float32 -> output: dtype",
    attrs={**_MODE, "dtype": dtypes.float32},
    types={"T": QUANTISED},
    shape=same_as(0),
    kernel=_dequantize,
    host=True,
    grad=not_differentiable,
)


def _quantized_concat(
    concat_dim: Any, values: list[Any], input_mins: list[Any], input_maxes: list[Any]
) -> tuple[Any, Any, Any]:
    info = np.iinfo(values[0].dtype)
    low, high = min(0.0, *map(float, input_mins)), max(map(float, input_maxes))
    if info.min < 0:  # symmetric, so that zero stays zero
        high = max(abs(low), abs(high))
        low = -high
    parts = [
        v
        if (float(lo), float(hi)) == (low, high)
        else to_first(from_first(v, float(lo), float(hi), info), low, high, info)
        for v, lo, hi in zip(values, input_mins, input_maxes)
    ]
    return np.concatenate(parts, int(concat_dim)), np.float32(low), np.float32(high)


QUANTIZED_CONCAT = OpDef(
    "QuantizedConcat",
    "concat_dim: int32, values: N*T, input_mins: N*float32, input_maxes: N*float32 -> "
    "output: T, output_min: float32, output_max: float32",
    kernel=_quantized_concat,
    host=True,
    grad=not_differentiable,
)


@QUANTIZED_CONCAT.shape_rule
def _(c: Any) -> list[Raw]:
    first = c[1]
    return [None if first is None else (None,) * len(first), scalar(c), scalar(c)]
