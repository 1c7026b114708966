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

FUNCTIONS: dict[str, Any] = {
    "load_file_system_library": load_file_system_library,
    "wrap_function": wrap_function,
    "user_ops.my_fact": my_fact,
    "ragged.constant_value": constant_value,
    "nn.conv3d_backprop_filter": conv3d_backprop_filter,
    "nn.conv3d_backprop_filter_v2": conv3d_backprop_filter,
}
ROOT = ["load_file_system_library", "wrap_function"]
NAMES = {
    "user_ops": ["my_fact"],
    "ragged": ["constant_value"],
    "nn": ["conv3d_backprop_filter", "conv3d_backprop_filter_v2"],
}
__all__ = ["FUNCTIONS"]
