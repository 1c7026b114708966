"""Multivariate normal distributions: an affine map of independent standard normal numbers."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED, Distribution
from .kullback_leibler import RegisterKL
from .parameters import after


class MultivariateNormalLinearOperator(Distribution):
    """Normal distributions of vectors: `loc + scale @ z` with k standard normal numbers z.

    Args:
      loc: the mean, floats [..., k]; zeros if not given.
      scale: a `tf.linalg.LinearOperator` [..., k, k] that can be inverted. The covariance is `scale @ scale.T`.

    Raises:
      ValueError: `scale` is not given, or its size is not that of `loc`.
      TypeError: `scale` is not of floats.

    >>> scale = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> print(MultivariateNormalLinearOperator([0.0, 1.0], scale).covariance().numpy())
    [[1. 0.]
     [0. 4.]]
    """

    def __init__(
        self,
        loc: Any = None,
        scale: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalLinearOperator",
    ) -> None:
        if scale is None:
            raise ValueError("scale must be given: a LinearOperator [..., k, k].")
        if not scale.dtype.is_floating:
            raise TypeError(f"scale must be of floats. Received dtype {scale.dtype.name}.")
        with name_scope(name) as name:
            loc = None if loc is None else tf.convert_to_tensor(loc, scale.dtype, name="loc")
            if loc is not None:
                size, wanted = loc.shape.with_rank_at_least(1)[-1], scale.range_dimension
                if None not in (size, wanted) and size not in (1, wanted):
                    raise ValueError(
                        f"loc and scale must be of as many dimensions. Received loc {loc.shape}, scale {scale.shape}."
                    )
            self._assertions = [scale.assert_non_singular()] if validate_args else []
        self._loc, self._scale = loc, scale
        super().__init__(scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    @property
    def loc(self) -> Any:
        """The mean [..., k], or None if it is zero."""
        return self._loc

    @property
    def scale(self) -> Any:
        """The linear operator [..., k, k] that makes its vectors of standard normal numbers."""
        return self._scale

    def _batch_shape(self) -> Any:
        scale = self.scale.batch_shape
        return scale if self.loc is None else tf.broadcast_static_shape(self.loc.shape[:-1], scale)

    def _batch_shape_tensor(self) -> Any:
        scale = self.scale.batch_shape_tensor()
        return scale if self.loc is None else tf.broadcast_dynamic_shape(tf.shape(self.loc)[:-1], scale)

    def _event_shape(self) -> Any:
        return self.scale.shape[-1:]

    def _event_shape_tensor(self) -> Any:
        return self.scale.range_dimension_tensor()[tf.newaxis]

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        shape = tf.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        with after(self._assertions):
            draws = self.scale.matvec(tf.random.normal(shape, dtype=self.dtype, seed=seed))
        return draws if self.loc is None else draws + self.loc

    def _log_prob(self, x: Any) -> Any:
        with after(self._assertions):
            z = self.scale.solvevec(x if self.loc is None else x - self.loc)
        normalization = 0.5 * math.log(2.0 * math.pi) * self._dims() + self._log_det()
        return -0.5 * tf.reduce_sum(tf.square(z), -1) - normalization

    def _entropy(self) -> Any:
        entropy = self._dims() * 0.5 * math.log(2.0 * math.pi * math.e) + self._log_det()
        return tf.broadcast_to(entropy, self.batch_shape_tensor())

    def _mean(self) -> Any:
        shape = tf.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        return tf.zeros(shape, self.dtype) if self.loc is None else tf.broadcast_to(self.loc, shape)

    _mode = _mean

    # As in TensorFlow, these three have the batch shape of `scale`, whatever that of `loc`.

    def _covariance(self) -> Any:
        if _diagonal(self.scale):
            return tf.linalg.diag(self._variance())
        return self.scale.matmul(self.scale.to_dense(), adjoint_arg=True)

    def _variance(self) -> Any:
        if _diagonal(self.scale):
            return tf.square(self.scale.diag_part())
        return tf.reduce_sum(tf.square(self.scale.to_dense()), -1)

    def _stddev(self) -> Any:
        return tf.abs(self.scale.diag_part()) if _diagonal(self.scale) else tf.sqrt(self._variance())

    def _log_det(self) -> Any:
        return self.scale.log_abs_determinant()

    def _dims(self) -> Any:
        return tf.cast(self.event_shape_tensor()[0], self.dtype)


class MultivariateNormalDiag(MultivariateNormalLinearOperator):
    """Normal distributions of vectors with independent entries: `loc + scale_diag * z`.

    Args:
      loc: the mean, floats [..., k]; zeros if not given.
      scale_diag: the standard deviations, floats [..., k]; ones if neither this nor the next is given.
      scale_identity_multiplier: floats [...], added to all entries of `scale_diag`, or to 0 where that is not given.

    Raises:
      ValueError: the number of dimensions follows from no argument.

    >>> print(MultivariateNormalDiag([1.0, 2.0], [0.5, 3.0]).variance().numpy())
    [0.25 9.  ]
    """

    def __init__(
        self,
        loc: Any = None,
        scale_diag: Any = None,
        scale_identity_multiplier: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiag",
    ) -> None:
        with name_scope(name) as name, name_scope("init"):
            loc = None if loc is None else tf.convert_to_tensor(loc, name="loc")
            scale = _diagonal_scale(loc, scale_diag, scale_identity_multiplier)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """`MultivariateNormalDiag(loc, softplus(scale_diag))`: any numbers will do as a scale.

    >>> print(MultivariateNormalDiagWithSoftplusScale([0.0], [0.0]).stddev().numpy())
    [0.6931472]
    """

    def __init__(
        self,
        loc: Any,
        scale_diag: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiagWithSoftplusScale",
    ) -> None:
        with name_scope(name) as name:
            positive = tf.nn.softplus(scale_diag)
        super().__init__(loc, positive, None, validate_args, allow_nan_stats, name)


class MultivariateNormalTriL(MultivariateNormalLinearOperator):
    """Normal distributions of vectors with the covariance `scale_tril @ scale_tril.T`.

    Args:
      loc: the mean, floats [..., k]; zeros if not given.
      scale_tril: lower triangular matrices [..., k, k] without zeros on the diagonal; what is above it is not read.
        The identity if not given.

    Raises:
      ValueError: neither is given.

    >>> print(MultivariateNormalTriL(scale_tril=[[1.0, 0.0], [2.0, 3.0]]).covariance().numpy())
    [[ 1.  2.]
     [ 2. 13.]]
    """

    def __init__(
        self,
        loc: Any = None,
        scale_tril: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalTriL",
    ) -> None:
        if loc is None and scale_tril is None:
            raise ValueError("loc or scale_tril must be given, or both.")
        with name_scope(name) as name, name_scope("init"):
            if loc is not None:
                loc = tf.convert_to_tensor(loc, name="loc")
            if scale_tril is None:
                scale = _identity(loc)
            else:
                scale_tril = tf.convert_to_tensor(scale_tril, name="scale_tril")
                scale = tf.linalg.LinearOperatorLowerTriangular(scale_tril, is_non_singular=True)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)


def _diagonal_scale(loc: Any, diagonal: Any, multiplier: Any) -> Any:
    if multiplier is not None:
        multiplier = tf.convert_to_tensor(multiplier, name="scale_identity_multiplier")
    if diagonal is not None:
        diagonal = tf.convert_to_tensor(diagonal, name="scale_diag")
        if multiplier is not None:
            diagonal += multiplier[..., tf.newaxis]
        return tf.linalg.LinearOperatorDiag(diagonal, is_non_singular=True, is_self_adjoint=True)
    if loc is None:
        raise ValueError("loc or scale_diag must be given: the number of dimensions follows from them.")
    if multiplier is None:
        return _identity(loc)
    return tf.linalg.LinearOperatorScaledIdentity(
        _size(loc), multiplier, is_non_singular=True, is_self_adjoint=True
    )


def _identity(loc: Any) -> Any:
    return tf.linalg.LinearOperatorIdentity(_size(loc), dtype=loc.dtype)


def _size(loc: Any) -> Any:
    known = loc.shape.with_rank_at_least(1)[-1]
    return tf.shape(loc)[-1] if known is None else known


def _diagonal(scale: Any) -> bool:
    kinds = (
        tf.linalg.LinearOperatorIdentity,
        tf.linalg.LinearOperatorScaledIdentity,
        tf.linalg.LinearOperatorDiag,
    )
    return isinstance(scale, kinds)


@RegisterKL(MultivariateNormalLinearOperator, MultivariateNormalLinearOperator)
def _kl(
    a: MultivariateNormalLinearOperator, b: MultivariateNormalLinearOperator, name: str | None = None
) -> Any:
    with name_scope(name, "kl_mvn"):
        if _diagonal(a.scale) and _diagonal(b.scale):
            squares = tf.reduce_sum(tf.square(a.stddev() / b.stddev()), -1)
        else:
            squares = tf.reduce_sum(tf.square(b.scale.solve(a.scale.to_dense())), [-2, -1])
        moved = tf.reduce_sum(tf.square(b.scale.solvevec(b.mean() - a.mean())), -1)
        return b._log_det() - a._log_det() + 0.5 * (squares + moved - a._dims())
