"""Names of devices in parts: `/job:worker/replica:0/task:1/device:CPU:0`."""

from __future__ import annotations

import re
from typing import Any

_FIELDS = ("job", "replica", "task", "device_type", "device_index")


class DeviceSpec:
    """A device, or as much of its name as matters. Parts that are None are left open.

    >>> from headrace.core.device_spec import DeviceSpec
    >>> DeviceSpec(job="ps", device_type="CPU", device_index=0).to_string()
    '/job:ps/device:CPU:0'
    >>> DeviceSpec.from_string("/cpu:0").make_merged_spec(DeviceSpec(job="ps")).to_string()
    '/job:ps/device:CPU:0'
    """

    def __init__(
        self, job: str | None = None, replica: int | None = None, task: int | None = None,
        device_type: str | None = None, device_index: int | None = None,
    ) -> None:  # fmt: skip
        self._job = None if job is None else str(job)
        self._replica = None if replica is None else int(replica)
        self._task = None if task is None else int(task)
        self._device_type = None if device_type is None else str(device_type).upper()
        self._device_index = None if device_index is None else int(device_index)

    @property
    def job(self) -> str | None:
        return self._job

    @property
    def replica(self) -> int | None:
        return self._replica

    @property
    def task(self) -> int | None:
        return self._task

    @property
    def device_type(self) -> str | None:
        return self._device_type

    @property
    def device_index(self) -> int | None:
        return self._device_index

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """Reads a name; ValueError for what is none. `/cpu:0` and `CPU:0` are short for `/device:CPU:0`."""
        found: dict[str, Any] = {}
        for part in spec.split("/"):
            if not part:
                continue
            key, _, value = part.partition(":")
            key = key.lower()
            if key in ("job", "replica", "task"):
                found[key] = value if key == "job" else _index(value, spec)
                continue
            text = value if key == "device" else part
            kind, _, index = text.partition(":")
            if not re.fullmatch(r"[A-Za-z_]\w*", kind) or "device_type" in found:
                raise ValueError(
                    f"Unknown attribute {part!r} is encountered while parsing the device spec: {spec!r}."
                )
            found["device_type"] = kind
            found["device_index"] = None if index in ("", "*") else _index(index, spec)
        return cls(**found)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """As `from_string`, on any instance."""
        return type(self).from_string(spec)

    def to_string(self) -> str:
        """The name, of the parts that are known."""
        text = "".join(
            [f"/{k}:{getattr(self, k)}" for k in ("job", "replica", "task") if getattr(self, k) is not None]
        )
        if self._device_type is not None:
            text += f"/device:{self._device_type}:{'*' if self._device_index is None else self._device_index}"
        return text

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """This device with the parts that `dev` has."""
        return type(self)(
            **{k: getattr(self, k) if getattr(dev, k) is None else getattr(dev, k) for k in _FIELDS}
        )

    def replace(self, **changes: Any) -> DeviceSpec:
        """This device with other parts."""
        return type(self)(**{**{k: getattr(self, k) for k in _FIELDS}, **changes})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and self.to_string() == other.to_string()

    def __hash__(self) -> int:
        return hash(self.to_string())

    def __str__(self) -> str:
        return self.to_string()

    def __repr__(self) -> str:
        return f"DeviceSpec({self.to_string()!r})"


def _index(text: str, spec: str) -> int:
    if not text.isdigit():
        raise ValueError(f"{text!r} is no number, in the device spec {spec!r}.")
    return int(text)


def merged(outer: str | None, inner: str | None) -> str:
    """The device of an operation inside of two scopes: the inner one's parts, and the outer one's where it is silent."""
    if not inner:
        return outer or ""
    spec = DeviceSpec.from_string(inner)
    return (DeviceSpec.from_string(outer).make_merged_spec(spec) if outer else spec).to_string()
