"""Dirichlet's distribution, the beta distribution of several classes."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .kullback_leibler import RegisterKL
from .parameters import Parametrized, covariance, parameter, two_classes


class Vectors(Parametrized):
    """A distribution whose draws have an entry per class: the last dimension of its parameter of classes."""

    def _classes(self) -> Any:
        return next(self._tensors[n] for n, p in self._declared().items() if p.dims)

    def _event_shape(self) -> Any:
        return self._classes().shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self) -> Any:
        return tf.shape(self._classes())[-1:]


def concentrations(x: Any) -> list[Any]:
    """Asserts that `x` [..., k] is positive, and that k is at least 2."""
    x = tf.convert_to_tensor(x)
    return [checks.assert_positive(x, message="Concentrations must be positive."), *two_classes(x)]


class Dirichlet(Vectors):
    """Dirichlet distributions over k probabilities: the density is proportional to the product of `x ** (concentration - 1)`.

    Gradients flow through samples (implicitly: Figurnov et al., 2018).

    Args:
      concentration: [..., k], above 0.

    >>> print(Dirichlet([1.0, 3.0]).mean().numpy())
    [0.25 0.75]
    """

    concentration = parameter("[..., k], above 0.", dims=1)

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        with name_scope(name) as name:
            self._take(concentrations(concentration) if validate_args else [], concentration=concentration)
            self.total_concentration = tf.reduce_sum(self.concentration, -1)
        super().__init__(
            self.concentration.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        draws = tf.random.gamma([n], self.concentration, dtype=self.dtype, seed=seed)
        return draws / tf.reduce_sum(draws, -1, keepdims=True)

    def _log_prob(self, x: Any) -> Any:
        x = self._on_simplex(x)
        return tf.reduce_sum(tf.math.xlogy(self.concentration - 1.0, x), -1) - tf.math.lbeta(
            self.concentration
        )

    def _entropy(self) -> Any:
        a, total = self.concentration, self.total_concentration
        k = tf.cast(self.event_shape_tensor()[0], self.dtype)
        slopes = (total - k) * tf.math.digamma(total) - tf.reduce_sum((a - 1.0) * tf.math.digamma(a), -1)
        return tf.math.lbeta(a) + slopes

    def _mean(self) -> Any:
        return self.concentration / self.total_concentration[..., tf.newaxis]

    def _variance(self) -> Any:
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + self.total_concentration[..., tf.newaxis])

    def _covariance(self) -> Any:
        x = self._mean() * tf.math.rsqrt(1.0 + self.total_concentration[..., tf.newaxis])
        return covariance(x, x, self._variance())

    def _mode(self) -> Any:
        k = tf.cast(self.event_shape_tensor()[0], self.dtype)
        mode = (self.concentration - 1.0) / (self.total_concentration[..., tf.newaxis] - k)
        inner = tf.reduce_all(self.concentration > 1.0, -1, keepdims=True)
        return self._defined(inner, mode, "the mode is not defined for concentrations <= 1.")

    def _on_simplex(self, x: Any) -> Any:
        total = "Dirichlet: values must sum to 1 along the last dimension."
        return self._checked(
            x,
            lambda: [
                checks.assert_positive(x, message="Dirichlet: values must be positive."),
                checks.assert_near(tf.ones([], self.dtype), tf.reduce_sum(x, -1), message=total),
            ],
        )


@RegisterKL(Dirichlet, Dirichlet)
def _kl(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Any:
    with name_scope(name, "kl_dirichlet_dirichlet"):
        logs = tf.math.digamma(a.concentration) - tf.math.digamma(a.total_concentration)[..., tf.newaxis]
        expected = tf.reduce_sum((a.concentration - b.concentration) * logs, -1)
        return expected - tf.math.lbeta(a.concentration) + tf.math.lbeta(b.concentration)
