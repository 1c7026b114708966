"""One formula, two targets: the same Python expression computes on NumPy arrays (`HOST`) or writes StableHLO
(`Program(b)`).

For numerical recipes of which eager and compiled runs must give the same bits (random numbers), this keeps a
single text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType

FEW = 8  # blocks of random numbers up to which Python's integers beat NumPy's overhead
CHUNK = 1 << 14  # rows computed at once on the host, so that intermediate arrays stay in the cache


def _precise(function: Callable[..., Any]) -> Callable[..., Any]:
    """float32 results as the C library gives them (correctly rounded), which NumPy's vectorised float32 loops
    do not."""

    def f(x: Any) -> Any:
        x = np.asarray(x)
        return function(x.astype(np.float64)).astype(x.dtype) if x.dtype == np.float32 else function(x)

    return f


class Host:
    """Formulas on NumPy arrays."""

    log, log1p, sin, cos, exp = (
        staticmethod(_precise(f)) for f in (np.log, np.log1p, np.sin, np.cos, np.exp)
    )
    sqrt, floor, ceil, abs = (staticmethod(f) for f in (np.sqrt, np.floor, np.ceil, np.abs))
    where, power, maximum, minimum = (staticmethod(f) for f in (np.where, np.power, np.maximum, np.minimum))

    @staticmethod
    def lgamma(x: Any) -> Any:
        from scipy.special import gammaln

        return gammaln(x)

    @staticmethod
    def convert(x: Any, dtype: DType) -> Any:
        return np.asarray(x).astype(dtype._np)

    @staticmethod
    def constant(value: Any, dtype: DType) -> Any:
        return np.asarray(value, dtype._np)

    @staticmethod
    def full(shape: Sequence[int], value: Any, dtype: DType) -> Any:
        return np.full(shape, value, dtype._np)

    @staticmethod
    def broadcast(x: Any, shape: Sequence[int]) -> Any:
        return np.broadcast_to(x, shape)

    @staticmethod
    def reshape(x: Any, shape: Sequence[int]) -> Any:
        return np.reshape(x, shape)

    @staticmethod
    def take(x: Any, index: Any) -> Any:
        """Rows of a 1-D array."""
        return np.asarray(x)[index.astype(np.int64)]

    @staticmethod
    def grid(rows: int, columns: int) -> Any:
        """The row and the column number of every entry of a table, as vectors."""
        return np.indices((rows, columns)).astype(np.uint64).reshape(2, -1)

    @staticmethod
    def rows(count: int, width: int, dtype: DType, row: Callable[[Any], Sequence[Any]]) -> Any:
        """`row(index)` for index = 0 … count - 1 (uint64) gives `width` columns; the result is `[count,
        width]`."""
        out = np.empty((count, width), dtype._np)
        for start in range(0, count, CHUNK):
            index = np.arange(start, min(start + CHUNK, count), dtype=np.uint64)
            for j, column in enumerate(row(index)):
                out[start : start + CHUNK, j] = column
        return out

    promotes = True  # operands of different widths are brought to one by themselves

    @staticmethod
    def philox_words(state: Sequence[Any], blocks: int) -> Any:
        """A few blocks of random words, quickest made of Python's integers; None where there are many."""
        if blocks > FEW:
            return None
        from .philox import MASK, rounds

        key, low, high = (int(part) for part in state)
        first = (high << 64) + low
        out: list[int] = []
        for at in range(first, first + blocks):
            words = at & MASK, (at >> 32) & MASK, (at >> 64) & MASK, (at >> 96) & MASK
            out += rounds(*words, key & MASK, key >> 32)
        return np.array(out, np.uint32)

    @staticmethod
    def columns(x: Any, count: int) -> list[Any]:
        """Every `count`-th element, from the first, the second … on."""
        return [x[k::count] for k in range(count)]

    @staticmethod
    def interleave(parts: Sequence[Any]) -> Any:
        """What `columns` took apart, as a table of `len(parts)` columns."""
        return parts[0].reshape(-1, 1) if len(parts) == 1 else np.stack(parts, axis=1)

    @staticmethod
    def retry(
        step: Callable[..., tuple[Any, Sequence[Any]]], params: Sequence[Any], state: Sequence[Any]
    ) -> list[Any]:
        """Repeats `step(params, state) -> (done, state)` on every element until it is done; gives the last
        states. `params` and `state` are arrays of one length."""
        result = [np.array(s) for s in state]
        params, state, active = list(params), list(state), None
        while True:
            done, state = step(params, state)
            if active is None:
                result, active = [np.array(s) for s in state], np.arange(len(state[0]))
            else:
                for r, s in zip(result, state):
                    r[active] = s
            left = np.flatnonzero(~done)
            if not len(left):
                return result
            active, params, state = active[left], [p[left] for p in params], [s[left] for s in state]


HOST: Any = Host()


class Lifted:
    """A StableHLO value with Python's operators; Python numbers become constants of its type."""

    __slots__ = ("b", "v")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, b: Any, v: Any) -> None:
        self.b, self.v = b, v

    @property
    def shape(self) -> tuple[int, ...]:
        return self.v.shape

    @property
    def dtype(self) -> DType:
        return self.v.dtype

    def _value(self, other: Any) -> Any:
        return (
            other.v
            if isinstance(other, Lifted)
            else self.b.constant(np.asarray(other, self.v.dtype._np), self.v.dtype)
        )

    def __getitem__(self, i: int) -> Lifted:
        rest = self.v.shape[1:]
        part = self.b.slice(self.v, [i] + [0] * len(rest), [i + 1, *rest])
        return Lifted(self.b, self.b.reshape(part, rest))

    def __neg__(self) -> Lifted:
        return Lifted(self.b, self.b.neg(self.v))

    def __invert__(self) -> Lifted:
        return Lifted(self.b, self.b.unary("not", self.v))


lift: Any = Lifted  # its operators are made below, out of sight of type checkers


def _operator(name: str, hlo: str) -> None:
    def forward(self: Lifted, other: Any) -> Lifted:
        return Lifted(self.b, self.b.binary(hlo, self.v, self._value(other)))

    def backward(self: Lifted, other: Any) -> Lifted:
        return Lifted(self.b, self.b.binary(hlo, self._value(other), self.v))

    setattr(Lifted, f"__{name}__", forward)
    setattr(Lifted, f"__r{name}__", backward)


def _comparison(name: str) -> None:
    def compare(self: Lifted, other: Any) -> Lifted:
        return Lifted(self.b, self.b.compare(name.upper(), self.v, self._value(other)))

    setattr(Lifted, f"__{name}__", compare)


for _name, _hlo in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "mod": "remainder",
    "floordiv": "divide",
    "and": "and",
    "or": "or",
    "xor": "xor",
    "rshift": "shift_right_logical",
    "lshift": "shift_left",
}.items():
    _operator(_name, _hlo)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _comparison(_name)


class Program:
    """Formulas written as StableHLO. `%` and `//` are only for unsigned numbers."""

    promotes = False

    def __init__(self, b: Any) -> None:
        self.b = b

    def _unary(self, name: str, x: Any) -> Lifted:
        return Lifted(self.b, self.b.unary(name, x.v))

    def log(self, x: Any) -> Lifted:
        return self._unary("log", x)

    def log1p(self, x: Any) -> Lifted:
        return self._unary("log_plus_one", x)

    def exp(self, x: Any) -> Lifted:
        return self._unary("exponential", x)

    def sin(self, x: Any) -> Lifted:
        return self._unary("sine", x)

    def cos(self, x: Any) -> Lifted:
        return self._unary("cosine", x)

    def sqrt(self, x: Any) -> Lifted:
        return self._unary("sqrt", x)

    def floor(self, x: Any) -> Lifted:
        return self._unary("floor", x)

    def ceil(self, x: Any) -> Lifted:
        return self._unary("ceil", x)

    def abs(self, x: Any) -> Lifted:
        return self._unary("abs", x)

    def lgamma(self, x: Any) -> Lifted:
        return self._unary("chlo.lgamma", x)

    def power(self, x: Any, y: Any) -> Lifted:
        return Lifted(self.b, self.b.binary("power", x.v, x._value(y)))

    def maximum(self, x: Any, y: Any) -> Lifted:
        return Lifted(self.b, self.b.maximum(x.v, x._value(y)))

    def minimum(self, x: Any, y: Any) -> Lifted:
        return Lifted(self.b, self.b.minimum(x.v, x._value(y)))

    def where(self, condition: Any, x: Any, y: Any) -> Lifted:
        if not isinstance(x, Lifted):
            x = Lifted(self.b, y._value(x))
        a, c = self.b.broadcast_together(x.v, x._value(y))
        if a.shape != condition.shape and condition.shape != ():
            shape = np.broadcast_shapes(a.shape, condition.shape)
            a, c = self.b.broadcast_to(a, shape), self.b.broadcast_to(c, shape)
        return Lifted(self.b, self.b.select(condition.v, a, c))

    def convert(self, x: Any, dtype: DType) -> Lifted:
        return Lifted(self.b, self.b.convert(x.v, dtype))

    def constant(self, value: Any, dtype: DType) -> Lifted:
        return Lifted(self.b, self.b.constant(np.asarray(value, dtype._np), dtype))

    def full(self, shape: Sequence[int], value: Any, dtype: DType) -> Lifted:
        return Lifted(self.b, self.b.full(shape, value, dtype))

    def broadcast(self, x: Any, shape: Sequence[int]) -> Lifted:
        return Lifted(self.b, self.b.broadcast_to(x.v, shape))

    def reshape(self, x: Any, shape: Sequence[int]) -> Lifted:
        return Lifted(self.b, self.b.reshape(x.v, shape))

    def take(self, x: Any, index: Any) -> Lifted:
        table = x if isinstance(x, Lifted) else Lifted(self.b, self.b.constant(np.asarray(x)))
        i = self.b.reshape(self.b.convert(index.v, dtypes.int32), (*index.shape, 1))
        out = self.b.gather(
            table.v,
            i,
            index.shape,
            offset_dims=(),
            collapsed=(0,),
            start_map=(0,),
            sizes=(1,),
            index_dim=len(index.shape),
        )
        return Lifted(self.b, out)

    def grid(self, rows: int, columns: int) -> list[Lifted]:
        b = self.b
        tables = [b.iota((rows, columns), axis, dtypes.uint64) for axis in (0, 1)]
        return [Lifted(b, b.reshape(table, (rows * columns,))) for table in tables]

    def rows(self, count: int, width: int, dtype: DType, row: Callable[[Any], Sequence[Any]]) -> Lifted:
        b = self.b
        index = Lifted(b, b.iota((count,), 0, dtypes.uint64))
        columns = [b.reshape(b.convert(b.broadcast_to(c.v, (count,)), dtype), (count, 1)) for c in row(index)]
        return Lifted(b, b.concatenate(columns, 1))

    def philox_words(self, state: Sequence[Any], blocks: int) -> Lifted | None:
        """The compiler's own Philox: the same bits in one instruction, `[4 * blocks]` words of uint32."""
        if not blocks:
            return None
        b = self.b
        packed = b.concatenate([b.reshape(part.v, (1,)) for part in state], 0)
        return Lifted(b, b.random_bits("PHILOX", packed, (4 * blocks,), dtypes.uint32)[1])

    def columns(self, x: Any, count: int) -> list[Lifted]:
        """Every `count`-th element, from the first, the second … on."""
        n = x.shape[0]
        return (
            [x]
            if count == 1
            else [Lifted(self.b, self.b.slice(x.v, [k], [n], [count])) for k in range(count)]
        )

    def interleave(self, parts: Sequence[Any]) -> Lifted:
        """What `columns` took apart, as a table of `len(parts)` columns."""
        b, n = self.b, parts[0].shape[0]
        return Lifted(b, b.concatenate([b.reshape(p.v, (n, 1)) for p in parts], 1))

    def retry(
        self, step: Callable[..., tuple[Any, Sequence[Any]]], params: Sequence[Any], state: Sequence[Any]
    ) -> list[Lifted]:
        b = self.b
        n = state[0].shape[0]
        initial = [b.full((n,), False, dtypes.bool_), *[s.v for s in state]]

        def more(done: Any, *_: Any) -> Any:
            return b.unary("not", b.reduce(done, [0], "and", np.True_))

        def body(done: Any, *values: Any) -> Any:
            now, new = step(params, [Lifted(b, v) for v in values])
            return [b.binary("or", done, now.v), *[b.select(done, old, n.v) for old, n in zip(values, new)]]

        return [Lifted(b, v) for v in b.while_loop(initial, more, body)[1:]]
