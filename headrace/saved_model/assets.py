"""Files that a model needs: copied into its folder when it is saved, found there again when it is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.state import init_scope
from headrace.core.tensor import SymbolicTensor
from headrace.core.trackable import Trackable
from headrace.graphs.variables import below
from headrace.io import files
from headrace.io.text_messages import unpack
from headrace.proto.meta_graph_pb2 import AssetFileDef
from headrace.session import logs

from .constants import ASSETS_DIRECTORY, ASSETS_KEY


class Asset(Trackable):
    """A file that a model needs. It can stand wherever a string tensor can.

    Args:
      path: a path, or a string tensor that holds one.

    >>> import headrace as tf
    >>> tf.saved_model.Asset("words.txt").asset_path.numpy()
    b'words.txt'
    """

    def __init__(self, path: Any) -> None:
        with init_scope():  # the path as it is now must not become part of a function
            self._path = to_tensor(
                os.fspath(path) if isinstance(path, os.PathLike) else path, dtypes.string, "asset_path"
            )

    @property
    def asset_path(self) -> Any:
        """The path, a string tensor."""
        return self._path

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return to_tensor(self._path, dtype, name)


def path_of(tensor: Any) -> str:
    """The path that a constant of a graph holds.

    Raises:
      TypeError: it is no constant, or not one string.
      ValueError: the path is empty.
    """
    if not isinstance(tensor, SymbolicTensor):
        raise TypeError(f"Asset path tensor {tensor} must be a Tensor of a graph.")
    if tensor.op.type != "Const":
        raise TypeError(
            f"Asset path tensor {tensor} must be of type constant. Has type {tensor.op.type} instead."
        )
    if tensor.dtype != dtypes.string:
        raise TypeError(
            f"Asset path tensor {tensor} must be of dtype string. Has type {tensor.dtype.name} instead."
        )
    value = tensor.op.attrs["value"]
    if value.size != 1:
        raise TypeError(f"Asset path tensor {tensor} must be a scalar.")
    path = value.reshape(-1)[0].decode()
    if not path:
        raise ValueError(f"Asset filepath tensor {tensor} is invalid: it is empty.")
    return path


class Assets:
    """The files of one SavedModel that is being written: names in its folder, and where they come from."""

    def __init__(self, export_dir: str) -> None:
        self._folder = files.join(export_dir, ASSETS_DIRECTORY)
        self._written: set[str] = set()

    def add(self, tensors: Iterable[Any]) -> list[AssetFileDef]:
        """Copies the files that constants of a graph name. A file whose name another file of the same graph has already gets
        a number; one of that name that an earlier graph brought is kept.

        Returns:
          For each constant, which file of the folder it stands for.

        Raises:
          TypeError, ValueError: something else is among them.
        """
        sources: dict[str, str] = {}
        out = []
        for tensor in tensors:
            path = path_of(tensor)
            name = _name(path, sources)
            sources[name] = path
            asset = AssetFileDef(filename=name)
            asset.tensor_info.name = tensor.name
            out.append(asset)
        if out:
            files.make_directories(self._folder)
        for name, path in sources.items():
            target = files.join(self._folder, name)
            if target == path or target in self._written:
                continue
            if not files.exists(path):
                # TensorFlow saves such models, too: graphs may name files that are only made later.
                logs.warning("The asset %s does not exist and is not in the SavedModel.", path)
                continue
            files.copy(path, target, overwrite=True)
            self._written.add(target)
        return out


def _name(path: str, sources: dict[str, str]) -> str:
    """What a file is called in the folder, among the `sources` of the names given so far."""
    name = base = path.rpartition("/")[2]
    i = 1
    while name in sources and sources[name] != path and not _equal(path, sources[base]):
        name = f"{base}_{i}"
        i += 1
    return name


def _equal(a: str, b: str) -> bool:
    return files.exists(a) and files.exists(b) and files.read_bytes(a) == files.read_bytes(b)


def stored_assets(meta_graph: Any) -> Iterator[AssetFileDef]:
    """The files of a meta graph's folder and the tensors that stand for them.

    Raises:
      OSError: the message holds something else in their place.
    """
    if meta_graph.asset_file_def:
        yield from meta_graph.asset_file_def
    elif ASSETS_KEY in meta_graph.collection_def:
        for wrapped in meta_graph.collection_def[ASSETS_KEY].any_list.value:
            try:
                yield unpack(wrapped, AssetFileDef)
            except ValueError as error:
                raise OSError(f"The SavedModel's collection {ASSETS_KEY} is damaged: {error}.") from None


def asset_feeds(export_dir: str, meta_graph: Any, scope: str) -> list[tuple[Any, str]]:
    """The tensors that stand for a SavedModel's files in the default graph, which it was imported into below `scope`; and
    the files' paths.

    Raises:
      OSError: a file's name leads out of the folder.
      KeyError, ValueError: the graph has no such tensor.
    """
    graph = get_default_graph()
    folder = files.join(export_dir, ASSETS_DIRECTORY)
    out = []
    for asset in stored_assets(meta_graph):
        if asset.filename.startswith("/") or ".." in asset.filename.split("/"):
            raise OSError(f"The asset {asset.filename!r} is not inside of the SavedModel.")
        tensor = graph.get_tensor_by_name(below(asset.tensor_info.name, scope))
        out.append((tensor, files.join(folder, asset.filename)))
    return out


__all__ = ["Asset", "Assets", "asset_feeds", "path_of", "stored_assets"]
