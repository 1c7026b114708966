"""Logical devices: what a program names with "/gpu:0" and what a buffer lives on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from headrace.core.errors import invalid
from headrace.runtime import client, config, plugins

if TYPE_CHECKING:
    from headrace.runtime.xla import Buffer, Placement

_HERE = "/job:localhost/replica:0/task:0"


class Device:
    """A logical device. `name` is "/device:CPU:0", `full_name` adds job, replica and task.

    There is one object per device, so devices compare by identity.
    """

    __slots__ = ("_placement", "device_type", "full_name", "index", "name")

    _placement: Placement | None

    def __init__(self, device_type: str, index: int) -> None:
        self.device_type, self.index = device_type, index
        self.name = f"/device:{device_type}:{index}"
        self.full_name = _HERE + self.name
        self._placement = None

    @property
    def platform(self) -> str:
        """PJRT's name for the kind of device: "cpu", "cuda", "rocm" or "tpu"."""
        plugin = plugins.find(self.device_type)
        return "cpu" if plugin is None else plugin.name

    @property
    def placement(self) -> Placement:
        """The device for the rest of the runtime; starts its client."""
        found = self._placement
        if found is None:
            found = self._placement = client.placements(self.device_type)[self.index]
        return found

    def __repr__(self) -> str:
        return f"Device(name={self.name!r}, device_type={self.device_type!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return find_device, (self.full_name,)


_devices: dict[tuple[str, int], Device] = {}
_default: Device | None = None


def _device(device_type: str, index: int) -> Device:
    return _devices.setdefault((device_type, index), Device(device_type, index))


def list_logical_devices(device_type: str | None = None) -> list[Device]:
    """The devices the program can use, CPU first. Device settings are fixed from here on."""
    config.freeze()
    kinds = config.DEVICE_TYPES if device_type is None else (device_type,)
    return [_device(kind, index) for kind in kinds for index in range(_count(kind))]


def default_device() -> Device:
    """Where a computation goes that names no device: the first accelerator, else the CPU."""
    global _default
    if _default is None:
        config.freeze()
        kind = next((kind for kind in ("GPU", "TPU") if _count(kind)), "CPU")
        _default = _device(kind, 0)
    return _default


def _count(device_type: str) -> int:
    if device_type == "CPU":
        return config.logical_device_count("CPU")  # known without starting the client
    if device_type not in config.DEVICE_TYPES or not config.get_visible_devices(device_type):
        return 0
    return len(client.placements(device_type))


class DeviceSpec(NamedTuple):
    """The parts of a device string; None where the string leaves a part open."""

    job: str | None = None
    replica: int | None = None
    task: int | None = None
    device_type: str | None = None
    device_index: int | None = None


def parse_device(spec: str) -> DeviceSpec:
    """Take a device string apart, in any of TensorFlow's forms.

    Raises: ValueError for anything else.

    >>> parse_device("/job:localhost/gpu:1")
    DeviceSpec(job='localhost', replica=None, task=None, device_type='GPU', device_index=1)
    """
    if not isinstance(spec, str):
        raise ValueError(f"Expecting a string device name. Got {type(spec)}({spec})")
    found: dict[str, str | int | None] = {}
    for part in spec.split("/"):
        match part.split(":"):
            case [""]:
                continue
            case ["job", name]:
                found["job"] = name
            case [("replica" | "task") as field, number]:
                found[field] = _number(number, spec)
            case ["device", kind, index]:
                found |= _device_part(kind, index, spec, found)
            case [kind, *index] if kind.upper() in config.DEVICE_TYPES and len(index) < 2:
                found |= _device_part(kind, index[0] if index else "*", spec, found)
            case [attribute, *_]:
                raise ValueError(
                    f"Unknown attribute '{attribute}' is encountered while parsing the device spec: "
                    f"'{spec}'. "
                    f'Expected a string such as "/gpu:0", "CPU:1" or "{_HERE}/device:CPU:0".'
                )
    return DeviceSpec(**found)  # type: ignore[arg-type]


def _device_part(
    kind: str, index: str, spec: str, found: Mapping[str, object]
) -> dict[str, str | int | None]:
    if "device_type" in found:
        raise ValueError(f"Multiple device types are not allowed while parsing the device spec: {spec}.")
    return {"device_type": kind.upper(), "device_index": None if index == "*" else _number(index, spec)}


def _number(text: str, spec: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"Expected a number in the device spec {spec!r}; received {text!r}.")
    return int(text)


def find_device(spec: str | Device | None, *, soft_placement: bool = True) -> Device:
    """The device that a device string names.

    What the string leaves open is chosen like `default_device`. With `soft_placement`, a device that this
    machine lacks is replaced by the CPU, as TensorFlow does.

    Raises: ValueError if the string cannot be parsed, InvalidArgumentError if it names another job or task,
    or a device that is not here and `soft_placement` is off.

    >>> find_device("cpu:0").name
    '/device:CPU:0'
    """
    if isinstance(spec, Device):
        return spec
    wanted = parse_device(spec) if spec is not None else DeviceSpec()
    if (
        wanted.job not in (None, "localhost")
        or wanted.replica not in (None, 0)
        or wanted.task not in (None, 0)
    ):
        raise invalid(
            f"{spec} unknown device. This process only has {[d.full_name for d in list_logical_devices()]}."
        )
    index = wanted.device_index or 0
    if index < 0:
        raise invalid(f"Malformed device specification '{spec}': negative index {index}.")
    if wanted.device_type is None:
        kind = default_device().device_type
    else:
        kind = wanted.device_type
        config.freeze()
    if index < _count(kind):
        return _device(kind, index)
    if not soft_placement:
        raise invalid(
            f"Could not satisfy device specification '{spec}', and soft device placement is off. All "
            f"available devices: {[device.full_name for device in list_logical_devices()]}."
        )
    return _device("CPU", 0)


def device_of(buffer: Buffer) -> Device:
    """The device that a buffer is on."""
    from headrace.runtime import xla
    from headrace.runtime.buffers import settled

    where = xla.device_of(settled(buffer))
    return next(
        device for device in _devices.values() if device._placement and device._placement.device == where
    )


def _forget_placements() -> None:
    for device in _devices.values():
        device._placement = None  # so that the next use asks the client, which explains


client.after_fork(_forget_placements)
