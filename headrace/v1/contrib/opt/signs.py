"""PowerSign and AddSign (Bello et al., 2017): steps are larger where the gradient and its running mean agree in sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.op import lookup
from headrace.session.optimizer import Optimizer, cast, summed

from .rows import all_of, rows_of, write_rows


class _Sign(Optimizer):
    _op = ""

    def __init__(
        self, hyper: dict[str, Any], sign_decay_fn: Callable[[Any], Any] | None, use_locking: bool, name: str
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper, self._sign_decay_fn = hyper, sign_decay_fn
        self._global_step: Any = None

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> Any:
        """`Optimizer.apply_gradients`; `global_step` is what the decay of the sign's part is a function of."""
        self._global_step = global_step
        return super().apply_gradients(grads_and_vars, global_step, *args, **kwargs)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "m", self._name)

    def _prepare(self) -> None:
        names = {"lr": "learning_rate"}
        self._tensors = {k: self._tensor(v, names.get(k, k)) for k, v in self._hyper.items()}
        decay = 1.0 if self._sign_decay_fn is None else self._sign_decay_fn(self._global_step)
        self._tensors["sign_decay"] = tf.convert_to_tensor(decay, name="sign_decay")

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        op = lookup(f"ResourceApply{self._op}")
        given = {k: cast(v, var) for k, v in self._tensors.items()}
        ordered = [given[a.name] for a in op.signature.inputs[2:-1]]
        return op(var.handle, self.get_slot(var, "m").handle, *ordered, grad, use_locking=self._use_locking)

    def _factor(self, agreement: Any, given: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        total, first = summed(grad, indices, handle)
        given = {k: cast(v, handle) for k, v in self._tensors.items()}
        m = self.get_slot(handle, "m")
        weight = tf.reshape(
            tf.cast(first, total.dtype), tf.concat([[-1], tf.ones([tf.rank(total) - 1], dtypes.int32)], 0)
        )
        mean = tf.tensor_scatter_nd_add(
            m.value() * given["beta"], indices[:, None], total * weight * (1 - given["beta"])
        )
        agreement = tf.sign(tf.gather(mean, indices)) * tf.sign(total)
        rows = rows_of(handle, indices) - given["lr"] * self._factor(agreement, given) * total
        return all_of([m.assign(mean, read_value=False), write_rows(handle, indices, rows)])


class AddSignOptimizer(_Sign):
    """variable -= learning_rate * (alpha + decay * sign(gradient) * sign(m)) * gradient, m a running mean of gradients.

    Args:
      beta: the decay of the running mean.
      sign_decay_fn: gives `decay`, as a function of the global step; 1 without it."""

    _op = "AddSign"

    def __init__(
        self, learning_rate: Any = 0.1, alpha: Any = 1.0, beta: Any = 0.9, sign_decay_fn: Any = None,
        use_locking: bool = False, name: str = "AddSignOptimizer",
    ) -> None:  # fmt: skip
        super().__init__(
            {"lr": learning_rate, "alpha": alpha, "beta": beta}, sign_decay_fn, use_locking, name
        )

    def _factor(self, agreement: Any, given: dict[str, Any]) -> Any:
        return given["alpha"] + given["sign_decay"] * agreement


class PowerSignOptimizer(_Sign):
    """variable -= learning_rate * base ** (decay * sign(gradient) * sign(m)) * gradient, m a running mean of gradients.

    Args:
      beta: the decay of the running mean.
      sign_decay_fn: gives `decay`, as a function of the global step; 1 without it."""

    _op = "PowerSign"

    def __init__(
        self, learning_rate: Any = 0.1, base: float = math.e, beta: Any = 0.9, sign_decay_fn: Any = None,
        use_locking: bool = False, name: str = "PowerSignOptimizer",
    ) -> None:  # fmt: skip
        hyper = {"lr": learning_rate, "beta": beta, "logbase": math.log(base)}
        super().__init__(hyper, sign_decay_fn, use_locking, name)

    def _factor(self, agreement: Any, given: dict[str, Any]) -> Any:
        return tf.exp(given["logbase"] * given["sign_decay"] * agreement)


def _done(global_step: Any, decay_steps: int) -> Any:
    if global_step is None:
        raise ValueError("The decay of the sign's part needs a global_step: give it to minimize.")
    return tf.cast(tf.minimum(tf.cast(global_step, dtypes.int64), decay_steps), dtypes.float32)


def get_linear_decay_fn(decay_steps: int) -> Callable[[Any], Any]:
    """For `sign_decay_fn`: from 1 to 0 along a line.

    >>> float(get_linear_decay_fn(10)(4))
    0.6000000238418579
    """
    return lambda step: tf.maximum(0.0, (decay_steps - _done(step, decay_steps)) / decay_steps)


def get_cosine_decay_fn(
    decay_steps: int, num_periods: float = 0.5, zero_after: float | None = None
) -> Callable[[Any], Any]:
    """For `sign_decay_fn`: so many periods of a cosine between 1 and 0; 0 after `zero_after` periods."""

    def decay(step: Any) -> Any:
        fraction = 2.0 * num_periods * _done(step, decay_steps) / decay_steps
        value = 0.5 * (1.0 + tf.cos(math.pi * fraction))
        return value if zero_after is None else tf.where(fraction >= 2 * zero_after, 0.0, value)

    return decay


def get_restart_decay_fn(
    decay_steps: int, num_periods: int = 1, zero_after: float | None = None
) -> Callable[[Any], Any]:
    """For `sign_decay_fn`: falls from 1 to 0 so many times, each time along half a cosine; 0 after `zero_after` periods."""

    def decay(step: Any) -> Any:
        turns = num_periods * _done(step, decay_steps)
        value = 0.5 * (1.0 + tf.cos(math.pi * tf.math.floormod(turns, float(decay_steps)) / decay_steps))
        return value if zero_after is None else tf.where(turns / decay_steps >= zero_after, 0.0, value)

    return decay
