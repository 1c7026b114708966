"""`AttentionWrapper`: a cell that looks at a memory at each step."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.core import nest
from headrace.core.shapes import TensorShape
from headrace.v1.layers.core import Dense
from headrace.v1.recurrent.cell import RNNCell, check_cell

from .attention import AttentionMechanism


class AttentionWrapperState(NamedTuple):
    """The state of an `AttentionWrapper`: the cell's, and what the last step attended to."""

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """A copy with other values of some fields, of the same shapes.

        Raises:
          ValueError: a shape differs."""

        def checked(old: Any, new: Any) -> Any:
            if isinstance(old, tf.Tensor) and isinstance(new, tf.Tensor):
                if not old.shape.is_compatible_with(new.shape):
                    raise ValueError(
                        f"The shape of the AttentionWrapperState is expected to be {old.shape}, not {new.shape}."
                    )
                new.set_shape(old.shape)
            return new

        new = self._replace(**kwargs)
        parts = [
            nest.map_structure(checked, a, b) if nest.is_nested(a) else checked(a, b)
            for a, b in zip(self, new)
        ]
        return AttentionWrapperState(*parts)


def compute_attention(mechanism: Any, cell_output: Any, attention_state: Any, attention_layer: Any) -> Any:
    """`(attention, alignments, next attention state)` of one mechanism."""
    alignments, state = mechanism(cell_output, state=attention_state)
    context = tf.squeeze(tf.matmul(tf.expand_dims(alignments, 1), mechanism.values), [1])
    if attention_layer is None:
        return context, alignments, state
    return attention_layer(tf.concat([cell_output, context], 1)), alignments, state


def _attention_size(cell: Any, mechanism: Any, layer: Any) -> int:
    depth = mechanism.values.shape.as_list()[-1]
    if layer is None:
        return depth
    return int(TensorShape(layer.compute_output_shape([None, cell.output_size + depth])).as_list()[-1] or 0)


class AttentionWrapper(RNNCell):
    """A cell whose inputs include what it attended to at the last step, and whose output is what it attends to now.

    Args:
      attention_mechanism: one, or a list of them.
      attention_layer_size: the columns that attention (cell output and context) is projected to; None: the context itself.
      alignment_history: whether the state keeps the alignments of all steps, in a TensorArray.
      cell_input_fn: makes the cell's inputs of inputs and attention; they are joined by default.
      output_attention: False outputs what the cell does (Bahdanau's style), True the attention (Luong's).
      initial_cell_state: the cell's first state, such as an encoder's last.
      attention_layer: a layer (or a list of them) in place of `attention_layer_size`.
      attention_fn: `f(mechanism, cell_output, attention_state, attention_layer)`, in place of `compute_attention`.
    """

    def __init__(
        self, cell: Any, attention_mechanism: Any, attention_layer_size: Any = None, alignment_history: bool = False,
        cell_input_fn: Any = None, output_attention: bool = True, initial_cell_state: Any = None, name: str | None = None,
        attention_layer: Any = None, attention_fn: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        check_cell(cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        mechanisms = tuple(attention_mechanism) if self._is_multi else (attention_mechanism,)
        for mechanism in mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                raise TypeError(
                    f"attention_mechanism must contain only instances of AttentionMechanism, saw type: {type(mechanism).__name__}"
                )
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._layers = self._attention_layers(mechanisms, attention_layer_size, attention_layer, dtype)
        self._attention_size = sum(
            _attention_size(cell, m, layer) for m, layer in zip(mechanisms, self._layers)
        )
        self._cell, self._mechanisms = cell, mechanisms
        self._input_fn = cell_input_fn or (lambda inputs, attention: tf.concat([inputs, attention], -1))
        self._attention_fn = attention_fn or compute_attention
        self._output_attention, self._alignment_history = output_attention, alignment_history
        self._initial_cell_state = None
        if initial_cell_state is not None:
            self._initial_cell_state = nest.map_structure(tf.identity, initial_cell_state)

    def _attention_layers(self, mechanisms: Any, sizes: Any, layers: Any, dtype: Any) -> list[Any]:
        n = len(mechanisms)
        given = sizes if sizes is not None else layers
        if given is None:
            return [None] * n
        given = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(given) != n:
            raise ValueError(
                f"If provided, attention_layer_size or attention_layer must have one entry for each of {n} attention "
                f"mechanisms, saw: {len(given)}"
            )
        if sizes is None:
            return given
        return [Dense(size, name="attention_layer", use_bias=False, dtype=dtype) for size in given]

    def _item_or_tuple(self, values: Any) -> Any:
        values = tuple(values)
        return values if self._is_multi else values[0]

    def _items(self, value: Any) -> Any:
        return value if self._is_multi else (value,)

    @property
    def output_size(self) -> Any:
        return self._attention_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> Any:
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            attention=self._attention_size,
            time=TensorShape([]),
            alignments=self._item_or_tuple(m.alignments_size for m in self._mechanisms),
            alignment_history=self._item_or_tuple(
                m.alignments_size if self._alignment_history else () for m in self._mechanisms
            ),
            attention_state=self._item_or_tuple(m.state_size for m in self._mechanisms),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        """The first state: that of the cell (or `initial_cell_state`), attending to nothing."""
        with tf.name_scope(type(self).__name__ + "ZeroState"):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.zero_state(batch_size, dtype)
            else:
                cell_state = nest.map_structure(tf.identity, cell_state)
            alignments = [m.initial_alignments(batch_size, dtype) for m in self._mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=tf.zeros([], tf.int32),
                attention=tf.zeros([batch_size, self._attention_size], dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in self._mechanisms
                ),
                alignment_history=self._item_or_tuple(
                    tf.TensorArray(dtype, size=0, dynamic_size=True, element_shape=a.shape)
                    if self._alignment_history
                    else ()
                    for a in alignments
                ),
            )

    def call(self, inputs: Any, state: Any) -> Any:
        """One step: the cell, then the attention of its output."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                f"Expected state to be instance of AttentionWrapperState. Received type {type(state)} instead."
            )
        cell_output, cell_state = self._cell(self._input_fn(inputs, state.attention), state.cell_state)
        attentions, all_alignments, states, histories = [], [], [], []
        before, history = self._items(state.attention_state), self._items(state.alignment_history)
        for mechanism, layer, own, past in zip(self._mechanisms, self._layers, before, history):
            attention, alignments, after = self._attention_fn(mechanism, cell_output, own, layer)
            attentions.append(attention)
            all_alignments.append(alignments)
            states.append(after)
            histories.append(past.write(state.time, alignments) if self._alignment_history else ())
        attention = tf.concat(attentions, 1) if len(attentions) > 1 else attentions[0]
        after = AttentionWrapperState(
            time=state.time + 1,
            cell_state=cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(states),
            alignments=self._item_or_tuple(all_alignments),
            alignment_history=self._item_or_tuple(histories),
        )
        return (attention if self._output_attention else cell_output), after
