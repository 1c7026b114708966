"""`tf.config`: devices, threads, and how functions run."""

from __future__ import annotations

import os
from typing import Any

from headrace import runtime
from headrace.compiler.function import functions_run_eagerly, run_functions_eagerly
from headrace.runtime import (
    LogicalDeviceConfiguration,
    PhysicalDevice,
    get_logical_device_configuration,
    get_visible_devices,
    list_physical_devices,
    set_logical_device_configuration,
    set_visible_devices,
)

ROOT: list[str] = []
__all__ = [
    "LogicalDevice", "LogicalDeviceConfiguration", "PhysicalDevice", "experimental", "functions_run_eagerly",
    "get_logical_device_configuration", "get_soft_device_placement", "get_visible_devices",
    "list_logical_devices", "list_physical_devices", "optimizer", "run_functions_eagerly",
    "set_logical_device_configuration", "set_soft_device_placement", "set_visible_devices", "threading",
]  # fmt: skip


class LogicalDevice:
    """A device that ops can be placed on: `.name` ("/device:CPU:0") and `.device_type`."""

    def __init__(self, name: str, device_type: str) -> None:
        self.name, self.device_type = name, device_type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogicalDevice) and (self.name, self.device_type) == (
            other.name,
            other.device_type,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.device_type))

    def __repr__(self) -> str:
        return f"LogicalDevice(name={self.name!r}, device_type={self.device_type!r})"


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices that ops can be placed on; this starts them."""
    found = [
        LogicalDevice(f"/device:{d.platform.upper()}:{d.index}", d.platform.upper())
        for d in runtime.list_logical_devices()
    ]
    return [d for d in found if device_type is None or d.device_type == device_type.upper()]


def get_soft_device_placement() -> bool:
    """Always True: an op without a kernel for the wanted device runs where it has one."""
    return True


def set_soft_device_placement(enabled: bool) -> None:
    """Soft placement cannot be switched off."""
    if not enabled:
        raise NotImplementedError(
            "Soft device placement is always on: an op runs where it can. Check `tensor.device` to see "
            "where it did."
        )


class _Threading:
    """`tf.config.threading`: XLA sizes its own pools from the cores the process may use."""

    def get_inter_op_parallelism_threads(self) -> int:
        return 0

    def get_intra_op_parallelism_threads(self) -> int:
        return 0

    def set_inter_op_parallelism_threads(self, num_threads: int) -> None:
        self._check(num_threads)

    def set_intra_op_parallelism_threads(self, num_threads: int) -> None:
        self._check(num_threads)

    @staticmethod
    def _check(num_threads: int) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if num_threads not in (0, cores):
            raise NotImplementedError(
                f"The number of threads is that of the cores the process may use ({cores}). Limit the cores "
                "(`taskset -c 0 python …`, or os.sched_setaffinity before the first op) to use fewer."
            )


threading = _Threading()


class _Optimizer:
    """`tf.config.optimizer`: XLA does the optimising; whole functions are always compiled."""

    def get_jit(self) -> str:
        return "autoclustering"

    def set_jit(self, enabled: Any) -> None:
        if enabled in (False, "", None):
            raise NotImplementedError(
                "Functions are always compiled. Use tf.config.run_functions_eagerly(True) to run them op by "
                "op."
            )

    def get_experimental_options(self) -> dict[str, Any]:
        return {}

    def set_experimental_options(self, options: dict[str, Any]) -> None:
        if options:
            raise NotImplementedError(
                f"Grappler options do not exist here: XLA optimises graphs. Received {options!r}."
            )


optimizer = _Optimizer()


class _Experimental:
    """`tf.config.experimental`."""

    list_physical_devices = staticmethod(list_physical_devices)
    list_logical_devices = staticmethod(list_logical_devices)
    get_visible_devices = staticmethod(get_visible_devices)
    set_visible_devices = staticmethod(set_visible_devices)
    get_memory_growth = staticmethod(runtime.get_memory_growth)
    set_memory_growth = staticmethod(runtime.set_memory_growth)
    get_virtual_device_configuration = staticmethod(get_logical_device_configuration)
    set_virtual_device_configuration = staticmethod(set_logical_device_configuration)
    VirtualDeviceConfiguration = LogicalDeviceConfiguration

    @staticmethod
    def enable_op_determinism() -> None:
        """Random ops without any seed become an error; every op is deterministic already."""
        from headrace.ops import seeds

        seeds.require(True)

    @staticmethod
    def enable_tensor_float_32_execution(enabled: bool) -> None:
        if enabled:
            raise NotImplementedError("TensorFloat-32 is not used: float32 contractions run in float32.")

    @staticmethod
    def tensor_float_32_execution_enabled() -> bool:
        return False


experimental = _Experimental()
