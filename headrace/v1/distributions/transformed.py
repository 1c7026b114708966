"""A distribution of what a bijector makes of another distribution's draws."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope
from headrace.core.static import static_shape

from .base import Distribution
from .bijectors import Bijector, Identity


class TransformedDistribution(Distribution):
    """The distribution of `bijector.forward(x)`, where x is drawn from `distribution`.

    Args:
      bijector: the identity if not given.
      batch_shape, event_shape: shapes of independent draws of the distribution, which is then to be of a scalar batch
        or of scalar events: a vector each.
      name: that of the bijector and the distribution if not given.

    Raises:
      ValueError: a shape is given where the distribution has one already, or is no vector of known size.

    >>> from headrace.v1.distributions.bijectors import Exp
    >>> normal = tf.compat.v1.distributions.Normal(0.0, 1.0)
    >>> log_normal = TransformedDistribution(normal, Exp())
    >>> print(f"{float(log_normal.prob(1.0)):.4f}", log_normal.name)
    0.3989 expNormal/
    """

    def __init__(
        self, distribution: Distribution, bijector: Bijector | None = None, batch_shape: Any = None, event_shape: Any = None,
        validate_args: bool = False, name: str | None = None,
    ) -> None:  # fmt: skip
        name = name or ("" if bijector is None else bijector.name) + distribution.name
        with name_scope(name) as name:
            pass
        self._distribution, self._bijector = distribution, bijector or Identity(validate_args)
        self._of_batch = _override(batch_shape, distribution.batch_shape, "batch_shape")
        self._of_event = _override(event_shape, distribution.event_shape, "event_shape")
        self._new_dims = _size(self._of_event)
        base = distribution.batch_shape.rank
        # A new event comes in front of the batch that the distribution has, and has to go behind it.
        self._turned = self._new_dims if not _size(self._of_batch) and base != 0 else 0
        super().__init__(
            distribution.dtype, distribution.reparameterization_type, validate_args, distribution.allow_nan_stats,
            graph_parents=[*distribution._graph_parents, *self._bijector.graph_parents], name=name,
        )  # fmt: skip

    @property
    def distribution(self) -> Distribution:
        """The distribution of what is transformed."""
        return self._distribution

    @property
    def bijector(self) -> Bijector:
        """What transforms it."""
        return self._bijector

    def _batch_shape(self) -> Any:
        own = tf.TensorShape(static_shape(self._of_batch))
        return own if _size(self._of_batch) else self.distribution.batch_shape

    def _batch_shape_tensor(self) -> Any:
        return self._of_batch if _size(self._of_batch) else self.distribution.batch_shape_tensor()

    def _event_shape(self) -> Any:
        own = tf.TensorShape(static_shape(self._of_event))
        return self.bijector.forward_event_shape(own if self._new_dims else self.distribution.event_shape)

    def _event_shape_tensor(self) -> Any:
        own = self._of_event if self._new_dims else self.distribution.event_shape_tensor()
        return self.bijector.forward_event_shape_tensor(own)

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Any:
        """Draws of shape `sample_shape + batch_shape + event_shape`."""
        with self._name_scope(name):
            shape = tf.reshape(tf.convert_to_tensor(sample_shape, tf.int32), [-1])
            n = tf.reduce_prod(shape)[tf.newaxis]
            drawn = [self._of_batch, self._of_event]
            x = self.distribution.sample(tf.concat([*drawn, n] if self._turned else [n, *drawn], 0), seed)
            x = _rolled(x, self._turned)
            x = tf.reshape(x, tf.concat([shape, tf.shape(x)[1:]], 0))
            # The bijector remembers that it made this very tensor: its inverse costs nothing.
            y = self.bijector.forward(x)
            known = tf.TensorShape(tf.get_static_value(shape))
            y.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return y

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        return self.sample(tf.reshape(n, [1]), seed)

    def _log_prob(self, y: Any) -> Any:
        return self._over_origins(y, "log_prob", tf.reduce_sum, lambda p, j: p + j, tf.reduce_logsumexp)

    def _prob(self, y: Any) -> Any:
        return self._over_origins(y, "prob", tf.reduce_prod, lambda p, j: p * tf.exp(j), tf.reduce_sum)

    def _over_origins(self, y: Any, method: str, over_event: Any, stretched: Any, over_all: Any) -> Any:
        origins = self.bijector.inverse(y)
        dims = self._event_dims()
        jacobians = self.bijector.inverse_log_det_jacobian(y, event_ndims=dims)
        found = []
        for x, jacobian in zip(
            *[v if isinstance(v, tuple) else (v,) for v in (origins, jacobians)], strict=True
        ):
            p = getattr(self.distribution, method)(_rolled(x, -self._turned))
            if self._new_dims:
                axes = range(self._turned) if self._turned else range(-self._new_dims, 0)
                p = over_event(p, list(axes))
            found.append(stretched(p, tf.cast(jacobian, p.dtype)))
        return found[0] if len(found) == 1 else over_all(tf.stack(found), 0)

    def _event_dims(self) -> int:
        dims = self.event_shape.rank
        if dims is None:
            raise ValueError(
                f"The rank of events of {self.name} is not known. Give the distribution a known shape."
            )
        return dims

    def _one_to_one(self, method: str) -> Any:
        if self._new_dims or not self.bijector._is_injective:
            raise NotImplementedError(
                f"{method} is not implemented where the event shape is given, or several values are mapped to one."
            )
        return getattr(self.distribution, method)

    def _log_cdf(self, y: Any) -> Any:
        return self._one_to_one("log_cdf")(self.bijector.inverse(y))

    def _cdf(self, y: Any) -> Any:
        return self._one_to_one("cdf")(self.bijector.inverse(y))

    def _log_survival_function(self, y: Any) -> Any:
        return self._one_to_one("log_survival_function")(self.bijector.inverse(y))

    def _survival_function(self, y: Any) -> Any:
        return self._one_to_one("survival_function")(self.bijector.inverse(y))

    def _quantile(self, p: Any) -> Any:
        return self.bijector.forward(self._one_to_one("quantile")(p))

    def _entropy(self) -> Any:
        if not self.bijector.is_constant_jacobian or not self.bijector._is_injective:
            raise NotImplementedError(
                "entropy is not implemented for a bijector that stretches volumes unevenly."
            )
        entropy = self.distribution.entropy()
        if self._new_dims:
            entropy *= tf.cast(tf.reduce_prod(self._of_event), entropy.dtype)
        if _size(self._of_batch):
            entropy = tf.broadcast_to(entropy, self.batch_shape_tensor())
        shape = tf.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        dims = self._event_dims()
        jacobian = self.bijector.inverse_log_det_jacobian(tf.zeros(shape, self.dtype), event_ndims=dims)
        return entropy - tf.cast(jacobian, entropy.dtype)


def _override(shape: Any, own: Any, what: str) -> Any:
    """A shape to draw independently, as an int32 tensor; empty for none."""
    given = tf.zeros([0], tf.int32) if shape is None else tf.convert_to_tensor(shape, tf.int32, name=what)
    if given.shape.rank != 1 or given.shape.as_list()[0] is None:
        raise ValueError(f"{what} must be a vector of known size. Received shape {given.shape}.")
    known = tf.get_static_value(given)
    if known is not None and (known <= 0).any():
        raise ValueError(f"{what} must have positive entries. Received {known.tolist()}.")
    if _size(given) and own.rank != 0:
        raise ValueError(f"{what} can be given only where the distribution has a scalar one. It has {own}.")
    return given


def _size(shape: Any) -> int:
    return int(shape.shape.as_list()[0])


def _rolled(x: Any, by: int) -> Any:
    """The first `by` dimensions behind all others; the last ones in front if it is negative."""
    if by == 0:
        return x
    rank = x.shape.rank
    if rank is not None:
        return tf.transpose(x, [*range(by % rank, rank), *range(by % rank)])
    order, start = tf.range(tf.rank(x)), tf.math.floormod(by, tf.rank(x))
    return tf.transpose(x, tf.concat([order[start:], order[:start]], 0))
