"""Momentum with a rate for each layer, and Adagrad that can leave its sums alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import headrace as tf
from headrace.core.op import lookup
from headrace.session.optimizer import cast
from headrace.session.optimizers import AdagradOptimizer, _Row


class LARSOptimizer(_Row):
    """Layer-wise adaptive rates (You et al., 2017): the rate of a variable is `learning_rate` times
    `eeta` * |variable| / (|gradient| + weight_decay * |variable| + epsilon).

    Args:
      weight_decay: added to the gradient, times the variable.
      skip_list: variables whose name has one of these in it have neither a rate of their own nor decay.

    Raises:
      ValueError: momentum or decay is negative."""

    _op, _slot_names = "Momentum", ("momentum",)

    def __init__(
        self, learning_rate: Any, momentum: Any = 0.9, weight_decay: float = 0.0001, eeta: float = 0.001, epsilon: float = 0.0,
        name: str = "LARSOptimizer", skip_list: Sequence[str] | None = None, use_nesterov: bool = False,
    ) -> None:  # fmt: skip
        if momentum < 0.0:
            raise ValueError(f"momentum should be positive: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"weight_decay should be positive: {weight_decay}")
        super().__init__(use_locking=False, name=name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov
        self._weight_decay, self._eeta, self._epsilon, self._skip = weight_decay, eeta, epsilon, skip_list

    def _hyperparameters(self) -> dict[str, Any]:
        return {"lr": self._learning_rate, "momentum": self._momentum}

    def _attrs(self) -> dict[str, Any]:
        return {"use_nesterov": self._use_nesterov}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def compute_lr(self, grad: Any, var: Any) -> tuple[Any, Any]:
        """The rate of a variable, and its gradient with the decay."""
        rate = cast(self._tensors["lr"], var)
        if any(part in var.name for part in self._skip or ()):
            return rate, grad
        value = var.value()
        size, slope = tf.norm(value), tf.norm(grad)
        ratio = self._eeta * size / (slope + self._weight_decay * size + self._epsilon)
        one = tf.ones_like(ratio)
        return rate * tf.where((size > 0) & (slope > 0), ratio, one), grad + self._weight_decay * value

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        # The rate is in the gradient, so that momentum keeps what steps were, not what gradients were.
        rate, grad = self.compute_lr(grad, var)
        return lookup("ResourceApplyMomentum")(
            *self._handles(var), tf.ones([], var.dtype), grad * rate, cast(self._tensors["momentum"], var),
            use_locking=self._use_locking, **self._attrs(),
        )  # fmt: skip


class RegAdagradOptimizer(AdagradOptimizer):
    """Adagrad whose sums of squares can be left as they are, for steps that are not of the loss, such as a regulariser's."""

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False, name: str = "RegAdagrad"
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, initial_accumulator_value, use_locking, name)
        self._updating = True

    @contextmanager
    def avoid_updating_slots(self) -> Iterator[None]:
        """A context in which `apply_gradients` makes steps that leave the sums alone."""
        before, self._updating = self._updating, False
        try:
            yield
        finally:
            self._updating = before

    def _attrs(self) -> dict[str, Any]:
        return {"update_slots": self._updating}
