"""Matrices given by their elements: all of them, a triangle, a diagonal, one number, none."""

from __future__ import annotations

from typing import Any

from headrace.api import array as _array
from headrace.api import linalg as _linalg
from headrace.api import math as _math
from headrace.api.assertions import Assert
from headrace.core import convert, dtypes
from headrace.core.dtypes import as_dtype
from headrace.core.shapes import TensorShape, size_of
from headrace.core.static import static_value

from .base import LinearOperator, _broadcast


def assert_positive(numbers: Any) -> Any:
    return Assert(_math.reduce_all(_math.greater(numbers, 0)), ["Operator was not positive definite."])


def _turn(x: Any, adjoint: bool) -> Any:
    return _linalg.adjoint(x) if adjoint else x


class LinearOperatorFullMatrix(LinearOperator):
    """A matrix given by all of its elements.

    >>> import headrace as tf
    >>> operator = tf.linalg.LinearOperatorFullMatrix([[2.0, 0.0], [1.0, 3.0]])
    >>> operator.matvec([1.0, 1.0]).numpy().tolist(), operator.determinant().numpy().item()
    ([2.0, 4.0], 6.0)
    """

    def __init__(
        self,
        matrix: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        self._matrix = convert.to_tensor(matrix)
        if self._matrix.shape.rank is not None and self._matrix.shape.rank < 2:
            raise ValueError(
                f"Argument `matrix` must have at least 2 dimensions. Received: {self._matrix!r}."
            )
        super().__init__(
            self._matrix.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            {"matrix": matrix},
        )

    @property
    def matrix(self) -> Any:
        return self._matrix

    def _shape(self) -> TensorShape:
        return self._matrix.shape

    def _shape_tensor(self) -> Any:
        return _array.shape(self._matrix)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return _linalg.matmul(self._matrix, x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _to_dense(self) -> Any:
        return self._matrix


class LinearOperatorLowerTriangular(LinearOperatorFullMatrix):
    """A square matrix of which the upper triangle counts as zero.

    >>> import headrace as tf
    >>> tf.linalg.LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 3.0]]).solvevec([2.0, 4.0]).numpy().tolist()
    [1.0, 1.0]
    """

    def __init__(
        self,
        tril: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        if is_square is False:
            raise ValueError("Only square lower triangular operators are supported.")
        lower = _linalg.band_part(convert.to_tensor(tril), -1, 0)
        super().__init__(lower, is_non_singular, is_self_adjoint, is_positive_definite, True, name)
        self._parameters = {"tril": tril}

    @property
    def tril(self) -> Any:
        return self._matrix

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return _linalg.triangular_solve(
            *_broadcast(self._matrix, _turn(rhs, adjoint_arg)), lower=True, adjoint=adjoint
        )

    def _determinant(self) -> Any:
        return _math.reduce_prod(self._diag_part(), -1)

    def _log_abs_determinant(self) -> Any:
        return _math.reduce_sum(_math.log(_math.abs(self._diag_part())), -1)


class LinearOperatorDiag(LinearOperator):
    """A square matrix given by its diagonal.

    >>> import headrace as tf
    >>> tf.linalg.LinearOperatorDiag([1.0, 2.0]).solvevec([3.0, 4.0]).numpy().tolist()
    [3.0, 2.0]
    """

    def __init__(
        self,
        diag: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        self._diag = convert.to_tensor(diag)
        if self._diag.shape.rank == 0:
            raise ValueError(f"Argument `diag` must have at least 1 dimension. Received: {self._diag!r}.")
        if is_square is False:
            raise ValueError("Only square diagonal operators are supported.")
        if not self._diag.dtype.is_complex:
            if is_self_adjoint is False:
                raise ValueError("A real diagonal operator is always self adjoint.")
            is_self_adjoint = True
        super().__init__(
            self._diag.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
            {"diag": diag},
        )

    @property
    def diag(self) -> Any:
        return self._diag

    def _shape(self) -> TensorShape:
        return self._diag.shape.concatenate(self._diag.shape[-1:])

    def _shape_tensor(self) -> Any:
        shape = _array.shape(self._diag)
        return _array.concat([shape, shape[-1:]], 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        diag = _math.conj(self._diag) if adjoint else self._diag
        return diag[..., None] * _turn(x, adjoint_arg)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        diag = _math.conj(self._diag) if adjoint else self._diag
        return _turn(rhs, adjoint_arg) / diag[..., None]

    def _to_dense(self) -> Any:
        return _linalg.diag(self._diag)

    def _diag_part(self) -> Any:
        return self._diag

    def _determinant(self) -> Any:
        return _math.reduce_prod(self._diag, -1)

    def _log_abs_determinant(self) -> Any:
        sizes = _math.log(_math.abs(self._diag))
        return _math.reduce_sum(_conversion(sizes, self.dtype), -1)

    def _eigvals(self) -> Any:
        return self._diag

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Any:
        """Raises InvalidArgumentError unless the diagonal's real parts are positive."""
        return assert_positive(_math.real(self._diag))

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorDiag(_math.conj(self._diag), *self._hints[:3])

    def _inverse(self) -> LinearOperator:
        return LinearOperatorDiag(1 / self._diag, *self._hints[:3])

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorDiag(_math.sqrt(self._diag), True, True, True)


def _conversion(x: Any, dtype: Any) -> Any:
    return x if x.dtype == dtype else _math.cast(x, dtype)


def _batch(batch_shape: Any) -> tuple[TensorShape, Any]:
    """A batch shape, as far as it is known, and as a tensor."""
    if batch_shape is None:
        return TensorShape([]), convert.to_tensor([], dtypes.int32)
    tensor = convert.to_tensor(batch_shape, hint=dtypes.int32)
    value = static_value(tensor)
    return TensorShape(
        [None] * (size_of(tensor, 0) or 0) if value is None else [int(d) for d in value]
    ), tensor


class LinearOperatorScaledIdentity(LinearOperatorDiag):
    """A multiple of the identity.

    Args:
      num_rows: how many rows.
      multiplier: a number, or a batch of them.
    """

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        if is_square is not True:
            raise ValueError(f"A ScaledIdentity operator is always square. Received: is_square={is_square}.")
        self._multiplier = convert.to_tensor(multiplier)
        rows = convert.to_tensor(num_rows, hint=dtypes.int32)
        if rows.shape.rank not in (None, 0) or not rows.dtype.is_integer:
            raise ValueError(f"Argument `num_rows` must be an integer scalar. Received: {num_rows}.")
        known = static_value(rows)
        if known is not None and int(known) < 0:
            raise ValueError(f"Argument `num_rows` must be non-negative. Received: {num_rows}.")
        diag = self._multiplier[..., None] * _array.ones([rows], self._multiplier.dtype)
        super().__init__(diag, is_non_singular, is_self_adjoint, is_positive_definite, True, name)
        self._parameters = {"num_rows": num_rows, "multiplier": multiplier}

    @property
    def multiplier(self) -> Any:
        return self._multiplier


class LinearOperatorIdentity(LinearOperatorDiag):
    """The identity.

    Args:
      num_rows: how many rows.
      batch_shape: of a batch of identities.
      dtype: float32 by default.
    """

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: Any = True,
        is_self_adjoint: Any = True,
        is_positive_definite: Any = True,
        is_square: Any = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        if not (is_self_adjoint and is_non_singular and is_positive_definite and is_square):
            raise ValueError(
                "An identity operator is always self-adjoint, non-singular, positive definite and square."
            )
        rows = convert.to_tensor(num_rows, hint=dtypes.int32)
        if rows.shape.rank not in (None, 0) or not rows.dtype.is_integer:
            raise ValueError(f"Argument `num_rows` must be an integer scalar. Received: {num_rows}.")
        _, batch = _batch(batch_shape)
        diag = _array.ones(_array.concat([batch, [rows]], 0), as_dtype(dtype or dtypes.float32))
        super().__init__(diag, True, True, True, True, name)
        self._parameters = {"num_rows": num_rows, "batch_shape": batch_shape, "dtype": dtype}

    def _adjoint(self) -> LinearOperator:
        return self

    def _inverse(self) -> LinearOperator:
        return self

    def _cholesky(self) -> LinearOperator:
        return self


class LinearOperatorZeros(LinearOperator):
    """A matrix of zeros.

    Args:
      num_rows: how many rows; `num_columns`: as many by default.
      batch_shape: of a batch of matrices.
      dtype: float32 by default.
    """

    def __init__(
        self,
        num_rows: int,
        num_columns: int | None = None,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: Any = False,
        is_self_adjoint: Any = True,
        is_positive_definite: Any = False,
        is_square: Any = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorZeros",
    ) -> None:
        if is_non_singular or is_positive_definite:
            raise ValueError("A zero operator is always singular, and never positive definite.")
        columns = num_rows if num_columns is None else num_columns
        if columns != num_rows:
            is_square = is_self_adjoint = False
        self._known, self._batch_tensor = _batch(batch_shape)
        self._rows, self._columns = int(num_rows), int(columns)
        super().__init__(
            dtype or dtypes.float32,
            None,
            False,
            is_self_adjoint,
            False,
            is_square,
            name,
            {"num_rows": num_rows, "num_columns": num_columns, "batch_shape": batch_shape, "dtype": dtype},
        )

    def _shape(self) -> TensorShape:
        return self._known.concatenate([self._rows, self._columns])

    def _shape_tensor(self) -> Any:
        return _array.concat([self._batch_tensor, [self._rows, self._columns]], 0)

    def _to_dense(self) -> Any:
        return _array.zeros(self.shape_tensor(), self.dtype)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return _linalg.matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _determinant(self) -> Any:
        return _array.zeros(self.batch_shape_tensor(), self.dtype)

    def _diag_part(self) -> Any:
        return _array.zeros(
            _array.concat([self.batch_shape_tensor(), [min(self._rows, self._columns)]], 0), self.dtype
        )

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorZeros(self._columns, self._rows, self._parameters["batch_shape"], self.dtype)
