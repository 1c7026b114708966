"""What a `ConfigProto` asks of this process, and what it, or `RunOptions`, ask for in vain.

Options that have no meaning here do not change what is computed, and programs of 1.x set them against troubles of a
runtime that is not there: a warning names each of them, once. (`graph_options` are for `compiler/optimise/options.py`.)"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

from headrace import runtime

_CORES = "XLA uses as many threads as the process may use cores: `taskset` limits these"
_POOL = "all runs share the threads of XLA"
_ALONE = "a session runs its programs in this process alone"
_ABSENT = "it is of a runtime that is not there"
# What has a meaning elsewhere, or asks for what is the case anyway.
_MET = {
    "ConfigProto.graph_options", "ConfigProto.operation_timeout_in_ms", "ConfigProto.log_device_placement",
    "ConfigProto.allow_soft_placement", "ConfigProto.gpu_options", "ConfigProto.device_count",
    "RunOptions.trace_level", "RunOptions.timeout_in_ms", "RunOptions.output_partition_graphs",
    "RunOptions.debug_options",
}  # fmt: skip
_WHY = {
    "ConfigProto.intra_op_parallelism_threads": _CORES,
    "ConfigProto.inter_op_parallelism_threads": _CORES,
    "ConfigProto.use_per_session_threads": _POOL,
    "ConfigProto.session_inter_op_thread_pool": _POOL,
    "ConfigProto.device_filters": _ALONE,
    "ConfigProto.cluster_def": _ALONE,
    "ConfigProto.isolate_session_state": "every session has variables of its own anyway",
    "ConfigProto.placement_period": "operations are placed when they are first run",
    "RunOptions.inter_op_thread_pool": _POOL,
    "RunOptions.report_tensor_allocations_upon_oom": "XLA's own message says what it tried to allocate",
}
_warned: set[str] = set()


def _in_vain(option: str, value: Any, why: str) -> None:
    if option not in _warned:
        _warned.add(option)
        shown = str(value).strip().replace("\n", " ")
        logging.getLogger("headrace").warning("%s=%s has no effect: %s.", option, shown, why)


def _given(message: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The options that are set, as `folder.name` and value."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}"
        if name in _MET:
            continue
        if field.message_type is not None and hasattr(value, "ListFields") and name not in _WHY:
            yield from _given(value, name)
        else:
            yield name, value


def warn_unmet(message: Any) -> None:
    """Logs a warning, once, of each option of a `ConfigProto` or of `RunOptions` that has no effect."""
    for option, value in _given(message, message.DESCRIPTOR.name):
        if _WHY.get(option) is _CORES and value == _cores():
            continue
        _in_vain(option, value, _WHY.get(option, _ABSENT))


def apply(config: Any) -> None:
    """Sets up the devices as a `ConfigProto` has it, if they are not in use yet, and warns of what has no effect."""
    warn_unmet(config)
    gpus = [d for d in runtime.list_physical_devices() if d.device_type == "GPU"]
    for kind, count in config.device_count.items():
        option = f'ConfigProto.device_count["{kind}"]'
        if kind == "GPU" and count < len(gpus):
            _change(option, count, runtime.set_visible_devices, gpus[:count], "GPU")
        elif kind == "CPU" and count > 1:
            _in_vain(option, count, "tf.config.set_logical_device_configuration makes several devices of one")
    if not gpus:  # then nothing of the rest matters
        return
    for option, value in _given(config.gpu_options, "ConfigProto.gpu_options"):
        name = option.removeprefix("ConfigProto.gpu_options.")
        if name == "visible_device_list":
            chosen = [gpus[int(i)] for i in value.split(",") if int(i) < len(gpus)]
            _change(option, value, runtime.set_visible_devices, chosen, "GPU")
        elif name == "allow_growth":
            for gpu in gpus:
                _change(option, value, runtime.set_memory_growth, gpu, True)
        elif name == "per_process_gpu_memory_fraction":
            for gpu in gpus:
                _change(option, value, _limit_memory, gpu, value)
        else:
            _in_vain(option, value, _ABSENT)


def _change(option: str, value: Any, change: Callable[..., None], *arguments: Any) -> None:
    try:
        change(*arguments)
    except (RuntimeError, ValueError) as error:  # the devices are in use, or set up otherwise
        _in_vain(option, value, str(error).rstrip("."))


def _limit_memory(device: Any, fraction: float) -> None:
    from headrace.runtime.plugins import memory_mib

    limit = int(fraction * memory_mib(int(device.name.rpartition(":")[2])))
    runtime.set_logical_device_configuration(device, [runtime.LogicalDeviceConfiguration(memory_limit=limit)])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


__all__ = ["apply", "warn_unmet"]
