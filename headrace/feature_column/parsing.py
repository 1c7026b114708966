"""What `tf.io.parse_example` must be told to parse the features of columns."""

from __future__ import annotations

from typing import Any

from .base import FeatureColumn
from .older import OldFeatureColumn


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """The features that columns need, for `tf.io.parse_example`.

    Raises:
      ValueError: something is no column, or two columns want one feature differently.

    >>> import headrace as tf
    >>> age = tf.feature_column.numeric_column("age")
    >>> tf.feature_column.make_parse_example_spec([tf.feature_column.bucketized_column(age, [18, 65])])
    {'age': FixedLenFeature(shape=(1,), dtype=tf.float32, default_value=None)}
    """
    return _spec(feature_columns, FeatureColumn, "FeatureColumn", "parse_example_spec")


def make_parse_example_spec_v1(feature_columns: Any) -> dict[str, Any]:
    """The features that columns need, for `tf.io.parse_example`.

    Raises:
      ValueError: something is no column of 1.x's interface, or two columns want one feature differently.
    """
    return _spec(feature_columns, OldFeatureColumn, "_FeatureColumn", "_parse_example_spec")


def _spec(columns: Any, kind: type, name: str, attribute: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for column in columns:
        if not isinstance(column, kind):
            raise ValueError(f"All feature_columns must be {name} instances. Given: {column}")
        for key, feature in getattr(column, attribute).items():
            if result.setdefault(key, feature) != feature:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. Given {feature} and {result[key]}"
                )
    return result
