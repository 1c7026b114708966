"""Arithmetic on quantised tensors: integers with the range of real numbers that they stand for.

Whole numbers in, whole numbers out, so they run on the host, exactly; sums of products go through float64 matrix products, which
hold them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import INDEX, DType, qint32, quint8
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.shapes import Raw, broadcast
from headrace.core.tape import not_differentiable

from .quantize import half_away

QUANTIZED = frozenset({dtypes.qint8, dtypes.quint8, dtypes.qint16, dtypes.quint16, dtypes.qint32})
F32 = np.float32


# --------------------------------------------------------------------------------------------------- numbers and steps
def _limits(dtype: Any) -> tuple[int, int]:
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _scalar(value: Any, name: str) -> Any:
    if np.size(value) != 1:
        raise invalid(f"{name} must be a scalar, but has shape {list(np.shape(value))}.")
    return F32(np.reshape(value, ())[()])


def _step(low: Any, high: Any, dtype: Any) -> Any:
    """How much one step of the integers is."""
    least, most = _limits(dtype)
    return F32(F32(high - low) / F32(most - least))


def _number_at(x: Any, low: Any, high: Any, dtype: Any) -> Any:
    """Real numbers as steps, not limited to those of the type."""
    if low == high:
        return np.zeros(np.shape(x))
    least, most = _limits(dtype)
    steps = most - least + 1.0
    per_unit = steps / (np.float64(F32(high - low)) * (steps / (steps - 1.0)))
    return half_away(np.asarray(x, np.float64) * per_unit) - half_away(np.float64(low) * per_unit) + least


def _zero(low: Any, high: Any, dtype: Any) -> int:
    return int(_number_at(0.0, low, high, dtype))


def _to_float(x: Any, low: Any, high: Any) -> Any:
    """What the integers stand for, in float32, with a range whose zero is a step."""
    least, most = _limits(x.dtype)
    step = F32(F32(high - low) / F32(float(most - least)))
    start = low if low == high else F32(F32(half_away(F32(low / step))) * step)
    return (F32(start - F32(F32(least) * step)) + x.astype(F32) * step).astype(F32)


def _to_steps(x: Any, low: Any, high: Any, dtype: Any) -> Any:
    least, most = _limits(dtype)
    per_unit = F32(0) if low == high else F32(F32(most - least) / F32(high - low))
    steps = half_away((x * per_unit).astype(F32)) - (half_away(F32(low * per_unit)) - F32(least))
    return np.clip(steps.astype(np.float64), least, most).astype(dtype)


def _product_range(a: Any, b: Any, ranges: Any, dtype: Any) -> list[Any]:
    low_a, high_a, low_b, high_b = ranges
    step = F32(_step(low_a, high_a, a) * _step(low_b, high_b, b))
    least, most = _limits(dtype)
    return [F32(step * F32(least)), F32(step * F32(most))]


def _centred(x: Any, low: Any, high: Any) -> Any:
    """Steps from zero."""
    return x.astype(np.float64) - _zero(low, high, x.dtype)


def _wrapped(x: Any, dtype: Any) -> Any:
    """Whole numbers in the accumulator's type, which overflows silently."""
    return x.astype(np.int64).astype(dtype)


def _check_range(low: Any, high: Any, what: str) -> None:
    if not low <= high:
        raise invalid(f"The range of {what} is empty: from {low} to {high}.")


# ------------------------------------------------------------------------------------------------------- shapes of rows
def _with_range(first: Callable[[Any], Raw]) -> Callable[[Any], list[Raw]]:
    return lambda c: [first(c), (), ()]


def _same(c: Any) -> Raw:
    return c[0]


def _row(
    name: str, signature: str, shape: Callable[[Any], Raw], kernel: Any, types: Any, **more: Any
) -> OpDef:
    return OpDef(
        name,
        signature,
        shape=_with_range(shape),
        kernel=kernel,
        types=types,
        host=True,
        grad=not_differentiable,
        **more,
    )


# ---------------------------------------------------------------------------------------------- products and sums
def _matmul(
    a: Any, b: Any, min_a: Any, max_a: Any, min_b: Any, max_b: Any, transpose_a: bool, transpose_b: bool,
    Toutput: DType, Tactivation: DType,
) -> list[Any]:  # fmt: skip
    ranges = _ranges(min_a=min_a, max_a=max_a, min_b=min_b, max_b=max_b)
    x, y = _centred(a, *ranges[:2]), _centred(b, *ranges[2:])
    out = (x.T if transpose_a else x) @ (y.T if transpose_b else y)
    return [_wrapped(out, Toutput._np), *_product_range(a.dtype, b.dtype, ranges, Toutput._np)]


def _matmul_shape(c: Any) -> Raw:
    sides = []
    for i, turned in ((0, c.attrs["transpose_a"]), (1, c.attrs["transpose_b"])):
        shape = c[i]
        if shape is not None and len(shape) != 2:
            raise ShapeError(f"QuantizedMatMul takes matrices, but input {i} has the shape {list(shape)}")
        sides.append((None, None) if shape is None else shape[::-1] if turned else shape)
    (rows, inner), (other, columns) = sides
    if None not in (inner, other) and inner != other:
        raise ShapeError(f"Matrix size-incompatible: In[0]: {list(sides[0])}, In[1]: {list(sides[1])}")
    return rows, columns


QUANTIZED_MATMUL = _row(
    "QuantizedMatMul",
    "a: T1, b: T2, min_a: float32, max_a: float32, min_b: float32, max_b: float32 -> out: Toutput, min_out: float32, max_out: float32",
    _matmul_shape, _matmul, {"T1": QUANTIZED, "T2": QUANTIZED},
    attrs={"transpose_a": False, "transpose_b": False, "Toutput": qint32, "Tactivation": quint8},
)  # fmt: skip


def _ranges(**ends: Any) -> list[Any]:
    """The ends of two ranges, which must not be empty."""
    values = [_scalar(v, n) for n, v in ends.items()]
    for (low, high), (name, what) in zip((values[:2], values[2:]), (list(ends)[:2], list(ends)[2:])):
        if not low < high:
            raise invalid(f"{what} must be larger than {name}, but they are {high} and {low}.")
    return values


def _sum_range(ranges: Any, bits: int) -> Any:
    """The end of a range that is wide enough for sums of sums."""
    low_x, high_x, low_y, high_y = ranges
    return F32(max(high_x, -low_x, high_y, -low_y) * F32(1 << bits))


def _add(x: Any, y: Any, min_x: Any, max_x: Any, min_y: Any, max_y: Any, Toutput: DType) -> list[Any]:
    ranges = _ranges(min_x=min_x, max_x=max_x, min_y=min_y, max_y=max_y)
    most = _sum_range(ranges, 14)
    total: Any = 0
    for values, (low, high) in ((x, ranges[:2]), (y, ranges[2:])):
        # On a line through what 0 and 1 become: a product and a sum for each element.
        ends = [_real(np.asarray(i, x.dtype), low, high) for i in (0, 1)]
        first, second = (int(_number_at(F32(e), -most, most, Toutput._np)) for e in ends)
        total = total + (first + (second - first) * values.astype(np.int64))
    return [_wrapped(total, Toutput._np), -most, most]


def _bias_add(
    input: Any, bias: Any, min_input: Any, max_input: Any, min_bias: Any, max_bias: Any, out_type: DType
) -> list[Any]:
    ranges = [
        _scalar(v, n)
        for v, n in (
            (min_input, "min_input"),
            (max_input, "max_input"),
            (min_bias, "min_bias"),
            (max_bias, "max_bias"),
        )
    ]
    most = _sum_range(ranges, 17)
    total: Any = 0
    for values, (low, high) in ((input, ranges[:2]), (bias, ranges[2:])):
        real = np.asarray(_real(values, low, high)).astype(F32)
        steps = np.clip(_number_at(real, -most, most, out_type._np), *_limits(out_type._np))
        total = total + steps
    return [_wrapped(total, out_type._np), -most, most]


def _bias_shape(c: Any) -> Raw:
    x, bias = c[0], c[1]
    if bias is not None and len(bias) != 1:
        raise ShapeError(f"biases must be 1-D, but have the shape {list(bias)}")
    if x is not None and len(x) < 2:
        raise ShapeError(f"Input tensor must be at least 2-D, but has the shape {list(x)}")
    if x is not None and bias is not None and None not in (x[-1], bias[0]) and x[-1] != bias[0]:
        raise ShapeError(
            f"Must provide as many biases as the last dimension of the input: {bias[0]} vs. {x[-1]}"
        )
    return x


def _mul(x: Any, y: Any, min_x: Any, max_x: Any, min_y: Any, max_y: Any, Toutput: DType) -> list[Any]:
    ranges = _ranges(min_x=min_x, max_x=max_x, min_y=min_y, max_y=max_y)
    out = _centred(x, *ranges[:2]) * _centred(y, *ranges[2:])
    return [_wrapped(out, Toutput._np), *_product_range(x.dtype, y.dtype, ranges, Toutput._np)]


def _broadcast_shape(c: Any) -> Raw:
    return broadcast(c[0], c[1])


_PAIR = "x: T1, y: T2, min_x: float32, max_x: float32, min_y: float32, max_y: float32 -> z: Toutput, min_z: float32, max_z: float32"
_PAIR_TYPES = {"T1": QUANTIZED, "T2": QUANTIZED}
QUANTIZED_ADD = _row("QuantizedAdd", _PAIR, _broadcast_shape, _add, _PAIR_TYPES, attrs={"Toutput": qint32})
QUANTIZED_MUL = _row("QuantizedMul", _PAIR, _broadcast_shape, _mul, _PAIR_TYPES, attrs={"Toutput": qint32})
QUANTIZED_BIAS_ADD = _row(
    "QuantizedBiasAdd",
    "input: T1, bias: T2, min_input: float32, max_input: float32, min_bias: float32, max_bias: float32 -> output: out_type, min_out: float32, max_out: float32",
    _bias_shape, _bias_add, _PAIR_TYPES, attrs={"out_type": REQUIRED},
)  # fmt: skip


# ------------------------------------------------------------------------------------------------- functions of one tensor
def _relu(most: float | None) -> Callable[..., list[Any]]:
    def kernel(features: Any, min_features: Any, max_features: Any, out_type: DType) -> list[Any]:
        return _rectified(features, most, min_features, max_features, out_type)

    return kernel


def _rectified(x: Any, most: Any, low: Any, high: Any, out_type: DType) -> list[Any]:
    if x.dtype != out_type._np:
        raise invalid(f"The output must be of the input's type, not of {out_type.name}.")
    low, high = _scalar(low, "min_features"), _scalar(high, "max_features")
    limits = _limits(x.dtype)
    zero = int(np.clip(_number_at(0.0, low, high, x.dtype), *limits))
    top = limits[1] if most is None else int(np.clip(_number_at(float(most), low, high, x.dtype), *limits))
    return [np.minimum(np.maximum(x, x.dtype.type(zero)), x.dtype.type(top)), low, high]


def _relu_x(
    features: Any, max_value: Any, min_features: Any, max_features: Any, out_type: DType
) -> list[Any]:
    return _rectified(features, _scalar(max_value, "max_value"), min_features, max_features, out_type)


_OF_ONE = "min_features: float32, max_features: float32 -> activations: out_type, min_activations: float32, max_activations: float32"
QUANTIZED_RELU, QUANTIZED_RELU6 = (
    _row(
        name,
        f"features: Tinput, {_OF_ONE}",
        _same,
        _relu(most),
        {"Tinput": QUANTIZED},
        attrs={"out_type": quint8},
    )
    for name, most in (("QuantizedRelu", None), ("QuantizedRelu6", 6.0))
)
QUANTIZED_RELU_X = _row(
    "QuantizedReluX", f"features: Tinput, max_value: float32, {_OF_ONE}", _same, _relu_x, {"Tinput": QUANTIZED},
    attrs={"out_type": quint8},
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------- other ranges
def _extent(input: Any, input_min: Any, input_max: Any) -> list[Any]:
    """The range of what is there, with zero in it."""
    low, high = _scalar(input_min, "input_min"), _scalar(input_max, "input_max")
    _check_range(low, high, "the input")
    if not input.size:
        return [F32(0), F32(0)]
    ends = np.asarray([input.min(), input.max()], input.dtype)
    found = [F32(_real(v, low, high)) for v in ends]
    return [min(F32(0), found[0]), found[1]]


def _real(x: Any, low: Any, high: Any) -> Any:
    """What one integer stands for, in float64."""
    if low == high:
        return low
    least, most = _limits(x.dtype)
    steps = most - least + 1.0
    step = np.float64(F32(high - low)) * (steps / (steps - 1.0)) / steps
    return (
        half_away(np.float64(F32(low / F32(step)))) * np.float64(F32(step)) + (np.float64(x) - least) * step
    )


def _moved(x: Any, low: Any, high: Any, new_low: Any, new_high: Any, dtype: Any) -> Any:
    """The same numbers in steps of another range."""
    least, most = _limits(dtype)
    width = np.float64(F32(new_high - new_low))
    per_unit = 0.0 if width == 0 else (most - least) / width
    real = np.asarray(_real(x, _scalar(low, "input_min"), _scalar(high, "input_max")), np.float64)
    return np.clip(half_away((real - new_low) * per_unit) + least, least, most).astype(dtype)


def _requantize(
    input: Any, input_min: Any, input_max: Any, requested_output_min: Any, requested_output_max: Any, out_type: DType
) -> list[Any]:  # fmt: skip
    low = _scalar(requested_output_min, "requested_output_min")
    high = _scalar(requested_output_max, "requested_output_max")
    if low > 0:
        raise invalid(f"requested_output_min must be <= 0, but got {low}")
    if high < low:
        raise invalid(f"requested_output_max must be >= requested_output_min, but got {high} and {low}")
    return [_moved(input, input_min, input_max, low, high, out_type._np), low, high]


def _shrink(input: Any, input_min: Any, input_max: Any, out_type: DType) -> list[Any]:
    low, high = _extent(input, input_min, input_max)
    return [_moved(input, input_min, input_max, low, high, out_type._np), low, high]


_IN = "input: Tinput, input_min: float32, input_max: float32"
REQUANTIZATION_RANGE = OpDef(
    "RequantizationRange", f"{_IN} -> output_min: float32, output_max: float32", shape=lambda c: [(), ()], kernel=_extent,
    types={"Tinput": QUANTIZED}, host=True, grad=not_differentiable,
)  # fmt: skip
REQUANTIZE = _row(
    "Requantize",
    f"{_IN}, requested_output_min: float32, requested_output_max: float32 -> output: out_type, output_min: float32, output_max: float32",
    _same, _requantize, {"Tinput": QUANTIZED}, attrs={"out_type": REQUIRED},
)  # fmt: skip
QUANTIZE_DOWN = _row(
    "QuantizeDownAndShrinkRange", f"{_IN} -> output: out_type, output_min: float32, output_max: float32", _same, _shrink,
    {"Tinput": QUANTIZED}, attrs={"out_type": REQUIRED},
)  # fmt: skip


def _reshape(tensor: Any, shape: Any, input_min: Any, input_max: Any) -> list[Any]:
    try:
        return [tensor.reshape([int(n) for n in shape]), input_min, input_max]
    except ValueError:
        raise invalid(
            f"A tensor with {tensor.size} values cannot have the shape {[int(n) for n in shape]}."
        ) from None


QUANTIZED_RESHAPE = _row(
    "QuantizedReshape",
    "tensor: T, shape: Tshape, input_min: float32, input_max: float32 -> output: T, output_min: float32, output_max: float32",
    lambda c: None if c.partial(1) is None else tuple(None if n == -1 else n for n in c.partial(1)),
    _reshape, {"Tshape": INDEX},
)  # fmt: skip
