"""What 1.15 calls the results of functions whose results have other names today. Programs fetch by these names."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from headrace.core.tensor import SymbolicTensor

F = TypeVar("F", bound=Callable[..., Any])

# By the dotted name below `tf`: the end of a result's name, and what it is in 1.15. "" is the scope of the function itself.
RESULTS = {
    "confusion_matrix": ("ScatterNd", "SparseTensorDenseAdd"),
    "math.confusion_matrix": ("ScatterNd", "SparseTensorDenseAdd"),
    "math.reduce_logsumexp": ("", "Add"),
    "nn.dropout": ("SelectV2", "mul_1"),
    "reduce_logsumexp": ("", "Add"),
    "repeat": ("Reshape_1", "Reshape"),
    "tensordot": ("MatMul", ""),
}


def as_of_1_15(name: str, function: F) -> F:
    """A function whose results have the names they have in 1.15; the function itself, if these are the same today.

    >>> import headrace as tf
    >>> dropout = as_of_1_15("nn.dropout", tf.nn.dropout)
    >>> with tf.Graph().as_default():
    ...     dropout(tf.ones([3]), 0.5).name
    'dropout/mul_1:0'
    """
    if name not in RESULTS:
        return function
    end, wanted = RESULTS[name]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if type(result) is SymbolicTensor and not result.graph.building_function:
            given = result.op.name
            scope = given.removesuffix(f"/{end}") if end else given
            if not end or scope != given:
                result.graph.rename(result.op, f"{scope}/{wanted}" if wanted else scope)
        return result

    return call  # type: ignore[return-value]


__all__ = ["RESULTS", "as_of_1_15"]
