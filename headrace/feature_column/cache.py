"""What computes columns from a dict of features, each once, and what holds columns' variables."""

from __future__ import annotations

import inspect
from typing import Any

import headrace as tf
from headrace.api.compat_v1_control import convert_to_tensor_or_sparse_tensor
from headrace.composites.sparse.tensor import is_sparse

from .base import FeatureColumn
from .older import OldFeatureColumn


class FeatureTransformationCache:
    """The tensors of raw features and of columns made of them.

    Args:
      features: a dict of tensors, dense or sparse, their first dimension the examples. Vectors become columns: `[n, 1]`.
        Keys may be columns, too: their tensors are then not computed.
    """

    def __init__(self, features: Any) -> None:
        self._features = features.copy()
        self._feature_tensors: dict[Any, Any] = {}

    def get(self, key: Any, state_manager: Any, training: Any = None) -> Any:
        """The tensor (or tensors) of a raw feature, by its key, or of a column.

        Raises:
          ValueError: there is no such feature, it is a scalar, or a column has no tensor.
          TypeError: `key` is neither a string nor a column.
        """
        if key in self._feature_tensors:
            return self._feature_tensors[key]
        if key in self._features:
            tensor = _at_least_matrix(key, convert_to_tensor_or_sparse_tensor(self._features[key]))
        else:
            tensor = self._computed(key, state_manager, training)
        self._feature_tensors[key] = tensor
        return tensor

    def _computed(self, key: Any, state_manager: Any, training: Any) -> Any:
        if isinstance(key, str):
            known = sorted(str(getattr(k, "name", k)) for k in self._features)
            raise ValueError(f"Feature {key} is not in features dictionary. It has: {', '.join(known)}.")
        tensor = self._transformed(key, state_manager, training)
        if tensor is None:
            raise ValueError(f"Column {key.name} is not supported: its transformation gave None.")
        return tensor

    def _transformed(self, key: Any, state_manager: Any, training: Any) -> Any:
        if not isinstance(key, FeatureColumn):
            raise TypeError(f'"key" must be either a "str" or "FeatureColumn". Provided: {key}')
        if "training" in inspect.signature(key.transform_feature).parameters:
            return key.transform_feature(self, state_manager, training=training)  # type: ignore[call-arg]
        return key.transform_feature(self, state_manager)


class OldCache(FeatureTransformationCache):
    """The cache of 1.x's interface, whose columns get it alone."""

    def get(self, key: Any, state_manager: Any = None, training: Any = None) -> Any:
        return super().get(key, state_manager, training)

    def _transformed(self, key: Any, state_manager: Any, training: Any) -> Any:
        if not isinstance(key, OldFeatureColumn):
            raise TypeError(f'"key" must be either a "str" or "_FeatureColumn". Provided: {key}')
        return key._transform_feature(self)


def _at_least_matrix(key: Any, tensor: Any) -> Any:
    rank = tensor.shape.rank
    scalar = f"Feature (key: {key}) cannot have rank 0. Given: {tensor}"
    if rank == 0:
        raise ValueError(scalar)
    if rank is not None:
        return _column(tensor) if rank == 1 else tensor
    rank_of = tf.size(tensor.dense_shape) if is_sparse(tensor) else tf.rank(tensor)
    with tf.control_dependencies([tf.compat.v1.assert_positive(rank_of, message=scalar)]):
        return tf.cond(tf.equal(rank_of, 1), lambda: _column(tensor), lambda: tensor)


def _column(vector: Any) -> Any:
    if is_sparse(vector):
        return tf.sparse.reshape(vector, tf.concat([vector.dense_shape, [1]], 0))
    return tf.expand_dims(vector, -1)


def sparse_ids(tensor: Any, ignored: Any = None) -> Any:
    """A dense tensor as a sparse one, without elements that say "nothing here": empty strings, -1, 0.0. Sparse ones stay."""
    tensor = convert_to_tensor_or_sparse_tensor(tensor)
    if is_sparse(tensor):
        return tensor
    with tf.name_scope("to_sparse_input"):
        if ignored is None:
            ignored = b"" if tensor.dtype is tf.string else -1 if tensor.dtype.is_integer else 0
        indices = tf.where(tf.not_equal(tensor, tf.cast(ignored, tensor.dtype)))
        return tf.SparseTensor(indices, tf.gather_nd(tensor, indices), tf.shape(tensor, tf.int64))


class StateManager:
    """The variables and tables of columns, by column and name.

    Args:
      layer: makes the variables, with its `add_weight`, and tracks them.
      trainable: whether variables may be trained.
    """

    def __init__(self, layer: Any, trainable: bool) -> None:
        self._layer, self._trainable = layer, trainable
        self._variables: dict[Any, dict[str, Any]] = {}
        self._resources: dict[Any, dict[str, Any]] = {}

    def create_variable(
        self, feature_column: Any, name: str, shape: Any, dtype: Any = None, trainable: bool = True,
        use_resource: bool = True, initializer: Any = None,
    ) -> Any:  # fmt: skip
        """Makes a variable.

        Raises:
          ValueError: the column has one of that name, or `use_resource` is False: weights of layers are resources.
        """
        if not use_resource:
            raise ValueError(
                "use_resource=False is not supported: the weights of layers are resource variables."
            )
        own = self._variables.setdefault(feature_column, {})
        if name in own:
            raise ValueError(f"Variable already exists: {name!r} of column {feature_column.name}.")
        own[name] = self._layer.add_weight(
            name=name, shape=shape, dtype=dtype, initializer=initializer, trainable=self._trainable and trainable
        )  # fmt: skip
        return own[name]

    def get_variable(self, feature_column: Any, name: str) -> Any:
        """The variable that `create_variable` made; ValueError when there is none."""
        try:
            return self._variables[feature_column][name]
        except KeyError:
            raise ValueError(
                f"Variable does not exist: {name!r} of column {feature_column.name}. Call its create_state first."
            ) from None

    def add_resource(self, feature_column: Any, resource_name: str, resource: Any) -> None:
        """Keeps a table, or another resource."""
        self._resources.setdefault(feature_column, {})[resource_name] = resource

    def has_resource(self, feature_column: Any, resource_name: str) -> bool:
        """Whether `add_resource` kept one of that name."""
        return resource_name in self._resources.get(feature_column, {})

    def get_resource(self, feature_column: Any, resource_name: str) -> Any:
        """The resource that `add_resource` kept; ValueError when there is none."""
        if not self.has_resource(feature_column, resource_name):
            raise ValueError(f"Resource does not exist: {resource_name!r} of column {feature_column.name}.")
        return self._resources[feature_column][resource_name]
