"""Multivariate normal distributions by their covariance; other distributions of vectors that a linear map makes."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .bijectors import AffineLinearOperator, AffineScalar, Chain
from .bijectors import SinhArcsinh as SinhArcsinhMap
from .gamma import Exponential
from .laplace import Laplace
from .multivariate_normal import MultivariateNormalLinearOperator, MultivariateNormalTriL, _diagonal_scale
from .normal import Normal
from .parameters import after
from .transformed import TransformedDistribution


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """Normal distributions of vectors with a covariance matrix.

    Args:
      loc: the mean, floats [..., k]; zeros if not given.
      covariance_matrix: floats [..., k, k], symmetric, positive definite; the identity if not given.

    Raises:
      ValueError: neither is given.

    >>> print(MultivariateNormalFullCovariance([0.0, 0.0], [[4.0, 0.0], [0.0, 9.0]]).stddev().numpy())
    [2. 3.]
    """

    def __init__(
        self, loc: Any = None, covariance_matrix: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "MultivariateNormalFullCovariance",
    ) -> None:  # fmt: skip
        with name_scope(name) as name, name_scope("init"):
            root = None
            if covariance_matrix is not None:
                covariance = tf.convert_to_tensor(covariance_matrix, name="covariance_matrix")
                turned = tf.linalg.matrix_transpose(covariance)
                message = "Matrix was not symmetric"
                with after(
                    [checks.assert_near(covariance, turned, message=message)] if validate_args else []
                ):
                    root = tf.linalg.cholesky(covariance)
        super().__init__(loc, root, validate_args, allow_nan_stats, name)


class MultivariateNormalDiagPlusLowRank(MultivariateNormalLinearOperator):
    """Normal distributions of vectors: `loc + scale @ z`, where `scale` is diagonal but for a part of low rank:
    `diag(scale_diag + scale_identity_multiplier) + F @ diag(scale_perturb_diag) @ F.T`.

    Args:
      scale_perturb_factor: F, floats [..., k, r].
      scale_perturb_diag: floats [..., r]; ones if not given.

    Raises:
      ValueError: the number of dimensions follows from no argument; or a diagonal without F.

    >>> d = MultivariateNormalDiagPlusLowRank(scale_diag=[1.0, 1.0], scale_perturb_factor=[[1.0], [0.0]])
    >>> print(d.stddev().numpy())
    [2. 1.]
    """

    def __init__(
        self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None,
        scale_perturb_factor: Any = None, scale_perturb_diag: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "MultivariateNormalDiagPlusLowRank",
    ) -> None:  # fmt: skip
        if scale_perturb_diag is not None and scale_perturb_factor is None:
            raise ValueError("scale_perturb_diag needs a scale_perturb_factor.")
        with name_scope(name) as name, name_scope("init"):
            loc = None if loc is None else tf.convert_to_tensor(loc, name="loc")
            scale = _diagonal_scale(loc, scale_diag, scale_identity_multiplier)
            if scale_perturb_factor is not None:
                factor = tf.convert_to_tensor(scale_perturb_factor, name="scale_perturb_factor")
                inner = scale_perturb_diag
                inner = None if inner is None else tf.convert_to_tensor(inner, name="scale_perturb_diag")
                base = tf.linalg.LinearOperatorDiag(
                    scale.diag_part(), is_non_singular=True, is_self_adjoint=True, is_positive_definite=True
                )
                scale = tf.linalg.LinearOperatorLowRankUpdate(
                    base, u=factor, diag_update=inner, is_diag_update_positive=inner is None, is_non_singular=True,
                    is_self_adjoint=True, is_positive_definite=True, is_square=True,
                )  # fmt: skip
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)


class _VectorOf(TransformedDistribution):
    """`loc + scale @ z`, where the k entries of z are drawn from one distribution."""

    def __init__(
        self, distribution: Any, loc: Any, scale_diag: Any, scale_identity_multiplier: Any, validate_args: bool, name: str
    ) -> None:  # fmt: skip
        with name_scope(name) as name, name_scope("init"):
            loc = None if loc is None else tf.convert_to_tensor(loc, name="loc")
            scale = _diagonal_scale(loc, scale_diag, scale_identity_multiplier)
        super().__init__(
            distribution(scale.dtype), AffineLinearOperator(loc, scale, validate_args), _batch(loc, scale),
            scale.range_dimension_tensor()[tf.newaxis], validate_args, name,
        )  # fmt: skip

    @property
    def loc(self) -> Any:
        """What is added, or None."""
        return self.bijector.shift  # type: ignore[attr-defined]

    @property
    def scale(self) -> Any:
        """The linear operator [..., k, k]."""
        return self.bijector.scale  # type: ignore[attr-defined]

    def _moved(self, x: Any) -> Any:
        """`loc + scale @ x` for a vector that is x throughout."""
        shape = tf.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        moved = self.scale.matvec(tf.fill(shape, tf.constant(x, self.dtype)))
        return moved if self.loc is None else moved + self.loc

    def _variance(self) -> Any:
        return tf.square(self._stddev())

    def _covariance(self) -> Any:
        return tf.linalg.diag(self._variance())


def _batch(loc: Any, scale: Any) -> Any:
    """The batch shape that both have together, as a tensor."""
    batch = scale.batch_shape_tensor()
    return batch if loc is None else tf.broadcast_dynamic_shape(tf.shape(loc)[:-1], batch)


class VectorLaplaceDiag(_VectorOf):
    """Vectors of independent Laplace distributed numbers around `loc`, with the scales `scale_diag`.

    Args: as of `MultivariateNormalDiag`.

    >>> print(VectorLaplaceDiag([1.0, 2.0], [1.0, 3.0]).mean().numpy())
    [1. 2.]
    """

    def __init__(
        self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "VectorLaplaceDiag",
    ) -> None:  # fmt: skip
        def standard(dtype: Any) -> Any:
            return Laplace(tf.zeros([], dtype), tf.ones([], dtype), allow_nan_stats=allow_nan_stats)

        super().__init__(standard, loc, scale_diag, scale_identity_multiplier, validate_args, name)

    def _mean(self) -> Any:
        return self._moved(0.0)

    _mode = _mean

    def _stddev(self) -> Any:
        return math.sqrt(2.0) * tf.abs(self.scale.diag_part())


class VectorExponentialDiag(_VectorOf):
    """Vectors of independent exponentially distributed numbers above `loc`, with the means `scale_diag`.

    Args: as of `MultivariateNormalDiag`.

    >>> print(VectorExponentialDiag([1.0, 2.0], [1.0, 3.0]).mean().numpy())
    [2. 5.]
    """

    def __init__(
        self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "VectorExponentialDiag",
    ) -> None:  # fmt: skip
        def standard(dtype: Any) -> Any:
            return Exponential(tf.ones([], dtype), allow_nan_stats=allow_nan_stats)

        super().__init__(standard, loc, scale_diag, scale_identity_multiplier, validate_args, name)

    def _mean(self) -> Any:
        return self._moved(1.0)

    def _mode(self) -> Any:
        return self._moved(0.0)

    def _stddev(self) -> Any:
        return tf.abs(self.scale.diag_part())


class SinhArcsinh(TransformedDistribution):
    """Jones and Pewsey (2009): `loc + scale * 2 / F0(2) * F(z)`, where F is the bijector `SinhArcsinh(skewness, tailweight)`,
    F0 is it without skewness, and z is drawn from `distribution`, standard normal if not given.

    Args:
      skewness: 0 if not given.
      tailweight: above 0; 1 if not given.
      distribution: of scalars.
    """

    def __init__(
        self, loc: Any, scale: Any, skewness: Any = None, tailweight: Any = None, distribution: Any = None,
        validate_args: bool = False, allow_nan_stats: bool = True, name: str = "SinhArcsinh",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            loc = tf.convert_to_tensor(loc, name="loc")
            scale = tf.convert_to_tensor(scale, loc.dtype, name="scale")
            skewed, factor = _skewed(skewness, tailweight, loc.dtype)
            base = _standard(distribution, loc.dtype, allow_nan_stats)
            batch = tf.shape(loc)
            for other in (scale, skewed.skewness, skewed.tailweight):
                batch = tf.broadcast_dynamic_shape(batch, tf.shape(other))
            bijector = Chain([AffineScalar(loc, scale * factor, validate_args), skewed])
        self._loc, self._scale, self._skewed = loc, scale, skewed
        super().__init__(base, bijector, batch, None, validate_args, name)

    @property
    def loc(self) -> Any:
        return self._loc

    @property
    def scale(self) -> Any:
        return self._scale

    @property
    def skewness(self) -> Any:
        return self._skewed.skewness

    @property
    def tailweight(self) -> Any:
        return self._skewed.tailweight


class VectorSinhArcsinhDiag(TransformedDistribution):
    """Vectors of independent numbers distributed like `SinhArcsinh`.

    Args: as of `MultivariateNormalDiag` and of `SinhArcsinh`.
    """

    def __init__(
        self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None, skewness: Any = None,
        tailweight: Any = None, distribution: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "MultivariateNormalLinearOperator",
    ) -> None:  # fmt: skip
        with name_scope(name) as name:
            loc = None if loc is None else tf.convert_to_tensor(loc, name="loc")
            scale = _diagonal_scale(loc, scale_diag, scale_identity_multiplier)
            skewed, factor = _skewed(skewness, tailweight, scale.dtype)
            base = _standard(distribution, scale.dtype, allow_nan_stats)
            stretched = tf.linalg.LinearOperatorDiag(scale.diag_part() * factor, is_non_singular=True)
            bijector = Chain([AffineLinearOperator(loc, stretched, validate_args), skewed])
        self._loc, self._scale, self._skewed = loc, scale, skewed
        event = scale.range_dimension_tensor()[tf.newaxis]
        super().__init__(base, bijector, _batch(loc, scale), event, validate_args, name)

    @property
    def loc(self) -> Any:
        return self._loc

    @property
    def scale(self) -> Any:
        return self._scale

    @property
    def skewness(self) -> Any:
        return self._skewed.skewness

    @property
    def tailweight(self) -> Any:
        return self._skewed.tailweight


def _skewed(skewness: Any, tailweight: Any, dtype: Any) -> tuple[SinhArcsinhMap, Any]:
    """The bijector, and what scales its values such that `scale` says how far out they lie."""
    tailweight = tf.convert_to_tensor(1.0 if tailweight is None else tailweight, dtype)
    skewness = tf.convert_to_tensor(0.0 if skewness is None else skewness, dtype)
    straight = SinhArcsinhMap(tf.zeros([], dtype), tailweight)
    return SinhArcsinhMap(skewness, tailweight), 2.0 / straight.forward(tf.constant(2.0, dtype))


def _standard(distribution: Any, dtype: Any, allow_nan_stats: bool) -> Any:
    if distribution is None:
        return Normal(tf.zeros([], dtype), tf.ones([], dtype), allow_nan_stats=allow_nan_stats)
    if distribution.dtype != dtype or distribution.batch_shape.rank or distribution.event_shape.rank:
        raise ValueError(f"The distribution must be one of {dtype.name} scalars. Received {distribution}.")
    return distribution
