"""Cells of `tf.contrib.rnn` that go along time and, within a step, along frequency."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.recurrent import RNNCell

from .rnn_linear import sharded


def _width(inputs: Any) -> int:
    size = inputs.shape.as_list()[-1]
    if size is None:
        raise ValueError("Cannot infer input_size from static shape inference.")
    return size


def _gates(joined: Any, kernel: str, bias: str, units: int, shards: int) -> Any:
    w = sharded(kernel, [joined.shape.as_list()[-1], units], joined.dtype, shards)
    b = get_variable(bias, [units], joined.dtype, initializer=initializers.zeros_initializer())
    return lambda x: tf.nn.bias_add(tf.matmul(x, w), b)


class TimeFreqLSTMCell(RNNCell):
    """An LSTM over bands of frequencies, each of which sees the one below: Li et al. (2015).

    Args:
      feature_size: how many frequencies a band has; `frequency_skip`: how far the next one is.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_unit_shards: int = 1, forget_bias: float = 1.0, feature_size: int | None = None, frequency_skip: int = 1,
        reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._shards = num_unit_shards
        if initializer is not None:
            raise NotImplementedError(
                "TimeFreqLSTMCell: give the initializer to tf.variable_scope around the cell."
            )
        if feature_size is None:
            raise ValueError("TimeFreqLSTMCell needs feature_size: how many frequencies a band has.")
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._forget_bias, self._feature_size, self._skip = forget_bias, feature_size, frequency_skip

    @property
    def state_size(self) -> Any:
        return 2 * self._num_units

    @property
    def output_size(self) -> Any:
        return self._num_units

    def call(self, inputs: Any, state: Any) -> Any:
        n, size = self._num_units, self._feature_size
        bands = (_width(inputs) - size) // self._skip + 1
        parts = [inputs[:, f * self._skip : f * self._skip + size] for f in range(bands)]
        below = tf.zeros([tf.shape(inputs)[0], n], inputs.dtype)
        product, outputs, states = None, [], []
        for f, x in enumerate(parts):
            c, m = state[:, 2 * f * n : (2 * f + 1) * n], state[:, (2 * f + 1) * n : (2 * f + 2) * n]
            joined = tf.concat([x, m, below], 1)
            if product is None:
                product = _gates(joined, "W", "B", 4 * n, self._shards)
                if self._use_peepholes:
                    of_f, of_i, of_o = (get_variable(f"W_{g}_diag", [n], inputs.dtype) for g in "FIO")
            i, j, f_gate, o = tf.split(product(joined), 4, axis=1)
            f_gate = f_gate + self._forget_bias
            if self._use_peepholes:
                f_gate, i = f_gate + of_f * c, i + of_i * c
            c = tf.sigmoid(f_gate) * c + tf.sigmoid(i) * tf.tanh(j)
            if self._cell_clip is not None:
                c = tf.clip_by_value(c, -self._cell_clip, self._cell_clip)
            below = tf.sigmoid(o + of_o * c if self._use_peepholes else o) * tf.tanh(c)
            outputs.append(below)
            states += [c, below]
        return tf.concat(outputs, 1), tf.concat(states, 1)


class GridLSTMCell(RNNCell):
    """An LSTM along time and one along frequency, over blocks of bands: Kalchbrenner et al. (2015), Li et al. (2016).

    Args:
      share_time_frequency_weights: whether both have the same weights.
      feature_size: how many frequencies a band has; `frequency_skip`: how far the next one is.
      num_frequency_blocks: how many bands each block has.
      start_freqindex_list, end_freqindex_list: the frequencies of each block; all of them for a single one.
      couple_input_forget_gates: whether as much is forgotten as is taken in.

    Raises:
      ValueError: the bands are not as many as `num_frequency_blocks` says."""

    def __init__(
        self, num_units: int, use_peepholes: bool = False, share_time_frequency_weights: bool = False,
        cell_clip: float | None = None, initializer: Any = None, num_unit_shards: int = 1, forget_bias: float = 1.0,
        feature_size: int | None = None, frequency_skip: int | None = None,
        num_frequency_blocks: Sequence[int] | None = None, start_freqindex_list: Sequence[int] | None = None,
        end_freqindex_list: Sequence[int] | None = None, couple_input_forget_gates: bool = False,
        state_is_tuple: bool = True, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._shards = num_unit_shards
        if initializer is not None:
            raise NotImplementedError(
                "GridLSTMCell: give the initializer to tf.variable_scope around the cell."
            )
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        if feature_size is None or frequency_skip is None:
            raise ValueError("GridLSTMCell needs feature_size and frequency_skip.")
        self._num_units, self._use_peepholes, self._shared = (
            num_units,
            use_peepholes,
            share_time_frequency_weights,
        )
        self._cell_clip, self._forget_bias, self._coupled = cell_clip, forget_bias, couple_input_forget_gates
        self._feature_size, self._skip = feature_size, frequency_skip
        self._bands = [int(n) for n in num_frequency_blocks]
        self._starts, self._ends = start_freqindex_list, end_freqindex_list
        self._state_is_tuple = state_is_tuple
        self._tuple = self._tuple_of("GridLSTMStateTuple", ["state"])

    def _tuple_of(self, name: str, prefixes: list[str]) -> Any:
        bands = [(b, f) for b, n in enumerate(self._bands) for f in range(n)]
        names = [f"{p}_f{f:02d}_b{b:02d}_{k}" for p in prefixes for b, f in bands for k in "cm"]
        return namedtuple(name, names)  # type: ignore[misc]

    @property
    def state_tuple_type(self) -> Any:
        return self._tuple if self._state_is_tuple else None

    @property
    def state_size(self) -> Any:
        sizes = [self._num_units] * len(self._tuple._fields)
        return self._tuple(*sizes) if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._num_units * len(self._tuple._fields)

    def call(self, inputs: Any, state: Any) -> Any:
        if not self._state_is_tuple and len(self._bands) > 1:
            raise NotImplementedError("GridLSTMCell of several blocks has to have state_is_tuple=True.")
        parts = tf.split(state, len(self._tuple._fields), 1) if not self._state_is_tuple else state
        outputs, states = self._directed(self._features(inputs, 0), self._tuple(*parts), "state")
        return tf.concat(outputs, 1), self._tuple(*states) if self._state_is_tuple else tf.concat(states, 1)

    def _directed(self, blocks: list[list[Any]], state: Any, prefix: str) -> tuple[list[Any], list[Any]]:
        outputs, states = [], []
        for b, bands in enumerate(blocks):
            out, after = self._block(bands, b, state, prefix)
            outputs += out
            states += after
        return outputs, states

    def _features(self, inputs: Any, offset: int) -> list[list[Any]]:
        """The bands of each block. An offset moves them up (or down, where negative), with zeros beyond the inputs."""
        size, width = self._feature_size, _width(inputs)
        if offset:
            inputs = tf.pad(inputs, [[0, 0], [0, offset] if offset > 0 else [-offset, 0]])
        starts, ends = (self._starts, self._ends) if self._starts else ([0], [width])
        if not (len(starts or []) == len(ends or []) == len(self._bands)):
            raise ValueError(
                f"Each block needs a start and an end: there are {len(self._bands)} blocks, {len(starts or [])} starts and "
                f"{len(ends or [])} ends."
            )
        blocks = []
        for start, end, wanted in zip(starts or [], ends or [], self._bands):
            bands = int((end - start - size) / self._skip) + 1
            if bands != wanted:
                raise ValueError(
                    f"Invalid num_frequency_blocks, requires {wanted} but gets {bands}, please check the input size and "
                    "filter config are correct."
                )
            first = start + max(offset, 0)
            blocks.append(
                [inputs[:, first + f * self._skip : first + f * self._skip + size] for f in range(bands)]
            )
        return blocks

    def _block(self, bands: list[Any], block: int, state: Any, prefix: str) -> tuple[list[Any], list[Any]]:
        n, dtype = self._num_units, bands[0].dtype
        gates = 3 if self._coupled else 4
        rows = tf.concat([bands[0], tf.zeros([tf.shape(bands[0])[0], 2 * n], dtype)], 1)
        along_f = _gates(rows, f"W_f_{block}", f"B_f_{block}", gates * n, self._shards)
        along_t = (
            None if self._shared else _gates(rows, f"W_t_{block}", f"B_t_{block}", gates * n, self._shards)
        )
        peep_f = peep_t = None
        if self._use_peepholes:
            kinds = "IO" if self._coupled else "FIO"
            peep_f, peep_t = (
                {
                    g: [get_variable(f"W_{g}_diag_{axis}{to}_{block}", [n], dtype) for to in "ft"]
                    for g in kinds
                }
                if axis == "freq" or not self._shared
                else None
                for axis in ("freq", "time")
            )
            peep_t = peep_t or peep_f
        m_f = c_f = tf.zeros([tf.shape(bands[0])[0], n], dtype)
        outputs, states = [], []
        for f, x in enumerate(bands):
            c_t, m_t = (getattr(state, f"{prefix}_f{f:02d}_b{block:02d}_{k}") for k in "cm")
            joined = tf.concat([x, m_t, m_f], 1)
            of_f = along_f(joined)
            of_t = of_f if along_t is None else along_t(joined)
            before = c_f, c_t
            c_f, o_f = self._memory(of_f, gates, c_f, before, peep_f)
            c_t, o_t = self._memory(of_t, gates, c_t, before, peep_t)
            m_f = self._output(o_f, c_f, (c_f, c_t), peep_f)
            m_t = self._output(o_t, c_t, (c_f, c_t), peep_t)
            outputs += [m_t, m_f]
            states += [c_t, m_t]
        return outputs, states

    def _memory(self, gates: Any, count: int, c: Any, both: tuple[Any, Any], peep: Any) -> tuple[Any, Any]:
        """The next memory and what the output gate sees."""
        i, j, *f, o = tf.split(gates, count, axis=1)
        i = tf.sigmoid(i + _peeped(peep, "I", both) if peep else i)
        if self._coupled:
            keep = 1.0 - i
        else:
            keep = f[0] + self._forget_bias
            keep = tf.sigmoid(keep + _peeped(peep, "F", both) if peep else keep)
        c = keep * c + i * tf.tanh(j)
        if self._cell_clip is not None:
            c = tf.clip_by_value(c, -self._cell_clip, self._cell_clip)
        return c, o

    @staticmethod
    def _output(o: Any, c: Any, both: tuple[Any, Any], peep: Any) -> Any:
        return tf.sigmoid(o + _peeped(peep, "O", both) if peep else o) * tf.tanh(c)


def _peeped(peep: dict[str, list[Any]], gate: str, both: tuple[Any, Any]) -> Any:
    return peep[gate][0] * both[0] + peep[gate][1] * both[1]


class BidirectionalGridLSTMCell(GridLSTMCell):
    """`GridLSTMCell` up and down the frequencies.

    Args:
      backward_slice_offset: how many frequencies further up the bands on the way down begin.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, share_time_frequency_weights: bool = False,
        cell_clip: float | None = None, initializer: Any = None, num_unit_shards: int = 1, forget_bias: float = 1.0,
        feature_size: int | None = None, frequency_skip: int | None = None,
        num_frequency_blocks: Sequence[int] | None = None, start_freqindex_list: Sequence[int] | None = None,
        end_freqindex_list: Sequence[int] | None = None, couple_input_forget_gates: bool = False,
        backward_slice_offset: int = 0, reuse: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            num_units, use_peepholes, share_time_frequency_weights, cell_clip, initializer, num_unit_shards, forget_bias,
            feature_size, frequency_skip, num_frequency_blocks, start_freqindex_list, end_freqindex_list,
            couple_input_forget_gates, True, reuse,
        )  # fmt: skip
        self._offset = int(backward_slice_offset)
        self._tuple = self._tuple_of("BidirectionalGridLSTMStateTuple", ["fwd_state", "bwd_state"])

    @property
    def output_size(self) -> Any:
        # Each band of each direction has two outputs, as many as its states.
        return self._num_units * len(self._tuple._fields)

    def call(self, inputs: Any, state: Any) -> Any:
        up, down = self._features(inputs, 0), self._features(inputs, self._offset)
        with variable_scope("fwd"):
            outputs, states = self._directed(up, state, "fwd_state")
        with variable_scope("bwd"):
            more, after = self._directed([bands[::-1] for bands in down], state, "bwd_state")
        return tf.concat(outputs + more, 1), self._tuple(*states, *after)


__all__ = ["BidirectionalGridLSTMCell", "GridLSTMCell", "TimeFreqLSTMCell"]
