"""Dropout: random elements become zero, the others larger, so that the sum is kept on average
(Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014)."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.shapes import TensorShape
from headrace.core.tensor import Tensor
from headrace.ops import math as m


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The shape of the random numbers; None in it means the dimension of x."""
    if noise_shape is None:
        return list(x._raw_shape) if x.shape.is_fully_defined() else lookup("Shape")(x)  # type: ignore[arg-type]
    if isinstance(noise_shape, Tensor):
        return noise_shape
    dims = TensorShape(noise_shape)._raw if not any(isinstance(d, Tensor) for d in noise_shape) else None
    shape = x._raw_shape
    if dims is None or shape is None or len(shape) != len(dims):
        return noise_shape
    merged = [s if d is None else d for d, s in zip(dims, shape)]
    if None in merged:
        full = lookup("Shape")(x)
        take = lambda i: lookup("StridedSlice")(full, [i], [i + 1], [1], shrink_axis_mask=1)
        return lookup("Pack")([take(i) if d is None else d for i, d in enumerate(merged)])
    return merged


@scoped("general_dropout", "SelectV2")
def general_dropout(
    x: Any, rate: Any, uniform_sampler: Callable[..., Any], noise_shape: Any = None, name: str | None = None
) -> Tensor:
    """Dropout with random numbers from `uniform_sampler(shape=, dtype=)`, which gives floats in [0, 1).

    Args:
      rate: the probability of each element to become zero, in [0, 1).
      noise_shape: the shape of the random numbers, broadcastable to x: elements that share one live or die
        together.

    Raises:
      ValueError: `rate` is out of range, or x is not floating point.

    >>> import headrace as tf
    >>> sampler = lambda shape, dtype: tf.constant([0.1, 0.9], dtype)
    >>> tf.nn.experimental.general_dropout([1.0, 1.0], 0.5, sampler).numpy().tolist()
    [0.0, 2.0]
    """
    return _dropped(x, rate, uniform_sampler, noise_shape)


def _dropped(x: Any, rate: Any, uniform_sampler: Callable[..., Any], noise_shape: Any) -> Tensor:
    constant = isinstance(rate, Real)
    if constant and not 0 <= rate < 1:
        raise ValueError(
            f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}"
        )
    x = to_tensor(x)
    if not x._dtype.is_floating:
        raise ValueError(
            f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={x._dtype!r}"
        )
    if constant and rate == 0:
        return x
    if constant:
        threshold: Any = m.number(float(rate), x)
        scaled = m.mul(x, m.number(1 / (1 - float(rate)), x), "Mul")
    else:
        threshold = to_tensor(rate, hint=x._dtype)
        if threshold._raw_shape not in ((), None):
            raise ValueError(f"`rate` must be a scalar tensor. Received: rate of shape {threshold.shape}")
        if threshold._dtype is not x._dtype:
            if not threshold._dtype.is_floating:
                raise ValueError(
                    f"`rate` must have a floating-point type like `x`. Received: {threshold._dtype.name} "
                    f"and {x._dtype.name}"
                )
            threshold = lookup("Cast")(threshold, DstT=x._dtype)
        scaled = m.mul(x, m.reciprocal(m.sub(m.number(1, x), threshold)))
    noise = to_tensor(uniform_sampler(shape=_noise_shape(x, noise_shape), dtype=x._dtype))
    keep = lookup("GreaterEqual")(noise, threshold)
    y = lookup("SelectV2")(keep, scaled, m.number(0, x))
    if not y._is_eager:
        y.set_shape(x._raw_shape)
    return y


@scoped("dropout", "SelectV2")
def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Tensor:
    """Sets elements to zero with probability `rate` and scales the others by `1 / (1 - rate)`.

    Args:
      noise_shape: the shape of the random numbers, broadcastable to x: elements that share one live or die
        together.
      seed: for the same choice in every program run (see `tf.random.set_seed`).

    Raises:
      ValueError: `rate` is not in [0, 1), or x is not floating point.

    >>> import headrace as tf
    >>> sorted(set(tf.nn.dropout(tf.ones([100]), 0.5, seed=1).numpy().tolist()))
    [0.0, 2.0]
    """
    from headrace.api.random import uniform
    from headrace.ops import seeds

    if isinstance(rate, Real) and rate == 0:
        seeds.get_seed(seed)  # the next op's seed is the same whether or not something is dropped here
    return _dropped(x, rate, lambda shape, dtype: uniform(shape, dtype=dtype, seed=seed), noise_shape)


@scoped("stateless_dropout", "SelectV2")
def stateless_dropout(
    x: Any, rate: Any, seed: Any, rng_alg: Any = None, noise_shape: Any = None, name: str | None = None
) -> Tensor:
    """`dropout` that chooses the same elements for the same `seed`, two integers.

    Args:
      rng_alg: the algorithm of the random numbers, "auto_select" by default.

    >>> import headrace as tf
    >>> x = tf.ones([100])
    >>> a, b = (tf.nn.experimental.stateless_dropout(x, 0.5, seed=[1, 2]) for _ in range(2))
    >>> bool(tf.reduce_all(a == b))
    True
    """
    from headrace.api.random import stateless_uniform

    return _dropped(
        x,
        rate,
        lambda shape, dtype: stateless_uniform(shape, seed, dtype=dtype, alg=rng_alg or "auto_select"),
        noise_shape,
    )
