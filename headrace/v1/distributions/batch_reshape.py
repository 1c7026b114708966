"""A batch of distributions in another shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

from .base import Distribution


class BatchReshape(Distribution):
    """`distribution`, whose batch has the shape `batch_shape`, where one size may be -1 for what remains.

    Raises:
      ValueError: the batches do not have as many distributions, or the shape is no vector of known size.

    >>> d = BatchReshape(tf.compat.v1.distributions.Normal([0.0, 1.0, 2.0, 3.0], 1.0), [2, -1])
    >>> d.batch_shape, d.mean().numpy().tolist()
    (TensorShape([2, 2]), [[0.0, 1.0], [2.0, 3.0]])
    """

    def __init__(
        self, distribution: Distribution, batch_shape: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str | None = None,
    ) -> None:  # fmt: skip
        with name_scope(name or "BatchReshape" + distribution.name) as name:
            wanted = tf.convert_to_tensor(batch_shape, tf.int32, name="batch_shape")
        if wanted.shape.rank != 1 or wanted.shape.as_list()[0] is None:
            raise ValueError(f"`batch_shape` must be a vector of known size. Received shape {wanted.shape}.")
        known = tf.get_static_value(wanted)
        total = distribution.batch_shape.num_elements()
        sizes: list[int | None] = [None] * int(wanted.shape.as_list()[0])
        if known is not None:
            if (known < -1).any() or (known == 0).any() or (known == -1).sum() > 1:
                raise ValueError(
                    f"`batch_shape` must have positive entries, but for one -1. Received {known}."
                )
            sizes = [None if size < 0 else int(size) for size in known]
            rest = int(known[known > 0].prod())
            if total is not None:
                if total % rest or (None not in sizes and total != rest):
                    raise ValueError(
                        f"`batch_shape` {known.tolist()} must have as many entries as {distribution.batch_shape}."
                    )
                sizes = [total // rest if size is None else size for size in sizes]
        self._distribution, self._wanted, self._sizes = distribution, wanted, sizes
        super().__init__(
            distribution.dtype, distribution.reparameterization_type, validate_args, allow_nan_stats,
            graph_parents=distribution._graph_parents, name=name,
        )  # fmt: skip

    @property
    def distribution(self) -> Distribution:
        """What was given another shape."""
        return self._distribution

    def _batch_shape(self) -> Any:
        return tf.TensorShape(self._sizes)

    def _batch_shape_tensor(self) -> Any:
        total = tf.reduce_prod(self._distribution.batch_shape_tensor())
        rest = total // tf.maximum(1, -tf.reduce_prod(self._wanted))
        return tf.where(self._wanted < 0, rest, self._wanted)

    def _event_shape(self) -> Any:
        return self._distribution.event_shape

    def _event_shape_tensor(self) -> Any:
        return self._distribution.event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        draws = self._distribution.sample(n, seed)
        return tf.reshape(draws, tf.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0))

    def _of_value(self, function: Callable[[Any], Any], x: Any) -> Any:
        dims, event = self.batch_shape.rank, self.event_shape.rank
        if event is None or x.shape.rank is None:
            raise ValueError("The ranks of values and events must be known while the graph is built.")
        drawn = x.shape.rank - dims - event
        here = self.batch_shape.concatenate(self.event_shape)
        if drawn < 0 or not x.shape[drawn:].is_compatible_with(here):
            raise NotImplementedError(
                f"Values are not broadcast: their last dimensions must be {here}. Received {x.shape}."
            )
        own = [self._distribution.batch_shape_tensor(), self.event_shape_tensor()]
        found = function(tf.reshape(x, tf.concat([tf.shape(x)[:drawn], *own], 0)))
        found = tf.reshape(found, tf.concat([tf.shape(x)[:drawn], self.batch_shape_tensor()], 0))
        found.set_shape(x.shape[:drawn].concatenate(self.batch_shape))
        return found

    def _log_prob(self, x: Any) -> Any:
        return self._of_value(self._distribution.log_prob, x)

    def _prob(self, x: Any) -> Any:
        return self._of_value(self._distribution.prob, x)

    def _log_cdf(self, x: Any) -> Any:
        return self._of_value(self._distribution.log_cdf, x)

    def _cdf(self, x: Any) -> Any:
        return self._of_value(self._distribution.cdf, x)

    def _log_survival_function(self, x: Any) -> Any:
        return self._of_value(self._distribution.log_survival_function, x)

    def _survival_function(self, x: Any) -> Any:
        return self._of_value(self._distribution.survival_function, x)

    def _reshaped(self, found: Any, events: int = 1) -> Any:
        shape = tf.concat([self.batch_shape_tensor(), *[self.event_shape_tensor()] * events], 0)
        found = tf.reshape(found, shape)
        known = self.batch_shape
        for _ in range(events):
            known = known.concatenate(self.event_shape)
        found.set_shape(known)
        return found

    def _entropy(self) -> Any:
        return self._reshaped(self._distribution.entropy(), 0)

    def _mean(self) -> Any:
        return self._reshaped(self._distribution.mean())

    def _mode(self) -> Any:
        return self._reshaped(self._distribution.mode())

    def _stddev(self) -> Any:
        return self._reshaped(self._distribution.stddev())

    def _variance(self) -> Any:
        return self._reshaped(self._distribution.variance())

    def _covariance(self) -> Any:
        return self._reshaped(self._distribution.covariance(), 2)
