"""Bijectors of matrices, and between vectors and triangles."""

from __future__ import annotations

import math
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.v1.distributions.parameters import after
from headrace.v1.distributions.triangles import fill_triangular, fill_triangular_inverse, side_of_triangle

from .base import Bijector
from .composed import Chain
from .elementwise import AffineScalar, Softplus


class _OfMatrices(Bijector):
    def __init__(self, validate_args: bool, name: str) -> None:
        super().__init__(forward_min_event_ndims=2, validate_args=validate_args, name=name)

    def _square(self, x: Any, *assertions: Any) -> Any:
        """`x`, read once it is known to be of square matrices, and more."""
        if not self.validate_args:
            return x
        shape = tf.shape(x)
        square = [
            checks.assert_rank_at_least(x, 2, message="The input must be a matrix."),
            checks.assert_equal(shape[-2], shape[-1], message="The matrix must be square."),
        ]
        with after([*square, *(assertion() for assertion in assertions)]):
            return tf.identity(x)


class CholeskyOuterProduct(_OfMatrices):
    """`y = x @ x.T` of lower triangles x with a positive diagonal; the inverse is Cholesky's.

    >>> CholeskyOuterProduct().forward([[1.0, 0.0], [2.0, 1.0]]).numpy().tolist()
    [[1.0, 2.0], [2.0, 5.0]]
    """

    def __init__(self, validate_args: bool = False, name: str = "cholesky_outer_product") -> None:
        super().__init__(validate_args, name)

    def _forward(self, x: Any) -> Any:
        x = tf.linalg.band_part(self._square(x), -1, 0)
        return tf.matmul(x, x, adjoint_b=True)

    def _inverse(self, y: Any) -> Any:
        return tf.linalg.cholesky(y)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        message = "The diagonal must be positive."
        diagonal = tf.linalg.diag_part(x)
        diagonal = tf.linalg.diag_part(
            self._square(x, lambda: checks.assert_positive(diagonal, message=message))
        )
        # The entry (i, j) of the product changes with that of the triangle as diagonal[j] says, those of the diagonal twice.
        size = tf.shape(diagonal)[-1]
        powers = tf.cast(tf.range(size, 0, -1), x.dtype)
        return tf.cast(size, x.dtype) * math.log(2.0) + tf.reduce_sum(powers * tf.math.log(diagonal), -1)


class MatrixInverseTriL(_OfMatrices):
    """The inverse of lower triangles.

    >>> MatrixInverseTriL().forward([[2.0, 0.0], [1.0, 1.0]]).numpy().tolist()
    [[0.5, 0.0], [-0.5, 1.0]]
    """

    def __init__(self, validate_args: bool = False, name: str = "matrix_inverse_tril") -> None:
        super().__init__(validate_args, name)

    def _forward(self, x: Any) -> Any:
        x, shape = self._valid(x), tf.shape(x)
        identity = tf.eye(shape[-1], batch_shape=shape[:-2], dtype=x.dtype)
        return tf.linalg.triangular_solve(x, identity, lower=True)

    _inverse = _forward

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        x = self._valid(x)
        size = tf.cast(tf.shape(x)[-1], x.dtype)
        return -2.0 * size * tf.reduce_sum(tf.math.log(tf.abs(tf.linalg.diag_part(x))), -1)

    def _valid(self, x: Any) -> Any:
        diagonal = tf.linalg.diag_part(x)
        above = tf.linalg.band_part(tf.linalg.set_diag(x, tf.zeros_like(diagonal)), 0, -1)
        return self._square(
            x,
            lambda: checks.assert_equal(
                above, tf.zeros_like(above), message="The matrix must be lower triangular."
            ),
            lambda: checks.assert_none_equal(
                diagonal, tf.zeros_like(diagonal), message="The diagonal must not have zeros."
            ),
        )


class TransformDiagonal(_OfMatrices):
    """A bijector of the diagonal; all else stays.

    Args:
      diag_bijector: of vectors, or of numbers.
    """

    def __init__(
        self, diag_bijector: Bijector, validate_args: bool = False, name: str = "transform_diagonal"
    ) -> None:
        self._diagonal = diag_bijector
        super().__init__(validate_args, name)

    def _forward(self, x: Any) -> Any:
        return tf.linalg.set_diag(x, self._diagonal.forward(tf.linalg.diag_part(x)))

    def _inverse(self, y: Any) -> Any:
        return tf.linalg.set_diag(y, self._diagonal.inverse(tf.linalg.diag_part(y)))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return self._diagonal.forward_log_det_jacobian(tf.linalg.diag_part(x), event_ndims=1)

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return self._diagonal.inverse_log_det_jacobian(tf.linalg.diag_part(y), event_ndims=1)


class FillTriangular(Bijector):
    """Vectors as triangles: see `fill_triangular`.

    >>> FillTriangular().forward([1.0, 2.0, 3.0]).numpy().tolist()
    [[3.0, 0.0], [2.0, 1.0]]
    """

    def __init__(
        self, upper: bool = False, validate_args: bool = False, name: str = "fill_triangular"
    ) -> None:
        self._upper = upper
        super().__init__(
            validate_args=validate_args, forward_min_event_ndims=1, inverse_min_event_ndims=2, name=name
        )

    def _forward(self, x: Any) -> Any:
        return fill_triangular(x, self._upper)

    def _inverse(self, y: Any) -> Any:
        return fill_triangular_inverse(y, self._upper)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return tf.zeros_like(x[..., 0])

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return tf.zeros_like(y[..., 0, 0])

    def _forward_event_shape(self, shape: Any) -> Any:
        *rest, size = shape.as_list()
        side = None if size is None else side_of_triangle(size)
        return tf.TensorShape([*rest, side, side])

    def _inverse_event_shape(self, shape: Any) -> Any:
        *rest, rows, columns = shape.as_list()
        if None in (rows, columns):
            return tf.TensorShape([*rest, None])
        if rows != columns:
            raise ValueError(f"The matrix must be square. Received shape {shape}.")
        return tf.TensorShape([*rest, rows * (rows + 1) // 2])

    def _forward_event_shape_tensor(self, shape: Any) -> Any:
        root = tf.sqrt(0.25 + 2.0 * tf.cast(shape[-1], tf.float32))
        side = tf.cast(tf.round(root - 0.5), shape.dtype)
        return tf.concat([shape[:-1], [side, side]], 0)

    def _inverse_event_shape_tensor(self, shape: Any) -> Any:
        return tf.concat([shape[:-2], [shape[-1] * (shape[-1] + 1) // 2]], 0)


class ScaleTriL(Chain):
    """Vectors as lower triangles with a positive diagonal: the scales of `MultivariateNormalTriL`.

    Args:
      diag_bijector: what makes the diagonal positive; `Softplus()` if not given.
      diag_shift: is added to the diagonal; may be None.
    """

    def __init__(
        self, diag_bijector: Bijector | None = None, diag_shift: Any = 1e-5, validate_args: bool = False,
        name: str = "scale_tril",
    ) -> None:  # fmt: skip
        diagonal = Softplus(validate_args=validate_args) if diag_bijector is None else diag_bijector
        if diag_shift is not None:
            diagonal = Chain([AffineScalar(shift=diag_shift), diagonal])
        super().__init__([TransformDiagonal(diagonal), FillTriangular()], validate_args, name)
