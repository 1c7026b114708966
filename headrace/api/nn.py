"""`tf.nn`: what neural networks are made of. The functions are in the files beside this one, by theme."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.api import nn_experimental as experimental
from headrace.api.math import in_top_k, l2_normalize, sigmoid, softplus, softsign, tanh, zero_fraction
from headrace.api.nn_activations import (
    bias_add,
    crelu,
    depth_to_space,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    silu,
    softmax,
    space_to_depth,
    swish,
)
from headrace.api.nn_conv import (
    atrous_conv2d,
    atrous_conv2d_transpose,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    conv_transpose,
    convolution,
    depthwise_conv2d,
    depthwise_conv2d_backprop_filter,
    depthwise_conv2d_backprop_input,
    dilation2d,
    erosion2d,
    separable_conv2d,
)
from headrace.api.nn_ctc import (
    collapse_repeated,
    ctc_beam_search_decoder,
    ctc_greedy_decoder,
    ctc_loss,
    ctc_unique_labels,
)
from headrace.api.nn_dropout import dropout
from headrace.api.nn_embedding import embedding_lookup, embedding_lookup_sparse, safe_embedding_lookup_sparse
from headrace.api.nn_losses import (
    compute_average_loss,
    l2_loss,
    log_poisson_loss,
    scale_regularization_loss,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)
from headrace.api.nn_norm import (
    batch_norm_with_global_normalization,
    batch_normalization,
    local_response_normalization,
    lrn,
    moments,
    normalize_moments,
    sufficient_statistics,
    weighted_moments,
)
from headrace.api.nn_pool import (
    avg_pool,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    fractional_avg_pool,
    fractional_max_pool,
    max_pool,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_pool_with_argmax,
    pool,
    with_space_to_batch,
)
from headrace.api.nn_sampling import (
    all_candidate_sampler,
    compute_accidental_hits,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    nce_loss,
    sampled_softmax_loss,
    uniform_candidate_sampler,
)
from headrace.api.ordering import top_k
from headrace.api.shaping import space_to_batch
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.tensor import Tensor


class IsotonicRegression(NamedTuple):
    """The fitted sequence, and the block that each element is in."""

    output: Tensor
    segments: Tensor


def isotonic_regression(inputs: Any, decreasing: bool = True, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The nearest sequence (in squared error) along `axis` that never increases.

    Args:
      decreasing: False for the nearest one that never decreases.

    Returns: the sequence, and for every element the number of its block of equal values.

    >>> import headrace as tf
    >>> tf.nn.isotonic_regression([3.0, 1.0, 2.0])[0].numpy().tolist()
    [3.0, 1.5, 1.5]
    """
    from headrace.ops.isotonic import ISOTONIC_REGRESSION

    x = to_tensor(inputs)
    rank = None if x._raw_shape is None else len(x._raw_shape)
    if rank is None:
        raise ValueError("The rank of `inputs` must be known")
    if not -rank <= axis < rank:
        raise ValueError(f"axis must be in the range [{-rank}, {rank}). Received: axis={axis}")
    order = None
    if axis % rank != rank - 1:
        order = list(range(rank))
        order[axis], order[-1] = order[-1], order[axis % rank]
        x = lookup("Transpose")(x, order)
    out_type = x._dtype if x._dtype.is_floating else dtypes.float64 if x._dtype.size == 8 else dtypes.float32
    y, segments = ISOTONIC_REGRESSION(x if decreasing else lookup("Neg")(x), output_dtype=out_type)
    y = y if decreasing else lookup("Neg")(y)
    if order is not None:
        y, segments = lookup("Transpose")(y, order), lookup("Transpose")(segments, order)
    return IsotonicRegression(y, segments)


def _approximate(
    operand: Any, k: int, dimension: int, override: int, aggregate: bool, largest: bool, name: str | None
) -> tuple[Tensor, Tensor]:
    if not aggregate or override != -1:
        raise NotImplementedError(
            "approx_max_k and approx_min_k are exact here: partial results (aggregate_to_topk=False, "
            "reduction_input_size_override) do not exist."
        )
    x = to_tensor(operand)
    rank = None if x._raw_shape is None else len(x._raw_shape)
    if rank is None:
        raise ValueError("The rank of `operand` must be known")
    order = [*[i for i in range(rank) if i != dimension % rank], dimension % rank]
    moved = x if dimension % rank == rank - 1 else lookup("Transpose")(x, order)
    values, indices = top_k(moved if largest else lookup("Neg")(moved), k, name=name or "ApproxTopK")
    values = values if largest else lookup("Neg")(values)
    if moved is x:
        return values, indices
    back = [order.index(i) for i in range(rank)]
    return lookup("Transpose")(values, back), lookup("Transpose")(indices, back)


def approx_max_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """The k largest elements along a dimension, and where they are. Exact, whatever recall is asked for.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.nn.approx_max_k([3.0, 5.0, 4.0], 2)]
    [[5.0, 4.0], [1, 2]]
    """
    return _approximate(
        operand, k, reduction_dimension, reduction_input_size_override, aggregate_to_topk, True, name
    )


def approx_min_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """The k smallest elements along a dimension, and where they are. Exact, whatever recall is asked for.

    >>> import headrace as tf
    >>> [t.numpy().tolist() for t in tf.nn.approx_min_k([3.0, 5.0, 4.0], 2)]
    [[3.0, 4.0], [0, 2]]
    """
    return _approximate(
        operand, k, reduction_dimension, reduction_input_size_override, aggregate_to_topk, False, name
    )


__all__ = [
    "all_candidate_sampler",
    "approx_max_k",
    "approx_min_k",
    "atrous_conv2d",
    "atrous_conv2d_transpose",
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm_with_global_normalization",
    "batch_normalization",
    "bias_add",
    "collapse_repeated",
    "compute_accidental_hits",
    "compute_average_loss",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "conv_transpose",
    "convolution",
    "crelu",
    "ctc_beam_search_decoder",
    "ctc_greedy_decoder",
    "ctc_loss",
    "ctc_unique_labels",
    "depth_to_space",
    "depthwise_conv2d",
    "depthwise_conv2d_backprop_filter",
    "depthwise_conv2d_backprop_input",
    "dilation2d",
    "dropout",
    "elu",
    "embedding_lookup",
    "embedding_lookup_sparse",
    "erosion2d",
    "experimental",
    "fixed_unigram_candidate_sampler",
    "fractional_avg_pool",
    "fractional_max_pool",
    "gelu",
    "in_top_k",
    "isotonic_regression",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "learned_unigram_candidate_sampler",
    "local_response_normalization",
    "log_poisson_loss",
    "log_softmax",
    "lrn",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_with_argmax",
    "moments",
    "nce_loss",
    "normalize_moments",
    "pool",
    "relu",
    "relu6",
    "safe_embedding_lookup_sparse",
    "sampled_softmax_loss",
    "scale_regularization_loss",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "space_to_batch",
    "space_to_depth",
    "sparse_softmax_cross_entropy_with_logits",
    "sufficient_statistics",
    "swish",
    "tanh",
    "top_k",
    "weighted_cross_entropy_with_logits",
    "weighted_moments",
    "with_space_to_batch",
    "zero_fraction",
]
