"""The devices of sessions, under the names that TensorFlow gives them, and what runs where."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from headrace import runtime
from headrace.core.graph import Operation

TASK = "/job:localhost/replica:0/task:0"  # of this process


class DeviceAttributes:
    """A device that a session can use.

    Attributes:
      name: "/job:localhost/replica:0/task:0/device:CPU:0".
      device_type: "CPU", "GPU" …
      memory_limit_bytes: 0 where nobody knows it.
      incarnation: 0: devices of this process do not come and go.
    """

    def __init__(
        self, name: str, device_type: str, memory_limit_bytes: int = 0, incarnation: int = 0
    ) -> None:
        self.name, self.device_type = name, device_type
        self.memory_limit_bytes, self.incarnation = memory_limit_bytes, incarnation

    def __repr__(self) -> str:
        return f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes}, {self.incarnation})"


def devices() -> list[DeviceAttributes]:
    """All of them; this starts them."""
    return [DeviceAttributes(TASK + d.name, d.device_type) for d in runtime.list_logical_devices()]


def device_of(op: Operation | None = None) -> str:
    """Where an operation runs: what XLA cannot hold on the host, all else on the first device of the best kind."""
    kinds = {t._dtype.kind for t in (*op.inputs, *op.outputs)} if op is not None else set()
    if op is not None and (op.op_def.host or "s" in kinds):
        return f"{TASK}/device:CPU:0"
    best = runtime.default_device()
    return f"{TASK}/device:{best.platform.upper()}:{best.index}"


def log_placements(operations: Iterable[Operation], logged: set[str]) -> None:
    """Prints where operations run that are not in `logged`, a line each, and puts their names there."""
    for op in operations:
        if op.name not in logged:
            logged.add(op.name)
            sys.stdout.write(f"{op.name}: ({op.type}): {device_of(op)}\n")


__all__ = ["DeviceAttributes", "device_of", "devices", "log_placements"]
