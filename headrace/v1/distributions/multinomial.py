"""How often each of k classes is drawn: with fixed probabilities, and with ones that are drawn themselves."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_forms import multinomial
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED
from .dirichlet import Vectors, concentrations
from .parameters import counts, covariance, derived_seed, logits_and_probs, parameter


class Counts(Vectors):
    """A distribution of counts of classes that add up to `total_count`."""

    total_count = parameter("How many are drawn: a float.")

    def _total(self) -> Any:
        """`total_count` beside a dimension of classes."""
        return self.total_count[..., tf.newaxis]

    def _counted(self, logits: Any, seed: int | None) -> Any:
        """Counts of draws by logits [n, batch, k]: as many as the largest total for all, the rest masked."""
        total = tf.broadcast_to(tf.cast(self.total_count, tf.int32), tf.shape(logits)[:-1])
        most = tf.reduce_max(tf.cast(self.total_count, tf.int32))
        k = self.event_shape_tensor()[0]
        draws = multinomial(tf.reshape(logits, [-1, k]), most, seed=seed)
        kept = tf.sequence_mask(tf.reshape(total, [-1]), most, dtype=self.dtype)
        found = tf.reduce_sum(tf.one_hot(draws, k, dtype=self.dtype) * kept[..., tf.newaxis], 1)
        return tf.reshape(found, tf.shape(logits))

    def _log_orders(self, value: Any) -> Any:
        """The logarithm of in how many orders the counts can come."""
        return tf.math.lgamma(self.total_count + 1.0) - tf.reduce_sum(tf.math.lgamma(value + 1.0), -1)

    def _complete(self, value: Any) -> Any:
        total = "Counts must sum to total_count along the last dimension."
        return self._checked(
            value,
            lambda: counts(value),
            lambda: [checks.assert_equal(self.total_count, tf.reduce_sum(value, -1), message=total)],
        )


class Multinomial(Counts):
    """How often each of k classes comes in `total_count` draws with the probabilities `probs = softmax(logits)`.

    Args:
      total_count: floats of the batch shape.
      logits, probs: one of them, floats [..., k].

    Raises:
      ValueError: both are given, or none, or the dtypes differ.
      TypeError: logits or probs are not floats.

    >>> print(Multinomial(4.0, probs=[0.25, 0.75]).mean().numpy())
    [1. 3.]
    """

    logits = parameter("The logarithms of the probabilities [..., k], up to a constant.", dims=1)

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Multinomial",
    ) -> None:
        with name_scope(name) as name:
            logits, self.probs = logits_and_probs(logits, probs, True, validate_args)
            self._take(counts(total_count) if validate_args else [], total_count=total_count, logits=logits)
        super().__init__(self.probs.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return self._counted(tf.broadcast_to(self.logits, self._draws_shape(n)), seed)

    def _log_prob(self, value: Any) -> Any:
        value = self._complete(value)
        return tf.reduce_sum(value * tf.nn.log_softmax(self.logits), -1) + self._log_orders(value)

    def _mean(self) -> Any:
        return self._total() * self.probs

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self.probs)

    def _covariance(self) -> Any:
        return covariance(self._mean(), self.probs, self._variance())


class DirichletMultinomial(Counts):
    """Counts of a multinomial distribution whose probabilities are drawn from a Dirichlet distribution.

    Args:
      total_count: floats of the batch shape.
      concentration: floats [..., k], above 0: the Dirichlet distribution's.

    Raises:
      ValueError: the parameters are not floats of one dtype.

    >>> print(DirichletMultinomial(4.0, [1.0, 3.0]).mean().numpy())
    [1. 3.]
    """

    concentration = parameter("[..., k], above 0.", dims=1)

    def __init__(
        self,
        total_count: Any,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:
        with name_scope(name) as name:
            assertions = [*counts(total_count), *concentrations(concentration)] if validate_args else []
            self._take(assertions, total_count=total_count, concentration=concentration)
            self.total_concentration = tf.reduce_sum(self.concentration, -1)
        super().__init__(
            self.concentration.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        shape = tf.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        alpha = tf.broadcast_to(self.concentration, shape)
        weights = tf.random.gamma([n], alpha, dtype=self.dtype, seed=seed)
        return self._counted(tf.math.log(weights), derived_seed(seed, "dirichlet_multinomial"))

    def _log_prob(self, value: Any) -> Any:
        value = self._complete(value)
        ordered = tf.math.lbeta(self.concentration + value) - tf.math.lbeta(self.concentration)
        return ordered + self._log_orders(value)

    def _mean(self) -> Any:
        return self._total() * self.concentration / self.total_concentration[..., tf.newaxis]

    def _variance(self) -> Any:
        scale = self._scale()
        x = scale * self._mean()
        return x * (self._total() * scale - x)

    def _covariance(self) -> Any:
        x = self._scale() * self._mean()
        return covariance(x, x, self._variance())

    def _scale(self) -> Any:
        total = self.total_concentration[..., tf.newaxis]
        return tf.sqrt((1.0 + total / self._total()) / (1.0 + total))
