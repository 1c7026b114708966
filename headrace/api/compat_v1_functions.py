"""Functions of `tf.compat.v1` that run graphs or single ops: `wrap_function`, and the ops that are public as they are."""

from __future__ import annotations

from typing import Any, NoReturn

from headrace.composites.ragged.making import constant_value
from headrace.core.op import lookup
from headrace.core.state import state
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

sdca_optimizer = of_op(
    "SdcaOptimizer", "sdca_optimizer",
    "sparse_example_indices sparse_feature_indices sparse_feature_values dense_features example_weights example_labels "
    "sparse_indices sparse_weights dense_weights example_state_data loss_type l1 l2 num_loss_partitions "
    "num_inner_iterations adaptative=True",
    """One pass of stochastic dual coordinate ascent over examples: how the weights of a linear model are to change.

    Args:
      sparse_example_indices, sparse_feature_indices, sparse_feature_values: for each group of sparse features the examples,
        the features and their values (1 where a group has none; those come last).
      dense_features: for each group of dense features a matrix `[examples, features]`.
      example_weights, example_labels: a number for each example; labels of classes are 0 and 1.
      sparse_indices, sparse_weights: the features that have weights, and these, for each group.
      dense_weights: the weights of each group.
      example_state_data: `[examples, 4]`, what the last pass gave; zeros before the first.
      loss_type: "logistic_loss", "squared_loss", "hinge_loss", "smooth_hinge_loss" or "poisson_loss".
      l1, l2: the strength of the regularisations; `l2` must be above 0.
      num_loss_partitions: how many such passes run at once, on parts of the examples.
      num_inner_iterations: means nothing: a call is one pass.
      adaptative: examples that have much to gain are looked at more often. Their order is random in any case.

    Returns:
      The new state, and what to add to the sparse and the dense weights.

    >>> import headrace as tf
    >>> state, _, [change] = tf.compat.v1.train.sdca_optimizer(
    ...     [], [], [], [[[1.0]]], [1.0], [1.0], [], [], [[0.0]], tf.zeros([1, 4]), "squared_loss", 0.0, 1.0, 1, 1
    ... )
    >>> change.numpy()
    array([0.5], dtype=float32)
    """,
)  # fmt: skip
sdca_fprint = of_op(
    "SdcaFprint", "sdca_fprint", "input",
    """Two numbers for each string of a vector, that are those of no other string, as ids of examples.

    >>> import headrace as tf
    >>> tf.compat.v1.train.sdca_fprint(["a", "b"]).shape
    TensorShape([2, 2])
    """,
)  # fmt: skip


def sdca_shrink_l1(weights: Any, l1: float, l2: float, name: str | None = None) -> Any:
    """Brings variables closer to zero, by `l1 / l2`, and no further: what makes an L1 regularisation of `sdca_optimizer`'s weights.

    Args:
      weights: a list of variables.

    Returns:
      An operation, in a graph.

    >>> import headrace as tf
    >>> v = tf.Variable([3.0, -1.0, -4.0])
    >>> tf.compat.v1.train.sdca_shrink_l1([v], 2.0, 1.0)
    >>> v.numpy()
    array([ 1., -0., -2.], dtype=float32)
    """
    from .script import group

    sign, absolute, most = lookup("Sign"), lookup("Abs"), lookup("Maximum")
    done = [
        v.assign(sign(v.value()) * most(absolute(v.value()) - l1 / l2, 0.0), read_value=False)
        for v in weights
    ]
    return group(*done, name=name) if state.graph is not None else None


FUNCTIONS: dict[str, Any] = {
    "load_file_system_library": load_file_system_library,
    "wrap_function": wrap_function,
    "user_ops.my_fact": my_fact,
    "ragged.constant_value": constant_value,
    "train.sdca_fprint": sdca_fprint,
    "train.sdca_optimizer": sdca_optimizer,
    "train.sdca_shrink_l1": sdca_shrink_l1,
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
    "train": ["sdca_fprint", "sdca_optimizer", "sdca_shrink_l1"],
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
