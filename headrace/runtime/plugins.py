"""GPU and TPU plug-ins: found by file path when their wheels are installed, loaded only when first needed.

The wheels' own Python packages are not imported, because they import jax; the shared library inside is all
PJRT needs. Nothing here imports jaxlib.
"""

from __future__ import annotations

import ctypes
import glob
import importlib.util
import os
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple


class Plugin(NamedTuple):
    """A PJRT plug-in: PJRT's `name` for it, the TensorFlow device type it serves and its shared library."""

    name: str
    device_type: str
    path: str


# name, device type, package, library inside the package. The last match wins: the newest CUDA wheel.
_WHEELS = (
    ("cuda", "GPU", "jax_plugins", "xla_cuda*/xla_cuda_plugin.so"),
    ("rocm", "GPU", "jax_plugins", "xla_rocm*/xla_rocm_plugin.so"),
    ("tpu", "TPU", "libtpu", "libtpu.so"),
)

# NVIDIA's libraries live in wheels of their own, where the dynamic linker does not look; they are loaded up
# front, each after those it depends on.
_NVIDIA_LIBRARIES = (
    "libcudart", "libnvJitLink", "libnvrtc", "libcublasLt", "libcublas", "libcufft", "libcusparse",
    "libcusolver", "libcudnn", "libnccl", "libcupti", "libnvshmem_host",
)  # fmt: skip

_failed: set[str] = set()  # device types whose plug-in did not start; the program goes on without them


@cache
def find(device_type: str) -> Plugin | None:
    """The installed plug-in for a device type, or None."""
    for name, kind, package, pattern in _WHEELS:
        spec = importlib.util.find_spec(package) if kind == device_type else None
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if matches := sorted(glob.glob(os.path.join(folder, pattern))):
                return Plugin(name, kind, matches[-1])
    return None


def device_count(device_type: str) -> int:
    """How many devices of this type the machine has that an installed plug-in can drive. Starts no client."""
    plugin = find(device_type)
    return 0 if plugin is None or device_type in _failed else _COUNT[plugin.name]()


def give_up(plugin: Plugin, reason: str) -> None:
    """Say once that a plug-in does not work, and go on as if it were not installed."""
    _failed.add(plugin.device_type)
    warnings.warn(
        f"The {plugin.device_type} plug-in {plugin.path} could not be started, so the program runs without "
        f"{plugin.device_type}s. Reason: {reason}. Check the driver, and that the plug-in's version suits "
        "this jaxlib; or uninstall the plug-in to silence this.",
        RuntimeWarning,
        stacklevel=2,
    )


def load_dependencies(plugin: Plugin) -> None:
    """Load the libraries the plug-in will look for by name."""
    if plugin.name != "cuda":
        return
    spec = importlib.util.find_spec("nvidia")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for library in _NVIDIA_LIBRARIES:
            for path in sorted(glob.glob(os.path.join(folder, "*", "lib", library + ".so*"))):
                try:
                    ctypes.CDLL(path)
                except OSError:
                    # One that cannot be loaded may not be needed; if it is, the plug-in's own error names it.
                    continue


def memory_mib(index: int) -> int:
    """Total memory of a CUDA device in MiB, asked of the driver."""
    driver = ctypes.CDLL("libcuda.so.1")
    device, size = ctypes.c_int(), ctypes.c_size_t()
    for status in (
        driver.cuInit(0),
        driver.cuDeviceGet(ctypes.byref(device), index),
        driver.cuDeviceTotalMem_v2(ctypes.byref(size), device),
    ):
        if status:
            raise RuntimeError(f"The CUDA driver cannot tell the memory of GPU {index} (error {status}).")
    return size.value >> 20


def _count_with(library: str, count: str, initialise: str | None = None) -> int:
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return 0  # no driver, no devices
    number = ctypes.c_int()
    if initialise is not None and getattr(driver, initialise)(0):
        return 0
    return 0 if getattr(driver, count)(ctypes.byref(number)) else number.value


_COUNT: dict[str, Callable[[], Any]] = {
    "cuda": lambda: _count_with("libcuda.so.1", "cuDeviceGetCount", "cuInit"),
    "rocm": lambda: _count_with("libamdhip64.so", "hipGetDeviceCount"),
    "tpu": lambda: len(glob.glob("/dev/accel*") or glob.glob("/dev/vfio/[0-9]*")),
}
