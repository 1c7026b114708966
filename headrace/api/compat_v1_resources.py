"""`tf.compat.v1.resource_loader`: files that lie beside the program."""

from __future__ import annotations

import inspect
import os
import sys


def _folder(depth: int) -> str:
    return os.path.dirname(inspect.getfile(sys._getframe(depth + 1)))


def get_data_files_path() -> str:
    """The folder of the file that calls this."""
    return _folder(1)


def get_root_dir_with_all_resources() -> str:
    """The folder of the runfiles that the calling file belongs to, as Bazel lays them out; else the file's own folder."""
    folder = here = _folder(1)
    while os.path.dirname(folder) != folder:
        above = os.path.dirname(folder)
        if ".runfiles" in os.path.basename(above):
            return folder
        folder = above
    return here


def get_path_to_datafile(path: str) -> str:
    """The path of a file that lies beside the calling file, or below its folder."""
    return os.path.join(_folder(1), path)


def load_resource(path: str) -> bytes:
    """The contents of a file of this package.

    Args:
      path: relative to the package's folder.

    Raises:
      OSError: there is no such file.

    >>> import headrace as tf
    >>> len(tf.compat.v1.resource_loader.load_resource("proto/cluster.proto")) > 100
    True
    """
    import headrace

    with open(os.path.join(os.path.dirname(headrace.__file__), path), "rb") as file:
        return file.read()


def readahead_file_path(path: str, readahead: str = "128M") -> str:
    """The path; how much of the file is read ahead is left to the operating system."""
    return path


_NAMES = [
    "get_data_files_path", "get_path_to_datafile", "get_root_dir_with_all_resources", "load_resource",
    "readahead_file_path",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"resource_loader": _NAMES}
__all__ = [*_NAMES]  # noqa: PLE0604 - a list of names
