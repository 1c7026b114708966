"""Tensors: `EagerTensor` holds a value, `SymbolicTensor` stands for one output of a graph's operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors
from .dtypes import DType, from_numpy, reference_type
from .errors import invalid
from .origin import known_as
from .shapes import Raw, TensorShape, merge, of_raw, text

ndarray = np.ndarray


# Set by the runtime: device buffer -> read-only NumPy array (zero-copy on CPU).
def fetch(buffer: Any) -> np.ndarray:
    """A device buffer as a read-only array. (The compiler puts the runtime's own function here when it is imported.)"""
    raise RuntimeError("A device buffer exists, but no runtime is loaded to read it.")


@known_as("tensorflow.python.types.core", "Tensor")
class TensorLike:
    """What counts as a tensor: `Tensor`, variables, and classes of libraries that stand for one (Keras's variables)."""

    __slots__ = ()


@known_as("tensorflow.python.framework.tensor", "Tensor")
class Tensor(TensorLike):
    """A multi-dimensional array of one element type.

    Arithmetic, comparison and indexing operators work element-wise with broadcasting, as in NumPy.
    """

    __slots__ = ()
    __array_priority__ = 100
    _is_eager = False
    _dtype: DType
    _raw_shape: Raw

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return of_raw(self._raw_shape)

    @property
    def ndim(self) -> int | None:
        shape = self._raw_shape
        return None if shape is None else len(shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        raise NotImplementedError

    def ref(self) -> Reference:
        """A hashable stand-in for this tensor, for use in sets and dicts."""
        return Reference(self)

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __copy__(self) -> Tensor:
        return self

    def _shape_tuple(self) -> Raw:
        return self._raw_shape

    if TYPE_CHECKING:
        # What one kind of tensor has, and the other raises an error for: `_is_eager` says which kind it is.
        @property
        def op(self) -> Any: ...
        @property
        def graph(self) -> Any: ...
        @property
        def name(self) -> str: ...
        def numpy(self) -> Any: ...
        def _host(self) -> np.ndarray: ...

        # Python's operators: ops/operators.py and ops/indexing.py put them here.
        def __getitem__(self, key: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...

        __pos__ = __abs__ = __invert__ = __neg__
        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = __add__
        __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = (
            __rpow__
        ) = __add__
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __add__
        __lt__ = __le__ = __gt__ = __ge__ = __add__


class Reference:
    """`tensor.ref()`: hashable, compares by identity; `.deref()` gives the tensor back."""

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def deref(self) -> Any:
        return self._wrapped

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._wrapped is other._wrapped

    def __hash__(self) -> int:
        return id(self._wrapped)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._wrapped!r}>"


class EagerTensor(Tensor):
    """A tensor with a value: on the host (`_np`), on a device (`_buf`), or both. Never mutated."""

    __slots__ = ("__dict__", "__weakref__", "_buf", "_dtype", "_np")
    _is_eager = True
    _np: np.ndarray | None
    _buf: Any

    def _host(self) -> np.ndarray:
        """The value as a NumPy array that nobody may write to."""
        array = self._np
        if array is None:
            array = self._np = fetch(self._buf)
        return array

    @property
    def _raw_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        array = self._np
        return array.shape if array is not None else self._buf.aval.shape

    @property
    def device(self) -> str:
        """The full name of the device that holds the value, e.g. "/job:localhost/replica:0/task:0/device:CPU:0"."""
        return device_name(self._buf)

    @property
    def backing_device(self) -> str:
        return self.device

    def numpy(self) -> Any:
        """The value as a NumPy array of its own (a NumPy scalar for 0-D tensors, `bytes` for string scalars)."""
        array = self._host()
        if self._dtype.kind in "rv":
            raise invalid(f"Cannot convert a Tensor of dtype {self._dtype.name} to a NumPy array.")
        return array[()] if array.ndim == 0 else array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self._host()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array if copy is False else array.copy()

    def __dlpack__(self, **kwargs: Any) -> Any:
        # A copy: consumers may write to it, tensors are immutable.
        return self._host().copy().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._host().__dlpack_device__()

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Tensor:
        return self

    @property
    def op(self) -> Any:
        raise AttributeError("Tensor.op is undefined when eager execution is enabled.")

    @property
    def graph(self) -> Any:
        raise AttributeError("Tensor.graph is undefined when eager execution is enabled.")

    @property
    def name(self) -> str:
        raise AttributeError("Tensor.name is undefined when eager execution is enabled.")

    @property
    def value_index(self) -> int:
        raise AttributeError("Tensor.value_index is undefined when eager execution is enabled.")

    @property
    def _id(self) -> int:
        return id(self)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        raise NotImplementedError(
            "eval is not supported when eager execution is enabled, is .numpy() what you're looking for?"
        )

    def set_shape(self, shape: Any) -> None:
        if not self.shape.is_compatible_with(shape):
            raise ValueError(
                f"Tensor's shape {self._raw_shape} is not compatible with supplied shape {TensorShape(shape)}."
            )

    def _item(self, what: str) -> Any:
        array = self._host()
        if array.size != 1:
            raise TypeError(
                f"Only tensors of one element can be converted to {what}; this one has shape {self._raw_shape}."
            )
        return array.reshape(())[()]

    def __bool__(self) -> bool:
        array = self._host()
        if array.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
            )
        return bool(array.reshape(())[()])

    def __int__(self) -> int:
        return int(self._item("a Python int"))

    def __float__(self) -> float:
        return float(self._item("a Python float"))

    def __complex__(self) -> complex:
        return complex(self._item("a Python complex"))

    def __index__(self) -> int:
        array = self._host()
        if array.ndim or array.dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(array)

    def __len__(self) -> int:
        shape = self._raw_shape
        if not shape:
            raise TypeError("Scalar tensor has no `len()`")
        return shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self._raw_shape:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(self._raw_shape[0]))

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec) if not self._raw_shape else format(str(self), spec)

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.numpy(), ndigits) if ndigits is not None else round(self.numpy())

    def __reduce__(self) -> Any:
        return _restore, (self._host(), self._dtype.name)

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return self

    def __repr__(self) -> str:
        if self._dtype.kind in "rv":
            return f"<tf.Tensor: shape={self._raw_shape}, dtype={self._dtype.name}, value=<{self._host().reshape(-1)[:1]}>>"
        return f"<tf.Tensor: shape={self._raw_shape}, dtype={self._dtype.name}, numpy={value_text(self.numpy(), repr)}>"

    def __str__(self) -> str:
        value = f"<{self._dtype.name}>" if self._dtype.kind in "rv" else value_text(self.numpy(), str)
        return f"tf.Tensor({value}, shape={self._raw_shape}, dtype={self._dtype.name})"


def value_text(value: Any, convert: Callable[[Any], str]) -> str:
    """A value as `repr` or `str` shows it: scalars as Python numbers, arrays of several lines from a line of their own."""
    if isinstance(value, (ndarray, bytes)):
        text = convert(value)
    else:
        text = repr(value.item()) if convert is repr else str(value)
    return f"\n{text}" if "\n" in text else text


def device_name(buffer: Any) -> str:
    """The full name of a buffer's device; of the host's for None."""
    if buffer is None:
        return "/job:localhost/replica:0/task:0/device:CPU:0"
    from headrace import runtime

    return runtime.device_of(buffer).full_name


def _restore(array: np.ndarray, dtype: str) -> EagerTensor:
    from .dtypes import as_dtype

    return wrap(array, as_dtype(dtype))


_new = EagerTensor.__new__


def wrap(array: Any, dtype: DType) -> EagerTensor:
    """An EagerTensor of a host array that nobody else will write to. NumPy scalars and other precisions are converted."""
    if type(array) is not ndarray or array.dtype is not dtype._np:
        array = np.asarray(array, dtype._np)
    tensor = _new(EagerTensor)
    tensor._np = array
    tensor._dtype = dtype
    tensor._buf = None
    return tensor


def boxed(value: Any) -> np.ndarray:
    """A scalar array holding a Python object, as the kernels of ops on resources and variants take and return it."""
    box = np.empty((), object)
    box[()] = value
    return box


def wrap_object(value: Any, dtype: DType) -> EagerTensor:
    """A scalar tensor holding a Python object: a resource or a variant."""
    return wrap(boxed(value), dtype)


def wrap_buffer(buffer: Any, dtype: DType) -> EagerTensor:
    """An EagerTensor of a device buffer; copied to the host only if asked for."""
    tensor = _new(EagerTensor)
    tensor._np = None
    tensor._dtype = dtype
    tensor._buf = buffer
    return tensor


def from_array(array: np.ndarray) -> EagerTensor:
    return wrap(array, from_numpy(array.dtype))


class SymbolicTensor(Tensor):
    """Output `value_index` of operation `op` in a graph: it has a type and a (partly known) shape, but no value yet."""

    __slots__ = ("__dict__", "__weakref__", "_dtype", "_raw_shape", "op", "value_index")
    op: Any

    def __init__(self, op: Any, value_index: int, dtype: DType, shape: Raw) -> None:
        self.op = op
        self.value_index = value_index
        self._dtype = dtype
        self._raw_shape = shape

    @property
    def graph(self) -> Any:
        return self.op.graph

    def __hash__(self) -> int:
        if self.op.graph.building_function:
            raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")
        return id(self)  # in plain graphs `==` compares identity, so that tensors are keys of a feed_dict

    @property
    def name(self) -> str:
        return f"{self.op.name}:{self.value_index}"

    @property
    def device(self) -> str:
        return self.op.device

    @property
    def _id(self) -> int:
        return id(self)

    def consumers(self) -> list[Any]:
        """The operations of the graph that take this tensor as an input."""
        return [op for op in self.graph.get_operations() if any(t is self for t in op.inputs)]

    def set_shape(self, shape: Any) -> None:
        """Adds what is known of the shape; `ValueError` when it contradicts what is known already."""
        self._raw_shape = merge(self._raw_shape, TensorShape(shape)._raw)
        self.__dict__.pop("_static", None)

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Tensor:
        return self

    def _no_value(self, what: str) -> Any:
        raise errors.OperatorNotAllowedInGraphError(
            f"{what} is not allowed: tensor {self.name} (created at {self.op.site}) has no value while the graph is being built. "
            "Use tensor ops (tf.cond, tf.while_loop, tf.shape …), let AutoGraph convert the function (@tf.function), or run eagerly."
        )

    def __bool__(self) -> bool:
        return self._no_value("Using a symbolic `tf.Tensor` as a Python `bool`")

    def __iter__(self) -> Iterator[Tensor]:
        return self._no_value("Iterating over a symbolic `tf.Tensor`")

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self.name}). Please call `x.shape` rather than `len(x)` for shape information."
        )

    def _not_concrete(self, kind: str) -> Any:
        raise TypeError(
            f"Cannot convert symbolic tensor {self.name} (created at {self.op.site}) to {kind}: it has no value while the graph is being built."
        )

    def __int__(self) -> int:
        from .static import (
            static_value,  # known all the same, as dimensions and what is computed from them may be
        )

        value = static_value(self)
        return int(value) if value is not None and value.size == 1 else self._not_concrete("a Python int")

    def __float__(self) -> float:
        return self._not_concrete("a Python float")

    def __index__(self) -> int:
        return self._not_concrete("a Python index")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise NotImplementedError(
            f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array. This error may indicate that "
            "you're trying to pass a Tensor to a NumPy call, which is not supported."
        )

    @property
    def numpy(self) -> Any:
        raise AttributeError(
            f"'SymbolicTensor' object has no attribute 'numpy': tensor {self.name} has no value while the graph is being built."
        )

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Evaluates the tensor in a session (the default one, if none is given)."""
        from headrace.session import default_session

        return (session or default_session("evaluate tensor using `eval()`", self.graph)).run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={text(self._raw_shape)} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self._raw_shape is None else f", shape={text(self._raw_shape)}"
        device = f", device={self.op.device}" if self.op.device else ""
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name}{device})'


class ReferenceTensor(SymbolicTensor):
    """A reference to a variable, as graphs of TensorFlow 1.x have them. Ops that change variables take the variable itself;
    all others take the value that it has when they run. `dtype` says that it is a reference; `_dtype` is the value's type."""

    __slots__ = ()

    @property
    def dtype(self) -> DType:
        return reference_type(self._dtype)
