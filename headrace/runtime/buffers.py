"""Arrays on devices: NumPy to buffer and back."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core.errors import invalid
from headrace.core.memory import LARGE
from headrace.runtime import devices
from headrace.runtime.errors import DELETED, reraise

if TYPE_CHECKING:
    from headrace.runtime.xla import Aval, Buffer


class Pending:
    """Stands for a buffer that is not there yet, wherever buffers go."""

    __slots__ = ()
    aval: Aval

    def settled(self) -> Buffer:
        """The buffer, when it is there."""
        raise NotImplementedError


def settled(buffer: Any) -> Buffer:
    """The buffer itself."""
    return buffer.settled() if isinstance(buffer, Pending) else buffer


_avals: dict[tuple[tuple[int, ...], np.dtype[Any]], Aval] = {}


def put(
    array: np.ndarray[Any, Any], device: devices.Device | None = None, *, zero_copy: bool = False
) -> Buffer:
    """A buffer with the content of `array`, on `device` (None: the default device).

    The content is copied, so `array` may change afterwards. With `zero_copy` the caller promises that it will
    not: then a C-contiguous array at a 64-byte address (see `aligned_empty`) is lent to the CPU device as it
    is; any other is still copied.

    Raises: TypeError for dtypes that no device holds (strings, objects, dates).
    """
    from headrace.runtime import xla

    if zero_copy and array.nbytes >= LARGE:
        xla.collect_garbage()  # what was lent before, and is not used any more, goes back now: it may be much
    placement = (device or devices.default_device()).placement
    aval = _avals.get((array.shape, array.dtype))
    if aval is None:
        array = _native(array)
        aval = aval_of(array.shape, array.dtype)
    try:
        return xla.batched_device_put(
            aval,
            placement.sharding,
            [array],
            [placement.device],
            True,
            enable_x64=True,
            host_buffer_semantics=xla.ZERO_COPY if zero_copy else xla.COPY,
        )
    except xla.XlaError as error:
        reraise(error)


def to_numpy(buffer: Buffer) -> np.ndarray[Any, Any]:
    """The content of `buffer` as a read-only array, without a copy on the CPU. Waits until it is computed.

    Raises: InvalidArgumentError if the buffer was deleted or donated; whatever error the program that
    computes it ended with.
    """
    if isinstance(buffer, Pending):
        buffer = buffer.settled()
    try:
        # Not np.asarray(buffer), which turns a failed read into an array that holds the buffer as an object.
        return np.asarray(memoryview(buffer))
    except BufferError:
        return _to_numpy_checked(buffer)  # it failed, is on an accelerator, or has a dtype that Python lacks


def wait(buffer: Buffer) -> None:
    """Wait until `buffer` is computed. Raises what `to_numpy` raises."""
    from headrace.runtime import xla

    buffer = settled(buffer)
    _check_alive(buffer)
    try:
        buffer.block_until_ready()
    except xla.XlaError as error:
        reraise(error)


def transfer(buffer: Buffer, device: devices.Device) -> Buffer:
    """A copy of `buffer` on `device`."""
    from headrace.runtime import xla

    buffer = settled(buffer)
    _check_alive(buffer)
    try:
        return xla.copy_to(buffer, device.placement)
    except xla.XlaError as error:
        reraise(error)


def aval_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Aval:
    """The (cached) description of arrays. Raises TypeError if no device holds the dtype."""
    found = _avals.get((shape, dtype))
    if found is None:
        from headrace.runtime import xla

        try:
            xla.check_dtype(dtype)
        except xla.XlaError as error:
            raise TypeError(
                f"No device can hold dtype {dtype}. Expected a boolean, integer, floating or complex dtype; "
                "convert the array first, or keep it on the host."
            ) from error
        found = _avals[shape, dtype] = xla.Aval(shape, dtype)
    return found


def _native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`array` (or what NumPy makes of it) in the machine's byte order, which XLA takes for granted."""
    array = np.asarray(array)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _check_alive(buffer: Buffer) -> None:
    if buffer.is_deleted():
        raise invalid(f"This buffer {DELETED}")


def _to_numpy_checked(buffer: Buffer) -> np.ndarray[Any, Any]:
    wait(buffer)
    shape, dtype = buffer.aval.shape, buffer.aval.dtype
    if math.prod(shape) == 0:
        array = np.empty(shape, dtype)
    elif buffer.platform() != "cpu":
        from headrace.runtime import xla

        array = xla.fetch(buffer)
    elif dtype.name in _WIDER:
        from headrace.runtime import executable

        array = to_numpy(executable.widen(buffer, *_WIDER[dtype.name])).astype(dtype)
    else:
        array = _view(buffer, shape, dtype)
    array.flags.writeable = False
    return array


# Types that XLA packs several to a byte, and NumPy one per byte: fetched through a wider type that holds
# their values.
_WIDER: dict[str, tuple[str, str, np.dtype[Any]]] = {
    "int2": ("i2", "i8", np.dtype(np.int8)),
    "uint2": ("ui2", "ui8", np.dtype(np.uint8)),
    "int4": ("i4", "i8", np.dtype(np.int8)),
    "uint4": ("ui4", "ui8", np.dtype(np.uint8)),
    "float4_e2m1fn": ("f4E2M1FN", "f32", np.dtype(np.float32)),
}


class _DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("dtype", ctypes.c_uint32),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
    ]


_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _view(buffer: Buffer, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """bfloat16 and float8: the buffer protocol has no format for them, but DLPack has their address.

    While such a view lives, `buffer.delete()` must not be called: XLA aborts the process. Donating the buffer
    is fine (the program copies it), and so is dropping it, which is how buffers are freed here.
    """
    from headrace.runtime import xla

    capsule = xla.dlpack_capsule(buffer)
    tensor = _DLTensor.from_address(_capsule_pointer(capsule, b"dltensor"))
    size = math.prod(shape) * dtype.itemsize
    memory: Any = (ctypes.c_uint8 * size).from_address(tensor.data + tensor.byte_offset)
    memory.keep_alive = capsule  # the array's base is `memory`, so the capsule lives as long as the array
    return np.frombuffer(memory, np.uint8).view(dtype).reshape(shape)
