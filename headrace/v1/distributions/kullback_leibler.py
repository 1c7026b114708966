"""Kullback-Leibler divergences: a function per pair of classes, found by the nearest base classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

_REGISTERED: dict[tuple[type, type], Callable[..., Any]] = {}


class RegisterKL:
    """A decorator: `function(a, b, name=None)` is the divergence of instances of these two classes.

    Raises:
      TypeError: what is decorated cannot be called.
      ValueError: the pair has a function already.

    >>> d = tf.compat.v1.distributions
    >>> class Mine(d.Normal): pass
    >>> @d.RegisterKL(Mine, Mine)
    ... def mine(a, b, name=None): return tf.square(a.loc - b.loc)
    >>> float(d.kl_divergence(Mine(0.0, 1.0), Mine(3.0, 1.0)))
    9.0
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Callable[..., Any]) -> Callable[..., Any]:
        a, b = self._key
        if not callable(kl_fn):
            raise TypeError(f"RegisterKL decorates a function of two distributions. Received {kl_fn!r}.")
        if self._key in _REGISTERED:
            raise ValueError(
                f"KL({a.__name__} || {b.__name__}) is registered already: {_REGISTERED[self._key]}."
            )
        _REGISTERED[self._key] = kl_fn
        return kl_fn


def _nearest(a: type, b: type) -> Callable[..., Any] | None:
    """The function of the bases that are fewest steps away, of those of the nearer base of `a` first."""
    steps = {
        (i + j, i): _REGISTERED[x, y]
        for i, x in enumerate(a.__mro__)
        for j, y in enumerate(b.__mro__)
        if (x, y) in _REGISTERED
    }
    return steps[min(steps)] if steps else None


def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Any:
    """`KL(a || b)`, of the batch shape of both.

    Args:
      allow_nan_stats: if False, a NaN is an error of the run.

    Raises:
      NotImplementedError: no function is registered for the two classes.

    >>> d = tf.compat.v1.distributions
    >>> float(d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(1.0, 1.0)))
    0.5
    """
    a, b = type(distribution_a), type(distribution_b)
    function = _nearest(a, b)
    if function is None:
        raise NotImplementedError(
            f"No KL({a.__name__} || {b.__name__}) is registered. Register one with RegisterKL({a.__name__}, {b.__name__})."
        )
    with name_scope("KullbackLeibler"):
        kl = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return kl
        message = f"KL({distribution_a.name} || {distribution_b.name}) has NaN values, and allow_nan_stats is False:"
        check = tf.Assert(tf.logical_not(tf.reduce_any(tf.math.is_nan(kl))), [message, kl])
        with tf.control_dependencies([] if check is None else [check]):
            return tf.identity(kl, name="checked_kl")


def cross_entropy(ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None) -> Any:
    """`H(ref, other) = H(ref) + KL(ref || other)`."""
    with name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)
