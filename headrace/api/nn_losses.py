"""`tf.nn`'s losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.convert import to_tensor, type_of
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.tensor import Tensor
from headrace.ops import losses as ops
from headrace.ops import math as m
from headrace.ops import nn as nn_ops
from headrace.ops.conv import shape_of

_SHORT = (dtypes.float16, dtypes.bfloat16)


def _cast(x: Any, dtype: Any) -> Tensor:
    x = to_tensor(x, hint=dtype)
    return x if x._dtype is dtype else lookup("Cast")(x, DstT=dtype)


def _as_matrix(x: Tensor) -> Tensor:
    """All leading dimensions as one."""
    shape = x._raw_shape
    if shape is not None and len(shape) == 2:
        return x
    if shape is not None and shape and shape[-1]:
        return lookup("Reshape")(x, [-1, shape[-1]])
    last = lookup("StridedSlice")(lookup("Shape")(x), [-1], [0], [1], end_mask=1)
    rows = _product(lookup("StridedSlice")(lookup("Shape")(x), [0], [-1], [1]))
    return lookup("Reshape")(x, lookup("ConcatV2")([lookup("Reshape")(rows, [1]), last], 0))


def _product(sizes: Tensor) -> Tensor:
    return lookup("Prod")(sizes, [0], keep_dims=False)


@scoped("softmax_cross_entropy_with_logits", None)
def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Tensor:
    """`-sum(labels * log_softmax(logits))` along `axis`, for probability distributions `labels`.

    Gradients flow to labels and logits; stop them at the labels with `tf.stop_gradient` where these are data.

    Returns: a tensor like `logits` without `axis`.

    >>> import headrace as tf
    >>> tf.nn.softmax_cross_entropy_with_logits([[0.0, 1.0]], [[2.0, 2.0]]).numpy().round(4).tolist()
    [0.6931]
    """
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")
    scores = to_tensor(logits)
    short = scores._dtype
    scores = _cast(scores, dtypes.float32) if short in _SHORT else scores
    targets = _cast(labels, scores._dtype)
    rank = None if scores._raw_shape is None else len(scores._raw_shape)
    if axis != -1 and (rank is None or axis % rank != rank - 1):
        if rank is None:
            raise ValueError(f"The rank of `logits` must be known for axis={axis}")
        order = [*[i for i in range(rank) if i != axis % rank], axis % rank]
        scores, targets = lookup("Transpose")(scores, order), lookup("Transpose")(targets, order)
    loss, _ = ops.SOFTMAX_CROSS_ENTROPY(_as_matrix(scores), _as_matrix(targets), name=name)
    loss = _leading_shape(loss, scores)
    return called(_cast(loss, short), "Cast_2") if short in _SHORT else called(loss, "Reshape_2")


def _leading_shape(loss: Tensor, like: Tensor) -> Tensor:
    """Gives a vector of losses the shape of `like` without its last dimension."""
    shape = like._raw_shape
    if shape is not None and len(shape) == 2:
        return loss
    if shape is not None and shapes.known(shape[:-1]):
        return lookup("Reshape")(loss, list(shape[:-1]))
    loss = lookup("Reshape")(loss, lookup("StridedSlice")(lookup("Shape")(like), [0], [-1], [1]))
    if shape is not None and not loss._is_eager:
        loss.set_shape(shape[:-1])
    return loss


@scoped("SparseSoftmaxCrossEntropyWithLogits", None, again=True)
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """`-log_softmax(logits)[label]` for class numbers `labels`.

    Args:
      labels: int32 or int64, of the shape of `logits` without its last dimension, in `[0, classes)`.

    Raises:
      ValueError: shapes do not fit. InvalidArgumentError: a label is out of range (NaN in compiled
        functions).

    >>> import headrace as tf
    >>> tf.nn.sparse_softmax_cross_entropy_with_logits([1], [[2.0, 2.0]]).numpy().round(4).tolist()
    [0.6931]
    """
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")
    labels, scores = to_tensor(labels), to_tensor(logits)
    short = scores._dtype
    scores = _cast(scores, dtypes.float32) if short in _SHORT else scores
    a, b = labels._raw_shape, scores._raw_shape
    if b is not None and not b:
        raise ValueError(f"`logits` cannot be a scalar. Received: logits={logits}")
    if a is not None and b is not None and len(a) != len(b) - 1:
        raise ValueError(
            f"`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: labels.shape={a} of rank "
            f"{len(a)} and logits.shape={b} of rank {len(b)}"
        )
    if a is not None and b is not None and not shapes.compatible(a, b[:-1]):
        raise ValueError(
            "`labels.shape` must equal `logits.shape` except for the last dimension. Received: "
            f"labels.shape={a} and logits.shape={b}"
        )
    if a is None or len(a) != 1:
        loss, _ = ops.SPARSE_SOFTMAX_CROSS_ENTROPY(
            _as_matrix(scores), lookup("Reshape")(labels, [-1]), name=name
        )
        loss = lookup("Reshape")(loss, shape_of(labels))
    else:
        loss, _ = ops.SPARSE_SOFTMAX_CROSS_ENTROPY(scores, labels, name=name)
    return _cast(loss, short) if short in _SHORT else loss


def _same_shapes(labels: Tensor, logits: Tensor) -> None:
    if not shapes.compatible(labels._raw_shape, logits._raw_shape):
        raise ValueError(
            f"`logits` and `labels` must have the same shape, received ({logits.shape} vs {labels.shape})."
        )


def _log1p_exp_minus_abs(x: Tensor, positive: Tensor) -> Tensor:
    """`log(1 + exp(-|x|))`, differentiable at 0."""
    return lookup("Log1p")(lookup("Exp")(lookup("SelectV2")(positive, m.neg(x), x, name="Select_1")))


@scoped("logistic_loss")
def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """`-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits))`, element-wise and without
    overflow.

    Raises:
      ValueError: the shapes differ.

    >>> import headrace as tf
    >>> tf.nn.sigmoid_cross_entropy_with_logits([1.0], [0.0]).numpy().round(4).tolist()
    [0.6931]
    """
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")
    x = to_tensor(logits, hint=type_of(labels))
    z = to_tensor(labels, hint=x._dtype)
    _same_shapes(z, x)
    zero = m.number(0, x)
    positive = lookup("GreaterEqual")(x, zero)
    larger = lookup("SelectV2")(positive, x, zero, name="Select")
    return m.add(m.sub(larger, m.mul(x, z, "mul"), "sub"), _log1p_exp_minus_abs(x, positive), name)


@scoped("logistic_loss")
def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Tensor:
    """`-labels * log(sigmoid(logits)) * pos_weight - (1 - labels) * log(1 - sigmoid(logits))`, element-wise.

    A weight above 1 finds more of the positives, at the price of more false ones.

    >>> import headrace as tf
    >>> tf.nn.weighted_cross_entropy_with_logits([1.0], [0.0], 2.0).numpy().round(4).tolist()
    [1.3863]
    """
    x = to_tensor(logits, hint=type_of(labels))
    z = to_tensor(labels, hint=x._dtype)
    _same_shapes(z, x)
    one, positive = m.number(1, x), lookup("GreaterEqual")(x, m.number(0, x))
    weight = m.add(one, m.mul(m.sub(to_tensor(pos_weight, hint=x._dtype), one), z))
    both = m.add(_log1p_exp_minus_abs(x, positive), nn_ops.relu(m.neg(x)))
    return m.add(m.mul(m.sub(one, z), x), m.mul(weight, both), name)


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """`sum(t ** 2) / 2`.

    >>> import headrace as tf
    >>> tf.nn.l2_loss([1.0, 3.0]).numpy().item()
    5.0
    """
    return nn_ops.L2_LOSS(t, name=name)


@scoped("log_poisson_loss", None)
def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """The negative log-likelihood of counts `targets` under a Poisson distribution of rate `exp(log_input)`,
    but for a constant.

    Args:
      compute_full_loss: adds the constant, `log(targets!)`, by Stirling's approximation.

    >>> import headrace as tf
    >>> tf.nn.log_poisson_loss([1.0], [0.0]).numpy().tolist()
    [1.0]
    """
    x = to_tensor(log_input)
    z = to_tensor(targets, hint=x._dtype)
    _same_shapes(z, x)
    loss = m.sub(lookup("Exp")(x), m.mul(x, z), "sub")
    if not compute_full_loss:
        return loss
    log = lookup("Log")
    stirling = m.add(
        m.sub(m.mul(z, log(z)), z), m.mul(m.number(0.5, z), log(m.mul(m.number(2 * np.pi, z), z)))
    )
    zero = lookup("ZerosLike")(z)
    between = lookup("LogicalAnd")(
        lookup("GreaterEqual")(z, zero), lookup("LessEqual")(z, lookup("OnesLike")(z))
    )
    return m.add(loss, lookup("SelectV2")(between, zero, stirling), "add_1")


# ----------------------------------------------------------------------------------------- averages of losses
def replicas_in_sync() -> int:
    """How many replicas compute a step together: the current distribution strategy's number, 1 without
    one."""
    import sys

    # A program that never imported it runs under no strategy.
    strategies = sys.modules.get("headrace.distribute.strategy")
    return 1 if strategies is None else strategies.get_strategy().num_replicas_in_sync


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Tensor:
    """The sum of (weighted) losses divided by the global batch size: each replica's share of the mean.

    Args:
      sample_weight: broadcastable to `per_example_loss`.
      global_batch_size: this replica's batch size times the number of replicas by default.

    >>> import headrace as tf
    >>> tf.nn.compute_average_loss([1.0, 3.0], global_batch_size=8).numpy().item()
    0.5
    """
    loss = to_tensor(per_example_loss)
    dtype = loss._dtype
    if sample_weight is not None:
        weight = _cast(sample_weight, dtypes.float32)
        loss = m.mul(_cast(loss, dtypes.float32), weight)
        loss = _cast(loss, dtype)
    if global_batch_size is None:
        if loss._raw_shape is not None and not loss._raw_shape:
            raise ValueError(
                "`per_example_loss` must have at least one dimension (the batch), received a scalar. Pass "
                "global_batch_size."
            )
        size = lookup("StridedSlice")(lookup("Shape")(loss), [0], [1], [1], shrink_axis_mask=1)
        global_batch_size = m.mul(size, replicas_in_sync())
    size = to_tensor(global_batch_size)
    if size._raw_shape not in ((), None):
        raise ValueError(
            f"`global_batch_size` must be a scalar. Received: global_batch_size={global_batch_size} of "
            f"shape {size.shape}"
        )
    if not size._dtype.is_integer:
        raise TypeError(
            f"`global_batch_size` must be an int scalar. Received: global_batch_size={global_batch_size} of "
            f"type {size._dtype.name}"
        )
    if size._is_eager and size.numpy() < 0:
        raise ValueError(
            f"`global_batch_size` must be non-negative. Received: global_batch_size={global_batch_size}"
        )
    total = lookup("Sum")(loss, _all_axes(loss), keep_dims=False)
    return lookup("DivNoNan")(total, _cast(size, dtype), name="div_no_nan")


def _all_axes(x: Tensor) -> Any:
    if x._raw_shape is not None:
        return list(range(len(x._raw_shape)))
    return lookup("Range")(0, lookup("Rank")(x), 1)


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """The sum of regularisation losses divided by the number of replicas that add theirs up.

    >>> import headrace as tf
    >>> tf.nn.scale_regularization_loss([1.0, 2.0]).numpy().item()
    3.0
    """
    loss = to_tensor(regularization_loss)
    total = lookup("Sum")(loss, _all_axes(loss), keep_dims=False)
    return m.realdiv(total, m.number(replicas_in_sync(), total), "truediv")
