"""What surrounds a program: names of devices, the logger, libraries of ops."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from headrace.core import errors
from headrace.core.op import lookup
from headrace.core.tensor import Tensor

__all__ = ROOT = [
    "DeviceSpec",
    "extract_volume_patches",
    "get_logger",
    "load_library",
    "load_op_library",
]


@dataclasses.dataclass(frozen=True, repr=False)
class DeviceSpec:
    """The parts of a device's name, each of them possibly left open (None).

    >>> import headrace as tf
    >>> spec = tf.DeviceSpec(job="worker", device_type="GPU", device_index=1)
    >>> spec.to_string()
    '/job:worker/device:GPU:1'
    >>> tf.DeviceSpec.from_string("/gpu:0").device_type
    'GPU'
    """

    job: Any = None
    replica: Any = None
    task: Any = None
    device_type: Any = None
    device_index: Any = None

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """The parts of a name.

        Raises:
          ValueError: it is not the name of a device.
        """
        from headrace.runtime.devices import parse_device

        return cls(*parse_device(spec))

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """The parts of a name; see `from_string`."""
        return self.from_string(spec)

    def to_string(self) -> str:
        """The name: what is known of it."""
        known = [
            f"/{part}:{getattr(self, part)}"
            for part in ("job", "replica", "task")
            if getattr(self, part) is not None
        ]
        if self.device_type is not None:
            known.append(
                f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}"
            )
        return "".join(known)

    def replace(self, **kwargs: Any) -> DeviceSpec:
        """The same with other parts."""
        return dataclasses.replace(self, **kwargs)

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """The parts of `dev`, and where it leaves them open those of this."""
        own, given = (dataclasses.asdict(s) for s in (self, dev))
        return DeviceSpec(**{k: own[k] if v is None else v for k, v in given.items()})

    def __repr__(self) -> str:
        parts = ", ".join(f"{k}={v}" for k, v in dataclasses.asdict(self).items())
        return f"<DeviceSpec({parts})>"


def get_logger() -> logging.Logger:
    """The logger that Headrace logs to.

    >>> import headrace as tf
    >>> tf.get_logger().name
    'headrace'
    """
    return logging.getLogger("headrace")


def load_op_library(library_filename: str) -> Any:
    """Would load ops from a shared library.

    Raises:
      NotFoundError: there is no such file.
      UnimplementedError: always; such libraries are built for TensorFlow's own runtime.
    """
    import os

    if not os.path.exists(library_filename):
        raise errors.NotFoundError(
            None, None, f"{library_filename}: cannot open shared object file: No such file or directory"
        )
    raise errors.UnimplementedError(
        None,
        None,
        f"{library_filename!r} cannot be loaded: a library of ops is built for TensorFlow's own C++ runtime. "
        "Compose the op of tf functions, or call Python with tf.numpy_function.",
    )


def load_library(library_location: str) -> Any:
    """Would load ops from a shared library, or from all of a folder; see `load_op_library`."""
    return load_op_library(library_location)


def extract_volume_patches(
    input: Any, ksizes: Any, strides: Any, padding: str, name: str | None = None
) -> Tensor:
    """Patches of 5-D volumes, each laid out in the last dimension.

    Args:
      input: `[batch, depth, height, width, channels]`.
      ksizes, strides: 5 integers, the first and the last 1.
      padding: "SAME" or "VALID".

    Returns:
      `[batch, patches deep, high, wide, elements of a patch]`.

    >>> import headrace as tf
    >>> tf.extract_volume_patches(tf.ones([1, 4, 4, 4, 1]), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "VALID").shape
    TensorShape([1, 2, 2, 2, 8])
    """
    return lookup("ExtractVolumePatches")(input, ksizes=ksizes, strides=strides, padding=padding, name=name)
