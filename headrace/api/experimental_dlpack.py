"""`tf.experimental.dlpack`: tensors shared with other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core.errors import invalid
from headrace.core.tensor import EagerTensor, Tensor, from_array


def to_dlpack(tf_tensor: Any) -> Any:
    """A DLPack capsule of a tensor's value (a copy, which the consumer may write to).

    Raises:
      InvalidArgumentError: the argument is no eager tensor.
    """
    if not isinstance(tf_tensor, EagerTensor):
        from headrace.core.errors import InvalidArgumentError

        raise invalid("The argument to `to_dlpack` must be a TF tensor, not Python object")
    return tf_tensor.__dlpack__()


class _Capsule:
    """What NumPy wants in place of a bare capsule."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(dlcapsule: Any) -> Tensor:
    """A tensor of a DLPack capsule, or of anything with `__dlpack__`."""
    source = dlcapsule if hasattr(dlcapsule, "__dlpack__") else _Capsule(dlcapsule)
    array = np.from_dlpack(source)
    return from_array(np.array(array))


__all__ = ["from_dlpack", "to_dlpack"]
