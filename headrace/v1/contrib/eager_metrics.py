"""`tf.contrib.eager.metrics`: metrics as objects that keep what they count, in code that runs at once and in graphs."""

from __future__ import annotations

import re
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api.compat_v1_initializers import zeros_initializer
from headrace.core.state import state
from headrace.core.trackable import AutoTrackable
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.contrib import summary


class Metric(AutoTrackable):
    """Counts with each call; `result()` says what came of it. A subclass has `build`, which makes variables with
    `add_variable` at the first call, `call` and `result`.

    Args:
      name: of the scope of its variables, and of its summary; the class's if not given.
      use_global_variables: in a graph, whether its variables are global ones, rather than local.
    """

    def __init__(self, name: str | None = None, use_global_variables: bool = False) -> None:
        self._built, self._global = False, use_global_variables
        self._variables: tuple[Any, ...] = ()
        self._starts: dict[str, Any] = {}
        name = name or type(self).__name__
        plain = re.sub("[^A-Za-z0-9.]", "_", name)
        with variable_scope(plain, use_resource=True, reuse=False) as scope:
            self._scope = scope
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._built:
            with variable_scope(self._scope):
                self.build(*args, **kwargs)
            self._built = True
        return self.call(*args, **kwargs)

    @property
    def name(self) -> str:
        return self._name

    @property
    def variables(self) -> list[Any]:
        """What it counts with."""
        return list(self._variables)

    def init_variables(self) -> Any:
        """Begins anew; in a graph, an operation that does."""
        if state.graph is not None:
            return tf.group(*[v.initializer for v in self._variables])
        for v in self._variables:
            v.assign(self._starts[v.name])
        return None

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Makes the variables; gets the arguments of the first call."""
        raise NotImplementedError("Metrics must define a build() member function")

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Counts."""
        raise NotImplementedError("Metrics must define a call() member function")

    def result(self) -> Any:
        """What came of all calls so far."""
        raise NotImplementedError("Metrics must define a result() member function")

    def value(self) -> Any:
        """`result`, or in a graph the tensor that it gives."""
        return self.result if state.graph is None else self.result()

    def aggregate(self, metrics: Any) -> None:
        """Adds what other metrics of this class have counted."""
        for m in metrics:
            if type(m) is not type(self):
                raise TypeError(f"All metrics must be the same type, '{type(self)}' != '{type(m)}'.")
        for own, *others in zip(self._variables, *[m._variables for m in metrics], strict=True):
            own.assign_add(tf.add_n([tf.convert_to_tensor(v) for v in others]))

    def add_variable(self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None) -> Any:
        """A variable to count with; for `build`.

        Raises:
          RuntimeError: it was called before."""
        if self._built:
            raise RuntimeError("Can't call add_variable() except in build().")
        where = GraphKeys.GLOBAL_VARIABLES if self._global else GraphKeys.LOCAL_VARIABLES
        collections = None if state.graph is None else [where, GraphKeys.METRIC_VARIABLES]
        v = get_variable(
            name, shape, dtype, initializer, trainable=False, use_resource=True, collections=collections
        )
        self._variables += (v,)
        if state.graph is None:
            self._starts[v.name] = v.read_value()
        return v


class Mean(Metric):
    """The weighted mean of all values.

    >>> mean = Mean()
    >>> _ = mean([1.0, 2.0]), mean(6.0)
    >>> float(mean.result())
    3.0
    """

    def __init__(
        self, name: str | None = None, dtype: Any = tf.float64, use_global_variables: bool = False
    ) -> None:
        super().__init__(name, use_global_variables)
        self.dtype = dtype

    def build(self, *args: Any, **kwargs: Any) -> None:
        self.numer, self.denom = (
            self.add_variable(name, (), self.dtype, zeros_initializer()) for name in ("numer", "denom")
        )

    def call(self, values: Any, weights: Any = None) -> Any:
        """Counts values, with weights of their shape; gives both."""
        values = tf.convert_to_tensor(values)
        found = tf.cast(values, self.dtype)
        if weights is None:
            amounts = tf.reduce_sum(found), tf.cast(tf.size(found), self.dtype)
        else:
            wide = tf.cast(weights, self.dtype)
            amounts = tf.reduce_sum(found * wide), tf.reduce_sum(wide)
        updates = [v.assign_add(a) for v, a in zip((self.numer, self.denom), amounts)]
        with tf.control_dependencies(
            [] if state.graph is None else [tf.convert_to_tensor(u) for u in updates]
        ):
            values = tf.identity(values)
        return values if weights is None else (values, weights)

    def result(self, write_summary: bool = True) -> Any:
        """The mean; written to the default summary writer, if there is one."""
        mean = self.numer / self.denom
        if write_summary:
            summary.scalar(self.name, mean)
        return mean


class Accuracy(Mean):
    """How often predictions are the labels.

    >>> accuracy = Accuracy()
    >>> _ = accuracy([1, 2, 3, 4], [1, 2, 3, 0])
    >>> float(accuracy.result())
    0.75
    """

    def __init__(self, name: str | None = None, dtype: Any = tf.float64) -> None:
        super().__init__(name, dtype)

    def call(self, labels: Any, predictions: Any, weights: Any = None) -> Any:  # type: ignore[override] # of two tensors
        """Counts labels and predictions of one shape; gives them back, as they were compared."""
        labels, predictions = self._compared(tf.convert_to_tensor(labels), tf.convert_to_tensor(predictions))
        message = "Shapes of labels and predictions are unequal"
        same = checks.assert_equal(tf.shape(labels), tf.shape(predictions), message=message)
        with tf.control_dependencies([same] if same is not None else []):
            counted = super().call(tf.cast(tf.equal(labels, predictions), self.dtype), weights)
        if state.graph is not None:
            with tf.control_dependencies([counted if weights is None else counted[0]]):
                labels = tf.identity(labels)
        return (labels, predictions) if weights is None else (labels, predictions, weights)

    def _compared(self, labels: Any, predictions: Any) -> tuple[Any, Any]:
        return labels, predictions


class CategoricalAccuracy(Accuracy):
    """How often the largest prediction is where the largest label is, along the last axis."""

    def _compared(self, labels: Any, predictions: Any) -> tuple[Any, Any]:
        return tf.argmax(labels, -1), tf.argmax(predictions, -1)


class BinaryAccuracy(Accuracy):
    """How often predictions above `threshold` are where the labels are true."""

    def __init__(self, threshold: float, name: str | None = None, dtype: Any = tf.float64) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def _compared(self, labels: Any, predictions: Any) -> tuple[Any, Any]:
        return tf.cast(labels, tf.bool), predictions > self.threshold


class SparseAccuracy(Accuracy):
    """How often the largest prediction, along the last axis, is that of the label."""

    def _compared(self, labels: Any, predictions: Any) -> tuple[Any, Any]:
        return tf.cast(labels, tf.int64), tf.argmax(predictions, -1)


__all__ = ["Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "Mean", "Metric", "SparseAccuracy"]
