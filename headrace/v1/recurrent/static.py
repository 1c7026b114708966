"""`tf.nn.static_rnn` and its kin: a cell called once for each of a list of inputs."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.core import nest
from headrace.core.state import state as current
from headrace.session.scopes import variable_scope

from .cell import check_cell, rnn_scope
from .dynamic import first_state, lengths_of, select


def static_rnn(
    cell: Any, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
) -> Any:  # fmt: skip
    """A recurrent net of as many steps as there are inputs.

    Args:
      inputs: a list of [batch, size] (or of nests of them).
      sequence_length: [batch]: beyond its length a sequence's outputs are zeros and its state stays what it was.

    Returns: a list of outputs, and the last state.

    Raises:
      TypeError: `inputs` is no list.
      ValueError: it is empty, or neither initial state nor type is given.
    """
    check_cell(cell)
    if not isinstance(inputs, (list, tuple)) or hasattr(inputs, "_fields"):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with rnn_scope(scope, "rnn") as entered:
        first = tf.convert_to_tensor(nest.flatten(inputs[0])[0])
        if first.shape.rank != 1 and None in first.shape.as_list()[1:]:
            raise ValueError(
                f"Input size (dimension 1 of inputs) must be accessible via shape inference, but saw {first.shape}."
            )
        batch = first.shape.as_list()[0]
        batch_size = tf.shape(first)[0] if batch is None else batch
        lengths = None if sequence_length is None else lengths_of(sequence_length, batch)
        state = first_state(cell, initial_state, dtype, inputs[0], batch_size)
        outputs = []
        for t, x in enumerate(inputs):
            if t > 0:
                entered.reuse_variables()
            y, new = cell(x, state)
            if lengths is not None:
                done = t >= lengths
                y = nest.map_structure(lambda v: select(done, tf.zeros_like(v), v), y)  # noqa: B023 - called at once
                new = nest.map_structure(lambda a, b: select(done, a, b), state, new)  # noqa: B023
            outputs.append(y)
            state = new
        return outputs, state


def static_state_saving_rnn(
    cell: Any, inputs: Any, state_saver: Any, state_name: Any, sequence_length: Any = None, scope: Any = None
) -> Any:  # fmt: skip
    """`static_rnn` for long sequences in pieces: the state comes from, and goes to, `state_saver`.

    Args:
      state_saver: an object with `state(name)` and `save_state(name, value)`.
      state_name: a name for each part of the state (nested as `cell.state_size` is).
    """
    size = cell.state_size
    nested = nest.is_nested(size)
    if nested != nest.is_nested(state_name):
        raise ValueError(
            "state_name should be the same type as cell.state_size. state_name: "
            f"{state_name}, cell.state_size: {size}"
        )
    names = nest.flatten(state_name)
    if len(names) != len(nest.flatten(size)):
        raise ValueError(
            f"#elems(state_name) != #elems(state_size): {len(names)} vs. {len(nest.flatten(size))}"
        )
    initial = nest.pack_sequence_as(size, [state_saver.state(n) for n in names])
    outputs, state = static_rnn(
        cell, inputs, initial_state=initial, sequence_length=sequence_length, scope=scope
    )
    saving = [state_saver.save_state(n, s) for n, s in zip(names, nest.flatten(state))]
    graph: Any = current.graph
    with graph.control_dependencies(saving):  # whoever uses the last output saves the state
        outputs[-1] = nest.map_structure(tf.identity, outputs[-1])
        state = nest.map_structure(tf.identity, state)
    return outputs, state


def static_bidirectional_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, initial_state_fw: Any = None, initial_state_bw: Any = None, dtype: Any = None,
    sequence_length: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """Two static recurrent nets, one of which goes backwards.

    Returns: a list of the outputs of both, joined along the columns, and the last states of both.
    """
    check_cell(cell_fw, "cell_fw")
    check_cell(cell_bw, "cell_bw")
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw:
            y_fw, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw)
        with variable_scope("bw") as bw:
            turned = _reversed(inputs, sequence_length)
            y_bw, state_bw = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, scope=bw)
    y_bw = _reversed(y_bw, sequence_length)
    flat = [
        [tf.concat([a, b], 1) for a, b in zip(nest.flatten(fw_t), nest.flatten(bw_t))] for fw_t, bw_t in zip(y_fw, y_bw)
    ]  # fmt: skip
    outputs = [nest.pack_sequence_as(y_fw[0], parts) for parts in flat]
    return outputs, state_fw, state_bw


def _reversed(sequence: Any, lengths: Any) -> list[Any]:
    if lengths is None:
        return list(reversed(sequence))
    flat = [nest.flatten(x) for x in sequence]
    turned = []
    for parts in zip(*flat):
        joined = tf.reverse_sequence(tf.stack(parts), lengths, seq_axis=0, batch_axis=1)
        turned.append(tf.unstack(joined, len(sequence)))
    return [nest.pack_sequence_as(sequence[0], list(parts)) for parts in zip(*turned)]
