"""Training by optimizers outside of the graph, such as SciPy's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import headrace as tf
from headrace.api.autodiff import gradients
from headrace.api.compat_v1_arrays import placeholder
from headrace.core.graph import get_default_graph
from headrace.session import logs
from headrace.session.keys import GraphKeys
from headrace.session.stack import get_default_session


class ExternalOptimizerInterface:
    """Base of optimizers that see variables as one vector, and losses as functions of it. Subclasses define `_minimize`.

    Args:
      loss: a scalar.
      var_list: the variables to train; all trainable ones by default.
      equalities: scalars that have to be zero.
      inequalities: scalars that must not be negative.
      var_to_bounds: for variables, pairs of what they must be between: numbers, or arrays of their shape.
      optimizer_kwargs: for `_minimize`."""

    def __init__(
        self, loss: Any, var_list: Any = None, equalities: Any = None, inequalities: Any = None, var_to_bounds: Any = None,
        **optimizer_kwargs: Any,
    ) -> None:  # fmt: skip
        self._loss, self.optimizer_kwargs = loss, optimizer_kwargs
        self._equalities, self._inequalities = equalities or [], inequalities or []
        chosen = get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES)
        self._vars = chosen if var_list is None else list(var_list)
        self._shapes = [tuple(v.shape.as_list()) for v in self._vars]
        ends = np.cumsum([math.prod(s) for s in self._shapes])
        self._slices = [slice(e - math.prod(s), e) for e, s in zip(ends, self._shapes, strict=True)]
        self._packed_bounds = None if var_to_bounds is None else self._bounds(var_to_bounds)
        self._placeholders = [placeholder(v.dtype) for v in self._vars]
        self._updates = [
            v.assign(tf.reshape(p, s)).op for v, p, s in zip(self._vars, self._placeholders, self._shapes, strict=True)
        ]  # fmt: skip
        self._packed = self._pack([v.value() for v in self._vars])
        self._slopes = {id(f): self._slope(f) for f in (loss, *self._equalities, *self._inequalities)}

    def _bounds(self, given: dict[Any, Any]) -> list[tuple[float, float]]:
        found = {id(v): pair for v, pair in given.items()}
        pairs: list[tuple[float, float]] = []
        for v, shape in zip(self._vars, self._shapes, strict=True):
            low, high = (np.broadcast_to(b, shape).ravel() for b in found.get(id(v), (-np.inf, np.inf)))
            pairs.extend(zip(low.tolist(), high.tolist(), strict=True))
        return pairs

    def _pack(self, tensors: Sequence[Any]) -> Any:
        return tf.concat([tf.reshape(t, [-1]) for t in tensors], 0)

    def _slope(self, function: Any) -> Any:
        found = gradients(function, self._vars)
        return self._pack(
            [
                tf.zeros(s, v.dtype) if g is None else tf.convert_to_tensor(g)
                for g, v, s in zip(found, self._vars, self._shapes, strict=True)
            ]
        )

    def minimize(
        self, session: Any = None, feed_dict: Any = None, fetches: Any = None, step_callback: Any = None,
        loss_callback: Any = None, **run_kwargs: Any,
    ) -> None:  # fmt: skip
        """Trains the variables until the optimizer is done: they hold each vector that it tries, and in the end the best.

        Args:
          session: has the variables; the default session if not given.
          feed_dict: what is fed in each run.
          fetches: what to fetch with each loss, for `loss_callback(*fetched)`.
          step_callback: called with the vector after each of the optimizer's steps.
          run_kwargs: for the run that assigns the result."""
        session = session or get_default_session()
        fetches = list(fetches or [])

        def put(x: Any, **options: Any) -> None:
            values = [x[part] for part in self._slices]
            session.run(self._updates, dict(zip(self._placeholders, values, strict=True)), **options)

        def function(tensors: list[Any], callback: Callable[..., Any] | None = None) -> Any:
            def call(x: Any) -> Any:
                put(x)
                values = session.run([*tensors, *fetches], feed_dict=feed_dict)
                if callback is not None:
                    callback(*values[len(tensors) :])
                return values[: len(tensors)]

            return call

        def alone(tensors: Sequence[Any]) -> list[Any]:
            calls = [function([t]) for t in tensors]
            return [lambda x, call=call: np.asarray(call(x)[0], np.float64) for call in calls]

        found = self._minimize(
            initial_val=np.asarray(session.run(self._packed), np.float64),
            loss_grad_func=function([self._loss, self._slopes[id(self._loss)]], loss_callback),
            equality_funcs=alone(self._equalities),
            equality_grad_funcs=alone([self._slopes[id(f)] for f in self._equalities]),
            inequality_funcs=alone(self._inequalities),
            inequality_grad_funcs=alone([self._slopes[id(f)] for f in self._inequalities]),
            packed_bounds=self._packed_bounds,
            step_callback=step_callback or (lambda x: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        put(found, **run_kwargs)

    def _minimize(
        self, initial_val: Any, loss_grad_func: Any, equality_funcs: Any, equality_grad_funcs: Any, inequality_funcs: Any,
        inequality_grad_funcs: Any, packed_bounds: Any, step_callback: Any, optimizer_kwargs: Any,
    ) -> Any:  # fmt: skip
        """The vector that is best, found from `initial_val`."""
        raise NotImplementedError(
            f"{type(self).__name__} has to define _minimize(), which finds the best vector. ScipyOptimizerInterface does."
        )


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Trains with `scipy.optimize.minimize`: L-BFGS-B, or another `method`.

    Raises:
      ModuleNotFoundError (in `minimize`): SciPy is not installed."""

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self, initial_val: Any, loss_grad_func: Any, equality_funcs: Any, equality_grad_funcs: Any, inequality_funcs: Any,
        inequality_grad_funcs: Any, packed_bounds: Any, step_callback: Any, optimizer_kwargs: Any,
    ) -> Any:  # fmt: skip
        def loss(x: Any) -> tuple[Any, Any]:
            value, slope = loss_grad_func(x)
            return float(value), slope.astype("float64")

        constraints = [
            {"type": kind, "fun": f, "jac": g}
            for kind, functions, slopes in (
                ("eq", equality_funcs, equality_grad_funcs),
                ("ineq", inequality_funcs, inequality_grad_funcs),
            )
            for f, g in zip(functions, slopes, strict=True)
        ]
        own = {"jac": True, "callback": step_callback, "constraints": constraints, "bounds": packed_bounds}
        options = dict(optimizer_kwargs)
        for name in own:
            if name in options:
                how = " by the argument var_to_bounds" if name == "bounds" else " here"
                raise ValueError(
                    f"The argument {name!r} of scipy.optimize.minimize is set{how}: leave it out."
                )
        method = options.pop("method", self._DEFAULT_METHOD)
        from scipy.optimize import minimize

        found = minimize(loss, initial_val, method=method, **own, **options)
        logs.info(
            "Optimization terminated: %s Loss: %f, iterations: %s, evaluations: %s",
            found.message, found.fun, found.get("nit"), found.get("nfev"),
        )  # fmt: skip
        return found.x
