"""Shampoo: a preconditioner for each dimension of a variable (Gupta, Koren and Singer, 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.session.optimizer import Optimizer
from headrace.session.optimizers import _ordered


class ShampooOptimizer(Optimizer):
    """For each dimension of a variable, sums the gradients' outer products over the other dimensions, and multiplies the
    gradient by the power -alpha/rank of each of these matrices.

    Arguments that are called "weight", "decay", "rate", "alpha" or "interval" may be functions of the step.

    Args:
      global_step: the step, that these functions get and the intervals count.
      max_matrix_size: larger dimensions have a diagonal matrix.
      gbar_decay, gbar_weight: the gradient's running sum is decay * sum + weight * gradient; 0 for the gradient itself.
      mat_gbar_decay, mat_gbar_weight: those of the matrices.
      svd_interval, precond_update_interval: after how many steps matrices' powers, and sums, are computed again.
      epsilon: added to the diagonal.
      use_iterative_root: whether powers are found by Newton's iteration, not from singular values: this is not supported."""

    def __init__(
        self, global_step: Any = 0, max_matrix_size: int = 768, gbar_decay: Any = 0.0, gbar_weight: Any = 1.0,
        mat_gbar_decay: Any = 1.0, mat_gbar_weight: Any = 1.0, learning_rate: Any = 1.0, svd_interval: Any = 1,
        precond_update_interval: Any = 1, epsilon: float = 1e-4, alpha: Any = 0.5, use_iterative_root: bool = False,
        use_locking: bool = False, name: str = "Shampoo",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        if use_iterative_root:
            raise NotImplementedError(
                "use_iterative_root is not supported: leave it False, for singular values."
            )
        self._step = tf.cast(tf.convert_to_tensor(global_step), dtypes.float32)
        self._largest, self._epsilon = max_matrix_size, epsilon
        self._sum, self._matrix_sum = (gbar_decay, gbar_weight), (mat_gbar_decay, mat_gbar_weight)
        self._rate, self._alpha = learning_rate, alpha
        self._svd_interval, self._update_interval = svd_interval, precond_update_interval

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "gbar", self._name)
            for i, n in enumerate(v.shape.as_list()):
                small = n <= self._largest
                if small and self._svd_interval != 1:
                    self._get_or_make_slot(v, tf.eye(n, dtype=v.dtype), f"H_{i}", self._name)
                start = tf.zeros([n, n] if small else [n], v.dtype)
                self._get_or_make_slot(v, start, f"Gbar_{i}", self._name)

    def _at(self, value: Any) -> Any:
        return value(self._step + 1) if callable(value) else value

    def _summed(self, slot: Any, rule: tuple[Any, Any], new: Any) -> tuple[Any, list[Any]]:
        """The running sum with something new, and the operations that keep it."""
        decay, weight = (self._at(x) for x in rule)
        if not callable(rule[0]) and rule[0] == 0.0:
            return weight * new, []
        total = decay * slot.value() + weight * new
        return total, [slot.assign(total, read_value=False)]

    def _every(self, interval: Any, new: Any, slot: Any) -> Any:
        """Something new at each `interval`th step, else what the slot has."""
        if not callable(interval) and interval == 1:
            return new
        return tf.where(tf.math.floormod(self._step + 1, float(self._at(interval))) < 1, new, slot.value())

    def _power(self, matrix: Any, exponent: Any) -> Any:
        n = matrix.shape[0]
        if n == 1:
            return tf.pow(matrix + self._epsilon, exponent)
        s, u, v = tf.linalg.svd(matrix + self._epsilon * tf.eye(n, dtype=matrix.dtype), full_matrices=True)
        return tf.matmul(v * tf.pow(tf.maximum(s, self._epsilon), exponent), u, transpose_b=True)

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._apply_dense(
            tf.scatter_nd(grad.indices[:, None], grad.values, tf.shape(var.value())), var
        )

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._apply_dense(
            tf.scatter_nd(indices[:, None], grad, tf.shape(handle.value(), out_type=indices.dtype)), handle
        )

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        sizes = var.shape.as_list()
        rank = len(sizes)
        exponent = -self._at(self._alpha) / rank
        step, kept = self._summed(self.get_slot(var, "gbar"), self._sum, grad)
        for i, n in enumerate(sizes):
            slot = self.get_slot(var, f"Gbar_{i}")
            axes = [k for k in range(rank) if k != i]
            if n <= self._largest:
                outer = tf.tensordot(grad, grad, axes=[axes, axes]) * self._at(self._update_interval)
                total, writes = self._summed(slot, self._matrix_sum, outer)
                total = self._every(self._update_interval, total, slot)
                writes = [slot.assign(total, read_value=False)] if writes else []
                power = self._power(total / float(n), exponent)
                if self._svd_interval != 1:
                    root = self.get_slot(var, f"H_{i}")
                    power = self._every(self._svd_interval, power, root)
                    writes.append(root.assign(power, read_value=False))
                step = tf.tensordot(step, power, axes=[[0], [0]])
            else:
                outer = tf.reduce_sum(grad * grad, axis=axes) / float(n) if axes else grad * grad
                total, writes = self._summed(slot, self._matrix_sum, outer)
                power = tf.where(total > 0, tf.pow(total, exponent), tf.zeros_like(total))
                step = tf.transpose(step, [*range(1, rank), 0]) * power
            kept += writes
        with _ordered([step.op]):
            return tf.group(var.assign_sub(self._at(self._rate) * step, read_value=False), *kept)
