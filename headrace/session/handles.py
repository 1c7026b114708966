"""Tensors that stay in a session between runs: `get_session_handle` and what goes with it."""

from __future__ import annotations

import weakref
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.graph import get_default_graph
from headrace.core.tensor import EagerTensor, Tensor
from headrace.ops import session_tensors as ops


class TensorHandle:
    """What a run gives for `get_session_handle`: stands for a tensor of the session, and can be fed in its place."""

    def __init__(self, handle: bytes, dtype: DType, session: Any) -> None:
        self._handle, self._dtype, self._session = handle, dtype, weakref.ref(session)

    @property
    def handle(self) -> str:
        """The string to feed to `get_session_tensor`'s placeholder."""
        return self._handle.decode()

    def get_raw_handle(self) -> str:
        """As `handle`."""
        return self.handle

    def _value(self) -> EagerTensor:
        session = self._session()
        found = None if session is None else session._streams.get(("tensor", self._handle))
        if found is None:
            raise TypeError(f"Persistent tensor {self.handle} may have already been deleted.")
        return found

    def eval(self) -> Any:
        """The tensor's value."""
        return self._value().numpy()

    def delete(self) -> None:
        """Lets the session forget the tensor."""
        self._value()
        session = self._session()
        if session is not None:
            session._streams.pop(("tensor", self._handle), None)

    def __str__(self) -> str:
        return self.handle


def get_session_handle(data: Any, name: str | None = None) -> Tensor:
    """A run of this keeps the value of `data` in the session, and gives a `TensorHandle` of it.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     kept = sess.run(v1.get_session_handle(tf.constant(3.0) * 2.0))
    ...     handle, tensor = v1.get_session_tensor(kept.handle, tf.float32)
    ...     float(sess.run(tensor + 1.0, {handle: kept.handle}))
    7.0
    """
    if not isinstance(data, Tensor) and not hasattr(data, "handle"):
        raise TypeError("`data` must be of type Tensor.")
    return ops.GET_HANDLE(to_tensor(data), name=name)


def _placeholder() -> Any:
    return get_default_graph().placeholder(dtypes.string, ())


def get_session_tensor(handle: Any, dtype: Any, name: str | None = None) -> tuple[Any, Tensor]:
    """A placeholder for the string of a handle, and the tensor that it stands for.

    Args:
      handle: the string of a handle of that kind.
      dtype: of the tensor.
    """
    holder = _placeholder()
    return holder, ops.GET_TENSOR(holder, dtype=as_dtype(dtype), name=name)


def delete_session_tensor(handle: Any, name: str | None = None) -> tuple[Any, Any]:
    """A placeholder for the string of a handle, and an operation by which the session forgets the tensor.

    Raises (the operation):
      InvalidArgumentError: there is no such tensor.
    """
    holder = _placeholder()
    return holder, ops.DELETE(holder, name=name)


__all__ = ["TensorHandle", "delete_session_tensor", "get_session_handle", "get_session_tensor"]
