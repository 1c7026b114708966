"""The message of a SavedModel's folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from headrace.io import files
from headrace.io.text_messages import parse_text, to_text
from headrace.proto.saved_model_pb2 import SavedModel

from .constants import (
    SAVED_MODEL_FILENAME_CPB,
    SAVED_MODEL_FILENAME_PB,
    SAVED_MODEL_FILENAME_PBTXT,
    SAVED_MODEL_SCHEMA_VERSION,
    VARIABLES_DIRECTORY,
    VARIABLES_FILENAME,
)


def contains_saved_model(export_dir: Any) -> bool:
    """Whether a folder holds the file of a SavedModel; what is in the file is not looked at.

    Args:
      export_dir: a path.

    >>> contains_saved_model("/no/such/folder")
    False
    """
    names = (SAVED_MODEL_FILENAME_PBTXT, SAVED_MODEL_FILENAME_PB, SAVED_MODEL_FILENAME_CPB)
    return any(files.exists(files.join(files.path_text(export_dir), name)) for name in names)


def variables_path(export_dir: Any) -> str:
    """What the names of the checkpoint's files begin with."""
    return files.join(files.path_text(export_dir), VARIABLES_DIRECTORY, VARIABLES_FILENAME)


def read_saved_model(export_dir: Any) -> SavedModel:
    """The `SavedModel` of a folder, binary or text.

    Raises:
      OSError: there is none, or the file holds something else.
    """
    from google.protobuf.message import DecodeError

    folder = files.path_text(export_dir)
    message = SavedModel()
    path = files.join(folder, SAVED_MODEL_FILENAME_PB)
    if files.exists(path):
        try:
            message.ParseFromString(files.read_bytes(path))
        except DecodeError as error:
            raise OSError(f"Cannot parse file {path}: {error}.") from None
        return message
    path = files.join(folder, SAVED_MODEL_FILENAME_PBTXT)
    if files.exists(path):
        try:
            return parse_text(files.read_bytes(path), message)
        except ValueError as error:
            raise OSError(f"Cannot parse file {path}: {error}.") from None
    if files.exists(files.join(folder, SAVED_MODEL_FILENAME_CPB)):
        raise OSError(
            f"{files.join(folder, SAVED_MODEL_FILENAME_CPB)}: SavedModels in parts are not supported. Save the model without "
            "experimental_image_format."
        )
    raise OSError(
        f"SavedModel file does not exist at: {folder}{os.path.sep}{{{SAVED_MODEL_FILENAME_PBTXT}|{SAVED_MODEL_FILENAME_PB}}}"
    )


def write_saved_model(export_dir: Any, message: SavedModel, as_text: bool = False) -> str:
    """Writes the message into a folder, which is made if it is not there. Returns the file's path."""
    message.saved_model_schema_version = SAVED_MODEL_SCHEMA_VERSION
    name = SAVED_MODEL_FILENAME_PBTXT if as_text else SAVED_MODEL_FILENAME_PB
    path = files.join(files.path_text(export_dir), name)
    files.write_bytes(path, to_text(message) if as_text else message.SerializeToString(deterministic=True))
    return path


def with_tags(message: SavedModel, tags: Iterable[str]) -> Any:
    """The meta graph with exactly these tags.

    Raises:
      RuntimeError: there is none.
    """
    wanted = {tags} if isinstance(tags, str) else set(tags)
    for meta_graph in message.meta_graphs:
        if set(meta_graph.meta_info_def.tags) == wanted:
            return meta_graph
    there = [sorted(m.meta_info_def.tags) for m in message.meta_graphs]
    raise RuntimeError(
        f"MetaGraphDef associated with tags {sorted(wanted)} could not be found in SavedModel, with available tags {there}. "
        "`headrace saved_model show DIR` lists what a SavedModel holds."
    )


__all__ = ["contains_saved_model", "read_saved_model", "variables_path", "with_tags", "write_saved_model"]
