"""What every linear operator can do."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.api import array as _array
from headrace.api import linalg as _linalg
from headrace.api import math as _math
from headrace.api.assertions import Assert
from headrace.api.module import Module
from headrace.core import convert
from headrace.core.dtypes import as_dtype
from headrace.core.shapes import TensorShape, size_of


class LinearOperator(Module):
    """A matrix, or a batch of matrices, of shape `[..., M, N]`.

    A class of one's own defines `_shape()`, `_shape_tensor()` and `_matmul(x, adjoint, adjoint_arg)`, and methods with an
    underscore for what it knows a shorter way to (`_solve`, `_determinant`, `_diag_part` …); the others compute of the dense
    matrix.

    Args:
      dtype: the elements' type.
      is_non_singular, is_self_adjoint, is_positive_definite, is_square: what is known of the matrices; None: nothing.
      parameters: the arguments the operator was made of.

    Raises:
      ValueError: the hints contradict each other.
    """

    def __init__(
        self,
        dtype: Any,
        graph_parents: Any = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name=name or type(self).__name__)
        if graph_parents is not None:
            raise ValueError("graph_parents is of TensorFlow 1.x's first years. Leave it out.")
        if is_positive_definite and is_non_singular is False:
            raise ValueError("A positive definite matrix is always non-singular.")
        if is_positive_definite:
            is_non_singular = True
        if (is_positive_definite or is_self_adjoint or is_non_singular) and is_square is False:
            raise ValueError("A positive definite, self-adjoint or non-singular matrix is always square.")
        if is_positive_definite or is_self_adjoint or is_non_singular:
            is_square = True
        self._own_dtype = None if dtype is None else as_dtype(dtype)
        self._hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        self._parameters = dict(parameters or {})

    # ------------------------------------------------------------------------------------------------------- description
    @property
    def dtype(self) -> Any:
        """The elements' type."""
        return self._own_dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that the operator was made of."""
        return dict(self._parameters)

    @property
    def graph_parents(self) -> list[Any]:
        """Always empty; kept for old programs."""
        return []

    @property
    def is_non_singular(self) -> bool | None:
        return self._hints[0]

    @property
    def is_self_adjoint(self) -> bool | None:
        return self._hints[1]

    @property
    def is_positive_definite(self) -> bool | None:
        return self._hints[2]

    @property
    def is_square(self) -> bool | None:
        """Whether the matrices are square, as far as it is known."""
        rows, columns = self.range_dimension, self.domain_dimension
        if rows is not None and columns is not None:
            return rows == columns
        return self._hints[3]

    def _shape(self) -> TensorShape:
        raise NotImplementedError(f"{type(self).__name__} does not define _shape().")

    def _shape_tensor(self) -> Any:
        return convert.to_tensor(self._shape())

    @property
    def shape(self) -> TensorShape:
        """`[..., M, N]`, as far as it is known."""
        return self._shape()

    @property
    def batch_shape(self) -> TensorShape:
        return self.shape[:-2]

    @property
    def tensor_rank(self) -> int | None:
        return self.shape.rank

    @property
    def range_dimension(self) -> int | None:
        """M, as far as it is known."""
        return size_of(self, -2)

    @property
    def domain_dimension(self) -> int | None:
        """N, as far as it is known."""
        return size_of(self, -1)

    def shape_tensor(self, name: str = "shape_tensor") -> Any:
        """`[..., M, N]`, as a tensor."""
        if self.shape.is_fully_defined():
            return convert.to_tensor(self.shape)
        return self._shape_tensor()

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Any:
        return self.shape_tensor()[:-2]

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Any:
        return _array.size(self.shape_tensor())

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Any:
        return self.shape_tensor()[-2]

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Any:
        return self.shape_tensor()[-1]

    # ---------------------------------------------------------------------------------------------------------- products
    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _matmul().")

    def _argument(self, x: Any) -> Any:
        x = convert.to_tensor(x, hint=self.dtype)
        if self.dtype is not None and x.dtype != self.dtype:
            raise TypeError(
                f"{self.name}: the argument must be {self.dtype.name}. Received {x.dtype.name}. Use tf.cast."
            )
        return x

    def _check_inner(self, have: Any, rows: Any, what: str) -> None:
        if have is not None and rows is not None and have != rows:
            raise ValueError(
                f"{self.name} of shape {self.shape}: {what} must have {have} rows. Received {rows}."
            )

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """The product with matrices `x` of shape `[..., N, K]`, or with another operator.

        Args:
          adjoint: whether this operator is taken as its adjoint; `adjoint_arg`: whether `x` is.
        """
        if isinstance(x, LinearOperator):
            from .composed import product

            left, right = (self.adjoint() if adjoint else self), (x.adjoint() if adjoint_arg else x)
            if (
                left.domain_dimension is not None
                and right.range_dimension is not None
                and left.domain_dimension != right.range_dimension
            ):
                raise ValueError(
                    f"Operators are incompatible. Expected `x` to have dimension {left.domain_dimension} but got {right.range_dimension}."
                )
            return product(left, right)
        x = self._argument(x)
        inner = self.range_dimension if adjoint else self.domain_dimension
        self._check_inner(inner, x.shape[-1 if adjoint_arg else -2], "`x`")
        return self._matmul(x, adjoint, adjoint_arg)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Any:
        """The product with vectors `x` of shape `[..., N]`."""
        x = self._argument(x)
        return _array.squeeze(self.matmul(x[..., None], adjoint), -1)

    def _to_dense(self) -> Any:
        eye = _linalg.eye(
            self.domain_dimension_tensor(), batch_shape=self.batch_shape_tensor(), dtype=self.dtype
        )
        return self._matmul(eye)

    def to_dense(self, name: str = "to_dense") -> Any:
        """The matrices as a tensor `[..., M, N]`."""
        return self._to_dense()

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Any:
        """The matrices plus a tensor."""
        return self._to_dense() + self._argument(x)

    def _diag_part(self) -> Any:
        return _linalg.diag_part(self._to_dense())

    def diag_part(self, name: str = "diag_part") -> Any:
        """The main diagonals, `[..., min(M, N)]`."""
        return self._diag_part()

    def trace(self, name: str = "trace") -> Any:
        """The sums of the main diagonals."""
        return _math.reduce_sum(self.diag_part(), -1)

    # ------------------------------------------------------------------------------------------------------------ inverse
    def _needs(self, method: str, square: bool = True) -> None:
        if self.is_non_singular is False and method in ("solve", "inverse"):
            raise NotImplementedError(f"{method}: the operator {self.name!r} is known to be singular.")
        if square and self.is_square is False:
            raise NotImplementedError(
                f"{method}: the operator {self.name!r} of shape {self.shape} is not square."
            )

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        rhs = _linalg.adjoint(rhs) if adjoint_arg else rhs
        dense = self._to_dense()
        if self.is_positive_definite and self.is_self_adjoint:
            return _linalg.cholesky_solve(*_broadcast(_linalg.cholesky(dense), rhs))
        return _linalg.solve(*_broadcast(dense, rhs), adjoint=adjoint)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """The matrices X with `self @ X = rhs`.

        Raises:
          NotImplementedError: the operator is known to be singular, or not square.
        """
        self._needs("solve")
        if isinstance(rhs, LinearOperator):
            inverse = self.inverse()
            return (inverse.adjoint() if adjoint else inverse).matmul(rhs, adjoint_arg=adjoint_arg)
        rhs = self._argument(rhs)
        self._check_inner(self.range_dimension, rhs.shape[-1 if adjoint_arg else -2], "`rhs`")
        return self._solve(rhs, adjoint, adjoint_arg)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Any:
        """The vectors x with `self @ x = rhs`."""
        rhs = self._argument(rhs)
        return _array.squeeze(self.solve(rhs[..., None], adjoint), -1)

    def _adjoint(self) -> LinearOperator:
        from .composed import LinearOperatorAdjoint

        return LinearOperatorAdjoint(self)

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The operator of the conjugate transpose."""
        return self if self.is_self_adjoint else self._adjoint()

    @property
    def H(self) -> LinearOperator:
        return self.adjoint()

    def _inverse(self) -> LinearOperator:
        from .composed import LinearOperatorInversion

        return LinearOperatorInversion(self)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The operator of the inverse matrices.

        Raises:
          ValueError: the operator is known not to be square or to be singular.
        """
        if self.is_square is False or self.is_non_singular is False:
            raise ValueError(
                f"Cannot take the inverse: the operator {self.name!r} is singular, or not square."
            )
        return self._inverse()

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """The operator of the lower triangular matrices L with `L @ L.H` this one.

        Raises:
          ValueError: it is not known to be positive definite and self-adjoint.
        """
        if not (self.is_positive_definite and self.is_self_adjoint):
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint matrix."
            )
        return self._cholesky()

    def _cholesky(self) -> LinearOperator:
        from .matrices import LinearOperatorLowerTriangular

        return LinearOperatorLowerTriangular(
            _linalg.cholesky(self._to_dense()), is_non_singular=True, is_square=True
        )

    # -------------------------------------------------------------------------------------------------------- determinants
    def _determinant(self) -> Any:
        if (
            type(self)._log_abs_determinant is not LinearOperator._log_abs_determinant
            and self.is_positive_definite
        ):
            return _math.exp(self._log_abs_determinant())
        return _linalg.det(self._to_dense())

    def determinant(self, name: str = "det") -> Any:
        """The determinants.

        Raises:
          NotImplementedError: the operator is known not to be square.
        """
        self._needs("determinant")
        return self._determinant()

    def _log_abs_determinant(self) -> Any:
        return _linalg.slogdet(self._to_dense())[1]

    def log_abs_determinant(self, name: str = "log_abs_det") -> Any:
        """The logarithms of the determinants' absolute values."""
        self._needs("log_abs_determinant")
        return self._log_abs_determinant()

    def _eigvals(self) -> Any:
        return _linalg.eigvalsh(self._to_dense())

    def eigvals(self, name: str = "eigvals") -> Any:
        """The eigenvalues, of operators known to be self-adjoint.

        Raises:
          NotImplementedError: the operator is not known to be self-adjoint.
        """
        if not self.is_self_adjoint:
            raise NotImplementedError(
                "Only self-adjoint matrices are supported. Use tf.linalg.eigvals(operator.to_dense())."
            )
        return self._eigvals()

    def cond(self, name: str = "cond") -> Any:
        """The condition numbers: of the largest singular value to the smallest."""
        values = (
            _math.abs(self._eigvals())
            if self.is_self_adjoint
            else _linalg.svd(self._to_dense(), compute_uv=False)
        )
        return _math.reduce_max(values, -1) / _math.reduce_min(values, -1)

    # --------------------------------------------------------------------------------------------------------- assertions
    def assert_non_singular(self, name: str = "assert_non_singular") -> Any:
        """Raises InvalidArgumentError unless the matrices are invertible, up to the precision of their type."""
        limit = 1 / np.finfo(self.dtype.real_dtype.as_numpy_dtype).eps
        return Assert(
            _math.reduce_all(self.cond() < np.asarray(limit, self.dtype.real_dtype.as_numpy_dtype)),
            ["Singular matrix up to precision epsilon."],
        )

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Any:
        """Raises InvalidArgumentError unless the matrices equal their conjugate transposes."""
        dense = self._to_dense()
        return Assert(
            _math.reduce_all(_math.equal(dense, _linalg.adjoint(dense))),
            ["Matrix was not equal to its adjoint."],
        )

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Any:
        """Raises InvalidArgumentError unless `x.H @ self @ x` is positive for all vectors x but 0.

        Raises:
          NotImplementedError: the operator is not known to be self-adjoint.
        """
        if not self.is_self_adjoint:
            raise NotImplementedError(
                "assert_positive_definite: only operators known to be self-adjoint are supported."
            )
        values = self._eigvals()
        return Assert(_math.reduce_all(_math.real(values) > 0), ["Operator was not positive definite."])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r} shape={self.shape} dtype={getattr(self.dtype, 'name', None)}>"


def _broadcast(matrix: Any, rhs: Any) -> tuple[Any, Any]:
    """Both with the batch shape that they have together: solvers do not broadcast."""
    if (
        matrix.shape.rank is not None
        and rhs.shape.rank is not None
        and matrix.shape[:-2].as_list() == rhs.shape[:-2].as_list()
    ):
        return matrix, rhs
    a, b = _array.shape(matrix), _array.shape(rhs)
    batch = _array.broadcast_dynamic_shape(a[:-2], b[:-2])
    return (
        _array.broadcast_to(matrix, _array.concat([batch, a[-2:]], 0)),
        _array.broadcast_to(rhs, _array.concat([batch, b[-2:]], 0)),
    )


def same_type(operators: Any) -> Any:
    """The type that all operators have.

    Raises:
      TypeError: they have several.
      ValueError: there are none.
    """
    if not operators:
        raise ValueError("Expected a list of one operator at least. Received none.")
    kinds = {op.dtype for op in operators if op.dtype is not None}
    if len(kinds) > 1:
        raise TypeError(
            f"Expected operators of one dtype. Received: {[(op.name, op.dtype) for op in operators]}."
        )
    return kinds.pop() if kinds else None
