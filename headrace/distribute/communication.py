"""How replicas on several devices are to talk to each other: values that a strategy for several machines takes."""

from __future__ import annotations

import enum
from typing import Any


class CommunicationImplementation(enum.Enum):
    """What carries sums between machines: RING and NCCL are TensorFlow's; AUTO leaves it open."""

    AUTO = "AUTO"
    RING = "RING"
    NCCL = "NCCL"


class CommunicationOptions:
    """How values of replicas are brought together.

    Args:
      bytes_per_pack: small values are sent together in packs of about that size; 0 leaves it open.
      timeout_seconds: how long to wait for the others; None waits for ever.
      implementation: a `CommunicationImplementation`, or the name of one.

    Raises:
      ValueError: a size below zero, or an implementation that there is not.

    >>> import headrace as tf
    >>> tf.distribute.experimental.CommunicationOptions(implementation="RING").implementation
    <CommunicationImplementation.RING: 'RING'>
    """

    def __init__(
        self, bytes_per_pack: int = 0, timeout_seconds: float | None = None,
        implementation: Any = CommunicationImplementation.AUTO,
    ) -> None:  # fmt: skip
        if bytes_per_pack < 0:
            raise ValueError(f"Argument `bytes_per_pack` must be >=0, Received {bytes_per_pack}.")
        self.bytes_per_pack, self.timeout_seconds = bytes_per_pack, timeout_seconds
        name = implementation.upper() if isinstance(implementation, str) else implementation
        self.implementation = CommunicationImplementation(name)


class CollectiveHints(CommunicationOptions):
    """The older form of `CommunicationOptions`."""

    def __init__(self, bytes_per_pack: int = 0, timeout_seconds: float | None = None) -> None:
        super().__init__(bytes_per_pack, timeout_seconds)
