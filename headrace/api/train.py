"""`tf.train`: the messages training data is kept in, and the tree of objects that a checkpoint would hold."""

from __future__ import annotations

from headrace.core.trackable import TrackableView
from headrace.proto.example_pb2 import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)

__all__ = [
    "BytesList", "Example", "Feature", "FeatureList", "FeatureLists", "Features", "FloatList", "Int64List",
    "SequenceExample", "TrackableView",
]  # fmt: skip
ROOT: list[str] = []
