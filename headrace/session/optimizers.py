"""The 1.x optimizers. Each update is one op of `ops/training.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.op import lookup
from headrace.core.state import state

from .optimizer import Optimizer, cast, summed


class _Row(Optimizer):
    """An optimizer whose update is one op: `_op` is its name, `_slot_names` its slots, `_hyperparameters()` those of the
    op by name. `_known` says what programs know the hyperparameters' tensors as: `optimizer._learning_rate_tensor`."""

    _op = ""
    _slot_names: tuple[str, ...] = ()
    _known: Mapping[str, str] = {"lr": "_learning_rate_tensor"}

    def _hyperparameters(self) -> dict[str, Any]:
        raise NotImplementedError

    def _prepare(self) -> None:
        self._tensors = {k: self._tensor(v, k) for k, v in self._hyperparameters().items()}
        self.__dict__.update({known: self._tensors[k] for k, known in self._known.items()})

    def _attrs(self) -> dict[str, Any]:
        return {}

    def _arguments(self, var: Any) -> dict[str, Any]:
        return {k: cast(v, var) for k, v in self._tensors.items()}

    def _handles(self, var: Any) -> list[Any]:
        return [var.handle, *[self.get_slot(var, s).handle for s in self._slot_names]]

    def _run(self, name: str, var: Any, **rest: Any) -> Any:
        op = lookup(name)
        handles = self._handles(var)
        given = {**self._arguments(var), **rest}
        ordered = [given[a.name] for a in op.signature.inputs[len(handles) :]]
        return op(*handles, *ordered, use_locking=self._use_locking, **self._attrs())

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._run(f"ResourceApply{self._op}", var, grad=grad)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._run(f"ResourceSparseApply{self._op}", handle, grad=grad, indices=indices)

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._resource_apply_sparse(grad.values, var, grad.indices)


class GradientDescentOptimizer(Optimizer):
    """variable -= learning_rate * gradient.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     w = v1.get_variable("w", initializer=2.0)
    ...     step = v1.train.GradientDescentOptimizer(0.25).minimize(w * w)
    ...     sess.run(v1.global_variables_initializer())
    ...     sess.run(step)
    ...     sess.run(w)
    np.float32(1.0)
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return lookup("ResourceApplyGradientDescent")(
            var.handle, cast(self._learning_rate_tensor, var), grad, use_locking=self._use_locking
        )

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        return lookup("ResourceScatterSub")(
            handle.handle, indices, grad * cast(self._learning_rate_tensor, handle)
        )


class MomentumOptimizer(_Row):
    """accumulation = momentum * accumulation + gradient; variable -= learning_rate * accumulation.

    Args:
      use_nesterov: Nesterov's momentum (Sutskever et al., 2013)."""

    _op, _slot_names = "Momentum", ("momentum",)
    _known = {"lr": "_learning_rate_tensor", "momentum": "_momentum_tensor"}

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov

    def _hyperparameters(self) -> dict[str, Any]:
        return {"lr": self._learning_rate, "momentum": self._momentum}

    def _attrs(self) -> dict[str, Any]:
        return {"use_nesterov": self._use_nesterov}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)


class AdagradOptimizer(_Row):
    """Duchi et al. (2011): accumulator += gradient²; variable -= learning_rate * gradient / √accumulator."""

    _op, _slot_names = "Adagrad", ("accumulator",)

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._initial_accumulator_value = learning_rate, initial_accumulator_value

    def _hyperparameters(self) -> dict[str, Any]:
        return {"lr": self._learning_rate}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            start = _filled(v, self._initial_accumulator_value)
            self._get_or_make_slot(v, start, "accumulator", self._name)


class AdagradDAOptimizer(_Row):
    """Duchi et al. (2011) in its dual-averaging form, for sparse linear models."""

    _op, _slot_names = "AdagradDA", ("gradient_accumulator", "gradient_squared_accumulator")

    def __init__(
        self, learning_rate: Any, global_step: Any, initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:  # fmt: skip
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_gradient_squared_accumulator_value must be positive: {initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate, self._start = learning_rate, initial_gradient_squared_accumulator_value
        self._l1, self._l2, self._step = l1_regularization_strength, l2_regularization_strength, global_step

    def _hyperparameters(self) -> dict[str, Any]:
        return {"lr": self._learning_rate, "l1": self._l1, "l2": self._l2}

    def _arguments(self, var: Any) -> dict[str, Any]:
        step = to_tensor(self._step) + 1  # steps are counted from one
        return {**super()._arguments(var), "global_step": lookup("Cast")(step, DstT=dtypes.int64)}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "gradient_accumulator", self._name)
            start = _filled(v, self._start)
            self._get_or_make_slot(v, start, "gradient_squared_accumulator", self._name)


class AdamOptimizer(Optimizer):
    """Kingma and Ba (2014), with the bias corrections folded into the rate."""

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-08,
        use_locking: bool = False, name: str = "Adam", use_own_namescope_for_non_slot_vars: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name, use_own_namescope_for_non_slot_vars)
        self._lr, self._beta1, self._beta2, self._epsilon = learning_rate, beta1, beta2, epsilon
        self._hyper = {"lr": learning_rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        for name, value in (("beta1", self._beta1), ("beta2", self._beta2)):
            self._create_non_slot_variable(self._call_if_callable(value), f"{name}_power", first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = None if state.graph is None else get_default_graph()
        return (
            self._get_non_slot_variable("beta1_power", graph),
            self._get_non_slot_variable("beta2_power", graph),
        )

    def _prepare(self) -> None:
        names = {"lr": "learning_rate"}
        self._tensors = {k: self._tensor(v, names.get(k, k)) for k, v in self._hyper.items()}
        self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t = self._tensors.values()

    def _hypers(self, var: Any) -> list[Any]:
        powers = [cast(p.value(), var) for p in self._get_beta_accumulators()]
        rest = (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return [*powers, *[cast(t, var) for t in rest]]

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        slots = [var.handle, self.get_slot(var, "m").handle, self.get_slot(var, "v").handle]
        return lookup("ResourceApplyAdam")(*slots, *self._hypers(var), grad, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        """All of `m` and `v` decay, and every row moves; only the rows in `indices` get something new."""
        total, first = summed(grad, indices, handle)
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._hypers(handle)
        rate = lr * lookup("Sqrt")(1 - beta2_power) / (1 - beta1_power)
        weight = lookup("Cast")(first, DstT=total.dtype)
        rank = len(total._raw_shape) if total._raw_shape is not None else None
        if rank is not None and rank > 1:
            weight = lookup("Reshape")(weight, [-1] + [1] * (rank - 1))
        m, v = self.get_slot(handle, "m"), self.get_slot(handle, "v")
        scatter = lookup("ResourceScatterAdd")
        once = total * weight
        nodes = [m.assign(m.value() * beta1, read_value=False), v.assign(v.value() * beta2, read_value=False)]
        with _ordered(nodes):
            nodes = [
                scatter(m.handle, indices, once * (1 - beta1)),
                scatter(v.handle, indices, once * total * (1 - beta2)),
            ]
        with _ordered(nodes):
            return handle.assign_sub(
                rate * m.value() / (lookup("Sqrt")(v.value()) + epsilon), read_value=False
            )

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        with _ordered(update_ops):
            last = [
                p.assign(p.value() * cast(beta, p), read_value=False)
                for p, beta in zip(self._get_beta_accumulators(), (self._beta1_t, self._beta2_t))
            ]
        from headrace.api.script import group

        return group(*update_ops, *last, name=name_scope)


class RMSPropOptimizer(_Row):
    """Hinton (2012): the gradient is divided by a running mean of its size.

    Args:
      decay: of the running mean.
      centered: whether the running mean of the gradient itself is subtracted first."""

    _known = {
        "lr": "_learning_rate_tensor", "rho": "_decay_tensor", "momentum": "_momentum_tensor", "epsilon": "_epsilon_tensor",
    }  # fmt: skip

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10, use_locking: bool = False,
        centered: bool = False, name: str = "RMSProp",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate, self._decay, self._momentum = learning_rate, decay, momentum
        self._epsilon, self._centered = epsilon, centered
        self._op = "CenteredRMSProp" if centered else "RMSProp"
        self._slot_names = ("mg", "rms", "momentum") if centered else ("rms", "momentum")

    def _hyperparameters(self) -> dict[str, Any]:
        own = {"lr": self._learning_rate, "rho": self._decay}
        return {**own, "momentum": self._momentum, "epsilon": self._epsilon}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._get_or_make_slot(v, _filled(v, 1.0), "rms", self._name)
            if self._centered:
                self._zeros_slot(v, "mg", self._name)
            self._zeros_slot(v, "momentum", self._name)


class AdadeltaOptimizer(_Row):
    """Zeiler (2012): steps as large as the past ones were."""

    _op, _slot_names = "Adadelta", ("accum", "accum_update")
    _known = {"lr": "_lr_t", "rho": "_rho_t", "epsilon": "_epsilon_t"}

    def __init__(
        self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-08, use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._lr, self._rho, self._epsilon = learning_rate, rho, epsilon

    def _hyperparameters(self) -> dict[str, Any]:
        return {"lr": self._lr, "rho": self._rho, "epsilon": self._epsilon}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "accum", self._name)
            self._zeros_slot(v, "accum_update", self._name)


class FtrlOptimizer(_Row):
    """McMahan et al. (2013): follow the regularised leader, for sparse linear models.

    Args:
      l2_shrinkage_regularization_strength: pulls the gradient, not the solution, towards zero.
      beta: added to the second regulariser: beta / (2 * learning_rate)."""

    _slot_names = ("accum", "linear")

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "Ftrl", accum_name: str | None = None, linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        checks = {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for key, value in checks.items():
            if value < 0.0:
                raise ValueError(f"{key} {value} needs to be positive or zero")
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        self._learning_rate, self._power, self._start = (
            learning_rate,
            learning_rate_power,
            initial_accumulator_value,
        )
        self._l1, self._l2, self._shrinkage = (
            l1_regularization_strength,
            l2_regularization_strength,
            l2_shrinkage_regularization_strength,
        )
        self._beta = beta or 0.0
        self._accum_name, self._linear_name = accum_name, linear_name
        self._op = "FtrlV2" if self._shrinkage > 0 else "Ftrl"

    def _hyperparameters(self) -> dict[str, Any]:
        found = {"lr": self._learning_rate, "l1": self._l1, "l2": self._l2, "lr_power": self._power}
        return {**found, "l2_shrinkage": self._shrinkage} if self._shrinkage > 0 else found

    def _arguments(self, var: Any) -> dict[str, Any]:
        found = super()._arguments(var)
        if self._beta:
            found["l2"] = found["l2"] + self._beta / (2.0 * found["lr"])
        return found

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._get_or_make_slot(v, _filled(v, self._start), "accum", self._accum_name or self._name)
            self._zeros_slot(v, "linear", self._linear_name or self._name)


class ProximalGradientDescentOptimizer(_Row):
    """Duchi and Singer (2009): gradient descent, then shrinking by the regularisers."""

    _op = "ProximalGradientDescent"
    _known = {"alpha": "_learning_rate_tensor"}

    def __init__(
        self, learning_rate: Any, l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        use_locking: bool = False, name: str = "ProximalGradientDescent",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._hyper = {
            "alpha": learning_rate,
            "l1": l1_regularization_strength,
            "l2": l2_regularization_strength,
        }

    def _hyperparameters(self) -> dict[str, Any]:
        return self._hyper

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._run("ResourceApplyProximalGradientDescent", var, delta=grad)


class ProximalAdagradOptimizer(_Row):
    """Duchi and Singer (2009): Adagrad, then shrinking by the regularisers."""

    _op, _slot_names = "ProximalAdagrad", ("accumulator",)

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0, use_locking: bool = False, name: str = "ProximalAdagrad",
    ) -> None:  # fmt: skip
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._hyper = {
            "lr": learning_rate,
            "l1": l1_regularization_strength,
            "l2": l2_regularization_strength,
        }
        self._start = initial_accumulator_value

    def _hyperparameters(self) -> dict[str, Any]:
        return self._hyper

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._get_or_make_slot(v, _filled(v, self._start), "accumulator", self._name)


def _filled(var: Any, value: float) -> Any:
    def make() -> Any:
        shape = (
            lookup("Shape")(var.initialized_value())
            if None in (var._raw_shape or (None,)) and var._raw_shape != ()
            else list(var._raw_shape)
        )
        return lookup("Fill")(shape, to_tensor(value, var.dtype))

    return make


def _ordered(nodes: Sequence[Any]) -> Any:
    from contextlib import nullcontext

    return nullcontext() if state.graph is None else get_default_graph().control_dependencies(nodes)
