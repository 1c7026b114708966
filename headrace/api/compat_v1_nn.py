"""`tf.compat.v1.nn`: what is not merely `tf.nn` with other names of arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor

from . import nn


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Any:  # fmt: skip
    """Sets entries to zero with probability `rate` (or 1 - `keep_prob`) and scales the others up by as much.

    Raises:
      ValueError: neither is given, or both are and differ, or a probability is out of range.
    """
    if keep_prob is not None:
        if not isinstance(keep_prob, Tensor) and not 0 < float(keep_prob) <= 1:
            raise ValueError(
                f"`keep_prob` must be a scalar tensor or a float in the range (0, 1]. Received: {keep_prob}"
            )
        if rate is not None:
            raise ValueError("Cannot specify both 'keep_prob' and 'rate' of dropout(): rate = 1 - keep_prob.")
        rate = 1 - keep_prob
    if rate is None:
        raise ValueError("`rate` must be provided.")
    return nn.dropout(x, rate, noise_shape, seed, name)


@scoped("softmax_cross_entropy_with_logits_sg", "Reshape_2")
def softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None, axis: int | None = None
) -> Any:
    """The cross entropy of softmax(logits); no gradient flows to `labels`."""
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")
    labels = lookup("StopGradient")(to_tensor(labels))
    return nn.softmax_cross_entropy_with_logits(labels, logits, axis=dim if axis is None else axis, name=name)


def sparse_softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """The cross entropy of softmax(logits) and classes given by number."""
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")
    return nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name=name)


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """The cross entropy of sigmoid(logits), entry by entry."""
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")
    return nn.sigmoid_cross_entropy_with_logits(labels, logits, name=name)


def conv2d_backprop_input(
    input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
    use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
    filters: Any = None,
) -> Any:  # fmt: skip
    """The gradient of a convolution with respect to its input."""
    weights = filter if filters is None else filters
    return lookup("Conv2DBackpropInput")(
        to_tensor(input_sizes), weights, out_backprop, strides=_four(strides, data_format), data_format=data_format,
        dilations=_four(dilations, data_format), name=name, **_padding(padding),
    )  # fmt: skip


def conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
) -> Any:  # fmt: skip
    """The gradient of a convolution with respect to its filters."""
    return lookup("Conv2DBackpropFilter")(
        input, to_tensor(filter_sizes), out_backprop, strides=_four(strides, data_format), data_format=data_format,
        dilations=_four(dilations, data_format), name=name, **_padding(padding),
    )  # fmt: skip


def _four(values: Any, data_format: str) -> list[int]:
    sizes = [int(v) for v in np.reshape(values, -1)]
    if len(sizes) == 4:
        return sizes
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    return [1, *sizes, 1] if data_format == "NHWC" else [1, 1, *sizes]


def _padding(padding: Any) -> dict[str, Any]:
    if isinstance(padding, (list, tuple)):
        return {"padding": "EXPLICIT", "explicit_paddings": [int(p) for pair in padding for p in pair]}
    return {"padding": padding}


def depthwise_conv2d_native(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:  # fmt: skip
    """A convolution of every channel with filters of its own; `dilations` has an entry per dimension."""
    two = dilations[1:3] if data_format == "NHWC" else dilations[2:4]
    return nn.depthwise_conv2d(
        input, filter, strides, padding, data_format, list(two), name or "DepthwiseConv2dNative"
    )


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None, exponential_avg_factor: float = 1.0,
) -> Any:  # fmt: skip
    """Batch normalisation; returns the result, and the (new running) mean and variance."""
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be a 1D tensor when `is_training` is False or `exponential_avg_factor` != 1.0."
        )
    empty = to_tensor(np.zeros((0,), np.float32))
    y, new_mean, new_variance, *_ = lookup("FusedBatchNormV3")(
        x, scale, offset, empty if mean is None else mean, empty if variance is None else variance,
        epsilon=max(epsilon, 1.001e-5), exponential_avg_factor=exponential_avg_factor, data_format=data_format,
        is_training=is_training, name=name,
    )  # fmt: skip
    return y, new_mean, new_variance


@scoped("relu_layer")
def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """relu(x · weights + biases)."""
    return nn.relu(xw_plus_b(x, weights, biases), name=name)


@scoped("xw_plus_b")
def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """x · weights + biases."""
    return lookup("BiasAdd")(lookup("MatMul")(x, weights), biases, name=name)


def fractional_max_pool(
    value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, deterministic: bool = False,
    seed: int = 0, seed2: int = 0, name: str | None = None,
) -> Any:  # fmt: skip
    """Max pooling whose windows have sizes drawn around a fractional ratio."""
    return lookup("FractionalMaxPool")(
        value, pooling_ratio=list(pooling_ratio), pseudo_random=pseudo_random, overlapping=overlapping,
        deterministic=deterministic, seed=seed, seed2=seed2, name=name,
    )  # fmt: skip


def fractional_avg_pool(
    value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, deterministic: bool = False,
    seed: int = 0, seed2: int = 0, name: str | None = None,
) -> Any:  # fmt: skip
    """Average pooling whose windows have sizes drawn around a fractional ratio."""
    return lookup("FractionalAvgPool")(
        value, pooling_ratio=list(pooling_ratio), pseudo_random=pseudo_random, overlapping=overlapping,
        deterministic=deterministic, seed=seed, seed2=seed2, name=name,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------- embeddings
def embedding_lookup(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
    max_norm: float | None = None,
) -> Any:  # fmt: skip
    """Rows of a table, which may be in parts.

    Args:
      partition_strategy: where row i is: "mod" (in part i % n) or "div" (parts hold consecutive rows).
    """
    parts = _parts(params)
    if partition_strategy not in ("mod", "div"):
        raise ValueError(
            f"Only 'mod' and 'div' are supported as `partition_strategy`. Received: partition_strategy={partition_strategy}"
        )
    if len(parts) == 1:
        return nn.embedding_lookup(parts[0], ids, max_norm, name)
    if partition_strategy == "div":
        return nn.embedding_lookup(parts, ids, max_norm, name)
    ids = to_tensor(ids)
    return _from_parts(parts, ids, max_norm, name=name)


@scoped("embedding_lookup", "Reshape_1")
def _from_parts(parts: list[Any], ids: Any, max_norm: float | None, name: str | None) -> Any:
    """Rows of a table whose row i is in part i % n."""
    from .gathering import gather

    n = len(parts)
    flat = lookup("Reshape")(ids, [-1])
    owner, inside = lookup("FloorMod")(flat, n), lookup("FloorDiv")(flat, n)
    rows: Any = None
    for k, part in enumerate(parts):  # rows of other parts are read from row 0 and not used
        mine = lookup("Equal")(owner, k)
        found = gather(part, lookup("SelectV2")(mine, inside, lookup("ZerosLike")(inside)))
        rank = len(found._raw_shape or ())
        mask = lookup("Reshape")(mine, [-1] + [1] * (rank - 1))
        rows = found if rows is None else lookup("SelectV2")(mask, found, rows)
    shape = lookup("ConcatV2")([lookup("Shape")(ids), lookup("Shape")(rows)[1:]], 0)
    result = lookup("Reshape")(rows, shape)
    if max_norm is not None:
        from .clipping import clip_by_norm

        axes = list(range(len(ids._raw_shape or ()), len(result._raw_shape)))
        result = clip_by_norm(result, max_norm, axes)
    return result


def _parts(params: Any) -> list[Any]:
    if params is None:
        raise ValueError("params must be specified")
    if hasattr(params, "_parts"):
        return list(params._parts)
    return list(params) if isinstance(params, (list, tuple)) else [params]


def embedding_lookup_sparse(
    params: Any, sp_ids: Any, sp_weights: Any, partition_strategy: str = "mod", name: str | None = None,
    combiner: str | None = None, max_norm: float | None = None, allow_fast_lookup: bool = False,
) -> Any:  # fmt: skip
    """Rows of a table combined: by their mean (the default), sum, or sum divided by the root of the squared weights."""
    return nn.embedding_lookup_sparse(
        _whole(params, partition_strategy), sp_ids, sp_weights, combiner or "mean", max_norm, name
    )


def safe_embedding_lookup_sparse(
    embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None, combiner: str = "mean",
    default_id: int | None = None, name: str | None = None, partition_strategy: str = "div",
    max_norm: float | None = None, allow_fast_lookup: bool = False,
) -> Any:  # fmt: skip
    """`embedding_lookup_sparse` that takes rows without ids, ids below zero and weights of zero."""
    return nn.safe_embedding_lookup_sparse(
        _whole(embedding_weights, partition_strategy),
        sparse_ids,
        sparse_weights,
        combiner,
        default_id,
        max_norm,
        name,
    )


def _whole(params: Any, strategy: str) -> Any:
    """The table in one piece, with its rows in order."""
    parts = _parts(params)
    if len(parts) == 1:
        return parts[0]
    table = lookup("ConcatV2")([p.value() if hasattr(p, "handle") else to_tensor(p) for p in parts], 0)
    if strategy == "div":
        return table
    sizes = [int(p.shape[0]) for p in parts]
    starts = np.cumsum([0, *sizes[:-1]])
    order = [starts[i % len(parts)] + i // len(parts) for i in range(sum(sizes))]
    return lookup("GatherV2")(table, np.asarray(order, np.int32), 0)


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = False, partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Any:  # fmt: skip
    """Noise-contrastive estimation (Gutmann and Hyvärinen, 2010)."""
    return nn.nce_loss(
        _table(weights, partition_strategy), _table(biases, partition_strategy), labels, inputs, num_sampled,
        num_classes, num_true, sampled_values, remove_accidental_hits, name,
    )  # fmt: skip


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = True, partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss", seed: int | None = None,
) -> Any:  # fmt: skip
    """The softmax loss over the true class and a sample of the others (Jean et al., 2014)."""
    return nn.sampled_softmax_loss(
        _table(weights, partition_strategy), _table(biases, partition_strategy), labels, inputs, num_sampled,
        num_classes, num_true, sampled_values, remove_accidental_hits, seed, name,
    )  # fmt: skip


def _table(params: Any, strategy: str) -> Any:
    return _whole(params, strategy) if len(_parts(params)) > 1 else _parts(params)[0]


# ------------------------------------------------------------------------------------------------------------------ CTC
def ctc_loss(
    labels: Any, inputs: Any = None, sequence_length: Any = None, preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True, ignore_longer_outputs_than_inputs: bool = False, time_major: bool = True,
    logits: Any = None,
) -> Any:  # fmt: skip
    """Connectionist temporal classification (Graves et al., 2006); the blank is the last class.

    Args:
      labels: an int32 SparseTensor of shape [batch, time].
      inputs: logits of shape [time, batch, classes] (`logits` is the same).
    """
    if inputs is not None and logits is not None:
        raise ValueError("Cannot specify both 'logits' and 'inputs' of ctc_loss(): they are the same.")
    inputs = to_tensor(logits if inputs is None else inputs)
    if not time_major:
        inputs = lookup("Transpose")(inputs, [1, 0, 2])
    loss, _ = lookup("CTCLoss")(
        inputs, labels.indices, labels.values, sequence_length, preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated, ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )  # fmt: skip
    return loss


def ctc_beam_search_decoder(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1, merge_repeated: bool = True
) -> Any:
    """The most probable label sequences, and their log probabilities. `merge_repeated`: of repeats in the output, one stays."""
    from .composite import SparseTensor

    indices, values, shapes, logs = lookup("CTCBeamSearchDecoder")(
        inputs, sequence_length, beam_width=beam_width, top_paths=top_paths, merge_repeated=merge_repeated
    )
    return [SparseTensor(i, v, s) for i, v, s in zip(indices, values, shapes)], logs


_NN = [
    "conv2d_backprop_filter", "conv2d_backprop_input", "ctc_beam_search_decoder", "ctc_loss", "depthwise_conv2d_native",
    "dropout", "embedding_lookup", "embedding_lookup_sparse", "fractional_avg_pool", "fractional_max_pool",
    "fused_batch_norm", "nce_loss", "relu_layer", "safe_embedding_lookup_sparse", "sampled_softmax_loss",
    "sigmoid_cross_entropy_with_logits", "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits", "xw_plus_b",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"nn": _NN}
__all__ = [*_NN]  # noqa: PLE0604 - a list of names
