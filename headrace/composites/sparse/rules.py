"""Which public functions take sparse tensors: those that leave zeros zero work on the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import headrace as tf
from headrace.api.reductions import bincount_of_rows
from headrace.core import overrides
from headrace.core.overrides import add_rule

from .tensor import SparseTensor, is_sparse

_ON_VALUES = {
    "": "abs cast negative sign sin sinh asin asinh atan atanh tan tanh sqrt square stop_gradient identity round",
    "math": "erf expm1 log1p ceil floor rint",
    "nn": "relu relu6 leaky_relu elu selu",
}


def _first_is_sparse(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return bool(args) and is_sparse(args[0])


def _values_rule(function: Callable[..., Any]) -> Any:
    def rule(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if not _first_is_sparse(args, kwargs):
            return NotImplemented
        return args[0].with_values(function(args[0].values, *args[1:], **kwargs))

    return rule


def _rule(handler: Callable[..., Any]) -> Any:
    return lambda args, kwargs: handler(*args, **kwargs) if _first_is_sparse(args, kwargs) else NotImplemented


def _like(value: float) -> Callable[..., Any]:
    def handler(input: SparseTensor, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
        return tf.fill(input.dense_shape, tf.cast(value, dtype or input.dtype))

    return handler


def _multiply(x: Any, y: Any, name: str | None = None) -> Any:
    return x * y if is_sparse(x) else y * x


def _shape(input: SparseTensor, out_type: Any = None, name: str | None = None) -> Any:
    return tf.cast(input.dense_shape, out_type or tf.int32)


def _bincount(
    arr: SparseTensor, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = tf.int32,
    name: str | None = None, axis: Any = None, binary_output: bool = False,
) -> Any:  # fmt: skip
    values, weights = arr.values, weights.values if is_sparse(weights) else weights
    if axis != -1:
        return tf.math.bincount(values, weights, minlength, maxlength, dtype, name, axis, binary_output)
    rows, n = arr.indices[:, 0], arr.dense_shape[0]
    return bincount_of_rows(values, rows, n, weights, minlength, maxlength, dtype, binary_output)


def install() -> None:
    """Registers the rules of all functions that exist."""
    for path, names in _ON_VALUES.items():
        module = getattr(tf, path, None) if path else tf
        for name in names.split():
            function = getattr(module, name, None)
            if callable(function):
                add_rule(function, _values_rule(function))
    add_rule(tf.shape, _rule(_shape))
    add_rule(
        tf.size,
        _rule(
            lambda input, out_type=None, name=None: tf.cast(
                tf.reduce_prod(input.dense_shape), out_type or tf.int32
            )
        ),
    )
    add_rule(tf.math.bincount, _rule(_bincount))
    add_rule(tf.rank, _rule(lambda input, name=None: tf.size(input.dense_shape)))
    add_rule(tf.zeros_like, _rule(_like(0)))
    add_rule(tf.ones_like, _rule(_like(1)))
    two = lambda args, kwargs: (
        _multiply(*args, **kwargs)
        if len(args) >= 2 and is_sparse(args[0]) != is_sparse(args[1])
        else NotImplemented
    )
    add_rule(tf.multiply, two)
    overrides.install()
