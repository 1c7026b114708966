"""Stands in for `tensorflow.python.framework.config`."""

from headrace.api.config import experimental, list_logical_devices, list_physical_devices
from headrace.ops import seeds

__all__ = [
    "disable_op_determinism",
    "enable_op_determinism",
    "is_op_determinism_enabled",
    "list_logical_devices",
    "list_physical_devices",
]

enable_op_determinism = experimental.enable_op_determinism
is_op_determinism_enabled = seeds.required


def disable_op_determinism() -> None:
    """Random ops need no seeds any more."""
    seeds.require(False)
