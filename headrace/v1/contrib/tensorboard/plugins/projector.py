"""The projector of TensorBoard: which variables of a checkpoint are embeddings, and what their rows are."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from headrace.api.io_gfile import GFile, makedirs

T = TypeVar("T")
FILE = "projector_config.pbtxt"


class Several(list, Generic[T]):  # type: ignore[type-arg]
    """A list of messages of one kind."""

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self._kind = kind

    def add(self, **values: Any) -> T:
        """A new message at the end of the list."""
        self.append(self._kind(**values))
        return self[-1]  # type: ignore[no-any-return]


@dataclass
class SpriteMetadata:
    """One picture that holds a small one of each row, side by side."""

    image_path: str = ""
    single_image_dim: list[int] = field(default_factory=list)


@dataclass
class EmbeddingInfo:
    """An embedding: the name of the variable, and files about its rows."""

    tensor_name: str = ""
    metadata_path: str = ""
    bookmarks_path: str = ""
    tensor_shape: list[int] = field(default_factory=list)
    sprite: SpriteMetadata = field(default_factory=SpriteMetadata)
    tensor_path: str = ""


@dataclass
class ProjectorConfig:
    """What the projector shows.

    >>> config = ProjectorConfig()
    >>> config.embeddings.add().tensor_name = "words"
    >>> print(config)
    embeddings {
      tensor_name: "words"
    }
    """

    model_checkpoint_path: str = ""
    embeddings: Any = field(default_factory=lambda: Several(EmbeddingInfo))
    model_checkpoint_dir: str = ""

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(message: Any) -> list[str]:
    out = []
    for f in fields(message):
        value = getattr(message, f.name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, (str, int)):
                out += [f"{f.name}: {json.dumps(one)}"] if one != "" else []
            elif inner := _lines(one):
                out += [f"{f.name} {{", *["  " + line for line in inner], "}"]
    return out


def visualize_embeddings(summary_writer: Any, config: ProjectorConfig) -> None:
    """Writes the configuration to where TensorBoard finds it: the directory of a `tf.summary.FileWriter`, or of that name.

    Raises:
      ValueError: the writer has no directory."""
    logdir = summary_writer if isinstance(summary_writer, (str, os.PathLike)) else summary_writer.get_logdir()
    if not logdir:
        raise ValueError("Summary writer must have a logdir")
    makedirs(os.fspath(logdir))
    with GFile(os.path.join(os.fspath(logdir), FILE), "w") as f:
        f.write(f"{config}\n")


__all__ = ["EmbeddingInfo", "ProjectorConfig", "SpriteMetadata", "visualize_embeddings"]
