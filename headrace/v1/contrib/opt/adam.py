"""Variants of Adam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.session.optimizer import cast, summed
from headrace.session.optimizers import AdamOptimizer, _ordered

from .rows import all_of, rows_of, write_rows


class LazyAdamOptimizer(AdamOptimizer):
    """Adam that leaves rows alone which a gradient of rows does not have: neither they nor their moments change.

    (`tf.train.AdamOptimizer` moves all rows at each step, as its moments tell it.)"""

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        total, _ = summed(grad, indices, handle)
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._hypers(handle)
        rate = lr * tf.sqrt(1 - beta2_power) / (1 - beta1_power)
        slots = [self.get_slot(handle, "m"), self.get_slot(handle, "v")]
        m = beta1 * rows_of(slots[0], indices) + (1 - beta1) * total
        v = beta2 * rows_of(slots[1], indices) + (1 - beta2) * tf.square(total)
        rows = rows_of(handle, indices) - rate * m / (tf.sqrt(v) + epsilon)
        return all_of(
            [write_rows(x, indices, new) for x, new in zip((handle, *slots), (rows, m, v), strict=True)]
        )


class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum (Dozat, 2015)."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        slots = [var.handle, self.get_slot(var, "m").handle, self.get_slot(var, "v").handle]
        return lookup("ResourceApplyAdam")(
            *slots, *self._hypers(var), grad, use_locking=self._use_locking, use_nesterov=True
        )

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        total, _ = summed(grad, indices, handle)
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._hypers(handle)
        rate = lr * tf.sqrt(1 - beta2_power) / (1 - beta1_power)
        moments = [self.get_slot(handle, "m"), self.get_slot(handle, "v")]
        decays = [
            s.assign(s.value() * d, read_value=False) for s, d in zip(moments, (beta1, beta2), strict=True)
        ]
        with _ordered(decays):
            m = rows_of(moments[0], indices) + (1 - beta1) * total
            v = rows_of(moments[1], indices) + (1 - beta2) * tf.square(total)
            ahead = (1 - beta1) * total + beta1 * m
            rows = rows_of(handle, indices) - rate * ahead / (tf.sqrt(v) + epsilon)
            return all_of(
                [write_rows(x, indices, new) for x, new in zip((handle, *moments), (rows, m, v), strict=True)]
            )


class AdaMaxOptimizer(AdamOptimizer):
    """AdaMax (Kingma and Ba, 2014, section 7.1): the step is bounded by the largest of the past gradients.

    A gradient of rows changes only these rows and their moments."""

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "AdaMax",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._call_if_callable(self._hyper["beta1"]), "beta1_power", first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _get_beta_accumulators(self) -> Any:
        return self._get_non_slot_variable(
            "beta1_power", None if state.graph is None else get_default_graph()
        )

    def _hypers(self, var: Any) -> list[Any]:
        power = cast(self._get_beta_accumulators().value(), var)
        return [power, *[cast(self._tensors[k], var) for k in ("lr", "beta1", "beta2", "epsilon")]]

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        slots = [var.handle, self.get_slot(var, "m").handle, self.get_slot(var, "v").handle]
        return lookup("ResourceApplyAdaMax")(*slots, *self._hypers(var), grad, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        total, _ = summed(grad, indices, handle)
        power, lr, beta1, beta2, epsilon = self._hypers(handle)
        slots = [self.get_slot(handle, "m"), self.get_slot(handle, "v")]
        m = beta1 * rows_of(slots[0], indices) + (1 - beta1) * total
        v = tf.maximum(beta2 * rows_of(slots[1], indices), tf.abs(total))
        rows = rows_of(handle, indices) - lr / (1 - power) * m / (v + epsilon)
        return all_of(
            [write_rows(x, indices, new) for x, new in zip((handle, *slots), (rows, m, v), strict=True)]
        )

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        power = self._get_beta_accumulators()
        with _ordered(update_ops):
            last = power.assign(power.value() * cast(self._tensors["beta1"], power), read_value=False)
        return tf.group(*update_ops, last, name=name_scope)


class AdamGSOptimizer(AdamOptimizer):
    """Adam whose bias corrections follow from a global step, not from variables of its own."""

    def __init__(
        self, global_step: Any = 0, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "Adam",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._global_step = global_step

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _prepare(self) -> None:
        super()._prepare()
        self._step = tf.cast(tf.convert_to_tensor(self._global_step) + 1, dtypes.float32)

    def _hypers(self, var: Any) -> list[Any]:
        powers = [cast(tf.pow(self._tensors[k], self._step), var) for k in ("beta1", "beta2")]
        return [*powers, *[cast(self._tensors[k], var) for k in ("lr", "beta1", "beta2", "epsilon")]]

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        return tf.group(*update_ops, name=name_scope)


class LazyAdamGSOptimizer(AdamGSOptimizer):
    """`AdamGSOptimizer` that leaves rows alone which a gradient of rows does not have."""

    _resource_apply_sparse_duplicate_indices = LazyAdamOptimizer._resource_apply_sparse_duplicate_indices
