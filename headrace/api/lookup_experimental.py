"""`tf.lookup.experimental`: tables that change."""

from __future__ import annotations

from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.state import init_scope, state
from headrace.core.tensor import Tensor
from headrace.ops import lookup as ops

from .lookup_interface import LookupInterface, exported, flat_part, lifted, like, unique_name


class _Mutable(LookupInterface):
    _default_value: Tensor
    _checkpoint: bool
    _is_anonymous: bool

    def _find(self, keys: Any, default: Any, name: str | None) -> Any:
        flat = flat_part(keys)
        if flat is keys:
            return ops.FIND(self.resource_handle, to_tensor(keys, self._key_dtype), default, name=name)
        return like(keys, self._find(flat, default, name))

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Any:
        """Gives `keys` the values `values`, in place of those they had. Of equal keys, the last one counts.

        Args:
          values: shaped like `keys`, followed by the shape of `default_value`.

        Raises:
          ValueError, TypeError: keys or values are of other types than the table's.
          InvalidArgumentError: the shapes do not fit together.
        """
        return ops.INSERT(
            self.resource_handle,
            to_tensor(keys, self._key_dtype),
            to_tensor(values, self._value_dtype),
            name=name,
        )

    def remove(self, keys: Any, name: str | None = None) -> Any:
        """Takes `keys` out of the table; those that are not in it do not matter.

        Raises:
          TypeError: `keys` is not of the table's key type.
        """
        return ops.REMOVE(self.resource_handle, self._check_keys(keys), name=name)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """`(keys, values)`: copies of all that the table holds."""
        return exported(self, name)

    def _collect(self) -> None:
        """Lets 1.x's savers know of a table of a graph."""
        graph: Any = state.graph
        if graph is None or graph.building_function or not self._checkpoint or self._is_anonymous:
            return
        from headrace.checkpoint.saveable import TableSaveable
        from headrace.session.keys import GraphKeys

        saveable = TableSaveable(self, self._key_dtype, self._value_dtype)
        graph.add_to_collection(GraphKeys.SAVEABLE_OBJECTS, saveable)

    # What a checkpoint keeps of a table.
    _checkpoint_attribute = "table"

    def _serialize_to_tensors(self) -> dict[str, Tensor]:
        keys, values = self.export()
        return {"-keys": keys, "-values": values}

    def _restore_from_tensors(self, restored_tensors: dict[str, Tensor]) -> Any:
        return ops.IMPORT(self.resource_handle, restored_tensors["-keys"], restored_tensors["-values"])


class MutableHashTable(_Mutable):
    """A table that is empty at first, and can change at any time.

    Args:
      key_dtype, value_dtype: string keys map to bool or a number; int64 keys to string or a number; int32 keys to a number
        other than int64 (numbers: int32, int64, float32, float64).
      default_value: the value of missing keys; its shape is that of every value.
      checkpoint: whether checkpoints keep the table's contents.
      experimental_is_anonymous: whether the table in a graph (that a session runs) is known by its handle alone, and
        goes with it. Tables made eagerly always go with their last handle.

    Raises:
      NotFoundError: there is no table of these types.

    >>> import headrace as tf
    >>> table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, default_value=-1)
    >>> table.insert(["a", "b"], [7, 8])
    >>> table.remove(tf.constant(["b"]))
    >>> table.lookup(["a", "b"]).numpy().tolist()
    [7, -1]
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, name: str = "MutableHashTable", checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(key_dtype, value_dtype)
        self._default_value = lifted(default_value, self._value_dtype)
        self._name, self._checkpoint, self._is_anonymous = name, checkpoint, experimental_is_anonymous
        with init_scope():
            self._adopt(self._create_resource(), self._default_value._raw_shape)
            self._collect()

    def _create_resource(self) -> Any:
        options: dict[str, Any] = {
            "key_dtype": self._key_dtype,
            "value_dtype": self._value_dtype,
            "name": self._name,
        }
        anonymous = self._is_anonymous or state.graph is None
        if not anonymous:
            options["shared_name"] = unique_name("table")
        shape = self._default_value._raw_shape
        if shape == ():
            return (ops.ANONYMOUS_MUTABLE if anonymous else ops.MUTABLE)(**options)
        return (ops.ANONYMOUS_OF_TENSORS if anonymous else ops.OF_TENSORS)(value_shape=shape, **options)

    def lookup(self, keys: Any, dynamic_default_values: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """The values of `keys`: shaped like them, followed by the shape of `default_value`. Ragged and sparse keys give
        ragged and sparse values.

        Args:
          dynamic_default_values: in place of the table's `default_value`: one for all keys, or one for each.

        Raises:
          ValueError, TypeError: `keys` are not of the table's type.
          InvalidArgumentError: the defaults have another shape or type.
        """
        default = self._default_value if dynamic_default_values is None else dynamic_default_values
        return self._find(keys, default, name)


class DenseHashTable(_Mutable):
    """A table like `MutableHashTable` that needs two keys which are never used, with TensorFlow's memory layout in exports:
    vectors with room for all buckets, the empty ones of which hold `empty_key`.

    Args:
      key_dtype, value_dtype: string or int64 keys map to bool or a number; int32 keys to a number other than int64 (numbers:
        int32, int64, float32, float64).
      default_value: the value of missing keys; its shape is that of every value.
      empty_key, deleted_key: different keys that are never looked up or inserted; if they are vectors, so are all keys.
      initial_num_buckets: a power of 2 (131072, if not given).
      checkpoint: whether checkpoints keep the table's contents.
      experimental_is_anonymous: as in `MutableHashTable`.

    Raises:
      NotFoundError: there is no table of these types.
      InvalidArgumentError: the two keys are equal, or the number of buckets is not a power of 2 of 4 at least.

    >>> import headrace as tf
    >>> table = tf.lookup.experimental.DenseHashTable(tf.string, tf.int64, -1, empty_key="", deleted_key="$")
    >>> table.insert(["a", "b"], [0, 1])
    >>> table.lookup(["b", "c"]).numpy().tolist()
    [1, -1]
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, empty_key: Any, deleted_key: Any,
        initial_num_buckets: int | None = None, name: str = "MutableDenseHashTable", checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(key_dtype, value_dtype)
        self._default_value = lifted(default_value, self._value_dtype)
        self._empty_key, self._deleted_key = empty_key, deleted_key
        self._initial_num_buckets = initial_num_buckets
        self._name, self._checkpoint, self._is_anonymous = name, checkpoint, experimental_is_anonymous
        with init_scope():
            self._adopt(
                self._create_resource(),
                self._default_value._raw_shape,
                len(lifted(empty_key, self._key_dtype).shape),
            )
            self._collect()

    def _create_resource(self) -> Any:
        options: dict[str, Any] = {
            "value_dtype": self._value_dtype,
            "value_shape": self._default_value._raw_shape,
            "name": self._name,
        }
        if self._initial_num_buckets is not None:
            options["initial_num_buckets"] = self._initial_num_buckets
        keys = lifted(self._empty_key, self._key_dtype), lifted(self._deleted_key, self._key_dtype)
        if self._is_anonymous or state.graph is None:
            return ops.ANONYMOUS_DENSE(*keys, **options)
        return ops.DENSE(*keys, shared_name=unique_name("table"), **options)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of `keys`: shaped like them (without the shape of a key), followed by the shape of `default_value`.

        Raises:
          ValueError, TypeError: `keys` are not of the table's type.
          InvalidArgumentError: `empty_key` or `deleted_key` is among them.
        """
        return self._find(keys, self._default_value, name)

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Any:
        """The same as `insert`."""
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Any:
        """The same as `remove`."""
        return self.remove(keys, name)


__all__ = ["DenseHashTable", "MutableHashTable"]
