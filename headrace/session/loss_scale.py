"""Scaling a loss, so that small gradients do not vanish in float16: fixed and adapting scales, and an optimizer that uses them.
(Micikevicius et al., 2018, "Mixed precision training".)"""

from __future__ import annotations

import abc
import logging
from collections.abc import Sequence
from typing import Any

from headrace.core import dtypes, nest
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.slices import IndexedSlices
from headrace.core.state import state
from headrace.core.tape import is_slices
from headrace.core.trackable import Trackable

from .optimizer import Optimizer
from .scopes import make_variable

log = logging.getLogger("headrace")


class LossScale(Trackable, abc.ABC):
    """Base of loss scales: called, it gives the scale; `update(grads)` looks at the gradients of a step."""

    @abc.abstractmethod
    def __call__(self) -> Any:
        """The scale, a float32 scalar."""

    @abc.abstractmethod
    def update(self, grads: Any) -> tuple[Any, Any]:
        """An operation that adapts the scale to gradients, and whether these are to be applied (a Boolean, or a tensor)."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss scale of such arguments."""
        return cls(**config)


class FixedLossScale(LossScale):
    """A scale that stays.

    Raises:
      ValueError: it is no number, or below 1.

    >>> import headrace as tf
    >>> float(tf.compat.v1.train.experimental.FixedLossScale(128)())
    128.0
    """

    def __init__(self, loss_scale_value: float) -> None:
        if not isinstance(loss_scale_value, (int, float)):
            raise ValueError(f"loss_scale_value must be a Python int or float, not {loss_scale_value!r}.")
        if loss_scale_value < 1:
            raise ValueError(f"loss_scale_value must be at least 1, not {loss_scale_value}.")
        self._value = float(loss_scale_value)

    def __call__(self) -> Any:
        return to_tensor(self._value)

    def update(self, grads: Any) -> tuple[Any, Any]:
        from headrace.api.script import no_op

        return no_op(), True

    def get_config(self) -> dict[str, Any]:
        return {"loss_scale_value": self._value}

    def __repr__(self) -> str:
        return f"FixedLossScale({self._value})"


class DynamicLossScale(LossScale):
    """A scale that is as large as it can be: it grows after so many steps with finite gradients, and shrinks when one has others.
    The gradients of that step are not applied.

    Args:
      initial_loss_scale: the first one.
      increment_period: after how many good steps it grows.
      multiplier: by what it grows and shrinks.
    """

    def __init__(
        self, initial_loss_scale: float = 2**15, increment_period: int = 2000, multiplier: float = 2.0
    ) -> None:
        self._initial, self._period = float(initial_loss_scale), int(increment_period)
        self._multiplier = float(multiplier)
        self._scale = make_variable(
            self._initial, name="current_loss_scale", dtype=dtypes.float32, trainable=False
        )
        self._good = make_variable(0, name="good_steps", dtype=dtypes.int64, trainable=False)
        self._track_trackable(self._scale, "current_loss_scale")
        self._track_trackable(self._good, "good_steps")

    @property
    def initial_loss_scale(self) -> float:
        return self._initial

    @property
    def increment_period(self) -> int:
        return self._period

    @property
    def multiplier(self) -> float:
        return self._multiplier

    def __call__(self) -> Any:
        return to_tensor(self._scale)

    def update(self, grads: Any) -> tuple[Any, Any]:
        from headrace.api.script import group

        finite = _all_finite(nest.flatten(grads))
        scale, good = self._scale.value(), self._good.value()
        grows = lookup("LogicalAnd")(finite, lookup("GreaterEqual")(good + 1, self._period))
        larger = scale * self._multiplier
        larger = lookup("SelectV2")(lookup("IsFinite")(larger), larger, scale)  # the largest there is stays
        smaller = lookup("Maximum")(scale / self._multiplier, 1.0)
        choose = lookup("SelectV2")
        new = choose(grows, larger, choose(finite, scale, smaller))
        count = choose(
            lookup("LogicalOr")(grows, lookup("LogicalNot")(finite)), lookup("ZerosLike")(good), good + 1
        )
        done = [self._scale.assign(new, read_value=False), self._good.assign(count, read_value=False)]
        return (group(*done) if state.graph is not None else None), finite

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_loss_scale": self._initial,
            "increment_period": self._period,
            "multiplier": self._multiplier,
        }

    def __repr__(self) -> str:
        return (
            f"DynamicLossScale(initial_loss_scale={self._initial}, increment_period={self._period}, "
            f"multiplier={self._multiplier})"
        )


def loss_scale_of(value: Any) -> LossScale:
    """A loss scale: the same, that of a number, or "dynamic"."""
    if isinstance(value, LossScale):
        return value
    if isinstance(value, (int, float)):
        return FixedLossScale(value)
    if value == "dynamic":
        return DynamicLossScale()
    raise ValueError(f"Could not interpret loss scale {value!r}: give a number, 'dynamic' or a LossScale.")


def _all_finite(grads: Sequence[Any]) -> Any:
    found = [
        lookup("All")(lookup("IsFinite")(_values(g)), _axes(_values(g)), keep_dims=False)
        for g in grads
        if g is not None
    ]
    return lookup("All")(lookup("Pack")(found), [0], keep_dims=False) if found else to_tensor(True)


def _values(gradient: Any) -> Any:
    return gradient.values if is_slices(gradient) else to_tensor(gradient)


def _axes(x: Any) -> Any:
    return (
        list(range(len(x._raw_shape)))
        if x._raw_shape is not None
        else lookup("Range")(0, lookup("Rank")(x), 1)
    )


class MixedPrecisionLossScaleOptimizer(Optimizer):
    """An optimizer whose loss is scaled before its gradients are computed, and whose gradients are scaled back. Steps whose
    gradients are not finite are left out.

    Args:
      opt: the optimizer that applies the gradients.
      loss_scale: a `LossScale`, a number, or "dynamic".

    Raises:
      ValueError: an argument is none of these.
    """

    def __init__(self, opt: Optimizer, loss_scale: Any) -> None:
        if not isinstance(opt, Optimizer):
            raise ValueError(f'"opt" must be an instance of Optimizer, but got: {opt!r}')
        if loss_scale is None:
            raise ValueError("loss_scale cannot be None")
        super().__init__(opt._use_locking, opt._name)
        self._optimizer, self._loss_scale = opt, loss_scale_of(loss_scale)

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = Optimizer.GATE_OP, aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:  # fmt: skip
        """The gradients of the loss: those of the scaled one, scaled back."""
        scaled: Any = (lambda: self._scaled(loss())) if callable(loss) else self._scaled(loss)
        pairs = self._optimizer.compute_gradients(
            scaled, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        scale = self._loss_scale()
        return [(_divided(g, scale), v) for g, v in pairs]

    def _scaled(self, loss: Any) -> Any:
        loss = to_tensor(loss)
        return loss * lookup("Cast")(self._loss_scale(), DstT=loss._dtype)

    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        skip_gradients_aggregation: bool = False,
    ) -> Any:
        """As the wrapped optimizer, if the gradients are finite. The scale is adapted in any case."""
        from headrace.api.control import cond
        from headrace.api.script import group

        pairs = tuple(grads_and_vars)
        update, finite = self._loss_scale.update([g for g, _ in pairs])
        if finite is True:
            applied = self._optimizer.apply_gradients(pairs, global_step, name)
            return applied if state.graph is None else group(applied, update)
        if state.graph is None:
            return self._optimizer.apply_gradients(pairs, global_step, name) if bool(finite) else None
        self._optimizer._create_slots(
            [v for g, v in pairs if g is not None]
        )  # outside of the branch: they are kept

        def apply() -> Any:
            done = self._optimizer.apply_gradients(pairs, global_step, name)
            with get_default_graph().control_dependencies([done]):
                return lookup("Identity")(to_tensor(True))

        return group(cond(finite, apply, lambda: to_tensor(False)).op, update, name=name)

    def get_slot_names(self) -> list[str]:
        return self._optimizer.get_slot_names()

    def get_slot(self, var: Any, name: str) -> Any:
        return self._optimizer.get_slot(var, name)

    def variables(self) -> list[Any]:
        return self._optimizer.variables()


def _divided(gradient: Any, scale: Any) -> Any:
    if gradient is None:
        return None
    if is_slices(gradient):
        return IndexedSlices(_divided(gradient.values, scale), gradient.indices, gradient.dense_shape)
    return gradient * lookup("Reciprocal")(lookup("Cast")(scale, DstT=gradient._dtype))


def enable_mixed_precision_graph_rewrite(
    opt: Any, loss_scale: Any = "dynamic"
) -> MixedPrecisionLossScaleOptimizer:
    """The optimizer with a scaled loss. In TensorFlow, ops of graphs also become float16 ones where a GPU gains by it; there is
    no such rewrite here, of which a warning tells: the types are those of the program. (For float16 or bfloat16 use
    `tf.keras.mixed_precision.set_global_policy`, or cast.)

    Raises:
      ValueError: `opt` is no optimizer, or has a loss scale already.
    """
    if isinstance(opt, MixedPrecisionLossScaleOptimizer):
        raise ValueError(
            '"opt" must not already be an instance of a MixedPrecisionLossScaleOptimizer: it would scale the loss twice.'
        )
    if not isinstance(opt, Optimizer):
        raise ValueError(f'"opt" must be an instance of a tf.compat.v1.train.Optimizer, but got: {opt!r}')
    log.warning(
        "enable_mixed_precision_graph_rewrite: the loss is scaled, but ops keep the types that the program gives them: there "
        "is no rewrite to float16. Use tf.keras.mixed_precision.set_global_policy, or cast."
    )
    return MixedPrecisionLossScaleOptimizer(opt, loss_scale)


def disable_mixed_precision_graph_rewrite() -> None:
    """Nothing is left to undo: graphs are not rewritten, and the optimizers that were wrapped keep their loss scales."""


__all__: list[str] = [
    "DynamicLossScale", "FixedLossScale", "LossScale", "MixedPrecisionLossScaleOptimizer",
    "disable_mixed_precision_graph_rewrite", "enable_mixed_precision_graph_rewrite",
]  # fmt: skip
