"""Operators as the blocks of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.api import array as _array
from headrace.api import linalg as _linalg
from headrace.api import math as _math
from headrace.core.shapes import TensorShape

from .base import LinearOperator, same_type
from .composed import _all_hints, _batch, _batch_tensor, _Several, _times
from .matrices import _turn


class _Blocks(_Several):
    """Operators as blocks of a matrix; arguments may be lists of blocks, and then results are."""

    def _diagonal(self) -> list[LinearOperator]:
        raise NotImplementedError

    def _split(self, x: Any, sizes: list[Any]) -> list[Any]:
        return _array.split(x, sizes, axis=-2)

    def _each(
        self, x: Any, rows: list[Any], compute: Callable[[list[Any]], list[Any]], adjoint_arg: bool
    ) -> Any:
        if (
            isinstance(x, (list, tuple))
            and len(x) == len(rows)
            and not isinstance(x[0], (int, float, list, tuple))
        ):
            return compute([_turn(self._argument(b), adjoint_arg) for b in x])
        x = _turn(self._argument(x), adjoint_arg)
        return _array.concat(_same_batch(compute(self._split(x, rows))), -2)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """The product with matrices, with the list of their blocks, or with another operator."""
        if isinstance(x, LinearOperator):
            return super().matmul(x, adjoint, adjoint_arg)
        return self._matmul(x, adjoint, adjoint_arg)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """The solution for right-hand sides, or for the list of their blocks."""
        if isinstance(rhs, LinearOperator):
            return super().solve(rhs, adjoint, adjoint_arg)
        self._needs("solve")
        return self._solve(rhs, adjoint, adjoint_arg)

    def _sizes(self, name: str) -> list[Any]:
        static = [getattr(o, name) for o in self._diagonal()]
        return [getattr(o, name + "_tensor")() for o in self._diagonal()] if None in static else static

    def _shape(self) -> TensorShape:
        ends = []
        for name in ("range_dimension", "domain_dimension"):
            sizes = [getattr(o, name) for o in self._diagonal()]
            ends.append(None if None in sizes else sum(sizes))
        return _batch(self._operators).concatenate(ends)

    def _shape_tensor(self) -> Any:
        ends = [
            _times([getattr(o, n)() for o in self._diagonal()], _math.add)
            for n in ("range_dimension_tensor", "domain_dimension_tensor")
        ]
        return _array.concat([_batch_tensor(self._operators), ends], 0)

    def _determinant(self) -> Any:
        return _times([o.determinant() for o in self._diagonal()], _math.multiply)

    def _log_abs_determinant(self) -> Any:
        return _times([o.log_abs_determinant() for o in self._diagonal()], _math.add)

    def _diag_part(self) -> Any:
        if not all(o.is_square for o in self._diagonal()):
            return _linalg.diag_part(self._to_dense())
        return _array.concat(
            [p[..., 0] for p in _same_batch([o.diag_part()[..., None] for o in self._diagonal()])], -1
        )


def _same_batch(blocks: list[Any]) -> list[Any]:
    """Blocks with the batch shape that they have together."""
    if len({tuple(b.shape[:-2]) for b in blocks}) == 1:
        return blocks
    shape = _array.shape(blocks[0])[:-2]
    for b in blocks[1:]:
        shape = _array.broadcast_dynamic_shape(shape, _array.shape(b)[:-2])
    return [_array.broadcast_to(b, _array.concat([shape, _array.shape(b)[-2:]], 0)) for b in blocks]


class LinearOperatorBlockDiag(_Blocks):
    """Operators along the diagonal, zeros elsewhere.

    >>> import headrace as tf
    >>> a, b = (tf.linalg.LinearOperatorFullMatrix(m) for m in ([[1.0]], [[2.0, 3.0], [4.0, 5.0]]))
    >>> tf.linalg.LinearOperatorBlockDiag([a, b]).to_dense().numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 2.0, 3.0], [0.0, 4.0, 5.0]]
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: str | None = None,
    ) -> None:
        same_type(operators)
        hints: Any = [
            _all_hints(operators, h, g)
            for h, g in (
                ("is_non_singular", is_non_singular),
                ("is_self_adjoint", is_self_adjoint),
                ("is_positive_definite", is_positive_definite),
            )
        ]
        square = all(o.is_square for o in operators)
        super().__init__(operators, [*hints, is_square if square else None], name, "_ds_")

    def _diagonal(self) -> list[LinearOperator]:
        return self._operators

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        sizes = self._sizes("range_dimension" if adjoint else "domain_dimension")
        return self._each(
            x, sizes, lambda bs: [o.matmul(b, adjoint) for o, b in zip(self._operators, bs)], adjoint_arg
        )

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        sizes = self._sizes("range_dimension")
        return self._each(
            rhs, sizes, lambda bs: [o.solve(b, adjoint) for o, b in zip(self._operators, bs)], adjoint_arg
        )

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorBlockDiag([o.adjoint() for o in self._operators])

    def _inverse(self) -> LinearOperator:
        return LinearOperatorBlockDiag([o.inverse() for o in self._operators])

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorBlockDiag([o.cholesky() for o in self._operators])


class LinearOperatorBlockLowerTriangular(_Blocks):
    """Operators as the blocks on and below the diagonal; `operators` are the rows of blocks."""

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: str = "LinearOperatorBlockLowerTriangular",
    ) -> None:
        self._rows = [list(row) for row in operators]
        for i, row in enumerate(self._rows):
            if len(row) != i + 1:
                raise ValueError(f"Row {i} must have {i + 1} blocks. Received {len(row)}.")
        flat = [o for row in self._rows for o in row]
        non_singular = _all_hints([row[-1] for row in self._rows], "is_non_singular", is_non_singular)
        super().__init__(
            flat,
            (non_singular, is_self_adjoint, is_positive_definite, True if is_square is None else is_square),
            name,
            "_",
        )
        self._parameters = {"operators": operators}

    @property
    def operators(self) -> Any:
        return self._rows

    def _diagonal(self) -> list[LinearOperator]:
        return [row[-1] for row in self._rows]

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        n = len(self._rows)

        def compute(blocks: list[Any]) -> list[Any]:
            if adjoint:
                return [
                    _times([self._rows[i][j].matmul(blocks[i], True) for i in range(j, n)], _math.add)
                    for j in range(n)
                ]
            return [
                _times([self._rows[i][j].matmul(blocks[j]) for j in range(i + 1)], _math.add)
                for i in range(n)
            ]

        return self._each(
            x, self._sizes("range_dimension" if adjoint else "domain_dimension"), compute, adjoint_arg
        )

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        n = len(self._rows)

        def compute(blocks: list[Any]) -> list[Any]:
            found: dict[int, Any] = {}
            for i in reversed(range(n)) if adjoint else range(n):
                rest = blocks[i]
                for j in list(found):
                    rest = rest - (self._rows[j][i] if adjoint else self._rows[i][j]).matmul(
                        found[j], adjoint
                    )
                found[i] = self._rows[i][i].solve(rest, adjoint)
            return [found[i] for i in range(n)]

        return self._each(rhs, self._sizes("range_dimension"), compute, adjoint_arg)
