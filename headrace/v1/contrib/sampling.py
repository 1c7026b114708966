"""Examples drawn by chance, in `tf.contrib.training`: some left out, some taken several times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope
from headrace.api.compat_v1_variables import Variable
from headrace.session import pipelines
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.internals.moving_averages import assign_moving_average

_variable: Any = Variable


def _checked(value: Any, *assertions: Any) -> Any:
    with tf.control_dependencies([a for a in assertions if a is not None]):
        return tf.identity(value)


def rejection_sample(
    tensors: Sequence[Any], accept_prob_fn: Callable[[list[Any]], Any], batch_size: Any, queue_threads: int = 1,
    enqueue_many: bool = False, prebatch_capacity: int = 16, prebatch_threads: int = 1, runtime_checks: bool = False,
    name: str | None = None,
) -> list[Any]:  # fmt: skip
    """Batches of the examples that chance accepts; queue runners fill them.

    Args:
      tensors: one example, or, with `enqueue_many`, several.
      accept_prob_fn: a function of the list of tensors of one example that gives the probability of keeping it.
      runtime_checks: whether that is checked to be from 0 to 1.
    """
    with variable_scope(name, "rejection_sample", list(tensors)):
        one = [tf.convert_to_tensor(t) for t in tensors]
        if enqueue_many:
            one = _single(one, prebatch_threads, prebatch_capacity)
        keep = tf.convert_to_tensor(accept_prob_fn(one))
        if runtime_checks:
            keep = _checked(
                keep,
                checks.assert_non_negative(keep),
                checks.assert_less_equal(keep, tf.ones([], keep.dtype)),
            )
        kept = pipelines.maybe_batch(one, tf.random.uniform([]) < keep, batch_size, num_threads=queue_threads)
        return list(kept) if isinstance(kept, (list, tuple)) else [kept]


def _single(tensors: list[Any], threads: int, capacity: int) -> list[Any]:
    """Batches taken apart: one example after the other."""
    batched = pipelines.batch(tensors, 1, num_threads=threads, capacity=capacity, enqueue_many=True)
    batched = batched if isinstance(batched, (list, tuple)) else [batched]
    return [tf.squeeze(t, [0]) for t in batched]


def stratified_sample(
    tensors: Sequence[Any], labels: Any, target_probs: Any, batch_size: Any, init_probs: Any = None,
    enqueue_many: bool = False, queue_capacity: int = 16, threads_per_queue: int = 1, name: str | None = None,
) -> tuple[list[Any], Any]:  # fmt: skip
    """Batches in which classes are as frequent as wanted: examples of the others are left out by chance.

    Args:
      tensors: one example, or, with `enqueue_many`, several; `labels` its class.
      target_probs: [classes]: how frequent each class is to be.
      init_probs: how frequent each is; counted on the way, if not given.

    Returns:
      The batch of the tensors, and that of the labels.

    Raises:
      ValueError: the number of classes is not known, or that of one is another.
    """
    with name_scope(name, "stratified_sample", [*tensors, labels]):
        values, labels = [tf.convert_to_tensor(t) for t in tensors], tf.convert_to_tensor(labels)
        target = tf.convert_to_tensor(target_probs, tf.float32)
        if not enqueue_many:
            values, labels = [tf.expand_dims(v, 0) for v in values], tf.expand_dims(labels, 0)
        classes = target.shape.as_list()[0] if target.shape.rank == 1 else None
        if classes is None:
            raise ValueError(f"target_probs must be a vector of known size. Received shape {target.shape}.")
        labels = _checked(
            labels,
            checks.assert_non_negative(labels),
            checks.assert_less(labels, tf.cast(classes, labels.dtype)),
        )
        if init_probs is None:
            first = _frequencies(labels, classes)
        else:
            first = tf.convert_to_tensor(init_probs, tf.float32)
            if not first.shape.is_compatible_with([classes]):
                raise ValueError(
                    f"Probability parameters must have the same length. {first.shape} is not {classes}."
                )
        first, target = (_distribution(p) for p in (first, target))
        never = "All classes with zero initial probability must also have zero target probability: "
        possible = tf.reduce_all(tf.logical_or(tf.not_equal(first, 0.0), tf.equal(target, 0.0)))
        first = _checked(first, tf.Assert(possible, [never, first, target]))
        ratio = tf.math.divide_no_nan(target, first)
        accepted = ratio / tf.reduce_max(ratio)
        *values, label = _single([*values, labels], threads_per_queue, queue_capacity)
        keep = tf.random.uniform([]) < tf.gather(accepted, label)
        *values, label = pipelines.maybe_batch(
            [*values, label], keep, batch_size, num_threads=threads_per_queue
        )
        return values, label


def _distribution(probs: Any) -> Any:
    total = tf.reduce_sum(probs)
    return _checked(
        probs, checks.assert_non_negative(probs), checks.assert_less(tf.abs(total - 1.0), tf.constant(1e-5))
    )


def _frequencies(labels: Any, classes: int) -> Any:
    """How frequent the classes were so far, as if each had been seen 10 times before."""
    seen = _variable([10] * classes, trainable=False, name="class_count", dtype=tf.int64)
    now = tf.convert_to_tensor(seen.assign_add(tf.reduce_sum(tf.one_hot(labels, classes, dtype=tf.int64), 0)))
    return tf.cast(now / tf.reduce_sum(now), tf.float32)


def resample_at_rate(
    inputs: Sequence[Any],
    rates: Any,
    scope: str | None = None,
    seed: int | None = None,
    back_prop: bool = False,
) -> list[Any]:
    """Each example so many times as Poisson's distribution says, which for each has the mean that `rates` gives it.

    Args:
      inputs: tensors with as many rows as there are rates.
      back_prop: accepted: rows are counted in ints, which have no gradient in any case.
    """
    with name_scope(scope, "resample_at_rate", [*inputs, rates]):
        rates = tf.convert_to_tensor(rates, name="rates")
        counts = tf.cast(tf.random.poisson([], rates, rates.dtype, seed), tf.int32)
        rows = tf.repeat(tf.range(tf.size(counts)), counts)
        return [tf.gather(x, rows) for x in inputs]


def weighted_resample(
    inputs: Sequence[Any], weights: Any, overall_rate: Any, scope: str | None = None, mean_decay: float = 0.999,
    seed: int | None = None,
) -> tuple[list[Any], Any]:  # fmt: skip
    """Each example as often as its weight says, all together `overall_rate` times as many as there were.

    Args:
      mean_decay: of the moving average of weights.

    Returns:
      The rows, and the rate that each was drawn at: weigh by its inverse for what the examples were before.
    """
    with name_scope(scope, "weighted_resample", list(inputs)) as own:
        weights = tf.convert_to_tensor(weights)
        with variable_scope(scope, "estimate_mean", list(inputs)):
            known = get_variable(
                "estimated_mean", initializer=tf.zeros([], weights.dtype), trainable=False,
                collections=[GraphKeys.LOCAL_VARIABLES],
            )  # fmt: skip
            mean = assign_moving_average(known, tf.reduce_mean(weights), mean_decay)
        rates = weights * overall_rate / mean
        found = resample_at_rate([rates, *inputs], rates, scope=own, seed=seed)
        return found[1:], found[0]


__all__ = ["rejection_sample", "resample_at_rate", "stratified_sample", "weighted_resample"]
