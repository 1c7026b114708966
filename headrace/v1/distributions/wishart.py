"""The Wishart distribution, of covariance matrices."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope

from .base import FULLY_REPARAMETERIZED, Distribution
from .parameters import after, derived_seed


class WishartCholesky(Distribution):
    """The sums `x @ x.T` of `df` normal vectors with the covariance `scale @ scale.T`, as matrices.

    Args:
      df: at least the number k of dimensions; may be a fraction.
      scale: lower triangles [..., k, k].
      cholesky_input_output_matrices: whether values and draws are lower triangles, whose product with their transpose
        is meant.

    Raises:
      ValueError: `df` is less than k.

    >>> print(WishartCholesky(3.0, [[1.0, 0.0], [0.0, 2.0]]).mean().numpy())
    [[ 3.  0.]
     [ 0. 12.]]
    """

    def __init__(
        self, df: Any, scale: Any, cholesky_input_output_matrices: bool = False, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "WishartCholesky",
    ) -> None:  # fmt: skip
        with name_scope(name) as name, name_scope("init"):
            scale = tf.convert_to_tensor(scale)
            if not scale.dtype.is_floating:
                raise TypeError(f"scale must be floats. Received dtype {scale.dtype.name}.")
            df = tf.convert_to_tensor(df, scale.dtype, name="df")
            size = scale.shape.as_list()[-1] if scale.shape.rank else None
            message = "Degrees of freedom (df) must not be less than the number of dimensions."
            known = tf.get_static_value(df)
            assertions = []
            if known is not None and size is not None and (known < size).any():
                raise ValueError(f"{message} Received df = {known}, {size} dimensions.")
            if validate_args:
                diagonal, shape = tf.linalg.diag_part(scale), tf.shape(scale)
                assertions = [
                    checks.assert_positive(diagonal, message="The diagonal of scale must be positive."),
                    checks.assert_equal(shape[-1], shape[-2], message="scale must be square."),
                    checks.assert_less_equal(tf.cast(shape[-1], scale.dtype), df, message=message),
                ]
            with after(assertions):
                self._df, scale = tf.identity(df), tf.identity(scale)
            self._scale = tf.linalg.LinearOperatorLowerTriangular(
                scale, is_non_singular=True, is_positive_definite=True, is_square=True
            )
            self._size = tf.cast(tf.shape(scale)[-1], scale.dtype)
        self._triangles = cholesky_input_output_matrices
        super().__init__(scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, name=name)

    @property
    def df(self) -> Any:
        """The degrees of freedom."""
        return self._df

    @property
    def scale_operator(self) -> Any:
        """The triangle as a linear operator."""
        return self._scale

    @property
    def cholesky_input_output_matrices(self) -> bool:
        return self._triangles

    @property
    def dimension(self) -> Any:
        """How many rows a draw has, as a float."""
        return self._size

    def scale(self) -> Any:
        """The matrix of scales: the triangle, or its product with its transpose."""
        return self._scale.to_dense() if self._triangles else self._square()

    def _square(self) -> Any:
        return self._scale.matmul(self._scale.to_dense(), adjoint_arg=True)

    def _batch_shape(self) -> Any:
        return self._scale.batch_shape

    def _batch_shape_tensor(self) -> Any:
        return self._scale.batch_shape_tensor()

    def _event_shape(self) -> Any:
        return self._scale.shape[-2:]

    def _event_shape_tensor(self) -> Any:
        return self._scale.shape_tensor()[-2:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        # Bartlett (1934): a triangle of normal numbers, with roots of chi-squared ones on the diagonal.
        shape = tf.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        x = tf.linalg.band_part(tf.random.normal(shape, dtype=self.dtype, seed=seed), -1, 0)
        half = 0.5 * self.df * tf.ones(self.batch_shape_tensor(), self.dtype)
        half_chi = tf.random.gamma([n], self._sequence(half), 0.5, self.dtype, derived_seed(seed, "wishart"))
        x = self._scale.matmul(tf.linalg.set_diag(x, tf.sqrt(half_chi)))
        return x if self._triangles else tf.matmul(x, x, adjoint_b=True)

    def _log_prob(self, x: Any) -> Any:
        root = x if self._triangles else tf.linalg.cholesky(x)
        trace = tf.reduce_sum(tf.square(self._scale.solve(root)), [-2, -1])
        half_log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(root)), -1)
        return (self.df - self._size - 1.0) * half_log_det - 0.5 * trace - self.log_normalization()

    def _entropy(self) -> Any:
        half, more = 0.5 * self.df, 0.5 * self._size + 0.5
        constant = self._size * (half + more * math.log(2.0)) + 2.0 * more * self._scale.log_abs_determinant()
        return constant + self._log_gamma(half) + (more - half) * self._digamma(half)

    def _mean(self) -> Any:
        if self._triangles:
            return self._wide(tf.sqrt(self.df)) * self._scale.to_dense()
        return self._wide(self.df) * self._square()

    def _variance(self) -> Any:
        x = self._wide(tf.sqrt(self.df)) * self._square()
        diagonal = tf.linalg.diag_part(x)[..., tf.newaxis]
        variance = tf.square(x) + tf.matmul(diagonal, diagonal, adjoint_b=True)
        return tf.linalg.cholesky(variance) if self._triangles else variance

    def _stddev(self) -> Any:
        if self._triangles:
            raise ValueError("There is no standard deviation with cholesky_input_output_matrices=True.")
        return tf.linalg.cholesky(self.variance())

    def _mode(self) -> Any:
        s = self.df - self._size - 1.0
        s = tf.where(s < 0.0, tf.constant(math.nan, self.dtype), s)
        return (
            self._wide(tf.sqrt(s)) * self._scale.to_dense()
            if self._triangles
            else self._wide(s) * self._square()
        )

    @staticmethod
    def _wide(x: Any) -> Any:
        """A number for each matrix."""
        return x if x.shape.rank == 0 else x[..., tf.newaxis, tf.newaxis]

    def mean_log_det(self, name: str = "mean_log_det") -> Any:
        """The mean of the logarithms of determinants."""
        with self._name_scope(name):
            log_det = self._size * math.log(2.0) + 2.0 * self._scale.log_abs_determinant()
            return self._digamma(0.5 * self.df) + log_det

    def log_normalization(self, name: str = "log_normalization") -> Any:
        """The logarithm of what densities are divided by."""
        with self._name_scope(name):
            half = 0.5 * self.df
            scales = self.df * self._scale.log_abs_determinant() + half * self._size * math.log(2.0)
            return scales + self._log_gamma(half)

    def _sequence(self, half: Any) -> Any:
        """`half, half - 1/2 …`, a number for each dimension."""
        steps = tf.cast(tf.range(tf.cast(self._size, tf.int32)), self.dtype)
        return half[..., tf.newaxis] - 0.5 * steps

    def _log_gamma(self, half: Any) -> Any:
        constant = 0.25 * self._size * (self._size - 1.0) * math.log(math.pi)
        return constant + tf.reduce_sum(tf.math.lgamma(self._sequence(half)), -1)

    def _digamma(self, half: Any) -> Any:
        return tf.reduce_sum(tf.math.digamma(self._sequence(half)), -1)


class WishartFull(WishartCholesky):
    """`WishartCholesky` with the matrix of scales itself, symmetric and positive definite.

    >>> print(WishartFull(3.0, [[1.0, 0.0], [0.0, 4.0]]).mean().numpy())
    [[ 3.  0.]
     [ 0. 12.]]
    """

    def __init__(
        self, df: Any, scale: Any, cholesky_input_output_matrices: bool = False, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "WishartFull",
    ) -> None:  # fmt: skip
        with name_scope(name) as name, name_scope("init"):
            scale = tf.convert_to_tensor(scale)
            turned, message = tf.linalg.matrix_transpose(scale), "scale must be symmetric."
            with after([checks.assert_equal(scale, turned, message=message)] if validate_args else []):
                root = tf.linalg.cholesky(scale)
        super().__init__(df, root, cholesky_input_output_matrices, validate_args, allow_nan_stats, name)
