"""Helpers of decoders: what is sampled from the outputs, and what the next inputs are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core import nest
from headrace.core.dtypes import as_dtype
from headrace.core.shapes import TensorShape
from headrace.v1.recurrent.dynamic import select, transpose_batch_time


class Helper:
    """What a `BasicDecoder` asks: subclasses have `batch_size`, `initialize()`, `sample(time, outputs, state)` and
    `next_inputs(time, outputs, state, sample_ids)`."""

    steps: Any = (
        None  # the number of steps after which all sequences have finished, where that is known before
    )

    @property
    def batch_size(self) -> Any:
        raise NotImplementedError

    @property
    def sample_ids_shape(self) -> Any:
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        return tf.int32

    def initialize(self, name: str | None = None) -> Any:
        """`(finished, first inputs)`."""
        raise NotImplementedError

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        raise NotImplementedError

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """`(finished, next inputs, next state)`."""
        raise NotImplementedError


class CustomHelper(Helper):
    """A helper of three functions: `initialize_fn()`, `sample_fn(time, outputs, state)` and
    `next_inputs_fn(time, outputs, state, sample_ids)`."""

    def __init__(
        self, initialize_fn: Callable[..., Any], sample_fn: Callable[..., Any], next_inputs_fn: Callable[..., Any],
        sample_ids_shape: Any = None, sample_ids_dtype: Any = None,
    ) -> None:  # fmt: skip
        self._initialize_fn, self._sample_fn, self._next_inputs_fn = initialize_fn, sample_fn, next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = TensorShape([] if sample_ids_shape is None else sample_ids_shape)
        self._sample_ids_dtype = as_dtype(sample_ids_dtype or tf.int32)

    @property
    def batch_size(self) -> Any:
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> Any:
        finished, inputs = self._initialize_fn()
        if self._batch_size is None:
            self._batch_size = tf.size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        return self._next_inputs_fn(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


class TrainingHelper(Helper):
    """Reads the inputs, whatever was sampled.

    Args:
      inputs: [batch, time, …], or [time, batch, …] with `time_major` (or a nest of these).
      sequence_length: [batch].
    """

    def __init__(
        self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None
    ) -> None:
        inputs = nest.map_structure(tf.convert_to_tensor, inputs)
        self._inputs = inputs
        if not time_major:
            inputs = nest.map_structure(transpose_batch_time, inputs)
        self._arrays = nest.map_structure(
            lambda x: tf.TensorArray(x.dtype, size=tf.shape(x)[0], element_shape=x.shape[1:]).unstack(x),
            inputs,
        )
        self._sequence_length = tf.convert_to_tensor(sequence_length)
        if self._sequence_length.dtype is not tf.int32:
            self._sequence_length = tf.cast(self._sequence_length, tf.int32)
        if self._sequence_length.shape.rank != 1:
            raise ValueError(
                f"Expected sequence_length to be a vector, but received shape: {self._sequence_length.shape}"
            )
        # Told by what is fed: loops and their gradients are then compiled for that many steps, without looking for the end.
        self.steps = tf.reduce_max(self._sequence_length)
        self._zeros = nest.map_structure(lambda x: tf.zeros_like(x[0]), inputs)
        self._batch_size = tf.size(self._sequence_length)

    @property
    def inputs(self) -> Any:
        return self._inputs

    @property
    def sequence_length(self) -> Any:
        return self._sequence_length

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    def _read(self, time: Any) -> Any:
        return nest.map_structure(lambda a: a.read(time), self._arrays)

    def initialize(self, name: str | None = None) -> Any:
        with tf.name_scope(name or "TrainingHelperInitialize"):
            finished = tf.equal(0, self._sequence_length)
            return finished, self._next(tf.reduce_all(finished), self._read(0))

    def _next(self, all_finished: Any, inputs: Any) -> Any:
        return nest.map_structure(lambda z, x: tf.where(all_finished, z, x), self._zeros, inputs)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        with tf.name_scope(name or "TrainingHelperSample"):
            return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        with tf.name_scope(name or "TrainingHelperNextInputs"):
            finished = time + 1 >= self._sequence_length
            following = self._read(
                tf.minimum(time + 1, self.steps - 1)
            )  # after the last step there is nothing to read
            return finished, self._next(tf.reduce_all(finished), following), state


def _embedding(embedding: Any) -> Callable[[Any], Any]:
    if callable(embedding):
        return embedding
    return lambda ids: tf.nn.embedding_lookup(embedding, ids)


class GreedyEmbeddingHelper(Helper):
    """Takes the likeliest output, and the embedding of that as the next input.

    Args:
      embedding: a function of ids, or a matrix of rows to look up.
      start_tokens: [batch], the first ids.
      end_token: the id that ends a sequence.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = _embedding(embedding)
        self._start_tokens = tf.cast(start_tokens, tf.int32)
        self._end_token = tf.cast(end_token, tf.int32)
        if self._start_tokens.shape.rank != 1:
            raise ValueError("start_tokens must be a vector")
        if self._end_token.shape.rank != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = tf.size(self._start_tokens)
        self._start_inputs = self._embedding_fn(self._start_tokens)

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    def initialize(self, name: str | None = None) -> Any:
        return tf.fill([self._batch_size], False), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        if not isinstance(outputs, tf.Tensor):
            raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        return tf.equal(sample_ids, self._end_token), self._embedding_fn(sample_ids), state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Draws from the outputs (as logits), and takes the embedding of that as the next input.

    Args:
      softmax_temperature: logits are divided by it.
    """

    def __init__(
        self, embedding: Any, start_tokens: Any, end_token: Any, softmax_temperature: Any = None, seed: int | None = None
    ) -> None:  # fmt: skip
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        if not isinstance(outputs, tf.Tensor):
            raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
        logits = outputs if self._softmax_temperature is None else outputs / self._softmax_temperature
        return _draw(logits, self._seed)


def _draw(logits: Any, seed: int | None) -> Any:
    return tf.squeeze(tf.random.categorical(logits, 1, tf.int32, seed), [1])


class InferenceHelper(Helper):
    """A helper of functions of the outputs.

    Args:
      sample_fn: makes samples of outputs.
      start_inputs: the first inputs, [batch, …].
      end_fn: says of samples whether their sequences have ended.
      next_inputs_fn: makes inputs of samples; they are the inputs themselves by default.
    """

    def __init__(
        self, sample_fn: Callable[..., Any], sample_shape: Any, sample_dtype: Any, start_inputs: Any,
        end_fn: Callable[..., Any], next_inputs_fn: Any = None,
    ) -> None:  # fmt: skip
        self._sample_fn, self._end_fn, self._next_inputs_fn = sample_fn, end_fn, next_inputs_fn
        self._sample_shape, self._sample_dtype = TensorShape(sample_shape), as_dtype(sample_dtype)
        self._start_inputs = tf.convert_to_tensor(start_inputs)
        self._batch_size = tf.shape(self._start_inputs)[0]

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> Any:
        return tf.fill([self._batch_size], False), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        inputs = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), inputs, state


def _probability(value: Any) -> Any:
    value = tf.convert_to_tensor(value, tf.float32)
    if value.shape.rank not in (0, 1):
        raise ValueError(
            f"sampling_probability must be either a scalar or a vector. saw shape: {value.shape}"
        )
    return value


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Bengio et al. (2015): with some probability the next input is the embedding of what was sampled.

    Args:
      sampling_probability: a scalar, or [batch].
    """

    def __init__(
        self, inputs: Any, sequence_length: Any, embedding: Any, sampling_probability: Any, time_major: bool = False,
        seed: int | None = None, scheduling_seed: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(inputs, sequence_length, time_major, name)
        self._embedding_fn, self._sampling_probability = (
            _embedding(embedding),
            _probability(sampling_probability),
        )
        self._seed, self._scheduling_seed = seed, scheduling_seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Ids where it is sampled, -1 elsewhere."""
        drawn = _draw(outputs, self._seed)
        chosen = (
            tf.random.uniform([self._batch_size], seed=self._scheduling_seed) < self._sampling_probability
        )
        return tf.where(chosen, drawn, -1)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        finished, inputs, state = super().next_inputs(time, outputs, state, sample_ids)
        sampled = self._embedding_fn(tf.maximum(sample_ids, 0))
        use = tf.logical_and(sample_ids > -1, tf.logical_not(tf.reduce_all(finished)))
        return finished, nest.map_structure(lambda old, new: select(use, new, old), inputs, sampled), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Bengio et al. (2015): with some probability the next input is the last output.

    Args:
      sampling_probability: a scalar, or [batch].
      next_inputs_fn: makes inputs of outputs.
      auxiliary_inputs: joined to every input (sampled or not), as the inputs are laid out.
    """

    def __init__(
        self, inputs: Any, sequence_length: Any, sampling_probability: Any, time_major: bool = False,
        seed: int | None = None, next_inputs_fn: Any = None, auxiliary_inputs: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._sampling_probability = _probability(sampling_probability)
        self._auxiliary = None
        if auxiliary_inputs is not None:
            inputs = nest.map_structure(tf.convert_to_tensor, inputs)
            auxiliary_inputs = nest.map_structure(tf.convert_to_tensor, auxiliary_inputs)
            inputs = nest.map_structure(lambda x, a: tf.concat([x, a], -1), inputs, auxiliary_inputs)
            if not time_major:
                auxiliary_inputs = nest.map_structure(transpose_batch_time, auxiliary_inputs)
            self._auxiliary = nest.map_structure(
                lambda x: tf.TensorArray(x.dtype, size=tf.shape(x)[0], element_shape=x.shape[1:]).unstack(x),
                auxiliary_inputs,
            )
        super().__init__(inputs, sequence_length, time_major, name)
        self._seed, self._next_inputs_fn = seed, next_inputs_fn

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Ones where the output is the next input, zeros elsewhere."""
        drawn = tf.random.uniform([self._batch_size], seed=self._seed) < self._sampling_probability
        return tf.cast(drawn, tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        finished, inputs, state = super().next_inputs(time, outputs, state, sample_ids)
        sampled = outputs if self._next_inputs_fn is None else self._next_inputs_fn(outputs)
        if self._auxiliary is not None:
            at = tf.minimum(time + 1, self.steps - 1)
            sampled = nest.map_structure(
                lambda x, a: tf.concat([x, a.read(at)], -1), sampled, self._auxiliary
            )
        use = tf.logical_and(tf.cast(sample_ids, tf.bool), tf.logical_not(tf.reduce_all(finished)))
        return finished, nest.map_structure(lambda old, new: select(use, new, old), inputs, sampled), state
