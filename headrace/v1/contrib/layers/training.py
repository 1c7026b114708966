"""`tf.contrib.layers.optimize_loss`: one operation that trains; and summaries of tensors."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api import compat_v1_optimizers as optimizers
from headrace.api import compat_v1_summary as summary
from headrace.api.compat_v1_initializers import constant_initializer, zeros_initializer
from headrace.api.compat_v1_train import assert_global_step, get_global_step
from headrace.core.graph import get_default_graph
from headrace.core.slices import IndexedSlices
from headrace.core.state import state
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.internals.moving_averages import assign_moving_average

OPTIMIZER_CLS_NAMES: dict[str, Callable[..., Any]] = {
    "Adagrad": optimizers.AdagradOptimizer,
    "Adam": optimizers.AdamOptimizer,
    "Ftrl": optimizers.FtrlOptimizer,
    "Momentum": lambda learning_rate: optimizers.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": optimizers.RMSPropOptimizer,
    "SGD": optimizers.GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]


def optimize_loss(
    loss: Any, global_step: Any, learning_rate: Any, optimizer: Any, gradient_noise_scale: float | None = None,
    gradient_multipliers: Any = None, clip_gradients: Any = None, learning_rate_decay_fn: Any = None, update_ops: Any = None,
    variables: Any = None, name: str | None = None, summaries: Any = None, colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Any:  # fmt: skip
    """A tensor that trains when it is evaluated: the loss, after a step.

    Args:
      global_step: counted up with each step; the graph's if None.
      learning_rate: a number (kept in the variable "learning_rate"), a tensor, or None.
      optimizer: a name of `OPTIMIZER_CLS_NAMES`, a class or function of a learning rate, or an optimizer.
      gradient_noise_scale: Neelakantan et al. (2015): normal noise of that scale is added.
      gradient_multipliers: numbers by variable, or by its name ("w:0").
      clip_gradients: the largest global norm, or a function of (gradient, variable) pairs.
      learning_rate_decay_fn: `f(learning_rate, global_step)`.
      update_ops: operations to run before; the collection "update_ops" if None.
      summaries: which of `OPTIMIZER_SUMMARIES` to make.
      colocate_gradients_with_ops: accepted for compatibility: it chooses no device here.

    Raises:
      ValueError: an argument is of no use.
    """
    loss = tf.convert_to_tensor(loss)
    if loss.shape.rank != 0:
        raise ValueError(f"Shape must be rank 0 but is rank {loss.shape.rank}: the loss is a scalar.")
    if global_step is None:
        global_step = get_global_step()
    else:
        assert_global_step(global_step)
    graph: Any = state.graph
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        update_ops = set(graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)
        if update_ops:
            with graph.control_dependencies(list(update_ops)):
                loss = tf.identity(loss, name="control_dependency")
        wanted = ["loss", "learning_rate", "global_gradient_norm"] if summaries is None else list(summaries)
        for s in wanted:
            if s not in OPTIMIZER_SUMMARIES:
                raise ValueError(
                    f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided {s}."
                )
        rate = _learning_rate(learning_rate, learning_rate_decay_fn, global_step)
        if rate is not None and learning_rate_decay_fn is not None and "learning_rate" in wanted:
            summary.scalar("learning_rate", rate)
        opt = _optimizer(optimizer, rate)
        variables = graph.get_collection(GraphKeys.TRAINABLE_VARIABLES) if variables is None else variables
        pairs = opt.compute_gradients(
            loss, variables, colocate_gradients_with_ops=colocate_gradients_with_ops
        )
        if gradient_noise_scale is not None:
            pairs = [(_noisy(g, gradient_noise_scale), v) for g, v in pairs]
        if gradient_multipliers is not None:
            pairs = _multiplied(pairs, gradient_multipliers)
        norms = "global_gradient_norm" in wanted or "gradient_norm" in wanted
        if norms:
            summary.scalar("global_norm/gradient_norm", tf.linalg.global_norm([g for g, _ in pairs]))
        if isinstance(clip_gradients, float):
            clipped, _ = tf.clip_by_global_norm([g for g, _ in pairs], clip_gradients)
            pairs = list(zip(clipped, [v for _, v in pairs]))
        elif callable(clip_gradients):
            pairs = clip_gradients(pairs)
        elif clip_gradients is not None:
            raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
        if "loss" in wanted:
            summary.scalar("loss", loss)
        _summarise(pairs, wanted)
        if norms and clip_gradients is not None:
            summary.scalar("global_norm/clipped_gradient_norm", tf.linalg.global_norm([g for g, _ in pairs]))
        update = opt.apply_gradients(
            pairs, global_step=global_step if increment_global_step else None, name="train"
        )
        with graph.control_dependencies([update]):
            return tf.identity(loss, name="control_dependency")


def _learning_rate(value: Any, decay: Any, global_step: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, tf.Tensor) and value.shape.rank == 0:
        rate = value
    elif isinstance(value, (float, int)) and not isinstance(value, bool):
        if value < 0.0:
            raise ValueError(f"Invalid learning_rate {value}.")
        rate = get_variable("learning_rate", [], trainable=False, initializer=constant_initializer(value))
    else:
        raise ValueError(f"Learning rate should be 0d Tensor or float. Got {value} of type {type(value)}")
    if decay is None:
        return rate
    if global_step is None:
        raise ValueError("global_step is required for learning_rate_decay_fn.")
    return decay(rate, global_step)


def _optimizer(optimizer: Any, rate: Any) -> Any:
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided {optimizer}."
            )
        optimizer = OPTIMIZER_CLS_NAMES[optimizer]
    elif isinstance(optimizer, optimizers.Optimizer):
        return optimizer
    if not callable(optimizer):
        raise ValueError(
            f"Unrecognized optimizer: should be a name, an Optimizer or a function, got {optimizer!r}."
        )
    if isinstance(optimizer, type) and rate is None:
        raise ValueError("Learning rate is None, but an optimizer class was given: give a learning rate.")
    made = optimizer(rate) if rate is not None else optimizer()
    if not isinstance(made, optimizers.Optimizer):
        raise ValueError(f"Optimizer function returned {made!r}, which is no Optimizer.")
    return made


def _noisy(gradient: Any, scale: float) -> Any:
    if gradient is None:
        return None
    dense = tf.convert_to_tensor(gradient)
    return dense + tf.random.truncated_normal(tf.shape(dense), dtype=dense.dtype) * scale


def _multiplied(pairs: Any, multipliers: Any) -> list[Any]:
    out = []
    for gradient, var in pairs:
        factor = multipliers[var] if var in multipliers else multipliers.get(var.name)
        if gradient is not None and factor is not None:
            if isinstance(gradient, IndexedSlices):
                gradient = IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
            else:
                gradient = gradient * tf.cast(factor, gradient.dtype)
        out.append((gradient, var))
    return out


def _summarise(pairs: Any, wanted: list[str]) -> None:
    for gradient, var in pairs:
        if gradient is None:
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        name = var.name.replace(":", "_")
        if "gradients" in wanted:
            summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in wanted:
            summary.scalar(f"gradient_norm/{name}", tf.linalg.global_norm([values]))


# -------------------------------------------------------------------------------------------------------------- summaries
def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """A summary of a tensor: its value, if it is a scalar, else its distribution; None for texts and bools."""
    if tensor.dtype.base_dtype in (tf.string, tf.bool):
        return None
    name = tag or f"{tensor.op.name}_summary"
    return summary.scalar(name, tensor) if tensor.shape.rank == 0 else summary.histogram(name, tensor)


def summarize_activation(op: Any) -> Any:
    """A summary of the distribution of a layer's outputs, and of how many of its inputs it cuts off."""
    kind, name = op.op.type, op.op.name
    if kind in ("Relu", "Softplus", "Relu6"):
        inputs = op.op.inputs[0]
        summary.scalar(f"{name}/zeros", tf.reduce_mean(tf.cast(inputs < 0, tf.float32)))
        if kind == "Relu6":
            summary.scalar(f"{name}/sixes", tf.reduce_mean(tf.cast(inputs > 6, tf.float32)))
    return summary.histogram(f"{name}/activation", op)


def summarize_tensors(tensors: Any, summarizer: Callable[..., Any] = summarize_tensor) -> list[Any]:
    """A summary of each tensor."""
    return [summarizer(t) for t in tensors]


def summarize_collection(
    collection: str, name_filter: str | None = None, summarizer: Callable[..., Any] = summarize_tensor
) -> list[Any]:
    """A summary of each tensor of a collection, or of those whose names match a pattern."""
    found = get_default_graph().get_collection(collection)
    if name_filter is not None:
        found = [t for t in found if re.match(name_filter, t.op.name)]
    return summarize_tensors(found, summarizer)


summarize_variables = functools.partial(summarize_collection, GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, GraphKeys.BIASES)


def summarize_activations(
    name_filter: str | None = None, summarizer: Callable[..., Any] = summarize_activation
) -> list[Any]:
    """A summary of each output in the collection "activations"."""
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)


def adaptive_clipping_fn(
    std_factor: float = 2.0, decay: float = 0.95, static_max_norm: float | None = None, global_step: Any = None,
    report_summary: bool = False, epsilon: float = 1e-8, name: str | None = None,
) -> Callable[[Any], list[Any]]:  # fmt: skip
    """A function for `clip_gradients` of `optimize_loss`: gradients whose norm is far above what it was so far are scaled down
    to that.

    Args:
      std_factor: how many standard deviations, of the norm's logarithm, are far.
      decay: of the moving averages of the norm's logarithm and of its square.
      static_max_norm: a bound that holds in any case.
      global_step: with it, the averages follow faster in the beginning.
      report_summary: whether there is a summary of the largest norm.
    """

    def clipped(grads_and_vars: Any) -> list[Any]:
        grads, variables = zip(*grads_and_vars)
        norm = tf.linalg.global_norm(grads)
        largest, mean = _largest_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            summary.scalar("global_norm/adaptive_max_gradient_norm", largest)
        factor = tf.where(norm < largest, tf.ones_like(norm), tf.exp(mean) / norm)
        if static_max_norm is not None:
            factor = tf.minimum(static_max_norm / norm, factor)
        return [(_times(g, factor), v) for g, v in zip(grads, variables)]

    return clipped


def _times(gradient: Any, factor: Any) -> Any:
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return None if gradient is None else gradient * factor


def _largest_norm(
    norm: Any, std_factor: float, decay: Any, global_step: Any, epsilon: float, name: str | None
) -> Any:
    with variable_scope(name, "AdaptiveMaxNorm", [norm]):
        logs = tf.math.log(norm + epsilon)
        if global_step is not None:
            n = tf.cast(global_step, tf.float32)
            decay = tf.minimum(decay, n / (n + 1.0))

        def average(name: str, value: Any) -> Any:
            kept = get_variable(
                name, value.shape, value.dtype, initializer=zeros_initializer(), trainable=False
            )
            return assign_moving_average(kept, value, decay, zero_debias=False)

        mean, square = average("mean", logs), average("sq_mean", tf.square(logs))
        deviation = tf.sqrt(tf.maximum(epsilon, square - tf.square(mean)))
        return tf.exp(mean + std_factor * deviation), mean
