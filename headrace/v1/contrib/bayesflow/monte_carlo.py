"""`tf.contrib.bayesflow.monte_carlo`: expectations, estimated from samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope


def expectation(
    f: Callable[[Any], Any], samples: Any, log_prob: Callable[[Any], Any] | None = None,
    use_reparametrization: bool = True, axis: Any = 0, keep_dims: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The mean of `f(samples)`, whose gradient is an unbiased estimate of the expectation's.

    Args:
      log_prob: the logarithm of the samples' density; needed without reparametrisation.
      use_reparametrization: whether gradients flow through the samples; else the density's tell how samples change.

    Raises:
      ValueError: `f`, or the `log_prob` that is needed, is no function.

    >>> import headrace as tf
    >>> float(expectation(tf.square, tf.constant([1.0, 3.0])))
    5.0
    """
    with name_scope(name, "expectation", [samples]):
        if not callable(f):
            raise ValueError("`f` must be a callable function.")
        if use_reparametrization:
            return tf.reduce_mean(f(samples), axis, keepdims=keep_dims)
        if log_prob is None or not callable(log_prob):
            raise ValueError("`log_prob` must be a callable function.")
        x = tf.stop_gradient(samples)
        density, values = log_prob(x), f(x)
        values += tf.stop_gradient(values) * (
            density - tf.stop_gradient(density)
        )  # nothing, but for its gradient
        return tf.reduce_mean(values, axis, keepdims=keep_dims)


def expectation_importance_sampler(
    f: Callable[[Any], Any], log_p: Callable[[Any], Any], sampling_dist_q: Any, z: Any = None, n: Any = None,
    seed: int | None = None, name: str = "expectation_importance_sampler",
) -> Any:  # fmt: skip
    """The expectation of `f` under the density `exp(log_p)`, from samples of another distribution.

    Args:
      z: samples of `sampling_dist_q`; or `n`, how many to draw.

    Raises:
      ValueError: neither is given, or both.
    """
    q = sampling_dist_q
    with name_scope(name, None, [z, n]):
        z = _samples(q, z, n, seed)
        ratio = log_p(z) - q.log_prob(z)
        values = f(z)
        # Both signs apart: what is summed are logarithms.
        above, below = (_log_mean(tf.math.log(tf.nn.relu(v) + 1.0) + ratio) for v in (values, -values))
        return tf.exp(above) - tf.exp(below)


def expectation_importance_sampler_logspace(
    log_f: Callable[[Any], Any], log_p: Callable[[Any], Any], sampling_dist_q: Any, z: Any = None, n: Any = None,
    seed: int | None = None, name: str = "expectation_importance_sampler_logspace",
) -> Any:  # fmt: skip
    """The logarithm of `expectation_importance_sampler` of a positive function, given as its logarithm."""
    q = sampling_dist_q
    with name_scope(name, None, [z, n]):
        z = _samples(q, z, n, seed)
        return _log_mean(log_f(z) + log_p(z) - q.log_prob(z))


def _log_mean(logs: Any) -> Any:
    largest = tf.stop_gradient(tf.reduce_max(logs, 0))
    return tf.math.log(tf.reduce_mean(tf.exp(logs - largest), 0)) + largest


def _samples(distribution: Any, z: Any, n: Any, seed: int | None) -> Any:
    if (n is None) == (z is None):
        raise ValueError(f'Must specify exactly one of arguments "n" and "z". Found: n = {n}, z = {z}')
    return tf.convert_to_tensor(z, name="z") if n is None else distribution.sample(n, seed=seed)


__all__ = ["expectation", "expectation_importance_sampler", "expectation_importance_sampler_logspace"]
