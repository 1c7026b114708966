"""Beam search: the best so many continuations are kept at each step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import headrace as tf
from headrace.core import nest
from headrace.core.shapes import TensorShape
from headrace.v1.recurrent.cell import check_cell

from .decoder import Decoder
from .helpers import _embedding
from .wrapper import AttentionWrapperState


class BeamSearchDecoderState(NamedTuple):
    """The state of a `BeamSearchDecoder`; the first dimensions are batch and beam."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """What a step gives: scores, the ids chosen, and the beams that they continue."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """The whole: `predicted_ids` [batch, time, beam], the best first, and what the steps gave."""

    predicted_ids: Any
    beam_search_decoder_output: Any


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Every entry of a batch (of tensors in any nest) `multiplier` times, one after the other.

    >>> import headrace as tf
    >>> tile_batch(tf.constant([1, 2]), 3).numpy().tolist()
    [1, 1, 1, 2, 2, 2]
    """

    def tiled(x: Any) -> Any:
        x = tf.convert_to_tensor(x)
        if x.shape.rank is None:
            raise ValueError("t must have statically known rank")
        if x.shape.rank == 0:
            return x
        n, rest = x.shape.as_list()[0], x.shape.as_list()[1:]
        y = tf.tile(tf.expand_dims(x, 1), [1, multiplier] + [1] * len(rest))
        y = tf.reshape(y, tf.concat([[-1], tf.shape(x)[1:]], 0))
        y.set_shape([None if n is None else n * multiplier, *rest])
        return y

    with tf.name_scope(name or "tile_batch"):
        return nest.map_structure(tiled, t)


def gather_tree(
    step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any, name: str | None = None
) -> Any:
    """The sequences of a beam search, followed back from their last steps.

    Args:
      step_ids, parent_ids: [time, batch, beam]: what was chosen at each step, and which beam it continued.
      max_sequence_lengths: [batch].
      end_token: fills what comes after a sequence's end.
    """
    with tf.name_scope(name or "GatherTree"):
        ids, parents = tf.cast(step_ids, tf.int32), tf.cast(parent_ids, tf.int32)
        lengths, end = tf.cast(max_sequence_lengths, tf.int32), tf.cast(end_token, tf.int32)
        steps, own = tf.shape(ids)[0], tf.broadcast_to(tf.range(tf.shape(ids)[2]), tf.shape(ids)[1:])

        def step(i: Any, beams: Any, found: Any) -> Any:
            t = steps - 1 - i
            at = tf.where(
                tf.expand_dims(t < lengths - 1, 1), beams, own
            )  # each sequence begins at its last step
            found = found.write(t, tf.gather(ids[t], at, batch_dims=1))
            return i + 1, tf.gather(parents[t], at, batch_dims=1), found

        array = tf.TensorArray(tf.int32, size=steps, element_shape=ids.shape[1:])
        found = tf.while_loop(lambda i, *_: i < steps, step, (tf.constant(0), own, array))[2].stack()
        inside = tf.expand_dims(tf.transpose(tf.sequence_mask(lengths, steps)), 2)
        ended = tf.cumsum(tf.cast(tf.equal(found, end), tf.int32), axis=0, exclusive=True) > 0
        return tf.where(tf.logical_and(inside, tf.logical_not(ended)), found, end)


class BeamSearchDecoder(Decoder):
    """Keeps the `beam_width` best sequences at each step.

    Args:
      cell: its states have `batch * beam_width` rows: tile encoder outputs and states with `tile_batch`.
      embedding: a function of ids, or a matrix of rows to look up.
      start_tokens: [batch].
      initial_state: the cell's, of `batch * beam_width` rows.
      output_layer: makes logits of the cell's outputs.
      length_penalty_weight: Wu et al. (2016): scores are divided by `((5 + length) / 6) ** weight`.
      coverage_penalty_weight: the same authors' penalty for parts of the memory that got little attention; the cell has to
        be an `AttentionWrapper`.
      reorder_tensor_arrays: whether TensorArrays in the state (`alignment_history`) are put in the order of the final beams.
    """

    def __init__(
        self, cell: Any, embedding: Any, start_tokens: Any, end_token: Any, initial_state: Any, beam_width: int,
        output_layer: Any = None, length_penalty_weight: float = 0.0, coverage_penalty_weight: float = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:  # fmt: skip
        check_cell(cell)
        if output_layer is not None and not hasattr(output_layer, "compute_output_shape"):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell, self._output_layer, self._reorder = cell, output_layer, reorder_tensor_arrays
        self._embedding_fn = _embedding(embedding)
        self._start_tokens = tf.cast(start_tokens, tf.int32)
        self._end_token = tf.cast(end_token, tf.int32)
        if self._start_tokens.shape.rank != 1:
            raise ValueError("start_tokens must be a vector")
        if self._end_token.shape.rank != 0:
            raise ValueError("end_token must be a scalar")
        n = self._start_tokens.shape.as_list()[0]
        self._batch_size = tf.size(self._start_tokens) if n is None else n
        self._static_batch = n
        self._beam_width = int(beam_width)
        self._length_penalty_weight, self._coverage_penalty_weight = (
            length_penalty_weight,
            coverage_penalty_weight,
        )
        self._initial_state = nest.map_structure(self._apart, initial_state)

    # -------------------------------------------------------------------------------------- rows [batch * beam] and [batch, beam]
    def _apart(self, x: Any) -> Any:
        if isinstance(x, tf.TensorArray) or x.shape.rank == 0:
            return x
        rest = x.shape.as_list()[1:]
        y = tf.reshape(x, tf.concat([[self._batch_size, self._beam_width], tf.shape(x)[1:]], 0))
        y.set_shape([self._static_batch, self._beam_width, *rest])
        return y

    def _together(self, x: Any) -> Any:
        if isinstance(x, tf.TensorArray) or x.shape.rank == 0:
            return x
        n, rest = self._static_batch, x.shape.as_list()[2:]
        y = tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], 0))
        y.set_shape([None if n is None else n * self._beam_width, *rest])
        return y

    def _chosen(self, x: Any, beams: Any) -> Any:
        """The rows of the beams that were chosen to go on."""
        if isinstance(x, tf.TensorArray) or x.shape.rank == 0:
            return x
        y = tf.gather(x, beams, batch_dims=1)
        y.set_shape(x.shape)
        return y

    # ------------------------------------------------------------------------------------------------------ what a decoder has
    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        """True: beams change places, and finished with them."""
        return True

    @property
    def output_size(self) -> Any:
        beams = TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(scores=beams, predicted_ids=beams, parent_ids=beams)

    @property
    def output_dtype(self) -> Any:
        dtype = next(s.dtype for s in nest.flatten(self._initial_state) if isinstance(s, tf.Tensor))
        return BeamSearchDecoderOutput(scores=dtype, predicted_ids=tf.int32, parent_ids=tf.int32)

    def initialize(self, name: str | None = None) -> Any:
        n, k, dtype = self._batch_size, self._beam_width, self.output_dtype.scores
        first = tf.zeros([n], tf.int32)  # all sequences begin the same: only the first beam counts
        tokens = tf.tile(tf.expand_dims(self._start_tokens, 1), [1, k])
        state = BeamSearchDecoderState(
            cell_state=self._initial_state,
            log_probs=tf.one_hot(first, k, tf.constant(0.0, dtype), tf.constant(-np.inf, dtype), dtype=dtype),
            finished=tf.one_hot(first, k, False, True, dtype=tf.bool),
            lengths=tf.zeros([n, k], tf.int64),
            accumulated_attention_probs=self._no_attention(),
        )
        return state.finished, self._embedding_fn(tokens), state

    def _no_attention(self) -> Any:
        if self._coverage_penalty_weight == 0.0:
            return ()
        if not isinstance(self._initial_state, AttentionWrapperState):
            raise ValueError(
                "coverage_penalty_weight needs the attention of the cell: it has to be an AttentionWrapper."
            )
        return tf.zeros_like(nest.flatten(self._initial_state.alignments)[0])

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with tf.name_scope(name or "BeamSearchDecoderStep"):
            outputs, cell_state = self._cell(
                nest.map_structure(self._together, inputs),
                nest.map_structure(self._together, state.cell_state),
            )
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            logits = nest.map_structure(self._apart, outputs)
            cell_state = nest.map_structure(self._apart, cell_state)
            output, after = self._search(logits, cell_state, state)
            return output, after, self._embedding_fn(output.predicted_ids), after.finished

    def _search(self, logits: Any, cell_state: Any, state: Any) -> Any:
        n, k = self._batch_size, self._beam_width
        size = logits.shape.as_list()[-1]
        vocabulary: Any = tf.shape(logits)[-1] if size is None else size
        step_probs = tf.nn.log_softmax(logits)
        # A finished sequence goes on with the end token, at no cost, and with nothing else.
        ended = tf.one_hot(
            tf.fill([n, k], self._end_token), vocabulary, tf.constant(0.0, logits.dtype), logits.dtype.min, dtype=logits.dtype
        )  # fmt: skip
        step_probs = tf.where(tf.expand_dims(state.finished, 2), ended, step_probs)
        total = tf.expand_dims(state.log_probs, 2) + step_probs
        alive = tf.cast(tf.logical_not(state.finished), tf.int64)
        grows = tf.one_hot(
            tf.fill([n, k], self._end_token), vocabulary, tf.constant(0, tf.int64), tf.constant(1, tf.int64), dtype=tf.int64
        )  # fmt: skip
        lengths = tf.expand_dims(state.lengths, 2) + grows * tf.expand_dims(alive, 2)
        attention = self._attention(cell_state, state)
        scores = self._scores(total, lengths, state.finished, attention)
        best, indices = tf.math.top_k(tf.reshape(scores, [n, -1]), k)
        best.set_shape([self._static_batch, k])
        probs = tf.gather(tf.reshape(total, [n, -1]), indices, batch_dims=1)
        words, beams = indices % vocabulary, indices // vocabulary
        before = tf.gather(state.finished, beams, batch_dims=1)
        after = BeamSearchDecoderState(
            cell_state=nest.map_structure(lambda x: self._chosen(x, beams), cell_state),
            log_probs=probs,
            finished=tf.logical_or(before, tf.equal(words, self._end_token)),
            lengths=tf.gather(state.lengths, beams, batch_dims=1) + tf.cast(tf.logical_not(before), tf.int64),
            accumulated_attention_probs=()
            if isinstance(attention, tuple)
            else self._chosen(attention, beams),
        )
        return BeamSearchDecoderOutput(best, words, beams), after

    def _attention(self, cell_state: Any, state: Any) -> Any:
        if self._coverage_penalty_weight == 0.0:
            return ()
        alignments = nest.flatten(cell_state.alignments)[0]
        alive = tf.expand_dims(tf.logical_not(state.finished), 2)
        return tf.where(
            alive, state.accumulated_attention_probs + alignments, state.accumulated_attention_probs
        )

    def _scores(self, log_probs: Any, lengths: Any, finished: Any, attention: Any) -> Any:
        scores, weight = log_probs, self._length_penalty_weight
        if not (isinstance(weight, (int, float)) and weight == 0.0):
            size = tf.cast(lengths, log_probs.dtype)
            scores = scores / tf.pow((5.0 + size) / 6.0, tf.cast(weight, log_probs.dtype))
        if not isinstance(attention, tuple):
            penalty = tf.reduce_sum(tf.math.log(tf.minimum(attention, tf.ones([], attention.dtype))), 2)
            penalty = tf.where(
                finished, penalty, tf.zeros([], penalty.dtype)
            )  # it is of whole sequences only
            scores = scores + tf.cast(self._coverage_penalty_weight, scores.dtype) * tf.expand_dims(
                penalty, 2
            )
        return scores

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        longest = tf.cast(tf.reduce_max(final_state.lengths, axis=1), tf.int32)
        ids = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        if self._reorder:
            final_state = final_state._replace(
                cell_state=nest.map_structure(
                    lambda x: (
                        self._sorted(x, outputs.parent_ids, final_state.lengths)
                        if isinstance(x, tf.TensorArray)
                        else x
                    ),
                    final_state.cell_state,
                )
            )
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state

    def _sorted(self, array: Any, parents: Any, lengths: Any) -> Any:
        """A TensorArray with the rows of the final beams, instead of those that had their places at each step."""
        k, values = self._beam_width, array.stack()
        shape = tf.shape(values)
        rows = tf.reshape(values, tf.concat([[shape[0], self._batch_size, k], shape[2:]], 0))
        own = tf.broadcast_to(tf.range(k), tf.shape(parents))
        longest = tf.cast(tf.reduce_max(lengths, axis=1), tf.int32)
        order = gather_tree(own, parents, longest, k + 1)
        inside = tf.transpose(tf.sequence_mask(lengths, tf.shape(parents)[0]), [2, 0, 1])
        rows = tf.gather(rows, tf.where(inside, order, own), batch_dims=2)
        flat = tf.reshape(rows, shape)
        flat.set_shape(values.shape)
        return tf.TensorArray(array.dtype, size=shape[0], element_shape=array.element_shape).unstack(flat)
