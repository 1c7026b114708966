"""Ops that TensorFlow has as public functions of their arguments in order, with nothing around them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from headrace.core.op import REQUIRED, lookup


def of_op(op_type: str, name: str, parameters: str, doc: str) -> Callable[..., Any]:
    """A function of an op's inputs and attributes in the given order, and `name`. Several outputs are a named tuple.
    `x=True` gives a parameter another default than the op's.

    >>> from headrace.api.raw_functions import of_op
    >>> of_op("L2Loss", "l2", "t", "Half the sum of squares.")([3.0, 4.0]).numpy()
    np.float32(12.5)
    """
    words = [word.partition("=") for word in [*parameters.split(), "name"]]
    given_defaults = {name: value == "True" for name, sign, value in words if sign}

    def call(*args: Any, **kwargs: Any) -> Any:
        from . import raw_ops

        given = bound.bind(*args, **kwargs).arguments
        return getattr(raw_ops, op_type)(**{**given_defaults, **given})

    defaults = {**lookup(op_type).attrs, **given_defaults}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    bound = inspect.Signature(
        [inspect.Parameter(n, kind, default=_default(n, defaults.get(n, REQUIRED))) for n, _, _ in words]
    )
    call.__name__ = call.__qualname__ = name
    call.__doc__, call.__signature__ = doc, bound  # type: ignore[attr-defined]
    return call


def _default(name: str, value: Any) -> Any:
    return None if name == "name" else inspect.Parameter.empty if value is REQUIRED else value


approx_top_k = of_op(
    "ApproxTopK", "approx_top_k",
    "input k reduction_dimension recall_target is_max_k reduction_input_size_override aggregate_to_topk",
    "The `k` largest (or smallest) elements along a dimension, and where they are. Exact, whatever recall is asked for.",
)  # fmt: skip
check_pinned = of_op(
    "CheckPinned", "check_pinned", "tensor",
    "Whether a tensor lies in memory pinned for the transfers of CUDA: FailedPreconditionError, as there is none.",
)  # fmt: skip
conv = of_op(
    "Conv", "conv", "input filter strides padding explicit_paddings data_format dilations batch_dims groups",
    """A convolution over two or three dimensions.

    Args:
      input: `[*batch, *spatial, channels]`, or with `data_format="CHANNELS_FIRST"` `[*batch, channels, *spatial]`.
      filter: `[*window, channels in, channels out]`.
      strides: a number for each of batch (1), the spatial dimensions and channels (1), in the order of `data_format`.
      padding: "SAME", "VALID", or "EXPLICIT" with `explicit_paddings`: two numbers for each dimension.
      dilations: like `strides`.
      batch_dims: how many dimensions `*batch` has.
      groups: into how many the channels are divided.

    >>> import headrace as tf
    >>> tf.conv(tf.ones([2, 3, 5, 5, 1]), tf.ones([3, 3, 1, 4]), [1, 1, 1, 1], "VALID", batch_dims=2).shape
    TensorShape([2, 3, 3, 3, 4])
    """,
)  # fmt: skip
_BACKPROP = (
    "input filter out_backprop strides padding use_cudnn_on_gpu explicit_paddings data_format dilations"
)
conv2d_backprop_filter_v2 = of_op(
    "Conv2DBackpropFilterV2", "conv2d_backprop_filter_v2", _BACKPROP,
    "The gradient of `conv2d(input, filter)` with respect to the filter, of which only the shape matters.",
)  # fmt: skip
conv2d_backprop_input_v2 = of_op(
    "Conv2DBackpropInputV2", "conv2d_backprop_input_v2", _BACKPROP,
    "The gradient of `conv2d(input, filter)` with respect to the input, of which only the shape matters.",
)  # fmt: skip
ragged_fill_empty_rows = of_op(
    "RaggedFillEmptyRows", "ragged_fill_empty_rows", "value_rowids values nrows default_value",
    """Ragged values, given by the rows they are in, with a default value in each row that has none.

    Returns:
      The rows and the values (sorted by row), which rows were empty, and where each value is now.

    >>> import headrace as tf
    >>> rows, values, empty, place = tf.ragged_fill_empty_rows([0, 2], [1.0, 2.0], 3, -1.0)
    >>> values.numpy().tolist(), empty.numpy().tolist()
    ([1.0, -1.0, 2.0], [False, True, False])
    """,
)  # fmt: skip
ragged_fill_empty_rows_grad = of_op(
    "RaggedFillEmptyRowsGrad", "ragged_fill_empty_rows_grad", "reverse_index_map grad_values",
    "The gradient of `ragged_fill_empty_rows` with respect to the values and the default value.",
)  # fmt: skip

ROOT = [
    "approx_top_k", "check_pinned", "conv", "conv2d_backprop_filter_v2", "conv2d_backprop_input_v2",
    "ragged_fill_empty_rows", "ragged_fill_empty_rows_grad",
]  # fmt: skip
__all__ = [*ROOT, "of_op"]  # noqa: PLE0604 - a list of names
