"""Matrices with a structure: permutations, reflections, three diagonals, equal diagonals, circulant matrices."""

from __future__ import annotations

from typing import Any

from headrace.api import array as _array
from headrace.api import linalg as _linalg
from headrace.api import math as _math
from headrace.api import signal as _signal
from headrace.core import convert, dtypes
from headrace.core.dtypes import as_dtype
from headrace.core.shapes import TensorShape

from .base import LinearOperator
from .matrices import _conversion, _turn, assert_positive


class LinearOperatorPermutation(LinearOperator):
    """The matrix that puts in row i the element at `perm[i]`.

    >>> import headrace as tf
    >>> tf.linalg.LinearOperatorPermutation([2, 0, 1]).matvec([5.0, 6.0, 7.0]).numpy().tolist()
    [7.0, 5.0, 6.0]
    """

    def __init__(
        self,
        perm: Any,
        dtype: Any = dtypes.float32,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorPermutation",
    ) -> None:
        self._perm = convert.to_tensor(perm)
        if not self._perm.dtype.is_integer:
            raise TypeError(f"Argument `perm` must be of integers. Received: {self._perm.dtype.name}.")
        if is_non_singular is False or is_square is False:
            raise ValueError("A Permutation operator is always non-singular and square.")
        super().__init__(
            dtype,
            None,
            True,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
            {"perm": perm, "dtype": dtype},
        )

    @property
    def perm(self) -> Any:
        return self._perm

    def _shape(self) -> TensorShape:
        return self._perm.shape.concatenate(self._perm.shape[-1:])

    def _shape_tensor(self) -> Any:
        shape = _array.shape(self._perm)
        return _array.concat([shape, shape[-1:]], 0)

    def _to_dense(self) -> Any:
        return _array.one_hot(
            self._perm,
            self._perm.shape[-1] or _array.shape(self._perm)[-1],
            dtype=self.dtype,
        )

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = _turn(x, adjoint_arg)
        if self._perm.shape.rank == 1:
            order = _array.argsort(self._perm) if adjoint else self._perm
            return _array.gather(x, order, axis=-2)
        return _linalg.matmul(self._to_dense(), x, adjoint_a=adjoint)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, not adjoint, adjoint_arg)

    def _log_abs_determinant(self) -> Any:
        return _array.zeros(self.batch_shape_tensor(), self.dtype)

    def _inverse(self) -> LinearOperator:
        return LinearOperatorPermutation(_array.argsort(self._perm), self.dtype)

    _adjoint = _inverse


class LinearOperatorHouseholder(LinearOperator):
    """The reflection at the plane through 0 that `reflection_axis` is perpendicular to.

    >>> import headrace as tf
    >>> tf.linalg.LinearOperatorHouseholder([1.0, 0.0]).matvec([3.0, 4.0]).numpy().tolist()
    [-3.0, 4.0]
    """

    def __init__(
        self,
        reflection_axis: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorHouseholder",
    ) -> None:
        self._axis = convert.to_tensor(reflection_axis)
        if is_self_adjoint is False or is_non_singular is False or is_square is False or is_positive_definite:
            raise ValueError(
                "A Householder operator is always square, self-adjoint, non-singular and not positive definite."
            )
        super().__init__(
            self._axis.dtype, None, True, True, False, True, name, {"reflection_axis": reflection_axis}
        )

    @property
    def reflection_axis(self) -> Any:
        return self._axis

    def _shape(self) -> TensorShape:
        return self._axis.shape.concatenate(self._axis.shape[-1:])

    def _shape_tensor(self) -> Any:
        shape = _array.shape(self._axis)
        return _array.concat([shape, shape[-1:]], 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = _turn(x, adjoint_arg)
        axis = _math.l2_normalize(self._axis, -1)[..., None]
        return x - 2 * axis * _linalg.matmul(axis, x, adjoint_a=True)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def _determinant(self) -> Any:
        return -_array.ones(self.batch_shape_tensor(), self.dtype)

    def _log_abs_determinant(self) -> Any:
        return _array.zeros(self.batch_shape_tensor(), self.dtype)

    def _inverse(self) -> LinearOperator:
        return self


class LinearOperatorTridiag(LinearOperator):
    """A matrix with three diagonals.

    Args:
      diagonals: `[..., 3, N]` (upper, main, lower) if "compact", a list of the three if "sequence", the matrix if "matrix".
      diagonals_format: one of these. The upper diagonal's last element and the lower one's first do not count.
    """

    def __init__(
        self,
        diagonals: Any,
        diagonals_format: str = "compact",
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorTridiag",
    ) -> None:
        if diagonals_format not in ("compact", "sequence", "matrix"):
            raise ValueError(
                f'Expected diagonals_format "compact", "sequence" or "matrix". Received: {diagonals_format!r}.'
            )
        if is_square is False:
            raise ValueError("Only square tridiagonal operators are supported.")
        self._format = diagonals_format
        if diagonals_format == "sequence":
            self._diagonals: Any = [convert.to_tensor(d) for d in diagonals]
            compact = _array.stack(_together(self._diagonals), -2)
        elif diagonals_format == "matrix":
            self._diagonals = convert.to_tensor(diagonals)
            compact = _linalg.diag_part(self._diagonals, k=(-1, 1), align="LEFT_RIGHT")
        else:
            self._diagonals = compact = convert.to_tensor(diagonals)
        self._compact = compact
        super().__init__(
            compact.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
            {"diagonals": diagonals, "diagonals_format": diagonals_format},
        )

    @property
    def diagonals(self) -> Any:
        return self._diagonals

    @property
    def diagonals_format(self) -> str:
        return self._format

    def _shape(self) -> TensorShape:
        shape = self._compact.shape
        return shape[:-2].concatenate([shape[-1], shape[-1]])

    def _shape_tensor(self) -> Any:
        shape = _array.shape(self._compact)
        return _array.concat([shape[:-2], shape[-1:], shape[-1:]], 0)

    def _to_dense(self) -> Any:
        return _linalg.diag(self._compact, k=(-1, 1), align="LEFT_RIGHT")

    def _diag_part(self) -> Any:
        return self._compact[..., 1, :]

    def _parts(self, adjoint: bool) -> Any:
        upper, main, lower = (self._compact[..., i, :] for i in range(3))
        if adjoint:
            upper, main, lower = (
                _math.conj(_array.roll(lower, -1, -1)),
                _math.conj(main),
                _math.conj(_array.roll(upper, 1, -1)),
            )
        return _array.stack([upper, main, lower], -2)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = _turn(x, adjoint_arg)
        upper, main, lower = (self._parts(adjoint)[..., i, :, None] for i in range(3))
        none = _array.zeros_like(x[..., :1, :])
        below, above = (_array.concat(p, -2) for p in ([x[..., 1:, :], none], [none, x[..., :-1, :]]))
        return upper * below + main * x + lower * above

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        rhs = _turn(rhs, adjoint_arg)
        parts = self._parts(adjoint)
        batch = _array.broadcast_dynamic_shape(_array.shape(parts)[:-2], _array.shape(rhs)[:-2])
        parts, rhs = (
            _array.broadcast_to(t, _array.concat([batch, _array.shape(t)[-2:]], 0)) for t in (parts, rhs)
        )
        return _linalg.tridiagonal_solve(parts, rhs)


def _together(tensors: Any) -> list[Any]:
    shape = _array.shape(tensors[0])
    for t in tensors[1:]:
        shape = _array.broadcast_dynamic_shape(shape, _array.shape(t))
    return [_array.broadcast_to(t, shape) for t in tensors]


class LinearOperatorToeplitz(LinearOperator):
    """A matrix whose diagonals have equal elements.

    Args:
      col, row: the first column and the first row; their first elements are the same.

    >>> import headrace as tf
    >>> tf.linalg.LinearOperatorToeplitz([1.0, 2.0], [1.0, 3.0]).to_dense().numpy().tolist()
    [[1.0, 3.0], [2.0, 1.0]]
    """

    def __init__(
        self,
        col: Any,
        row: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorToeplitz",
    ) -> None:
        self._col, self._row = _together([convert.to_tensor(col), convert.to_tensor(row)])
        if is_square is False:
            raise ValueError("Only square Toeplitz operators are supported.")
        super().__init__(
            self._col.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
            {"col": col, "row": row},
        )

    @property
    def col(self) -> Any:
        return self._col

    @property
    def row(self) -> Any:
        return self._row

    def _shape(self) -> TensorShape:
        return self._col.shape.concatenate(self._col.shape[-1:])

    def _shape_tensor(self) -> Any:
        shape = _array.shape(self._col)
        return _array.concat([shape, shape[-1:]], 0)

    def _to_dense(self) -> Any:
        n = _array.shape(self._col)[-1]
        elements = _array.concat([self._col, _array.reverse(self._row[..., 1:], [-1])], -1)
        places = _math.floormod(_math.range(n)[:, None] - _math.range(n)[None], _math.maximum(2 * n - 1, 1))
        return _array.gather(elements, places, axis=-1)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return _linalg.matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _diag_part(self) -> Any:
        return self._col[..., :1] * _array.ones([_array.shape(self._col)[-1]], self.dtype)


class _Circulant(LinearOperator):
    """Matrices that the Fourier transform over `_depth` dimensions makes diagonal: `spectrum` is that diagonal."""

    _depth = 1

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = dtypes.complex64,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: str | None = None,
    ) -> None:
        spectrum = convert.to_tensor(spectrum)
        if spectrum.shape.rank is None or spectrum.shape.rank < self._depth:
            raise ValueError(
                f"Argument `spectrum` must have at least {self._depth} dimensions. Received: {spectrum!r}."
            )
        kind = as_dtype(input_output_dtype)
        self._given = spectrum
        if is_square is False:
            raise ValueError("A circulant operator is always square.")
        if not spectrum.dtype.is_complex:
            is_self_adjoint = True if is_self_adjoint is None else is_self_adjoint
            spectrum = _math.cast(
                spectrum, dtypes.complex128 if spectrum.dtype == dtypes.float64 else dtypes.complex64
            )
        self._spectrum = spectrum
        super().__init__(
            kind,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name or type(self).__name__,
            {"spectrum": spectrum, "input_output_dtype": input_output_dtype},
        )

    @property
    def spectrum(self) -> Any:
        return self._given

    @property
    def block_depth(self) -> int:
        """Over how many dimensions the transform goes."""
        return self._depth

    @property
    def block_shape(self) -> TensorShape:
        return self._spectrum.shape[-self._depth :]

    def block_shape_tensor(self) -> Any:
        return _array.shape(self._spectrum)[-self._depth :]

    def _shape(self) -> TensorShape:
        n = self.block_shape.num_elements()
        return self._spectrum.shape[: -self._depth].concatenate([n, n])

    def _shape_tensor(self) -> Any:
        n = _math.reduce_prod(self.block_shape_tensor())
        return _array.concat([_array.shape(self._spectrum)[: -self._depth], [n, n]], 0)

    def _transform(self, x: Any, factor: Any) -> Any:
        """The columns of `x` transformed, multiplied, and transformed back."""
        rows = _math.cast(_linalg.matrix_transpose(x), self._spectrum.dtype)
        lead = _array.shape(rows)[:-1]
        blocks = _array.reshape(rows, _array.concat([lead, self.block_shape_tensor()], 0))
        there, back = (
            (_signal.fft, _signal.ifft),
            (_signal.fft2d, _signal.ifft2d),
            (_signal.fft3d, _signal.ifft3d),
        )[self._depth - 1]
        factor = _array.expand_dims(factor, -self._depth - 1)
        out = back(there(blocks) * factor)
        shape = _array.shape(out)
        out = _array.reshape(out, _array.concat([shape[: -self._depth], [-1]], 0))
        return _linalg.matrix_transpose(_narrow(out, self.dtype))

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._transform(
            _turn(x, adjoint_arg), _math.conj(self._spectrum) if adjoint else self._spectrum
        )

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        spectrum = _math.conj(self._spectrum) if adjoint else self._spectrum
        return self._transform(_turn(rhs, adjoint_arg), 1 / spectrum)

    def _all(self) -> Any:
        return list(range(-self._depth, 0))

    def _determinant(self) -> Any:
        return _narrow(_math.reduce_prod(self._spectrum, self._all()), self.dtype)

    def _log_abs_determinant(self) -> Any:
        total = _math.reduce_sum(_math.log(_math.abs(self._spectrum)), self._all())
        return _conversion(total, self.dtype)

    def _eigvals(self) -> Any:
        flat = _array.concat([_array.shape(self._spectrum)[: -self._depth], [-1]], 0)
        return _array.reshape(self._given, flat)

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Any:
        """Raises InvalidArgumentError unless the spectrum's real parts are positive."""
        return assert_positive(_math.real(self._spectrum))

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Any:
        """Raises InvalidArgumentError unless the spectrum is real."""
        from headrace.api.assertions import Assert

        real = _math.reduce_all(_math.equal(_math.imag(self._spectrum), 0))
        return Assert(real, ["Spectrum was not real: the matrix is not self-adjoint."])

    def _diag_part(self) -> Any:
        first = _narrow(_math.reduce_mean(self._spectrum, self._all()), self.dtype)
        return first[..., None] * _array.ones([self.domain_dimension_tensor()], self.dtype)

    def convolution_kernel(self, name: str = "convolution_kernel") -> Any:
        """The first column, as a block: what this operator convolves with."""
        back = (_signal.ifft, _signal.ifft2d, _signal.ifft3d)[self._depth - 1]
        return _narrow(back(self._spectrum), self.dtype)

    def assert_hermitian_spectrum(self, name: str = "assert_hermitian_spectrum") -> Any:
        """Raises InvalidArgumentError unless the matrices are real."""
        from headrace.api.assertions import Assert

        kernel = (_signal.ifft, _signal.ifft2d, _signal.ifft3d)[self._depth - 1](self._spectrum)
        return Assert(_math.reduce_all(_math.abs(_math.imag(kernel)) < 1e-5), ["Spectrum was not Hermitian."])

    def _inverse(self) -> LinearOperator:
        return type(self)(1 / self._spectrum, self.dtype, *self._hints[:3])

    def _adjoint(self) -> LinearOperator:
        return type(self)(_math.conj(self._spectrum), self.dtype, *self._hints[:3])


def _narrow(x: Any, dtype: Any) -> Any:
    """Complex numbers as `dtype`: their real parts if that is not complex."""
    if x.dtype.is_complex and not dtype.is_complex:
        x = _math.real(x)
    return _conversion(x, dtype)


class LinearOperatorCirculant(_Circulant):
    """A circulant matrix: convolution with a kernel, of which `spectrum` is the Fourier transform.

    >>> import headrace as tf
    >>> tf.linalg.LinearOperatorCirculant([6.0, 0.0, 0.0], tf.float32).to_dense().numpy().round(3).tolist()
    [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
    """


class LinearOperatorCirculant2D(_Circulant):
    """A block circulant matrix: convolution in two dimensions."""

    _depth = 2


class LinearOperatorCirculant3D(_Circulant):
    """A block circulant matrix: convolution in three dimensions."""

    _depth = 3
