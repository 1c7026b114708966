"""`tf.nn`'s candidate samplers and the losses that use them, for classifiers with very many classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import OpDef, lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import math as m
from headrace.ops import sampling as ops
from headrace.ops import seeds

from .nn_embedding import embedding_lookup
from .nn_losses import sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits


class Candidates(NamedTuple):
    """Sampled classes, and how often the true and the sampled classes are expected among the samples."""

    sampled_candidates: Tensor
    true_expected_count: Tensor
    sampled_expected_count: Tensor


class AccidentalHits(NamedTuple):
    """Row, number of the sample and weight (the lowest float) for every true class that was sampled."""

    indices: Tensor
    ids: Tensor
    weights: Tensor


def _run(
    op: OpDef,
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None,
    name: str | None,
    **attrs: Any,
) -> Candidates:
    return Candidates(
        *op(
            true_classes,
            num_true=num_true,
            num_sampled=num_sampled,
            unique=unique,
            name=name,
            **seeds.op_seeds(seed),
            **attrs,
        )
    )


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Samples classes in `[0, range_max)`, each equally likely.

    Args:
      true_classes: int64, shape `[batch, num_true]`.
      unique: sampled without replacement.

    >>> import headrace as tf
    >>> drawn = tf.random.uniform_candidate_sampler([[0]], 1, 4, True, 4, seed=1)
    >>> sorted(drawn.sampled_candidates.numpy().tolist())
    [0, 1, 2, 3]
    """
    return _run(ops.UNIFORM, true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max)


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Samples classes in `[0, range_max)` by Zipf's law: `P(k) = log((k + 2) / (k + 1)) / log(range_max +
    1)`, for classes sorted by decreasing frequency.

    >>> import headrace as tf
    >>> tf.random.log_uniform_candidate_sampler([[0]], 1, 4, True, 100, seed=1).sampled_candidates.shape
    TensorShape([4])
    """
    return _run(ops.LOG_UNIFORM, true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max)


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Samples classes in `[0, range_max)` in proportion to how often they were true classes so far (plus
    one).

    >>> import headrace as tf
    >>> tf.nn.learned_unigram_candidate_sampler([[0]], 1, 4, True, 100, seed=1).sampled_candidates.shape
    TensorShape([4])
    """
    return _run(
        ops.LEARNED_UNIGRAM, true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max
    )


def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Samples classes in `[0, range_max)` in proportion to given weights.

    Args:
      vocab_file: a file whose lines end in the weights, after a comma; or
      unigrams: the weights.
      distortion: every weight is raised to this power first.
      num_reserved_ids: so many classes before those with weights are never sampled.
      num_shards, shard: sample only classes whose number is `shard` modulo `num_shards`.

    >>> import headrace as tf
    >>> weights = [0.0, 0.0, 1.0]
    >>> drawn = tf.nn.fixed_unigram_candidate_sampler([[0]], 1, 2, False, 3, unigrams=weights)
    >>> drawn.sampled_candidates.numpy().tolist()
    [2, 2]
    """
    return _run(
        ops.FIXED_UNIGRAM,
        true_classes,
        num_true,
        num_sampled,
        unique,
        seed,
        name,
        range_max=range_max,
        vocab_file=vocab_file,
        distortion=distortion,
        num_reserved_ids=num_reserved_ids,
        num_shards=num_shards,
        shard=shard,
        unigrams=tuple(unigrams),
    )


def all_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """All classes `[0, num_sampled)`: for testing what sampling approximates.

    >>> import headrace as tf
    >>> tf.nn.all_candidate_sampler([[0]], 1, 3, True).sampled_candidates.numpy().tolist()
    [0, 1, 2]
    """
    return _run(ops.ALL, true_classes, num_true, num_sampled, unique, seed, name)


def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> AccidentalHits:
    """Where samples are true classes.

    >>> import headrace as tf
    >>> tf.nn.compute_accidental_hits([[5], [7]], [7, 8], 1).indices.numpy().tolist()
    [1]
    """
    return AccidentalHits(
        *ops.ACCIDENTAL_HITS(
            true_classes, sampled_candidates, num_true=num_true, name=name, **seeds.op_seeds(seed)
        )
    )


# ----------------------------------------------------------------------------------------------------- losses
@scoped("compute_sampled_logits", None)
def _sampled_logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled: Any,
    remove_accidental_hits: bool,
    seed: int | None,
    name: str | None,
) -> tuple[Tensor, Tensor]:
    """Logits and labels `[batch, num_true + num_sampled]`: of the true classes, then of the sampled ones."""
    cast, reshape, stop = lookup("Cast"), lookup("Reshape"), lookup("StopGradient")
    x, labels = to_tensor(inputs), to_tensor(labels)
    if labels._dtype is not dtypes.int64:
        labels = cast(labels, DstT=dtypes.int64)
    flat = reshape(labels, [-1])
    if sampled is None:
        sampled = log_uniform_candidate_sampler(labels, num_true, num_sampled, True, num_classes, seed)
    candidates, true_expected, sampled_expected = (
        stop(cast(to_tensor(t), DstT=d)) for t, d in zip(sampled, (dtypes.int64, x._dtype, x._dtype))
    )
    ids = lookup("ConcatV2")([flat, candidates], 0)
    rows, offsets = embedding_lookup(weights, ids), embedding_lookup(biases, ids)
    rows, offsets = (t if t._dtype is x._dtype else cast(t, DstT=x._dtype) for t in (rows, offsets))
    count = lookup("Shape")(flat) if flat._raw_shape in (None, (None,)) else [flat._raw_shape[0]]
    split = lookup("StridedSlice")
    true_w, sampled_w = split(rows, [0], count, [1]), split(rows, count, [0], [1], end_mask=1)
    true_b, sampled_b = split(offsets, [0], count, [1]), split(offsets, count, [0], [1], end_mask=1)
    dim = rows._raw_shape[-1] if rows._raw_shape is not None else None
    if dim is None:
        raise ValueError("The last dimension of `weights` must be known")
    products = m.mul(lookup("ExpandDims")(x, 1), reshape(true_w, [-1, num_true, dim]))
    true_logits = m.add(lookup("Sum")(products, [2], keep_dims=False), reshape(true_b, [-1, num_true]))
    sampled_logits = m.add(lookup("MatMul")(x, sampled_w, transpose_b=True), sampled_b)
    if remove_accidental_hits:
        same = lookup("Equal")(lookup("ExpandDims")(reshape(labels, [-1, num_true]), 2), candidates)
        hit = lookup("Any")(same, [1], keep_dims=False)
        sampled_logits = lookup("SelectV2")(
            hit, m.add(sampled_logits, m.number(float(dtypes.float32.min), x)), sampled_logits
        )
    log = lookup("Log")
    true_logits = m.sub(true_logits, log(true_expected))
    sampled_logits = m.sub(sampled_logits, log(sampled_expected))
    share = m.realdiv(lookup("OnesLike")(true_logits), m.number(num_true, x))
    return lookup("ConcatV2")([true_logits, sampled_logits], 1), lookup("ConcatV2")(
        [share, lookup("ZerosLike")(sampled_logits)], 1
    )


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    name: str = "nce_loss",
) -> Tensor:
    """Noise-contrastive estimation (Gutmann & Hyvärinen, AISTATS 2010): logistic losses that tell true
    classes from sampled ones.

    Args:
      weights: `[num_classes, dim]`, or a list of its pieces. biases: `[num_classes]`.
      labels: `[batch, num_true]` class numbers. inputs: `[batch, dim]`.
      sampled_values: what a candidate sampler gave; log-uniform samples by default.

    Returns: a loss for each row.

    >>> import headrace as tf
    >>> tf.nn.nce_loss(tf.zeros([9, 2]), tf.zeros([9]), [[1], [3]], tf.ones([2, 2]), 3, 9).shape
    TensorShape([2])
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        None,
        name,
    )
    losses = sigmoid_cross_entropy_with_logits(targets, logits, name="sampled_losses")
    return lookup("Sum")(losses, [1], keep_dims=False, name="Reshape")


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    seed: int | None = None,
    name: str = "sampled_softmax_loss",
) -> Tensor:
    """Softmax cross entropy over the true and a few sampled classes (Jean et al., arXiv:1412.2007). For
    training only; arguments as of `nce_loss`.

    >>> import headrace as tf
    >>> tf.nn.sampled_softmax_loss(tf.zeros([9, 2]), tf.zeros([9]), [[1], [3]], tf.ones([2, 2]), 3, 9).shape
    TensorShape([2])
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        seed,
        name,
    )
    return softmax_cross_entropy_with_logits(lookup("StopGradient")(targets), logits)
