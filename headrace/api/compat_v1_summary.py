"""`tf.compat.v1.summary`: ops that make serialised summaries, and the writer that takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph, name_scope
from headrace.core.scoping import scoped
from headrace.core.state import executing_eagerly
from headrace.ops import summaries as ops
from headrace.proto.event_pb2 import (
    Event,
    SessionLog,
    Summary,
    SummaryDescription,
    SummaryMetadata,
    TaggedRunMetadata,
)
from headrace.summary.file_writer import FileWriter, FileWriterCache
from headrace.summary.in_graphs import all_v2_summary_ops, initialize

_KEY = "summaries"  # the collection that merge_all merges
__all__ = [
    "Event", "FileWriter", "FileWriterCache", "SessionLog", "Summary", "SummaryDescription", "TaggedRunMetadata",
    "all_v2_summary_ops", "audio", "get_summary_description", "histogram", "image", "initialize", "merge",
    "merge_all", "scalar", "tensor_summary", "text",
]  # fmt: skip
NAMES = {"summary": __all__}


def _clean(name: str) -> str:
    """A name with only the characters that graphs allow."""
    return re.sub(r"[^-/\w.]", "_", name).lstrip("/")


@contextmanager
def tag_and_scope(name: str, family: str | None) -> Iterator[tuple[str, str]]:
    """`(tag, scope)` of a summary: the tag is the name below the scopes in force, below the family if there is one."""
    name = _clean(name)
    family = _clean(family) if family is not None else None
    with name_scope(name if family is None else f"{family}/{name}") as scope:
        tag = scope.rstrip("/")
        yield tag if family is None else f"{family}/{tag}", scope


def _collected(value: Any, collections: Any) -> Any:
    if not executing_eagerly():
        get_default_graph().add_to_collections([_KEY] if collections is None else list(collections), value)
    return value


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Any:
    """A serialised `Summary` of one number.

    Args:
      name: the tag, below the name scopes in force.
      tensor: a scalar of a real type.
      collections: the graph collections to add it to; `[GraphKeys.SUMMARIES]` if None.
      family: a prefix of the tag: what has the same is shown together.
    """
    with tag_and_scope(name, family) as (tag, scope):
        return _collected(ops.SCALAR(tag, tensor, name=scope), collections)


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Any:
    """A serialised `Summary` of how values are distributed. The other arguments are those of `scalar`.

    Raises:
      tf.errors.InvalidArgumentError: a value is NaN or infinite.
    """
    with tag_and_scope(name, family) as (tag, scope):
        return _collected(ops.HISTOGRAM(tag, to_tensor(values), name=scope), collections)


def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None
) -> Any:
    """A serialised `Summary` of images, `[batch, height, width, channels]` of 1, 3 or 4 channels: `uint8`, or floats, which are
    scaled image by image. The other arguments are those of `scalar`."""
    with tag_and_scope(name, family) as (tag, scope):
        return _collected(ops.IMAGE(tag, to_tensor(tensor), max_images=max_outputs, name=scope), collections)


def audio(
    name: str, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None
) -> Any:  # fmt: skip
    """A serialised `Summary` of sound, `[batch, frames, channels]` or `[batch, frames]`, `float32` in [-1, 1]. The other arguments
    are those of `scalar`."""
    with tag_and_scope(name, family) as (tag, scope):
        rate = to_tensor(sample_rate, dtypes.float32)
        return _collected(ops.AUDIO(tag, tensor, rate, max_outputs=max_outputs, name=scope), collections)


def tensor_summary(
    name: str, tensor: Any, summary_description: str | None = None, collections: Any = None,
    summary_metadata: Any = None, family: str | None = None, display_name: str | None = None,
) -> Any:  # fmt: skip
    """A serialised `Summary` of any tensor, with a `SummaryMetadata` message that says which plugin shows it."""
    about = SummaryMetadata()
    if summary_metadata is not None:
        about.MergeFromString(summary_metadata.SerializeToString())
    if display_name is not None:
        about.display_name = display_name
    if summary_description is not None:
        about.summary_description = summary_description
    with tag_and_scope(name, family) as (tag, scope):
        return _collected(ops.TENSOR(tag, tensor, about.SerializeToString(), name=scope), collections)


def text(name: str, tensor: Any, collections: Any = None) -> Any:
    """A serialised `Summary` of text (Markdown).

    Raises:
      ValueError: `tensor` is no string tensor.
    """
    tensor = to_tensor(tensor)
    if tensor.dtype is not dtypes.string:
        raise ValueError(f"Expected tensor {tensor} to have dtype string, got {tensor.dtype}")
    about = SummaryMetadata(plugin_data={"plugin_name": "text"})
    return tensor_summary(name, tensor, collections=collections, summary_metadata=about)


@scoped("Merge", None, again=True)
def _merged(inputs: list[Any], name: str | None) -> Any:
    return ops.MERGE([to_tensor(s, dtypes.string) for s in inputs], name=name)


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Any:
    """One serialised `Summary` of several; their tags must differ.

    Raises:
      RuntimeError: eager code.
    """
    if executing_eagerly():
        raise RuntimeError(
            "Merging tf.summary.* ops is not compatible with eager execution. Use tf.summary.create_file_writer instead."
        )
    inputs = list(inputs)
    if not inputs:
        raise ValueError("merge() needs one summary at least.")
    merged = _merged(inputs, name=name)
    return merged if not collections else _collected(merged, collections)


def merge_all(key: str = _KEY, scope: str | None = None, name: str | None = None) -> Any:
    """One serialised `Summary` of all in a collection of the graph; None if there is none.

    Raises:
      RuntimeError: eager code.
    """
    if executing_eagerly():
        raise RuntimeError(
            "Merging tf.summary.* ops is not compatible with eager execution. Use tf.summary.create_file_writer instead."
        )
    found = get_default_graph().get_collection(key, scope=scope)
    return merge(found, name=name) if found else None


def get_summary_description(node_def: Any) -> SummaryDescription:
    """What a `TensorSummary` node says of itself.

    Raises:
      ValueError: the node is of another type.
    """
    from google.protobuf import json_format

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    return json_format.Parse(node_def.attr["description"].s or b"{}", SummaryDescription())
