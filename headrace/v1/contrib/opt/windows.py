"""GGT: full-matrix adaptive regularisation from a window of gradients (Agarwal et al., 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.core import dtypes
from headrace.session.optimizer import Optimizer
from headrace.session.optimizers import _ordered


class GGTOptimizer(Optimizer):
    """Multiplies the running mean of gradients by the inverse root of the matrix that the last `window` such means make.

    All variables with gradients must be trained in each step, and have known shapes; gradients of rows are not supported.

    Args:
      beta1: the decay of the running mean.
      eps: below this smallest singular value, what the window does not span gets no step.
      svd_eps, sigma_eps: added to the matrix of the window and to its singular values."""

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, use_locking: bool = False, name: str = "GGT", window: int = 10,
        eps: float = 1e-4, svd_eps: float = 1e-6, sigma_eps: float = 1e-2,
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._rate, self._beta1, self._window = learning_rate, beta1, window
        self._eps, self._svd_eps, self._sigma_eps = eps, svd_eps, sigma_eps

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        self._trained = sorted(var_list, key=lambda v: v.name)
        dtype, n = var_list[0].dtype, sum(v.shape.num_elements() for v in var_list)
        self._steps = self._create_non_slot_variable(tf.zeros([], dtype), "global_step")
        self._buffer = self._create_non_slot_variable(tf.zeros([self._window, n], dtype), "grad_buffer")
        self._mean = self._create_non_slot_variable(tf.zeros([n], dtype), "moment1")
        self._last = self._create_non_slot_variable(
            tf.zeros([n], dtype), "flat_grad"
        )  # for checkpoints alone

    def _prepare(self) -> None:
        self._gradients: dict[int, Any] = {}

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        self._gradients[id(var)] = tf.reshape(grad, [-1])
        return self._gradients[id(var)].op  # all variables move together, in _finish

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        raise NotImplementedError(
            "GGTOptimizer does not support gradients of rows, such as those of tf.gather."
        )

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        gradient = tf.concat([self._gradients[id(v)] for v in self._trained], 0)
        beta1 = tf.cast(self._tensor(self._beta1, "beta1"), gradient.dtype)
        rate = tf.cast(self._tensor(self._rate, "learning_rate"), gradient.dtype)
        step, mean = self._steps.value(), beta1 * self._mean.value() + (1 - beta1) * gradient
        at = tf.math.floormod(tf.cast(step, dtypes.int32), self._window)
        buffer = tf.tensor_scatter_nd_update(self._buffer.value(), [[at]], mean[None])
        means = tf.transpose(buffer) / tf.sqrt(tf.minimum(step + 1, float(self._window)))
        inner = tf.matmul(means, means, transpose_a=True)
        sigma, u, _ = tf.linalg.svd(inner + self._svd_eps * tf.eye(self._window, dtype=gradient.dtype))
        root = tf.sqrt(sigma)
        column = mean[:, None]
        seen = tf.matmul(u, tf.matmul(means, column, transpose_a=True), transpose_a=True)

        def spanned(weights: Any) -> Any:
            return tf.matmul(means, tf.matmul(u, weights[:, None] * seen))

        head = spanned((root + self._sigma_eps) ** -3)
        smallest = tf.reduce_min(root)
        tail = (column - spanned(1 / sigma)) / smallest
        whole = tf.where(smallest > self._eps, head + tail, head)[:, 0]
        sizes = [v.shape.num_elements() for v in self._trained]
        with _ordered([*update_ops, whole.op]):
            moved = [
                v.assign_sub(rate * tf.reshape(part, v.shape), read_value=False)
                for v, part in zip(self._trained, tf.split(whole, sizes), strict=True)
            ]
            kept = [
                self._steps.assign(step + 1, read_value=False), self._mean.assign(mean, read_value=False),
                self._buffer.assign(buffer, read_value=False), self._last.assign(gradient, read_value=False),
            ]  # fmt: skip
        return tf.group(*moved, *kept, name=name_scope)
