"""Operators made of others: adjoints, inverses, products, blocks, Kronecker products, updates of low rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.api import array as _array
from headrace.api import linalg as _linalg
from headrace.api import math as _math
from headrace.core import convert
from headrace.core.shapes import TensorShape

from .base import LinearOperator, same_type
from .matrices import LinearOperatorDiag, LinearOperatorIdentity, LinearOperatorZeros, _turn


def product(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    """The operator of the product, as simple as it gets."""
    if isinstance(left, LinearOperatorIdentity):
        return right
    if isinstance(right, LinearOperatorIdentity):
        return left
    if isinstance(left, LinearOperatorDiag) and isinstance(right, LinearOperatorDiag):
        both = left.is_non_singular and right.is_non_singular
        return LinearOperatorDiag(left.diag * right.diag, is_non_singular=both or None)
    if isinstance(left, LinearOperatorZeros):
        return left
    if _is_adjoint_of(left, right):
        definite = True if left.is_non_singular else None
        return LinearOperatorComposition([left, right], is_self_adjoint=True, is_positive_definite=definite)
    return LinearOperatorComposition([left, right])


def _is_adjoint_of(left: LinearOperator, right: LinearOperator) -> bool:
    """Whether one of them is known to be the adjoint of the other."""
    return (
        (left is right and bool(left.is_self_adjoint))
        or (isinstance(right, LinearOperatorAdjoint) and right.operator is left)
        or (isinstance(left, LinearOperatorAdjoint) and left.operator is right)
    )


def _all_hints(operators: Sequence[LinearOperator], hint: str, given: bool | None) -> bool | None:
    """A hint that holds for an operator if it holds for all its parts."""
    return True if given is None and all(getattr(o, hint) for o in operators) else given


def _batch(operators: Sequence[LinearOperator]) -> TensorShape:
    from headrace.api.making import broadcast_static_shape

    shape = operators[0].batch_shape
    for o in operators[1:]:
        shape = broadcast_static_shape(shape, o.batch_shape)
    return shape


def _batch_tensor(operators: Sequence[LinearOperator]) -> Any:
    shape = operators[0].batch_shape_tensor()
    for o in operators[1:]:
        shape = _array.broadcast_dynamic_shape(shape, o.batch_shape_tensor())
    return shape


def _times(values: Sequence[Any], join: Callable[[Any, Any], Any]) -> Any:
    total = values[0]
    for v in values[1:]:
        total = join(total, v)
    return total


class LinearOperatorAdjoint(LinearOperator):
    """The conjugate transpose of an operator."""

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str | None = None,
    ) -> None:
        self._operator = operator
        hints: Any = [
            own if own is not None else given
            for own, given in zip(
                operator._hints, (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
            )
        ]
        super().__init__(  # type: ignore[misc]
            operator.dtype,
            None,
            *hints,
            name=name or f"{operator.name}_adjoint",
            parameters={"operator": operator},
        )

    @property
    def operator(self) -> LinearOperator:
        return self._operator

    def _shape(self) -> TensorShape:
        shape = self._operator.shape
        return shape if shape.rank is None else shape[:-2].concatenate([shape[-1], shape[-2]])

    def _shape_tensor(self) -> Any:
        shape = self._operator.shape_tensor()
        return _array.concat([shape[:-2], shape[-1:], shape[-2:-1]], 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.matmul(x, not adjoint, adjoint_arg)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.solve(rhs, not adjoint, adjoint_arg)

    def _to_dense(self) -> Any:
        return _linalg.adjoint(self._operator.to_dense())

    def _determinant(self) -> Any:
        return _math.conj(self._operator.determinant())

    def _log_abs_determinant(self) -> Any:
        return self._operator.log_abs_determinant()

    def _diag_part(self) -> Any:
        return _math.conj(self._operator.diag_part())

    def _adjoint(self) -> LinearOperator:
        return self._operator


class LinearOperatorInversion(LinearOperator):
    """The inverse of an operator."""

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str | None = None,
    ) -> None:
        if operator.is_non_singular is False or is_non_singular is False:
            raise ValueError("An inverse is always non-singular.")
        self._operator = operator
        self_adjoint = operator.is_self_adjoint if is_self_adjoint is None else is_self_adjoint
        positive = operator.is_positive_definite if is_positive_definite is None else is_positive_definite
        super().__init__(
            operator.dtype,
            None,
            True,
            self_adjoint,
            positive,
            True,
            name or f"{operator.name}_inv",
            {"operator": operator},
        )

    @property
    def operator(self) -> LinearOperator:
        return self._operator

    def _shape(self) -> TensorShape:
        return self._operator.shape

    def _shape_tensor(self) -> Any:
        return self._operator.shape_tensor()

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.solve(x, adjoint, adjoint_arg)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.matmul(rhs, adjoint, adjoint_arg)

    def _determinant(self) -> Any:
        return 1 / self._operator.determinant()

    def _log_abs_determinant(self) -> Any:
        return -self._operator.log_abs_determinant()

    def _eigvals(self) -> Any:
        return 1 / self._operator.eigvals()

    def _inverse(self) -> LinearOperator:
        return self._operator


class _Several(LinearOperator):
    """An operator made of several."""

    def __init__(self, operators: Sequence[LinearOperator], hints: Any, name: str | None, joint: str) -> None:
        self._operators = list(operators)
        dtype = same_type(self._operators)
        super().__init__(  # type: ignore[misc]
            dtype,
            None,
            *hints,
            name=name or joint.join(o.name for o in self._operators),
            parameters={"operators": operators},
        )

    @property
    def operators(self) -> list[LinearOperator]:
        return self._operators


class LinearOperatorComposition(_Several):
    """The product of operators: the last one is applied first.

    >>> import headrace as tf
    >>> a = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
    >>> (a @ tf.linalg.LinearOperatorDiag([1.0, 10.0])).to_dense().numpy().tolist()
    [[1.0, 20.0], [3.0, 40.0]]
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str | None = None,
    ) -> None:
        same_type(operators)
        square = all(o.is_square for o in operators)
        non_singular = (
            _all_hints(operators, "is_non_singular", is_non_singular) if square else is_non_singular
        )
        super().__init__(
            operators, (non_singular, is_self_adjoint, is_positive_definite, is_square), name, "_o_"
        )
        for a, b in zip(self._operators, self._operators[1:]):
            if (
                None not in (a.domain_dimension, b.range_dimension)
                and a.domain_dimension != b.range_dimension
            ):
                raise ValueError(f"Operators of shapes {a.shape} and {b.shape} cannot be multiplied.")

    def _shape(self) -> TensorShape:
        return _batch(self._operators).concatenate(
            [self._operators[0].range_dimension, self._operators[-1].domain_dimension]
        )

    def _shape_tensor(self) -> Any:
        ends = [self._operators[0].range_dimension_tensor(), self._operators[-1].domain_dimension_tensor()]
        return _array.concat([_batch_tensor(self._operators), ends], 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = _turn(x, adjoint_arg)
        for o in self._operators if adjoint else reversed(self._operators):
            x = o.matmul(x, adjoint)
        return x

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        rhs = _turn(rhs, adjoint_arg)
        for o in reversed(self._operators) if adjoint else self._operators:
            rhs = o.solve(rhs, adjoint)
        return rhs

    def _determinant(self) -> Any:
        if not all(o.is_square for o in self._operators):
            return super()._determinant()
        return _times([o.determinant() for o in self._operators], _math.multiply)

    def _log_abs_determinant(self) -> Any:
        if not all(o.is_square for o in self._operators):
            return super()._log_abs_determinant()
        return _times([o.log_abs_determinant() for o in self._operators], _math.add)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorComposition([o.adjoint() for o in reversed(self._operators)])

    def _inverse(self) -> LinearOperator:
        if not all(o.is_square for o in self._operators):
            return super()._inverse()
        return LinearOperatorComposition([o.inverse() for o in reversed(self._operators)])


class LinearOperatorKronecker(_Several):
    """The Kronecker product of operators.

    >>> import headrace as tf
    >>> a, b = (tf.linalg.LinearOperatorDiag(d) for d in ([1.0, 2.0], [3.0, 4.0]))
    >>> tf.linalg.LinearOperatorKronecker([a, b]).diag_part().numpy().tolist()
    [3.0, 4.0, 6.0, 8.0]
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str | None = None,
    ) -> None:
        same_type(operators)
        hints: Any = [
            _all_hints(operators, h, g)
            for h, g in (
                ("is_non_singular", is_non_singular),
                ("is_self_adjoint", is_self_adjoint),
                ("is_positive_definite", is_positive_definite),
                ("is_square", is_square),
            )
        ]
        super().__init__(operators, hints, name, "_x_")

    def _shape(self) -> TensorShape:
        sizes: list[int | None] = [1, 1]
        for o in self._operators:
            for i, d in enumerate((o.range_dimension, o.domain_dimension)):
                known = sizes[i]
                sizes[i] = None if known is None or d is None else known * d
        return _batch(self._operators).concatenate(sizes)

    def _shape_tensor(self) -> Any:
        rows = _times([o.range_dimension_tensor() for o in self._operators], _math.multiply)
        columns = _times([o.domain_dimension_tensor() for o in self._operators], _math.multiply)
        return _array.concat([_batch_tensor(self._operators), [rows, columns]], 0)

    def _apply(self, x: Any, each: Callable[[Any, Any], Any], sizes: Sequence[Any]) -> Any:
        """Each operator on its own dimension of the rows of `x`: the last one on the fastest."""
        for o, size in zip(reversed(self._operators), reversed(sizes)):
            shape = _array.shape(x)
            lead, rows, columns = shape[:-2], shape[-2], shape[-1]
            blocks = _array.reshape(x, _array.concat([lead, [rows // size, size, columns]], 0))
            done = each(o, blocks) if o.batch_shape.rank == 0 else each(_Raised(o), blocks)
            # The dimension that is done becomes the slowest of the rows; after all of them the order is the first again.
            done = _swap(done)
            x = _array.reshape(done, _array.concat([_array.shape(done)[:-3], [-1, columns]], 0))
        return x

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = _turn(x, adjoint_arg)
        sizes = [
            o.range_dimension_tensor() if adjoint else o.domain_dimension_tensor() for o in self._operators
        ]
        return self._apply(x, lambda o, b: o.matmul(b, adjoint), sizes)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        sizes = [o.range_dimension_tensor() for o in self._operators]
        return self._apply(_turn(rhs, adjoint_arg), lambda o, b: o.solve(b, adjoint), sizes)

    def _powers(self) -> list[Any]:
        """How often each operator's determinant counts."""
        total = self.domain_dimension_tensor()
        return [total // o.domain_dimension_tensor() for o in self._operators]

    def _determinant(self) -> Any:
        parts = [
            _math.pow(o.determinant(), _math.cast(p, self.dtype))
            for o, p in zip(self._operators, self._powers())
        ]
        return _times(parts, _math.multiply)

    def _log_abs_determinant(self) -> Any:
        parts = [
            o.log_abs_determinant() * _math.cast(p, self.dtype)
            for o, p in zip(self._operators, self._powers())
        ]
        return _times(parts, _math.add)

    def _diag_part(self) -> Any:
        if not all(o.is_square for o in self._operators):
            return super()._diag_part()

        def join(a: Any, b: Any) -> Any:
            both = a[..., :, None] * b[..., None, :]
            return _array.reshape(both, _array.concat([_array.shape(both)[:-2], [-1]], 0))

        return _times([o.diag_part() for o in self._operators], join)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorKronecker([o.adjoint() for o in self._operators])

    def _inverse(self) -> LinearOperator:
        return LinearOperatorKronecker([o.inverse() for o in self._operators])


def _swap(blocks: Any) -> Any:
    """`[..., a, b, c]` as `[..., b, a, c]`."""
    rank = blocks.shape.rank
    return _array.transpose(blocks, [*range(rank - 3), rank - 2, rank - 3, rank - 1])


class _Raised:
    """An operator with a batch dimension of 1 more, right before its matrices."""

    def __init__(self, operator: LinearOperator) -> None:
        self._dense = operator.to_dense()[..., None, :, :]

    def matmul(self, x: Any, adjoint: bool = False) -> Any:
        return _linalg.matmul(self._dense, x, adjoint_a=adjoint)

    def solve(self, rhs: Any, adjoint: bool = False) -> Any:
        from .base import _broadcast

        return _linalg.solve(*_broadcast(self._dense, rhs), adjoint=adjoint)


class LinearOperatorLowRankUpdate(LinearOperator):
    """`base_operator + u @ diag(diag_update) @ v.H`, solved by way of the small matrix (Woodbury, 1950).

    Args:
      u: `[..., M, K]`; `v`: `[..., N, K]`, `u` by default; `diag_update`: `[..., K]`, ones by default.
      is_diag_update_positive: whether the update's diagonal is known to be positive.

    >>> import headrace as tf
    >>> base = tf.linalg.LinearOperatorIdentity(2)
    >>> tf.linalg.LinearOperatorLowRankUpdate(base, u=[[1.0], [2.0]]).to_dense().numpy().tolist()
    [[2.0, 2.0], [2.0, 5.0]]
    """

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: Any = None,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorLowRankUpdate",
    ) -> None:
        self._base = base_operator
        self._u = convert.to_tensor(u)
        self._v = self._u if v is None else convert.to_tensor(v)
        self._diag = None if diag_update is None else convert.to_tensor(diag_update)
        positive = is_diag_update_positive if diag_update is not None else True
        self._positive = positive
        if v is None:
            real = self._diag is None or not self._diag.dtype.is_complex
            if base_operator.is_self_adjoint and real and is_self_adjoint is None:
                is_self_adjoint = True
            if base_operator.is_positive_definite and positive and is_positive_definite is None:
                is_positive_definite = True
        super().__init__(
            base_operator.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            base_operator.is_square if is_square is None else is_square,
            name,
            {"base_operator": base_operator, "u": u, "diag_update": diag_update, "v": v},
        )

    base_operator = property(lambda self: self._base)
    u = property(lambda self: self._u)
    v = property(lambda self: self._v)
    diag_update = property(lambda self: self._diag)
    is_diag_update_positive = property(lambda self: self._positive)

    @property
    def diag_operator(self) -> LinearOperator:
        """The operator of the update's diagonal."""
        if self._diag is None:
            return LinearOperatorIdentity(self._u.shape[-1] or _array.shape(self._u)[-1], dtype=self.dtype)
        return LinearOperatorDiag(self._diag, is_positive_definite=self._positive)

    def _shape(self) -> TensorShape:
        from headrace.api.making import broadcast_static_shape

        batch = broadcast_static_shape(self._base.batch_shape, self._u.shape[:-2])
        return batch.concatenate(self._base.shape[-2:])

    def _shape_tensor(self) -> Any:
        batch = _array.broadcast_dynamic_shape(self._base.batch_shape_tensor(), _array.shape(self._u)[:-2])
        return _array.concat([batch, self._base.shape_tensor()[-2:]], 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = _turn(x, adjoint_arg)
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        inner = self.diag_operator.matmul(_linalg.matmul(right, x, adjoint_a=True), adjoint)
        return self._base.matmul(x, adjoint) + _linalg.matmul(left, inner)

    def _capacitance(self) -> Any:
        """`inverse(D) + v.H @ inverse(base) @ u`: the small matrix."""
        return self.diag_operator.inverse().to_dense() + _linalg.matmul(
            self._v, self._base.solve(self._u), adjoint_a=True
        )

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        from .base import _broadcast

        rhs = _turn(rhs, adjoint_arg)
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        first = self._base.solve(rhs, adjoint)
        small = _linalg.solve(
            *_broadcast(self._capacitance(), _linalg.matmul(right, first, adjoint_a=True)), adjoint=adjoint
        )
        return first - self._base.solve(_linalg.matmul(left, small), adjoint)

    def _determinant(self) -> Any:
        return _linalg.det(self._capacitance()) * self.diag_operator.determinant() * self._base.determinant()

    def _log_abs_determinant(self) -> Any:
        return (
            _linalg.slogdet(self._capacitance())[1]
            + self.diag_operator.log_abs_determinant()
            + self._base.log_abs_determinant()
        )
