"""Devices, buffers, compiled programs and their cache: the only package that touches jaxlib.

    buffer = runtime.put(array)
    program = runtime.compile(stablehlo_text, [(shape, dtype)])
    result, = program.run([buffer])
    runtime.to_numpy(result)

jaxlib is imported, and a device's client started, when first needed; importing this package does neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.core.memory import aligned_empty
from headrace.runtime import cache as cache
from headrace.runtime.buffers import put, to_numpy, transfer, wait
from headrace.runtime.config import (
    LogicalDeviceConfiguration,
    PhysicalDevice,
    get_logical_device_configuration,
    get_memory_growth,
    get_visible_devices,
    list_physical_devices,
    set_logical_device_configuration,
    set_memory_growth,
    set_visible_devices,
)
from headrace.runtime.devices import (
    Device,
    DeviceSpec,
    default_device,
    device_of,
    find_device,
    list_logical_devices,
    parse_device,
)
from headrace.runtime.executable import Executable, compile

if TYPE_CHECKING:
    from headrace.runtime.cache_cli import cache_command
    from headrace.runtime.xla import Buffer

__all__ = [
    # buffers
    "Buffer", "put", "to_numpy", "transfer", "wait", "aligned_empty",
    # programs
    "Executable", "compile", "cache", "cache_command",
    # devices
    "Device", "DeviceSpec", "default_device", "device_of", "find_device", "list_logical_devices",
    "parse_device",
    # device settings
    "PhysicalDevice", "LogicalDeviceConfiguration", "list_physical_devices",
    "get_visible_devices", "set_visible_devices", "get_memory_growth", "set_memory_growth",
    "get_logical_device_configuration", "set_logical_device_configuration",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "cache_command":  # of use to the command line only
        from headrace.runtime.cache_cli import cache_command

        return cache_command
    if name == "Buffer":  # jaxlib's class: looking at it imports jaxlib
        from headrace.runtime.xla import Buffer

        return Buffer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
