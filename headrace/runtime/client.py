"""The PJRT clients: one per device type, started when a device is first used."""

from __future__ import annotations

import atexit
import gc
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headrace.runtime import config, malloc, plugins
from headrace.runtime.errors import translate

if TYPE_CHECKING:
    from headrace.runtime.xla import Placement

_lock = threading.Lock()
_placements: dict[str, list[Placement]] = {}  # by device type, one per logical device
_forked = False
_in_child: list[Callable[[], None]] = []

FORKED = (
    "The XLA runtime was started before this process was forked, and its threads do not survive a fork. "
    "Start worker processes with multiprocessing.get_context('spawn') or 'forkserver', or fork before the "
    "first computation."
)


def placements(device_type: str) -> list[Placement]:
    """Every logical device of a type, its client started. Empty if there is none or its plug-in fails.

    Raises: RuntimeError in a child process forked after a client was started.
    """
    found = _placements.get(device_type)
    if found is None or _forked:
        with _lock:
            if _forked:
                raise RuntimeError(FORKED)
            found = _placements.get(device_type)
            if found is None:
                found = _placements[device_type] = _start(device_type)
    return found


def started(device_type: str) -> bool:
    """Whether the client for this device type runs."""
    return device_type in _placements


def after_fork(callback: Callable[[], None]) -> None:
    """Call `callback` in children forked after a client was started, to make what they inherited unusable."""
    _in_child.append(callback)


def _start(device_type: str) -> list[Placement]:
    config.freeze()
    plugin = plugins.find(device_type)
    if device_type != "CPU" and (plugin is None or not plugins.device_count(device_type)):
        return []
    from headrace.runtime import xla

    if not _placements:
        os.register_at_fork(after_in_child=_mark_forked)
        _collect_with_python(xla.collect_garbage)
    if plugin is None:
        malloc.keep_freed_memory()
        client = xla.make_cpu_client(max(1, config.logical_device_count("CPU")))
    else:
        try:
            plugins.load_dependencies(plugin)
            client = xla.make_plugin_client(plugin.name, plugin.path, _plugin_options(plugin))
        except (xla.XlaError, RuntimeError, OSError, ValueError) as error:
            reason = str(translate(error)) if isinstance(error, xla.XlaError) else str(error)
            plugins.give_up(plugin, reason.rstrip("."))
            return []
    return [xla.Placement(client, device) for device in client.local_devices()]


def _plugin_options(plugin: plugins.Plugin) -> dict[str, Any]:
    if plugin.device_type != "GPU":
        return {}
    from headrace.runtime import xla

    wanted: dict[str, Any] = config.accelerator_options(plugin.device_type)
    options = xla.gpu_options() | {"platform_name": plugin.name, "visible_devices": wanted["visible"]}
    if "preallocate" in wanted:
        options["preallocate"] = wanted["preallocate"]
    if "memory_limit" in wanted:
        options["memory_fraction"] = wanted["memory_limit"] / plugins.memory_mib(wanted["visible"][0])
    return options


def _collect_with_python(collect_garbage: Callable[[], None]) -> None:
    """NumPy arrays lent to XLA without a copy are given back only when somebody collects them."""

    def collect(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            collect_garbage()

    gc.callbacks.append(collect)
    atexit.register(gc.callbacks.remove, collect)  # the interpreter's last collections come too late for XLA


def _mark_forked() -> None:
    global _forked, _lock
    _forked = True
    _lock = threading.Lock()  # the parent's may have been held by a thread that does not exist here
    for callback in _in_child:
        callback()
