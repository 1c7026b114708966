"""Reading a checkpoint of either version."""

from __future__ import annotations

from typing import Any

from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.io import files

from . import bundle
from .bundle import BundleReader
from .slices_v1 import SliceReader
from .slicing import parse_spec


def open_checkpoint(prefix: Any) -> BundleReader | SliceReader:
    """The reader of the version that is there; of version 2 if both are.

    Raises:
      tf.errors.NotFoundError: there is none.
    """
    return BundleReader(prefix) if bundle.exists(files.path_text(prefix)) else SliceReader(prefix)


def read_tensor(
    reader: BundleReader | SliceReader, name: str, spec: str = "", dtype: DType | None = None
) -> Any:
    """What RestoreV2 gives for a name and a `shape_and_slice`.

    Raises:
      tf.errors.NotFoundError: there is no such tensor, or not that part of it.
      tf.errors.InvalidArgumentError: it is of another type or shape than asked for.
    """
    stored = reader.dtype(name)
    if dtype is not None and stored is not dtype:
        raise invalid(
            f"tensor_name = {name}; expected dtype {dtype.name} does not equal original dtype {stored.name}"
        )
    part = parse_spec(spec)
    if part is None:
        return reader.tensor(name)
    if part[0] != reader.shape(name):
        raise invalid(
            f"tensor_name = {name}; shape in shape_and_slice spec {list(part[0])} does not match the shape stored in "
            f"checkpoint: {list(reader.shape(name))}"
        )
    return reader.part(name, part[1])


class CheckpointReader:
    """What a checkpoint holds, and the values of its tensors.

    >>> import headrace as tf, os, tempfile
    >>> path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(os.path.join(tempfile.mkdtemp(), "model"))
    >>> reader = tf.train.load_checkpoint(path)
    >>> reader.get_variable_to_shape_map()["v/.ATTRIBUTES/VARIABLE_VALUE"]
    [2]
    >>> reader.get_tensor("v/.ATTRIBUTES/VARIABLE_VALUE").tolist()
    [1.0, 2.0]
    """

    def __init__(self, filename: Any) -> None:
        self._reader = open_checkpoint(filename)

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a tensor of that name."""
        return self._reader.has(_text(tensor_str))

    def get_tensor(self, tensor_str: str) -> Any:
        """A tensor's value as an array (a NumPy scalar, or `bytes`, for a single one).

        Raises:
          tf.errors.NotFoundError: there is none of that name.
          tf.errors.DataLossError: it is damaged.
        """
        value = self._reader.tensor(_text(tensor_str))
        return value[()]

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of each tensor, by name."""
        return {name: list(self._reader.shape(name)) for name in self._reader.names()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The type of each tensor, by name."""
        return {name: self._reader.dtype(name) for name in self._reader.names()}

    # The spelling of 1.x.
    def debug_string(self) -> bytes:
        """A line for each tensor: its name, type and shape."""
        lines = [
            f"{name} (DT_{_proto_name(self._reader.dtype(name))}) [{','.join(map(str, self._reader.shape(name)))}]\n"
            for name in self._reader.names()
        ]
        return "".join(lines).encode()


def _proto_name(dtype: DType) -> str:
    names = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
    return names.get(dtype.name, dtype.name.upper())


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
