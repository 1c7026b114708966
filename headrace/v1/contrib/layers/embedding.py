"""Embeddings in `tf.contrib.layers`."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api.compat_v1_nn import embedding_lookup as _lookup
from headrace.api.compat_v1_nn import safe_embedding_lookup_sparse as _safe_lookup
from headrace.session.scopes import variable_scope
from headrace.v1.contrib.framework import model_variable


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Any:
    """`embedding_lookup` that looks every id up only once."""
    with tf.name_scope(name or "EmbeddingLookupUnique"):
        ids = tf.convert_to_tensor(ids)
        unique, where = tf.unique(tf.reshape(ids, [-1]))
        rows = tf.gather(_lookup(params, unique, partition_strategy), where)
        return tf.reshape(rows, tf.concat([tf.shape(ids), tf.shape(rows)[1:]], 0))


def safe_embedding_lookup_sparse(
    embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None, combiner: str | None = None,
    default_id: int | None = None, name: str | None = None, partition_strategy: str = "div", max_norm: float | None = None,
) -> Any:  # fmt: skip
    """`tf.nn.safe_embedding_lookup_sparse`."""
    return _safe_lookup(
        embedding_weights, sparse_ids, sparse_weights, combiner or "mean", default_id, name, partition_strategy, max_norm
    )  # fmt: skip


def embed_sequence(
    ids: Any, vocab_size: int | None = None, embed_dim: int | None = None, unique: bool = False, initializer: Any = None,
    regularizer: Any = None, trainable: bool = True, scope: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """[batch, time] ids as [batch, time, embed_dim] rows of the variable "embeddings".

    Args:
      unique: whether every id is looked up only once.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            f"Must specify vocab size and embedding dimension when not reusing. Got vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = [vocab_size, embed_dim] if vocab_size and embed_dim else None
        embeddings = model_variable(
            "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
        )
        return embedding_lookup_unique(embeddings, ids) if unique else _lookup(embeddings, ids)


def bow_encoder(
    ids: Any, vocab_size: int, embed_dim: int, sparse_lookup: bool = True, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, scope: Any = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """[batch, time] ids as the mean [batch, embed_dim] of their rows of the variable "embeddings".

    Args:
      sparse_lookup: whether ids of 0 are padding, which does not count.
    """
    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = model_variable(
            "embeddings", shape=[vocab_size, embed_dim], initializer=initializer, regularizer=regularizer, trainable=trainable
        )  # fmt: skip
        if isinstance(ids, tf.SparseTensor):
            return _safe_lookup(embeddings, ids, None, "mean")
        ids = tf.convert_to_tensor(ids)
        if not sparse_lookup:
            return tf.reduce_mean(_lookup(embeddings, ids), 1)
        present = tf.cast(tf.not_equal(ids, 0), embeddings.dtype)
        rows = _lookup(embeddings, ids) * tf.expand_dims(present, 2)
        return tf.math.divide_no_nan(tf.reduce_sum(rows, 1), tf.reduce_sum(present, 1, keepdims=True))
