"""Sequences of numbers: `tf.range`, `tf.linspace`, `tf.math.sobol_sample`."""

from __future__ import annotations

import builtins
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.tensor import Tensor
from headrace.ops import math as m
from headrace.ops import operators, sequence

from .conversion import cast


@at_home
def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range"
) -> Any:
    """start, start + delta, … up to and without limit; `range(n)` counts from 0.

    Args:
      dtype: the result's type; without it the widest of the arguments' types.

    Raises:
      InvalidArgumentError: delta is 0, or has the wrong sign.

    >>> tf.range(3, 18, 5).numpy().tolist()
    [3, 8, 13]
    """
    if limit is None:
        start, limit = 0, start
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    values = [v if isinstance(v, Tensor) else to_tensor(v, dtype) for v in (start, limit, delta)]
    if dtype is None:
        order = (
            dtypes.int32,
            dtypes.int64,
            dtypes.float16,
            dtypes.bfloat16,
            dtypes.float32,
            dtypes.float64,
        )
        for v in values:
            if v._dtype not in order:
                raise TypeError(
                    f"tf.range: arguments of type {v._dtype.name} need `dtype`. "
                    f"Expected one of {', '.join(d.name for d in order)}."
                )
        dtype = max([v._dtype for v in values], key=order.index)
    return sequence.RANGE(*[cast(v, dtype) for v in values], name=name)


@scoped("linspace", "Slice")
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """`num` evenly spaced numbers from start to stop, both included, along a new dimension `axis`.

    Args:
      start, stop: tensors of one type, broadcast together; integers give float64.

    >>> tf.linspace(0.0, 1.0, 5).numpy().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    start = to_tensor(start)
    stop = to_tensor(stop, start._dtype)
    if start._dtype.is_integer:
        start, stop = (
            cast(start, operators.QUOTIENT[start._dtype]),
            cast(stop, operators.QUOTIENT[start._dtype]),
        )
    num = cast(to_tensor(num), dtypes.int32)
    zero = m.number(0, start)
    start, stop = m.add(start, m.mul(zero, stop)), m.add(stop, m.mul(zero, start))
    expand = lookup("ExpandDims")
    first, last = expand(start, axis), expand(stop, axis)
    steps = cast(m.maximum(num - 1, 1), start._dtype)
    # Refuses negative num.
    between = cast(sequence.RANGE(1, m.maximum(num - 1, m.minimum(num, 0) + 1), 1), start._dtype)
    rank = len(first._raw_shape) if first._raw_shape is not None else None
    if rank is None:
        raise ValueError("tf.linspace needs start and stop of known rank.")
    axis = axis % rank
    between = lookup("Reshape")(between, [-1 if i == axis else 1 for i in builtins.range(rank)])
    line = lookup("ConcatV2")(
        [first, m.add(first, m.mul(m.realdiv(m.sub(last, first), steps), between)), last], axis
    )
    begin, size = [0] * rank, [-1] * rank
    size = lookup("Pack")([num if i == axis else to_tensor(-1) for i in builtins.range(rank)], axis=0)
    return lookup("Slice")(line, begin, size, name=name)


@scoped("sobol", "SobolSample")
def sobol_sample(
    dim: Any, num_results: Any, skip: Any = 0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """`num_results` points of the Sobol sequence after the first `skip`: `[num_results, dim]`, in [0, 1).

    >>> tf.math.sobol_sample(2, 3).numpy().tolist()
    [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    """
    return sequence.SOBOL(dim, num_results, skip, dtype=dtypes.as_dtype(dtype), name=name)
