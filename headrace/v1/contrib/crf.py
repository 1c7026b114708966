"""`tf.contrib.crf`: linear-chain conditional random fields (Lafferty et al., 2001)."""

from __future__ import annotations

from typing import Any

import numpy as np

import headrace as tf
from headrace.session.scopes import get_variable
from headrace.v1.recurrent.cell import RNNCell
from headrace.v1.recurrent.dynamic import select


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Any:
    """[batch]: the sum of the inputs [batch, time, tags] at the tags [batch, time], up to each sequence's length."""
    inputs, tags = tf.convert_to_tensor(inputs), tf.convert_to_tensor(tag_indices)
    chosen = tf.gather(inputs, tags, batch_dims=2)
    return tf.reduce_sum(chosen * tf.sequence_mask(sequence_lengths, tf.shape(tags)[1], inputs.dtype), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """[batch]: the sum of the transitions [tags, tags] from each tag to the next, up to each sequence's length."""
    tags, transitions = tf.convert_to_tensor(tag_indices), tf.convert_to_tensor(transition_params)
    scores = tf.gather_nd(transitions, tf.stack([tags[:, :-1], tags[:, 1:]], 2))
    lengths = tf.maximum(tf.constant(0, tf.int32), tf.cast(sequence_lengths, tf.int32) - 1)
    return tf.reduce_sum(scores * tf.sequence_mask(lengths, tf.shape(tags)[1] - 1, scores.dtype), 1)


def crf_sequence_score(inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """[batch]: the unnormalised score of a sequence of tags; zero for sequences of no length."""
    unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
    return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> Any:
    """[batch]: the log of the summed scores of all sequences whose tags are allowed by `tag_bitmap` [batch, time, tags]."""
    inputs = tf.convert_to_tensor(inputs)
    allowed = tf.where(tf.cast(tag_bitmap, tf.bool), inputs, tf.constant(-np.inf, inputs.dtype))
    return crf_log_norm(allowed, sequence_lengths, transition_params)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """[batch]: the log of the summed scores of all sequences of tags; zero for sequences of no length."""
    inputs, transitions = tf.convert_to_tensor(inputs), tf.convert_to_tensor(transition_params)
    lengths = tf.cast(sequence_lengths, tf.int32)
    steps = tf.transpose(inputs, [1, 0, 2])

    def step(t: Any, alpha: Any) -> Any:
        new = steps[t] + tf.reduce_logsumexp(tf.expand_dims(alpha, 2) + transitions, 1)
        return t + 1, select(t >= lengths, alpha, new)

    n = tf.shape(steps)[0]
    alpha = tf.while_loop(lambda t, _: t < n, step, (tf.constant(1), steps[0]))[1]
    norm = tf.reduce_logsumexp(alpha, 1)
    return tf.where(lengths <= 0, tf.zeros_like(norm), norm)


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> Any:
    """The log likelihood of sequences of tags.

    Args:
      inputs: [batch, time, tags], a score for each tag.
      tag_indices: [batch, time], the right tags.
      transition_params: [tags, tags]; the variable "transitions" if not given.

    Returns: `(log likelihoods [batch], transition_params)`.
    """
    inputs = tf.convert_to_tensor(inputs)
    if transition_params is None:
        tags = inputs.shape.as_list()[2]
        transition_params = get_variable("transitions", [tags, tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> Any:
    """The best sequences of tags, by Viterbi's algorithm.

    Returns: `(tags [batch, time], int32, zeros beyond the length; scores [batch])`. A length of 0 counts as 1.
    """
    potentials, transitions = tf.convert_to_tensor(potentials), tf.convert_to_tensor(transition_params)
    lengths = tf.cast(sequence_length, tf.int32)
    steps = tf.transpose(potentials, [1, 0, 2])
    n, tags = tf.shape(steps)[0], potentials.shape.as_list()[2]
    own = tf.zeros_like(steps[0], tf.int32) + tf.range(tags)

    def forward(t: Any, score: Any, came: Any) -> Any:
        together = tf.expand_dims(score, 2) + transitions
        best, done = tf.argmax(together, 1, output_type=tf.int32), t >= lengths
        new = steps[t] + tf.reduce_max(together, 1)
        return t + 1, select(done, score, new), came.write(t, select(done, own, best))

    array = tf.TensorArray(tf.int32, size=n, element_shape=own.shape).write(0, own)
    _, score, came = tf.while_loop(lambda t, *_: t < n, forward, (tf.constant(1), steps[0], array))
    last = tf.argmax(score, 1, output_type=tf.int32)

    def backward(i: Any, tag: Any, found: Any) -> Any:
        t = n - 1 - i
        return i + 1, tf.gather(came.read(t), tag, batch_dims=1), found.write(t, tag)

    found = tf.TensorArray(tf.int32, size=n, element_shape=last.shape)
    found = tf.while_loop(lambda i, *_: i < n, backward, (tf.constant(0), last, found))[2]
    path = tf.transpose(found.stack())
    path = path * tf.sequence_mask(tf.maximum(lengths, 1), n, tf.int32)
    path.set_shape(potentials.shape[:2])
    return path, tf.reduce_max(score, 1)


class _TagCell(RNNCell):
    """A cell whose state is a score for each tag, of the best sequences, or of all, that end with it."""

    def __init__(self, transition_params: Any) -> None:
        super().__init__()
        self._transitions = tf.convert_to_tensor(transition_params)

    @property
    def state_size(self) -> Any:
        return self._transitions.shape.as_list()[0]

    @property
    def output_size(self) -> Any:
        return self.state_size

    def _together(self, state: Any) -> Any:
        return tf.expand_dims(state, 2) + self._transitions


class CrfForwardRnnCell(_TagCell):
    """The forward algorithm, a step at a time: [batch, tags] inputs, whose state is the log of summed scores."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        alphas = inputs + tf.reduce_logsumexp(self._together(state), 1)
        return alphas, alphas


class CrfDecodeForwardRnnCell(_TagCell):
    """Viterbi's algorithm, a step at a time: the output is the tag before, for each tag, on the best way to it."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        scores = self._together(state)
        return tf.argmax(scores, 1, output_type=tf.int32), inputs + tf.reduce_max(scores, 1)


class CrfDecodeBackwardRnnCell(RNNCell):
    """The way back: inputs are the tags before, for each tag; the state [batch, 1] is the tag."""

    def __init__(self, num_tags: int) -> None:
        super().__init__()
        self._tags = num_tags

    @property
    def state_size(self) -> Any:
        return 1

    @property
    def output_size(self) -> Any:
        return 1

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        tag = tf.gather(inputs, state, batch_dims=1)
        return tag, tag


def viterbi_decode(score: Any, transition_params: Any) -> Any:
    """The best sequence of tags of one sequence of scores, as NumPy arrays.

    Args:
      score: [time, tags].
      transition_params: [tags, tags].

    Returns: `(list of tags, score)`.

    >>> path, best = viterbi_decode(np.array([[1.0, 0.0], [0.0, 0.2]]), np.array([[0.5, 0.0], [0.0, 0.5]]))
    >>> [int(t) for t in path], float(best)
    ([0, 0], 1.5)
    """
    score, transitions = np.asarray(score), np.asarray(transition_params)
    best, came = score[0].astype(np.result_type(score, transitions)), np.zeros(score.shape, np.int32)
    for t in range(1, len(score)):
        together = best[:, None] + transitions
        came[t] = together.argmax(0)
        best = score[t] + together.max(0)
    path = [best.argmax()]
    for t in range(len(score) - 1, 0, -1):
        path.append(came[t][path[-1]])
    return path[::-1], best.max()
