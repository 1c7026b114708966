"""The checks that every op is put to, put to the test themselves: a wrong gradient does not pass."""

import numpy as np
import pytest

import headrace as tf
from tests.ops.harness import check, check_gradients


def cube(first=3.0, second=6.0):
    """x ** 3 whose first and second derivatives are the given multiples of x ** 2 and x."""

    @tf.custom_gradient
    def slope(x):
        return first * x**2, lambda g: g * second * x

    @tf.custom_gradient
    def fn(x):
        return x**3, lambda g: g * slope(x)

    return fn


@pytest.mark.parametrize("size", [3, 60])  # every element, or some directions
class TestGradients:
    def x(self, size):
        return np.linspace(0.5, 2.0, size)

    def test_right(self, size):
        check_gradients(cube(), [self.x(size)])

    def test_wrong_first(self, size):
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            check_gradients(cube(first=3.01), [self.x(size)])

    def test_wrong_second(self, size):
        check_gradients(cube(second=6.1), [self.x(size)], order=1)
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            check_gradients(cube(second=6.1), [self.x(size)])

    def test_one_wrong_element(self, size):
        @tf.custom_gradient
        def fn(x):
            return x * 2.0, lambda g: g * tf.constant([2.2] + [2.0] * (size - 1), g.dtype)

        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            check_gradients(fn, [self.x(size)], order=1)


def test_wrong_reference():
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(tf.exp, [np.float32([1.0])], np.exp2)
