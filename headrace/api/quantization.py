"""`tf.quantization`: floats as small integers, and the rounding that imitates them in training."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.core import convert, dtypes
from headrace.core.tensor import Tensor
from headrace.ops import quantize as _ops


class QuantizeV2(NamedTuple):
    """Quantised values and the range that they represent."""

    output: Tensor
    output_min: Tensor
    output_max: Tensor


class QuantizedConcat(NamedTuple):
    """Joined quantised values and the range that they represent."""

    output: Tensor
    output_min: Tensor
    output_max: Tensor


class FakeQuantGradient(NamedTuple):
    """Gradients of fake quantisation."""

    backprops_wrt_input: Tensor
    backprop_wrt_min: Tensor
    backprop_wrt_max: Tensor


def _axis(axis: int | None) -> int:
    return -1 if axis is None else axis


def fake_quant_with_min_max_args(
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Floats clamped to a range and rounded to one of its 2^num_bits steps, of which 0 is made one.

    Args:
      num_bits: 2 to 16.
      narrow_range: whether the lowest step is left out.

    >>> import headrace as tf
    >>> tf.quantization.fake_quant_with_min_max_args([0.3, 7.0], 0.0, 6.0, num_bits=2).numpy().tolist()
    [0.0, 6.0]
    """
    return _ops.FAKE_QUANT_ARGS(
        inputs, min=float(min), max=float(max), num_bits=num_bits, narrow_range=narrow_range, name=name
    )


def fake_quant_with_min_max_args_gradient(
    gradients: Any,
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """The gradient of `fake_quant_with_min_max_args`: `gradients` where `inputs` are in the range, else 0.

    >>> import headrace as tf
    >>> tf.quantization.fake_quant_with_min_max_args_gradient([1.0, 1.0], [0.0, 9.0]).numpy().tolist()
    [1.0, 0.0]
    """
    return _ops.FAKE_QUANT_ARGS_GRADIENT(
        gradients,
        inputs,
        min=float(min),
        max=float(max),
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )


def fake_quant_with_min_max_vars(
    inputs: Any, min: Any, max: Any, num_bits: int = 8, narrow_range: bool = False, name: str | None = None
) -> Tensor:
    """`fake_quant_with_min_max_args` with scalar tensors, which have gradients, as the range.

    >>> import headrace as tf
    >>> tf.quantization.fake_quant_with_min_max_vars([0.3, 7.0], 0.0, 6.0, num_bits=2).numpy().tolist()
    [0.0, 6.0]
    """
    return _ops.FAKE_QUANT_VARS(inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name)


def fake_quant_with_min_max_vars_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> FakeQuantGradient:
    """The gradients of `fake_quant_with_min_max_vars` with respect to its inputs, min and max.

    >>> import headrace as tf
    >>> g = tf.quantization.fake_quant_with_min_max_vars_gradient([1.0, 2.0], [0.0, 9.0], -6.0, 6.0)
    >>> g.backprops_wrt_input.numpy().tolist(), float(g.backprop_wrt_max)
    ([1.0, 0.0], 2.0)
    """
    return FakeQuantGradient(
        *_ops.FAKE_QUANT_VARS_GRADIENT(
            gradients, inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name
        )
    )


def fake_quant_with_min_max_vars_per_channel(
    inputs: Any, min: Any, max: Any, num_bits: int = 8, narrow_range: bool = False, name: str | None = None
) -> Tensor:
    """`fake_quant_with_min_max_vars` with a range per channel (entry of the last dimension).

    Args:
      min, max: of shape [d], the size of the last dimension of `inputs`.

    >>> import headrace as tf
    >>> x, low, high = [[9.0, 9.0]], [0.0, 0.0], [1.0, 2.0]
    >>> tf.quantization.fake_quant_with_min_max_vars_per_channel(x, low, high).numpy().tolist()
    [[1.0, 2.0]]
    """
    return _ops.FAKE_QUANT_PER_CHANNEL(
        inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name
    )


def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> FakeQuantGradient:
    """The gradients of `fake_quant_with_min_max_vars_per_channel` with respect to its inputs, min and max.

    >>> import headrace as tf
    >>> g = tf.quantization.fake_quant_with_min_max_vars_per_channel_gradient([[1.0]], [[9.0]], [0.0], [1.0])
    >>> g.backprop_wrt_max.numpy().tolist()
    [1.0]
    """
    return FakeQuantGradient(
        *_ops.FAKE_QUANT_PER_CHANNEL_GRADIENT(
            gradients, inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name
        )
    )


def quantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,
    mode: str = "MIN_COMBINED",
    round_mode: str = "HALF_AWAY_FROM_ZERO",
    name: str | None = None,
    narrow_range: bool = False,
    axis: int | None = None,
    ensure_minimum_range: float = 0.01,
) -> QuantizeV2:
    """Floats as integers of the quantised type `T`: steps of [min_range, max_range], widened to hold 0.

    Args:
      T: tf.qint8, tf.quint8, tf.qint16, tf.quint16 or tf.qint32.
      mode: "MIN_COMBINED" (the range's ends are the type's), "MIN_FIRST" (0 is a step), "SCALED" (0 is 0).
      round_mode: "HALF_AWAY_FROM_ZERO", or in SCALED mode "HALF_TO_EVEN".
      axis: the dimension along which there is a range for each entry.

    Returns:
      A named tuple (output, output_min, output_max).

    >>> import headrace as tf
    >>> tf.quantization.quantize([0.0, 1.0], 0.0, 1.0, tf.quint8).output.numpy().tolist()
    [0, 255]
    """
    if mode not in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
        raise ValueError(f"Unknown quantisation mode {mode!r}; use 'MIN_COMBINED', 'MIN_FIRST' or 'SCALED'.")
    return QuantizeV2(
        *_ops.QUANTIZE_V2(
            input,
            min_range,
            max_range,
            T=dtypes.as_dtype(T),
            mode=mode,
            round_mode=round_mode,
            narrow_range=narrow_range,
            axis=_axis(axis),
            ensure_minimum_range=ensure_minimum_range,
            name=name,
        )
    )


def dequantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    mode: str = "MIN_COMBINED",
    name: str | None = None,
    axis: int | None = None,
    narrow_range: bool = False,
    dtype: Any = dtypes.float32,
) -> Tensor:
    """The inverse of `quantize`.

    >>> import headrace as tf
    >>> q = tf.quantization.quantize([0.0, 1.0], 0.0, 1.0, tf.quint8)
    >>> tf.quantization.dequantize(*q).numpy().tolist()
    [0.0, 1.0]
    """
    return _ops.DEQUANTIZE(
        input,
        min_range,
        max_range,
        mode=mode,
        narrow_range=narrow_range,
        axis=_axis(axis),
        dtype=dtypes.as_dtype(dtype),
        name=name,
    )


def _round_trip(op: Any) -> Any:
    def function(
        input: Any,
        input_min: Any,
        input_max: Any,
        signed_input: bool = True,
        num_bits: int = 8,
        range_given: bool = False,
        round_mode: str = "HALF_TO_EVEN",
        name: str | None = None,
        narrow_range: bool = False,
        axis: int | None = None,
    ) -> Tensor:
        if round_mode not in ("HALF_TO_EVEN", "HALF_UP"):
            raise ValueError(f"Unknown round_mode {round_mode!r}; use 'HALF_TO_EVEN' or 'HALF_UP'.")
        x = convert.to_tensor(input)
        axis = _axis(axis)
        if axis < -1:
            axis += len(x.shape)
        return op(
            x,
            input_min,
            input_max,
            signed_input=signed_input,
            num_bits=num_bits,
            range_given=range_given,
            round_mode=round_mode,
            narrow_range=narrow_range,
            axis=axis,
            name=name,
        )

    return function


_DOC = """Floats rounded to what `num_bits` integers, scaled to a range, can hold.

    Args:
      input_min, input_max: the range, where `range_given`; else it is that of `input`.
      signed_input: whether the integers are signed.
      round_mode: "HALF_TO_EVEN" or "HALF_UP".
      narrow_range: whether the lowest integer is left out.
      axis: the dimension along which there is a range for each entry.

    The gradient {gradient}.

    >>> import headrace as tf
    >>> tf.quantization.{name}([0.1, 3.0], 0.0, 3.0, num_bits=3, range_given=True).numpy().tolist()
    [0.0, 3.0]
    """
quantize_and_dequantize = _round_trip(_ops.QUANTIZE_AND_DEQUANTIZE_V2)
quantize_and_dequantize_v2 = _round_trip(_ops.QUANTIZE_AND_DEQUANTIZE_V4)
for _function, _name, _gradient in (
    (quantize_and_dequantize, "quantize_and_dequantize", "passes straight through"),
    (
        quantize_and_dequantize_v2,
        "quantize_and_dequantize_v2",
        "passes where the input is inside of the given range",
    ),
):
    _function.__name__ = _function.__qualname__ = _name
    _function.__doc__ = _DOC.format(name=_name, gradient=_gradient)


def quantized_concat(
    concat_dim: Any, values: Any, input_mins: Any, input_maxes: Any, name: str | None = None
) -> QuantizedConcat:
    """Quantised tensors joined along `concat_dim`, brought to one common range.

    Args:
      input_mins, input_maxes: lists of scalars, the range of each tensor.

    >>> import headrace as tf
    >>> q = tf.quantization.quantize([0.0, 1.0], 0.0, 1.0, tf.quint8)
    >>> tf.quantization.quantized_concat(0, [q[0], q[0]], [q[1], q[1]], [q[2], q[2]]).output.numpy().tolist()
    [0, 255, 0, 255]
    """
    return QuantizedConcat(
        *_ops.QUANTIZED_CONCAT(concat_dim, list(values), list(input_mins), list(input_maxes), name=name)
    )


__all__ = [
    "dequantize",
    "fake_quant_with_min_max_args",
    "fake_quant_with_min_max_args_gradient",
    "fake_quant_with_min_max_vars",
    "fake_quant_with_min_max_vars_gradient",
    "fake_quant_with_min_max_vars_per_channel",
    "fake_quant_with_min_max_vars_per_channel_gradient",
    "quantize",
    "quantize_and_dequantize",
    "quantize_and_dequantize_v2",
    "quantized_concat",
]
