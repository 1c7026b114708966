"""`tf.contrib.legacy_seq2seq`: decoders as lists of steps, as `tf.nn.seq2seq` was."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_nn import embedding_lookup
from headrace.core import nest
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.recurrent import RNNCell, static_rnn

from .rnn import EmbeddingWrapper, OutputProjectionWrapper, linear


def rnn_decoder(
    decoder_inputs: Any, initial_state: Any, cell: Any, loop_function: Any = None, scope: Any = None
) -> Any:
    """A cell along a list of inputs.

    Args:
      loop_function: `f(previous_output, i)` gives the i-th input, from the second on, in place of the given one.

    Returns: a list of outputs, and the last state.
    """
    with variable_scope(scope or "rnn_decoder") as entered:
        state, outputs, previous = initial_state, [], None
        for i, x in enumerate(decoder_inputs):
            if loop_function is not None and previous is not None:
                with variable_scope("loop_function", reuse=True):
                    x = loop_function(previous, i)
            if i > 0:
                entered.reuse_variables()
            output, state = cell(x, state)
            outputs.append(output)
            previous = output if loop_function is not None else None
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = tf.float32, scope: Any = None
) -> Any:
    """An encoder whose last state a decoder begins with; the cell is copied, not shared."""
    import copy

    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, loop_function: Any = None, dtype: Any = tf.float32,
    scope: Any = None,
) -> Any:  # fmt: skip
    """`basic_rnn_seq2seq` whose encoder and decoder have the same variables."""
    with variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        with variable_scope(scope, reuse=True) as again:
            return rnn_decoder(decoder_inputs, state, cell, loop_function, scope=again)


def _argmax_embedding(embedding: Any, projection: Any, update_embedding: bool) -> Any:
    def loop_function(previous: Any, _: int) -> Any:
        if projection is not None:
            previous = tf.matmul(previous, projection[0]) + projection[1]
        rows = embedding_lookup(embedding, tf.argmax(previous, 1))
        return rows if update_embedding else tf.stop_gradient(rows)

    return loop_function


def embedding_rnn_decoder(
    decoder_inputs: Any, initial_state: Any, cell: Any, num_symbols: int, embedding_size: int,
    output_projection: Any = None, feed_previous: bool = False, update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> Any:  # fmt: skip
    """`rnn_decoder` of symbols, looked up in the variable "embedding".

    Args:
      output_projection: `(weights, biases)` from outputs to symbols.
      feed_previous: whether each input is the likeliest symbol of the last output; only the first input counts then.
    """
    with variable_scope(scope or "embedding_rnn_decoder"):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = _argmax_embedding(embedding, output_projection, update_embedding_for_previous) if feed_previous else None  # fmt: skip
        rows = [embedding_lookup(embedding, i) for i in decoder_inputs]
        return rnn_decoder(rows, initial_state, cell, loop_function=loop)


def embedding_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int, num_decoder_symbols: int,
    embedding_size: int, output_projection: Any = None, feed_previous: Any = False, dtype: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """An encoder and a decoder of symbols.

    Args:
      feed_previous: a bool, or a boolean scalar tensor.
    """
    import copy

    with variable_scope(scope or "embedding_rnn_seq2seq") as entered:
        if dtype is not None:
            entered.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or tf.float32)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feed: bool) -> Any:
            return embedding_rnn_decoder(
                decoder_inputs, state, cell, num_decoder_symbols, embedding_size, output_projection, feed
            )

        return _decoded(decode, feed_previous)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_symbols: int, embedding_size: int,
    num_decoder_symbols: int | None = None, output_projection: Any = None, feed_previous: Any = False, dtype: Any = None,
    scope: Any = None,
) -> Any:  # fmt: skip
    """`tied_rnn_seq2seq` of symbols, which encoder and decoder look up in one variable "embedding".

    Args:
      num_decoder_symbols: how many symbols the outputs are of; `num_symbols` if not given.
      output_projection: `(weights, biases)` from outputs to symbols.
      feed_previous: a bool, or a boolean scalar tensor.
    """
    with variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as entered:
        kind = dtype or entered.dtype
        if output_projection is not None:
            tf.TensorShape([None, num_symbols]).assert_is_compatible_with(output_projection[0].shape)
            tf.TensorShape([num_symbols]).assert_is_compatible_with(output_projection[1].shape)
        embedding = get_variable("embedding", [num_symbols, embedding_size], dtype=kind)
        encoder, decoder = (
            [embedding_lookup(embedding, i) for i in inputs] for inputs in (encoder_inputs, decoder_inputs)
        )
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols or num_symbols)
        updated = isinstance(feed_previous, bool)

        def decode(feed: bool) -> Any:
            loop = _argmax_embedding(embedding, output_projection, updated) if feed else None
            return tied_rnn_seq2seq(encoder, decoder, cell, loop_function=loop, dtype=kind)

        return _decoded(decode, feed_previous)


def one2many_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs_dict: dict[Any, Any], enc_cell: Any, dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int, num_decoder_symbols_dict: dict[Any, int], embedding_size: int, feed_previous: Any = False,
    dtype: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """One encoder of symbols, and a decoder for each entry of the dicts.

    Returns: dicts of the decoders' outputs and of their states.

    Raises:
      TypeError: a cell is none.
      ValueError: the dicts have other keys."""
    for cell in (enc_cell, *dec_cells_dict.values()):
        if not isinstance(cell, RNNCell):
            raise TypeError(f"Every cell must be an RNNCell. Received {cell!r}.")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("decoder_inputs_dict and dec_cells_dict must have the same keys.")
    outputs, states = {}, {}
    with variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or entered.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)
                outputs[name], states[name] = _decoded(
                    lambda feed, inputs=inputs, cell=cell, symbols=symbols: embedding_rnn_decoder(
                        inputs, state, cell, symbols, embedding_size, feed_previous=feed
                    ),
                    feed_previous,
                )
    return outputs, states


def _decoded(decode: Any, feed_previous: Any) -> Any:
    """Either decoder, or the one that a tensor chooses."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous)
    from headrace.session.variable_store import get_variable_scope

    fed = decode(True)
    with variable_scope(get_variable_scope(), reuse=True):
        given = decode(False)
    flat = [tf.where(feed_previous, a, b) for a, b in zip(nest.flatten(fed), nest.flatten(given))]
    return nest.pack_sequence_as(fed, flat)


def attention_decoder(
    decoder_inputs: Any, initial_state: Any, attention_states: Any, cell: Any, output_size: int | None = None,
    num_heads: int = 1, loop_function: Any = None, dtype: Any = None, scope: Any = None,
    initial_state_attention: bool = False,
) -> Any:  # fmt: skip
    """`rnn_decoder` that attends to `attention_states` [batch, length, size]: Vinyals et al. (2014).

    Args:
      num_heads: how many attentions there are.
      initial_state_attention: whether the first step attends already, to what the initial state asks for.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    length, size = attention_states.shape.as_list()[1:3]
    if size is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.shape}")
    output_size = output_size or cell.output_size
    with variable_scope(scope or "attention_decoder", dtype=dtype) as entered:
        steps = tf.shape(attention_states)[1] if length is None else length
        hidden = tf.reshape(attention_states, tf.stack([-1, steps, 1, size]))
        features, vectors = [], []
        for a in range(num_heads):
            k = get_variable(f"AttnW_{a}", [1, 1, size, size])
            features.append(tf.nn.conv2d(hidden, k, [1, 1, 1, 1], "SAME"))
            vectors.append(get_variable(f"AttnV_{a}", [size]))

        def attend(query: Any) -> list[Any]:
            flat = nest.flatten(query)
            query = tf.concat(flat, 1) if len(flat) > 1 else flat[0]
            found = []
            for a in range(num_heads):
                with variable_scope(f"Attention_{a}"):
                    y = tf.cast(tf.reshape(linear([query], size, True), [-1, 1, 1, size]), features[a].dtype)
                    weights = tf.nn.softmax(tf.reduce_sum(vectors[a] * tf.tanh(features[a] + y), [2, 3]))
                    context = tf.reduce_sum(tf.reshape(weights, tf.stack([-1, steps, 1, 1])) * hidden, [1, 2])
                    found.append(tf.reshape(context, [-1, size]))
            return found

        batch = tf.shape(decoder_inputs[0])[0]
        attentions = [tf.zeros(tf.stack([batch, size]), attention_states.dtype) for _ in range(num_heads)]
        for attention in attentions:
            attention.set_shape([None, size])
        state = initial_state
        if initial_state_attention:
            attentions = attend(initial_state)
        outputs, previous = [], None
        for i, x in enumerate(decoder_inputs):
            if i > 0:
                entered.reuse_variables()
            if loop_function is not None and previous is not None:
                with variable_scope("loop_function", reuse=True):
                    x = loop_function(previous, i)
            joined = linear([x, *attentions], x.shape.as_list()[1], True)
            cell_output, state = cell(joined, state)
            if i == 0 and initial_state_attention:
                with variable_scope(_here(), reuse=True):
                    attentions = attend(state)
            else:
                attentions = attend(state)
            with variable_scope("AttnOutputProjection"):
                output = linear([cell_output, *attentions], output_size, True)
            previous = output if loop_function is not None else None
            outputs.append(output)
    return outputs, state


def _here() -> Any:
    from headrace.session.variable_store import get_variable_scope

    return get_variable_scope()


def embedding_attention_decoder(
    decoder_inputs: Any, initial_state: Any, attention_states: Any, cell: Any, num_symbols: int, embedding_size: int,
    num_heads: int = 1, output_size: int | None = None, output_projection: Any = None, feed_previous: bool = False,
    update_embedding_for_previous: bool = True, dtype: Any = None, scope: Any = None,
    initial_state_attention: bool = False,
) -> Any:  # fmt: skip
    """`attention_decoder` of symbols, looked up in the variable "embedding"."""
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = _argmax_embedding(embedding, output_projection, update_embedding_for_previous) if feed_previous else None  # fmt: skip
        rows = [embedding_lookup(embedding, i) for i in decoder_inputs]
        return attention_decoder(
            rows, initial_state, attention_states, cell, output_size or cell.output_size, num_heads, loop,
            initial_state_attention=initial_state_attention,
        )  # fmt: skip


def embedding_attention_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, num_encoder_symbols: int, num_decoder_symbols: int,
    embedding_size: int, num_heads: int = 1, output_projection: Any = None, feed_previous: Any = False, dtype: Any = None,
    scope: Any = None, initial_state_attention: bool = False,
) -> Any:  # fmt: skip
    """An encoder and a decoder of symbols, with attention to the encoder's outputs.

    Args:
      feed_previous: a bool, or a boolean scalar tensor.
    """
    import copy

    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        encoded, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        attended = tf.concat([tf.reshape(e, [-1, 1, cell.output_size]) for e in encoded], 1)
        size = None
        if output_projection is None:
            cell, size = OutputProjectionWrapper(cell, num_decoder_symbols), num_decoder_symbols

        def decode(feed: bool) -> Any:
            return embedding_attention_decoder(
                decoder_inputs, state, attended, cell, num_decoder_symbols, embedding_size, num_heads, size,
                output_projection, feed, initial_state_attention=initial_state_attention,
            )  # fmt: skip

        return _decoded(decode, feed_previous)


def sequence_loss_by_example(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, softmax_loss_function: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The weighted cross entropy [batch] of lists of logits [batch, classes], targets [batch] and weights [batch].

    Raises:
      ValueError: the lists differ in length."""
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, {len(targets)}."
        )
    with tf.name_scope(name or "sequence_loss_by_example"):
        total = []
        for logit, target, weight in zip(logits, targets, weights):
            target = tf.reshape(target, [-1])
            if softmax_loss_function is None:
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            total.append(loss * weight)
        losses = tf.add_n(total)
        if average_across_timesteps:
            losses = losses / (
                tf.add_n([tf.convert_to_tensor(w) for w in weights]) + 1e-12
            )  # no division by zero
        return losses


def sequence_loss(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True,
    softmax_loss_function: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The sum of `sequence_loss_by_example`, divided by the batch size if `average_across_batch`."""
    with tf.name_scope(name or "sequence_loss"):
        cost = tf.reduce_sum(
            sequence_loss_by_example(
                logits, targets, weights, average_across_timesteps, softmax_loss_function
            )
        )
        return cost / tf.cast(tf.shape(targets[0])[0], cost.dtype) if average_across_batch else cost


def model_with_buckets(
    encoder_inputs: Any, decoder_inputs: Any, targets: Any, weights: Any, buckets: Any, seq2seq: Any,
    softmax_loss_function: Any = None, per_example_loss: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """A model for each of the lengths in `buckets` (pairs of encoder's and decoder's), with the same variables.

    Args:
      seq2seq: `f(encoder_inputs, decoder_inputs)` returns outputs and a state.

    Returns: a list of outputs and a list of losses, one of each per bucket.
    """
    longest = buckets[-1]
    for what, values, needed in (("encoder_inputs", encoder_inputs, longest[0]), ("targets", targets, longest[1]),
                                 ("weights", weights, longest[1])):  # fmt: skip
        if len(values) < needed:
            raise ValueError(
                f"Length of {what} ({len(values)}) must be at least that of last bucket ({needed})."
            )
    outputs, losses = [], []
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    with tf.name_scope(name or "model_with_buckets"):
        for i, (n, m) in enumerate(buckets):
            with variable_scope(_here(), reuse=True if i > 0 else None):
                result, _ = seq2seq(encoder_inputs[:n], decoder_inputs[:m])
                outputs.append(result)
                losses.append(
                    loss(result, targets[:m], weights[:m], softmax_loss_function=softmax_loss_function)
                )
    return outputs, losses


__all__ = [
    "attention_decoder", "basic_rnn_seq2seq", "embedding_attention_decoder", "embedding_attention_seq2seq",
    "embedding_rnn_decoder", "embedding_rnn_seq2seq", "embedding_tied_rnn_seq2seq", "model_with_buckets",
    "one2many_rnn_seq2seq", "rnn_decoder", "sequence_loss", "sequence_loss_by_example", "tied_rnn_seq2seq",
]  # fmt: skip
