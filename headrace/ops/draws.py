"""Random tensors: what the random ops compute, for either target of `formula.py`, once their state is known.

`draw(xp, state, shape, *parameters, dtype)`. Shapes are NumPy arrays, parameters arrays or lifted values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid

from . import philox
from .formula import HOST, Lifted, lift
from .philox import State


def shape_of(values: np.ndarray) -> tuple[int, ...]:
    """A shape tensor's value as a tuple; InvalidArgumentError for negative sizes."""
    shape = tuple([int(d) for d in np.reshape(values, -1)])
    if any(d < 0 for d in shape):
        bad = next(d for d in shape if d < 0)
        raise invalid(
            f"Dimension {bad} must be >= 0: the shape of random numbers must be known, received"
            f" {list(shape)}."
        )
    return shape


def count(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _dtype_of(x: Any) -> DType:
    return x.dtype if isinstance(x, Lifted) else dtypes.from_numpy(x.dtype)


# --------------------------------------------------------------------------------------- numbers by the block
def _shaped(sampler: Callable[..., Any]) -> Callable[..., Any]:
    def draw(xp: Any, state: State, shape: np.ndarray, dtype: DType) -> Any:
        size = shape_of(shape)
        return xp.reshape(sampler(xp, state, count(size), dtype), size)

    return draw


uniform, normal, truncated_normal, full_int = (
    _shaped(f) for f in (philox.uniform, philox.normal, philox.truncated_normal, philox.full_int)
)


def uniform_int(xp: Any, state: State, shape: np.ndarray, minval: Any, maxval: Any) -> Any:
    """Integers in [minval, maxval)."""
    size = shape_of(shape)
    if xp is HOST and count(size) and not minval < maxval:
        raise invalid(f"Need minval < maxval, got {minval} >= {maxval}")
    return xp.reshape(philox.uniform_int(xp, state, count(size), _dtype_of(minval), minval, maxval), size)


# ----------------------------------------------------------------------- numbers with parameters of their own
def _sizes(shape: np.ndarray, parameters: Sequence[Any], whole: bool) -> tuple[tuple[int, ...], int]:
    """The output's shape, and how many numbers each parameter gets. `whole`: `shape` is all of the output's,
    and ends with the parameters' shape, which otherwise follows it."""
    size, batch = shape_of(shape), np.broadcast_shapes(*[p.shape for p in parameters])
    if not whole:
        return (*size, *batch), count(size)
    if batch and size[len(size) - len(batch) :] != batch:
        text = f"{list(size)} does not end with {list(batch)}"
        raise invalid(f"Shape passed in must end with broadcasted shape: {text}.")
    return size, count(size[: len(size) - len(batch)])


def _each(
    xp: Any, sampler: Callable[..., Any], state: State, samples: int, parameters: Sequence[Any], *rest: Any
) -> Any:
    """`samples` float64 numbers for each of the n (broadcast) parameters, as a vector of rows of n. Number j
    of parameter i is drawn as number i * samples + j."""
    batch = np.broadcast_shapes(*[p.shape for p in parameters])
    n = count(batch)
    rows = [xp.reshape(xp.broadcast(xp.convert(p, dtypes.float64), batch), (1, n)) for p in parameters]
    wide = [xp.reshape(xp.broadcast(row, (samples, n)), (samples * n,)) for row in rows]
    if not samples * n:
        return wide[0]
    j, i = xp.grid(samples, n)
    return sampler(xp, state, *wide, i * samples + j, *rest)


def _counts(xp: Any, drawn: Any, dtype: DType) -> Any:
    """float64 counts as the output type; what is not a number is 0 among integers."""
    return xp.convert(xp.where(drawn == drawn, drawn, 0.0) if dtype.kind == "i" else drawn, dtype)


def gamma(xp: Any, state: State, shape: np.ndarray, alpha: Any, *, whole: bool = False) -> Any:
    """Gamma(alpha, 1) numbers."""
    size, samples = _sizes(shape, [alpha], whole)
    drawn = _each(xp, philox.gamma, state, samples, [alpha])
    return xp.reshape(xp.convert(drawn, _dtype_of(alpha)), size)


def poisson(xp: Any, state: State, shape: np.ndarray, rate: Any, dtype: DType, *, whole: bool = False) -> Any:
    """Poisson(rate) numbers."""
    size, samples = _sizes(shape, [rate], whole)
    drawn = _each(xp, philox.poisson, state, samples, [rate], float(dtype.max))
    return xp.reshape(_counts(xp, drawn, dtype), size)


def binomial(xp: Any, state: State, shape: np.ndarray, counts: Any, probs: Any, dtype: DType) -> Any:
    """Binomial(counts, probs) numbers; `shape` is all of the output's."""
    size, samples = _sizes(shape, [counts, probs], True)
    return xp.reshape(_counts(xp, _each(xp, philox.binomial, state, samples, [counts, probs]), dtype), size)


def bounded_normal(
    xp: Any, state: State, shape: np.ndarray, means: Any, stddevs: Any, minvals: Any, maxvals: Any
) -> Any:
    """Normal numbers inside of bounds; `shape` is all of the output's."""
    parameters = means, stddevs, minvals, maxvals
    if xp is HOST:
        bounded = np.isfinite(minvals) | np.isfinite(maxvals)
        if not np.all((stddevs > 0) & (minvals < maxvals) & bounded):
            words = "stddevs must be positive, minvals less than maxvals, and one of the two finite"
            raise invalid(f"Invalid parameters: {words}.")
    size, samples = _sizes(shape, parameters, True)
    drawn = _each(xp, philox.bounded_normal, state, samples, parameters)
    return xp.reshape(xp.convert(drawn, _dtype_of(means)), size)


def bounded_normal_rows(xp: Any, state: State, shape: np.ndarray, *parameters: Any) -> Any:
    """The same with parameters that belong to the output's first dimension."""
    size = shape_of(shape)
    rest = (1,) * (len(size) - 1)
    rows = [xp.reshape(p, (*p.shape, *rest)) if p.shape else p for p in parameters]
    return bounded_normal(xp, state, shape, *[xp.broadcast(row, size) for row in rows])


# ----------------------------------------------------------------------------------------- classes and orders
def multinomial(
    xp: Any, state: philox.State, logits: Any, num_samples: np.ndarray, output_dtype: DType
) -> Any:
    """Inverts each row's cumulative distribution at uniform float64 numbers, two of a block's words each."""
    samples = int(num_samples)
    rows, classes = logits.shape
    if samples < 0:
        raise invalid(f"num_samples should be a nonnegative integer, got {samples}")
    if rows and not classes:
        raise invalid(f"num_classes should be positive, got {classes}")
    u = xp.reshape(philox.uniform(xp, state, rows * samples, dtypes.float64), (rows, samples))
    if xp is HOST:
        return _invert_host(np.asarray(logits, np.float64), u, output_dtype)
    b = u.b
    wide = b.convert(logits.v, dtypes.float64)
    infinity = b.full(wide.shape, np.inf, dtypes.float64)
    finite = b.compare("LT", b.unary("abs", wide), infinity)
    lowest = b.full(wide.shape, -np.inf, dtypes.float64)
    top = b.reduce(b.select(finite, wide, lowest), [1], "maximum", np.float64(-np.inf))
    mass = b.unary("exponential", b.sub(wide, b.broadcast_in_dim(top, wide.shape, [0])))
    mass = b.select(finite, mass, b.zeros(wide.shape, dtypes.float64))
    total = b.reduce_window(mass, "add", np.float64(0), [1, classes], padding=[(0, 0), (classes - 1, 0)])
    goal = b.mul(u.v, b.broadcast_to(b.slice(total, [0, classes - 1], [rows, classes]), (rows, samples)))
    shape = (rows, samples, classes)
    passed = b.compare(
        "LE", b.broadcast_in_dim(total, shape, [0, 2]), b.broadcast_in_dim(goal, shape, [0, 1])
    )
    return lift(b, b.reduce(b.convert(passed, output_dtype), [2], "add", output_dtype._np.type(0)))


def _invert_host(logits: np.ndarray, u: np.ndarray, dtype: DType) -> np.ndarray:
    finite = np.isfinite(logits)
    top = np.max(np.where(finite, logits, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    total = np.cumsum(np.where(finite, np.exp(logits - top), 0.0), axis=1)
    out = np.empty(u.shape, dtype._np)
    for row in range(len(u)):
        out[row] = np.searchsorted(total[row], u[row] * total[row, -1], side="right")
    return out


def shuffle(xp: Any, state: philox.State, value: Any) -> Any:
    n = value.shape[0] if value.shape else 0
    if n < 2:
        return value
    words = philox.full_int(xp, state, n - 1, dtypes.uint32)
    if xp is HOST:
        order = list(range(n))
        offsets = (words % np.arange(n, 1, -1, dtype=np.uint32)).tolist()
        for i, offset in enumerate(offsets):
            order[i], order[i + offset] = order[i + offset], order[i]
        return value[order]
    b = words.b
    offsets = b.binary("remainder", words.v, b.constant(np.arange(n, 1, -1, dtype=np.uint32)))
    picks = b.add(b.convert(offsets, dtypes.int32), b.iota((n - 1,), 0, dtypes.int32))

    def at(x: Any, i: Any) -> Any:
        return b.dynamic_slice(x, [i], [1])

    def body(i: Any, order: Any) -> Any:
        j = at(picks, i)
        both = b.concatenate([b.reshape(i, (1,)), j], 0)
        # One gather and one scatter: XLA copies the whole array in each step if there are two reads and two writes.
        found = b.gather(
            order, b.reshape(b.reverse(both, [0]), (2, 1)), (2,),
            offset_dims=(), collapsed=(0,), start_map=(0,), sizes=(1,), index_dim=1,
        )  # fmt: skip
        order = b.scatter(
            order,
            b.reshape(both, (2, 1)),
            found,
            None,
            window_dims=(),
            inserted=[0],
            dims_map=[0],
            index_dim=1,
        )
        return [b.add(i, b.constant(1, dtypes.int32)), order]

    order = b.while_loop(
        [b.constant(0, dtypes.int32), b.iota((n,), 0, dtypes.int32)],
        lambda i, _: b.compare("LT", i, b.constant(n - 1, dtypes.int32)),
        body,
    )[1]
    rest = value.v.shape[1:]
    out = b.gather(
        value.v,
        b.reshape(order, (n, 1)),
        value.v.shape,
        offset_dims=range(1, 1 + len(rest)),
        collapsed=[0],
        start_map=[0],
        sizes=[1, *rest],
        index_dim=1,
    )
    return lift(b, out)
