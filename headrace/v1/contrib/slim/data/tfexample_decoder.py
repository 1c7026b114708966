"""`slim.tfexample_decoder`: items made of the features of `tf.train.Example`s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.core import dtypes

from .data_decoder import DataDecoder


class ItemHandler:
    """Base of what makes an item of features.

    Args:
      keys: the names of the features, or one."""

    def __init__(self, keys: Any) -> None:
        self._keys = list(keys) if isinstance(keys, (tuple, list)) else [keys]

    @property
    def keys(self) -> list[str]:
        """The names of the features that are needed."""
        return self._keys

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The item, of the features by name."""
        raise NotImplementedError(f"{type(self).__name__}.tensors_to_item")


class ItemHandlerCallback(ItemHandler):
    """An item that a function makes of the features by name."""

    def __init__(self, keys: Any, func: Callable[[dict[str, Any]], Any]) -> None:
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """`func(keys_to_tensors)`."""
        return self._func(keys_to_tensors)


class BoundingBox(ItemHandler):
    """Boxes [number of boxes, 4] of four features; their names are `keys`, each behind `prefix`.

    Raises:
      ValueError: there are not four names."""

    def __init__(self, keys: Sequence[str] | None = None, prefix: str = "") -> None:
        keys = ["ymin", "xmin", "ymax", "xmax"] if keys is None else keys
        if len(keys) != 4:
            raise ValueError(f"BoundingBox expects 4 keys but got {len(keys)}")
        super().__init__([prefix + k for k in keys])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The boxes."""
        return tf.stack([_plain(keys_to_tensors[k]) for k in self._keys], axis=-1)


def _plain(x: Any) -> Any:
    return x.values if _is_sparse(x) else x


def _dense(x: Any) -> Any:
    return tf.sparse.to_dense(x) if _is_sparse(x) else x


def _is_sparse(x: Any) -> bool:
    return isinstance(x, tf.SparseTensor)


class Tensor(ItemHandler):
    """A feature as it is, or reshaped; a sparse one is made dense.

    Args:
      shape_keys: the features that its shape is made of.
      shape: its shape.
      default_value: fills what is missing.

    Raises:
      ValueError: both `shape_keys` and `shape` are given."""

    def __init__(
        self, tensor_key: str, shape_keys: Any = None, shape: Any = None, default_value: Any = 0
    ) -> None:
        if shape_keys and shape is not None:
            raise ValueError("Cannot specify both shape_keys and shape parameters.")
        self._shape_keys = [shape_keys] if isinstance(shape_keys, str) else list(shape_keys or [])
        self._tensor_key, self._shape, self._default = tensor_key, shape, default_value
        super().__init__([tensor_key, *self._shape_keys])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The tensor."""
        x, shape = keys_to_tensors[self._tensor_key], self._shape
        if self._shape_keys:
            shape = tf.reshape(tf.stack([_dense(keys_to_tensors[k]) for k in self._shape_keys]), [-1])
        if _is_sparse(x):
            return tf.sparse.to_dense(x if shape is None else tf.sparse.reshape(x, shape), self._default)
        return x if shape is None else tf.reshape(x, shape)


class LookupTensor(Tensor):
    """A feature whose values are looked up in a table."""

    def __init__(
        self, tensor_key: str, table: Any, shape_keys: Any = None, shape: Any = None, default_value: Any = ""
    ) -> None:
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """What the table has for the values."""
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class BackupHandler(ItemHandler):
    """An item of one handler; of another where that gives nothing.

    Raises:
      ValueError: one of them is no handler."""

    def __init__(self, handler: ItemHandler, backup: ItemHandler) -> None:
        for one in (handler, backup):
            if not isinstance(one, ItemHandler):
                raise ValueError(f"The handlers must be of type ItemHandler, received {type(one).__name__}")
        self._handler, self._backup = handler, backup
        super().__init__(handler.keys + backup.keys)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The item."""
        item = self._handler.tensors_to_item(keys_to_tensors)
        return tf.cond(
            tf.equal(tf.size(item), 0), lambda: self._backup.tensors_to_item(keys_to_tensors), lambda: item
        )


class SparseTensor(ItemHandler):
    """A sparse tensor of one feature of indices and one of values.

    Args:
      shape_key, shape: a feature that is its shape, or the shape; that of the indices without them.
      densify: whether it is made dense, filled with `default_value`."""

    def __init__(
        self, indices_key: str | None = None, values_key: str | None = None, shape_key: str | None = None, shape: Any = None,
        densify: bool = False, default_value: Any = 0,
    ) -> None:  # fmt: skip
        self._indices_key, self._values_key = indices_key or "indices", values_key or "values"
        self._shape_key, self._shape = shape_key, shape
        self._densify, self._default = densify, default_value
        super().__init__([self._indices_key, self._values_key, *([shape_key] if shape_key else [])])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The sparse tensor: the values of the one feature are its last indices."""
        indices, values = keys_to_tensors[self._indices_key], keys_to_tensors[self._values_key]
        shape = self._shape or indices.dense_shape
        if self._shape_key:
            shape = _dense(keys_to_tensors[self._shape_key])
        last = tf.cast(indices.values, dtypes.int64)
        positions = tf.concat([indices.indices[:, :-1], last[:, None]], 1)
        made = tf.SparseTensor(positions, values.values, tf.cast(shape, dtypes.int64))
        return tf.sparse.to_dense(made, self._default) if self._densify else made


class Image(ItemHandler):
    """An image of a feature that holds it encoded, and one that names its format.

    Args:
      image_key, format_key: "image/encoded" and "image/format" by default.
      shape: the image is reshaped to; nothing is changed without it.
      channels: 1 or 3, 4 for PNG, 0 for those that it has.
      dtype: of the image. Images in format "raw" are bytes of such values.
      repeated: whether the feature holds several images, which must be of one size.
      dct_method: how JPEG images are decoded."""

    def __init__(
        self, image_key: str | None = None, format_key: str | None = None, shape: Any = None, channels: int = 3,
        dtype: Any = dtypes.uint8, repeated: bool = False, dct_method: str = "",
    ) -> None:  # fmt: skip
        self._image_key, self._format_key = image_key or "image/encoded", format_key or "image/format"
        super().__init__([self._image_key, self._format_key])
        self._shape, self._channels, self._dtype = shape, channels, dtypes.as_dtype(dtype)
        self._repeated, self._dct_method = repeated, dct_method

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The image: [height, width, channels]; with `repeated` a batch of them."""
        data, format = (keys_to_tensors[k] for k in self._keys)
        if self._repeated:
            return tf.map_fn(lambda x: self._decode(x, format), data, dtype=self._dtype)
        return self._decode(data, format)

    def _decode(self, data: Any, format: Any) -> Any:
        def known() -> Any:
            jpeg = {"dct_method": self._dct_method}
            image = tf.cond(
                tf.io.is_jpeg(data),
                lambda: tf.io.decode_jpeg(data, channels=self._channels, **jpeg),
                lambda: tf.io.decode_image(data, channels=self._channels, expand_animations=False),
            )
            return tf.cast(image, self._dtype)

        def raw() -> Any:
            return tf.io.decode_raw(data, self._dtype)

        image = tf.cond(tf.equal(tf.strings.lower(format), "raw"), raw, known)
        if self._shape is not None:
            return tf.reshape(image, self._shape)
        image.set_shape([None, None, self._channels or None])
        return image


class TFExampleDecoder(DataDecoder):
    """Parses a `tf.train.Example`, and makes items of its features.

    Args:
      keys_to_features: by name, `tf.FixedLenFeature`, `tf.VarLenFeature` …
      items_to_handlers: by name, the handlers that make the items."""

    def __init__(self, keys_to_features: dict[str, Any], items_to_handlers: dict[str, ItemHandler]) -> None:
        self._features, self._handlers = keys_to_features, items_to_handlers

    def list_items(self) -> list[str]:
        """The names of the items."""
        return list(self._handlers)

    def decode(self, serialized_example: Any, items: Sequence[str] | None = None) -> list[Any]:  # type: ignore[override]
        """The tensors of some items: of all, if `items` is not given."""
        example = tf.io.parse_single_example(serialized_example, self._features)
        chosen = [self._handlers[item] for item in items or self._handlers]
        return [h.tensors_to_item({k: example[k] for k in h.keys}) for h in chosen]
