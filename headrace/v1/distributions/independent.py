"""A batch of distributions as one distribution of arrays."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

from .base import Distribution
from .kullback_leibler import RegisterKL, kl_divergence


class Independent(Distribution):
    """Independent draws of a batch as one draw: the last dimensions of the batch become the first ones of the event.

    Args:
      distribution: whose batch shape has a known rank.
      reinterpreted_batch_ndims: how many dimensions, an int; all but the first if not given.

    Raises:
      ValueError: the batch has fewer dimensions, or a rank that is not known.

    >>> d = Independent(tf.compat.v1.distributions.Normal([[0.0, 1.0]], 1.0))
    >>> d.batch_shape, d.event_shape, d.log_prob([0.0, 1.0]).shape
    (TensorShape([1]), TensorShape([2]), TensorShape([1]))
    """

    def __init__(
        self,
        distribution: Distribution,
        reinterpreted_batch_ndims: Any = None,
        validate_args: bool = False,
        name: str | None = None,
    ) -> None:
        rank = distribution.batch_shape.rank
        if rank is None:
            raise ValueError(f"The rank of the batch shape must be known. Received {distribution}.")
        dims = max(0, rank - 1)
        if reinterpreted_batch_ndims is not None:
            known = tf.get_static_value(tf.convert_to_tensor(reinterpreted_batch_ndims))
            if known is None:
                raise ValueError(
                    "reinterpreted_batch_ndims must be known when the graph is built: an int, or a constant."
                )
            dims = int(known)
        if not 0 <= dims <= rank:
            raise ValueError(
                f"reinterpreted_batch_ndims must be from 0 to the rank of the batch, {rank}. Received {dims}."
            )
        self._distribution, self._dims = distribution, dims
        with name_scope(name or "Independent" + distribution.name) as name:
            pass
        super().__init__(
            distribution.dtype,
            distribution.reparameterization_type,
            validate_args,
            distribution.allow_nan_stats,
            name=name,
        )

    @property
    def distribution(self) -> Distribution:
        """The batch."""
        return self._distribution

    @property
    def reinterpreted_batch_ndims(self) -> int:
        """How many dimensions of its shape belong to one draw."""
        return self._dims

    def _batch_shape(self) -> Any:
        shape = self.distribution.batch_shape
        return shape[: shape.rank - self._dims]

    def _batch_shape_tensor(self) -> Any:
        return self.distribution.batch_shape_tensor()[: self.distribution.batch_shape.rank - self._dims]

    def _event_shape(self) -> Any:
        shape = self.distribution.batch_shape
        return shape[shape.rank - self._dims :].concatenate(self.distribution.event_shape)

    def _event_shape_tensor(self) -> Any:
        moved = self.distribution.batch_shape_tensor()[self.distribution.batch_shape.rank - self._dims :]
        return tf.concat([moved, self.distribution.event_shape_tensor()], 0)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return self.distribution.sample(n, seed)

    def _log_prob(self, x: Any) -> Any:
        return self._total(self.distribution.log_prob(x))

    def _entropy(self) -> Any:
        return self._total(self.distribution.entropy())

    def _mean(self) -> Any:
        return self.distribution.mean()

    def _variance(self) -> Any:
        return self.distribution.variance()

    def _stddev(self) -> Any:
        return self.distribution.stddev()

    def _mode(self) -> Any:
        return self.distribution.mode()

    def _total(self, statistic: Any) -> Any:
        return tf.reduce_sum(statistic, list(range(-self._dims, 0)))


@RegisterKL(Independent, Independent)
def _kl(a: Independent, b: Independent, name: str | None = None) -> Any:
    if a._dims != b._dims or not a.event_shape.is_compatible_with(b.event_shape):
        raise ValueError(
            f"Draws of both must have one shape, made of as many dimensions of the batch. Received {a} and {b}."
        )
    return a._total(kl_divergence(a.distribution, b.distribution, name=name))
