"""`tf.distribute.experimental`: how replicas talk to each other, how variables are cut for parameter servers."""

from __future__ import annotations

from headrace.distribute.communication import (
    CollectiveHints,
    CommunicationImplementation,
    CommunicationOptions,
)
from headrace.distribute.strategy import (
    CentralStorageStrategy,
    MultiWorkerMirroredStrategy,
    ParameterServerStrategy,
    TPUStrategy,
)
from headrace.distribute.values import ValueContext

from . import distribute_experimental_partitioners as partitioners

CollectiveCommunication = CommunicationImplementation
__all__ = [
    "CentralStorageStrategy", "CollectiveCommunication", "CollectiveHints", "CommunicationImplementation",
    "CommunicationOptions", "MultiWorkerMirroredStrategy", "ParameterServerStrategy", "TPUStrategy", "ValueContext",
    "partitioners",
]  # fmt: skip
ROOT: list[str] = []
