"""Nets of `tf.contrib.rnn` that are called with all steps at once."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.v1.recurrent import dynamic_rnn, static_rnn


class FusedRNNCell:
    """What takes all steps at once: `outputs, state = cell(inputs, initial_state, dtype, sequence_length, scope)`.

    Inputs and outputs are [time, batch, size], or lists of [batch, size]."""

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> Any:  # fmt: skip
        raise NotImplementedError("A FusedRNNCell has to have __call__.")


class FusedRNNCellAdaptor(FusedRNNCell):
    """All steps of an ordinary cell, with `dynamic_rnn` or `static_rnn`."""

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell, self._dynamic = cell, use_dynamic_rnn

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> Any:  # fmt: skip
        several = isinstance(inputs, list)
        if self._dynamic:
            outputs, state = dynamic_rnn(
                self._cell, tf.stack(inputs) if several else inputs, sequence_length=sequence_length,
                initial_state=initial_state, dtype=dtype, time_major=True, scope=scope,
            )  # fmt: skip
            return tf.unstack(outputs) if several else outputs, state
        outputs, state = static_rnn(
            self._cell,
            inputs if several else tf.unstack(inputs),
            initial_state,
            dtype,
            sequence_length,
            scope,
        )
        return outputs if several else tf.stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A fused cell that goes through the steps backwards."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    @staticmethod
    def _reversed(t: Any, lengths: Any) -> Any:
        if isinstance(t, list):
            return t[::-1]
        return tf.reverse(t, [0]) if lengths is None else tf.reverse_sequence(t, lengths, 0, 1)

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> Any:  # fmt: skip
        outputs, state = self._cell(
            self._reversed(inputs, sequence_length), initial_state=initial_state, dtype=dtype,
            sequence_length=sequence_length, scope=scope,
        )  # fmt: skip
        return self._reversed(outputs, sequence_length), state
