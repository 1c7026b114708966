"""Cells around cells: dropout, residual connections, a device."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.api import compat_v1_graph
from headrace.core import nest
from headrace.core.shapes import TensorShape

from .cell import RNNCell, batched, check_cell
from .cells import LSTMStateTuple


class Wrapper(RNNCell):
    """A cell that calls another; it has no variables of its own."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        check_cell(cell)
        self.cell = cell

    @property
    def state_size(self) -> Any:
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        return self.cell.output_size

    @property
    def trainable_weights(self) -> list[Any]:
        return self.cell.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Any]:
        return self.cell.non_trainable_weights

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with tf.name_scope(type(self).__name__ + "ZeroState"):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        return self._wrapped(
            inputs, state, lambda x, s: self.cell(x, s, **({"scope": scope} if scope else {}))
        )

    def _wrapped(self, inputs: Any, state: Any, cell: Callable[[Any, Any], Any]) -> Any:
        raise NotImplementedError


class DropoutWrapper(Wrapper):
    """Dropout of the inputs, outputs and states of a cell.

    Args:
      input_keep_prob, output_keep_prob, state_keep_prob: how likely an entry is kept (numbers or scalar tensors).
      variational_recurrent: Gal and Ghahramani (2015): the same entries are dropped at every step; needs `dtype`, and
        `input_size` if inputs are dropped.
      seed: of the random numbers.
      dropout_state_filter_visitor: a function of a state that says (with bools) which parts may be dropped; memories of LSTM
        cells may not, by default.
    """

    def __init__(
        self, cell: Any, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None, seed: int | None = None,
        dropout_state_filter_visitor: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(cell)
        self._filter = dropout_state_filter_visitor or _droppable
        if not callable(self._filter):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._keep = {}
        for name, value in (
            ("input", input_keep_prob),
            ("state", state_keep_prob),
            ("output", output_keep_prob),
        ):
            if not isinstance(value, tf.Tensor):
                value = float(value)
                if not 0 <= value <= 1:
                    raise ValueError(f"Parameter {name}_keep_prob must be between 0 and 1: {value}")
            self._keep[name] = value
        self._variational, self._seed = variational_recurrent, seed
        if not variational_recurrent:
            return
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")

        def noise(salt: str, sizes: Any) -> Any:
            flat = nest.flatten(sizes)
            made = [
                tf.random.uniform(
                    [1, *batched(s, None).as_list()[1:]], dtype=dtype, seed=self._salted(salt, i)
                )
                for i, s in enumerate(flat)
            ]
            return nest.pack_sequence_as(sizes, made)

        if self._drops("input"):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must be provided"
                )
            self._input_noise = noise("input", input_size)
        self._state_noise = noise("state", cell.state_size)
        self._output_noise = noise("output", cell.output_size)

    @property
    def wrapped_cell(self) -> Any:
        return self.cell

    def _drops(self, what: str) -> bool:
        return isinstance(self._keep[what], tf.Tensor) or self._keep[what] < 1

    def _salted(self, salt: str, index: int) -> int | None:
        """A seed of its own for each part."""
        if self._seed is None:
            return None
        digest = hashlib.md5(f"{self._seed}{salt}_{index}".encode(), usedforsecurity=False).hexdigest()
        return int(digest[:8], 16) & 0x7FFFFFFF

    def _wrapped(self, inputs: Any, state: Any, cell: Callable[[Any, Any], Any]) -> Any:
        if self._drops("input"):
            inputs = self._dropped(inputs, "input", "input")
        output, new = cell(inputs, state)
        if self._drops("state"):
            new = _where_true(self._filter(new), self._dropped(new, "state", "state"), new)
        if self._drops("output"):
            output = self._dropped(output, "output", "output")
        return output, new

    def _dropped(self, values: Any, what: str, salt: str) -> Any:
        keep, flat = self._keep[what], nest.flatten(values)
        if self._variational:
            out = []
            for value, noise in zip(flat, nest.flatten(getattr(self, f"_{what}_noise"))):
                kept = value / tf.cast(keep, value.dtype) * tf.floor(noise + tf.cast(keep, value.dtype))
                kept.set_shape(value.shape)
                out.append(kept)
        else:
            rate = 1 - keep
            out = [tf.nn.dropout(v, rate, seed=self._salted(salt, i)) for i, v in enumerate(flat)]
        return nest.pack_sequence_as(values, out)


def _droppable(state: Any) -> Any:
    if isinstance(state, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    if isinstance(state, tf.TensorArray):
        return False
    if isinstance(state, (list, tuple)):
        parts = [_droppable(s) for s in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    return True


def _where_true(choice: Any, yes: Any, no: Any) -> Any:
    if isinstance(choice, bool):
        return yes if choice else no
    parts = [_where_true(*v) for v in zip(choice, yes, no)]
    return type(no)(*parts) if hasattr(no, "_fields") else type(no)(parts)


class ResidualWrapper(Wrapper):
    """Adds a cell's inputs to its outputs (or what `residual_fn(inputs, outputs)` gives)."""

    def __init__(self, cell: Any, residual_fn: Any = None) -> None:
        super().__init__(cell)
        self._residual_fn = residual_fn

    def _wrapped(self, inputs: Any, state: Any, cell: Callable[[Any, Any], Any]) -> Any:
        outputs, new = cell(inputs, state)
        if self._residual_fn is not None:
            together = self._residual_fn(inputs, outputs)
        else:
            nest.assert_same_structure(inputs, outputs)
            together = nest.map_structure(_added, inputs, outputs)
        for a, b in zip(nest.flatten(outputs), nest.flatten(together)):
            a.shape.assert_is_compatible_with(b.shape)
        return together, new


def _added(x: Any, y: Any) -> Any:
    TensorShape(x.shape).assert_is_compatible_with(y.shape)
    return x + y


class DeviceWrapper(Wrapper):
    """Runs a cell on a device."""

    def __init__(self, cell: Any, device: Any) -> None:
        super().__init__(cell)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with compat_v1_graph.device(self._device):
            return super().zero_state(batch_size, dtype)

    def _wrapped(self, inputs: Any, state: Any, cell: Callable[[Any, Any], Any]) -> Any:
        with compat_v1_graph.device(self._device):
            return cell(inputs, state)
