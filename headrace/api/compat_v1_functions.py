"""Functions of `tf.compat.v1` that run graphs or single ops: `wrap_function`, and the ops that are public as they are."""

from __future__ import annotations

from typing import Any, NoReturn

from headrace.composites.ragged.making import constant_value
from headrace.graphs.wrapping import wrap_function

from .environment import load_op_library
from .raw_functions import of_op

_my_fact = of_op("Fact", "my_fact", "", "")


def my_fact() -> Any:
    """The example of an op in TensorFlow's guide to writing them: a true sentence.

    >>> import headrace as tf
    >>> tf.compat.v1.user_ops.my_fact().numpy()
    b'0! == 1'
    """
    return _my_fact()


def load_file_system_library(library_filename: str) -> NoReturn:
    """Would load a file system that was built for TensorFlow; see `tf.load_op_library`.

    Other file systems than the local one come with the package fsspec: see `tf.io.gfile`.

    Raises:
      NotFoundError: there is no such file.
      UnimplementedError: always, otherwise.
    """
    load_op_library(library_filename)
    raise AssertionError("load_op_library always raises")


conv3d_backprop_filter = of_op(
    "Conv3DBackpropFilterV2", "conv3d_backprop_filter",
    "input filter_sizes out_backprop strides padding data_format dilations",
    "The gradient of `conv3d` with respect to its filter.",
)  # fmt: skip

_POOL = "input min_input max_input ksize strides padding"
quantized_avg_pool = of_op(
    "QuantizedAvgPool", "quantized_avg_pool", _POOL,
    "The mean of the windows of quantised images, rounded down; with their range, which stays.",
)  # fmt: skip
quantized_max_pool = of_op(
    "QuantizedMaxPool", "quantized_max_pool", _POOL,
    "The largest of the windows of quantised images; with their range, which stays.",
)  # fmt: skip
quantized_conv2d = of_op(
    "QuantizedConv2D", "quantized_conv2d",
    "input filter min_input max_input min_filter max_filter strides padding out_type dilations",
    """The convolution of quantised images, exact.

    Args:
      input: `[batch, height, width, channels]`, of a quantised type.
      filter: `[height, width, channels in, channels out]`, of a quantised type.
      min_input, max_input, min_filter, max_filter: which numbers the least and the greatest of the integers stand for.
      strides, dilations: `[1, vertical, horizontal, 1]`.
      padding: "SAME" or "VALID".
      out_type: of the sums.

    Returns:
      The sums, and which numbers the least and the greatest value of their type stand for.

    >>> import headrace as tf
    >>> q = tf.quantization.quantize(tf.ones([1, 3, 3, 1]), 0.0, 1.0, tf.quint8)
    >>> y, low, high = tf.compat.v1.nn.quantized_conv2d(q[0], q[0], 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], "VALID")
    >>> round(float(tf.bitcast(y, tf.int32)[0, 0, 0, 0]) * float(high) / 2**31, 3)
    9.0
    """,
)  # fmt: skip
quantized_relu_x = of_op(
    "QuantizedReluX", "quantized_relu_x", "features max_value min_features max_features out_type",
    "Quantised values cut off below 0 and above `max_value`; with their range, which stays.",
)  # fmt: skip

FUNCTIONS: dict[str, Any] = {
    "load_file_system_library": load_file_system_library,
    "wrap_function": wrap_function,
    "user_ops.my_fact": my_fact,
    "ragged.constant_value": constant_value,
    "nn.conv3d_backprop_filter": conv3d_backprop_filter,
    "nn.conv3d_backprop_filter_v2": conv3d_backprop_filter,
    "nn.quantized_avg_pool": quantized_avg_pool,
    "nn.quantized_conv2d": quantized_conv2d,
    "nn.quantized_max_pool": quantized_max_pool,
    "nn.quantized_relu_x": quantized_relu_x,
}
ROOT = ["load_file_system_library", "wrap_function"]
NAMES = {
    "user_ops": ["my_fact"],
    "ragged": ["constant_value"],
    "nn": [
        "conv3d_backprop_filter",
        "conv3d_backprop_filter_v2",
        "quantized_avg_pool",
        "quantized_conv2d",
        "quantized_max_pool",
        "quantized_relu_x",
    ],
}
__all__ = ["FUNCTIONS"]
