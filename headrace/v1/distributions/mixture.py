"""Mixtures: each draw is from one of several distributions, chosen at random."""

from __future__ import annotations

import functools
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import NOT_REPARAMETERIZED, Distribution
from .categorical import Categorical
from .parameters import after, derived_seed


class Mixture(Distribution):
    """Mixtures of distributions of any families.

    Args:
      cat: a `Categorical` that chooses among them.
      components: distributions of the dtype, batch shape and event shape of each other; the batch is that of `cat`.
      use_static_graph: both ways of TensorFlow to draw give draws of the same distribution. Here it is always the
        one for True: from each component, of which one is kept.

    Raises:
      TypeError: `cat` is not a `Categorical`, `components` is not a list of distributions, or their dtypes differ.
      ValueError: there are no components, or not one per class of `cat`, or shapes differ.

    >>> d = tf.compat.v1.distributions
    >>> float(Mixture(d.Categorical(probs=[0.25, 0.75]), [d.Normal(0.0, 1.0), d.Normal(4.0, 1.0)]).mean())
    3.0
    """

    def __init__(
        self,
        cat: Categorical,
        components: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        use_static_graph: bool = False,
        name: str = "Mixture",
    ) -> None:
        if not isinstance(cat, Categorical):
            raise TypeError(f"cat must be a Categorical. Received {cat}.")
        if not isinstance(components, (list, tuple)):
            raise TypeError(f"components must be a list of distributions. Received {components!r}.")
        if not components:
            raise ValueError("components must have at least one distribution. Received an empty list.")
        if not all(isinstance(c, Distribution) for c in components):
            raise TypeError(f"components must be distributions. Received {components!r}.")
        if len({c.dtype for c in components}) > 1:
            raise TypeError(f"Components must have one dtype. Received {[c.dtype.name for c in components]}.")
        self._known_event_shape, self._known_batch_shape = components[0].event_shape, cat.batch_shape
        for c in components:
            self._known_event_shape = self._known_event_shape.merge_with(c.event_shape)
            self._known_batch_shape = self._known_batch_shape.merge_with(c.batch_shape)
        if self._known_event_shape.rank is None:
            raise ValueError("The rank of the event shape of one of the components must be known.")
        with name_scope(name) as name:
            classes = tf.get_static_value(cat.event_size)
            if classes is None or int(classes) != len(components):
                raise ValueError(
                    f"cat must have a known number of classes, one per component. Received {classes} classes, "
                    f"{len(components)} components."
                )
            message = "The batch shapes of cat and components must be equal."
            self._assertions = [
                checks.assert_equal(cat.batch_shape_tensor(), c.batch_shape_tensor(), message=message)
                for c in (components if validate_args else ())
            ]
        self.cat, self.components, self.num_components = cat, list(components), len(components)
        super().__init__(components[0].dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _batch_shape(self) -> Any:
        return self._known_batch_shape

    def _batch_shape_tensor(self) -> Any:
        return self.cat.batch_shape_tensor()

    def _event_shape(self) -> Any:
        return self._known_event_shape

    def _event_shape_tensor(self) -> Any:
        return self.components[0].event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        with after(self._assertions):
            chosen = self.cat.sample(n, seed)
            draws = []
            for c in self.components:
                seed = derived_seed(seed, "mixture")
                draws.append(c.sample(n, seed))
            return _chosen(tf.stack(draws, self._classes_axis()), chosen, self._known_event_shape.rank)

    def _log_prob(self, x: Any) -> Any:
        return self._log_mixed([c.log_prob(x) for c in self.components])

    def _log_cdf(self, x: Any) -> Any:
        return self._log_mixed([c.log_cdf(x) for c in self.components])

    def _mean(self) -> Any:
        with after(self._assertions):
            return self._mixed([c.mean() for c in self.components])

    def _stddev(self) -> Any:
        with after(self._assertions):
            means = [c.mean() for c in self.components]
            mean = self._mixed(means)
            within = self._mixed([tf.square(c.stddev()) for c in self.components])
            return tf.sqrt(within + self._mixed([tf.square(m - mean) for m in means]))

    def entropy_lower_bound(self, name: str = "entropy_lower_bound") -> Any:
        """The mean of the entropies of the components, which that of the mixture is not below."""

        def bound() -> Any:
            entropies = tf.stack([c.entropy() for c in self.components], -1)
            return tf.reduce_sum(tf.nn.softmax(self.cat.logits) * entropies, -1)

        return self._statistic(name, bound)

    def _log_mixed(self, logs: list[Any]) -> Any:
        with after(self._assertions):
            return tf.reduce_logsumexp(tf.stack(logs, -1) + tf.nn.log_softmax(self.cat.logits), -1)

    def _mixed(self, statistics: list[Any]) -> Any:
        """Their mean, weighted with the probabilities of the components."""
        axis = self._classes_axis()
        weights = _padded(tf.nn.softmax(self.cat.logits), self._known_event_shape.rank)
        return tf.reduce_sum(weights * tf.stack(statistics, axis), axis)

    def _classes_axis(self) -> int:
        return -1 - self._known_event_shape.rank


class MixtureSameFamily(Distribution):
    """Mixtures of distributions of one family, which are a batch: its last dimension is that of components.

    Args:
      mixture_distribution: a `Categorical` that chooses; its batch shape is that of the mixture, or `[]`.
      components_distribution: of the batch shape `[..., k]`.

    Raises:
      ValueError: `mixture_distribution` is not over integers, or shapes do not match.

    >>> d = tf.compat.v1.distributions
    >>> float(MixtureSameFamily(d.Categorical(probs=[0.25, 0.75]), d.Normal([0.0, 4.0], 1.0)).variance())
    4.0
    """

    def __init__(
        self,
        mixture_distribution: Any,
        components_distribution: Distribution,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MixtureSameFamily",
    ) -> None:
        mixture, components = mixture_distribution, components_distribution
        if not mixture.dtype.is_integer:
            raise ValueError(f"mixture_distribution must be over integers. Received {mixture}.")
        if mixture.event_shape.rank not in (None, 0):
            raise ValueError(f"Draws of mixture_distribution must be scalars. Received {mixture}.")
        if components.event_shape.rank is None:
            raise ValueError(f"The rank of the event shape must be known. Received {components}.")
        batch = components.batch_shape.with_rank_at_least(1)
        if mixture.batch_shape.rank != 0 and not mixture.batch_shape.is_compatible_with(batch[:-1]):
            raise ValueError(
                f"The batch shape of mixture_distribution must be {batch[:-1]} or (). Received {mixture.batch_shape}."
            )
        if not mixture.logits.shape[-1:].is_compatible_with(batch[-1:]):
            raise ValueError(
                f"mixture_distribution must have a class per component, {batch[-1]}. Received {mixture.logits.shape[-1]}."
            )
        self.mixture_distribution, self.components_distribution = mixture, components
        with name_scope(name) as name:
            self._assertions = self._equal_shapes() if validate_args else []
        super().__init__(components.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    def _equal_shapes(self) -> list[Any]:
        given = tf.shape(self.mixture_distribution.logits)
        wanted = self.components_distribution.batch_shape_tensor()
        message = "The shapes of mixture_distribution and components_distribution must match."
        if self.mixture_distribution.batch_shape.rank == 0:
            wanted = wanted[-1:]
        return [checks.assert_equal(given, wanted, message=message)]

    def _batch_shape(self) -> Any:
        return self.components_distribution.batch_shape[:-1]

    def _batch_shape_tensor(self) -> Any:
        return self.components_distribution.batch_shape_tensor()[:-1]

    def _event_shape(self) -> Any:
        return self.components_distribution.event_shape

    def _event_shape_tensor(self) -> Any:
        return self.components_distribution.event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        with after(self._assertions):
            draws = self.components_distribution.sample(n, derived_seed(seed, "mixture_same_family"))
            # One choice per distribution of the batch, also where all choose with the same probabilities.
            logits = tf.broadcast_to(
                self.mixture_distribution.logits, self.components_distribution.batch_shape_tensor()
            )
            return _chosen(draws, Categorical(logits).sample(n, seed), self.event_shape.rank)

    def _log_prob(self, x: Any) -> Any:
        return self._log_mixed(self.components_distribution.log_prob(self._for_each(x)))

    def _log_cdf(self, x: Any) -> Any:
        return self._log_mixed(self.components_distribution.log_cdf(self._for_each(x)))

    def _mean(self) -> Any:
        return self._mixed(self.components_distribution.mean())

    def _variance(self) -> Any:
        away = self.components_distribution.mean() - self._for_each(self._mean())
        return self._mixed(self.components_distribution.variance() + tf.square(away))

    def _covariance(self) -> Any:
        if self.event_shape.rank != 1:
            raise NotImplementedError("covariance is not implemented: draws are not vectors.")
        away = self.components_distribution.mean() - self._for_each(self._mean())
        products = away[..., :, tf.newaxis] * away[..., tf.newaxis, :]
        return self._mixed(self.components_distribution.covariance() + products, 2)

    def _log_mixed(self, logs: Any) -> Any:
        with after(self._assertions):
            return tf.reduce_logsumexp(logs + tf.nn.log_softmax(self.mixture_distribution.logits), -1)

    def _mixed(self, statistic: Any, rank: int | None = None) -> Any:
        """Its mean over the components, weighted with their probabilities; `rank` dimensions follow that of components."""
        rank = self.event_shape.rank if rank is None else rank
        with after(self._assertions):
            weights = _padded(tf.nn.softmax(self.mixture_distribution.logits), rank)
            return tf.reduce_sum(weights * statistic, -1 - rank)

    def _for_each(self, x: Any) -> Any:
        """`x` with a dimension for components, of size 1."""
        return tf.expand_dims(x, -1 - self.event_shape.rank)


def _padded(x: Any, rank: int) -> Any:
    """`x` with `rank` dimensions of size 1 at its end."""
    return functools.reduce(lambda y, _: y[..., tf.newaxis], range(rank), x)


def _chosen(draws: Any, classes: Any, rank: int) -> Any:
    """Of draws `[..., k, event]` those of the classes chosen `[...]`; `rank` is that of an event."""
    mask = _padded(
        tf.one_hot(classes, tf.shape(draws)[-1 - rank], on_value=True, off_value=False, dtype=tf.bool), rank
    )
    return tf.reduce_sum(tf.where(mask, draws, tf.zeros([], draws.dtype)), -1 - rank)
