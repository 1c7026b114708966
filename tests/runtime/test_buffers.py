"""NumPy to device and back: every dtype and shape, copies and lent memory."""

import gc
import weakref

import ml_dtypes
import numpy as np
import pytest

from headrace import runtime
from headrace.core import errors

DTYPES = [
    *(np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
    *(np.float16, np.float32, np.float64, np.complex64, np.complex128),
    *(ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, ml_dtypes.float8_e4m3b11fnuz),
    *(ml_dtypes.float8_e4m3fnuz, ml_dtypes.float8_e5m2fnuz, ml_dtypes.float8_e3m4, ml_dtypes.float8_e8m0fnu),
    *(ml_dtypes.int2, ml_dtypes.int4, ml_dtypes.uint2, ml_dtypes.uint4, ml_dtypes.float4_e2m1fn),
]
SHAPES = [(), (1,), (7,), (2, 3), (0,), (3, 0, 2), (1, 1, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_round_trip(dtype, shape):
    array = np.resize(np.array([1, 0, 1, 1, 0, 2]), shape).astype(dtype)
    buffer = runtime.put(array)
    result = runtime.to_numpy(buffer)
    assert result.dtype == array.dtype
    assert result.shape == shape
    assert result.tobytes() == array.tobytes()
    assert not result.flags.writeable
    assert (buffer.aval.shape, buffer.aval.dtype) == (shape, array.dtype)


def test_negative_sub_byte_integers():
    array = np.arange(-8, 8).astype(ml_dtypes.int4)
    np.testing.assert_array_equal(runtime.to_numpy(runtime.put(array)).astype(int), np.arange(-8, 8))


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16, ml_dtypes.int4])
def test_strided_and_broadcast_arrays(dtype):
    base = np.arange(24).reshape(4, 6).astype(dtype)
    for array in (base.T, base[::2, ::-1], np.broadcast_to(base[0], (3, 6)), np.asfortranarray(base)):
        np.testing.assert_array_equal(runtime.to_numpy(runtime.put(array)), array)
        np.testing.assert_array_equal(runtime.to_numpy(runtime.put(array, zero_copy=True)), array)


def test_foreign_byte_order_is_converted():
    for _ in range(2):  # the second call must not find the first one's description
        np.testing.assert_array_equal(runtime.to_numpy(runtime.put(np.arange(4, dtype=">f4"))), range(4))


@pytest.mark.parametrize("dtype", ["U3", object, "M8[s]", np.longdouble, [("a", "f4")]], ids=str)
def test_dtypes_that_no_device_holds(dtype):
    with pytest.raises(TypeError, match="No device can hold dtype"):
        runtime.put(np.zeros(2, dtype))


def test_put_copies():
    for size in (3, 1 << 16, 1 << 22):  # XLA copies small arrays at once and large ones in the background
        array = runtime.aligned_empty((size,), np.float32)
        array[:] = 1
        buffer = runtime.put(array)
        array[:] = 2
        assert (runtime.to_numpy(buffer) == 1).all()


def test_zero_copy_lends_aligned_memory():
    array = runtime.aligned_empty((5, 3), np.float64)
    array[:] = 1
    result = runtime.to_numpy(runtime.put(array, zero_copy=True))
    assert result.ctypes.data == array.ctypes.data
    assert (result == 1).all()


def test_lent_memory_is_given_back():
    array = runtime.aligned_empty((64,), np.float32)
    watch = weakref.ref(array.base)
    buffer = runtime.put(array, zero_copy=True)
    del array
    gc.collect()
    assert watch() is not None
    del buffer
    gc.collect()
    gc.collect()
    assert watch() is None


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.complex128, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(), (5,), (2, 0), (3, 4, 5)], ids=str)
def test_aligned_empty(shape, dtype):
    array = runtime.aligned_empty(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert array.size == 0 or array.ctypes.data % 64 == 0
    assert array.flags.c_contiguous and array.flags.writeable


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
def test_array_outlives_its_buffer(dtype):
    buffer = runtime.put(np.arange(1000).astype(dtype))
    array = runtime.to_numpy(buffer)
    del buffer
    gc.collect()
    others = [runtime.put(np.zeros(1000, dtype)) for _ in range(10)]
    np.testing.assert_array_equal(array, np.arange(1000).astype(dtype))
    assert len(others) == 10


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16, ml_dtypes.int4])
@pytest.mark.parametrize("read", [runtime.to_numpy, runtime.wait, lambda b: runtime.transfer(b, b)])
def test_deleted_buffer(read, dtype):
    buffer = runtime.put(np.zeros(3, dtype))
    buffer.delete()
    with pytest.raises(errors.InvalidArgumentError, match="This buffer was deleted or donated"):
        read(buffer)


def test_buffer_class():
    assert isinstance(runtime.put(np.zeros(2)), runtime.Buffer)
    with pytest.raises(AttributeError, match="no attribute 'Bufer'"):
        _ = runtime.Bufer
