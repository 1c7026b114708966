"""Concrete distributions: classes and coins relaxed to numbers, through which gradients flow (Maddison et al., 2016; Jang
et al., 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED
from .dirichlet import Vectors
from .logistic import Logistic
from .parameters import Parametrized, after, logits_and_probs, parameter


class ExpRelaxedOneHotCategorical(Vectors):
    """The logarithms of draws from `RelaxedOneHotCategorical`, which neither underflow nor have infinite densities.

    Args:
      temperature: above 0; the lower, the nearer to a `OneHotCategorical` is the exponential of a draw.
      logits, probs: one of them, floats [..., k]; `probs = softmax(logits)`.
      dtype: of samples; that of `logits` if not given.

    Raises:
      ValueError: both are given, or none, or they are scalars.
      TypeError: they are not floats.

    >>> float(tf.reduce_sum(tf.exp(ExpRelaxedOneHotCategorical(0.5, [0.0, 1.0]).sample(seed=1))).numpy().round(5))
    1.0
    """

    temperature = parameter("How far draws are from vectors with a single 1.")
    logits = parameter("The logarithms of the probabilities [..., k], up to a constant.", dims=1)

    def __init__(
        self,
        temperature: Any,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "ExpRelaxedOneHotCategorical",
    ) -> None:
        with name_scope(name) as name:
            logits, self.probs = logits_and_probs(logits, probs, True, validate_args)
            logits.shape.with_rank_at_least(1)
            self._tensors = {
                "temperature": _positive(temperature, logits.dtype, validate_args),
                "logits": logits,
            }
            self.event_size = tf.shape(logits)[-1]
        dtype = logits.dtype if dtype is None else dtype
        super().__init__(dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _classes(self) -> Any:
        return self.logits

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        smallest = np.finfo(self.dtype.as_numpy_dtype).tiny  # not 0, whose logarithm is infinite
        u = tf.random.uniform(self._draws_shape(n), smallest, 1.0, dtype=self.dtype, seed=seed)
        gumbel = -tf.math.log(-tf.math.log(u))
        return tf.nn.log_softmax((gumbel + self.logits) / self.temperature[..., tf.newaxis])

    def _log_prob(self, x: Any) -> Any:
        x = self._checked(x, lambda: _log_simplex(x))
        k = tf.cast(self.event_size, x.dtype)
        constant = tf.math.lgamma(k) + (k - 1.0) * tf.math.log(self.temperature)
        logs = tf.nn.log_softmax(self.logits - x * self.temperature[..., tf.newaxis])
        return constant + tf.reduce_sum(logs, -1)


class RelaxedOneHotCategorical(ExpRelaxedOneHotCategorical):
    """Distributions over the inside of the simplex, near whose corners draws are when the temperature is low.

    The arguments and errors are those of `ExpRelaxedOneHotCategorical`, which `distribution` is.

    >>> RelaxedOneHotCategorical(0.5, probs=[0.25, 0.75]).sample(3).shape
    TensorShape([3, 2])
    """

    def __init__(
        self,
        temperature: Any,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "RelaxedOneHotCategorical",
    ) -> None:
        super().__init__(temperature, logits, probs, dtype, validate_args, allow_nan_stats, name)

    @property
    def distribution(self) -> ExpRelaxedOneHotCategorical:
        """That of the logarithms of draws."""
        return ExpRelaxedOneHotCategorical(
            self.temperature,
            self.logits,
            dtype=self.dtype,
            validate_args=self.validate_args,
            allow_nan_stats=self.allow_nan_stats,
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.exp(super()._sample_n(n, seed))

    def _log_prob(self, x: Any) -> Any:
        logs = tf.math.log(x)
        return super()._log_prob(logs) - tf.reduce_sum(logs, -1)


class RelaxedBernoulli(Parametrized):
    """Distributions over the numbers from 0 to 1, near whose ends draws are when the temperature is low.

    A draw is the sigmoid of one from `Logistic(logits / temperature, 1 / temperature)`.

    Args:
      temperature: above 0.
      logits, probs: one of them, floats; `probs = sigmoid(logits)`.

    Raises:
      ValueError: both are given, or none.
      TypeError: they are not floats.

    >>> float(RelaxedBernoulli(0.5, probs=0.5).cdf(0.5))
    0.5
    """

    temperature = parameter("How far draws are from 0 and 1.")
    logits = parameter("The logarithm of the odds of 1.")

    def __init__(
        self,
        temperature: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "RelaxedBernoulli",
    ) -> None:
        with name_scope(name) as name:
            logits, self.probs = logits_and_probs(logits, probs, False, validate_args)
            temperature = _positive(temperature, logits.dtype, validate_args)
            self._tensors = {"temperature": temperature, "logits": logits}
            self.distribution = Logistic(
                logits / temperature, 1.0 / temperature, validate_args, allow_nan_stats
            )
        super().__init__(logits.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return tf.sigmoid(self.distribution.sample(n, seed))

    def _log_prob(self, x: Any) -> Any:
        slope = tf.math.log(x) + tf.math.log1p(-x)
        return self.distribution.log_prob(_logit(x)) - slope

    def _cdf(self, x: Any) -> Any:
        return self.distribution.cdf(_logit(x))

    def _log_cdf(self, x: Any) -> Any:
        return self.distribution.log_cdf(_logit(x))

    def _survival_function(self, x: Any) -> Any:
        return self.distribution.survival_function(_logit(x))

    def _log_survival_function(self, x: Any) -> Any:
        return self.distribution.log_survival_function(_logit(x))


def _logit(x: Any) -> Any:
    return tf.math.log(x) - tf.math.log1p(-x)


def _positive(temperature: Any, dtype: Any, validate_args: bool) -> Any:
    temperature = tf.cast(temperature, dtype)
    with after([checks.assert_positive(temperature)] if validate_args else []):
        return tf.identity(temperature, name="temperature")


def _log_simplex(x: Any) -> list[Any]:
    """Asserts that the exponentials sum to 1."""
    total = tf.reduce_logsumexp(x, -1)
    return [checks.assert_near(total, tf.zeros([], x.dtype), message="Probabilities must sum to 1.")]
