"""What programs import of TensorFlow's private module of attention, to make mechanisms of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf
from headrace.core import nest
from headrace.v1.layers.base import Layer

from .attention import (
    Attention,
    AttentionMechanism,
    BahdanauAttention,
    BahdanauMonotonicAttention,
    LuongAttention,
    LuongMonotonicAttention,
    bahdanau_score,
    hardmax,
    luong_score,
    monotonic_attention,
    safe_cumprod,
)
from .wrapper import AttentionWrapper, AttentionWrapperState, compute_attention


class _BaseAttentionMechanism(Attention):
    """A mechanism to derive one's own from: `__call__(query, state)` gives alignments and the next state.

    It has `keys`, `values`, `query_layer`, `memory_layer`, and `_probability_fn(score, state)`, which masks scores beyond the
    ends of sequences and makes probabilities of them.

    Raises:
      TypeError: a layer is no layer, or `probability_fn` no function."""

    def __init__(
        self, query_layer: Any, memory: Any, probability_fn: Callable[..., Any], memory_sequence_length: Any = None,
        memory_layer: Any = None, check_inner_dims_defined: bool = True, score_mask_value: Any = None,
        custom_key_value_fn: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        for kind, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, Layer):
                raise TypeError(f"{kind} is not a Layer: {type(layer).__name__}")
        if not callable(probability_fn):
            raise TypeError(f"probability_fn must be callable, saw type: {type(probability_fn).__name__}")
        super().__init__(
            query_layer, memory, probability_fn, memory_sequence_length, memory_layer, score_mask_value,
            custom_key_value_fn, name or "BaseAttentionMechanism", check_inner_dims_defined,
        )  # fmt: skip


def _prepare_memory(
    memory: Any, memory_sequence_length: Any = None, memory_mask: Any = None, check_inner_dims_defined: bool = True
) -> Any:  # fmt: skip
    """Memory (a tensor [batch, time, …], or a nest of them) with zeros where there is none.

    Args:
      memory_sequence_length: [batch]; or
      memory_mask: [batch, time]; a bool in its place is `check_inner_dims_defined`, as before 1.14.
      check_inner_dims_defined: whether the sizes after the first two have to be known.
    """
    if isinstance(memory_mask, bool):
        memory_mask, check_inner_dims_defined = None, memory_mask
    memory = nest.map_structure(tf.convert_to_tensor, memory)
    for m in nest.flatten(memory):
        if check_inner_dims_defined and not m.shape[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {m.name} to have fully defined inner dims, but saw shape: {m.shape}"
            )
    mask = _mask(nest.flatten(memory)[0], memory_sequence_length, memory_mask)
    if mask is None:
        return memory
    return nest.map_structure(
        lambda m: (
            m * tf.cast(tf.reshape(mask, tf.concat([tf.shape(mask), [1] * (m.shape.rank - 2)], 0)), m.dtype)
        ),
        memory,
    )


def _maybe_mask_score(
    score: Any, memory_sequence_length: Any = None, memory_mask: Any = None, score_mask_value: Any = None
) -> Any:  # fmt: skip
    """Scores [batch, time] with `score_mask_value` where there is no memory.

    Args:
      memory_sequence_length: [batch]; or
      memory_mask: [batch, time]; a number in its place is `score_mask_value`, as before 1.14.
    """
    if isinstance(memory_mask, (int, float)) and not isinstance(memory_mask, bool):
        memory_mask, score_mask_value = None, memory_mask
    mask = _mask(score, memory_sequence_length, memory_mask)
    return score if mask is None else tf.where(mask, score, score_mask_value * tf.ones_like(score))


def _mask(steps: Any, lengths: Any, mask: Any) -> Any:
    if lengths is not None and mask is not None:
        raise ValueError("memory_sequence_length and memory_mask can't be provided at same time.")
    return mask if lengths is None else tf.sequence_mask(lengths, tf.shape(steps)[1])


def _bahdanau_score(
    processed_query: Any, keys: Any, attention_v: Any, attention_g: Any = None, attention_b: Any = None
) -> Any:  # fmt: skip
    """Additive scores [batch, time] of a query [batch, units] and keys [batch, time, units].

    Args:
      attention_v: [units]; a bool in its place says whether to normalise, with variables made here, as before 1.13.
      attention_g, attention_b: a number and [units], which normalise.
    """
    if isinstance(attention_v, bool):
        return bahdanau_score(keys.shape.as_list()[2], processed_query, keys, attention_v)
    query = tf.expand_dims(processed_query, 1)
    if attention_g is None or attention_b is None:
        return tf.reduce_sum(attention_v * tf.tanh(keys + query), 2)
    normed = attention_g * attention_v * tf.math.rsqrt(tf.reduce_sum(tf.square(attention_v)))
    return tf.reduce_sum(normed * tf.tanh(keys + query + attention_b), 2)


def _luong_score(query: Any, keys: Any, scale: Any) -> Any:
    """Multiplicative scores [batch, time] of a query [batch, units] and keys [batch, time, units].

    Args:
      scale: a number they are multiplied by, or None; True for a variable made here, as before 1.13.
    """
    if isinstance(scale, bool):
        return luong_score(query, keys, scale)
    score = luong_score(query, keys, False)
    return score if scale is None else scale * score


_compute_attention = compute_attention

__all__ = [
    "AttentionMechanism", "AttentionWrapper", "AttentionWrapperState", "BahdanauAttention", "BahdanauMonotonicAttention",
    "LuongAttention", "LuongMonotonicAttention", "hardmax", "monotonic_attention", "safe_cumprod",
]  # fmt: skip
