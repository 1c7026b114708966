"""`tf.nn.dynamic_rnn`, `bidirectional_dynamic_rnn` and `raw_rnn`: a cell in a loop over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core import nest
from headrace.core.tensor import Tensor
from headrace.session.scopes import variable_scope

from .cell import batched, check_cell, rnn_scope


def transpose_batch_time(x: Any) -> Any:
    """[batch, time, …] to [time, batch, …] and back."""
    rank = x.shape.rank
    if rank is None or rank < 2:
        raise ValueError(f"Expected at least two dimensions, [batch, time, …], received shape {x.shape}.")
    return tf.transpose(x, [1, 0, *range(2, rank)])


def lengths_of(sequence_length: Any, batch: Any) -> Any:
    """The lengths as an int32 vector; ValueError if they are none of [batch]."""
    lengths = tf.cast(sequence_length, tf.int32)
    if lengths.shape.rank not in (None, 1):
        raise ValueError(
            f"sequence_length must be a vector of length batch_size, but saw shape: {lengths.shape}"
        )
    size = lengths.shape.as_list()[0] if lengths.shape.rank == 1 else None
    if size is not None and batch is not None and size != batch:
        raise ValueError(f"Expected shape for sequence_length is [{batch}], but saw shape: [{size}]")
    return tf.identity(lengths, name="sequence_length")


def first_state(cell: Any, initial_state: Any, dtype: Any, inputs: Any, batch_size: Any) -> Any:
    """`initial_state`, or zeros of `dtype`."""
    if initial_state is not None:
        return nest.map_structure(
            lambda s: s if nest.is_composite(s) else tf.convert_to_tensor(s), initial_state
        )
    if not dtype:
        raise ValueError("If there is no initial_state, you must give a dtype.")
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def select(finished: Any, old: Any, new: Any) -> Any:
    """`old` for the rows that have finished, `new` for the others."""
    if isinstance(new, tf.TensorArray) or nest.is_composite(new):
        return new
    if new.shape.rank == 0:
        return new
    wide = (
        tf.reshape(finished, tf.concat([tf.shape(finished), tf.ones([tf.rank(new) - 1], tf.int32)], 0))
        if new.shape.rank is None
        else tf.reshape(finished, [-1] + [1] * (new.shape.rank - 1))
    )
    result = tf.where(wide, old, new)
    result.set_shape(new.shape)
    return result


def dynamic_rnn(
    cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
    parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> Any:  # fmt: skip
    """A recurrent net: the cell is called for each step of the inputs.

    Args:
      inputs: [batch, time, …] (a nest of them), or [time, batch, …] with `time_major`.
      sequence_length: [batch]: beyond its length a sequence's outputs are zeros and its state stays what it was.
      initial_state: of the structure of `cell.state_size`; zeros of `dtype` if not given.
      parallel_iterations, swap_memory: accepted for compatibility: a compiled loop has neither choice.
      scope: the variable scope, "rnn" by default.

    Returns: the outputs, as the inputs are laid out, and the last state.

    Raises:
      TypeError: `cell` is no cell.
      ValueError: neither initial state nor type is given, or shapes are not known well enough.
    """
    check_cell(cell)
    with rnn_scope(scope, "rnn"):
        flat = [tf.convert_to_tensor(x) for x in nest.flatten(inputs)]
        if not time_major:
            flat = [transpose_batch_time(x) for x in flat]
        first = flat[0]
        if first.shape.rank is None or first.shape.rank < 2:
            raise ValueError(f"Input must have at least two dimensions, received shape {first.shape}.")
        time, batch = first.shape.as_list()[:2]
        steps = tf.shape(first)[0] if time is None else tf.constant(time)
        batch_size: Any = tf.shape(first)[1] if batch is None else batch
        lengths = None if sequence_length is None else lengths_of(sequence_length, batch)
        state = first_state(cell, initial_state, dtype, inputs, batch_size)
        outputs, state = _loop(cell, flat, inputs, state, lengths, steps, batch_size, batch, time)
        if not time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
        return outputs, state


def _loop(
    cell: Any, flat: list[Any], structure: Any, state: Any, lengths: Any, steps: Any, batch_size: Any,
    batch: int | None, time: int | None,
) -> Any:  # fmt: skip
    for x in flat:
        if None in x.shape.as_list()[2:]:
            raise ValueError(
                f"Input size (depth of inputs) must be accessible via shape inference, but saw value None in {x.shape}."
            )
    arrays = [tf.TensorArray(x.dtype, size=steps, element_shape=x.shape[1:]).unstack(x) for x in flat]
    sizes = nest.flatten(cell.output_size)
    kind = _output_dtype(cell, state, flat)
    out = tuple(tf.TensorArray(kind, size=steps, element_shape=batched(s, batch)) for s in sizes)
    # Rows need no looking at before the shortest has ended, and steps none after the longest has.
    last = steps if lengths is None else tf.minimum(steps, tf.maximum(1, tf.reduce_max(lengths)))

    def go_on(t: Any, *_: Any) -> Any:
        # `t < steps` tells the compiler how often at most; `t < last` when to stop.
        return t < steps if lengths is None else tf.logical_and(t < steps, t < last)

    def step(t: Any, out: Any, state: Any) -> Any:
        x = nest.pack_sequence_as(structure, [a.read(t) for a in arrays])
        y, new = cell(x, state)
        nest.assert_same_structure(state, new)
        flat_y = nest.flatten(y)
        if lengths is not None:
            done = t >= lengths
            flat_y = [select(done, tf.zeros_like(v), v) for v in flat_y]
            new = nest.map_structure(lambda a, b: select(done, a, b), state, new)
        return t + 1, tuple(a.write(t, v) for a, v in zip(out, flat_y)), new

    _, out, final = tf.while_loop(go_on, step, (tf.constant(0), out, state))
    stacked = [a.stack() for a in out]
    for y, s in zip(stacked, sizes):
        y.set_shape([time, *batched(s, batch).as_list()])
    return nest.pack_sequence_as(cell.output_size, stacked), final


def _output_dtype(cell: Any, state: Any, flat: list[Any]) -> Any:
    """The type of the outputs: that of the states."""
    kinds = [s.dtype for s in nest.flatten(state) if isinstance(s, Tensor)]
    floating = [k for k in kinds if k.is_floating or k.is_complex]
    return (floating or kinds or [flat[0].dtype])[0]


def bidirectional_dynamic_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None, swap_memory: bool = False,
    time_major: bool = False, scope: Any = None,
) -> Any:  # fmt: skip
    """Two recurrent nets, one of which goes backwards through time.

    Returns: `((outputs_fw, outputs_bw), (state_fw, state_bw))`; see `dynamic_rnn` for the arguments.
    """
    check_cell(cell_fw, "cell_fw")
    check_cell(cell_bw, "cell_bw")
    options = {
        "sequence_length": sequence_length, "dtype": dtype, "parallel_iterations": parallel_iterations,
        "swap_memory": swap_memory, "time_major": time_major,
    }  # fmt: skip
    axis = 0 if time_major else 1

    def reverse(x: Any) -> Any:
        if sequence_length is None:
            return tf.reverse(x, [axis])
        return tf.reverse_sequence(x, sequence_length, seq_axis=axis, batch_axis=1 - axis)

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw:
            y_fw, state_fw = dynamic_rnn(cell_fw, inputs, initial_state=initial_state_fw, scope=fw, **options)
        with variable_scope("bw") as bw:
            turned = nest.map_structure(reverse, inputs)
            y_bw, state_bw = dynamic_rnn(cell_bw, turned, initial_state=initial_state_bw, scope=bw, **options)
    return (y_fw, nest.map_structure(reverse, y_bw)), (state_fw, state_bw)


def raw_rnn(
    cell: Any, loop_fn: Callable[..., Any], parallel_iterations: int | None = None, swap_memory: bool = False,
    scope: Any = None,
) -> Any:  # fmt: skip
    """A recurrent net whose inputs are made as it goes.

    Args:
      loop_fn: `loop_fn(time, cell_output, cell_state, loop_state)` returns `(elements_finished, next_input, next_cell_state,
        emit_output, next_loop_state)`. It is called once before the first step, with outputs and states None; what it
        emits then tells the structure, shapes and types of what it will emit (None: the cell's outputs).

    Returns: TensorArrays of what was emitted, the last cell state, the last loop state.
    """
    check_cell(cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with rnn_scope(scope, "rnn"):
        finished, x, state, emitted, loop_state = loop_fn(tf.constant(0), None, None, None)
        flat_x = [tf.convert_to_tensor(v) for v in nest.flatten(x)]
        x = nest.pack_sequence_as(x, flat_x)
        state = nest.map_structure(lambda s: s if nest.is_composite(s) else tf.convert_to_tensor(s), state)
        batch = flat_x[0].shape.as_list()[0]
        batch_size = tf.shape(flat_x[0])[0] if batch is None else batch
        if emitted is None:
            structure, kind = cell.output_size, _output_dtype(cell, state, flat_x)
            shapes = [(batched(s, None).as_list()[1:], kind) for s in nest.flatten(structure)]
        else:
            structure = emitted
            shapes = [(e.shape.as_list(), e.dtype) for e in map(tf.convert_to_tensor, nest.flatten(emitted))]
        zeros = [tf.zeros(tf.stack([batch_size, *s]), d) for s, d in shapes]
        arrays = tuple(
            tf.TensorArray(d, size=0, dynamic_size=True, element_shape=[batch, *s]) for s, d in shapes
        )
        has_loop_state = loop_state is not None
        loop_state = loop_state if has_loop_state else tf.constant(0)
        loop_state = nest.map_structure(
            lambda v: v if nest.is_composite(v) else tf.convert_to_tensor(v), loop_state
        )

        def step(t: Any, finished: Any, x: Any, arrays: Any, state: Any, loop_state: Any) -> Any:
            y, new = cell(x, state)
            nest.assert_same_structure(state, new)
            after, following, new, emit, own = loop_fn(t + 1, y, new, loop_state if has_loop_state else None)
            nest.assert_same_structure(state, new)
            emit = [
                select(finished, z, tf.convert_to_tensor(e))
                for z, e in zip(zeros, nest.flatten(y if emitted is None else emit))
            ]
            new = nest.map_structure(lambda a, b: select(finished, a, b), state, new)
            arrays = tuple(a.write(t, e) for a, e in zip(arrays, emit))
            own = loop_state if own is None else own
            return t + 1, tf.logical_or(after, finished), following, arrays, new, own

        start = (tf.constant(0), tf.convert_to_tensor(finished), x, arrays, state, loop_state)
        _, _, _, arrays, state, loop_state = tf.while_loop(
            lambda t, finished, *_: tf.logical_not(tf.reduce_all(finished)), step, start
        )
        return nest.pack_sequence_as(structure, list(arrays)), state, loop_state if has_loop_state else None


__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "raw_rnn", "transpose_batch_time"]
