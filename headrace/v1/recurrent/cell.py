"""`tf.nn.rnn_cell.RNNCell`: a layer that takes inputs and a state, and gives outputs and the next state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import headrace as tf
from headrace.core import nest
from headrace.core.shapes import TensorShape
from headrace.session.scopes import variable_scope
from headrace.session.variable_store import get_variable_scope
from headrace.v1.layers.base import Layer

KERNEL, BIAS = "kernel", "bias"


class RNNCell(Layer):
    """A step of a recurrent net: `outputs, next_state = cell(inputs, state)`.

    Subclasses have the properties `state_size` and `output_size` (ints, shapes or nests of these) and `call(inputs, state)`;
    variables that it gets with `get_variable` are the cell's.
    """

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """One step.

        Args:
          inputs: [batch, size].
          state: of the structure of `state_size`, each part [batch, size].
          scope: the variable scope of the cell's variables; by default one named after the class.
        """
        own = get_variable_scope() if scope is None else scope
        with variable_scope(
            own, custom_getter=self._remember, auxiliary_name_scope=scope is not None
        ) as entered:
            return Layer.__call__(self, inputs, state, scope=None if scope is None else entered)

    def _remember(self, getter: Any, *args: Any, **kwargs: Any) -> Any:
        """A variable that the cell's `call` gets is one of its weights."""
        variable = getter(*args, **kwargs)
        trained = kwargs.get("trainable", True) is not False
        kept = self._trainable_weights if trained else self._non_trainable_weights
        for v in variable if hasattr(variable, "_parts") else [variable]:
            if not any(v is w for w in kept):
                kept.append(v)
        return variable

    @property
    def state_size(self) -> Any:
        raise NotImplementedError("A cell has to say its state_size.")

    @property
    def output_size(self) -> Any:
        raise NotImplementedError("A cell has to say its output_size.")

    def build(self, inputs_shape: Any) -> None:
        self.built = True

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros.

        Args:
          batch_size: an int or a scalar tensor.
        """
        with tf.name_scope(type(self).__name__ + "ZeroState"):
            return zeros_of(self.state_size, batch_size, dtype)

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """`zero_state` for the batch size and type of `inputs`, or for those given."""
        if inputs is not None:
            first = tf.convert_to_tensor(nest.flatten(inputs)[0])
            batch_size, dtype = tf.shape(first)[0] if batch_size is None else batch_size, dtype or first.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                f"batch_size and dtype are needed where no inputs are given: batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)


class LayerRNNCell(RNNCell):
    """A cell whose variables are made by `build`."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)

    def _size(self, inputs_shape: Any) -> int:
        size = TensorShape(inputs_shape).as_list()[-1]
        if size is None:
            raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {inputs_shape}")
        return size


def zeros_of(sizes: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros [batch_size, …] for each size of a nest."""
    return nest.map_structure(lambda s: tf.zeros(_prefixed(s, batch_size), dtype), sizes)


def _prefixed(size: Any, batch_size: Any) -> Any:
    rest = (
        [int(d or 0) for d in TensorShape(size).as_list()] if not hasattr(size, "__index__") else [int(size)]
    )
    if not isinstance(batch_size, tf.Tensor):
        return [int(batch_size), *rest]
    known = tf.get_static_value(batch_size)
    return tf.stack([batch_size if known is None else int(known), *rest])


def batched(size: Any, batch: int | None) -> TensorShape:
    """The static shape of a state of that size."""
    rest = [int(size)] if hasattr(size, "__index__") else TensorShape(size).as_list()
    return TensorShape([batch, *rest])


@contextmanager
def rnn_scope(scope: Any, default: str) -> Iterator[Any]:
    """The variable scope of a recurrent net."""
    with variable_scope(scope or default) as entered:
        yield entered


def check_cell(cell: Any, name: str = "cell") -> None:
    """TypeError if it is no cell."""
    missing = [
        n for n in ("output_size", "state_size") if not hasattr(type(cell), n) and not hasattr(cell, n)
    ]
    if not (hasattr(cell, "zero_state") or hasattr(cell, "get_initial_state")):
        missing.append("zero_state")
    if not callable(cell):
        missing.append("__call__")
    if missing:
        raise TypeError(
            f"The argument {name!r} ({cell!r}) is not an RNNCell: it has no {', '.join(missing)}."
        )
