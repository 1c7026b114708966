"""Random ops whose state is a variable's value, for `tf.random.Generator`: they read it and advance it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.state import state as thread
from headrace.core.tape import not_differentiable
from headrace.core.tensor import wrap

from . import philox
from .draws import binomial, count, shape_of
from .formula import HOST, Program, lift
from .random import (
    REAL_OUT,
    SHAPES,
    STATELESS_FULL_INT,
    STATELESS_INT,
    STATELESS_NORMAL,
    STATELESS_TRUNCATED,
    STATELESS_UNIFORM,
    WIDE_INTS,
    check_algorithm,
    given,
)
from .state import state_of

NON_DETERMINISTIC = OpDef(
    "NonDeterministicInts",
    "shape: shape_dtype -> output: dtype",
    attrs={"dtype": dtypes.int64},
    types=SHAPES,
    shape=given,
    stateful=True,
    host=True,
    grad=not_differentiable,
    kernel=lambda shape, dtype: np.frombuffer(
        os.urandom(count(shape_of(shape)) * dtype.size), dtype._np
    ).reshape(shape_of(shape)),
)


def _skip_host(resource: Any, alg: Any, delta: Any, scale: int) -> Any:
    check_algorithm(alg._host())
    state = state_of(resource._host())
    old = state.read()
    if old.dtype != np.int64 or old.ndim != 1 or len(old) < 3:
        raise invalid(
            "The state of a Philox generator must be an int64 vector of at least 3 elements, got"
            f" {old.dtype}{list(old.shape)}."
        )
    unsigned = old.view(np.uint64) if old.flags.c_contiguous else old.copy().view(np.uint64)
    position = (int(unsigned[0]) | int(unsigned[1]) << 64) + int(delta._host()) % 2**64 * scale
    state.write(
        np.array(
            [position & (2**64 - 1), (position >> 64) & (2**64 - 1), *unsigned[2:].tolist()], np.uint64
        ).view(np.int64)
    )
    return wrap(np.array(old), dtypes.int64)


def _skip_lower(b: Any, cell: Any, delta: Any, scale: int) -> Any:
    old = lift(b, b.bitcast(cell.value, dtypes.uint64))
    low, high = old[0], old[1]
    step = lift(b, b.convert(delta, dtypes.uint64)) * scale
    new = low + step
    carry = Program(b).convert(new < low, dtypes.uint64)
    top = high + carry + (lift(b, b.convert(delta, dtypes.uint64)) >> (64 - scale.bit_length() + 1))
    parts = [b.reshape(new.v, (1,)), b.reshape(top.v, (1,)), b.slice(old.v, [2], [old.shape[0]])]
    before = cell.value
    cell.assign(b.bitcast(b.concatenate(parts, 0), dtypes.int64))
    return before


READ_AND_SKIP = OpDef(
    "RngReadAndSkip",
    "resource: resource, alg: int32, delta: uint64 -> value: int64",
    shape=lambda c: (3,),
    stateful=True,
    grad=not_differentiable,
    run=lambda resource, alg, delta: _skip_host(resource, alg, delta, philox.RESERVED),
    lower=lambda b, cell, alg, delta: _skip_lower(b, cell, delta, philox.RESERVED),
)


def _generator_body(sampler: OpDef | None) -> Callable[..., Any]:
    """Reads and advances the state, then draws with the stateless op."""

    def body(resource: Any, algorithm: Any, shape: Any, *bounds: Any, **attrs: Any) -> Any:
        key, counter, alg = read_and_skip(resource, lookup("Cast")(algorithm, DstT=dtypes.int32), shape)
        return sampler(shape, key, counter, alg, *bounds, **attrs)  # type: ignore[misc]

    return body


def read_and_skip(resource: Any, alg: Any, shape: Any) -> tuple[Any, Any, Any]:
    """(key, counter, alg) for drawing `shape` numbers from a generator's variable, which is advanced past
    them."""
    size = lookup("Prod")(lookup("Cast")(shape, DstT=dtypes.int64), [0], keep_dims=False)
    value = lookup("Bitcast")(
        READ_AND_SKIP(resource, alg, lookup("Cast")(size, DstT=dtypes.uint64)), type=dtypes.uint64
    )
    part = lookup("Slice")
    return part(value, [2], [1]), part(value, [0], [2]), alg


def _third(c: ShapeContext) -> Raw:
    value = c.value(2)
    return c.partial(2) if value is None else shape_of(value)


for _name, _sampler in {
    "StatefulUniform": STATELESS_UNIFORM,
    "StatefulStandardNormalV2": STATELESS_NORMAL,
    "StatefulTruncatedNormal": STATELESS_TRUNCATED,
    "StatefulUniformFullInt": STATELESS_FULL_INT,
}.items():
    OpDef(
        _name,
        "resource: resource, algorithm: int64, shape: shape_dtype -> output: dtype",
        attrs={"dtype": _sampler.attrs["dtype"]},
        types=SHAPES,
        shape=_third,
        stateful=True,
        body=_generator_body(_sampler),
        grad=not_differentiable,
    )
OpDef(
    "StatefulUniformInt",
    "resource: resource, algorithm: int64, shape: shape_dtype, minval: dtype, maxval: dtype -> output: dtype",
    types={**SHAPES, "dtype": WIDE_INTS},
    shape=_third,
    stateful=True,
    body=_generator_body(STATELESS_INT),
    grad=not_differentiable,
)


def _binomial_skip(shape: np.ndarray, counts: Any, probs: Any) -> int:
    batch = count(np.broadcast_shapes(counts, probs))
    return batch * 200 * (count(shape_of(shape)) // max(batch, 1) + 3) // 4 * philox.RESERVED


def _run_binomial(resource: Any, algorithm: Any, shape: Any, counts: Any, probs: Any, dtype: DType) -> Any:
    blocks = wrap(
        np.asarray(_binomial_skip(shape._host(), counts._raw_shape, probs._raw_shape), np.uint64),
        dtypes.uint64,
    )
    state = _skip_host(resource, algorithm, blocks, 1)._host().view(np.uint64)
    return wrap(
        thread.run(
            binomial,
            HOST,
            (state[2], state[0], state[1]),
            shape._host(),
            counts._host(),
            probs._host(),
            dtype,
        ),
        dtype,
    )


def _lower_binomial(
    b: Any, cell: Any, algorithm: Any, shape: np.ndarray, counts: Any, probs: Any, dtype: DType
) -> Any:
    blocks = b.constant(np.asarray(_binomial_skip(shape, counts.shape, probs.shape), np.uint64))
    state = lift(b, b.bitcast(_skip_lower(b, cell, blocks, 1), dtypes.uint64))
    return binomial(
        Program(b), (state[2], state[0], state[1]), shape, lift(b, counts), lift(b, probs), dtype
    ).v


STATEFUL_BINOMIAL = OpDef(
    "StatefulRandomBinomial",
    "resource: resource, algorithm: int64, shape: S, counts: T, probs: T -> output: dtype",
    attrs={"dtype": dtypes.int64},
    types={**SHAPES, "T": REAL_OUT},
    shape=_third,
    stateful=True,
    static=("shape",),
    run=_run_binomial,
    lower=_lower_binomial,
    grad=not_differentiable,
)
