"""Columns as dicts of plain values, and back."""

from __future__ import annotations

from types import FunctionType
from typing import Any, TypeVar

from headrace.core.dtypes import as_dtype

from .base import FeatureColumn

_COLUMNS: dict[str, Any] = {}
Column = TypeVar("Column")


def registered(column: type[Column]) -> type[Column]:
    """Lets configurations name the class."""
    _COLUMNS[column.__name__] = column
    return column


def serialize_feature_column(fc: Any) -> Any:
    """A column as `{"class_name": …, "config": …}`; the key of a raw feature as it is.

    Raises:
      ValueError: it is neither.
    """
    if isinstance(fc, str):
        return fc
    if not isinstance(fc, FeatureColumn):
        raise ValueError(f"Instance: {fc} is not a FeatureColumn")
    return {"class_name": type(fc).__name__, "config": fc.get_config()}


def deserialize_feature_column(
    config: Any, custom_objects: dict[str, Any] | None = None, columns_by_name: dict[str, Any] | None = None
) -> Any:
    """The column (or key) of a `serialize_feature_column`.

    Args:
      custom_objects: the program's own classes and functions, by the names that the configuration has.
      columns_by_name: columns made so far: those that occur twice become one.

    Raises:
      ValueError: the configuration is none, or names what is not known.
    """
    if isinstance(config, str):
        return config
    columns_by_name = {} if columns_by_name is None else columns_by_name
    cls = _class_of(config, _COLUMNS, custom_objects)
    if not issubclass(cls, FeatureColumn):
        raise ValueError(f"Expected FeatureColumn class, instead found: {cls}")
    column = cls.from_config(config["config"], custom_objects=custom_objects, columns_by_name=columns_by_name)
    return columns_by_name.setdefault(f"{type(column).__name__}:{column.name}", column)


def serialize_feature_columns(feature_columns: Any) -> list[Any]:
    """`serialize_feature_column` of each."""
    return [serialize_feature_column(column) for column in feature_columns]


def deserialize_feature_columns(configs: Any, custom_objects: dict[str, Any] | None = None) -> list[Any]:
    """`deserialize_feature_column` of each; columns that occur twice become one."""
    columns: dict[str, Any] = {}
    return [deserialize_feature_column(c, custom_objects, columns) for c in configs]


def _class_of(config: Any, known: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    if not isinstance(config, dict) or not {"class_name", "config"} <= config.keys():
        raise ValueError(f"Improper config format: {config}. It must have 'class_name' and 'config'.")
    name = config["class_name"]
    found = {**known, **(custom_objects or {})}.get(name)
    if found is None:
        raise ValueError(f"Unknown class: {name}. Pass it in custom_objects.")
    return found


# ------------------------------------------------------------------------------------------- functions and initialisers
def _initializers() -> dict[str, Any]:
    """The initialisers of 1.x by the names of their classes."""
    import headrace.api.compat_v1_initializers as v1

    return {
        "Constant": v1.constant_initializer, "GlorotNormal": v1.glorot_normal_initializer,
        "GlorotUniform": v1.glorot_uniform_initializer, "Ones": v1.ones_initializer,
        "Orthogonal": v1.orthogonal_initializer, "RandomNormal": v1.random_normal_initializer,
        "RandomUniform": v1.random_uniform_initializer, "TruncatedNormal": v1.truncated_normal_initializer,
        "UniformUnitScaling": v1.uniform_unit_scaling_initializer, "VarianceScaling": v1.variance_scaling_initializer,
        "Zeros": v1.zeros_initializer,
    }  # fmt: skip


def _serialize_object(value: Any) -> Any:
    if value is None:
        return None
    if hasattr(value, "get_config"):
        names = {cls: name for name, cls in _initializers().items()}
        return {"class_name": names.get(type(value), type(value).__name__), "config": value.get_config()}
    if hasattr(value, "__name__"):
        return value.__name__
    raise ValueError(f"Cannot serialize {value!r}: it has neither a get_config nor a name.")


def _deserialize_object(value: Any, custom_objects: dict[str, Any] | None) -> Any:
    if value is None or isinstance(value, FunctionType):
        return value
    known = _initializers()
    if isinstance(value, dict):
        cls = _class_of(value, known, custom_objects)
        make = getattr(cls, "from_config", None)
        return make(value["config"]) if make is not None else cls(**value["config"])
    found = {**known, **(custom_objects or {})}.get(value)
    if found is None:
        raise ValueError(f"Unknown object: {value}. Pass it in custom_objects.")
    return found() if isinstance(found, type) else found


# ----------------------------------------------------------------------------------------------------- columns of fields
_PARTS = ("source_column", "categorical_column")  # fields that are columns
_OBJECTS = ("initializer", "normalizer_fn")


class Fields:
    """The configuration of a column that is a named tuple: its fields."""

    def get_config(self) -> dict[str, Any]:
        column: Any = self
        config = dict(zip(column._fields, column))
        for name, value in config.items():
            if name in _PARTS:
                config[name] = serialize_feature_column(value)
            elif name in _OBJECTS:
                config[name] = _serialize_object(value)
            elif name == "keys":
                config[name] = tuple(serialize_feature_columns(value))
            elif name == "dtype":
                config[name] = value.name
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, columns_by_name: Any = None
    ) -> Any:
        columns: Any = cls
        expected = set(columns._fields)
        if not expected - set(columns._field_defaults) <= config.keys() <= expected:
            raise ValueError(f"Invalid config: {config}, expected keys: {columns._fields}")
        values = {}
        for name, value in config.items():
            if name in _PARTS:
                value = deserialize_feature_column(value, custom_objects, columns_by_name)
            elif name in _OBJECTS:
                value = _deserialize_object(value, custom_objects)
            elif name == "keys":
                value = tuple(deserialize_feature_column(v, custom_objects, columns_by_name) for v in value)
            elif name == "dtype":
                value = as_dtype(value)
            values[name] = tuple(value) if isinstance(value, list) else value
        return columns(**values)
