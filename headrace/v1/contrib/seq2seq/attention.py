"""Attention mechanisms: how well a query matches each step of a memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import headrace as tf
from headrace.api import compat_v1_initializers as initializers
from headrace.core.dtypes import as_dtype
from headrace.session.scopes import get_variable, variable_scope
from headrace.v1.layers.core import Dense


class AttentionMechanism:
    """What a mechanism has: `values`, the memory; `alignments_size`, its length; and a call that scores it."""

    @property
    def alignments_size(self) -> Any:
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        raise NotImplementedError


class Attention(AttentionMechanism):
    """What mechanisms share: keys and values of a memory, with nothing beyond the ends of sequences."""

    def __init__(
        self, query_layer: Any, memory: Any, probability_fn: Callable[..., Any], memory_sequence_length: Any,
        memory_layer: Any, score_mask_value: Any, custom_key_value_fn: Any, name: str,
        check_inner_dims: bool = True,
    ) -> None:  # fmt: skip
        memory = tf.convert_to_tensor(memory)
        self._name, self._query_layer, self._memory_layer = name, query_layer, memory_layer
        self._lengths = None if memory_sequence_length is None else tf.cast(memory_sequence_length, tf.int32)
        if score_mask_value is None:
            score_mask_value = memory.dtype.as_numpy_dtype(-np.inf)
        self._mask_value, self._unmasked = score_mask_value, probability_fn
        with tf.name_scope("AttentionMechanismInit"):
            if check_inner_dims and None in memory.shape.as_list()[2:]:
                raise ValueError(
                    f"Expected memory to have fully defined inner dims, but saw shape: {memory.shape}"
                )
            self._values = memory if self._lengths is None else self._masked(memory)
            self._keys = memory_layer(self._values) if memory_layer else self._values
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            shape = self._keys.shape.as_list()
            self._batch_size = tf.shape(self._keys)[0] if shape[0] is None else shape[0]
            self._alignments_size = tf.shape(self._keys)[1] if shape[1] is None else shape[1]

    def _masked(self, memory: Any) -> Any:
        """The memory with zeros beyond the end of each sequence."""
        mask = tf.sequence_mask(self._lengths, tf.shape(memory)[1], memory.dtype)
        return memory * tf.reshape(mask, tf.concat([tf.shape(mask), [1] * (memory.shape.rank - 2)], 0))

    @property
    def memory_layer(self) -> Any:
        return self._memory_layer

    @property
    def query_layer(self) -> Any:
        return self._query_layer

    @property
    def values(self) -> Any:
        return self._values

    @property
    def keys(self) -> Any:
        return self._keys

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """What alignments are before the first step: zeros."""
        return tf.zeros([batch_size, self._alignments_size], dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        return self.initial_alignments(batch_size, dtype)

    def _probability_fn(self, score: Any, state: Any) -> Any:
        if self._lengths is not None:
            mask = tf.sequence_mask(self._lengths, tf.shape(score)[1])
            score = tf.where(mask, score, tf.cast(self._mask_value, score.dtype))
        return self._unmasked(score, state)


def _plain(probability_fn: Any) -> Callable[..., Any]:
    function = probability_fn or tf.nn.softmax
    return lambda score, _: function(score)


def _dense(units: int, name: str, dtype: Any) -> Dense:
    return Dense(units, name=name, use_bias=False, dtype=dtype)


def bahdanau_score(units: int, query: Any, keys: Any, normalize: bool) -> Any:
    """Additive scores [batch, time], with variables made here."""
    query = tf.expand_dims(query, 1)
    v = get_variable("attention_v", [units], dtype=query.dtype)
    if not normalize:
        return tf.reduce_sum(v * tf.tanh(keys + query), 2)
    g = get_variable(
        "attention_g", dtype=query.dtype, shape=(),
        initializer=initializers.constant_initializer(math.sqrt(1.0 / units)),
    )  # fmt: skip
    b = get_variable("attention_b", [units], dtype=query.dtype, initializer=initializers.zeros_initializer())
    normed = g * v * tf.math.rsqrt(tf.reduce_sum(tf.square(v)))
    return tf.reduce_sum(normed * tf.tanh(keys + query + b), 2)


def luong_score(query: Any, keys: Any, scale: bool) -> Any:
    """Multiplicative scores [batch, time]; `scale` makes a variable that they are multiplied by."""
    depth, units = query.shape.as_list()[-1], keys.shape.as_list()[-1]
    if depth != units:
        raise ValueError(
            f"Incompatible or unknown inner dimensions between query and keys. Query ({query}) has units: {depth}. Keys "
            f"({keys}) have units: {units}. Perhaps you need to set num_units to the keys' dimension ({units})?"
        )
    score = tf.squeeze(tf.matmul(tf.expand_dims(query, 1), keys, transpose_b=True), [1])
    if scale:
        ones = initializers.ones_initializer()
        score = get_variable("attention_g", dtype=query.dtype, initializer=ones, shape=()) * score
    return score


class BahdanauAttention(Attention):
    """Additive attention: Bahdanau et al. (2015); with `normalize` as by Salimans and Kingma (2016).

    Args:
      num_units: the depth in which query and memory are compared.
      memory: [batch, time, …], what is attended to.
      memory_sequence_length: [batch]: steps beyond get no attention.
      probability_fn: makes probabilities of scores; softmax by default.
      score_mask_value: the score of steps beyond the length; -inf by default.
      custom_key_value_fn: `keys, values = f(keys, values)`, a last change of both.
    """

    def __init__(
        self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False,
        probability_fn: Any = None, score_mask_value: Any = None, dtype: Any = None, custom_key_value_fn: Any = None,
        name: str = "BahdanauAttention",
    ) -> None:  # fmt: skip
        dtype = as_dtype(dtype or tf.float32)
        super().__init__(
            _dense(num_units, "query_layer", dtype), memory, _plain(probability_fn), memory_sequence_length,
            _dense(num_units, "memory_layer", dtype), score_mask_value, custom_key_value_fn, name,
        )  # fmt: skip
        self._num_units, self._normalize = num_units, normalize

    def __call__(self, query: Any, state: Any) -> Any:
        """Alignments [batch, time] for a query [batch, size], and the next state (the same)."""
        with variable_scope(None, "bahdanau_attention"):
            query = self._query_layer(query) if self._query_layer else query
            score = bahdanau_score(self._num_units, query, self._keys, self._normalize)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class LuongAttention(Attention):
    """Multiplicative attention: Luong et al. (2015). Queries have to have `num_units` columns.

    Args: as `BahdanauAttention`'s; `scale` multiplies scores by a trained number.
    """

    def __init__(
        self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False,
        probability_fn: Any = None, score_mask_value: Any = None, dtype: Any = None, custom_key_value_fn: Any = None,
        name: str = "LuongAttention",
    ) -> None:  # fmt: skip
        dtype = as_dtype(dtype or tf.float32)
        super().__init__(
            None, memory, _plain(probability_fn), memory_sequence_length, _dense(num_units, "memory_layer", dtype),
            score_mask_value, custom_key_value_fn, name,
        )  # fmt: skip
        self._num_units, self._scale = num_units, scale

    def __call__(self, query: Any, state: Any) -> Any:
        """Alignments [batch, time] for a query [batch, num_units], and the next state (the same)."""
        with variable_scope(None, "luong_attention"):
            score = luong_score(query, self._keys, self._scale)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


# -------------------------------------------------------------------------------------------------------- monotonic
def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Any:
    """The running product along the last axis (as `tf.math.cumprod`), of numbers between 0 and 1, by way of logarithms."""
    x = tf.convert_to_tensor(x)
    tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
    return tf.exp(tf.cumsum(tf.math.log(tf.clip_by_value(x, tiny, 1)), *args, **kwargs))


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Any:
    """Raffel et al. (2017): attention that only moves forward.

    Args:
      p_choose_i: [batch, time], the probability of stopping at each step.
      previous_attention: [batch, time].
      mode: "recursive" (exact, slow), "parallel" (fast, less exact for small numbers) or "hard" (probabilities 0 and 1).
    """
    p, previous = tf.convert_to_tensor(p_choose_i), tf.convert_to_tensor(previous_attention)
    if mode == "hard":
        p = p * tf.cumsum(previous, axis=1)
        return p * tf.math.cumprod(1 - p, axis=1, exclusive=True)
    if mode == "parallel":
        stay = safe_cumprod(1 - p, axis=1, exclusive=True)
        return p * stay * tf.cumsum(previous / tf.clip_by_value(stay, 1e-10, 1.0), axis=1)
    if mode == "recursive":
        batch = tf.shape(p)[0]
        shifted = tf.concat([tf.ones([batch, 1], p.dtype), 1 - p[:, :-1]], 1)
        reached = tf.scan(
            lambda x, yz: tf.reshape(yz[0] * x + yz[1], [batch]),
            (tf.transpose(shifted), tf.transpose(previous)),
            tf.zeros([batch], p.dtype),
        )
        return p * tf.transpose(reached)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


def _monotonic_probability(score: Any, previous: Any, noise: float, mode: str, seed: int | None) -> Any:
    if noise > 0:
        score = score + noise * tf.random.normal(tf.shape(score), dtype=score.dtype, seed=seed)
    p = tf.cast(score > 0, score.dtype) if mode == "hard" else tf.sigmoid(score)
    return monotonic_attention(p, previous, mode)


class _Monotonic(Attention):
    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """All attention is at the first step."""
        return tf.one_hot(tf.zeros([batch_size], tf.int32), self._alignments_size, dtype=dtype)


class BahdanauMonotonicAttention(_Monotonic):
    """`BahdanauAttention` that only moves forward: Raffel et al. (2017).

    Args:
      sigmoid_noise, sigmoid_noise_seed: how much noise scores get, which makes probabilities near 0 or 1.
      score_bias_init: added to all scores, trained from there.
      mode: see `monotonic_attention`.
    """

    def __init__(
        self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False,
        score_mask_value: Any = None, sigmoid_noise: float = 0.0, sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0, mode: str = "parallel", dtype: Any = None, name: str = "BahdanauMonotonicAttention",
    ) -> None:  # fmt: skip
        dtype = as_dtype(dtype or tf.float32)
        probability = partial(_monotonic_probability, noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed)
        super().__init__(
            _dense(num_units, "query_layer", dtype), memory, probability, memory_sequence_length,
            _dense(num_units, "memory_layer", dtype), score_mask_value, None, name,
        )  # fmt: skip
        self._num_units, self._normalize, self._bias = num_units, normalize, score_bias_init

    def __call__(self, query: Any, state: Any) -> Any:
        """Alignments [batch, time] for a query [batch, size], and the next state (the same)."""
        with variable_scope(None, "bahdanau_monotonic_attention"):
            query = self._query_layer(query) if self._query_layer else query
            score = bahdanau_score(self._num_units, query, self._keys, self._normalize)
            start = initializers.constant_initializer(self._bias)
            score = score + get_variable(
                "attention_score_bias", dtype=query.dtype, shape=(), initializer=start
            )
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class LuongMonotonicAttention(_Monotonic):
    """`LuongAttention` that only moves forward: Raffel et al. (2017). Args: as `BahdanauMonotonicAttention`'s."""

    def __init__(
        self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False,
        score_mask_value: Any = None, sigmoid_noise: float = 0.0, sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0, mode: str = "parallel", dtype: Any = None, name: str = "LuongMonotonicAttention",
    ) -> None:  # fmt: skip
        dtype = as_dtype(dtype or tf.float32)
        probability = partial(_monotonic_probability, noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed)
        super().__init__(
            _dense(num_units, "query_layer", dtype), memory, probability, memory_sequence_length,
            _dense(num_units, "memory_layer", dtype), score_mask_value, None, name,
        )  # fmt: skip
        self._num_units, self._scale, self._bias = num_units, scale, score_bias_init
        self._query_layer = None  # the query is compared as it is

    def __call__(self, query: Any, state: Any) -> Any:
        """Alignments [batch, time] for a query [batch, num_units], and the next state (the same)."""
        with variable_scope(None, "luong_monotonic_attention"):
            score = luong_score(query, self._keys, self._scale)
            start = initializers.constant_initializer(self._bias)
            score = score + get_variable(
                "attention_score_bias", dtype=query.dtype, shape=(), initializer=start
            )
        alignments = self._probability_fn(score, state)
        return alignments, alignments


def hardmax(logits: Any, name: str | None = None) -> Any:
    """One where the logits are largest along the last axis, zero elsewhere."""
    with tf.name_scope(name or "Hardmax"):
        logits = tf.convert_to_tensor(logits)
        return tf.one_hot(tf.argmax(logits, -1), tf.shape(logits)[-1], dtype=logits.dtype)
