"""`tf.sysconfig`: how this platform was built."""

from __future__ import annotations

from typing import Any, NoReturn


def get_build_info() -> dict[str, Any]:
    """What the build contains: neither kernels written for CUDA, ROCm or TensorRT, whatever device XLA compiles for.

    >>> import headrace as tf
    >>> tf.sysconfig.get_build_info()["is_cuda_build"]
    False
    """
    return {"is_cuda_build": False, "is_rocm_build": False, "is_tensorrt_build": False}


def _no_native_code(what: str) -> NoReturn:
    raise NotImplementedError(
        f"There is no {what}: Headrace is Python, and has no C++ interface to compile ops against. Write an op as a composition "
        "of others, or with tf.py_function or tf.numpy_function."
    )


def get_include() -> str:
    """Not supported: there are no C++ headers."""
    _no_native_code("folder of C++ headers")


def get_lib() -> str:
    """Not supported: there is no C++ library."""
    _no_native_code("C++ library")


def get_compile_flags() -> list[str]:
    """Not supported: there is nothing to compile against."""
    _no_native_code("set of compiler flags")


def get_link_flags() -> list[str]:
    """Not supported: there is nothing to link with."""
    _no_native_code("set of linker flags")


ROOT: list[str] = []
__all__ = ["get_build_info", "get_compile_flags", "get_include", "get_lib", "get_link_flags"]
