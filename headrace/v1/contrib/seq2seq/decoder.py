"""Decoders, and the loop that runs them."""

from __future__ import annotations

from typing import Any, NamedTuple

import headrace as tf
from headrace.core import nest
from headrace.core.shapes import TensorShape
from headrace.session.scopes import variable_scope
from headrace.v1.recurrent.cell import batched, check_cell
from headrace.v1.recurrent.dynamic import select, transpose_batch_time


class Decoder:
    """What `dynamic_decode` runs: subclasses have `batch_size`, `output_size`, `output_dtype`, `initialize()` and
    `step(time, inputs, state)`."""

    steps: Any = (
        None  # the number of steps after which all sequences have finished, where that is known before
    )

    @property
    def batch_size(self) -> Any:
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether `step` says of all sequences whether they have finished, also of those that had before."""
        return False

    def initialize(self, name: str | None = None) -> Any:
        """`(finished, first inputs, first state)`."""
        raise NotImplementedError

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """`(outputs, next state, next inputs, finished)`."""
        raise NotImplementedError

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """`(outputs, final state)` of the whole, time first: what they were, unless a subclass changes them."""
        return outputs, final_state


class BasicDecoderOutput(NamedTuple):
    """What a `BasicDecoder` gives at each step."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """A cell, and a helper that says what its next inputs are.

    Args:
      initial_state: the cell's first state.
      output_layer: a layer that the cell's outputs go through, such as a projection to the vocabulary.
    """

    def __init__(self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None) -> None:
        check_cell(cell)
        if not hasattr(helper, "next_inputs"):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        if output_layer is not None and not hasattr(output_layer, "compute_output_shape"):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell, self._helper, self._initial_state, self._output_layer = (
            cell,
            helper,
            initial_state,
            output_layer,
        )

    @property
    def steps(self) -> Any:  # type: ignore[override]
        return getattr(self._helper, "steps", None)

    @property
    def batch_size(self) -> Any:
        return self._helper.batch_size

    @property
    def output_size(self) -> Any:
        size = self._cell.output_size
        if self._output_layer is not None:
            size = nest.map_structure(
                lambda s: TensorShape(
                    self._output_layer.compute_output_shape(batched(s, None)).as_list()[1:]
                ),
                size,
            )
        return BasicDecoderOutput(size, self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        dtype = nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(
            nest.map_structure(lambda _: dtype, self._cell.output_size), self._helper.sample_ids_dtype
        )

    def initialize(self, name: str | None = None) -> Any:
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with tf.name_scope(name or "BasicDecoderStep"):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            ids = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, inputs, state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=ids
            )
        return BasicDecoderOutput(outputs, ids), state, inputs, finished


def dynamic_decode(
    decoder: Any, output_time_major: bool = False, impute_finished: bool = False, maximum_iterations: Any = None,
    parallel_iterations: int = 32, swap_memory: bool = False, scope: Any = None,
) -> Any:  # fmt: skip
    """Runs a decoder until all sequences have finished.

    Args:
      output_time_major: whether outputs have time before the batch.
      impute_finished: whether finished sequences keep their state and give zeros from then on.
      maximum_iterations: an int or a scalar tensor: stops after so many steps. A loop with such a bound, if its value can be
        told from shapes, is compiled whole.
      parallel_iterations, swap_memory: accepted for compatibility: a compiled loop has neither choice.
      scope: the variable scope, "decoder" by default.

    Returns: the outputs, the last state, and the lengths [batch] of the sequences.

    Raises:
      TypeError: `decoder` is none.
    """
    if not hasattr(decoder, "step") or not hasattr(decoder, "initialize"):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with variable_scope(scope, "decoder"):
        finished, inputs, state = decoder.initialize()
        if maximum_iterations is not None:
            maximum_iterations = tf.cast(maximum_iterations, tf.int32)
            if maximum_iterations.shape.rank != 0:
                raise ValueError("maximum_iterations must be a scalar")
        steps = getattr(decoder, "steps", None)
        limit = _limit(maximum_iterations, steps)
        sizes, kinds = nest.flatten(decoder.output_size), nest.flatten(decoder.output_dtype)
        structure = decoder.output_dtype
        batch = tf.get_static_value(tf.convert_to_tensor(decoder.batch_size))
        batch = None if batch is None else int(batch)
        known = [batched(s, None).as_list()[1:] for s in sizes]
        arrays = tuple(
            tf.TensorArray(
                d, size=0 if limit is None else limit, dynamic_size=limit is None, element_shape=[batch, *s]
            )
            for d, s in zip(kinds, known)
        )
        state = nest.map_structure(
            lambda s: s if nest.is_composite(s) or isinstance(s, tf.TensorArray) else tf.convert_to_tensor(s),
            state,
        )
        inputs = nest.map_structure(tf.convert_to_tensor, inputs)
        finished = tf.convert_to_tensor(finished)
        lengths = tf.zeros_like(finished, tf.int32)

        def go_on(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            if steps is not None:
                return time < limit
            some = tf.logical_not(tf.reduce_all(finished))
            return some if limit is None else tf.logical_and(time < limit, some)

        def step(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            outputs, after, inputs, now = decoder.step(time, inputs, state)
            ended = now if decoder.tracks_own_finished else tf.logical_or(now, finished)
            lengths = tf.where(tf.logical_not(finished), tf.fill(tf.shape(lengths), time + 1), lengths)
            nest.assert_same_structure(state, after)
            flat = nest.flatten(outputs)
            if impute_finished:
                flat = [select(finished, tf.zeros_like(v), v) for v in flat]
                after = nest.map_structure(lambda old, new: select(finished, old, new), state, after)
            for old, new in zip(nest.flatten(state), nest.flatten(after)):
                if isinstance(new, tf.Tensor) and isinstance(old, tf.Tensor):
                    new.set_shape(old.shape)
            arrays = tuple(a.write(time, v) for a, v in zip(arrays, flat))
            return time + 1, arrays, after, inputs, ended, lengths

        time, arrays, state, _, _, lengths = tf.while_loop(
            go_on, step, (tf.constant(0), arrays, state, inputs, finished, lengths)
        )
        stacked = [a.stack() for a in arrays]
        if limit is not None and steps is None:
            stacked = [v[:time] for v in stacked]
        for v, s in zip(stacked, known):
            v.set_shape([None, batch, *s])
        outputs = nest.pack_sequence_as(structure, stacked)
        outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
        return outputs, state, lengths


def _limit(maximum: Any, own: Any) -> Any:
    if maximum is None or own is None:
        return own if maximum is None else maximum
    return tf.minimum(maximum, own)
