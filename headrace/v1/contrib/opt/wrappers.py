"""Optimizers around another one."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_saving import Saver
from headrace.api.compat_v1_summary import scalar
from headrace.api.compat_v1_train import get_global_step
from headrace.core import dtypes
from headrace.core.graph import get_default_graph
from headrace.core.slices import IndexedSlices
from headrace.session.averages import ExponentialMovingAverage
from headrace.session.keys import GraphKeys
from headrace.session.optimizer import Optimizer
from headrace.session.optimizers import _ordered
from headrace.session.scopes import get_variable

from .rows import rows_of, write_rows


class _Around(Optimizer):
    """What is asked of the optimizer inside."""

    def __init__(self, opt: Optimizer, use_locking: bool, name: str) -> None:
        super().__init__(use_locking, name)
        self._opt = opt

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """Those of the optimizer inside."""
        return self._opt.compute_gradients(*args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """Those of the optimizer inside."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """Those of the optimizer inside."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> list[Any]:
        """Those of the optimizer inside."""
        return self._opt.variables()


class VariableClippingOptimizer(_Around):
    """Clips the norms of variables after each step.

    Args:
      opt: makes the step.
      vars_to_clip_dims: for each variable to clip, the dimensions over which norms are taken: `[1]` for those of rows.
      max_norm: the largest norm.
      colocate_clip_ops_with_vars: accepted; programs are placed as a whole."""

    def __init__(
        self, opt: Optimizer, vars_to_clip_dims: dict[Any, Any], max_norm: float, use_locking: bool = False,
        colocate_clip_ops_with_vars: bool = False, name: str = "VariableClipping",
    ) -> None:  # fmt: skip
        super().__init__(opt, use_locking, name)
        self._dims = {id(v): list(dims) for v, dims in vars_to_clip_dims.items()}
        self._max_norm = max_norm

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """The step of the optimizer inside, then the clipping."""
        pairs = list(grads_and_vars)
        with tf.name_scope(name or self._name) as scope:
            update = self._opt.apply_gradients(pairs, global_step=global_step)
            with _ordered([update]):
                clips = [
                    self._clip(g, v, self._dims[id(v)]) for g, v in pairs if g is not None and id(v) in self._dims
                ]  # fmt: skip
            return tf.group(update, *clips, name=scope)

    def _clip(self, grad: Any, var: Any, dims: list[int]) -> Any:
        with tf.name_scope("clip_" + var.op.name):
            if isinstance(grad, IndexedSlices) and 0 not in dims:
                rows = tf.clip_by_norm(rows_of(var, grad.indices), self._max_norm, dims)
                return write_rows(var, grad.indices, rows)
            return var.assign(tf.clip_by_norm(var.read_value(), self._max_norm, dims), read_value=False)


class MovingAverageOptimizer(_Around):
    """Keeps moving averages of the variables it trains, and gives a saver that saves these in the variables' place.

    Args:
      opt: makes the step.
      average_decay, num_updates: of `tf.train.ExponentialMovingAverage`.
      sequential_update: whether averages are taken after the step, not beside it."""

    def __init__(
        self, opt: Optimizer, average_decay: Any = 0.9999, num_updates: Any = None, sequential_update: bool = True
    ) -> None:  # fmt: skip
        super().__init__(opt, False, "MovingAverage")
        self._ema = ExponentialMovingAverage(average_decay, num_updates)
        self._sequential = sequential_update
        self._swapped: dict[str, str] | None = None

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """The step of the optimizer inside, and the update of the averages."""
        pairs = list(grads_and_vars)
        update = self._opt.apply_gradients(pairs, global_step=global_step, name=name)
        trained = [v for g, v in pairs if g is not None]
        with _ordered([update] if self._sequential else []):
            averaged = self._ema.apply(trained)
        self._swapped = {}
        for v in trained:
            average = self._ema.average(v).op.name
            self._swapped |= {v.op.name: average, average: v.op.name}
        return tf.group(update, averaged, name="train_with_avg")

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Any:
        """A `tf.train.Saver` that saves averages under the names of their variables, and the other way round.

        Raises:
          RuntimeError: nothing is trained yet.
          ValueError: of a variable and its average one only is to be saved."""
        if self._swapped is None:
            raise RuntimeError("Call apply_gradients or minimize before swapping_saver.")
        if var_list is None:
            var_list = get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES)
        named = var_list if isinstance(var_list, dict) else {v.op.name: v for v in var_list}
        for variable in named:
            if self._swapped.get(variable, variable) not in named:
                raise ValueError(
                    f"{self._swapped[variable]} is to be swapped, but is not one of those to save."
                )
        swapped = {variable: named[self._swapped.get(variable, variable)] for variable in named}
        return Saver(swapped, name=name, **kwargs)


class DropStaleGradientOptimizer(_Around):
    """Drops gradients that are more than `staleness` steps older than the variables when they are applied.

    Its step is a tensor: how many were dropped so far. There is a summary of their share."""

    def __init__(
        self, opt: Optimizer, staleness: int, use_locking: bool = False, name: str = "DropStaleGradient"
    ) -> None:
        super().__init__(opt, use_locking, name)
        self._staleness = staleness

    def compute_gradients(self, loss: Any, *args: Any, **kwargs: Any) -> Any:
        """Those of the optimizer inside; the step at which they are computed is remembered."""
        self._local_step = tf.identity(get_global_step().value())
        with _ordered([self._local_step.op]):
            return self._opt.compute_gradients(tf.identity(loss), *args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """The step of the optimizer inside, unless gradients are too old."""
        pairs = list(grads_and_vars)
        dropped = get_variable(
            "stale_counter", [], initializer=tf.compat.v1.zeros_initializer(), trainable=False
        )

        def accept() -> Any:
            with _ordered([self._opt.apply_gradients(pairs, global_step=global_step, name=name)]):
                return tf.constant(0.0)

        ready = [g.values.op if isinstance(g, IndexedSlices) else g.op for g, _ in pairs if g is not None]
        with _ordered(ready):
            age = global_step.value() - self._local_step
        drop = tf.cond(age <= self._staleness, accept, lambda: tf.constant(1.0))
        total = dropped.assign_add(drop)
        scalar("Gradient staleness percentage", total / tf.cast(global_step.value() + 1, dtypes.float32))
        return total


class MultitaskOptimizerWrapper:
    """Leaves a variable and its slots alone in steps where its gradient is all zeros, as it is for the other tasks' layers
    when tasks take turns.

    Raises:
      TypeError: `opt` is no optimizer."""

    def __init__(self, opt: Optimizer) -> None:
        if not isinstance(opt, Optimizer):
            raise TypeError(f"Supplied optimizer must be an instance of tf.train.Optimizer, received {opt!r}")
        self._opt = opt
        update = opt._update

        def unless_zero(grad: Any, var: Any) -> Any:
            def step() -> Any:
                with _ordered([update(grad, var)]):
                    return tf.constant(True)

            return tf.cond(_is_zero(grad), lambda: tf.constant(False), step).op

        opt._update = unless_zero  # type: ignore[method-assign]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opt, name)


def _is_zero(grad: Any) -> Any:
    return tf.equal(tf.math.count_nonzero(grad.values if isinstance(grad, IndexedSlices) else grad), 0)


def clip_gradients_by_global_norm(gradients_variables: Any, clip_norm: float = 20.0) -> tuple[list[Any], Any]:
    """Pairs of gradients and variables, clipped together to a norm, and the norm that they had."""
    gradients, variables = zip(*gradients_variables, strict=True)
    norm = tf.linalg.global_norm(gradients)
    clipped, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=norm)
    return list(zip(clipped, variables, strict=True)), norm
