"""Decay of weights apart from the gradient's step (Loshchilov and Hutter, 2017)."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.session.optimizer import Optimizer
from headrace.session.optimizers import AdamOptimizer, MomentumOptimizer, _ordered

from .rows import rows_of, write_rows


class DecoupledWeightDecayExtension(Optimizer):
    """Makes a new class of optimizer together with one that there is: `class C(DecoupledWeightDecayExtension, Base)`. At
    each step variables lose `weight_decay` times themselves before the base's step; of variables with a gradient of rows,
    these rows.

    Args:
      weight_decay: the factor (a value, a tensor, or a function that gives one); no learning rate multiplies it.
      kwargs: for the base."""

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._weight_decay = weight_decay
        self._decayed: set[int] | None = None
        super().__init__(**kwargs)

    def minimize(self, loss: Any, *args: Any, decay_var_list: Any = None, **kwargs: Any) -> Any:
        """`Optimizer.minimize`.

        Args:
          decay_var_list: the variables that decay; all unless given."""
        self._decayed = {id(v) for v in decay_var_list} if decay_var_list else None
        return super().minimize(loss, *args, **kwargs)

    def apply_gradients(  # type: ignore[override]
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None, decay_var_list: Any = None
    ) -> Any:  # fmt: skip
        """`Optimizer.apply_gradients`.

        Args:
          decay_var_list: the variables that decay; all unless given."""
        if decay_var_list:
            self._decayed = {id(v) for v in decay_var_list}
        return super().apply_gradients(grads_and_vars, global_step, name)

    def _factor(self, var: Any) -> Any:
        return tf.cast(tf.convert_to_tensor(self._call_if_callable(self._weight_decay)), var.dtype)

    def _decays(self, var: Any) -> bool:
        return self._decayed is None or id(var) in self._decayed

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        if not self._decays(handle):
            return super()._resource_apply_dense(grad, handle)
        decay = handle.assign_sub(self._factor(handle) * handle.value(), read_value=False)
        with _ordered([decay]):
            return super()._resource_apply_dense(grad, handle)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        if not self._decays(handle):
            return super()._resource_apply_sparse_duplicate_indices(grad, handle, indices)
        rows = rows_of(handle, indices)
        with _ordered([write_rows(handle, indices, rows - self._factor(handle) * rows)]):
            return super()._resource_apply_sparse_duplicate_indices(grad, handle, indices)


def extend_with_decoupled_weight_decay(base_optimizer: type[Optimizer]) -> type[Optimizer]:
    """The class of optimizer that `base_optimizer` becomes with a decay of weights, its first argument.

    >>> from headrace.session.optimizers import GradientDescentOptimizer
    >>> extend_with_decoupled_weight_decay(GradientDescentOptimizer)(weight_decay=0.01, learning_rate=0.1).get_name()
    'GradientDescent'
    """

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore[valid-type, misc]
        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            self._weight_decay, self._decayed = weight_decay, None
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """`tf.train.MomentumOptimizer` with decay of weights."""

    def __init__(
        self, weight_decay: Any, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            weight_decay, learning_rate=learning_rate, momentum=momentum, use_locking=use_locking, name=name,
            use_nesterov=use_nesterov,
        )  # fmt: skip


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """`tf.train.AdamOptimizer` with decay of weights: AdamW."""

    def __init__(
        self, weight_decay: Any, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "AdamW",
    ) -> None:  # fmt: skip
        super().__init__(
            weight_decay, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, use_locking=use_locking,
            name=name,
        )  # fmt: skip
