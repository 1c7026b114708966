"""`tf.version`: the version of TensorFlow's interface that is implemented here. (Headrace's own is in `headrace._version`.)"""

from headrace._version import INTERFACE

ROOT: list[str] = []
__all__ = [
    "COMPILER_VERSION",
    "GIT_VERSION",
    "GRAPH_DEF_VERSION",
    "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER",
    "VERSION",
]

VERSION = INTERFACE
GIT_VERSION = "headrace"
COMPILER_VERSION = "OpenXLA"
GRAPH_DEF_VERSION = 2474  # the producer number that GraphDefs of this interface carry
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0
