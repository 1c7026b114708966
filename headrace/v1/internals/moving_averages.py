"""`tensorflow.python.training.moving_averages`."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_initializers import zeros_initializer
from headrace.session.averages import ExponentialMovingAverage
from headrace.session.optimizers import _ordered
from headrace.session.scopes import get_variable, variable_scope


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """variable = decay * variable + (1 - decay) * value: the new value.

    Args:
      zero_debias: whether the variable is corrected for having started at zero (Kingma and Ba, 2014, section 3). Two variables
        below it, "biased" and "local_step", keep what is needed for that."""
    with tf.name_scope(name or "AssignMovingAvg") as scope:
        rest = tf.cast(1.0 - tf.convert_to_tensor(decay), variable.dtype)
        if not zero_debias:
            return variable.assign_sub((variable - value) * rest, name=scope)
        with variable_scope(variable.op.name, values=[variable, value]):
            shape, zeros = variable.shape.as_list(), zeros_initializer()
            biased = get_variable("biased", shape, variable.dtype, initializer=zeros, trainable=False)
            steps = get_variable("local_step", [], variable.dtype, initializer=zeros, trainable=False)
        total = biased.assign_sub((biased - value) * rest)
        count = steps.assign_add(1)
        with _ordered([total.op, count.op]):
            return variable.assign(total / (1 - tf.pow(1 - rest, count)), name=scope)


def weighted_moving_average(value: Any, decay: Any, weight: Any, truediv: bool = True, collections: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """A moving average of `value`, each time with a weight: a tensor; two variables keep the sums.

    Args:
      truediv: whether whole numbers are divided as numbers with a fraction: has to be True."""
    if not truediv:
        raise NotImplementedError("weighted_moving_average: truediv=False is not supported.")
    with variable_scope(name, "WeightedMovingAvg", [value, weight]):
        value, zeros = tf.convert_to_tensor(value), zeros_initializer()
        top = get_variable(
            "value_times_weight", value.shape.as_list(), value.dtype, initializer=zeros, trainable=False, collections=collections
        )  # fmt: skip
        shape = tf.convert_to_tensor(weight).shape.as_list()
        bottom = get_variable(
            "weight", shape, value.dtype, initializer=zeros, trainable=False, collections=collections
        )
        up = assign_moving_average(top, value * weight, decay, zero_debias=False)
        down = assign_moving_average(bottom, tf.cast(weight, value.dtype), decay, zero_debias=False)
        return up / down


__all__ = ["ExponentialMovingAverage", "assign_moving_average", "weighted_moving_average"]
