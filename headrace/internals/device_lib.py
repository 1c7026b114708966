"""`tensorflow.python.client.device_lib`: the devices, as programs look for GPUs with it."""

from __future__ import annotations

from typing import Any, NamedTuple


class DeviceAttributes(NamedTuple):
    """A device. `memory_limit` is in bytes, 0 where nobody knows it."""

    name: str
    device_type: str
    memory_limit: int = 0
    incarnation: int = 0
    physical_device_desc: str = ""


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """The devices of this process, whatever a session would be told about them.

    >>> from headrace.internals.device_lib import list_local_devices
    >>> list_local_devices()[0].device_type
    'CPU'
    """
    from headrace import runtime

    if session_config is not None and session_config.device_count:
        raise NotImplementedError(
            "list_local_devices(session_config) with a device_count: devices are set up with tf.config, before the first is used."
        )
    return [DeviceAttributes(d.name, d.device_type) for d in runtime.list_logical_devices()]


__all__ = ["DeviceAttributes", "list_local_devices"]
