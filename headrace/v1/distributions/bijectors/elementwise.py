"""Bijectors of single numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_graph import name_scope
from headrace.v1.distributions.parameters import after
from headrace.v1.distributions.special import softplus_inverse

from .base import Bijector


class _Elementwise(Bijector):
    """A bijector of single numbers; `_valid` says what to assert of them."""

    def __init__(self, validate_args: bool, name: str, constant: bool = False) -> None:
        super().__init__(
            is_constant_jacobian=constant, forward_min_event_ndims=0, validate_args=validate_args, name=name
        )

    def _checked(self, value: Any, *assertions: Any) -> Any:
        """`value`, read once the assertions (functions that give one) hold, if arguments are validated."""
        if not self.validate_args:
            return value
        with after([assertion() for assertion in assertions]):
            return tf.identity(value)


class PowerTransform(_Elementwise):
    """`y = (1 + power * x) ** (1 / power)`, which for a power of 0 is `exp(x)`.

    Raises:
      ValueError: the power is negative, or not known while the graph is built.

    >>> float(PowerTransform(power=2.0).forward(4.0))
    3.0
    """

    def __init__(self, power: Any = 0.0, validate_args: bool = False, name: str = "power_transform") -> None:
        value = tf.get_static_value(tf.convert_to_tensor(power))
        if value is None or value < 0:
            raise ValueError(
                f"`power` must be a number >= 0, known while the graph is built. Received {power}."
            )
        self._power = value
        super().__init__(validate_args, name)

    @property
    def power(self) -> Any:
        return self._power

    def _forward(self, x: Any) -> Any:
        x = self._valid_x(x)
        return tf.exp(x) if self.power == 0 else tf.exp(tf.math.log1p(x * self.power) / self.power)

    def _inverse(self, y: Any) -> Any:
        y = self._valid_y(y)
        return tf.math.log(y) if self.power == 0 else tf.math.expm1(tf.math.log(y) * self.power) / self.power

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return (self.power - 1.0) * tf.math.log(self._valid_y(y))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        x = self._valid_x(x)
        return x if self.power == 0 else (1.0 / self.power - 1.0) * tf.math.log1p(x * self.power)

    def _valid_x(self, x: Any) -> Any:
        if self.power == 0:
            return x
        message = f"Values must be at least {-1.0 / self.power}."
        return self._checked(x, lambda: checks.assert_non_negative(1.0 + self.power * x, message=message))

    def _valid_y(self, y: Any) -> Any:
        return self._checked(y, lambda: checks.assert_positive(y, message="Values must be above 0."))


class Exp(PowerTransform):
    """`y = exp(x)`.

    >>> float(Exp().forward_log_det_jacobian(2.0, event_ndims=0))
    2.0
    """

    def __init__(self, validate_args: bool = False, name: str = "exp") -> None:
        super().__init__(0.0, validate_args, name)


class Softplus(_Elementwise):
    """`y = c * log(1 + exp(x / c))`, which makes values positive.

    Args:
      hinge_softness: how round the bend is, c, not 0; 1 if not given.
    """

    def __init__(
        self, hinge_softness: Any = None, validate_args: bool = False, name: str = "softplus"
    ) -> None:
        super().__init__(validate_args, name)
        self._softness = None
        if hinge_softness is not None:
            with name_scope(name):
                softness = tf.convert_to_tensor(hinge_softness, name="hinge_softness")
                message = "hinge_softness must not be 0."
                zero = tf.zeros([], softness.dtype)
                self._softness = self._checked(
                    softness, lambda: checks.assert_none_equal(softness, zero, message=message)
                )

    @property
    def hinge_softness(self) -> Any:
        return self._softness

    def _scaled(self, function: Any, value: Any) -> Any:
        if self._softness is None:
            return function(value)
        softness = tf.cast(self._softness, value.dtype)
        return softness * function(value / softness)

    def _forward(self, x: Any) -> Any:
        return self._scaled(tf.nn.softplus, x)

    def _inverse(self, y: Any) -> Any:
        return self._scaled(softplus_inverse, y)

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return -tf.math.log(-tf.math.expm1(-self._plain(y)))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return -tf.nn.softplus(-self._plain(x))

    def _plain(self, value: Any) -> Any:
        return value if self._softness is None else value / tf.cast(self._softness, value.dtype)


class Sigmoid(_Elementwise):
    """`y = 1 / (1 + exp(-x))`, from 0 to 1.

    >>> float(Sigmoid().inverse(0.5))
    0.0
    """

    def __init__(self, validate_args: bool = False, name: str = "sigmoid") -> None:
        super().__init__(validate_args, name)

    def _forward(self, x: Any) -> Any:
        return tf.sigmoid(x)

    def _inverse(self, y: Any) -> Any:
        return tf.math.log(y) - tf.math.log1p(-y)

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return -tf.math.log(y) - tf.math.log1p(-y)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return -tf.nn.softplus(-x) - tf.nn.softplus(x)


class Softsign(_Elementwise):
    """`y = x / (1 + abs(x))`, from -1 to 1."""

    def __init__(self, validate_args: bool = False, name: str = "softsign") -> None:
        super().__init__(validate_args, name)

    def _forward(self, x: Any) -> Any:
        return x / (1.0 + tf.abs(x))

    def _inverse(self, y: Any) -> Any:
        y = self._valid(y)
        return y / (1.0 - tf.abs(y))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return -2.0 * tf.math.log1p(tf.abs(x))

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        return -2.0 * tf.math.log1p(-tf.abs(self._valid(y)))

    def _valid(self, y: Any) -> Any:
        one = tf.ones([], y.dtype)
        message = "Values must lie between -1 and 1."
        return self._checked(y, lambda: checks.assert_less(tf.abs(y), one, message=message))


class Square(_Elementwise):
    """`y = x ** 2` of numbers that are not negative."""

    def __init__(self, validate_args: bool = False, name: str = "square") -> None:
        super().__init__(validate_args, name)

    def _forward(self, x: Any) -> Any:
        return tf.square(self._valid(x))

    def _inverse(self, y: Any) -> Any:
        return tf.sqrt(self._valid(y))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return math.log(2.0) + tf.math.log(self._valid(x))

    def _valid(self, value: Any) -> Any:
        return self._checked(
            value, lambda: checks.assert_non_negative(value, message="Values must not be negative.")
        )


class AbsoluteValue(_Elementwise):
    """`y = abs(x)`, no bijection: `inverse` gives both `-y` and `y`."""

    def __init__(self, validate_args: bool = False, name: str = "absolute_value") -> None:
        super().__init__(validate_args, name, constant=True)

    @property
    def _is_injective(self) -> bool:
        return False

    def _forward(self, x: Any) -> Any:
        return tf.abs(x)

    def _inverse(self, y: Any) -> Any:
        y = self._valid(y, y)
        return -y, y

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        zero = self._valid(tf.zeros([], y.dtype), y)
        return zero, zero

    def _valid(self, value: Any, y: Any) -> Any:
        return self._checked(value, lambda: checks.assert_non_negative(y, message="Argument y was negative."))


class AffineScalar(_Elementwise):
    """`y = scale * x + shift`, each of which may be left out.

    >>> float(AffineScalar(shift=1.0, scale=2.0).forward(3.0))
    7.0
    """

    def __init__(
        self, shift: Any = None, scale: Any = None, validate_args: bool = False, name: str = "affine_scalar"
    ) -> None:
        super().__init__(validate_args, name, constant=True)
        with self._name_scope("init"):
            self._shift = None if shift is None else tf.convert_to_tensor(shift, name="shift")
            self._scale = None
            if scale is not None:
                given = tf.convert_to_tensor(scale, name="scale")
                zero = tf.zeros([], given.dtype)
                self._scale = self._checked(given, lambda: checks.assert_none_equal(given, zero))

    @property
    def shift(self) -> Any:
        return self._shift

    @property
    def scale(self) -> Any:
        return self._scale

    def _forward(self, x: Any) -> Any:
        y = tf.identity(x) if self.scale is None else x * self.scale
        return y if self.shift is None else y + self.shift

    def _inverse(self, y: Any) -> Any:
        x = tf.identity(y) if self.shift is None else y - self.shift
        return x if self.scale is None else x / self.scale

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return tf.zeros([], x.dtype) if self.scale is None else tf.math.log(tf.abs(self.scale))


class Gumbel(_Elementwise):
    """`y = exp(-exp(-(x - loc) / scale))`: the distribution function of Gumbel's distribution."""

    def __init__(
        self, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool = False, name: str = "gumbel"
    ) -> None:
        super().__init__(validate_args, name)
        with self._name_scope("init"):
            self._loc, given = (
                tf.convert_to_tensor(loc, name="loc"),
                tf.convert_to_tensor(scale, name="scale"),
            )
            tf.debugging.assert_same_float_dtype([self._loc, given])
            self._scale = self._checked(
                given, lambda: checks.assert_positive(given, message="Argument scale was not positive.")
            )

    @property
    def loc(self) -> Any:
        return self._loc

    @property
    def scale(self) -> Any:
        return self._scale

    def _forward(self, x: Any) -> Any:
        return tf.exp(-tf.exp(-(x - self.loc) / self.scale))

    def _inverse(self, y: Any) -> Any:
        return self.loc - self.scale * tf.math.log(-tf.math.log(self._valid(y)))

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        y = self._valid(y)
        return tf.math.log(self.scale / (-tf.math.log(y) * y))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        z = (x - self.loc) / self.scale
        return -z - tf.exp(-z) - tf.math.log(self.scale)

    def _valid(self, y: Any) -> Any:
        one, message = tf.ones([], y.dtype), "Values must lie between 0 and 1."
        return self._checked(
            y,
            lambda: checks.assert_non_negative(y, message=message),
            lambda: checks.assert_less_equal(y, one, message=message),
        )


class Kumaraswamy(_Elementwise):
    """`y = (1 - (1 - x) ** (1 / concentration0)) ** (1 / concentration1)`, both from 0 to 1."""

    def __init__(
        self, concentration1: Any = None, concentration0: Any = None, validate_args: bool = False, name: str = "kumaraswamy"
    ) -> None:  # fmt: skip
        super().__init__(validate_args, name)
        with self._name_scope("init"):
            self._one, self._zero = (
                self._positive(tf.convert_to_tensor(value, name=what))
                for what, value in (("concentration1", concentration1), ("concentration0", concentration0))
            )

    def _positive(self, value: Any) -> Any:
        return self._checked(
            value, lambda: checks.assert_positive(value, message="Concentrations must be above 0.")
        )

    @property
    def concentration1(self) -> Any:
        return self._one

    @property
    def concentration0(self) -> Any:
        return self._zero

    def _forward(self, x: Any) -> Any:
        inner = tf.exp(tf.math.log1p(-self._valid(x)) / self._zero)
        return tf.exp(tf.math.log1p(-inner) / self._one)

    def _inverse(self, y: Any) -> Any:
        return tf.exp(tf.math.log1p(-((1.0 - self._valid(y) ** self._one) ** self._zero)))

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        y = self._valid(y)
        rest = (self._zero - 1.0) * tf.math.log1p(-(y**self._one))
        return tf.math.log(self._one) + tf.math.log(self._zero) + (self._one - 1.0) * tf.math.log(y) + rest

    def _valid(self, value: Any) -> Any:
        one, message = tf.ones([], value.dtype), "Values must lie between 0 and 1."
        return self._checked(
            value,
            lambda: checks.assert_non_negative(value, message=message),
            lambda: checks.assert_less_equal(value, one, message=message),
        )


class SinhArcsinh(_Elementwise):
    """Jones and Pewsey (2009): `y = sinh((arcsinh(x) + skewness) * tailweight)`.

    Args:
      skewness: 0 if not given: symmetric.
      tailweight: above 0; 1 if not given: no change. Larger makes large values likelier.
    """

    def __init__(
        self, skewness: Any = None, tailweight: Any = None, validate_args: bool = False, name: str = "SinhArcsinh"
    ) -> None:  # fmt: skip
        super().__init__(validate_args, name)
        with self._name_scope("init"):
            self._skewness = tf.convert_to_tensor(0.0 if skewness is None else skewness, name="skewness")
            given = tf.convert_to_tensor(
                1.0 if tailweight is None else tailweight, self._skewness.dtype, name="tailweight"
            )
            tf.debugging.assert_same_float_dtype([self._skewness, given])
            self._tailweight = self._checked(
                given, lambda: checks.assert_positive(given, message="Argument tailweight was not positive.")
            )

    @property
    def skewness(self) -> Any:
        return self._skewness

    @property
    def tailweight(self) -> Any:
        return self._tailweight

    def _forward(self, x: Any) -> Any:
        return tf.sinh((tf.asinh(x) + self.skewness) * self.tailweight)

    def _inverse(self, y: Any) -> Any:
        return tf.sinh(tf.asinh(y) / self.tailweight - self.skewness)

    def _inverse_log_det_jacobian(self, y: Any) -> Any:
        inner = tf.cosh(tf.asinh(y) / self.tailweight - self.skewness)
        return tf.math.log(inner / _hypotenuse(y)) - tf.math.log(self.tailweight)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        inner = tf.cosh((tf.asinh(x) + self.skewness) * self.tailweight)
        return tf.math.log(inner / _hypotenuse(x)) + tf.math.log(self.tailweight)


def _hypotenuse(x: Any) -> Any:
    """`sqrt(x ** 2 + 1)`, without the square where it is too large."""
    near = tf.abs(x) * math.sqrt(np.finfo(x.dtype.as_numpy_dtype).eps) <= 1.0
    return tf.where(near, tf.sqrt(tf.square(tf.where(near, x, tf.zeros_like(x))) + 1.0), tf.abs(x))
