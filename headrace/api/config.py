"""`tf.config`: devices, threads, and how functions run."""

from __future__ import annotations

import os
from typing import Any

from headrace import runtime
from headrace.compiler.function import functions_run_eagerly, run_functions_eagerly
from headrace.core import errors
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
    "LogicalDevice", "LogicalDeviceConfiguration", "PhysicalDevice", "experimental", "experimental_connect_to_cluster",
    "experimental_connect_to_host", "experimental_functions_run_eagerly", "experimental_run_functions_eagerly",
    "functions_run_eagerly",
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


experimental_functions_run_eagerly = functions_run_eagerly
experimental_run_functions_eagerly = run_functions_eagerly


def experimental_connect_to_cluster(
    cluster_spec_or_resolver: Any,
    job_name: str = "localhost",
    task_index: int = 0,
    protocol: str | None = None,
    make_master_device_default: bool = True,
    cluster_device_filters: Any = None,
) -> None:
    """Would let ops run on the machines of a cluster.

    Raises:
      UnimplementedError: always.
    """
    raise errors.UnimplementedError(
        None,
        None,
        "Ops run on the devices of this machine: there are no remote ones to connect to. Use tf.distribute.",
    )


def experimental_connect_to_host(remote_host: Any = None, job_name: str = "worker") -> None:
    """Would let ops run on another machine.

    Raises:
      UnimplementedError: always.
    """
    experimental_connect_to_cluster(remote_host, job_name)


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
    """`tf.config.optimizer`: XLA optimises what it compiles; rewrites of graphs with parts that run on the host can be
    switched off (`compiler/optimise/`)."""

    def get_jit(self) -> str:
        return "autoclustering"

    def set_jit(self, enabled: Any) -> None:
        if enabled in (False, "", None):
            raise NotImplementedError(
                "Functions are always compiled. Use tf.config.run_functions_eagerly(True) to run them op by "
                "op."
            )

    def get_experimental_options(self) -> dict[str, Any]:
        """What was set with `set_experimental_options`."""
        from headrace.compiler.optimise.options import experimental_options

        return experimental_options()

    def set_experimental_options(self, options: dict[str, Any]) -> None:
        """Switches rewrites on or off, for functions traced and fetches first run from now on.

        Args:
          options: booleans by name: "constant_folding", "shape_optimization", "arithmetic_optimization",
            "dependency_optimization", "function_optimization", "debug_stripper" (takes assertions, checks of numerics
            and prints out), "disable_model_pruning", "disable_meta_optimizer" (all of them off). "layout_optimizer",
            "remapping", "loop_optimization" and "pin_to_host_optimization" are always on.

        Raises:
          ValueError: there is no such option.
          NotImplementedError: an option is not to be had here, or cannot be switched off.
        """
        from headrace.compiler.optimise.options import set_experimental_options

        set_experimental_options(options)


optimizer = _Optimizer()


class _Experimental:
    """`tf.config.experimental`."""

    @property
    def ClusterDeviceFilters(self) -> Any:
        """Which devices the tasks of a cluster see of each other."""
        from headrace.distribute.clusters import ClusterDeviceFilters

        return ClusterDeviceFilters

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
    def get_device_details(device: PhysicalDevice) -> dict[str, Any]:
        """What is known of a device: nothing of CPUs; of others the `device_name`."""
        if not isinstance(device, PhysicalDevice):
            raise ValueError(f"device must be a tf.config.PhysicalDevice, but got: {device!r}.")
        if device.device_type == "CPU":
            return {}
        index = int(device.name.rpartition(":")[2])
        return {
            "device_name": runtime.find_device(
                f"/device:{device.device_type}:{index}"
            ).placement.device.device_kind
        }

    @staticmethod
    def get_memory_info(device: str) -> dict[str, int]:
        """The bytes that a device's memory holds, now ("current") and at most ("peak"). Of a CPU nothing is counted: 0.

        Raises:
          ValueError: there is no such device, or not just one.
        """
        spec = runtime.parse_device(device)
        found = [
            d
            for d in runtime.list_logical_devices()
            if (d.device_type == spec.device_type or spec.device_type is None)
            and spec.device_index in (None, d.index)
        ]
        if len(found) != 1:
            raise ValueError(f"{'Multiple' if found else 'No matching'} devices found for {device!r}")
        stats = found[0].placement.device.memory_stats() if found[0].device_type != "CPU" else None
        stats = stats or {}
        return {"current": stats.get("bytes_in_use", 0), "peak": stats.get("peak_bytes_in_use", 0)}

    @staticmethod
    def get_memory_usage(device: str) -> int:
        """The bytes that a device's memory holds now; see `get_memory_info`."""
        return _Experimental.get_memory_info(device)["current"]

    @staticmethod
    def reset_memory_stats(device: str) -> None:
        """Would start counting a device's peak anew; there is nothing to count on a CPU.

        Raises:
          UnimplementedError: the device is no CPU: XLA does not reset its count.
        """
        _Experimental.get_memory_info(device)
        if runtime.parse_device(device).device_type != "CPU":
            raise errors.UnimplementedError(
                None, None, f"The peak of {device!r} cannot be reset: XLA keeps that count."
            )

    @staticmethod
    def get_device_policy() -> str:
        """Always "silent": a tensor that an op needs on another device is copied there."""
        return "silent"

    @staticmethod
    def set_device_policy(device_policy: str | None) -> None:
        """Only "silent" (or None) exists.

        Raises:
          ValueError: there is no such policy.
          NotImplementedError: it is another one.
        """
        if device_policy not in (None, "silent", "silent_for_int32", "warn", "explicit"):
            raise ValueError(f"Invalid argument `device_policy`: {device_policy!r}.")
        if device_policy not in (None, "silent"):
            raise NotImplementedError(
                f"Tensors are copied between devices silently, not as {device_policy!r} has it."
            )

    @staticmethod
    def get_synchronous_execution() -> bool:
        """Always True: an eager op has run when it returns."""
        return True

    @staticmethod
    def set_synchronous_execution(enable: bool | None) -> None:
        """Eager ops have run when they return.

        Raises:
          NotImplementedError: they are not to.
        """
        if enable is False:
            raise NotImplementedError(
                "Eager ops run synchronously. In a tf.experimental.async_scope functions overlap with Python."
            )

    @staticmethod
    def enable_mlir_bridge() -> None:
        """Programs are compiled by way of MLIR anyway."""

    @staticmethod
    def disable_mlir_bridge() -> None:
        """There is no other way to compile than by MLIR.

        Raises:
          NotImplementedError: always.
        """
        raise NotImplementedError("Programs are compiled by way of MLIR; that cannot be disabled.")

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
