"""Products of joined inputs with the variables "kernel" and "bias", as cells are made of."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.session.scopes import get_variable
from headrace.session.variable_store import get_variable_scope as variable_scope_here


def _joined(args: Any) -> Any:
    args = list(args) if isinstance(args, (list, tuple)) else [args]
    if not args:
        raise ValueError("`args` must be specified: one tensor [batch, size], or a list of them.")
    return args[0] if len(args) == 1 else tf.concat(args, 1)


def _weights(
    joined: Any, output_size: int, bias: bool, bias_initializer: Any, kernel_initializer: Any
) -> Any:
    size = joined.shape.as_list()[-1]
    if size is None:
        raise ValueError(f"linear expects the last size of its inputs to be known, but saw {joined.shape}")
    kernel = get_variable("kernel", [size, output_size], joined.dtype, kernel_initializer)
    if not bias:
        return kernel, None
    if isinstance(bias_initializer, (int, float)):  # `bias_start` of before 1.1
        bias_initializer = initializers.constant_initializer(bias_initializer)
    start = initializers.zeros_initializer() if bias_initializer is None else bias_initializer
    return kernel, get_variable("bias", [output_size], joined.dtype, start)


def linear(
    args: Any, output_size: int, bias: bool, bias_initializer: Any = None, kernel_initializer: Any = None
) -> Any:
    """Inputs (a tensor, or a list of them, joined along their columns) times "kernel", plus "bias".

    Args:
      bias_initializer: zeros by default; a number is what the bias begins as.
    """
    joined = _joined(args)
    kernel, offset = _weights(joined, output_size, bias, bias_initializer, kernel_initializer)
    y = tf.matmul(joined, kernel)
    return y if offset is None else tf.nn.bias_add(y, offset)


class Linear:
    """`linear` whose variables are made at once, in the scope around, and used whenever it is called.

    Args:
      args: inputs like those that it will be called with.
    """

    def __init__(
        self, args: Any, output_size: int, build_bias: bool, bias_initializer: Any = None, kernel_initializer: Any = None
    ) -> None:  # fmt: skip
        self._kernel, self._bias = _weights(
            _joined(args), output_size, build_bias, bias_initializer, kernel_initializer
        )

    def __call__(self, args: Any) -> Any:
        y = tf.matmul(_joined(args), self._kernel)
        return y if self._bias is None else tf.nn.bias_add(y, self._bias)


def sharded(name: str, shape: list[int], dtype: Any, shards: int) -> Any:
    """A matrix whose rows are in variables `name`_0, `name`_1 …

    Raises:
      ValueError: there are more shards than rows."""
    rows, rest = shape[0], shape[1:]
    if shards > rows:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={shards}")
    parts = [
        get_variable(f"{name}_{i}", [rows // shards + (i < rows % shards), *rest], dtype)
        for i in range(shards)
    ]
    return parts[0] if shards == 1 else tf.concat(parts, 0)


__all__ = ["Linear", "linear", "sharded", "variable_scope_here"]
