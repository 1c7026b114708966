"""Python's operators between tensors and Python values: which type the other side gets, and who complains."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import headrace as tf

NUMBERS = ["int8", "int32", "int64", "uint8", "float16", "bfloat16", "float32", "float64", "complex64"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_python_bools_are_numbers_beside_numbers(dtype: str) -> None:
    x = tf.constant([1, 2], dtype)
    for y in (x + True, True + x, x - False, tf.add(x, [True, True]) - [True, False]):
        assert y.dtype == dtype
    assert (x * True).numpy().tolist() == [1, 2]
    assert (False * x).numpy().tolist() == [0, 0]
    assert (x == True).numpy().tolist() == [True, False]  # noqa: E712
    assert tf.constant([True, False], dtype).dtype == dtype


def test_bools_stay_bools_by_themselves() -> None:
    assert tf.constant(True).dtype == tf.bool
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError)):
        tf.constant([1]) + tf.constant(True)
    with pytest.raises(TypeError):
        tf.constant(True, tf.string)


@pytest.mark.parametrize("value", [1.5, [1.5, 2], "a", 1j])
@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.sub, operator.pow, operator.truediv])
def test_reflected_operators_name_what_does_not_fit(op: object, value: object) -> None:
    x = tf.constant([1, 2])
    for f in (lambda: op(value, x), lambda: tf.function(lambda x: op(value, x))(x)):  # type: ignore[operator]
        with pytest.raises(TypeError, match="Cannot convert"):
            f()


def test_reflected_operators_take_what_fits() -> None:
    x = tf.constant([1.0, 2.0])
    assert (
        (2 * x).dtype
        == (1.5 - x).dtype
        == ([1, 2] * x).dtype
        == (np.array([1.0, 2.0]) * x).dtype
        == tf.float32
    )
    assert (np.float64(2) ** x).numpy().tolist() == [2.0, 4.0]
