"""Device settings that hold for the whole process and are fixed once a device has been used.

This is `tf.config`'s part that says which physical devices there are, which of them the program sees, and how
they are split or allocated. Nothing here starts a device or imports jaxlib.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from headrace.runtime import plugins


class PhysicalDevice(NamedTuple):
    """A device of this machine, before any client is started: `name` is "/physical_device:CPU:0"."""

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """One logical device of a physical one. `memory_limit` (MiB) is for accelerators only."""

    memory_limit: int | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


class _Settings:
    """The process-wide settings; `frozen` once devices are in use."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.frozen = False
        self.visible: dict[str, list[PhysicalDevice]] = {}  # by device type; absent: all of them
        self.logical: dict[PhysicalDevice, list[LogicalDeviceConfiguration]] = {}
        self.growth: dict[PhysicalDevice, bool] = {}


_settings = _Settings()

DEVICE_TYPES = ("CPU", "GPU", "TPU")


def freeze() -> None:
    """Called when devices are first used: from here on settings may only be repeated, not changed."""
    _settings.frozen = True


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of this machine, CPU first. Starts none of them.

    >>> list_physical_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    kinds = DEVICE_TYPES if device_type is None else (device_type,)
    return [
        PhysicalDevice(f"/physical_device:{kind}:{index}", kind)
        for kind in kinds
        for index in range(1 if kind == "CPU" else plugins.device_count(kind))
    ]


def _check(device: object, device_type: str | None = None) -> PhysicalDevice:
    known = list_physical_devices(device_type)
    if device not in known:
        raise ValueError(
            f"Unrecognized device: {device!r}. Expected one of {known}, as listed by "
            f"tf.config.list_physical_devices({'' if device_type is None else repr(device_type)})."
        )
    return known[known.index(device)]


def _must_not_be_frozen(what: str) -> None:
    if _settings.frozen:
        raise RuntimeError(
            f"{what} cannot be modified after being initialized. Call this at the start of the program, "
            "before the first computation or listing of logical devices."
        )


def set_visible_devices(
    devices: PhysicalDevice | Sequence[PhysicalDevice], device_type: str | None = None
) -> None:
    """Let the program see only `devices` (of `device_type`; None: of every type). Before any device is used.

    Raises: ValueError for unknown devices, RuntimeError for a change after devices were used.
    """
    chosen = (
        list(devices)
        if isinstance(devices, Sequence) and not isinstance(devices, (PhysicalDevice, str))
        else [devices]
    )
    checked = [_check(device, device_type) for device in chosen]
    kinds = DEVICE_TYPES if device_type is None else (device_type,)
    with _settings.lock:
        if checked != [device for kind in kinds for device in get_visible_devices(kind)]:
            _must_not_be_frozen("Visible devices")
        for kind in kinds:
            _settings.visible[kind] = [device for device in checked if device.device_type == kind]


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The physical devices the program sees: all, or those chosen with `set_visible_devices`."""
    kinds = DEVICE_TYPES if device_type is None else (device_type,)
    return [
        device
        for kind in kinds
        for device in (_settings.visible[kind] if kind in _settings.visible else list_physical_devices(kind))
    ]


def set_logical_device_configuration(
    device: PhysicalDevice, logical_devices: Sequence[LogicalDeviceConfiguration] | None
) -> None:
    """Split `device` into logical devices: `[LogicalDeviceConfiguration()] * 4` makes four CPU devices.

    The CPU can be split at will, which is how code for many devices is tried on one machine. An accelerator
    stays one logical device (its plug-in cannot split it), and `memory_limit` may cap its memory.

    Raises: ValueError for an unknown device or a configuration it cannot have; RuntimeError for a change
    after devices were used.
    """
    physical = _check(device)
    configuration = list(logical_devices) if logical_devices is not None else None
    if configuration is not None:
        _check_configuration(physical, configuration)
    with _settings.lock:
        if configuration == _settings.logical.get(physical):
            return
        _must_not_be_frozen("Virtual devices")
        if configuration is None:
            del _settings.logical[physical]
        else:
            _settings.logical[physical] = configuration


def _check_configuration(physical: PhysicalDevice, configuration: list[LogicalDeviceConfiguration]) -> None:
    if not configuration:
        raise ValueError(
            f"{physical.name} needs at least one LogicalDeviceConfiguration; received an empty list."
        )
    if physical.device_type != "CPU" and len(configuration) > 1:
        raise ValueError(
            f"{physical.name} cannot be split into {len(configuration)} logical devices: PJRT plug-ins give "
            "one device per accelerator. To try code for many devices, split the CPU."
        )
    for field in ("memory_limit", "experimental_priority", "experimental_device_ordinal"):
        supported = field == "memory_limit" and physical.device_type != "CPU"
        if not supported and any(getattr(entry, field) is not None for entry in configuration):
            raise ValueError(
                f"Setting {field.replace('_', ' ')} on {physical.device_type} virtual devices is currently "
                f"not supported (device {physical.name}); leave {field} out."
            )


def get_logical_device_configuration(device: PhysicalDevice) -> list[LogicalDeviceConfiguration] | None:
    """What `set_logical_device_configuration` was given for `device`, or None."""
    return _settings.logical.get(_check(device))


def logical_device_count(device_type: str) -> int:
    """How many logical devices of a type the settings ask for."""
    return sum(len(_settings.logical.get(device, [None])) for device in get_visible_devices(device_type))


def set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Let an accelerator's memory pool grow on demand (`enable`), instead of reserving most of it at first.

    Raises: ValueError for an unknown device and for the CPU (which always grows), RuntimeError for a change
    after devices were used.
    """
    physical = _growable(device)
    with _settings.lock:
        if bool(enable) != _settings.growth.get(physical):
            _must_not_be_frozen("Memory growth of physical devices")
        _settings.growth[physical] = bool(enable)


def get_memory_growth(device: PhysicalDevice) -> bool | None:
    """What `set_memory_growth` was given for `device`; None if nothing. Raises ValueError for the CPU."""
    return _settings.growth.get(_growable(device))


def _growable(device: PhysicalDevice) -> PhysicalDevice:
    physical = _check(device)
    if physical.device_type == "CPU":
        raise ValueError("Cannot set memory growth on non-GPU and non-Pluggable devices")
    return physical


def accelerator_options(device_type: str) -> dict[str, object]:
    """What the settings of the accelerators of one type mean for their PJRT client, which they share.

    Keys: "visible" (physical indices), "preallocate" (absent if not set), "memory_limit" (MiB, absent if not
    set).
    """
    devices = get_visible_devices(device_type)
    growth = {_settings.growth[device] for device in devices if device in _settings.growth}
    if len(growth) > 1:
        raise ValueError(f"Memory growth cannot differ between {device_type} devices")
    limits = {_settings.logical[device][0].memory_limit for device in devices if device in _settings.logical}
    if len(limits) > 1:
        raise ValueError(
            f"memory_limit cannot differ between {device_type} devices; received {sorted(map(str, limits))}."
        )
    options: dict[str, object] = {"visible": [int(device.name.rpartition(":")[2]) for device in devices]}
    if growth:
        options["preallocate"] = not growth.pop()
    if limits and (limit := limits.pop()) is not None:
        options["memory_limit"] = limit
    return options
