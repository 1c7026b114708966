"""What 1.x makes of columns: the input of a model, and a linear model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import headrace as tf
from headrace.api.nn_embedding import safe_embedding_lookup_sparse
from headrace.core.graph import get_default_graph
from headrace.core.state import state
from headrace.session.keys import GraphKeys
from headrace.session.partitions import PartitionedVariable
from headrace.session.scopes import get_variable, variable_scope

from .cache import OldCache
from .older import OldCategoricalColumn, OldDenseColumn, OldFeatureColumn, ids_and_weights


def sorted_columns(feature_columns: Any) -> list[Any]:
    """The columns by name.

    Raises:
      ValueError: there are none, something else is among them, or two have one name.
    """
    if isinstance(feature_columns, OldFeatureColumn):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict. Pass its values.")
    columns = list(feature_columns)
    for column in columns:
        if not isinstance(column, OldFeatureColumn):
            raise ValueError(
                f"Items of feature_columns must be a _FeatureColumn. Given (type {type(column)}): {column}."
            )
    if not columns:
        raise ValueError("feature_columns must not be empty.")
    names: dict[str, Any] = {}
    for column in columns:
        if column.name in names:
            raise ValueError(
                f"Duplicate feature column name found for columns: {column} and {names[column.name]}. If both are of one "
                "feature, leave one out, or give the feature a second name in the features."
            )
        names[column.name] = column
    return sorted(columns, key=lambda c: c.name)


def check_batch(tensors: list[Any], columns: list[Any]) -> None:
    """ValueError when the numbers of examples are known and differ."""
    known = [
        (t.shape[0], c.name) for t, c in zip(tensors, columns) if t.shape.rank and t.shape[0] is not None
    ]
    for size, name in known[1:]:
        if size != known[0][0]:
            raise ValueError(
                "Batch size (first dimension) of each feature must be same. Batch size of columns "
                f"({known[0][1]}, {name}): ({known[0][0]}, {size})"
            )


def _rows(tensor: Any, column: Any) -> Any:
    """One row of numbers for each example."""
    return tf.reshape(tensor, tf.stack([tf.shape(tensor)[0], column._variable_shape.num_elements()]))


def _collections(given: Any) -> list[Any]:
    return list(dict.fromkeys([*(given or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]))


def _variables_below(scope: Any) -> list[Any]:
    return (
        []
        if state.graph is None
        else get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, f"{scope.name}/")
    )


def input_layer(
    features: Any,
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
    cols_to_output_tensors: dict[Any, Any] | None = None,
) -> Any:
    """The dense tensors of columns, each as rows of numbers, side by side in the order of the columns' names.

    Args:
      features: a dict of tensors, dense or sparse.
      feature_columns: dense columns: numeric, bucketized, indicators, embeddings.
      weight_collections: collections of the graph that the variables are added to (besides global and model variables).
      trainable: whether the variables may be trained.
      cols_to_vars: a dict that gets the list of each column's variables.
      cols_to_output_tensors: a dict that gets each column's tensor.

    Returns: float32 `[batch, numbers]`.

    The variables are in the scope "input_layer" (a further call's in "input_layer_1" …), below it in one of the column's name.

    Raises:
      ValueError: a column is not dense, two have one name, a feature is missing, or batches differ.

    >>> import headrace as tf
    >>> fc = tf.feature_column
    >>> columns = [fc.numeric_column("price"), fc.bucketized_column(fc.numeric_column("price"), [10.0, 20.0])]
    >>> tf.compat.v1.feature_column.input_layer({"price": tf.constant([5.0, 15.0])}, columns).numpy().tolist()
    [[5.0, 1.0, 0.0, 0.0], [15.0, 0.0, 1.0, 0.0]]
    """
    columns = sorted_columns(feature_columns)
    for column in columns:
        if not isinstance(column, OldDenseColumn):
            raise ValueError(
                "Items of feature_columns must be a _DenseColumn. You can wrap a categorical column with an embedding_column or "
                f"indicator_column. Given: {column}"
            )
    collections = _collections(weight_collections)
    with variable_scope(None, "input_layer", values=list(features.values())):
        cache, outputs = OldCache(features), []
        for column in columns:
            with variable_scope(None, column._var_scope_name) as scope:
                dense = column._get_dense_tensor(
                    cache, weight_collections=list(collections), trainable=trainable
                )
                outputs.append(_rows(dense, column))
                if cols_to_vars is not None:
                    cols_to_vars[column] = _variables_below(scope)
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = outputs[-1]
        check_batch(outputs, columns)
        return tf.concat(outputs, 1)


def _weights(name: str, shape: list[Any], trainable: bool, collections: list[Any]) -> Any:
    """A variable of zeros, in the collections."""
    variable = get_variable(name, shape, tf.float32, tf.compat.v1.zeros_initializer(), trainable=trainable)
    if state.graph is not None:
        for collection in collections:
            if collection != GraphKeys.GLOBAL_VARIABLES:
                for part in _parts(variable):
                    get_default_graph().add_to_collection(collection, part)
    return variable


def _parts(variable: Any) -> Iterator[Any]:
    return iter(variable) if isinstance(variable, PartitionedVariable) else iter([variable])


def _weighted_sum(
    column: Any, cache: Any, units: int, combiner: str, trainable: bool, collections: list[Any]
) -> Any:
    """What a column adds to a linear model: [batch, units]."""
    if not isinstance(column, OldCategoricalColumn):
        weights = _weights("weights", [column._variable_shape.num_elements(), units], trainable, collections)
        dense = column._get_dense_tensor(cache, weight_collections=list(collections), trainable=trainable)
        return tf.matmul(_rows(dense, column), tf.convert_to_tensor(weights), name="weighted_sum")
    weights = _weights("weights", [column._num_buckets, units], trainable, collections)
    ids, factors = map(_matrix, ids_and_weights(column, cache, None))
    table = list(weights) if isinstance(weights, PartitionedVariable) else weights
    with tf.name_scope("weighted_sum"):
        return safe_embedding_lookup_sparse(table, ids, factors, combiner)


def _matrix(sparse: Any) -> Any:
    """All ids of an example (or their weights) in one row."""
    if sparse is None or sparse.shape.rank == 2:
        return sparse
    return tf.sparse.reshape(sparse, tf.stack([sparse.dense_shape[0], -1]))


def linear_model(
    features: Any,
    feature_columns: Any,
    units: int = 1,
    sparse_combiner: str = "sum",
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
) -> Any:
    """A linear model of columns: the sum of each one's weighted numbers or of the weights of its ids, and a bias.

    Args:
      features: a dict of tensors, dense or sparse.
      feature_columns: dense or categorical columns.
      units: how many numbers the model gives for each example.
      sparse_combiner: how the weights of an example's ids are combined: "sum", "mean" or "sqrtn".
      weight_collections: collections of the graph that the variables are added to (besides global and model variables).
      trainable: whether the variables may be trained.
      cols_to_vars: a dict that gets the list of each column's variables, and that of the bias as `"bias"`.

    Returns: float32 `[batch, units]`.

    The variables begin as zeros: "linear_model/<column>/weights" and "linear_model/bias_weights".

    Raises:
      ValueError: a column is neither dense nor categorical, two have one name, a feature is missing, or batches differ.

    >>> import headrace as tf
    >>> columns = [tf.feature_column.numeric_column("price")]
    >>> with tf.Graph().as_default():
    ...     y = tf.compat.v1.feature_column.linear_model({"price": tf.constant([1.0, 2.0])}, columns)
    ...     y.shape, [v.name for v in tf.compat.v1.global_variables()]
    (TensorShape([2, 1]), ['linear_model/price/weights:0', 'linear_model/bias_weights:0'])
    """
    with variable_scope(None, "linear_model") as scope:
        name = _last(scope)
    columns = sorted_columns(feature_columns)
    collections, names = _collections(weight_collections), {}
    for column in columns:
        # A further model's are "x_1", as TensorFlow names them.
        with variable_scope(None, column._var_scope_name) as scope:
            names[_last(scope)] = column
    variables: dict[Any, Any] = {}
    with tf.name_scope(name), variable_scope(name):
        for column in columns:
            if not isinstance(column, (OldDenseColumn, OldCategoricalColumn)):
                raise ValueError(
                    f"Items of feature_columns must be either a _DenseColumn or _CategoricalColumn. Given: {column}"
                )
        cache, sums = OldCache(features), []
        ordered = [names[n] for n in sorted(names)]
        for own_name in sorted(names):
            with variable_scope(None, own_name) as scope:
                column = names[own_name]
                sums.append(_weighted_sum(column, cache, units, sparse_combiner, trainable, collections))
                variables[column] = _variables_below(scope)
        check_batch(sums, ordered)
        total = tf.add_n(sums, name="weighted_sum_no_bias")
        bias = _weights("bias_weights", [units], trainable, collections)
        variables["bias"] = list(_parts(bias))
        result = tf.nn.bias_add(total, tf.convert_to_tensor(bias), name="weighted_sum")
    if cols_to_vars is not None:
        cols_to_vars.update(variables)
    return result


def _last(scope: Any) -> str:
    return scope.name.rsplit("/", 1)[-1]
