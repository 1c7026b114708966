"""`ExponentialMovingAverage`: shadow variables that follow others."""

from __future__ import annotations

from typing import Any

from headrace.api.variables import Variable
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph, name_scope
from headrace.core.op import lookup
from headrace.core.state import init_scope, state

from .keys import GraphKeys
from .optimizer import create_slot
from .scopes import make_variable, variable_scope


class ExponentialMovingAverage:
    """Keeps moving averages: shadow = decay * shadow + (1 - decay) * value.

    Args:
      decay: a number or a tensor, near 1.
      num_updates: how many updates there were: the decay is at most (1 + n) / (10 + n), so that averages move fast at first.
      zero_debias: whether averages of tensors are corrected for having started at zero.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     v = v1.Variable(1.0)
    ...     ema = v1.train.ExponentialMovingAverage(0.5)
    ...     update = ema.apply([v])
    ...     sess.run(v1.global_variables_initializer())
    ...     sess.run(v.assign(3.0).op)
    ...     sess.run(update)
    ...     float(sess.run(ema.average(v)))
    2.0
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay, self._num_updates, self._zero_debias, self._name = decay, num_updates, zero_debias, name
        self._averages: dict[int, Any] = {}
        self._steps: dict[int, tuple[Any, Any]] = {}

    @property
    def name(self) -> str:
        return self._name

    def apply(self, var_list: Any = None) -> Any:
        """An operation that updates the averages of variables and tensors (all trainable variables by default), whose shadow
        variables it makes.

        Raises:
          TypeError: something is not float.
        """
        if var_list is None:
            var_list = get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES)
        for v in var_list:
            if not v.dtype.is_floating:
                raise TypeError(f"The variables must be half, float, or double: {v!r}")
        new = [v for v in {_key(v): v for v in var_list}.values() if _key(v) not in self._averages]
        for v in new:
            self._averages[_key(v)] = self._shadow(v)
        for v in new if self._zero_debias else ():
            if not isinstance(v, Variable):
                self._steps[_key(v)] = self._debiasing(v)
        graph: Any = state.graph
        if graph is not None:
            for v in var_list:
                if isinstance(v, Variable) and v not in graph.get_collection(
                    GraphKeys.MOVING_AVERAGE_VARIABLES
                ):
                    graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, v)
        with name_scope(self._name) as scope:
            decay = to_tensor(self._decay, name="decay")
            if self._num_updates is not None:
                n = lookup("Cast")(to_tensor(self._num_updates), DstT=dtypes.float32)
                decay = lookup("Minimum")(decay, (1.0 + n) / (10.0 + n))
            updates = [self._update(v, decay) for v in var_list]
            from headrace.api.script import group

            return group(*updates, name=scope or self._name)

    def _shadow(self, v: Any) -> Any:
        with init_scope():
            if isinstance(v, Variable):
                shadow = create_slot(v, getattr(v, "initialized_value", v.value)(), self._name)  # type: ignore[attr-defined]
            else:
                zeros = lookup("Fill")(list(v.shape.as_list()), to_tensor(0.0, v.dtype))
                with variable_scope(None, f"{v.op.name}/{self._name}") as made, name_scope(None):
                    shadow = make_variable(zeros, name=made.name + "/", trainable=False)
            return shadow

    def _debiasing(self, v: Any) -> tuple[Any, Any]:
        """The variables that keep the average that begins with zeros, and how many values are in it."""
        name = _name(self._averages[_key(v)])
        with init_scope(), name_scope(None):
            zeros = lookup("Fill")(list(v.shape.as_list()), to_tensor(0.0, v.dtype))
            biased = make_variable(zeros, name=f"{name}/biased", trainable=False)
            return biased, make_variable(to_tensor(0.0, v.dtype), name=f"{name}/local_step", trainable=False)

    def _update(self, v: Any, decay: Any) -> Any:
        shadow = self._averages[_key(v)]
        rest = lookup("Cast")(1.0 - decay, DstT=v.dtype)
        value = v.value() if isinstance(v, Variable) else v
        if _key(v) not in self._steps:
            return shadow.assign_sub((shadow.value() - value) * rest, read_value=False)
        biased, steps = self._steps[_key(v)]
        total = biased.value() - (biased.value() - value) * rest
        n = steps.value() + to_tensor(1.0, v.dtype)
        correction = 1 - lookup("Pow")(1 - rest, n)
        return _together(
            [biased.assign(total, read_value=False), steps.assign(n, read_value=False),
             shadow.assign(total / correction, read_value=False)]
        )  # fmt: skip

    def average(self, var: Any) -> Any:
        """The shadow variable of `var`; None if there is none."""
        return self._averages.get(_key(var))

    def average_name(self, var: Any) -> str:
        """The name that the shadow variable of `var` has, or would have: for restoring averages in the place of values."""
        found = self._averages.get(_key(var))
        return f"{_name(var)}/{self._name}" if found is None else _name(found)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """From saved names to variables: averages for those that have one, values for the others."""
        graph = get_default_graph()
        if moving_avg_variables is None:
            moving_avg_variables = graph.get_collection(GraphKeys.TRAINABLE_VARIABLES) + graph.get_collection(
                GraphKeys.MOVING_AVERAGE_VARIABLES
            )
        averaged = {id(v): v for v in moving_avg_variables}
        found = {self.average_name(v): v for v in averaged.values()}
        names = {_name(v) for v in averaged.values()}
        for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES):
            if id(v) not in averaged and v.op.name not in names and v.op.name not in found:
                found[v.op.name] = v
        return found


def _together(nodes: list[Any]) -> Any:
    from headrace.api.script import group

    return group(*nodes)


def _name(v: Any) -> str:
    return v.op.name if state.graph is not None else v.name.split(":")[0]


def _key(v: Any) -> int:
    return id(v.handle) if isinstance(v, Variable) else id(v)
